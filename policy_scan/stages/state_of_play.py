"""Stage state_of_play: the table that people read, one row per theme, a status and a citation per jurisdiction."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from ..codebook import Codebook
from ..config import Config
from ..records import Cell
from ..tables import state_of_play_schema


def tabulate(cells: Sequence[Cell], config: Config, codebook: Codebook) -> pa.Table:
    """`theme`, then J_status and J_citation for each configured jurisdiction J; a row for each active theme.

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
    return pa.Table.from_pylist(rows, schema=state_of_play_schema(config.table.jurisdictions))
