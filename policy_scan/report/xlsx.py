"""The workbook: state of play, cells, evidence, documents, codebook, method, linked to each other.

Text from documents is written as text, never as a formula, a link or a number (XlsxWriter's `strings_to_*` off), and
what begins like a formula carries Excel's quote prefix, so that editing the cell doesn't make it one.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..citations import format_date
from ..records import Cell, CellStatus, Document
from ..tables import write_atomic
from .common import (
    SYMBOLS,
    Evidence,
    RunData,
    cell_citations,
    citation_of,
    flatten,
    jurisdiction_name,
    list_evidence,
    printable,
    quotation,
    relative_pdf,
    remarks_on,
    searched_words,
    support_words,
    terms_found,
    theme_name,
)
from .words import words

MAX_CELL = 32_000
"""Excel holds 32,767 UTF-16 units in a cell; the rest is cut and marked."""
MAX_LINKS = 60_000
"""Excel holds 65,530 links in a sheet; later rows keep their text."""
MAX_ADDRESS = 1_500
# Fill and font of each status: blue to yellow by lightness, told apart with any colour vision and in grey.
_COLOURS: Mapping[CellStatus, tuple[str, str]] = {
    "binding": ("#1F4E8C", "#FFFFFF"), "enabled": ("#9CC3E6", "#000000"), "committed": ("#F5C542", "#000000"),
    "described": ("#FBEBB5", "#000000"), "not_found": ("#FFFFFF", "#404040"), "not_searched": ("#D9D9D9", "#404040"),
}  # fmt: skip
_A3 = 8
_FIRST_CELL_ROW = 5
_COLUMN = 48
"""Width of a jurisdiction's column, in digits of the default font: five of them and 16 themes fill an A3 page."""
_FIT = 1.15
"""Letters of running text in the width of a digit (10-point Calibri in digits of 11-point Calibri, rounded down)."""


def safe_text(text: str) -> str:
    """Text that a workbook can hold: printable, and short enough for a cell."""
    text = printable(text).replace("\r", "")
    return text if len(text.encode("utf-16-le")) <= 2 * MAX_CELL else text[: MAX_CELL // 2] + "… [cut]"


def _height(texts: Sequence[tuple[str, float]], line: float = 13.0, most: float = 400.0) -> float:
    """Points for a row: the most lines that any (text, column width) takes. XlsxWriter can't measure text."""
    lines = (sum(max(1, math.ceil(len(part) / width / _FIT)) for part in text.split("\n")) for text, width in texts)
    return min(most, line * max(lines, default=1) + 3)


@dataclass(slots=True)
class _Book:
    """A workbook being written: its formats, made once, and where its sheets' rows are."""

    book: Any
    run: RunData
    language: str
    folder: Path
    texts: Mapping[str, str]
    formats: dict[str, Any]
    citations: Mapping[tuple[str, str], str]
    first_row: dict[tuple[str, str], int]
    """(theme, jurisdiction) -> row of its first evidence, from 0."""

    def sheet(self, name: str) -> Any:
        return self.book.add_worksheet(self.texts[name])

    def text(self, sheet: Any, row: int, column: int, value: str, kind: str = "text") -> None:
        value = safe_text(value)
        quoted = f"{kind}_quoted"
        sheet.write_string(row, column, value, self.formats[quoted if _like_formula(value) else kind])

    def header(self, sheet: Any, names: Sequence[str], widths: Sequence[float], row: int = 0) -> None:
        for column, (name, width) in enumerate(zip(names, widths, strict=True)):
            sheet.set_column(column, column, width)
            sheet.write_string(row, column, name, self.formats["header"])
        sheet.set_row(row, 30)

    def finish(self, sheet: Any, rows: int, columns: int, fixed: int = 0) -> None:
        """Filter, frozen header, landscape A4 as wide as the page."""
        sheet.autofilter(0, 0, max(rows, 1), columns - 1)
        sheet.freeze_panes(1, fixed)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.set_footer("&L&A&R&P / &N")


def _like_formula(text: str) -> bool:
    return text.lstrip()[:1] in ("=", "+", "-", "@", "\t")


def _make_formats(book: Any) -> dict[str, Any]:
    base = {"font_name": "Calibri", "font_size": 10, "valign": "top"}
    wrap = {**base, "text_wrap": True}
    border = {"border": 1, "border_color": "#808080"}
    formats = {
        "text": book.add_format(wrap),
        "text_quoted": book.add_format({**wrap, "quote_prefix": True}),
        "number": book.add_format(base),
        "probability": book.add_format({**base, "num_format": "0.00"}),
        "link": book.add_format({**wrap, "font_color": "#0B4F9E", "underline": 1}),
        "header": book.add_format({**wrap, **border, "bold": True, "bg_color": "#E8ECF2", "valign": "vcenter"}),
        "title": book.add_format({**base, "bold": True, "font_size": 16}),
        "note": book.add_format({**base, "italic": True, "font_color": "#404040"}),
        "theme": book.add_format({**wrap, **border, "bold": True}),
    }
    for status, (fill, ink) in _COLOURS.items():
        look = {"bg_color": fill, "font_color": ink}
        formats[status] = book.add_format({**wrap, **border, **look, "underline": 0})
        formats[f"{status}_bold"] = book.add_format({**base, "font_color": ink, "bold": True, "font_size": 11})
        formats[f"{status}_plain"] = book.add_format({**base, "font_color": ink})
        formats[f"{status}_small"] = book.add_format({**base, "font_color": ink, "font_size": 9, "italic": True})
    return formats


def _status_words(book: _Book, status: CellStatus) -> str:
    return f"{SYMBOLS[status]} {book.run.codebook.status_name(status, book.language)}"


def _write_table(book: _Book, sheet: Any, evidence_sheet: str) -> None:
    """Themes × jurisdictions on one A3 page: status, best citation, counts and review in each cell."""
    run, texts = book.run, book.texts
    coded = len({coding.provision_id for coding in run.codings if coding.assigned})
    counts = texts["counts"].format(documents=len(run.documents), provisions=len(run.provisions), coded=coded)
    sheet.write_string(0, 0, texts["title"], book.formats["title"])
    sheet.write_string(1, 0, counts, book.formats["note"])
    sheet.write_string(2, 0, texts["caution"], book.formats["note"])
    for column, status in enumerate(SYMBOLS):
        sheet.write_string(3, column, _status_words(book, status), book.formats[status])
    top = _FIRST_CELL_ROW - 1
    sheet.write_string(top, 0, texts["theme"], book.formats["header"])
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, max(len(run.all_columns), len(SYMBOLS) - 1), _COLUMN)
    sheet.set_row(3, 18)
    sheet.set_row(top, 22)
    for column, code in enumerate(run.all_columns, start=1):
        sheet.write_string(top, column, jurisdiction_name(code, book.language), book.formats["header"])
    cells = {(cell.theme, cell.jurisdiction): cell for cell in run.cells}
    for row, theme in enumerate(run.themes, start=_FIRST_CELL_ROW):
        book.text(sheet, row, 0, theme_name(run, theme, book.language), "theme")
        shown = [
            _write_cell(book, sheet, row, column, cells[theme, code], evidence_sheet)
            for column, code in enumerate(run.all_columns, start=1)
        ]
        sheet.set_row(row, _height([(text, _COLUMN) for text in shown]))
    last = _FIRST_CELL_ROW + len(run.themes) - 1
    sheet.autofilter(top, 0, last, len(run.all_columns))
    sheet.freeze_panes(_FIRST_CELL_ROW, 1)
    sheet.set_landscape()
    sheet.set_paper(_A3)
    sheet.set_margins(0.4, 0.4, 0.5, 0.5)
    sheet.fit_to_pages(1, 1)
    sheet.print_area(0, 0, last, max(len(run.all_columns), len(SYMBOLS) - 1))
    sheet.set_footer("&L&A&R&P / &N")


def _write_cell(book: _Book, sheet: Any, row: int, column: int, cell: Cell, evidence_sheet: str) -> str:
    status = cell.status
    parts = [_status_words(book, status), safe_text(book.citations[cell.theme, cell.jurisdiction])]
    support = support_words(cell, book.language)
    if support:
        parts.append(f"{support}; {book.texts[f'review_{cell.review_state}']}")
    text = "\n".join(parts)
    target = book.first_row.get((cell.theme, cell.jurisdiction))
    if target is not None:
        sheet.write_url(
            row, column, f"internal:'{evidence_sheet}'!A{target + 1}", book.formats[status], parts[0],
            book.texts["evidence"],
        )  # fmt: skip
    fragments = [book.formats[f"{status}_bold"], parts[0], book.formats[f"{status}_plain"], "\n" + parts[1]]
    if support:
        fragments += [book.formats[f"{status}_small"], "\n" + parts[2]]
    sheet.write_rich_string(row, column, *fragments, book.formats[status])
    return text


def _write_cells(book: _Book, sheet: Any) -> None:
    """The same in long form, one row per cell, to sort, filter and count."""
    texts, run = book.texts, book.run
    names = [
        texts["theme"], texts["country"], texts["status"], texts["citation"], texts["provisions"], texts["documents"],
        texts["to_check_count"], texts["searched_documents"], texts["searched_provisions"], texts["failed_documents"],
        texts["pages_failed"], texts["search_incomplete"], texts["probability"], texts["review_state"],
    ]  # fmt: skip
    book.header(sheet, names, [34, 16, 24, 60, 11, 11, 10, 12, 12, 12, 10, 12, 11, 14])
    for row, cell in enumerate(run.cells, start=1):
        book.text(sheet, row, 0, theme_name(run, cell.theme, book.language))
        book.text(sheet, row, 1, jurisdiction_name(cell.jurisdiction, book.language))
        sheet.write_string(row, 2, _status_words(book, cell.status), book.formats[cell.status])
        citation = book.citations[cell.theme, cell.jurisdiction]
        book.text(sheet, row, 3, citation)
        numbers = (
            cell.n_provisions, cell.n_documents, cell.n_to_check, cell.n_searched_documents,
            cell.n_searched_provisions, cell.n_failed_documents, cell.n_failed_pages,
        )  # fmt: skip
        for column, number in enumerate(numbers, start=4):
            sheet.write_number(row, column, number, book.formats["number"])
        book.text(sheet, row, 11, texts["yes"] if cell.search_incomplete else texts["no"])
        if cell.confidence is not None:
            sheet.write_number(row, 12, cell.confidence, book.formats["probability"])
        book.text(sheet, row, 13, texts[f"review_{cell.review_state}"])
        sheet.set_row(row, _height([(citation, 60), (theme_name(run, cell.theme, book.language), 34)]))
    book.finish(sheet, len(run.cells), len(names), 2)


def _write_evidence(book: _Book, sheet: Any, rows: Sequence[Evidence], table_sheet: str) -> None:
    """A row per provision, theme and jurisdiction, linked to the PDF's page and back to the cell."""
    texts, run = book.texts, book.run
    names = [
        texts["back"], texts["country"], texts["theme"], texts["force"], texts["standing"], texts["gives"],
        texts["quotation"], texts["citation"], texts["document"], texts["date"], texts["page"], texts["language"],
        texts["probability"], texts["core"], texts["text_source"], texts["decision"], texts["reviewer"],
        texts["translation"], texts["passage"], texts["terms"], texts["unsure_column"], texts["coded_by"],
    ]  # fmt: skip
    book.header(sheet, names, [9, 13, 24, 12, 12, 16, 70, 44, 34, 12, 8, 9, 11, 9, 11, 12, 12, 30, 70, 40, 10, 14])
    places = {code: column for column, code in enumerate(run.all_columns, start=1)}
    lines = {theme: row for row, theme in enumerate(run.themes, start=_FIRST_CELL_ROW)}
    for row, item in enumerate(rows, start=1):
        provision, document = item.provision, item.document
        quoted, reference = quotation(item), citation_of(item, book.language)
        linked = 2 * row < MAX_LINKS
        if linked and item.jurisdiction in places:
            back = f"{_column_letter(places[item.jurisdiction])}{lines[item.theme] + 1}"
            sheet.write_url(row, 0, f"internal:'{table_sheet}'!{back}", book.formats["link"], f"↑ {back}")
        values = (
            jurisdiction_name(item.jurisdiction, book.language), theme_name(run, item.theme, book.language),
            run.codebook.force_name(item.coding.force, book.language), texts[f"standing_{item.standing}"],
            _status_words(book, item.status), quoted, reference, document.title,
            format_date(provision.act_date or document.date, book.language),
        )  # fmt: skip
        for column, value in enumerate(values, start=1):
            book.text(sheet, row, column, value)
        _write_page_link(book, sheet, row, 10, document, provision.page_first, linked)
        book.text(sheet, row, 11, provision.language)
        sheet.write_number(row, 12, item.coding.probability, book.formats["probability"])
        book.text(sheet, row, 13, texts["yes"] if item.coding.rank == 1 else texts["no"])
        book.text(sheet, row, 14, texts[provision.text_source])
        book.text(sheet, row, 18, provision.text)
        book.text(sheet, row, 19, "; ".join(terms_found(item)))
        book.text(sheet, row, 20, texts["yes"] if item.coding.unsure else texts["no"])
        book.text(sheet, row, 21, texts["by_lexicon" if item.coding.method == "lexicon" else "by_model"])
        sheet.set_row(row, _height([(quoted, 70), (reference, 44), (document.title, 34)], most=160))
    book.finish(sheet, len(rows), len(names), 3)


def _write_page_link(
    book: _Book, sheet: Any, row: int, column: int, document: Document, page: int, linked: bool
) -> None:
    from xlsxwriter.url import Url

    # XlsxWriter reads '#' as the start of the place inside the file: a file with one in its name gets no link.
    target = relative_pdf(book.run, document, book.folder)
    if not linked or "#" in target or len(target) > MAX_ADDRESS:
        sheet.write_number(row, column, page, book.formats["number"])
        return
    link = Url(f"external:{target}#page={page}")
    link.tip = book.texts["open_pdf"].format(page=page)
    # It writes Windows' separator, which only Excel on Windows follows; '/' is followed everywhere.
    link._relationship_link = link._relationship_link.replace("\\", "/")
    sheet.write_url(row, column, link, book.formats["link"], f"{page}")


def _column_letter(column: int) -> str:
    from xlsxwriter.utility import xl_col_to_name

    return str(xl_col_to_name(column))


def _write_documents(book: _Book, sheet: Any) -> None:
    """Every document: what was read, excluded and why, failed and what to do."""
    texts, run = book.texts, book.run
    names = [
        texts["country"], texts["document"], texts["doc_type"], texts["legal_status"], texts["date"],
        texts["languages"], texts["reading"], texts["text_source"], texts["pages"], texts["pages_failed"],
        texts["provisions"], texts["coded"], texts["remarks"], texts["issuer"], texts["path"], texts["url"],
        texts["licence"],
    ]  # fmt: skip
    book.header(sheet, names, [16, 50, 14, 12, 14, 10, 15, 12, 8, 9, 11, 9, 60, 26, 40, 30, 24])
    provisions: dict[str, int] = {}
    coded: dict[str, int] = {}
    assigned = {coding.provision_id for coding in run.codings if coding.assigned}
    for provision in run.provisions:
        provisions[provision.doc_id] = provisions.get(provision.doc_id, 0) + 1
        coded[provision.doc_id] = coded.get(provision.doc_id, 0) + (provision.provision_id in assigned)
    for row, document in enumerate(run.documents, start=1):
        remarks = remarks_on(run, document)
        countries = ", ".join(jurisdiction_name(code, book.language) for code in document.jurisdictions)
        values = (
            countries, document.title, texts[document.doc_type], texts.get(document.legal_status, ""),
            format_date(document.date, book.language), document.language.replace(";", ", "), texts[document.status],
            texts[document.text_source],
        )  # fmt: skip
        for column, value in enumerate(values):
            book.text(sheet, row, column, value)
        numbers = (
            document.n_pages, document.n_pages_failed, provisions.get(document.doc_id, 0), coded.get(document.doc_id, 0)
        )  # fmt: skip
        for column, number in enumerate(numbers, start=8):
            sheet.write_number(row, column, number, book.formats["number"])
        book.text(sheet, row, 12, remarks)
        book.text(sheet, row, 13, document.issuer)
        paths = "\n".join((document.path, *document.other_paths))
        book.text(sheet, row, 14, paths)
        book.text(sheet, row, 15, document.url)
        book.text(sheet, row, 16, document.licence)
        sheet.set_row(row, _height([(document.title, 50), (remarks, 60), (paths, 40)], most=200))
    book.finish(sheet, len(run.documents), len(names), 2)


def _write_codebook(book: _Book, sheet: Any) -> None:
    texts, codebook = book.texts, book.run.codebook
    names = [texts["key"], f"{texts['name']} (en)", f"{texts['name']} (fr)", texts["code_when"], texts["not_when"]]
    book.header(sheet, names, [20, 34, 38, 90, 50])
    row = 1
    for key, theme in codebook.themes.items():
        values = (key, theme.label("en"), theme.label("fr"), theme.code_when.strip(), theme.not_when.strip())
        for column, value in enumerate(values):
            book.text(sheet, row, column, value)
        sheet.set_row(row, _height([(theme.code_when, 90), (theme.not_when, 50), (theme.label("fr"), 38)]))
        row += 1
    for title, meanings, name_of in (
        (texts["force"], codebook.force, codebook.force_name),
        (texts["status"], codebook.status, codebook.status_name),
    ):
        row += 1
        sheet.write_string(row, 0, title, book.formats["header"])
        sheet.write_string(row, 3, texts["meaning"], book.formats["header"])
        for key, meaning in meanings.items():
            row += 1
            for column, value in enumerate((key, name_of(key, "en"), name_of(key, "fr"), meaning)):
                book.text(sheet, row, column, value)
            sheet.set_row(row, _height([(meaning, 90)]))
        row += 1
    sheet.freeze_panes(1, 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _write_method(book: _Book, sheet: Any) -> None:
    texts, run = book.texts, book.run
    book.header(sheet, [texts["setting"], texts["value"]], [44, 110])
    row = 1
    for sentence in (texts["caution"], texts["verbatim"], texts["marks"], texts["no_agreement"]):
        sheet.merge_range(row, 0, row, 1, sentence, book.formats["text"])
        sheet.set_row(row, _height([(sentence, 150)]))
        row += 1
    row += 1
    for code in run.all_columns:
        cell = next(cell for cell in run.cells if cell.jurisdiction == code)
        name = jurisdiction_name(code, book.language)
        book.text(sheet, row, 0, f"{texts['searched_documents']}: {name}")
        book.text(sheet, row, 1, searched_words(cell, book.language))
        row += 1
    row += 1
    for name, value in flatten({key: value for key, value in run.details.items() if key != "files"}):
        book.text(sheet, row, 0, name)
        book.text(sheet, row, 1, value)
        row += 1
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def export_xlsx(run: RunData, language: str, path: Path) -> list[Path]:
    """Write the workbook; returns its path. Links to PDFs are relative to the workbook's folder. Raises OSError."""
    import xlsxwriter

    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(stream, options)
    texts = words(language)
    rows = list(list_evidence(run))
    first_row: dict[tuple[str, str], int] = {}
    for row, item in enumerate(rows, start=1):
        first_row.setdefault((item.theme, item.jurisdiction), row)
    citations = cell_citations(run, language)
    whole = _Book(book, run, language, path.parent, texts, _make_formats(book), citations, first_row)
    book.set_properties({"title": texts["title"], "comments": texts["caution"]})
    table = whole.sheet("state_of_play")
    cells = whole.sheet("cells")
    evidence = whole.sheet("evidence")
    _write_table(whole, table, texts["evidence"])
    _write_cells(whole, cells)
    _write_evidence(whole, evidence, rows, texts["state_of_play"])
    _write_documents(whole, whole.sheet("documents"))
    _write_codebook(whole, whole.sheet("codebook"))
    _write_method(whole, whole.sheet("method"))
    book.close()
    write_atomic(path, stream.getvalue())
    return [path]
