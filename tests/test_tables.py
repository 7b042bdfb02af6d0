"""Tables: one declaration of the columns, round trips, and CSV as a researcher opens it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import fields
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_scan import records
from policy_scan.tables import (
    csv_bytes,
    csv_value,
    from_table,
    guarded,
    parquet_bytes,
    schema_of,
    state_of_play_schema,
    to_table,
    write_atomic,
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
