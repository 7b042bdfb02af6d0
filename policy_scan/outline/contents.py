"""Tables of contents and imprints: what of a document lists what stands elsewhere in it, or tells of its printing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from .. import schemes
from . import phrases
from .segments import Segment
from .units import Unit


def contents_of(segments: Sequence[Segment]) -> frozenset[int]:
    """The indices of the segments that are a table of contents: its heading, entries, and what stands between them."""
    found: set[int] = set()
    index = 0
    while index < len(segments):
        text = segments[index].text
        if phrases.is_contents_heading(text):
            end = _contents_end(segments, index)
            found.update(range(index, end))
            index = end
            continue
        if phrases.is_contents_entry(text) or (segments[index].table and _contents_rows(text)):
            found.add(index)
        index += 1
    return frozenset(found)


def _contents_end(segments: Sequence[Segment], heading: int) -> int:
    """Where a table of contents with a heading ends: at the text after its last entry, or where its articles begin
    again (a list of articles without page numbers)."""
    listed: set[str] = set()
    last = heading
    near = segments[heading + 1 : heading + 9]
    # Where entries have dot leaders, what has none is no entry.
    inside = sum(phrases.is_contents_entry(one.text) for one in near) < 2
    for index in range(heading + 1, len(segments)):
        segment = segments[index]
        text = segment.text
        if segment.page > segments[index - 1].page + 1:
            break
        label = schemes.article_label(text)
        if inside and label is not None and len(text) < 260 and (len(text) < 60 or not text.rstrip().endswith(".")):
            if label.key in listed or (listed and label.key == "1"):
                break
            listed.add(label.key)
            last = index
            continue
        if phrases.is_contents_entry(text, inside=inside) or (segment.table and _contents_rows(text)):
            last = index
            continue
        if re.fullmatch(r"[\d\s.IVXivx]{1,9}|p(?:age|\.)?", text.strip()) or schemes.division_label(text):
            continue
        ahead = segments[index + 1 : index + 5]
        entries = (phrases.is_contents_entry(one.text, inside=inside) for one in ahead)
        if len(text) > 200 or not (any(entries) or (listed and len(text) < 160 and not text.endswith("."))):
            break
    return last + 1


def _contents_rows(text: str) -> bool:
    rows = [row for row in text.split("\n") if row.strip()]
    entries = sum(bool(re.search(r"(?:\.\s?){4,}|…", row)) for row in rows)
    return len(rows) > 1 and entries * 3 >= len(rows) * 2


def set_imprint_apart(segments: Sequence[Segment]) -> list[Segment]:
    """The segments with a gazette's imprint, on the last page after the last signature, set apart from its acts."""
    last = segments[-1].page if segments else 0
    on_page = [k for k, segment in enumerate(segments) if segment.page == last]
    told = [k for k in on_page if phrases.is_imprint(segments[k].text)]
    if not told:
        return list(segments)
    acts_there = [k for k in on_page if _of_an_act(segments[k].text)]
    first = told[0]
    if acts_there and acts_there[-1] > first:
        return list(segments)
    while not acts_there and first > on_page[0] and _heads_imprint(segments[first - 1]):
        first -= 1
    return [replace(s, apart=True, heading=False, kind="imprint") if k >= first else s for k, s in enumerate(segments)]


def _heads_imprint(segment: Segment) -> bool:
    return segment.heading or segment.table or len(segment.text) < 60


def _of_an_act(text: str) -> bool:
    label = schemes.article_label(text)
    return (label is not None and label.sure) or phrases.is_signature(text) or phrases.is_preamble(text)


def drop_contents(units: list[Unit]) -> list[Unit]:
    """Without the runs of bare article headings that come again with their text: a table of contents without pages."""
    lengths: dict[tuple[int, int], int] = defaultdict(int)
    keys: dict[tuple[int, int], str] = {}
    for unit in units:
        if unit.article and not unit.quoted and len(unit.keys) > 1:
            lengths[unit.act, unit.article] += unit.length
            keys[unit.act, unit.article] = unit.keys[0] + "|" + unit.keys[1]
    best: dict[tuple[int, str], int] = defaultdict(int)
    for (act, article), size in lengths.items():
        best[act, keys[act, article]] = max(best[act, keys[act, article]], size)
    dropped = {
        (act, article)
        for (act, article), size in lengths.items()
        if size < 330 and best[act, keys[act, article]] > size
    }
    repeated = {one for one in dropped if sum(1 for other in dropped if other[0] == one[0]) >= 3}
    return [unit for unit in units if (unit.act, unit.article) not in repeated or not unit.article]
