"""Keys: no two different inputs share one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_scan.keys import encode, hash_bytes, hash_file, make_key

_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
_parts = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3)
)


def _typed(part: object) -> object:
    """A value that differs wherever two parts differ, types included (True == 1 == 1.0 in Python)."""
    if isinstance(part, list | tuple):
        return ("list", tuple(_typed(item) for item in part))
    if isinstance(part, dict):
        return ("dict", tuple(sorted((key, _typed(value)) for key, value in part.items())))
    return (type(part).__name__, repr(part))


@given(st.lists(_parts, max_size=4), st.lists(_parts, max_size=4))
def test_two_inputs_share_a_key_only_if_they_are_the_same(left: list[object], right: list[object]) -> None:
    assert (make_key(*left) == make_key(*right)) == (_typed(left) == _typed(right))  # type: ignore[arg-type]


@given(st.lists(st.text(), min_size=1, max_size=5), st.data())
def test_moving_the_border_between_two_parts_changes_the_key(parts: list[str], data: st.DataObject) -> None:
    joined = "".join(parts)
    cut = data.draw(st.integers(0, len(joined)))
    other = [joined[:cut], joined[cut:]]
    if other != parts:
        assert make_key(*parts) != make_key(*other)


def test_a_mapping_has_no_order() -> None:
    assert make_key({"a": 1, "b": 2}) == make_key({"b": 2, "a": 1})


def test_a_key_is_a_whole_sha256_of_the_framed_parts() -> None:
    framed = b"l" + (10).to_bytes(8, "big") + b"s" + (1).to_bytes(8, "big") + b"x"
    assert encode(("x",)) == framed
    assert make_key("x") == hashlib.sha256(framed).hexdigest()


def test_an_object_makes_no_key() -> None:
    with pytest.raises(TypeError, match="can't be made of object"):
        make_key(object())  # type: ignore[arg-type]


def test_a_file_is_its_bytes(tmp_path: Path) -> None:
    data = bytes(range(256)) * 10_000
    (tmp_path / "a").write_bytes(data)
    assert hash_file(tmp_path / "a") == hash_bytes(data) == hashlib.sha256(data).hexdigest()
