"""Memory and time of assembling the tables and compiling the cells, as the number of documents grows.

    python benchmarks/assembly.py [--documents 2500] [--times 1 2 4]

No PDF is read: a few documents' results are made up (seeded) and stored in a cache, and each of the documents has those
of one of them under its own ids. Reading with its checksum, decoding, writing and asking are a run's own. Every size
has a process of its own, whose peak is told.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc

from policy_scan.assembly import assemble
from policy_scan.cache import Cache
from policy_scan.codebook import load_codebook
from policy_scan.config import load_config
from policy_scan.index import Index
from policy_scan.jurisdictions import country_name
from policy_scan.pipeline import KeyMaker
from policy_scan.planning import DocumentKeys, Plan
from policy_scan.queries import RunTables
from policy_scan.records import (
    Block,
    BlockLanguage,
    Coding,
    Document,
    Facts,
    Issue,
    Line,
    Page,
    Provision,
    Source,
)
from policy_scan.reviewing import compile_review
from policy_scan.storage import Place
from policy_scan.tables import to_table, write_table

KINDS = 16
"""Documents made up; the others are like one of them."""
PAGES, PROVISIONS = 8, 50
ASSIGNED = 0.03
"""Share of codings that are assigned, as in the project's own corpus."""
_WORDS = (
    "le", "la", "service", "public", "demande", "agent", "dossier", "en", "ligne", "guichet", "accès", "droit",
    "«", "»", ";", ",",
)  # fmt: skip
_PLACES = ("FR", "BE", "GR", "LU", "RO")


def _text(draw: random.Random, n: int) -> str:
    return " ".join(draw.choice(_WORDS) for _ in range(n))


def _make_up(cache: Cache, number: int, themes: tuple[str, ...]) -> None:
    """Store the results of a document whose keys are its number."""
    draw, doc_id, key = random.Random(number), f"{number:064x}", f"{number:064x}"
    place = _PLACES[number % len(_PLACES)]
    pages = [Page(doc_id, p, _text(draw, 600), 595.0, 842.0, 0, "text", None, "ok") for p in range(1, PAGES + 1)]
    blocks = [
        Block(doc_id, page.page, b, "paragraph", _text(draw, 40), b * 50, b * 50 + 49, 70.5, 30.25 * b, 520.123, 60.0,
              9.5, False, 0, None)
        for page in pages for b in range(24)
    ]  # fmt: skip
    provisions = [
        Provision(
            f"{n:064x}", doc_id, place, n, 1, "", "law", "2020-05-01", f"Art. {n}.", ("Titre", f"Art. {n}."),
            ("Titre",), "article", False, "", "fr", _text(draw, 90), ((1, 0, 500),), 1, 1,
            tuple((1.0, 70.25, 20.5 * k, 520.75, 20.5 * k + 10) for k in range(5)), "text",
        )
        for n in range(PROVISIONS)
    ]  # fmt: skip
    codings = [
        Coding(one.provision_id, theme, rank, round(draw.random(), 4), draw.random() < ASSIGNED, "obligation",
               "[[0,40]]", "linear", "made-up", "[]")
        for one in provisions for rank, theme in enumerate(themes, 1)
    ]  # fmt: skip
    document = Document(
        doc_id, "", (), place, (place,), country_name(place), "Loi", "", "2020-05-01", "law", "in_force", True, "fr",
        PAGES, 0, "text", "ok", (), "", "", "", "", "", 1,
    )  # fmt: skip
    results: dict[str, dict[type[Any], list[Any]]] = {
        "pages": {Page: pages, Line: [], Issue: []},
        "blocks": {Block: blocks},
        "languages": {BlockLanguage: [BlockLanguage(doc_id, b.page, b.block, "fr", 1.0) for b in blocks]},
        "provisions": {Provision: provisions, Facts: [], Issue: []},
        "description": {Document: [document]},
        "codings": {Coding: codings},
    }
    for stage, rows in results.items():
        cache.write(stage, key, rows)


class MadeUp(Cache):
    """A cache whose every result is one of a few, read from them, with the ids of the document asked for."""

    def table(self, stage: str, key: str, record: type[Any]) -> pa.Table:
        table = super().table(stage, f"{int(key) % KINDS:064x}", record)
        made = {
            "doc_id": lambda ids: pa.array([key] * len(ids), pa.string()),
            "provision_id": lambda ids: pc.binary_join_element_wise(key[-16:], pc.utf8_slice_codeunits(ids, 16), ""),
            "path": lambda paths: pa.array([f"{key}.pdf"] * len(paths), pa.string()),
        }
        for place, name in enumerate(table.column_names):
            if name in made:
                table = table.set_column(place, table.schema.field(place), made[name](table.column(place)))
        return table


class _OwnId:
    """Keys that are the document's id: a real plan's are not what is measured here."""

    def keys(self, source: Source) -> dict[str, str]:
        return dict.fromkeys(("pages", "blocks", "languages", "provisions", "description", "codings"), source.doc_id)


def _peak() -> float:
    """MiB that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(n_documents: int, folder: Path) -> dict[str, float]:
    """Assemble so many documents in `folder` and compile their cells; figures of this process."""
    config = load_config()
    codebook = load_codebook(config.codebook)
    cache = MadeUp(folder / "cache")
    for number in range(KINDS):
        _make_up(cache, number, codebook.active)
    sources = [Source(f"{n:064d}", f"{n:064d}.pdf", (), "FR", ("FR",)) for n in range(n_documents)]
    place, keys = Place.of(folder), DocumentKeys(cast(KeyMaker, _OwnId()), sources)
    plan = Plan(place, sources, {}, [], keys, {}, [], "", {}, codebook, cache.root, Index(place))
    tables = folder / "tables"
    tables.mkdir()
    started, cpu = time.monotonic(), time.process_time()
    assembled = assemble(plan, cache, tables, lambda: None)
    written, held = time.process_time(), _peak()
    asked_for = {name: tables / f"{name}.parquet" for name in ("pages", "provisions", "codings")}
    with RunTables(asked_for, folder / "scratch") as asked:
        compiled = compile_review([], assembled.documents, asked, assembled.issues, config, codebook, {})
    for name, table in (
        ("documents", to_table(Document, assembled.documents)),
        ("state_of_play", compiled.state_of_play),
    ):
        write_table(tables, name, table)
    return {
        "documents": n_documents,
        "provisions": assembled.counts["provisions"],
        "codings": assembled.counts["codings"],
        "megabytes": sum(file.stat().st_size for file in tables.iterdir()) / 1e6,
        "assembly": written - cpu,
        "cells": time.process_time() - written,
        "wall": time.monotonic() - started,
        "evidence": sum(cell.n_provisions + cell.n_to_check for cell in compiled.cells),
        "peak_of_tables": held,
        "peak": _peak(),
    }


def measured_apart(n_documents: int) -> dict[str, float]:
    """`measure` in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--measure", folder, "--documents", str(n_documents)]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=2_500)
    parser.add_argument("--times", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.documents, options.measure)))
        return
    print("| documents | provisions | codings | in the cells | MB written | tables, CPU s | MiB | cells, CPU s | MiB |")
    print("|---|---|---|---|---|---|---|---|---|")
    for times in options.times:
        one = measured_apart(options.documents * times)
        print(
            f"| {one['documents']:,} | {one['provisions']:,} | {one['codings']:,} | {one['evidence']:,} "
            f"| {one['megabytes']:,.0f} | {one['assembly']:.1f} | {one['peak_of_tables']:.0f} "
            f"| {one['cells']:.1f} | {one['peak']:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
