"""What figures are drawn with: a sheet that grows downwards, its fonts and symbols, and how it becomes SVG and PNG.

One width, one font, one way to tell numbers: what matters is printed, colour only helps. The font is the one that the
renderer brings along, so that pictures are the same everywhere and show Greek. SVG is written here rather than by a
charting library: every figure is a table of boxes, and nothing but escaped text can get into it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from ..records import CellStatus
from .common import printable
from .palette import INK, QUIET, RULE, shade

WIDTH = 624
"""Pixels at 96 to the inch; with the margins 169 mm, the text of an A4 page."""
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""Three fonts of the same widths; the first is in the renderer."""
PNG_SCALE = 3
"""Pixels of the PNG per pixel of the figure: 288 to the inch."""
TITLE, TEXT, SMALL = 15.0, 11.0, 10.0
"""Sizes of letters in pixels."""
LEADING = 1.25
MARGIN = 8
LABELS = 190.0
"""Pixels left of a table for the names of its rows."""
ROW = 29.0
"""Height of a row whose name takes up to two lines."""
_LOW_ROW = 21.0
_NAME_LINE = 1.15 * TEXT
_MAX_COLUMNS = 8
"""More columns than this stand in several tables, one below the other."""
_NARROW, _WIDE = set("fijlrtI.,:;'’|!()[]-/ ιί·"), set("mwMW@%ωΩ—…Φ")
_RING = "M0,-1A1,1,0,1,1,0,1A1,1,0,1,1,0,-1Z"
SHAPES: Mapping[CellStatus, str] = {
    "binding": _RING,
    "enabled": f"{_RING}M0,-0.7L0,0.7A0.7,0.7,0,0,0,0,-0.7Z",
    "committed": "M0,-1L1,0.9L-1,0.9Z",
    "described": f"{_RING}M0,-0.7A0.7,0.7,0,1,0,0,0.7A0.7,0.7,0,1,0,0,-0.7Z",
    "not_found": "M-0.9,-0.16L0.9,-0.16L0.9,0.16L-0.9,0.16Z",
    "not_searched": (
        "M-0.9,-0.64L-0.64,-0.9L0,-0.26L0.64,-0.9L0.9,-0.64L0.26,0L0.9,0.64L0.64,0.9L0,0.26L-0.64,0.9L-0.9,0.64L-0.26,0Z"
    ),
}
"""The symbols of common.SYMBOLS as outlines of radius 1: not every font has them."""


def text_width(text: str, size: float, bold: bool = False) -> float:
    """About the pixels that the text takes in the font: by kinds of letters, without reading the font."""
    units = sum(0.31 if c in _NARROW else 0.9 if c in _WIDE else 0.69 if c.isupper() else 0.54 for c in text)
    return units * size * (1.07 if bold else 1.0)


def _words(text: str) -> list[str]:
    """Words, the spaces between them, and the parts of a word after a hyphen ('BE-DG' and '2025-2027' stay whole)."""
    return [part for part in re.split(r"(\s+)|(?<=[^\W\d_A-Z]-)(?=[^\W\d_])", text) if part]


def wrap(text: str, pixels: float, size: float, lines: int = 3, bold: bool = False) -> list[str]:
    """The text on as many lines as it needs within `pixels`, at most `lines`; what doesn't fit is cut and marked.

    A word is broken after a hyphen, elsewhere only where it alone is wider than a line.
    """

    def fits(row: str) -> bool:
        return text_width(row.rstrip(), size, bold) <= pixels

    rows = [""]
    for word in _words(" ".join(printable(text).split())):
        rest = word if rows[-1] and fits(rows[-1] + word) else word.lstrip()
        if rows[-1] and not fits(rows[-1] + word):
            rows.append("")
        while len(rest) > 1 and not fits(rest):
            n = next(n for n in range(1, len(rest)) if not fits(rest[: n + 1]))
            rows[-1:] = [rest[:n], ""]
            rest = rest[n:]
        rows[-1] += rest
    rows = [row.rstrip() for row in rows]
    if len(rows) > lines:
        last = rows[lines - 1]
        while last and not fits(f"{last}…"):
            last = last.rpartition(" ")[0] or last[:-1]
        rows = [*rows[: lines - 1], f"{last}…"]
    return rows


class Sheet:
    """A drawing of fixed width; `y` is how far down it is drawn on. Coordinates are pixels from the top left."""

    def __init__(self) -> None:
        self.y = 8.0
        self._parts: list[str] = []

    def box(self, x: float, y: float, width: float, height: float, fill: str, stroke: str = "") -> None:
        edge = f' stroke="{stroke}"' if stroke else ""
        self._parts.append(
            f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}" fill="{fill}"{edge}/>'
        )

    def rule(self, x: float, y: float, to_x: float, to_y: float, colour: str) -> None:
        self._parts.append(f'<path d="M{x:.2f},{y:.2f}L{to_x:.2f},{to_y:.2f}" stroke="{colour}" fill="none"/>')

    def symbol(self, status: CellStatus, x: float, y: float, colour: str, radius: float = 5.0) -> None:
        """A status's symbol around (x, y)."""
        place = f"translate({x:.2f},{y:.2f}) scale({radius})"
        self._parts.append(f'<path d="{SHAPES[status]}" transform="{place}" fill="{colour}" fill-rule="evenodd"/>')

    def write(
        self,
        x: float,
        y: float,
        lines: Sequence[str] | str,
        size: float = TEXT,
        colour: str = INK,
        anchor: str = "start",
        bold: bool = False,
    ) -> float:
        """Lines of text, the middle of the first at y; returns the y below the last."""
        rows = [lines] if isinstance(lines, str) else lines
        weight = ' font-weight="bold"' if bold else ""
        for row in rows:
            self._parts.append(
                f'<text x="{x:.2f}" y="{y + 0.35 * size:.2f}" font-size="{size:g}" fill="{colour}"'
                f' text-anchor="{anchor}"{weight}>{escape(printable(row))}</text>'
            )
            y += LEADING * size
        return y

    def heading(self, title: str, remark: str) -> None:
        """What is shown, and below it from which corpus."""
        self.y = self.write(0, self.y + 4, wrap(title, WIDTH, TITLE, bold=True), TITLE, bold=True) + 1
        self.y = self.write(0, self.y, wrap(remark, WIDTH, SMALL, 6), SMALL, QUIET) + 8

    def svg(self, name: str, title: str, description: str, language: str) -> str:
        """The drawing as one SVG document that tells assistive technology its title and description."""
        title, description = printable(title), printable(description)
        width, height = WIDTH + 2 * MARGIN, round(self.y + MARGIN)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" lang={quoteattr(language)}'
            f' aria-labelledby="{name}-title {name}-desc" width="{width}" height="{height}"'
            f' viewBox="{-MARGIN} 0 {width} {height}" font-family={quoteattr(FONT)}>'
            f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>'
            f'<rect x="{-MARGIN}" width="{width}" height="{height}" fill="#FFFFFF"/>{"".join(self._parts)}</svg>\n'
        )


# Tables of boxes


def _head_width(names: Iterable[str], size: float) -> float:
    """The width of a column in which no word of these names is broken."""
    return 4 + max((text_width(word, size, bold=True) for name in names for word in _words(name)), default=0.0)


def _head_size(names: Iterable[str], width: float) -> float:
    """The size of the columns' names: smaller letters rather than a word that sticks out."""
    return TEXT if _head_width(names, TEXT) <= width else SMALL


def parts(columns: Mapping[str, str]) -> list[Sequence[str]]:
    """The columns (key -> name) in as few tables as hold them and their names, of about the same number."""
    keys = tuple(columns)
    if not keys:
        return []
    most = max(1, min(_MAX_COLUMNS, int((WIDTH - LABELS) / _head_width(columns.values(), SMALL))))
    each = -(-len(keys) // -(-len(keys) // most))
    return [keys[at : at + each] for at in range(0, len(keys), each)]


def column_width(columns: Sequence[str]) -> float:
    return min(116.0, (WIDTH - LABELS) / len(columns))


def write_head(sheet: Sheet, names: Sequence[str], width: float, heading: str = "") -> None:
    """The columns' names above them, and what the rows are."""
    size = _head_size(names, width)
    wrapped = [wrap(name, width - 4, size, 4, bold=True) for name in names]
    most = max(len(lines) for lines in wrapped)
    line = LEADING * size
    for index, lines in enumerate(wrapped):
        top = sheet.y + 6 + (most - len(lines)) * line
        sheet.write(LABELS + (index + 0.5) * width, top, lines, size, anchor="middle", bold=True)
    sheet.write(LABELS - 6, sheet.y + 6 + (most - 1) * line, heading, anchor="end", bold=True)
    sheet.y += most * line + 4


def write_row_name(sheet: Sheet, name: str, least: float = ROW) -> float:
    """The row's name left of it, on up to three lines; returns the row's height, at least `least`."""
    lines = wrap(name, LABELS - 8, TEXT)
    height = max(least, len(lines) * _NAME_LINE + 3)
    for index, text in enumerate(lines):
        sheet.write(LABELS - 6, sheet.y + height / 2 + (index - (len(lines) - 1) / 2) * _NAME_LINE, text, anchor="end")
    return height


def write_legend(sheet: Sheet, entries: Sequence[tuple[str, str, CellStatus | None, str]]) -> None:
    """Fill, ink, symbol or None, and name of each, on as many lines as they need."""
    x = 0.0
    sheet.y += 12
    for fill, ink, status, name in entries:
        width = 29 + text_width(name, TEXT) + 8
        if x and x + width > WIDTH:
            x, sheet.y = 0.0, sheet.y + 22
        sheet.box(x, sheet.y, 24, 16, fill, RULE)
        if status:
            sheet.symbol(status, x + 12, sheet.y + 8, ink)
        sheet.write(x + 29, sheet.y + 8, name)
        x += width
    sheet.y += 22


def count_table(
    sheet: Sheet,
    heading: str,
    columns: Mapping[str, str],
    rows: Mapping[str, str],
    counts: Mapping[tuple[str, str], int],
    marks: Mapping[str, str] | None = None,
) -> None:
    """Numbers by (row, column) in boxes that are darker the larger they are. `marks`: a colour beside each row.

    `columns` and `rows` are key -> name.
    """
    most = max(counts.values(), default=0)
    for keys in parts(columns):
        width = column_width(keys)
        write_head(sheet, [columns[key] for key in keys], width, heading)
        for row, name in rows.items():
            height = write_row_name(sheet, name, _LOW_ROW)
            for index, key in enumerate(keys):
                n = counts.get((row, key), 0)
                fill, ink = shade(n, most)
                x = LABELS + index * width
                sheet.box(x + 1, sheet.y + 1, width - 2, height - 2, fill, "" if n else RULE)
                sheet.write(x + width / 2, sheet.y + height / 2, str(n), colour=ink, anchor="middle")
            if marks:
                sheet.box(LABELS - 3, sheet.y + 1, 3, height - 2, marks[row])
            sheet.y += height
        sheet.y += 10


# Files


def to_png(svg: str, title: str, description: str, language: str) -> bytes:
    """The SVG as a PNG of at most 256 colours with its title and description inside (iTXt)."""
    import vl_convert
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    for key, text in (("Title", title), ("Description", description)):
        texts.add_itxt(key, printable(text), lang=language)
    drawn = Image.open(io.BytesIO(vl_convert.svg_to_png(svg, scale=PNG_SCALE, ppi=72)))
    written = io.BytesIO()
    # Without dithering flat colours stay flat; what is lost is some shades of the letters' edges.
    flat = drawn.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    flat.save(written, "PNG", dpi=(96 * PNG_SCALE, 96 * PNG_SCALE), pnginfo=texts)
    return written.getvalue()
