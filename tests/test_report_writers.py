"""The processes that write workbook and web page: the same bytes as here, and no picture ends more than itself."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import signal
import time
from pathlib import Path
from typing import Any

import example_run as make
import pytest
from clusters import is_of_run
from fixtures import Text as Words
from fixtures import placed_pdf
from published_run import publish

from policy_scan.config import Config, load_config
from policy_scan.engine import Progress
from policy_scan.errors import PolicyScanError
from policy_scan.keys import hash_bytes
from policy_scan.records import Document, Provision
from policy_scan.report import RunData, export_run, writers
from policy_scan.report.writers import ReportWriters

TEXT = "Whoever has no computer may write on paper."


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    """Three acts of one page, each with one coded provision whose words stand there."""
    folder = tmp_path_factory.mktemp("acts")
    documents: list[Document] = []
    provisions: list[Provision] = []
    for number in range(3):
        file = folder / "corpus" / "FR" / f"{number}.pdf"
        file.parent.mkdir(parents=True, exist_ok=True)
        placed_pdf(file, [[Words(52, 100, TEXT), Words(52, 300, f"Act {number}")]])
        documents.append(make.document(hash_bytes(file.read_bytes()), path=f"FR/{number}.pdf"))
        provisions.append(make.provision(f"p{number}", documents[-1], TEXT, boxes=((1, 50.0, 85.0, 400.0, 105.0),)))
    codings = [make.coding(one.provision_id, evidence=f"[[0, {len(TEXT)}]]") for one in provisions]
    return publish(folder / "out", make.Example(documents, provisions, codings, []))


def _config(**limits: Any) -> Config:
    return load_config(overrides={"run": limits})


def _files(folder: Path) -> dict[str, Path]:
    return {kind: folder / f"table.{kind}" for kind in ("xlsx", "html")}


def _pictures(page: Path) -> list[object]:
    """Of each passage: where its picture stands, or why it has none."""
    found = re.search(r'id="data">(.*?)</script>', page.read_text("utf-8"), re.S)
    assert found
    return [row["picture"] for row in json.loads(found[1])["rows"]]


def test_reports_are_the_same_bytes_whoever_writes_them(run: RunData, tmp_path: Path) -> None:
    for name in ("there", "here"):
        (tmp_path / name).mkdir()
    there, here = _files(tmp_path / "there"), _files(tmp_path / "here")
    with ReportWriters(_config(), 2) as made:
        made.start()
        made.write(run.directory, "fr", there)
    for kind, file in here.items():
        export_run(run, kind, "fr", file)
        assert there[kind].read_bytes() == file.read_bytes()
    assert _pictures(there["html"]) == [0, 1, 2]


def _ends(*given: object) -> None:
    os._exit(7)


def _stays(*given: object) -> None:
    time.sleep(60)


def _stumbles(job: Any, part: int, parts: int, limit: int) -> Any:
    """Ends the process where the second document is among those to be drawn."""
    if 1 in range(part, 3, parts):
        os._exit(7)
    return _DRAW(job, part, parts, limit)


_DRAW = writers._draw


def test_a_document_that_ends_the_drawing_costs_its_own_picture(
    run: RunData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "_draw", _stumbles)
    with ReportWriters(_config(), 1) as made:
        made.write(run.directory, "en", _files(tmp_path))
    assert _pictures(tmp_path / "table.html") == [0, "damaged", 1]
    assert (tmp_path / "table.xlsx").is_file()


class _Deadly:
    """What no process outlives handing over."""

    def __reduce__(self) -> str:
        os.kill(os.getpid(), signal.SIGKILL)
        return ""


def _ends_while_handing_over(job: Any, part: int, parts: int, limit: int) -> Any:
    """Ends the process once all pictures are drawn and on their way."""
    if parts > 1:
        return _DRAW(job, part, parts, limit)
    time.sleep(0.5)  # the pool is to know what this process has taken
    return _Deadly()


@pytest.mark.timeout(60)
def test_a_process_that_ends_while_it_hands_over_pictures_leaves_nobody_waiting(
    run: RunData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "_draw", _ends_while_handing_over)
    with ReportWriters(_config(), 1) as made:
        made.write(run.directory, "en", {"html": tmp_path / "table.html"})
    assert _pictures(tmp_path / "table.html") == [0, 1, 2]


def _list_once_ended(job: Any) -> list[str]:
    """Ends the process the first time that it is to list the documents."""
    mark = Path(os.environ["TEST_LIST_BEGUN"])
    if not mark.exists():
        mark.touch()
        time.sleep(0.5)
        os._exit(9)
    return _DOCUMENTS(job)


_DOCUMENTS = writers._documents


def test_pictures_are_drawn_whatever_else_ends_while_they_are_drawn_one_by_one(
    run: RunData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "_draw", _stumbles)
    monkeypatch.setattr(writers, "_documents", _list_once_ended)
    monkeypatch.setenv("TEST_LIST_BEGUN", str(tmp_path / "begun"))
    with ReportWriters(_config(), 1) as made:
        made.write(run.directory, "en", {"html": tmp_path / "table.html"})
    assert _pictures(tmp_path / "table.html") == [0, "damaged", 1]


def _end_once(job: Any, kind: str, language: str, path: Path, crops: Any = None) -> None:
    """Ends the process the first time that it is to write the report."""
    mark = path.with_suffix(".begun")
    if not mark.exists():
        mark.touch()
        time.sleep(0.5)  # the pool is to know what this process has taken
        os._exit(9)
    _WRITE(job, kind, language, path, crops)


def _end_always(job: Any, kind: str, language: str, path: Path, crops: Any = None) -> None:
    time.sleep(0.5)
    os._exit(9)


_WRITE = writers._write


def test_a_report_whose_process_was_ended_is_written_all_the_same(
    run: RunData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "_write", _end_once)
    with ReportWriters(_config(), 1) as made:
        made.write(run.directory, "en", _files(tmp_path))
    assert all(file.is_file() for file in _files(tmp_path).values())
    assert _pictures(tmp_path / "table.html") == [0, 1, 2]
    monkeypatch.setattr(writers, "_write", _end_always)
    with (
        pytest.raises(
            PolicyScanError, match=r"table\.xlsx wasn't written: the process .* ended \(exit code 9\), twice"
        ),
        ReportWriters(_config(), 1) as made,
    ):
        made.write(run.directory, "en", {"xlsx": tmp_path / "table.xlsx"})


def test_a_process_that_ends_while_it_waits_is_replaced(run: RunData, tmp_path: Path) -> None:
    import psutil

    with ReportWriters(_config(), 1) as made:
        made._ask(writers._ready).result()
        for child in psutil.Process().children(recursive=True):
            if is_of_run(child):
                child.kill()
        for _ in range(100):
            if not made._pool.active:
                break
            time.sleep(0.1)
        made.write(run.directory, "en", _files(tmp_path))
    assert all(file.is_file() for file in _files(tmp_path).values())


def test_a_drawing_that_never_ends_is_given_up(run: RunData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "_draw", _stays)
    with ReportWriters(_config(seconds_per_document=0.5), 1) as made:
        made.write(run.directory, "en", {"html": tmp_path / "table.html"})
    assert _pictures(tmp_path / "table.html") == ["damaged"] * 3


def test_a_report_that_cannot_be_written_is_told_as_elsewhere(
    run: RunData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    with ReportWriters(_config(), 1) as made, pytest.raises(PolicyScanError, match="can't be written") as caught:
        made.write(run.directory, "en", _files(tmp_path / "file"))
    assert "choose another place" in caught.value.next_step
    monkeypatch.setattr(writers, "_write", _ends)
    with ReportWriters(_config(), 1) as made, pytest.raises(PolicyScanError, match=r"exit code 7") as caught:
        made.write(run.directory, "en", {"xlsx": tmp_path / "table.xlsx"})
    assert "policy-scan export --format xlsx" in caught.value.next_step


def test_what_differs_from_the_folder_is_followed(run: RunData, tmp_path: Path) -> None:
    [document, *others] = run.documents
    changed = (dataclasses.replace(document, title="Another title"), *others)
    with ReportWriters(_config(), 1) as made:
        made.write(run.directory, "en", {"html": tmp_path / "table.html"}, documents=changed)
    assert "Another title" in (tmp_path / "table.html").read_text("utf-8")


def test_they_start_with_the_last_document(monkeypatch: pytest.MonkeyPatch) -> None:
    made = ReportWriters(_config(), 2)
    started: list[int] = []
    monkeypatch.setattr(made, "start", lambda: started.append(1))
    looking = Progress({}, {}, 0, looked_at=5000)
    for progress in (looking, Progress({}, {}, 2), Progress({}, {}, 2, "a.pdf"), Progress({}, {}, 2, None)):
        made.follow(progress)
    assert not started
    made.follow(Progress({}, {}, 2, "b.pdf"))
    assert started
