"""What training on more passages changes: the model before and after on the same coded passages, and on a run.

Both models are judged alike (`evaluate.judge`): out of fold where they were trained on a passage, as they code it
elsewhere. Reviewed provisions are never measured on: queues chose them, so they are no sample of anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .classifier.gold import CodedPassage, read_gold
from .classifier.linear import SETTINGS, SHIPPED, Setting, load_model
from .classifier.model import Classifier, load_classifier
from .classifier.reviewed import Reviewed, read_reviewed, without_reviewed
from .classifier.train import TrainingReport, train_model, truth_of
from .codebook import Codebook
from .config import Config
from .errors import UsageError
from .evaluate import Bools, Judged, Score, group_numbers, interval, judge, macro_f1, resamples, score, shown
from .records import Decision, Document, Provision
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
    threshold_before: float
    threshold_after: float
    figures: Change
    passages: Recoded


@dataclass(frozen=True, slots=True)
class SettingChange:
    """The figures of one setting, on the passages that both models can be judged on in it."""

    setting: Setting
    before: str
    """Version of the model compared with."""
    after: str
    n_passages: int
    n_documents: int
    whole: Change
    relevance: Change
    macro_before: float | None
    macro_after: float | None
    themes: tuple[ThemeChange, ...]


@dataclass(frozen=True, slots=True)
class ThemeReview:
    """What reviewers gave to one theme, and what the new model changes of it in the run (None: no run was given)."""

    theme: str
    n_added: int
    """Reviewed provisions that have the theme."""
    n_rejected: int
    """Reviewed provisions of which the machine's proposal was rejected."""
    provisions: Recoded | None


@dataclass(frozen=True, slots=True)
class Changes:
    gold: tuple[str, ...]
    before_is_shipped: bool
    """False: the model that the folder held before."""
    n_reviewed: int
    n_partly: int
    n_disputed: int
    n_stale: int
    weight: float
    settings: tuple[SettingChange, ...]
    """'fast' on all passages; 'thorough' on those of which an encoder that didn't see their document tells."""
    themes: tuple[ThemeReview, ...]
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
    """One of the two models: how it codes the passages in each setting and, where a run is given, its provisions."""

    versions: dict[Setting, str]
    thresholds: dict[Setting, dict[str, float]]
    judged: dict[Setting, Judged]
    provisions: Bools | None


Run = tuple[dict[str, Document], list[Provision]]


def _side(folder: Path, coded: Sequence[CodedPassage], config: Config, codebook: Codebook, run: Run | None) -> _Side:
    side = _Side({}, {}, {}, None)
    for setting in SETTINGS:
        if setting not in load_model(folder).calibration:
            continue
        classifier = load_classifier(setting, codebook, config.lexicon, folder)
        side.versions[setting], side.thresholds[setting] = classifier.version, classifier.thresholds
        side.judged[setting] = judge(coded, truth_of(coded, classifier.themes), classifier, folder)
        if setting == "fast" and run is not None:
            side = replace(side, provisions=_assigned(classifier, *run))
    return side


def train_and_compare(
    gold: Sequence[Path],
    model_dir: Path,
    config: Config,
    codebook: Codebook,
    review: tuple[Path, Path | Sequence[Decision]] | None = None,
    weight: float = 1.0,
    tell: Callable[[str], None] = lambda line: None,
) -> tuple[TrainingReport, Changes]:
    """Train on several files of coded passages and on reviewers' decisions (`review`: the run's folder, and the
    decisions or their file), and compare with the model that `model_dir` held before, else with the shipped one.

    Writes the model's files, changes.json and changes.txt. Raises UsageError, NothingToDoError, ModelError.
    """
    coded = [one for file in gold for one in read_gold(file, tuple(codebook.themes))]
    reviewed: Reviewed | None = None
    run: Run | None = None
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
    if reviewed is not None:
        coded = without_reviewed(coded, reviewed.passages)
    is_shipped = not (model_dir / "model.json").is_file()
    tell(f"judging the {'shipped' if is_shipped else 'previous'} model on {len(coded)} passages")
    was = _side(SHIPPED if is_shipped else model_dir, coded, config, codebook, run)
    report = train_model(list(gold), model_dir, config, codebook, tell, reviewed)
    tell("judging the new model")
    now = _side(model_dir, coded, config, codebook, run)
    themes = codebook.active
    identifiers = [one.provision_id for one in run[1]] if run else []
    changes = Changes(
        gold=tuple(file.name for file in gold),
        before_is_shipped=is_shipped,
        n_reviewed=len(reviewed.passages) if reviewed else 0,
        n_partly=reviewed.n_partly if reviewed else 0,
        n_disputed=reviewed.n_disputed if reviewed else 0,
        n_stale=reviewed.n_stale if reviewed else 0,
        weight=weight,
        settings=tuple(
            _compare(one, coded, themes, was, now) for one in SETTINGS if one in was.judged and one in now.judged
        ),
        themes=tuple(_theme_review(k, theme, reviewed, was, now, identifiers) for k, theme in enumerate(themes)),
        n_provisions=len(identifiers) if run else None,
        n_provisions_recoded=_n_recoded(was.provisions, now.provisions),
    )
    text = json.dumps(asdict(changes), ensure_ascii=False, indent=1)
    write_atomic(model_dir / "changes.json", (text + "\n").encode("utf-8"))
    write_atomic(model_dir / "changes.txt", (as_text(changes) + "\n").encode("utf-8"))
    return report, changes


def _n_recoded(before: Bools | None, after: Bools | None) -> int | None:
    return None if before is None or after is None else int((before != after).any(axis=1).sum())


def _theme_review(
    k: int, theme: str, reviewed: Reviewed | None, was: _Side, now: _Side, identifiers: Sequence[str]
) -> ThemeReview:
    provisions = None
    if was.provisions is not None and now.provisions is not None:
        provisions = _recoded(was.provisions[:, k], now.provisions[:, k], identifiers)
    n_added = sum(theme in one.themes for one in reviewed.passages) if reviewed else 0
    return ThemeReview(theme, n_added, dict(reviewed.rejected).get(theme, 0) if reviewed else 0, provisions)


def _compare(
    setting: Setting, coded: Sequence[CodedPassage], themes: Sequence[str], was: _Side, now: _Side
) -> SettingChange:
    old, new = was.judged[setting], now.judged[setting]
    rows = np.flatnonzero(old.judged & new.judged)
    kept = [coded[row] for row in rows.tolist()]
    truth, before, after = truth_of(kept, themes).reshape(len(kept), -1), old.assigned[rows], new.assigned[rows]
    groups = group_numbers([one.group for one in kept])
    ids = [one.id for one in kept]
    return SettingChange(
        setting=setting,
        before=was.versions[setting],
        after=now.versions[setting],
        n_passages=len(kept),
        n_documents=len(set(groups.tolist())),
        whole=_difference(truth, before, after, groups),
        relevance=_difference(_any(truth), _any(before), _any(after), groups),
        macro_before=macro_f1(truth, before),
        macro_after=macro_f1(truth, after),
        themes=tuple(
            ThemeChange(
                theme=theme,
                threshold_before=was.thresholds[setting][theme],
                threshold_after=now.thresholds[setting][theme],
                figures=_difference(truth[:, [k]], before[:, [k]], after[:, [k]], groups),
                passages=_recoded(before[:, k], after[:, k], ids),
            )
            for k, theme in enumerate(themes)
        ),
    )


def _signed(change: Change) -> str:
    if change.difference is None:
        return "–"
    span = "" if change.low is None or change.high is None else f" ({change.low:+.2f} to {change.high:+.2f})"
    return f"{change.difference:+.2f}{span}"


def _line(name: str, thresholds: str, one: Change) -> str:
    was, now = one.before, one.after
    pairs = ((was.precision, now.precision), (was.recall, now.recall), (was.f1, now.f1))
    figures = "".join(f"{shown(a) + ' > ' + shown(b):>14}" for a, b in pairs)
    return f"{name:22}{now.n:>6}{thresholds:>14}{figures}  {interval(was):16}{interval(now):16}{_signed(one)}"


def _examples(theme: str, found: Recoded) -> str:
    parts = [
        f"{n} {verb} it ({', '.join(one[:16] for one in ids)}{', …' if n > len(ids) else ''})"
        for n, verb, ids in ((found.n_got, "get", found.got), (found.n_lost, "lose", found.lost))
        if n
    ]
    return f"  {theme}: {'; '.join(parts)}"


def as_text(changes: Changes) -> str:
    """The report for the screen and changes.txt: figures 'before > after' on the same passages, then examples."""
    lines = [
        f"What changed against the {'shipped' if changes.before_is_shipped else 'previous'} model",
        f"Besides coded passages ({', '.join(changes.gold)}), {changes.n_reviewed} reviewed provisions were learnt "
        f"from (weight {changes.weight:g}); left out: {changes.n_partly} partly decided and {changes.n_disputed} "
        f"disputed provisions, {changes.n_stale} stale decisions",
    ]
    given = [one for one in changes.themes if one.n_added or one.n_rejected]
    lines.extend(f"  {one.theme}: {one.n_added} added, {one.n_rejected} rejected" for one in given)
    for setting in changes.settings:
        lines += [
            "",
            f"Setting {setting.setting}: {setting.before} > {setting.after}, on {setting.n_passages} coded passages of "
            f"{setting.n_documents} documents, out of fold where a model was trained on them",
            f"{'':22}{'n':>6}{'threshold':>14}{'precision':>14}{'recall':>14}{'F1':>14}  "
            f"{'95 % before':16}{'95 % after':16}difference of F1 (95 %)",
            _line("all themes", "", setting.whole),
            _line("any theme", "", setting.relevance),
        ]
        lines.extend(
            _line(one.theme, f"{one.threshold_before:.2f} > {one.threshold_after:.2f}", one.figures)
            for one in setting.themes
        )
        lines.append(f"macro-F1 {shown(setting.macro_before)} > {shown(setting.macro_after)}")
        recoded = [one for one in setting.themes if one.passages.n_got or one.passages.n_lost]
        lines.append(f"Coded passages whose themes change{'' if recoded else ': none'}")
        lines.extend(_examples(one.theme, one.passages) for one in recoded)
    if changes.n_provisions is not None:
        lines += [
            "",
            f"Provisions of the run whose themes change, by the linear model alone: {changes.n_provisions_recoded} of "
            f"{changes.n_provisions}",
        ]
        for one in changes.themes:
            if one.provisions is not None and (one.provisions.n_got or one.provisions.n_lost):
                lines.append(_examples(one.theme, one.provisions))
    return "\n".join(lines)
