"""Starting, refusing to start and stopping `policy-scan review`, and its accounts on the command line."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
import review_app as make
from typer.testing import CliRunner

from policy_scan.cli import app as commands
from policy_scan.errors import UsageError
from policy_scan.review import serving
from policy_scan.review.serving import SECRET_VARIABLE, Listening, admit, bind, read_secret
from policy_scan.review.store import Store

GOOD = "0123456789abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SECRET_VARIABLE, raising=False)
    monkeypatch.delenv("POLICY_SCAN_DATABASE", raising=False)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "review.sqlite3") as opened:
        yield opened


BEYOND = (
    Listening(host="192.0.2.7"),
    Listening(host="0.0.0.0", public_address="http://review.example.org:8571"),
    Listening(public_address="https://review.example.org"),
)


@pytest.mark.parametrize("listening", BEYOND)
def test_beyond_this_machine_it_takes_accounts_and_a_secret(store: Store, listening: Listening) -> None:
    with pytest.raises(UsageError, match="only with accounts") as told:
        admit(store, listening, GOOD)
    assert "review user add" in told.value.next_step
    store.add_user("ines", "administrator", make.PASSWORD)
    with pytest.raises(UsageError, match="only with a secret") as told:
        admit(store, listening, "")
    assert "--secret-file" in told.value.next_step and SECRET_VARIABLE in told.value.next_step
    assert admit(store, listening, GOOD) is None
    store.set_active("ines", False)
    with pytest.raises(UsageError, match="only with accounts"):
        admit(store, listening, GOOD)


def test_on_this_machine_one_reviewer_needs_no_account_until_there_are_some(store: Store) -> None:
    assert admit(store, Listening(name="me"), "") == "me"
    with pytest.raises(UsageError, match="can't be the name"):
        admit(store, Listening(name="<b>"), "")
    store.add_user("cora", "coder", make.PASSWORD)
    assert admit(store, Listening(name="me"), "") is None
    store.set_active("cora", False)
    assert admit(store, Listening(name="me"), "") is None, "closing the last account doesn't open the door"


def test_a_secret_is_long_varied_and_nobody_elses_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "review.secret"
    for content, words in (("short", "too easy"), ("a" * 64, "too easy"), ("", "is empty")):
        file.write_text(content)
        file.chmod(0o600)
        with pytest.raises(UsageError, match=words):
            read_secret(file)
    file.write_text(GOOD + "\n")
    assert read_secret(file) == GOOD
    file.chmod(0o644)
    with pytest.raises(UsageError, match="Others on this machine can read"):
        read_secret(file)
    with pytest.raises(UsageError, match="can't be read"):
        read_secret(tmp_path / "nowhere")
    assert read_secret(None) == ""
    monkeypatch.setenv(SECRET_VARIABLE, GOOD)
    assert read_secret(None) == GOOD
    monkeypatch.setenv(SECRET_VARIABLE, "password")
    with pytest.raises(UsageError, match=f"secret of {SECRET_VARIABLE} is too easy"):
        read_secret(None)


def test_a_port_or_address_that_can_not_be_had_is_told() -> None:
    with bind("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"Port {port} is taken") as told:
            bind("127.0.0.1", port)
        assert "--port" in told.value.next_step
    with pytest.raises(UsageError, match="can't listen on"):
        bind("192.0.2.7", 8571)
    with pytest.raises(UsageError, match="no address to listen on"):
        bind("no such host", 8571)


def test_a_text_browser_never_takes_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr(serving.sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    serving.open_browser("http://127.0.0.1:8571/")
    assert not opened


def _do(folder: Path, *arguments: str, given: str = "") -> tuple[int, str]:
    result = CliRunner().invoke(commands, ["review", *arguments, "--output", str(folder)], input=given)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_accounts_are_looked_after_on_the_command_line(tmp_path: Path) -> None:
    add = ("user", "add", "cora", "--role", "coder", "--password-stdin")
    assert _do(tmp_path, *add, given="short\n")[0] == 2
    assert _do(tmp_path, *add[:4], "king", "--password-stdin", given="a long password\n")[0] == 2
    code, said = _do(tmp_path, *add, given="a long password\n")
    assert code == 0 and "a long password" not in said
    assert _do(tmp_path, *add, given="a long password\n")[0] == 2
    assert _do(tmp_path, "user", "list") == (0, "cora\tcoder\topen\n")
    assert _do(tmp_path, "user", "disable", "cora")[0] == 0
    assert _do(tmp_path, "user", "list") == (0, "cora\tcoder\tclosed\n")
    assert _do(tmp_path, "user", "enable", "cora")[0] == 0
    assert _do(tmp_path, "user", "password", "cora", "--password-stdin", given="another password\n")[0] == 0
    assert _do(tmp_path, "user", "password", "nobody", "--password-stdin", given="another password\n")[0] == 2
    code, said = _do(tmp_path, "user", "add", "cyril", "--role", "coder")
    assert code == 2 and "--password-stdin" in said, "no terminal to ask on"
    with Store.open(tmp_path / "review.sqlite3") as store:
        assert store.verify("cora", "another password") and not store.verify("cora", "a long password")
        assert [one.what for one in store.audit_log()] == [
            "user_added", "user_disabled", "user_enabled", "password_changed",
        ]  # fmt: skip


def test_what_it_can_not_start_on_is_told(tmp_path: Path) -> None:
    code, said = _do(tmp_path / "nowhere", "--no-browser")
    assert code == 3 and "holds no finished run" in said
    code, said = _do(tmp_path, "--no-browser")
    assert code == 3 and "holds no finished run" in said
    make.make_run(tmp_path)
    for options, words in (
        (("--host", "0.0.0.0"), "under which name"),
        (("--host", "192.0.2.7"), "only with accounts"),
        (("--public-address", "https://review.example.org"), "only with accounts"),
        (("--language", "xx"), "don't speak"),
    ):
        code, said = _do(tmp_path, "--no-browser", "--port", "0", *options)
        assert code == 2 and words in said, said


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_address_answers_and_stops_in_good_order(tmp_path: Path, number: int) -> None:
    make.make_run(tmp_path)
    command = [sys.executable, "-m", "policy_scan", "review", "--no-browser", "--port", "0", "--output", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout
        line = process.stdout.readline()
        found = re.fullmatch(r"Review: (http://127\.0\.0\.1:(\d+)/)\n", line)
        assert found, line + process.stdout.read()
        with urlopen(found[1], timeout=10) as answer:
            assert answer.status == 200 and b"policy_scan" in answer.read() and answer.headers.get("server") is None
        with socket.create_connection(("127.0.0.1", int(found[2])), timeout=10) as idle:
            idle.sendall(b"GET / HTTP/1.1\r\n")  # somebody who never ends a request doesn't keep it from stopping
            begun = time.monotonic()
            process.send_signal(number)
            rest = process.stdout.read()
            assert process.wait(timeout=30) == 0, rest
        assert "Every decision that was acknowledged is kept" in rest and "Traceback" not in rest
        assert time.monotonic() - begun < 25
    # A request elsewhere finds nobody there any more.
    with pytest.raises(OSError):
        urlopen(Request(found[1]), timeout=2)
