"""From the words of a page to drafts of lines in reading order, grouped into blocks.

    words -> ruled tables set apart -> zones cut at white gutters and bands -> leaves -> lines -> blocks

A zone is read column by column where a white strip (or a rule) parts running text on both sides, else band by band from
the top, each band from left to right.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from . import text as txt
from .geometry import ASCENT, DESCENT, Bools, Strip, Words, rows_of, white_strips
from .pdf import Floats, Ints, Sheet


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
    angle: int = 0
    row: int | None = None
    cell: int | None = None

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


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """A part of the page read line by line, or a table: `cells` numbers (row, cell) of each word, else None."""

    words: Ints
    x0: float
    x1: float
    cells: Ints | None = None


class Layout:
    """One page's words and what is drawn around them; the working state of `arrange`."""

    def __init__(self, sheet: Sheet, words: Words) -> None:
        self.sheet = sheet
        self.words = words
        rules = sheet.rules
        wide, tall = rules[:, 2] - rules[:, 0], rules[:, 3] - rules[:, 1]
        self.across: Floats = rules[(wide > 20) & (tall <= 3)]
        self.down: Floats = rules[(tall > 20) & (wide <= 3)]

    def leaves(self, index: Ints) -> list[Leaf]:
        """The words `index` as leaves in reading order."""
        if not len(index):
            return []
        return self._zone(index, 0)

    def _leaf(self, index: Ints) -> Leaf:
        return Leaf(index, float(self.words.x0[index].min()), float(self.words.x1[index].max()))

    def _zone(self, index: Ints, depth: int) -> list[Leaf]:
        if not len(index):
            return []
        words = self.words
        if depth > 12 or len(index) == 1:
            return [self._leaf(index)]
        rows = rows_of(words, index)
        count = int(rows.max()) + 1
        if count >= 2:
            for strip in white_strips(words, index, rows):
                middle = (strip.x0 + strip.x1) / 2
                inside = (rows >= strip.top) & (rows <= strip.bottom)
                left = inside & (words.x1[index] <= middle)
                right = inside & ~left
                if self._parts_columns(strip, index, rows, left, right):
                    return [
                        *self._zone(index[rows < strip.top], depth + 1),
                        *self._zone(index[left], depth + 1),
                        *self._zone(index[right], depth + 1),
                        *self._zone(index[rows > strip.bottom], depth + 1),
                    ]
        return self._bands(index, rows, depth)

    def _parts_columns(self, strip: Strip, index: Ints, rows: Ints, left: Bools, right: Bools) -> bool:
        """Whether the strip parts columns of running text (and not list marks, table cells or chance gaps)."""
        words = self.words
        a, b = index[left], index[right]
        if not len(a) or not len(b):
            return False
        em = float(np.median(words.size[index]))
        top = max(float(words.base[a].min()), float(words.base[b].min())) - em
        bottom = min(float(words.base[a].max()), float(words.base[b].max()))
        if self._ruled(strip, top, bottom):
            return True
        lines_a, lines_b = len(np.unique(rows[left])), len(np.unique(rows[right]))
        least = min(lines_a, lines_b)
        gap = strip.x1 - strip.x0
        if least < 3 or gap < 3.2:
            return False
        if len(a) < 2.2 * lines_a or len(b) < 2.2 * lines_b:
            return False
        width_a = strip.x0 - float(words.x0[a].min())
        width_b = float(words.x1[b].max()) - strip.x1
        if min(width_a, width_b) < 7 * em or min(width_a, width_b) < 0.15 * max(width_a, width_b):
            return False
        begins = _line_starts(words, b, rows[right])
        near = np.abs(begins - strip.x1) < 0.25 * em
        aligned = float(np.mean(near | (np.abs(begins - strip.x1) < 2.5 * em) & (near.sum() > 2)))
        if gap < 0.9 * em:
            return least >= 6 and aligned >= 0.6
        return aligned >= 0.35 or least >= 8

    def _ruled(self, strip: Strip, top: float, bottom: float) -> bool:
        """Whether a vertical rule stands in the strip for most of the height where both sides have text."""
        if not len(self.down) or bottom <= top:
            return False
        x = (self.down[:, 0] + self.down[:, 2]) / 2
        hit = self.down[(x >= strip.x0 - 1.5) & (x <= strip.x1 + 1.5)]
        covered = np.clip(np.minimum(hit[:, 3], bottom) - np.maximum(hit[:, 1], top), 0, None).sum()
        return bool(covered >= 0.6 * (bottom - top))

    def _bands(self, index: Ints, rows: Ints, depth: int) -> list[Leaf]:
        words = self.words
        count = int(rows.max()) + 1
        if count == 1:
            return [self._leaf(index)]
        em = float(np.median(words.size[index]))
        top = np.full(count, np.inf)
        bottom = np.full(count, -np.inf)
        np.minimum.at(top, rows, words.base[index] - ASCENT * words.size[index])
        np.maximum.at(bottom, rows, words.base[index] + DESCENT * words.size[index])
        reach = np.maximum.accumulate(bottom)
        cuts = np.flatnonzero(top[1:] - reach[:-1] > 0.55 * em) + 1
        starts = np.concatenate(([0], cuts))
        ends = np.concatenate((cuts, [count]))
        leaves: list[Leaf] = []
        pending: list[Ints] = []
        for first, last in zip(starts.tolist(), ends.tolist(), strict=True):
            inside = (rows >= first) & (rows < last)
            band = index[inside]
            split = self._side_by_side(band, rows[inside] - first) if last - first > 1 else None
            if split is None:
                pending.append(band)
                continue
            if pending:
                leaves.append(self._leaf(np.concatenate(pending)))
                pending = []
            leaves.extend(self._zone(split[0], depth + 1))
            leaves.extend(self._zone(split[1], depth + 1))
        if pending:
            leaves.append(self._leaf(np.concatenate(pending)))
        return leaves

    def _side_by_side(self, index: Ints, rows: Ints) -> tuple[Ints, Ints] | None:
        """The left and the right part of a band whose parts are to be read one after the other, or None."""
        words = self.words
        count = int(rows.max()) + 1
        em = float(np.median(words.size[index]))
        for strip in white_strips(words, index, rows, least=1):
            if strip.top > 0 or strip.bottom < count - 1 or strip.x1 - strip.x0 < 1.0 * em:
                continue
            middle = (strip.x0 + strip.x1) / 2
            left = words.x1[index] <= middle
            lines_a, lines_b = len(np.unique(rows[left])), len(np.unique(rows[~left]))
            if len(index[left]) < 1.5 * lines_a or len(index[~left]) < 1.5 * lines_b:
                continue
            if lines_a == lines_b == count and count >= 3:
                continue
            return index[left], index[~left]
        return None


def _line_starts(words: Words, index: Ints, rows: Ints) -> Floats:
    starts = np.full(int(rows.max()) + 1, np.inf, np.float32)
    np.minimum.at(starts, rows, words.x0[index])
    return starts[np.isfinite(starts)]


def draft_lines(sheet: Sheet, words: Words, leaf: Leaf, region: int, angle: int = 0) -> list[Draft]:
    """The lines of a leaf, from the top."""
    index = leaf.words
    rows = rows_of(words, index)
    order = np.lexsort((words.x0[index], rows))
    index, rows = index[order], rows[order]
    cuts = np.flatnonzero(np.diff(rows)) + 1
    return [draft_line(sheet, words, part.tolist(), region, angle) for part in np.split(index, cuts)]


def draft_line(sheet: Sheet, words: Words, members: list[int], region: int, angle: int = 0) -> Draft:
    """One line made of the words `members`, from left to right."""
    text, boxes = sheet.text, sheet.boxes
    first, last = words.first, words.last
    placed = [(text[first[k] : last[k]], float(words.x0[k]), float(words.x1[k])) for k in members]
    size = max(float(words.size[k]) for k in members)
    closed = txt.close_letterspacing(placed, size) if len(members) >= 4 else [False] * len(members)
    pieces: list[tuple[str, list[float], float]] = []
    before, bold, italic, count = -1, 0, 0, 0
    for k, (word, x0, x1), close in zip(members, placed, closed, strict=True):
        if (
            pieces
            and not close
            and (words.spaced[k] or (before != words.chain[k] and x0 - pieces[-1][2] > 0.12 * size))
        ):
            pieces.append((" ", [pieces[-1][2]], x0))
        pieces.append((word, boxes[first[k] : last[k], 0].tolist(), x1))
        before = words.chain[k]
        style = sheet.styles[words.style[k]]
        count += len(word)
        bold += len(word) * style.bold
        italic += len(word) * style.italic
    string, edges = txt.set_text(pieces)
    kept = [min(max(edge, 0.0), sheet.width) for edge in edges]
    for k in range(1, len(kept)):
        if kept[k] < kept[k - 1]:
            kept[k] = kept[k - 1]
    base = float(words.base[members[0]])
    return Draft(
        string, kept, min(p[1] for p in placed), max(p[2] for p in placed), base, size,
        bold > 0.6 * count, italic > 0.6 * count, region, angle,
    )  # fmt: skip


def group_lines(lines: Sequence[Draft], left: float, right: float) -> list[Group]:
    """The paragraphs, headings and list items that the lines of one leaf make; left and right are the leaf's edges."""
    groups: list[Group] = []
    if not lines:
        return groups
    pitch = _pitch(lines)
    for k, line in enumerate(lines):
        before = lines[k - 1] if k else None
        if before is None or _begins(before, line, lines[k - 2] if k > 1 else None, left, right, pitch):
            groups.append(Group("body", [line]))
        else:
            groups[-1].lines.append(line)
    return groups


def _pitch(lines: Sequence[Draft]) -> float:
    """The usual distance of baselines in ems."""
    steps = [(b.base - a.base) / max(a.size, b.size, 1.0) for a, b in pairwise(lines)]
    close = [step for step in steps if 0.5 < step < 2.2]
    return float(np.percentile(close, 35)) if close else 1.2


def _begins(before: Draft, line: Draft, earlier: Draft | None, left: float, right: float, pitch: float) -> bool:
    """Whether `line` begins a new block after `before`."""
    em = max(before.size, line.size)
    step = line.base - before.base
    if step > (pitch + 0.33) * em or step < 0.3 * em:
        return True
    if abs(line.size - before.size) > 0.12 * em or line.bold != before.bold:
        return True
    if txt.opens_item(line.text):
        return True
    word = line.text.split(" ", 1)[0]
    room = right - before.x1
    width = (line.x1 - line.x0) / max(len(line.text), 1) * (len(word) + 1)
    centred = abs((before.x0 + before.x1) - (left + right)) < 2 * em and before.x0 - left > em
    if centred and abs((line.x0 + line.x1) - (left + right)) < 2 * em:
        return False
    if before.text[-1:] in txt.HYPHENS:
        return False
    if room > width + 1.5 * em:
        return True
    indent = line.x0 - before.x0
    return indent > 0.8 * em and line.x0 - left > 0.8 * em and txt.ends_sentence(before.text)


def goes_on(before: Draft, line: Draft, known: Collection[str]) -> bool:
    """Whether a paragraph that ends a column with `before` goes on with `line` at the top of the next one."""
    if abs(before.size - line.size) > 0.08 * before.size or before.bold != line.bold:
        return False
    if txt.opens_item(line.text) or txt.ends_sentence(before.text):
        return False
    start = line.text.lstrip("«“\"'(")[:1]
    return before.text[-1:] in txt.HYPHENS or start.islower() or start.isdigit() or before.text.endswith(",")
