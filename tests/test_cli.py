"""The command line, as a person uses it: exit codes, messages with a next step, no traceback."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import fixtures
import pytest
from typer.testing import CliRunner

from policy_scan.cli import app
from policy_scan.records import Provision
from policy_scan.tables import read_records

LINES = [
    "Art. 1er. La demande est introduite en ligne, au moyen du formulaire de la commune.",
    "",
    "Art. 2. Toute personne peut aussi se rendre au guichet et y recevoir de l'aide.",
]
COMMANDS = ("init", "run", "status", "show", "text", "language", "classify", "train", "evaluate", "export", "diff",
            "doctor")  # fmt: skip


def _call(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "policy_scan", *map(str, arguments)],
        capture_output=True, encoding="utf-8", cwd=cwd, timeout=240,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project made by `init`, with two documents, after one run."""
    folder = tmp_path_factory.mktemp("cli") / "project"
    made = _call("init", folder)
    assert made.returncode == 0, made.stderr
    fixtures.write_pdf(folder / "corpus" / "FR" / "a.pdf", [LINES])
    fixtures.write_pdf(folder / "corpus" / "LU" / "b.pdf", [[*LINES, "", "Art. 3. Le ministre execute la loi."]])
    done = _call("run", "--config", "configs/default.yaml", "--jobs", "1", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "state_of_play.csv" in done.stdout
    return folder


def test_help_names_every_command() -> None:
    text = _call("--help").stdout
    assert [name for name in COMMANDS if name not in text] == []


def test_init_makes_a_project_and_changes_nothing_that_is_there(project: Path) -> None:
    own = project / "configs" / "codebook.yaml"
    before = own.read_bytes()
    own.write_bytes(before + b"# mine\n")
    again = _call("init", project)
    assert again.returncode == 0
    assert own.read_bytes().endswith(b"# mine\n")
    own.write_bytes(before)


def test_the_table_is_shown_in_words(project: Path) -> None:
    done = _call("run", "--config", "configs/default.yaml", cwd=project)
    assert done.returncode == 0
    assert "nothing had changed" in done.stderr
    for word in ("FR", "BE", "GR", "LU", "RO", "not searched"):
        assert word in done.stdout


def test_status_and_show(project: Path) -> None:
    status = _call("status", cwd=project)
    assert status.returncode == 0
    assert "2 documents" in status.stdout
    assert "Up to date" in status.stdout
    with (project / "outputs" / "provisions.csv").open(encoding="utf-8-sig", newline="") as stream:
        provision = next(csv.DictReader(stream))
    shown = _call("show", provision["provision_id"][:16], cwd=project)
    assert shown.returncode == 0, shown.stderr
    assert "FR/a.pdf" in shown.stdout
    document = _call("show", "FR/a.pdf", cwd=project)
    assert "provisions" in document.stdout
    cell = _call("show", "assistance:BE", cwd=project)
    assert "not searched" in cell.stdout
    unknown = _call("show", "zzz", cwd=project)
    assert unknown.returncode == 2
    assert "zzz" in unknown.stderr
    assert "→" in unknown.stderr


@pytest.mark.parametrize("table", ["documents", "cells", "issues", "provisions", "codings"])
def test_a_damaged_table_is_told_by_what_looks_into_it(project: Path, tmp_path: Path, table: str) -> None:
    out = tmp_path / "out"
    shutil.copytree(project / "outputs", out, ignore=shutil.ignore_patterns(".cache"))
    identifier = read_records(out, "provisions", Provision)[0].provision_id
    file = out / f"{table}.parquet"
    file.write_bytes(file.read_bytes()[:100])
    tried = [("status",), ("show", identifier), ("show", "FR/a.pdf")]
    told = [done for words in tried if (done := _call(*words, "--output", out)).returncode]
    assert told
    for done in told:
        assert done.returncode == 3 and "Traceback" not in done.stderr, done.stderr
        assert f"The tables in {out} can't be read" in done.stderr and "→ run 'policy-scan run'" in done.stderr


def test_only_the_named_jurisdictions_are_read(project: Path, tmp_path: Path) -> None:
    done = _call(
        "run", "--output", tmp_path / "out", "--jurisdiction", "LU", "FR", "--fast", "--jobs", "1", cwd=project
    )
    assert done.returncode == 0, done.stderr
    with (tmp_path / "out" / "state_of_play.csv").open(encoding="utf-8-sig") as stream:
        assert stream.readline().strip() == "theme,LU_status,LU_citation,FR_status,FR_citation"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["run", "--corpus", "absent"], 3, "doesn't exist"),
        (["run", "--config", "absent.yaml"], 2, "absent.yaml"),
        (["run", "--jurisdiction", "Narnia"], 2, "Narnia"),
        (["run", "--fast", "--thorough"], 2, "exclude each other"),
        (["run", "--jobs", "many"], 2, "jobs"),
        (["status", "--output", "absent"], 3, "no finished run"),
        (["show", "assistance:FR", "--output", "absent"], 3, "no finished run"),
        (["export", "--format", "xlsx", "--output", "absent"], 3, "no finished run"),
        (["text", "absent.pdf"], 3, "absent.pdf"),
        (["language", "absent.csv", "-o", "x.csv"], 2, "absent.csv"),
        (["frobnicate"], 2, "frobnicate"),
    ],
)
def test_wrong_use_is_told_and_has_its_exit_code(tmp_path: Path, arguments: list[str], code: int, words: str) -> None:
    done = _call(*arguments, cwd=tmp_path)
    assert done.returncode == code
    assert words in done.stderr


def test_text_prints_what_was_read(tmp_path: Path) -> None:
    pdf = fixtures.furniture_pdf(tmp_path / "a.pdf", [["The counter stays open to everybody."]] * 4)
    plain = _call("text", pdf)
    assert plain.returncode == 0, plain.stderr
    assert plain.stdout.count("The counter stays open") == 4
    assert "OFFICIAL SAMPLES" not in plain.stdout
    lines = [json.loads(line) for line in _call("text", pdf, "--json", "--page", "2").stdout.splitlines()]
    assert {line["page"] for line in lines} == {2}
    assert {"page", "block", "kind", "text", "x0", "y0", "x1", "y1"} <= set(lines[0])
    assert {line["kind"] for line in lines} > {"header"}
    picture = tmp_path / "page.png"
    assert _call("text", pdf, "--page", "1", "--picture", picture).returncode == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    beyond = _call("text", pdf, "--page", "9")
    assert beyond.returncode == 2
    assert "it has 4" in beyond.stderr


def test_language_and_classify_take_and_give_csv(tmp_path: Path) -> None:
    table = tmp_path / "in.csv"
    rows = [("1", "La commune ouvre un guichet pour aider les habitants dans leurs démarches."), ("2", "Artikel 5")]
    with table.open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream).writerows([("id", "text"), *rows])
    assert _call("language", table, "-o", tmp_path / "language.csv").returncode == 0
    with (tmp_path / "language.csv").open(encoding="utf-8-sig", newline="") as stream:
        told = {row["id"]: row["language"] for row in csv.DictReader(stream)}
    assert told == {"1": "fr", "2": "und"}
    done = _call("classify", table, "-o", tmp_path / "codes.csv", "--fast")
    assert done.returncode == 0, done.stderr
    with (tmp_path / "codes.csv").open(encoding="utf-8-sig", newline="") as stream:
        codes = list(csv.DictReader(stream))
    assert {row["id"] for row in codes} == {"1", "2"}
    assert {"theme", "probability", "assigned", "force", "evidence"} <= set(codes[0])
    assert len(codes) == 2 * len({row["theme"] for row in codes})
    missing = _call("classify", tmp_path / "language.csv", "-o", tmp_path / "x.csv")
    assert missing.returncode == 2
    assert "no column 'text'" in missing.stderr


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx", "html"])
def test_export_writes_each_format(project: Path, tmp_path: Path, kind: str) -> None:
    target = tmp_path / ("tables" if kind in ("csv", "parquet") else f"table.{kind}")
    done = _call("export", "--format", kind, "-o", target, cwd=project)
    assert done.returncode == 0, done.stderr
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written
    assert all(path.stat().st_size > 0 for path in written)


def test_export_refuses_the_ending_of_another_format_and_tells_of_lost_pdfs(project: Path, tmp_path: Path) -> None:
    for kind, name in (("xlsx", "table.docx"), ("html", "table.PDF"), ("figures", "figure.svg")):
        done = _call("export", "--format", kind, "-o", tmp_path / name, cwd=project)
        assert done.returncode == 2, done.stderr
        assert name in done.stderr
    assert list(tmp_path.iterdir()) == []
    own = tmp_path / "own"
    shutil.copytree(project, own)
    run = json.loads((own / "outputs" / "run.json").read_text(encoding="utf-8"))
    (own / "outputs" / "run.json").write_text(json.dumps({**run, "corpus": str(own / "corpus")}), encoding="utf-8")
    assert "no longer" not in _call("export", "--format", "csv", cwd=own).stderr
    (own / "corpus" / "FR" / "a.pdf").unlink()
    done = _call("export", "--format", "html", cwd=own)
    assert done.returncode == 0
    assert "1 of 2 PDFs are no longer in" in done.stderr


def test_an_unknown_format_names_the_known_ones(project: Path) -> None:
    done = _call("export", "--format", "papyrus", cwd=project)
    assert done.returncode == 2
    assert "xlsx" in done.stderr


def test_doctor_says_what_is_there() -> None:
    done = _call("doctor")
    assert "review database" in done.stdout and "fonts" in done.stdout
    assert done.returncode == 0
    assert "Tesseract" in done.stdout


def test_levels_and_the_day_of_the_table_are_options_and_diff_tells_what_they_changed(
    project: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    shutil.copytree(project, own)
    shutil.copytree(own / "outputs", own / "before")
    (own / "corpus" / "FR-IDF").mkdir()
    fixtures.write_pdf(own / "corpus" / "FR-IDF" / "c.pdf", [[*LINES, "Art. 4. La region execute la loi."]])
    arguments = ("run", "--config", "configs/default.yaml", "--jobs", "1", "--levels", "FR", "LU")
    done = _call(*arguments, "--as-of", "2020-02-29", cwd=own)
    assert done.returncode == 0, done.stderr
    assert "as of 2020-02-29" in done.stderr
    with (own / "outputs" / "state_of_play.csv").open(encoding="utf-8-sig", newline="") as stream:
        names = next(csv.reader(stream))
    assert [name for name in names if "-" in name] == [
        f"{code}_{what}" for code in ("FR-NAT", "FR-IDF") for what in ("status", "citation")
    ]
    settings = json.loads((own / "outputs" / "run.json").read_text(encoding="utf-8"))["configuration"]["table"]
    assert (settings["levels"], settings["as_of"]) == (["FR", "LU"], "2020-02-29")
    told = _call("diff", "before", "outputs", cwd=own)
    assert told.returncode == 0
    assert "table.as_of" in told.stdout
    assert "FR-NAT" in told.stdout
    for wrong in (("--as-of", "2020"), ("--levels", "BE-VLG"), ("--levels", "Atlantis")):
        done = _call("run", "--config", "configs/default.yaml", *wrong, cwd=own)
        assert done.returncode == 2, wrong


@pytest.mark.parametrize(
    "words",
    [("init", "s3://b/x"), ("export", "--format", "csv", "-o", "s3://b/x.csv"), ("language", "in.csv", "-o", "S3://b/x"),
     ("review", "export", "--format", "jsonl", "-o", "gs://b/x"), ("train", "--gold", "g.csv", "--model", "s3://b/x"),
     ("text", "a.pdf", "--picture", "s3://b/x.png")],
    ids=lambda words: words[0],
)  # fmt: skip
def test_an_address_is_no_folder_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = CliRunner().invoke(app, list(words))
    assert refused.exit_code == 2 and "an address" in refused.stderr
    assert not list(tmp_path.iterdir())
