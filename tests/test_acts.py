"""Acts: headings, types and dates as gazettes print them, and what a document's text says of it."""

from __future__ import annotations

import pytest

from policy_scan import acts


@pytest.mark.parametrize(
    ("text", "kind", "date"),
    [
        ("3 MARS 2030. — Arrêté royal relatif aux guichets numériques", "decree", "2030-03-03"),
        ("1er MARS 2030. — Loi relative aux guichets numériques", "law", "2030-03-01"),
        ("3 MEI 2030. — Koninklijk besluit betreffende de digitale loketten", "decree", "2030-05-03"),
        ("3 MAART 2030. — Ministerieel besluit houdende de erkenning", "order", "2030-03-03"),
        ("3. MÄRZ 2030 — Erlass der Regierung über die Schalter", "decree", "2030-03-03"),
        ("[C − 2030/001234] 3 MAART 2030. — Decreet over de loketten", "decree", "2030-03-03"),
        ("Loi du 3 mars 2030 relative aux guichets", "law", "2030-03-03"),
        ("Règlement grand-ducal du 3 mars 2030 fixant les guichets", "regulation", "2030-03-03"),
        ("Décret n° 2030-99 du 3 mars 2030 relatif aux guichets", "decree", "2030-03-03"),
        ("NOMOΣ ΥΠ’ ΑΡΙΘΜ. 9999", "law", ""),
        ("ΠΡΟΕΔΡΙΚΟ ΔΙΑΤΑΓΜΑ ΥΠ’ ΑΡΙΘΜ. 99", "decree", ""),
        ("Αριθμ. Φ.123/456 (2) Έγκριση λειτουργίας θυρίδων", "decree", ""),
        ("LEGE nr. 99 din 3 martie 2030", "law", "2030-03-03"),
        ("LEGE", "law", ""),
        ("REGULATIONS REGULATION (EU) 2030/12 OF THE EUROPEAN PARLIAMENT of 3 March 2030", "regulation", "2030-03-03"),
        ("ORDONANȚĂ DE URGENȚĂ nr. 9 din 3 martie 2030", "order", "2030-03-03"),
        ("RÈGLEMENT (UE) 2030/12 DU PARLEMENT EUROPÉEN ET DU CONSEIL", "regulation", ""),
        ("DIRECTIVE (UE) 2030/13 DU PARLEMENT EUROPÉEN ET DU CONSEIL", "directive", ""),
        ("VERORDNUNG (EU) 2030/12 DES EUROPÄISCHEN PARLAMENTS", "regulation", ""),
    ],
)  # fmt: skip
def test_headings_of_acts(text: str, kind: str, date: str) -> None:
    head = acts.act_head(text)
    assert head is not None
    assert (head.act_type, head.date) == (kind, date)


@pytest.mark.parametrize(
    "text",
    ["Άρθρο 12", "ΑΡΙΘΜΟΣ ΠΡΟΣΩΠΙΚΟΥ", "la loi du 3 mars 2030 relative aux guichets", "(Loi du 3 mars 2030)",
     "Loi du 3 mars 2030 relative aux guichets ;", "Le guichet est ouvert le 3 mars 2030.", "§ 2. La loi du 3 mars"],
)  # fmt: skip
def test_what_heads_no_act(text: str) -> None:
    assert acts.act_head(text) is None


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("le 1er mars 2030", "2030-03-01"), ("3 maart 2030", "2030-03-03"), ("3. März 2030", "2030-03-03"),
        ("της 3ης Μαρτίου 2030", "2030-03-03"), ("din 3 martie 2030", "2030-03-03"), ("3 March 2030", "2030-03-03"),
        ("— 03.05.2030 —", "2030-05-03"), ("n° 12.345.678", ""), ("en 2030", ""),
    ],
)  # fmt: skip
def test_dates(text: str, date: str) -> None:
    assert acts.date_in(text) == date


def test_publication_numbers_and_offices() -> None:
    assert acts.publication_number("[C − 2030/001234]") == "2030/001234"
    assert acts.publication_number("[2030/001234]") == "2030/001234"
    assert acts.publication_number("le 2030/001234") == ""
    assert acts.is_office("SERVICE PUBLIC FEDERAL DES GUICHETS")
    assert not acts.is_office("Le service public fédéral des guichets")


@pytest.mark.parametrize(
    "text",
    ["PROIECT DE LEGE privind ghișeele", "Avant-projet de loi relatif aux guichets", "Wetsontwerp over de loketten",
     "ΣΧΕΔΙΟ ΝΟΜΟΥ για τις θυρίδες", "Entwurf eines Gesetzes über die Schalter"],
)  # fmt: skip
def test_drafts_are_proposed(text: str) -> None:
    assert acts.legal_status(text) == "proposed"


def test_an_act_in_force_has_no_status_from_its_text() -> None:
    assert acts.legal_status("Loi du 3 mars 2030 relative aux guichets") == ""


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Plan d’action pour l’inclusion", "action_plan"), ("Stratégie numérique", "strategy"),
        ("Leitfaden zur Barrierefreiheit", "guideline"), ("Bilan 2030", "report"), ("Έκθεση προόδου", "report"),
        ("Circulaire aux communes", "circular"), ("Une histoire", ""),
    ],
)  # fmt: skip
def test_types_of_plans(title: str, kind: str) -> None:
    assert acts.plan_type(title) == kind


def test_facts_of_a_gazette() -> None:
    two = [acts.Act("Loi du 3 mars 2030", "law", "2030-03-03"), acts.Act("Loi du 4 mars 2030", "law", "2030-03-04")]
    facts = acts.facts_of(
        "d", ["Loi du 3 mars 2030"], [], ["MONITEUR BELGE — 05.03.2030 — BELGISCH STAATSBLAD"], two, 2
    )
    assert (facts.doc_type, facts.date, facts.n_acts) == ("gazette", "2030-03-05", 2)
    assert facts.title == "MONITEUR BELGE — 05.03.2030 — BELGISCH STAATSBLAD"


def test_facts_of_one_act_and_of_none() -> None:
    one = [acts.Act("Loi du 3 mars 2030 relative aux guichets", "law", "2030-03-03")]
    facts = acts.facts_of("d", ["Loi du 3 mars 2030 relative aux guichets"], [], [], one, 1)
    assert (facts.title, facts.doc_type, facts.date) == (one[0].title, "law", "2030-03-03")
    facts = acts.facts_of("d", ["Bilan des guichets"], ["Bilan des guichets"], [], [], 1)
    assert (facts.title, facts.doc_type) == ("Bilan des guichets", "report")


def test_the_date_of_an_issue_is_not_that_of_an_act_in_its_masthead() -> None:
    two = [acts.Act("Loi du 3 mars 2030", "law", "2030-03-03"), acts.Act("Loi du 4 mars 2030", "law", "2030-03-04")]
    masthead = ["Publication conforme à la loi du 24 décembre 2002", "MEMORIAL MEMORIAL", "A – N° 7 5 mars 2030"]
    facts = acts.facts_of("d", ["Loi du 3 mars 2030"], [], masthead, two, 2)
    assert (facts.title, facts.date) == ("MEMORIAL, A – N° 7 5 mars 2030", "2030-03-05")


def test_an_act_without_date_takes_its_issues_and_none_that_it_cites() -> None:
    one = [acts.Act("ΝΟΜΟΣ ΥΠ’ ΑΡΙΘΜ. 9999 Ενσωμάτωση της Οδηγίας της 3ης Μαρτίου 2029", "law", "")]
    masthead = ["ΕΦΗΜΕΡΙΔΑ ΤΗΣ ΚΥΒΕΡΝΗΣΕΩΣ", "5 Μαρτίου 2030"]
    assert acts.facts_of("d", [one[0].title], [], masthead, one, 1).date == "2030-03-05"
    assert acts.facts_of("d", [one[0].title], [], [], one, 1).date == ""
