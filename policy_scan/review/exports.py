"""Decisions as files: JSON lines, a workbook to read, a sheet to decide in offline; each is in the audit log."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import fields
from typing import Annotated, Any, cast, get_args

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from ..decisions import to_line
from ..errors import UsageError
from ..records import Decision
from ..report.common import jurisdiction_name, printable, theme_name
from . import uploads
from .context import context_of, language_of, render, viewer_of
from .queues import QUEUES, Filters, QueueName, build_queue, queue_words
from .records_pages import seen_decisions
from .security import CODERS, OVERSEERS, SIGNED_IN, allow, client_address
from .sheet import write_sheet

router = APIRouter(prefix="/exports")
router.include_router(uploads.router)
MOST_IN_SHEET = 2_000
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MOST_IN_CELL = 32_000
_CHOICE = Annotated[str, Form(max_length=200)]


@router.get("")
@allow(SIGNED_IN)
def exports(request: Request) -> Response:
    context, viewer, language = context_of(request), viewer_of(request), language_of(request)
    project = context.project()
    return render(
        request,
        "exports.html",
        n=len(seen_decisions(context, viewer, project)),
        sees_all=viewer.may(OVERSEERS),
        decides=viewer.may(CODERS),
        queues=[(name, queue_words(name, language)[0]) for name in QUEUES if name != "disagreements"],
        themes=[(one, theme_name(project.run, one, language)) for one in project.run.themes],
        countries=[(one, jurisdiction_name(one, language)) for one in project.run.all_columns],
        most=MOST_IN_SHEET,
    )


def _file(data: bytes, name: str, kind: str) -> Response:
    return Response(data, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})


def _log(request: Request, what: str, n: int) -> None:
    context_of(request).store.audit(viewer_of(request).name, what, f"{n} rows, {client_address(request)}")


@router.post("/decisions.jsonl")
@allow(SIGNED_IN)
def as_lines(request: Request) -> Response:
    """The trail as `run --decisions` and `review import` read it: for a coder, what that coder may see."""
    context, viewer = context_of(request), viewer_of(request)
    rows = seen_decisions(context, viewer, context.project())
    _log(request, "export_jsonl", len(rows))
    data = "".join(to_line(one) + "\n" for one in rows).encode("utf-8")
    return _file(data, "decisions.jsonl", "application/x-ndjson")


@router.post("/decisions.xlsx")
@allow(SIGNED_IN)
def as_table(request: Request) -> Response:
    """The same as a workbook to read and sort; texts are never formulas."""
    context, viewer = context_of(request), viewer_of(request)
    rows = seen_decisions(context, viewer, context.project())
    _log(request, "export_xlsx", len(rows))
    return _file(_workbook(rows), "decisions.xlsx", WORKBOOK)


def _workbook(rows: Sequence[Decision]) -> bytes:
    import xlsxwriter

    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    workbook = xlsxwriter.Workbook(stream, options)
    sheet = workbook.add_worksheet("decisions")
    bold = workbook.add_format({"bold": True, "bg_color": "#F3F5F8"})
    names = [field.name for field in fields(Decision)]
    for at, name in enumerate(names):
        sheet.write_string(0, at, name, bold)
    for number, row in enumerate(rows, start=1):
        for at, name in enumerate(names):
            _write(sheet, number, at, getattr(row, name))
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(len(rows), 1), len(names) - 1)
    workbook.close()
    return stream.getvalue()


def _write(sheet: Any, row: int, column: int, value: object) -> None:
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value)
    elif value is not None:
        sheet.write_string(row, column, printable(str(value))[:_MOST_IN_CELL])


@router.post("/sheet.xlsx")
@allow(CODERS)
def sheet(
    request: Request, queue: _CHOICE = "uncertain", theme: _CHOICE = "", country: _CHOICE = "", rows: int = Form(200)
) -> Response:
    """The beginning of a queue as a sheet to decide in; 'policy-scan review import' takes it back."""
    context, viewer, language = context_of(request), viewer_of(request), language_of(request)
    if queue not in get_args(QueueName) or queue == "disagreements":
        raise UsageError(f"There is no queue '{queue[:40]}'.", "choose one of the list.")
    project = context.project()
    own = [one for one in context.live(project) if one.reviewer == viewer.name]
    items = build_queue(
        project,
        cast("QueueName", queue),
        viewer.name,
        own,
        filters=Filters(country=country, theme=theme),
        assignments=context.store.assignments(viewer.name),
    )[: min(max(rows, 1), MOST_IN_SHEET)]
    data = write_sheet(project, items, viewer.name, own, language, queue=queue)
    _log(request, "export_sheet", len(items))
    return _file(data, "to-review.xlsx", WORKBOOK)
