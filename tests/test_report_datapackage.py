"""The data package: valid to the standard's own validator, every column described, every value what the run holds."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from pathlib import Path
from typing import Any

import example_run as make
import published_run
import pyarrow.parquet as pq
import pytest

from policy_scan.report import export_run
from policy_scan.report.columns import TABLES, describe_column
from policy_scan.runner import TABLES as PUBLISHED
from policy_scan.tables import schema_of


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    sample = make.example()
    sample.documents[0] = dataclasses.replace(
        sample.documents[0], url="https://example.invalid/loi", licence="official text", title="=1+1;\t\"'\r\nx"
    )
    sample.documents[1] = dataclasses.replace(sample.documents[1], url="javascript:alert(1)")
    decisions = [published_run.decision(sample.provisions[0], note='=cmd|"/c calc"!A0', evidence="[[0, 5]]")]
    return published_run.publish(tmp_path_factory.mktemp("run") / "out", sample, decisions)


@pytest.fixture(scope="module")
def package(run: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_run(run, "datapackage", path=tmp_path_factory.mktemp("package") / "tables")[0]


def validate(path: Path) -> list[list[Any]]:
    import frictionless

    # Trusted: frictionless refuses absolute paths otherwise, and the test's folder has one.
    with frictionless.system.use_context(trusted=True):
        report = frictionless.validate(str(path))
    return list(report.flatten(["type", "title", "message"]))


def test_the_validator_of_the_standard_accepts_it(package: Path) -> None:
    assert package.name == "datapackage.json"
    assert validate(package) == []


def test_a_zip_holds_the_same_files_and_is_accepted(run: Any, package: Path, tmp_path: Path) -> None:
    [path] = export_run(run, "datapackage", path=tmp_path / "tables.zip")
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist()[0] == "datapackage.json"
        for name in archive.namelist():
            assert archive.read(name) == (package.parent / name).read_bytes()
    assert validate(path) == []
    assert export_run(run, "datapackage", path=tmp_path / "again.zip")[0].read_bytes() == path.read_bytes()
    [own] = export_run(run, "datapackage")
    assert own == run.directory / "state-of-play-datapackage.zip"


def test_the_validator_would_see_a_broken_reference_and_a_changed_file(package: Path, tmp_path: Path) -> None:
    descriptor = json.loads(package.read_text(encoding="utf-8"))
    (tmp_path / "data").mkdir()
    for resource in descriptor["resources"]:
        data = (package.parent / resource["path"]).read_bytes()
        if resource["name"] == "provisions":
            data = data.replace(b"p-nl,bbbbbbbb", b"p-nl,nowhere0")
        (tmp_path / resource["path"]).write_bytes(data)
    (tmp_path / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
    assert {kind for kind, _, _ in validate(tmp_path / "datapackage.json")} == {"hash-count", "foreign-key"}


def test_every_published_column_is_described_once() -> None:
    assert set(TABLES) == {*PUBLISHED, "codebook"}
    for name, info in TABLES.items():
        if info.record is not None:
            extra = {"language"} if name == "blocks" else set()
            assert set(info.columns) == {*schema_of(info.record).names, *extra}
        assert all(len(text.split()) > 1 and text.endswith((".", "…")) for text in info.columns.values())
    assert describe_column("state_of_play", "BE-VLG_status") == "Status of the cell: BE-VLG."
    with pytest.raises(KeyError):
        describe_column("documents", "colour")


def test_every_field_and_table_of_the_descriptor_is_described(package: Path) -> None:
    descriptor = json.loads(package.read_text(encoding="utf-8"))
    tables = [resource for resource in descriptor["resources"] if "schema" in resource]
    assert {resource["name"] for resource in tables} == set(TABLES)
    for resource in tables:
        assert resource["title"]
        assert resource["description"]
        assert all(field["description"] for field in resource["schema"]["fields"])
        assert resource["schema"].get("primaryKey", []) == list(TABLES[resource["name"]].key)
    fields = {field["name"]: field for table in tables for field in table["schema"]["fields"]}
    assert fields["spans"]["type"] == "array"
    assert fields["assigned"]["type"] == "boolean"
    assert fields["probability"]["type"] == "number"
    assert fields["review_state"]["constraints"]["enum"] == ["none", "part", "all", "disputed"]
    assert descriptor["licenses"] == [{"name": "official-text", "title": "official text"}]
    assert [source.get("path") for source in descriptor["sources"]][:2] == ["https://example.invalid/loi", None]
    assert descriptor["created"] == "2026-03-02T08:00:00Z"


def test_no_path_of_the_machine_is_in_it(run: Any, package: Path) -> None:
    for file in package.parent.rglob("*.json"):
        assert str(run.corpus.local.parent) not in file.read_text(encoding="utf-8")


def test_another_reader_gets_the_tables_value_by_value(run: Any, package: Path) -> None:
    """Hostile text too: it comes back as it is, as text."""
    import frictionless

    with frictionless.system.use_context(trusted=True):
        read = frictionless.Package(str(package))
        for name in PUBLISHED:
            expected = pq.read_table(run.directory / f"{name}.parquet").to_pylist()
            rows = read.get_resource(name).read_rows()
            assert len(rows) == len(expected)
            for row, values in zip(rows, expected, strict=True):
                for column, value in values.items():
                    found = row[column]
                    if (name, column) in {("codings", "evidence"), ("codings", "terms"), ("decisions", "evidence")}:
                        assert found == json.loads(value)
                    elif isinstance(value, float):
                        assert float(found) == value
                    else:
                        assert found == (None if value == "" else value), (name, column)
    documents = (package.parent / "data" / "documents.csv").read_bytes()
    assert documents.startswith(b"doc_id,")
    provisions = {row["provision_id"]: row["text"] for row in read_plain(package, "provisions")}
    assert provisions["p-hostile"] == make.HOSTILE


def read_plain(package: Path, name: str) -> list[dict[str, str]]:
    import csv
    import io

    text = (package.parent / "data" / f"{name}.csv").read_bytes().decode("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_folder_loses_the_tables_that_a_later_run_lacks(run: Any, tmp_path: Path) -> None:
    export_run(run, "datapackage", path=tmp_path)
    assert (tmp_path / "data" / "decisions.csv").is_file()
    empty = make.run_data(tmp_path / "none", make.Example([], [], [], []))
    files = export_run(empty, "datapackage", "fr", tmp_path)
    assert {file.name for file in (tmp_path / "data").iterdir()} == {file.name for file in files[1:]}
    assert validate(tmp_path / "datapackage.json") == []
    assert any(row["name"].startswith("Services publics num") for row in read_plain(files[0], "codebook"))
