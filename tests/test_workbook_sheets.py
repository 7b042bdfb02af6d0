"""The workbook's sheets beside the table: decisions, documents, codebook, method; the format's limits; LibreOffice."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import errno
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import example_run as make
import openpyxl
import pytest

from policy_scan.decisions import PublishedDecision
from policy_scan.difference import compare_runs
from policy_scan.errors import PolicyScanError, UsageError
from policy_scan.records import Coding, Issue
from policy_scan.report import export_run
from policy_scan.report import xlsx_book as limits
from policy_scan.report.common import RunData
from policy_scan.report.xlsx import export_xlsx
from policy_scan.report.xlsx_evidence import decided_of
from policy_scan.stages.cells import compile_cells
from policy_scan.tables import parquet_bytes, to_table, write_atomic
from policy_scan.translation import translations

SHEET_OF_CODEBOOK = 6
SOFFICE = shutil.which("soffice")


def written(run: RunData, path: Path, language: str = "en") -> Any:
    [made] = export_run(run, "xlsx", language, path)
    return openpyxl.load_workbook(made)


def records(sheet: Any) -> list[dict[str, Any]]:
    header = [cell.value for cell in sheet[3]]
    return [dict(zip(header, row, strict=True)) for row in sheet.iter_rows(min_row=4, values_only=True)]


def decision(provision_id: str, verdict: str, reviewer: str = "ada", **changes: Any) -> PublishedDecision:
    row: dict[str, Any] = {
        "decision_id": f"{provision_id}-{reviewer}-{verdict}", "at": "2026-03-01T10:00:00Z", "reviewer": reviewer,
        "role": "coder", "doc_id": "a" * 8, "provision_id": provision_id, "page": 3, "start": 0, "end": 9,
        "text_hash": "", "quotation": "", "before": "", "after": "", "theme": "non_digital_access", "verdict": verdict,
        "force": "", "evidence": "[]", "note": "", "translation": "", "machine_probability": 0.9,
        "machine_assigned": True, "model_version": "1", "replaces": "", "origin": "cell", "live": True,
        "anchor": "exact", "anchor_reason": "", "similarity": 1.0, "anchored_to": provision_id, "outcome": verdict,
    }  # fmt: skip
    return PublishedDecision(**{**row, **changes})


def reviewed_run(folder: Path) -> RunData:
    """The law's provision accepted, translated and found again; the hostile one rejected; the Dutch one disputed."""
    rows = [
        decision("p-law", "yes", translation="The counter takes the request.", note="clear", anchor="reanchored"),
        decision("p-hostile", "no", note="=1+1"),
        decision("p-nl", "yes", outcome="disputed"),
        decision("p-nl", "no", "bo", outcome="disputed"),
        decision("p-ocr", "yes", theme="digital_inclusion", live=False, outcome=""),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / "decisions.parquet", parquet_bytes(to_table(PublishedDecision, rows)))
    sample = make.example()
    codings = [
        dataclasses.replace(one, assigned=False, force="", evidence="[]", method="reviewed")
        if (one.provision_id, one.theme) == ("p-hostile", "non_digital_access") else one
        for one in sample.codings
    ]  # fmt: skip
    return make.run_data(folder, dataclasses.replace(sample, codings=codings))


def test_evidence_tells_what_reviewers_decided_and_keeps_what_they_rejected(tmp_path: Path) -> None:
    book = written(reviewed_run(tmp_path / "out"), tmp_path / "a.xlsx")
    rows = {row["Quotation"]: row for row in records(book["Evidence"]) if row["Theme"] == "Non-digital alternative"}
    accepted = rows["Le guichet"]
    assert accepted["Decision"] == "accepted, on a text found again"
    assert (accepted["Reviewer"], accepted["Reviewer's translation"]) == ("ada", "The counter takes the request.")
    assert accepted["Reviewer's note"] == "ada: clear"
    [rejected] = [row for quoted, row in rows.items() if "HYPERLINK" in quoted]
    assert (rejected["Decision"], rejected["Counts as"], rejected["Gives"]) == ("rejected", "rejected", None)
    [disputed] = [row for row in rows.values() if row["Decision"] == "disputed"]
    assert disputed["Reviewer"] == "ada, bo"
    assert [row["Decision"] for row in records(book["Evidence"]) if row["Theme"].startswith("Digital incl")] == [None]
    method = {row[0]: row[1] for row in book["Method"].iter_rows(values_only=True)}
    assert method["Decision"] == "accepted: 1; rejected: 1; disputed: 2"
    assert method["Reviewer"] == "ada: 3; bo: 1"


def test_a_decision_on_the_whole_provision_is_told_where_its_theme_has_none() -> None:
    found = decided_of([decision("p", "no", theme=""), decision("p", "skip", "bo", theme="", translation="whole")])
    assert found["p", ""].outcome == "no"
    assert (found["p", ""].reviewers, found["p", ""].translation) == (("ada",), "whole")


def test_dates_are_dates_where_they_are_complete(tmp_path: Path) -> None:
    sample = make.example()
    sample.documents[0] = dataclasses.replace(sample.documents[0], date="1830-07-21")
    sample.documents[1] = dataclasses.replace(sample.documents[1], date="2024-02-29")
    book = written(make.run_data(tmp_path / "out", sample), tmp_path / "a.xlsx")
    dates = [row["Date"] for row in records(book["Documents"])]
    assert dates == ["21 July 1830", datetime.datetime(2024, 2, 29), dates[2], dates[3], "March 2021"]
    assert dates[2] == datetime.datetime(2019, 5, 28)
    assert datetime.datetime(2024, 2, 29) in [row["Date"] for row in records(book["Evidence"])]


def test_what_was_searched_is_counted_by_country_type_language_and_year(tmp_path: Path) -> None:
    sheet = written(make.run_data(tmp_path / "out"), tmp_path / "a.xlsx")["Searched"]
    rows = [row for row in sheet.iter_rows(min_row=3, values_only=True) if row[0]]
    assert rows[0] == ("Reading", "France", "Belgium", "Greece", "All")
    counts = {row[0]: row[1:] for row in rows}
    assert counts["read"] == (1, 1, 0, 2)
    assert counts["could not be read"] == (0, 0, 1, 1)
    assert counts["excluded"] == (1, 0, 0, 1)
    assert counts["law"] == (1, 0, 0, 1)
    assert counts["action plan"] == (0, 1, 0, 1)
    assert counts["2024"] == (0, 1, 0, 1)
    heads = [row[0] for row in rows if row[1] == "France"]
    assert [head.partition(",")[2].strip() for head in heads[1:]] == [
        "by type", "by legal status", "by language (one with several counts in each)", "by language", "by year",
    ]  # fmt: skip
    languages = [row for row in rows if row[0] == "French"]
    assert languages == [("French", 2, 0, 0, 2), ("French", 3, 0, 0, 3)]


def test_a_table_as_of_a_day_counts_later_documents_apart(tmp_path: Path) -> None:
    run = dataclasses.replace(make.run_data(tmp_path / "out"), config=make.config(as_of="2022-01-01"))
    cells = compile_cells(run.documents, run.provisions, run.codings, run.issues, run.config, run.codebook, {})
    book = written(dataclasses.replace(run, cells=tuple(cells)), tmp_path / "a.xlsx")
    rows = [row for row in book["Searched"].iter_rows(min_row=3, values_only=True) if row[0]]
    counts = {row[0]: row[1:] for row in rows}
    assert counts["later than the table's date"] == (0, 1, 0, 1)
    assert "action plan" not in counts and "Dutch" not in counts
    assert "as of 1 January 2022" in book["State of play"]["A2"].value
    assert "later than the table's date" in [row["Counts as"] for row in records(book["Evidence"])]


def test_what_was_left_out_and_what_went_wrong_stand_in_one_list(tmp_path: Path) -> None:
    sample = make.example()
    whole = Issue(None, None, "documents", "folder", "warning", "A folder is no country.", "rename it.")
    sample.issues.append(whole)
    rows = records(written(make.run_data(tmp_path / "out", sample), tmp_path / "a.xlsx")["What went wrong"])
    assert [row["Severity"] for row in rows] == ["left out", "warning", "error", "error"]
    assert rows[0]["What happened"] == "Left out: superseded draft"
    assert (rows[1]["Document"], rows[1]["What to do next"]) == ("the corpus as a whole", "rename it.")
    assert [row["Page"] for row in rows] == [None, None, None, "2"]


def test_the_codebook_counts_what_was_coded(tmp_path: Path) -> None:
    book = written(make.run_data(tmp_path / "out"), tmp_path / "a.xlsx", "fr")
    sheet = book.worksheets[SHEET_OF_CODEBOOK]
    rows = {row[0]: row for row in sheet.iter_rows(min_row=4, values_only=True)}
    assert rows["non_digital_access"][1] == "Accès non numérique garanti (Non-digital alternative)"
    assert rows["non_digital_access"][4:8] == (3, 2, 2, 0)
    assert rows["commitment"][4] == 1
    assert rows["not_found"][4] == sum(cell.status == "not_found" for cell in make.cells())


def test_the_method_tells_the_figures_of_the_model_that_coded_the_run_only(tmp_path: Path) -> None:
    sample = make.example()
    lines = {
        row[0]: row[1] for row in written(make.run_data(tmp_path / "o", sample), tmp_path / "a.xlsx")["Method"].values
    }
    assert lines["Figures of the model"].startswith("Not known for this model")
    assert "machine-assisted coders" in lines["Coder agreement"]
    sample.codings[:] = [dataclasses.replace(one, model_version="linear-3.a6d42628+1") for one in sample.codings]
    lines = {
        row[0]: row[1] for row in written(make.run_data(tmp_path / "o", sample), tmp_path / "b.xlsx")["Method"].values
    }
    assert "micro-F1" in lines["Model card: Figures"]
    assert "coded passages; assigned from" in lines["Digital service delivery"]
    assert lines["policy_scan"] == "0.1.0"


def test_the_method_tells_of_each_country_what_holds_for_every_theme(tmp_path: Path) -> None:
    run = make.run_data(tmp_path / "o")
    first = [dataclasses.replace(cell, n_provisions=0, n_to_check=3) for cell in run.cells[: len(run.all_columns)]]
    run = dataclasses.replace(run, cells=(*first, *run.cells[len(first) :]))
    method = {row[0]: row[1] for row in written(run, tmp_path / "a.xlsx")["Method"].values}
    assert method["France"].startswith("searched: ")
    assert "to check" not in method["France"]


def test_parts_of_a_country_stand_under_its_name(tmp_path: Path) -> None:
    run = make.run_data(tmp_path / "out")
    config = make.config(levels=["BE"])
    cells = compile_cells(run.documents, run.provisions, run.codings, run.issues, config, run.codebook, {})
    run = dataclasses.replace(run, cells=tuple(cells), columns=("FR", "BE", "BE-VLG", "GR"))
    sheet = written(run, tmp_path / "a.xlsx")["State of play"]
    assert [str(merged) for merged in sheet.merged_cells.ranges if merged.min_row == 4] == ["D4:G4"]
    assert sheet["D4"].value == "Belgium"
    assert [sheet.cell(5, n).value.split(" (")[0] for n in (2, 4, 8)] == ["France", "Belgium, all levels", "Greece"]
    assert "BE-VLG" in sheet["F5"].value
    [row] = [n for n in range(6, 22) if sheet.cell(n, 1).value == "Non-digital alternative"]
    assert sheet.cell(row, 4).value == sheet.cell(row, 6).value


def test_one_run_always_gives_the_same_bytes(tmp_path: Path) -> None:
    run = dataclasses.replace(make.run_data(tmp_path), details={"ended": "2026-03-01T10:00:00Z"})
    [one], [two] = (export_run(run, "xlsx", path=tmp_path / name) for name in ("a.xlsx", "b.xlsx"))
    assert one.read_bytes() == two.read_bytes()


def test_what_the_format_cannot_hold_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_ROWS", 5)
    monkeypatch.setattr(limits, "MAX_LINKS", 3)
    monkeypatch.setattr(limits, "MAX_CELL", 40)
    book = written(make.run_data(tmp_path / "out"), tmp_path / "a.xlsx")
    sheet = book["Evidence"]
    assert sheet.max_row == 5
    assert sum(bool(cell.hyperlink) for row in sheet.iter_rows() for cell in row) == 3
    note = sheet["A2"].value
    assert "Rows beyond what a sheet holds: 3." in note
    assert "A sheet holds 3 links; left out, in the last rows: 1." in note
    assert "cut where '[cut]' stands" in note
    locations = [c.hyperlink.location for row in book["State of play"].iter_rows() for c in row if c.hyperlink]
    assert all(int(place.rpartition("A")[2]) <= 5 for place in locations)


def test_links_keep_the_names_of_files(tmp_path: Path) -> None:
    sample = make.example()
    names = ["FR/a%20b é.pdf", "FR/c d & é.pdf"]
    for at, name in zip((0, 4), names, strict=True):
        sample.documents[at] = dataclasses.replace(sample.documents[at], path=name)
    book = written(make.run_data(tmp_path / "out", sample), tmp_path / "out" / "a.xlsx")
    targets = {cell.hyperlink.target for row in book["Evidence"].iter_rows() for cell in row if cell.hyperlink}
    assert {unquote(target) for target in targets if target} >= {f"../corpus/{name}" for name in names}


def test_names_of_sheets_keep_to_the_format(tmp_path: Path) -> None:
    import xlsxwriter

    workbook = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    run = make.run_data(tmp_path)
    book = limits.Book(workbook, run, "en", tmp_path, {}, translations("en"), limits.make_formats(workbook))
    names = [book.add(key, name, "t").name for key, name in (("a", "'x/y' " * 9), ("b", "'X?Y' " * 9), ("c", "d'e"))]
    book.sheets["a"].link(3, 0, book.sheets["c"], "A1", "there", "tip")
    workbook.close()
    assert all(len(name) <= 31 and not set(name) & set("[]:*?/\\") and name.strip("'") == name for name in names)
    assert names[0].casefold() != names[1].casefold()
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets[0]
    assert sheet["A4"].hyperlink.location == "'d''e'!A1"


@pytest.mark.skipif(SOFFICE is None, reason="LibreOffice (soffice) isn't installed")
def test_libreoffice_evaluates_nothing(tmp_path: Path) -> None:
    sample = make.example()
    for at, text in enumerate(("=1+1", "+1+1", "@SUM(1;2)", "-2+3", '=HYPERLINK("http://x.invalid","y")')):
        number = f"{at}" * 8
        law = make.document(number, title=text, issuer=text, licence=text, url=text, path=f"FR/{number}.pdf")
        sample.documents.append(law)
        provision = make.provision(f"p{at}", law, text, act_title=text, label_path=(text,), heading_path=(text,))
        sample.provisions.append(provision)
        sample.codings.append(make.coding(provision.provision_id, evidence=f"[[0, {len(text)}]]"))
        sample.issues.append(Issue(law.doc_id, 1, "pages", "x", "warning", text, text))
    [path] = export_run(make.run_data(tmp_path / "out", sample), "xlsx", path=tmp_path / "book.xlsx")
    options = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
    home = f"-env:UserInstallation={(tmp_path / 'office').as_uri()}"
    command = [str(SOFFICE), home, "--headless", "--convert-to", options, "--outdir", str(tmp_path), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=200, env={**os.environ, "HOME": str(tmp_path)})
    sheets = {}
    for file in tmp_path.glob("book-*.csv"):
        sheets[file.stem.partition("-")[2]] = list(csv.reader(file.read_text(encoding="utf-8").splitlines()))
    assert len(sheets) == 8
    shown = [value for rows in sheets.values() for row in rows for value in row]
    for text in ("=1+1", "+1+1", "@SUM(1;2)", "-2+3", '=HYPERLINK("http://x.invalid","y")'):
        assert shown.count(text) >= 5, text
    assert not {"#NAME?", "#VALUE!", "Err:508", "Err:509", "y"} & set(shown)


def test_the_evidence_of_a_coding_by_the_reviewers_alone_is_theirs(tmp_path: Path) -> None:
    sample = make.example()
    added: Coding = make.coding("p-ocr", "openness", force="right", evidence="[[0, 8]]", method="reviewed")
    sample.codings[-1] = added
    rows = records(written(make.run_data(tmp_path / "o", sample), tmp_path / "a.xlsx")["Evidence"])
    assert [row["Coded by"] for row in rows if row["Quotation"] == "Un tiers"] == ["model and reviewers"]


def test_changes_since_an_earlier_run_stand_in_a_sheet_of_their_own(tmp_path: Path) -> None:
    sample = make.example()
    before = make.run_data(tmp_path / "before", sample)
    sample.codings[0] = dataclasses.replace(sample.codings[0], assigned=False, force="", evidence="[]")
    sample.codings[2] = dataclasses.replace(sample.codings[2], force="statement")
    sample.documents[1] = dataclasses.replace(sample.documents[1], title="=1+1")
    run = make.run_data(tmp_path / "after", sample)
    comparison = compare_runs(before, run)
    [path] = export_xlsx(run, "en", tmp_path / "a.xlsx", comparison)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[3] == "Changes"
    sheet = book["Changes"]
    assert f"{len(comparison.cells)} of {comparison.n_cells} cells changed" in sheet["A2"].value
    causes = [(cell, cause) for cell in comparison.cells for cause in cell.causes]
    rows = records(sheet)[: len(causes)]
    assert causes and all(row["Because of"] and row["What changed"] for row in rows)
    for (cell, _), row in zip(causes, rows, strict=True):
        assert row["Theme"] == run.codebook.themes[cell.theme].label("en")
        table = book["State of play"]
        place = row["↑ table"].removeprefix("↑ ")
        assert table.cell(table[place].row, 1).value == row["Theme"]
    below = [cell for row in sheet.iter_rows(min_row=4 + len(rows)) for cell in row if cell.value]
    [title] = [cell for cell in below if cell.value == "=1+1"]
    assert title.data_type == "s" and title.quotePrefix
    assert "Changes" not in written(run, tmp_path / "b.xlsx").sheetnames


def test_runs_that_are_the_same_are_told_so(tmp_path: Path) -> None:
    run = make.run_data(tmp_path / "out")
    [path] = export_run(run, "xlsx", "en", tmp_path / "a.xlsx", against=run)
    assert "Nothing changed" in openpyxl.load_workbook(path)["Changes"]["A2"].value
    with pytest.raises(UsageError, match="Only the workbook"):
        export_run(run, "csv", against=run)


def test_a_full_disk_while_a_workbook_is_put_together_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import xlsxwriter.packager

    def full(*given: object, **named: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(xlsxwriter.packager.tempfile, "mkstemp", full)
    with pytest.raises(PolicyScanError, match=r"a\.xlsx can't be written \(No space left on device\)") as told:
        export_run(make.run_data(tmp_path / "out"), "xlsx", path=tmp_path / "a.xlsx")
    assert told.value.next_step.startswith("make room")
    assert not (tmp_path / "a.xlsx").exists()
