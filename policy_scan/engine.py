"""Carrying out a plan: each document's work in a process of its own, with limits, and what came of it.

Where the processes are is an Executor's business: on this machine (here) or on a cluster's (`cluster`). Whatever it is,
a document that fails, hangs or ends its process costs that document only, and the tables are the same bytes.
"""

from __future__ import annotations

import errno
import os
import shutil
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, InvalidStateError, wait
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from .cache import Cache
from .config import Config
from .errors import PolicyScanError, ProcessesError
from .pipeline import DOCUMENT_STAGES
from .planning import Plan, usable_cores
from .processes import begin
from .records import Issue
from .worker import Outcome, Task, start, work

_POLL_SECONDS = 0.2

_BITS = {stage.name: 1 << number for number, stage in enumerate(DOCUMENT_STAGES)}

_AHEAD = 1
"""Documents handed to a process here beyond the one it works on, so that it needn't wait for the next."""

_MOST_DISPLACEMENTS = 20
"""How often a document is handed out again whose worker went before it had begun."""

_MOST_RENEWALS = 5
"""How often processes that ended before they did anything are started anew."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_NO_MEMORY = 76
"""Exit code of a process that lacked memory."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Told to the caller while a run goes on: per stage, documents and pages done of how many documents."""

    done: Mapping[str, int]
    pages: Mapping[str, int]
    total: int
    finished: str | None = None
    """Path of a document that has just ended."""
    note: str | None = None
    """What the engine has to say, such as that it waits for workers."""
    looked_at: int = 0
    """Before the work begins: files of the corpus seen so far, told where that takes long."""


class CrashedError(Exception):
    """What a document's future raises when the process that worked on it ended, or the machine was lost.

    `alone`: no other document was being worked on there, so that none but this one can have caused it.
    """

    def __init__(self, how: str, alone: bool = True) -> None:
        super().__init__(how)
        self.how = how
        self.alone = alone


class OverdueError(Exception):
    """What a document's future raises when the work took longer than it may (a store's TimeoutError is another)."""


class DisplacedError(Exception):
    """What a document's future raises when its worker went before it had begun: it is to be submitted again."""


class Executor(Protocol):
    """Processes that work on documents, wherever they are; shaped like `concurrent.futures.Executor`."""

    def room(self) -> int:
        """How many documents may be in its hands by now. Raises PolicyScanError when there is no going on."""
        ...

    def submit(self, task: Task) -> Future[Outcome]:
        """Have a document worked on, elsewhere than where it crashed if possible.

        The future raises OverdueError, MemoryError, CrashedError, DisplacedError, or what the work raised.
        """
        ...

    def progress(self) -> tuple[Mapping[str, int], Mapping[str, int]]:
        """Documents done and pages done, per stage."""
        ...

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let its processes go; with `cancel_futures` whatever they are at. Leaves nothing behind."""
        ...


def settle(future: Future[Outcome], value: Outcome | BaseException) -> None:
    """Set a future's end; whoever comes first counts, for a lost worker's result may come after its loss."""
    with suppress(InvalidStateError):
        if isinstance(value, BaseException):
            future.set_exception(value)
        else:
            future.set_result(value)


def _begin(environment: Mapping[str, str], setup: tuple[Any, ...]) -> None:
    begin(environment)
    start(*setup)


def _bounded(function: Callable[[Task], Outcome], task: Task) -> Outcome:
    """Work on a document in this process, which ends where memory lacks: it would keep much of what it took, and the
    documents after it would want for that."""
    try:
        return function(task)
    except MemoryError:
        os._exit(_NO_MEMORY)


class Processes:
    """A pool of fresh processes on this machine, each document with the configured limits of time and memory."""

    def __init__(self, jobs: int, setup: tuple[Any, ...], function: Callable[[Task], Outcome] = work) -> None:
        """`setup`: what `worker.start` takes in each process; the configuration first."""
        self.jobs, self.setup, self.function = jobs, setup, function
        self.seconds: float = setup[0].run.seconds_per_document
        self.renewals = 0
        self.closed = False
        self.turn = threading.Lock()
        """Held while a document is handed to the pool, or the pool is started anew. The pool's own threads never take
        it: they are waited for meanwhile."""
        self.lock = threading.Lock()
        self.open: set[Future[Outcome]] = set()
        self.pool = self._new()

    def _new(self) -> Any:
        from concurrent.futures.process import BrokenProcessPool

        from .pool import Pool

        pool = Pool(self.jobs, _begin, (dict(os.environ), self.setup), max_tasks=200)
        try:
            _ = pool.active  # asking starts the processes
        except BaseException as error:  # Ctrl-C too: the processes that have begun are nobody's yet
            pool.stop()
            pool.join()
            if isinstance(error, BrokenProcessPool):
                raise ProcessesError(
                    f"Worker processes can't be started: {error.__cause__}.",
                    "see that this machine has memory left and this user may start more processes, then run again: "
                    "what was finished is kept.",
                ) from error
            raise
        return pool

    def submit(self, task: Task) -> Future[Outcome]:
        """As Executor.submit. Raises ProcessesError when processes end as soon as they begin."""
        outer: Future[Outcome] = Future()
        with self.turn:
            if self.closed:
                settle(outer, DisplacedError())
                return outer
            if not self.pool.active:
                self._renew()
            inner = self.pool.schedule(_bounded, args=(self.function, task), timeout=self.seconds)
            with self.lock:
                self.open.add(outer)
        inner.add_done_callback(lambda ended: self._pass_on(ended, outer))
        return outer

    def _renew(self) -> None:
        """pebble gives a pool up when a process ends that has no document, as when the system lacks memory."""
        self.renewals += 1
        if self.renewals > _MOST_RENEWALS:
            raise ProcessesError(
                "Worker processes end before they take a document.",
                "see that this machine has memory left and run.megabytes_per_worker is not too low, then run again: "
                "what was finished is kept.",
            )
        self._end(self.pool.stop)
        self.pool = self._new()

    def _pass_on(self, inner: Future[Outcome], outer: Future[Outcome]) -> None:
        from concurrent.futures.process import BrokenProcessPool

        from pebble import ProcessExpired

        with self.lock:
            self.open.discard(outer)
        error = DisplacedError() if inner.cancelled() else inner.exception()
        if isinstance(error, ProcessExpired) and error.exitcode == _NO_MEMORY:
            settle(outer, MemoryError())
        elif isinstance(error, ProcessExpired):
            settle(outer, CrashedError(f"exit code {error.exitcode}"))
        elif isinstance(error, BrokenProcessPool):
            settle(outer, DisplacedError())
        elif isinstance(error, TimeoutError) and error.args[:1] == ("Task timeout",):
            settle(outer, OverdueError())
        elif error is not None:
            settle(outer, error)
        else:
            self.renewals = 0
            settle(outer, inner.result())

    def _end(self, how: Callable[[], None], wait: bool = True) -> None:
        how()
        if wait:
            self.pool.join()
        with self.lock:  # pebble leaves the futures of what it stops without an end, and a thread may wait for one
            left, self.open = self.open, set()
        for future in left:
            settle(future, DisplacedError())

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As Executor.shutdown; what is submitted afterwards is displaced."""
        with self.turn:
            self.closed = True
            self._end(self.pool.stop if cancel_futures else self.pool.close, wait)


class _ProgressFolder:
    """Workers append a line per finished stage to their own file; a killed worker can't block the others."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.offsets: dict[Path, int] = {}
        self.seen: dict[int, int] = {}
        """Start of a document's hash -> the stages told of, as bits: one that is tried again tells of them again."""
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
                document, bit = int(doc_id[:16], 16), _BITS[stage]
                if not self.seen.get(document, 0) & bit:
                    self.seen[document] = self.seen.get(document, 0) | bit
                    self.done[stage] += 1
                    self.pages[stage] += int(pages)

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class _Local:
    """The executor of `--engine processes`."""

    def __init__(self, plan: Plan, output: Path, config: Config) -> None:
        jobs = min(config.run.jobs or usable_cores(), len(plan.tasks))
        self.folder = _ProgressFolder(output / ".cache" / "progress")
        setup = (config, plan.cache, plan.environment, self.folder.folder)
        self.processes = Processes(jobs, setup, work)

    def room(self) -> int:
        return self.processes.jobs * (1 + _AHEAD)

    def submit(self, task: Task) -> Future[Outcome]:
        return self.processes.submit(task)

    def progress(self) -> tuple[Mapping[str, int], Mapping[str, int]]:
        self.folder.read()
        return self.folder.done, self.folder.pages

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        try:
            self.processes.shutdown(wait, cancel_futures=cancel_futures)
        finally:
            self.folder.close()


def _executor(plan: Plan, output: Path, config: Config, note: Callable[[str], None]) -> Executor:
    if config.run.engine == "dask":
        from .cluster import Cluster

        return Cluster(plan, config, note, work)
    return _Local(plan, output, config)


def _issue(task: Task, error: BaseException, config: Config) -> Issue:
    """The issue that records why a document has no outcome. It names no process, so that it is the same anywhere."""
    return Issue(task.source.doc_id, None, "run", _category(error), "error", *_told(error, task.source.path, config))


def _category(error: BaseException) -> str:
    if isinstance(error, PolicyScanError):
        return error.category
    kinds = {OverdueError: "timeout", CrashedError: "crash", MemoryError: "memory", OSError: "storage"}
    return next((category for kind, category in kinds.items() if isinstance(error, kind)), "internal")


def _told(error: BaseException, path: str, config: Config) -> tuple[str, str]:
    """What happened to a document, and what to do next."""
    others = "other documents are unaffected."
    if isinstance(error, PolicyScanError):
        return error.message, error.next_step
    if isinstance(error, OverdueError):
        what = f"{path} took longer than {config.run.seconds_per_document:.0f} s and was given up."
        return what, f"raise run.seconds_per_document in the configuration, or split the file; {others}"
    if isinstance(error, CrashedError):
        step = "open the file and save it anew as PDF, or raise run.megabytes_per_worker where it is very large"
        return f"Reading {path} ended its worker process twice.", f"{step}, then run again; {others}"
    if isinstance(error, MemoryError):
        what = f"{path} needs more memory than a worker may take ({config.run.megabytes_per_worker} MB)."
        return what, f"raise run.megabytes_per_worker in the configuration, or split the file; {others}"
    if isinstance(error, OSError):
        why = error.strerror or str(error) or type(error).__name__
        step = (
            "free disk space." if error.errno in _FULL else "see that the run may write into its cache, then run again."
        )
        return f"{path}: a result could not be stored: {why}.", step
    return f"{path}: {type(error).__name__}: {error}.", f"report this with the file; {others}"


@dataclass(slots=True)
class _Queue:
    """Documents that wait, in order; and those that are to be worked on alone, for they may have ended a machine."""

    waiting: deque[Task]
    suspects: deque[Task] = field(default_factory=deque)
    crashes: Counter[str] = field(default_factory=Counter)
    displaced: Counter[str] = field(default_factory=Counter)

    def next(self, n_running: int, room: int) -> Task | None:
        if self.waiting:
            return self.waiting.popleft() if n_running < room else None
        return self.suspects.popleft() if self.suspects and not n_running and room else None

    def again(self, task: Task, error: CrashedError) -> bool:
        """Take back a document whose process ended; False when it did so twice and nothing else can be the cause."""
        doc_id = task.source.doc_id
        self.crashes[doc_id] += 1
        if self.crashes[doc_id] == 1:
            self.waiting.append(task)
        elif not error.alone:
            self.suspects.append(task)
        else:
            return False
        return True


def carry_out(plan: Plan, output: Path, config: Config, tell: Callable[[Progress], None]) -> dict[str, float]:
    """Work through the plan's tasks; returns CPU seconds per stage and adds what failed to the plan.

    Raises UsageError (an engine that isn't installed), ClusterError (none to be reached, no workers left), and
    ProcessesError. What was finished until then is kept in the cache.
    """
    if not plan.tasks:
        return {}
    seconds: Counter[str] = Counter()
    queue = _Queue(deque(plan.tasks))
    running: dict[Future[Outcome], Task] = {}
    total = len(plan.tasks)
    executor = _executor(plan, output, config, lambda said: tell(Progress({}, {}, total, note=said)))

    def end(task: Task, future: Future[Outcome]) -> None:
        error = future.exception()
        if isinstance(error, DisplacedError):
            queue.displaced[task.source.doc_id] += 1
            if queue.displaced[task.source.doc_id] <= _MOST_DISPLACEMENTS:
                queue.waiting.appendleft(task)
                return
            error = CrashedError("again and again")
            queue.crashes[task.source.doc_id] += 1
        if isinstance(error, CrashedError) and queue.again(task, error):
            tell(Progress({}, {}, total, note=f"{task.source.path}: its worker ended ({error.how}); it is tried again"))
            return
        if error is not None:
            plan.failures.append(_issue(task, error, config))
        else:
            seconds.update(future.result().seconds)
        tell(Progress(*executor.progress(), total, task.source.path))

    try:
        while queue.waiting or queue.suspects or running:
            room = executor.room()
            while (task := queue.next(len(running), room)) is not None:
                running[executor.submit(task)] = task
            ended = wait(running, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED).done
            if not running:  # no worker is there yet
                time.sleep(_POLL_SECONDS)
            for future in ended:
                end(running.pop(future), future)
            tell(Progress(*executor.progress(), total))
        executor.shutdown()
    except BaseException:
        executor.shutdown(cancel_futures=True)
        raise
    finally:
        Cache(plan.cache).sweep()  # what workers that were ended had begun to write
    plan.failures.sort(key=lambda issue: (issue.doc_id or "", issue.category))
    return dict(seconds)
