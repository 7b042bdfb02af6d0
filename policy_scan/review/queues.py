"""Queues: which provision a reviewer is shown next, and why.

Every queue is a list in a fixed order, made from what the machine proposed and from the reviewer's own decisions alone
(the disagreements, which adjudicators see, excepted), so that its order tells nothing of what others decided. What is
already decided or skipped is left out. Orders are computed once per project; a queue is one pass over them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
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
    grouped: Mapping[QueueName, tuple[QueueItem, ...]]
    """What the machine assigned, in reading order within each country, theme, language or document."""
    whole: Mapping[str, QueueItem]
    """Every provision, in the order of documents and provisions."""
    random: tuple[QueueItem, ...]
    uncoded: tuple[QueueItem, ...]
    behind: tuple[QueueItem, ...]
    """All evidence of the cells and all that is to check, whatever decides them."""
    columns: Mapping[str, frozenset[str]]
    """doc_id -> the columns that the document enters."""


@lru_cache(maxsize=4)
def _orders(project: Project, seed: int) -> _Orders:
    in_order = _in_reading_order(project)
    reading = [
        QueueItem(one, theme, project.codings[one][theme].probability, "proposed")
        for one in in_order
        for theme in project.assigned[one]
    ]
    columns = {
        doc_id: frozenset(column for column in project.run.all_columns if belongs(one.jurisdictions, column))
        for doc_id, one in project.documents.items()
    }
    return _Orders(
        uncertain=_uncertain(project),
        grouped=_grouped(project, reading, columns),
        whole={one: QueueItem(one, "", 1.0, "given") for one in in_order},
        random=_sampled(project, sample_coded(project, seed), "sample"),
        uncoded=_sampled(project, sample_uncoded(project, seed), "uncoded_sample"),
        behind=_behind(project),
        columns=columns,
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


def _shuffled(identifiers: Iterable[str], name: str, seed: int) -> tuple[str, ...]:
    """A fixed random order: each by the hash of its name, so that what comes and goes with a re-run leaves the order
    of the others as it was."""
    return tuple(one for _, one in sorted((make_key(name, seed, one), one) for one in identifiers))


def sample_coded(project: Project, seed: int = SEED) -> tuple[str, ...]:
    """All provisions with a theme in random order. Each beginning of the list is a simple random sample of them, and
    holds every coding with the same chance, since a provision comes with all its themes."""
    return _shuffled((one for one, themes in project.assigned.items() if themes), "random", seed)


def sample_uncoded(project: Project, seed: int = SEED) -> tuple[str, ...]:
    """All provisions without a theme in random order, likewise."""
    return _shuffled((one for one, themes in project.assigned.items() if not themes), "uncoded", seed)


def _sampled(project: Project, identifiers: Sequence[str], why: Why) -> tuple[QueueItem, ...]:
    n = len(identifiers)
    return tuple(
        QueueItem(one, theme, 1 - at / n, why)
        for at, one in enumerate(identifiers)
        for theme in project.assigned[one] or ("",)
    )


@dataclass(frozen=True, slots=True)
class _Own:
    """What one reviewer has said."""

    pairs: Mapping[tuple[str, str], str]
    """(provision_id, theme) -> yes, no or skip."""
    whole: Mapping[str, str]
    """provision_id -> no (nothing fits) or skip."""
    touched: frozenset[str]
    """Provisions with a word on one of their themes."""

    def is_decided(self, item: QueueItem, assigned: Collection[str]) -> bool:
        """Whether the reviewer is done with an item. What the machine didn't assign, or no theme at all, is done when
        something was said of the provision and nothing that was assigned (`assigned`) is left."""
        if item.provision_id in self.whole:
            return True
        if item.provision_id not in self.touched:
            return False
        if (item.provision_id, item.theme) in self.pairs or item.theme in assigned:
            return (item.provision_id, item.theme) in self.pairs
        return all((item.provision_id, one) in self.pairs for one in assigned)

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


def _behind(project: Project) -> tuple[QueueItem, ...]:
    """All evidence of the cells, then all that is too weak for them, the most doubtful first."""
    ranked: dict[tuple[str, str], tuple[int, float, int]] = {}
    for cell in project.cells:
        for level, identifiers in ((0, cell.evidence), (1, cell.to_check)):
            for at, identifier in enumerate(identifiers):
                pair = (identifier, cell.theme)
                found = (level, project.codings[identifier][cell.theme].probability, at)
                ranked[pair] = min(found, ranked.get(pair, found))
    ordered = sorted((found, pair) for pair, found in ranked.items())
    whys: tuple[Why, Why] = ("supports", "to_check")
    n = len(ordered)
    return tuple(QueueItem(*pair, (n - at) / (2 * n), whys[level]) for at, ((level, _, _), pair) in enumerate(ordered))


def _decisive(project: Project, own: _Own) -> list[QueueItem]:
    """What decides the cells: the best evidence of each, that which decides its cell alone (no other gives the same
    status) before the others; then the best of what could decide a cell without evidence. The most doubtful first.

    What the reviewer rejected no longer counts, so that the next evidence moves up.
    """
    found: dict[tuple[str, str], tuple[int, float, Why]] = {}
    for cell in project.cells:
        best = list(islice((one for one in cell.evidence if not own.rejects(one, cell.theme)), 2))
        weak = () if best else islice((one for one in cell.to_check if not own.rejects(one, cell.theme)), 1)
        for identifier in best[:1] or weak:
            level: int
            why: Why
            if not best:
                level, why = 2, "could_decide"
            elif len(best) == 1 or _status(project, best[0], cell.theme) != _status(project, best[1], cell.theme):
                level, why = 0, "decides_alone"
            else:
                level, why = 1, "decides"
            item = (level, project.codings[identifier][cell.theme].probability, why)
            pair = (identifier, cell.theme)
            found[pair] = min(item, found.get(pair, item))
    ordered = sorted((item, pair) for pair, item in found.items())
    n = len(ordered)
    return [QueueItem(*pair, 1 - at / (2 * n), why) for at, ((_, _, why), pair) in enumerate(ordered)]


def _status(project: Project, identifier: str, theme: str) -> str:
    provision = project.provisions[identifier]
    document = project.documents[provision.doc_id]
    return status_of(document, provision, project.codings[identifier][theme].force)


def _grouped(
    project: Project, reading: Sequence[QueueItem], columns: Mapping[str, frozenset[str]]
) -> dict[QueueName, tuple[QueueItem, ...]]:
    """What the machine assigned, in reading order within each country, theme, language or document."""
    themes = {theme: at for at, theme in enumerate(project.run.themes)}
    countries = {code: at for at, code in enumerate(project.run.all_columns)}
    first = {
        doc_id: min((countries[code] for code in codes), default=len(countries)) for doc_id, codes in columns.items()
    }
    return {
        "document": tuple(reading),
        "theme": tuple(sorted(reading, key=lambda one: themes.get(one.theme, len(themes)))),
        "language": tuple(sorted(reading, key=lambda one: project.provisions[one.provision_id].language)),
        "country": tuple(sorted(reading, key=lambda one: first[project.provisions[one.provision_id].doc_id])),
    }


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


def walk_queue(
    project: Project,
    name: QueueName,
    reviewer: str,
    live: Sequence[Decision],
    *,
    filters: Filters = NO_FILTERS,
    assignments: Mapping[str, Collection[str]] | None = None,
    seed: int = SEED,
    keep: str = "",
) -> Iterator[QueueItem]:
    """A reviewer's queue in order, without what the reviewer decided or skipped; taking its beginning costs little.

    `live`: live decisions on this run (Project.current); only those of `reviewer` are looked at, except for
    'disagreements'. `keep`: a provision that stays though decided, so that its place is known. A provision comes once,
    by its first undecided theme, except among the disagreements.
    """
    orders = _orders(project, seed)
    own = _own(live, reviewer)
    is_narrowed = filters != NO_FILTERS
    may_repeat = name == "disagreements"
    looks_at_all = name in ("skipped", "disagreements")
    seen: set[str] = set()
    for item in _items(project, orders, name, reviewer, live, own, assignments or {}):
        identifier = item.provision_id
        if identifier in seen or (is_narrowed and not _passes(project, orders, item, filters)):
            continue
        if not looks_at_all and identifier != keep and own.is_decided(item, project.assigned[identifier]):
            continue
        if not may_repeat:
            seen.add(identifier)
        yield item


def _items(
    project: Project,
    orders: _Orders,
    name: QueueName,
    reviewer: str,
    live: Sequence[Decision],
    own: _Own,
    assignments: Mapping[str, Collection[str]],
) -> Iterable[QueueItem]:
    """All that a queue is made of, in order."""
    if name == "uncertain":
        return orders.uncertain
    if name == "cell":
        return chain(_decisive(project, own), orders.behind)
    if name == "random":
        return orders.random
    if name == "uncoded":
        return orders.uncoded
    if name == "assigned":
        return _given(project, orders, assignments, reviewer)
    if name == "skipped":
        return _skipped(orders, own)
    if name == "disagreements":
        return _to_settle(project, live, reviewer)
    return orders.grouped[name]


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
    """The whole queue that `walk_queue` walks."""
    return list(
        walk_queue(
            project, name, reviewer, live, filters=filters, assignments=assignments, seed=seed, keep=keep
        )
    )  # fmt: skip


def next_item(queue: Iterable[QueueItem], after: str = "") -> QueueItem | None:
    """The item that follows the provision `after` (see `keep`); None at the end. Without `after`, or where it isn't in
    the queue, the first. `queue`: a list, or a walk, of which no more is taken than needed.
    """
    first: QueueItem | None = None
    is_past = not after
    for item in queue:
        if item.provision_id == after:
            is_past = True
        elif is_past:
            return item
        elif first is None:
            first = item
    return None if is_past else first


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
