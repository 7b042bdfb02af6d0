"""From scores to probabilities and thresholds, all on out-of-fold predictions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .linear import Calibration, Floats

_GRID = np.linspace(0.05, 0.9, 171)
_SMOOTHING = 9
CELL_PRECISION = 0.8
_PRIOR, _PRIOR_WEIGHT = 0.75, 8.0


def platt(logits: Floats, truth: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and offset of Platt's scaling (Platt 1999, with his smoothed targets), by Newton's method."""
    positives, negatives = int(truth.sum()), int((~truth).sum())
    target = np.where(truth, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    design = np.stack([logits.astype(np.float64), np.ones(len(logits))], axis=1)
    beta = np.array([1.0, 0.0])
    for _ in range(50):
        probability = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        gradient = design.T @ (probability - target) + 1e-3 * (beta - np.array([1.0, 0.0]))
        hessian = (design * (probability * (1 - probability))[:, None]).T @ design + 1e-3 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        beta = beta - step
        if np.abs(step).max() < 1e-8:
            break
    return float(beta[0]), float(beta[1])


def _smooth(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    half = _SMOOTHING // 2
    return np.convolve(np.pad(values, half, mode="edge"), np.ones(_SMOOTHING) / _SMOOTHING, "valid")


def best_threshold(probability: Floats, truth: npt.NDArray[np.bool_]) -> float:
    """The threshold of the best F1, its curve smoothed over neighbours so that no single passage decides."""
    scores = []
    for threshold in _GRID:
        chosen = probability >= threshold
        scores.append(2 * (chosen & truth).sum() / max(1, chosen.sum() + truth.sum()))
    return round(float(_GRID[int(np.argmax(_smooth(np.array(scores))))]), 4)


def cell_threshold(probability: Floats, truth: npt.NDArray[np.bool_], lowest: float) -> float:
    """The lowest threshold, from `lowest` on, above which about CELL_PRECISION of the predictions are right.

    Few predictions tell little, so their precision is drawn to _PRIOR as if _PRIOR_WEIGHT more had been seen.
    """
    for threshold in _GRID[np.searchsorted(_GRID, lowest) :]:
        chosen = probability >= threshold
        right = (chosen & truth).sum() + _PRIOR * _PRIOR_WEIGHT
        if right >= CELL_PRECISION * (chosen.sum() + _PRIOR_WEIGHT):
            return round(float(threshold), 4)
    return max(0.6, lowest)


def calibrate(logits: Floats, truth: npt.NDArray[np.bool_]) -> tuple[Calibration, ...]:
    """Per theme (columns of both arrays), from out-of-fold logits."""
    found = []
    for theme in range(truth.shape[1]):
        slope, offset = platt(logits[:, theme], truth[:, theme])
        probability = (1 / (1 + np.exp(-(slope * logits[:, theme] + offset)))).astype(np.float32)
        threshold = best_threshold(probability, truth[:, theme])
        cell = cell_threshold(probability, truth[:, theme], threshold)
        found.append(Calibration(round(slope, 5), round(offset, 5), threshold, cell))
    return tuple(found)
