"""Parallel versions: one act printed in two or three languages, its provisions matched by number.

Acts of different languages belong together when the gazette prints them under one publication number, else when
their dates, types and numbers of articles agree and they stand in the same order. Their provisions are matched by the
folded numbers of article and paragraph; what only one version has stays without a partner.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .keys import make_key


@dataclass(frozen=True, slots=True)
class Version:
    """One language's version of an act: its number in the document, and the keys of its articles in order."""

    act: int
    language: str
    number: str
    date: str
    act_type: str
    articles: tuple[str, ...]


def _alike(first: Version, second: Version) -> bool:
    if first.language == second.language:
        return False
    if first.number and second.number:
        return first.number == second.number
    if first.date and second.date and first.date != second.date:
        return False
    if not first.articles or not second.articles:
        return bool(first.date and first.date == second.date and first.act_type == second.act_type)
    ours, theirs = set(first.articles), set(second.articles)
    return 2 * len(ours & theirs) >= max(len(ours), len(theirs))


def group_versions(versions: Sequence[Version]) -> dict[int, int]:
    """Act -> the first act of its group, for acts that have a version in another language."""
    groups: list[list[Version]] = []
    for version in versions:
        for group in groups:
            if all(version.language != other.language for other in group) and _alike(version, group[0]):
                group.append(version)
                break
        else:
            groups.append([version])
    return {version.act: group[0].act for group in groups if len(group) > 1 for version in group}


def align(doc_id: str, groups: Mapping[int, int], members: Sequence[tuple[int, tuple[str, ...]]]) -> list[str]:
    """parallel_id of each provision, '' where it has no partner. `members`: (act, keys of its labels, () for none).

    A key that comes twice in one version is ambiguous and pairs with nothing.
    """
    counts = Counter(members)
    holders: dict[tuple[int, tuple[str, ...]], set[int]] = defaultdict(set)
    for act, keys in members:
        if keys and act in groups and counts[act, keys] == 1:
            holders[groups[act], keys].add(act)
    return [
        make_key(doc_id, "parallel", groups[act], list(keys))
        if keys and act in groups and len(holders.get((groups[act], keys), ())) > 1 and counts[act, keys] == 1
        else ""
        for act, keys in members
    ]
