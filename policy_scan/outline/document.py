"""The outline of a document: its acts, and the units that each of them holds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .. import acts, parallel, schemes
from ..acts import Act
from . import phrases
from .articles import ArticleReader
from .contents import contents_of, drop_contents, set_imprint_apart
from .heads import Head, find_heads, is_notices, same_title
from .plain import PlainReader, Track
from .quotations import mark_quoted
from .segments import Segment
from .tracks import split_tracks
from .units import Unit


@dataclass(frozen=True, slots=True)
class Outline:
    """`acts` by number (1-based), `units` in order, `groups` the acts that are versions of one, `n_acts` without
    them, `headed` the acts whose own heading was found."""

    acts: dict[int, Act]
    units: list[Unit]
    groups: dict[int, int]
    n_acts: int
    headed: tuple[int, ...]


def _is_legal(segments: Sequence[Segment], skipped: frozenset[int], heads: Sequence[Head]) -> bool:
    sure = 0
    for index, segment in enumerate(segments):
        if index in skipped or segment.table:
            continue
        label = schemes.article_label(segment.text)
        sure += label is not None and label.sure
    enacted = sure == 1 or any(phrases.is_enacting(segment.text) for segment in segments)
    return sure >= 2 or (enacted and bool(heads)) or any(head.sure for head in heads)


def _is_memorandum(segments: Sequence[Segment], skipped: frozenset[int]) -> bool:
    """Whether a document is the exposé des motifs of an act, without the act: what it names in its text is no act."""
    body = [segment for index, segment in enumerate(segments) if index not in skipped]
    if not any(phrases.is_commentary_heading(segment.text) for segment in body[:2]):
        return False
    labels = (schemes.article_label(segment.text) for segment in body)
    return sum(label is not None and label.sure for label in labels) < 2


@dataclass(frozen=True, slots=True)
class _Version:
    """A track before its acts have numbers in the document."""

    segments: list[Segment]
    quoted: list[bool]
    skipped: frozenset[int]
    heads: list[Head]
    legal: bool


def outline(segments: Sequence[Segment], title: str, doc_type: str) -> Outline:
    """The acts of a document and their units. `title`, `doc_type`: what the manifest says, for a lone act without
    heading of its own."""
    tracks: list[_Version] = []
    for own in split_tracks(set_imprint_apart(segments)):
        skipped = contents_of(own)
        quoted = mark_quoted(own)
        heads = [] if _is_memorandum(own, skipped) else find_heads(own, quoted, skipped)
        tracks.append(_Version(own, quoted, skipped, heads, _is_legal(own, skipped, heads)))
    _share_notices(tracks)
    order = sorted(
        (
            (track.segments[head.first].page, track.segments[head.first].start, t, h)
            for t, track in enumerate(tracks)
            for h, head in enumerate(track.heads)
        )
    )
    table: dict[int, Act] = {}
    numbers: dict[tuple[int, int], int] = {}
    last_of: dict[int, tuple[int, str]] = {}
    for _, _, t, h in order:
        act = tracks[t].heads[h].act
        number, known = last_of.get(t, (0, ""))
        if number and same_title(known, act.title):
            numbers[t, h] = number
            continue
        numbers[t, h] = len(table) + 1
        table[len(table) + 1] = act
        last_of[t] = (len(table), act.title)
    units: list[Unit] = []
    counter = len(table)
    for t, track in enumerate(tracks):
        first = min((number for (owner, _), number in numbers.items() if owner == t), default=0)
        if first == 0 or _needs_front(track):
            counter += 1
            first = counter
            table[counter] = _lone_act(track, title, doc_type) if not table else _front_act(track)
        begins = {head.first: (numbers[t, h], head.taken, head.notice) for h, head in enumerate(track.heads)}
        given = Track(track.segments, track.quoted, track.skipped, begins)
        reader = ArticleReader(given, first) if track.legal else PlainReader(given, first)
        read = reader.read()
        if not track.legal and _mostly_headings(track, read):
            read = PlainReader(given, first, flat=True).read()
        else:
            read = reader.with_bare_headings()
        read = drop_contents(read)
        counter = _split_restarts(read, table, counter)
        units += read
    return _finish(table, units, frozenset(numbers.values()))


def _share_notices(tracks: Sequence[_Version]) -> None:
    """Lets the part of notices, whose heading stands once across the columns, begin in every language's track."""
    for track in tracks:
        for head in (one for one in track.heads if is_notices(one)):
            first = track.segments[head.first]
            for other in tracks:
                if any(is_notices(one) for one in other.heads):
                    continue
                place = (first.page, first.start)
                after = (k for k, one in enumerate(other.segments) if (one.page, one.start) > place)
                begin = next(after, None)
                if begin is not None and all(one.first != begin for one in other.heads):
                    other.heads.append(replace(head, first=begin, taken=0))
                    other.heads.sort(key=lambda one: one.first)


def _mostly_headings(track: _Version, read: Sequence[Unit]) -> bool:
    """Whether a document such as a poster or slides has hardly any text under its headings."""
    whole = sum(len(segment.text) for index, segment in enumerate(track.segments) if index not in track.skipped)
    return sum(unit.length for unit in read) < 0.7 * whole


def _needs_front(track: _Version) -> bool:
    """Whether articles or long text stand before the track's first act: the end of an act cut off by an extract."""
    start = min(head.first for head in track.heads)
    texts = [track.segments[k].text for k in range(start) if k not in track.skipped]
    return (
        any((label := schemes.article_label(text)) is not None and label.sure for text in texts)
        or sum(map(len, texts)) > 3000
    )


def _front_act(track: _Version) -> Act:
    """What stands before a track's first heading of an act: a whole act by its first heading, or the end of one that
    an extract cut off, whose title nobody can tell."""
    end = min((head.first for head in track.heads), default=len(track.segments))
    before = [segment for index, segment in enumerate(track.segments[:end]) if index not in track.skipped]
    labels = [schemes.article_label(segment.text) for segment in before]
    start, first = next(((k, one.key) for k, one in enumerate(labels) if one is not None and one.sure), (0, ""))
    named = [one.text for one in before[:start] if one.heading and 8 < len(one.text) < 400]
    told = (text for text in named if text.isupper() or acts.act_type(text) or acts.plan_type(text))
    title = next(told, "") if first == "1" else ""
    return Act(title, acts.act_type(title) or "other", acts.date_in(title))


def _lone_act(track: _Version, title: str, doc_type: str) -> Act:
    own = next((p.text for p in track.segments[:12] if p.heading and len(p.text) > 8 and len(p.text) < 400), "")
    name = title or own
    doc_type = "" if doc_type == "gazette" else doc_type
    told = acts.act_type(name) or acts.plan_type(name) if track.legal else acts.plan_type(name) or acts.act_type(name)
    return Act(name, doc_type or told or "other", acts.date_in(name))


def _split_restarts(units: list[Unit], table: dict[int, Act], counter: int) -> int:
    """Gives the articles that begin again at 1 inside one act an act number of their own."""
    seen: dict[int, set[tuple[str, ...]]] = defaultdict(set)
    owners: dict[int, int] = {}
    moved: dict[int, int] = {}
    last_article = 0
    for unit in units:
        act = unit.act
        if act not in owners:
            owners[act] = act
        if unit.article and unit.article != last_article and len(unit.keys) > 1 and not unit.quoted:
            key = unit.keys[:2]
            if key in seen[owners[act]] and key[1] == "1":
                counter += 1
                table[counter] = replace(table[act], title=unit.headings[0] if unit.headings else table[act].title)
                owners[act] = counter
            seen[owners[act]].add(key)
            last_article = unit.article
        moved[id(unit)] = owners[act]
    for unit in units:
        unit.act = moved[id(unit)]
    return counter


def _finish(table: dict[int, Act], units: list[Unit], headed: frozenset[int]) -> Outline:
    """Acts numbered again in the order in which they begin, their units together and in order."""
    starts: dict[int, tuple[int, int]] = {}
    for unit in units:
        place = (unit.segments[0].page, unit.segments[0].start)
        starts[unit.act] = min(starts.get(unit.act, place), place)
    ranked = {act: number for number, act in enumerate(sorted(starts, key=lambda one: starts[one]), start=1)}
    for unit in units:
        unit.act = ranked[unit.act]
    units.sort(key=lambda unit: unit.act)
    acts_found = {ranked[act]: value for act, value in table.items() if act in ranked}
    for number, act in acts_found.items():
        if not act.date:
            signed = (unit.text for unit in units if unit.act == number and unit.kind == "signature")
            date = next((found for text in signed if (found := acts.date_in(text))), "")
            acts_found[number] = replace(act, date=date)
    groups = parallel.group_versions(_versions(acts_found, units))
    merged = len(set(groups.values())) + sum(1 for act in acts_found if act not in groups)
    own = tuple(sorted(ranked[act] for act in headed if act in ranked))
    return Outline(acts_found, units, groups, merged, own)


def _versions(table: dict[int, Act], units: Sequence[Unit]) -> list[parallel.Version]:
    articles: dict[int, list[str]] = defaultdict(list)
    languages: dict[int, Counter[str]] = defaultdict(Counter)
    for unit in units:
        for segment in unit.segments:
            languages[unit.act][segment.language] += len(segment.text)
        if len(unit.keys) > 1 and unit.keys[1] not in articles[unit.act]:
            articles[unit.act].append(unit.keys[1])
    return [
        parallel.Version(
            number, languages[number].most_common(1)[0][0], act.number, act.date, act.act_type, tuple(articles[number])
        )
        for number, act in sorted(table.items())
    ]
