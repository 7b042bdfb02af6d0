"""Body text of pages transcribed by eye, measured as `score.py` does, with the figures to reach as limits."""

from __future__ import annotations

import csv
import importlib.util
import statistics
from pathlib import Path
from types import ModuleType

import pytest

from policy_scan.config import load_config
from policy_scan.records import FURNITURE_KINDS, Source
from policy_scan.stages.blocks import find_blocks
from policy_scan.stages.pages import read_pages

SHARED = Path(__file__).parents[2] / "shared"
GOLD = SHARED / "gold" / "reading"
MEDIAN, MEAN, WORST = 0.99, 0.98, 0.93


def load_score() -> ModuleType:
    spec = importlib.util.spec_from_file_location("score", GOLD / "score.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def body_texts(path: Path, jurisdiction: str) -> dict[int, str]:
    config = load_config()
    source = Source("0" * 64, path.name, (), jurisdiction, (jurisdiction,))
    pages, lines, _ = read_pages(source, path.read_bytes(), config)
    texts: dict[int, list[str]] = {page.page: [] for page in pages}
    for block in find_blocks(source, pages, lines, config):
        if block.kind not in FURNITURE_KINDS:
            texts[block.page].append(block.text)
    return {page: "\n\n".join(found) for page, found in texts.items()}


@pytest.mark.corpus
def test_pages_read_as_a_person_reads_them() -> None:
    if not (GOLD / "dev" / "pages.csv").is_file():
        pytest.skip("the transcribed pages aren't beside the repository (../shared/gold/reading)")
    score = load_score()
    read: dict[str, dict[int, str]] = {}
    ratios: dict[str, float] = {}
    with (GOLD / "dev" / "pages.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            path = row["path"]
            if path not in read:
                read[path] = body_texts(SHARED / "corpus" / path, path.split("/")[0])
            gold = (GOLD / "dev" / row["file"]).read_text(encoding="utf-8")
            ratios[row["file"]] = score.ratio(read[path][int(row["page"])], gold)
    told = ", ".join(f"{name} {ratio:.3f}" for name, ratio in ratios.items())
    assert statistics.median(ratios.values()) >= MEDIAN, told
    assert statistics.mean(ratios.values()) >= MEAN, told
    assert min(ratios.values()) >= WORST, told
