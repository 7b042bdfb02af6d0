"""The published tables of a run, assembled from its documents' results in the cache, documents in order of path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from .cache import Cache
from .errors import CacheError
from .keys import hash_bytes
from .pipeline import DOCUMENT_STAGES, RESULTS
from .planning import Plan
from .records import Block, BlockLanguage, Coding, Document, Issue, Page, Provision, Source
from .stages.documents import describe
from .tables import csv_bytes, from_table, parquet_bytes, to_table, write_atomic

TABLES = ("documents", "issues", "pages", "blocks", "provisions", "codings", "decisions", "cells", "state_of_play")


def _cached(cache: Cache, plan: Plan, source: Source, stage: str, record: type[Any]) -> pa.Table:
    """A document's table, empty where the stage never came to an end for it."""
    failed = {issue.doc_id for issue in plan.failures}
    try:
        return cache.table(stage, plan.keys[source.doc_id][stage], record)
    except CacheError:
        if source.include and source.doc_id not in failed:
            raise
        return to_table(record, [])


_STORED: tuple[tuple[str, type[Any]], ...] = tuple(
    (stage.name, RESULTS[name]) for stage in DOCUMENT_STAGES for name in stage.outputs
)
"""Stage and record class of every table that a document leaves in the cache."""


def drop_damaged(plan: Plan, output: Path) -> None:
    """Drop the results of documents of which one proves damaged, and plan those documents again."""
    cache = Cache(plan.cache)
    failed = {issue.doc_id for issue in plan.failures}
    plan.tasks = []
    for source in plan.sources:
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
    documents: list[Document]
    issues: list[Issue]
    arrow: dict[str, pa.Table]


def _blocks_with_language(blocks: pa.Table, languages: pa.Table) -> pa.Table:
    """The published blocks: each with the language told for it. Both stages keep the same order."""
    if blocks.num_rows != languages.num_rows:
        raise CacheError("A document's blocks and their languages don't match.", "delete OUT/.cache and run again.")
    return blocks.append_column("language", languages.column("language"))


def assemble(plan: Plan, output: Path) -> Assembled:
    """The published tables of the corpus, documents in the order of their paths."""
    cache = Cache(plan.cache)
    failed = {issue.doc_id for issue in plan.failures}
    documents: list[Document] = []
    issues: list[Issue] = list(plan.issues)
    parts: dict[str, list[pa.Table]] = {"pages": [], "blocks": [], "provisions": [], "codings": []}
    for source in plan.sources:

        def take(stage: str, record: type[Any], source: Source = source) -> pa.Table:
            return _cached(cache, plan, source, stage, record)

        pages = take("pages", Page)
        blocks, languages = take("blocks", Block), take("languages", BlockLanguage)
        if languages.num_rows == 0 != blocks.num_rows:
            blocks = to_table(Block, [])
        found = from_table(Document, take("description", Document))
        if found and source.doc_id not in failed:
            documents.append(found[0])
        else:
            incomplete = describe(source, None, from_table(Page, pages), [], [])
            documents.append(_as_failed(incomplete) if source.include else incomplete)
        for stage in ("pages", "provisions"):
            issues += from_table(Issue, take(stage, Issue))
        parts["pages"].append(pages)
        parts["blocks"].append(_blocks_with_language(blocks, languages))
        parts["provisions"].append(take("provisions", Provision))
        parts["codings"].append(take("codings", Coding))
    issues += plan.failures
    return Assembled(documents, issues, {name: pa.concat_tables(tables) for name, tables in parts.items()})


def _as_failed(document: Document) -> Document:
    return replace(document, status="failed")


def write_tables(output: Path, tables: Mapping[str, pa.Table]) -> dict[str, str]:
    """Each table as Parquet and CSV; returns file name -> SHA-256."""
    hashes = {}
    for name, table in tables.items():
        for suffix, data in (("parquet", parquet_bytes(table)), ("csv", csv_bytes(table))):
            write_atomic(output / f"{name}.{suffix}", data)
            hashes[f"{name}.{suffix}"] = hash_bytes(data)
    return hashes
