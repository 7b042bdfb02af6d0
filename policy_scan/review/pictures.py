"""Pages as pictures for the desk: drawn once, kept in memory within a bound, with the places of a provision's words.

A document is addressed by its doc_id, looked up in the run; its bytes count only where they still have that hash. The
outlines are no part of the picture: the page draws them over it, so that a narrower quotation needs no new one.
"""

from __future__ import annotations

import io
import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from ..errors import DocumentError
from ..pdf import PageError, Sheet, open_pdf
from ..records import Document, Provision
from ..report.common import RunData
from ..report.crops import Reason, Rectangle, boxes_on, find_lines, letters_of, read_document
from .project import Project

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

DPI = 120
CLOSE_DPI = 220
"""For reading small print: asked for when the page is enlarged."""
KEPT_BYTES = 96_000_000
"""Pictures kept at once: about five hundred pages at DPI."""
KEPT_SHEETS = 200
_QUALITY = 82
_pdfium = threading.Lock()
"""pdfium works for one thread at a time, whatever the document."""


@dataclass(frozen=True, slots=True)
class PageText:
    """What is needed to find words on a page: its characters with their boxes, its size in points."""

    sheet: Sheet
    letters: tuple[str, list[int]]


@dataclass(frozen=True, slots=True)
class Outline:
    """Where a provision and its evidence stand on one page, in points from its top left corner.

    `exact`: all of the evidence on this page was found; else `evidence` is empty and the provision's own boxes must do.
    """

    width: float
    height: float
    provision: tuple[Rectangle, ...]
    evidence: tuple[Rectangle, ...]
    exact: bool


def pieces_on(provision: Provision, spans: Sequence[Sequence[int]], page: int) -> list[str]:
    """The pieces of evidence that stand on a page. `spans`: half-open, into the provision's text."""
    pieces = []
    at = 0
    for on, start, end in provision.spans:
        low, high = at, at + end - start
        if on == page:
            pieces += [
                provision.text[max(low, first) : min(high, last)]
                for first, last in spans
                if max(low, first) < min(high, last)
            ]
        at = high + 1
    return pieces


class PageImages:
    """Pages drawn so far. Safe to share between threads."""

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._kept_bytes = kept_bytes
        self._lock = threading.Lock()
        self._pictures: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()
        self._texts: OrderedDict[tuple[str, int], PageText] = OrderedDict()
        self._size = 0

    def picture(self, run: RunData, document: Document, page: int, dpi: int = DPI) -> bytes | Reason:
        """Page `page` of a document as WebP, or why there is none."""
        key = (document.doc_id, page, dpi)
        with self._lock:
            if key in self._pictures:
                self._pictures.move_to_end(key)
                return self._pictures[key]
        drawn = self._draw(run, document, page, dpi)
        if isinstance(drawn, bytes):
            self._keep(key, drawn)
        return drawn

    def document(self, run: RunData, document: Document) -> bytes | Reason:
        """The PDF itself, only while it is the one that was read."""
        return read_document(run, document)

    def outline(
        self, run: RunData, document: Document, provision: Provision, page: int, spans: Sequence[Sequence[int]]
    ) -> Outline | Reason:
        """Where a provision and the evidence `spans` stand on a page, or why that can't be told."""
        text = self._text(run, document, page)
        if isinstance(text, str):
            return text
        boxes = boxes_on(provision, page)
        found = [find_lines(text.sheet, text.letters, piece, boxes) for piece in pieces_on(provision, spans, page)]
        exact = all(found)
        lines = tuple(line for group in found for line in group) if exact else ()
        return Outline(float(text.sheet.width), float(text.sheet.height), tuple(boxes), lines, exact)

    def _keep(self, key: tuple[str, int, int], picture: bytes) -> None:
        with self._lock:
            if key not in self._pictures:
                self._pictures[key] = picture
                self._size += len(picture)
            while self._size > self._kept_bytes and len(self._pictures) > 1:
                self._size -= len(self._pictures.popitem(last=False)[1])

    def _draw(self, run: RunData, document: Document, page: int, dpi: int) -> bytes | Reason:
        data = read_document(run, document)
        if not isinstance(data, bytes):
            return data
        limits = run.config.run
        try:
            with (
                _pdfium,
                open_pdf(data, limits.pages_per_document, limits.megabytes_per_file * 1_000_000) as pdf,
            ):
                if not 1 <= page <= len(pdf):
                    return "damaged"
                image, _ = pdf.render(page, dpi)
                if (document.doc_id, page) not in self._texts:
                    self._keep_text((document.doc_id, page), pdf.sheet(page))
        except (DocumentError, PageError):
            return "damaged"
        return _encoded(image)

    def _text(self, run: RunData, document: Document, page: int) -> PageText | Reason:
        key = (document.doc_id, page)
        with self._lock:
            if key in self._texts:
                self._texts.move_to_end(key)
                return self._texts[key]
        # Drawn along with its text: whoever asks for the places shows the picture too.
        drawn = self.picture(run, document, page)
        if isinstance(drawn, str):
            return drawn
        with self._lock:
            if key in self._texts:
                return self._texts[key]
        data = read_document(run, document)
        if not isinstance(data, bytes):
            return data
        try:
            with _pdfium, open_pdf(data) as pdf:
                return self._keep_text(key, pdf.sheet(page))
        except (DocumentError, PageError):
            return "damaged"

    def _keep_text(self, key: tuple[str, int], sheet: Sheet) -> PageText:
        text = PageText(sheet, letters_of(sheet.text))
        with self._lock:
            self._texts[key] = text
            while len(self._texts) > KEPT_SHEETS:
                self._texts.popitem(last=False)
        return text


_of_project: WeakKeyDictionary[Project, PageImages] = WeakKeyDictionary()
_making = threading.Lock()


def images_of(project: Project) -> PageImages:
    """A project's pictures; those of a run that has been read again are made anew."""
    with _making:
        return _of_project.setdefault(project, PageImages())


def _encoded(image: Picture) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=_QUALITY, method=1)
    return stream.getvalue()


def spans_of(evidence: str, length: int) -> list[tuple[int, int]]:
    """The spans of an evidence column that lie within a text of this length. Raises ValueError where it is none."""
    try:
        found = json.loads(evidence or "[]")
    except RecursionError:
        raise ValueError("evidence is a list of spans") from None
    if not isinstance(found, list):
        raise ValueError("evidence is a list of spans")
    spans = []
    for item in found:
        whole = isinstance(item, list) and len(item) == 2 and all(type(part) is int for part in item)
        if not whole or not 0 <= item[0] < item[1] <= length:
            raise ValueError("a span lies within the text")
        spans.append((item[0], item[1]))
    return sorted(spans)
