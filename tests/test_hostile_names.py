"""Names, manifest entries and texts that would command a terminal or turn a line round, through the whole pipeline."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import unquote_to_bytes

import hostile_files
import openpyxl
import pytest
from fixtures import control_characters_pdf, hostile_text_pdf
from typer.testing import CliRunner

from policy_scan.cli import app
from policy_scan.config import load_config
from policy_scan.keys import hash_bytes
from policy_scan.records import Document, Issue, Page
from policy_scan.report import export_run, load_run
from policy_scan.runner import run
from policy_scan.tables import read_records

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows forbids such names")

COMMANDING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff]"
)
"""What a terminal obeys, what turns text round, and what ends a line unseen."""
MANIFEST = (
    "path,title,issuer,doc_type,licence\n"
    'FR/text.pdf,"The \x1b[31mlaw\u202e of \x00counters","Body\u2066 of\u2028 offices",law,"free\x07"\n'
    "FR/control.pdf,,,\x1b[5mlaw\u202e,\n"
    '"FR/line\nbreak.pdf",Found by its name,,,\n'
    "FR/not\x1b[2Jthere.pdf,Nowhere,,,\n"
)


@dataclass(frozen=True)
class Done:
    out: Path
    said: dict[str, str]
    names: int


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A run of the command line over such a corpus, the reports exported, and all that was said."""
    root = tmp_path_factory.mktemp("names")
    folder, out = root / "corpus" / "FR", root / "out"
    folder.mkdir(parents=True)
    names = [*hostile_files.odd_names(), b"broken\x1b]0;owned\x07\n\xe2\x80\xae\xe2\x80\xa8fdp.pdf"]
    for k, name in enumerate(names):
        page = hostile_files.one_page(hostile_files.stream(hostile_files.TEXT + b" " * k))
        with open(os.fsencode(folder) + b"/" + name, "wb") as stream:  # noqa: PTH123 - bytes that are no text
            stream.write(b"%PDF-1.7\n" if name.startswith(b"broken") else page)
    inner = os.fsencode(folder) + b"/deep\x1b[2J\nfolder"
    os.mkdir(inner)  # noqa: PTH102 - bytes that are no text
    with open(inner + b"/note\x1b[2J.docx", "wb") as stream:  # noqa: PTH123 - the same
        stream.write(b"PK")
    hostile_text_pdf(folder / "text.pdf")
    control_characters_pdf(folder / "control.pdf")
    (root / "corpus" / "manifest.csv").write_text(MANIFEST, encoding="utf-8")
    config = root / "config.yaml"
    config.write_text("ocr: {enabled: false}\nrun: {jobs: 2}\n", encoding="utf-8")
    said = {}
    for words in (
        ["run", "--fast", "--corpus", str(root / "corpus"), "--config", str(config)],
        ["status"],
        ["export", "--format", "docx"],
        ["show", "DOCUMENT"],
    ):
        if "DOCUMENT" in words:
            named = {document.path: document.doc_id for document in read_records(out, "documents", Document)}
            words = ["show", named["FR/text.pdf"]]
        command = [sys.executable, "-m", "policy_scan", *words, "--output", str(out)]
        ended = subprocess.run(command, capture_output=True, timeout=280, cwd=root)
        said[words[0]] = (ended.stdout + ended.stderr).decode("utf-8")
        assert ended.returncode in (0, 1), said[words[0]]
        assert "Traceback" not in said[words[0]]
    text = [sys.executable, "-m", "policy_scan", "text", str(folder / "text.pdf")]
    said["text"] = subprocess.run(text, capture_output=True, timeout=280).stdout.decode("utf-8")
    return Done(out, said, len(names) + 2)


@pytest.mark.parametrize("command", ["run", "status", "export", "show", "text"])
def test_nothing_that_a_terminal_obeys_reaches_it(done: Done, command: str) -> None:
    assert done.said[command].strip()
    assert not COMMANDING.search(done.said[command])


def test_every_file_stands_in_the_table_under_a_name_of_one_line(done: Done) -> None:
    documents = read_records(done.out, "documents", Document)
    assert len(documents) == done.names and all(document.path.isprintable() for document in documents)
    assert {document.status for document in documents if "broken" not in document.path} == {"ok"}
    assert "FR/line\\nbreak.pdf" in done.said["run"] and "FR/tab\\tbell\\x07esc\\x1b[31m.pdf" in done.said["run"]
    assert any(len(document.path) == len("FR/") + 255 for document in documents)
    issues = read_records(done.out, "issues", Issue)
    assert all(not COMMANDING.search(issue.message + issue.next_step) for issue in issues)
    assert any("deep\\x1b[2J\\nfolder/note\\x1b[2J.docx" in issue.message for issue in issues)


def test_the_manifest_s_words_are_kept_without_what_commands(done: Done) -> None:
    by_path = {document.path: document for document in read_records(done.out, "documents", Document)}
    law = by_path["FR/text.pdf"]
    assert (law.title, law.issuer, law.licence) == ("The [31mlaw of counters", "Body of offices", "free")
    assert by_path["FR/line\\nbreak.pdf"].title == "Found by its name"


def test_texts_hold_no_character_that_turns_the_reading_round(done: Done) -> None:
    texts = [page.text for page in read_records(done.out, "pages", Page)]
    assert any("A right-to-left override" in text and "inside this line" in text for text in texts)
    assert not any(COMMANDING.search(text) for text in texts)


def test_no_table_and_no_report_holds_it_either(done: Done) -> None:
    files = sorted(done.out.iterdir())
    for file in files:
        if file.suffix in (".csv", ".html", ".json"):
            text = file.read_text(encoding="utf-8-sig")
            assert not COMMANDING.search(text), file.name
            data = re.findall(r"<script[^>]*>(.*?)</script>", text, re.S) if file.suffix == ".html" else []
            assert not any(re.search(r"(?<!\\)\\u(?:001b|202[a-e]|206[6-9])", part) for part in data)  # as JSON has it
    with zipfile.ZipFile(done.out / "state-of-play.docx") as parts:
        for name in parts.namelist():
            if name.endswith(".xml"):
                assert not COMMANDING.search(parts.read(name).decode("utf-8")), name
    book = openpyxl.load_workbook(done.out / "state-of-play.xlsx", read_only=True)
    cells = [str(cell) for sheet in book.worksheets for row in sheet.iter_rows(values_only=True) for cell in row]
    assert any("line\\nbreak.pdf" in cell for cell in cells)
    assert not any(COMMANDING.search(cell) for cell in cells)
    book.close()


def _opened(folder: Path, link: str) -> bytes:
    """What a browser gets for a link of a page in a folder."""
    with open(os.path.join(os.fsencode(folder), unquote_to_bytes(link.partition("#")[0])), "rb") as stream:  # noqa: PTH118, PTH123
        return stream.read()


def test_every_link_leads_to_its_document_and_every_picture_is_drawn(done: Done) -> None:
    read = [one for one in read_records(done.out, "documents", Document) if one.status == "ok"]
    page = (done.out / "state-of-play.html").read_text(encoding="utf-8")
    found = re.search(r'id="data">(.*?)</script>', page, re.S)
    assert found
    data = json.loads(found[1])
    reached = {hash_bytes(_opened(done.out, one["href"])) for one in data["documents"]}
    assert {one.doc_id for one in read} <= reached
    pictures = [row["picture"] for row in data["rows"] if "picture" in row]
    assert pictures and all(isinstance(one, int) for one in pictures)
    with zipfile.ZipFile(done.out / "state-of-play.xlsx") as parts:
        links = {
            unescape(link) for name in parts.namelist() if name.endswith(".rels")
            for link in re.findall(r'Target="([^"]+)" TargetMode="External"', parts.read(name).decode("utf-8"))
        }  # fmt: skip
    assert {one.doc_id for one in read} <= {hash_bytes(_opened(done.out, link)) for link in links}
    assert "no longer" not in done.said["export"]
    assert not re.search(r">(names|files)\.", page)  # thousands of lines among the settings


def test_a_file_that_is_spelt_otherwise_is_told_so_though_its_path_is_the_same(tmp_path: Path) -> None:
    folder, config = tmp_path / "c" / "FR", load_config(None, {"run": {"jobs": 1}, "ocr": {"enabled": False}})
    folder.mkdir(parents=True)
    (folder / "e\u0301.pdf").write_bytes(b"%PDF")
    [document] = run(tmp_path / "c", tmp_path / "out", config).documents
    assert document.path == "FR/\u00e9.pdf" and load_run(tmp_path / "out").file_name(document) == "FR/e\u0301.pdf"
    (folder / "e\u0301.pdf").rename(folder / "\u00e9.pdf")
    run(tmp_path / "c", tmp_path / "out", config)
    assert load_run(tmp_path / "out").file_name(document) == "FR/\u00e9.pdf"


def test_a_document_is_shown_under_the_name_that_a_shell_completes(done: Done) -> None:
    twice, once = "e\u0301.pdf", "line\nbreak.pdf"
    for name in (twice, once):
        told = CliRunner().invoke(app, ["show", f"FR/{name}", "--output", str(done.out)])
        assert (told.exit_code, "names 2 things" in told.output) == ((0, False) if name == once else (2, True))


def test_a_project_for_analysis_holds_the_files_too(done: Done, tmp_path: Path) -> None:
    [project] = export_run(load_run(done.out), "qdpx", path=tmp_path / "p.qdpx")
    read = {one.doc_id for one in read_records(done.out, "documents", Document) if one.status == "ok"}
    with zipfile.ZipFile(project) as parts:
        assert read <= {hash_bytes(parts.read(name)) for name in parts.namelist() if name.endswith(".pdf")}
