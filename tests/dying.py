"""Work that kills its process or hangs on one document: imported by worker processes of test_runner.py."""

from __future__ import annotations

import os
import time
from pathlib import Path

from policy_scan.worker import Outcome, Task, work


def die_on_b(task: Task) -> Outcome:
    if task.source.path.endswith("b.pdf"):
        os._exit(139)
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
        with task.file.open("ab") as stream:
            stream.write(b"% more\n")
    return work(task)
