"""An S3-compatible server in a process of its own, and a way to it that can be cut."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from policy_scan import storage
from policy_scan.storage import Place

BUCKET = "policies"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(port: int) -> dict[str, str]:
    """What a process needs to use the server: what s3fs and botocore read."""
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
    }  # fmt: skip


def forget_stores() -> None:
    """Connections know their server: the next use makes new ones."""
    import s3fs

    storage._file_system.cache_clear()
    storage._outages._times.clear()
    s3fs.S3FileSystem.clear_instance_cache()


@contextmanager
def used(port: int, seconds: float = 20.0) -> Iterator[None]:
    """This process and those that it starts use the server at a port, and ask it again for so many seconds."""
    wanted = {**environment(port), storage.PATIENCE_VARIABLE: str(seconds)}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    forget_stores()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value
        forget_stores()


@contextmanager
def server(folder: Path) -> Iterator[int]:
    """The server's port, while its process runs."""
    port = free_port()
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log
        )
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert process.poll() is None, (folder / "server.log").read_text()
            time.sleep(0.1)
        yield port
    finally:
        process.kill()
        process.wait(20)


def make_bucket() -> None:
    Place.of(f"s3://{BUCKET}")._store.mkdir(BUCKET)


def new_place() -> Place:
    """A folder that nobody has used."""
    return Place.of(f"s3://{BUCKET}/{uuid.uuid4().hex[:12]}")


class Line:
    """A port that leads to the server, until what is sent holds `cut_on`: then it is dead for `seconds`."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.cut_on: bytes | None = None
        self.seconds = 0.0
        self.cuts = 0
        self._dead_until = 0.0
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self._cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if time.monotonic() < self._dead_until:
                    client.close()
                    continue
                away = socket.create_connection(("127.0.0.1", self.target))
                self._open |= {client, away}
                for source, target in ((client, away), (away, client)):
                    threading.Thread(target=self._carry, args=(source, target, source is client), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, up: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if up and self.cut_on is not None and self.cut_on in data:
                    self.cut_on = None
                    self.cuts += 1
                    self._dead_until = time.monotonic() + self.seconds
                    self._cut()
                    return
                target.sendall(data)
        for end in (source, target):
            self._open.discard(end)
            end.close()

    def _cut(self) -> None:
        for end in list(self._open):
            self._open.discard(end)
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
