"""Why a theme was coded or not: the concepts and words that spoke for it and against it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise

from ..codebook import Codebook
from ..config import Config
from .features import BLOCKS, Block, Reader, Reading, Word, bucket_ids, count_matrix, fold_word, weighted
from .lexicon import load_lexicon
from .linear import SENSES, Model, load_model
from .model import model_folder, theme_thresholds
from .passages import Passage
from .senses import load_senses

SHOWN = 4
LEAST = 0.03
"""What adds less than this to the logit isn't worth a mention."""
_WORD = re.compile(r"[^\W_]+")
_CONCEPT = re.compile(r"\[(\w+)\]")
_QUOTED_TERMS = 2
"""Of a concept found often, so many of its different terms are quoted."""


@dataclass(frozen=True, slots=True)
class Reasons:
    """Of one theme: what spoke for and against it, strongest first, in words a reader of the text understands."""

    spoke_for: tuple[str, ...]
    against: tuple[str, ...]
    threshold: float


def _pieces(reading: Reading, block: Block) -> Iterator[tuple[str, Reading]]:
    """What a person can be shown of a block's features: a name, and a reading that holds nothing else."""
    mark = "" if block.field == "text" else f"{block.field}: "

    def alone(words: tuple[Word, ...] = (), concepts: tuple[int, ...] = (), frame: tuple[str, ...] = ()) -> Reading:
        return Reading(
            words={block.field: words},
            concepts={block.field: [reading.concepts[block.field][i] for i in concepts]},
            frame=frame,
        )

    if block.kind == "values":
        yield from ((value, alone(frame=(value,))) for value in reading.frame)
    elif block.kind in ("concepts", "concept_pairs"):
        found = reading.concepts[block.field]
        first = {match.concept: i for i, match in reversed(list(enumerate(found)))}
        if block.kind == "concepts":
            yield from ((f"{mark}[{match.concept}]", alone(concepts=(i,))) for i, match in enumerate(found))
        else:
            for a, b in combinations(sorted(first), 2):
                yield f"[{a}] with [{b}]", alone(concepts=(first[a], first[b]))
    elif block.kind in ("pairs", "sense_pairs"):
        for one, other in pairwise(reading.words[block.field]):
            yield f"{mark}{one.folded} {other.folded}", alone(words=(one, other))
    else:
        yield from ((mark + word.folded, alone(words=(word,))) for word in reading.words[block.field])


def contributions(model: Model, reading: Reading, theme: str) -> list[tuple[str, float]]:
    """What each concept, word and pair of text and title adds to the theme's logit, strongest first.

    Concepts stand in brackets. A feature shared by several words is divided among them.
    """
    head = model.themes.index(theme)
    found: dict[str, float] = {}
    first = 0
    for block, idf in zip(BLOCKS, model.idfs, strict=True):
        weights = model.weights[first : first + block.size, head]
        first += block.size
        row = weighted(count_matrix([reading], block), idf, block.weight)
        worth = dict(zip(row.indices.tolist(), (row.data * weights[row.indices]).tolist(), strict=True))
        pieces = [(name, bucket_ids(block, piece).tolist()) for name, piece in _pieces(reading, block)]
        uses = Counter(i for _, ids in pieces for i in ids)
        for name, ids in pieces:
            found[name] = found.get(name, 0.0) + sum(worth.get(i, 0.0) / uses[i] for i in ids)
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


class Explainer:
    """Says why passages were coded as they were. Loaded once; raises ModelError, ConfigError."""

    def __init__(self, config: Config, codebook: Codebook) -> None:
        self.model: Model = load_model(model_folder(config.codings.model))
        self.reader = Reader(load_lexicon(config.lexicon, codebook), load_senses(SENSES))
        self.thresholds = theme_thresholds(self.model, config.codings.setting, codebook.active)

    def reasons(self, passage: Passage, theme: str) -> Reasons:
        """For a theme without coded passages: its concepts in the text; else what weighed most in the linear model."""
        reading = self.reader.read(passage)
        threshold = self.thresholds.get(theme, 0.0)
        if theme not in self.model.themes:
            names = dict.fromkeys(match.concept for match in reading.concepts["text"])
            speaking = [f"[{name}]" for name in names if theme in self.reader.lexicon.themes_of(name)]
            return Reasons(tuple(_readable(name, passage, reading) for name in speaking), (), threshold)
        parts = contributions(self.model, reading, theme)
        return Reasons(
            tuple(_readable(name, passage, reading) for name, value in parts[:SHOWN] if value > LEAST),
            tuple(_readable(name, passage, reading) for name, value in parts[::-1][:SHOWN] if value < -LEAST),
            threshold,
        )


def concept_label(name: str) -> str:
    """'paper_form_kept' -> 'paper form kept'; 'cue_drones' -> 'drones'."""
    return name.removeprefix("cue_").replace("_", " ")


def _readable(name: str, passage: Passage, reading: Reading) -> str:
    """A feature's name with the words as they stand in text or title: concept 'e seal' (“cachet électronique”)."""
    field, mark, rest = name.partition(": ")
    what, is_frame, value = name.partition("=")
    if is_frame:
        return f"{'document type' if what == 'type' else what} {value.replace('_', ' ') or 'not known'}"
    in_title = field == "title" and bool(mark)
    text, place = (passage.title, "in the title, ") if in_title else (passage.text, "")
    rest = rest if in_title else name
    if "[" in rest:
        found: dict[str, list[str]] = {}
        for match in reading.concepts["title" if in_title else "text"]:
            found.setdefault(match.concept, []).append(" ".join(text[match.start : match.end].split()))
        return place + _CONCEPT.sub(lambda one: _concept_words(one[1], found), rest)
    originals = {fold_word(word): word for word in reversed(_WORD.findall(text))}
    return f"{place}“{' '.join(originals.get(word, word) for word in rest.split())}”"


def _concept_words(name: str, found: Mapping[str, list[str]]) -> str:
    terms = list(dict.fromkeys(found.get(name, ())))
    quoted = ", ".join(f"“{term}”" for term in terms[:_QUOTED_TERMS])
    more = f" and {len(terms) - _QUOTED_TERMS} more" if len(terms) > _QUOTED_TERMS else ""
    return f"concept ‘{concept_label(name)}’ ({quoted}{more})"
