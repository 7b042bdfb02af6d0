"""Where commands write, and how errors raised on purpose become a message and an exit code."""

from __future__ import annotations

import errno
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import typer
from rich.console import Console
from rich.markup import escape

from .errors import PolicyScanError
from .storage import UnreachableError

err = Console(stderr=True, highlight=False)
out = Console(highlight=False)


def on_this_machine(path: Path | None) -> Path | None:
    """A file or folder to write, as an option gives it: an address would become folders with its parts' names."""
    if path is not None and re.match(r"[a-z][a-z0-9+.-]+:/", path.as_posix(), re.IGNORECASE):
        raise typer.BadParameter("an address; give a file or folder of this machine, and copy it from there.")
    return path


def _next_step(error: Exception) -> str:
    if isinstance(error, UnreachableError):
        return "see that the store can be reached, then do the same again: what was finished is kept."
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EROFS)  # this machine's disk, not a store
    if isinstance(error, OSError) and "://" in str(error.filename) and not full:
        return "check the address and the credentials in the environment (docs/storage.md), then do the same again."
    return "check the path, its permissions and the free space on the disk, then run again."


def say(error: Exception) -> None:
    """What went wrong and what to do next, on stderr."""
    if isinstance(error, PolicyScanError):
        message, next_step = error.message, error.next_step
    else:
        where = f" ({error.filename})" if isinstance(error, OSError) and error.filename else ""
        message = str(getattr(error, "strerror", None) or error) + where
        next_step = _next_step(error)
    err.print(f"[bold red]✗[/bold red] {escape(message)}", soft_wrap=True)
    if next_step:
        err.print(f"  → {escape(next_step)}", soft_wrap=True)


class _ToldToEnd(KeyboardInterrupt):
    """By SIGTERM."""


def _end(_number: int, _frame: FrameType | None) -> None:
    raise _ToldToEnd


@contextmanager
def _in_good_order() -> Iterator[None]:
    """A machine that is shut down and a batch system end a command (SIGTERM) as Ctrl-C does: with a message, and what
    it holds of a cluster given back. Where the signal is ignored, or whoever called has a way with it, it stays so."""
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def told() -> Iterator[None]:
    """Turn what policy_scan raises on purpose, and being told to end, into a message and an exit code."""
    try:
        with _in_good_order():
            yield
    except PolicyScanError as error:
        say(error)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt as stopped:
        err.print("Stopped. What was finished is kept: the same command goes on from there.")
        number = signal.SIGTERM if isinstance(stopped, _ToldToEnd) else signal.SIGINT
        raise typer.Exit(128 + number) from None
    except BrokenPipeError:
        raise typer.Exit(0) from None
    except OSError as error:
        say(error)
        raise typer.Exit(3) from None
