"""Tables, ruled or told by cells that stand under each other, and boxes drawn on a page.

    rules -> merged rules -> crossing ones together -> elementary cells -> cells (merged where no rule parts them)

pdfplumber's table finder goes the same way; this one starts from the rules that pdfium has read already, so that a page
with a table costs a millisecond or two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .pdf import Floats, Ints

_TOUCH = 2.5
"""Rules that come this near to each other, in points, meet."""
_MAX_RULES = 1200
_LEAST_ROWS = 3
_SLACK = 0.7
"""Ems that the edges of cells in one column may differ by."""

Box = tuple[float, float, float, float]
Places = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """A ruled table: `xs` and `ys` are the places of its rules; `owner` (rows, columns) numbers the cell that each
    elementary cell belongs to, as row * columns + column of the cell's first elementary cell."""

    xs: Floats
    ys: Floats
    owner: Ints

    @property
    def box(self) -> Box:
        return float(self.xs[0]), float(self.ys[0]), float(self.xs[-1]), float(self.ys[-1])

    @property
    def n_cells(self) -> int:
        return len(np.unique(self.owner))

    def place(self, x: Places, y: Places) -> tuple[Ints, Ints]:
        """Row and column of the cells that the points lie in."""
        columns = len(self.xs) - 1
        column = np.clip(np.searchsorted(self.xs, x) - 1, 0, columns - 1)
        row = np.clip(np.searchsorted(self.ys, y) - 1, 0, len(self.ys) - 2)
        owner = self.owner[row, column]
        return (owner // columns).astype(np.int32), (owner % columns).astype(np.int32)


def split_rules(rules: Floats) -> tuple[Floats, Floats]:
    """Horizontal and vertical rules (x0, y0, x1, y1), pieces of one line joined."""
    wide, tall = rules[:, 2] - rules[:, 0], rules[:, 3] - rules[:, 1]
    across = _joined(rules[(wide >= tall) & (wide > 4)], 0)
    down = _joined(rules[(tall > wide) & (tall > 4)], 1)
    return across, down


def _joined(rules: Floats, along: int) -> Floats:
    if len(rules) < 2:
        return rules
    side = 1 - along
    middle = (rules[:, side] + rules[:, side + 2]) / 2
    order = np.lexsort((rules[:, along], np.round(middle / 1.5)))
    made: list[list[float]] = []
    last = 0.0
    for x0, y0, x1, y1 in rules[order].tolist():
        box = [x0, y0, x1, y1]
        here = (box[side] + box[side + 2]) / 2
        if made and abs(here - last) <= 1.6 and box[along] <= made[-1][along + 2] + _TOUCH:
            old = made[-1]
            old[along + 2] = max(old[along + 2], box[along + 2])
        else:
            made.append(box)
            last = here
    return np.array(made, np.float32)


def find_grids(across: Floats, down: Floats) -> list[Grid]:
    """Grids of at least two columns or three rows and three cells, from the top."""
    if len(across) < 2 or len(down) < 2 or len(across) + len(down) > _MAX_RULES:
        return []
    meets = (
        (across[:, None, 0] - _TOUCH <= down[None, :, 2])
        & (across[:, None, 2] + _TOUCH >= down[None, :, 0])
        & (down[None, :, 1] - _TOUCH <= across[:, None, 3])
        & (down[None, :, 3] + _TOUCH >= across[:, None, 1])
    )
    label = np.arange(len(across))
    while True:  # the smallest label spreads over rules that meet
        through = np.where(meets, label[:, None], len(across)).min(axis=0)
        spread = np.minimum(label, np.where(meets, through[None, :], len(across)).min(axis=1))
        if (spread == label).all():
            break
        label = spread
    grids: list[Grid] = []
    for one in np.unique(label):
        rows = across[label == one]
        columns = down[through == one]
        if len(rows) >= 2 and len(columns) >= 2:
            grid = _grid(rows, columns)
            if grid is not None:
                grids.append(grid)
    return sorted(grids, key=lambda grid: grid.box[1])


def _places(values: Places) -> Floats:
    ordered = np.sort(values).astype(np.float32)
    keep = np.concatenate(([True], np.diff(ordered) > 3.0))
    return ordered[keep]


def _grid(rows: Floats, columns: Floats) -> Grid | None:
    """The cells of rules that cross."""
    left, right = min(rows[:, 0].min(), columns[:, 0].min()), max(rows[:, 2].max(), columns[:, 2].max())
    xs = _places(np.concatenate(((columns[:, 0] + columns[:, 2]) / 2, [left, right])))
    ys = _places((rows[:, 1] + rows[:, 3]) / 2)
    if len(xs) < 2 or len(ys) < 2:
        return None
    n_rows, n_columns = len(ys) - 1, len(xs) - 1
    if n_rows * n_columns < 3 or n_columns < 2:
        return None
    middle_y, middle_x = (ys[1:] + ys[:-1]) / 2, (xs[1:] + xs[:-1]) / 2
    # is there a rule at xs[k] beside the middle of row r, at ys[k] beside the middle of column c?
    at_x = np.abs((columns[:, None, 0] + columns[:, None, 2]) / 2 - xs[None, :]) <= 3.0
    along_y = (columns[:, None, 1] <= middle_y[None, :]) & (columns[:, None, 3] >= middle_y[None, :])
    walls = np.einsum("ir,ik->rk", along_y.astype(np.float32), at_x.astype(np.float32)) > 0
    at_y = np.abs((rows[:, None, 1] + rows[:, None, 3]) / 2 - ys[None, :]) <= 3.0
    along_x = (rows[:, None, 0] <= middle_x[None, :]) & (rows[:, None, 2] >= middle_x[None, :])
    floors = np.einsum("ik,ic->kc", at_y.astype(np.float32), along_x.astype(np.float32)) > 0
    owner = np.arange(n_rows * n_columns, dtype=np.int32).reshape(n_rows, n_columns)
    while True:
        before = owner.copy()
        open_x = ~walls[:, 1:-1]
        low = np.minimum(owner[:, :-1], owner[:, 1:])
        owner[:, :-1] = np.where(open_x, low, owner[:, :-1])
        owner[:, 1:] = np.where(open_x, low, owner[:, 1:])
        open_y = ~floors[1:-1, :]
        low = np.minimum(owner[:-1, :], owner[1:, :])
        owner[:-1, :] = np.where(open_y, low, owner[:-1, :])
        owner[1:, :] = np.where(open_y, low, owner[1:, :])
        if (owner == before).all():
            break
    return Grid(xs, ys, owner)


def find_boxes(panels: Floats, x0: Floats, x1: Floats, y: Floats, width: float, height: float) -> list[Box]:
    """The drawn boxes that hold text of two rows or more, the larger first: no frame of the whole page, none whose
    border a word crosses, none that cuts another one. x0, x1 and y are the words' edges and middles."""
    if not len(panels) or not len(y):
        return []
    areas = (panels[:, 2] - panels[:, 0]) * (panels[:, 3] - panels[:, 1])
    chosen: list[Box] = []
    for k in np.argsort(-areas)[:80].tolist():
        left, top, right, bottom = panels[k].tolist()
        if (right - left > 0.96 * width and bottom - top > 0.8 * height) or bottom - top < 14 or right - left < 30:
            continue
        middle = (x0 + x1) / 2
        inside = (middle >= left) & (middle <= right) & (y >= top) & (y <= bottom)
        count = int(inside.sum())
        if count < 2 or count > 0.92 * len(y) or np.ptp(y[inside]) < 8:
            continue
        if (x0[inside] < left - 3).any() or (x1[inside] > right + 3).any():
            continue
        if all(_nested_or_apart((left, top, right, bottom), other) for other in chosen):
            chosen.append((left, top, right, bottom))
    return chosen


def _nested_or_apart(box: Box, other: Box) -> bool:
    if not cut(box, other):
        return True
    return _within(box, other) and any(abs(a - b) >= 6 for a, b in zip(box, other, strict=True))


def cut(box: Box, other: Box) -> bool:
    """Whether the boxes overlap by more than their borders."""
    return not (box[0] >= other[2] - 3 or box[2] <= other[0] + 3 or box[1] >= other[3] - 3 or box[3] <= other[1] + 3)


def holds(box: Box, others: Sequence[Box]) -> int | None:
    """Index of the smallest of the boxes that this one lies in."""
    found = [k for k, other in enumerate(others) if other != box and _within(box, other)]
    return min(found, key=lambda k: area(others[k]), default=None)


def _within(box: Box, other: Box) -> bool:
    return box[0] >= other[0] - 3 and box[1] >= other[1] - 3 and box[2] <= other[2] + 3 and box[3] <= other[3] + 3


def area(box: Box) -> float:
    """In square points."""
    return (box[2] - box[0]) * (box[3] - box[1])


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words of one line without a wide gap: `words` are indices, edges in points."""

    words: tuple[int, ...]
    x0: float
    x1: float
    text: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece's place in a table."""

    row: int
    column: int
    piece: Piece


def find_aligned(lines: Sequence[Sequence[Piece]], em: float) -> list[tuple[int, int, list[Cell]]]:
    """Tables among the lines of a column, given as pieces: (first line, line after the last, cells row by row).

    A table has three lines of two cells or more at least whose cells share left edges, right edges or middles. A line
    with one piece under a cell other than the first goes on with that cell.
    """
    found: list[tuple[int, int, list[Cell]]] = []
    k = 0
    while k < len(lines):
        end, cells = _table_from(lines, k, em)
        if cells:
            found.append((k, end, cells))
            k = end
        else:
            k += 1
    return found


def _table_from(lines: Sequence[Sequence[Piece]], start: int, em: float) -> tuple[int, list[Cell]]:
    if not _is_row(lines[start]):
        return start, []
    columns = [[piece] for piece in lines[start]]
    cells = [Cell(0, n, piece) for n, piece in enumerate(lines[start])]
    row, full, end = 0, 1, start + 1
    for k in range(start + 1, len(lines)):
        line = lines[k]
        places = [_column_of(piece, columns, em) for piece in line]
        known = [place for place in places if place is not None]
        if len(known) < len(line) or len(set(known)) < len(known):
            break
        if len(line) == 1:
            if known[0] == 0:
                break
            cells.append(Cell(row, known[0], line[0]))
        elif _is_row(line):
            row += 1
            full += 1
            end = k + 1
            cells.extend(Cell(row, place, piece) for place, piece in zip(known, line, strict=True))
        else:
            break
        for place, piece in zip(known, line, strict=True):
            columns[place].append(piece)
        if len(line) == 1:
            end = k + 1
    if full < _LEAST_ROWS:
        return start, []
    return end, sorted(cells, key=lambda cell: (cell.row, cell.column))


def _is_row(line: Sequence[Piece]) -> bool:
    """Two cells or more, the first no mark of a list, the last no page number of a table of contents."""
    if len(line) < 2 or any(not any(char.isalnum() for char in piece.text) for piece in line):
        return False
    first, last = line[0].text, line[-1].text
    if last.isdigit() and len(last) <= 3 and (len(line) == 2 or (len(line) == 3 and first[:1].isdigit())):
        return False
    if len(line) == 2 and len(first) <= 4:
        return False
    return not any(piece.text.startswith("...") or piece.text.endswith("...") for piece in line)


def _column_of(piece: Piece, columns: Sequence[Sequence[Piece]], em: float) -> int | None:
    """The column that the piece stands in: it shares an edge or the middle with a cell and reaches into no other."""
    for n, column in enumerate(columns):
        last = column[-1]
        near = (
            abs(piece.x0 - last.x0) < _SLACK * em
            or abs(piece.x1 - last.x1) < _SLACK * em
            or abs(piece.x0 + piece.x1 - last.x0 - last.x1) < 2 * _SLACK * em
        )
        left = max((cell.x1 for cell in columns[n - 1]), default=0.0) if n else 0.0
        right = min((cell.x0 for cell in columns[n + 1]), default=1e9) if n + 1 < len(columns) else 1e9
        if near and piece.x0 > left - em and piece.x1 < right + em:
            return n
    return None
