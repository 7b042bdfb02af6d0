"""What frames a page and is no part of its text: running heads, footers, page numbers, mastheads, watermarks, barcodes.

Told by repetition across pages and by place; on documents of a page or two by place and shape: a number alone at the
edge, a row that a rule over the page's width sets off. A masthead is display type at the head of a page that names what
the running heads name (or a gazette, where there are none), down to the rule under its date or number.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from .geometry import Words, rows_of
from .grids import find_grids, split_rules
from .pdf import Floats, Sheet
from .schemes import article_label
from .text import fold

_NUMBER = re.compile(
    r"^\W*(?:(?:page|pagina|seite|σελιδα|p\.?|blz\.?|bl\.?)\s*)?(?:\d(?: ?\d){0,5}(?:[-−–]\d{1,3})?|[ivxlc]{1,7})"
    r"(?:\s*(?:/+|sur|of|van|von|din|απο)\s*\d{1,5})?\W*$",
)
_CODE = re.compile(r"^[*\W]*\d[\d*\s-]{10,}[*\W]*$")
_BARCODE = re.compile(r"\*\d{10,}\*")
"""A barcode's own text: digits between stars, as Code 39 writes them."""
_STAMP = re.compile(
    r"^(?:digitally signed|signature not verified|signe (?:numeriquement|electroniquement) par|digitaal ondertekend"
    r"|digital (?:unterschrieben|signiert)|semnat digital|semnatura digitala|υπογραφηκε ψηφιακα|ψηφιακα υπογεγραμμενο)"
)
_GAZETTE = re.compile(
    r"εφημερι(?:σ|δα) τησ κυβερνησεωσ|moniteur\s*belge|belgisch\s*staatsblad|belgisches staatsblad|^memorial\b"
    r"|journal officiel|monitorul oficial|amtsblatt|official journal|publicatieblad|staatscourant"
)
_GAZETTE_WORDS = ("εφημερισ", "εφημεριδα", "κυβερνησεωσ", "moniteur", "belgisch", "staatsblad", "memorial", "monitorul")
_ISSUE = re.compile(r"\b(?:n[°ºor]?|nr|no|nummer|αρ|αριθ\w*|numer\w*)[.°º]?\s*(?:φυλλου\s*)?\d")
_TOP, _BOTTOM = 0.17, 0.86
"""Heads stand above the first, feet below the second, as parts of the page's height."""
_ROWS = 7
_SHARE = 0.35
"""A row on this share of the pages is repeated; left and right pages may have heads of their own."""
_DISPLAY = 1.6
"""Type so many times the body's size is display type."""


@dataclass(frozen=True, eq=False)
class Row:
    """A printed row of a page, over its whole width. `gap_above`, `gap_below`: ems to the rows next to it."""

    page: int
    sheet: Sheet
    of: Words
    part: npt.NDArray[np.intp]
    base: float
    size: float
    gap_above: float
    gap_below: float

    @cached_property
    def text(self) -> str:
        part = self.part[:40]
        ends = zip(self.of.first[part].tolist(), self.of.last[part].tolist(), strict=True)
        return fold(" ".join([self.sheet.text[first:last] for first, last in ends]))

    @cached_property
    def words(self) -> list[int]:
        """Indices of the row's words, from the left."""
        members: list[int] = self.part.tolist()
        return members

    @cached_property
    def key(self) -> str:
        """The row's text with digits levelled, its words sorted: left and right pages mirror their heads."""
        return " ".join(sorted(re.sub(r"\d+", "#", self.text).split()))


def rows_at(page: int, sheet: Sheet, words: Words) -> list[Row]:
    """The printed rows in the upper half and the lowest fifth of a page, from the top."""
    if not len(words):
        return []
    number = rows_of(words.base, words.size)
    order = np.lexsort((words.x0, number))
    starts = np.concatenate(([0], np.flatnonzero(np.diff(number[order])) + 1))
    parts = [order[a:b] for a, b in pairwise([*starts.tolist(), len(order)])]
    bases = np.maximum.reduceat(words.base[order], starts).tolist()
    sizes = np.maximum.reduceat(words.size[order], starts).tolist()
    rows = []
    for k, part in enumerate(parts):
        if 0.5 * sheet.height < bases[k] < 0.8 * sheet.height:
            continue
        above = (bases[k] - bases[k - 1]) / max(sizes[k], 1.0) if k else 99.0
        below = (bases[k + 1] - bases[k]) / max(sizes[k], 1.0) if k + 1 < len(parts) else 99.0
        rows.append(Row(page, sheet, words, part, bases[k], sizes[k], above, below))
    return rows


def find_furniture(sheets: Sequence[Sheet], words: Sequence[Words], least: int) -> list[dict[int, str]]:
    """For each page: the words that are furniture, with its kind. `least`: on how many pages a row has to stand."""
    pages = [rows_at(n, sheet, found) for n, (sheet, found) in enumerate(zip(sheets, words, strict=True))]
    body = _body_size(words)
    gaps = [row.gap_below for rows in pages for row in rows if row.gap_below < 3]
    pitch = float(np.median(gaps)) if gaps else 1.2
    marks: list[dict[int, str]] = [{} for _ in sheets]
    names: Counter[str] = Counter()
    tables = [_table_spans(sheet) for sheet in sheets]
    for kind in ("header", "footer"):
        edges = [_edge(*page, kind) for page in zip(pages, sheets, tables, strict=True)]
        repeated = _repeated(edges, least, body, kind, pitch)
        for page, rows in enumerate(edges):
            reach = max((k for k, row in enumerate(rows) if id(row) in repeated), default=-1)
            for k, row in enumerate(rows):
                shaped = k == reach + 1 and _is_shaped(row, k, sheets[page], kind, body)
                reach += shaped
                if k > reach or _is_article(row):
                    break
                _mark(row, words[page], sheets[page], kind, marks[page])
                if id(row) in repeated:
                    names.update(set(re.findall(r"[^\W\d_]{4,}", row.text)))
    for sheet, found, own in zip(sheets, words, marks, strict=True):
        for match in _BARCODE.finditer(sheet.text):
            inside = np.flatnonzero((found.first >= match.start()) & (found.last <= match.end()))
            own.update(dict.fromkeys(inside.tolist(), "furniture"))
    for found, own, rows in zip(words, marks, pages, strict=True):
        if len(own) == len(found):
            _leave_something(rows, own)
    known = {name for name, count in names.items() if count >= 2}
    for page, rows in enumerate(pages):
        _mark_masthead(rows, sheets[page], body, known, marks[page])
    return marks


def _is_article(row: Row) -> bool:
    """Whether a row is an article's label on a line of its own, however often such labels stand at the page's edge."""
    parts = zip(row.of.first[row.part].tolist(), row.of.last[row.part].tolist(), strict=True)
    label = article_label(" ".join([row.sheet.text[first:last] for first, last in parts]))
    return label is not None and label.alone


def _leave_something(rows: Sequence[Row], marks: dict[int, str]) -> None:
    """Takes the lowest of several head rows for the text of a page that would else have none."""
    heads = [row for row in rows if marks.get(row.words[0]) == "header"]
    if len(heads) > 1:
        for k in heads[-1].words:
            marks.pop(k, None)


def is_stamp(text: str) -> bool:
    """Whether a block is the visible part of a digital signature."""
    return _STAMP.match(fold(text[:40])) is not None


def is_ornament(text: str, box: tuple[float, float, float, float], across: Floats) -> bool:
    """Whether a lone character is the jewel of a dividing line: a rule runs through it or ends beside it."""
    if len(text) > 2 or text.isdigit() or not len(across):
        return False
    x0, y0, x1, y1 = box
    size = y1 - y0
    level = (across[:, 1] > y0 + 0.25 * size) & (across[:, 3] < y1 - 0.25 * size)
    return bool((level & (across[:, 0] < x1 + size) & (across[:, 2] > x0 - size)).any())


def _body_size(words: Sequence[Words]) -> float:
    sizes = [found.size for found in words if len(found)]
    return float(np.median(np.concatenate(sizes))) if sizes else 10.0


def _table_spans(sheet: Sheet) -> list[tuple[float, float]]:
    """Top and bottom of each ruled table."""
    if len(sheet.rules) <= 6:
        return []
    boxes = [grid.box for grid in find_grids(*split_rules(sheet.rules))]
    return [(top, bottom) for _, top, _, bottom in boxes]


def _edge(rows: Sequence[Row], sheet: Sheet, tables: Sequence[tuple[float, float]], kind: str) -> list[Row]:
    """The rows at the page's head or foot, from the outside inwards, those of ruled tables left out."""
    if kind == "header":
        found = [row for row in rows if row.base < _TOP * sheet.height]
    else:
        found = [row for row in reversed(rows) if row.base > _BOTTOM * sheet.height]
    found = found[:_ROWS]
    if not tables:
        return found
    return [row for row in found if not any(top < row.base - 0.3 * row.size < bottom for top, bottom in tables)]


def _repeated(pages: Sequence[Sequence[Row]], least: int, body: float, kind: str, pitch: float) -> set[int]:
    """Rows (by identity) whose text, digits aside, stands at the same height on enough pages, and outermost rows of
    changing text that stand apart from the body at the same height on most pages."""
    repeated: set[int] = set()
    total = len(pages)
    if total < 2:
        return repeated
    many = max(2, math.ceil(_SHARE * total))
    by_key: dict[str, list[Row]] = defaultdict(list)
    for rows in pages:
        for row in rows:
            by_key[row.key].append(row)
    some: list[Row] = []
    for key, rows in by_key.items():
        if not re.search(r"[\w#]", key) and len(key) < 8:
            continue
        heights = Counter(round(row.base / 5) for row in rows)
        counts = _counting(rows)
        for row in rows:
            near = round(row.base / 5)
            count = sum(heights[near + step] for step in (-1, 0, 1)) if counts else 0
            if count >= many:
                repeated.add(id(row))
            elif count >= min(least, total):
                some.append(row)
    _keep_apart(repeated, pages, by_key, kind, max(1.35, 1.25 * pitch))
    places = Counter(round(row.base / 5) for rows in pages for row in rows if id(row) in repeated)
    # a head that changes with the chapter stands where nearly every page has a repeated one
    for row in some:
        near = round(row.base / 5)
        if sum(places[near + step] for step in (-1, 0, 1)) >= 0.6 * total:
            repeated.add(id(row))
    outer = [rows[0] for rows in pages if rows]
    stands = Counter((round(row.base / 3), round(row.size)) for row in outer if _apart(row, kind))
    for row in outer:
        near, size = round(row.base / 3), round(row.size)
        count = sum(stands[near + step, size] for step in (-1, 0, 1))
        if _apart(row, kind) and row.size < 1.25 * body and count >= max(4, 0.6 * total):
            repeated.add(id(row))
    return repeated


def _counting(rows: Sequence[Row]) -> bool:
    """Whether rows that differ in digits alone do so as page numbers do, or not at all: 'Article 3' goes otherwise."""
    if len({row.text for row in rows}) <= 0.5 * len(rows) or _NUMBER.match(rows[0].text):
        return True
    steps = Counter(step for row in rows for step in {int(n[-9:]) - row.page for n in re.findall(r"\d+", row.text)})
    return bool(steps) and steps.most_common(1)[0][1] >= 0.6 * len(rows)


def _keep_apart(
    repeated: set[int], pages: Sequence[Sequence[Row]], by_key: dict[str, list[Row]], kind: str, ems: float
) -> None:
    """Drops rows that run on into the body on most pages: a head or foot stands apart, or next to another one."""
    for _ in range(_ROWS):
        guarded: set[int] = set()
        for rows in pages:
            for k, row in enumerate(rows):
                if _apart(row, kind, ems) or (k + 1 < len(rows) and id(rows[k + 1]) in repeated):
                    guarded.add(id(row))
        dropped = {
            id(row)
            for rows in by_key.values()
            if not _NUMBER.match(rows[0].text) and sum(id(row) in guarded for row in rows) < 0.5 * len(rows)
            for row in rows
            if id(row) in repeated
        }
        if not dropped:
            return
        repeated -= dropped


def _apart(row: Row, kind: str, ems: float = 1.7) -> bool:
    return (row.gap_below if kind == "header" else row.gap_above) >= ems


def _is_shaped(row: Row, place: int, sheet: Sheet, kind: str, body: float) -> bool:
    """Whether a row not known from other pages is furniture by its place and shape."""
    if _CODE.match(row.text):
        return True
    if place > 0:
        return False
    if _NUMBER.match(row.text):
        return (row.gap_below if kind == "header" else row.gap_above) > 1.3
    if kind == "header" and re.search(r"\d", row.text) and len(row.words) <= 16 and row.size < 1.3 * body:
        rules = _wide_rules(sheet)
        return bool(((rules > row.base) & (rules < row.base + 1.6 * row.size)).any())
    return False


def _wide_rules(sheet: Sheet) -> Floats:
    """Heights of the rules (and of the edges of flat bands) over more than half of the page's width."""
    rules, panels = sheet.rules, sheet.panels
    wide = rules[(rules[:, 2] - rules[:, 0] > 0.55 * sheet.width) & (rules[:, 3] - rules[:, 1] < 4)]
    flat = panels[(panels[:, 2] - panels[:, 0] > 0.55 * sheet.width) & (panels[:, 3] - panels[:, 1] < 30)]
    return np.sort(np.concatenate((wide[:, 1], flat[:, 1], flat[:, 3])))


def _mark(row: Row, words: Words, sheet: Sheet, kind: str, marks: dict[int, str]) -> None:
    """Marks a row's words, its page number apart from the rest."""
    parts: list[list[int]] = [[]]
    for k in row.words:
        if parts[-1] and words.x0[k] - words.x1[parts[-1][-1]] > 1.5 * row.size:
            parts.append([])
        parts[-1].append(k)
    for part in parts:
        text = fold(" ".join(sheet.text[words.first[k] : words.last[k]] for k in part))
        told = "page_number" if _NUMBER.match(text) else "furniture" if _CODE.match(text) else kind
        marks.update(dict.fromkeys(part, told))


def _mark_masthead(
    rows: Sequence[Row], sheet: Sheet, body: float, names: Collection[str], marks: dict[int, str]
) -> None:
    head = [row for row in rows if row.base < 0.5 * sheet.height]
    display = [row.size >= _DISPLAY * body and row.base < 0.4 * sheet.height for row in head]
    shown = [k for k, row in enumerate(head) if display[k] and _is_name(row.text, names)]
    if not shown or shown[0] > 5:
        return
    last = shown[-1]
    while last + 1 < len(head) and display[last + 1]:
        last += 1
    end = _closing(head, last, sheet)
    gazette = any(_is_name(head[k].text, ()) for k in shown)
    if end is None:
        if not gazette:
            return
        end = _date_row(head, last) + 1
    elif not gazette and not any(_ISSUE.search(row.text) for row in head[last + 1 :] if row.base < end):
        return  # a report's title that its running heads repeat
    for k, row in enumerate(head):
        if row.base < end:
            reached = k
    following = head[reached + 1] if reached + 1 < len(head) else None
    if (
        following is not None and following.base - end < 2.4 * following.size and len(following.words) <= 4
        and re.search(r"\d", following.text) and following.gap_below > 1.3
    ):  # fmt: skip
        reached += 1
    for row in head[: reached + 1]:
        for k in row.words:
            marks.setdefault(k, "masthead")


def _is_name(text: str, names: Collection[str]) -> bool:
    """Whether most of the long words are (nearly: OCR errs on display type) those of running heads or gazettes."""
    long = re.findall(r"[^\W\d_]{4,}", text)
    if _GAZETTE.search(text):
        return True
    known = [*names, *_GAZETTE_WORDS]
    return bool(long) and sum(bool(get_close_matches(word, known, 1, 0.72)) for word in long) >= 0.6 * len(long)


def _date_row(head: Sequence[Row], last: int) -> float:
    """Baseline of the row with the date and number under the display type, where no rule closes the masthead."""
    for k in range(last + 1, min(last + 5, len(head))):
        if len(head[k].words) > 10:
            break
        if head[k].gap_below >= 1.5:
            return (
                head[k].base if any(re.search(r"\d", row.text) for row in head[last + 1 : k + 1]) else head[last].base
            )
    return head[last].base


def _closing(head: Sequence[Row], last: int, sheet: Sheet) -> float | None:
    """Height of the rule under a masthead: the first one below its display type with a number or date beside it."""
    rules = [y for y in _wide_rules(sheet).tolist() if head[last].base - 2 < y < 0.5 * sheet.height]
    for k, y in enumerate(rules):
        beside = [row for row in head[last + 1 :] if -2.2 * row.size < y - row.base < 2.2 * row.size]
        if any(re.search(r"\d", row.text) for row in beside):
            end = y
            for other in rules[k + 1 :]:
                between = [row for row in head if end < row.base < other]
                if len(between) > 1 or other - end > 32:
                    break
                end = other
            return float(end)
    return None
