"""The ingredient table: one command prints it, from predictions for documents that weren't learnt from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from test_train import write_gold

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "coding.py"


def test_the_table_has_a_row_per_ingredient_with_figures(tmp_path: Path) -> None:
    gold = write_gold(tmp_path / "gold.csv")
    done = subprocess.run([sys.executable, BENCHMARK, gold], capture_output=True, encoding="utf-8", timeout=240)
    assert done.returncode == 0, done.stderr
    lines = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")]
    assert lines[0] == ["ingredient", "n", "micro-F1", "macro-F1", "any theme", "fr", "ms"]
    assert [line[0] for line in lines[1:]] == [
        "concepts and their pairs", "words, word pairs, title, document type", "+ concepts", "+ word senses",
        "+ lexicon's terms and exemplars",
    ]  # fmt: skip
    for _, n, micro, *_, milliseconds in lines[1:]:
        assert n == "60" and float(micro) > 0.8 and float(milliseconds) > 0
    assert "no second table" in done.stdout


def test_one_fold_alone_is_refused(tmp_path: Path) -> None:
    arguments = [sys.executable, BENCHMARK, tmp_path / "absent.csv", "--folds", "3"]
    done = subprocess.run(arguments, capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 2 and "at least two" in done.stderr
