"""Pictures of the evidence: cut from the right page, the words outlined, and a reason where there can be none."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import re
from pathlib import Path

import example_run as make
import pytest
from fixtures import Text as Words
from fixtures import broken_page_pdf, placed_pdf, rotated_pdf
from in_browser import launched, open_page
from PIL import Image

from policy_scan.keys import hash_bytes
from policy_scan.records import Provision
from policy_scan.report.common import Evidence, RunData, list_evidence
from policy_scan.report.crops import DPI, Crop, Reason, crop_key, make_crops
from policy_scan.report.html import PICTURES_PER_CELL, render_page

LINES = (
    "Article 4. The office answers every letter.",
    "Whoever has no computer may write on paper.",
    "It costs nothing.",
)
TEXT = "\n".join(LINES)
BOX = (50.0, 88.0, 400.0, 134.0)
ORANGE, YELLOW = (154, 52, 18), (255, 230, 128)


def lay_out(path: Path) -> Path:
    lines = [Words(52, 100 + 16 * number, line) for number, line in enumerate(LINES)]
    lines += [Words(52, 400, "Whoever has no computer may write on paper.")]  # the same words, elsewhere on the page
    return placed_pdf(path, [[Words(52, 100, "A first page.")], lines])


def run_of(
    folder: Path,
    pdf: Path,
    evidence: str = "Whoever has no computer may write on paper.",
    text: str = TEXT,
    page: int = 2,
    **changes: object,
) -> RunData:
    """A run whose corpus holds the PDF, with one provision coded for its words `evidence`."""
    target = folder / "corpus" / "FR" / "act.pdf"
    target.parent.mkdir(parents=True, exist_ok=True)
    data = pdf.read_bytes()
    target.write_bytes(data)
    act = make.document(hash_bytes(data), path="FR/act.pdf")
    provision: Provision = make.provision(
        "p-1", act, text, spans=((page, 0, len(text)),), page_first=page, page_last=page, boxes=((page, *BOX),)
    )
    provision = dataclasses.replace(provision, **changes)  # type: ignore[arg-type]
    start = text.index(evidence)
    coded = make.coding("p-1", evidence=json.dumps([[start, start + len(evidence)]]))
    return make.run_data(folder / "out", make.Example([act], [provision], [coded], []))


def only(run: RunData) -> Crop | Reason:
    [evidence] = wanted(run)
    return make_crops(run, [evidence])[crop_key(evidence)]


def wanted(run: RunData) -> list[Evidence]:
    return [item for item in list_evidence(run) if item.theme == "non_digital_access"]


def opened(crop: Crop | Reason) -> Image.Image:
    assert isinstance(crop, Crop)
    image = Image.open(io.BytesIO(crop.image))
    assert image.format == "PNG"
    assert image.size == (crop.width, crop.height)
    return image.convert("RGB")


def rows_of(image: Image.Image, colour: tuple[int, int, int], near: int = 40) -> list[int]:
    """The pixel rows that hold the colour, or one near it."""
    width, height = image.size
    pixels = image.load()
    assert pixels is not None
    return [
        y for y in range(height)
        if any(sum(abs(a - b) for a, b in zip(pixels[x, y], colour, strict=True)) < near for x in range(width))
    ]  # fmt: skip


def test_the_words_are_outlined_on_their_line(tmp_path: Path) -> None:
    crop = only(run_of(tmp_path, lay_out(tmp_path / "a.pdf")))
    image = opened(crop)
    assert isinstance(crop, Crop) and crop.exact and crop.page == 2
    marked = rows_of(image, YELLOW)
    # The second of three lines: its base line lies 116 points from the page's top, the picture begins 14 above the box.
    middle = (116 - 4 - (BOX[1] - 14)) * DPI / 72
    assert marked and marked[0] < middle < marked[-1]
    assert marked[-1] - marked[0] < 20 * DPI / 72
    rim = rows_of(image, ORANGE)
    assert rim[0] < marked[0] and rim[-1] > marked[-1]


def test_the_picture_is_the_provision_with_a_margin(tmp_path: Path) -> None:
    image = opened(only(run_of(tmp_path, lay_out(tmp_path / "a.pdf"))))
    assert image.width == pytest.approx((BOX[2] - BOX[0] + 28) * DPI / 72, abs=2)
    assert image.height == pytest.approx((BOX[3] - BOX[1] + 28) * DPI / 72, abs=2)


def test_words_that_the_page_holds_otherwise_outline_the_provision(tmp_path: Path) -> None:
    run = run_of(tmp_path, lay_out(tmp_path / "a.pdf"), "read by other means", "It was read by other means.")
    crop = only(run)
    image = opened(crop)
    assert isinstance(crop, Crop) and not crop.exact
    assert not rows_of(image, YELLOW)
    assert rows_of(image, ORANGE)


def test_a_lists_number_and_hyphens_do_not_hide_the_words(tmp_path: Path) -> None:
    text = "1. Who-\never has no compu­ter may write on paper."
    crop = only(run_of(tmp_path, lay_out(tmp_path / "a.pdf"), text, text))
    assert isinstance(crop, Crop) and crop.exact


def test_evidence_on_the_second_page_shows_that_page(tmp_path: Path) -> None:
    text = "A first page.\n" + LINES[1]
    run = run_of(
        tmp_path, lay_out(tmp_path / "a.pdf"), LINES[1], text,
        spans=((1, 0, 13), (2, 20, 20 + len(LINES[1]))), page_first=1,
        boxes=((1, 50.0, 90.0, 400.0, 104.0), (2, *BOX)),
    )  # fmt: skip
    crop = only(run)
    assert isinstance(crop, Crop) and crop.exact and crop.page == 2


def test_a_turned_page_is_cut_as_it_is_shown(tmp_path: Path) -> None:
    pdf = rotated_pdf(tmp_path / "a.pdf", list(LINES))
    from policy_scan.pdf import open_pdf

    with open_pdf(pdf.read_bytes()) as document:
        sheet = document.sheet(1)
    boxes = sheet.boxes[[not character.isspace() for character in sheet.text]]
    whole = (1.0, *(float(value) for value in (*boxes.min(axis=0)[:2], *boxes.max(axis=0)[2:])))
    crop = only(run_of(tmp_path, pdf, LINES[1], page=1, boxes=(whole,)))
    assert isinstance(crop, Crop) and crop.exact


def test_a_missing_changed_or_damaged_pdf_has_a_reason(tmp_path: Path) -> None:
    run = run_of(tmp_path, lay_out(tmp_path / "a.pdf"))
    file = tmp_path / "corpus" / "FR" / "act.pdf"
    file.write_bytes(file.read_bytes() + b"\n")
    assert only(run) == "changed"
    file.unlink()
    assert only(run) == "missing"
    assert only(run_of(tmp_path / "b", broken_page_pdf(tmp_path / "b.pdf"))) == "damaged"
    text = tmp_path / "c.pdf"
    text.write_bytes(b"no PDF at all")
    assert only(run_of(tmp_path / "c", text)) == "damaged"
    assert only(run_of(tmp_path / "d", lay_out(tmp_path / "a.pdf"), boxes=())) == "no_place"


def test_a_box_beyond_the_page_does_no_harm(tmp_path: Path) -> None:
    far = ((2, 5000.0, 5000.0, 5100.0, 5100.0),)
    assert only(run_of(tmp_path, lay_out(tmp_path / "a.pdf"), boxes=far)) == "no_place"


def test_a_picture_is_in_the_page_once_however_many_themes_need_it(tmp_path: Path) -> None:
    run = run_of(tmp_path, lay_out(tmp_path / "a.pdf"))
    [coded] = run.codings
    act = list(run.documents)
    codings = [coded, dataclasses.replace(coded, theme="digital_inclusion", rank=2)]
    run = make.run_data(tmp_path / "out", make.Example(act, list(run.provisions), codings, []))
    text = render_page(run, "en", tmp_path)
    found = re.search(r'id="pictures">(.*?)</script>', text, re.S)
    assert found
    [picture] = json.loads(found[1])
    assert opened(Crop(base64.b64decode(picture["image"]), picture["width"], picture["height"], 2, True))
    data = re.search(r'id="data">(.*?)</script>', text, re.S)
    assert data
    assert [row["picture"] for row in json.loads(data[1])["rows"]] == [0, 0]


def test_only_the_best_of_a_cell_have_pictures(tmp_path: Path) -> None:
    run = run_of(tmp_path, lay_out(tmp_path / "a.pdf"))
    [first], [coded] = run.provisions, run.codings
    names = [f"p-{number}" for number in range(6)]
    provisions = [dataclasses.replace(first, provision_id=name, ordinal=at) for at, name in enumerate(names)]
    codings = [
        dataclasses.replace(coded, provision_id=name, probability=0.95 - at / 50) for at, name in enumerate(names)
    ]
    run = make.run_data(tmp_path / "out", make.Example(list(run.documents), provisions, codings, []))
    data = re.search(r'id="data">(.*?)</script>', render_page(run, "en", tmp_path), re.S)
    assert data
    with_picture = ["picture" in row for row in json.loads(data[1])["rows"]]
    assert with_picture == [True] * PICTURES_PER_CELL + [False] * 3


def test_the_browser_shows_the_picture_and_says_what_it_is_or_why_there_is_none(tmp_path: Path) -> None:
    run = run_of(tmp_path, lay_out(tmp_path / "a.pdf"))
    page_file = tmp_path / "page.html"
    with launched() as browser:
        page_file.write_text(render_page(run, "en", tmp_path), "utf-8")
        page, heard = open_page(browser, page_file)
        image = page.locator(".passage img")
        assert image.evaluate("one => one.decode().then(() => one.naturalWidth)") > 300
        assert image.get_attribute("alt") == "Page 2 of the PDF, cut to this passage; its evidence is outlined."
        assert heard == []
        (tmp_path / "corpus" / "FR" / "act.pdf").unlink()
        page_file.write_text(render_page(run, "en", tmp_path), "utf-8")
        page.reload()
        assert page.locator(".passage img").count() == 0
        assert "the PDF is no longer where it was read" in page.locator(".passage").inner_text()
