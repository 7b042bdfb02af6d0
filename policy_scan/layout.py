"""From the words of a page to leaves in reading order: parts of the page that are read line by line, or tables.

    words -> ruled tables and drawn boxes set apart -> zones cut at rules, white gutters and bands -> leaves

A zone is read column by column where a vertical rule or a white strip parts running text on both sides, else band by
band from the top, each band from left to right. A table or box takes part in this as one solid piece of text and is
read where it stands.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .geometry import ASCENT, DESCENT, Bools, Strip, Words, median, rows_of, white_strips
from .grids import Box, Grid, area, cut, find_boxes, find_grids, holds, split_rules
from .pdf import Floats, Ints, Sheet

_PROSE_CELL = 60
"""Words per filled cell from which on a grid frames running text and is no table."""


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """The words of one column or box, or of one ruled table: `rows` and `cells` are then each word's, else None.

    `x0` and `x1` are the edges of the column, `path` its place in the cutting: leaves with one path but for the last
    number are parts of one column.
    """

    words: Ints
    x0: float
    x1: float
    rows: Ints | None = None
    cells: Ints | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Atom:
    """A ruled table or a drawn box: read as one piece where it stands."""

    box: Box
    grid: Grid | None
    words: Ints
    parent: int | None


class Layout:
    """One page's body words and what is drawn around them."""

    def __init__(self, sheet: Sheet, words: Words, body: Ints, ruled_tables: bool = True) -> None:
        self._n = len(words)
        self._x0, self._x1, self._base, self._size = words.x0, words.x1, words.base, words.size
        self._chain = words.chain
        self.across, self.down = split_rules(sheet.rules)
        self._owner = np.full(self._n, -1, np.int32)
        self._atoms: list[_Atom] = []
        self._read: set[int] = set()
        self._body = body
        self._upright = sheet.height > sheet.width
        self._sheet, self._words = sheet, words
        self._set_apart(sheet, body, ruled_tables)
        self._tile()

    def leaves(self) -> list[Leaf]:
        """The body in reading order."""
        top = [k for k, atom in enumerate(self._atoms) if atom.parent is None]
        return self._zone(self._members(None, top), 0)

    def _set_apart(self, sheet: Sheet, body: Ints, ruled_tables: bool) -> None:
        """Finds tables and boxes and gives each word to the innermost one that holds it."""
        if not len(body):
            return
        x0, x1 = self._x0[body], self._x1[body]
        x, y = (x0 + x1) / 2, self._base[body] - 0.3 * self._size[body]
        atoms: list[tuple[Box, Grid | None]] = []
        grids = find_grids(self.across, self.down) if ruled_tables else []
        for grid in sorted(grids, key=lambda grid: -area(grid.box)):
            left, top, right, bottom = grid.box
            if any(cut(grid.box, table) for table, _ in atoms):
                continue
            inside = (x >= left) & (x <= right) & (y >= top) & (y <= bottom)
            if inside.any() and len(np.unique(grid.place(x[inside], y[inside])[1])) > 1:
                atoms.append((grid.box, grid))
        tables = [box for box, _ in atoms]
        drawn_boxes = find_boxes(sheet.panels, x0, x1, y, sheet.width, sheet.height)
        atoms.extend((drawn, None) for drawn in drawn_boxes if not any(cut(drawn, table) for table in tables))
        boxes = [box for box, _ in atoms]
        inner = np.full(len(body), -1, np.int32)
        for k in sorted(range(len(atoms)), key=lambda k: -area(boxes[k])):
            left, top, right, bottom = boxes[k]
            inner[(x >= left) & (x <= right) & (y >= top) & (y <= bottom)] = k
        for k, (drawn, found) in enumerate(atoms):
            self._atoms.append(_Atom(drawn, found, body[inner == k], holds(drawn, boxes)))
        self._owner[body] = inner
        for left, top, right, bottom in tables:  # a table's own rules part no columns of the page
            x, y = (self.down[:, 0] + self.down[:, 2]) / 2, (self.down[:, 1] + self.down[:, 3]) / 2
            self.down = self.down[~((x >= left - 3) & (x <= right + 3) & (y >= top - 3) & (y <= bottom + 3))]

    def _tile(self) -> None:
        """Stands solid text in for each table and box, so that rows, strips and bands see it."""
        if not self._atoms:
            return
        em = median(self._size[self._body])
        x0, x1, base, owner = [self._x0], [self._x1], [self._base], [self._owner]
        for k, atom in enumerate(self._atoms):
            left, top, right, bottom = atom.box
            lines = np.arange(top + em, max(bottom, top + 1.1 * em), 1.2 * em, dtype=np.float32)
            starts = np.arange(left, max(right - 1.5 * em, left + 1), 3 * em, dtype=np.float32)
            ends = np.concatenate((starts[1:], [right])).astype(np.float32)
            x0.append(np.tile(starts, len(lines)))
            x1.append(np.tile(ends, len(lines)))
            base.append(np.repeat(lines, len(starts)))
            owner.append(np.full(len(lines) * len(starts), -2 - k, np.int32))
        self._x0, self._x1, self._base = np.concatenate(x0), np.concatenate(x1), np.concatenate(base)
        self._owner = np.concatenate(owner)
        fill = np.full(len(self._x0) - self._n, em, np.float32)
        self._size = np.concatenate((self._size, fill))
        apart = np.arange(len(fill), dtype=np.int32) + (int(self._chain.max()) + 1 if self._n else 0)
        self._chain = np.concatenate((self._chain, apart))

    def _members(self, atom: int | None, children: list[int]) -> Ints:
        """Words directly in an atom (None: in none) and the tiles of its children."""
        own = self._body[self._owner[self._body] == -1] if atom is None else self._atoms[atom].words
        tiles = [np.flatnonzero(self._owner == -2 - child).astype(np.int32) for child in children]
        return np.concatenate([own, *tiles])

    def _zone(self, index: Ints, depth: int) -> list[Leaf]:
        """Leaves of the words and tiles `index`."""
        if not len(index):
            return []
        if depth > 14 or len(index) == 1 or self._is_one_atom(index):
            return self._leaf(index)
        parts = self._at_rule(index)
        rows = rows_of(self._base[index], self._size[index])
        if parts is None and int(rows.max()) >= 1:
            parts = self._at_strip(index, rows)
        if parts is not None:
            return [leaf for part in parts for leaf in self._zone(part, depth + 1)]
        return self._bands(index, rows, depth)

    def _is_one_atom(self, index: Ints) -> bool:
        owner = int(self._owner[index[0]])
        return owner < -1 and bool((self._owner[index] == owner).all())

    def _at_rule(self, index: Ints) -> tuple[Ints, ...] | None:
        """Above, left, right and below of the longest vertical rule that parts the zone, or None."""
        if not len(self.down):
            return None
        x0, x1, base = self._x0[index], self._x1[index], self._base[index]
        em = median(self._size[index])
        long = self.down[self.down[:, 3] - self.down[:, 1] > 3 * em]
        for rule in long[np.argsort(long[:, 1] - long[:, 3])][:8].tolist():
            x = (rule[0] + rule[2]) / 2
            beside = (base > rule[1] - 0.2 * em) & (base - 0.7 * em < rule[3])
            left, right = beside & (x1 <= x + 1.5), beside & (x0 >= x - 1.5)
            if not left.any() or not right.any() or (beside & ~left & ~right).any():
                continue
            above = ~beside & (base <= rule[1])
            return index[above], index[left], index[right], index[~beside & ~above]
        return None

    def _at_strip(self, index: Ints, rows: Ints) -> tuple[Ints, ...] | None:
        """Above, left, right and below of the white strip that parts columns in the zone, or None."""
        x0, x1 = self._x0[index], self._x1[index]
        barriers = self._barriers(index, rows)
        for found in white_strips(x0, x1, rows, 3, barriers):
            strip = self._uncrossed(found, index, rows)
            middle = (strip.x0 + strip.x1) / 2
            inside = (rows >= strip.top) & (rows <= strip.bottom)
            left = inside & (x1 <= middle)
            right = inside & ~left
            if self._parts_columns(strip, index, rows, left, right):
                return index[rows < strip.top], index[left], index[right], index[rows > strip.bottom]
        return None

    def _uncrossed(self, strip: Strip, index: Ints, rows: Ints) -> Strip:
        """The longest part of a strip that no line crosses: a heading's space between words may lie in the gutter.

        A line crosses where the stream sets it in one go; where most lines are set so, that tells nothing.
        """
        x0, x1, chain = self._x0[index], self._x1[index], self._chain[index].astype(np.int64)
        inside = (rows >= strip.top) & (rows <= strip.bottom)
        left = x1 <= (strip.x0 + strip.x1) / 2
        key = rows * (np.int64(len(self._chain)) + 1) + chain
        both = np.intersect1d(key[inside & left], key[inside & ~left])
        crossed = np.unique(both // (len(self._chain) + 1))
        shared = np.intersect1d(rows[inside & left], rows[inside & ~left])
        if not len(crossed) or len(crossed) > 0.25 * len(shared):
            return strip
        ends = np.concatenate(([strip.top - 1], crossed, [strip.bottom + 1]))
        k = int(np.argmax(np.diff(ends)))
        top, bottom = int(ends[k]) + 1, int(ends[k + 1]) - 1
        part = (rows >= top) & (rows <= bottom)
        if not (part & left).any() or not (part & ~left).any():
            return strip
        return Strip(float(x1[part & left].max()), float(x0[part & ~left].min()), top, bottom, strip.score)

    def _barriers(self, index: Ints, rows: Ints) -> list[int]:
        """Rows below a horizontal rule over most of the zone's width: no column runs through it."""
        if not len(self.across):
            return []
        left, right = float(self._x0[index].min()), float(self._x1[index].max())
        base = self._base[index]
        over = np.minimum(self.across[:, 2], right) - np.maximum(self.across[:, 0], left)
        found = []
        for y in self.across[over > 0.8 * (right - left), 1].tolist():
            above = rows[base < y]
            if len(above) and len(above) < len(rows):
                found.append(int(above.max()) + 1)
        return sorted(set(found))

    def _parts_columns(self, strip: Strip, index: Ints, rows: Ints, left: Bools, right: Bools) -> bool:
        """Whether the strip parts columns of running text (and not list marks, table cells or chance gaps)."""
        a, b = index[left], index[right]
        if not len(a) or not len(b):
            return False
        em = median(self._size[index])
        rows_a, rows_b = rows[left], rows[right]
        lines_a, lines_b = len(np.unique(rows_a)), len(np.unique(rows_b))
        least = min(lines_a, lines_b)
        gap = strip.x1 - strip.x0
        if least < 3 or gap < 3.2 or len(a) < 2.1 * lines_a or len(b) < 2.1 * lines_b:
            return False
        if self._is_signatures(a, rows_a, em) or self._is_signatures(b, rows_b, em):
            return False
        width_a = strip.x0 - float(self._x0[a].min())
        width_b = float(self._x1[b].max()) - strip.x1
        if min(width_a, width_b) < 7 * em or min(width_a, width_b) < 0.15 * max(width_a, width_b):
            return False
        begins, ends = self._line_edges(b, rows_b)
        aligned = _share_aligned(begins, ends, em)
        if gap < 0.9 * em:
            return least >= 6 and aligned >= 0.5 and abs(median(begins) - strip.x1) < 3 * em
        return aligned >= 0.4 or least >= 8

    def _is_signatures(self, index: Ints, rows: Ints, em: float, lone: bool = False) -> bool:
        """Whether short lines under each other, a name in capitals last, are those of a signatory; not so on slides."""
        if not self._upright:
            return False
        lowest = index[rows == rows.max()]
        if len(lowest) < 2 or not self._in_capitals(lowest) or (index >= self._n).any():
            return False
        lines = np.unique(rows)
        if len(lines) < 2 or len(index) > 3.5 * len(lines):
            return False
        begins, ends = self._line_edges(index, rows)
        if _share_aligned(begins, ends, em) < 0.6:
            return False
        return not lone or not any(self._in_capitals(index[rows == row]) for row in lines[:-1].tolist())

    def _in_capitals(self, index: Ints) -> bool:
        first, last = self._words.first, self._words.last
        return all(k < self._n and self._sheet.text[first[k] : last[k]].isupper() for k in index.tolist())

    def _line_edges(self, index: Ints, rows: Ints) -> tuple[Floats, Floats]:
        """Left and right end of each line of the words."""
        starts = np.full(int(rows.max()) + 1, np.inf, np.float32)
        ends = np.full(int(rows.max()) + 1, -np.inf, np.float32)
        np.minimum.at(starts, rows, self._x0[index])
        np.maximum.at(ends, rows, self._x1[index])
        real = np.isfinite(starts)
        return starts[real], ends[real]

    def _bands(self, index: Ints, rows: Ints, depth: int) -> list[Leaf]:
        """Leaves of a zone without columns: bands from the top, the parts of a band from the left."""
        count = int(rows.max()) + 1
        if count == 1:
            return self._leaf(index)
        em = median(self._size[index])
        signed = self._side_by_side(index, rows, lone=True) if self._in_capitals(index[rows == count - 1]) else None
        if signed is not None:
            return [leaf for part in signed for leaf in self._zone(part, depth + 1)]
        top = np.full(count, np.inf)
        bottom = np.full(count, -np.inf)
        # values of another type than the target's take numpy twenty times as long
        np.minimum.at(top, rows, (self._base[index] - ASCENT * self._size[index]).astype(top.dtype))
        np.maximum.at(bottom, rows, (self._base[index] + DESCENT * self._size[index]).astype(bottom.dtype))
        reach = np.maximum.accumulate(bottom)
        cuts = np.flatnonzero(top[1:] - reach[:-1] > 0.55 * em) + 1
        starts = np.concatenate(([0], cuts)).tolist()
        ends = np.concatenate((cuts, [count])).tolist()
        leaves: list[Leaf] = []
        pending: list[Ints] = []
        for first, last in zip(starts, ends, strict=True):
            inside = (rows >= first) & (rows < last)
            band = index[inside]
            split = self._side_by_side(band, rows[inside] - first) if last - first > 1 else None
            if split is None:
                pending.append(band)
                continue
            if pending:
                leaves.extend(self._leaf(np.concatenate(pending)))
                pending = []
            leaves.extend(self._zone(split[0], depth + 1))
            leaves.extend(self._zone(split[1], depth + 1))
        if pending:
            leaves.extend(self._leaf(np.concatenate(pending)))
        return leaves

    def _side_by_side(self, index: Ints, rows: Ints, lone: bool = False) -> tuple[Ints, Ints] | None:
        """The left and the right part of a band whose parts are to be read one after the other, or None.

        `lone`: only where both are the lines of one signatory each.
        """
        x0, x1 = self._x0[index], self._x1[index]
        em = median(self._size[index])
        order = np.argsort(x0)
        reach = np.maximum.accumulate(x1[order])
        gaps = x0[order][1:] - reach[:-1]
        if not len(gaps) or gaps.max() < 0.4 * em:
            return None
        count = int(rows.max()) + 1
        for k in np.argsort(-gaps)[:4].tolist():
            if gaps[k] < 0.4 * em:
                return None
            left = x1 <= reach[k] + 0.01
            parts = ((index[left], rows[left]), (index[~left], rows[~left]))
            if all(self._is_signatures(part, own, em, lone) for part, own in parts):
                return index[left], index[~left]
            if lone or gaps[k] < em or self._is_word_gap(index, rows, left):
                continue
            lines_a, lines_b = len(np.unique(rows[left])), len(np.unique(rows[~left]))
            tiled = bool((self._owner[index] < -1).any())
            if not tiled and (len(index[left]) < 1.5 * lines_a or len(index[~left]) < 1.5 * lines_b):
                continue
            if not tiled and lines_a == lines_b == count and count >= 3:
                continue
            return index[left], index[~left]
        return None

    def _is_word_gap(self, index: Ints, rows: Ints, left: Bools) -> bool:
        """Whether the gap right of the words `left` is but a wide space of a justified line with others as wide."""
        shared = np.intersect1d(rows[left], rows[~left])
        if len(shared) != 1:
            return False
        line = rows == shared[0]
        order = np.argsort(self._x0[index[line]])
        gaps = self._x0[index[line]][order][1:] - self._x1[index[line]][order][:-1]
        gaps = np.sort(gaps)
        return len(gaps) > 1 and bool(gaps[-1] < 2 * gaps[-2])

    def _leaf(self, index: Ints) -> list[Leaf]:
        """The leaf that the words make; tables and boxes among them are read where they stand."""
        owner = self._owner[index]
        free = index[owner >= -1]
        atoms = sorted(
            {-2 - int(k) for k in owner[owner < -1]}, key=lambda k: (self._atoms[k].box[1], self._atoms[k].box[0])
        )
        edged = free if len(free) else index  # a box may reach beyond the column's text
        left, right = float(self._x0[edged].min()), float(self._x1[edged].max())
        if not atoms:
            return [Leaf(free, left, right)]
        leaves: list[Leaf] = []
        for k in atoms:
            x0, y0, _, y1 = self._atoms[k].box
            middle = self._base[free] - 0.3 * self._size[free]
            before = (middle < y0) | ((middle < y1) & (self._x1[free] <= x0 + 3))
            if before.any():
                leaves.append(Leaf(free[before], left, right))
            free = free[~before]
            leaves.extend(self._inside(k))
        if len(free):
            leaves.append(Leaf(free, left, right))
        return leaves

    def _inside(self, k: int) -> list[Leaf]:
        """The leaves of a table or box; none where it was read already."""
        if k in self._read:
            return []
        self._read.add(k)
        atom = self._atoms[k]
        if atom.grid is None:
            children = [child for child, other in enumerate(self._atoms) if other.parent == k]
            return self._zone(self._members(k, children), 1)
        words = atom.words
        if not len(words):
            return []
        x, y = (self._x0[words] + self._x1[words]) / 2, self._base[words] - 0.3 * self._size[words]
        rows, cells = atom.grid.place(x, y)
        places = rows * len(atom.grid.xs) + cells
        filled = np.unique(places)
        if len(words) >= _PROSE_CELL * len(filled):
            return [leaf for place in filled for leaf in self._zone(words[places == place], 1)]
        return [Leaf(words, atom.box[0], atom.box[2], rows, cells)]


def _share_aligned(begins: Floats, ends: Floats, em: float) -> float:
    """The share of lines that begin at the commonest left edge, or lie around the commonest middle."""
    most = 0.0
    middles: Floats = (begins + ends) / np.float32(2)
    for values in (begins, middles):
        tried: Floats = np.sort(values)[:: max(1, len(values) // 12)]
        near = np.abs(values[None, :] - tried[:, None]) < 0.3 * em
        most = max(most, float(near.sum(axis=1).max()) / len(values))
    return most
