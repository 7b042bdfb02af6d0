"""Signing in and out, one's own account, and what a script needs to know of its session."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import JSONResponse, Response

from ..errors import UsageError
from ..report.common import printable
from ..report.page_words import language_names
from ..translation import LANGUAGES, translations
from .context import context_of, language_of, render, role_name, see_other, set_session, viewer_of
from .security import PUBLIC, SIGNED_IN, allow, client_address

router = APIRouter()
Field = Annotated[str, Form(max_length=1000)]
"""What a form's field may hold: a name or a password."""


@router.get("/login")
@allow(PUBLIC)
def login(request: Request) -> Response:
    if viewer_of(request).role != "anonymous":
        return see_other("/")
    return render(request, "login.html", message="", name="")


@router.post("/login")
@allow(PUBLIC)
def log_in(request: Request, name: Field = "", password: Field = "") -> Response:
    """Begin a session. What is said on failure, and how long it takes, doesn't tell whether the name exists."""
    context, t = context_of(request), translations(language_of(request))
    if context.single_user is not None:
        return see_other("/")
    address = client_address(request)
    name = printable(name).strip()
    if wait := context.limit.attempt(name, address):
        if context.limit.is_news(name, address):
            context.store.audit(name, "login_delayed", address)
        message = t.ngettext(
            "Too many failed attempts: wait {n} second, then try again.",
            "Too many failed attempts: wait {n} seconds, then try again.",
            wait,
        ).format(n=wait)
        response = render(request, "login.html", 429, message=message, name=name)
        response.headers["retry-after"] = str(wait)
        return response
    user = context.store.verify(name, password)
    if user is None:
        context.store.audit(name, "login_failed", address)
        message = t.gettext("Name and password don't belong together, or the account is closed.")
        return render(request, "login.html", 401, message=message, name=name)
    context.limit.succeeded(name, address)
    context.store.audit(user.name, "login", address)
    response = see_other("/")
    set_session(request, response, context.sessions.begin(user.name))
    return response


@router.post("/logout")
@allow(SIGNED_IN)
def log_out(request: Request) -> Response:
    context = context_of(request)
    if context.single_user is None:
        context.sessions.end(context.sessions.identifier(request.cookies.get(context.site.cookie, "")))
        context.store.audit(viewer_of(request).name, "logout", client_address(request))
    response = see_other("/login")
    response.delete_cookie(context.site.cookie, path="/", secure=context.site.secure, httponly=True, samesite="strict")
    return response


@router.get("/account")
@allow(SIGNED_IN)
def account(request: Request, done: str = "") -> Response:
    t = translations(language_of(request))
    messages = {"language": t.gettext("The language is changed."), "password": t.gettext("The password is changed.")}
    return _account(request, 200, messages.get(done, ""), "")


def _account(request: Request, status: int, done: str, fault: str) -> Response:
    role = role_name(viewer_of(request).role, language_of(request))
    spoken = [(code, language_names(code).get(code, code)) for code in LANGUAGES]
    return render(request, "account.html", status, done=done, fault=fault, role=role, spoken=spoken)


@router.post("/account/language")
@allow(SIGNED_IN)
def choose_language(request: Request, language: Field) -> Response:
    """The language of the pages, for this session."""
    context = context_of(request)
    if language not in LANGUAGES:
        raise UsageError(f"The pages don't speak '{language[:10]}'.", f"choose one of: {', '.join(LANGUAGES)}.")
    if context.single_user is not None:
        context.single_language = language
    elif session := context.sessions.find(context.sessions.identifier(request.cookies.get(context.site.cookie, ""))):
        session.language = language
    return see_other("/account?done=language")


@router.post("/account/password")
@allow(SIGNED_IN)
def change_password(request: Request, old: Field = "", new: Field = "", again: Field = "") -> Response:
    """A new password for who asks; their other sessions end."""
    context, viewer, t = context_of(request), viewer_of(request), translations(language_of(request))
    if context.single_user is not None:
        raise UsageError("There is no account here, so no password.", "nothing: you are the one reviewer.")
    address, fault = client_address(request), ""
    if new != again:
        fault = t.gettext("The two new passwords differ.")
    elif wait := context.limit.attempt(viewer.name, address):
        fault = t.ngettext(
            "Too many failed attempts: wait {n} second, then try again.",
            "Too many failed attempts: wait {n} seconds, then try again.",
            wait,
        ).format(n=wait)
    else:
        if context.store.verify(viewer.name, old) is not None:
            context.limit.succeeded(viewer.name, address)
            try:
                context.store.set_password(viewer.name, new)
            except UsageError as error:
                fault = f"{error.message} {error.next_step}"
        else:
            context.store.audit(viewer.name, "password_refused", address)
            fault = t.gettext("The present password is another one.")
    if fault:
        return _account(request, 422, "", fault)
    context.sessions.end_all_of(viewer.name)
    context.store.audit(viewer.name, "password_changed", address)
    response = see_other("/account?done=password")
    set_session(request, response, context.sessions.begin(viewer.name, viewer.language))
    return response


@router.get("/api/session")
@allow(SIGNED_IN)
def session(request: Request) -> Response:
    """Who is signed in and the token that a script must send with what it changes, e.g. after signing in anew."""
    viewer = viewer_of(request)
    return JSONResponse({"name": viewer.name, "role": viewer.role, "csrf": viewer.csrf})
