"""Broken and hostile files: a run over them ends, each stands in the table with why and what to do, nothing bursts.

A small seeded share of what benchmarks/mutants.py does at length, over the shipped samples.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import dying
import hostile_files
import mutants
import pytest

from policy_scan.config import load_config
from policy_scan.corpus import find_files
from policy_scan.errors import UnreadableError
from policy_scan.pdf import open_pdf
from policy_scan.records import Document, Issue
from policy_scan.runner import run
from policy_scan.tables import read_records

NO_OCR = {"ocr": {"enabled": False}, "codings": {"setting": "fast"}}


def test_a_seeded_share_of_mutants_and_hostile_files_ends_in_the_table(shipped_corpus: Path, tmp_path: Path) -> None:
    files = [file for file in sorted(shipped_corpus.rglob("*.pdf")) if file.stat().st_size < 52_000]
    items = mutants.make_mutants(files, len(mutants.MUTATIONS), seed=8)
    assert items == mutants.make_mutants(files, len(items), seed=8)
    items += [(kind, hostile_files.hostile()[kind]()) for kind in ("only_a_header", "only_zeros", "javascript")]
    report = mutants.Report()
    mutants.run_batch(tmp_path, mutants.lay_out(tmp_path / "corpus", items), report, seconds=60, jobs=2)
    assert report.broken == []
    assert sum(counts.total() for counts in report.outcomes.values()) == len(items)
    assert set(report.outcomes["only_a_header"]) == {"failed (broken)"}
    assert set(report.outcomes["javascript"]) == {"ok"}
    assert "| only_zeros " in mutants.table_of(report)


def test_a_document_that_needs_more_memory_than_a_worker_may_take_fails_alone(tmp_path: Path) -> None:
    folder = tmp_path / "corpus" / "FR"
    folder.mkdir(parents=True)
    (folder / "bomb.pdf").write_bytes(hostile_files.one_page(hostile_files.stream(b"q " * 6_000_000, times=2)))
    (folder / "sound.pdf").write_bytes(hostile_files.one_page(hostile_files.stream(hostile_files.TEXT)))
    config = load_config(None, {**NO_OCR, "run": {"jobs": 1, "megabytes_per_worker": 500}})
    result = run(tmp_path / "corpus", tmp_path / "out", config)
    status = {document.path: document.status for document in result.documents}
    assert status["FR/sound.pdf"] == "ok"
    if sys.platform == "linux":
        assert status["FR/bomb.pdf"] == "failed"
        [issue] = [one for one in read_records(tmp_path / "out", "issues", Issue) if one.severity == "error"]
        assert issue.category in ("crash", "memory") and "megabytes_per_worker" in issue.next_step


def test_a_process_that_lacked_memory_takes_no_further_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "corpus" / "FR"
    folder.mkdir(parents=True)
    page = hostile_files.one_page(hostile_files.stream(hostile_files.TEXT))
    for name, data in (("b", page + bytes(99)), ("a", page + b"\n"), ("c", page)):  # the largest goes first
        (folder / f"{name}.pdf").write_bytes(data)
    monkeypatch.setattr("policy_scan.engine.work", dying.starve_on_b)
    result = run(tmp_path / "corpus", tmp_path / "out", load_config(None, {**NO_OCR, "run": {"jobs": 1}}))
    assert {d.path: d.status for d in result.documents} == {"FR/a.pdf": "ok", "FR/b.pdf": "failed", "FR/c.pdf": "ok"}
    assert [issue.category for issue in result.issues if issue.severity == "error"] == ["memory"]
    [starved] = dying.attempts(tmp_path / "corpus", "FR/b.pdf")
    assert starved not in dying.attempts(tmp_path / "corpus", "FR/a.pdf")
    assert starved not in dying.attempts(tmp_path / "corpus", "FR/c.pdf")


@pytest.mark.parametrize("kind", ["font_huge", "font_zero", "matrix_huge", "matrix_flat", "far_away", "box_overflow"])
def test_impossible_sizes_are_read_without_a_warning(kind: str) -> None:
    with open_pdf(hostile_files.hostile()[kind]()) as pdf:
        assert pdf.sheet(1).text is not None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows forbids such names")
def test_odd_names_are_read_and_shown_in_one_printable_line(tmp_path: Path) -> None:
    folder = tmp_path / "corpus" / "FR"
    folder.mkdir(parents=True)
    names = hostile_files.odd_names()
    for k, name in enumerate(names):
        with open(os.fsencode(folder) + b"/" + name, "wb") as stream:  # noqa: PTH123 - bytes that are no text
            stream.write(hostile_files.one_page(hostile_files.stream(hostile_files.TEXT + b" " * k)))
    result = run(tmp_path / "corpus", tmp_path / "out", load_config(None, {**NO_OCR, "run": {"jobs": 1}}))
    assert result.exit_code == 0
    paths = [document.path for document in read_records(tmp_path / "out", "documents", Document)]
    assert len(paths) == len(names) and all(path.isprintable() for path in paths)


@pytest.mark.skipif(sys.platform == "win32", reason="needs links and pipes")
def test_links_that_lead_nowhere_or_to_folders_and_pipes_are_told_and_not_opened(tmp_path: Path) -> None:
    corpus, outside = tmp_path / "corpus", tmp_path / "outside"
    (corpus / "FR").mkdir(parents=True), outside.mkdir()
    page = hostile_files.one_page(hostile_files.stream(hostile_files.TEXT))
    (corpus / "FR" / "a.pdf").write_bytes(page), (outside / "secret.pdf").write_bytes(page + b"%")
    (corpus / "FR" / "loop.pdf").symlink_to("loop.pdf")
    (corpus / "FR" / "gone.pdf").symlink_to("nothing.pdf")
    (corpus / "LU").symlink_to(outside, target_is_directory=True)
    (corpus / "FR" / "round").symlink_to(corpus, target_is_directory=True)
    os.mkfifo(corpus / "FR" / "pipe.pdf")
    files, issues = find_files(corpus)
    assert [file.path for file in files] == ["FR/a.pdf"]
    assert {issue.message.split()[0]: issue.category for issue in issues} == {
        "FR/loop.pdf": "unreadable", "FR/gone.pdf": "unreadable", "FR/pipe.pdf": "unreadable", "LU": "link",
        "FR/round": "link",
    }  # fmt: skip
    result = run(corpus, tmp_path / "out", load_config(None, {**NO_OCR, "run": {"jobs": 1}}))
    assert result.exit_code == 1 and [document.status for document in result.documents] == ["ok"]


def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FR", "LU"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.pdf").write_bytes(hostile_files.one_page(hostile_files.stream(hostile_files.TEXT)))
    scandir = os.scandir

    def refusing(path: str) -> object:
        if str(path).endswith("LU"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    files, [issue] = find_files(tmp_path)
    assert [file.path for file in files] == ["FR/a.pdf"]
    assert issue.category == "unreadable" and "LU" in issue.message


def test_a_file_that_cannot_be_read_for_a_while_is_read_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "corpus" / "FR").mkdir(parents=True)
    (tmp_path / "corpus" / "FR" / "b.pdf").write_bytes(hostile_files.one_page(hostile_files.stream(hostile_files.TEXT)))
    config = load_config(None, {**NO_OCR, "run": {"jobs": 1}})
    monkeypatch.setattr("policy_scan.engine.work", dying.refuse_to_read)
    result = run(tmp_path / "corpus", tmp_path / "out", config)
    assert (result.exit_code, result.issues[-1].category) == (3, UnreadableError.category)
    monkeypatch.undo()
    assert run(tmp_path / "corpus", tmp_path / "out", config).exit_code == 0
