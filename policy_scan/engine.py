"""Carrying out a plan: each document's work in a worker process, with a limit of its own, and what came of it.

A document that fails, hangs or kills its worker costs that document only.
"""

from __future__ import annotations

import multiprocessing
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, TimeoutError, wait
from dataclasses import dataclass
from pathlib import Path

from .cache import Cache
from .config import Config
from .errors import PolicyScanError
from .planning import Plan, usable_cores
from .records import Issue
from .worker import Outcome, Task, start, work

_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Progress:
    """Told to the caller while a run goes on: per stage, documents and pages done of how many documents."""

    done: Mapping[str, int]
    pages: Mapping[str, int]
    total: int
    finished: str | None = None
    """Path of a document that has just ended."""


class _ProgressFolder:
    """Workers append a line per finished stage to their own file; a killed worker can't block the others."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.offsets: dict[Path, int] = {}
        self.seen: set[tuple[str, str]] = set()
        self.done: Counter[str] = Counter()
        self.pages: Counter[str] = Counter()

    def read(self) -> None:
        for file in sorted(self.folder.glob("*.log")):
            with file.open("rb") as stream:
                stream.seek(self.offsets.get(file, 0))
                data = stream.read()
            whole = data[: data.rfind(b"\n") + 1]
            self.offsets[file] = self.offsets.get(file, 0) + len(whole)
            for line in whole.decode("ascii").splitlines():
                stage, doc_id, pages = line.split()
                if (stage, doc_id) not in self.seen:
                    self.seen.add((stage, doc_id))
                    self.done[stage] += 1
                    self.pages[stage] += int(pages)

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _failure(task: Task, category: str, message: str, next_step: str) -> Issue:
    return Issue(task.source.doc_id, None, "run", category, "error", message, next_step)


def _outcome(task: Task, future: Future[Outcome], config: Config) -> Outcome | Issue:
    """A finished task's outcome, or the issue that records why there is none."""
    from pebble import ProcessExpired

    path = task.source.path
    try:
        return future.result()
    except TimeoutError:
        limit = config.run.seconds_per_document
        return _failure(
            task, "timeout", f"{path} took longer than {limit:.0f} s and was given up.",
            "raise run.seconds_per_document in the configuration, or split the file; other documents are unaffected.",
        )  # fmt: skip
    except ProcessExpired as error:
        return _failure(
            task, "crash", f"Reading {path} ended its worker process (exit code {error.exitcode}).",
            "open the file and save it anew as PDF, or raise run.megabytes_per_worker where it is very large, then run "
            "again; other documents are unaffected.",
        )  # fmt: skip
    except MemoryError:
        limit = config.run.megabytes_per_worker
        return _failure(
            task, "memory", f"{path} needs more memory than a worker may take ({limit} MB).",
            "raise run.megabytes_per_worker in the configuration, or split the file; other documents are unaffected.",
        )  # fmt: skip
    except PolicyScanError as error:
        return _failure(task, error.category, error.message, error.next_step)
    except OSError as error:
        return _failure(task, "storage", f"{path}: a result could not be stored: {error.strerror}.", "free disk space.")
    except Exception as error:
        return _failure(
            task, "internal", f"{path}: {type(error).__name__}: {error}.",
            "report this with the file; other documents are unaffected.",
        )  # fmt: skip


def carry_out(plan: Plan, output: Path, config: Config, tell: Callable[[Progress], None]) -> dict[str, float]:
    """Work through the plan's tasks; returns CPU seconds per stage and adds what failed to the plan."""
    from pebble import ProcessPool

    jobs = min(config.run.jobs or usable_cores(), len(plan.tasks))
    seconds: Counter[str] = Counter()
    folder = _ProgressFolder(output / ".cache" / "progress")
    pool = ProcessPool(
        max_workers=jobs,
        max_tasks=200,
        initializer=start,
        initargs=(config, plan.cache, plan.environment, folder.folder),
        # A fresh interpreter per worker: the same on every system, and no thread of the parent is forked.
        context=multiprocessing.get_context("spawn"),
    )
    finished = 0
    try:
        pending = {
            pool.schedule(work, args=(task,), timeout=config.run.seconds_per_document): task for task in plan.tasks
        }
        while pending:
            ended, _ = wait(pending, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
            folder.read()
            for future in ended:
                task = pending.pop(future)
                outcome = _outcome(task, future, config)
                finished += 1
                if isinstance(outcome, Issue):
                    plan.failures.append(outcome)
                else:
                    seconds.update(outcome.seconds)
                tell(Progress(folder.done, folder.pages, len(plan.tasks), task.source.path))
            tell(Progress(folder.done, folder.pages, len(plan.tasks)))
        pool.close()
        pool.join()
    except BaseException:
        pool.stop()
        pool.join()
        raise
    finally:
        folder.close()
        Cache(plan.cache).sweep()  # what workers that were ended had begun to write
    plan.failures.sort(key=lambda issue: (issue.doc_id or "", issue.category))
    return dict(seconds)
