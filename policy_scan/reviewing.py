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
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

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
from .keys import hash_bytes
from .records import Cell, Coding, Decision, Document, Issue, Page, Provision
from .report.common import RunData, load_run
from .stages.cells import compile_cells
from .stages.state_of_play import published_columns, tabulate
from .tables import (
    csv_bytes,
    from_table,
    parquet_bytes,
    read_parquet,
    read_records,
    state_of_play_schema,
    to_table,
    write_atomic,
)

_OF_DOCUMENTS = ("pages", "blocks", "provisions", "codings")
"""Tables of what a document holds: an excluded document's rows leave them."""
_TABLES = ("documents", "issues", *_OF_DOCUMENTS, "decisions", "cells", "state_of_play")


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
    provisions: Sequence[Provision],
    codings: Sequence[Coding],
    pages: Sequence[Page],
    issues: Sequence[Issue],
    config: Config,
    codebook: Codebook,
    thresholds: Mapping[str, float],
) -> Compiled:
    """Anchor, settle and apply decisions, and compile the cells from what they leave. `codings`: the machine's own;
    `pages` may be empty where there are no decisions; `issues`: all but those told here.
    """
    review = review_run(decisions, provisions, pages)
    told = [*issues, *review.issues, *issues_of_date(documents, provisions, config.table.as_of)]
    reviewed = with_decisions(codings, review.settled, {one.provision_id: one.text for one in provisions})
    cells = compile_cells(
        documents, provisions, reviewed, told, config, codebook, thresholds,
        decisions_for_cells(review.settled), disputed_pairs(review.settled),
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


def _without(table: pa.Table, excluded: set[str], column: str) -> pa.Table:
    kept = [value not in excluded for value in table.column(column).to_pylist()]
    return table.filter(pa.array(kept, pa.bool_()))


def _write(
    run: RunData, folder: Path, decisions: Sequence[Decision], documents: Sequence[Document], issues: Sequence[Issue]
) -> None:
    """The tables of the run with what follows from decisions and amended documents, and a run.json that says so."""
    source = run.directory
    excluded = {one.doc_id for one in documents if one.status == "excluded"}
    tables: dict[str, pa.Table] = {"documents": to_table(Document, documents)}
    newly = {one.doc_id for one in run.documents if one.status != "excluded"} & excluded
    if newly:
        provisions = read_parquet(source / "provisions.parquet")
        left_out = pc.is_in(provisions["doc_id"], value_set=pa.array(newly, pa.string()))
        dropped = set(provisions["provision_id"].filter(left_out).to_pylist())
        for name in ("pages", "blocks", "provisions"):
            tables[name] = _without(read_parquet(source / f"{name}.parquet"), excluded, "doc_id")
        tables["codings"] = _without(read_parquet(source / "codings.parquet"), dropped, "provision_id")

    def rows(name: str, record: type[Any]) -> list[Any]:
        return from_table(record, tables[name]) if name in tables else read_records(source, name, record)

    thresholds = run.details.get("cell_thresholds")
    if thresholds is None:  # a run of an earlier version
        from .classifier.model import cell_thresholds

        thresholds = cell_thresholds(run.config.codings.setting)
    compiled = compile_review(
        decisions, documents, rows("provisions", Provision), rows("codings", Coding),
        rows("pages", Page) if decisions else [], issues, run.config, load_codebook(run.config.codebook), thresholds,
    )  # fmt: skip
    tables |= {
        "issues": to_table(Issue, compiled.issues),
        "decisions": to_table(PublishedDecision, compiled.rows),
        "cells": to_table(Cell, compiled.cells),
        "state_of_play": compiled.state_of_play,
    }
    details = dict(run.details)
    files, counts = dict(details.get("files", {})), dict(details.get("counts", {}))
    for name in _TABLES:
        if name in tables:
            counts[name] = tables[name].num_rows
            for suffix, data in (("parquet", parquet_bytes(tables[name])), ("csv", csv_bytes(tables[name]))):
                write_atomic(folder / f"{name}.{suffix}", data)
                files[f"{name}.{suffix}"] = hash_bytes(data)
        else:
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
