"""CSL-JSON and BibTeX: each document and act once, fields as the standards say, text that stays text."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import bibtexparser
import example_run as make
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_scan.report import export_run
from policy_scan.report.bibliography import csl_items, list_entries, tex
from policy_scan.report.common import printable

# CSL 1.0.2, 'CSL-JSON': the types and variables used here and the form of their values.
TYPES = {"legislation", "bill", "report", "webpage", "document"}
TEXTS = {
    "id", "type", "title", "authority", "publisher", "container-title", "number", "page", "genre", "jurisdiction",
    "language", "URL", "note",
}  # fmt: skip


def gazette_run(tmp_path: Path) -> Any:
    sample = make.example()
    issue = make.document(
        "f" * 64, doc_type="gazette", title="Gazette fictive n° 7", date="2026-01-09", language="fr;nl"
    )
    acts = [
        ("p-a1", 1, "Loi n° 12/2025 sur les guichets", "law", "2025-12-30", "fr"),
        ("p-a1b", 1, "Loi n° 12/2025 sur les guichets", "law", "2025-12-30", "fr"),
        ("p-a2", 2, "Besluit over de loketten", "decree", "", "nl"),
        ("p-a3", 3, "", "other", "", "und"),
    ]
    for number, (name, ordinal, title, kind, date, language) in enumerate(acts):
        sample.provisions.append(
            make.provision(name, issue, act_ordinal=ordinal, act_title=title, act_type=kind, act_date=date,
                           language=language, page_first=number + 1, page_last=number + 2)
        )  # fmt: skip
    sample.documents.append(issue)
    return make.run_data(tmp_path / "out", sample)


def read_bibtex(path: Path) -> Any:
    library = bibtexparser.parse_file(str(path), encoding="utf-8")
    assert not library.failed_blocks
    return library


def test_csl_items_have_the_fields_and_forms_of_the_standard(tmp_path: Path) -> None:
    [path] = export_run(gazette_run(tmp_path), "csl", path=tmp_path / "a.csl.json")
    items = json.loads(path.read_text(encoding="utf-8"))
    assert len(items) == 5 + 3
    for item in items:
        assert item["type"] in TYPES
        assert {"id", "title", "note"} <= set(item)
        for name, value in item.items():
            if name == "author":
                assert [set(author) for author in value] == [{"literal"}]
            elif name == "issued":
                [parts] = value["date-parts"]
                assert 1 <= len(parts) <= 3
                assert all(type(part) is int for part in parts)
            else:
                assert name in TEXTS
                assert type(value) is str
                assert value


def test_each_document_and_each_act_of_a_gazette_has_an_entry(tmp_path: Path) -> None:
    run = gazette_run(tmp_path)
    entries = [(one.key, one.csl_type, one.date, one.language, one.number, one.pages) for one in list_entries(run)]
    assert entries == [
        ("fr-aaaaaaaa", "legislation", "2019-05-28", "fr", "", ""),
        ("be-vlg-bbbbbbbb", "report", "2024", "nl", "", ""),
        ("gr-cccccccc", "legislation", "2019-05-28", "fr", "", ""),
        ("fr-dddddddd", "legislation", "2019-05-28", "fr", "", ""),
        ("fr-eeeeeeee", "report", "2021-03", "fr", "", ""),
        ("fr-ffffffffff", "document", "2026-01-09", "fr", "", ""),
        ("fr-ffffffffff-a1", "legislation", "2025-12-30", "fr", "12/2025", "1-3"),
        ("fr-ffffffffff-a2", "legislation", "2026-01-09", "nl", "", "3-4"),
    ]
    items = {item["id"]: item for item in csl_items(run, "en")}
    assert items["fr-ffffffffff-a2"]["container-title"] == "Gazette fictive n° 7"
    assert items["fr-ffffffffff-a2"]["issued"] == {"date-parts": [[2026, 1, 9]]}
    assert items["be-vlg-bbbbbbbb"]["issued"] == {"date-parts": [[2024]]}
    assert items["be-vlg-bbbbbbbb"]["genre"] == "action plan"
    assert items["fr-aaaaaaaa"]["authority"] == "Office fictif"
    assert items["be-vlg-bbbbbbbb"]["publisher"] == "Office fictif"
    assert "File: FR/dddddddd.pdf" in str(items["fr-dddddddd"]["note"])
    assert "superseded draft" in str(items["fr-dddddddd"]["note"])


def test_a_bill_is_no_legislation_and_only_the_acts_own_number_is_told() -> None:
    sample = make.example()
    law = sample.documents[0]
    changes: list[dict[str, str]] = [
        {"legal_status": "proposed"},
        {"title": "Legea nr. 31/2024 privind ghișeele"},
        {"title": "Π.Δ. 7/2024 για τις θυρίδες"},
        {"title": "Règlement (UE) 2024/77 relatif aux guichets"},
        {"title": "Loi modifiant la loi nr. 31/2024"},
        {"date": "about 2019"},
    ]
    sample.documents[:] = [
        dataclasses.replace(law, doc_id=f"{number}" * 64, **change) for number, change in enumerate(changes)
    ]
    sample.provisions.clear()
    sample.codings.clear()
    entries = list_entries(make.run_data(Path("out"), sample))
    assert entries[0].csl_type == "bill"
    assert [entry.number for entry in entries] == ["", "31/2024", "7/2024", "2024/77", "", ""]
    assert entries[5].date == ""


def test_keys_are_ascii_unique_and_know_neither_title_nor_date() -> None:
    sample = make.example()
    twins = [make.document("0123456789ab" + tail * 52, "BE-FWB") for tail in "cd"]
    sample.documents.extend(twins)
    before = [one.key for one in list_entries(make.run_data(Path("out"), sample))]
    assert len(set(before)) == len(before)
    assert all(re.fullmatch(r"[a-z0-9-]+", key) for key in before)
    sample.documents[:] = [dataclasses.replace(one, title="Autre titre", date="1999") for one in sample.documents]
    assert [one.key for one in list_entries(make.run_data(Path("out"), sample))] == before


def test_bibtex_is_read_back_by_another_program(tmp_path: Path) -> None:
    run = gazette_run(tmp_path)
    [path] = export_run(run, "bibtex", path=tmp_path / "a.bib")
    library = read_bibtex(path)
    entries = {entry.key: {field.key: field.value for field in entry.fields} for entry in library.entries}
    assert list(entries) == [item["id"] for item in csl_items(run, "en")]
    act = entries["fr-ffffffffff-a1"]
    assert act["title"] == "{Loi n° 12/2025 sur les guichets}"
    assert (act["year"], act["month"], act["date"], act["pages"]) == ("2025", "12", "2025-12-30", "1--3")
    assert entries["gr-cccccccc"]["title"] == "{φύλλο}"
    assert entries["be-vlg-bbbbbbbb"]["file"] == ":corpus/BE-VLG/bbbbbbbb.pdf:application/pdf"
    assert {entry.key: entry.entry_type for entry in library.entries}["be-vlg-bbbbbbbb"] == "techreport"


@pytest.mark.parametrize("kind", ["csl", "bibtex"])
def test_the_same_run_gives_the_same_bytes(tmp_path: Path, kind: str) -> None:
    run = gazette_run(tmp_path)
    first = export_run(run, kind, "fr", tmp_path / "a.x")[0].read_bytes()
    assert export_run(run, kind, "fr", tmp_path / "a.x")[0].read_bytes() == first


def test_hostile_text_stays_one_field_of_text(tmp_path: Path) -> None:
    title = make.HOSTILE + "}, author={Nobody} @misc{x, \\input{/etc/passwd} $^%# ~_ {"
    url = "https://example.invalid/a b{}\\<script>?q=é%20"
    sample = make.example()
    sample.documents[0] = dataclasses.replace(sample.documents[0], title=title, issuer=title, url=url)
    sample.documents[1] = dataclasses.replace(sample.documents[1], url="javascript:alert(1)", path="BE/a{b:;.pdf")
    run = make.run_data(tmp_path / "out", sample)
    [path] = export_run(run, "bibtex", path=tmp_path / "a.bib")
    library = read_bibtex(path)
    assert [entry.key for entry in library.entries][:2] == ["fr-aaaaaaaa", "be-vlg-bbbbbbbb"]
    fields = {field.key: field.value for field in library.entries[0].fields}
    assert r"\textbackslash{}input\textbraceleft{}/etc/passwd\textbraceright{}" in fields["title"]
    assert not re.search(r"[\x00-\x08\x1b\u202e\ufffe]", path.read_text(encoding="utf-8"))
    assert not re.search(r"[\s{}\\<]", fields["url"])
    other = {field.key: field.value for field in library.entries[1].fields}
    assert not {"url", "file"} & set(other)
    [path] = export_run(run, "csl", path=tmp_path / "a.json")
    raw = path.read_text(encoding="utf-8")
    assert "<" not in raw
    items = json.loads(raw)
    assert items[0]["title"] == " ".join(printable(title).split())
    assert "URL" not in items[1]


@given(st.text())
def test_bibtex_values_keep_their_braces_in_balance(text: str) -> None:
    value = tex(text)
    depth = 0
    for character in value:
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0
    assert not re.search(r"(?<!\\)[$&%#_^~]", value)


def test_notes_speak_the_language_of_the_report(tmp_path: Path) -> None:
    assert {str(item["genre"]) for item in csl_items(gazette_run(tmp_path), "fr")} >= {"loi", "rapport"}
