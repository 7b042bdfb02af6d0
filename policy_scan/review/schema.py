"""The tables of the review database, as they are at `SCHEMA`; `migrations/` says how each older one becomes so.

`decisions`, `document_edits` and `audit` are append-only: triggers forbid UPDATE and DELETE. What counts now stands in
`live_decisions`, whose primary key allows one row per reviewer, provision and theme.
"""

from __future__ import annotations

from dataclasses import fields
from typing import get_args, get_type_hints

import sqlalchemy as sa

from ..records import Decision, Role, Verdict

SCHEMA = "0002"
"""The newest revision under migrations/versions; a test compares the two."""
VERSION_TABLE = "policy_scan_review"
"""Where the revision stands: a name of our own, so that no other program's migrations are taken for ours."""
APPEND_ONLY = ("decisions", "document_edits", "audit")
ROLES = ("coder", "adjudicator", "administrator")
PLACE = ("reviewer", "doc_id", "provision_id", "theme")
"""Where one decision stands at a time."""
EDITABLE = ("title", "date", "doc_type", "legal_status", "include")

metadata = sa.MetaData()
_KINDS = get_type_hints(Decision)


def one_of(column: str, values: tuple[str, ...]) -> str:
    """The SQL of a check that a column holds one of these values (constants of the code, never a user's)."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def _column(name: str) -> sa.Column[object]:
    kind = _KINDS[name]
    if kind is bool:
        return sa.Column(name, sa.Boolean(), nullable=False)
    if kind is int:
        return sa.Column(name, sa.Integer(), nullable=False)
    if kind == float | None:
        return sa.Column(name, sa.Double(), nullable=True)
    return sa.Column(name, sa.Text(), nullable=False)


decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("seq", sa.Integer(), primary_key=True),
    sa.Column("version", sa.Integer(), nullable=False, index=True),
    *(_column(field.name) for field in fields(Decision)),
    sa.UniqueConstraint("decision_id", name="uq_decisions_decision_id"),
    sa.CheckConstraint(one_of("verdict", get_args(Verdict)), name="ck_decisions_verdict"),
    sa.CheckConstraint(one_of("role", get_args(Role)), name="ck_decisions_role"),
    sa.CheckConstraint("decision_id <> '' AND reviewer <> '' AND doc_id <> ''", name="ck_decisions_named"),
    sa.Index("ix_decisions_provision_id", "provision_id"),
    sa.Index("ix_decisions_replaces", "replaces"),
)
"""One row per decision, in the order in which they were recorded; `version`: the store's when it was written."""

live_decisions = sa.Table(
    "live_decisions",
    metadata,
    sa.Column("provision_id", sa.Text(), primary_key=True),
    sa.Column("doc_id", sa.Text(), primary_key=True),
    sa.Column("reviewer", sa.Text(), primary_key=True),
    sa.Column("theme", sa.Text(), primary_key=True),
    sa.Column("decision_id", sa.Text(), sa.ForeignKey("decisions.decision_id"), nullable=False, unique=True),
)
"""The row that counts now of each reviewer, provision ('' = the document as a whole) and theme. A withdrawn one stays
here, so that the next one replaces it."""

counter = sa.Table(
    "counter",
    metadata,
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("version", sa.Integer(), nullable=False),
    sa.CheckConstraint("id = 1", name="ck_counter_single"),
)
"""One row. Every write raises it first, which also puts writers in a row on PostgreSQL."""

users = sa.Table(
    "users",
    metadata,
    sa.Column("name", sa.Text(), primary_key=True),
    sa.Column("folded", sa.Text(), nullable=False, unique=True),
    sa.Column("role", sa.Text(), nullable=False),
    sa.Column("password", sa.Text(), nullable=False),
    sa.Column("active", sa.Boolean(), nullable=False),
    sa.CheckConstraint(one_of("role", ROLES), name="ck_users_role"),
)
"""`folded`: the name without its case, so that no two accounts look alike; `password`: an Argon2id hash."""

document_edits = sa.Table(
    "document_edits",
    metadata,
    sa.Column("seq", sa.Integer(), primary_key=True),
    sa.Column("edit_id", sa.Text(), nullable=False, unique=True),
    sa.Column("at", sa.Text(), nullable=False),
    sa.Column("reviewer", sa.Text(), nullable=False),
    sa.Column("doc_id", sa.Text(), nullable=False),
    sa.Column("field", sa.Text(), nullable=False),
    sa.Column("value", sa.Text(), nullable=False),
    sa.Column("previous", sa.Text(), nullable=False),
    sa.Column("reason", sa.Text(), nullable=False),
    sa.CheckConstraint(one_of("field", EDITABLE), name="ck_document_edits_field"),
)

assignments = sa.Table(
    "assignments",
    metadata,
    sa.Column("provision_id", sa.Text(), primary_key=True),
    sa.Column("reviewer", sa.Text(), primary_key=True),
    sa.Column("assigned_by", sa.Text(), nullable=False),
    sa.Column("at", sa.Text(), nullable=False),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("seq", sa.Integer(), primary_key=True),
    sa.Column("at", sa.Text(), nullable=False),
    sa.Column("who", sa.Text(), nullable=False),
    sa.Column("what", sa.Text(), nullable=False),
    sa.Column("detail", sa.Text(), nullable=False),
)
