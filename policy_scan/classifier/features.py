"""Features of a passage: what its text and title hold in words, in senses shared by all languages and in concepts.

Every feature is hashed (CRC-32) into the space of its block, so no vocabulary ships and an unseen word costs nothing.
What a single word contributes (itself, its beginnings, its senses) is computed once per process. Character n-grams were
measured and left out: beside the senses they brought nothing and cost most of the time.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from .force import find_markers
from .lexicon import Lexicon, Match
from .passages import Passage
from .senses import LEVEL_STARTS, LEVELS, Sense

Ids = npt.NDArray[np.uint32]

_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
_FOLDS = str.maketrans({"ς": "σ", "œ": "oe", "æ": "ae", "ß": "ss", "’": "'", "ʼ": "'", "\u00ad": None, "\u00b5": "μ"})
WORD_CACHE = 60_000
REMEMBERED_TITLES = 4096
PAIR_WINDOW = 3


@lru_cache(maxsize=WORD_CACHE)
def fold_word(word: str) -> str:
    """Lower case, without accents, digits as 0: 'Πολιτών' -> 'πολιτων', 'DÉMATÉRIALISÉE' -> 'dematerialisee'."""
    plain = unicodedata.normalize("NFKD", word.lower().translate(_FOLDS))
    return _DIGITS.sub("0", "".join(c for c in plain if not unicodedata.combining(c))).translate(_FOLDS)


def words_of(text: str) -> list[str]:
    """Folded words in order."""
    return [fold_word(word) for word in _WORD.findall(text)]


def _hash(value: str, size: int) -> int:
    return zlib.crc32(value.encode("utf-8")) % size


@lru_cache(maxsize=WORD_CACHE)
def forms_of(word: str, size: int) -> Ids:
    """Buckets of the word itself and of its beginnings of 5 and 7 letters, which stand for its stem."""
    forms = ["=" + word] + [f"{n}{word[:n]}" for n in (5, 7) if len(word) > n]
    return np.array([_hash(form, size) for form in forms], dtype=np.uint32)


@lru_cache(maxsize=WORD_CACHE)
def pair_of(first: str, second: str, size: int) -> int:
    return _hash(f"{first[:7]} {second[:7]}", size)


@lru_cache(maxsize=WORD_CACHE)
def concept_id(name: str, size: int) -> int:
    """Bucket of a concept, or of a pair of concepts written 'a+b'."""
    return _hash(name, size)


@dataclass(frozen=True, slots=True)
class Reading:
    """A passage taken apart: text and title as folded words, as senses of the known ones and as concepts."""

    words: Mapping[str, Sequence[str]]
    senses: Mapping[str, Sequence[Sense]]
    concepts: Mapping[str, list[Match]]
    frame: Sequence[str]


@dataclass(frozen=True, slots=True)
class Block:
    """A family of features with a hash space of its own; `weight` scales its unit-length vectors."""

    name: str
    field: str
    kind: str
    size: int
    weight: float
    least: int = 2
    """Features of fewer passages than this are left out."""


BLOCKS: tuple[Block, ...] = (
    Block("text_words", "text", "forms", 1 << 17, 0.577),
    Block("text_pairs", "text", "pairs", 1 << 17, 0.577),
    Block("text_concepts", "text", "concepts", 1 << 14, 0.707),
    Block("text_concept_pairs", "text", "concept_pairs", 1 << 16, 0.548),
    Block("text_senses", "text", "senses", 1 << 13, 0.866),
    Block("text_sense_pairs", "text", "sense_pairs", 1 << 18, 0.548, least=6),
    Block("title_words", "title", "forms", 1 << 15, 0.387),
    Block("title_concepts", "title", "concepts", 1 << 14, 0.548),
    Block("title_senses", "title", "senses", 1 << 13, 0.447),
    Block("frame", "frame", "values", 1 << 8, 0.35),
)
"""Weights were chosen by grouped cross-validation (docs/coding.md); their squares are the blocks' shares."""
MARKERS = Block("markers", "markers", "values", 1 << 8, 0.5)
"""Deontic markers, for the force alone: they are looked for only in passages that have a theme."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Takes passages apart. A title stands above many provisions, so what is found in it is remembered."""

    lexicon: Lexicon
    senses: Mapping[str, Sense]
    _titles: dict[tuple[str, str], tuple[Sequence[str], list[Match]]] = field(default_factory=dict)

    def read(self, passage: Passage) -> Reading:
        """The jurisdiction is left out: it must not act as a prior on a country's themes."""
        language = passage.language or "und"
        words = words_of(passage.text)
        title_words, title_concepts = self._title(passage.title, language)
        return Reading(
            words={"text": words, "title": title_words},
            senses={"text": self._senses(words), "title": self._senses(title_words)},
            concepts={"text": self.lexicon.match(passage.text, language), "title": title_concepts},
            frame=(f"type={passage.doc_type}", f"language={passage.language}"),
        )

    def read_part(self, passage: Passage, reading: Reading, start: int, end: int) -> Reading:
        """A slice of the passage's text alone: no title, no frame, only the concepts that lie in it."""
        inside = [match for match in reading.concepts["text"] if start <= match.start and match.end <= end]
        words = words_of(passage.text[start:end])
        return Reading(
            words={"text": words, "title": ()},
            senses={"text": self._senses(words), "title": ()},
            concepts={"text": inside, "title": []},
            frame=(),
        )

    def _senses(self, words: Sequence[str]) -> list[Sense]:
        return [self.senses[word] for word in words if word in self.senses]

    def _title(self, title: str, language: str) -> tuple[Sequence[str], list[Match]]:
        if (title, language) not in self._titles:
            if len(self._titles) >= REMEMBERED_TITLES:
                self._titles.clear()
            self._titles[title, language] = (words_of(title), self.lexicon.match(title, language))
        return self._titles[title, language]


def bucket_ids(block: Block, reading: Reading) -> Ids:
    """Buckets of a block's features, with repetitions."""
    if block.kind in ("concepts", "concept_pairs"):
        names = [match.concept for match in reading.concepts[block.field]]
        if block.kind == "concept_pairs":
            names = ["+".join(pair) for pair in combinations(sorted(set(names)), 2)]
        return np.array([concept_id(name, block.size) for name in names], dtype=np.uint32)
    if block.kind == "values":
        return np.array([_hash(value, block.size) for value in reading.frame], dtype=np.uint32)
    if block.kind == "senses":
        return sense_ids(reading.senses[block.field])
    if block.kind == "sense_pairs":
        return sense_pair_ids(reading.senses[block.field], block.size)
    words = reading.words[block.field]
    if not words:
        return np.zeros(0, dtype=np.uint32)
    if block.kind == "forms":
        return np.concatenate([forms_of(word, block.size) for word in words])
    return np.array([pair_of(a, b, block.size) for a, b in pairwise(words)], dtype=np.uint32)


def sense_ids(senses: Sequence[Sense]) -> Ids:
    """Numbers of all senses, level by level: each level has its own range."""
    if not senses:
        return np.zeros(0, dtype=np.uint32)
    numbers = np.array([sense[:LEVELS] for sense in senses], dtype=np.uint32)
    return (numbers + np.array(LEVEL_STARTS, dtype=np.uint32)).ravel()


def sense_pair_ids(senses: Sequence[Sense], size: int) -> Ids:
    """Buckets of unordered pairs of different fine senses at most PAIR_WINDOW telling words apart, each pair once."""
    fine = np.array([sense[1] for sense in senses if not sense[LEVELS]], dtype=np.uint32)
    found = [
        np.minimum(fine[:-gap], fine[gap:]) * np.uint32(65_521) + np.maximum(fine[:-gap], fine[gap:])
        for gap in range(1, min(PAIR_WINDOW + 1, len(fine)))
    ]
    different = [fine[:-gap] != fine[gap:] for gap in range(1, min(PAIR_WINDOW + 1, len(fine)))]
    if not found:
        return np.zeros(0, dtype=np.uint32)
    return (
        np.unique(np.concatenate(found)[np.concatenate(different)] * np.uint32(2_654_435_761) >> np.uint32(14)) % size
    )


def _counts(ids: Sequence[Ids], size: int) -> Any:
    from scipy.sparse import csr_matrix

    ends = np.concatenate([[0], np.cumsum([len(some) for some in ids])]).astype(np.int64)
    flat = np.concatenate(ids) if ids else np.zeros(0, dtype=np.uint32)
    counts = csr_matrix((np.ones(len(flat), np.float32), flat.astype(np.int32), ends), shape=(len(ids), size))
    counts.sum_duplicates()
    return counts


def count_matrix(readings: Sequence[Reading], block: Block) -> Any:
    """Sparse counts, passages by buckets (CSR, float32)."""
    return _counts([bucket_ids(block, reading) for reading in readings], block.size)


def marker_matrix(texts: Sequence[tuple[str, str]]) -> Any:
    """(text, language) by deontic markers: how often each stands there, whether it stands alone (CSR, float32)."""
    found = [find_markers(text, language or "und") for text, language in texts]
    lists = [[*names, *(f"{name}=" for name in set(names)), *(["only"] * (len(set(names)) == 1))] for names in found]
    ids = [np.array([_hash(name, MARKERS.size) for name in names], dtype=np.uint32) for names in lists]
    counts = _counts(ids, MARKERS.size)
    return weighted(counts, np.ones(MARKERS.size, dtype=np.float32), MARKERS.weight)


def document_frequency_weights(counts: Any, least: int) -> npt.NDArray[np.float32]:
    """Smoothed inverse document frequency per bucket: ln((1 + n) / (1 + df)) + 1, as scikit-learn's TfidfVectorizer.

    Buckets of fewer than `least` passages get 0: they could tell nothing of other documents.
    """
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    weights = np.log((1 + counts.shape[0]) / (1 + frequency)) + 1
    found: npt.NDArray[np.float32] = np.where(frequency >= least, weights, 0).astype(np.float32)
    return found


def weighted(counts: Any, idf: npt.NDArray[np.float32], weight: float) -> Any:
    """(1 + ln count) x idf, each row scaled to the length `weight`."""
    from scipy.sparse import diags

    matrix = counts.copy()
    matrix.data = (1 + np.log(matrix.data)) * idf[matrix.indices]
    squares = np.add.reduceat(np.append(matrix.data**2, 0), np.minimum(matrix.indptr[:-1], len(matrix.data)))
    squares[np.diff(matrix.indptr) == 0] = 0
    return diags((weight / np.sqrt(np.maximum(squares, 1e-12))).astype(np.float32)) @ matrix


def feature_matrix(readings: Sequence[Reading], idfs: Sequence[npt.NDArray[np.float32]]) -> Any:
    """All blocks side by side (CSR, float32), in the order of BLOCKS."""
    from scipy.sparse import hstack

    parts = [
        weighted(count_matrix(readings, block), idf, block.weight) for block, idf in zip(BLOCKS, idfs, strict=True)
    ]
    return hstack(parts, format="csr", dtype=np.float32)
