"""What a person sees in the terminal while a run goes on and when it ends. Everything here goes to stderr or stdout
through Rich, which leaves colours and movement out where the output is a file or a pipe."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.status import Status

from .pipeline import DOCUMENT_STAGES
from .records import Document, Issue
from .runner import Progress, RunResult

_MOST_SHOWN = 12
_QUIET_SECONDS = 60.0
"""A log in which nothing has ended for so long gets a line that says what goes on."""
_LOOKING_EVERY = 30.0
"""Seconds between two lines on the corpus, where the output isn't a terminal."""


class _Shown:
    """Bars on a terminal, a line per finished document elsewhere."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.bars = Bars(
            TextColumn("{task.description:<12}"), BarColumn(bar_width=30), MofNCompleteColumn(),
            TextColumn("documents {task.fields[pages]}"), TimeElapsedColumn(), console=console, transient=False,
        )  # fmt: skip
        self.tasks: dict[str, int] = {}
        self.ended = 0
        self.last = time.monotonic()
        self.looking: Status | None = None
        self.told_at = -_LOOKING_EVERY

    def _look(self, n: int) -> None:
        said = f"Looking at the corpus: {n:,} files"
        if self.console.is_terminal:
            if self.looking is None:
                self.looking = self.console.status(said)
                self.looking.start()
            self.looking.update(said)
        elif time.monotonic() - self.told_at >= _LOOKING_EVERY:
            self.told_at = time.monotonic()
            self.console.print(said, markup=False)

    def tell(self, progress: Progress) -> None:
        if progress.looked_at:
            self._look(progress.looked_at)
            return
        self._stop_looking()
        if progress.note is not None:
            self.console.print(f"! {progress.note}", markup=False, soft_wrap=True)
            return
        if progress.finished is not None:
            self.ended += 1
            self.last = time.monotonic()
            if not self.console.is_terminal:
                self.console.print(f"[{self.ended}/{progress.total}] {progress.finished}", markup=False, soft_wrap=True)
        if not self.console.is_terminal:
            if time.monotonic() - self.last >= _QUIET_SECONDS:
                self.last = time.monotonic()
                pages = progress.pages.get("pages", 0)
                self.console.print(f"… at work: {self.ended} of {progress.total} documents done, {pages} pages read")
            return
        if not self.tasks:
            self.bars.start()
            for stage in DOCUMENT_STAGES:
                self.tasks[stage.name] = self.bars.add_task(stage.name, total=progress.total, pages="")
        for name, task in self.tasks.items():
            pages = progress.pages.get(name, 0)
            shown = f"· {pages} pages" if pages else ""
            self.bars.update(task, completed=progress.done.get(name, 0), pages=shown)  # type: ignore[arg-type]

    def _stop_looking(self) -> None:
        if self.looking is not None:
            self.looking.stop()
            self.looking = None

    def stop(self) -> None:
        self._stop_looking()
        if self.tasks:
            self.bars.stop()


@contextmanager
def shown_progress(console: Console) -> Iterator[_Shown]:
    shown = _Shown(console)
    try:
        yield shown
    finally:
        shown.stop()


def _paths(documents: Sequence[Document]) -> dict[str, str]:
    return {document.doc_id: document.path for document in documents}


def print_issues(console: Console, issues: Sequence[Issue], documents: Sequence[Document], output: str) -> None:
    """Errors and warnings, the gravest first, with place and next step; the same trouble on many pages once."""
    paths = _paths(documents)
    groups: dict[tuple[str | None, str, str, str, str], list[int]] = {}
    for issue in issues:
        if issue.severity != "info":
            key = (issue.doc_id, issue.category, issue.severity, issue.message, issue.next_step)
            pages = groups.setdefault(key, [])
            if issue.page is not None:
                pages.append(issue.page)
    ordered = sorted(groups.items(), key=lambda item: item[0][2] != "error")
    for (doc_id, _category, severity, message, next_step), pages in ordered[:_MOST_SHOWN]:
        where = paths.get(doc_id or "", "corpus")
        if pages:
            some = ", ".join(map(str, pages[:6])) + ("…" if len(pages) > 6 else "")
            where += f", page {some}" if len(pages) == 1 else f", pages {some}"
        mark = "[red]✗ failed[/red]" if severity == "error" else "[yellow]! note[/yellow]"
        text = message if where.split(",")[0] in message else f"{where}: {message}"
        console.print(f"{mark} {escape(text)}\n    → {escape(next_step)}", soft_wrap=True)
    if len(ordered) > _MOST_SHOWN:
        console.print(f"… and {len(ordered) - _MOST_SHOWN} more in {escape(output)}/issues.csv", soft_wrap=True)


def count_line(result: RunResult, started: float) -> str:
    """One line: what was read, from where, how long it took."""
    by_status = {
        name: sum(d.status == name for d in result.documents) for name in ("ok", "partial", "failed", "excluded")
    }
    parts = [f"{n} {name}" for name, n in by_status.items() if n]
    pages = sum(document.n_pages for document in result.documents)
    cached = sum(document.status != "excluded" for document in result.documents) - result.computed
    how = "nothing had changed" if result.unchanged else f"{result.computed} computed, {cached} from the cache"
    elapsed = time.monotonic() - started
    return f"{len(result.documents)} documents ({', '.join(parts)}), {pages} pages, {how}, {elapsed:.1f} s"
