"""The real corpus from PDF to table, scans aside: nothing dropped, everything verbatim, every cell can be followed."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path

import pypdfium2
import pytest

from policy_scan.config import load_config
from policy_scan.records import CELL_STATUSES, FORCES, Cell, Coding, Document, Issue, Page, Provision
from policy_scan.runner import RunResult, run
from policy_scan.tables import read_parquet, read_records

pytestmark = [pytest.mark.corpus, pytest.mark.timeout(600)]


_MEASURED = """
import pathlib, resource, subprocess, sys
done = subprocess.run(sys.argv[2:])
unit = 1 if sys.platform == "darwin" else 1024
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
pathlib.Path(sys.argv[1]).write_text(str(peak))
sys.exit(done.returncode)
"""


@pytest.fixture(scope="module")
def done(real_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, RunResult]:
    """The corpus, the output folder, and what a second run says of it; the first is a command of its own.

    A small process starts it and writes down the memory of its largest process: a child that the tests themselves
    start would be counted with the memory that it inherits from them.
    """
    output = tmp_path_factory.mktemp("real") / "out"
    config = output.parent / "no-ocr.yaml"
    config.write_text("ocr: {enabled: false}\n", encoding="utf-8")
    command = [sys.executable, "-m", "policy_scan", "run", "--corpus", str(real_corpus), "--output", str(output)]
    outside = [sys.executable, "-c", _MEASURED, str(output.parent / "peak"), *command, "--config", str(config)]
    first = subprocess.run(outside, capture_output=True, encoding="utf-8", check=False)
    assert first.returncode == 1, first.stderr  # the scans can't be read without OCR
    return real_corpus, output, run(real_corpus, output, load_config(config))


@pytest.fixture(scope="module")
def provisions(done: tuple[Path, Path, RunResult]) -> list[Provision]:
    return read_records(done[1], "provisions", Provision)


@pytest.fixture(scope="module")
def pages(done: tuple[Path, Path, RunResult]) -> dict[tuple[str, int], Page]:
    return {(page.doc_id, page.page): page for page in read_records(done[1], "pages", Page)}


def test_every_file_is_in_the_table_of_documents(done: tuple[Path, Path, RunResult]) -> None:
    corpus, output, result = done
    documents = read_records(output, "documents", Document)
    listed = {path for document in documents for path in (document.path, *document.other_paths)}
    assert listed == {str(path.relative_to(corpus)) for path in corpus.rglob("*.pdf")}
    assert result.exit_code == 1
    assert {d.status for d in documents} == {"ok", "partial", "failed"}


def test_each_failure_is_an_issue_with_a_next_step(done: tuple[Path, Path, RunResult]) -> None:
    output = done[1]
    issues = read_records(output, "issues", Issue)
    assert all(issue.message and issue.next_step for issue in issues)
    told = {(issue.doc_id, issue.page) for issue in issues}
    failed = [page for page in read_records(output, "pages", Page) if page.status == "failed"]
    assert failed
    assert all((page.doc_id, page.page) in told for page in failed)


def test_every_provision_is_verbatim_and_every_box_lies_on_its_page(
    provisions: list[Provision], pages: dict[tuple[str, int], Page]
) -> None:
    assert len({provision.provision_id for provision in provisions}) == len(provisions) > 5000
    for provision in provisions:
        parts = [pages[provision.doc_id, page].text[start:end] for page, start, end in provision.spans]
        assert provision.text == "\n".join(parts)
        assert all(parts)
        assert provision.boxes
        for number, x0, y0, x1, y1 in provision.boxes:
            page = pages[provision.doc_id, int(number)]
            assert 0 <= x0 < x1 <= page.width + 0.01
            assert 0 <= y0 < y1 <= page.height + 0.01
        assert (provision.page_first, provision.page_last) == (provision.spans[0][0], provision.spans[-1][0])
        if provision.label:
            assert provision.label_path[-1] == provision.label


def test_pages_are_nfc_and_every_readable_document_yields_provisions(
    done: tuple[Path, Path, RunResult], provisions: list[Provision], pages: dict[tuple[str, int], Page]
) -> None:
    assert all(unicodedata.is_normalized("NFC", page.text) for page in pages.values())
    with_provisions = {provision.doc_id for provision in provisions}
    readable = {document.doc_id for document in done[2].documents if document.status != "failed"}
    assert readable <= with_provisions


def _letters(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def test_quotations_stand_in_the_pdf_itself(done: tuple[Path, Path, RunResult], provisions: list[Provision]) -> None:
    """Against pdfium's own plain text, letters only: a tenth of the documents' provisions of one page."""
    corpus, _, result = done
    paths = {document.doc_id: document.path for document in result.documents}
    chosen = sorted({p.doc_id for p in provisions if "mojibake" not in paths[p.doc_id]})[::10]
    for doc_id in chosen:
        pdf = pypdfium2.PdfDocument(corpus / paths[doc_id])
        plain: dict[int, str] = {}
        for provision in provisions:
            if provision.doc_id != doc_id or len(provision.spans) != 1:
                continue
            number = provision.page_first
            if number not in plain:
                plain[number] = _letters(pdf[number - 1].get_textpage().get_text_range())
            missing = Counter(_letters(provision.text)) - Counter(plain[number])
            assert not missing, f"{paths[doc_id]}, page {number}: {provision.text[:80]}"


def test_evidence_lies_in_its_provision_and_is_there_where_a_theme_is_assigned(
    done: tuple[Path, Path, RunResult], provisions: list[Provision]
) -> None:
    texts = {provision.provision_id: provision.text for provision in provisions}
    codings = read_records(done[1], "codings", Coding)
    assert len(codings) == len(provisions) * len({coding.theme for coding in codings})
    for coding in codings:
        spans = json.loads(coding.evidence)
        assert bool(spans) == coding.assigned
        assert (coding.force in FORCES) if coding.assigned else coding.force == ""
        assert 0 <= coding.probability <= 1
        assert all(0 <= start < end <= len(texts[coding.provision_id]) for start, end in spans)
        assert all(texts[coding.provision_id][start:end].strip() for start, end in spans)


def test_cells_and_table_agree_and_lead_to_provisions(
    done: tuple[Path, Path, RunResult], provisions: list[Provision]
) -> None:
    output = done[1]
    known = {provision.provision_id for provision in provisions}
    cells = {(cell.theme, cell.jurisdiction): cell for cell in read_records(output, "cells", Cell)}
    rows = read_parquet(output / "state_of_play.parquet").to_pylist()
    assert len(rows) == 16
    for row in rows:
        for code in ("FR", "BE", "GR", "LU", "RO"):
            cell = cells[row["theme"], code]
            assert row[f"{code}_status"] == cell.status
            assert row[f"{code}_citation"] == cell.citation != ""
            assert cell.status in CELL_STATUSES
            assert bool(cell.evidence) == (cell.status not in ("not_found", "not_searched"))
            assert set(cell.evidence) <= known
            assert cell.n_searched_documents > 0


def test_a_run_stays_under_900_mebibytes(done: tuple[Path, Path, RunResult]) -> None:
    """The run's largest process, its workers among them."""
    assert 100 << 20 < int((done[1].parent / "peak").read_text()) < 900 << 20


def test_a_second_run_does_nothing(done: tuple[Path, Path, RunResult]) -> None:
    _, output, second = done
    first = json.loads((output / "run.json").read_text(encoding="utf-8"))["wall_seconds"]
    assert second.unchanged
    assert second.computed == 0
    assert second.seconds < max(3.0, 0.05 * first)
