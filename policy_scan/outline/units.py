"""Units: segments gathered into what provisions are made of, and the marks by which texts fall into them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .. import schemes
from . import phrases
from .segments import Segment

SENTENCE_END = re.compile(r"[.!?;:»”″…]\s*[)\"’']?\s*$")
OPEN_END = re.compile(r"(?:^|\s)(?:[a-zà-ÿß]{1,4}|[α-ωά-ώ]{1,4}|[a-zà-ÿα-ωά-ώ]+-)$|[,(]$")
"""A text whose last word is a short one in lower case (an article, a preposition) or broken, goes on."""
_FUNCTION_WORD = re.compile(
    r"(?:^|\s)(?:de|du|des|la|le|les|l’|à|au|aux|et|ou|en|par|pour|sur|dans|van|het|een|der|die|das|den|dem|und|von|zu|mit"
    r"|für|te|in|și|şi|cu|al|ale|a|prin|din|και|της|του|των|την|τον|το|τη|η|ο|οι|σε|για|με|από|of|the|to|and|for|by"
    r"|[a-zà-ÿα-ωά-ώ]+-)$"
)
"""A heading doesn't end with one of these."""
HEADING_LENGTH = 230


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
    bare: bool = False
    """Whether it is only a heading under which no text stands."""

    @property
    def length(self) -> int:
        return sum(len(segment.text) + 1 for segment in self.segments)

    @property
    def text(self) -> str:
        return "\n".join(segment.text for segment in self.segments)


@dataclass(slots=True)
class Division:
    """A part that labels and headings open. `holds`: whether a unit was found under it."""

    rank: int
    label: str
    heading: str
    holds: bool = False


def names_a_group(text: str) -> bool:
    """Whether a heading without number can stand over articles: short, no sentence, point or enacting phrase."""
    if len(text) > (160 if text.isupper() else 95) or not text[0].isupper() or text.endswith((";", ",")):
        return False
    return not (phrases.is_enacting(text) or phrases.is_preamble(text) or schemes.point_label(text) or " est " in text)


_FINITE = re.compile(
    r"(?<!\bqui )(?<!\bcare )(?<!\bπου )(?<!\bthat )\b"
    r"(?:est|sont|ont|doit|doivent|peut|peuvent|sera|seront|permet|permettent|faut|ist|sind|wird|werden|kann|können"
    r"|muss|müssen|soll|sollen|hat|haben|wordt|worden|kan|kunnen|moet|moeten|heeft|hebben|είναι|έχει|έχουν|πρέπει"
    r"|μπορεί|μπορούν|θα|este|sunt|poate|pot|trebuie|va|vor|is|are|has|have|must|can|will|shall)\b"
)
"""Finite verbs that make a sentence of a long line, none of them a common noun or preposition in another language."""


def reads_as_sentence(text: str) -> bool:
    """Whether a line set as a heading is a sentence of the text: ended as one, introducing a list, or long with a
    finite verb that no relative pronoun subordinates. A question may be a heading; so may anything in capitals."""
    words = sum(any(c.isalpha() for c in word) for word in text.split())
    if words < 5 or sum(map(str.isupper, text)) > sum(map(str.islower, text)):
        return False
    if text.endswith((".", "!")):
        return words > 6 and not text.endswith("..")
    return text.endswith(":") or (words > 9 and not text.endswith(("?", ";")) and _FINITE.search(text) is not None)


def heads_a_section(text: str) -> bool:
    """Whether what is set as a heading can be one: not a sentence, as on slides and title pages."""
    if len(text) > (220 if text.isupper() else 130) or not (text[0].isupper() or text[0].isdigit()):
        return False
    if text.endswith((";", ",")) or (text.endswith(".") and len(text) > 60) or "://" in text:
        return False
    return _FUNCTION_WORD.search(text) is None and any(c.isalpha() for c in text)


_NOTE = re.compile(r"[.;:!?»”]\s*\([^()]{20,}\)$")
"""A consolidated text's remark in brackets behind a sentence: when and by what it was amended."""
_FIRST = re.compile(r"(?<=[\w)»”\"])\s+(?=\(1\)\s[«„“\"]?[A-ZΑ-ΩΆΈΉΊΌΎΏÀ-ÝȘȚÎĂŞŢ])")


def heading_before_first(text: str) -> int:
    """Where paragraph (1) begins behind the heading of its article, both set as one; 0 where it doesn't."""
    match = _FIRST.search(text, 0, HEADING_LENGTH + 60)
    if match is None:
        return 0
    heading = text[: match.start()].strip()
    sentence = re.search(r"[;:!?]|\.\s+[^\W\d_]", heading) is not None
    return 0 if sentence or not heading[:1].isupper() or phrases.cites_next(heading) else match.end()


def inline_paragraphs(text: str, after: int) -> list[int]:
    """Where (2), (3) … or § 2, § 3 … begin inside a text whose last paragraph so far is number `after`.

    Only numbers in sequence behind the end of a sentence count, or behind a note in brackets that follows one.
    """
    cuts: list[int] = []
    expected = after + 1
    for match in re.finditer(
        r"(?:(?<=[.;:!?»”)])|(?<=\.»)|^)\s*(?:\((\d{1,2})\)|§ ?(\d{1,2})(?:er)?\.?)\s(?=[^\s\d,;.)])", text
    ):
        number = int(match.group(1) or match.group(2))
        before = text[: match.start()]
        if before.endswith(")") and not (_NOTE.search(before) and text[match.end()].isupper()):
            continue
        if number == expected and not phrases.cites_next(before):
            cuts.append(match.start() + len(match.group()) - len(match.group().lstrip()))
            expected += 1
    return [cut for cut in cuts if cut > 0]


def inside_quotation(before: str) -> bool:
    """Whether a text breaks off between quotation marks."""
    return (
        before.count("«") > before.count("»")
        or before.count("„") > before.count("”") + before.count("“")
        or ("„" not in before and before.count("“") > before.count("”"))
        or before.count('"') % 2 == 1
    )


def inline_numbers(text: str, after: int) -> list[int]:
    """Where 2., 3. … begin inside a text, in sequence behind the end of a sentence and before a capital."""
    cuts: list[int] = []
    expected = after + 1
    for match in re.finditer(r"(?<=[.;»”])\s(\d{1,2})\.\s(?=[A-ZΑ-ΩΆΈΉΊΌΎΏÀ-ÝȘȚÎĂ«„])", text):
        if int(match.group(1)) == expected:
            cuts.append(match.start() + 1)
            expected += 1
    return cuts
