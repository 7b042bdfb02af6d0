"""What each coder holds of each theme of a provision, where coders differ, and what is settled.

A coder's judgement on a theme is the verdict on that theme, or, where there is none, the word that nothing fits the
provision at all. A skipped, withdrawn or missing verdict is no judgement: it is never counted as a 'no'.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ..records import Decision
from .project import Project

Pair = tuple[str, str]
"""(provision_id, theme)."""


@dataclass(frozen=True, slots=True)
class Judgement:
    verdict: Literal["yes", "no"]
    force: str
    """As decided, or the machine's where the coder left it; '' where there is none."""
    decision: Decision


def judgements(decisions: Iterable[Decision], project: Project) -> dict[Pair, dict[str, Judgement]]:
    """(provision_id, theme) -> coder -> judgement, in the order of the run's provisions and themes.

    `decisions`: one per coder, provision and theme, on this run (Project.current). That nothing fits a provision is a
    'no' on each theme that the machine proposed or a coder spoke of. Adjudicators' rows are left out.
    """
    said: dict[str, dict[str, dict[str, Decision]]] = {}
    for one in decisions:
        if one.role == "coder" and one.verdict in ("yes", "no") and one.provision_id in project.provisions:
            said.setdefault(one.provision_id, {}).setdefault(one.reviewer, {})[one.theme] = one
    themes = project.run.themes
    place = {theme: at for at, theme in enumerate(themes)}
    found: dict[Pair, dict[str, Judgement]] = {}
    for identifier in (one for one in project.provisions if one in said):
        spoken = {theme for own in said[identifier].values() for theme in own if theme}
        for theme in sorted(
            spoken | {*project.assigned[identifier]}, key=lambda one: (place.get(one, len(place)), one)
        ):
            for reviewer in sorted(said[identifier]):
                judged = _judge(said[identifier][reviewer], identifier, theme, project)
                if judged is not None:
                    found.setdefault((identifier, theme), {})[reviewer] = judged
    return found


def _judge(own: Mapping[str, Decision], identifier: str, theme: str, project: Project) -> Judgement | None:
    decided = own.get(theme)
    if decided is None:
        whole = own.get("")
        return Judgement("no", "", whole) if whole is not None and whole.verdict == "no" else None
    if decided.verdict == "no":
        return Judgement("no", "", decided)
    return Judgement("yes", decided.force or machine_force(project, identifier, theme), decided)


def machine_force(project: Project, identifier: str, theme: str) -> str:
    """The machine's force of a theme, or of the provision's core theme where it didn't assign this one; '' without."""
    own = project.codings.get(identifier, {})
    if theme in own and own[theme].force:
        return own[theme].force
    return next((one.force for one in own.values() if one.force), "")


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One theme of one provision about which coders differ and no adjudicator has decided."""

    provision_id: str
    theme: str
    kind: Literal["verdict", "force"]
    """'force': all accept the theme, with different forces."""
    said: Mapping[str, Judgement]


def disagreements(decisions: Sequence[Decision], project: Project) -> list[Disagreement]:
    """Verdicts that differ first, then forces; each in the order of the run. `decisions`: live ones on this run."""
    settled = {
        (one.provision_id, one.theme) for one in decisions if one.role == "adjudicator" and one.verdict in ("yes", "no")
    }
    verdicts, forces = [], []
    for (identifier, theme), said in judgements(decisions, project).items():
        if (identifier, theme) in settled:  # as decisions.settle: what is said of the whole settles no theme
            continue
        if len({one.verdict for one in said.values()}) > 1:
            verdicts.append(Disagreement(identifier, theme, "verdict", said))
        elif len({one.force for one in said.values()}) > 1:
            forces.append(Disagreement(identifier, theme, "force", said))
    return verdicts + forces
