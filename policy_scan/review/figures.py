"""The figures of a review in one value, as text or JSON: precision and recall, agreement, progress, what is stale."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ..decisions import live
from ..records import Decision
from ..report.common import theme_name
from .agreement import Agreement, ItemAgreement, Measure, agreement
from .progress import Progress, progress
from .project import Project
from .sampling import Estimates, Share, ThemeEstimate, estimate


@dataclass(frozen=True, slots=True)
class Figures:
    n_decisions: int
    """Rows on record."""
    n_live: int
    n_stale: int
    """Live ones whose text is no longer in the run."""
    n_cells: int
    n_cells_reviewed: int
    """Cells with evidence of which all is settled."""
    n_cells_begun: int
    """Cells with evidence of which some is settled, or disputed."""
    estimates: Estimates
    agreement: Agreement
    progress: Progress


def measure_review(project: Project, trail: Sequence[Decision], assignments: Mapping[str, Collection[str]]) -> Figures:
    """Measure a review on a run. `trail`: all rows, oldest first, as stored."""
    counting = [one for one in live(trail) if one.provision_id]
    current = project.current(counting)
    come = progress(project, current, assignments)
    with_evidence = [one for one in come.cells if one.n_evidence]
    return Figures(
        n_decisions=len(trail),
        n_live=len(counting),
        n_stale=len(counting) - len(current),
        n_cells=len(with_evidence),
        n_cells_reviewed=sum(one.n_reviewed == one.n_evidence for one in with_evidence),
        n_cells_begun=sum(0 < one.n_reviewed < one.n_evidence or one.n_disputed > 0 for one in with_evidence),
        estimates=estimate(project, current),
        agreement=agreement(project.current(trail), project),
        progress=come,
    )


def as_json_text(figures: Figures) -> str:
    """Everything, as JSON; null where a figure is undefined."""
    return json.dumps(asdict(figures), ensure_ascii=False, indent=1, allow_nan=False)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _between(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "–"
    span = f" ({_number(low)}–{_number(high)})" if low is not None and high is not None else ""
    return _number(value) + span


def _share(share: Share) -> str:
    doubt = " ?" if share.value is not None and share.is_doubtful else ""
    return f"{_between(share.value, share.low, share.high) + doubt:24}{share.n:>6}"


def _measure(one: Measure) -> str:
    return f"{_between(one.value, one.low, one.high):24}"


def _rows_of_estimates(name: str, one: ThemeEstimate) -> str:
    return f"{name[:34]:36}{_share(one.precision)}  {_share(one.recall)}"


def _row_of_agreement(name: str, one: ItemAgreement) -> str:
    parts = "".join(_measure(value) for value in (one.observed, one.kappa, one.alpha, one.positive))
    return f"{name[:34]:36}{one.n:>5}  {parts}".rstrip()


def _name(project: Project, theme: str) -> str:
    return theme_name(project.run, theme, "en") if theme else "All themes"


def _estimates(estimates: Estimates, project: Project) -> list[str]:
    lines = [
        f"Precision and recall of the machine, from random samples of {estimates.n_coded_sample} provisions with a "
        f"theme and {estimates.n_uncoded_sample} without"
    ]
    if not (estimates.n_coded_sample or estimates.n_uncoded_sample):
        return [*lines, "No sample yet: decide what the queues 'random' and 'uncoded' show."]
    lines.append(f"{'':36}{'precision (95 %)':24}{'n':>6}  {'recall (95 %)':24}{'n':>6}")
    lines += [_rows_of_estimates(_name(project, one.theme), one) for one in (estimates.overall, *estimates.themes)]
    return [*lines, "'?': more than a tenth of the sample is undecided, so the figure can't be trusted yet."]


@dataclass(frozen=True, slots=True)
class Estimated:
    """What the random samples of a review say of the machine, to be told with the figures of `evaluate`."""

    project: Project
    estimates: Estimates

    def as_text(self) -> str:
        return "\n".join(_estimates(self.estimates, self.project))

    def as_json(self) -> str:
        return json.dumps({"reviewed": asdict(self.estimates)}, ensure_ascii=False, indent=1, allow_nan=False)


def estimates_of(output: Path, database: str | None) -> Estimated:
    """The estimates of a run's review. Raises NothingToDoError (no run), StoreError (no review database)."""
    from .commands import DATABASE_NAME
    from .project import load_project
    from .store import Store

    project = load_project(output)
    with Store.open(database or output / DATABASE_NAME, create=False) as store:
        rows = store.live()
    return Estimated(project, estimate(project, project.current([one for one in rows if one.provision_id])))


def as_text(figures: Figures, project: Project) -> str:
    """For the screen, in English."""
    agreed = figures.agreement
    lines = [
        f"{figures.n_decisions} decisions on record, {figures.n_live} count"
        + (f", {figures.n_stale} of them stale: their text is no longer in this run" if figures.n_stale else ""),
        f"Of {figures.n_cells} cells with evidence, {figures.n_cells_reviewed} are reviewed, "
        f"{figures.n_cells_begun} in part or disputed",
        "",
        *_estimates(figures.estimates, project),
    ]
    lines += ["", f"Agreement of coders who decided blind, on {agreed.overall.n} codings that two or more decided"]
    if agreed.overall.n:
        heads = "".join(f"{head:24}" for head in ("observed", "Cohen's kappa", "Krippendorff's alpha", "positive"))
        lines.append(f"{'':36}{'n':>5}  {heads}".rstrip())
        lines += [_row_of_agreement(_name(project, one.theme), one) for one in (agreed.overall, *agreed.themes)]
        lines.append(_row_of_agreement("Force, where all accept", agreed.force))
    lines += ["", "Reviewers"]
    for who in figures.progress.reviewers:
        given = f", {who.n_given_done} of {who.n_given} assigned ones done" if who.n_given else ""
        lines.append(
            f"  {who.reviewer}: {who.n_provisions} provisions; {who.n_accepted} accepted, {who.n_rejected} rejected, "
            f"{who.n_added} added, {who.n_skipped} skipped{given}; last {who.last[:16]}"
        )
    if not figures.progress.reviewers:
        lines.append("  nobody has decided anything yet")
    return "\n".join(lines)
