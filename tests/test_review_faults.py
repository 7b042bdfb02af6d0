"""What can go wrong with the review database: a clear message each, and no acknowledged decision lost."""

from __future__ import annotations

import ctypes
import os
import re
import resource
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import review_writer
import sqlalchemy as sa
from databases import Cluster
from review_writer import decide, insist

from policy_scan.review import database as db
from policy_scan.review import schema
from policy_scan.review.rows import Appending
from policy_scan.review.store import Store, StoreError

WRITER = Path(review_writer.__file__)


def _refused(address: str | Path, kind: type[StoreError], words: str, **options: Any) -> StoreError:
    with pytest.raises(kind, match=words) as refused:
        Store.open(address, wait=0.5, **options)
    assert refused.value.next_step
    assert "\n" not in refused.value.message
    return refused.value


# Addresses


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "empty"),
        ("mysql://user:secret-word@host/name", "'mysql' is no kind"),
        ("sqlite:///:memory:", "'sqlite'"),
        ("://", "can't be read"),
        ("postgresql://user:secret-word@127.0.0.1:port/name", "can't be read"),
        ("postgresql://user:secret-word@127.0.0.1:1/name", r"127\.0\.0\.1:1/name can't be reached"),
        ("postgresql://user:secret-word@nowhere.invalid/name", "can't be reached"),
    ],
)
def test_a_wrong_address_is_told_without_its_password(address: str, words: str) -> None:
    error = _refused(address, db.AddressError, words)
    assert error.exit_code == 2
    assert "secret-word" not in str(error)


def test_a_port_where_something_else_listens_is_told() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        _refused(f"postgresql://u:p@127.0.0.1:{other.getsockname()[1]}/n", db.AddressError, "can't be reached")


def test_a_wrong_password_user_or_database_is_told(postgresql: Cluster) -> None:
    error = _refused(postgresql.address(password="not-the-password"), db.AddressError, "refused the user or the pass")
    assert "not-the-password" not in str(error)
    _refused(postgresql.address("nothing_here"), db.AddressError, "no such database")


def test_a_folder_and_a_missing_folder_are_told(tmp_path: Path) -> None:
    _refused(tmp_path, db.AddressError, "is a folder")
    _refused(tmp_path / "absent" / "review.sqlite3", db.AddressError, "no folder")
    _refused(tmp_path / "review.sqlite3", db.AddressError, "no review database", create=False)
    assert not list(tmp_path.iterdir())


def test_an_empty_server_database_is_left_empty_where_none_is_to_be_made(postgresql: Cluster) -> None:
    address = postgresql.new_database()
    _refused(address, db.AddressError, "no review in", create=False)
    engine = db.make_engine(db.parse_address(address), 1.0)
    with engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == []
    engine.dispose()


# Files


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A review database with one decision."""
    with Store.open(tmp_path / "review.sqlite3") as store:
        store.record(decide(), "")
    return tmp_path / "review.sqlite3"


@contextmanager
def _held(file: Path, statement: str) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute(statement)
        other.execute("BEGIN EXCLUSIVE")
        yield other
        other.execute("ROLLBACK")


def test_a_locked_file_is_told_when_it_is_opened_and_when_it_is_written(file: Path) -> None:
    with _held(file, "PRAGMA locking_mode = EXCLUSIVE"):
        _refused(file, db.LockedError, "another program has locked")
    with Store.open(file, wait=0.2) as store:
        row = decide(theme="signature")
        with _held(file, "PRAGMA busy_timeout = 1000"):
            with pytest.raises(db.LockedError, match="locked"):
                store.record(row, "")
            assert len(store.live()) == 1  # readers go on
        assert store.record(row, "") == row
        assert len(store.live()) == 2


def test_a_new_file_locked_by_another_is_told(tmp_path: Path) -> None:
    with _held(tmp_path / "review.sqlite3", "PRAGMA user_version"):
        _refused(tmp_path / "review.sqlite3", db.LockedError, "locked")


def test_hashes_of_passwords_are_not_for_everyone_to_read(file: Path) -> None:
    with Store.open(file) as store:
        store.record(decide(theme="signature"), "")
        assert all(not one.stat().st_mode & 0o007 for one in file.parent.glob("review.sqlite3*"))


@pytest.mark.parametrize("data", [b"no database at all, but long enough to have a header of its own" * 40, b"%PDF-1.7"])
def test_a_file_that_is_no_database_is_told_and_left_as_it_is(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "review.sqlite3"
    file.write_bytes(data)
    _refused(file, db.DamagedError, "no SQLite database")
    assert file.read_bytes() == data


def test_a_database_of_another_program_is_told_and_left_as_it_is(tmp_path: Path, postgresql: Cluster) -> None:
    for address in (str(tmp_path / "other.sqlite3"), postgresql.new_database()):
        engine = db.make_engine(db.parse_address(address), 1.0)
        with db.writing(engine) as connection:
            connection.exec_driver_sql("CREATE TABLE recipes (name TEXT)")
        _refused(address, db.SchemaError, "recipes")
        with engine.connect() as connection:
            assert sa.inspect(connection).get_table_names() == ["recipes"]
        engine.dispose()


def _bound_by_rights() -> None:
    """Take from root the capability to write everywhere (prctl PR_CAPBSET_DROP, CAP_DAC_OVERRIDE)."""
    if os.geteuid() == 0 and ctypes.CDLL(None).prctl(24, 1, 0, 0, 0):
        raise OSError("prctl")


def test_a_read_only_folder_or_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "review.sqlite3"

    def write() -> subprocess.CompletedProcess[str]:
        tmp_path.chmod(0o555)
        command = [sys.executable, str(WRITER), str(file), "ada", "1", "1"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, preexec_fn=_bound_by_rights)
        tmp_path.chmod(0o755)
        return done

    refused = [write()]
    with Store.open(file) as store:
        kept = store.record(decide(), "")
    refused.append(write())  # the folder
    file.chmod(0o444)
    refused.append(write())  # the folder and the file
    for done in refused:
        assert done.returncode == 3, done.stderr
        assert re.match(r"ReadOnlyError: .*review\.sqlite3 can't be (opened|written)", done.stderr)
        assert "Next: " in done.stderr
    file.chmod(0o644)
    with Store.open(file) as store:
        assert store.decisions() == [kept]


def test_a_full_disk_loses_no_acknowledged_decision(file: Path) -> None:
    room = file.stat().st_size + 300_000
    command = [sys.executable, str(WRITER), str(file), "bob", "1000", "5000"]
    limit: Callable[[], None] = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))  # noqa: E731
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, preexec_fn=limit)
    acknowledged = done.stdout.split("\n")[:-1]
    assert done.returncode == 3, done.stderr
    assert re.match(r"FullError: .*can't grow", done.stderr)
    assert acknowledged
    with Store.open(file) as store:
        rows = {row.decision_id for row in store.decisions(reviewer="bob")}
        assert set(acknowledged) == rows
        insist(store, decide(reviewer="bob", provision_id="p0"))


def test_a_full_server_is_told_as_such() -> None:
    class FullDiskError(Exception):
        sqlstate = "53100"

    told = db._told(FullDiskError("could not extend file"), db.parse_address("postgresql://h/n"))
    assert isinstance(told, db.FullError)


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_deleted_or_replaced_underneath_takes_no_decision(file: Path, replaced: bool) -> None:
    with Store.open(file) as store:
        aside = file.with_name("aside.sqlite3")
        file.rename(aside)
        if replaced:
            shutil.copy(aside, file)
        for use in (lambda: store.record(decide(theme="signature"), ""), store.live, store.version):
            with pytest.raises(db.MovedError, match="moved, deleted or replaced"):
                use()
        if not replaced:
            aside.rename(file)
            assert store.record(decide(theme="signature"), "") == store.live()[-1]


# The server


def test_a_lock_on_the_server_is_told_and_passes(postgresql: Cluster) -> None:
    address = postgresql.new_database()
    with Store.open(address, wait=0.3) as store:
        other = db.make_engine(db.parse_address(address), 1.0)
        with other.begin() as connection:
            connection.exec_driver_sql("LOCK TABLE counter")
            with pytest.raises(db.LockedError, match="locked"):
                store.record(decide(), "")
        other.dispose()
        store.record(decide(), "")


def test_a_server_that_takes_no_writes_is_told(postgresql: Cluster) -> None:
    address = postgresql.new_database()
    with Store.open(address) as store:
        kept = store.record(decide(), "")
    engine = db.make_engine(db.parse_address(address), 1.0)
    with db.writing(engine) as connection:
        name = connection.exec_driver_sql("SELECT current_database()").scalar_one()
        connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    engine.dispose()
    with Store.open(address) as store:
        with pytest.raises(db.ReadOnlyError, match="read-only"):
            store.record(decide(theme="signature"), "")
        assert store.decisions() == [kept]


def test_missing_rights_on_the_server_are_told(postgresql: Cluster) -> None:
    address = postgresql.new_database()
    engine = db.make_engine(db.parse_address(address), 1.0)
    with db.writing(engine) as connection:
        connection.exec_driver_sql("CREATE ROLE guest LOGIN PASSWORD 'guest-word'")
        connection.exec_driver_sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    engine.dispose()
    guest = address.replace("tester:a-password-of-the-tests", "guest:guest-word")
    _refused(guest, db.ReadOnlyError, "permission denied")


# Schemas


def _at(address: str, revision: str) -> sa.Engine:
    """An engine on a database of an older schema."""
    engine = db.make_engine(db.parse_address(address), 1.0)
    with db.writing(engine) as connection:
        db._migrate(connection, revision)
    return engine


def test_the_newest_migration_gives_the_tables_of_the_code(database: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    Store.open(database).close()
    engine = db.make_engine(db.parse_address(database), 1.0)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": schema.VERSION_TABLE, "compare_type": True}
        )
        assert context.get_current_revision() == schema.SCHEMA
        assert compare_metadata(context, schema.metadata) == []
    engine.dispose()


def test_an_older_schema_is_brought_up_to_date_with_its_rows_and_a_copy_aside(database: str) -> None:
    engine = _at(database, "0001")
    row = decide()
    with db.writing(engine) as connection:
        appending = Appending(connection, [row])
        appending.append(row)
        appending.write(1)
    engine.dispose()
    with Store.open(database) as store:
        assert store.live() == [row]
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), db.writing(store._engine) as connection:
            connection.exec_driver_sql("DELETE FROM decisions")
    if "://" not in database:
        (copy,) = Path(database).parent.glob("review.sqlite3.schema-0001-*.bak")
        assert copy.stat().st_mode & 0o777 == Path(database).stat().st_mode & 0o777
        with closing(sqlite3.connect(copy)) as old:
            assert old.execute("SELECT decision_id FROM decisions").fetchall() == [(row.decision_id,)]
            assert old.execute(f"SELECT version_num FROM {schema.VERSION_TABLE}").fetchall() == [("0001",)]


def test_a_migration_that_fails_leaves_the_older_schema(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _at(database, "0001").dispose()

    def fail(connection: sa.Connection, revision: str) -> None:
        connection.exec_driver_sql("CREATE TABLE half_done (a INTEGER)")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(db, "_migrate", fail)
        with pytest.raises(KeyboardInterrupt):
            Store.open(database)
    engine = db.make_engine(db.parse_address(database), 1.0)
    with engine.connect() as connection:
        assert "half_done" not in sa.inspect(connection).get_table_names()
        assert db._schema(connection, "here") == "0001"
    engine.dispose()
    Store.open(database).close()


@pytest.mark.parametrize(("revision", "words"), [("9999", "newer policy-scan"), ("abc", "unknown schema")])
def test_a_newer_or_unknown_schema_is_refused_and_left_as_it_is(database: str, revision: str, words: str) -> None:
    with Store.open(database) as store:
        kept = store.record(decide(), "")
        with db.writing(store._engine) as connection:
            connection.exec_driver_sql(f"UPDATE {schema.VERSION_TABLE} SET version_num = '{revision}'")
    _refused(database, db.SchemaError, words)
    engine = db.make_engine(db.parse_address(database), 1.0)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT decision_id FROM decisions").scalar_one() == kept.decision_id
    engine.dispose()
