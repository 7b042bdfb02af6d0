"""Pages in reading order: columns, boxes, tables, footnotes, furniture, hyphens, scans; each character in its place."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import pdfplumber
import pytest
from fixtures import (
    Text,
    broken_page_pdf,
    control_characters_pdf,
    cropped_pdf,
    furniture_pdf,
    invisible_layer_pdf,
    letter_spaced_pdf,
    mojibake_pdf,
    placed_pdf,
    rotated_pdf,
    ruled_table_pdf,
    scan_pdf,
    write_pdf,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from policy_scan import ocr
from policy_scan.config import load_config
from policy_scan.errors import OcrError
from policy_scan.geometry import span_boxes
from policy_scan.records import FURNITURE_KINDS, Issue, Line, Page, Source
from policy_scan.stages.pages import read_pages

CONFIG = load_config(overrides={"ocr": {"enabled": False}})
SOURCE = Source("0" * 64, "FR/sample.pdf", (), "FR", ("FR",))
Read = tuple[list[Page], list[Line], list[Issue]]

WORDS = [
    "la",
    "commune",
    "tient",
    "un",
    "registre",
    "des",
    "demandes",
    "et",
    "donne",
    "un",
    "reçu",
    "daté",
    "à",
    "chaque",
    "personne",
    "qui",
    "en",
    "fait",
    "une",
    "au",
    "guichet",
    "ou",
    "par",
    "lettre",
    "le",
    "reçu",
    "dit",
    "quel",
    "service",
    "répond",
    "et",
    "dans",
    "quel",
    "délai",
    "la",
    "réponse",
    "est",
    "écrite",
    "en",
    "mots",
    "simples",
    "et",
    "gratuite",
]


def read(path: Path) -> Read:
    return read_pages(SOURCE, path.read_bytes(), CONFIG)


def drawn(draw: Callable[[Canvas], object], size: tuple[float, float] = (595.0, 842.0)) -> Read:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=size, invariant=1)
    draw(canvas)
    canvas.save()
    return read_pages(SOURCE, buffer.getvalue(), CONFIG)


def body_of(found: Read, page: int = 1) -> str:
    pages, lines, _ = found
    text = pages[page - 1].text
    own = [line for line in lines if line.page == page and line.role not in FURNITURE_KINDS]
    return " ".join(text[line.start : line.end] for line in own)


def column(mark: str, count: int, width: float, size: float = 9.0) -> list[str]:
    """Lines of running text that fill the width; each begins with the mark and its number."""
    lines, k = [], 0
    for n in range(count):
        line = f"{mark}{n}"
        while pdfmetrics.stringWidth(f"{line} {WORDS[k % len(WORDS)]}", "Helvetica", size) <= width:
            line += f" {WORDS[k % len(WORDS)]}"
            k += 1
        lines.append(line)
    return lines


def justify(canvas: Canvas, lines: Sequence[str], x: float, y: float, width: float, size: float = 9.0) -> None:
    """Lines set flush on both sides from baseline y (measured from the bottom) down, the last one ragged."""
    for n, line in enumerate(lines):
        layer = canvas.beginText(x, y - n * 1.22 * size)
        layer.setFont("Helvetica", size)
        spaces = line.count(" ") if n < len(lines) - 1 else 0
        room = width - pdfmetrics.stringWidth(line, "Helvetica", size)
        layer.setWordSpace(room / spaces if spaces else 0)
        layer.textLine(line)
        canvas.drawText(layer)


def marks_in(text: str, *names: str) -> list[str]:
    """The line marks (a name and a number) in the order in which they are read."""
    return [w for w in text.split() if any(w.startswith(name) and w[len(name) :].isdigit() for name in names)]


def wanted(*columns: tuple[str, int]) -> list[str]:
    return [f"{name}{n}" for name, count in columns for n in range(count)]


@pytest.mark.parametrize("gutter", [4.0, 7.0, 14.0])
@pytest.mark.parametrize("interleaved", [False, True])
def test_two_columns_are_read_one_after_the_other(gutter: float, interleaved: bool) -> None:
    left, right = column("LA", 30, 230), column("RB", 30, 230)

    def draw(canvas: Canvas) -> None:
        if not interleaved:
            justify(canvas, left, 60, 740, 230)
            justify(canvas, right, 290 + gutter, 740, 230)
            return
        for n in range(30):
            justify(canvas, [left[n], ""], 60, 740 - n * 11, 230)
            justify(canvas, [right[n], ""], 290 + gutter, 740 - n * 11, 230)

    assert marks_in(body_of(drawn(draw)), "LA", "RB") == wanted(("LA", 30), ("RB", 30))


def test_unequal_columns_whose_lines_stand_at_other_heights() -> None:
    def draw(canvas: Canvas) -> None:
        justify(canvas, column("LA", 40, 150), 60, 740, 150)
        justify(canvas, column("RB", 18, 300), 222, 736, 300)  # ends early

    assert marks_in(body_of(drawn(draw)), "LA", "RB") == wanted(("LA", 40), ("RB", 18))


def test_three_columns() -> None:
    def draw(canvas: Canvas) -> None:
        for n, name in enumerate(("AA", "BB", "CC")):
            justify(canvas, column(name, 25, 150), 50 + n * 165, 740, 150)

    assert marks_in(body_of(drawn(draw)), "AA", "BB", "CC") == wanted(("AA", 25), ("BB", 25), ("CC", 25))


@pytest.mark.parametrize("divider", ["heading", "rule"])
def test_what_goes_across_ends_the_columns_above(divider: str) -> None:
    def draw(canvas: Canvas) -> None:
        justify(canvas, column("AA", 12, 230), 60, 740, 230)
        justify(canvas, column("BB", 12, 230), 304, 740, 230)
        if divider == "heading":
            canvas.setFont("Helvetica-Bold", 12)
            canvas.drawString(80, 570, "HEAD0 of the second act, set over the width of both columns of the page")
        else:
            canvas.line(60, 575, 534, 575)
        justify(canvas, column("CC", 12, 230), 60, 545, 230)
        justify(canvas, column("DD", 12, 230), 304, 545, 230)

    order = marks_in(body_of(drawn(draw)), "AA", "BB", "HEAD", "CC", "DD")
    head = [("HEAD", 1)] if divider == "heading" else []
    assert order == wanted(("AA", 12), ("BB", 12), *head, ("CC", 12), ("DD", 12))


def test_a_rule_between_two_languages_keeps_them_apart() -> None:
    french = ["la loi du 3 mai est abrogée et le droit de", "chaque personne est gardé par la", "commune"]
    dutch = ["de wet van 3 mei wordt opgeheven en het recht van", "elke persoon blijft bewaard door de", "gemeente"]

    def draw(canvas: Canvas) -> None:
        canvas.line(297, 760, 297, 600)
        for n in range(3):
            canvas.drawString(50, 740 - n * 14, french[n])
            canvas.drawString(302, 740 - n * 14, dutch[n])

    found = drawn(draw)
    assert body_of(found) == " ".join([*french, *dutch])
    assert len({line.block for line in found[1]}) >= 2


def test_boxes_are_read_box_by_box() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 20)
        canvas.drawString(60, 480, "TITLE0 of the slide")
        canvas.setFont("Helvetica", 12)
        for n, name in enumerate(("AA", "BB", "CC")):
            canvas.setFillGray(0.9)
            canvas.rect(40 + n * 300, 200, 280, 200, stroke=0, fill=1)
            canvas.setFillGray(0)
            canvas.drawCentredString(180 + n * 300, 370 - n * 9, f"{name}0")
            canvas.drawCentredString(180 + n * 300, 300, f"{name}1 a short text")
            canvas.drawCentredString(180 + n * 300, 284, f"{name}2 in its box")

    order = marks_in(body_of(drawn(draw, (960, 540))), "TITLE", "AA", "BB", "CC")
    assert order == wanted(("TITLE", 1), ("AA", 3), ("BB", 3), ("CC", 3))


def test_footnotes_come_after_the_body_of_both_columns() -> None:
    def draw(canvas: Canvas) -> None:
        justify(canvas, column("LA", 30, 230), 60, 740, 230)
        justify(canvas, column("RB", 40, 230), 304, 740, 230)
        canvas.line(60, 330, 130, 330)
        justify(canvas, ["1 NOTE0 une remarque", "qui tient en deux lignes"], 60, 318, 230, 6.5)

    found = drawn(draw)
    assert marks_in(body_of(found), "LA", "RB", "NOTE") == wanted(("LA", 30), ("RB", 40), ("NOTE", 1))
    assert {line.role for line in found[1] if "NOTE0" in found[0][0].text[line.start : line.end]} == {"footnote"}


def test_a_ruled_table_is_read_row_by_row(tmp_path: Path) -> None:
    rows = [["Dienst", "Ort", "Tag"], ["Amt A", "Haus 1", "Montag"], ["Amt B", "", "Freitag"]]
    pages, lines, _ = read(ruled_table_pdf(tmp_path / "t.pdf", rows, before="Davor steht dies.", after="Danach jenes."))
    text = "Davor steht dies.\nDienst | Ort | Tag\nAmt A | Haus 1 | Montag\nAmt B | Freitag\nDanach jenes."
    assert pages[0].text == text
    cells = {pages[0].text[line.start : line.end]: (line.row, line.cell) for line in lines if line.role == "table"}
    assert cells["Haus 1"] == (1, 1) and cells["Freitag"] == (2, 2)


def test_ruled_cells_are_those_that_pdfplumber_finds(tmp_path: Path) -> None:
    rows = [[f"r{r}c{c}" for c in range(4)] for r in range(9)]
    path = ruled_table_pdf(tmp_path / "t.pdf", rows)
    text = read(path)[0][0].text
    with pdfplumber.open(path) as document:
        theirs = document.pages[0].extract_table()
    assert [line.split(" | ") for line in text.split("\n")] == theirs == rows


def test_merged_cells_and_cells_of_several_lines() -> None:
    def draw(canvas: Canvas) -> None:
        for y in (700, 660, 600):
            canvas.line(60, y, 460, y)
        for x in (60, 460):
            canvas.line(x, 700, x, 600)
        canvas.line(260, 660, 260, 600)
        canvas.drawString(70, 675, "Head over both")
        canvas.drawString(70, 645, "Left one")
        canvas.drawString(70, 630, "goes on")
        canvas.drawString(270, 645, "Right")

    assert drawn(draw)[0][0].text == "Head over both\nLeft one goes on | Right"


def test_a_table_without_rules_keeps_its_cells(tmp_path: Path) -> None:
    rows = [
        ("Service", "Ville", "Heures"),
        ("Accueil", "Nantes", "9-12"),
        ("Aide", "Brest", "10-16"),
        ("Paie", "Laon", "8-11"),
    ]
    texts = [Text(60 + c * 150, 100 + r * 16, cell) for r, row in enumerate(rows) for c, cell in enumerate(row)]
    pages, _, _ = read(placed_pdf(tmp_path / "u.pdf", [texts]))
    assert pages[0].text == "\n".join(" | ".join(row) for row in rows)


def test_a_table_of_contents_is_no_table(tmp_path: Path) -> None:
    entries = [("Introduction", "3"), ("Mesures", "7"), ("Calendrier", "12"), ("Annexe", "15")]
    texts = [Text(60, 100 + n * 16, name) for n, (name, _) in enumerate(entries)]
    texts += [Text(480, 100 + n * 16, number) for n, (_, number) in enumerate(entries)]
    pages, lines, _ = read(placed_pdf(tmp_path / "c.pdf", [texts]))
    assert pages[0].text.split("\n") == [f"{name} {number}" for name, number in entries]
    assert {line.role for line in lines} == {"body"}


def test_furniture_is_told_by_repetition_and_stands_at_the_ends(tmp_path: Path) -> None:
    bodies = [column(name, 20, 400) for name in ("AA", "BB", "CC")]
    pages, lines, _ = read(furniture_pdf(tmp_path / "f.pdf", bodies, head="RECUEIL D'ESSAI"))
    for number, page in enumerate(pages, start=1):
        assert page.text.startswith("RECUEIL D'ESSAI\n") and page.text.endswith(f"\n{number}")
        roles = [line.role for line in lines if line.page == number]
        assert roles == ["header", *["body"] * 20, "page_number"]


def test_a_body_line_that_comes_back_on_a_few_pages_is_no_furniture(tmp_path: Path) -> None:
    bodies = [["Références" if n % 5 == 0 else f"Article {n + 2}", *column("AA", 20, 400)[n:]] for n in range(20)]
    found = read(furniture_pdf(tmp_path / "f.pdf", bodies))
    assert body_of(found, 1).startswith("Références") and body_of(found, 6).startswith("Références")
    assert body_of(found, 4).startswith("Article 5")


def test_a_running_head_on_a_page_of_its_own_is_told_by_its_rule() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 9)
        canvas.drawString(60, 790, "BULLETIN DU 3 MAI")
        canvas.drawString(510, 790, "112")
        canvas.line(60, 784, 530, 784)
        justify(canvas, column("LA", 20, 470), 60, 740, 470)

    pages, lines, _ = drawn(draw)
    roles = {pages[0].text[line.start : line.end]: line.role for line in lines}
    assert roles["BULLETIN DU 3 MAI"] == "header" and roles["112"] == "page_number"


@pytest.mark.parametrize("title", ["JOURNAL OFFICIEL", "Plan pour demain"])
def test_a_masthead_is_a_gazettes(title: str) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica-Bold", 30)
        canvas.drawString(120, 760, title)
        canvas.setFont("Helvetica", 10)
        canvas.drawString(60, 722, "N° 14")
        canvas.drawString(460, 722, "3 mai 2021")
        canvas.line(60, 715, 530, 715)
        justify(canvas, column("LA", 20, 470), 60, 680, 470)

    _, lines, _ = drawn(draw)
    role = "masthead" if title.startswith("JOURNAL") else "body"
    assert lines[0].role == role


def test_words_broken_at_line_and_column_ends_are_joined() -> None:
    left = [*column("LA", 20, 230)[:-1], "la commune garde le dossier de la per-"]
    right = ["sonne qui a fait la demande pendant trois ans", *column("RB", 20, 230)[1:]]

    def draw(canvas: Canvas) -> None:
        justify(canvas, [*left, ""], 60, 740, 230)
        justify(canvas, right, 304, 740, 230)

    pages, lines, _ = drawn(draw)
    assert "de la personne qui" in pages[0].text
    ends = [line for line in lines if pages[0].text[line.start : line.end].endswith("de la per")]
    start = next(line for line in lines if pages[0].text[line.start : line.end].startswith("sonne"))
    assert ends[0].end == start.start and ends[0].block == start.block and ends[0].region != start.region


def test_superscripts_join_their_word() -> None:
    def draw(canvas: Canvas) -> None:
        layer = canvas.beginText(60, 700)
        layer.setFont("Helvetica", 11)
        layer.textOut("Article 1")
        layer.setRise(4)
        layer.setFont("Helvetica", 7)
        layer.textOut("er")
        layer.setRise(0)
        layer.setFont("Helvetica", 11)
        layer.textOut(" de la loi")
        canvas.drawText(layer)

    assert drawn(draw)[0][0].text == "Article 1er de la loi"


def test_letter_spaced_headings_are_closed(tmp_path: Path) -> None:
    pages, _, _ = read(letter_spaced_pdf(tmp_path / "l.pdf", "Artikel een", ["De gemeente antwoordt schriftelijk."]))
    assert pages[0].text.startswith("Artikel een\n")


def test_control_characters_are_dropped(tmp_path: Path) -> None:
    pages, _, _ = read(control_characters_pdf(tmp_path / "c.pdf"))
    assert not any(ord(char) < 32 and char != "\n" for char in pages[0].text)
    assert "The appeal is" in pages[0].text


def test_greek_read_as_latin_is_repaired(tmp_path: Path) -> None:
    line = "Η αίτηση υποβάλλεται ηλεκτρονικά στην υπηρεσία του δήμου."
    pages, _, _ = read(mojibake_pdf(tmp_path / "m.pdf", [line, line]))
    assert line in pages[0].text and pages[0].text_source == "text"


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_rotated_pages_read_upright(tmp_path: Path, rotation: int) -> None:
    pages, lines, _ = read(
        rotated_pdf(tmp_path / "r.pdf", ["Erste Zeile des Textes.", "Zweite Zeile des Textes."], rotation)
    )
    assert pages[0].text == "Erste Zeile des Textes.\nZweite Zeile des Textes." or " Zweite" in pages[0].text
    assert pages[0].rotation == rotation and {line.angle for line in lines} == {0}


def test_text_turned_on_its_page_is_read_and_boxed_where_it_stands() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.translate(300, 100)
        canvas.rotate(90)
        for n in range(6):
            canvas.drawString(0, -n * 14, f"Ligne {n} couchée sur le côté de la page")

    pages, lines, _ = drawn(draw)
    assert [w for w in pages[0].text.split() if w.isdigit()] == list("012345")
    assert {line.angle for line in lines} == {270}
    box = span_boxes(lines, 0, 5)[0]
    assert 280 < box[1] < box[3] < 310 and 842 - 310 < box[2] < box[4] <= 842 - 99


def test_a_watermark_is_furniture() -> None:
    def draw(canvas: Canvas) -> None:
        justify(canvas, column("LA", 30, 470), 60, 740, 470)
        canvas.setFont("Helvetica-Bold", 60)
        canvas.translate(150, 300)
        canvas.rotate(45)
        canvas.drawString(0, 0, "BROUILLON")

    found = drawn(draw)
    assert "BROUILLON" in found[0][0].text and "BROUILLON" not in body_of(found)


def test_a_barcodes_digits_are_furniture(tmp_path: Path) -> None:
    texts = [Text(60, 100 + 14 * n, line) for n, line in enumerate(column("AA", 10, 400))]
    texts += [Text(60, 700, "Address of the printer"), Text(300, 705, "*02000571801180008*", 28)]
    found = read(placed_pdf(tmp_path / "b.pdf", [texts]))
    assert "0200" in found[0][0].text and "0200" not in body_of(found) and "printer" in body_of(found)


def test_the_jewel_of_a_dividing_line_is_furniture() -> None:
    def draw(canvas: Canvas) -> None:
        justify(canvas, column("AA", 8, 400), 60, 740, 400)
        canvas.line(150, 622, 350, 622)
        canvas.drawString(246, 619, "X")
        justify(canvas, column("BB", 8, 400), 60, 590, 400)

    found = drawn(draw)
    assert "X" not in body_of(found).split() and "X" in found[0][0].text.split()


def test_what_nobody_sees_is_not_read(tmp_path: Path) -> None:
    pages, _, _ = read(cropped_pdf(tmp_path / "c.pdf", ["On lit ceci."], "On ne lit pas cela."))
    assert pages[0].text == "On lit ceci."

    def draw(canvas: Canvas) -> None:
        canvas.drawString(60, 700, "Visible text")
        layer = canvas.beginText(60, 650)
        layer.setTextRenderMode(3)
        layer.textLine("Invisible text")
        canvas.drawText(layer)

    assert drawn(draw)[0][0].text == "Visible text"


def test_an_ocr_layer_over_a_scan_is_read(tmp_path: Path) -> None:
    lines = ["La commune répond à la demande dans le mois.", "La réponse est écrite et gratuite."]
    pages, _, _ = read(invisible_layer_pdf(tmp_path / "o.pdf", lines, lines))
    assert lines[0] in pages[0].text and pages[0].status == "ok"


def test_a_failed_page_keeps_its_number_and_has_an_issue(tmp_path: Path) -> None:
    pages, lines, issues = read(broken_page_pdf(tmp_path / "b.pdf", pages=3, broken=2))
    assert [page.status for page in pages] == ["ok", "failed", "ok"]
    assert [(issue.page, issue.category) for issue in issues] == [(2, "broken")]
    assert issues[0].next_step and {line.page for line in lines} == {1, 3}


def test_a_blank_page_is_no_failure(tmp_path: Path) -> None:
    pages, lines, issues = read(write_pdf(tmp_path / "w.pdf", [["Une page."], []]))
    assert (pages[1].status, pages[1].text, pages[1].text_source) == ("ok", "", "none")
    assert not issues and {line.page for line in lines} == {1}


def test_a_scan_fails_with_a_next_step_where_ocr_is_off_or_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = scan_pdf(tmp_path / "s.pdf", [["Une page lue par une machine."]])
    pages, _, issues = read(scan)
    assert (pages[0].status, pages[0].text_source, pages[0].text) == ("failed", "none", "")
    assert "ocr.enabled" in issues[0].next_step and issues[0].category == "ocr"

    def missing(*_: object, **__: object) -> None:
        raise OcrError("Tesseract is missing.", "install it")

    monkeypatch.setattr(ocr, "read_image", missing)
    pages, _, issues = read_pages(SOURCE, scan.read_bytes(), load_config())
    assert pages[0].status == "failed" and issues[0].next_step == "install it"


def test_a_scan_is_read_by_ocr_in_the_countrys_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def pretend(image: object, languages: Sequence[str], **_: object) -> ocr.OcrPage:
        asked.append(tuple(languages))
        words = [
            ocr.OcrWord(
                word, 150.0 + 120 * n, 300.0 + 40 * line, 250.0 + 120 * n, 330.0 + 40 * line, 0.9, 1, 1, line + 1
            )
            for line, text in enumerate(("le guichet répond", "dans le mois"))
            for n, word in enumerate(text.split())
        ]
        return ocr.OcrPage(tuple(words), 0.9, 0.0, 0, 0, tuple(languages))

    monkeypatch.setattr(ocr, "read_image", pretend)
    scan = scan_pdf(tmp_path / "s.pdf", [["Une page lue par une machine."]])
    pages, lines, issues = read_pages(SOURCE, scan.read_bytes(), load_config())
    assert asked == [("fr",)] and not issues
    assert pages[0].text == "le guichet répond dans le mois" or pages[0].text == "le guichet répond\ndans le mois"
    assert (pages[0].text_source, pages[0].ocr_confidence, pages[0].status) == ("ocr", 0.9, "ok")
    assert lines[0].x0 == pytest.approx(150 * 72 / 200, abs=0.5)


PRINTABLE = st.text(st.characters(codec="cp1252", exclude_categories=("Cc", "Cf")), min_size=1, max_size=40)


@settings(max_examples=40, deadline=None)
@given(st.lists(PRINTABLE, min_size=1, max_size=8), st.sampled_from([0, 90, 180]), st.integers(1, 2))
def test_every_character_has_its_place_on_the_page(strings: list[str], turn: int, columns: int) -> None:
    def draw(canvas: Canvas) -> None:
        if turn:
            canvas.translate(300, 400)
            canvas.rotate(turn)
        for c in range(columns):
            for n, string in enumerate(strings):
                canvas.drawString(60 + 260 * c, 700 - 15 * n, string)

    pages, lines, _ = drawn(draw)
    page = pages[0]
    covered = set()
    before = 0
    for line in lines:
        assert before <= line.start <= line.end <= len(page.text)
        before = line.end
        assert len(line.edges) == line.end - line.start + 1
        assert list(line.edges) == sorted(line.edges)
        assert 0 <= line.x0 <= line.x1 <= page.width and 0 <= line.y0 <= line.y1 <= page.height
        assert all(0 <= edge <= page.width for edge in line.edges)
        covered.update(range(line.start, line.end))
        for k in range(line.start, line.end):
            assert len(span_boxes([line], k, k + 1)) == 1
    assert all(page.text[k] in " \n|" for k in range(len(page.text)) if k not in covered)


def test_the_same_bytes_are_read_the_same_way(tmp_path: Path) -> None:
    path = ruled_table_pdf(tmp_path / "t.pdf", [["a", "b"], ["c", "d"]], before="Avant.")
    assert read(path) == read(path)
