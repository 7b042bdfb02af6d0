"""Who is writing into an output: one run at a time, told by OUT/.lock.

The file holds the process, the host and the time, for people to read, and what tells the machine; that its process
lives is what counts. A lock whose process is known to have ended is taken over, any other is refused. Reading a run
(reports, the review) needs no lock: tables are replaced whole.

On an object store the holder may be on any machine. It writes its lock anew every few seconds, and who finds a lock of
another machine watches it: one that doesn't change for many beats, by the watcher's own clock, is taken over. No two
clocks are compared. A holder that was taken over learns of it before it publishes.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from .errors import LockedError
from .machines import HALF, began, boot, installation, lives, machine, signature, sweep
from .storage import Place

LOCK_FILE = ".lock"
_BEAT_SECONDS = 10.0
"""How often a holder writes its lock on an object store anew."""
_DEAD_BEATS = 9
"""After how many beats without a change the lock of another machine is taken over."""
_MACHINE = ("machine", "boot", "installation", "folder")
"""What a lock says of where its holder is, beside the host's name; '' where that isn't known."""
_SETTLE_SECONDS = 2.0
"""How long to wait, on a store that knows no conditions, until a lock written at the same moment would be seen."""


class Lock(Protocol):
    """A lock that is held."""

    def check(self) -> None:
        """Raises LockedError when it is no longer held, OSError when the store doesn't say: publish nothing then."""
        ...


def _holder(file: Path) -> dict[str, Any] | None:
    """Who holds a lock; None where the file is gone, {} where nothing can be told from it."""
    try:
        holder = json.loads(file.read_text(encoding="utf-8"))
        told = {name: str(holder[name]) for name in ("host", "since", "began")}
        told |= {name: str(holder.get(name, "")) for name in _MACHINE}  # earlier versions told the host only
        return {"process": int(holder["process"]), **told}
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        return {}


def _has_ended(holder: dict[str, Any], own: dict[str, Any]) -> bool:
    """Whether the holder of a folder's lock is known to have ended. `own`: what this process would hold it as."""
    if not holder:
        return False
    same_host = holder["host"] == own["host"]
    if holder["machine"] == own["machine"] or (not holder["machine"] and same_host):
        return not lives(holder["process"], holder["began"])
    if not holder["boot"] or not own["boot"]:
        return False
    if holder["boot"] == own["boot"]:  # of another container here: the kernel that both share would still lock it
        return bool(own["folder"]) and holder["folder"] == own["folder"]
    # Of another machine, or of this one before it was started anew. Where both see the folder on a disk of their own it
    # is the same machine's (clusters' file systems aside, whose machines have names of their own). A network drive many
    # write to, some of them copies of one image with one name and one identity, as containers are.
    on_disk = _is_on_disk(own["folder"]) and _is_on_disk(holder["folder"])
    same_installation = bool(own["installation"]) and holder["installation"] == own["installation"]
    return same_host and (on_disk or same_installation)


def _is_on_disk(told: str) -> bool:
    """Whether a folder that was claimed stood on a disk: Linux gives all else, and a few kinds of disks, no device."""
    device = told.partition(":")[0]
    return sys.platform == "linux" and device.isdecimal() and os.major(int(device)) != 0


def _claim(folder: Path) -> tuple[int, str] | None:
    """A folder itself locked, as a handle to be closed, and what tells the folder under this start of this machine.

    The kernel lets go of it however a process ends, and knows it in all containers; other machines don't. None where
    it is locked already, or nothing can lock it: Windows, most network drives.
    """
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        status = os.fstat(handle)
    except OSError:
        os.close(handle)
        return None
    return handle, f"{status.st_dev}:{status.st_ino}"


def is_left(folder: Path) -> bool:
    """Whether a folder's lock is there, and its holder known to have ended."""
    claim = _claim(folder)
    try:
        own = {**_myself(), "folder": claim[1] if claim else ""}
        return _has_ended(_holder(folder / LOCK_FILE) or {}, own)
    finally:
        if claim:
            os.close(claim[0])


def _refuse(file: Path, holder: dict[str, Any]) -> LockedError:
    if not holder:
        return LockedError(
            f"{file} says that another run writes here, but not which.", f"delete {file} when no run is going on."
        )
    where = f"process {holder['process']} on {holder['host']}, since {holder['since']}"
    if holder["machine"] not in ("", machine()) and holder["host"] == socket.gethostname():
        where += " (another machine or container of that name, or this one before it was started anew)"
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


def _take(file: Path, mine: Path, own: dict[str, Any]) -> None:
    """Put the finished file `mine`, which tells `own`, in place as the lock, all at once. Raises LockedError."""
    for _ in range(10):
        try:
            _put(mine, file)
            return
        except FileExistsError:
            holder = _holder(file)
        if holder is None:  # released at this moment
            continue
        if not _has_ended(holder, own):
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
def held(output: Path | Place) -> Iterator[Lock]:
    """Hold an output's lock while its block runs; released on any way out of it. A folder is made if need be, and what
    a killed run left half-written there is removed.

    Raises LockedError when another process holds it, OSError when the output can't be written to.
    """
    place = Place.of(output)
    lock: _FolderLock | _StoreLock = _FolderLock(place.local) if place.is_local else _StoreLock(place)
    lock.take()
    try:
        yield lock
    finally:
        lock.release()


def _myself() -> dict[str, Any]:
    return {
        "process": os.getpid(),
        "host": socket.gethostname(),
        "since": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "began": began(os.getpid()),
        "machine": machine(),
        "boot": boot(),
        "installation": installation(),
        "folder": "",
    }


def _lost(where: Path | Place, holder: dict[str, Any] | None) -> LockedError:
    who = f"process {holder['process']} on {holder['host']} holds it" if holder else "it is gone"
    return LockedError(
        f"This run's lock on {where} was taken from it ({who}): it publishes nothing.",
        "run again: what was computed is kept in the cache.",
    )


class _FolderLock:
    def __init__(self, output: Path) -> None:
        self.output, self.file = output, output / LOCK_FILE
        self.holder = _myself()
        self.claim: tuple[int, str] | None = None

    def take(self) -> None:
        self.output.mkdir(parents=True, exist_ok=True)
        self.claim = _claim(self.output)
        try:
            if self.claim:
                self.holder["folder"] = self.claim[1]
            self._put()
        except BaseException:
            self._unclaim()
            raise
        sweep(self.output, f"{HALF}*")

    def _put(self) -> None:
        handle, name = tempfile.mkstemp(prefix=f"{HALF}{signature()}", dir=self.output)
        mine = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(self.holder, stream)
            mine.chmod(0o644)
            _take(self.file, mine, self.holder)
        finally:
            mine.unlink(missing_ok=True)

    def _unclaim(self) -> None:
        if self.claim:
            os.close(self.claim[0])
            self.claim = None

    def check(self) -> None:
        holder = _holder(self.file)
        if holder != self.holder:
            raise _lost(self.output, holder)

    def release(self) -> None:
        try:
            if _holder(self.file) == self.holder:
                self.file.unlink(missing_ok=True)
        finally:
            self._unclaim()


class _StoreLock:
    """The object OUT/.lock: its holder, told apart by a token, and the number of its last beat."""

    def __init__(self, output: Place) -> None:
        self.output = output
        self.holder = {**_myself(), "token": uuid.uuid4().hex, "beat": 0}
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._beat, name="lock", daemon=True)

    def take(self) -> None:
        for _ in range(10):
            if self._create():
                break
            data = self._read()
            if data is None:  # released at this moment
                continue
            holder = self._parsed(data)
            if holder.get("token") == self.holder["token"]:  # written, but the answer was lost
                break
            if holder.get("machine") == self.holder["machine"]:
                if lives(holder["process"], holder["began"]):
                    raise self._refusal(holder)
            elif not self._is_dead(data, holder):
                continue
            if self._take_over(data):
                break
        else:
            raise self._refusal(self._parsed(self._read() or b""))
        self.thread.start()

    def _read(self) -> bytes | None:
        try:
            return self.output.read_bytes(LOCK_FILE)
        except FileNotFoundError:
            return None

    @staticmethod
    def _parsed(data: bytes) -> dict[str, Any]:
        """What a lock says; {} where nothing can be told from it."""
        try:
            holder = json.loads(data)
            texts = {name: str(holder[name]) for name in ("host", "since", "began", "machine", "token")}
            return {**texts, "process": int(holder["process"]), "beat": int(holder["beat"])}
        except (ValueError, KeyError, TypeError):
            return {}

    def _data(self) -> bytes:
        return json.dumps(self.holder).encode("utf-8")

    def _refusal(self, holder: dict[str, Any]) -> LockedError:
        if not holder:
            return LockedError(
                f"{self.output}/{LOCK_FILE} says that another run writes here, but not which.",
                f"delete the object {LOCK_FILE} when no run is going on.",
            )
        who = f"process {holder['process']} on {holder['host']}, since {holder['since']}"
        return LockedError(
            f"Another run is writing into {self.output}: {who}.", "wait until it has ended, or give another --output."
        )

    def _create(self) -> bool:
        """Write the lock unless there is one; whether this process then holds it. Raises LockedError."""
        try:
            if not self.output.create(LOCK_FILE, self._data()):
                return False
            conditional = not self.output.create(LOCK_FILE, self._data())
        except OSError as error:
            if error.errno not in (errno.ENOSYS, errno.ENOTSUP):
                raise
            if self._read() is not None:
                return False
            self.output.write_bytes(LOCK_FILE, self._data())
            conditional = False
        if not conditional:  # a store that writes whatever the condition: the last of those who wrote has it
            time.sleep(_SETTLE_SECONDS)
            self.check()
        return True

    def _is_dead(self, data: bytes, holder: dict[str, Any]) -> bool:
        """Watch a lock of another machine: True when it stayed as it is, False when it is gone. Raises LockedError as
        soon as it changes."""
        limit = _BEAT_SECONDS * _DEAD_BEATS
        who = f"process {holder['process']} on {holder['host']}" if holder else "another run"
        said = f"! {self.output} is locked by {who}: watching for up to {limit:.0f} s whether it is at work"
        print(said, file=sys.stderr, flush=True)
        until = time.monotonic() + limit
        while time.monotonic() < until:
            time.sleep(_BEAT_SECONDS / 4)
            now = self._read()
            if now is None:
                return False
            if now != data:
                raise self._refusal(self._parsed(now))
        return True

    def _take_over(self, data: bytes) -> bool:
        """Put this process's lock in the place of a dead one's; of several that try, one does."""
        try:
            mark = self.output.mark(LOCK_FILE)
        except FileNotFoundError:
            return False
        if self._read() != data or not self.output.replace(LOCK_FILE, self._data(), mark):
            return False
        time.sleep(_SETTLE_SECONDS)  # seldom done: where a store knows no conditions, the last of several has it
        self.check()
        return True

    def _beat(self) -> None:
        while not self.ended.wait(_BEAT_SECONDS):
            with suppress(OSError):  # a store that doesn't answer now: at the next beat, or taken over by then
                if not self._renew():
                    return

    def _renew(self) -> bool:
        """Write the lock anew; False when it is another's by now."""
        mark = self.output.mark(LOCK_FILE)
        if self._parsed(self._read() or b"").get("token") != self.holder["token"]:
            return False
        self.holder["beat"] += 1
        self.output.replace(LOCK_FILE, self._data(), mark)
        return True

    def check(self) -> None:
        holder = self._parsed(self._read() or b"")
        if holder.get("token") != self.holder["token"]:
            raise _lost(self.output, holder or None)

    def release(self) -> None:
        self.ended.set()
        if self.thread.is_alive():
            self.thread.join(_BEAT_SECONDS)
        with suppress(OSError, LockedError):  # what can't be removed now is taken over when it has stood still
            self.check()
            self.output.delete(LOCK_FILE)
