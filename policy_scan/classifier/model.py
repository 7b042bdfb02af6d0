"""Coding passages: the model, the codebook and the lexicon brought together. Loaded once per process."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from ..codebook import Codebook
from ..keys import hash_file, make_key
from ..records import FORCES
from .evidence import as_passages, choose, sentences_of
from .features import words_of
from .linear import SHIPPED, Floats, Model, hash_files, load_model
from .passages import Passage, PassageCodes, ThemeScore

Setting = Literal["fast", "thorough"]
BATCH = 256
CUE_PROBABILITY = 0.6
"""What a theme without coded passages gets where one of its cues stands: nothing was measured, so nothing higher."""
UNSURE_BAND = 0.12


@dataclass(frozen=True, slots=True)
class Classifier:
    """Codes passages by themes of one codebook. `cues`: theme -> folded word sequences, for themes without a model."""

    model: Model
    themes: tuple[str, ...]
    cues: Mapping[str, tuple[tuple[str, ...], ...]]
    version: str
    file_hash: str
    unsure_band: float = UNSURE_BAND

    @property
    def thresholds(self) -> dict[str, float]:
        """Per active theme: the probability from which it is assigned."""
        known = dict(zip(self.model.themes, self.model.calibration, strict=True))
        return {theme: known[theme].threshold if theme in known else CUE_PROBABILITY for theme in self.themes}

    @property
    def cell_thresholds(self) -> dict[str, float]:
        """Per active theme: the probability from which a coding supports a cell. Themes coded from cues never do."""
        known = dict(zip(self.model.themes, self.model.calibration, strict=True))
        return {theme: known[theme].cell_threshold if theme in known else 1.0 for theme in self.themes}

    def classify(self, passages: Sequence[Passage]) -> list[PassageCodes]:
        """One result per passage, in order."""
        coded: list[PassageCodes] = []
        for start in range(0, len(passages), BATCH):
            coded.extend(self._classify_batch(passages[start : start + BATCH]))
        return coded

    def _classify_batch(self, passages: Sequence[Passage]) -> list[PassageCodes]:
        logits = self.model.logits(passages)
        known = {theme: column for column, theme in enumerate(self.model.themes)}
        learnt = self.model.probabilities(logits)
        forces = self.model.forces(logits)
        table = np.zeros((len(passages), len(self.themes)), dtype=np.float64)
        for column, theme in enumerate(self.themes):
            if theme in known:
                table[:, column] = learnt[:, known[theme]]
            else:
                table[:, column] = [CUE_PROBABILITY * self._has_cue(theme, passage.text) for passage in passages]
        table = np.round(table, 4)
        thresholds = np.array([self.thresholds[theme] for theme in self.themes])
        assigned = table >= thresholds
        evidence = self._evidence(passages, assigned, known)
        return [
            self._codes(table[row], thresholds, assigned[row], evidence[row], forces[row])
            for row in range(len(passages))
        ]

    def _codes(
        self,
        probability: np.ndarray[tuple[int], np.dtype[np.float64]],
        thresholds: np.ndarray[tuple[int], np.dtype[np.float64]],
        assigned: np.ndarray[tuple[int], np.dtype[np.bool_]],
        evidence: Mapping[int, tuple[tuple[int, int], ...]],
        forces: Floats,
    ) -> PassageCodes:
        order = np.lexsort((np.arange(len(probability)), -probability, ~assigned))
        ranks = np.empty(len(order), dtype=int)
        ranks[order] = np.arange(1, len(order) + 1)
        cells = self.cell_thresholds
        scores = tuple(
            ThemeScore(
                theme=theme,
                rank=int(ranks[i]),
                probability=float(probability[i]),
                threshold=float(thresholds[i]),
                cell_threshold=cells[theme],
                assigned=bool(assigned[i]),
                unsure=bool(abs(probability[i] - thresholds[i]) < self.unsure_band),
                method="lexicon" if theme in self.cues else "linear",
                evidence=evidence.get(i, ()),
            )
            for i, theme in enumerate(self.themes)
        )
        best = int(np.argmax(forces))
        force = FORCES[best] if assigned.any() else ""
        return PassageCodes(scores, force, float(forces[best]) if force else 0.0)

    def _has_cue(self, theme: str, text: str) -> bool:
        words = words_of(text)
        return any(_find(words, cue) for cue in self.cues.get(theme, ()))

    def _evidence(
        self,
        passages: Sequence[Passage],
        assigned: np.ndarray[tuple[int, int], np.dtype[np.bool_]],
        known: Mapping[str, int],
    ) -> list[dict[int, tuple[tuple[int, int], ...]]]:
        found: list[dict[int, tuple[tuple[int, int], ...]]] = [{} for _ in passages]
        rows = [int(row) for row in np.flatnonzero(assigned.any(axis=1))]
        spans = {row: sentences_of(passages[row]) for row in rows}
        pieces = [piece for row in rows for piece in as_passages(passages[row], spans[row])]
        if not pieces:
            return found
        logits = self.model.logits(pieces)
        first = 0
        for row in rows:
            own = logits[first : first + len(spans[row])]
            for column in np.flatnonzero(assigned[row]):
                theme = self.themes[column]
                if theme in known:
                    scores = own[:, known[theme]]
                else:
                    texts = pieces[first : first + len(spans[row])]
                    scores = np.array([self._has_cue(theme, one.text) for one in texts], dtype=np.float32)
                found[row][int(column)] = choose(passages[row], spans[row], scores)
            first += len(spans[row])
        return found


def _find(words: Sequence[str], cue: Sequence[str]) -> bool:
    """Whether the cue's words follow each other; a cue word of 5 letters or more also fits a longer, inflected word."""
    for start in range(len(words) - len(cue) + 1):
        if all(
            word == wanted or (len(wanted) > 4 and word.startswith(wanted))
            for word, wanted in zip(words[start:], cue, strict=False)
        ):
            return True
    return False


def load_classifier(
    setting: Setting, codebook: Codebook, lexicon: Path | str = "", model_dir: Path = SHIPPED
) -> Classifier:
    """Read the model's files and fit them to the codebook's active themes. Raises ModelError."""
    model = load_model(model_dir)
    missing = [theme for theme in codebook.active if theme not in model.themes]
    cues = {
        theme: tuple(
            tuple(words_of(term)) for terms in codebook.themes[theme].cues.values() for term in terms if words_of(term)
        )
        for theme in missing
    }
    return Classifier(model, codebook.active, cues, model.version, make_key(model.file_hash, setting))


def classifier_key(setting: Setting, lexicon: Path, model_dir: Path = SHIPPED) -> str:
    """What codings depend on besides codebook and configuration: the files of the model and of the lexicon."""
    return make_key(hash_files(model_dir), hash_file(lexicon) if lexicon.is_file() else "", setting)


def cell_thresholds(setting: Setting, model_dir: Path = SHIPPED) -> dict[str, float]:
    """Per theme of the model: the probability from which a coding supports a cell."""
    model = load_model(model_dir)
    return {theme: one.cell_threshold for theme, one in zip(model.themes, model.calibration, strict=True)}


def spans_to_json(spans: Sequence[tuple[int, int]]) -> str:
    """'[[0,12]]': the evidence as it stands in the tables."""
    return json.dumps([list(span) for span in spans], separators=(",", ":"))
