"""The pipeline: every stage declared once, with what it reads and makes, and the keys that follow from it.

    documents -> pages -> blocks -> languages -> provisions -> description -> codings -> cells -> state_of_play

`description` gives a document its published row: the manifest first, then what its own text says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from operator import attrgetter
from typing import Any, Literal

from .config import Config
from .keys import digest, encode, frame_mapping, frame_sequence, hash_bytes
from .records import Block, BlockLanguage, Cell, Coding, Document, Facts, Issue, Line, Page, Provision, Source
from .stages.blocks import find_blocks
from .stages.cells import compile_cells
from .stages.codings import code_provisions
from .stages.documents import describe, identify_documents
from .stages.languages import tell_languages
from .stages.pages import read_pages
from .stages.provisions import cut_provisions
from .stages.state_of_play import tabulate

RESULTS: dict[str, type[Any]] = {
    "sources": Source, "pages": Page, "lines": Line, "blocks": Block, "languages": BlockLanguage,
    "provisions": Provision, "facts": Facts, "document": Document, "codings": Coding, "cells": Cell, "issues": Issue,
}  # fmt: skip
"""The name under which a stage's result is passed on -> its record class."""


@dataclass(frozen=True, slots=True)
class Stage:
    """`inputs` and `outputs` name the function's arguments and results, in order; `sections` are its configuration.

    `source_fields` are the only fields of the source that it is given: a change in the others recomputes nothing.
    `uses` names what else its key depends on: the codebook, the classifier.
    """

    name: str
    version: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    unit: Literal["corpus", "document"]
    function: Callable[..., Any]
    sections: tuple[str, ...] = ()
    source_fields: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()


_IDENTITY = ("doc_id", "path", "jurisdiction", "jurisdictions", "languages")
_ALL = tuple(field.name for field in fields(Source))

STAGES: tuple[Stage, ...] = (
    Stage("documents", 1, ("files", "manifest"), ("sources", "issues"), "corpus", identify_documents),
    Stage("pages", 3, ("source", "data", "config"), ("pages", "lines", "issues"), "document", read_pages,
          ("reading", "ocr", "run.pages_per_document", "run.megabytes_per_file"), _IDENTITY),
    Stage("blocks", 1, ("source", "pages", "lines", "config"), ("blocks",), "document", find_blocks,
          ("reading",), _IDENTITY),
    Stage("languages", 2, ("source", "blocks", "config"), ("languages",), "document", tell_languages,
          ("languages",), _IDENTITY),
    Stage("provisions", 3, ("source", "pages", "lines", "blocks", "languages", "config"),
          ("provisions", "facts", "issues"), "document", cut_provisions, ("provisions",), _ALL),
    Stage("description", 1, ("source", "facts", "pages", "blocks", "languages"), ("document",), "document", describe,
          (), _ALL),
    Stage("codings", 4, ("document", "provisions", "config", "codebook", "classifier"), ("codings",), "document",
          code_provisions, ("codings",), _ALL, ("codebook", "classifier")),
    Stage("cells", 4, ("documents", "provisions", "codings", "issues", "config", "codebook", "thresholds"), ("cells",),
          "corpus", compile_cells, ("table", "cells"), (), ("codebook", "classifier")),
    Stage("state_of_play", 2, ("cells", "config", "codebook"), ("rows",), "corpus", tabulate, ("table",), (),
          ("codebook",)),
)  # fmt: skip
DOCUMENT_STAGES: tuple[Stage, ...] = tuple(stage for stage in STAGES if stage.unit == "document")


def maker_of(result: str, before: Stage) -> Stage:
    """The document stage that makes an input of `before`."""
    earlier = DOCUMENT_STAGES[: DOCUMENT_STAGES.index(before)]
    return next(stage for stage in earlier if result in stage.outputs)


def reduced(source: Source, stage: Stage) -> Source:
    """The source with only the fields that the stage declared; the others are as if nothing had been said."""
    kept = {name: getattr(source, name) for name in stage.source_fields}
    return Source(**{**_BLANK, **kept})


_BLANK: dict[str, Any] = {"doc_id": "", "path": "", "other_paths": (), "jurisdiction": "", "jurisdictions": ()}


def _source_encoder(stage: Stage) -> Callable[[Source], bytes]:
    """Makes of a source what `encode` makes of its reduced form as a mapping, names and absent values encoded once."""
    blank = asdict(reduced(Source(**_BLANK), stage))
    pieces: list[tuple[bytes, str | None]] = []
    for name in sorted(blank):
        told = encode(name)
        pieces.append((told, name) if name in stage.source_fields else (told + encode(blank[name]), None))

    def encoded(source: Source) -> bytes:
        return frame_mapping([told if name is None else told + encode(getattr(source, name)) for told, name in pieces])

    return encoded


_OWN = ("doc_id", "path", "other_paths", "n_bytes")
"""Fields that differ from one document to the next; the others are the same for many."""
_said_of = attrgetter(*(name for name in _ALL if name not in _OWN))
_encoded_said = lru_cache(maxsize=4096)(encode)


class KeyMaker:
    """Makes the keys of documents under one configuration. `uses` gives the keys of the codebook and of the classifier;
    `environment` is what results may depend on besides."""

    def __init__(self, config: Config, uses: Mapping[str, str], environment: str = "") -> None:
        encoders = {stage.source_fields: _source_encoder(stage) for stage in DOCUMENT_STAGES}
        self._encoders = list(encoders.items())
        self._stages: list[tuple[str, bytes, tuple[str, ...], bytes, list[str]]] = []
        for stage in DOCUMENT_STAGES:
            makers = sorted({maker_of(name, stage).name for name in stage.inputs if _is_made(name)})
            before = (encode("stage"), encode(stage.name), encode(stage.version), encode(config.slice(*stage.sections)))
            after = encode([uses[name] for name in stage.uses])
            self._stages.append((stage.name, b"".join(before), stage.source_fields, after, makers))
        common = [encode(environment), *(before + after for _, before, _, after, _ in self._stages)]
        self._common = encode(digest(frame_sequence(common)))

    def keys(self, source: Source) -> dict[str, str]:
        """Stage name -> cache key, for one document."""
        encoded = {names: encoder(source) for names, encoder in self._encoders}
        keys: dict[str, str] = {}
        for name, before, names, after, makers in self._stages:
            inputs = encode([keys[maker] for maker in makers])
            keys[name] = hash_bytes(frame_sequence((before, encoded[names], after, inputs)))
        return keys

    def fingerprint(self, source: Source) -> bytes:
        """32 bytes that differ where any of a document's keys, of its source's fields or the environment does: quicker
        than its keys."""
        said = _encoded_said(_said_of(source))
        return digest(frame_sequence((self._common, encode([getattr(source, name) for name in _OWN]), said)))


def document_keys(source: Source, config: Config, uses: Mapping[str, str]) -> dict[str, str]:
    """Stage name -> cache key, for one document; for many, a KeyMaker is quicker."""
    return KeyMaker(config, uses).keys(source)


def _is_made(name: str) -> bool:
    return any(name in stage.outputs for stage in DOCUMENT_STAGES)
