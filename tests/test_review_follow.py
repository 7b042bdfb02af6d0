"""From the review database to the table, on the command line: run, export, the sheet, the report, and what can fail."""

from __future__ import annotations

import contextlib
import csv
import json
import shutil
import time
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fixtures
import pytest
from click.testing import Result
from openpyxl import load_workbook
from typer.testing import CliRunner

from policy_scan import watching
from policy_scan.cli import app
from policy_scan.decisions import place_of
from policy_scan.records import Cell, Coding, Decision, Page, Provision
from policy_scan.review.sheet import KEYS_ROW
from policy_scan.review.store import DocumentEdit, Store, now
from policy_scan.tables import read_records

LINES = [
    "Art. 1er. La demande est introduite en ligne, au moyen du formulaire de la commune.",
    "",
    "Art. 2. Toute personne peut aussi se rendre au guichet et y recevoir de l'aide.",
    "",
    "Art. 3. Le maire publie la liste des guichets.",
]
THEME = "digital_inclusion"


def _call(*arguments: object, cwd: Path, code: int = 0, **environment: str) -> Result:
    with contextlib.chdir(cwd):
        done = CliRunner().invoke(app, [str(one) for one in arguments], env=environment)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == code, done.stderr + done.stdout
    return done


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("follow") / "project"
    for code in ("FR", "LU"):
        (folder / "corpus" / code).mkdir(parents=True)
    fixtures.write_pdf(folder / "corpus" / "FR" / "a.pdf", [LINES])
    fixtures.write_pdf(folder / "corpus" / "LU" / "b.pdf", [LINES[:3]])
    _call("run", "--jobs", "1", "--fast", cwd=folder)
    return folder


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "project"))


def _decision(project: Path, word: str, verdict: str, **changes: Any) -> Decision:
    output = project / "outputs"
    found = [one for one in read_records(output, "provisions", Provision) if one.jurisdiction == "FR"]
    provision = next(one for one in found if word in one.text)
    pages = {(one.doc_id, one.page): one.text for one in read_records(output, "pages", Page)}
    place = place_of(provision, pages)
    coding = next(
        one for one in read_records(output, "codings", Coding)
        if (one.provision_id, one.theme) == (provision.provision_id, THEME)
    )  # fmt: skip
    return Decision(**{
        "decision_id": str(uuid.uuid4()), "at": now(), "reviewer": "reviewer", "role": "coder",
        "doc_id": provision.doc_id, "provision_id": provision.provision_id, "page": place.page, "start": place.start,
        "end": place.end, "text_hash": place.text_hash, "quotation": place.quotation, "before": place.before,
        "after": place.after, "theme": THEME, "verdict": verdict, "force": "", "evidence": "[]", "note": "",
        "translation": "", "machine_probability": coding.probability, "machine_assigned": coding.assigned,
        "model_version": coding.model_version, "replaces": "", "origin": "search", **changes,
    })  # fmt: skip


def _record(project: Path, *rows: Decision, edit: DocumentEdit | None = None) -> None:
    with Store.open(project / "outputs" / "review.sqlite3") as store:
        store.record_all([(row, "") for row in rows])
        if edit:
            store.edit_document(edit)


def _row(file: Path, key: str, value: str) -> dict[str, str]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return next(row for row in csv.DictReader(stream) if row[key] == value)


def test_a_decision_is_in_the_next_export_and_the_next_run(project: Path) -> None:
    before = _row(project / "outputs" / "state_of_play.csv", "theme", THEME)["FR_status"]
    assert before == "not_found"
    added = _decision(project, "liste des guichets", "yes", force="obligation")
    _record(project, added)
    published = {file.name: file.read_bytes() for file in (project / "outputs").glob("*.parquet")}
    done = _call("export", "--format", "csv", "-o", "now.csv", cwd=project)
    assert "1 decision of" in done.stderr
    status = _row(project / "now.csv", "theme", THEME)["FR_status"]
    assert status != "not_found"
    assert {file.name: file.read_bytes() for file in (project / "outputs").glob("*.parquet")} == published

    assert "doesn't follow all 1 decision" in _call("status", cwd=project).stdout

    done = _call("run", "--jobs", "1", "--fast", cwd=project)
    assert "follows 1 decision of" in done.stderr
    assert "The table follows 1 decision" in _call("status", cwd=project).stdout
    assert _row(project / "outputs" / "state_of_play.csv", "theme", THEME)["FR_status"] == status
    assert _row(project / "outputs" / "cells.csv", "theme", THEME)["review_state"] == "all"
    assert "policy-scan-" not in _call("export", "--format", "csv", cwd=project).stdout
    assert (project / "outputs" / "state-of-play.csv").is_file()

    # Taken back: the machine's table again.
    with Store.open(project / "outputs" / "review.sqlite3") as store:
        store.record(_decision(project, "liste des guichets", "withdrawn"), added.decision_id)
    _call("run", "--jobs", "1", "--fast", cwd=project)
    assert _row(project / "outputs" / "state_of_play.csv", "theme", THEME)["FR_status"] == "not_found"


def test_what_is_mended_of_a_document_is_in_the_next_run_like_a_line_of_the_manifest(project: Path) -> None:
    document = _row(project / "outputs" / "documents.csv", "path", "FR/a.pdf")
    edits = [
        DocumentEdit(str(uuid.uuid4()), now(), "ada", document["doc_id"], field, value, document.get(field, ""), "seen")
        for field, value in (("title", "Arrêté des guichets"), ("doc_type", "strategy"))
    ]
    for edit in edits:
        _record(project, edit=edit)
    exported = _call("export", "--format", "csl", cwd=project)
    assert "Arrêté des guichets" in (project / exported.stdout.strip()).read_text(encoding="utf-8")
    _call("run", "--jobs", "1", "--fast", cwd=project)
    mended = _row(project / "outputs" / "documents.csv", "path", "FR/a.pdf")
    assert (mended["title"], mended["doc_type"], mended["binding"]) == ("Arrêté des guichets", "strategy", "false")
    assert "title" not in mended["inferred"]
    assert "given by ada: seen" in (project / "outputs" / "issues.csv").read_text(encoding="utf-8")
    excluded = DocumentEdit(str(uuid.uuid4()), now(), "ada", document["doc_id"], "include", "no", "yes", "a draft")
    _record(project, edit=excluded)
    _call("run", "--jobs", "1", "--fast", cwd=project)
    row = _row(project / "outputs" / "documents.csv", "path", "FR/a.pdf")
    assert (row["status"], row["exclude_reason"]) == ("excluded", "a draft")


def test_a_sheet_goes_out_and_comes_back_and_the_report_counts_it(project: Path) -> None:
    done = _call("review", "export", "--format", "xlsx", "-o", "queue.xlsx", "--queue", "document", cwd=project)
    assert "for reviewer in queue.xlsx" in done.stderr
    book = load_workbook(project / "queue.xlsx")
    sheet = book.worksheets[0]
    place = {cell.value: cell.column for cell in sheet[KEYS_ROW + 1] if cell.value}
    sheet.cell(KEYS_ROW + 3, place["verdict"]).value = "yes"
    sheet.cell(KEYS_ROW + 3, place["note"]).value = "kept"
    book.save(project / "queue.xlsx")
    done = _call("review", "import", "queue.xlsx", "--reviewer", "reviewer", cwd=project)
    assert "1 new" in done.stdout and "0 not taken in" in done.stdout
    assert "1 known already" in _call("review", "import", "queue.xlsx", cwd=project).stdout

    figures = json.loads(_call("review", "report", "--json", cwd=project).stdout)
    assert (figures["n_decisions"], figures["n_live"], figures["n_stale"]) == (1, 1, 0)
    assert figures["progress"]["reviewers"][0]["n_accepted"] == 1
    assert "reviewer: 1 provisions; 1 accepted" in _call("review", "report", cwd=project).stdout

    estimated = json.loads(_call("evaluate", "--run", "outputs", "--json", cwd=project).stdout)
    assert estimated["reviewed"] == figures["estimates"]
    assert "random" in _call("evaluate", "--run", "outputs", cwd=project).stdout

    _call("review", "export", "--format", "jsonl", "-o", "all.jsonl", cwd=project)
    other = project / "other.sqlite3"
    done = _call("review", "import", "all.jsonl", cwd=project, POLICY_SCAN_DATABASE=str(other))
    assert "1 new" in done.stdout
    with Store.open(other) as store:
        assert [one.note for one in store.decisions()] == ["kept"]


def test_what_can_fail_is_told_with_what_to_do(project: Path) -> None:
    done = _call("export", "--format", "csv", "--database", "gone.sqlite3", cwd=project, code=2)
    assert "gone.sqlite3" in done.stderr and "→" in done.stderr
    (project / "outputs" / "review.sqlite3").write_bytes(b"no database, " * 400)
    for command in (("run", "--fast"), ("export", "--format", "csv"), ("review", "report")):
        done = _call(*command, cwd=project, code=3)
        assert "no SQLite database" in done.stderr and "→" in done.stderr
    assert (project / "outputs" / "review.sqlite3").read_bytes().startswith(b"no database")
    done = _call("export", "--format", "csv", "--database", "postgresql://nobody@127.0.0.1:9/none", cwd=project, code=2)
    assert "can't be reached" in done.stderr
    (project / "outputs" / "review.sqlite3").unlink()
    assert "nothing to measure" in _call("evaluate", cwd=project, code=2).stderr
    done = _call("train", "--gold", "g.csv", "--model", "m", "--run", "outputs", cwd=project, code=2)
    assert "Nobody has reviewed" in done.stderr
    done = _call("review", "import", "x.xlsx", "--output", "nowhere", cwd=project, code=3)
    assert "no finished run" in done.stderr


def test_watching_follows_what_reviewers_record(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first decision is recorded while it watches, in a database that wasn't there; the third look ends it."""
    looks = 0

    def sleep(_seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 2:
            _record(project, _decision(project, "guichet", "yes"))
        if looks == 6:
            raise KeyboardInterrupt

    monkeypatch.setattr(watching, "time", SimpleNamespace(sleep=sleep, monotonic=time.monotonic))
    done = _call("run", "--jobs", "1", "--fast", "--watch", cwd=project)
    assert done.stderr.count("Watching ") == 2
    assert done.stderr.count("The table follows 1 decision ") == 1
    assert done.stderr.rstrip().endswith("Stopped watching.")
    cells = {(one.theme, one.jurisdiction): one for one in read_records(project / "outputs", "cells", Cell)}
    assert cells[THEME, "FR"].n_reviewed == 1
