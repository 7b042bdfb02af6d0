"""How far coders who decided blind agree: per theme, overall, and about the force, with n and intervals.

Only what two coders or more decided counts; a missing verdict is missing, never a 'no'. All coefficients are made of
sums over items, so that resampling documents (bootstrap, 95 %, percentiles) is one product of matrices.

- observed: share of pairs of verdicts on one item that are the same.
- kappa: J. Cohen, A coefficient of agreement for nominal scales, Educational and Psychological Measurement 20 (1960),
  37-46; of several pairs of coders the mean, weighted by their items.
- alpha: K. Krippendorff, Computing Krippendorff's alpha-reliability (2011), nominal, any number of coders.
- positive: D. V. Cicchetti and A. R. Feinstein, High agreement but low kappa: II, Journal of Clinical Epidemiology 43
  (1990), 551-558: of the verdicts 'yes' in all pairs, the share that the other coder shares.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from ..records import FORCES, Decision
from .judgements import judgements
from .project import Project
from .visibility import taken_blind

Doubles = npt.NDArray[np.float64]
REPLICATES = 1000
SEED = 20261125
LEAST_DOCUMENTS = 2
"""Fewer documents have no interval: resampling one says nothing."""
VERDICTS = ("no", "yes")


@dataclass(frozen=True, slots=True)
class Measure:
    """A coefficient and its 95 % interval; None where it is undefined (nothing coded twice, or no variation)."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two coders on what both decided."""

    coders: tuple[str, str]
    n: int
    observed: float | None
    kappa: float | None


@dataclass(frozen=True, slots=True)
class ItemAgreement:
    """Agreement on one theme, on all themes together (theme ''), or on the force of what coders accept."""

    theme: str
    n: int
    """Items (a theme of a provision) that two coders or more decided."""
    n_documents: int
    coders: tuple[str, ...]
    observed: Measure
    kappa: Measure
    alpha: Measure
    positive: Measure
    """Of 'yes'; undefined for the force."""
    pairs: tuple[PairAgreement, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    overall: ItemAgreement
    themes: tuple[ItemAgreement, ...]
    """Of the run's themes that two coders or more decided on at least one provision, in the codebook's order."""
    force: ItemAgreement
    """Among items that all who decided accept."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One item: the document it is from, and coder -> category."""

    group: str
    values: Mapping[str, str]


def agreement(trail: Sequence[Decision], project: Project) -> Agreement:
    """Measure agreement between coders. `trail`: all decisions on this run, oldest first (Project.current); of each
    coder the verdict taken blind counts (visibility.taken_blind), adjudicators' rows don't.
    """
    by_theme: dict[str, list[Unit]] = {theme: [] for theme in project.run.themes}
    forces: list[Unit] = []
    for (identifier, theme), said in judgements(taken_blind(trail), project).items():
        group = project.provisions[identifier].doc_id
        by_theme.setdefault(theme, []).append(Unit(group, {who: one.verdict for who, one in said.items()}))
        if all(one.verdict == "yes" and one.force for one in said.values()):
            forces.append(Unit(group, {who: one.force for who, one in said.items()}))
    measured = [measure(theme, units, VERDICTS) for theme, units in by_theme.items()]
    return Agreement(
        overall=measure("", [unit for units in by_theme.values() for unit in units], VERDICTS),
        themes=tuple(one for one in measured if one.n),
        force=measure("", forces, FORCES),
    )


def measure(theme: str, units: Sequence[Unit], categories: Sequence[str]) -> ItemAgreement:
    """All coefficients over items; those with fewer than two coders are left out."""
    shared = [unit for unit in units if len(unit.values) > 1]
    coders = sorted({coder for unit in shared for coder in unit.values})
    groups = sorted({unit.group for unit in shared})
    place = {group: at for at, group in enumerate(groups)}
    of_category = {category: at for at, category in enumerate(categories)}
    pairs = list(combinations(coders, 2))
    of_pair = {pair: at for at, pair in enumerate(pairs)}
    size = (len(groups), len(categories), len(categories))
    coincidences, compared = np.zeros(size), np.zeros(size)
    tables = np.zeros((size[0], len(pairs), *size[1:]))
    for unit in shared:
        at = place[unit.group]
        values = sorted((coder, of_category[category]) for coder, category in unit.values.items())
        for (a, x), (b, y) in combinations(values, 2):
            tables[at, of_pair[a, b], x, y] += 1
            for i, j in ((x, y), (y, x)):
                compared[at, i, j] += 1
                coincidences[at, i, j] += 1 / (len(values) - 1)
    weights = _resamples(len(groups)) if len(groups) >= LEAST_DOCUMENTS else np.zeros((0, len(groups)))

    def measured(statistic: Callable[[Doubles], Doubles], counts: Doubles) -> Measure:
        value = float(statistic(counts.sum(axis=0)))
        return Measure(_number(value), *_interval(statistic(np.tensordot(weights, counts, axes=1))))

    sums = tables.sum(axis=0)
    return ItemAgreement(
        theme=theme,
        n=len(shared),
        n_documents=len(groups),
        coders=tuple(coders),
        observed=measured(observed_agreement, compared),
        kappa=measured(_mean_kappa, tables),
        alpha=measured(alpha_of, coincidences),
        positive=measured(positive_agreement, compared) if categories == VERDICTS else Measure(None, None, None),
        pairs=tuple(
            PairAgreement(
                pair,
                int(sums[at].sum()),
                _number(float(observed_agreement(sums[at]))),
                _number(float(kappa_of(sums[at]))),
            )
            for pair, at in of_pair.items()
            if sums[at].sum()
        ),
    )


def _resamples(n: int) -> Doubles:
    """How often each of n documents stands in each bootstrap sample: replicates by documents."""
    return np.random.default_rng(SEED).multinomial(n, np.full(n, 1 / n), size=REPLICATES).astype(np.float64)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 4)


def _interval(values: Doubles) -> tuple[float | None, float | None]:
    known = values[~np.isnan(values)]
    if not len(known):
        return None, None
    low, high = np.quantile(known, (0.025, 0.975))
    return round(float(low), 4), round(float(high), 4)


def _divide(part: Doubles, whole: Doubles) -> Doubles:
    """The quotient; NaN where the whole is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(np.abs(whole) > 1e-12, part / whole, np.nan)


def _diagonal(tables: Doubles) -> Doubles:
    return np.asarray(np.trace(tables, axis1=-2, axis2=-1), dtype=np.float64)


def observed_agreement(tables: Doubles) -> Doubles:
    """Share of counts on the diagonal. `tables`: (..., categories, categories); so below."""
    return _divide(_diagonal(tables), tables.sum(axis=(-2, -1)))


def kappa_of(tables: Doubles) -> Doubles:
    """Cohen's kappa of tables of two coders' counts; NaN where chance alone would make them agree always."""
    n = tables.sum(axis=(-2, -1))
    expected = _divide((tables.sum(axis=-1) * tables.sum(axis=-2)).sum(axis=-1), n * n)
    return _divide(observed_agreement(tables) - expected, 1 - expected)


def _mean_kappa(tables: Doubles) -> Doubles:
    """Of (..., pairs, categories, categories): the pairs' kappas, weighted by their counts; NaN ones left out."""
    kappas = kappa_of(tables)
    n = np.where(np.isnan(kappas), 0.0, tables.sum(axis=(-2, -1)))
    return _divide((np.nan_to_num(kappas) * n).sum(axis=-1), n.sum(axis=-1))


def alpha_of(coincidences: Doubles) -> Doubles:
    """Krippendorff's nominal alpha of coincidence matrices; NaN where only one category occurs."""
    totals = coincidences.sum(axis=-1)
    n = totals.sum(axis=-1)
    expected = n * n - (totals * totals).sum(axis=-1)
    return 1 - _divide((n - 1) * (n - _diagonal(coincidences)), expected)


def positive_agreement(tables: Doubles) -> Doubles:
    """Of tables over (no, yes): 2a / (2a + b + c), a both yes, b and c one of them."""
    return _divide(2 * tables[..., 1, 1], tables[..., 1, :].sum(axis=-1) + tables[..., :, 1].sum(axis=-1))


def cohen_kappa(pairs: Sequence[tuple[Hashable, Hashable]]) -> float | None:
    """Cohen's kappa of two coders' categories, item by item; None where it is undefined."""
    units = [Unit(str(at), {"a": repr(one), "b": repr(other)}) for at, (one, other) in enumerate(pairs)]
    return _of_units(units).kappa.value


def krippendorff_alpha(items: Sequence[Sequence[Hashable | None]]) -> float | None:
    """Krippendorff's nominal alpha: for each item the coders' categories, None = missing; None where undefined."""
    units = [
        Unit(str(at), {str(coder): repr(value) for coder, value in enumerate(values) if value is not None})
        for at, values in enumerate(items)
    ]
    return _of_units(units).alpha.value


def _of_units(units: Sequence[Unit]) -> ItemAgreement:
    categories = sorted({value for unit in units for value in unit.values.values()})
    return measure("", units, categories)
