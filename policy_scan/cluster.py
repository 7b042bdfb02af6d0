"""The engine of `--engine dask`: documents are worked on by the workers of a Dask cluster, wherever they are.

A Dask worker can't end what runs in one of its threads, so each keeps a pool of processes of its own in which documents
are worked on: one that bursts or hangs ends such a process, never the worker. This module places every document on a
worker that it names, as many as it can work on, so that it knows which were there when a machine was lost, and the
scheduler's own retries never count.

What runs in a worker is below `examine`; what runs beside the scheduler's client is `Cluster`.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import multiprocessing.util
import pickle
import platform
import shutil
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from typing import Any

from . import __version__
from .codebook import load_codebook
from .config import Config, resource
from .engine import CrashedError, DisplacedError, Processes, settle
from .errors import ClusterError, PolicyScanError, ProcessesError, UsageError
from .pipeline import DOCUMENT_STAGES
from .planning import Plan, environment_key
from .storage import Place
from .worker import Outcome, Task, read_document

_CONNECT_SECONDS = 10.0
_ANSWER_SECONDS = 30.0
"""How long the scheduler may take to tell which workers it has."""
_LOOK_SECONDS = 1.0
_IDLE_SECONDS = 120.0
"""After so long without a document, a worker lets a run's processes go: the run's own end was never told."""

_WORD_SECONDS = 3_600.0
"""How often a run writes its word for workers anew, so that others see that it goes on."""
_LEFT_SECONDS = 86_400.0
"""What a run left for its workers and hasn't written for so long, a killed run left."""

_DECISIVE = (
    "pypdfium2",
    "pytesseract",
    "pillow",
    "py3langid",
    "scikit-learn",
    "numpy",
    "onnxruntime",
    "pyarrow",
)
"""Libraries on whose versions the results depend: the same on every machine, or the tables wouldn't be."""

_SHARE = "put corpus and output into folders that all machines share under the same path, or give s3:// addresses."


@dataclass(frozen=True, slots=True)
class _Run:
    """What a worker has to know of a run, sent along with every document."""

    id: str
    config: Config
    cache: Place
    environment: str
    function: Callable[[Task], Outcome]


@dataclass(frozen=True, slots=True)
class _Request:
    """What a worker is asked before it is given a document."""

    run: _Run
    libraries: Mapping[str, str]
    uses: Mapping[str, str]
    sample: Task | None
    token: bytes


class _ElsewhereError(Exception):
    """A document came to another process than it was meant for: a worker was started anew under the same address."""


# ------------------------------------------------------------------------------------------------ in a Dask worker


def examine(version: str, request: bytes) -> tuple[str, tuple[str, str] | None]:
    """This worker's identity, and why it can't take part (what is wrong, what to do), if it can't.

    `request` is a pickled _Request, opened only where the versions agree. On the way the run's processes are started.
    """
    from distributed import get_worker

    worker = get_worker()
    if version != __version__:
        return worker.id, (
            f"has policy_scan {__version__}, this machine {version}",
            f"pip install 'policy-scan[cluster]=={version}' there and start the worker again.",
        )
    asked: _Request = pickle.loads(request)
    refused = _libraries(asked)
    if refused is None:
        try:
            _pool(asked.run, worker.state.nthreads)  # its processes start while the rest is looked at
        except DisplacedError:  # nobody waits for the answer
            return worker.id, None
        refused = _resources(asked) or _storage(asked, worker.id)
    if refused is not None:
        _close(asked.run.id)
    return worker.id, refused


def libraries() -> dict[str, str]:
    """Versions of what the results depend on, as installed here."""
    found = {"Python": ".".join(platform.python_version_tuple()[:2])}
    for name in _DECISIVE:
        try:
            found[name] = installed_version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found


def _libraries(asked: _Request) -> tuple[str, str] | None:
    here = libraries()
    differ = [name for name, wanted in asked.libraries.items() if here[name] != wanted]
    if not differ:
        return None
    named = ", ".join(f"{name} {here[name]} where this machine has {asked.libraries[name]}" for name in differ)
    return f"has {named}", "install the same there (pip install -r requirements.txt) and start the worker again."


def _uses(config: Config) -> dict[str, str]:
    from .classifier.model import classifier_key, model_folder

    folder = model_folder(config.codings.model)
    return {
        "codebook": load_codebook(config.codebook).key(),
        "classifier": classifier_key(config.codings.setting, resource(config.lexicon), folder),
    }


def _resources(asked: _Request) -> tuple[str, str] | None:
    """Whether codebook, lexicon, model and OCR are here as they are where the run is."""
    config = asked.run.config
    try:
        here = _uses(config)
    except PolicyScanError as error:
        return error.message[:1].lower() + error.message[1:].rstrip("."), (
            "put codebook, lexicon and model into a folder that all machines share and name them by their full paths."
        )
    for name, what in (("codebook", "codebook"), ("classifier", "model or lexicon")):
        if here[name] != asked.uses[name]:
            return f"has another {what} than this machine", "install the same version and files there."
    if config.ocr.enabled and environment_key() != asked.run.environment:
        return (
            "has another Tesseract, or other languages for it, than this machine",
            "install the same there ('policy-scan doctor' tells what is missing), or set ocr.enabled to false.",
        )
    return None


def _storage(asked: _Request, worker_id: str) -> tuple[str, str] | None:
    """Whether corpus and cache are within reach: the client's word is read, and one left for it."""
    place = asked.run.cache
    try:
        same = place.read_bytes(f"cluster/{asked.run.id}/client") == asked.token
    except PolicyScanError as error:  # a store's package that isn't installed here
        return f"can't read the run's folder {place}: {error.message.rstrip('.')}", error.next_step
    except OSError as error:
        return f"can't read the run's folder {place}: {error.strerror or type(error).__name__}", _SHARE
    if not same:
        return f"sees another folder at {place}", _SHARE
    try:
        place.write_bytes(f"cluster/{asked.run.id}/{worker_id}", asked.token)
    except OSError as error:
        return f"can't write into {place}: {error.strerror or type(error).__name__}", "let its user write there."
    try:
        if asked.sample is not None:
            read_document(asked.sample, asked.run.config)
    except PolicyScanError as error:
        return f"can't read the corpus: {error.message.rstrip('.')}", _SHARE
    except OSError as error:
        return f"can't read the corpus: {error.strerror or type(error).__name__}", _SHARE
    return None


@dataclass(slots=True)
class _Pool:
    processes: Processes
    busy: int = 0
    last: float = field(default_factory=time.monotonic)


_pools: dict[str, _Pool] = {}
_ended: deque[str] = deque(maxlen=1000)
"""Runs that told this worker their end: what they asked for before, and comes to be done afterwards, starts nothing."""
_lock = threading.Lock()


@cache
def _prepare_process() -> None:
    """Once per worker process: let it have children, and end them with it."""
    # A nanny's worker is marked as a daemon, which multiprocessing allows no children. The mark only asks that it be
    # ended with its parent, which nannies see to themselves; our children end with it by watching their parent.
    multiprocessing.current_process().daemon = False
    # On a regular end multiprocessing waits for children; they are to be stopped before it does.
    multiprocessing.util.Finalize(None, _close_all, exitpriority=100)
    threading.Thread(target=_close_idle, name="policy-scan-idle", daemon=True).start()


def _pool(run: _Run, jobs: int) -> _Pool:
    """A run's processes in this worker, started where they aren't yet. Raises DisplacedError where the run has ended,
    ProcessesError."""
    with _lock:
        if run.id in _ended:
            raise DisplacedError
        _prepare_process()
        found = _pools.get(run.id)
        if found is None:
            setup = (run.config, run.cache, run.environment, None)
            found = _pools[run.id] = _Pool(Processes(jobs, setup, run.function))
        return found


def _close_idle() -> None:
    while True:
        time.sleep(_IDLE_SECONDS / 4)
        for run_id in _idle(time.monotonic()):
            _close(run_id)


def _idle(now: float) -> list[str]:
    """Runs that have given this worker nothing to do for long."""
    with _lock:
        return [run_id for run_id, pool in _pools.items() if not pool.busy and now - pool.last > _IDLE_SECONDS]


def _close(run_id: str) -> None:
    with _lock:
        pool = _pools.pop(run_id, None)
    if pool is not None:
        pool.processes.shutdown(cancel_futures=True)


def _close_all() -> None:
    for run_id in list(_pools):
        _close(run_id)


async def _end_run(run_id: str) -> None:
    """Stop a run's processes in this worker, whatever they are at, for good. The worker's loop goes on meanwhile."""

    def end() -> None:
        with _lock:
            _ended.append(run_id)
        _close(run_id)

    await asyncio.to_thread(end)


def work_there(run: _Run, worker_id: str, task: Task) -> Outcome | BaseException:
    """A document's work in one of this worker's processes. What it raises is returned: it is the run's business, not
    the cluster's, whose log it would fill."""
    from distributed import get_worker

    worker = get_worker()
    if worker.id != worker_id:
        return _ElsewhereError()
    try:
        pool = _pool(run, worker.state.nthreads)
    except (DisplacedError, ProcessesError) as error:
        return _portable(error)
    with _lock:
        pool.busy += 1
    try:
        return pool.processes.submit(task).result()
    except BaseException as error:
        return _portable(error)
    finally:
        with _lock:
            pool.busy -= 1
            pool.last = time.monotonic()


def _portable(error: BaseException) -> BaseException:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


# ---------------------------------------------------------------------------------------------- beside the client


@dataclass(slots=True)
class _Placed:
    """A document handed to a worker."""

    task: Task
    outer: Future[Outcome]
    remote: Any


@dataclass(slots=True)
class _Worker:
    """A Dask worker as this run knows it. `id` is its process's, empty until it has answered."""

    address: str
    threads: int
    asked: Any
    id: str = ""
    refused: tuple[str, str] | None = None
    open: bool = True
    placed: dict[str, _Placed] = field(default_factory=dict)

    @property
    def room(self) -> int:
        # No document waits at a worker: it could end before its forerunner's result has come here, and take the worker
        # with it, and the forerunner would be suspected.
        return self.threads if self.id and self.open and not self.refused else 0


def _lost_errors() -> tuple[type[Exception], ...]:
    """What a task's future raises where the worker that it was bound to went."""
    from distributed import KilledWorker
    from distributed.scheduler import NoValidWorkerError

    return KilledWorker, NoValidWorkerError, CancelledError


def _connect(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError(
            f"--engine dask needs the library 'distributed', which can't be imported ({error}).",
            "pip install 'policy-scan[cluster]'",
        ) from error
    # What a lost connection means is told here, once.
    for name in ("distributed.client", "distributed.core", "distributed.comm"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        return Client(address, timeout=_CONNECT_SECONDS, set_as_default=False, name="policy-scan")
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        why = str(error).partition("\n")[0].strip() or type(error).__name__
        raise ClusterError(
            f"No Dask scheduler answers at {address} ({why}).",
            "check the address and that 'dask scheduler' runs there (docs/cluster.md); nothing was done.",
        ) from error


class Cluster:
    """An Executor over a Dask cluster. Its public methods are called by one thread only."""

    def __init__(
        self,
        plan: Plan,
        config: Config,
        note: Callable[[str], None],
        function: Callable[[Task], Outcome],
    ) -> None:
        """Raises UsageError where distributed isn't installed, ClusterError where no scheduler answers."""
        self.address, self.note = config.run.scheduler, note
        self.patience = config.run.seconds_without_workers
        self.client = _connect(self.address)
        self.lock = threading.Lock()
        self.workers: dict[str, _Worker] = {}
        self.held: list[tuple[Task, Future[Outcome]]] = []
        """Documents that wait for a worker: one where they haven't crashed, or any, since theirs just went."""
        self.crashed: dict[str, set[str]] = {}
        self.done: Counter[str] = Counter()
        self.pages: Counter[str] = Counter()
        self.ever_used, self.lost = False, False
        self.went: deque[_Worker] = deque()
        self.unfit: deque[tuple[_Worker, tuple[str, str]]] = deque()
        self.looked, self.lonely, self.told = 0.0, time.monotonic(), False
        self.written = 0.0
        self.run = _Run(uuid.uuid4().hex, config, plan.cache, plan.environment, function)
        self.token = uuid.uuid4().hex.encode("ascii")
        self.place = plan.cache
        try:
            self._leave_word()
            with suppress(OSError):
                self._sweep_left()
            sample = _readable(plan, config)
            request = _Request(self.run, libraries(), plan.uses, sample, self.token)
            self.request = pickle.dumps(request)
        except BaseException:
            self.shutdown(cancel_futures=True)
            raise

    def _leave_word(self) -> None:
        """Write what workers read to know that they see the same folder."""
        self.place.write_bytes(f"cluster/{self.run.id}/client", self.token)
        self.written = time.monotonic()

    # -- workers that come and go

    def room(self) -> int:
        """As Executor.room; looks at the cluster once a second. Raises ClusterError."""
        if time.monotonic() - self.looked >= _LOOK_SECONDS:
            self._look()
            self.looked = time.monotonic()
        if time.monotonic() - self.written >= _WORD_SECONDS:
            with suppress(OSError):
                self._leave_word()
        while self.went:
            self._lose(self.went.popleft())
        while self.unfit:
            worker, why = self.unfit.popleft()
            if worker.refused is None:
                self._refuse(worker, why)
        for worker in list(self.workers.values()):
            self._hear(worker)
        self._place_held()
        room = sum(worker.room for worker in self.workers.values())
        self._wait_or_end(room)
        return room

    def _look(self) -> None:
        """Take note of workers that came or went."""
        try:
            if self.client.status != "running":
                raise OSError("the connection was closed")
            identity = self.client.sync(self.client.scheduler.identity, n_workers=-1, callback_timeout=_ANSWER_SECONDS)
        except (OSError, RuntimeError) as error:
            self.lost = True
            raise ClusterError(
                f"The Dask scheduler at {self.address} doesn't answer any more ({error or type(error).__name__}).",
                "start it and its workers again, then run again: what was finished is kept and not computed anew.",
            ) from error
        present = identity["workers"]
        for address, worker in list(self.workers.items()):
            if address not in present:
                self._lose(worker)
        for address, told in present.items():
            known = self.workers.get(address)
            if known is None:
                self.workers[address] = _Worker(address, told["nthreads"], self._ask(address))
            else:
                known.threads, known.open = told["nthreads"], told["status"] == "running"

    def _ask(self, address: str) -> Any:
        return self.client.submit(
            examine, __version__, self.request, workers=[address], allow_other_workers=False, pure=False,
            key=f"policy-scan-examine-{uuid.uuid4().hex}", priority=10,
        )  # fmt: skip

    def _hear(self, worker: _Worker) -> None:
        """Take in a worker's answer, once it is there."""
        if worker.asked is None or not worker.asked.done():
            return
        asked, worker.asked = worker.asked, None
        try:
            identity, refused = asked.result()
        except (ImportError, AttributeError) as error:
            refused = (
                f"lacks policy_scan {__version__} ({type(error).__name__}: {error})",
                f"pip install 'policy-scan[cluster]=={__version__}' there and start the worker again.",
            )
        except _lost_errors():
            self.workers.pop(worker.address, None)  # gone, or asked again where it is seen again
            return
        except Exception as error:
            refused = (
                f"failed when asked what it has ({type(error).__name__}: {error})",
                "see the worker's log, mend it and start it again.",
            )
        if refused is None and not self._has_written(identity):
            refused = (f"writes into another folder at {self.place}", _SHARE)
        if refused is None:
            worker.id, self.ever_used = identity, True
            return
        self._refuse(worker, refused)

    def _refuse(self, worker: _Worker, why: tuple[str, str]) -> None:
        worker.refused = why
        self.note(f"The worker {worker.address} isn't used: it {why[0]}. Next: {why[1]}")

    def _has_written(self, identity: str) -> bool:
        try:
            return self.place.read_bytes(f"cluster/{self.run.id}/{identity}") == self.token
        except OSError:
            return False

    def _lose(self, worker: _Worker) -> None:
        """A worker went: each document that was handed to it may be the cause."""
        if self.workers.get(worker.address) is worker:
            del self.workers[worker.address]
        with self.lock:
            placed = list(worker.placed.values())
            worker.placed.clear()
        for one in placed:
            self.crashed.setdefault(one.task.source.doc_id, set()).add(worker.address)
            settle(one.outer, CrashedError(f"the worker {worker.address} is gone", alone=len(placed) == 1))
        for one in placed:
            one.remote.cancel(force=True)

    def _wait_or_end(self, room: int) -> None:
        """Say that workers are waited for; raise ClusterError when that took too long or can't help."""
        if room:
            self.lonely, self.told = time.monotonic(), False
            return
        waited = time.monotonic() - self.lonely
        asked = [worker for worker in self.workers.values() if worker.asked is not None]
        used = [worker for worker in self.workers.values() if worker.id]
        kept = "run again then: what was finished is kept and not computed anew."
        refused = [(worker.address, *worker.refused) for worker in self.workers.values() if worker.refused]
        if refused and not asked and (not self.ever_used or waited > self.patience):
            address, why, step = refused[0]
            more = f" {len(refused) - 1} more can't be used either." if len(refused) > 1 else ""
            raise ClusterError(f"No worker of {self.address} can be used: {address} {why}.{more}", step)
        if waited > self.patience:
            if asked or used:
                raise ClusterError(
                    f"None of {len(asked) + len(used)} workers of {self.address} took work for {waited:.0f} s.",
                    f"see on the scheduler's dashboard what they are busy with, or start more; {kept}",
                )
            raise ClusterError(
                f"No worker has been connected to {self.address} for {waited:.0f} s.",
                f"start some with 'dask worker {self.address}', or raise run.seconds_without_workers; {kept}",
            )
        if waited > 3 * _LOOK_SECONDS and not self.told and not asked:
            self.told = True
            self.note(f"No worker is connected to {self.address}; waiting for one up to {self.patience:.0f} s.")

    # -- documents

    def submit(self, task: Task) -> Future[Outcome]:
        outer: Future[Outcome] = Future()
        self.held.append((task, outer))
        self._place_held()
        return outer

    def _place_held(self) -> None:
        held, self.held = self.held, []
        for task, outer in held:
            worker = self._worker_for(task)
            if worker is None:
                self.held.append((task, outer))
            else:
                self._place(task, outer, worker)

    def _worker_for(self, task: Task) -> _Worker | None:
        """One that is free, and where the document hasn't crashed; None where such a one is to be waited for."""
        usable = [worker for worker in self.workers.values() if worker.room]
        avoided = self.crashed.get(task.source.doc_id, set())
        wanted = [worker for worker in usable if worker.address not in avoided] or usable
        free = [worker for worker in wanted if len(worker.placed) < worker.room]
        return min(free, key=lambda worker: len(worker.placed) / worker.room, default=None)

    def _place(self, task: Task, outer: Future[Outcome], worker: _Worker) -> None:
        key = f"policy-scan-{uuid.uuid4().hex}"
        remote = self.client.submit(
            work_there, self.run, worker.id, task, key=key, workers=[worker.address], allow_other_workers=False,
            pure=False,
        )  # fmt: skip
        with self.lock:
            worker.placed[key] = _Placed(task, outer, remote)
        remote.add_done_callback(lambda ended: self._take(worker, key, ended))

    def _take(self, worker: _Worker, key: str, remote: Any) -> None:
        """Pass a document's end on; called in a thread of the client's."""
        value: Outcome | BaseException
        try:
            value = remote.result()
        except CancelledError:  # the scheduler was lost, or the worker, which is told before
            value = DisplacedError()
        except BaseException as error:
            value = error
        if isinstance(value, (_ElsewhereError, *_lost_errors())):
            self.went.append(worker)  # a worker at that address is a new one, to be asked anew
            return
        with self.lock:
            placed = worker.placed.pop(key, None)
        if placed is None:  # its worker was lost meanwhile, which has been told
            return
        if isinstance(value, Outcome):
            with self.lock:
                for stage in DOCUMENT_STAGES:
                    self.done[stage.name] += 1
                    self.pages[stage.name] += value.n_pages
        elif isinstance(value, ProcessesError):  # that machine's trouble, not the document's
            self.unfit.append((worker, ("can't keep processes alive", value.next_step)))
            value = DisplacedError()
        elif isinstance(value, CrashedError):
            self.crashed.setdefault(placed.task.source.doc_id, set()).add(worker.address)
        settle(placed.outer, value)

    def progress(self) -> tuple[Mapping[str, int], Mapping[str, int]]:
        with self.lock:
            return dict(self.done), dict(self.pages)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As Executor.shutdown. Never raises for a cluster that is gone."""
        with self.lock:
            placed = [one for worker in self.workers.values() for one in worker.placed.values()]
            asked = list(self.workers)  # one that hasn't answered yet may just be starting processes
        try:
            # Where it is gone, its processes end with its workers, or when they have had nothing to do for a while.
            with suppress(OSError, RuntimeError):
                if self.client.status == "running" and not self.lost:
                    if placed:
                        self.client.cancel([one.remote for one in placed], force=True)
                    if asked:
                        self._tell_end(asked)
        finally:
            self.client.close(timeout=5)
            self._sweep()

    def _tell_end(self, workers: list[str]) -> None:
        """Have the workers let this run's processes go; one that doesn't answer isn't waited for."""

        def tell() -> None:
            with suppress(Exception):
                self.client.run(_end_run, self.run.id, workers=workers, on_error="ignore")

        telling = threading.Thread(target=tell, daemon=True)
        telling.start()
        telling.join(_ANSWER_SECONDS)

    def _sweep(self) -> None:
        """Remove what client and workers left for each other; a run that shares the cache has a folder of its own."""
        if self.place.is_local:
            folder = self.place.local / "cluster"
            shutil.rmtree(folder / self.run.id, ignore_errors=True)
            with suppress(OSError):  # another run's is there
                folder.rmdir()
            return
        below = self.place.below(f"cluster/{self.run.id}")
        with suppress(OSError):  # a few bytes that hold nothing
            for entry in list(below.entries()):
                below.delete(entry.path)

    def _sweep_left(self) -> None:
        """Remove what killed runs left there. How old it is counts from this run's own word, by the clock of the place:
        a run that goes on has written its word within hours. Raises OSError."""
        place = self.place.below("cluster")
        if place.is_local:
            names = [f"{file.parent.name}/{file.name}" for file in place.local.glob("*/*")]
        else:
            names = [entry.path for entry in place.entries()]
        times: dict[str, float] = {}
        for name in names:
            with suppress(FileNotFoundError):  # of a run that ends just now
                times[name] = place.modified(name)
        now = times.get(f"{self.run.id}/client")
        if now is None:  # a store that doesn't list yet what was just written: another run's turn
            return
        for run_id in {name.partition("/")[0] for name in times}:
            own = [name for name in times if name.startswith(f"{run_id}/")]
            if now - max(times[name] for name in own) <= _LEFT_SECONDS:
                continue
            for name in own:
                place.delete(name)
            if place.is_local:
                with suppress(OSError):
                    (place.local / run_id).rmdir()


def _readable(plan: Plan, config: Config) -> Task | None:
    """A small document of the plan that can be read here, for workers to try."""
    for task in sorted(plan.tasks, key=lambda task: task.source.n_bytes)[:5]:
        with suppress(PolicyScanError, OSError):
            read_document(task, config)
            return task
    return None
