"""Why a theme was coded or not: the words that spoke for it and against it."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np

from ..codebook import Codebook
from ..config import Config
from ..records import Document, Provision
from .features import BLOCKS, bucket_ids, count_matrix, weighted, words_of
from .linear import Model, load_model
from .passages import Passage

SHOWN = 4


@lru_cache(maxsize=1)
def _model() -> Model:
    return load_model()


def contributions(model: Model, passage: Passage, theme: str) -> list[tuple[str, float]]:
    """What each word or pair of words of text, title and heading adds to the theme's logit, strongest first."""
    head = model.themes.index(theme)
    found: dict[str, float] = {}
    first = 0
    for block, idf in zip(BLOCKS, model.idfs, strict=True):
        weights = model.weights[first : first + block.size, head]
        first += block.size
        if block.field == "frame":
            continue
        row = weighted(count_matrix([passage], block), idf, block.weight)
        value = dict(zip(row.indices.tolist(), (row.data * weights[row.indices]).tolist(), strict=True))
        words = words_of(getattr(passage, block.field))
        pieces = [[a, b] for a, b in pairwise(words)] if block.kind == "pairs" else [[word] for word in words]
        uses = np.bincount(row.indices, minlength=block.size) * 0
        ids = [bucket_ids(block, piece) for piece in pieces]
        for some in ids:
            np.add.at(uses, some, 1)
        for piece, some in zip(pieces, ids, strict=True):
            name = " ".join(piece) if block.field == "text" else f"{block.field}: {' '.join(piece)}"
            found[name] = found.get(name, 0.0) + sum(value[int(i)] / uses[i] for i in some)
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def explain(provision: Provision, document: Document, theme: str, config: Config, codebook: Codebook) -> str:
    """One line: the words that spoke most for and against the theme. Raises ModelError."""
    model = _model()
    if theme not in model.themes:
        return "coded from the lexicon alone"
    passage = Passage(
        text=provision.text,
        language=provision.language,
        doc_type=provision.act_type or document.doc_type,
        title=provision.act_title or document.title,
        context=" > ".join(provision.heading_path),
    )
    parts = contributions(model, passage, theme)
    spoke_for = [name for name, value in parts[:SHOWN] if value > 0.02]
    against = [name for name, value in parts[::-1][:SHOWN] if value < -0.02]
    return f"for: {', '.join(spoke_for) or '-'}; against: {', '.join(against) or '-'}"
