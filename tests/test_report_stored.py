"""What reports read of a large run: the rows that they show, counts of all, the same whatever is read at a time."""

from __future__ import annotations

import dataclasses
import io
from collections import Counter
from pathlib import Path

import example_run as make
import openpyxl
import pyarrow as pa
import pytest
from made_up_project import made_up
from published_run import decision, publish
from rich.console import Console

from policy_scan import inspection
from policy_scan.difference import compare_runs
from policy_scan.records import Cell, Coding, Provision
from policy_scan.report import RunData, export_run, load_run, stored
from policy_scan.tables import from_table, read_records, to_table

N = 1500


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 1,500 provisions and a coding of each under every theme."""
    folder = tmp_path_factory.mktemp("large") / "out"
    publish(folder, made_up(N))
    return folder


@pytest.fixture(params=[100, 4096], ids=["in steps", "at once"])
def run(published: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> RunData:
    monkeypatch.setattr(stored, "_ROWS", request.param)
    return load_run(published)


def test_only_what_is_assigned_becomes_records_and_everything_is_counted(run: RunData) -> None:
    codings = read_records(run.directory, "codings", Coding)
    provisions = read_records(run.directory, "provisions", Provision)
    assigned = [one for one in codings if one.assigned]
    assert list(run.codings) == assigned and len(assigned) < len(codings) / 10
    coded = {one.provision_id for one in assigned}
    assert list(run.provisions) == [one for one in provisions if one.provision_id in coded] != provisions
    assert run.n_provisions == N and not run.is_whole
    counted: Counter[tuple[str, str, str]] = Counter()
    for one in run.tallies:
        counted[one.doc_id, one.language, one.text_source] += one.n
    assert counted == Counter((one.doc_id, one.language, one.text_source) for one in provisions)
    for one in run.tallies:
        own = [p for p in provisions if (p.doc_id, p.act_ordinal) == (one.doc_id, one.act_ordinal)]
        assert (one.page_first, one.page_last) == (min(p.page_first for p in own), max(p.page_last for p in own))
    assert list(run.coders) == list(dict.fromkeys((c.theme, c.method, c.model_version) for c in codings))


def test_what_reviewers_decided_on_is_there_assigned_or_not(tmp_path: Path) -> None:
    sample = made_up(60)
    uncoded = next(
        p for p in sample.provisions if not any(c.assigned for c in sample.codings if c.provision_id == p.provision_id)
    )
    [coding] = [c for c in sample.codings if c.provision_id == uncoded.provision_id and c.rank == 1]
    decided = [
        decision(uncoded, theme=coding.theme, verdict="yes"),
        decision(sample.provisions[0], decision_id="1" * 64, theme="", verdict="skip", note="unclear", outcome=""),
    ]
    run = publish(tmp_path / "out", sample, decided)
    [accepted] = [c for c in run.codings if (c.provision_id, c.theme) == (uncoded.provision_id, coding.theme)]
    assert accepted.assigned and accepted.method == "reviewed" and accepted.evidence == f"[[0,{len(uncoded.text)}]]"
    there = {one.provision_id for one in run.provisions}
    assert {uncoded.provision_id, sample.provisions[0].provision_id} <= there
    own = [c for c in run.codings if c.provision_id == uncoded.provision_id]
    assert len(own) == len([c for c in sample.codings if c.provision_id == uncoded.provision_id])


def test_runs_compared_are_as_if_all_had_been_read(published: Path, tmp_path: Path) -> None:
    """A coding that only one run assigns is looked up in the other."""
    sample = made_up(N)
    at = next(n for n, one in enumerate(sample.codings) if one.assigned)
    sample.codings[at] = dataclasses.replace(
        sample.codings[at], assigned=False, force="", evidence="[]", probability=0.2
    )
    changed = publish(tmp_path / "out", sample)

    def whole(run: RunData) -> RunData:
        codings, provisions = (read_records(run.directory, name, kind) for name, kind in
                               (("codings", Coding), ("provisions", Provision)))  # fmt: skip
        return dataclasses.replace(run, codings=tuple(codings), provisions=tuple(provisions), is_whole=True)

    before = load_run(published)
    found = compare_runs(before, changed)
    assert found == compare_runs(whole(before), whole(changed)) and found.cells
    causes = {(one.aspect, one.before, one.after) for cell in found.cells for one in cell.causes}
    assert ("assigned", "true", "false") in causes


def test_texts_that_come_again_are_one_object() -> None:
    provisions = [make.provision(f"p{n}", make.document("a" * 64), f"text {n}") for n in range(50)]
    table = pa.concat_tables([to_table(Provision, provisions)])
    read = from_table(Provision, table)
    assert read == provisions
    assert len({id(one.doc_id) for one in read}) == len({id(one.language) for one in read}) == 1


def test_the_workbook_of_a_large_run_holds_every_coded_provision(run: RunData, tmp_path: Path) -> None:
    [path] = export_run(run, "xlsx", path=tmp_path / "large.xlsx")
    book = openpyxl.load_workbook(path, read_only=True)
    n_rows = sum(1 for _ in book["Evidence"].iter_rows(min_row=4))
    book.close()
    assert n_rows >= sum(one.assigned for one in run.codings)


@pytest.mark.parametrize("rows", [100, 4096])
def test_show_finds_the_same_whatever_is_read_at_a_time_and_holds_only_what_it_shows(
    published: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(stored, "_ROWS", rows)
    provisions = read_records(published, "provisions", Provision)
    last = provisions[-1]
    assert stored.find_provisions(published, "provision_id", last.provision_id, 3) == (1, [last])
    own = [one for one in provisions if one.doc_id == last.doc_id]
    assert len(own) > 3
    assert stored.find_provisions(published, "doc_id", last.doc_id, 3) == (len(own), own[:3])
    assert stored.find_provisions(published, "provision_id", "none", 3) == (0, [])
    codings = [one for one in read_records(published, "codings", Coding) if one.provision_id == last.provision_id]
    assert stored.read_codings_of(published, last.provision_id) == codings != []


@pytest.mark.parametrize("what", ["document", "provision", "cell"])
def test_show_holds_no_whole_table_of_provisions_or_codings(
    published: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    last = read_records(published, "provisions", Provision)[-1]
    cell = read_records(published, "cells", Cell)[0]
    made: Counter[str] = Counter()

    def counted(record: type, table: pa.Table) -> list[object]:
        made[record.__name__] += table.num_rows
        return from_table(record, table)

    for module in ("policy_scan.report.stored", "policy_scan.tables"):
        monkeypatch.setattr(f"{module}.from_table", counted)
    names = {"document": last.doc_id, "provision": last.provision_id, "cell": f"{cell.theme}:{cell.jurisdiction}"}
    inspection.print_one(Console(file=io.StringIO()), published, names[what])
    assert 0 < made["Provision"] <= 30 and made["Coding"] <= 100
