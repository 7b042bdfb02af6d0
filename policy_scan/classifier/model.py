"""Coding passages: model, encoder, codebook and lexicon brought together. Loaded once per process."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..codebook import Codebook
from ..errors import ConfigError, ModelError
from ..keys import hash_file, make_key
from ..records import FORCES
from .encoder import Encoder, load_encoder
from .evidence import Span, sentences_of, terms_within, widened
from .features import Reader, Reading
from .lexicon import Lexicon, load_lexicon
from .linear import (
    SENSES,
    SHIPPED,
    Floats,
    Model,
    Setting,
    hash_files,
    load_calibration,
    load_model,
    mix_forces,
    mix_themes,
    probabilities,
)
from .passages import Passage, PassageCodes, Term, ThemeScore
from .senses import load_senses
from .windows import as_window, merge, windows_of

BATCH = 256
LEXICON_THRESHOLD = 0.6
"""A theme without coded passages is assigned where one strong concept, or two weak ones, stand."""
UNSURE_BAND = 0.12
ENCODER_BAND = (0.2, 0.4)
"""The encoder reads only passages of which the linear model gives some theme a probability in this band: an eighth of
those of whole documents. A wider one, from 0.15 to 0.6, reads a fourth and takes the run past the time that its peer
takes to read words (benchmarks/whole_run.py), for 0.003 of micro-F1 and 0.01 of macro-F1."""


@dataclass(frozen=True, slots=True)
class Found:
    """Of one passage: evidence per assigned theme (its index), and the sentence of the core theme with its logits."""

    evidence: dict[int, tuple[Span, ...]]
    core: Span
    core_logits: Floats


@dataclass(frozen=True, slots=True)
class Classifier:
    """Codes passages by the active themes of one codebook, in its order. Made by `load_classifier`."""

    model: Model
    setting: Setting
    reader: Reader
    encoder: Encoder | None
    themes: tuple[str, ...]
    columns: tuple[int | None, ...]
    """Where each theme stands among the model's; None: it is coded from the lexicon alone."""
    thresholds: dict[str, float]
    """Per active theme: the probability from which it is assigned."""
    cell_thresholds: dict[str, float]
    """Per active theme: the probability from which a coding supports a cell, as measured. Nothing was measured for
    themes of the lexicon alone: 1 here; the cells take them from the configuration's cells.threshold on."""
    version: str
    file_hash: str
    unsure_band: float = UNSURE_BAND

    def classify(self, passages: Sequence[Passage]) -> list[PassageCodes]:
        """One result per passage, in order; a passage's result doesn't depend on the others.

        Long passages are read whole and window by window (windows.py).
        """
        cut = [windows_of(passage.text) for passage in passages]
        windows = [as_window(passage, span) for passage, spans in zip(passages, cut, strict=True) for span in spans]
        wholes, parts = self._classify_all(passages), iter(self._classify_all(windows))
        weights = self.as_core(np.ones(len(self.themes))).tolist()
        return [
            merge(whole, [(span, next(parts)) for span in spans], weights) if spans else whole
            for whole, spans in zip(wholes, cut, strict=True)
        ]

    def _classify_all(self, passages: Sequence[Passage]) -> list[PassageCodes]:
        coded: list[PassageCodes] = []
        for start in range(0, len(passages), BATCH):
            coded.extend(self._classify_batch(passages[start : start + BATCH]))
        return coded

    def _read_by_encoder(self, passages: Sequence[Passage], linear: Floats) -> dict[int, Floats]:
        """Row -> the encoder's logits in the order of the model's heads, for the passages worth its time."""
        if self.encoder is None:
            return {}
        lowest, highest = ENCODER_BAND
        first = self._learnt(mix_themes(linear, None, len(self.model.themes)), "fast")
        rows = np.flatnonzero(((first >= lowest) & (first <= highest)).any(axis=1)).tolist()
        if not rows:
            return {}
        read = self.encoder.logits([passages[row] for row in rows])
        return dict(zip(rows, as_heads(read, self.encoder.outputs, self.model.themes, linear[rows]), strict=True))

    def _classify_batch(self, passages: Sequence[Passage]) -> list[PassageCodes]:
        readings = [self.reader.read(passage) for passage in passages]
        linear = self.model.logits(readings)
        read = self._read_by_encoder(passages, linear)
        n_themes = len(self.model.themes)
        learnt = self._learnt(mix_themes(linear, None, n_themes), "fast")
        for row, heads in read.items():
            learnt[row] = self._learnt(mix_themes(linear[[row]], heads[None], n_themes), self.setting)[0]
        probability = self._probabilities(passages, learnt)
        assigned = probability >= np.array([self.thresholds[theme] for theme in self.themes])
        rows = np.flatnonzero(assigned.any(axis=1)).tolist()
        found = find_evidence(
            self, [passages[row] for row in rows], [readings[row] for row in rows], assigned[rows], probability[rows]
        )
        forces = self._forces([passages[row] for row in rows], linear[rows], found, [read.get(row) for row in rows])
        evidence = dict(zip(rows, (one.evidence for one in found), strict=True))
        force = dict(zip(rows, forces, strict=True))
        ranks = self._ranks(probability, assigned)
        unsure = np.abs(probability - [self.thresholds[theme] for theme in self.themes]) < self.unsure_band
        judged = zip(probability.tolist(), assigned.tolist(), ranks.tolist(), unsure.tolist(), strict=True)
        return [
            self._codes(*of_themes, reading=readings[row], evidence=evidence.get(row, {}), forces=force.get(row))
            for row, of_themes in enumerate(judged)
        ]

    def _forces(
        self, passages: Sequence[Passage], linear: Floats, found: Sequence[Found], read: Sequence[Floats | None]
    ) -> Floats:
        """Probabilities, passages by forces."""
        if not passages:
            return np.zeros((0, len(FORCES)), dtype=np.float32)
        whole = self.model.force_logits(linear, [(one.text, one.language) for one in passages])
        sentence = self.model.force_logits(
            np.stack([one.core_logits for one in found]),
            [(one.text[slice(*of.core)], one.language) for one, of in zip(passages, found, strict=True)],
        )
        mixed = mix_forces(whole, sentence, None)
        for row, heads in enumerate(read):
            if heads is not None:
                own = heads[None, len(self.model.themes) + 1 :]
                mixed[row] = mix_forces(whole[[row]], sentence[[row]], own)[0]
        powers: Floats = np.exp(mixed)
        return powers

    def _learnt(self, mixed: Floats, setting: Setting) -> Floats:
        """Calibrated probabilities, passages by the model's themes."""
        return probabilities(mixed, self.model.calibration[setting])

    def _probabilities(self, passages: Sequence[Passage], learnt: Floats) -> npt.NDArray[np.float64]:
        """Passages by the codebook's themes: as learnt, or from the lexicon where the model doesn't know one; to 4
        places."""
        table = np.zeros((len(passages), len(self.themes)), dtype=np.float64)
        for i, column in enumerate(self.columns):
            if column is not None:
                table[:, i] = learnt[:, column]
        if None in self.columns:
            for row, passage in enumerate(passages):
                scores = self.reader.lexicon.score_themes(passage.text, passage.language or "und")
                for i, column in enumerate(self.columns):
                    if column is None:
                        table[row, i] = scores.get(self.themes[i], 0.0)
        return np.round(table, 4)

    def _ranks(self, probability: npt.NDArray[np.float64], assigned: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Passages by themes: 1 for the likeliest core theme, assigned ones first; equal ones in the themes' order."""
        order = np.lexsort((-self.as_core(probability), ~assigned))
        ranks = np.empty(order.shape, dtype=np.int64)
        np.put_along_axis(ranks, order, np.arange(1, len(self.themes) + 1)[None], axis=1)
        return ranks

    def _codes(
        self,
        probability: Sequence[float],
        assigned: Sequence[bool],
        ranks: Sequence[int],
        unsure: Sequence[bool],
        *,
        reading: Reading,
        evidence: dict[int, tuple[Span, ...]],
        forces: Floats | None,
    ) -> PassageCodes:
        learnt = "linear" if self.encoder is None else "encoder"
        scores = tuple(
            ThemeScore(
                theme=theme,
                rank=ranks[i],
                probability=probability[i],
                threshold=self.thresholds[theme],
                cell_threshold=self.cell_thresholds[theme],
                assigned=assigned[i],
                unsure=unsure[i],
                method="lexicon" if self.columns[i] is None else learnt,
                evidence=evidence.get(i, ()),
                terms=self._terms(reading, theme, evidence[i]) if i in evidence else (),
            )
            for i, theme in enumerate(self.themes)
        )
        if forces is None:
            return PassageCodes(scores, "", 0.0)
        best = int(np.argmax(forces))
        return PassageCodes(scores, FORCES[best], float(forces[best]))

    def _terms(self, reading: Reading, theme: str, evidence: Sequence[Span]) -> tuple[Term, ...]:
        return terms_within(
            evidence, reading.concepts["text"], lambda concept: theme in self.reader.lexicon.themes_of(concept)
        )

    def as_core(self, probability: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """How likely each theme is to be the core one: digital_only, say, hardly ever is, beside digital_service.

        On the gold this told the core theme of passages with several themes in 76 % instead of 73 % of cases.
        """
        shares = [1.0 if column is None else self.model.core_shares[column] for column in self.columns]
        likely: npt.NDArray[np.float64] = probability * np.sqrt(shares)
        return likely

    def speaking(self, part: Reading, theme: str) -> int:
        """How many concepts in a sentence speak for the theme."""
        lexicon = self.reader.lexicon
        return sum(theme in lexicon.themes_of(name) for name in {match.concept for match in part.concepts["text"]})


def find_evidence(
    classifier: Classifier,
    passages: Sequence[Passage],
    readings: Sequence[Reading],
    assigned: npt.NDArray[np.bool_],
    probability: npt.NDArray[np.float64],
) -> list[Found]:
    """For passages with a theme: each assigned theme's sentence, and what the core theme's sentence says of the force.

    The linear model weighs each sentence alone, without title and frame. `assigned` and `probability`: passages by
    the codebook's themes.
    """
    spans = [sentences_of(passage) for passage in passages]
    parts = [
        classifier.reader.read_part(passage, reading, *span)
        for passage, reading, own in zip(passages, readings, spans, strict=True)
        for span in own
    ]
    if not parts:
        return []
    logits = classifier.model.logits(parts)
    found: list[Found] = []
    first = 0
    for row, own in enumerate(spans):
        last = first + len(own)
        best: dict[int, int] = {}
        for i in np.flatnonzero(assigned[row]).tolist():
            column = classifier.columns[i]
            if column is not None:
                scores = logits[first:last, column]
            else:
                theme = classifier.themes[i]
                scores = np.array([classifier.speaking(part, theme) for part in parts[first:last]], dtype=np.float32)
            best[i] = int(np.argmax(scores))
        core = best[int(np.argmax(np.where(assigned[row], classifier.as_core(probability[row]), -1)))]
        evidence = {i: widened(own, sentence, logits[first:last]) for i, sentence in best.items()}
        found.append(Found(evidence, own[core], logits[first + core]))
        first = last
    return found


def as_heads(read: Floats, outputs: Sequence[str], themes: Sequence[str], linear: Floats) -> Floats:
    """The encoder's columns `outputs` in the order of the model's heads: the themes, 'relevance', 'force:…'.

    A theme that the encoder doesn't know keeps its linear logit.
    """
    heads = (*themes, "relevance", *(f"force:{force}" for force in FORCES))
    place = {name: column for column, name in enumerate(outputs)}
    return np.stack(
        [read[:, place[name]] if name in place else linear[:, i] for i, name in enumerate(heads)], axis=1
    ).astype(np.float32)


def load_classifier(
    setting: Setting,
    codebook: Codebook,
    lexicon: Path | str = "lexicon.yaml",
    model_dir: Path = SHIPPED,
    unsure_band: float = UNSURE_BAND,
) -> Classifier:
    """Read the model's files and fit them to the codebook's active themes. Raises ModelError, ConfigError.

    `unsure_band`: how close to its threshold a probability is called unsure.
    """
    model = load_model(model_dir)
    thresholds = theme_thresholds(model, setting, codebook.active)
    encoder = load_encoder(SHIPPED) if setting == "thorough" else None
    columns = tuple(model.themes.index(theme) if theme in model.themes else None for theme in codebook.active)
    reader = Reader(load_lexicon(lexicon, codebook), load_senses(SENSES))
    _check_told(codebook, model.themes, reader.lexicon)
    found = [None if column is None else model.calibration[setting][column] for column in columns]
    pairs = list(zip(codebook.active, found, strict=True))
    return Classifier(
        model=model,
        setting=setting,
        reader=reader,
        encoder=encoder,
        themes=codebook.active,
        columns=columns,
        thresholds=thresholds,
        cell_thresholds={theme: one.cell_threshold if one else 1.0 for theme, one in pairs},
        version=model.version if encoder is None else f"{model.version}+{encoder.version}",
        file_hash=make_key(hash_files(model_dir), hash_file(SENSES), encoder.version if encoder else ""),
        unsure_band=unsure_band,
    )


def _check_told(codebook: Codebook, learnt: Collection[str], lexicon: Lexicon) -> None:
    spoken_for = {theme for concept in lexicon.listed for theme in concept.themes}
    for theme in codebook.active:
        if theme not in learnt and theme not in spoken_for:
            raise ConfigError(
                f"Nothing tells the theme '{theme}': no coded passages, no concept of the lexicon, no cues.",
                f"give a concept of the lexicon 'themes: [{theme}]', give the theme cues, or set 'enabled: false'.",
            )


def model_folder(name: str) -> Path:
    """The folder of the configured model; '' is the one that ships. Raises ModelError where it holds none."""
    folder = Path(name) if name else SHIPPED
    if not (folder / "model.json").is_file():
        raise ModelError(f"{folder} holds no model.", "give a folder that 'policy-scan train --model' wrote.")
    return folder


def check_codebook(codebook: Codebook, lexicon: Path | str, model_dir: Path = SHIPPED) -> None:
    """Raises ConfigError where an active theme could never be coded: its cells would say that nothing was found."""
    try:
        learnt = json.loads((model_dir / "model.json").read_text(encoding="utf-8"))["themes"]
    except (OSError, ValueError, KeyError):
        return  # a missing or damaged model is told where it is loaded
    if set(codebook.active) - set(learnt):
        _check_told(codebook, learnt, load_lexicon(lexicon, codebook))


def theme_thresholds(model: Model, setting: Setting, themes: Sequence[str]) -> dict[str, float]:
    """Per theme: the probability from which it is assigned. Raises ModelError where the setting wasn't calibrated."""
    if setting not in model.calibration:
        raise ModelError(
            f"The model {model.version} has no setting '{setting}'.",
            "use --fast, or train where the encoder is installed.",
        )
    learnt = dict(zip(model.themes, model.calibration[setting], strict=True))
    return {theme: learnt[theme].threshold if theme in learnt else LEXICON_THRESHOLD for theme in themes}


def classifier_key(setting: Setting, lexicon: Path, model_dir: Path = SHIPPED) -> str:
    """What codings depend on besides codebook and configuration: the files of model, encoder and lexicon."""
    encoder = SHIPPED / "encoder.json"
    return make_key(
        hash_files(model_dir),
        hash_file(SENSES),
        hash_file(lexicon) if lexicon.is_file() else "",
        hash_file(encoder) if setting == "thorough" and encoder.is_file() else "",
    )


def cell_thresholds(setting: Setting, model_dir: Path = SHIPPED) -> dict[str, float]:
    """Per theme of the model: the probability from which a coding supports a cell. Raises ModelError."""
    themes, calibration = load_calibration(model_dir)
    return {theme: one.cell_threshold for theme, one in zip(themes, calibration.get(setting, ()), strict=True)}


def spans_to_json(spans: Sequence[Span] | Sequence[Term]) -> str:
    """'[[0,12]]' or '[[0,12,"concept"]]': evidence and terms as they stand in the tables."""
    return json.dumps(spans, separators=(",", ":")) if spans else "[]"
