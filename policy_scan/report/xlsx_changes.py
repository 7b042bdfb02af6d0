"""The sheet of changes: a row per cause of each changed cell, then documents, settings and versions that differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .differences import change_rows
from .xlsx_book import HEADER, Book, row_height

if TYPE_CHECKING:
    from ..comparison import Comparison, ValueChange

_WIDTHS = (8, 26, 18, 36, 36, 16, 46, 48)
_NAME, _BEFORE, _AFTER, _WHAT = 1, 3, 4, 6


def write_changes(book: Book, comparison: Comparison, places: Mapping[tuple[str, str], str]) -> None:
    """What differs from an earlier run; `places`: (theme, jurisdiction) -> the cell of the table to go back to."""
    texts, t = book.texts, book.t
    made = book.sheets["changes"]
    names = [
        texts["back"], texts["theme"], texts["country"], t.gettext("Before"), t.gettext("After"),
        t.gettext("Because of"), t.gettext("What changed"), texts["citation"],
    ]  # fmt: skip
    made.header(names, _WIDTHS)
    keys = [(cell.theme, cell.jurisdiction) for cell in comparison.cells for _ in cell.causes]
    rows = list(zip(keys, change_rows(comparison, book.run, book.language), strict=True))
    shown = rows[: made.room(len(rows))]
    row = HEADER
    for row, (key, one) in enumerate(shown, start=HEADER + 1):
        if key in places:
            made.link(row, 0, book.sheets["state_of_play"], places[key], f"↑ {places[key]}", texts["state_of_play"])
        values = (one.theme, one.country, one.before, one.after, one.cause, one.what, one.citation)
        made.texts(row, values, 1)
        made.sheet.set_row(row, row_height(list(zip(values, _WIDTHS[1:], strict=True))))
    runs = t.gettext("From {before} to {after}").format(before=comparison.before, after=comparison.after)
    same = t.gettext("Nothing changed: documents, configuration, versions and all cells are the same.")
    n_changed = len(comparison.in_both)
    told = t.ngettext("{n} of {total} cells changed", "{n} of {total} cells changed", n_changed)
    counted = told.format(n=n_changed, total=comparison.n_cells) + "."
    made.note(f"{runs}.", same if comparison.unchanged else counted, made.not_shown(len(rows) - len(shown)))
    made.finish(len(shown), len(names), 3)
    if len(shown) == len(rows):
        row = _write_documents(book, comparison, row)
        for title, changes in (
            (t.gettext("Configuration"), comparison.settings), (t.gettext("Versions"), comparison.versions),
        ):  # fmt: skip
            row = _write_values(book, title, changes, row)
        made.sheet.print_area(0, 0, max(row, HEADER + 1), len(names) - 1)


def _heads(book: Book, row: int, heads: Mapping[int, str]) -> None:
    for column, name in heads.items():
        book.sheets["changes"].text(row, column, name, "header")


def _write_documents(book: Book, comparison: Comparison, row: int) -> int:
    """Documents that are new, gone, replaced, or read or described otherwise; returns the last row."""
    made, t, texts = book.sheets["changes"], book.t, book.texts
    kinds = {
        "added": t.gettext("new"),
        "removed": t.gettext("no longer in the corpus"),
        "content": t.gettext("the file was replaced by another of the same name"),
        "status": t.gettext("read otherwise"),
        "described": t.gettext("described otherwise"),
        "moved": t.gettext("moved"),
    }
    if not comparison.documents:
        return row
    row += 2
    _heads(book, row, {_NAME: texts["document"], _BEFORE: texts["path"], _WHAT: t.gettext("What changed")})
    for one in comparison.documents:
        row += 1
        made.text(row, _NAME, one.title)
        made.text(row, _BEFORE, one.path)
        made.text(row, _WHAT, kinds[one.kind])
        made.sheet.set_row(row, row_height([(one.title, _WIDTHS[_NAME]), (one.path, _WIDTHS[_BEFORE])]))
    return row


def _write_values(book: Book, title: str, changes: Sequence[ValueChange], row: int) -> int:
    made, t = book.sheets["changes"], book.t
    if not changes:
        return row
    row += 2
    _heads(book, row, {_NAME: title, _BEFORE: t.gettext("Before"), _AFTER: t.gettext("After")})
    for one in changes:
        row += 1
        for column, value in ((_NAME, one.name), (_BEFORE, one.before), (_AFTER, one.after)):
            made.text(row, column, value)
        made.sheet.set_row(row, row_height([(one.before, _WIDTHS[_BEFORE]), (one.after, _WIDTHS[_AFTER])]))
    return row
