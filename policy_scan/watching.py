"""`run --watch`: run again whenever the corpus, or what reviewers recorded, has changed and then stood still.

A run that fails is told and tried again: a store may answer again, another run may end, a manifest be mended.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from .errors import NothingToDoError, PolicyScanError, UsageError

LEAST_PAUSE = 2.0
STORE_PAUSE = 30.0
"""Seconds between two looks at an object store, which charges for each."""
_MOST_PAUSE = 300.0
_SHARE = 20
"""A look takes a twentieth of the time at most, however large the corpus."""
_MOST_TROUBLE = 60.0


class _Looks:
    """Looks again and again, each after a pause that fits how long the last one took."""

    def __init__(self, look: Callable[[], str], told: Callable[[Exception], None], least: float) -> None:
        self.look, self.told, self.least = look, told, least
        self.pause = least
        self.trouble = ""

    def __call__(self) -> str | None:
        """How everything looks; None where it can't be told now, which is said once."""
        started = time.monotonic()
        try:
            seen = self.look()
        except (PolicyScanError, OSError) as error:
            if self.trouble != str(error):
                self.told(error)
            self.trouble = str(error)
            return None
        finally:
            self.pause = min(max(self.least, _SHARE * (time.monotonic() - started)), _MOST_PAUSE)
        self.trouble = ""
        return seen

    def settled(self) -> str | None:
        """How everything looks when two looks in a row agree: a file still being copied isn't read."""
        seen = self()
        while True:
            time.sleep(self.pause)
            later = self()
            if later == seen:
                return later
            seen = later

    def changed(self, seen: str | None, retry_after: float | None) -> str | None:
        """Wait until everything looks other than `seen` and stands still, or until `retry_after` seconds have passed;
        how it looks then."""
        until = None if retry_after is None else time.monotonic() + retry_after
        while until is None or time.monotonic() < until:
            time.sleep(self.pause if retry_after is None else min(self.pause, retry_after))
            if self() not in (seen, None) and (now := self.settled()) not in (seen, None):
                return now
        return seen


def watch(
    run: Callable[[], object],
    look: Callable[[], str],
    told: Callable[[Exception], None],
    waiting: Callable[[], None],
    least: float = LEAST_PAUSE,
) -> None:
    """Run at once, then after every change. Ends by an exception alone, such as KeyboardInterrupt.

    `look` gives a text that differs when anything does and may raise PolicyScanError or OSError; `told` gets what went
    wrong, once as long as it stays the same; `waiting` is called when there is nothing to do; `least`: seconds between
    two looks. Raises UsageError from the first run: a command that is wrong isn't tried again.
    """
    looks = _Looks(look, told, least)
    trouble, patience, first = "", least, True
    seen = looks()  # before the run: what is dropped while it goes on is a change
    while True:
        mends = False
        try:
            run()
            trouble, patience = "", least
            waiting()
        except UsageError as error:
            if first:
                raise
            trouble = _told_once(error, trouble, told)
        except NothingToDoError as error:
            trouble = _told_once(error, trouble, told)
            waiting()
        except (PolicyScanError, OSError) as error:
            trouble, mends = _told_once(error, trouble, told), True
        first = False
        seen = looks.changed(seen, patience if mends else None)
        patience = min(2 * patience, _MOST_TROUBLE) if mends else least


def _told_once(error: Exception, before: str, told: Callable[[Exception], None]) -> str:
    if str(error) != before:
        told(error)
    return str(error)
