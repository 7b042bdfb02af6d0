"""Tables: one Arrow schema per record class, and reading and writing them as Parquet and CSV.

The schema is derived from the record's annotations: str, int, float, bool, `X | None`, tuples of str, of floats,
spans (list of [page, start, end]) and boxes (list of [page, x0, y0, x1, y1]). In CSV, lists are JSON.
"""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
import os
import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from . import records
from .storage import write_atomic as write_atomic  # most who write a table write other files too

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
    columns = [pa.array(list(map(attrgetter(field.name), rows)), type=field.type) for field in schema]
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
        kind = table.schema.field(name).type
        values: list[Any] = _texts(table.column(name)) if pa.types.is_string(kind) else table.column(name).to_pylist()
        if pa.types.is_list(kind):
            nested = pa.types.is_list(kind.value_type)
            values = [tuple(tuple(item) for item in value) if nested else tuple(value) for value in values]
        columns.append(values)
    if names == schema_of(record).names:
        return list(map(record, *columns))
    return [record(**dict(zip(names, values, strict=True))) for values in zip(*columns, strict=True)]


def _texts(column: pa.ChunkedArray) -> list[Any]:
    """A column's texts, those that come again one object: most columns hold few, over and over."""
    found: list[Any] = []
    for chunk in column.chunks:
        encoded = chunk.dictionary_encode("encode")
        words = encoded.dictionary.to_pylist()
        found += map(words.__getitem__, encoded.indices.to_pylist())
    return found


def parquet_bytes(table: pa.Table) -> bytes:
    """The table as Parquet (zstd), the same bytes for the same rows."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", store_schema=True)
    return sink.getvalue()


def quick_parquet_bytes(table: pa.Table) -> bytes:
    """The table as Parquet for the cache, which is written once and read whole: LZ4, no dictionaries, no statistics.

    Half the time of `parquet_bytes`, and no more bytes: places on a page hardly repeat, so dictionaries of them are in
    vain.
    """
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="lz4", use_dictionary=False, write_statistics=False, store_schema=True)
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
    return csv_header(table.schema) + b"".join(csv_lines(table, guard))


def csv_header(schema: pa.Schema) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerow(schema.names)
    return out.getvalue().encode("utf-8-sig")


def csv_lines(table: pa.Table, guard: bool = True) -> Iterator[memoryview]:
    """The rows of `csv_bytes`, a few thousand at a time: byte for byte what csv.writer makes of `csv_value`, a column
    at a time, which takes a seventh of the time."""
    for batch in table.to_batches(max_chunksize=_CSV_ROWS):
        columns = [_csv_column(column, guard) for column in batch.columns]
        if len(columns) == 1:  # csv.writer tells a line with one empty field from an empty line
            columns = [pc.if_else(pc.equal(columns[0], ""), '""', columns[0])]
        columns[-1] = pc.binary_join_element_wise(columns[-1], "\r\n", "")
        lines = pc.binary_join_element_wise(*columns, ",")
        _, offsets, data = lines.buffers()
        if data is not None:
            ends = memoryview(offsets).cast("i" if pa.types.is_string(lines.type) else "q")
            yield memoryview(data)[ends[lines.offset] : ends[lines.offset + len(lines)]]


_CSV_ROWS = 8_192
_SPECIAL = '[",\r\n]'
"""What makes csv.writer put a field into quotes."""


def _csv_column(column: pa.Array, guard: bool) -> pa.Array:
    """The fields of a column as they stand between two commas."""
    kind = column.type
    if pa.types.is_string(kind):
        texts = _replaced(column, "^[=@\t\r+-]", guarded) if guard else column
        fields = _quoted(texts)
    elif pa.types.is_list(kind):
        fields = pc.if_else(pc.is_valid(column), _quoted(_as_json(column)), None)
    elif pa.types.is_floating(kind):
        fields = _floats(column, str)
    else:
        fields = column.cast(pa.string())
    return pc.fill_null(fields, "")


def _replaced(texts: pa.Array, pattern: str, change: Callable[[str], str]) -> pa.Array:
    """The texts with those that match the (RE2) pattern changed one by one: they are few."""
    found = pc.fill_null(pc.match_substring_regex(texts, pattern), False)
    if not pc.any(found).as_py():
        return texts
    changed = pa.array([change(text) for text in texts.filter(found).to_pylist()], texts.type)
    return pc.replace_with_mask(texts, found, changed)


def _quoted(texts: pa.Array) -> pa.Array:
    found = pc.fill_null(pc.match_substring_regex(texts, _SPECIAL), False)
    if not pc.any(found).as_py():
        return texts
    inner = pc.replace_substring(texts.filter(found), '"', '""')
    return pc.replace_with_mask(texts, found, pc.binary_join_element_wise('"', inner, '"', ""))


def _floats(values: pa.Array, write: Callable[[float], str]) -> pa.Array:
    """Numbers as Python writes them. Arrow finds the same shortest digits, but leaves '.0' off whole numbers and takes
    to exponents at other sizes."""
    values = values.cast(pa.float64())
    size = pc.abs(values)
    plain = pc.and_(pc.less(size, 1e9), pc.or_(pc.greater_equal(size, 1e-4), pc.equal(size, 0.0)))
    end = pc.if_else(pc.and_(plain, pc.equal(pc.trunc(values), values)), ".0", "")
    texts = pc.binary_join_element_wise(values.cast(pa.string()), end, "")
    odd = pc.fill_null(pc.invert(plain), False)
    if not pc.any(odd).as_py():
        return texts
    return pc.replace_with_mask(texts, odd, pa.array([write(one) for one in values.filter(odd).to_pylist()]))


def _as_json(values: pa.Array) -> pa.Array:
    """Each value as json.dumps writes it, lists of lists included."""
    kind = values.type
    if values.null_count:
        return pa.array([json.dumps(value, ensure_ascii=False) for value in values.to_pylist()], pa.string())
    if pa.types.is_list(kind):
        items = _as_json(values.flatten())
        offsets = pc.subtract(values.offsets, values.offsets[0])
        inner = pc.binary_join(pa.ListArray.from_arrays(offsets, items), ", ")
        return pc.binary_join_element_wise("[", inner, "]", "")
    if pa.types.is_string(kind):
        escaped = _replaced(values, r'[\x00-\x1f"\\]', lambda text: json.dumps(text, ensure_ascii=False)[1:-1])
        return pc.binary_join_element_wise('"', escaped, '"', "")
    if pa.types.is_floating(kind):
        return _floats(values, json.dumps)
    return values.cast(pa.string())


class _HashedFile(io.RawIOBase):
    """A file written from start to end, whose SHA-256 is known when it is closed; on disk by then."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("wb")
        self._hash = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._stream.tell()

    def write(self, data: Any) -> int:
        self._hash.update(data)
        return self._stream.write(data)

    def flush(self) -> None:
        if not self._stream.closed:
            self._stream.flush()

    def close(self) -> None:
        if not self._stream.closed:
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
        super().close()

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


ROWS_PER_GROUP: Mapping[str, int] = {"pages": 1_024, "blocks": 16_384, "provisions": 4_096, "codings": 65_536}
"""Rows of a table that are in memory while it is written, about 5 MB of each. A file's bytes depend on them."""
_OTHER_ROWS = 4_096


class TableWriter:
    """A table that is written while its rows are found: `folder`/`name`.parquet and .csv.

    Row groups have a fixed number of rows, so that the bytes depend on the rows alone, however they came. A context
    manager: what an exception leaves is half a file, to be thrown away. Raises OSError.
    """

    def __init__(self, folder: Path, name: str, schema: pa.Schema) -> None:
        self.name, self.schema, self.n_rows = name, schema, 0
        self._group = ROWS_PER_GROUP.get(name, _OTHER_ROWS)
        self._waiting: list[pa.Table] = []
        self._n_waiting = 0
        self._files = {kind: _HashedFile(folder / f"{name}.{kind}") for kind in ("parquet", "csv")}
        self._parquet = pq.ParquetWriter(self._files["parquet"], schema, compression="zstd", store_schema=True)
        self._files["csv"].write(csv_header(schema))

    def add(self, rows: pa.Table) -> None:
        """Rows in the table's schema. A part of them may wait for the next ones."""
        if rows.num_rows:
            self._waiting.append(rows)
            self._n_waiting += rows.num_rows
        if self._n_waiting >= self._group:
            ready = pa.concat_tables(self._waiting)
            whole = self._n_waiting - self._n_waiting % self._group
            for start in range(0, whole, self._group):
                self._write(ready.slice(start, self._group))
            self._n_waiting -= whole
            # Copied, else a few rows would hold a large document's table in memory.
            rest = range(whole, whole + self._n_waiting)
            self._waiting = [ready.take(pa.array(rest, pa.int64()))] if self._n_waiting else []

    def _write(self, rows: pa.Table) -> None:
        rows = rows.combine_chunks()
        self.n_rows += rows.num_rows
        self._parquet.write_table(rows, row_group_size=self._group)
        for lines in csv_lines(rows):
            self._files["csv"].write(lines)

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._write(pa.concat_tables(self._waiting) if self._waiting else self.schema.empty_table())
            self._parquet.close()
        finally:
            # Given up where it wasn't closed (Ctrl-C in between): it would write into a closed file when it goes.
            self._parquet.is_open = False
            for file in self._files.values():
                file.close()

    @property
    def hashes(self) -> dict[str, str]:
        """File name -> SHA-256, once it is closed."""
        return {f"{self.name}.{kind}": file.digest for kind, file in self._files.items()}


def write_table(folder: Path, name: str, table: pa.Table) -> dict[str, str]:
    """A whole table as `TableWriter` writes it; returns file name -> SHA-256. Raises OSError."""
    with TableWriter(folder, name, table.schema) as writer:
        writer.add(table)
    return writer.hashes


def read_records(directory: Path, name: str, record: type[R]) -> list[R]:
    """The rows of a published table of a run. Raises OSError where it isn't there."""
    return from_table(record, read_parquet(directory / f"{name}.parquet"))


def state_of_play_schema(jurisdictions: Sequence[str]) -> pa.Schema:
    """`theme`, then J_status and J_citation for each configured jurisdiction J."""
    fields = [pa.field("theme", pa.string())]
    for code in jurisdictions:
        fields += [pa.field(f"{code}_status", pa.string()), pa.field(f"{code}_citation", pa.string())]
    return pa.schema(fields)
