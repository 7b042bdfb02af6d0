"""Decisions made after a run, back in its table: cells, reports and the next run, the published tables untouched."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path
from typing import Any

import example_run as make
import pytest
from published_run import decision as published
from published_run import publish

from policy_scan.amendments import amend_documents, amend_sources, problem_of
from policy_scan.classifier.reviewed import read_reviewed
from policy_scan.decisions import PublishedDecision, write_decisions
from policy_scan.errors import NothingToDoError, PolicyScanError
from policy_scan.records import Cell, Decision, Issue, Provision, Source
from policy_scan.report import FORMATS, RunData, export_run
from policy_scan.report.common import review_words
from policy_scan.report.words import words
from policy_scan.review.store import DocumentEdit
from policy_scan.reviewing import load_reviewed
from policy_scan.tables import read_records

THEME = "non_digital_access"
_NAMES = [field.name for field in dataclasses.fields(Decision)]


@pytest.fixture
def run(tmp_path: Path) -> RunData:
    return publish(tmp_path / "out", make.example())


def _decision(run: RunData, provision_id: str, number: int = 1, **changes: Any) -> Decision:
    provision = next(one for one in run.provisions if one.provision_id == provision_id)
    page, start, end = provision.spans[0]
    made = published(
        provision, **{"decision_id": f"d{number}", "theme": THEME, "page": page, "start": start, "end": end, **changes}
    )
    return Decision(**{name: getattr(made, name) for name in _NAMES})


def _edit(run: RunData, field: str, value: str, number: int = 1, document: int = 0, **changes: Any) -> DocumentEdit:
    doc = run.documents[document]
    previous = changes.pop("previous", "" if field == "include" else getattr(doc, field))
    return DocumentEdit(
        f"e{number}", f"2026-03-01T10:00:{number:02}+00:00", "ada", doc.doc_id, field, value, previous,
        changes.pop("reason", "as printed"),
    )  # fmt: skip


def _cell(run: RunData, column: str = "FR", theme: str = THEME) -> Cell:
    return next(cell for cell in run.cells if (cell.theme, cell.jurisdiction) == (theme, column))


def _bytes(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def test_a_rejected_provision_supports_nothing_and_the_published_tables_stay(run: RunData) -> None:
    before = _bytes(run.directory)
    assert set(_cell(run).evidence) == {"p-law", "p-hostile"} and _cell(run).status == "binding"
    rows = [_decision(run, "p-law", verdict="no")]
    with load_reviewed(run.directory, rows) as reviewed:
        cell = _cell(reviewed)
        assert cell.evidence == ("p-hostile",) and (cell.review_state, cell.n_reviewed) == ("part", 0)
        assert _cell(reviewed, "BE") == _cell(run, "BE")
    rows.append(_decision(run, "p-hostile", 2, theme="", verdict="no"))
    with load_reviewed(run.directory, rows) as reviewed:
        cell = _cell(reviewed)
        assert (cell.status, cell.evidence, cell.to_check) == ("not_found", (), ())
        assert not [
            one for one in reviewed.codings if one.theme == THEME and one.assigned and one.provision_id != "p-nl"
        ]
    assert _bytes(run.directory) == before


def test_a_single_coders_word_counts_two_that_differ_dispute_and_adjudication_settles(run: RunData) -> None:
    yes, no = _decision(run, "p-law"), _decision(run, "p-law", 2, reviewer="coder-two", verdict="no")
    judged = _decision(run, "p-law", 3, reviewer="eve", role="adjudicator", verdict="no", note="§ 2 says so")
    for rows, state, evidence in (
        ([yes], "part", True), ([yes, no], "disputed", True), ([yes, no, judged], "part", False),
    ):  # fmt: skip
        with load_reviewed(run.directory, rows) as reviewed:
            cell = _cell(reviewed)
            assert (cell.review_state, "p-law" in cell.evidence) == (state, evidence)
            assert cell.n_reviewed == (state == "part" and evidence)
            assert review_words(cell, "en") == (
                "1 of 2 reviewed" if cell.n_reviewed else words("en")[f"review_{state}"]
            )
            assert len(read_records(reviewed.directory, "decisions", PublishedDecision)) == len(rows)


def test_every_format_follows_decisions_made_after_the_run(run: RunData, tmp_path: Path) -> None:
    added = _decision(run, "p-ocr", theme="openness", force="right", translation="Everybody may use paper.")
    with load_reviewed(run.directory, [added]) as reviewed:
        assert _cell(run, theme="openness").status == "not_found"
        assert _cell(reviewed, theme="openness").status == "described"
        for kind in FORMATS:
            if kind in ("pdf", "figures"):
                continue  # they take seconds, and read the same tables
            assert export_run(reviewed, kind, "en", tmp_path / f"table-{kind}{'' if kind == 'figures' else '.x'}")
    with (tmp_path / "table-csv.x").open(encoding="utf-8-sig", newline="") as stream:
        statuses = {line["theme"]: line["FR_status"] for line in csv.DictReader(stream)}
    assert statuses["openness"] == "described"
    assert "reviewed" in (tmp_path / "table-html.x").read_text(encoding="utf-8")


def test_a_run_that_follows_them_already_is_read_where_it_is(run: RunData) -> None:
    with load_reviewed(run.directory, []) as reviewed:
        assert reviewed.directory == run.directory
    with load_reviewed(run.directory, [_decision(run, "p-law")]) as reviewed:
        assert reviewed.directory != run.directory
        folder = reviewed.directory
    assert not folder.exists()


def test_a_decision_whose_text_changed_is_stale_told_and_not_applied(run: RunData) -> None:
    lost = dataclasses.replace(
        _decision(run, "p-law", verdict="no"),
        provision_id="p-old", quotation="Un tout autre texte, long d'une ligne.", text_hash="0" * 64,
    )  # fmt: skip
    with load_reviewed(run.directory, [lost]) as reviewed:
        assert "p-law" in _cell(reviewed).evidence
        [row] = read_records(reviewed.directory, "decisions", PublishedDecision)
        assert (row.live, row.anchor) == (True, "stale")
        assert [one.category for one in reviewed.issues if one.stage == "decisions"] == ["stale_decision"]


def test_an_amended_type_and_status_change_the_cell_and_are_told(run: RunData) -> None:
    edits = [_edit(run, "doc_type", "report"), _edit(run, "title", "Rapport", 2)]
    with load_reviewed(run.directory, [], edits) as reviewed:
        assert _cell(reviewed).status == "described"
        document = reviewed.documents[0]
        assert (document.title, document.doc_type, document.binding) == ("Rapport", "report", False)
        told = [one for one in reviewed.issues if one.stage == "review"]
        assert len(told) == 2 and all("ada" in one.message and "as printed" in one.message for one in told)
        assert "Loi sur les guichets" in told[1].message
    with load_reviewed(run.directory, [], [_edit(run, "legal_status", "repealed")]) as reviewed:
        assert _cell(reviewed).status == "described"


def test_an_excluded_document_leaves_every_table_with_its_reason(run: RunData) -> None:
    excluded = _edit(run, "include", "no", reason="superseded")
    with load_reviewed(run.directory, [_decision(run, "p-law")], [excluded]) as reviewed:
        assert (reviewed.documents[0].status, reviewed.documents[0].exclude_reason) == ("excluded", "superseded")
        assert not [one for one in reviewed.provisions if one.doc_id == run.documents[0].doc_id]
        assert _cell(reviewed).evidence == () and _cell(reviewed).status == "not_found"
        assert [one.category for one in reviewed.issues if one.stage == "decisions"] == ["stale_decision"]
    assert len(read_records(run.directory, "provisions", Provision)) == len(run.provisions)


def test_the_latest_amendment_counts_an_empty_one_takes_it_back_and_an_unusable_one_is_told(run: RunData) -> None:
    first, second = _edit(run, "date", "2020"), _edit(run, "date", "2021-05", 2, previous="2020")
    back = _edit(run, "date", "", 3, previous="2021-05")
    assert amend_documents(run.documents, [second, first])[0][0].date == "2021-05"
    documents, told = amend_documents(run.documents, [first, second, back])
    assert (documents[0].date, told) == (run.documents[0].date, [])
    documents, told = amend_documents(run.documents, [_edit(run, "date", "last spring")])
    assert documents[0].date == run.documents[0].date
    assert [one.severity for one in told] == ["warning"]
    assert problem_of("path", "x") and problem_of("doc_type", "novel") and not problem_of("doc_type", "law")


def test_the_next_run_reads_documents_as_amended(run: RunData) -> None:
    document, left_out = run.documents[0], run.documents[3]
    sources = [
        Source(one.doc_id, one.path, (), one.jurisdiction, one.jurisdictions, include=one.status != "excluded")
        for one in run.documents
    ]
    excluded = Issue(left_out.doc_id, None, "documents", "excluded", "info", "It is excluded by the manifest.", "")
    edits = [
        _edit(run, "title", "Nouveau titre"), _edit(run, "doc_type", "decree", 2),
        _edit(run, "include", "yes", 3, document=3), _edit(run, "include", "no", 4, document=1),
    ]  # fmt: skip
    amended, issues = amend_sources(sources, [excluded], edits)
    assert (amended[0].doc_id, amended[0].title, amended[0].doc_type) == (document.doc_id, "Nouveau titre", "decree")
    assert [one.include for one in amended] == [True, False, True, True, True]
    assert amended[1].exclude_reason == "as printed" and excluded not in issues and len(issues) == 4
    assert amend_sources(sources, [excluded], []) == (sources, [excluded])


def test_training_reads_decisions_as_it_reads_their_file(run: RunData, tmp_path: Path) -> None:
    rows = [_decision(run, "p-hostile"), _decision(run, "p-ocr", 2, theme="digital_inclusion", verdict="no")]
    write_decisions(tmp_path / "d.jsonl", rows)
    found = read_reviewed(run.directory, rows, run.themes)
    assert [one.id for one in found.passages] == ["p-hostile", "p-ocr"]
    assert found == read_reviewed(run.directory, tmp_path / "d.jsonl", run.themes)


def test_a_run_written_anew_meanwhile_and_a_missing_one_are_told(run: RunData, monkeypatch: Any) -> None:
    from policy_scan import reviewing

    def meanwhile(*given: Any) -> None:
        (run.directory / "run.json").write_text(json.dumps({"ended": "later"}), encoding="utf-8")

    monkeypatch.setattr(reviewing, "_write", meanwhile)
    with pytest.raises(PolicyScanError, match="written anew"), load_reviewed(run.directory, [_decision(run, "p-law")]):
        pass
    with pytest.raises(NothingToDoError, match="no finished run"), load_reviewed(run.directory / "x", []):
        pass
