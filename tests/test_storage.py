"""Corpus, cache and output on an object store: the same tables, nothing half-written, one run at a time, and what is
said when the store fails. The store is an S3-compatible server in a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fixtures
import object_store
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from policy_scan import cluster, publishing, storage, worker
from policy_scan import lock as locks
from policy_scan.cache import Cache
from policy_scan.cli import app
from policy_scan.config import load_config
from policy_scan.errors import CacheError, LockedError, NothingToDoError, PolicyScanError, StorageError, UsageError
from policy_scan.keys import hash_bytes, hash_file, make_key
from policy_scan.lock import LOCK_FILE, held
from policy_scan.publishing import RUN_FILE, fetched, publish, workplace
from policy_scan.records import Issue, Page, Source
from policy_scan.runner import TABLES, run
from policy_scan.storage import Place, UnreachableError
from policy_scan.tables import from_table

LAW = [
    "LOI DU 3 MARS 2021 RELATIVE AUX DEMARCHES EN LIGNE",
    "",
    "Art. 1er. La demande est introduite au moyen du formulaire en ligne de la commune.",
    "",
    "Art. 2. Toute personne peut aussi se rendre au guichet, sans rendez-vous.",
]
FILES = [f"{name}.{kind}" for name in TABLES for kind in ("parquet", "csv")]
KEY = make_key("x")
ROWS = [Issue("d", 1, "pages", "ocr", "error", "m", "n")]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with object_store.server(tmp_path_factory.mktemp("server")) as port:
        yield port


@pytest.fixture(scope="module")
def store(port: int) -> Iterator[None]:
    """This process uses the server."""
    with object_store.used(port):
        object_store.make_bucket()
        yield


@pytest.fixture
def place(store: None) -> Place:
    """A folder of its own on the store."""
    return object_store.new_place().below("a folder")


@pytest.fixture(autouse=True)
def _kept_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(publishing.FOLDER_VARIABLE, str(tmp_path / "kept"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls to stores, one after the other."""
    calls: list[str] = []
    real = storage.persistently

    def counted(call: Callable[[], Any], address: str) -> Any:
        calls.append(address)
        return real(call, address)

    monkeypatch.setattr(storage, "persistently", counted)
    return calls


# ------------------------------------------------------------------------------------------------------------- places


def test_a_place_is_a_folder_or_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Place.of("corpus").local == tmp_path / "corpus"
    assert Place.of(Path("corpus")) == Place.of(f"file://{tmp_path}/corpus") == Place.of("./corpus")
    assert Place.of("S3://bucket/folder/") == Place("s3://bucket/folder")
    assert not Place.of("s3://bucket").is_local
    assert str(Place.of("s3://bucket").below("a/b")) == "s3://bucket/a/b"
    assert Place.of(Path("s3:/odd")).is_local


@pytest.mark.parametrize(
    ("address", "told"),
    [("memory://x", "one process"), ("s3://", "bucket"), ("sftp://me:secret@host/x", "password"),
     ("simplecache::s3://b/x", "chain"), ("s3://b/x/../y", "another object"),
     ("s3://b/x?versionId=1", "another object")],
)  # fmt: skip
def test_what_can_be_no_place_is_refused(address: str, told: str) -> None:
    with pytest.raises(UsageError, match=told) as caught:
        Place.of(address)
    assert "secret" not in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="names that are no text")
@pytest.mark.parametrize("option", ["--corpus", "--output"])
def test_a_folder_whose_name_is_no_text_is_refused_before_anything_is_done(tmp_path: Path, option: str) -> None:
    folder = tmp_path / os.fsdecode(b"a\xff")
    folder.mkdir()
    refused = _invoke("run", option, folder)
    assert refused.exit_code == 2 and r"a\udcff holds bytes that are no text" in refused.stderr
    assert not list(folder.iterdir())


def test_an_unknown_protocol_and_a_missing_package_are_told_with_what_to_do() -> None:
    with pytest.raises(UsageError, match="nosuch"):
        Place.of("nosuch://b/x").read_bytes("a")
    code = (
        "import sys; sys.modules['s3fs'] = None\n"
        "from policy_scan.storage import Place\n"
        "try: Place.of('s3://b/x').read_bytes('a')\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("UsageError") and "pip install 'policy-scan[s3]'" in done.stdout


_LETTERS = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='/\\:*?"<>|')
_PART = st.text(_LETTERS, min_size=1, max_size=12).filter(lambda part: part.strip(".") and part == part.strip())
_NAME = st.lists(_PART, min_size=1, max_size=3).map("/".join)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_NAME, st.binary(max_size=50))
def test_what_is_written_is_read_back_on_a_disk_and_on_a_store(
    tmp_path: Path, store: None, name: str, data: bytes
) -> None:
    for root in (Place.of(tmp_path / uuid.uuid4().hex), object_store.new_place()):
        assert not root.exists(name)
        root.write_bytes(name, data)
        assert root.read_bytes(name) == data and root.exists(name)
        assert root.read_start(name, 7) == data[:7]
        assert root.hash(name) == hash_bytes(data)
        if not root.is_local:
            [entry] = root.entries()
            assert (entry.path, entry.size) == (name, len(data)) and entry.mark
        root.delete(name)
        root.delete(name)
        assert not root.exists(name)
        with pytest.raises(FileNotFoundError) as caught:
            root.read_bytes(name)
        assert caught.value.strerror and caught.value.filename


@pytest.mark.parametrize("size", [0, 7, 8, 9, 16, 20])
def test_a_large_object_is_hashed_in_pieces(
    place: Place, monkeypatch: pytest.MonkeyPatch, asked: list[str], size: int
) -> None:
    monkeypatch.setattr(storage, "_PIECE", 8)
    data = bytes(range(size))
    place.write_bytes("a", data)
    asked.clear()
    assert place.hash("a") == hash_bytes(data)
    assert len(asked) == size // 8 + 1


@pytest.mark.parametrize("name", ["a#b?c%20d.pdf", "+&=;,.pdf", "~$é\u0301.pdf", "x" * 255, "\u202efdp.exe"])
def test_odd_names_come_back_as_they_are(place: Place, name: str) -> None:
    place.write_bytes(name, b"1")
    assert [entry.path for entry in place.entries()] == [name]
    assert place.read_bytes(name) == b"1"


@pytest.mark.parametrize("name", ["a/../b.pdf", "./b.pdf", "b.pdf?versionId=1"])
def test_names_that_would_lead_to_another_object_are_refused(place: Place, name: str) -> None:
    with pytest.raises(OSError, match="can't be asked for"):
        place.read_bytes(name)


def test_a_listing_leaves_out_stand_ins_for_folders_and_neighbours(place: Place) -> None:
    place.write_bytes("b/c.pdf", b"1")
    place.write_bytes("a.pdf", b"22")
    Place(place.address + "x").write_bytes("neighbour.pdf", b"1")
    place._store.pipe_file(place.address + "/empty/", b"")
    assert [(entry.path, entry.size) for entry in place.entries()] == [("a.pdf", 2), ("b/c.pdf", 1)]
    assert [entry.path for entry in place.files()] == ["a.pdf"]
    assert not list(place.below("nowhere").entries()) and not list(place.below("nowhere").files())
    before = next(place.files()).mark
    place.write_bytes("a.pdf", b"23")
    assert next(place.files()).mark != before


def test_of_several_that_create_an_object_one_does(place: Place) -> None:
    made: list[int] = []
    threads = [
        threading.Thread(target=lambda k=k: made.append(k) if place.create("x/lock", str(k).encode()) else None)  # type: ignore[misc]
        for k in range(4)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(made) == 1 and place.read_bytes("x/lock") == str(made[0]).encode()
    assert not place.create("x/lock", b"later")


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Place.of(tmp_path)
    root.write_bytes("a", b"before")
    monkeypatch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        root.write_bytes("a", b"after")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"a": b"before"}


def test_no_bucket_and_no_access_are_told(store: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError, match="No such bucket"):
        Place.of(f"s3://nobody-has-{uuid.uuid4().hex}/x").read_bytes("a")

    with pytest.raises(PermissionError, match="refuses access"):
        storage.persistently(_Failing(_Answered("AccessDenied", 403)), "s3://b/x")


# ------------------------------------------------------------------------------------------------------------ outages


class _Failing:
    """A call that fails so many times before it answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    def __call__(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


class _Answered(Exception):  # noqa: N818 - as botocore's
    """A store's answer, as botocore tells it."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}


def test_what_may_pass_is_asked_again_and_told_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    call = _Failing(ConnectionRefusedError(111, "Connection refused"), TimeoutError(), _Answered("SlowDown", 503))
    assert storage.persistently(call, "s3://b1/x") == "answer"
    assert len(waits) == 3 and waits == sorted(waits) and waits[0] < waits[-1]
    assert capsys.readouterr().err.count("s3://b1 doesn't answer") == 1
    storage.persistently(_Failing(_Answered("SlowDown", 503)), "s3://b1/x")
    assert capsys.readouterr().err.count("s3://b1 doesn't answer") == 1  # another outage


@pytest.mark.parametrize(("code", "status"), [("RequestTimeout", 400), ("", 429), ("SlowDown", 503), ("", 500)])
def test_answers_that_may_pass_are_asked_for_again(monkeypatch: pytest.MonkeyPatch, code: str, status: int) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    assert storage.persistently(_Failing(_Answered(code, status)), "s3://b4/x") == "answer"


def test_what_does_not_pass_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("waited"))
    refused = _Answered("InvalidRequest", 400), _Answered("NotImplemented", 501)
    for error in (FileNotFoundError("x"), PermissionError(13, "no"), ValueError("odd"), *refused):
        with pytest.raises(OSError) as caught:
            storage.persistently(_Failing(error), "s3://b2/x")
        assert caught.value.strerror and caught.value.filename == "s3://b2/x"
        assert not isinstance(caught.value, UnreachableError)


def test_all_calls_share_the_patience_with_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(storage.PATIENCE_VARIABLE, "0.5")
    began = time.monotonic()
    for _ in range(20):
        with pytest.raises(UnreachableError, match="doesn't answer"):
            storage.persistently(_Failing(*[ConnectionError()] * 99), "s3://b3/x")
    assert 0.5 <= time.monotonic() - began < 5


def test_a_document_whose_store_does_not_answer_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = fixtures.write_pdf(tmp_path / "a.pdf", [LAW])
    source = Source(hash_file(file), "a.pdf", (), "FR", ("FR",), n_bytes=file.stat().st_size)
    keys = {stage.name: make_key(stage.name) for stage in worker.DOCUMENT_STAGES}
    config = load_config(None, {"codings": {"setting": "fast"}})
    state = worker._State(config, worker.load_codebook(config.codebook), Cache(tmp_path / "cache"), "", None)
    monkeypatch.setattr(worker, "_state", state)

    def gone(self: Place, name: str) -> bytes:
        raise UnreachableError(5, "The store doesn't answer: refused", f"{self}/{name}")

    task = worker.Task(source, Place.of(tmp_path), "a.pdf", keys)
    with monkeypatch.context() as patched:
        patched.setattr(Place, "read_bytes", gone)
        with pytest.raises(StorageError, match=r"a\.pdf.*doesn't answer") as caught:
            worker.work(task)
    assert caught.value.category == "storage" and caught.value.next_step
    monkeypatch.setattr(Cache, "write", lambda *_: gone(Place.of("s3://cache/x"), "y"))
    with pytest.raises(StorageError, match="s3://cache/x/y"):
        worker.work(task)
    monkeypatch.undo()
    assert Cache(tmp_path / "cache").environment("pages", keys["pages"]) is None


# -------------------------------------------------------------------------------------------------------------- cache


def test_a_result_on_a_store_is_written_by_one_request_and_read_by_one(place: Place, asked: list[str]) -> None:
    cache = Cache(place)
    cache.write("pages", KEY, {Issue: ROWS, Page: []}, "tesseract 5")
    assert len(asked) == 1
    cache = Cache(place)
    assert cache.environment("pages", KEY) == "tesseract 5"
    assert cache.environment("pages", make_key("y")) is None
    assert len(asked) == 3
    assert from_table(Issue, cache.table("pages", KEY, Issue)) == ROWS
    assert cache.table("pages", KEY, Page).num_rows == 0
    assert len(asked) == 4
    cache.drop("pages", KEY)
    assert cache.environment("pages", KEY) is None and not list(place.entries())


def test_results_are_fetched_ahead(place: Place, asked: list[str]) -> None:
    cache = Cache(place)
    keys = [make_key(k) for k in range(20)]
    for k, key in enumerate(keys):
        cache.write("pages", key, {Issue: ROWS * k})
    asked.clear()
    cache = Cache(place)
    cache.ahead([("pages", key) for key in keys])
    assert [cache.table("pages", key, Issue).num_rows for key in keys] == list(range(20))
    assert len(asked) == 20
    cache.close()


@pytest.mark.parametrize("harm", ["flip", "cut", "empty", "other"])
def test_a_damaged_result_on_a_store_is_none(place: Place, harm: str) -> None:
    cache = Cache(place)
    cache.write("pages", KEY, {Issue: ROWS})
    [entry] = place.entries()
    data = place.read_bytes(entry.path)
    at = data.index(b"PAR1") + 40
    changed = {"flip": data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], "cut": data[: at + 9], "empty": b"",
               "other": b"%PDF-1.4" * 200}[harm]  # fmt: skip
    place.write_bytes(entry.path, changed)
    with pytest.raises(CacheError):
        Cache(place).table("pages", KEY, Issue)
    if harm in ("empty", "other"):
        assert Cache(place).environment("pages", KEY) is None


def test_a_cache_that_cannot_be_asked_is_not_taken_for_an_empty_one(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    Cache(place).write("pages", KEY, {Issue: ROWS})
    for error in (UnreachableError(5, "no answer", "x"), PermissionError(13, "no", "x")):

        def refuse(*_: object, error: OSError = error) -> bytes:
            raise error

        monkeypatch.setattr(Place, "read_start", refuse)
        with pytest.raises(type(error)):
            Cache(place).environment("pages", KEY)


# --------------------------------------------------------------------------------------------------------------- lock

HOLD = """
import sys, time
from policy_scan import lock
from policy_scan.storage import Place
lock._BEAT_SECONDS = 0.2
if len(sys.argv) > 2: lock.machine = lambda: sys.argv[2]
with lock.held(Place.of(sys.argv[1])):
    print('held', flush=True)
    time.sleep(60)
"""


class _Holder:
    """Another process that holds a lock, as if on a machine of its own where that is given."""

    def __init__(self, output: Place, *machine: str) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", HOLD, str(output), *machine], stdout=subprocess.PIPE)
        assert self.process.stdout is not None and self.process.stdout.readline() == b"held\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def __enter__(self) -> _Holder:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_BEAT_SECONDS", 0.2)
    monkeypatch.setattr(locks, "_SETTLE_SECONDS", 0.1)


def test_a_lock_on_a_store_is_held_by_one_and_released(place: Place) -> None:
    with held(place) as lock:
        lock.check()
        with pytest.raises(LockedError, match=rf"process {os.getpid()} on "), held(place):
            pass
        lock.check()
    assert not list(place.entries())


def test_a_live_process_is_refused_with_who_holds_it_and_a_dead_one_taken_over(
    place: Place, tmp_path: Path, quick: None
) -> None:
    corpus = tmp_path / "corpus"
    (corpus / "FR").mkdir(parents=True)
    fixtures.write_pdf(corpus / "FR" / "a.pdf", [LAW])
    with _Holder(place) as holder:
        done = CliRunner().invoke(app, ["run", "--fast", "--corpus", str(corpus), "--output", str(place)])
        assert done.exit_code == 3
        assert f"process {holder.process.pid} on" in done.stderr and "another --output" in done.stderr
        assert [entry.path for entry in place.entries()] == [LOCK_FILE]
    with held(place) as lock:
        lock.check()


def test_a_live_holder_on_another_machine_is_refused_as_soon_as_it_beats(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    with _Holder(place, "another machine") as holder:
        began = time.monotonic()
        with pytest.raises(LockedError, match=f"process {holder.process.pid} on"), held(place):
            pass
        assert time.monotonic() - began < locks._BEAT_SECONDS * locks._DEAD_BEATS / 2
    assert "watching" in capsys.readouterr().err


def test_a_dead_holder_on_another_machine_is_taken_over_after_its_lock_stood_still(place: Place, quick: None) -> None:
    with _Holder(place, "another machine") as holder:
        holder.kill()
        began = time.monotonic()
        with held(place) as lock:
            assert time.monotonic() - began >= 0.2 * locks._DEAD_BEATS
            lock.check()
    assert not list(place.entries())


def test_a_lock_is_not_judged_by_clocks(place: Place, quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_DEAD_BEATS", 99)  # the other process may be held up by what else goes on here
    with _Holder(place, "another machine"):
        monkeypatch.setattr(time, "time", lambda: 0.0)  # the clock went back to 1970
        with pytest.raises(LockedError), held(place):
            pass


def test_a_store_that_heeds_no_condition_still_has_one_holder(
    place: Place, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def heedless(self: Place, name: str, data: bytes) -> bool:
        self.write_bytes(name, data)
        return True

    first = locks._StoreLock(place)
    second = locks._StoreLock(place)
    monkeypatch.setattr(Place, "create", heedless)
    waits: list[float] = []

    def meanwhile(seconds: float) -> None:
        """The other looked before this one wrote, and writes now."""
        waits.append(seconds)
        place.write_bytes(LOCK_FILE, first._data())

    monkeypatch.setattr(locks, "time", SimpleNamespace(sleep=meanwhile))
    with pytest.raises(LockedError):
        second.take()
    assert waits == [locks._SETTLE_SECONDS]
    first.check()


def test_a_store_that_knows_no_conditions_is_locked_by_reading_back(
    place: Place, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(self: Place, name: str, data: bytes) -> bool:
        raise OSError(locks.errno.ENOSYS, "A header you provided implies functionality that is not implemented")

    monkeypatch.setattr(Place, "create", unknown)
    with held(place) as lock:
        lock.check()
        with pytest.raises(LockedError), held(place):
            pass


def test_a_lock_whose_writing_was_answered_by_nobody_is_one_s_own(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Place.create

    def unheard(self: Place, name: str, data: bytes) -> bool:
        monkeypatch.setattr(Place, "create", real)
        real(self, name, data)
        return real(self, name, data)  # asked again, since no answer came

    monkeypatch.setattr(Place, "create", unheard)
    with held(place) as lock:
        lock.check()
    assert not list(place.entries())


def test_a_lock_that_another_took_meanwhile_is_neither_taken_over_nor_renewed(place: Place, quick: None) -> None:
    lock, other = locks._StoreLock(place), locks._StoreLock(place)
    place.write_bytes(LOCK_FILE, other._data())
    assert not lock._take_over(b"what stood there before") and not lock._renew()
    other.check()
    assert lock._take_over(other._data()) and lock._renew() and not other._renew()
    lock.check()


def _run_folder(folder: Path, what: str) -> Path:
    """A folder that holds something like a run: two tables and its run.json."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {"cells.parquet": f"cells {what}", "pages.parquet": "the same in all", "state-of-play.html": f"page {what}"}
    for name, text in files.items():
        (folder / name).write_text(text)
    hashes = {name: hash_file(folder / name) for name in files if name.endswith(".parquet")}
    (folder / RUN_FILE).write_text(json.dumps({"tables_key": what, "files": hashes}))
    return folder


def _what(output: Place) -> str:
    """Which run is read from a place: all of it must be of one."""
    folder = fetched(output)
    details = json.loads((folder / RUN_FILE).read_text())
    what = str(details["tables_key"])
    assert (folder / "cells.parquet").read_text() == f"cells {what}"
    assert (folder / "pages.parquet").read_text() == "the same in all"
    return what


def test_a_holder_that_lost_its_lock_does_not_publish(place: Place, tmp_path: Path, quick: None) -> None:
    publish(_run_folder(tmp_path / "a", "one"), place, lambda: None)
    before = {entry.path: entry.mark for entry in place.entries()}
    with held(place) as lock:
        other = {**json.loads(place.read_bytes(LOCK_FILE)), "token": "another", "host": "elsewhere", "process": 7}
        place.write_bytes(LOCK_FILE, json.dumps(other).encode())
        with pytest.raises(LockedError, match=r"process 7 on elsewhere.*publishes nothing"):
            publish(_run_folder(tmp_path / "b", "two"), place, lock.check)
    after = {entry.path: entry.mark for entry in place.entries()}
    assert after.pop(LOCK_FILE) and after == before
    assert json.loads(place.read_bytes(LOCK_FILE))["token"] == "another"  # the other's is left alone


def test_a_lock_lost_while_files_are_sent_leaves_the_run_before(place: Place, tmp_path: Path) -> None:
    publish(_run_folder(tmp_path / "a", "one"), place, lambda: None)
    before = {entry.path: entry.mark for entry in place.files()}
    looks: list[int] = []

    def check() -> None:
        looks.append(1)
        if any(entry.path.startswith(".publish/") for entry in place.entries()):
            raise LockedError("taken", "run again")

    with pytest.raises(LockedError):
        publish(_run_folder(tmp_path / "b", "two"), place, check)
    assert len(looks) == 2
    assert {entry.path: entry.mark for entry in place.files()} == before and _what(place) == "one"


# --------------------------------------------------------------------------------------------------------- publishing


def test_only_what_changed_is_sent(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    real = Place.upload
    monkeypatch.setattr(Place, "upload", lambda self, name, file: (sent.append(file.name), real(self, name, file)))
    publish(_run_folder(tmp_path / "a", "one"), place, lambda: None)
    assert sorted(sent) == ["cells.parquet", "pages.parquet", "state-of-play.html"]
    sent.clear()
    publish(_run_folder(tmp_path / "a", "two"), place, lambda: None)
    assert sorted(sent) == ["cells.parquet", "state-of-play.html"]
    assert _what(place) == "two"
    assert not [entry.path for entry in place.entries() if entry.path.startswith(".")]
    place.write_bytes("pages.parquet", b"changed by somebody")
    sent.clear()
    publish(_run_folder(tmp_path / "a", "two"), place, lambda: None)
    assert sent == ["pages.parquet"] and _what(place) == "two"


def _what_a_stranger_reads(output: Place, monkeypatch: pytest.MonkeyPatch, kept: Path) -> str:
    """The same by a machine that has no copy of either run."""
    with monkeypatch.context() as patched:
        patched.setenv(publishing.FOLDER_VARIABLE, str(kept / uuid.uuid4().hex))
        return _what(output)


def test_a_publication_that_ends_anywhere_leaves_a_whole_run(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    first, second = _run_folder(tmp_path / "a", "one"), _run_folder(tmp_path / "b", "two")
    publish(first, place, lambda: None)
    asked.clear()
    publish(second, place, lambda: None)
    n = len(asked)
    assert n > 10
    counted = storage.persistently
    seen = set()
    for last in range(n):
        publish(first, place, lambda: None)
        left = [last]

        def dying(call: Callable[[], Any], address: str, left: list[int] = left) -> Any:
            if left[0] == 0:
                raise UnreachableError(5, "no answer", address)
            left[0] -= 1
            return counted(call, address)

        with monkeypatch.context() as patched:
            patched.setattr(storage, "persistently", dying)
            with suppress(UnreachableError):
                publish(second, place, lambda: None)
        seen.add(_what_a_stranger_reads(place, monkeypatch, tmp_path))
        publish(second, place, lambda: None)
        assert _what_a_stranger_reads(place, monkeypatch, tmp_path) == "two"
    assert seen == {"one", "two"}


def test_a_run_that_is_written_anew_while_it_is_fetched_is_fetched_anew(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(_run_folder(tmp_path / "a", "one"), place, lambda: None)
    real = Place.download

    def meanwhile(self: Place, name: str, file: Path, digest: str) -> bool:
        monkeypatch.setattr(Place, "download", real)
        publish(_run_folder(tmp_path / "b", "two"), place, lambda: None)
        return real(self, name, file, digest)

    monkeypatch.setattr(Place, "download", meanwhile)
    assert _what(place) == "two"


def test_a_store_that_gives_no_marks_proves_nothing_unchanged(place: Place) -> None:
    told = {"files": {"a": "1"}, "tables_key": "k", "published": {"a": {"sha256": "1", "mark": ""}}}
    assert not publishing.Published(place, told, {"a": ""}).is_current("k")
    told["published"] = {"a": {"sha256": "1", "mark": "m"}}
    assert publishing.Published(place, told, {"a": "m"}).is_current("k")
    assert not publishing.Published(place, told, {"a": "n"}).is_current("k")


def test_a_run_that_is_written_anew_while_it_is_read_is_told(place: Place, tmp_path: Path) -> None:
    with pytest.raises(NothingToDoError, match="no finished run"):
        fetched(place)
    place.write_bytes(RUN_FILE, b'{"files": ')  # half of one
    with pytest.raises(NothingToDoError, match="no finished run"):
        fetched(place)
    publish(_run_folder(tmp_path / "a", "one"), place, lambda: None)
    place.write_bytes("cells.parquet", b"of another run")
    with pytest.raises(PolicyScanError, match="written anew while it was read"):
        fetched(place)


def test_a_run_fetched_once_is_not_fetched_again(place: Place, tmp_path: Path, asked: list[str]) -> None:
    publish(_run_folder(tmp_path / "a", "one"), place, lambda: None)
    before = (fetched(place) / RUN_FILE).stat().st_ino
    asked.clear()
    assert fetched(place) and len(asked) == 1
    old = fetched(place)
    assert (old / RUN_FILE).stat().st_ino == before  # else a review of the copy would read it all again
    others = object_store.new_place(), object_store.new_place()
    for other in others:
        publish(_run_folder(tmp_path / "a", str(other)), other, lambda: None)
    os.utime(old, (1, 1))
    fetched(place)  # read again
    assert fetched(others[0]) != old and old.exists()
    os.utime(old, (1, 1))
    assert fetched(others[1]) != old and not old.exists()


def test_a_copy_that_was_broken_off_is_not_taken_for_the_runs(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(_run_folder(tmp_path / "a", "one"), place, lambda: None)
    right = place.read_bytes("cells.parquet")
    place.write_bytes("cells.parquet", b"of another run")
    with monkeypatch.context() as patched:
        patched.setattr(storage, "hash_stream", lambda stream: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):  # there by now, and not yet checked
            fetched(place)
    place.write_bytes("cells.parquet", right)
    assert _what(place) == "one"
    assert not list((tmp_path / "kept").rglob(".tmp-*"))


def test_what_a_killed_run_was_assembled_in_is_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = Place.of("s3://b/x")
    code = (
        "import sys, time; from policy_scan.publishing import workplace; from policy_scan.storage import Place\n"
        "with workplace(Place.of('s3://b/x')) as folder:\n"
        "    (folder / 'half').touch(); print(folder, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().strip())
        with workplace(far) as own:
            assert (left / "half").is_file() and own != left
        process.kill()
    elsewhere, earlier = left.parent / "0123456789ab-1-x", left.parent / "0123456789ab-1-y"
    elsewhere.mkdir()  # of another machine, or of an earlier version
    with workplace(far) as own:
        assert not left.exists() and own.is_dir() and elsewhere.is_dir()
        own.rename(earlier)  # as if this machine had been started anew since
        own.mkdir()
    told = {**json.loads((earlier / LOCK_FILE).read_bytes()), "machine": "b pid:[1]", "boot": "b"}
    monkeypatch.setattr(locks, "boot", lambda: "c")
    monkeypatch.setattr(locks, "installation", lambda: "this")
    for host, stays in (("elsewhere", True), (told["host"], False)):
        (earlier / LOCK_FILE).write_text(json.dumps({**told, "host": host, "installation": "this"}))
        with workplace(far):
            assert earlier.exists() == stays
    with workplace(Place.of(tmp_path)) as own:
        assert own == tmp_path


def test_what_killed_runs_of_a_cluster_left_on_a_store_goes_when_it_is_old_by_the_stores_clock(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write_bytes("cluster/left/client", b"t")
    place.write_bytes("cluster/left/1", b"t")
    place.write_bytes("cluster/on/1", b"t")
    time.sleep(6.1)  # a store tells whole seconds
    place.write_bytes("cluster/on/client", b"t")
    place.write_bytes("cluster/own/client", b"t")
    monkeypatch.setattr(cluster, "_LEFT_SECONDS", 4.5)
    monkeypatch.setattr(time, "time", lambda: 0.0)  # of this machine, whose clock is no matter
    there: Any = SimpleNamespace(place=place, run=SimpleNamespace(id="own"))
    cluster.Cluster._sweep_left(there)
    assert [entry.path for entry in place.entries()] == ["cluster/on/1", "cluster/on/client", "cluster/own/client"]


# --------------------------------------------------------------------------------------------------------- whole runs


def _corpus(root: Path) -> Path:
    for folder in ("FR", "LU"):
        (root / folder).mkdir(parents=True)
    fixtures.write_pdf(root / "FR" / "a.pdf", [LAW])
    fixtures.write_pdf(root / "FR" / "b e\u0301.pdf", [LAW[2:]])  # as archives from a Mac spell it
    fixtures.write_pdf(root / "LU" / "c.pdf", [[*LAW, "", "Art. 3. Le ministre est charge de son execution."]])
    (root / "manifest.csv").write_text("path,title\nFR/a.pdf,Une loi\n", encoding="utf-8")
    return root


def _invoke(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def _run(corpus: object, output: object) -> Result:
    return _invoke("run", "--fast", "--jobs", "1", "--corpus", corpus, "--output", output)


class _Both:
    """The same corpus run on a disk and on a store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.corpus, self.out = _corpus(folder / "corpus"), folder / "out"
        self.root = object_store.new_place()
        self.far_corpus, self.far = self.root.below("corpus"), self.root.below("out")
        for file in sorted(self.corpus.rglob("*.*")):
            self.far_corpus.upload(file.relative_to(self.corpus).as_posix(), file)
        self.near_run = _run(self.corpus, self.out)
        self.far_run = _run(self.far_corpus, self.far)


@pytest.fixture(scope="module")
def both(store: None, tmp_path_factory: pytest.TempPathFactory) -> _Both:
    return _Both(tmp_path_factory.mktemp("both"))


def test_a_run_on_a_store_gives_the_tables_of_a_run_on_a_disk(both: _Both) -> None:
    assert (both.near_run.exit_code, both.far_run.exit_code) == (0, 0), both.far_run.output
    assert f"{both.far}/state_of_play.csv" in both.far_run.stdout
    for name in FILES:
        assert both.far.read_bytes(name) == (both.out / name).read_bytes(), name
    published = {entry.path for entry in both.far.files()}
    assert published == {*FILES, "run.json", "state-of-play.xlsx", "state-of-play.html"}
    page = both.far.read_bytes("state-of-play.html").decode()
    assert f"{both.root}/corpus/FR/b%20e%CC%81.pdf#page=1" in page
    near = (both.out / "state-of-play.html").read_text(encoding="utf-8")
    pictures = re.findall(r'"image":"([^"]+)"', page)
    assert pictures and "missing" not in re.findall(r'"picture":"?(\w+)', page)
    assert pictures == re.findall(r'"image":"([^"]+)"', near)


def test_a_second_run_on_a_store_computes_and_writes_nothing(both: _Both) -> None:
    before = {entry.path: entry.mark for entry in both.far.entries()}
    again = _run(both.far_corpus, both.far)
    assert again.exit_code == 0 and "nothing had changed" in again.stderr
    assert {entry.path: entry.mark for entry in both.far.entries()} == before


def test_a_run_on_a_store_that_has_not_changed_publishes_nothing(both: _Both) -> None:
    before = {entry.path: entry.mark for entry in both.far.files()}
    result = run(both.far_corpus, both.far, load_config(None, {"run": {"jobs": 1}, "codings": {"setting": "fast"}}))
    assert result.unchanged and {entry.path: entry.mark for entry in both.far.files()} == before


def test_commands_read_a_run_at_an_address(both: _Both, tmp_path: Path) -> None:
    status = _invoke("status", "--output", both.far)
    assert status.exit_code == 0 and "Up to date with the corpus" in status.stdout
    assert f"over {both.far_corpus}" in status.stdout
    shown = _invoke("show", "FR/a.pdf", "--output", both.far)
    assert shown.exit_code == 0 and "Une loi" in shown.stdout
    assert "Nothing changed" in _invoke("diff", both.out, both.far).stdout
    report = tmp_path / "table.csv"
    exported = _invoke("export", "--format", "csv", "--output", both.far, "-o", report)
    assert exported.exit_code == 0 and report.is_file()
    sent = _invoke("export", "--format", "bibtex", "--output", both.far)
    assert sent.stdout.strip() == f"{both.far}/state-of-play.bib" and both.far.exists("state-of-play.bib")
    both.far.delete("state-of-play.bib")
    project = _invoke("export", "--format", "qdpx", "--output", both.far, "-o", tmp_path / "p.qdpx")
    assert project.exit_code == 0 and "no longer" not in project.stderr


def test_a_review_of_a_run_on_a_store_needs_a_database_elsewhere(both: _Both, tmp_path: Path) -> None:
    refused = _invoke("review", "report", "--output", both.far)
    assert refused.exit_code == 2 and "--database" in refused.stderr
    queue = tmp_path / "queue.xlsx"
    given = ("--output", both.far, "--database", tmp_path / "review.sqlite3")
    done = _invoke("review", "export", "--format", "xlsx", "-o", queue, *given)
    assert done.exit_code == 0, done.output
    assert queue.is_file()


def test_a_store_that_fails_for_a_moment_costs_nothing_but_time(both: _Both, port: int) -> None:
    output = both.root.below("other")
    with object_store.Line(port) as line, object_store.used(line.port):
        line.cut_on, line.seconds = b"/other/.cache/provisions", 1.5
        done = _run(both.far_corpus, output)
    assert line.cuts == 1
    assert done.exit_code == 0, done.output
    for name in FILES:
        assert output.read_bytes(name) == (both.out / name).read_bytes(), name


def test_a_store_that_fails_while_a_run_is_published_leaves_the_run_before(both: _Both, port: int) -> None:
    fixtures.write_pdf(both.folder / "d.pdf", [["Art. 1er. Le guichet unique est ouvert a tous."]])
    corpus = both.root.below("more")
    corpus.upload("LU/d.pdf", both.folder / "d.pdf")
    before = {entry.path: entry.mark for entry in both.far.files()}
    with object_store.Line(port) as line, object_store.used(line.port, seconds=0.5):
        line.cut_on, line.seconds = b"/out/.publish", 3600
        done = _run(corpus, both.far)
        assert line.cuts == 1
    assert done.exit_code == 3
    assert "doesn't answer" in done.stderr and "what was finished is kept" in done.stderr
    assert not isinstance(done.exception, OSError)
    after = {entry.path: entry.mark for entry in both.far.files()}
    after.pop(LOCK_FILE, None)  # nobody could release it: taken over by the next run
    assert after == before
    assert json.loads((fetched(both.far) / RUN_FILE).read_text())["corpus"] == str(both.far_corpus)


def test_a_corpus_that_cannot_be_listed_ends_with_a_message(both: _Both, tmp_path: Path) -> None:
    with object_store.used(object_store.free_port(), seconds=0.2):
        done = _run(both.far_corpus, tmp_path / "out")
    assert done.exit_code == 3 and "doesn't answer" in done.stderr
    assert "can be reached" in done.stderr
    assert not [file.name for file in (tmp_path / "out").iterdir() if file.name != ".cache"]


def test_a_cache_may_stand_elsewhere(both: _Both, tmp_path: Path) -> None:
    config = load_config(None, {"run": {"jobs": 1}, "codings": {"setting": "fast"}})
    result = run(both.corpus, tmp_path / "out", config, cache=both.far.below(".cache"))
    assert result.computed == 0  # the run on the store left all there is to know
    assert (tmp_path / "out" / "cells.parquet").read_bytes() == both.far.read_bytes("cells.parquet")


def test_reports_on_a_store_link_to_pdfs_of_this_machine_by_their_whole_paths(both: _Both) -> None:
    output = object_store.new_place()
    done = _invoke("run", "--fast", "--jobs", "1", "--corpus", both.corpus, "--output", output, "--cache",
                   both.far.below(".cache"))  # fmt: skip
    assert done.exit_code == 0, done.output
    page = output.read_bytes("state-of-play.html").decode()
    assert f'href="{(both.corpus / "FR" / "a.pdf").as_uri()}#page=1"' in page
