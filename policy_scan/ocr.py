"""Reading page images with Tesseract: the only module that knows pytesseract.

One thread per page (documents run in parallel processes). Coordinates are pixels of the image given, origin at
the top left; confidences are 0 to 1 (Tesseract's own 0 to 100 divided by 100).
"""

from __future__ import annotations

import math
import os
import platform
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import OcrError
from .language import is_function_word
from .legibility import is_plausible

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

TESSERACT_NAMES = {"fr": "fra", "nl": "nld", "de": "deu", "el": "ell", "ro": "ron", "lb": "ltz", "en": "eng"}
"""ISO 639-1 to the names of Tesseract's language files."""

_SURE = 0.30
"""Under this confidence a word is dropped unless it looks like one; signs alone are dropped under twice as much."""
_DOUBTFUL_LINE = 0.35
"""A line none of whose words is surer than this is a stamp, barcode, signature or picture: dropped as a whole."""
_DOUBTFUL_PAGE = 0.50
"""A page read with less confidence may lie on its side; Tesseract is asked."""
_MAX_SKEW = 4.0
_MIN_SKEW = 0.15
"""Degrees: outside these, turning the page does harm or no good."""
_SKEW_WIDTH = 900
"""Pixels: images are reduced to this width before their skew is measured."""


@dataclass(frozen=True, slots=True)
class OcrInstallation:
    """What is installed: `program` is None where Tesseract isn't; `languages` are the ISO codes it can read."""

    program: str | None
    version: str
    languages: tuple[str, ...]
    orientation: bool
    """Whether pages lying on their side can be recognised (Tesseract's 'osd' file)."""

    @property
    def missing(self) -> tuple[str, ...]:
        """The codes among the seven that can't be read, in the order of TESSERACT_NAMES."""
        return tuple(code for code in TESSERACT_NAMES if code not in self.languages)


@dataclass(frozen=True, slots=True)
class OcrWord:
    """A word and its box in pixels of the image given. block, paragraph and line count from 1, as Tesseract does."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    confidence: float
    block: int
    paragraph: int
    line: int


@dataclass(frozen=True, slots=True)
class OcrPage:
    """The words of a page in Tesseract's reading order.

    `confidence` is the mean over all words found, the dropped ones too, weighted by their letters and digits; 0.0
    where nothing was found. `quarter` is the clockwise turn (0, 90, 180, 270 degrees) that stood the page upright and
    `angle` the turn in degrees, counter-clockwise, that levelled its lines after that.
    """

    words: tuple[OcrWord, ...]
    confidence: float
    angle: float
    quarter: int
    n_dropped: int
    languages: tuple[str, ...]


def _find_program() -> str | None:
    found = shutil.which("tesseract")
    if found is None and os.name == "nt":
        for variable in ("ProgramFiles", "ProgramFiles(x86)", "LOCALAPPDATA"):
            for inner in ("Tesseract-OCR", "Programs/Tesseract-OCR"):
                candidate = Path(os.environ.get(variable, "")) / inner / "tesseract.exe"
                if candidate.is_file():
                    return str(candidate)
    return found


def _engine(program: str) -> Any:
    import pytesseract

    # Read by Tesseract's OpenMP: without it every page takes all cores and parallel documents slow each other down.
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    pytesseract.pytesseract.tesseract_cmd = program
    return pytesseract


@cache
def available() -> OcrInstallation:
    """What this machine can read, asked of Tesseract once per process (`available.cache_clear()` asks again)."""
    program = _find_program()
    if program is None:
        return OcrInstallation(None, "", (), False)
    engine = _engine(program)
    try:
        version = str(engine.get_tesseract_version())
        names = set(engine.get_languages())
    except (OSError, RuntimeError, SystemExit) as error:  # pytesseract ends the program on a version it can't parse
        raise OcrError(f"Tesseract ({program}) can't be started: {error}.", mending_command(())) from error
    languages = tuple(code for code, name in TESSERACT_NAMES.items() if name in names)
    return OcrInstallation(program, version, languages, "osd" in names)


def _linux_family() -> str:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return ""
    return f" {release.get('ID', '')} {release.get('ID_LIKE', '')} "


def mending_command(missing_languages: Sequence[str]) -> str:
    """The command that installs Tesseract with the languages named (ISO codes), for the system it runs on."""
    names = [TESSERACT_NAMES.get(code, code) for code in missing_languages]
    system = platform.system()
    if system == "Darwin":
        return "brew install tesseract tesseract-lang"
    if system == "Windows":
        chosen = f" (tick the languages {', '.join(names)} in its installer)" if names else ""
        return f"winget install --interactive UB-Mannheim.TesseractOCR{chosen}"
    family = _linux_family()
    if any(f" {name} " in family for name in ("fedora", "rhel", "centos")):
        return " ".join(["sudo dnf install tesseract", *(f"tesseract-langpack-{name}" for name in names)])
    if any(f" {name} " in family for name in ("suse", "opensuse")):
        return " ".join(["sudo zypper install tesseract-ocr", *(f"tesseract-ocr-traineddata-{name}" for name in names)])
    if " arch " in family:
        return " ".join(["sudo pacman -S tesseract", *(f"tesseract-data-{name}" for name in names)])
    return " ".join(["sudo apt-get install -y tesseract-ocr", *(f"tesseract-ocr-{name}" for name in names)])


def _require(languages: Sequence[str]) -> OcrInstallation:
    installed = available()
    wanted = list(dict.fromkeys(languages))
    unknown = [code for code in wanted if code not in TESSERACT_NAMES]
    if unknown or not wanted:
        known = ", ".join(TESSERACT_NAMES)
        raise OcrError(f"OCR has no language '{', '.join(unknown)}'.", f"name one or more of {known}.")
    if installed.program is None:
        raise OcrError("Tesseract, which reads scanned pages, isn't installed.", mending_command(wanted))
    lacking = [code for code in wanted if code not in installed.languages]
    if lacking:
        raise OcrError(f"Tesseract lacks the language files for {', '.join(lacking)}.", mending_command(lacking))
    return installed


def _ink(image: Image.Image) -> np.ndarray[Any, Any]:
    """Coordinates (n, 2) as (x, y) of the dark pixels of the image reduced to _SKEW_WIDTH."""
    import numpy as np
    from PIL import Image as PilImage

    scale = min(1.0, _SKEW_WIDTH / image.width)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    grey = np.asarray(image.convert("L").resize(size, PilImage.Resampling.BOX), dtype=np.float32)
    # Paper is the brightest tenth; ink is clearly darker than it. A photograph or a dark scan has too much of it.
    paper = float(np.percentile(grey, 90))
    dark = grey < paper * 0.72
    y, x = np.nonzero(dark)
    return np.stack([x, y], axis=1).astype(np.float32)


def find_skew(image: Image.Image) -> float:
    """The turn in degrees, counter-clockwise, that makes the lines of a scanned page level; 0.0 where none is needed.

    Projection profile (Postl 1986): ink is projected on the vertical axis under trial angles; where the lines of
    text are level, the profile's rows differ most from their neighbours.
    """
    import numpy as np

    points = _ink(image)
    if len(points) < 500:
        return 0.0
    if len(points) > 60_000:  # every nth dark pixel is enough, and bounds the time on dark scans
        points = points[:: len(points) // 60_000 + 1]
    x, y = points[:, 0], points[:, 1]

    def sharpness(degrees: float) -> float:
        # In image coordinates (y downwards) a counter-clockwise turn by a moves a point to y*cos(a) - x*sin(a).
        angle = math.radians(degrees)
        rows = y * math.cos(angle) - x * math.sin(angle)
        profile = np.bincount((rows - rows.min()).astype(np.int64))
        return float(np.square(np.diff(profile.astype(np.float64))).sum())

    level = sharpness(0.0)
    best = max((sharpness(a), a) for a in np.arange(-_MAX_SKEW, _MAX_SKEW + 0.01, 0.5).tolist())[1]
    fine = max((sharpness(a), a) for a in np.arange(best - 0.45, best + 0.46, 0.05).tolist())
    if abs(fine[1]) < _MIN_SKEW or abs(fine[1]) > _MAX_SKEW or fine[0] < level * 1.15:
        return 0.0
    return round(float(fine[1]), 2)


Box = tuple[float, float, float, float]


def _unskewed(box: Box, angle: float, width: int, height: int) -> Box:
    """A box on the page turned by `angle` about its centre, as the enclosing box on the page before the turn."""
    if not angle:
        return box
    turn = math.radians(angle)
    cos, sin = math.cos(turn), math.sin(turn)
    cx, cy = width / 2, height / 2
    corners = [(x - cx, y - cy) for x in (box[0], box[2]) for y in (box[1], box[3])]
    xs = [cx + x * cos - y * sin for x, y in corners]
    ys = [cy + x * sin + y * cos for x, y in corners]
    return max(0.0, min(xs)), max(0.0, min(ys)), min(float(width), max(xs)), min(float(height), max(ys))


def _laid_back(box: Box, quarter: int, width: int, height: int) -> Box:
    """A box on the page stood upright by a clockwise turn of `quarter` degrees, on the page of the size given."""
    x0, y0, x1, y1 = box
    if quarter == 90:
        return y0, height - x1, y1, height - x0
    if quarter == 180:
        return width - x1, height - y1, width - x0, height - y0
    return (width - y1, x0, width - y0, x1) if quarter == 270 else box


def _run(engine: Any, image: Image.Image, names: str, dpi: int, seconds: float) -> dict[str, list[Any]]:
    try:
        table: dict[str, list[Any]] = engine.image_to_data(
            image, lang=names, config=f"--psm 3 --dpi {dpi}", timeout=seconds, output_type=engine.Output.DICT
        )
    except engine.TesseractError as error:
        raise OcrError(
            f"Tesseract failed: {error.message}", "read the page in another viewer, or report it."
        ) from error
    except RuntimeError as error:  # pytesseract's only sign of a timeout
        raise OcrError(
            f"Tesseract took longer than {seconds:g} seconds on a page.",
            "raise ocr.seconds_per_page, or lower ocr.dpi, in the configuration.",
        ) from error
    except OSError as error:
        raise OcrError(f"Tesseract can't be run: {error}.", "run `policy-scan doctor`.") from error
    return table


def _upright_turn(engine: Any, image: Image.Image, dpi: int, seconds: float) -> int:
    """The clockwise turn (0, 90, 180, 270 degrees) that stands the page upright, 0 where Tesseract can't tell."""
    try:
        found = engine.image_to_osd(image, config=f"--dpi {dpi}", timeout=seconds, output_type=engine.Output.DICT)
    except RuntimeError:  # too few characters to tell, or no time left: the page stays as it lies
        return 0
    return int(found["rotate"]) if float(found["orientation_conf"]) >= 1.0 else 0


def _read(engine: Any, grey: Image.Image, languages: tuple[str, ...], dpi: int, seconds: float) -> OcrPage:
    from PIL import Image as PilImage

    angle = find_skew(grey)
    level = grey.rotate(angle, resample=PilImage.Resampling.BICUBIC, fillcolor=255) if angle else grey
    names = "+".join(TESSERACT_NAMES[code] for code in languages)
    return _as_page(_run(engine, level, names, dpi, seconds), angle, grey.size, languages)


def read_image(image: Image.Image, languages: Sequence[str], *, dpi: int, seconds: float) -> OcrPage:
    """The words on a page's image, read in the given languages (ISO 639-1, the likeliest first).

    The page is deskewed, and stood upright where it lies on its side; boxes are those of the image given. Raises
    OcrError when Tesseract or a language is missing (the next step is the command that mends it), when it takes
    longer than `seconds` (wall time), and when it fails.
    """
    wanted = tuple(dict.fromkeys(languages))
    installed = _require(wanted)
    assert installed.program is not None
    engine = _engine(installed.program)
    grey = image.convert("L")
    end = time.monotonic() + seconds
    page = _read(engine, grey, wanted, dpi, seconds)
    left = end - time.monotonic()
    doubtful = page.confidence < _DOUBTFUL_PAGE or _stands_on_end(page)
    if not doubtful or not installed.orientation or left < 1:
        return page
    quarter = _upright_turn(engine, grey, dpi, left)
    left = end - time.monotonic()
    if not quarter or left < 1:
        return page
    upright = _read(engine, grey.rotate(-quarter, expand=True), wanted, dpi, left)
    if upright.confidence < page.confidence - 0.02:  # a page read downwards in one go is worth nearly as much
        return page
    boxes = [_laid_back((word.x0, word.y0, word.x1, word.y1), quarter, *grey.size) for word in upright.words]
    words = tuple(
        replace(word, x0=x0, y0=y0, x1=x1, y1=y1) for word, (x0, y0, x1, y1) in zip(upright.words, boxes, strict=True)
    )
    return replace(upright, words=words, quarter=quarter)


def _stands_on_end(page: OcrPage) -> bool:
    """Whether most longer words are higher than wide: Tesseract tries columns of letters where lines make no sense."""
    long_words = [word for word in page.words if len(word.text) >= 5]
    n_high = sum(word.y1 - word.y0 > word.x1 - word.x0 for word in long_words)
    return n_high > max(3, 0.6 * len(long_words))


def _text_of(raw: object, languages: tuple[str, ...]) -> str:
    text = str(raw).strip()
    # Tesseract's Greek model writes the micro sign for the letter mu.
    return text.replace("\u00b5", "\u03bc") if "el" in languages else text


def _is_word(text: str) -> bool:
    """Whether a doubtful reading still looks like a word rather than like noise."""
    letters = "".join(char for char in text if char.isalpha())
    long_enough = len(letters) >= 4 and 5 * len(letters) >= 4 * len(text) and is_plausible(letters)
    return long_enough or (len(letters) > 1 and is_function_word(text))


def _as_page(table: dict[str, list[Any]], angle: float, size: tuple[int, int], languages: tuple[str, ...]) -> OcrPage:
    found: list[OcrWord] = []
    weight = total = 0.0
    surest: dict[tuple[int, int, int], float] = {}
    for row, raw in enumerate(table["text"]):
        text = _text_of(raw, languages)
        if not text:
            continue
        confidence = max(0.0, float(table["conf"][row])) / 100
        letters = sum(char.isalnum() for char in text)
        weight += letters
        total += confidence * letters
        left, top = float(table["left"][row]), float(table["top"][row])
        box = (left, top, left + float(table["width"][row]), top + float(table["height"][row]))
        line = (int(table["block_num"][row]), int(table["par_num"][row]), int(table["line_num"][row]))
        surest[line] = max(surest.get(line, 0.0), confidence if letters else 0.0)
        found.append(OcrWord(text, *_unskewed(box, angle, *size), confidence, *line))
    words = tuple(word for word in found if _keep(word, surest[word.block, word.paragraph, word.line]))
    mean = total / weight if weight else 0.0
    return OcrPage(words, mean, angle, 0, len(found) - len(words), languages)


def _keep(word: OcrWord, surest_of_line: float) -> bool:
    if surest_of_line < _DOUBTFUL_LINE:
        return False
    if any(map(str.isalnum, word.text)):
        return word.confidence >= _SURE or _is_word(word.text)
    return word.confidence >= 2 * _SURE
