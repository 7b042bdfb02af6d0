"""A report as a typed document: headings, paragraphs, quotations, tables, pictures, footnotes, and links between them.

`narrative` says what stands in it, `docx` and `typeset` write it. All text is literal: no writer reads markup in it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ..records import CellStatus

ParagraphKind = Literal["body", "lead", "note", "item"]
"""lead: stays with what follows it; note: small; item: of a list."""


TableSize = Literal["small", "medium", "normal"]
"""Text of 7, 8 or 9 points."""


@dataclass(frozen=True, slots=True)
class Inline:
    """A piece of text of one look."""

    text: str
    bold: bool = False
    italic: bool = False
    language: str = ""
    """ISO 639-1; '' = the report's."""
    link: str = ""
    """'#anchor' inside the report, or the address of a file or page; '' = none."""
    note: tuple[Inline, ...] = ()
    """The footnote whose mark stands after the text."""


@dataclass(frozen=True, slots=True)
class Heading:
    """`new_page`: begins a page; right after a Layout it does so anyway."""

    level: Literal[1, 2, 3]
    text: str
    anchor: str
    new_page: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    content: tuple[Inline, ...]
    kind: ParagraphKind = "body"
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Quotation:
    """Words of a document, set apart, in their own language ('' where it isn't known)."""

    text: str
    language: str
    note: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class TableCell:
    lines: tuple[tuple[Inline, ...], ...]
    status: CellStatus | None = None
    """Colours the cell."""


@dataclass(frozen=True, slots=True)
class Table:
    """`widths` are shares of the page's width; the head stands again on each page."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[TableCell, ...], ...]
    widths: tuple[float, ...]
    size: TableSize = "normal"


_HIGHEST = 1.3
"""Height of the largest picture in widths of the text, 166 mm."""


@dataclass(frozen=True, slots=True)
class Picture:
    name: str
    """A word for files, such as 'coverage'."""
    caption: str
    alt: str
    png: bytes

    @property
    def share(self) -> float:
        """Of the text's width, what lets the picture stand on one A4 page with a heading and its caption."""
        width, height = struct.unpack(">II", self.png[16:24])  # PNG's first chunk, IHDR
        return float(min(1.0, _HIGHEST * width / height))


@dataclass(frozen=True, slots=True)
class Layout:
    """What follows stands on pages of this paper: a section of its own."""

    paper: Literal["a4", "a3"]
    landscape: bool


Block = Heading | Paragraph | Quotation | Table | Picture | Layout


@dataclass(frozen=True, slots=True)
class Paper:
    """A whole report: a title page with `facts` a line each, a table of contents, then the blocks."""

    title: str
    facts: tuple[str, ...]
    contents: str
    """Heading of the table of contents."""
    page: str
    """The word before the page's number."""
    language: str
    made: datetime | None
    """When the run ended, in UTC: the report's date; None where the run doesn't say."""
    blocks: tuple[Block, ...]
