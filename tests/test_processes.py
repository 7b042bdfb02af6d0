"""How a run's processes begin: with what they need loaded, with the run's environment, and gone when the run is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from policy_scan import language
from policy_scan.pool import Pool
from policy_scan.processes import begin

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux processes begin as copies of one that loads")

PROGRAM = """
import multiprocessing, os, resource, sys
import psutil
from policy_scan.pool import Pool
from policy_scan.processes import common_start, load_ahead

def busy():
    return sum(i * i for i in range(5_000_000))

def below():
    return [one for one in psutil.Process().children() if "forkserver" in " ".join(one.cmdline())]

if __name__ == "__main__":
    load_ahead()
    assert len(below()) == 1, "nothing loads ahead"
    with common_start():
        pool = Pool(1, os.getpid, ())
        assert pool.schedule(busy).result() > 0
        assert len(below()) == 1, "another process loads"
        pool.close()
        pool.join()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(len(below()), used.ru_utime + used.ru_stime > 0.1)
"""


def _model_and_variables() -> tuple[int, str | None, str | None]:
    return (
        language.load_model.cache_info().currsize,
        os.environ.get("POLICY_SCAN_NEW"),
        os.environ.get("POLICY_SCAN_OLD"),
    )


def _told(environment: dict[str, str]) -> tuple[int, str | None, str | None]:
    pool = Pool(1, begin, (environment,))
    try:
        found: tuple[int, str | None, str | None] = pool.schedule(_model_and_variables).result(60)
        return found
    finally:
        pool.stop()
        pool.join()


@LINUX
def test_a_process_begins_with_the_model_and_with_the_variables_of_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLICY_SCAN_OLD", "before")
    assert _told(dict(os.environ)) == (1, None, "before")
    monkeypatch.delenv("POLICY_SCAN_OLD")
    monkeypatch.setenv("POLICY_SCAN_NEW", "after")
    assert _told(dict(os.environ)) == (1, "after", None)


@LINUX
def test_what_loads_for_others_is_one_process_that_ends_with_the_run_and_whose_cost_counts(
    tmp_path: Path,
) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout.split(), done.returncode) == (["0", "True"], 0), done.stderr


@pytest.mark.parametrize(
    ("end", "told"),
    [("FileNotFoundError(2, 'no semaphore')", ""), ("EOFError()", ""), ("ValueError('a fault')", "a fault")],
)
def test_only_a_copy_whose_run_is_gone_says_nothing_of_its_end(end: str, told: str) -> None:
    command = [sys.executable, "-c", f"import policy_scan.loaded\nraise {end}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert told in done.stderr and bool(done.stderr) == bool(told)
