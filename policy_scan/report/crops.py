"""Pictures of the evidence: the piece of the page that a provision stands on, with its evidence outlined.

Each page is drawn once, however many provisions and themes need it. A picture that can't be made has a reason instead:
the report says why and links to the PDF.
"""

from __future__ import annotations

import io
import json
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, Literal

from ..errors import DocumentError, PolicyScanError
from ..keys import hash_bytes
from ..pdf import PageError, Pdf, Sheet, View, open_pdf
from ..records import Document, Provision
from ..storage import UnreachableError
from .common import Evidence, RunData

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

Rectangle = tuple[float, float, float, float]
"""x0, y0, x1, y1 in points of the page as shown."""
Reason = Literal["missing", "changed", "damaged", "no_place"]
"""The PDF isn't where the run found it; isn't the one that was read; can't be drawn; the provision has no box."""
CropKey = tuple[str, str]
"""(provision_id, its evidence as JSON): themes that rest on the same words share a picture."""

DPI = 110
COLOURS = 24
"""Letters on paper and the outline need no more; with them a picture takes a third of its size in full colour."""
TALLEST = 330.0
"""A provision taller than this, in points, is cut to the surroundings of its evidence."""
SURROUNDINGS = 70.0
MARGIN = 14.0
OUTLINE_PIXELS = 2
_COMPRESSION = 4
"""Of PNG; each step up to 9 takes 1.4 to 2.4 times as long and saves 0 to 3 % of the bytes."""
_BEYOND = 8
"""Pixels drawn around what is shown: pdfium smoothes letters otherwise where they meet the edge."""
_EDGE = 4.0
_LIST_NUMBER = re.compile(r"^\W*\w{1,4}[.)°]+\s+")
"""A list's number: browsers and word processors draw it apart from its words."""
_OUTLINE = (154, 52, 18)
_MARKER = (255, 230, 128)
_PROVISION = (60, 90, 140)


@dataclass(frozen=True, slots=True)
class Crop:
    """A picture in PNG, its size in pixels, and its page. `exact`: the words are outlined, not the provision alone."""

    image: bytes
    width: int
    height: int
    page: int
    exact: bool


def crop_key(evidence: Evidence) -> CropKey:
    return evidence.provision.provision_id, evidence.coding.evidence


def make_crops(run: RunData, wanted: Iterable[Evidence], dpi: int = DPI) -> dict[CropKey, Crop | Reason]:
    """The pictures of what is wanted, read from the run's corpus; a reason where there can be none."""
    by_document: dict[str, dict[CropKey, Evidence]] = defaultdict(dict)
    for evidence in wanted:
        by_document[evidence.document.doc_id][crop_key(evidence)] = evidence
    found: dict[CropKey, Crop | Reason] = {}
    for needed in by_document.values():
        found |= _of_document(run, needed, dpi)
    return found


def _of_document(run: RunData, needed: Mapping[CropKey, Evidence], dpi: int) -> dict[CropKey, Crop | Reason]:
    document = next(iter(needed.values())).document
    data = read_document(run, document)
    if not isinstance(data, bytes):
        return dict.fromkeys(needed, data)
    limits = run.config.run
    found: dict[CropKey, Crop | Reason] = {}
    try:
        with open_pdf(data, limits.pages_per_document, limits.megabytes_per_file * 1_000_000) as pdf:
            by_page: dict[int, list[CropKey]] = defaultdict(list)
            for key, evidence in needed.items():
                by_page[_page_of(evidence)[0]].append(key)
            for page, keys in by_page.items():
                found |= _of_page(pdf, page, {key: needed[key] for key in keys}, dpi)
    except DocumentError:
        return {key: found.get(key, "damaged") for key in needed}
    return found


def read_document(run: RunData, document: Document) -> bytes | Reason:
    """The document's bytes. Another file in its place would show words that nobody coded: it counts as changed.

    Raises PolicyScanError where the corpus is on a store that doesn't answer.
    """
    changed = False
    for name in dict.fromkeys((run.file_name(document), document.path, *document.other_paths)):
        try:
            data = run.corpus.read_bytes(name)
        except UnreachableError as error:
            raise PolicyScanError(
                f"The PDF {error.filename} can't be fetched: {error.strerror}.",
                "see that the store can be reached, then do the same again.",
            ) from error
        except OSError:
            continue
        if hash_bytes(data) == document.doc_id:
            return data
        changed = True
    return "changed" if changed else "missing"


def _of_page(pdf: Pdf, page: int, needed: Mapping[CropKey, Evidence], dpi: int) -> dict[CropKey, Crop | Reason]:
    """Only the part of the page that holds the crops is drawn."""
    try:
        with pdf.view(page, dpi) as view:
            letters = letters_of(view.sheet.text)
            plans = {key: _planned(view, page, evidence, letters) for key, evidence in needed.items()}
            windows = [plan.window for plan in plans.values() if plan is not None]
            if not windows:
                return dict.fromkeys(needed, "no_place")
            left, top = (max(0, min(one[side] for one in windows) - _BEYOND) for side in (0, 1))
            right, bottom = (max(one[side] for one in windows) + _BEYOND for side in (2, 3))
            image = view.draw(left, top, right, bottom)
            return {
                key: "no_place" if plan is None else _crop(image, (left, top), view.scale, page, plan)
                for key, plan in plans.items()
            }
    except PageError:
        return dict.fromkeys(needed, "damaged")


def _page_of(evidence: Evidence) -> tuple[int, list[str]]:
    """The page where the evidence begins, and the pieces of evidence that stand there."""
    provision = evidence.provision
    spans = sorted(json.loads(evidence.coding.evidence or "[]"))
    places = []  # of each page's slice in the provision's text
    at = 0
    for page, start, end in provision.spans:
        places.append((page, at, at + end - start))
        at += end - start + 1
    if not spans or not places:
        return provision.page_first, []
    first = next((page for page, _, end in places if spans[0][0] < end), provision.page_first)
    pieces = [
        provision.text[max(low, start) : min(high, end)]
        for page, low, high in places
        if page == first
        for start, end in spans
        if max(low, start) < min(high, end)
    ]
    return first, pieces


class _Forms(dict[str, str]):
    """A character -> its letters and digits without accents and capitals."""

    def __missing__(self, character: str) -> str:
        forms = (character if character.isascii() else unicodedata.normalize("NFKD", character)).lower()
        kept = self[character] = "".join(form for form in forms if form.isalnum())
        return kept


_FORMS = _Forms()


def letters_of(text: str) -> tuple[str, list[int]]:
    """Letters and digits without accents and capitals, and where each stands in the text.

    A text layer and the text that was read differ in blanks, hyphens, ligatures and the order of accents only.
    """
    forms = list(map(_FORMS.__getitem__, text))
    lengths = list(map(len, forms))
    if max(lengths, default=0) <= 1:
        return "".join(forms), list(compress(range(len(forms)), lengths))
    return "".join(forms), [index for index, length in enumerate(lengths) for _ in range(length)]


def _lines(sheet: Sheet, places: Sequence[int]) -> list[Rectangle]:
    """The boxes of characters, joined line by line."""
    lines: list[list[float]] = []
    for x0, y0, x1, y1 in sheet.boxes[list(dict.fromkeys(places))].tolist():
        if x1 <= x0 or y1 <= y0:
            continue
        if lines:
            last = lines[-1]
            shared = min(last[3], y1) - max(last[1], y0)
            if shared > 0.5 * min(last[3] - last[1], y1 - y0) and -_EDGE < x0 - last[2] < 40:
                lines[-1] = [min(last[0], x0), min(last[1], y0), max(last[2], x1), max(last[3], y1)]
                continue
        lines.append([x0, y0, x1, y1])
    return [(x0, y0, x1, y1) for x0, y0, x1, y1 in lines]


def _inside(line: Rectangle, boxes: Sequence[Rectangle]) -> bool:
    x, y = (line[0] + line[2]) / 2, (line[1] + line[3]) / 2
    return any(b[0] - _EDGE <= x <= b[2] + _EDGE and b[1] - _EDGE <= y <= b[3] + _EDGE for b in boxes)


def find_lines(sheet: Sheet, letters: tuple[str, list[int]], piece: str, boxes: Sequence[Rectangle]) -> list[Rectangle]:
    """The lines of a piece of evidence inside the provision's boxes; none where the page's text holds it otherwise."""
    haystack, places = letters
    for wording in dict.fromkeys((piece, _LIST_NUMBER.sub("", piece))):
        needle, _ = letters_of(wording)
        at = haystack.find(needle) if needle else -1
        while at >= 0:
            lines = _lines(sheet, places[at : at + len(needle)])
            if lines and all(_inside(line, boxes) for line in lines):
                return lines
            at = haystack.find(needle, at + 1)
    return []


def _union(boxes: Sequence[Rectangle]) -> Rectangle:
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def _window(whole: Rectangle, lines: Sequence[Rectangle], sheet: Sheet) -> Rectangle:
    """What to show of the page: the provision and a margin; of a tall one, the surroundings of its evidence."""
    x0, y0, x1, y1 = whole
    if lines and y1 - y0 > TALLEST:
        marked = _union(lines)
        y0, y1 = max(y0, marked[1] - SURROUNDINGS), min(y1, marked[3] + SURROUNDINGS)
    return max(0.0, x0 - MARGIN), max(0.0, y0 - MARGIN), min(sheet.width, x1 + MARGIN), min(sheet.height, y1 + MARGIN)


def boxes_on(provision: Provision, page: int) -> list[Rectangle]:
    return [(x0, y0, x1, y1) for on, x0, y0, x1, y1 in provision.boxes if int(on) == page and x1 > x0 and y1 > y0]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What to draw of a page for one provision: boxes in points, `window` in pixels (left, top, right, bottom)."""

    whole: Rectangle
    lines: Sequence[Rectangle]
    """Those of the evidence; none where the page's text holds it otherwise."""
    window: tuple[int, int, int, int]


def _planned(view: View, page: int, evidence: Evidence, letters: tuple[str, list[int]]) -> _Plan | None:
    """None where the provision has no place on the page."""
    boxes = boxes_on(evidence.provision, page)
    if not boxes:
        return None
    found = [find_lines(view.sheet, letters, piece, boxes) for piece in _page_of(evidence)[1]]
    lines = [line for group in found for line in group] if all(found) else []
    window = _window(_union(boxes), lines, view.sheet)
    left, top, right, bottom = (round(edge * view.scale) for edge in window)
    if right - left < 2 or bottom - top < 2:
        return None
    return _Plan(_union(boxes), lines, (left, top, right, bottom))


def _crop(image: Picture, origin: tuple[int, int], scale: float, page: int, plan: _Plan) -> Crop:
    """`image`: a part of the page that holds the plan's window; `origin`: where it begins on the page, in pixels."""
    from PIL import Image, ImageChops, ImageDraw

    left, top, right, bottom = plan.window
    x, y = origin
    picture = image.crop((left - x, top - y, right - x, bottom - y))

    def place(box: Rectangle, pad: float) -> list[float]:
        return [
            (box[0] - pad) * scale - left,
            (box[1] - pad) * scale - top,
            (box[2] + pad) * scale - left,
            (box[3] + pad) * scale - top,
        ]

    # One outline around all lines of the evidence: lines' own boxes overlap and would cross out their neighbours.
    places = [place(line, 2) for line in plan.lines or [plan.whole]]
    x0 = max(0, math.floor(min(one[0] for one in places)) - OUTLINE_PIXELS - 1)
    y0 = max(0, math.floor(min(one[1] for one in places)) - OUTLINE_PIXELS - 1)
    x1 = min(picture.width, math.ceil(max(one[2] for one in places)) + OUTLINE_PIXELS + 2)
    y1 = min(picture.height, math.ceil(max(one[3] for one in places)) + OUTLINE_PIXELS + 2)
    marked = picture.crop((x0, y0, x1, y1))
    shape, rim = Image.new("L", marked.size), Image.new("L", marked.size)
    for mask, beyond in ((shape, 0), (rim, OUTLINE_PIXELS)):
        draw = ImageDraw.Draw(mask)
        for one in places:
            corners = (one[0] - beyond - x0, one[1] - beyond - y0, one[2] + beyond - x0, one[3] + beyond - y0)
            draw.rectangle(corners, fill=255)
    if plan.lines:
        marker = Image.new("RGB", marked.size, "white")
        marker.paste(_MARKER, mask=shape)
        picture.paste(ImageChops.multiply(marked, marker), (x0, y0))
        ImageDraw.Draw(picture).rectangle(place(plan.whole, 6), outline=_PROVISION, width=1)
    picture.paste(_OUTLINE, (x0, y0, x1, y1), ImageChops.subtract(rim, shape))
    return Crop(_encoded(picture), picture.width, picture.height, page, bool(plan.lines))


def _encoded(picture: Picture) -> bytes:
    from PIL.Image import Dither, Quantize

    stream = io.BytesIO()
    few = picture.quantize(COLOURS, method=Quantize.FASTOCTREE, dither=Dither.NONE)
    few.save(stream, "PNG", compress_level=_COMPRESSION)
    return stream.getvalue()
