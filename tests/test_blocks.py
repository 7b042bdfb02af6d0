"""Kinds of blocks: headings and their depth, paragraphs, list items, captions, tables, footnotes, furniture."""

from __future__ import annotations

from pathlib import Path

from fixtures import Text, furniture_pdf, placed_pdf, ruled_table_pdf

from policy_scan.config import load_config
from policy_scan.records import Block, Page, Source
from policy_scan.stages.blocks import find_blocks
from policy_scan.stages.pages import read_pages

CONFIG = load_config(overrides={"ocr": {"enabled": False}})
SOURCE = Source("0" * 64, "FR/sample.pdf", (), "FR", ("FR",))


def blocks_of(path: Path) -> tuple[list[Page], list[Block]]:
    pages, lines, _ = read_pages(SOURCE, path.read_bytes(), CONFIG)
    return pages, find_blocks(SOURCE, pages, lines, CONFIG)


def test_headings_rank_by_size_and_weight(tmp_path: Path) -> None:
    body = "Le service répond à chaque demande par écrit et sans frais pour la personne."
    texts = [
        Text(60, 80, "Titre du plan", 18, bold=True),
        Text(60, 120, "Une partie", 14, bold=True),
        *(Text(60, 150 + 14 * n, body) for n in range(5)),
        Text(60, 250, "Une mesure", 10, bold=True),
        *(Text(60, 280 + 14 * n, body) for n in range(5)),
    ]
    _, blocks = blocks_of(placed_pdf(tmp_path / "h.pdf", [texts]))
    found = [(block.text, block.level) for block in blocks if block.kind == "heading"]
    assert found == [("Titre du plan", 1), ("Une partie", 2), ("Une mesure", 3)]
    assert {block.kind for block in blocks if block.level is None} == {"paragraph"}


def test_bold_words_inside_a_paragraph_make_no_heading(tmp_path: Path) -> None:
    texts = [
        Text(60, 100, "Le guichet reçoit toute personne qui ne peut pas ou ne veut pas faire sa", 10),
        Text(60, 114, "démarche en ligne et l'aide à remplir le formulaire sur papier ou sur", 10, bold=True),
        Text(60, 128, "écran, sans rendez-vous et sans frais, dans chaque chef-lieu de canton.", 10),
    ]
    _, blocks = blocks_of(placed_pdf(tmp_path / "b.pdf", [texts]))
    assert [block.kind for block in blocks] == ["paragraph"]


def test_list_items_and_captions(tmp_path: Path) -> None:
    texts = [
        Text(60, 100, "Le dossier contient les pièces suivantes, remises au guichet ou par lettre :"),
        Text(72, 114, "a) une preuve de domicile ;"),
        Text(72, 128, "b) une photographie récente."),
        Text(60, 170, "Tableau 2 - Délais de réponse"),
    ]
    _, blocks = blocks_of(placed_pdf(tmp_path / "l.pdf", [texts]))
    assert [block.kind for block in blocks] == ["paragraph", "list_item", "list_item", "caption"]


def test_blocks_are_slices_in_order_with_boxes_around_their_lines(tmp_path: Path) -> None:
    rows = [["Amt", "Ort"], ["Eins", "Zwei"]]
    path = ruled_table_pdf(tmp_path / "t.pdf", rows, before="Ein Satz davor.", after="Ein Satz danach.")
    pages, blocks = blocks_of(path)
    end = 0
    for block in blocks:
        assert block.text == pages[0].text[block.start : block.end] and block.start >= end
        assert 0 <= block.x0 < block.x1 <= pages[0].width and 0 <= block.y0 < block.y1 <= pages[0].height
        end = block.end
    assert [block.kind for block in blocks] == ["paragraph", "table", "paragraph"]
    assert blocks[1].text == "Amt | Ort\nEins | Zwei"


def test_furniture_keeps_its_kind(tmp_path: Path) -> None:
    lines = [f"Die Behörde antwortet in Fall {n} schriftlich und ohne Kosten für die Person." for n in range(12)]
    _, blocks = blocks_of(furniture_pdf(tmp_path / "f.pdf", [lines, lines[3:], lines[5:]], head="AMTLICHE SAMMLUNG"))
    for page in (1, 2, 3):
        own = [block.kind for block in blocks if block.page == page]
        assert own[0] == "header" and own[-1] == "page_number"
        assert not {"header", "footer", "page_number"} & set(own[1:-1])
