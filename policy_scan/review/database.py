"""Opening the review database, SQLite or PostgreSQL: addresses, connections, migrations, and faults told plainly."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from ..errors import PolicyScanError
from .schema import SCHEMA, VERSION_TABLE

POOL = 20
"""Connections of a process, opened as they are needed and kept. Each is held for some milliseconds, and one thread
writes at a time, so that 50 clients and more share them; opening one beyond would cost more than waiting for it."""
_MIGRATION_LOCK = 0x706F6C73
"""Key of the advisory lock that lets one process at a time migrate a PostgreSQL database."""


class StoreError(PolicyScanError):
    """The review database can't be used, or refused what was asked. Nothing acknowledged before is lost."""

    category = "database"


class AddressError(StoreError):
    """The address names no database that can be reached."""

    exit_code = 2


class LockedError(StoreError):
    """Another program holds the database."""


class FullError(StoreError):
    """There is no room to write."""


class ReadOnlyError(StoreError):
    """The file or its folder may not be written."""


class DamagedError(StoreError):
    """It is no database, or a broken one."""


class MovedError(StoreError):
    """The file is no longer where it was opened."""


class SchemaError(StoreError):
    """The database was made by another version of policy-scan or by another program."""


# Addresses


def parse_address(address: str | Path) -> URL:
    """A path of a SQLite file, or an address such as postgresql://user:password@host/name. Raises AddressError."""
    if isinstance(address, Path) or "://" not in address:
        if not str(address).strip():
            raise AddressError("the address of the review database is empty.", _ADDRESSES)
        return URL.create("sqlite", database=str(Path(address).absolute()))
    try:
        url = make_url(address)
    except (sa.exc.ArgumentError, ValueError):
        raise AddressError("the address of the review database can't be read.", _ADDRESSES) from None
    kind = url.drivername.split("+")[0]
    if kind in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if kind == "sqlite" and url.database and url.database != ":memory:":
        return URL.create("sqlite", database=str(Path(url.database).absolute()))
    raise AddressError(f"'{kind}' is no kind of database that can be used here.", _ADDRESSES)


_ADDRESSES = (
    "give the path of a SQLite file, or postgresql://USER:PASSWORD@HOST:PORT/NAME "
    "(with %40 for an @ in the password, %2F for a /)."
)


def shown(url: URL) -> str:
    """An address without its password."""
    return url.database or "" if url.drivername == "sqlite" else url.render_as_string(hide_password=True)


def file_identity(url: URL) -> tuple[int, int] | None:
    """Device and inode of a SQLite file, None where there is none or the database is a server's."""
    if url.drivername != "sqlite":
        return None
    try:
        status = Path(url.database or "").stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


# Connections


def make_engine(url: URL, wait: float) -> sa.Engine:
    """`wait`: seconds that a writer waits for another program's lock, and a thread for a free connection."""
    if url.drivername == "sqlite":
        engine = sa.create_engine(
            url, pool_size=POOL, max_overflow=0, pool_use_lifo=True, pool_timeout=wait, poolclass=sa.QueuePool,
            connect_args={"timeout": wait, "check_same_thread": False},
        )  # fmt: skip
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine
    milliseconds = max(1, int(wait * 1000))
    return sa.create_engine(
        url, pool_size=POOL, max_overflow=0, pool_use_lifo=True, pool_timeout=wait, pool_pre_ping=True,
        connect_args={
            "connect_timeout": max(2, int(wait)),
            "application_name": "policy-scan review",
            "options": f"-c lock_timeout={milliseconds} -c idle_in_transaction_session_timeout=60000",
        },
    )  # fmt: skip


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun below, never by the driver
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")  # a decision acknowledged outlives a power cut, in WAL too


def _begin_sqlite(connection: sa.Connection) -> None:
    # A writer takes the lock at once: one that read first and then found another writing could only fail.
    writes = connection.get_execution_options().get("policy_scan_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that may write: committed at the end, rolled back on any error."""
    with engine.connect().execution_options(policy_scan_writes=True) as connection, connection.begin():
        yield connection


# Faults


@contextmanager
def telling(url: URL) -> Iterator[None]:
    """Turn the drivers' errors into ours."""
    try:
        yield
    except sa.exc.TimeoutError:
        raise LockedError(f"the review database is too busy: {shown(url)}.", "try again in a moment.") from None
    except sa.exc.DBAPIError as error:
        raise _told(error.orig, url) from error
    except sqlite3.Error as error:
        raise _told(error, url) from error


def _told(error: BaseException | None, url: URL) -> StoreError:
    where = shown(url)
    if isinstance(error, sqlite3.Error):
        return _told_sqlite(getattr(error, "sqlite_errorname", "") or "", str(error), where)
    return _told_postgresql(str(getattr(error, "sqlstate", None) or ""), str(error), where)


def _told_sqlite(code: str, text: str, where: str) -> StoreError:
    kind = code.removeprefix("SQLITE_").split("_")[0]
    kept = "what was acknowledged before is kept"
    if kind in ("BUSY", "LOCKED"):
        return LockedError(
            f"another program has locked {where}.", "close it there (a database browser, a backup), then try again."
        )
    if kind == "FULL" or (kind == "IOERR" and "WRITE" in code) or code == "SQLITE_IOERR_FSYNC":
        return FullError(f"{where} can't grow, the disk is full ({text}); {kept}.", "free some room, then try again.")
    if kind in ("READONLY", "PERM"):
        return ReadOnlyError(
            f"{where} can't be written ({text}).", "give yourself the right to write the file and its folder."
        )
    if kind == "CANTOPEN":
        return ReadOnlyError(
            f"{where} can't be opened ({text}).", "check that its folder exists and that you may write it."
        )
    if kind in ("NOTADB", "CORRUPT"):
        return DamagedError(
            f"{where} is no SQLite database, or a damaged one.",
            "name another file; where it was yours, put a copy back or run: sqlite3 FILE .recover",
        )
    return StoreError(f"{where}: {text}.", f"{kept}; try again, and check the disk where it goes on.")


def _told_postgresql(code: str, text: str, where: str) -> StoreError:
    first = text.strip().splitlines()[0] if text.strip() else "no answer"
    if code in ("28P01", "28000") or "password authentication failed" in text or "no password supplied" in text:
        return AddressError(f"{where} refused the user or the password.", "correct them in the database's address.")
    if code == "3D000" or ("database" in text and "does not exist" in text and not code):
        return AddressError(
            f"there is no such database: {where}.", "create it (createdb NAME), or correct the address."
        )
    if code == "42501":
        return ReadOnlyError(f"{where}: {first}", "let its administrator grant the right to create and write tables.")
    if code == "25006":
        return ReadOnlyError(f"{where} is read-only ({first}).", "give the address of the server that takes writes.")
    if code in ("53100", "53200"):
        return FullError(f"{where} has no room left ({first}).", "free some room on the server, then try again.")
    if code in ("55P03", "40P01", "57014"):
        return LockedError(f"another program has locked {where}.", "try again when it has ended.")
    if code == "53300":
        return LockedError(f"{where} has no connection free.", "raise max_connections, or close other programs.")
    if not code or code[:2] in ("08", "57"):
        return AddressError(
            f"{where} can't be reached ({first}).", "check that PostgreSQL runs there, and the host and port."
        )
    return StoreError(f"{where}: {first}", "what was acknowledged before is kept; try again.")


# Opening and migrating


def open_engine(url: URL, *, create: bool, wait: float) -> sa.Engine:
    """A database at the newest schema. Raises StoreError and its subclasses."""
    if url.drivername == "sqlite":
        file = Path(url.database or "")
        if file.is_dir():
            raise AddressError(f"{file} is a folder, not a review database.", "name a file in it.")
        if not file.exists():
            if not create:
                raise AddressError(f"there is no review database at {file}.", "start: policy-scan review")
            if not file.parent.is_dir():
                raise AddressError(f"there is no folder {file.parent}.", "create it, or name a file in another.")
            _create(file, 0o660)
    engine = make_engine(url, wait)
    try:
        with telling(url):
            _bring_up_to_date(engine, url, create)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _create(file: Path, mode: int) -> None:
    """An empty file that only its user and group may read, whatever more the system would allow: it will hold the
    hashes of passwords. Raises ReadOnlyError.
    """
    try:
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, mode))
    except OSError as error:
        raise ReadOnlyError(
            f"{file} can't be opened ({error.strerror}).", "check that its folder exists and that you may write it."
        ) from None


def _schema(connection: sa.Connection, where: str) -> str:
    """The schema of a database, '' where it is empty. Raises SchemaError where it is a newer one or another's."""
    tables = sa.inspect(connection).get_table_names()
    if VERSION_TABLE not in tables:
        if tables:
            raise SchemaError(
                f"{where} holds other tables ({', '.join(sorted(tables)[:3])}), not those of a review.",
                "name a database of its own for the review.",
            )
        return ""
    found = str(connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar_one_or_none() or "")
    if not found.isdigit() or len(found) != len(SCHEMA):
        raise SchemaError(f"{where} has an unknown schema '{found[:40]}'.", "name another database.")
    if found > SCHEMA:
        raise SchemaError(
            f"{where} was written by a newer policy-scan (schema {found}, this one knows {SCHEMA}).",
            "install that version or a later one; the database was left as it is.",
        )
    return found


def _bring_up_to_date(engine: sa.Engine, url: URL, create: bool) -> None:
    with engine.connect() as connection:
        found = _schema(connection, shown(url))
    if found == SCHEMA:
        return
    if not found and not create:
        raise AddressError(f"there is no review in {shown(url)}.", "start: policy-scan review")
    if url.drivername == "sqlite":
        if found:
            _copy_aside(Path(url.database or ""), found)
        with engine.connect() as connection:
            # Readers and the writer don't stop each other; a network drive that can't do it stays as it is.
            raw = connection.connection.dbapi_connection
            assert raw is not None
            raw.cursor().execute("PRAGMA journal_mode = WAL")
    with writing(engine) as connection:
        if url.drivername != "sqlite":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        if _schema(connection, shown(url)) != SCHEMA:  # another process may have come first
            _migrate(connection, "head")


def _migrate(connection: sa.Connection, revision: str) -> None:
    from alembic import command
    from alembic.config import Config

    settings = Config(attributes={"connection": connection})
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    command.upgrade(settings, revision)


def _copy_aside(file: Path, found: str) -> Path:
    """A copy of the database as it was before its schema is changed, beside it, under a name not yet taken."""
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    copy = file.with_name(f"{file.name}.schema-{found}-{moment}.bak")
    _create(copy, file.stat().st_mode & 0o777)
    source: Any = sqlite3.connect(file)
    target: Any = sqlite3.connect(copy)
    try:
        source.backup(target)
    finally:
        target.close()
        source.close()
    return copy
