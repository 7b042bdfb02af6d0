"""The published tables of a run, assembled from its documents' results in the cache, documents in order of path.

One document is in memory at a time, beside a row group of each table.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from .cache import Cache
from .errors import CacheError
from .pipeline import DOCUMENT_STAGES, RESULTS
from .planning import Plan
from .records import Block, BlockLanguage, Coding, Document, Issue, Page, Provision, Source
from .stages.documents import describe
from .tables import TableWriter, from_table, schema_of, to_table

TABLES = ("documents", "issues", "pages", "blocks", "provisions", "codings", "decisions", "cells", "state_of_play")

_STORED: tuple[tuple[str, type[Any]], ...] = tuple(
    (stage.name, RESULTS[name]) for stage in DOCUMENT_STAGES for name in stage.outputs
)
"""Stage and record class of every table that a document leaves in the cache."""

_AHEAD = 3
"""Documents whose results are asked of a distant store at a time."""


def drop_damaged(plan: Plan, cache: Cache, sources: Iterable[Source]) -> None:
    """Drop the results of those documents of which one proves damaged, and plan these documents again."""
    failed = {issue.doc_id for issue in plan.failures}
    plan.tasks = []
    for source in sources:
        if not source.include or source.doc_id in failed:
            continue
        keys = plan.keys[source.doc_id]
        try:
            for name, record in _STORED:
                cache.table(name, keys[name], record)
        except CacheError:
            for stage in DOCUMENT_STAGES:
                cache.drop(stage.name, keys[stage.name])
            plan.tasks.append(plan.task(source))


@dataclass(frozen=True, slots=True)
class Assembled:
    """What came of it: the rows that describe documents, and of the tables written the number of rows and the hashes
    of their files."""

    documents: list[Document]
    issues: list[Issue]
    counts: dict[str, int]
    hashes: dict[str, str]


_PUBLISHED: dict[str, pa.Schema] = {
    "pages": schema_of(Page),
    "blocks": schema_of(Block).append(schema_of(BlockLanguage).field("language")),
    "provisions": schema_of(Provision),
    "codings": schema_of(Coding),
}


def _blocks_with_language(blocks: pa.Table, languages: pa.Table) -> pa.Table:
    """The published blocks: each with the language told for it. Both stages keep the same order."""
    if blocks.num_rows != languages.num_rows:
        raise CacheError("A document's blocks and their languages don't match.", "delete OUT/.cache and run again.")
    return blocks.append_column(_PUBLISHED["blocks"].field("language"), languages.column("language"))


@dataclass(frozen=True, slots=True)
class _Part:
    """What one document gives to the tables."""

    document: Document
    issues: list[Issue]
    tables: dict[str, pa.Table]


def _read(plan: Plan, cache: Cache, source: Source, is_failed: bool) -> _Part:
    """A document's results; an excluded one has none, whatever earlier runs read of it. Raises CacheError where one is
    missing that should be there, or damaged."""
    if not source.include:
        return _Part(describe(source, None, [], [], []), [], {})
    keys = plan.keys[source.doc_id]

    def take(stage: str, record: type[Any]) -> pa.Table:
        """Empty where the stage never came to an end for it."""
        try:
            return cache.table(stage, keys[stage], record)
        except CacheError:
            if not is_failed:
                raise
            return to_table(record, [])

    pages = take("pages", Page)
    blocks, languages = take("blocks", Block), take("languages", BlockLanguage)
    if languages.num_rows == 0 != blocks.num_rows:
        blocks = to_table(Block, [])
    found = from_table(Document, take("description", Document))
    if found and not is_failed:
        document = found[0]
    else:
        document = replace(describe(source, None, from_table(Page, pages), [], []), status="failed")
    issues = [issue for stage in ("pages", "provisions") for issue in from_table(Issue, take(stage, Issue))]
    tables = {
        "pages": pages,
        "blocks": _blocks_with_language(blocks, languages),
        "provisions": take("provisions", Provision),
        "codings": take("codings", Coding),
    }
    return _Part(document, issues, tables)


def assemble(plan: Plan, cache: Cache, folder: Path, mend: Callable[[], None]) -> Assembled:
    """Write pages, blocks, provisions and codings of the corpus into `folder`, documents in the order of their paths.

    Where a document's results prove damaged, those of it and of all later ones that are damaged too are dropped and
    planned again; `mend` is to work through `plan.tasks`, and the assembly goes on. Raises CacheError where that
    doesn't help, OSError.
    """
    failed = {issue.doc_id for issue in plan.failures}
    documents: list[Document] = []
    issues: list[Issue] = list(plan.issues)
    with ExitStack() as stack:
        writers = {name: stack.enter_context(TableWriter(folder, name, schema)) for name, schema in _PUBLISHED.items()}
        for place, source in enumerate(plan.sources):
            for near in plan.sources[place : place + _AHEAD]:
                if near.include:
                    cache.ahead(plan.keys[near.doc_id].items())
            try:
                part = _read(plan, cache, source, source.doc_id in failed)
            except CacheError:
                drop_damaged(plan, cache, plan.sources[place:])
                mend()
                failed = {issue.doc_id for issue in plan.failures}
                part = _read(plan, cache, source, source.doc_id in failed)
            documents.append(part.document)
            issues += part.issues
            for name, table in part.tables.items():
                writers[name].add(table)
    issues += plan.failures
    pa.default_memory_pool().release_unused()  # a fifth of what the process holds, and DuckDB and reports are to come
    hashes = {name: digest for writer in writers.values() for name, digest in writer.hashes.items()}
    return Assembled(documents, issues, {name: writer.n_rows for name, writer in writers.items()}, hashes)


def publish(folder: Path, output: Path, names: Sequence[str]) -> None:
    """Put files written into `folder` in their places, each in one step, and remove the folder. Raises OSError."""
    for name in names:
        (folder / name).chmod(0o644)
        (folder / name).replace(output / name)
    shutil.rmtree(folder, ignore_errors=True)
