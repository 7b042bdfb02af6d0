"""Precision and recall from random samples: known intervals, unbiased figures, what is missing is told."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_project import decide, made_up_project

from policy_scan.records import Decision
from policy_scan.review.project import Project
from policy_scan.review.queues import Filters, build_queue
from policy_scan.review.sampling import estimate, ratio_interval, wilson

PROJECT = made_up_project(600, per_document=20)


@pytest.mark.parametrize(("right", "n", "low", "high"), [
    (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718),
])  # fmt: skip
def test_wilsons_interval_as_published(right: int, n: int, low: float, high: float) -> None:
    """R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998),
    857-872, table I, method 3."""
    assert wilson(right / n, n) == pytest.approx((low, high), abs=5e-5)


def test_no_observation_says_nothing() -> None:
    assert wilson(0.0, 0) == (0.0, 1.0)


SIZES = st.floats(0.01, 1000)


@given(SIZES, SIZES, st.tuples(*[st.floats(0, 1)] * 4))
def test_a_ratios_interval_holds_the_ratio(a: float, b: float, widths: tuple[float, ...]) -> None:
    part = (a, a * (1 - widths[0]), a * (1 + widths[1]))
    whole = (b, b * (1 - widths[2]), b * (1 + widths[3]))
    low, high = ratio_interval(part, whole)
    assert low <= a / b * (1 + 1e-9) and high >= a / b * (1 - 1e-9)
    exact = ratio_interval((a, a, a), (b, b, b))
    assert exact == pytest.approx((a / b, a / b), rel=1e-6)
    assert math.isinf(ratio_interval(part, (b, 0.0, b))[1])


def judge_all(
    project: Project, rnd: random.Random, n_coded: int, n_uncoded: int, filters: Filters | None = None
) -> list[Decision]:
    """A reviewer who works through both samples: the truth is that a coding is right or not by a hash of its name, and
    that some provisions have a theme that the machine overlooked."""
    said = []
    chosen = filters or Filters()
    for name, most in (("random", n_coded), ("uncoded", n_uncoded)):
        for item in build_queue(project, name, "ada", (), filters=chosen)[:most]:  # type: ignore[arg-type]
            one = item.provision_id
            for theme in project.assigned[one]:
                said += [decide(project, one, theme, "yes" if truth(one, theme) else "no", origin=name)]
            added = [theme for theme in project.run.themes if overlooked(project, one, theme)]
            said += [decide(project, one, theme, origin=name) for theme in added]
            if not project.assigned[one] and not added:
                said.append(decide(project, one, "", "no", origin=name))
    rnd.shuffle(said)
    return said


def truth(one: str, theme: str) -> bool:
    return random.Random(one + theme).random() < (0.9 if int(one) % 3 else 0.5)


def overlooked(project: Project, one: str, theme: str) -> bool:
    return theme not in project.assigned[one] and random.Random("missed" + one + theme).random() < 0.01


def facts(project: Project) -> tuple[float, float]:
    """True precision and recall over all themes."""
    pairs = [(one, theme) for one in project.provisions for theme in project.run.themes]
    right = sum(theme in project.assigned[one] and truth(one, theme) for one, theme in pairs)
    n = sum(len(themes) for themes in project.assigned.values())
    return right / n, right / (right + sum(overlooked(project, *pair) for pair in pairs))


def test_deciding_all_gives_the_truth_without_an_interval() -> None:
    precision, recall = facts(PROJECT)
    found = estimate(PROJECT, judge_all(PROJECT, random.Random(1), 10_000, 10_000)).overall
    assert found.precision.value == pytest.approx(precision) and found.recall.value == pytest.approx(recall)
    assert found.precision.low == found.precision.high == pytest.approx(precision)
    assert found.recall.low == pytest.approx(recall) == found.recall.high
    assert found.precision.n_missing == found.precision.n_not_sampled == 0
    assert found.recall.n == len(PROJECT.provisions)


def test_samples_find_the_truth_within_their_intervals() -> None:
    """Twenty samples of 80 and 120: nearly all intervals hold the truth, and the mean lies near it."""
    precision, recall = facts(PROJECT)
    held, values = 0, []
    for seed in range(20):
        said = []
        for name, n in (("random", 80), ("uncoded", 120)):
            queue = build_queue(PROJECT, name, "ada", (), seed=seed)[:n]  # type: ignore[arg-type]
            kept = {one.provision_id for one in queue}
            said += [one for one in ALL if one.provision_id in kept]
        found = estimate(PROJECT, said, seed).overall
        for share, fact in ((found.precision, precision), (found.recall, recall)):
            assert share.low is not None and share.high is not None and share.value is not None
            held += share.low <= fact <= share.high
        values.append((found.precision.value or 0, found.recall.value or 0))
    assert held >= 36
    means = [sum(one) / len(values) for one in zip(*values, strict=True)]
    assert means == pytest.approx([precision, recall], abs=0.03)


ALL = judge_all(PROJECT, random.Random(1), 10_000, 10_000)


def test_a_theme_has_figures_of_its_own() -> None:
    said = judge_all(PROJECT, random.Random(1), 10_000, 10_000)
    for found in estimate(PROJECT, said).themes:
        pairs = [(one, found.theme) for one, themes in PROJECT.assigned.items() if found.theme in themes]
        right = sum(truth(*pair) for pair in pairs)
        missed = sum(overlooked(PROJECT, one, found.theme) for one in PROJECT.provisions)
        assert found.n_found == missed and found.precision.n == len(pairs)
        assert found.precision.value == pytest.approx(right / len(pairs))
        assert found.recall.value == pytest.approx(right / (right + missed))


def test_what_another_queue_showed_does_not_make_a_sample() -> None:
    """Easy items decided first elsewhere are no random sample; within one they count, whichever queue showed them."""
    said = [decide(PROJECT, one.provision_id, one.theme) for one in build_queue(PROJECT, "theme", "ada", ())[:50]]
    found = estimate(PROJECT, said)
    assert (found.n_coded_sample, found.overall.precision.value, found.overall.recall.value) == (0, None, None)
    assert found.overall.precision.n_not_sampled == sum(len(themes) for themes in PROJECT.assigned.values())

    first, *rest = build_queue(PROJECT, "random", "ada", (), filters=Filters(country="FR"))[:10]
    by_cell = [decide(PROJECT, first.provision_id, theme, "no") for theme in PROJECT.assigned[first.provision_id]]
    drawn = [
        decide(PROJECT, one.provision_id, theme, origin="random")
        for one in rest
        for theme in PROJECT.assigned[one.provision_id]
    ]
    share = estimate(PROJECT, [*by_cell, *drawn]).overall.precision
    assert share.n == len(by_cell) + len(drawn) and share.value == pytest.approx(len(drawn) / share.n)


def test_a_sample_of_one_country_speaks_of_that_country_alone() -> None:
    said = judge_all(PROJECT, random.Random(1), 10_000, 10_000, Filters(country="LU"))
    found = estimate(PROJECT, said).overall
    inside = [one for one in PROJECT.provisions if PROJECT.provisions[one].jurisdiction == "LU"]
    codings = [(one, theme) for one in inside for theme in PROJECT.assigned[one]]
    assert found.precision.n_population == len(codings)
    assert found.precision.value == pytest.approx(sum(truth(*pair) for pair in codings) / len(codings))
    assert found.recall.n_population == len(inside)
    assert found.precision.n_not_sampled == sum(len(themes) for themes in PROJECT.assigned.values()) - len(codings)


def test_undecided_skipped_and_disputed_items_are_missing_not_wrong() -> None:
    items = build_queue(PROJECT, "random", "ada", (), filters=Filters(country="GR"))[:20]
    said = [
        decide(PROJECT, one.provision_id, theme, origin="random")
        for one in items
        for theme in PROJECT.assigned[one.provision_id]
    ]
    whole = estimate(PROJECT, said).overall.precision
    assert whole.value == 1.0 and whole.low is not None and whole.low < 1.0 and not whole.is_doubtful
    disputed = decide(PROJECT, items[0].provision_id, items[0].theme, "no", reviewer="bo")
    skipped = [one for one in said if one.provision_id != items[1].provision_id]
    skipped.append(decide(PROJECT, items[1].provision_id, "", "skip", origin="random"))
    found = estimate(PROJECT, [*skipped, disputed]).overall.precision
    assert found.value == 1.0 and found.n + found.n_missing == whole.n
    assert found.n_missing == 1 + len(PROJECT.assigned[items[1].provision_id])
    adjudicated = decide(PROJECT, items[0].provision_id, items[0].theme, "no", reviewer="dee", role="adjudicator")
    settled = estimate(PROJECT, [*said, disputed, adjudicated]).overall.precision
    assert settled.n == whole.n and settled.value is not None and settled.value < 1.0
    sparse = [one for one in said if one.provision_id in {items[0].provision_id, items[-1].provision_id}]
    assert estimate(PROJECT, sparse).overall.precision.is_doubtful


def test_recall_needs_both_samples() -> None:
    only_coded = judge_all(PROJECT, random.Random(1), 50, 0)
    assert estimate(PROJECT, only_coded).overall.recall.value is None
    assert estimate(PROJECT, only_coded).overall.precision.value is not None
