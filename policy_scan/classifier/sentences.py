"""Sentences of a provision, by the rule of spaCy's sentencizer and rules of our own.

The rule is written as patterns, since spaCy takes a second to load and three times as long; tests hold both together.
It ends a sentence at any full stop; legal text is full of abbreviations (art., alin., αρ., παρ., bzw.), of numbers with
points and of enumerations. What it cuts too eagerly is joined again: after an abbreviation, an initial or a number, and
before a small letter. A line feed always ends a sentence, since it ends a slice of a page.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_WORD = re.compile(r"\w+(?:[.'’-]\w+)*")
_ENDS = ".!?;·…"
_END = re.compile(rf"(?:(?<!\w)\.|\.(?!\w)|[{_ENDS.replace('.', '')}]) ?")
"""A sign that ends a sentence, and the space after it; a full stop between letters or digits (3.5) is none."""
_ABBREVIATIONS = frozenset(
    word
    for words in (
        # fr, lb, en
        "art al alin par cf chap n no nos tél tel p pp ex etc mm mme mmes dr m ss s l r d a v vol éd ed réf ref",
        "i e g viz sec reg para",
        # nl
        "nr bijv bv blz bl dhr mevr st art enz zgn resp i.p.v inz",
        # de
        "abs bzw vgl nr z b u a d h ggf inkl gem ff ziff lit usw sog str bgbl",
        # el
        "αρ άρθ παρ περ εδ εδάφ υποπ υπ π δ κ.λπ κλπ λπ σελ στοιχ φεκ ν κ αριθ οικ υπουργ αποφ χ τ ά",
        # ro
        "lit pct art nr alin cap dl dna str sect bl sc et ap jud mun m.of o.u.g u.e",
    )
    for word in words.split()
)
_LAST_WORD = re.compile(r"([^\s(\[«\"'’]+?)\.?\s*$")
_SMALL_PIECE = 12


def _is_punctuation(text: str) -> bool:
    return all(unicodedata.category(char).startswith("P") for char in text)


def beginnings(line: str) -> Iterator[int]:
    """Where sentences after the first begin: after an end sign, at what is no punctuation (a second space is none)."""
    begun = 0
    for end in _END.finditer(line):
        place = end.end()
        if end.start() < begun:
            continue
        while place < len(line):
            word = _WORD.match(line, place)
            after = word.end() if word else place + 1
            if not _is_punctuation(line[place:after]) and line[place:after] not in _ENDS:
                yield place
                break
            place = after + (line[after : after + 1] == " ")
        begun = place


def _goes_on(text: str, start: int, cut: int, end: int) -> bool:
    """Whether the cut before `cut` is no end of a sentence: what stands before and after it says so."""
    before, after = text[start:cut].rstrip(), text[cut:end].lstrip()
    if not before or not after or "\n" in text[len(before) + start : cut]:
        return False
    if len(before) < _SMALL_PIECE:
        return True  # '3.', 'Art. 5.', 'b)': an enumerator belongs to what it introduces
    if after[0].islower() and before[-1] not in ";;·":
        return True
    if before.endswith("."):
        match = _LAST_WORD.search(before)
        word = match.group(1).lower().rstrip(".") if match else ""
        return word in _ABBREVIATIONS or len(word) == 1 or (word.isdigit() and len(word) <= 2)
    return before[-1] in ";;·" and len(before) < 60


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Half-open spans of the sentences, in code points, without white space around.

    Together they hold all words. The rules and abbreviations of all languages hold together: pages mix languages.
    """
    if not text:
        return []
    cuts = {0, len(text)}
    for line in re.finditer(r"[^\n]+", text):
        cuts.update((line.start(), line.end()))
        for beginning in beginnings(line.group()):
            cut = line.start() + beginning
            cuts.add(cut - 1 if text[cut - 1] == "(" else cut)
    ordered = sorted(cuts)
    spans: list[tuple[int, int]] = []
    start = 0
    for cut, following in zip(ordered[1:], [*ordered[2:], len(text)], strict=True):
        if cut < len(text) and _goes_on(text, start, cut, following):
            continue
        piece = text[start:cut]
        if piece.strip():
            left = start + len(piece) - len(piece.lstrip())
            spans.append((left, left + len(piece.strip())))
        start = cut
    return spans
