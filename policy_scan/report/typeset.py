"""The report as PDF, typeset by typst: with bookmarks, page numbers, languages, alternative texts, tagged as PDF/UA-1.

The template reads the report from a JSON file, so that no text of a document is ever markup. Only the fonts that typst
brings along are used: the same run gives the same pages on every system.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from ..tables import write_atomic
from .common import RunData
from .narrative import tell
from .palette import STATUS_COLOURS
from .paper import Block, Heading, Inline, Layout, Paper, Paragraph, Picture, Quotation, TableCell

_TEMPLATE = Path(__file__).parent / "templates" / "report.typ"


def _inline(piece: Inline) -> dict[str, Any]:
    return {
        "text": piece.text,
        "bold": piece.bold,
        "italic": piece.italic,
        "language": piece.language,
        "link": piece.link,
        "note": [_inline(part) for part in piece.note],
    }


def _cell(cell: TableCell) -> dict[str, Any]:
    fill, ink = STATUS_COLOURS[cell.status] if cell.status else (None, None)
    return {"lines": [[_inline(piece) for piece in line] for line in cell.lines], "fill": fill, "ink": ink}


def _block(block: Block) -> dict[str, Any]:
    if isinstance(block, Heading):
        return {"kind": "heading", "level": block.level, "text": block.text, "anchor": block.anchor,
                "new_page": block.new_page}  # fmt: skip
    if isinstance(block, Paragraph):
        return {"kind": "paragraph", "style": block.kind, "content": [_inline(piece) for piece in block.content]}
    if isinstance(block, Quotation):
        return {"kind": "quotation", "text": block.text, "language": block.language,
                "note": [_inline(piece) for piece in block.note]}  # fmt: skip
    if isinstance(block, Picture):
        return {"kind": "picture", "name": block.name, "alt": block.alt, "caption": block.caption,
                "share": block.share}  # fmt: skip
    assert not isinstance(block, Layout)
    return {"kind": "table", "caption": block.caption, "head": list(block.head), "widths": list(block.widths),
            "size": block.size, "rows": [[_cell(cell) for cell in row] for row in block.rows]}  # fmt: skip


def _sections(paper: Paper) -> list[dict[str, Any]]:
    sections: list[dict[str, Any]] = [{"paper": "a4", "landscape": False, "blocks": []}]
    for block in paper.blocks:
        if isinstance(block, Layout):
            sections.append({"paper": block.paper, "landscape": block.landscape, "blocks": []})
        else:
            sections[-1]["blocks"].append(_block(block))
    return [section for section in sections if section["blocks"]]


def typeset(paper: Paper) -> bytes:
    """The PDF of a report: the same bytes for the same report."""
    import typst

    made = paper.made
    data = {
        "title": paper.title,
        "facts": list(paper.facts),
        "contents": paper.contents,
        "page": paper.page,
        "language": paper.language,
        "date": [made.year, made.month, made.day] if made else None,
        "sections": _sections(paper),
    }
    # typst stamps the PDF with this time; a run that doesn't say when it ended gets the epoch.
    moment = int(made.timestamp()) if made else 0
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "main.typ").write_bytes(_TEMPLATE.read_bytes())
        (folder / "report.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        for block in paper.blocks:
            if isinstance(block, Picture):
                (folder / f"{block.name}.png").write_bytes(block.png)
        main = str(folder / "main.typ")

        def compile_as(standard: Literal["ua-1", "1.7"]) -> bytes:
            return typst.compile(
                main, root=name, format="pdf", pdf_standards=standard, ignore_system_fonts=True, timestamp=moment
            )

        try:
            return compile_as("ua-1")
        except typst.TypstError:
            # PDF/UA forbids characters that no font can show, such as Chinese ones here: the rest still holds.
            return compile_as("1.7")


def export_pdf(run: RunData, language: str, path: Path) -> list[Path]:
    """Write the report as PDF; returns its path. Links to PDFs are relative to its folder. Raises OSError."""
    write_atomic(path, typeset(tell(run, language, path.parent)))
    return [path]
