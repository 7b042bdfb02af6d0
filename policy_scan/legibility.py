"""Telling a usable text layer from an empty, wrongly encoded or nonsensical one, page by page."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

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


_WORD = re.compile(r"[^\W\d_]+")
_HIGH = re.compile("[\u00a2\u00b8-\u00ff]")


@cache
def _greek_of_latin1() -> dict[int, str]:
    """Latin-1 code points to what the same byte is in Windows-1253, where it is a letter there."""
    table = {}
    for code in (0xA2, *range(0xB8, 0x100)):
        greek = bytes([code]).decode("cp1253", "ignore")
        if greek.isalpha():
            table[code] = greek
    return table


def _is_greek_word(word: str) -> bool:
    return 2 * len(_HIGH.findall(word)) > len(word)


def repair_1253(text: str) -> str:
    """Greek in Windows-1253 that was read as Latin-1, put right character by character: the length stays the same.

    Only words most of whose letters are accented Latin-1 letters are changed, so French words on the page survive.
    """
    table = _greek_of_latin1()
    # '¢' (Ά) and '½' (½) are no letters in Latin-1, so a word here is a run of anything but space and ASCII signs.
    return re.sub(
        r"[^\W\d_\u00a2\u00b8-\u00bf]*[\u00a2\u00b8-\u00ff][\w\u00a2\u00b8-\u00bf]*",
        lambda match: match.group().translate(table) if _is_greek_word(match.group()) else match.group(),
        text,
    )


def judge(text: str, *, min_letters: int, languages: Sequence[str] = ()) -> Verdict:
    """What the text layer of one page is worth.

    `min_letters` is `config.ocr.min_letters`: with fewer letters the page counts as empty. `languages` (ISO codes)
    are those expected of the document, where known: with Greek among them mojibake is looked for more keenly.
    """
    letters = sum(char.isalpha() for char in text)
    if letters < min_letters or letters == 0:
        return Verdict("empty", f"{letters} letters", letters)
    broken = sum(1 for char in text if _is_broken(char))
    if broken > 0.08 * (letters + broken):
        return Verdict("unreadable", f"{broken} characters that no language uses", letters)
    words = _WORD.findall(text)
    greek = sum(len(word) for word in words if len(word) >= 3 and _is_greek_word(word))
    if greek > 0.25 * letters:
        return Verdict("mojibake_1253", "Greek in Windows-1253 read as Latin-1", letters)
    return Verdict("usable", "", letters)


def _is_broken(char: str) -> bool:
    code = ord(char)
    if code < 0x80:
        return code < 0x20 and char not in "\t\n\r\f\x02"  # pdfium writes U+0002 for a hyphen at a line's end
    if 0x180 <= code <= 0x2B5:
        return char not in "ȘșȚțʹ"
    return 0x80 <= code < 0xA0 or code == 0xFFFD or unicodedata.category(char) in ("Co", "Cn", "Cs")
