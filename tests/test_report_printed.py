"""The report for Word and as PDF: what it says, that its parts hold together, and that text stays text."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import example_run
import pdfplumber
import pytest
from lxml import etree
from PIL import Image

from policy_scan.decisions import PublishedDecision
from policy_scan.records import Decision, Issue
from policy_scan.report import export_run, narrative
from policy_scan.report.common import RunData, printable
from policy_scan.report.docx import write_docx
from policy_scan.report.excerpts import QUOTATION_CHARACTERS, shorten_quotation
from policy_scan.report.narrative import tell
from policy_scan.report.narrator import Narrator, text_cell
from policy_scan.report.paper import Heading, Inline, Layout, Paper, Paragraph, Picture, Quotation, Table
from policy_scan.report.typeset import typeset
from policy_scan.stages.cells import compile_cells
from policy_scan.tables import parquet_bytes, to_table

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
MARKUP = r"# * _a_ $b$ @c `d` \e <f> [g] //h /*i*/ = j + ~ -- ]]> 'k' \u{41}"
LONG = "Le guichet reçoit la demande sur papier. " * 40


def _run(directory: Path, **changes: object) -> RunData:
    details = {
        "policy_scan": "0.1.0", "ended": "2026-03-04T05:06:07Z", "tables_key": "0123456789abcdef",
        "configuration": {"cells": {"threshold": 0.6}}, "files": {"a": "b"},
    }  # fmt: skip
    return dataclasses.replace(example_run.run_data(directory), details=details, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    directory = tmp_path_factory.mktemp("project") / "outputs"
    directory.mkdir()
    return _run(directory)


@pytest.fixture(scope="module")
def paper(run: RunData) -> Paper:
    return tell(run, "en", run.directory)


@pytest.fixture(scope="module")
def word(paper: Paper) -> bytes:
    return write_docx(paper)


@pytest.fixture(scope="module")
def pdf(paper: Paper) -> bytes:
    return typeset(paper)


def _part(package: bytes, name: str) -> etree._Element:
    return etree.fromstring(zipfile.ZipFile(io.BytesIO(package)).read(name))


def _words(root: etree._Element) -> str:
    return "\n".join("".join(t.text or "" for t in p.iter(f"{W}t")) for p in root.iter(f"{W}p"))


def _inlines(paper: Paper) -> Iterator[Inline]:
    for block in paper.blocks:
        if isinstance(block, Paragraph):
            yield from block.content
        elif isinstance(block, Quotation):
            yield from block.note
        elif isinstance(block, Table):
            yield from (piece for row in block.rows for cell in row for line in cell.lines for piece in line)


def _text(paper: Paper) -> str:
    return " ".join(piece.text for piece in _inlines(paper))


def _pdf_text(content: bytes) -> str:
    import pypdfium2

    document = pypdfium2.PdfDocument(content)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


# What is said


def test_every_quotation_is_verbatim_in_its_provision(run: RunData, paper: Paper) -> None:
    texts = [" ".join(printable(provision.text).split()) for provision in run.provisions]
    quotations = [block.text for block in paper.blocks if isinstance(block, Quotation) and "Model card" not in
                  block.note[0].text]  # fmt: skip
    assert len(quotations) >= 6
    for quoted in quotations:
        pieces = [piece for piece in quoted.split(" […]") if piece]
        assert any(all(piece.strip() in text for piece in pieces) for text in texts), quoted


def test_every_cell_with_evidence_is_quoted_with_its_source_and_page(run: RunData, paper: Paper) -> None:
    notes = [block.note for block in paper.blocks if isinstance(block, Quotation)]
    links = [note[1].link for note in notes if len(note) > 1]
    assert "../corpus/FR/aaaaaaaa.pdf#page=3" in links
    assert any("Titre" not in note[0].text and "art. 4" in note[0].text and "p. 3" in note[0].text for note in notes)
    headings = {block.anchor: block.text for block in paper.blocks if isinstance(block, Heading) and block.level == 3}
    assert len(headings) == sum(bool(cell.evidence) for cell in run.cells)


def test_nothing_is_claimed_of_a_country_without_evidence(paper: Paper) -> None:
    text = _text(paper)
    assert "The corpus holds no provision on: Digital service delivery" in text
    assert "Searched: 2 documents, 3 provisions; 2 pages failed; search incomplete." in text
    assert "no readable document of this jurisdiction in the corpus" in text
    assert not re.search(r"there is no|there are no|has no (policy|law|provision)\b(?! on a theme)", text)


def test_failed_and_excluded_documents_say_why(paper: Paper) -> None:
    text = _text(paper)
    assert "Avant-projet: excluded (superseded draft)" in text
    assert "φύλλο: could not be read (The file is cut short)" in text


def test_statuses_of_the_table_are_those_of_the_cells(run: RunData, paper: Paper) -> None:
    table = next(block for block in paper.blocks if isinstance(block, Table) and block.size == "small")
    told = [[cell.status for cell in row[1:]] for row in table.rows]
    cells = {(cell.theme, cell.jurisdiction): cell.status for cell in run.cells}
    assert told == [[cells[theme, code] for code in run.all_columns] for theme in run.themes]
    assert table.rows[2][1].lines[0][0].text.startswith("● binding")


def test_links_inside_the_report_lead_somewhere(paper: Paper) -> None:
    anchors = {block.anchor for block in paper.blocks if isinstance(block, Heading)}
    targets = {piece.link[1:] for piece in _inlines(paper) if piece.link.startswith("#")}
    assert targets and targets <= anchors
    assert len(anchors) == sum(isinstance(block, Heading) for block in paper.blocks), "anchors must be unique"


def test_a_second_quotation_comes_from_another_document_of_the_same_status(tmp_path: Path) -> None:
    from policy_scan.report.common import list_evidence
    from policy_scan.report.narrative import best_two

    example = example_run.example()
    other = example_run.document("f" * 8)
    more = example_run.provision("p-other", other)
    example = dataclasses.replace(
        example,
        documents=[*example.documents, other],
        provisions=[*example.provisions, more],
        codings=[*example.codings, example_run.coding("p-other", probability=0.7)],
    )
    items = [
        item for item in list_evidence(example_run.run_data(tmp_path, example))
        if (item.theme, item.jurisdiction, item.standing) == ("non_digital_access", "FR", "evidence")
    ]  # fmt: skip
    assert [item.provision.provision_id for item in best_two(items)] == ["p-law", "p-other"]
    assert len(best_two(items[:2])) == 1


@pytest.mark.usefixtures("without_figures")
def test_a_reviewers_translation_stands_under_the_quotation(tmp_path: Path) -> None:
    run = _run(tmp_path)
    empty = {field.name: "" for field in dataclasses.fields(Decision)}
    empty |= {"page": 3, "start": 0, "end": 10, "machine_probability": 0.9, "machine_assigned": True}
    row = PublishedDecision(
        **{
            **empty, "decision_id": "1", "at": "2026-01-01T00:00:00+00:00", "reviewer": "r1", "role": "coder",
            "verdict": "yes", "evidence": "[]", "provision_id": "p-law", "theme": "non_digital_access",
            "translation": "The counter takes\nthe request on paper.",
        },
        live=True, anchor="exact", similarity=1.0, anchored_to="p-law", outcome="yes",
    )  # fmt: skip
    (tmp_path / "decisions.parquet").write_bytes(parquet_bytes(to_table(PublishedDecision, [row])))
    text = _text(tell(run, "en", tmp_path))
    assert "The counter takes the request on paper." in text
    assert "1 decision of 1 reviewer counts. Decisions: accepted 1, rejected 0, disputed 0." in text


# Long quotations


def test_long_quotations_are_cut_at_a_sentence() -> None:
    cut = shorten_quotation(LONG)
    assert len(cut) <= QUOTATION_CHARACTERS
    assert cut.endswith("sur papier. […]")
    assert shorten_quotation("Kurz und\n gut.") == "Kurz und gut."


@pytest.mark.parametrize("text", ["mot " * 400, "clause ouverte, " * 60, "x" * 2000, ("y" * 650 + " ") * 3])
def test_quotations_are_never_cut_inside_a_word_that_fits(text: str) -> None:
    cut = shorten_quotation(text)
    assert len(cut) <= QUOTATION_CHARACTERS and cut.endswith(" […]")
    kept = cut.removesuffix(" […]")
    assert text.startswith(kept)
    if " " in text[:QUOTATION_CHARACTERS]:
        assert text[len(kept)] == " "


# Word


def test_the_package_is_well_formed_and_its_footnotes_match(word: bytes, paper: Paper) -> None:
    package = zipfile.ZipFile(io.BytesIO(word))
    assert package.testzip() is None and package.namelist()[0] == "[Content_Types].xml"
    for name in package.namelist():
        if name.endswith((".xml", ".rels")):
            etree.fromstring(package.read(name))
    body, notes = _part(word, "word/document.xml"), _part(word, "word/footnotes.xml")
    marks = [mark.get(f"{W}id") for mark in body.iter(f"{W}footnoteReference")]
    written = [note.get(f"{W}id") for note in notes.iter(f"{W}footnote")]
    assert written[:2] == ["-1", "0"] and written[2:] == marks and len(set(marks)) == len(marks)
    assert len(marks) == sum(isinstance(block, Quotation) for block in paper.blocks)
    types = package.read("[Content_Types].xml").decode()
    assert "/word/footnotes.xml" in types
    for part in ("document", "footnotes"):
        rels = package.read(f"word/_rels/{part}.xml.rels").decode()
        used = re.findall(r'r:id="(rId\d+)"', package.read(f"word/{part}.xml").decode())
        assert used and all(f'Id="{identifier}"' in rels for identifier in used)


def test_word_links_lead_to_bookmarks(word: bytes) -> None:
    body = _part(word, "word/document.xml")
    names = [mark.get(f"{W}name") for mark in body.iter(f"{W}bookmarkStart")]
    starts = [mark.get(f"{W}id") for mark in body.iter(f"{W}bookmarkStart")]
    assert starts == [mark.get(f"{W}id") for mark in body.iter(f"{W}bookmarkEnd")]
    assert len(set(names)) == len(names) and all(len(name or "") <= 40 for name in names)
    anchors = {link.get(f"{W}anchor") for link in body.iter(f"{W}hyperlink")} - {None}
    assert anchors and anchors <= set(names)


def test_word_uses_its_own_styles_fields_and_languages(word: bytes) -> None:
    import docx

    document = docx.Document(io.BytesIO(word))
    used = {paragraph.style.name for paragraph in document.paragraphs if paragraph.style}
    assert {"Title", "Heading 1", "Heading 2", "Heading 3", "Quote", "Caption", "toc 1", "toc 2"} <= used
    quoted = [paragraph for paragraph in document.paragraphs if paragraph.style and paragraph.style.name == "Quote"]
    tags = {tag.get(f"{W}val") for paragraph in quoted for tag in paragraph._p.iter(f"{W}lang")}
    assert {"fr-FR", "nl-BE"} <= tags
    fields = [code.text for code in document.element.iter(f"{W}instrText")]
    assert fields[0] == ' TOC \\o "1-2" \\h \\z \\u '
    kinds = [mark.get(f"{W}fldCharType") for mark in document.element.iter(f"{W}fldChar")]
    assert kinds.count("begin") == kinds.count("separate") == kinds.count("end") == len(fields)
    assert " PAGE " in etree.tostring(document.sections[0].footer._element, encoding="unicode")
    assert [section.orientation for section in document.sections] == [0, 1, 0, 1, 0]
    properties = document.core_properties
    assert (properties.author, properties.language) == ("policy_scan", "en-GB")
    assert properties.title.startswith("State of play") and properties.created.isoformat().startswith("2026-03-04")


def test_word_tables_repeat_their_head_and_keep_rows_whole(word: bytes) -> None:
    for table in _part(word, "word/document.xml").iter(f"{W}tbl"):
        rows = table.findall(f"{W}tr")
        assert rows[0].find(f"{W}trPr/{W}tblHeader") is not None
        assert all(row.find(f"{W}trPr/{W}cantSplit") is not None for row in rows)
        assert len({len(row.findall(f"{W}tc")) for row in rows}) == 1


def test_pictures_have_alternative_texts(word: bytes, paper: Paper) -> None:
    pictures = [block for block in paper.blocks if isinstance(block, Picture)]
    described = [found.get("descr") for found in _part(word, "word/document.xml").iter() if found.tag.endswith("docPr")]
    assert pictures and described == [" ".join(block.alt.split("\r")) for block in pictures]


# PDF


def test_the_pdf_has_bookmarks_titles_pages_and_all_symbols(pdf: bytes, paper: Paper) -> None:
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    assert document.get_metadata_value("Title") == paper.title
    bookmarks = [mark.get_title() for mark in document.get_toc()]
    headings = [block.text for block in paper.blocks if isinstance(block, Heading)]
    assert [mark for mark in bookmarks if mark in headings] == headings
    text = _pdf_text(pdf)
    assert all(symbol in text for symbol in "●◐▲○–×")
    assert f"Page {len(document)}" in text
    assert b"/StructTreeRoot" in pdf and b"/Lang" in pdf and b"pdfuaid" in pdf


def test_the_pdf_repeats_the_head_of_a_long_table(paper: Paper) -> None:
    import pypdfium2

    rows = tuple((text_cell(f"row {n}"), text_cell("x")) for n in range(150))
    table = Table("A long table", ("First head", "Second head"), rows, (1.0, 1.0))
    content = typeset(dataclasses.replace(paper, blocks=(Heading(1, "Long", "long", new_page=True), table)))
    pages = [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(content)]
    long = [text for text in pages if "row " in text]
    assert len(long) > 2 and all("Second head" in text for text in long)


# Text stays text


@pytest.fixture
def without_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing them takes longer than the rest."""
    monkeypatch.setattr(narrative, "draw_figures", lambda teller: [])


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    directory = tmp_path_factory.mktemp("hostile") / "outputs"
    text = f"{MARKUP} {example_run.HOSTILE} 中"
    base = example_run.example()
    example = example_run.Example(
        [dataclasses.replace(document, title=f"=1+1 {MARKUP}") for document in base.documents],
        [
            dataclasses.replace(one, text=text, label="#1", label_path=("Art. 1 $x$", "\\a"), heading_path=("<b>",))
            for one in base.provisions
        ],
        [
            dataclasses.replace(one, evidence=json.dumps([[0, len(text)]] if one.assigned else []))
            for one in base.codings
        ],
        [*base.issues, Issue("c" * 8, None, "pages", "broken", "error", f"{MARKUP}\x00\x1b", "fetch it again.")],
    )
    return tell(example_run.run_data(directory, example), "en", directory)


def test_markup_formulas_and_controls_stay_text_in_word(hostile: Paper) -> None:
    word = write_docx(hostile)
    text = _words(_part(word, "word/document.xml"))
    assert MARKUP in text
    assert '=HYPERLINK("http://example.invalid","click") </script><script>document.title="owned"</script>' in text
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\ufffe]", text)
    rels = _part(word, "word/_rels/document.xml.rels")
    assert not [rel for rel in rels if "example.invalid" in str(rel.get("Target"))]
    codes = {(code.text or "").split()[0] for code in _part(word, "word/document.xml").iter(f"{W}instrText")}
    assert codes == {"TOC", "PAGEREF"}


def test_markup_formulas_and_controls_stay_text_in_the_pdf(hostile: Paper) -> None:
    pdf = typeset(hostile)
    text = _pdf_text(pdf)
    closed = "".join(text.split())
    assert "".join(MARKUP.split()) in closed
    assert '=HYPERLINK("http://example.invalid","click")</script><script>' in closed
    assert not re.search("[\x00-\x08\x0e-\x1f\u202a-\u202e]", text)
    assert b"pdfuaid" not in pdf, "no font here has the Chinese character"
    assert b"/JavaScript" not in pdf and b"(http://example.invalid" not in pdf


@pytest.mark.parametrize(("width", "height", "share"), [(600, 300, 1.0), (600, 1560, 0.5)])
def test_a_tall_picture_stands_on_one_page_whole(width: int, height: int, share: float) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (width, height), "#1F4E8C").save(drawn, "PNG")
    picture = Picture("tall", "Figure 1", "A blue field.", drawn.getvalue())
    assert picture.share == pytest.approx(share)
    blocks = (Heading(1, "Figures", "figures", new_page=True), picture)
    paper = Paper("Title", (), "Contents", "Page", "en", None, blocks)
    with pdfplumber.open(io.BytesIO(typeset(paper))) as pdf:
        [(page, image)] = [(page, image) for page in pdf.pages for image in page.images]
        assert "Figures" in page.extract_text()
        assert page.bbox[1] < image["top"] < image["bottom"] < page.bbox[3] - 50
    extent = _part(write_docx(paper), "word/document.xml").find(".//{*}inline/{*}extent")
    assert int(extent.get("cy")) < 225 * 36_000  # EMU in a millimetre


# The table's day and levels


@pytest.mark.usefixtures("without_figures")
def test_acts_later_than_the_tables_day_are_left_out_and_told(tmp_path: Path) -> None:
    settings = example_run.config(as_of="2020-01-01")
    example = example_run.example()
    cells = compile_cells(
        example.documents, example.provisions, example.codings, example.issues, settings, example_run.codebook(), {}
    )
    paper = tell(_run(tmp_path, config=settings, cells=tuple(cells)), "en", tmp_path)
    assert paper.facts[0] == "As of 1 January 2020"
    text = _text(paper)
    assert "1 document is later than the table's day and is left out." in text
    assert "The table gives the law as of 1 January 2020" in text
    introduction = text[: text.index("'Not found' speaks")]
    assert "The law as of 1 January 2020: later acts are left out." in introduction


@pytest.mark.usefixtures("without_figures")
def test_nothing_is_claimed_of_a_day_unasked_nor_of_what_was_left_out_or_is_doubtful(tmp_path: Path) -> None:
    example = example_run.example()
    statuses = [document.status for document in example.documents]
    assert {"failed", "excluded"} <= set(statuses)
    doubtful = [dataclasses.replace(one, probability=0.01) for one in example.codings]
    cells = compile_cells(
        example.documents, example.provisions, doubtful, [], example_run.config(), example_run.codebook(), {}
    )
    paper = tell(_run(tmp_path, codings=tuple(doubtful), cells=tuple(cells)), "en", tmp_path)
    assert paper.facts[0] == "Run of 4 March 2026"
    n, read = len(statuses) - statuses.count("excluded"), statuses.count("ok") + statuses.count("partial")
    text = _text(paper)
    assert f"The corpus holds {n} documents, of which {read} could be read." in text
    introduction = text[: text.index("'Not found' speaks")]
    n_doubts = sum(cell.n_to_check for cell in cells if cell.theme == "non_digital_access")
    assert n_doubts > 1
    assert f"Non-digital alternative ({n_doubts} uncertain provisions to check)" in introduction


@pytest.mark.usefixtures("without_figures")
def test_many_columns_stand_on_a_wider_page(tmp_path: Path) -> None:
    columns = ("FR", "BE", "GR", "LU", "RO", "NL", "DE", "IT")
    run = _run(tmp_path, columns=columns, cells=tuple(example_run.cells(columns=columns)))
    paper = tell(run, "en", tmp_path)
    assert [block.paper for block in paper.blocks if isinstance(block, Layout)][:2] == ["a3", "a4"]


# The same again, in every language


def test_the_same_run_gives_the_same_bytes(run: RunData, word: bytes, pdf: bytes) -> None:
    again = tell(run, "en", run.directory)
    assert write_docx(again) == word
    assert typeset(again) == pdf


@pytest.mark.usefixtures("without_figures")
@pytest.mark.parametrize("language", ["fr", "nl", "de", "el", "ro"])
def test_other_languages_have_their_own_tag_and_names(run: RunData, language: str) -> None:
    paper = tell(run, language, run.directory)
    assert paper.language == language
    teller = Narrator(run, language, run.directory)
    assert any(teller.place("GR") in heading.text for heading in paper.blocks if isinstance(heading, Heading))
    core = zipfile.ZipFile(io.BytesIO(write_docx(paper))).read("docProps/core.xml").decode()
    assert f">{language}-" in core


@pytest.mark.usefixtures("without_figures")
def test_export_writes_both(run: RunData, tmp_path: Path) -> None:
    for name in ("docx", "pdf"):
        [path] = export_run(run, name, "fr", tmp_path)
        assert path == tmp_path / f"state-of-play.{name}" and path.stat().st_size > 10_000


@pytest.mark.usefixtures("without_figures")
def test_a_run_without_its_end_still_makes_a_report(tmp_path: Path) -> None:
    paper = tell(example_run.run_data(tmp_path), "en", tmp_path)
    assert paper.made is None and paper.facts == ("Made by policy_scan 0.1.0",)
    assert typeset(paper) == typeset(paper)
