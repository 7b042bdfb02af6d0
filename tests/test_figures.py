"""The figures: what they count, what they say to whoever can't see them, and that nothing harmful gets into them."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
import xml.etree.ElementTree as ET
from collections import Counter
from itertools import combinations
from pathlib import Path

import example_run as make
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from reportlab.pdfbase.pdfmetrics import stringWidth

from policy_scan.decisions import PublishedDecision, text_hash
from policy_scan.records import CELL_STATUSES, FORCES
from policy_scan.report.charts import SHAPES, WIDTH, Sheet, column_width, parts, text_width, wrap, write_head
from policy_scan.report.common import RunData, jurisdiction_name
from policy_scan.report.figures import Figure, draw, export_figures
from policy_scan.report.palette import (
    FORCE_COLOURS,
    INK,
    QUIET,
    REVIEW_COLOURS,
    STATUS_COLOURS,
    contrast,
    luminance,
    shade,
)
from policy_scan.tables import parquet_bytes, to_table
from policy_scan.translation import LANGUAGES

SVG = "{http://www.w3.org/2000/svg}"
NAMES = ["statuses", "forces", "force-counts", "years", "coverage"]
# Machado, Oliveira and Fernandes (2009), severity 1: linear RGB as seen with protanopia, deuteranopia, tritanopia.
VISIONS = {
    "full": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


@pytest.fixture(autouse=True)
def pictures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most tests read the SVG alone: PNGs, which take most of the time, are drawn where a test asks for them."""
    if "drawn_pictures" not in request.fixturenames:
        monkeypatch.setattr("policy_scan.report.figures.to_png", lambda *_: b"png")


@pytest.fixture
def drawn_pictures() -> None:
    """Draws PNGs too."""


def figures_of(run: RunData, language: str = "en") -> dict[str, Figure]:
    return {figure.name: figure for figure in draw(run, language)}


def texts(figure: Figure) -> list[str]:
    return [element.text or "" for element in ET.fromstring(figure.svg).iter(f"{SVG}text")]


def symbols(figure: Figure) -> list[str]:
    """The statuses of the symbols in the order they are drawn in."""
    status = {shape: name for name, shape in SHAPES.items()}
    paths = ET.fromstring(figure.svg).iter(f"{SVG}path")
    return [status[path.get("d", "")] for path in paths if path.get("d") in status]


def seen(colour: str, vision: str) -> tuple[float, float, float]:
    """CIE L*a*b* (D65) of '#RRGGBB' as a person with that vision sees it."""
    linear = []
    for at in (1, 3, 5):
        part = int(colour[at : at + 2], 16) / 255
        linear.append(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
    red, green, blue = (
        min(1.0, max(0.0, sum(weight * part for weight, part in zip(row, linear, strict=True))))
        for row in VISIONS[vision]
    )
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.0890
    fx, fy, fz = (value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116 for value in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("colours", [STATUS_COLOURS, FORCE_COLOURS, REVIEW_COLOURS], ids=["status", "force", "review"])
def test_colours_differ_with_any_colour_vision(colours: dict[str, tuple[str, str]], vision: str) -> None:
    for one, other in combinations(colours, 2):
        a, b = seen(colours[one][0], vision), seen(colours[other][0], vision)
        distance = sum((p - q) ** 2 for p, q in zip(a, b, strict=True)) ** 0.5
        assert distance > 9, (one, other, distance)


def test_text_on_every_colour_can_be_read() -> None:
    for fill, ink in (*STATUS_COLOURS.values(), *FORCE_COLOURS.values(), *REVIEW_COLOURS.values()):
        assert contrast(fill, ink) >= 4.5
    assert min(contrast("#FFFFFF", INK), contrast("#FFFFFF", QUIET)) >= 4.5
    assert set(STATUS_COLOURS) == set(CELL_STATUSES)
    assert set(FORCE_COLOURS) == set(FORCES)


@given(st.integers(1, 5000), st.integers(0, 5000))
def test_counts_darken_with_their_number_and_stay_readable(n: int, more: int) -> None:
    fill, ink = shade(n, n + more)
    assert contrast(fill, ink) >= 4.5
    assert luminance(fill) >= luminance(shade(n + more, n + more)[0])


@given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc", "Cf"]), min_size=1, max_size=60), st.booleans())
def test_no_line_is_wider_than_its_place(text: str, bold: bool) -> None:
    font = "Helvetica-Bold" if bold else "Helvetica"
    for line in wrap(text, 150, 11, bold=bold):
        assert stringWidth(line, font, 11) <= 150 * 1.12
    assert text_width(text, 11, bold) > 0


def test_many_columns_stand_in_several_tables() -> None:
    assert parts({}) == []
    columns = {f"X{n}": f"Name {n}" for n in range(19)}
    assert [len(part) for part in parts(columns)] == [7, 7, 5]
    assert sum((tuple(part) for part in parts(columns)), ()) == tuple(columns)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_name_of_a_column_is_broken_inside_a_word(language: str) -> None:
    codes = ("FR", "BE", "BE-NAT", "BE-DG", "BE-VLG", "GR", "LU", "RO", "EU")
    columns = {code: jurisdiction_name(code, language) for code in codes}
    for keys in parts(columns):
        width, sheet = column_width(keys), Sheet()
        write_head(sheet, [columns[key] for key in keys], width)
        written = re.findall(r"<text[^>]*>([^<]+)</text>", sheet.svg("x", "x", "x", language))
        words = {word for key in keys for word in re.split(r"\s|(?<=[a-z]-)", columns[key])}
        assert {part for line in written for part in re.split(r"\s|(?<=[a-z]-)", line) if part} == words


def test_statuses_and_numbers_are_those_of_the_cells(tmp_path: Path) -> None:
    run = make.run_data(tmp_path)
    figure = figures_of(run)["statuses"]
    cells = {(cell.theme, cell.jurisdiction): cell for cell in run.cells}
    order = [cells[theme, code] for theme in run.themes for code in run.all_columns]
    assert symbols(figure) == [cell.status for cell in order] + list(CELL_STATUSES)
    numbers = [int(text) for text in texts(figure) if text.isdigit()]
    assert numbers == [cell.n_provisions for cell in order if cell.n_provisions]
    assert "* search incomplete: some documents or pages could not be read" in texts(figure)
    binding = sum(cell.status == "binding" for cell in run.cells if cell.jurisdiction == "FR")
    assert f"France: binding {binding}," in figure.alt
    assert "The corpus holds no provision of Belgium on: " in figure.alt
    assert "16 themes in 3 jurisdictions" in figure.title


def test_forces_are_those_of_the_evidence(tmp_path: Path) -> None:
    run = make.run_data(tmp_path)
    drawn = figures_of(run)
    cells = {(cell.theme, cell.jurisdiction): cell.n_provisions for cell in run.cells}
    numbers = [int(text) for text in texts(drawn["forces"]) if text.isdigit()]
    assert numbers == [cells[theme, code] for theme in run.themes for code in run.all_columns]
    assert "France: obligation 2, statement 1; most on Non-digital alternative (2)." in drawn["forces"].alt
    assert "Greece: no provision in the corpus." in drawn["forces"].alt
    table = [int(text) for text in texts(drawn["force-counts"]) if text.isdigit()]
    assert table == [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0]
    assert drawn["force-counts"].title == "4 provisions that support cells, by force"


def test_coverage_shows_what_failed_and_what_was_excluded(tmp_path: Path) -> None:
    figure = figures_of(make.run_data(tmp_path))["coverage"]
    assert "France: read 1, read in part 1, excluded 1." in figure.alt
    assert "Greece: could not be read 1." in figure.alt
    assert "Belgium: Dutch 1." in figure.alt
    assert "France: law 1, report 1." in figure.alt
    assert "Corpus of 4 documents" in figure.caption  # the excluded one isn't searched


def test_documents_without_a_jurisdiction_are_told(tmp_path: Path) -> None:
    sample = make.example()
    sample.documents.append(make.document("f" * 8, "unknown", jurisdictions=("unknown",)))
    figure = figures_of(make.run_data(tmp_path, sample))["coverage"]
    assert "1 document has no known jurisdiction and stands in no column." in figure.alt


def test_years_count_documents_and_the_acts_of_gazettes(tmp_path: Path) -> None:
    sample = make.example()
    gazette = make.document("f" * 8, doc_type="gazette", date="2023-05-01")
    undated = make.document("g" * 8, date="")
    sample.documents.extend([gazette, undated])
    sample.provisions.append(make.provision("p-act", gazette, act_date="2021-01-02"))
    sample.codings.append(make.coding("p-act"))
    figure = figures_of(make.run_data(tmp_path, sample))["years"]
    assert "2019 to 2024" in figure.title
    assert "France: documents of 2019 to 2023, at most 1 in a year (2023)." in figure.alt
    assert "Provisions: at most 2 of 4 in a year (2021)." in figure.alt
    assert "4, 1 undated" in texts(figure)


def test_documents_later_than_the_tables_day_are_not_counted(tmp_path: Path) -> None:
    run = make.run_data(tmp_path)
    run = dataclasses.replace(run, config=make.config(as_of="2020-12-31"))
    drawn = figures_of(run)
    assert "Corpus of 2 documents, as of 31 December 2020." in drawn["coverage"].caption
    assert "France: read 1, excluded 1." in drawn["coverage"].alt
    assert "France: documents of 2019 to 2019, at most 1 in a year (2019)." in drawn["years"].alt


def test_every_figure_tells_its_corpus_date_and_numbers(tmp_path: Path) -> None:
    run = dataclasses.replace(make.run_data(tmp_path), details={"ended": "2026-03-01T12:00:00Z"})
    drawn = draw(run, "en")
    assert [figure.name for figure in drawn] == NAMES
    for figure in drawn:
        assert "Corpus of 4 documents, as of 1 March 2026." in figure.caption
        assert re.search(r"\d", figure.alt)
        assert figure.alt.endswith(figure.caption)


@pytest.mark.parametrize("language", ["en", "el"])
@pytest.mark.usefixtures("drawn_pictures")
def test_pictures_carry_their_description(tmp_path: Path, language: str) -> None:
    for figure in draw(make.run_data(tmp_path), language):
        root = ET.fromstring(figure.svg)
        assert (root.get("role"), root.get("lang")) == ("img", language)
        title, description = (root.find(f"{SVG}{tag}") for tag in ("title", "desc"))
        assert title is not None
        assert description is not None
        assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
        assert (title.text, description.text) == (figure.title, figure.alt)
        picture = Image.open(io.BytesIO(figure.png))
        picture.load()
        assert picture.text == {"Title": figure.title, "Description": figure.alt}  # type: ignore[attr-defined]
        assert round(picture.info["dpi"][0]) == 288
        assert len(picture.convert("RGB").getcolors(100_000) or []) > 5


@pytest.mark.usefixtures("drawn_pictures")
def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    assert draw(make.run_data(tmp_path), "fr") == draw(make.run_data(tmp_path), "fr")


def test_nothing_in_a_picture_runs_or_is_fetched(tmp_path: Path) -> None:
    run = make.run_data(tmp_path)
    themes = {
        key: theme.model_copy(update={"name": {"en": f"{make.HOSTILE} {'w' * 400}"}})
        for key, theme in run.codebook.themes.items()
    }
    run = dataclasses.replace(run, codebook=run.codebook.model_copy(update={"themes": themes}))
    for figure in draw(run, "en"):
        root = ET.fromstring(figure.svg)
        assert {element.tag for element in root.iter()} <= {
            f"{SVG}{n}" for n in ["svg", "title", "desc", "rect", "path", "text"]
        }
        for element in root.iter():
            for name, value in element.attrib.items():
                assert not name.startswith("on")
                assert "href" not in name
                assert "url(" not in value
        assert not re.search("[\x00-\x08\x1b\u202e\ufffe]", figure.svg)
        assert float(root.get("width", "0")) < WIDTH + 40
    assert "</script>" in figures_of(run)["statuses"].alt  # as text: nothing is lost


def test_without_data_a_figure_says_so(tmp_path: Path) -> None:
    drawn = figures_of(make.run_data(tmp_path, make.Example([], [], [], [])))
    assert "The corpus holds no document." in texts(drawn["coverage"])
    assert "No document of the corpus tells its year." in texts(drawn["years"])
    assert "The corpus holds no provision that supports a cell." in texts(drawn["forces"])
    assert set(symbols(drawn["statuses"])[:-6]) == {"not_searched"}
    nothing = dataclasses.replace(make.run_data(tmp_path), columns=(), cells=(), documents=())
    assert "The run holds no cells." in texts(figures_of(nothing)["statuses"])


def test_the_review_is_drawn_where_somebody_decided(tmp_path: Path) -> None:
    run = make.run_data(tmp_path)
    provision = run.provisions[0]
    decision = PublishedDecision(
        decision_id="0" * 64, at="2026-03-01T10:00:00+00:00", reviewer="one", role="coder", doc_id=provision.doc_id,
        provision_id=provision.provision_id, page=3, start=0, end=5, text_hash=text_hash(provision.text),
        quotation=provision.text, before="", after="", theme="non_digital_access", verdict="yes", force="",
        evidence="[]", note="", translation="", machine_probability=0.9, machine_assigned=True, model_version="1",
        replaces="", origin="cell", live=True, anchor="exact", similarity=1.0, anchored_to=provision.provision_id,
        outcome="yes",
    )  # fmt: skip
    file = tmp_path / "decisions.parquet"
    file.write_bytes(parquet_bytes(to_table(PublishedDecision, [])))
    assert "review" not in figures_of(run)
    file.write_bytes(parquet_bytes(to_table(PublishedDecision, [decision])))
    figure = figures_of(run)["review"]
    assert figure.title == "1 of 4 excerpts behind the cells reviewed"
    assert "France: accepted 1, not reviewed 2." in figure.alt
    assert "1 of 3" in texts(figure)


def test_the_folder_holds_every_picture_and_an_index_without_formulas(tmp_path: Path) -> None:
    run = make.run_data(tmp_path)
    themes = {key: theme.model_copy(update={"name": {"en": "=1+1"}}) for key, theme in run.codebook.themes.items()}
    run = dataclasses.replace(run, codebook=run.codebook.model_copy(update={"themes": themes}))
    written = export_figures(run, "en", tmp_path / "new" / "pictures")
    assert Counter(path.suffix for path in written) == {".csv": 1, ".svg": 5, ".png": 5}
    rows = list(csv.DictReader(io.StringIO(written[0].read_text(encoding="utf-8-sig"))))
    assert [row["name"] for row in rows] == NAMES
    for row in rows:
        assert all((written[0].parent / row[kind]).stat().st_size for kind in ("svg", "png"))
        assert all(value and value[0] not in "=+-@" for value in row.values())
