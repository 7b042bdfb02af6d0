"""Stage pages: the text of each page in reading order, its lines and where every character stands.

PDF -> sheets (characters, rules) -> OCR where the text layer isn't usable -> words -> furniture -> leaves -> blocks
    -> hyphens joined, once the whole document's words are known -> page texts and lines
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from .. import scan
from .. import text as txt
from ..carried import find_carried
from ..composing import compose, vocabulary
from ..config import Config
from ..damage import Damage, find_damage
from ..errors import OcrError
from ..furniture import find_furniture, is_ornament, is_stamp
from ..geometry import Words, count_outside, find_words, ink_of, main_angle, stand_up, turned_back
from ..layout import Layout, Leaf
from ..legibility import judge, repair_1253
from ..lines import Group, Setter, goes_on, set_strays, split_footnotes
from ..pdf import Ints, PageError, Pdf, Sheet, open_pdf
from ..records import Issue, Line, Page, Source

STAGE = "pages"
_DROPPED = 0.05
"""From so many words left out for each one kept on, OCR's losses are worth telling."""
_OUTSIDE = 100
"""From so many characters outside the page on it is worth telling."""


@dataclass(slots=True, eq=False)
class _Read:
    """A page on its way: what was read of it, by which means. A page is failed until it is read.

    `shown` is the sheet as shown, `sheet` the same stood upright by `angle`, `words` its words, `strays` the visible
    characters that run at another angle.
    """

    number: int
    shown: Sheet | None = None
    sheet: Sheet | None = None
    angle: int = 0
    words: Words | None = None
    strays: Ints | None = None
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
        reads = [_Read(number) for number in range(1, len(pdf) + 1)]
        waiting = [read for read in reads if _read_text(pdf, read, source, config, issues)]
        languages = _languages(reads) if waiting else ()
        for read in waiting:
            _read_image(pdf, read, source, config, languages, issues)
        issues.extend(find_carried(source.doc_id, STAGE, pdf, data))
        damage = find_damage(data, len(pdf))
    laid = _lay_out(reads, config)
    known = vocabulary(laid.values())
    pages: list[Page] = []
    lines: list[Line] = []
    for read in reads:
        sheet, text = read.shown, ""
        if sheet is not None:
            text, own = compose(source.doc_id, sheet, laid.get(read.number, []), known)
            lines.extend(own)
        width, height, rotation = (sheet.width, sheet.height, sheet.rotation) if sheet else (0.0, 0.0, 0)
        if read.number in damage.pages and read.status == "ok":
            read.status = "partial" if text else "failed"
        told = read.source if text else "none"
        pages.append(
            Page(source.doc_id, read.number, text, width, height, rotation, told, read.confidence, read.status)
        )
    issues.extend(_tell(damage, source, pages))
    return pages, lines, issues


def _tell(damage: Damage, source: Source, pages: Sequence[Page]) -> Iterator[Issue]:
    """What pdfium read past: pages whose content is damaged, and damage that can't be told by page."""
    for number in damage.pages:
        message = f"The content of page {number} is damaged: "
        message += "words may be missing or wrong." if pages[number - 1].text else "nothing of it could be read."
        severity: Literal["error", "warning"] = "error" if pages[number - 1].status == "failed" else "warning"
        step = "download the PDF again, or compare the page with the original's."
        yield Issue(source.doc_id, number, STAGE, "damaged", severity, message, step)
    if damage.elsewhere:
        parts = "A packed part" if damage.elsewhere == 1 else f"{damage.elsewhere} packed parts"
        message = f"{parts} of the PDF can't be unpacked whole: words or pages may be missing or wrong."
        step = f"download it again, or compare the {len(pages)} pages read with the original's."
        yield Issue(source.doc_id, None, STAGE, "damaged", "warning", message, step)
    if damage.uncounted:
        number = len(pages) + damage.uncounted
        message = f"The PDF counts {len(pages)} pages and holds {number}: those that it doesn't count were not read."
        step = "open it, see how many pages there are, print it to a new PDF and use that."
        yield Issue(source.doc_id, None, STAGE, "damaged", "warning", message, step)


def _read_text(pdf: Pdf, read: _Read, source: Source, config: Config, issues: list[Issue]) -> bool:
    """Reads a page's text layer; true where the page waits for OCR."""
    try:
        sheet = pdf.sheet(read.number)
    except PageError as error:
        mend = "the other pages were read; open the PDF, print it to a new file and use that."
        issues.append(Issue(source.doc_id, read.number, STAGE, "broken", "error", str(error), mend))
        return False
    verdict = judge(_sample(sheet.text), min_letters=config.ocr.min_letters, languages=source.languages)
    if verdict.layer == "mojibake_1253":
        sheet = replace(sheet, text=repair_1253(sheet.text))
    read.shown = sheet
    read.angle = main_angle(sheet)
    read.sheet = stand_up(sheet, read.angle)
    if verdict.layer != "unreadable":
        hidden = scan.has_hidden_layer(sheet)
        ink = ink_of(read.sheet, hidden, 0)
        read.words = find_words(read.sheet, ink)
        if any(style.angle != 0 for style in read.sheet.styles):
            read.strays = ink_of(read.sheet, hidden, None)
        read.source, read.status = "text", "ok"
        outside = count_outside(sheet)
        if outside >= _OUTSIDE:
            message = f"{outside} characters of page {read.number} run off the page and were left out."
            step = "compare with another edition of the document: this one is cut off."
            issues.append(Issue(source.doc_id, read.number, STAGE, "cut_off", "warning", message, step))
    if not scan.wants_ocr(sheet, verdict):
        return False
    if scan.is_scan(sheet, verdict):
        read.status = "failed"
    return True


def _sample(text: str) -> str:
    """The beginning, middle and end of a long text: a page's text layer is good or bad as a whole."""
    part, middle = 350, len(text) // 2
    if len(text) <= 4 * part:
        return text
    return " ".join((text[:part], text[middle - part // 2 : middle + part // 2], text[-part:]))


def _languages(reads: Sequence[_Read]) -> tuple[str, ...]:
    """Languages of the pages whose text layer is usable, the commonest first."""
    counts: Counter[str] = Counter()
    for read in reads:
        if read.status == "ok" and read.shown is not None:
            hint = txt.language_hint(read.shown.text.split()[:600])
            counts.update([hint] if hint else [])
    return tuple(language for language, _ in counts.most_common(3))


def _read_image(
    pdf: Pdf, read: _Read, source: Source, config: Config, found: Sequence[str], issues: list[Issue]
) -> None:
    """Reads a page by OCR, and keeps its text layer where OCR finds less than that."""
    from ..ocr import read_image

    sheet = read.shown
    assert sheet is not None
    if not config.ocr.enabled:
        _fail(read, source, issues, f"Page {read.number} has no usable text layer, and OCR is switched off.",
              "set ocr.enabled to true in the configuration.")  # fmt: skip
        return
    languages = scan.languages_of(source.languages, found, source.jurisdiction)
    try:
        image, scale = pdf.render(read.number, config.ocr.dpi)
        page = read_image(image, languages, dpi=max(70, round(72 * scale)), seconds=config.ocr.seconds_per_page)
    except (OcrError, PageError) as error:
        step = error.next_step if isinstance(error, OcrError) else "print the PDF to a new file and use that."
        _fail(read, source, issues, f"Page {read.number} couldn't be read by OCR: {error.args[0]}", step)
        return
    letters = sum(char.isalpha() for word in page.words for char in word.text)
    if read.words is not None and letters <= sum(char.isalpha() for char in sheet.text):
        read.status = "ok"
        return
    read.sheet, read.words, read.angle = scan.sheet_of(page, sheet, 1 / scale)
    read.strays = None
    read.source, read.confidence, read.status = "ocr", round(page.confidence, 4), "ok"
    if page.n_dropped > _DROPPED * len(page.words):
        message = f"{page.n_dropped} of {page.n_dropped + len(page.words)} words of page {read.number} were illegible"
        step = "compare numbers and names with the printed page."
        issues.append(Issue(source.doc_id, read.number, STAGE, "ocr", "info", f"{message} and left out.", step))


def _fail(read: _Read, source: Source, issues: list[Issue], message: str, next_step: str) -> None:
    """A page that can't be read by OCR: failed, or partial where its text layer says something."""
    if read.status == "failed":
        read.words = None
        read.source = "none"
    else:
        read.status = "partial"
    severity: Literal["error", "warning"] = "error" if read.status == "failed" else "warning"
    issues.append(Issue(source.doc_id, read.number, STAGE, "ocr", severity, message, next_step))


def _lay_out(reads: Sequence[_Read], config: Config) -> dict[int, list[Group]]:
    """The blocks of each page that was read, in reading order."""
    whole = [(read, read.sheet, read.words) for read in reads if read.sheet is not None and read.words is not None]
    sheets, words_of = [sheet for _, sheet, _ in whole], [words for *_, words in whole]
    marks = find_furniture(sheets, words_of, config.reading.furniture_pages)
    laid = {}
    for (read, sheet, words), own in zip(whole, marks, strict=True):
        groups = _page_groups(sheet, words, own, read.strays, config.reading.tables)
        if read.angle and read.shown is not None:
            _lay_back(groups, read.angle, read.shown)
        laid[read.number] = groups
    return laid


def _page_groups(
    sheet: Sheet, words: Words, marks: dict[int, str], strays: Ints | None, ruled_tables: bool
) -> list[Group]:
    """Head furniture, body, footnotes, text at other angles, foot furniture."""
    setter = Setter(sheet, words)
    free = np.ones(len(words), bool)
    free[list(marks)] = False
    edges: list[Group] = []
    for kind in dict.fromkeys(marks.values()):
        members = np.array([k for k, own in marks.items() if own == kind], np.int32)
        found = [line for line in setter.lines(members, 0) if line.text]
        for line in found if kind == "page_number" else ():
            if re.fullmatch(r"\d(?: \d)+", line.text):  # letter-spaced
                line.text, line.edges = line.text[::2], [*line.edges[:-1:2], line.edges[-1]]
        edges.extend(Group(kind, [line]) for line in found)
    head = [group for group in edges if group.lines[0].base < sheet.height / 2]
    foot = [group for group in edges if group.lines[0].base >= sheet.height / 2]
    layout = Layout(sheet, words, np.flatnonzero(free).astype(np.int32), ruled_tables)
    leaves = layout.leaves()
    body: list[Group] = []
    notes: list[Group] = []
    before: Leaf | None = None
    for region, leaf in enumerate(leaves, start=1):
        made, below = split_footnotes(setter.blocks(leaf, region), layout.across, sheet.width, sheet.height)
        notes.extend(below)
        if body and made and before is not None and goes_on(body[-1], made[0], before):
            tongues = [txt.language_hint(setter.strings[k] for k in part.words.tolist()) for part in (before, leaf)]
            if not all(tongues) or tongues[0] == tongues[1]:
                body[-1].lines.extend(made.pop(0).lines)
        for group in made:
            first = group.lines[0]
            lone = len(group.lines) == 1 and is_ornament(
                first.text, (first.x0, first.y0, first.x1, first.y1), layout.across
            )
            if lone or is_stamp(first.text):
                group.role = "furniture"
        body.extend(made)
        before = leaf
    turned = set_strays(sheet, strays, len(leaves) + 1) if strays is not None else []
    for group in foot:
        for line in group.lines:
            line.region = len(leaves) + 2
    return [*head, *body, *notes, *turned, *foot]


def _lay_back(groups: Sequence[Group], angle: int, shown: Sheet) -> None:
    """Turns lines of a page that was stood upright back to where they stand on the page as shown."""
    for group in groups:
        for line in group.lines:
            upright = line.box or (line.x0, line.y0, line.x1, line.y1)
            line.box = turned_back(upright, angle, shown.width, shown.height)
            line.angle = (line.angle + angle) % 360
