"""Characters and words: normal form, folding, letter-spacing, hyphens at line ends."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_scan import text as txt


def set_one(string: str) -> tuple[str, list[float]]:
    return txt.set_text([(string, [10.0 * k for k in range(len(string))], 10.0 * len(string))])


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        ("of\ufb01ce", "office"),
        ("e\u0301cole", "école"),
        ("ver\u200bbal", "verbal"),
        ("zie\u00a0art", "zie art"),
        ("non\u2010lieu", "non-lieu"),
        ("a\x07b", "ab"),
        ("\u2126", "Ω"),
    ],
)
def test_characters_are_put_in_normal_form(printed: str, read: str) -> None:
    assert set_one(printed)[0] == read


def test_a_ligature_shares_out_its_width() -> None:
    string, edges = set_one("\ufb01n")
    assert (string, edges) == ("fin", [0.0, 5.0, 10.0, 20.0])


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=6))
def test_every_character_keeps_an_edge_and_the_text_is_nfc(words: list[str]) -> None:
    pieces = [(word, [100.0 * n + k for k in range(len(word))], 100.0 * n + len(word)) for n, word in enumerate(words)]
    string, edges = txt.set_text(pieces)
    assert len(edges) == len(string) + 1
    assert not any(unicodedata.category(char) == "Cc" and char != "\x02" for char in string)
    assert all(unicodedata.is_normalized("NFC", char) for char in string)
    assert edges == sorted(edges)


@given(st.text(max_size=60))
def test_folding_keeps_every_place(string: str) -> None:
    assert len(txt.fold(string)) == len(string)


@given(st.text())
def test_marks_are_left_out_whatever_they_stand_on(string: str) -> None:
    plain = unicodedata.normalize("NFD", string)
    assert txt.without_marks(string) == "".join(char for char in plain if not unicodedata.combining(char))
    assert txt.without_marks("Ştiinţă, Überprüfung, διά") == "Stiinta, Uberprufung, δια"


def test_folding_makes_equal_what_reads_equal() -> None:
    assert txt.fold("Ştiinţă") == txt.fold("știință") == "știința"
    assert txt.fold("ΔΗΜΟΣΙΟΣ") == txt.fold("δημόσιος") == "δημοσιοσ"
    assert txt.fold("L’Écrit – « ici »") == 'l\'ecrit - " ici "'


def letters(string: str, step: float, gap: float) -> list[tuple[str, float, float]]:
    """Single letters `step` points apart, words `gap` apart."""
    placed, x = [], 0.0
    for word in string.split():
        for char in word:
            placed.append((char, x, x + 4))
            x += 4 + step
        x += gap
    return placed


def test_letter_spacing_is_closed_and_words_stay_apart() -> None:
    closed = txt.close_letterspacing(letters("Artikel een", 2.0, 5.0), 10.0)
    pairs = zip(closed, "Artikeleen", strict=True)
    joined = "".join(("" if close or k == 0 else " ") + char for k, (close, char) in enumerate(pairs))
    assert joined == "Artikel een"


def test_ordinary_words_are_not_closed() -> None:
    words = [("de", 0.0, 8.0), ("a", 11.0, 15.0), ("à", 18.0, 22.0), ("z", 25.0, 29.0)]
    assert txt.close_letterspacing(words, 10.0) == [False] * 4


KNOWN = {"administration", "sous-titre", "permet", "beschikking", "guichet"}


@pytest.mark.parametrize(
    ("first", "second", "how"),
    [
        ("la décision de l'adminis-", "tration compétente", "drop"),
        ("un mot incon\u0002", "nu du reste", "drop"),
        ("la proposi\u00ad", "tion", "drop"),
        ("le sous-", "titre affiché", "keep"),
        ("le service permet-", "elle de voir", "keep"),
        ("l'alternative est-", "elle exacte", "keep"),
        ("quatre-vingt-", "quatre euros", "keep"),
        ("Bruxelles-", "Capitale", "keep"),
        ("het ICT-", "beleid", "keep"),
        ("de herstel-", "en ontwikkelingsplannen", "space"),
        ("Miet- ", "und Pachtrecht", "space"),
        ("the word -", "a dash", "space"),
        ("the years 2021-", "2027", "keep"),
        ("réf. BE-", "C[42]", "keep"),
        ("https://www.example.org/aide-", "sociale.html", "keep"),
        ("écrire à l'adresse guichet-", "unique.example.org", "keep"),
        ("η διεύ\u2212", "θυνση", "drop"),
        ("dintr-", "o dată", "keep"),
        ("ASCHAFFEN-", "BURG", "drop"),
        ("no hyphen", "here", "space"),
        ("mee(ge-", ")teld", "drop"),
    ],
)
def test_hyphens_at_line_ends(first: str, second: str, how: str) -> None:
    assert txt.joins_as(first, second, KNOWN) == how


def test_the_document_decides_before_the_shape() -> None:
    assert txt.joins_as("un contre-", "seing", {"contre-seing"}) == "keep"
    assert txt.joins_as("un contre-", "seing", {"contreseing"}) == "drop"


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("le droit de la personne est garanti par les services et les communes", "fr"),
        ("het recht van de burger is aan een dienst en wordt door de wet bepaald", "nl"),
        ("das Recht der Person wird durch die Behörde und den Dienst gewahrt", "de"),
        ("12 34", ""),
    ],
)
def test_language_hint(words: str, language: str) -> None:
    assert txt.language_hint(words.split()) == language


@pytest.mark.parametrize(
    "line",
    ["• un point", "1. Le texte", "a) lettre", "§ 3. Alinéa", "2° le cas", "Art. 4. Objet", "Άρθρο 5", "(2) Satz"],
)
def test_items_are_told(line: str) -> None:
    assert txt.opens_item(line)


@pytest.mark.parametrize("line", ["Le texte suit", "de 12 personnes", "a été fait"])
def test_running_lines_are_no_items(line: str) -> None:
    assert not txt.opens_item(line)
