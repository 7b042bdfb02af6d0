"""Files made to harm or to puzzle: what comes of each, in one run over all that take neither long nor much memory.

The others are in the long run: python benchmarks/mutants.py CORPUS.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import hostile_files
import pytest

from policy_scan.config import load_config
from policy_scan.corpus import find_files
from policy_scan.errors import BrokenError, NothingToDoError
from policy_scan.pdf import open_pdf
from policy_scan.records import Document, Issue, Page, Source
from policy_scan.runner import run
from policy_scan.stages.pages import read_pages
from policy_scan.tables import read_records

WORDS = "Any person may ask for help at the counter of the commune."
NO_OCR = {"ocr": {"enabled": False}, "codings": {"setting": "fast"}}
SOURCE = Source("0" * 64, "FR/sample.pdf", (), "FR", ("FR",))

FAILS = {
    "page_tree_only_itself": "broken", "page_tree_deep": "broken", "object_stream_cycle": "broken",
    "encryption_unknown": "encrypted", "encryption_short": "encrypted", "encryption_certificate": "encrypted",
    "nothing": "broken", "only_zeros": "broken", "only_a_header": "broken", "only_a_trailer": "broken",
    "no_catalog": "broken", "scan_huge": "ocr", "encryption_cycle": "encrypted",
    **{f"{name}_as_pdf": "broken" for name in hostile_files.DISGUISED},
}  # fmt: skip
"""Files of which nothing can be read, and the category of the issue that says so."""
OTHERWISE = {
    "form_cycle", "font_cycle", "font_range", "font_widths", "font_zero", "font_huge", "box_crop_elsewhere",
    "type3_draws_itself", "type3_draws_the_page", "control_text", "matrix_huge", "matrix_flat",
}  # fmt: skip
"""Files that are read, but whose text is another than WORDS."""
CHEAP = [kind for kind in hostile_files.hostile() if kind not in hostile_files.BURSTING]


@dataclass(frozen=True)
class Results:
    """What a run made of each file, by kind."""

    exit_code: int
    documents: dict[str, Document]
    texts: dict[str, str]
    issues: dict[str, list[Issue]]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """One run over all cheap hostile files, the puzzling ones, and a sound one cut off at each tenth."""
    root = tmp_path_factory.mktemp("hostile")
    folder, out = root / "corpus" / "FR", root / "out"
    folder.mkdir(parents=True)
    hostile, sound = hostile_files.hostile(), hostile_files.many_pages(20)
    made = {kind: hostile[kind]() for kind in CHEAP}
    made |= {f"puzzle_{kind}": make() for kind, make in hostile_files.puzzling().items()}
    made |= {f"cut_{k}": sound[: len(sound) * k // 10] for k in range(1, 10)}
    for kind, data in made.items():
        (folder / f"{kind}.pdf").write_bytes(data)
    config = load_config(None, {**NO_OCR, "run": {"jobs": 2, "seconds_per_document": 120}})
    result = run(root / "corpus", out, config)
    documents = read_records(out, "documents", Document)
    kinds = {
        path: path.removeprefix("FR/").removesuffix(".pdf") for d in documents for path in (d.path, *d.other_paths)
    }
    named = {kinds[path]: d for d in documents for path in (d.path, *d.other_paths)}
    pages = read_records(out, "pages", Page)
    issues = read_records(out, "issues", Issue)
    assert set(named) == set(made)
    return Results(
        result.exit_code,
        named,
        {kind: "\n".join(page.text for page in pages if page.doc_id == d.doc_id) for kind, d in named.items()},
        {kind: [issue for issue in issues if issue.doc_id == d.doc_id] for kind, d in named.items()},
    )


@pytest.mark.parametrize("kind", CHEAP)
def test_a_hostile_file_is_read_or_says_why_not(results: Results, kind: str) -> None:
    document, issues = results.documents[kind], results.issues[kind]
    assert all(issue.category != "internal" for issue in issues)
    if kind in FAILS:
        assert document.status == "failed"
        assert FAILS[kind] in [issue.category for issue in issues if issue.severity == "error" and issue.next_step]
    elif kind not in OTHERWISE:
        assert document.status in ("ok", "partial") and WORDS in results.texts[kind]
    if document.status != "ok":
        assert any(issue.severity == "error" and issue.message and issue.next_step for issue in issues)


@pytest.mark.parametrize("kind", hostile_files.puzzling())
def test_a_sound_file_in_an_unusual_form_gives_the_plain_ones_text(results: Results, kind: str) -> None:
    kind = f"puzzle_{kind}"
    assert results.documents[kind].status == "ok"
    assert results.texts[kind] == results.texts["puzzle_plain"] == f"Art. 1. {WORDS}"
    told = {issue.category for issue in results.issues[kind]} - {"duplicate"}
    assert told == ({"mended"} if kind == "puzzle_no_xref" else set())


@pytest.mark.parametrize("tenth", range(1, 10))
def test_a_file_cut_off_at_any_place_never_passes_for_whole(results: Results, tenth: int) -> None:
    document, issues = results.documents[f"cut_{tenth}"], results.issues[f"cut_{tenth}"]
    if document.status == "failed":
        assert any(issue.severity == "error" and issue.next_step for issue in issues)
    else:
        assert any(issue.category == "mended" for issue in issues)


@pytest.mark.parametrize("name", hostile_files.DISGUISED)
def test_a_file_under_a_wrong_name_is_told_what_it_looks_like(results: Results, name: str) -> None:
    [issue] = [issue for issue in results.issues[f"{name}_as_pdf"] if issue.severity == "error"]
    assert f"not a PDF: it is {hostile_files.DISGUISED[name][1]}" in issue.message


def test_a_password_and_a_damaged_lock_are_told_apart_from_damage(results: Results) -> None:
    [issue] = [issue for issue in results.issues["encryption_certificate"] if issue.severity == "error"]
    assert "password" in issue.message and "without" in issue.next_step


def test_two_pdfs_in_one_file_are_told() -> None:
    first = hostile_files.many_pages(3)
    second = hostile_files.one_page(hostile_files.stream(hostile_files.TEXT.replace(b"Any person", b"Nobody")))
    _, _, issues = read_pages(SOURCE, first + second, load_config(overrides=NO_OCR))
    [joined] = [issue for issue in issues if issue.category == "joined"]
    assert joined.severity == "warning" and joined.message.startswith("2 PDFs")


def test_more_pages_than_the_limit_fail_and_within_it_all_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "corpus" / "FR"
    folder.mkdir(parents=True)
    (folder / "long.pdf").write_bytes(hostile_files.many_pages(12))
    (folder / "short.pdf").write_bytes(hostile_files.many_pages(6))
    config = load_config(None, {**NO_OCR, "run": {"jobs": 1, "pages_per_document": 10}})
    result = run(tmp_path / "corpus", tmp_path / "out", config)
    by_path = {document.path: document for document in result.documents}
    assert by_path["FR/long.pdf"].status == "failed" and by_path["FR/short.pdf"].n_pages == 6
    [issue] = [issue for issue in result.issues if issue.severity == "error"]
    assert issue.category == "too_large" and "12 pages" in issue.message and "pages_per_document" in issue.next_step
    raised = load_config(None, {**NO_OCR, "run": {"jobs": 1, "pages_per_document": 12}})
    again = run(tmp_path / "corpus", tmp_path / "out", raised)
    assert {document.status for document in again.documents} == {"ok"} and again.exit_code == 0


def test_a_file_larger_than_the_limit_fails_with_its_reason_in_the_run(tmp_path: Path) -> None:
    folder = tmp_path / "corpus" / "FR"
    folder.mkdir(parents=True)
    page = hostile_files.one_page(hostile_files.stream(hostile_files.TEXT))
    (folder / "large.pdf").write_bytes(page + bytes(1_100_000))
    (folder / "small.pdf").write_bytes(page)
    config = load_config(None, {**NO_OCR, "run": {"jobs": 1, "megabytes_per_file": 1}})
    result = run(tmp_path / "corpus", tmp_path / "out", config)
    assert {d.path: d.status for d in result.documents} == {"FR/large.pdf": "failed", "FR/small.pdf": "ok"}
    [issue] = [issue for issue in result.issues if issue.severity == "error"]
    assert issue.category == "too_large" and "megabytes_per_file" in issue.next_step


def test_an_archive_that_holds_a_pdf_is_an_archive() -> None:
    archive = hostile_files.DISGUISED["word"][0] + b"x" * 3000 + hostile_files.one_page(b"<< /Length 0 >>")
    with pytest.raises(BrokenError, match="it is a Word, Excel or zip file"), open_pdf(archive):
        pass


def test_a_pdf_under_another_name_is_told_and_how_to_have_it_read(tmp_path: Path) -> None:
    folder = tmp_path / "FR"
    folder.mkdir()
    page = hostile_files.one_page(hostile_files.stream(hostile_files.TEXT))
    misnamed = ("strategy", "law.txt", "plan.doc", "decree.pdf.download")
    for name in misnamed:
        (folder / name).write_bytes(page)
    with pytest.raises(NothingToDoError, match="looks like a PDF"):
        find_files(tmp_path)
    (folder / "a.pdf").write_bytes(page)
    (folder / "notes.txt").write_text("The format begins with %PDF-1.7", encoding="utf-8")
    (folder / "real.doc").write_bytes(b"\xd0\xcf\x11\xe0")
    files, issues = find_files(tmp_path)
    assert [file.path for file in files] == ["FR/a.pdf"]
    told = {issue.message.split()[0]: issue for issue in issues}
    assert set(told) == {f"FR/{name}" for name in misnamed} | {"FR/real.doc"}
    assert all("looks like a PDF" in told[f"FR/{name}"].message for name in misnamed)
    assert all(".pdf" in told[f"FR/{name}"].next_step and told[f"FR/{name}"].severity == "warning" for name in misnamed)
    assert told["FR/real.doc"].severity == "info"
