"""A table of what was computed once per word: it grows with the words seen and starts afresh when it is full."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

V = TypeVar("V")


class Remembered(dict[str, V]):
    """`compute` gives a word's value the first time; at most about `most` words are kept."""

    def __init__(self, compute: Callable[[str], V], most: int) -> None:
        super().__init__()
        self._compute, self._most = compute, most

    def __missing__(self, word: str) -> V:
        value = self[word] = self._compute(word)
        return value

    def of(self, words: Iterable[str]) -> list[V]:
        """The words' values in order."""
        if len(self) > self._most:
            self.clear()
        return list(map(self.__getitem__, words))
