"""Two runs compared cell by cell: what changed, and because of which document, provision, code, decision, setting or
model.

Provisions are paired over the runs (same document and place, else same text in the same document or path), and each
pair that counts otherwise than before is traced from the document down to its code. Comparing is symmetric: the other
way round, before and after change places and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from .as_of import is_later
from .comparison import (
    ABSENT,
    CAUSE_KINDS,
    Cause,
    CellChange,
    CellState,
    Comparison,
    DocumentChange,
    DocumentChangeKind,
    Side,
    ValueChange,
    changed_settings,
    changed_versions,
    complete_codings,
    pair_up,
    side_of,
)
from .records import Cell, Document
from .report.common import RunData
from .stages.cells import belongs
from .tracing import OF_CODE, Pair, Tracer, as_text

_DESCRIBED = (
    "title", "issuer", "date", "doc_type", "legal_status", "in_force", "repealed", "jurisdictions", "language",
)  # fmt: skip


def _changed_documents(a: Side, b: Side) -> list[DocumentChange]:
    found: list[DocumentChange] = []
    for doc_id, old in a.documents.items():
        there = a.documents_there.get(doc_id)
        if there is None:
            found.append(DocumentChange("removed", old.path, old.title, (ValueChange("status", old.status, ABSENT),)))
            continue
        new = b.documents[there]

        def changes(names: Iterable[str], old: Document = old, new: Document = new) -> tuple[ValueChange, ...]:
            pairs = ((name, as_text(getattr(old, name)), as_text(getattr(new, name))) for name in names)
            return tuple(ValueChange(name, was, now) for name, was, now in pairs if was != now)

        told: list[tuple[DocumentChangeKind, tuple[str, ...]]] = [
            ("content", ("doc_id",)), ("status", ("status", "exclude_reason")), ("described", _DESCRIBED),
            ("moved", ("path", "other_paths")),
        ]  # fmt: skip
        found.extend(
            DocumentChange(kind, new.path, new.title, values) for kind, names in told if (values := changes(names))
        )
    found.extend(
        DocumentChange("added", new.path, new.title, (ValueChange("status", ABSENT, new.status),))
        for doc_id, new in b.documents.items()
        if doc_id not in b.documents_there
    )
    return sorted(found, key=lambda one: (one.path, one.kind))


def _state(cell: Cell | None) -> CellState | None:
    if cell is None:
        return None
    return CellState(
        cell.status, cell.n_provisions, cell.n_documents, cell.n_to_check, cell.search_incomplete, cell.review_state,
        cell.evidence[0] if cell.evidence else "", cell.citation,
    )  # fmt: skip


def _what_changed(a: Side, was: Cell | None, now: Cell | None) -> tuple[str, ...]:
    if was is None or now is None:
        return ("cell",)
    names = ("status", "n_provisions", "n_documents", "n_to_check", "search_incomplete", "review_state")
    found = [name for name in names if getattr(was, name) != getattr(now, name)]
    evidence = [a.partner.get(one, "") for one in was.evidence]
    if evidence[:1] != list(now.evidence[:1]):
        found.append("best")
    if "" in evidence or set(evidence) != set(now.evidence):
        found.append("evidence")
    if {a.partner.get(one, "") for one in was.to_check} != set(now.to_check):
        found.append("to_check")
    return tuple(found)


def _pairs(a: Side, b: Side, key: tuple[str, str]) -> list[Pair]:
    """The pairs of provisions that a cell of either run lists, best first."""
    places: dict[Pair, int] = {}
    for side in (a, b):
        cell = side.cells.get(key)
        for place, one in enumerate((*cell.evidence, *cell.to_check) if cell else ()):
            there = side.partner.get(one, "")
            pair = (one, there) if side is a else (there, one)
            places[pair] = min(place, places.get(pair, place))
    return sorted(places, key=lambda pair: (places[pair], sorted(pair), not pair[0]))


def _merged(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """What bears on several provisions told once, with their number; in a fixed order of kinds."""
    kept: dict[tuple[object, ...], Cause] = {}
    for one in causes:
        key: tuple[object, ...] = (one.kind, one.aspect, one.because, one.before, one.after)
        if one.kind in ("provision", "decision") or one.aspect in OF_CODE:
            kept.setdefault((*key, one.provision_before, one.provision_after), one)
            continue
        if one.kind == "document":
            key += (one.path,)
        first = kept.get(key)
        kept[key] = one if first is None else replace(first, n_provisions=first.n_provisions + one.n_provisions)
    return tuple(sorted(kept.values(), key=lambda one: CAUSE_KINDS.index(one.kind)))


def _causes_of_cell(tracer: Tracer, key: tuple[str, str], changed: Sequence[str]) -> tuple[Cause, ...]:
    a, b = tracer.a, tracer.b
    theme, column = key
    found: list[Cause] = []
    if "cell" in changed:
        side = a if key in a.cells else b
        if theme not in (b if side is a else a).run.themes:
            found.append(tracer.cause("configuration", "codebook", str(side is a).lower(), str(side is b).lower()))
        else:
            found += tracer.asked_for(column)
    pairs = _pairs(a, b, key)
    if not found:
        for first, second in pairs:
            roles = a.role(first, key), b.role(second, key)
            gives = a.gives(first, theme) if first else "", b.gives(second, theme) if second else ""
            if roles[0] != roles[1] or (roles[0] == "evidence" and gives[0] != gives[1]):
                found += tracer.explain((first, second), theme, column)
    if not found and "best" in changed:
        for first, second in pairs:
            if first in _best(a, key) or second in _best(b, key):
                found += tracer.explain((first, second), theme, column)
    if "review_state" in changed:
        found += _of_review(tracer, key)
    if "search_incomplete" in changed or not found:
        found += _of_search(tracer, column)
    if not found:
        found += [
            tracer.cause("program", one.name, one.before, one.after)
            for one in tracer.versions
            if one.name == "policy_scan" or one.name in ("stages.cells", "stages.provisions", "stages.pages")
        ]
    return _merged(found or [tracer.cause("unknown", "", "", "")])


def _best(side: Side, key: tuple[str, str]) -> tuple[str, ...]:
    cell = side.cells.get(key)
    return cell.evidence[:1] if cell else ()


def _of_review(tracer: Tracer, key: tuple[str, str]) -> list[Cause]:
    """Decisions on the cell's theme that only one run knows, or settles otherwise."""
    a, b = tracer.a, tracer.b
    theme, column = key
    pairs = {(one, a.partner.get(one, "")) for one, about in a.settled if about in (theme, "")}
    pairs |= {(b.partner.get(one, ""), one) for one, about in b.settled if about in (theme, "")}
    found = []
    for first, second in sorted(pairs):
        was, now = a.decided(first, theme), b.decided(second, theme)
        at = 0 if was[0] != now[0] else 1
        documents = [
            side.documents[side.provisions[one].doc_id]
            for side, one in ((a, first), (b, second))
            if one in side.provisions
        ]
        if was != now and any(belongs(one.jurisdictions, column) for one in documents):
            known = (first if first in a.provisions else "", second if second in b.provisions else "")
            found.append(tracer.cause("decision", ("verdict", "force")[at], was[at], now[at], known))
    return found


def _of_search(tracer: Tracer, column: str) -> list[Cause]:
    """Documents of the column that only one run has, or read otherwise."""
    a, b = tracer.a, tracer.b
    pairs = {(one, a.documents_there.get(one, "")) for one in a.documents}
    pairs |= {(b.documents_there.get(one, ""), one) for one in b.documents}
    found = []
    for first, second in pairs:
        d, e = a.documents.get(first), b.documents.get(second)
        inside = [one is not None and belongs(one.jurisdictions, column) for one in (d, e)]
        was, now = (one.status if one is not None else ABSENT for one in (d, e))
        path = (e or d).path if e or d else ""  # type: ignore[union-attr]
        if any(inside) and was != now:
            found.append(tracer.cause("document", "presence", was, now, path=path))
        elif inside[0] != inside[1] and d and e:
            found.append(tracer.cause("document", "jurisdictions", d.jurisdictions, e.jurisdictions, path=path))
        elif any(inside) and d and e and is_later(d, None, tracer.days[0]) != is_later(e, None, tracer.days[1]):
            found += tracer.set_otherwise(("", ""), "table.as_of") or [
                tracer.cause("document", "date", d.date, e.date, path=path)
            ]
        elif any(inside) and first != second:
            found.append(tracer.cause("document", "content", first, second, path=path))
    return sorted(found, key=lambda one: (one.path, one.aspect))


def compare_runs(before: RunData, after: RunData, language: str = "en") -> Comparison:
    """What changed between two runs, cells in the order of the later one's table, then those that only the other has.

    `language` is that of the citations.
    """
    a, b = side_of(before), side_of(after)
    pair_up(a, b)
    complete_codings(a, b)
    settings = changed_settings(a, b)
    versions = changed_versions(before, after)
    tracer = Tracer(a, b, settings, versions, language)
    keys = dict.fromkeys([*b.cells, *a.cells])
    cells = []
    for key in keys:
        was, now = a.cells.get(key), b.cells.get(key)
        if changed := _what_changed(a, was, now):
            causes = _causes_of_cell(tracer, key, changed)
            cells.append(CellChange(*key, changed, _state(was), _state(now), causes))
    return Comparison(
        before=str(before.details.get("output", before.directory)),
        after=str(after.details.get("output", after.directory)),
        n_cells=len(a.cells.keys() & b.cells.keys()),
        columns_gone=tuple(code for code in before.all_columns if code not in after.all_columns),
        columns_new=tuple(code for code in after.all_columns if code not in before.all_columns),
        cells=tuple(cells),
        documents=tuple(_changed_documents(a, b)),
        settings=tuple(settings),
        versions=tuple(versions),
    )
