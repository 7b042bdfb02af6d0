"""The plan of a run: what stands in the corpus, what of it is already computed, and the keys that say so."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .amendments import Amendment, amend_sources
from .cache import Cache
from .codebook import Codebook, load_codebook
from .config import Config, resource
from .corpus import FoundFile, find_files, read_manifest
from .errors import NothingToDoError
from .jurisdictions import country_of
from .keys import make_key
from .pipeline import document_keys
from .records import Document, Issue, Source
from .stages.documents import identify_documents
from .storage import Place
from .worker import Task, is_fresh


@dataclass(slots=True)
class Plan:
    """What stands in the corpus, what is to be done, and the keys that say so."""

    corpus: Place
    sources: list[Source]
    files: dict[str, FoundFile]
    issues: list[Issue]
    keys: dict[str, dict[str, str]]
    tasks: list[Task]
    environment: str
    uses: dict[str, str]
    codebook: Codebook
    cache: Place
    """Where the results are."""
    failures: list[Issue] = field(default_factory=list)

    def task(self, source: Source) -> Task:
        """The work on one of its documents."""
        return Task(source, self.corpus, self.files[source.doc_id].name, self.keys[source.doc_id])


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def environment_key() -> str:
    """What pages read by OCR depend on outside their keys: Tesseract's version and languages."""
    from .ocr import available

    found = available()
    return make_key(str(found.version), sorted(found.languages))


def make_plan(
    corpus: Path | Place,
    cache_root: Path | Place,
    config: Config,
    jurisdictions: Sequence[str] = (),
    amendments: Sequence[Amendment] = (),
) -> Plan:
    """Look at the corpus and the cache; documents are as amended. Raises NothingToDoError, ConfigError,
    OSError (a store that doesn't answer)."""
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
    cache = Cache(cache_root)
    environment = environment_key()
    by_id: dict[str, FoundFile] = {}
    for file in files:
        by_id.setdefault(file.doc_id, file)
    keys = {source.doc_id: document_keys(source, config, uses) for source in sources}
    plan = Plan(
        Place.of(corpus), sources, by_id, [*issues, *manifest_issues, *source_issues], keys, [], environment, uses,
        codebook, cache.root,
    )  # fmt: skip
    for source in sources:
        own = keys[source.doc_id]
        if source.include and not all(is_fresh(cache, stage, key, environment) for stage, key in own.items()):
            plan.tasks.append(plan.task(source))
    # Long documents first: the last worker to finish then has a short one.
    plan.tasks.sort(key=lambda task: (-task.source.n_bytes, task.source.doc_id))
    return plan


def stale_documents(corpus: Path | Place, documents: Sequence[Document]) -> Iterator[tuple[str, str]]:
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
