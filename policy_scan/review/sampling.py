"""Precision and recall of the machine's themes in a run, estimated from what reviewers decided of random samples.

Two queues draw at random: 'random' from the provisions with a theme, 'uncoded' from those without. The sample of a
country is the beginning of its list, up to the last provision that was decided when its queue showed it; within it
every settled verdict counts, whichever queue it came by, and what isn't settled is told as missing. So a queue narrowed
to one country still gives an unbiased figure for that country, and countries are weighted by their size.

- Precision of a theme: of the codings assigned, the share that reviewers accept.
- Recall: right codings against right ones and overlooked ones; the overlooked are those that reviewers added to sampled
  provisions without a theme, and to sampled provisions that had other themes only.

Intervals (95 %): E. B. Wilson's score interval (Journal of the American Statistical Association 22 (1927), 209-212)
with Kish's effective size for the weights (L. Kish, Survey Sampling, 1965), cut to what the decided units leave
possible (all decided: no interval is left); sums and ratios by MOVER (G. Y. Zou and A. Donner, Statistics in Medicine
27 (2008), 1693-1702; A. Donner and G. Y. Zou, Statistical Methods in Medical Research 21 (2012), 347-359).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ..decisions import Settled
from ..records import Decision
from .progress import settled_now
from .project import Project
from .queues import SEED, sample_coded, sample_uncoded

Z = 1.959964
"""97.5 % quantile of the normal distribution."""
MOST_MISSING = 0.1
"""With a larger share of the sample undecided, a figure can't be trusted."""
Verdict = Literal["yes", "no", ""]
Ratio = tuple[float, float, float]
"""A value and its interval."""


@dataclass(frozen=True, slots=True)
class Share:
    """An estimated share with what it rests on."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    """Decided codings or provisions of the sample."""
    n_missing: int
    """In the sample, but not settled: open, skipped or disputed."""
    n_population: int
    """What it speaks of: all that lies in countries with a sample."""
    n_not_sampled: int
    """What lies in countries without one: nothing is said of them."""

    @property
    def is_doubtful(self) -> bool:
        return self.n_missing > MOST_MISSING * (self.n + self.n_missing)


@dataclass(frozen=True, slots=True)
class ThemeEstimate:
    theme: str
    """'' = all themes together."""
    precision: Share
    recall: Share
    """`n`: decided provisions of both samples."""
    n_found: int
    """Overlooked codings that reviewers added in the samples."""


@dataclass(frozen=True, slots=True)
class Estimates:
    themes: tuple[ThemeEstimate, ...]
    overall: ThemeEstimate
    n_coded_sample: int
    n_uncoded_sample: int
    """Provisions in the samples."""


def wilson(share: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share seen in `n` units; (0, 1) where n is 0."""
    if n <= 0:
        return 0.0, 1.0
    middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def ratio_interval(part: Ratio, whole: Ratio) -> tuple[float, float]:
    """MOVER interval of part / whole, independent and neither negative; the upper end is infinite where the whole may
    be 0."""
    (a, a_low, a_high), (b, b_low, b_high) = part, whole
    product = a * b

    def end(sign: int, of_part: float, of_whole: float) -> float:
        below = of_whole * (2 * b - of_whole)
        if below <= 0:
            return math.inf
        root = max(0.0, product * product - of_part * (2 * a - of_part) * below)
        return (product + sign * math.sqrt(root)) / below

    low = 0.0 if b_high <= 0 else end(-1, a_low, b_high)
    return max(0.0, low if math.isfinite(low) else 0.0), end(1, a_high, b_low)


@dataclass(frozen=True, slots=True)
class _Units:
    """What one share is estimated from: per country its size in the run, and the sampled verdicts."""

    sizes: Mapping[str, int]
    sampled: Mapping[str, Sequence[Verdict]]
    """'' = missing."""
    clusters: float = 1.0
    """How many units count as one when the interval is made, since those of one provision go together."""

    def covers(self, country: str) -> bool:
        return not self.sizes.get(country) or any(self.sampled.get(country, ()))

    def share(self, countries: Sequence[str]) -> Share:
        """The share of 'yes' over the countries with a sample among those given."""
        rows = [(self.sizes[one], [v for v in self.sampled[one] if v]) for one in countries if self.sizes.get(one)]
        population = sum(size for size, _ in rows)
        n = sum(len(decided) for _, decided in rows)
        n_missing = sum(v == "" for one in countries for v in self.sampled.get(one, ()))
        n_not_sampled = sum(self.sizes.values()) - population
        if not n:
            return Share(None, None, None, 0, n_missing, population, n_not_sampled)
        value = sum(size * decided.count("yes") / len(decided) for size, decided in rows) / population
        squares = sum(size * size / len(decided) for size, decided in rows)
        effective = population * population / squares
        low, high = wilson(value, effective / self.clusters)
        n_right = sum(decided.count("yes") for _, decided in rows)
        low, high = max(low, n_right / population), min(high, (n_right + population - n) / population)
        return Share(value, low, high, n, n_missing, population, n_not_sampled)

    def total(self, countries: Sequence[str]) -> Ratio:
        """How many 'yes' there are among all units of the countries; 0 for certain where there are no units."""
        share = self.share(countries)
        if share.value is None or share.low is None or share.high is None:
            return 0.0, 0.0, float(share.n_population)
        n = share.n_population
        return share.value * n, share.low * n, share.high * n


@dataclass(frozen=True, slots=True)
class _Samples:
    project: Project
    settled: Mapping[tuple[str, str], Settled]
    countries: tuple[str, ...]
    coded: Mapping[str, tuple[Sequence[str], Sequence[str]]]
    """country -> provisions with a theme, in random order, and those of them that are sampled."""
    uncoded: Mapping[str, tuple[Sequence[str], Sequence[str]]]

    def verdict(self, identifier: str, theme: str) -> Verdict:
        own = self.settled.get((identifier, theme))
        if own is None:
            own = self.settled.get((identifier, ""))
            return "no" if own is not None and own.verdict == "no" else ""
        return "" if own.verdict == "disputed" else own.verdict

    def overlooked(self, identifier: str, theme: str) -> Verdict:
        """Whether a theme that the machine didn't assign is there: no where all that it assigned is settled and nobody
        added it, or where the provision without a theme has a settled word."""
        own = self.settled.get((identifier, theme))
        if own is not None:
            return "" if own.verdict == "disputed" else own.verdict
        assigned = self.project.assigned[identifier]
        if assigned:
            return "no" if all(self.verdict(identifier, one) for one in assigned) else ""
        whole = self.settled.get((identifier, ""))
        found = any(self.verdict(identifier, one) for one in self.project.run.themes)
        return "no" if found or (whole is not None and whole.verdict == "no") else ""

    def assigned_units(self, themes: Sequence[str]) -> _Units:
        """The codings of these themes."""

        def codings(identifiers: Sequence[str]) -> list[tuple[str, str]]:
            return [(one, theme) for one in identifiers for theme in self.project.assigned[one] if theme in themes]

        sizes = {country: len(codings(listed)) for country, (listed, _) in self.coded.items()}
        n_provisions = sum(
            any(theme in themes for theme in self.project.assigned[one])
            for listed, _ in self.coded.values()
            for one in listed
        )
        sampled = {
            country: [self.verdict(*pair) for pair in codings(drawn)] for country, (_, drawn) in self.coded.items()
        }
        return _Units(sizes, sampled, sum(sizes.values()) / n_provisions if n_provisions else 1.0)

    def overlooked_units(
        self, themes: Sequence[str], lists: Mapping[str, tuple[Sequence[str], Sequence[str]]]
    ) -> _Units:
        """Provisions and themes of these that the machine didn't assign to them."""

        def pairs(identifiers: Sequence[str]) -> list[tuple[str, str]]:
            return [(one, theme) for one in identifiers for theme in themes if theme not in self.project.assigned[one]]

        sizes = {country: len(pairs(listed)) for country, (listed, _) in lists.items()}
        sampled = {country: [self.overlooked(*pair) for pair in pairs(drawn)] for country, (_, drawn) in lists.items()}
        per_provision = [
            sum(self.overlooked(*pair) == "yes" for pair in pairs([one]))
            for _, drawn in lists.values()
            for one in drawn
        ]
        n_found = sum(per_provision)
        return _Units(sizes, sampled, sum(n * n for n in per_provision) / n_found if n_found else 1.0)

    def estimate(self, name: str, themes: Sequence[str]) -> ThemeEstimate:
        right = self.assigned_units(themes)
        beside = self.overlooked_units(themes, self.coded)
        alone = self.overlooked_units(themes, self.uncoded)
        precision = right.share([one for one in self.countries if any(right.sampled.get(one, ()))])
        covered = [one for one in self.countries if all(units.covers(one) for units in (right, beside, alone))]
        n_found = sum(list(v).count("yes") for units in (beside, alone) for v in units.sampled.values())
        return ThemeEstimate(name, precision, _recall(right, beside, alone, covered, len(themes)), n_found)


def _recall(right: _Units, beside: _Units, alone: _Units, countries: Sequence[str], n_themes: int) -> Share:
    """Of what is there, the share that the machine found, in the countries where all three parts have a sample."""
    parts = [units.share(countries) for units in (right, beside, alone)]
    counts = [
        round(sum(getattr(one, name) for one in parts) / n_themes)
        for name in ("n", "n_missing", "n_population", "n_not_sampled")
    ]  # each provision and theme is a unit of one part
    found, first, second = (units.total(countries) for units in (right, beside, alone))
    missed = first[0] + second[0]
    if not counts[0] or found[0] + missed <= 0:
        return Share(None, None, None, *counts)
    low = missed - math.hypot(first[0] - first[1], second[0] - second[1])
    high = missed + math.hypot(first[2] - first[0], second[2] - second[0])
    ends = ratio_interval((missed, max(0.0, low), high), found)
    return Share(found[0] / (found[0] + missed), 1 / (1 + ends[1]), 1 / (1 + ends[0]), *counts)


def estimate(project: Project, live: Sequence[Decision], seed: int = SEED) -> Estimates:
    """Precision and recall per theme and overall. `live`: live decisions on this run (Project.current)."""
    settled = settled_now(project, live)
    shown = {
        queue: {one.provision_id for one in live if one.origin == queue and one.verdict in ("yes", "no", "skip")}
        for queue in ("random", "uncoded")
    }

    def country_of(identifier: str) -> str:
        return project.documents[project.provisions[identifier].doc_id].jurisdiction.partition("-")[0]

    coded = _lists(sample_coded(project, seed), shown["random"], country_of)
    uncoded = _lists(sample_uncoded(project, seed), shown["uncoded"], country_of)
    countries = tuple(sorted(coded.keys() | uncoded.keys()))
    samples = _Samples(project, settled, countries, coded, uncoded)
    themes = project.run.themes
    return Estimates(
        themes=tuple(samples.estimate(theme, (theme,)) for theme in themes),
        overall=samples.estimate("", themes),
        n_coded_sample=sum(len(drawn) for _, drawn in coded.values()),
        n_uncoded_sample=sum(len(drawn) for _, drawn in uncoded.values()),
    )


def _lists(
    ordered: Sequence[str], shown: set[str], country_of: Callable[[str], str]
) -> dict[str, tuple[Sequence[str], Sequence[str]]]:
    """country -> its list, and the beginning of it up to the last provision that its queue showed."""
    lists: dict[str, list[str]] = {}
    for one in ordered:
        lists.setdefault(country_of(one), []).append(one)
    found: dict[str, tuple[Sequence[str], Sequence[str]]] = {}
    for country, listed in lists.items():
        last = max((at for at, one in enumerate(listed) if one in shown), default=-1)
        found[country] = (listed, listed[: last + 1])
    return found
