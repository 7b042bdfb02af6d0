"""Why a provision counts otherwise in a cell of two runs: from its document down to its code."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .as_of import is_later
from .comparison import ABSENT, Cause, CauseKind, Side, ValueChange
from .jurisdictions import country_of
from .records import Coding, Provision
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
        kind, because = self._coder(x, y)

        def cause(aspect: str, before: str, after: str) -> Cause:
            return replace(self.cause(kind, aspect, before, after, pair), because=because)

        if x.assigned != y.assigned:
            return [cause("assigned", str(x.assigned).lower(), str(y.assigned).lower())]
        if x.force != y.force:
            return [cause("force", x.force, y.force)]
        found = []
        bars = a.threshold(theme), b.threshold(theme)
        same_role = a.role(pair[0], (theme, column)) == b.role(pair[1], (theme, column))
        if x.probability != y.probability and (
            same_role or any((x.probability >= bar) != (y.probability >= bar) for bar in bars)
        ):
            found.append(cause("probability", f"{x.probability:.3f}", f"{y.probability:.3f}"))
        if not same_role and any((p >= bars[0]) != (p >= bars[1]) for p in (x.probability, y.probability)):
            found.append(self._of_threshold(pair, theme, kind, because))
        if not found and x.rank != y.rank:
            found.append(cause("rank", str(x.rank), str(y.rank)))
        return found

    def _of_threshold(self, pair: Pair, theme: str, kind: CauseKind, because: str) -> Cause:
        values = f"{self.a.threshold(theme):.3f}", f"{self.b.threshold(theme):.3f}"
        if not any(theme in side.run.details.get("cell_thresholds", {}) for side in (self.a, self.b)):
            return self.cause("configuration", "cells.threshold", *values, pair)
        if kind == "code":
            kind = "model"
        return replace(self.cause(kind, "threshold", *values, pair), because=because)

    def _coder(self, x: Coding, y: Coding) -> tuple[CauseKind, str]:
        """Who codes otherwise: another model, or the same one by another setting, codebook or lexicon; else nobody."""
        models = [one.model_version.partition("+")[0] for one in (x, y)]  # after '+' stands the encoder's version
        if models[0] != models[1]:
            return "model", ""
        if name := next((one.name for one in self.settings if one.name.startswith("codings.")), ""):
            return "configuration", name
        if x.model_version != y.model_version:
            return "model", ""
        was, now = self.a.run.details, self.b.run.details
        for key, name in (("codebook_key", "codebook"), ("classifier_key", "lexicon")):
            if was.get(key) != now.get(key):
                return "configuration", name
        return "code", ""


def _overlap(one: Provision, other: Provision) -> bool:
    theirs = other.spans
    return any(p == q and start < last and first < end for p, start, end in one.spans for q, first, last in theirs)
