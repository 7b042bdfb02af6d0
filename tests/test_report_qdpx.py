"""The REFI-QDA project: valid to the published schema, and read back by a reader made from that schema alone."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import example_run as make
import published_run
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pydantic import BaseModel
from pyrefiqda import RefiProject

from policy_scan.records import Page
from policy_scan.report import export_run, qdpx
from policy_scan.report.common import printable
from policy_scan.report.qdpx import export_qdpx, guid, passages_of, plain_text, shown

SCHEMA = Path(__file__).parent / "data" / "refi-qda" / "Project.xsd"
PDF = b"%PDF-1.4 invented"
Q = "{urn:QDA-XML:project:1.0}"


def build(folder: Path) -> Any:
    """The example with a PDF on disk, a provision over two pages, and decisions of two reviewers."""
    sample = make.example()
    pdf = make.document(hashlib.sha256(PDF).hexdigest(), "LU", title='Loi: "guichets" / papier?', path="LU/loi.pdf")
    broken = hashlib.sha256(PDF + b"!").hexdigest()
    sample.documents.extend([pdf, make.document(broken, "LU", status="failed", path="LU/panne.pdf", title="Panne")])
    sample.provisions.append(make.provision("p-long", pdf, "Le guichet reste\nouvert à tous."))
    sample.codings.append(make.coding("p-long", "openness", evidence="[[3, 23]]", force="right"))
    (folder / "corpus" / "LU").mkdir(parents=True)
    (folder / "corpus" / "LU" / "loi.pdf").write_bytes(PDF)
    (folder / "corpus" / "LU" / "panne.pdf").write_bytes(PDF + b"!")
    (folder / "corpus" / "FR").mkdir()
    (folder / "corpus" / "FR" / "aaaaaaaa.pdf").write_bytes(b"%PDF another file than the one that was read")
    law, _, plan, _, long = sample.provisions
    decisions = [
        published_run.decision(
            law, decision_id="1" * 64, theme="openness", evidence="[[3, 10]]", force="right",
            note="voir art. 5", translation="the counter",
        ),
        published_run.decision(
            law, decision_id="2" * 64, reviewer="coder-two", theme="non_digital_access", verdict="no", outcome="no"
        ),
        published_run.decision(plan, decision_id="3" * 64, theme="", verdict="skip", note="page floue"),
        published_run.decision(
            long, decision_id="4" * 64, anchor="stale", anchored_to="", note="perdu", outcome="", quotation="Disparu."
        ),
        published_run.decision(
            law, decision_id="5" * 64, provision_id="", anchored_to="", theme="", verdict="skip", note="bon scan"
        ),
        published_run.decision(law, decision_id="6" * 64, live=False, note="remplacé", outcome=""),
    ]  # fmt: skip
    return published_run.publish(folder / "out", sample, decisions)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return build(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def file(run: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_run(run, "qdpx", path=tmp_path_factory.mktemp("qdpx") / "p.qdpx")[0]


@dataclasses.dataclass
class Read:
    """What a program that knows the schema alone finds."""

    project: Any
    texts: dict[str, str]
    """GUID of a text -> its content."""
    guids: dict[str, Any]

    def selections(self) -> Iterator[tuple[str, Any, str]]:
        """(name of the source, selection, the slice that it selects)."""
        sources = self.project.sources
        holders = [(one, one) for one in sources.text_source]
        holders += [(one, one.representation) for one in sources.pdfsource if one.representation]
        for source, holder in holders:
            for selection in holder.plain_text_selection:
                text = self.texts[holder.guid]
                yield source.name, selection, text[selection.start_position : selection.end_position]


def walk(value: Any) -> Iterator[Any]:
    if isinstance(value, BaseModel):
        yield value
        for name in type(value).model_fields:
            yield from walk(getattr(value, name))
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)


def read(path: Path, folder: Path) -> Read:
    project = RefiProject.load(path, folder)
    guids: dict[str, Any] = {}
    texts = {}
    for item in walk(project):
        if own := getattr(item, "guid", None):
            assert own not in guids
            guids[own] = item
        if internal := getattr(item, "plain_text_path", None):
            texts[item.guid] = RefiProject.resolve_source_path(internal, folder).read_bytes().decode("utf-8")
    return Read(project, texts, guids)


@pytest.fixture(scope="module")
def found(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Read:
    return read(file, tmp_path_factory.mktemp("extracted"))


def schema() -> Any:
    data = SCHEMA.read_bytes()
    assert hashlib.sha256(data).hexdigest() in (SCHEMA.parent / "README.md").read_text(encoding="utf-8")
    return etree.XMLSchema(etree.fromstring(data))


def validate(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        schema().assertValid(etree.fromstring(archive.read("project.qde")))


def test_it_is_valid_to_the_published_schema(file: Path, run: Any, tmp_path: Path) -> None:
    validate(file)
    for language in ("fr", "el"):
        validate(export_run(run, "qdpx", language, tmp_path / f"{language}.qdpx")[0])
    empty = make.run_data(tmp_path / "none", make.Example([], [], [], []))
    validate(export_run(empty, "qdpx", path=tmp_path / "none.qdpx")[0])
    with pytest.raises(etree.DocumentInvalid):
        schema().assertValid(etree.fromstring(b'<Project xmlns="urn:QDA-XML:project:1.0" name="x"><Users/></Project>'))


def test_every_reference_leads_to_its_target(found: Read) -> None:
    kinds = {"CodeRefType": "CodeType", "NoteRefType": "TextSourceType", "VariableRefType": "VariableType"}
    counts = dict.fromkeys(kinds, 0)
    for item in walk(found.project):
        if target := getattr(item, "target_guid", None):
            assert type(found.guids[target]).__name__ == kinds[type(item).__name__]
            counts[type(item).__name__] += 1
        for name in ("creating_user", "creating_user_guid"):
            if user := getattr(item, name, None):
                assert type(found.guids[user]).__name__ == "UserType"
    assert all(counts.values())


def test_every_coding_of_the_model_selects_its_quotation(found: Read, run: Any) -> None:
    model = guid("user", "policy_scan 0.1.0")
    selected: dict[str, list[str]] = {}
    for _, selection, text in found.selections():
        for coding in selection.coding:
            if coding.creating_user == model:
                selected.setdefault(coding.code_ref.target_guid, []).append(text)
    provisions = {one.provision_id: one for one in run.provisions}
    expected: dict[str, list[str]] = {}
    for coding in make.example().codings:
        if coding.assigned:
            text = provisions[coding.provision_id].text
            pieces = [shown(text[start:end]) for start, end in json.loads(coding.evidence)]
            for code in (guid("theme", coding.theme), guid("force", coding.force)):
                expected.setdefault(code, []).extend(pieces)
    for code in (guid("theme", "openness"), guid("force", "right")):  # the one that runs over two pages
        expected.setdefault(code, []).extend(["guichet reste", "ouvert"])
    # Two themes on one passage share its force.
    assert {code: sorted(set(texts)) for code, texts in selected.items()} == {
        code: sorted(set(texts)) for code, texts in expected.items()
    }


def test_codes_have_colours_and_rules_and_forces_a_parent(found: Read) -> None:
    book = make.codebook()
    codes = found.project.code_book.codes.code
    assert [code.name for code in codes] == [theme.label("en") for theme in book.themes.values()] + ["Deontic force"]
    assert all(re.fullmatch("#[0-9A-F]{6}", code.color) for code in codes[:-1])
    assert len({code.color for code in codes[:-1]}) == len(codes) - 1
    assert all(
        book.themes[key].code_when[:20] in code.description for key, code in zip(book.themes, codes, strict=False)
    )
    forces = codes[-1]
    assert not forces.is_codable
    assert [code.name for code in forces.code] == [book.force_name(force, "en") for force in book.force]


def test_reviewers_are_users_with_what_they_accepted(found: Read) -> None:
    assert [user.name for user in found.project.users.user] == ["policy_scan 0.1.0", "coder-one", "coder-two"]
    by_user: dict[str, set[tuple[str, str]]] = {}
    for _, selection, text in found.selections():
        for coding in selection.coding:
            name = found.guids[coding.creating_user].name
            by_user.setdefault(name, set()).add((found.guids[coding.code_ref.target_guid].name, text))
    book = make.codebook()
    assert by_user["coder-one"] == {
        (book.themes["openness"].label("en"), "guichet"), (book.force_name("right", "en"), "guichet")
    }  # fmt: skip
    assert "coder-two" not in by_user
    assert (book.themes["non_digital_access"].label("en"), "Le guichet") in by_user["policy_scan 0.1.0"]


def test_notes_tell_rejections_and_the_reviewers_words_where_they_belong(found: Read) -> None:
    notes = {note.guid: note for note in found.project.notes.note}
    assert len(notes) == 5
    attached = {
        notes[reference.target_guid].plain_text_content: text
        for _, selection, text in found.selections()
        for reference in selection.note_ref
    }
    book = make.codebook()
    assert attached == {
        f"{book.themes['openness'].label('en')}: accepted\nvoir art. 5\nTranslation: the counter": "guichet",
        f"{book.themes['non_digital_access'].label('en')}: rejected": "Le guichet",
        "skipped\npage floue": "Het loket blijft open voor wie niet digitaal is.",
    }
    memos = {selection.description for _, selection, _ in found.selections() if selection.description}
    assert memos == set(attached)
    [lost] = found.project.note_ref
    assert "Disparu." in notes[lost.target_guid].plain_text_content
    whole = [source for source in found.project.sources.text_source if source.note_ref]
    assert [notes[one.note_ref[0].target_guid].plain_text_content for one in whole] == ["skipped\nbon scan"]
    assert found.guids[notes[lost.target_guid].creating_user].name == "coder-one"


def test_sources_hold_the_pdf_that_was_read_and_its_text(found: Read, file: Path) -> None:
    pdfs = {source.name: source for source in found.project.sources.pdfsource}
    assert [name.partition(" [")[0] for name in pdfs] == ["LU Loi guichets papier", "LU Panne"]
    law, broken = pdfs.values()
    with zipfile.ZipFile(file) as archive:
        assert archive.read(f"sources/{law.guid}.pdf") == PDF
        assert law.path == f"internal://{law.guid}.pdf"
    text = found.texts[law.representation.guid]
    page = published_run.HEAD + "{}" + published_run.TAIL
    assert text == page.format("Le guichet reste") + "\n\n" + page.format("ouvert à tous.")
    assert broken.representation is None
    assert "could not be read" in broken.description
    # Neither a file that has changed since nor an excluded document is passed off as what was read.
    names = [source.name for source in found.project.sources.text_source]
    assert names[0] == "FR Loi sur les guichets aaaaaaaa [aaaaaaaa]"
    assert not any("Avant-projet" in name for name in names)
    assert str(law.creation_date_time) == "2026-03-02T08:00:00Z"
    values = {found.guids[one.variable_ref.target_guid].name: one.text_value for one in law.variable_value}
    assert values["Country"] == "Luxembourg"
    assert values["Document type"] == "law"
    assert values["doc_id"] == hashlib.sha256(PDF).hexdigest()


def test_a_large_corpus_is_referred_to_not_copied(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [small] = export_qdpx(run, "en", tmp_path / "small.qdpx", embed=False)
    monkeypatch.setattr(qdpx, "EMBED_BYTES", 10)
    [path] = export_run(run, "qdpx", path=tmp_path / "large.qdpx")
    assert path.read_bytes() == small.read_bytes()
    validate(path)
    project = read(path, tmp_path / "x").project
    assert project.base_path == run.corpus.local.resolve().as_posix()
    assert [source.path for source in project.sources.pdfsource] == [
        "relative:///LU/loi.pdf",
        "relative:///LU/panne.pdf",
    ]
    assert not list((tmp_path / "x" / "sources").glob("*.pdf"))


def test_only_a_project_that_refers_to_files_tells_where_they_are(file: Path, run: Any) -> None:
    with zipfile.ZipFile(file) as archive:
        assert str(run.corpus.local.parent).encode() not in archive.read("project.qde")


def test_the_same_run_gives_the_same_bytes_and_a_later_one_the_same_guids(
    run: Any, file: Path, found: Read, tmp_path: Path
) -> None:
    assert export_run(run, "qdpx", path=tmp_path / "p.qdpx")[0].read_bytes() == file.read_bytes()
    later = dataclasses.replace(run, details={**run.details, "ended": "2027-01-01T00:00:00Z"})
    again = read(export_run(later, "qdpx", "fr", tmp_path / "later.qdpx")[0], tmp_path / "x")
    assert set(again.guids) == set(found.guids)


def test_hostile_text_is_text(file: Path, found: Read) -> None:
    hostile = [text for text in found.texts.values() if "HYPERLINK" in text]
    assert len(hostile) == 1
    assert not re.search(r"[\x00-\x08\x1b\u202e\ufffe]", hostile[0])
    assert shown(make.HOSTILE) in hostile[0]
    assert len(shown(make.HOSTILE)) == len(make.HOSTILE)
    with zipfile.ZipFile(file) as archive:
        assert all(re.fullmatch(r"project\.qde|sources/[0-9a-f-]{36}\.(txt|pdf)", name) for name in archive.namelist())
        tags = {element.tag for element in ET.fromstring(archive.read("project.qde")).iter()}
    assert all(tag.startswith(Q) for tag in tags)


def test_a_hostile_title_or_reviewer_stays_one_value(tmp_path: Path) -> None:
    sample = make.example()
    sample.documents[0] = dataclasses.replace(sample.documents[0], title=make.HOSTILE)
    decisions = [published_run.decision(sample.provisions[0], reviewer=f"a\x00<b>{make.HOSTILE}", note=make.HOSTILE)]
    [path] = export_run(published_run.publish(tmp_path / "out", sample, decisions), "qdpx")
    assert path == tmp_path / "out" / "state-of-play.qdpx"
    validate(path)
    project = read(path, tmp_path / "x").project
    assert project.users.user[1].name == printable(f"a<b>{make.HOSTILE}")
    assert not re.search(r'[\\/:*?"<>|]', project.sources.text_source[0].name)


@given(st.lists(st.text(max_size=12), min_size=1, max_size=4), st.data())
def test_passages_are_the_slices_of_the_evidence(texts: list[str], data: st.DataObject) -> None:
    """Whatever the slices and the span: the passages put together are the span without the joints."""
    pages = [Page("d", n, f"«{text}»", 1.0, 1.0, 0, "text", None, "ok") for n, text in enumerate(texts, 1)]
    whole, offsets = plain_text(pages)
    provision = make.provision(
        "p",
        make.document("d"),
        "\n".join(texts) or "-",
        spans=tuple((n, 1, 1 + len(t)) for n, t in enumerate(texts, 1)),
    )
    length = len("\n".join(texts))
    start, end = sorted(data.draw(st.tuples(st.integers(0, length), st.integers(0, length))))
    joints = {sum(map(len, texts[: n + 1])) + n for n in range(len(texts) - 1)}
    wanted = "".join(
        character for at, character in enumerate("\n".join(texts)) if start <= at < end and at not in joints
    )
    found = passages_of(provision, json.dumps([[start, end]]), offsets)
    assert "".join(whole[first:last] for first, last in found) == shown(wanted)
