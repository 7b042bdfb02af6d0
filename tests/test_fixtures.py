"""The fixtures are what they claim to be, as pdfium sees them: otherwise the tests built on them prove nothing."""

from __future__ import annotations

from pathlib import Path

import fixtures
import pypdfium2 as pdfium
import pytest


def page_text(path: Path, page: int = 0) -> str:
    document = pdfium.PdfDocument(str(path))
    try:
        return document[page].get_textpage().get_text_bounded()
    finally:
        document.close()


@pytest.mark.parametrize("kind", fixtures.BROKEN)
def test_broken_files_are_refused(tmp_path: Path, kind: str) -> None:
    path = fixtures.BROKEN[kind](tmp_path / "broken.pdf")
    with pytest.raises(pdfium.PdfiumError):
        pdfium.PdfDocument(str(path))


def test_the_password_opens_the_encrypted_file(tmp_path: Path) -> None:
    document = pdfium.PdfDocument(str(fixtures.encrypted_pdf(tmp_path / "e.pdf")), password=fixtures.USER_PASSWORD)
    assert "without the password" in document[0].get_textpage().get_text_bounded()
    document.close()


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_rotated_text_reads_upright_when_rotation_is_applied(tmp_path: Path, rotation: int) -> None:
    path = fixtures.rotated_pdf(tmp_path / "r.pdf", ["Art. 1. Upright.", "Art. 2. Below it."], rotation)
    document = pdfium.PdfDocument(str(path))
    page = document[0]
    assert page.get_rotation() == rotation
    picture = page.render(scale=1, grayscale=True).to_pil().convert("L")
    document.close()
    # Ink only in the top left corner of the page as shown, where the two lines begin.
    ink = [(x, y) for x in range(picture.width) for y in range(picture.height) if picture.getpixel((x, y)) < 128]
    assert max(y for _, y in ink) < 80
    assert 55 < min(x for x, _ in ink) < 70


def test_crop_box_and_hidden_text(tmp_path: Path) -> None:
    document = pdfium.PdfDocument(str(fixtures.cropped_pdf(tmp_path / "c.pdf", ["seen"], "unseen")))
    assert document[0].get_size() == pytest.approx((395.3, 641.9), abs=0.5)
    document.close()


def test_one_page_of_three_is_broken(tmp_path: Path) -> None:
    document = pdfium.PdfDocument(str(fixtures.broken_page_pdf(tmp_path / "b.pdf")))
    assert len(document) == 3
    with pytest.raises(pdfium.PdfiumError):
        document[1].get_size()
    assert "can be read" in document[2].get_textpage().get_text_bounded()
    document.close()


def test_mojibake_reads_as_latin_letters(tmp_path: Path) -> None:
    text = page_text(fixtures.mojibake_pdf(tmp_path / "m.pdf", ["Υπουργική απόφαση"]))
    assert text.strip().encode("latin-1").decode("cp1253") == "Υπουργική απόφαση"


def test_scan_and_wrong_map_have_no_usable_text(tmp_path: Path) -> None:
    assert page_text(fixtures.scan_pdf(tmp_path / "s.pdf", [["Art. 1. Scanned."]], angle=1.0, noise=50)) == ""
    assert "Article" not in page_text(fixtures.wrong_to_unicode_pdf(tmp_path / "w.pdf"))


def test_control_and_hostile_characters_reach_the_text_layer(tmp_path: Path) -> None:
    assert "filed" in page_text(fixtures.control_characters_pdf(tmp_path / "c.pdf"))
    assert "=HYPERLINK(" in page_text(fixtures.hostile_text_pdf(tmp_path / "h.pdf"))


def test_same_bytes_twice(tmp_path: Path) -> None:
    one = fixtures.write_pdf(tmp_path / "1.pdf", [["Art. 1."]]).read_bytes()
    two = fixtures.write_pdf(tmp_path / "2.pdf", [["Art. 1."]]).read_bytes()
    assert one == two
