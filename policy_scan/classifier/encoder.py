"""The multilingual encoder: themes, relevance and deontic force of passages, offline, on one core.

multilingual-e5-small (12 layers, 384 dimensions; Wang et al. 2024, "Multilingual E5 Text Embeddings") was fine-tuned
on coded passages by `benchmarks/finetune_encoder.py`, its vocabulary cut to pieces seen in the seven languages, and
its matrices stored in 8 bits. `weights/ENCODER_CARD.md` says how, on what, and how well. Four files:

encoder.onnx             the layers and heads; onnxruntime runs them
encoder_pieces.tsv       the vocabulary: piece, tab, log-probability of the unigram model
encoder_embeddings.npz   one row per piece in 4 bits (blocks of 32 with a 16-bit scale), one per position
encoder.json             version, names of the outputs, lengths, hashes of the other files
"""

from __future__ import annotations

import hashlib
import io
import json
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError

SPACE = "\u2581"  # SentencePiece's mark for the space before a word
BLOCK = 32  # weights that share one scale, as in the base model's 4-bit file
PAD, START, END, UNKNOWN = 1, 0, 2, 3  # places of XLM-RoBERTa's special pieces, kept by the trimmed vocabulary
UNKNOWN_PENALTY = 10.0  # SentencePiece: an unknown character scores this much below the least likely piece
HEAD_PIECES = 52  # at most this many pieces for type, title and heading together
MAX_PIECES = 208  # with the head; longer texts lose their end
REMEMBERED_WORDS = 200_000

_NEXT = "reinstall policy-scan, or use the fast setting, which needs no encoder."


class CodedText(Protocol):
    """What the encoder reads of a passage."""

    @property
    def text(self) -> str: ...
    @property
    def doc_type(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def context(self) -> str: ...


class UnigramTokenizer:
    """The unigram model of Kudo (2018), word by word: the most likely cut of each word into known pieces."""

    def __init__(self, scores: Mapping[str, float]) -> None:
        """`scores`: piece -> log-probability, in the order of their identifiers."""
        self._ids = {piece: (i, score) for i, (piece, score) in enumerate(scores.items()) if i > UNKNOWN}
        self._longest = max(map(len, self._ids))
        self._unknown = min(score for _, score in self._ids.values()) - UNKNOWN_PENALTY
        self._known: dict[str, tuple[int, ...]] = {}

    def __call__(self, text: str) -> list[int]:
        """Identifiers of the text's pieces, without start and end marks."""
        pieces: list[int] = []
        for word in unicodedata.normalize("NFKC", text).split():
            found = self._known.get(word)
            if found is None:
                found = self._cut(SPACE + word)
                if len(self._known) < REMEMBERED_WORDS:
                    self._known[word] = found
            pieces.extend(found)
        return pieces

    def _cut(self, word: str) -> tuple[int, ...]:
        # Viterbi over end positions: best[e] = (score, start of the last piece, its identifier)
        best = [(0.0, 0, UNKNOWN)]
        for end in range(1, len(word) + 1):
            start = end - 1
            choice = (best[start][0] + self._unknown, start, UNKNOWN)
            for start in range(max(0, end - self._longest), end):
                piece = self._ids.get(word[start:end])
                if piece is not None and best[start][0] + piece[1] > choice[0]:
                    choice = (best[start][0] + piece[1], start, piece[0])
            best.append(choice)
        pieces, end = [], len(word)
        while end:
            pieces.append(best[end][2])
            end = best[end][1]
        return tuple(reversed(pieces))


def piece_ids(passage: CodedText, tokenizer: UnigramTokenizer) -> list[int]:
    """`<s> passage: type: title > heading </s> text </s>`: a coder sees the first part, and codes the second."""
    head = " > ".join(part for part in (passage.title, passage.context) if part)
    ids = [START, *tokenizer(f"passage: {passage.doc_type}: {head}")[: HEAD_PIECES - 2], END]
    return [*ids, *tokenizer(passage.text)[: MAX_PIECES - len(ids) - 1], END]


def unpack_rows(scales: NDArray[np.float16], nibbles: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Rows of weights from 4 bits: (n, blocks) scales and (n, blocks, 16) bytes -> (n, 32 * blocks).

    A byte's low half is weight j of its block, its high half weight j + 16; both are stored plus 8.
    """
    whole = np.concatenate([nibbles & 15, nibbles >> 4], axis=-1).astype(np.float32) - 8
    return (whole * scales.astype(np.float32)[..., None]).reshape(len(scales), -1)


class Encoder:
    """Made by `load_encoder`. One session, one thread; the same passage gives the same numbers in any company."""

    def __init__(
        self,
        session: Any,
        tokenizer: UnigramTokenizer,
        words: NDArray[np.float32],
        positions: NDArray[np.float32],
        outputs: tuple[str, ...],
        version: str,
    ) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self._words = words
        self._positions = positions
        self.outputs = outputs
        """Themes, then 'relevance' (any theme), then 'force:none', 'force:obligation', …"""
        self.version = version

    def logits(self, passages: Sequence[CodedText]) -> NDArray[np.float32]:
        """(passages, outputs): log-odds for themes and relevance (sigmoid), scores of the forces (softmax).

        One passage at a time: activations are scaled to 8 bits per call, so that a batch's other passages would
        change the numbers; on one core a batch saves no time.
        """
        found = np.empty((len(passages), len(self.outputs)), dtype=np.float32)
        for i, passage in enumerate(passages):
            ids = piece_ids(passage, self._tokenizer)
            x = self._words[ids] + self._positions[: len(ids)]
            found[i] = self._session.run(None, {"x": x[None]})[0][0]
        return found


def _checked(path: Path, digest: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"The encoder's file {path} can't be read: {error}.", _NEXT) from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise ModelError(f"The encoder's file {path} is damaged or of another version.", _NEXT)
    return data


def load_encoder(directory: Path) -> Encoder:
    """The encoder whose four files stand in `directory`. Raises ModelError where one is missing or damaged."""
    try:
        import onnxruntime  # type: ignore[import-not-found,import-untyped,unused-ignore]  # it ships no types
    except ImportError as error:
        raise ModelError("The encoder needs the package onnxruntime, which isn't installed.", _NEXT) from error
    card = directory / "encoder.json"
    try:
        about = json.loads(card.read_text(encoding="utf-8"))
        version, outputs, hashes = str(about["version"]), tuple(about["outputs"]), dict(about["sha256"])
        graph = _checked(directory / "encoder.onnx", hashes["encoder.onnx"])
        pieces = _checked(directory / "encoder_pieces.tsv", hashes["encoder_pieces.tsv"]).decode("utf-8")
        rows = io.BytesIO(_checked(directory / "encoder_embeddings.npz", hashes["encoder_embeddings.npz"]))
    except OSError as error:
        raise ModelError(f"The encoder's file {card} can't be read: {error}.", _NEXT) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"The encoder's file {card} is damaged: {error!r}.", _NEXT) from error
    scores: dict[str, float] = {}
    for line in pieces.splitlines():
        piece, score = line.split("\t")
        scores[piece] = float(score)
    with np.load(rows) as arrays:
        words = unpack_rows(arrays["scales"], arrays["nibbles"])
        positions = arrays["positions"].astype(np.float32)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return Encoder(session, UnigramTokenizer(scores), words, positions, outputs, version)
