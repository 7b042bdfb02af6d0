"""The decisions of a store, kept in memory so that a page asks the database only for what is new."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..records import Decision

Key = tuple[str, str, str, str]


class Ledger:
    """Rows in the order in which they were recorded, and those that stand now. Not safe for several threads: the store
    holds a lock around it.
    """

    def __init__(self) -> None:
        self.version = -1
        """The store's version when it was last read."""
        self.last = 0
        """`seq` of the last row."""
        self._rows: list[tuple[int, Decision]] = []
        self._by_provision: dict[str, list[tuple[int, Decision]]] = {}
        self._standing: dict[Key, Decision] = {}
        self._by_reviewer: dict[str, dict[Key, Decision]] = {}

    def append(self, seq: int, version: int, decision: Decision, stands: bool) -> None:
        """The next row. `stands`: whether it is, when it is read, the one of its reviewer, provision and theme."""
        self.last = seq
        self.version = max(self.version, version)
        self._rows.append((version, decision))
        self._by_provision.setdefault(decision.provision_id, []).append((version, decision))
        if stands:
            key = (decision.reviewer, decision.doc_id, decision.provision_id, decision.theme)
            for standing in (self._standing, self._by_reviewer.setdefault(decision.reviewer, {})):
                standing.pop(key, None)  # so that the order stays that of the rows
                standing[key] = decision

    def live(self, reviewer: str | None) -> list[Decision]:
        standing = self._standing if reviewer is None else self._by_reviewer.get(reviewer, {})
        return [row for row in standing.values() if row.verdict != "withdrawn"]

    def decisions(self, reviewer: str | None, provision_id: str | None, since: int | None) -> list[Decision]:
        rows: Iterable[tuple[int, Decision]] = self._rows
        if provision_id is not None:
            rows = self._by_provision.get(provision_id, [])
        elif since is not None:
            rows = self._after(since)
        return [
            row
            for version, row in rows
            if (since is None or version > since) and (reviewer is None or row.reviewer == reviewer)
        ]

    def _after(self, version: int) -> Iterator[tuple[int, Decision]]:
        """Versions never fall from row to row."""
        at = len(self._rows)
        while at and self._rows[at - 1][0] > version:
            at -= 1
        return iter(self._rows[at:])
