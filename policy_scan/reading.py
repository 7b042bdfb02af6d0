"""One PDF read by itself, outside a run: what the commands `text` and `show` need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .config import Config
from .errors import BrokenError
from .jurisdictions import UNKNOWN, normalise
from .keys import hash_bytes
from .records import Block, Issue, Line, Page, Source
from .stages.blocks import find_blocks
from .stages.pages import read_pages


@dataclass(frozen=True, slots=True)
class ReadFile:
    pages: Sequence[Page]
    lines: Sequence[Line]
    blocks: Sequence[Block]
    issues: Sequence[Issue]


def _jurisdiction(file: Path) -> str:
    """The nearest folder above that names one, as in a corpus: it tells OCR which languages to expect."""
    codes = (normalise(folder.name) for folder in file.resolve().parents)
    return next((code for code in codes if code), UNKNOWN)


def read_file(file: Path, config: Config) -> ReadFile:
    """Pages, lines and blocks of a PDF. Raises DocumentError (with its kinds), OSError."""
    if not file.is_file():
        raise BrokenError(f"{file} doesn't exist or is no file.", "check the path.")
    data = file.read_bytes()
    jurisdiction = _jurisdiction(file)
    source = Source(hash_bytes(data), file.name, (), jurisdiction, (jurisdiction,), n_bytes=len(data))
    pages, lines, issues = read_pages(source, data, config)
    return ReadFile(pages, lines, find_blocks(source, pages, lines, config), issues)
