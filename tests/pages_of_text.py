"""Pages, lines, blocks and languages set from plain text, as the reading stages would give them: for tests of what
comes after reading. Each page is a list of blocks; a block is a text (lines parted by `|`), or (kind, text), or
(kind, text, language) or (kind, text, language, region)."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from policy_scan.config import load_config
from policy_scan.records import Block, BlockLanguage, Facts, Line, Page, Provision, Source
from policy_scan.stages.provisions import cut_provisions

Item = str | tuple[str, ...]
DOC = "d" * 64


def set_pages(
    pages: Sequence[Sequence[Item]], language: str = "fr"
) -> tuple[list[Page], list[Line], list[Block], list[BlockLanguage]]:
    """The records of the pages; lines are 12 points high, 5 points a character, in regions 300 points apart."""
    made: tuple[list[Page], list[Line], list[Block], list[BlockLanguage]] = ([], [], [], [])
    for number, items in enumerate(pages, start=1):
        text, top, n_lines = "", 40.0, 0
        for index, item in enumerate(items):
            parts = (item,) if isinstance(item, str) else item
            kind, body = ("paragraph", parts[0]) if isinstance(item, str) else parts[:2]
            code = parts[2] if len(parts) > 2 else language
            region = int(parts[3]) if len(parts) > 3 else 0
            rows = [unicodedata.normalize("NFC", row) for row in body.split("|")]
            if text:
                text += "\n"
            start, first_top = len(text), top
            for row in rows:
                if len(text) > start:
                    text += " "
                left = 50.0 + 300 * region
                edges = tuple(left + 5.0 * k for k in range(len(row) + 1))
                made[1].append(
                    Line(DOC, number, n_lines, len(text), len(text) + len(row), left, top, edges[-1], top + 10, 10.0,
                         kind == "heading", False, index, region, None, None, edges)
                )  # fmt: skip
                text += row
                n_lines += 1
                top += 12
            x1 = max(line.x1 for line in made[1][-len(rows) :])
            made[2].append(
                Block(DOC, number, index, kind, text[start:], start, len(text), 50.0 + 300 * region, first_top, x1,
                      top, 10.0, kind == "heading", region, 2 if kind == "heading" else None)
            )  # fmt: skip
            made[3].append(BlockLanguage(DOC, number, index, code, 0.99))
            top += 4
        made[0].append(Page(DOC, number, text, 8000.0, 2000.0, 0, "text", None, "ok"))
    return made


def cut(pages: Sequence[Sequence[Item]], language: str = "fr", title: str | None = None) -> list[Provision]:
    return read(pages, language, title)[0]


def read(
    pages: Sequence[Sequence[Item]], language: str = "fr", title: str | None = None
) -> tuple[list[Provision], Facts]:
    records = set_pages(pages, language)
    source = Source(DOC, "XX/test.pdf", (), "FR", ("FR",), title=title)
    provisions, facts, _ = cut_provisions(source, *records, load_config())
    return provisions, facts
