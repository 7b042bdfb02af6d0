"""Training: grouped out-of-fold predictions first, calibration and thresholds on them, then a fit on everything.

Deterministic: the same passages give the same files, byte for byte, on one machine and one version of scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..codebook import Codebook
from ..config import Config
from ..errors import UsageError
from ..keys import hash_file
from ..records import FORCES
from .calibrate import calibrate
from .features import BLOCKS, count_matrix, document_frequency_weights, feature_matrix
from .gold import FOLDS, CodedPassage, fold_of, passage_key, read_gold
from .linear import FORMAT, Floats, save_model

STRENGTH = 10.0
"""Inverse strength of the L2 penalty, C of scikit-learn's LogisticRegression."""
LEAST_PASSAGES = 5
"""A theme with fewer coded passages than this is not learnt; it is coded from the lexicon."""


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What was learnt from: passages, documents (groups), passages per theme, and the themes left to the lexicon."""

    n_passages: int
    n_groups: int
    themes: tuple[str, ...]
    n_by_theme: tuple[int, ...]
    left_out: tuple[str, ...]
    files: tuple[str, ...]

    def __str__(self) -> str:
        counts = ", ".join(f"{theme} {n}" for theme, n in zip(self.themes, self.n_by_theme, strict=True))
        left = f"\nLeft to the lexicon (too few passages): {', '.join(self.left_out)}" if self.left_out else ""
        return f"Learnt from {self.n_passages} passages of {self.n_groups} documents: {counts}{left}"


def _fit_head(matrix: Any, truth: npt.NDArray[np.bool_]) -> tuple[Floats, float]:
    from sklearn.linear_model import LogisticRegression

    if truth.all() or not truth.any():
        return np.zeros(matrix.shape[1], dtype=np.float32), 10.0 if truth.all() else -10.0
    head = LogisticRegression(C=STRENGTH, solver="lbfgs", max_iter=150, tol=1e-3).fit(matrix, truth)
    return head.coef_[0].astype(np.float32), float(head.intercept_[0])


def fit(matrix: Any, themes: npt.NDArray[np.bool_], forces: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Weights (features by heads) and biases. Forces are learnt from the passages that have one."""
    rows = np.flatnonzero(forces.any(axis=1))
    some = matrix[rows]
    heads = [(matrix, column) for column in [*themes.T, themes.any(axis=1)]] + [(some, c) for c in forces[rows].T]
    fitted = [_fit_head(features, truth) for features, truth in heads]
    return np.stack([w for w, _ in fitted], axis=1), np.array([b for _, b in fitted], dtype=np.float32)


def truth_of(coded: Sequence[CodedPassage], themes: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Passages by themes."""
    return np.array([[theme in one.themes for theme in themes] for one in coded], dtype=bool)


def train_model(
    gold: Path,
    model_dir: Path,
    config: Config,
    codebook: Codebook,
    tell: Callable[[str], None] = lambda line: None,
) -> TrainingReport:
    """Learn from coded passages and write a model folder. `tell` gets a line now and then.

    Raises UsageError where the passages can't be read or are too few to be folded by document.
    """
    themes = codebook.active
    coded = read_gold(gold, tuple(codebook.themes))
    folds = np.array([fold_of(one.group) for one in coded])
    counts = truth_of(coded, themes).sum(axis=0)
    learnt = tuple(theme for theme, count in zip(themes, counts, strict=True) if count >= LEAST_PASSAGES)
    if not learnt or len(set(folds)) < FOLDS:
        raise UsageError(
            f"{gold} has too few coded passages to learn from.",
            f"give at least {LEAST_PASSAGES} passages of a theme, from several documents (column group).",
        )
    truth = truth_of(coded, learnt)
    forces = np.array([[one.force == force for force in FORCES] for one in coded], dtype=bool)
    passages = [one.passage for one in coded]
    idfs = tuple(document_frequency_weights(count_matrix(passages, block)) for block in BLOCKS)
    matrix = feature_matrix(passages, idfs)
    logits = np.zeros((len(coded), len(learnt) + 1 + len(FORCES)), dtype=np.float32)
    for fold in range(FOLDS):
        tell(f"part {fold + 1} of {FOLDS + 1}: coding the documents of fold {fold} from the others")
        inside, outside = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        weights, bias = fit(matrix[inside], truth[inside], forces[inside])
        logits[outside] = matrix[outside] @ weights + bias
    calibration = calibrate(logits, truth)
    tell(f"part {FOLDS + 1} of {FOLDS + 1}: learning from all passages")
    weights, bias = fit(matrix, truth, forces)
    gold_hash = hash_file(gold)
    n_groups = len({one.group for one in coded})
    facts = {
        "format": FORMAT,
        "version": f"linear-{FORMAT}.{gold_hash[:8]}",
        "themes": list(learnt),
        "calibration": {theme: asdict(one) for theme, one in zip(learnt, calibration, strict=True)},
        "gold_sha256": gold_hash,
        "n_passages": len(coded),
        "n_groups": n_groups,
        "n_by_theme": {theme: int(count) for theme, count in zip(learnt, truth.sum(axis=0), strict=True)},
    }
    save_model(model_dir, idfs, weights, bias, facts)
    keys = np.array([bytes.fromhex(passage_key(passage)) for passage in passages], dtype="S8")
    np.savez_compressed(
        model_dir / "folds.npz",
        allow_pickle=False,
        keys=np.frombuffer(keys.tobytes().ljust(8 * len(keys), b"\0"), dtype=np.uint64),
        logits=logits.astype(np.float16),
    )
    return TrainingReport(
        n_passages=len(coded),
        n_groups=n_groups,
        themes=learnt,
        n_by_theme=tuple(int(count) for count in truth.sum(axis=0)),
        left_out=tuple(theme for theme in themes if theme not in learnt),
        files=("model.json", "linear.npz", "folds.npz"),
    )
