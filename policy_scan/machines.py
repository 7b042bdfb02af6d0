"""Which machine this is and which of its processes live: so that what a killed run left is told from what another run,
perhaps on another machine that shares the folder, is just writing.

A process's number says something only where it was given: under one start of one machine, and on Linux in one namespace
of processes, which every container has of its own. Names of hosts are given twice.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import uuid
from contextlib import suppress
from functools import cache
from pathlib import Path

from .keys import make_key

HALF = ".tmp-"
"""Begins the name of a file or folder that is being written; a `signature` follows."""
_OLD_SECONDS = 86_400.0
"""None takes more than minutes to write: what is older was left by a process that nobody here can ask about."""
_FIRST_PROCESSES = "pid:[4026531836]"
"""The namespace of processes that Linux itself begins with, the same number everywhere; a container has another."""
_NOT_A_MAKERS = 0x03 << 40
"""Set in a network address that was made up, as containers' and virtual networks' are: it may be given twice."""


def _told(process: int, place: int) -> str:
    """What Linux tells of a process in a place of its /proc/N/stat, counted from after its name; '' elsewhere."""
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
        return status.rpartition(")")[2].split()[place]
    except (OSError, IndexError):
        return ""


def began(process: int) -> str:
    """When a process began, as its system tells it, so that a number used again isn't taken for the old process."""
    return _told(process, 19)


def lives(process: int, since: str) -> bool:
    """Whether a process of this machine is there and does something. `since`: when it `began`, '' where not known."""
    if os.name == "nt":  # signal 0 would end it there; who holds a lock is then for the user to judge
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    if _told(process, 0) in ("Z", "X"):  # ended, though nobody has asked how
        return False
    return not since or began(process) in ("", since)


def _text(file: str) -> str:
    try:
        return Path(file).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _processes() -> str:
    """The namespace of this process's number; '' where there are none."""
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def boot() -> str:
    """What tells this start of this machine from any other, in its containers too; '' where nothing does."""
    return _text("/proc/sys/kernel/random/boot_id")


@cache
def machine() -> str:
    """What tells this machine, and on Linux this container, from any other while it is up: within it a process's number
    says whether that lives. Elsewhere the host's name, and the network card's number where its maker gave it one."""
    if (start := boot()) and (processes := _processes()):
        return f"{start} {processes}"
    card = uuid.getnode()
    return f"{socket.gethostname()} {'' if card & _NOT_A_MAKERS else f'{card:x}'}"


def installation() -> str:
    """What stays when this machine is started anew (a hash of its machine-id, which isn't to be shown); '' where that
    proves nothing: a container has none or that of its image, as many others do."""
    identity = _text("/etc/machine-id")
    return make_key(identity)[:12] if identity and _processes() == _FIRST_PROCESSES else ""


def signature() -> str:
    """What a temporary name tells of the process that it is of, where several machines may write."""
    return f"{make_key(machine())[:12]}-{os.getpid()}-"


def has_ended(signed: str) -> bool:
    """Whether a name that begins with a `signature` is of a process of this machine that has ended."""
    here, _, rest = signed.partition("-")
    process = rest.partition("-")[0]
    return here == make_key(machine())[:12] and process.isdecimal() and not lives(int(process), "")


def clock_of(folder: Path) -> float:
    """The time in seconds by the clock that stamps a folder's files, which on a network drive isn't this machine's.
    Raises OSError."""
    with tempfile.TemporaryFile(prefix=f"{HALF}{signature()}", dir=folder) as file:
        return os.fstat(file.fileno()).st_mtime


def sweep(root: Path, *patterns: str) -> None:
    """Remove what killed processes left half-written below a folder, and nothing that is being written: of this
    machine's at once, of others' and of names that tell no machine what is older than a day."""
    unknown = []
    for left in [path for pattern in patterns for path in root.glob(pattern)]:
        if has_ended(left.name.removeprefix(HALF)):
            _remove(left)
        else:
            unknown.append(left)
    if unknown:
        with suppress(OSError):
            now = clock_of(root)
            for left in unknown:
                with suppress(FileNotFoundError):
                    if now - left.stat().st_mtime > _OLD_SECONDS:
                        _remove(left)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()
