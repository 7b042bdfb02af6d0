"""A codebook that changes: themes renamed, added, split and switched off, by configuration alone, up to the reports."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from pathlib import Path

import fixtures
import openpyxl
import pytest
import yaml
from rich.console import Console

from policy_scan.classifier.model import Classifier, load_classifier
from policy_scan.classifier.passages import Passage, ThemeScore
from policy_scan.codebook import load_codebook
from policy_scan.config import load_config, resource
from policy_scan.errors import ConfigError
from policy_scan.inspection import print_one
from policy_scan.records import Cell, Coding, Provision
from policy_scan.report import export_run, load_run
from policy_scan.runner import RunResult, run
from policy_scan.tables import read_parquet, read_records

SIGNING = "La signature électronique qualifiée a le même effet qu'une signature manuscrite."
FLYING = "Le survol de la voie publique par un drone est soumis à l'autorisation du bourgmestre."
LAW = [
    "LOI DU 3 MARS 2021 RELATIVE AUX DEMARCHES EN LIGNE",
    "",
    f"Art. 1er. {SIGNING}",
    "",
    f"Art. 2. {FLYING}",
    "",
    "Art. 3. Le citoyen introduit sa demande au moyen du formulaire en ligne de la commune.",
]


@dataclass(frozen=True)
class Drift:
    """A run with digital_service renamed, digital_identity split in two, security switched off and drones new."""

    output: Path
    result: RunResult
    codings: list[Coding]
    provisions: dict[str, Provision]

    def coding(self, theme: str, words: str) -> Coding:
        """The theme's coding of the one provision that holds the words."""
        (found,) = [p for p in self.provisions.values() if words in " ".join(p.text.split())]
        return next(c for c in self.codings if c.theme == theme and c.provision_id == found.provision_id)


def changed_files(folder: Path) -> tuple[Path, Path]:
    book = yaml.safe_load(resource("codebook.yaml").read_text(encoding="utf-8"))
    themes = book["themes"]
    themes["digital_service"]["name"]["en"] = "Screens"
    themes["security"]["enabled"] = False
    themes["digital_identity"]["enabled"] = False
    themes["e_signing"] = {"name": {"en": "Signing"}, "code_when": "A signature in electronic form."}
    themes["e_identifying"] = {"name": {"en": "Identifying"}, "code_when": "Electronic identification of a person."}
    themes["drones"] = {"name": {"en": "Drones"}, "code_when": "Aircraft without a pilot on board."}
    lexicon = yaml.safe_load(resource("lexicon.yaml").read_text(encoding="utf-8"))
    for name in ("e_signature", "signature_value"):
        lexicon["concepts"][name]["themes"] = ["e_signing"]
    lexicon["concepts"]["e_id"]["themes"] = ["e_identifying"]
    lexicon["concepts"]["drone"] = {"themes": ["drones"], "fr": "drone*, aéronef* .. sans pilote"}
    paths = folder / "codebook.yaml", folder / "lexicon.yaml"
    for path, content in zip(paths, (book, lexicon), strict=True):
        path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return paths


@pytest.fixture(scope="module")
def drift(tmp_path_factory: pytest.TempPathFactory) -> Drift:
    folder = tmp_path_factory.mktemp("drift")
    book, lexicon = changed_files(folder)
    (folder / "corpus" / "FR").mkdir(parents=True)
    fixtures.write_pdf(folder / "corpus" / "FR" / "a.pdf", [LAW])
    settings = {"codebook": str(book), "lexicon": str(lexicon), "run": {"jobs": 1}, "codings": {"setting": "fast"}}
    result = run(folder / "corpus", folder / "out", load_config(None, settings))
    provisions = {one.provision_id: one for one in read_records(folder / "out", "provisions", Provision)}
    return Drift(folder / "out", result, read_records(folder / "out", "codings", Coding), provisions)


def test_the_tables_have_the_themes_of_the_codebook_and_no_other(drift: Drift) -> None:
    assert drift.result.exit_code == 0
    themes = {coding.theme for coding in drift.codings}
    assert {"drones", "e_signing", "e_identifying", "digital_service"} <= themes
    assert not {"security", "digital_identity"} & themes
    assert {cell.theme for cell in read_records(drift.output, "cells", Cell)} == themes
    assert set(read_parquet(drift.output / "state_of_play.parquet")["theme"].to_pylist()) == themes


def test_a_new_theme_is_coded_from_the_lexicon_and_marked_so(drift: Drift) -> None:
    coding = drift.coding("drones", "drone")
    assert coding.assigned and coding.method == "lexicon" and coding.unsure
    text = drift.provisions[coding.provision_id].text
    assert [text[start:end] for start, end, concept in json.loads(coding.terms)] == ["drone"]
    assert not drift.coding("drones", "formulaire").assigned
    learnt = {c.method for c in drift.codings if c.theme in ("digital_service", "data_protection")}
    assert learnt == {"linear"}


def test_a_split_theme_is_told_apart_by_its_concepts(drift: Drift) -> None:
    assert drift.coding("e_signing", "manuscrite").assigned
    assert not drift.coding("e_identifying", "manuscrite").assigned


def test_show_page_and_workbook_say_what_was_told_from_the_lexicon_alone(drift: Drift, tmp_path: Path) -> None:
    coding = drift.coding("drones", "drone")
    stream = io.StringIO()
    print_one(Console(file=stream, width=200), drift.output, coding.provision_id)
    shown = stream.getvalue()
    assert "‹drone›" in shown
    assert "Drones" in shown and "lexicon alone" in shown and "unsure" in shown
    assert "concept ‘drone’ (“drone”)" in shown
    data = load_run(drift.output)
    [page] = export_run(data, "html", path=tmp_path / "page.html")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.read_text("utf-8"), re.S)
    assert found
    rows = json.loads(found[1])["rows"]
    assert {row["method"] for row in rows if row["theme"] == "drones"} == {"lexicon"}
    assert json.loads(found[1])["themes"]["digital_service"] == "Screens"
    [book] = export_run(data, "xlsx", path=tmp_path / "book.xlsx")
    sheet = openpyxl.load_workbook(book)["Evidence"]
    header = [cell.value for cell in sheet[3]]
    lines = [dict(zip(header, (cell.value for cell in row), strict=True)) for row in sheet.iter_rows(min_row=4)]
    assert {line["Coded by"] for line in lines if line["Theme"] == "Drones"} == {"lexicon alone"}
    assert {line["Coded by"] for line in lines if line["Theme"] == "Screens"} <= {"model"}


def test_show_weighs_what_spoke_for_and_against_a_learnt_theme(drift: Drift) -> None:
    coding = drift.coding("digital_service", "formulaire")
    assert coding.assigned
    stream = io.StringIO()
    print_one(Console(file=stream, width=200), drift.output, coding.provision_id)
    shown = stream.getvalue()
    block = shown[shown.index("Screens") :].split("\n\n")[0]
    assert re.search(r"probability 0\.\d\d, assigned from 0\.\d\d on", block)
    assert "spoke for it: " in block and "spoke against it: " in block
    assert re.search(r"concept ‘[a-z ]+’ \(“[^”]+”", block)
    assert "Nearest, not assigned: " in shown


def test_a_term_added_to_a_concept_is_seen_by_the_next_run(tmp_path: Path) -> None:
    passage = Passage("Le griffage chiffré tient lieu de visa sur les actes du bourgmestre.", "fr", "law")
    content = yaml.safe_load(resource("lexicon.yaml").read_text(encoding="utf-8"))
    concept = content["concepts"]["e_signature"]
    concept["fr"] = f"{concept['fr']}, griffage* chiffré*"
    own = tmp_path / "mine.yaml"
    own.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    book = load_codebook("codebook.yaml")
    before, after = (load_classifier("fast", book, lexicon) for lexicon in ("lexicon.yaml", own))

    def score(classifier: Classifier) -> ThemeScore:
        return next(one for one in classifier.classify([passage])[0].scores if one.theme == "digital_identity")

    assert score(after).probability > score(before).probability + 0.2
    assert (3, 19, "e_signature") in score(after).terms and score(after).assigned


def test_a_theme_that_nothing_tells_is_an_error_and_no_empty_row(tmp_path: Path) -> None:
    book, _ = changed_files(tmp_path)
    (tmp_path / "corpus" / "FR").mkdir(parents=True)
    fixtures.write_pdf(tmp_path / "corpus" / "FR" / "a.pdf", [LAW])
    settings = {"codebook": str(book), "run": {"jobs": 1}, "codings": {"setting": "fast"}}
    with pytest.raises(ConfigError, match=r"e_signing.*Next: .*cues"):
        run(tmp_path / "corpus", tmp_path / "out", load_config(None, settings))
