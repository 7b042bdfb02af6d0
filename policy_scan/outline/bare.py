"""Bare headings: those under which no text stands. What they say is kept: as a provision of its own where it is text,
as on slides and leaflets, else over the text that comes next.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from .. import schemes
from .segments import Segment
from .units import Division, Unit

_TEXT = 8
"""Words from which on a heading in small letters says something by itself."""
_LIST = 3
"""So many short bare headings in a row are a list, and no headings of what follows them."""
_RUNNING = 3
"""Pages on which a heading stands that is taken for a running head or a button."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A heading as read: its division, the unit that it becomes if it is text, the divisions over it, and how many
    units came before it."""

    division: Division
    unit: Unit
    over: tuple[Division, ...]
    place: int


def _says_something(text: str) -> bool:
    words = sum(any(char.isalpha() for char in word) for word in text.split())
    return words >= _TEXT and sum(map(str.isupper, text)) < sum(map(str.islower, text))


def _bare(opened: Sequence[Opened], segments: Sequence[Segment]) -> list[Opened]:
    """The headings that neither a unit nor another heading stands under, last first; without those that pages repeat
    and the entries of a table of contents that has no heading."""
    pages: dict[str, set[int]] = defaultdict(set)
    for segment in segments:
        pages[schemes.fold(segment.text)].add(segment.page)
    found: list[Opened] = []
    for one in reversed(opened):
        text = schemes.fold(one.unit.text)
        entry = re.sub(r"[\s.…]+\d{1,4}$", "", text)
        if one.division.holds or (entry != text and entry in pages) or len(pages[text]) >= _RUNNING:
            continue
        for division in one.over:
            division.holds = True
        found.append(one)
    return found


def _put_over(one: Opened, units: Sequence[Unit]) -> bool:
    """Puts a heading over the units next to it that stand under the same headings; False: its page has none."""
    page = one.unit.segments[0].page
    following = [unit for unit in units[one.place :] if unit.segments and not unit.segments[0].apart]
    if not following or following[0].segments[0].page != page or following[0].act != one.unit.act:
        return False
    under = following[0].headings
    shared = 0
    for mine, theirs in zip(one.unit.headings, under, strict=False):
        if mine != theirs:
            break
        shared += 1
    for unit in following:
        if unit.headings != under or unit.act != one.unit.act:
            break
        unit.headings = (*under[:shared], one.division.heading, *under[shared:])
    return True


def keep_bare_headings(units: Sequence[Unit], opened: Sequence[Opened], segments: Sequence[Segment]) -> list[Unit]:
    """The units with what their document's bare headings say, which may change a unit's headings but never its text."""
    bare = _bare(opened, segments)
    numbered = {one.place for one in opened if one.division.label}
    short = [one for one in bare if one.division.label or one.place in numbered or not _says_something(one.unit.text)]
    together = Counter(one.place for one in short)
    over = {id(one) for one in short if together[one.place] < _LIST and _put_over(one, units)}
    places: dict[int, list[Unit]] = defaultdict(list)
    for one in bare:
        if id(one) not in over:
            places[one.place].insert(0, one.unit)
    found: list[Unit] = []
    for place in range(len(units) + 1):
        found += [*places[place], *units[place : place + 1]]
    return [unit for unit in found if unit.segments]
