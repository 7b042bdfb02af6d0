"""Places where corpus, cache and output stand: a local folder, or an object store's address such as s3://bucket/folder.

Names below a place are relative, with '/'. What goes wrong is an OSError that names the file, whatever the store; what
may pass (a refused connection, an answer 5xx, a timeout) is tried again with growing waits, for a minute in all.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from .errors import UsageError
from .keys import hash_file, hash_stream
from .machines import HALF, signature

T = TypeVar("T")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_PIECE = 16 << 20
PATIENCE_VARIABLE = "POLICY_SCAN_STORE_SECONDS"
"""Environment variable: for how many seconds a store that doesn't answer is asked again; 60 where not set."""
_PATIENCE = 60.0
_SHORTEST_WAIT = 0.2
_LONGEST_WAIT = 10.0
_PASSING = frozenset(
    {"HTTPClientError", "ConnectionError", "ClientError", "ClientPayloadError", "IncompleteRead", "ResponseParserError",
     "TimeoutError", "FSTimeoutError", "IncompleteReadError"}
)  # fmt: skip
"""Names of the errors (botocore's, aiohttp's, the network's) that may pass; their subclasses count."""
_PASSING_CODES = frozenset(
    {"SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "Throttling", "ThrottlingException",
     "RequestLimitExceeded", "OperationAborted", "ConditionalRequestConflict"}
)  # fmt: skip


class UnreachableError(OSError):
    """A store that gave no answer for as long as it was asked."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file below a place. `mark` changes when the file does: a local file's time of change in ns and inode, an
    object's tag. `link`: a link that leads out of the place or to a folder; it is not followed."""

    path: str
    size: int
    mark: str
    link: bool = False


@cache
def _file_system(protocol: str, start: str, process: int) -> Any:
    """A store's file system, one for each process: connections don't outlive a fork.

    Raises UsageError where its package isn't installed, or nothing knows the protocol.
    """
    import fsspec
    from fsspec.config import conf

    options: dict[str, Any] = {"use_listings_cache": False}
    if protocol in ("s3", "s3a"):
        given = conf.get(protocol, {}).get("config_kwargs", {})
        # This module tries again itself: retries of three layers would multiply.
        options["config_kwargs"] = {"retries": {"total_max_attempts": 1}, **given}
    try:
        kind = fsspec.get_filesystem_class(protocol)
        found = kind(**{**kind._get_kwargs_from_urls(start), **options})
    except ImportError as error:
        package = "'policy-scan[s3]'" if protocol in ("s3", "s3a") else "the package that it names"
        raise UsageError(
            f"Addresses that begin with {protocol}:// need another package: {error}.", f"pip install {package}"
        ) from None
    except ValueError as error:
        raise UsageError(f"Nothing here can open {start}: {error}.", "check the address.") from None
    if protocol in ("s3", "s3a"):
        found.retries = 1
    return found


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and what it was made from."""
    seen: BaseException | None = error
    for _ in range(10):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__


def _response_code(error: BaseException) -> tuple[str, int]:
    """What a store answered: its code, and HTTP's; ('', 0) where it gave no answer."""
    for one in _chain(error):
        response = getattr(one, "response", None)
        if isinstance(response, dict):
            status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            return str(response.get("Error", {}).get("Code", "")), int(status or 0)
        status = getattr(one, "status", None)  # aiohttp's answers, which other stores' packages pass on
        if isinstance(status, int) and status >= 400:
            return "", status
    return "", 0


def _may_pass(error: BaseException) -> bool:
    code, status = _response_code(error)
    if code or status:
        return (status >= 500 and status != 501) or status == 429 or code in _PASSING_CODES
    if isinstance(error, FileNotFoundError | FileExistsError | PermissionError | UsageError):
        return False
    return any(kind.__name__ in _PASSING for one in _chain(error) for kind in type(one).__mro__)


def _as_os_error(error: BaseException, address: str) -> OSError:
    """An error of whatever library as OSError with a number, words and the address."""
    code, status = _response_code(error)
    words = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, FileNotFoundError) or code in ("NoSuchKey", "NoSuchBucket") or status == 404:
        said = "No such bucket" if code == "NoSuchBucket" else os.strerror(errno.ENOENT)
        return FileNotFoundError(errno.ENOENT, said, address)
    if isinstance(error, FileExistsError) or code == "PreconditionFailed" or status == 412:
        return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), address)
    if type(error).__name__ in ("NoCredentialsError", "PartialCredentialsError", "TokenRetrievalError"):
        return PermissionError(errno.EACCES, f"No credentials for the store ({words})", address)
    if isinstance(error, PermissionError) or status in (401, 403):
        return PermissionError(errno.EACCES, f"The store refuses access ({words})", address)
    number = error.errno if isinstance(error, OSError) and error.errno else errno.EIO
    if isinstance(error, OSError) and error.strerror and not code:
        words = error.strerror
    return OSError(number, words, address)


def patience() -> float:
    """Seconds for which a store that doesn't answer is asked again."""
    try:
        return max(0.0, float(os.environ.get(PATIENCE_VARIABLE, _PATIENCE)))
    except ValueError:
        return _PATIENCE


class _Outages:
    """Since when which store hasn't answered this process. All its calls share one outage's patience: a hundred
    documents don't wait a hundred minutes for a store that is gone. Told on stderr once an outage."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times: dict[str, tuple[float, float]] = {}
        """Store -> when its outage began, and when it last failed to answer (seconds of the monotonic clock)."""

    def failed(self, address: str, error: OSError, limit: float) -> float:
        """Note that there was no answer; seconds left to ask again."""
        store, now = _store_of(address), time.monotonic()
        with self._lock:
            began, last = self._times.get(store, (now, now))
            is_new = store not in self._times or now - last > 2 * limit + _LONGEST_WAIT
            began = now if is_new else began  # long ago: that outage was another
            self._times[store] = (began, now)
        if is_new and limit:
            said = f"! {store} doesn't answer ({error.strerror}); asking again for up to {limit:.0f} s"
            print(said, file=sys.stderr, flush=True)
        return began + limit - now

    def answered(self, address: str) -> None:
        if self._times:
            with self._lock:
                self._times.pop(_store_of(address), None)


def _store_of(address: str) -> str:
    return "/".join(address.split("/", 3)[:3])


_outages = _Outages()


def persistently(call: Callable[[], T], address: str) -> T:
    """What a call to a store returns; asked again while what goes wrong may pass.

    Raises OSError: UnreachableError where there was no answer for as long as `patience` says.
    """
    wait = _SHORTEST_WAIT
    while True:
        try:
            found = call()
        except UsageError:
            raise
        except Exception as error:
            known = _as_os_error(error, address)
            if not _may_pass(error):
                _outages.answered(address)
                raise known from error
            left = _outages.failed(address, known, patience())
            if left <= 0:
                raise UnreachableError(known.errno, f"The store doesn't answer: {known.strerror}", address) from error
            time.sleep(min(wait, left))
            wait = min(wait * 2, _LONGEST_WAIT)
        else:
            _outages.answered(address)
            return found


def _mark(details: dict[str, Any]) -> str:
    names = ("ETag", "etag", "md5Hash", "LastModified", "last_modified", "mtime")
    return next((str(details[name]) for name in names if details.get(name)), "")


def _checked(address: str) -> str:
    """An address that can be used. Raises UsageError."""
    protocol, _, rest = address.partition("://")
    protocol = protocol.lower()
    if protocol == "memory":
        raise UsageError(
            f"{address} is the memory of one process: the workers and the next command don't see it.",
            "give a folder, or an object store's address such as s3://bucket/folder.",
        )
    if "?versionId=" in rest or not {".", ".."}.isdisjoint(rest.split("/")):
        raise UsageError(f"{address} would lead to another object.", "give the address without '..' and versions.")
    host = rest.split("/", 1)[0]
    if not host:
        raise UsageError(f"{address} names no bucket.", "give an address such as s3://bucket/folder.")
    if "@" in host and ":" in host.rpartition("@")[0]:
        raise UsageError(
            f"{protocol}:// addresses with a password would be written into run.json.",
            "leave it out of the address: docs/storage.md says where credentials are read from.",
        )
    return f"{protocol}://{rest.rstrip('/')}"


def write_atomic(path: Path, data: bytes) -> None:
    """Write bytes beside `path` under a name that tells whose it is, flush to disk, and rename. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f"{HALF}{signature()}", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@dataclass(frozen=True, slots=True)
class Place:
    """A folder by its address; it need not be there. Passes to other processes as it is."""

    address: str

    @classmethod
    def of(cls, where: str | Path | Place) -> Place:
        """A place from what a user gives: an address stays as it is, a path is made absolute. Raises UsageError for an
        address that can't be used."""
        if isinstance(where, Place):
            return where
        text = str(where)
        if isinstance(where, str) and re.match(r"(file|local)://", text, re.IGNORECASE):
            text = unquote(urlsplit(text).path)
        elif isinstance(where, str) and _ADDRESS.match(text):
            return cls(_checked(text))
        elif isinstance(where, str) and "::" in text and "://" in text:
            raise UsageError(f"{text} is a chain of addresses.", "give the store's own address.")
        path = str(Path(text).absolute())
        if path != (shown := path.encode("utf-8", "backslashreplace").decode("utf-8")):  # run.json couldn't name it
            raise UsageError(f"The name of the folder {shown} holds bytes that are no text.", "rename it.")
        return cls(path)

    @property
    def is_local(self) -> bool:
        return not _ADDRESS.match(self.address)

    @property
    def local(self) -> Path:
        """The folder's path; for local places only."""
        assert self.is_local, self.address
        return Path(self.address)

    def __str__(self) -> str:
        return self.address

    def below(self, name: str) -> Place:
        return Place(self._full(name))

    def _full(self, name: str) -> str:
        # A version of another object would be taken for what follows; dots would lead to another object.
        if "?versionId=" in name or not {".", ".."}.isdisjoint(name.split("/")):
            raise OSError(errno.EINVAL, "This name can't be asked for", name)
        return f"{self.address.rstrip('/')}/{name}" if name else self.address

    @property
    def _protocol(self) -> str:
        return self.address.split("://", 1)[0]

    @property
    def _store(self) -> Any:
        # What an address tells beside a path (a host, for some protocols) stands in its first part.
        return _file_system(self._protocol, _store_of(self.address), os.getpid())

    def _ask(self, name: str, call: Callable[[Any, str], T]) -> T:
        assert not self.is_local, self.address
        full = self._full(name)
        return persistently(lambda: call(self._store, full), full)

    def _one_request(self) -> dict[str, Any]:
        """What makes s3fs read an object in one request, without asking for its size before."""
        return {"max_concurrency": 1} if self._protocol in ("s3", "s3a") else {}

    def read_bytes(self, name: str) -> bytes:
        """A file's bytes. Raises OSError, FileNotFoundError where it isn't there."""
        if self.is_local:
            return (self.local / name).read_bytes()
        return self._ask(name, lambda store, full: bytes(store.cat_file(full, **self._one_request())))

    def read_start(self, name: str, size: int) -> bytes:
        """At most the first `size` bytes of a file. Raises OSError."""
        return self._read_part(name, 0, size)

    def _read_part(self, name: str, start: int, end: int) -> bytes:
        if self.is_local:
            with (self.local / name).open("rb") as stream:
                stream.seek(start)
                return stream.read(end - start)
        try:
            return self._ask(name, lambda store, full: bytes(store.cat_file(full, start=start, end=end)))
        except OSError as error:
            if _response_code(error)[1] == 416:  # nothing stands from there on
                return b""
            raise

    def hash(self, name: str) -> str:
        """SHA-256 of a file's bytes, read in pieces. Raises OSError."""
        if self.is_local:
            return hash_file(self.local / name)
        digest = hashlib.sha256()
        start = 0
        while piece := self._read_part(name, start, start + _PIECE):
            digest.update(piece)
            start += len(piece)
            if len(piece) < _PIECE:
                break
        return digest.hexdigest()

    def write_bytes(self, name: str, data: bytes) -> None:
        """There in whole or not at all, folders made if need be. Raises OSError."""
        if self.is_local:
            write_atomic(self.local / name, data)
        else:
            self._ask(name, lambda store, full: store.pipe_file(full, data))

    def exists(self, name: str) -> bool:
        """Raises OSError where a store doesn't say."""
        return (
            (self.local / name).exists() if self.is_local else self._ask(name, lambda store, full: store.exists(full))
        )

    def modified(self, name: str) -> float:
        """When a file was written, in seconds by the clock of where it stands, which may not be this machine's. Raises
        OSError, also where a store doesn't tell."""
        if self.is_local:
            return (self.local / name).stat().st_mtime
        try:
            return self._ask(name, lambda store, full: float(store.modified(full).timestamp()))
        except NotImplementedError as error:  # so a library of stores says that its store tells no times
            raise OSError(errno.ENOTSUP, "The store tells no times", self._full(name)) from error

    def delete(self, name: str) -> None:
        """Forget a file; none is there afterwards, whether it was or not. Raises OSError."""
        if self.is_local:
            (self.local / name).unlink(missing_ok=True)
            return
        with suppress(FileNotFoundError):
            self._ask(name, lambda store, full: store.rm_file(full))

    # What follows is for stores alone.

    def create(self, name: str, data: bytes) -> bool:
        """Write an object unless it is there; whether it was written. There in whole or not at all. Raises OSError.

        Of several that create one at a time, one does, where the store writes on condition; see docs/storage.md.
        """
        try:
            self._ask(name, lambda store, full: store.pipe_file(full, data, mode="create"))
        except FileExistsError:  # perhaps one's own, of a request whose answer was lost and that was made again
            return False
        return True

    def mark(self, name: str) -> str:
        """A store's mark of an object, which changes when it does. Raises OSError."""
        return self._ask(name, lambda store, full: _mark(store.info(full)))

    def replace(self, name: str, data: bytes, mark: str) -> bool:
        """Write an object anew if it still bears this mark; whether it was written. Raises OSError.

        Only S3 looks at the mark in the same step; elsewhere it is looked at just before.
        """
        try:
            if self._protocol in ("s3", "s3a"):
                self._ask(name, lambda store, full: store.pipe_file(full, data, IfMatch=mark))
            elif self.mark(name) == mark:
                self.write_bytes(name, data)
            else:
                return False
        except (FileExistsError, FileNotFoundError):  # so S3 says that it isn't what it was, and others that it is gone
            return False
        return True

    def upload(self, name: str, file: Path) -> None:
        """A local file's bytes, there in whole or not at all. Raises OSError."""
        self._ask(name, lambda store, full: store.put_file(str(file), full))

    def download(self, name: str, file: Path, digest: str) -> bool:
        """Copy to a local file if its bytes have this SHA-256; whether they have. There in whole or not at all, for who
        finds it there doesn't read it again. Raises OSError."""
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(prefix=f"{HALF}{signature()}", dir=file.parent)
        os.close(handle)
        try:
            self._ask(name, lambda store, full: store.get_file(full, part))
            with Path(part).open("rb+") as stream:
                is_it = hash_stream(stream) == digest
                os.fsync(stream.fileno())
            if is_it:
                Path(part).chmod(0o644)
                Path(part).replace(file)
            return is_it
        finally:
            Path(part).unlink(missing_ok=True)

    def copy(self, name: str, target: str) -> None:
        """Copy a file within a store, without its bytes coming here. Raises OSError."""
        self._ask(name, lambda store, full: store.cp_file(full, self._full(target)))

    def files(self) -> Iterator[Entry]:
        """The objects right below a store's place, not those in its folders. Raises OSError."""

        def list_one(store: Any, full: str) -> tuple[int, list[dict[str, Any]]]:
            return len(store._strip_protocol(full)) + 1, store.ls(full, detail=True)

        try:
            start, found = self._ask("", list_one)
        except FileNotFoundError:  # nothing stands there yet
            return
        yield from _entries(found, start)

    def entries(self) -> Iterator[Entry]:
        """Every object below an object store's place, by path. (A local folder is walked in corpus.py.)

        Raises OSError; a folder without objects has no entries, since stores know no folders.
        """

        def find(store: Any, full: str) -> tuple[int, dict[str, dict[str, Any]]]:
            return len(store._strip_protocol(full)) + 1, store.find(full, detail=True)

        start, found = self._ask("", find)
        yield from _entries([{**details, "name": name} for name, details in sorted(found.items())], start)


def _entries(found: Iterable[dict[str, Any]], start: int) -> Iterator[Entry]:
    for details in found:
        path = details["name"][start:]
        # An object whose name ends with '/' stands for an empty folder; one named as the place isn't below it.
        if path and not path.endswith("/") and details.get("type") != "directory":
            yield Entry(path, int(details["size"] or 0), _mark(details))
