"""Measuring: undefined is not zero, trained passages are judged out of fold, and the report can be read."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from test_train import few_guides_for, write_gold

from policy_scan.classifier import train as train_module
from policy_scan.classifier.train import train_model
from policy_scan.codebook import load_codebook
from policy_scan.config import load_config
from policy_scan.evaluate import as_json_text, as_text, evaluate_gold, macro_f1, reliability, score, write_report
from policy_scan.evaluation_page import diagram

GROUPS = np.array([0, 0, 1, 1])


def test_precision_recall_and_f1_are_what_they_are() -> None:
    truth = np.array([[1], [1], [0], [1], [1]], dtype=bool)
    predicted = np.array([[1], [0], [1], [1], [0]], dtype=bool)
    found = score(truth, predicted, np.array([0, 0, 1, 1, 2]))
    assert (found.n, found.n_predicted, found.recall) == (4, 3, 0.5)
    assert (found.precision, found.f1) == (pytest.approx(2 / 3, abs=1e-4), pytest.approx(4 / 7, abs=1e-4))
    assert (found.low, found.high) == (0.0, pytest.approx(2 / 3, abs=1e-4))


def test_no_figure_where_nothing_was_coded() -> None:
    none, some = np.zeros((4, 1), dtype=bool), np.ones((4, 1), dtype=bool)
    found = score(none, some, GROUPS)
    assert (found.n, found.n_predicted, found.f1, found.precision, found.low) == (0, 4, None, None, None)
    missed = score(some, none, GROUPS)
    assert (missed.f1, missed.precision, missed.recall) == (0.0, None, 0.0)


def test_the_interval_is_over_documents_not_passages() -> None:
    truth = np.ones((40, 1), dtype=bool)
    predicted = np.repeat([True, False], 20)[:, None]
    two = score(truth, predicted, np.repeat([0, 1], 20))
    many = score(truth, predicted, np.arange(40))
    assert two.low is not None and two.high is not None and many.low is not None and many.high is not None
    assert two.high - two.low > many.high - many.low


def test_rare_themes_dont_enter_the_macro_mean() -> None:
    truth = np.zeros((30, 2), dtype=bool)
    truth[:12, 0], truth[:3, 1] = True, True
    predicted = truth.copy()
    predicted[:, 1] = False
    assert macro_f1(truth, predicted) == 1.0
    assert macro_f1(truth[:, [1]], predicted[:, [1]]) is None


def test_reliability_bins_say_mean_and_share_and_leave_empty_ones_empty() -> None:
    bins, distance = reliability(np.array([[0.95], [0.95], [0.05], [0.05]]), np.array([[1], [0], [0], [0]], dtype=bool))
    assert (bins[9].n, bins[9].mean_probability, bins[9].share_confirmed) == (2, 0.95, 0.5)
    assert (bins[4].n, bins[4].mean_probability, bins[4].share_confirmed) == (0, None, None)
    assert distance == pytest.approx((2 * 0.45 + 2 * 0.05) / 4)
    assert diagram(bins).count("<circle") == 2


@pytest.fixture(scope="module", autouse=True)
def few_guides() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_module, "guides_for", few_guides_for)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluation")
    train_model(write_gold(folder / "gold.csv"), folder / "model", load_config(), load_codebook("codebook.yaml"))
    return folder


def test_passages_it_was_trained_on_are_judged_out_of_fold(folder: Path) -> None:
    config, book = load_config(), load_codebook("codebook.yaml")
    own = evaluate_gold(folder / "gold.csv", config, book, model_dir=folder / "model")
    assert own.n_out_of_fold == own.n_passages == 60
    # the same passages under another key are new to it, and coded by the model itself
    with (folder / "gold.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with (folder / "other.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows({**row, "text": row["text"] + " Voilà."} for row in rows)
    assert evaluate_gold(folder / "other.csv", config, book, model_dir=folder / "model").n_out_of_fold == 0


def test_memorised_noise_shows_as_failure_not_as_success(tmp_path: Path) -> None:
    """Words that occur in one document only, coded at random: in-sample this looks perfect, out of fold it can't."""
    chance = np.random.default_rng(7)
    with (tmp_path / "noise.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "group", "text", "themes"])
        for i in range(120):
            words = " ".join("".join(chance.choice(list("bcdfgklmnprst"), 9)) for _ in range(8))
            writer.writerow([i, f"g{i}", words, "openness" if chance.random() < 0.3 else ""])
    config, book = load_config(), load_codebook("codebook.yaml")
    train_model(tmp_path / "noise.csv", tmp_path / "model", config, book)
    figures = evaluate_gold(tmp_path / "noise.csv", config, book, model_dir=tmp_path / "model")
    precision = next(one.score.precision for one in figures.themes if one.theme == "openness")
    assert precision is None or precision < 0.6


def test_the_report_holds_every_figure_with_its_n_and_shows_a_dash_where_there_is_none(folder: Path) -> None:
    config, book = load_config(), load_codebook("codebook.yaml")
    figures = evaluate_gold(folder / "gold.csv", config, book, model_dir=folder / "model")
    paths = write_report(figures, folder / "report")
    content = json.loads(paths[0].read_text(encoding="utf-8"))
    assert content == json.loads(as_json_text(figures))
    openness = next(one for one in content["themes"] if one["theme"] == "openness")
    assert openness["score"]["n"] == 0 and openness["score"]["f1"] is None and openness["agreement"] == 0.94
    page = paths[1].read_text(encoding="utf-8")
    assert "<svg" in page and "Coder agreement" in page and "http" not in page and "<script" not in page
    assert "–" in page and "Per language" in page and "Per document type" in page
    assert "coders 0.92" in as_text(figures) and "openness" in as_text(figures)


def test_the_shipped_model_keeps_its_agreement_figures_beside_known_themes() -> None:
    from policy_scan.evaluate import AGREEMENT

    assert set(AGREEMENT) <= set(load_codebook("codebook.yaml").active)


@pytest.mark.corpus
def test_figures_on_the_coded_passages_reach_the_minimum() -> None:
    gold = Path(__file__).parents[2] / "shared" / "gold" / "train.csv"
    if not gold.is_file():
        pytest.skip("the coded passages aren't beside the repository")
    figures = evaluate_gold(gold, load_config(), load_codebook("codebook.yaml"))
    assert figures.n_out_of_fold >= 2000, "judged on what it was trained on"
    whole = figures.whole
    assert whole.micro.f1 is not None and whole.micro.f1 >= 0.64
    assert whole.macro_f1 is not None and whole.macro_f1 >= 0.58
    assert whole.relevance.f1 is not None and whole.relevance.f1 >= 0.82
    assert whole.force_accuracy is not None and whole.force_accuracy >= 0.68
    assert figures.calibration_error is not None and figures.calibration_error < 0.05
