"""Blind double coding: who may see whose decisions. Pure functions; every page and export asks them.

A coder sees another's decision on a theme of a provision only after a verdict of one's own on that theme, or on the
provision as a whole where that rejects it; what is said of a provision as a whole (notes, translations, a rejection)
only where nothing that the machine proposed there is left to decide. Until then nothing that depends on it may be
shown either: counts, progress, orders of queues, states of cells are made from `visible` rows alone. Skipping and
withdrawing decide nothing. Adjudicators and administrators see all, and so never code blind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ..decisions import live
from ..records import Decision

ReviewRole = Literal["coder", "adjudicator", "administrator"]
SEE_ALL: frozenset[ReviewRole] = frozenset({"adjudicator", "administrator"})
_VERDICTS = ("yes", "no")


@dataclass(frozen=True, slots=True)
class Decided:
    """What one reviewer has decided: with it, what others said of the same is no longer a secret."""

    themes: frozenset[tuple[str, str]]
    """(provision_id, theme) with a live verdict of one's own."""
    rejected: frozenset[str]
    """Provisions that one rejected as a whole."""
    finished: frozenset[str]
    """Provisions of which nothing that the machine proposed is left to decide."""


def decided_by(reviewer: str, live_rows: Iterable[Decision], proposed: Mapping[str, Collection[str]]) -> Decided:
    """What `reviewer` has decided. `live_rows`: live decisions, of whomever; `proposed`: provision_id -> themes that
    the machine assigned (a provision without any is finished with a verdict on it or on a theme of it).
    """
    own = [one for one in live_rows if one.reviewer == reviewer and one.verdict in _VERDICTS and one.provision_id]
    themes = frozenset((one.provision_id, one.theme) for one in own if one.theme)
    rejected = frozenset(one.provision_id for one in own if not one.theme and one.verdict == "no")
    touched = {one.provision_id for one in own}
    finished = {
        identifier
        for identifier in touched
        if identifier in rejected or all((identifier, theme) in themes for theme in proposed.get(identifier, ()))
    }
    return Decided(themes, rejected, frozenset(finished))


def may_see(reviewer: str, role: ReviewRole, decision: Decision, own: Decided) -> bool:
    """Whether a reviewer in this role may see a decision, its note and its translation."""
    if decision.reviewer == reviewer or role in SEE_ALL or not decision.provision_id:
        return True  # what is said of a document as a whole is no coding
    if not decision.theme:
        return decision.provision_id in own.finished
    return decision.provision_id in own.rejected or (decision.provision_id, decision.theme) in own.themes


def visible(
    reviewer: str, role: ReviewRole, decisions: Sequence[Decision], proposed: Mapping[str, Collection[str]]
) -> list[Decision]:
    """The rows that a reviewer may see, in the order given: the only ones that a page, a count or an export shown to
    that reviewer may be made from. `decisions` may hold the whole trail; `proposed` as in `decided_by`.
    """
    if role in SEE_ALL:
        return list(decisions)
    own = decided_by(reviewer, live([one for one in decisions if one.reviewer == reviewer]), proposed)
    return [one for one in decisions if may_see(reviewer, role, one, own)]


def taken_blind(decisions: Sequence[Decision]) -> list[Decision]:
    """The coders' verdicts to measure agreement by, one per reviewer, provision and theme: the first, since whoever
    changes one's mind may have seen the others'. As long as nobody else has decided on the provision, the change
    counts instead, and what is taken back or skipped counts no more. Once others have, so does a first verdict on a
    theme, unless its coder had rejected the provision as a whole, and could see theirs. Verdicts on provisions as a
    whole count as verdicts on the theme ''.

    `decisions`: the whole trail, oldest first.
    """
    said: dict[str, dict[tuple[str, str], Decision]] = {}
    for one in decisions:
        if one.role != "coder" or not one.provision_id:
            continue
        of_provision = said.setdefault(one.provision_id, {})
        key = (one.reviewer, one.theme)
        alone = all(reviewer == one.reviewer for reviewer, _ in of_provision)
        if alone:
            of_provision.pop(key, None)
        whole = of_provision.get((one.reviewer, ""))
        could_see = key in of_provision or (whole is not None and whole.verdict == "no")
        if one.verdict in _VERDICTS and (alone or not could_see):
            of_provision[key] = one
    counting = {one.decision_id for of_provision in said.values() for one in of_provision.values()}
    return [one for one in decisions if one.decision_id in counting]


def may_adjudicate(reviewer: str, role: ReviewRole, of_item: Iterable[Decision]) -> bool:
    """Whether a reviewer may settle an item: adjudicators may, but nobody is judge in one's own cause.

    `of_item`: the live decisions on that provision and theme.
    """
    return role == "adjudicator" and not any(one.reviewer == reviewer and one.role == "coder" for one in of_item)


def may_export_all(role: ReviewRole) -> bool:
    """Whether an export may hold everybody's decisions; a coder's holds the visible ones."""
    return role in SEE_ALL
