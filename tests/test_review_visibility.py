"""Blind double coding: what a coder may see of what others decided, in every order of events."""

from __future__ import annotations

import dataclasses
from typing import Any

import example_run as make
import pytest
from hypothesis import given
from hypothesis import strategies as st
from published_run import decision as published

from policy_scan.decisions import live
from policy_scan.records import Decision, Role
from policy_scan.review.visibility import (
    ReviewRole,
    decided_by,
    may_adjudicate,
    may_export_all,
    may_see,
    taken_blind,
    visible,
)

PROVISIONS = {name: make.provision(name, make.document("a" * 8)) for name in ("p1", "p2")}
PROPOSED = {"p1": ("openness", "assistance"), "p2": ()}
_NAMES = [field.name for field in dataclasses.fields(Decision)]


def row(number: int, reviewer: str, theme: str = "openness", verdict: str = "yes", **changes: Any) -> Decision:
    provision = PROVISIONS[changes.pop("provision", "p1")]
    made = published(
        provision, decision_id=f"d{number}", at=f"2026-03-01T10:00:{number:02}+00:00", reviewer=reviewer, theme=theme,
        verdict=verdict, **changes,
    )  # fmt: skip
    return Decision(**{name: getattr(made, name) for name in _NAMES})


def seen(reviewer: str, rows: list[Decision], role: ReviewRole = "coder") -> set[str]:
    return {one.decision_id for one in visible(reviewer, role, rows, PROPOSED)}


def test_nothing_of_another_is_seen_before_ones_own_verdict_on_the_theme() -> None:
    first = row(1, "ada")
    assert seen("bo", [first]) == set()
    assert seen("bo", [first, row(2, "bo", "assistance")]) == {"d2"}
    assert seen("bo", [first, row(2, "bo", verdict="skip")]) == {"d2"}
    assert seen("bo", [first, row(2, "bo", verdict="no")]) == {"d1", "d2"}
    assert seen("bo", [first, row(2, "bo", "", "no")]) == {"d1", "d2"}
    assert seen("ada", [first]) == {"d1"}


def test_what_is_taken_back_hides_the_others_again() -> None:
    rows = [row(1, "ada"), row(2, "bo"), row(3, "bo", verdict="withdrawn", replaces="d2")]
    assert seen("bo", rows) == {"d2", "d3"}


def test_notes_and_rejections_of_a_whole_provision_wait_until_nothing_proposed_is_open() -> None:
    whole = row(1, "ada", "", "no", note="nothing of it fits", translation="…")
    assert seen("bo", [whole, row(2, "bo")]) == {"d2"}
    assert seen("bo", [whole, row(2, "bo"), row(3, "bo", "assistance", "no")]) == {"d1", "d2", "d3"}
    uncoded = row(4, "ada", "", "no", provision="p2")
    assert seen("bo", [uncoded]) == set()
    assert seen("bo", [uncoded, row(5, "bo", "", "skip", provision="p2")]) == {"d5"}
    assert seen("bo", [uncoded, row(5, "bo", "", "no", provision="p2")]) == {"d4", "d5"}


@pytest.mark.parametrize("role", ["adjudicator", "administrator"])
def test_who_settles_and_who_looks_after_it_see_both(role: ReviewRole) -> None:
    assert seen("eve", [row(1, "ada"), row(2, "bo", verdict="no")], role) == {"d1", "d2"}
    assert may_export_all(role) and not may_export_all("coder")


def test_nobody_is_judge_in_ones_own_cause() -> None:
    rows = [row(1, "ada"), row(2, "eve", verdict="no")]
    assert not may_adjudicate("eve", "adjudicator", rows)
    assert may_adjudicate("fay", "adjudicator", rows)
    assert not may_adjudicate("fay", "coder", rows) and not may_adjudicate("fay", "administrator", rows)


def test_agreement_is_measured_by_what_was_decided_blind() -> None:
    changed_after = [row(1, "ada"), row(2, "bo", verdict="no"), row(3, "bo", replaces="d2")]
    assert [one.decision_id for one in taken_blind(changed_after)] == ["d1", "d2"]
    changed_before = [row(1, "ada", verdict="no"), row(2, "ada", replaces="d1"), row(3, "bo")]
    assert [one.decision_id for one in taken_blind(changed_before)] == ["d2", "d3"]
    adjudicated: Role = "adjudicator"
    assert taken_blind([row(1, "eve", role=adjudicated)]) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ada", "bo", "chris"]), st.sampled_from(["openness", "assistance", ""]),
            st.sampled_from(["yes", "no", "skip", "withdrawn"]), st.sampled_from(["p1", "p2"]),
        ),
        max_size=12,
    )
)  # fmt: skip
def test_without_a_live_verdict_of_ones_own_on_a_provision_nothing_of_it_is_seen(
    events: list[tuple[str, str, str, str]],
) -> None:
    rows = [row(at, who, theme, said, provision=where) for at, (who, theme, said, where) in enumerate(events)]
    own = {one.provision_id for one in live(rows) if one.reviewer == "bo" and one.verdict in ("yes", "no")}
    shown = visible("bo", "coder", rows, PROPOSED)
    assert {one.provision_id for one in shown if one.reviewer != "bo"} <= own
    assert [one for one in shown if one.reviewer == "bo"] == [one for one in rows if one.reviewer == "bo"]
    # What others do never changes what is shown of them to somebody who has decided nothing.
    assert visible("dan", "coder", rows, PROPOSED) == []
    decided = decided_by("bo", live(rows), PROPOSED)
    assert all(may_see("bo", "coder", one, decided) for one in shown)
