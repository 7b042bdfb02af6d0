"""Coded passages: reading them, and folding them by document so that no document is on both sides of a test."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError
from ..records import FORCES
from .passages import Passage

FOLDS = 5
_NEEDED = ("id", "group", "text", "themes")


@dataclass(frozen=True, slots=True)
class CodedPassage:
    """A passage and what the coder said of it: themes, core theme first, and the force of the core theme."""

    id: str
    group: str
    part: str
    document: str
    passage: Passage
    themes: tuple[str, ...]
    force: str
    unsure: bool
    weight: float = 1.0
    """How much it counts in training beside another passage."""


def fold_of(group: str) -> int:
    """The fold of a group, the same on every machine and whatever else is in the file."""
    return int(hashlib.sha256(group.encode("utf-8")).hexdigest()[:8], 16) % FOLDS


def passage_key(passage: Passage) -> str:
    """16 hexadecimal digits that stand for what the classifier saw, so that stored predictions name no text."""
    seen = "\x1f".join((passage.text, passage.title, passage.context, passage.doc_type))
    return hashlib.sha256(seen.encode("utf-8")).hexdigest()[:16]


def read_gold(path: Path, themes: Sequence[str]) -> list[CodedPassage]:
    """Coded passages from CSV (UTF-8): columns id, group, text, themes (core theme first, separated by spaces), and
    where known part, document, language, jurisdiction, doc_type, title, context, force, unsure (1 or 0).

    Raises UsageError that names the row and the column at fault.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            missing = [name for name in _NEEDED if name not in (reader.fieldnames or [])]
            if missing:
                raise UsageError(
                    f"{path}: column '{missing[0]}' is missing.", f"give the columns {', '.join(_NEEDED)}."
                )
            coded = [_read_row(row, path, number, set(themes)) for number, row in enumerate(reader, start=2)]
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}.", "check the path of the gold file.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} is no CSV in UTF-8: {error}.", "save it as CSV in UTF-8.") from error
    if not coded:
        raise UsageError(f"{path} holds no passage.", "give a file with coded passages.")
    return coded


def _read_row(row: dict[str, str | None], path: Path, number: int, known: set[str]) -> CodedPassage:
    def value(name: str) -> str:
        return row.get(name) or ""

    themes = tuple(dict.fromkeys(value("themes").split()))
    for theme in themes:
        if theme not in known:
            raise UsageError(f"{path}, row {number}: theme '{theme}' is not in the codebook.", "correct it.")
    force = value("force") if themes else ""
    if force and force not in FORCES:
        raise UsageError(f"{path}, row {number}: force '{force}' is unknown.", f"use one of {', '.join(FORCES)}.")
    if not value("text").strip():
        raise UsageError(f"{path}, row {number}: the text is empty.", "give every passage a text.")
    passage = Passage(
        text=value("text"),
        language=value("language"),
        doc_type=value("doc_type"),
        title=value("title"),
        context=value("context"),
        jurisdiction=value("jurisdiction"),
    )
    return CodedPassage(
        id=value("id") or str(number),
        group=value("group") or value("document") or value("id"),
        part=value("part"),
        document=value("document"),
        passage=passage,
        themes=themes,
        force=force,
        unsure=value("unsure") in ("1", "true", "True"),
    )
