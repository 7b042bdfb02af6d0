"""Articles of whole acts against those found by eye, and what must hold for every provision of the real corpus."""

from __future__ import annotations

import csv
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from policy_scan.config import load_config
from policy_scan.keys import hash_bytes
from policy_scan.records import FURNITURE_KINDS, Block, Line, Page, Provision, Source
from policy_scan.schemes import PROVISION_KINDS, article_label
from policy_scan.stages.blocks import find_blocks
from policy_scan.stages.languages import tell_languages
from policy_scan.stages.pages import read_pages
from policy_scan.stages.provisions import cut_provisions

pytestmark = pytest.mark.corpus

SHARED = Path(__file__).parents[2] / "shared"
GOLD = sorted((SHARED / "gold" / "reading" / "dev").glob("provisions_*.csv"))
FILES = sorted((SHARED / "corpus").glob("*/*.pdf"))
LEAST = 0.97
REASON = "the real corpus is not beside the repository"


@cache
def _read(file: Path) -> tuple[list[Page], list[Line], list[Block], list[Provision]]:
    # OCR is left out: its pages are few, slow, and held by the tests of OCR.
    config = load_config(overrides={"ocr": {"enabled": False}})
    data = file.read_bytes()
    source = Source(hash_bytes(data), file.name, (), file.parent.name, (file.parent.name,), n_bytes=len(data))
    pages, lines, _ = read_pages(source, data, config)
    blocks = find_blocks(source, pages, lines, config)
    languages = tell_languages(source, blocks, config)
    return pages, lines, blocks, cut_provisions(source, pages, lines, blocks, languages, config)[0]


def _plain(label: str) -> str:
    return re.sub(r"[\s.]+", "", label)


def _articles(provisions: list[Provision]) -> list[tuple[str, int]]:
    """Own articles as (label, page of their first provision), each once per act."""
    found: dict[tuple[int, tuple[str, ...]], tuple[str, int]] = {}
    for one in provisions:
        if one.quoted or one.kind == "commentary":
            continue
        place = next((k for k, label in enumerate(one.label_path) if article_label(label)), None)
        if place is not None:
            key = (one.act_ordinal, one.label_path[: place + 1])
            found.setdefault(key, (_plain(one.label_path[place]), one.page_first))
    return list(found.values())


def _measure(gold: Path) -> tuple[int, int, int]:
    """True positives, own articles of the gold, articles found that the gold doesn't have at all."""
    stem = gold.stem.removeprefix("provisions_")
    file = next(path for path in FILES if path.stem == stem)
    found = Counter(_articles(_read(file)[3]))
    with gold.open(encoding="utf-8", newline="") as stream:
        rows = [(_plain(row["label"]), int(row["page"]), row["own"]) for row in csv.DictReader(stream)]
    own = Counter((label, page) for label, page, kind in rows if kind == "yes")
    others = Counter((label, page) for label, page, kind in rows if kind != "yes")
    right = sum((found & own).values())
    return right, sum(own.values()), sum((found - own - others).values())


@pytest.mark.skipif(not GOLD, reason=REASON)
def test_articles_are_found_as_a_reader_finds_them() -> None:
    counts = {gold.stem: _measure(gold) for gold in GOLD}
    right, own, wrong = (sum(column) for column in zip(*counts.values(), strict=True))
    assert right >= LEAST * own, counts
    assert right >= LEAST * (right + wrong), counts


@pytest.mark.skipif(not GOLD, reason=REASON)
@pytest.mark.parametrize("gold", GOLD, ids=lambda gold: gold.stem)
def test_no_article_of_another_act_counts_as_own(gold: Path) -> None:
    stem = gold.stem.removeprefix("provisions_")
    found = set(_articles(_read(next(path for path in FILES if path.stem == stem))[3]))
    with gold.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    own = {(_plain(row["label"]), int(row["page"])) for row in rows if row["own"] == "yes"}
    assert not (found - own) & {(_plain(row["label"]), int(row["page"])) for row in rows if row["own"] == "no"}


@pytest.mark.skipif(not FILES, reason=REASON)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_provisions_are_verbatim_boxed_and_free_of_furniture(file: Path) -> None:
    pages, _, blocks, provisions = _read(file)
    by_page = {page.page: page for page in pages}
    furniture = [block for block in blocks if block.kind in FURNITURE_KINDS]
    taken = {page.page: bytearray(len(page.text)) for page in pages}
    for one in provisions:
        assert one.text == "\n".join(by_page[page].text[start:end] for page, start, end in one.spans)
        assert one.text.strip()
        assert one.boxes
        assert one.kind in PROVISION_KINDS
        for number, x0, y0, x1, y1 in one.boxes:
            page = by_page[int(number)]
            assert 0 <= x0 <= x1 <= page.width
            assert 0 <= y0 <= y1 <= page.height
        for number, start, end in one.spans:
            assert not any(taken[number][start:end]), "two provisions share a slice"
            taken[number][start:end] = b"\x01" * (end - start)
    for block in furniture:
        assert not any(taken[block.page][block.start : block.end]), block.text
    body = sum(len(block.text) for block in blocks if block.kind not in FURNITURE_KINDS)
    assert provisions or not body


@pytest.mark.skipif(not FILES, reason=REASON)
@pytest.mark.parametrize("file", [file for file in FILES if file.parent.name == "BE"], ids=lambda file: file.stem)
def test_parallel_provisions_are_of_different_languages(file: Path) -> None:
    partners: dict[str, list[str]] = {}
    for one in _read(file)[3]:
        if one.parallel_id:
            partners.setdefault(one.parallel_id, []).append(one.language)
    assert all(1 < len(codes) == len(set(codes)) for codes in partners.values())
