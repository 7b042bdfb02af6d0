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
_PLACE = ("reviewer", "doc_id", "provision_id", "theme")
_here = sa.and_(*(_LIVE.c[name] == sa.bindparam(f"its_{name}", type_=sa.Text()) for name in _PLACE))
_standing = sa.select(_LIVE.c.decision_id).where(_here).scalar_subquery()
# Made once: many rows pass through while other writers wait.
_BESIDE = sa.select(_standing.label("standing"), *COLUMNS).where(
    (_DECISIONS.c.decision_id == sa.bindparam("own", type_=sa.Text())) | (_DECISIONS.c.decision_id == _standing)
)
_REPLACED = (
    sa.select(_DECISIONS.c.seq)
    .where(_DECISIONS.c.replaces == sa.bindparam("own"), _DECISIONS.c.reviewer == sa.bindparam("its_reviewer"))
    .limit(1)
)
_APPEND = sa.insert(_DECISIONS)
_STAND = sa.insert(_LIVE)
_STAND_INSTEAD = sa.update(_LIVE).where(_here).values(decision_id=sa.bindparam("own"))


def plain(text: str) -> str:
    """What both databases can hold: no NUL, no half of a surrogate pair."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")


def _place(decision: Decision) -> dict[str, str]:
    return {f"its_{name}": getattr(decision, name) for name in _PLACE}


def beside(connection: sa.Connection, decision: Decision) -> tuple[Decision | None, Decision | None]:
    """The row that bears a decision's id, and the row, withdrawn or not, that stands for its reviewer, provision and
    theme. One query: the database is held for every other writer meanwhile.
    """
    rows = connection.execute(_BESIDE, {"own": decision.decision_id, **_place(decision)}).all()
    found = {row.decision_id: Decision(*row[1:]) for row in rows}
    return found.get(decision.decision_id), found.get(rows[0].standing) if rows else None


def was_replaced(connection: sa.Connection, decision: Decision) -> bool:
    """Whether a row of the same reviewer on record replaces this one: it is then history."""
    values = {"own": decision.decision_id, "its_reviewer": decision.reviewer}
    return connection.execute(_REPLACED, values).first() is not None


def append_history(connection: sa.Connection, decision: Decision, version: int) -> Decision:
    """Append a row that doesn't stand for anything."""
    connection.execute(_APPEND, {**asdict(decision), "version": version})
    return decision


def append(connection: sa.Connection, decision: Decision, standing: Decision | None, version: int) -> Decision:
    """Append a row and let it stand in the place of `standing`."""
    append_history(connection, decision, version)
    if standing is None:
        place = {name: getattr(decision, name) for name in _PLACE}
        connection.execute(_STAND, {**place, "decision_id": decision.decision_id})
    else:
        connection.execute(_STAND_INSTEAD, {**_place(decision), "own": decision.decision_id})
    return decision


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
