"""What a PDF carries besides its pages is told and never run: attachments, scripts, actions, films, dynamic forms."""

from __future__ import annotations

import io
import time
from collections.abc import Callable

import hostile_files
import pytest
from pypdf import PdfWriter

from policy_scan.carried import count_named
from policy_scan.config import load_config
from policy_scan.records import Issue, Source
from policy_scan.stages.pages import read_pages

CONFIG = load_config(overrides={"ocr": {"enabled": False}})
SOURCE = Source("0" * 64, "FR/sample.pdf", (), "FR", ("FR",))
Make = Callable[..., bytes]


def told(data: bytes) -> list[Issue]:
    """The issues of a document whose text must be read as ever."""
    pages, _, issues = read_pages(SOURCE, data, CONFIG)
    assert all(page.status == "ok" and "ask for help at the counter" in page.text for page in pages)
    assert all(issue.next_step and issue.message.isprintable() for issue in issues)
    return issues


@pytest.fixture
def make() -> Make:
    """A page of text whose catalog and page hold more; further objects count from 6."""

    def of(catalog: bytes = b"", page: bytes = b"", *more: bytes) -> bytes:
        made: bytes = hostile_files.pdf_of([
            b"<< /Type /Catalog /Pages 2 0 R " + catalog + b" >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            hostile_files.PAGE[:-2] + page + b" >>",
            hostile_files.stream(hostile_files.TEXT), hostile_files.FONT, *more])  # fmt: skip
        return made

    return of


@pytest.fixture
def plain(make: Make) -> bytes:
    return make()


def with_files(plain: bytes, *names: str) -> bytes:
    writer = PdfWriter(io.BytesIO(plain))
    for name in names:
        writer.add_attachment(name, b"attached " + name.encode("utf-8"))
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def test_a_plain_page_and_ordinary_links_are_nothing_to_tell(make: Make) -> None:
    link = (
        b"/Annots [<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /URI /URI (https://example.org) >> >>"
        b" << /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /GoTo /D [3 0 R /Fit] >> >>]"
    )
    assert told(make(b"/OpenAction [3 0 R /Fit]", link)) == []


def test_attachments_are_counted_and_named(plain: bytes) -> None:
    [issue] = told(with_files(plain, "invoice.xml", "colours.icc"))
    assert (issue.category, issue.severity, issue.page) == ("attachment", "info", None)
    assert "2 attached files" in issue.message and "invoice.xml" in issue.message and "colours.icc" in issue.message


def test_an_attached_document_is_a_warning_as_its_words_are_missing(plain: bytes) -> None:
    [issue] = told(with_files(plain, "Annexe.PDF"))
    assert issue.severity == "warning" and "1 attached file," in issue.message and "Annexe.PDF" in issue.message


def test_a_name_that_would_command_a_terminal_is_shown_as_text(plain: bytes) -> None:
    [issue] = told(with_files(plain, "a\x1b[31m\u202efdp.exe\n\u2028b" + "n" * 300))
    assert "a\\x1b[31m\\u202efdp.exe\\n\\u2028b" in issue.message and len(issue.message) < 250


def test_the_first_of_many_attachments_are_named(plain: bytes) -> None:
    [issue] = told(with_files(plain, *(f"f{k:02}.xml" for k in range(15))))
    assert "15 attached files" in issue.message and "f09.xml" in issue.message and "and 5 more" in issue.message


def test_a_portfolio_says_that_its_content_was_not_read(make: Make) -> None:
    files = b"/Names << /EmbeddedFiles << /Names [(a) 6 0 R (b) 6 0 R] >> >> /Collection << /Type /Collection >>"
    spec = b"<< /Type /Filespec /F (a.dat) /EF << /F 7 0 R >> >>"
    [issue] = told(make(files, b"", spec, b"<< /Type /EmbeddedFile /Length 1 >>\nstream\nx\nendstream"))
    assert issue.severity == "warning" and "portfolio, a cover over 2 attached files" in issue.message


def test_a_file_pinned_to_a_page_is_told(make: Make) -> None:
    pin = b"/Annots [<< /Type /Annot /Subtype /FileAttachment /Rect [0 0 9 9] /FS 6 0 R >>]"
    spec = b"<< /Type /Filespec /F (notes.docx) /EF << /F 7 0 R >> >>"
    [issue] = told(make(b"", pin, spec, b"<< /Type /EmbeddedFile /Length 1 >>\nstream\nx\nendstream"))
    assert issue.severity == "warning" and "1 attached file, not opened and not read: notes.docx." in issue.message


@pytest.mark.parametrize(
    ("catalog", "page", "words"),
    [
        (b"/OpenAction << /S /JavaScript /JS (while(1){}) >>", b"", "1 script (JavaScript)"),
        (b"/Names << /JavaScript << /Names [(a) << /S/JavaScript /JS (1) >> (b) << /S/JavaScript /JS (2) >>] >> >>",
         b"", "2 scripts (JavaScript)"),
        (b"", b"/AA << /O << /S /Launch /F (calc.exe) >> >>", "1 action that starts a program or opens a file"),
        (b"/OpenAction << /Type /Action /S /URI /URI (https://example.org/?seen) >>", b"", "1 web address visited"),
        (b"/OpenAction 6 0 R", b"", "1 web address visited"),
        (b"", b"/Annots [<< /Subtype /Widget /Rect [0 0 9 9] /A << /S /SubmitForm /F (https://example.org) >> >>]",
         "1 action that sends a form's data away"),
        (b"", b"/Annots [<< /Subtype /RichMedia /Rect [0 0 9 9] >> << /Subtype /Movie /Rect [0 0 9 9] >>]",
         "2 embedded films, sounds or models"),
    ],
)  # fmt: skip
def test_scripts_actions_and_films_are_told(make: Make, catalog: bytes, page: bytes, words: str) -> None:
    [issue] = told(make(catalog, page, b"<< /S /URI /URI (https://example.org/?seen) >>"))
    assert (issue.category, issue.severity) == ("active_content", "info") and words in issue.message
    assert "run or opened" in issue.message


def test_a_dynamic_form_says_that_its_content_was_not_read(make: Make) -> None:
    [issue] = told(make(b"/NeedsRendering true /AcroForm << /Fields [] /XFA 6 0 R >>", b"",
                        b"<< /Length 6 >>\nstream\n<xdp/>\nendstream"))  # fmt: skip
    assert (issue.category, issue.severity) == ("dynamic_form", "warning")


def test_scripts_in_packed_objects_are_found_and_bombs_are_not_unpacked() -> None:
    packed = hostile_files.stream(b"1 0 << /S /JavaScript /JS (1) >>", b"/Type /ObjStm /N 1 /First 4")
    assert count_named(b"%PDF-1.7\n1 0 obj\n" + packed)["JavaScript"] == 1
    bomb = hostile_files.stream(b" " * 80_000_000 + b"<< /S /JavaScript /JS (1) >>", b"/Type /ObjStm /N 1 /First 4")
    assert count_named(b"%PDF-1.7\n1 0 obj\n" + bomb)["JavaScript"] == 0


@pytest.mark.parametrize(
    "data",
    [b"/OpenAction 9 0 R " * 40_000, b"".join(b"/OpenAction %d 0 R " % n for n in range(40_000)) + bytes(1_000_000),
     b"/ObjStm stream\n" * 40_000 + bytes(10_000_000) + b"endstream", b"/ObjStm " * 500_000],
    ids=["one opening", "openings", "one end", "names"],
)  # fmt: skip
def test_the_look_takes_a_time_that_grows_with_the_file(data: bytes) -> None:
    """Each of them took minutes: what was looked for was sought through the whole file, over and over."""
    began = time.process_time()
    assert not +count_named(data)
    assert time.process_time() - began < 3
