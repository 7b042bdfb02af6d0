"""PDFs made to harm or to puzzle a reader, byte by byte: bombs, cycles, nesting, impossible sizes, odd structures.

`hostile()` gives them by what they do; each is made only when it is called. `PUZZLING` are sound files in an unusual
form: each must give the text of a plain one.
"""

from __future__ import annotations

import io
import random
import zlib
from collections.abc import Callable, Sequence


def pdf_of(objects: Sequence[bytes], root: int = 1) -> bytes:
    """A PDF of these objects, numbered from 1."""
    made, places = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, start=1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer\n<< /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, root, len(made))
    return bytes(made) + head + table + tail


def stream(data: bytes, entries: bytes = b"", times: int = 1) -> bytes:
    for _ in range(times):
        data = zlib.compress(data, 9)
    filters = b"[" + b" /FlateDecode" * times + b" ]"
    return b"<< /Length %d /Filter %s %s >>\nstream\n%s\nendstream" % (len(data), filters, entries, data)


def squeezed(chunk: bytes, times: int, before: bytes = b"", after: bytes = b"", again: int = 1) -> bytes:
    """`before`, `times` times `chunk`, `after`, deflated bit by bit, and deflated `again` times in all."""
    packer = zlib.compressobj(9)
    parts = [packer.compress(before), *(packer.compress(chunk) for _ in range(times)), packer.compress(after)]
    made = b"".join([*parts, packer.flush()])
    for _ in range(again - 1):
        made = zlib.compress(made, 9)
    return made


def coded(data: bytes, filters: bytes, entries: bytes = b"") -> bytes:
    """A stream whose data is coded already, by the filters named."""
    return b"<< /Length %d /Filter [ %s ] %s >>\nstream\n%s\nendstream" % (len(data), filters, entries, data)


def bomb(chunk: bytes, times: int, entries: bytes = b"", before: bytes = b"", after: bytes = b"") -> bytes:
    """A stream that bursts, deflated twice over."""
    return coded(squeezed(chunk, times, before, after, again=2), b"/FlateDecode /FlateDecode", entries)


def _lzw_run(letter: int, rounds: int) -> bytes:
    """LZW codes that stand for some 7 million equal letters a round."""
    bits = size = 0
    made = bytearray()

    def put(code: int, width: int) -> None:
        nonlocal bits, size
        bits, size = bits << width | code, size + width
        while size >= 8:
            size -= 8
            made.append(bits >> size & 255)
        bits &= (1 << size) - 1

    for _ in range(rounds):
        put(256, 9)
        put(letter, 9)
        for code in range(258, 4094):  # each stands for one letter more than the one before
            put(code, 9 if code < 512 else 10 if code < 1024 else 11 if code < 2048 else 12)
    put(257, 12)
    return bytes(made) + bytes([bits << (8 - size) & 255 if size else 0])


TEXT = b"BT /F1 12 Tf 60 700 Td (Art. 1. Any person may ask for help at the counter of the commune.) Tj ET\n"
CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def one_page(
    content: bytes, box: bytes = b"0 0 595 842", more: Sequence[bytes] = (), resources: bytes = b"", *,
    font: bytes = FONT, catalog: bytes = b"", page: bytes = b"",
) -> bytes:  # fmt: skip
    """One page with this content stream (object 4), its font (5), and further objects from 6 on.

    `resources`, `catalog` and `page` are further entries of these dictionaries.
    """
    pages = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    own = b"<< /Type /Page /Parent 2 0 R /MediaBox [%s] /Contents 4 0 R %s /Resources << /Font << /F1 5 0 R >> " % (
        box, page)  # fmt: skip
    root = b"<< /Type /Catalog /Pages 2 0 R " + catalog + b" >>"
    return pdf_of([root, pages, own + resources + b" >> >>", content, font, *more])


def _tree(kids: bytes, count: int) -> bytes:
    pages = b"<< /Type /Pages /Parent 2 0 R /Kids [%s] /Count %d >>" % (kids, count)
    return pdf_of([CATALOG, pages, PAGE, stream(TEXT), FONT])


def _deep_tree(depth: int) -> bytes:
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>"
    levels = [b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % (3 + k) for k in range(depth)]
    return pdf_of([CATALOG, *levels, page])


def _object_stream_cycle() -> bytes:
    inside = b"1 0 2 34 << /Type /Catalog /Pages 2 0 R >>  << /Type /Pages /Kids [2 0 R] /Count 1 >>"
    body = stream(inside, b"/Type /ObjStm /N 2 /First 9 /Extends 3 0 R")
    made = b"%PDF-1.7\n"
    at = len(made)
    made += b"3 0 obj\n" + body + b"\nendobj\n"
    rows = b"".join(bytes((kind, *place.to_bytes(3, "big"), last)) for kind, place, last in (
        (0, 0, 255), (2, 3, 0), (2, 3, 1), (2, 3, 0), (1, len(made), 0)))  # fmt: skip
    entries = b"/Type /XRef /Size 5 /W [1 3 1] /Root 1 0 R"
    return made + b"4 0 obj\n" + stream(rows, entries) + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % (len(made) or at)


def _forms(cycle: bool) -> bytes:
    """A form that draws itself; or forms, each of which draws the next ten times over."""
    head = (
        b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] "
        b"/Resources << /Font << /F1 5 0 R >> /XObject << /X %d 0 R >> >>"
    )
    if cycle:
        forms = [stream(TEXT + b"/X Do ", head % 6)]
    else:
        forms = [stream(TEXT + b"/X Do " * 10, head % (7 + k)) for k in range(12)] + [stream(TEXT, head % 6)]
    return one_page(stream(b"/X Do"), more=forms, resources=b"/XObject << /X 6 0 R >>")


def _image(width: int, height: int, text: bytes = TEXT) -> bytes:
    entries = b"/Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 8 /ColorSpace /DeviceRGB"
    image = stream(bytes(1000), entries % (width, height))
    return one_page(
        stream(text + b"q 500 0 0 500 20 20 cm /I Do Q"), more=[image], resources=b"/XObject << /I 6 0 R >>"
    )


def _font_with(entries: bytes, kind: bytes = b"TrueType") -> bytes:
    return b"<< /Type /Font /Subtype /%s /BaseFont /Odd /FirstChar 32 /LastChar 126 %s >>" % (kind, entries)


def _stuck(entries: bytes) -> bytes:
    """A page whose content stream is described by these entries; /Length is not added."""
    return one_page(b"<< %s >>\nstream\n%s\nendstream" % (entries, TEXT))


def _nested_forms(depth: int) -> bytes:
    head = b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /XObject << /X %d 0 R >> >>"
    last = b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /Font << /F1 5 0 R >> >>"
    forms = [stream(b"/X Do ", head % (7 + k)) for k in range(depth)]
    return one_page(stream(TEXT + b"/X Do"), more=[*forms, stream(TEXT, last)], resources=b"/XObject << /X 6 0 R >>")


def _type3(own: bytes, content: bytes) -> bytes:
    """A page set in a font whose letters are little drawings; object 6 draws each of them."""
    font = (
        b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 1 1] /FontMatrix [1 0 0 1 0 0] /FirstChar 65 /LastChar 65"
        b" /Widths [1] /Encoding << /Differences [65 /a] >> /CharProcs << /a 6 0 R >> /Resources << %s >> >>" % own
    )
    return one_page(stream(b"BT /F1 12 Tf 60 600 Td (AAAA) Tj ET"), more=[stream(content)], font=font)


def _patterns(cycle: bool) -> bytes:
    """Patterns painted with patterns: a chain of them, or one with itself."""
    head = (
        b"/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 9 9] /XStep 9 /YStep 9"
        b" /Resources << /Pattern << /P %d 0 R >> >>"
    )
    paint = b"/Pattern cs /P scn 0 0 9 9 re f "
    made = [stream(paint, head % 6)] if cycle else [stream(paint * 3, head % (7 + k)) for k in range(40)]
    more = made if cycle else [*made, stream(b"0 0 9 9 re f", head % 6)]
    return one_page(stream(paint + TEXT), more=more, resources=b"/Pattern << /P 6 0 R >>")


def _xref_loop(hybrid: bool) -> bytes:
    """A cross-reference table whose predecessor is itself."""
    made = one_page(stream(TEXT))
    at = made.rindex(b"xref\n0")
    return made.replace(b"/Root 1 0 R", b"/Root 1 0 R /%s %d" % (b"XRefStm" if hybrid else b"Prev", at))


_SAYINGS = (
    "the commune keeps a counter open on weekdays", "any person may file the form on paper",
    "the ministry answers within thirty days", "the portal is accessible to all", "data are kept for ten years",
    "an appeal may be lodged with the council", "the service is free of charge", "the minister sets the form",
    "the agent helps those who ask for it", "a receipt is given for each request",
)  # fmt: skip


def many_pages(number: int) -> bytes:
    """So many pages, each an object of its own with an article of its own, some 900 letters long."""
    kids = b" ".join(b"%d 0 R" % (4 + 2 * k) for k in range(number))
    objects = [CATALOG, b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, number), FONT]
    rng = random.Random(number)
    for k in range(number):
        lines = [f"Art. {k + 1}. ", *(", ".join(rng.sample(_SAYINGS, 2)) + "," for _ in range(11)), "and so on."]
        drawn = "".join(f"({line}) Tj 0 -14 Td\n" for line in lines)
        text = f"BT /F1 10 Tf 60 {rng.randrange(500, 760)} Td {drawn} ET".encode("ascii")
        objects.append(b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources"
                       b" << /Font << /F1 3 0 R >> >> >>" % (5 + 2 * k))  # fmt: skip
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text))
    return pdf_of(objects)


def _encrypted(entries: bytes) -> bytes:
    """A file that says it is encrypted, by these entries."""
    made = one_page(stream(TEXT))
    return made.replace(b"/Root 1 0 R", b"/Root 1 0 R /ID [<00> <00>] /Encrypt " + entries)


def _bombs() -> dict[str, Callable[[], bytes]]:
    """Files of some KB that hold up to a gigabyte."""
    blank, megabyte = b" " * 1_000_000, bytes(1_000_000)
    descriptor = (
        b"<< /Type /FontDescriptor /FontName /Odd /Flags 4 /FontBBox [0 0 9 9] /ItalicAngle 0 /Ascent 9"
        b" /Descent 0 /CapHeight 9 /StemV 9 /FontFile2 7 0 R >>"
    )
    runs = b"/FlateDecode /RunLengthDecode"
    return {
        "bomb_spaces": lambda: one_page(bomb(blank, 1000, after=TEXT)),
        "bomb_text": lambda: one_page(bomb(TEXT, 200_000)),
        "bomb_paths": lambda: one_page(bomb(b"0 0 m 100 100 l S\n", 1_000_000)),
        "bomb_nested_q": lambda: one_page(bomb(b"q " * 1000, 3000, after=TEXT)),
        "bomb_filter_chain": lambda: one_page(coded(squeezed(TEXT, 1, again=300), b"/FlateDecode " * 300)),
        "bomb_lzw": lambda: one_page(coded(zlib.compress(_lzw_run(32, 130), 9), b"/FlateDecode /LZWDecode")),
        "bomb_run_length": lambda: one_page(coded(squeezed(b"\x81 " * 1000, 4000), runs)),
        "bomb_hex": lambda: one_page(coded(squeezed(b"20" * 1000, 200_000), b"/FlateDecode /ASCIIHexDecode")),
        "bomb_ascii85": lambda: one_page(coded(squeezed(b"z" * 1000, 200_000), b"/FlateDecode /ASCII85Decode")),
        "bomb_object_stream": lambda: _packed_catalog(bomb(blank, 1000, _PACKED, b"1 0 2 34 ", _PACKED_OBJECTS)),
        "bomb_xref_stream": _xref_bomb,
        "bomb_to_unicode": lambda: one_page(
            stream(TEXT), font=_font_with(b"/ToUnicode 6 0 R"),
            more=[bomb(b"<41> <0042>\n" * 1000, 20_000, before=b"begincmap 1 beginbfchar\n")]),
        "bomb_font": lambda: one_page(
            stream(TEXT), font=_font_with(b"/FontDescriptor 6 0 R"),
            more=[descriptor, bomb(megabyte, 1000, b"/Length1 1000000000", before=b"\0\1\0\0")]),
        "bomb_icc": lambda: one_page(
            stream(b"/C cs 0 0 0 scn " + TEXT), resources=b"/ColorSpace << /C [/ICCBased 6 0 R] >>",
            more=[bomb(megabyte, 1000, b"/N 3")]),
        "bomb_image": lambda: one_page(
            stream(TEXT + b"q 500 0 0 500 20 20 cm /I Do Q"), resources=b"/XObject << /I 6 0 R >>",
            more=[bomb(megabyte, 1200, b"/Type /XObject /Subtype /Image /Width 20000 /Height 20000"
                       b" /BitsPerComponent 8 /ColorSpace /DeviceRGB")]),
        "bomb_scan": lambda: one_page(
            stream(b"q 500 0 0 500 20 20 cm /I Do Q"), resources=b"/XObject << /I 6 0 R >>",
            more=[bomb(megabyte, 1200, b"/Type /XObject /Subtype /Image /Width 20000 /Height 20000"
                       b" /BitsPerComponent 8 /ColorSpace /DeviceRGB")]),
        "bomb_predictor": lambda: one_page(stream(
            TEXT, b"/DecodeParms << /Predictor 12 /Columns 2147483647 /Colors 32 /BitsPerComponent 32 >>")),
        "bomb_operands": lambda: one_page(bomb(b"1 " * 1000, 50_000, after=TEXT)),
        "bomb_states": lambda: one_page(bomb(b"/F1 12 Tf 1 0 0 1 0 0 cm q\n" * 100, 10_000, after=TEXT)),
    }  # fmt: skip


_PACKED = b"/Type /ObjStm /N 2 /First 9"
_PACKED_OBJECTS = b"<< /Type /Catalog /Pages 2 0 R >>  << /Type /Pages /Kids [5 0 R] /Count 1 >>"


def _rows(*rows: tuple[int, int, int]) -> bytes:
    return b"".join(bytes((kind, *place.to_bytes(4, "big"), last)) for kind, place, last in rows)


def _packed_catalog(packed: bytes) -> bytes:
    """A file whose catalog and page tree stand in an object stream (3); the page (5) stands outside."""
    made, places = b"%PDF-1.7\n", {}
    page = PAGE.replace(b"5 0 R", b"7 0 R").replace(b"4 0 R", b"6 0 R")
    for number, content in ((3, packed), (5, page), (6, stream(TEXT)), (7, FONT)):
        places[number] = len(made)
        made += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = _rows((0, 0, 255), (2, 3, 0), (2, 3, 1), (1, places[3], 0), (1, len(made), 0),
                  *((1, places[number], 0) for number in (5, 6, 7)))  # fmt: skip
    entries = b"/Type /XRef /Size 8 /W [1 4 1] /Root 1 0 R"
    return made + b"4 0 obj\n" + stream(table, entries) + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(made)


def _xref_bomb() -> bytes:
    """A cross-reference stream of a hundred million rows."""
    made = _packed_catalog(stream(b"1 0 2 34 " + _PACKED_OBJECTS, _PACKED))
    head = made[: made.index(b"4 0 obj")]
    at = made[made.index(b"4 0 obj") :]
    rows = zlib.decompress(at[at.index(b"stream\n") + 7 : at.index(b"\nendstream")])
    entries = b"/Type /XRef /Size 100000000 /W [1 4 1] /Root 1 0 R"
    packed = coded(squeezed(bytes(600_000), 1000, before=rows, again=2), b"/FlateDecode /FlateDecode", entries)
    return head + b"4 0 obj\n" + packed + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(head)


def _cycles() -> dict[str, Callable[[], bytes]]:
    """Objects that lead back to themselves."""
    own = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /ExtGState << /G 7 0 R >> >>"
    pin = b"/Type /Annot /Rect [0 0 9 9]"
    tree = b"<< /Type /Pages /Kids [3 0 R] /Count 1 /Parent 2 0 R >>"
    return {
        "page_tree_cycle": lambda: _tree(b"2 0 R 3 0 R 2 0 R", 3),
        "page_tree_only_itself": lambda: _tree(b"2 0 R", 1),
        "page_parent_cycle": lambda: pdf_of([CATALOG, tree, PAGE.replace(b"/MediaBox [0 0 595 842]", b"/Parent 3 0 R"),
                                             stream(TEXT), FONT]),
        "object_stream_cycle": _object_stream_cycle,
        "xref_previous_is_itself": lambda: _xref_loop(False),
        "xref_hybrid_is_itself": lambda: _xref_loop(True),
        "form_cycle": lambda: _forms(True),
        "length_cycle": lambda: _stuck(b"/Length 4 0 R"),
        "filter_cycle": lambda: _stuck(b"/Length 90 /Filter 4 0 R"),
        "filter_array_cycle": lambda: one_page(b"<< /Length 90 /Filter 6 0 R >>\nstream\n%s\nendstream" % TEXT,
                                               more=[b"[6 0 R]"]),
        "contents_cycle": lambda: one_page(b"[4 0 R 6 0 R 4 0 R]", more=[stream(TEXT)]),
        "resources_cycle": lambda: one_page(stream(TEXT + b"/X Do"), resources=b"/XObject << /X 3 0 R >> /Font 3 0 R"),
        "type3_draws_itself": lambda: _type3(b"/Font << /F1 5 0 R >>", b"1 0 d0 BT /F1 1 Tf (AA) Tj ET"),
        "type3_draws_the_page": lambda: _type3(b"/XObject << /X 3 0 R >>", b"1 0 d0 /X Do"),
        "pattern_cycle": lambda: _patterns(True),
        "mask_cycle": lambda: one_page(
            stream(b"/G gs " + TEXT), resources=b"/ExtGState << /G 7 0 R >>",
            more=[stream(b"/G gs 0 0 9 9 re f", own), b"<< /SMask << /S /Alpha /G 6 0 R >> >>"]),
        "colour_cycle": lambda: one_page(stream(b"/C cs 1 scn " + TEXT), resources=b"/ColorSpace << /C 6 0 R >>",
                                         more=[b"[/Indexed 6 0 R 1 (abcdef)]"]),
        "function_cycle": lambda: one_page(
            stream(b"/C cs 1 scn " + TEXT), resources=b"/ColorSpace << /C [/Separation /a /DeviceRGB 6 0 R] >>",
            more=[b"<< /FunctionType 3 /Domain [0 1] /Bounds [] /Encode [0 1] /Functions [6 0 R] >>"]),
        "font_cycle": lambda: one_page(stream(TEXT), font=b"<< /Type /Font /Subtype /Type0 /BaseFont /Odd /Encoding"
                                       b" /Identity-H /DescendantFonts [5 0 R] >>"),
        "to_unicode_cycle": lambda: one_page(
            stream(TEXT), font=_font_with(b"/ToUnicode 6 0 R"), more=[stream(b"/Odd usecmap", b"/UseCMap 6 0 R")]),
        "outlines_cycle": lambda: one_page(stream(TEXT), catalog=b"/Outlines 6 0 R", more=[
            b"<< /First 6 0 R /Last 6 0 R /Next 6 0 R /Prev 6 0 R /Parent 6 0 R /Title (a) /Count 9 >>"]),
        "name_tree_cycle": lambda: one_page(
            stream(TEXT), catalog=b"/Names << /EmbeddedFiles 6 0 R /JavaScript 6 0 R /Dests 6 0 R >>",
            more=[b"<< /Kids [6 0 R 6 0 R 6 0 R] /Limits [(a) (z)] >>"]),
        "number_tree_cycle": lambda: one_page(stream(TEXT), catalog=b"/PageLabels 6 0 R",
                                              more=[b"<< /Kids [6 0 R 6 0 R] /Limits [0 9] >>"]),
        "structure_cycle": lambda: one_page(stream(TEXT), catalog=b"/StructTreeRoot 6 0 R /MarkInfo << /Marked true >>",
                                            more=[b"<< /Type /StructTreeRoot /K 6 0 R /P 6 0 R /ParentTree 6 0 R >>"]),
        "fields_cycle": lambda: one_page(
            stream(TEXT), catalog=b"/AcroForm << /Fields [6 0 R] >>", page=b"/Annots [6 0 R 6 0 R]",
            more=[b"<< %s /Subtype /Widget /FT /Tx /T (a) /Kids [6 0 R] /Parent 6 0 R >>" % pin]),
        "action_cycle": lambda: one_page(stream(TEXT), catalog=b"/OpenAction 6 0 R",
                                         more=[b"<< /S /JavaScript /JS (1) /Next [6 0 R 6 0 R] >>"]),
        "attachment_of_itself": lambda: one_page(
            stream(TEXT), page=b"/Annots [<< %s /Subtype /FileAttachment /FS 6 0 R >>]" % pin,
            more=[b"<< /Type /Filespec /F 6 0 R /UF 6 0 R /EF << /F 6 0 R >> >>"]),
    }  # fmt: skip


def _nested() -> dict[str, Callable[[], bytes]]:
    """One thing in another in another."""
    return {
        "page_tree_deep": lambda: _deep_tree(3000),
        "nested_arrays": lambda: one_page(stream(TEXT), resources=b"/X " + b"[" * 50_000 + b"]" * 50_000),
        "nested_dictionaries": lambda: one_page(stream(TEXT), resources=b"/X " + b"<< /A " * 9_999 + b">> " * 9_999),
        "nested_forms": lambda: _nested_forms(2_000),
        "nested_patterns": lambda: _patterns(False),
        "nested_operands": lambda: one_page(stream(b"[" * 100_000 + b"]" * 100_000 + b" n " + TEXT)),
        "nested_operand_dictionaries": lambda: one_page(stream(b"/A " + b"<< /A " * 50_000 + b"BDC " + TEXT)),
        "nested_marks": lambda: one_page(stream(b"/Span << /MCID 0 >> BDC " * 1_000 + TEXT)),
        "marks_multiply": lambda: one_page(stream(b"/Span << /MCID 0 >> BDC " * 50_000 + TEXT)),
        "nested_texts": lambda: one_page(stream(b"BT " * 50_000 + TEXT)),
        "nested_strings": lambda: one_page(stream(b"BT /F1 9 Tf " + b"(" * 50_000 + b")" * 50_000 + b" Tj ET " + TEXT)),
        "nested_functions": lambda: one_page(
            stream(b"/C cs 1 scn " + TEXT), resources=b"/ColorSpace << /C [/Separation /a /DeviceRGB 6 0 R] >>",
            more=[stream(b"{" * 20_000 + b"}" * 20_000, b"/FunctionType 4 /Domain [0 1] /Range [0 1 0 1 0 1]")]),
        "forms_multiply": lambda: _forms(False),
    }  # fmt: skip


def _sizes() -> dict[str, Callable[[], bytes]]:
    """Impossible numbers, sizes and places."""
    wide = b"/Widths [%s]" % (b"500 " * 95)
    return {
        "pages_claimed": lambda: _tree(b"3 0 R", 2_000_000_000),
        "pages_claimed_few": lambda: _tree(b"3 0 R", 4_000),
        "pages_same": lambda: _tree(b"3 0 R " * 20_000, 20_000),
        "pages_many": lambda: many_pages(20_000),
        "long_line": lambda: one_page(stream(b"BT /F1 1 Tf 0 700 Td (" + b"word " * 100_000 + b") Tj ET")),
        "long_word": lambda: one_page(stream(b"BT /F1 1 Tf 0 700 Td (" + b"x" * 300_000 + b") Tj ET")),
        "long_name": lambda: one_page(stream(b"/" + b"N" * 1_000_000 + b" gs " + TEXT)),
        "box_huge": lambda: one_page(stream(TEXT), b"0 0 14400000 14400000"),
        "box_overflow": lambda: one_page(stream(TEXT), b"-1e38 -1e38 1e38 1e38"),
        "box_empty": lambda: one_page(stream(TEXT), b"0 0 0 0"),
        "box_backwards": lambda: one_page(stream(TEXT), b"595 842 0 0"),
        "box_words": lambda: one_page(stream(TEXT), b"/A (b) null 3 0 R"),
        "box_unit": lambda: one_page(stream(TEXT), page=b"/UserUnit 1e30"),
        "box_crop_elsewhere": lambda: one_page(stream(TEXT), page=b"/CropBox [9000 9000 9999 9999]"),
        "rotation_odd": lambda: one_page(stream(TEXT), page=b"/Rotate 2147483647"),
        "image_huge": lambda: _image(60_000, 60_000),
        "image_overflow": lambda: _image(2_147_483_647, 2_147_483_647),
        "scan_huge": lambda: _image(60_000, 60_000, b""),
        "images_many": lambda: one_page(stream(
            TEXT + b"q 9 0 0 9 0 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q\n" * 50_000)),
        "annotations_many": lambda: one_page(
            stream(TEXT), page=b"/Annots [%s]" % (b"<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] >> " * 50_000)),
        "attachments_many": lambda: one_page(
            stream(TEXT), more=[b"<< /Type /Filespec /F (a.pdf) >>"], catalog=b"/Names << /EmbeddedFiles << /Names [%s]"
            b" >> >>" % b" ".join(b"(%06d) 6 0 R" % k for k in range(50_000))),
        "fonts_many": lambda: one_page(stream(b"".join(b"BT /G%d 9 Tf (ab) Tj ET " % k for k in range(3_000)) + TEXT),
                                       resources=b"".join(b"/G%d 5 0 R " % k for k in range(3_000))),
        "font_huge": lambda: one_page(stream(TEXT.replace(b"12 Tf", b"1e30 Tf"))),
        "font_zero": lambda: one_page(stream(TEXT.replace(b"12 Tf", b"0 Tf"))),
        "font_widths": lambda: one_page(stream(TEXT), font=_font_with(wide.replace(b"500", b"1e30"))),
        "font_range": lambda: one_page(
            stream(TEXT), font=_font_with(wide).replace(b"/FirstChar 32 /LastChar 126",
                                                        b"/FirstChar -9 /LastChar 2147483647")),
        "matrix_huge": lambda: one_page(stream(b"1e30 0 0 1e30 0 0 cm " + TEXT)),
        "matrix_flat": lambda: one_page(stream(b"1 0 0 0 0 0 cm " + TEXT)),
        "far_away": lambda: one_page(stream(TEXT + TEXT.replace(b"60 700", b"1e12 -1e12"))),
    }  # fmt: skip


def _odd() -> dict[str, Callable[[], bytes]]:
    """Files that are something else, nothing, locked or active."""
    return {
        "javascript": lambda: one_page(stream(TEXT), catalog=b"/OpenAction << /S /JavaScript /JS (while(1){}) >>"),
        "control_text": lambda: one_page(stream(b"BT /F1 9 Tf 20 700 Td (=1+1 \\0\\1\\2\\13\\177 \\202 <b>) Tj ET")),
        "encryption_unknown": lambda: _encrypted(b"<< /Filter /Standard /V 99 /R 99 /O (a) /U (b) /P -1 >>"),
        "encryption_short": lambda: _encrypted(b"<< /Filter /Standard /V 1 /R 2 /O (a) /U (b) /P -1 >>"),
        "encryption_certificate": lambda: _encrypted(b"<< /Filter /Adobe.PubSec /SubFilter /adbe.pkcs7.s4 /V 1 >>"),
        "encryption_missing": lambda: _encrypted(b"99 0 R"),
        "encryption_cycle": lambda: _encrypted(b"1 0 R"),
        "encryption_words": lambda: _encrypted(b"(none)"),
        "nothing": lambda: b"",
        "only_zeros": lambda: bytes(100_000),
        "only_a_header": lambda: b"%PDF-1.7\n",
        "only_a_trailer": lambda: b"%PDF-1.7\ntrailer\n<< /Root 1 0 R >>\n%%EOF",
        "no_catalog": lambda: one_page(stream(TEXT)).replace(b"/Catalog", b"/Katalog").replace(b"/Root 1", b"/Root 9"),
        **{f"{name}_as_pdf": lambda start=start: start + bytes(500) for name, (start, _) in DISGUISED.items()},
    }  # fmt: skip


BURSTING = frozenset({
    "bomb_spaces", "bomb_text", "bomb_paths", "bomb_nested_q", "bomb_hex", "bomb_ascii85", "bomb_object_stream",
    "bomb_xref_stream", "bomb_to_unicode", "bomb_font", "bomb_icc", "bomb_image", "bomb_scan", "bomb_operands",
    "bomb_states", "bomb_run_length", "bomb_lzw", "forms_multiply", "marks_multiply", "long_line", "long_word",
    "pages_same", "pages_many",
})  # fmt: skip
"""Files that take long or much memory to make or to read: for the long run only."""

DISGUISED: dict[str, tuple[bytes, str]] = {
    "image": (b"\x89PNG\r\n\x1a\n", "an image"),
    "photograph": (b"\xff\xd8\xff\xe0\0\x10JFIF", "an image"),
    "word": (b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0aaaabbbbcccc\x13\0\0\0[Content_Types].xml", "a Word, Excel"),
    "old_word": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office"),
    "page": (b"<!DOCTYPE html><html><p>%PDF-1.4 is a format</p></html>", "a web page"),
    "page_without_doctype": (b"\xef\xbb\xbf\n<HTML><head><title>404</title></head></HTML>", "a web page"),
    "mail": (b"Return-Path: <a@example.org>\r\nMIME-Version: 1.0\r\nSubject: the PDF\r\n\r\n", "an e-mail"),
    "rich_text": (b"{\\rtf1\\ansi Text}", "a text document"),
    "archive": (b"Rar!\x1a\x07\x01\0", "an archive"),
    "packed": (b"\x1f\x8b\x08\0\0\0\0\0", "an archive"),
    "postscript": (b"%!PS-Adobe-3.0\n", "a PostScript"),
    "xml": (b'<?xml version="1.0"?><a/>', "an XML"),
}
"""First bytes of what is often called .pdf by mistake, and what the message must say that it is."""


def hostile() -> dict[str, Callable[[], bytes]]:
    """Files made to harm, by what they do."""
    return {**_bombs(), **_cycles(), **_nested(), **_sizes(), **_odd()}


def odd_names() -> list[bytes]:
    """Names that file systems allow."""
    return [b"line\nbreak.pdf", b"tab\tbell\x07esc\x1b[31m.pdf", "\u202efdp.evil.pdf".encode(), b"\xff\xfe\x80.pdf",
            b"n" * 251 + b".pdf", b"=1+1.pdf", b"[bold]x.pdf", b"'\"$(x)`;&.pdf", b" .pdf", b"-rf.pdf",
            "\u00e9.pdf".encode(), "e\u0301.pdf".encode(), b"UPPER.PDF", b"a%00b.pdf", b"{0}%s.pdf"]  # fmt: skip


def _objects_of(text: bytes) -> list[bytes]:
    return [CATALOG, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", PAGE, stream(text), FONT]


def _updated(before: bytes, changed: dict[int, bytes]) -> bytes:
    """An incremental update: objects written anew behind the end, a table of them, and another end."""
    previous = before.rindex(b"startxref\n")
    at = int(before[previous + 10 :].split()[0])
    made, rows = before, b""
    for number, content in sorted(changed.items()):
        rows += b"%d 1\n%010d 00000 n \n" % (number, len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    trailer = b"trailer\n<< /Size 6 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (at, len(made))
    return made + b"xref\n" + rows + trailer


def _hybrid() -> bytes:
    """Catalog and page tree in an object stream that only a table's /XRefStm knows, as old and new readers share it."""
    made, places = b"%PDF-1.5\n", {}
    objects = {3: PAGE, 4: stream(TEXT), 5: FONT}
    inside = b"<< /Type /Catalog /Pages 2 0 R >>  << /Type /Pages /Kids [3 0 R] /Count 1 >>"
    objects[6] = stream(b"1 0 2 35 " + inside, _PACKED)
    for number, content in objects.items():
        places[number] = len(made)
        made += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    hidden = len(made)
    table = _rows((2, 6, 0), (2, 6, 1))
    made += b"7 0 obj\n" + stream(table, b"/Type /XRef /Size 8 /W [1 4 1] /Index [1 2] /Root 1 0 R") + b"\nendobj\n"
    rows = b"0000000000 65535 f \n" * 3 + b"".join(b"%010d 00000 n \n" % places[number] for number in (3, 4, 5, 6))
    end = b"trailer\n<< /Size 8 /Root 1 0 R /XRefStm %d >>\nstartxref\n%d\n%%%%EOF\n" % (hidden, len(made))
    return made + b"xref\n0 7\n" + rows + end


def _linearised() -> bytes:
    """The first page's objects and their table in front, as for reading over a slow line."""
    number = b"%010d"
    dictionary = b"6 0 obj\n<< /Linearized 1 /L %s /H [%s %s] /O 3 /E %s /N 1 /T %s >>\nendobj\n"
    blank = dictionary % ((number % 0,) * 5)
    front = len(b"%PDF-1.4\n") + len(blank)
    objects = _objects_of(TEXT)
    table_size = len(b"xref\n1 6\n") + 6 * 20
    trailer = b"trailer\n<< /Size 7 /Root 1 0 R /Prev %s >>\nstartxref\n0\n%%%%EOF\n"
    at = front + table_size + len(trailer % (number % 0))
    body, places = b"", []
    for n, content in enumerate(objects, start=1):
        places.append(at + len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (n, content)
    end = at + len(body)
    rows = b"".join(b"%010d 00000 n \n" % place for place in [*places, len(b"%PDF-1.4\n")])
    main = b"xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 1 >>\nstartxref\n%d\n%%%%EOF\n" % front
    told = (number % (end + len(main)), number % at, number % 0, number % end, number % end)
    head = b"%PDF-1.4\n" + dictionary % told + b"xref\n1 6\n" + rows + trailer % (number % end)
    return head + body + main


def _saved_anew(**how: object) -> bytes:
    """Read and written by pypdf."""
    from pypdf import PdfWriter

    writer = PdfWriter(io.BytesIO(pdf_of(_objects_of(TEXT))), incremental=bool(how.get("incremental")))
    if "password" in how:
        writer.encrypt(user_password="", owner_password=str(how["password"]), algorithm=str(how["algorithm"]))
    if how.get("packed"):
        for page in writer.pages:
            page.compress_content_streams()
    if how.get("incremental"):
        writer.add_metadata({"/Title": "Saved again"})
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def puzzling() -> dict[str, Callable[[], bytes]]:
    """Sound files in unusual forms: each must give the text of `pdf_of` the same objects."""
    plain = pdf_of(_objects_of(TEXT))
    other = stream(TEXT.replace(b"Any person", b"Nobody"))
    locked = {f"owner_password_{name}": name for name in ("RC4-40", "RC4-128", "AES-128", "AES-256")}
    return {
        "plain": lambda: plain,
        "linearised": _linearised,
        "updated": lambda: _updated(pdf_of([*_objects_of(TEXT)[:3], other, FONT]), {4: stream(TEXT)}),
        "updated_often": lambda: _updated(_updated(_updated(plain, {4: other}), {5: FONT}), {4: stream(TEXT)}),
        "hybrid": _hybrid,
        "packed_objects": lambda: _packed_catalog(stream(b"1 0 2 34 " + _PACKED_OBJECTS, _PACKED)),
        "saved_anew": lambda: _saved_anew(packed=True),
        "saved_twice": lambda: _saved_anew(incremental=True),
        "garbage_before": lambda: b"X-Mailer: an old one\r\n" * 40 + plain,
        "much_garbage_before": lambda: b"X-Mailer: an old one\r\n" * 400 + plain,
        "garbage_behind": lambda: plain + b"\0" * 3000 + b"<!-- served -->",
        "line_ends": lambda: plain.replace(b"endobj\n", b"endobj\r").replace(b"startxref\n", b"startxref\r\n"),
        "no_xref": lambda: plain[: plain.rindex(b"xref\n0")] + b"trailer\n<< /Root 1 0 R >>\n",
        "version_odd": lambda: plain.replace(b"%PDF-1.7", b"%PDF-9.9"),
        **{name: lambda algorithm=algorithm: _saved_anew(password="owner", algorithm=algorithm)
           for name, algorithm in locked.items()},
    }  # fmt: skip
