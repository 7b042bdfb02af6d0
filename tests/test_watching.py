"""Watching: what is dropped is read once it stands still, and a run that fails for a while doesn't end it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import fixtures
import pytest
from typer.testing import CliRunner

from policy_scan import watching
from policy_scan.cli import app
from policy_scan.corpus import look
from policy_scan.errors import ConfigError, LockedError, NothingToDoError
from policy_scan.storage import Entry, Place
from policy_scan.tables import read_parquet


class _World:
    """A clock, and what is seen at each look: a text, or an error that the look raises."""

    def __init__(
        self, looks: Sequence[str | Exception], runs: Sequence[Exception | None] = (), cost: float = 0
    ) -> None:
        self.looks, self.runs, self.cost = list(looks), list(runs), cost
        self.now = 0.0
        self.done: list[str] = []
        self.seen = ""
        self.slept: list[float] = []
        self.ran_at: list[float] = []

    def look(self) -> str:
        if not self.looks:
            raise KeyboardInterrupt
        self.now += self.cost
        found = self.looks.pop(0)
        if isinstance(found, Exception):
            raise found
        self.seen = found
        return found

    def run(self) -> None:
        self.done.append(f"run {self.seen}")
        self.ran_at.append(self.now)
        error = self.runs.pop(0) if self.runs else None
        if error is not None:
            raise error

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def watch(self, monkeypatch: pytest.MonkeyPatch, least: float = 2.0) -> list[str]:
        """What was done, in order: runs with what was seen before them, errors that were told, waiting."""
        monkeypatch.setattr(watching, "time", SimpleNamespace(sleep=self.sleep, monotonic=lambda: self.now))
        with pytest.raises(KeyboardInterrupt):
            watching.watch(
                self.run, self.look, lambda error: self.done.append(f"told {error}"),
                lambda: self.done.append("waiting"), least,
            )  # fmt: skip
        return self.done


def test_a_change_is_read_when_it_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    world = _World(["a", "a", "a", "b", "c", "d", "d", "d", "d"])
    assert world.watch(monkeypatch) == ["run a", "waiting", "run d", "waiting"]


def test_what_is_dropped_while_a_run_goes_on_is_read_next(monkeypatch: pytest.MonkeyPatch) -> None:
    world = _World(["a", "b", "b", "b"])
    assert world.watch(monkeypatch) == ["run a", "waiting", "run b", "waiting"]


def test_what_came_and_went_makes_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _World(["a", "b", "a", "a", "a"]).watch(monkeypatch) == ["run a", "waiting"]


def test_a_run_that_fails_is_told_once_and_tried_again_ever_more_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    locked = LockedError("Another run is writing.", "wait.")
    world = _World(["a"] * 120, [locked] * 7)
    done = world.watch(monkeypatch)
    assert done == ["run a", f"told {locked}", *["run a"] * 7, "waiting"]
    assert [later - one for one, later in pairwise(world.ran_at)] == [2, 4, 8, 16, 32, 60, 60]
    full = OSError(28, "No space left on device")
    assert _World(["a"] * 5, [full, locked, full]).watch(monkeypatch)[:5] == [
        "run a", f"told {full}", "run a", f"told {locked}", "run a",
    ]  # fmt: skip


def test_a_change_ends_the_wait_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    world = _World(["a", *["a"] * 20, "b", "b", "b"], [OSError(5, "I/O error")] * 4)
    done = world.watch(monkeypatch)
    assert "run b" in done and done[-1] == "waiting"
    assert sum(world.slept) < 60


def test_what_only_the_user_can_mend_waits_for_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = NothingToDoError("No PDF was found.", "put some there.")
    broken = ConfigError("manifest.csv has no column 'path'.", "name the columns.")
    world = _World([*["a"] * 40, "b", "b", *["b"] * 40, "c", "c", "c"], [empty, broken])
    assert world.watch(monkeypatch) == [
        "run a", f"told {empty}", "waiting", "run b", f"told {broken}", "run c", "waiting",
    ]  # fmt: skip


def test_a_wrong_command_ends_at_once() -> None:
    def wrong() -> None:
        raise ConfigError("unknown key 'ocrr'.", "did you mean 'ocr'?")

    with pytest.raises(ConfigError):
        watching.watch(wrong, lambda: "a", print, lambda: None)


def test_a_corpus_that_cannot_be_looked_at_for_a_while_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = OSError(5, "The store doesn't answer")
    world = _World(["a", gone, gone, gone, "a", "a", gone, "b", "b", "b"])
    done = world.watch(monkeypatch)
    assert done == ["run a", "waiting", f"told {gone}", f"told {gone}", "run b", "waiting"]


@pytest.mark.parametrize(
    ("cost", "least", "pause"), [(0.01, 2.0, 2.0), (0.5, 2.0, 10.0), (1.0, 30.0, 30.0), (60, 2, 300)]
)
def test_looks_take_a_twentieth_of_the_time_at_most(
    monkeypatch: pytest.MonkeyPatch, cost: float, least: float, pause: float
) -> None:
    world = _World(["a"] * 5, cost=cost)
    world.watch(monkeypatch, least)
    assert world.slept == pytest.approx([pause] * len(world.slept))


def _same_size(file: Path) -> None:
    status = file.stat()
    file.write_bytes(b"x" * status.st_size)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize(
    "edit",
    [
        lambda root: (root / "FR" / "b.pdf").write_bytes(b"2"),
        lambda root: (root / "FR" / "a.pdf").unlink(),
        lambda root: (root / "FR" / "a.pdf").rename(root / "FR" / "c.pdf"),
        lambda root: (root / "manifest.csv").write_text("path,title\n"),
        lambda root: _same_size(root / "FR" / "a.pdf"),
    ],
    ids=["dropped", "deleted", "renamed", "manifest", "same size and time"],
)
@pytest.mark.skipif(sys.platform == "win32", reason="the times of a change of an entry aren't told there")
def test_a_look_sees_every_change_and_nothing_else(tmp_path: Path, edit: Callable[[Path], object]) -> None:
    (tmp_path / "FR").mkdir()
    (tmp_path / "FR" / "a.pdf").write_bytes(b"1")
    before = look(tmp_path)
    time.sleep(0.02)
    assert look(tmp_path) == before
    edit(tmp_path)
    assert look(tmp_path) != before


def test_a_look_at_a_store_reads_its_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    tags = {"FR/a.pdf": "1", "FR/b.pdf": "2"}
    monkeypatch.setattr(Place, "entries", lambda place: iter([Entry(name, 3, tag) for name, tag in tags.items()]))
    place = Place("s3://bucket/corpus")
    before = look(place)
    assert look(place) == before
    tags["FR/b.pdf"] = "3"
    assert look(place) != before


def _until(what: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_ctrl_c_while_nothing_can_be_done_ends_with_the_code_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(watching, "time", SimpleNamespace(sleep=pressed, monotonic=time.monotonic))
    (tmp_path / "corpus").mkdir()
    command = ["run", "--watch", "--corpus", str(tmp_path / "corpus"), "--output", str(tmp_path / "out")]
    done = CliRunner().invoke(app, command)
    assert "No PDF was found" in done.stderr and "Stopped watching." in done.stderr
    assert done.exit_code == 3


@pytest.mark.skipif(sys.platform == "win32", reason="sends the signal of Ctrl-C to one process")
def test_the_command_reads_what_is_dropped_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    """Started over an empty corpus: it waits, reads the first PDF, outlives a manifest that is broken for a while, and
    follows the manifest as mended."""
    corpus, output = tmp_path / "corpus", tmp_path / "out"
    (corpus / "FR").mkdir(parents=True)
    (tmp_path / "config.yaml").write_text("ocr: {enabled: false}\n")
    command = [sys.executable, "-m", "policy_scan", "run", "--fast", "--watch", "--jobs", "1", "--corpus", corpus,
               "--output", output, "--config", tmp_path / "config.yaml"]  # fmt: skip
    said = tmp_path / "said"

    def heard(text: str) -> bool:
        return text in said.read_text()

    def titles() -> list[str]:
        try:
            return sorted(read_parquet(output / "documents.parquet").column("title").to_pylist())
        except OSError:
            return []

    with said.open("w") as stream:
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=stream,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )  # fmt: skip
    try:
        _until(lambda: heard("No PDF was found") and heard("Watching"))
        fixtures.write_pdf(tmp_path / "a.pdf", [["LOI RELATIVE AUX DEMARCHES", "", "Art. 1er. En ligne."]])
        (tmp_path / "a.pdf").rename(corpus / "FR" / "a.pdf")
        _until(lambda: len(titles()) == 1)
        (corpus / "manifest.csv").write_text("nonsense\n")
        _until(lambda: heard("no column 'path'"))
        (corpus / "manifest.csv").write_text("path,title\nFR/a.pdf,Loi du manifeste\n")
        _until(lambda: titles() == ["Loi du manifeste"])
        _until(lambda: said.read_text().rstrip().endswith("stop with Ctrl-C."))
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert said.read_text().rstrip().endswith("Stopped watching.")
    finally:
        process.kill()
        process.wait(20)
