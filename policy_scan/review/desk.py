"""The desk: one provision after the other, beside its page; what a reviewer decides of it; search in all provisions.

Pages work without a script, by forms. With it, decisions go to the addresses below `/desk/api`, and the next provision
and its picture are there before they are asked for.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, cast, get_args
from urllib.parse import quote, urlencode
from weakref import WeakKeyDictionary

from fastapi import APIRouter, Depends, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from ..errors import UsageError
from ..jurisdictions import place_name
from ..records import Decision
from ..report.common import theme_name
from ..report.page_words import language_names
from ..report.words import words
from ..translation import translations
from .context import context_of, language_of, render, see_other, viewer_of
from .deciding import KINDS, UNDONE, Action, named, rows_of, undo_rows
from .desk_words import desk_keys, desk_words
from .items import Item, Own, forces, make_item, moved, own_rows
from .pictures import CLOSE_DPI, DPI, images_of, spans_of
from .project import Project
from .queues import QUEUES, Filters, QueueItem, QueueName, Why, build_queue, queue_words, why_words
from .reasons import reasons_of
from .search import Wanted, search
from .security import CODERS, allow
from .store import Conflict, now

router = APIRouter(prefix="/desk")
SEARCHED = "search"
OWN_QUEUES: tuple[QueueName, ...] = tuple(name for name in QUEUES if name != "disagreements")
"""Disagreements are settled on their own page."""
SENT_AT_ONCE = 60
"""Items of a queue that the script is told of at once."""
HITS = 50
WHYS: tuple[str, ...] = get_args(Why)
_moved: WeakKeyDictionary[Project, dict[str, dict[str, list[Decision]]]] = WeakKeyDictionary()
_moved_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Where:
    """The queue that a reviewer works on, narrowed."""

    queue: str
    filters: Filters

    def query(self, **more: str) -> str:
        chosen = {
            "queue": self.queue, "country": self.filters.country, "theme": self.filters.theme,
            "language": self.filters.language, "document": self.filters.document, **more,
        }  # fmt: skip
        return urlencode({name: value for name, value in chosen.items() if value})


def where_of(
    queue: str = "uncertain", country: str = "", theme: str = "", language: str = "", document: str = ""
) -> Where:
    known = queue if queue in (*OWN_QUEUES, SEARCHED) else "uncertain"
    return Where(known, Filters(country, theme, language, document))


_SEARCH = Where(SEARCHED, Filters())
Placed = Annotated[Where, Depends(where_of)]


# What a reviewer has before them


def _earlier(request: Request, project: Project, reviewer: str) -> dict[str, list[Decision]]:
    """The reviewer's decisions on provisions that had another id in an earlier run: looked for once per run."""
    with _moved_lock:
        known = _moved.setdefault(project, {})
        if reviewer in known:
            return known[reviewer]
    found = moved(project, context_of(request).store.live(reviewer=reviewer))
    with _moved_lock:
        known[reviewer] = found
    return found


def _mine(request: Request, project: Project, provision_id: str, rows: list[Decision] | None = None) -> Own:
    """The reviewer's own rows on a provision. `rows`: those on record under its id, where they have been read."""
    reviewer = viewer_of(request).name
    if rows is None:
        rows = context_of(request).store.decisions(reviewer=reviewer, provision_id=provision_id)
    earlier = _earlier(request, project, reviewer).get(provision_id, [])
    return own_rows(project, rows, earlier, provision_id)


def _queue(request: Request, project: Project, where: Where) -> list[QueueItem]:
    """The items of a queue, each provision once; none for a search, which has its own list."""
    if where.queue == SEARCHED:
        return []
    store, reviewer = context_of(request).store, viewer_of(request).name
    name = cast("QueueName", where.queue)
    items = build_queue(
        project,
        name,
        reviewer,
        project.current(store.live(reviewer=reviewer)),
        filters=where.filters,
        assignments=store.assignments(reviewer=reviewer) if name == "assigned" else None,
    )
    first: dict[str, QueueItem] = {}
    for one in items:
        first.setdefault(one.provision_id, one)
    return list(first.values())


def _item(request: Request, project: Project, provision_id: str, theme: str = "") -> Item:
    if provision_id not in project.provisions:
        raise HTTPException(404)
    return make_item(project, provision_id, _mine(request, project, provision_id), language_of(request), theme)


def _shown(request: Request, project: Project, item: Item, where: Where, why: str = "") -> dict[str, Any]:
    """What the template of an item needs."""
    language = language_of(request)
    first = item.page
    page = project.pages.get((item.document.doc_id, first))
    return {
        "item": item,
        "data": item.data(),
        "kept": {row.key: json.dumps(row.spans) for row in item.themes if row.spans},
        "where": where,
        "why": why_words(why, language) if why else "",  # type: ignore[arg-type]
        "action_id": str(uuid.uuid4()),
        "forces": forces(project, language),
        "force_name": project.run.codebook.force_name(item.machine_force, language),
        "w": words(language),
        "said": desk_words(language),
        "page": first,
        "width": page.width if page else 0,
        "height": page.height if page else 0,
        "boxes": [box for box in item.provision.boxes if int(box[0]) == first],
    }


@router.get("")
@allow(CODERS)
def desk(request: Request, where: Placed, item: str = "", done: str = "") -> Response:
    """The desk with an item: the one asked for, else the first of the queue."""
    project, language = context_of(request).project(), language_of(request)
    queue = _queue(request, project, where)
    chosen = next((one for one in queue if one.provision_id == item), None)
    if not item and queue:
        chosen = queue[0]
    shown: dict[str, Any] = {"item": None}
    if item or chosen is not None:
        theme = where.filters.theme or (chosen.theme if chosen else "")
        identifier = chosen.provision_id if chosen else item
        found = _item(request, project, identifier, theme)
        shown = _shown(request, project, found, where, chosen.why if chosen else "")
    t = translations(language)
    notices = {"undone": t.gettext("Undone."), "saved": t.gettext("Saved."), "none": t.gettext("Nothing was changed.")}
    return render(
        request,
        "desk.html",
        **(shown | {"where": where, "w": words(language), "action_id": str(uuid.uuid4())}),
        queues=[(name, queue_words(name, language)[0]) for name in OWN_QUEUES],
        left=len(queue),
        choices=_choices(project, language),
        keys=desk_keys(language),
        notice=notices.get(done, ""),
        script={
            "words": desk_words(language),
            "reviewer": viewer_of(request).name,
            "queue": _told(queue[:SENT_AT_ONCE]),
            "left": len(queue),
            "query": where.query(),
        },
    )


def _told(queue: list[QueueItem]) -> list[dict[str, str]]:
    return [{"id": one.provision_id, "theme": one.theme, "why": one.why} for one in queue]


def _choices(project: Project, language: str) -> dict[str, list[tuple[str, str]]]:
    """What queues and searches can be narrowed to."""
    spoken = {one.language for one in project.run.provisions}
    names = language_names(language)
    documents = sorted(
        (one for one in project.run.documents if project.order.get(one.doc_id)), key=lambda one: one.path
    )
    return {
        "country": [(code, place_name(code, language)) for code in project.run.all_columns],
        "theme": [(theme, theme_name(project.run, theme, language)) for theme in project.run.themes],
        "language": [(code, names.get(code, code)) for code in names if code in spoken],
        "document": [(one.doc_id, f"{one.jurisdiction}: {one.title or one.path}"[:90]) for one in documents],
    }


@router.get("/api/queue")
@allow(CODERS)
def queue_told(request: Request, where: Placed) -> Response:
    """The next items of a queue by their ids, and how many are left."""
    queue = _queue(request, context_of(request).project(), where)
    return JSONResponse({"items": _told(queue[:SENT_AT_ONCE]), "left": len(queue)})


@router.get("/api/item/{provision_id}")
@allow(CODERS)
def item_told(request: Request, provision_id: str, where: Placed, why: str = "", about: str = "") -> Response:
    """One item as a piece of the page. `about`: the theme that brought it into the queue."""
    project = context_of(request).project()
    item = _item(request, project, provision_id, where.filters.theme or about)
    known = why if why in WHYS else ""
    return render(request, "desk_item.html", **_shown(request, project, item, where, known))


@router.get("/api/reasons/{provision_id}")
@allow(CODERS)
def reasons(request: Request, provision_id: str) -> Response:
    """What spoke for each proposed theme: asked for beside the item, which doesn't wait for it."""
    project = context_of(request).project()
    if provision_id not in project.provisions:
        raise HTTPException(404)
    return JSONResponse(reasons_of(project, provision_id, language_of(request)))


@router.get("/api/token")
@allow(CODERS)
def token(request: Request) -> Response:
    """Who is signed in now, and their token: for a page that outlived its session."""
    viewer = viewer_of(request)
    return JSONResponse({"csrf": viewer.csrf, "reviewer": viewer.name})


# Pictures


@router.get("/api/place/{provision_id}/{page}")
@allow(CODERS)
def place(request: Request, provision_id: str, page: int, evidence: str = "[]") -> Response:
    """Where a provision and its evidence stand on a page, in points; the reason where that can't be told."""
    project = context_of(request).project()
    provision = project.provisions.get(provision_id)
    if provision is None:
        raise HTTPException(404)
    try:
        spans = spans_of(evidence, len(provision.text))
    except ValueError:
        raise HTTPException(422) from None
    found = images_of(project).outline(project.run, project.documents[provision.doc_id], provision, page, spans)
    if isinstance(found, str):
        return JSONResponse({"reason": found})
    return JSONResponse(
        {
            "width": found.width, "height": found.height, "provision": found.provision,
            "evidence": found.evidence, "exact": found.exact,
        }
    )  # fmt: skip


@router.get("/page/{doc_id}/{page}")
@allow(CODERS)
def picture(request: Request, doc_id: str, page: int, close: bool = False) -> Response:
    """A page of a document as a picture; 404 where there is none."""
    project = context_of(request).project()
    document = project.documents.get(doc_id)
    if document is None:
        raise HTTPException(404)
    drawn = images_of(project).picture(project.run, document, page, CLOSE_DPI if close else DPI)
    if not isinstance(drawn, bytes):
        raise HTTPException(404)
    return Response(drawn, media_type="image/webp", headers={"cache-control": "private, max-age=3600"})


@router.get("/pdf/{doc_id}")
@allow(CODERS)
def pdf(request: Request, doc_id: str) -> Response:
    """The PDF that was read, to be saved: only while the file still has its hash. Nothing in it may run here."""
    project = context_of(request).project()
    document = project.documents.get(doc_id)
    data = images_of(project).document(project.run, document) if document is not None else "missing"
    if document is None or not isinstance(data, bytes):
        raise HTTPException(404)
    headers = {
        "content-security-policy": "default-src 'none'; sandbox",
        "content-disposition": f"attachment; filename*=UTF-8''{quote(PurePosixPath(document.path).name, safe='')}",
    }
    return Response(data, media_type="application/pdf", headers=headers)


# Deciding


class Sent(BaseModel):
    """What the script sends of a decision."""

    model_config = ConfigDict(extra="forbid")
    action_id: str = Field(max_length=64)
    provision_id: str = Field(max_length=128)
    kind: Literal["accept", "reject", "skip"]
    themes: list[str] = Field(default_factory=list, max_length=200)
    force: str = Field("", max_length=40)
    evidence: dict[str, str] = Field(default_factory=dict, max_length=200)
    note: str = ""
    translation: str = ""
    origin: str = Field("", max_length=40)
    expected: dict[str, str] = Field(default_factory=dict, max_length=400)


class Undo(BaseModel):
    model_config = ConfigDict(extra="forbid")
    action_id: str = Field(max_length=64)


def _record(request: Request, action: Action) -> int:
    """Record an action; how many rows it made. Nothing is made of one that came before."""
    context, reviewer = context_of(request), viewer_of(request).name
    project = context.project()
    if action.provision_id not in project.provisions:
        raise UsageError("This provision isn't in the run any more.", "go on to the next one.")
    known = context.store.decisions(reviewer=reviewer, provision_id=action.provision_id)
    before = [row for row in known if row.decision_id == named(action.action_id, row.theme)]
    if before:
        return len(before)
    rows = rows_of(project, action, _mine(request, project, action.provision_id, known).rows, reviewer, now())
    return len(context.store.record_all(rows)) if rows else 0


def _undo(request: Request, action_id: str) -> str:
    """Take back the reviewer's last action; the provision that it was about, '' where there is nothing to undo."""
    context, reviewer = context_of(request), viewer_of(request).name
    rows = context.store.decisions(reviewer=reviewer)
    before = [row for row in rows if row.origin == UNDONE and row.decision_id == named(action_id, row.theme)]
    if before:
        return before[0].provision_id
    undone = undo_rows(rows, action_id, now())
    if not undone:
        return ""
    context.store.record_all(undone)
    return undone[0][0].provision_id


def _origin(name: str) -> str:
    return name if name in (*OWN_QUEUES, SEARCHED) else SEARCHED


@router.post("/api/decide")
@allow(CODERS)
def decide(request: Request, sent: Sent) -> Response:
    """Record a decision. 409 with what is there now where the reviewer decided otherwise elsewhere meanwhile."""
    action = Action(
        action_id=sent.action_id, provision_id=sent.provision_id, kind=sent.kind, themes=frozenset(sent.themes),
        force=sent.force, evidence=sent.evidence, note=sent.note, translation=sent.translation,
        origin=_origin(sent.origin), expected=sent.expected,
    )  # fmt: skip
    try:
        return JSONResponse({"rows": _record(request, action)})
    except Conflict as conflict:
        return JSONResponse(
            {"error": "conflict", "now": _standing(request, action.provision_id), "message": conflict.message}, 409
        )


def _standing(request: Request, provision_id: str) -> list[str]:
    """What the reviewer's own newest decisions on a provision say, in words."""
    project, language = context_of(request).project(), language_of(request)
    t = translations(language)
    said = []
    for theme, row in _mine(request, project, provision_id).rows.items():
        name = theme_name(project.run, theme, language) if theme else t.gettext("The passage as a whole")
        verdict = {
            "yes": t.gettext("fits"), "no": t.gettext("doesn't fit"), "skip": t.gettext("skipped"),
            "withdrawn": t.gettext("taken back"),
        }[row.verdict]  # fmt: skip
        extra = f" ({project.run.codebook.force_name(row.force, language)})" if row.force else ""
        note = f" – {row.note}" if row.note else ""
        said.append(f"{name} – {verdict}{extra}{note}")
    return said


@router.post("/api/undo")
@allow(CODERS)
def undo(request: Request, sent: Undo) -> Response:
    return JSONResponse({"provision_id": _undo(request, sent.action_id)})


@router.post("/decide")
@allow(CODERS)
def decide_by_form(
    request: Request,
    where: Placed,
    action_id: Annotated[str, Form(max_length=64)],
    provision_id: Annotated[str, Form(max_length=128)],
    kind: Annotated[str, Form()],
    expected: Annotated[str, Form()] = "{}",
    evidence: Annotated[str, Form()] = "{}",
    themes: Annotated[list[str] | None, Form()] = None,
    force: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
    translation: Annotated[str, Form()] = "",
) -> Response:
    """The same without a script: a form, then the next page. A conflict is told on a page of its own."""
    if kind not in KINDS:
        raise HTTPException(422)
    action = Action(
        action_id=action_id, provision_id=provision_id, kind=kind, themes=frozenset(themes or ()),
        force=force, evidence=_texts(evidence), note=note, translation=translation, origin=_origin(where.queue),
        expected=_texts(expected),
    )  # fmt: skip
    done = "saved" if _record(request, action) else "none"
    more = {"item": provision_id} if where.queue == SEARCHED else {}
    return see_other(f"/desk?{where.query(done=done, **more)}")


def _texts(value: str) -> Mapping[str, str]:
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        raise HTTPException(422) from None
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        raise HTTPException(422)
    return found


@router.post("/undo")
@allow(CODERS)
def undo_by_form(request: Request, where: Placed, action_id: Annotated[str, Form(max_length=64)]) -> Response:
    identifier = _undo(request, action_id)
    more = {"item": identifier, "done": "undone"} if identifier else {"done": "none"}
    return see_other(f"/desk?{where.query(**more)}")


# Searching


@router.get("/search")
@allow(CODERS)
def searching(
    request: Request,
    q: str = "",
    country: str = "",
    language: str = "",
    document: str = "",
    coded: str = "no",
    start: int = 0,
) -> Response:
    """Provisions that hold the words asked for; at first those without a theme."""
    project, spoken = context_of(request).project(), language_of(request)
    wanted = Wanted(q[:200], country, language, document, coded if coded in ("yes", "no") else "")
    start = min(max(0, start), len(project.provisions))
    found = list(islice(search(project, wanted), start, start + HITS + 1))
    t = translations(spoken)
    choices = _choices(project, spoken)
    asked = {"q": wanted.words, "country": country, "language": language, "document": document, "coded": coded}
    return render(
        request,
        "desk_search.html",
        wanted=wanted,
        hits=[
            (hit, project.documents[hit.provision.doc_id], _SEARCH.query(item=hit.provision.provision_id))
            for hit in found[:HITS]
        ],
        more=urlencode(asked | {"start": start + HITS}) if len(found) > HITS else "",
        start=start,
        choices=choices,
        coded_choices=[
            ("no", t.gettext("without a theme")), ("yes", t.gettext("with a theme")), ("all", t.gettext("all")),
        ],
        theme_names=dict(choices["theme"]),
        assigned=project.assigned,
        w=words(spoken),
    )  # fmt: skip
