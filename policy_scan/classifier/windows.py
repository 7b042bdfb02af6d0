"""Long provisions, read window by window: a body's task list says one thing in one item that its other items hide.

The model learnt from passages of some 750 characters, 95 % of them under 1,100; the encoder reads no more than about
900. Of the facts that a reader noted in provisions of 1,500 characters and more, 0.55 stood under their theme when they
were coded whole, against 0.85 in shorter ones (`benchmarks/facts.py`, docs/coding.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .passages import Passage, PassageCodes, Term, ThemeScore
from .sentences import split_sentences

Span = tuple[int, int]
LONG = 1100
"""A passage of more characters than this is coded by windows beside being coded whole."""
WINDOW = 800
"""Characters of a window, at most, unless one sentence alone is longer."""
HEAD = 160
"""Characters of the passage's opening that each later window is given as context: an item is cut from its head."""


def windows_of(text: str) -> tuple[Span, ...]:
    """Consecutive windows of whole sentences, half-open, in code points; () for a passage that isn't long.

    Together they hold every sentence, each once.
    """
    if len(text) <= LONG:
        return ()
    windows: list[Span] = []
    for start, end in split_sentences(text):
        if windows and end - windows[-1][0] <= WINDOW:
            windows[-1] = (windows[-1][0], end)
        else:
            windows.append((start, end))
    return tuple(windows) if len(windows) > 1 else ()


def as_window(passage: Passage, span: Span) -> Passage:
    """The window as a passage of its own, with the passage's opening as its innermost heading."""
    opening = "" if span[0] == 0 else " ".join(passage.text[:HEAD].split())
    context = " > ".join(part for part in (passage.context, opening) if part)
    return replace(passage, text=passage.text[slice(*span)], context=context)


def _moved(score: ThemeScore, start: int) -> ThemeScore:
    evidence = tuple((first + start, last + start) for first, last in score.evidence)
    terms: tuple[Term, ...] = tuple((first + start, last + start, name) for first, last, name in score.terms)
    return score._replace(evidence=evidence, terms=terms)


def merge(whole: PassageCodes, parts: Sequence[tuple[Span, PassageCodes]], as_core: Sequence[float]) -> PassageCodes:
    """A long passage's codes: each theme's as where it is likeliest, in the whole or a window; the whole where equal.

    `as_core`: per theme, what its probability is weighed by when the core theme is told. The force is the core
    theme's in the part that says it most clearly.
    """
    read = [(0, whole), *((span[0], codes) for span, codes in parts)]
    chosen = [max(range(len(read)), key=lambda k: read[k][1].scores[i].probability) for i in range(len(whole.scores))]
    scores = [_moved(read[k][1].scores[i], read[k][0]) for i, k in enumerate(chosen)]
    order = sorted(range(len(scores)), key=lambda i: (not scores[i].assigned, -scores[i].probability * as_core[i], i))
    ranks = {i: rank for rank, i in enumerate(order, start=1)}
    core = read[chosen[order[0]]][1]
    return PassageCodes(
        tuple(score._replace(rank=ranks[i]) for i, score in enumerate(scores)), core.force, core.force_probability
    )
