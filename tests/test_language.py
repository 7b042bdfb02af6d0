"""Language identification: the seven languages in every dress, and abstention where there is nothing to tell."""

from __future__ import annotations

import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from policy_scan.language import _CONTACT, Ngrams, _may_have_contacts, detect
from policy_scan.records import LANGUAGES

DATA = Path(__file__).parent / "data" / "language_sentences.tsv"
SAMPLES = [line.split("\t") for line in DATA.read_text(encoding="utf-8").splitlines()]


def without_diacritics(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))


def fragments(text: str) -> list[str]:
    words = text.split()
    return [" ".join(words[start : start + 6]) for start in range(0, len(words) - 5, 2)]


def shares(samples: list[tuple[str, str]]) -> dict[str, float]:
    """Accuracy per language."""
    answers = detect([text for _, text in samples])
    n, right = Counter(language for language, _ in samples), Counter[str]()
    for (language, _), (answer, _) in zip(samples, answers, strict=True):
        right[language] += answer == language
    return {language: right[language] / n[language] for language in n}


def test_there_are_enough_samples_of_each_language() -> None:
    n = Counter(language for language, _, _ in SAMPLES)
    assert set(n) == set(LANGUAGES)
    assert min(n.values()) >= 40


def test_sentences() -> None:
    found = shares([(language, text) for language, _, text in SAMPLES])
    assert found.pop("lb") >= 0.97
    assert min(found.values()) >= 0.99, found


@pytest.mark.parametrize("change", [str.upper, without_diacritics, lambda text: without_diacritics(text.upper())])
def test_capitals_and_texts_without_diacritics(change: object) -> None:
    assert callable(change)
    found = shares([(language, change(text)) for language, _, text in SAMPLES])
    assert min(found.values()) >= 0.97, found
    assert sum(found.values()) / len(found) >= 0.98, found


def test_legal_passages() -> None:
    legal = {
        code: [text for language, kind, text in SAMPLES if (language, kind) == (code, "legal")] for code in LANGUAGES
    }
    passages = [(code, " ".join(texts[start : start + 4])) for code, texts in legal.items() for start in range(16)]
    assert min(shares(passages).values()) >= 0.985


def test_first_seventy_characters_and_six_words() -> None:
    assert min(shares([(language, text[:70]) for language, _, text in SAMPLES]).values()) >= 0.97
    six = [(language, part) for language, _, text in SAMPLES for part in fragments(text)]
    assert min(shares(six).values()) >= 0.97


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "Artikel 5", "Art. 12, § 3", "1.1.2", "§ 1er", "1°", "a)", "IV.", "- 12 -", "2024", "31/12/2024",
        "Titre II, Chapitre 3, Section 4", "Kapitel III - Abschnitt 2", "Hoofdstuk II. Afdeling 1", "Άρθρο 5",
        "art. 3 alin. (2) lit. b)", "Annexe III - Tableau 2", "Page 3 / 12", "12 345,67 EUR", "1 234 567 lei",
        "C-2025/001234", "CELEX:32016R0679", "ISBN 978-92-79-12345-6", "COM(2020) 67 final", "JO L 119, 4.5.2016, p. 1",
        "PB L 119 van 4.5.2016, blz. 1", "ΦΕΚ Α 123/2011", "Ν. 3979/2011 (ΦΕΚ Α' 138)", "Legea nr. 455/2001",
        "Regulation (EU) No 910/2014", "Loi n° 2016-1321", "Moniteur belge", "BE68 5390 0754 7034",
        "www.example.org", "https://www.example.org/nl/hoe-vraag-ik-een-kaart-aan", "contact@example.org",
        "Tel. +32 2 123 45 67", "Tél. : 01 23 45 67 89 - Fax : 01 23 45 67 90",
        "B-1000 Bruxelles", "Rue X 12, 1000 Bruxelles",
        "Rue de la Loi 16, 1000 Bruxelles", "Wetstraat 16, 1000 Mechelen",
        "20, avenue de Ségur, 75007 Paris", "Rue du Marché aux Herbes 12, L-1728 Luxembourg",
        "Hauptstraße 5, 4700 Eupen",         "Goethestr. 12, 60313 Frankfurt am Main",
        "Str. Academiei nr. 12, sector 1, 010013 București",
        "Οδός Σταδίου 12, 105 62 Αθήνα",
    ],
)  # fmt: skip
def test_labels_numbers_references_and_addresses_are_undecided(text: str) -> None:
    assert detect([text]) == [("und", 0.0)]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Qui peut demander ?", "fr"),
        ("Wie kan aanvragen?", "nl"),
        ("Wer ist zuständig?", "de"),
        ("Wien ass zoustänneg?", "lb"),
        ("Who may apply?", "en"),
        ("Cine poate cere?", "ro"),
        ("Ποιος μπορεί να κάνει αίτηση;", "el"),
        ("Article 5 du décret", "fr"),
        ("Artikel 5 van de wet", "nl"),
        ("prevăzute la art. 19 alin. (1)", "ro"),
        ("Η παρ. 11 του άρθρου 268", "el"),
        ("ΓΕΝΙΚΕΣ ΔΙΑΤΑΞΕΙΣ ΚΑΙ ΟΡΙΣΜΟΙ", "el"),
        ("DISPOZITII GENERALE SI FINALE", "ro"),
        ("La rue de la Gare sera fermée à partir du 3 mai pour travaux", "fr"),
    ],
)
def test_short_running_text_is_told(text: str, language: str) -> None:
    assert detect([text])[0][0] == language


def test_the_dominant_language_of_a_mixed_text_wins() -> None:
    dutch = "De aanvrager krijgt binnen tien dagen een antwoord van de dienst die zijn dossier behandelt."
    assert detect([f"{dutch} {dutch} Il peut introduire un recours."])[0][0] == "nl"


def test_the_gazettes_masthead_does_not_tell() -> None:
    german = "MONITEUR BELGE — 03.02.2031 — BELGISCH STAATSBLAD Die Frist beginnt am Tag der Zustellung."
    assert detect([german, "MONITEUR BELGE — 03.02.2031 — BELGISCH STAATSBLAD"]) == [
        ("de", pytest.approx(1.0, abs=0.1)),
        ("und", 0.0),
    ]


def test_probabilities_are_modest_where_languages_are_close() -> None:
    clear, close = detect(
        ["Der Antrag wird innerhalb von zehn Tagen bearbeitet.", "Minister Dokument Projekt Register"]
    )
    assert clear[1] > 0.95
    assert close[1] < clear[1]


@settings(max_examples=40)
@given(st.lists(st.text(max_size=80), max_size=5))
def test_any_text_gets_a_known_language_and_a_probability(texts: list[str]) -> None:
    answers = detect(texts)
    assert len(answers) == len(texts)
    for language, probability in answers:
        assert language in (*LANGUAGES, "und")
        assert 0.0 <= probability <= 1.0
    assert detect(texts) == answers


def test_langdetect_is_a_deterministic_alternative_without_luxembourgish() -> None:
    texts = [text for language, kind, text in SAMPLES if language in ("fr", "el", "lb") and kind == "plain"][:30]
    first = detect(texts, "langdetect")
    assert first == detect(texts[::-1], "langdetect")[::-1]
    assert {language for language, _ in detect([texts[0]], "langdetect")} == {"fr"}
    assert detect(["Art. 5"], "langdetect") == [("und", 0.0)]
    assert "lb" not in {language for language, _ in first}


@pytest.fixture(scope="module")
def ngrams() -> Ngrams:
    return Ngrams()


@pytest.fixture(scope="module")
def identifier() -> Any:
    found = LanguageIdentifier.from_model_file(MODEL_FILE)
    found.set_languages(list(LANGUAGES))
    return found


def assert_same_scores(texts: list[str], ngrams: Ngrams, identifier: Any) -> None:
    for text, scores in zip(texts, ngrams.scores(texts), strict=True):
        own = dict(zip(LANGUAGES, scores, strict=True))
        if any(scores):
            assert own == dict(identifier.rank(text))
        else:
            assert len(set(dict(identifier.rank(text)).values())) == 1


def test_ngrams_score_as_py3langid_does(ngrams: Ngrams, identifier: Any) -> None:
    texts = [text for _, _, text in SAMPLES]
    assert_same_scores([*texts, " ".join(texts[:90]), *map(str.upper, texts[::7]), "", "x"], ngrams, identifier)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=200), min_size=1, max_size=6))
def test_ngrams_score_any_text_as_py3langid_does(ngrams: Ngrams, identifier: Any, texts: list[str]) -> None:
    assert_same_scores(texts, ngrams, identifier)


def test_an_address_is_found_in_any_spelling() -> None:
    german = "Die Frist beginnt am Tag der Zustellung des Bescheids."
    for address in (
        "HTTPS://a-very-long-path.of/the/english/language",
        "Www.the-and-of.it",
        "the@and.of",
        "a.b/the/of",
    ):
        assert detect([f"{address} {german}"]) == detect([german])


@settings(max_examples=1500, deadline=None)
@given(
    st.lists(
        st.sampled_from(["www", "WWW.", "http", "https", "://", ".org", ".Be", ".", "-", "/", "@", "é1", "x", " "])
    )
)
def test_no_text_with_a_contact_is_passed_over(parts: list[str]) -> None:
    text = "".join(parts)
    assert _may_have_contacts(text) or not _CONTACT.search(text)
