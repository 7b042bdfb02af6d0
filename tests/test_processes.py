"""How a run's processes begin: with what they need loaded, with the run's environment, and gone when the run is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from multiprocessing import forkserver
from pathlib import Path

import pytest
from pebble import ProcessExpired, ProcessFuture
from pebble.pool.base_pool import Task

from policy_scan import language
from policy_scan.pool import Pool
from policy_scan.processes import begin, load_ahead

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


def _common() -> int:
    """The process that others are copies of."""
    load_ahead()
    number: int = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
    return number


@LINUX
def test_processes_begin_though_what_they_are_copies_of_is_killed_meanwhile() -> None:
    common = _common()
    os.kill(common, signal.SIGSTOP)  # it is asked for a copy and doesn't answer
    threading.Timer(0.5, os.kill, (common, signal.SIGKILL)).start()
    pool = Pool(1, int, ())
    try:
        assert pool.schedule(int).result(60) == 0
        assert pool.active and _common() != common
    finally:
        pool.stop()
        pool.join()


@LINUX
def test_processes_begin_though_what_they_are_copies_of_still_seems_to_live(monkeypatch: pytest.MonkeyPatch) -> None:
    common, wait = _common(), os.waitpid
    os.kill(common, signal.SIGKILL)
    until = time.monotonic() + 0.1
    monkeypatch.setattr(
        os, "waitpid", lambda *asked: (0, 0) if asked[0] == common and time.monotonic() < until else wait(*asked)
    )
    pool = Pool(1, int, ())
    try:
        assert pool.schedule(int).result(60) == 0
    finally:
        pool.stop()
        pool.join()


@LINUX
def test_what_works_when_its_common_process_is_killed_counts_as_lost_and_work_goes_on() -> None:
    pool = Pool(2, begin, (dict(os.environ),))
    try:
        long = [pool.schedule(time.sleep, args=(600,), timeout=600) for _ in range(2)]
        waiting = pool.schedule(int)
        while not all(future.running() for future in long):
            time.sleep(0.05)
        os.kill(_common(), signal.SIGKILL)
        for future in long:
            with pytest.raises(ProcessExpired):
                future.result(60)
        assert waiting.result(60) == 0 and pool.active
    finally:
        pool.stop()
        pool.join()


def test_a_task_that_a_process_takes_up_after_its_end_was_seen_is_not_waited_for() -> None:
    pool = Pool(1, int, ())
    try:
        with pytest.raises(ProcessExpired):
            pool.schedule(os._exit, args=(7,)).result(60)
        ended = pool._pool_manager.task_manager.ended
        assert list(ended.values()) == [7]
    finally:
        pool.stop()
        pool.join()
    future = ProcessFuture()
    tasks = type(pool._pool_manager.task_manager)(lambda: None)
    tasks.ended |= ended
    tasks.register(Task(1, future, 600, None))
    tasks.task_start(1, *ended)
    with pytest.raises(ProcessExpired):
        future.result(5)


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
