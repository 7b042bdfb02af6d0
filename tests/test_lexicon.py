"""The lexicon: its syntax, its mistakes named, and terms found in text as it is printed."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_scan.classifier.lexicon import Lexicon, load_lexicon
from policy_scan.codebook import Theme, load_codebook
from policy_scan.errors import ConfigError
from policy_scan.records import LANGUAGES

HEAD = """
version: 1
classes:
  send:
    fr: envo*, transmi*, est remis*
    en: send*, sent
  online:
    fr: en ligne, voie électronique
    en: online
concepts:
"""


def lexicon_of(folder: Path, concepts: str) -> Lexicon:
    path = folder / "lexicon.yaml"
    path.write_text(HEAD + concepts, encoding="utf-8")
    return load_lexicon(path)


def found(lexicon: Lexicon, text: str, language: str) -> list[tuple[str, str]]:
    return [(one.concept, text[one.start : one.end]) for one in lexicon.match(text, language)]


@cache
def shipped() -> Lexicon:
    return load_lexicon("lexicon.yaml")


@pytest.mark.parametrize(
    ("term", "language", "text", "expected"),
    [
        ("cachet* électronique*", "fr", "Des CACHETS\nELECTRONIQUES suivent.", "CACHETS\nELECTRONIQUES"),
        ("πολιτ*", "el", "Ο ΠΟΛΊΤΗΣ ρωτά", "ΠΟΛΊΤΗΣ"),
        ("πολίτης", "el", "ο πολιτησ ρωτα", "πολιτησ"),
        ("cetățeni*", "ro", "toţi cetăţenii noştri", "cetăţenii"),
        ("semnatur*", "ro", "o semnătură nouă", "semnătură"),
        ("+portal*", "de", "des Bürgerportals wegen", "Bürgerportals"),
        ("+plicht", "nl", "de aangifteplicht geldt", "aangifteplicht"),
        ("gross*", "de", "die großen Städte", "großen"),
        ("l'accès libre", "fr", "par l’accès-libre ici", "l’accès-libre"),
        ("guichet ..2 ouvert*", "fr", "le guichet y reste ouvert", "guichet y reste ouvert"),
        ("papier ~ guichet*", "fr", "aux guichets, sur papier", "guichets, sur papier"),
        ("<send> ~ <online>", "fr", "Le dossier est remis en ligne.", "est remis en ligne"),
        ("dat*e", "ro", "toate datele lor", "datele"),
        ("digiti*ation", "en", "of digitisation here", "digitisation"),
        ("vote", "fr", "cafe\u0301 puis vote", "vote"),
        ("ΚΕΠ", "el", "στα Κ.Ε.Π. και αλλού", "Κ.Ε.Π"),
        ("Κ.Ε.Π.", "el", "στα ΚΕΠ και αλλού", "ΚΕΠ"),
        ("ΚΕΠ ..2 δήμ*", "el", "Στο Κ.Ε.Π. του δήμου", "Κ.Ε.Π. του δήμου"),
        ("guichet.lu", "fr", "sur www.guichet.lu hier", "guichet.lu"),
        ("μητρω*", "el", "το \u00b5ητρώο", "\u00b5ητρώο"),
        ("δικτυ*", "el", "του \u2206ικτύου", "\u2206ικτύου"),
    ],
)
def test_a_term_is_found_as_printed(tmp_path: Path, term: str, language: str, text: str, expected: str) -> None:
    lexicon = lexicon_of(tmp_path, f"  one:\n    {language}: {term}\n")
    assert found(lexicon, text, language) == [("one", expected)]


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("vote", "les votes"),
        ("guichet ..2 ouvert*", "le guichet de la mairie reste ouvert"),
        ("guichet ..2 ouvert*", "Au guichet. Ouvert le lundi."),
        ("guichet ~ papier", "un guichet de la grande ville neuve est à côté du papier"),
        ("<send> ~ <online>", "transmis par la poste"),
        ("agent* ~ agents", "les agents arrivent"),
    ],
)
def test_what_is_not_the_term_is_not_found(tmp_path: Path, term: str, text: str) -> None:
    assert found(lexicon_of(tmp_path, f"  one:\n    fr: {term}\n"), text, "fr") == []


def test_abbreviations_do_not_end_a_sentence(tmp_path: Path) -> None:
    lexicon = lexicon_of(tmp_path, "  one:\n    fr: envoi ..3 ligne\n")
    assert found(lexicon, "envoi (art. 5) en ligne", "fr")


def test_a_language_is_searched_for_its_terms_and_english_and_und_for_all(tmp_path: Path) -> None:
    lexicon = lexicon_of(
        tmp_path, "  a:\n    fr: guichet*\n  b:\n    de: Schalter*\n  c:\n    en: helpdesk, helpdesk*\n"
    )
    text = "guichet Schalter helpdesk"
    names = {code: [one.concept for one in lexicon.match(text, code)] for code in ("fr", "de", "en", "und", "")}
    assert names == {"fr": ["a", "c"], "de": ["b", "c"], "en": ["c"], "und": ["a", "b", "c"], "": ["a", "b", "c"]}


def test_inflected_english_is_not_looked_for_in_other_languages(tmp_path: Path) -> None:
    lexicon = lexicon_of(tmp_path, "  a:\n    en: inform*, open data\n  b:\n    en: <send>\n")
    assert found(lexicon, "l'information sent l'open data", "fr") == [("a", "open data")]


def test_finds_are_ordered_and_overlapping_ones_of_a_concept_joined(tmp_path: Path) -> None:
    lexicon = lexicon_of(tmp_path, "  b:\n    fr: guichet unique, unique en ligne\n  a:\n    fr: guichet\n")
    assert found(lexicon, "un guichet unique en ligne", "fr") == [("a", "guichet"), ("b", "guichet unique en ligne")]


def test_a_theme_scores_by_its_concepts_and_context_concepts_count_for_none(tmp_path: Path) -> None:
    lexicon = lexicon_of(
        tmp_path,
        "  a:\n    themes: [security]\n    fr: chiffr*\n  b:\n    themes: [security]\n    weak: true\n    fr: risque*\n"
        "  c:\n    fr: taxe*\n",
    )
    scores = [lexicon.score_themes(text, "fr") for text in ("taxes", "risques", "chiffré", "chiffré, risques")]
    assert scores[0] == {} and [round(one["security"], 2) for one in scores[1:]] == [0.37, 0.6, 0.75]
    assert lexicon.themes_of("a") == ("security",) and lexicon.themes_of("c") == ()


@pytest.mark.parametrize(
    ("concepts", "message"),
    [
        ("  one:\n    xx: mot\n", "concept 'one'.*'xx' is no language"),
        ("  one:\n    fr: mot, , autre\n", "concept 'one'.*empty term in 'fr'"),
        ("  one:\n    fr: mot ..\n", "concept 'one'.*before or after"),
        ("  one:\n    fr: a*\n", "concept 'one'.*nearly every word"),
        ("  one:\n    fr: mot(s)\n", "concept 'one'.*is no word"),
        ("  one:\n    fr: <sent> mot\n", "concept 'one'.*no class 'sent'"),
        ("  one:\n    de: <send>\n", "concept 'one', de.*no class 'send' in that language"),
        ("  one:\n    themes: security\n    fr: mot\n", "concept 'one'.*must be a list"),
        ("  one:\n    themes: [security]\n", "concept 'one'.*no terms"),
        ("  One:\n    fr: mot\n", "'One' is no identifier"),
        ("  one:\n    weak: perhaps\n    fr: mot\n", "concept 'one'.*true or false"),
    ],
)
def test_mistakes_name_the_concept(tmp_path: Path, concepts: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        lexicon_of(tmp_path, concepts)


def test_a_theme_that_no_codebook_has_is_named(tmp_path: Path) -> None:
    lexicon = lexicon_of(tmp_path, "  one:\n    themes: [drones]\n    fr: drone*\n")
    lexicon.check_themes(("security", "drones"))
    with pytest.raises(ConfigError, match=r"concept 'one'.*no theme 'drones'"):
        lexicon.check_themes(("security",))


def test_a_file_that_is_no_lexicon_is_told(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.yaml"
    for content, message in (
        ("a: [1\n", "line"),
        ("version: 1\n", "no concepts"),
        (HEAD + "  a:\n    fr: x\nb: 1\n", "'b'"),
    ):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(ConfigError, match=message):
            load_lexicon(path)


def test_the_key_changes_with_terms_but_not_with_notes(tmp_path: Path) -> None:
    keys = [
        lexicon_of(tmp_path, f"  one:\n    note: {note}\n    fr: {term}\n").key()
        for note, term in (("a", "mot"), ("b", "mot"), ("a", "mots"))
    ]
    assert keys[0] == keys[1] != keys[2]


def test_cues_of_the_codebook_become_concepts(tmp_path: Path) -> None:
    book = load_codebook("codebook.yaml")
    theme = Theme(
        name={"en": "Drones"}, code_when="Drones.", cues={"fr": ("drone*",), "nl": ("onbemand* luchtvaartuig*",)}
    )
    book = book.model_copy(update={"themes": {**book.themes, "drones": theme}})
    lexicon = load_lexicon("lexicon.yaml", book)
    assert lexicon.concepts[-1] == "cue_drones" and lexicon.themes_of("cue_drones") == ("drones",)
    assert lexicon.score_themes("Onbemande luchtvaartuigen stijgen op.", "nl") == {"drones": 0.6}


@settings(deadline=None)  # the first search builds its tables
@given(st.text(alphabet="aé ςΣțţ.\n-'’|ß\u0301😀guichet", max_size=60), st.sampled_from((*LANGUAGES, "und")))
def test_any_text_is_searched_and_offsets_lie_in_it(text: str, language: str) -> None:
    for one in shipped().match(text, language):
        assert 0 <= one.start < one.end <= len(text) and one.concept in shipped().concepts
    assert shipped().match(text, language) == shipped().match(text, language)


def test_the_shipped_lexicon_fits_the_codebook_in_every_language() -> None:
    book = load_codebook("codebook.yaml")
    shipped().check_themes(book.themes)
    for theme in book.active:
        for language in LANGUAGES:
            terms = [one for one in shipped().listed if theme in one.themes and one.terms.get(language)]
            assert terms, f"{theme} has no terms in {language}"
