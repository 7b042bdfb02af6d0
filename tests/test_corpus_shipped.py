"""The sample corpus is what the README promises: languages, layouts, themes, honest labels, and reproducible bytes."""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from pathlib import Path

import pypdfium2 as pdfium
import pytest
import yaml

REPOSITORY = Path(__file__).parents[1]
sys.path.insert(0, str(REPOSITORY / "tools"))

import intended  # noqa: E402
import make_corpus  # noqa: E402
import typeset  # noqa: E402

CORPUS = REPOSITORY / "corpus"
COUNTRIES = {"FR", "BE", "GR", "LU", "RO"}
SOCIAL = ("non_digital_access", "assistance", "digital_inclusion", "professional_skills", "redress")
BINDING = {"law", "decree", "regulation", "order", "directive", "gazette"}
NOTICES = (
    "Exemple rédigé pour policy_scan, sans valeur officielle",
    "Voorbeeld geschreven voor policy_scan, zonder officiële waarde",
    "Muster, verfasst für policy_scan, ohne amtliche Geltung",
    "Δείγμα που γράφτηκε για το policy_scan, χωρίς επίσημη ισχύ",
    "Exemplu redactat pentru policy_scan, fără valoare oficială",
    "Muster, geschriwwe fir policy_scan, ouni offiziell Gëltegkeet",
    "Sample written for policy_scan, not an official text",
)


def pdfs() -> list[Path]:
    return sorted(CORPUS.glob("*/*.pdf"))


def manifest() -> dict[str, dict[str, str]]:
    with (CORPUS / "manifest.csv").open(encoding="utf-8-sig", newline="") as stream:
        return {row["path"]: row for row in csv.DictReader(stream)}


def documents() -> list[dict[str, object]]:
    return [intended.read_text(file) for file in intended.text_files()]


def provisions() -> list[intended.Intended]:
    return [provision for doc in documents() for _, provision in intended.intended_provisions(doc)]


def plain_text(path: Path, page: int) -> str:
    document = pdfium.PdfDocument(str(path))
    try:
        return " ".join(document[page].get_textpage().get_text_bounded().split())
    finally:
        document.close()


def test_every_pdf_has_its_text_and_every_text_its_pdf() -> None:
    assert [str(path.relative_to(CORPUS).as_posix()) for path in pdfs()] == sorted(
        str(doc["file"]) for doc in documents()
    )
    assert len(pdfs()) >= 12


@pytest.mark.parametrize("path", pdfs(), ids=lambda path: path.stem)
def test_size_and_length(path: Path) -> None:
    assert path.stat().st_size < 300_000
    document = pdfium.PdfDocument(str(path))
    assert 2 <= len(document) <= 5
    document.close()


def test_whole_corpus_stays_small() -> None:
    assert sum(path.stat().st_size for path in pdfs()) < 3_000_000


@pytest.mark.parametrize("path", [p for p in pdfs() if "scan" not in p.stem], ids=lambda path: path.stem)
def test_first_page_says_that_it_is_a_sample(path: Path) -> None:
    text = plain_text(path, 0)
    assert any(notice in text for notice in NOTICES), text[:300]


def test_the_scan_has_no_text_layer() -> None:
    scans = [path for path in pdfs() if "scan" in path.stem]
    assert scans
    assert all(plain_text(path, page) == "" for path in scans for page in range(2))


def test_each_country_has_a_binding_act_and_a_plan_or_report() -> None:
    kinds = defaultdict(set)
    for path, row in manifest().items():
        if row["include"] != "no":
            kinds[path.split("/")[0]].add(row["doc_type"])
    for country in COUNTRIES:
        assert kinds[country] & BINDING, country
        assert kinds[country] & {"action_plan", "strategy", "report"}, country


def test_seven_languages() -> None:
    assert {provision.language for provision in provisions()} == {"fr", "nl", "de", "el", "ro", "lb", "en"}


def test_manifest_leaves_some_documents_to_inference_and_one_out() -> None:
    rows = manifest()
    paths = {path.relative_to(CORPUS).as_posix() for path in pdfs()}
    assert set(rows) < paths
    assert 3 <= len(paths - set(rows)) <= 4
    excluded = [row for row in rows.values() if row["include"] == "no"]
    assert len(excluded) == 1
    assert excluded[0]["exclude_reason"]


def test_all_themes_and_the_social_ones_in_several_countries() -> None:
    themes = yaml.safe_load((REPOSITORY / "configs" / "codebook.yaml").read_text(encoding="utf-8"))["themes"]
    where: dict[str, set[str]] = {theme: set() for theme in themes}
    for provision in provisions():
        for theme in provision.themes:
            where[theme].add(provision.path[:2])
    assert all(where.values()), [theme for theme, places in where.items() if not places]
    assert all(len(where[theme] & COUNTRIES) >= 4 for theme in SOCIAL)


def test_a_third_of_the_provisions_carry_no_theme() -> None:
    found = provisions()
    assert sum(not provision.themes for provision in found) / len(found) >= 1 / 3


def test_a_theme_has_a_force_and_no_theme_has_none() -> None:
    assert [p for p in provisions() if bool(p.themes) != bool(p.force)] == []


def test_regenerating_gives_the_same_bytes(tmp_path: Path) -> None:
    if not typeset.fonts_installed():
        pytest.skip("needs DejaVu: sudo apt-get install fonts-dejavu-core")
    assert make_corpus.main(["--output", str(tmp_path)]) == 0
    for path in pdfs():
        made = tmp_path / path.relative_to(CORPUS)
        assert text_of(made) == text_of(path), path.stem


def text_of(path: Path) -> list[str]:
    """Texts and sizes of all pages: the bytes themselves also depend on the versions of zlib, DejaVu and libjpeg."""
    document = pdfium.PdfDocument(str(path))
    try:
        return [
            f"{document[n].get_size()} {document[n].get_textpage().get_text_bounded()}" for n in range(len(document))
        ]
    finally:
        document.close()


def test_making_the_corpus_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    if not typeset.fonts_installed():
        pytest.skip("needs DejaVu: sudo apt-get install fonts-dejavu-core")
    doc = intended.read_text(intended.TEXTS / "fr_circulaire_scan.yaml")
    typeset.register_fonts()
    for name in ("one.pdf", "two.pdf"):
        make_corpus.set_document(doc, tmp_path / name)
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()
