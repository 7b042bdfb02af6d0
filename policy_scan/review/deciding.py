"""From what a reviewer does at the desk to rows of the trail, and back again: pure functions.

One action (accept, reject, skip, undo) makes one row per theme that it touches, all with the same time. Rows are named
after the action, so that an action sent twice is one action. What the reviewer saw last of each theme goes with it:
where that is no longer the newest row, the store refuses it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Literal

from ..errors import UsageError
from ..records import FORCES, Decision, Verdict
from .pictures import spans_of
from .project import Project

Kind = Literal["accept", "reject", "skip"]
KINDS: tuple[Kind, ...] = ("accept", "reject", "skip")
MOST_CHARACTERS = 10_000
"""Of a note or a translation."""
UNDONE = "undo"
ELSEWHERE = frozenset({"import", "sheet"})
"""Origins of rows that weren't made at the desk: undo leaves them alone."""
Row = tuple[Decision, str]
"""A new decision, and the decision_id of the row that it expects to be the newest of its theme ('' = none)."""


@dataclass(frozen=True, slots=True)
class Action:
    """What a reviewer did with one provision."""

    action_id: str
    provision_id: str
    kind: Kind
    themes: frozenset[str] = frozenset()
    """The themes that fit."""
    force: str = ""
    """'' = as the machine says."""
    evidence: Mapping[str, str] = field(default_factory=dict)
    """Theme -> JSON spans; '[]' or absent = as the machine says."""
    note: str = ""
    translation: str = ""
    origin: str = ""
    expected: Mapping[str, str] = field(default_factory=dict)
    """Theme -> decision_id of the newest row that was shown."""


def named(action_id: str, theme: str) -> str:
    """The decision_id of an action's row on a theme. Raises UsageError where the action has no UUID as name."""
    try:
        return str(uuid.uuid5(uuid.UUID(action_id), theme))
    except ValueError:
        raise UsageError("The action bears no UUID.", "reload the page, then decide again.") from None


def newest(rows: Iterable[Decision]) -> dict[str, Decision]:
    """Theme -> the newest row. `rows`: one reviewer's on one provision, oldest first."""
    return {row.theme: row for row in rows}


def counting(rows: Mapping[str, Decision]) -> dict[str, Decision]:
    """The newest rows without those withdrawn."""
    return {theme: row for theme, row in rows.items() if row.verdict != "withdrawn"}


def machine_force(project: Project, provision_id: str) -> str:
    """The force that holds where a reviewer gives none: the core theme's, 'statement' where no theme was assigned."""
    codings = project.codings.get(provision_id, {})
    return next((one.force for one in codings.values() if one.assigned and one.force), "statement")


def rows_of(project: Project, action: Action, own: Mapping[str, Decision], reviewer: str, at: str) -> list[Row]:
    """The rows that an action makes; none where nothing changes. `own`: the reviewer's newest rows on the provision.

    Accept: a yes for each theme that fits, a no for each that the machine proposed or the reviewer accepted before and
    that doesn't. Reject: a no for the provision as a whole and for each of those. Skip: a skip, where nothing is
    decided yet. Raises UsageError where a theme, a force or a span isn't one of the project.
    """
    check(project, action)
    live = counting(own)
    proposed = project.assigned.get(action.provision_id, ())
    touched = dict.fromkeys([*proposed, *(theme for theme in live if theme), *sorted(action.themes)])
    verdicts: dict[str, Verdict] = {}
    if action.kind == "skip":
        verdicts = {theme: row.verdict for theme, row in live.items()}
        verdicts = verdicts or {"": "skip"}
    elif action.kind == "reject" or not (touched or action.themes):
        verdicts = dict.fromkeys(["", *touched], "no")
    else:
        verdicts = {theme: "yes" if theme in action.themes else "no" for theme in touched}
        if "" in live:
            verdicts[""] = "withdrawn"
    rows = [_row(project, action, theme, verdict, live, reviewer, at) for theme, verdict in verdicts.items()]
    return [(row, action.expected.get(row.theme, "")) for row in rows if _differs(row, live.get(row.theme))]


def check(project: Project, action: Action) -> None:
    """Raises UsageError where an action speaks of what the project doesn't have."""
    provision = project.provisions.get(action.provision_id)
    if provision is None:
        raise UsageError("This provision isn't in the run any more.", "go on to the next one.")
    unknown = (action.themes | set(action.evidence)) - set(project.run.codebook.themes)
    if unknown:
        raise UsageError(f"The codebook has no theme '{min(unknown)}'.", "reload the page.")
    if action.force and action.force not in FORCES:
        raise UsageError(f"There is no force '{action.force}'.", "reload the page.")
    if max(len(action.note), len(action.translation)) > MOST_CHARACTERS:
        raise UsageError(f"A note or translation has at most {MOST_CHARACTERS} characters.", "shorten it.")
    try:
        for evidence in action.evidence.values():
            spans_of(evidence, len(provision.text))
    except ValueError:
        raise UsageError("The quotation isn't a part of this text.", "choose it again.") from None


def _row(
    project: Project,
    action: Action,
    theme: str,
    verdict: Verdict,
    live: Mapping[str, Decision],
    reviewer: str,
    at: str,
) -> Decision:
    coding = project.codings.get(action.provision_id, {}).get(theme)
    before = live.get(theme)
    force, evidence = "", "[]"
    if action.kind == "skip" and before is not None:
        force, evidence = before.force, before.evidence
    elif verdict == "yes":
        said = coding.force if coding is not None and coding.force else machine_force(project, action.provision_id)
        force = "" if action.force == said else action.force
        machine = coding.evidence if coding is not None else "[]"
        length = len(project.provisions[action.provision_id].text)
        evidence = _evidence(action.evidence.get(theme, "[]"), machine, length)
    return project.decision(
        action.provision_id, theme, verdict, decision_id=named(action.action_id, theme), at=at, reviewer=reviewer,
        force=force, evidence=evidence, note=action.note, translation=action.translation, origin=action.origin,
    )  # fmt: skip


def _evidence(chosen: str, machine: str, length: int) -> str:
    spans = _joined(spans_of(chosen, length))
    return "[]" if spans == spans_of(machine, length) else json.dumps(spans, separators=(",", ":"))


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted spans, overlapping ones as one."""
    found: list[tuple[int, int]] = []
    for start, end in spans:
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _differs(row: Decision, live: Decision | None) -> bool:
    if live is None:
        return row.verdict != "withdrawn"
    said = ("verdict", "force", "evidence", "note", "translation", "text_hash")
    return any(getattr(row, name) != getattr(live, name) for name in said)


# Undoing


def last_action(rows: Sequence[Decision]) -> list[Decision]:
    """The rows of a reviewer's last action at the desk that is neither undone nor wholly replaced by something else.

    `rows`: all of theirs, oldest first.
    """
    meant = _meant(rows)
    done: list[list[Decision]] = []
    for _, group in groupby(rows, key=lambda row: (row.at, row.provision_id)):
        action = list(group)
        if action[0].origin == UNDONE:
            taken = {meant.get(row.replaces) for row in action}
            done = [one for one in done if not any(row.decision_id in taken for row in one)]
        elif action[0].origin not in ELSEWHERE and action[0].role == "coder" and action[0].provision_id:
            done.append(action)
    standing = {meant[row.decision_id] for row in _heads(rows).values()}
    for action in reversed(done):
        if any(row.decision_id in standing for row in action):
            return action
    return []


def _heads(rows: Iterable[Decision]) -> dict[tuple[str, str], Decision]:
    """(provision_id, theme) -> the newest row."""
    return {(row.provision_id, row.theme): row for row in rows}


def _meant(rows: Sequence[Decision]) -> dict[str, str]:
    """decision_id -> that of the row whose content it has: its own, or where it restored another, that one's;
    '' where it took back the first row of all. `rows`: oldest first.
    """
    before = {row.decision_id: row.replaces for row in rows}
    meant: dict[str, str] = {}
    for row in rows:
        own = row.decision_id
        meant[own] = meant.get(before.get(meant.get(row.replaces, ""), ""), "") if row.origin == UNDONE else own
    return meant


def undo_rows(rows: Sequence[Decision], action_id: str, at: str) -> list[Row]:
    """The rows that take back a reviewer's last action: what it replaced holds again, else it is withdrawn.

    Rows that something else has replaced since are left alone. `rows`: all of the reviewer's, oldest first.
    """
    by_id = {row.decision_id: row for row in rows}
    meant, heads = _meant(rows), _heads(rows)
    undone: list[Row] = []
    for row in last_action(rows):
        head = heads[row.provision_id, row.theme]
        if meant[head.decision_id] != row.decision_id:
            continue
        restored = by_id.get(row.replaces) or replace(row, verdict="withdrawn")
        name = named(action_id, row.theme)
        again = replace(restored, decision_id=name, at=at, origin=UNDONE, replaces="", role="coder")
        undone.append((again, head.decision_id))
    return undone
