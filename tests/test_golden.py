"""Golden files: one whole document of each layout family, as blocks and provisions, compared with tests/golden/.

They catch what no rule names: a change that moves a block, splits a paragraph or turns a heading into text. After an
intended change write them anew, look at the difference, and commit it:

    pytest tests/test_golden.py --regenerate-golden && git diff tests/golden

Texts, kinds, labels and spans must be equal. Boxes may differ by TOLERANCE: pdfium's versions round glyph bounds
differently, and a reader may take a line's ascent from the font or from its glyphs; what matters, which line a box
holds, would show as at least half a line, 5 points.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sample_reading import TEXTS, Reading, read

GOLDEN = Path(__file__).parent / "golden"
TOLERANCE = 1.0
"""Points."""
DOCUMENTS = {
    "be_arrete_bilingue": "bilingual",
    "be_actieplan": "report",
    "be_erlass": "decree",
    "fr_loi": "law",
    "fr_plan": "plan",
    "gr_fek": "gazette",
    "lu_memorial": "memorial",
    "lu_slides": "slides",
    "ro_lege": "monitor",
}
"""One document of each family of tools/families.py; the scan is read by OCR, whose words change with its version."""


def as_golden(reading: Reading) -> dict[str, Any]:
    return {
        "path": reading.source.path,
        "blocks": [
            {
                "page": block.page,
                "kind": block.kind,
                "level": block.level,
                "text": block.text,
                "box": [round(value, 1) for value in (block.x0, block.y0, block.x1, block.y1)],
            }
            for block in reading.blocks
        ],
        "provisions": [
            {
                "act": provision.act_ordinal,
                "kind": provision.kind,
                "label_path": list(provision.label_path),
                "heading_path": list(provision.heading_path),
                "language": provision.language,
                "quoted": provision.quoted,
                "spans": [list(span) for span in provision.spans],
                "boxes": [[box[0], *(round(value, 1) for value in box[1:])] for box in provision.boxes],
                "text": provision.text,
            }
            for provision in reading.provisions
        ],
    }


def split_boxes(golden: dict[str, Any]) -> tuple[dict[str, Any], list[float]]:
    """The golden content without its boxes, and all their numbers in order."""
    numbers: list[float] = []
    bare: dict[str, Any] = {"path": golden["path"], "blocks": [], "provisions": []}
    for block in golden["blocks"]:
        numbers += block["box"]
        bare["blocks"].append({key: value for key, value in block.items() if key != "box"})
    for provision in golden["provisions"]:
        numbers += [value for box in provision["boxes"] for value in box]
        bare["provisions"].append({key: value for key, value in provision.items() if key != "boxes"})
    return bare, numbers


@pytest.mark.parametrize("name", DOCUMENTS)
def test_document_reads_as_its_golden_file(name: str, regenerate_golden: bool) -> None:
    now = as_golden(read(name))
    file = GOLDEN / f"{name}.json"
    if regenerate_golden:
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(json.dumps(now, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    golden = json.loads(file.read_text(encoding="utf-8"))
    (bare, numbers), (bare_golden, numbers_golden) = split_boxes(now), split_boxes(golden)
    assert bare == bare_golden
    assert numbers == pytest.approx(numbers_golden, abs=TOLERANCE)


def test_every_layout_family_has_a_golden_document() -> None:
    assert {TEXTS[name]["family"] for name in DOCUMENTS} == set(DOCUMENTS.values())
    born_digital = {doc["family"] for doc in TEXTS.values() if not doc.get("scan")}
    assert set(DOCUMENTS.values()) == born_digital


def test_golden_files_are_those_of_the_list() -> None:
    assert {file.stem for file in GOLDEN.glob("*.json")} == set(DOCUMENTS)


def test_a_moved_block_is_seen_and_a_rounded_one_is_not() -> None:
    golden = json.loads((GOLDEN / "fr_loi.json").read_text(encoding="utf-8"))
    _, numbers = split_boxes(golden)
    assert [value + 0.9 for value in numbers] == pytest.approx(numbers, abs=TOLERANCE)
    assert [value + 5.0 for value in numbers] != pytest.approx(numbers, abs=TOLERANCE)


def test_the_flag_that_rewrites_golden_files_is_off(request: pytest.FixtureRequest) -> None:
    """With the flag on, every golden test passes whatever the pipeline does: such a run proves nothing, so it fails."""
    assert request.config.getoption("--regenerate-golden") is False
    settings = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    assert "regenerate" not in settings
