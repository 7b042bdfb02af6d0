"""What the classifier is given and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

Term = tuple[int, int, str]
"""(start, end, concept): a concept found at a half-open span of the text, in Unicode code points."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One provision as a coder sees it: its text, and what helps to understand it. '' = not known."""

    text: str
    language: str = ""
    doc_type: str = ""
    title: str = ""
    context: str = ""
    """The heading path, outermost first, joined by ' > '."""
    jurisdiction: str = ""


class ThemeScore(NamedTuple):
    """One theme's judgement on one passage. `rank` 1 is the likeliest theme, the core theme where it is assigned.

    A passage has as many as there are themes: a tuple is made in a fourth of a frozen dataclass's time.
    """

    theme: str
    rank: int
    probability: float
    threshold: float
    cell_threshold: float
    """From this probability on, a coding may support a cell."""
    assigned: bool
    unsure: bool
    method: str
    """'linear', 'encoder' or 'lexicon' (a theme without coded passages)."""
    evidence: tuple[tuple[int, int], ...]
    """Half-open spans of the text in Unicode code points; empty where not assigned."""
    terms: tuple[Term, ...] = ()
    """The lexicon's terms in the evidence whose concepts speak for the theme, in order; they may overlap."""


@dataclass(frozen=True, slots=True)
class PassageCodes:
    """All active themes of one passage in the codebook's order, and the force of its core theme ('' = no theme)."""

    scores: tuple[ThemeScore, ...]
    force: str
    force_probability: float
