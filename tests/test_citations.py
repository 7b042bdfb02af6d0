"""Citations: footnotes in the document's own words, and what stands where there is no evidence."""

from __future__ import annotations

from typing import Any

import example_run as make
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_scan.citations import act_title, cite, describe_search, format_date, format_labels, shorten


def test_an_article_is_cited_with_its_paragraph_and_page() -> None:
    doc = make.document("a", title="Loi du 28 mai 2019 relative à l’accessibilité des guichets")
    assert cite(doc, make.provision("p", doc)) == (
        "Loi du 28 mai 2019 relative à l’accessibilité des guichets, art. 4, § 1, p. 3"
    )


@pytest.mark.parametrize(
    ("labels", "language", "expected"),
    [
        (("Titre II", "Article 5", "§ 2"), "fr", "art. 5, § 2"),
        (("TITEL I", "Artikel 3.", "1°"), "nl", "art. 3, 1°"),
        (("Artikel 3",), "de", "Art. 3"),
        (("ΜΕΡΟΣ Α΄", "ΑΡΘΡΟ 12"), "el", "άρθρο 12"),
        (("Άρθρο 5", "παρ. 2"), "el", "άρθρο 5, παρ. 2"),
        (("Capitolul I", "Articolul 7", "alin. (2)"), "ro", "art. 7, alin. (2)"),
        (("Art. L112-8",), "fr", "art. L112-8"),
        (("2", "2.1", "2.1.3."), "en", "2.1.3"),
        (("Axe 3", "Mesure 12"), "fr", "Axe 3, Mesure 12"),
        (("Article",), "fr", "Article"),
    ],
)
def test_labels_keep_the_words_of_the_document(labels: tuple[str, ...], language: str, expected: str) -> None:
    doc = make.document("a")
    assert format_labels(make.provision("p", doc, label_path=labels, language=language)) == expected


def test_without_labels_the_last_heading_is_quoted() -> None:
    doc = make.document("a", doc_type="report", title="Rapport annuel", date="2021-03")
    seen = make.provision("p", doc, label_path=(), heading_path=("I", "Les usagers"), page_last=4, text_source="ocr")
    assert cite(doc, seen) == "Rapport annuel (March 2021), «Les usagers», pp. 3–4 (OCR)"


@pytest.mark.parametrize(
    ("changes", "remark"),
    [({"legal_status": "repealed"}, "(abrogé)"), ({"legal_status": "proposed"}, "(projet, pas en vigueur)")],
)
def test_repealed_and_proposed_acts_say_so(changes: dict[str, Any], remark: str) -> None:
    doc = make.document("a", **changes)
    assert cite(doc, make.provision("p", doc), "fr").endswith(remark)


def test_what_a_citation_adds_is_in_the_reports_language_and_the_rest_in_the_documents() -> None:
    doc = make.document("a", legal_status="proposed", title="Avant-projet sur les guichets", date="2024-10-01")
    seen = make.provision("p", doc, page_last=4)
    german = "Avant-projet sur les guichets (1. Oktober 2024), art. 4, § 1, S. 3–4 (Entwurf, nicht in Kraft)"
    assert cite(doc, seen, "de") == german
    assert cite(doc, seen, "el").endswith("art. 4, § 1, σσ. 3–4 (σχέδιο, δεν ισχύει)")


def test_a_gazette_is_cited_by_its_act_and_a_region_by_its_code() -> None:
    doc = make.document("a", "BE-WAL", doc_type="gazette", title="Bulletin n° 12", date="2026-06-23")
    inside = make.provision("p", doc, act_title="Arrêté  sur\nles loketten", act_date="2026-05-01")
    assert cite(doc, inside, "fr") == "Arrêté sur les loketten (1er mai 2026), art. 4, § 1, p. 3 [BE-WAL]"
    assert act_title(doc, None) == "Bulletin n° 12"
    assert act_title(make.document("a", title=""), None) == "a"


@pytest.mark.parametrize(
    ("date", "language", "expected"),
    [("2024", "en", "2024"), ("2024-09", "fr", "septembre 2024"), ("2024-09-12", "en", "12 September 2024"),
     ("2024-13-01", "en", "2024-13-01"), ("2024-02-31", "en", "2024-02-31"), ("mai 2019", "fr", "mai 2019"),
     ("2024-08-01", "fr", "1er août 2024"), ("2024-08-11", "fr", "11 août 2024"), ("2024-03-01", "nl", "1 maart 2024"),
     ("2024-03-01", "de", "1. März 2024"), ("2024-03", "el", "Μάρτιος 2024"), ("2024-03-05", "el", "5 Μαρτίου 2024"),
     ("2024-03-05", "ro", "5 martie 2024")],
)  # fmt: skip
def test_dates(date: str, language: str, expected: str) -> None:
    assert format_date(date, language) == expected


@given(st.text(), st.integers(min_value=5, max_value=200))
def test_shortening_keeps_to_the_limit_and_cuts_only_what_is_too_long(text: str, limit: int) -> None:
    closed = " ".join(text.split())
    short = shorten(text, limit)
    assert len(short) <= limit
    assert short == closed or (short.endswith("…") and len(closed) > limit and closed.startswith(short[:-1]))


def test_a_long_title_is_cut_at_a_word() -> None:
    doc = make.document("a", title="Arrêté portant " + "des dispositions diverses " * 8, date="")
    title = cite(doc, make.provision("p", doc)).partition(", art")[0]
    assert title.endswith(("dispositions…", "diverses…", "des…"))


def test_the_search_is_described_in_the_reports_language() -> None:
    counts = {"n_documents": 12, "n_provisions": 834, "n_failed_documents": 0, "n_failed_pages": 2}
    assert describe_search(**counts, incomplete=True, n_to_check=0) == (
        "searched: 12 documents, 834 provisions; 2 pages failed; search incomplete"
    )
    assert describe_search(**counts, incomplete=False, n_to_check=1, language="fr") == (
        "cherché dans\u00a0: 12 documents, 834 dispositions\u202f; 2 pages illisibles\u202f; "
        "1 disposition incertaine à vérifier"
    )
    assert describe_search(**counts, incomplete=True, n_to_check=19, language="ro") == (
        "s-a căutat în: 12 documente, 834 de dispoziții; 2 pagini necitite; căutare incompletă; "
        "19 dispoziții incerte de verificat"
    )
    nothing = describe_search(
        n_documents=0, n_provisions=0, n_failed_documents=1, n_failed_pages=0, incomplete=True, n_to_check=0
    )
    assert nothing == "no readable document of this jurisdiction in the corpus; 1 document could not be read"
