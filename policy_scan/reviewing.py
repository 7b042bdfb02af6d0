"""Reviewers' decisions back in the table: the cells compiled anew from a run's tables and what is decided by now.

The run compiles its tables with `compile_review`; `load_reviewed` does so for a finished run whose decisions have gone
on since. The published tables stay as they are: what differs stands in a folder of its own, for as long as it is read.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from .amendments import STAGE, Amendment, amend_documents
from .as_of import issues_of_date
from .codebook import Codebook, load_codebook
from .config import Config
from .decisions import (
    PublishedDecision,
    decisions_for_cells,
    decisions_key,
    disputed_pairs,
    review_run,
    with_decisions,
)
from .errors import NothingToDoError, PolicyScanError
from .queries import RunTables
from .records import Cell, Decision, Document, Issue
from .report.common import RunData, load_run
from .stages.cells import Judged, compile_by_theme
from .stages.state_of_play import published_columns, tabulate
from .tables import TableWriter, read_records, state_of_play_schema, to_table, write_atomic, write_table

_OF_DOCUMENTS = ("pages", "blocks", "provisions", "codings")
"""Tables of what a document holds: an excluded document's rows leave them."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """What decisions make of a run: the tables that depend on them."""

    issues: list[Issue]
    rows: tuple[PublishedDecision, ...]
    cells: list[Cell]
    state_of_play: pa.Table


def compile_review(
    decisions: Sequence[Decision],
    documents: Sequence[Document],
    tables: RunTables,
    issues: Sequence[Issue],
    config: Config,
    codebook: Codebook,
    thresholds: Mapping[str, float],
) -> Compiled:
    """Anchor, settle and apply decisions, and compile the cells from what they leave. `tables`: provisions, pages and
    the machine's own codings; `issues`: all but those told here.
    """
    near, pages = tables.around(decisions) if decisions else ([], [])
    review = review_run(decisions, near, pages)
    dates = tables.dates(config.table.as_of is not None)
    told = [*issues, *review.issues, *issues_of_date(documents, dates, config.table.as_of)]
    by_id = {one.provision_id: one for one in near}
    # All codings of the provisions decided on: what isn't assigned may become so, and one's force may be another's.
    machine = tables.codings_of({identifier for identifier, _ in review.settled})
    decided: dict[str, list[Judged]] = {}
    for coding in with_decisions(machine, review.settled, {one.provision_id: one.text for one in near}):
        decided.setdefault(coding.theme, []).append((coding, by_id[coding.provision_id]))
    cells = compile_by_theme(
        documents, dates, lambda theme: chain(decided.get(theme, ()), tables.assigned(theme)), told, config, codebook,
        thresholds, decisions_for_cells(review.settled),
        [(theme, by_id[identifier]) for identifier, theme in disputed_pairs(review.settled)],
    )  # fmt: skip
    schema = state_of_play_schema(published_columns(cells, config))
    table = pa.Table.from_pylist(tabulate(cells, config, codebook), schema=schema)
    return Compiled(told, review.rows, cells, table)


def _as_decision(row: PublishedDecision) -> Decision:
    return Decision(**{field.name: getattr(row, field.name) for field in fields(Decision)})


def follows(directory: Path, decisions: Sequence[Decision], amendments: Sequence[Amendment]) -> bool:
    """Whether a run's published tables follow just these. Raises NothingToDoError."""
    run = load_run(directory)
    documents, told = amend_documents(run.documents, amendments)
    return _are_same(run, documents, told) and _follows(directory, decisions)


def _are_same(run: RunData, documents: Sequence[Document], told: Sequence[Issue]) -> bool:
    before = [one for one in run.issues if one.stage == STAGE]
    return tuple(documents) == run.documents and sorted(map(repr, told)) == sorted(map(repr, before))


def _follows(directory: Path, decisions: Sequence[Decision]) -> bool:
    """Whether the run's own table already follows just these decisions."""
    published = []
    if (directory / "decisions.parquet").is_file():
        published = [_as_decision(row) for row in read_records(directory, "decisions", PublishedDecision)]
    return decisions_key(published) == decisions_key(decisions)


def _run_file(directory: Path) -> bytes:
    try:
        return (directory / "run.json").read_bytes()
    except OSError:
        raise NothingToDoError(
            f"{directory} holds no finished run.", "run 'policy-scan run', or give --output."
        ) from None


@contextmanager
def load_reviewed(
    directory: Path, decisions: Sequence[Decision], amendments: Sequence[Amendment] = ()
) -> Iterator[RunData]:
    """The run as it is with these decisions and amendments, to be read inside the `with` only.

    Where the run already follows them, its own folder is read; else the tables that change are compiled into a
    temporary folder, beside links to the others. Raises NothingToDoError (no run), PolicyScanError (the run changed
    meanwhile), OSError.
    """
    run_file = _run_file(directory)
    run = load_run(directory)
    documents, told = amend_documents(run.documents, amendments)
    issues = [one for one in run.issues if one.stage not in ("decisions", "cells", STAGE)]
    if _are_same(run, documents, told) and _follows(directory, decisions):
        yield run
        return
    with tempfile.TemporaryDirectory(prefix="policy-scan-") as name:
        folder = Path(name)
        try:
            _write(run, folder, decisions, documents, [*issues, *told])
        except (OSError, KeyError, ValueError) as error:
            if _run_file(directory) == run_file:
                raise
            raise _changed(directory) from error
        if _run_file(directory) != run_file:
            raise _changed(directory)
        yield load_run(folder)


def _changed(directory: Path) -> PolicyScanError:
    return PolicyScanError(
        f"The run in {directory} was written anew while it was read.", "do the same again when that run has ended."
    )


def _without(excluded: set[str], source: Path, folder: Path) -> dict[str, TableWriter]:
    """The tables of what documents hold, written into `folder` without the rows of excluded ones."""
    dropped: set[str] = set()
    writers = {}
    for name in _OF_DOCUMENTS:
        file = pq.ParquetFile(source / f"{name}.parquet")
        column, out = ("provision_id", dropped) if name == "codings" else ("doc_id", excluded)
        with TableWriter(folder, name, file.schema_arrow) as writers[name]:
            for batch in file.iter_batches():
                gone = pc.is_in(batch.column(column), pa.array(out, pa.string()))
                writers[name].add(pa.Table.from_batches([batch.filter(pc.invert(gone))]))
                if name == "provisions":
                    dropped.update(batch.filter(gone).column("provision_id").to_pylist())
    return writers


def _write(
    run: RunData, folder: Path, decisions: Sequence[Decision], documents: Sequence[Document], issues: Sequence[Issue]
) -> None:
    """The tables of the run with what follows from decisions and amended documents, and a run.json that says so."""
    source = run.directory
    details = dict(run.details)
    files, counts = dict(details.get("files", {})), dict(details.get("counts", {}))
    excluded = {one.doc_id for one in documents if one.status == "excluded"}
    known = {one.doc_id for one in run.documents if one.status == "excluded"}
    written: set[str] = set()
    if excluded - known:
        for name, writer in _without(excluded, source, folder).items():
            files |= writer.hashes
            counts[name] = writer.n_rows
            written.add(name)
    thresholds = details.get("cell_thresholds")
    if thresholds is None:  # a run of an earlier version
        from .classifier.model import cell_thresholds

        thresholds = cell_thresholds(run.config.codings.setting)
    stand = {name: (folder if name in written else source) / f"{name}.parquet" for name in _OF_DOCUMENTS}
    with RunTables(stand, folder / "scratch") as asked:
        compiled = compile_review(
            decisions, documents, asked, issues, run.config, load_codebook(run.config.codebook), thresholds
        )
    tables = {
        "documents": to_table(Document, documents),
        "issues": to_table(Issue, compiled.issues),
        "decisions": to_table(PublishedDecision, compiled.rows),
        "cells": to_table(Cell, compiled.cells),
        "state_of_play": compiled.state_of_play,
    }
    for name, table in tables.items():
        files |= write_table(folder, name, table)
        counts[name] = table.num_rows
    for name in set(_OF_DOCUMENTS) - written:
        for suffix in ("parquet", "csv"):
            _lend(source / f"{name}.{suffix}", folder / f"{name}.{suffix}")
    details |= {"files": files, "counts": counts, "output": str(source)}
    write_atomic(folder / "run.json", (json.dumps(details, ensure_ascii=False) + "\n").encode("utf-8"))


def _lend(file: Path, target: Path) -> None:
    """A link to a file that isn't written to; a copy where the system has none between the two places."""
    if not file.is_file():
        return
    try:
        os.link(file, target)
    except OSError:
        shutil.copyfile(file, target)
