"""Units: segments gathered into the units that provisions are made of, with their labels and headings.

One reader goes through one language's segments of a document. It keeps the act, the open divisions (Title, Chapter,
Section), the article and its paragraph, and knows where it stands: front matter, preamble, body, signatures, annex,
commentary. Texts without articles are read by their headings, decimal numbers, measures and paragraphs instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from . import schemes
from .schemes import Label
from .segments import Segment, looks_like_heading

_SENTENCE_END = re.compile(r"[.!?;:»”″…]\s*[)\"’']?\s*$")
_OPEN_END = re.compile(r"(?:^|\s)(?:[a-zà-ÿß]{1,4}|[α-ωά-ώ]{1,4}|[a-zà-ÿα-ωά-ώ]+-)$|[,(]$")
"""A text whose last word is a short one in lower case (an article, a preposition) or broken, goes on."""
_CITES = re.compile(r"(?:Absatz|Abs\.|Nr\.|Nummer|Satz|Buchstabe|Unterabsatz|§|[A-Z]\.|[A-Z]+\s?\d)")
_HEADING_LENGTH = 230


@dataclass(slots=True)
class Unit:
    """Segments that belong together. `keys` are the folded labels that align language versions, () for none."""

    kind: str
    act: int
    labels: tuple[str, ...]
    headings: tuple[str, ...]
    quoted: bool
    keys: tuple[str, ...] = ()
    article: int = 0
    """Counts the own articles, so that those of a table of contents can be told; 0 outside articles."""
    segments: list[Segment] = field(default_factory=list)
    head: int = 0
    """How many of the first segments are only a label or a heading."""

    @property
    def length(self) -> int:
        return sum(len(segment.text) + 1 for segment in self.segments)

    @property
    def text(self) -> str:
        return "\n".join(segment.text for segment in self.segments)


@dataclass(slots=True)
class _Division:
    rank: int
    label: str
    heading: str


def _names_a_group(text: str) -> bool:
    """Whether a heading without number can stand over articles: short, no sentence, point or enacting phrase."""
    if len(text) > (160 if text.isupper() else 95) or not text[0].isupper() or text.endswith((";", ",")):
        return False
    return not (schemes.is_enacting(text) or schemes.is_preamble(text) or schemes.point_label(text) or " est " in text)


def _heads_a_section(text: str) -> bool:
    """Whether what is set as a heading can be one: not a sentence, as on slides and title pages."""
    if len(text) > (220 if text.isupper() else 130) or not (text[0].isupper() or text[0].isdigit()):
        return False
    if text.endswith((";", ",")) or (text.endswith(".") and len(text) > 60) or "://" in text:
        return False
    return _OPEN_END.search(text) is None and any(c.isalpha() for c in text)


def inline_paragraphs(text: str, after: int) -> list[int]:
    """Where (2), (3) … or § 2, § 3 … begin inside a text whose last paragraph so far is number `after`.

    Only numbers in sequence behind the end of a sentence count.
    """
    cuts: list[int] = []
    expected = after + 1
    for match in re.finditer(
        r"(?:(?<=[.;:!?»”])|(?<=\.»)|^)\s*(?:\((\d{1,2})\)|§ ?(\d{1,2})(?:er)?\.?)\s(?=[^\s\d,;.)])", text
    ):
        number = int(match.group(1) or match.group(2))
        if number == expected:
            cuts.append(match.start() + len(match.group()) - len(match.group().lstrip()))
            expected += 1
    return [cut for cut in cuts if cut > 0]


def inline_numbers(text: str, after: int) -> list[int]:
    """Where 2., 3. … begin inside a text, in sequence behind the end of a sentence and before a capital."""
    cuts: list[int] = []
    expected = after + 1
    for match in re.finditer(r"(?<=[.;»”])\s(\d{1,2})\.\s(?=[A-ZΑ-ΩΆΈΉΊΌΎΏÀ-ÝȘȚÎĂ«„])", text):
        if int(match.group(1)) == expected:
            cuts.append(match.start() + 1)
            expected += 1
    return cuts


class Reader:
    """Reads the segments of one track. `heads`: index of a segment -> (act number,
    segments its title takes, whether the act is a notice, read as plain text). `flat`: read headings as text."""

    def __init__(
        self,
        segments: Sequence[Segment],
        quoted: Sequence[bool],
        heads: Mapping[int, tuple[int, int, bool]],
        skipped: frozenset[int],
        legal: bool,
        first_act: int,
        flat: bool = False,
    ) -> None:
        self.segments = segments
        self.quoted = quoted
        self.heads = heads
        self.skipped = skipped
        self.document_legal = self.legal = legal
        self.flat = flat
        self.act = first_act
        self.mode = "front" if legal else "body"
        self.bare: Segment | None = None
        self.units: list[Unit] = []
        self.open: Unit | None = None
        self.divisions: list[_Division] = []
        self.depths: dict[int, int] = {}
        self.annex = ""
        self.commentary: list[str] = []
        self.measure: Label | None = None
        self.restarts: list[int] = []
        self.n_articles = 0
        self._forget_article()
        self.last: str | None = None
        self.before: Segment | None = None

    # -- state ---------------------------------------------------------------------------------------------------

    def _forget_article(self) -> None:
        self.article: Label | None = None
        self.article_heading = ""
        self.style = ""
        self.paragraph: Label | None = None
        self.quoted_labels: list[tuple[str, str]] = []
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
        words = list(self.commentary) if self.mode == "commentary" else []
        words += [division.heading for division in self.divisions if division.heading]
        if self.article is not None and self.article_heading:
            words.append(self.article_heading)
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
        self.units.append(unit)
        self.open = unit
        self.bare = None
        return unit

    def _add(self, segment: Segment, kind: str, *inner: str) -> None:
        unit = self.open or self._start(kind, *inner)
        unit.segments.append(segment)

    # -- reading -------------------------------------------------------------------------------------------------

    def read(self) -> list[Unit]:
        index = 0
        while index < len(self.segments):
            if index in self.heads:
                act, taken, notice = self.heads[index]
                self._enter_act(act)
                self.legal = self.document_legal and not notice
                self.mode = "body" if notice else "preamble"
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

    def _enter_act(self, act: int) -> None:
        self._forget_article()
        if act != self.act or self.mode != "commentary":
            self.divisions, self.depths, self.last = [], {}, None
        self.act, self.annex, self.commentary, self.measure = act, "", [], None
        self.divisions = []

    def _take(self, index: int) -> int:
        """Reads the segment at `index` (and the headings that belong to it); how many were taken."""
        segment = self.segments[index]
        if segment.apart:
            held = self.open
            self._footnote(segment)
            self.open = held
            return 1
        if self.quoted[index] and self.mode in ("body", "annex", "signature"):
            self._take_quoted(segment)
            return 1
        self.quoted_labels = []
        if self.open is not None and self.open.quoted:
            self._reopen(segment)
        if segment.table:
            self._table(segment)
            return 1
        for step in (self._try_commentary, self._try_article, self._try_annex, self._try_division, self._try_signature):
            taken = step(index)
            if taken:
                return taken
        if self.mode == "commentary":
            return self._take_commentary(index)
        if self.article is not None:
            return self._take_in_article(index)
        if self.mode == "signature":
            if len(segment.text) > 420:
                self.open = None
                self.units.append(Unit("other", self.act, (), (), False, segments=[segment]))
            else:
                self._add(segment, "signature")
            return 1
        if self.legal and self.mode in ("front", "preamble"):
            return self._take_preamble(index)
        return self._take_plain(index)

    def _reopen(self, segment: Segment) -> None:
        """After a quotation: the amending article goes on, in a unit of its own."""
        if self.article is None:
            self.open = None
            return
        point = schemes.point_label(segment.text) or schemes.numbered_label(segment.text)
        inner = [self.paragraph.text] if self.paragraph is not None else []
        if point is not None and point.key != "-":
            inner.append(point.text)
        self._start("paragraph" if self.paragraph is not None else "article", *inner)

    def _footnote(self, segment: Segment) -> None:
        self.units.append(Unit("other", self.act, (), self._headings(), False, segments=[segment]))

    def _table(self, segment: Segment) -> None:
        if self.article is not None and self.open is not None and not self.open.segments:
            self.open.segments.append(segment)
            return
        kind = "table"
        inner = [self.paragraph.text] if self.article is not None and self.paragraph is not None else []
        held = self.open
        unit = self._start(kind, *inner)
        unit.keys = ()
        unit.segments.append(segment)
        self.open = held if self.article is not None else None

    def _try_commentary(self, index: int) -> int:
        segment = self.segments[index]
        if (
            not self.legal
            or not segment.opens
            or (
                self.mode == "body"
                and self.article is not None
                and self.open is not None
                and not self.units[-1].segments
            )
        ):
            return 0
        text = segment.text
        if not schemes.is_commentary_heading(text) or text.endswith((";", ",", ":")):
            return 0
        if not (segment.heading or len(text) < 120 or text.isupper()):
            return 0
        self._forget_article()
        self.mode, self.commentary, self.divisions, self.measure = "commentary", [text], [], None
        return 1

    def _take_commentary(self, index: int) -> int:
        segment = self.segments[index]
        folded = schemes.fold(segment.text)
        if re.match(r"(?:philippe|filip|albert), (?:roi|koning|konig)|nous,? .{0,50}grand-duc", folded):
            self.mode, self.commentary = "preamble", []
            return self._take_preamble(index)
        label = schemes.article_label(segment.text)
        if label is not None and (label.alone or (label.sure and len(segment.text) < 90)):
            self.commentary = [self.commentary[0], segment.text] if self.commentary else [segment.text]
            self.open = None
            return 1
        if segment.heading and len(segment.text) < _HEADING_LENGTH:
            self.commentary = [*self.commentary[:1], segment.text]
            self.open = None
            return 1
        if self.open is None or self._complete(self.open, segment):
            self._start("commentary")
        self._add(segment, "commentary")
        return 1

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
        if _SENTENCE_END.search(last.text) or last.heading or following.kind == "list_item":
            return True
        return not (following.text[:1].islower() or last.page != following.page)

    def _try_signature(self, index: int) -> int:
        segment = self.segments[index]
        if not self.legal or self.mode not in ("body", "annex", "preamble") or not schemes.is_signature(segment.text):
            return 0
        if self.mode == "preamble" and self.n_articles == 0 and not re.search(r"\d{4}", segment.text):
            return 0
        if self.open is not None and self.open.segments and self.open.segments[-1].text.endswith((":", ",")):
            return 0
        self._forget_article()
        self.mode = "signature"
        self._start("signature").segments.append(segment)
        return 1

    def _try_annex(self, index: int) -> int:
        segment = self.segments[index]
        label = schemes.annex_label(segment.text) if segment.opens else None
        if label is None or (
            self.legal and self.mode in ("preamble", "commentary") and self.n_articles == 0 and self.mode != "front"
        ):
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
            self.divisions = [_Division(0, "", rest)]
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
                len(text) > _HEADING_LENGTH
                or schemes.article_label(text)
                or schemes.division_label(text)
                or schemes.paragraph_label(text)
                or schemes.numbered_label(text)
                or schemes.point_label(text)
                or schemes.is_signature(text)
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
        parts = re.split(r" [>|] ", text)
        if len(parts) > 1 and schemes.division_label(text):
            self._forget_article()
            self.divisions = []
            for part in parts:
                label = schemes.division_label(part)
                heading = part[label.end :].strip() if label else part.strip()
                self.divisions.append(_Division(label.rank if label else 8, label.text if label else "", heading))
            self._enter_body()
            return 1
        label = schemes.division_label(text)
        if label is None or len(text) > 400:
            return 0
        if not (segment.heading or label.alone or (label.sure and segment.opens) or text.isupper()):
            return 0
        if self.mode == "commentary" or text.endswith((";", ",")):
            return 0
        heading = text[label.end :].strip()
        taken = 1
        if not heading:
            heading, more = self._heading_after(index + 1)
            taken += more
        self._forget_article()
        self._push(_Division(label.rank, label.text, heading))
        self._enter_body()
        return taken

    def _enter_body(self) -> None:
        if self.mode in ("front", "preamble", "signature"):
            self.mode = "body"
        self.measure = None

    def _push(self, division: _Division) -> None:
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

    def _own(self, label: Label, segment: Segment) -> bool:
        """Whether an article's label in the flow is the act's own next article."""
        if not label.alone and not segment.heading and self._mid_sentence(segment):
            return False
        if self.last is None:
            return label.sure or segment.heading
        prefix, numbers = schemes.order(label.key)
        if label.sure and prefix and (label.alone or segment.heading):
            return True
        if schemes.follows(label.key, self.last):
            return (
                label.sure
                or segment.heading
                or (label.end < len(segment.text) < 200 and not _SENTENCE_END.search(segment.text))
                or self._reads_on(label, segment)
            )
        before = schemes.order(self.last)[1]
        if label.sure and numbers and before and numbers > before:
            return segment.opens or label.alone
        return bool(label.sure and numbers[:1] == (1,) and (segment.opens or label.alone) and len(numbers) == 1)

    def _reads_on(self, label: Label, segment: Segment) -> bool:
        """Whether an article's text follows its number without any mark: `ART. 3 By this programme …`."""
        rest = segment.text[label.end :].lstrip()
        finished = self.before is None or bool(_SENTENCE_END.search(self.before.text))
        return segment.opens and finished and rest[:1].isupper() and _CITES.match(rest) is None

    def _mid_sentence(self, segment: Segment) -> bool:
        """Whether the text before a segment is in the middle of a sentence, so that what looks like a label is none."""
        before = self.before
        if before is None or before.heading or before.table or len(before.text) < 60 or before.apart:
            return False
        if before.text.isupper() or looks_like_heading(before.text):
            return False
        return bool(_OPEN_END.search(before.text))

    def _try_article(self, index: int) -> int:
        segment = self.segments[index]
        if self.mode == "commentary" or not self.legal:
            return 0
        label = schemes.article_label(segment.text)
        if label is None or not self._own(label, segment):
            return 0
        if segment.text[label.end :][:1].islower() and not label.text[:1].isupper():
            return 0
        if label.key == "1" and self.last is not None and self.mode != "preamble" and not self.annex:
            self.restarts.append(self.n_articles + 1)
        self._forget_article()
        self.last = label.key
        self.article = label
        self.n_articles += 1
        if self.mode in ("front", "preamble", "signature"):
            self.mode = "body"
        taken = 1
        rest = segment.text[label.end :]
        unit = self._start("article")
        if not rest:
            unit.segments.append(segment)
            self.article_heading, more = self._heading_after(index + 1)
            if more and not self._something_after(index + 1 + more):
                self.article_heading, more = "", 0
            unit.segments += self.segments[index + 1 : index + 1 + more]
            unit.head = 1 + more
            unit.headings = self._headings()
            return taken + more
        if (
            len(rest) < 160
            and not rest.rstrip().endswith((".", ";", ":", ",", *"0123456789"))
            and not schemes.paragraph_label(rest)
            and not schemes.numbered_label(rest)
            and index + 1 < len(self.segments)
            and self._something_after(index + 1)
        ):
            self.article_heading = rest.strip(" .–—-")
            unit.segments.append(segment)
            unit.head = 1
            unit.headings = self._headings()
            return taken
        inner = schemes.paragraph_label(rest) or schemes.numbered_label(rest)
        if inner is not None and inner.key.startswith("1"):
            self._paragraph(segment, inner, fresh=False)
        else:
            self._split_inline(segment, label.end)
        return taken

    def _something_after(self, index: int) -> bool:
        """Whether text of the article follows at `index`, not another article or division at once."""
        while index in self.skipped:
            index += 1
        if index >= len(self.segments) or index in self.heads:
            return False
        text = self.segments[index].text
        numbered = schemes.numbered_label(text) or schemes.paragraph_label(text) or schemes.point_label(text)
        if not text[0].isupper() and numbered is None and text[0] not in "«„“”″\"΄'":
            return False
        article = schemes.article_label(text)
        return not (article is not None and article.sure) and schemes.division_label(text) is None

    def _paragraph(self, segment: Segment, label: Label, *, fresh: bool) -> None:
        """Opens a numbered paragraph of the article; `fresh` False: in the unit that holds the article's label."""
        self.paragraph = label
        if self.style == "":
            self.style = "numbered" if label.text.rstrip(".").isdigit() else "marked"
        unit = self.open
        if fresh or unit is None or len(unit.segments) > unit.head:
            unit = self._start("paragraph", label.text)
        else:
            unit.kind = "paragraph"
            unit.labels = self._labels(label.text)
            if unit.keys:
                unit.keys = (*unit.keys[:2], label.key)
        self._split_inline(segment, 0)

    def _split_inline(self, segment: Segment, skip: int) -> None:
        """Adds a segment to the open unit, cutting it where further paragraphs begin inside it."""
        number = int(self.paragraph.key) if self.paragraph is not None and self.paragraph.key.isdigit() else 0
        tail = segment.text[skip:]
        cuts = [
            skip + cut
            for cut in (inline_paragraphs(tail, number) if self.style != "numbered" else inline_numbers(tail, number))
        ]
        if number == 0 and self.style == "" and len(cuts) < 2:
            cuts = []
        if number == 0 and cuts and cuts[0] - skip > 160 and ":" in segment.text[cuts[0] - 3 : cuts[0]]:
            cuts = []
        ends = [*cuts, len(segment.text)]
        unit = self.open or self._start("article")
        first = segment.part(0, ends[0])
        if first.text:
            unit.segments.append(first)
        for begin, end in zip(cuts, ends[1:], strict=True):
            part = segment.part(begin, end)
            label = schemes.paragraph_label(part.text) or schemes.numbered_label(part.text)
            if label is not None:
                self.paragraph = label
                self.style = self.style or "marked"
                heading_only = len(unit.text) < 200 and not unit.text.rstrip().endswith(":") and unit.kind == "article"
                if part is not None and heading_only and label.key == "1" and len(unit.segments) <= unit.head + 1:
                    unit.kind, unit.labels = "paragraph", self._labels(label.text)
                    unit.keys = (*unit.keys[:2], label.key) if unit.keys else ()
                else:
                    unit = self._start("paragraph", label.text)
            unit.segments.append(part)

    def _take_in_article(self, index: int) -> int:
        segment = self.segments[index]
        text = segment.text
        unit = self.open
        going_on = self._mid_sentence(segment)
        marked = None if going_on else schemes.paragraph_label(text)
        previous = self.paragraph.key if self.paragraph is not None else None
        if marked is not None and self.style in ("", "marked") and segment.text[marked.end - 1 : marked.end] != ",":
            if (previous is None and marked.key.startswith("1")) or (
                previous is not None and schemes.follows(marked.key, previous)
            ):
                self._paragraph(segment, marked, fresh=previous is not None)
                return 1
        numbered = None if going_on else schemes.numbered_label(text)
        if numbered is not None and self.style in ("", "numbered"):
            body = "" if unit is None else "\n".join(one.text for one in unit.segments[unit.head :])
            introduced = len(body) > 200 or body.rstrip().endswith(":")
            if (previous is None and numbered.key == "1" and not introduced) or (
                previous is not None and self.style == "numbered" and schemes.follows(numbered.key, previous)
            ):
                self._paragraph(segment, numbered, fresh=previous is not None)
                return 1
        if self.mode in ("body", "annex") and segment.heading and segment.opens and self._heads_an_article(index):
            self._forget_article()
            while self.divisions and self.divisions[-1].rank >= 8:
                self.divisions.pop()
            self.divisions.append(_Division(8, "", text))
            return 1
        if unit is None:
            unit = self._start("article")
        self._split_inline(segment, 0)
        return 1

    def _heads_an_article(self, index: int) -> bool:
        """Whether a heading without number stands over the next article, not inside the open one."""
        text = self.segments[index].text
        if not _names_a_group(text):
            return False
        while index + 1 < len(self.segments) and (index + 1 in self.skipped or self.segments[index + 1].apart):
            index += 1
        if index + 1 >= len(self.segments) or self.quoted[index + 1]:
            return False
        following = self.segments[index + 1]
        label = schemes.article_label(following.text)
        return bool(label is not None and label.sure and self._own(label, following))

    def _take_quoted(self, segment: Segment) -> None:
        text = segment.text
        going_on = self._mid_sentence(segment)
        label = None if going_on else schemes.article_label(text) or schemes.division_label(text)
        sign = None if going_on else schemes.paragraph_label(text)
        outer = [self.paragraph.text] if self.paragraph is not None else []
        if label is not None and (label.sure or label.alone):
            self.quoted_labels = [(label.kind, label.text)]
            inner = schemes.paragraph_label(text[label.end :]) or schemes.numbered_label(text[label.end :])
            if inner is not None and inner.key == "1":
                self.quoted_labels.append(("paragraph", inner.text))
        elif sign is not None and self.quoted_labels and self._bare_label():
            self.quoted_labels.append(("paragraph", sign.text))
            unit = self.open
            if unit is not None:
                unit.kind, unit.labels = "paragraph", (*unit.labels, sign.text)
                unit.segments.append(segment)
            return
        elif sign is not None and (self.quoted_labels or text[0] in '«„“”″"' or sign.text.startswith("§")):
            self.quoted_labels = [one for one in self.quoted_labels if one[0] != "paragraph"] + [
                ("paragraph", sign.text)
            ]
        else:
            if self.open is None:
                self._start("article", *outer, quoted=True)
            self._add(segment, "article")
            return
        labels = [name for _, name in self.quoted_labels]
        unit = self._start("article" if len(labels) == 1 else "paragraph", *outer, *labels, quoted=True)
        unit.segments.append(segment)

    def _bare_label(self) -> bool:
        """Whether the open quoted unit holds nothing but an article's label."""
        if self.open is None or not self.open.quoted or len(self.open.segments) != 1:
            return False
        label = schemes.article_label(self.open.segments[0].text)
        return label is not None and label.alone

    def _take_preamble(self, index: int) -> int:
        segment = self.segments[index]
        bracket = schemes.paragraph_label(segment.text)
        if bracket is not None and bracket.text.startswith("(") and len(segment.text) > 40:
            self._start("recital", bracket.text).segments.append(segment)
            return 1
        if schemes.is_enacting(segment.text) and self.mode == "front":
            self.mode = "preamble"
        recital = schemes.is_recital(segment.text)
        opening = recital or schemes.is_preamble(segment.text)
        kind = "recital" if recital else ("preamble" if self.mode == "preamble" or opening else "other")
        if self.open is None or opening or recital or self._complete(self.open, segment):
            self._start(kind)
        self._add(segment, kind)
        return 1

    # -- texts without articles ----------------------------------------------------------------------------------

    def _take_plain(self, index: int) -> int:
        segment = self.segments[index]
        text = segment.text
        measure = schemes.measure_label(text)
        if measure is not None and (measure.sure or segment.heading) and segment.opens and len(text) < 4000:
            self.measure = measure
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
            if title and _heads_a_section(rest or text):
                self._plain_heading(segment, decimal)
                return 1
        elif segment.heading and len(text) < 400 and _heads_a_section(text):
            self._plain_heading(segment, None)
            return 1
        if decimal is not None and segment.opens:
            self._push_decimal(decimal, "")
            self._start("paragraph")
            self._add(segment, "paragraph")
            return 1
        if self.open is None or self._complete(self.open, segment):
            if self.divisions and self.divisions[-1].rank == 11 and not self.divisions[-1].heading:
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
            roman = schemes.roman_label(segment.text) if segment.heading else None
            return roman
        if label.rank == 1:
            if not segment.text[len(label.text) :].startswith("."):
                rest = segment.text[label.end :].strip()
                return label if segment.heading and _heads_a_section(rest or "-") else None
            return label if segment.heading or self._sequential(label) else None
        return label

    def _sequential(self, label: Label) -> bool:
        siblings = [division for division in self.divisions if division.rank == 10 + label.rank]
        previous = schemes.number_key(siblings[-1].label) if siblings else None
        return label.key == "1" if previous is None else schemes.follows(label.key, previous)

    def _push_decimal(self, label: Label, heading: str) -> None:
        rank = 10 + label.rank
        while self.divisions and self.divisions[-1].rank >= rank:
            self.divisions.pop()
        self.divisions.append(_Division(rank, label.text, heading))
        self.measure = None
        self.open = None

    def _plain_heading(self, segment: Segment, decimal: Label | None) -> None:
        self._keep_bare_heading(decimal)
        self.open = None
        self.bare = segment
        if decimal is not None:
            self._push_decimal(decimal, segment.text[decimal.end :].strip())
            return
        rank = 20 + (segment.level or 5)
        if self.measure is not None and (segment.level is None or segment.level > 3):
            self.divisions = [division for division in self.divisions if division.rank < rank]
            self.divisions.append(_Division(rank, "", segment.text))
            return
        self.measure = None
        while self.divisions and (
            self.divisions[-1].rank >= rank
            or (10 <= self.divisions[-1].rank < 20 and (segment.level or 5) <= self.divisions[-1].rank - 10)
        ):
            self.divisions.pop()
        self.divisions.append(_Division(rank, "", segment.text))
