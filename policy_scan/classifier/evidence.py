"""Evidence: the shortest span of sentences that justifies a theme."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .lexicon import Match
from .linear import Floats
from .passages import Passage, Term
from .sentences import split_sentences

Span = tuple[int, int]
SHORT = 30
"""A best sentence of fewer characters than this says too little alone: a neighbour is shown with it."""


def sentences_of(passage: Passage) -> list[Span]:
    """The passage's sentences; the whole text where there is none."""
    return split_sentences(passage.text) or [(0, len(passage.text))]


def widened(spans: Sequence[Span], best: int, logits: Floats) -> tuple[Span, ...]:
    """The span of the best sentence; a very short one is joined by the neighbour that says more of any theme.

    `logits`: sentences by heads.
    """
    start, end = spans[best]
    if end - start < SHORT and len(spans) > 1:
        around = [i for i in (best - 1, best + 1) if 0 <= i < len(spans)]
        neighbour = max(around, key=lambda i: (float(logits[i].max()), -i))
        start, end = min(start, spans[neighbour][0]), max(end, spans[neighbour][1])
    return ((start, end),)


def terms_within(evidence: Sequence[Span], matches: Sequence[Match], speaks: Callable[[str], bool]) -> tuple[Term, ...]:
    """The matches that lie whole in a span of the evidence and whose concept speaks for the theme, in order."""
    return tuple(
        sorted(
            (match.start, match.end, match.concept)
            for match in matches
            if speaks(match.concept) and any(start <= match.start and match.end <= end for start, end in evidence)
        )
    )
