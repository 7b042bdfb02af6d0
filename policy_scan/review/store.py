"""What reviewers decided, kept: append-only decisions, one live row per reviewer, provision and theme.

A call that returned is on the disk. Writers stand in a row (a lock in the process, then the database's), so that two
who decide the same at once never both win: the later one gets Conflict with the row that is live.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL

from ..errors import UsageError
from ..records import Decision
from . import schema
from .accounts import User, checked_name, checked_role, fits, fold, hash_password, outdated
from .checks import checked_decision, checked_edit, plain
from .database import (
    MovedError,
    StoreError,
    file_identity,
    open_engine,
    parse_address,
    shown,
    telling,
    writing,
)
from .ledger import Ledger
from .rows import COLUMNS, Appending, in_order
from .turns import Answer, Pair, Turns

_DECIDED = ("reviewer", "doc_id", "provision_id", "theme", "verdict", "force", "evidence", "note", "translation")
"""What makes a decision sent again the same one: the time, and what the store sets, may differ."""


class Conflict(StoreError):  # noqa: N818 - it is an answer as much as an error
    """Another row is live than the one that the reviewer saw. `live`: that row, None where there is none."""

    category = "conflict"

    def __init__(self, message: str, next_step: str = "", live: Decision | None = None) -> None:
        super().__init__(message, next_step)
        self.live = live

    def __reduce__(self) -> Any:
        return type(self), (self.message, self.next_step, self.live)


@dataclass(frozen=True, slots=True)
class DocumentEdit:
    """A reviewer's correction of what is known of a document; the next run applies the latest of each field."""

    edit_id: str
    at: str
    reviewer: str
    doc_id: str
    field: str
    """title, date, doc_type, legal_status, or include (yes, or no with a reason)."""
    value: str
    previous: str
    """What the reviewer saw there."""
    reason: str


@dataclass(frozen=True, slots=True)
class AuditEntry:
    at: str
    who: str
    what: str
    detail: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import came to: rows added, rows that were there already, and rows left out with the live one."""

    new: tuple[Decision, ...]
    known: tuple[Decision, ...]
    conflicts: tuple[tuple[Decision, Decision], ...]
    """(row of the file, row that stands in its place)."""


def now() -> str:
    """The time in UTC, ISO 8601 to the microsecond, always with the same number of digits."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _same(one: Decision, other: Decision, names: Iterable[str]) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in names)


class Store:
    """The review database. Safe to use from several threads; several processes may open the same."""

    def __init__(self, engine: sa.Engine, url: URL, wait: float) -> None:
        self._engine = engine
        self._url = url
        self._file = file_identity(url)
        # A single statement needs no transaction: on PostgreSQL that saves two round trips.
        autocommit = url.drivername != "sqlite"
        self._readers = engine.execution_options(isolation_level="AUTOCOMMIT") if autocommit else engine
        self._turns = Turns(self._record_together, 3 * wait)
        self._ledger = Ledger()
        self._ledger_turn = threading.Lock()

    @classmethod
    def open(cls, address: str | Path, create: bool = True, *, wait: float = 10.0) -> Store:
        """Open a review database, creating it or bringing an older schema up to date (a copy of the SQLite file is
        kept beside it). `address`: a path or postgresql://…; `wait`: seconds to wait for another program's lock.

        Raises AddressError, LockedError, FullError, ReadOnlyError, DamagedError, SchemaError, all StoreError.
        """
        url = parse_address(address)
        return cls(open_engine(url, create=create, wait=wait), url, wait)

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def address(self) -> str:
        """Where it is, without a password."""
        return shown(self._url)

    # Transactions

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        self._still_there()
        with telling(self._url), self._readers.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with self._turns.alone(), self._transaction() as connection:
            yield connection

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        with telling(self._url), writing(self._engine) as connection:
            yield connection
            self._still_there()

    def _still_there(self) -> None:
        """A file deleted or replaced underneath would swallow what is written to it: nothing is acknowledged then."""
        if file_identity(self._url) != self._file:
            raise MovedError(
                f"{self.address} was moved, deleted or replaced while it was open; nothing was written to it since.",
                "put it back, then start the review again.",
            )

    def _next_version(self, connection: sa.Connection) -> int:
        """Raise the version; from here to the end of the transaction no other writer goes on."""
        table = schema.counter
        raised = sa.update(table).values(version=table.c.version + 1).returning(table.c.version)
        return int(connection.execute(raised).scalar_one())

    def version(self) -> int:
        """A number that every write raises, but for the audit log and a password hashed anew."""
        with self._reading() as connection:
            return int(connection.execute(sa.select(schema.counter.c.version)).scalar_one())

    # Decisions

    def record(self, decision: Decision, expected: str) -> Decision:
        """Append a decision and make it the live one. `expected`: decision_id of the live row that the reviewer saw,
        '' = none (a withdrawn row counts as none). A decision sent again gives the row that is stored.

        Raises Conflict where another row is live, or decision_id stands for another decision.
        """
        return self.record_all([(decision, expected)])[0]

    def record_all(self, rows: Sequence[Pair]) -> list[Decision]:
        """Append all, in one transaction, or none. Raises Conflict as `record` does, for the first at fault."""
        for decision, _ in rows:
            checked_decision(decision)
        return self._turns.record(rows)

    def _record_together(self, requests: Sequence[Sequence[Pair]]) -> list[Answer]:
        """Append those requests that can be, in one transaction; the others' answer is their Conflict."""
        answers: list[Answer] = []
        with self._transaction() as connection:
            version = self._next_version(connection)
            appending = Appending(connection, [decision for rows in requests for decision, _ in rows])
            for rows in requests:
                before = appending.count()
                try:
                    answers.append([_record(appending, *pair) for pair in rows])
                except Conflict as conflict:
                    appending.take_back(before)
                    answers.append(conflict)
            if not appending.write(version):
                connection.rollback()  # the version stays
        return answers

    def decisions(
        self, reviewer: str | None = None, provision_id: str | None = None, since: int | None = None
    ) -> list[Decision]:
        """Rows on record, oldest first; `since`: only those recorded after the store had that version."""
        with self._current() as ledger:
            return ledger.decisions(reviewer, provision_id, since)

    def live(self, reviewer: str | None = None) -> list[Decision]:
        """The rows that count now, oldest first: one per reviewer, provision and theme, withdrawn ones left out."""
        with self._current() as ledger:
            return ledger.live(reviewer)

    @contextmanager
    def _current(self) -> Iterator[Ledger]:
        """The decisions in memory, brought up to what any process has recorded."""
        table, standing = schema.decisions, schema.live_decisions
        version = self.version()
        with self._ledger_turn:
            # Another thread may have read on meanwhile; else an older copy of the database was put back.
            if version < self._ledger.version and (version := self.version()) < self._ledger.version:
                self._ledger = Ledger()
            if version > self._ledger.version:
                query = (
                    sa.select(table.c.seq, table.c.version, standing.c.decision_id.is_not(None), *COLUMNS)
                    .outerjoin(standing, standing.c.decision_id == table.c.decision_id)
                    .where(table.c.seq > self._ledger.last)
                    .order_by(table.c.seq)
                )
                with self._reading() as connection:
                    rows = connection.execute(query).all()
                for seq, written, stands, *values in rows:
                    self._ledger.append(seq, written, Decision(*values), stands)
                self._ledger.version = max(self._ledger.version, version)
            yield self._ledger

    def import_decisions(self, rows: Sequence[Decision]) -> Imported:
        """Take in decisions exported elsewhere, in one transaction. A row follows the one that it replaces; one that
        would end a row it doesn't know of is left out as a conflict, and nothing is overwritten.
        """
        for row in rows:
            checked_decision(row)
        new: list[Decision] = []
        known: list[Decision] = []
        conflicts: list[tuple[Decision, Decision]] = []
        added: set[str] = set()
        with self._writing() as connection:
            version = self._next_version(connection)
            appending = Appending(connection, rows)
            appending.read_replaced(rows)
            for row in in_order(rows):
                stored, standing = appending.known(row), appending.standing(row)
                if stored is not None:
                    same = replace(stored, replaces=row.replaces) == row
                    known.append(row) if same else conflicts.append((row, stored))
                    continue
                if appending.was_replaced(row):
                    new.append(appending.append(row, stands=False))
                elif standing is None or standing.decision_id == row.replaces or standing.decision_id in added:
                    before = standing.decision_id if standing else row.replaces
                    new.append(appending.append(replace(row, replaces=before)))
                else:
                    conflicts.append((row, standing))
                    continue
                added.add(row.decision_id)
            appending.write(version)
        return Imported(tuple(new), tuple(known), tuple(conflicts))

    # Documents

    def edit_document(self, edit: DocumentEdit) -> DocumentEdit:
        """Append a correction; one sent again gives the row that is stored.

        Raises UsageError where the field or its value can't be, Conflict where edit_id stands for another edit.
        """
        checked_edit(edit)
        table = schema.document_edits
        with self._writing() as connection:
            row = connection.execute(sa.select(table).where(table.c.edit_id == edit.edit_id)).one_or_none()
            if row is not None:
                stored = DocumentEdit(*row[1:])
                if replace(stored, at=edit.at) == edit:
                    return stored
                raise Conflict("this edit_id stands for another edit.", "make a new edit_id.")
            self._next_version(connection)
            connection.execute(sa.insert(table), asdict(edit))
        return edit

    def document_edits(self) -> list[DocumentEdit]:
        """All corrections, oldest first."""
        table = schema.document_edits
        with self._reading() as connection:
            rows = connection.execute(sa.select(table).order_by(table.c.seq)).all()
        return [DocumentEdit(*row[1:]) for row in rows]

    # Assignments

    def assign(self, provision_ids: Iterable[str], reviewer: str, by: str) -> int:
        """Assign provisions to a reviewer; returns how many were not yet."""
        table, reviewer = schema.assignments, plain(reviewer)
        with self._writing() as connection:
            self._next_version(connection)
            query = sa.select(table.c.provision_id).where(table.c.reviewer == reviewer)
            there = set(connection.execute(query).scalars())
            fresh = sorted({plain(one) for one in provision_ids} - there)
            if fresh:
                at = now()
                connection.execute(
                    sa.insert(table),
                    [{"provision_id": one, "reviewer": reviewer, "assigned_by": plain(by), "at": at} for one in fresh],
                )
        return len(fresh)

    def unassign(self, provision_ids: Iterable[str], reviewer: str) -> None:
        """Take assignments back; decisions stay."""
        table, reviewer = schema.assignments, plain(reviewer)
        wanted = sorted({plain(one) for one in provision_ids})
        with self._writing() as connection:
            self._next_version(connection)
            for start in range(0, len(wanted), 500):
                some = wanted[start : start + 500]
                connection.execute(sa.delete(table).where(table.c.reviewer == reviewer, table.c.provision_id.in_(some)))

    def assignments(self, reviewer: str | None = None) -> dict[str, set[str]]:
        """provision_id -> the reviewers it is assigned to."""
        table = schema.assignments
        query = sa.select(table.c.provision_id, table.c.reviewer)
        if reviewer is not None:
            query = query.where(table.c.reviewer == plain(reviewer))
        found: dict[str, set[str]] = {}
        with self._reading() as connection:
            for provision_id, name in connection.execute(query):
                found.setdefault(provision_id, set()).add(name)
        return found

    # Accounts

    def add_user(self, name: str, role: str, password: str) -> User:
        """Raises UsageError where the name, role or password won't do, or there is such an account."""
        user = User(checked_name(name), checked_role(role), True)
        row = {
            "name": user.name, "folded": fold(user.name), "role": user.role,
            "password": hash_password(password), "active": True,
        }  # fmt: skip
        with self._writing() as connection:
            self._next_version(connection)
            same = sa.select(schema.users.c.name).where(schema.users.c.folded == row["folded"])
            if (there := connection.execute(same).scalar_one_or_none()) is not None:
                raise UsageError(f"there is an account '{there}' already.", "choose another name.")
            connection.execute(sa.insert(schema.users), row)
        return user

    def user(self, name: str) -> User | None:
        """The account of that name, whatever its case."""
        table = schema.users
        query = sa.select(table.c.name, table.c.role, table.c.active).where(_named(name))
        with self._reading() as connection:
            row = connection.execute(query).one_or_none()
        return User(*row) if row else None

    def users(self) -> list[User]:
        """All accounts by name, inactive ones too."""
        table = schema.users
        query = sa.select(table.c.name, table.c.role, table.c.active).order_by(table.c.folded)
        with self._reading() as connection:
            return [User(*row) for row in connection.execute(query)]

    def set_password(self, name: str, password: str) -> None:
        """Raises UsageError where there is no such account or the password won't do."""
        self._change_user(name, password=hash_password(password))

    def set_role(self, name: str, role: str) -> None:
        self._change_user(name, role=checked_role(role))

    def set_active(self, name: str, active: bool) -> None:
        """An inactive account can't log in; its decisions stay. Raises UsageError where there is no such account."""
        self._change_user(name, active=active)

    def _change_user(self, name: str, **values: object) -> None:
        with self._writing() as connection:
            self._next_version(connection)
            done = connection.execute(sa.update(schema.users).where(_named(name)).values(**values))
            if not done.rowcount:
                raise UsageError(f"there is no account '{name[:60]}'.", "list them: policy-scan review user list")

    def verify(self, name: str, password: str) -> User | None:
        """The active account of that name and password; a wrong name takes as long as a wrong password."""
        table = schema.users
        query = sa.select(table.c.name, table.c.role, table.c.active, table.c.password).where(_named(name))
        with self._reading() as connection:
            row = connection.execute(query).one_or_none()
        if not fits(password, row.password if row else None) or row is None or not row.active:
            return None
        if outdated(row.password):
            anew = hash_password(password)
            unchanged = (table.c.name == row.name, table.c.password == row.password)
            with self._writing() as connection:
                connection.execute(sa.update(table).where(*unchanged).values(password=anew))
        return User(row.name, row.role, row.active)

    # Audit

    def audit(self, who: str, what: str, detail: str = "") -> None:
        """Append to the audit log: logins, exports, changes of accounts. Never a password."""
        row = {"at": now(), "who": plain(who), "what": plain(what), "detail": plain(detail)}
        with self._writing() as connection:
            connection.execute(sa.insert(schema.audit), row)

    def audit_log(self, limit: int | None = None) -> list[AuditEntry]:
        """The log, oldest first; `limit`: only the latest so many."""
        table = schema.audit
        query = sa.select(table.c.at, table.c.who, table.c.what, table.c.detail).order_by(table.c.seq.desc())
        with self._reading() as connection:
            rows = connection.execute(query.limit(limit)).all()
        return [AuditEntry(*row) for row in reversed(rows)]


# Rows


def _record(appending: Appending, decision: Decision, expected: str) -> Decision:
    """The row as stored. Raises Conflict."""
    known, standing = appending.known(decision), appending.standing(decision)
    if known is not None:
        if _same(known, decision, _DECIDED):
            return known
        raise Conflict("this decision_id stands for another decision.", "make a new decision_id.", known)
    seen = standing is not None and (
        expected == standing.decision_id or (expected == "" and standing.verdict == "withdrawn")
    )
    if not seen and (standing is not None or expected):
        raise Conflict(
            "this has been decided otherwise since you saw it.", "look at what is there now, then decide.", standing
        )
    return appending.append(replace(decision, replaces=standing.decision_id if standing else ""))


def _named(name: str) -> sa.ColumnElement[bool]:
    return schema.users.c.folded == plain(fold(name))
