"""Work that kills its process or hangs on one document: imported by worker processes of tests of runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

from policy_scan.worker import Outcome, Task, work


def die_on_b(task: Task) -> Outcome:
    if task.source.path.endswith("b.pdf"):
        os._exit(139)
    return work(task)


def starve_on_b(task: Task) -> Outcome:
    """Lacks memory for b.pdf."""
    _attempt(task)
    if task.source.path.endswith("b.pdf"):
        raise MemoryError
    return work(task)


def hang_on_b(task: Task) -> Outcome:
    if task.source.path.endswith("b.pdf"):
        time.sleep(600)
    return work(task)


def refuse_to_read(task: Task) -> Outcome:
    """The file's disk fails while the document is worked on."""

    def failing(path: Path) -> bytes:
        raise OSError(5, "Input/output error", str(path))

    whole, Path.read_bytes = Path.read_bytes, failing  # type: ignore[method-assign]
    try:
        return work(task)
    finally:
        Path.read_bytes = whole  # type: ignore[method-assign]


def change_b_first(task: Task) -> Outcome:
    """Somebody writes to b.pdf between its listing and its reading."""
    if task.source.path.endswith("b.pdf"):
        with (task.corpus.local / task.name).open("ab") as stream:
            stream.write(b"% more\n")
    return work(task)


def wait_for_a_program(told: Path) -> None:
    """As a page is read by Tesseract, and never done; `told` gets the program's number."""
    program = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    told.with_suffix(".part").write_text(str(program.pid), encoding="ascii")
    told.with_suffix(".part").rename(told)
    program.wait()


def answered_late(libraries: dict[str, str], told: Path) -> dict[str, str]:
    """What it was given, where it is first asked for once `told` with the suffix .over is there; then `told` is too."""
    with suppress(FileExistsError):
        told.with_suffix(".begun").touch(exist_ok=False)
        until = time.monotonic() + 200
        while not told.with_suffix(".over").exists() and time.monotonic() < until:
            time.sleep(0.05)
        told.touch()
    return libraries


class LateLibraries(dict[str, str]):
    """`answered_late` wherever it is unpickled."""

    def __init__(self, libraries: dict[str, str], told: Path) -> None:
        super().__init__(libraries)
        self.told = told

    def __reduce__(self) -> tuple[object, ...]:
        return answered_late, (dict(self), self.told)


def _attempt(task: Task) -> int:
    """Which attempt at a document this is, from 1; counted beside the corpus, as no process knows of another."""
    file = task.corpus.local.parent / f"{task.source.path.replace('/', '-')}.attempts"
    with file.open("a", encoding="ascii") as stream:
        stream.write(f"{os.getpid()}\n")
    return len(file.read_text(encoding="ascii").splitlines())


def attempts(corpus: Path, path: str) -> list[int]:
    """The processes that worked on a document with one of the functions below."""
    file = corpus.parent / f"{path.replace('/', '-')}.attempts"
    return [int(line) for line in file.read_text(encoding="ascii").splitlines()]


def _misbehave(task: Task, victim: int) -> Outcome:
    name, attempt = Path(task.source.path).name, _attempt(task)
    if name == "die.pdf" or (name == "die-once.pdf" and attempt == 1):
        os._exit(139)
    if name == "kill.pdf" or (name == "kill-once.pdf" and attempt == 1):
        os.kill(victim, signal.SIGKILL)
        time.sleep(600)
    if name == "greedy.pdf":
        bytearray(3_000_000_000)
    if name == "hang.pdf":
        time.sleep(600)
    return work(task)


def misbehave_here(task: Task) -> Outcome:
    """Documents named after what they do to the process that works on them."""
    return _misbehave(task, os.getpid())


def misbehave_on_a_cluster(task: Task) -> Outcome:
    """The same; those that kill take the cluster's worker with them."""
    worker = psutil.Process().parents()[1]  # beyond the process that this one is a copy of
    return _misbehave(task, worker.pid)
