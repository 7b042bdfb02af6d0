"""Stage state_of_play: the table that people read, one row per theme, a status and a citation per jurisdiction."""

from __future__ import annotations

from collections.abc import Sequence

from ..codebook import Codebook
from ..config import Config
from ..records import Cell


def tabulate(cells: Sequence[Cell], config: Config, codebook: Codebook) -> list[dict[str, str]]:
    """Rows of `theme`, then J_status and J_citation for each configured jurisdiction J; one for each active theme.

    The columns depend on the configuration, hence mappings (for `tables.state_of_play_schema`) and not a record.
    Raises KeyError where `cells` lacks one of them: a blank would be read as 'nothing there'.
    """
    by_key = {(cell.theme, cell.jurisdiction): cell for cell in cells}
    rows = []
    for theme in codebook.active:
        row = {"theme": theme}
        for code in config.table.jurisdictions:
            cell = by_key[theme, code]
            row[f"{code}_status"], row[f"{code}_citation"] = cell.status, cell.citation
        rows.append(row)
    return rows
