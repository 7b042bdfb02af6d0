"""Segments: the body of a document as slices of page texts that each begin where a label may stand, in reading order.

A block is cut at the lines that begin with a label where the line before ends a sentence, so that an article's
paragraphs are apart even where the page sets them without space. Furniture never becomes a segment.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from operator import attrgetter

from .. import acts, schemes
from ..records import FURNITURE_KINDS, Block, Line, Page
from . import phrases


@dataclass(frozen=True, slots=True)
class Segment:
    """The slice [start, end) of a page's text. `opens`: it begins its block. `heading`: the block is a heading, or the
    line stands out as one. `language` is the block's, `apart` True where it lies in a footnote or caption."""

    page: int
    start: int
    end: int
    text: str
    block: int
    kind: str
    opens: bool
    heading: bool
    level: int | None
    language: str
    region: int
    apart: bool = False

    @property
    def table(self) -> bool:
        return self.kind == "table"

    def part(self, start: int, end: int) -> Segment:
        """The segment's part at offsets [start, end) into its text, without white space at its ends."""
        text = self.text[start:end]
        if text.strip() == self.text:
            return self
        start += len(text) - len(text.lstrip())
        text = text.strip()
        return replace(
            self,
            start=self.start + start,
            end=self.start + start + len(text),
            text=text,
            opens=self.opens and start == 0,
        )


_ENDS = re.compile(
    r"(?:[.;:!?·»”″“\"]|[.;:!?»”″“]\s?\)|(?<!\w)(?:et|ou|en|of|und|oder|και|ή|și|şi|sau|and|or)|\d\)|,)\s*$"
)
_STRONG_END = re.compile(r"[.;:!?·»”″“\"]\s*\)?\s*$")


def looks_like_heading(text: str) -> bool:
    """Short, and in capitals or without the punctuation of a sentence."""
    text = text.strip()
    if not text or len(text) > 220 or text.endswith((";", ":", ",")):
        return False
    letters = list(filter(str.isalpha, text))
    if len(letters) < 3:
        return False
    capitals = sum(map(str.isupper, letters))
    return capitals > 0.8 * len(letters) or (len(text) < 130 and not text.endswith(".") and text[0].isupper())


def _label_at(here: str, line: str, before: str) -> bool:
    """Whether a line inside a block begins a new segment: `here` is the text from it on, `before` the line before."""
    if not here or not (here[0].isalnum() or here[0] in "§([«„“”″\"΄'´’-–—•◦"):
        return False
    if phrases.is_sovereign(line):
        return True
    strong = bool(_STRONG_END.search(before))
    article = schemes.article_label(here)
    if article is not None:
        own_line = schemes.article_label(line)
        return (article.sure and strong) or bool(own_line and own_line.alone)
    division = schemes.division_label(line)
    if division is not None and (strong or line.isupper()) and (division.sure or line.isupper()):
        return True
    if schemes.paragraph_label(here) is not None:
        return strong and not phrases.cites_next(before)
    if schemes.measure_label(here) is not None or schemes.annex_label(line) is not None:
        return strong
    if schemes.numbered_label(here) is not None or schemes.point_label(here) is not None:
        return bool(_ENDS.search(before)) if here[0] not in "-–—" else strong
    return False


def _heads_at(before: str, here: str, line: str) -> bool:
    """Whether a line inside a heading begins another one: a division's, or an act's below its ministry's name."""
    division = schemes.division_label(line)
    if division is not None and division.sure:
        return True
    return here[0].isupper() and acts.act_head(before) is None and acts.act_head(here) is not None


def _alone(line: str) -> bool:
    label = schemes.article_label(line) or schemes.division_label(line)
    return label is not None and label.alone


_HEAD = 4000
"""Characters of a block from a line on that are looked at for a label or an act's heading, the longest of which has
less than half of that. Labels are remembered by their text: the whole rest of a long block, line after line, filled
the memory."""


def cut_block(block: Block, lines: Sequence[Line], language: str) -> list[Segment]:
    """A block's segments. `lines`: the block's, in the order of their offsets."""
    heading = block.kind == "heading"
    apart = block.kind in ("footnote", "caption")
    whole = Segment(
        block.page, block.start, block.end, block.text, block.block, block.kind, True, heading, block.level, language,
        block.region, apart,
    )  # fmt: skip
    if block.kind == "table" or apart or len(lines) < 2:
        return [whole] if block.text.strip() else []
    cuts = [0]
    heads: set[int] = set()
    for before, line in pairwise(lines):
        at = line.start - block.start
        if not 0 < at < len(block.text):
            continue
        previous = block.text[before.start - block.start : before.end - block.start]
        here = block.text[at : at + _HEAD]
        if _alone(previous) or _label_at(here, block.text[at : line.end - block.start], previous):
            cuts.append(at)
        elif heading and _heads_at(block.text[:at], here, block.text[at : line.end - block.start]):
            cuts.append(at)
            heads.add(at)
    ends = zip(cuts, [*cuts[1:], len(block.text)], strict=True)
    return [replace(part, opens=True) if a in heads else part for a, b in ends if (part := whole.part(a, b)).text]


def lines_in(lines: Sequence[Line], start: int, end: int) -> list[Line]:
    """The lines of a page, given in the order of their offsets, that lie in the slice [start, end) of its text."""
    first = bisect_left(lines, start, key=_START)
    return [line for line in lines[first : bisect_right(lines, end, first, key=_START)] if line.end <= end]


_START = attrgetter("start")


def find_segments(
    pages: Sequence[Page], lines: Sequence[Line], blocks: Sequence[Block], languages: Mapping[tuple[int, int], str]
) -> list[Segment]:
    """The segments of a document in reading order. `languages`: (page, block) -> language.

    The head row that a table repeats where it goes on overleaf is left out there.
    """
    head = ""
    by_page: dict[int, list[Line]] = defaultdict(list)
    for line in sorted(lines, key=lambda one: (one.page, one.start)):
        by_page[line.page].append(line)
    found: list[Segment] = []
    readable = {page.page for page in pages if page.status != "failed"}
    for block in sorted(blocks, key=lambda one: (one.page, one.start)):
        if block.kind in FURNITURE_KINDS or block.page not in readable or not block.text.strip():
            continue
        made = cut_block(
            block,
            lines_in(by_page[block.page], block.start, block.end),
            languages.get((block.page, block.block), "und"),
        )
        if block.kind == "table":
            before = next((one for one in reversed(found) if not one.apart), None)
            overleaf = before is not None and before.table and before.page == block.page - 1
            row = block.text.split("\n", 1)[0]
            if overleaf and row == head and len(row) < len(block.text):
                made = [replace(made[0].part(len(row), len(block.text)), opens=True)]
            elif not overleaf:
                head = row if " | " in row else ""
        found += made
    return found
