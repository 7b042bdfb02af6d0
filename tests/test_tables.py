"""Tables: one declaration of the columns, round trips, and CSV as a researcher opens it."""

from __future__ import annotations

import csv
import io
import json
import os
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_scan import records
from policy_scan.keys import hash_bytes
from policy_scan.tables import (
    TableWriter,
    csv_bytes,
    csv_value,
    from_table,
    guarded,
    parquet_bytes,
    quick_parquet_bytes,
    read_parquet,
    schema_of,
    state_of_play_schema,
    to_table,
    write_atomic,
    write_table,
)

_text = st.text(st.characters(exclude_categories=("Cs",)))
_spans = st.lists(st.tuples(*[st.integers(0, 10**6)] * 3), max_size=4).map(tuple)
_number = st.floats(0, 2000, width=32)
_boxes = st.lists(st.tuples(*[_number] * 5), max_size=3).map(tuple)
_provisions = st.builds(
    records.Provision,
    **{field.name: _text for field in fields(records.Provision) if field.type == "str"},
    **{field.name: st.integers(0, 10**9) for field in fields(records.Provision) if field.type == "int"},
    label_path=st.lists(_text, max_size=3).map(tuple),
    heading_path=st.lists(_text, max_size=3).map(tuple),
    quoted=st.booleans(),
    spans=_spans,
    boxes=_boxes,
    text_source=st.sampled_from(["text", "ocr", "mixed"]),
)


@given(st.lists(_provisions, max_size=5))
def test_provisions_survive_parquet(rows: list[records.Provision]) -> None:
    table = pq.read_table(io.BytesIO(parquet_bytes(to_table(records.Provision, rows))))
    assert from_table(records.Provision, table) == rows


@given(st.lists(_provisions, max_size=3))
def test_a_csv_holds_every_value_lists_as_json(rows: list[records.Provision]) -> None:
    data = csv_bytes(to_table(records.Provision, rows))
    assert data.startswith(b"\xef\xbb\xbf")
    csv.field_size_limit(10**9)
    read = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert [row["text"] for row in read] == [guarded(row.text) for row in rows]
    assert [json.loads(row["spans"]) for row in read] == [[list(span) for span in row.spans] for row in rows]
    assert [row["quoted"] for row in read] == ["true" if row.quoted else "false" for row in rows]


def _as_written_by_hand(table: pa.Table, guard: bool = True) -> bytes:
    """A CSV as csv.writer makes it, value by value: what `csv_bytes` must be, byte for byte."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(table.schema.names)
    for row in table.to_pylist():
        writer.writerow([csv_value(value, guard) for value in row.values()])
    return out.getvalue().encode("utf-8-sig")


_any_number = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from(
    [0.0, -0.0, 1e-4, 9.9e-5, 1e9, 123456789012.0, 1e15, 1e16, 1e22, 5e-324, 0.1 + 0.2, 1.5]
)
_odd_text = _text | st.text("=@+-(!|,;\"'\r\n\t\\\x00 aé€", max_size=6)
_columns = st.one_of(
    *(
        st.tuples(st.just(kind), st.lists(st.none() | values, min_size=4, max_size=4))
        for kind, values in (
            (pa.string(), _odd_text),
            (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
            (pa.float64(), _any_number),
            (pa.bool_(), st.booleans()),
            (pa.list_(pa.string()), st.lists(_odd_text, max_size=3)),
            (pa.list_(pa.float32()), st.lists(st.floats(width=32), max_size=3)),
            (pa.list_(pa.list_(pa.int64())), st.lists(st.lists(st.integers(-9, 10**12), max_size=3), max_size=3)),
            (pa.list_(pa.list_(pa.float64())), st.lists(st.lists(st.none() | _any_number, max_size=3), max_size=2)),
        )
    )
)


@given(st.lists(_columns, min_size=1, max_size=4), st.integers(0, 3), st.booleans())
def test_a_csv_is_what_csv_writer_makes_of_each_value(columns: list[Any], start: int, guard: bool) -> None:
    arrays = [pa.array(values, kind) for kind, values in columns]
    table = pa.Table.from_arrays(arrays, [f"c,{n}" for n in range(len(arrays))])
    parts = pa.concat_tables([table.slice(start), table, table.slice(0, start)])
    for one in (table, table.slice(start), parts):
        assert csv_bytes(one, guard) == _as_written_by_hand(one, guard)


@given(st.lists(_provisions, max_size=9), st.lists(st.integers(0, 9), max_size=4), st.integers(1, 5))
def test_a_table_written_in_parts_has_the_bytes_of_its_rows_however_they_came(
    tmp_path_factory: pytest.TempPathFactory, rows: list[records.Provision], cuts: list[int], group: int
) -> None:
    folder, table = tmp_path_factory.mktemp("parts"), to_table(records.Provision, rows)
    edges = sorted({0, len(rows), *(cut for cut in cuts if cut < len(rows))})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("policy_scan.tables.ROWS_PER_GROUP", {"x": group})
        with TableWriter(folder, "x", table.schema) as writer:
            for start, end in pairwise(edges):
                writer.add(table.slice(start, end - start))
        found = {file.name: file.read_bytes() for file in folder.iterdir()}
        assert writer.hashes == {name: hash_bytes(data) for name, data in found.items()}
        assert write_table(folder, "x", table) == writer.hashes
    assert writer.n_rows == len(rows) and found["x.csv"] == csv_bytes(table)
    about = pq.ParquetFile(folder / "x.parquet")
    assert from_table(records.Provision, about.read()) == rows
    sizes = [about.metadata.row_group(n).num_rows for n in range(about.num_row_groups)]
    assert all(size == group for size in sizes[:-1])


def test_a_few_rows_that_wait_hold_no_large_table_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policy_scan.tables.ROWS_PER_GROUP", {"x": 1000})
    rows = to_table(records.Issue, [records.Issue(None, 3, "pages", "ocr", "error", "é" * 100, "→")] * 1001)
    with TableWriter(tmp_path, "x", rows.schema) as writer:
        writer.add(rows)
        assert sum(one.get_total_buffer_size() for one in writer._waiting) < rows.get_total_buffer_size() / 100


def test_a_file_can_be_read_by_others(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a", b"1")
    assert os.name == "nt" or (tmp_path / "a").stat().st_mode & 0o777 == 0o644


def test_a_table_is_on_disk_before_it_is_put_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    monkeypatch.setattr("policy_scan.tables.os.fsync", lambda file: flushed.append(os.fstat(file).st_size))
    write_table(tmp_path, "x", to_table(records.Issue, [records.Issue(None, 3, "pages", "ocr", "error", "é", "→")]))
    assert sorted(flushed) == sorted(file.stat().st_size for file in tmp_path.iterdir())


def test_a_table_that_breaks_off_holds_no_file_open_and_tells_why(tmp_path: Path) -> None:
    table = to_table(records.Issue, [records.Issue(None, 3, "pages", "ocr", "error", "é", "→")])
    with pytest.raises(OSError, match="broken"), TableWriter(tmp_path, "x", table.schema) as writer:
        writer.add(table)
        raise OSError("broken")
    assert write_table(tmp_path, "x", table) != writer.hashes
    assert read_parquet(tmp_path / "x.parquet").num_rows == 1


@pytest.mark.parametrize(
    "record",
    [records.Document, records.Issue, records.Page, records.Block, records.Provision, records.Coding, records.Cell],
)
def test_a_table_without_rows_keeps_its_columns(record: type) -> None:
    names = [field.name for field in fields(record)]
    assert to_table(record, []).schema.names == names == schema_of(record).names
    assert csv_bytes(to_table(record, [])).decode("utf-8-sig").strip().split(",") == names


def test_the_state_of_play_has_a_status_and_a_citation_for_each_jurisdiction() -> None:
    assert state_of_play_schema(("FR", "BE")).names == ["theme", "FR_status", "FR_citation", "BE_status", "BE_citation"]


def test_the_same_rows_give_the_same_bytes() -> None:
    rows = [records.Issue(None, 3, "pages", "ocr", "error", "é", "→")] * 3
    assert parquet_bytes(to_table(records.Issue, rows)) == parquet_bytes(to_table(records.Issue, rows))


def test_tables_of_the_cache_hold_the_same_in_fewer_bytes() -> None:
    edges = tuple(0.37 * k for k in range(60))
    line = ("d", 1, 0, 0, 59, 0.0, 0.0, 9.0, 9.0, 9.5, False, False, 0, 1, None, None)
    lines = [records.Line(*line, tuple(edge + n / 7 for edge in edges), "body", 0) for n in range(200)]
    table = to_table(records.Line, lines)
    quick = quick_parquet_bytes(table)
    assert pq.read_table(io.BytesIO(quick)).equals(table)
    assert len(quick) < len(parquet_bytes(table))


def test_none_is_kept_apart_from_zero_and_from_empty_text() -> None:
    issue = records.Issue(None, None, "", "", "info", "", "")
    table = to_table(records.Issue, [issue])
    assert table.column("page").to_pylist() == [None]
    assert from_table(records.Issue, table) == [issue]
    assert schema_of(records.Issue).field("page").nullable
    assert not schema_of(records.Issue).field("message").nullable


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "cells.csv"
    write_atomic(target, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("policy_scan.tables.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(target, b"new")
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["cells.csv"]


def test_an_unknown_annotation_is_refused() -> None:
    from dataclasses import dataclass

    @dataclass
    class Odd:
        value: complex

    with pytest.raises(TypeError, match="no Arrow type"):
        schema_of(Odd)


def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe_in_csv_and_no_other() -> None:
    for formula in ('=HYPERLINK("http://example.org")', "@SUM(A1:A9)", "-2+3+cmd|' /C calc'!A0", "+SUM(A1)", "\t=1+1"):
        assert csv_value(formula) == "'" + formula
    for text in ("- la commune (le cas échéant)", "+ 10 %", "+32 (0)2 555 12 12", "-les demandes", "a = b", ""):
        assert csv_value(text) == text


def test_a_table_given_up_by_ctrl_c_goes_without_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gc

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(TableWriter, "_write", interrupted)
    writer = TableWriter(tmp_path, "pages", schema_of(records.Page))
    with pytest.raises(KeyboardInterrupt), writer:
        pass
    del writer
    gc.collect()  # what a finaliser raises is an error here
