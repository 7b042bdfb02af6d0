"""Acts, read by their articles: preamble, divisions, articles and their numbered paragraphs, quoted articles, annexes,
signatures, and the commentary that a gazette prints with them."""

from __future__ import annotations

import re
from dataclasses import replace

from .. import schemes
from ..schemes import Label
from . import phrases
from .plain import PlainReader, Track
from .segments import Segment, looks_like_heading
from .units import (
    HEADING_LENGTH,
    OPEN_END,
    SENTENCE_END,
    Division,
    Unit,
    heading_before_first,
    inline_numbers,
    inline_paragraphs,
    inside_quotation,
    names_a_group,
)  # fmt: skip

_CITES = re.compile(r"(?:Absatz|Abs\.|Nr\.|Nummer|Satz|Buchstabe|Unterabsatz|§|[A-Z]\.|[A-Z]+\s?\d)")


class ArticleReader(PlainReader):
    """Reads a track of acts; notices among them as plain text."""

    def __init__(self, track: Track, first_act: int) -> None:
        super().__init__(track, first_act)
        self.mode = "front"
        self.raised = ""
        self.sure: list[tuple[int, str]] = []
        for index, segment in enumerate(self.segments):
            label = schemes.article_label(segment.text)
            if label is not None and label.sure and not self.quoted[index] and index not in self.skipped:
                self.sure.append((index, label.key))

    def _enter_act(self, act: int, notice: bool) -> None:
        super()._enter_act(act, notice)
        self.mode = "body" if notice else "preamble"

    def keeps_headings(self) -> bool:
        return self.mode == "annex"

    def _take(self, index: int) -> int:
        """Reads the segment at `index` (and the headings that belong to it); how many were taken."""
        segment = self.segments[index]
        if self.notice or segment.apart:
            return super()._take(index)
        if self._raised(index):
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
        if self.mode in ("front", "preamble"):
            return self._take_preamble(index)
        return self._take_plain(index)

    def _raised(self, index: int) -> bool:
        """Whether a segment is the raised `er` of the label after it, set on a line of its own: `Art. 1er.`"""
        text = self.segments[index].text
        if text not in ("er", "re") or index + 1 >= len(self.segments):
            return False
        following = self.segments[index + 1].text
        label = schemes.article_label(following) or schemes.division_label(following)
        if label is None or not label.text.endswith("1"):
            return False
        self.raised = text if label.kind == "article" else ""
        return True

    def _try_commentary(self, index: int) -> int:
        segment = self.segments[index]
        if not segment.opens or (
            self.mode == "body" and self.article is not None and self.open is not None and not self.units[-1].segments
        ):
            return 0
        text = segment.text
        if not phrases.is_commentary_heading(text) or text.endswith((";", ",", ":")):
            return 0
        if not (segment.heading or len(text) < 120 or text.isupper()):
            return 0
        self._forget_article()
        self.mode, self.commentary, self.divisions, self.measure = "commentary", [text], [], None
        return 1

    def _take_commentary(self, index: int) -> int:
        segment = self.segments[index]
        draft = segment.heading and phrases.begins_text_of_draft(segment.text)
        if draft or phrases.is_sovereign(segment.text):
            self.mode, self.commentary, self.open = "preamble", [], None
            return self._take_preamble(index)
        label = schemes.article_label(segment.text)
        if label is not None and (label.alone or (label.sure and len(segment.text) < 90)):
            self.commentary = [self.commentary[0], segment.text] if self.commentary else [segment.text]
            self.open = None
            return 1
        if segment.heading and len(segment.text) < HEADING_LENGTH:
            self.commentary = [*self.commentary[:1], segment.text]
            self.open = None
            return 1
        if self.open is None or self._complete(self.open, segment):
            self._start("commentary")
        self._add(segment, "commentary")
        return 1

    def _try_signature(self, index: int) -> int:
        segment = self.segments[index]
        if self.mode not in ("body", "annex", "preamble") or not phrases.is_signature(segment.text):
            return 0
        if self.mode == "preamble" and self.n_articles == 0 and not re.search(r"\d{4}", segment.text):
            return 0
        if self.open is not None and self.open.segments and self.open.segments[-1].text.endswith((":", ",")):
            return 0
        self._forget_article()
        self.mode = "signature"
        self._start("signature").segments.append(segment)
        return 1

    def _own(self, label: Label, index: int) -> bool:
        """Whether an article's label in the flow is the act's own next article."""
        segment = self.segments[index]
        successor = label.sure and self.last is not None and schemes.follows(label.key, self.last)
        if not label.alone and not segment.heading and not successor and self._mid_sentence(segment):
            return False
        if self.last is None:
            first = label.key == "1" and self.before is None  # right after the enacting phrase or the title
            return label.sure or segment.heading or (first and self._reads_on(label, segment))
        prefix, numbers = schemes.order(label.key)
        if label.sure and prefix and (label.alone or segment.heading):
            return True
        if schemes.follows(label.key, self.last):
            return (
                label.sure
                or segment.heading
                or (label.end < len(segment.text) < 200 and not SENTENCE_END.search(segment.text))
                or self._reads_on(label, segment)
            )
        before = schemes.order(self.last)[1]
        if label.sure and numbers and before and numbers > before:
            return (segment.opens or label.alone) and not self._successor_comes(index, numbers[0])
        return bool(label.sure and numbers[:1] == (1,) and (segment.opens or label.alone) and len(numbers) == 1)

    def _successor_comes(self, index: int, jump: int) -> bool:
        """Whether the next article of the act comes later on, so that a higher number before it is another act's.

        Only where the jump is short of an act's end: a later act of the same document has such numbers too.
        """
        last = self.last or ""
        end = next((first for first in sorted(self.heads) if first > index), len(self.segments))
        later = [key for at, key in self.sure if index < at < end]
        expected = next((k for k, key in enumerate(later) if schemes.follows(key, last)), None)
        restart = next((k for k, key in enumerate(later) if key == "1"), len(later))
        return expected is not None and expected < restart and schemes.order(later[expected])[1][0] <= jump

    def _reads_on(self, label: Label, segment: Segment) -> bool:
        """Whether an article's text follows its number without any mark: `ART. 3 By this programme …`."""
        rest = segment.text[label.end :].lstrip()
        finished = self.before is None or bool(SENTENCE_END.search(self.before.text))
        return segment.opens and finished and rest[:1].isupper() and _CITES.match(rest) is None

    def _mid_sentence(self, segment: Segment) -> bool:
        """Whether the text before a segment is in the middle of a sentence, so that what looks like a label is none."""
        before = self.before
        if before is None or before.heading or before.table or before.apart or before.text.isupper():
            return False
        if phrases.cites_next(before.text):
            return True
        if len(before.text) < 60 or looks_like_heading(before.text):
            return False
        return bool(OPEN_END.search(before.text))

    def _try_article(self, index: int) -> int:
        segment = self.segments[index]
        if self.mode == "commentary":
            return 0
        label = schemes.article_label(segment.text)
        if label is None:
            return 0
        label = self._superscript(label, index)
        if not self._own(label, index):
            return 0
        if segment.text[label.end :][:1].islower() and not label.text[:1].isupper():
            return 0
        self._forget_article()
        self.last = label.key
        self.article = replace(label, text=label.text + self.raised) if self.raised else label
        self.raised = ""
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
            and (
                not rest.rstrip().endswith((".", ";", ":", ",", *"0123456789"))
                or (segment.heading and rest.count(".") == 1 and rest.endswith("."))
            )
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
            self._split_inline(segment, label.end, index)
        return taken

    def _superscript(self, label: Label, index: int) -> Label:
        """An article inserted after another one, its raised number set on the line: 31 after 3, with 4 to come."""
        last = self.last or ""
        match = re.fullmatch(rf"{last}([1-9])", label.key) if last.isdigit() else None
        if match is None or schemes.follows(label.key, last) or not self._successor_comes(index, int(last) + 1):
            return label
        return replace(label, key=f"{last}^{match.group(1)}")

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

    def _try_heading_and_first(self, segment: Segment, skip: int, index: int) -> bool:
        """Takes a segment in which an article's heading and its paragraph (1) are set as one."""
        unit = self.open
        if unit is None or self.paragraph is not None or self.style or self.article is None or self.article_heading:
            return False
        if len(unit.segments) != (0 if skip else 1) or len(unit.segments) > unit.head + 1:
            return False
        at = heading_before_first(segment.text[skip:])
        if not at or not self._second_comes(segment.text[skip + at :], index):
            return False
        heading, rest = segment.part(0, skip + at), segment.part(skip + at, len(segment.text))
        label = schemes.paragraph_label(rest.text)
        if label is None:
            return False
        unit.segments.append(heading)
        unit.head = len(unit.segments)
        self.article_heading = segment.text[skip : skip + at].strip(" .–—-")
        unit.headings = self._headings()
        self._paragraph(rest, label, fresh=False)
        return True

    def _second_comes(self, rest: str, index: int) -> bool:
        """Whether paragraph (2) follows in the article at `index`, of which `rest` is the text from (1) on."""
        if inline_paragraphs(rest, 1):
            return True
        for later in range(index + 1, len(self.segments)):
            text = self.segments[later].text
            article = schemes.article_label(text)
            if later in self.heads or self.quoted[later] or (article is not None and article.sure):
                return False
            label = schemes.paragraph_label(text)
            if (label is not None and label.key == "2") or inline_paragraphs(text, 1):
                return True
        return False

    def _split_inline(self, segment: Segment, skip: int, index: int | None = None) -> None:
        """Adds a segment to the open unit, cutting it where further paragraphs begin inside it. `index`: the segment's,
        where the article's first paragraph may begin in it."""
        if index is not None and self._try_heading_and_first(segment, skip, index):
            return
        number = int(self.paragraph.key) if self.paragraph is not None and self.paragraph.key.isdigit() else 0
        tail = segment.text[skip:]
        cuts = [
            skip + cut
            for cut in (inline_paragraphs(tail, number) if self.style != "numbered" else inline_numbers(tail, number))
            if not inside_quotation(segment.text[: skip + cut])
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
        if marked is not None and self.style in ("", "marked"):
            opens = marked.key.startswith("1") if previous is None else schemes.follows(marked.key, previous)
            if opens:
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
            self.divisions.append(Division(8, "", text))
            return 1
        if unit is None:
            unit = self._start("article")
        self._split_inline(segment, 0, index)
        return 1

    def _heads_an_article(self, index: int) -> bool:
        """Whether a heading without number stands over the next article, not inside the open one."""
        text = self.segments[index].text
        if not names_a_group(text):
            return False
        while index + 1 < len(self.segments) and (index + 1 in self.skipped or self.segments[index + 1].apart):
            index += 1
        if index + 1 >= len(self.segments) or self.quoted[index + 1]:
            return False
        following = self.segments[index + 1]
        label = schemes.article_label(following.text)
        return bool(label is not None and label.sure and self._own(label, index + 1))

    def _take_quoted(self, segment: Segment) -> None:
        text = segment.text
        going_on = self._mid_sentence(segment)
        label = None if going_on else schemes.article_label(text) or schemes.division_label(text)
        sign = None if going_on else schemes.paragraph_label(text)
        outer = [self.paragraph.text] if self.paragraph is not None else []
        if label is not None and (label.sure or label.alone):
            self.quoted_labels = [(label.kind, label.text, label.key)]
            inner = schemes.paragraph_label(text[label.end :]) or schemes.numbered_label(text[label.end :])
            if inner is not None and inner.key == "1":
                self.quoted_labels.append(("paragraph", inner.text, inner.key))
        elif sign is not None and self.quoted_labels and self._bare_label():
            self.quoted_labels.append(("paragraph", sign.text, sign.key))
            unit = self.open
            if unit is not None:
                unit.keys = (*unit.keys, sign.key) if unit.keys else ()
                unit.kind, unit.labels = "paragraph", (*unit.labels, sign.text)
                unit.segments.append(segment)
            return
        elif sign is not None and (self.quoted_labels or text[0] in '«„“”″"' or sign.text.startswith("§")):
            self.quoted_labels = [one for one in self.quoted_labels if one[0] != "paragraph"] + [
                ("paragraph", sign.text, sign.key)
            ]
        else:
            if self.open is None:
                self._start("article", *outer, quoted=True)
            self._add(segment, "article")
            return
        labels = [name for _, name, _ in self.quoted_labels]
        unit = self._start("article" if len(labels) == 1 else "paragraph", *outer, *labels, quoted=True)
        if self.article is not None:
            inside = self.paragraph.key if self.paragraph is not None else ""
            quoted = (key for _, _, key in self.quoted_labels)
            unit.keys = (schemes.fold(self.annex), self.article.key, inside, "«", *quoted)
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
        if self.mode == "front" and phrases.is_enacting(segment.text):
            self.mode = "preamble"
        recital = phrases.is_recital(segment.text)
        opening = recital or phrases.is_preamble(segment.text)
        kind = "recital" if recital else ("preamble" if self.mode == "preamble" or opening else "other")
        if self.open is None or opening or recital or self._complete(self.open, segment):
            self._start(kind)
        self._add(segment, kind)
        if phrases.is_enacting(segment.text):
            self.mode, self.open = "body", None
        return 1

    def _reopen(self, segment: Segment) -> None:
        """After a quotation: the amending article goes on, in a unit of its own."""
        if self.article is None:
            self.open = None
            return
        point = schemes.point_label(segment.text) or schemes.numbered_label(segment.text)
        inner = [self.paragraph.text] if self.paragraph is not None else []
        if point is not None and point.key != "-":
            inner.append(point.text)
        unit = self._start("paragraph" if self.paragraph is not None else "article", *inner)
        unit.keys = (*unit.keys, f"+{point.key}") if point is not None and unit.keys else ()
