"""Setting type for the sample corpus: hyphenation, justified lines, columns, footnotes. Used by make_corpus.py alone.

Text carries three marks: **bold**, ^{superscript} and ~ for a no-break space; the spaces of French punctuation never
break. Coordinates are PDF points, origin at the
bottom left, as reportlab has them. Nothing here depends on time, locale or the order of a set: same text, same bytes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

FONT_FOLDER = Path("/usr/share/fonts/truetype/dejavu")
FONTS = ("DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSans", "DejaVuSans-Bold")

_VOWELS = frozenset("aeiouyαειουηω")
_ONSETS = frozenset(
    re.findall(
        r"\w+",
        "ch ph th gn qu br cr dr fr gr pr tr vr wr bl cl fl gl pl kl kr kn sch schr schl schw str sp st sk sl sn sw zw "
        "μπ ντ γκ τσ τζ στ στρ σκ σπ σφ σχ σμ κτ πτ χτ φτ χθ φθ κρ κλ πρ πλ τρ βρ βλ γρ γλ δρ θρ φρ φλ χρ χλ γν μν πν "
        "κν θν",
    )
)


def fonts_installed() -> bool:
    return all((FONT_FOLDER / f"{name}.ttf").is_file() for name in FONTS)


def register_fonts() -> None:
    """Register the four faces. Raises FileNotFoundError that names the Debian package."""
    for name in FONTS:
        file = FONT_FOLDER / f"{name}.ttf"
        if not file.is_file():
            raise FileNotFoundError(f"{file} is missing: sudo apt-get install fonts-dejavu-core")
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, str(file)))


# ------------------------------------------------------------------------------------------------- hyphenation


def _bare(letter: str) -> str:
    return unicodedata.normalize("NFD", letter.lower())[0].replace("ς", "σ")


def syllable_breaks(word: str) -> list[int]:
    """Where `word` may be broken: before a consonant group's longest possible onset; never within 3 letters of an end.

    A rule of thumb that serves the seven languages; a few breaks would make a proof-reader frown, as in real gazettes.
    """
    letters = [_bare(c) for c in word]
    core = [i for i, c in enumerate(word) if c.isalpha()]
    if len(core) < 8 or core != list(range(core[0], core[-1] + 1)) or sum(c.isupper() for c in word) > 1:
        return []
    vowels = [i in core and (c in _VOWELS or (c == "j" and letters[i - 1] == "i")) for i, c in enumerate(letters)]
    breaks, i = [], core[0]
    while i <= core[-1]:
        if vowels[i]:
            end = i + 1
            while end <= core[-1] and not vowels[end]:
                end += 1
            group = "".join(letters[i + 1 : end])
            if group and end <= core[-1]:
                onset = next(n for n in range(len(group)) if n == len(group) - 1 or group[n:] in _ONSETS)
                breaks.append(i + 1 + onset)
            i = end
        else:
            i += 1
    return [b for b in breaks if b - core[0] >= 3 and core[-1] + 1 - b >= 3]


# ------------------------------------------------------------------------------------------------------ lines


@dataclass(frozen=True, slots=True)
class Style:
    """How a paragraph is set. `align` is justify, left, centre or right; sizes and indents in points."""

    size: float = 8.5
    leading: float = 11.5
    family: str = "DejaVuSerif"
    bold: bool = False
    align: str = "justify"
    indent: float = 0.0
    first: float = 0.0
    before: float = 0.0
    after: float = 4.0
    keep: bool = False
    """Keep with what follows: a heading never ends a column."""
    hyphen: str = "-"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters of one word in one font; `rise` is 1 for a superscript."""

    text: str
    font: str
    size: float
    rise: int = 0

    @property
    def width(self) -> float:
        return float(pdfmetrics.stringWidth(self.text, self.font, self.size))


Word = list[Piece]
Line = list[Word]
_MARK = re.compile(r"(\*\*|\^\{[^}]*\})")


def to_words(text: str, style: Style) -> list[Word]:
    words: list[Word] = [[]]
    text = re.sub(r"(?<=«) | (?=[:;!?»%])", "~", text)
    bold = style.bold
    for part in _MARK.split(text):
        if part == "**":
            bold = not bold
        elif part.startswith("^{"):
            words[-1].append(Piece(part[2:-1], _face(style, bold), style.size * 0.62, 1))
        else:
            for n, chunk in enumerate(re.split(r"[ \n]+", part)):
                if n:
                    words.append([])
                if chunk:
                    words[-1].append(Piece(chunk.replace("~", "\u00a0"), _face(style, bold), style.size))
    return [word for word in words if word]


def _face(style: Style, bold: bool) -> str:
    return f"{style.family}-Bold" if bold else style.family


def width_of(word: Word) -> float:
    return sum(piece.width for piece in word)


def _split(word: Word, room: float, hyphen: str) -> tuple[Word, Word] | None:
    """The longest part of a word that fits into `room`, and the rest; at a printed hyphen or at a syllable."""
    if len(word) != 1:
        return None
    piece = word[0]
    own = [(m.end(), "") for m in re.finditer(r"(?<=\w\w)[-/](?=\w\w)", piece.text)]
    options = own + [(b, hyphen) for b in syllable_breaks(piece.text)]
    for at, mark in sorted(options, reverse=True):
        head = Piece(piece.text[:at] + mark, piece.font, piece.size)
        if head.width <= room:
            return [head], [Piece(piece.text[at:], piece.font, piece.size)]
    return None


def break_lines(text: str, width: float, style: Style) -> list[Line]:
    """Lines of words that fit into `width`, words broken where a line would stay loose otherwise."""
    lines: list[Line] = []
    line: Line = []
    used = 0.0
    space = pdfmetrics.stringWidth(" ", style.family, style.size)
    queue = to_words(text, style)[::-1]
    while queue:
        word = queue.pop()
        room = width - style.indent - (0 if lines else style.first)
        needed = width_of(word) + (space if line else 0)
        if used + needed <= room:
            line.append(word)
            used += needed
            continue
        parts = _split(word, room - used - (space if line else 0), style.hyphen) if style.align == "justify" else None
        if parts:
            line.append(parts[0])
            word = parts[1]
        lines.append(line)
        line, used = [], 0.0
        if len(queue) > 5000 or (not parts and not lines[-1]):
            raise ValueError(f"'{text[:40]}' does not fit into {width} points")
        queue.append(word)
    return [*lines, line] if line else lines


def draw_line(canvas: Canvas, line: Line, x: float, y: float, width: float, style: Style, last: bool) -> None:
    """Draw one line with its left margin at x; words end in a space character, as word processors write them."""
    space = pdfmetrics.stringWidth(" ", style.family, style.size)
    natural = sum(width_of(word) for word in line) + space * (len(line) - 1)
    gap = space
    if style.align == "justify" and not last and len(line) > 1 and natural > width * 0.72:
        gap = space + (width - natural) / (len(line) - 1)
    elif style.align == "centre":
        x += (width - natural) / 2
    elif style.align == "right":
        x += width - natural
    for n, word in enumerate(line):
        for k, piece in enumerate(word):
            canvas.setFont(piece.font, piece.size)
            end = " " if k == len(word) - 1 and n < len(line) - 1 else ""
            canvas.drawString(x, y + piece.rise * style.size * 0.34, piece.text + end)
            x += piece.width
        x += gap


# -------------------------------------------------------------------------------------------------- columns


@dataclass(slots=True)
class Flow:
    """Sets paragraphs into the columns of page after page; `furnish(canvas, number)` draws what all pages have."""

    canvas: Canvas
    columns: Sequence[tuple[float, float]]
    """(left edge, width) of each column."""
    top: float
    bottom: float
    furnish: Callable[[Canvas, int], None]
    rule: bool = False
    """A line between two columns."""
    page: int = 0
    column: int = 0
    y: float = 0.0
    start: float = 0.0
    floor: float = 0.0
    notes: list[tuple[list[Line], Style]] = field(default_factory=list)

    def new_page(self, top: float | None = None) -> None:
        if self.page:
            self._finish()
            self.canvas.showPage()
        self.page += 1
        self.column, self.start = 0, self.top if top is None else top
        self.y, self.floor = self.start, self.bottom
        self.furnish(self.canvas, self.page)

    def lower_top(self, points: float) -> None:
        """Full-width matter was drawn above the columns of this page."""
        self.start -= points
        self.y = self.start

    def _finish(self) -> None:
        self._draw_notes()
        if self.rule and len(self.columns) == 2:
            x = (sum(self.columns[0]) + self.columns[1][0]) / 2
            self.canvas.setLineWidth(0.4)
            self.canvas.line(x, self.start + 4, x, self.bottom - 2)

    def _draw_notes(self) -> None:
        if not self.notes:
            return
        x, width = self.columns[self.column]
        y = self.floor - 6
        self.canvas.setLineWidth(0.4)
        self.canvas.line(x, y + 2, x + 90, y + 2)
        for lines, style in self.notes:
            for n, line in enumerate(lines):
                y -= style.leading
                draw_line(self.canvas, line, x, y, width, style, n == len(lines) - 1)
        self.notes, self.floor = [], self.bottom

    def next_column(self) -> None:
        self._draw_notes()
        if self.column + 1 < len(self.columns):
            self.column += 1
            self.y, self.floor = self.start, self.bottom
        else:
            self.new_page()

    def need(self, points: float) -> None:
        """Begin the next column unless this one has `points` left."""
        if self.y - points < self.floor and self.y < self.start:
            self.next_column()

    def paragraph(self, text: str, style: Style, note: tuple[str, Style] | None = None, followers: int = 0) -> int:
        """Set a paragraph and return the page where it begins. `followers`: lines that must fit below a heading."""
        x, width = self.columns[self.column]
        lines = break_lines(text, width, style)
        least = len(lines) + followers if style.keep else min(2, len(lines))
        note_lines = break_lines(note[0], width, note[1]) if note else []
        note_height = len(note_lines) * note[1].leading + (0 if self.notes else 8) if note else 0.0
        gap = style.after + 4 if style.keep else 0.0
        self.need(style.before * (self.y < self.start) + least * style.leading + gap + note_height)
        if note:
            self.floor += note_height
            self.notes.append((note_lines, note[1]))
        if self.y < self.start:
            self.y -= style.before
        page = self.page
        for n, line in enumerate(lines):
            if self.y - style.leading < self.floor:
                self.next_column()
            x, width = self.columns[self.column]
            left = x + style.indent + (style.first if n == 0 else 0)
            self.y -= style.leading
            room = width - (left - x)
            draw_line(self.canvas, line, left, self.y, room, style, n == len(lines) - 1)
        self.y -= style.after
        return page

    def close(self) -> None:
        self._finish()
        self.canvas.showPage()
