"""The shipped classifier: what it codes, what it leaves uncoded, and that it answers the same every time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from policy_scan.classifier.linear import SHIPPED, load_model
from policy_scan.classifier.model import (
    Classifier,
    cell_thresholds,
    classifier_key,
    load_classifier,
    model_folder,
)
from policy_scan.classifier.passages import Passage
from policy_scan.classifier.rows import COLUMNS, as_passage, classify_rows, with_languages
from policy_scan.codebook import Codebook, Theme, load_codebook
from policy_scan.config import load_config
from policy_scan.errors import ModelError

DPA = Passage(
    text="Le responsable du traitement informe la personne concernée de ses données à caractère personnel. Un rapport.",
    language="fr",
    doc_type="law",
    title="Loi relative à la protection des données à caractère personnel",
)
FISHING = Passage(text="De visser werpt het net uit bij eb en haalt het op bij vloed.", language="nl", doc_type="law")


@pytest.fixture(scope="module")
def codebook() -> Codebook:
    return load_codebook("codebook.yaml")


@pytest.fixture(scope="module")
def classifier(codebook: Codebook) -> Classifier:
    return load_classifier("fast", codebook)


def assigned(classifier: Classifier, passage: Passage) -> list[str]:
    scores = classifier.classify([passage])[0].scores
    return [s.theme for s in sorted(scores, key=lambda s: s.rank) if s.assigned]


def test_a_clear_case_is_coded_and_an_unrelated_one_is_not(classifier: Classifier) -> None:
    assert assigned(classifier, DPA)[:1] == ["data_protection"]
    assert assigned(classifier, FISHING) == []
    assert classifier.classify([FISHING])[0].force == ""


def test_every_active_theme_is_answered_once_in_the_codebooks_order(classifier: Classifier, codebook: Codebook) -> None:
    codes = classifier.classify([DPA])[0]
    assert tuple(score.theme for score in codes.scores) == codebook.active
    assert sorted(score.rank for score in codes.scores) == list(range(1, len(codebook.active) + 1))
    assert all(0 <= score.probability <= 1 for score in codes.scores)
    assert all(score.assigned == (score.probability >= score.threshold) for score in codes.scores)
    assert all(score.cell_threshold >= score.threshold for score in codes.scores)


def test_evidence_is_a_span_of_the_text_where_assigned_and_empty_elsewhere(classifier: Classifier) -> None:
    for score in classifier.classify([DPA])[0].scores:
        assert bool(score.evidence) == score.assigned
        for start, end in score.evidence:
            assert DPA.text[start:end].startswith("Le responsable") and DPA.text[start:end].endswith("personnel.")


def test_the_same_passages_get_the_same_answer_whatever_stands_beside_them(classifier: Classifier) -> None:
    alone = [classifier.classify([one])[0] for one in (DPA, FISHING)]
    together = classifier.classify([FISHING, DPA, FISHING])
    assert [together[1], together[2]] == alone


def test_no_passage_gives_no_codes_and_an_empty_text_no_theme(classifier: Classifier) -> None:
    assert classifier.classify([]) == []
    assert assigned(classifier, Passage(text="")) == []


def test_rows_are_one_per_id_and_theme_with_json_evidence(codebook: Codebook) -> None:
    given = [{"id": "a", "text": DPA.text}, {"id": "b", "text": FISHING.text}]
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in classify_rows(given, load_config(), codebook)]
    assert [(r["id"], r["theme"]) for r in rows] == [(i, t) for i in "ab" for t in codebook.active]
    assert all((r["evidence"] != "[]") == (r["assigned"] == "true") for r in rows)
    assert all(bool(r["force"]) == (r["assigned"] == "true") for r in rows)


def test_a_missing_or_unknown_language_is_told_from_the_text() -> None:
    plain = [as_passage({"text": text}) for text in (DPA.text, FISHING.text, "12 345,67")]
    assert [one.language for one in with_languages(plain)] == ["fr", "nl", ""]
    odd = [as_passage({"text": FISHING.text, "language": code}) for code in ("xx", "", "und", "NL-be", "nl")]
    assert [one.language for one in with_languages(odd)] == ["nl"] * 5
    assert with_languages([as_passage({"text": FISHING.text, "language": "fr"})])[0].language == "fr"


def test_a_document_type_is_read_loosely_and_an_unknown_one_left_out() -> None:
    given = ("Action plan", "LAW", "pamphlet", "")
    assert [as_passage({"text": "a", "doc_type": name}).doc_type for name in given] == ["action_plan", "law", "", ""]


def test_a_row_without_a_language_is_coded_like_the_same_row_with_it(codebook: Codebook) -> None:
    rows = classify_rows([{"id": "a", "text": DPA.text}], load_config(), codebook)
    told = [{"id": "a", "text": DPA.text, "language": "fr", "doc_type": "pamphlet"}]
    assert rows == classify_rows(told, load_config(), codebook)


def test_a_theme_switched_off_is_absent_and_a_new_one_is_coded_from_its_cues(codebook: Codebook) -> None:
    new = Theme(
        name={"en": "Drones"}, code_when="Drones.", cues={"fr": ("drone",), "nl": ("drone", "onbemand luchtvaartuig")}
    )
    off = codebook.themes["security"].model_copy(update={"enabled": False})
    book = codebook.model_copy(update={"themes": {**codebook.themes, "security": off, "drones": new}})
    classifier = load_classifier("fast", book)
    score = classifier.classify([Passage(text="Het gebouw is oud. Een onbemand luchtvaartuig volgt.", language="nl")])[
        0
    ].scores
    assert "security" not in [one.theme for one in score]
    assert score[-1].theme == "drones" and score[-1].assigned and score[-1].method == "lexicon"
    assert score[-1].evidence == ((19, 52),)
    assert assigned(classifier, Passage(text="Dronken is hij niet.", language="nl")) == []


def test_a_renamed_theme_changes_nothing(codebook: Codebook, classifier: Classifier) -> None:
    renamed = codebook.themes["security"].model_copy(update={"name": {"en": "Something else"}})
    book = codebook.model_copy(update={"themes": {**codebook.themes, "security": renamed}})
    assert load_classifier("fast", book).classify([DPA]) == classifier.classify([DPA])


def test_a_missing_or_damaged_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"missing.*Next: "):
        load_model(tmp_path)
    for file in SHIPPED.glob("*.json"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "linear.npz").write_bytes(b"not an archive")
    with pytest.raises(ModelError, match=r"damaged.*Next: "):
        load_model(tmp_path)


def test_the_key_tells_settings_lexicons_and_weights_apart(tmp_path: Path) -> None:
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text("a: 1\n"), other.write_text("a: 2\n")
    keys = {classifier_key("fast", one), classifier_key("thorough", one), classifier_key("fast", other)}
    assert len(keys) == 3 and classifier_key("fast", one) in keys


def test_cells_ask_for_no_less_than_codings(classifier: Classifier) -> None:
    assert all(classifier.cell_thresholds[t] == x for t, x in cell_thresholds("fast").items())
    assert all(x >= classifier.thresholds[t] for t, x in cell_thresholds("fast").items())


def test_a_model_of_ones_own_is_used_where_the_configuration_names_it(tmp_path: Path, codebook: Codebook) -> None:
    own = tmp_path / "own"
    own.mkdir()
    for name in ("linear.npz", "model.json"):
        shutil.copy(SHIPPED / name, own / name)
    told = json.loads((own / "model.json").read_text(encoding="utf-8"))
    for one in told["calibration"]["fast"].values():
        one["threshold"] = one["cell_threshold"] = 1.1
    (own / "model.json").write_text(json.dumps(told), encoding="utf-8")
    shipped = load_config(None, {"codings": {"setting": "fast"}})
    config = load_config(None, {"codings": {"setting": "fast", "model": str(own)}})
    rows = [{"id": "1", "text": DPA.text, "title": DPA.title, "doc_type": "law"}]
    assert "true" in {row[3] for row in classify_rows(rows, shipped, codebook)}
    assert "true" not in {row[3] for row in classify_rows(rows, config, codebook)}
    lexicon = Path("no lexicon")
    assert classifier_key("fast", lexicon, own) != classifier_key("fast", lexicon, model_folder(""))
    with pytest.raises(ModelError, match="holds no model"):
        model_folder(str(tmp_path / "nowhere"))
