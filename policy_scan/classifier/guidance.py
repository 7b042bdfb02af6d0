"""What `train` learns besides coded passages: the lexicon's terms and exemplars written for the codebook.

Rare themes have few coded passages, and none in some languages. Each concept of the lexicon stands as one short passage
per language that has the concept's themes (a concept without themes: none), `exemplars.yaml` has provisions
that state the codebook's rules and borders, the same in several languages, and `exemplars/` has longer ones, written
in the manner of each language's acts and reports. None is ever measured on. What they bring: docs/coding.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..config import read_yaml
from .features import Reader, Reading
from .lexicon import Lexicon, Match
from .passages import Passage

EXEMPLARS = Path(__file__).parent / "exemplars.yaml"
WRITTEN = Path(__file__).parent / "exemplars"
CONCEPT_WEIGHT, CONTEXT_WEIGHT, EXEMPLAR_WEIGHT, WRITTEN_WEIGHT = 0.2, 0.4, 1.0, 0.5
"""Beside a coded passage, which counts 1."""
_SYNTAX = re.compile(r"<\w+>|\.\.\d*|~\d*|[*+|]")


@dataclass(frozen=True, slots=True)
class Guide:
    reading: Reading
    text: str
    language: str
    themes: tuple[str, ...]
    force: str
    weight: float


def _of_lexicon(lexicon: Lexicon, reader: Reader) -> list[Guide]:
    guides = []
    for concept in lexicon.listed:
        if concept.weak:
            continue
        for language, terms in concept.terms.items():
            text = " ; ".join(" ".join(_SYNTAX.sub(" ", term).split()) for term in terms)
            reading = reader.read(Passage(text, language))
            if all(match.concept != concept.name for match in reading.concepts["text"]):
                reading.concepts["text"].append(Match(concept.name, 0, 0))
            weight = CONCEPT_WEIGHT if concept.themes else CONTEXT_WEIGHT
            guides.append(Guide(reading, text, language, concept.themes, "", weight))
    return guides


def _of_exemplars(reader: Reader, file: Path) -> list[Guide]:
    guides = []
    for entry in read_yaml(file):
        themes, force, doc_type = tuple(entry["themes"]), entry.get("force", ""), entry["type"]
        for language, text in entry.items():
            if language not in ("themes", "force", "type"):
                reading = reader.read(Passage(text, language, doc_type))
                guides.append(Guide(reading, text, language, themes, force, EXEMPLAR_WEIGHT))
    return guides


def read_written(folder: Path = WRITTEN) -> list[tuple[Passage, tuple[str, ...], str]]:
    """The longer exemplars (a file per language): passage, themes with the core theme first, force ('' = none).

    Raises ConfigError.
    """
    return [
        (
            Passage(
                text=entry["text"],
                language=file.stem,
                doc_type=entry["type"],
                title=entry.get("title", ""),
                context=entry.get("context", ""),
            ),
            tuple(entry["themes"]),
            entry.get("force") or "",
        )
        for file in sorted(folder.glob("*.yaml"))
        for entry in read_yaml(file)
    ]


def _of_written(reader: Reader, folder: Path) -> list[Guide]:
    return [
        Guide(reader.read(passage), passage.text, passage.language, themes, force, WRITTEN_WEIGHT)
        for passage, themes, force in read_written(folder)
    ]


def guides_for(
    themes: Sequence[str], reader: Reader, exemplars: Path = EXEMPLARS, written: Path = WRITTEN
) -> list[Guide]:
    """Lexicon and exemplars as far as they speak of `themes`, or of nothing. Raises ConfigError."""
    known = set(themes)
    found = _of_lexicon(reader.lexicon, reader) + _of_exemplars(reader, exemplars) + _of_written(reader, written)
    return [guide for guide in found if not guide.themes or known & set(guide.themes)]
