"""Engines: whoever does the work, the tables are the same bytes, and what ends a worker costs one document only."""

from __future__ import annotations

import errno
import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dying
import fixtures
import psutil
import pytest
from clusters import Cluster
from distributed import Client
from pebble import ProcessExpired
from pebble.pool.process import WorkerManager
from typer.testing import CliRunner

from policy_scan import cluster, engine, pipeline
from policy_scan.cli import app
from policy_scan.config import Config, load_config
from policy_scan.errors import ClusterError, ProcessesError, TooLargeError, UsageError
from policy_scan.keys import hash_file
from policy_scan.pool import Pool
from policy_scan.records import Document, Issue
from policy_scan.runner import TABLES, RunResult, make_plan, run
from policy_scan.storage import Place
from policy_scan.tables import read_records
from policy_scan.worker import Outcome

LAW = [
    "LOI DU 3 MARS 2021 RELATIVE AUX DEMARCHES EN LIGNE",
    "",
    "Art. 1er. La demande est introduite au moyen du formulaire en ligne de la commune.",
    "",
    "Art. 2. Toute personne peut aussi se rendre au guichet, sans rendez-vous.",
]
FAST = {"codings": {"setting": "fast"}, "ocr": {"enabled": False}}
Tell = Callable[[engine.Progress], None]


def _write(corpus: Path, *names: str) -> None:
    for name in names:
        (corpus / name).parent.mkdir(parents=True, exist_ok=True)
        fixtures.write_pdf(corpus / name, [[*LAW, "", f"Art. 3. Cet acte est le document {name} du recueil."]])


def _config(**changes: object) -> Config:
    return load_config(None, {**FAST, "run": {"jobs": 1, **changes}})


def _on(address: str, **changes: object) -> Config:
    return _config(engine="dask", scheduler=address, **changes)


def _hashes(output: Path) -> dict[str, str]:
    return {f"{name}.{kind}": hash_file(output / f"{name}.{kind}") for name in TABLES for kind in ("parquet", "csv")}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A corpus, and the output of a local run over it."""
    folder = tmp_path_factory.mktemp("local")
    corpus = folder / "corpus"
    _write(corpus, "FR/a.pdf", "FR/b.pdf", "LU/c.pdf", "RO/d.pdf")
    result = run(corpus, folder / "out", _config())
    assert result.exit_code == 0
    return corpus, folder / "out"


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    started = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        started.add_worker()
        started.add_worker()
        yield started
    finally:
        started.end()


@pytest.fixture
def lonely_scheduler(tmp_path: Path) -> Iterator[Cluster]:
    """A scheduler without workers."""
    started = Cluster(tmp_path)
    try:
        yield started
    finally:
        started.end()


class _Told:
    """What a run told, and what to do when it tells it."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.finished: list[str] = []
        self.last: engine.Progress | None = None

    def __call__(self, progress: engine.Progress) -> None:
        if progress.note:
            self.notes.append(progress.note)
        else:
            self.last = progress
        if progress.finished:
            self.finished.append(progress.finished)


# ------------------------------------------------------------------------------------------------- on a cluster


def test_a_stopped_run_leaves_the_cluster_usable_and_the_tables_are_those_of_a_local_run(
    tmp_path: Path, local: tuple[Path, Path], two_workers: Cluster
) -> None:
    corpus, expected = local

    def stop(progress: engine.Progress) -> None:
        if progress.finished:
            assert two_workers.of_runs()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(corpus, tmp_path / "out", _on(two_workers.address), tell=stop)
    _, alive = psutil.wait_procs(two_workers.of_runs(), timeout=30)
    assert not alive and not two_workers.of_runs()

    told = _Told()
    result = run(corpus, tmp_path / "out", _on(two_workers.address), tell=told)
    assert (result.exit_code, told.notes) == (0, [])
    assert 1 <= result.computed < 4, "what was finished before the run was stopped is kept"
    assert told.last is not None and len(told.finished) == result.computed
    assert dict(told.last.done) == dict.fromkeys(told.last.done, result.computed) and told.last.done["codings"]
    assert _hashes(tmp_path / "out") == _hashes(expected)
    assert not (tmp_path / "out" / ".cache" / "cluster").exists()
    assert not two_workers.of_runs()


BAD = ("BE/die.pdf", "BE/die-once.pdf", "BE/kill.pdf", "BE/kill-once.pdf")
GREEDY = "BE/greedy.pdf"


def test_documents_that_end_workers_cost_only_themselves_and_the_same_on_both_engines(
    tmp_path: Path, local: tuple[Path, Path], two_workers: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    results: dict[str, RunResult] = {}
    told = {"here": _Told(), "there": _Told()}
    for where, function in (("here", dying.misbehave_here), ("there", dying.misbehave_on_a_cluster)):
        corpus = tmp_path / where / "corpus"
        _write(corpus, "FR/a.pdf", "LU/c.pdf", *BAD, GREEDY)
        monkeypatch.setattr("policy_scan.engine.work", function)
        config = _on(two_workers.address) if where == "there" else _config()
        results[where] = run(corpus, tmp_path / where / "out", config, tell=told[where])
        output = tmp_path / where / "out"
        status = {document.path: document.status for document in read_records(output, "documents", Document)}
        assert status == {
            "FR/a.pdf": "ok", "LU/c.pdf": "ok", "BE/die.pdf": "failed", "BE/die-once.pdf": "ok",
            "BE/kill.pdf": "failed", "BE/kill-once.pdf": "ok", GREEDY: "failed",
        }, (told[where].notes, results[where].issues)  # fmt: skip
        errors = [issue for issue in read_records(output, "issues", Issue) if issue.severity == "error"]
        assert sorted((issue.category, issue.message) for issue in errors) == [
            ("crash", "Reading BE/die.pdf ended its worker process twice."),
            ("crash", "Reading BE/kill.pdf ended its worker process twice."),
            ("memory", f"{GREEDY} needs more memory than a worker may take (2000 MB)."),
        ]
        assert all(issue.next_step for issue in errors)
        assert {name: len(dying.attempts(corpus, name)) for name in BAD} == dict.fromkeys(BAD, 2), told[where].notes
        assert len(dying.attempts(corpus, GREEDY)) == 1, "a limit is no accident: it isn't tried again"
        assert sum("BE/die-once.pdf" in note and "tried again" in note for note in told[where].notes) == 1
        processes = [process for name in BAD for process in dying.attempts(corpus, name)]
        assert _gone(processes), "a document's process ends with its worker"
    assert _hashes(tmp_path / "here" / "out") == _hashes(tmp_path / "there" / "out")
    assert any("is gone" in note for note in told["there"].notes)
    assert results["there"].exit_code == 1


def test_the_time_limit_holds_on_both_engines_and_ends_what_it_stops(
    tmp_path: Path, local: tuple[Path, Path], two_workers: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = tmp_path / "corpus"
    shutil.copytree(local[0], corpus)
    _write(corpus, "BE/hang.pdf")
    monkeypatch.setattr("policy_scan.engine.work", dying.misbehave_here)
    for name, config in (
        ("here", _config(seconds_per_document=2.0)), ("there", _on(two_workers.address, seconds_per_document=2.0)),
    ):  # fmt: skip
        shutil.copytree(local[1], tmp_path / name)
        result = run(corpus, tmp_path / name, config)
        [issue] = [issue for issue in result.issues if issue.severity == "error"]
        assert (result.computed, issue.category) == (1, "timeout")
        assert issue.message == "BE/hang.pdf took longer than 2 s and was given up." and issue.next_step
    processes = dying.attempts(corpus, "BE/hang.pdf")
    assert len(processes) == 2 and _gone(processes), "one attempt on each engine"
    assert _hashes(tmp_path / "here") == _hashes(tmp_path / "there")


def _gone(processes: list[int], seconds: float = 30.0) -> bool:
    until = time.monotonic() + seconds
    while alive := [one for one in processes if psutil.pid_exists(one)]:
        if time.monotonic() > until:
            return not [one for one in alive if psutil.Process(one).status() != psutil.STATUS_ZOMBIE]
        time.sleep(0.1)
    return True


def test_a_worker_of_another_version_is_told_and_not_used(
    tmp_path: Path, local: tuple[Path, Path], two_workers: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("policy_scan.cluster.__version__", "0.0.1")
    with pytest.raises(ClusterError, match=r"has policy_scan \d.*, this machine 0\.0\.1") as raised:
        run(local[0], tmp_path / "out", _on(two_workers.address))
    assert "pip install 'policy-scan[cluster]==0.0.1'" in raised.value.next_step
    assert raised.value.exit_code == 3
    assert not two_workers.of_runs()


def test_a_run_that_ends_while_a_worker_is_still_asked_leaves_it_no_processes(
    tmp_path: Path, local: tuple[Path, Path], two_workers: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, libraries = tmp_path / "told", cluster.libraries()
    monkeypatch.setattr("policy_scan.cluster.libraries", lambda: dying.LateLibraries(libraries, told))
    result = run(local[0], tmp_path / "out", _on(two_workers.address))
    assert result.exit_code == 0 and not told.exists(), "the run was to end before the worker answers"
    begun: list[psutil.Process] = []
    with Client(two_workers.address, set_as_default=False) as client:
        # a worker's one thread takes this up when it has answered
        later = [
            client.submit(int, pure=False, workers=[one]) for one in client.scheduler_info(n_workers=-1)["workers"]
        ]
        told.with_suffix(".over").touch()
        until = time.monotonic() + 60
        while not all(one.done() for one in later) and time.monotonic() < until:
            begun += two_workers.of_runs()
    assert told.exists() and not begun and not two_workers.of_runs()


def test_a_run_waits_for_a_worker_and_goes_on_elsewhere_when_its_scheduler_is_lost(
    tmp_path: Path, local: tuple[Path, Path], lonely_scheduler: Cluster
) -> None:
    corpus, expected = local
    with pytest.raises(ClusterError, match="No worker has been connected") as raised:
        run(corpus, tmp_path / "out", _on(lonely_scheduler.address, seconds_without_workers=1.0))
    assert "dask worker tcp://127.0.0.1:" in raised.value.next_step

    finished: list[str] = []

    def tell(progress: engine.Progress) -> None:
        if progress.note and "No worker is connected" in progress.note:
            lonely_scheduler.add_worker()
        if progress.finished:
            finished.append(progress.finished)
            lonely_scheduler.scheduler.kill()

    started = time.monotonic()
    with pytest.raises(ClusterError, match="doesn't answer any more") as raised:
        run(corpus, tmp_path / "out", _on(lonely_scheduler.address), tell=tell)
    assert time.monotonic() - started < 100 and raised.value.exit_code == 3 and finished

    result = run(corpus, tmp_path / "out", _config())
    assert 0 < result.computed < 4
    assert _hashes(tmp_path / "out") == _hashes(expected)


def _request(tmp_path: Path, corpus: Path, **changes: object) -> cluster._Request:
    config = _config()
    plan = make_plan(corpus, tmp_path / "new", config)
    one = cluster._Run("7" * 32, config, Place.of(tmp_path / "cache"), plan.environment, dying.work)
    given = {"run": one, "libraries": cluster.libraries(), "uses": plan.uses, "sample": plan.tasks[0], "token": b"t"}
    request = cluster._Request(**{**given, **changes})  # type: ignore[arg-type]
    return pickle.loads(pickle.dumps(request))  # type: ignore[no-any-return]


def test_a_worker_tells_why_it_cannot_take_part(tmp_path: Path, local: tuple[Path, Path]) -> None:
    request = _request(tmp_path, local[0])
    assert cluster._libraries(request) is None and cluster._resources(request) is None
    other = _request(tmp_path, local[0], libraries={**cluster.libraries(), "pypdfium2": "1.0"})
    assert "pypdfium2" in str(cluster._libraries(other))
    for name, word in (("codebook", "another codebook"), ("classifier", "another model")):
        differs = _request(tmp_path, local[0], uses={**request.uses, name: "0" * 64})
        assert word in str(cluster._resources(differs))

    # A worker on a machine without the shared folder, one with another folder of that name, and one that may use it.
    assert "can't read the run's folder" in str(cluster._storage(request, "w"))
    told = tmp_path / "cache" / "cluster" / request.run.id / "client"
    told.parent.mkdir(parents=True)
    told.write_bytes(b"other")
    assert "sees another folder" in str(cluster._storage(request, "w"))
    told.write_bytes(b"t")
    assert cluster._storage(request, "w") is None
    assert (told.parent / "w").read_bytes() == b"t"

    moved = _request(tmp_path, local[0])
    hidden = local[0].with_name("hidden")
    local[0].rename(hidden)
    try:
        refused = cluster._storage(moved, "w")
    finally:
        hidden.rename(local[0])
    assert refused is not None and "can't read the corpus" in refused[0] and "s3://" in refused[1]


def test_documents_that_shared_a_lost_machine_are_told_to_have_shared_it() -> None:
    remote = SimpleNamespace(cancel=lambda force: None)
    for n_placed, alone in ((1, True), (2, False)):
        lost = SimpleNamespace(workers={}, lock=cluster.threading.Lock(), crashed={})
        worker = cluster._Worker("tcp://w:1", 2, None, "w")
        lost.workers[worker.address] = worker
        futures: list[Future[Outcome]] = [Future() for _ in range(n_placed)]
        for number, future in enumerate(futures):
            task = SimpleNamespace(source=SimpleNamespace(doc_id=str(number)))
            worker.placed[str(number)] = cluster._Placed(task, future, remote)  # type: ignore[arg-type]
        cluster.Cluster._lose(lost, worker)  # type: ignore[arg-type]
        errors = [future.exception() for future in futures]
        assert [error.alone for error in errors if isinstance(error, engine.CrashedError)] == [alone] * n_placed
        assert not lost.workers and lost.crashed == {str(n): {worker.address} for n in range(n_placed)}


def test_a_run_that_was_killed_leaves_its_processes_only_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str] = []

    def pool(name: str, busy: int, last: float) -> cluster._Pool:
        processes = SimpleNamespace(shutdown=lambda cancel_futures: ended.append(name))
        return cluster._Pool(processes, busy, last)  # type: ignore[arg-type]

    monkeypatch.setattr(cluster, "_pools", {"old": pool("old", 0, 0.0), "busy": pool("busy", 1, 0.0)})
    assert cluster._idle(cluster._IDLE_SECONDS - 1) == []
    assert cluster._idle(cluster._IDLE_SECONDS + 1) == ["old"]
    cluster._close("old")
    assert ended == ["old"] and list(cluster._pools) == ["busy"]


Quiet = tuple[cluster.Cluster, list[str]]


class _Answered:
    """A worker's answer to what it has."""

    status = "finished"

    def __init__(self, answer: tuple[str, tuple[str, str] | None] | Exception) -> None:
        self.answer = answer

    def done(self) -> bool:
        return True

    def result(self) -> tuple[str, tuple[str, str] | None]:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class _Client:
    """Takes documents and does nothing with them."""

    status = "running"

    def __init__(self) -> None:
        self.given: list[list[str]] = []

    def submit(self, function: object, *arguments: object, workers: list[str], **options: object) -> SimpleNamespace:
        assert options["allow_other_workers"] is False, "the scheduler would place it anew without our knowing"
        self.given.append(workers)
        return SimpleNamespace(add_done_callback=lambda call: None)


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, local: tuple[Path, Path]) -> Quiet:
    """A cluster's client that is connected to nothing and knows no worker, and what it told."""
    monkeypatch.setattr(cluster, "_connect", lambda address: _Client())
    monkeypatch.setattr(cluster, "_LOOK_SECONDS", 1e9)
    notes: list[str] = []
    config = _on("tcp://s:1")
    made = cluster.Cluster(make_plan(local[0], tmp_path / "cache", config), config, notes.append, dying.work)
    made.looked = time.monotonic()
    return made, notes


def _joins(there: cluster.Cluster, name: str, answer: tuple[str, tuple[str, str] | None] | Exception) -> None:
    there.workers[name] = cluster._Worker(name, 1, _Answered(answer))
    if isinstance(answer, tuple):
        (there.place.local / "cluster" / there.run.id / answer[0]).write_bytes(there.token)


def _document(doc_id: str) -> Any:
    return SimpleNamespace(source=SimpleNamespace(doc_id=doc_id))


def test_a_document_that_crashed_waits_for_another_worker_if_there_is_one(quiet: Quiet) -> None:
    there, _ = quiet
    _joins(there, "a", ("1", None))
    _joins(there, "b", ("2", None))
    assert there.room() == 2
    for name in "de":  # the one that has less to do
        there.submit(_document(name))
    assert there.client.given == [["a"], ["b"]]
    there.workers["a"].placed.clear()
    there.crashed["d"] = {"a"}
    again = there.submit(_document("d"))
    assert len(there.client.given) == 2, "beside the one that b works on, that one would be suspected with it"
    there.workers["b"].placed.clear()
    there.room()
    assert there.client.given[2:] == [["b"]] and not again.done()
    there.workers["b"].placed.clear()
    del there.workers["b"]
    there.submit(_document("d"))
    assert there.client.given[3:] == [["a"]], "there is no other"


def test_documents_wait_where_their_workers_went(quiet: Quiet) -> None:
    there, _ = quiet
    future = there.submit(_document("d"))
    assert not there.client.given and not future.done()
    _joins(there, "a", ("1", None))
    assert there.room() == 1 and there.client.given == [["a"]]


def test_a_run_that_is_stopped_before_it_asks_anybody_leaves_the_cluster_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, local: tuple[Path, Path]
) -> None:
    closed: list[object] = []
    client = SimpleNamespace(status="running", close=lambda timeout=None: closed.append(timeout))
    config = _on("tcp://s:1")
    plan = make_plan(local[0], tmp_path / "cache", config)
    monkeypatch.setattr(cluster, "_connect", lambda address: client)
    monkeypatch.setattr(cluster, "libraries", lambda: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        cluster.Cluster(plan, config, print, dying.work)
    assert closed and not list(plan.cache.local.rglob("client"))


def test_a_run_that_shares_the_cache_keeps_what_it_told_its_workers(quiet: Quiet) -> None:
    there, _ = quiet
    other = there.place.local / "cluster" / "another" / "client"
    other.parent.mkdir()
    other.write_bytes(b"t")
    there._sweep()
    assert other.exists() and not (there.place.local / "cluster" / there.run.id).exists()


def test_what_killed_runs_left_for_workers_goes_when_it_is_old_by_the_clock_of_the_folder(
    quiet: Quiet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, local: tuple[Path, Path]
) -> None:
    there, _ = quiet
    folder = there.place.local / "cluster"
    now = (folder / there.run.id / "client").stat().st_mtime
    for name, age in (("left/client", 90_000), ("left/1", 90_000), ("on/client", 3_700), ("on/1", 90_000)):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"t")
        os.utime(folder / name, (now - age, now - age))
    monkeypatch.setattr(time, "time", lambda: 4e9)  # of this machine, whose clock is no matter
    config = _on("tcp://s:1")
    later = cluster.Cluster(make_plan(local[0], tmp_path / "cache", config), config, print, dying.work)
    assert {path.name for path in folder.iterdir()} == {there.run.id, later.run.id, "on"}


def test_a_run_that_goes_on_for_long_says_so(quiet: Quiet, monkeypatch: pytest.MonkeyPatch) -> None:
    there, _ = quiet
    word = there.place.local / "cluster" / there.run.id / "client"
    os.utime(word, (1, 1))
    there.room()
    assert word.stat().st_mtime == 1
    there.written -= cluster._WORD_SECONDS
    there.room()
    assert word.stat().st_mtime > 1 and word.read_bytes() == there.token


def test_a_worker_whose_processes_do_not_stay_alive_fails_no_document(quiet: Quiet) -> None:
    there, notes = quiet
    _joins(there, "a", ("1", None))
    assert there.room() == 1
    future = there.submit(_document("d"))
    [key] = there.workers["a"].placed
    there._take(there.workers["a"], key, SimpleNamespace(result=lambda: ProcessesError("No memory.", "add some.")))
    assert isinstance(future.exception(), engine.DisplacedError)
    assert there.room() == 0 and "can't keep processes alive. Next: add some." in notes[0]
    there.lonely -= there.patience + 1
    with pytest.raises(ClusterError, match="No worker of tcp://s:1 can be used: a can't keep processes alive"):
        there.room()


def test_a_worker_that_joins_late_is_asked_too_and_the_run_goes_on_without_it(quiet: Quiet) -> None:
    there, notes = quiet
    _joins(there, "a", ("1", None))
    assert (there.room(), notes) == (1, [])
    _joins(there, "b", ("2", ("has another codebook", "install it.")))
    _joins(there, "c", ModuleNotFoundError("No module named 'policy_scan'"))
    _joins(there, "d", ("4", None))
    (there.place.local / "cluster" / there.run.id / "4").unlink()  # it wrote into a folder of its own machine
    assert there.room() == 1
    for name, word in (("b", "has another codebook. Next: install it."), ("c", "lacks policy_scan"), ("d", "writes")):
        assert [note for note in notes if f"worker {name} isn't used: it {word}" in note]
    del there.workers["a"]
    assert there.room() == 0, "it is waited for, since some could be used"


# -------------------------------------------------------------------------------------------- the common interface


class _Fake:
    """An executor that does nothing: `ends` says how each attempt at a document ends."""

    def __init__(self, rooms: list[int], ends: Callable[[str, int], BaseException | None]) -> None:
        self.rooms, self.ends = rooms, ends
        self.open: list[tuple[str, Future[Outcome]]] = []
        self.most, self.attempts, self.company = 0, dict[str, int](), dict[str, list[int]]()
        self.closed: list[bool] = []

    def room(self) -> int:
        for doc_id, future in self.open:
            error = self.ends(doc_id, self.attempts[doc_id])
            future.set_exception(error) if error else future.set_result(Outcome(doc_id, {"pages": 1.0}, 1, ()))
        self.open.clear()
        return self.rooms.pop(0) if len(self.rooms) > 1 else self.rooms[0]

    def submit(self, task: SimpleNamespace) -> Future[Outcome]:
        doc_id = task.source.doc_id
        self.attempts[doc_id] = self.attempts.get(doc_id, 0) + 1
        self.company.setdefault(doc_id, []).append(len(self.open))
        self.open.append((doc_id, Future()))
        self.most = max(self.most, len(self.open))
        return self.open[-1][1]

    def progress(self) -> tuple[dict[str, int], dict[str, int]]:
        return {}, {}

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self.closed.append(cancel_futures)


def _carry_out(
    fake: _Fake, names: str, output: Path, monkeypatch: pytest.MonkeyPatch, tell: Tell = lambda progress: None
) -> SimpleNamespace:
    plan = SimpleNamespace(tasks=[SimpleNamespace(source=SimpleNamespace(doc_id=n, path=n)) for n in names])
    plan.cache = Place.of(output / ".cache")
    plan.failures = []
    monkeypatch.setattr(engine, "_executor", lambda *_: fake)
    monkeypatch.setattr(engine, "_POLL_SECONDS", 0.01)
    plan.seconds = engine.carry_out(plan, output, _config(), tell)  # type: ignore[arg-type]
    return plan


def test_documents_are_handed_out_a_few_at_a_time_as_workers_come_and_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = _Fake([0, 3, 0, 5], lambda doc_id, attempt: None)
    plan = _carry_out(fake, "abcdefghijklmnopqrst", tmp_path, monkeypatch)
    assert (fake.most, plan.failures, plan.seconds) == (5, [], {"pages": 20.0})
    assert set(fake.attempts.values()) == {1} and fake.closed == [False]


def test_a_crash_is_tried_once_more_and_other_failures_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ends(doc_id: str, attempt: int) -> BaseException | None:
        errors: dict[str, BaseException | None] = {
            "c": engine.CrashedError("exit code 1"), "o": engine.CrashedError("exit code 1") if attempt == 1 else None,
            "t": engine.OverdueError(), "m": MemoryError(), "d": engine.DisplacedError() if attempt < 5 else None,
            "x": engine.DisplacedError(),
        }  # fmt: skip
        return errors.get(doc_id)

    fake = _Fake([4], ends)
    plan = _carry_out(fake, "actomdx", tmp_path, monkeypatch)
    assert [(issue.doc_id, issue.category) for issue in plan.failures] == [
        ("c", "crash"), ("m", "memory"), ("t", "timeout"), ("x", "crash")
    ]  # fmt: skip
    assert fake.attempts == {"a": 1, "c": 2, "t": 1, "o": 2, "m": 1, "d": 5, "x": engine._MOST_DISPLACEMENTS + 1}


def test_documents_that_shared_a_lost_machine_are_tried_alone_before_one_is_blamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends(doc_id: str, attempt: int) -> BaseException | None:
        # 'g' takes its machine with it whenever it is worked on, 'i' stood beside it twice.
        if doc_id == "g":
            return engine.CrashedError("gone", alone=attempt > 2)
        return engine.CrashedError("gone", alone=False) if doc_id == "i" and attempt <= 2 else None

    fake = _Fake([4], ends)
    plan = _carry_out(fake, "giabc", tmp_path, monkeypatch)
    assert [(issue.doc_id, issue.category) for issue in plan.failures] == [("g", "crash")]
    assert (fake.attempts["g"], fake.attempts["i"]) == (3, 3)
    assert fake.company["g"][2] == fake.company["i"][2] == 0


@pytest.mark.parametrize(
    ("error", "category", "step"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "storage", "free disk space"),
        (PermissionError(errno.EACCES, "Permission denied"), "storage", "may write into its cache"),
        (ZeroDivisionError("1/0"), "internal", "report this with the file"),
        (TooLargeError("a.pdf is too large.", "split it."), "too_large", "split it"),
    ],
)
def test_a_failure_is_told_with_what_mends_it(error: Exception, category: str, step: str) -> None:
    task: Any = SimpleNamespace(source=SimpleNamespace(doc_id="d", path="a.pdf"))
    issue = engine._issue(task, error, _config())
    assert (issue.doc_id, issue.stage, issue.category, issue.severity) == ("d", "run", category, "error")
    assert "a.pdf" in issue.message and step in issue.next_step


def test_stages_are_counted_once_per_document_and_in_little_memory(tmp_path: Path) -> None:
    folder = engine._ProgressFolder(tmp_path / "progress")
    one, other = "1" * 64, "2" * 64
    told = [f"pages {one} 3", f"blocks {one} 3", f"pages {other} 2"]
    (folder.folder / "7.log").write_text("\n".join([*told, "pages 33"]), encoding="ascii")  # cut off in the middle
    (folder.folder / "8.log").write_text(f"pages {one} 0\nblocks {one} 0\ncodings {one} 3\n", encoding="ascii")
    for _ in range(2):
        folder.read()
        assert (folder.done, folder.pages) == (
            {"pages": 2, "blocks": 1, "codings": 1}, {"pages": 5, "blocks": 3, "codings": 3}
        )  # fmt: skip
    names = [f"{stage.name} {{}} 1\n" for stage in pipeline.DOCUMENT_STAGES]
    many = "".join(name.format(f"{number:x}".zfill(16).ljust(64, "f")) for number in range(9, 10_009) for name in names)
    (folder.folder / "9.log").write_text(many, encoding="ascii")
    del many
    tracemalloc.start()
    try:
        folder.read()
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert folder.done["pages"] == 10_002 and kept < 3_000_000, "a run of a hundred thousand documents has one too"


def test_an_error_cancels_what_is_outstanding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(progress: engine.Progress) -> None:
        if progress.finished:
            raise KeyboardInterrupt

    fake = _Fake([2], lambda doc_id, attempt: None)
    with pytest.raises(KeyboardInterrupt):
        _carry_out(fake, "abcdef", tmp_path, monkeypatch, interrupt)
    assert fake.closed == [True]


def test_processes_that_end_without_a_document_are_started_anew_but_not_for_ever(
    tmp_path: Path, local: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = _config()
    plan = make_plan(local[0], tmp_path / "out", config)
    pool = engine.Processes(1, (config, plan.cache, plan.environment, None))
    try:
        [idle] = _workers(pool)
        os.kill(idle.pid, signal.SIGKILL)
        until = time.monotonic() + 60
        while pool.pool.active and time.monotonic() < until:
            time.sleep(0.05)
        assert pool.submit(plan.tasks[0]).result(60).n_pages == 1
        monkeypatch.setattr(engine, "_MOST_RENEWALS", 0)
        pool.pool.stop()
        with pytest.raises(ProcessesError, match="end before they take a document"):
            pool.submit(plan.tasks[1])
    finally:
        pool.shutdown(cancel_futures=True)


def _workers(processes: engine.Processes) -> list[psutil.Process]:
    """Its own, whatever else this process or a cluster has at work."""
    return [psutil.Process(one) for one in processes.pool._pool_manager.worker_manager.workers]


@pytest.fixture
def processes(tmp_path: Path, local: tuple[Path, Path]) -> Iterator[engine.Processes]:
    """One process that works on documents as `dying.misbehave_here` does."""
    config = _config(seconds_per_document=20.0)
    made = engine.Processes(1, (config, Place.of(tmp_path / "cache"), "", None), dying.misbehave_here)
    try:
        yield made
    finally:
        made.shutdown(cancel_futures=True)


def test_processes_are_started_anew_while_the_pool_still_tells_that_it_was_given_up(
    processes: engine.Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, pass_on = threading.Event(), processes._pass_on

    def slowly(*futures: Any) -> None:
        begun.set()
        time.sleep(0.5)
        pass_on(*futures)

    monkeypatch.setattr(processes, "_pass_on", slowly)
    [child] = _workers(processes)
    child.suspend()
    given = [processes.submit(_document(str(number))) for number in range(3)]
    child.kill()
    assert begun.wait(20)
    submitting = threading.Thread(target=processes.submit, args=(_document("x"),), daemon=True)
    submitting.start()
    submitting.join(20)
    assert not submitting.is_alive(), "it waits for a thread that waits for it"
    # the process may have taken one before the signal that halts it came
    ends = (engine.DisplacedError, engine.CrashedError)
    assert all(isinstance(one.exception(20), ends) for one in given)


def test_processes_that_were_let_go_are_not_started_again(processes: engine.Processes) -> None:
    begun = [one.pid for one in _workers(processes)]
    processes.shutdown(cancel_futures=True)
    assert isinstance(processes.submit(_document("d")).exception(5), engine.DisplacedError)
    assert begun and _gone(begun) and not _workers(processes)


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool(1, int, ())
    made.schedule(int).result(60)
    try:
        yield made
    finally:
        made.stop()
        made.join()


def test_a_process_that_ends_at_once_is_known_to_have_taken_its_task(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive = WorkerManager.receive

    def late(manager: WorkerManager, timeout: float) -> object:
        time.sleep(0.5)  # a busy machine: the end of a process is seen before what it said
        return receive(manager, timeout)

    monkeypatch.setattr(WorkerManager, "receive", late)
    for _ in range(3):
        with pytest.raises(ProcessExpired):
            pool.schedule(os._exit, args=(139,), timeout=20).result(60)
    assert pool.active


@pytest.mark.parametrize("moment", ["looked at", "put in line", "taken up"])
def test_a_task_handed_in_while_the_pool_is_given_up_comes_to_an_end(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """A process that is killed before it has a task has the pool given up, by another thread and at any moment."""
    owner, name = {
        "looked at": (pool, "_check_pool_status"),
        "put in line": (pool._context.task_queue, "put"),
        "taken up": (pool._pool_manager.task_manager, "register"),
    }[moment]
    before = getattr(owner, name)
    given_up = threading.Event()

    def given_up_first(*arguments: Any) -> None:
        if not given_up.is_set():
            given_up.set()
            pool._pool_manager.handle_broken_pool(BrokenProcessPool("a process ended"))
        before(*arguments)

    monkeypatch.setattr(owner, name, given_up_first)
    with pytest.raises(BrokenProcessPool):
        pool.schedule(int).result(10)
    assert given_up.is_set() and not pool.active


@pytest.mark.parametrize("seconds", [7200, -7200])
def test_the_limit_of_time_is_kept_when_the_clock_is_set(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    now = time.time
    short = pool.schedule(time.sleep, args=(1,), timeout=60)
    long = pool.schedule(time.sleep, args=(600,), timeout=2)
    while not short.running():
        time.sleep(0.05)
    monkeypatch.setattr(time, "time", lambda: now() + seconds)
    assert short.result(60) is None
    while not long.running():
        time.sleep(0.05)
    monkeypatch.setattr(time, "time", lambda: now() + 2 * seconds)
    started = time.monotonic()
    with pytest.raises(TimeoutError, match="Task timeout"):
        long.result(60)
    assert 1 < time.monotonic() - started < 30


RUN = """
import os, sys, pathlib, dying
from policy_scan.pool import Pool
from policy_scan.processes import begin
Pool(1, begin, (dict(os.environ),)).schedule(dying.wait_for_a_program, args=(pathlib.Path(sys.argv[1]),)).result()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process has started")
@pytest.mark.parametrize("by", ["limit of time", "end of the pool", "kill of the run"])
def test_a_program_that_a_process_waits_for_ends_with_it(tmp_path: Path, by: str) -> None:
    told = tmp_path / "told"
    if by == "kill of the run":
        started = subprocess.Popen([sys.executable, "-c", RUN, told], cwd=Path(__file__).parent)
    else:
        pool = Pool(1, int, ())
        pool.schedule(dying.wait_for_a_program, args=(told,), timeout=3 if by == "limit of time" else None)
    until = time.monotonic() + 60
    while not told.exists() and time.monotonic() < until:
        time.sleep(0.05)
    program = int(told.read_text(encoding="ascii"))
    assert psutil.pid_exists(program)
    if by == "kill of the run":
        started.kill()
        started.wait()
    elif by == "end of the pool":
        pool.stop()
        pool.join()
    try:
        assert _gone([program])
    finally:
        with suppress(ProcessLookupError):
            os.kill(program, signal.SIGKILL)
    if by == "limit of time":
        pool.stop()
        pool.join()


# ---------------------------------------------------------------------------------------------- the command line


def _cli(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "policy_scan", "run", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=120)


def test_wrong_use_of_the_engine_is_told_with_what_to_do(tmp_path: Path) -> None:
    done = _cli("--engine", "dask", cwd=tmp_path)
    assert done.returncode == 2
    for word in ("dask scheduler", "dask worker tcp://", "policy-scan run --engine dask --scheduler"):
        assert word in done.stderr
    done = _cli("--scheduler", "tcp://127.0.0.1:1", cwd=tmp_path)
    assert done.returncode == 2 and "--engine dask" in done.stderr


def test_a_configuration_for_a_cluster_can_be_run_here(local: tuple[Path, Path], tmp_path: Path) -> None:
    text = "run: {engine: dask, scheduler: 'tcp://127.0.0.1:1', jobs: 1}\nocr: {enabled: false}\n"
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    shutil.copytree(local[1], tmp_path / "out")
    command = ["run", "--fast", "--corpus", str(local[0]), "--output", str(tmp_path / "out")]
    done = CliRunner().invoke(app, [*command, "--config", str(tmp_path / "config.yaml"), "--engine", "processes"])
    assert done.exit_code == 0, done.stderr


def test_a_scheduler_that_does_not_answer_is_told_soon(
    local: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cluster._CONNECT_SECONDS < 30
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 1.0)
    command = ["run", "--fast", "--corpus", str(local[0]), "--output", str(tmp_path / "out")]
    done = CliRunner().invoke(app, [*command, "--engine", "dask", "--scheduler", "tcp://127.0.0.1:1"])
    assert done.exit_code == 3 and isinstance(done.exception, SystemExit)
    assert "No Dask scheduler answers at tcp://127.0.0.1:1" in done.stderr
    assert "distributed" not in done.stderr + capfd.readouterr().err, "what its library logs of it"
    assert not (tmp_path / "out" / "run.json").exists()


def test_without_the_extra_the_command_that_installs_it_is_told(
    tmp_path: Path, local: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError) as raised:
        run(local[0], tmp_path / "out", _on("tcp://127.0.0.1:1"))
    assert raised.value.next_step == "pip install 'policy-scan[cluster]'"
