"""Several reviewers at once over HTTP, on both databases: no decision lost or doubled, also when the server is killed.

benchmarks/review.py is the same with fifty reviewers for a minute.
"""

from __future__ import annotations

import dataclasses
import uuid
from pathlib import Path

from made_up_project import decide, made_up_project
from review_load import Seen, add_reviewers, faults_of, load, server, write_run

from policy_scan.records import Decision
from policy_scan.review.store import Store

NAMES = ["ada", "bo", "cy"]
SECONDS = 1.0


def test_reviewers_at_once_lose_and_double_nothing_even_when_the_server_is_killed(
    tmp_path: Path, database: str
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    identifiers = write_run(folder, 60)
    add_reviewers(database, NAMES)
    with server(folder, database) as running:
        seen = load(running.url, NAMES, SECONDS, 0.05, identifiers[0])
        with Store.open(database) as store:
            trail, live = store.decisions(), store.live()
        assert not seen.errors and not seen.unanswered
        assert faults_of(trail, live, seen) == []
        assert {one.reviewer for one in trail} == {*NAMES} and len(seen.acknowledged) > 5
        # Two windows of one reviewer met on one item, and a reviewer beside them was not in their way.
        hammered = {one.reviewer for one in trail if one.provision_id == identifiers[0]}
        assert seen.n_conflicts and hammered >= {NAMES[0], NAMES[1]}

        killed = load(running.url, NAMES, 60, 0.02, identifiers[1], seed=2, after=(20, running.kill))
    assert any("no answer" in one for one in killed.errors) and len(killed.acknowledged) >= 20
    both = Seen(acknowledged=seen.acknowledged + killed.acknowledged, unanswered=killed.unanswered)
    with Store.open(database) as store:
        assert faults_of(store.decisions(), store.live(), both) == []


def test_faults_are_seen() -> None:
    """What the other test relies on: a lost, doubled or foreign row, and one that follows none, are told."""
    project = made_up_project(20)
    one = next(identifier for identifier, themes in project.assigned.items() if themes)
    theme = project.assigned[one][0]
    actions = [str(uuid.uuid4()) for _ in range(3)]
    trail: list[Decision] = []
    for action, verdict in zip(actions, ("yes", "no", "yes"), strict=True):
        name = str(uuid.uuid5(uuid.UUID(action), theme))
        before = trail[-1].decision_id if trail else ""
        trail.append(decide(project, one, theme, verdict, decision_id=name, replaces=before))
    live = trail[-1:]
    seen = Seen(acknowledged=[("ada", one, action, 1) for action in actions])
    assert faults_of(trail, live, seen) == []
    assert faults_of(trail[:2], trail[1:2], seen)
    assert faults_of([*trail, trail[-1]], live, seen)
    assert faults_of([*trail, dataclasses.replace(trail[-1], decision_id="foreign")], live, seen)
    assert all(faults_of(trail, wrong, seen) for wrong in ([], trail, trail[1:], live * 2))
    assert faults_of([*trail[:2], dataclasses.replace(trail[2], replaces=trail[0].decision_id)], live, seen)
    unanswered = Seen(acknowledged=seen.acknowledged[:2], unanswered={actions[2]})
    assert faults_of(trail, live, unanswered) == faults_of(trail[:2], trail[1:2], unanswered) == []
