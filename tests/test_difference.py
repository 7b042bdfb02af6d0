"""Two runs compared: every kind of cause is found, none where nothing changed, and the same ones from either side."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import example_run as make
import published_run
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

from policy_scan.cli import app
from policy_scan.comparison import Cause, CellChange, Comparison, DocumentChange, ValueChange
from policy_scan.config import Config
from policy_scan.decisions import PublishedDecision, decisions_for_cells, disputed_pairs, settled_of, with_decisions
from policy_scan.difference import compare_runs
from policy_scan.records import Cell, Coding, Document, Provision
from policy_scan.report.common import RunData
from policy_scan.report.differences import ChangeRow, as_json, change_rows, print_comparison
from policy_scan.stages.cells import compile_cells
from policy_scan.storage import Place
from policy_scan.tables import parquet_bytes, to_table, write_atomic

THEME = "non_digital_access"
LAW = make.document("law")
PLAN = make.document("plan", "BE-VLG", doc_type="action_plan")
PROVISIONS = [
    make.provision("p1", LAW, "The office receives the request on paper.", ordinal=1, spans=((1, 0, 41),)),
    make.provision("p2", LAW, "The office may answer by letter.", ordinal=2, spans=((1, 42, 74),)),
    make.provision("p3", PLAN, "We shall open one more counter.", spans=((1, 0, 31),)),
]
CODINGS = [
    make.coding("p1"),
    make.coding("p2", probability=0.8, force="permission"),
    make.coding("p3", probability=0.7, force="commitment"),
]


codebook = cache(make.codebook)


def made(
    documents: Sequence[Document] = (LAW, PLAN),
    provisions: Sequence[Provision] = tuple(PROVISIONS),
    codings: Sequence[Coding] = tuple(CODINGS),
    decisions: Sequence[PublishedDecision] = (),
    config: Config | None = None,
    folder: Path | None = None,
    **details: Any,
) -> RunData:
    """A run of these tables, its cells compiled as a run compiles them."""
    config = config or make.config()
    kept = {document.doc_id for document in documents if document.status not in ("failed", "excluded")}
    provisions = [one for one in provisions if one.doc_id in kept]
    known = {one.provision_id for one in provisions}
    codings = [one for one in codings if one.provision_id in known]
    folder = folder or Path("absent")
    if decisions:
        write_atomic(folder / "decisions.parquet", parquet_bytes(to_table(PublishedDecision, decisions)))
    settled = settled_of(decisions)
    codings = with_decisions(codings, settled, {one.provision_id: one.text for one in provisions})
    thresholds = details.get("cell_thresholds", {})
    cells = compile_cells(
        documents, provisions, codings, [], config, codebook(), thresholds,
        decisions_for_cells(settled), disputed_pairs(settled),
    )  # fmt: skip
    return RunData(
        directory=folder, corpus=Place.of(folder), config=config, codebook=codebook(),
        columns=tuple(config.table.jurisdictions), documents=tuple(documents), issues=(), provisions=tuple(provisions),
        codings=tuple(codings), cells=tuple(cells), details={"policy_scan": "1", **details},
        **make.counted(provisions, codings),
    )  # fmt: skip


def with_(items: Sequence[Any], position: int, **changes: Any) -> list[Any]:
    return [dataclasses.replace(one, **changes) if k == position else one for k, one in enumerate(items)]


def only_change(before: RunData, after: RunData, theme: str = THEME, column: str = "FR") -> CellChange:
    """The one changed cell, after checking that the comparison mirrors itself."""
    found = compare_runs(before, after)
    assert mirrored(found) == in_sets(compare_runs(after, before))
    assert [(cell.theme, cell.jurisdiction) for cell in found.cells] == [(theme, column)]
    return found.cells[0]


def causes(cell: CellChange) -> list[tuple[str, str, str, str]]:
    return [(one.kind, one.aspect, one.before, one.after) for one in cell.causes]


# A comparison in sets, since order of cells and documents follows the later run, and its mirror.


def _cause(one: Cause, mirror: bool) -> tuple[Any, ...]:
    sides = [
        (one.before, one.provision_before, one.citation_before),
        (one.after, one.provision_after, one.citation_after),
    ]
    return one.kind, one.aspect, one.path, one.n_provisions, tuple(reversed(sides) if mirror else sides)


def _values(changes: Sequence[ValueChange], mirror: bool) -> frozenset[tuple[str, str, str]]:
    return frozenset((v.name, v.after, v.before) if mirror else (v.name, v.before, v.after) for v in changes)


def _document(one: DocumentChange, mirror: bool) -> tuple[Any, ...]:
    kinds = {"added": "removed", "removed": "added"} if mirror else {}
    return kinds.get(one.kind, one.kind), one.path, _values(one.values, mirror)


def in_sets(found: Comparison, mirror: bool = False) -> tuple[Any, ...]:
    columns = (found.columns_gone, found.columns_new)
    return (
        frozenset(
            (
                cell.theme, cell.jurisdiction, cell.changed,
                (cell.after, cell.before) if mirror else (cell.before, cell.after),
                frozenset(_cause(one, mirror) for one in cell.causes),
            )
            for cell in found.cells
        ),
        frozenset(_document(one, mirror) for one in found.documents),
        _values(found.settings, mirror),
        _values(found.versions, mirror),
        columns[::-1] if mirror else columns,
        found.n_cells,
    )  # fmt: skip


def mirrored(found: Comparison) -> tuple[Any, ...]:
    return in_sets(found, mirror=True)


def test_a_run_is_as_itself() -> None:
    found = compare_runs(made(), made())
    assert found.unchanged
    assert found.cells == found.documents == found.settings == found.versions == ()
    assert found.n_cells == len(made().cells)


def test_a_new_document_is_the_cause_of_what_it_adds() -> None:
    other = make.document("other", doc_type="report")
    cell = only_change(made([PLAN, other]), made([LAW, PLAN, other]))
    assert (cell.before.status, cell.after.status) == ("not_found", "binding")  # type: ignore[union-attr]
    assert causes(cell) == [("document", "presence", "absent", "ok")]
    assert cell.causes[0].n_provisions == 2
    assert "art. 4" in cell.causes[0].citation
    found = compare_runs(made(), made([LAW]))
    assert [(one.kind, one.path) for one in found.documents] == [("removed", PLAN.path)]
    assert [causes(one) for one in found.cells if one.theme == THEME] == [[("document", "presence", "ok", "absent")]]
    # All of Belgium's cells are no longer searched, also where the plan had said nothing.
    assert len(found.cells) == len(made().themes)


@pytest.mark.parametrize("status", ["failed", "excluded"])
def test_a_document_that_is_no_longer_read_is_the_cause(status: str) -> None:
    other = make.document("other", doc_type="report")
    gone = dataclasses.replace(LAW, status=status)
    found = compare_runs(made([LAW, other]), made([gone, other]))
    cell = next(one for one in found.cells if one.theme == THEME)
    assert causes(cell)[0] == ("document", "presence", "ok", status)
    incomplete = [one for one in found.cells if one.theme != THEME]
    assert {"search_incomplete" in one.changed for one in incomplete} == ({True} if status == "failed" else set())
    assert all(causes(one) == [("document", "presence", "ok", "failed")] for one in incomplete)


def test_a_replaced_file_changes_only_what_its_text_changes() -> None:
    new = dataclasses.replace(LAW, doc_id="law-new")
    same = dataclasses.replace(PROVISIONS[0], provision_id="n1", doc_id="law-new")
    other = dataclasses.replace(PROVISIONS[1], provision_id="n2", doc_id="law-new", text="The office answers nobody.")
    codings = [make.coding("n1"), CODINGS[2]]
    cell = only_change(made(), made([new, PLAN], [same, other, PROVISIONS[2]], codings))
    assert cell.changed == ("n_provisions", "evidence")
    assert causes(cell) == [("document", "content", "law", "law-new")]
    assert cell.causes[0].provision_before == "p2"
    whole = compare_runs(made(provisions=PROVISIONS[:1]), made([new, PLAN], [same], codings))
    assert [one.kind for one in whole.documents] == ["content"]
    assert [one.jurisdiction for one in whole.cells if one.theme == THEME and one.jurisdiction == "FR"] == []


@pytest.mark.parametrize(("name", "value"), [("doc_type", "report"), ("legal_status", "repealed")])
def test_a_document_described_otherwise_is_the_cause(name: str, value: str) -> None:
    cell = only_change(made(), made([dataclasses.replace(LAW, **{name: value}), PLAN]))
    assert causes(cell) == [("document", name, getattr(LAW, name), value)]
    assert cell.causes[0].n_provisions == 2


def test_a_document_moved_to_another_country_changes_both() -> None:
    moved = dataclasses.replace(LAW, jurisdiction="GR", jurisdictions=("GR",))
    found = compare_runs(made(), made([moved, PLAN]))
    cells = {one.jurisdiction: one for one in found.cells if one.theme == THEME}
    assert set(cells) == {"FR", "GR"}
    assert causes(cells["GR"]) == causes(cells["FR"]) == [("document", "jurisdictions", "FR", "GR")]


def test_a_provision_cut_otherwise_or_gone_is_the_cause() -> None:
    cell = only_change(made(), made(provisions=[PROVISIONS[0], PROVISIONS[2]]))
    assert causes(cell) == [("provision", "presence", "§ 1", "")]
    longer = dataclasses.replace(PROVISIONS[1], provision_id="p2b", text="The office may", spans=((1, 42, 56),))
    cell = only_change(made(), made(provisions=[PROVISIONS[0], longer, PROVISIONS[2]]))
    assert causes(cell) == [("provision", "text", "§ 1", "§ 1")]
    read = with_(PROVISIONS, 1, text="The office rnay answer by letter.")
    cell = only_change(made(), made(provisions=read, codings=[CODINGS[0], CODINGS[2]]))
    assert causes(cell)[0][:2] == ("provision", "text")
    config = make.config()
    config = config.model_copy(update={"ocr": config.ocr.model_copy(update={"dpi": 300})})
    cell = only_change(made(), made(provisions=[PROVISIONS[0], PROVISIONS[2]], config=config))
    assert causes(cell)[1] == ("configuration", "ocr.dpi", "200", "300")


@pytest.mark.parametrize(
    ("position", "changes", "expected"),
    [
        (1, {"assigned": False, "force": "", "evidence": "[]"}, ("assigned", "true", "false")),
        (0, {"force": "statement"}, ("force", "obligation", "statement")),
        (1, {"probability": 0.5}, ("probability", "0.800", "0.500")),
    ],
)
def test_a_code_is_its_own_cause_or_the_models_or_the_settings(
    position: int, changes: dict[str, Any], expected: tuple[str, ...]
) -> None:
    cell = only_change(made(), made(codings=with_(CODINGS, position, **changes)))
    assert causes(cell) == [("code", *expected)]
    trained = [dataclasses.replace(one, model_version="2") for one in with_(CODINGS, position, **changes)]
    cell = only_change(made(), made(codings=trained))
    assert causes(cell) == [("model", *expected)]
    assert ValueChange("model", "1", "2") in compare_runs(made(), made(codings=trained)).versions
    cell = only_change(made(codebook_key="a"), made(codings=with_(CODINGS, position, **changes), codebook_key="b"))
    assert causes(cell) == [("configuration", *expected)]
    assert cell.causes[0].because == "codebook"
    config = make.config()
    other = config.model_copy(update={"codings": config.codings.model_copy(update={"setting": "fast"})})
    faster = [dataclasses.replace(one, model_version="1+2") for one in with_(CODINGS, position, **changes)]
    cell = only_change(made(), made(codings=faster, config=other))
    assert causes(cell) == [("configuration", *expected)]
    assert cell.causes[0].because == "codings.setting"


def test_another_best_is_told_by_what_moved_it() -> None:
    codings = [CODINGS[0], make.coding("p2", probability=0.8), CODINGS[2]]
    cell = only_change(made(codings=codings), made(codings=with_(codings, 1, probability=0.99)))
    assert cell.changed == ("best",)
    assert causes(cell) == [("code", "probability", "0.800", "0.990")]


@pytest.mark.parametrize(("verdict", "state"), [("no", "part"), ("yes", "part")])
def test_a_decision_is_the_cause(tmp_path: Path, verdict: str, state: str) -> None:
    decided = published_run.decision(PROVISIONS[0], theme=THEME, verdict=verdict, outcome=verdict)
    cell = only_change(made(), made(decisions=[decided], folder=tmp_path))
    assert causes(cell) == [("decision", "verdict", "", verdict)]
    assert cell.after is not None
    assert cell.after.review_state == state
    assert cell.causes[0].provision_after == "p1"


def test_a_decision_that_brings_a_theme_and_one_that_is_disputed(tmp_path: Path) -> None:
    codings = with_(CODINGS, 1, assigned=False, force="", evidence="[]", probability=0.1)
    decided = published_run.decision(PROVISIONS[1], theme=THEME, verdict="yes", force="right", outcome="yes")
    cell = only_change(made(codings=codings), made(codings=codings, decisions=[decided], folder=tmp_path))
    assert causes(cell) == [("decision", "verdict", "", "yes")]
    against = dataclasses.replace(decided, decision_id="1" * 64, reviewer="coder-two", verdict="no")
    both = made(decisions=[decided, against], folder=tmp_path / "both")
    cell = only_change(made(), both)
    assert (cell.changed, causes(cell)) == (("review_state",), [("decision", "verdict", "", "disputed")])


def test_thresholds_of_the_configuration_and_of_the_model_are_causes() -> None:
    config = make.config()
    strict = config.model_copy(update={"cells": config.cells.model_copy(update={"threshold": 0.85})})
    found = compare_runs(made(), made(config=strict))
    cell = next(one for one in found.cells if one.jurisdiction == "FR")
    assert "n_to_check" in cell.changed
    assert causes(cell) == [("configuration", "cells.threshold", "0.700", "0.850")]
    found = compare_runs(made(cell_thresholds={THEME: 0.6}), made(cell_thresholds={THEME: 0.85}))
    cell = next(one for one in found.cells if one.jurisdiction == "FR")
    assert causes(cell) == [("model", "threshold", "0.600", "0.850")]
    # A threshold that the probability passes either way explains nothing.
    weaker = with_(CODINGS, 1, probability=0.5)
    cell = only_change(made(cell_thresholds={THEME: 0.6}), made(codings=weaker, cell_thresholds={THEME: 0.65}))
    assert causes(cell) == [("code", "probability", "0.800", "0.500")]


def test_the_day_of_the_table_is_a_cause() -> None:
    early = made(config=make.config(as_of="2018-01-01"))
    cells = [one for one in compare_runs(made(), early).cells if one.theme == THEME]
    assert {one.jurisdiction for one in cells} == {"FR", "BE"}
    assert {kind for one in cells for kind in causes(one)} == {("configuration", "table.as_of", "", "2018-01-01")}
    pending = [dataclasses.replace(LAW, in_force="2030"), PLAN]
    cell = only_change(made(pending), made(pending, config=make.config(as_of="2025-01-01")))
    assert causes(cell) == [("configuration", "table.as_of", "", "2025-01-01")]


def test_columns_and_themes_of_one_run_only_come_from_the_configuration() -> None:
    found = compare_runs(made(), made(config=make.config(levels=["BE"])))
    assert found.columns_new == ("BE-VLG",)
    assert {one.jurisdiction for one in found.cells} == {"BE-VLG"}
    assert {kind for one in found.cells for kind in causes(one)} == {("configuration", "table.levels", "", "BE")}
    assert found.in_both == ()
    run = made()
    fewer = dataclasses.replace(run, cells=tuple(one for one in run.cells if one.theme != THEME))
    found = compare_runs(run, fewer)
    assert {one.theme for one in found.cells} == {THEME}
    assert {kind for one in found.cells for kind in causes(one)} == {("configuration", "codebook", "true", "false")}
    other = make.document("eu", "EU")
    found = compare_runs(made(), made([LAW, PLAN, other]))
    assert found.columns_new == ("EU",)
    assert {kind for one in found.cells for kind in causes(one)} == {("document", "presence", "absent", "ok")}


def test_what_nothing_else_explains_is_the_programs_or_unknown() -> None:
    run = made()

    def other(cell: Cell) -> Cell:
        here = (cell.theme, cell.jurisdiction) == (THEME, "FR")
        return dataclasses.replace(cell, status="described") if here else cell

    after = dataclasses.replace(run, cells=tuple(map(other, run.cells)))
    assert causes(only_change(run, after)) == [("unknown", "", "", "")]
    newer = dataclasses.replace(after, details={**run.details, "policy_scan": "2"})
    assert causes(only_change(run, newer)) == [("program", "policy_scan", "1", "2")]


VARIANTS: dict[str, dict[str, Any]] = {
    "same": {},
    "without the plan": {"documents": [LAW]},
    "law failed": {"documents": [dataclasses.replace(LAW, status="failed"), PLAN]},
    "law repealed": {"documents": [dataclasses.replace(LAW, legal_status="repealed"), PLAN]},
    "report of the EU": {"documents": [LAW, PLAN, make.document("eu", "EU", doc_type="report")]},
    "cut otherwise": {"provisions": [PROVISIONS[0], dataclasses.replace(
        PROVISIONS[1], provision_id="p2b", spans=((1, 42, 60),), text="The office may"), PROVISIONS[2]]},
    "read otherwise": {"provisions": with_(PROVISIONS, 0, text="The office receives it.")},
    "another code": {"codings": with_(CODINGS, 0, theme="openness")},
    "another force": {"codings": with_(CODINGS, 2, force="obligation")},
    "another model": {"codings": [dataclasses.replace(one, model_version="2", probability=0.65) for one in CODINGS]},
    "strict": {"cell_thresholds": {THEME: 0.75}},
    "as of": {"config": make.config(as_of="2019-01-01")},
    "levels": {"config": make.config(levels=["BE"])},
}  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(*[st.lists(st.sampled_from(sorted(VARIANTS)), max_size=3)] * 2)
def test_comparing_finds_nothing_in_itself_and_the_mirror_in_the_other_order(one: list[str], other: list[str]) -> None:
    def run(names: list[str]) -> RunData:
        merged: dict[str, Any] = {}
        for name in names:
            merged |= VARIANTS[name]
        return made(**merged)

    before, after = run(one), run(other)
    assert compare_runs(before, run(one)).unchanged
    found, back = compare_runs(before, after), compare_runs(after, before)
    assert mirrored(found) == in_sets(back)
    for cell in found.cells:
        assert cell.causes
        assert all(cause.kind != "unknown" for cause in cell.causes)


# In words


def printed(found: Comparison, run: RunData, language: str = "en") -> str:
    stream = io.StringIO()
    print_comparison(Console(file=stream, width=100), found, run, language)
    return stream.getvalue()


def test_the_text_says_plainly_that_nothing_changed() -> None:
    assert "Nothing changed" in printed(compare_runs(made(), made()), made())
    quiet = compare_runs(made(python="3.11"), made(python="3.12"))
    said = printed(quiet, made())
    assert "No cell changed" in said
    assert "python: 3.11 → 3.12" in said


def test_the_text_tells_cells_under_their_theme_with_causes_and_citations() -> None:
    after = made([dataclasses.replace(LAW, legal_status="repealed"), PLAN])
    said = printed(compare_runs(made(), after), after)
    assert "1 of 48 cells changed; 1 of them has another status" in said
    lines = said.splitlines()
    at = next(k for k, line in enumerate(lines) if line.startswith("  France: ● binding, 2 provisions in 1 document"))
    assert lines[at - 1] == after.codebook.themes[THEME].label("en")
    assert lines[at].endswith("→ ○ described, 2 provisions in 1 document")
    assert lines[at + 1].startswith(f"    document: {LAW.path}: legal status: in force → repealed (2 provisions) – ")
    assert lines[at + 1].endswith("p. 3 (repealed)")


def test_the_text_names_new_columns_once_and_cuts_long_lists() -> None:
    after = made(config=make.config(levels=["BE"]))
    said = printed(compare_runs(made(), after), after)
    assert said.count("BE-VLG") == 1
    many = [make.document(f"d{n}") for n in range(40)]
    said = printed(compare_runs(made(), made([LAW, PLAN, *many])), made())
    assert "… and 10 more" in said
    provisions = [make.provision(f"q{n}", LAW, spans=((9, n * 10, n * 10 + 9),)) for n in range(9)]
    codings = [make.coding(one.provision_id) for one in provisions]
    before = made(provisions=[*PROVISIONS, *provisions], codings=[*CODINGS, *codings])
    after = made(provisions=[*PROVISIONS, *provisions])
    assert "… and 4 more causes" in printed(compare_runs(before, after), after)


def test_rows_for_the_workbook_and_json_have_all() -> None:
    law = dataclasses.replace(LAW, title=make.HOSTILE, path="FR/\u202e=x.pdf")
    after = made([law, PLAN], codings=with_(CODINGS, 1, assigned=False, force="", evidence="[]"))
    found = compare_runs(made(), after)
    rows = change_rows(found, after)
    assert [type(row) for row in rows] == [ChangeRow]
    (row,) = rows
    assert (row.country, row.cause, row.what) == ("France", "code", "theme no longer assigned")
    assert row.before.startswith("● ")
    assert not {"\u202e", "\x07", "\x1b"} & set("".join(dataclasses.astuple(row)))
    content = json.loads(as_json(found))
    assert content["changed"] is True
    assert content["cells"][0]["causes"][0]["aspect"] == "assigned"
    assert json.loads(as_json(compare_runs(made(), made())))["changed"] is False
    assert "\u202e" not in printed(found, after)


@pytest.mark.parametrize("language", ["fr", "nl", "de", "el", "ro"])
def test_every_cause_can_be_said_in_every_language(language: str) -> None:
    for names in VARIANTS.values():
        after = made(**names)
        assert printed(compare_runs(made(), after, language), after, language)


@pytest.fixture(scope="module")
def folders() -> Iterator[tuple[Path, Path]]:
    root = Path(tempfile.mkdtemp())
    before, after = root / "a", root / "b"
    published_run.publish(before, make.example())
    sample = make.example()
    sample.codings[0] = dataclasses.replace(sample.codings[0], force="statement")
    published_run.publish(after, sample)
    yield before, after
    shutil.rmtree(root)


def test_the_command_compares_folders(folders: tuple[Path, Path], tmp_path: Path) -> None:
    before, after = map(str, folders)
    done = CliRunner().invoke(app, ["diff", before, after, "--language", "fr"])
    assert done.exit_code == 0, done.output
    assert "France" in done.output
    done = CliRunner().invoke(app, ["diff", before, after, "--json"])
    assert json.loads(done.stdout)["cells"][0]["causes"][0]["kind"] == "code"
    assert "Nothing changed" in CliRunner().invoke(app, ["diff", before, before]).output
    assert CliRunner().invoke(app, ["diff", before, str(tmp_path)]).exit_code == 3
    assert CliRunner().invoke(app, ["diff", before, after, "--language", "tlh"]).exit_code == 2
    assert CliRunner().invoke(app, ["diff", before]).exit_code == 2
