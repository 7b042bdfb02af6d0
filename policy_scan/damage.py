"""What of a PDF is damaged where its reader reads past it: packed parts that don't unpack to their checksum, and pages
that the page tree holds beyond those that it counts.

pdfium takes of a damaged part what it can, which leaves a page short, blank or with other words, and as many pages as
the tree says. Both are told from the bytes, without opening anything: a thousandth of reading. What a file encrypts,
and pictures and fonts, are not looked at.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_OBJECT = re.compile(rb"(?<!\d)(\d{1,10})\s+\d{1,5}\s+obj")
_PACKED = re.compile(rb"/Filter\s*\[?\s*/(?:FlateDecode|Fl)\b")
_PASSED_OVER = re.compile(
    rb"/Subtype\s*/(?:Image|Type1C|CIDFontType0C|OpenType|XML)\b|/Length1\b|/Type\s*/(?:XRef|EmbeddedFile)\b|/Alternate\b"
)
"""Pictures, fonts, tables of objects (their damage is told as such), attachments and colour profiles say no words."""
_LONGEST_HEAD = 2_000
_LONGEST_LIST = 500_000
"""Bytes of the list at the start of an object stream: a hundred objects need a thousand."""
_MOST_UNPACKED = 64_000_000
"""Bytes of a document's packed parts looked at: a bomb has more."""
_MOST_LOOKED_AT = 64_000_000
"""Bytes of objects that are gone through on the way down the page tree."""
_MOST_PAGES = 100_000
_PAGE = re.compile(rb"/Type\s*/Page\b")
_ROOT = re.compile(rb"/Root\s+(\d{1,10})\s+\d+\s+R\b")
_REFERENCE = re.compile(rb"(\d{1,10})\s+\d+\s+R\b")
_END = re.compile(rb"\bendobj\b|\bstream\r?\n")


@dataclass(frozen=True, slots=True)
class Damage:
    """`pages`: numbers of the pages whose own content is damaged; `elsewhere`: number of damaged parts that no page or
    several have as theirs; `uncounted`: number of pages that the page tree holds beyond those read."""

    pages: tuple[int, ...] = ()
    elsewhere: int = 0
    uncounted: int = 0


class _Parts(NamedTuple):
    """The packed parts of a PDF that say words. `damaged`: the numbers of their objects; `packed`: head, content and
    start of each object stream; `n_pages`: how often something in them calls itself a page."""

    damaged: set[int]
    packed: list[tuple[bytes, bytes, int]]
    n_pages: int


class _Place(NamedTuple):
    """Where an object stands: in the file or in what an object stream holds; it ends at `end` at the latest."""

    part: bytes
    start: int
    end: int


def find_damage(data: bytes, n_pages: int) -> Damage:
    """The damage of a PDF of which `n_pages` were read; its time grows with the file's bytes, whatever they are."""
    if b"/Encrypt" in data:
        return Damage()
    damaged, packed, n_named = _look_through(data)
    if not damaged and n_named + _count_pages(data) <= n_pages:
        return Damage()
    leaves = list(_leaves(data, _objects(data, packed)))
    if len(leaves) != n_pages:
        return Damage((), len(damaged), max(0, len(leaves) - n_pages))
    own = [damaged.intersection(contents) for contents in leaves]
    numbers = tuple(number for number, parts in enumerate(own, start=1) if parts)
    return Damage(numbers, len(damaged.difference(*own)))


def _look_through(data: bytes) -> _Parts:
    damaged: set[int] = set()
    packed: list[tuple[bytes, bytes, int]] = []
    room, n_pages, after = _MOST_UNPACKED, 0, 0
    at = data.find(b"stream")
    while at >= 0 and room > 0:
        start = at + len(b"stream")
        if not (data.startswith((b"\r", b"\n"), start) and data[max(0, at - 20) : at].rstrip().endswith(b">>")):
            at = data.find(b"stream", start)  # a word in a title or on a page: nothing begins there
            continue
        start += 2 if data.startswith(b"\r\n", start) else 1
        end = data.find(b"endstream", start)
        if end < 0:
            break
        head = data[max(after, at - _LONGEST_HEAD) : at]
        begins = list(_OBJECT.finditer(head))
        if begins and _PACKED.search(head, begins[-1].end()) and not _PASSED_OVER.search(head, begins[-1].end()):
            part, is_whole = _unpack(data[start:end], room)
            room -= len(part)
            if not is_whole and room > 0:
                damaged.add(int(begins[-1][1]))
            if b"/ObjStm" in head[begins[-1].end() :]:
                packed.append((head[begins[-1].end() :], part, start))
                n_pages += _count_pages(part)
        after = end + len(b"endstream")
        at = data.find(b"stream", after)
    return _Parts(damaged, packed, n_pages)


def _count_pages(part: bytes) -> int:
    """How often something calls itself a page: found without a pattern, which would take longer than all the rest."""
    number, at = 0, part.find(b"/Page")
    while at >= 0:
        number += bool(_PAGE.search(part, max(0, at - 20), at + 6))
        at = part.find(b"/Page", at + 5)
    return number


def _objects(data: bytes, packed: Sequence[tuple[bytes, bytes, int]]) -> dict[int, _Place]:
    """Objects by number: of several the last in the file counts."""
    found: list[tuple[int, int, _Place]] = []
    at = data.find(b"obj")
    while at >= 0:
        end = at + len(b"obj")
        begins = _OBJECT.finditer(data, max(0, at - 30), end)  # none before 'endobj'
        found.extend((end, int(match[1]), _Place(data, end, len(data))) for match in begins if match.end() == end)
        at = data.find(b"obj", end)
    for head, part, start in packed:
        found += [(start, number, place) for number, place in _packed_objects(head, part)]
    found.sort(key=lambda one: one[0])
    return {number: place for _, number, place in found}


def _unpack(packed: bytes, room: int) -> tuple[bytes, bool]:
    """What packed bytes hold, as far as it can be had, and whether that is all of it, unaltered."""
    part = b""
    for wbits, start in ((zlib.MAX_WBITS, 0), (-zlib.MAX_WBITS, 2)):
        unpacker = zlib.decompressobj(wbits)
        try:
            part = unpacker.decompress(packed[start:], room)
        except zlib.error:
            continue
        if unpacker.eof:
            # Some programs leave the checksum out, or zeros in its place; another one than theirs means damage.
            return part, wbits > 0 or not unpacker.unused_data[:4].strip(b"\0\r\n")
    return part, False


def _packed_objects(head: bytes, part: bytes) -> Iterator[tuple[int, _Place]]:
    """The objects of an object stream."""
    first = re.search(rb"/First\s+(\d{1,9})", head)
    if first:
        begin = int(first[1])
        numbers = [int(one) for one in re.findall(rb"\d{1,10}", part[: min(begin, _LONGEST_LIST)])]
        starts = [begin + offset for offset in numbers[1::2]]
        ends = [*starts[1:], len(part)]
        for number, start, end in zip(numbers[::2], starts, ends, strict=False):
            yield number, _Place(part, start, end)


def _leaves(data: bytes, objects: Mapping[int, _Place]) -> Iterator[list[int]]:
    """For each page of the page tree, in order, the numbers of the objects that are its content; nothing where the tree
    isn't found."""
    room = _MOST_LOOKED_AT

    def body(number: int) -> bytes:
        nonlocal room
        part, start, end = objects.get(number, _Place(b"", 0, 0))
        end = min(end, start + room)
        stop = _END.search(part, start, end)
        found = part[start : stop.start() if stop else end]
        room -= len(found)
        return found

    def named(name: bytes, own: bytes) -> list[int]:
        """The references under a name, of a list or one alone; a list may stand elsewhere."""
        match = re.search(name + rb"\s*(?:\[([^\]]*)\]|(\d{1,10})\s+\d+\s+R\b)", own)
        if match is None:
            return []
        if match[2] is None:
            return [int(one) for one in _REFERENCE.findall(match[1])]
        other = body(int(match[2])).strip()
        return [int(one) for one in _REFERENCE.findall(other)] if other.startswith(b"[") else [int(match[2])]

    roots = _ROOT.findall(data)
    waiting = named(rb"/Pages", body(int(roots[-1]))) if roots else []
    seen: set[int] = set()
    n_leaves = 0
    while waiting and room > 0 and n_leaves < _MOST_PAGES:
        number = waiting.pop()
        own = body(number)
        if b"/Kids" in own:
            if number not in seen:
                seen.add(number)
                waiting.extend(reversed(named(rb"/Kids", own)))
        elif _PAGE.search(own):
            n_leaves += 1
            yield named(rb"/Contents", own)
