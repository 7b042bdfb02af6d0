"""Texts without articles, read by headings, decimal numbers, measures, recommendations and paragraphs.

One reader goes through one language's segments of a document and keeps the act, the open divisions (Part, Chapter,
Section, numbered heading), the annex and the measure that it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .. import schemes
from ..schemes import Label
from . import phrases
from .bare import Opened, keep_bare_headings
from .segments import Segment, looks_like_heading
from .units import HEADING_LENGTH, OPEN_END, SENTENCE_END, Division, Unit, heads_a_section, reads_as_sentence


@dataclass(frozen=True, slots=True)
class Track:
    """One language's segments, and what was found in them before reading.

    `quoted`: whether each begins inside words quoted for another act. `skipped`: indices of tables of contents.
    `heads`: index -> (act number, segments that the act's heading takes, whether it is a notice, read as plain text).
    """

    segments: Sequence[Segment]
    quoted: Sequence[bool]
    skipped: frozenset[int]
    heads: Mapping[int, tuple[int, int, bool]]


_CODE_PART = re.compile(r"^(?:[a-z]+ )?partie (?:legislative|reglementaire)(?: - .{3,80}| \(.{3,80}\))?$")
"""The parts of a French code, which have names and no numbers (folded)."""
_GROUPS = re.compile(
    r"^(?:axe|objectif|pilier|levier|chantier|engagement|priorite|orientation|ambition|αξονασ|στοχοσ|πυλωνασ"
    r"|προτεραιοτητα|obiectiv(?:ul)?(?: general| specific)?|directia de actiune|prioritatea|pilonul|doelstelling"
    r"|prioriteit|pijler|actiedomein|sd|ziel|handlungsfeld|prioritat|objective|pillar|priority) "
)
"""Labels under which a plan groups its measures, where it has labels of another kind for these (folded)."""


_ITEM = 40
"""The rank of a list's numbered items: they stand under every open heading, and any heading ends the list."""


class PlainReader:
    """Reads a track by its headings. `flat`: read headings as text, for posters and slides that are all headings."""

    def __init__(self, track: Track, first_act: int, *, flat: bool = False) -> None:
        self.segments = track.segments
        self.quoted = track.quoted
        self.heads = track.heads
        self.skipped = track.skipped
        self.flat = flat
        self.act = first_act
        self.mode = "body"
        self.notice = False
        self.units: list[Unit] = []
        self.open: Unit | None = None
        self.bare: Segment | None = None
        self.opened: list[Opened] = []
        self.before: Segment | None = None
        self.divisions: list[Division] = []
        self.depths: dict[int, int] = {}
        self.annex = ""
        self.commentary: list[str] = []
        self.measure: Label | None = None
        self.measure_heading = ""
        labels = (schemes.measure_label(segment.text) for segment in track.segments)
        self.grouped = any(one is not None and not _GROUPS.match(one.key) for one in labels)
        self.last: str | None = None
        self.n_articles = 0
        self._forget_article()

    def _forget_article(self) -> None:
        self.article: Label | None = None
        self.article_heading = ""
        self.style = ""
        self.paragraph: Label | None = None
        self.quoted_labels: list[tuple[str, str, str]] = []
        self.open = None

    def _labels(self, *inner: str) -> tuple[str, ...]:
        outer = [self.annex] if self.annex else []
        outer += [division.label for division in self.divisions if division.label]
        if self.measure is not None:
            outer.append(self.measure.text)
        if self.article is not None:
            outer.append(self.article.text)
        return tuple(outer) + inner

    def _headings(self) -> tuple[str, ...]:
        if self.mode in ("preamble", "signature", "front"):
            return ()
        words = list(self.commentary) if self.mode == "commentary" else []
        words += [division.heading for division in self.divisions if division.heading]
        if self.article is not None and self.article_heading:
            words.append(self.article_heading)
        elif self.measure is not None and self.measure_heading:
            words.append(self.measure_heading)
        return tuple(words)

    def _start(self, kind: str, *inner: str, quoted: bool = False) -> Unit:
        labels = () if self.mode in ("commentary", "signature", "preamble", "front") else self._labels(*inner)
        if self.mode in ("preamble", "front"):
            labels = tuple(inner)
        keys: tuple[str, ...] = ()
        if self.article is not None and self.mode in ("body", "annex") and not quoted:
            inside = (self.paragraph.key,) if self.paragraph is not None else ()
            keys = (schemes.fold(self.annex), self.article.key, *inside)
        unit = Unit(kind, self.act, labels, self._headings(), quoted, keys, self.n_articles if self.article else 0)
        if self.mode not in ("preamble", "signature", "front"):
            for division in self.divisions:
                division.holds = True
        self.units.append(unit)
        self.open = unit
        self.bare = None
        return unit

    def _add(self, segment: Segment, kind: str, *inner: str) -> None:
        unit = self.open or self._start(kind, *inner)
        unit.segments.append(segment)

    def read(self) -> list[Unit]:
        index = 0
        while index < len(self.segments):
            if index in self.heads:
                act, taken, notice = self.heads[index]
                self._enter_act(act, notice)
                if taken:
                    index += taken
                    continue
            if index in self.skipped:
                index += 1
                continue
            taken = self._take(index)
            index += taken
            if not self.segments[index - 1].apart:
                self.before = None if self.open is None else self.segments[index - 1]
        return [unit for unit in self.units if unit.segments]

    def with_bare_headings(self) -> list[Unit]:
        """The units read, with what the headings say under which nothing stands."""
        return keep_bare_headings(self.units, self.opened, self.segments)

    def _note_heading(self, segment: Segment) -> None:
        """Keeps in mind the heading that has just been opened, in case nothing will stand under it."""
        titling = not self.units and segment.page == self.segments[0].page
        if titling or not self.keeps_headings():
            return
        division, over = self.divisions[-1], tuple(self.divisions[:-1])
        kind = "section" if over else "other"
        if self.measure is not None:
            kind = self.measure.kind
        elif self.mode == "annex":
            kind = "annex"
        headings = tuple(one.heading for one in over if one.heading)
        unit = Unit(kind, self.act, self._labels(), headings, False, segments=[segment], bare=True)
        self.opened.append(Opened(division, unit, over, len(self.units)))

    def keeps_headings(self) -> bool:
        """Whether a heading without text under it is text here: everywhere but in acts outside their annexes."""
        return True

    def _enter_act(self, act: int, notice: bool) -> None:
        self._forget_article()
        if act != self.act or self.mode != "commentary":
            self.depths, self.last = {}, None
        self.act, self.notice, self.mode = act, notice, "body"
        self.annex, self.commentary, self.divisions, self.measure = "", [], [], None

    def _take(self, index: int) -> int:
        """Reads the segment at `index` (and the headings that belong to it); how many were taken."""
        segment = self.segments[index]
        if segment.apart:
            imprint = segment.kind == "imprint"
            if imprint and index and self.units and self.segments[index - 1].kind == "imprint":
                self.units[-1].segments.append(segment)
                return 1
            headings = () if imprint else self._headings()
            self.units.append(Unit("other", self.act, (), headings, False, segments=[segment]))
            return 1
        if segment.table:
            self._table(segment)
            return 1
        return self._try_annex(index) or self._try_division(index) or self._take_plain(index)

    def _table(self, segment: Segment) -> None:
        if self.article is not None and self.open is not None and not self.open.segments:
            self.open.segments.append(segment)
            return
        inner = [self.paragraph.text] if self.article is not None and self.paragraph is not None else []
        held = self.open
        unit = self._start("table", *inner)
        unit.keys = ()
        unit.segments.append(segment)
        self.open = held if self.article is not None else None

    @staticmethod
    def _complete(unit: Unit, following: Segment) -> bool:
        """Whether a paragraph is finished before the one that follows: its last sentence is, or a new item begins."""
        if not unit.segments:
            return False
        last = unit.segments[-1]
        if last.text.endswith(":") or all(one.heading for one in unit.segments):
            return False
        if following.kind == "list_item" and last.kind == "list_item" and unit.length < 700:
            return False
        if SENTENCE_END.search(last.text) or last.heading or following.kind == "list_item":
            return True
        # A line long enough to be of running text that no mark ends goes on, whatever the next one begins with.
        number = following.text[0].isdigit() and schemes.numbered_label(following.text) is None
        running = len(last.text) > 55 and (number or OPEN_END.search(last.text) is not None)
        return not (running or following.text[0].islower() or last.page != following.page)

    def _try_annex(self, index: int) -> int:
        segment = self.segments[index]
        label = schemes.annex_label(segment.text) if segment.opens else None
        if label is None or (self.mode in ("preamble", "commentary") and self.n_articles == 0):
            return 0
        text = segment.text
        stands_out = segment.heading or label.alone or text.isupper() or self.mode in ("signature", "annex")
        if not stands_out or len(text) > 320 or text.endswith((";", ",")) or text[label.end :].strip()[:1].islower():
            return 0
        self._forget_article()
        self.mode, self.annex, self.divisions, self.measure, self.last = "annex", label.text, [], None, None
        rest = text[label.end :].strip(" .:–—-")
        taken = 1
        if not rest and index + 1 < len(self.segments):
            rest, more = self._heading_after(index + 1)
            taken += more
        if rest:
            self.divisions = [Division(0, "", rest)]
        return taken

    def _heading_after(self, index: int) -> tuple[str, int]:
        """The words of a heading that begins at segment `index`, and how many segments they take (0: none there)."""
        words: list[str] = []
        while index + len(words) < len(self.segments) and len(words) < 3:
            at = index + len(words)
            segment = self.segments[at]
            if at in self.heads or at in self.skipped or segment.table or segment.apart or self.quoted[at]:
                break
            text = segment.text
            if (
                len(text) > HEADING_LENGTH
                or schemes.article_label(text)
                or schemes.division_label(text)
                or schemes.paragraph_label(text)
                or schemes.numbered_label(text)
                or schemes.point_label(text)
                or phrases.is_signature(text)
            ):
                break
            capital = text.isupper()
            if not (segment.heading or capital or (not words and looks_like_heading(text))):
                break
            if words and capital != words[0].isupper():
                break
            words.append(text)
        return " ".join(words), len(words)

    def _try_division(self, index: int) -> int:
        segment = self.segments[index]
        text = segment.text
        if segment.heading and _CODE_PART.match(schemes.fold(text)):
            self._forget_article()
            self.divisions = [Division(0, "", text)]
            self._enter_body()
            return 1
        parts = re.split(r" [>|] ", text)
        if len(parts) > 1 and schemes.division_label(text):
            self._forget_article()
            self.divisions = []
            for part in parts:
                label = schemes.division_label(part)
                heading = part[label.end :].strip() if label else part.strip()
                self.divisions.append(Division(label.rank if label else 8, label.text if label else "", heading))
            self._enter_body()
            return 1
        label = schemes.division_label(text)
        if label is None or len(text) > 400:
            return 0
        stands = segment.heading or label.alone or text.isupper()
        sentence = text.endswith(".") and len(text) > 75
        if not stands and (sentence or not (label.sure and segment.opens)):
            return 0
        if self.mode == "commentary" or text.endswith((";", ",")):
            return 0
        heading = text[label.end :].strip()
        taken = 1
        if not heading:
            heading, more = self._heading_after(index + 1)
            taken += more
        self._forget_article()
        self._push(Division(label.rank, label.text, heading))
        self._enter_body()
        return taken

    def _enter_body(self) -> None:
        if self.mode in ("front", "preamble", "signature"):
            self.mode = "body"
        self.measure = None

    def _push(self, division: Division) -> None:
        """Nests a division under those that it stood under before, else by its rank under the open ones."""
        stack = self.divisions
        same = next((k for k, open_ in enumerate(stack) if open_.rank == division.rank), None)
        if same is not None:
            del stack[same:]
        elif division.rank in self.depths:
            parents = self.depths[division.rank]
            del stack[parents:]
        else:
            while stack and stack[-1].rank >= 8:
                stack.pop()
        self.depths[division.rank] = len(stack)
        stack.append(division)

    def _take_plain(self, index: int) -> int:
        segment = self.segments[index]
        text = segment.text
        measure = schemes.measure_label(text)
        if measure is not None and (measure.sure or segment.heading) and segment.opens and len(text) < 4000:
            rest = text[measure.end :].strip()
            if segment.heading and self.grouped and _GROUPS.match(measure.key):
                self._nest(segment, measure.text, rest)
                self._note_heading(segment)
                return 1
            self.measure = measure
            self.measure_heading = rest if segment.heading else ""
            self._start(measure.kind)
            self._add(segment, measure.kind)
            if segment.heading:
                self._trim_head()
            return 1
        decimal = self._decimal(segment)
        if segment.heading and self.flat:
            if self.open is None or not all(one.heading for one in self.open.segments) or self.open.length > 300:
                self._start("other")
            self._add(segment, "other")
            return 1
        if decimal is not None and len(text) < 400:
            rest = text[decimal.end :].strip()
            title = segment.heading or (decimal.rank > 1 and looks_like_heading(rest) and len(rest) < 130)
            if title and heads_a_section(rest or text):
                self._plain_heading(segment, decimal)
                return 1
        elif segment.heading and len(text) < 400 and heads_a_section(text):
            if not reads_as_sentence(text):
                self._plain_heading(segment, None)
                return 1
            segment = replace(segment, heading=False)
        if decimal is not None and segment.opens:
            self._push_decimal(decimal, "", self._item_rank(decimal))
            self._start("paragraph")
            self._add(segment, "paragraph")
            return 1
        if self.open is None or self._complete(self.open, segment):
            if self.divisions and self.divisions[-1].rank in (11, _ITEM) and not self.divisions[-1].heading:
                self.divisions.pop()  # a list's last item: what follows isn't part of it
            if self.measure is not None:
                self._start(self.measure.kind)
            elif self.mode == "annex":
                self._start("annex")
            else:
                self._start("section" if self.divisions else "other")
        self._add(segment, "other")
        return 1

    def _trim_head(self) -> None:
        if self.open is not None:
            self.open.head = len(self.open.segments)

    def _keep_bare_heading(self, following: Label | None) -> None:
        """A numbered heading that no text followed before the next of its depth is a provision itself: a list of
        measures may be set so."""
        if self.bare is None or not self.divisions:
            return
        last = self.divisions[-1]
        deeper = following is not None and 10 + following.rank > last.rank
        bare = self.bare
        if last.label and not deeper and following is not None:
            self._start("paragraph").segments.append(bare)

    def _decimal(self, segment: Segment) -> Label | None:
        label = schemes.decimal_label(segment.text)
        if label is None:
            return schemes.roman_label(segment.text) if segment.heading else None
        if label.rank == 1:
            if not segment.text[len(label.text) :].startswith("."):
                rest = segment.text[label.end :].strip()
                return label if segment.heading and heads_a_section(rest or "-") else None
            return label if segment.heading or self._sequential(label) else None
        return label

    def _sequential(self, label: Label) -> bool:
        """Whether a number goes on with a list or with numbered paragraphs, or begins a list."""
        previous = [division for division in self.divisions if division.rank in (11, _ITEM)]
        return label.key == "1" or any(schemes.follows(label.key, schemes.number_key(one.label)) for one in previous)

    def _item_rank(self, label: Label) -> int:
        """The rank of a numbered paragraph: an item under the open headings, unless it goes on with their numbers."""
        listed = any(division.rank == _ITEM for division in self.divisions)
        if label.rank > 1:
            return _ITEM + label.rank - 1 if listed else 10 + label.rank
        return _ITEM if listed or label.key == "1" else 11

    def _push_decimal(self, label: Label, heading: str, rank: int) -> None:
        while self.divisions and self.divisions[-1].rank >= rank:
            self.divisions.pop()
        self.divisions.append(Division(rank, label.text, heading))
        self.measure = None
        self.open = None

    def _plain_heading(self, segment: Segment, decimal: Label | None) -> None:
        self._keep_bare_heading(decimal)
        self.open = None
        self.bare = segment
        if decimal is not None:
            self._push_decimal(decimal, segment.text[decimal.end :].strip(), 10 + decimal.rank)
            self._note_heading(segment)
            return
        rank = 20 + (segment.level or 5)
        if self.measure is not None and (segment.level is None or segment.level > 3):
            self.divisions = [division for division in self.divisions if division.rank < rank]
            self.divisions.append(Division(rank, "", segment.text))
            self._note_heading(segment)
            return
        self._nest(segment, "", segment.text)
        self._note_heading(segment)

    def _nest(self, segment: Segment, label: str, heading: str) -> None:
        """Opens the division of a heading, under those of larger type."""
        rank = 20 + (segment.level or 5)
        self.measure, self.open = None, None
        while self.divisions and (
            self.divisions[-1].rank >= rank
            or (10 <= self.divisions[-1].rank < 20 and (segment.level or 5) <= self.divisions[-1].rank - 10)
        ):
            self.divisions.pop()
        self.divisions.append(Division(rank, label, heading))
