"""Quotations in amending acts: which segments are the words of another act, announced by `is replaced as follows:`.

Each language opens and closes them with its own marks («», „“, „”, “”, ″″, \"\"); a French gazette repeats « at each
paragraph. A quotation that is never closed ends where the amending act's next article begins.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .. import schemes
from . import phrases
from .segments import Segment

_CLOSERS = {"«": "»", "„": '“”"″', "“": "”", "”": "”", "″": "″", '"': '"', "‟": "”", "<": ">", "‘": ""}
_OPENS = re.compile(r"[«„“”″\"‟]|‘(?=[A-Za-z0-9(])")
_SINGLE_CLOSES = re.compile(r"’(?=\s?;|\s?\.?\s*$)")
"""A single mark is also an apostrophe (and in Greek an accent): it closes only at the end of a text or before `;`."""
_CLOSED_AT_END = re.compile(r"[»”″\"“]\s*[.;,:)]*\s*(?:\.\s*)?(?:et|en|und)?\s*$")
_LIMIT = 60_000
"""Characters after which an unclosed quotation is given up."""


def _find_close(segments: Sequence[Segment], first: int, at: int, opener: str, last: str | None) -> tuple[int, int]:
    """Where the quotation opened at `at` in segment `first` ends: (segment, offset after its closing mark).

    `last` is the key of the amending article, by whose successor an unclosed quotation is ended.
    """
    same = opener in _CLOSERS[opener]
    depth = 0
    seen = 0
    candidate: tuple[int, int] | None = None
    for index in range(first, len(segments)):
        segment = segments[index]
        text = segment.text
        begin = at if index == first else 0
        if index > first and segment.opens and _OPENS.match(text) is None:
            label = schemes.article_label(text)
            if label is not None and label.sure and last is not None and schemes.follows(label.key, last):
                if candidate is not None:
                    return candidate
                if seen > _LIMIT // 4:
                    return index - 1, len(segments[index - 1].text)
        for k in range(begin, len(text)):
            char = text[k]
            if opener == "‘":
                if _SINGLE_CLOSES.match(text, k):
                    return index, k + 1
            elif same:
                if char == opener:
                    depth += 1
            elif char == opener:
                if k > 0 or index == first:  # repeated at each paragraph: it opens nothing more
                    depth += 1
            elif char in _CLOSERS[opener]:
                depth -= 1
                if depth <= 0:
                    return index, k + 1
        if _CLOSED_AT_END.search(text) and index >= first:
            candidate = (index, len(text))
            if same and depth % 2 == 0:
                return candidate
        seen += len(text)
        if seen > _LIMIT:
            return candidate or (first, len(segments[first].text))
    return candidate or (len(segments) - 1, len(segments[-1].text))


def mark_quoted(segments: Sequence[Segment]) -> list[bool]:
    """For each segment, whether it begins inside (or with) words quoted for another act."""
    quoted = [False] * len(segments)
    index, at = 0, 0
    last: str | None = None
    before = ""
    while index < len(segments):
        text = segments[index].text
        if at == 0 and _OPENS.match(text) is None:
            label = schemes.article_label(text)
            if label is not None and label.sure:
                last = label.key
        opened = -1
        for k in (match.start() for match in _OPENS.finditer(text, at)):
            head = (before + " " + text[:k])[-300:] if k < 300 else text[k - 300 : k]
            if phrases.introduces_quotation(head.rstrip(" –—-")) and (
                k == 0 or text[k - 1] in " :(’'\n" or text[k] in "«„"
            ):
                opened = k
                break
        if opened < 0:
            before, index, at = text, index + 1, 0
            continue
        end, after = _find_close(segments, index, opened, text[opened], last)
        for inside in range(index, end + 1):
            if inside > index or opened == 0:
                quoted[inside] = True
        before = segments[end].text[:after]
        if after >= len(segments[end].text.rstrip()):
            before = segments[end].text
            index, at = end + 1, 0
        else:
            index, at = end, after
    return quoted
