"""Running the pipeline over a corpus: plan, work in parallel, assemble and write the tables.

What is unchanged is not computed again; a document that fails, hangs or kills its worker costs that document only.
"""

from __future__ import annotations

import json
import platform
import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

from . import __version__
from .amendments import Amendment
from .assembly import TABLES, assemble, publish
from .cache import Cache
from .config import Config
from .decisions import PublishedDecision, decisions_key, read_decisions
from .engine import Progress, carry_out
from .errors import NothingToDoError
from .keys import hash_file, make_key
from .lock import held
from .pipeline import STAGES
from .planning import Plan, make_plan, stale_documents
from .publishing import RUN_FILE, Published, workplace
from .publishing import publish as publish_run
from .queries import RunTables
from .records import Cell, Decision, Document, Issue
from .reviewing import compile_review
from .storage import Place
from .tables import read_records, to_table, write_atomic, write_table

CACHE_FOLDER = ".cache"
"""Where results are kept, below the output."""
_TOLD = ("documents", "issues", "cells")
"""The tables that a run's result is read from."""
_REPORTS = "reports"
"""Below the cache: of which tables the reports beside them were made."""
_MARKS = "outputs.json"
_ASKED = ("pages", "provisions", "codings")
"""Tables that the cells are compiled from."""
_LIBRARIES = ("pypdfium2", "pytesseract", "py3langid", "scikit-learn", "numpy", "onnxruntime", "pyarrow")


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run did: `computed` documents were worked on, the others came from the cache; `failed` lists paths."""

    documents: Sequence[Document]
    issues: Sequence[Issue]
    cells: Sequence[Cell]
    computed: int
    seconds: float
    unchanged: bool

    @property
    def exit_code(self) -> int:
        """0 all read; 1 some documents or files failed or are partial; 3 none could be read."""
        read = [document for document in self.documents if document.status != "excluded"]
        if read and all(document.status == "failed" for document in read):
            return 3
        unread = any(issue.category == "unreadable" for issue in self.issues)  # files that never became documents
        return 1 if unread or any(document.status in ("failed", "partial") for document in read) else 0


def _tables_key(plan: Plan, config: Config, decisions: Sequence[Decision]) -> str:
    return make_key(
        "tables", __version__, [[stage.name, stage.version] for stage in STAGES],
        config.slice("table", "cells"), plan.uses,
        b"".join(plan.fingerprints[source.doc_id] for source in plan.sources),  # 32 bytes each
        [[issue.doc_id, issue.category, issue.message] for issue in [*plan.issues, *plan.failures]],
        plan.environment, decisions_key(decisions), *([names] if (names := plan.names()) else ()),
    )  # fmt: skip


def read_run_file(output: Path) -> dict[str, Any]:
    """run.json of an output folder. Raises NothingToDoError when there is no run."""
    try:
        content: dict[str, Any] = json.loads((output / RUN_FILE).read_text(encoding="utf-8"))
        return content
    except (OSError, ValueError):
        raise NothingToDoError(
            f"{output} holds no finished run.", "run 'policy-scan run' first, or give --output."
        ) from None


def n_decisions(output: Path | Mapping[str, Any]) -> int:
    """How many rows of reviewers' decisions the last run (its folder, or its run.json) was given; 0 where there was
    none."""
    try:
        details = read_run_file(output) if isinstance(output, Path) else output
        return int(details["counts"].get("decisions", 0))
    except (NothingToDoError, KeyError):
        return 0


def _mark(file: Path) -> list[int]:
    """What changes when a file does, told without reading it. Raises OSError."""
    found = file.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _remember(output: Path, hashes: Mapping[str, str]) -> None:
    """Note by what the files just written are known again. A run must not fail for it."""
    with suppress(OSError):
        marks = {name: [digest, *_mark(output / name)] for name, digest in hashes.items()}
        write_atomic(output / ".cache" / _MARKS, json.dumps(marks, sort_keys=True).encode("ascii"))


def reports_follow(output: Path) -> bool:
    """Whether workbook and web page were made of the tables that stand beside them: a run may have been ended between
    the two, and older reports must not pass for this run's."""
    try:
        noted = (output / ".cache" / _REPORTS).read_text(encoding="ascii")
        return bool(noted == read_run_file(output)["tables_key"])
    except (OSError, ValueError, KeyError, NothingToDoError):
        return False


def note_reports(output: Path) -> None:
    """Note of which tables workbook and web page have just been made. Raises OSError."""
    write_atomic(output / ".cache" / _REPORTS, str(read_run_file(output)["tables_key"]).encode("ascii"))


def _is_current(output: Path, tables_key: str, published: Published | None) -> bool:
    """Whether the output's tables are, byte for byte, those of this key. A file that looks as it did when it was
    written isn't read again; on an object store its own marks tell, and the tables that tell of the run are fetched."""
    if published is not None:
        if not published.is_current(tables_key):
            return False
        published.fetch(output, [f"{name}.parquet" for name in _TOLD])
        return True
    try:
        marks = json.loads((output / ".cache" / _MARKS).read_text(encoding="ascii"))
    except (OSError, ValueError):
        marks = {}
    try:
        run = read_run_file(output)
        return bool(run["tables_key"] == tables_key) and all(
            marks.get(name) == [digest, *_mark(output / name)] or hash_file(output / name) == digest
            for name, digest in run["files"].items()
        )
    except (NothingToDoError, OSError, KeyError, TypeError, AttributeError):
        return False


def _loaded(output: Path, started: float) -> RunResult:
    return RunResult(
        read_records(output, "documents", Document), read_records(output, "issues", Issue),
        read_records(output, "cells", Cell), 0, time.monotonic() - started, True,
    )  # fmt: skip


def run(
    corpus: Path | Place,
    output: Path | Place,
    config: Config,
    jurisdictions: Sequence[str] = (),
    tell: Callable[[Progress], None] = lambda progress: None,
    decisions: Path | Sequence[Decision] | None = None,
    amendments: Sequence[Amendment] = (),
    cache: Place | None = None,
) -> RunResult:
    """The whole pipeline. `decisions`: reviewers' decisions that the cells follow, or a file of them (JSON lines);
    `amendments`: what they mended of documents; `cache`: where results are kept, OUT/.cache where not given.

    Raises UsageError (decisions that can't be read), NothingToDoError, ConfigError, LockedError (another run writes
    into the output), OSError (output can't be written, a store doesn't answer).
    """
    decided = read_decisions(decisions) if isinstance(decisions, Path) else decisions
    place = Place.of(output)
    with held(place) as lock, workplace(place) as folder:
        published = None if place.is_local else Published.at(place)
        result = run_held(
            Place.of(corpus), folder, config, jurisdictions, tell, decided, amendments,
            cache or place.below(CACHE_FOLDER), published,
        )  # fmt: skip
        if published is not None and not result.unchanged:
            publish_run(folder, place, lock.check)
    return result


def run_held(
    corpus: Place,
    output: Path,
    config: Config,
    jurisdictions: Sequence[str],
    tell: Callable[[Progress], None],
    decisions: Path | Sequence[Decision] | None,
    amendments: Sequence[Amendment],
    cache_root: Place,
    published: Published | None = None,
) -> RunResult:
    """`run`, for a caller that holds the output's lock and does more under it. Raises as `run` does.

    `output` is the folder where the tables are written; where it is to be published on a store, `published` is the run
    that stands there, and an unchanged one is not assembled.
    """
    from .classifier.model import cell_thresholds, model_folder

    started = time.monotonic()
    decided = read_decisions(decisions) if isinstance(decisions, Path) else list(decisions or ())
    cache = Cache(cache_root)
    cache.sweep()
    plan = make_plan(
        corpus, cache.root, config, jurisdictions, amendments, lambda n: tell(Progress({}, {}, 0, looked_at=n))
    )
    seconds: Counter[str] = Counter()
    computed = 0

    def work_off() -> None:
        nonlocal computed
        if plan.tasks:
            seconds.update(carry_out(plan, output, config, tell))
            computed += len(plan.tasks)
        plan.remember()

    work_off()
    tables_key = _tables_key(plan, config, decided)
    if not plan.tasks and _is_current(output, tables_key, published):
        return _loaded(output, started)
    folder = output / ".cache" / ".tables"
    shutil.rmtree(folder, ignore_errors=True)  # a killed run's
    folder.mkdir(parents=True)
    try:
        assembled = assemble(plan, cache, folder, work_off)
        with RunTables({name: folder / f"{name}.parquet" for name in _ASKED}, folder / "scratch") as asked:
            compiled = compile_review(
                decided, assembled.documents, asked, assembled.issues, config, plan.codebook,
                cell_thresholds(config.codings.setting, model_folder(config.codings.model)),
            )  # fmt: skip
        hashes, counts = assembled.hashes, assembled.counts
        for name, table in {
            "documents": to_table(Document, assembled.documents),
            "issues": to_table(Issue, compiled.issues),
            "decisions": to_table(PublishedDecision, compiled.rows),
            "cells": to_table(Cell, compiled.cells),
            "state_of_play": compiled.state_of_play,
        }.items():
            hashes |= write_table(folder, name, table)
            counts[name] = table.num_rows
        publish(folder, output, sorted(hashes))
    finally:
        cache.close()
        shutil.rmtree(folder, ignore_errors=True)
    elapsed = time.monotonic() - started
    details = {
        **_circumstances(plan, corpus, output, config),
        "tables_key": tables_key,
        "files": hashes,
        "counts": counts,
        "documents_computed": computed,
        "cpu_seconds": {name: round(value, 3) for name, value in seconds.items()},
        "wall_seconds": round(elapsed, 3),
        "ended": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    text = json.dumps(details, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    write_atomic(output / RUN_FILE, text.encode("utf-8"))
    _remember(output, hashes)
    return RunResult(assembled.documents, compiled.issues, compiled.cells, computed, elapsed, False)


def _circumstances(plan: Plan, corpus: Place, output: Path, config: Config) -> dict[str, Any]:
    """What run.json tells of a run besides what came of it."""
    from .classifier.model import cell_thresholds, model_folder

    usual_cache = Place.of(output).below(CACHE_FOLDER)
    return {
        "policy_scan": __version__,
        "python": platform.python_version(),
        "libraries": {name: installed_version(name) for name in _LIBRARIES},
        "stages": {stage.name: stage.version for stage in STAGES},
        "configuration": config.model_dump(mode="json"),
        "cell_thresholds": cell_thresholds(config.codings.setting, model_folder(config.codings.model)),
        "codebook_version": plan.codebook.version,
        "codebook_key": plan.uses["codebook"],
        "classifier_key": plan.uses["classifier"],
        **({} if plan.cache == usual_cache else {"cache": str(plan.cache)}),
        "corpus": str(corpus.local.resolve() if corpus.is_local else corpus),
        **({"names": names} if (names := plan.names()) else {}),
    }


__all__ = ["RUN_FILE", "TABLES", "Plan", "Progress", "RunResult", "make_plan", "run", "run_held", "stale_documents"]
