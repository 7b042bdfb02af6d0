"""Writers of one process take turns. Decisions that come in while another is written are written together: reviewers
who decide at once wait for one transaction, not for one each.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass

from ..errors import PolicyScanError
from ..records import Decision
from .database import LockedError, StoreError

Answer = list[Decision] | PolicyScanError
Pair = tuple[Decision, str]
"""A decision, and the decision_id of the live row that the reviewer saw."""


@dataclass(slots=True, eq=False)
class _Request:
    pairs: Sequence[Pair]
    answer: Answer | None = None


class Turns:
    """`write`: appends the decisions of several requests in one transaction, those of a request all or none; gives one
    answer for each request, or raises and has written nothing. `wait`: seconds until a writer gives up.
    """

    def __init__(self, write: Callable[[Sequence[Sequence[Pair]]], list[Answer]], wait: float) -> None:
        self._write = write
        self._wait = wait
        self._turn = threading.Lock()
        self._waiting: list[_Request] = []
        self._guard = threading.Lock()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A turn for any other write. Raises LockedError."""
        if not self._turn.acquire(timeout=self._wait):
            raise LockedError("the review database is too busy.", "try again in a moment.")
        try:
            yield
        finally:
            self._turn.release()

    def record(self, pairs: Sequence[Pair]) -> list[Decision]:
        """Write decisions, all or none, with those that wait. Raises what they alone would have."""
        request = _Request(pairs)
        with self._guard:
            self._waiting.append(request)
        try:
            with self.alone():
                # Whoever had the turn before has answered, or not yet seen, this request.
                if request.answer is None:
                    with self._guard:
                        together, self._waiting = self._waiting, []
                    self._answer(together)
        finally:
            with self._guard:
                if request in self._waiting:
                    self._waiting.remove(request)
        if isinstance(request.answer, list):
            return request.answer
        assert request.answer is not None
        raise request.answer

    def _answer(self, together: Sequence[_Request]) -> None:
        interrupted: PolicyScanError = StoreError("the review was stopped; nothing was written.", "decide again.")
        for request in together:
            request.answer = interrupted
        try:
            answers = self._write([request.pairs for request in together])
        except PolicyScanError as error:
            if type(error) is StoreError and len(together) > 1:  # one's fault is not the others'
                for request in together:
                    self._answer([request])
                return
            answers = [copy(error) for _ in together]
        for request, answer in zip(together, answers, strict=True):
            request.answer = answer
