"""Characters to words, lines to blocks: raised suffixes, spaces that the stream leaves out, items and paragraphs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from fixtures import Text, font_for, raw_pdf, scan_pdf
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas
from test_pages import CONFIG, SOURCE, body_of, drawn

from policy_scan import ocr
from policy_scan.config import load_config
from policy_scan.outline.segments import find_segments
from policy_scan.records import Block
from policy_scan.stages.blocks import find_blocks
from policy_scan.stages.pages import read_pages
from policy_scan.text import joins_as


def read_placed(texts: Sequence[Text]) -> list[Block]:
    """The blocks of one page that holds the texts."""

    def draw(canvas: Canvas) -> None:
        for item in texts:
            canvas.setFont(font_for(item.text, item.bold), item.size)
            canvas.drawString(item.x, 842 - item.y, item.text)

    pages, lines, _ = drawn(draw)
    return find_blocks(SOURCE, pages, lines, CONFIG)


def test_a_raised_suffix_hardly_smaller_stays_on_its_line() -> None:
    def draw(canvas: Canvas) -> None:
        layer = canvas.beginText(60, 700)
        for text, size, rise in (("Art. 1", 11.5, 0), ("er", 10.7, 5.3), (".", 11.5, 0)):
            layer.setFont("Helvetica-Bold", size)
            layer.setRise(rise)
            layer.textOut(text)
        canvas.drawText(layer)
        canvas.setFont("Helvetica", 10.5)
        canvas.drawString(60, 670, "La commune tient un registre des demandes au guichet.")

    assert body_of(drawn(draw)).startswith("Art. 1er. La commune")


@pytest.mark.parametrize("letter_space", [0.0, 1.0])
def test_a_gap_wider_than_the_usual_one_is_a_space_though_the_stream_has_none(letter_space: float) -> None:
    def draw(canvas: Canvas) -> None:
        x = 60.0
        for word in ("alinéa", "1er", "du", "même", "arrêté"):
            layer = canvas.beginText(x, 700)
            layer.setFont("Helvetica", 10)
            layer.setCharSpace(letter_space)
            layer.textOut(word)
            canvas.drawText(layer)
            x += pdfmetrics.stringWidth(word, "Helvetica", 10) + len(word) * letter_space + 2.0

    assert body_of(drawn(draw)) == "alinéa 1er du même arrêté"


def test_words_set_in_slanted_letters_are_parted() -> None:
    def draw(canvas: Canvas) -> None:
        for n, line in enumerate(("Le registre dit quel service répond", "et dans quel délai la réponse est écrite.")):
            layer = canvas.beginText()
            layer.setFont("Helvetica", 10)
            layer.setTextTransform(1, 0, 0.33, 1, 60, 700 - 14 * n)
            layer.textOut(line)
            canvas.drawText(layer)

    text = body_of(drawn(draw))
    assert text == "Le registre dit quel service répond et dans quel délai la réponse est écrite."


def lines_at(*lines: tuple[float, str]) -> list[str]:
    """The texts of the blocks of lines set 12 points apart at the left edges given, in 10 point Helvetica."""
    page = [Text(x, 80 + 12 * n, line, 10.0) for n, (x, line) in enumerate(lines)]
    found = read_placed(page)
    return [block.text for block in found]


FULL = "The office enters the applications that it receives under the register's rules in"
"""A line as wide as the column of these tests, which ends inside a sentence."""


@pytest.mark.parametrize(
    "start", ["§ 1, second indent, of the act.", "(EU) 2031/12 of the council.", "3. March 2031 within a day.",
              "artikel 36, tweede lid, of the act."],
)  # fmt: skip
def test_a_full_line_that_ends_inside_a_sentence_goes_on_with_what_looks_like_a_mark(start: str) -> None:
    assert lines_at((72, "Art. 4. As a rule, for each of them and for every kind of form,"), (60, FULL), (60, start))[
        -1
    ].endswith(f"{FULL} {start}")


def test_an_item_after_a_full_line_begins_a_block() -> None:
    found = lines_at((60, "1. " + FULL), (60, "2. " + FULL), (60, "3. Others."))
    assert [text[:2] for text in found] == ["1.", "2.", "3."]
    found = lines_at((60, FULL + ","), (60, "στστ) others,"), (60, "ια. more,"))
    assert len(found) == 3


def test_ragged_lines_that_go_on_are_one_paragraph_beside_a_longer_heading() -> None:
    ragged = [
        "The new forms of access to the public office ask",
        "for care with those who file no forms on the line",
        "and who come.",
    ]
    found = lines_at((60, FULL + " " + "every other year"), *[(60, line) for line in ragged])
    assert found[-1].endswith(f"{ragged[1]} {ragged[2]}")


def test_entries_of_a_table_of_contents_stay_apart() -> None:
    dots = "." * 60
    found = lines_at((60, f"Contents{dots}4"), (60, f"1 Summary{dots}5"), (60, f"4 Forms{dots}11"))
    assert len(found) == 3


def test_a_bold_bullet_is_a_list_item_and_bold_tells_nothing_where_all_is_bold() -> None:
    plain = [Text(60, 80 + 12 * n, FULL, 10.0) for n in range(4)]
    found = read_placed([*plain, Text(60, 160, "• the rest of eleven hours", 10.0, bold=True)])
    assert found[-1].kind == "list_item"
    heavy = [Text(60, 80 + 30 * n, f"The office sends the receipt in {n} days.", 10.0, bold=True) for n in range(5)]
    assert {block.kind for block in read_placed(heavy)} == {"paragraph"}


def test_a_slash_or_a_known_address_joins_without_a_space() -> None:
    assert joins_as("act 3050/", "2002 on forms", ()) == "keep"
    assert joins_as("either / ", "or", ()) == "space"
    assert joins_as("see www.wer-", "kenvoor.example", {"www.werkenvoor.example"}) == "drop"


def test_letters_of_a_font_without_height_stand_on_one_baseline(tmp_path: Path) -> None:
    content = b"BT /F1 10 Tf 60 700 Td (apply quickly) Tj 0 -14 Td (soon over there) Tj 0 -14 Td (gypsy jumps) Tj ET"
    told = b"/Type /FontDescriptor /FontName /Odd /Flags 32 /Ascent 0 /Descent 0 /FontBBox [-10 -10 900 900]"
    font = b"/BaseFont /Odd /FirstChar 32 /LastChar 32 /Widths [278] /FontDescriptor << " + told + b" >>"
    data = raw_pdf(tmp_path / "a.pdf", content=content).read_bytes().replace(b"/BaseFont /Helvetica", font)
    _, lines, _ = read_pages(SOURCE, data, CONFIG)
    steps = [after.y1 - before.y1 for before, after in pairwise(lines)]
    assert steps == pytest.approx([14, 14], abs=0.05)


def test_signatories_side_by_side_are_read_one_after_the_other_top_row_first() -> None:
    def stack(x: float, y: float, *lines: str) -> list[Text]:
        return [Text(x, y + 11 * n, line, 9.0) for n, line in enumerate(lines)]

    page = [Text(60, 80 + 11 * n, FULL, 9.0) for n in range(6)]
    page += [Text(60, 170, "The ministers", 9.0)]
    page += stack(60, 190, "Interior", "and Order", "ANNA EXAMPLE") + stack(200, 190, "Health", "", "BERTA SAMPLE")
    page += stack(340, 190, "Deputy Minister", "of Finance", "CARLA MODEL")
    page += stack(60, 245, "Labour", "and Welfare", "DORA PATTERN") + stack(200, 245, "Deputy", "of Food", "ELSA TYPE")
    page += stack(340, 245, "Public", "Works", "FRIDA MOULD")
    page += [Text(60, 300 + 11 * n, FULL, 9.0) for n in range(3)]
    text = " ".join(block.text for block in read_placed(page))
    names = ["EXAMPLE", "SAMPLE", "MODEL", "PATTERN", "TYPE", "MOULD"]
    places = [text.index(name) for name in names]
    assert places == sorted(places)
    assert "Deputy Minister of Finance CARLA MODEL" in text and "Health BERTA SAMPLE" in text


def test_a_table_that_goes_on_overleaf_has_its_head_row_once() -> None:
    def draw(canvas: Canvas) -> None:
        for page in range(2):
            for r, row in enumerate([("Service", "Deadline"), *[(f"Form {page}{n}", f"{n} days") for n in range(4)]]):
                for c, cell in enumerate(row):
                    canvas.rect(60 + 200 * c, 600 - 22 * r, 200, 22)
                    canvas.setFont("Helvetica", 9)
                    canvas.drawString(64 + 200 * c, 607 - 22 * r, cell)
            canvas.showPage()

    pages, lines, _ = drawn(draw)
    blocks = find_blocks(SOURCE, pages, lines, CONFIG)
    assert [page.text.count("Service | Deadline") for page in pages] == [1, 1]
    texts = [segment.text for segment in find_segments(pages, lines, blocks, {})]
    assert texts[0].startswith("Service | Deadline\nForm 00") and texts[1].startswith("Form 10 | 0 days\n")


def test_an_articles_label_at_a_pages_head_is_never_furniture() -> None:
    def draw(canvas: Canvas) -> None:
        for number in range(1, 6):
            canvas.setFont("Helvetica", 10)
            canvas.drawString(270, 800, f"Article {number}")
            for n in range(12):
                canvas.drawString(60, 760 - 12 * n, FULL)
            canvas.showPage()

    _, lines, _ = drawn(draw)
    assert {line.role for line in lines if line.y0 < 60} == {"body"}


def test_words_that_ocr_leaves_out_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    word = ocr.OcrWord("guichet", 150.0, 300.0, 250.0, 330.0, 0.9, 1, 1, 1)
    monkeypatch.setattr(ocr, "read_image", lambda *_, **__: ocr.OcrPage((word,), 0.9, 0.0, 0, 2, ("fr",)))
    scan = scan_pdf(tmp_path / "s.pdf", [["Une page lue par une machine."]])
    _, _, issues = read_pages(SOURCE, scan.read_bytes(), load_config())
    assert [(issue.category, issue.severity) for issue in issues] == [("ocr", "info")]
    assert issues[0].message == "2 of 3 words of page 1 were illegible and left out."


def test_the_digits_of_a_letter_spaced_page_number_belong_together() -> None:
    def draw(canvas: Canvas) -> None:
        for number in range(4):
            canvas.setFont("Helvetica", 10)
            for n in range(12):
                canvas.drawString(60, 700 - 12 * n, FULL)
            canvas.drawString(290, 40, "0")
            canvas.drawString(300, 40, str(number))
            canvas.showPage()

    pages, lines, _ = drawn(draw)
    numbers = [line for line in lines if line.role == "page_number"]
    assert [pages[line.page - 1].text[line.start : line.end] for line in numbers] == ["00", "01", "02", "03"]
    assert all(len(line.edges) == 3 for line in numbers)
