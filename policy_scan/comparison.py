"""What two runs differ in, as records; and two runs side by side, each document and provision found in the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from .as_of import documents_at
from .citations import cite
from .decisions import PublishedDecision, Settled, settled_of
from .records import Cell, CellStatus, Coding, Document, Provision, ReviewState
from .report.common import RunData, flatten
from .report.stored import read_pairs
from .stages.cells import status_of
from .tables import read_records

CauseKind = Literal["document", "provision", "decision", "configuration", "model", "code", "program", "unknown"]
Role = Literal["evidence", "to_check", "none"]
DocumentChangeKind = Literal["added", "removed", "content", "status", "described", "moved"]
CAUSE_KINDS: tuple[CauseKind, ...] = get_args(CauseKind)
_IDLE = ("run.jobs", "table.language")
"""Settings that change no cell's content."""
ABSENT = "absent"
"""Status of a document in the run that doesn't have it."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a cell changed. `before` and `after` are the values of `aspect`; '' where there is none.

    document: presence (absent, ok, partial, failed, excluded), content (doc_id) or a column of `documents`.
    provision: presence, text, parallel. decision: verdict, force. configuration, program: the name of the setting.
    model, code, configuration: also assigned, force, probability or rank, which the model, nothing else, or codebook,
    lexicon and setting explain; threshold: of the model, from which a coding supports a cell.
    """

    kind: CauseKind
    aspect: str
    before: str
    after: str
    path: str = ""
    n_provisions: int = 0
    """Provisions of the cell that it bears on; `citation_*` and `provision_*` are the best of them, on each side."""
    provision_before: str = ""
    provision_after: str = ""
    citation_before: str = ""
    citation_after: str = ""
    because: str = ""
    """The setting, or 'codebook' or 'lexicon', by which the same model codes otherwise."""

    @property
    def citation(self) -> str:
        return self.citation_after or self.citation_before


@dataclass(frozen=True, slots=True)
class CellState:
    status: CellStatus
    n_provisions: int
    n_documents: int
    n_to_check: int
    search_incomplete: bool
    review_state: ReviewState
    best: str
    """provision_id of the best evidence; '' where there is none."""
    citation: str


@dataclass(frozen=True, slots=True)
class CellChange:
    """One cell that isn't as before; `before` or `after` is None where a run has no such cell.

    `changed` names what differs: status, n_provisions, n_documents, n_to_check, search_incomplete, review_state, best,
    evidence, to_check, or cell.
    """

    theme: str
    jurisdiction: str
    changed: tuple[str, ...]
    before: CellState | None
    after: CellState | None
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class ValueChange:
    """A named value in each run, as text; '' where a run doesn't have it."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """A document that is new, gone, of other bytes, read otherwise, described otherwise or moved."""

    kind: DocumentChangeKind
    path: str
    title: str
    values: tuple[ValueChange, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    before: str
    after: str
    """Folders of the runs."""
    n_cells: int
    """Cells that both runs have."""
    columns_gone: tuple[str, ...]
    columns_new: tuple[str, ...]
    """Jurisdictions that have cells in one of the runs only."""
    cells: tuple[CellChange, ...]
    documents: tuple[DocumentChange, ...]
    settings: tuple[ValueChange, ...]
    versions: tuple[ValueChange, ...]

    @property
    def in_both(self) -> tuple[CellChange, ...]:
        """Changed cells that both runs have."""
        return tuple(cell for cell in self.cells if cell.before and cell.after)

    @property
    def unchanged(self) -> bool:
        return not (self.cells or self.documents or self.settings or self.versions)


@dataclass(slots=True)
class Side:
    """One run, indexed."""

    run: RunData
    documents: dict[str, Document]
    """As published."""
    at: dict[str, Document]
    """With the legal status of the table's day."""
    provisions: dict[str, Provision]
    codings: dict[tuple[str, str], Coding]
    cells: dict[tuple[str, str], Cell]
    settled: Mapping[tuple[str, str], Settled]
    values: dict[str, str]
    by_document: dict[str, list[Provision]] = field(default_factory=dict)
    partner: dict[str, str] = field(default_factory=dict)
    """provision_id -> provision_id in the other run."""
    documents_there: dict[str, str] = field(default_factory=dict)
    """doc_id -> doc_id in the other run."""

    def role(self, identifier: str, key: tuple[str, str]) -> Role:
        cell = self.cells.get(key)
        if cell is None or not identifier:
            return "none"
        return "evidence" if identifier in cell.evidence else "to_check" if identifier in cell.to_check else "none"

    def gives(self, identifier: str, theme: str) -> str:
        """The status that an assigned provision gives to its cell; '' for others."""
        coding = self.codings.get((identifier, theme))
        if coding is None or not coding.assigned:
            return ""
        provision = self.provisions[identifier]
        return status_of(self.at[provision.doc_id], provision, coding.force)

    def decided(self, identifier: str, theme: str) -> tuple[str, str]:
        """(verdict, force) that reviewers settled; ('', '') without any."""
        own = self.settled.get((identifier, theme))
        whole = self.settled.get((identifier, ""))
        found = own or (whole if whole is not None and whole.verdict != "yes" else None)
        return (found.verdict, found.force) if found else ("", "")

    def applied(self, identifier: str, theme: str) -> tuple[str, str]:
        """The same where it bears on the cell: a disputed theme is as the machine says."""
        decided = self.decided(identifier, theme)
        return decided if decided[0] != "disputed" else ("", "")

    def threshold(self, theme: str) -> float:
        thresholds = self.run.details.get("cell_thresholds", {})
        return float(thresholds.get(theme, self.run.config.cells.threshold))

    def citation(self, identifier: str, language: str) -> str:
        if not identifier:
            return ""
        provision = self.provisions[identifier]
        return cite(self.at[provision.doc_id], provision, language)


def side_of(run: RunData) -> Side:
    decided: list[PublishedDecision] = []
    if (run.directory / "decisions.parquet").is_file():
        decided = read_records(run.directory, "decisions", PublishedDecision)
    provisions = run.provisions if run.is_whole else read_records(run.directory, "provisions", Provision)
    by_document: dict[str, list[Provision]] = defaultdict(list)
    for one in provisions:
        by_document[one.doc_id].append(one)
    return Side(
        run=run,
        by_document=by_document,
        documents={one.doc_id: one for one in run.documents},
        at={one.doc_id: one for one in documents_at(run.documents, run.config.table.as_of)},
        provisions={one.provision_id: one for one in provisions},
        codings={(one.provision_id, one.theme): one for one in run.codings},
        cells={(one.theme, one.jurisdiction): one for one in run.cells},
        settled=settled_of(decided),
        values=dict(flatten(run.config.model_dump(mode="json"))),
    )


def pair_up(a: Side, b: Side) -> None:
    """Find each document and each provision of one run in the other."""

    def link(one: dict[str, str], other: dict[str, str], first: str, second: str) -> None:
        one[first], other[second] = second, first

    for doc_id in a.documents.keys() & b.documents.keys():
        link(a.documents_there, b.documents_there, doc_id, doc_id)
    by_path = {
        path: doc_id
        for doc_id, one in b.documents.items()
        if doc_id not in b.documents_there
        for path in (one.path, *one.other_paths)
    }
    for doc_id, document in a.documents.items():
        if doc_id not in a.documents_there:
            found = next((by_path[p] for p in (document.path, *document.other_paths) if p in by_path), None)
            if found is not None and found not in b.documents_there:
                link(a.documents_there, b.documents_there, doc_id, found)
    for identifier in a.provisions.keys() & b.provisions.keys():
        link(a.partner, b.partner, identifier, identifier)
    waiting: dict[tuple[str, str], list[str]] = defaultdict(list)
    for provision in b.provisions.values():
        if provision.provision_id not in b.partner:
            waiting[provision.doc_id, provision.text].append(provision.provision_id)
    for provision in a.provisions.values():
        there = a.documents_there.get(provision.doc_id, "")
        if provision.provision_id not in a.partner and waiting.get((there, provision.text)):
            link(a.partner, b.partner, provision.provision_id, waiting[there, provision.text].pop(0))


def complete_codings(a: Side, b: Side) -> None:
    """Add what one run made of the provisions and themes that the other assigned. For sides that are paired up."""
    for side, other in ((a, b), (b, a)):
        if side.run.is_whole:
            continue
        asked = ((other.partner.get(one, ""), theme) for (one, theme), code in other.codings.items() if code.assigned)
        missing = {pair for pair in asked if pair[0] and pair not in side.codings}
        side.codings |= {(one.provision_id, one.theme): one for one in read_pairs(side.run.directory, missing)}


def changed_settings(a: Side, b: Side) -> list[ValueChange]:
    names = dict.fromkeys([*a.values, *b.values])
    changes = (ValueChange(name, a.values.get(name, ""), b.values.get(name, "")) for name in names)
    return [one for one in changes if one.before != one.after and one.name not in _IDLE]


def _versions(run: RunData) -> dict[str, str]:
    details: Mapping[str, Any] = run.details
    found = {"model": ", ".join(sorted({one.model_version for one in run.coders}))}
    for name in ("policy_scan", "python", "codebook_version", "codebook_key", "classifier_key"):
        found[name] = str(details.get(name, ""))
    for name in ("stages", "libraries", "cell_thresholds"):
        found |= dict(flatten(details.get(name, {}), name))
    return found


def changed_versions(a: RunData, b: RunData) -> list[ValueChange]:
    was, now = _versions(a), _versions(b)
    names = dict.fromkeys([*was, *now])
    changes = [ValueChange(name, was.get(name, ""), now.get(name, "")) for name in names]
    told = [one for one in changes if one.before != one.after]
    # Runs of earlier versions don't say their thresholds: not knowing isn't a difference.
    return [one for one in told if not one.name.startswith("cell_thresholds.") or (one.before and one.after)]
