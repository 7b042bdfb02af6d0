"""Stage blocks: the kind of each block, its box and, for headings, its depth."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from .. import text as txt
from ..config import Config
from ..geometry import union
from ..records import FURNITURE_KINDS, Block, BlockKind, Line, Page, Source

_CAPTION = re.compile(
    r"^(?:fig(?:ure|\.)|tab(?:leau|elle|ela|le|el|\.)|abb(?:ildung|\.)|figuur|figura|tabelul|πίνακας|σχήμα|εικόνα)\s*\d",
    re.I,
)


def find_blocks(source: Source, pages: Sequence[Page], lines: Sequence[Line], config: Config) -> list[Block]:
    """The blocks of a document, page by page in reading order; each is the slice of its page's text that it names."""
    texts = {page.page: page.text for page in pages}
    sizes: Counter[float] = Counter()
    heavy = 0
    for line in lines:
        if line.role == "body":
            sizes[round(line.size, 1)] += line.end - line.start
            heavy += (line.end - line.start) * line.bold
    body = sizes.most_common(1)[0][0] if sizes else 10.0
    telling = heavy < 0.5 * sizes.total()  # where most of the text is bold, bold tells no heading
    blocks: list[Block] = []
    for (page, number), group in groupby(lines, key=lambda line: (line.page, line.block)):
        own = list(group)
        start, end = own[0].start, own[-1].end
        string = texts[page][start:end]
        x0, y0, x1, y1 = union((line.x0, line.y0, line.x1, line.y1) for line in own)
        weight = sum(line.end - line.start for line in own if line.bold)
        bold = weight > 0.6 * max(1, sum(line.end - line.start for line in own))
        size = max(line.size for line in own)
        kind = _kind(own, string, size, bold and telling, body)
        blocks.append(
            Block(
                source.doc_id, page, number, kind, string, start, end, x0, y0, x1, y1, size, bold, own[0].region, None
            )
        )
    return _with_levels(blocks)


def _kind(lines: Sequence[Line], string: str, size: float, bold: bool, body: float) -> BlockKind:
    role = lines[0].role
    if role in FURNITURE_KINDS or role in ("table", "footnote"):
        return role  # type: ignore[return-value]
    if _CAPTION.match(string) and len(lines) <= 3:
        return "caption"
    if txt.opens_bullet(string):
        return "list_item"
    short = len(string) <= 200 and len(lines) <= 4
    letters = list(filter(str.isalpha, string)) if short else []
    capitals = len(letters) > 3 and sum(map(str.isupper, letters)) > 0.8 * len(letters)
    if letters and (size > 1.15 * body or bold or capitals) and not string.rstrip().endswith((";", ",")):
        return "heading"
    if txt.opens_item(string):
        return "list_item"
    return "paragraph"


def _with_levels(blocks: list[Block]) -> list[Block]:
    """Headings ranked by size, weight and capitals: 1 is the outermost."""
    ranks: dict[tuple[float, bool, bool], int] = defaultdict(int)
    looks = {}
    for block in blocks:
        if block.kind == "heading":
            looks[id(block)] = (round(block.size * 2) / 2, block.bold, block.text.isupper())
            ranks[looks[id(block)]] += 1
    order = {look: min(rank, 6) for rank, look in enumerate(sorted(ranks, reverse=True), start=1)}
    return [replace(block, level=order[looks[id(block)]]) if id(block) in looks else block for block in blocks]
