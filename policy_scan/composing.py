"""From blocks of drafts to a page's final text and its lines, hyphens joined; nothing changes the text afterwards."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from . import text as txt
from .lines import Draft, Group
from .pdf import Sheet
from .records import Line


def vocabulary(pages: Iterable[Sequence[Group]]) -> set[str]:
    """Folded words, and compounds with a hyphen, that stand whole inside lines."""
    known: set[str] = set()
    for groups in pages:
        for group in groups:
            for line in group.lines:
                tokens = line.text.split()
                if tokens and tokens[-1][-1:] in txt.HYPHENS:
                    tokens.pop()
                known.update(tokens)
    return {txt.fold(token).strip(".,;:()«»\"'!?") for token in known}


def compose(
    doc_id: str, sheet: Sheet, groups: Sequence[Group], known: Collection[str]
) -> tuple[str, list[Line]]:  # fmt: skip
    """The page's text and its lines, whose slices of it are final.

    Lines of a paragraph are joined by a space, or by nothing where a word was broken; blocks and rows of a table are
    parted by a line feed, cells of a row by ' | '.
    """
    parts: list[str] = []
    length = 0
    lines: list[Line] = []
    for block, group in enumerate(groups):
        glue = "\n" if block else ""
        for k, draft in enumerate(group.lines):
            parts.append(glue)
            length += len(glue)
            string, edges = draft.text, draft.edges
            if k + 1 < len(group.lines):
                glue, dropped = _glue(draft, group.lines[k + 1], known)
                if dropped:
                    string, edges = string[:-1], edges[:-1]
            string = _printed_hyphens(string)
            lines.append(_line(doc_id, sheet, draft, len(lines), block, group.role, length, string, edges))
            parts.append(string)
            length += len(string)
    return "".join(parts), lines


def _line(
    doc_id: str, sheet: Sheet, draft: Draft, number: int, block: int, role: str, start: int, string: str,
    edges: list[float],
) -> Line:  # fmt: skip
    width, height = sheet.width, sheet.height
    x0, y0, x1, y1 = draft.box or (draft.x0, draft.y0, draft.x1, draft.y1)
    x0, x1 = min(max(x0, 0.0), width), min(max(x1, 0.0), width)
    y0, y1 = min(max(y0, 0.0), height), min(max(y1, 0.0), height)
    if draft.box is not None:
        edges = [x0] * len(string) + [x1]
    return Line(doc_id, sheet.number, number, start, start + len(string), x0, y0, x1, y1, draft.size, draft.bold,
                draft.italic, block, draft.region, draft.row, draft.cell, tuple(edges), role, draft.angle)  # fmt: skip


def _glue(before: Draft, after: Draft, known: Collection[str]) -> tuple[str, bool]:
    """What stands between two lines of a block, and whether the first one loses its hyphen."""
    if before.row != after.row:
        return "\n", False
    if before.cell != after.cell:
        return " | ", False
    how = txt.joins_as(before.text, after.text, known)
    return (" " if how == "space" else ""), how == "drop"


def _printed_hyphens(string: str) -> str:
    """pdfium's U+0002 and soft hyphens that stay are printed hyphens."""
    return string.replace("\u0002", "-").replace("\u00ad", "-") if "\u0002" in string or "\u00ad" in string else string
