"""Provisions to codings: what the classifier is given, and what the table says of it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from policy_scan.classifier.model import load_classifier
from policy_scan.classifier.passages import Passage, PassageCodes, ThemeScore
from policy_scan.codebook import load_codebook
from policy_scan.config import load_config
from policy_scan.stages.codings import as_passage, code_provisions
from tests import example_run as make


class Fixed:
    """A classifier that always finds one theme and remembers what it was given."""

    version = "fixed-1"

    def __init__(self) -> None:
        self.given: list[Passage] = []

    def classify(self, passages: Sequence[Passage]) -> list[PassageCodes]:
        self.given.extend(passages)
        found = ThemeScore("assistance", 1, 0.9, 0.4, 0.6, True, True, "linear", ((0, 5),), ((1, 4, "help"),))
        other = ThemeScore("openness", 2, 0.1, 0.4, 0.6, False, False, "linear", ())
        return [PassageCodes((found, other), "right", 0.8) for _ in passages]


def test_one_row_per_provision_and_theme_with_force_and_evidence_on_assigned_rows_only() -> None:
    document = make.document("d")
    provisions = [make.provision("one", document), make.provision("two", document)]
    rows = code_provisions(document, provisions, load_config(), load_codebook("codebook.yaml"), Fixed())
    assert [(row.provision_id, row.theme, row.rank) for row in rows] == [
        ("one", "assistance", 1), ("one", "openness", 2), ("two", "assistance", 1), ("two", "openness", 2),
    ]  # fmt: skip
    assert [(row.assigned, row.force, row.evidence) for row in rows[:2]] == [
        (True, "right", "[[0,5]]"),
        (False, "", "[]"),
    ]
    assert [(row.terms, row.unsure) for row in rows[:2]] == [('[[1,4,"help"]]', True), ("[]", False)]
    assert {row.model_version for row in rows} == {"fixed-1"}


def test_an_acts_own_title_and_type_come_before_the_documents() -> None:
    document = make.document("d", title="Moniteur", doc_type="gazette")
    own = make.provision(
        "p", document, act_title="Loi sur les guichets", act_type="law", heading_path=("Titre I", "Art. 2")
    )
    passage = as_passage(document, own)
    assert (passage.title, passage.doc_type, passage.context) == ("Loi sur les guichets", "law", "Titre I > Art. 2")
    plain = as_passage(document, make.provision("q", document, language="und"))
    assert (plain.title, plain.doc_type, plain.language) == ("Moniteur", "gazette", "")


def test_a_document_without_provisions_gives_no_codings() -> None:
    assert code_provisions(make.document("d"), [], load_config(), load_codebook("codebook.yaml"), Fixed()) == []


def test_with_the_shipped_model_evidence_lies_in_the_text_and_codes_repeat() -> None:
    book, config = load_codebook("codebook.yaml"), load_config()
    document = make.document("d")
    text = "Art. 4. Le guichet ferme.\nLes données à caractère personnel sont conservées cinq ans par le responsable."
    provisions = [make.provision("p", document, text)]
    classifier = load_classifier("fast", book)
    rows = code_provisions(document, provisions, config, book, classifier)
    assert rows == code_provisions(document, provisions, config, book, classifier)
    assert [row.theme for row in rows] == list(book.active)
    core = next(row for row in rows if row.rank == 1)
    assert core.theme == "data_protection" and core.assigned
    ((start, end),) = json.loads(core.evidence)
    assert text[start:end].startswith("Les données")
    terms = {text[a:b] for a, b, _ in json.loads(core.terms)}
    assert "données à caractère personnel" in terms
    assert all(row.terms == "[]" for row in rows if not row.assigned)


def test_terms_lie_in_the_evidence_and_speak_for_their_theme() -> None:
    book, text = load_codebook("codebook.yaml"), "\n".join(
        (
            "La signature électronique qualifiée a la même valeur que la signature manuscrite.",
            "Les données à caractère personnel sont conservées cinq ans par le responsable du traitement.",
        )
    )  # fmt: skip
    classifier = load_classifier("fast", book)
    found = {score.theme: score for score in classifier.classify([Passage(text, "fr", "law")])[0].scores}
    for theme, word in (("digital_identity", "signature électronique"), ("data_protection", "caractère personnel")):
        score = found[theme]
        assert any(word in text[start:end] for start, end, _ in score.terms)
        for start, end, concept in score.terms:
            assert any(a <= start < end <= b for a, b in score.evidence)
            assert theme in classifier.reader.lexicon.themes_of(concept)


def test_the_unsure_band_is_the_configurations() -> None:
    book = load_codebook("codebook.yaml")
    passage = Passage("Les données à caractère personnel sont conservées cinq ans par le responsable.", "fr")
    none, wide = (load_classifier("fast", book, unsure_band=band).classify([passage])[0] for band in (0.0, 1.0))
    assert not any(score.unsure for score in none.scores)
    assert all(score.unsure for score in wide.scores)
