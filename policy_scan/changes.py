"""What training on more passages changes: the model before and after on the same coded passages, and on a run.

Both models are judged alike (`evaluate.judge`): out of fold where they were trained on a passage, as they code it
elsewhere. Reviewed provisions are never measured on: queues chose them, so they are no sample of anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .classifier.gold import CodedPassage, read_gold
from .classifier.linear import SHIPPED, Setting, load_model
from .classifier.model import Classifier, load_classifier
from .classifier.reviewed import Reviewed, read_reviewed, without_reviewed
from .classifier.train import TrainingReport, train_model, truth_of
from .codebook import Codebook
from .config import Config
from .errors import UsageError
from .evaluate import Bools, Judged, Score, group_numbers, interval, judge, macro_f1, resamples, score, shown
from .records import Document, Provision
from .stages.codings import as_passage
from .tables import read_records, write_atomic

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Change:
    """One theme, or all together, before and after on the same passages; the difference of F1 with its 95 % interval
    over documents. None where undefined."""

    before: Score
    after: Score
    difference: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Recoded:
    """Of coded passages or a run's provisions: how many lose and get the theme, with ids."""

    n_lost: int
    n_got: int
    lost: tuple[str, ...]
    got: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ThemeChange:
    theme: str
    n_added: int
    """Reviewed provisions that have the theme."""
    n_rejected: int
    """Reviewed provisions of which the machine's proposal was rejected."""
    threshold_before: float
    threshold_after: float
    figures: Change
    passages: Recoded
    provisions: Recoded | None
    """None where no run was given."""


@dataclass(frozen=True, slots=True)
class Changes:
    gold: tuple[str, ...]
    before: str
    """Version of the model compared with."""
    before_is_shipped: bool
    after: str
    setting: Setting
    n_passages: int
    n_documents: int
    n_reviewed: int
    n_partly: int
    n_disputed: int
    n_stale: int
    weight: float
    whole: Change
    relevance: Change
    macro_before: float | None
    macro_after: float | None
    themes: tuple[ThemeChange, ...]
    n_provisions: int | None
    n_provisions_recoded: int | None
    """Provisions of the run with other themes than before, both coded by the linear model alone."""


def _difference(truth: Bools, before: Bools, after: Bools, groups: npt.NDArray[np.intp]) -> Change:
    was, now = score(truth, before, groups), score(truth, after, groups)
    if was.f1 is None or now.f1 is None:
        return Change(was, now, None, None, None)
    weights = resamples(groups)

    def f1_of_samples(predicted: Bools) -> npt.NDArray[np.float64]:
        right = (truth & predicted).sum(axis=1)
        size = truth.sum(axis=1) + predicted.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            found: npt.NDArray[np.float64] = (
                2 * (weights @ np.bincount(groups, right)) / (weights @ np.bincount(groups, size))
            )
        return found

    apart = f1_of_samples(after) - f1_of_samples(before)
    apart = apart[~np.isnan(apart)]
    low, high = (None, None) if not len(apart) else (round(float(q), 4) for q in np.quantile(apart, (0.025, 0.975)))
    return Change(was, now, round(now.f1 - was.f1, 4), low, high)


def _any(table: Bools) -> Bools:
    return np.asarray(table.any(axis=1, keepdims=True), dtype=np.bool_)


def _recoded(before: Bools, after: Bools, ids: Sequence[str]) -> Recoded:
    """One theme's column before and after."""
    lost = [ids[row] for row in np.flatnonzero(before & ~after).tolist()]
    got = [ids[row] for row in np.flatnonzero(after & ~before).tolist()]
    return Recoded(len(lost), len(got), tuple(lost[:EXAMPLES]), tuple(got[:EXAMPLES]))


def _assigned(classifier: Classifier, documents: dict[str, Document], provisions: Sequence[Provision]) -> Bools:
    passages = [as_passage(documents[one.doc_id], one) for one in provisions]
    found = [[theme.assigned for theme in codes.scores] for codes in classifier.classify(passages)]
    return np.array(found, dtype=bool).reshape(len(found), len(classifier.themes))


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two models: how it codes the passages and, where a run is given, its provisions."""

    version: str
    thresholds: dict[str, float]
    judged: Judged
    provisions: Bools | None


def _side(
    folder: Path,
    setting: Setting,
    coded: Sequence[CodedPassage],
    config: Config,
    codebook: Codebook,
    run: tuple[dict[str, Document], list[Provision]] | None,
) -> _Side:
    classifier = load_classifier(setting, codebook, config.lexicon, folder)
    judged = judge(coded, truth_of(coded, classifier.themes), classifier, folder)
    provisions = None
    if run is not None:
        provisions = _assigned(load_classifier("fast", codebook, config.lexicon, folder), *run)
    return _Side(classifier.version, classifier.thresholds, judged, provisions)


def train_and_compare(
    gold: Sequence[Path],
    model_dir: Path,
    config: Config,
    codebook: Codebook,
    review: tuple[Path, Path] | None = None,
    weight: float = 1.0,
    tell: Callable[[str], None] = lambda line: None,
) -> tuple[TrainingReport, Changes]:
    """Train on several files of coded passages and on reviewers' decisions (`review`: the run's folder and the file of
    decisions), and compare with the model that `model_dir` held before, else with the shipped one.

    Writes the model's files, changes.json and changes.txt. Raises UsageError, NothingToDoError, ModelError.
    """
    coded = [one for file in gold for one in read_gold(file, tuple(codebook.themes))]
    reviewed: Reviewed | None = None
    run: tuple[dict[str, Document], list[Provision]] | None = None
    if review is not None:
        reviewed = read_reviewed(*review, codebook.active, weight)
        tell(f"{len(reviewed.passages)} reviewed provisions; {reviewed.n_partly} only partly decided and "
             f"{reviewed.n_disputed} disputed ones are left out")  # fmt: skip
        if not reviewed.passages:
            raise UsageError(
                f"No provision of {review[0]} is decided on fully enough to be learnt from.",
                "decide on every theme that the machine assigned to a provision, or train without --decisions.",
            )
        documents = {one.doc_id: one for one in read_records(review[0], "documents", Document)}
        run = documents, read_records(review[0], "provisions", Provision)
    is_shipped = not (model_dir / "model.json").is_file()
    folder = SHIPPED if is_shipped else model_dir
    setting: Setting = config.codings.setting
    if setting not in load_model(folder).calibration:
        setting = "fast"
    if reviewed is not None:
        coded = without_reviewed(coded, reviewed.passages)
    tell(f"judging the {'shipped' if is_shipped else 'previous'} model on {len(coded)} passages")
    was = _side(folder, setting, coded, config, codebook, run)
    report = train_model(list(gold), model_dir, config, codebook, tell, reviewed)
    if setting not in load_model(model_dir).calibration:
        setting = "fast"
        was = _side(folder, setting, coded, config, codebook, run)
    tell("judging the new model")
    now = _side(model_dir, setting, coded, config, codebook, run)
    changes = _compare(gold, coded, codebook.active, setting, was, now, is_shipped, reviewed, weight, run)
    text = json.dumps(asdict(changes), ensure_ascii=False, indent=1)
    write_atomic(model_dir / "changes.json", (text + "\n").encode("utf-8"))
    write_atomic(model_dir / "changes.txt", (as_text(changes) + "\n").encode("utf-8"))
    return report, changes


def _compare(
    gold: Sequence[Path],
    coded: Sequence[CodedPassage],
    themes: Sequence[str],
    setting: Setting,
    was: _Side,
    now: _Side,
    is_shipped: bool,
    reviewed: Reviewed | None,
    weight: float,
    run: tuple[dict[str, Document], list[Provision]] | None,
) -> Changes:
    rows = np.flatnonzero(was.judged.judged & now.judged.judged)
    kept = [coded[row] for row in rows.tolist()]
    truth, before, after = truth_of(kept, themes), was.judged.assigned[rows], now.judged.assigned[rows]
    groups = group_numbers([one.group for one in kept])
    ids = [one.id for one in kept]
    identifiers = [one.provision_id for one in run[1]] if run else []
    rejected = dict(reviewed.rejected) if reviewed else {}

    def of_theme(k: int, theme: str) -> ThemeChange:
        provisions = None
        if was.provisions is not None and now.provisions is not None:
            provisions = _recoded(was.provisions[:, k], now.provisions[:, k], identifiers)
        return ThemeChange(
            theme=theme,
            n_added=sum(theme in one.themes for one in reviewed.passages) if reviewed else 0,
            n_rejected=rejected.get(theme, 0),
            threshold_before=was.thresholds[theme],
            threshold_after=now.thresholds[theme],
            figures=_difference(truth[:, [k]], before[:, [k]], after[:, [k]], groups),
            passages=_recoded(before[:, k], after[:, k], ids),
            provisions=provisions,
        )

    n_recoded = None
    if was.provisions is not None and now.provisions is not None:
        n_recoded = int((was.provisions != now.provisions).any(axis=1).sum())
    return Changes(
        gold=tuple(file.name for file in gold),
        before=was.version,
        before_is_shipped=is_shipped,
        after=now.version,
        setting=setting,
        n_passages=len(kept),
        n_documents=len(set(groups.tolist())),
        n_reviewed=len(reviewed.passages) if reviewed else 0,
        n_partly=reviewed.n_partly if reviewed else 0,
        n_disputed=reviewed.n_disputed if reviewed else 0,
        n_stale=reviewed.n_stale if reviewed else 0,
        weight=weight,
        whole=_difference(truth, before, after, groups),
        relevance=_difference(_any(truth), _any(before), _any(after), groups),
        macro_before=macro_f1(truth, before),
        macro_after=macro_f1(truth, after),
        themes=tuple(of_theme(k, theme) for k, theme in enumerate(themes)),
        n_provisions=len(identifiers) if run else None,
        n_provisions_recoded=n_recoded,
    )


def _signed(change: Change) -> str:
    if change.difference is None:
        return "–"
    span = "" if change.low is None or change.high is None else f" ({change.low:+.2f} to {change.high:+.2f})"
    return f"{change.difference:+.2f}{span}"


def _examples(lines: list[str], what: str, theme: str, found: Recoded) -> None:
    for n, verb, ids in ((found.n_got, "get", found.got), (found.n_lost, "lose", found.lost)):
        if n:
            lines.append(
                f"  {n} {what} {verb} {theme}: {', '.join(one[:16] for one in ids)}{' …' if n > len(ids) else ''}"
            )


def as_text(changes: Changes) -> str:
    """The report for the screen and changes.txt: figures 'before > after' on the same passages, then examples."""
    which = "shipped" if changes.before_is_shipped else "previous"
    lines = [
        f"What changed against the {which} model ({changes.before} > {changes.after}, setting {changes.setting})",
        f"Learnt besides coded passages: {changes.n_reviewed} reviewed provisions (weight {changes.weight:g}); left "
        f"out: {changes.n_partly} partly decided, {changes.n_disputed} disputed; {changes.n_stale} stale decisions",
        f"Measured on {changes.n_passages} passages of {changes.n_documents} documents ({', '.join(changes.gold)}), "
        "out of fold where a model was trained on them; 95 % intervals over documents",
        "",
        f"{'':22}{'added':>6}{'reject':>7}{'n':>6}{'threshold':>14}{'precision':>14}{'recall':>14}{'F1':>14}  "
        f"{'interval before':16}{'interval after':16}difference of F1",
    ]

    def line(name: str, added: str, rejected: str, thresholds: str, one: Change) -> str:
        was, now = one.before, one.after
        pairs = ((was.precision, now.precision), (was.recall, now.recall), (was.f1, now.f1))
        figures = "".join(f"{shown(a) + ' > ' + shown(b):>14}" for a, b in pairs)
        return (
            f"{name:22}{added:>6}{rejected:>7}{now.n:>6}{thresholds:>14}{figures}  "
            f"{interval(was):16}{interval(now):16}{_signed(one)}"
        )

    lines.append(line("all themes", "", "", "", changes.whole))
    lines.append(line("any theme", "", "", "", changes.relevance))
    lines.extend(
        line(
            one.theme, str(one.n_added), str(one.n_rejected),
            f"{one.threshold_before:.2f} > {one.threshold_after:.2f}", one.figures,
        )
        for one in changes.themes
    )  # fmt: skip
    lines.append(f"macro-F1 {shown(changes.macro_before)} > {shown(changes.macro_after)}")
    lines += ["", "Coded passages whose coding changes (of each, at most five are named)"]
    for one in changes.themes:
        _examples(lines, "passages", one.theme, one.passages)
    if changes.n_provisions is not None:
        lines += [
            "",
            f"Provisions of the run whose coding changes, by the linear model alone: {changes.n_provisions_recoded} of "
            f"{changes.n_provisions}",
        ]
        for one in changes.themes:
            if one.provisions is not None:
                _examples(lines, "provisions", one.theme, one.provisions)
    return "\n".join(lines)
