"""The databases that the review is tested on: SQLite in a folder, and a private PostgreSQL started once per session."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from policy_scan.review.store import Store

_PORT_TRIES = 5
_CONFIG = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
full_page_writes = off
synchronous_commit = off
max_connections = 100
shared_buffers = 16MB
"""


def _programs() -> Path | None:
    """The folder of initdb and pg_ctl: on the path, or where Debian keeps them; the newest version."""
    found = shutil.which("initdb")
    if found and shutil.which("pg_ctl"):
        return Path(found).parent
    places = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr/pgsql").parent.glob("pgsql-*/bin")]
    there = [place for place in places if (place / "initdb").exists() and (place / "pg_ctl").exists()]
    return max(
        there, key=lambda place: [int(part) for part in place.parent.name.split("-")[-1].split(".")], default=None
    )


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class Cluster:
    """A PostgreSQL of the tests' own, on a free loopback port, without fsync; it refuses to run as root, so root
    starts it as the system's user `postgres`, else `nobody`.
    """

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs = programs
        self.folder = folder
        self.data = folder / "data"
        self.user: str | None = None
        if os.geteuid() == 0:
            import pwd

            names = {entry.pw_name for entry in pwd.getpwall()}
            self.user = next(name for name in ("postgres", "nobody") if name in names)
            shutil.chown(folder, self.user)
            folder.chmod(0o700)
        password = folder / "password"
        password.write_text("a-password-of-the-tests\n")
        if self.user:
            shutil.chown(password, self.user)
        self.run("initdb", "-D", self.data, "-U", "tester", f"--pwfile={password}", "-A", "scram-sha-256",
                 "-E", "UTF8", "--locale=C", "--no-sync")  # fmt: skip
        with (self.data / "postgresql.conf").open("a") as config:
            config.write(_CONFIG)
        self.port = 0
        for attempt in range(_PORT_TRIES):
            self.port = _free_port()
            try:
                self.start()
                return
            except subprocess.CalledProcessError:  # another program may have taken the port in between
                if attempt == _PORT_TRIES - 1:
                    raise

    def run(self, program: str, *arguments: object) -> None:
        subprocess.run(
            [self.programs / program, *map(str, arguments)], check=True, cwd=self.folder, user=self.user,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=120,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"},
        )  # fmt: skip

    def start(self) -> None:
        log = self.folder / "log"
        self.run("pg_ctl", "-D", self.data, "-w", "-t", "60", "-l", log, "-o", f"-p {self.port}", "start")

    def stop(self, mode: str = "immediate") -> None:
        self.run("pg_ctl", "-D", self.data, "-w", "-m", mode, "stop")

    def address(self, database: str = "postgres", password: str = "a-password-of-the-tests") -> str:
        return f"postgresql://tester:{password}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """The address of an empty database."""
        import psycopg

        name = f"review_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(self.address(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.address(name)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL's initdb and pg_ctl aren't installed: sh tools/install_system.sh database")
    folder = Path(tempfile.mkdtemp(prefix="policy_scan_pg_"))
    cluster = None
    try:
        cluster = Cluster(programs, folder)
        yield cluster
    finally:
        if cluster is not None:
            cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of each kind."""
    if request.param == "sqlite":
        return str(tmp_path / "review.sqlite3")
    cluster: Cluster = request.getfixturevalue("postgresql")
    return cluster.new_database()


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """An empty review database of each kind."""
    from policy_scan.review.store import Store

    with Store.open(database) as opened:
        yield opened
