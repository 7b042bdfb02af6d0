"""What every sheet of the workbook shares: its look, the ways to write a cell, and the limits of the format.

Text from documents is written as text, never as a formula, a link or a number (XlsxWriter's `strings_to_*` off), and
what begins like a formula carries Excel's quote prefix, so that editing the cell doesn't make it one.
"""

from __future__ import annotations

import datetime
import gettext
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..citations import format_date
from ..records import CellStatus, Document
from ..translation import listed
from .common import SYMBOLS, RunData, pdf_path, printable
from .palette import STATUS_COLOURS

# Excel's limits (Microsoft, 'Excel specifications and limits').
MAX_CELL = 32_000
"""Excel holds 32,767 UTF-16 units in a cell; the rest is cut and marked."""
MAX_LINKS = 65_000
"""Excel holds 65,530 links in a sheet; later rows keep their text."""
MAX_ROWS = 1_048_576
MAX_SHEET_NAME = 31
MAX_HEIGHT = 405.0
"""Points; Excel holds 409."""
MAX_ADDRESS = 1_500
FIRST_YEAR = 1901
"""Excel's days begin with 1900, which it takes for a leap year: earlier dates stay text."""
A3, A4 = 8, 9
HEADER = 2
"""Row of a list's header, from 0: the title and a note stand above it."""
FONT = "Arial"
"""On Windows and macOS, and of the same widths as Liberation Sans, which LibreOffice brings along."""
_FIT = 1.2
"""Letters of running text in the width of a digit (9-point Arial in digits of 11-point Calibri, rounded down)."""


def safe_text(text: str) -> str:
    """Text that a workbook can hold: printable, and short enough for a cell."""
    text = printable(text).replace("\r", "")
    if 2 * len(text) <= MAX_CELL or len(text.encode("utf-16-le")) <= 2 * MAX_CELL:
        return text
    return text[: MAX_CELL // 2] + "… [cut]"


def like_formula(text: str) -> bool:
    return text.lstrip()[:1] in ("=", "+", "-", "@", "\t")


def row_height(texts: Sequence[tuple[str, float]], line: float = 12.0, most: float = MAX_HEIGHT) -> float:
    """Points for a row: the most lines that any (text, column width) takes. XlsxWriter can't measure text."""
    lines = (
        sum(max(1, math.ceil(len(part) / (width - 1) / _FIT)) for part in text.split("\n")) for text, width in texts
    )
    return min(most, line * max(lines, default=1) + 4)


def real_date(date: str) -> datetime.date | None:
    """A complete date that Excel can hold as one, else None."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", date):
        return None
    try:
        day = datetime.date.fromisoformat(date)
    except ValueError:
        return None
    return day if day.year >= FIRST_YEAR else None


@cache
def make_formats(book: Any) -> dict[str, Any]:
    base = {"font_name": FONT, "font_size": 9, "valign": "top"}
    wrap = {**base, "text_wrap": True}
    border = {"border": 1, "border_color": "#808080"}
    formats = {
        "text": wrap,
        "text_quoted": {**wrap, "quote_prefix": True},
        "number": {**base, "align": "center"},
        "count": {**base, "num_format": '#,##0;-#,##0;"–"', "align": "center"},
        "total": {**base, "num_format": '#,##0;-#,##0;"–"', "align": "center", "bold": True},
        "strong": {**wrap, "bold": True},
        "probability": {**base, "num_format": "0.00", "align": "center"},
        "date": {**base, "num_format": "yyyy-mm-dd", "align": "left"},
        "link": {**wrap, "font_color": "#0B4F9E", "underline": 1},
        "link_centred": {**base, "font_color": "#0B4F9E", "underline": 1, "align": "center"},
        "cell_link": {**base, **border, "font_color": "#0B4F9E", "underline": 1, "align": "center"},
        "cell_empty": {**base, **border},
        "header": {**wrap, **border, "bold": True, "bg_color": "#E8ECF2", "valign": "vcenter"},
        "header_centred": {
            **wrap,
            **border,
            "bold": True,
            "bg_color": "#E8ECF2",
            "valign": "vcenter",
            "align": "center",
        },
        "group": {**wrap, **border, "bold": True, "bg_color": "#D3DBE6", "valign": "vcenter", "align": "center"},
        "section": {**base, "bold": True, "font_size": 11, "bottom": 1, "bottom_color": "#808080"},
        "title": {**base, "bold": True, "font_size": 14, "valign": "vcenter"},
        "note": {**base, "italic": True, "font_color": "#404040", "valign": "vcenter"},
        "theme": {**wrap, **border, "bold": True},
        "theme_quoted": {**wrap, **border, "bold": True, "quote_prefix": True},
    }
    for status, (fill, ink) in STATUS_COLOURS.items():
        formats[status] = {**wrap, **border, "bg_color": fill, "font_color": ink}
        formats[f"{status}_bold"] = {**base, "font_color": ink, "bold": True, "font_size": 10}
        formats[f"{status}_plain"] = {**base, "font_color": ink}
        formats[f"{status}_small"] = {**base, "font_color": ink, "font_size": 8, "italic": True}
    return {name: book.add_format(look) for name, look in formats.items()}


@dataclass(slots=True)
class Book:
    """A workbook being written: its formats, made once, its words, and the sheets so far."""

    book: Any
    run: RunData
    language: str
    folder: Path
    texts: Mapping[str, str]
    t: gettext.NullTranslations
    formats: Mapping[str, Any]
    sheets: dict[str, Sheet] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    """doc_id -> its PDF's path from the workbook's folder."""

    def add(self, key: str, name: str, title: str) -> Sheet:
        """A new sheet with its title in A1; `key` is its name in the code, `name` the one on its tab."""
        clean = re.sub(r"[\[\]:*?/\\]", " ", name).strip("' ")[:MAX_SHEET_NAME]
        taken = {sheet.name.casefold() for sheet in self.sheets.values()}
        number = 2
        while clean.casefold() in taken:
            clean = f"{clean[: MAX_SHEET_NAME - 3]} {number}"
            number += 1
        made = Sheet(self, self.book.add_worksheet(clean), clean, title)
        self.sheets[key] = made
        made.sheet.write_string(0, 0, title, self.formats["title"])
        made.sheet.set_row(0, 24)
        return made

    def status(self, status: CellStatus) -> str:
        return f"{SYMBOLS[status]} {self.run.codebook.status_name(status, self.language)}"

    def tally(self, counts: Iterable[tuple[str, int]]) -> str:
        """'read: 57; excluded: 2', with the colon as the language sets it."""
        said = self.t.gettext("{name}: {n}")
        return listed((said.format(name=name, n=n) for name, n in counts), self.language)

    def yes(self, value: bool) -> str:
        return self.texts["yes" if value else "no"]


@dataclass(slots=True)
class Sheet:
    """A worksheet being written, and what the format's limits kept out of it."""

    whole: Book
    sheet: Any
    name: str
    title: str
    n_links: int = 0
    n_unlinked: int = 0
    n_cut: int = 0

    def text(self, row: int, column: int, value: str, kind: str = "text") -> None:
        """A text as text; an empty one leaves the cell empty, so that what is there can be counted."""
        value, long = safe_text(value), value
        self.n_cut += value.endswith("… [cut]") and not long.endswith("… [cut]")
        if kind == "text" and not value:
            return
        formats = self.whole.formats
        self.sheet.write_string(row, column, value, formats[f"{kind}_quoted" if like_formula(value) else kind])

    def texts(self, row: int, values: Sequence[str], column: int = 0) -> None:
        for at, value in enumerate(values, start=column):
            self.text(row, at, value)

    def number(self, row: int, column: int, value: float, kind: str = "number") -> None:
        self.sheet.write_number(row, column, value, self.whole.formats[kind])

    def date(self, row: int, column: int, date: str) -> None:
        """A complete date as a date, to sort and filter by; another in words."""
        day = real_date(date)
        if day is None:
            self.text(row, column, format_date(date, self.whole.language))
        else:
            self.sheet.write_datetime(row, column, day, self.whole.formats["date"])

    def _may_link(self) -> bool:
        if self.n_links >= MAX_LINKS:
            self.n_unlinked += 1
            return False
        self.n_links += 1
        return True

    def link(self, row: int, column: int, target: Sheet, place: str, text: str, tip: str, kind: str = "link") -> None:
        """A link to a cell of a sheet, such as 'A7'; where the sheet holds too many, the text alone."""
        formats = self.whole.formats
        if not self._may_link():
            self.sheet.write_string(row, column, text, formats["text"])
            return
        name = target.name.replace("'", "''")
        self.sheet.write_url(row, column, f"internal:'{name}'!{place}", formats[kind], text, tip)

    def link_page(self, row: int, column: int, document: Document, page: int) -> None:
        """A page's number that opens the PDF there, by an address relative to the workbook's folder."""
        from xlsxwriter.url import Url

        # XlsxWriter reads '#' as the start of the place inside the file: a file with one in its name gets no link.
        addresses = self.whole.addresses
        if document.doc_id not in addresses:
            path = pdf_path(self.whole.run, document, self.whole.folder)
            # XlsxWriter takes '%20' in a file's name for an escape, and then escapes nothing.
            is_plain = "%" not in path and path.isprintable()
            addresses[document.doc_id] = path if is_plain else quote(os.fsencode(path), safe="/:#")
        target = addresses[document.doc_id]
        if "#" in target or len(target) > MAX_ADDRESS or not self._may_link():
            self.number(row, column, page)
            return
        link = Url(f"external:{target}#page={page}")
        link.text = f"{page}"
        link.tip = self.whole.texts["open_pdf"].format(page=page)
        # It writes Windows' separator, which only Excel on Windows follows; '/' is followed everywhere.
        link._relationship_link = link._relationship_link.replace("\\", "/")
        self.sheet.write_url(row, column, link, self.whole.formats["link_centred"])

    def header(self, names: Sequence[str], widths: Sequence[float], row: int = HEADER) -> None:
        for column, (name, width) in enumerate(zip(names, widths, strict=True)):
            self.sheet.set_column(column, column, width)
            self.sheet.write_string(row, column, name, self.whole.formats["header"])
        self.sheet.set_row(row, row_height([(name, width - 2) for name, width in zip(names, widths, strict=True)]) + 4)

    def room(self, n: int, row: int = HEADER) -> int:
        """How many of `n` rows fit below the header."""
        return min(n, MAX_ROWS - row - 1)

    def note(self, *sentences: str) -> None:
        """The line under the title: what the sheet holds, and what the format's limits kept out."""
        t = self.whole.t
        said = [sentence for sentence in sentences if sentence]
        if self.n_cut:
            cut = t.ngettext(
                "{n} text is longer than a cell holds and is cut where '[cut]' stands.",
                "{n} texts are longer than a cell holds and are cut where '[cut]' stands.",
                self.n_cut,
            )
            said.append(cut.format(n=self.n_cut))
        if self.n_unlinked:
            missing = t.gettext("A sheet holds {most} links; left out, in the last rows: {n}.")
            said.append(missing.format(most=MAX_LINKS, n=self.n_unlinked))
        self.sheet.write_string(1, 0, " ".join(said), self.whole.formats["note"])
        self.sheet.set_row(1, 16)

    def not_shown(self, n: int) -> str:
        """What to say of `n` rows beyond a sheet's last one; '' where all fit."""
        said = self.whole.t.gettext("Rows beyond what a sheet holds: {n}. The CSV and Parquet exports have them all.")
        return said.format(n=n) if n else ""

    def finish(self, rows: int, columns: int, fixed: int = 0, printed: int | None = None, paper: int = A3) -> None:
        """Filter, frozen header, landscape as wide as the page; the first `printed` columns alone are printed."""
        last = HEADER + max(rows, 1)
        self.sheet.autofilter(HEADER, 0, last, columns - 1)
        self.sheet.freeze_panes(HEADER + 1, fixed)
        self.sheet.repeat_rows(HEADER)
        self.sheet.print_area(0, 0, last, (printed or columns) - 1)
        self.page(paper)

    def page(self, paper: int = A4) -> None:
        """Landscape, as wide as the page, with name and page number at its foot."""
        self.sheet.set_landscape()
        self.sheet.set_paper(paper)
        self.sheet.set_margins(0.4, 0.4, 0.5, 0.6)
        self.sheet.fit_to_pages(1, 0)
        self.sheet.set_footer("&L&8&A&R&8&P / &N")
