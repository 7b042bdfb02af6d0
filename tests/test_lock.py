"""One run at a time writes into an output: who holds it is told, a dead holder's lock is taken over."""

from __future__ import annotations

import json
import os
import shutil
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

from policy_scan import lock as locks
from policy_scan import machines
from policy_scan.cli import app
from policy_scan.config import load_config
from policy_scan.errors import LockedError
from policy_scan.lock import LOCK_FILE, held
from policy_scan.runner import run
from policy_scan.storage import write_atomic

HOLD = "import sys, time, pathlib; from policy_scan.lock import held\n"
WAIT = HOLD + "with held(pathlib.Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)\n"


def _told_by_ctrl_c() -> None:
    """Tests started in the background of a shell hand down that SIGINT is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing tells containers and starts")


def _may_begin_containers() -> bool:
    command = shutil.which("unshare")
    made = [command or "", "--pid", "--fork", "--mount-proc", "true"]
    return command is not None and subprocess.run(made, capture_output=True, check=False).returncode == 0


def _hold(output: Path, before: str = "") -> subprocess.Popen[str]:
    """Another process that holds the lock."""
    command = [sys.executable, "-c", before + WAIT, output]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8",
                               preexec_fn=_told_by_ctrl_c)  # fmt: skip
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


def test_a_lock_of_an_earlier_version_is_judged_by_the_host_that_it_tells(tmp_path: Path) -> None:
    process = _hold(tmp_path)
    told = json.loads((tmp_path / LOCK_FILE).read_text(encoding="utf-8"))
    earlier = json.dumps({name: told[name] for name in ("process", "host", "since", "began")})
    (tmp_path / LOCK_FILE).write_text(earlier, encoding="utf-8")
    with pytest.raises(LockedError, match=f"process {process.pid} on"), held(tmp_path):
        pass
    _end(process, signal.SIGKILL)
    if sys.platform != "win32":
        with held(tmp_path) as lock:
            lock.check()


CONTAINER = """
from policy_scan import lock
myself, lock.machine = lock._myself, lambda: f"{lock.boot()} pid:[1]"
lock._myself = lambda: {**myself(), "process": 2**22 + 1}  # it means nothing here
"""


@LINUX
def test_the_lock_of_a_container_of_the_same_name_holds_until_that_has_ended(tmp_path: Path) -> None:
    process = _hold(tmp_path, CONTAINER)
    with pytest.raises(LockedError, match=rf"process {2**22 + 1} on .*another machine or container"), held(tmp_path):
        pass
    _end(process, signal.SIGKILL)
    with held(tmp_path) as lock:
        lock.check()


@LINUX
@pytest.mark.skipif(not _may_begin_containers(), reason="this user may make no namespace of processes")
def test_a_container_takes_no_lock_of_a_living_process_outside(tmp_path: Path) -> None:
    code = HOLD + "with held(pathlib.Path(sys.argv[1])): print('held')\n"
    command = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", code, str(tmp_path)]
    process = _hold(tmp_path)
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode != 0 and f"process {process.pid} on {socket.gethostname()}" in refused.stderr
    assert "another machine or container" in refused.stderr
    _end(process, signal.SIGKILL)
    assert subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout == "held\n"


@LINUX
@pytest.mark.parametrize(
    ("told", "is_free"),
    [
        ({"installation": "a1"}, True),
        ({"folder": "64769:2"}, True),
        ({"installation": "b2", "folder": ""}, False),
        ({"installation": ""}, False),
        ({"installation": "a1", "host": "elsewhere"}, False),
        ({"folder": "64769:2", "host": "elsewhere"}, False),
        ({"folder": "45:2"}, False),  # a network drive
        ({"installation": "a1", "boot": ""}, False),
    ],
)
def test_a_lock_from_before_a_machine_was_started_anew_is_told_from_one_of_another_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: dict[str, str], is_free: bool
) -> None:
    monkeypatch.setattr(locks, "installation", lambda: "a1")
    monkeypatch.setattr(locks, "_claim", lambda folder: (os.open(os.devnull, os.O_RDONLY), "64769:2"))
    with held(tmp_path):
        own = json.loads((tmp_path / LOCK_FILE).read_text(encoding="utf-8"))
    other = {**own, "machine": "b pid:[1]", "boot": "b", "installation": "", "folder": "", **told}  # our own number
    (tmp_path / LOCK_FILE).write_text(json.dumps(other), encoding="utf-8")
    if is_free:
        with held(tmp_path) as lock:
            lock.check()
    else:
        with pytest.raises(LockedError), held(tmp_path):
            pass


@LINUX
def test_a_container_has_no_identity_that_outlasts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machines, "_text", lambda file: "of an image")
    monkeypatch.setattr(machines, "_processes", lambda: "pid:[4026531836]")
    assert machines.installation()
    monkeypatch.setattr(machines, "_processes", lambda: "pid:[4026532300]")
    assert not machines.installation()


@pytest.mark.parametrize(("card", "told"), [(0x0242AC110002, ""), (0x3C5282A1B2C3, "3c5282a1b2c3")])
def test_where_nothing_else_tells_the_machine_a_made_up_address_does_not(
    monkeypatch: pytest.MonkeyPatch, card: int, told: str
) -> None:
    monkeypatch.setattr(machines, "boot", lambda: "")
    monkeypatch.setattr("uuid.getnode", lambda: card)
    assert machines.machine.__wrapped__() == f"{socket.gethostname()} {told}"


def test_what_a_killed_process_left_half_written_is_swept_and_nothing_of_other_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = _hold(tmp_path)
    _end(process, signal.SIGKILL)
    here, own = machines.signature().split("-")[0], machines.signature()
    names = {
        f".tmp-{here}-{process.pid}-x": sys.platform == "win32", f".tmp-{own}x": True,
        f".tmp-0123456789ab-{process.pid}-x": True, f".tmp-{process.pid}-x": True,
        f".tmp-0123456789ab-{process.pid}-old": False, f".tmp-{process.pid}-old": False,
    }  # fmt: skip
    for name in names:
        (tmp_path / name).touch()
    ages = time.time() - 90_000
    for file in tmp_path.glob("*-old"):
        os.utime(file, (ages, ages))
    monkeypatch.setattr(time, "time", lambda: 4e9)  # of this machine, whose clock is no matter
    with held(tmp_path):
        assert {file.name for file in tmp_path.glob(".tmp-*")} == {name for name, stays in names.items() if stays}


def test_files_in_the_making_tell_whose_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda handle: seen.extend(file.name for file in tmp_path.iterdir()))
    write_atomic(tmp_path / "a", b"")
    assert len(seen) == 1 and seen[0].startswith(f".tmp-{machines.signature()}")


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
