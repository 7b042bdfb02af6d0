"""Who is writing into an output folder: one run at a time, told by OUT/.lock.

The file holds the process, the host and the time, for people to read; that its process lives is what counts. A lock
whose process has ended is taken over. Reading a run (reports, the review) needs no lock: tables are replaced whole.
"""

from __future__ import annotations

import json
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .errors import LockedError

LOCK_FILE = ".lock"


def _began(process: int) -> str:
    """When a process began, as its system tells it, so that a number used again isn't taken for the old process."""
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
        return status.rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _lives(process: int, began: str) -> bool:
    if os.name == "nt":  # signal 0 would end it there; who holds the lock is then for the user to judge
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return not began or _began(process) in ("", began)


def _holder(file: Path) -> dict[str, Any] | None:
    """Who holds a lock; None where the file is gone, {} where nothing can be told from it."""
    try:
        holder = json.loads(file.read_text(encoding="utf-8"))
        return {"process": int(holder["process"]), "host": str(holder["host"]), "since": str(holder["since"]),
                "began": str(holder["began"])}  # fmt: skip
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        return {}


def _refuse(file: Path, holder: dict[str, Any]) -> LockedError:
    if not holder:
        return LockedError(
            f"{file} says that another run writes here, but not which.", f"delete {file} when no run is going on."
        )
    where = f"process {holder['process']} on {holder['host']}, since {holder['since']}"
    return LockedError(
        f"Another run is writing into {file.parent}: {where}.",
        f"wait until it has ended, give another --output, or delete {file} when that process is gone.",
    )


def _put(mine: Path, file: Path) -> None:
    """Make `file` a copy of `mine` unless it is there. Raises FileExistsError."""
    try:
        os.link(mine, file)  # there in whole or not at all
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        with file.open("xb") as stream:
            stream.write(mine.read_bytes())


def _sweep(output: Path) -> None:
    """Remove the half-written files of processes that have ended."""
    for file in output.glob(".tmp-*-*"):
        process = file.name.split("-")[1]
        if process.isdecimal() and not _lives(int(process), ""):
            file.unlink(missing_ok=True)


def _take(file: Path, mine: Path) -> None:
    """Put the finished file `mine` in place as the lock, all at once. Raises LockedError."""
    for _ in range(10):
        try:
            _put(mine, file)
            return
        except FileExistsError:
            holder = _holder(file)
        if holder is None:  # released at this moment
            continue
        own = holder.get("host") == socket.gethostname()
        if not own or _lives(holder["process"], holder["began"]):
            raise _refuse(file, holder)
        # Of several that find it stale, one renames it; what it took away is checked, lest it be a new one.
        aside = mine.with_name(f"{mine.name}-stale")
        with suppress(FileNotFoundError):
            file.rename(aside)
            taken = _holder(aside)
            if taken != holder:
                with suppress(FileExistsError):
                    _put(aside, file)
            aside.unlink()
    raise _refuse(file, _holder(file) or {})


@contextmanager
def held(output: Path) -> Iterator[None]:
    """Hold an output folder's lock while its block runs; released on any way out of it. The folder is made if need be,
    and what a killed run left half-written there is removed.

    Raises LockedError when another process holds it, OSError when the folder can't be written to.
    """
    output.mkdir(parents=True, exist_ok=True)
    file = output / LOCK_FILE
    holder = {
        "process": os.getpid(),
        "host": socket.gethostname(),
        "since": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "began": _began(os.getpid()),
    }
    handle, name = tempfile.mkstemp(prefix=f".tmp-{os.getpid()}-", dir=output)
    mine = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(holder, stream)
        mine.chmod(0o644)
        _take(file, mine)
    finally:
        mine.unlink(missing_ok=True)
    try:
        _sweep(output)
        yield
    finally:
        if _holder(file) == holder:
            file.unlink(missing_ok=True)
