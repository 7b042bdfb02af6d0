"""Where coders differ: the list, both views side by side, and an adjudicator's word with its reason.

An adjudicator's word is a row of its own: the coders' rows stay as they are.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import APIRouter, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ..citations import cite
from ..errors import UsageError
from ..keys import make_key
from ..records import FORCES, Decision, Verdict
from ..report.common import mark_text, printable, theme_name
from ..translation import translations
from .context import context_of, language_of, render, see_other, viewer_of
from .judgements import Judgement, disagreements, judgements, machine_force
from .project import Project
from .security import ADJUDICATORS, CODERS, OVERSEERS, allow
from .store import Conflict, now
from .visibility import may_adjudicate

router = APIRouter(prefix="/disagreements")
MOST_REASON = 10_000
_TOKEN = Annotated[str, Form(max_length=200)]


@dataclass(frozen=True, slots=True)
class _View:
    """What one coder holds of the item."""

    reviewer: str
    verdict: str
    force: str
    pieces: Sequence[tuple[str, str]]
    """The text with the quotation that the coder chose; () where it is the machine's."""
    note: str
    translation: str
    at: str


@router.get("")
@allow(OVERSEERS)
def disagreement_list(request: Request, done: str = "") -> Response:
    context, viewer, language = context_of(request), viewer_of(request), language_of(request)
    project = context.project()
    live = context.live(project)
    t = translations(language)
    open_ones = []
    for one in disagreements(live, project):
        said = ", ".join(f"{who}: {_said(project, judged, language)}" for who, judged in one.said.items())
        open_ones.append(_listed(project, one.provision_id, one.theme, language) | {"said": said})
    settled = [
        _listed(project, one.provision_id, one.theme, language)
        | {"said": f"{one.reviewer}: {_verdict(one.verdict, language)}", "reason": one.note, "at": one.at}
        for one in live
        if one.role == "adjudicator" and one.theme and one.provision_id in project.provisions
    ]
    return render(
        request,
        "disagreements.html",
        open_ones=open_ones,
        settled=settled,
        may_settle=viewer.may(ADJUDICATORS),
        done=t.gettext("The disagreement is settled.") if done == "settled" else "",
    )


def _listed(project: Project, identifier: str, theme: str, language: str) -> dict[str, str]:
    provision = project.provisions[identifier]
    return {
        "address": f"/disagreements/{identifier}/{theme}",
        "citation": printable(cite(project.documents[provision.doc_id], provision, language)),
        "theme": theme_name(project.run, theme, language),
    }


def _verdict(verdict: str, language: str) -> str:
    t = translations(language)
    return {"yes": t.gettext("the theme fits"), "no": t.gettext("the theme doesn't fit")}.get(verdict, verdict)


def _said(project: Project, judged: Judgement, language: str) -> str:
    force = project.run.codebook.force_name(judged.force, language) if judged.force else ""
    return _verdict(judged.verdict, language) + (f" ({force})" if force else "")


def _of_item(project: Project, live: Sequence[Decision], identifier: str, theme: str) -> list[Decision]:
    """The live rows on a theme of a provision, those that say that nothing fits the provision included."""
    return [one for one in live if one.provision_id == identifier and one.theme in (theme, "")]


def _state_of(rows: Sequence[Decision]) -> str:
    """What an adjudicator saw, as a key: another row, another key."""
    return make_key("adjudication", sorted(one.decision_id for one in rows))


@router.get("/{identifier}/{theme}")
@allow(OVERSEERS)
def disagreement(request: Request, identifier: str, theme: str) -> Response:
    context, viewer = context_of(request), viewer_of(request)
    project = context.project()
    rows = _of_item(project, context.live(project), identifier, theme)
    views = judgements(rows, project).get((identifier, theme), {})
    own = _own(rows, viewer.name, theme)
    if identifier not in project.provisions or not (views or own):
        raise HTTPException(404)
    return _page(request, project, rows, identifier, theme, "", 200)


def _own(rows: Sequence[Decision], name: str, theme: str) -> Decision | None:
    """The adjudicator's own word so far."""
    return next((one for one in rows if one.reviewer == name and one.theme == theme), None)


def _page(
    request: Request, project: Project, rows: Sequence[Decision], identifier: str, theme: str, fault: str, status: int
) -> Response:
    viewer, language = viewer_of(request), language_of(request)
    provision = project.provisions[identifier]
    document = project.documents[provision.doc_id]
    coding = project.codings.get(identifier, {}).get(theme)
    views = judgements(rows, project).get((identifier, theme), {})
    settled = [one for one in rows if one.role == "adjudicator" and one.theme == theme]
    before, after = project.neighbours(identifier)
    machine = json.loads(coding.evidence) if coding else []
    return render(
        request,
        "disagreement.html",
        status,
        citation=printable(cite(document, provision, language)),
        theme=theme_name(project.run, theme, language),
        heading=" › ".join(provision.heading_path),
        provision=provision,
        page=provision.page_first,
        decides=viewer.may(CODERS),
        before=before[-1].text[-400:] if before else "",
        after=after[0].text[:400] if after else "",
        pieces=mark_text(provision.text, machine),
        coding=coding,
        machine_force=_force(project, machine_force(project, identifier, theme), language),
        views=[_view(project, who, judged, language) for who, judged in views.items()],
        settled=[(one, _verdict(one.verdict, language), _force(project, one.force, language)) for one in settled],
        quotations=[who for who, judged in views.items() if judged.decision.theme and judged.decision.evidence != "[]"],
        forces=[(force, project.run.codebook.force_name(force, language)) for force in FORCES],
        may_settle=may_adjudicate(viewer.name, viewer.review_role, rows),
        is_party=any(one.reviewer == viewer.name and one.role == "coder" for one in rows),
        state=_state_of(rows),
        decision_id=str(uuid.uuid4()),
        action=f"/disagreements/{identifier}/{theme}",
        fault=fault,
    )


def _force(project: Project, force: str, language: str) -> str:
    return project.run.codebook.force_name(force, language) if force else ""


def _view(project: Project, who: str, judged: Judgement, language: str) -> _View:
    decision = judged.decision
    chosen = json.loads(decision.evidence) if decision.theme else []
    # Offsets hold in the text that was decided on, which may be an earlier run's.
    return _View(
        reviewer=who,
        verdict=_verdict(judged.verdict, language),
        force=_force(project, judged.force, language),
        pieces=mark_text(decision.quotation, chosen) if chosen else (),
        note=decision.note,
        translation=decision.translation,
        at=decision.at,
    )


@router.post("/{identifier}/{theme}")
@allow(ADJUDICATORS)
def adjudicate(
    request: Request,
    identifier: str,
    theme: str,
    decision_id: _TOKEN,
    state: _TOKEN,
    verdict: _TOKEN = "",
    force: _TOKEN = "",
    quotation: _TOKEN = "",
    reason: Annotated[str, Form(max_length=MOST_REASON)] = "",
) -> Response:
    """Record the adjudicator's word. `state`: what was shown; where it has changed since, nothing is recorded."""
    context, viewer, t = context_of(request), viewer_of(request), translations(language_of(request))
    project = context.project()
    rows = _of_item(project, context.live(project), identifier, theme)
    views = judgements(rows, project).get((identifier, theme), {})
    own = _own(rows, viewer.name, theme)
    if identifier not in project.provisions or not (views or own):
        raise HTTPException(404)
    if own is not None and own.decision_id == decision_id:  # sent again: it is recorded already
        return see_other("/disagreements?done=settled")
    if not may_adjudicate(viewer.name, viewer.review_role, rows):
        raise UsageError("Nobody settles a disagreement with themselves.", "leave it to another adjudicator.")
    if state != _state_of(rows):
        raise Conflict("The decisions on this have changed since the page was shown.", "look at them again.")
    fault = ""
    if verdict not in ("yes", "no"):
        fault = t.gettext("Choose whether the theme fits.")
    elif not reason.strip():
        fault = t.gettext("Give a reason: both coders will want to know.")
    elif force and force not in FORCES:
        fault = t.gettext("There is no such force.")
    if fault:
        return _page(request, project, rows, identifier, theme, fault, 422)
    evidence = _chosen(project, views, identifier, quotation) if verdict == "yes" else "[]"
    said = "" if verdict == "no" or force == machine_force(project, identifier, theme) else force
    decision = project.decision(
        identifier, theme, cast(Verdict, verdict), decision_id=decision_id, at=now(), reviewer=viewer.name,
        role="adjudicator", force=said, evidence=evidence, note=reason, origin="disagreements",
    )  # fmt: skip
    expected = own.decision_id if own is not None else ""
    context.store.record(decision, expected)
    return see_other("/disagreements?done=settled")


def _chosen(project: Project, views: Mapping[str, Judgement], identifier: str, quotation: str) -> str:
    """The quotation of the coder chosen, as spans of the provision's text; '[]' = the machine's."""
    judged = views.get(quotation)
    if judged is None or judged.decision.quotation != project.provisions[identifier].text:
        return "[]"
    return judged.decision.evidence if judged.decision.theme else "[]"
