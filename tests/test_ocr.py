"""OCR: reading, deskewing, sideways pages, noise, and what is said when Tesseract or a language is missing."""

from __future__ import annotations

import platform
from collections.abc import Iterator

import pytest
from PIL import Image, ImageDraw, ImageFont

from policy_scan import ocr
from policy_scan.errors import OcrError

SENTENCE = "Chaque usager peut envoyer sa demande au guichet de la commune."
needs_french = pytest.mark.skipif(
    "fr" not in ocr.available().languages, reason="Tesseract with French is not installed on this machine"
)


@pytest.fixture(autouse=True)
def _ask_again() -> Iterator[None]:
    ocr.available.cache_clear()
    yield
    ocr.available.cache_clear()


def page_image(lines: int = 12) -> Image.Image:
    image = Image.new("L", (1400, 1000), 255)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(30)
    for line in range(lines):
        draw.text((150, 150 + 55 * line), SENTENCE, font=font, fill=0)
    return image


def turned(image: Image.Image, degrees: float) -> Image.Image:
    return image.rotate(degrees, resample=Image.Resampling.BICUBIC, fillcolor=255)


def lines_of(page: ocr.OcrPage) -> list[str]:
    lines: dict[tuple[int, int, int], list[str]] = {}
    for word in page.words:
        lines.setdefault((word.block, word.paragraph, word.line), []).append(word.text)
    return [" ".join(words) for words in lines.values()]


@needs_french
def test_reads_words_with_boxes_and_confidence() -> None:
    page = ocr.read_image(page_image(), ["fr"], dpi=200, seconds=60)
    assert lines_of(page) == [SENTENCE] * 12
    assert page.confidence > 0.8
    assert (page.angle, page.quarter) == (0.0, 0)
    first = page.words[0]
    assert 140 < first.x0 < first.x1 < 300
    assert 140 < first.y0 < first.y1 < 200


@pytest.mark.parametrize("degrees", [-3.2, -1.0, -0.4, 0.4, 1.7, 3.5])
def test_finds_the_skew(degrees: float) -> None:
    assert ocr.find_skew(turned(page_image(), degrees)) == pytest.approx(-degrees, abs=0.15)


def test_level_blank_and_dark_pages_are_not_turned() -> None:
    assert ocr.find_skew(page_image()) == 0.0
    assert ocr.find_skew(Image.new("L", (1400, 1000), 255)) == 0.0
    assert ocr.find_skew(Image.new("L", (1400, 1000), 0)) == 0.0
    assert ocr.find_skew(Image.new("L", (1, 1), 0)) == 0.0


@needs_french
def test_boxes_of_a_skewed_page_are_those_of_the_page_as_given() -> None:
    image = turned(page_image(), -2.5)
    page = ocr.read_image(image, ["fr"], dpi=200, seconds=60)
    assert lines_of(page)[0] == SENTENCE
    assert page.angle == pytest.approx(2.5, abs=0.15)
    for word in page.words:
        box = (int(word.x0) - 1, int(word.y0) - 1, int(word.x1) + 2, int(word.y1) + 2)
        ink = image.crop(box).point(lambda value: 255 if value < 128 else 0).getbbox()
        assert ink is not None, f"no ink under {word.text}"
        assert ink[2] - ink[0] > 0.8 * (word.x1 - word.x0), word.text


@needs_french
@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_stands_a_page_upright_and_lays_its_boxes_back(degrees: int) -> None:
    if not ocr.available().orientation:
        pytest.skip("Tesseract's file for orientation is not installed")
    image = page_image().rotate(degrees, expand=True)
    page = ocr.read_image(image, ["fr"], dpi=200, seconds=60)
    assert lines_of(page)[0] == SENTENCE
    assert page.quarter == degrees
    word = page.words[0]
    box = (int(word.x0) - 2, int(word.y0) - 2, int(word.x1) + 2, int(word.y1) + 2)
    assert min(image.crop(box).tobytes()) < 128
    assert (word.y1 - word.y0 > word.x1 - word.x0) == (degrees != 180)


def table_of(*words: tuple[str, float, int]) -> dict[str, list[object]]:
    names = ("left", "top", "width", "height", "block_num", "par_num")
    return {
        "text": [text for text, _, _ in words],
        "conf": [confidence for _, confidence, _ in words],
        "line_num": [line for _, _, line in words],
        **{name: [1] * len(words) for name in names},
    }


def test_noise_is_dropped_but_counts_in_the_confidence() -> None:
    table = table_of(
        ("demande", 90, 1), ("xqzt", 10, 1), ("guichet", 12, 1), ("~", 40, 1), ("llIl", 20, 2), ("", -1, 2)
    )
    page = ocr._as_page(table, 0.0, (100, 100), ("fr",))
    assert [word.text for word in page.words] == ["demande", "guichet"]
    assert page.n_dropped == 3
    assert page.confidence == pytest.approx((7 * 0.9 + 4 * 0.1 + 7 * 0.12 + 4 * 0.2) / 22)


def test_the_micro_sign_in_greek_becomes_mu() -> None:
    page = ocr._as_page(table_of(("δηµόσια", 90, 1)), 0.0, (100, 100), ("el",))
    assert page.words[0].text == "δημόσια"


@needs_french
def test_an_empty_page_has_no_words_and_no_confidence() -> None:
    page = ocr.read_image(Image.new("RGB", (600, 400), "white"), ["fr"], dpi=200, seconds=60)
    assert page.words == ()
    assert page.confidence == 0.0


@needs_french
def test_a_page_that_takes_too_long_says_which_setting_to_raise() -> None:
    with pytest.raises(OcrError) as caught:
        ocr.read_image(page_image(), ["fr"], dpi=200, seconds=0.01)
    assert "0.01 seconds" in caught.value.message
    assert "ocr.seconds_per_page" in caught.value.next_step


def test_missing_program_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "_find_program", lambda: None)
    assert ocr.available().missing == ("fr", "nl", "de", "el", "ro", "lb", "en")
    with pytest.raises(OcrError) as caught:
        ocr.read_image(page_image(1), ["fr", "lb"], dpi=200, seconds=60)
    assert caught.value.next_step == ocr.mending_command(["fr", "lb"])


def test_missing_language_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "available", lambda: ocr.OcrInstallation("tesseract", "5.3.0", ("fr",), False))
    with pytest.raises(OcrError, match="lacks the language files for lb") as caught:
        ocr.read_image(page_image(1), ["fr", "lb"], dpi=200, seconds=60)
    assert caught.value.next_step == ocr.mending_command(["lb"])


def test_unknown_language_names_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "available", lambda: ocr.OcrInstallation("tesseract", "5.3.0", ("fr",), False))
    with pytest.raises(OcrError) as caught:
        ocr.read_image(page_image(1), ["tlh"], dpi=200, seconds=60)
    assert "tlh" in caught.value.message
    assert "fr, nl, de, el, ro, lb, en" in caught.value.next_step


def test_a_program_that_is_no_tesseract_is_an_ocr_error(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr(ocr, "_find_program", lambda: f"{tmp_path}/nothing-here")
    with pytest.raises(OcrError, match="can't be started"):
        ocr.available()


@pytest.mark.parametrize(
    ("system", "family", "expected"),
    [
        ("Linux", " debian  ", "sudo apt-get install -y tesseract-ocr tesseract-ocr-ron tesseract-ocr-ell"),
        ("Linux", " fedora  ", "sudo dnf install tesseract tesseract-langpack-ron tesseract-langpack-ell"),
        ("Darwin", "", "brew install tesseract tesseract-lang"),
    ],
)
def test_mending_command_of_each_system(
    monkeypatch: pytest.MonkeyPatch, system: str, family: str, expected: str
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(ocr, "_linux_family", lambda: family)
    assert ocr.mending_command(["ro", "el"]) == expected


def test_mending_command_of_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    command = ocr.mending_command(["ro", "el"])
    assert command.startswith("winget install --interactive UB-Mannheim.TesseractOCR")
    assert "ron, ell" in command
