"""The law at a date: which acts a table as of that day leaves out, and what legal status the others had then.

A date may be a year or a month alone. It then counts as it claims least: an act enters the table from the first day of
that time on, is in force only after its last, and is repealed from its first. Today's date is never asked: a run is
told its day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from .citations import OfAct, date_of
from .records import PENDING, Document, Issue, Provision

ProvisionDates = Mapping[tuple[str, str], int]
"""(doc_id, date of the act that it stands in) -> number of provisions: all that a day asks of them."""


def count_dates(provisions: Iterable[Provision]) -> Counter[tuple[str, str]]:
    return Counter((one.doc_id, one.act_date) for one in provisions)


def is_later(document: Document, provision: OfAct | None, as_of: str | None) -> bool:
    """Whether the document, or the act that the provision stands in, is of after the day `as_of` (YYYY-MM-DD).

    The date counts, or where none is known the day of entry into force; an undated act is never later.
    """
    return as_of is not None and is_date_later(document, provision.act_date if provision is not None else "", as_of)


def is_date_later(document: Document, own: str, as_of: str) -> bool:
    """`is_later` for an act of the date `own` ('' = none known)."""
    dates = [date for date in (document.date, date_of(document, own)) if date]
    return max(dates or [document.in_force]) > as_of  # ISO dates: '2024' and '2024-06' precede their days


def _has_come(date: str, as_of: str) -> bool:
    return date <= as_of and (len(date) == len(as_of) or not as_of.startswith(date))


def status_at(document: Document, as_of: str) -> str:
    """The legal status on that day: PENDING where an act was not yet in force, else as the dates or the corpus say."""
    status = document.legal_status
    if status == "proposed":
        return status
    if (document.repealed and document.repealed <= as_of) or (status == "repealed" and not document.repealed):
        return "repealed"
    if document.in_force and not _has_come(document.in_force, as_of):
        return PENDING
    return "in_force" if status == "repealed" or (status == "adopted" and document.in_force) else status


def documents_at(documents: Sequence[Document], as_of: str | None) -> list[Document]:
    """The documents with the legal status that they had on that day; as they are where `as_of` is None."""
    if as_of is None:
        return list(documents)
    return [replace(document, legal_status=status_at(document, as_of)) for document in documents]


def issues_of_date(documents: Iterable[Document], dates: ProvisionDates, as_of: str | None) -> list[Issue]:
    """What a table as of a day leaves out, or can't place for want of a date: one issue per document."""
    if as_of is None:
        return []
    n_later: dict[str, int] = {}
    undated: set[str] = set()
    by_id = {document.doc_id: document for document in documents if document.status not in ("excluded", "failed")}
    for (doc_id, own), n in dates.items():
        document = by_id.get(doc_id)
        if document is None:
            continue
        if is_date_later(document, own, as_of):
            n_later[document.doc_id] = n_later.get(document.doc_id, 0) + n
        elif not (date_of(document, own) or document.in_force):
            undated.add(document.doc_id)
    found = []
    for doc_id, document in by_id.items():
        if is_later(document, None, as_of):
            message = (
                f"{document.path} is of {document.date or document.in_force}, later than {as_of}: it enters no cell."
            )
            step = "nothing, or give the table a later date (table.as_of)."
            found.append(Issue(doc_id, None, "cells", "later", "info", message, step))
        elif doc_id in n_later:
            message = f"{document.path} holds acts later than {as_of}: {n_later[doc_id]} provisions enter no cell."
            step = "nothing, or give the table a later date (table.as_of)."
            found.append(Issue(doc_id, None, "cells", "later", "info", message, step))
        if doc_id in undated:
            message = f"{document.path} has no date, so nobody can tell whether it was there on {as_of}: it counts."
            found.append(Issue(doc_id, None, "cells", "undated", "warning", message, "give its date in manifest.csv."))
    return found
