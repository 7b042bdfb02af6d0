"""Reading PDFs: the only module that knows pdfium and pdfplumber.

A page comes out as a `Sheet`: its characters in the order of the content stream, each with a box and a style, and the
rules, panels and images drawn on it. Coordinates are PDF points, origin at the top left of the page as shown
(rotation and crop box applied). pdfium is not thread-safe: one process each.

Characters are read in bulk: one call for the text of a page, one call a character for its box, and styles only where a
word begins or a box changes shape, because a call through ctypes costs as much as pdfium's own work.
"""

from __future__ import annotations

import ctypes
import io
import math
import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from .errors import BrokenError, EncryptedError, TooLargeError

if TYPE_CHECKING:
    from PIL.Image import Image

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

_MAX_OBJECTS = 20_000
"""Drawn objects looked at on one page: maps and charts have hundreds of thousands, tables a few hundred."""
_MAX_SEGMENTS = 4_000
_THIN = 2.5
"""A path no thicker than this, in points, is a rule."""


class PageError(Exception):
    """pdfium can't load or read one page; the document's other pages may be sound."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a run of characters is set. `angle`: 0, 90, 180 or 270 degrees clockwise as shown, -1 for any other."""

    font: str
    size: float
    bold: bool
    italic: bool
    visible: bool
    angle: int
    ascent: float
    """Of the font, in ems above the baseline; descent is negative. Both 0 where the font doesn't say."""
    descent: float


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """One page as drawn: n characters in stream order.

    `boxes` (n, 4) holds x0, y0, x1, y1 by advance width and font height; `style` (n,) indexes `styles`.
    `rules` (k, 4) are thin lines, `panels` filled or stroked rectangles, `images` pictures.
    """

    number: int
    width: float
    height: float
    rotation: int
    text: str
    boxes: Floats
    style: Ints
    styles: tuple[Style, ...]
    rules: Floats
    panels: Floats
    images: Floats


_Bindings = Any


class Pdf:
    """An open document. Use `open_pdf`; close by leaving its block."""

    def __init__(self, document: Any, raw: _Bindings) -> None:
        self._document = document
        self._raw = raw
        # the prototypes of the bindings check every argument; these take addresses as plain integers
        self._loose_box = _plain(raw.FPDFText_GetLooseCharBox, ctypes.c_int, ctypes.c_void_p)
        self._tight_box = raw.FPDFText_GetCharBox
        self._unicode = _plain(raw.FPDFText_GetUnicode, ctypes.c_int)
        self._text_object = _plain(raw.FPDFText_GetTextObject, ctypes.c_int, result=ctypes.c_void_p)

    def __len__(self) -> int:
        return len(self._document)

    def sheet(self, number: int) -> Sheet:
        """Page `number` (from 1) as drawn. Raises PageError."""
        raw = self._raw
        page = raw.FPDF_LoadPage(self._document.raw, number - 1)
        if not page:
            raise PageError(f"page {number} can't be loaded: it is damaged.")
        try:
            textpage = raw.FPDFText_LoadPage(page)
            if not textpage:
                raise PageError(f"the text of page {number} can't be loaded: it is damaged.")
            try:
                return self._read(number, page, textpage)
            finally:
                raw.FPDFText_ClosePage(textpage)
        finally:
            raw.FPDF_ClosePage(page)

    def render(self, number: int, dpi: int) -> Image:
        """Page `number` (from 1) as shown, RGB. Raises PageError."""
        import pypdfium2

        try:
            page = self._document[number - 1]
            image = page.render(scale=dpi / 72).to_pil().convert("RGB")
            page.close()
        except pypdfium2.PdfiumError as error:
            raise PageError(f"page {number} can't be drawn: {error}.") from error
        return cast("Image", image)

    def _read(self, number: int, page: Any, textpage: Any) -> Sheet:
        raw = self._raw
        frame = _frame(raw, page)
        text, boxes = self._characters(textpage)
        style, styles, uneven = self._styles(textpage, text, boxes, frame.rotation)
        for index in uneven:  # slanted or upright-running text: the advance box is degenerate, take the ink's
            boxes[index] = self._ink(textpage, index)
        rules, panels, images = self._drawn(page, frame)
        return Sheet(
            number, frame.width, frame.height, frame.rotation,
            text, frame.show(boxes), style, styles, rules, panels, images,
        )  # fmt: skip

    def _characters(self, textpage: Any) -> tuple[str, Floats]:
        raw = self._raw
        count = raw.FPDFText_CountChars(textpage)
        if count <= 0:
            return "", np.zeros((0, 4), np.float32)
        address = ctypes.cast(textpage, ctypes.c_void_p).value
        buffer = (ctypes.c_ushort * (count + 1))()
        written = raw.FPDFText_GetText(textpage, 0, count, buffer)
        text = bytes(buffer)[: 2 * count].decode("utf-16-le", "surrogatepass") if written == count + 1 else ""
        text = text.replace("\ufffe", "\x02")  # pdfium's mark for a hyphen at a line's end, one way or the other
        if len(text) != count or "\x00" in text:  # pdfium leaves out what has no code: ask one by one
            codes = map(self._unicode, repeat(address), range(count))
            text = "".join(chr(code) if code < 0x110000 else "\ufffd" for code in codes)
        rects = (raw.FS_RECTF * count)()
        base = ctypes.addressof(rects)
        deque(map(self._loose_box, repeat(address), range(count), range(base, base + 16 * count, 16)), maxlen=0)
        boxes = np.frombuffer(rects, np.float32).reshape(count, 4)  # left, top, right, bottom; y upwards
        return text, boxes[:, [0, 3, 2, 1]]

    def _ink(self, textpage: Any, index: int) -> tuple[float, float, float, float]:
        left, right, bottom, top = (ctypes.c_double() for _ in range(4))
        self._raw.FPDFText_GetCharBox(textpage, index, left, right, bottom, top)
        return left.value, bottom.value, right.value, top.value

    def _styles(
        self, textpage: Any, text: str, boxes: Floats, rotation: int
    ) -> tuple[Ints, tuple[Style, ...], list[int]]:
        """Style of each character, looked up where a word begins or the box changes height or baseline."""
        count = len(text)
        style = np.zeros(count, np.int32)
        if not count:
            return style, (), []
        height = boxes[:, 3] - boxes[:, 1]
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        blank = (points <= 32) | (points == 0xA0)
        starts = np.ones(count, bool)
        starts[1:] = blank[:-1] | (np.abs(np.diff(height)) > 0.05) | (np.abs(np.diff(boxes[:, 1])) > 0.05)
        starts &= ~blank
        at = np.flatnonzero(starts)
        address = ctypes.cast(textpage, ctypes.c_void_p).value
        found: dict[Style, int] = {}
        known: dict[int | None, int] = {}
        fonts: dict[int | None, tuple[str, bool, bool, float, float]] = {}
        numbers = np.zeros(len(at), np.int32)
        for k, index in enumerate(at.tolist()):
            pointer = self._text_object(address, index)
            if pointer not in known:
                made = self._style_at(textpage, index, pointer, rotation, fonts)
                known[pointer] = found.setdefault(made, len(found))
            numbers[k] = known[pointer]
        if len(at):
            spread = np.searchsorted(at, np.arange(count), side="right") - 1
            style = numbers[np.maximum(spread, 0)]
        styles = tuple(found) or (Style("", 0.0, False, False, True, 0, 0.0, 0.0),)
        turned = {k for k, made in enumerate(styles) if (made.angle - rotation) % 360 != 0 or made.angle < 0}
        uneven = [] if not turned else [int(i) for i in np.flatnonzero(np.isin(style, list(turned)) & ~blank)]
        return style, styles, uneven

    def _style_at(
        self, textpage: Any, index: int, pointer: int | None, rotation: int,
        fonts: dict[int | None, tuple[str, bool, bool, float, float]],
    ) -> Style:  # fmt: skip
        raw = self._raw
        matrix = raw.FS_MATRIX()
        raw.FPDFText_GetMatrix(textpage, index, matrix)
        size = raw.FPDFText_GetFontSize(textpage, index) * (math.hypot(matrix.c, matrix.d) or 1.0)
        turn = -math.degrees(math.atan2(matrix.b, matrix.a)) + rotation
        angle = round(turn / 90) * 90 % 360 if abs(turn / 90 - round(turn / 90)) < 0.03 else -1
        visible, name, bold, italic, ascent, descent = True, "", False, False, 0.0, 0.0
        if pointer:
            obj = ctypes.cast(pointer, raw.FPDF_PAGEOBJECT)
            visible = raw.FPDFTextObj_GetTextRenderMode(obj) not in (3, 7)
            font = raw.FPDFTextObj_GetFont(obj)
            key = ctypes.cast(font, ctypes.c_void_p).value
            if key not in fonts:
                fonts[key] = self._font(font)
            name, bold, italic, ascent, descent = fonts[key]
        return Style(name, round(float(size), 2), bold, italic or abs(matrix.c) > 0.1 * abs(matrix.d) > 0, visible,
                     angle, ascent, descent)  # fmt: skip

    def _font(self, font: Any) -> tuple[str, bool, bool, float, float]:
        raw = self._raw
        if not font:
            return "", False, False, 0.0, 0.0
        buffer = ctypes.create_string_buffer(128)
        raw.FPDFFont_GetBaseFontName(font, buffer, 128)
        name = re.sub(r"^[A-Z]{6}\+", "", buffer.value.decode("utf-8", "replace"))
        weight, flags, slant = raw.FPDFFont_GetWeight(font), raw.FPDFFont_GetFlags(font), ctypes.c_int()
        raw.FPDFFont_GetItalicAngle(font, slant)
        ascent, descent = ctypes.c_float(), ctypes.c_float()
        raw.FPDFFont_GetAscent(font, 1.0, ascent)
        raw.FPDFFont_GetDescent(font, 1.0, descent)
        bold = bool(re.search(r"bold|black|heavy|demi|[-,]bd\b", name, re.I)) or weight >= 600 or bool(flags & 0x40000)
        italic = bool(re.search(r"ital|obli", name, re.I)) or slant.value != 0 or bool(flags & 0x40)
        return name, bold, italic, float(ascent.value), float(descent.value)

    def _drawn(self, page: Any, frame: _Frame) -> tuple[Floats, Floats, Floats]:
        """Rules, panels and images, those inside form objects included."""
        raw = self._raw
        rules: list[tuple[float, ...]] = []
        panels: list[tuple[float, ...]] = []
        images: list[tuple[float, ...]] = []
        seen = 0
        sides = [ctypes.c_float() for _ in range(4)]
        left, bottom, right, top = sides

        def visit(obj: Any, matrix: tuple[float, ...] | None, depth: int) -> None:
            nonlocal seen
            kind = raw.FPDFPageObj_GetType(obj)
            if kind == raw.FPDF_PAGEOBJ_TEXT:
                return
            seen += 1
            if kind == raw.FPDF_PAGEOBJ_FORM and depth < 4:
                inner = raw.FS_MATRIX()
                raw.FPDFPageObj_GetMatrix(obj, inner)
                own = (inner.a, inner.b, inner.c, inner.d, inner.e, inner.f)
                over = own if matrix is None else _times(own, matrix)
                for k in range(min(raw.FPDFFormObj_CountObjects(obj), _MAX_OBJECTS - seen)):
                    visit(raw.FPDFFormObj_GetObject(obj, k), over, depth + 1)
                return
            if not raw.FPDFPageObj_GetBounds(obj, left, bottom, right, top):
                return
            box = _moved((left.value, bottom.value, right.value, top.value), matrix)
            if kind == raw.FPDF_PAGEOBJ_IMAGE:
                images.append(box)
            elif kind == raw.FPDF_PAGEOBJ_PATH:
                self._path(obj, box, matrix, rules, panels)

        count = raw.FPDFPage_CountObjects(page)
        for k in range(min(count, _MAX_OBJECTS)):
            visit(raw.FPDFPage_GetObject(page, k), None, 0)
            if seen >= _MAX_OBJECTS:
                break
        return frame.show(_array(rules)), frame.show(_array(panels)), frame.show(_array(images))

    def _path(
        self, obj: Any, box: tuple[float, ...], matrix: tuple[float, ...] | None,
        rules: list[tuple[float, ...]], panels: list[tuple[float, ...]],
    ) -> None:  # fmt: skip
        raw = self._raw
        width, height = box[2] - box[0], box[3] - box[1]
        if max(width, height) < 3:
            return
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        raw.FPDFPath_GetDrawMode(obj, fill, stroke)
        if not fill.value and not stroke.value:
            return
        if min(width, height) <= _THIN:
            rules.append(box)
            return
        segments = raw.FPDFPath_CountSegments(obj)
        if segments <= 6:
            channels = [ctypes.c_uint() for _ in range(4)]
            raw.FPDFPageObj_GetFillColor(obj, *channels)
            white = all(channel.value >= 250 for channel in channels[:3])
            if stroke.value or not white:
                panels.append(box)
            if stroke.value:
                x0, y0, x1, y1 = box
                rules.extend([(x0, y0, x1, y0), (x0, y1, x1, y1), (x0, y0, x0, y1), (x1, y0, x1, y1)])
            return
        own = raw.FS_MATRIX()
        raw.FPDFPageObj_GetMatrix(obj, own)
        inner = (own.a, own.b, own.c, own.d, own.e, own.f)
        place: tuple[float, ...] = inner if matrix is None else _times(inner, matrix)
        x, y = ctypes.c_float(), ctypes.c_float()
        last: tuple[float, float] | None = None
        for k in range(min(segments, _MAX_SEGMENTS)):
            segment = raw.FPDFPath_GetPathSegment(obj, k)
            kind = raw.FPDFPathSegment_GetType(segment)
            raw.FPDFPathSegment_GetPoint(segment, x, y)
            point = (place[0] * x.value + place[2] * y.value + place[4],
                     place[1] * x.value + place[3] * y.value + place[5])  # fmt: skip
            if kind == raw.FPDF_SEGMENT_LINETO and last is not None:
                dx, dy = abs(point[0] - last[0]), abs(point[1] - last[1])
                if max(dx, dy) > 3 and min(dx, dy) < 0.5:
                    rules.append((min(last[0], point[0]), min(last[1], point[1]),
                                  max(last[0], point[0]), max(last[1], point[1])))  # fmt: skip
            last = point


@dataclass(frozen=True, slots=True)
class _Frame:
    """From the page's own space to the page as shown."""

    left: float
    bottom: float
    right: float
    top: float
    rotation: int

    @property
    def width(self) -> float:
        return self.top - self.bottom if self.rotation in (90, 270) else self.right - self.left

    @property
    def height(self) -> float:
        return self.right - self.left if self.rotation in (90, 270) else self.top - self.bottom

    def show(self, boxes: Floats) -> Floats:
        """Boxes (n, 4) x0, y0, x1, y1 with y upwards -> the same with y downwards, rotated and cropped."""
        if not len(boxes):
            return boxes.reshape(0, 4).astype(np.float32)
        x0, y0, x1, y1 = boxes[:, 0], boxes[:, 1], boxes[:, 2], boxes[:, 3]
        turned = {
            0: (x0 - self.left, self.top - y1, x1 - self.left, self.top - y0),
            90: (y0 - self.bottom, x0 - self.left, y1 - self.bottom, x1 - self.left),
            180: (self.right - x1, y0 - self.bottom, self.right - x0, y1 - self.bottom),
            270: (self.top - y1, self.right - x1, self.top - y0, self.right - x0),
        }[self.rotation]
        return np.stack(turned, axis=1).astype(np.float32)


def _frame(raw: _Bindings, page: Any) -> _Frame:
    rect = raw.FS_RECTF()
    raw.FPDF_GetPageBoundingBox(page, rect)
    return _Frame(rect.left, rect.bottom, rect.right, rect.top, raw.FPDFPage_GetRotation(page) * 90 % 360)


def _plain(function: Any, *arguments: Any, result: Any = ctypes.c_int) -> Any:
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address is not None
    return ctypes.CFUNCTYPE(result, ctypes.c_void_p, *arguments)(address)


def _array(rows: list[tuple[float, ...]]) -> Floats:
    return np.array(rows, np.float32).reshape(-1, 4)


def _times(first: tuple[float, ...], second: tuple[float, ...]) -> tuple[float, ...]:
    a, b, c, d, e, f = first
    k, m, n, o, p, q = second
    return (a * k + b * n, a * m + b * o, c * k + d * n, c * m + d * o, e * k + f * n + p, e * m + f * o + q)


def _moved(box: tuple[float, ...], matrix: tuple[float, ...] | None) -> tuple[float, ...]:
    if matrix is None:
        return box
    a, b, c, d, e, f = matrix
    xs = [a * x + c * y + e for x in (box[0], box[2]) for y in (box[1], box[3])]
    ys = [b * x + d * y + f for x in (box[0], box[2]) for y in (box[1], box[3])]
    return min(xs), min(ys), max(xs), max(ys)


@contextmanager
def open_pdf(data: bytes, max_pages: int | None = None, max_bytes: int | None = None) -> Iterator[Pdf]:
    """Open a PDF from its bytes.

    Raises BrokenError (empty, no PDF, truncated, no page), EncryptedError (needs a password) or TooLargeError.
    """
    import pypdfium2
    import pypdfium2.raw as raw

    if not data:
        raise BrokenError("The file is empty.", "replace it with the whole PDF, or remove it.")
    if max_bytes is not None and len(data) > max_bytes:
        raise TooLargeError(
            f"The file has {len(data) / 1e6:.0f} MB, more than run.megabytes_per_file allows.",
            "raise run.megabytes_per_file in the configuration, or split the file.",
        )
    if b"%PDF-" not in data[:1024]:
        raise BrokenError(f"This is not a PDF{_looks_like(data)}.", "export it as PDF, or remove it.")
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            raise EncryptedError(
                "The PDF needs a password.", "save a copy without a password and put that into the corpus."
            ) from None
        raise BrokenError(
            "The PDF is damaged or cut off: no reader can open it.", "download it again, or print it to a new PDF."
        ) from None
    try:
        if len(document) == 0:
            raise BrokenError("The PDF has zero pages.", "download it again, or remove it.")
        if max_pages is not None and len(document) > max_pages:
            raise TooLargeError(
                f"The PDF has {len(document)} pages, more than run.pages_per_document allows.",
                "raise run.pages_per_document in the configuration, or split the file.",
            )
        yield Pdf(document, raw)
    finally:
        document.close()


def _looks_like(data: bytes) -> str:
    kinds = ((b"\x89PNG", "an image"), (b"\xff\xd8\xff", "an image"), (b"GIF8", "an image"), (b"II*\x00", "an image"),
             (b"MM\x00*", "an image"), (b"PK\x03\x04", "a Word, Excel or zip file"),
             (b"\xd0\xcf\x11\xe0", "an old Office file"),
             (b"{\\rtf", "a text document"), (b"<!DOCTYPE", "a web page"), (b"<html", "a web page"))  # fmt: skip
    for start, kind in kinds:
        if data.lstrip()[: len(start)].lower() == start.lower():
            return f": it is {kind}"
    return ""


def read_ruled_tables(data: bytes, number: int) -> list[list[tuple[float, float, float, float]]]:
    """Cells (x0, y0, x1, y1) of each ruled table of page `number`, by pdfplumber: slow, for real grids only."""
    import pdfplumber

    with pdfplumber.open(io.BytesIO(data), pages=[number]) as document:
        page = document.pages[0]
        left, top = page.bbox[0], page.bbox[1]
        return [
            [(c[0] - left, c[1] - top, c[2] - left, c[3] - top) for c in table.cells if c]
            for table in page.find_tables({"vertical_strategy": "lines", "horizontal_strategy": "lines"})
        ]
