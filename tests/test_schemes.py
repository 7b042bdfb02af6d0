"""Numbering schemes: labels of all languages, their numbers, and phrases that tell where a text stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_scan import schemes
from policy_scan.outline import phrases


@pytest.mark.parametrize(
    ("text", "label", "key", "rest"),
    [
        ("Article 1er. Le guichet", "Article 1er", "1", "Le guichet"),
        ("Art. 1 er . Le guichet", "Art. 1er", "1", "Le guichet"),
        ("Art. 2 .", "Art. 2", "2", ""),
        ("Art. 22bis. Le guichet", "Art. 22bis", "22bis", "Le guichet"),
        ("Article premier", "Article premier", "1", ""),
        ("Article unique. La loi", "Article unique", "1", "La loi"),
        ("Article Ier", "Article Ier", "1", ""),
        ("Art. L112-8", "Art. L112-8", "l112-8", ""),
        ("Article L. 112-8", "Article L. 112-8", "l112-8", ""),
        ("Article R*112-9-1", "Article R*112-9-1", "r112-9-1", ""),
        ("Article R. 123-4-1", "Article R. 123-4-1", "r123-4-1", ""),
        ("Artikel 1 - Der Schalter", "Artikel 1", "1", "Der Schalter"),
        ("A r t i k e l 1. Het loket", "Artikel 1", "1", "Het loket"),
        ("Art. 6/1. § 1. Het loket", "Art. 6/1", "6/1", "§ 1. Het loket"),
        ("Art. 2:7. Het loket", "Art. 2:7", "2:7", "Het loket"),
        ("Art. XX.25. Het loket", "Art. XX.25", "20.25", "Het loket"),
        ("Enig artikel. Het loket", "Enig artikel", "1", "Het loket"),
        ("Άρθρο 5", "Άρθρο 5", "5", ""),
        ("ΑΡΘΡΟ 5", "ΑΡΘΡΟ 5", "5", ""),
        ("΄Αρθρο 5", "΄Αρθρο 5", "5", ""),
        ("Aρθρο 7", "Aρθρο 7", "7", ""),
        ("Άρθρο πρώτο", "Άρθρο πρώτο", "1", ""),
        ("Άρθρο δέκατο τρίτο", "Άρθρο δέκατο τρίτο", "13", ""),
        ("Άρθρο μόνον", "Άρθρο μόνον", "1", ""),
        ("Articolul 12", "Articolul 12", "12", ""),
        ("Articolul 3^1", "Articolul 3^1", "3^1", ""),
        ("Art. 3^1 - (1) Ghișeul", "Art. 3^1", "3^1", "(1) Ghișeul"),
        ("Articol unic", "Articol unic", "1", ""),
        ("Articolul II", "Articolul II", "2", ""),
        ("«Art. 12-1. Le guichet", "Art. 12-1", "12-1", "Le guichet"),
        ("Articles 2 à 13", "Articles 2 à 13", "2–13", ""),
        ("Article L. 112-8 (V)", "Article L. 112-8", "l112-8", "(V)"),
        ("Article Annexe I", "Article Annexe I", "annexei", ""),
        ("Art. 5¹. — (1) Ghișeul", "Art. 5¹", "5^1", "(1) Ghișeul"),
        ("Άρθρο 3ο", "Άρθρο 3ο", "3", ""),
        ("‘Article 5", "Article 5", "5", ""),
    ],
)
def test_article_labels(text: str, label: str, key: str, rest: str) -> None:
    found = schemes.article_label(text)
    assert found is not None
    assert (found.text, found.key, text[found.end :], found.sure) == (label, key, rest, True)
    assert found.alone is (rest == "")


@pytest.mark.parametrize(
    "text",
    ["Artikel 8, § 1 van de wet", "Article 5, alinéa 2, de la loi", "l'article 5", "Artisan", "Art nouveau", "5."],
)
def test_references_are_no_article_labels(text: str) -> None:
    assert schemes.article_label(text) is None


@pytest.mark.parametrize(
    "text", ["Artikel 12 des Gesetzes", "Artikel 84 § 1 Absatz 1", "Article 16 L’article", "ART. 4 alin. (2)"]
)
def test_what_a_sentence_may_begin_with_is_unsure(text: str) -> None:
    found = schemes.article_label(text)
    assert found is not None
    assert not found.sure


@pytest.mark.parametrize(
    ("text", "label", "key", "rank"),
    [
        ("Livre Ier : LES ÉCHANGES", "Livre Ier", "1", 1),
        ("ΜΕΡΟΣ ΠΡΩΤΟ", "ΜΕΡΟΣ ΠΡΩΤΟ", "1", 2),
        ("5. Teil: Beratungen", "5. Teil", "5", 2),
        ("Titre II", "Titre II", "2", 3),
        ("TITRE PREMIER", "TITRE PREMIER", "1", 3),
        ("ΚΕΦΑΛΑΙΟ 1ο", "ΚΕΦΑΛΑΙΟ 1ο", "1", 4),
        ("TITEL 2 - Bestimmungen", "TITEL 2", "2", 3),
        ("Chapitre 1 L’objet", "Chapitre 1", "1", 4),
        ("HOOFDSTUK 2. — Slotbepalingen", "HOOFDSTUK 2", "2", 4),
        ("ΚΕΦΑΛΑΙΟ Β΄", "ΚΕΦΑΛΑΙΟ Β΄", "β", 4),
        ("Capitolul I - Dispoziții", "Capitolul I", "1", 4),
        ("Section 1re. — Objet", "Section 1re", "1", 5),
        ("Secțiunea a 2-a Registre", "Secțiunea a 2-a", "2-a", 5),
        ("Sous-section 3", "Sous-section 3", "3", 6),
    ],
)
def test_division_labels(text: str, label: str, key: str, rank: int) -> None:
    found = schemes.division_label(text)
    assert found is not None
    assert (found.text, found.key, found.rank) == (label, key, rank)


def test_a_sentence_about_a_division_is_none() -> None:
    assert schemes.division_label("Section 1 du chapitre 2 de la loi") is None


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("§ 2. Le guichet", "§ 2"), ("§ 1er. Le guichet", "§ 1er"), ("(2) Le guichet", "(2)"), ("« § 3. Le", "§ 3"),
        ("(2)", "(2)"), ("2. Ο δήμος", "2"), ("1° le guichet", "1°"), ("a) le guichet", "a)"), ("αα) η θυρίδα", "αα)"),
        ("στ) η θυρίδα", "στ)"), ("iv) le guichet", "iv)"), ("3) le guichet", "3)"), ("ια. η θυρίδα", "ια"),
    ],
)  # fmt: skip
def test_paragraph_and_point_labels(text: str, label: str) -> None:
    found = schemes.paragraph_label(text) or schemes.numbered_label(text) or schemes.point_label(text)
    assert found is not None
    assert found.text == label


@pytest.mark.parametrize("text", ["31. August 2026 an", "2.500 euros", "ν. 4369/2016", "12,5 %", "1.234 personnes"])
def test_dates_amounts_and_laws_are_no_labels(text: str) -> None:
    assert schemes.numbered_label(text) is None
    assert schemes.point_label(text) is None


@pytest.mark.parametrize(
    ("text", "kind", "label"),
    [
        ("Mesure 12 : Ouvrir", "measure", "Mesure 12"), ("Maatregel 3. Openen", "measure", "Maatregel 3"),
        ("Maßnahme 4", "measure", "Maßnahme 4"), ("Δράση 1.2: Άνοιγμα", "measure", "Δράση 1.2"),
        ("Μέτρο 5 - Άνοιγμα", "measure", "Μέτρο 5"), ("Măsura 6. Deschidere", "measure", "Măsura 6"),
        ("Recommandation 3 : Évaluer", "recommendation", "Recommandation 3"),
        ("Recommendation 4", "recommendation", "Recommendation 4"),
        ("Aanbeveling 2: Evalueer", "recommendation", "Aanbeveling 2"),
        ("Obiectiv specific 1.1: Deschidere", "measure", "Obiectiv specific 1.1"),
        ("OD 1.1. Loketten", "measure", "OD 1.1"), ("Ενέργεια 4: Άνοιγμα", "measure", "Ενέργεια 4"),
    ],
)  # fmt: skip
def test_measures_and_recommendations(text: str, kind: str, label: str) -> None:
    found = schemes.measure_label(text)
    assert found is not None
    assert (found.kind, found.text) == (kind, label)


def test_decimal_labels_tell_their_depth() -> None:
    found = schemes.decimal_label("1.2.3 Accès au guichet")
    assert found is not None
    assert (found.text, found.rank) == ("1.2.3", 3)
    assert schemes.decimal_label("2023 fut une année") is None
    assert schemes.decimal_label("9 Ιανουαρίου 2013") is None


@pytest.mark.parametrize(
    "text", ["Annexe 1", "BIJLAGE 2. Lijst", "Anlage 3", "ΠΑΡΑΡΤΗΜΑ Ι", "ANEXA nr. 2", "(Anlage 2)", "ANNEX IV"]
)
def test_annexes(text: str) -> None:
    assert schemes.annex_label(text) is not None


def test_order_and_succession() -> None:
    keys = ["1", "1bis", "1ter", "2", "2/1", "3", "3^1", "10"]
    assert sorted(keys, key=schemes.order) == keys
    assert schemes.follows("2", "1bis")
    assert schemes.follows("1bis", "1")
    assert schemes.follows("r112-5", "l112-4")
    assert not schemes.follows("5", "2")
    assert not schemes.follows("1", "4")
    assert schemes.follows("7", None)


@given(st.integers(min_value=1, max_value=89))
def test_roman_numbers(number: int) -> None:
    tens, ones = divmod(number, 10)
    text = ("", "x", "xx", "xxx", "xl", "l", "lx", "lxx", "lxxx")[tens] + (
        "", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix",
    )[ones]  # fmt: skip
    assert schemes.roman(text) == number


@given(st.text(max_size=60))
def test_no_text_breaks_the_schemes(text: str) -> None:
    for read in (
        schemes.article_label, schemes.division_label, schemes.annex_label, schemes.paragraph_label,
        schemes.numbered_label, schemes.point_label, schemes.decimal_label, schemes.measure_label,
    ):  # fmt: skip
        label = read(text)
        assert label is None or 0 < label.end <= len(text)


@pytest.mark.parametrize("text", ["Sommaire", "INHOUD", "ΠΙΝΑΚΑΣ ΠΕΡΙΕΧΟΜΕΝΩΝ", "Cuprins", "Inhaltsverzeichnis"])
def test_headings_of_contents(text: str) -> None:
    assert phrases.is_contents_heading(text)


@pytest.mark.parametrize(
    "text", ["Objet du guichet .......... 12", "3 MAART 2030. — Wet over loketten, bl. 152.", "Zweck . . . . . . . 3"]
)
def test_entries_of_contents(text: str) -> None:
    assert phrases.is_contents_entry(text)


def test_sentences_are_no_entries_of_contents() -> None:
    assert not phrases.is_contents_entry("Le guichet fut ouvert en mars 2030")
    assert not phrases.is_contents_entry("Le guichet est régi par la loi de 2005.", inside=True)


@pytest.mark.parametrize(
    "text",
    ["Rapport au Roi", "Verslag aan de Koning", "Exposé des motifs", "Αιτιολογική έκθεση", "Expunere de motive",
     "AVIS 77.123/1 DU 3 MARS 2030 DU CONSEIL D’ÉTAT", "Advies 77.123/1 van 3 maart 2030 van de Raad van State"],
)  # fmt: skip
def test_headings_of_commentary(text: str) -> None:
    assert phrases.is_commentary_heading(text)
    assert not phrases.is_commentary_heading("Vu l’avis 77.123/1 du Conseil d’État, donné le 3 mars 2030")


@pytest.mark.parametrize(
    "text",
    ["Donné à Bruxelles, le 3 mars 2030.", "Gegeven te Brussel, 3 maart 2030.", "Eupen, den 3. März 2030",
     "Αθήνα, 3 Μαρτίου 2030", "București, 3 martie 2030.", "Fait le 3 mars 2030.",
     "Palais de Luxembourg, le 3 mars 2030."],
)  # fmt: skip
def test_signatures(text: str) -> None:
    assert phrases.is_signature(text)
    assert not phrases.is_signature("Texte coordonné du 3 mars 2030")


def test_the_date_of_a_cited_act_is_no_signature() -> None:
    assert not phrases.is_signature("La loi du 3 mars 2030 relative aux guichets est modifiée")
    assert not phrases.is_signature("nr. 20 din 3 martie 2030, publicată în gazetă")


@pytest.mark.parametrize(
    "text",
    ["L’article 4 est remplacé par ce qui suit :", "Artikel 4 wordt vervangen als volgt:",
     "Artikel 4 wird wie folgt ersetzt:",
     "Το άρθρο 4 αντικαθίσταται ως εξής:", "Articolul 4 se modifică și va avea următorul cuprins:"],
)  # fmt: skip
def test_what_announces_a_quotation(text: str) -> None:
    assert phrases.introduces_quotation(text)
    assert not phrases.introduces_quotation("On entend par guichet :")
