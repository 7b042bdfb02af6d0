"""Runs whose output stands on an object store: assembled in a folder of this machine and published from there, and
fetched into one to be read.

A run is what its run.json names, with hashes. New files are first laid beside the old ones, then put in their places by
the store itself, run.json last; the replaced ones stay beside it until then. So whatever ends a publication, and
whenever, run.json's files can all be had: those of the run before, or those of the new one.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import NothingToDoError, PolicyScanError
from .keys import hash_bytes, hash_file, make_key
from .lock import held, is_left
from .machines import has_ended, signature
from .storage import Place, write_atomic

RUN_FILE = "run.json"
FOLDER_VARIABLE = "POLICY_SCAN_LOCAL"
"""Environment variable: the folder where runs are fetched to and assembled; the user's cache where not set."""
_ASIDE = ".publish"
_PUBLISHED = "published"
"""The field of run.json that tells of each published file its hash and the store's mark of it."""
_KEPT_SECONDS = 86_400.0
_ATTEMPTS = 3


@dataclass(slots=True)
class Published:
    """The run that stands on an object store, as its run.json tells; `details` is empty where there is none."""

    output: Place
    details: Mapping[str, Any] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    """The store's marks of the files that are there now."""

    @classmethod
    def at(cls, output: Place) -> Published:
        """Raises OSError."""
        try:
            details = _parsed(output.read_bytes(RUN_FILE))
        except FileNotFoundError:
            return cls(output)
        return cls(output, details, {entry.path: entry.mark for entry in output.files()} if details else {})

    def is_current(self, tables_key: str) -> bool:
        """Whether just the tables that a run with this key published are there."""
        files = self.details.get("files") or {}
        return self.details.get("tables_key") == tables_key and bool(files) and all(map(self.stands, files))

    def stands(self, name: str, digest: str | None = None) -> bool:
        """Whether a file is there as it was published, and (where given) with these bytes."""
        try:
            published = self.details[_PUBLISHED][name]
            return bool(
                published["mark"]
                and published["mark"] == self.marks.get(name)
                and digest in (None, published["sha256"])
            )
        except (KeyError, TypeError):
            return False

    def fetch(self, folder: Path, names: Iterable[str]) -> None:
        """Copy its run.json and these files into a folder. Raises PolicyScanError when another run was published
        meanwhile, OSError."""
        for name in names:
            _fetch(self.output, name, self.details["files"][name], folder)
        _write_details(folder, self.output, self.details)


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        details = json.loads(data)
        return details if isinstance(details, dict) else {}
    except ValueError:
        return {}


def _write_details(folder: Path, output: Place, details: Mapping[str, Any]) -> None:
    content = {**details, "output": str(output)}
    write_atomic(folder / RUN_FILE, (json.dumps(content, ensure_ascii=False) + "\n").encode("utf-8"))


def _fetch(output: Place, name: str, digest: str, folder: Path) -> None:
    """A file with just these bytes: in its place, or laid aside while another is put there."""
    for source in (name, f"{_ASIDE}/{digest}"):
        with suppress(FileNotFoundError):
            if output.download(source, folder / name, digest):
                return
    raise PolicyScanError(
        f"{output}/{name} isn't the file of the run in {output}: that run was written anew while it was read, or the "
        "file was changed.",
        "do the same again when no run is going on; else run 'policy-scan run', which writes it anew.",
    )


def local_folder() -> Path:
    """Where this machine keeps copies of runs on stores, and assembles them."""
    if given := os.environ.get(FOLDER_VARIABLE):
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "policy-scan"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "policy-scan"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "policy-scan"


def fetched(output: Place) -> Path:
    """The folder of a run: its own, or a copy of its tables (Parquet) and run.json that is kept on this machine.

    Raises NothingToDoError (no run there), PolicyScanError (the run changed while it was read), OSError.
    """
    if output.is_local:
        return output.local
    for attempt in range(_ATTEMPTS):
        try:
            data = output.read_bytes(RUN_FILE)
            details = _parsed(data)
            names = sorted(name for name in details["files"] if name.endswith(".parquet") and Path(name).name == name)
        except (FileNotFoundError, KeyError, TypeError):
            break
        runs = local_folder() / "runs" / make_key(str(output))[:16]
        folder = runs / hash_bytes(data)[:16]
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        try:
            for name in names:
                if not (folder / name).is_file():
                    _fetch(output, name, details["files"][name], folder)
        except PolicyScanError:
            if attempt + 1 < _ATTEMPTS and output.read_bytes(RUN_FILE) != data:
                continue
            raise
        # One that is there is the same, as the folder's name tells; a review would take a new one for another run.
        if not (folder / RUN_FILE).is_file():
            _write_details(folder, output, details)
        _forget(runs.parent, folder)
        return folder
    raise NothingToDoError(f"{output} holds no finished run.", "run 'policy-scan run', or give --output.")


def _forget(runs: Path, but: Path) -> None:
    """Remove the copies of runs that nobody has read for a day."""
    for folder in runs.glob("*/*"):
        with suppress(OSError):
            if folder != but and time.time() - folder.stat().st_mtime > _KEPT_SECONDS:
                shutil.rmtree(folder)


@contextmanager
def workplace(output: Place) -> Iterator[Path]:
    """The folder where a run for this output is assembled: its own, or one of this machine that is gone afterwards.
    What killed runs left in such folders is removed."""
    if output.is_local:
        yield output.local
        return
    work = local_folder() / "work"
    work.mkdir(parents=True, exist_ok=True)
    for left in work.iterdir():  # a home folder may be shared by machines whose processes bear the same numbers
        if has_ended(left.name) or is_left(left):
            shutil.rmtree(left, ignore_errors=True)
    with (
        tempfile.TemporaryDirectory(prefix=signature(), dir=work, ignore_cleanup_errors=True) as name,
        held(Path(name)),  # so that it is told even when this machine was started anew
    ):
        yield Path(name)


def publish(folder: Path, output: Place, check: Callable[[], None]) -> None:
    """Put the run that stands in a folder, and the reports beside it, where its address says. What is there already is
    not sent again.

    `check` is called before anything of the published run changes, and raises where this process may not publish.
    Raises what it raises, OSError.
    """
    check()
    before = Published.at(output)
    details = _parsed((folder / RUN_FILE).read_bytes())
    hashes = {
        file.name: hash_file(file)
        for file in sorted(folder.iterdir())
        if file.is_file() and file.name != RUN_FILE and not file.name.startswith(".")
    }
    changed = [name for name, digest in hashes.items() if not before.stands(name, digest)]
    aside = output.below(_ASIDE)
    laid = {entry.path for entry in aside.files()}  # by a publication that was ended
    for name in changed:
        if hashes[name] not in laid:
            aside.upload(hashes[name], folder / name)
    for name in changed:
        old = before.details.get("files", {}).get(name)
        if old and old not in laid and before.stands(name):
            output.copy(name, f"{_ASIDE}/{old}")
    check()
    for name in changed:
        output.copy(f"{_ASIDE}/{hashes[name]}", name)
    marks = {entry.path: entry.mark for entry in output.files()}
    details[_PUBLISHED] = {name: {"sha256": hashes[name], "mark": marks.get(name, "")} for name in hashes}
    text = json.dumps(details, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    output.write_bytes(RUN_FILE, text.encode("utf-8"))
    with suppress(OSError):  # what is left over is removed by the next publication
        for entry in list(aside.files()):
            aside.delete(entry.path)
