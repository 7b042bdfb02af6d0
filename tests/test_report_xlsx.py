"""The workbook, CSV and Parquet: what they hold, where their links lead, and that text stays text."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import example_run as make
import openpyxl
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_scan.errors import NothingToDoError, PolicyScanError, UsageError
from policy_scan.jurisdictions import country_of
from policy_scan.records import Cell, Coding, Document, Issue, Provision
from policy_scan.report import FORMATS, export_run, load_run
from policy_scan.report.common import SYMBOLS, cell_citations, list_evidence, mark_text, printable, quotation
from policy_scan.report.words import words
from policy_scan.report.xlsx import safe_text
from policy_scan.stages.state_of_play import tabulate
from policy_scan.tables import from_table, parquet_bytes, schema_of, state_of_play_schema, to_table, write_atomic


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Any:
    run = make.run_data(tmp_path_factory.mktemp("out"))
    [path] = export_run(run, "xlsx")
    return openpyxl.load_workbook(path)


def column(sheet: Any, name: str) -> list[Any]:
    header = [cell.value for cell in sheet[3]]
    return [row[header.index(name)] for row in sheet.iter_rows(min_row=4)]


SHEETS = ["State of play", "Cells", "Evidence", "Documents", "Searched", "What went wrong", "Codebook", "Method"]


def test_the_sheets_have_titles_filters_and_frozen_panes(book: Any) -> None:
    assert book.sheetnames == SHEETS
    assert all(sheet["A1"].value and sheet.freeze_panes for sheet in book)
    assert all(book[name].auto_filter.ref for name in SHEETS if name not in ("Searched", "Method"))
    assert all(sheet.page_setup.orientation == "landscape" for sheet in book)
    sheet = book["State of play"]
    assert sheet.page_setup.paperSize == 8
    assert sheet.sheet_properties.pageSetUpPr.fitToPage  # one page wide and high unless said otherwise
    assert sheet.page_setup.fitToHeight in (None, 1)
    assert (sheet.print_title_rows, sheet.print_title_cols) == ("$4:$5", "$A:$A")


def test_every_cell_tells_its_status_citation_and_counts(book: Any) -> None:
    sheet, codebook = book["State of play"], make.codebook()
    assert [sheet.cell(5, n).value for n in (2, 4, 6)] == ["France", "Belgium", "Greece"]
    for cell in make.cells():
        row = 6 + codebook.active.index(cell.theme)
        shown = sheet.cell(row, 2 + 2 * make.COLUMNS.index(cell.jurisdiction)).value
        assert sheet.cell(row, 1).value == codebook.themes[cell.theme].label("en")
        assert codebook.status_name(cell.status, "en") in shown.split("\n")[0]
        assert cell.citation in shown
        if cell.n_provisions:
            assert re.search(rf"\b{cell.n_provisions} provisions? in {cell.n_documents} document", shown)
            assert "not reviewed" in shown
    assert [row.value for row in column(book["Cells"], "Provisions")] == [cell.n_provisions for cell in make.cells()]


def test_the_legend_tells_what_each_status_means(book: Any) -> None:
    rows = {
        row[0].value: row[1].value for row in book["State of play"].iter_rows(min_row=6 + len(make.codebook().active))
    }
    for status, symbol in SYMBOLS.items():
        name = f"{symbol} {make.codebook().status_name(status, 'en')}"
        assert rows[name] == make.codebook().status[status]


def test_links_lead_from_cells_to_their_evidence_and_back(book: Any) -> None:
    table, evidence = book["State of play"], book["Evidence"]
    linked = [cell for row in table.iter_rows(min_row=6) for cell in row if cell.hyperlink]
    assert len(linked) == 4
    for cell in linked:
        sheet, _, place = cell.hyperlink.location.rpartition("!")
        target = book[sheet.strip("'")][place]
        assert target.hyperlink.location == f"'State of play'!{cell.coordinate}"
        row = [item.value for item in evidence[target.row]]
        assert row[1] == table.cell(5, cell.column - 1).value
        assert row[2] == table.cell(cell.row, 1).value
        listed = [r for r in evidence.iter_rows(min_row=4, values_only=True) if r[1:3] == tuple(row[1:3])]
        assert cell.value == f"→ {len(listed)}"
    assert {cell.hyperlink.location for row in book["Cells"].iter_rows() for cell in row if cell.hyperlink} == {
        cell.hyperlink.location for cell in linked
    }


def test_evidence_quotes_verbatim_and_links_to_the_page(book: Any) -> None:
    evidence = book["Evidence"]
    quotes = [cell.value for cell in column(evidence, "Quotation")]
    assert "Le guichet" in quotes
    assert "Un tiers des usagers renonce à la démarche en ligne." in quotes
    links = {cell.hyperlink.target: (cell.hyperlink.location, cell.value) for cell in column(evidence, "Page")}
    assert links["../corpus/BE-VLG/bbbbbbbb.pdf"] == ("page=3", "3")
    assert {cell.value for cell in column(evidence, "Counts as")} == {"evidence", "to check"}


def test_documents_tell_what_was_excluded_and_what_failed(book: Any) -> None:
    sheet = book["Documents"]
    rows = dict(
        zip([c.value for c in column(sheet, "Reading")], [c.value for c in column(sheet, "Remarks")], strict=True)
    )
    assert rows["excluded"] == "superseded draft"
    assert rows["could not be read"] == "The file is cut short. → fetch it again."
    assert rows["read in part"] == "p. 2: Tesseract lacks a language. → install its language data."


def test_hostile_text_is_text(book: Any) -> None:
    hostile = [c for row in book["Evidence"].iter_rows() for c in row if "HYPERLINK" in str(c.value)]
    assert len(hostile) == 2
    for cell in hostile:
        assert cell.data_type == "s"
        assert cell.quotePrefix
        assert not re.search("[\x00-\x08\x1b\u202e\ufffe]", cell.value)
    assert not any(c.data_type == "f" for sheet in book for row in sheet.iter_rows() for c in row)


def test_no_address_of_a_document_becomes_a_link(tmp_path: Path) -> None:
    sample = make.example()
    sample.documents[0] = dataclasses.replace(sample.documents[0], url="file:///etc/passwd", path="FR/a#b c&é.pdf")
    [path] = export_run(make.run_data(tmp_path / "out", sample), "xlsx", path=tmp_path / "o.xlsx")
    with zipfile.ZipFile(path) as archive:
        links = "".join(archive.read(n).decode() for n in archive.namelist() if n.endswith("sheet3.xml.rels"))
        documents = archive.read("xl/worksheets/_rels/sheet4.xml.rels").decode()
    assert "passwd" not in links + documents
    assert "a#b" not in links + documents


def test_text_too_long_for_a_cell_is_cut_and_marked() -> None:
    assert safe_text("a" * 40_000).endswith("… [cut]")
    assert len(safe_text("😀" * 40_000).encode("utf-16-le")) < 2 * 32_767
    assert safe_text("kept\nas it is") == "kept\nas it is"


def test_the_french_workbook_speaks_french(tmp_path: Path) -> None:
    [path] = export_run(make.run_data(tmp_path), "xlsx", "fr", tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[0] == "État des lieux"
    assert book["État des lieux"]["F5"].value == "Grèce"
    assert "● contraignant" in book["État des lieux"]["B8"].value
    assert "28 mai 2019" in book["État des lieux"]["B8"].value
    assert "cherché dans\N{NO-BREAK SPACE}: 1 document, 1 disposition" in book["État des lieux"]["D7"].value


def test_in_the_language_of_the_run_citations_are_those_of_the_cells() -> None:
    run = make.run_data(Path("out"))
    assert cell_citations(run, "en") == {(cell.theme, cell.jurisdiction): cell.citation for cell in run.cells}


def test_an_empty_run_still_gives_every_format(tmp_path: Path) -> None:
    run = make.run_data(tmp_path, make.Example([], [], [], []))
    for kind in FORMATS:
        assert all(path.stat().st_size for path in export_run(run, kind))


def test_csv_holds_the_table_and_its_evidence_and_no_formula(tmp_path: Path) -> None:
    run = make.run_data(tmp_path)
    table, evidence = export_run(run, "csv", path=tmp_path / "mine.csv")
    assert (table.name, evidence.name) == ("mine.csv", "mine_evidence.csv")
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8-sig"))))
    cells = {(cell.theme, cell.jurisdiction): cell for cell in run.cells}
    for row in rows:
        for code in run.columns:
            assert row[f"{code}_status"] == cells[row["theme"], code].status
            assert row[f"{code}_citation"] == cells[row["theme"], code].citation
    quotes = [row["quotation"] for row in csv.DictReader(io.StringIO(evidence.read_text(encoding="utf-8-sig")))]
    assert any(quote.startswith("'=HYPERLINK") for quote in quotes)
    _, parquet = export_run(run, "parquet", path=tmp_path / "mine.parquet")
    assert any(quote.startswith("=HYPERLINK") for quote in pq.read_table(parquet)["quotation"].to_pylist())


def test_every_assigned_coding_stands_in_the_evidence_once_per_country() -> None:
    sample = make.example()
    lost = make.document("f" * 8, "unknown", jurisdictions=("unknown",))
    twin = dataclasses.replace(sample.provisions[0], provision_id="p-twin", parallel_id="rule")
    sample.provisions[0] = dataclasses.replace(sample.provisions[0], parallel_id="rule")
    sample.documents.append(lost)
    sample.provisions.extend([twin, make.provision("p-lost", lost)])
    sample.codings.extend([make.coding("p-twin", probability=0.7), make.coding("p-lost")])
    rows = list(list_evidence(make.run_data(Path("out"), sample)))
    seen = [(row.theme, row.jurisdiction, row.provision.provision_id) for row in rows]
    assert len(set(seen)) == len(seen)
    assert {(t, p) for t, _, p in seen} == {(c.theme, c.provision_id) for c in sample.codings if c.assigned}
    standings = {row.provision.provision_id: row.standing for row in rows if row.theme == "non_digital_access"}
    assert standings == {
        "p-law": "evidence", "p-twin": "version", "p-hostile": "evidence", "p-nl": "evidence", "p-lost": "no_cell"
    }  # fmt: skip
    assert all(country_of(row.document.jurisdiction) == row.jurisdiction for row in rows)


def test_overlapping_and_empty_spans_are_quoted_once() -> None:
    sample = make.example()
    sample.codings[0] = make.coding("p-law", evidence="[[3, 10], [0, 5], [12, 12], [11, 17]]")
    item = next(row for row in list_evidence(make.run_data(Path("out"), sample)) if row.theme == "non_digital_access")
    assert quotation(item) == "Le gu […] ichet […] reçoit"
    assert printable("a\u202eb\x00c\td\ne") == "abc\td\ne"


def test_unknown_formats_and_languages_name_the_known_ones(tmp_path: Path) -> None:
    run = make.run_data(tmp_path)
    with pytest.raises(UsageError, match=r"did you mean 'xlsx'\? Choose one of: csv, parquet, xlsx, html"):
        export_run(run, "xls")
    with pytest.raises(UsageError, match="en, fr, nl, de, el, ro"):
        export_run(run, "csv", "fi")
    (tmp_path / "file").write_text("")
    with pytest.raises(PolicyScanError, match="can't be written"):
        export_run(run, "csv", path=tmp_path / "file" / "a.csv")


def test_no_word_is_missing_in_either_language() -> None:
    assert all(words("en").values())
    assert all(words("fr").values())
    placeholders = [[re.findall(r"\{\w+\}", text) for text in words(language).values()] for language in ("en", "fr")]
    assert placeholders[0] == placeholders[1]


def test_a_run_is_loaded_from_its_tables(tmp_path: Path) -> None:
    sample = make.example()
    run = make.run_data(tmp_path)
    rows = tabulate(run.cells, run.config, run.codebook)
    tables = {
        "documents": to_table(Document, sample.documents), "issues": to_table(Issue, sample.issues),
        "provisions": to_table(Provision, sample.provisions), "codings": to_table(Coding, sample.codings),
        "cells": to_table(Cell, run.cells),
        "state_of_play": schema_table(rows),
    }  # fmt: skip
    for name, table in tables.items():
        write_atomic(tmp_path / f"{name}.parquet", parquet_bytes(table))
    with pytest.raises(NothingToDoError, match="holds no finished run"):
        load_run(tmp_path)
    details = {"configuration": run.config.model_dump(mode="json"), "corpus": str(run.corpus)}
    write_atomic(tmp_path / "run.json", json_bytes(details))
    loaded = load_run(tmp_path)
    assert (loaded.cells, loaded.documents, loaded.columns) == (run.cells, run.documents, run.columns)
    assert loaded.config == run.config
    (tmp_path / "cells.parquet").unlink()
    with pytest.raises(NothingToDoError, match="can't be read"):
        load_run(tmp_path)
    assert set(schema_of(Cell).names) >= {"theme", "jurisdiction", "status", "n_provisions", "citation", "evidence"}


def schema_table(rows: list[dict[str, str]]) -> Any:
    import pyarrow as pa

    return pa.Table.from_pylist(rows, schema=state_of_play_schema(make.COLUMNS))


def json_bytes(value: object) -> bytes:
    import json

    return json.dumps(value).encode()


def test_terms_are_marked_inside_the_evidence_and_nowhere_else() -> None:
    text = "Le guichet reste ouvert."
    assert mark_text(text, [[3, 16]], [[3, 10, "counter"], [11, 24, "kept_open"]]) == [
        ("Le ", "plain"), ("guichet", "term"), (" ", "evidence"), ("reste", "term"), (" ouvert.", "plain"),
    ]  # fmt: skip
    assert mark_text(text, [], [[3, 10, "counter"]]) == [(text, "plain")]
    assert mark_text("", [], []) == []


@given(
    st.text(max_size=30), st.lists(st.tuples(*[st.integers(0, 35)] * 2)), st.lists(st.tuples(*[st.integers(0, 35)] * 2))
)
def test_marking_loses_nothing(text: str, spans: list[tuple[int, int]], terms: list[tuple[int, int]]) -> None:
    pieces = mark_text(text, spans, [(*term, "concept") for term in terms])
    assert "".join(piece for piece, _ in pieces) == text
    assert all(piece for piece, _ in pieces)
    assert all(one != other for (_, one), (_, other) in pairwise(pieces))


def test_the_workbook_tells_terms_unsure_codings_and_who_coded(book: Any) -> None:
    evidence = book["Evidence"]
    rows = dict(
        zip(
            [cell.value for cell in column(evidence, "Quotation")],
            zip(*[[cell.value for cell in column(evidence, n)] for n in ("Terms", "Unsure", "Coded by")], strict=True),
            strict=True,
        )
    )
    assert rows["Un tiers des usagers renonce à la démarche en ligne."] == (
        "usagers; démarche; démarche en ligne", "yes", "model"
    )  # fmt: skip
    assert rows["Le guichet"] == (None, "no", "model")


def test_a_run_of_an_earlier_version_without_terms_can_still_be_shown() -> None:
    codings = [make.coding("p-law", unsure=True, terms='[[0, 2, "x"]]')]
    older = to_table(Coding, codings).drop_columns(["terms", "unsure"])
    assert from_table(Coding, older) == [make.coding("p-law")]
    with pytest.raises(KeyError):
        from_table(Coding, older.drop_columns(["theme"]))
