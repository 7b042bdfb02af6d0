"""What each ingredient of coding brings, by predictions for documents that the predicting model never saw.

    python benchmarks/coding.py train.csv                # all folds: the table of docs/coding.md, some minutes
    python benchmarks/coding.py train.csv --folds 0,1    # the linear rows on two folds only
    python benchmarks/coding.py train.csv --part main    # figures on one part of the coded passages; learns from all

Prints two Markdown tables: the linear ingredients on all folds, and those beside the encoder on the folds that the
encoder never saw (its logits of them ship with it). Probabilities and thresholds of a fold come from the other folds.
Columns: passages judged, micro-F1, macro-F1 over themes with at least 10 positives, F1 of 'any theme', micro-F1 per
language, and milliseconds of one core's time per provision. Nothing of the passages is kept.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from policy_scan.classifier.calibrate import calibrate
from policy_scan.classifier.encoder import load_encoder
from policy_scan.classifier.features import (
    BLOCKS,
    Block,
    Reader,
    count_matrix,
    document_frequency_weights,
    feature_matrix,
    marker_matrix,
    weighted,
)
from policy_scan.classifier.gold import FOLDS, CodedPassage, fold_of, passage_key, read_gold
from policy_scan.classifier.guidance import guides_for
from policy_scan.classifier.lexicon import Lexicon, load_lexicon
from policy_scan.classifier.linear import SENSES, SHIPPED, Floats, load_folds, mix_themes, probabilities
from policy_scan.classifier.model import ENCODER_BAND, as_heads
from policy_scan.classifier.passages import Passage
from policy_scan.classifier.senses import load_senses
from policy_scan.classifier.train import LEAST_PASSAGES, UNSURE_SHARE, Sample, fit, truth_of
from policy_scan.codebook import load_codebook
from policy_scan.config import load_config
from policy_scan.records import FORCES

Bools = npt.NDArray[np.bool_]
CONCEPTS = ("text_concepts", "text_concept_pairs", "title_concepts")
WORDS = ("text_words", "text_pairs", "title_words", "frame")
SENSE_BLOCKS = ("text_senses", "text_sense_pairs", "title_senses")
INGREDIENTS: Mapping[str, tuple[tuple[str, ...], bool]] = {
    "concepts and their pairs": (CONCEPTS, False),
    "words, word pairs, title, document type": (WORDS, False),
    "+ concepts": (WORDS + CONCEPTS, False),
    "+ word senses": (WORDS + CONCEPTS + SENSE_BLOCKS, False),
    "+ lexicon's terms and exemplars": (WORDS + CONCEPTS + SENSE_BLOCKS, True),
}
"""Name -> blocks of features, and whether lexicon and exemplars stand beside the coded passages."""
LEAST_POSITIVES = 10
TIMED, TIMED_BY_ENCODER = 400, 60


@dataclass(frozen=True, slots=True)
class Material:
    """Coded passages with everything that doesn't depend on the ingredients."""

    coded: Sequence[CodedPassage]
    themes: tuple[str, ...]
    truth: Bools
    folds: npt.NDArray[np.int_]
    judged: Bools
    """Which passages the figures are about."""
    reader: Reader
    idfs: tuple[Floats, ...]
    sample: Sample
    guides: Sample


def columns_of(blocks: Sequence[str]) -> npt.NDArray[np.int_]:
    """Where the blocks' features stand in the whole matrix."""
    starts = np.concatenate([[0], np.cumsum([block.size for block in BLOCKS])])
    return np.concatenate(
        [np.arange(starts[i], starts[i + 1]) for i, block in enumerate(BLOCKS) if block.name in blocks]
    )


def gather(gold: Path, part: str) -> Material:
    """Read the passages and take them apart, once for all ingredients."""
    config = load_config()
    codebook = load_codebook(config.codebook)
    coded = read_gold(gold, tuple(codebook.themes))
    counts = truth_of(coded, codebook.active).sum(axis=0)
    themes = tuple(t for t, n in zip(codebook.active, counts, strict=True) if n >= LEAST_PASSAGES)
    reader = Reader(load_lexicon(config.lexicon, codebook), load_senses(SENSES))
    readings = [reader.read(one.passage) for one in coded]
    idfs = tuple(document_frequency_weights(count_matrix(readings, block), block.least) for block in BLOCKS)
    guides = guides_for(themes, reader)
    shares = [one.weight * (UNSURE_SHARE if one.unsure else 1.0) for one in coded]

    def as_sample(readings: Any, themes_of: Sequence[Sequence[str]], shares: Sequence[float]) -> Sample:
        n = len(shares)
        return Sample(
            matrix=feature_matrix(readings, idfs),
            marks=marker_matrix([("", "")] * n),
            truth=np.array([[theme in own for theme in themes] for own in themes_of], dtype=bool),
            forces=np.zeros((n, len(FORCES)), dtype=bool),  # the force is another question: no time is spent on it
            shares=np.array(shares, dtype=np.float32),
        )

    return Material(
        coded=coded,
        themes=themes,
        truth=truth_of(coded, themes),
        folds=np.array([fold_of(one.group) for one in coded]),
        judged=np.array([not part or one.part == part for one in coded]),
        reader=reader,
        idfs=idfs,
        sample=as_sample(readings, [one.themes for one in coded], shares),
        guides=as_sample([g.reading for g in guides], [g.themes for g in guides], [g.weight for g in guides]),
    )


def out_of_fold(material: Material, blocks: Sequence[str], guided: bool, folds: Sequence[int]) -> Floats:
    """Logits of themes and 'any theme' (passages by heads); NaN for the folds that weren't asked for."""
    columns = columns_of(blocks)
    sample = replace(material.sample, matrix=material.sample.matrix[:, columns])
    guides = replace(material.guides, matrix=material.guides.matrix[:, columns])
    logits = np.full((len(material.coded), len(material.themes) + 1), np.nan, dtype=np.float32)
    for fold in folds:
        inside, outside = np.flatnonzero(material.folds != fold), np.flatnonzero(material.folds == fold)
        seen = sample.rows(inside).with_rows(guides) if guided else sample.rows(inside)
        model = fit(seen, material.themes, material.idfs)
        n_heads = logits.shape[1]
        logits[outside] = sample.matrix[outside] @ model.weights[:, :n_heads] + model.bias[:n_heads]
    return logits


def assign(material: Material, mixed: Floats) -> tuple[Bools, Floats]:
    """Themes assigned and probabilities, each fold by the calibration of the others; rows of NaN get nothing."""
    known = ~np.isnan(mixed).any(axis=1)
    assigned, probability = np.zeros(material.truth.shape, dtype=bool), np.zeros(material.truth.shape, np.float32)
    for fold in sorted(set(material.folds[known].tolist())):
        own, others = known & (material.folds == fold), known & (material.folds != fold)
        scales = calibrate(mixed[others], material.truth[others])
        probability[own] = probabilities(mixed[own], scales)
        assigned[own] = probability[own] >= np.array([scale.threshold for scale in scales])
    return assigned, probability


def f1(found: Any, truth: Any) -> float:
    return 2 * float((found & truth).sum()) / max(1.0, float(found.sum() + truth.sum()))


def row(name: str, material: Material, assigned: Bools, rows: Bools, milliseconds: float | None) -> str:
    """One line of the table, on the passages `rows`."""
    found, truth = assigned[rows], material.truth[rows]
    common = np.flatnonzero(truth.sum(axis=0) >= LEAST_POSITIVES)
    macro = float(np.mean([f1(found[:, k], truth[:, k]) for k in common])) if len(common) else float("nan")
    spoken = np.array([one.passage.language for one in material.coded])[rows]
    by_language = [f1(found[spoken == code], truth[spoken == code]) for code in languages(material)]
    figures = [f1(found, truth), macro, f1(found.any(axis=1), truth.any(axis=1)), *by_language]
    taken = "" if milliseconds is None else f"{milliseconds:.2f}"
    return f"| {name} | {int(rows.sum())} | {' | '.join(f'{one:.3f}' for one in figures)} | {taken} |"


def languages(material: Material) -> list[str]:
    return sorted({one.passage.language for one in material.coded})


def heading(material: Material) -> str:
    names = ["ingredient", "n", "micro-F1", "macro-F1", "any theme", *languages(material), "ms"]
    return f"| {' | '.join(names)} |\n|{'---|' * len(names)}"


def time_linear(material: Material, names: Sequence[str]) -> float:
    """Milliseconds per provision of reading and scoring with these blocks alone, the words already known."""
    blocks: list[tuple[Block, Floats]] = [
        (block, idf) for block, idf in zip(BLOCKS, material.idfs, strict=True) if block.name in names
    ]
    lexicon = material.reader.lexicon if "text_concepts" in names else Lexicon(())
    senses = material.reader.senses if "text_senses" in names else {}
    passages = some(material, TIMED)
    weights = np.zeros((sum(block.size for block, _ in blocks), len(material.themes) + 1), dtype=np.float32)

    def code() -> None:
        from scipy.sparse import hstack

        reader = Reader(lexicon, senses)
        readings = [reader.read(passage) for passage in passages]
        parts = [weighted(count_matrix(readings, block), idf, block.weight) for block, idf in blocks]
        hstack(parts, format="csr", dtype=np.float32) @ weights

    return seconds(code) * 1000 / len(passages)


def some(material: Material, n: int) -> list[Passage]:
    step = max(1, len(material.coded) // n)
    return [one.passage for one in material.coded[::step]][:n]


def seconds(work: Callable[[], object]) -> float:
    """This process's time for the fastest of three runs after a first one: others use the machine too."""
    work()
    taken = []
    for _ in range(3):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return min(taken)


def encoder_logits(material: Material, linear: Floats) -> Floats | None:
    """Stored logits of the passages whose documents the encoder never saw (NaN elsewhere); None where none ship."""
    file = SHIPPED / "encoder_folds.npz"
    if not file.is_file():
        return None
    stored = load_folds(file)
    read = np.full_like(linear, np.nan)
    keys = [passage_key(one.passage) for one in material.coded]
    rows = [i for i, key in enumerate(keys) if key in stored.rows]
    if not rows:
        return None
    wide = np.zeros((len(rows), len(material.themes) + 1 + len(FORCES)), dtype=np.float32)
    wide[:, : linear.shape[1]] = linear[rows]
    heads = as_heads(stored.logits[[stored.rows[keys[i]] for i in rows]], stored.heads, material.themes, wide)
    read[rows] = heads[:, : linear.shape[1]]
    return read


def print_linear(material: Material, folds: Sequence[int]) -> tuple[dict[str, Floats], dict[str, float]]:
    """Print the linear ingredients; returns the logits and the time of each."""
    of_ingredients: dict[str, Floats] = {}
    times: dict[str, float] = {}
    rows = material.judged & np.isin(material.folds, folds)
    print(f"Linear ingredients, folds {','.join(map(str, folds))}:\n\n{heading(material)}")
    for name, (blocks, guided) in INGREDIENTS.items():
        logits = of_ingredients[name] = out_of_fold(material, blocks, guided, folds)
        assigned, _ = assign(material, mix_themes(logits, None, len(material.themes)))
        alike = next((other for other in times if INGREDIENTS[other][0] == blocks), None)
        times[name] = times[alike] if alike else time_linear(material, blocks)
        print(row(name, material, assigned, rows, times[name]), flush=True)
    return of_ingredients, times


def print_encoder(material: Material, of_ingredients: Mapping[str, Floats], times: Mapping[str, float]) -> None:
    """Print the linear ingredients and the encoder on the passages of which the encoder never saw the document."""
    last = list(INGREDIENTS)[-1]
    linear = of_ingredients[last]
    read = encoder_logits(material, linear)
    if read is None:
        print("\nThe encoder's stored predictions don't know these passages: no second table.")
        return
    n = len(material.themes)
    known: Any = ~np.isnan(read).any(axis=1) & ~np.isnan(linear).any(axis=1)
    rows = material.judged & known
    encoder = load_encoder(SHIPPED)
    passages = some(material, TIMED_BY_ENCODER)
    slow = seconds(lambda: encoder.logits(passages)) * 1000 / len(passages)

    def judge(mixed: Floats) -> tuple[Bools, Floats]:
        """With thresholds from these passages alone, so that all rows have them from equally many."""
        return assign(material, np.where(known[:, None], mixed, np.nan))

    fast, probability = judge(mix_themes(linear, None, n))
    in_band: Bools = (probability >= ENCODER_BAND[0]) & (probability <= ENCODER_BAND[1])
    doubtful: Bools = known & in_band.any(axis=1)
    alone, _ = judge(mix_themes(read, None, n))
    both, _ = judge(mix_themes(linear, read, n))
    mixed = np.where(doubtful[:, None], both, fast)
    share = float(doubtful[rows].mean())
    print(f"\nBeside the encoder, on the folds that it never saw:\n\n{heading(material)}")
    for name, logits in of_ingredients.items():
        found, _ = judge(mix_themes(logits, None, n))
        print(row(name, material, found, rows, times[name]))
    print(row("encoder alone", material, alone, rows, slow))
    print(row("linear and encoder, read everywhere", material, both, rows, times[last] + slow))
    print(row(f"the same, read in doubt ({share:.0%} here)", material, mixed, rows, times[last] + share * slow))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gold", type=Path, help="a CSV of coded passages, columns as for policy-scan train")
    parser.add_argument("--folds", default=",".join(map(str, range(FOLDS))), help="predict these folds only")
    parser.add_argument("--part", default="", help="figures on the passages of this part")
    options = parser.parse_args()
    folds = sorted({int(fold) for fold in options.folds.split(",")})
    if len(folds) < 2 or not set(folds) <= set(range(FOLDS)):
        parser.error(f"--folds: at least two of 0 to {FOLDS - 1}, for each is judged by the thresholds of the others")
    started = time.monotonic()
    material = gather(options.gold, options.part)
    of_ingredients, times = print_linear(material, folds)
    print_encoder(material, of_ingredients, times)
    print(f"\n{len(material.coded)} passages, {time.monotonic() - started:.0f} seconds")


if __name__ == "__main__":
    main()
