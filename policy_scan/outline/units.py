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

    @property
    def length(self) -> int:
        return sum(len(segment.text) + 1 for segment in self.segments)

    @property
    def text(self) -> str:
        return "\n".join(segment.text for segment in self.segments)


@dataclass(slots=True)
class Division:
    rank: int
    label: str
    heading: str


def names_a_group(text: str) -> bool:
    """Whether a heading without number can stand over articles: short, no sentence, point or enacting phrase."""
    if len(text) > (160 if text.isupper() else 95) or not text[0].isupper() or text.endswith((";", ",")):
        return False
    return not (phrases.is_enacting(text) or phrases.is_preamble(text) or schemes.point_label(text) or " est " in text)


def heads_a_section(text: str) -> bool:
    """Whether what is set as a heading can be one: not a sentence, as on slides and title pages."""
    if len(text) > (220 if text.isupper() else 130) or not (text[0].isupper() or text[0].isdigit()):
        return False
    if text.endswith((";", ",")) or (text.endswith(".") and len(text) > 60) or "://" in text:
        return False
    return _FUNCTION_WORD.search(text) is None and any(c.isalpha() for c in text)


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
