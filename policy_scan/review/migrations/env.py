"""Run by Alembic: bring the database behind the given connection up to date, in the transaction it is in."""

from __future__ import annotations

from alembic import context

from policy_scan.review.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
    transaction_per_migration=False,
)
context.run_migrations()
