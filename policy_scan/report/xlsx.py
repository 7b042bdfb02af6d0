"""The workbook: state of play, cells, evidence, documents, codebook, method, linked to each other."""

from __future__ import annotations

import datetime
import io
import tempfile
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..citations import format_date
from ..jurisdictions import country_of
from ..records import Cell
from ..tables import write_atomic
from ..translation import listed, translations
from .common import SYMBOLS, RunData, cell_citations, jurisdiction_name, review_words, support_words, theme_name
from .page_words import as_of_said
from .words import words
from .xlsx_about import write_codebook, write_corpus, write_documents, write_method, write_problems
from .xlsx_book import A3, HEADER, Book, Sheet, make_formats, row_height, safe_text
from .xlsx_evidence import evidence_rows, write_evidence

if TYPE_CHECKING:
    from ..comparison import Comparison

_HEADER_ROW = 4
_FIRST_ROW = 5
_LINK, _THEME = 8, 26
"""Widths of a jurisdiction's links and of the themes' names, in digits of the default font."""
_COLUMNS_OF_A_PAGE = 8
"""More jurisdictions than this take several A3 pages side by side: on one they couldn't be read."""


def _text_width(n: int) -> int:
    """The width of a jurisdiction's text that lets `n` of them and 16 themes fill an A3 page, by trial."""
    return min(42, max(30, 62 - 4 * n))


FirstRows = Mapping[tuple[str, str], tuple[int, int]]
"""(theme, jurisdiction) -> row of its first evidence, from 0, and how many rows it has."""


def _place(column: int, row: int) -> str:
    from xlsxwriter.utility import xl_rowcol_to_cell

    return str(xl_rowcol_to_cell(row, column))


def _text_column(index: int) -> int:
    """The column of the jurisdiction at `index`; its links stand in the next one."""
    return 1 + 2 * index


def _places(run: RunData) -> dict[tuple[str, str], str]:
    """(theme, jurisdiction) -> the cell of the state of play that links to its evidence, such as 'C6'."""
    return {
        (theme, code): _place(_text_column(index) + 1, row)
        for row, theme in enumerate(run.themes, start=_FIRST_ROW)
        for index, code in enumerate(run.all_columns)
    }


def _made_on(run: RunData, language: str) -> str:
    """The day of the run in words, '' where it isn't recorded."""
    return format_date(str(run.details.get("ended", ""))[:10], language)


def _write_table(book: Book, first: FirstRows, citations: Mapping[tuple[str, str], str]) -> None:
    """Themes × jurisdictions on one A3 page: status, best citation, counts and review in each cell, legend below.

    LibreOffice shows a cell with a link in one line and in its own blue, so each jurisdiction's links have a column of
    their own.
    """
    run, texts, t, formats = book.run, book.texts, book.t, book.formats
    made = book.sheets["state_of_play"]
    sheet = made.sheet
    width, wide = _text_column(len(run.all_columns)), _text_width(len(run.all_columns))
    coded = len({coding.provision_id for coding in run.codings if coding.assigned})
    counts = texts["counts"].format(documents=len(run.documents), provisions=run.n_provisions, coded=coded)
    day = _made_on(run, book.language)
    ran = t.gettext("run of {date}").format(date=day) if day else ""
    counted = listed((part for part in (counts, ran) if part), book.language) + "."
    made.note(counted, as_of_said(run.config.table.as_of, book.language))
    sheet.write_string(2, 0, texts["caution"], formats["note"])
    sheet.set_column(0, 0, _THEME)
    made.text(_HEADER_ROW, 0, texts["theme"], "header")
    _write_columns(book, made)
    cells = {(cell.theme, cell.jurisdiction): cell for cell in run.cells}
    row = _FIRST_ROW
    for row, theme in enumerate(run.themes, start=_FIRST_ROW):
        name = theme_name(run, theme, book.language)
        made.text(row, 0, name, "theme")
        shown: list[tuple[str, float]] = [(name, _THEME - 4)]
        for index, code in enumerate(run.all_columns):
            column = _text_column(index)
            shown.append((_write_cell(book, made, row, column, cells[theme, code], citations), wide))
            if (theme, code) in first:
                target, n = first[theme, code]
                tip = t.ngettext("Show the passage", "Show the {n} passages", n).format(n=n)
                made.link(row, column + 1, book.sheets["evidence"], _place(0, target), f"→ {n}", tip, "cell_link")
            else:
                sheet.write_blank(row, column + 1, None, formats["cell_empty"])
        sheet.set_row(row, row_height(shown))
    last = row
    sheet.autofilter(_HEADER_ROW, 0, last, width - 1)
    sheet.freeze_panes(_FIRST_ROW, 1)
    end = _write_legend(book, made, last + 2, max(width, 3))
    made.page(A3)
    pages = -(-len(run.all_columns) // _COLUMNS_OF_A_PAGE) or 1
    sheet.fit_to_pages(pages, 1)
    sheet.center_horizontally()
    sheet.repeat_rows(3, _HEADER_ROW)
    sheet.repeat_columns(0)
    sheet.print_area(0, 0, end, max(width, 3) - 1)


def _write_columns(book: Book, made: Sheet) -> None:
    """The jurisdictions' names; parts of a country stand beside it under its name."""
    run, sheet, formats = book.run, made.sheet, book.formats
    index = 0
    for country, grouped in groupby(run.all_columns, key=country_of):
        codes = list(grouped)
        if len(codes) > 1:
            name = jurisdiction_name(country, book.language)
            sheet.merge_range(3, _text_column(index), 3, _text_column(index + len(codes)) - 1, name, formats["group"])
            sheet.set_row(3, 18)
        for code in codes:
            column = _text_column(index)
            sheet.set_column(column, column, _text_width(len(run.all_columns)))
            sheet.set_column(column + 1, column + 1, _LINK)
            name = jurisdiction_name(code, book.language)
            if len(codes) > 1 and code == country:
                name = book.t.gettext("{country}, all levels").format(country=name)
            made.text(_HEADER_ROW, column, name, "header")
            sheet.write_string(_HEADER_ROW, column + 1, book.texts["evidence"], formats["header_centred"])
            index += 1
    sheet.set_row(_HEADER_ROW, 28)


def _write_cell(
    book: Book, made: Sheet, row: int, column: int, cell: Cell, citations: Mapping[tuple[str, str], str]
) -> str:
    status, formats = cell.status, book.formats
    parts = [book.status(status), safe_text(citations[cell.theme, cell.jurisdiction])]
    support = support_words(cell, book.language)
    if support:
        parts.append(f"{support}; {review_words(cell, book.language)}")
    fragments: list[Any] = [formats[f"{status}_bold"], parts[0], formats[f"{status}_plain"], "\n" + parts[1]]
    if support:
        fragments += [formats[f"{status}_small"], "\n" + parts[2]]
    made.sheet.write_rich_string(row, column, *fragments, formats[status])
    return "\n".join(parts)


def _write_legend(book: Book, made: Sheet, row: int, width: int) -> int:
    """Each status with its meaning; returns the last row."""
    sheet, formats = made.sheet, book.formats
    sheet.write_string(row, 0, book.texts["legend"], formats["strong"])
    for status in SYMBOLS:
        row += 1
        sheet.write_string(row, 0, book.status(status), formats[status])
        meaning = safe_text(book.run.codebook.status_meaning(status, book.language))
        sheet.merge_range(row, 1, row, width - 1, "", formats["text"])
        made.text(row, 1, meaning)
        sheet.set_row(row, row_height([(book.status(status), _THEME), (meaning, 30 * (width - 1))]))
    row += 1
    arrow = book.t.gettext(
        "→ leads to the passages of a cell, best first; ↑ leads back. The number tells the passages."
    )
    sheet.write_string(row, 0, arrow, formats["note"])
    return row


def _write_cells(book: Book, first: FirstRows, citations: Mapping[tuple[str, str], str]) -> None:
    """The same in long form, one row per cell, to sort, filter and count."""
    texts, run = book.texts, book.run
    made = book.sheets["cells"]
    names = [
        texts["theme"], texts["country"], texts["status"], texts["evidence"], texts["citation"], texts["provisions"],
        texts["documents"], texts["to_check_count"], texts["searched_documents"], texts["searched_provisions"],
        texts["failed_documents"], texts["pages_failed"], texts["search_incomplete"], texts["probability"],
        texts["review_state"],
    ]  # fmt: skip
    made.header(names, [32, 18, 24, 10, 58, 11, 12, 10, 12, 12, 12, 10, 12, 12, 14])
    for row, cell in enumerate(run.cells, start=HEADER + 1):
        theme, code = cell.theme, cell.jurisdiction
        name, citation = theme_name(run, theme, book.language), citations[theme, code]
        made.texts(row, [name, jurisdiction_name(code, book.language)])
        made.sheet.write_string(row, 2, book.status(cell.status), book.formats[cell.status])
        if (theme, code) in first:
            target, n = first[theme, code]
            tip = book.t.ngettext("Show the passage", "Show the {n} passages", n).format(n=n)
            made.link(row, 3, book.sheets["evidence"], _place(0, target), f"→ {n}", tip)
        made.text(row, 4, citation)
        numbers = (
            cell.n_provisions, cell.n_documents, cell.n_to_check, cell.n_searched_documents,
            cell.n_searched_provisions, cell.n_failed_documents, cell.n_failed_pages,
        )  # fmt: skip
        for column, number in enumerate(numbers, start=5):
            made.number(row, column, number)
        made.text(row, 12, book.yes(cell.search_incomplete))
        if cell.confidence is not None:
            made.number(row, 13, cell.confidence, "probability")
        made.text(row, 14, review_words(cell, book.language))
        made.sheet.set_row(row, row_height([(citation, 58), (name, 32), (book.status(cell.status), 24)]))
    made.note(book.t.gettext("The table in long form, to sort, filter and count."))
    made.finish(len(run.cells), len(names), 2)


def _properties(run: RunData, texts: Mapping[str, str]) -> dict[str, Any]:
    """Title and caution; the day of the run as the day of the file, so that one run always gives the same bytes."""
    try:
        created = datetime.datetime.fromisoformat(str(run.details.get("ended", ""))).replace(tzinfo=None)
    except ValueError:
        created = datetime.datetime(2000, 1, 1)
    return {"title": texts["title"], "comments": texts["caution"], "author": "policy_scan", "created": created}


def _first_rows(keys: Sequence[tuple[str, str]]) -> FirstRows:
    first: dict[tuple[str, str], tuple[int, int]] = {}
    for row, key in enumerate(keys, start=HEADER + 1):
        start, n = first.get(key, (row, 0))
        first[key] = start, n + 1
    return first


def export_xlsx(run: RunData, language: str, path: Path, comparison: Comparison | None = None) -> list[Path]:
    """Write the workbook; returns its path. Links to PDFs are relative to the workbook's folder. Raises OSError.

    `comparison` with an earlier run adds a sheet of what changed since.
    """
    # Its parts are put together in files: in memory they would take four bytes a character.
    with tempfile.TemporaryDirectory(prefix="policy-scan-") as folder:
        write_atomic(path, _workbook(run, language, path, comparison, folder))
    return [path]


def _workbook(run: RunData, language: str, path: Path, comparison: Comparison | None, folder: str) -> bytes:
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    stream = io.BytesIO()
    options = {
        "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "tmpdir": folder,
        "use_zip64": True,
    }  # fmt: skip
    workbook = xlsxwriter.Workbook(stream, options)
    texts, t = words(language), translations(language)
    book = Book(workbook, run, language, path.parent, texts, t, make_formats(workbook))
    workbook.set_properties(_properties(run, texts))
    sheets = [
        ("state_of_play", texts["title"]),
        ("cells", t.gettext("Cells of the table")),
        ("evidence", t.gettext("Evidence: every coded provision")),
        ("documents", t.gettext("Documents of the corpus")),
        ("corpus", t.gettext("What was searched")),
        ("issues", t.gettext("What was left out and what went wrong")),
        ("codebook", t.gettext("Codebook: themes, forces and statuses")),
        ("method", t.gettext("Method and limits")),
    ]
    if comparison is not None:
        sheets.insert(3, ("changes", t.gettext("What changed since the earlier run")))
    names = {**texts, "corpus": t.gettext("Searched"), "changes": t.gettext("Changes")}
    for key, title in sheets:
        book.add(key, names[key], title)
    rows = evidence_rows(run)
    shown = rows[: book.sheets["evidence"].room(len(rows))]
    first, citations = _first_rows([(item.theme, item.jurisdiction) for item in shown]), cell_citations(run, language)
    _write_table(book, first, citations)
    _write_cells(book, first, citations)
    write_evidence(book, shown, len(rows), _places(run))
    if comparison is not None:
        from .xlsx_changes import write_changes

        write_changes(book, comparison, _places(run))
    write_documents(book)
    write_corpus(book)
    write_problems(book)
    write_codebook(book)
    write_method(book)
    try:
        workbook.close()
    except FileCreateError as error:  # what it makes of an OSError
        raise OSError(*error.args[0].args) from error
    return stream.getvalue()
