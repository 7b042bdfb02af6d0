"""Who may do what in the review application, and how a request shows that it comes from them.

    Gate (ASGI)   Host and Origin must be the server's own, bodies are bounded, every answer bears its headers
    guard         a dependency of every route: the route's declared policy, then the CSRF token of unsafe methods

A route declares its policy with `@allow(...)`; one that declares none is never served.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

from fastapi import Depends, Request
from itsdangerous import BadSignature, Signer
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import UsageError

if TYPE_CHECKING:
    from .accounts import User
    from .visibility import ReviewRole

PUBLIC = frozenset({"anonymous", "coder", "adjudicator", "administrator"})
SIGNED_IN = frozenset({"coder", "adjudicator", "administrator"})
CODERS = frozenset({"coder", "adjudicator"})
"""Those who decide. An administrator sees everybody's decisions and couldn't code blind: that takes its own account."""
ADJUDICATORS = frozenset({"adjudicator"})
OVERSEERS = frozenset({"adjudicator", "administrator"})
ADMINISTRATORS = frozenset({"administrator"})
SINGLE_ROLES = frozenset({"coder", "administrator"})
"""What the one reviewer on their own machine may do: everything but settle a dispute with themselves."""

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
IDLE_SECONDS = 2 * 60 * 60
ABSOLUTE_SECONDS = 12 * 60 * 60
"""A session ends after two hours without a request, and after a working day whatever happens."""
MOST_SESSIONS = 2_000
MOST_BODY = 2_000_000
"""Bytes of a request's body: decisions are a few kilobytes."""
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not 'no-referrer': browsers then send 'Origin: null' with the server's own forms (Fetch, 3.2 Origin header).
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
WILDCARDS = frozenset({"0.0.0.0", "::", ""})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])


class RefusedError(Exception):
    """A request that isn't served: an HTTP status and the reason's name ('csrf', 'role', 'session' …)."""

    def __init__(self, status: int, reason: str, wait: int = 0) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.wait = wait
        """Seconds until it may be tried again, 0 where that's of no use."""


# Where the server is


@dataclass(frozen=True, slots=True)
class Site:
    """The names under which the server answers, and whether it is reached over https."""

    hosts: frozenset[str]
    origins: frozenset[str]
    secure: bool
    shared: bool
    """Reached from beyond this machine."""
    cookie: str
    """Name of the session's cookie: browsers don't tell ports apart, so the port is in it."""


def site_of(host: str, port: int, public_address: str = "") -> Site:
    """Where the server is: what it listens on and, behind a proxy, the address that browsers show.

    Raises UsageError where the public address is none, or where one is needed because it listens on all interfaces.
    """
    names: list[tuple[str, str]] = []
    secure = False
    if public_address:
        parts = urlsplit(public_address)
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
            raise UsageError(
                f"'{public_address}' is no address of a server.", "give it like https://review.example.org, no path."
            )
        try:
            public_port = parts.port or _DEFAULT_PORTS[parts.scheme]
        except ValueError:
            raise UsageError(f"'{public_address}' has a wrong port.", "give a port from 1 to 65535.") from None
        names += [(parts.scheme, name) for name in _host_names(parts.hostname, public_port, parts.scheme)]
        secure = parts.scheme == "https"
    if host in LOOPBACK:
        local = [name for one in LOOPBACK for name in _host_names(one, port, "http")]
        names += [("http", name) for name in local if not secure]
    elif host in WILDCARDS:
        if not public_address:
            raise UsageError(
                f"The server can't tell under which name it is reached when it listens on '{host}'.",
                "give --public-address, e.g. --public-address https://review.example.org.",
            )
    elif not secure:
        names += [("http", name) for name in _host_names(host, port, "http")]
    shared = bool(public_address) or host not in LOOPBACK
    return Site(
        hosts=frozenset(name for _, name in names),
        origins=frozenset(f"{scheme}://{name}" for scheme, name in names),
        secure=secure,
        shared=shared,
        cookie="__Host-policy_scan" if secure else f"policy_scan_{port}",
    )


def _host_names(host: str, port: int, scheme: str) -> list[str]:
    shown = f"[{host}]" if ":" in host else host.lower()
    return [f"{shown}:{port}", *([shown] if port == _DEFAULT_PORTS[scheme] else [])]


# Sessions


@dataclass(slots=True)
class Session:
    name: str
    began: float
    seen: float
    language: str


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who a request is from."""

    name: str
    """'' = nobody signed in."""
    role: str
    """'anonymous', 'coder', 'adjudicator', 'administrator', or 'single': the one reviewer on their own machine."""
    csrf: str
    language: str = ""
    """The language chosen in this session; '' = the server's."""

    @property
    def roles(self) -> frozenset[str]:
        return SINGLE_ROLES if self.role == "single" else frozenset({self.role})

    @property
    def review_role(self) -> ReviewRole:
        """The role that visibility.py knows: the one reviewer on their own machine sees all, there is nobody else."""
        return "administrator" if self.role == "single" else cast("ReviewRole", self.role)

    def may(self, policy: Collection[str]) -> bool:
        return bool(self.roles & frozenset(policy))


class Sessions:
    """Signed cookies and the sessions that they name: in memory, so a restart ends them all. Safe between threads."""

    def __init__(self, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._signer = Signer(secret, salt="policy-scan session", digest_method=hashlib.sha256)
        self._secret = secret.encode("utf-8")
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def identifier(self, cookie: str) -> str:
        """The session named by a cookie, '' where it wasn't signed here."""
        try:
            return self._signer.unsign(cookie).decode("ascii") if cookie else ""
        except (BadSignature, UnicodeError):
            return ""

    def new_identifier(self) -> str:
        return secrets.token_urlsafe(32)

    def cookie(self, identifier: str) -> str:
        return self._signer.sign(identifier).decode("ascii")

    def csrf(self, identifier: str) -> str:
        """The token that unsafe requests of a session must bear."""
        return hmac.new(self._secret, b"csrf " + identifier.encode("utf-8"), "sha256").hexdigest()

    def begin(self, name: str, language: str = "") -> str:
        """Start a session; its identifier is new, whatever the browser bore before."""
        now = self._clock()
        identifier = self.new_identifier()
        with self._lock:
            for old in [key for key, one in self._sessions.items() if self._over(one, now)]:
                del self._sessions[old]
            while len(self._sessions) >= MOST_SESSIONS:
                self._sessions.popitem(last=False)
            self._sessions[identifier] = Session(name, now, now, language)
        return identifier

    def find(self, identifier: str) -> Session | None:
        """The session, and a mark that it was seen now; None where it is over."""
        now = self._clock()
        with self._lock:
            found = self._sessions.get(identifier)
            if found is None:
                return None
            if self._over(found, now):
                del self._sessions[identifier]
                return None
            found.seen = now
            self._sessions.move_to_end(identifier)
            return found

    def _over(self, session: Session, now: float) -> bool:
        return now - session.seen > IDLE_SECONDS or now - session.began > ABSOLUTE_SECONDS

    def end(self, identifier: str) -> None:
        with self._lock:
            self._sessions.pop(identifier, None)

    def end_all_of(self, name: str) -> None:
        with self._lock:
            for key in [key for key, one in self._sessions.items() if one.name == name]:
                del self._sessions[key]


# Signing in


@dataclass(slots=True)
class _Tries:
    n: int = 0
    last: float = 0.0
    is_noted: bool = False
    """Whether a refusal since the last counted attempt is in the audit log."""


@dataclass(slots=True)
class LoginLimit:
    """Growing delays after failed logins: per name at one address, per address, and (later) per name everywhere.

    An attempt counts before its password is looked at, so that many at once don't slip through together.
    """

    clock: Callable[[], float] = time.monotonic
    forget_seconds: float = 30 * 60
    longest_seconds: float = 15 * 60
    free: tuple[tuple[str, int], ...] = (("pair", 4), ("address", 20), ("name", 40))
    """Failures without a delay; a name's own is high, so that nobody can lock somebody else out quickly."""
    most: int = 10_000
    _tries: OrderedDict[tuple[str, str], _Tries] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def _keys(self, name: str, address: str) -> dict[str, tuple[str, str]]:
        name = name.casefold()[:200]
        return {"pair": ("pair", f"{address} {name}"), "address": ("address", address), "name": ("name", name)}

    def attempt(self, name: str, address: str) -> int:
        """Count an attempt: 0 where it may go ahead, else the seconds to wait (it then doesn't count)."""
        now = self.clock()
        with self._lock:
            waits = [0.0]
            keys = self._keys(name, address)
            for kind, free in self.free:
                found = self._tries.get(keys[kind])
                if found is None or now - found.last > self.forget_seconds or found.n < free:
                    continue
                delay = min(self.longest_seconds, 2.0 ** (found.n - free + 1))
                waits.append(found.last + delay - now)
            if (wait := max(waits)) > 0:
                return int(wait) + 1
            for kind, _ in self.free:
                found = self._tries.setdefault(keys[kind], _Tries())
                if now - found.last > self.forget_seconds:
                    found.n = 0
                found.n, found.last, found.is_noted = found.n + 1, now, False
                self._tries.move_to_end(keys[kind])
            while len(self._tries) > self.most:
                self._tries.popitem(last=False)
            return 0

    def is_news(self, name: str, address: str) -> bool:
        """Whether a refusal is the first since the last counted attempt, so that a flood doesn't fill the log."""
        with self._lock:
            keys = self._keys(name, address)
            known = [found for kind, _ in self.free if (found := self._tries.get(keys[kind]))]
            is_news = not any(found.is_noted for found in known)
            for found in known:
                found.is_noted = True
            return is_news

    def succeeded(self, name: str, address: str) -> None:
        """Forget what was counted against a name at an address; the address keeps its other failures."""
        with self._lock:
            keys = self._keys(name, address)
            self._tries.pop(keys["pair"], None)
            for kind in ("address", "name"):
                if (found := self._tries.get(keys[kind])) and found.n:
                    found.n -= 1


# The policy of a route


def allow(*policies: Collection[str]) -> Callable[[_Endpoint], _Endpoint]:
    """Declare who may use a route: `@allow(CODERS)` below the route's decorator."""

    def declare(endpoint: _Endpoint) -> _Endpoint:
        endpoint.policy = frozenset().union(*policies)  # type: ignore[attr-defined]
        return endpoint

    return declare


def policy_of(endpoint: Any) -> frozenset[str] | None:
    return getattr(endpoint, "policy", None)


async def _token(request: Request) -> str:
    """The CSRF token of a request: a header, or the field `csrf` of a form."""
    if request.method not in UNSAFE:
        return ""
    if token := request.headers.get("x-csrf-token"):
        return token
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        value = (await request.form()).get("csrf", "")
        return value if isinstance(value, str) else ""
    return ""


def identify(request: Request) -> Viewer:
    """Who a request is from, as far as its cookie tells."""
    context = request.app.state.context
    sessions: Sessions = context.sessions
    if context.single_user is not None:
        return Viewer(context.single_user, "single", sessions.csrf("single"), context.single_language)
    identifier = sessions.identifier(request.cookies.get(context.site.cookie, ""))
    session = sessions.find(identifier) if identifier else None
    if session is not None:
        user: User | None = context.store.user(session.name)
        if user is not None and user.active:
            return Viewer(user.name, user.role, sessions.csrf(identifier), session.language)
        sessions.end(identifier)
    return Viewer("", "anonymous", sessions.csrf(identifier) if identifier else "")


def guard(request: Request, token: str = Depends(_token)) -> Viewer:
    """The dependency of every route: raises RefusedError where the route isn't for whoever asks."""
    viewer = identify(request)
    request.state.viewer = viewer
    policy = policy_of(request.scope.get("endpoint"))
    if policy is None:
        raise RefusedError(403, "undeclared")
    if not viewer.may(policy):
        raise RefusedError(401, "session") if viewer.role == "anonymous" else RefusedError(403, "role")
    # Compared as bytes: compare_digest takes no text beyond ASCII.
    if request.method in UNSAFE and not (
        viewer.csrf and hmac.compare_digest(token.encode("utf-8"), viewer.csrf.encode("utf-8"))
    ):
        raise RefusedError(403, "csrf")
    return viewer


# The gate


class Gate:
    """ASGI middleware: refuses requests that aren't meant for this server, and puts the headers on every answer.

    A page of another site can make a browser send requests here, or make its own name point here (DNS rebinding);
    either shows in Host or Origin.
    """

    def __init__(self, app: ASGIApp, site: Site, failed: Callable[[Request, Exception], Response]) -> None:
        self.app = app
        self.site = site
        self.failed = failed
        """Makes the page that says that something went wrong here: inside the gate, so that it bears the headers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return

        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if self.site.secure:
                    headers.setdefault("strict-transport-security", "max-age=31536000")
            await send(message)

        headers = Headers(scope=scope)
        if reason := self._fault(scope["method"], headers):
            await PlainTextResponse(reason + "\n", 400)(scope, receive, send_with_headers)
            return
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > MOST_BODY:
            await PlainTextResponse("The request is too large.\n", 413)(scope, receive, send_with_headers)
            return
        try:
            await self.app(scope, _bounded(receive), send_with_headers)
        except Exception as error:
            if started:
                raise
            request = Request(scope, receive)
            response = await run_in_threadpool(self.failed, request, error)
            await response(scope, receive, send_with_headers)

    def _fault(self, method: str, headers: Headers) -> str:
        """Why a request isn't meant for this server, '' where it is."""
        if len(headers.getlist("host")) != 1 or headers["host"].lower() not in self.site.hosts:
            return "This server isn't known under the name that was asked for."
        origin = headers.get("origin")
        if origin is not None:
            return "" if origin.lower() in self.site.origins else "The request comes from a page of another site."
        if method in UNSAFE:
            parts = urlsplit(headers.get("referer", ""))
            if f"{parts.scheme}://{parts.netloc}".lower() not in self.site.origins:
                return "The request doesn't tell which page it comes from."
        return ""


def _bounded(receive: Receive) -> Receive:
    """`receive`, ending the connection where a body without a length grows beyond the bound."""
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > MOST_BODY:
                raise HTTPException(413)
        return message

    return bounded


def client_address(request: Request) -> str:
    """The address that a request comes from: behind a proxy on this machine, what the proxy says."""
    address = request.client.host if request.client else ""
    if request.app.state.context.site.secure and address in LOOPBACK:
        forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        return forwarded[:64] or address
    return address
