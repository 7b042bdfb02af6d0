"""Passages of a CSV in, one row per id and theme out: what `policy-scan classify` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..codebook import Codebook
from ..config import Config
from .model import load_classifier, spans_to_json
from .passages import Passage

COLUMNS = ("id", "theme", "probability", "assigned", "force", "evidence")


def as_passage(row: Mapping[str, str]) -> Passage:
    """A row's passage: column text, and language, doc_type, title, context, jurisdiction where it has them."""
    return Passage(
        text=row["text"] or "",
        language=row.get("language") or "",
        doc_type=row.get("doc_type") or "",
        title=row.get("title") or "",
        context=row.get("context") or "",
        jurisdiction=row.get("jurisdiction") or "",
    )


def classify_rows(rows: Sequence[Mapping[str, str]], config: Config, codebook: Codebook) -> list[tuple[str, ...]]:
    """Rows with id and text as rows of COLUMNS, one per id and active theme, in the codebook's order.

    `assigned` is true or false; `force` stands on assigned rows; `evidence` is JSON. Raises ModelError.
    """
    classifier = load_classifier(config.codings.setting, codebook, config.lexicon)
    coded = classifier.classify([as_passage(row) for row in rows])
    return [
        (
            row["id"],
            score.theme,
            f"{score.probability:.4f}",
            "true" if score.assigned else "false",
            codes.force if score.assigned else "",
            spans_to_json(score.evidence),
        )
        for row, codes in zip(rows, coded, strict=True)
        for score in codes.scores
    ]
