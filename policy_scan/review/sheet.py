"""A queue as an Excel sheet for reviewers who prefer one: written here, read again by `sheet_import`.

One row per item: what the machine proposes, and cells for the verdict, the force, a theme that it overlooked, a note
and a translation. All other cells are locked. A hidden row names the columns, so that the sheet is understood whatever
its language and the order of its columns; hidden columns say what the row is about, which text was shown and which
decision the reviewer had then.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..as_of import documents_at
from ..citations import cite
from ..decisions import text_hash
from ..records import FORCES, Coding, Decision, Document, Provision
from ..report.common import Evidence, jurisdiction_name, printable, quotation, theme_name
from ..report.words import words
from ..report.xlsx_book import MAX_CELL, Book, Sheet, like_formula, make_formats, row_height
from ..stages.cells import status_of
from ..translation import LANGUAGES, translations
from .project import Project
from .queues import QueueItem, why_words

FORMAT = "policy_scan review sheet 1"
"""Stands in the first hidden cell: a sheet of another format is refused."""
KEYS_ROW, HEADER_ROW = 2, 3
"""From 0: the hidden row of the columns' names, and the header below it."""
VERDICTS = ("yes", "no", "skip")
_LEAST_LINES, _MOST_HEIGHT = 40.0, 240.0
_QUOTATION, _PASSAGE = 52, 60


@dataclass(frozen=True, slots=True)
class Column:
    key: str
    title: str
    width: float
    kind: str
    """shown, asked (the reviewer's) or hidden."""


def columns(language: str) -> tuple[Column, ...]:
    """The sheet's columns in order."""
    t, names = translations(language), words(language)
    return (
        Column("number", t.gettext("No."), 6, "shown"),
        Column("country", names["country"], 12, "shown"),
        Column("citation", names["citation"], 30, "shown"),
        Column("page", names["page"], 7, "shown"),
        Column("quotation", names["quotation"], _QUOTATION, "shown"),
        Column("passage", names["passage"], _PASSAGE, "shown"),
        Column("theme_name", t.gettext("Proposed theme"), 22, "shown"),
        Column("probability", names["probability"], 11, "shown"),
        Column("force_name", t.gettext("Proposed force"), 13, "shown"),
        Column("why", t.gettext("Why here"), 18, "shown"),
        Column("verdict", t.gettext("Your verdict"), 11, "asked"),
        Column("force", t.gettext("Another force"), 14, "asked"),
        Column("added", t.gettext("Theme to add"), 24, "asked"),
        Column("note", t.gettext("Note"), 34, "asked"),
        Column("translation", t.gettext("Translation"), 40, "asked"),
        *(Column(key, key, 10, "hidden") for key in HIDDEN),
    )


HIDDEN = ("provision_id", "theme", "text_hash", "live", "machine_probability", "machine_assigned", "model_version",
          "queue", "reviewer")  # fmt: skip
ASKED = ("verdict", "force", "added", "note", "translation")


def verdict_words(language: str) -> dict[str, str]:
    """yes, no and skip in words."""
    t = translations(language)
    return {
        "yes": t.pgettext("verdict", "yes"),
        "no": t.pgettext("verdict", "no"),
        "skip": t.pgettext("verdict", "skip"),
    }


def shown_in_cell(text: str) -> str:
    """A reviewer's text as a cell shows it, to fill it in and to see whether it was changed there."""
    return printable(text).replace("\r\n", "\n").replace("\r", "\n").strip()[:MAX_CELL]


def force_word(project: Project, force: str, language: str) -> str:
    return project.run.codebook.force_name(force, language) if force else ""


def meanings(project: Project, what: str) -> dict[str, str]:
    """What a reviewer may write in a column -> what it means: names in every language, and the codes themselves."""
    found: dict[str, str] = {}
    for language in LANGUAGES:
        if what == "verdict":
            found |= {word.casefold(): code for code, word in verdict_words(language).items()}
        elif what == "force":
            found |= {force_word(project, code, language).casefold(): code for code in FORCES}
        else:
            found |= {theme_name(project.run, code, language).casefold(): code for code in project.run.themes}
    codes: Mapping[str, Sequence[str]] = {"verdict": VERDICTS, "force": FORCES, "added": project.run.themes}
    return found | {code: code for code in codes[what]}


@dataclass(frozen=True, slots=True)
class _Row:
    """An item with all that its row shows."""

    item: QueueItem
    provision: Provision
    document: Document
    coding: Coding | None
    own: Decision | None


def _rows(project: Project, items: Iterable[QueueItem], own: Iterable[Decision]) -> list[_Row]:
    documents = {one.doc_id: one for one in documents_at(project.run.documents, project.run.config.table.as_of)}
    decided = {(one.provision_id, one.theme): one for one in own}
    found: dict[tuple[str, str], _Row] = {}
    for item in items:
        provision = project.provisions[item.provision_id]
        # A row for each theme of the provision, as the desk shows all that was proposed for it.
        first = (item.theme,) if item.theme else ()
        for theme in dict.fromkeys((*first, *project.assigned[item.provision_id])) or ("",):
            found.setdefault(
                (item.provision_id, theme),
                _Row(
                    QueueItem(item.provision_id, theme, item.score, item.why),
                    provision,
                    documents[provision.doc_id],
                    project.codings.get(item.provision_id, {}).get(theme),
                    decided.get((item.provision_id, theme)),
                ),
            )
    return list(found.values())


def _quoted(row: _Row) -> str:
    if row.coding is None or not row.coding.assigned:
        return ""
    status = status_of(row.document, row.provision, row.coding.force)
    evidence = Evidence(
        row.item.theme, row.document.jurisdiction, "evidence", status, row.coding, row.provision, row.document
    )
    return quotation(evidence)


def write_sheet(
    project: Project,
    items: Iterable[QueueItem],
    reviewer: str,
    own: Iterable[Decision],
    language: str = "en",
    folder: Path | None = None,
    queue: str = "",
) -> bytes:
    """The workbook. `own`: the reviewer's live decisions on this run (Project.current), which fill the cells again;
    nobody else's enter. `folder`: where the workbook will stand, so that pages link to the PDFs; None = no links.
    """
    import xlsxwriter

    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    workbook = xlsxwriter.Workbook(stream, options)
    t = translations(language)
    formats = make_formats(workbook) | _formats(workbook)
    book = Book(workbook, project.run, language, folder or project.output, words(language), t, formats)
    sheet = book.add("review", t.gettext("To review"), t.gettext("Passages to review"))
    about = columns(language)
    place = {column.key: at for at, column in enumerate(about)}
    _head(sheet, about)
    rows = _rows(project, items, [one for one in own if one.reviewer == reviewer])
    first = HEADER_ROW + 1
    for at, row in enumerate(rows, start=first):
        _write(sheet, place, at, row, reviewer, language, queue, linked=folder is not None)
    last = first + max(len(rows), 1) - 1
    _choices(sheet, project, language, place, first, last)
    n = len(rows)
    sheet.note(
        t.ngettext("{n} row for {reviewer}.", "{n} rows for {reviewer}.", n).format(n=n, reviewer=printable(reviewer)),
        t.gettext(
            "Fill in the white columns only: a verdict on the proposed theme; another force, a theme to add, a note "
            "or a translation where you like. Rows without a verdict stay as they are. An emptied verdict takes back "
            "what you decided."
        ),
    )
    sheet.sheet.autofilter(HEADER_ROW, 0, last, place["translation"])
    sheet.sheet.freeze_panes(first, place["citation"])
    sheet.page()
    for key in HIDDEN:
        sheet.sheet.set_column(place[key], place[key], 10, None, {"hidden": True})
    sheet.sheet.protect(
        "", {"format_columns": True, "format_rows": True, "autofilter": True, "sort": True, "insert_hyperlinks": False}
    )
    workbook.close()
    return stream.getvalue()


def _formats(workbook: Any) -> dict[str, Any]:
    base = {"font_size": 9, "valign": "top", "text_wrap": True, "locked": False, "num_format": "@",
            "border": 1, "border_color": "#808080", "bg_color": "#FFFFFF"}  # fmt: skip
    return {
        "asked": workbook.add_format(base),
        "asked_quoted": workbook.add_format({**base, "quote_prefix": True}),
        "shown": workbook.add_format({"font_size": 9, "valign": "top", "text_wrap": True, "bg_color": "#F4F4F4"}),
    }


def _head(sheet: Sheet, about: Sequence[Column]) -> None:
    sheet.header([one.title for one in about], [one.width for one in about], HEADER_ROW)
    for at, one in enumerate(about):
        sheet.sheet.write_string(KEYS_ROW, at, one.key)
    sheet.sheet.write_string(KEYS_ROW, len(about), FORMAT)
    sheet.sheet.set_column(len(about), len(about), 10, None, {"hidden": True})
    sheet.sheet.set_row(KEYS_ROW, None, None, {"hidden": True})


def _write(
    sheet: Sheet, place: Mapping[str, int], at: int, row: _Row, reviewer: str, language: str, queue: str, linked: bool
) -> None:
    project_run = sheet.whole.run
    coding, own = row.coding, row.own
    quoted = _quoted(row)
    shown = {
        "country": jurisdiction_name(row.document.jurisdiction, language),
        "citation": printable(cite(row.document, row.provision, language)),
        "quotation": quoted,
        "passage": row.provision.text,
        "theme_name": theme_name(project_run, row.item.theme, language) if row.item.theme else "",
        "force_name": project_run.codebook.force_name(coding.force, language) if coding and coding.force else "",
        "why": why_words(row.item.why, language),
    }
    sheet.number(at, place["number"], at - HEADER_ROW)
    for key, value in shown.items():
        sheet.text(at, place[key], value)
    if linked:
        sheet.link_page(at, place["page"], row.document, row.provision.page_first)
    else:
        sheet.number(at, place["page"], row.provision.page_first)
    if coding is not None:
        sheet.number(at, place["probability"], round(coding.probability, 4), "probability")
    asked = dict.fromkeys(ASKED, "")
    if own is not None:
        asked |= {
            "verdict": verdict_words(language).get(own.verdict, ""),
            "force": project_run.codebook.force_name(own.force, language) if own.force else "",
            "note": own.note,
            "translation": own.translation,
        }
    for key, value in asked.items():
        _ask(sheet, at, place[key], value)
    hidden = {
        "provision_id": row.provision.provision_id,
        "theme": row.item.theme,
        "text_hash": text_hash(row.provision.text),
        "live": own.decision_id if own else "",
        "machine_probability": "" if coding is None else repr(coding.probability),
        "machine_assigned": "yes" if coding is not None and coding.assigned else "no",
        "model_version": coding.model_version if coding else "",
        "queue": queue,
        "reviewer": reviewer,
    }
    for key, value in hidden.items():
        sheet.sheet.write_string(at, place[key], value)
    sheet.sheet.set_row(
        at,
        max(
            _LEAST_LINES,
            row_height([(quoted, _QUOTATION), (row.provision.text, _PASSAGE)], most=_MOST_HEIGHT),
        ),
    )


def _ask(sheet: Sheet, row: int, column: int, value: str) -> None:
    formats = sheet.whole.formats
    value = shown_in_cell(value)
    if value:
        sheet.sheet.write_string(row, column, value, formats["asked_quoted" if like_formula(value) else "asked"])
    else:
        sheet.sheet.write_blank(row, column, None, formats["asked"])


def _choices(sheet: Sheet, project: Project, language: str, place: Mapping[str, int], first: int, last: int) -> None:
    """Lists to choose from. Excel holds 255 characters in a list of its own, so that they stand on a hidden sheet."""
    t = translations(language)
    lists = {
        "verdict": list(verdict_words(language).values()),
        "force": [force_word(project, code, language) for code in FORCES],
        "added": [theme_name(project.run, code, language) for code in project.run.themes],
    }
    name = "lists"
    hidden = sheet.whole.book.add_worksheet(name)
    hidden.hide()
    for at, (key, values) in enumerate(lists.items()):
        for row, value in enumerate(values):
            hidden.write_string(row, at, value)
        letter = "ABC"[at]
        sheet.sheet.data_validation(
            first, place[key], last, place[key],
            {
                "validate": "list",
                "source": f"={name}!${letter}$1:${letter}${max(len(values), 1)}",
                "error_title": t.gettext("Not in the list"),
                "error_message": t.gettext("Choose a value of the list, or leave the cell empty."),
            },
        )  # fmt: skip
