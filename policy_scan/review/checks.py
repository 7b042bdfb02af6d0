"""What a row must be to be kept: both databases can hold it, and an export of it can be read again."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, get_args

from ..decisions import text_hash
from ..errors import UsageError
from ..records import DOC_TYPES, FORCES, LEGAL_STATUSES, Decision, Role, Verdict
from .schema import EDITABLE

if TYPE_CHECKING:
    from .store import DocumentEdit

MOST_KEY = 500
"""Bytes of an identifier: PostgreSQL's index on four of them holds 2,700."""
_MOST_INTEGER = 2**31 - 1
_KEYS = ("decision_id", "edit_id", "reviewer", "doc_id", "provision_id", "theme", "replaces")
_CHOICES = {"role": get_args(Role), "verdict": get_args(Verdict), "force": ("", *FORCES)}
_DATE = re.compile(r"(\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?)?")
"""As in the manifest; '' = none is known."""


def plain(text: str) -> str:
    """What both databases can hold: no NUL, no half of a surrogate pair."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")


def _refuse(name: str, what: str) -> UsageError:
    return UsageError(f"'{name}' of a decision {what}.", "correct it, then try again.")


def _keepable(row: Decision | DocumentEdit) -> None:
    for field in fields(row):
        value = getattr(row, field.name)
        if isinstance(value, str) and plain(value) != value:
            raise UsageError(f"'{field.name}' holds a character that can't be kept.", "take it out, then try again.")
        if field.name in _KEYS and len(value.encode("utf-8")) > MOST_KEY:
            raise UsageError(f"'{field.name}' is longer than {MOST_KEY} bytes.", "shorten it, then try again.")


def checked_decision(decision: Decision) -> None:
    """Raises UsageError where a decision couldn't be kept, or an export of it couldn't be read again."""
    _keepable(decision)
    for name in ("decision_id", "reviewer", "doc_id"):
        if not getattr(decision, name):
            raise _refuse(name, "is empty")
    for name, choices in _CHOICES.items():
        if getattr(decision, name) not in choices:
            raise _refuse(name, f"can't be '{getattr(decision, name)[:40]}'")
    for name in ("page", "start", "end"):
        if not 0 <= getattr(decision, name) <= _MOST_INTEGER:
            raise _refuse(name, "is out of range")
    if decision.machine_probability is not None and not 0 <= decision.machine_probability <= 1:
        raise _refuse("machine_probability", "is no probability")
    if decision.quotation and decision.text_hash != text_hash(decision.quotation):
        raise _refuse("text_hash", "isn't the hash of the quotation")
    if not _has_offset(decision.at):
        raise _refuse("at", "is no time with an offset")
    if not _spans_of(decision.evidence, len(decision.quotation)):
        raise _refuse("evidence", "is no list of spans of the quotation")


def _has_offset(at: str) -> bool:
    try:
        return datetime.fromisoformat(at).tzinfo is not None
    except ValueError:
        return False


def _spans_of(evidence: str, length: int) -> bool:
    """Whether it is JSON text [[start, end], …], half-open spans of a text this long."""
    try:
        found = json.loads(evidence)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, list) and all(
        isinstance(span, list)
        and len(span) == 2
        and all(type(part) is int for part in span)
        and 0 <= span[0] < span[1] <= length
        for span in found
    )


def checked_edit(edit: DocumentEdit) -> None:
    """Raises UsageError where no run could apply the edit."""
    _keepable(edit)
    choices = {"doc_type": DOC_TYPES, "legal_status": ("", *LEGAL_STATUSES), "include": ("yes", "no")}
    if edit.field not in EDITABLE:
        raise UsageError(f"'{edit.field[:40]}' of a document can't be changed.", f"use: {', '.join(EDITABLE)}.")
    if edit.field in choices and edit.value not in choices[edit.field]:
        raise UsageError(
            f"'{edit.value[:40]}' is no {edit.field}.", f"use one of: {', '.join(filter(None, choices[edit.field]))}."
        )
    if edit.field == "date" and not _DATE.fullmatch(edit.value):
        raise UsageError(f"'{edit.value[:40]}' is no date.", "write YYYY, YYYY-MM or YYYY-MM-DD.")
    if edit.field == "include" and edit.value == "no" and not edit.reason.strip():
        raise UsageError("a document is left out for a reason.", "write why.")
