"""What a run's tables and reports follow: the decisions and amendments in the review database of its folder.

SQLAlchemy is loaded only where there is a database to read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..records import Decision
from .commands import DATABASE_NAME
from .store import DocumentEdit, Store


@dataclass(frozen=True, slots=True)
class Followed:
    """Everything that reviewers recorded, as it stood at one moment."""

    decisions: tuple[Decision, ...]
    amendments: tuple[DocumentEdit, ...]
    address: str
    """Where, without a password."""

    def __str__(self) -> str:
        n, m = len(self.decisions), len(self.amendments)
        decided = f"{n} decision{'' if n == 1 else 's'}"
        mended = f" and {m} correction{'' if m == 1 else 's'} of documents" if m else ""
        return f"{decided}{mended} of {self.address}"


def followed(output: Path, database: str | None) -> Followed:
    """Read the review database: the one at `database`, else the one in the run's folder, which must be there.

    Raises StoreError (not there, locked, damaged, of another version, no answer).
    """
    with Store.open(database or output / DATABASE_NAME, create=False) as store:
        # Written to meanwhile: read again, so that both are of one moment.
        while True:
            version = store.version()
            found = Followed(tuple(store.decisions()), tuple(store.document_edits()), store.address)
            if store.version() == version:
                return found


def recorded(output: Path, database: str | None) -> str:
    """A text that differs when reviewers recorded anything. Raises StoreError."""
    with Store.open(database or output / DATABASE_NAME, create=False) as store:
        return str(store.version())
