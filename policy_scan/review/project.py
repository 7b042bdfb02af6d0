"""A run held in memory for reviewers: what the machine proposed, as if nobody had decided anything yet.

The published tables of a run may already follow reviewers' decisions. A reviewer who codes blind must not meet them
again there, so that codings and cells here are the machine's own, and decisions are laid over them by whoever may see
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..decisions import Anchored, PublishedDecision, anchor, place_of, text_hash
from ..errors import NothingToDoError
from ..keys import hash_bytes, hash_file
from ..records import Cell, Coding, Decision, Document, Page, Provision, Role, Verdict
from ..report.common import RunData, load_run, printable
from ..runner import RUN_FILE
from ..stages.cells import compile_cells
from ..tables import read_records

_TABLES = ("documents", "pages", "provisions", "codings", "cells")
_ATTEMPTS = 3
Stamp = tuple[tuple[int, int, int], ...]
"""Modification time (ns), size and inode of run.json and the tables, 0 where a file isn't there."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Project:
    """A run and its indexes. Compared by identity: a project read again is another one."""

    output: Path
    run: RunData
    """All provisions and codings; `codings` and `cells` are the machine's own."""
    provisions: Mapping[str, Provision]
    documents: Mapping[str, Document]
    pages: Mapping[tuple[str, int], Page]
    """(doc_id, page) -> the page."""
    codings: Mapping[str, Mapping[str, Coding]]
    """provision_id -> theme -> coding, the likeliest theme first."""
    assigned: Mapping[str, tuple[str, ...]]
    """provision_id -> the themes that the machine assigned, core theme first; () where it assigned none."""
    order: Mapping[str, tuple[str, ...]]
    """doc_id -> its provisions in the order of the document."""
    place: Mapping[str, int]
    """provision_id -> its place in that order, from 0."""
    cells: tuple[Cell, ...]
    text_hashes: Mapping[str, str]
    fingerprint: str
    """SHA-256 of run.json: another run, another fingerprint."""
    stamp: Stamp
    anchored: dict[str, Anchored] = field(default_factory=dict)
    """decision_id -> where a decision on a text of an earlier run stands now; filled as it is asked."""

    def page_text(self, doc_id: str, page: int) -> str:
        """The page's text; '' where the run has no such page."""
        found = self.pages.get((doc_id, page))
        return found.text if found else ""

    def decision(
        self,
        provision_id: str,
        theme: str,
        verdict: Verdict,
        *,
        decision_id: str,
        at: str,
        reviewer: str,
        origin: str,
        role: Role = "coder",
        force: str = "",
        evidence: str = "[]",
        note: str = "",
        translation: str = "",
    ) -> Decision:
        """A new decision on a provision of the run, with where it stands and what the machine says of it."""
        provision = self.provisions[provision_id]
        page = provision.spans[0][0]
        place = place_of(provision, {(provision.doc_id, page): self.page_text(provision.doc_id, page)})
        codings = self.codings.get(provision_id, {})
        coding = codings.get(theme)
        versions = (one.model_version for one in ([coding] if coding else codings.values()))
        return Decision(
            decision_id=decision_id,
            at=at,
            reviewer=reviewer,
            role=role,
            doc_id=provision.doc_id,
            provision_id=provision_id,
            page=place.page,
            start=place.start,
            end=place.end,
            text_hash=place.text_hash,
            quotation=place.quotation,
            before=place.before,
            after=place.after,
            theme=theme,
            verdict=verdict,
            force=force,
            evidence=evidence,
            note=printable(note).strip(),
            translation=printable(translation).strip(),
            machine_probability=coding.probability if coding else None,
            machine_assigned=coding.assigned if coding else False,
            model_version=next(versions, ""),
            replaces="",
            origin=origin,
        )

    def is_current(self) -> bool:
        """Whether the folder's files are still those that were read: a look at their times and sizes."""
        return _stamp(self.output) == self.stamp

    def neighbours(self, provision_id: str, before: int = 1, after: int = 1) -> tuple[list[Provision], list[Provision]]:
        """The provisions just before and after in the same document, in its order."""
        order = self.order[self.provisions[provision_id].doc_id]
        at = self.place[provision_id]
        earlier, later = order[max(0, at - before) : at], order[at + 1 : at + 1 + after]
        return [self.provisions[one] for one in earlier], [self.provisions[one] for one in later]

    def anchor(self, decisions: Sequence[Decision]) -> list[Anchored]:
        """Where decisions stand in this run, in the order given (see decisions.anchor); each is looked for once."""
        unknown = [one for one in decisions if one.decision_id not in self.anchored and not self._is_exact(one)]
        if unknown:
            for found in anchor(unknown, self.run.provisions, self.pages.values()):
                self.anchored[found.decision.decision_id] = found
        return [
            Anchored(one, "exact", one.provision_id, 1.0, "") if self._is_exact(one) else self.anchored[one.decision_id]
            for one in decisions
        ]

    def _is_exact(self, decision: Decision) -> bool:
        own = self.text_hashes.get(decision.provision_id)
        return own is not None and own == decision.text_hash and decision.doc_id in self.documents

    def current(self, decisions: Sequence[Decision]) -> list[Decision]:
        """Decisions on provisions as they bear on this run: their provision_id is this run's, stale ones left out."""
        found = []
        for one in self.anchor(decisions):
            if one.state != "stale" and one.provision_id:
                same = one.provision_id == one.decision.provision_id
                found.append(one.decision if same else replace(one.decision, provision_id=one.provision_id))
        return found


def _stamp(output: Path) -> Stamp:
    found = []
    for name in (RUN_FILE, *(f"{table}.parquet" for table in _TABLES)):
        try:
            status = (output / name).stat()
        except OSError:
            found.append((0, 0, 0))
        else:
            found.append((status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(found)


def load_project(output: Path) -> Project:
    """Read the run in a folder.

    Raises NothingToDoError where it holds no finished run, one of another version, or tables that are being written.
    """
    for _ in range(_ATTEMPTS):
        stamp = _stamp(output)
        project = _load(output, stamp)
        if project.is_current():
            return project
    raise NothingToDoError(f"The run in {output} is being written.", "wait until it has ended, then try again.")


def _load(output: Path, stamp: Stamp) -> Project:
    published = load_run(output)
    try:
        fingerprint = hash_bytes((output / RUN_FILE).read_bytes())
        for name, expected in published.details.get("files", {}).items():
            if name.removesuffix(".parquet") in _TABLES and hash_file(output / name) != expected:
                raise NothingToDoError(
                    f"{output / name} isn't the table that {RUN_FILE} speaks of.",
                    "wait where a run is going on, else run 'policy-scan run' again.",
                )
        pages = {(one.doc_id, one.page): one for one in read_records(output, "pages", Page)}
        machine = tuple(read_records(output, "codings", Coding))
        provisions = tuple(read_records(output, "provisions", Provision))
        is_reviewed = (output / "decisions.parquet").is_file() and bool(
            read_records(output, "decisions", PublishedDecision)
        )
    except (OSError, KeyError, ValueError) as error:
        raise NothingToDoError(
            f"The tables in {output} can't be read ({error}).", "run 'policy-scan run' again with this version."
        ) from error
    run = replace(published, provisions=provisions, codings=machine, is_whole=True)
    if is_reviewed:
        run = replace(run, cells=machine_cells(run))
    return build_project(run, pages, fingerprint, stamp)


def machine_cells(run: RunData) -> tuple[Cell, ...]:
    """The cells as they would be if nobody had decided anything. `run`: with the machine's own codings."""
    thresholds = run.details.get("cell_thresholds")
    if thresholds is None:
        from ..classifier.model import cell_thresholds

        thresholds = cell_thresholds(run.config.codings.setting)
    return tuple(
        compile_cells(run.documents, run.provisions, run.codings, run.issues, run.config, run.codebook, thresholds)
    )


def build_project(
    run: RunData, pages: Mapping[tuple[str, int], Page], fingerprint: str = "", stamp: Stamp = ()
) -> Project:
    """The indexes over a run whose codings and cells are the machine's own."""
    provisions = {one.provision_id: one for one in run.provisions}
    order: dict[str, list[str]] = {}
    for one in sorted(run.provisions, key=lambda item: (item.doc_id, item.ordinal, item.provision_id)):
        order.setdefault(one.doc_id, []).append(one.provision_id)
    codings = _by_provision(run.codings, provisions)
    return Project(
        output=run.directory,
        run=run,
        provisions=provisions,
        documents={one.doc_id: one for one in run.documents},
        pages=pages,
        codings=codings,
        assigned={
            one: tuple(theme for theme, coding in codings.get(one, {}).items() if coding.assigned) for one in provisions
        },
        order={doc_id: tuple(ids) for doc_id, ids in order.items()},
        place={identifier: at for ids in order.values() for at, identifier in enumerate(ids)},
        cells=run.cells,
        text_hashes={one.provision_id: text_hash(one.text) for one in run.provisions},
        fingerprint=fingerprint,
        stamp=stamp,
    )


def _by_provision(codings: Iterable[Coding], provisions: Mapping[str, Provision]) -> dict[str, dict[str, Coding]]:
    found: dict[str, list[Coding]] = {}
    for coding in codings:
        if coding.provision_id in provisions:
            found.setdefault(coding.provision_id, []).append(coding)
    return {
        identifier: {one.theme: one for one in sorted(own, key=lambda one: one.rank)}
        for identifier, own in found.items()
    }
