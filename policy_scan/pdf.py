"""Reading PDFs: the only module that knows pdfium.

A page comes out as a `Sheet`: its characters in the order of the content stream, each with a box and a style, and the
rules, panels and images drawn on it. Coordinates are PDF points, origin at the top left of the page as shown
(rotation and crop box applied). pdfium is not thread-safe: one process each.

Characters are read in bulk: one call for the text of a page, one call a character for its box, and styles only where a
word begins or a box changes shape. A call through ctypes costs as much as pdfium's own work, or twice that where ctypes
has arguments to convert.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
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
_AT_ONCE = 1024
"""Characters whose boxes are asked for before they are copied."""
_MAX_PIXELS = 60_000_000
"""Of a rendered page: A2 at 300 dots an inch."""
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
    drop: float
    """How far the box of a character reaches below its baseline, in ems."""


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """One page as drawn: n characters in stream order.

    `boxes` (n, 4) holds x0, y0, x1, y1 by advance width and font height; `style` (n,) indexes `styles`.
    `rules` (k, 4) are thin lines, `panels` filled or stroked rectangles, `images` pictures; `n_paths` counts what is
    drawn by lines and curves.
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
    n_paths: int


_Bindings = Any


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One page to be drawn in part, inside the block of `Pdf.view` only. `sheet`: without rules, panels, images."""

    sheet: Sheet
    scale: float
    """Pixels per point."""
    width: int
    height: int
    """Of the whole page, in pixels."""
    _raw: _Bindings
    _page: _Bindings

    def draw(self, left: int, top: int, right: int, bottom: int) -> Image:
        """A part of the page as shown, in pixels, RGB: the same pixels as those of the whole. Raises PageError."""
        from PIL import Image

        raw, size = self._raw, (right - left, bottom - top)
        bitmap = raw.FPDFBitmap_CreateEx(*size, raw.FPDFBitmap_BGR, None, 0)
        if not bitmap:
            raise PageError(f"page {self.sheet.number} can't be drawn: no memory for it.")
        try:
            raw.FPDFBitmap_FillRect(bitmap, 0, 0, *size, 0xFFFFFFFF)
            place = (-left, -top, self.width, self.height)
            raw.FPDF_RenderPageBitmap(bitmap, self._page, *place, 0, raw.FPDF_ANNOT)
            stride = raw.FPDFBitmap_GetStride(bitmap)
            buffer = ctypes.string_at(raw.FPDFBitmap_GetBuffer(bitmap), stride * size[1])
        finally:
            raw.FPDFBitmap_Destroy(bitmap)
        return Image.frombuffer("RGB", size, buffer, "raw", "BGR", stride, 1)


class Pdf:
    """An open document. Use `open_pdf`; close by leaving its block."""

    def __init__(self, document: Any, raw: _Bindings) -> None:
        self._document = document
        self._raw = raw
        # the prototypes of the bindings check every argument; these take `_pointer` and integers as they are
        self._loose_box = _quick(raw.FPDFText_GetLooseCharBox, None)
        self._unicode = _quick(raw.FPDFText_GetUnicode)
        self._text_object = _quick(raw.FPDFText_GetTextObject, ctypes.c_size_t)
        self._matrix = _quick(raw.FPDFText_GetMatrix)
        self._font_size = _quick(raw.FPDFText_GetFontSize, ctypes.c_double)
        self._origin = _quick(raw.FPDFText_GetCharOrigin)
        self._object = _quick(raw.FPDFPage_GetObject, ctypes.c_void_p)
        # and these the addresses that some of the others return
        self._object_type = _quick(raw.FPDFPageObj_GetType, ctypes.c_int, ctypes.c_void_p)
        self._render_mode = _quick(raw.FPDFTextObj_GetTextRenderMode, ctypes.c_int, ctypes.c_void_p)
        self._font_of = _quick(raw.FPDFTextObj_GetFont, ctypes.c_void_p, ctypes.c_void_p)
        self._point = ctypes.c_double(), ctypes.c_double()
        self._into_point = [ctypes.byref(value) for value in self._point]
        rects: Any = (ctypes.c_float * 4 * _AT_ONCE)()
        self._rects = np.frombuffer(rects, np.float32).reshape(-1, 4)
        self._into_rects = [ctypes.byref(rect) for rect in rects]

    def __len__(self) -> int:
        return len(self._document)

    def sheet(self, number: int) -> Sheet:
        """Page `number` (from 1) as drawn. Raises PageError."""
        with self._loaded(number) as (page, textpage):
            return self._read(number, page, textpage)

    @contextmanager
    def view(self, number: int, dpi: int) -> Iterator[View]:
        """Page `number` (from 1) to be read and drawn in part. Raises PageError."""
        raw = self._raw
        with self._loaded(number) as (page, textpage):
            sheet = self._read(number, page, textpage, drawn=False)
            width, height = raw.FPDF_GetPageWidthF(page), raw.FPDF_GetPageHeightF(page)
            scale = _scale(width, height, dpi)
            yield View(sheet, scale, math.ceil(width * scale), math.ceil(height * scale), raw, page)

    @contextmanager
    def _loaded(self, number: int) -> Iterator[tuple[_Bindings, _Bindings]]:
        raw = self._raw
        page = raw.FPDF_LoadPage(self._document.raw, number - 1)
        if not page:
            raise PageError(f"page {number} can't be loaded: it is damaged.")
        try:
            textpage = raw.FPDFText_LoadPage(page)
            if not textpage:
                raise PageError(f"the text of page {number} can't be loaded: it is damaged.")
            try:
                yield page, textpage
            finally:
                raw.FPDFText_ClosePage(textpage)
        finally:
            raw.FPDF_ClosePage(page)

    def render(self, number: int, dpi: int) -> tuple[Image, float]:
        """Page `number` (from 1) as shown, RGB, and its pixels per point: fewer than asked on a huge page.

        Raises PageError.
        """
        import pypdfium2

        try:
            page = self._document[number - 1]
            width, height = page.get_size()
            scale = _scale(width, height, dpi)
            image = page.render(scale=scale).to_pil().convert("RGB")
            page.close()
        except pypdfium2.PdfiumError as error:
            raise PageError(f"page {number} can't be drawn: {error}.") from error
        return cast("Image", image), scale

    def n_scripts(self) -> int:
        """Number of scripts (JavaScript) that the document names; those of pages and fields not counted."""
        return max(0, int(self._raw.FPDFDoc_GetJavaScriptActionCount(self._document.raw)))

    def is_mended(self) -> bool:
        """Whether the file's table of objects was damaged, so that pdfium put it together anew from what it found."""
        return not self._raw.FPDF_DocumentHasValidCrossReferenceTable(self._document.raw)

    def is_dynamic_form(self) -> bool:
        """Whether the pages are only a stand-in for a form (XFA) that a program is to build."""
        return bool(self._raw.FPDF_GetFormType(self._document.raw) == self._raw.FORMTYPE_XFA_FULL)

    def attachments(self, most: int, on_pages: bool = False) -> tuple[int, list[str]]:
        """Number of attached files and the names of the first `most`, as they stand in the file: any characters.

        `on_pages`: those pinned to pages too, for which each page is loaded.
        """
        raw, document = self._raw, self._document.raw
        number = max(0, raw.FPDFDoc_GetAttachmentCount(document))
        names = [self._attached(raw.FPDFDoc_GetAttachment(document, k)) for k in range(min(number, most))]
        for n in range(len(self) if on_pages else 0):
            page = raw.FPDF_LoadPage(document, n)
            if not page:
                continue
            for k in range(raw.FPDFPage_GetAnnotCount(page)):
                annotation = raw.FPDFPage_GetAnnot(page, k)
                if annotation and raw.FPDFAnnot_GetSubtype(annotation) == raw.FPDF_ANNOT_FILEATTACHMENT:
                    number += 1
                    if len(names) < most:
                        names.append(self._attached(raw.FPDFAnnot_GetFileAttachment(annotation)))
                if annotation:
                    raw.FPDFPage_CloseAnnot(annotation)
            raw.FPDF_ClosePage(page)
        return number, names

    def _attached(self, attachment: Any) -> str:
        """An attachment's name; '' where it has none."""
        raw = self._raw
        size = raw.FPDFAttachment_GetName(attachment, None, 0) if attachment else 0
        buffer = (ctypes.c_ushort * (size // 2 + 1))()
        if size > 2:
            raw.FPDFAttachment_GetName(attachment, buffer, size)
        name = bytes(buffer)[: max(0, size - 2)].decode("utf-16-le", "replace")
        if name.startswith("þÿ"):  # UTF-16 where the format has bytes, as some writers do
            name = name[2:].encode("latin-1", "replace").decode("utf-16-be", "replace")
        return name

    def _read(self, number: int, page: Any, textpage: Any, drawn: bool = True) -> Sheet:
        raw = self._raw
        frame = _frame(raw, page)
        text, boxes = self._characters(textpage)
        shown = frame.show(boxes)
        style, styles = self._styles(textpage, text, shown, frame)
        styles = self._level(textpage, text, shown, style, styles, frame)
        nothing = (_array([]), _array([]), _array([]), 0)
        found = self._drawn(page, frame) if drawn else nothing
        return Sheet(number, frame.width, frame.height, frame.rotation, text, shown, style, styles, *found)

    def _characters(self, textpage: Any) -> tuple[str, Floats]:
        raw = self._raw
        count = raw.FPDFText_CountChars(textpage)
        if count <= 0:
            return "", np.zeros((0, 4), np.float32)
        page = _pointer(textpage)
        buffer = (ctypes.c_ushort * (count + 1))()
        written = raw.FPDFText_GetText(textpage, 0, count, buffer)
        text = bytes(buffer)[: 2 * count].decode("utf-16-le", "surrogatepass") if written == count + 1 else ""
        text = text.replace("\ufffe", "\x02")  # pdfium's mark for a hyphen at a line's end, one way or the other
        if len(text) != count or "\x00" in text:  # pdfium leaves out what has no code: ask one by one
            codes = map(self._unicode, repeat(page), range(count))
            text = "".join(chr(code) if code < 0x110000 else "\ufffd" for code in codes)
        boxes = np.zeros((count, 4), np.float32)
        inked = np.flatnonzero(~_blank(text))  # spaces and line ends have no place of their own
        for start in range(0, len(inked), _AT_ONCE):
            some = inked[start : start + _AT_ONCE]
            deque(map(self._loose_box, repeat(page), some.tolist(), self._into_rects), maxlen=0)
            boxes[some] = self._rects[: len(some)]
        return text, boxes[:, [0, 3, 2, 1]]  # from left, top, right, bottom; y upwards

    def _styles(self, textpage: Any, text: str, shown: Floats, frame: _Frame) -> tuple[Ints, tuple[Style, ...]]:
        """Style of each character, looked up where a word begins or the box changes height or baseline."""
        count = len(text)
        if not count:
            return np.zeros(0, np.int32), ()
        blank = _blank(text)
        starts = np.ones(count, bool)
        starts[1:] = blank[:-1] | (np.abs(np.diff(shown[:, 1])) > 0.05) | (np.abs(np.diff(shown[:, 3])) > 0.05)
        at = np.flatnonzero(starts & ~blank)
        page = _pointer(textpage)
        if not len(at):
            return np.zeros(count, np.int32), (Style("", 0.0, False, False, True, 0, 0.0),)
        told = np.fromiter(map(self._text_object, repeat(page), at.tolist()), np.uint64, len(at))
        objects, first, inverse = np.unique(told, return_index=True, return_inverse=True)
        numbers = np.zeros(len(objects), np.int32)
        indices = at[first]
        heights = np.round(shown[indices, 3] - shown[indices, 1], 1)
        # where the next character stands on the same baseline, text runs upright and height tells the size
        after = np.minimum(indices + 1, count - 1)
        heights[(np.abs(shown[after, 3] - shown[indices, 3]) > 0.05) | blank[after]] = 0.0
        addresses = objects.tolist()
        fonts, modes = map(self._font_of, addresses), map(self._render_mode, addresses)
        found = list(zip(indices.tolist(), fonts, modes, heights.tolist(), strict=True))
        reader = _StyleReader(self, page, shown, frame)
        for k in np.argsort(indices).tolist():  # in stream order: objects change from run to run
            numbers[k] = reader.number(*found[k])
        spread = np.maximum(np.cumsum(starts & ~blank) - 1, 0)
        return numbers[inverse][spread], tuple(reader.styles)

    def _level(
        self, textpage: Any, text: str, shown: Floats, style: Ints, styles: tuple[Style, ...], frame: _Frame
    ) -> tuple[Style, ...]:
        """Sets boxes that fit each letter's own shape, as those of fonts that state no height do, by the baseline; the
        styles with their drop set so. Only upright text has its boxes changed."""
        if not len(text):
            return styles
        tall = shown[:, 3] - shown[:, 1]
        size = np.array([s.size for s in styles], np.float32)
        inked = np.flatnonzero(tall > 0)
        own, high = style[inked], tall[inked]
        usual = np.bincount(own, high, len(styles)) / np.maximum(np.bincount(own, minlength=len(styles)), 1)
        odd = np.abs(high - usual[own]) > 0.03 * size[own]
        if not len(odd) or odd.mean() < 0.05:
            return styles
        count, strange = np.bincount(own, minlength=len(styles)), np.bincount(own, odd, len(styles))
        fitted = {s.font for s, n, m in zip(styles, count.tolist(), strange.tolist(), strict=True) if m > 0.2 * n}
        loose = np.array([s.font in fitted and s.angle == 0 for s in styles], bool)
        moved = inked[loose[own]]
        if not len(moved):
            return styles
        fresh = np.concatenate(([True], (np.diff(moved) > 1) | (np.diff(style[moved]) != 0)))  # the first of a word
        page = _pointer(textpage)
        bases = np.array([frame.point(*self._origin_of(page, k))[1] for k in moved[fresh].tolist()], np.float32)
        base = bases[np.cumsum(fresh) - 1]
        shown[moved, 1], shown[moved, 3] = base - 0.78 * size[style[moved]], base + 0.22 * size[style[moved]]
        return tuple(replace(s, drop=0.22) if own_box else s for s, own_box in zip(styles, loose.tolist(), strict=True))

    def _origin_of(self, page: Any, index: int) -> tuple[float, float]:
        """Where the character's baseline begins, in the page's own space."""
        x, y = self._point
        self._origin(page, index, *self._into_point)
        return x.value, y.value

    def _font(self, font: int | None) -> tuple[str, bool, bool]:
        """Name, bold and italic of a font."""
        raw = self._raw
        if not font:
            return "", False, False
        handle = ctypes.cast(font, raw.FPDF_FONT)
        buffer = ctypes.create_string_buffer(128)
        raw.FPDFFont_GetBaseFontName(handle, buffer, 128)
        name = re.sub(r"^[A-Z]{6}\+", "", buffer.value.decode("utf-8", "replace"))
        weight, flags, slant = raw.FPDFFont_GetWeight(handle), raw.FPDFFont_GetFlags(handle), ctypes.c_int()
        raw.FPDFFont_GetItalicAngle(handle, slant)
        bold = bool(_BOLD.search(name)) or weight >= 600 or bool(flags & 0x40000)
        italic = bool(_ITALIC.search(name)) or slant.value != 0 or bool(flags & 0x40)
        return name, bold, italic

    def _drawn(self, page: Any, frame: _Frame) -> tuple[Floats, Floats, Floats, int]:
        """Rules, panels, images and the number of paths, those inside form objects included."""
        raw = self._raw
        rules: list[tuple[float, ...]] = []
        panels: list[tuple[float, ...]] = []
        images: list[tuple[float, ...]] = []
        seen = paths = 0
        sides = [ctypes.c_float() for _ in range(4)]
        left, bottom, right, top = sides

        def visit(obj: Any, matrix: tuple[float, ...] | None, depth: int) -> None:
            nonlocal seen, paths
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
                paths += 1
                self._path(obj, box, matrix, rules, panels)

        count = min(raw.FPDFPage_CountObjects(page), _MAX_OBJECTS)
        pointers = list(map(self._object, repeat(_pointer(page)), range(count)))
        kinds = list(map(self._object_type, pointers))
        for pointer, kind in zip(pointers, kinds, strict=True):
            if kind != raw.FPDF_PAGEOBJ_TEXT:
                visit(ctypes.cast(pointer, raw.FPDF_PAGEOBJECT), None, 0)
            if seen >= _MAX_OBJECTS:
                break
        return frame.show(_array(rules)), frame.show(_array(panels)), frame.show(_array(images)), paths

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
        own = raw.FS_MATRIX()
        raw.FPDFPageObj_GetMatrix(obj, own)
        inner = (own.a, own.b, own.c, own.d, own.e, own.f)
        place = inner if matrix is None else _times(inner, matrix)
        points = _points(raw, obj, place)
        if len(points) == 2 and stroke.value:
            thick = ctypes.c_float()
            raw.FPDFPageObj_GetStrokeWidth(obj, thick)
            line = _stroked(points[0][2], points[1][2], thick.value)
            if min(line[2] - line[0], line[3] - line[1]) <= _THIN:
                rules.append(line)
            return
        sides = _straight_sides(raw, points)
        stroked = stroke.value and not _is_white(raw.FPDFPageObj_GetStrokeColor, obj)
        filled = fill.value and not _is_white(raw.FPDFPageObj_GetFillColor, obj)
        if len(sides) in (3, 4) and (stroked or filled):
            panels.append(box)
        if stroked:
            rules.extend(sides)


def _is_white(colour_of: Any, obj: Any) -> bool:
    """Whether an object's colour, by one of pdfium's two functions for it, can't be seen on white paper."""
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    colour_of(obj, red, green, blue, alpha)
    return min(red.value, green.value, blue.value) >= 250 or alpha.value == 0


class _StyleReader:
    """Reads styles of one page's characters; equal ones get one number."""

    def __init__(self, pdf: Pdf, page: Any, shown: Floats, frame: _Frame) -> None:
        raw = pdf._raw
        self._pdf, self._page, self._shown, self._frame = pdf, page, shown, frame
        self._matrix = raw.FS_MATRIX()
        self._into_matrix = ctypes.byref(self._matrix)
        self._fonts: dict[int | None, tuple[str, bool, bool]] = {}
        self._numbers: dict[tuple[object, ...], int] = {}
        self.styles: list[Style] = []
        self._looks: dict[tuple[int | None, int, float], int] = {}

    def number(self, index: int, font: int | None, mode: int, height: float) -> int:
        """Number of the style of the character `index`, set in the font at that address and painted by that mode.

        `height` is that of its box where it is known to run upright, else 0: the same font, way of painting and height
        are then one style, and pdfium needn't be asked for more.
        """
        if not height:
            return self._ask(index, font, mode)
        look = (font, mode, height)
        found = self._looks.get(look)
        if found is None:
            found = self._looks[look] = self._ask(index, font, mode)
        return found

    def _ask(self, index: int, font: int | None, mode: int) -> int:
        pdf, matrix = self._pdf, self._matrix
        pdf._matrix(self._page, index, self._into_matrix)
        size = pdf._font_size(self._page, index) * (math.hypot(matrix.c, matrix.d) or 1.0)
        key = (font, round(size, 2), mode, round(matrix.a, 3), round(matrix.b, 3), round(matrix.c, 3))
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self.styles)
            self.styles.append(self._make(index, font, size, mode))
        return found

    def _make(self, index: int, font: int | None, size: float, mode: int) -> Style:
        matrix = self._matrix
        if font not in self._fonts:
            self._fonts[font] = self._pdf._font(font)
        name, bold, italic = self._fonts[font]
        turn = (self._frame.rotation - math.degrees(math.atan2(matrix.b, matrix.a))) / 90
        angle = round(turn) * 90 % 360 if abs(turn - round(turn)) < 0.03 else -1
        x0, y0, x1, y1 = self._shown[index].tolist()
        height = x1 - x0 if angle in (90, 270) else y1 - y0
        if not 0.3 * size < height < 3 * size and height > 0:  # fonts whose own matrix scales them
            size = height
        x, y = self._frame.point(*self._pdf._origin_of(self._page, index))
        below = {0: y1 - y, 90: x - x0, 180: y - y0, 270: x1 - x}.get(angle, 0.0)
        slanted = abs(matrix.c) > 0.1 * abs(matrix.d) > 0 and angle in (0, 180)
        return Style(name, float(size), bold, italic or slanted, mode not in (3, 7), angle, below / max(size, 0.1))


_BOLD = re.compile(r"bold|black|heavy|demi|[-,]bd\b", re.I)
_ITALIC = re.compile(r"ital|obli", re.I)


def _points(raw: _Bindings, obj: Any, place: tuple[float, ...]) -> list[tuple[int, bool, tuple[float, float]]]:
    """Kind, closing mark and end point, in the page's space, of the segments of a path."""
    x, y = ctypes.c_float(), ctypes.c_float()
    found = []
    for k in range(min(raw.FPDFPath_CountSegments(obj), _MAX_SEGMENTS)):
        segment = raw.FPDFPath_GetPathSegment(obj, k)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        point = (
            place[0] * x.value + place[2] * y.value + place[4],
            place[1] * x.value + place[3] * y.value + place[5],
        )
        found.append((raw.FPDFPathSegment_GetType(segment), bool(raw.FPDFPathSegment_GetClose(segment)), point))
    return found


def _straight_sides(raw: _Bindings, points: list[tuple[int, bool, tuple[float, float]]]) -> list[tuple[float, ...]]:
    """The horizontal and vertical lines of a path that are longer than 3 points."""
    sides: list[tuple[float, ...]] = []
    last = start = (0.0, 0.0)
    for kind, closes, point in points:
        if kind == raw.FPDF_SEGMENT_MOVETO:
            start = point
        elif kind == raw.FPDF_SEGMENT_LINETO:
            _add_side(last, point, sides)
        if closes:
            _add_side(point, start, sides)
        last = point
    return sides


def _add_side(a: tuple[float, float], b: tuple[float, float], sides: list[tuple[float, ...]]) -> None:
    dx, dy = abs(a[0] - b[0]), abs(a[1] - b[1])
    if max(dx, dy) > 3 and min(dx, dy) < 0.5:
        sides.append((min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1])))


def _stroked(a: tuple[float, float], b: tuple[float, float], thick: float) -> tuple[float, ...]:
    """The box of one straight line of this thickness: a short thick one runs across its direction."""
    half = thick / 2
    along_x = abs(a[0] - b[0]) >= abs(a[1] - b[1])
    dx, dy = (0.0, half) if along_x else (half, 0.0)
    return min(a[0], b[0]) - dx, min(a[1], b[1]) - dy, max(a[0], b[0]) + dx, max(a[1], b[1]) + dy


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

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the page's own space stands on the page as shown."""
        if self.rotation == 90:
            return y - self.bottom, x - self.left
        if self.rotation == 180:
            return self.right - x, y - self.bottom
        if self.rotation == 270:
            return self.top - y, self.right - x
        return x - self.left, self.top - y

    def show(self, boxes: Floats) -> Floats:
        """Boxes (n, 4) x0, y0, x1, y1 with y upwards -> the same with y downwards, rotated and cropped."""
        if not len(boxes):
            return boxes.reshape(0, 4).astype(np.float32)
        x0, y0, x1, y1 = boxes[:, 0], boxes[:, 1], boxes[:, 2], boxes[:, 3]
        if self.rotation == 90:
            turned = (y0 - self.bottom, x0 - self.left, y1 - self.bottom, x1 - self.left)
        elif self.rotation == 180:
            turned = (self.right - x1, y0 - self.bottom, self.right - x0, y1 - self.bottom)
        elif self.rotation == 270:
            turned = (self.top - y1, self.right - x1, self.top - y0, self.right - x0)
        else:
            turned = (x0 - self.left, self.top - y1, x1 - self.left, self.top - y0)
        return np.stack(turned, axis=1).astype(np.float32, copy=False)


def _scale(width: float, height: float, dpi: int) -> float:
    """Pixels per point of a page of that many points: fewer than asked on a huge one."""
    return min(dpi / 72, math.sqrt(_MAX_PIXELS / max(width * height, 1.0)))


def _frame(raw: _Bindings, page: Any) -> _Frame:
    rect = raw.FS_RECTF()
    raw.FPDF_GetPageBoundingBox(page, rect)
    return _Frame(rect.left, rect.bottom, rect.right, rect.top, raw.FPDFPage_GetRotation(page) * 90 % 360)


def _blank(text: str) -> npt.NDArray[np.bool_]:
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    blank: npt.NDArray[np.bool_] = ((points <= 32) & (points != 2)) | (points == 0xA0)
    return blank


def _quick(function: Any, result: Any = ctypes.c_int, *arguments: Any) -> Any:
    """pdfium's function for many short calls. Where no arguments are declared, none are converted, which would take
    longer than pdfium's own work on a character: they must be `int` in C too, or pointers made by `byref`."""
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address is not None
    # Python's lock is kept: to let go of it and take it again costs a sixth of so short a call.
    return ctypes.PYFUNCTYPE(result, *arguments)(address)


def _pointer(handle: Any) -> Any:
    """pdfium's handle as an argument that ctypes passes on as it is."""
    return ctypes.byref(ctypes.c_char.from_address(ctypes.cast(handle, ctypes.c_void_p).value or 0))


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
    start, kind = data.find(b"%PDF-", 0, _FURTHEST_START), _looks_like(data)
    if start < 0 or (start > 1019 and kind not in ("", _IS_MAIL)):
        raise BrokenError(f"This is not a PDF{kind}.", "export it as PDF, or remove it.")
    if start > 1019:  # a mail's or a server's lines stand before it; pdfium looks at the first 1024 bytes
        data = data[start:]
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if re.search(rb"/Count\s+0\b", data) and re.search(rb"/Kids\s*\[\s*\]", data):
            raise BrokenError("The PDF has zero pages.", "download it again, or remove it.") from None
        # pdfium keeps the code of its last error: what it says of a password may be the document's before.
        if b"/Encrypt" in data and ("password" in str(error).lower() or "security" in str(error).lower()):
            raise EncryptedError(
                "The PDF is locked: it needs a password or a certificate.",
                "save a copy without a password and put that into the corpus.",
            ) from None
        if kind:
            raise BrokenError(f"This is not a PDF{kind}.", "export it as PDF, or remove it.") from None
        raise BrokenError(
            "The PDF is damaged or cut off, and can't be opened.", "download it again, or print it to a new PDF."
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
    """': it is …' where the first bytes are those of another kind of file."""
    head = data[:2000].removeprefix(b"\xef\xbb\xbf").lstrip()
    for start, kind in _OTHER_KINDS:
        if head[: len(start)].lower() == start:
            return f": it is {kind}"
    return _IS_MAIL if _MAIL.match(head) else ""


_IS_MAIL = ": it is an e-mail"
_FURTHEST_START = 1_000_000
_OTHER_KINDS = (
    (b"\x89png", "an image"), (b"\xff\xd8\xff", "an image"), (b"gif8", "an image"), (b"ii*\x00", "an image"),
    (b"mm\x00*", "an image"), (b"pk\x03\x04", "a Word, Excel or zip file"), (b"pk\x05\x06", "an empty zip file"),
    (b"\xd0\xcf\x11\xe0", "an old Office file"), (b"rar!", "an archive"), (b"\x1f\x8b", "an archive"),
    (b"7z\xbc\xaf", "an archive"), (b"{\\rtf", "a text document"), (b"<!doctype", "a web page"),
    (b"<html", "a web page"), (b"<?xml", "an XML file"), (b"%!ps", "a PostScript file"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript file"),
)  # fmt: skip
"""First bytes, in small letters, and what they are the first bytes of."""
_MAIL = re.compile(rb"(?:(?:From |[A-Z][A-Za-z-]*: )[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){2}")
