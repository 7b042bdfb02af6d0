"""The picture of a page as it was understood."""

from __future__ import annotations

from pathlib import Path

from fixtures import write_pdf
from PIL import Image, ImageChops

from policy_scan.config import load_config
from policy_scan.picture import DPI, draw_page
from policy_scan.records import Source
from policy_scan.stages.blocks import find_blocks
from policy_scan.stages.pages import read_pages


def test_blocks_are_drawn_over_the_page(tmp_path: Path) -> None:
    data = write_pdf(tmp_path / "p.pdf", [["Premier paragraphe.", "", "", "Second paragraphe."]]).read_bytes()
    config = load_config()
    source = Source("0" * 64, "p.pdf", (), "FR", ("FR",))
    pages, lines, _ = read_pages(source, data, config)
    blocks = find_blocks(source, pages, lines, config)
    draw_page(data, 1, blocks, config, tmp_path / "with.png")
    draw_page(data, 1, [], config, tmp_path / "without.png")
    drawn, plain = (Image.open(tmp_path / name).convert("RGB") for name in ("with.png", "without.png"))
    assert drawn.width == round(595.28 * DPI / 72 + 0.5) or abs(drawn.width - 595.28 * DPI / 72) <= 1
    box = ImageChops.difference(drawn, plain).getbbox()
    assert box is not None
    scale = 72 / DPI
    assert abs(box[0] * scale - blocks[0].x0) < 4 and abs(box[3] * scale - blocks[-1].y1) < 6
