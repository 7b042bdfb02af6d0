"""The table and its evidence as CSV and Parquet, with names in the reader's language, to open in a spreadsheet or R.

These are for reading: text that begins like a formula gets an apostrophe in CSV. The run's own tables stay as they are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from ..tables import csv_bytes, parquet_bytes, write_atomic
from .common import (
    Evidence,
    RunData,
    cell_citations,
    citation_of,
    list_evidence,
    printable,
    quotation,
    relative_pdf,
    theme_name,
)

_EVIDENCE = pa.schema(
    [
        ("theme", pa.string()), ("theme_name", pa.string()), ("jurisdiction", pa.string()), ("standing", pa.string()),
        ("status", pa.string()), ("force", pa.string()), ("rank", pa.int64()), ("probability", pa.float64()),
        ("quotation", pa.string()), ("citation", pa.string()), ("document", pa.string()), ("doc_type", pa.string()),
        ("date", pa.string()), ("page_first", pa.int64()), ("page_last", pa.int64()), ("language", pa.string()),
        ("text_source", pa.string()), ("pdf", pa.string()), ("provision_id", pa.string()), ("doc_id", pa.string()),
        ("unsure", pa.bool_()), ("terms", pa.string()), ("coded_by", pa.string()),
    ]
)  # fmt: skip


def table_of_cells(run: RunData, language: str) -> pa.Table:
    """The state of play of all jurisdictions, the EU too where the corpus has it: each theme's name, and of each cell
    the status as key and in words, the citation, counts, and how far it was searched and reviewed.
    """
    cells = {(cell.theme, cell.jurisdiction): cell for cell in run.cells}
    citations = cell_citations(run, language)
    columns: dict[str, Sequence[str | int]] = {
        "theme": list(run.themes),
        "theme_name": [theme_name(run, theme, language) for theme in run.themes],
    }
    for code in run.all_columns:
        own = [cells[theme, code] for theme in run.themes]
        columns[f"{code}_status"] = [cell.status for cell in own]
        columns[f"{code}_status_name"] = [run.codebook.status_name(cell.status, language) for cell in own]
        columns[f"{code}_citation"] = [citations[theme, code] for theme in run.themes]
        columns[f"{code}_provisions"] = [cell.n_provisions for cell in own]
        columns[f"{code}_documents"] = [cell.n_documents for cell in own]
        columns[f"{code}_to_check"] = [cell.n_to_check for cell in own]
        columns[f"{code}_search_incomplete"] = [cell.search_incomplete for cell in own]
        columns[f"{code}_review"] = [cell.review_state for cell in own]
        columns[f"{code}_reviewed"] = [cell.n_reviewed for cell in own]
    return pa.table(columns)


def _terms(item: Evidence) -> list[tuple[int, int, str]]:
    """The lexicon's terms in the evidence: where they stand in the provision's text, and their concept."""
    found: list[tuple[int, int, str]] = json.loads(item.coding.terms or "[]")
    return found


def table_of_evidence(run: RunData, language: str, folder: Path) -> pa.Table:
    """A row per provision, theme and jurisdiction, best first in each cell; `pdf` is relative to `folder`."""
    rows = [
        {
            "theme": item.theme,
            "theme_name": theme_name(run, item.theme, language),
            "jurisdiction": item.jurisdiction,
            "standing": item.standing,
            "status": item.status,
            "force": item.coding.force,
            "rank": item.coding.rank,
            "probability": item.coding.probability,
            "quotation": quotation(item),
            "citation": citation_of(item, language),
            "document": printable(item.document.title),
            "doc_type": item.document.doc_type,
            "date": item.provision.act_date or item.document.date,
            "page_first": item.provision.page_first,
            "page_last": item.provision.page_last,
            "language": item.provision.language,
            "text_source": item.provision.text_source,
            "pdf": relative_pdf(run, item.document, folder),
            "provision_id": item.provision.provision_id,
            "doc_id": item.document.doc_id,
            "unsure": item.coding.unsure,
            "terms": "; ".join(dict.fromkeys(printable(item.provision.text[a:b]) for a, b, _ in _terms(item))),
            "coded_by": item.coding.method,
        }
        for item in list_evidence(run)
    ]
    return pa.Table.from_pylist(rows, schema=_EVIDENCE)


def defused(table: pa.Table) -> pa.Table:
    """Text that a spreadsheet would take for a formula begins with an apostrophe (OWASP, 'CSV injection')."""
    for index, field in enumerate(table.schema):
        if field.type == pa.string():
            values = [
                f"'{value}" if value.lstrip()[:1] in ("=", "+", "-", "@", "\t") else value
                for value in table.column(index).to_pylist()
            ]
            table = table.set_column(index, field, pa.array(values, pa.string()))
    return table


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.stem}_evidence{path.suffix}")


def export_csv(run: RunData, language: str, path: Path) -> list[Path]:
    """Write `path` (the table) and `<stem>_evidence.csv` beside it. Raises OSError."""
    write_atomic(path, csv_bytes(defused(table_of_cells(run, language))))
    write_atomic(_beside(path), csv_bytes(defused(table_of_evidence(run, language, path.parent))))
    return [path, _beside(path)]


def export_parquet(run: RunData, language: str, path: Path) -> list[Path]:
    """Write `path` (the table) and `<stem>_evidence.parquet` beside it. Raises OSError."""
    write_atomic(path, parquet_bytes(table_of_cells(run, language)))
    write_atomic(_beside(path), parquet_bytes(table_of_evidence(run, language, path.parent)))
    return [path, _beside(path)]
