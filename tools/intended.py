"""What the author of the sample corpus means each text to be: its provisions, with label, page, themes and force.

Read by make_corpus.py, which sets the texts, and by the tests, which hold the pipeline's output against it.
Needs no fonts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

TEXTS = Path(__file__).parent / "corpus_text"
BODY_KINDS = ("title", "notice", "pre", "h", "art", "p", "pt", "quote", "sig", "toc", "table", "act", "break", "slide")
ARTICLE = 90
"""Depth of an article or measure in a label path: below every heading."""


@dataclass(frozen=True, slots=True)
class Intended:
    """A provision as the author means it. `text` is what is printed of it, one line per printed paragraph or row."""

    path: str
    act: int
    label: str
    label_path: tuple[str, ...]
    page: int
    language: str
    themes: tuple[str, ...]
    force: str
    quoted: bool
    text: str


def text_files() -> list[Path]:
    return sorted(TEXTS.glob("*.yaml"))


def read_text(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return content


def kind_of(item: dict[str, Any]) -> str:
    return next(kind for kind in BODY_KINDS if kind in item)


def in_language(value: Any, language: str | None) -> Any:
    return value[language] if language and isinstance(value, dict) and language in value else value


def plain(text: str) -> str:
    """The text without its typesetting marks: what a reader of the page would type."""
    return re.sub(r"\^\{([^}]*)\}", r"\1", text).replace("**", "").replace("~", "\u00a0")


def bare_label(text: str) -> str:
    return re.sub(r"[\s.–—:]+$", "", plain(text).replace("\u00a0", " ").strip())


def intended_provisions(doc: dict[str, Any]) -> list[tuple[dict[str, Any], Intended]]:
    """The provisions of one text, in reading order, each with the item (or slide box) that it comes from.

    A bilingual text gives those of its first language, then those of its second.
    """
    if doc["family"] != "bilingual":
        return _provisions(doc, None)
    return [pair for language in doc["language"] for pair in _provisions(doc, language)]


def _provisions(doc: dict[str, Any], language: str | None) -> list[tuple[dict[str, Any], Intended]]:
    drafts: list[tuple[dict[str, Any], int, tuple[str, ...], str, list[str]]] = []
    labels: dict[int, str] = {}
    act = 0
    for item in doc["body"]:
        kind = kind_of(item)
        value = in_language(item[kind], language)
        if kind in ("pt", "quote"):
            drafts[-1][-1].append(plain(value))
        elif kind == "act":
            act, labels = act + 1, {}
        elif kind == "h":
            labels = {depth: label for depth, label in labels.items() if depth < item.get("level", 1)}
            if value:
                labels[item.get("level", 1)] = bare_label(value)
        elif kind == "art":
            labels = {**labels, ARTICLE: bare_label(value)}
        elif kind == "slide":
            drafts += [(box, act, (), "", [plain(line) for line in box["lines"]]) for box in value["boxes"]]
        elif kind == "p" or (kind == "table" and "themes" in item):
            lines = [plain(value)] if kind == "p" else [" | ".join(map(plain, row)) for row in value]
            path = tuple(labels[depth] for depth in sorted(labels))
            own = bare_label(in_language(item.get("label"), language) or "")
            label = own or labels.get(ARTICLE, "")
            drafts.append((item, act, (*path, own) if own else path, label, lines))
    return [
        (
            item,
            Intended(
                path=doc["file"],
                act=act,
                label=label,
                label_path=path,
                page=int(item.get("page", 0)),
                language=language or item.get("language") or doc["language"],
                themes=tuple((item.get("themes") or "").split()),
                force=item.get("force") or "",
                quoted=bool(item.get("quoted")),
                text="\n".join(lines),
            ),
        )
        for item, act, path, label, lines in drafts
    ]
