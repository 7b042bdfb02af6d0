"""The corpus folder and its manifest: nothing is dropped silently, manifest first, duplicates named once."""

from __future__ import annotations

from pathlib import Path

import pytest

from policy_scan.corpus import find_files, printable, read_manifest
from policy_scan.errors import ConfigError, NothingToDoError
from policy_scan.jurisdictions import country_name, country_of, normalise, place_name
from policy_scan.records import Facts, Page
from policy_scan.stages.documents import describe, identify_documents


def _corpus(root: Path, files: dict[str, bytes], manifest: str | None = None) -> Path:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    if manifest is not None:
        (root / "manifest.csv").write_text(manifest, encoding="utf-8")
    return root


def _identified(root: Path):  # type: ignore[no-untyped-def]
    files, issues = find_files(root)
    rows, more = read_manifest(root)
    sources, others = identify_documents(files, rows)
    return {source.path: source for source in sources}, [*issues, *more, *others]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("FR", "FR"), ("fr", "FR"), ("EL", "GR"), ("BE-VLG", "BE-VLG"), ("be_wal", "BE-WAL"), ("BE-DG", "BE-DG"),
        ("BE-FWB", "BE-FWB"), ("EU", "EU"), ("UK", "GB"), ("DE-BY", "DE-BY"), ("France", None), ("XX", None),
        ("BE-XXX", None), ("", None), ("F", None),
    ],
)  # fmt: skip
def test_folders_name_iso_codes(name: str, code: str | None) -> None:
    assert normalise(name) == code


def test_sub_national_codes_belong_to_their_country() -> None:
    assert country_of("BE-DG") == "BE"
    assert country_name("BE-DG") == country_name("BE") == "Belgium"
    assert country_name("EU") == "European Union"
    assert country_name("unknown") == ""


@pytest.mark.parametrize(
    ("code", "language", "name"),
    [
        ("GR", "fr", "Grèce"), ("EU", "nl", "Europese Unie"), ("FR", "ro", "Franța"), ("LU", "el", "Λουξεμβούργο"),
        ("BE-WAL", "fr", "Région wallonne (BE-WAL)"), ("BE-DG", "de", "Deutschsprachige Gemeinschaft (BE-DG)"),
        ("BE-BRU", "nl", "Brussels Hoofdstedelijk Gewest (BE-BRU)"), ("BE-VLG", "en", "Flanders (BE-VLG)"),
        ("DE-BY", "en", "Bavaria (DE-BY)"), ("unknown", "fr", "inconnue"), ("XX", "en", "XX"), ("XX-1", "en", "XX-1"),
    ],
)  # fmt: skip
def test_jurisdictions_are_named_in_the_reports_language(code: str, language: str, name: str) -> None:
    assert place_name(code, language) == name


def test_the_same_bytes_are_one_document_that_counts_in_each_jurisdiction(tmp_path: Path) -> None:
    files = {"FR/b.pdf": b"one", "FR/a.pdf": b"one", "LU/c.PDF": b"one", "LU/d.pdf": b"two"}
    sources, issues = _identified(_corpus(tmp_path, files))
    assert set(sources) == {"FR/a.pdf", "LU/d.pdf"}
    assert sources["FR/a.pdf"].other_paths == ("FR/b.pdf", "LU/c.PDF")
    assert sources["FR/a.pdf"].jurisdictions == ("FR", "LU")
    duplicate = next(issue for issue in issues if issue.category == "duplicate")
    assert "FR/b.pdf" in duplicate.message
    assert "LU/c.PDF" in duplicate.message


def test_an_unknown_folder_is_read_and_told_what_to_do(tmp_path: Path) -> None:
    sources, issues = _identified(_corpus(tmp_path, {"Spain/a.pdf": b"1", "b.pdf": b"2", "GR/c.pdf": b"3"}))
    assert {path: source.jurisdiction for path, source in sources.items()} == {
        "GR/c.pdf": "GR", "Spain/a.pdf": "unknown", "b.pdf": "unknown",
    }  # fmt: skip
    told = [issue for issue in issues if issue.category == "jurisdiction"]
    assert len(told) == 2
    assert all("folder such as FR" in issue.next_step for issue in told)


def test_the_manifest_comes_first_and_its_mistakes_are_named(tmp_path: Path) -> None:
    manifest = (
        "path,jurisdiction,title,date,doc_type,legal_status,language,include,exclude_reason,colour\n"
        "BE/a.pdf,BE-VLG,Decreet,2024-13,decre,adopted,nl;xx,yes,,red\n"
        "BE/b.pdf,,,,,,,no,a draft that was replaced,\n"
        "BE/gone.pdf,,,,,,,,,\n"
        "BE/a.pdf,,,,,,,,,\n"
        "BE/c.pdf,Narnia,,,Action plan,,,perhaps,,\n"
    )
    root = _corpus(tmp_path, {"BE/a.pdf": b"1", "BE/b.pdf": b"2", "BE/c.pdf": b"3"}, manifest)
    sources, issues = _identified(root)
    first = sources["BE/a.pdf"]
    assert (first.jurisdiction, first.title, first.legal_status, first.languages) == (
        "BE-VLG",
        "Decreet",
        "adopted",
        ("nl",),
    )
    assert (first.date, first.doc_type) == (None, None)
    assert not sources["BE/b.pdf"].include
    assert sources["BE/c.pdf"].doc_type == "action_plan"
    assert sources["BE/c.pdf"].jurisdiction == "BE"
    messages = "\n".join(f"{issue.message} {issue.next_step}" for issue in issues)
    for part in (
        "line 2, column date: '2024-13'", "did you mean 'decree'", "'xx'", "a draft that was replaced",
        "BE/gone.pdf is not in the corpus", "stands there twice", "'Narnia'", "'perhaps' is neither yes nor no",
    ):  # fmt: skip
        assert part in messages
    assert all(issue.next_step for issue in issues)


def test_a_manifest_from_a_french_excel_is_read(tmp_path: Path) -> None:
    text = "path;title\r\nFR/a.pdf;Décision nº 5\r\n"
    root = _corpus(tmp_path, {"FR/a.pdf": b"1"})
    (root / "manifest.csv").write_bytes(text.encode("cp1252"))
    sources, issues = _identified(root)
    assert sources["FR/a.pdf"].title == "Décision nº 5"
    assert any("Windows-1252" in issue.message for issue in issues)


def test_a_manifest_without_paths_is_refused(tmp_path: Path) -> None:
    root = _corpus(tmp_path, {"FR/a.pdf": b"1"}, "file,title\nFR/a.pdf,x\n")
    with pytest.raises(ConfigError, match="no column 'path'"):
        read_manifest(root)


def test_a_line_that_names_no_file_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    root = _corpus(tmp_path, {"FR/a.pdf": b"1"}, "title,path\nAlone\nBlank, \nA law,FR/a.pdf\n")
    rows, issues = read_manifest(root)
    assert {path: row.title for path, row in rows.items()} == {"FR/a.pdf": "A law"}
    assert [issue.message for issue in issues] == [
        f"manifest.csv, line {n} names no file and was passed over." for n in (2, 3)
    ]


@pytest.mark.parametrize("text", ['"path,title\n{}', "path,{}\nFR/a.pdf,x\n", 'path,title\n"FR/a.pdf,{}'])
def test_a_manifest_whose_quotes_are_open_is_refused(tmp_path: Path, text: str) -> None:
    root = _corpus(tmp_path, {"FR/a.pdf": b"1"}, text.format("x" * 200_000))
    with pytest.raises(ConfigError, match="line ") as caught:
        read_manifest(root)
    assert "quotes" in caught.value.next_step


def test_no_pdf_is_nothing_to_do(tmp_path: Path) -> None:
    with pytest.raises(NothingToDoError, match="No PDF was found"):
        find_files(_corpus(tmp_path / "corpus", {"FR/a.txt": b"1"}))
    with pytest.raises(NothingToDoError, match="doesn't exist"):
        find_files(tmp_path / "absent")


def test_a_link_out_of_the_corpus_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.pdf").write_bytes(b"%PDF-1.4 secret")
    root = _corpus(tmp_path / "corpus", {"FR/a.pdf": b"1"})
    (root / "FR" / "link.pdf").symlink_to(tmp_path / "secret.pdf")
    files, issues = find_files(root)
    assert [file.path for file in files] == ["FR/a.pdf"]
    assert [issue.category for issue in issues] == ["link"]


def test_names_are_shown_without_control_characters() -> None:
    assert printable("a\nb\u202ec.pdf") == "a\\nb\\u202ec.pdf"
    assert printable("e\u0301.pdf") == "é.pdf"
    assert printable("bad\udcff.pdf") == "bad\\udcff.pdf"


def test_what_the_manifest_leaves_open_is_inferred_and_marked(tmp_path: Path) -> None:
    root = _corpus(tmp_path, {"FR/a.pdf": b"1"}, "path,title\nFR/a.pdf,Titre du manifeste\n")
    sources, _ = _identified(root)
    source = sources["FR/a.pdf"]
    facts = Facts(source.doc_id, "Titre du texte", "", "2020-01-02", "law", "", 1)
    pages = [Page(source.doc_id, n, "x", 600, 800, 0, "text", None, state) for n, state in ((1, "ok"), (2, "failed"))]
    document = describe(source, facts, pages, [], [])  # type: ignore[arg-type]
    assert (document.title, document.date, document.doc_type) == ("Titre du manifeste", "2020-01-02", "law")
    assert document.binding
    assert set(document.inferred) == {"date", "doc_type"}
    assert (document.status, document.n_pages, document.n_pages_failed) == ("partial", 2, 1)


@pytest.mark.parametrize(
    ("doc_type", "legal_status", "binding"),
    [("law", "", True), ("law", "proposed", False), ("order", "repealed", False), ("strategy", "", False),
     ("circular", "in_force", False), ("directive", "adopted", True), ("gazette", "", False)],
)  # fmt: skip
def test_binding_follows_type_and_status(tmp_path: Path, doc_type: str, legal_status: str, binding: bool) -> None:
    root = _corpus(tmp_path, {"FR/a.pdf": b"1"}, f"path,doc_type,legal_status\nFR/a.pdf,{doc_type},{legal_status}\n")
    source = _identified(root)[0]["FR/a.pdf"]
    assert describe(source, None, [], [], []).binding is binding
