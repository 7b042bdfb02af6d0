"""Documents, whose metadata are mended and which are left out with a reason, and the trail of all decisions."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ..citations import cite
from ..errors import UsageError
from ..jurisdictions import place_name
from ..keys import make_key
from ..records import DOC_TYPES, LEGAL_STATUSES, Decision, Document
from ..report.common import printable, theme_name
from ..report.words import words
from ..translation import translations
from .context import Context, context_of, language_of, render, see_other, viewer_of
from .project import Project
from .security import ADMINISTRATORS, OVERSEERS, SIGNED_IN, Viewer, allow
from .store import Conflict, DocumentEdit, now
from .visibility import visible

router = APIRouter()
ON_A_PAGE = 100
_LINE = Annotated[str, Form(max_length=1_000)]
_REASON = Annotated[str, Form(max_length=10_000)]
_FIELDS = ("title", "date", "doc_type", "legal_status", "include")


def field_names(language: str) -> dict[str, str]:
    t = translations(language)
    return {
        "title": t.gettext("Title"),
        "date": t.gettext("Date"),
        "doc_type": t.gettext("Type"),
        "legal_status": t.gettext("Legal status"),
        "include": t.gettext("In the table"),
    }


def value_names(language: str) -> dict[str, str]:
    """What the values of types, statuses and `include` are called."""
    t = translations(language)
    known = words(language)
    return {
        **{one: known[one] for one in (*DOC_TYPES, *LEGAL_STATUSES)},
        "yes": t.pgettext("document in the table", "yes"),
        "no": t.pgettext("document in the table", "no, left out"),
    }


def _value(document: Document, field: str) -> str:
    """A field as the run has it."""
    if field == "include":
        return "no" if document.status == "excluded" else "yes"
    return str(getattr(document, field))


def _values(document: Document, edits: Iterable[DocumentEdit]) -> dict[str, str]:
    """A document's fields as reviewers left them: the next run's."""
    values = {field: _value(document, field) for field in _FIELDS}
    for edit in edits:
        if edit.doc_id == document.doc_id and edit.value:
            values[edit.field] = edit.value
    return values


# Documents


@router.get("/documents")
@allow(SIGNED_IN)
def documents(request: Request, country: str = "", find: str = "") -> Response:
    context, language = context_of(request), language_of(request)
    project = context.project()
    edits = context.store.document_edits()
    edited = {edit.doc_id for edit in edits}
    countries = sorted({one.jurisdiction for one in project.run.documents})
    rows = []
    for one in sorted(project.run.documents, key=lambda item: (item.jurisdiction, item.title, item.doc_id)):
        values = _values(one, edits)
        if country and one.jurisdiction != country:
            continue
        if find and find.casefold() not in f"{values['title']} {one.path} {one.doc_id}".casefold():
            continue
        n = len(project.order.get(one.doc_id, ()))
        rows.append({"document": one, "values": values, "edited": one.doc_id in edited, "n": n})
    return render(
        request,
        "documents.html",
        rows=rows,
        names=value_names(language),
        countries=[(code, place_name(code, language)) for code in countries],
        country=country,
        find=find,
    )


@router.get("/documents/{doc_id}")
@allow(SIGNED_IN)
def document_page(request: Request, doc_id: str, done: str = "") -> Response:
    t = translations(language_of(request))
    told = t.gettext("The change is recorded: the next run and the next export follow it.")
    return _document_page(request, doc_id, told if done else "", "", 200)


def _document_page(
    request: Request, doc_id: str, done: str, fault: str, status: int, typed: Mapping[str, str] | None = None
) -> Response:
    context, viewer, language = context_of(request), viewer_of(request), language_of(request)
    project = context.project()
    document = project.documents.get(doc_id)
    if document is None:
        raise HTTPException(404)
    edits = [one for one in context.store.document_edits() if one.doc_id == doc_id]
    values = _values(document, edits)
    names = value_names(language)
    return render(
        request,
        "document.html",
        status,
        document=document,
        values={**values, **(typed or {})},
        now=values,
        of_run={field: _value(document, field) for field in _FIELDS},
        fields=field_names(language),
        names=names,
        types=[(one, names[one]) for one in DOC_TYPES],
        statuses=[(one, names[one]) for one in LEGAL_STATUSES],
        edits=list(reversed(edits)),
        issues=[one for one in project.run.issues if one.doc_id == doc_id],
        may_edit=viewer.may(ADMINISTRATORS),
        state=_state_of(edits),
        form_id=str(uuid.uuid4()),
        done=done,
        fault=fault,
        reason=(typed or {}).get("reason", ""),
    )


def _state_of(edits: Iterable[DocumentEdit]) -> str:
    return make_key("document edits", [one.edit_id for one in edits])


@router.post("/documents/{doc_id}")
@allow(ADMINISTRATORS)
def edit_document(
    request: Request,
    doc_id: str,
    form_id: _LINE,
    state: _LINE,
    title: _LINE = "",
    date: _LINE = "",
    doc_type: _LINE = "",
    legal_status: _LINE = "",
    include: _LINE = "yes",
    reason: _REASON = "",
) -> Response:
    """Record what was changed, field by field, with the reason. `state`: the edits that the form was made from."""
    context, viewer, t = context_of(request), viewer_of(request), translations(language_of(request))
    document = context.project().documents.get(doc_id)
    if document is None:
        raise HTTPException(404)
    edits = [one for one in context.store.document_edits() if one.doc_id == doc_id]
    typed = {
        "title": printable(title).strip(), "date": date.strip(), "doc_type": doc_type, "legal_status": legal_status,
        "include": include, "reason": printable(reason).strip(),
    }  # fmt: skip
    ids = {field: str(uuid.uuid5(uuid.NAMESPACE_OID, f"{form_id} {field}")) for field in _FIELDS}
    was_sent = bool({one.edit_id for one in edits} & set(ids.values()))
    if state != _state_of(edits) and not was_sent:
        raise Conflict("This document has been changed since the page was shown.", "look at it again.")
    values = _values(document, edits)
    changed = [field for field in _FIELDS if typed[field] and typed[field] != values[field]]
    if was_sent and not changed:  # sent again: it is recorded already
        return see_other(f"/documents/{doc_id}?done=1")
    fault = ""
    if not changed:
        fault = t.gettext("Nothing was changed.")
    elif not typed["reason"]:
        fault = t.gettext("Give a reason.")
    if fault:
        return _document_page(request, doc_id, "", fault, 422, typed)
    at = now()
    # What is typed freely comes first, so that a value that can't be stops all; a form sent again records the rest.
    for field in sorted(changed, key=lambda one: one != "date"):
        edit = DocumentEdit(ids[field], at, viewer.name, doc_id, field, typed[field], values[field], typed["reason"])
        try:
            context.store.edit_document(edit)
        except UsageError as error:
            return _document_page(request, doc_id, "", f"{error.message} {error.next_step}", 422, typed)
    return see_other(f"/documents/{doc_id}?done=1")


# The trail


@dataclass(frozen=True, slots=True)
class TrailFilters:
    reviewer: str = ""
    theme: str = ""
    verdict: str = ""
    document: str = ""

    def passes(self, decision: Decision) -> bool:
        return (
            (not self.reviewer or decision.reviewer == self.reviewer)
            and (not self.theme or decision.theme == self.theme)
            and (not self.verdict or decision.verdict == self.verdict)
            and (not self.document or decision.doc_id == self.document)
        )


def seen_decisions(context: Context, viewer: Viewer, project: Project) -> list[Decision]:
    """The rows that a viewer may see as they were recorded, stale ones included, oldest first."""
    stored = context.store.decisions()
    if viewer.may(OVERSEERS):
        return stored
    seen = {
        one.decision_id for one in visible(viewer.name, viewer.review_role, context.trail(project), project.assigned)
    }
    return [one for one in stored if one.decision_id in seen or one.reviewer == viewer.name]


@router.get("/trail")
@allow(SIGNED_IN)
def trail(
    request: Request, reviewer: str = "", theme: str = "", verdict: str = "", document: str = "", page: int = 1
) -> Response:
    """Who decided what, when, and what was shown; the newest first."""
    context, viewer, language = context_of(request), viewer_of(request), language_of(request)
    project = context.project()
    rows = seen_decisions(context, viewer, project)
    filters = TrailFilters(reviewer, theme, verdict, document)
    chosen = [one for one in reversed(rows) if filters.passes(one)]
    n_pages = max(1, -(-len(chosen) // ON_A_PAGE))
    page = min(max(page, 1), n_pages)
    live = {one.decision_id for one in context.store.live()}
    shown = chosen[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]

    def address(number: int) -> str:
        return "/trail?" + urlencode(
            {"reviewer": reviewer, "theme": theme, "verdict": verdict, "document": document, "page": number}
        )

    return render(
        request,
        "trail.html",
        rows=[_row(project, one, one.decision_id in live, language) for one in shown],
        n=len(chosen),
        page=page,
        n_pages=n_pages,
        earlier=address(page - 1) if page > 1 else "",
        later=address(page + 1) if page < n_pages else "",
        filters=filters,
        reviewers=[(one, one) for one in sorted({row.reviewer for row in rows})],
        themes=[(one, theme_name(project.run, one, language)) for one in project.run.themes],
        verdicts=[(one, verdict_name(one, language)) for one in ("yes", "no", "skip", "withdrawn")],
        sees_all=viewer.may(OVERSEERS),
    )


def verdict_name(verdict: str, language: str) -> str:
    t = translations(language)
    return {
        "yes": t.pgettext("verdict", "yes"),
        "no": t.pgettext("verdict", "no"),
        "skip": t.pgettext("verdict", "skip"),
        "withdrawn": t.pgettext("verdict", "withdrawn"),
    }[verdict]


def _row(project: Project, one: Decision, is_live: bool, language: str) -> dict[str, Any]:
    provision = project.provisions.get(one.provision_id)
    document = project.documents.get(one.doc_id)
    found: Sequence[Any] = project.anchor([one]) if one.provision_id else ()
    return {
        "decision": one,
        "live": is_live,
        "stale": bool(found) and found[0].state == "stale",
        "theme": theme_name(project.run, one.theme, language) if one.theme else "",
        "verdict": verdict_name(one.verdict, language),
        "force": project.run.codebook.force_name(one.force, language) if one.force else "",
        "citation": printable(cite(document, provision, language)) if document and provision else one.doc_id[:12],
        "excerpt": one.quotation[:300],
    }
