"""Runs killed at random moments and begun again publish what an undisturbed run publishes.

A small seeded share of what benchmarks/trials.py does at length (`make trials`), over the shipped samples.
"""

from __future__ import annotations

import importlib.util
import random
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "trials.py"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ends processes found in /proc")


@pytest.fixture(scope="module")
def trials() -> ModuleType:
    spec = importlib.util.spec_from_file_location("trials", BENCHMARK)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["trials"] = module
    spec.loader.exec_module(module)
    return module


def test_a_seeded_share_of_kill_and_resume_trials_publishes_the_same_bytes(
    trials: ModuleType, shipped_corpus: Path, tmp_path: Path
) -> None:
    corpus = trials.choose(shipped_corpus, tmp_path / "corpus", largest=100, number=5)
    assert len(list(corpus.rglob("*.pdf"))) == 5
    found = trials.run_trials(corpus, tmp_path, number=3, seed=4)
    assert found.broken == []
    assert found.number == 3 and found.endings.total() >= 3
    assert "| ended by | times |" in trials.table_of(found, 4)


def test_a_difference_and_what_is_left_half_written_are_told(trials: ModuleType, tmp_path: Path) -> None:
    corpus, output = tmp_path / "corpus", tmp_path / "out"
    (corpus / "FR").mkdir(parents=True)
    (corpus / "FR" / "a.pdf").write_bytes(b"%PDF-1.7\n")
    config = tmp_path / "config.yaml"
    config.write_text("ocr: {enabled: false}\n", encoding="utf-8")
    found = trials.Trials()
    trials.try_once(corpus, output, config, {"cells.csv": "0" * 64}, 0.0, random.Random(1), found)
    assert "the last run ended with 3" in found.broken[-1]  # nothing of this corpus can be read
    (output / ".cache" / "pages").mkdir(parents=True, exist_ok=True)
    (output / ".cache" / "pages" / ".tmp-1-x").write_bytes(b"")
    assert trials.left_over(output) == [".cache/pages/.tmp-1-x"]


def test_every_way_ends_a_run(trials: ModuleType, shipped_corpus: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("ocr: {enabled: false}\n", encoding="utf-8")
    for way in ("parent killed", "all killed", "told to end", "interrupted"):
        process = trials.begin(shipped_corpus, tmp_path / "out", config)
        time.sleep(0.5)
        trials.end(process, way, random.Random(1))
        try:
            code, told = trials.finish(process)
        finally:
            if process.poll() is None:
                process.kill()
        assert code not in (0, 1), way
        assert "Traceback" not in told, way
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, encoding="utf-8", check=True).stdout
    assert str(tmp_path / "out") not in listed


def test_a_worker_is_found_and_killed_and_the_run_goes_on(
    trials: ModuleType, shipped_corpus: Path, tmp_path: Path
) -> None:
    """Trials that find no worker to kill would pass whatever a run made of it."""
    corpus = trials.choose(shipped_corpus, tmp_path / "corpus", largest=100, number=2)
    config = tmp_path / "config.yaml"
    config.write_text("ocr: {enabled: false}\n", encoding="utf-8")
    process = trials.begin(corpus, tmp_path / "out", config)
    try:
        before: list[int] = []
        while not before and process.poll() is None:
            time.sleep(0.02)
            before = trials._workers(process.pid)
        assert trials.end(process, "worker killed", random.Random(1))
        until = time.monotonic() + 20
        while not set(before) - set(trials._workers(process.pid)) and time.monotonic() < until:
            time.sleep(0.05)
        assert set(before) - set(trials._workers(process.pid))
        code, told = trials.finish(process)
    finally:
        if process.poll() is None:
            process.kill()
    assert code in (0, 1) and "Traceback" not in told, told
    assert not trials.end(process, "worker killed", random.Random(1))
