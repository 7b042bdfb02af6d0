"""Queues: which provision a reviewer is shown next, and why.

Every queue is a list in a fixed order, made from what the machine proposed and from the reviewer's own decisions alone
(the disagreements, which adjudicators see, excepted), so that its order tells nothing of what others decided. What is
already decided or skipped is left out. Orders are computed once per project; a queue is one pass over them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from ..keys import make_key
from ..records import Decision
from ..stages.cells import belongs, status_of
from ..translation import translations
from .judgements import disagreements
from .project import Project

QueueName = Literal[
    "uncertain", "cell", "country", "theme", "language", "document", "random", "uncoded", "assigned", "skipped",
    "disagreements",
]  # fmt: skip
QUEUES: tuple[QueueName, ...] = get_args(QueueName)
Why = Literal[
    "unsure", "assigned_doubtful", "decides_alone", "decides", "could_decide", "supports", "to_check", "proposed",
    "sample", "uncoded_sample", "given", "skipped", "verdicts_differ", "forces_differ",
]  # fmt: skip
SEED = 20261125
"""Of the random samples: the same seed, the same sample."""


@dataclass(frozen=True, slots=True)
class QueueItem:
    provision_id: str
    theme: str
    """The theme that brought it here; '' where it is about the provision as a whole."""
    score: float
    """From 1 (first) down; comparable within one queue only."""
    why: Why


@dataclass(frozen=True, slots=True)
class Filters:
    """What a queue is narrowed to; '' = no narrowing. They work on every queue."""

    country: str = ""
    """A column's code: BE takes in BE-VLG."""
    theme: str = ""
    language: str = ""
    """Of the provision."""
    document: str = ""
    """doc_id."""


NO_FILTERS = Filters()


@dataclass(frozen=True, slots=True)
class _Orders:
    """Items of the queues that depend on the project alone, best first."""

    uncertain: tuple[QueueItem, ...]
    reading: tuple[QueueItem, ...]
    """What the machine assigned, in the order of documents and provisions."""
    whole: Mapping[str, QueueItem]
    """Every provision, in the same order."""
    random: tuple[QueueItem, ...]
    uncoded: tuple[QueueItem, ...]
    columns: Mapping[str, frozenset[str]]
    """doc_id -> the columns that the document enters."""


@lru_cache(maxsize=4)
def _orders(project: Project, seed: int) -> _Orders:
    return _Orders(
        uncertain=_uncertain(project),
        reading=tuple(
            QueueItem(one, theme, project.codings[one][theme].probability, "proposed")
            for one in _in_reading_order(project)
            for theme in project.assigned[one]
        ),
        whole={one: QueueItem(one, "", 1.0, "given") for one in _in_reading_order(project)},
        random=sample_codings(project, seed),
        uncoded=sample_uncoded(project, seed),
        columns={
            doc_id: frozenset(column for column in project.run.all_columns if belongs(one.jurisdictions, column))
            for doc_id, one in project.documents.items()
        },
    )


def _in_reading_order(project: Project) -> list[str]:
    documents = sorted(
        project.order, key=lambda one: (project.documents[one].jurisdiction, project.documents[one].path)
    )
    return [identifier for doc_id in documents for identifier in project.order[doc_id]]


def thresholds(project: Project) -> dict[str, float]:
    """theme -> the probability from which the machine assigned it, midway between the last it assigned and the first
    that it didn't; told from the codings, so that it is the run's own."""
    lowest: dict[str, float] = {}
    highest: dict[str, float] = {}
    for coding in project.run.codings:
        if coding.assigned:
            lowest[coding.theme] = min(coding.probability, lowest.get(coding.theme, 1.0))
        else:
            highest[coding.theme] = max(coding.probability, highest.get(coding.theme, 0.0))
    themes = lowest.keys() | highest.keys()
    return {one: (lowest.get(one, 1.0) + highest.get(one, lowest.get(one, 1.0))) / 2 for one in themes}


def _uncertain(project: Project) -> tuple[QueueItem, ...]:
    """Codings in the unsure band, on either side of their threshold, nearest first; then the other assigned ones.

    Uncertainty sampling (Lewis and Gale 1994, A sequential algorithm for training text classifiers): where the machine
    hesitates, a decision teaches it and helps the table most.
    """
    levels = thresholds(project)
    found = []
    for coding in project.run.codings:
        if coding.provision_id in project.provisions and (coding.unsure or coding.assigned):
            distance = abs(coding.probability - levels[coding.theme])
            why: Why = "unsure" if coding.unsure else "assigned_doubtful"
            found.append(((not coding.unsure, distance, coding.provision_id, coding.theme), 1 - distance, why))
    found.sort(key=lambda one: one[0])
    return tuple(QueueItem(key[2], key[3], round(score, 6), why) for key, score, why in found)


def _shuffled(items: Iterable[tuple[str, str]], name: str, seed: int) -> list[tuple[str, str]]:
    """A fixed random order: each item by the hash of its name, so that what comes and goes with a re-run leaves the
    order of the others as it was, and each beginning of the list is a simple random sample of it."""
    return [item for _, item in sorted((make_key(name, seed, *item), item) for item in items)]


def _falling(items: Sequence[tuple[str, str]], why: Why) -> tuple[QueueItem, ...]:
    return tuple(QueueItem(one, theme, 1 - at / len(items), why) for at, (one, theme) in enumerate(items))


def sample_codings(project: Project, seed: int = SEED) -> tuple[QueueItem, ...]:
    """All assigned codings in random order: each beginning of the list is a simple random sample, for precision."""
    pairs = [(one, theme) for one, themes in project.assigned.items() for theme in themes]
    return _falling(_shuffled(pairs, "random", seed), "sample")


def sample_uncoded(project: Project, seed: int = SEED) -> tuple[QueueItem, ...]:
    """All provisions without a theme in random order: each beginning is a simple random sample, for recall."""
    pairs = [(one, "") for one, themes in project.assigned.items() if not themes]
    return _falling(_shuffled(pairs, "uncoded", seed), "uncoded_sample")


@dataclass(frozen=True, slots=True)
class _Own:
    """What one reviewer has said."""

    pairs: Mapping[tuple[str, str], str]
    """(provision_id, theme) -> yes, no or skip."""
    whole: Mapping[str, str]
    """provision_id -> no (nothing fits) or skip."""
    touched: frozenset[str]
    """Provisions with a word on one of their themes."""

    def is_decided(self, item: QueueItem) -> bool:
        if item.provision_id in self.whole or (item.provision_id, item.theme) in self.pairs:
            return True
        return not item.theme and item.provision_id in self.touched

    def rejects(self, provision_id: str, theme: str) -> bool:
        said = self.pairs.get((provision_id, theme))
        return said == "no" or (said is None and self.whole.get(provision_id) == "no")


def _own(live: Iterable[Decision], reviewer: str) -> _Own:
    pairs: dict[tuple[str, str], str] = {}
    whole: dict[str, str] = {}
    for one in live:
        if one.reviewer != reviewer or not one.provision_id or one.verdict == "withdrawn":
            continue
        if one.theme:
            pairs[one.provision_id, one.theme] = one.verdict
        elif one.verdict != "yes":  # a note or a translation alone decides nothing
            whole[one.provision_id] = one.verdict
    return _Own(pairs, whole, frozenset(identifier for identifier, _ in pairs))


def _by_cell(project: Project, own: _Own) -> list[QueueItem]:
    """What decides a cell first. The best evidence decides a status, and decides it alone where no other gives the
    same; next what could decide a cell that has no evidence, then the rest. The most doubtful first in each.

    What the reviewer rejected no longer counts, so that the next evidence moves up.
    """
    ranked: dict[tuple[str, str], tuple[int, float, int, Why]] = {}

    def note(identifier: str, theme: str, level: int, at: int, why: Why) -> None:
        found = (level, project.codings[identifier][theme].probability, at, why)
        if (identifier, theme) not in ranked or found[:3] < ranked[identifier, theme][:3]:
            ranked[identifier, theme] = found

    for cell in project.cells:
        evidence = [one for one in cell.evidence if not own.rejects(one, cell.theme)]
        for at, identifier in enumerate(evidence):
            if at:
                note(identifier, cell.theme, 3, at, "supports")
            else:
                alone = len(evidence) == 1 or _status(project, identifier, cell.theme) != _status(
                    project, evidence[1], cell.theme
                )
                note(identifier, cell.theme, 0 if alone else 1, 0, "decides_alone" if alone else "decides")
        for at, identifier in enumerate(cell.to_check):
            if at == 0 and not evidence:
                note(identifier, cell.theme, 2, 0, "could_decide")
            else:
                note(identifier, cell.theme, 4, at, "to_check")
    ordered = sorted((*found[:3], pair, found[3]) for pair, found in ranked.items())
    n = len(ordered)
    return [QueueItem(*pair, 1 - at / n, why) for at, (*_, pair, why) in enumerate(ordered)]


def _status(project: Project, identifier: str, theme: str) -> str:
    provision = project.provisions[identifier]
    document = project.documents[provision.doc_id]
    return status_of(document, provision, project.codings[identifier][theme].force)


def _grouped(project: Project, orders: _Orders, name: QueueName) -> list[QueueItem]:
    """What the machine assigned, in reading order within each country, theme, language or document."""
    if name == "theme":
        place = {theme: at for at, theme in enumerate(project.run.themes)}
        return sorted(orders.reading, key=lambda one: place.get(one.theme, len(place)))
    if name == "language":
        return sorted(orders.reading, key=lambda one: project.provisions[one.provision_id].language)
    if name == "country":
        place = {column: at for at, column in enumerate(project.run.all_columns)}

        def column(one: QueueItem) -> int:
            columns = orders.columns[project.provisions[one.provision_id].doc_id]
            return min((place[code] for code in columns), default=len(place))

        return sorted(orders.reading, key=column)
    return list(orders.reading)


def _given(
    project: Project, orders: _Orders, assignments: Mapping[str, Collection[str]], reviewer: str
) -> list[QueueItem]:
    """A reviewer's assignments: the themes proposed of each provision, or the provision where none is."""
    found = []
    for identifier, whole in orders.whole.items():
        if reviewer in assignments.get(identifier, ()):
            themes = project.assigned[identifier]
            found += [QueueItem(identifier, theme, 1.0, "given") for theme in themes] or [whole]
    return found


def _skipped(orders: _Orders, own: _Own) -> list[QueueItem]:
    pairs = {pair for pair, verdict in own.pairs.items() if verdict == "skip"}
    pairs |= {(identifier, "") for identifier, verdict in own.whole.items() if verdict == "skip"}
    place = {identifier: at for at, identifier in enumerate(orders.whole)}
    ordered = sorted((pair for pair in pairs if pair[0] in place), key=lambda one: (place[one[0]], one[1]))
    return [QueueItem(*pair, 1.0, "skipped") for pair in ordered]


def _to_settle(project: Project, live: Sequence[Decision], reviewer: str) -> list[QueueItem]:
    """Where coders differ and nobody has adjudicated. One's own disagreements are left to others."""
    return [
        QueueItem(
            one.provision_id,
            one.theme,
            1.0 if one.kind == "verdict" else 0.5,
            "verdicts_differ" if one.kind == "verdict" else "forces_differ",
        )
        for one in disagreements(live, project)
        if reviewer not in one.said
    ]


def _passes(project: Project, orders: _Orders, item: QueueItem, filters: Filters) -> bool:
    provision = project.provisions[item.provision_id]
    return (
        (not filters.document or provision.doc_id == filters.document)
        and (not filters.language or provision.language == filters.language)
        and (not filters.country or filters.country in orders.columns[provision.doc_id])
        and (not filters.theme or not item.theme or item.theme == filters.theme)
    )


def build_queue(
    project: Project,
    name: QueueName,
    reviewer: str,
    live: Sequence[Decision],
    *,
    filters: Filters = NO_FILTERS,
    assignments: Mapping[str, Collection[str]] | None = None,
    seed: int = SEED,
    keep: str = "",
) -> list[QueueItem]:
    """A reviewer's queue in order, without what the reviewer decided or skipped.

    `live`: live decisions on this run (Project.current); only those of `reviewer` are looked at, except for
    'disagreements'. `keep`: a provision that stays though decided, so that its place is known. A provision comes once,
    by its first theme, except in 'random', a sample of codings, and among the disagreements.
    """
    orders = _orders(project, seed)
    own = _own(live, reviewer)
    items: Iterable[QueueItem]
    if name == "disagreements":
        items = _to_settle(project, live, reviewer)
    elif name == "skipped":
        items = _skipped(orders, own)
    else:
        if name == "uncertain":
            items = orders.uncertain
        elif name == "cell":
            items = _by_cell(project, own)
        elif name == "random":
            items = orders.random
        elif name == "uncoded":
            items = orders.uncoded
        elif name == "assigned":
            items = _given(project, orders, assignments or {}, reviewer)
        else:
            items = _grouped(project, orders, name)
        items = [one for one in items if one.provision_id == keep or not own.is_decided(one)]
    if filters != NO_FILTERS:
        items = [one for one in items if _passes(project, orders, one, filters)]
    if name in ("random", "disagreements"):
        return list(items)
    first: dict[str, QueueItem] = {}
    for one in items:
        first.setdefault(one.provision_id, one)
    return list(first.values())


def next_item(queue: Sequence[QueueItem], after: str = "") -> QueueItem | None:
    """The item that follows the provision `after` (see `keep`), the first where it isn't in the queue; None at the end.

    The second item of one provision in a sample follows its first.
    """
    last = max((at for at, one in enumerate(queue) if one.provision_id == after), default=-1)
    return queue[last + 1] if last + 1 < len(queue) else None


def queue_words(name: QueueName, language: str) -> tuple[str, str]:
    """A queue's name, and what it is for."""
    t = translations(language)
    return {
        "uncertain": (t.gettext("Most uncertain"), t.gettext("Where the machine hesitates most comes first.")),
        "cell": (t.gettext("Decides a cell"), t.gettext("The evidence that a cell's status rests on comes first.")),
        "country": (t.gettext("By country"), t.gettext("All that was proposed, country by country.")),
        "theme": (t.gettext("By theme"), t.gettext("All that was proposed, theme by theme.")),
        "language": (t.gettext("By language"), t.gettext("All that was proposed, language by language.")),
        "document": (t.gettext("By document"), t.gettext("All that was proposed, in the order of the documents.")),
        "random": (
            t.gettext("Random sample"),
            t.gettext("Proposed themes in random order, to measure how many are right."),
        ),
        "uncoded": (
            t.gettext("Provisions without a theme"),
            t.gettext("In random order, to measure what the machine overlooked."),
        ),
        "assigned": (t.gettext("Given to me"), t.gettext("What an administrator asked you to decide.")),
        "skipped": (t.gettext("Skipped"), t.gettext("What you left for later.")),
        "disagreements": (t.gettext("Disagreements"), t.gettext("Where coders differ and nobody has settled it.")),
    }[name]


def why_words(why: Why, language: str) -> str:
    """Why an item stands where it does, in a few words."""
    t = translations(language)
    return {
        "unsure": t.gettext("the machine is unsure"),
        "assigned_doubtful": t.gettext("proposed by the machine"),
        "decides_alone": t.gettext("decides its cell alone"),
        "decides": t.gettext("decides its cell"),
        "could_decide": t.gettext("could decide a cell that has no evidence yet"),
        "supports": t.gettext("supports its cell"),
        "to_check": t.gettext("too weak for its cell unless accepted"),
        "proposed": t.gettext("proposed by the machine"),
        "sample": t.gettext("drawn at random"),
        "uncoded_sample": t.gettext("drawn at random from what has no theme"),
        "given": t.gettext("given to you"),
        "skipped": t.gettext("skipped before"),
        "verdicts_differ": t.gettext("coders differ about the theme"),
        "forces_differ": t.gettext("coders differ about the force"),
    }[why]
