"""The cache: a result is there in whole or not at all, and a damaged one is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from policy_scan.cache import Cache
from policy_scan.errors import CacheError
from policy_scan.keys import make_key
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


def test_sweeping_removes_what_a_killed_run_left(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.write("pages", KEY, {Issue: ROWS})
    left = cache.folder("pages", KEY).parent / ".tmp-abc"
    left.mkdir()
    (left / "issue.parquet").write_bytes(b"half")
    cache.sweep()
    assert not left.exists()
    assert cache.environment("pages", KEY) == ""
