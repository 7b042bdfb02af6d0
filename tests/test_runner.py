"""Running: nothing is lost, what is unchanged isn't computed again, and one document's end is only its own."""

from __future__ import annotations

import dataclasses
import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dying
import fixtures
import pytest

from policy_scan import worker
from policy_scan.config import load_config
from policy_scan.decisions import PublishedDecision, place_of, write_decisions
from policy_scan.keys import hash_bytes, hash_file
from policy_scan.records import Cell, Decision, Document, Issue, Page, Provision
from policy_scan.report import export_run
from policy_scan.report.common import load_run
from policy_scan.runner import TABLES, RunResult, run, stale_documents
from policy_scan.tables import read_parquet, read_records

LAW = [
    "LOI DU 3 MARS 2021 RELATIVE AUX DEMARCHES EN LIGNE",
    "",
    "Art. 1er. La demande est introduite au moyen du formulaire en ligne de la commune.",
    "",
    "Art. 2. Toute personne peut aussi se rendre au guichet, sans rendez-vous.",
    "",
    "Art. 3. La presente loi entre en vigueur le premier jour du mois suivant.",
]
SETTINGS = {"run": {"jobs": 1}, "codings": {"setting": "fast"}}
"""Nothing here asks how well is coded, and each of the runs would load the encoder."""
THEME = "non_digital_access"


def _corpus(root: Path) -> Path:
    for folder in ("FR", "LU"):
        (root / folder).mkdir(parents=True)
    fixtures.write_pdf(root / "FR" / "a.pdf", [LAW])
    fixtures.write_pdf(root / "FR" / "b.pdf", [LAW[2:], LAW[:3]])
    fixtures.write_pdf(root / "LU" / "c.pdf", [[*LAW, "", "Art. 4. Le ministre est charge de son execution."]])
    return root


def _run(corpus: Path, output: Path, **changes: object) -> RunResult:
    return run(corpus, output, load_config(None, {**SETTINGS, **changes}))


def _hashes(output: Path) -> dict[str, str]:
    return {f"{name}.{kind}": hash_file(output / f"{name}.{kind}") for name in TABLES for kind in ("parquet", "csv")}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, RunResult]:
    """A corpus, its output, and the result of a first run over it."""
    folder = tmp_path_factory.mktemp("run")
    corpus = _corpus(folder / "corpus")
    return corpus, folder / "out", _run(corpus, folder / "out")


def test_every_table_is_there_and_five_jurisdictions_have_columns(done: tuple[Path, Path, RunResult]) -> None:
    _, output, result = done
    assert result.exit_code == 0
    for name in TABLES:
        assert (output / f"{name}.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    names = read_parquet(output / "state_of_play.parquet").schema.names
    assert names == [
        "theme",
        *[f"{j}_{what}" for j in ("FR", "BE", "GR", "LU", "RO") for what in ("status", "citation")],
    ]
    published = {path.name for path in output.rglob("*.parquet")}
    assert not [path for path in (output / ".cache").rglob("*.*") if path.name.rsplit(".")[0] in TABLES]
    assert {f"{name}.parquet" for name in TABLES} <= published


def test_every_provision_is_verbatim_in_its_pages(done: tuple[Path, Path, RunResult]) -> None:
    output = done[1]
    texts = {(row["doc_id"], row["page"]): row["text"] for row in read_parquet(output / "pages.parquet").to_pylist()}
    provisions = read_records(output, "provisions", Provision)
    assert len(provisions) >= 9
    for provision in provisions:
        assert provision.text == "\n".join(texts[provision.doc_id, page][a:b] for page, a, b in provision.spans)


def test_a_second_run_does_no_work(done: tuple[Path, Path, RunResult]) -> None:
    corpus, output, _ = done

    def written() -> dict[Path, int]:
        # The index notes files that were too new when the first run hashed them.
        return {path: path.stat().st_mtime_ns for path in output.rglob("*") if path.is_file() and path.name != "index"}

    before = written()
    again = _run(corpus, output)
    assert (again.computed, again.unchanged) == (0, True)
    assert written() == before


def test_an_added_document_computes_only_itself(tmp_path: Path) -> None:
    corpus, output = _corpus(tmp_path / "corpus"), tmp_path / "out"
    _run(corpus, output)
    fixtures.write_pdf(corpus / "LU" / "d.pdf", [["Art. 1er. Le guichet unique est ouvert a tous."]])
    more = _run(corpus, output)
    assert more.computed == 1
    assert len(more.documents) == 4
    (corpus / "FR" / "a.pdf").unlink()
    fewer = _run(corpus, output)
    assert (fewer.computed, len(fewer.documents)) == (0, 3)


def test_a_lost_table_is_written_again(done: tuple[Path, Path, RunResult]) -> None:
    corpus, output, _ = done
    before = _hashes(output)
    (output / "cells.csv").write_text("spoilt", encoding="utf-8")
    (output / "pages.parquet").unlink()
    assert not _run(corpus, output).unchanged
    assert _hashes(output) == before


def test_a_damaged_cache_entry_is_computed_again(tmp_path: Path) -> None:
    corpus, output = _corpus(tmp_path / "corpus"), tmp_path / "out"
    _run(corpus, output)
    before = _hashes(output)
    victim = next((output / ".cache" / "provisions").rglob("provision.parquet"))
    victim.write_bytes(victim.read_bytes()[:-7])
    others = {file: file.stat().st_mtime_ns for file in (output / ".cache" / "codings").rglob("*.parquet")}
    (output / "provisions.parquet").unlink()
    result = _run(corpus, output)
    assert (result.exit_code, result.computed) == (0, 1)
    assert _hashes(output) == before
    assert sum(file.stat().st_mtime_ns == then for file, then in others.items()) == len(others) - 1
    assert not list(output.rglob("*.tables"))


def test_tables_that_look_as_they_were_written_arent_read_again_and_others_are(
    done: tuple[Path, Path, RunResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, output = done[0], tmp_path / "out"
    shutil.copytree(done[1], output)
    (output / "pages.csv").unlink()
    assert not _run(corpus, output).unchanged
    read: list[str] = []

    def hashing(file: Path) -> str:
        read.append(file.name)
        return hash_file(file)

    monkeypatch.setattr("policy_scan.runner.hash_file", hashing)
    assert _run(corpus, output).unchanged and read == []
    (output / "blocks.csv").touch()
    assert _run(corpus, output).unchanged and read == ["blocks.csv"]
    cells = output / "cells.parquet"
    before, then = cells.read_bytes(), cells.stat()
    cells.write_bytes(before[:-9] + bytes(9))
    os.utime(cells, ns=(then.st_atime_ns, then.st_mtime_ns))
    assert not _run(corpus, output).unchanged
    assert cells.read_bytes() == before


def _broken(corpus: Path) -> dict[str, str]:
    """Broken files beside sound ones: path -> a word that their message must hold."""
    makers: dict[str, tuple[Callable[[Path], Path], str]] = {
        "empty.pdf": (fixtures.empty_file, "empty"),
        "truncated.pdf": (fixtures.truncated_pdf, ""),
        "encrypted.pdf": (fixtures.encrypted_pdf, "password"),
        "garbage.pdf": (fixtures.garbage_file, "PDF"),
        "photo.pdf": (fixtures.jpeg_renamed, "PDF"),
        "zero.pdf": (fixtures.zero_page_pdf, "page"),
    }
    for name, (make, _) in makers.items():
        make(corpus / "FR" / name)
    return {f"FR/{name}": word for name, (_, word) in makers.items()}


def test_broken_files_are_named_with_a_next_step_and_the_rest_goes_on(tmp_path: Path) -> None:
    corpus, output = _corpus(tmp_path / "corpus"), tmp_path / "out"
    words = _broken(corpus)
    result = _run(corpus, output)
    assert result.exit_code == 1
    status = {document.path: document.status for document in result.documents}
    assert {path for path, state in status.items() if state == "ok"} == {"FR/a.pdf", "FR/b.pdf", "LU/c.pdf"}
    by_id = {document.doc_id: document.path for document in result.documents}
    errors = {by_id[issue.doc_id]: issue for issue in result.issues if issue.severity == "error" and issue.doc_id}
    for path, word in words.items():
        assert status[path] in ("failed", "partial")
        assert word.lower() in errors[path].message.lower()
        assert errors[path].next_step
    # What failed for good is not tried again.
    again = _run(corpus, output)
    assert (again.computed, again.exit_code) == (0, 1)


def test_a_corpus_of_broken_files_ends_with_nothing_done(tmp_path: Path) -> None:
    (tmp_path / "corpus" / "FR").mkdir(parents=True)
    fixtures.garbage_file(tmp_path / "corpus" / "FR" / "a.pdf")
    result = _run(tmp_path / "corpus", tmp_path / "out")
    assert result.exit_code == 3
    assert {row["FR_status"] for row in read_parquet(tmp_path / "out" / "state_of_play.parquet").to_pylist()} == {
        "not_searched"
    }


def test_an_excluded_document_is_listed_with_its_reason_and_not_read(tmp_path: Path) -> None:
    corpus, output = _corpus(tmp_path / "corpus"), tmp_path / "out"
    (corpus / "manifest.csv").write_text("path,include,exclude_reason\nFR/b.pdf,no,a superseded draft\n", "utf-8")
    result = _run(corpus, output)
    excluded = next(document for document in result.documents if document.path == "FR/b.pdf")
    assert (excluded.status, excluded.exclude_reason, excluded.n_pages) == ("excluded", "a superseded draft", 0)
    assert result.exit_code == 0
    assert not [p for p in read_records(output, "provisions", Provision) if p.doc_id == excluded.doc_id]


@pytest.mark.parametrize(
    ("task", "category", "limit"), [(dying.die_on_b, "crash", 300.0), (dying.hang_on_b, "timeout", 5.0)]
)
def test_a_worker_that_dies_or_hangs_costs_its_document_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: Callable[..., object], category: str, limit: float
) -> None:
    corpus, output = _corpus(tmp_path / "corpus"), tmp_path / "out"
    monkeypatch.setattr("policy_scan.engine.work", task)
    result = _run(corpus, output, run={"jobs": 1, "seconds_per_document": limit})
    status = {document.path: document.status for document in read_records(output, "documents", Document)}
    assert status == {"FR/a.pdf": "ok", "FR/b.pdf": "failed", "LU/c.pdf": "ok"}
    issue = next(issue for issue in read_records(output, "issues", Issue) if issue.severity == "error")
    assert issue.category == category
    assert "FR/b.pdf" in issue.message
    assert result.exit_code == 1
    monkeypatch.undo()
    assert _run(corpus, output).exit_code == 0


def _start(corpus: Path, output: Path) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-m",
        "policy_scan",
        "run",
        "--fast",
        "--corpus",
        str(corpus),
        "--output",
        str(output),
        "--jobs",
        "2",
    ]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


@pytest.mark.skipif(sys.platform == "win32", reason="kills a process group, which Windows has not")
@pytest.mark.parametrize("moment", [0.7, 1.4, 2.1])
def test_a_killed_run_resumes_and_ends_with_the_same_bytes(
    tmp_path: Path, done: tuple[Path, Path, RunResult], moment: float
) -> None:
    corpus, undisturbed, _ = done
    process = _start(corpus, tmp_path / "out")
    time.sleep(moment)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    _run(corpus, tmp_path / "out")
    assert _hashes(tmp_path / "out") == _hashes(undisturbed)
    assert not list((tmp_path / "out").rglob(".tmp-*"))


def test_the_run_file_says_with_what_it_was_made(done: tuple[Path, Path, RunResult]) -> None:
    run_file = json.loads((done[1] / "run.json").read_text(encoding="utf-8"))
    assert run_file["counts"]["documents"] == 3
    assert run_file["stages"]["provisions"] >= 1
    assert run_file["configuration"]["ocr"]["dpi"] == load_config().ocr.dpi
    assert set(run_file["files"]) == {f"{name}.{kind}" for name in TABLES for kind in ("parquet", "csv")}


def test_what_changed_since_the_run_is_told(tmp_path: Path) -> None:
    corpus, output = _corpus(tmp_path / "corpus"), tmp_path / "out"
    result = _run(corpus, output)
    assert list(stale_documents(corpus, result.documents)) == []
    fixtures.write_pdf(corpus / "LU" / "new.pdf", [["Art. 1er. Texte."]])
    fixtures.write_pdf(corpus / "FR" / "a.pdf", [["Art. 1er. Autre texte."]])
    (corpus / "FR" / "b.pdf").unlink()
    assert sorted(stale_documents(corpus, result.documents)) == [
        ("FR/a.pdf", "changed"), ("FR/b.pdf", "removed"), ("LU/new.pdf", "new"),
    ]  # fmt: skip


def _decide(output: Path, word: str, verdict: str, reviewer: str = "ada", **changes: object) -> Decision:
    """A decision on the French provision that holds `word`, as a reviewer of this output would leave it."""
    found = [one for one in read_records(output, "provisions", Provision) if one.jurisdiction == "FR"]
    provision = next(one for one in found if word in one.text)
    pages = {(page.doc_id, page.page): page.text for page in read_records(output, "pages", Page)}
    place = place_of(provision, pages)
    row = {
        "decision_id": uuid.uuid4().hex, "at": "2026-03-01T10:00:00Z", "reviewer": reviewer, "role": "coder",
        "doc_id": provision.doc_id, "provision_id": provision.provision_id, "page": place.page, "start": place.start,
        "end": place.end, "text_hash": place.text_hash, "quotation": place.quotation, "before": place.before,
        "after": place.after, "theme": THEME, "verdict": verdict, "force": "", "evidence": "[]", "note": "",
        "translation": "", "machine_probability": None, "machine_assigned": False, "model_version": "m",
        "replaces": "", "origin": "search",
    }  # fmt: skip
    return Decision(**{**row, **changes})  # type: ignore[arg-type]


def _cell(result: RunResult) -> Cell:
    return next(cell for cell in result.cells if (cell.theme, cell.jurisdiction) == (THEME, "FR"))


def test_reviewers_decisions_change_the_table_and_its_reports(
    done: tuple[Path, Path, RunResult], tmp_path: Path
) -> None:
    corpus, first, plain = done
    output = tmp_path / "out"
    shutil.copytree(first, output)
    file = tmp_path / "decisions.jsonl"
    config = load_config(None, SETTINGS)
    codings = (output / "codings.parquet").read_bytes()
    assert read_records(output, "decisions", PublishedDecision) == []

    # A theme that the machine didn't see in the closing article: added, with the force that the reviewer gave it.
    added = _decide(output, "entre en vigueur", "yes", force="prohibition")
    write_decisions(file, [added])
    result = run(corpus, output, config, decisions=file)
    cell = _cell(result)
    assert added.provision_id in cell.evidence and cell.status == "binding" and result.computed == 0
    assert cell.review_state == ("part" if len(cell.evidence) > 1 else "all")
    assert added.provision_id not in _cell(plain).evidence
    assert (output / "codings.parquet").read_bytes() == codings
    [row] = read_records(output, "decisions", PublishedDecision)
    assert (row.anchor, row.outcome, row.anchored_to) == ("exact", "yes", added.provision_id)
    [reported] = [
        one for one in load_run(output).codings if (one.provision_id, one.theme) == (added.provision_id, THEME)
    ]
    assert (reported.assigned, reported.force, reported.method) == (True, "prohibition", "reviewed")
    for kind in ("html", "xlsx"):
        export_run(load_run(output), kind, "en", tmp_path / f"table.{kind}")

    # Nothing changed: nothing is written.
    before = {path: path.stat().st_mtime_ns for path in output.glob("*.*")}
    assert run(corpus, output, config, decisions=file).unchanged
    assert {path: path.stat().st_mtime_ns for path in output.glob("*.*")} == before

    # A second coder differs: disputed, not applied; every one that supports it rejected: it supports it no longer.
    write_decisions(file, [added, _decide(output, "entre en vigueur", "no", "bo")])
    result = run(corpus, output, config, decisions=file)
    assert not result.unchanged and _cell(result).review_state == "disputed"
    assert added.provision_id not in _cell(result).evidence
    rejected = [
        dataclasses.replace(added, decision_id=f"{i:032x}", verdict="no", provision_id=one.provision_id,
                            doc_id=one.doc_id, quotation=one.text, text_hash=hash_bytes(one.text.encode()))
        for i, one in enumerate(read_records(output, "provisions", Provision))
    ]  # fmt: skip
    write_decisions(file, rejected)
    cell = _cell(run(corpus, output, config, decisions=file))
    assert (cell.status, cell.evidence, cell.to_check) == ("not_found", (), ())

    # Without them the table is the machine's again.
    assert _cell(run(corpus, output, config)) == _cell(plain)
    assert _hashes(output) == _hashes(first)


def test_a_decision_that_lost_its_text_is_told_and_not_applied(
    done: tuple[Path, Path, RunResult], tmp_path: Path
) -> None:
    corpus, first, _ = done
    shutil.copytree(first, tmp_path / "out")
    lost = _decide(tmp_path / "out", "guichet", "no", provision_id="0" * 64, quotation="Un tout autre texte.",
                   text_hash=hash_bytes(b"Un tout autre texte."))  # fmt: skip
    write_decisions(tmp_path / "d.jsonl", [lost])
    result = run(corpus, tmp_path / "out", load_config(None, SETTINGS), decisions=tmp_path / "d.jsonl")
    assert [(issue.doc_id, issue.stage) for issue in result.issues if issue.category == "stale_decision"] == [
        (lost.doc_id, "decisions")
    ]
    [row] = read_records(tmp_path / "out", "decisions", PublishedDecision)
    assert (row.live, row.anchor, row.outcome) == (True, "stale", "")


def test_what_a_document_leaves_in_cycles_is_gone_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Knot:
        itself: Knot

    left: list[weakref.ref[Knot]] = []

    def tie(*_: Any) -> str:
        knot = Knot()
        knot.itself = knot
        left.append(weakref.ref(knot))
        return "done"

    monkeypatch.setattr(worker, "_work", tie)
    monkeypatch.setattr(worker, "_state", object())
    nothing: Any = None
    gc.disable()
    try:
        assert worker.work(nothing) == "done"
    finally:
        gc.enable()
    assert left[0]() is None
