"""What every process that works for a run keeps to: it ends with its run, and takes no more memory than it may."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_LOOK_SECONDS = 0.5
"""How often a worker looks whether its run is still there."""


def end_with(parent: int) -> None:
    """End this process soon after its run was killed: what it would still write, the next run writes too."""
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os._exit(1)


def limit_memory(megabytes: int) -> None:
    """Refuse this process more memory than that, so that a file packed to burst harms no other process.

    Python then raises MemoryError; pdfium ends the process. Linux counts all memory asked for, other systems little of
    it or, as Windows, have no such limit.
    """
    if sys.platform == "win32":
        return
    import resource

    limit = megabytes * 1_000_000
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (limit if most == resource.RLIM_INFINITY else min(limit, most), most))


@contextmanager
def limited_memory(megabytes: int) -> Iterator[None]:
    """`limit_memory` for a while."""
    if sys.platform == "win32":
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    limit_memory(megabytes)
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)
