"""Quotations for print: cut at the end of a sentence where they are long, never inside a word, and in one line."""

from __future__ import annotations

import re

QUOTATION_CHARACTERS = 700
"""About eight lines: what a reader takes in before the next quotation."""
GAP = " […]"
_CLAUSE_END = re.compile(r"[;:,·](?=\s)")


def _sentence_ends(text: str) -> list[int]:
    from ..classifier.sentences import split_sentences

    return [end for _, end in split_sentences(text)]


def shorten_quotation(text: str, limit: int = QUOTATION_CHARACTERS) -> str:
    """The text with its white space closed up; a longer one is cut and ends with ' […]', within `limit` characters.

    It is cut at the last sentence's end that leaves a third of the room used; where there is none, after a clause,
    else after a word. A single word beyond the limit is cut where it must be.
    """
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    room = limit - len(GAP)
    window = text[:room]
    ends = [end for end in _sentence_ends(text[: room + 200]) if limit // 3 <= end <= room]
    ends = ends or [match.end() for match in _CLAUSE_END.finditer(text[: room + 1]) if match.end() >= limit // 3]
    if ends:
        cut = ends[-1]
    elif text[room].isspace():
        cut = room
    else:
        cut = window.rfind(" ") if " " in window else room
    return text[:cut].rstrip().removesuffix(GAP.strip()).rstrip() + GAP
