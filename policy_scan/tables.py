"""Tables: one Arrow schema per record class, and reading and writing them as Parquet and CSV.

The schema is derived from the record's annotations: str, int, float, bool, `X | None`, tuples of str, of floats,
spans (list of [page, start, end]) and boxes (list of [page, x0, y0, x1, y1]). In CSV, lists are JSON.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
import re
import tempfile
import types
import typing
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from . import records

R = TypeVar("R")
_SCHEMAS: dict[type[Any], pa.Schema] = {}


def _arrow_type(annotation: Any) -> tuple[pa.DataType, bool]:
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        inner = [arg for arg in typing.get_args(annotation) if arg is not type(None)]
        return _arrow_type(inner[0])[0], True
    if origin is typing.Literal:
        return pa.string(), False
    if origin is tuple:
        item = typing.get_args(annotation)[0]
        if item is str:
            return pa.list_(pa.string()), False
        if item is float:
            return pa.list_(pa.float32()), False
        if item == records.Span:
            return pa.list_(pa.list_(pa.int64())), False
        if item == records.Box:
            return pa.list_(pa.list_(pa.float64())), False
    simple = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    if annotation in simple:
        return simple[annotation], False
    raise TypeError(f"no Arrow type for {annotation!r}")


def schema_of(record: type[Any]) -> pa.Schema:
    """The Arrow schema of a record class, columns in the order of its fields."""
    if record not in _SCHEMAS:
        hints = typing.get_type_hints(record)
        fields = []
        for field in dataclasses.fields(record):
            kind, nullable = _arrow_type(hints[field.name])
            fields.append(pa.field(field.name, kind, nullable=nullable))
        _SCHEMAS[record] = pa.schema(fields)
    return _SCHEMAS[record]


def to_table(record: type[R], rows: Iterable[R]) -> pa.Table:
    """Rows of one record class as an Arrow table, also when there are none."""
    schema = schema_of(record)
    rows = list(rows)
    columns = [pa.array([getattr(row, name) for row in rows], type=schema.field(name).type) for name in schema.names]
    return pa.Table.from_arrays(columns, schema=schema)


def from_table(record: type[R], table: pa.Table) -> list[R]:
    """The record instances of an Arrow table; lists come back as tuples, nested ones as tuples of tuples.

    A column that a table of an earlier version lacks takes the field's default, where it has one; KeyError elsewhere.
    """
    declared: Any = record
    defaults = {field.name for field in dataclasses.fields(declared) if field.default is not dataclasses.MISSING}
    names = [name for name in schema_of(record).names if name in table.column_names or name not in defaults]
    columns = []
    for name in names:
        values = table.column(name).to_pylist()
        kind = table.schema.field(name).type
        if pa.types.is_list(kind):
            nested = pa.types.is_list(kind.value_type)
            values = [tuple(tuple(item) for item in value) if nested else tuple(value) for value in values]
        columns.append(values)
    return [record(**dict(zip(names, values, strict=True))) for values in zip(*columns, strict=True)]


def write_atomic(path: Path, data: bytes) -> None:
    """Write bytes beside `path` under a name that tells the process, flush to disk, and rename. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".tmp-{os.getpid()}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def parquet_bytes(table: pa.Table) -> bytes:
    """The table as Parquet (zstd), the same bytes for the same rows."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", store_schema=True)
    return sink.getvalue()


def read_parquet(path: Path) -> pa.Table:
    return pq.read_table(path, partitioning=None)


_FORMULA = re.compile(r"[=@\t\r]|[+-][\w.+*/$:-]*[(|!]")


def guarded(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet that opens the CSV would run it as a formula.

    Such texts are rare; Parquet has them without, and it is the one that offsets count in.
    """
    return "'" + text if _FORMULA.match(text) else text


def csv_value(value: Any, guard: bool = True) -> str:
    """A cell of a CSV: lists as JSON, booleans as true and false, None as empty; `guard`: texts that begin as a formula
    does with an apostrophe before them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False)
    return guarded(value) if guard and isinstance(value, str) else str(value)


def csv_bytes(table: pa.Table, guard: bool = True) -> bytes:
    """The table as CSV: UTF-8 with BOM, CRLF, a header also when it has no rows; `guard` as for `csv_value`."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(table.schema.names)
    columns = [table.column(name).to_pylist() for name in table.schema.names]
    for row in zip(*columns, strict=True):
        writer.writerow([csv_value(value, guard) for value in row])
    return out.getvalue().encode("utf-8-sig")


def read_records(directory: Path, name: str, record: type[R]) -> list[R]:
    """The rows of a published table of a run. Raises OSError where it isn't there."""
    return from_table(record, read_parquet(directory / f"{name}.parquet"))


def state_of_play_schema(jurisdictions: Sequence[str]) -> pa.Schema:
    """`theme`, then J_status and J_citation for each configured jurisdiction J."""
    fields = [pa.field("theme", pa.string())]
    for code in jurisdictions:
        fields += [pa.field(f"{code}_status", pa.string()), pa.field(f"{code}_citation", pa.string())]
    return pa.schema(fields)
