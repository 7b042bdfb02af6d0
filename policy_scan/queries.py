"""Questions to a run's published tables, answered by DuckDB from their Parquet files: only what is asked for is in
memory, however large the tables are. What doesn't fit goes to a scratch folder meanwhile.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from .records import Coding, Decision, Page, Provision
from .tables import from_table, schema_of

R = TypeVar("R")
MEGABYTES = 160
"""What DuckDB may take of memory."""
_ROWS = 2_048
_STOPPED = "Query interrupted"
"""What DuckDB says where a signal came in the middle of a question."""
_GLOB = re.compile(r"[*?\[]")
_WITHOUT: Mapping[str, str] = {
    "text": "''", "spans": "CAST([] AS BIGINT[][])", "boxes": "CAST([] AS DOUBLE[][])",
}  # fmt: skip
"""Columns that a provision is read without where only its labels, dates and pages are asked for."""


class RunTables:
    """The tables pages, provisions and codings of a run. `files`: table -> its Parquet file; `scratch`: a folder that
    exists or can be made, on a disk with room. A context manager. Raises OSError and ValueError (a file is damaged).
    """

    def __init__(self, files: Mapping[str, Path], scratch: Path) -> None:
        import duckdb

        self._links = ExitStack()
        self._base = duckdb.connect(
            config={
                # One thread: rows come in one order, and the other cores are the workers'.
                "threads": 1,
                "memory_limit": f"{MEGABYTES}MB",
                "temp_directory": self._told(scratch),
                "autoinstall_known_extensions": False,
            }
        )
        self._errors: type[Exception] = duckdb.Error
        self._of_disk = (duckdb.IOException, duckdb.OutOfMemoryException)
        self._is_set_aside = False
        self._names: dict[str, tuple[str, ...]] = {}
        try:
            self._open(files)
        except BaseException:
            self.__exit__()
            raise

    def _open(self, files: Mapping[str, Path]) -> None:
        for name, file in files.items():
            self._names[name] = tuple(pq.read_schema(file).names)
            # A name in brackets is a pattern to DuckDB, and one with '=' a column, unless it is told otherwise.
            place = _GLOB.sub(lambda found: f"[{found[0]}]", self._told(file)).replace("'", "''")
            options = "file_row_number = true, hive_partitioning = false"
            self._do(f"CREATE VIEW {name} AS FROM read_parquet('{place}', {options})")

    def __enter__(self) -> RunTables:
        return self

    def __exit__(self, *_: object) -> None:
        with self._links:
            self._base.close()

    def _told(self, path: Path) -> str:
        """A path as DuckDB takes it: in a pattern, and for what it sets aside, a backslash parts folders on any system.
        A folder with one in its name is shown to it by a link in another folder."""
        if os.sep == "\\" or "\\" not in str(path.parent):
            return str(path)
        place = self._links.enter_context(tempfile.TemporaryDirectory(prefix="policy-scan-"))
        link = Path(place) / "folder"
        link.symlink_to(path.parent.absolute())
        return str(link / path.name)

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """DuckDB's errors as ours: a full disk ends a run with a message of its own, all else speaks of a file; and
        where Ctrl-C ended a question, DuckDB leaves nothing of it but a message."""
        try:
            yield
        except (self._errors, pa.ArrowException) as error:
            raise (OSError if isinstance(error, self._of_disk) else ValueError)(str(error)) from error
        except RuntimeError as error:
            if str(error) == _STOPPED:
                raise KeyboardInterrupt from None
            raise

    def _do(self, command: str) -> None:
        with self._asked():
            self._base.execute(command)

    def _parts(self, question: str, *values: Any) -> Iterator[pa.RecordBatch]:
        """The answer, a few thousand rows at a time; nothing else may be asked before its end."""
        with self._asked():
            yield from self._base.sql(question, params=list(values) or None).to_arrow_reader(_ROWS)

    def _table(self, question: str) -> pa.Table:
        with self._asked():
            return self._base.sql(question).to_arrow_table()

    def _records(self, record: type[R], answer: pa.Table, prefix: str = "") -> list[R]:
        names = [name for name in schema_of(record).names if prefix + name in answer.column_names]
        columns = answer.select([prefix + name for name in names]).rename_columns(names)
        return from_table(record, columns)

    def _columns(self, table: str, record: type[Any], prefix: str = "", without: Mapping[str, str] = {}) -> str:
        """What to select of a table for its record; columns that an earlier version's table lacks are passed over."""
        names = [name for name in schema_of(record).names if name in self._names[table]]
        return ", ".join(f"{without.get(name, f'{table}.{name}')} AS {prefix}{name}" for name in names)

    def _let(self, name: str, table: pa.Table) -> None:
        """A small table of ours under a name."""
        self._base.register("given", table)
        self._do(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM given")
        self._base.unregister("given")

    def dates(self, asked: bool = True) -> dict[tuple[str, str], int]:
        """(doc_id, date of the act) -> number of provisions; all under '' where nobody asks for dates."""
        date = "act_date" if asked else "''"
        found = self._table(f"SELECT doc_id, {date} AS act_date, count(*) FROM provisions GROUP BY ALL")
        doc_ids, dates, numbers = (column.to_pylist() for column in found.columns)
        return dict(zip(zip(doc_ids, dates, strict=True), numbers, strict=True))

    def around(self, decisions: Sequence[Decision]) -> tuple[list[Provision], list[Page]]:
        """What `decisions.review_run` looks at: the provisions decided on, those on the pages beside, and these pages;
        of each document its first page, by which it is known to be there."""
        pages = {(one.doc_id, page) for one in decisions for page in (1, one.page - 1, one.page, one.page + 1)}
        near = sorted(pages)
        self._let("wanted", pa.table({"doc_id": [one[0] for one in near], "page": [one[1] for one in near]}))
        self._let("named", pa.table({"id": pa.array(sorted({one.provision_id for one in decisions}), pa.string())}))
        provisions = self._table(
            f"SELECT {self._columns('provisions', Provision)} FROM provisions "
            "WHERE provision_id IN (FROM named) OR (doc_id, spans[1][1]) IN (FROM wanted) ORDER BY file_row_number"
        )
        texts = self._table(
            f"SELECT {self._columns('pages', Page)} FROM pages WHERE (doc_id, page) IN (FROM wanted) "
            "ORDER BY file_row_number"
        )
        return self._records(Provision, provisions), self._records(Page, texts)

    def codings_of(self, provisions: Iterable[str]) -> list[Coding]:
        """All codings of provisions, by their ids, in the table's order. `assigned` leaves them out from now on."""
        self._is_set_aside = True
        self._let("aside", pa.table({"id": pa.array(sorted(set(provisions)), pa.string())}))
        self._do("DROP TABLE IF EXISTS findings")
        found = self._table(
            f"SELECT {self._columns('codings', Coding)} FROM codings WHERE provision_id IN (FROM aside) "
            "ORDER BY file_row_number"
        )
        return self._records(Coding, found)

    def assigned(self, theme: str) -> Iterator[tuple[Coding, Provision]]:
        """A theme's assigned codings with their provisions, these without text, spans and boxes. To be read to its end
        before anything else is asked."""
        if not self._is_set_aside:
            self.codings_of(())
        codings = self._columns("codings", Coding, "c_")
        provisions = self._columns("provisions", Provision, "p_", _WITHOUT)
        # Once for all themes: each would read the whole of both files.
        self._do(
            f"CREATE TEMP TABLE IF NOT EXISTS findings AS SELECT {codings}, {provisions} "
            "FROM codings JOIN provisions USING (provision_id) "
            "WHERE codings.assigned AND codings.provision_id NOT IN (FROM aside)"
        )
        for part in self._parts("FROM findings WHERE c_theme = ?", theme):
            rows = pa.Table.from_batches([part])
            yield from zip(self._records(Coding, rows, "c_"), self._records(Provision, rows, "p_"), strict=True)
