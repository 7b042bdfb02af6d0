"""Write the sample PDFs of corpus/ from the texts in tools/corpus_text/: `python tools/make_corpus.py [--pages]`.

Every text file says what is printed and, beside it, what the author means it to be: where a provision begins, its
label, its themes and its force, and the page it stands on. Those are the expected values of the golden tests, so they
are the author's, never taken from the pipeline. The PDFs' bytes depend on the texts and on DejaVu's version alone.
`--pages` prints the page of every provision instead of stopping where the text file says another one.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

sys.path.insert(0, str(Path(__file__).parent))
from families import FAMILIES, Family
from intended import in_language, intended_provisions, kind_of, read_text, text_files
from typeset import Flow, Style, break_lines, draw_line, register_fonts, to_words, width_of

ROOT = Path(__file__).parents[1]


# -------------------------------------------------------------------------------------------------- setting


def set_document(doc: dict[str, Any], target: Path) -> dict[int, int]:
    """Write one PDF. Returns the page on which each item of `doc["body"]` begins, by id() of the item."""
    family = FAMILIES[doc["family"]]
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=family.size, invariant=1, pageCompression=1)
    canvas.setTitle(doc.get("pdf_title", ""))
    canvas.setCreator("policy_scan tools/make_corpus.py")
    pages: dict[int, int] = {}
    flow = Flow(
        canvas, family.columns, family.top, family.bottom, lambda c, n: family.furnish(c, doc, n), rule=family.rule
    )
    flow.new_page(family.first_top)
    style = {name: replace(s, hyphen=doc.get("hyphen", "-")) for name, s in family.styles.items()}
    if family.bilingual:
        _set_rows(flow, doc, style, pages)
    else:
        _set_flow(flow, doc, family, style, pages)
    flow.close()
    canvas.save()
    target.parent.mkdir(parents=True, exist_ok=True)
    data = buffer.getvalue()
    target.write_bytes(scanned(data) if doc.get("scan") else data)
    return pages


def _set_flow(flow: Flow, doc: dict[str, Any], family: Family, style: dict[str, Style], pages: dict[int, int]) -> None:
    pending = ""
    for item in doc["body"]:
        kind = kind_of(item)
        value = item[kind]
        if kind == "break":
            flow.new_page()
        elif kind == "slide":
            if pages:
                flow.new_page()
            family.slide(flow.canvas, value, style)
            pages.update({id(box): flow.page for box in value["boxes"]})
            pages[id(item)] = flow.page
        elif kind == "table":
            pages[id(item)] = _set_table(flow, item, style)
        elif kind == "toc":
            for text, number in value:
                _set_leader(flow, text, number, style["toc"])
            flow.y -= 12
        elif kind == "art" and family.inline_articles and not item.get("own_line"):
            pending = f"**{value}.**" + (f" **{item['text']}**" if item.get("text") else "") + " "
        elif kind in ("h", "art"):
            _set_heading(flow, item, value, style, pages)
        elif kind == "act":
            flow.paragraph(value, style["act"])
        else:
            note = (item["note"], style["note"]) if "note" in item else None
            pages[id(item)] = flow.paragraph(pending + value, style[kind], note)
            pending = ""


def _set_heading(flow: Flow, item: dict[str, Any], value: str, style: dict[str, Style], pages: dict[int, int]) -> None:
    name = f"h{item.get('level', 1)}" if "h" in item else "art"
    base, text = style[name], item.get("text", "")
    if item.get("same_line") or not text or not value:
        joined = f"{value}{item.get('join', ' – ')}{text}" if value and text else value or text
        pages[id(item)] = flow.paragraph(joined, base, followers=2)
        return
    pages[id(item)] = flow.paragraph(value, replace(base, after=1.5), followers=4)
    flow.paragraph(text, style.get(f"{name}_text", replace(base, before=0.0)), followers=2)


def _set_leader(flow: Flow, text: str, number: int, style: Style) -> None:
    flow.need(style.leading)
    x, width = flow.columns[flow.column]
    flow.y -= style.leading
    words = to_words(text, style)
    face = words[0][0].font
    used = sum(width_of(w) for w in words) + flow.canvas.stringWidth(" ", face, style.size) * (len(words) - 1)
    draw_line(flow.canvas, words, x, flow.y, width, style, last=True)
    flow.canvas.setFont(face, style.size)
    dot = flow.canvas.stringWidth(".", face, style.size)
    flow.canvas.drawString(
        x + used + 4,
        flow.y,
        "." * int((width - used - 12 - flow.canvas.stringWidth(str(number), face, style.size)) / dot),
    )
    flow.canvas.drawRightString(x + width, flow.y, str(number))
    flow.y -= style.after


def _set_table(flow: Flow, item: dict[str, Any], style: dict[str, Style]) -> int:
    """A table whose header row is repeated on the next page; `ruled: no` leaves the lines out."""
    rows, cell = item["table"], style["cell"]
    x, width = flow.columns[flow.column]
    edges = [x + width * sum(item["widths"][:n]) / sum(item["widths"]) for n in range(len(rows[0]) + 1)]
    page = 0
    for number, row in enumerate(rows):
        face = replace(cell, bold=number == 0)
        laid = [break_lines(text, edges[n + 1] - edges[n] - 8, face) for n, text in enumerate(row)]
        height = max(len(lines) for lines in laid) * cell.leading + 6
        before = flow.page
        flow.need(height + (cell.leading * 3 if number == 0 else 0))
        if number == 0:
            page = flow.page
        elif flow.page != before and not item.get("no_header"):
            _draw_row(flow, rows[0], edges, replace(cell, bold=True), item)
        _draw_row(flow, row, edges, face, item)
    flow.y -= 8
    return page


def _draw_row(flow: Flow, row: list[str], edges: list[float], style: Style, item: dict[str, Any]) -> None:
    laid = [break_lines(text, edges[n + 1] - edges[n] - 8, style) for n, text in enumerate(row)]
    height = max(len(lines) for lines in laid) * style.leading + 6
    for n, lines in enumerate(laid):
        room = edges[n + 1] - edges[n] - 8
        for k, line in enumerate(lines):
            y = flow.y - 3 - (k + 1) * style.leading + style.leading * 0.25
            draw_line(flow.canvas, line, edges[n] + 4, y, room, style, k == len(lines) - 1)
        if item.get("ruled", True):
            flow.canvas.setLineWidth(0.5)
            flow.canvas.rect(edges[n], flow.y - height, edges[n + 1] - edges[n], height)
    flow.y -= height


def _set_rows(flow: Flow, doc: dict[str, Any], style: dict[str, Style], pages: dict[int, int]) -> None:
    """Two languages side by side: each item's versions begin at the same height, a full-width act title above them."""
    pending: dict[str, str] = {}
    for item in doc["body"]:
        kind = kind_of(item)
        if kind == "break":
            flow.new_page()
            continue
        if kind == "art":
            pending = {lang: f"**{item['art'][lang]}.** " for lang in doc["language"]}
            continue
        name = f"h{item.get('level', 1)}" if kind == "h" else kind
        base = style[name]
        both = []
        for lang, (_, width) in zip(doc["language"], flow.columns, strict=True):
            text = in_language(item[kind], lang)
            if "text" in item:
                text = f"{text}. — {item['text'][lang]}"
            both.append(break_lines(pending.get(lang, "") + text, width, base))
        pending = {}
        if flow.y - base.before - (max(map(len, both)) + 2 if base.keep else 2) * base.leading < flow.floor:
            flow.new_page()
        flow.y -= base.before if flow.y < flow.start else 0
        pages[id(item)] = flow.page
        done = 0
        while done < max(map(len, both)):
            fits = int((flow.y - flow.floor) / base.leading)
            if fits < 1:
                flow.new_page()
                continue
            for lines, (x, width) in zip(both, flow.columns, strict=True):
                for n, line in enumerate(lines[done : done + fits]):
                    left = x + base.indent + (base.first if n + done == 0 else 0)
                    y = flow.y - (n + 1) * base.leading
                    draw_line(flow.canvas, line, left, y, width - (left - x), base, n + done == len(lines) - 1)
            placed = min(fits, max(map(len, both)) - done)
            flow.y -= placed * base.leading
            done += placed
        flow.y -= base.after


def scanned(data: bytes, dpi: int = 150, angle: float = 0.6, specks: int = 900) -> bytes:
    """The document as an office scanner gives it: pictures only, a little askew and dirty, the same on every call."""
    import pypdfium2 as pdfium
    from PIL import Image

    source = pdfium.PdfDocument(data)
    out = io.BytesIO()
    canvas = Canvas(out, pageCompression=1, invariant=1)
    chance = random.Random(1)
    for number in range(len(source)):
        page = source[number]
        size = page.get_size()
        picture = page.render(scale=dpi / 72, grayscale=True).to_pil().convert("L")
        picture = picture.rotate(angle if number % 2 == 0 else -angle / 2, Image.Resampling.BICUBIC, fillcolor=250)
        for _ in range(specks):
            picture.putpixel((chance.randrange(picture.width), chance.randrange(picture.height)), chance.randrange(200))
        jpeg = io.BytesIO()
        picture.save(jpeg, "JPEG", quality=42)
        jpeg.seek(0)
        canvas.setPageSize(size)
        canvas.drawImage(ImageReader(jpeg), 0, 0, *size)
        canvas.showPage()
    source.close()
    canvas.save()
    return out.getvalue()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pages", action="store_true", help="print the page of every provision, check nothing")
    parser.add_argument("--output", type=Path, default=ROOT / "corpus", help="the folder to write into")
    options = parser.parse_args(arguments)
    register_fonts()
    wrong = 0
    for file in text_files():
        doc = read_text(file)
        pages = set_document(doc, options.output / doc["file"])
        for item, provision in intended_provisions(doc):
            where = pages[id(item)]
            if options.pages:
                print(f"{file.stem}\t{where}\t{'/'.join(provision.label_path)}\t{provision.text[:60]!r}")
            elif where != provision.page:
                wrong += 1
                print(f"{file.name}: {provision.text[:50]!r} begins on page {where}, the text says {provision.page}.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
