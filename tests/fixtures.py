"""PDFs for tests, written on the spot: sound ones from lines of text, and broken ones of every kind met in practice.

Every function writes one file and returns its path, so that a test reads `text_pdf(tmp_path / "a.pdf", [["Art. 1"]])`.
Coordinates are PDF points with the origin at the top left, as everywhere in policy_scan. The bytes are the same on
every call (encrypted files excepted): no dates, no random identifiers.

Text that Windows-1252 can write is set in Helvetica, which every reader has; other text (Greek, Romanian) needs
DejaVu from Debian's fonts-dejavu-core, and the test is skipped with that reason where the fonts are missing.
"""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

FONTS = Path("/usr/share/fonts/truetype/dejavu")
USER_PASSWORD = "kept-secret"

HOSTILE_LINES = (
    "Art. 1. The form is filed online at the portal of the administration.",
    '=HYPERLINK("http://example.org","click here to see the amount of your benefit")',
    "<script>alert('the counter')</script> The counter stays open on weekdays.",
    "+1+1 and @SUM(A1:A9) and -2+3 stand at the start of a cell and are words, no formula.",
    "A right-to-left override \u202egnitirw\u202c and a zero-width\u200bspace stand inside this line.",
)


@dataclass(frozen=True, slots=True)
class Text:
    """A string whose left end stands at `x` and whose base line lies `y` points below the page's top edge."""

    x: float
    y: float
    text: str
    size: float = 10.0
    bold: bool = False


# ----------------------------------------------------------------------------------------------- sound documents


def font_for(text: str, bold: bool = False) -> str:
    """The name of a font that can write `text`, registered on first use; skips the test where there is none."""
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        name = "DejaVuSans-Bold" if bold else "DejaVuSans"
        if name not in pdfmetrics.getRegisteredFontNames():
            file = FONTS / f"{name}.ttf"
            if not file.is_file():
                pytest.skip("needs DejaVu: sudo apt-get install fonts-dejavu-core")
            pdfmetrics.registerFont(TTFont(name, str(file)))
        return name
    return "Helvetica-Bold" if bold else "Helvetica"


def placed_pdf(path: Path, pages: Sequence[Sequence[Text]], size: tuple[float, float] = A4) -> Path:
    """A PDF whose texts stand exactly where `pages` says: for columns, margins, furniture and footnotes."""
    canvas = Canvas(str(path), pagesize=size, invariant=1)
    for texts in pages:
        for item in texts:
            canvas.setFont(font_for(item.text, item.bold), item.size)
            canvas.drawString(item.x, size[1] - item.y, item.text)
        canvas.showPage()
    canvas.save()
    return path


def write_pdf(
    path: Path,
    pages: Sequence[Sequence[str]],
    *,
    size: tuple[float, float] = A4,
    font_size: float = 10.0,
    margin: float = 60.0,
    leading: float = 14.0,
) -> Path:
    """A PDF of plain lines, one column, from the top of each page on; an empty string leaves a gap."""
    placed = [
        [Text(margin, margin + n * leading, line, font_size) for n, line in enumerate(lines) if line] for lines in pages
    ]
    return placed_pdf(path, placed, size)


def two_column_pdf(
    path: Path,
    left: Sequence[str],
    right: Sequence[str],
    *,
    gutter: float = 12.0,
    head: str = "",
    font_size: float = 8.0,
) -> Path:
    """One page, two columns of lines `gutter` points apart, and a full-width heading over them."""
    start, leading = 60.0, font_size * 1.25
    widths = [pdfmetrics.stringWidth(line, font_for(line), font_size) for line in left]
    second = start + max(widths, default=200.0) + gutter
    texts = [Text(start, 60.0, head, font_size + 3, bold=True)] if head else []
    for x, lines in ((start, left), (second, right)):
        texts += [Text(x, 90.0 + n * leading, line, font_size) for n, line in enumerate(lines)]
    return placed_pdf(path, [texts])


def ruled_table_pdf(path: Path, rows: Sequence[Sequence[str]], before: str = "", after: str = "") -> Path:
    """One page with a table of equal cells, every cell boxed by ruling lines, and a line of text on either side."""
    height = A4[1]
    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    top, left, row_height = 110.0, 60.0, 22.0
    width = (A4[0] - 2 * left) / max(len(row) for row in rows)
    canvas.setFont("Helvetica", 9)
    canvas.drawString(left, height - 80, before)
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            y = height - top - (r + 1) * row_height
            canvas.rect(left + c * width, y, width, row_height)
            canvas.setFont(font_for(cell), 9)
            canvas.drawString(left + c * width + 4, y + 7, cell)
    canvas.setFont("Helvetica", 9)
    canvas.drawString(left, height - top - (len(rows) + 2) * row_height, after)
    canvas.save()
    return path


def furniture_pdf(path: Path, bodies: Sequence[Sequence[str]], head: str = "OFFICIAL SAMPLES - 3.2.2025") -> Path:
    """One page per body, each with the same running head and a page number that counts on."""
    pages = []
    for number, lines in enumerate(bodies, start=1):
        texts = [Text(200, 30, head, 8), Text(290, 815, str(number), 8)]
        texts += [Text(60, 80 + n * 14, line) for n, line in enumerate(lines)]
        pages.append(texts)
    return placed_pdf(path, pages)


def hostile_text_pdf(path: Path) -> Path:
    """Formulas, mark-up, right-to-left marks and zero-width characters, drawn as the plain words they are."""
    return write_pdf(path, [list(HOSTILE_LINES)])


def control_characters_pdf(path: Path, line: str = "The appeal is\x07 filed\x0b within\x1b thirty days.") -> Path:
    """A text layer with control characters between the words, written byte by byte into the content stream."""
    octal = "".join(f"\\{ord(c):03o}" if ord(c) < 32 else c for c in line)
    return raw_pdf(path, content=f"BT /F1 11 Tf 60 700 Td ({octal}) Tj ET".encode("latin-1"))


def mojibake_pdf(path: Path, lines: Sequence[str]) -> Path:
    """Greek lines as gazettes of about 2004 hold them: Windows-1253 bytes that the font reads as Latin-1."""
    return write_pdf(path, [[line.encode("cp1253").decode("latin-1") for line in lines]])


def letter_spaced_pdf(path: Path, heading: str, body: Sequence[str]) -> Path:
    """A heading set with a space after every letter ('A r t i k e l  1'), over plain lines."""
    spaced = "  ".join(" ".join(word) for word in heading.split())
    return write_pdf(path, [[spaced, "", *body]])


def rotated_pdf(path: Path, lines: Sequence[str], rotation: int = 90) -> Path:
    """Lines that read upright only when the page's /Rotate entry is applied (90, 180 or 270 degrees clockwise)."""
    # reportlab swaps the media box, so that the page as shown is A4 upright whatever the rotation.
    width, height = A4 if rotation == 180 else (A4[1], A4[0])
    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    canvas.setPageRotation(rotation)
    moves = {90: (width, 0.0), 180: (width, height), 270: (0.0, height)}
    canvas.translate(*moves[rotation])
    canvas.rotate(rotation)
    canvas.setFont("Helvetica", 10)
    for n, line in enumerate(lines):
        canvas.drawString(60, A4[1] - 60 - n * 14, line)
    canvas.save()
    return path


def cropped_pdf(path: Path, inside: Sequence[str], outside: str) -> Path:
    """A page whose crop box leaves 100 points off on every side; `outside` stands in the part that nobody sees."""
    width, height = A4
    canvas = Canvas(str(path), pagesize=A4, invariant=1, cropBox=(100, 100, width - 100, height - 100))
    canvas.setFont("Helvetica", 10)
    canvas.drawString(110, height - 40, outside)
    for n, line in enumerate(inside):
        canvas.drawString(110, height - 130 - n * 14, line)
    canvas.save()
    return path


# ------------------------------------------------------------------------------------------------------- scans


def page_image(path: Path, page: int = 1, dpi: int = 150) -> Image.Image:
    """A page of a PDF as a grey picture."""
    document = pdfium.PdfDocument(str(path))
    try:
        return document[page - 1].render(scale=dpi / 72, grayscale=True).to_pil().convert("L")
    finally:
        document.close()


def picture_pdf(path: Path, pictures: Sequence[Image.Image], size: tuple[float, float] = A4) -> Path:
    """Each picture fills one page; no text layer."""
    canvas = Canvas(str(path), pagesize=size, invariant=1)
    for picture in pictures:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=70)
        buffer.seek(0)
        canvas.drawImage(ImageReader(buffer), 0, 0, size[0], size[1])
        canvas.showPage()
    canvas.save()
    return path


def scan_pdf(path: Path, pages: Sequence[Sequence[str]], *, angle: float = 0.0, dpi: int = 150, noise: int = 0) -> Path:
    """Pages as a scanner gives them: images only, turned by `angle` degrees, with `noise` dark specks a page."""
    plain = write_pdf(path.with_suffix(".plain.pdf"), pages, font_size=12, leading=18)
    chance = random.Random(7)
    pictures = []
    for number in range(1, len(pages) + 1):
        picture = page_image(plain, number, dpi)
        if angle:
            picture = picture.rotate(angle, Image.Resampling.BICUBIC, fillcolor=255)
        for _ in range(noise):
            picture.putpixel((chance.randrange(picture.width), chance.randrange(picture.height)), 60)
        pictures.append(picture)
    plain.unlink()
    return picture_pdf(path, pictures)


def invisible_layer_pdf(path: Path, shown: Sequence[str], hidden: Sequence[str]) -> Path:
    """A scan of `shown` over which an earlier OCR laid the invisible text `hidden` (text rendering mode 3)."""
    plain = write_pdf(path.with_suffix(".plain.pdf"), [shown], font_size=12, leading=18)
    buffer = io.BytesIO()
    page_image(plain).save(buffer, "JPEG", quality=70)
    buffer.seek(0)
    plain.unlink()
    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    canvas.drawImage(ImageReader(buffer), 0, 0, *A4)
    layer = canvas.beginText(60, A4[1] - 60)
    layer.setTextRenderMode(3)
    layer.setFont("Helvetica", 12, 18)
    for line in hidden:
        layer.textLine(line)
    canvas.drawText(layer)
    canvas.save()
    return path


# ---------------------------------------------------------------------------------------------- broken documents


def raw_pdf(
    path: Path,
    *,
    content: bytes = b"BT /F1 11 Tf 60 700 Td (Art. 1. A plain line of text.) Tj ET",
    kids: str = "[3 0 R]",
    count: int = 1,
    media_box: str = "[0 0 595 842]",
    to_unicode: bytes = b"",
) -> Path:
    """A PDF written object by object, so that any part of it can be made wrong; sound as long as nothing is given."""
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding"
    font += b" /ToUnicode 6 0 R >>" if to_unicode else b" >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids {kids} /Count {count} >>".encode(),
        f"<< /Type /Page /Parent 2 0 R /MediaBox {media_box} /Contents 4 0 R".encode()
        + b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        font,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(to_unicode), to_unicode),
    ]
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    path.write_bytes(out)
    return path


def empty_file(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def truncated_pdf(path: Path, part: float = 0.6) -> Path:
    """A download that stopped: the first `part` of a sound file."""
    write_pdf(path, [[f"Art. {n}. The request is filed within {n + 10} days." for n in range(1, 30)]] * 3)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    return path


def encrypted_pdf(path: Path) -> Path:
    """Can't be opened without USER_PASSWORD."""
    encryption = StandardEncryption(USER_PASSWORD, ownerPassword="owner", strength=128)
    canvas = Canvas(str(path), pagesize=A4, encrypt=encryption, invariant=1)
    canvas.drawString(60, 700, "Art. 1. Nobody can read this without the password.")
    canvas.save()
    return path


def garbage_file(path: Path, size: int = 4096) -> Path:
    """Random bytes, always the same ones, with no PDF header."""
    path.write_bytes(random.Random(11).randbytes(size))
    return path


def garbage_after_header(path: Path, size: int = 4096) -> Path:
    path.write_bytes(b"%PDF-1.7\n" + random.Random(12).randbytes(size))
    return path


def jpeg_renamed(path: Path) -> Path:
    """A photograph whose name ends in .pdf."""
    buffer = io.BytesIO()
    Image.new("RGB", (320, 200), (90, 120, 160)).save(buffer, "JPEG")
    path.write_bytes(buffer.getvalue())
    return path


def text_renamed(path: Path) -> Path:
    path.write_text("Article 1er. Une note de travail, enregistrée sous un mauvais nom.\n", encoding="utf-8")
    return path


def html_error_page(path: Path) -> Path:
    """What a download script saves when the server answers 404."""
    path.write_text("<!DOCTYPE html>\n<html><head><title>404</title></head><body>Not found</body></html>\n", "utf-8")
    return path


def zero_page_pdf(path: Path) -> Path:
    return raw_pdf(path, kids="[]", count=0)


def huge_page_pdf(path: Path, side: int = 2_000_000) -> Path:
    """A page box of `side` points (700 m): rendering it would take all memory."""
    return raw_pdf(path, media_box=f"[0 0 {side} {side}]")


def page_tree_cycle_pdf(path: Path) -> Path:
    """The page tree names itself as its own child."""
    return raw_pdf(path, kids="[2 0 R 3 0 R]", count=2)


def broken_page_pdf(path: Path, pages: int = 3, broken: int = 2) -> Path:
    """A document of `pages` pages of which one refers to an object that isn't there; the others are sound."""
    write_pdf(path, [[f"Art. {n}. This page can be read."] for n in range(1, pages + 1)])
    data = path.read_bytes()
    start = data.index(b"/Kids")
    end = data.index(b"]", start)
    references = data[start:end].split(b" 0 R")
    # Object 0 is the head of the free list: never a page. Same length, so the cross-reference table stays right.
    references[broken - 1] = references[broken - 1][:-1] + b"0"
    path.write_bytes(data[:start] + b" 0 R".join(references) + data[end:])
    return path


def wrong_to_unicode_pdf(path: Path) -> Path:
    """Reads 'Article 1er …' on the page, but its ToUnicode map sends every letter to a private code point."""
    pairs = "\n".join(f"<{code:02X}> <{0xE000 + code:04X}>" for code in range(0x21, 0x7F))
    cmap = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n"
        "1 begincodespacerange <00> <FF> endcodespacerange\n"
        f"94 beginbfchar\n{pairs}\nendbfchar\nendcmap end end"
    )
    lines = b"BT /F1 12 Tf 60 700 Td (Article premier. Le guichet reste ouvert chaque matin de la semaine.) Tj ET"
    return raw_pdf(path, content=lines, to_unicode=cmap.encode())


BROKEN = {
    "empty": empty_file,
    "truncated": truncated_pdf,
    "encrypted": encrypted_pdf,
    "garbage": garbage_file,
    "garbage_after_header": garbage_after_header,
    "jpeg_renamed": jpeg_renamed,
    "text_renamed": text_renamed,
    "html_error_page": html_error_page,
    "zero_page": zero_page_pdf,
}
"""Files of which nothing can be read: each is one failed document and one issue, never the end of a run."""
