"""The stage provisions: articles and paragraphs, quoted articles, acts, commentary, contents, plans, sizes, boxes."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages_of_text import Item, cut, read, set_pages

from policy_scan import schemes
from policy_scan.config import load_config
from policy_scan.outline.segments import find_segments
from policy_scan.records import Provision, Source
from policy_scan.schemes import PROVISION_KINDS
from policy_scan.stages.provisions import cut_provisions

LONG = "Le guichet répond à toute personne qui lui demande un service numérique de la commune."


def _paths(provisions: Sequence[Provision], *, quoted: bool = False) -> list[tuple[str, ...]]:
    return [one.label_path for one in provisions if one.label_path and one.quoted is quoted]


LAW: list[Item] = [
    ("heading", "Loi du 3 mars 2030 relative aux guichets numériques"),
    "Nous JEAN, Grand-Duc de Luxembourg, Duc de Nassau;",
    "Avons ordonné et ordonnons:",
    ("heading", "Titre Ier - Des guichets"),
    ("heading", "Chapitre 1er"),
    ("heading", "Dispositions générales"),
    "Art. 1er. Toute commune ouvre un guichet numérique à ses habitants.",
    "Art. 2. (1) Le guichet reçoit les demandes de toute personne.|(2) Il y répond dans un délai de deux mois.",
    "Il motive sa réponse.",
    ("heading", "Chapitre 2. Dispositions finales"),
    "Art. 3. La présente loi entre en vigueur le premier jour du mois.",
    "Palais de Luxembourg, le 3 mars 2030.",
    "Jean",
]


def test_articles_and_their_paragraphs() -> None:
    provisions, facts = read([LAW])
    assert _paths(provisions) == [
        ("Titre Ier", "Chapitre 1er", "Art. 1er"),
        ("Titre Ier", "Chapitre 1er", "Art. 2", "(1)"),
        ("Titre Ier", "Chapitre 1er", "Art. 2", "(2)"),
        ("Titre Ier", "Chapitre 2", "Art. 3"),
    ]
    second = provisions[3]
    assert second.text == "(2) Il y répond dans un délai de deux mois.\nIl motive sa réponse."
    assert (second.label, second.kind) == ("(2)", "paragraph")
    assert second.heading_path == ("Des guichets", "Dispositions générales")
    assert [one.kind for one in provisions] == [
        "preamble", "article", "paragraph", "paragraph", "article", "signature",
    ]  # fmt: skip
    assert {one.act_title for one in provisions} == {"Loi du 3 mars 2030 relative aux guichets numériques"}
    assert (facts.doc_type, facts.date, facts.n_acts) == ("law", "2030-03-03", 1)


def test_an_article_crosses_pages_and_skips_furniture_between() -> None:
    pages: list[list[Item]] = [
        [*LAW[:7], ("page_number", "12")],
        [("header", "MÉMORIAL"), "Elle le tient ouvert.", *LAW[7:]],
    ]
    first = next(one for one in cut(pages) if one.label == "Art. 1er")
    assert first.text == "Art. 1er. Toute commune ouvre un guichet numérique à ses habitants.\nElle le tient ouvert."
    assert (first.page_first, first.page_last) == (1, 2)
    assert [box[0] for box in first.boxes] == [1.0, 2.0]


def test_greek_articles_with_headings_and_numbered_paragraphs() -> None:
    page: list[Item] = [
        ("heading", "ΝΟΜΟΣ ΥΠ’ ΑΡΙΘΜ. 9999"), ("heading", "Θυρίδες των δήμων και άλλες διατάξεις."),
        "Εκδίδομε τον ακόλουθο νόμο που ψήφισε η Βουλή:", ("heading", "ΜΕΡΟΣ ΠΡΩΤΟ"), ("heading", "ΘΥΡΙΔΕΣ"),
        ("heading", "Άρθρο 1"), ("heading", "Σκοπός"),
        "1. Κάθε δήμος διατηρεί θυρίδα.|2. Η θυρίδα δέχεται αιτήσεις:|α) με έντυπο,|β) ηλεκτρονικά.",
        ("heading", "Άρθρο 2"), "Η ισχύς του παρόντος αρχίζει από τη δημοσίευσή του.", "Αθήνα, 3 Μαρτίου 2030",
    ]  # fmt: skip
    provisions = cut([page], "el")
    assert _paths(provisions) == [
        ("ΜΕΡΟΣ ΠΡΩΤΟ", "Άρθρο 1", "1"), ("ΜΕΡΟΣ ΠΡΩΤΟ", "Άρθρο 1", "2"), ("ΜΕΡΟΣ ΠΡΩΤΟ", "Άρθρο 2"),
    ]  # fmt: skip
    assert provisions[1].text == "Άρθρο 1\nΣκοπός\n1. Κάθε δήμος διατηρεί θυρίδα."
    assert provisions[1].heading_path == ("ΘΥΡΙΔΕΣ", "Σκοπός")
    assert {(one.act_type, one.act_date) for one in provisions} == {("law", "2030-03-03")}


def test_paragraphs_inside_running_text_are_cut() -> None:
    page: list[Item] = [
        ("heading", "LEGE nr. 99 din 3 martie 2030"), ("heading", "Articolul 1"),
        "(1) Ghișeul primește cereri de la orice persoană. (2) Ghișeul răspunde în 30 de zile la cereri.",
        ("heading", "Articolul 2"), "În sensul prezentei legi: 1. ghișeu înseamnă un loc; 2. cerere înseamnă un act.",
    ]  # fmt: skip
    assert _paths(cut([page], "ro")) == [("Articolul 1", "(1)"), ("Articolul 1", "(2)"), ("Articolul 2",)]


def test_quoted_articles_belong_to_the_amending_one() -> None:
    page: list[Item] = [
        *LAW[:3],
        "Art. 1er. L’article 6 de la loi est remplacé comme suit:|«Art. 6. (1) Le guichet reçoit. |(2) Il répond.»",
        "Art. 2. A l’article 7, il est ajouté un alinéa 3, libellé comme suit: « Il motive sa réponse. »",
        "Art. 3. La présente loi entre en vigueur demain.",
    ]
    provisions = cut([page])
    assert _paths(provisions) == [("Art. 1er",), ("Art. 2",), ("Art. 3",)]
    assert _paths(provisions, quoted=True) == [("Art. 1er", "Art. 6", "(1)"), ("Art. 1er", "Art. 6", "(2)")]


def test_a_quotation_of_several_articles_and_what_follows_it() -> None:
    page: list[Item] = [
        *LAW[:3],
        "Art. 1er. La loi est modifiée comme suit:",
        "1° l’article 2 est remplacé par ce qui suit:",
        "« Art. 2. Le guichet reçoit les demandes.",
        "« Art. 3. Il répond sans délai. » ;",
        "2° l’article 9 est abrogé.",
        "Art. 2. La présente loi entre en vigueur demain.",
    ]
    provisions = cut([page])
    assert _paths(provisions, quoted=True) == [("Art. 1er", "Art. 2"), ("Art. 1er", "Art. 3")]
    assert _paths(provisions) == [("Art. 1er",), ("Art. 1er", "2°"), ("Art. 2",)]


def test_marks_of_a_coordinated_text_are_no_quotation() -> None:
    page: list[Item] = [
        *LAW[:3], "Art. 1er. Le guichet est ouvert.", "(Loi du 4 avril 2031)", "«Art. 2. Il répond sans délai.»",
        "Art. 3. Il motive sa réponse.",
    ]  # fmt: skip
    assert _paths(cut([page])) == [("Art. 1er",), ("Art. 2",), ("Art. 3",)]


def test_an_unclosed_quotation_ends_with_the_next_article() -> None:
    page: list[Item] = [
        *LAW[:3], "Art. 1er. L’article 6 est remplacé comme suit:", "«Art. 6. Le guichet «reçoit les demandes.»",
        "Art. 2. " + LONG, "Art. 3. Il motive sa réponse.",
    ]  # fmt: skip
    assert _paths(cut([page])) == [("Art. 1er",), ("Art. 2",), ("Art. 3",)]


def test_references_at_the_start_of_a_line_open_no_article() -> None:
    page: list[Item] = [
        *LAW[:3],
        "Art. 1er. Le guichet applique la procédure et les délais que prévoit l’|Art. 9 de la loi du 4 avril 2001.",
        "Il en informe toute personne, dans les conditions et selon les formes que prévoient l’article 5 et l’",
        "Article 12, alinéa 2, de la même loi.",
        "Art. 2. Il motive sa réponse.",
    ]
    assert _paths(cut([page])) == [("Art. 1er",), ("Art. 2",)]


def test_a_raised_ending_on_a_line_of_its_own_belongs_to_the_label() -> None:
    page: list[Item] = [
        *LAW[:3],
        ("heading", "er"),
        ("heading", "Art. 1 ."),
        "Le guichet est ouvert.",
        "Art. 2. Il répond.",
    ]
    provisions = cut([page])
    assert _paths(provisions) == [("Art. 1er",), ("Art. 2",)]
    assert not [one for one in provisions if one.text.endswith("er")]


MONITEUR: list[Item] = [
    ("heading", "SERVICE PUBLIC FEDERAL DES GUICHETS", "fr", "0"),
    ("heading", "[C − 2030/001234]", "fr", "0"),
    ("heading", "3 MARS 2030. — Arrêté royal relatif aux guichets numériques", "fr", "0"),
    ("paragraph", "PHILIPPE, Roi des Belges,", "fr", "0"),
    ("paragraph", "Vu la loi du 4 avril 2001, l’article 3;", "fr", "0"),
    ("paragraph", "Nous avons arrêté et arrêtons :", "fr", "0"),
    ("paragraph", "Article 1er. Le guichet numérique reçoit les demandes de toute personne.", "fr", "0"),
    ("paragraph", "Art. 2. § 1er. Il répond dans un délai de deux mois à la demande.", "fr", "0"),
    ("paragraph", "§ 2. Il motive sa réponse par écrit dans tous les cas.", "fr", "0"),
    ("paragraph", "Donné à Bruxelles, le 3 mars 2030.", "fr", "0"),
    ("heading", "[C − 2030/001234]", "nl", "1"),
    ("heading", "3 MAART 2030. — Koninklijk besluit betreffende de digitale loketten", "nl", "1"),
    ("paragraph", "FILIP, Koning der Belgen,", "nl", "1"),
    ("paragraph", "Hebben Wij besloten en besluiten Wij :", "nl", "1"),
    ("paragraph", "Artikel 1. Het digitale loket ontvangt de aanvragen van elke persoon.", "nl", "1"),
    ("paragraph", "Art. 2. § 1. Het antwoordt binnen een termijn van twee maanden op de aanvraag.", "nl", "1"),
    ("paragraph", "§ 2. Het motiveert zijn antwoord schriftelijk in alle gevallen.", "nl", "1"),
    ("paragraph", "§ 3. Het bewaart zijn antwoord gedurende tien jaar in een register.", "nl", "1"),
    ("paragraph", "Gegeven te Brussel, 3 maart 2030.", "nl", "1"),
]


def test_parallel_versions_are_aligned_paragraph_by_paragraph() -> None:
    provisions, facts = read([MONITEUR])
    french = {one.label_path: one.parallel_id for one in provisions if one.language == "fr" and one.label_path}
    dutch = {one.label_path: one.parallel_id for one in provisions if one.language == "nl" and one.label_path}
    assert french["Article 1er",] == dutch["Artikel 1",] != ""
    assert french["Art. 2", "§ 2"] == dutch["Art. 2", "§ 2"] != french["Art. 2", "§ 1er"]
    assert dutch["Art. 2", "§ 3"] == ""
    assert {one.act_ordinal for one in provisions} == {1, 2}
    assert facts.n_acts == 1
    assert not [one for one in provisions if "SERVICE PUBLIC" in one.text or "C − 2030" in one.text]


def test_quoted_articles_and_what_follows_them_are_aligned_too() -> None:
    page: list[Item] = [
        *MONITEUR[:6],
        ("paragraph", "Article 1er. L’arrêté du 4 avril 2001 relatif aux guichets est modifié comme suit :", "fr", "0"),
        ("paragraph", "1° l’article 7 est remplacé par ce qui suit :", "fr", "0"),
        ("paragraph", "« Art. 7. Le guichet reçoit les demandes de toute personne. » ;", "fr", "0"),
        ("paragraph", "2° l’article 9 du même arrêté est abrogé à la même date.", "fr", "0"),
        ("paragraph", "Art. 2. Le présent arrêté entre en vigueur le premier jour du mois.", "fr", "0"),
        *MONITEUR[10:14],
        (
            "paragraph",
            "Artikel 1. Het besluit van 4 april 2001 over de loketten wordt gewijzigd als volgt :",
            "nl",
            "1",
        ),
        ("paragraph", "1° artikel 7 wordt vervangen als volgt :", "nl", "1"),
        ("paragraph", "“Art. 7. Het loket ontvangt de aanvragen van elke persoon.”;", "nl", "1"),
        ("paragraph", "2° artikel 9 van hetzelfde besluit wordt op dezelfde datum opgeheven.", "nl", "1"),
        ("paragraph", "Art. 2. Dit besluit treedt in werking op de eerste dag van de maand.", "nl", "1"),
    ]
    partners = {
        code: [(one.label_path[-1], one.parallel_id) for one in cut([page]) if one.language == code and one.label_path]
        for code in ("fr", "nl")
    }
    assert [label for label, _ in partners["fr"]] == ["Article 1er", "Art. 7", "2°", "Art. 2"]
    assert [key for _, key in partners["fr"]] == [key for _, key in partners["nl"]]
    assert "" not in dict(partners["fr"]).values()


def test_acts_of_one_page_are_kept_apart() -> None:
    page: list[Item] = [
        *MONITEUR[:10],
        ("heading", "4 MARS 2030. — Arrêté ministériel portant agrément d’un guichet", "fr", "0"),
        ("paragraph", "Le Ministre des Guichets,", "fr", "0"),
        ("paragraph", "Arrête :", "fr", "0"),
        ("paragraph", "Article 1er. Le guichet est agréé pour une durée de deux ans.", "fr", "0"),
    ]
    provisions, facts = read([page])
    firsts = [(one.act_ordinal, one.act_type, one.act_date) for one in provisions if one.label == "Article 1er"]
    assert firsts == [(1, "decree", "2030-03-03"), (2, "order", "2030-03-04")]
    assert facts.n_acts == 2


def test_commentary_has_no_articles_of_its_own() -> None:
    page: list[Item] = [
        MONITEUR[2], ("heading", "Rapport au Roi"), "Sire,", LONG,
        ("heading", "Article 1er"), "L’article 1er dit qui reçoit les demandes.", *MONITEUR[2:10],
    ]  # fmt: skip
    provisions = cut([page])
    assert _paths(provisions) == [("Article 1er",), ("Art. 2", "§ 1er"), ("Art. 2", "§ 2")]
    told = [one for one in provisions if one.kind == "commentary"]
    assert told[-1].heading_path == ("Rapport au Roi", "Article 1er")
    assert {one.act_ordinal for one in provisions} == {1}


def test_contents_are_no_provisions() -> None:
    contents: list[Item] = [
        ("heading", "Sommaire"), "Art. 1er. Guichets .......... 3", "Art. 2. Délais .......... 4",
        "3 MARS 2030. — Loi relative aux guichets, p. 152.",
    ]  # fmt: skip
    provisions = cut([[*contents, *LAW]])
    assert [path[-1] for path in _paths(provisions)] == ["Art. 1er", "(1)", "(2)", "Art. 3"]
    assert not [one for one in provisions if "....." in one.text or "p. 152" in one.text]


def test_a_list_of_articles_without_page_numbers_is_contents() -> None:
    page: list[Item] = [
        ("heading", "ΝΟΜΟΣ ΥΠ’ ΑΡΙΘΜ. 9999"), "Εκδίδομε τον ακόλουθο νόμο που ψήφισε η Βουλή:",
        ("heading", "ΠΙΝΑΚΑΣ ΠΕΡΙΕΧΟΜΕΝΩΝ"), "Άρθρο 1 Σκοπός", "Άρθρο 2 Αντικείμενο", "Άρθρο 3 Ισχύς",
        ("heading", "Άρθρο 1"), ("heading", "Σκοπός"), "Σκοπός του νόμου είναι οι θυρίδες.",
        ("heading", "Άρθρο 2"), ("heading", "Αντικείμενο"), "Αντικείμενο του νόμου είναι οι αιτήσεις.",
        ("heading", "Άρθρο 3"), ("heading", "Ισχύς"), "Ο νόμος ισχύει αμέσως.",
    ]  # fmt: skip
    assert _paths(cut([page], "el")) == [("Άρθρο 1",), ("Άρθρο 2",), ("Άρθρο 3",)]


def test_recitals_annexes_and_signatures_of_a_regulation() -> None:
    page: list[Item] = [
        ("heading", "RÈGLEMENT (UE) 2030/12 DU PARLEMENT EUROPÉEN ET DU CONSEIL"),
        ("heading", "du 3 mars 2030"), ("heading", "relatif aux guichets"), "considérant ce qui suit:",
        "(1) Les guichets se développent dans tous les États membres de l’Union.",
        "ONT ADOPTÉ LE PRÉSENT RÈGLEMENT:", ("heading", "Article premier"), ("heading", "Objet"),
        "1. Le présent règlement établit un guichet.", "2. Il ne vise pas les services fermés.",
        "Fait à Bruxelles, le 3 mars 2030.", ("heading", "ANNEXE I"), ("heading", "LISTE DES SERVICES"),
        "1. Déclaration de naissance à la commune.",
    ]  # fmt: skip
    provisions, facts = read([page])
    assert [(one.kind, one.label) for one in provisions] == [
        ("recital", ""), ("recital", "(1)"), ("preamble", ""), ("paragraph", "1"), ("paragraph", "2"),
        ("signature", ""), ("paragraph", "1"),
    ]  # fmt: skip
    assert provisions[-1].label_path == ("ANNEXE I", "1")
    assert provisions[-1].heading_path == ("LISTE DES SERVICES",)
    assert (
        facts.title == "RÈGLEMENT (UE) 2030/12 DU PARLEMENT EUROPÉEN ET DU CONSEIL du 3 mars 2030 relatif aux guichets"
    )


def test_plans_are_cut_at_measures_recommendations_and_headings() -> None:
    page: list[Item] = [
        ("heading", "Plan d’action pour l’inclusion numérique"), ("heading", "1.2. Guichets"), LONG,
        ("heading", "Mesure 1 : Ouvrir des guichets"), LONG, "Ils sont financés pendant trois ans au moins.",
        "Recommandation 3 : Évaluer chaque année les résultats de cette politique.",
    ]  # fmt: skip
    provisions, facts = read([page])
    assert [(one.kind, one.label) for one in provisions] == [
        ("section", "1.2"), ("measure", "Mesure 1"), ("measure", "Mesure 1"), ("recommendation", "Recommandation 3"),
    ]  # fmt: skip
    assert provisions[1].text.startswith("Mesure 1 : Ouvrir des guichets\n")
    assert facts.doc_type == "action_plan"


def test_a_poster_of_headings_yields_its_text() -> None:
    page: list[Item] = [("heading", f"Étape {number} : demander au guichet de la commune") for number in range(1, 5)]
    provisions = cut([page])
    assert "\n".join(one.text for one in provisions).count("Étape") == 4


def test_a_text_that_goes_on_overleaf_is_one_paragraph() -> None:
    pages: list[list[Item]] = [["Le guichet répond à toute personne qui lui demande"], ["un service de la commune."]]
    assert [one.text for one in cut(pages)] == [
        "Le guichet répond à toute personne qui lui demande\nun service de la commune."
    ]


def test_overlong_articles_are_cut_at_points_and_sentences() -> None:
    points = [f"{number}° {LONG}" * 3 for number in range(1, 13)]
    page: list[Item] = [*LAW[:3], "Art. 1er. On entend par guichet :", *points, "Art. 2. " + f"{LONG} " * 60]
    provisions = cut([page])
    limit = load_config().provisions.max_characters
    assert max(len(one.text) for one in provisions) <= limit
    first = [one for one in provisions if "Art. 1er" in one.label_path]
    assert [one.label for one in first][:3] == ["Art. 1er", "2°", "3°"]
    assert {one.kind for one in first[1:]} == {"point"}
    assert sum("Art. 2" in one.label_path for one in provisions) > 2


def test_drafts_are_told() -> None:
    page: list[Item] = [("heading", "PROIECT DE LEGE"), ("heading", "privind ghișeele"), "Art. 1. - Ghișeul e deschis."]
    assert read([page], "ro")[1].legal_status == "proposed"


def test_a_document_that_gives_nothing_says_so() -> None:
    records = set_pages([[("heading", "Sommaire"), "Guichets .......... 3"]])
    source = Source("d" * 64, "FR/contents.pdf", (), "FR", ("FR",))
    provisions, _, issues = cut_provisions(source, *records, load_config())
    assert provisions == []
    assert [(issue.category, issue.severity) for issue in issues] == [("empty", "warning")]


def test_a_page_cut_into_thousands_of_blocks_costs_each_of_them_little() -> None:
    pages: list[list[Item]] = [
        ["Le guichet répond à toute demande par écrit." if k % 2 else f"x{k}" for k in range(8_000)]
    ]
    records = set_pages(pages)
    began = time.process_time()
    provisions, _, _ = cut_provisions(Source("d" * 64, "FR/map.pdf", (), "FR", ("FR",)), *records, load_config())
    assert time.process_time() - began < 2  # 0.4; 6 where each block goes through all lines of the page
    assert len(provisions) > 3_000
    assert all(provision.boxes for provision in provisions)


def test_of_a_long_block_only_a_lines_beginning_is_looked_at_for_a_label(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    label = schemes.article_label
    monkeypatch.setattr(schemes, "article_label", lambda text: seen.append(len(text)) or label(text))
    long = "|".join("Le guichet répond à toute demande par écrit." for _ in range(400))
    pages, lines, blocks, _ = set_pages([[f"{long}|Art. 2. Il motive."]])
    segments = find_segments(pages, lines, blocks, {})
    assert [segment.text for segment in segments] == [long.replace("|", " "), "Art. 2. Il motive."]
    assert 0 < max(seen) <= 4_000


def test_ids_are_stable_and_tell_provisions_apart() -> None:
    first, second = cut([LAW]), cut([LAW])
    assert [one.provision_id for one in first] == [one.provision_id for one in second]
    assert len({one.provision_id for one in first}) == len(first)


_BITS = st.sampled_from(
    ["Art. 1er. Le guichet est ouvert.", "Art. 2. Il répond.", "§ 1er. Il motive.", "(1) Il reçoit.", "1. Il reçoit.",
     "«Art. 6. Le guichet", "est remplacé comme suit:", "a) par écrit ;", "Chapitre 2", "Annexe 1", "Rapport au Roi",
     "Sommaire", "Titre .... 3", "Donné à Bruxelles, le 3 mars 2030.", "Loi du 3 mars 2030 relative aux guichets",
     "Mesure 3 : Ouvrir", "1.2 Guichets", LONG, "et il répond»", "Άρθρο 5", "x"]
)  # fmt: skip
_KINDS = st.sampled_from(["heading", "paragraph", "list_item", "footnote", "table", "header", "page_number"])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.tuples(_KINDS, _BITS, st.sampled_from(["fr", "nl", "el"])), max_size=12), max_size=4))
def test_every_provision_is_verbatim_boxed_and_free_of_furniture(pages: list[list[tuple[str, str, str]]]) -> None:
    records = set_pages(pages)
    source = Source("d" * 64, "FR/any.pdf", (), "FR", ("FR",))
    provisions, _, _ = cut_provisions(source, *records, load_config())
    texts = {page.page: page for page in records[0]}
    taken: set[tuple[int, int]] = set()
    furniture = [block for block in records[2] if block.kind in ("header", "page_number")]
    for one in provisions:
        assert one.text == "\n".join(texts[page].text[start:end] for page, start, end in one.spans)
        assert one.text.strip()
        assert one.boxes
        assert one.kind in PROVISION_KINDS
        assert one.label == (one.label_path[-1] if one.label_path else "")
        for page, x0, y0, x1, y1 in one.boxes:
            assert 0 <= x0 <= x1 <= texts[int(page)].width
            assert 0 <= y0 <= y1 <= texts[int(page)].height
        for page, start, end in one.spans:
            places = {(page, at) for at in range(start, end)}
            assert not places & taken
            taken |= places
            assert not [b for b in furniture if b.page == page and b.start < end and start < b.end]


def test_a_gazettes_imprint_belongs_to_no_article() -> None:
    imprint: list[Item] = [
        ("heading", "ΑΠΟ ΤΟ ΕΘΝΙΚΟ ΤΥΠΟΓΡΑΦΕΙΟ"), "Τιμή πώλησης φύλλων και ετήσιες συνδρομές: δέκα ευρώ το φύλλο.",
    ]  # fmt: skip
    page: list[Item] = [
        ("heading", "ΝΟΜΟΣ ΥΠ’ ΑΡΙΘΜ. 9999"), "Εκδίδομε τον ακόλουθο νόμο που ψήφισε η Βουλή:",
        ("heading", "Άρθρο 1"), "Κάθε δήμος διατηρεί θυρίδα.", ("heading", "Άρθρο 2"), "Ο νόμος ισχύει αμέσως.",
    ]  # fmt: skip
    provisions = cut([page, imprint], "el")
    assert _paths(provisions) == [("Άρθρο 1",), ("Άρθρο 2",)]
    assert (provisions[-1].kind, provisions[-1].label_path, provisions[-1].page_first) == ("other", (), 2)


def test_the_notices_of_an_issue_are_no_part_of_its_last_act() -> None:
    page: list[Item] = [
        *MONITEUR,
        ("heading", "WETTELIJKE BEKENDMAKINGEN EN VERSCHILLENDE BERICHTEN", "nl", "2"),
        ("paragraph", "Bij vonnis werd het faillissement van een vennootschap geopend.", "nl", "2"),
        ("paragraph", "Par jugement, la faillite d’une société de la commune a été ouverte.", "fr", "3"),
    ]
    last = [one for one in cut([page]) if "faillissement" in one.text or "faillite" in one.text]
    assert {(one.act_title, one.label_path) for one in last} == {
        ("WETTELIJKE BEKENDMAKINGEN EN VERSCHILLENDE BERICHTEN", ())
    }


def test_a_memorandum_is_not_the_act_it_names() -> None:
    page: list[Item] = [
        ("heading", "NOTĂ DE FUNDAMENTARE"), ("heading", "Secțiunea 1"),
        "ORDONANȚĂ DE URGENȚĂ nr. 9 din 3 martie 2030 privind ghișeele", "Guvernul adoptă prezenta ordonanță.",
    ]  # fmt: skip
    facts = read([page], "ro")[1]
    assert (facts.doc_type, facts.title) == ("report", "NOTĂ DE FUNDAMENTARE")


def test_the_first_article_may_have_no_mark_behind_its_number() -> None:
    page: list[Item] = [
        ("heading", "ORDONANȚĂ DE URGENȚĂ nr. 9 din 3 martie 2030"), "Guvernul României adoptă prezenta ordonanță:",
        "ART. 1 În fiecare comună se deschide un ghișeu.", ("heading", "ART. 2"), "Ordonanța intră în vigoare mâine.",
    ]  # fmt: skip
    assert _paths(cut([page], "ro")) == [("ART. 1",), ("ART. 2",)]
