"""Stage pages: the text of each page in reading order, its lines and where every character stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from .. import legibility
from .. import text as txt
from ..config import Config
from ..furniture import find_furniture
from ..geometry import Words, find_words, ink_of
from ..layout import Draft, Group, Layout, Leaf, draft_lines, goes_on, group_lines
from ..pdf import PageError, Pdf, Sheet, open_pdf
from ..records import Issue, Line, Page, Source

STAGE = "pages"
_HEADS = ("header", "masthead")


@dataclass(slots=True, eq=False)
class _Read:
    """A page on its way: what was read of it, by which means, and what went wrong."""

    number: int
    sheet: Sheet | None = None
    words: Words | None = None
    source: str = "none"
    confidence: float | None = None
    status: str = "failed"


def read_pages(source: Source, data: bytes, config: Config) -> tuple[list[Page], list[Line], list[Issue]]:
    """Pages, lines and issues of one document.

    A page that fails keeps its number and has an issue. Raises BrokenError, EncryptedError or TooLargeError where the
    document as a whole can't be read.
    """
    issues: list[Issue] = []
    limits = config.run
    with open_pdf(data, limits.pages_per_document, limits.megabytes_per_file * 1_000_000) as pdf:
        reads = [_read(pdf, number, source, config, issues) for number in range(1, len(pdf) + 1)]
    whole = [read for read in reads if read.sheet is not None and read.words is not None]
    sheets = [read.sheet for read in whole if read.sheet is not None]
    words = [read.words for read in whole if read.words is not None]
    marks = dict(zip((read.number for read in whole),
                     find_furniture(sheets, words, config.reading.furniture_pages), strict=True))  # fmt: skip
    laid = {
        read.number: _lay_out(read.sheet, read.words, marks[read.number])
        for read in whole
        if read.sheet is not None and read.words is not None
    }
    known = _vocabulary(laid.values())
    pages: list[Page] = []
    lines: list[Line] = []
    for read in reads:
        page, own = _compose(source.doc_id, read, laid.get(read.number, []), known)
        pages.append(page)
        lines.extend(own)
    return pages, lines, issues


def _read(pdf: Pdf, number: int, source: Source, config: Config, issues: list[Issue]) -> _Read:
    read = _Read(number)
    try:
        sheet = pdf.sheet(number)
    except PageError as error:
        mend = "the other pages were read; open the PDF, print it to a new file and use that."
        issues.append(Issue(source.doc_id, number, STAGE, "broken", "error", str(error), mend))
        return read
    verdict = legibility.judge(sheet.text, min_letters=config.ocr.min_letters, languages=source.languages)
    if verdict.layer == "mojibake_1253":
        sheet = _with_text(sheet, legibility.repair_1253(sheet.text))
    read.sheet = sheet
    read.words = find_words(sheet, ink_of(sheet, False, 0))
    read.status = "ok"
    read.source = "text" if len(read.words) else "none"
    return read


def _with_text(sheet: Sheet, text: str) -> Sheet:
    return Sheet(sheet.number, sheet.width, sheet.height, sheet.rotation, text, sheet.boxes, sheet.style, sheet.styles,
                 sheet.rules, sheet.panels, sheet.images)  # fmt: skip


def _lay_out(sheet: Sheet, words: Words, marks: dict[int, str]) -> list[Group]:
    """The page's blocks in reading order: head furniture, body, foot furniture."""
    every = np.arange(len(words), dtype=np.int32)
    body = np.array([k for k in every.tolist() if k not in marks], np.int32)
    groups: list[Group] = []
    region = 0
    for kind in dict.fromkeys(marks.values()):
        members = np.array([k for k, own in marks.items() if own == kind], np.int32)
        leaf = Leaf(members, 0, sheet.width)
        groups.extend(Group(kind, [line]) for line in draft_lines(sheet, words, leaf, region))
    head = [group for group in groups if group.lines[0].base < sheet.height / 2]
    foot = [group for group in groups if group.lines[0].base >= sheet.height / 2]
    middle: list[Group] = []
    for leaf in Layout(sheet, words).leaves(body):
        region += 1
        made = group_lines(draft_lines(sheet, words, leaf, region), leaf.x0, leaf.x1)
        if middle and made and _continues(middle[-1], made[0]):
            middle[-1].lines.extend(made.pop(0).lines)
        middle.extend(made)
    for group in foot:
        for line in group.lines:
            line.region = region + 1
    return [*head, *middle, *foot]


def _continues(before: Group, after: Group) -> bool:
    a = [word for line in before.lines for word in line.text.split()]
    b = [word for line in after.lines for word in line.text.split()]
    one, other = txt.language_hint(a), txt.language_hint(b)
    if one and other and one != other:
        return False
    return goes_on(before.lines[-1], after.lines[0], ())


def _vocabulary(pages: Collection[list[Group]]) -> set[str]:
    """Folded words, and compounds with a hyphen, that stand inside lines."""
    known: Counter[str] = Counter()
    for groups in pages:
        for group in groups:
            for line in group.lines:
                tokens = line.text.split()
                if tokens and tokens[-1][-1:] in txt.HYPHENS:
                    tokens.pop()
                known.update(tokens)
    return {txt.fold(token).strip(".,;:()«»\"'!?") for token in known}


def _compose(doc_id: str, read: _Read, groups: list[Group], known: Collection[str]) -> tuple[Page, list[Line]]:
    """The page's text and its lines, whose slices of it are final."""
    parts: list[str] = []
    length = 0
    lines: list[Line] = []
    for block, group in enumerate(groups):
        if parts:
            parts.append("\n")
            length += 1
        before: Draft | None = None
        for k, draft in enumerate(group.lines):
            following = group.lines[k + 1] if k + 1 < len(group.lines) else None
            string, edges = draft.text, draft.edges
            if before is not None:
                glue = _glue(before, draft, known)
                parts.append(glue)
                length += len(glue)
            if following is not None and txt.joins_as(string, following.text, known) == "drop":
                string, edges = string[:-1], edges[:-1]
            string = _last_hyphen(string)
            lines.append(_line(doc_id, read, draft, len(lines), block, group.role, length, string, edges))
            parts.append(string)
            length += len(string)
            before = draft
    sheet = read.sheet
    width, height, rotation = (sheet.width, sheet.height, sheet.rotation) if sheet else (0.0, 0.0, 0)
    page = Page(doc_id, read.number, "".join(parts), width, height, rotation,
                read.source, read.confidence, read.status)  # type: ignore[arg-type]  # fmt: skip
    return page, lines


def _line(
    doc_id: str, read: _Read, draft: Draft, number: int, block: int, role: str, start: int, string: str,
    edges: list[float],
) -> Line:  # fmt: skip
    sheet = read.sheet
    width, height = (sheet.width, sheet.height) if sheet else (0.0, 0.0)
    x0, x1 = min(max(draft.x0, 0.0), width), min(max(draft.x1, 0.0), width)
    y0, y1 = min(max(draft.y0, 0.0), height), min(max(draft.y1, 0.0), height)
    return Line(doc_id, read.number, number, start, start + len(string), x0, y0, x1, y1, draft.size, draft.bold,
                draft.italic, block, draft.region, draft.row, draft.cell, tuple(edges), role, draft.angle)  # fmt: skip


def _glue(before: Draft, after: Draft, known: Collection[str]) -> str:
    if before.row is not None and before.row == after.row and before.cell != after.cell:
        return " | "
    if before.row != after.row:
        return "\n"
    return " " if txt.joins_as(before.text, after.text, known) == "space" else ""


def _last_hyphen(string: str) -> str:
    """pdfium's U+0002 and soft hyphens that stay are printed hyphens."""
    return string.replace("\u0002", "-").replace("\u00ad", "-") if "\u0002" in string or "\u00ad" in string else string
