"""What a PDF carries besides its pages: attachments, scripts, actions, films. None is run or opened; all is told.

So is a file that was mended on opening, or that holds several PDFs: what was read may not be all.

pdfium runs nothing of it either: no form environment is ever set up, which alone would start scripts and actions. It
tells of named scripts and attachments; actions that hang on the opening, a page or a field are looked for in the bytes
and in packed object streams, which costs a thousandth of reading. Names that a file disguises (`/J#61vaScript`) or
objects it encrypts are not seen so: what isn't reported isn't therefore absent, and is not run either.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Literal

from .corpus import printable
from .pdf import Pdf
from .records import Issue

_NAMED = re.compile(
    rb"/S\s*/(JavaScript|Launch|SubmitForm|ImportData|GoToE)\b"
    rb"|/Subtype\s*/(FileAttachment|RichMedia|Movie|Screen|Sound|3D)\b"
    rb"|/(Collection)\s*(?:<<|\d+ \d+ R)"
)
_OPENING = re.compile(rb"/OpenAction\s*(?:<<(.{0,200})|(\d+ \d+) R)", re.S)
_PACKED = b"/ObjStm"
_CONTENT = re.compile(rb"stream\r?\n")
_LONGEST_HEAD = 1_000
"""Bytes between the name of an object stream and its content."""
_JOINED = re.compile(rb"%%EOF\s{0,9}%PDF-\d")
_MOST_UNPACKED = 64_000_000
"""Bytes of a document's object streams looked at: a bomb has more."""
_MOST_OPENINGS = 10
"""Actions on opening that are looked up where they stand: each takes a look through the whole file."""
_MOST_NAMED = 10
_LONGEST_NAME = 80
_ACTIONS = {
    "JavaScript": ("script (JavaScript)", "scripts (JavaScript)"),
    "Launch": ("action that starts a program or opens a file", "actions that start programs or open files"),
    "SubmitForm": ("action that sends a form's data away", "actions that send a form's data away"),
    "ImportData": ("action that fetches data", "actions that fetch data"),
    "GoToE": ("action that opens an attachment", "actions that open attachments"),
    "URI": ("web address visited on opening", "web addresses visited on opening"),
    "media": ("embedded film, sound or model", "embedded films, sounds or models"),
}
_DOCUMENTS = (
    ".pdf", ".doc", ".docx", ".odt", ".rtf", ".txt", ".htm", ".html", ".xls", ".xlsx", ".ods", ".csv", ".ppt", ".pptx",
    ".odp", ".msg", ".eml", ".zip",
)  # fmt: skip
"""Attachments that people write: their words are missing from what was read."""


def count_named(data: bytes) -> Counter[str]:
    """How often each kind of action, media annotation, attachment annotation and collection is named in a PDF."""
    counts: Counter[str] = Counter()
    elsewhere: dict[bytes, bytes] = {}
    for part in (data, *_unpacked(data)):
        counts.update((match[1] or match[2] or match[3]).decode() for match in _NAMED.finditer(part))
        for match in _OPENING.finditer(part):
            number = match[2]
            if number and number not in elsewhere and len(elsewhere) < _MOST_OPENINGS:
                found = re.search(rb"(?<!\d)" + number + rb" obj\s*<<(.{0,200})", data, re.S)
                elsewhere[number] = found[1] if found else b""
            action = elsewhere.get(number, b"") if number else match[1]
            counts["URI"] += bool(re.search(rb"/S\s*/URI\b", action))
    for name in ("RichMedia", "Movie", "Screen", "Sound", "3D"):
        counts["media"] += counts.pop(name, 0)
    return counts


def _unpacked(data: bytes) -> Iterator[bytes]:
    """What the object streams of a PDF hold, in a time that grows with its bytes, whatever they are."""
    room = _MOST_UNPACKED
    at = data.find(_PACKED)
    while at >= 0 and room > 0:
        at += len(_PACKED)
        if content := _CONTENT.search(data, at, at + _LONGEST_HEAD):
            end = data.find(b"endstream", content.end())
            if end < 0:
                return
            with suppress(zlib.error):  # packed otherwise, encrypted or damaged
                part = zlib.decompressobj().decompress(data[content.end() : end], room)
                room -= len(part)
                yield part
            at = end
        at = data.find(_PACKED, at)


def find_carried(doc_id: str, stage: str, pdf: Pdf, data: bytes) -> list[Issue]:
    """Issues that tell what a document carries besides its pages, and whether the file was whole; most have none."""
    counts = count_named(data)
    counts["JavaScript"] = max(counts["JavaScript"], pdf.n_scripts())
    issues = []
    if pdf.is_mended():
        message = "The PDF is damaged; its table of objects was put together anew, and pages or words may be missing."
        step = f"download it again, or compare the {len(pdf)} pages read with the original's."
        issues.append(Issue(doc_id, None, stage, "mended", "warning", message, step))
    joined = len(_JOINED.findall(data))
    if joined:
        message = f"{joined + 1} PDFs stand one after another in this file, and only one of them was read."
        step = "cut the file into its PDFs and put each into the corpus."
        issues.append(Issue(doc_id, None, stage, "joined", "warning", message, step))
    number, names = pdf.attachments(_MOST_NAMED, on_pages=counts["FileAttachment"] > 0)
    if number:
        issues.append(_attached(doc_id, stage, number, names, counts["Collection"] > 0))
    if pdf.is_dynamic_form():
        message = "The PDF is a dynamic form (XFA): what stands in the form is put together by a program, and wasn't."
        step = "open it in Adobe Reader, print it to a new PDF and put that into the corpus."
        issues.append(Issue(doc_id, None, stage, "dynamic_form", "warning", message, step))
    told = [f"{counts[kind]} {words[counts[kind] > 1]}" for kind, words in _ACTIONS.items() if counts[kind]]
    if told:
        message = f"The PDF carries {', '.join(told)}: nothing of it was run or opened."
        step = "its text was read as usual; to open the file yourself, take a reader whose scripts are switched off."
        issues.append(Issue(doc_id, None, stage, "active_content", "info", message, step))
    return issues


def _attached(doc_id: str, stage: str, number: int, names: Sequence[str], portfolio: bool) -> Issue:
    severity: Literal["info", "warning"] = "info"
    if portfolio or number > len(names) or any(name.lower().endswith(_DOCUMENTS) for name in names):
        severity = "warning"
    files = "1 attached file" if number == 1 else f"{number} attached files"
    list_of = ", ".join(_shown(name) for name in names)
    more = f" and {number - len(names)} more" if number > len(names) else ""
    head = f"The PDF is a portfolio, a cover over {files}" if portfolio else f"The PDF has {files}"
    message = f"{head}, not opened and not read: {list_of}{more}."
    step = "open attachments by hand; save those that matter as PDFs into the corpus to have them read."
    return Issue(doc_id, None, stage, "attachment", severity, message, step)


def _shown(name: str) -> str:
    """A name in one short printable line."""
    shown = printable(name.strip()) or "without a name"
    return shown if len(shown) <= _LONGEST_NAME else f"{shown[:_LONGEST_NAME]}…"
