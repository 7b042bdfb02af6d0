"""Stage provisions: the self-contained units of a document, each with its label, path, act and boxes on the page."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from operator import attrgetter

from .. import acts, parallel
from ..config import Config
from ..geometry import span_boxes, union
from ..keys import make_key
from ..outline.cutting import cut_long, join_short
from ..outline.document import Outline, outline
from ..outline.segments import Segment, find_segments
from ..outline.units import Unit
from ..records import FURNITURE_KINDS, Block, BlockLanguage, Box, Facts, Issue, Line, Page, Provision, Source, Span

STAGE = "provisions"


def cut_provisions(
    source: Source,
    pages: Sequence[Page],
    lines: Sequence[Line],
    blocks: Sequence[Block],
    languages: Sequence[BlockLanguage],
    config: Config,
) -> tuple[list[Provision], Facts, list[Issue]]:
    """The provisions of a document in reading order act by act, what its text says of itself, and issues.

    Every readable document yields provisions: what fits no numbering scheme is cut into paragraphs.
    """
    segments = find_segments(pages, lines, blocks, {(row.page, row.block): row.language for row in languages})
    found = outline(segments, source.title or "", source.doc_type or "")
    limits = config.provisions
    units: list[Unit] = []
    for unit in join_short(found.units, limits.min_characters, limits.max_characters):
        units += cut_long(unit, limits.max_characters)
    provisions = _records(source, pages, lines, found, units)
    facts = _facts(source, segments, blocks, found)
    issues: list[Issue] = []
    if not provisions and any(page.text.strip() for page in pages):
        message = f"{source.path}: its text is all headings, contents or furniture; no provision was found."
        issues.append(
            Issue(source.doc_id, None, STAGE, "empty", "warning", message, "look at the pages with policy-scan text.")
        )
    return provisions, facts, issues


def _facts(source: Source, segments: Sequence[Segment], blocks: Sequence[Block], found: Outline) -> Facts:
    first = [segment for segment in segments if segment.page <= 2][:40]
    sizes = {(block.page, block.block): block.size for block in blocks}
    headings = sorted(
        (segment for segment in first if segment.heading and segment.page == 1 and len(segment.text) > 6),
        key=lambda segment: -sizes[segment.page, segment.block],
    )
    furniture = [block.text for block in blocks if block.kind in FURNITURE_KINDS and block.page <= 3]
    return acts.facts_of(
        source.doc_id, [segment.text for segment in first], [segment.text for segment in headings], furniture,
        [found.acts[number] for number in found.headed], found.n_acts,
    )  # fmt: skip


def _spans(unit: Unit, texts: dict[int, str]) -> tuple[Span, ...]:
    """The unit's slices, those that only white space of one page parts made one."""
    spans: list[Span] = []
    for segment in unit.segments:
        if spans:
            page, start, end = spans[-1]
            if page == segment.page and end <= segment.start and not texts[page][end : segment.start].strip():
                spans[-1] = (page, start, segment.end)
                continue
        spans.append((segment.page, segment.start, segment.end))
    return tuple(spans)


def _boxes(spans: Sequence[Span], lines: dict[int, list[Line]], pages: dict[int, Page]) -> tuple[Box, ...]:
    """One box per run of lines in one column of one block, within the page."""
    boxes: list[Box] = []
    for number, start, end in spans:
        page = pages[number]
        first = bisect_right(lines[number], start, key=attrgetter("end"))
        touched = lines[number][first : bisect_left(lines[number], end, first, key=attrgetter("start"))]
        runs: list[list[Line]] = []
        for line in touched:
            last = runs[-1][-1] if runs else None
            same = (
                last is not None and (last.region, last.block) == (line.region, line.block) and line.y0 >= last.y0 - 1
            )
            if same and line.row is None:
                runs[-1].append(line)
            else:
                runs.append([line])
        for run in runs:
            parts = span_boxes(run, start, end)
            if not parts:
                continue
            x0, y0, x1, y1 = union(part[1:] for part in parts)
            x0, x1 = (min(max(round(x, 2), 0.0), page.width) for x in (x0, x1))
            y0, y1 = (min(max(round(y, 2), 0.0), page.height) for y in (y0, y1))
            boxes.append((float(number), x0, y0, x1, y1))
    return tuple(boxes)


def _language(unit: Unit) -> str:
    counts: Counter[str] = Counter()
    for segment in unit.segments:
        counts[segment.language] += len(segment.text)
    known = Counter({code: n for code, n in counts.items() if code != "und"})
    return (known or counts).most_common(1)[0][0]


def _records(
    source: Source, pages: Sequence[Page], lines: Sequence[Line], found: Outline, units: Sequence[Unit]
) -> list[Provision]:
    by_page = {page.page: page for page in pages}
    texts = {page.page: page.text for page in pages}
    page_lines: dict[int, list[Line]] = defaultdict(list)
    for line in sorted(lines, key=lambda one: (one.page, one.start)):
        page_lines[line.page].append(line)
    partners = parallel.align(source.doc_id, found.groups, [(unit.act, unit.keys) for unit in units])
    provisions: list[Provision] = []
    for ordinal, (unit, partner) in enumerate(zip(units, partners, strict=True), start=1):
        spans = _spans(unit, texts)
        boxes = _boxes(spans, page_lines, by_page)
        origins = {by_page[page].text_source for page, _, _ in spans}
        act = found.acts[unit.act]
        provisions.append(
            Provision(
                provision_id=make_key(source.doc_id, "provision", [list(span) for span in spans]),
                doc_id=source.doc_id,
                jurisdiction=source.jurisdiction,
                ordinal=ordinal,
                act_ordinal=unit.act,
                act_title=act.title,
                act_type=act.act_type,
                act_date=act.date,
                label=unit.labels[-1] if unit.labels else "",
                label_path=unit.labels,
                heading_path=unit.headings,
                kind=unit.kind,
                quoted=unit.quoted,
                parallel_id=partner,
                language=_language(unit),
                text="\n".join(texts[page][start:end] for page, start, end in spans),
                spans=spans,
                page_first=min(page for page, _, _ in spans),
                page_last=max(page for page, _, _ in spans),
                boxes=boxes,
                text_source="mixed" if len(origins) > 1 else ("ocr" if origins == {"ocr"} else "text"),
            )
        )
    return provisions
