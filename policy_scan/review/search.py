"""Search in a run's provisions, coded or not: without accents and capitals, by country, language and document."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from ..records import Provision
from ..stages.cells import belongs
from ..text import fold
from .project import Project

MOST_WORDS = 12
AROUND = 160
"""Characters shown on either side of the first word found."""
_indexes: WeakKeyDictionary[Project, dict[str, str]] = WeakKeyDictionary()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is searched for; '' = anything. `coded`: 'no' = without a theme of the machine, 'yes' = with one."""

    words: str = ""
    country: str = ""
    language: str = ""
    document: str = ""
    coded: str = "no"


@dataclass(frozen=True, slots=True)
class Hit:
    provision: Provision
    before: str
    found: str
    """The first of the words as it stands there; '' where none was asked for."""
    after: str


def _index(project: Project) -> dict[str, str]:
    """provision_id -> its folded text; one code point for one, so that places hold. Made at the first search."""
    with _lock:
        if project not in _indexes:
            _indexes[project] = {one.provision_id: fold(one.text) for one in project.run.provisions}
        return _indexes[project]


def search(project: Project, wanted: Wanted) -> Iterator[Hit]:
    """Provisions that hold all of the words, in the order of documents."""
    index = _index(project)
    words = fold(wanted.words).split()[:MOST_WORDS]
    for doc_id, identifiers in project.order.items():
        document = project.documents[doc_id]
        if wanted.document not in ("", doc_id):
            continue
        if wanted.country and not belongs(document.jurisdictions, wanted.country):
            continue
        for identifier in identifiers:
            provision = project.provisions[identifier]
            is_coded = bool(project.assigned.get(identifier))
            if wanted.language not in ("", provision.language) or wanted.coded == ("no" if is_coded else "yes"):
                continue
            folded = index[identifier]
            if all(word in folded for word in words):
                yield _hit(provision, folded, words)


def _hit(provision: Provision, folded: str, words: list[str]) -> Hit:
    text = provision.text
    if not words:
        return Hit(provision, "", "", text[: 2 * AROUND] + (" …" if len(text) > 2 * AROUND else ""))
    at = folded.find(words[0])
    end = at + len(words[0])
    first, last = max(0, at - AROUND), min(len(text), end + AROUND)
    before = ("… " if first else "") + text[first:at]
    return Hit(provision, before, text[at:end], text[end:last] + (" …" if last < len(text) else ""))
