"""Sentences and evidence: verbatim spans, abbreviations and enumerators that end nothing."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_scan.classifier.model import load_classifier
from policy_scan.classifier.passages import Passage
from policy_scan.classifier.sentences import split_sentences
from policy_scan.codebook import load_codebook

CUT = [
    ("fr", ["Selon l'art. 5, al. 2, le guichet reste ouvert.", "Il ferme à midi."]),
    ("fr", ["Le n° 3 vaut p. ex. pour M. Untel.", "Un autre suit."]),
    ("nl", ["Het loket blijft open, bijv. op maandag.", "Het sluit om 12 uur."]),
    ("nl", ["Artikel 3 van het besluit van 3.12.2021 geldt.", "Het treedt in werking."]),
    ("de", ["Gemäß Art. 4 Abs. 2 bleibt der Schalter offen.", "Er schließt um zwölf."]),
    ("el", ["Κατά το άρθρο 5 παρ. 2 του ν. 1234/2020 η θυρίδα μένει ανοικτή.", "Κλείνει το μεσημέρι."]),
    ("ro", ["Potrivit art. 3 alin. (2) lit. a) ghișeul rămâne deschis.", "Se închide la prânz."]),
    ("en", ["See sec. 4 of the act.", "The counter stays open."]),
    ("lb", ["De Guichet bleift op.", "En mécht mëttes zou."]),
]


@pytest.mark.parametrize(
    "sentences", [sentences for _, sentences in CUT], ids=[f"{i}-{code}" for i, (code, _) in enumerate(CUT)]
)
def test_sentences_end_where_a_reader_ends_them(sentences: list[str]) -> None:
    text = " ".join(sentences)
    assert [text[start:end] for start, end in split_sentences(text)] == sentences


def test_an_enumerator_stays_with_what_it_introduces() -> None:
    text = "3. Le service informe l'usager. 4. Il répond."
    assert [text[a:b] for a, b in split_sentences(text)] == ["3. Le service informe l'usager.", "4. Il répond."]


def test_a_line_feed_ends_a_sentence_and_white_space_is_left_out() -> None:
    text = "  Le guichet\nreste ouvert.  "
    assert [text[a:b] for a, b in split_sentences(text)] == ["Le guichet", "reste ouvert."]


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="aé. ;\n(3)Άω!?", max_size=120))
def test_sentences_hold_every_word_in_order_without_overlap(text: str) -> None:
    spans = split_sentences(text)
    assert all(0 <= a < b <= len(text) for a, b in spans)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
    assert "".join("".join(text[a:b] for a, b in spans).split()) == "".join(text.split())


def test_evidence_is_the_sentence_that_speaks_of_the_theme_verbatim() -> None:
    classifier = load_classifier("fast", load_codebook("codebook.yaml"))
    before = "Le conseil se réunit quatre fois par an à l'hôtel de ville."
    speaking = "La signature électronique qualifiée a la même valeur que la signature manuscrite."
    text = f"{before}\n{speaking} Les frais de déplacement sont remboursés sur présentation des tickets."
    codes = classifier.classify([Passage(text, "fr", "law")])[0]
    found = {score.theme: score.evidence for score in codes.scores if score.assigned}
    assert [text[a:b] for a, b in found["digital_identity"]] == [speaking]


def test_offsets_count_code_points_also_beyond_the_basic_plane() -> None:
    classifier = load_classifier("fast", load_codebook("codebook.yaml"))
    speaking = "La signature électronique qualifiée a la même valeur que la signature manuscrite."
    text = f"𝟙𝟚 Le conseil 😀 se réunit à l'hôtel de ville. {speaking}"
    codes = classifier.classify([Passage(text, "fr", "law")])[0]
    (span,) = next(score.evidence for score in codes.scores if score.theme == "digital_identity")
    assert text[slice(*span)] == speaking
