"""The trained linear model: its files, scoring with it, and how it is mixed with the encoder.

A model folder holds `model.json` (version, themes, calibration, thresholds), `linear.npz` (weights in 8 bits) and
`folds.npz` (out-of-fold logits of the passages it was trained on, by a hash of each passage, for `evaluate`).
Nothing in it is executable: no pickles.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..errors import ModelError
from ..records import FORCES
from .features import BLOCKS, MARKERS, Reading, feature_matrix, marker_matrix

Floats = npt.NDArray[np.float32]
Setting = Literal["fast", "thorough"]
SETTINGS: tuple[Setting, ...] = ("fast", "thorough")
SHIPPED = Path(__file__).parent / "weights"
SENSES = SHIPPED / "senses.npz"
FORMAT = 3
ENCODER_SHARE = 0.5
"""Weight of the encoder's logits beside the linear ones; equal shares were best out of fold (docs/coding.md)."""
RELEVANCE_SHARE, RELEVANCE_CEILING = 0.4, 1.0
"""The logit of 'any theme' helps each theme, up to a ceiling: it holds back, it doesn't push."""
SENTENCE_SHARE, ENCODER_FORCE_SHARE = 0.25, 0.4
_FILES = ("linear.npz", "model.json")
_AGAIN = "train the model again (policy-scan train) or install policy-scan again."


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
    markers: Floats
    """Weights of the deontic markers: buckets by forces."""
    calibration: Mapping[Setting, tuple[Calibration, ...]]
    """Per setting, in the order of `themes`; a setting that wasn't calibrated is absent."""
    core_shares: tuple[float, ...]
    """Of the passages that have a theme, the share whose core theme it is."""

    def logits(self, readings: Sequence[Reading]) -> Floats:
        """Passages by heads, before mixing and calibration, the forces still without their markers."""
        scores: Floats = feature_matrix(readings, self.idfs) @ self.weights + self.bias
        return scores

    def force_logits(self, logits: Floats, texts: Sequence[tuple[str, str]]) -> Floats:
        """Passages by forces: those among `logits` and what the markers of (text, language) add."""
        scores: Floats = logits[:, len(self.themes) + 1 :] + marker_matrix(texts) @ self.markers
        return scores


def mix_themes(linear: Floats, encoder: Floats | None, n_themes: int) -> Floats:
    """Themes' logits from the linear heads and, where there are any, the encoder's (same heads, passages by heads).

    The weighted mean of both, plus RELEVANCE_SHARE of the logit of 'any theme' as far as RELEVANCE_CEILING.
    """
    mixed = linear[:, : n_themes + 1].astype(np.float32)
    if encoder is not None:
        mixed += np.float32(ENCODER_SHARE) * (encoder[:, : n_themes + 1] - mixed)
    mixed[:, :n_themes] += np.float32(RELEVANCE_SHARE) * np.minimum(mixed[:, [n_themes]], RELEVANCE_CEILING)
    return mixed[:, :n_themes]


def mix_forces(whole: Floats, sentence: Floats, encoder: Floats | None) -> Floats:
    """Log-probabilities of the forces from the whole passage's logits, those of the sentence that carries the core
    theme and, where there are any, the encoder's (passages by forces)."""
    mixed = (1 - SENTENCE_SHARE) * log_softmax(whole) + SENTENCE_SHARE * log_softmax(sentence)
    if encoder is not None:
        mixed = (1 - ENCODER_FORCE_SHARE) * mixed + ENCODER_FORCE_SHARE * log_softmax(encoder)
    return log_softmax(mixed)


def log_softmax(scores: Floats) -> Floats:
    shifted = scores - scores.max(axis=1, keepdims=True)
    normal: Floats = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return normal


def probabilities(logits: Floats, calibration: Sequence[Calibration]) -> Floats:
    """Calibrated probabilities of the themes from mixed logits, passages by themes."""
    slopes = np.array([one.slope for one in calibration], dtype=np.float32)
    offsets = np.array([one.offset for one in calibration], dtype=np.float32)
    scores: Floats = 1 / (1 + np.exp(-np.clip(logits * slopes + offsets, -60, 60)))
    return scores


def quantise(weights: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """Weights as 8-bit integers and one scale per column."""
    scale = np.maximum(np.abs(weights).max(axis=0), 1e-9) / 127
    return np.rint(weights / scale).astype(np.int8), scale.astype(np.float32)


def save_model(folder: Path, model: Model, facts: dict[str, Any]) -> None:
    """Write `linear.npz` and `model.json`; the same input gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    small, scale = quantise(model.weights)
    arrays: dict[str, npt.NDArray[Any]] = {"weights": small, "scale": scale, "bias": model.bias.astype(np.float32)}
    arrays["markers"] = model.markers.astype(np.float32)
    for block, idf in zip(BLOCKS, model.idfs, strict=True):
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


Calibrated = dict[Setting, tuple[Calibration, ...]]
"""Per setting, one for each of the model's themes in their order."""


def _read_facts(folder: Path) -> tuple[dict[str, Any], Calibrated]:
    facts = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    if facts["format"] != FORMAT:
        raise ModelError(f"The model in {folder} has format {facts['format']}, not {FORMAT}.", _AGAIN)
    return facts, {
        setting: tuple(Calibration(**facts["calibration"][setting][theme]) for theme in facts["themes"])
        for setting in SETTINGS
        if setting in facts["calibration"]
    }


def load_calibration(folder: Path = SHIPPED) -> tuple[tuple[str, ...], Calibrated]:
    """A model's themes and their calibration, without its weights, which are large. Raises ModelError."""
    try:
        facts, calibration = _read_facts(folder)
        return tuple(facts["themes"]), calibration
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"The model in {folder} is damaged: {error!r}.", _AGAIN) from error


def load_model(folder: Path = SHIPPED) -> Model:
    """Read a model folder. Raises ModelError where a file is missing, damaged or of another format."""
    try:
        facts, calibration = _read_facts(folder)
        with np.load(folder / "linear.npz", allow_pickle=False) as arrays:
            weights = arrays["weights"].astype(np.float32) * arrays["scale"]
            bias, markers = arrays["bias"], arrays["markers"]
            idfs = tuple(arrays[f"idf_{block.name}"].astype(np.float32) for block in BLOCKS)
        file_hash = hash_files(folder)
        themes = tuple(facts["themes"])
        core_shares = tuple(float(facts["core_shares"][theme]) for theme in themes)
    except FileNotFoundError as error:
        raise ModelError(f"The model's file {Path(error.filename).name} is missing in {folder}.", _AGAIN) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"The model in {folder} is damaged: {error!r}.", _AGAIN) from error
    right = (sum(block.size for block in BLOCKS), len(themes) + 1 + len(FORCES))
    if weights.shape != right or markers.shape != (MARKERS.size, len(FORCES)):
        raise ModelError(f"The model in {folder} doesn't fit this version's features.", _AGAIN)
    return Model(str(facts["version"]), file_hash, themes, idfs, weights, bias, markers, calibration, core_shares)


@dataclass(frozen=True, slots=True)
class Folds:
    """Out-of-fold logits by passage: `rows` maps a passage's key (gold.passage_key) to its row of `logits`."""

    heads: tuple[str, ...]
    rows: Mapping[str, int]
    logits: Floats


def save_folds(file: Path, heads: Sequence[str], keys: Sequence[str], logits: Floats) -> None:
    """Half precision: the keys are hashes, so that no text ships."""
    numbers = np.array([int(key, 16) for key in keys], dtype=np.uint64)
    arrays: dict[str, npt.NDArray[Any]] = {"keys": numbers, "logits": logits.astype(np.float16)}
    arrays["heads"] = np.frombuffer("\n".join(heads).encode("ascii"), dtype=np.uint8)
    np.savez_compressed(file, allow_pickle=False, **arrays)


def load_folds(file: Path) -> Folds:
    """Raises ModelError where the file is missing or damaged."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            heads = tuple(arrays["heads"].tobytes().decode("ascii").split("\n"))
            rows = {f"{number:016x}": row for row, number in enumerate(arrays["keys"].tolist())}
            return Folds(heads, rows, arrays["logits"].astype(np.float32))
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"The out-of-fold predictions in {file} can't be read: {error}.", _AGAIN) from error
