"""Pages without a usable text layer: which they are, in which language to read them, and OCR's words as a sheet."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .geometry import Words, stand_up, turned
from .jurisdictions import country_of
from .legibility import Verdict
from .ocr import OcrPage
from .pdf import Sheet, Style

_SCANNED = 0.5
"""Share of the page that images cover from which on it is taken for a scan."""
_ILLUSTRATED = 0.1
_OUTLINED = 300
"""Paths on a page without a letter from which on its text is taken to be drawn as outlines."""
_LANGUAGES = {
    "FR": ("fr",), "BE": ("fr", "nl"), "GR": ("el",), "LU": ("fr", "de"), "RO": ("ro",), "DE": ("de",), "AT": ("de",),
    "NL": ("nl",), "CY": ("el",), "MD": ("ro",),
}  # fmt: skip


def covered(sheet: Sheet) -> float:
    """Share of the page that images cover, strips of one scan added up; at most 1."""
    if not len(sheet.images):
        return 0.0
    boxes = np.clip(sheet.images, 0, [sheet.width, sheet.height] * 2)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return min(1.0, float(areas.sum()) / max(sheet.width * sheet.height, 1.0))


def has_hidden_layer(sheet: Sheet) -> bool:
    """Whether invisible text lies over a scan: an OCR layer that someone made before."""
    return any(not style.visible for style in sheet.styles) and covered(sheet) >= _SCANNED


def wants_ocr(sheet: Sheet, verdict: Verdict) -> bool:
    """Whether the page has to be read by OCR, given what its text layer is worth."""
    if verdict.layer == "unreadable":
        return True
    if verdict.layer != "empty":
        return False
    return covered(sheet) >= _ILLUSTRATED or (verdict.letters == 0 and sheet.n_paths >= _OUTLINED)


def is_scan(sheet: Sheet, verdict: Verdict) -> bool:
    """Whether the page says nothing without OCR, so that it has failed where there is none."""
    return verdict.layer == "unreadable" or verdict.letters == 0 or covered(sheet) >= _SCANNED


def languages_of(told: Sequence[str], found: Sequence[str], jurisdiction: str) -> tuple[str, ...]:
    """Languages to read a page in: those the manifest tells, else those found on other pages, else the country's."""
    return tuple(told) or tuple(found) or _LANGUAGES.get(country_of(jurisdiction), ("en", "fr"))


def sheet_of(page: OcrPage, sheet: Sheet, scale: float) -> tuple[Sheet, Words, int]:
    """OCR's words as a sheet and words, stood upright, and the angle at which they stand on the page.

    `scale`: points per pixel.
    """
    angle = -page.quarter % 360
    boxes = np.array([(w.x0, w.y0, w.x1, w.y1) for w in page.words], np.float32).reshape(-1, 4) * scale
    boxes = turned(boxes, angle, sheet.width, sheet.height)[0]
    lines: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    paragraphs: dict[tuple[int, int], list[int]] = defaultdict(list)
    for k, word in enumerate(page.words):
        lines[word.block, word.paragraph, word.line].append(k)
        paragraphs[word.block, word.paragraph].append(k)
    count = len(page.words)
    base, size = np.zeros(count, np.float32), np.zeros(count, np.float32)
    chain, spaced = np.zeros(count, np.int32), np.ones(count, bool)
    for members in paragraphs.values():
        size[members] = np.median([_em(page.words[k].text, float(boxes[k, 3] - boxes[k, 1])) for k in members])
    for number, members in enumerate(lines.values()):
        base[members] = np.median([float(boxes[k, 3]) - _below(page.words[k].text) * size[k] for k in members])
        chain[members] = number
        spaced[members[0]] = False
    lengths = np.array([len(w.text) for w in page.words], np.int32)
    first = (np.cumsum(lengths + 1) - lengths - 1).astype(np.int32)
    text = " ".join(w.text for w in page.words)
    places = np.zeros((len(text), 4), np.float32)
    for k in range(count):
        edges = np.linspace(boxes[k, 0], boxes[k, 2], int(lengths[k]) + 1)
        part = places[first[k] : first[k] + lengths[k]]
        part[:, 0], part[:, 2], part[:, 1], part[:, 3] = edges[:-1], edges[1:], boxes[k, 1], boxes[k, 3]
    style_of = np.zeros(len(text), np.int32)
    look = (Style("", 10.0, False, False, True, 0, 0.2),)
    read = replace(stand_up(sheet, angle), text=text, boxes=places, style=style_of, styles=look)
    style = np.zeros(count, np.int32)
    words = Words(first, first + lengths, boxes[:, 0], boxes[:, 2], base, size, style, chain, spaced)
    return read, words, angle


_TALL = re.compile(r"[A-Z0-9bdfhklißÀ-ÞΑ-ΩΆΈ-Ώάέήίόύώδθζξβλφψ(){}\[\]/§&?!]")
_DEEP = re.compile(r"[gjpqyçşţșțβγζημξρφχψς(){}\[\]/§,;]")


def _em(text: str, height: float) -> float:
    """Type size from the height of a word's ink and the letters in it."""
    above = 0.71 if _TALL.search(text) else 0.49
    return height / (above + _below(text))


def _below(text: str) -> float:
    return 0.21 if _DEEP.search(text) else 0.0
