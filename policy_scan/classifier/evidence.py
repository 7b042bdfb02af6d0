"""Evidence: the shortest span of sentences that justifies a theme."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .passages import Passage
from .sentences import split_sentences

Span = tuple[int, int]
SHORT = 30
"""A best sentence of fewer characters than this says too little alone: a stronger neighbour is shown with it."""


def sentences_of(passage: Passage) -> list[Span]:
    """The passage's sentences; the whole text, stripped, where there is none."""
    spans = split_sentences(passage.text, passage.language)
    if spans:
        return spans
    return [(0, len(passage.text))]


def as_passages(passage: Passage, spans: Sequence[Span]) -> list[Passage]:
    """Each sentence as a passage without title, heading or type, so that only its own words speak."""
    return [Passage(passage.text[start:end], passage.language) for start, end in spans]


def choose(passage: Passage, spans: Sequence[Span], scores: npt.NDArray[np.float32]) -> tuple[Span, ...]:
    """The sentence with the highest score (the first of equals); a very short one is joined by its better neighbour."""
    best = int(np.argmax(scores))
    start, end = spans[best]
    if end - start < SHORT and len(spans) > 1:
        around = [i for i in (best - 1, best + 1) if 0 <= i < len(spans)]
        neighbour = max(around, key=lambda i: (float(scores[i]), -i))
        start, end = min(start, spans[neighbour][0]), max(end, spans[neighbour][1])
    return ((start, end),)
