"""One run at a time writes into an output: who holds it is told, a dead holder's lock is taken over."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import fixtures
import psutil
import pytest
from clusters import is_of_run
from typer.testing import CliRunner

from policy_scan.cli import app
from policy_scan.config import load_config
from policy_scan.errors import LockedError
from policy_scan.lock import LOCK_FILE, held
from policy_scan.runner import run

HOLD = "import sys, time, pathlib; from policy_scan.lock import held\n"
WAIT = HOLD + "with held(pathlib.Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)\n"


def _told_by_ctrl_c() -> None:
    """Tests started in the background of a shell hand down that SIGINT is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _hold(output: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock."""
    process = subprocess.Popen([sys.executable, "-c", WAIT, output], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               encoding="utf-8", preexec_fn=_told_by_ctrl_c)  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


def _end(process: subprocess.Popen[str], by: signal.Signals) -> None:
    process.send_signal(by)
    process.wait(20)
    assert process.stdout is not None
    process.stdout.close()


def _corpus(root: Path) -> Path:
    (root / "FR").mkdir(parents=True)
    fixtures.write_pdf(root / "FR" / "a.pdf", [["Art. 1er. Le guichet est ouvert a tous."]])
    return root


def test_a_held_output_is_refused_with_who_holds_it_and_nothing_is_written(tmp_path: Path) -> None:
    corpus, output = _corpus(tmp_path / "corpus"), tmp_path / "out"
    process = _hold(output)
    try:
        with pytest.raises(LockedError, match=rf"process {process.pid} on {socket.gethostname()}, since \d{{4}}-"):
            run(corpus, output, load_config(None, {"run": {"jobs": 1}}))
        done = CliRunner().invoke(app, ["run", "--fast", "--corpus", str(corpus), "--output", str(output)])
        assert done.exit_code == 3
        assert str(process.pid) in done.stderr and "another --output" in done.stderr
        assert [file.name for file in output.iterdir()] == [LOCK_FILE]
    finally:
        _end(process, signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="whether a process lives isn't asked there")
def test_the_lock_of_a_process_that_was_killed_is_taken_over(tmp_path: Path) -> None:
    process = _hold(tmp_path)
    _end(process, signal.SIGKILL)
    assert json.loads((tmp_path / LOCK_FILE).read_text(encoding="utf-8"))["process"] == process.pid
    with held(tmp_path):
        assert json.loads((tmp_path / LOCK_FILE).read_text(encoding="utf-8"))["process"] == os.getpid()
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system doesn't tell when a process began")
def test_a_number_used_again_by_another_process_holds_nothing(tmp_path: Path) -> None:
    with held(tmp_path):
        text = (tmp_path / LOCK_FILE).read_text(encoding="utf-8")
    stale = {**json.loads(text), "began": "1"}
    (tmp_path / LOCK_FILE).write_text(json.dumps(stale), encoding="utf-8")
    with held(tmp_path):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="sends the signal of Ctrl-C to one process")
def test_ctrl_c_releases_it(tmp_path: Path) -> None:
    process = _hold(tmp_path)
    _end(process, signal.SIGINT)
    assert not list(tmp_path.iterdir())


def test_an_error_releases_it_and_it_is_not_taken_twice_in_one_process(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), held(tmp_path):
        with pytest.raises(LockedError), held(tmp_path):
            pass
        assert (tmp_path / LOCK_FILE).is_file()
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", ['{"process": 1, "host": "elsewhere", "since": "x", "began": ""}', "", "{}", "[]"])
def test_a_lock_of_another_host_or_that_cannot_be_read_is_left_alone(tmp_path: Path, content: str) -> None:
    (tmp_path / LOCK_FILE).write_text(content, encoding="utf-8")
    with pytest.raises(LockedError) as caught, held(tmp_path):
        pass
    assert LOCK_FILE in caught.value.next_step
    assert ("elsewhere" in caught.value.message) == ("elsewhere" in content)
    assert (tmp_path / LOCK_FILE).read_text(encoding="utf-8") == content


def test_what_a_killed_process_left_half_written_is_swept(tmp_path: Path) -> None:
    process = _hold(tmp_path)
    _end(process, signal.SIGKILL)
    left, own = tmp_path / f".tmp-{process.pid}-x", tmp_path / f".tmp-{os.getpid()}-x"
    left.touch(), own.touch()
    with held(tmp_path):
        assert own.exists() and not left.exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere nothing tells it")
def test_a_process_that_was_killed_and_not_yet_asked_for_holds_no_lock(tmp_path: Path) -> None:
    process = _hold(tmp_path)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # ended, but its number still stands for it
    with held(tmp_path) as lock:
        lock.check()
    _end(process, signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="sends the signal of Ctrl-C to one process")
def test_watching_holds_it_only_while_a_run_goes_on(tmp_path: Path) -> None:
    corpus, output = _corpus(tmp_path / "corpus"), tmp_path / "out"
    command = [sys.executable, "-m", "policy_scan", "run", "--fast", "--watch", "--jobs", "1", "--corpus", corpus,
               "--output", output]  # fmt: skip
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=_told_by_ctrl_c
    )
    try:
        seen, until = False, time.monotonic() + 60
        while time.monotonic() < until and not (output / "state-of-play.html").is_file():
            seen = seen or (output / LOCK_FILE).is_file()
            time.sleep(0.02)
        assert seen
        while time.monotonic() < until and (output / LOCK_FILE).is_file():
            time.sleep(0.05)
        with held(output):
            assert process.poll() is None
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGINT])
def test_an_ended_run_leaves_no_worker_and_nothing_half_written(
    tmp_path: Path, shipped_corpus: Path, by: signal.Signals
) -> None:
    output = tmp_path / "out"
    command = [sys.executable, "-m", "policy_scan", "run", "--fast", "--corpus", shipped_corpus, "--output", output]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=_told_by_ctrl_c
    )
    until = time.monotonic() + 60
    while not list((output / ".cache").glob("codings/*/*")) and time.monotonic() < until:
        time.sleep(0.02)
    below = psutil.Process(process.pid).children(recursive=True)  # who works is a copy of one that the run started
    assert any(map(is_of_run, below))
    workers = [one.pid for one in below]
    process.send_signal(by)
    # Where Ctrl-C comes within an eval(), Python tells its end by the signal itself: a shell says 130 of that too.
    assert process.wait(20) in ((130, -by) if by is signal.SIGINT else (-by,))
    until = time.monotonic() + 20
    while any(map(_runs, workers)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(map(_runs, workers))
    if by is signal.SIGINT:
        assert not list(output.rglob(".tmp-*")) and not (output / LOCK_FILE).exists()
