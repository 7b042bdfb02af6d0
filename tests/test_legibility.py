"""Text layers: usable ones stay, empty, wrongly encoded and nonsensical ones are told."""

from __future__ import annotations

import random
import string
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_scan.legibility import judge, repair_1253

DATA = Path(__file__).parent / "data" / "language_sentences.tsv"
CORPUS = Path(__file__).parents[2] / "shared" / "corpus"
GREEK = (
    "Η αρμόδια υπηρεσία εξετάζει την αίτηση εντός δέκα ημερών. ΟΙ ΠΟΛΙΤΕΣ, Ά Έ Ή Ί Ό Ύ Ώ καΐκι προϊόν ς «Β΄» – τέλος"
)


def pages() -> dict[str, str]:
    """A page of running text per language, from the sentences of the language test."""
    by_language: dict[str, list[str]] = {}
    for line in DATA.read_text(encoding="utf-8").splitlines():
        language, _, text = line.split("\t")
        by_language.setdefault(language, []).append(text)
    return {language: "\n".join(texts) for language, texts in by_language.items()}


PAGES = pages()


def enciphered(text: str) -> str:
    """As a font without a ToUnicode map leaves it: every character moved by a fixed number of places."""
    return "".join(chr(33 + (ord(char) - 33 - 29) % 94) if 33 <= ord(char) < 127 else char for char in text)


@pytest.mark.parametrize("language", PAGES)
def test_running_text_is_usable_in_all_languages_and_in_capitals(language: str) -> None:
    assert judge(PAGES[language], min_letters=25).usable
    assert judge(PAGES[language].upper(), min_letters=25).usable


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f"{year} | {year * 3} | {year / 7:.2f} | commune | total général" for year in range(1990, 2020)),
        "Kowalczyk Zbigniew\nSchwarz Hans-Jürgen\nVan den Broeck Griet\nPapadopoulos Georgios\nO'Neill Siobhán\n" * 8,
        "ΟΠΕΚΑ ΑΦΜ ΑΜΚΑ ΕΦΚΑ ΗΔΙΚΑ ΚΕΠ ΟΤΑ ΝΠΔΔ ΥΑ ΦΕΚ\nTVA URSSAF INAMI ONSS RCS CNPD BCE DINUM RGAA\n" * 6,
        "E = mc² ; f(x) = Σ aᵢxᵢ + √(b² − 4ac) ≤ ∫ g(t) dt, où x désigne le montant et a le taux appliqué\n" * 4,
        "Objectif : \uf0b7 écouter\n\uf0a7 former\n\uf0fc accompagner\nNos trois priorités pour l'année prochaine",
        "\uf0b7alpha numérique\n\uf0b7bureau ouvert\n\uf0b7carte unique\n\uf0b7dossier partagé\n" * 12,
        "Les me\u00adsures visent le gui\x02chet ou\ufffevert à tous les gens de la com\x02mune, sans rendez-vous.",
    ],
    ids=["numbers", "names", "acronyms", "formulae", "bullets", "bullets at words", "hyphens"],
)
def test_odd_but_legible_pages_are_usable(text: str) -> None:
    verdict = judge(text, min_letters=25)
    assert verdict.usable, verdict


def test_few_letters_are_empty() -> None:
    assert judge("", min_letters=25).layer == "empty"
    assert judge("*0123456789*", min_letters=0).layer == "empty"
    verdict = judge("ABC 1234 DEF", min_letters=25)
    assert (verdict.layer, verdict.letters) == ("empty", 6)


@pytest.mark.parametrize("language", [code for code in PAGES if code != "el"])
def test_enciphered_text_is_unreadable(language: str) -> None:
    verdict = judge(enciphered(PAGES[language]), min_letters=25)
    assert verdict.layer == "unreadable", verdict


def test_random_letters_are_unreadable() -> None:
    rng = random.Random(7)
    words = ["".join(rng.choices(string.ascii_lowercase, k=rng.randint(3, 9))) for _ in range(120)]
    assert judge(" ".join(words), min_letters=25).layer == "unreadable"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda char: chr(0x200 + ord(char) % 0x80) if char.isalpha() else char,
        lambda char: chr(0xF000 + ord(char) % 0x100) if char.isalpha() else char,
        lambda char: "\ufffd" if char in "aeiouαεηιουω" else char,
        lambda char: chr(ord(char) % 8 + 0x10) if char in "aeiouαεηιουω" else char,
    ],
    ids=["U+0200", "private use", "replacement", "controls"],
)
@pytest.mark.parametrize("language", PAGES)
def test_broken_maps_are_unreadable(language: str, wrong: object) -> None:
    assert callable(wrong)
    text = "".join(wrong(char) for char in PAGES[language])
    assert judge(text, min_letters=25).layer == "unreadable"


def test_greek_in_windows_1253_is_told_and_repaired() -> None:
    page = PAGES["el"].rsplit("\n", 1)[0]  # the last sentence is polytonic, which Windows-1253 can't write
    wrong = page.encode("cp1253").decode("latin-1")
    assert judge(wrong, min_letters=25).layer == "mojibake_1253"
    assert judge(wrong, min_letters=25, languages=["el"]).layer == "mojibake_1253"
    repaired = repair_1253(wrong)
    assert repaired == page
    assert judge(repaired, min_letters=25).usable


def test_repair_covers_accents_capitals_and_signs() -> None:
    assert repair_1253(GREEK.encode("cp1253").decode("latin-1")) == GREEK


def test_repair_leaves_greek_and_french_words_alone() -> None:
    text = "Υπηρεσία «Égalité» à Genève: déjà créée, L'été"
    assert repair_1253(text) == text


@given(st.text())
def test_repair_keeps_the_length(text: str) -> None:
    assert len(repair_1253(text)) == len(text)


@given(st.text())
def test_any_text_gets_a_verdict(text: str) -> None:
    assert judge(text, min_letters=25).layer in ("usable", "empty", "mojibake_1253", "unreadable")


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the real corpus is not beside the repository")
def test_in_the_real_corpus_only_the_known_pages_lack_a_usable_layer() -> None:
    import pypdfium2

    verdicts: Counter[tuple[str, str]] = Counter()
    for path in sorted(CORPUS.rglob("*.pdf")):
        document = pypdfium2.PdfDocument(path)
        for page in document:
            textpage = page.get_textpage()
            verdicts[path.name, judge(textpage.get_text_bounded(), min_letters=25).layer] += 1
            textpage.close()
            page.close()
        document.close()
    odd = {key: n for key, n in verdicts.items() if key[1] in ("unreadable", "mojibake_1253")}
    assert odd == {
        ("el_fekB7-2013_staff_mobility_min_egov.pdf", "unreadable"): 4,
        ("el_fekB_mojibake_infosociety_observatory.pdf", "mojibake_1253"): 24,
    }
