"""Deontic force: the markers by which a provision obliges, forbids, entitles, permits, promises, defines or tells.

The markers of each language stand in `force_markers.yaml`, as patterns on folded text. They mean the same in every
language, so what is learnt of them in French helps Greek. The forces themselves are heads of the linear model.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from ..config import read_yaml

FILE = Path(__file__).parent / "force_markers.yaml"
_LETTERS: dict[str, str | None] = {"ς": "σ", "œ": "oe", "æ": "ae", "ß": "ss", "’": "'", "ʼ": "'"}
_FOLDS = str.maketrans(_LETTERS)


@cache
def _plain() -> dict[int, str | None]:
    """Letters of the Latin and Greek blocks without their accents."""
    table: dict[int, str | None] = dict.fromkeys(range(0x300, 0x370))
    for code in (*range(0x80, 0x600), *range(0x1E00, 0x2000)):
        parts = unicodedata.normalize("NFKD", chr(code))
        table[code] = "".join(c for c in parts if not unicodedata.combining(c)).translate(_FOLDS)
    return table | _FOLDS


def fold(text: str) -> str:
    """Lower case, without accents, apostrophes straight."""
    return text.lower().translate(_plain())


@cache
def markers() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Marker -> language -> patterns. Raises ConfigError."""
    content = read_yaml(FILE)
    return {name: {code: tuple(patterns) for code, patterns in of.items()} for name, of in content.items()}


@cache
def pattern(language: str) -> re.Pattern[str]:
    """One pattern for a language with a group per marker; for all languages where it is not known."""
    parts = []
    for name, of in markers().items():
        chosen = ("fr", "de") if language == "lb" else (language,) if language in of else tuple(of)
        parts.append(f"(?P<{name}>{'|'.join(one for code in chosen for one in of[code])})")
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(parts)})")


def find_markers(text: str, language: str) -> list[str]:
    """The markers of a text in their order, with repetitions; of two at the same word, the one listed first."""
    return [match.lastgroup or "" for match in pattern(language).finditer(fold(text))]
