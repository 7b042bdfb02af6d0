"""The trained model: its files, and scoring passages with it.

A model folder holds `model.json` (version, themes, calibration, thresholds), `linear.npz` (weights in 8 bits) and
`folds.npz` (out-of-fold probabilities of the passages it was trained on, by a hash of each passage, for `evaluate`).
Nothing in it is executable: no pickles.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ModelError
from ..records import FORCES
from .features import BLOCKS, feature_matrix
from .passages import Passage

Floats = npt.NDArray[np.float32]
SHIPPED = Path(__file__).parent / "weights"
FORMAT = 1
_FILES = ("linear.npz", "model.json")


@dataclass(frozen=True, slots=True)
class Calibration:
    """Of one theme: probability = 1 / (1 + exp(-(slope x logit + offset))), and the thresholds on it."""

    slope: float
    offset: float
    threshold: float
    cell_threshold: float


@dataclass(frozen=True, slots=True)
class Model:
    """Weights (features by heads) and what turns them into codes. Heads: the themes, 'any theme', the forces."""

    version: str
    file_hash: str
    themes: tuple[str, ...]
    idfs: tuple[Floats, ...]
    weights: Floats
    bias: Floats
    calibration: tuple[Calibration, ...]

    def logits(self, passages: Sequence[Passage]) -> Floats:
        """Passages by heads, before calibration."""
        scores: Floats = feature_matrix(passages, self.idfs) @ self.weights + self.bias
        return scores

    def probabilities(self, logits: Floats) -> Floats:
        """Calibrated probabilities, passages by themes."""
        slopes = np.array([one.slope for one in self.calibration], dtype=np.float32)
        offsets = np.array([one.offset for one in self.calibration], dtype=np.float32)
        scores: Floats = 1 / (1 + np.exp(-(logits[:, : len(self.themes)] * slopes + offsets)))
        return scores

    def forces(self, logits: Floats) -> Floats:
        """Probabilities of the seven forces, in the order of FORCES, rows summing to 1."""
        raw = logits[:, len(self.themes) + 1 :]
        powers = np.exp(raw - raw.max(axis=1, keepdims=True))
        scores: Floats = powers / powers.sum(axis=1, keepdims=True)
        return scores


def quantise(weights: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """Weights as 8-bit integers and one scale per column."""
    scale = np.maximum(np.abs(weights).max(axis=0), 1e-9) / 127
    return np.rint(weights / scale).astype(np.int8), scale.astype(np.float32)


def save_model(folder: Path, idfs: Sequence[Floats], weights: Floats, bias: Floats, facts: dict[str, Any]) -> None:
    """Write `linear.npz` and `model.json`; the same input gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    small, scale = quantise(weights)
    arrays: dict[str, npt.NDArray[Any]] = {"weights": small, "scale": scale, "bias": bias.astype(np.float32)}
    for block, idf in zip(BLOCKS, idfs, strict=True):
        arrays[f"idf_{block.name}"] = idf.astype(np.float16)
    np.savez_compressed(folder / "linear.npz", allow_pickle=False, **arrays)
    text = json.dumps(facts, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / "model.json").write_text(text + "\n", encoding="utf-8")


def hash_files(folder: Path) -> str:
    """SHA-256 over the model's files, in a fixed order."""
    digest = hashlib.sha256()
    for name in _FILES:
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()


def load_model(folder: Path = SHIPPED) -> Model:
    """Read a model folder. Raises ModelError where a file is missing, damaged or of another format."""
    again = "train the model again (policy-scan train) or install policy-scan again."
    try:
        facts = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        with np.load(folder / "linear.npz", allow_pickle=False) as arrays:
            weights = arrays["weights"].astype(np.float32) * arrays["scale"]
            bias = arrays["bias"]
            idfs = tuple(arrays[f"idf_{block.name}"].astype(np.float32) for block in BLOCKS)
        file_hash = hash_files(folder)
    except FileNotFoundError as error:
        raise ModelError(f"The model's file {Path(error.filename).name} is missing in {folder}.", again) from None
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"The model in {folder} is damaged: {error}.", again) from error
    if facts.get("format") != FORMAT:
        raise ModelError(f"The model in {folder} has format {facts.get('format')}, not {FORMAT}.", again)
    calibration = tuple(Calibration(**facts["calibration"][theme]) for theme in facts["themes"])
    if weights.shape != (sum(block.size for block in BLOCKS), len(calibration) + 1 + len(FORCES)):
        raise ModelError(f"The model in {folder} doesn't fit this version's features.", again)
    return Model(facts["version"], file_hash, tuple(facts["themes"]), idfs, weights, bias, calibration)
