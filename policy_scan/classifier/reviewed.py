"""Reviewers' decisions on a run as coded passages, for `train`.

Which provisions enter, and with which themes. A decision speaks of one theme, a coded passage of all of them. A
provision enters only where the reviewers have spoken on all that the machine proposed: every theme that it assigned is
settled, none is disputed. Its themes are then the accepted ones, and all others count as absent, as they do in coded
passages: the machine found them unlikely, and the reviewers, who could add them, did not. Partly decided provisions are
left out, because the machine's own guesses would otherwise come back to it as truth. A provision without any theme
enters where reviewers rejected what the machine proposed, or said of the whole that no theme fits; that one theme among
many isn't there says too little.

The force counts where reviewers accepted what was proposed or gave their own; an added theme without one has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..decisions import Settled, decisions_key, read_decisions, review_run
from ..errors import NothingToDoError
from ..keys import make_key
from ..records import Coding, Decision, Document, Page, Provision
from ..stages.codings import as_passage
from ..tables import read_records
from .gold import CodedPassage

PART = "reviewed"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What decisions on a run come to as coded passages (their id is the provision's), and what was left out."""

    passages: tuple[CodedPassage, ...]
    rejected: tuple[tuple[str, int], ...]
    """Themes and how many of the passages had them proposed and rejected."""
    n_partly: int
    """Provisions left out because a theme that the machine assigned is undecided, or too little is said."""
    n_disputed: int
    """Provisions left out because coders differ."""
    n_stale: int
    """Decisions whose text is no longer in the run."""
    key: str


def _coded(
    document: Document, provision: Provision, codings: Sequence[Coding], own: dict[str, Settled], weight: float
) -> CodedPassage | None:
    """`codings`: the provision's, likeliest first; `own`: theme -> what is settled, none of it disputed."""
    whole = own.get("")
    accepted = [one for one in codings if one.theme in own and own[one.theme].verdict == "yes"]
    assigned = [one for one in codings if one.assigned]
    nothing = whole is not None and whole.verdict == "no"
    if not nothing and (any(one.theme not in own for one in assigned) or not (accepted or assigned)):
        return None
    force = ""
    if accepted:
        core = accepted[0]
        force = own[core.theme].force or core.force
    return CodedPassage(
        id=provision.provision_id,
        group=provision.doc_id,
        part=PART,
        document=document.path,
        passage=as_passage(document, provision),
        themes=tuple(one.theme for one in accepted),
        force=force,
        unsure=False,
        weight=weight,
    )


def read_reviewed(
    run: Path, decisions: Path | Sequence[Decision], themes: Sequence[str], weight: float = 1.0
) -> Reviewed:
    """Coded passages from a run's tables and decisions, or a file of them; each counts `weight` beside a coded passage.

    Raises UsageError (decisions that can't be read), NothingToDoError (no run).
    """
    rows = read_decisions(decisions) if isinstance(decisions, Path) else list(decisions)
    try:
        documents = {one.doc_id: one for one in read_records(run, "documents", Document)}
        provisions = read_records(run, "provisions", Provision)
        pages = read_records(run, "pages", Page)
        codings = read_records(run, "codings", Coding)
    except (OSError, KeyError, ValueError) as error:
        raise NothingToDoError(
            f"The tables in {run} can't be read ({error}).", "run 'policy-scan run' first."
        ) from None
    review = review_run(rows, provisions, pages)
    known = {*themes, ""}
    settled: dict[str, dict[str, Settled]] = {}
    for (identifier, theme), decided in review.settled.items():
        if theme in known:
            settled.setdefault(identifier, {})[theme] = decided
    of_provision: dict[str, list[Coding]] = {}
    for coding in codings:
        if coding.provision_id in settled:
            of_provision.setdefault(coding.provision_id, []).append(coding)
    passages, rejected = [], dict.fromkeys(themes, 0)
    n_partly = n_disputed = 0
    for provision in provisions:
        own = settled.get(provision.provision_id)
        if own is None:
            continue
        if any(one.verdict == "disputed" for one in own.values()):
            n_disputed += 1
            continue
        ranked = sorted(of_provision.get(provision.provision_id, ()), key=lambda one: one.rank)
        coded = _coded(documents[provision.doc_id], provision, ranked, own, weight)
        if coded is None:
            n_partly += 1
            continue
        passages.append(coded)
        for coding in ranked:
            if coding.assigned and coding.theme in rejected and coding.theme not in coded.themes:
                rejected[coding.theme] += 1
    return Reviewed(
        passages=tuple(passages),
        rejected=tuple(rejected.items()),
        n_partly=n_partly,
        n_disputed=n_disputed,
        n_stale=sum(row.live and row.anchor == "stale" for row in review.rows),
        key=make_key(decisions_key(rows), [[one.id, list(one.themes), one.force] for one in passages], weight),
    )


def with_reviewed(coded: Sequence[CodedPassage], reviewed: Sequence[CodedPassage]) -> list[CodedPassage]:
    """Coded passages and reviewed ones. A text that stands in both counts once, as reviewed; and a document that shares
    a text with a coded passage joins that passage's group, so that both stay in one fold.
    """
    groups = {flat(one): one.group for one in coded}
    joined: dict[str, str] = {}
    for one in reviewed:
        if flat(one) in groups:
            joined.setdefault(one.group, groups[flat(one)])
    return [
        *without_reviewed(coded, reviewed),
        *(replace(one, group=joined.get(one.group, one.group)) for one in reviewed),
    ]


def without_reviewed(coded: Sequence[CodedPassage], reviewed: Sequence[CodedPassage]) -> list[CodedPassage]:
    """The coded passages whose text reviewers didn't decide on."""
    decided = {flat(one) for one in reviewed}
    return [one for one in coded if flat(one) not in decided]


def flat(one: CodedPassage) -> str:
    """A passage's text, whatever its white space."""
    return " ".join(one.passage.text.split())
