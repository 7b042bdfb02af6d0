"""Rows of decisions as the store reads and appends them inside its transactions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime

import sqlalchemy as sa

from ..records import Decision
from . import schema

COLUMNS = tuple(schema.decisions.c[field.name] for field in fields(Decision))
_DECISIONS, _LIVE = schema.decisions, schema.live_decisions
_AT_ONCE = 400
"""Rows asked for in one query: well within SQLite's bound of 32,766."""
_KNOWN = sa.select(*COLUMNS).where(_DECISIONS.c.decision_id.in_(sa.bindparam("own", expanding=True)))
_STANDING = (
    sa.select(*COLUMNS)
    .join(_LIVE, _LIVE.c.decision_id == _DECISIONS.c.decision_id)
    .where(_LIVE.c.provision_id.in_(sa.bindparam("provisions", expanding=True)))
)
_REPLACED = sa.select(_DECISIONS.c.reviewer, _DECISIONS.c.replaces).where(
    _DECISIONS.c.replaces.in_(sa.bindparam("own", expanding=True))
)
_STAND = sa.insert(_LIVE)
_STAND_INSTEAD = (
    sa.update(_LIVE)
    .where(*(_LIVE.c[name] == sa.bindparam(f"its_{name}") for name in schema.PLACE))
    .values(decision_id=sa.bindparam("own"))
)
_KEY_NAMES = ("reviewer", "doc_id", "provision_id", "theme", "decision_id")
_BOUND_NAMES = ("its_reviewer", "its_doc_id", "its_provision_id", "its_theme", "own")
Place = tuple[str, str, str, str]
"""Reviewer, document, provision and theme: where one row stands at a time."""


def place(decision: Decision) -> Place:
    return decision.reviewer, decision.doc_id, decision.provision_id, decision.theme


class Appending:
    """Rows appended within one transaction: what is beside them is read at the start, all are written at the end, so
    that few questions go to the database while other writers wait. Between, it answers as if each were written.
    """

    def __init__(self, connection: sa.Connection, decisions: Sequence[Decision]) -> None:
        self._connection = connection
        self._known: dict[str, Decision] = {}
        self._standing: dict[Place, Decision] = {}
        self._replaced: set[tuple[str, str]] = set()
        self._new: list[Decision] = []
        self._before: list[Decision | None] = []
        for start in range(0, len(decisions), _AT_ONCE):
            some = decisions[start : start + _AT_ONCE]
            own = {"own": [one.decision_id for one in some]}
            provisions = {"provisions": list({one.provision_id: None for one in some})}
            self._known |= {row.decision_id: Decision(*row) for row in connection.execute(_KNOWN, own)}
            standing = [Decision(*row) for row in connection.execute(_STANDING, provisions)]
            self._standing |= {place(row): row for row in standing}
        self._stood = dict(self._standing)

    def read_replaced(self, decisions: Sequence[Decision]) -> None:
        """Read which of these rows another one on record replaces."""
        for start in range(0, len(decisions), _AT_ONCE):
            own = {"own": [one.decision_id for one in decisions[start : start + _AT_ONCE]]}
            self._replaced |= {(row.reviewer, row.replaces) for row in self._connection.execute(_REPLACED, own)}

    def known(self, decision: Decision) -> Decision | None:
        """The row that bears a decision's id."""
        return self._known.get(decision.decision_id)

    def standing(self, decision: Decision) -> Decision | None:
        """The row, withdrawn or not, that stands for a decision's reviewer, provision and theme."""
        return self._standing.get(place(decision))

    def was_replaced(self, decision: Decision) -> bool:
        """Whether a row of the same reviewer replaces this one: it is then history."""
        return (decision.reviewer, decision.decision_id) in self._replaced

    def append(self, decision: Decision, *, stands: bool = True) -> Decision:
        """Append a row, which takes the place of the one that stood there, or doesn't stand for anything."""
        self._known[decision.decision_id] = decision
        self._replaced.add((decision.reviewer, decision.replaces))
        self._new.append(decision)
        self._before.append(self.standing(decision))
        if stands:
            self._standing[place(decision)] = decision
        return decision

    def count(self) -> int:
        """Rows appended so far."""
        return len(self._new)

    def take_back(self, n: int) -> None:
        """Take back what was appended after the first `n` rows."""
        while len(self._new) > n:
            decision, before = self._new.pop(), self._before.pop()
            del self._known[decision.decision_id]
            if before is None:
                self._standing.pop(place(decision), None)
            else:
                self._standing[place(decision)] = before

    def write(self, version: int) -> int:
        """Write what was appended; returns how many rows that is."""
        if not self._new:
            return 0
        self._connection.execute(sa.insert(_DECISIONS), [{**asdict(one), "version": version} for one in self._new])
        moved = [(key, row) for key, row in self._standing.items() if self._stood.get(key) is not row]
        fresh = [
            dict(zip(_KEY_NAMES, (*key, row.decision_id), strict=True)) for key, row in moved if key not in self._stood
        ]
        instead = [
            dict(zip(_BOUND_NAMES, (*key, row.decision_id), strict=True)) for key, row in moved if key in self._stood
        ]
        if fresh:
            self._connection.execute(_STAND, fresh)
        if instead:
            self._connection.execute(_STAND_INSTEAD, instead)
        return len(self._new)


def in_order(rows: Sequence[Decision]) -> list[Decision]:
    """By time, but each row after the one that it replaces."""
    by_id = {row.decision_id: row for row in rows}
    placed: dict[str, Decision] = {}
    for row in sorted(rows, key=lambda one: (datetime.fromisoformat(one.at), one.decision_id)):
        chain: dict[str, Decision] = {}
        step: Decision | None = row
        while step is not None and step.decision_id not in placed and step.decision_id not in chain:
            chain[step.decision_id] = step
            step = by_id.get(step.replaces)
        placed.update(reversed(list(chain.items())))
    return list(placed.values())
