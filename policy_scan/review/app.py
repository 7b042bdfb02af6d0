"""The review application: FastAPI over one run's output folder and a store of decisions; pages made on the server."""

from __future__ import annotations

import hashlib
import logging
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from ..errors import ConfigError, NothingToDoError, PolicyScanError
from ..report.common import check_language
from ..translation import translations
from . import adjudication, administration, desk, exports, pages, records_pages, sign_in
from .context import Context, Workspace, context_of, identify_quietly, language_of, printed, render, see_other
from .database import StoreError
from .security import PUBLIC, Gate, RefusedError, Sessions, allow, guard, policy_of, site_of
from .store import Conflict, Store

_HERE = Path(__file__).parent
log = logging.getLogger(__name__)


def create_app(
    output: Path,
    store: Store,
    *,
    secret: str,
    single_user: str | None = None,
    host: str = "127.0.0.1",
    port: int = 8571,
    language: str = "",
    public_address: str = "",
) -> FastAPI:
    """The application over a run's folder.

    `secret` signs sessions; `single_user` names the one reviewer who needs no account; `language` is the pages', '' =
    the table's; `public_address` is what browsers show where a proxy stands before it. Raises UsageError for an
    address or a language that can't be, NothingToDoError where the folder holds no run.
    """
    workspace = Workspace(output)
    context = Context(
        workspace=workspace,
        store=store,
        site=site_of(host, port, public_address),
        language=check_language(language or workspace.project().run.config.table.language),
        single_user=single_user,
        sessions=Sessions(secret),
        templates=_environment(),
        statics=_statics(),
    )
    app = FastAPI(
        title="policy_scan review", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(guard)]
    )
    app.state.context = context
    app.add_middleware(Gate, site=context.site, failed=_failed)
    for handled, answer in (
        (RefusedError, _refused), (Conflict, _conflict), (PolicyScanError, _told), (HTTPException, _http),
        (RequestValidationError, _invalid),
    ):  # fmt: skip
        app.add_exception_handler(handled, answer)  # type: ignore[arg-type]
    routers = [
        _router, sign_in.router, pages.router, desk.router, adjudication.router, records_pages.router, exports.router,
        administration.router,
    ]  # fmt: skip
    for router in routers:
        app.include_router(router)
    undeclared = [route.path for route in routes_of(app) if policy_of(route.endpoint) is None]
    if undeclared:
        raise RuntimeError(f"no policy is declared for {', '.join(undeclared)}")
    return app


@dataclass(frozen=True, slots=True)
class Served:
    """A route as requests meet it."""

    path: str
    methods: frozenset[str]
    endpoint: Any


def routes_of(app: FastAPI) -> list[Served]:
    """All that answers requests, included routers' and mounted parts' routes too."""
    return [
        Served(one.path or "?", frozenset(one.methods or ()), one.endpoint) for one in iter_route_contexts(app.routes)
    ]


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        finalize=lambda value: printed(value) if type(value) is str else value,
    )


def _statics() -> dict[str, tuple[str, bytes, str]]:
    found = {}
    for path in sorted((_HERE / "static").iterdir()):
        if path.is_file():
            data = path.read_bytes()
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            found[path.name] = (kind, data, hashlib.sha256(data).hexdigest()[:12])
    return found


_router = APIRouter()


@_router.get("/static/{name}")
@allow(PUBLIC)
def static(request: Request, name: str) -> Response:
    """A file of the package by its name in a table made at the start: no path is put together from a request."""
    found = context_of(request).statics.get(name)
    if found is None:
        raise HTTPException(404)
    kind, data, version = found
    lasting = request.query_params.get("v") == version
    return Response(
        data,
        media_type=kind,
        headers={"cache-control": "public, max-age=31536000, immutable" if lasting else "no-cache"},
    )


# What goes wrong is told on a page, or as JSON where a script asked; never with a traceback.


def _wants_json(request: Request) -> bool:
    accepts = request.headers.get("accept", "")
    return "/api/" in request.url.path or ("application/json" in accepts and "text/html" not in accepts)


def _answer(
    request: Request, status: int, reason: str, title: str, message: str, next_step: str = "", **more: Any
) -> Response:
    headers: dict[str, str] = more.pop("headers", {})
    if _wants_json(request):
        body = {"error": reason, "title": title, "message": message, "next_step": next_step, **more}
        return JSONResponse(body, status, headers)
    identify_quietly(request)
    response = render(
        request,
        "error.html",
        status,
        title=title,
        message=message,
        next_step=next_step,
        reload=status == 503 and request.method == "GET",
    )
    response.headers.update(headers)
    return response


def _refused(request: Request, error: RefusedError) -> Response:
    if error.reason == "session" and request.method == "GET" and not _wants_json(request):
        return see_other("/login")
    t = translations(language_of(request))
    told = {
        "session": (
            t.gettext("Please sign in"),
            t.gettext("Your session has ended, or you haven't signed in."),
            t.gettext("Sign in, then do it again."),
        ),
        "role": (
            t.gettext("Not for your role"),
            t.gettext("Your account may not do this."),
            t.gettext("Ask an administrator if you need it."),
        ),
        "csrf": (
            t.gettext("Nothing was changed"),
            t.gettext("The form was no longer valid: the page was too old, or didn't come from this server."),
            t.gettext("Reload the page, then do it again."),
        ),
    }
    title, message, next_step = told.get(error.reason, told["role"])
    headers = {"retry-after": str(error.wait)} if error.wait else {}
    return _answer(request, error.status, error.reason, title, message, next_step, headers=headers)


def _conflict(request: Request, error: Conflict) -> Response:
    t = translations(language_of(request))
    return _answer(
        request, 409, "conflict", t.gettext("Decided meanwhile"),
        t.gettext("Another decision of yours on this has been recorded since the page was shown. Nothing was changed."),
        t.gettext("Go back, reload the page, look at what is there now, and decide again."),
    )  # fmt: skip


def _told(request: Request, error: PolicyScanError) -> Response:
    t = translations(language_of(request))
    log.warning("%s", error)
    if isinstance(error, NothingToDoError | ConfigError):
        return _answer(
            request, 503, "run_changed", t.gettext("The run has changed"),
            t.gettext("The tables of the run are being written again, or are no longer there. No decision is lost."),
            t.gettext("Wait a moment, then reload the page."), headers={"retry-after": "5"},
        )  # fmt: skip
    if isinstance(error, StoreError):  # its message names the database, which is nobody's business here
        return _answer(
            request, 503, "database", t.gettext("The database can't be used just now"),
            t.gettext("What you did was not recorded. Decisions that were acknowledged are kept."),
            t.gettext("Try again in a moment; if it goes on, tell whoever runs this server."),
        )  # fmt: skip
    return _answer(
        request, 503 if error.exit_code != 2 else 422, error.category, t.gettext("That didn't work"),
        error.message, error.next_step,
    )  # fmt: skip


def _http(request: Request, error: HTTPException) -> Response:
    t = translations(language_of(request))
    if error.status_code in (404, 405):
        return _answer(
            request, error.status_code, "not_found", t.gettext("Nothing here"),
            t.gettext("There is no such page, or what it was about is no longer in the run."),
            t.gettext("Go on from the overview."),
        )  # fmt: skip
    return _answer(request, error.status_code, "refused", t.gettext("That didn't work"), printed(error.detail), "")


def _invalid(request: Request, error: RequestValidationError) -> Response:
    t = translations(language_of(request))
    names = ", ".join(sorted({str(one["loc"][-1]) for one in error.errors()}))
    return _answer(
        request, 422, "invalid", t.gettext("Something is missing"),
        t.gettext("The form lacks a value, or has one that can't be: {names}").format(names=names),
        t.gettext("Go back and correct it."),
    )  # fmt: skip


def _failed(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    t = translations(language_of(request))
    return _answer(
        request, 500, "failed", t.gettext("That failed"),
        t.gettext("Something went wrong here. Decisions that were acknowledged are kept."),
        t.gettext("Reload the page; if it happens again, tell whoever runs this server."),
    )  # fmt: skip
