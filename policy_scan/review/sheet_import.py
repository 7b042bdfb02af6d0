"""Decisions that come back from elsewhere: an Excel sheet edited offline, or JSON lines. Nothing is overwritten.

What agrees with the sheet's row of what the reviewer had decided is left alone; what changes it is a new decision; what
was decided elsewhere meanwhile, speaks of another text, or can't be understood is listed with its row and what to do.
"""

from __future__ import annotations

import json
import uuid
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from xml.etree.ElementTree import ParseError

from ..decisions import read_decisions
from ..errors import UsageError
from ..records import Decision, Verdict
from ..report.common import printable
from ..report.xlsx_book import MAX_CELL
from .accounts import checked_name
from .project import Project
from .sheet import ASKED, FORMAT, HIDDEN, meanings, shown_in_cell
from .store import Conflict, Store, now

ORIGIN = "sheet"
SAMPLES = ("random", "uncoded")
"""Queues that are random samples: their names stay with the decisions, so that estimates know them."""
MOST_BYTES = 50_000_000
MOST_UNPACKED = 200_000_000
"""A workbook that unpacks to more is refused: a few kilobytes can hold gigabytes."""
_MOST_STRINGS = 60_000_000
_MOST_BESIDE = 4_000_000
"""Bytes of the shared texts, all of them kept, and of the parts beside the rows (styles, names): each element of those
becomes an object, a hundred bytes for four.
"""
MOST_ROWS = 100_000
_MOST_COLUMNS = 80
"""Beyond these nothing is read: one cell far out would make a million empty rows."""
_SEARCHED_ROWS = 20
_ATTEMPTS = 3
Reason = Literal["decided", "text_changed", "unknown", "value", "twice"]


@dataclass(frozen=True, slots=True)
class SheetRow:
    number: int
    """As Excel counts."""
    values: Mapping[str, str]
    """Of the hidden columns and the reviewer's; '' where empty."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was not taken in."""

    row: int
    reason: Reason
    message: str
    next_step: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.message} → {self.next_step}"


@dataclass(frozen=True, slots=True)
class Taken:
    """What an import came to."""

    new: tuple[Decision, ...]
    n_withdrawn: int
    """Of the new ones."""
    n_known: int
    """Rows that say what is on record already."""
    n_empty: int
    refused: tuple[Refused, ...]
    n_elsewhere: int = 0
    """JSON lines: new decisions on texts that this run doesn't have; kept, and shown as stale."""


# Reading


def _unpacks_to_more(parts: zipfile.ZipFile) -> bool:
    """Whether a workbook holds more than a review sheet can; sizes are those that its directory tells: nothing beyond
    them is read.
    """
    sizes = [(part.filename.lower(), part.file_size) for part in parts.infolist()]
    strings = sum(size for name, size in sizes if name.endswith("sharedstrings.xml"))
    beside = sum(
        size
        for name, size in sizes
        if name.endswith((".xml", ".rels")) and not name.endswith("sharedstrings.xml") and "/worksheets/" not in name
    )
    return sum(size for _, size in sizes) > MOST_UNPACKED or strings > _MOST_STRINGS or beside > _MOST_BESIDE


def read_sheet(file: Path, name: str = "") -> list[SheetRow]:
    """The rows of a review sheet; messages call it `name`. Raises UsageError where it is none."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    name = name or str(file)
    step = "give the sheet that 'policy-scan review export --format xlsx' wrote, saved as .xlsx."
    try:
        if file.stat().st_size > MOST_BYTES:
            raise UsageError(f"{name} is larger than a review sheet can be.", step)
        with zipfile.ZipFile(file) as parts:
            if _unpacks_to_more(parts):
                raise UsageError(f"{name} unpacks to more than a review sheet can hold.", step)
        book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except (zipfile.BadZipFile, InvalidFileException, ParseError, ValueError, KeyError, TypeError, EOFError) as error:
        raise UsageError(f"{name} is no Excel workbook.", step) from error
    except OSError as error:
        raise UsageError(f"{name} can't be read: {error.strerror or error}.", "check the path.") from error
    try:
        for sheet in book.worksheets:
            rows = _rows(sheet.iter_rows(max_row=MOST_ROWS, max_col=_MOST_COLUMNS, values_only=True), name)
            if rows is not None:
                return rows
    except (zipfile.BadZipFile, ParseError, ValueError, KeyError, TypeError, AttributeError, EOFError) as error:
        raise UsageError(f"{name} is damaged ({error}).", step) from error
    finally:
        book.close()
    raise UsageError(f"{name} has no sheet with the hidden row of column names.", step)


def _rows(rows: Any, name: str) -> list[SheetRow] | None:
    """None where the sheet has no row of the columns' names at its beginning."""
    place: dict[str, int] | None = None
    found = []
    for number, cells in enumerate(rows, start=1):
        values = [_text(cell) for cell in cells]
        if place is None:
            if number > _SEARCHED_ROWS:
                return None
            if "provision_id" not in values:
                continue
            place = {value: at for at, value in enumerate(values) if value}
            missing = [name for name in (*HIDDEN, *ASKED) if name not in place]
            if missing or FORMAT not in place:
                what = f"lacks the column '{missing[0]}'" if missing else "is of another version"
                raise UsageError(f"{name}: the sheet {what}.", "export it again, and fill in the new one.")
            continue
        row = {name: values[place[name]] if place[name] < len(values) else "" for name in (*HIDDEN, *ASKED)}
        is_header = row["text_hash"] == "text_hash"  # titles of hidden columns are their names
        if any(row.values()) and not is_header:
            found.append(SheetRow(number, row))
    return found if place is not None else None


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).replace("\r\n", "\n").replace("\r", "\n").replace("_x000D_", "").strip()


# From rows to decisions


class _FaultError(Exception):
    def __init__(self, reason: Reason, message: str, next_step: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason
        self.message = message
        self.next_step = next_step


@dataclass(frozen=True, slots=True)
class _Said:
    """What a row says, in codes."""

    verdict: str
    force: str
    added: str
    note: str
    translation: str

    @property
    def is_empty(self) -> bool:
        return not (self.verdict or self.force or self.added or self.note or self.translation)


@dataclass(slots=True)
class _Plan:
    project: Project
    reviewer: str
    at: str
    own: Mapping[tuple[str, str], Decision]
    """The reviewer's live decisions on this run."""
    stored: Mapping[str, Decision]
    """The same rows by decision_id as they are stored: with the provision_id of the run that they were made on."""
    words: Mapping[str, Mapping[str, str]]
    rows: list[tuple[Decision, str]] = field(default_factory=list)
    planned: dict[tuple[str, str], tuple[int, Decision]] = field(default_factory=dict)
    n_known: int = 0
    n_empty: int = 0
    refused: list[Refused] = field(default_factory=list)


def _understood(plan: _Plan, values: Mapping[str, str]) -> _Said:
    codes = {}
    for name in ("verdict", "force", "added"):
        written = values[name]
        code = plan.words[name].get(" ".join(written.casefold().split()), "") if written else ""
        if written and not code:
            title = {"verdict": "verdict", "force": "force", "added": "theme to add"}[name]
            raise _FaultError(
                "value", f"'{printable(written)[:40]}' is no {title}.", "choose one from the cell's list."
            )
        codes[name] = code
    said = _Said(codes["verdict"], codes["force"], codes["added"], values["note"], values["translation"])
    for name in ("note", "translation"):
        if len(values[name]) > MAX_CELL:
            raise _FaultError("value", f"the {name} is longer than {MAX_CELL} characters.", "shorten it.")
    return said


def _check_place(plan: _Plan, values: Mapping[str, str]) -> None:
    project = plan.project
    if values["reviewer"] != plan.reviewer:
        raise _FaultError(
            "unknown",
            f"it was made for '{printable(values['reviewer'])[:60]}'.",
            "import it with that reviewer's name, or export a sheet of your own.",
        )
    identifier = values["provision_id"]
    if identifier not in project.provisions:
        raise _FaultError("unknown", "its passage isn't in this run.", "export the sheet again, and decide there.")
    if values["theme"] and values["theme"] not in project.run.codebook.themes:
        raise _FaultError("unknown", "its theme isn't in the codebook.", "export the sheet again, and decide there.")
    if values["text_hash"] != project.text_hashes[identifier]:
        raise _FaultError(
            "text_changed",
            "its text has changed since the sheet was made.",
            "export the sheet again, and decide there.",
        )


def _differs(own: Decision, verdict: str, force: str, note: str, translation: str) -> bool:
    return (own.verdict, own.force, shown_in_cell(own.note), shown_in_cell(own.translation)) != (
        verdict,
        force,
        shown_in_cell(note),
        shown_in_cell(translation),
    )


def _kept(old: str, new: str) -> str:
    """A text that the sheet couldn't show as it is stays as it is where nobody changed what was shown."""
    return old if shown_in_cell(old) == shown_in_cell(new) else new


def _take(plan: _Plan, row: SheetRow) -> None:
    """Plan the decisions of one row. Raises _FaultError."""
    values = row.values
    said = _understood(plan, values)
    if said.is_empty and not values["live"]:
        plan.n_empty += 1
        return
    _check_place(plan, values)
    identifier, theme = values["provision_id"], values["theme"]
    own = plan.own.get((identifier, theme))
    own_id = own.decision_id if own else ""
    if said.added == theme and theme:
        raise _FaultError("value", "the theme to add is the proposed one.", "give it the verdict yes instead.")
    if not theme and said.verdict == "yes" and not said.added:
        raise _FaultError(
            "value", "no theme was proposed to say yes to.", "choose the theme to add, or the verdict no."
        )
    if not theme and said.verdict in ("no", "skip") and said.added:
        raise _FaultError("value", f"it has the verdict {said.verdict} and a theme to add.", "leave out one of them.")
    decides_whole = not theme and said.added  # the theme added says it all
    if decides_whole:
        _plan_one(plan, row.number, said.added, None, "yes", said.force, said.note, said.translation, values)
        return
    if said.verdict:
        force = said.force if said.verdict == "yes" else ""
        if own is None or _differs(own, said.verdict, force, said.note, said.translation):
            if own_id != values["live"]:
                raise _decided(own)
            _plan_one(plan, row.number, theme, own, said.verdict, force, said.note, said.translation, values)
        else:
            plan.n_known += 1
    elif own is not None and values["live"]:
        if own_id != values["live"]:
            raise _decided(own)
        _plan_one(plan, row.number, theme, own, "withdrawn", own.force, own.note, own.translation, values)
    elif values["live"]:
        plan.n_known += 1  # taken back elsewhere as well
    elif not said.added:
        raise _FaultError("value", "it has no verdict.", "choose one, since a note or a force alone decides nothing.")
    if said.added:
        extra = ("", "") if said.verdict else (said.note, said.translation)
        _plan_one(plan, row.number, said.added, None, "yes", said.force, *extra, values)


def _decided(own: Decision | None) -> _FaultError:
    if own is None:
        return _FaultError(
            "decided",
            "what you had decided was taken back elsewhere since the sheet was made.",
            "export the sheet again, and decide there.",
        )
    said = own.verdict + (f", {own.force}" if own.force else "")
    return _FaultError(
        "decided",
        f"you decided otherwise elsewhere since the sheet was made ({own.at[:16]}: {said}).",
        "leave it so, or change it at the desk or in a new sheet.",
    )


def _plan_one(
    plan: _Plan,
    number: int,
    theme: str,
    own: Decision | None,
    verdict: str,
    force: str,
    note: str,
    translation: str,
    values: Mapping[str, str],
) -> None:
    """`own`: the live decision that this changes; of a theme to add it is looked up here."""
    identifier = values["provision_id"]
    if theme != values["theme"]:
        own = plan.own.get((identifier, theme))
        if own is not None:
            if own.verdict == "yes" and force in ("", own.force):
                plan.n_known += 1
                return
            raise _FaultError(
                "decided",
                f"you have decided on the theme to add already ({own.at[:16]}: {own.verdict}).",
                "leave it so, or change it at the desk or in its own row.",
            )
    decision = _decision(plan, identifier, theme, values)
    decision = replace(
        decision,
        verdict=_as_verdict(verdict),
        force=force,
        evidence=own.evidence if own is not None and verdict == own.verdict == "yes" else "[]",
        note=_kept(own.note, note) if own else note,
        translation=_kept(own.translation, translation) if own else translation,
    )
    if (identifier, theme) in plan.planned:
        other, before = plan.planned[identifier, theme]
        if (before.verdict, before.force, before.note) == (decision.verdict, decision.force, decision.note):
            plan.n_known += 1
            return
        raise _FaultError("twice", f"row {other} decides on the same.", "keep one of the two rows.")
    plan.planned[identifier, theme] = (number, decision)
    # The store knows a decision by the provision_id of the run that it was made on.
    stored = plan.stored.get(own.decision_id) if own else None
    expected = stored.decision_id if stored is not None and stored.provision_id == identifier else ""
    plan.rows.append((decision, expected))


def _as_verdict(verdict: str) -> Verdict:
    verdicts: dict[str, Verdict] = {"yes": "yes", "no": "no", "skip": "skip", "withdrawn": "withdrawn"}
    return verdicts[verdict]


def _decision(plan: _Plan, identifier: str, theme: str, values: Mapping[str, str]) -> Decision:
    """A decision with what was shown: of the row's theme as the sheet says, of another as the run says."""
    decision = plan.project.decision(
        identifier, theme, "skip", decision_id=str(uuid.uuid4()), at=plan.at, reviewer=plan.reviewer,
        origin=values["queue"] if values["queue"] in SAMPLES else ORIGIN,
    )  # fmt: skip
    if theme != values["theme"] or not values["machine_probability"]:
        return decision
    try:
        shown = float(values["machine_probability"])
    except ValueError:
        shown = -1.0
    if not 0 <= shown <= 1:
        raise _FaultError("value", "its hidden columns were changed.", "export the sheet again, and decide there.")
    assigned, version = values["machine_assigned"] == "yes", values["model_version"]
    return replace(decision, machine_probability=shown, machine_assigned=assigned, model_version=version)


def plan_sheet(
    rows: Sequence[SheetRow], project: Project, live: Sequence[Decision], reviewer: str, at: str
) -> tuple[list[tuple[Decision, str]], Taken]:
    """The decisions to record, each with the one that it expects to be live, and what to tell. `live`: the reviewer's
    live decisions as stored.
    """
    words = {name: meanings(project, name) for name in ("verdict", "force", "added")}
    own = {(one.provision_id, one.theme): one for one in project.current(live)}
    plan = _Plan(project, reviewer, at, own, {one.decision_id: one for one in live}, words)
    for row in rows:
        before = len(plan.rows)
        planned = dict(plan.planned)
        try:
            _take(plan, row)
        except _FaultError as fault:
            del plan.rows[before:]  # a row enters as a whole or not at all
            plan.planned = planned
            plan.refused.append(Refused(row.number, fault.reason, fault.message, fault.next_step))
    new = tuple(decision for decision, _ in plan.rows)
    n_withdrawn = sum(one.verdict == "withdrawn" for one in new)
    return plan.rows, Taken(new, n_withdrawn, plan.n_known, plan.n_empty, tuple(plan.refused))


def check_reviewer(store: Store, reviewer: str) -> str:
    """The name as it is stored. Raises UsageError where it can't be one, or the store's accounts have no such coder."""
    name = checked_name(reviewer)
    if store.users():
        user = store.user(name)
        if user is None or not user.active or user.role == "administrator":
            raise UsageError(
                f"The review has no active account '{name}' that codes.",
                "give the name of a coder or an adjudicator, see 'policy-scan review user list'.",
            )
    return name


def import_sheet(file: Path, project: Project, store: Store, reviewer: str, shown: str = "") -> Taken:
    """Record what a sheet decides that isn't on record yet: all that can be taken in one transaction.

    `shown`: what messages call the file. Raises UsageError (no review sheet, no such reviewer), StoreError.
    """
    reviewer = check_reviewer(store, reviewer)
    name = shown or str(file)
    rows = read_sheet(file, name)
    made_for = {row.values["reviewer"] for row in rows}
    if rows and reviewer not in made_for:
        names = ", ".join(sorted(map(printable, made_for)))[:120]
        raise UsageError(
            f"{name}: the sheet was made for {names}, not for {reviewer}.",
            "import it with that name, or export a sheet of your own: nobody should see another's decisions.",
        )
    for attempt in range(_ATTEMPTS):
        planned, taken = plan_sheet(rows, project, store.live(reviewer), reviewer, now())
        if not planned:
            break
        try:
            taken = replace(taken, new=tuple(store.record_all(planned)))
            break
        except Conflict:  # somebody with this name decides at the same moment: look again
            if attempt == _ATTEMPTS - 1:
                raise
    store.audit(reviewer, "import", f"{shown or file.name}: {len(taken.new)} new, {len(taken.refused)} refused")
    return taken


def import_lines(file: Path, project: Project, store: Store, reviewer: str | None = None) -> Taken:
    """Record decisions exported as JSON lines, with their own reviewers, times and ids; `reviewer`: only that one's.

    Raises UsageError (a line that can't be read), StoreError.
    """
    decisions = read_decisions(file)
    numbers = _line_numbers(file)
    refused = []
    wanted = []
    for one in decisions:
        if reviewer is not None and one.reviewer != reviewer:
            refused.append(
                Refused(
                    numbers[one.decision_id],
                    "unknown",
                    f"it is a decision of '{printable(one.reviewer)[:60]}'.",
                    "import it under that name, or without --reviewer to take everybody's.",
                )
            )
        else:
            wanted.append(one)
    imported = store.import_decisions(wanted)
    for row, standing in imported.conflicts:
        same_id = row.decision_id == standing.decision_id
        message = (
            "its decision_id stands for another decision here."
            if same_id
            else f"{row.reviewer} decided otherwise here ({standing.at[:16]}: {standing.verdict})."
        )
        step = "give it a decision_id of its own." if same_id else "leave it so, or decide again at the desk."
        refused.append(Refused(numbers[row.decision_id], "decided", message, step))
    stale = sum(one.state == "stale" for one in project.anchor(imported.new)) if imported.new else 0
    store.audit(reviewer or "", "import", f"{file.name}: {len(imported.new)} new, {len(refused)} refused")
    return Taken(
        new=imported.new,
        n_withdrawn=sum(one.verdict == "withdrawn" for one in imported.new),
        n_known=len(imported.known),
        n_empty=0,
        refused=tuple(sorted(refused, key=lambda one: one.row)),
        n_elsewhere=stale,
    )


def _line_numbers(file: Path) -> dict[str, int]:
    """decision_id -> the line where it stands first; the lines are known to be sound."""
    found: dict[str, int] = {}
    for number, line in enumerate(file.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if line.strip():
            found.setdefault(json.loads(line)["decision_id"], number)
    return found
