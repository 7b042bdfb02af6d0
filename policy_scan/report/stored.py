"""What reports read of a run's large tables, row group by row group: the rows that they show, and counts of all others.

A run has a coding for every provision and theme, of which some three in a hundred are assigned. Only those become
Python objects here; the others are counted, or looked up by those few who ask for them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..records import Coding, Provision
from ..tables import from_table

R = TypeVar("R")
_ROWS = 4_096
"""Rows held at a time while a table is gone through, or sixteen times as many of a few narrow columns."""
_TALLIED = ("doc_id", "act_ordinal", "act_title", "act_type", "act_date", "language", "text_source")
_CODERS = ("theme", "method", "model_version")


@dataclass(frozen=True, slots=True)
class Tally:
    """How many provisions an act of a document has in one language and from one source of text, and on which pages."""

    doc_id: str
    act_ordinal: int
    act_title: str
    act_type: str
    act_date: str
    language: str
    text_source: str
    page_first: int
    page_last: int
    n: int


class Coder(NamedTuple):
    """Who judged provisions on a theme: 'linear', 'encoder' or 'lexicon', of which version."""

    theme: str
    method: str
    model_version: str


def _batches(path: Path, columns: list[str] | None = None) -> Iterator[pa.Table]:
    """A table a few thousand rows at a time. Raises OSError, KeyError where it lacks a column."""
    with pq.ParquetFile(path) as file:
        if missing := set(columns or ()) - set(file.schema_arrow.names):
            raise KeyError(", ".join(sorted(missing)))
        for batch in file.iter_batches(_ROWS if columns is None else 16 * _ROWS, columns=columns):
            yield pa.Table.from_batches([batch])


def _grouped(table: pa.Table, keys: Collection[str], *sums: Any) -> pa.Table:
    """One row per group, in the order in which the rows name them."""
    numbered = table.append_column("row", pa.array(np.arange(len(table))))
    return numbered.group_by(list(keys), use_threads=False).aggregate([("row", "min"), *sums]).sort_by("row_min")


def tally(provisions: Iterable[pa.Table]) -> tuple[Tally, ...]:
    """Counts of provisions, given as tables one after the other, in the order in which their groups come first."""
    found: dict[tuple[Any, ...], list[int]] = {}
    for table in provisions:
        counted = _grouped(table, _TALLIED, ("page_first", "min"), ("page_last", "max"), ([], "count_all"))
        keys = zip(*(counted[name].to_pylist() for name in _TALLIED), strict=True)
        numbers = (counted[name].to_pylist() for name in ("page_first_min", "page_last_max", "count_all"))
        for key, first, last, n in zip(keys, *numbers, strict=True):
            own = found.setdefault(key, [first, last, 0])
            own[:] = min(own[0], first), max(own[1], last), own[2] + n
    return tuple(Tally(*key, *numbers) for key, numbers in found.items())


def list_coders(codings: Iterable[pa.Table]) -> tuple[Coder, ...]:
    """Who judged what, in the order of the codings."""
    found: dict[Coder, None] = {}
    for table in codings:
        grouped = _grouped(table, _CODERS)
        found |= dict.fromkeys(map(Coder, *(grouped[name].to_pylist() for name in _CODERS)))
    return tuple(found)


def read_tallies(directory: Path) -> tuple[Tally, ...]:
    return tally(_batches(directory / "provisions.parquet", [*_TALLIED, "page_first", "page_last"]))


def read_coders(directory: Path) -> tuple[Coder, ...]:
    return list_coders(_batches(directory / "codings.parquet", [*_CODERS]))


def _chosen(path: Path, record: type[R], mask: Callable[[pa.Table], Any]) -> list[R]:
    return [one for table in _batches(path) for one in from_table(record, table.filter(mask(table)))]


def read_codings(directory: Path, provisions: Collection[str] = ()) -> list[Coding]:
    """The machine's assigned codings, and all of the given provisions, in the table's order."""
    names = pa.array(provisions, pa.string())

    def mask(table: pa.Table) -> Any:
        return pc.or_(table["assigned"], pc.is_in(table["provision_id"], value_set=names))

    return _chosen(directory / "codings.parquet", Coding, mask)


def read_pairs(directory: Path, pairs: Collection[tuple[str, str]]) -> list[Coding]:
    """The machine's codings of these pairs of provision and theme, in the table's order."""
    keys = pa.array(["\n".join(pair) for pair in pairs], pa.string())

    def mask(table: pa.Table) -> Any:
        own = pc.binary_join_element_wise(table["provision_id"], table["theme"], "\n")
        return pc.is_in(own, value_set=keys)

    return _chosen(directory / "codings.parquet", Coding, mask)


def read_provisions(directory: Path, provisions: Collection[str]) -> list[Provision]:
    """The provisions of these ids, in the table's order."""
    names = pa.array(provisions, pa.string())
    path = directory / "provisions.parquet"
    return _chosen(path, Provision, lambda table: pc.is_in(table["provision_id"], value_set=names))


def read_codings_of(directory: Path, provision: str) -> list[Coding]:
    """All codings of one provision, in the table's order."""
    return _chosen(directory / "codings.parquet", Coding, lambda table: pc.equal(table["provision_id"], provision))


def find_provisions(
    directory: Path, column: Literal["provision_id", "doc_id"], start: str, most: int
) -> tuple[int, list[Provision]]:
    """How many provisions have an identifier in this column that begins so, and the first `most` of them."""
    number = 0
    found: list[Provision] = []
    for table in _batches(directory / "provisions.parquet"):
        rows = table.filter(pc.starts_with(table[column], start))
        number += len(rows)
        found += from_table(Provision, rows.slice(0, most - len(found)))
    return number, found
