"""The tables of reviewers, decisions, edits, assignments and the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _text(name: str, **options: bool) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, **options)  # type: ignore[arg-type]


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("seq", sa.Integer(), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _text("decision_id"),
        _text("at"),
        _text("reviewer"),
        _text("role"),
        _text("doc_id"),
        _text("provision_id"),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        _text("text_hash"),
        _text("quotation"),
        _text("before"),
        _text("after"),
        _text("theme"),
        _text("verdict"),
        _text("force"),
        _text("evidence"),
        _text("note"),
        _text("translation"),
        sa.Column("machine_probability", sa.Double(), nullable=True),
        sa.Column("machine_assigned", sa.Boolean(), nullable=False),
        _text("model_version"),
        _text("replaces"),
        _text("origin"),
        sa.UniqueConstraint("decision_id", name="uq_decisions_decision_id"),
        sa.CheckConstraint("verdict IN ('yes', 'no', 'skip', 'withdrawn')", name="ck_decisions_verdict"),
        sa.CheckConstraint("role IN ('coder', 'adjudicator')", name="ck_decisions_role"),
        sa.CheckConstraint("decision_id <> '' AND reviewer <> '' AND doc_id <> ''", name="ck_decisions_named"),
    )
    op.create_index("ix_decisions_version", "decisions", ["version"])
    op.create_index("ix_decisions_provision_id", "decisions", ["provision_id"])
    op.create_index("ix_decisions_replaces", "decisions", ["replaces"])
    op.create_table(
        "live_decisions",
        _text("provision_id", primary_key=True),
        _text("doc_id", primary_key=True),
        _text("reviewer", primary_key=True),
        _text("theme", primary_key=True),
        sa.Column("decision_id", sa.Text(), sa.ForeignKey("decisions.decision_id"), nullable=False, unique=True),
    )
    counter = op.create_table(
        "counter",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_counter_single"),
    )
    op.bulk_insert(counter, [{"id": 1, "version": 0}])
    op.create_table(
        "users",
        _text("name", primary_key=True),
        _text("folded", unique=True),
        _text("role"),
        _text("password"),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("role IN ('coder', 'adjudicator', 'administrator')", name="ck_users_role"),
    )
    op.create_table(
        "document_edits",
        sa.Column("seq", sa.Integer(), primary_key=True),
        _text("edit_id", unique=True),
        _text("at"),
        _text("reviewer"),
        _text("doc_id"),
        _text("field"),
        _text("value"),
        _text("previous"),
        _text("reason"),
        sa.CheckConstraint(
            "field IN ('title', 'date', 'doc_type', 'legal_status', 'include')", name="ck_document_edits_field"
        ),
    )
    op.create_table(
        "assignments",
        _text("provision_id", primary_key=True),
        _text("reviewer", primary_key=True),
        _text("assigned_by"),
        _text("at"),
    )
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer(), primary_key=True),
        _text("at"),
        _text("who"),
        _text("what"),
        _text("detail"),
    )
