"""Stage pages: the text of each page in reading order, its lines and where every character stands.

PDF -> sheets (characters, rules) -> OCR where the text layer isn't usable -> words -> furniture -> leaves -> blocks
    -> hyphens joined, once the whole document's words are known -> page texts and lines
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from .. import legibility
from .. import text as txt
from ..config import Config
from ..furniture import find_furniture
from ..geometry import Words, find_words, ink_of
from ..layout import Layout, Leaf
from ..lines import Draft, Group, Setter, goes_on
from ..pdf import PageError, Pdf, Sheet, open_pdf
from ..records import Issue, Line, Page, Source

STAGE = "pages"


@dataclass(slots=True, eq=False)
class _Read:
    """A page on its way: what was read of it, by which means. A page is failed until it is read."""

    number: int
    sheet: Sheet | None = None
    words: Words | None = None
    source: Literal["text", "ocr", "none"] = "none"
    confidence: float | None = None
    status: Literal["ok", "partial", "failed"] = "failed"


def read_pages(source: Source, data: bytes, config: Config) -> tuple[list[Page], list[Line], list[Issue]]:
    """Pages, lines and issues of one document.

    A page that fails keeps its number and has an issue. Raises BrokenError, EncryptedError or TooLargeError where the
    document as a whole can't be read.
    """
    issues: list[Issue] = []
    limits = config.run
    with open_pdf(data, limits.pages_per_document, limits.megabytes_per_file * 1_000_000) as pdf:
        reads = [_read(pdf, number, source, config, issues) for number in range(1, len(pdf) + 1)]
    laid = _lay_out(reads, config)
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
        sheet = replace(sheet, text=legibility.repair_1253(sheet.text))
    read.sheet = sheet
    read.words = find_words(sheet, ink_of(sheet, False, 0))
    read.status = "ok"
    read.source = "text" if len(read.words) else "none"
    return read


def _lay_out(reads: Iterable[_Read], config: Config) -> dict[int, list[Group]]:
    """The blocks of each page that was read, in reading order: head furniture, body, foot furniture."""
    whole = [(read.number, read.sheet, read.words) for read in reads if read.sheet and read.words is not None]
    marks = find_furniture(
        [sheet for _, sheet, _ in whole], [words for *_, words in whole], config.reading.furniture_pages
    )
    return {
        number: _page_groups(sheet, words, own, config.reading.tables)
        for (number, sheet, words), own in zip(whole, marks, strict=True)
    }


def _page_groups(sheet: Sheet, words: Words, marks: dict[int, str], ruled_tables: bool) -> list[Group]:
    setter = Setter(sheet, words)
    free = np.ones(len(words), bool)
    free[list(marks)] = False
    edges: list[Group] = []
    for kind in dict.fromkeys(marks.values()):
        members = np.array([k for k, own in marks.items() if own == kind], np.int32)
        edges.extend(Group(kind, [line]) for line in setter.lines(members, 0) if line.text)
    head = [group for group in edges if group.lines[0].base < sheet.height / 2]
    foot = [group for group in edges if group.lines[0].base >= sheet.height / 2]
    body: list[Group] = []
    before: Leaf | None = None
    leaves = Layout(sheet, words, np.flatnonzero(free).astype(np.int32), ruled_tables).leaves()
    for region, leaf in enumerate(leaves, start=1):
        made = setter.blocks(leaf, region)
        if body and made and before is not None and goes_on(body[-1], made[0], before):
            tongues = [txt.language_hint(setter.strings[k] for k in part.words.tolist()) for part in (before, leaf)]
            if not all(tongues) or tongues[0] == tongues[1]:
                body[-1].lines.extend(made.pop(0).lines)
        body.extend(made)
        before = leaf
    for group in foot:
        for line in group.lines:
            line.region = len(leaves) + 1
    return [*head, *body, *foot]


def _vocabulary(pages: Collection[list[Group]]) -> set[str]:
    """Folded words, and compounds with a hyphen, that stand inside lines."""
    known: set[str] = set()
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
        glue = ""
        for k, draft in enumerate(group.lines):
            parts.append(glue)
            length += len(glue)
            following = group.lines[k + 1] if k + 1 < len(group.lines) else None
            string, edges = draft.text, draft.edges
            glue = ""
            if following is not None:
                glue, dropped = _glue(draft, following, known)
                if dropped:
                    string, edges = string[:-1], edges[:-1]
            string = _printed_hyphens(string)
            lines.append(_line(doc_id, read, draft, len(lines), block, group.role, length, string, edges))
            parts.append(string)
            length += len(string)
    sheet = read.sheet
    width, height, rotation = (sheet.width, sheet.height, sheet.rotation) if sheet else (0.0, 0.0, 0)
    text = "".join(parts)
    return Page(doc_id, read.number, text, width, height, rotation, read.source, read.confidence, read.status), lines


def _line(
    doc_id: str, read: _Read, draft: Draft, number: int, block: int, role: str, start: int, string: str,
    edges: list[float],
) -> Line:  # fmt: skip
    sheet = read.sheet
    width, height = (sheet.width, sheet.height) if sheet else (0.0, 0.0)
    x0, y0, x1, y1 = draft.box or (draft.x0, draft.y0, draft.x1, draft.y1)
    x0, x1 = min(max(x0, 0.0), width), min(max(x1, 0.0), width)
    y0, y1 = min(max(y0, 0.0), height), min(max(y1, 0.0), height)
    return Line(doc_id, read.number, number, start, start + len(string), x0, y0, x1, y1, draft.size, draft.bold,
                draft.italic, block, draft.region, draft.row, draft.cell, tuple(edges), role, draft.angle)  # fmt: skip


def _glue(before: Draft, after: Draft, known: Collection[str]) -> tuple[str, bool]:
    """What stands between two lines of a block, and whether the first one loses its hyphen."""
    if before.row != after.row:
        return "\n", False
    if before.cell != after.cell:
        return " | ", False
    how = txt.joins_as(before.text, after.text, known)
    return (" " if how == "space" else ""), how == "drop"


def _printed_hyphens(string: str) -> str:
    """pdfium's U+0002 and soft hyphens that stay are printed hyphens."""
    return string.replace("\u0002", "-").replace("\u00ad", "-") if "\u0002" in string or "\u00ad" in string else string
