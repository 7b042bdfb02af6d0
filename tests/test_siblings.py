"""The same provision in other languages gets the same theme, and passages that only share words with it get none.

`python tests/test_siblings.py` prints the figures and every miss.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from policy_scan.classifier.model import load_classifier
from policy_scan.classifier.passages import Passage
from policy_scan.codebook import Codebook, load_codebook
from policy_scan.config import load_config
from policy_scan.records import DOC_TYPES, FORCES, LANGUAGES

DATA = Path(__file__).parent / "data" / "siblings.yaml"

# A usable product would reach 0.80, 0.70 in each language, 0.80 and 0.85. The shipped model reaches 0.95, 0.89 in
# Luxembourgish (of which the gold holds no passage) and 0.91 or more in the others, 0.87 and 0.86.
POSITIVES = 0.90
POSITIVES_OF_ONE_LANGUAGE = 0.80
SAME_CORE_THEME = 0.82
NEGATIVES = 0.85


@dataclass(frozen=True, slots=True)
class Sibling:
    """One passage of an item; `themes` are what a coder says, core first, () for a negative."""

    item: str
    kind: str
    themes: tuple[str, ...]
    force: str
    passage: Passage

    @property
    def language(self) -> str:
        return self.passage.language


@dataclass(frozen=True, slots=True)
class Answer:
    """What the classifier says of one passage: assigned themes, likeliest first, and the likeliest unassigned one."""

    sibling: Sibling
    assigned: tuple[str, ...]
    runner_up: str
    force: str

    @property
    def right(self) -> bool:
        """A positive with its core theme among the assigned ones; a negative with none."""
        core = self.sibling.themes[:1]
        return core[0] in self.assigned if core else not self.assigned

    def __str__(self) -> str:
        one = self.sibling
        return (
            f"{one.themes[0] if one.themes else one.kind} | {one.item} | {one.language} | "
            f"assigned: {' '.join(self.assigned) or '-'} | next: {self.runner_up}"
        )


@cache
def codebook() -> Codebook:
    return load_codebook(load_config().codebook)


@cache
def siblings() -> tuple[Sibling, ...]:
    content = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    acts = content["acts"]
    return tuple(
        Sibling(
            item=item["id"],
            kind=item.get("kind", ""),
            themes=tuple(item.get("themes", ())),
            force=item.get("force", ""),
            passage=Passage(
                text=text,
                language=language,
                doc_type=acts[item["act"]]["doc_type"],
                title=acts[item["act"]]["title"][language],
            ),
        )
        for item in content["positives"] + content["negatives"]
        for language, text in item["passages"].items()
    )


@cache
def answers() -> tuple[Answer, ...]:
    config = load_config()
    classifier = load_classifier(config.codings.setting, codebook(), config.lexicon)
    coded = classifier.classify([one.passage for one in siblings()])
    found = []
    for one, codes in zip(siblings(), coded, strict=True):
        ranked = sorted(codes.scores, key=lambda score: score.rank)
        assigned = tuple(score.theme for score in ranked if score.assigned)
        runner_up = next((f"{s.theme} {s.probability:.2f} of {s.threshold:.2f}" for s in ranked if not s.assigned), "-")
        found.append(Answer(one, assigned, runner_up, codes.force))
    return tuple(found)


def positives(language: str = "") -> list[Answer]:
    return [a for a in answers() if a.sibling.themes and language in ("", a.sibling.language)]


def negatives() -> list[Answer]:
    return [a for a in answers() if not a.sibling.themes]


def share(right: Iterable[bool]) -> float:
    verdicts = list(right)
    return sum(verdicts) / len(verdicts)


def misses(some: Iterable[Answer]) -> str:
    return "\n".join(sorted(str(answer) for answer in some if not answer.right))


def pairs() -> list[tuple[Answer, Answer]]:
    """Every two passages of one positive item."""
    items: dict[str, list[Answer]] = {}
    for answer in positives():
        items.setdefault(answer.sibling.item, []).append(answer)
    return [pair for versions in items.values() for pair in combinations(versions, 2)]


def same_core(pair: tuple[Answer, Answer]) -> bool:
    """Both have a theme, and the likeliest one is the same."""
    return bool(pair[0].assigned) and pair[0].assigned[:1] == pair[1].assigned[:1]


def items_of(some: Iterable[Sibling]) -> dict[str, Sibling]:
    return {one.item: one for one in some}


def test_items_cover_every_theme_and_kind() -> None:
    coded = items_of(one for one in siblings() if one.themes)
    uncoded = items_of(one for one in siblings() if not one.themes)
    assert len(coded) >= 64
    assert len(uncoded) >= 64
    assert not set(coded) & set(uncoded)
    cores = Counter(one.themes[0] for one in coded.values())
    assert {theme: cores[theme] for theme in codebook().themes if cores[theme] < 4} == {}
    assert {theme for one in coded.values() for theme in one.themes} <= set(codebook().themes)
    assert {one.force for one in coded.values()} <= set(FORCES)
    assert {one.passage.doc_type for one in siblings()} <= set(DOC_TYPES)
    assert all(one.kind and not one.force for one in uncoded.values())


def test_items_have_siblings_in_all_seven_languages() -> None:
    versions = Counter((one.item, bool(one.themes)) for one in siblings())
    assert [item for (item, coded), n in versions.items() if n < (3 if coded else 2)] == []
    for coded, least in ((True, 25), (False, 20)):
        by_language = Counter(one.language for one in siblings() if bool(one.themes) is coded)
        assert set(by_language) == set(LANGUAGES)
        assert min(by_language.values()) >= least, by_language


def test_no_passage_stands_twice() -> None:
    folded = Counter(re.sub(r"\W+", " ", one.passage.text.lower()) for one in siblings())
    assert [text for text, n in folded.items() if n > 1] == []
    ids = re.findall(r"^  - id: (\S+)", DATA.read_text(encoding="utf-8"), re.MULTILINE)
    assert [one for one, n in Counter(ids).items() if n > 1] == []


def test_positives_get_their_core_theme() -> None:
    assert share(a.right for a in positives()) >= POSITIVES, misses(positives())


@pytest.mark.parametrize("language", LANGUAGES)
def test_positives_get_their_core_theme_in_each_language(language: str) -> None:
    some = positives(language)
    assert share(a.right for a in some) >= POSITIVES_OF_ONE_LANGUAGE, misses(some)


def test_siblings_get_the_same_core_theme() -> None:
    differing = sorted(
        " | ".join([a.sibling.item, *(f"{one.sibling.language} {' '.join(one.assigned) or '-'}" for one in (a, b))])
        for a, b in pairs()
        if not same_core((a, b))
    )
    assert share(same_core(pair) for pair in pairs()) >= SAME_CORE_THEME, "\n".join(differing)


def test_negatives_get_no_theme() -> None:
    assert share(a.right for a in negatives()) >= NEGATIVES, misses(negatives())


def report() -> str:
    """The figures by language, theme and kind of negative, then every miss."""
    lines = [
        f"positives {share(a.right for a in positives()):.3f} of {len(positives())} (floor {POSITIVES})",
        f"same core theme {share(map(same_core, pairs())):.3f} of {len(pairs())} pairs (floor {SAME_CORE_THEME})",
        f"negatives {share(a.right for a in negatives()):.3f} of {len(negatives())} (floor {NEGATIVES})",
        f"any theme on positives {share(bool(a.assigned) for a in positives()):.3f}",
        f"force on positives {share(a.force == a.sibling.force for a in positives()):.3f}",
    ]
    for language in LANGUAGES:
        empty = [a for a in negatives() if a.sibling.language == language]
        lines.append(
            f"{language}: positives {share(a.right for a in positives(language)):.2f}, "
            f"negatives {share(a.right for a in empty):.2f}"
        )
    for theme in codebook().themes:
        own = [a for a in positives() if a.sibling.themes[0] == theme]
        lines.append(f"{theme}: {share(a.right for a in own):.2f} of {len(own)}")
    for kind in sorted({a.sibling.kind for a in negatives()}):
        own = [a for a in negatives() if a.sibling.kind == kind]
        lines.append(f"no theme, {kind}: {share(a.right for a in own):.2f} of {len(own)}")
    return "\n".join([*lines, "", misses(positives()), "", misses(negatives())])


if __name__ == "__main__":
    print(report())
