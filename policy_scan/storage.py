"""Places where corpus, cache and output stand: a local folder, or an object store's address such as s3://bucket/folder.

Names below a place are relative, with '/'. What goes wrong is an OSError, whatever the store.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from .tables import write_atomic

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file below a place. `mark` changes when the file does: a local file's time of change in ns and inode, an
    object's tag. `link`: a link that leads out of the place or to a folder; it is not followed."""

    path: str
    size: int
    mark: str
    link: bool = False


@cache
def _file_system(protocol: str) -> Any:
    import fsspec

    return fsspec.filesystem(protocol)


@dataclass(frozen=True, slots=True)
class Place:
    """A folder by its address; it need not be there. Passes to other processes as it is."""

    address: str

    @classmethod
    def of(cls, where: str | Path | Place) -> Place:
        """A place from what a user gives: an address stays as it is, a path is made absolute."""
        if isinstance(where, Place):
            return where
        text = str(where)
        return cls(text.rstrip("/") if _ADDRESS.match(text) else str(Path(text).absolute()))

    @property
    def is_local(self) -> bool:
        return not _ADDRESS.match(self.address)

    @property
    def local(self) -> Path:
        """The folder's path; for local places only."""
        assert self.is_local, self.address
        return Path(self.address)

    def __str__(self) -> str:
        return self.address

    def below(self, name: str) -> Place:
        return Place(self._full(name))

    def _full(self, name: str) -> str:
        return f"{self.address}/{name}" if name else self.address

    @property
    def _store(self) -> Any:
        return _file_system(self.address.split("://", 1)[0])

    def read_bytes(self, name: str) -> bytes:
        if self.is_local:
            return (self.local / name).read_bytes()
        return bytes(self._store.cat_file(self._full(name)))

    def write_bytes(self, name: str, data: bytes) -> None:
        """There in whole or not at all, folders made if need be."""
        if self.is_local:
            write_atomic(self.local / name, data)
        else:
            self._store.pipe_file(self._full(name), data)

    def exists(self, name: str) -> bool:
        return (self.local / name).exists() if self.is_local else bool(self._store.exists(self._full(name)))

    def delete(self, name: str) -> None:
        """Forget a file; none is there afterwards, whether it was or not."""
        if self.is_local:
            (self.local / name).unlink(missing_ok=True)
        elif self.exists(name):
            self._store.rm_file(self._full(name))

    def entries(self) -> Iterator[Entry]:
        """Every object below an object store's place, by path. (A local folder is walked in corpus.py.)"""
        start = len(self._store._strip_protocol(self.address)) + 1
        found = self._store.find(self.address, detail=True)
        for name, details in sorted(found.items()):
            yield Entry(name[start:], int(details["size"]), str(details.get("ETag") or details.get("LastModified")))
