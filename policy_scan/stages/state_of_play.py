"""Stage state_of_play: the table that people read, one row per theme, a status and a citation per jurisdiction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..codebook import Codebook
from ..config import Config
from ..records import Cell


def published_columns(cells: Iterable[Cell], config: Config) -> tuple[str, ...]:
    """The configured jurisdictions, each followed by the columns that `table.levels` gave it in the cells."""
    columns: list[str] = []
    found = dict.fromkeys(cell.jurisdiction for cell in cells)
    for code in config.table.jurisdictions:
        columns.append(code)
        if code in config.table.levels:
            columns += [other for other in found if other.startswith(f"{code}-")]
    return tuple(dict.fromkeys(columns))


def tabulate(cells: Sequence[Cell], config: Config, codebook: Codebook) -> list[dict[str, str]]:
    """Rows of `theme`, then J_status and J_citation for each of the published columns J; one for each active theme.

    The columns depend on the configuration, hence mappings (for `tables.state_of_play_schema`) and not a record.
    Raises KeyError where `cells` lacks one of them: a blank would be read as 'nothing there'.
    """
    by_key = {(cell.theme, cell.jurisdiction): cell for cell in cells}
    rows = []
    for theme in codebook.active:
        row = {"theme": theme}
        for code in published_columns(cells, config):
            cell = by_key[theme, code]
            row[f"{code}_status"], row[f"{code}_citation"] = cell.status, cell.citation
        rows.append(row)
    return rows
