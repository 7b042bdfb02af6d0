"""No text is lost as a heading: headings without text under them, sentences set as headings, and headings of articles
that share a block with their first paragraph."""

from __future__ import annotations

import pytest
from pages_of_text import Item, cut

from policy_scan.outline.phrases import cites_next
from policy_scan.outline.units import heading_before_first, inline_paragraphs, reads_as_sentence
from policy_scan.records import Provision

BODY = "Le réseau compte douze antennes, dont trois sont ouvertes le samedi à toute personne qui le demande."
LONG = " ".join([BODY] * 6)
COVER: list[Item] = [("heading", "Bilan du réseau des antennes"), BODY]


def texts(provisions: list[Provision]) -> list[str]:
    return [one.text for one in provisions]


def test_headings_without_text_under_them_are_provisions() -> None:
    slide: list[Item] = [
        ("heading", "Former chaque année les agents des antennes à l'accueil des publics"),
        ("heading", "Rendre les démarches des antennes sobres, ouvertes et accessibles"),
        ("heading", "Où nous en sommes"),
        LONG,
    ]
    found = cut([COVER, slide])
    assert texts(found)[1:] == [str(slide[0][1]), str(slide[1][1]), LONG]
    assert [(one.label_path, one.heading_path) for one in found[1:3]] == [((), ()), ((), ())]
    assert found[3].heading_path == ("Où nous en sommes",)


def test_a_last_heading_is_not_lost() -> None:
    assert texts(cut([COVER, [BODY, ("heading", "Prendre rendez-vous au guichet de son quartier")]]))[-1] == (
        "Prendre rendez-vous au guichet de son quartier"
    )


def test_a_label_without_text_stands_over_the_text_that_comes_next() -> None:
    slide: list[Item] = [
        ("heading", "ANTENNE NORD"), ("heading", "Missions"), BODY, ("heading", "ANTENNE SUD"),
        ("heading", "Missions"), LONG,
    ]  # fmt: skip
    found = cut([COVER, slide])[1:]
    assert [(one.heading_path, one.text) for one in found] == [
        (("ANTENNE NORD", "Missions"), BODY), (("ANTENNE SUD", "Missions"), LONG),
    ]  # fmt: skip


def test_a_list_of_labels_is_one_provision_apart_from_the_text_around_it() -> None:
    names: list[Item] = [("heading", "Antenne Nord"), ("heading", "Antenne Sud"), ("heading", "Antenne Est")]
    found = cut([COVER, [BODY, *names, ("heading", "Nos missions"), LONG]])[1:]
    assert texts(found) == [BODY, "Antenne Nord\nAntenne Sud\nAntenne Est", LONG]
    assert found[-1].heading_path == ("Nos missions",)


def test_a_heading_over_numbered_ones_stands_over_their_text() -> None:
    page: list[Item] = [
        ("heading", "4. Les guichets"), BODY, ("heading", "Accueil et aide de toute personne aux démarches"),
        ("heading", "5. Les horaires"), LONG,
    ]  # fmt: skip
    found = cut([COVER, page])
    assert [one.heading_path for one in found if one.text == LONG] == [
        ("Accueil et aide de toute personne aux démarches", "Les horaires")
    ]


def test_titles_contents_and_what_each_page_repeats_are_no_provisions() -> None:
    cover: list[Item] = [("heading", "Bilan du réseau"), ("heading", "Service des antennes")]
    listed: list[Item] = [("heading", "Nos missions 3"), ("heading", "Ministère des antennes"), BODY]
    page: list[Item] = [("heading", "Nos missions"), ("heading", "Ministère des antennes"), BODY]
    found = texts(cut([cover, listed, page, page, page]))
    assert found == [BODY] * 4


def test_a_sentence_set_as_a_heading_is_text() -> None:
    told = "Nous publions ce bilan chaque année par souci de clarté."
    page: list[Item] = [("heading", "Nos missions"), ("heading", told), BODY]
    found = cut([COVER, page])[1:]
    assert texts(found) == [told, BODY]
    assert {one.heading_path for one in found} == {("Nos missions",)}


@pytest.mark.parametrize(
    "text",
    [
        "Nous publions ce bilan chaque année par souci de clarté.",
        "En matière budgétaire, le réseau des antennes :",
        "Le fonds des antennes est depuis deux ans une aide sous forme de prêt",
        "Die Gemeinde wird jede Anfrage einer Person in ihrer Sprache beantworten",
    ],
)
def test_sentences_are_told_from_headings(text: str) -> None:
    assert reads_as_sentence(text)


@pytest.mark.parametrize(
    "text",
    [
        "Nos missions :", "Principes d'ouverture.", "LES ANTENNES DU RÉSEAU, LEURS MISSIONS, LEURS MOYENS :",
        "Quelles sont les conditions d'accueil du public dans les antennes du réseau ?",
        "Dans le réseau, des difficultés qui peuvent se régler sans délai ni frais",
        "Former chaque année les agents des antennes à l'accueil de tous les publics",
    ],
)  # fmt: skip
def test_headings_are_told_from_sentences(text: str) -> None:
    assert not reads_as_sentence(text)


ROMANIAN: list[Item] = [
    ("heading", "LEGE nr. 9 din 3 martie 2030 privind ghișeele"),
    "Parlamentul României adoptă prezenta lege.",
    ("heading", "Articolul 1"),
    "Accesul la ghișeu (1) Orice persoană poate depune cererea la ghișeu. Răspunsul se dă în scris. (2) Cererea"
    " prevăzută la alin. (1) se depune personal sau prin mandatar. (3) Termenul de la alin. (4) Nu se prelungește.",
    "(4) Ghișeul are program zilnic.",
    ("heading", "Articolul 2"),
    "Programul ghișeului (1) se afișează la intrare.",
    ("heading", "Articolul 3"),
    "(1) Ghișeul ține un registru. (la 03-03-2031, alineatul a fost modificat de un alt act ) (2) Registrul e public.",
]


def test_paragraphs_behind_the_heading_of_their_article_are_cut() -> None:
    found = [one for one in cut([ROMANIAN], "ro") if one.label_path]
    assert [one.label_path for one in found] == [
        ("Articolul 1", "(1)"), ("Articolul 1", "(2)"), ("Articolul 1", "(3)"), ("Articolul 1", "(4)"),
        ("Articolul 2",), ("Articolul 3", "(1)"), ("Articolul 3", "(2)"),
    ]  # fmt: skip
    assert found[0].text.startswith("Articolul 1\nAccesul la ghișeu (1) Orice persoană")
    assert {one.heading_path for one in found[:4]} == {("Accesul la ghișeu",)}
    assert found[2].text == "(3) Termenul de la alin. (4) Nu se prelungește."
    assert {one.kind for one in found[:4]} == {"paragraph"}


def test_a_cited_number_at_the_start_of_a_line_begins_no_paragraph() -> None:
    page: list[Item] = [
        *ROMANIAN[:3], "(1) Cererea se depune la ghișeul arătat la art. 5 alin.|(2) și se înscrie în registru.",
        "(2) Ghișeul răspunde în termenul arătat la art. 6 alin.", "(3) din prezenta lege.",
    ]  # fmt: skip
    assert [one.label_path for one in cut([page], "ro") if one.label_path] == [
        ("Articolul 1", "(1)"), ("Articolul 1", "(2)"),
    ]  # fmt: skip


def test_a_heading_before_the_first_paragraph_is_no_sentence_and_no_citation() -> None:
    assert heading_before_first("Accesul la ghișeu (1) Orice persoană") == len("Accesul la ghișeu ")
    for text in ("Ghișeul; programul (1) Orice", "În sensul alineatului (1) Orice", "accesul (1) Orice", "(1) Orice"):
        assert heading_before_first(text) == 0


def test_numbers_in_brackets_count_behind_sentences_only() -> None:
    assert inline_paragraphs("Se aplică art. 3 alin. (2) Termenul curge.", 1) == []
    assert inline_paragraphs("Se aplică (vezi anexa) (2) Termenul curge.", 1) == []
    assert inline_paragraphs("Se aplică. (2) Termenul curge. (4) Restul.", 1) == [len("Se aplică. ")]
    assert cites_next("au sens du paragraphe") and not cites_next("au sens de la loi.")
