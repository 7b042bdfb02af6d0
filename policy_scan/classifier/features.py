"""Features of a passage: hashed words, word pairs and character n-grams of its text, heading and title, and its frame.

Every feature is hashed (CRC-32) into the space of its block, so no vocabulary ships and an unseen word costs nothing.
What a single word contributes (itself, its beginnings, its character 3- to 5-grams) is computed once per process.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from .passages import Passage

Ids = npt.NDArray[np.uint32]

_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
_FOLDS = str.maketrans({"ς": "σ", "œ": "oe", "æ": "ae", "ß": "ss", "’": "'", "ʼ": "'", "\u00ad": None, "\u00b5": "μ"})
WORD_CACHE = 60_000


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
def grams_of(word: str, size: int) -> Ids:
    """Bucket of each character 3- to 5-gram of the word with its boundaries."""
    padded = f" {word} "
    grams = [padded[i : i + n] for n in (3, 4, 5) for i in range(len(padded) - n + 1)]
    return np.array([_hash(gram, size) for gram in grams or [padded]], dtype=np.uint32)


@lru_cache(maxsize=WORD_CACHE)
def forms_of(word: str, size: int) -> Ids:
    """Buckets of the word itself and of its beginnings of 5 and 7 letters, which stand for its stem."""
    forms = ["=" + word] + [f"{n}{word[:n]}" for n in (5, 7) if len(word) > n]
    return np.array([_hash(form, size) for form in forms], dtype=np.uint32)


@lru_cache(maxsize=WORD_CACHE)
def pair_of(first: str, second: str, size: int) -> int:
    return _hash(f"{first[:7]} {second[:7]}", size)


@dataclass(frozen=True, slots=True)
class Block:
    """A family of features with a hash space of its own; `weight` scales its unit-length vectors."""

    name: str
    field: str
    kind: str
    size: int
    weight: float


BLOCKS: tuple[Block, ...] = (
    Block("text_words", "text", "forms", 1 << 17, 0.58),
    Block("text_grams", "text", "grams", 1 << 18, 0.58),
    Block("text_pairs", "text", "pairs", 1 << 17, 0.58),
    Block("title_words", "title", "forms", 1 << 15, 0.39),
    Block("title_grams", "title", "grams", 1 << 16, 0.39),
    Block("context_words", "context", "forms", 1 << 15, 0.2),
    Block("frame", "frame", "values", 1 << 8, 0.3),
)


def frame_of(passage: Passage) -> list[str]:
    """The passage's frame: document type and language. The jurisdiction is left out: it must not act as a prior."""
    return [f"type={passage.doc_type}", f"language={passage.language}"]


def bucket_ids(block: Block, words: Sequence[str]) -> Ids:
    """Buckets of a block's features, with repetitions."""
    if not words:
        return np.zeros(0, dtype=np.uint32)
    if block.kind == "grams":
        return np.concatenate([grams_of(word, block.size) for word in words])
    if block.kind == "forms":
        return np.concatenate([forms_of(word, block.size) for word in words])
    if block.kind == "pairs":
        ids = [pair_of(a, b, block.size) for a, b in pairwise(words)]
        return np.array(ids, dtype=np.uint32)
    return np.array([_hash(value, block.size) for value in words], dtype=np.uint32)


def count_matrix(passages: Sequence[Passage], block: Block) -> Any:
    """Sparse counts, passages by buckets (CSR, float32)."""
    from scipy.sparse import csr_matrix

    if block.field == "frame":
        words = [frame_of(passage) for passage in passages]
    else:
        words = [words_of(getattr(passage, block.field)) for passage in passages]
    ids = [bucket_ids(block, some) for some in words]
    ends = np.concatenate([[0], np.cumsum([len(some) for some in ids])]).astype(np.int64)
    flat = np.concatenate(ids) if ids else np.zeros(0, dtype=np.uint32)
    counts = csr_matrix((np.ones(len(flat), np.float32), flat.astype(np.int32), ends), shape=(len(ids), block.size))
    counts.sum_duplicates()
    return counts


def document_frequency_weights(counts: Any) -> npt.NDArray[np.float32]:
    """Smoothed inverse document frequency per bucket: ln((1 + n) / (1 + df)) + 1, as scikit-learn's TfidfVectorizer."""
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    weights: npt.NDArray[np.float32] = (np.log((1 + counts.shape[0]) / (1 + frequency)) + 1).astype(np.float32)
    return weights


def weighted(counts: Any, idf: npt.NDArray[np.float32], weight: float) -> Any:
    """(1 + ln count) x idf, each row scaled to the length `weight`."""
    from scipy.sparse import diags

    matrix = counts.copy()
    matrix.data = (1 + np.log(matrix.data)) * idf[matrix.indices]
    squares = np.add.reduceat(np.append(matrix.data**2, 0), np.minimum(matrix.indptr[:-1], len(matrix.data)))
    squares[np.diff(matrix.indptr) == 0] = 0
    return diags((weight / np.sqrt(np.maximum(squares, 1e-12))).astype(np.float32)) @ matrix


def feature_matrix(passages: Sequence[Passage], idfs: Sequence[npt.NDArray[np.float32]]) -> Any:
    """All blocks side by side (CSR, float32), in the order of BLOCKS."""
    from scipy.sparse import hstack

    parts = [
        weighted(count_matrix(passages, block), idf, block.weight) for block, idf in zip(BLOCKS, idfs, strict=True)
    ]
    return hstack(parts, format="csr", dtype=np.float32)
