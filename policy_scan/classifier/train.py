"""Training: grouped out-of-fold predictions first, calibration and thresholds on them, then a fit on everything.

Passages come from files of coded passages and from reviewers' decisions on a run (`reviewed`).

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
from ..keys import hash_file, make_key
from ..records import FORCES
from .calibrate import calibrate
from .encoder import load_encoder
from .evidence import sentences_of
from .features import BLOCKS, Reader, count_matrix, document_frequency_weights, feature_matrix, marker_matrix
from .gold import FOLDS, CodedPassage, fold_of, passage_key, read_gold
from .guidance import Guide, guides_for
from .lexicon import load_lexicon
from .linear import FORMAT, SENSES, SHIPPED, Floats, Model, load_folds, mix_forces, mix_themes, save_folds, save_model
from .model import as_heads
from .passages import Passage
from .reviewed import Reviewed, with_reviewed
from .senses import load_senses

STRENGTH = 10.0
"""Inverse strength of the L2 penalty, C of scikit-learn's LogisticRegression."""
_CERTAIN = 10.0
"""Logit of a head that has seen only one answer."""
UNSURE_SHARE = 0.5
"""How much a passage counts whose coder would understand another answer."""
LEAST_PASSAGES = 5
"""A theme with fewer coded passages than this is not learnt; it is coded from the lexicon."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a fit sees: features, markers, themes and forces of passages (rows), and how much each row counts."""

    matrix: Any
    marks: Any
    truth: npt.NDArray[np.bool_]
    forces: npt.NDArray[np.bool_]
    shares: Floats

    def rows(self, chosen: npt.NDArray[np.intp]) -> Sample:
        return Sample(
            self.matrix[chosen], self.marks[chosen], self.truth[chosen], self.forces[chosen], self.shares[chosen]
        )

    def with_rows(self, more: Sample) -> Sample:
        from scipy.sparse import vstack

        return Sample(
            vstack([self.matrix, more.matrix], format="csr"),
            vstack([self.marks, more.marks], format="csr"),
            np.concatenate([self.truth, more.truth]),
            np.concatenate([self.forces, more.forces]),
            np.concatenate([self.shares, more.shares]),
        )


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


def _fit_heads(matrix: Any, heads: npt.NDArray[np.bool_], shares: Floats) -> tuple[Floats, Floats]:
    """One logistic regression per column of `heads`: weights (features by heads) and biases. `shares`: per passage.

    Features that no passage has are left out of the fit, their weights are 0.
    """
    from sklearn.linear_model import LogisticRegression

    matrix.eliminate_zeros()
    used = np.unique(matrix.indices)
    small = matrix[:, used]
    weights = np.zeros((matrix.shape[1], heads.shape[1]), dtype=np.float32)
    bias = np.zeros(heads.shape[1], dtype=np.float32)
    for k, truth in enumerate(heads.T):
        if truth.all() or not truth.any():
            bias[k] = _CERTAIN if truth.any() else -_CERTAIN
            continue
        head = LogisticRegression(C=STRENGTH, solver="newton-cg", tol=1e-3, max_iter=50).fit(small, truth, shares)
        weights[used, k], bias[k] = head.coef_[0], head.intercept_[0]
    return weights, bias


def fit(sample: Sample, themes: Sequence[str], idfs: Sequence[Floats]) -> Model:
    """Themes and 'any theme' from all rows; forces, with the deontic markers, from the rows that have one."""
    from scipy.sparse import hstack

    with_force = sample.rows(np.flatnonzero(sample.forces.any(axis=1)))
    n = sample.matrix.shape[1]
    heads = np.column_stack([sample.truth, sample.truth.any(axis=1)])
    weights, bias = _fit_heads(sample.matrix, heads, sample.shares)
    if len(with_force.shares):
        both = hstack([with_force.matrix, with_force.marks], format="csr")
        of_forces, force_bias = _fit_heads(both, with_force.forces, with_force.shares)
    else:
        of_forces = np.zeros((n + sample.marks.shape[1], len(FORCES)), dtype=np.float32)
        force_bias = np.zeros(len(FORCES), dtype=np.float32)
    return Model(
        version="",
        file_hash="",
        themes=tuple(themes),
        idfs=tuple(idfs),
        weights=np.concatenate([weights, of_forces[:n]], axis=1),
        bias=np.concatenate([bias, force_bias]),
        markers=of_forces[n:],
        calibration={},
        core_shares=(),
    )


def _as_sample(guides: Sequence[Guide], themes: Sequence[str], idfs: Sequence[Floats]) -> Sample:
    return Sample(
        matrix=feature_matrix([guide.reading for guide in guides], idfs),
        marks=marker_matrix([(guide.text, guide.language) for guide in guides]),
        truth=np.array([[theme in guide.themes for theme in themes] for guide in guides], dtype=bool),
        forces=np.array([[guide.force == force for force in FORCES] for guide in guides], dtype=bool),
        shares=np.array([guide.weight for guide in guides], dtype=np.float32),
    )


def force_logits(model: Model, reader: Reader, passages: Sequence[Passage], linear: Floats) -> Floats:
    """Mixed log-probabilities of the forces as for coding, the likeliest theme standing for the core theme."""
    if not passages:
        return linear[:, len(model.themes) + 1 :]
    readings = [reader.read(passage) for passage in passages]
    core = mix_themes(linear, None, len(model.themes)).argmax(axis=1)
    sentences, parts = [], []
    for passage, reading, theme in zip(passages, readings, core, strict=True):
        spans = sentences_of(passage)
        own = [reader.read_part(passage, reading, *span) for span in spans]
        scores = model.logits(own)
        best = int(np.argmax(scores[:, theme]))
        parts.append(scores[best])
        sentences.append((passage.text[slice(*spans[best])], passage.language))
    whole = model.force_logits(linear, [(passage.text, passage.language) for passage in passages])
    return mix_forces(whole, model.force_logits(np.stack(parts), sentences), None)


def truth_of(coded: Sequence[CodedPassage], themes: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Passages by themes."""
    return np.array([[theme in one.themes for theme in themes] for one in coded], dtype=bool)


def core_shares(coded: Sequence[CodedPassage], themes: Sequence[str]) -> list[float]:
    """Per theme: of the passages that have it, the share whose core theme it is, drawn to a half by two passages."""
    found = []
    for theme in themes:
        having = [one for one in coded if theme in one.themes]
        found.append(round((sum(one.themes[0] == theme for one in having) + 1) / (len(having) + 2), 4))
    return found


def read_by_encoder(
    passages: Sequence[Passage],
    keys: Sequence[str],
    themes: Sequence[str],
    linear: Floats,
    tell: Callable[[str], None] = lambda line: None,
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """The encoder's logits in the order of the model's heads, and for which passages there are any.

    Passages that the encoder was fine-tuned on get the stored logits of an encoder that didn't see their document;
    the others are read by the encoder itself. Nothing where the encoder isn't installed.
    """
    read, known = linear.copy(), np.zeros(len(passages), dtype=bool)
    if not (SHIPPED / "encoder_folds.npz").is_file() or not (SHIPPED / "encoder.json").is_file():
        return read, known
    stored = load_folds(SHIPPED / "encoder_folds.npz")
    rows = [i for i, key in enumerate(keys) if key in stored.rows]
    if rows:
        logits = stored.logits[[stored.rows[keys[i]] for i in rows]]
        usable = ~np.isnan(logits).any(axis=1)
        read[rows] = as_heads(logits, stored.heads, themes, linear[rows])
        known[np.array(rows)[usable]] = True
    new = [i for i, key in enumerate(keys) if key not in stored.rows]
    if new:
        tell(f"the encoder reads {len(new)} passages that it doesn't know")
        encoder = load_encoder(SHIPPED)
        read[new] = as_heads(encoder.logits([passages[i] for i in new]), encoder.outputs, themes, linear[new])
        known[new] = True
    return read, known


def train_model(
    gold: Path | Sequence[Path],
    model_dir: Path,
    config: Config,
    codebook: Codebook,
    tell: Callable[[str], None] = lambda line: None,
    reviewed: Reviewed | None = None,
) -> TrainingReport:
    """Learn from coded passages, of one file or several, and from what reviewers decided; write a model folder.

    `tell` gets a line now and then. Raises UsageError where the passages can't be read or are too few to be folded by
    document.
    """
    themes = codebook.active
    files = [gold] if isinstance(gold, Path) else list(gold)
    coded = [one for file in files for one in read_gold(file, tuple(codebook.themes))]
    if reviewed is not None:
        coded = with_reviewed(coded, reviewed.passages)
    folds = np.array([fold_of(one.group) for one in coded])
    counts = truth_of(coded, themes).sum(axis=0)
    learnt = tuple(theme for theme, count in zip(themes, counts, strict=True) if count >= LEAST_PASSAGES)
    if not learnt or len(set(folds)) < FOLDS:
        raise UsageError(
            f"{', '.join(map(str, files))} has too few coded passages to learn from.",
            f"give at least {LEAST_PASSAGES} passages of a theme, from several documents (column group).",
        )
    truth = truth_of(coded, learnt)
    forces = np.array([[one.force == force for force in FORCES] for one in coded], dtype=bool)
    passages = [one.passage for one in coded]
    reader = Reader(load_lexicon(config.lexicon, codebook), load_senses(SENSES))
    readings = [reader.read(passage) for passage in passages]
    idfs = tuple(document_frequency_weights(count_matrix(readings, block), block.least) for block in BLOCKS)
    sample = Sample(
        matrix=feature_matrix(readings, idfs),
        marks=marker_matrix([(passage.text, passage.language) for passage in passages]),
        truth=truth,
        forces=forces,
        shares=np.array([one.weight * (UNSURE_SHARE if one.unsure else 1.0) for one in coded], dtype=np.float32),
    )
    guidance = _as_sample(guides_for(learnt, reader), learnt, idfs)
    tell(f"besides {len(coded)} coded passages, {len(guidance.shares)} of the lexicon and the exemplars")
    logits = np.zeros((len(coded), len(learnt) + 1 + len(FORCES)), dtype=np.float32)
    with_force = forces.any(axis=1)
    for fold in range(FOLDS):
        tell(f"part {fold + 1} of {FOLDS + 1}: coding the documents of fold {fold} from the others")
        inside, outside = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        model = fit(sample.rows(inside).with_rows(guidance), learnt, idfs)
        logits[outside] = sample.matrix[outside] @ model.weights + model.bias
        some = np.flatnonzero((folds == fold) & with_force)
        found = force_logits(model, reader, [passages[i] for i in some.tolist()], logits[some])
        logits[some, len(learnt) + 1 :] = found
    tell(f"part {FOLDS + 1} of {FOLDS + 1}: learning from all passages")
    model = fit(sample.with_rows(guidance), learnt, idfs)
    keys = [passage_key(passage) for passage in passages]
    calibration = {"fast": calibrate(mix_themes(logits, None, len(learnt)), truth)}
    read, known = read_by_encoder(passages, keys, learnt, logits, tell)
    if known.any():
        calibration["thorough"] = calibrate(mix_themes(logits[known], read[known], len(learnt)), truth[known])
    n_groups = len({one.group for one in coded})
    hashes = [hash_file(file) for file in files]
    gold_hash = (
        hashes[0] if len(hashes) == 1 and reviewed is None else make_key(hashes, reviewed.key if reviewed else None)
    )
    facts = {
        "format": FORMAT,
        "version": f"linear-{FORMAT}.{gold_hash[:8]}",
        "themes": list(learnt),
        "calibration": {
            setting: {theme: asdict(one) for theme, one in zip(learnt, found, strict=True)}
            for setting, found in calibration.items()
        },
        "core_shares": dict(zip(learnt, core_shares(coded, learnt), strict=True)),
        "gold_sha256": gold_hash,
        "lexicon": reader.lexicon.key(),
        "n_passages": len(coded),
        "n_groups": n_groups,
        "n_by_theme": {theme: int(count) for theme, count in zip(learnt, truth.sum(axis=0), strict=True)},
    }
    if reviewed is not None:
        facts["n_reviewed"] = len(reviewed.passages)
    save_model(model_dir, model, facts)
    heads = (*learnt, "relevance", *(f"force:{force}" for force in FORCES))
    save_folds(model_dir / "folds.npz", heads, keys, logits)
    return TrainingReport(
        n_passages=len(coded),
        n_groups=n_groups,
        themes=learnt,
        n_by_theme=tuple(int(count) for count in truth.sum(axis=0)),
        left_out=tuple(theme for theme in themes if theme not in learnt),
        files=("model.json", "linear.npz", "folds.npz"),
    )
