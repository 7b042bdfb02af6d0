"""Tables without rules, found by cells that stand under each other from line to line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_LEAST_ROWS = 3
_SLACK = 0.7
"""Ems that the edges of cells in one column may differ by."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words of one line without a wide gap: `words` are indices, edges in points."""

    words: tuple[int, ...]
    x0: float
    x1: float
    text: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece's place in a table."""

    row: int
    column: int
    piece: Piece


def find_tables(lines: Sequence[Sequence[Piece]], em: float) -> list[tuple[int, int, list[Cell]]]:
    """Tables among the lines of a column, given as pieces: (first line, line after the last, cells row by row).

    A table has three lines of two cells or more at least whose cells share left edges, right edges or middles. A line
    with one piece under a cell other than the first goes on with that cell.
    """
    found: list[tuple[int, int, list[Cell]]] = []
    k = 0
    while k < len(lines):
        end, cells = _table_from(lines, k, em)
        if cells:
            found.append((k, end, cells))
            k = end
        else:
            k += 1
    return found


def _table_from(lines: Sequence[Sequence[Piece]], start: int, em: float) -> tuple[int, list[Cell]]:
    if not _is_row(lines[start]):
        return start, []
    columns = [[piece] for piece in lines[start]]
    cells = [Cell(0, n, piece) for n, piece in enumerate(lines[start])]
    row, full, end = 0, 1, start + 1
    for k in range(start + 1, len(lines)):
        line = lines[k]
        places = [_column_of(piece, columns, em) for piece in line]
        known = [place for place in places if place is not None]
        if len(known) < len(line) or len(set(known)) < len(known):
            break
        if len(line) == 1:
            if known[0] == 0:
                break
            cells.append(Cell(row, known[0], line[0]))
        elif _is_row(line):
            row += 1
            full += 1
            end = k + 1
            cells.extend(Cell(row, place, piece) for place, piece in zip(known, line, strict=True))
        else:
            break
        for place, piece in zip(known, line, strict=True):
            columns[place].append(piece)
        if len(line) == 1:
            end = k + 1
    if full < _LEAST_ROWS:
        return start, []
    return end, sorted(cells, key=lambda cell: (cell.row, cell.column))


def _is_row(line: Sequence[Piece]) -> bool:
    """Two cells or more, the first no mark of a list, the last no page number of a table of contents."""
    if len(line) < 2 or any(not any(char.isalnum() for char in piece.text) for piece in line):
        return False
    first, last = line[0].text, line[-1].text
    if last.isdigit() and len(last) <= 3 and (len(line) == 2 or (len(line) == 3 and first[:1].isdigit())):
        return False
    if len(line) == 2 and len(first) <= 4:
        return False
    return not any(piece.text.startswith("...") or piece.text.endswith("...") for piece in line)


def _column_of(piece: Piece, columns: Sequence[Sequence[Piece]], em: float) -> int | None:
    """The column that the piece stands in: it shares an edge or the middle with a cell and reaches into no other."""
    for n, column in enumerate(columns):
        last = column[-1]
        near = (
            abs(piece.x0 - last.x0) < _SLACK * em
            or abs(piece.x1 - last.x1) < _SLACK * em
            or abs(piece.x0 + piece.x1 - last.x0 - last.x1) < 2 * _SLACK * em
        )
        left = max((cell.x1 for cell in columns[n - 1]), default=0.0) if n else 0.0
        right = min((cell.x0 for cell in columns[n + 1]), default=1e9) if n + 1 < len(columns) else 1e9
        if near and piece.x0 > left - em and piece.x1 < right + em:
            return n
    return None
