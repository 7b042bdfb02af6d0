"""How a review database of each older schema becomes one of the newest (Alembic)."""
