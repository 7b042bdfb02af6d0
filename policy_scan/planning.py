"""The plan of a run: what stands in the corpus, what of it is already computed, and the keys that say so."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from .amendments import Amendment, amend_sources
from .cache import Cache
from .codebook import Codebook, load_codebook
from .config import Config, resource
from .corpus import FoundFile, escaped, find_files, read_manifest
from .errors import NothingToDoError
from .index import Index
from .jurisdictions import country_of
from .keys import make_key
from .pipeline import KeyMaker
from .records import Document, Issue, Source
from .stages.documents import identify_documents
from .storage import Place
from .worker import Task, is_fresh

_KEPT = 64


class DocumentKeys(Mapping[str, Mapping[str, str]]):
    """doc_id -> stage -> key, made when asked for: most runs need those of few documents."""

    def __init__(self, maker: KeyMaker, sources: Iterable[Source]) -> None:
        self._sources = {source.doc_id: source for source in sources}
        self._made = lru_cache(maxsize=_KEPT)(lambda doc_id: maker.keys(self._sources[doc_id]))

    def __getitem__(self, doc_id: str) -> Mapping[str, str]:
        return self._made(doc_id)

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)


class _KeysOf(Mapping[str, str]):
    """One document's keys, made when asked for; a plain dict in the process that it is sent to."""

    __slots__ = ("_all", "_doc_id")

    def __init__(self, keys: DocumentKeys, doc_id: str) -> None:
        self._all, self._doc_id = keys, doc_id

    def __getitem__(self, stage: str) -> str:
        return self._all[self._doc_id][stage]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all[self._doc_id])

    def __len__(self) -> int:
        return len(self._all[self._doc_id])

    def __reduce__(self) -> tuple[type[dict[str, str]], tuple[dict[str, str]]]:
        return dict, (dict(self._all[self._doc_id]),)


@dataclass(slots=True)
class Plan:
    """What stands in the corpus, what is to be done, and the keys that say so."""

    corpus: Place
    sources: list[Source]
    files: dict[str, FoundFile]
    issues: list[Issue]
    keys: DocumentKeys
    fingerprints: dict[str, bytes]
    """doc_id -> 32 bytes that differ where anything differs that its results and its rows follow from."""
    tasks: list[Task]
    environment: str
    uses: dict[str, str]
    codebook: Codebook
    cache: Place
    """Where the results are."""
    index: Index
    failures: list[Issue] = field(default_factory=list)

    def task(self, source: Source) -> Task:
        """The work on one of its documents."""
        return Task(source, self.corpus, self.files[source.doc_id].name, _KeysOf(self.keys, source.doc_id))

    def names(self) -> dict[str, str]:
        """doc_id -> where its file stands below the corpus, `escaped`; for those few whose path doesn't tell it."""
        return {
            source.doc_id: escaped(file.name)
            for source in self.sources
            if (file := self.files[source.doc_id]).name != source.path
        }

    def remember(self) -> None:
        """Note for the next run which documents' results are all there: call it when the tasks are done. A result that
        is lost later is found missing when the tables are made of it."""
        failed = {issue.doc_id for issue in self.failures}
        finished = {
            source.doc_id: self.fingerprints[source.doc_id]
            for source in self.sources
            if source.include and source.doc_id not in failed
        }
        self.index.note_finished(finished, self.files)
        self.index.save()


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def environment_key() -> str:
    """What pages read by OCR depend on outside their keys: Tesseract's version and languages."""
    from .ocr import available

    found = available()
    return make_key(str(found.version), sorted(found.languages))


def make_plan(
    corpus: Path | str | Place,
    cache_root: Path | Place,
    config: Config,
    jurisdictions: Sequence[str] = (),
    amendments: Sequence[Amendment] = (),
    tell: Callable[[int], None] = lambda n: None,
) -> Plan:
    """Look at the corpus and the cache; documents are as amended. What the index knows is neither hashed nor looked up.

    `tell` gets the number of files seen while that takes longer than two seconds.
    Raises NothingToDoError, ConfigError, OSError (a store that doesn't answer).
    """
    from .classifier.model import check_codebook, classifier_key, model_folder

    codebook = load_codebook(config.codebook)
    folder = model_folder(config.codings.model)
    check_codebook(codebook, config.lexicon, folder)
    uses = {
        "codebook": codebook.key(),
        "classifier": classifier_key(config.codings.setting, resource(config.lexicon), folder),
    }
    place = Place.of(corpus)
    cache = Cache(cache_root)
    index = Index.load(cache.root, place)
    files, issues = find_files(place, index, tell)
    manifest, manifest_issues = read_manifest(place)
    sources, source_issues = amend_sources(*identify_documents(files, manifest), amendments)
    if jurisdictions:
        wanted = set(jurisdictions)
        sources = [s for s in sources if wanted & {*s.jurisdictions, *map(country_of, s.jurisdictions)}]
        kept = {source.doc_id for source in sources}
        source_issues = [issue for issue in source_issues if issue.doc_id is None or issue.doc_id in kept]
        if not sources:
            raise NothingToDoError(f"No document of {', '.join(jurisdictions)} is in {corpus}.", "check the folders.")
    environment = environment_key()
    by_id: dict[str, FoundFile] = {}
    for file in files:
        by_id.setdefault(file.doc_id, file)
    maker = KeyMaker(config, uses, environment)
    keys = DocumentKeys(maker, sources)
    fingerprints = {source.doc_id: maker.fingerprint(source) for source in sources}
    plan = Plan(
        place, sources, by_id, [*issues, *manifest_issues, *source_issues], keys, fingerprints, [], environment, uses,
        codebook, cache.root, index,
    )  # fmt: skip
    for source in sources:
        if not source.include or index.is_finished(source.doc_id, fingerprints[source.doc_id]):
            continue
        if not all(is_fresh(cache, stage, key, environment) for stage, key in keys[source.doc_id].items()):
            plan.tasks.append(plan.task(source))
    # Long documents first: the last worker to finish then has a short one.
    plan.tasks.sort(key=lambda task: (-task.source.n_bytes, task.source.doc_id))
    return plan


def stale_documents(
    corpus: Path | str | Place, documents: Sequence[Document], cache_root: Path | Place | None = None
) -> Iterator[tuple[str, str]]:
    """(path, 'new' | 'changed' | 'removed') where the corpus is no longer what the run read. `cache_root`: the run's
    cache, whose index spares hashing what hasn't changed."""
    place = Place.of(corpus)
    index = Index.load(Place.of(cache_root), place, read_only=True) if cache_root else None
    known = {path: document.doc_id for document in documents for path in (document.path, *document.other_paths)}
    try:
        files, _ = find_files(place, index)
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
