"""Words on a page and the white space between them: arrays in, arrays out, nothing about documents.

Coordinates are PDF points, origin at the top left, y downwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .pdf import Floats, Ints, Sheet
from .records import Box, Line

Bools = npt.NDArray[np.bool_]

_WORD_GAP = 0.125
"""Ems beyond the usual distance of characters from which on a gap is a space that the stream doesn't write."""
ASCENT, DESCENT = 0.78, 0.22
"""Height of a line's box above and below its baseline, in ems: the same for every font."""


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """n words of one page, in stream order. `first` and `last` (half open) index the sheet's characters.

    `base` is the baseline; `chain` numbers runs of words set one after the other on one line; `spaced` tells whether
    white space stands before the word inside its chain.
    """

    first: Ints
    last: Ints
    x0: Floats
    x1: Floats
    base: Floats
    size: Floats
    style: Ints
    chain: Ints
    spaced: Bools

    def __len__(self) -> int:
        return len(self.first)


def ink_of(sheet: Sheet, keep_hidden: bool, angle: int | None) -> Ints:
    """Indices of the characters printed on the page at this angle (None: at any but 0): no blanks, nothing outside or
    hidden."""
    count = len(sheet.text)
    if not count:
        return np.zeros(0, np.int32)
    points = np.frombuffer(sheet.text.encode("utf-32-le", "surrogatepass"), np.uint32)
    wanted = [s.angle == angle if angle is not None else s.angle != 0 for s in sheet.styles]
    fits = np.array([(s.visible or keep_hidden) and fit for s, fit in zip(sheet.styles, wanted, strict=True)])
    printed = (points > 32) & ((points < 0x7F) | (points >= 0xA1)) & ~((points >= 0x2000) & (points <= 0x200F))
    # nor marks of direction, line ends and joiners, which would turn round or hide what a reader is shown
    printed &= ~((points >= 0x2028) & (points <= 0x202F)) & ~((points >= 0x205F) & (points <= 0x206F))
    printed &= (points != 0x3000) & (points != 0xFEFF)
    printed |= points == 2  # pdfium's hyphen at a line's end
    kept: Ints = np.flatnonzero(printed & _inside(sheet) & fits[sheet.style]).astype(np.int32)
    return kept


def _inside(sheet: Sheet) -> Bools:
    """Which characters have their middle on the page."""
    boxes = sheet.boxes
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    inside: Bools = (x >= 0) & (x <= sheet.width) & (y >= 0) & (y <= sheet.height)
    return inside


def count_outside(sheet: Sheet) -> int:
    """How many letters and digits stand outside the page as shown."""
    outside = np.flatnonzero(~_inside(sheet)).tolist()
    return sum(sheet.text[k].isalnum() for k in outside)


def find_words(sheet: Sheet, ink: Ints) -> Words:
    """The words that the characters `ink` make, by the stream's spaces and by distance."""
    style = sheet.style[ink]
    boxes = sheet.boxes[ink]
    x0, x1 = boxes[:, 0], boxes[:, 2]
    em = np.maximum(np.array([s.size for s in sheet.styles] or [0], np.float32)[style], 1.0)
    base = boxes[:, 3] - np.array([s.drop for s in sheet.styles] or [0], np.float32)[style] * em
    count = len(ink)
    if not count:
        empty = np.zeros(0, np.float32)
        none = np.zeros(0, np.int32)
        return Words(none, none, empty, empty, empty, empty, none, none, np.zeros(0, bool))
    gap = x0[1:] - x1[:-1]
    larger, smaller = np.maximum(em[1:], em[:-1]), np.minimum(em[1:], em[:-1])
    drift = np.abs(np.diff(base))
    # raised or lowered: clearly smaller, or a little smaller and touching the character before or after
    touching = (smaller < 0.97 * larger) & (np.abs(gap) < 0.15 * larger)
    level = (drift <= 0.2 * larger) | (((smaller < 0.86 * larger) | touching) & (drift <= 0.62 * larger))
    apart = ~level | (gap > 1.3 * larger) | (gap < -0.75 * larger)
    blank = np.diff(ink) > 1
    usual: Floats = _usual_gaps((gap / larger).astype(np.float32), apart, blank, style) * larger
    x1 = x1 + np.concatenate((np.where(usual < -0.15 * larger, usual, 0), [0])).astype(np.float32)
    gap = x0[1:] - x1[:-1]
    wide = (gap > 0.27 * smaller) | (gap - np.maximum(usual, 0) > _WORD_GAP * larger)
    split = apart | blank | wide
    begin = np.concatenate(([0], np.flatnonzero(split) + 1))
    end = np.concatenate((begin[1:], [count]))
    fresh = np.concatenate(([True], apart))[begin]
    chain = np.cumsum(fresh) - 1
    white = (blank & (gap > 0.02 * larger)) | (gap > 0.17 * smaller) | wide
    spaced = np.concatenate(([False], white))[begin] & ~fresh
    left = np.minimum.reduceat(x0, begin)
    right = np.maximum.reduceat(x1, begin)
    tall = np.maximum.reduceat(em, begin)
    # the baseline of a chain is that of its tallest words, so that superscripts stand on their line
    chain_tall = np.zeros(chain[-1] + 1, np.float32)
    np.maximum.at(chain_tall, chain, tall)
    ground = base[begin]
    main = tall >= 0.93 * chain_tall[chain]
    first_main = np.full(chain[-1] + 1, -1, np.int64)
    where = np.flatnonzero(main)[::-1]
    first_main[chain[where]] = where
    level_base = ground[first_main[chain]]
    return Words(
        ink[begin], ink[end - 1] + 1, left, right, level_base.astype(np.float32), tall.astype(np.float32),
        style[begin], chain.astype(np.int32), spaced,
    )  # fmt: skip


def _usual_gaps(gaps: Floats, apart: Bools, blank: Bools, style: Ints) -> Floats:
    """The usual distance, in ems, between the characters of the chain or, if it is short, the style that each pair
    of neighbours stands in: above 0 where text is letter-spaced, below where slanted letters have wide boxes."""
    inside = np.flatnonzero(~(apart | blank))
    odd = gaps[inside]
    if not ((odd < -0.15) | (odd > 0.1)).any():
        return np.zeros(len(gaps), np.float32)
    usual = np.zeros(len(gaps), np.float32)
    for group, least in ((style[:-1], 1), (np.cumsum(apart), 4)):
        order = inside[np.lexsort((gaps[inside], group[inside]))]
        starts = np.searchsorted(group[order], np.arange(int(group.max(initial=0)) + 2))
        counts = np.diff(starts)
        found = np.flatnonzero(counts >= least)
        if len(found):
            medians = np.zeros(len(counts), np.float32)
            medians[found] = gaps[order[starts[found] + counts[found] // 2]]
            known = (counts >= least)[group]
            usual[known] = medians[group[known]]
    return usual


def median(values: Floats) -> float:
    """The upper median of at least one value; much quicker than numpy's on a few values."""
    half = len(values) // 2
    return float(np.partition(values, half)[half])


def rows_of(base: Floats, size: Floats) -> Ints:
    """Number of the printed row that each word stands in, counted from the top over the whole width."""
    order = np.argsort(base, kind="stable")
    ordered = base[order]
    em = median(size) if len(size) else 1.0
    number = np.zeros(len(base), np.int32)
    number[order[1:]] = np.cumsum(ordered[1:] - ordered[:-1] > 0.42 * em)
    return number


@dataclass(frozen=True, slots=True)
class Strip:
    """A white strip between x0 and x1 through the rows top..bottom (inclusive), with text on both sides."""

    x0: float
    x1: float
    top: int
    bottom: int
    score: int


_MAX_CELLS = 3000
"""Cells of the raster across: on posters a cell is more than a point."""
_NARROWEST = 3
"""Points that a gutter is wide at least; spaces between words are narrower in most lines."""


def white_strips(x0: Floats, x1: Floats, rows: Ints, least: int, barriers: Sequence[int] = ()) -> Iterator[Strip]:
    """White vertical strips between words (x0, x1, row), the one with most rows of text on both sides first: six.

    `score` is the smaller of the numbers of rows with text to the left and to the right of the strip; strips below
    `least` aren't given. No strip runs through a barrier, which lies before the row that it names. The words are drawn
    on a raster of one row a printed row and one cell a point; runs of white cells down the rows make the strips.
    """
    count = int(rows.max()) + 1
    if count < least:
        return
    origin = float(x0.min())
    extent = float(x1.max()) - origin
    cell = max(1.0, extent / _MAX_CELLS)
    width = int(extent / cell) + 2
    begin = np.clip(((x0 - origin) / cell).astype(np.int32), 0, width - 1)
    end = np.clip(np.ceil((x1 - origin) / cell).astype(np.int32), 1, width)
    stride = width + 1
    cells = count * stride
    change = np.bincount(rows * stride + begin, minlength=cells) - np.bincount(rows * stride + end, minlength=cells)
    free = np.cumsum(change.reshape(count, stride), axis=1)[:, :width] == 0
    wide = free.copy()  # cells with enough white around them
    for step in range(1, _NARROWEST // 2 + 1):
        wide[:, step:] &= free[:, :-step]
        wide[:, :-step] &= free[:, step:]
    row_left = np.full(count, width, np.int32)
    row_right = np.zeros(count, np.int32)
    np.minimum.at(row_left, rows, begin)
    np.maximum.at(row_right, rows, end)
    places = np.arange(width, dtype=np.int32)
    left_of, right_of = places >= row_left[:, None], places < row_right[:, None]
    both = np.minimum(*((wide & side).sum(axis=0, dtype=np.int32) for side in (left_of, right_of)))
    tried = np.flatnonzero(both >= least)
    if not len(tried):
        return
    busy = ~wide[:, tried]
    score = np.minimum(
        _runs(left_of[:, tried] & ~busy, busy, barriers), _runs(right_of[:, tried] & ~busy, busy, barriers)
    )
    best = score.max(axis=0)
    for _ in range(6):
        peak = int(best.max())
        if peak < least:
            return
        k = _widest(best == peak, tried)
        top, bottom = _extent(busy[:, k], int(np.argmax(score[:, k] == peak)), barriers)
        inside = (rows >= top) & (rows <= bottom)
        at = origin + (int(tried[k]) + 0.5) * cell
        lefts, rights = x1[inside & (x1 <= at + 0.5 * cell)], x0[inside & (x0 >= at - 0.5 * cell)]
        if len(lefts) and len(rights):
            strip = Strip(float(lefts.max()), float(rights.min()), top, bottom, peak)
            yield strip
            best[(tried >= (strip.x0 - origin) / cell - 1) & (tried <= (strip.x1 - origin) / cell + 1)] = 0
        best[max(k - 2, 0) : k + 3] = 0


def _extent(busy: Bools, row: int, barriers: Sequence[int]) -> tuple[int, int]:
    """First and last row of the white run that `row` lies in."""
    above, below = np.flatnonzero(busy[:row]), np.flatnonzero(busy[row:])
    top = int(above[-1]) + 1 if len(above) else 0
    bottom = row + int(below[0]) - 1 if len(below) else len(busy) - 1
    for barrier in barriers:
        if top < barrier <= row:
            top = barrier
        elif row < barrier <= bottom:
            bottom = barrier - 1
    return top, bottom


def _runs(marks: Bools, breaks: Bools, barriers: Sequence[int]) -> npt.NDArray[np.int32]:
    """Down each column: how many marks since the last break or barrier."""
    total = np.cumsum(marks, axis=0, dtype=np.int32)
    lost = total * breaks
    for row in barriers:
        if 0 < row < len(total):
            lost[row] = np.maximum(lost[row], total[row - 1])
    floor = np.maximum.accumulate(lost, axis=0)
    counted: npt.NDArray[np.int32] = total - floor
    return counted


def _widest(mask: Bools, places: npt.NDArray[np.intp]) -> int:
    """Index in the middle of the longest run of True at neighbouring places."""
    chosen = np.flatnonzero(mask)
    parts = np.split(chosen, np.flatnonzero(np.diff(places[chosen]) > 1) + 1)
    longest = max(parts, key=len)
    return int(longest[(len(longest) - 1) // 2])


def union(boxes: Iterable[tuple[float, float, float, float]]) -> tuple[float, float, float, float]:
    """The smallest box around the boxes; there must be one at least."""
    columns = list(zip(*boxes, strict=True))
    return min(columns[0]), min(columns[1]), max(columns[2]), max(columns[3])


def turned(boxes: Floats, angle: int, width: float, height: float) -> tuple[Floats, float, float]:
    """Boxes (n, 4) on a page of this size, and its size, once text that runs at `angle` degrees is stood upright."""
    x0, y0, x1, y1 = boxes[:, 0], boxes[:, 1], boxes[:, 2], boxes[:, 3]
    if angle == 90:
        return np.stack([y0, width - x1, y1, width - x0], axis=1), height, width
    if angle == 270:
        return np.stack([height - y1, x0, height - y0, x1], axis=1), height, width
    if angle == 180:
        return np.stack([width - x1, height - y1, width - x0, height - y0], axis=1), width, height
    return boxes, width, height


def turned_back(
    box: tuple[float, float, float, float], angle: int, width: float, height: float
) -> tuple[float, float, float, float]:
    """A box of the page stood upright, on the page as shown, whose size is given."""
    x0, y0, x1, y1 = box
    if angle == 90:
        return width - y1, x0, width - y0, x1
    if angle == 270:
        return y0, height - x1, y1, height - x0
    if angle == 180:
        return width - x1, height - y1, width - x0, height - y0
    return box


def stand_up(sheet: Sheet, angle: int) -> Sheet:
    """The sheet turned so that text which runs at `angle` degrees is upright."""
    if angle == 0:
        return sheet
    boxes, width, height = turned(sheet.boxes, angle, sheet.width, sheet.height)
    rules, panels, images = (
        turned(part, angle, sheet.width, sheet.height)[0] for part in (sheet.rules, sheet.panels, sheet.images)
    )
    styles = tuple(s if s.angle < 0 else replace(s, angle=(s.angle - angle) % 360) for s in sheet.styles)
    return replace(
        sheet, width=width, height=height, boxes=boxes, styles=styles, rules=rules, panels=panels, images=images
    )


def main_angle(sheet: Sheet) -> int:
    """The angle at which most of the page's visible characters run: 0, 90, 180 or 270."""
    if all(s.angle == 0 for s in sheet.styles):
        return 0
    counts = np.bincount(sheet.style, minlength=len(sheet.styles))
    of_angle = dict.fromkeys((0, 90, 180, 270), 0)
    for style, count in zip(sheet.styles, counts.tolist(), strict=True):
        if style.angle in of_angle:
            of_angle[style.angle] += count
    return max(of_angle, key=lambda angle: of_angle[angle])


def span_boxes(lines: Sequence[Line], start: int, end: int) -> list[Box]:
    """Boxes (page, x0, y0, x1, y1) of the slice [start, end) of a page's text, one a line.

    `lines` are that page's. Lines turned by 90 degrees give their whole box.
    """
    boxes: list[Box] = []
    for line in lines:
        first, last = max(start, line.start), min(end, line.end)
        if first >= last:
            continue
        if line.angle in (0, 180):
            x0, x1 = line.edges[first - line.start], line.edges[last - line.start]
        else:
            x0, x1 = line.x0, line.x1
        boxes.append((float(line.page), x0, line.y0, max(x1, x0), line.y1))
    return boxes
