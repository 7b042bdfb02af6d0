"""Stage cells: what the corpus of one jurisdiction holds on one theme, with its best evidence first.

The rule (codebook, `status`): a duty, prohibition or right in a binding act is 'binding'; a permission or definition
there is 'enabled'; a commitment anywhere, or any force but statement and definition in a plan-like or proposed act,
is 'committed'; all else is 'described', and so is whatever a repealed act says. The strongest wins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from ..as_of import ProvisionDates, count_dates, documents_at, is_date_later, is_later
from ..citations import act_date, cite, describe_search
from ..codebook import Codebook
from ..config import Config, TableSection
from ..jurisdictions import NATIONAL, UNKNOWN, country_of
from ..records import BINDING_TYPES, NOT_BINDING, Cell, CellStatus, Coding, Document, Issue, Provision, ReviewState

COMMITTING_TYPES = frozenset({"strategy", "action_plan", "guideline", "circular"})
_STRENGTH: tuple[CellStatus, ...] = ("binding", "enabled", "committed", "described")
# Duties, prohibitions and rights weigh alike; a commitment or a permission says more to the reader than a definition.
_FORCE_TIER = {
    "prohibition": 0, "obligation": 0, "right": 0, "permission": 1, "commitment": 1, "definition": 2, "statement": 3,
}  # fmt: skip


def act_type(document: Document, provision: Provision) -> str:
    """The type that counts: the act's inside a gazette issue or where the document's own is unknown."""
    if document.doc_type in ("gazette", "other") and provision.act_type:
        return provision.act_type
    return document.doc_type


def is_binding(document: Document, provision: Provision) -> bool:
    """Whether the provision stands in a binding act; a quoted one counts as the act's that quotes it."""
    return act_type(document, provision) in BINDING_TYPES and document.legal_status not in NOT_BINDING


def status_of(document: Document, provision: Provision, force: str) -> CellStatus:
    """The status that one provision of this force gives to its cell."""
    if document.legal_status == "repealed":
        return "described"
    if force == "commitment":
        return "committed"
    if is_binding(document, provision):
        if force in ("obligation", "prohibition", "right"):
            return "binding"
        return "enabled" if force in ("permission", "definition") else "described"
    soft = act_type(document, provision) in COMMITTING_TYPES or document.legal_status in NOT_BINDING
    return "committed" if soft and force not in ("statement", "definition") else "described"


def belongs(jurisdictions: Iterable[str], column: str) -> bool:
    """Whether a document of these jurisdictions enters a column: BE-VLG enters BE, and a column BE-VLG of its own; a
    document of BE itself enters BE and BE-NAT.
    """
    country, _, part = column.partition("-")
    if part == NATIONAL:
        return country in jurisdictions
    return any(code == column or country_of(code) == column for code in jurisdictions)


def columns_of(documents: Sequence[Document], configured: Sequence[str], levels: Sequence[str] = ()) -> tuple[str, ...]:
    """The configured columns, then every other country (or EU) found in the corpus, in order of code.

    After a country of `levels` stand its national level and its parts, as far as the corpus has documents of them. A
    country of whose parts it has none keeps its one column.
    """
    codes = {code for document in documents for code in document.jurisdictions if code != UNKNOWN}
    columns: list[str] = []
    for column in (*configured, *sorted({country_of(code) for code in codes} - set(configured))):
        columns.append(column)
        parts = sorted(code for code in codes if country_of(code) == column and code != column)
        if column in levels and parts:
            columns += [f"{column}-{NATIONAL}"] if column in codes else []
            columns += parts
    return tuple(dict.fromkeys(columns))


_Order = tuple[int, int, int, float, bool, bool, tuple[int, ...], str, int, str]
"""Best first: status, force, core theme, probability, binding act, own (not quoted) text, newest, place."""


def _order(document: Document, provision: Provision, coding: Coding) -> _Order:
    newest = tuple(-int(part) for part in act_date(document, provision).split("-") if part.isdigit())
    return (
        _STRENGTH.index(status_of(document, provision, coding.force)),
        _FORCE_TIER.get(coding.force, 3),
        coding.rank,
        -coding.probability,
        not is_binding(document, provision),
        provision.quoted,
        newest or (0,),
        document.path,
        provision.ordinal,
        provision.provision_id,
    )


@dataclass(frozen=True, slots=True)
class _Finding:
    """One assigned coding: of its provision and document only what ranks it, for there may be hundreds of thousands."""

    order: _Order
    rule: str
    """Language versions of one rule share this."""
    provision_id: str
    doc_id: str
    supports: bool


@dataclass(slots=True)
class _Column:
    """What one jurisdiction's documents hold on a theme; `best` belongs to the first of those that support the cell."""

    findings: list[_Finding] = field(default_factory=list)
    n_rejected: int = 0
    best: tuple[_Order, Document, Provision, Coding] | None = None


@dataclass(frozen=True, slots=True)
class _Search:
    """What was searched in one jurisdiction."""

    n_documents: int
    n_provisions: int
    n_failed_documents: int
    n_failed_pages: int
    incomplete: bool


def _search(documents: Sequence[Document], n_provisions: Mapping[str, int], errors: frozenset[str]) -> _Search:
    included = [document for document in documents if document.status != "excluded"]
    readable = [document for document in included if document.status != "failed"]
    failed_pages = sum(document.n_pages_failed for document in included)
    return _Search(
        n_documents=len(readable),
        n_provisions=sum(n_provisions.get(document.doc_id, 0) for document in readable),
        n_failed_documents=len(included) - len(readable),
        n_failed_pages=failed_pages,
        incomplete=failed_pages > 0
        or any(document.status != "ok" or document.doc_id in errors for document in included),
    )


def _once(findings: Iterable[_Finding]) -> list[_Finding]:
    """Best first, each rule once: its best version stands for its language versions."""
    best: dict[str, _Finding] = {}
    for finding in sorted(findings, key=lambda item: item.order):
        best.setdefault(finding.rule, finding)
    return list(best.values())


def _review_state(
    theme: str,
    standing: Sequence[_Finding],
    decisions: Mapping[tuple[str, str], bool],
    n_rejected: int,
    in_dispute: bool,
) -> ReviewState:
    """How far reviewers went with what a cell stands on, or where it has nothing, with what is to check. What they
    rejected was reviewed too: a cell that they emptied isn't 'none'.
    """
    if in_dispute:
        return "disputed"
    decided = sum((finding.provision_id, theme) in decisions for finding in standing)
    if not decided + n_rejected:
        return "none"
    return "all" if decided == len(standing) else "part"


def _cell(
    theme: str,
    column: str,
    search: _Search,
    found: _Column,
    decisions: Mapping[tuple[str, str], bool],
    in_dispute: bool,
    table: TableSection,
) -> Cell:
    evidence = _once(finding for finding in found.findings if finding.supports)
    rules = {finding.rule for finding in evidence}
    to_check = _once(finding for finding in found.findings if finding.rule not in rules)
    status: CellStatus
    confidence: float | None = None
    if found.best:
        _, document, provision, coding = found.best
        status, confidence = status_of(document, provision, coding.force), coding.probability
        citation = cite(document, provision, table.language)
    else:
        status = "not_found" if search.n_documents else "not_searched"
        citation = describe_search(
            n_documents=search.n_documents,
            n_provisions=search.n_provisions,
            n_failed_documents=search.n_failed_documents,
            n_failed_pages=search.n_failed_pages,
            incomplete=search.incomplete,
            n_to_check=len(to_check),
            language=table.language,
            as_of=table.as_of,
        )
    return Cell(
        theme=theme,
        jurisdiction=column,
        status=status,
        n_provisions=len(evidence),
        n_documents=len({finding.doc_id for finding in evidence}),
        n_searched_documents=search.n_documents,
        n_searched_provisions=search.n_provisions,
        n_failed_documents=search.n_failed_documents,
        n_failed_pages=search.n_failed_pages,
        search_incomplete=search.incomplete,
        n_to_check=len(to_check),
        confidence=confidence,
        review_state=_review_state(theme, evidence or to_check, decisions, found.n_rejected, in_dispute),
        evidence=tuple(finding.provision_id for finding in evidence),
        citation=citation,
        to_check=tuple(finding.provision_id for finding in to_check),
        n_reviewed=sum((finding.provision_id, theme) in decisions for finding in evidence),
    )


Judged = tuple[Coding, Provision]
"""A coding and its provision; of the provision neither text nor spans nor boxes are looked at."""


def compile_cells(
    documents: Sequence[Document],
    provisions: Sequence[Provision],
    codings: Sequence[Coding],
    issues: Sequence[Issue],
    config: Config,
    codebook: Codebook,
    cell_thresholds: Mapping[str, float],
    decisions: Mapping[tuple[str, str], bool] | None = None,
    disputed: Set[tuple[str, str]] = frozenset(),
) -> list[Cell]:
    """`compile_by_theme` for a run whose provisions and codings are in memory. `disputed`: (provision_id, theme)."""
    by_id = {one.provision_id: one for one in provisions}
    by_theme: dict[str, list[Judged]] = {}
    for coding in codings:
        if coding.provision_id in by_id:
            by_theme.setdefault(coding.theme, []).append((coding, by_id[coding.provision_id]))
    contested = [(theme, by_id[identifier]) for identifier, theme in disputed if identifier in by_id]
    return compile_by_theme(
        documents, count_dates(by_id.values()), lambda theme: by_theme.get(theme, ()), issues, config, codebook,
        cell_thresholds, decisions, contested,
    )  # fmt: skip


def compile_by_theme(
    documents: Sequence[Document],
    dates: ProvisionDates,
    judged: Callable[[str], Iterable[Judged]],
    issues: Sequence[Issue],
    config: Config,
    codebook: Codebook,
    cell_thresholds: Mapping[str, float],
    decisions: Mapping[tuple[str, str], bool] | None = None,
    disputed: Iterable[tuple[str, Provision]] = (),
) -> list[Cell]:
    """A cell for every active theme and every jurisdiction, in the order of codebook and columns.

    `judged` gives a theme's codings, in any order, one after another; those that are neither assigned nor decided on
    may be left out. `dates` counts all provisions.
    A coding supports its cell when it is assigned and its probability reaches `cell_thresholds[theme]`
    (`config.cells.threshold` where the model gives none); weaker assigned ones are listed in `to_check`.
    `decisions` maps (provision_id, theme) to a reviewer's yes (supports whatever its probability) or no (left out).
    `disputed` holds (theme, provision) that coders differ about: a cell with one of them is 'disputed', whoever is
    right.
    `confidence` is the probability of the best evidence, None where there is none. Documents of an unknown
    jurisdiction enter no cell; a document of several jurisdictions counts in each. `search_incomplete`: a document or
    page of the jurisdiction failed or was read in part, or an error was recorded for one.
    `config.table.as_of`: documents and acts later than that day enter no cell and aren't counted as searched, and the
    others count with the legal status that they had then.
    """
    as_of = config.table.as_of
    columns = columns_of(documents, config.table.jurisdictions, config.table.levels)
    documents = documents_at([one for one in documents if not is_later(one, None, as_of)], as_of)
    decisions = decisions or {}
    by_document = {document.doc_id: document for document in documents}
    places = {
        document.doc_id: frozenset(column for column in columns if belongs(document.jurisdictions, column))
        for document in documents
    }
    n_provisions: dict[str, int] = {}
    for (doc_id, own), n in dates.items():
        if doc_id in by_document and not (as_of and is_date_later(by_document[doc_id], own, as_of)):
            n_provisions[doc_id] = n_provisions.get(doc_id, 0) + n
    errors = frozenset(issue.doc_id for issue in issues if issue.severity == "error" and issue.doc_id is not None)
    members = {column: [one for one in documents if column in places[one.doc_id]] for column in columns}
    searches = {column: _search(members[column], n_provisions, errors) for column in columns}

    def counts(provision: Provision) -> bool:
        document = by_document.get(provision.doc_id)
        return document is not None and not is_later(document, provision, as_of)

    contested = {
        (theme, column) for theme, provision in disputed if counts(provision) for column in places[provision.doc_id]
    }
    cells: list[Cell] = []
    for theme in codebook.active:
        threshold = cell_thresholds.get(theme, config.cells.threshold)
        inside = {column: _Column() for column in columns}
        for coding, provision in judged(theme):
            if not counts(provision):
                continue
            document = by_document[provision.doc_id]
            decision = decisions.get((coding.provision_id, theme))
            # The machine's codings come as it left them or, from `with_decisions`, as the reviewers did.
            if (decision is False and coding.assigned) or (coding.method == "reviewed" and not coding.assigned):
                for column in places[document.doc_id]:
                    inside[column].n_rejected += 1
                continue
            if decision is False or not (coding.assigned or decision):
                continue
            supports = bool(decision) or coding.probability >= threshold
            order = _order(document, provision, coding)
            rule = provision.parallel_id or provision.provision_id
            finding = _Finding(order, rule, provision.provision_id, document.doc_id, supports)
            for column in places[document.doc_id]:
                found = inside[column]
                found.findings.append(finding)
                if supports and (found.best is None or order < found.best[0]):
                    found.best = (order, document, provision, coding)
        cells += [
            _cell(
                theme, column, searches[column], inside[column], decisions, (theme, column) in contested, config.table
            )
            for column in columns
        ]
    return cells
