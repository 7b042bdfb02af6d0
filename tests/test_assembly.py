"""Assembly: the tables are a function of their rows, and what is in memory doesn't grow with the corpus."""

from __future__ import annotations

import dataclasses
import random
import sys
from pathlib import Path

import example_run as make
import pyarrow.parquet as pq
import pytest

from policy_scan.assembly import assemble
from policy_scan.cache import Cache
from policy_scan.corpus import FoundFile
from policy_scan.errors import CacheError
from policy_scan.index import Index
from policy_scan.planning import DocumentKeys, Plan
from policy_scan.records import Block, BlockLanguage, Coding, Document, Facts, Issue, Line, Page, Provision, Source
from policy_scan.storage import Place
from policy_scan.tables import read_records

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import assembly as benchmark

STAGES = ("pages", "blocks", "languages", "provisions", "description", "codings")


def _document(doc_id: str) -> Document:
    return make.document(doc_id, path=f"FR/{doc_id}.pdf")


def _store(cache: Cache, document: Document) -> None:
    """A document's results, the same whenever they are made, each under a key that is its id."""
    draw = random.Random(document.doc_id)
    pages = [
        Page(document.doc_id, n, f"{n}: {draw.random()}", 595.0, 842.0, 0, "text", None, "ok")
        for n in range(1, draw.randint(2, 9))
    ]
    blocks = [
        Block(document.doc_id, one.page, 0, "paragraph", one.text, 0, 9, 1.5, 2.0, 3.0, 4.25, 9.0, False, 0, None)
        for one in pages
    ]
    provisions = [make.provision(f"{document.doc_id}-{one.page}", document, one.text) for one in pages]
    results: dict[str, dict[type, list[object]]] = {
        "pages": {Page: [*pages], Line: [], Issue: []},
        "blocks": {Block: [*blocks]},
        "languages": {
            BlockLanguage: [BlockLanguage(document.doc_id, one.page, one.block, "fr", 0.9) for one in blocks]
        },
        "provisions": {
            Provision: [*provisions],
            Facts: [],
            Issue: [Issue(document.doc_id, 1, "provisions", "x", "info", "m", "n")],
        },
        "description": {Document: [document]},
        "codings": {Coding: [make.coding(one.provision_id, probability=draw.random()) for one in provisions]},
    }
    for stage, rows in results.items():
        cache.write(stage, document.doc_id, rows)


class _OwnId:
    """Keys that are the document's id."""

    def keys(self, source: Source) -> dict[str, str]:
        return dict.fromkeys(STAGES, source.doc_id)


@pytest.fixture
def corpus(tmp_path: Path) -> tuple[Plan, Cache]:
    cache = Cache(tmp_path / "cache")
    documents = [_document(f"{n:064x}") for n in range(12)]
    for document in documents:
        _store(cache, document)
    sources = [Source(one.doc_id, one.path, (), "FR", ("FR",)) for one in documents]
    files = {one.doc_id: FoundFile(one.path, one.path, "FR", one.doc_id, 9) for one in documents}
    place = Place.of(tmp_path)
    keys = DocumentKeys(_OwnId(), sources)  # type: ignore[arg-type]
    plan = Plan(place, sources, files, [], keys, {}, [], "", {}, make.codebook(), cache.root, Index(place))
    return plan, cache


def _no_mending() -> None:
    raise AssertionError("nothing was damaged")


def _bytes(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def test_documents_come_in_the_order_of_the_plan_in_row_groups_of_a_fixed_size(
    corpus: tuple[Plan, Cache], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, cache = corpus
    monkeypatch.setattr("policy_scan.tables.ROWS_PER_GROUP", {"pages": 4, "codings": 5})
    (tmp_path / "out").mkdir()
    found = assemble(plan, cache, tmp_path / "out", _no_mending)
    pages = read_records(tmp_path / "out", "pages", Page)
    assert [one.doc_id for one in found.documents] == list(dict.fromkeys(one.doc_id for one in pages))
    assert [issue.doc_id for issue in found.issues] == [source.doc_id for source in plan.sources]
    assert found.counts == dict.fromkeys(("pages", "blocks", "provisions", "codings"), len(pages))
    for name, size in (("pages", 4), ("codings", 5)):
        about = pq.ParquetFile(tmp_path / "out" / f"{name}.parquet").metadata
        sizes = [about.row_group(n).num_rows for n in range(about.num_row_groups)]
        assert len(sizes) > 4 and set(sizes[:-1]) == {size} and sum(sizes) == len(pages)
    assert set(pq.read_schema(tmp_path / "out" / "blocks.parquet").names) == {
        *Block.__dataclass_fields__, "language",
    }  # fmt: skip
    assert set(found.hashes) == set(_bytes(tmp_path / "out"))
    (tmp_path / "again").mkdir()
    assemble(plan, cache, tmp_path / "again", _no_mending)
    assert _bytes(tmp_path / "again") == _bytes(tmp_path / "out")


def _spoil(cache: Cache, stage: str, doc_id: str) -> None:
    file = next(cache.folder(stage, doc_id).glob("*.parquet"))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def test_damaged_results_are_mended_together_and_the_assembly_goes_on(
    corpus: tuple[Plan, Cache], tmp_path: Path
) -> None:
    plan, cache = corpus
    for name in ("whole", "mended"):
        (tmp_path / name).mkdir()
    assemble(plan, cache, tmp_path / "whole", _no_mending)
    damaged = [plan.sources[5].doc_id, plan.sources[9].doc_id]
    _spoil(cache, "codings", damaged[0])
    _spoil(cache, "pages", damaged[1])
    before = {file: file.stat().st_ino for file in cache.root.local.rglob("*.parquet")}
    planned = []

    def mend() -> None:
        planned.append([task.source.doc_id for task in plan.tasks])
        for doc_id in planned[-1]:
            assert not cache.folder("languages", doc_id).exists()
            _store(cache, _document(doc_id))

    assemble(plan, cache, tmp_path / "mended", mend)
    assert planned == [damaged]
    assert _bytes(tmp_path / "mended") == _bytes(tmp_path / "whole")
    for file, inode in before.items():
        assert file.stat().st_ino == inode or set(damaged) & set(file.parts)


def test_what_stays_damaged_ends_the_assembly(corpus: tuple[Plan, Cache], tmp_path: Path) -> None:
    plan, cache = corpus
    _spoil(cache, "blocks", plan.sources[3].doc_id)
    with pytest.raises(CacheError):
        assemble(plan, cache, tmp_path, lambda: None)


def test_a_failed_document_is_listed_and_an_excluded_one_gives_nothing_whatever_was_read_of_it(
    corpus: tuple[Plan, Cache], tmp_path: Path
) -> None:
    plan, cache = corpus
    failed, excluded = plan.sources[2].doc_id, plan.sources[4].doc_id
    cache.drop("codings", failed)
    plan.failures.append(Issue(failed, None, "run", "crash", "error", "m", "n"))
    plan.sources[4] = dataclasses.replace(plan.sources[4], include=False, exclude_reason="a draft")
    (tmp_path / "out").mkdir()
    found = assemble(plan, cache, tmp_path / "out", _no_mending)
    states = {one.doc_id: one.status for one in found.documents}
    assert (states.pop(failed), states.pop(excluded)) == ("failed", "excluded") and set(states.values()) == {"ok"}
    assert found.issues[-1].category == "crash"
    pages = {one.doc_id for one in read_records(tmp_path / "out", "pages", Page)}
    assert failed in pages and excluded not in pages
    codings = {one.provision_id[:64] for one in read_records(tmp_path / "out", "codings", Coding)}
    assert codings == set(states)


@pytest.mark.skipif(sys.platform == "win32", reason="asks the system for a process's peak of memory")
def test_five_times_the_documents_take_no_more_memory() -> None:
    """Held as a whole, the larger one's tables take about 150 MiB more than the smaller one's."""
    small, large = benchmark.measured_apart(100), benchmark.measured_apart(500)
    assert large["codings"] == 5 * small["codings"] == 400_000
    assert large["evidence"] > 4 * small["evidence"] > 0
    assert large["peak"] - small["peak"] < 60
