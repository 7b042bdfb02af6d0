"""What python-docx has no call for: footnotes, fields, bookmarks, languages, table cells, and the same bytes again."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from .paper import Inline, Paper

FONT = "Arial"
"""On every system, itself or a font of the same widths (Liberation Sans)."""
INK = "1F2A3C"
LINK = "0B4F9E"
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Date of a report whose run doesn't say when it ended: a fixed one, so that the bytes stay the same."""
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_FOOTNOTES_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
# Word's tags of languages; 'und' and others stay untagged, so that no dictionary marks their words as wrong.
_TAGS = {"en": "en-GB", "fr": "fr-FR", "nl": "nl-BE", "de": "de-DE", "el": "el-GR", "ro": "ro-RO", "lb": "lb-LU"}
_SIDES = ("top", "left", "bottom", "right", "insideH", "insideV")
# What must stand after w:footnotePr in the settings (CT_Settings, ECMA-376 part 1, 17.15.1.78).
_AFTER_FOOTNOTES = ("endnotePr", "compat", "docVars", "rsids")


def element(name: str, /, **attributes: str) -> Any:
    """An element of WordprocessingML with attributes of the same namespace."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import nsmap, qn

    made = OxmlElement(f"w:{name}", nsdecls={prefix: nsmap[prefix] for prefix in ("w", "r")})
    for key, value in attributes.items():
        made.set(qn(f"w:{key}"), value)
    return made


def text_run(text: str, style: str = "") -> Any:
    run = element("r")
    if style:
        properties = element("rPr")
        properties.append(element("rStyle", val=style))
        run.append(properties)
    words = element("t")
    words.text = text
    words.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    run.append(words)
    return run


def mark_language(run: Any, language: str) -> None:
    """Tag a run's language, for spelling and screen readers."""
    if language in _TAGS:
        run.get_or_add_rPr().append(element("lang", val=_TAGS[language]))


def field_parts(instruction: str, shown: Iterable[Any] = ()) -> list[Any]:
    """A complex field: its runs, with what is shown until a reader updates it."""

    def mark(kind: str) -> Any:
        run = element("r")
        run.append(element("fldChar", fldCharType=kind))
        return run

    run = element("r")
    code = element("instrText")
    code.text = f" {instruction} "
    code.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    run.append(code)
    return [mark("begin"), run, mark("separate"), *shown, mark("end")]


class Notes:
    """The part that holds the footnotes, with its own links; numbered in the order of their marks."""

    def __init__(self, document: Any) -> None:
        from docx.opc.constants import RELATIONSHIP_TYPE
        from docx.opc.packuri import PackURI
        from docx.opc.part import XmlPart

        self.root = element("footnotes")
        self.part = XmlPart(PackURI("/word/footnotes.xml"), _FOOTNOTES_TYPE, self.root, document.part.package)
        document.part.relate_to(self.part, RELATIONSHIP_TYPE.FOOTNOTES)
        settings = element("footnotePr")
        for number, kind in ((-1, "separator"), (0, "continuationSeparator")):
            paragraph = element("p")
            run = element("r")
            run.append(element(kind))
            paragraph.append(run)
            note = element("footnote", type=kind, id=str(number))
            note.append(paragraph)
            self.root.append(note)
            settings.append(element("footnote", id=str(number)))
        _put_before(document.settings.element, settings, _AFTER_FOOTNOTES)
        self.n = 0

    def add(self, paragraph: Any, pieces: Iterable[Inline]) -> None:
        """Put a mark at the paragraph's end and its footnote at the foot of the page."""
        from docx.opc.constants import RELATIONSHIP_TYPE
        from docx.oxml.ns import qn

        self.n += 1
        mark = element("r")
        properties = element("rPr")
        properties.append(element("rStyle", val="FootnoteReference"))
        mark.append(properties)
        mark.append(element("footnoteReference", id=str(self.n)))
        paragraph._p.append(mark)
        body = element("p")
        styled = element("pPr")
        styled.append(element("pStyle", val="FootnoteText"))
        number = element("r")
        properties = element("rPr")
        properties.append(element("rStyle", val="FootnoteReference"))
        number.append(properties)
        number.append(element("footnoteRef"))
        for part in (styled, number, text_run(" ")):
            body.append(part)
        for piece in pieces:
            if piece.link:
                link = element("hyperlink", history="1")
                identifier = self.part.relate_to(piece.link, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
                link.set(qn("r:id"), identifier)
                link.append(text_run(piece.text, "Hyperlink"))
                body.append(link)
            else:
                body.append(text_run(piece.text))
        note = element("footnote", id=str(self.n))
        note.append(body)
        self.root.append(note)


def _put_before(parent: Any, child: Any, following: Sequence[str]) -> None:
    from docx.oxml.ns import qn

    names = {qn(f"w:{name}") for name in following}
    for at, other in enumerate(parent):
        if other.tag in names:
            parent.insert(at, child)
            return
    parent.append(child)


def _style(document: Any, name: str, identifier: str, kind: str = "paragraph", base: str = "Normal") -> Any:
    """A style by its name: the template's, or a new one with the identifier that Word gives it."""
    from docx.enum.style import WD_STYLE_TYPE

    styles = document.styles
    if name in styles:
        return styles[name]
    if kind == "character":
        style = styles.add_style(name, WD_STYLE_TYPE.CHARACTER, builtin=True)
    else:
        style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH, builtin=name.islower())
        style.base_style = styles[base]
    style.element.styleId = identifier
    return style


def _shape(
    style: Any,
    size: float,
    before: float = 0,
    after: float = 0,
    *,
    bold: bool | None = None,
    italic: bool | None = None,
    colour: str = "",
    keep: bool = False,
) -> None:
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    font = style.font
    for old in style.element.rPr.findall(qn("w:rFonts")) if style.element.rPr is not None else ():
        style.element.rPr.remove(old)
    font.name, font.size, font.bold, font.italic = FONT, Pt(size), bold, italic
    if colour:
        font.color.rgb = RGBColor.from_string(colour)
    layout = style.paragraph_format
    layout.space_before, layout.space_after = Pt(before), Pt(after)
    layout.keep_with_next = keep or None


def dress(document: Any, paper: Paper) -> None:
    """Styles, language, properties and footer of the whole document."""
    from docx.enum.text import WD_TAB_ALIGNMENT
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt, RGBColor

    tag = _TAGS[paper.language]
    defaults = document.styles.element.find(f"{qn('w:docDefaults')}/{qn('w:rPrDefault')}/{qn('w:rPr')}")
    for name in ("w:rFonts", "w:lang"):
        for old in defaults.findall(qn(name)):
            defaults.remove(old)
    defaults.insert(0, element("rFonts", ascii=FONT, hAnsi=FONT, cs=FONT, eastAsia=FONT))
    defaults.append(element("lang", val=tag, eastAsia=tag, bidi="ar-SA"))
    _shape(document.styles["Normal"], 10.5, 0, 4)
    _shape(document.styles["Body Text"], 10.5, 0, 6)
    _shape(document.styles["Title"], 28, 150, 12, bold=True, colour=INK)
    border = document.styles["Title"].element.pPr.find(qn("w:pBdr"))
    if border is not None:
        document.styles["Title"].element.pPr.remove(border)
    _shape(document.styles["Subtitle"], 12, 0, 4, italic=False, colour="50596B")
    for name, size, before, after in (("Heading 1", 20, 18, 10), ("Heading 2", 15, 14, 6), ("Heading 3", 11.5, 12, 3)):
        _shape(document.styles[name], size, before, after, bold=True, colour=INK, keep=True)
    _shape(document.styles["TOC Heading"], 20, 0, 10, bold=True, colour=INK)
    document.styles["TOC Heading"].paragraph_format.page_break_before = True
    _shape(document.styles["Quote"], 10.5, 2, 8, italic=False, colour=INK)
    layout = document.styles["Quote"].paragraph_format
    layout.left_indent, layout.right_indent = Mm(7), Mm(4)
    borders = element("pBdr")
    borders.append(element("left", val="single", sz="18", space="8", color="9CC3E6"))
    # pBdr stands before spacing and indents (CT_PPrBase).
    _put_before(document.styles["Quote"].element.get_or_add_pPr(), borders, ("shd", "tabs", "spacing", "ind", "jc"))
    _shape(document.styles["Caption"], 9, 8, 3, bold=False, colour="50596B", keep=True)
    _shape(document.styles["List Bullet"], 10.5, 0, 4)
    _shape(_style(document, "Lead", "Lead"), 10.5, 4, 2, keep=True)
    _shape(_style(document, "Small", "Small"), 9, 0, 6, colour="50596B")
    for name, size in (("Small", 7), ("Medium", 8), ("Normal", 9)):
        _shape(_style(document, f"Table Text {name}", f"TableText{name}"), size, 0.5, 0.5)
    for border in document.styles["Table Grid"].element.iter(*(qn(f"w:{side}") for side in _SIDES)):
        border.set(qn("w:color"), "8A93A3")
    _shape(_style(document, "footnote text", "FootnoteText"), 8.5, 0, 1)
    _style(document, "footnote reference", "FootnoteReference", "character").font.superscript = True
    link = _style(document, "Hyperlink", "Hyperlink", "character").font
    link.underline, link.color.rgb = True, RGBColor.from_string(LINK)
    for level, indent in ((1, 0), (2, 6)):
        style = _style(document, f"toc {level}", f"TOC{level}")
        _shape(style, 10.5, 4 if level == 1 else 0, 2, bold=level == 1)
        style.paragraph_format.left_indent = Mm(indent)
        style.paragraph_format.tab_stops.add_tab_stop(Mm(166), WD_TAB_ALIGNMENT.RIGHT)
    made = paper.made or EPOCH
    core = document.core_properties
    core.title, core.author, core.language = paper.title, "policy_scan", tag
    core.created = core.modified = made.replace(tzinfo=None)
    core.last_modified_by, core.comments, core.subject, core.revision = "policy_scan", "", "", 1
    _write_footer(document.sections[0], paper)
    document.sections[0].different_first_page_header_footer = True
    document.sections[0].footer.paragraphs[0].paragraph_format.space_after = Pt(0)


def _write_footer(section: Any, paper: Paper) -> None:
    paragraph = section.footer.paragraphs[0]
    paragraph.style = "Small"
    paragraph._p.append(text_run(f"{paper.title} – {paper.page} "))
    for part in field_parts("PAGE", [text_run("1")]):
        paragraph._p.append(part)


def table_cell(width: int, fill: str) -> Any:
    """An empty cell of `width` EMU, filled with 'RRGGBB' or '' for none; it still needs a paragraph."""
    cell = element("tc")
    properties = element("tcPr")
    properties.append(element("tcW", w=str(round(width / 635)), type="dxa"))
    if fill:
        properties.append(element("shd", val="clear", color="auto", fill=fill))
    cell.append(properties)
    return cell


def same_bytes(package: bytes) -> bytes:
    """The package with its parts in order and without the time of writing."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        # The content types come first, as readers of streams expect.
        for name in sorted(old.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            info = zipfile.ZipInfo(name, _ZIP_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            new.writestr(info, old.read(name))
    return stream.getvalue()
