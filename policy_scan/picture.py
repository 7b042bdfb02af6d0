"""A page drawn as it was understood: its blocks, their order and kinds, over the rendered page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .config import Config
from .pdf import open_pdf
from .records import FURNITURE_KINDS, Block

DPI = 110
_COLOURS = {
    "heading": (178, 24, 43),
    "paragraph": (33, 102, 172),
    "list_item": (0, 121, 107),
    "table": (123, 50, 148),
    "footnote": (140, 86, 0),
    "caption": (200, 80, 0),
}
_FURNITURE = (110, 110, 110)


def draw_page(data: bytes, number: int, blocks: Sequence[Block], config: Config, out: Path, dpi: int = DPI) -> None:
    """Write page `number` of a PDF as PNG, with a box, an order number and the kind of each of its blocks.

    Kinds are told by words, not by colour alone; furniture has dashed boxes and no order number. Raises DocumentError,
    PageError, OSError.
    """
    from PIL import ImageDraw, ImageFont

    limits = config.run
    with open_pdf(data, limits.pages_per_document, limits.megabytes_per_file * 1_000_000) as pdf:
        image, scale = pdf.render(number, dpi)
    draw = ImageDraw.Draw(image, "RGBA")
    font = ImageFont.load_default(size=round(8.5 * scale))
    order = 0
    centre: tuple[float, float] | None = None
    for block in blocks:
        if block.page != number:
            continue
        furniture = block.kind in FURNITURE_KINDS
        colour = _FURNITURE if furniture else _COLOURS[block.kind]
        box = [value * scale for value in (block.x0 - 1, block.y0 - 1, block.x1 + 1, block.y1 + 1)]
        draw.rectangle(
            box, fill=(*colour, 26), outline=(*colour, 120 if furniture else 255), width=1 if furniture else 2
        )
        if not furniture:
            order += 1
            here = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
            if centre is not None:
                draw.line([centre, here], fill=(*colour, 90), width=1)
            centre = here
        name = f"{block.kind} {block.level}" if block.level else block.kind
        label = name if furniture else f"{order} {name}"
        place = draw.textbbox((box[0], box[1]), label, font=font)
        shift = (place[3] - place[1]) if box[1] > place[3] - place[1] else 0
        draw.rectangle(
            (place[0] - 1, place[1] - shift - 1, place[2] + 1, place[3] - shift + 1), fill=(255, 255, 255, 215)
        )
        draw.text((box[0], box[1] - shift), label, font=font, fill=(*colour, 255))
    image.save(out, "PNG")
