"""`policy-scan run`: tables, workbook and web page of a corpus, with what is told on the way; once, or whenever
something changes. Imports what a run needs when it runs: the command line loads this module for every command."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .config import Config
from .console import err, out
from .errors import PolicyScanError
from .review.commands import DATABASE_NAME
from .storage import Place

if TYPE_CHECKING:
    from .codebook import Codebook
    from .engine import Progress
    from .publishing import Published
    from .records import Decision
    from .report.writers import ReportWriters
    from .review.following import Followed
    from .review.store import DocumentEdit
    from .runner import RunResult

_REPORTS = {"xlsx": ("Workbook", "state-of-play.xlsx"), "html": ("Web page", "state-of-play.html")}
"""What a run writes beside its tables: format -> what it is called, and its file."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where a run reads and writes. `shown`: the output as the user gave it."""

    corpus: Place
    output: Place
    cache: Place
    shown: str

    @classmethod
    def of(cls, corpus: str, output: str, cache: str | None) -> Places:
        from .runner import CACHE_FOLDER

        place = Place.of(output)
        return cls(Place.of(corpus), place, Place.of(cache) if cache else place.below(CACHE_FOLDER), output)

    def show(self, name: str) -> str:
        """A file of the output, as the user would name it."""
        return str(Path(self.shown) / name) if self.output.is_local else str(self.output.below(name))


@dataclass(frozen=True, slots=True)
class Order:
    """A run as asked for. `decisions`: a file that the table follows instead of the review; `database`: the review's
    address where it isn't in the output."""

    places: Places
    config: Config
    codebook: Codebook
    jurisdictions: Sequence[str] = ()
    """Only these; all where none is named."""
    decisions: Path | None = None
    database: str | None = None


@dataclass(frozen=True, slots=True)
class _Follows:
    """What a run's table follows: decisions, a file of them or as they stand, and corrections of documents."""

    decisions: Path | Sequence[Decision] | None
    amendments: Sequence[DocumentEdit] = ()


def review_of(output: Path, database: str | None) -> Followed | None:
    """What reviewers recorded on a run; None where nobody has begun to review it. Raises StoreError."""
    if not database and not (output / DATABASE_NAME).is_file():
        return None
    from .review.following import followed

    found = followed(output, database)
    return found if found.decisions or found.amendments else None


def run_once(order: Order) -> RunResult:
    """Carry out a run and tell what came of it. Raises PolicyScanError, OSError."""
    try:
        return _run_once(order)
    except OSError as error:
        if error.errno == errno.ENOSPC and not error.filename:  # what writes tables doesn't say where
            places = order.places
            inside = str(places.cache).startswith(f"{places.output}/")
            where = places.shown if inside else f"{places.shown} or {places.cache}"
            raise OSError(error.errno, os.strerror(error.errno), where) from error
        raise


def _run_once(order: Order) -> RunResult:
    from .processes import common_start, load_ahead

    places, config = order.places, order.config
    if config.run.engine == "processes" and places.output.is_local and not (places.output.local / ".cache").exists():
        load_ahead()  # a first run: there is work
    from .lock import held
    from .planning import usable_cores
    from .publishing import Published, publish, workplace
    from .report.writers import ReportWriters
    from .runner import run_held
    from .screen import shown_progress

    started = time.monotonic()
    # The workbook and the page are made of this run's tables, not of the next one's.
    with (
        workplace(places.output) as folder,
        held(places.output) as lock,
        common_start(),
        ReportWriters(config, config.run.jobs or usable_cores()) as writers,
    ):
        published = None if places.output.is_local else Published.at(places.output)
        follows = _told_what_it_follows(order, folder, published)
        with shown_progress(err) as shown:

            def tell(progress: Progress) -> None:
                shown.tell(progress)
                writers.follow(progress)

            result = run_held(
                places.corpus, folder, config, order.jurisdictions, tell, follows.decisions, follows.amendments,
                places.cache, published,
            )  # fmt: skip
        if _write_reports(order, result, folder, published is not None, writers) and published is not None:
            publish(folder, places.output, lock.check)
    _tell(order, result, started)
    return result


def _told_what_it_follows(order: Order, folder: Path, published: Published | None) -> _Follows:
    """What the table is to follow, and a word on it, above all where it differs from the last run's."""
    from .runner import n_decisions

    found = review_of(folder, order.database)
    if found is not None and order.decisions is not None:
        err.print(f"! The table follows {order.decisions}, not the decisions of {found.address}", markup=False)
    elif found is not None:
        err.print(f"The table follows {found}", markup=False, soft_wrap=True)
    elif order.decisions is None and (n := n_decisions(folder if published is None else published.details)):
        err.print(f"! The last run followed {n} reviewers' decisions, this one follows none", markup=False)
        err.print("    → give --decisions FILE.jsonl again where the table should follow them.", markup=False)
    if found is None:
        return _Follows(order.decisions)
    return _Follows(order.decisions or found.decisions, found.amendments)


def _write_reports(order: Order, result: RunResult, folder: Path, sent: bool, writers: ReportWriters) -> bool:
    """Write workbook and page where those that are there aren't of these tables; whether they were written. `sent`:
    they will be sent to an object store, links in them hold from anywhere."""
    from .runner import note_reports, reports_follow

    files = {kind: folder / name for kind, (_, name) in _REPORTS.items()}
    # `folder` is a new one where they are sent: what stands in the store follows its tables, as both came together.
    are_there = sent or (reports_follow(folder) and all(file.is_file() for file in files.values()))
    if result.unchanged and are_there:
        return False
    writers.write(folder, order.config.table.language, files, absolute_links=sent)
    note_reports(folder)
    return True


def _tell(order: Order, result: RunResult, started: float) -> None:
    """Print the table in short, what went wrong and where everything is."""
    from .report.terminal import print_state_of_play
    from .screen import count_line, print_issues
    from .stages.state_of_play import published_columns

    table, places = order.config.table, order.places
    columns = published_columns(result.cells, order.config)
    print_state_of_play(out, result.cells, order.codebook, columns, table.language)
    if table.as_of:
        err.print(f"The table is as of {table.as_of}: later acts enter no cell", markup=False)
    print_issues(err, result.issues, result.documents, places.shown)
    err.print(count_line(result, started), markup=False, soft_wrap=True)
    out.print("The table: " + places.show("state_of_play.csv"), markup=False, soft_wrap=True)
    for what, name in _REPORTS.values():
        out.print(f"{what}: {places.show(name)}", markup=False, soft_wrap=True)


def run_watching(order: Order) -> int:
    """Run whenever something has changed, until Ctrl-C; the last run's exit code."""
    from .console import say
    from .corpus import look
    from .keys import make_key
    from .watching import LEAST_PAUSE, STORE_PAUSE, watch

    places = order.places
    code = 0
    idle = False

    def everything() -> str:
        followed = _recorded(places.output, order.database) if order.decisions is None else _looks(order.decisions)
        return make_key(look(places.corpus), followed)

    def once() -> None:
        nonlocal code, idle
        idle = False
        try:
            code = run_once(order).exit_code
        except PolicyScanError as error:
            code = error.exit_code
            raise

    def waiting() -> None:
        nonlocal idle
        idle = True
        err.print(f"Watching {places.corpus}; stop with Ctrl-C.", markup=False, soft_wrap=True)

    try:
        watch(once, everything, say, waiting, LEAST_PAUSE if places.corpus.is_local else STORE_PAUSE)
    except KeyboardInterrupt:
        if not idle:
            raise
        err.print("Stopped watching.")
    return code


def _recorded(output: Place, database: str | None) -> str:
    """As review.following.recorded, without its libraries where nobody has begun to review; a review beside a run on an
    object store has an address of its own."""
    folder = output.local if output.is_local else Path()
    if not database and not (output.is_local and (folder / DATABASE_NAME).is_file()):
        return ""
    from .review.following import recorded

    return recorded(folder, database)


def _looks(file: Path) -> str:
    from .index import mark_of

    try:
        return mark_of(file.stat()).hex()
    except OSError:  # the run says so
        return ""
