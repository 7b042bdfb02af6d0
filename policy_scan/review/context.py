"""What every route of the review application has at hand: the run, the store, who asks, and how a page is made."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import Request
from jinja2 import Environment
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ..errors import PolicyScanError
from ..jurisdictions import place_name
from ..records import Decision
from ..report.common import printable
from ..translation import LANGUAGES, translations
from .project import Project, load_project
from .security import ADMINISTRATORS, CODERS, OVERSEERS, SIGNED_IN, LoginLimit, Sessions, Site, Viewer, identify

if TYPE_CHECKING:
    from .store import Store

_Made = TypeVar("_Made")


class Workspace:
    """The run under review, read again when the folder's files change. Safe between threads."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self._lock = threading.Lock()
        self._project = load_project(output)

    def project(self) -> Project:
        """The run as it is now. Raises NothingToDoError while another one is being written in its place."""
        project = self._project
        # The copy of a run at an address is forgotten when nobody has read it for a day: all of it is in memory.
        if project.is_current() or not self.output.is_dir():
            return project
        with self._lock:
            if not self._project.is_current():
                self._project = load_project(self.output)
            return self._project


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was made of one state of the run and of the store."""

    project: Project
    version: int
    made: dict[Hashable, Any]


@dataclass(slots=True)
class Context:
    workspace: Workspace
    store: Store
    site: Site
    language: str
    """Of the pages where a session has chosen none."""
    single_user: str | None
    """The one reviewer on their own machine; None where people sign in."""
    sessions: Sessions
    templates: Environment
    statics: Mapping[str, tuple[str, bytes, str]]
    """File name -> media type, bytes, version."""
    limit: LoginLimit = field(default_factory=LoginLimit)
    single_language: str = ""

    _kept: _Kept | None = None

    def project(self) -> Project:
        """Raises NothingToDoError while the run is being written anew."""
        return self.workspace.project()

    def remembered(self, project: Project, what: Hashable, make: Callable[[], _Made]) -> _Made:
        """What `make` gives, made once for each state of the run and of the store. `what` names it, and whom it is for
        where not everybody may see it.
        """
        # The version is read first: what is written in between is read again by the next request.
        version, kept = self.store.version(), self._kept
        if kept is None or kept.project is not project or kept.version != version:
            kept = self._kept = _Kept(project, version, {})
        if what not in kept.made:
            kept.made[what] = make()
        found: _Made = kept.made[what]
        return found

    def live(self, project: Project) -> list[Decision]:
        """Everybody's live decisions as they bear on the run: only for what `visibility` lets the viewer see."""
        return self.remembered(project, "live", lambda: project.current(self.store.live()))

    def trail(self, project: Project) -> list[Decision]:
        """All decisions ever made, oldest first, as they bear on the run; the same caution holds."""
        return self.remembered(project, "trail", lambda: project.current(self.store.decisions()))

    def static(self, name: str) -> str:
        return f"/static/{name}?v={self.statics[name][2]}"


def context_of(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


def viewer_of(request: Request) -> Viewer:
    """Who asks; nobody where the request met no route."""
    viewer: Viewer | None = getattr(request.state, "viewer", None)
    return viewer or Viewer("", "anonymous", "")


def identify_quietly(request: Request) -> None:
    """Tell who asks where no route did, for a page that says what went wrong; nobody where even that fails."""
    if getattr(request.state, "viewer", None) is None:
        try:
            request.state.viewer = identify(request)
        except PolicyScanError:
            request.state.viewer = Viewer("", "anonymous", "")


def language_of(request: Request) -> str:
    return viewer_of(request).language or context_of(request).language


def role_name(role: str, language: str) -> str:
    t = translations(language)
    return {
        "coder": t.pgettext("role", "Coder"),
        "adjudicator": t.pgettext("role", "Adjudicator"),
        "administrator": t.pgettext("role", "Administrator"),
        "single": t.pgettext("role", "The one reviewer on this machine"),
    }.get(role, role)


def _navigation(viewer: Viewer, language: str) -> list[tuple[str, str]]:
    """(address, label) of the pages that somebody may open."""
    t = translations(language)
    pages = (
        ("/", t.pgettext("page", "Overview"), SIGNED_IN),
        ("/desk", t.pgettext("page", "Desk"), CODERS),
        ("/agreement", t.pgettext("page", "Agreement"), SIGNED_IN),
        ("/disagreements", t.pgettext("page", "Disagreements"), OVERSEERS),
        ("/documents", t.pgettext("page", "Documents"), SIGNED_IN),
        ("/trail", t.pgettext("page", "Trail"), SIGNED_IN),
        ("/exports", t.pgettext("page", "Exports"), SIGNED_IN),
        ("/users", t.pgettext("page", "Users"), ADMINISTRATORS),
        ("/audit", t.pgettext("page", "Audit"), ADMINISTRATORS),
    )
    return [(address, label) for address, label, policy in pages if viewer.may(policy)]


def render(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """A page of a template, with what all pages have: who asks, the language's words, navigation, the CSRF token."""
    context, viewer, language = context_of(request), viewer_of(request), language_of(request)
    t = translations(language)
    csrf, fresh = viewer.csrf, ""
    if viewer.role == "anonymous" and not csrf:
        fresh = context.sessions.new_identifier()
        csrf = context.sessions.csrf(fresh)
    page = context.templates.get_template(template).render(
        viewer=viewer,
        csrf=csrf,
        language=language,
        languages=LANGUAGES,
        single=context.single_user is not None,
        _=t.gettext,
        gettext=t.gettext,
        ngettext=t.ngettext,
        pgettext=t.pgettext,
        static=context.static,
        navigation=_navigation(viewer, language),
        path=request.url.path,
        place=partial(place_name, language=language),
        number=partial(decimal, language=language),
        **values,
    )
    response = HTMLResponse(page, status)
    if fresh:
        set_session(request, response, fresh)
    return response


def decimal(value: float | None, language: str) -> str:
    """A number to two decimals with the language's own mark; a dash where there is none."""
    if value is None:
        return "–"
    return f"{value:.2f}" if language == "en" else f"{value:.2f}".replace(".", ",")


def printed(value: object) -> str:
    """Text as a page shows it: without control characters and bidirectional overrides, which could lie."""
    return printable(str(value))


def set_session(request: Request, response: Response, identifier: str) -> None:
    """Give the browser its session's cookie: for this server alone, out of reach of scripts and of other sites."""
    context = context_of(request)
    response.set_cookie(
        context.site.cookie,
        context.sessions.cookie(identifier),
        httponly=True,
        samesite="strict",
        secure=context.site.secure,
        path="/",
    )


def see_other(address: str) -> RedirectResponse:
    """After a POST: the page to look at. `address` is this server's own, written here, never a request's."""
    return RedirectResponse(address, 303)
