"""Training on a small invented gold: deterministic, folded by document, and honest about what it can't learn."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from policy_scan.classifier.calibrate import best_thresholds, calibrate, cell_threshold, platt
from policy_scan.classifier.features import Reader
from policy_scan.classifier.gold import FOLDS, fold_of, passage_key, read_gold
from policy_scan.classifier.guidance import Guide, guides_for
from policy_scan.classifier.linear import load_folds, load_model, quantise
from policy_scan.classifier.model import load_classifier
from policy_scan.classifier.passages import Passage
from policy_scan.classifier.train import LEAST_PASSAGES, TrainingReport, train_model
from policy_scan.codebook import Codebook, load_codebook
from policy_scan.config import load_config
from policy_scan.errors import UsageError

SUBJECTS = {
    "data_protection": "Les données à caractère personnel du dossier {n} sont effacées par le responsable.",
    "digital_identity": "La signature électronique du registre {n} doit être acceptée par le service.",
    "": "Le conseil communal numéro {n} se réunit dans la salle des mariages.",
}


def write_gold(path: Path, n_groups: int = 20) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "group", "language", "doc_type", "title", "text", "themes", "force", "unsure"])
        for group in range(n_groups):
            for i, (theme, text) in enumerate(SUBJECTS.items()):
                force = ("obligation" if group % 2 else "statement") if theme else ""
                writer.writerow(
                    [f"{group}-{i}", f"act {group}", "fr", "law", "Loi", text.format(n=group), theme, force, 0]
                )
    return path


_guides: dict[tuple[str, ...], list[Guide]] = {}


def few_guides_for(themes: tuple[str, ...], reader: Reader) -> list[Guide]:
    """In place of `guides_for` where tests are about coded passages: what the lexicon and the exemplars say would take
    most of the time."""
    if themes not in _guides:
        _guides[themes] = guides_for(themes, reader)[::100]
    return _guides[themes]


@pytest.fixture(scope="module")
def codebook() -> Codebook:
    return load_codebook("codebook.yaml")


@pytest.fixture(scope="module")
def gold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_gold(tmp_path_factory.mktemp("gold") / "gold.csv")


@dataclass(frozen=True, slots=True)
class Trained:
    folder: Path
    report: TrainingReport
    told: list[str]


@pytest.fixture(scope="module")
def trained(gold: Path, codebook: Codebook) -> Trained:
    told: list[str] = []
    folder = gold.parent / "model"
    return Trained(folder, train_model(gold, folder, load_config(), codebook, told.append), told)


def test_training_twice_gives_the_same_bytes(gold: Path, trained: Trained, codebook: Codebook, tmp_path: Path) -> None:
    report = train_model(gold, tmp_path, load_config(), codebook)
    assert report.files == trained.report.files
    for name in report.files:
        assert (tmp_path / name).read_bytes() == (trained.folder / name).read_bytes(), name


def test_it_learns_what_it_can_and_leaves_the_rest_to_the_lexicon(trained: Trained, codebook: Codebook) -> None:
    report, told = trained.report, trained.told
    assert report.themes == ("digital_identity", "data_protection")
    assert report.n_passages == 60 and report.n_groups == 20 and report.n_by_theme == (20, 20)
    assert set(report.left_out) == set(codebook.active) - set(report.themes)
    assert "60 passages of 20 documents" in str(report) and len(told) >= FOLDS + 1
    classifier = load_classifier("fast", codebook, model_dir=trained.folder)
    codes = classifier.classify([Passage(SUBJECTS["data_protection"].format(n=99), "fr", "law", "Loi")])[0]
    assert [s.theme for s in codes.scores if s.assigned and s.method == "linear"] == ["data_protection"]
    assert {s.theme for s in codes.scores if s.method == "lexicon"} == set(report.left_out)


def test_out_of_fold_predictions_are_stored_by_hash_without_text(
    gold: Path, trained: Trained, codebook: Codebook
) -> None:
    folds = load_folds(trained.folder / "folds.npz")
    coded = read_gold(gold, codebook.active)
    assert set(folds.rows) == {passage_key(one.passage) for one in coded}
    assert folds.heads[:3] == ("digital_identity", "data_protection", "relevance")
    assert b"caract" not in (trained.folder / "folds.npz").read_bytes()


def test_eight_bits_keep_the_weights_within_half_a_step() -> None:
    weights = np.random.default_rng(1).normal(size=(500, 3)).astype(np.float32)
    small, scale = quantise(weights)
    assert small.dtype == np.int8
    assert np.abs(small * scale - weights).max() <= scale.max() / 2 + 1e-6


def test_folds_keep_a_document_together_and_never_move() -> None:
    assert {fold_of(f"act {i}") for i in range(60)} == set(range(FOLDS))
    assert [fold_of("act 1"), fold_of("act 2"), fold_of("Νόμος 1")] == [
        fold_of("act 1"),
        fold_of("act 2"),
        fold_of("Νόμος 1"),
    ]
    assert fold_of("act 1") == 2


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("id,group,text\n1,a,x\n", "column 'themes' is missing"),
        ("id,group,text,themes\n1,a,x,nonsense\n", "row 2: theme 'nonsense'"),
        ("id,group,text,themes,force\n1,a,x,openness,maybe\n", "row 2: force 'maybe'"),
        ("id,group,text,themes\n1,a, ,openness\n", "row 2: the text is empty"),
        ("id,group,text,themes\n", "holds no passage"),
        ("id,group,text,themes\n1,a,x,openness\n", "too few coded passages"),
    ],
)
def test_a_gold_that_cant_be_used_says_where_and_why(
    content: str, told: str, codebook: Codebook, tmp_path: Path
) -> None:
    file = tmp_path / "gold.csv"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=told) as raised:
        train_model(file, tmp_path / "model", load_config(), codebook)
    assert raised.value.next_step
    assert LEAST_PASSAGES > 1


def test_a_missing_gold_says_so(codebook: Codebook, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"can't be read"):
        train_model(tmp_path / "none.csv", tmp_path, load_config(), codebook)


def test_calibrated_probabilities_match_what_happens() -> None:
    chance = np.random.default_rng(3)
    truth_logit = chance.normal(size=4000)
    truth = chance.random(4000) < 1 / (1 + np.exp(-truth_logit))
    slope, offset = platt((truth_logit * 3 + 1).astype(np.float32), truth)
    assert slope == pytest.approx(1 / 3, abs=0.05) and offset == pytest.approx(-1 / 3, abs=0.1)


def test_thresholds_rise_for_cells_and_lend_each_other_strength() -> None:
    chance = np.random.default_rng(4)
    logits = chance.normal(size=(3000, 2)).astype(np.float32)
    truth = chance.random((3000, 2)) < 1 / (1 + np.exp(-(2 * logits - 1.5)))
    truth[:, 1] &= chance.random(3000) < 0.02
    found = calibrate(logits, truth)
    assert all(one.cell_threshold >= one.threshold for one in found)
    probability = (1 / (1 + np.exp(-(found[0].slope * logits[:, 0] + found[0].offset)))).astype(np.float32)
    high = probability >= cell_threshold(probability, truth[:, 0], 0.3)
    assert truth[high, 0].mean() > 0.75
    alone = best_thresholds(probability[:, None], truth[:, [0]])[0]
    assert 0.2 < alone < 0.6


def test_a_damaged_fold_file_and_an_old_format_say_what_to_do(trained: Trained, tmp_path: Path) -> None:
    from policy_scan.errors import ModelError

    (tmp_path / "folds.npz").write_bytes(b"x")
    with pytest.raises(ModelError, match=r"can't be read.*Next: "):
        load_folds(tmp_path / "folds.npz")
    for name in ("model.json", "linear.npz"):
        (tmp_path / name).write_bytes((trained.folder / name).read_bytes())
    text = (tmp_path / "model.json").read_text(encoding="utf-8").replace('"format": 3', '"format": 1')
    (tmp_path / "model.json").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match="format 1, not 3"):
        load_model(tmp_path)
