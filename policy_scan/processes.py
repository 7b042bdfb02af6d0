"""The processes that work for a run: how they begin, that they end with it, and take no more memory than they may."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.context import BaseContext
from pathlib import Path

_LOADED = "policy_scan.loaded"
"""The module that processes have loaded when they begin."""


def how_to_begin() -> BaseContext:
    """How a run's processes begin: never as a copy of the run, whose threads and libraries would come along.

    On Linux each is a copy of one process that did nothing but load what they all need: loading takes longer than many
    a document. Elsewhere libraries don't bear that, and each loads for itself.
    """
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([_LOADED])
    return context


@contextmanager
def untold_of_ctrl_c() -> Iterator[None]:
    """What is started in the block, and by that, never gets Ctrl-C, which a terminal sends to every process: its run
    ends it, without the tracebacks of whatever it is loading."""
    if sys.platform == "win32":
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # what starts it on the way would have Ctrl-C be told again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def load_ahead() -> None:
    """Have what processes will be copies of loaded while the run is still looking for something to do."""
    if sys.platform == "linux":
        from multiprocessing import forkserver

        how_to_begin()
        with untold_of_ctrl_c():
            forkserver.ensure_running()


@contextmanager
def common_start() -> Iterator[None]:
    """For a program that ends after the block: the process that others are copies of has ended with the block, and
    what it cost counts as the program's. Where the block is left by an error it ends when the program does."""
    yield
    from multiprocessing import forkserver

    # No public name for it: Python ends this process with the program, a moment later and uncounted.
    stop = getattr(getattr(forkserver, "_forkserver", None), "_stop", None)
    if stop is not None and not multiprocessing.active_children():
        stop()


def begin(environment: Mapping[str, str]) -> None:
    """What a process does first: it takes over the run's environment variables, and is set to end with the run."""
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    os.environ.update(environment)
    threading.Thread(target=_end_with_run, daemon=True).start()


def _end_with_run() -> None:
    """End this process as soon as its run is gone: what it would still write, the next run writes too."""
    run = multiprocessing.parent_process()
    if run is not None:
        run.join()
        kill(programs_of(os.getpid()))
        os._exit(1)


def programs_of(process: int) -> list[int]:
    """The processes that a process has started, such as Tesseract, which would go on without it; told by Linux only."""
    found: list[int] = []
    with suppress(OSError):
        for file in Path(f"/proc/{process}/task").glob("*/children"):
            found += map(int, file.read_text(encoding="ascii").split())
    return found


def kill(processes: Iterable[int]) -> None:
    """End processes at once; one that has ended already is none the worse for it."""
    for process in processes:
        with suppress(OSError):
            os.kill(process, signal.SIGKILL)


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
