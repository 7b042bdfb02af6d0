"""Passages of a CSV in, one row per id and theme out: what `policy-scan classify` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..codebook import Codebook
from ..config import Config
from ..language import Detector, detect
from ..records import DOC_TYPES, LANGUAGES
from .model import load_classifier, model_folder, spans_to_json
from .passages import Passage

COLUMNS = ("id", "theme", "probability", "assigned", "force", "evidence")


def as_passage(row: Mapping[str, str]) -> Passage:
    """A row's passage: column text, and language, doc_type, title, context, jurisdiction where it has them.

    Capitals and regions of codes don't matter ('FR', 'nl-BE'); unknown codes and types are as if they weren't given.
    """
    language = (row.get("language") or "").strip().lower().replace("_", "-").partition("-")[0]
    doc_type = (row.get("doc_type") or "").strip().lower().replace(" ", "_")
    return Passage(
        text=row["text"] or "",
        language=language if language in LANGUAGES else "",
        doc_type=doc_type if doc_type in DOC_TYPES else "",
        title=row.get("title") or "",
        context=row.get("context") or "",
        jurisdiction=row.get("jurisdiction") or "",
    )


def with_languages(passages: Sequence[Passage], detector: Detector = "py3langid") -> list[Passage]:
    """The passages, those without a language with the one that their text is in ('' where there are too few words)."""
    untold = [i for i, passage in enumerate(passages) if not passage.language]
    told = list(passages)
    for i, (language, _) in zip(untold, detect([passages[i].text for i in untold], detector), strict=True):
        told[i] = replace(passages[i], language="" if language == "und" else language)
    return told


def classify_rows(rows: Sequence[Mapping[str, str]], config: Config, codebook: Codebook) -> list[tuple[str, ...]]:
    """Rows with id and text as rows of COLUMNS, one per id and active theme, in the codebook's order.

    `assigned` is true or false; `force` stands on assigned rows; `evidence` is JSON. Raises ModelError.
    """
    classifier = load_classifier(
        config.codings.setting,
        codebook,
        config.lexicon,
        model_folder(config.codings.model),
        config.codings.unsure_band,
    )
    passages = with_languages([as_passage(row) for row in rows], config.languages.detector)
    coded = classifier.classify(passages)
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
