"""Whole acts and plans set on the spot as each kind of publication sets them, read from the PDF to the provisions."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import pytest
from fixtures import FONTS
from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import BaseDocTemplate, Frame, PageBreak, PageTemplate, Paragraph

from policy_scan.config import load_config
from policy_scan.keys import hash_bytes
from policy_scan.records import Facts, Provision, Source
from policy_scan.schemes import article_label
from policy_scan.stages.blocks import find_blocks
from policy_scan.stages.languages import tell_languages
from policy_scan.stages.pages import read_pages
from policy_scan.stages.provisions import cut_provisions

pytestmark = pytest.mark.skipif(not FONTS.is_dir(), reason="DejaVu (Debian's fonts-dejavu-core) is not installed")

Text = str | tuple[str, str]
"""A justified paragraph, or (style, text): h centred bold, i centred, H a title, L a chapter, break."""


@dataclass(frozen=True, slots=True)
class Set:
    """A document as set: `own` and `quoted` are the articles it has, in order; `title`, `kind` and `date` its act's."""

    items: Sequence[Text]
    own: str
    quoted: str = ""
    title: str = ""
    kind: str = "law"
    date: str = ""
    columns: int = 1


def _styles() -> dict[str, ParagraphStyle]:
    for name, file in (("Serif", "DejaVuSerif.ttf"), ("Serif-Bold", "DejaVuSerif-Bold.ttf")):
        pdfmetrics.registerFont(TTFont(name, str(FONTS / file)))
    pdfmetrics.registerFontFamily("Serif", normal="Serif", bold="Serif-Bold", italic="Serif", boldItalic="Serif-Bold")
    body = ParagraphStyle("b", fontName="Serif", fontSize=9, leading=11, alignment=TA_JUSTIFY, spaceAfter=4)
    middle = ParagraphStyle("i", body, alignment=TA_CENTER)
    return {
        "b": body,
        "i": middle,
        "h": ParagraphStyle("h", middle, fontName="Serif-Bold", spaceBefore=4),
        "H": ParagraphStyle("H", middle, fontName="Serif-Bold", fontSize=14, leading=17),
        "L": ParagraphStyle("L", body, fontName="Serif-Bold", fontSize=12, leading=15, spaceBefore=8),
    }


def _pdf(document: Set) -> bytes:
    styles = _styles()
    width = (A4[0] - 100 - (document.columns - 1) * 18) / document.columns
    lefts = [50 + k * (width + 18) for k in range(document.columns)]
    frames = [Frame(left, 50, width, 740, leftPadding=0, rightPadding=0) for left in lefts]
    stream = io.BytesIO()
    template = BaseDocTemplate(stream, pagesize=A4, invariant=1)
    template.addPageTemplates([PageTemplate(frames=frames)])
    story: list[Paragraph | PageBreak] = []
    for item in document.items:
        style, text = ("b", item) if isinstance(item, str) else item
        story.append(PageBreak() if style == "break" else Paragraph(text, styles[style]))
    template.build(story)
    return stream.getvalue()


@cache
def _read(name: str) -> tuple[list[Provision], Facts]:
    data = _pdf({**SETS, **PLANS}[name])
    config = load_config(overrides={"ocr": {"enabled": False}})
    source = Source(hash_bytes(data), f"XX/{name}.pdf", (), "XX", ("XX",), n_bytes=len(data))
    pages, lines, _ = read_pages(source, data, config)
    blocks = find_blocks(source, pages, lines, config)
    provisions, facts, _ = cut_provisions(source, pages, lines, blocks, tell_languages(source, blocks, config), config)
    return provisions, facts


def _articles(provisions: Sequence[Provision], *, quoted: bool) -> list[str]:
    """The last article's label in each path, each once per place."""
    found: dict[tuple[str, ...], str] = {}
    for one in provisions:
        if one.quoted is not quoted or one.kind == "commentary":
            continue
        places = [k for k, label in enumerate(one.label_path) if article_label(label)]
        if quoted:
            places = places[1:]
        if places:
            found.setdefault(one.label_path[: places[-1] + 1], one.label_path[places[-1]])
    return list(found.values())


SETS = {
    "eu regulation": Set(
        [
            ("i", "I"), ("i", "(Legislative acts)"), ("h", "REGULATIONS"),
            ("h", "REGULATION (EU) 2031/417 OF THE EUROPEAN PARLIAMENT AND OF THE COUNCIL"), ("h", "of 12 May 2031"),
            ("h", "on counters for digital public services"), ("h", "(Text with EEA relevance)"),
            "THE EUROPEAN PARLIAMENT AND THE COUNCIL OF THE EUROPEAN UNION,",
            "Having regard to the Treaty on the Functioning of the European Union,", "Whereas:",
            "(1) Public services are offered online, and persons who cannot use them should find help near their home.",
            "(2) It is therefore appropriate to lay down common rules for such counters.",
            "HAVE ADOPTED THIS REGULATION:", ("h", "CHAPTER I"), ("h", "COUNTERS"), ("h", "Section 1"), ("h",
            "Opening"),
            ("i", "Article 1"), ("h", "Subject matter"), "1. This Regulation lays down rules on counters.",
            "2. It applies to public authorities within the meaning of Article 3, point (4).",
            ("i", "Article 2"), ("h", "Amendments to Regulation (EU) 2020/11"),
            "Regulation (EU) 2020/11 is amended as follows:", "(1) Article 3 is replaced by the following:",
            ("i", "‘Article 3"), ("h", "Help at counters"), "1. Help at counters shall be free of charge.",
            "2. Help shall be given in the Member State’s languages.’;", "(2) in Article 7, paragraph 3 is deleted.",
            ("i", "Article 3"), ("h", "Entry into force"),
            "This Regulation shall enter into force on the day following that of its publication.",
            "Done at Brussels, 12 May 2031.", ("i", "For the European Parliament"), ("break", ""),
            ("h", "ANNEX I"), ("h", "Services offered at counters"), "1. Registration of births.",
            "2. Application for a residence permit, where the person has no other way to apply for it.",
            ("h", "ANNEX II"), ("h", "Correlation table"),
            "Part A. Provisions repealed on the date of entry into force of this Regulation in all Member States.",
        ],
        "Article 1|Article 2|Article 3", "Article 3",
        "REGULATION (EU) 2031/417 OF THE EUROPEAN PARLIAMENT AND OF THE COUNCIL of 12 May 2031"
        " on counters for digital public services", "regulation", "2031-05-12",
    ),
    "decree of the journal officiel": Set(
        [
            ("h", "Décrets, arrêtés, circulaires"), ("h", "TEXTES GÉNÉRAUX"), ("h", "MINISTÈRE DES GUICHETS"),
            ("h", "Décret n° 2031-512 du 3 juin 2031 relatif à l’accueil numérique des usagers"),
            ("i", "NOR : XXXX3112345D"), "Publics concernés : administrations de l’État, usagers.",
            "Le Premier ministre,", "Vu le code des guichets, notamment ses articles L. 112-8 et R. 112-9 ;",
            "Décrète :",
            "<b>Art. 1<super>er</super>.</b> – Le code des guichets est ainsi modifié :",
            "1° L’article R. 112-9 est remplacé par les dispositions suivantes :",
            "« Art. R. 112-9. – Toute administration ouvre un téléservice et le fait connaître par tout moyen. » ;",
            "2° Après l’article R. 123-3, il est inséré un article R. 123-4 ainsi rédigé :",
            "« Art. R. 123-4. – I. – Le guichet numérique aide toute personne qui le demande.",
            "« II. – L’aide est gratuite. » ;", "3° L’article R. 123-9 est abrogé.",
            "<b>Art. 2.</b> – I. – Les administrations publient un bilan de leurs téléservices.",
            "II. – Ce bilan comprend :", "1° Le nombre d’usagers ;", "2° La part des demandes présentées au guichet.",
            "<b>Art. 3.</b> – Le ministre est chargé de l’exécution du présent décret.", "Fait le 3 juin 2031.",
        ],
        "Art. 1er|Art. 2|Art. 3", "Art. R. 112-9|Art. R. 123-4",
        "Décret n° 2031-512 du 3 juin 2031 relatif à l’accueil numérique des usagers", "decree", "2031-06-03",
    ),
    "consolidated code": Set(
        [
            ("H", "Code des guichets numériques"), ("i", "Version en vigueur au 1<super>er</super> juillet 2031"),
            ("L", "Partie législative"), ("L", "Livre I<super>er</super> : LES ÉCHANGES"),
            ("L", "Chapitre II : Modalités de dépôt des demandes"), ("h", "Article L112-8"),
            "Toute personne peut adresser sa demande par voie électronique.", ("h", "Article L112-9"),
            "L’administration met en place un téléservice.", ("L", "Partie réglementaire"),
            ("L", "Livre I<super>er</super> : LES ÉCHANGES"), ("L", "Chapitre II : Modalités"), ("h",
            "Article R*112-10"),
            "Le silence gardé pendant deux mois vaut rejet.", ("h", "Article Annexe I"),
            "Liste des téléservices ouverts.",
        ],
        "Article L112-8|Article L112-9|Article R*112-10|Article Annexe I", "", "Code des guichets numériques",
    ),
    "draft with its motives": Set(
        [
            ("H", "PROJET DE LOI"), ("h", "pour un service public numérique ouvert à tous"), ("L", "EXPOSÉ DES MOTIFS"),
            "Mesdames, Messieurs,", "Le présent projet de loi vise à garantir l’accès de tous aux services publics.",
            "L’<b>article 1<super>er</super></b> crée un droit à l’accueil physique.", ("L", "PROJET DE LOI"),
            "Le Premier ministre,", "Vu l’article 39 de la Constitution ;", "Décrète :",
            ("h", "Article 1<super>er</super>"),
            "Toute personne a droit à un accueil physique dans les services publics.",
            ("h", "Article 2"), "La présente loi entre en vigueur le 1<super>er</super> janvier 2032.",
            "Fait à Paris, le 4 mai 2031.",
        ],
        "Article 1er|Article 2", "", "PROJET DE LOI pour un service public numérique ouvert à tous", "law",
        "2031-05-04",
    ),
    "law of luxembourg": Set(
        [
            ("h", "Loi du 4 mai 2031 relative aux guichets numériques des communes"),
            "Nous Jean, Grand-Duc de Luxembourg, Duc de Nassau,", "Avons ordonné et ordonnons :",
            ("h", "Chapitre 1<super>er</super> – Dispositions générales"), ("h", "Section 1<super>re</super> – Objet"),
            "<b>Art. 1<super>er</super>. Objet</b>", "La présente loi crée les guichets numériques des communes.",
            ("h", "Chapitre 2 – Dispositions modificatives"), "<b>Art. 2.</b>",
            "La loi du 3 août 1998 est modifiée comme suit :", "1° Les articles 12 et 13 sont remplacés comme suit :",
            "« Art. 12.", "(1) La commune aide ses habitants.", "(2) Elle publie un bilan.", "Art. 13.",
            "La commune tient un registre. »", "2° À l’article 20, le paragraphe 2 est supprimé.",
            "<b>Art. 3.</b> Les articles 30 et 31 de la même loi sont abrogés.", "Palais de Luxembourg, le 4 mai 2031.",
        ],
        "Art. 1er|Art. 2|Art. 3", "Art. 12|Art. 13", "Loi du 4 mai 2031 relative aux guichets numériques des communes",
        "law", "2031-05-04",
    ),
    "romanian law": Set(
        [
            ("i", "PARLAMENTUL ROMÂNIEI"), ("i", "CAMERA DEPUTAȚILOR SENATUL"), ("h", "LEGE"),
            ("h", "privind ghișeele digitale ale primăriilor"), "Parlamentul României adoptă prezenta lege.",
            ("h", "CAPITOLUL I"), ("h", "Dispoziții generale"),
            "<b>Art. 1. —</b> Prezenta lege stabilește regulile privind ghișeele digitale.",
            "<b>Art. 2. —</b> (1) Fiecare primărie deschide un ghișeu digital.",
            "(2) Ghișeul are următoarele atribuții:", "a) primește cererile persoanelor;",
            "b) ajută persoanele să completeze formularele.", ("h", "CAPITOLUL II"), ("h", "Dispoziții finale"),
            "<b>Art. 3. —</b> Ordonanța Guvernului nr. 9/2001 se modifică și se completează după cum urmează:",
            "1. La articolul 5, alineatul (2) se modifică și va avea următorul cuprins:",
            "„(2) Registrul se ține în format electronic.”",
            "2. După articolul 5 se introduce un nou articol, articolul 6, cu următorul cuprins:",
            "„Art. 6. — (1) Registrul este public.", "(2) Accesul la registru este gratuit.”",
            "<b>Art. 4. —</b> Prezenta lege intră în vigoare la 30 de zile de la publicare.", ("i",
            "București, 4 mai 2031."),
        ],
        "Art. 1|Art. 2|Art. 3|Art. 4", "Art. 6", "LEGE privind ghișeele digitale ale primăriilor", "law", "2031-05-04",
        2,
    ),
    "romanian ordinance": Set(
        [
            ("i", "GUVERNUL ROMÂNIEI"), ("h", "ORDONANȚĂ DE URGENȚĂ"), ("h", "pentru modificarea Legii nr. 9/2020"),
            "Având în vedere necesitatea de a ajuta persoanele care nu pot folosi serviciile digitale,",
            "<b>Guvernul României</b> adoptă prezenta ordonanță de urgență.", "<b>Articolul I</b>",
            "Legea nr. 9/2020 privind serviciile digitale se modifică și se completează după cum urmează:",
            "<b>1. La articolul 5, alineatul (2) se modifică și va avea următorul cuprins:</b>",
            '"(2) Autoritățile publice oferă ajutor la ghișeu oricărei persoane care îl cere."',
            "<b>2. Articolul 7 se modifică și va avea următorul cuprins:</b>", '"Articolul 7',
            "(1) Ajutorul este gratuit.", '(2) Ajutorul se acordă în limba persoanei."', "<b>Articolul II</b>",
            "(1) Prezenta ordonanță de urgență intră în vigoare la 1 iulie 2031.",
            "(2) Normele metodologice se aprobă prin hotărâre a Guvernului.", ("i", "București, 4 mai 2031."),
        ],
        "Articolul I|Articolul II", "Articolul 7", "ORDONANȚĂ DE URGENȚĂ pentru modificarea Legii nr. 9/2020", "order",
        "2031-05-04",
    ),
    "greek law": Set(
        [
            ("h", "ΝΟΜΟΣ ΥΠ’ ΑΡΙΘΜ. 5999"), ("h", "Ρυθμίσεις για τις ψηφιακές θυρίδες και άλλες διατάξεις."),
            "Εκδίδομε τον ακόλουθο νόμο που ψήφισε η Βουλή:", ("h", "ΠΙΝΑΚΑΣ ΠΕΡΙΕΧΟΜΕΝΩΝ"), "Άρθρο 1 Σκοπός",
            "Άρθρο 2 Αντικατάσταση άρθρου 5 ν. 1234/2010", "Άρθρο 3 Έναρξη ισχύος", ("h", "ΚΕΦΑΛΑΙΟ Α΄"),
            ("h", "ΓΕΝΙΚΕΣ ΔΙΑΤΑΞΕΙΣ"), ("h", "Άρθρο 1"), ("h", "Σκοπός"),
            "Σκοπός του παρόντος νόμου είναι η λειτουργία ψηφιακών θυρίδων σε κάθε δήμο της χώρας.", ("h", "Άρθρο 2"),
            ("h", "Αντικατάσταση άρθρου 5 ν. 1234/2010"),
            "1. Το άρθρο 5 του ν. 1234/2010 (Α΄ 20) αντικαθίσταται ως εξής:", ("h", "«Άρθρο 5"), ("h", "Υποχρεώσεις"),
            "1. Ο δήμος διατηρεί θυρίδα.", "2. Ο δήμος δημοσιεύει απολογισμό.»",
            "2. Στο τέλος του άρθρου 6 προστίθεται παράγραφος ως εξής: «4. Η θυρίδα λειτουργεί και το απόγευμα. 5. Δεν"
            " λειτουργεί την Κυριακή.».", "3. Η παρ. 2 του άρθρου 9 του ίδιου νόμου καταργείται.", ("h", "Άρθρο 3"),
            ("h", "Έναρξη ισχύος"), "Η ισχύς του παρόντος αρχίζει από τη δημοσίευσή του.", ("i", "Αθήνα, 4 Μαΐου 2031"),
        ],
        "Άρθρο 1|Άρθρο 2|Άρθρο 3", "Άρθρο 5",
        "ΝΟΜΟΣ ΥΠ’ ΑΡΙΘΜ. 5999 Ρυθμίσεις για τις ψηφιακές θυρίδες και άλλες διατάξεις.", "law", "2031-05-04", 2,
    ),
    "greek decision": Set(
        [
            "Αριθμ. 12345/ΨΔ", ("h", "Όροι λειτουργίας των ψηφιακών θυρίδων των δήμων."), ("h",
            "Ο ΥΠΟΥΡΓΟΣ ΕΣΩΤΕΡΙΚΩΝ"),
            "Έχοντας υπόψη:", "1. Τις διατάξεις του άρθρου 12 του ν. 5999/2031 (Α΄ 88).",
            "2. Το γεγονός ότι δεν προκαλείται δαπάνη, αποφασίζουμε:", ("h", "Άρθρο 1ο"),
            "Η παρούσα εφαρμόζεται σε όλους τους δήμους της χώρας.", ("h", "Άρθρο 2ο"),
            "1. Οι θυρίδες λειτουργούν κάθε εργάσιμη ημέρα.", "2. Το ωράριο αναρτάται στον ιστότοπο του δήμου.",
            ("i", "Αθήνα, 4 Μαΐου 2031"),
        ],
        "Άρθρο 1ο|Άρθρο 2ο", "", "Αριθμ. 12345/ΨΔ Όροι λειτουργίας των ψηφιακών θυρίδων των δήμων.", "decree",
        "2031-05-04",
    ),
    "belgian law in dutch": Set(
        [
            ("h", "FEDERALE OVERHEIDSDIENST BELEID EN ONDERSTEUNING"), ("i", "[C − 2031/004321]"),
            "<b>4 MEI 2031. — Wet betreffende de digitale loketten</b>", "FILIP, Koning der Belgen,",
            "Aan allen die nu zijn en hierna wezen zullen, Onze Groet.", ("h", "HOOFDSTUK 1. — Algemene bepalingen"),
            "<b>Artikel 1.</b> Deze wet regelt een aangelegenheid als bedoeld in artikel 74 van de Grondwet.",
            "<b>Art. 2.</b> § 1. Elke gemeente opent een digitaal loket voor haar inwoners.",
            "§ 2. Het loket is gratis.",
            ("h", "HOOFDSTUK 2. — Wijzigingen"), ("h", "Afdeling 1. — Wijziging van artikel 5"),
            "<b>Art. 3.</b> In het Wetboek van de diensten wordt artikel 5 vervangen als volgt :",
            '"Art. 5. § 1. De overheid helpt elke burger.', '§ 2. De hulp wordt geregistreerd.".',
            "<b>Art. 4.</b> Deze wet treedt in werking op de eerste dag van de tweede maand.",
            "Gegeven te Brussel, 4 mei 2031.",
        ],
        "Artikel 1|Art. 2|Art. 3|Art. 4", "Art. 5", "4 MEI 2031. — Wet betreffende de digitale loketten", "law",
        "2031-05-04",
    ),
    "belgian decree in german": Set(
        [
            ("h", "MINISTERIUM DER DEUTSCHSPRACHIGEN GEMEINSCHAFT"), ("i", "[2031/004322]"),
            "<b>5. MAI 2031 — Dekret über die digitalen Schalter der Gemeinden</b>",
            "Das Parlament hat das Folgende angenommen und wir, Regierung, sanktionieren es:",
            ("h", "KAPITEL 1 — ALLGEMEINE BESTIMMUNGEN"), "<b>Artikel 1 —</b> Zweckbestimmung",
            "Vorliegendes Dekret bezweckt die Einrichtung digitaler Schalter in den Gemeinden.",
            ("h", "KAPITEL 2 — SCHLUSSBESTIMMUNGEN"),
            "<b>Art. 2 —</b> § 1 - Artikel 7 des Dekrets vom 3. März 2021 wird wie folgt ersetzt:",
            "″Art. 7 - Die Regierung legt die Öffnungszeiten fest.″",
            "§ 2 - Artikel 8 desselben Dekrets wird aufgehoben.",
            "<b>Art. 3 —</b> Das vorliegende Dekret tritt am 1. Januar 2032 in Kraft.", "Eupen, den 5. Mai 2031",
        ],
        "Artikel 1|Art. 2|Art. 3", "Art. 7", "5. MAI 2031 — Dekret über die digitalen Schalter der Gemeinden", "decree",
        "2031-05-05",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SETS)
def test_articles_of_each_family(name: str) -> None:
    provisions, _ = _read(name)
    assert "|".join(_articles(provisions, quoted=False)) == SETS[name].own
    assert "|".join(_articles(provisions, quoted=True)) == SETS[name].quoted


@pytest.mark.parametrize("name", SETS)
def test_acts_of_each_family(name: str) -> None:
    document, (provisions, facts) = SETS[name], _read(name)
    assert {(one.act_title, one.act_type, one.act_date) for one in provisions} == {
        (document.title, document.kind, document.date)
    }
    assert (facts.title, facts.doc_type, facts.n_acts) == (document.title, document.kind, 1)


def test_divisions_on_lines_of_one_heading_are_told_apart() -> None:
    first = next(one for one in _read("eu regulation")[0] if one.label_path[-2:] == ("Article 1", "1"))
    assert first.label_path == ("CHAPTER I", "Section 1", "Article 1", "1")
    assert first.heading_path == ("COUNTERS", "Opening", "Subject matter")


def test_no_text_of_an_annex_is_lost_as_a_heading() -> None:
    last = _read("eu regulation")[0][-1]
    assert last.label_path == ("ANNEX II",)
    assert last.text.startswith("Part A.")


def test_parts_of_a_code_close_what_stands_before_them() -> None:
    article = next(one for one in _read("consolidated code")[0] if one.label == "Article R*112-10")
    assert article.label_path == ("Livre Ier", "Chapitre II", "Article R*112-10")
    assert article.heading_path == ("Partie réglementaire", "LES ÉCHANGES", "Modalités")


def test_paragraphs_inside_a_quotation_are_not_the_articles_own() -> None:
    own = [one.label_path[-2:] for one in _read("greek law")[0] if "Άρθρο 2" in one.label_path and not one.quoted]
    assert own == [("Άρθρο 2", "1"), ("Άρθρο 2", "2"), ("Άρθρο 2", "3")]


PLANS = {
    "plan": Set(
        [
            ("H", "Plan d’action pour l’inclusion numérique"), ("L", "Axe 1 : Motiver les usagers"),
            "Toute personne accomplit ses démarches en ligne ou au guichet, avec l’aide d’un agent.",
            ("h", "Mesure 1 : Ouvrir un guichet"), "Chaque commune ouvrira un guichet d’aide numérique d’ici à 2033.",
            "Responsable : le ministère des guichets, avec les communes et leurs syndicats.", ("L", "Axe 2 : Évaluer"),
            ("h", "Mesure 2 : Publier un baromètre"), "Un baromètre annuel sera publié sur le portail de l’État.",
            "<b>Recommandation 1.</b> Il conviendrait de mesurer aussi le non-recours aux droits.",
        ], "",
    ),
    "circular": Set(
        [
            ("H", "Omzendbrief over de digitale dienstverlening"), ("L", "1. Inleiding"),
            "Deze omzendbrief licht toe hoe de gemeenten hun digitale dienstverlening organiseren.",
            ("L", "2. Maatregelen"), ("L", "2.1. Opvolging"),
            "1. De gemeente rapporteert jaarlijks aan de minister over het gebruik van haar loketten.",
            "2. De minister publiceert de resultaten op de website van het departement.", ("L", "3. Inwerkingtreding"),
            "Deze omzendbrief treedt in werking op de eerste dag van het nieuwe jaar.",
        ], "",
    ),
}  # fmt: skip


def test_measures_stand_under_the_axes_of_a_plan() -> None:
    provisions, facts = _read("plan")
    assert [(one.kind, one.label_path, one.heading_path[1:]) for one in provisions] == [
        ("section", ("Axe 1",), ("Motiver les usagers",)),
        ("measure", ("Axe 1", "Mesure 1"), ("Motiver les usagers", "Ouvrir un guichet")),
        ("measure", ("Axe 1", "Mesure 1"), ("Motiver les usagers", "Ouvrir un guichet")),
        ("measure", ("Axe 2", "Mesure 2"), ("Évaluer", "Publier un baromètre")),
        ("recommendation", ("Axe 2", "Recommandation 1"), ("Évaluer",)),
    ]
    assert facts.doc_type == "action_plan"


def test_items_of_a_list_stand_under_the_open_headings() -> None:
    provisions, facts = _read("circular")
    assert [(one.label_path, one.heading_path) for one in provisions] == [
        (("1",), ("Inleiding",)),
        (("2", "2.1", "1"), ("Maatregelen", "Opvolging")),
        (("2", "2.1", "2"), ("Maatregelen", "Opvolging")),
        (("3",), ("Inwerkingtreding",)),
    ]
    assert facts.doc_type == "circular"
