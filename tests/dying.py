"""Work that kills its process or hangs on one document: imported by worker processes of test_runner.py."""

from __future__ import annotations

import os
import time

from policy_scan.worker import Outcome, Task, work


def die_on_b(task: Task) -> Outcome:
    if task.source.path.endswith("b.pdf"):
        os._exit(139)
    return work(task)


def hang_on_b(task: Task) -> Outcome:
    if task.source.path.endswith("b.pdf"):
        time.sleep(600)
    return work(task)
