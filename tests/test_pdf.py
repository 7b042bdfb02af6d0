"""Opening PDFs and reading what is drawn on a page."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from fixtures import (
    Text,
    broken_page_pdf,
    cropped_pdf,
    encrypted_pdf,
    placed_pdf,
    rotated_pdf,
    ruled_table_pdf,
    truncated_pdf,
    write_pdf,
    zero_page_pdf,
)
from reportlab.pdfgen.canvas import Canvas

from policy_scan.errors import BrokenError, EncryptedError, TooLargeError
from policy_scan.pdf import PageError, Sheet, open_pdf


def read(path: Path, number: int = 1) -> Sheet:
    with open_pdf(path.read_bytes()) as pdf:
        return pdf.sheet(number)


def drawn(draw: object, size: tuple[float, float] = (400.0, 600.0)) -> Sheet:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=size, invariant=1)
    draw(canvas)  # type: ignore[operator]
    canvas.save()
    with open_pdf(buffer.getvalue()) as pdf:
        return pdf.sheet(1)


def box_of(sheet: Sheet, word: str) -> list[float]:
    start = sheet.text.index(word)
    boxes = sheet.boxes[start : start + len(word)]
    return [*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist()]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"just words", "not a PDF"),
        (b"\x89PNG\r\n\x1a\n....", "an image"),
        (b"PK\x03\x04....", "zip"),
        (b"%PDF-1.7\ngarbage", "damaged"),
    ],
)
def test_what_is_no_pdf_is_said(data: bytes, said: str) -> None:
    with pytest.raises(BrokenError, match=said) as caught, open_pdf(data):
        pass
    assert caught.value.next_step


def test_broken_encrypted_and_large_documents_are_told_apart(tmp_path: Path) -> None:
    cases = [
        (truncated_pdf(tmp_path / "t.pdf"), BrokenError, "cut off"),
        (zero_page_pdf(tmp_path / "z.pdf"), BrokenError, "zero pages"),
        (encrypted_pdf(tmp_path / "e.pdf"), EncryptedError, "password"),
    ]
    for path, error, said in cases:
        with pytest.raises(error, match=said), open_pdf(path.read_bytes()):
            pass
    data = write_pdf(tmp_path / "w.pdf", [["one"], ["two"]]).read_bytes()
    with pytest.raises(TooLargeError, match="2 pages"), open_pdf(data, max_pages=1):
        pass
    with pytest.raises(TooLargeError, match="megabytes_per_file"), open_pdf(data, max_bytes=100):
        pass


def test_a_damaged_page_leaves_the_others(tmp_path: Path) -> None:
    data = broken_page_pdf(tmp_path / "b.pdf", pages=3, broken=2).read_bytes()
    with open_pdf(data) as pdf:
        with pytest.raises(PageError, match="page 2"):
            pdf.sheet(2)
        assert pdf.sheet(3).text


def test_characters_stand_where_they_are_drawn(tmp_path: Path) -> None:
    sheet = read(placed_pdf(tmp_path / "a.pdf", [[Text(100, 200, "Hallo", 10)]]))
    x0, y0, x1, y1 = box_of(sheet, "Hallo")
    assert x0 == pytest.approx(100, abs=0.1)
    assert x1 == pytest.approx(100 + 5.56 + 7.22 + 2.22 * 2 + 5.56, abs=0.6)
    assert y0 < 193 and 200 < y1 < 204
    style = sheet.styles[sheet.style[0]]
    assert style.size == pytest.approx(10) and not style.bold and style.angle == 0
    assert y1 - style.drop * style.size == pytest.approx(200, abs=0.1)


def test_weight_slant_and_visibility_are_read() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica-Bold", 12)
        canvas.drawString(50, 500, "Heavy")
        canvas.setFont("Times-Italic", 12)
        canvas.drawString(50, 450, "Sloping")
        hidden = canvas.beginText(50, 400)
        hidden.setTextRenderMode(3)
        hidden.textLine("Hidden")
        canvas.drawText(hidden)

    sheet = drawn(draw)
    styles = {word: sheet.styles[sheet.style[sheet.text.index(word)]] for word in ("Heavy", "Sloping", "Hidden")}
    assert styles["Heavy"].bold and not styles["Sloping"].bold
    assert styles["Sloping"].italic and not styles["Heavy"].italic
    assert not styles["Hidden"].visible and styles["Heavy"].visible


def test_text_scaled_by_the_matrix_has_its_printed_size() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.scale(2, 2)
        canvas.setFont("Helvetica", 6)
        canvas.drawString(20, 200, "Twice")

    sheet = drawn(draw)
    assert sheet.styles[0].size == pytest.approx(12)


@pytest.mark.parametrize(("turn", "angle"), [(90, 270), (-90, 90), (180, 180), (45, -1)])
def test_angles_are_clockwise_as_shown(turn: int, angle: int) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.translate(200, 300)
        canvas.rotate(turn)
        canvas.drawString(0, 0, "Turned")

    assert drawn(draw).styles[0].angle == angle


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_rotated_pages_are_read_as_shown(tmp_path: Path, rotation: int) -> None:
    sheet = read(rotated_pdf(tmp_path / "r.pdf", ["Erste Zeile", "Zweite Zeile"], rotation))
    assert (round(sheet.width), round(sheet.height)) == (595, 842)
    first, second = box_of(sheet, "Erste"), box_of(sheet, "Zweite")
    assert first[0] == pytest.approx(60, abs=0.2) and first[3] == pytest.approx(62, abs=2)
    assert second[1] > first[1] and sheet.styles[0].angle == 0


def test_the_crop_box_is_the_page(tmp_path: Path) -> None:
    sheet = read(cropped_pdf(tmp_path / "c.pdf", ["Seen"], "Unseen"))
    assert (round(sheet.width), round(sheet.height)) == (395, 642)
    assert box_of(sheet, "Seen")[0] == pytest.approx(10, abs=0.2)
    assert box_of(sheet, "Unseen")[1] < 0


def test_rules_and_panels_are_read(tmp_path: Path) -> None:
    sheet = read(ruled_table_pdf(tmp_path / "t.pdf", [["a", "b"], ["c", "d"]]))
    assert len(sheet.panels) == 4
    assert len(sheet.rules) == 16


def test_a_short_thick_stroke_is_a_rule_across_its_direction() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setLineWidth(300)
        canvas.line(200, 300, 200.5, 300)

    rules = drawn(draw).rules
    assert rules.shape == (1, 4)
    assert np.allclose(rules[0], [200, 150, 200.5, 450], atol=0.2)


def test_white_strokes_and_fills_are_not_there() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setStrokeGray(1)
        canvas.setFillGray(1)
        canvas.rect(50, 50, 200, 200, stroke=1, fill=1)

    sheet = drawn(draw)
    assert not len(sheet.panels) and not len(sheet.rules)
