"""What frames a page and is no part of its text: running heads, footers, page numbers, mastheads, watermarks.

Told by repetition across pages and by place; on documents of a page or two by place and shape alone.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .geometry import Words, rows_of
from .pdf import Ints, Sheet
from .text import fold

_NUMBER = re.compile(
    r"^\W*(?:(?:page|pagina|seite|σελίδα|p\.?|blz\.?)\s*)?(?:\d{1,6}|[ivxlc]{1,7})"
    r"(?:\s*(?:/|sur|of|van|von|din|από)\s*\d{1,5})?\W*$",
    re.I,
)
_TOP, _BOTTOM = 0.17, 0.86
"""Heads stand above the first, feet below the second, as parts of the page's height."""
_ROWS = 6


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """A printed row near the top or the bottom of a page."""

    page: int
    words: Ints
    base: float
    size: float
    text: str
    key: str
    gap: float
    """Distance to the next row towards the middle of the page, in ems."""


def edges_of(page: int, sheet: Sheet, words: Words) -> tuple[list[Edge], list[Edge]]:
    """The rows at the top and at the bottom of a page, from the outside inwards."""
    if not len(words):
        return [], []
    index = np.arange(len(words), dtype=np.int32)
    rows = rows_of(words.base, words.size)
    count = int(rows.max()) + 1
    bases = np.zeros(count)
    np.maximum.at(bases, rows, words.base)

    def edge(row: int, inner: int) -> Edge:
        members = index[rows == row]
        members = members[np.argsort(words.x0[members])]
        string = " ".join(sheet.text[words.first[k] : words.last[k]] for k in members[:40])
        size = float(words.size[members].max())
        gap = abs(bases[inner] - bases[row]) / max(size, 1.0) if 0 <= inner < count else 99.0
        return Edge(page, members, float(bases[row]), size, string, re.sub(r"\d+", "#", fold(string)), float(gap))

    top = [edge(r, r + 1) for r in range(min(_ROWS, count)) if bases[r] < _TOP * sheet.height]
    bottom = [
        edge(r, r - 1) for r in range(count - 1, max(count - 1 - _ROWS, -1), -1) if bases[r] > _BOTTOM * sheet.height
    ]
    return top, bottom


def find_furniture(sheets: Sequence[Sheet], words: Sequence[Words], least: int) -> list[dict[int, str]]:
    """For each page: the words that are furniture, with its kind. `least`: on how many pages a row has to stand."""
    tops, bottoms = [], []
    for k, (sheet, found) in enumerate(zip(sheets, words, strict=True)):
        top, bottom = edges_of(k, sheet, found)
        tops.append(top)
        bottoms.append(bottom)
    marks: list[dict[int, str]] = [{} for _ in sheets]
    for edges, kind in ((tops, "header"), (bottoms, "footer")):
        repeated = _repeated(edges, min(least, max(2, len(sheets))))
        for page, rows in enumerate(edges):
            for row in rows:
                if (
                    id(row) in repeated
                    or _is_number_row(row, rows, sheets[page])
                    or _is_framed(row, rows, sheets[page], kind)
                ):
                    for word in row.words.tolist():
                        marks[page][word] = "page_number" if _NUMBER.match(row.text) else kind
                    continue
                break
    return marks


def _repeated(pages: Sequence[Sequence[Edge]], least: int) -> set[int]:
    """Rows (by identity) whose text, digits aside, stands at the same height on enough pages."""
    by_key: dict[str, list[Edge]] = defaultdict(list)
    for rows in pages:
        for row in rows:
            by_key[row.key].append(row)
    repeated: set[int] = set()
    if len(pages) < 2:
        return repeated
    for rows in by_key.values():
        heights = Counter(round(row.base / 6) for row in rows)
        for row in rows:
            near = round(row.base / 6)
            count = heights[near - 1] + heights[near] + heights[near + 1]
            if count >= min(least, len(pages)):
                repeated.add(id(row))
    return repeated


def _is_number_row(row: Edge, rows: Sequence[Edge], sheet: Sheet) -> bool:
    return row is rows[0] and bool(_NUMBER.match(row.text)) and row.gap > 1.2


def _is_framed(row: Edge, rows: Sequence[Edge], sheet: Sheet, kind: str) -> bool:
    """A single outermost row set off from the body by a rule over the page's width, with a number or date in it."""
    if row is not rows[0] or kind != "header" or not re.search(r"\d", row.text) or len(row.words) > 16:
        return False
    rules = sheet.rules
    if not len(rules):
        return False
    wide = (rules[:, 2] - rules[:, 0] > 0.6 * sheet.width) & (rules[:, 3] - rules[:, 1] < 3)
    below = rules[wide, 1]
    return bool(((below > row.base) & (below < row.base + 1.6 * row.size)).any())
