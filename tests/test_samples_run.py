"""One run over the shipped corpus, end to end, held against what its author meant: documents, codes and cells."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest
from sample_reading import TEXTS, fold, intended, meant

from policy_scan.codebook import Codebook, load_codebook
from policy_scan.config import load_config
from policy_scan.records import BINDING_TYPES, Cell, Coding, Document, Provision
from policy_scan.tables import read_records

RELEVANCE, MICRO, FORCE, CELLS = 0.68, 0.44, 0.58, 0.55
"""Floors: a little below what the fast setting reached when they were set (0.71, 0.48, 0.63 and 0.59), so that a loss
shows. The goals on the coded passages are 0.90, 0.80 and 0.80. Raise a floor whenever a better model ships. No model
ever saw these texts: they are no training data and must not become any."""


@pytest.fixture(scope="module")
def output(shipped_run: Path) -> Path:
    return shipped_run


@pytest.fixture(scope="module")
def documents(output: Path) -> dict[str, Document]:
    return {document.path: document for document in read_records(output, "documents", Document)}


def test_every_document_is_listed_and_none_failed(documents: dict[str, Document]) -> None:
    assert sorted(documents) == sorted(doc["file"] for doc in TEXTS.values())
    assert {d.status for d in documents.values() if not d.path.startswith("FR/fr_circulaire")} == {"ok", "excluded"}


def test_the_excluded_draft_is_listed_with_its_reason_and_not_read(
    output: Path, documents: dict[str, Document]
) -> None:
    draft = documents["FR/fr_avant_projet_remplace.pdf"]
    assert draft.status == "excluded"
    assert "replaced" in draft.exclude_reason
    assert draft.doc_id not in {p.doc_id for p in read_records(output, "provisions", Provision)}


@pytest.mark.parametrize(
    ("path", "doc_type", "language", "date"),
    [
        ("GR/el_nomos_psifiaki_exypiretisi.pdf", "law", "el", "2024-12-19"),
        ("LU/de_leitfaden_barrierefreie_dienste.pdf", "guideline", "de", ""),
        ("RO/ro_hotarare_norme_anexa.pdf", "decree", "ro", "2025-05-20"),
    ],
)
def test_what_the_manifest_leaves_out_is_inferred_and_marked(
    documents: dict[str, Document], path: str, doc_type: str, language: str, date: str
) -> None:
    document = documents[path]
    assert (document.doc_type, document.language) == (doc_type, language)
    assert document.binding == (doc_type in BINDING_TYPES)
    assert {"title", "doc_type", "language"} <= set(document.inferred)
    assert document.date in {date, ""}, "a date may stay unknown, it may not be wrong"


def test_the_manifest_is_never_overridden(documents: dict[str, Document]) -> None:
    slides = documents["LU/en_slides_digital_front_door.pdf"]
    assert (slides.doc_type, slides.language, slides.inferred) == ("strategy", "en", ())
    assert documents["BE/nl_actieplan_digitale_inclusie.pdf"].jurisdiction == "BE-VLG"


@pytest.fixture(scope="module")
def judged(output: Path, documents: dict[str, Document]) -> list[tuple[intended.Intended, set[str], set[str]]]:
    """Each intended provision with the themes assigned to the provisions that hold it, and their forces."""
    themes: dict[str, set[str]] = defaultdict(set)
    forces: dict[str, set[str]] = defaultdict(set)
    for coding in read_records(output, "codings", Coding):
        if coding.assigned:
            themes[coding.provision_id].add(coding.theme)
            forces[coding.provision_id].add(coding.force)
    by_path: dict[str, list[Provision]] = defaultdict(list)
    paths = {document.doc_id: path for path, document in documents.items()}
    for provision in read_records(output, "provisions", Provision):
        by_path[paths[provision.doc_id]].append(provision)
    result = []
    for name in TEXTS:
        for wanted in meant(name):
            head = fold(wanted.text.split("\n")[0])
            homes = [p.provision_id for p in by_path[wanted.path] if head in fold(p.text)]
            if homes:
                result.append(
                    (wanted, set().union(*(themes[h] for h in homes)), set().union(*(forces[h] for h in homes)))
                )
    return result


def f1(counts: Counter[str]) -> float:
    return 2 * counts["both"] / (2 * counts["both"] + counts["missed"] + counts["extra"])


def test_what_has_a_theme_is_told_from_what_has_none(
    judged: Sequence[tuple[intended.Intended, set[str], set[str]]],
) -> None:
    counts = Counter(
        "both" if wanted.themes and found else "missed" if wanted.themes else "extra" if found else "neither"
        for wanted, found, _ in judged
    )
    assert f1(counts) >= RELEVANCE, counts


def test_themes_are_those_the_author_meant(judged: Sequence[tuple[intended.Intended, set[str], set[str]]]) -> None:
    counts: Counter[str] = Counter()
    for wanted, found, _ in judged:
        counts["both"] += len(found & set(wanted.themes))
        counts["missed"] += len(set(wanted.themes) - found)
        counts["extra"] += len(found - set(wanted.themes))
    assert f1(counts) >= MICRO, counts


def test_forces_are_those_the_author_meant(judged: Sequence[tuple[intended.Intended, set[str], set[str]]]) -> None:
    hits = [wanted.force in forces for wanted, found, forces in judged if found & set(wanted.themes)]
    assert sum(hits) >= FORCE * len(hits)


def test_cells_are_found_where_the_texts_speak_of_the_theme(output: Path) -> None:
    """A theme that a country's texts speak of has a cell with evidence; one that none speaks of is not found."""
    codebook: Codebook = load_codebook(load_config().codebook)
    cells = {(cell.theme, cell.jurisdiction): cell for cell in read_records(output, "cells", Cell)}
    meant_in: dict[str, set[str]] = defaultdict(set)
    for name, doc in TEXTS.items():
        if name != "fr_avant_projet":
            for provision in meant(name):
                meant_in[doc["file"][:2]] |= set(provision.themes)
    agreed = [
        (cells[theme, country].status == "not_found") == (theme not in meant_in[country])
        for theme in codebook.active
        for country in ("FR", "BE", "GR", "LU", "RO")
    ]
    assert len(agreed) == 80
    assert sum(agreed) >= CELLS * len(agreed)
