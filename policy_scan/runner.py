"""Running the pipeline over a corpus: plan, work in parallel with a time limit each, assemble and write the tables.

What is unchanged is not computed again; a document that fails, hangs or kills its worker costs that document only.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, TimeoutError, wait
from dataclasses import dataclass, field
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

import pyarrow as pa

from . import __version__
from .amendments import Amendment, amend_sources
from .cache import Cache
from .codebook import Codebook, load_codebook
from .config import Config, resource
from .corpus import FoundFile, find_files, read_manifest
from .decisions import PublishedDecision, decisions_key, read_decisions
from .errors import CacheError, NothingToDoError, PolicyScanError
from .jurisdictions import country_of
from .keys import hash_bytes, hash_file, make_key
from .lock import held
from .pipeline import DOCUMENT_STAGES, RESULTS, STAGES, document_keys
from .records import Block, BlockLanguage, Cell, Coding, Decision, Document, Issue, Page, Provision, Source
from .reviewing import compile_review
from .stages.documents import describe, identify_documents
from .tables import csv_bytes, from_table, parquet_bytes, to_table, write_atomic
from .worker import Outcome, Task, is_fresh, start, work

TABLES = ("documents", "issues", "pages", "blocks", "provisions", "codings", "decisions", "cells", "state_of_play")
RUN_FILE = "run.json"
_POLL_SECONDS = 0.2
_LIBRARIES = ("pypdfium2", "pytesseract", "py3langid", "spacy", "scikit-learn", "numpy", "onnxruntime", "pyarrow")


@dataclass(frozen=True, slots=True)
class Progress:
    """Told to the caller while a run goes on: per stage, documents and pages done of how many documents."""

    done: Mapping[str, int]
    pages: Mapping[str, int]
    total: int
    finished: str | None = None
    """Path of a document that has just ended."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run did: `computed` documents were worked on, the others came from the cache; `failed` lists paths."""

    output: Path
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


@dataclass(slots=True)
class Plan:
    """What stands in the corpus, what is to be done, and the keys that say so."""

    sources: list[Source]
    files: dict[str, FoundFile]
    issues: list[Issue]
    keys: dict[str, dict[str, str]]
    tasks: list[Task]
    environment: str
    uses: dict[str, str]
    codebook: Codebook
    failures: list[Issue] = field(default_factory=list)


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _environment() -> str:
    from .ocr import available

    found = available()
    return make_key(str(found.version), sorted(found.languages))


def make_plan(
    corpus: Path,
    output: Path,
    config: Config,
    jurisdictions: Sequence[str] = (),
    amendments: Sequence[Amendment] = (),
) -> Plan:
    """Look at the corpus and the cache; documents are as amended. Raises NothingToDoError, ConfigError."""
    from .classifier.model import check_codebook, classifier_key, model_folder

    codebook = load_codebook(config.codebook)
    folder = model_folder(config.codings.model)
    check_codebook(codebook, config.lexicon, folder)
    uses = {
        "codebook": codebook.key(),
        "classifier": classifier_key(config.codings.setting, resource(config.lexicon), folder),
    }
    files, issues = find_files(corpus)
    manifest, manifest_issues = read_manifest(corpus)
    sources, source_issues = amend_sources(*identify_documents(files, manifest), amendments)
    if jurisdictions:
        wanted = set(jurisdictions)
        sources = [s for s in sources if wanted & {*s.jurisdictions, *map(country_of, s.jurisdictions)}]
        kept = {source.doc_id for source in sources}
        source_issues = [issue for issue in source_issues if issue.doc_id is None or issue.doc_id in kept]
        if not sources:
            raise NothingToDoError(f"No document of {', '.join(jurisdictions)} is in {corpus}.", "check the folders.")
    cache = Cache(output / ".cache")
    environment = _environment()
    by_id: dict[str, FoundFile] = {}
    for file in files:
        by_id.setdefault(file.doc_id, file)
    keys = {source.doc_id: document_keys(source, config, uses) for source in sources}
    tasks = []
    for source in sources:
        own = keys[source.doc_id]
        if source.include and not all(is_fresh(cache, stage, key, environment) for stage, key in own.items()):
            tasks.append(Task(source, by_id[source.doc_id].file, own))
    # Long documents first: the last worker to finish then has a short one.
    tasks.sort(key=lambda task: (-task.source.n_bytes, task.source.doc_id))
    return Plan(sources, by_id, [*issues, *manifest_issues, *source_issues], keys, tasks, environment, uses, codebook)


class _ProgressFolder:
    """Workers append a line per finished stage to their own file; a killed worker can't block the others."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.offsets: dict[Path, int] = {}
        self.seen: set[tuple[str, str]] = set()
        self.done: Counter[str] = Counter()
        self.pages: Counter[str] = Counter()

    def read(self) -> None:
        for file in sorted(self.folder.glob("*.log")):
            with file.open("rb") as stream:
                stream.seek(self.offsets.get(file, 0))
                data = stream.read()
            whole = data[: data.rfind(b"\n") + 1]
            self.offsets[file] = self.offsets.get(file, 0) + len(whole)
            for line in whole.decode("ascii").splitlines():
                stage, doc_id, pages = line.split()
                if (stage, doc_id) not in self.seen:
                    self.seen.add((stage, doc_id))
                    self.done[stage] += 1
                    self.pages[stage] += int(pages)

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _failure(task: Task, category: str, message: str, next_step: str) -> Issue:
    return Issue(task.source.doc_id, None, "run", category, "error", message, next_step)


def _outcome(task: Task, future: Future[Outcome], config: Config) -> Outcome | Issue:
    """A finished task's outcome, or the issue that records why there is none."""
    from pebble import ProcessExpired

    path = task.source.path
    try:
        return future.result()
    except TimeoutError:
        limit = config.run.seconds_per_document
        return _failure(
            task, "timeout", f"{path} took longer than {limit:.0f} s and was given up.",
            "raise run.seconds_per_document in the configuration, or split the file; other documents are unaffected.",
        )  # fmt: skip
    except ProcessExpired as error:
        return _failure(
            task, "crash", f"Reading {path} ended its worker process (exit code {error.exitcode}).",
            "open the file and save it anew as PDF, or raise run.megabytes_per_worker where it is very large, then run "
            "again; other documents are unaffected.",
        )  # fmt: skip
    except MemoryError:
        limit = config.run.megabytes_per_worker
        return _failure(
            task, "memory", f"{path} needs more memory than a worker may take ({limit} MB).",
            "raise run.megabytes_per_worker in the configuration, or split the file; other documents are unaffected.",
        )  # fmt: skip
    except PolicyScanError as error:
        return _failure(task, error.category, error.message, error.next_step)
    except OSError as error:
        return _failure(task, "storage", f"{path}: a result could not be stored: {error.strerror}.", "free disk space.")
    except Exception as error:
        return _failure(
            task, "internal", f"{path}: {type(error).__name__}: {error}.",
            "report this with the file; other documents are unaffected.",
        )  # fmt: skip


def _carry_out(plan: Plan, output: Path, config: Config, tell: Callable[[Progress], None]) -> dict[str, float]:
    """Work through the plan's tasks; returns CPU seconds per stage and adds what failed to the plan."""
    from pebble import ProcessPool

    jobs = min(config.run.jobs or usable_cores(), len(plan.tasks))
    seconds: Counter[str] = Counter()
    folder = _ProgressFolder(output / ".cache" / "progress")
    pool = ProcessPool(
        max_workers=jobs,
        max_tasks=200,
        initializer=start,
        initargs=(config, output / ".cache", plan.environment, folder.folder),
        # A fresh interpreter per worker: the same on every system, and no thread of the parent is forked.
        context=multiprocessing.get_context("spawn"),
    )
    finished = 0
    try:
        pending = {
            pool.schedule(work, args=(task,), timeout=config.run.seconds_per_document): task for task in plan.tasks
        }
        while pending:
            ended, _ = wait(pending, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
            folder.read()
            for future in ended:
                task = pending.pop(future)
                outcome = _outcome(task, future, config)
                finished += 1
                if isinstance(outcome, Issue):
                    plan.failures.append(outcome)
                else:
                    seconds.update(outcome.seconds)
                tell(Progress(folder.done, folder.pages, len(plan.tasks), task.source.path))
            tell(Progress(folder.done, folder.pages, len(plan.tasks)))
        pool.close()
        pool.join()
    except BaseException:
        pool.stop()
        pool.join()
        raise
    finally:
        folder.close()
        Cache(output / ".cache").sweep()  # what workers that were ended had begun to write
    plan.failures.sort(key=lambda issue: (issue.doc_id or "", issue.category))
    return dict(seconds)


def _cached(cache: Cache, plan: Plan, source: Source, stage: str, record: type[Any]) -> pa.Table:
    """A document's table, empty where the stage never came to an end for it."""
    failed = {issue.doc_id for issue in plan.failures}
    try:
        return cache.table(stage, plan.keys[source.doc_id][stage], record)
    except CacheError:
        if source.include and source.doc_id not in failed:
            raise
        return to_table(record, [])


_STORED: tuple[tuple[str, type[Any]], ...] = tuple(
    (stage.name, RESULTS[name]) for stage in DOCUMENT_STAGES for name in stage.outputs
)
"""Stage and record class of every table that a document leaves in the cache."""


def _mend(plan: Plan, output: Path) -> None:
    """Drop the results of documents of which one proves damaged, and plan those documents again."""
    cache = Cache(output / ".cache")
    failed = {issue.doc_id for issue in plan.failures}
    plan.tasks = []
    for source in plan.sources:
        if not source.include or source.doc_id in failed:
            continue
        keys = plan.keys[source.doc_id]
        try:
            for name, record in _STORED:
                cache.table(name, keys[name], record)
        except CacheError:
            for stage in DOCUMENT_STAGES:
                cache.drop(stage.name, keys[stage.name])
            plan.tasks.append(Task(source, plan.files[source.doc_id].file, keys))


@dataclass(frozen=True, slots=True)
class _Assembled:
    documents: list[Document]
    issues: list[Issue]
    arrow: dict[str, pa.Table]


def _blocks_with_language(blocks: pa.Table, languages: pa.Table) -> pa.Table:
    """The published blocks: each with the language told for it. Both stages keep the same order."""
    if blocks.num_rows != languages.num_rows:
        raise CacheError("A document's blocks and their languages don't match.", "delete OUT/.cache and run again.")
    return blocks.append_column("language", languages.column("language"))


def _assemble(plan: Plan, output: Path) -> _Assembled:
    """The published tables of the corpus, documents in the order of their paths."""
    cache = Cache(output / ".cache")
    failed = {issue.doc_id for issue in plan.failures}
    documents: list[Document] = []
    issues: list[Issue] = list(plan.issues)
    parts: dict[str, list[pa.Table]] = {"pages": [], "blocks": [], "provisions": [], "codings": []}
    for source in plan.sources:

        def take(stage: str, record: type[Any], source: Source = source) -> pa.Table:
            return _cached(cache, plan, source, stage, record)

        pages = take("pages", Page)
        blocks, languages = take("blocks", Block), take("languages", BlockLanguage)
        if languages.num_rows == 0 != blocks.num_rows:
            blocks = to_table(Block, [])
        found = from_table(Document, take("description", Document))
        if found and source.doc_id not in failed:
            documents.append(found[0])
        else:
            incomplete = describe(source, None, from_table(Page, pages), [], [])
            documents.append(_as_failed(incomplete) if source.include else incomplete)
        for stage in ("pages", "provisions"):
            issues += from_table(Issue, take(stage, Issue))
        parts["pages"].append(pages)
        parts["blocks"].append(_blocks_with_language(blocks, languages))
        parts["provisions"].append(take("provisions", Provision))
        parts["codings"].append(take("codings", Coding))
    issues += plan.failures
    return _Assembled(documents, issues, {name: pa.concat_tables(tables) for name, tables in parts.items()})


def _as_failed(document: Document) -> Document:
    from dataclasses import replace

    return replace(document, status="failed")


def _tables_key(plan: Plan, config: Config, decisions: Sequence[Decision]) -> str:
    return make_key(
        "tables", __version__, [[stage.name, stage.version] for stage in STAGES],
        config.slice("table", "cells"), plan.uses,
        [[source.doc_id, source.path, list(source.other_paths), source.include, source.exclude_reason,
          *[plan.keys[source.doc_id][stage.name] for stage in DOCUMENT_STAGES]] for source in plan.sources],
        [[issue.doc_id, issue.category, issue.message] for issue in [*plan.issues, *plan.failures]],
        plan.environment, decisions_key(decisions),
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


def n_decisions(output: Path) -> int:
    """How many rows of reviewers' decisions the last run was given; 0 where there was none."""
    try:
        return int(read_run_file(output)["counts"].get("decisions", 0))
    except (NothingToDoError, KeyError):
        return 0


def _is_current(output: Path, tables_key: str) -> bool:
    """Whether the tables in the output folder are, byte for byte, those of this key."""
    try:
        run = read_run_file(output)
        return bool(run["tables_key"] == tables_key) and all(
            hash_file(output / name) == digest for name, digest in run["files"].items()
        )
    except (NothingToDoError, OSError, KeyError, TypeError):
        return False


def _write_tables(output: Path, tables: Mapping[str, pa.Table]) -> dict[str, str]:
    """Each table as Parquet and CSV; returns file name -> SHA-256."""
    hashes = {}
    for name, table in tables.items():
        for suffix, data in (("parquet", parquet_bytes(table)), ("csv", csv_bytes(table))):
            write_atomic(output / f"{name}.{suffix}", data)
            hashes[f"{name}.{suffix}"] = hash_bytes(data)
    return hashes


def _loaded(output: Path, started: float) -> RunResult:
    from .tables import read_records

    return RunResult(
        output, read_records(output, "documents", Document), read_records(output, "issues", Issue),
        read_records(output, "cells", Cell), 0, time.monotonic() - started, True,
    )  # fmt: skip


def run(
    corpus: Path,
    output: Path,
    config: Config,
    jurisdictions: Sequence[str] = (),
    tell: Callable[[Progress], None] = lambda progress: None,
    decisions: Path | Sequence[Decision] | None = None,
    amendments: Sequence[Amendment] = (),
) -> RunResult:
    """The whole pipeline. `decisions`: reviewers' decisions that the cells follow, or a file of them (JSON lines);
    `amendments`: what they mended of documents.

    Raises UsageError (decisions that can't be read), NothingToDoError, ConfigError, LockedError (another run writes
    into the output), OSError (output can't be written).
    """
    decided = read_decisions(decisions) if isinstance(decisions, Path) else decisions
    with held(output):
        return run_held(corpus, output, config, jurisdictions, tell, decided, amendments)


def run_held(
    corpus: Path,
    output: Path,
    config: Config,
    jurisdictions: Sequence[str],
    tell: Callable[[Progress], None],
    decisions: Path | Sequence[Decision] | None,
    amendments: Sequence[Amendment],
) -> RunResult:
    """`run`, for a caller that holds the output's lock and does more under it. Raises as `run` does."""
    from .classifier.model import cell_thresholds, model_folder

    started = time.monotonic()
    decided = read_decisions(decisions) if isinstance(decisions, Path) else list(decisions or ())
    Cache(output / ".cache").sweep()
    plan = make_plan(corpus, output, config, jurisdictions, amendments)
    seconds = _carry_out(plan, output, config, tell) if plan.tasks else {}
    tables_key = _tables_key(plan, config, decided)
    if not plan.tasks and _is_current(output, tables_key):
        return _loaded(output, started)
    try:
        assembled = _assemble(plan, output)
    except CacheError:
        _mend(plan, output)
        seconds = _carry_out(plan, output, config, tell)
        assembled = _assemble(plan, output)
    provisions = from_table(Provision, assembled.arrow["provisions"])
    codings = from_table(Coding, assembled.arrow["codings"])
    thresholds = cell_thresholds(config.codings.setting, model_folder(config.codings.model))
    pages = from_table(Page, assembled.arrow["pages"]) if decided else []
    compiled = compile_review(
        decided, assembled.documents, provisions, codings, pages, assembled.issues, config, plan.codebook, thresholds
    )
    tables = {
        "documents": to_table(Document, assembled.documents),
        "issues": to_table(Issue, compiled.issues),
        **assembled.arrow,
        "decisions": to_table(PublishedDecision, compiled.rows),
        "cells": to_table(Cell, compiled.cells),
        "state_of_play": compiled.state_of_play,
    }
    hashes = _write_tables(output, {name: tables[name] for name in TABLES})
    elapsed = time.monotonic() - started
    write_atomic(output / RUN_FILE, _run_json(plan, corpus, config, tables, hashes, tables_key, seconds, elapsed))
    return RunResult(output, assembled.documents, compiled.issues, compiled.cells, len(plan.tasks), elapsed, False)


def _run_json(
    plan: Plan,
    corpus: Path,
    config: Config,
    tables: Mapping[str, pa.Table],
    hashes: Mapping[str, str],
    tables_key: str,
    seconds: Mapping[str, float],
    elapsed: float,
) -> bytes:
    from .classifier.model import cell_thresholds, model_folder

    content = {
        "policy_scan": __version__,
        "python": platform.python_version(),
        "libraries": {name: installed_version(name) for name in _LIBRARIES},
        "stages": {stage.name: stage.version for stage in STAGES},
        "configuration": config.model_dump(mode="json"),
        "cell_thresholds": cell_thresholds(config.codings.setting, model_folder(config.codings.model)),
        "codebook_version": plan.codebook.version,
        "codebook_key": plan.uses["codebook"],
        "classifier_key": plan.uses["classifier"],
        "corpus": str(corpus.resolve()),
        "tables_key": tables_key,
        "files": dict(hashes),
        "counts": {name: table.num_rows for name, table in tables.items()},
        "documents_computed": len(plan.tasks),
        "cpu_seconds": {name: round(value, 3) for name, value in seconds.items()},
        "wall_seconds": round(elapsed, 3),
        "ended": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    return (json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode("utf-8")


def stale_documents(corpus: Path, documents: Sequence[Document]) -> Iterator[tuple[str, str]]:
    """(path, 'new' | 'changed' | 'removed') where the corpus is no longer what the run read."""
    known = {path: document.doc_id for document in documents for path in (document.path, *document.other_paths)}
    try:
        files, _ = find_files(corpus)
    except NothingToDoError:
        files = []
    present = {file.path: file.doc_id for file in files}
    for path, doc_id in present.items():
        if path not in known:
            yield path, "new"
        elif known[path] != doc_id:
            yield path, "changed"
    for path in known:
        if path not in present:
            yield path, "removed"


__all__ = ["TABLES", "Plan", "Progress", "RunResult", "make_plan", "run", "run_held", "stale_documents"]
