"""What DuckDB answers of a run's tables is what the lists in memory say."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import example_run as make
import pyarrow as pa
import pytest

from policy_scan.as_of import count_dates, issues_of_date
from policy_scan.decisions import (
    decisions_for_cells,
    disputed_pairs,
    place_of,
    review_run,
    text_hash,
    with_decisions,
)
from policy_scan.queries import RunTables
from policy_scan.records import FORCES, Coding, Decision, Document, Issue, Page, Provision
from policy_scan.reviewing import compile_review
from policy_scan.stages.cells import compile_cells
from policy_scan.tables import to_table, write_table

DATES = ("", "2019", "2020-05", "2021-06-01", "2023-01-05")
TEXTS = ("Le guichet reçoit la demande.", "Le dossier est remis à l'agent.", "Tout autre chose.")
THEMES = make.codebook().active


def _documents(draw: random.Random) -> list[Document]:
    return [
        make.document(
            f"{n:08x}", draw.choice(["FR", "BE", "BE-VLG", "GR", "LU", "XX"]), date=draw.choice(DATES),
            in_force=draw.choice(DATES), doc_type=draw.choice(["law", "gazette", "report", "action_plan", "other"]),
            legal_status=draw.choice(["in_force", "repealed", "proposed", ""]),
            status=draw.choice(["ok", "ok", "partial", "failed"]),
        )
        for n in range(draw.randint(2, 8))
    ]  # fmt: skip


def _contents(draw: random.Random, documents: list[Document]) -> tuple[list[Page], list[Provision], list[Coding]]:
    pages, provisions, codings = [], [], []
    for document in documents:
        texts = dict.fromkeys(range(1, 5), "")
        for n in range(draw.randint(0, 12)):
            page, text = draw.randint(1, 4), f"{draw.choice(TEXTS)} {draw.randint(0, 3)}"
            start = len(texts[page])
            texts[page] += text + "\n"
            provisions.append(
                make.provision(
                    f"{document.doc_id}-{n}",
                    document,
                    text,
                    ordinal=n,
                    spans=((page, start, start + len(text)),),
                    page_first=page,
                    page_last=page,
                    act_date=draw.choice(DATES),
                    quoted=draw.random() < 0.2,
                    act_type=draw.choice(["", "law", "circular"]),
                    parallel_id=draw.choice(["", "", "r1", "r2"]),
                )
            )
        pages += [
            Page(document.doc_id, page, text, 595.0, 842.0, 0, "text", None, "ok") for page, text in texts.items()
        ]
    for provision in provisions:
        for rank, theme in enumerate(THEMES, 1):
            assigned = draw.random() < 0.25
            codings.append(
                make.coding(
                    provision.provision_id,
                    theme,
                    rank=rank,
                    probability=round(draw.random(), 2),
                    assigned=assigned,
                    force=draw.choice(FORCES) if assigned else "",
                    evidence="[[0,5]]" if assigned else "[]",
                    terms=draw.choice(["[]", '[[0,2,"x"]]']),
                )
            )
    return pages, provisions, codings


def _decisions(draw: random.Random, pages: list[Page], provisions: list[Provision], n: int) -> list[Decision]:
    """On provisions as they are, as they were before, elsewhere, gone, and on documents that aren't there."""
    texts = {(one.doc_id, one.page): one.text for one in pages}
    found = []
    for number in range(n if provisions else 0):
        provision = draw.choice(provisions)
        place = place_of(provision, texts)
        quotation = place.quotation + draw.choice(["", "", "x"])
        found.append(
            Decision(
                decision_id=f"d{number}",
                at=f"2026-03-01T10:00:{number:02}Z",
                reviewer=draw.choice("abc"),
                role=draw.choice(["coder", "coder", "adjudicator"]),
                doc_id=draw.choice([provision.doc_id] * 8 + ["absent", provisions[0].doc_id]),
                provision_id=draw.choice([provision.provision_id] * 5 + ["gone", ""]),
                page=place.page + draw.choice([0, 0, 0, 1, -1, 9]),
                start=place.start,
                end=place.end,
                text_hash=text_hash(quotation),
                quotation=quotation,
                before=place.before,
                after=place.after,
                theme=draw.choice([*THEMES[:3], ""]),
                verdict=draw.choice(["yes", "no", "no", "skip", "withdrawn"]),
                force=draw.choice(["", "right"]),
                evidence="[]",
                note="",
                translation="",
                machine_probability=None,
                machine_assigned=False,
                model_version="m",
                replaces="",
                origin="search",
            )
        )
    return found


@pytest.mark.parametrize("seed", range(12))
def test_a_review_of_files_is_the_review_of_the_whole_run_in_memory(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    documents = _documents(draw)
    pages, provisions, codings = _contents(draw, documents)
    decisions = _decisions(draw, pages, provisions, draw.choice([0, 5, 40]))
    config = make.config(as_of=draw.choice([None, "2021-06-01"]), levels=draw.choice([[], ["BE"]]))
    issues = [Issue(documents[0].doc_id, None, "pages", "x", "error", "m", "n")]
    thresholds = dict.fromkeys(THEMES[:8], draw.choice([0.3, 0.5]))

    review = review_run(decisions, provisions, pages)
    told = [*issues, *review.issues, *issues_of_date(documents, count_dates(provisions), config.table.as_of)]
    cells = compile_cells(
        documents, provisions,
        with_decisions(codings, review.settled, {one.provision_id: one.text for one in provisions}),
        told, config, make.codebook(), thresholds, decisions_for_cells(review.settled), disputed_pairs(review.settled),
    )  # fmt: skip

    # None of it means anything to DuckDB.
    folder = tmp_path / "provision_id=7" / "it's [a] run*" / ("" if sys.platform == "win32" else "b\\[1]?")
    folder.mkdir(parents=True)
    for name, table in (
        ("pages", to_table(Page, pages)), ("provisions", to_table(Provision, provisions)),
        ("codings", to_table(Coding, codings)),
    ):  # fmt: skip
        write_table(folder, name, table)
    files = {name: folder / f"{name}.parquet" for name in ("pages", "provisions", "codings")}
    with RunTables(files, folder / "scratch") as tables:
        compiled = compile_review(decisions, documents, tables, issues, config, make.codebook(), thresholds)
    assert compiled.rows == review.rows
    assert compiled.issues == told
    assert compiled.cells == cells
    assert any(cell.evidence for cell in cells)


def test_only_what_is_asked_for_is_read(tmp_path: Path) -> None:
    law, other = make.document("a"), make.document("b")
    provisions = [
        make.provision(f"{doc.doc_id}{n}", doc, spans=((n, 0, 9),)) for doc in (law, other) for n in range(1, 6)
    ]
    pages = [Page(doc.doc_id, n, "text", 1.0, 1.0, 0, "text", None, "ok") for doc in (law, other) for n in range(1, 7)]
    codings = [make.coding(one.provision_id, assigned=one.doc_id == "a") for one in provisions]
    for name, table in (
        ("pages", to_table(Page, pages)), ("provisions", to_table(Provision, provisions)),
        ("codings", to_table(Coding, codings)),
    ):  # fmt: skip
        write_table(tmp_path, name, table)
    files = {name: tmp_path / f"{name}.parquet" for name in ("pages", "provisions", "codings")}
    [decision] = _decisions(random.Random(0), pages, [provisions[3]], 1)
    with RunTables(files, tmp_path / "scratch") as tables:
        near, texts = tables.around([_at(decision, provisions[3])])
        assert [one.provision_id for one in near] == ["a1", "a3", "a4", "a5"]
        assert near[2] == provisions[3]
        assert [(one.doc_id, one.page) for one in texts] == [("a", 1), ("a", 3), ("a", 4), ("a", 5)]
        assert tables.codings_of(["a4", "b1"]) == [codings[3], codings[5]]
        found = list(tables.assigned(codings[0].theme))
        assert {one.provision_id for one, _ in found} == {"a1", "a2", "a3", "a5"}
        assert {(one.text, one.spans, one.boxes) for _, one in found} == {("", (), ())}
        assert found[0][1].label_path == provisions[0].label_path
        assert tables.dates() == count_dates(provisions)
        assert tables.dates(asked=False) == {("a", ""): 5, ("b", ""): 5}


def _at(decision: Decision, provision: Provision) -> Decision:
    from dataclasses import replace

    return replace(decision, doc_id=provision.doc_id, provision_id=provision.provision_id, page=provision.spans[0][0])


def test_a_damaged_table_is_a_value_error(tmp_path: Path) -> None:
    write_table(tmp_path, "provisions", to_table(Provision, [make.provision("p", make.document("a"))] * 500))
    file = tmp_path / "provisions.parquet"
    data = bytearray(file.read_bytes())
    data[10:600] = bytes(590)
    file.write_bytes(data)
    with RunTables({"provisions": file}, tmp_path) as tables, pytest.raises(ValueError):
        tables.dates()


def test_no_room_for_what_does_not_fit_in_memory_is_an_os_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("policy_scan.queries.MEGABYTES", 4)
    table = to_table(Provision, [make.provision("p", make.document("a"))] * 9_000)
    dates = pa.array([f"{n:0999}" for n in range(table.num_rows)])
    place = table.schema.get_field_index("act_date")
    write_table(tmp_path, "provisions", table.set_column(place, table.schema.field(place), dates))
    (tmp_path / "file").touch()
    files = {"provisions": tmp_path / "provisions.parquet"}
    with RunTables(files, tmp_path / "file" / "scratch") as tables, pytest.raises(OSError):
        tables.dates()


@pytest.mark.skipif(sys.platform == "win32", reason="a backslash is no part of a name there")
def test_what_does_not_fit_in_memory_is_set_aside_in_a_folder_of_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("policy_scan.queries.MEGABYTES", 24)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "links"))
    (tmp_path / "links").mkdir()
    folder = tmp_path / "a\\b"
    folder.mkdir()
    file = folder / "provisions.parquet"
    write_table(folder, "provisions", to_table(Provision, [make.provision("p", make.document("a"))]))
    with RunTables({"provisions": file}, folder / "scratch") as tables:
        tables._do("CREATE TEMP TABLE much AS SELECT range, repeat('x', 1000) || range FROM range(60000)")
        assert list((folder / "scratch").iterdir())
        assert tables.dates() == {("a", ""): 1}
    file.write_bytes(b"no table")
    with pytest.raises(ValueError, match="Parquet"):
        RunTables({"provisions": file}, folder / "scratch")
    assert not list((tmp_path / "links").iterdir()) and file.is_file()


ENDLESS = "SELECT range FROM range(1000000000000) WHERE range % 700000001 = 3"


@pytest.mark.skipif(sys.platform == "win32", reason="a process can't send itself Ctrl-C there")
@pytest.mark.parametrize("how", ["command", "table", "rows"])
def test_ctrl_c_in_the_middle_of_a_question_is_ctrl_c(tmp_path: Path, how: str) -> None:
    ask: dict[str, Callable[[RunTables], object]] = {
        "command": lambda tables: tables._do(f"CREATE TABLE found AS {ENDLESS}"),
        "table": lambda tables: tables._table(ENDLESS),
        "rows": lambda tables: list(tables._parts(ENDLESS)),
    }
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    pressed = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    try:
        with RunTables({}, tmp_path) as tables, pytest.raises(KeyboardInterrupt):
            pressed.start()
            ask[how](tables)
    finally:
        pressed.cancel()
        signal.signal(signal.SIGINT, before)
