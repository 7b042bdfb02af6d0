"""The overview (queues, one's own work, how far each cell has come) and the page on agreement between coders."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from ..records import Decision
from ..report.common import SYMBOLS, jurisdiction_name, short_status, theme_name
from ..translation import translations
from .agreement import ItemAgreement, Measure, agreement
from .context import Context, context_of, decimal, language_of, render, viewer_of
from .progress import CellProgress, Progress, progress
from .project import Project
from .queues import QUEUES, QueueName, build_queue, queue_words
from .security import CODERS, OVERSEERS, SIGNED_IN, Viewer, allow
from .visibility import visible

router = APIRouter()
_SAME_ITEMS = frozenset({"theme", "language", "document"})
"""Queues with the same items as 'country', in another order."""


def seen_live(context: Context, viewer: Viewer, project: Project) -> list[Decision]:
    """The live decisions on the run that a viewer may see."""
    return visible(viewer.name, viewer.review_role, context.live(project), project.assigned)


def seen_trail(context: Context, viewer: Viewer, project: Project) -> list[Decision]:
    """All decisions on the run that a viewer may see, oldest first."""
    return visible(viewer.name, viewer.review_role, context.trail(project), project.assigned)


@router.get("/")
@allow(SIGNED_IN)
def home(request: Request) -> Response:
    context, viewer, language = context_of(request), viewer_of(request), language_of(request)
    project = context.project()
    sees_all = viewer.may(OVERSEERS)

    def make() -> Progress:
        assignments = context.store.assignments(None if sees_all else viewer.name)
        return progress(project, seen_live(context, viewer, project), assignments)

    made = context.remembered(project, ("progress", None if sees_all else viewer.name), make)
    reviewers = [one for one in made.reviewers if sees_all or one.reviewer == viewer.name]
    return render(
        request,
        "home.html",
        queues=_queues(context, viewer, project, language),
        reviewers=reviewers,
        columns=[jurisdiction_name(code, language) for code in project.run.all_columns],
        rows=_cell_rows(project, made.cells, language),
        run=project.run,
    )


def _queues(context: Context, viewer: Viewer, project: Project, language: str) -> list[dict[str, Any]]:
    """The queues of somebody who decides, each with what is left in it."""
    if not viewer.may(CODERS):
        return []
    left = context.remembered(project, ("left", viewer.name), lambda: _left(context, viewer, project))
    found = []
    for name, n in left.items():
        title, purpose = queue_words(name, language)
        found.append({"address": f"/desk?queue={name}", "title": title, "purpose": purpose, "n": n})
    return found


def _left(context: Context, viewer: Viewer, project: Project) -> dict[QueueName, int]:
    """What is left in each queue, told from the viewer's own decisions alone."""
    own = [one for one in context.live(project) if one.reviewer == viewer.name]
    assignments = context.store.assignments(viewer.name)
    left: dict[QueueName, int] = {}
    for name in QUEUES:
        if name in _SAME_ITEMS and "country" in left:
            left[name] = left["country"]
        elif name != "disagreements":  # it has a page of its own, with both views
            left[name] = len(build_queue(project, name, viewer.name, own, assignments=assignments))
    return left


def _cell_rows(project: Project, cells: tuple[CellProgress, ...], language: str) -> list[dict[str, Any]]:
    """Themes as rows: for each column the status by the machine, and how much of the evidence is settled."""
    of_cell = {(one.theme, one.jurisdiction): one for one in cells}
    return [
        {
            "name": theme_name(project.run, theme, language),
            "cells": [
                {
                    "cell": (cell := of_cell[theme, column]),
                    "symbol": SYMBOLS[cell.status],
                    "status": short_status(project.run.codebook, cell.status, language),
                    "address": f"/desk?queue=cell&theme={theme}&country={column}",
                }
                for column in project.run.all_columns
            ],
        }
        for theme in project.run.themes
    ]


@router.get("/agreement")
@allow(SIGNED_IN)
def agreement_page(request: Request) -> Response:
    """A coder sees agreement on what he or she has decided too; adjudicators and administrators see it all."""
    context, viewer, language = context_of(request), viewer_of(request), language_of(request)
    project = context.project()
    sees_all = viewer.may(OVERSEERS)
    found = context.remembered(
        project,
        ("agreement", None if sees_all else viewer.name),
        lambda: agreement(seen_trail(context, viewer, project), project),
    )
    t = translations(language)
    rows = [(theme_name(project.run, one.theme, language), one) for one in found.themes]
    rows.append((t.gettext("All themes"), found.overall))
    return render(
        request,
        "agreement.html",
        rows=[_agreement_row(name, one, language) for name, one in rows],
        force=_agreement_row(t.gettext("Force"), found.force, language),
        overall=found.overall,
        sees_all=sees_all,
    )


def _agreement_row(name: str, one: ItemAgreement, language: str) -> dict[str, Any]:
    measures = (one.observed, one.kappa, one.alpha, one.positive)
    return {"name": name, "item": one, "measures": [_measured(measure, language) for measure in measures]}


def _measured(measure: Measure, language: str) -> tuple[str, str]:
    """The value, and its interval in brackets; a dash where there is none."""
    value, low, high = (decimal(one, language) for one in (measure.value, measure.low, measure.high))
    known = None not in (measure.value, measure.low, measure.high)
    return value, f"[{low}; {high}]" if known else ""
