"""Damage that pdfium reads past is told by page: content that does not unpack whole, pages that aren't counted."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable

import hostile_files
import pytest

from policy_scan.config import load_config
from policy_scan.damage import Damage, find_damage
from policy_scan.records import Issue, Page, Source
from policy_scan.stages.pages import read_pages

CONFIG = load_config(overrides={"ocr": {"enabled": False}})
SOURCE = Source("0" * 64, "FR/sample.pdf", (), "FR", ("FR",))
N = 3
WORDS = "may ask for help at the counter of commune"
Change = Callable[[bytes], bytes]


def _content(number: int) -> bytes:
    lines = b"".join(b"0 -14 Td (Any person may ask for help at the counter of commune %d.) Tj " % k for k in range(30))
    return b"BT /F1 10 Tf 60 800 Td (Page %d.) Tj %s ET" % (number, lines)


def _packed(data: bytes, change: Change = bytes, entries: bytes = b"") -> bytes:
    packed = change(zlib.compress(data))
    return b"<< /Filter /FlateDecode %s/Length %d >>\nstream\n%s\nendstream" % (entries, len(packed), packed)


def _three_pages(*changes: Change, count: int = N, form: Change = bytes) -> bytes:
    """Three pages, the first contents changed as told; each page draws a form as well."""
    own = [*changes, *[bytes] * (N - len(changes))]
    resources = b"<< /Font << /F1 3 0 R >> /XObject << /X 4 0 R >> >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [5 0 R 7 0 R 9 0 R] /Count %d >>" % count,
        hostile_files.FONT,
        _packed(b"0 0 1 1 re f", form, b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] "),
    ]
    for k, change in enumerate(own):
        page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources %s >>"
        objects += [page % (6 + 2 * k, resources), _packed(_content(k + 1), change)]
    made: bytes = hostile_files.pdf_of(objects)
    return made


def _cut(packed: bytes) -> bytes:
    return packed[: len(packed) // 2]


def _garbage(packed: bytes) -> bytes:
    return b"\0\1" + packed[:40]


def _other_checksum(packed: bytes) -> bytes:
    return packed[:-1] + bytes([packed[-1] ^ 1])


def _read(data: bytes) -> tuple[list[Page], list[Issue]]:
    pages, _, issues = read_pages(SOURCE, data, CONFIG)
    assert all(issue.next_step for issue in issues)
    return pages, issues


def test_a_sound_file_is_nothing_to_tell() -> None:
    pages, issues = _read(_three_pages())
    assert [page.status for page in pages] == ["ok"] * N and issues == []
    assert all(page.text.count(WORDS) == 30 for page in pages)


@pytest.mark.parametrize("kind", hostile_files.puzzling())
def test_files_that_only_puzzle_are_sound(kind: str) -> None:
    data = hostile_files.puzzling()[kind]()
    pages, issues = _read(data)
    assert all(page.status == "ok" for page in pages)
    assert [issue for issue in issues if issue.category == "damaged"] == []


@pytest.mark.parametrize("change", [_cut, _garbage])
def test_a_page_whose_content_is_lost_is_not_taken_for_a_blank_one(change: Change) -> None:
    pages, issues = _read(_three_pages(bytes, change))
    [issue] = issues
    assert (issue.page, issue.category) == (2, "damaged") and "page 2" in issue.message
    damaged = pages[1]
    assert damaged.text.count(WORDS) < 30
    assert (damaged.status, issue.severity) == (("partial", "warning") if damaged.text else ("failed", "error"))
    assert [pages[k].text.count(WORDS) for k in (0, 2)] == [30, 30]
    assert pages[0].status == pages[2].status == "ok"


def test_content_that_fails_its_checksum_makes_a_page_partial() -> None:
    pages, [issue] = _read(_three_pages(_other_checksum))
    assert pages[0].status == "partial" and WORDS in pages[0].text
    assert (issue.page, issue.category, issue.severity) == (1, "damaged", "warning")


@pytest.mark.parametrize("end", [b"", b"\n", b"\0\0\0\0"])
def test_checksums_that_a_program_leaves_out_are_no_damage(end: bytes) -> None:
    assert find_damage(_three_pages(lambda packed: packed[:-4] + end), N) == Damage()


def test_the_word_in_a_title_is_not_where_packed_content_begins() -> None:
    title = b"/Title (the office downstream\nof it) "
    whole, cut = (hostile_files.pdf_of([_packed(_content(1), change, title)]) for change in (bytes, _cut))
    assert (find_damage(whole, 1), find_damage(cut, 1)) == (Damage(), Damage(elsewhere=1))


def test_damage_that_no_page_has_alone_is_told_of_the_document() -> None:
    pages, [issue] = _read(_three_pages(form=_cut))
    assert [page.status for page in pages] == ["ok"] * N
    assert (issue.page, issue.category, issue.severity) == (None, "damaged", "warning")


def test_pages_that_the_tree_holds_and_does_not_count_are_told() -> None:
    pages, [issue] = _read(_three_pages(count=1))
    assert len(pages) == 1
    assert (issue.page, issue.category) == (None, "damaged") and "counts 1 pages and holds 3" in issue.message


def test_pages_that_an_update_took_out_are_not_missed() -> None:
    before = _three_pages()
    data = before + b"2 0 obj\n<< /Type /Pages /Kids [5 0 R] /Count 1 >>\nendobj\ntrailer << /Size 11 /Root 1 0 R >>\n"
    assert find_damage(data, 1) == Damage()
    assert find_damage(before, 1) == Damage(uncounted=2)


@pytest.mark.parametrize("kind", sorted(hostile_files.BURSTING)[:3])
def test_a_bomb_is_not_unpacked_whole(kind: str) -> None:
    data = hostile_files.hostile()[kind]()
    began = time.process_time()
    find_damage(data, 1)
    assert time.process_time() - began < 10
