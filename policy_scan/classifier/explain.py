"""Why a theme was coded or not: the concepts and words that spoke for it and against it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations, pairwise

from ..codebook import Codebook
from ..config import Config
from ..records import Document, Provision
from .features import BLOCKS, Block, Reader, Reading, bucket_ids, count_matrix, weighted
from .lexicon import load_lexicon
from .linear import SENSES, Model, load_model
from .passages import Passage
from .senses import load_senses

SHOWN = 4
LEAST = 0.03
"""What adds less than this to the logit isn't worth a mention."""


@lru_cache(maxsize=2)
def _loaded(lexicon: str) -> tuple[Model, Reader]:
    return load_model(), Reader(load_lexicon(lexicon), load_senses(SENSES))


def _pieces(reading: Reading, reader: Reader, block: Block) -> Iterator[tuple[str, Reading]]:
    """What a person can be shown of a block's features: a name, and a reading that holds nothing else."""
    mark = "" if block.field == "text" else f"{block.field}: "

    def alone(words: tuple[str, ...] = (), concepts: tuple[int, ...] = (), frame: tuple[str, ...] = ()) -> Reading:
        return Reading(
            words={block.field: words},
            senses={block.field: [reader.senses[word] for word in words if word in reader.senses]},
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
            yield f"{mark}{one} {other}", alone(words=(one, other))
    else:
        yield from ((mark + word, alone(words=(word,))) for word in reading.words[block.field])


def contributions(model: Model, reader: Reader, reading: Reading, theme: str) -> list[tuple[str, float]]:
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
        pieces = [(name, bucket_ids(block, piece).tolist()) for name, piece in _pieces(reading, reader, block)]
        uses = Counter(i for _, ids in pieces for i in ids)
        for name, ids in pieces:
            found[name] = found.get(name, 0.0) + sum(worth.get(i, 0.0) / uses[i] for i in ids)
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def explain(provision: Provision, document: Document, theme: str, config: Config, codebook: Codebook) -> str:
    """One line: what spoke most for and against the theme. Raises ModelError, ConfigError."""
    model, reader = _loaded(config.lexicon)
    passage = Passage(
        text=provision.text,
        language="" if provision.language == "und" else provision.language,
        doc_type=provision.act_type or document.doc_type,
        title=provision.act_title or document.title,
    )
    reading = reader.read(passage)
    if theme not in model.themes:
        names = {match.concept for match in reading.concepts["text"]}
        speaking = sorted(name for name in names if theme in reader.lexicon.themes_of(name))
        return f"from the lexicon alone: {', '.join(speaking) or '-'}"
    parts = contributions(model, reader, reading, theme)
    spoke_for = [name for name, value in parts[:SHOWN] if value > LEAST]
    against = [name for name, value in parts[::-1][:SHOWN] if value < -LEAST]
    return f"for: {', '.join(spoke_for) or '-'}; against: {', '.join(against) or '-'}"
