"""Measuring the classifier against coded passages: honestly, with n and intervals, beside coder agreement.

Passages that the model was trained on are judged by their out-of-fold predictions, stored with the model: each was
coded by a model that saw no passage of its document, with thresholds chosen on the other folds. Other passages are
coded by the model itself. `evaluation_page` writes the report.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .classifier.calibrate import calibrate
from .classifier.gold import CodedPassage, fold_of, passage_key, read_gold
from .classifier.linear import SHIPPED, load_folds, mix_forces, mix_themes, probabilities
from .classifier.model import Classifier, load_classifier
from .classifier.train import read_by_encoder
from .codebook import Codebook
from .config import Config
from .keys import hash_file
from .records import FORCES

Bools = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]

REPLICATES = 1000
SEED = 20261124
LEAST_FOR_MACRO = 10
EXAMPLES = 3
AGREEMENT: dict[str, tuple[float, int]] = {
    "digital_service": (0.92, 180), "governance": (0.93, 113), "digital_identity": (0.98, 79),
    "data_protection": (0.91, 47), "accessibility": (0.99, 44), "infrastructure": (0.88, 43),
    "data_sharing": (0.86, 36), "openness": (0.94, 23), "security": (0.91, 11), "digital_inclusion": (1.0, 7),
    "digital_only": (0.93, 7), "non_digital_access": (0.46, 9), "professional_skills": (0.73, 4),
}  # fmt: skip
"""F1 between two machine-assisted coders before adjudication and n by one of them (README of the gold passages)."""
AGREEMENT_MICRO, AGREEMENT_FORCE, AGREEMENT_RELEVANCE = 0.92, 0.94, 0.97


@dataclass(frozen=True, slots=True)
class Score:
    """Counts and what follows from them; None where it is undefined (no positives). 95 % interval over documents."""

    n: int
    """Passages that the coders gave the theme."""
    n_predicted: int
    precision: float | None
    recall: float | None
    f1: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class ThemeFigures:
    theme: str
    name: str
    score: Score
    threshold: float
    agreement: float | None
    agreement_n: int | None


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """All themes together, within one language, document type or part."""

    kind: str
    name: str
    n_passages: int
    n_documents: int
    micro: Score
    macro_f1: float | None
    relevance: Score
    force_accuracy: float | None
    force_n: int


@dataclass(frozen=True, slots=True)
class Bin:
    """Codings whose probability lies in [low, high): mean probability and the share that coders confirmed."""

    low: float
    high: float
    n: int
    mean_probability: float | None
    share_confirmed: float | None


@dataclass(frozen=True, slots=True)
class Confusion:
    """Passages whose coders' core theme was missed while another theme was assigned, with examples."""

    coded: str
    assigned: str
    n: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    gold: str
    gold_sha256: str
    model_version: str
    setting: str
    n_passages: int
    n_documents: int
    n_out_of_fold: int
    """Passages that the model was trained on, judged by predictions of models that didn't see their document."""
    whole: GroupFigures
    force_low: float | None
    force_high: float | None
    themes: tuple[ThemeFigures, ...]
    groups: tuple[GroupFigures, ...]
    reliability: tuple[Bin, ...]
    calibration_error: float | None
    """Mean distance between probability and confirmed share over the bins, weighted by n."""
    confusions: tuple[Confusion, ...]
    unsure_share: float | None
    """Share of passages with at least one theme in the unsure band."""
    agreement_micro: float = AGREEMENT_MICRO
    agreement_force: float = AGREEMENT_FORCE
    agreement_relevance: float = AGREEMENT_RELEVANCE


@dataclass(frozen=True, slots=True)
class Judged:
    """What was predicted, passages by themes."""

    probability: Doubles
    assigned: Bools
    unsure: Bools
    force: list[str]
    judged: Bools
    """False: the encoder was fine-tuned on the passage's document and no out-of-fold prediction is stored."""
    n_out_of_fold: int

    def of(self, rows: npt.NDArray[np.intp]) -> Judged:
        return Judged(
            self.probability[rows], self.assigned[rows], self.unsure[rows], [self.force[i] for i in rows.tolist()],
            self.judged[rows], self.n_out_of_fold,
        )  # fmt: skip


def _ratio(part: float, whole: float) -> float | None:
    return round(float(part / whole), 4) if whole else None


def resamples(groups: npt.NDArray[np.intp]) -> Doubles:
    """How often each document stands in each bootstrap sample: replicates by documents."""
    n = int(groups.max()) + 1 if len(groups) else 0
    return np.random.default_rng(SEED).multinomial(n, np.full(n, 1 / n), size=REPLICATES).astype(np.float64)


def _interval(values: Doubles) -> tuple[float | None, float | None]:
    known = values[~np.isnan(values)]
    if not len(known):
        return None, None
    low, high = np.quantile(known, (0.025, 0.975))
    return round(float(low), 4), round(float(high), 4)


def score(truth: Bools, predicted: Bools, groups: npt.NDArray[np.intp]) -> Score:
    """Precision, recall and F1 over all entries of two arrays (passages by themes), interval over `groups`.

    Undefined is None, not zero: without coded positives there is no F1 and no interval.
    """
    n, n_predicted = int(truth.sum()), int(predicted.sum())
    right = int((truth & predicted).sum())
    if not n:
        return Score(0, n_predicted, None, None, None, None, None)
    both = (truth & predicted).reshape(len(truth), -1).sum(axis=1)
    either = truth.reshape(len(truth), -1).sum(axis=1) + predicted.reshape(len(truth), -1).sum(axis=1)
    weights = resamples(groups)
    rights, sizes = weights @ np.bincount(groups, both), weights @ np.bincount(groups, either)
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = _interval(np.where(sizes > 0, 2 * rights / sizes, np.nan))
    return Score(
        n, n_predicted, _ratio(right, n_predicted), _ratio(right, n), _ratio(2 * right, n + n_predicted), low, high
    )


def f1_score(truth: Bools, predicted: Bools) -> float | None:
    """F1 over all entries of two arrays; None without coded positives."""
    n = int(truth.sum())
    return _ratio(2 * int((truth & predicted).sum()), n + int(predicted.sum())) if n else None


def macro_f1(truth: Bools, predicted: Bools) -> float | None:
    """Mean F1 of the themes (columns) with at least LEAST_FOR_MACRO coded passages; None where there is none."""
    found = [
        f1_score(truth[:, k], predicted[:, k]) or 0.0
        for k in range(truth.shape[1])
        if truth[:, k].sum() >= LEAST_FOR_MACRO
    ]
    return round(sum(found) / len(found), 4) if found else None


def group_numbers(names: Sequence[str]) -> npt.NDArray[np.intp]:
    return np.unique(np.array(names), return_inverse=True)[1].astype(np.intp)


def _any(table: Bools) -> Bools:
    return np.asarray(table.any(axis=1, keepdims=True), dtype=np.bool_)


def _group(
    kind: str, name: str, coded: Sequence[CodedPassage], truth: Bools, judged: Judged, rows: Sequence[int]
) -> GroupFigures:
    groups = group_numbers([coded[i].group for i in rows])
    t, p = truth[rows], judged.assigned[rows]
    with_force = [i for i in rows if coded[i].force and judged.force[i]]
    agreed = sum(coded[i].force == judged.force[i] for i in with_force)
    return GroupFigures(
        kind=kind,
        name=name or "not known",
        n_passages=len(rows),
        n_documents=len(set(groups.tolist())),
        micro=score(t, p, groups),
        macro_f1=macro_f1(t, p),
        relevance=score(_any(t), _any(p), groups),
        force_accuracy=_ratio(agreed, len(with_force)),
        force_n=len(with_force),
    )


def _force_interval(coded: Sequence[CodedPassage], judged: Judged) -> tuple[float | None, float | None]:
    rows = [i for i, one in enumerate(coded) if one.force and judged.force[i]]
    if not rows:
        return None, None
    groups = group_numbers([coded[i].group for i in rows])
    right = np.array([coded[i].force == judged.force[i] for i in rows], dtype=float)
    weights = resamples(groups)
    sizes = weights @ np.bincount(groups)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _interval(np.where(sizes > 0, weights @ np.bincount(groups, right) / sizes, np.nan))


def reliability(probability: Doubles, truth: Bools) -> tuple[tuple[Bin, ...], float | None]:
    """Ten bins over all codings, and the mean distance between probability and confirmed share, weighted by n."""
    bins, distance = [], 0.0
    place = np.minimum((probability * 10).astype(int), 9)
    for i in range(10):
        inside = place == i
        n = int(inside.sum())
        mean, share = _ratio(probability[inside].sum(), n), _ratio(float(truth[inside].sum()), n)
        bins.append(Bin(i / 10, (i + 1) / 10, n, mean, share))
        if mean is not None and share is not None:
            distance += n * abs(mean - share)
    return tuple(bins), _ratio(distance, probability.size)


def _confusions(coded: Sequence[CodedPassage], truth: Bools, judged: Judged, themes: Sequence[str]) -> list[Confusion]:
    found: dict[tuple[str, str], list[int]] = {}
    for row, one in enumerate(coded):
        core = next((theme for theme in one.themes if theme in themes), "")
        if core and judged.assigned[row, themes.index(core)]:
            continue
        for column in np.flatnonzero(judged.assigned[row] & ~truth[row]).tolist():
            found.setdefault((core or "no theme", themes[column]), []).append(row)
        if core and not judged.assigned[row].any():
            found.setdefault((core, "no theme"), []).append(row)
    ordered = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return [
        Confusion(*pair, len(rows), tuple(_start(coded[row].passage.text) for row in rows[:EXAMPLES]))
        for pair, rows in ordered
        if len(rows) > 1
    ]


def _start(text: str, length: int = 160) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"


def judge(coded: Sequence[CodedPassage], truth: Bools, classifier: Classifier, model_dir: Path) -> Judged:
    """Predictions: out of fold where the model was trained on a passage, the model's own elsewhere.

    `truth`: passages by the classifier's themes, from which out-of-fold thresholds are chosen.
    """
    themes = classifier.themes
    probability = np.zeros(truth.shape)
    threshold = np.tile([classifier.thresholds[theme] for theme in themes], (len(coded), 1))
    forces = [""] * len(coded)
    stored = load_folds(model_dir / "folds.npz")
    keys = [passage_key(one.passage) for one in coded]
    outside = [i for i, key in enumerate(keys) if key not in stored.rows]
    for i, codes in zip(outside, classifier.classify([coded[i].passage for i in outside]), strict=True):
        probability[i] = [one.probability for one in codes.scores]
        forces[i] = codes.force
    inside = np.array([i for i, key in enumerate(keys) if key in stored.rows], dtype=np.intp)
    if len(inside):
        learnt = classifier.model.themes
        logits = stored.logits[[stored.rows[keys[i]] for i in inside]]
        read, known = logits, np.ones(len(inside), dtype=bool)
        if classifier.encoder is not None:
            passages = [coded[i].passage for i in inside]
            read, known = read_by_encoder(passages, [keys[i] for i in inside], learnt, logits)
        inside, logits, read = inside[known], logits[known], read[known]
        encoder = None if classifier.encoder is None else read
        mixed = mix_themes(logits, encoder, len(learnt))
        folds = np.array([fold_of(coded[i].group) for i in inside.tolist()])
        here = [(k, column) for k, column in enumerate(classifier.columns) if column is not None]
        columns = [column for _, column in here]
        for fold in sorted(set(folds.tolist())):
            own = folds == fold
            scales = calibrate(mixed[~own][:, columns], truth[inside[~own]][:, [k for k, _ in here]])
            for (k, column), scale in zip(here, scales, strict=True):
                probability[inside[own], k] = probabilities(mixed[own][:, [column]], [scale])[:, 0]
                threshold[inside[own], k] = scale.threshold
        spoken = logits[:, len(learnt) + 1 :]
        powers = mix_forces(spoken, spoken, None if encoder is None else encoder[:, len(learnt) + 1 :])
        for i, best in zip(inside.tolist(), powers.argmax(axis=1).tolist(), strict=True):
            forces[i] = FORCES[best]
    assigned = probability >= threshold
    return Judged(
        probability=probability,
        assigned=assigned,
        unsure=np.abs(probability - threshold) < classifier.unsure_band,
        force=[force if assigned[i].any() else "" for i, force in enumerate(forces)],
        judged=np.isin(np.arange(len(coded)), np.concatenate([inside, np.array(outside, dtype=np.intp)])),
        n_out_of_fold=len(inside),
    )


def evaluate_gold(
    gold: Path,
    config: Config,
    codebook: Codebook,
    tell: Callable[[str], None] = lambda line: None,
    model_dir: Path = SHIPPED,
) -> Evaluation:
    """Measure on a CSV of coded passages (columns as for `train`). Raises UsageError, ModelError."""
    setting = config.codings.setting
    coded = read_gold(gold, tuple(codebook.themes))
    tell(f"{len(coded)} passages of {len({one.group for one in coded})} documents")
    classifier = load_classifier(setting, codebook, config.lexicon, model_dir)
    themes = classifier.themes
    truth = np.array([[theme in one.themes for theme in themes] for one in coded], dtype=bool)
    judged = judge(coded, truth, classifier, model_dir)
    if not judged.judged.all():
        kept = np.flatnonzero(judged.judged)
        tell(f"{len(coded) - len(kept)} passages are left out: nothing that didn't see their document can judge them")
        coded, truth, judged = [coded[i] for i in kept.tolist()], truth[kept], judged.of(kept)
    tell(f"{judged.n_out_of_fold} of them were trained on: judged by models that didn't see their document")
    groups = group_numbers([one.group for one in coded])
    bins, distance = reliability(judged.probability, truth)
    parts: list[GroupFigures] = []
    for kind, values in (
        ("language", [one.passage.language for one in coded]),
        ("document type", [one.passage.doc_type for one in coded]),
        ("part", [one.part for one in coded]),
    ):
        for name in sorted(set(values)):
            rows = [i for i, value in enumerate(values) if value == name]
            parts.append(_group(kind, name, coded, truth, judged, rows))
    low, high = _force_interval(coded, judged)
    return Evaluation(
        gold=gold.name,
        gold_sha256=hash_file(gold),
        model_version=classifier.version,
        setting=setting,
        n_passages=len(coded),
        n_documents=int(groups.max()) + 1,
        n_out_of_fold=judged.n_out_of_fold,
        whole=_group("all", "all passages", coded, truth, judged, range(len(coded))),
        force_low=low,
        force_high=high,
        themes=tuple(
            ThemeFigures(
                theme=theme,
                name=codebook.themes[theme].label(config.table.language),
                score=score(truth[:, [k]], judged.assigned[:, [k]], groups),
                threshold=classifier.thresholds[theme],
                agreement=AGREEMENT[theme][0] if theme in AGREEMENT else None,
                agreement_n=AGREEMENT[theme][1] if theme in AGREEMENT else None,
            )
            for k, theme in enumerate(themes)
        ),
        groups=tuple(parts),
        reliability=bins,
        calibration_error=distance,
        confusions=tuple(_confusions(coded, truth, judged, themes)),
        unsure_share=_ratio(float(judged.unsure.any(axis=1).sum()), len(coded)),
    )


def as_json_text(evaluation: Evaluation) -> str:
    """All figures; null where undefined."""
    content: dict[str, Any] = dataclasses.asdict(evaluation)
    return json.dumps(content, ensure_ascii=False, indent=1)


def shown(value: float | None) -> str:
    """'0.82', or a dash where there is no figure."""
    return "–" if value is None else f"{value:.2f}"


def interval(of: Score) -> str:
    return "" if of.low is None or of.high is None else f"{of.low:.2f} to {of.high:.2f}"


def as_text(evaluation: Evaluation) -> str:
    """The figures as a table for the screen."""
    whole = evaluation.whole
    lines = [
        f"{evaluation.n_passages} passages of {evaluation.n_documents} documents; {evaluation.n_out_of_fold} of them "
        "were trained on and are judged out of fold",
        f"micro-F1 {shown(whole.micro.f1)} ({interval(whole.micro)}; coders {AGREEMENT_MICRO:.2f}), "
        f"macro-F1 {shown(whole.macro_f1)}, any theme {shown(whole.relevance.f1)} (coders {AGREEMENT_RELEVANCE:.2f}), "
        f"force {shown(whole.force_accuracy)} (n {whole.force_n}; coders {AGREEMENT_FORCE:.2f})",
        "",
        f"{'theme':22}{'n':>6}{'precision':>11}{'recall':>8}{'F1':>6}  {'95 % interval':14}{'coders':>8}",
    ]
    for one in evaluation.themes:
        s = one.score
        coders = "–" if one.agreement is None else f"{one.agreement:.2f}"
        lines.append(
            f"{one.theme:22}{s.n:>6}{shown(s.precision):>11}{shown(s.recall):>8}{shown(s.f1):>6}  "
            f"{interval(s):14}{coders:>8}"
        )
    lines += ["", f"{'':32}{'n':>6}{'micro-F1':>10}  {'95 % interval':14}{'macro':>7}{'any':>6}{'force':>7}"]
    lines.extend(
        f"{one.kind + ' ' + one.name:32}{one.n_passages:>6}{shown(one.micro.f1):>10}  {interval(one.micro):14}"
        f"{shown(one.macro_f1):>7}{shown(one.relevance.f1):>6}{shown(one.force_accuracy):>7}"
        for one in evaluation.groups
    )
    return "\n".join(lines)


def write_report(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Write evaluation.json and evaluation.html (one file, no network). Raises OSError."""
    from .evaluation_page import page

    folder.mkdir(parents=True, exist_ok=True)
    files = {"evaluation.json": as_json_text(evaluation) + "\n", "evaluation.html": page(evaluation)}
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return [folder / name for name in files]
