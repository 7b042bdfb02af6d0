"""Learning from reviewers: which provisions enter, that training stays the same without them, and what is told."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import example_run as make
import numpy as np
import pytest
from test_decisions import decide
from test_train import few_guides_for, write_gold
from typer.testing import CliRunner

from policy_scan import changes as module
from policy_scan.changes import as_text, train_and_compare
from policy_scan.classifier import train as train_module
from policy_scan.classifier.gold import read_gold
from policy_scan.classifier.reviewed import read_reviewed, with_reviewed
from policy_scan.classifier.train import TrainingReport, train_model
from policy_scan.cli import app
from policy_scan.codebook import Codebook, load_codebook
from policy_scan.config import Config, load_config
from policy_scan.decisions import write_decisions
from policy_scan.errors import NothingToDoError, UsageError
from policy_scan.keys import hash_file
from policy_scan.records import Coding, Decision, Document, Page, Provision
from policy_scan.tables import parquet_bytes, to_table

PROTECTION, IDENTITY, OPENNESS = "data_protection", "digital_identity", "openness"
TEXTS = {
    "both": "La signature électronique ouvre le dossier et les données à caractère personnel y sont effacées.",
    "one": "Les données à caractère personnel du registre des électeurs sont effacées chaque année.",
    "wrong": "Le conseil se réunit dans la salle, sans données.",
    "partly": "La signature électronique est acceptée, les données sont ouvertes.",
    "missed": "Les jeux d'information du cadastre peuvent être repris par tous, sans frais.",
    "empty": "La séance est levée à midi.",
    "denied": "La présente ordonnance est publiée.",
    "contested": "Le registre est tenu par le greffe, signature comprise.",
}
ASSIGNED = {
    "both": (IDENTITY, PROTECTION), "one": (PROTECTION,), "wrong": (PROTECTION,), "partly": (IDENTITY, OPENNESS),
    "contested": (IDENTITY,),
}  # fmt: skip


@pytest.fixture(autouse=True)
def few_guides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training here is about coded and reviewed passages: the lexicon's and the exemplars' would take the time."""

    monkeypatch.setattr(train_module, "guides_for", few_guides_for)


@pytest.fixture(scope="module")
def codebook() -> Codebook:
    return load_codebook("codebook.yaml")


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config(overrides={"codings": {"setting": "fast"}})


@pytest.fixture(scope="module")
def gold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_gold(tmp_path_factory.mktemp("gold") / "gold.csv")


@dataclasses.dataclass(frozen=True)
class Plain:
    folder: Path
    report: TrainingReport


@pytest.fixture(scope="module")
def plain(gold: Path, codebook: Codebook, config: Config) -> Plain:
    """The model of the coded passages alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_module, "guides_for", few_guides_for)
        return Plain(gold.parent / "plain", train_model(gold, gold.parent / "plain", config, codebook))


@pytest.fixture
def review(tmp_path: Path, codebook: Codebook) -> tuple[Path, Path]:
    """A run's folder and a file of decisions on it."""
    doc = make.document("d", title="Arrêté")
    provisions = [
        make.provision(name, doc, text, spans=((1, 100 * i, 100 * i + len(text)),), heading_path=("Titre I", "Suite"))
        for i, (name, text) in enumerate(TEXTS.items())
    ]
    codings = []
    for name in TEXTS:
        order = [*ASSIGNED.get(name, ()), *(theme for theme in codebook.active if theme not in ASSIGNED.get(name, ()))]
        for rank, theme in enumerate(order, start=1):
            own = theme in ASSIGNED.get(name, ())
            codings.append(make.coding(name, theme, rank=rank, assigned=own, force="obligation" if own else ""))
    pages = [Page("d", 1, "", 595, 842, 0, "text", None, "ok")]
    run = tmp_path / "run"
    run.mkdir()
    for table, record, rows in (
        ("documents", Document, [doc]), ("provisions", Provision, provisions), ("codings", Coding, codings),
        ("pages", Page, pages),
    ):  # fmt: skip
        (run / f"{table}.parquet").write_bytes(parquet_bytes(to_table(record, rows)))
    of = {one.provision_id: one for one in provisions}

    def on(name: str, theme: str, verdict: str, **more: str) -> Decision:
        return decide(of[name], theme=theme, verdict=verdict, **more)

    decisions = [
        on("both", IDENTITY, "no"), on("both", PROTECTION, "yes", force="right"), on("both", OPENNESS, "yes"),
        on("one", PROTECTION, "yes"),
        on("wrong", PROTECTION, "no"),
        on("partly", IDENTITY, "yes"),
        on("missed", OPENNESS, "yes"),
        on("empty", "", "no"),
        on("denied", OPENNESS, "no"),
        on("contested", IDENTITY, "yes"), on("contested", IDENTITY, "no", reviewer="bo"),
        dataclasses.replace(on("one", IDENTITY, "yes"), doc_id="gone"),
    ]  # fmt: skip
    write_decisions(tmp_path / "d.jsonl", decisions)
    return run, tmp_path / "d.jsonl"


def test_only_provisions_that_reviewers_settled_are_learnt_from(review: tuple[Path, Path], codebook: Codebook) -> None:
    found = read_reviewed(*review, codebook.active, weight=2.0)
    assert {one.id: (one.themes, one.force) for one in found.passages} == {
        "both": ((PROTECTION, OPENNESS), "right"),
        "one": ((PROTECTION,), "obligation"),
        "wrong": ((), ""),
        "missed": ((OPENNESS,), ""),
        "empty": ((), ""),
    }
    assert (found.n_partly, found.n_disputed, found.n_stale) == (2, 1, 1)
    assert {theme: n for theme, n in found.rejected if n} == {IDENTITY: 1, PROTECTION: 1}
    one = found.passages[0]
    assert (one.group, one.passage.title, one.passage.context, one.weight) == ("d", "Arrêté", "Titre I > Suite", 2.0)
    assert read_reviewed(*review, codebook.active, weight=1.0).key != found.key


def test_a_text_in_both_counts_once_and_its_document_stays_in_one_fold(gold: Path, codebook: Codebook) -> None:
    coded = read_gold(gold, codebook.active)
    again = dataclasses.replace(coded[3], id="p", group="d", themes=(OPENNESS,))
    other = dataclasses.replace(
        again, id="q", passage=dataclasses.replace(again.passage, text="Un autre texte.")
    )  # fmt: skip
    found = with_reviewed(coded, [again, other])
    assert len(found) == len(coded) + 1
    assert [(one.id, one.group) for one in found[-2:]] == [("p", coded[3].group), ("q", coded[3].group)]
    assert coded[3] not in found


def test_one_file_of_coded_passages_gives_the_model_it_always_gave(
    gold: Path, plain: Plain, codebook: Codebook, config: Config, tmp_path: Path
) -> None:
    train_model([gold], tmp_path / "b", config, codebook)
    done = CliRunner().invoke(app, ["train", "--gold", str(gold), "--model", str(tmp_path / "c")])
    assert done.exit_code == 0, done.output
    for name in plain.report.files:
        assert (plain.folder / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
        assert (plain.folder / name).read_bytes() == (tmp_path / "c" / name).read_bytes()
    assert {path.name for path in (tmp_path / "c").iterdir()} == set(plain.report.files)
    facts = json.loads((tmp_path / "c" / "model.json").read_text(encoding="utf-8"))
    assert "n_reviewed" not in facts and facts["gold_sha256"] == hash_file(gold)


def test_learning_from_reviewers_is_deterministic_and_told(
    gold: Path, plain: Plain, codebook: Codebook, config: Config, review: tuple[Path, Path], tmp_path: Path
) -> None:
    report, found = train_and_compare([gold], tmp_path / "m", config, codebook, review)
    train_and_compare([gold], tmp_path / "n", config, codebook, review)
    for name in (*report.files, "changes.json", "changes.txt"):
        assert (tmp_path / "m" / name).read_bytes() == (tmp_path / "n" / name).read_bytes(), name
    assert report.n_passages == plain.report.n_passages + 5
    assert (tmp_path / "m" / "linear.npz").read_bytes() != (plain.folder / "linear.npz").read_bytes()

    assert found.before_is_shipped and (found.n_reviewed, found.n_partly, found.n_disputed) == (5, 2, 1)
    assert found.n_provisions == len(TEXTS)
    fast = found.settings[0]
    assert (fast.setting, fast.n_passages, fast.n_documents) == ("fast", 60, 20)
    given = {one.theme: (one.n_added, one.n_rejected) for one in found.themes}
    assert (given[PROTECTION], given[IDENTITY], given[OPENNESS]) == ((2, 1), (0, 1), (2, 0))
    figures = {one.theme: one.figures for one in fast.themes}
    assert figures[PROTECTION].after.n == 20 and figures[PROTECTION].after.f1 == 1.0
    assert figures[PROTECTION].low is not None and figures[PROTECTION].low <= figures[PROTECTION].difference
    assert figures[OPENNESS].difference is None, "no figure where there are no positives"
    told = json.loads((tmp_path / "m" / "changes.json").read_text(encoding="utf-8"))
    assert told["settings"][0]["themes"][0]["figures"]["before"].keys() >= {"precision", "recall", "f1", "low", "high"}
    text = as_text(found)
    assert (tmp_path / "m" / "changes.txt").read_text(encoding="utf-8") == text + "\n"
    assert "against the shipped model" in text and "5 reviewed provisions" in text
    assert not any(sentence in text for sentence in TEXTS.values())


def test_a_second_training_is_compared_with_the_first_and_equal_models_change_nothing(
    gold: Path, codebook: Codebook, config: Config, tmp_path: Path
) -> None:
    more = write_gold(tmp_path / "more.csv", 5)
    train_and_compare([gold, more], tmp_path / "m", config, codebook)
    _, found = train_and_compare([gold, more], tmp_path / "m", config, codebook)
    fast = found.settings[0]
    assert not found.before_is_shipped and fast.before == fast.after
    assert fast.whole.difference == fast.whole.low == fast.whole.high == 0.0
    assert all(one.passages.n_got == one.passages.n_lost == 0 for one in fast.themes)
    assert found.n_provisions is None


def test_a_weight_counts(
    gold: Path, codebook: Codebook, config: Config, review: tuple[Path, Path], tmp_path: Path
) -> None:
    light = read_reviewed(*review, codebook.active, 0.01)
    heavy = read_reviewed(*review, codebook.active, 20.0)
    for name, reviewed in (("light", light), ("heavy", heavy)):
        train_model(gold, tmp_path / name, config, codebook, reviewed=reviewed)
    one, other = (np.load(tmp_path / name / "linear.npz")["bias"] for name in ("light", "heavy"))
    assert not np.allclose(one, other)


def test_recoded_passages_are_counted_and_named() -> None:
    before, after = np.array([1, 1, 0, 0], dtype=bool), np.array([1, 0, 1, 1], dtype=bool)
    found = module._recoded(before, after, ["a", "b", "c", "d"])
    assert (found.n_lost, found.lost, found.n_got, found.got) == (1, ("b",), 2, ("c", "d"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["--run", "out"], "Nobody has reviewed"), (["--decisions", "d.jsonl"], "--decisions needs --run")],
)
def test_a_run_needs_decisions_and_decisions_a_run(
    arguments: list[str], told: str, gold: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["train", "--gold", str(gold), "--model", str(tmp_path / "m"), *arguments])
    assert done.exit_code == 2 and told in done.output and not (tmp_path / "m").exists()


def test_what_cant_be_learnt_from_is_told_before_anything_is_trained(
    gold: Path, codebook: Codebook, config: Config, review: tuple[Path, Path], tmp_path: Path
) -> None:
    with pytest.raises(NothingToDoError, match="can't be read"):
        train_and_compare([gold], tmp_path / "m", config, codebook, (tmp_path / "none", review[1]))
    review[1].write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match="decided on fully enough"):
        train_and_compare([gold], tmp_path / "m", config, codebook, review)
    assert not (tmp_path / "m").exists()
