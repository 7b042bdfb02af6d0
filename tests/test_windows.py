"""Long provisions are coded window by window: what one item says is found, and quoted where it stands."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_scan.classifier.model import Classifier, load_classifier
from policy_scan.classifier.passages import Passage
from policy_scan.classifier.sentences import split_sentences
from policy_scan.classifier.windows import LONG, WINDOW, as_window, windows_of
from policy_scan.codebook import load_codebook

_DULL = (
    "Le service assure l'entretien des bâtiments et des jardins de la commune.",
    "Il tient la liste des véhicules et veille à leur contrôle annuel.",
    "Il prépare les marchés de fourniture de bois, de sable et de pavés.",
    "Il range les archives du cadastre dans les caves de la maison communale.",
)
TOLD = "La signature électronique qualifiée a la même valeur juridique qu'une signature manuscrite."
LIST = "\n".join([*(_DULL * 3), TOLD, *(_DULL * 3)])


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return load_classifier("fast", load_codebook("codebook.yaml"))


@given(st.lists(st.sampled_from((*_DULL, TOLD, "Oui.", "§ 2.")), min_size=1, max_size=60))
def test_windows_hold_every_sentence_once_and_in_order(sentences: list[str]) -> None:
    text = "\n".join(sentences)
    windows = windows_of(text)
    if len(text) <= LONG:
        assert windows == ()
        return
    assert all(a[1] <= b[0] for a, b in pairwise(windows))
    assert all(end - start <= WINDOW for start, end in windows)
    for start, end in split_sentences(text):
        assert sum(first <= start and end <= last for first, last in windows) == 1


def test_a_sentence_longer_than_a_window_is_one() -> None:
    long = "mot " * 400 + "fin."
    assert windows_of(long) == ()  # one sentence: nothing to part
    assert windows_of(f"{long}\nEt une autre phrase encore.") == ((0, 1604), (1605, 1632))


def test_what_one_item_of_a_long_list_says_is_found_and_quoted_where_it_stands(classifier: Classifier) -> None:
    assert len(LIST) > LONG
    codes = classifier.classify([Passage(LIST, "fr", "law")])[0]
    scores = {score.theme: score for score in codes.scores}
    told = scores["digital_identity"]
    assert told.assigned
    assert told.rank == 1
    assert [LIST[start:end] for start, end in told.evidence] == [TOLD]
    assert told.terms
    assert all(LIST[start:end].strip() and LIST.index(TOLD) <= start < end for start, end, _ in told.terms)
    assert codes.force
    assert sorted(score.rank for score in codes.scores) == list(range(1, len(codes.scores) + 1))
    assert all(score.assigned == (score.probability >= score.threshold) for score in codes.scores)


def test_windows_never_lower_what_the_whole_says(classifier: Classifier) -> None:
    passage = Passage(LIST, "fr", "law", "Arrêté portant organisation des services")
    whole = classifier._classify_all([passage])[0]
    merged = classifier.classify([passage])[0]
    assert all(a.probability <= b.probability for a, b in zip(whole.scores, merged.scores, strict=True))


def test_a_later_window_is_given_the_opening_as_context() -> None:
    passage = Passage(LIST, "fr", context="Titre II")
    first, second = windows_of(LIST)[:2]
    assert as_window(passage, first).context == "Titre II"
    assert as_window(passage, second).context.startswith("Titre II > Le service assure")
