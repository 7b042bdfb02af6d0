"""Ruled grids and boxes drawn on a page, and what stands in their cells.

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
