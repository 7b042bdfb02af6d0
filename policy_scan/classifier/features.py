"""Features of a passage: what its text and title hold in words, in senses shared by all languages and in concepts.

Every feature is hashed (CRC-32) into the space of its block, so no vocabulary ships and an unseen word costs nothing.
What a single word contributes (itself, its beginnings, its senses) is computed once per process, and a batch of
passages is counted by numpy, block by block. Character n-grams were
measured and left out: beside the senses they brought nothing and cost most of the time.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from .force import find_markers
from .lexicon import Lexicon, Match
from .passages import Passage
from .remembered import Remembered
from .senses import LEVEL_STARTS, LEVELS, Sense

Ids = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Buckets = tuple[Ints, Ids]

_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
_FOLDS = str.maketrans({"ς": "σ", "œ": "oe", "æ": "ae", "ß": "ss", "’": "'", "ʼ": "'", "\u00ad": None, "\u00b5": "μ"})
WORD_CACHE = 200_000
REMEMBERED_TITLES = 4096
PAIR_WINDOW = 3
_PAIR_BITS = 18
"""Pairs of senses are told apart by so many bits of their hash."""


def fold_word(word: str) -> str:
    """Lower case, without accents, digits as 0: 'Πολιτών' -> 'πολιτων', 'DÉMATÉRIALISÉE' -> 'dematerialisee'."""
    if word.isascii():
        return _DIGITS.sub("0", word.lower())
    plain = unicodedata.normalize("NFKD", word.lower().translate(_FOLDS))
    return _DIGITS.sub("0", "".join(c for c in plain if not unicodedata.combining(c))).translate(_FOLDS)


def _hash(value: str) -> int:
    return zlib.crc32(value.encode("utf-8"))


@lru_cache(maxsize=WORD_CACHE)
def concept_id(name: str, size: int) -> int:
    """Bucket of a concept."""
    return _hash(name) % size


@lru_cache(maxsize=WORD_CACHE)
def concept_pair_id(first: str, second: str, size: int) -> int:
    """Bucket of a pair of concepts, written 'a+b'."""
    return _hash(f"{first}+{second}") % size


@dataclass(frozen=True, slots=True, eq=False)
class Word:
    """What a word contributes wherever it stands. All hashes are CRC-32, not yet reduced to a block's size."""

    folded: str
    sense: Sense | None
    forms: tuple[int, int, int]
    """Of the word itself and of its beginnings of 5 and 7 letters, which stand for its stem; 0 where it is as short."""
    n_forms: int
    stem: bytes
    """Its first 7 letters in UTF-8: the second half of a pair of words."""
    opening: int
    """Of its first 7 letters and a space, the first half of a pair: a CRC-32 goes on from there with the second."""


def as_word(folded: str, sense: Sense | None) -> Word:
    beginnings = [f"{n}{folded[:n]}" for n in (5, 7) if len(folded) > n]
    hashes = [_hash(form) for form in ("=" + folded, *beginnings)]
    stem = folded[:7].encode("utf-8")
    first, second, third = (*hashes, 0, 0)[:3]
    return Word(folded, sense, (first, second, third), len(hashes), stem, zlib.crc32(stem + b" "))


@dataclass(frozen=True, slots=True)
class Reading:
    """A passage taken apart: text and title as words and as concepts, and what is known of the passage."""

    words: Mapping[str, Sequence[Word]]
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
    """Takes passages apart. What a word contributes is computed once, and so is what is found in a title, since it
    stands above many provisions."""

    lexicon: Lexicon
    senses: Mapping[str, Sense]
    _words: Remembered[Word] = field(init=False)
    _titles: dict[tuple[str, str], tuple[Sequence[Word], list[Match]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_words", Remembered(self._as_word, WORD_CACHE))

    def read(self, passage: Passage) -> Reading:
        """The jurisdiction is left out: it must not act as a prior on a country's themes."""
        language = passage.language or "und"
        title_words, title_concepts = self._title(passage.title, language)
        return Reading(
            words={"text": self.words_of(passage.text), "title": title_words},
            concepts={"text": self.lexicon.match(passage.text, language), "title": title_concepts},
            frame=(f"type={passage.doc_type}", f"language={passage.language}"),
        )

    def read_part(self, passage: Passage, reading: Reading, start: int, end: int) -> Reading:
        """A slice of the passage's text alone: no title, no frame, only the concepts that lie in it."""
        inside = [match for match in reading.concepts["text"] if start <= match.start and match.end <= end]
        return Reading(
            words={"text": self.words_of(passage.text[start:end]), "title": ()},
            concepts={"text": inside, "title": []},
            frame=(),
        )

    def words_of(self, text: str) -> list[Word]:
        """The text's words in order."""
        return self._words.of(_WORD.findall(text))

    def _as_word(self, printed: str) -> Word:
        folded = fold_word(printed)
        return as_word(folded, self.senses.get(folded))

    def _title(self, title: str, language: str) -> tuple[Sequence[Word], list[Match]]:
        if (title, language) not in self._titles:
            if len(self._titles) >= REMEMBERED_TITLES:
                self._titles.clear()
            self._titles[title, language] = (self.words_of(title), self.lexicon.match(title, language))
        return self._titles[title, language]


class _Words:
    """The words of a field of several readings end to end, each different one taken apart once.

    `rows`: the reading of each word; `index`: its place among the different ones.
    """

    def __init__(self, readings: Sequence[Reading], name: str) -> None:
        found = [reading.words.get(name, ()) for reading in readings]
        self.all = [word for words in found for word in words]
        self.rows = np.repeat(np.arange(len(found)), [len(words) for words in found])
        places: dict[Word, int] = {}
        self.index = np.array([places.setdefault(word, len(places)) for word in self.all], dtype=np.intp)
        self.different = list(places)

    def forms(self) -> Buckets:
        n_forms = np.array([word.n_forms for word in self.different], dtype=np.intp)[self.index]
        hashes = np.array([word.forms for word in self.different], dtype=np.uint32).reshape(-1, 3)[self.index]
        return np.repeat(self.rows, n_forms), hashes[np.arange(3) < n_forms[:, None]]

    def pairs(self) -> Buckets:
        """Each word with the following one, by their first 7 letters."""
        openings, stems = [word.opening for word in self.all[:-1]], [word.stem for word in self.all[1:]]
        hashes = np.fromiter(map(zlib.crc32, stems, openings), dtype=np.uint32, count=len(stems))
        together = self.rows[:-1] == self.rows[1:]
        return self.rows[:-1][together], hashes[together]

    def _senses(self) -> tuple[Ints, Ints]:
        """The reading and the senses, row by row, of each word that has senses."""
        known = np.array([word.sense is not None for word in self.different], dtype=bool)[self.index]
        senses = np.array([word.sense or (0,) * (LEVELS + 1) for word in self.different], dtype=np.int64)
        return self.rows[known], senses.reshape(-1, LEVELS + 1)[self.index[known]]

    def senses(self) -> Buckets:
        """Numbers of all senses, level by level: each level has its own range."""
        rows, senses = self._senses()
        return np.repeat(rows, LEVELS), (senses[:, :LEVELS] + LEVEL_STARTS).astype(np.uint32).ravel()

    def sense_pairs(self) -> Buckets:
        """Unordered pairs of different fine senses, at most PAIR_WINDOW telling words apart, once per reading."""
        rows, senses = self._senses()
        telling = senses[:, LEVELS] == 0
        rows, fine = rows[telling], senses[telling, 1].astype(np.uint32)
        found = []
        for gap in range(1, PAIR_WINDOW + 1):
            one, other = fine[:-gap], fine[gap:]
            pairs = (rows[:-gap] == rows[gap:]) & (one != other)
            one, other = one[pairs], other[pairs]
            mixed = (np.minimum(one, other) * np.uint32(65_521) + np.maximum(one, other)) * np.uint32(2_654_435_761)
            found.append(rows[:-gap][pairs] << _PAIR_BITS | mixed >> np.uint32(32 - _PAIR_BITS))
        once, _ = _distinct(np.concatenate(found))
        return once >> _PAIR_BITS, (once & ((1 << _PAIR_BITS) - 1)).astype(np.uint32)


def _buckets(block: Block, readings: Sequence[Reading], words: _Words | None = None) -> Buckets:
    """A block's features with repetitions: the row of each reading, ascending, and the bucket.

    `words`: those of the block's field, where they are at hand.
    """
    if block.kind in ("forms", "pairs", "senses", "sense_pairs"):
        words = words or _Words(readings, block.field)
        rows, hashes = getattr(words, block.kind)()
        return rows, hashes % np.uint32(block.size)
    ids = [_few_ids(block, reading) for reading in readings]
    rows = np.repeat(np.arange(len(ids)), [len(some) for some in ids])
    return rows, np.array([one for some in ids for one in some], dtype=np.uint32)


def _few_ids(block: Block, reading: Reading) -> list[int]:
    if block.kind == "values":
        return [_hash(value) % block.size for value in reading.frame]
    names = [match.concept for match in reading.concepts[block.field]]
    if block.kind == "concepts":
        return [concept_id(name, block.size) for name in names]
    return [concept_pair_id(*pair, block.size) for pair in combinations(sorted(set(names)), 2)]


def bucket_ids(block: Block, reading: Reading) -> Ids:
    """Buckets of a block's features, with repetitions."""
    return _buckets(block, [reading])[1]


def _distinct(keys: Ints) -> tuple[Ints, Ints]:
    """The different keys, ascending, and how often each stands there: numpy's `unique` at a third of its time."""
    keys = np.sort(keys)
    first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
    return keys[first], np.diff(np.append(first, len(keys)))


@dataclass(frozen=True, slots=True)
class _Counts:
    """Sparse counts of one block, ordered by row, then bucket: which bucket of which row holds how many features."""

    rows: Ints
    ids: Ints
    data: Floats
    shape: tuple[int, int]

    @property
    def ends(self) -> Ints:
        """Where each row begins, and the end: the index pointer of a CSR matrix."""
        return np.concatenate([[0], np.cumsum(np.bincount(self.rows, minlength=self.shape[0]))])

    def as_matrix(self) -> Any:
        from scipy.sparse import csr_matrix

        return csr_matrix((self.data, self.ids.astype(np.int32), self.ends), shape=self.shape)


def _counted(rows: Ints, ids: Ids, shape: tuple[int, int]) -> _Counts:
    keys, amounts = _distinct(rows * shape[1] + ids)
    return _Counts(*np.divmod(keys, shape[1]), amounts.astype(np.float32), shape)


def _count(readings: Sequence[Reading], block: Block, words: _Words | None = None) -> _Counts:
    return _counted(*_buckets(block, readings, words), (len(readings), block.size))


def count_matrix(readings: Sequence[Reading], block: Block) -> Any:
    """Sparse counts, passages by buckets (CSR, float32)."""
    return _count(readings, block).as_matrix()


def marker_matrix(texts: Sequence[tuple[str, str]]) -> Any:
    """(text, language) by deontic markers: how often each stands there, whether it stands alone (CSR, float32)."""
    found = [find_markers(text, language or "und") for text, language in texts]
    lists = [[*names, *(f"{name}=" for name in set(names)), *(["only"] * (len(set(names)) == 1))] for names in found]
    rows = np.repeat(np.arange(len(lists)), [len(names) for names in lists])
    ids = np.array([concept_id(name, MARKERS.size) for names in lists for name in names], dtype=np.uint32)
    counts = _counted(rows, ids, (len(texts), MARKERS.size))
    return _weighted(counts, np.ones(MARKERS.size, dtype=np.float32), MARKERS.weight).as_matrix()


def document_frequency_weights(counts: Any, least: int) -> Floats:
    """Smoothed inverse document frequency per bucket: ln((1 + n) / (1 + df)) + 1, as scikit-learn's TfidfVectorizer.

    Buckets of fewer than `least` passages get 0: they could tell nothing of other documents.
    """
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    weights = np.log((1 + counts.shape[0]) / (1 + frequency)) + 1
    found: Floats = np.where(frequency >= least, weights, 0).astype(np.float32)
    return found


def _weighted(counts: _Counts, idf: Floats, weight: float) -> _Counts:
    """(1 + ln count) x idf, each row scaled to the length `weight`; what weighs nothing is left out.

    In a row the buckets descend: sums of float32 depend on their order, and published probabilities on them.
    """
    ends = counts.ends
    data = (1 + np.log(counts.data)) * idf[counts.ids]
    squares = np.add.reduceat(np.append(data**2, 0.0), np.minimum(ends[:-1], len(data)))
    squares[np.diff(ends) == 0] = 0
    scale = (weight / np.sqrt(np.maximum(squares, 1e-12))).astype(np.float32)
    turned = (ends[:-1] + ends[1:] - 1)[counts.rows] - np.arange(len(data))
    turned = turned[data[turned] != 0]
    rows = counts.rows[turned]
    return _Counts(rows, counts.ids[turned], scale[rows] * data[turned], counts.shape)


def weighted(counts: Any, idf: Floats, weight: float) -> Any:
    """Counts (CSR, passages by buckets) as (1 + ln count) x idf, each row scaled to the length `weight`."""
    rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    return _weighted(_Counts(rows, counts.indices, counts.data, counts.shape), idf, weight).as_matrix()


def feature_matrix(readings: Sequence[Reading], idfs: Sequence[Floats]) -> Any:
    """All blocks side by side (CSR, float32), in the order of BLOCKS."""
    words = {name: _Words(readings, name) for name in ("text", "title")}
    parts = [
        _weighted(_count(readings, block, words.get(block.field)), idf, block.weight)
        for block, idf in zip(BLOCKS, idfs, strict=True)
    ]
    starts = np.cumsum([0, *(block.size for block in BLOCKS)])
    rows = np.concatenate([part.rows for part in parts])
    order = np.argsort(rows, kind="stable")
    ids = np.concatenate([part.ids + start for part, start in zip(parts, starts[:-1], strict=True)])
    data = np.concatenate([part.data for part in parts])
    return _Counts(rows[order], ids[order], data[order], (len(readings), int(starts[-1]))).as_matrix()
