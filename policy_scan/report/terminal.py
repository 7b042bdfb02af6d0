"""The state of play on the screen: themes by countries, a symbol and a word in each cell, colour only on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..codebook import Codebook
from ..records import Cell, CellStatus
from ..translation import listed, translations
from .common import ASCII_SYMBOLS, SYMBOLS, short_status

MAX_WIDTH = 100
_THEME_WIDTH = 18
_COLUMN_WIDTHS = (15, 14)
"""The most a column takes, and the most it takes where the first leaves a column over: then 5 fill a line of 100."""
_STYLES: Mapping[CellStatus, str] = {
    "binding": "bold blue", "enabled": "cyan", "committed": "yellow", "described": "", "not_found": "dim",
    "not_searched": "dim",
}  # fmt: skip


def _symbols(console: Console) -> Mapping[CellStatus, str]:
    try:
        "".join(SYMBOLS.values()).encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return ASCII_SYMBOLS
    return SYMBOLS


def _cell(cell: Cell, codebook: Codebook, symbols: Mapping[CellStatus, str], language: str) -> Text:
    mark = "!" if cell.search_incomplete and not cell.n_provisions else ""
    count = f" {cell.n_provisions}" if cell.n_provisions else ""
    text = f"{symbols[cell.status]}{mark} {short_status(codebook, cell.status, language)}{count}"
    return Text(text, style=_STYLES[cell.status])


def print_state_of_play(
    console: Console, cells: Sequence[Cell], codebook: Codebook, columns: Sequence[str], language: str = "en"
) -> None:
    """Print the columns' cells in tables of at most 100 characters (or the console's width), then the legend.

    The number after a word counts the provisions that support it; '!' says that the search was incomplete.
    """
    t = translations(language)
    symbols = _symbols(console)
    if not console.is_terminal:  # a pipe has no width: Rich would take 80 and split the table
        console = Console(file=console.file, width=MAX_WIDTH, color_system=None)
    width = min(console.width, MAX_WIDTH)
    shown = {(cell.theme, cell.jurisdiction): _cell(cell, codebook, symbols, language) for cell in cells}
    themes = tuple(dict.fromkeys(cell.theme for cell in cells))
    # A column takes its width, its padding and a rule; the table's edges take what the last column doesn't need.
    room = width - _THEME_WIDTH - 2
    for most in _COLUMN_WIDTHS:
        widths = {column: max([8, *(min(most, len(shown[theme, column])) for theme in themes)]) for column in columns}
        fits = sum(widths.values()) + 2 * len(widths) <= room
        if fits:
            break
    per_table = max(1, len(columns) if fits else room // (max(widths.values()) + 2))
    for start in range(0, len(columns), per_table):
        some = columns[start : start + per_table]
        table = Table(box=box.SIMPLE_HEAD if symbols is SYMBOLS else box.ASCII2, padding=(0, 1, 0, 0), pad_edge=False)
        table.add_column(t.gettext("Theme"))
        for column in some:
            table.add_column(column, max_width=widths[column], min_width=widths[column])
        for theme in themes:
            table.add_row(Text(codebook.themes[theme].label(language)), *(shown[theme, column] for column in some))
        console.print(table, width=width)
    names = [f"{symbols[status]} {codebook.status_name(status, language)}" for status in SYMBOLS]
    names.append(f"! {t.gettext('search incomplete')}")
    console.print(Text(t.gettext("Legend: {names}").format(names=listed(names, language))), width=width)
