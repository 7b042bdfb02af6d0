"""What changed between two runs, in words: on the screen, as JSON, and as rows for the workbook."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from gettext import NullTranslations
from itertools import groupby

from rich.console import Console
from rich.text import Text

from ..citations import format_date
from ..comparison import ABSENT, Cause, CellChange, CellState, Comparison, DocumentChange, ValueChange
from ..translation import listed, translations
from .common import SYMBOLS, RunData, jurisdiction_name, printable, short_status, theme_name
from .words import words

MAX_DOCUMENTS = 30
MAX_CAUSES = 5
"""Documents, and causes of a cell, told on the screen; JSON has all."""
_KEY_CHARACTERS = 12
_HASHES = ("codebook_key", "classifier_key")


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One cause of one changed cell, every field ready to show."""

    theme: str
    country: str
    before: str
    after: str
    cause: str
    what: str
    citation: str


def _kind_names(t: NullTranslations) -> Mapping[str, str]:
    return {
        "document": t.pgettext("cause", "document"),
        "provision": t.pgettext("cause", "provision"),
        "code": t.pgettext("cause", "code"),
        "decision": t.pgettext("cause", "decision"),
        "configuration": t.pgettext("cause", "configuration"),
        "model": t.pgettext("cause", "model"),
        "program": t.pgettext("cause", "version of policy_scan"),
        "unknown": t.pgettext("cause", "unknown"),
    }


def _value_names(t: NullTranslations) -> Mapping[str, str]:
    return {
        ABSENT: t.pgettext("document", "not in the corpus"),
        "ok": t.pgettext("document", "read"),
        "partial": t.pgettext("document", "read in part"),
        "failed": t.pgettext("document", "could not be read"),
        "excluded": t.pgettext("document", "left out"),
        "yes": t.pgettext("verdict", "accepted"),
        "no": t.pgettext("verdict", "rejected"),
        "disputed": t.pgettext("verdict", "disputed"),
    }


def _field_names(t: NullTranslations) -> Mapping[str, str]:
    return {
        "title": t.pgettext("field", "title"),
        "issuer": t.pgettext("field", "issuer"),
        "date": t.pgettext("field", "date"),
        "doc_type": t.pgettext("field", "type"),
        "legal_status": t.pgettext("field", "legal status"),
        "in_force": t.pgettext("field", "in force from"),
        "repealed": t.pgettext("field", "repealed on"),
        "jurisdictions": t.pgettext("field", "jurisdictions"),
        "language": t.pgettext("field", "language"),
        "path": t.pgettext("field", "path"),
        "other_paths": t.pgettext("field", "copies"),
        "status": t.pgettext("field", "reading"),
        "exclude_reason": t.pgettext("field", "reason for leaving out"),
        "act_type": t.pgettext("field", "type of the act"),
        "act_date": t.pgettext("field", "date of the act"),
    }


def _move(t: NullTranslations, before: str, after: str) -> str:
    nothing = t.pgettext("value", "none")
    return t.gettext("{before} → {after}").format(before=before or nothing, after=after or nothing)


def _valued(t: NullTranslations, name: str, move: str) -> str:
    """'type: report → law', with the colon as the language sets it."""
    return t.gettext("{name}: {n}").format(name=name, n=move)


def _in_words(name: str, value: str, language: str) -> str:
    """A value of a column, verdict or setting as readers know it; text of documents as it is."""
    if name in ("presence", "status", "verdict"):
        return _value_names(translations(language)).get(value, value)
    if name in ("doc_type", "act_type", "legal_status"):
        return words(language).get(value, value)
    if name in ("date", "act_date", "in_force", "repealed", "table.as_of"):
        return format_date(value, language)
    return value


def _moved(name: str, before: str, after: str, language: str) -> str:
    return _move(translations(language), *(_in_words(name, value, language) for value in (before, after)))


def what(cause: Cause, run: RunData, language: str) -> str:
    """A cause in words, without its kind: 'theme no longer assigned', 'type: report → law'."""
    t = translations(language)
    fields = _field_names(t)
    move = _moved(cause.aspect, cause.before, cause.after, language)
    match cause.kind, cause.aspect:
        case "document", "presence" if cause.before == ABSENT:
            said = t.gettext("new in the corpus ({state})").format(state=_in_words("presence", cause.after, language))
        case "document", "presence" if cause.after == ABSENT:
            said = t.gettext("no longer in the corpus")
        case "document", "presence":
            said = move
        case "document", "content":
            said = t.gettext("the file was replaced by another of the same name")
        case "provision", "presence":
            said = t.gettext("no longer found in the document") if cause.before else t.gettext("found in the document")
        case "provision", "text":
            said = t.gettext("its text is read or cut otherwise")
        case "provision", "parallel":
            said = t.gettext("matched otherwise with its versions in other languages")
        case "decision", "verdict":
            said = t.gettext("reviewers: {change}").format(change=move)
        case "decision", "force":
            forces = [run.codebook.force_name(one, language) if one else "" for one in (cause.before, cause.after)]
            said = t.gettext("force by reviewers: {change}").format(change=_move(t, *forces))
        case _, "codebook":
            said = t.gettext("the codebook has the theme only in one of the runs")
        case _, "assigned":
            said = t.gettext("theme assigned") if cause.after == "true" else t.gettext("theme no longer assigned")
        case _, "force":
            forces = [run.codebook.force_name(one, language) if one else "" for one in (cause.before, cause.after)]
            said = t.gettext("force: {change}").format(change=_move(t, *forces))
        case _, "probability":
            said = t.gettext("probability: {change}").format(change=move)
        case _, "rank":
            said = t.gettext("rank among the provision's themes: {change}").format(change=move)
        case _, "threshold":
            said = t.gettext("threshold of cells: {change}").format(change=move)
        case "unknown", _:
            said = t.gettext("the tables don't tell why")
        case _:
            said = _valued(t, fields.get(cause.aspect, cause.aspect), move)
    if cause.because:
        said = f"{said} ({cause.because})"
    if cause.n_provisions > 1:
        n = t.ngettext("{n} provision", "{n} provisions", cause.n_provisions).format(n=cause.n_provisions)
        said = f"{said} ({n})"
    return printable(_valued(t, cause.path, said) if cause.kind == "document" else said)


def state_words(state: CellState | None, run: RunData, language: str) -> str:
    """'● binding, 3 provisions in 2 documents'; a dash where the run has no such cell."""
    if state is None:
        return "–"
    t = translations(language)
    said = f"{SYMBOLS[state.status]} {short_status(run.codebook, state.status, language)}"
    if state.n_provisions:
        n, m = state.n_provisions, state.n_documents
        provisions = t.ngettext("{n} provision", "{n} provisions", n).format(n=n)
        documents = t.ngettext("{n} document", "{n} documents", m).format(n=m)
        said += ", " + t.gettext("{provisions} in {documents}").format(provisions=provisions, documents=documents)
    if state.n_to_check:
        said += ", " + t.gettext("{n} to check").format(n=state.n_to_check)
    if state.search_incomplete:
        said += ", " + t.gettext("search incomplete")
    reviews = {
        "part": t.gettext("reviewed in part"), "all": t.gettext("reviewed"), "disputed": t.gettext("disputed"),
    }  # fmt: skip
    return said + (f", {reviews[state.review_state]}" if state.review_state in reviews else "")


def change_rows(comparison: Comparison, run: RunData, language: str = "en") -> list[ChangeRow]:
    """A row per changed cell and cause, in the order of the table. `run` is the later one: it lends its names."""
    kinds = _kind_names(translations(language))
    return [
        ChangeRow(
            theme=theme_name(run, cell.theme, language),
            country=jurisdiction_name(cell.jurisdiction, language),
            before=state_words(cell.before, run, language),
            after=state_words(cell.after, run, language),
            cause=kinds[cause.kind],
            what=what(cause, run, language),
            citation=printable(cause.citation),
        )
        for cell in comparison.cells
        for cause in cell.causes
    ]


def as_json(comparison: Comparison) -> str:
    content = {"changed": not comparison.unchanged, **asdict(comparison)}
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _shortened(change: ValueChange) -> ValueChange:
    if change.name not in _HASHES:
        return change
    return ValueChange(change.name, change.before[:_KEY_CHARACTERS], change.after[:_KEY_CHARACTERS])


def _document_line(change: DocumentChange, language: str) -> str:
    t = translations(language)
    fields = _field_names(t)
    moves = [
        _valued(t, fields[one.name], _moved(one.name, one.before, one.after, language))
        for one in change.values
        if one.name in fields
    ]
    match change.kind:
        case "added":
            said = t.gettext("new")
        case "removed":
            said = t.gettext("no longer in the corpus")
        case "content":
            said = t.gettext("the file was replaced by another of the same name")
        case _:
            said = listed(moves, language)
    return printable(_valued(t, change.path, said))


def print_comparison(console: Console, comparison: Comparison, run: RunData, language: str = "en") -> None:
    """The whole comparison for people: what was compared, documents, settings and versions, then cells by theme."""
    t = translations(language)

    def line(text: str, style: str = "", indent: int = 0) -> None:
        console.print(Text(" " * indent + text, style=style), soft_wrap=True)

    line(t.gettext("From {before} to {after}").format(before=comparison.before, after=comparison.after), "bold")
    if comparison.unchanged:
        line(t.gettext("Nothing changed: documents, configuration, versions and all cells are the same."))
        return
    both = comparison.in_both
    n = len(both)
    if n:
        changed = t.ngettext("{n} of {total} cells changed", "{n} of {total} cells changed", n)
        n_status = sum(1 for one in both if _status(one.before) != _status(one.after))
        other = t.ngettext("{n} of them has another status", "{n} of them have another status", n_status)
        line(listed((changed.format(n=n, total=comparison.n_cells), other.format(n=n_status)), language))
    else:
        line(t.gettext("No cell changed that both runs have."))
    if comparison.documents:
        line("\n" + t.gettext("Documents"), "bold")
        for document in comparison.documents[:MAX_DOCUMENTS]:
            line(_document_line(document, language), indent=2)
        rest = max(0, len(comparison.documents) - MAX_DOCUMENTS)
        if rest:
            more = t.ngettext("… and {n} more: --json lists it", "… and {n} more: --json lists them", rest)
            line(more.format(n=rest), "dim", 2)
    for title, changes in (
        (t.gettext("Configuration"), comparison.settings), (t.gettext("Versions"), comparison.versions),
    ):  # fmt: skip
        if changes:
            line("\n" + title, "bold")
        thresholds = [one for one in changes if one.name.startswith("cell_thresholds.")]
        for one in (_shortened(one) for one in changes if one not in thresholds):
            line(_valued(t, one.name, _moved(one.name, one.before, one.after, language)), indent=2)
        if n := len(thresholds):
            themes = t.ngettext("thresholds of cells: {n} theme", "thresholds of cells: {n} themes", n)
            line(themes.format(n=n), indent=2)
    columns = [
        (t.gettext("no longer a column: {place}"), comparison.columns_gone),
        (t.gettext("a new column: {place}"), comparison.columns_new),
    ]
    if comparison.columns_gone or comparison.columns_new:
        line("\n" + t.gettext("Columns"), "bold")
    for sentence, codes in columns:
        for code in codes:
            line(sentence.format(place=jurisdiction_name(code, language)), indent=2)
    apart = {*comparison.columns_gone, *comparison.columns_new}
    shown = [cell for cell in comparison.cells if cell.jurisdiction not in apart]
    for theme, cells in groupby(shown, key=lambda cell: cell.theme):
        line("\n" + theme_name(run, theme, language), "bold")
        for cell in cells:
            _print_cell(console, cell, run, language)


def _status(state: CellState | None) -> str:
    return state.status if state else ""


def _print_cell(console: Console, cell: CellChange, run: RunData, language: str) -> None:
    t = translations(language)
    kinds = _kind_names(t)
    move = _move(t, state_words(cell.before, run, language), state_words(cell.after, run, language))
    other = _status(cell.before) != _status(cell.after)
    told = _valued(t, jurisdiction_name(cell.jurisdiction, language), move)
    console.print(Text(f"  {told}", style="bold" if other else ""), soft_wrap=True)
    for cause in cell.causes[:MAX_CAUSES]:
        text = Text(f"    {_valued(t, kinds[cause.kind], what(cause, run, language))}")
        if cause.citation:
            text.append(f" – {printable(cause.citation)}", style="dim")
        console.print(text, soft_wrap=True)
    _tell_rest(console, cell.causes[MAX_CAUSES:], t)


def _tell_rest(console: Console, causes: Sequence[Cause], t: NullTranslations) -> None:
    if causes:
        n = len(causes)
        more = t.ngettext("… and {n} more cause: --json lists it", "… and {n} more causes: --json lists them", n)
        console.print(Text("    " + more.format(n=n), style="dim"), soft_wrap=True)
