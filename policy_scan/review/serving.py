"""Starting and stopping the server: what it needs before it listens, its port, its end."""

from __future__ import annotations

import errno
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from ..errors import UsageError
from .accounts import checked_name
from .security import LOOPBACK, WILDCARDS, site_of

if TYPE_CHECKING:
    from .store import Store

LEAST_SECRET = 32
"""Characters: a hundred and more bits where they are random."""
SECRET_VARIABLE = "POLICY_SCAN_SECRET"
_STOP_SECONDS = 10
"""How long requests that are being answered may take when the server stops."""
_MAKE_SECRET = (
    "make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))' > review.secret && "
    f"chmod 600 review.secret, then give --secret-file review.secret, or set {SECRET_VARIABLE}."
)


@dataclass(frozen=True, slots=True)
class Listening:
    """How the server is asked to listen; see the options of `policy-scan review`."""

    host: str = "127.0.0.1"
    port: int = 8571
    public_address: str = ""
    secret_file: Path | None = None
    name: str = "reviewer"
    language: str = ""
    browser: bool = False


def read_secret(file: Path | None) -> str:
    """The secret of a file or of the environment, '' where neither is given. Raises UsageError where it is too weak."""
    if file is None:
        secret, source = os.environ.get(SECRET_VARIABLE, "").strip(), SECRET_VARIABLE
    else:
        try:
            secret, source = file.read_text(encoding="utf-8").strip(), str(file)
            is_open = os.name == "posix" and file.stat().st_mode & 0o077
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"The secret in {file} can't be read ({error}).", _MAKE_SECRET) from None
        if is_open:
            raise UsageError(f"Others on this machine can read {file}.", f"chmod 600 {file}, with a new secret in it.")
        if not secret:
            raise UsageError(f"{file} is empty.", _MAKE_SECRET)
    if secret and (len(secret) < LEAST_SECRET or len(set(secret)) < LEAST_SECRET // 4):
        raise UsageError(f"The secret of {source} is too easy to guess.", _MAKE_SECRET)
    return secret


def admit(store: Store, listening: Listening, secret: str) -> str | None:
    """The one reviewer's name, None where people sign in with accounts.

    Raises UsageError where the server would be reached from beyond this machine without accounts or without a secret.
    """
    accounts = store.users()
    if site_of(listening.host, listening.port, listening.public_address).shared:
        if not any(user.active for user in accounts):
            raise UsageError(
                "Beyond this machine the review listens only with accounts, and none is open.",
                "make one with 'policy-scan review user add NAME --role administrator' (and coders), then start again.",
            )
        if not secret:
            raise UsageError("Beyond this machine the review listens only with a secret.", _MAKE_SECRET)
    # Closed accounts count: closing them all must not leave the door open.
    return None if accounts else checked_name(listening.name)


def bind(host: str, port: int) -> socket.socket:
    """A socket on an address. Raises UsageError where it is taken, not allowed or not this machine's."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError):
        raise UsageError(f"'{host}' is no address to listen on.", "give e.g. --host 127.0.0.1.") from None
    bound = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise UsageError(
                f"Port {port} is taken by another program, perhaps by another review.",
                f"give another one, e.g. --port {port + 1 if port < 65535 else 8571}, or stop the other.",
            ) from None
        if error.errno in (errno.EACCES, errno.EPERM):
            raise UsageError(f"Port {port} may not be used.", "give one above 1023, e.g. --port 8571.") from None
        raise UsageError(
            f"The review can't listen on {host}:{port} ({error.strerror}).", "give an address of this machine."
        ) from None
    return bound


def _address(host: str, port: int, public_address: str) -> str:
    if public_address:
        return public_address.rstrip("/") + "/"
    shown = "127.0.0.1" if host in WILDCARDS else f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/"


def serve(output: Path, store: Store, listening: Listening, tell: Callable[[str], None]) -> None:
    """Serve the review of a run until it is stopped; requests under way are answered before it ends.

    `tell` gets the lines for the user. Raises UsageError or NothingToDoError where it can't start.
    """
    import uvicorn

    from .app import create_app

    secret = read_secret(listening.secret_file)
    single_user = admit(store, listening, secret)
    with bind(listening.host, listening.port) as bound:
        port: int = bound.getsockname()[1]
        application = create_app(
            output,
            store,
            secret=secret or secrets.token_urlsafe(48),
            single_user=single_user,
            host=listening.host,
            port=port,
            language=listening.language,
            public_address=listening.public_address,
        )
        address = _address(listening.host, port, listening.public_address)

        class Server(uvicorn.Server):
            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets=sockets)
                for line in _greeting(address, single_user, listening):
                    tell(line)
                if listening.browser and single_user is not None:
                    open_browser(address)

        config = uvicorn.Config(
            application,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
        before = signal.signal(signal.SIGTERM, _stop)
        try:
            with suppress(KeyboardInterrupt):  # the server ends in good order, then hands the signal on
                Server(config).run(sockets=[bound])
        finally:
            signal.signal(signal.SIGTERM, before)
    tell("Stopped. Every decision that was acknowledged is kept.")


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _greeting(address: str, single_user: str | None, listening: Listening) -> list[str]:
    lines = [f"Review: {address}"]
    if single_user is not None:
        lines.append(f"Decisions are signed '{single_user}'; everybody who uses this machine can open the address.")
    elif not address.startswith("https:") and listening.host not in LOOPBACK:
        lines.append("! Without https, passwords can be read on the way: put a proxy with https before it.")
    lines.append("Stop with Ctrl-C.")
    return lines


def open_browser(address: str) -> None:
    """Show the address in the user's browser where there is a desktop; a text browser would take the terminal."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
