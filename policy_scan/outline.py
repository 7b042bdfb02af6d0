"""The outline of a document: its language tracks, tables of contents and acts, and the units that each act holds."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from . import acts, parallel, schemes
from .acts import Act
from .quotations import mark_quoted
from .segments import Segment, looks_like_heading
from .units import Reader, Unit

_TRACKED = ("fr", "nl", "de")
"""Languages in which Belgium and Luxembourg print versions of one act beside or behind each other."""
_ISLAND = 500
"""A foreign segment shorter than this many characters inside a column stays with its column."""
_TRANSLATION = re.compile(r"^(?:traduction|vertaling|ubersetzung|\*+|[_—–-]+)$")


@dataclass(frozen=True, slots=True)
class Outline:
    """`acts` by number (1-based), `units` in order, `groups` the acts that are versions of one, `n_acts` without
    them, `headed` the acts whose own heading was found."""

    acts: dict[int, Act]
    units: list[Unit]
    groups: dict[int, int]
    n_acts: int
    headed: tuple[int, ...]


# -- language tracks -----------------------------------------------------------------------------------------------


def split_tracks(segments: Sequence[Segment]) -> list[list[Segment]]:
    """The segments by language where two or more of fr, nl and de each have articles of their own; else all as one.

    A short segment takes the language of its neighbours in the same column, and an island of another language in a
    column stays with it.
    """
    letters: Counter[str] = Counter()
    articles: Counter[str] = Counter()
    for segment in segments:
        letters[segment.language] += len(segment.text)
        label = schemes.article_label(segment.text)
        if label is not None and label.sure and len(segment.text) > 60:
            articles[segment.language] += 1
    total = sum(letters.values())
    tracked = [code for code in _TRACKED if articles[code] > 1 or (articles[code] and letters[code] * 20 >= total)]
    if len(tracked) < 2:
        return [list(segments)]
    told = [_told(segment, tracked) for segment in segments]
    columns: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, segment in enumerate(segments):
        columns[segment.page, segment.region].append(index)
    main = max(tracked, key=lambda code: letters[code])
    before = main
    for _, indices in sorted(columns.items(), key=lambda item: item[1][0]):
        sure = [index for index in indices if told[index]]
        if not sure:
            for index in indices:
                told[index] = before
            continue
        for position, index in enumerate(indices):
            if not told[index]:
                after = next((told[later] for later in indices[position:] if told[later]), "")
                ahead = next((told[earlier] for earlier in reversed(indices[:position]) if told[earlier]), "")
                heads = segments[index].heading or schemes.article_label(segments[index].text) is not None
                told[index] = (after or ahead) if heads else (ahead or after)
        _close_islands(segments, indices, told)
        before = told[indices[-1]]
    return [[p for p, code in zip(segments, told, strict=True) if code == track] for track in tracked]


def _told(segment: Segment, tracked: Sequence[str]) -> str:
    letters = sum(c.isalpha() for c in segment.text)
    return segment.language if letters >= 30 and segment.language in tracked else ""


def _close_islands(segments: Sequence[Segment], indices: Sequence[int], told: list[str]) -> None:
    runs: list[list[int]] = []
    for index in indices:
        if runs and told[runs[-1][0]] == told[index]:
            runs[-1].append(index)
        else:
            runs.append([index])
    for before, run, after in zip(runs, runs[1:], runs[2:], strict=False):
        size = sum(len(segments[index].text) for index in run)
        label = schemes.article_label(segments[run[0]].text)
        if (
            told[before[0]] == told[after[0]]
            and size < _ISLAND
            and label is None
            and acts.act_head(segments[run[0]].text) is None
        ):
            for index in run:
                told[index] = told[before[0]]


# -- tables of contents --------------------------------------------------------------------------------------------


def contents_of(segments: Sequence[Segment]) -> frozenset[int]:
    """The indices of the segments that are a table of contents: its heading, entries, and what stands between them."""
    found: set[int] = set()
    inside = False
    for index, segment in enumerate(segments):
        if schemes.is_contents_heading(segment.text):
            inside = True
            found.add(index)
            continue
        if schemes.is_contents_entry(segment.text, inside=inside) or (segment.table and _contents_rows(segment.text)):
            found.add(index)
            continue
        if not inside:
            continue
        ahead = range(index + 1, min(index + 5, len(segments)))
        near = segment.page <= segments[index - 1].page + 1
        if (
            near
            and len(segment.text) < 200
            and any(schemes.is_contents_entry(segments[k].text, inside=True) for k in ahead)
        ) or re.fullmatch(r"[\d\s.IVXivx]{1,9}|p(?:age|\.)?", segment.text.strip()):
            found.add(index)
        else:
            inside = False
    return frozenset(found)


def _contents_rows(text: str) -> bool:
    rows = [row for row in text.split("\n") if row.strip()]
    entries = sum(bool(re.search(r"(?:\.\s?){4,}|…", row)) for row in rows)
    return len(rows) > 1 and entries * 3 >= len(rows) * 2


# -- acts ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Head:
    first: int
    taken: int
    act: Act
    sure: bool


_GREEK_AUTHORITY = re.compile(
    r"^(?:ο |η |οι |το |τα )?(?:υπουργ|υφυπουργ|αναπληρωτ|προεδρ|διοικητ|διοικητικ|περιφερει|δημαρχ|γενικ|ειδικ|συμβουλ|ολομελ|πρυταν|συγκλητ|αποκεντρωμεν|δημοτικ|εχοντασ|αρχη|επιτροπη)"
)


_NO_TITLE = re.compile(
    r"^(?:de hierna volgende|le texte qui suit|der folgende|folgende text|cette traduction|deze vertaling|diese ubersetzung"
    r"|(?:de|le|la|der|die|het|l')\s?(?:vlaamse |brusselse |federale )?(?:minister|ministre|regering|gouvernement|regierung"
    r"|parlement|senat|assemblee|waals|president|koning|roi)|nous\b|wij\b|wir\b|sire\b|par decision|\(mem)"
)
"""How a line after an act's heading begins that is no more of its title (folded)."""


def _begins_act(segments: Sequence[Segment], index: int, after: int, greek: bool) -> bool:
    """Whether what follows a possible heading shows that an act begins there."""
    for segment in segments[after : after + 14]:
        text = segment.text
        if acts.act_head(text) is not None and acts.act_head(text) != acts.act_head(segments[index].text) and not greek:
            return False
        if greek and _GREEK_AUTHORITY.match(schemes.fold(text)) and len(text) < 300:
            return True
        if schemes.is_preamble(text) or schemes.is_enacting(text) or schemes.is_commentary_heading(text):
            return True
        label = schemes.article_label(text)
        if label is not None and label.sure and label.key in ("1", "1–2"):
            return True
        if schemes.fold(text).startswith("texte coordonne"):
            return True
        if schemes.division_label(text) is not None:
            return True
    return False


def find_heads(segments: Sequence[Segment], quoted: Sequence[bool], skipped: frozenset[int]) -> list[_Head]:
    """Where acts begin in one track, each with the segments that its heading takes, ministry lines before included."""
    heads: list[_Head] = []
    taken_to = 0
    for index, segment in enumerate(segments):
        if index < taken_to or index in skipped or quoted[index] or segment.table or segment.apart or not segment.opens:
            continue
        number = acts.publication_number(segment.text)
        head = acts.act_head(segment.text)
        if head is None:
            if number and index + 1 < len(segments) and not _head_near(segments, index + 1):
                title = segments[index + 1].text
                act = Act(
                    title if len(title) < 400 else title[:200],
                    acts.act_type(title[:120]) or "other",
                    acts.date_in(title[:120]),
                    number,
                )
                heads.append(_whole(segments, index, 2 if len(title) < 400 else 1, act, taken_to, True))
                taken_to = heads[-1].first + heads[-1].taken
            continue
        before = segments[index - 1].text if index else ""
        if before.endswith((":", ",")) and not head.sure:
            continue
        greek = bool(re.match(r"^\(?\d{0,3}\)? ?[αa]ριθ", schemes.fold(segment.text)))
        title, extra = _title(segments, index, head.title, skipped, greek)
        if not head.sure and not _begins_act(segments, index, index + 1 + extra, greek):
            continue
        if not head.sure and not (segment.heading or len(segment.text) < 700):
            continue
        date = head.date or acts.date_in(title[:400])
        act = Act(
            title,
            head.act_type if head.act_type != "other" else (acts.act_type(title) or "other"),
            date,
            _number_before(segments, index, taken_to),
        )
        heads.append(_whole(segments, index, 1 + extra, act, taken_to, head.sure))
        taken_to = heads[-1].first + heads[-1].taken
    return heads


def _head_near(segments: Sequence[Segment], index: int) -> bool:
    return any(acts.act_head(segment.text) is not None for segment in segments[index : index + 2])


def _title(
    segments: Sequence[Segment], index: int, first: str, skipped: frozenset[int], greek: bool
) -> tuple[str, int]:
    """The act's title: the heading found and the headings that go on with it; and how many those are."""
    words = [first]
    extra = 0
    short = len(first) < (60 if "—" in first[:40] or "–" in first[:40] else 140)
    while short and extra < 3 and index + 1 + extra < len(segments):
        at = index + 1 + extra
        segment = segments[at]
        text = segment.text
        if (
            at in skipped
            or segment.table
            or segment.apart
            or len(text) > 700
            or (acts.act_head(text) is not None and not text[0].islower())
        ):
            break
        if (
            schemes.article_label(text) or schemes.division_label(text) or schemes.is_preamble(text)
            or schemes.is_enacting(text) or schemes.is_commentary_heading(text) or schemes.paragraph_label(text)
            or schemes.numbered_label(text) or acts.publication_number(text) or acts.issuer_in([text])
            or _GREEK_AUTHORITY.match(schemes.fold(text)) or _NO_TITLE.match(schemes.fold(text))
        ):  # fmt: skip
            break
        if not (
            segment.heading
            or looks_like_heading(text)
            or (extra == 0 and len(text) < 700 and (greek or text[0].isupper() or segment.heading or len(first) < 60))
        ):
            break
        words.append(text)
        extra += 1
        if text.endswith(".") or len(text) > 200:
            break
    return re.sub(r"\s+", " ", " ".join(words)).strip(), extra


def _number_before(segments: Sequence[Segment], index: int, floor: int) -> str:
    for at in range(index - 1, max(floor, index - 4) - 1, -1):
        number = acts.publication_number(segments[at].text)
        if number:
            return number
    return ""


def _whole(segments: Sequence[Segment], index: int, taken: int, act: Act, floor: int, sure: bool) -> _Head:
    """The head with the lines before it that belong to it: ministry, publication number, `TRADUCTION`, asterisks."""
    first = at = index
    while at - 1 >= floor and index - at < 7:
        text = segments[at - 1].text
        certain = acts.is_office(text) or acts.publication_number(text) or _TRANSLATION.match(schemes.fold(text))
        if not certain and not (text.isupper() and len(text) < 160):
            break
        at -= 1
        first = at if certain else first
    return _Head(first, taken + index - first, act, sure)


def _same_title(first: str, second: str) -> bool:
    """Whether two headings are of one act: what they share from the start is long enough to be a title."""
    ours, theirs = (re.sub(r"\W+", "", schemes.fold(text)) for text in (first, second))
    shared = min(len(ours), len(theirs), 90)
    return shared > 25 and ours[:shared] == theirs[:shared]


# -- the whole -----------------------------------------------------------------------------------------------------


def _is_legal(segments: Sequence[Segment], skipped: frozenset[int], heads: Sequence[_Head]) -> bool:
    sure = 0
    for index, segment in enumerate(segments):
        if index in skipped or segment.table:
            continue
        label = schemes.article_label(segment.text)
        sure += label is not None and label.sure
    return sure >= 2 or (sure == 1 and bool(heads)) or any(head.sure for head in heads)


@dataclass(slots=True)
class _Track:
    segments: list[Segment]
    quoted: list[bool]
    skipped: frozenset[int]
    heads: list[_Head]
    legal: bool


def outline(segments: Sequence[Segment], title: str, doc_type: str) -> Outline:
    """The acts of a document and their units. `title`, `doc_type`: what the manifest says, for a lone act without
    heading of its own."""
    tracks: list[_Track] = []
    for own in split_tracks(segments):
        skipped = contents_of(own)
        quoted = mark_quoted(own)
        heads = find_heads(own, quoted, skipped)
        tracks.append(_Track(own, quoted, skipped, heads, _is_legal(own, skipped, heads)))
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
        if number and _same_title(known, act.title):
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
            table[counter] = _lone_act(track, title, doc_type) if not table else Act("", "other", "")
        begins = {
            head.first: (numbers[t, h], head.taken, head.act.act_type == "other") for h, head in enumerate(track.heads)
        }
        read = Reader(track.segments, track.quoted, begins, track.skipped, track.legal, first).read()
        if not track.legal and _mostly_headings(track, read):
            read = Reader(track.segments, track.quoted, begins, track.skipped, False, first, flat=True).read()
        read = _drop_contents(read)
        counter = _split_restarts(read, table, counter)
        units += read
    return _finish(table, units, frozenset(numbers.values()))


def _mostly_headings(track: _Track, read: Sequence[Unit]) -> bool:
    """Whether a document such as a poster or slides has hardly any text under its headings."""
    whole = sum(len(segment.text) for index, segment in enumerate(track.segments) if index not in track.skipped)
    return sum(unit.length for unit in read) < 0.7 * whole


def _needs_front(track: _Track) -> bool:
    """Whether articles or long text stand before the track's first act: the end of an act cut off by an extract."""
    start = min(head.first for head in track.heads)
    texts = [track.segments[k].text for k in range(start) if k not in track.skipped]
    return (
        any((label := schemes.article_label(text)) is not None and label.sure for text in texts)
        or sum(map(len, texts)) > 3000
    )


def _lone_act(track: _Track, title: str, doc_type: str) -> Act:
    own = next((p.text for p in track.segments[:12] if p.heading and len(p.text) > 8 and len(p.text) < 400), "")
    name = title or own
    return Act(name, doc_type or acts.act_type(name) or acts.plan_type(name) or "other", acts.date_in(name))


def _drop_contents(units: list[Unit]) -> list[Unit]:
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
