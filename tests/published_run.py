"""The invented corpus as a finished run on disk: published tables whose provisions are slices of the pages' texts."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import example_run as make
import pyarrow as pa

from policy_scan.decisions import PublishedDecision, text_hash
from policy_scan.records import Block, Cell, Coding, Document, Issue, Page, Provision
from policy_scan.report import RunData, load_run
from policy_scan.stages.state_of_play import tabulate
from policy_scan.tables import parquet_bytes, state_of_play_schema, to_table, write_atomic

HEAD = "Préambule 😀 ‹›\n"
"""Before the first provision of a page: a character outside the Basic Multilingual Plane shifts offsets in UTF-16."""
TAIL = "\nfin"


def decision(provision: Provision, **changes: object) -> PublishedDecision:
    base = PublishedDecision(
        decision_id="0" * 64, at="2026-03-01T10:00:00+00:00", reviewer="coder-one", role="coder",
        doc_id=provision.doc_id, provision_id=provision.provision_id, page=1, start=0, end=len(provision.text),
        text_hash=text_hash(provision.text), quotation=provision.text, before="", after="", theme="openness",
        verdict="yes", force="", evidence="[]", note="", translation="", machine_probability=0.1,
        machine_assigned=False, model_version="1", replaces="", origin="cell", live=True, anchor="exact",
        anchor_reason="", similarity=1.0, anchored_to=provision.provision_id, outcome="yes",
    )  # fmt: skip
    return dataclasses.replace(base, **changes)


def publish(directory: Path, sample: make.Example, decisions: list[PublishedDecision] | None = None) -> RunData:
    """Write a run of the example: each provision on a page of its own, from page 1 on, `long` ones over two pages."""
    pages: list[Page] = []
    for document in sample.documents:
        own = [one for one in sample.provisions if one.doc_id == document.doc_id]
        texts: list[str] = []
        for provision in own:
            number = len(texts) + 1
            parts = provision.text.split("\n")
            spans = tuple((number + k, len(HEAD), len(HEAD) + len(part)) for k, part in enumerate(parts))
            texts += [HEAD + part + TAIL for part in parts]
            sample.provisions[sample.provisions.index(provision)] = dataclasses.replace(
                provision, spans=spans, page_first=number, page_last=number + len(parts) - 1
            )
        for number, text in enumerate(texts, 1):
            pages.append(Page(document.doc_id, number, text, 595.0, 842.0, 0, "text", None, "ok"))
    run = make.run_data(directory, sample)
    blocks = to_table(Block, [])
    tables = {
        "documents": to_table(Document, sample.documents),
        "issues": to_table(Issue, sample.issues),
        "pages": to_table(Page, pages),
        "blocks": blocks.append_column("language", pa.array([], pa.string())),
        "provisions": to_table(Provision, sample.provisions),
        "codings": to_table(Coding, sample.codings),
        "decisions": to_table(PublishedDecision, decisions or []),
        "cells": to_table(Cell, run.cells),
        "state_of_play": pa.Table.from_pylist(
            tabulate(run.cells, run.config, run.codebook), schema=state_of_play_schema(make.COLUMNS)
        ),
    }
    for name, table in tables.items():
        write_atomic(directory / f"{name}.parquet", parquet_bytes(table))
    details = {
        "policy_scan": "0.1.0",
        "ended": "2026-03-02T08:00:00Z",
        "configuration": run.config.model_dump(mode="json"),
        "corpus": str(run.corpus),
    }
    write_atomic(directory / "run.json", json.dumps(details).encode())
    return load_run(directory)
