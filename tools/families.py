"""Layout families of the sample corpus: page geometry, styles, running heads, mastheads.

Used by make_corpus.py alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reportlab.pdfgen.canvas import Canvas
from typeset import Style, break_lines, draw_line

A4 = (595.276, 841.89)
SERIF, SANS = "DejaVuSerif", "DejaVuSans"
Furnish = Callable[[Canvas, dict[str, Any], int], None]


@dataclass(frozen=True, slots=True)
class Family:
    """One layout. `first_top` is where text begins on page 1, below the masthead.

    Heights are counted from the page's bottom edge, in points.
    """

    styles: dict[str, Style]
    furnish: Furnish
    columns: Sequence[tuple[float, float]]
    size: tuple[float, float] = A4
    top: float = 780.0
    bottom: float = 60.0
    first_top: float | None = None
    rule: bool = False
    inline_articles: bool = False
    bilingual: bool = False
    slide: Callable[[Canvas, dict[str, Any], dict[str, Style]], None] = lambda canvas, slide, style: None


def _styles(base: Style, **changes: Style) -> dict[str, Style]:
    heading = replace(base, align="centre", bold=True, keep=True, before=8, after=4)
    styles = {
        "title": replace(heading, size=base.size + 2.5, leading=base.leading + 3.5, before=4, after=8),
        "act": replace(heading, before=14, after=6),
        "notice": replace(base, align="centre", size=base.size - 1, leading=base.leading - 1, after=8),
        "pre": base,
        "h1": heading,
        "h1_text": replace(heading, before=0, after=5),
        "h2": replace(heading, size=base.size - 0.3),
        "h2_text": replace(heading, size=base.size - 0.3, before=0, bold=False),
        "h3": replace(heading, bold=False),
        "art": replace(heading, before=7, after=3),
        "art_text": replace(heading, bold=True, before=0, after=3),
        "p": base,
        "pt": replace(base, indent=14, after=2),
        "quote": replace(base, indent=20, after=3),
        "sig": replace(base, align="right", before=6, after=6),
        "toc": replace(base, align="left", after=1),
        "cell": replace(base, align="left", size=base.size - 0.8, leading=base.leading - 1.2, after=0),
        "note": replace(base, size=base.size - 1.8, leading=base.leading - 2.4, after=0),
    }
    return {**styles, **changes}


def _head(canvas: Canvas, y: float, left: str = "", centre: str = "", right: str = "", **kind: Any) -> None:
    canvas.setFont(kind.get("font", SERIF), kind.get("size", 7.5))
    edge = kind.get("margin", 56.0)
    canvas.drawString(edge, y, left)
    canvas.drawCentredString(A4[0] / 2, y, centre)
    canvas.drawRightString(A4[0] - edge, y, right)
    if kind.get("rule", True):
        canvas.setLineWidth(0.5)
        canvas.line(edge, y - 4, A4[0] - edge, y - 4)


def _journal(canvas: Canvas, doc: dict[str, Any], page: int) -> None:
    head = doc["head"]
    _head(canvas, 806, head["left"], head["centre"], head["right"])
    canvas.setFont(SERIF, 7.5)
    canvas.drawCentredString(A4[0] / 2, 34, f"– {page} –")


def _moniteur(canvas: Canvas, doc: dict[str, Any], page: int) -> None:
    number = str(doc["first_page"] + page - 1)
    left, right = (number, "") if page % 2 else ("", number)
    _head(canvas, 806, left, doc["head"]["centre"], right, size=8, margin=50.0)
    if page == 1:
        y = 772.0
        for line in doc["masthead"]:
            canvas.setFont(f"{SERIF}-Bold", 12.5)
            canvas.drawCentredString(A4[0] / 2, y, line)
            y -= 17
        canvas.setLineWidth(1)
        canvas.line(A4[0] / 2 - 40, y + 4, A4[0] / 2 + 40, y + 4)
        canvas.setFont(SERIF, 7)
        for line in doc["notice_lines"]:
            canvas.drawCentredString(A4[0] / 2, y - 9, line)
            y -= 10


def _fek(canvas: Canvas, doc: dict[str, Any], page: int) -> None:
    head = doc["head"]
    number = str(doc["first_page"] + page - 1)
    if page > 1:
        sides = (number, head["issue"]) if page % 2 == 0 else (head["issue"], number)
        _head(canvas, 806, sides[0], head["centre"], sides[1], font=SANS, size=7)
        return
    canvas.setFont(SANS, 8)
    canvas.drawRightString(A4[0] - 56, 806, number)
    y = 768.0
    for line, size in zip(doc["masthead"], (24, 24, 12), strict=True):
        canvas.setFont(f"{SERIF}-Bold", size)
        canvas.drawCentredString(A4[0] / 2, y, line)
        y -= size + 5
    canvas.setFillGray(0.85)
    canvas.rect(56, y - 8, A4[0] - 112, 16, stroke=0, fill=1)
    canvas.setFillGray(0)
    canvas.setFont(f"{SANS}-Bold", 8)
    canvas.drawString(60, y - 3, head["date"])
    canvas.drawCentredString(A4[0] / 2, y - 3, head["part"])
    canvas.drawRightString(A4[0] - 60, y - 3, head["number"])
    canvas.setFont(SANS, 7)
    canvas.drawCentredString(A4[0] / 2, y - 22, doc["notice_line"])


def _memorial(canvas: Canvas, doc: dict[str, Any], page: int) -> None:
    canvas.setFont(SERIF, 8)
    canvas.drawCentredString(A4[0] / 2, 812, str(doc["first_page"] + page - 1))
    if page > 1:
        return
    canvas.setFont(f"{SERIF}-Bold", 22)
    canvas.drawString(60, 774, "MÉMORIAL")
    canvas.drawRightString(A4[0] - 60, 774, "MEMORIAL")
    for n, (left, right) in enumerate(doc["masthead"]):
        canvas.setFont(SERIF, 10)
        canvas.drawString(60, 756 - n * 13, left)
        canvas.drawRightString(A4[0] - 60, 756 - n * 13, right)
    canvas.setLineWidth(1.5)
    canvas.line(60, 712, A4[0] - 60, 712)
    canvas.setFont(f"{SERIF}-Bold", 11)
    canvas.drawCentredString(A4[0] / 2, 697, doc["head"]["part"])
    canvas.line(60, 690, A4[0] - 60, 690)
    canvas.setFont(f"{SERIF}-Bold", 9)
    canvas.drawString(60, 677, doc["head"]["number"])
    canvas.drawRightString(A4[0] - 60, 677, doc["head"]["date"])
    canvas.setLineWidth(0.5)
    canvas.line(60, 671, A4[0] - 60, 671)


def _monitor(canvas: Canvas, doc: dict[str, Any], page: int) -> None:
    if page == 1:
        canvas.setFont(f"{SERIF}-Bold", 30)
        canvas.drawCentredString(A4[0] / 2, 768, doc["masthead"][0])
        canvas.setFont(f"{SERIF}-Bold", 20)
        canvas.drawCentredString(A4[0] / 2, 740, doc["masthead"][1])
        canvas.setFont(SANS, 9)
        canvas.setLineWidth(0.8)
        canvas.line(48, 726, A4[0] - 48, 726)
        for x, text in zip((48.0, A4[0] / 2, A4[0] - 48), doc["masthead"][2:], strict=True):
            draw = (canvas.drawString, canvas.drawCentredString, canvas.drawRightString)
            draw[0 if x < 100 else 1 if x < 400 else 2](x, 713, text)
        canvas.line(48, 706, A4[0] - 48, 706)
        return
    number = str(doc["first_page"] + page - 1)
    sides = (number, "") if page % 2 == 0 else ("", number)
    _head(canvas, 806, sides[0], doc["head"]["centre"], sides[1], font=SANS, size=7.5, margin=48.0)


def _plan(canvas: Canvas, doc: dict[str, Any], page: int) -> None:
    red, green, blue = doc.get("colour", (0.1, 0.25, 0.5))
    canvas.setFillColorRGB(red, green, blue)
    if page == 1:
        canvas.rect(0, 716, A4[0], 126, stroke=0, fill=1)
        canvas.setFillGray(1)
        style = Style(size=19, leading=25, family=SANS, bold=True, align="left")
        y = 790.0
        for line in break_lines(doc["cover"]["title"], 475, style):
            draw_line(canvas, line, 60, y, 475, style, last=True)
            y -= style.leading
        canvas.setFont(SANS, 10)
        canvas.drawString(60, y, doc["cover"]["subtitle"])
        canvas.setFillGray(0)
    else:
        canvas.rect(0, 826, A4[0], 16, stroke=0, fill=1)
        canvas.setFillGray(0)
        canvas.setFont(SANS, 7.5)
        canvas.drawString(60, 808, doc["head"]["left"])
    canvas.setFont(SANS, 7.5)
    canvas.drawString(60, 34, doc["head"]["foot"])
    canvas.drawRightString(A4[0] - 60, 34, str(page))


def _report(canvas: Canvas, doc: dict[str, Any], page: int) -> None:
    if page > 1:
        _head(canvas, 806, doc["head"]["left"], "", doc["head"]["right"], size=7.5, margin=70.0)
    canvas.setFont(SERIF, 7.5)
    canvas.drawCentredString(A4[0] / 2, 36, doc["head"]["page"].format(page))


def _letter(canvas: Canvas, doc: dict[str, Any], page: int) -> None:
    canvas.setFont(f"{SERIF}-Bold", 9)
    if page == 1:
        for n, line in enumerate(doc["masthead"]):
            canvas.drawString(64, 790 - n * 13, line)
        canvas.setFont(SERIF, 9)
        canvas.drawRightString(A4[0] - 64, 790, doc["head"]["date"])
    canvas.setFont(SERIF, 8)
    canvas.drawCentredString(A4[0] / 2, 36, f"{page}/{doc['n_pages']}")


WIDE = (842.0, 474.0)


def _deck(canvas: Canvas, doc: dict[str, Any], page: int) -> None:
    canvas.setFillColorRGB(*doc.get("colour", (0.0, 0.36, 0.45)))
    canvas.rect(0, 0, 842, 22, stroke=0, fill=1)
    canvas.setFillGray(1)
    canvas.setFont(SANS, 8)
    canvas.drawString(30, 7, doc["head"]["foot"])
    canvas.drawRightString(812, 7, str(page))
    canvas.setFillGray(0)


def _slide(canvas: Canvas, slide: dict[str, Any], styles: dict[str, Style]) -> None:
    """A slide: a title, then boxes in rows of `per_row`, each with a heading and lines of its own."""
    y = 474 - 58.0
    for line in break_lines(slide["title"], 780, styles["title"]):
        draw_line(canvas, line, 30, y, 780, styles["title"], last=True)
        y -= styles["title"].leading
    if "notice" in slide:
        canvas.setFont(SANS, 10)
        canvas.drawString(30, y, slide["notice"])
        y -= 20
    per_row = slide.get("per_row", 2)
    rows = -(-len(slide["boxes"]) // per_row)
    width = (782 - (per_row - 1) * 14) / per_row
    height = (y - 34 - (rows - 1) * 12) / rows if rows else 0
    for n, box in enumerate(slide["boxes"]):
        left = 30 + (n % per_row) * (width + 14)
        top = y - (n // per_row) * (height + 12)
        canvas.setFillGray(0.94)
        canvas.rect(left, top - height, width, height, stroke=0, fill=1)
        canvas.setFillGray(0)
        line_y = top - 18
        for text, style in [(box["heading"], styles["h1"]), *((line, styles["p"]) for line in box["lines"])]:
            for line in break_lines(text, width - 24, style):
                draw_line(canvas, line, left + 12, line_y, width - 24, style, last=True)
                line_y -= style.leading
            line_y -= style.after
        if line_y < top - height - 6:
            raise ValueError(f"box '{box['heading']}' is too full")


_SERIF = Style(size=9.6, leading=13.8, after=5)
_WIDE_SET = Style(size=10.2, leading=15.6, after=6)
_SMALL = Style(size=8.4, leading=11, after=4)
_MONITEUR = Style(size=9, leading=12.6, after=6)
_BODY_SANS = Style(size=10.6, leading=16.4, family=SANS, align="justify", after=8)

FAMILIES: dict[str, Family] = {
    "law": Family(_styles(_WIDE_SET), _journal, [(76.0, 443.0)], top=776, bottom=70),
    "bilingual": Family(
        _styles(_MONITEUR, h1=replace(_MONITEUR, align="centre", keep=True, before=6, after=5)),
        _moniteur,
        [(54.0, 238.0), (303.0, 238.0)],
        top=780,
        first_top=706,
        bottom=100,
        rule=True,
        bilingual=True,
    ),
    "gazette": Family(
        _styles(replace(_SMALL, family=SANS, size=9.2, leading=13, after=6)),
        _fek,
        [(56.0, 234.0), (305.0, 234.0)],
        top=790,
        first_top=650,
        bottom=84,
        rule=True,
    ),
    "memorial": Family(
        _styles(_SERIF, h1=replace(_SERIF, align="centre", bold=True, keep=True, before=8, after=5)),
        _memorial,
        [(60.0, 475.0)],
        top=790,
        first_top=656,
        bottom=52,
        inline_articles=True,
    ),
    "monitor": Family(
        _styles(replace(_SMALL, size=9.4, leading=13.2, after=6)),
        _monitor,
        [(48.0, 244.0), (303.0, 244.0)],
        top=788,
        first_top=690,
        bottom=96,
    ),
    "decree": Family(_styles(_SERIF), _journal, [(70.0, 455.0)], top=778, bottom=60, inline_articles=True),
    "plan": Family(
        _styles(
            _BODY_SANS,
            h1=replace(_BODY_SANS, size=13.5, leading=19, bold=True, align="left", keep=True, before=10, after=5),
            h2=replace(_BODY_SANS, size=10.5, leading=14, bold=True, align="left", keep=True, before=7, after=4),
            art=replace(_BODY_SANS, leading=15, bold=True, align="left", keep=True, before=7, after=3),
            pt=replace(_BODY_SANS, indent=14, align="left", after=2),
        ),
        _plan,
        [(66.0, 463.0)],
        top=784,
        first_top=694,
        bottom=72,
    ),
    "report": Family(
        _styles(
            replace(_SERIF, size=10.2, leading=15, after=7),
            h1=replace(_SERIF, size=12, leading=16, bold=True, align="left", keep=True, before=10, after=6),
            h2=replace(_SERIF, size=10, leading=14, bold=True, align="left", keep=True, before=8, after=4),
            art=replace(_SERIF, size=9.5, leading=13, bold=True, align="left", keep=True, before=7, after=3),
        ),
        _report,
        [(70.0, 455.0)],
        top=778,
        bottom=70,
    ),
    "letter": Family(
        _styles(
            replace(_SERIF, size=11.5, leading=17, after=8),
            h1=replace(_SERIF, size=12, leading=17, bold=True, align="left", keep=True, before=8, after=6),
        ),
        _letter,
        [(64.0, 467.0)],
        top=786,
        first_top=716,
        bottom=62,
    ),
    "slides": Family(
        _styles(
            Style(size=13.5, leading=18.5, family=SANS, align="left", after=6),
            title=Style(size=22, leading=28, family=SANS, bold=True, align="left"),
            h1=Style(size=16, leading=21, family=SANS, bold=True, align="left", after=5),
        ),
        _deck,
        [(30.0, 782.0)],
        size=WIDE,
        top=440,
        bottom=30,
        slide=_slide,
    ),
}
