"""For administrators: accounts, who is to decide what, and the audit log."""

from __future__ import annotations

from typing import Annotated, cast, get_args

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from ..errors import UsageError
from ..report.common import jurisdiction_name, printable, theme_name
from ..translation import translations
from .context import context_of, language_of, render, role_name, see_other, viewer_of
from .queues import Filters, QueueName, build_queue, queue_words
from .security import ADMINISTRATORS, allow

router = APIRouter()
ROLES = ("coder", "adjudicator", "administrator")
MOST_ASSIGNED = 10_000
LOG_LINES = 500
_ASSIGNABLE = ("uncertain", "cell", "document", "random", "uncoded")
"""Queues that work can be given out from: those whose order doesn't depend on who asks."""
_FIELD = Annotated[str, Form(max_length=1_000)]


@router.get("/users")
@allow(ADMINISTRATORS)
def users(request: Request, done: str = "") -> Response:
    t = translations(language_of(request))
    told = {
        "added": t.gettext("The account is made."),
        "changed": t.gettext("The account is changed."),
        "assigned": t.gettext("The provisions are assigned."),
        "taken": t.gettext("The assignments are taken back."),
    }
    return _users(request, told.get(done, ""), "", 200)


def _users(request: Request, done: str, fault: str, status: int) -> Response:
    context, language = context_of(request), language_of(request)
    project = context.project()
    accounts = context.store.users()
    given: dict[str, int] = {}
    for names in context.store.assignments().values():
        for name in names:
            given[name] = given.get(name, 0) + 1
    single = context.single_user
    deciders = [one.name for one in accounts if one.active and one.role != "administrator"]
    if single is not None:
        deciders.append(single)
    return render(
        request,
        "users.html",
        status,
        accounts=accounts,
        roles=[(role, role_name(role, language)) for role in ROLES],
        role_names={role: role_name(role, language) for role in ROLES},
        given=given,
        deciders=[(one, one) for one in sorted({*deciders, *given})],
        queues=[(name, queue_words(cast("QueueName", name), language)[0]) for name in _ASSIGNABLE],
        themes=[(one, theme_name(project.run, one, language)) for one in project.run.themes],
        countries=[(one, jurisdiction_name(one, language)) for one in project.run.all_columns],
        done=done,
        fault=fault,
    )


@router.post("/users")
@allow(ADMINISTRATORS)
def add_user(request: Request, name: _FIELD, role: _FIELD, password: _FIELD = "", again: _FIELD = "") -> Response:
    context, t = context_of(request), translations(language_of(request))
    if context.single_user is not None:
        fault = t.gettext(
            "Make the first accounts on the command line, then start the server again: it will ask who you are."
        )
        return _users(request, "", fault, 422)
    if password != again:
        return _users(request, "", t.gettext("The two new passwords differ."), 422)
    try:
        user = context.store.add_user(name, role, password)
    except UsageError as error:
        return _users(request, "", f"{error.message} {error.next_step}", 422)
    context.store.audit(viewer_of(request).name, "user_added", f"{user.name} ({user.role})")
    return see_other("/users?done=added")


@router.post("/users/change")
@allow(ADMINISTRATORS)
def change_user(
    request: Request, name: _FIELD, role: _FIELD = "", active: _FIELD = "", password: _FIELD = "", again: _FIELD = ""
) -> Response:
    """Another role, closed or open, a new password: what is left empty stays. Its sessions end."""
    context, viewer, t = context_of(request), viewer_of(request), translations(language_of(request))
    user = context.store.user(printable(name))
    fault = ""
    if user is None:
        fault = t.gettext("There is no such account.")
    elif user.name == viewer.name and (active == "no" or role not in ("", user.role)):
        fault = t.gettext("Nobody closes or demotes their own account: ask another administrator.")
    elif password != again:
        fault = t.gettext("The two new passwords differ.")
    if fault or user is None:
        return _users(request, "", fault, 422)
    try:
        if password:
            context.store.set_password(user.name, password)
            context.store.audit(viewer.name, "password_changed", user.name)
        if role and role != user.role:
            context.store.set_role(user.name, role)
            context.store.audit(viewer.name, "role_changed", f"{user.name}: {user.role} → {role}")
        if active in ("yes", "no") and (active == "yes") != user.active:
            context.store.set_active(user.name, active == "yes")
            context.store.audit(viewer.name, "user_enabled" if active == "yes" else "user_disabled", user.name)
    except UsageError as error:
        return _users(request, "", f"{error.message} {error.next_step}", 422)
    if user.name != viewer.name:
        context.sessions.end_all_of(user.name)
    return see_other("/users?done=changed")


@router.post("/assignments")
@allow(ADMINISTRATORS)
def assign(
    request: Request,
    reviewer: _FIELD,
    queue: _FIELD = "random",
    theme: _FIELD = "",
    country: _FIELD = "",
    n: int = Form(100),
) -> Response:
    """Give the first `n` provisions of a queue to a reviewer: the same to two of them, and they code double."""
    context, viewer, t = context_of(request), viewer_of(request), translations(language_of(request))
    if queue not in _ASSIGNABLE or queue not in get_args(QueueName) or not _decides(request, reviewer):
        return _users(request, "", t.gettext("Choose a reviewer and a queue."), 422)
    reviewer = printable(reviewer)
    project = context.project()
    # As nobody: what the reviewer has decided already is given too, so that two get the same.
    items = build_queue(project, cast("QueueName", queue), "", [], filters=Filters(country=country, theme=theme))
    chosen = list(dict.fromkeys(one.provision_id for one in items))[: min(max(n, 1), MOST_ASSIGNED)]
    fresh = context.store.assign(chosen, reviewer, viewer.name)
    context.store.audit(viewer.name, "assigned", f"{fresh} provisions to {reviewer}")
    return see_other("/users?done=assigned")


def _decides(request: Request, name: str) -> bool:
    context = context_of(request)
    if name == context.single_user:
        return True
    user = context.store.user(printable(name))
    return user is not None and user.active and user.role != "administrator"


@router.post("/assignments/take-back")
@allow(ADMINISTRATORS)
def take_back(request: Request, reviewer: _FIELD) -> Response:
    """All assignments of a reviewer; decisions stay."""
    context, viewer = context_of(request), viewer_of(request)
    reviewer = printable(reviewer)
    mine = list(context.store.assignments(reviewer))
    context.store.unassign(mine, reviewer)
    context.store.audit(viewer.name, "unassigned", f"{len(mine)} provisions from {reviewer}")
    return see_other("/users?done=taken")


@router.get("/audit")
@allow(ADMINISTRATORS)
def audit(request: Request) -> Response:
    """Logins, also failed ones, exports, changes of accounts; the newest first."""
    entries = list(reversed(context_of(request).store.audit_log(LOG_LINES)))
    return render(request, "audit.html", entries=entries, names=event_names(language_of(request)), most=LOG_LINES)


def event_names(language: str) -> dict[str, str]:
    t = translations(language)
    return {
        "login": t.gettext("signed in"),
        "login_failed": t.gettext("sign-in failed"),
        "login_delayed": t.gettext("sign-in refused: too many attempts"),
        "logout": t.gettext("signed out"),
        "password_changed": t.gettext("password changed"),
        "password_refused": t.gettext("change of password refused"),
        "user_added": t.gettext("account made"),
        "user_disabled": t.gettext("account closed"),
        "user_enabled": t.gettext("account opened"),
        "role_changed": t.gettext("role changed"),
        "assigned": t.gettext("provisions assigned"),
        "unassigned": t.gettext("assignments taken back"),
        "export_jsonl": t.gettext("exported decisions (JSON lines)"),
        "export_xlsx": t.gettext("exported decisions (workbook)"),
        "export_sheet": t.gettext("exported a sheet"),
        "import": t.gettext("imported decisions"),
    }
