"""The cache of stage results: one folder per result, named by its key, its tables as Parquet, checked by hash.

A result is written into a temporary folder and renamed, so it is there in whole or not at all.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .errors import CacheError
from .keys import hash_bytes
from .tables import parquet_bytes, to_table

_META = "meta.json"


class Cache:
    """Results under `root`/<stage>/<first two digits>/<key>/: a Parquet file per record class, and meta.json.

    Files carry the record's name, never a published table's, so that a search for `pages.parquet` finds the run's.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, stage: str, key: str) -> Path:
        return self.root / stage / key[:2] / key

    def environment(self, stage: str, key: str) -> str | None:
        """What the result says it depended on outside its key ('' = nothing); None when there is no result."""
        try:
            meta = json.loads((self.folder(stage, key) / _META).read_text(encoding="utf-8"))
            return str(meta["environment"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, stage: str, key: str, rows: Mapping[type[Any], Sequence[Any]], environment: str = "") -> None:
        """Store a result. Raises OSError (full disk, no right to write)."""
        final = self.folder(stage, key)
        final.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".tmp-", dir=final.parent))
        try:
            hashes = {}
            for record, items in rows.items():
                data = parquet_bytes(to_table(record, items))
                name = f"{record.__name__.lower()}.parquet"
                (folder / name).write_bytes(data)
                hashes[name] = hash_bytes(data)
            meta = json.dumps({"environment": environment, "files": hashes}, sort_keys=True)
            (folder / _META).write_text(meta, encoding="utf-8")
            if final.exists():  # damaged, or made in another environment: the new one takes its place
                shutil.rmtree(final)
            folder.replace(final)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def table(self, stage: str, key: str, record: type[Any]) -> pa.Table:
        """One table of a result. Raises CacheError when it is missing or its bytes are not those written."""
        folder = self.folder(stage, key)
        name = f"{record.__name__.lower()}.parquet"
        try:
            meta = json.loads((folder / _META).read_text(encoding="utf-8"))
            data = (folder / name).read_bytes()
            if hash_bytes(data) != meta["files"][name]:
                raise CacheError(f"The cached {name} of stage {stage} is damaged.", "run again: it is computed anew.")
            return pq.read_table(pa.BufferReader(data))
        except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
            raise CacheError(f"The cached {name} of stage {stage} can't be read: {error}.", "run again.") from error

    def drop(self, stage: str, key: str) -> None:
        """Forget a result, so that it is computed again."""
        shutil.rmtree(self.folder(stage, key), ignore_errors=True)

    def sweep(self) -> None:
        """Remove what a killed run left half-written."""
        for folder in self.root.glob("*/*/.tmp-*"):
            shutil.rmtree(folder, ignore_errors=True)
