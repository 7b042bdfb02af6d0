"""Cutting: units brought to a provision's size. Overlong ones are cut at their points, else at sentences; short
paragraphs without a label are joined to the next. Slices stay slices: nothing is copied or changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from .. import schemes
from .segments import Segment
from .units import Unit

_POINT = re.compile(
    r"(?:(?<=[;:.,»”])|^)\s*(?=(?:\d{1,3}\s?[°º]|\d{1,2}\)|\(?[a-zα-ω]{1,2}['΄’]?\)|\(?[ivx]{1,4}\)|[•◦–—-]\s)\s?\S)"
)
_NUMBERED_POINT = re.compile(r"(?<=[;:.])\s(?=\d{1,2}\.\s\S)")
_SENTENCE = re.compile(r"(?<=[.;!?·»”])\s+(?=[A-ZΑ-ΩΆΈΉΊΌΎΏÀ-ÝȘȚÎĂ«„“(])")
_STAND_ALONE = 260
"""A point of at least this many characters is a provision of its own; shorter ones are gathered."""
_MERGEABLE = frozenset({"other", "section", "annex", "commentary", "preamble", "measure", "recommendation", "recital"})


def _pieces(segment: Segment, most: int) -> list[Segment]:
    """A segment cut at its points, and each part still longer than `most` at sentences, else at spaces."""
    if segment.table:
        cuts = [match.end() for match in re.finditer("\n", segment.text)]
    else:
        cuts = sorted(
            {match.end() for match in _POINT.finditer(segment.text)}
            | {match.end() for match in _NUMBERED_POINT.finditer(segment.text)}
        )
    return [part for whole in _between(segment, cuts) for part in _sentences(whole, most)]


def _between(segment: Segment, cuts: Sequence[int]) -> list[Segment]:
    edges = [0, *(cut for cut in cuts if 0 < cut < len(segment.text)), len(segment.text)]
    parts = [segment.part(a, b) for a, b in pairwise(edges)]
    return [part for part in parts if part.text]


def _sentences(segment: Segment, most: int) -> list[Segment]:
    if len(segment.text) <= most:
        return [segment]
    goal = most // 2
    cuts: list[int] = []
    begin = 0
    for match in _SENTENCE.finditer(segment.text):
        if match.end() - begin >= goal:
            cuts.append(match.end())
            begin = match.end()
    parts = _between(segment, cuts)
    final: list[Segment] = []
    for part in parts:
        while len(part.text) > most:
            at = part.text.rfind(" ", most // 2, most)
            at = at if at > 0 else most
            final.append(part.part(0, at))
            part = part.part(at, len(part.text))
        final.append(part)
    return final


def _label_of(segment: Segment) -> str:
    label = schemes.point_label(segment.text) or schemes.numbered_label(segment.text)
    return label.text if label is not None and label.key != "-" else ""


def cut_long(unit: Unit, most: int) -> list[Unit]:
    """The unit, or its pieces of at most `most` characters where it is longer (a table's row may be longer)."""
    if unit.length <= most:
        return [unit]
    pieces: list[Segment] = []
    for segment in unit.segments:
        pieces += _pieces(segment, most)
    groups: list[list[Segment]] = []
    size = 0
    enough = min(_STAND_ALONE, most // 4)
    for index, piece in enumerate(pieces):
        labelled = bool(_label_of(piece)) or piece.kind == "list_item"
        full = size + len(piece.text) + 1 > most
        settled = size >= enough and (labelled or size >= most // 2) and index >= unit.head
        if groups and not full and not settled:
            groups[-1].append(piece)
            size += len(piece.text) + 1
        else:
            groups.append([piece])
            size = len(piece.text)
    if len(groups) > 1 and size < enough // 3 and sum(len(p.text) + 1 for p in groups[-2]) + size < most:
        last = groups.pop()
        groups[-1] += last
    cut: list[Unit] = []
    for number, group in enumerate(groups):
        label = _label_of(group[0]) if number else ""
        already = unit.labels[-1:] == (label,) or not label
        kind = "point" if label and unit.kind in ("article", "paragraph") else unit.kind
        cut.append(
            replace(
                unit,
                kind=kind if number else unit.kind,
                labels=unit.labels if already else (*unit.labels, label),
                keys=(*unit.keys, f"{number}:{label}") if number and unit.keys else unit.keys,
                segments=group,
                head=unit.head if number == 0 else 0,
            )
        )
    return cut


def _joinable(first: Unit, second: Unit) -> bool:
    return (
        first.kind == second.kind
        and first.kind in _MERGEABLE
        and first.act == second.act
        and first.labels == second.labels
        and first.headings == second.headings
        and first.quoted == second.quoted
        and first.bare == second.bare
    )


def join_short(units: Sequence[Unit], least: int, most: int) -> list[Unit]:
    """Paragraphs without a label of their own shorter than `least` joined to the next of the same place (else the one
    before), as long as the whole stays within `most`."""
    joined: list[Unit] = []
    for index, unit in enumerate(units):
        before = joined[-1] if joined else None
        if before is not None and _joinable(before, unit) and before.length + unit.length <= most:
            after = units[index + 1] if index + 1 < len(units) else None
            last_short = unit.length - 1 < least and (after is None or not _joinable(unit, after))
            preamble = unit.kind == "preamble" and before.length + unit.length <= most // 2
            if before.length - 1 < least or last_short or preamble:
                before.segments = [*before.segments, *unit.segments]
                continue
        joined.append(unit)
    return joined
