"""Agreement between coders: known examples of the literature, properties, and what counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_project import decide, made_up_project

from policy_scan.decisions import disputed_pairs
from policy_scan.records import Decision
from policy_scan.review.agreement import (
    Unit,
    agreement,
    cohen_kappa,
    krippendorff_alpha,
    measure,
    observed_agreement,
    positive_agreement,
)
from policy_scan.review.judgements import disagreements
from policy_scan.review.progress import progress, settled_now

PROJECT = made_up_project()
CODED = [one for one, themes in PROJECT.assigned.items() if themes]


def pairs_of(table: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """The two coders' categories that a table of counts (rows: the first coder) stands for."""
    return [(a, b) for a, row in enumerate(table) for b, n in enumerate(row) for _ in range(n)]


# Known examples. The expected value is worked out in the comment, not taken from the program.


def test_cohens_own_example() -> None:
    """J. Cohen (1960), table 1, of 200 cases; also in Fleiss, Cohen and Everitt (1969): kappa = .492.

    Rows sum to 120, 60, 20; columns to 100, 60, 40.
    observed = (88 + 40 + 12) / 200 = .70; expected = .60 x .50 + .30 x .30 + .10 x .20 = .41;
    kappa = (.70 - .41) / (1 - .41) = .29 / .59 = .49153.
    """
    assert cohen_kappa(pairs_of([[88, 14, 18], [10, 40, 10], [2, 6, 12]])) == pytest.approx(0.29 / 0.59, abs=5e-5)


def test_fleiss_example() -> None:
    """J. L. Fleiss, Statistical Methods for Rates and Proportions (2nd ed., 1981), chapter 13, table 13.1: two raters
    diagnose 100 patients (psychosis, neurosis, organic disorder): kappa = .68.

    observed = (75 + 4 + 10) / 100 = .89; rows .80 .10 .10, columns .80 .05 .15;
    expected = .64 + .005 + .015 = .66; kappa = .23 / .34 = .67647.
    """
    assert cohen_kappa(pairs_of([[75, 1, 4], [5, 4, 1], [0, 0, 10]])) == pytest.approx(0.23 / 0.34, abs=5e-5)


@pytest.mark.parametrize(("table", "kappa", "positive"), [
    # expected = .49 x .46 + .51 x .54 = .5008; kappa = (.85 - .5008) / .4992; positive = 80 / (49 + 46)
    ([[45, 6], [9, 40]], 0.3492 / 0.4992, 80 / 95),
    # expected = .90 x .85 + .10 x .15 = .78; kappa = .07 / .22; positive = 160 / (90 + 85)
    ([[5, 5], [10, 80]], 0.07 / 0.22, 160 / 175),
])  # fmt: skip
def test_high_agreement_and_low_kappa(table: list[list[int]], kappa: float, positive: float) -> None:
    """A. R. Feinstein and D. V. Cicchetti, High agreement but low kappa: I, Journal of Clinical Epidemiology 43 (1990),
    543-549: two tables of 100 with observed agreement .85 and kappas .70 and .32; positive agreement .84 and .91 in
    part II. Rows and columns here: no, yes.
    """
    counts = np.array(table, dtype=float)
    assert float(observed_agreement(counts)) == pytest.approx(0.85)
    assert cohen_kappa(pairs_of(table)) == pytest.approx(kappa, abs=5e-5)
    assert float(positive_agreement(counts)) == pytest.approx(positive, abs=5e-5)


N = None
KRIPPENDORFF_A = [[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]]
KRIPPENDORFF_B = [list("aabbdcccedda"), list("babbbccceddd")]
KRIPPENDORFF_C = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
    [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
]


@pytest.mark.parametrize(("coders", "alpha"), [
    # n = 20 values, 14 of 0 and 6 of 1; four units differ, so o01 = 4: 1 - 19 x 4 / (14 x 6) = 1 - 76 / 84
    (KRIPPENDORFF_A, 1 - 76 / 84),
    # 24 values: a 4, b 6, c 6, d 6, e 2; nine units agree, so the diagonal holds 18; the sum of n(n - 1) is 104:
    # (23 x 18 - 104) / (24 x 23 - 104) = 310 / 448
    (KRIPPENDORFF_B, 310 / 448),
    # 40 pairable values (unit 12 has one only): 9, 13, 10, 5, 3, whose sum of n(n - 1) is 72 + 156 + 90 + 20 + 6 = 344;
    # diagonal 7 + 10 + 8 + 4 + 3 = 32: (39 x 32 - 344) / (40 x 39 - 344) = 904 / 1216
    (KRIPPENDORFF_C, 904 / 1216),
])  # fmt: skip
def test_krippendorffs_own_examples(coders: list[list[object]], alpha: float) -> None:
    """K. Krippendorff, Computing Krippendorff's alpha-reliability (2011): A. binary, two observers, no missing data:
    .095; B. nominal, two observers: .692; C. nominal, any number of observers, missing data: .743."""
    found = krippendorff_alpha(list(zip(*coders, strict=True)))
    assert found == pytest.approx(alpha, abs=5e-5)
    assert round(alpha, 3) in (0.095, 0.692, 0.743)


# Properties

ITEMS = st.lists(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=3, max_size=3), min_size=2, max_size=30)


@given(st.lists(st.sampled_from("abc"), min_size=2, max_size=30), st.integers(2, 4))
def test_perfect_agreement_is_one_or_undefined(values: list[str], n_coders: int) -> None:
    """Where coders always agree and categories vary, all coefficients are 1; where one category alone occurs, kappa and
    alpha can't tell agreement from chance."""
    expected = 1.0 if len({*values}) > 1 else None
    assert krippendorff_alpha([[value] * n_coders for value in values]) == expected
    assert cohen_kappa([(value, value) for value in values]) == expected


@given(ITEMS, st.permutations([0, 1, 2]))
def test_the_order_of_coders_does_not_matter(items: list[list[str | None]], order: list[int]) -> None:
    assert krippendorff_alpha(items) == krippendorff_alpha([[item[at] for at in order] for item in items])
    both = [(item[0], item[1]) for item in items if item[0] and item[1]]
    assert cohen_kappa(both) == cohen_kappa([(b, a) for a, b in both])


@given(ITEMS, ITEMS)
def test_missing_verdicts_and_items_of_one_coder_change_nothing(
    items: list[list[str | None]], more: list[list[str | None]]
) -> None:
    alone = [[value, None, None] for value, *_ in more]
    assert krippendorff_alpha(items) == krippendorff_alpha([*items, *alone])
    wider = [[*item, None] for item in items]
    assert krippendorff_alpha(items) == krippendorff_alpha(wider)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(["no", "yes"]), st.sampled_from(["no", "yes"])), min_size=2))
def test_alpha_of_two_coders_is_kappa_but_for_small_samples(both: list[tuple[str, str]]) -> None:
    """For two coders alpha = 1 - (1 - 1/n) (1 - pi), n values, Scott's pi (Krippendorff 2011)."""
    values = [value for pair in both for value in pair]
    n, share = len(values), values.count("yes") / len(values)
    expected = share**2 + (1 - share) ** 2
    alpha = krippendorff_alpha(both)
    if share in (0, 1):
        assert alpha is None
    else:
        pi = (sum(a == b for a, b in both) / len(both) - expected) / (1 - expected)
        assert alpha == pytest.approx(1 - (1 - 1 / n) * (1 - pi), abs=1e-4)


def test_intervals_hold_the_value_and_depend_on_the_documents() -> None:
    rnd = np.random.default_rng(1)
    units = []
    for at in range(300):
        first = "yes" if rnd.random() < 0.5 else "no"
        other = first if rnd.random() < 0.85 else "yes"
        units.append(Unit(f"doc{at % 30}", {"ada": first, "bo": other}))
    found = measure("", units, ("no", "yes"))
    for one in (found.observed, found.kappa, found.alpha, found.positive):
        assert one.value is not None and one.low is not None and one.high is not None
        assert one.low < one.value < one.high and one.high - one.low < 0.3
    assert found == measure("", units, ("no", "yes"))
    together = measure("", [Unit("one", unit.values) for unit in units], ("no", "yes"))
    assert (together.kappa.value, together.kappa.low) == (found.kappa.value, None) and together.n_documents == 1
    few = measure("", [Unit(f"doc{at // 100}", unit.values) for at, unit in enumerate(units)], ("no", "yes"))
    assert few.n_documents == 3


def test_the_kappa_of_several_coders_is_the_mean_over_their_pairs() -> None:
    """ada and bo share 200 items as in Cohen's table; ada and cy agree always on 100 others: (200 k + 100) / 300."""
    names = ("x", "y", "z")
    units = [
        Unit("one", {"ada": names[a], "bo": names[b]}) for a, b in pairs_of([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
    ]
    units += [Unit("two", {"ada": names[at % 2], "cy": names[at % 2]}) for at in range(100)]
    found = measure("", units, names)
    assert found.kappa.value == pytest.approx((200 * 0.29 / 0.59 + 100) / 300, abs=5e-5)
    assert [(one.coders, one.n, one.kappa) for one in found.pairs] == [
        (("ada", "bo"), 200, 0.4915), (("ada", "cy"), 100, 1.0),
    ]  # fmt: skip


# What counts


def test_only_what_both_coded_counts() -> None:
    one, other, third = CODED[:3]
    theme = PROJECT.assigned[one][0]
    trail = [
        decide(PROJECT, one, theme), decide(PROJECT, one, theme, "no", reviewer="bo"),
        decide(PROJECT, other, theme), decide(PROJECT, third, theme, "no", reviewer="bo"),
        decide(PROJECT, third, theme, "skip"), decide(PROJECT, other, theme, reviewer="dee", role="adjudicator"),
    ]  # fmt: skip
    found = agreement(trail, PROJECT)
    assert [(item.theme, item.n, item.observed.value) for item in found.themes] == [(theme, 1, 0.0)]
    assert found.overall.n == 1 and found.overall.coders == ("ada", "bo")
    assert agreement(trail[:1], PROJECT).overall.n == 0 and agreement([], PROJECT).overall.alpha.value is None


def test_that_nothing_fits_is_a_no_on_each_theme_proposed_or_added() -> None:
    one = next(identifier for identifier in CODED if len(PROJECT.assigned[identifier]) == 2)
    first, second = PROJECT.assigned[one]
    added = next(theme for theme in PROJECT.run.themes if theme not in (first, second))
    trail = [
        decide(PROJECT, one, "", "no"),
        decide(PROJECT, one, first, reviewer="bo"), decide(PROJECT, one, second, "no", reviewer="bo"),
        decide(PROJECT, one, added, reviewer="bo"),
    ]  # fmt: skip
    found = {item.theme: item.observed.value for item in agreement(trail, PROJECT).themes}
    assert found == {first: 0.0, second: 1.0, added: 0.0}
    assert {one.theme for one in disagreements(trail, PROJECT)} == {first, added}


def test_what_coders_change_after_the_other_spoke_does_not_count_as_blind() -> None:
    one = CODED[0]
    theme = PROJECT.assigned[one][0]
    first, other = decide(PROJECT, one, theme), decide(PROJECT, one, theme, "no", reviewer="bo")
    changed = decide(PROJECT, one, theme, "no", replaces=first.decision_id, at="2026-03-02T10:00:00+00:00")
    assert agreement([first, other, changed], PROJECT).overall.observed.value == 0.0
    assert agreement([first, changed, other], PROJECT).overall.observed.value == 1.0


def test_what_a_coder_takes_back_or_skips_before_the_other_speaks_is_no_verdict() -> None:
    one = CODED[0]
    theme = PROJECT.assigned[one][0]
    mine, theirs = decide(PROJECT, one, theme), decide(PROJECT, one, theme, "no", reviewer="bo")
    for verdict in ("withdrawn", "skip"):
        undone = decide(PROJECT, one, theme, verdict, replaces=mine.decision_id)
        assert agreement([mine, undone, theirs], PROJECT).overall.n == 0
        assert agreement([mine, theirs, undone], PROJECT).overall.n == 1


def test_whoever_rejected_a_provision_may_have_seen_what_others_added() -> None:
    one = CODED[0]
    added = next(theme for theme in PROJECT.run.themes if theme not in PROJECT.assigned[one])
    rejected, theirs = decide(PROJECT, one, "", "no"), decide(PROJECT, one, added, reviewer="bo")
    followed = decide(PROJECT, one, added)
    found = {item.theme: item.observed.value for item in agreement([rejected, theirs, followed], PROJECT).themes}
    assert found[added] == 0.0
    first = {item.theme: item.observed.value for item in agreement([theirs, followed], PROJECT).themes}
    assert first == {added: 1.0}


def test_forces_are_compared_where_all_accept() -> None:
    one, other = (identifier for identifier in CODED[:2])
    theme = PROJECT.assigned[one][0]
    machine = PROJECT.codings[one][theme].force
    trail: list[Decision] = []
    for identifier, mine, theirs in ((one, "", machine), (other, "right", "prohibition")):
        trail += [decide(PROJECT, identifier, theme, force=mine)]
        trail += [decide(PROJECT, identifier, theme, force=theirs, reviewer="bo")]
    found = agreement(trail, PROJECT).force
    assert (found.n, found.observed.value, found.positive.value) == (2, 0.5, None)
    assert [(one.provision_id, one.kind) for one in disagreements(trail, PROJECT)] == [(other, "force")]


@given(
    st.lists(
        st.tuples(st.sampled_from(["ada", "bo", "cy"]), st.integers(0, 2), st.sampled_from(["yes", "no", "skip"])),
        unique_by=lambda said: said[:2], max_size=9,
    )
)  # fmt: skip
def test_what_is_listed_as_a_disagreement_is_what_the_table_calls_disputed(said: list[tuple[str, int, str]]) -> None:
    themes = ["", *PROJECT.run.themes[:2]]
    live = [
        decide(PROJECT, CODED[0], themes[which], verdict if which or verdict != "yes" else "no", reviewer=reviewer)
        for reviewer, which, verdict in said
    ]
    listed = {(one.provision_id, one.theme) for one in disagreements(live, PROJECT) if one.kind == "verdict"}
    assert listed == disputed_pairs(settled_now(PROJECT, live))


# Progress


def test_progress_per_reviewer() -> None:
    one, other = CODED[:2]
    theme = PROJECT.assigned[one][0]
    live = [
        decide(PROJECT, one, theme), decide(PROJECT, other, "", "no", at="2026-03-05T10:00:00+00:00"),
        decide(PROJECT, CODED[3], "", "skip"), decide(PROJECT, one, "", "yes", note="A remark."),
        decide(PROJECT, one, next(t for t in PROJECT.run.themes if t not in PROJECT.assigned[one])),
    ]  # fmt: skip
    assigned = {one: {"ada"}, CODED[5]: {"ada", "bo"}}
    ada, bo = progress(PROJECT, live, assigned).reviewers
    assert (ada.reviewer, ada.n_provisions, ada.n_accepted, ada.n_rejected, ada.n_added) == ("ada", 2, 2, 1, 1)
    assert (ada.n_skipped, ada.n_given, ada.n_given_done, ada.last) == (1, 2, 1, "2026-03-05T10:00:00+00:00")
    assert (bo.reviewer, bo.n_provisions, bo.n_given, bo.last) == ("bo", 0, 1, "")


def test_progress_per_cell() -> None:
    cell = next(one for one in PROJECT.cells if len(one.evidence) > 2)
    first, second, third = cell.evidence[:3]
    live = [
        decide(PROJECT, first, cell.theme), decide(PROJECT, second, "", "no"), decide(PROJECT, third, cell.theme),
        decide(PROJECT, third, cell.theme, "no", reviewer="bo"),
    ]  # fmt: skip
    key = (cell.theme, cell.jurisdiction)
    found = {(one.theme, one.jurisdiction): one for one in progress(PROJECT, live).cells}
    one = found[key]
    assert (one.n_evidence, one.n_reviewed, one.n_accepted, one.n_disputed) == (len(cell.evidence), 2, 1, 1)
    assert one.is_head_reviewed and one.status == cell.status
    assert not any(
        other.is_head_reviewed for at, other in found.items() if at[0] != cell.theme and not other.n_reviewed
    )
    assert len(found) == len(PROJECT.cells)
