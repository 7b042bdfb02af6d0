"""Language tracks: the versions of an act that stand beside or behind each other, each to be read by itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from .. import acts, schemes
from .segments import Segment

_TRACKED = ("fr", "nl", "de")
"""Languages in which Belgium and Luxembourg print versions of one act beside or behind each other."""
_ISLAND = 500
"""A foreign segment shorter than this many characters inside a column stays with its column."""


def split_tracks(segments: Sequence[Segment]) -> list[list[Segment]]:
    """The segments by language where two or more of fr, nl and de each have articles of their own; else all as one.

    A short segment takes the language of its neighbours in the same column, and an island of another language in a
    column stays with it.
    """
    letters: Counter[str] = Counter()
    articles: Counter[str] = Counter()
    for segment in segments:
        letters[segment.language] += len(segment.text)
        label = schemes.article_label(segment.text)
        if label is not None and label.sure and len(segment.text) > 60:
            articles[segment.language] += 1
    total = sum(letters.values())
    tracked = [code for code in _TRACKED if articles[code] > 1 or (articles[code] and letters[code] * 20 >= total)]
    if len(tracked) < 2:
        return [list(segments)]
    told = [_told(segment, tracked) for segment in segments]
    columns: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, segment in enumerate(segments):
        columns[segment.page, segment.region].append(index)
    main = max(tracked, key=lambda code: letters[code])
    before = main
    ordered = [indices for _, indices in sorted(columns.items(), key=lambda item: item[1][0])]
    for number, indices in enumerate(ordered):
        sure = [index for index in indices if told[index]]
        if not sure:
            for index in indices:
                told[index] = before
            continue
        for position, index in enumerate(indices):
            if not told[index]:
                after = next((told[later] for later in indices[position:] if told[later]), "")
                ahead = next((told[earlier] for earlier in reversed(indices[:position]) if told[earlier]), "")
                heads = segments[index].heading or schemes.article_label(segments[index].text) is not None
                told[index] = (after or ahead) if heads else (ahead or after)
        later = ordered[number + 1] if number + 1 < len(ordered) else []
        after = next((told[index] for index in later if told[index]), "")
        _close_islands(segments, indices, told, before, after)
        before = told[indices[-1]]
    return [[p for p, code in zip(segments, told, strict=True) if code == track] for track in tracked]


def _told(segment: Segment, tracked: Sequence[str]) -> str:
    letters = sum(map(str.isalpha, segment.text))
    return segment.language if letters >= 30 and segment.language in tracked else ""


def _close_islands(
    segments: Sequence[Segment], indices: Sequence[int], told: list[str], ahead: str, behind: str
) -> None:
    """Gives the islands of a column its language; `ahead` and `behind`: those of the columns before and after it, for
    an island at its top or foot."""
    runs: list[list[int]] = []
    for index in indices:
        if runs and told[runs[-1][0]] == told[index]:
            runs[-1].append(index)
        else:
            runs.append([index])
    for number, run in enumerate(runs if len(runs) > 1 else []):
        before = told[runs[number - 1][0]] if number else ahead
        after = told[runs[number + 1][0]] if number + 1 < len(runs) else behind
        size = sum(len(segments[index].text) for index in run)
        label = schemes.article_label(segments[run[0]].text)
        if before == after and size < _ISLAND and label is None and acts.act_head(segments[run[0]].text) is None:
            for index in run:
                told[index] = before
