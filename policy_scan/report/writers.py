"""Processes that write a run's workbook and web page beside each other, and draw the page's pictures.

What they hold of the run doesn't add to the memory of the process that compiled it. A PDF that ends or stops the
drawing costs its own pictures: the page says so and links to it.
"""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, TimeoutError
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..config import Config
from ..errors import PolicyScanError
from ..processes import begin, limited_memory

if TYPE_CHECKING:
    from ..engine import Progress
    from .common import RunData
    from .crops import Crop, CropKey, Reason

_MOST = 3
"""Processes that have something to do: workbook, page and pictures."""
_PARTS = 2
"""Parts of the pictures for each process: who has done the workbook draws what is left."""
_SECONDS = 120.0
"""For one part, or one document's pictures: two hundred pictures take two seconds."""


@dataclass(frozen=True, slots=True)
class _Job:
    """What a process needs to read the run: its folder, and what differs from what stands there."""

    directory: Path
    changes: tuple[tuple[str, Any], ...]


_read: tuple[_Job, RunData] | None = None
"""The run that this process has read."""


def _prepare(environment: Mapping[str, str]) -> None:
    """Set up a process: load what the reports need while the run is still being compiled."""
    begin(environment)
    import jinja2
    import xlsxwriter
    from PIL import Image

    from . import crops, html, xlsx

    _ = jinja2, xlsxwriter, Image, crops, html, xlsx


def _ready() -> None:
    """Nothing to do but to be there."""


def _run_of(job: _Job) -> RunData:
    global _read
    from .common import load_run

    if _read is None or _read[0] != job:
        _read = None
        _read = job, replace(load_run(job.directory), **dict(job.changes))
    return _read[1]


def _documents(job: _Job) -> list[str]:
    """doc_ids of the documents that the page's pictures are of."""
    from .html import pictured

    return list(dict.fromkeys(item.document.doc_id for item in pictured(_run_of(job))))


def _draw(job: _Job, part: int, parts: int, limit: int) -> dict[CropKey, Crop | Reason]:
    """The pictures of every `parts`th document, from the `part`th on. `limit`: megabytes."""
    from .crops import make_crops
    from .html import pictured

    own = set(_documents(job)[part::parts])
    with limited_memory(limit):
        return make_crops(_run_of(job), [item for item in pictured(_run_of(job)) if item.document.doc_id in own])


def _lost(job: _Job, number: int) -> dict[CropKey, Crop | Reason]:
    """Why there are no pictures of a document that can't be drawn."""
    from .crops import crop_key
    from .html import pictured

    doc_id = _documents(job)[number]
    return {crop_key(item): "damaged" for item in pictured(_run_of(job)) if item.document.doc_id == doc_id}


def _keep(file: Path, function: Callable[..., Any], *arguments: Any) -> None:
    """Leave what a function returns in a file. A process that is ended while millions of bytes of it go through the
    pool's pipe would leave all others waiting for the rest."""
    file.write_bytes(pickle.dumps(function(*arguments)))


def _write(job: _Job, kind: str, language: str, path: Path, kept: Sequence[Path] | None = None) -> None:
    """`kept`: files of the page's pictures."""
    from . import export_run
    from .html import export_html

    run = _run_of(job)
    if kept is None:
        export_run(run, kind, language, path)
        return
    crops: dict[CropKey, Crop | Reason] = {}
    for file in kept:
        crops |= pickle.loads(file.read_bytes())
    export_run(run, kind, language, path, write=partial(export_html, crops=crops))


@contextmanager
def _told(path: Path, kind: str) -> Iterator[None]:
    """What keeps a report from being written, told with a next step."""
    from concurrent.futures.process import BrokenProcessPool

    from pebble import ProcessExpired

    step = f"free memory, then run 'policy-scan export --format {kind}'; the tables are there."
    try:
        yield
    except (ProcessExpired, BrokenProcessPool) as error:
        how = f" (exit code {error.exitcode})" if isinstance(error, ProcessExpired) else ""
        what = f"{path} wasn't written: the process that wrote it ended{how}, twice."
        raise PolicyScanError(what, step) from error
    except MemoryError as error:
        raise PolicyScanError(f"{path} wasn't written: there was no memory left.", step) from error


class ReportWriters:
    """The processes, for as long as the block lasts. `start` has them load ahead; it may be left out."""

    def __init__(self, config: Config, jobs: int) -> None:
        self._limits = config.run
        self.n = max(1, min(jobs, _MOST))
        self._pool = self._new()
        self._started = False
        self._n_done = 0

    def _new(self) -> Any:
        from ..pool import Pool

        return Pool(self.n, _prepare, (dict(os.environ),))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self._pool.close()
        else:
            self._pool.stop()
        if self._started:
            self._pool.join()

    def _ask(self, function: Any, *arguments: Any, seconds: float | None = None) -> Future[Any]:
        if self._started and not self._pool.active:  # pebble gives a pool up one of whose processes ended idle
            self._pool.stop()
            self._pool.join()
            self._pool = self._new()
        self._started = True
        future: Future[Any] = self._pool.schedule(function, args=arguments, timeout=seconds)
        return future

    def start(self) -> None:
        """Have the processes load what they need. Returns at once."""
        if not self._started:
            self._ask(_ready)

    def follow(self, progress: Progress) -> None:
        """Start when the last document is done: while the tables are compiled, a core is idle."""
        self._n_done += progress.finished is not None
        if 0 < progress.total <= self._n_done:  # 0 while the corpus is looked at
            self.start()

    def write(self, directory: Path, language: str, files: Mapping[str, Path], **changes: Any) -> None:
        """Write the run's reports, format -> file; 'html' with the pictures of its best evidence.

        `changes`: fields of RunData that aren't as the folder has them. Raises PolicyScanError.
        """
        job = _Job(directory, tuple(changes.items()))
        plain = {kind: path for kind, path in files.items() if kind != "html"}
        asks = {kind: partial(self._ask, _write, job, kind, language, path) for kind, path in plain.items()}
        waiting = {kind: ask() for kind, ask in asks.items()}
        with tempfile.TemporaryDirectory(prefix="policy-scan-", ignore_cleanup_errors=True) as folder:
            if "html" in files:
                with _told(files["html"], "html"):
                    kept = self._pictures(job, Path(folder))
                asks["html"] = partial(self._ask, _write, job, "html", language, files["html"], kept)
                waiting["html"] = asks["html"]()
            for kind, future in waiting.items():
                with _told(files[kind], kind):
                    self._sure(asks[kind], future)

    def _sure(self, ask: Callable[[], Future[Any]], future: Future[Any] | None = None) -> Any:
        """What comes of a task; where its process ended it is tried once more, for something else may have ended it."""
        from concurrent.futures.process import BrokenProcessPool

        from pebble import ProcessExpired

        try:
            return (future or ask()).result()
        except (ProcessExpired, BrokenProcessPool):
            return ask().result()

    def _pictures(self, job: _Job, folder: Path) -> list[Path]:
        """Files below `folder` that hold the page's pictures."""
        parts = _PARTS * self.n if self.n > 1 else 1
        asked = [(folder / str(part), self._drawn(job, part, parts, folder / str(part))) for part in range(parts)]
        kept: list[Path] = []
        for part, (file, future) in enumerate(asked):
            kept += self._all_of(file, future, job, part, parts)
        return kept

    def _drawn(self, job: _Job, part: int, parts: int, file: Path) -> Future[Any]:
        limits = self._limits
        seconds = min(_SECONDS, limits.seconds_per_document)
        return self._ask(_keep, file, _draw, job, part, parts, limits.megabytes_per_worker, seconds=seconds)

    def _all_of(self, file: Path, future: Future[Any], job: _Job, part: int, parts: int) -> list[Path]:
        """A part's pictures; where drawing them ended or stopped the process, document by document."""
        from concurrent.futures.process import BrokenProcessPool

        from pebble import ProcessExpired

        broken = (ProcessExpired, BrokenProcessPool, TimeoutError, MemoryError)
        try:
            future.result()
            return [file]
        except broken:
            kept: list[Path] = []
        documents: Sequence[str] = self._sure(partial(self._ask, _documents, job))
        for number in range(part, len(documents), parts):
            kept.append(file.with_name(f"{file.name}-{number}"))
            try:
                self._drawn(job, number, len(documents), kept[-1]).result()
            except broken:
                self._sure(partial(self._ask, _keep, kept[-1], _lost, job, number))
        return kept
