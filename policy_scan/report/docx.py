"""The report for Word: real styles, footnotes, bookmarks, a table of contents, languages and alternative texts.

python-docx makes the package; what it has no call for stands in `docx_parts`, written as the standard says (ECMA-376,
part 1, WordprocessingML). All text goes through lxml, which escapes it.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..tables import write_atomic
from .common import RunData
from .docx_parts import Notes, dress, element, field_parts, mark_language, same_bytes, table_cell, text_run
from .narrative import tell
from .palette import STATUS_COLOURS
from .paper import Block, Heading, Inline, Layout, Paper, Paragraph, Picture, Quotation, Table, TableCell

_SIZES = {"a4": (210, 297), "a3": (297, 420)}
"""Millimetres, upright."""
_HEAD_FILL = "E8ECF2"
_STYLES = {"body": "Body Text", "lead": "Lead", "note": "Small", "item": "List Bullet"}


class _Writer:
    """A document being written: its footnotes, its bookmarks, and the width between its margins."""

    def __init__(self, paper: Paper) -> None:
        import docx

        self.paper = paper
        self.document: Any = docx.Document()
        dress(self.document, paper)
        self.notes = Notes(self.document)
        self.n_bookmarks = 0
        self.width = 0
        self.lay_out(self.document.sections[0], Layout("a4", landscape=False))

    def lay_out(self, section: Any, layout: Layout) -> None:
        from docx.enum.section import WD_ORIENT
        from docx.shared import Mm

        short, long = _SIZES[layout.paper]
        width, height = (long, short) if layout.landscape else (short, long)
        section.orientation = WD_ORIENT.LANDSCAPE if layout.landscape else WD_ORIENT.PORTRAIT
        section.page_width, section.page_height = Mm(width), Mm(height)
        side = 12 if layout.landscape else 22
        section.left_margin = section.right_margin = Mm(side)
        section.top_margin, section.bottom_margin = Mm(16), Mm(18)
        section.header_distance = section.footer_distance = Mm(9)
        self.width = int(Mm(width - 2 * side))

    def bookmark(self, paragraph: Any, anchor: str) -> None:
        """Give what the paragraph holds a name that links lead to."""
        self.n_bookmarks += 1
        start = element("bookmarkStart", id=str(self.n_bookmarks), name=anchor)
        properties = paragraph._p.pPr
        paragraph._p.insert(0 if properties is None else 1, start)
        paragraph._p.append(element("bookmarkEnd", id=str(self.n_bookmarks)))

    def inline(self, paragraph: Any, pieces: Iterable[Inline], ink: str = "") -> None:
        """`ink`: 'RRGGBB' of all text, links included, where the ground is coloured."""
        from docx.shared import RGBColor

        for piece in pieces:
            run = paragraph.add_run(piece.text)
            run.bold, run.italic = piece.bold or None, piece.italic or None
            if piece.link and not ink:
                run.style = self.document.styles["Hyperlink"]
            if ink:
                run.font.color.rgb = RGBColor.from_string(ink)
            mark_language(run._r, piece.language)
            if piece.link:
                link = self._link(piece.link)
                run._r.addprevious(link)
                link.append(run._r)
            if piece.note:
                self.notes.add(paragraph, piece.note)

    def _link(self, target: str) -> Any:
        from docx.opc.constants import RELATIONSHIP_TYPE
        from docx.oxml.ns import qn

        if target.startswith("#"):
            return element("hyperlink", anchor=target[1:], history="1")
        link = element("hyperlink", history="1")
        link.set(qn("r:id"), self.document.part.relate_to(target, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
        return link

    def title_page(self) -> None:
        paper = self.paper
        self.document.add_paragraph(paper.title, style="Title")
        for fact in paper.facts:
            self.document.add_paragraph(fact, style="Subtitle")
        self.document.add_paragraph(paper.contents, style="TOC Heading")
        entries = [block for block in paper.blocks if isinstance(block, Heading) and block.level < 3]
        parts = field_parts('TOC \\o "1-2" \\h \\z \\u')
        for at, heading in enumerate(entries):
            paragraph = self.document.add_paragraph(style=f"toc {heading.level}")
            link = element("hyperlink", anchor=heading.anchor, history="1")
            link.append(text_run(heading.text))
            tab = element("r")
            tab.append(element("tab"))
            # Only Word knows its pages: the numbers are filled when it updates the field, on F9 or before printing.
            for part in (tab, *field_parts(f"PAGEREF {heading.anchor} \\h")):
                link.append(part)
            opening = parts[:3] if at == 0 else []
            closing = parts[3:] if at == len(entries) - 1 else []
            for part in (*opening, link, *closing):
                paragraph._p.append(part)

    def heading(self, block: Heading) -> None:
        paragraph = self.document.add_paragraph(block.text, style=f"Heading {block.level}")
        if block.new_page:
            paragraph.paragraph_format.page_break_before = True
        self.bookmark(paragraph, block.anchor)

    def paragraph(self, block: Paragraph) -> None:
        paragraph = self.document.add_paragraph(style=_STYLES[block.kind])
        self.inline(paragraph, block.content)

    def quotation(self, block: Quotation) -> None:
        paragraph = self.document.add_paragraph(style="Quote")
        self.inline(paragraph, (Inline(block.text, language=block.language, note=block.note),))

    def table(self, block: Table) -> None:
        self.document.add_paragraph(block.caption, style="Caption")
        table = self.document.add_table(rows=0, cols=len(block.head), style="Table Grid")
        table.autofit = False
        # The caption is also what a screen reader says of the table.
        table._tbl.tblPr.append(element("tblCaption", val=block.caption))
        widths = [int(self.width * width / sum(block.widths)) for width in block.widths]
        for column, width in zip(table.columns, widths, strict=True):
            column.width = width
        style = f"Table Text {block.size.title()}"
        heads = [TableCell(((Inline(name, bold=True),),)) for name in block.head]
        self._row(table, heads, widths, style, head=True)
        for cells in block.rows:
            self._row(table, cells, widths, style)
        self.document.add_paragraph(style="Small")

    def _row(
        self, table: Any, cells: Sequence[TableCell], widths: Sequence[int], style: str, head: bool = False
    ) -> None:
        from docx.text.paragraph import Paragraph as Printed

        row = element("tr")
        properties = element("trPr")
        properties.append(element("cantSplit"))
        if head:
            properties.append(element("tblHeader"))
        row.append(properties)
        table._tbl.append(row)
        for cell, width in zip(cells, widths, strict=True):
            fill, ink = STATUS_COLOURS[cell.status] if cell.status else (_HEAD_FILL if head else "", "")
            printed = table_cell(width, fill.removeprefix("#"))
            row.append(printed)
            for line in cell.lines or ((),):
                paragraph = Printed(element("p"), self.document._body)
                printed.append(paragraph._p)
                paragraph.style = self.document.styles[style]
                self.inline(paragraph, line, ink.removeprefix("#"))

    def picture(self, block: Picture) -> None:
        self.document.add_paragraph(block.caption, style="Caption")
        shape = self.document.add_picture(io.BytesIO(block.png), width=int(self.width * block.share))
        properties = shape._inline.docPr
        properties.set("name", block.name)
        properties.set("descr", block.alt)

    def section(self, block: Layout) -> None:
        from docx.enum.section import WD_SECTION

        section = self.document.add_section(WD_SECTION.NEW_PAGE)
        section.different_first_page_header_footer = False
        self.lay_out(section, block)

    def write(self) -> bytes:
        self.title_page()
        for block in self.paper.blocks:
            self._write_block(block)
        stream = io.BytesIO()
        self.document.save(stream)
        return same_bytes(stream.getvalue())

    def _write_block(self, block: Block) -> None:
        match block:
            case Heading():
                self.heading(block)
            case Paragraph():
                self.paragraph(block)
            case Quotation():
                self.quotation(block)
            case Table():
                self.table(block)
            case Picture():
                self.picture(block)
            case Layout():
                self.section(block)


def write_docx(paper: Paper) -> bytes:
    """The Word file of a report: the same bytes for the same report."""
    return _Writer(paper).write()


def export_docx(run: RunData, language: str, path: Path) -> list[Path]:
    """Write the report for Word; returns its path. Links to PDFs are relative to its folder. Raises OSError."""
    write_atomic(path, write_docx(tell(run, language, path.parent)))
    return [path]
