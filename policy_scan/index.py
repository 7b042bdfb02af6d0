"""What earlier runs saw: of each file how it looked when it was hashed, of each document what it was finished under.

Kept in OUT/.cache, so that a large archive is looked at without being read again. It is never more than a hint: one
that is missing, damaged or of another version costs time and changes no result.

A file's mark is its size, both its times, in nanoseconds, and its inode, or an object's tag. Marks are compared for
equality alone: a clock that goes backwards makes a file look changed, never unchanged. A file that was written in the
last moments before it was hashed gets no mark, since another write within the same tick of the file system's clock
would leave it as it was.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Mapping
from contextlib import suppress

import pyarrow as pa

from .keys import hash_bytes
from .storage import Place

NAME = "index"
"""Its file in OUT/.cache."""
_VERSION = b"policy_scan index 1\n"
_RACY_NS = 2_000_000_000
"""Coarser than the clock of any file system in use: FAT counts in two seconds, ext4 in milliseconds."""
_DIGEST = 32
_FILES = pa.schema([("name", pa.binary()), ("seen", pa.binary())])
_FINISHED = pa.schema([("doc_id", pa.binary(_DIGEST)), ("under", pa.binary(_DIGEST))])
_pack = struct.Struct("<4Q").pack
_64_BITS = 0xFFFF_FFFF_FFFF_FFFF


def mark_of(status: os.stat_result) -> bytes:
    """How a local file looks: size, time of change of its content and of its entry, inode."""
    parts = status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
    return _pack(*(part & _64_BITS for part in parts))  # times before 1970, or after 2262, which anybody can set


def is_settled(status: os.stat_result, now: int) -> bool:
    """Whether a write after `now` (ns since 1970) is sure to change the mark. Times to come are never settled."""
    return max(status.st_mtime_ns, status.st_ctime_ns) < now - _RACY_NS


class Index:
    """`files`: name below the corpus -> mark and doc_id; `finished`: doc_id -> under what all its results are there."""

    def __init__(self, corpus: Place, folder: Place | None = None) -> None:
        self.corpus = corpus
        self._folder = folder
        self._files: dict[str, bytes] = {}
        self._finished: dict[str, bytes] = {}
        self._changed = False

    @classmethod
    def load(cls, cache: Place, corpus: Place, read_only: bool = False) -> Index:
        """The index in a run's cache; an empty one where there is none that can be used. What was seen of another
        corpus is left out: names and inodes mean nothing there. `read_only`: `save` does nothing."""
        index = cls(corpus, None if read_only else cache)
        with suppress(OSError, ValueError, KeyError, TypeError, pa.ArrowException):
            data = cache.read_bytes(NAME)
            start = len(_VERSION) + 2 * _DIGEST
            body = data[start:]
            if data[:start] != _VERSION + hash_bytes(body).encode("ascii"):
                return index
            stream = pa.BufferReader(body)
            files = pa.ipc.open_stream(stream).read_all()
            finished = pa.ipc.open_stream(stream).read_all()
            names = (str(name, "utf-8", "surrogatepass") for name in files.column("name").to_pylist())
            ids = map(bytes.hex, finished.column("doc_id").to_pylist())
            seen = dict(zip(names, files.column("seen").to_pylist(), strict=True))
            index._finished = dict(zip(ids, finished.column("under").to_pylist(), strict=True))
            if files.schema.metadata[b"corpus"] == _encoded(corpus.address):
                index._files = seen
        return index

    def doc_id(self, name: str, mark: bytes) -> str | None:
        """The hash of a file that looks as it did when it was hashed; None of any other."""
        seen = self._files.get(name)
        return seen[-_DIGEST:].hex() if seen is not None and seen[:-_DIGEST] == mark else None

    def note_file(self, name: str, mark: bytes | None, doc_id: str) -> None:
        """Remember a file as hashed; `mark` None: it can't be told by its looks, so it is hashed again next time."""
        self._changed = True
        if mark is None:
            self._files.pop(name, None)
        else:
            self._files[name] = mark + bytes.fromhex(doc_id)

    def keep_files(self, names: Iterable[str]) -> None:
        """Forget the files that are no longer there."""
        present = set(names)
        gone = self._files.keys() - present
        for name in gone:
            del self._files[name]
        self._changed = self._changed or bool(gone)

    def is_finished(self, doc_id: str, under: bytes) -> bool:
        return self._finished.get(doc_id) == under

    def note_finished(self, finished: Mapping[str, bytes], keep: Iterable[str]) -> None:
        """Remember documents whose results are all there, and forget those that are not among `finished` or `keep`."""
        before = self._finished
        kept = {doc_id: before[doc_id] for doc_id in keep if doc_id in before}
        self._finished = kept | dict(finished)
        self._changed = self._changed or self._finished != before

    def save(self) -> None:
        """Write it where it was loaded from, whole or not at all, if there is something new. A full disk or a store
        that doesn't answer costs the hint, not the run."""
        if self._folder is None or not self._changed:
            return
        names = [name.encode("utf-8", "surrogatepass") for name in self._files]
        metadata = {"corpus": _encoded(self.corpus.address)}
        files = pa.table([names, list(self._files.values())], schema=_FILES.with_metadata(metadata))
        ids = [bytes.fromhex(doc_id) for doc_id in self._finished]
        finished = pa.table([ids, list(self._finished.values())], schema=_FINISHED)
        sink = pa.BufferOutputStream()
        for table in (files, finished):
            with pa.ipc.new_stream(sink, table.schema) as writer:
                writer.write_table(table)
        body = sink.getvalue().to_pybytes()
        with suppress(OSError):
            self._folder.write_bytes(NAME, _VERSION + hash_bytes(body).encode("ascii") + body)
            self._changed = False


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
