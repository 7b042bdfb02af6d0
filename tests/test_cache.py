"""The cache: a result is there in whole or not at all, and a damaged one is noticed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from policy_scan.cache import Cache
from policy_scan.errors import CacheError
from policy_scan.keys import make_key
from policy_scan.machines import signature
from policy_scan.records import Issue
from policy_scan.tables import from_table

KEY = make_key("x")
ROWS = [Issue("d", 1, "pages", "ocr", "error", "m", "n")]


def test_a_result_comes_back_as_written(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    assert cache.environment("pages", KEY) is None
    cache.write("pages", KEY, {Issue: ROWS}, "tesseract 5")
    assert cache.environment("pages", KEY) == "tesseract 5"
    assert from_table(Issue, cache.table("pages", KEY, Issue)) == ROWS


def test_a_new_result_takes_the_place_of_an_old_one(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.write("pages", KEY, {Issue: ROWS})
    cache.write("pages", KEY, {Issue: []})
    assert cache.table("pages", KEY, Issue).num_rows == 0


def test_of_two_runs_that_write_the_same_result_at_once_neither_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path)
    replace = Path.replace

    def meanwhile(self: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "replace", replace)
        Cache(tmp_path).write("pages", KEY, {Issue: ROWS * 2})
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", meanwhile)
    cache.write("pages", KEY, {Issue: ROWS})
    assert from_table(Issue, cache.table("pages", KEY, Issue)) == ROWS
    assert not _half(tmp_path)


@pytest.mark.parametrize("harm", ["flip", "cut", "delete", "meta"])
def test_damage_is_noticed(tmp_path: Path, harm: str) -> None:
    cache = Cache(tmp_path)
    cache.write("pages", KEY, {Issue: ROWS})
    file = cache.folder("pages", KEY) / "issue.parquet"
    data = file.read_bytes()
    if harm == "flip":
        file.write_bytes(data[:50] + bytes([data[50] ^ 1]) + data[51:])
    elif harm == "cut":
        file.write_bytes(data[:-10])
    elif harm == "delete":
        file.unlink()
    else:
        (cache.folder("pages", KEY) / "meta.json").write_text("{", encoding="utf-8")
    with pytest.raises(CacheError):
        cache.table("pages", KEY, Issue)


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        cache.write("pages", KEY, {Issue: ROWS})
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert cache.environment("pages", KEY) is None


WRITER = """
import sys, time
from pathlib import Path
from policy_scan import cache
real = Path.write_bytes
def slow(self, data):
    real(self, data)
    print(self.parent, flush=True)
    sys.stdin.readline()
    return len(data)
Path.write_bytes = slow
cache.Cache(Path(sys.argv[1])).write("pages", sys.argv[2], {})
"""


def _half(root: Path) -> list[Path]:
    return list(root.rglob(".tmp-*"))


def test_sweeping_removes_what_a_killed_run_left_and_nothing_that_is_being_written(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.write("pages", make_key("y"), {Issue: ROWS})
    (tmp_path / f".tmp-{os.getpid()}-index").write_bytes(b"half")
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path), KEY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        half = Path(process.stdout.readline().strip())
        cache.sweep()  # of another run that shares the cache
        assert half.is_dir() and len(_half(tmp_path)) == 2
        process.stdin.write("\n")
        process.stdin.close()
        assert process.wait(60) == 0
    assert cache.environment("pages", KEY) == "" and not half.exists()


def test_sweeping_removes_what_is_of_no_process_any_more(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.write("pages", KEY, {Issue: ROWS})
    beside = cache.folder("pages", KEY).parent
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(60)
    here = signature().split("-")[0]
    names = {
        f".tmp-{here}-{ended.pid}-a": False, f".tmp-{signature()}b": True, f".tmp-0123456789ab-{ended.pid}-c": True,
        ".tmp-old": False,
    }  # fmt: skip
    for name in names:
        (beside / name).mkdir()
        (beside / name / "issue.parquet").write_bytes(b"half")
    os.utime(beside / ".tmp-old", (1, 1))
    (tmp_path / f".tmp-{here}-{ended.pid}-index").write_bytes(b"half")
    cache.sweep()
    assert {path.name for path in _half(tmp_path)} == {name for name, stays in names.items() if stays}
    assert cache.environment("pages", KEY) == ""
