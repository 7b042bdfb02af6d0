"""Blocks to languages: one row per block; what can't be told from a block's own words comes from its neighbours."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..config import Config
from ..language import detect
from ..records import FURNITURE_KINDS, LANGUAGES, Block, BlockLanguage, Language, Source

_SURE = 0.90
_UNSURE = 0.70
"""A short block judged with less than this takes its neighbours' language."""
_UNSURE_STRANGER = 0.98
"""The same, for a language that hardly occurs in the document."""
_SHORT = 80
_SHORT_STRANGER = 200
"""Letters: blocks from this length on are judged by themselves, however unsure."""
_STRANGER_SHARE = 0.02
_NEAREST = 200
"""So many blocks of its page that tell a language speak for a block, on either side: pages of thousands are bounded."""
_FROM_DOCUMENT = 0.8
_FROM_MANIFEST = 0.5
"""What a language that comes from the document's majority or from the manifest alone is worth."""


@dataclass(frozen=True, slots=True)
class _Told:
    """A block that told its own language, as evidence for its neighbours."""

    place: int
    block: Block
    language: Language
    weight: float


def tell_languages(source: Source, blocks: Sequence[Block], config: Config) -> list[BlockLanguage]:
    """One row for every block, furniture too, in the order given (reading order of one document).

    A block with fewer letters than `config.languages.min_letters`, or without three words, or a short one that the
    detector is unsure of, takes the language of its neighbours: those of its own column first, so that the columns of
    a bilingual gazette keep apart, then those of its page, then the document's commonest, then the manifest's where it
    names one; else it is `und` with probability 0. Its probability is the neighbours' share of agreement.
    """
    letters = [sum(map(str.isalpha, block.text)) for block in blocks]
    own = detect([block.text for block in blocks], config.languages.detector)
    document = _letters_by_language(blocks, letters, own)
    whole = sum(document.values())
    commonness = {language: math.sqrt(n / whole) for language, n in document.items()}
    native = {language for language, n in document.items() if n >= _STRANGER_SHARE * whole} | set(source.languages)

    told: dict[int, list[_Told]] = defaultdict(list)
    decided: dict[int, tuple[Language, float]] = {}
    for place, (block, n, (language, probability)) in enumerate(zip(blocks, letters, own, strict=True)):
        enough, short = (_UNSURE, _SHORT) if language in native else (_UNSURE_STRANGER, _SHORT_STRANGER)
        if language == "und" or n < config.languages.min_letters or (n < short and probability < enough):
            continue
        decided[place] = (language, probability)
        if block.kind not in FURNITURE_KINDS:
            told[block.page].append(_Told(place, block, language, probability * min(n, 400)))

    fallback = _from_document(source, document, whole)
    rows = []
    for place, block in enumerate(blocks):
        answer = decided.get(place) or _from_neighbours(place, block, told[block.page], commonness) or fallback
        rows.append(BlockLanguage(block.doc_id, block.page, block.block, answer[0], round(answer[1], 4)))
    return rows


def _letters_by_language(
    blocks: Sequence[Block], letters: Sequence[int], own: Sequence[tuple[Language, float]]
) -> Counter[Language]:
    """Letters of the blocks that are not furniture, by the language they tell beyond doubt."""
    counts: Counter[Language] = Counter()
    for block, n, (language, probability) in zip(blocks, letters, own, strict=True):
        if language != "und" and probability >= _SURE and block.kind not in FURNITURE_KINDS:
            counts[language] += n
    return counts


def _from_document(source: Source, document: Counter[Language], whole: int) -> tuple[Language, float]:
    if whole:
        language, n = min(document.items(), key=lambda pair: (-pair[1], LANGUAGES.index(pair[0])))
        return language, _FROM_DOCUMENT * n / whole
    only = [language for language in LANGUAGES if language in source.languages]
    if len(only) == 1 and len(source.languages) == 1:
        return only[0], _FROM_MANIFEST  # type: ignore[return-value]
    return "und", 0.0


def _from_neighbours(
    place: int, block: Block, told: Sequence[_Told], commonness: Mapping[Language, float]
) -> tuple[Language, float] | None:
    """The language of the nearest circle of neighbours that tells any; None where none of the page's blocks does."""
    if len(told) > 2 * _NEAREST:
        here = bisect_left(told, place, key=lambda other: other.place)
        told = told[max(0, here - _NEAREST) : here + _NEAREST]
    if block.kind not in FURNITURE_KINDS:
        told = (
            [other for other in told if other.block.region == block.region]
            or [other for other in told if _share_column(block, other.block)]
            or told
        )
    if not told:
        return None
    weights: defaultdict[Language, float] = defaultdict(float)
    for other in told:
        # Near ones count most, and a following one a little more, as a heading goes with what it heads. Furniture has
        # no neighbours: the page as a whole speaks for it.
        distance = abs(other.place - place) - (0.25 if other.place > place else 0.0)
        nearness = 1.0 if block.kind in FURNITURE_KINDS else 1 / distance**2
        weights[other.language] += other.weight * nearness * commonness.get(other.language, 0.1)
    language, weight = min(weights.items(), key=lambda pair: (-pair[1], LANGUAGES.index(pair[0])))
    return language, weight / sum(weights.values())


def _share_column(block: Block, other: Block) -> bool:
    """Whether most of the narrower block's width lies within the wider one's."""
    narrower = min(block.x1 - block.x0, other.x1 - other.x0)
    return min(block.x1, other.x1) - max(block.x0, other.x0) > 0.5 * narrower
