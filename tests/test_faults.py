"""What goes wrong around a run: disks, clocks, rights, changing files. It ends with a clear message or completes.

Killed runs are tried in test_trials.py, damaged results also in test_cache.py and test_runner.py, stores on a
network in test_storage.py, hostile files in test_mutants.py and test_hostile.py.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import fixtures
import pytest

from policy_scan.config import load_config
from policy_scan.records import Document, Issue
from policy_scan.runner import run
from policy_scan.tables import read_records

NO_OCR = {"ocr": {"enabled": False}, "codings": {"setting": "fast"}, "run": {"jobs": 1}}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and mounts as Linux has them")


def _corpus(root: Path, number: int = 3) -> Path:
    (root / "FR").mkdir(parents=True, exist_ok=True)
    for k in range(number):
        fixtures.write_pdf(
            root / "FR" / f"{'abcdefgh'[k]}.pdf",
            [[f"Art. {k + 1}. Toute personne peut deposer sa demande en ligne ou au guichet de la commune {k}."] * 3],
        )
    return root


def _published(output: Path) -> dict[str, str]:
    files = [*output.glob("*.parquet"), *output.glob("*.csv")]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def _half_written(output: Path) -> list[Path]:
    return [*output.glob("**/.tmp-*"), *output.glob(".lock")]


def _command(corpus: Path, output: Path) -> list[str]:
    config = corpus.parent / "config.yaml"
    config.write_text("ocr: {enabled: false}\n", encoding="utf-8")
    return [sys.executable, "-m", "policy_scan", "run", "--fast", "--jobs", "1", "--corpus", str(corpus), "--output",
            str(output), "--config", str(config)]  # fmt: skip


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own with 400 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)]
    try:
        made = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        made = False
    if not made:
        pytest.skip("needs the right to mount a small disk; the limit on a file's size stands in for it elsewhere")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_told_and_room_lets_the_run_complete(small_disk: Path, tmp_path: Path) -> None:
    corpus, output = _corpus(tmp_path / "corpus", 8), small_disk / "out"
    done = subprocess.run(_command(corpus, output), capture_output=True, encoding="utf-8", check=False)
    assert done.returncode in (1, 3), done.stderr
    assert "Traceback" not in done.stderr and "No space left on device" in done.stderr
    assert str(small_disk) in done.stderr.split("No space left on device")[1]
    assert not _half_written(output)
    subprocess.run(["mount", "-o", "remount,size=100m", str(small_disk)], check=True)
    done = subprocess.run(_command(corpus, output), capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    run(corpus, tmp_path / "undisturbed", load_config(None, NO_OCR))
    assert _published(output) == _published(tmp_path / "undisturbed")


def test_a_limit_on_the_size_of_files_ends_with_a_message_and_the_old_tables_stay(tmp_path: Path) -> None:
    corpus, output = _corpus(tmp_path / "corpus", 1), tmp_path / "out"
    run(corpus, output, load_config(None, NO_OCR))
    before = _published(output)
    _corpus(corpus, 3)

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))

    done = subprocess.run(_command(corpus, output), capture_output=True, encoding="utf-8", check=False,
                          preexec_fn=small_files)  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr and "File too large" in done.stderr
    assert not _half_written(output)
    assert _published(output) == before


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder in which nothing can be written; to root only a disk is read-only."""
    folder = tmp_path / "read_only"
    folder.mkdir(mode=0o555)
    if os.geteuid() != 0:
        yield folder
        return
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(folder)], check=False).returncode:
        pytest.skip("root may write anywhere and here has no right to mount a disk that is read-only")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("name", ["", "out"])
def test_an_output_that_is_read_only_is_told_before_any_work(read_only: Path, tmp_path: Path, name: str) -> None:
    command = _command(_corpus(tmp_path / "corpus", 1), read_only / name)
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr and str(read_only) in done.stderr
    assert "Read-only" in done.stderr or "Permission denied" in done.stderr
    assert "[1/1]" not in done.stderr and not list(read_only.iterdir())


def test_bits_turned_anywhere_in_the_cache_are_noticed_and_computed_again(tmp_path: Path) -> None:
    corpus, output = _corpus(tmp_path / "corpus", 2), tmp_path / "out"
    config = load_config(None, NO_OCR)
    run(corpus, output, config)
    expected = _published(output)
    rng = random.Random(5)
    kept = [file for file in sorted((output / ".cache").rglob("*")) if file.is_file()]
    for file in rng.sample(kept, 4):
        data = bytearray(file.read_bytes())
        if not data:
            continue
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        file.write_bytes(data)
        (output / "cells.csv").unlink()  # the tables are assembled again, from what the cache has
        assert run(corpus, output, config).exit_code == 0, file
        assert _published(output) == expected, file


@pytest.mark.parametrize("days", [-400, 400])
def test_a_clock_that_jumps_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    corpus, output = _corpus(tmp_path / "corpus", 2), tmp_path / "out"
    config = load_config(None, NO_OCR)
    run(corpus, output, config)
    expected = _published(output)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 86400 * days)
    again = run(corpus, output, config)
    assert again.exit_code == 0 and again.computed == 0
    # A file written while the clock was wrong is seen as changed by its content, whatever its time says.
    fixtures.write_pdf(corpus / "FR" / "a.pdf", [["Art. 9. Le guichet est ferme."]])
    os.utime(corpus / "FR" / "a.pdf", (now() + 86400 * days,) * 2)
    changed = run(corpus, output, config)
    assert changed.exit_code == 0 and changed.computed == 1
    assert _published(output) != expected
    text = [one.text for one in read_records(output, "provisions", _provision())]
    assert any("ferme" in one for one in text) and not any("commune 0" in one for one in text)


def _provision() -> type:
    from policy_scan.records import Provision

    return Provision


def test_a_file_that_changes_while_it_is_read_is_told_and_read_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dying

    corpus, output = _corpus(tmp_path / "corpus", 2), tmp_path / "out"
    config = load_config(None, NO_OCR)
    monkeypatch.setattr("policy_scan.engine.work", dying.change_b_first)
    result = run(corpus, output, config)
    assert result.exit_code == 1
    statuses = {one.path: one.status for one in read_records(output, "documents", Document)}
    assert statuses == {"FR/a.pdf": "ok", "FR/b.pdf": "failed"}
    [issue] = [one for one in read_records(output, "issues", Issue) if one.severity == "error"]
    assert issue.category == "changed" and "FR/b.pdf" in issue.message and "run again" in issue.next_step
    monkeypatch.undo()
    assert run(corpus, output, config).exit_code == 0


def test_a_run_ended_before_its_reports_has_them_written_by_the_next_one(tmp_path: Path) -> None:
    corpus, output = _corpus(tmp_path / "corpus", 1), tmp_path / "out"
    command = _command(corpus, output)
    config = load_config(corpus.parent / "config.yaml", {"codings": {"setting": "fast"}, "run": {"jobs": 1}})
    subprocess.run(command, capture_output=True, check=True)
    page = output / "state-of-play.html"
    assert "a.pdf" in page.read_text(encoding="utf-8")
    _corpus(corpus, 2)
    run(corpus, output, config)  # its tables, and no reports
    assert "b.pdf" not in page.read_text(encoding="utf-8")
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    assert "nothing had changed" in done.stderr
    assert "b.pdf" in page.read_text(encoding="utf-8")
    stands = page.stat().st_mtime_ns
    subprocess.run(command, capture_output=True, check=True)
    assert page.stat().st_mtime_ns == stands  # and then they are left alone


@pytest.mark.parametrize("all_of_it", [False, True], ids=["the run", "all its processes"])
def test_a_run_that_is_told_to_end_says_so_and_goes_on_where_it_stopped(tmp_path: Path, all_of_it: bool) -> None:
    """As a batch system or a machine that is shut down tells it."""
    corpus, output = _corpus(tmp_path / "corpus", 8), tmp_path / "out"
    command = _command(corpus, output)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8",
                          start_new_session=True) as process:  # fmt: skip
        assert process.stderr is not None
        assert process.stderr.readline().startswith("[1/8]")
        (os.killpg if all_of_it else os.kill)(process.pid, signal.SIGTERM)
        told = process.stderr.read()
    assert process.returncode == 128 + signal.SIGTERM, told
    assert told.endswith("Stopped. What was finished is kept: the same command goes on from there.\n")
    assert "Traceback" not in told and "resource_tracker" not in told
    assert not _half_written(output)
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    assert re.search(r"8 documents .*, [1-8] from the cache", done.stderr), done.stderr
    run(corpus, tmp_path / "undisturbed", load_config(None, NO_OCR))
    assert _published(output) == _published(tmp_path / "undisturbed")
