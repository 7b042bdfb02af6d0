"""How far the review has come: per reviewer, and per cell of the state-of-play table."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ..decisions import Settled, settle
from ..records import CellStatus, Decision
from .project import Project

_NO_ASSIGNMENTS: Mapping[str, Collection[str]] = {}


@dataclass(frozen=True, slots=True)
class ReviewerProgress:
    reviewer: str
    n_provisions: int
    """Provisions with a verdict, yes or no."""
    n_accepted: int
    n_rejected: int
    """Verdicts on themes; that nothing fits a provision counts as one."""
    n_added: int
    """Accepted themes that the machine had not assigned."""
    n_skipped: int
    n_given: int
    n_given_done: int
    """Provisions assigned to the reviewer, and how many of them have a verdict."""
    last: str
    """When the reviewer last decided: ISO 8601, '' = never."""


@dataclass(frozen=True, slots=True)
class CellProgress:
    """What is settled of a cell's evidence as the machine proposed it."""

    theme: str
    jurisdiction: str
    status: CellStatus
    """By the machine alone."""
    n_evidence: int
    n_reviewed: int
    n_accepted: int
    n_disputed: int
    n_to_check: int
    n_to_check_reviewed: int
    is_head_reviewed: bool
    """Whether the evidence that decides the status is settled."""


@dataclass(frozen=True, slots=True)
class Progress:
    reviewers: tuple[ReviewerProgress, ...]
    cells: tuple[CellProgress, ...]


def settled_now(project: Project, live: Sequence[Decision]) -> dict[tuple[str, str], Settled]:
    """What live decisions come to in this run (decisions.settle)."""
    return settle(project.anchor(live))


def progress(
    project: Project, live: Sequence[Decision], assignments: Mapping[str, Collection[str]] = _NO_ASSIGNMENTS
) -> Progress:
    """`live`: live decisions on this run (Project.current); only those that whoever looks may see
    (visibility.visible). `assignments`: provision_id -> reviewers.
    """
    return Progress(_reviewers(project, live, assignments), _cells(project, settled_now(project, live)))


def _reviewers(
    project: Project, live: Sequence[Decision], assignments: Mapping[str, Collection[str]]
) -> tuple[ReviewerProgress, ...]:
    given: dict[str, set[str]] = {}
    for identifier, names in assignments.items():
        for name in names:
            given.setdefault(name, set()).add(identifier)
    of_reviewer: dict[str, list[Decision]] = {name: [] for name in given}
    for one in live:
        of_reviewer.setdefault(one.reviewer, []).append(one)
    found = []
    for name, own in sorted(of_reviewer.items()):
        said = [one for one in own if one.provision_id and (one.theme or one.verdict == "no")]
        accepted = [one for one in said if one.verdict == "yes"]
        rejected = [one for one in said if one.verdict == "no"]
        done = {one.provision_id for one in accepted + rejected}
        found.append(
            ReviewerProgress(
                reviewer=name,
                n_provisions=len(done),
                n_accepted=len(accepted),
                n_rejected=len(rejected),
                n_added=sum(one.theme not in project.assigned.get(one.provision_id, ()) for one in accepted),
                n_skipped=len({one.provision_id for one in own if one.verdict == "skip"}),
                n_given=len(given.get(name, ())),
                n_given_done=len(given.get(name, set()) & done),
                last=max((one.at for one in own), default=""),
            )
        )
    return tuple(found)


def _cells(project: Project, settled: Mapping[tuple[str, str], Settled]) -> tuple[CellProgress, ...]:
    def verdict(identifier: str, theme: str) -> str:
        """yes, no, disputed, or '' where nothing is settled."""
        own, whole = settled.get((identifier, theme)), settled.get((identifier, ""))
        if own is not None:
            return own.verdict
        return "no" if whole is not None and whole.verdict == "no" else ""

    found = []
    for cell in project.cells:
        evidence = [verdict(identifier, cell.theme) for identifier in cell.evidence]
        to_check = [verdict(identifier, cell.theme) for identifier in cell.to_check]
        found.append(
            CellProgress(
                theme=cell.theme,
                jurisdiction=cell.jurisdiction,
                status=cell.status,
                n_evidence=len(evidence),
                n_reviewed=sum(one in ("yes", "no") for one in evidence),
                n_accepted=sum(one == "yes" for one in evidence),
                n_disputed=(evidence + to_check).count("disputed"),
                n_to_check=len(to_check),
                n_to_check_reviewed=sum(one in ("yes", "no") for one in to_check),
                is_head_reviewed=bool(evidence) and evidence[0] in ("yes", "no"),
            )
        )
    return tuple(found)
