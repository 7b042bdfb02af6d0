"""Telling a usable text layer from an empty, wrongly encoded or nonsensical one, page by page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import Literal

from .language import fold, is_function_word

Layer = Literal["usable", "empty", "mojibake_1253", "unreadable"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a page's text layer is worth, and why in a few words. `letters` counts the letters in it."""

    layer: Layer
    reason: str
    letters: int

    @property
    def usable(self) -> bool:
        """Whether the text can be used as it is (a mojibake page can after `repair_1253`)."""
        return self.layer == "usable"


_BROKEN_SHARE = 0.08
_MIN_BROKEN = 10
_MOJIBAKE_SHARE = 0.25
_MIN_LONG_WORDS = 15
"""Words of four letters and more: on fewer than this nothing is concluded from how they look."""

_VOWELS = frozenset("aeiouyαεηιουω")
_FOLLOWERS = """
        a:abcdefghijklmnpqrstuvwyz b:abcdegijlorstuy c:acehikloqrstuy d:abdegijlmnorstuvwy
    e:abcdefghijklmnopqrstuvwxyz f:aefgilorstuy g:adeghilmnorstuvy h:abdeghiklmnoprstuvw i:abcdefghijklmnopqrstuvwxz
    j:adefiknouvz k:abdegiklmnorstuvw l:abcdefghijklmnoprstuvwyz m:abdefijmnoprstuwyz n:abcdefghijklmnopqrstuvwyz
    o:abcdefghijklmnoprstuvwyz p:aehilnoprstuy q:u r:abcdefghijklmnopqrstuvwxyz s:abcdefghiklmnopqrstuvwyz
    t:abcdefghijlmnorstuvwyz u:abcdefghijklmnoprstuvwxyzß v:aeilorsuy w:aehilnorstuwy x:aceioptu y:abcdegiklmnoprst
    z:abeiklotuwz ß:et α:αβγδεζηθικλμνξοπρςστυφχψω β:αβεηιλορυω γ:αγεηικλμνορυχω δ:αδεηιορυω
    ε:αβγδεζηθικλμνξοπρςστυφχψω ζ:αεζηιοω η:αβγδεζηθικλμνξοπρςστφχψ θ:αεηθιλμνορυω ι:αβγδεζηθικλμνξοπρςστυφχψω
    κ:αεηικλνοπρστυω λ:αβγδεηθικλμοπτυφω μ:αβεηιμνοπυφω ν:αδεηθινορστυω ξ:αεηιουω ο:αβγδεζηθικλμνξοπρςστυφχψω
    π:αεηιλνοπρτυω ρ:αβγδεηθικλμνξοπρστυφχω σ:αβγεηθικμνοπστυφχω τ:αεζηιλμνορστυω υ:αβγδεζηθικλμνξοπρςστφχψ
    φ:αεηθιλορυφω χ:αεθιλνορυχω ψ:αεηιουω ω:βγδζθκλμνξοπρςστφχψ
"""
"""Each letter and those that commonly follow it in at least one of the seven languages, diacritics aside. Over 80 % of
the longer words on legible pages of gazettes, tables and lists consist of such pairs, under 50 % of enciphered ones."""

_WORD = re.compile(r"[^\W\d_]+")
_BROKEN = re.compile(
    "[\x00-\x01\x03-\x08\x0e-\x1f\u0180-\u0191\u0193-\u0217\u021c-\u02b5\u02bd-\u02c5\u02ca-\u02ff"
    "\ud800-\uf8ff\ufff0-\ufffd\U000f0000-\U0010ffff]"
)
"""Controls (but U+0002, pdfium's mark of a hyphen at a line's end), letters of none of the languages (Ș, ș, Ț, ț and
apostrophe-like signs stay), private use, replacement characters."""
_HIGH = re.compile("[\u00a2\u00b8-\u00ba\u00bc\u00be-\u00ff]")
"""What Windows-1253's Greek letters look like in Latin-1, signs such as ¢ (Ά) and ¼ (Ό) among them."""
_RUN = re.compile("[A-Za-z\u00a2\u00b5\u00b8-\u00ba\u00bc\u00be-\u00ff]+")


@cache
def _greek_of_latin1() -> dict[int, str]:
    """Latin-1 code points to what the same byte is in Windows-1253, where that is a letter."""
    letters = {code: bytes([code]).decode("cp1253", "ignore") for code in (0xA2, *range(0xB8, 0x100))}
    return {code: letter for code, letter in letters.items() if letter.isalpha()}


@cache
def _signs_of_latin1() -> dict[int, str]:
    """Signs (dashes, quotation marks, bullets, the numeral sign ΄) where Latin-1 has controls or other signs."""
    signs = {code: bytes([code]).decode("cp1253", "ignore") for code in (*range(0x80, 0xA0), 0xA1, 0xAF, 0xB4)}
    return {code: sign for code, sign in signs.items() if sign}


def _is_greek_word(word: str) -> bool:
    # 'été' has a letter of ASCII in it, and 'à' alone would be ΰ, which is no word.
    return 5 * len(_HIGH.findall(word)) >= 4 * len(word) and word not in ("à", "À")


def repair_1253(text: str) -> str:
    """Greek in Windows-1253 that was read as Latin-1, put right character by character: the length stays the same.

    Only words made of Latin-1's accented letters are changed, so a French name on the page survives.
    Must be given the text as the PDF has it, before any normalisation that joins or splits characters.
    """
    table = _greek_of_latin1()
    repaired = _RUN.sub(lambda run: run.group().translate(table) if _is_greek_word(run.group()) else run.group(), text)
    return repaired.translate(_signs_of_latin1())


def judge(text: str, *, min_letters: int, languages: Sequence[str] = ()) -> Verdict:
    """What the text layer of one page is worth.

    `min_letters` is `config.ocr.min_letters`: with fewer letters the page counts as empty. `languages` (ISO codes)
    are those expected of the document; where they are known and Greek isn't among them, mojibake isn't looked for.
    Doubtful pages count as usable: OCR of a legible page would make its text worse.
    """
    letters = sum(map(str.isalpha, text))
    broken = _count_broken(text)
    if broken >= max(min_letters, _MIN_BROKEN) and broken > _BROKEN_SHARE * (letters + broken):
        return Verdict("unreadable", f"{broken} characters that none of the languages uses", letters)
    if letters < max(min_letters, 1):
        return Verdict("empty", f"{letters} letters", letters)
    words = _WORD.findall(text)
    if not languages or "el" in languages:
        greek = sum(len(word) for word in words if len(word) >= 3 and _is_greek_word(word))
        if greek > _MOJIBAKE_SHARE * letters:
            return Verdict("mojibake_1253", "Greek in Windows-1253 read as Latin-1", letters)
    long_words = [word for word in words if len(word) > (6 if word.isupper() else 3)]  # acronyms aside
    if len(long_words) >= _MIN_LONG_WORDS:
        plausible = sum(map(is_plausible, long_words)) / len(long_words)
        running = sum(map(is_function_word, words)) / len(words)
        if (plausible < 0.60 and running < 0.15) or (plausible < 0.70 and running < 0.03):
            return Verdict("unreadable", f"only {plausible:.0%} of the words look like words", letters)
    return Verdict("usable", "", letters)


def _count_broken(text: str) -> int:
    """Characters that a missing or wrong ToUnicode map leaves behind, single ones at a word's edge (bullets and
    symbols of fonts with their own encoding) aside."""
    count = 0
    for token in text.split() if _BROKEN.search(text) else ():
        inside = len(_BROKEN.findall(token))
        at_edge = inside == 1 and (_BROKEN.match(token[0]) or _BROKEN.match(token[-1]))
        count += 0 if at_edge else inside
    return count


@cache
def _followers() -> dict[str, frozenset[str]]:
    pairs = (entry.split(":") for entry in _FOLLOWERS.split())
    return {first: frozenset(seconds) for first, seconds in pairs}


@lru_cache(maxsize=16_384)
def is_plausible(word: str) -> bool:
    """Whether the word, without diacritics, could be one of the seven languages': a vowel, usual pairs of letters, and
    no capital inside a small-letter word."""
    folded = fold(word)
    if not (word[1:].islower() or word.isupper()) or _VOWELS.isdisjoint(folded):
        return False
    table = _followers()
    return all(second in table.get(first, ()) for first, second in pairwise(folded))
