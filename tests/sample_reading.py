"""The sample corpus read by the stages as the pipeline runs them, once per session and document; no cache, no files."""

from __future__ import annotations

import sys
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from policy_scan.config import load_config
from policy_scan.keys import hash_bytes
from policy_scan.records import Block, BlockLanguage, Facts, Issue, Line, Page, Provision, Source
from policy_scan.stages.blocks import find_blocks
from policy_scan.stages.languages import tell_languages
from policy_scan.stages.pages import read_pages
from policy_scan.stages.provisions import cut_provisions

REPOSITORY = Path(__file__).parents[1]
sys.path.insert(0, str(REPOSITORY / "tools"))

import intended  # noqa: E402

CORPUS = REPOSITORY / "corpus"
TEXTS: dict[str, dict[str, Any]] = {file.stem: intended.read_text(file) for file in intended.text_files()}
SCANS = sorted(name for name, doc in TEXTS.items() if doc.get("scan"))
BORN_DIGITAL = sorted(set(TEXTS) - set(SCANS))
ACTS = sorted(
    name
    for name in BORN_DIGITAL
    if TEXTS[name]["family"] in ("law", "decree", "memorial", "monitor", "gazette", "bilingual")
)


@dataclass(frozen=True, slots=True)
class Reading:
    source: Source
    pages: list[Page]
    lines: list[Line]
    blocks: list[Block]
    languages: list[BlockLanguage]
    provisions: list[Provision]
    facts: Facts
    issues: list[Issue]


@cache
def read(name: str) -> Reading:
    """Read one sample document, named by its text file."""
    path = TEXTS[name]["file"]
    data = (CORPUS / path).read_bytes()
    jurisdiction = path.split("/")[0]
    source = Source(hash_bytes(data), path, (), jurisdiction, (jurisdiction,))
    config = load_config()
    pages, lines, page_issues = read_pages(source, data, config)
    blocks = find_blocks(source, pages, lines, config)
    languages = tell_languages(source, blocks, config)
    provisions, facts, issues = cut_provisions(source, pages, lines, blocks, languages, config)
    return Reading(source, pages, lines, blocks, languages, provisions, facts, [*page_issues, *issues])


@cache
def meant(name: str) -> list[intended.Intended]:
    """The provisions of one sample document as its author means them."""
    return [provision for _, provision in intended.intended_provisions(TEXTS[name])]


def fold(text: str) -> str:
    """Letters and digits alone, without case and accents: what two faithful readings of one page have in common."""
    return "".join(c for c in unicodedata.normalize("NFKD", text).casefold() if c.isalnum())
