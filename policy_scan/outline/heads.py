"""Heads: where acts begin in a gazette, a law or a draft, and which lines their titles take."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .. import acts, schemes
from ..acts import Act
from . import phrases
from .segments import Segment, looks_like_heading

_TRANSLATION = re.compile(r"^(?:traduction|vertaling|ubersetzung|\*+|[_—–-]+)$")


@dataclass(frozen=True, slots=True)
class Head:
    first: int
    taken: int
    act: Act
    sure: bool
    notice: bool = False


_GREEK_AUTHORITY = re.compile(
    r"^(?:ο |η |οι |το |τα )?(?:υπουργ|υφυπουργ|αναπληρωτ|προεδρ|διοικητ|διοικητικ|περιφερει|δημαρχ|γενικ"
    r"|ειδικ|συμβουλ|ολομελ|πρυταν|συγκλητ|αποκεντρωμεν|δημοτικ|εχοντασ|αρχη|επιτροπη)"
)


_NO_TITLE = re.compile(
    r"^(?:de hierna volgende|le texte qui suit|der folgende|folgende text|cette traduction|deze vertaling"
    r"|diese ubersetzung"
    r"|(?:de|le|la|der|die|het|l')\s?(?:vlaamse |brusselse |federale |premier |eerste )?(?:minister|ministre|regering"
    r"|gouvernement|regierung"
    r"|parlement|senat|assemblee|waals|president|koning|roi)|nous\b|wij\b|wir\b|sire\b|par decision|\(mem"
    r"|nor ?:|eli ?:|jorf\b|texte n|https?:|version (?:en vigueur|consolidee)|derniere modification|chronolegi"
    r"|partie (?:legislative|reglementaire)|publics concernes|\(text with eea|\(texte presentant|\(voor de eer"
    r"|\(text von bedeutung|\(κειμενο που παρουσιαζει|\(text cu relevanta|emitent|publicat)"
)
"""How a line after an act's heading begins that is no more of its title (folded)."""


_NOTICES = re.compile(
    r"^(?:(?:wettelijke bekendmakingen en verschillende berichten|publications legales et avis divers"
    r"|gesetzliche bekanntmachungen und verschiedene mitteilungen)\s*)+$"
)
"""The heading of the last part of a Moniteur belge: notices of courts, associations and companies (folded)."""


_RELEVANCE = re.compile(
    r" \((?:Text with EEA|Texte présentant|Voor de EER|Text von Bedeutung|Κείμενο που παρουσιάζει"
    r"|Text cu relevanță)[^)]*\)$"
)
"""What the Official Journal says behind a title and isn't its title."""


def _begins_act(segments: Sequence[Segment], index: int, after: int, greek: bool) -> bool:
    """Whether what follows a possible heading shows that an act begins there."""
    own = acts.act_head(segments[index].text)
    before = ""
    for segment in segments[after : after + (3 if greek else 14)]:
        text = segment.text
        other = acts.act_head(text)
        if other is not None and other != own and not greek and not before.endswith(":"):
            return False
        before = text
        if greek and _GREEK_AUTHORITY.match(schemes.fold(text)) and len(text) < 300:
            return True
        if phrases.is_preamble(text) or phrases.is_enacting(text) or phrases.is_commentary_heading(text):
            return True
        label = schemes.article_label(text)
        if label is not None and label.sure and label.key in ("1", "1–2"):
            return True
        if schemes.fold(text).startswith("texte coordonne"):
            return True
        if schemes.division_label(text) is not None:
            return True
    return False


def is_notices(head: Head) -> bool:
    """Whether a head opens the last part of a Moniteur belge."""
    return head.notice and _NOTICES.match(schemes.fold(head.act.title)) is not None


def find_heads(segments: Sequence[Segment], quoted: Sequence[bool], skipped: frozenset[int]) -> list[Head]:
    """Where acts begin in one track, each with the segments that its heading takes, ministry lines before included."""
    heads: list[Head] = []
    taken_to = 0
    for index, segment in enumerate(segments):
        if index < taken_to or index in skipped or quoted[index] or segment.table or segment.apart or not segment.opens:
            continue
        if segment.heading and _NOTICES.match(schemes.fold(segment.text)):
            heads.append(Head(index, 1, Act(re.sub(r"\s+", " ", segment.text), "other", ""), True, True))
            taken_to = index + 1
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
                heads.append(
                    _whole(segments, index, 2 if len(title) < 400 else 1, act, taken_to, True, act.act_type == "other")
                )
                taken_to = heads[-1].first + heads[-1].taken
            continue
        before = segments[index - 1].text if index else ""
        annex = schemes.annex_label(before)
        if not head.sure and (before.endswith((":", ",")) or (annex is not None and annex.alone)):
            continue
        greek = bool(re.match(r"^(?:[fφ] )?(?:\(?\d{0,3}\)? ?[αa]ριθ|\(\d{1,2}\) )", schemes.fold(segment.text)))
        title, extra = _title(segments, index, head.title, skipped, greek)
        if not head.sure and not _begins_act(segments, index, index + 1 + extra, greek):
            continue
        if not head.sure and not (segment.heading or len(segment.text) < 700):
            continue
        date = head.date or ("" if re.search("[Α-Ω]", title[:12]) else acts.date_in(title[:400]))
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
    while short and extra < 4 and index + 1 + extra < len(segments):
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
            schemes.article_label(text) or schemes.division_label(text) or phrases.is_preamble(text)
            or phrases.is_enacting(text) or phrases.is_commentary_heading(text) or schemes.paragraph_label(text)
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
    return _RELEVANCE.sub("", re.sub(r"\s+", " ", " ".join(words)).strip()), extra


def _number_before(segments: Sequence[Segment], index: int, floor: int) -> str:
    for at in range(index - 1, max(floor, index - 4) - 1, -1):
        number = acts.publication_number(segments[at].text)
        if number:
            return number
    return ""


def _whole(
    segments: Sequence[Segment], index: int, taken: int, act: Act, floor: int, sure: bool, notice: bool = False
) -> Head:
    """The head with the lines before it that belong to it: ministry, publication number, `TRADUCTION`, asterisks."""
    first = at = index
    while at - 1 >= floor and index - at < 7:
        text = segments[at - 1].text
        certain = acts.is_office(text) or acts.publication_number(text) or _TRANSLATION.match(schemes.fold(text))
        if not certain and not (text.isupper() and len(text) < 160):
            break
        at -= 1
        first = at if certain else first
    return Head(first, taken + index - first, act, sure, notice)


_BARE_DRAFTS = frozenset({"projetdeloi", "propositiondeloi", "wetsontwerp", "proiectdelege", "σχεδιονομου"})


def same_title(first: str, second: str) -> bool:
    """Whether two headings are of one act: what they share from the start is long enough to be a title."""
    ours, theirs = (re.sub(r"\W+", "", schemes.fold(text)) for text in (first, second))
    shared = min(len(ours), len(theirs), 90)
    bare = shared > 9 and theirs in _BARE_DRAFTS  # the kind alone, above the draft's own words
    return (shared > 25 or bare) and ours[:shared] == theirs[:shared]
