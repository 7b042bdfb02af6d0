"""One document's work, in a worker process: the document stages in order, each taken from the cache or computed.

A worker's state (configuration, cache, classifier) is set once per process; a task carries only what differs.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .cache import Cache
from .codebook import Codebook, load_codebook
from .config import Config
from .errors import (
    CacheError,
    ChangedError,
    DocumentError,
    PolicyScanError,
    StorageError,
    TooLargeError,
    UnreadableError,
)
from .keys import hash_bytes
from .pipeline import DOCUMENT_STAGES, RESULTS, Stage, maker_of, reduced
from .processes import limit_memory
from .records import Facts, Issue, Source
from .storage import Place, UnreachableError
from .tables import from_table

SINGLE = frozenset({"facts", "document"})
"""Results that are one record, not a list."""

_COLLECT_AFTER = (100_000, 20, 10)
"""When Python looks for objects that only refer to each other. A document makes a million objects and few of those:
with Python's own figures a fifteenth of the time went into looking. What a document leaves is looked for at its end."""


@dataclass(frozen=True, slots=True)
class Task:
    """A document to work on: `name` is where it stands below the corpus, as the file system or store spells it."""

    source: Source
    corpus: Place
    name: str
    keys: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a document: CPU seconds per stage that ran, and issues that aren't in the cache."""

    doc_id: str
    seconds: Mapping[str, float]
    n_pages: int
    issues: Sequence[Issue]


@dataclass(slots=True)
class _State:
    config: Config
    codebook: Codebook
    cache: Cache
    environment: str
    progress: Path | None
    classifier: Any = None


_state: _State | None = None


def start(config: Config, cache_root: Place | Path, environment: str, progress: Path | None) -> None:
    """Set up this process. `progress` is a folder where it notes each finished stage, for the parent to show."""
    global _state
    limit_memory(config.run.megabytes_per_worker)
    gc.set_threshold(*_COLLECT_AFTER)
    _state = _State(config, load_codebook(config.codebook), Cache(cache_root), environment, progress)


def _classifier(state: _State) -> Any:
    if state.classifier is None:
        from .classifier.model import load_classifier, model_folder

        state.classifier = load_classifier(
            state.config.codings.setting,
            state.codebook,
            state.config.lexicon,
            model_folder(state.config.codings.model),
            unsure_band=state.config.codings.unsure_band,
        )
        gc.freeze()  # the model stays: nobody needs to look whether it is in use
    return state.classifier


def read_document(task: Task, config: Config) -> bytes:
    """The document's bytes, as hashed. Raises TooLargeError, ChangedError, UnreadableError, UnreachableError."""
    limit = config.run.megabytes_per_file * 1_000_000
    if task.source.n_bytes > limit:
        raise TooLargeError(
            f"{task.source.path} has {task.source.n_bytes / 1e6:.0f} MB, the limit is {config.run.megabytes_per_file}.",
            "raise run.megabytes_per_file in the configuration, or split the file.",
        )
    try:
        data = task.corpus.read_bytes(task.name)
    except UnreachableError:
        raise
    except OSError as error:
        raise UnreadableError(
            f"{task.source.path} can't be read: {error.strerror}.", "check its permissions."
        ) from error
    if hash_bytes(data) != task.source.doc_id:
        raise ChangedError(
            f"{task.source.path} changed while it was read.", "run again when it is no longer written to."
        )
    return data


def _note(state: _State, stage: str, doc_id: str, n_pages: int) -> None:
    if state.progress is not None:
        with (state.progress / f"{os.getpid()}.log").open("a", encoding="ascii") as stream:
            stream.write(f"{stage} {doc_id} {n_pages}\n")


class _Results:
    """The results of one document's stages: in memory when just made, from the cache when asked for."""

    def __init__(self, task: Task, cache: Cache) -> None:
        self.task, self.cache, self.made = task, cache, dict[str, Any]()

    def get(self, name: str, before: Stage) -> Any:
        if name not in self.made:
            stage = maker_of(name, before)
            rows = from_table(RESULTS[name], self.cache.table(stage.name, self.task.keys[stage.name], RESULTS[name]))
            self.made[name] = rows[0] if name in SINGLE else rows
        return self.made[name]


def _failed(stage: Stage, task: Task, error: PolicyScanError) -> dict[str, Any]:
    """The result of a stage that could not read the document: nothing, and an issue that says why."""
    issue = Issue(task.source.doc_id, None, stage.name, error.category, "error", error.message, error.next_step)
    empty: dict[str, Any] = {name: [] for name in stage.outputs}
    return {**empty, "issues": [issue]}


def _compute(stage: Stage, task: Task, results: _Results, state: _State) -> dict[str, Any]:
    values: list[Any] = []
    for name in stage.inputs:
        if name == "source":
            values.append(reduced(task.source, stage))
        elif name == "data":
            values.append(read_document(task, state.config))
        elif name == "config":
            values.append(state.config)
        elif name == "codebook":
            values.append(state.codebook)
        elif name == "classifier":
            values.append(_classifier(state))
        else:
            values.append(results.get(name, stage))
    returned = stage.function(*values)
    outputs = returned if len(stage.outputs) > 1 else (returned,)
    return dict(zip(stage.outputs, outputs, strict=True))


def _store(stage: Stage, key: str, made: Mapping[str, Any], state: _State) -> None:
    rows = {RESULTS[name]: [value] if name in SINGLE else value for name, value in made.items()}
    needs_ocr = any(issue.category == "ocr" for issue in made.get("issues", ()))
    state.cache.write(stage.name, key, rows, state.environment if needs_ocr else "")


def is_fresh(cache: Cache, stage: str, key: str, environment: str) -> bool:
    """Whether a result is there, and not one that failed for want of OCR which is there by now."""
    found = cache.environment(stage, key)
    return found is not None and found in ("", environment)


def work(task: Task) -> Outcome:
    """Run what is missing of one document's stages. Never raises for what is wrong with the document.

    A cached result that proves damaged is dropped, and the document's stages run again from the start. Raises
    StorageError where corpus or cache are on a store that doesn't answer.
    """
    assert _state is not None, "start() sets up the process first"
    try:
        try:
            return _work(task, _state)
        except CacheError:
            for stage in DOCUMENT_STAGES:
                _state.cache.drop(stage.name, task.keys[stage.name])
            return _work(task, _state)
    except UnreachableError as error:
        raise StorageError(
            f"{task.source.path}: {error.strerror} ({error.filename}).",
            "see that the store can be reached, then run again: what was finished is kept.",
        ) from error
    finally:
        gc.collect(1)


def _work(task: Task, state: _State) -> Outcome:
    results = _Results(task, state.cache)
    seconds: dict[str, float] = {}
    stale = False
    for stage in DOCUMENT_STAGES:
        key = task.keys[stage.name]
        if not stale and is_fresh(state.cache, stage.name, key, state.environment):
            _note(state, stage.name, task.source.doc_id, 0)
            continue
        stale = True
        started = time.process_time()
        try:
            made = _compute(stage, task, results, state)
        except (ChangedError, UnreadableError, CacheError, UnreachableError):
            raise
        except DocumentError as error:
            made = _failed(stage, task, error)
        if made.get("facts", True) == []:
            made["facts"] = Facts(task.source.doc_id, "", "", "", "", "", 0)
        _store(stage, key, made, state)
        results.made.update({name: value for name, value in made.items() if name != "issues"})
        seconds[stage.name] = time.process_time() - started
        _note(state, stage.name, task.source.doc_id, len(results.made.get("pages", ())))
    return Outcome(task.source.doc_id, seconds, len(results.made.get("pages", ())), ())
