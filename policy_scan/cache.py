"""The cache of stage results, named by their keys, their tables as Parquet, checked by hash. A result is there in whole
or not at all.

In a folder a result is a folder, written under a temporary name and renamed. On an object store it is one object, a
tar of the same files: written by one request and read by one, for a run makes as many requests as there are results.
"""

from __future__ import annotations

import io
import json
import shutil
import tarfile
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .errors import CacheError
from .keys import hash_bytes
from .machines import HALF, signature, sweep
from .storage import Place, UnreachableError
from .tables import quick_parquet_bytes, schema_of, to_table

_META = "meta.json"
_ATTEMPTS = 3
_START = 16_384
"""So many bytes of an object hold its first member, which is meta.json."""
_KEPT = 8
"""Objects read last that are kept in memory: a document's results are asked for table by table."""
_AT_ONCE = 16
"""Objects asked for at a time when results are fetched ahead: a store answers late, but many."""


_NOTHING: dict[type[Any], bytes] = {}


def _nothing(record: type[Any]) -> bytes:
    """A table of this record without rows, as it is stored."""
    if record not in _NOTHING:
        _NOTHING[record] = quick_parquet_bytes(to_table(record, []))
    return _NOTHING[record]


@dataclass(frozen=True, slots=True)
class _Stored:
    """A result as it was read: its files by name; `meta` may prove anything but what was written."""

    meta: Any
    files: Mapping[str, bytes]


def _pack(files: Mapping[str, bytes]) -> bytes:
    """A tar of the files in their order, the same bytes for the same files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def _unpack(data: bytes, first_only: bool = False) -> _Stored:
    """Raises ValueError where this is no result."""
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            while member := tar.next():
                stream = tar.extractfile(member)
                files[member.name] = stream.read() if stream else b""
                if first_only:
                    break
        return _Stored(json.loads(files[_META]), files)
    except (tarfile.TarError, KeyError, EOFError) as error:
        raise ValueError(f"not a result: {error}") from error


def _put(folder: Path, final: Path) -> None:
    """Rename a folder to where a result may stand that is damaged, or was made in another environment."""
    for left in reversed(range(_ATTEMPTS)):
        if final.exists():
            shutil.rmtree(final, ignore_errors=True)
        try:
            folder.replace(final)
            return
        except OSError:  # perhaps another run that shares the cache has put its own there meanwhile
            if not left or not final.exists():
                raise


class Cache:
    """Results under `root`/<stage>/<first two digits>/<key>/: a Parquet file per record class, and meta.json; on an
    object store the object <key>.tar of the same.

    Files carry the record's name, never a published table's, so that a search for `pages.parquet` finds the run's.
    What a store doesn't answer is UnreachableError in every method: it says nothing of the result.
    """

    def __init__(self, root: Place | Path) -> None:
        self.root = Place.of(root)
        self._kept: OrderedDict[str, _Stored] = OrderedDict()
        self._coming: dict[str, Future[bytes]] = {}
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    def folder(self, stage: str, key: str) -> Path:
        """Where a result stands; for a cache in a folder only."""
        return self.root.local / stage / key[:2] / key

    @staticmethod
    def _object(stage: str, key: str) -> str:
        return f"{stage}/{key[:2]}/{key}.tar"

    def environment(self, stage: str, key: str) -> str | None:
        """What the result says it depended on outside its key ('' = nothing); None when there is no result.

        Raises OSError where a store refuses access.
        """
        try:
            if self.root.is_local:
                meta = json.loads((self.folder(stage, key) / _META).read_text(encoding="utf-8"))
            else:
                meta = self._meta(self._object(stage, key))
            return str(meta["environment"])
        except (ValueError, KeyError, TypeError):
            return None
        except OSError as error:
            if self.root.is_local or isinstance(error, FileNotFoundError):
                return None
            raise

    def _meta(self, name: str) -> Any:
        if name in self._kept:
            return self._kept[name].meta
        return _unpack(self.root.read_start(name, _START), first_only=True).meta

    def write(self, stage: str, key: str, rows: Mapping[type[Any], Sequence[Any]], environment: str = "") -> None:
        """Store a result. Raises OSError (full disk, no right to write)."""
        tables = {f"{record.__name__.lower()}.parquet": to_table(record, rows[record]) for record in rows}
        files = {name: quick_parquet_bytes(table) for name, table in tables.items()}
        hashes = {name: hash_bytes(data) for name, data in files.items()}
        meta = json.dumps({"environment": environment, "files": hashes}, sort_keys=True).encode("utf-8")
        if self.root.is_local:
            self._write_folder(stage, key, {**files, _META: meta})
        else:
            self._forget(self._object(stage, key))
            self.root.write_bytes(self._object(stage, key), _pack({_META: meta, **files}))

    def _write_folder(self, stage: str, key: str, files: Mapping[str, bytes]) -> None:
        final = self.folder(stage, key)
        final.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{HALF}{signature()}", dir=final.parent))
        try:
            for name, data in files.items():
                (folder / name).write_bytes(data)
            _put(folder, final)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def table(self, stage: str, key: str, record: type[Any]) -> pa.Table:
        """One table of a result. Raises CacheError when it is missing or its bytes are not those written."""
        name = f"{record.__name__.lower()}.parquet"
        try:
            meta, data = self._file(stage, key, name)
            if hash_bytes(data) != meta["files"][name]:
                raise CacheError(f"The cached {name} of stage {stage} is damaged.", "run again: it is computed anew.")
            if data == _nothing(record):
                return schema_of(record).empty_table()  # most issues: the quickest way to read them
            # Without the machinery for many files, which takes longer than a small table.
            return pq.ParquetFile(pa.BufferReader(data), pre_buffer=False).read(use_threads=False)
        except UnreachableError:
            raise
        except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
            raise CacheError(f"The cached {name} of stage {stage} can't be read: {error}.", "run again.") from error

    def _file(self, stage: str, key: str, name: str) -> tuple[Any, bytes]:
        if self.root.is_local:
            folder = self.folder(stage, key)
            return json.loads((folder / _META).read_text(encoding="utf-8")), (folder / name).read_bytes()
        stored = self._fetch(self._object(stage, key))
        return stored.meta, stored.files[name]

    def _fetch(self, name: str) -> _Stored:
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
            coming = self._coming.pop(name, None)
        stored = _unpack(coming.result() if coming else self.root.read_bytes(name))
        with self._lock:
            self._kept[name] = stored
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return stored

    def ahead(self, results: Iterable[tuple[str, str]]) -> None:
        """Begin to fetch results (stage, key) that are asked for soon; in a folder there is nothing to gain.

        They are in memory until they are asked for: name a document's or a few's, not a corpus's.
        """
        if self.root.is_local:
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="cache")
        for stage, key in results:
            name = self._object(stage, key)
            with self._lock:
                if name not in self._kept and name not in self._coming:
                    self._coming[name] = self._pool.submit(self.root.read_bytes, name)

    def _forget(self, name: str) -> None:
        with self._lock:
            self._kept.pop(name, None)
            self._coming.pop(name, None)

    def drop(self, stage: str, key: str) -> None:
        """Forget a result, so that it is computed again."""
        if self.root.is_local:
            shutil.rmtree(self.folder(stage, key), ignore_errors=True)
        else:
            self._forget(self._object(stage, key))
            self.root.delete(self._object(stage, key))

    def sweep(self) -> None:
        """Remove what killed runs left half-written, not what another run that shares the cache is writing; an object
        store has nothing half-written."""
        if self.root.is_local:
            sweep(self.root.local, f"{HALF}*", f"*/*/{HALF}*")

    def close(self) -> None:
        """End what fetches ahead."""
        if self._pool is not None:
            with suppress(RuntimeError):
                self._pool.shutdown(cancel_futures=True)
            self._pool = None
            self._coming.clear()
