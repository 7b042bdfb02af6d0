"""What reviewers mend of a document: title, date, type, legal status, and whether it is read at all.

An amendment goes before the manifest, as the manifest goes before the document's own text. Its empty value takes it
back. Every one that counts is told as an issue, with who, why and what stood there before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from .records import BINDING_TYPES, DOC_TYPES, LEGAL_STATUSES, Document, Issue, Source

FIELDS = ("title", "date", "doc_type", "legal_status", "include")
STAGE = "review"
_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
_NAMES = {"title": "title", "date": "date", "doc_type": "type", "legal_status": "legal status"}


class Amendment(Protocol):
    """A row of the review database: append-only, the latest per document and field counts."""

    @property
    def edit_id(self) -> str: ...
    @property
    def at(self) -> str:
        """ISO 8601 with its offset."""

    @property
    def reviewer(self) -> str: ...
    @property
    def doc_id(self) -> str: ...
    @property
    def field(self) -> str:
        """One of FIELDS."""

    @property
    def value(self) -> str:
        """'' = as without it; of `include`: yes or no."""

    @property
    def previous(self) -> str: ...
    @property
    def reason(self) -> str: ...


def problem_of(field: str, value: str) -> str:
    """Why a value can't be a document's, in words for a message; '' where it can."""
    if field not in FIELDS:
        return f"'{field}' can't be mended here; one of: {', '.join(FIELDS)}"
    if not value:
        return ""
    if field == "date" and not _DATE.fullmatch(value):
        return "a date is YYYY, YYYY-MM or YYYY-MM-DD"
    choices: Mapping[str, tuple[str, ...]] = {
        "doc_type": DOC_TYPES, "legal_status": LEGAL_STATUSES, "include": ("yes", "no"),
    }  # fmt: skip
    if field in choices and value not in choices[field]:
        return f"'{field}' is one of: {', '.join(choices[field])}"
    if field == "title" and not value.strip():
        return "a title has words"
    return ""


@dataclass(frozen=True, slots=True)
class _Amended:
    latest: Amendment
    first: Amendment

    @property
    def withdrawn(self) -> bool:
        return not self.latest.value


def _in_force(amendments: Iterable[Amendment]) -> dict[str, dict[str, _Amended]]:
    """doc_id -> field -> the latest usable amendment and the first, whose `previous` is what stood there before."""
    found: dict[str, dict[str, _Amended]] = {}
    for one in sorted(amendments, key=lambda row: (datetime.fromisoformat(row.at), row.edit_id)):
        if problem_of(one.field, one.value):
            continue
        of_document = found.setdefault(one.doc_id, {})
        before = of_document.get(one.field)
        of_document[one.field] = _Amended(one, before.first if before else one)
    return found


def _said(path: str, one: Amendment) -> Issue:
    why = f": {one.reason.strip().rstrip('.')}" if one.reason.strip() else ""
    if one.field == "include" and one.value == "no":
        message, category = f"{path} is excluded by {one.reviewer}{why}.", "excluded"
    elif one.field == "include":
        message, category = f"{path} is taken in by {one.reviewer}{why}.", "amended"
    else:
        before = f" instead of '{one.previous}'" if one.previous else ""
        name = _NAMES[one.field]
        message, category = f"{path} has the {name} '{one.value}'{before}, given by {one.reviewer}{why}.", "amended"
    step = "nothing, or take it back on the page of documents of 'policy-scan review'."
    return Issue(one.doc_id, None, STAGE, category, "info", message, step)


def _unusable(amendments: Iterable[Amendment], paths: Mapping[str, str]) -> list[Issue]:
    return [
        Issue(
            one.doc_id, None, STAGE, "amendment", "warning",
            f"{paths[one.doc_id]}: what {one.reviewer} gave for '{one.field}' can't be used "
            f"({problem_of(one.field, one.value)}).",
            "correct it on the page of documents of 'policy-scan review'.",
        )
        for one in amendments
        if one.doc_id in paths and problem_of(one.field, one.value)
    ]  # fmt: skip


def amend_sources(
    sources: Sequence[Source], issues: Sequence[Issue], amendments: Sequence[Amendment]
) -> tuple[list[Source], list[Issue]]:
    """Sources as the manifest with the amendments would describe them, in the same order, and the issues with what was
    amended. Amendments on documents that aren't among them do nothing.
    """
    if not amendments:
        return list(sources), list(issues)
    counting = _in_force(amendments)
    told: list[Issue] = []
    amended: list[Source] = []
    taken_in: set[str] = set()
    for source in sources:
        changes: dict[str, Any] = {}
        for name, one in counting.get(source.doc_id, {}).items():
            if one.withdrawn:
                continue
            if name == "include":
                included = one.latest.value == "yes"
                changes |= {"include": included, "exclude_reason": "" if included else _reason(one.latest)}
                taken_in |= {source.doc_id} if included else set()
            else:
                changes[name] = one.latest.value.strip()
            told.append(_said(source.path, one.latest))
        amended.append(replace(source, **changes) if changes else source)
    kept = [one for one in issues if not (one.category == "excluded" and one.doc_id in taken_in)]
    unusable = _unusable(amendments, {source.doc_id: source.path for source in sources})
    return amended, [*kept, *told, *unusable]


def _reason(one: Amendment) -> str:
    return one.reason.strip() or f"excluded by {one.reviewer}"


def amend_documents(
    documents: Sequence[Document], amendments: Sequence[Amendment]
) -> tuple[list[Document], list[Issue]]:
    """Published rows as amended since, in the same order, and what to tell. What was taken back is what stood there
    before the first amendment. A document that isn't read yet stays as it is until the next run, which is told.
    """
    counting = _in_force(amendments)
    told: list[Issue] = []
    amended: list[Document] = []
    for document in documents:
        changes: dict[str, Any] = {}
        inferred = set(document.inferred)
        for name, one in counting.get(document.doc_id, {}).items():
            if name == "include":
                if one.latest.value == "no":
                    changes |= {"status": "excluded", "exclude_reason": _reason(one.latest)}
                    told.append(_said(document.path, one.latest))
                elif document.status == "excluded" and (one.latest.value == "yes" or one.first.previous == "yes"):
                    message = f"{document.path} is to be read again, by {one.latest.reviewer}."
                    told.append(
                        Issue(document.doc_id, None, STAGE, "amended", "warning", message, "run 'policy-scan run'.")
                    )
                elif one.latest.value == "yes":
                    told.append(_said(document.path, one.latest))
                continue
            value = one.first.previous if one.withdrawn else one.latest.value.strip()
            if value or name != "title":
                changes[name] = value or ("other" if name == "doc_type" else "")
            if not one.withdrawn:
                inferred.discard(name)
                told.append(_said(document.path, one.latest))
        if changes:
            kept = tuple(name for name in document.inferred if name in inferred)
            document = replace(document, **changes, inferred=kept)
            binding = document.doc_type in BINDING_TYPES and document.legal_status not in ("proposed", "repealed")
            document = replace(document, binding=binding)
        amended.append(document)
    return amended, [*told, *_unusable(amendments, {one.doc_id: one.path for one in documents})]
