"""`policy-scan review export`, `import` and `report`: decisions and figures out, decisions in."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..console import err, on_this_machine, out, told
from ..errors import UsageError
from .commands import OUTPUT, Database, Output, _by, app, folder_of, open_store

if TYPE_CHECKING:
    from .project import Project
    from .queues import QueueItem
    from .sheet_import import Taken
    from .store import Store


@app.command("export")
def export(
    kind: Annotated[str, typer.Option("--format", help="jsonl: all decisions; xlsx: a queue to decide offline.")],
    path: Annotated[Path, typer.Option("-o", help="File to write.", callback=on_this_machine)],
    output: Output = OUTPUT,
    database: Database = None,
    reviewer: Annotated[
        str | None, typer.Option(help="jsonl: only this reviewer's; xlsx: who will fill it in ('reviewer').")
    ] = None,
    queue: Annotated[str, typer.Option(help="xlsx: which queue.")] = "cell",
    country: Annotated[str, typer.Option(help="xlsx: only this column, e.g. BE.")] = "",
    theme: Annotated[str, typer.Option(help="xlsx: only this theme.")] = "",
    passage_language: Annotated[str, typer.Option(help="xlsx: only passages in this language.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=50_000, help="xlsx: at most so many passages.")] = 200,
    with_decided: Annotated[
        bool, typer.Option("--with-decided", help="xlsx: also what the reviewer decided, to look at it again.")
    ] = False,
    language: Annotated[str | None, typer.Option(help="xlsx: en, fr, nl, de, el or ro.")] = None,
) -> None:
    """Write decisions as JSON lines, or a queue as an Excel sheet to be filled in offline."""
    with told():
        if kind not in ("jsonl", "xlsx"):
            raise UsageError(f"There is no format '{kind}'.", "choose jsonl or xlsx.")
        # A queue can be given out before anybody has decided anything.
        with open_store(output, database, create=kind == "xlsx") as store:
            if kind == "jsonl":
                from ..decisions import write_decisions

                rows = store.decisions(reviewer)
                write_decisions(path, rows)
                said = f"{len(rows)} decisions"
            else:
                said = _write_sheet(
                    store, folder_of(output, database), path, reviewer or "reviewer", queue,
                    (country, theme, passage_language), limit, with_decided, language,
                )  # fmt: skip
            store.audit(_by(), "export_jsonl" if kind == "jsonl" else "export_sheet", f"{said} to {path.name}")
        err.print(f"{said} in {path}", markup=False, soft_wrap=True)


def _write_sheet(
    store: Store,
    output: Path,
    path: Path,
    reviewer: str,
    queue: str,
    narrowed: tuple[str, str, str],
    limit: int,
    with_decided: bool,
    language: str | None,
) -> str:
    from ..report.common import check_language
    from ..tables import write_atomic
    from .project import load_project
    from .sheet import write_sheet
    from .sheet_import import check_reviewer

    name = check_reviewer(store, reviewer)
    project = load_project(output)
    spoken = check_language(language or project.run.config.table.language)
    own = project.current(store.live(name))
    items = _queued(project, store, name, queue, narrowed)
    provisions = list(dict.fromkeys(one.provision_id for one in items))[:limit]
    kept = set(provisions)
    items = [one for one in items if one.provision_id in kept]
    if with_decided:
        from .queues import QueueItem

        items = [*(QueueItem(one.provision_id, one.theme, 1.0, "proposed") for one in own), *items]
    if not items:
        raise UsageError(
            f"The queue '{queue}' has nothing left for {name}.", "choose another queue, or add --with-decided."
        )
    write_atomic(path, write_sheet(project, items, name, own, spoken, path.parent, queue))
    n = len({one.provision_id for one in items})
    return f"{n} passages for {name}"


def _queued(
    project: Project, store: Store, reviewer: str, queue: str, narrowed: tuple[str, str, str]
) -> list[QueueItem]:
    from .queues import QUEUES, Filters, build_queue

    offered = [one for one in QUEUES if one != "disagreements"]  # they show what others decided
    name = next((one for one in offered if one == queue), None)
    if name is None:
        raise UsageError(f"There is no queue '{queue}'.", f"choose one of: {', '.join(offered)}.")
    country, theme, language = narrowed
    if theme and theme not in project.run.themes:
        raise UsageError(f"There is no theme '{theme}'.", f"choose one of: {', '.join(project.run.themes)}.")
    if country and country not in project.run.all_columns:
        raise UsageError(f"There is no column '{country}'.", f"choose one of: {', '.join(project.run.all_columns)}.")
    return list(
        build_queue(
            project, name, reviewer, project.current(store.live(reviewer)),
            filters=Filters(country=country, theme=theme, language=language),
            assignments=store.assignments(reviewer),
        )
    )  # fmt: skip


@app.command("import")
def take_in(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A sheet (.xlsx) or JSON lines (.jsonl).")],
    reviewer: Annotated[
        str | None, typer.Option(help="xlsx: who filled it in ('reviewer'); jsonl: only this reviewer's.")
    ] = None,
    output: Output = OUTPUT,
    database: Database = None,
) -> None:
    """Take decisions in. What was decided otherwise meanwhile is listed, and nothing is overwritten."""
    with told():
        from .project import load_project
        from .sheet_import import import_lines, import_sheet

        kind = file.suffix.lower()
        if kind not in (".xlsx", ".jsonl"):
            raise UsageError(
                f"{file} is neither .xlsx nor .jsonl.", "give a file that 'policy-scan review export' wrote."
            )
        project = load_project(folder_of(output, database))
        with open_store(output, database) as store:
            if kind == ".xlsx":
                taken = import_sheet(file, project, store, reviewer or "reviewer")
            else:
                taken = import_lines(file, project, store, reviewer)
        _tell(taken, "line" if kind == ".jsonl" else "row")


def _tell(taken: Taken, place: str) -> None:
    new = len(taken.new) - taken.n_withdrawn
    said = [f"{new} new", f"{taken.n_withdrawn} taken back", f"{taken.n_known} known already"]
    if taken.n_empty:
        said.append(f"{taken.n_empty} without a verdict")
    said.append(f"{len(taken.refused)} not taken in")
    out.print("Decisions: " + ", ".join(said), markup=False, soft_wrap=True)
    if taken.n_elsewhere:
        err.print(
            f"! {taken.n_elsewhere} of them are about texts that this run doesn't have: kept, not applied.",
            markup=False,
        )
    for one in taken.refused:
        out.print(f"{place} {one.row}: {one.message} → {one.next_step}", markup=False, soft_wrap=True)


@app.command("report")
def report(
    output: Output = OUTPUT,
    database: Database = None,
    as_json: Annotated[bool, typer.Option("--json", help="Figures as JSON on stdout.")] = False,
) -> None:
    """Precision and recall of the machine from the random samples, agreement of coders, progress of the review."""
    with told():
        from .figures import as_json_text, as_text, measure_review
        from .project import load_project

        project = load_project(folder_of(output, database))
        with open_store(output, database, create=False) as store:
            figures = measure_review(project, store.decisions(), store.assignments())
        text = as_json_text(figures) if as_json else as_text(figures, project)
        sys.stdout.buffer.write((text + "\n").encode("utf-8", "replace"))
        sys.stdout.buffer.flush()


__all__: Sequence[str] = ["app"]
