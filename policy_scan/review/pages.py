"""The overview: the queues with their counts, and how far one's own work and each cell have come."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from .context import context_of, language_of, render, viewer_of
from .queues import QUEUES, build_queue, queue_words
from .security import CODERS, SIGNED_IN, allow
from .visibility import visible

router = APIRouter()


@router.get("/")
@allow(SIGNED_IN)
def home(request: Request) -> Response:
    context, viewer, language = context_of(request), viewer_of(request), language_of(request)
    project = context.project()
    live = context.live(project)
    own = [one for one in live if one.reviewer == viewer.name]
    queues = []
    if viewer.may(CODERS):
        assignments = context.store.assignments(viewer.name)
        for name in QUEUES:
            if name == "disagreements":  # a page of its own
                continue
            title, purpose = queue_words(name, language)
            n = len(build_queue(project, name, viewer.name, own, assignments=assignments))
            queues.append({"address": f"/desk?queue={name}", "title": title, "purpose": purpose, "n": n})
    seen = visible(viewer.name, viewer.review_role, live, project.assigned)
    decided = len({(one.provision_id, one.theme) for one in own if one.verdict in ("yes", "no")})
    return render(request, "home.html", queues=queues, decided=decided, seen=len(seen), run=project.run)
