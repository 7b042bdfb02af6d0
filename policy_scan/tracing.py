"""Why a provision counts otherwise in a cell of two runs: from its document down to its code."""

from __future__ import annotations

from dataclasses import dataclass

from .as_of import is_later
from .comparison import ABSENT, Cause, CauseKind, Side, ValueChange
from .jurisdictions import country_of
from .records import Provision
from .stages.cells import act_type, belongs, status_of

_GIVES_STATUS = ("doc_type", "legal_status")
_GIVES_STATUS_ON_A_DAY = ("in_force", "repealed")
_OF_READING = ("reading.", "ocr.", "languages.", "provisions.", "run.pages_per_document", "run.megabytes_per_file")
OF_CODE = ("assigned", "force", "probability", "rank")
Pair = tuple[str, str]
"""provision_id in the earlier and in the later run; '' where it isn't there."""


def as_text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


@dataclass(slots=True)
class Tracer:
    """Finds why one pair of provisions (an id in either run, '' where it has none) counts otherwise in a cell."""

    a: Side
    b: Side
    settings: list[ValueChange]
    versions: list[ValueChange]
    language: str

    def cause(
        self,
        kind: CauseKind,
        aspect: str,
        before: object,
        after: object,
        pair: Pair = ("", ""),
        path: str = "",
    ) -> Cause:
        first, second = pair
        document = self.b.documents[self.b.provisions[second].doc_id] if second else None
        if document is None and first:
            document = self.a.documents[self.a.provisions[first].doc_id]
        path = path or (document.path if document else "")
        return Cause(
            kind, aspect, as_text(before), as_text(after), path, int(bool(first or second)), first, second,
            self.a.citation(first, self.language), self.b.citation(second, self.language),
        )  # fmt: skip

    @property
    def days(self) -> tuple[str | None, str | None]:
        return self.a.run.config.table.as_of, self.b.run.config.table.as_of

    def set_otherwise(self, pair: tuple[str, str], *prefixes: str) -> list[Cause]:
        """The settings that differ and whose names begin so."""
        return [
            self.cause("configuration", one.name, one.before, one.after, pair)
            for one in self.settings
            if one.name.startswith(prefixes)
        ]

    def asked_for(self, column: str) -> list[Cause]:
        """The settings by which only one of the runs has the column."""
        tables = self.a.run.config.table, self.b.run.config.table
        listed = [column in table.jurisdictions for table in tables]
        levelled = [column != country_of(column) and country_of(column) in table.levels for table in tables]
        names = [name for name, pair in (("table.jurisdictions", listed), ("table.levels", levelled)) if any(pair)]
        return self.set_otherwise(("", ""), *names) if names else []

    def explain(self, pair: tuple[str, str], theme: str, column: str) -> list[Cause]:
        first, second = pair
        if not first or not second:
            return self._one_sided(pair)
        a, b = self.a, self.b
        p, q = a.provisions[first], b.provisions[second]
        d, e = a.documents[p.doc_id], b.documents[q.doc_id]
        found: list[Cause] = []
        if p.text != q.text:
            found.append(self.cause("provision", "text", p.label or p.kind, q.label or q.kind, pair))
        if belongs(d.jurisdictions, column) != belongs(e.jurisdictions, column):
            found.append(self.cause("document", "jurisdictions", d.jurisdictions, e.jurisdictions, pair))
        found += self._of_date(pair) + self._of_standing(pair, theme)
        decided = a.applied(first, theme), b.applied(second, theme)
        if decided[0] != decided[1]:
            at = 0 if decided[0][0] != decided[1][0] else 1
            found.append(self.cause("decision", ("verdict", "force")[at], decided[0][at], decided[1][at], pair))
        else:
            found += self._of_code(pair, theme, column)
        if not found and p.doc_id != q.doc_id:
            found.append(self.cause("document", "content", p.doc_id, q.doc_id, pair))
        if not found and p.parallel_id != q.parallel_id:
            found.append(self.cause("provision", "parallel", p.parallel_id, q.parallel_id, pair))
        return found

    def _one_sided(self, pair: tuple[str, str]) -> list[Cause]:
        """The provision stands in one run only: for its document's sake, or cut otherwise there."""
        side, other = (self.a, self.b) if pair[0] else (self.b, self.a)
        own = side.provisions[pair[0] or pair[1]]
        there = side.documents_there.get(own.doc_id)

        def ordered(here: str, elsewhere: str) -> tuple[str, str]:
            return (here, elsewhere) if side is self.a else (elsewhere, here)

        status = side.documents[own.doc_id].status
        if there is None:
            return [self.cause("document", "presence", *ordered(status, ABSENT), pair)]
        document = other.documents[there]
        if document.status in ("failed", "excluded"):
            return [self.cause("document", "presence", *ordered(status, document.status), pair)]
        if there != own.doc_id:
            return [self.cause("document", "content", *ordered(own.doc_id, there), pair)]
        overlapping = next((one for one in other.by_document.get(there, ()) if _overlap(one, own)), None)
        kind = "presence" if overlapping is None else "text"
        values = ordered(own.label or own.kind, "" if overlapping is None else overlapping.label or overlapping.kind)
        found = [self.cause("provision", kind, *values, pair)]
        if status != document.status:
            found.append(self.cause("document", "presence", *ordered(status, document.status), pair))
        return found + self.set_otherwise(pair, *_OF_READING)

    def _of_date(self, pair: tuple[str, str]) -> list[Cause]:
        """Only one of the tables leaves the act out as later than its day."""
        p, q = self.a.provisions[pair[0]], self.b.provisions[pair[1]]
        d, e = self.a.documents[p.doc_id], self.b.documents[q.doc_id]
        days = self.days
        if is_later(d, p, days[0]) == is_later(e, q, days[1]):
            return []
        if days[0] != days[1]:
            return self.set_otherwise(pair, "table.as_of")
        if d.date == e.date:
            return [self.cause("provision", "act_date", p.act_date, q.act_date, pair)]
        return [self.cause("document", "date", d.date, e.date, pair)]

    def _of_standing(self, pair: tuple[str, str], theme: str) -> list[Cause]:
        """The same force gives another status: the act's type or standing differs."""
        p, q = self.a.provisions[pair[0]], self.b.provisions[pair[1]]
        at_a, at_b = self.a.at[p.doc_id], self.b.at[q.doc_id]
        codes = self.a.codings.get((pair[0], theme)), self.b.codings.get((pair[1], theme))
        forces = {code.force for code in codes if code is not None and code.force}
        if all(status_of(at_a, p, force) == status_of(at_b, q, force) for force in forces):
            return []
        d, e = self.a.documents[p.doc_id], self.b.documents[q.doc_id]
        found = [
            self.cause("document", name, getattr(d, name), getattr(e, name), pair)
            for name in (*_GIVES_STATUS, *(_GIVES_STATUS_ON_A_DAY if any(self.days) else ()))
            if getattr(d, name) != getattr(e, name)
        ]
        if d.doc_type == e.doc_type and act_type(d, p) != act_type(e, q):
            found.append(self.cause("provision", "act_type", p.act_type, q.act_type, pair))
        return found + self.set_otherwise(pair, "table.as_of")

    def _of_code(self, pair: tuple[str, str], theme: str, column: str) -> list[Cause]:
        """The machine codes the pair otherwise, or asks otherwise much of a code."""
        a, b = self.a, self.b
        x, y = a.codings.get((pair[0], theme)), b.codings.get((pair[1], theme))
        if x is None or y is None:  # a row is there for every theme of the run's codebook
            was, now = (str(one is not None and one.assigned).lower() for one in (x, y))
            return [self.cause("code", "assigned", was, now, pair)] if was != now else []
        kind: CauseKind = "code"
        if x.model_version != y.model_version:
            kind = "model"
        elif self.made_otherwise():
            kind = "configuration"
        found = []
        if x.assigned != y.assigned:
            found.append(self.cause(kind, "assigned", str(x.assigned).lower(), str(y.assigned).lower(), pair))
        elif x.force != y.force:
            found.append(self.cause(kind, "force", x.force, y.force, pair))
        roles = a.role(pair[0], (theme, column)), b.role(pair[1], (theme, column))
        if not found and x.probability != y.probability:
            found.append(self.cause(kind, "probability", f"{x.probability:.3f}", f"{y.probability:.3f}", pair))
        if not found and x.rank != y.rank:
            found.append(self.cause(kind, "rank", x.rank, y.rank, pair))
        if roles[0] != roles[1] and x.assigned and y.assigned and a.threshold(theme) != b.threshold(theme):
            model = any(theme in side.run.details.get("cell_thresholds", {}) for side in (a, b))
            values = f"{a.threshold(theme):.3f}", f"{b.threshold(theme):.3f}"
            name: CauseKind = "model" if model else "configuration"
            found.append(self.cause(name, "threshold" if model else "cells.threshold", *values, pair))
        return found

    def made_otherwise(self) -> bool:
        """Whether codebook, lexicon or the classifier's setting differ, the model being the same."""
        was, now = self.a.run.details, self.b.run.details
        keys = any(was.get(name) != now.get(name) for name in ("codebook_key", "classifier_key"))
        return keys or any(one.name.startswith(("codings.", "codebook", "lexicon")) for one in self.settings)


def _overlap(one: Provision, other: Provision) -> bool:
    theirs = other.spans
    return any(p == q and start < last and first < end for p, start, end in one.spans for q, first, last in theirs)
