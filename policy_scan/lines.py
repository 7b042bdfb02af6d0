"""From leaves to lines of text, and from lines to blocks: paragraphs, headings, list items, tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from . import text as txt
from .geometry import ASCENT, DESCENT, Words, rows_of
from .grids import Cell, Piece, find_aligned
from .layout import Leaf
from .pdf import Floats, Ints, Sheet

_CELL_GAP = 1.5
"""Ems of white between words from which on they may stand in two cells."""


@dataclass(slots=True, eq=False)
class Draft:
    """A line before it has its place in the page's text. Boxes in points, `text` with one edge more than characters."""

    text: str
    edges: list[float]
    x0: float
    x1: float
    base: float
    size: float
    bold: bool
    italic: bool
    region: int
    row: int | None = None
    cell: int | None = None
    angle: int = 0
    box: tuple[float, float, float, float] | None = None
    """Set where the line was turned back to how it stands on the page."""

    @property
    def y0(self) -> float:
        return self.base - ASCENT * self.size

    @property
    def y1(self) -> float:
        return self.base + DESCENT * self.size


@dataclass(slots=True, eq=False)
class Group:
    """A block before it has its kind. `role`: body, table, footnote, or a kind of furniture."""

    role: str
    lines: list[Draft] = field(default_factory=list)


class Setter:
    """Sets lines from a page's words; holds them as plain lists, which are quicker one by one than arrays."""

    def __init__(self, sheet: Sheet, words: Words) -> None:
        self._words = words
        self._text = sheet.text
        self._first, self._last = words.first.tolist(), words.last.tolist()
        self.strings = [sheet.text[a:b] for a, b in zip(self._first, self._last, strict=True)]
        self._edges = sheet.boxes[:, 0].tolist()
        self._x0, self._x1 = words.x0.tolist(), words.x1.tolist()
        self._base, self._size = words.base.tolist(), words.size.tolist()
        self._spaced, self._chain = words.spaced.tolist(), words.chain.tolist()
        bold, italic = np.array([s.bold for s in sheet.styles]), np.array([s.italic for s in sheet.styles])
        self._bold = bold[words.style].tolist() if len(words) else []
        self._italic = italic[words.style].tolist() if len(words) else []
        self._width = sheet.width

    def lines(self, index: Ints, region: int) -> list[Draft]:
        """The lines that the words make, from the top."""
        return [self.line(members, region) for members in self._by_line(index)]

    def _by_line(self, index: Ints) -> list[list[int]]:
        if len(index) == 1:  # as in most cells of tables
            return [index.tolist()]
        words = self._words
        rows = rows_of(words.base[index], words.size[index])
        order = np.lexsort((words.x0[index], rows))
        members = index[order].tolist()
        cuts = [0, *(np.flatnonzero(np.diff(rows[order])) + 1).tolist(), len(members)]
        return [members[a:b] for a, b in pairwise(cuts)]

    def line(self, members: list[int], region: int) -> Draft:
        """One line of the words `members`, from left to right."""
        quick = self._straight(members, region)
        if quick is not None:
            return quick
        size = max([self._size[k] for k in members])
        closed = None
        if len(members) >= 4 and sum([len(self.strings[k]) == 1 for k in members]) >= 3:
            placed = [(self.strings[k], self._x0[k], self._x1[k]) for k in members]
            closed = txt.close_letterspacing(placed, size)
        pieces: list[tuple[str, list[float], float]] = []
        chain, right, bold, italic, count = -1, 0.0, 0, 0, 0
        for n, k in enumerate(members):
            x0, x1 = self._x0[k], self._x1[k]
            apart = self._spaced[k] or (chain != self._chain[k] and x0 - right > 0.12 * size)
            if n and apart and not (closed and closed[n]):
                pieces.append((" ", [right], x0))
            string = self.strings[k]
            pieces.append((string, self._edges[self._first[k] : self._last[k]], x1))
            chain, right = self._chain[k], x1
            count += len(string)
            bold += len(string) * self._bold[k]
            italic += len(string) * self._italic[k]
        string, edges = txt.set_text(pieces)
        x0 = min([self._x0[k] for k in members])
        right = max([self._x1[k] for k in members])
        main = max(members, key=lambda k: (self._size[k], -k))
        kept = self._rising(edges, x0, right)
        return Draft(string, kept, x0, right, self._base[main], size, bold > 0.6 * count, italic > 0.6 * count, region)

    def _straight(self, members: list[int], region: int) -> Draft | None:
        """The line where its words follow each other in the stream with single spaces and plain characters, as most
        do; else None."""
        first, last = members[0], members[-1]
        count = last - first + 1
        if count != len(members) or members != list(range(first, last + 1)):
            return None
        start, end = self._first[first], self._last[last]
        string = self._text[start:end]
        if self._chain[first] != self._chain[last] or not all(self._spaced[first + 1 : last + 1]):
            return None
        if string.count(" ") != count - 1 or (count >= 4 and 2 * count > len(string) - 2) or not txt.is_plain(string):
            return None
        sizes = self._size[first : last + 1]
        size = max(sizes)
        x0, right = self._x0[first], max(self._x1[first : last + 1])
        edges = [*self._edges[start:end], self._x1[last]]
        for k in range(first, last):  # a space begins where its word ends
            edges[self._last[k] - start] = self._x1[k]
        edges = self._rising(edges, x0, right)
        bold, italic = self._bold[first : last + 1], self._italic[first : last + 1]
        if any(bold) != all(bold) or any(italic) != all(italic):
            lengths = [len(word) for word in string.split(" ")]
            enough = 0.6 * sum(lengths)
            heavy = sum([n for n, is_bold in zip(lengths, bold, strict=True) if is_bold]) > enough
            slanted = sum([n for n, is_italic in zip(lengths, italic, strict=True) if is_italic]) > enough
        else:
            heavy, slanted = bold[0], italic[0]
        return Draft(string, edges, x0, right, self._base[first], size, heavy, slanted, region)

    def _rising(self, edges: list[float], left: float, right: float) -> list[float]:
        """Edges inside the line and the page, none to the left of the one before: kerning steps back at times."""
        floor, ceiling = max(left, 0.0), min(right, self._width)
        if edges[0] >= floor and edges[-1] <= ceiling and edges == sorted(edges):
            return edges
        kept = []
        for edge in edges:
            if edge > floor:
                floor = edge if edge < ceiling else ceiling
            kept.append(floor)
        return kept

    def blocks(self, leaf: Leaf, region: int) -> list[Group]:
        """The blocks of a leaf."""
        if leaf.rows is not None and leaf.cells is not None:
            return self._ruled(leaf, leaf.rows, leaf.cells, region)
        by_line = self._by_line(leaf.words)
        tables = self._aligned(by_line)
        groups: list[Group] = []
        start = 0
        for first, end, cells in tables:
            groups.extend(group_lines([self.line(m, region) for m in by_line[start:first]], leaf.x0, leaf.x1))
            table = Group("table")
            for cell in cells:
                line = self.line(list(cell.piece.words), region)
                line.row, line.cell = cell.row, cell.column
                if line.text:
                    table.lines.append(line)
            groups.append(table)
            start = end
        groups.extend(group_lines([self.line(m, region) for m in by_line[start:]], leaf.x0, leaf.x1))
        return groups

    def _aligned(self, by_line: list[list[int]]) -> list[tuple[int, int, list[Cell]]]:
        """Tables without rules among the lines."""
        if len(by_line) < 3:
            return []
        x0, x1, size = self._x0, self._x1, self._size
        wide = [
            [n for n in range(1, len(m)) if x0[m[n]] - x1[m[n - 1]] > _CELL_GAP * size[m[n]]] for m in by_line
        ]  # fmt: skip
        if sum(map(bool, wide)) < 3:
            return []
        lines = []
        for members, cuts in zip(by_line, wide, strict=True):
            parts = [members[a:b] for a, b in pairwise([0, *cuts, len(members)])]
            lines.append([self._piece(part) for part in parts])
        return find_aligned(lines, sorted(size[m[0]] for m in by_line)[len(by_line) // 2])

    def _piece(self, members: list[int]) -> Piece:
        right = max([self._x1[k] for k in members])
        return Piece(tuple(members), self._x0[members[0]], right, " ".join([self.strings[k] for k in members]))

    def _ruled(self, leaf: Leaf, rows: Ints, cells: Ints, region: int) -> list[Group]:
        """A ruled table, its cells row by row; rows that no rule parts are told by their lines."""
        group = Group("table")
        number = 0
        for row in np.unique(rows).tolist():
            inside = rows == row
            columns: list[list[Draft]] = []
            for cell in np.unique(cells[inside]).tolist():
                drafts = [line for line in self.lines(leaf.words[inside & (cells == cell)], region) if line.text]
                for line in drafts:
                    line.cell = cell
                columns.append(drafts)
            for drafts in _stacked_rows(columns):
                for line in drafts:
                    line.row = number
                group.lines.extend(drafts)
                number += 1
        return [group] if group.lines else []


def _stacked_rows(columns: list[list[Draft]]) -> list[list[Draft]]:
    """The rows of a table's row: one, or one for each height at which lines stand, where three cells or more hold
    stacks of figures."""
    whole = [line for column in columns for line in column]
    figures = sum(any(char.isdigit() for char in line.text) and line.text.count(" ") < 2 for line in whole)
    if sum(len(column) > 1 for column in columns) < 3 or figures < 0.6 * len(whole):
        return [whole]
    rows: list[list[Draft]] = []
    for line in sorted(whole, key=lambda line: line.base):
        if rows and line.base - rows[-1][0].base < 0.4 * line.size:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: (line.cell or 0, line.x0)) for row in rows]


def group_lines(lines: Sequence[Draft], left: float, right: float) -> list[Group]:
    """The paragraphs, headings and list items that the lines of one leaf make; left and right are the leaf's edges."""
    groups: list[Group] = []
    lines = [line for line in lines if line.text]
    if not lines:
        return groups
    pitch = _pitch(lines)
    edge = _right_edge(lines, right)
    for k, line in enumerate(lines):
        if k == 0 or _begins(lines[k - 1], line, (left, right, edge), pitch, len(groups[-1].lines) == 1):
            groups.append(Group("body", [line]))
        else:
            groups[-1].lines.append(line)
    return groups


def _pitch(lines: Sequence[Draft]) -> float:
    """The usual distance of baselines in ems."""
    steps = [(b.base - a.base) / max(a.size, b.size, 1.0) for a, b in pairwise(lines)]
    close = sorted(step for step in steps if 0.5 < step < 2.2)
    return close[int(0.35 * len(close))] if close else 1.2


def _right_edge(lines: Sequence[Draft], right: float) -> float:
    """Where most long lines end, if few others end further right (headings, tables); else the leaf's edge."""
    long = sorted(line.x1 for line in lines if len(line.text) >= _LONG)
    if len(long) < 6 or len(long) < 0.6 * len(lines):
        return right
    return min(right, long[int(0.85 * len(long))])


def _begins(before: Draft, line: Draft, sides: tuple[float, float, float], pitch: float, opened: bool) -> bool:
    """Whether `line` begins a new block after `before`, which is the first line of its own where `opened`.

    `sides`: the leaf's left and right edge, and where its running text ends.
    """
    left, right, edge = sides
    em = max(before.size, line.size)
    step = line.base - before.base
    if step > (pitch + 0.33) * em or step < 0.3 * em:
        return True
    opens_item = txt.opens_item(line.text)
    if before.text[-1:].isdecimal():
        if _LEADERS.search(before.text):
            return True
        listed = line.text[:1].isupper() or opens_item
        if listed and _ENTRY.search(before.text) and _ENTRY.search(line.text):
            return True
    ended = txt.ends_sentence(before.text)
    runs_on = line.text[:1].islower() and not ended and edge - before.x1 < 3 * em
    broken = before.text[-1:] in txt.HYPHENS and line.text[:1].islower()
    if broken and abs(line.size - before.size) < 0.12 * em:
        return False
    if not runs_on and (abs(line.size - before.size) > 0.12 * em or line.bold != before.bold):
        return True
    if opens_item and not _cites(before, line, (left, edge), em, opened):
        return True
    if runs_on and abs(line.size - before.size) > 0.3 * em:
        return True
    word = line.text.split(" ", 1)[0]
    room = edge - before.x1
    width = (line.x1 - line.x0) / max(len(line.text), 1) * (len(word) + 1)
    centred = abs((before.x0 + before.x1) - (left + right)) < 2 * em and before.x0 - left > em
    if centred and abs((line.x0 + line.x1) - (left + right)) < 2 * em:
        return False
    if before.text[-1:] in txt.HYPHENS:
        return False
    indent = line.x0 - before.x0
    wrapped = line.text[:1].islower() and not ended and len(before.text) >= _LONG and abs(indent) < 0.5 * em
    wrapped = wrapped and (len(word) > 1 or word != before.text.split(" ", 1)[0])  # 'o' may be a bullet
    if room > width + 1.5 * em and not wrapped:
        return True
    return indent > 0.8 * em and line.x0 - left > 0.8 * em and ended


def _cites(before: Draft, line: Draft, sides: tuple[float, float], em: float, opened: bool) -> bool:
    """Whether what looks like an item's mark at the start of `line` goes on with the sentence of a full line before.

    `opened`: the line before is the first of its block.
    """
    left, right = sides
    if txt.ends_sentence(before.text) or txt.opens_bullet(line.text) or right - before.x1 > 3 * em:
        return False
    if before.x0 - left > 0.5 * em and abs((before.x0 + before.x1) - (left + right)) < 0.8 * em:
        return False  # a centred heading
    indent = line.x0 - before.x0
    if indent > 0.5 * em or (indent < -0.5 * em and not opened):
        return False
    if txt.cites(line.text):
        return True
    if before.text.endswith(",") or (before.text.isupper() and not line.text.isupper()):
        return False
    mark = line.text.split(" ", 1)[0]
    fits = right - before.x1 > (len(mark) + 1) * (line.x1 - line.x0) / max(len(line.text), 1) + 0.3 * em
    return not fits and (indent < -0.5 * em or not txt.opens_item(before.text))


def goes_on(before: Group, after: Group, leaf: Leaf) -> bool:
    """Whether the last paragraph of the column `leaf` goes on with the first block of the next column."""
    last, line = before.lines[-1], after.lines[0]
    if before.role != "body" or after.role != "body":
        return False
    if abs(last.size - line.size) > 0.08 * last.size or last.bold != line.bold:
        return False
    if txt.opens_item(line.text) or txt.ends_sentence(last.text):
        return False
    if last.text[-1:] in txt.HYPHENS:
        return True
    start = line.text.lstrip("«“\"'(")[:1]
    return leaf.x1 - last.x1 < 3 * last.size and (start.islower() or start.isdigit())


def split_footnotes(
    groups: list[Group], across: Floats, width: float, height: float
) -> tuple[list[Group], list[Group]]:
    """A column's blocks, and the footnotes at its foot: set smaller than the column, opened by a mark, or under a
    short rule."""
    if len(groups) < 2 or groups[-1].lines[-1].base < 0.45 * height:
        return groups, []
    sizes = [(line.size, len(line.text)) for group in groups for line in group.lines]
    body = _weighted_median(sizes)
    first = len(groups)
    while first > 1 and all(line.size < 0.93 * body for line in groups[first - 1].lines):
        first -= 1
    while first < len(groups) and groups[first].role != "body":
        first += 1
    if first == len(groups):
        return groups, []
    top = groups[first].lines[0]
    above = groups[first - 1].lines[-1]
    ruled = False
    if len(across):
        between = (across[:, 1] > above.base - 2) & (across[:, 1] < top.base - 0.3 * top.size)
        short = across[:, 2] - across[:, 0] < 0.6 * width
        near = short & (across[:, 0] < top.x0 + 3 * top.size) & (across[:, 2] > top.x0)
        ruled = bool((between & near).any())
    marked = _NOTE.match(top.text) is not None
    apart = top.base - above.base > 1.6 * body
    if not ((marked and (ruled or apart)) or (ruled and top.base > 0.6 * height)):
        return groups, []
    notes = groups[first:]
    for group in notes:
        group.role = "footnote"
    return groups[:first], notes


_ENTRY = re.compile(r"[^\W\d](?:[ .…]+| )\d{1,4}$|\)[ .…]+\d{1,4}$")
"""A line of a table of contents ends in a page number."""
_LEADERS = re.compile(r"(?:\.{3,}|…|(?: \.){3,}) ?\d{1,4}$")
_LONG = 45
"""Characters from which on a line is one of running text, which wraps, and no item of a list."""
_NOTE = re.compile(r"^(?:\(?\d{1,3}\)?|\*{1,3}|[†‡]|\([a-z*]\))(?=\D)")


def _weighted_median(values: list[tuple[float, int]]) -> float:
    ordered = sorted(values)
    half = sum(weight for _, weight in ordered) / 2
    for value, weight in ordered:
        half -= weight
        if half <= 0:
            return value
    return ordered[-1][0]


def set_strays(sheet: Sheet, strays: Ints, region: int) -> list[Group]:
    """Text that runs at another angle than the page's, each run a line with one box: watermarks, stamps in the margin,
    labels of charts and turned cells."""
    groups: list[Group] = []
    if not len(strays):
        return groups
    style = sheet.style[strays]
    cuts = np.flatnonzero((np.diff(strays) > 2) | (np.diff(style) != 0)) + 1
    for run in np.split(strays, cuts):
        first, last = int(run[0]), int(run[-1]) + 1
        look = sheet.styles[sheet.style[first]]
        boxes = sheet.boxes[run]
        x0, y0 = np.clip(boxes[:, :2].min(axis=0), 0, [sheet.width, sheet.height]).tolist()
        x1, y1 = np.clip(boxes[:, 2:].max(axis=0), 0, [sheet.width, sheet.height]).tolist()
        printed = " ".join(sheet.text[first:last].split())
        string, _ = txt.set_text([(printed, [x0] * len(printed), x1)])
        edges = [x0] * len(string) + [x1]
        if not string.strip():
            continue
        line = Draft(string, edges, x0, x1, y1, look.size, look.bold, look.italic, region, angle=max(look.angle, 0))
        line.box = (x0, y0, x1, y1)
        margin = x1 < 0.09 * sheet.width or x0 > 0.91 * sheet.width
        large = look.angle < 0 and look.size > 24
        groups.append(Group("watermark" if large else "furniture" if margin else "body", [line]))
    return groups
