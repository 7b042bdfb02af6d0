"""All formats together: the same statuses, verbatim quotations, links to what is there, hostile text that stays text.

Whatever stands in FORMATS is covered: a new format needs a reader of its statuses here, or a word that it has none.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree as ET

import docx
import example_run as make
import openpyxl
import pdfplumber
import pyarrow.parquet as pq
import pypdfium2 as pdfium
import pytest
from lxml import html as lxml_html
from PIL import Image
from published_run import publish

from policy_scan.report import FORMATS, RunData, export_run, load_run
from policy_scan.report import figures as figures_module
from policy_scan.report.charts import SHAPES
from policy_scan.report.common import SYMBOLS, jurisdiction_name, printable, theme_name

Key = tuple[str, str]
"""(theme, jurisdiction)."""
WITHOUT_STATUSES = {"csl", "bibtex", "qdpx"}
"""Formats of documents and codings alone."""
HARMFUL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
GAP = re.compile(r"\s*\[…\]\s*")


@dataclasses.dataclass(frozen=True)
class Exported:
    run: RunData
    folder: Path
    files: Mapping[str, list[Path]]
    """Format -> its files."""

    def first(self, format: str, suffix: str = "") -> Path:
        return next(path for path in self.files[format] if path.name.endswith(suffix))


def export_all(run: RunData, folder: Path) -> Exported:
    """Every format, with the figures drawn once."""
    drawn = figures_module.draw(run, "en")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures_module, "draw", lambda *_: drawn)
        files = {}
        for format in FORMATS:
            (folder / format).mkdir(parents=True)
            files[format] = export_run(run, format, "en", folder / format)
    return Exported(run, folder, files)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory, shipped_run: Path) -> Exported:
    """Every format of a run over the shipped corpus."""
    return export_all(load_run(shipped_run), tmp_path_factory.mktemp("shipped"))


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Every format of a run whose documents hold whatever may do harm, in every place that takes their words."""
    folder = tmp_path_factory.mktemp("attacked")
    return export_all(publish(folder / "out", hostile_example()), folder / "reports")


# Statuses


def _by_name(run: RunData) -> tuple[dict[str, str], dict[str, str]]:
    """Names of themes and jurisdictions -> their keys."""
    themes = {theme_name(run, theme, "en"): theme for theme in run.themes}
    return themes, {jurisdiction_name(code, "en"): code for code in run.all_columns}


def _from_words(run: RunData, text: str) -> str:
    """The status that a cell's text tells by its symbol and, right after it, its name."""
    names = {status: run.codebook.status_name(status, "en").split()[0] for status in SYMBOLS}
    [status] = [key for key, symbol in SYMBOLS.items() if re.search(rf"{symbol}\s+{names[key]}\b", text)]
    return status


def _table(run: RunData, rows: list[list[str]]) -> dict[Key, str]:
    """The statuses of a table whose first row names the jurisdictions and whose first column names the themes."""
    themes, places = _by_name(run)
    head = {index: places[name] for index, name in enumerate(rows[0]) if name in places}
    return {
        (themes[row[0]], code): _from_words(run, row[index])
        for row in rows[1:]
        if row[0] in themes
        for index, code in head.items()
    }


def _wide(run: RunData, rows: list[dict[str, Any]]) -> dict[Key, str]:
    return {(row["theme"], code): row[f"{code}_status"] for row in rows for code in run.all_columns}


def from_csv(it: Exported) -> dict[Key, str]:
    with it.files["csv"][0].open(encoding="utf-8-sig", newline="") as file:
        return _wide(it.run, list(csv.DictReader(file)))


def from_parquet(it: Exported) -> dict[Key, str]:
    return _wide(it.run, pq.read_table(it.files["parquet"][0]).to_pylist())


def from_xlsx(it: Exported) -> dict[Key, str]:
    sheet = openpyxl.load_workbook(it.first("xlsx"))["State of play"]
    rows = [[str(cell or "") for cell in row] for row in sheet.iter_rows(values_only=True)]
    place = jurisdiction_name(it.run.columns[0], "en")
    return _table(it.run, rows[next(n for n, row in enumerate(rows) if place in row) :])


def from_html(it: Exported) -> dict[Key, str]:
    found = {}
    for link in lxml_html.parse(str(it.first("html"))).xpath("//a[@data-theme][@data-j]"):
        key = (link.get("data-theme"), link.get("data-j"))
        found[key] = _from_words(it.run, link.text_content())
        assert f"s-{found[key]}" in link.getparent().get("class").split()
    data = {(cell["theme"], cell["j"]): cell["status"] for cell in page_data(it)["cells"]}
    assert data.items() >= found.items()
    return found


def from_docx(it: Exported) -> dict[Key, str]:
    place = jurisdiction_name(it.run.columns[0], "en")
    found: dict[Key, str] = {}
    for table in docx.Document(str(it.first("docx"))).tables:
        rows = [[cell.text for cell in row.cells] for row in table.rows]
        if place in rows[0]:
            found |= _table(it.run, rows)
    return found


def from_figures(it: Exported) -> dict[Key, str]:
    """Symbols stand theme by theme, from left to right; those of the legend follow."""
    of = {shape: status for status, shape in SHAPES.items()}
    paths = ET.parse(it.first("figures", "statuses.svg")).iter("{http://www.w3.org/2000/svg}path")
    drawn = [of[path.get("d", "")] for path in paths if path.get("d") in of]
    keys = [(theme, code) for theme in it.run.themes for code in it.run.all_columns]
    return dict(zip(keys, drawn, strict=False))


def from_datapackage(it: Exported) -> dict[Key, str]:
    with it.first("datapackage", "cells.csv").open(encoding="utf-8-sig", newline="") as file:
        return {(row["theme"], row["jurisdiction"]): row["status"] for row in csv.DictReader(file)}


def page_data(it: Exported) -> Any:
    [text] = lxml_html.parse(str(it.first("html"))).xpath("//script[@id='data']/text()")
    return json.loads(text)


def pdf_text(it: Exported) -> str:
    document = pdfium.PdfDocument(it.first("pdf"))
    try:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)
    finally:
        document.close()


STATUSES: Mapping[str, Callable[[Exported], dict[Key, str]]] = {
    "csv": from_csv, "parquet": from_parquet, "xlsx": from_xlsx, "html": from_html, "docx": from_docx,
    "figures": from_figures, "datapackage": from_datapackage,
}  # fmt: skip


def test_every_format_is_covered() -> None:
    assert set(FORMATS) == {*STATUSES, *WITHOUT_STATUSES, "pdf"}


@pytest.mark.parametrize("format", STATUSES)
@pytest.mark.parametrize("which", ["shipped", "attacked"])
def test_statuses_are_those_of_the_cells(which: str, format: str, request: pytest.FixtureRequest) -> None:
    it: Exported = request.getfixturevalue(which)
    cells = {(cell.theme, cell.jurisdiction): cell.status for cell in it.run.cells}
    shown = STATUSES[format](it)
    assert {key: cells[key] for key in shown} == shown
    assert set(shown) == set(cells)


def test_the_pdf_shows_every_status(shipped: Exported) -> None:
    letters = Counter(pdf_text(shipped))
    for status, n in Counter(cell.status for cell in shipped.run.cells).items():
        assert letters[SYMBOLS[status]] >= n


# Quotations


def quoted_in(it: Exported) -> Iterator[tuple[str, str, str]]:
    """(format, quotation, the text that must hold it, '' = any provision's) wherever a format quotes."""
    texts = {provision.provision_id: printable(provision.text) for provision in it.run.provisions}
    with it.first("csv", "_evidence.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            yield "csv", re.sub(r"^'(?=\s*[=+\-@\t])", "", row["quotation"]), texts[row["provision_id"]]
    for row in pq.read_table(it.first("parquet", "_evidence.parquet")).to_pylist():
        yield "parquet", row["quotation"], texts[row["provision_id"]]
    rows = openpyxl.load_workbook(it.first("xlsx"), read_only=True)["Evidence"].iter_rows(values_only=True)
    head = next(row for row in rows if "Quotation" in row)
    for row in rows:
        yield "xlsx", str(row[head.index("Quotation")]), ""
    for shown in page_data(it)["provisions"]:
        assert shown["text"] == texts[shown["id"]]
        yield "html", shown["text"], texts[shown["id"]]
    for paragraph in docx.Document(str(it.first("docx"))).paragraphs:
        style = paragraph.style.name if paragraph.style is not None else ""
        if style == "Heading 1" and paragraph.text.startswith("Method"):
            break  # what is known of the model is quoted there, not a document
        if style == "Quote":
            yield "docx", paragraph.text, ""


@pytest.mark.parametrize("which", ["shipped", "attacked"])
def test_every_quotation_is_verbatim_in_its_provision(which: str, request: pytest.FixtureRequest) -> None:
    it: Exported = request.getfixturevalue(which)
    everything = "\0".join(" ".join(printable(provision.text).split()) for provision in it.run.provisions)
    n = Counter()
    for format, quotation, text in quoted_in(it):
        n[format] += 1
        for piece in GAP.split(quotation):
            if text:
                assert piece in text, (format, piece)
            else:
                assert " ".join(piece.split()) in everything, (format, piece)
    assert set(n) == {"csv", "parquet", "xlsx", "html", "docx"}


# Links


def _check_pdf(it: Exported, base: Path, address: str) -> None:
    """The address of a document of the corpus, relative to `base`, leads to a file and to a page that it has."""
    path, _, fragment = address.partition("#")
    file = (base / unquote(path)).resolve()
    assert file.is_file(), address
    if fragment:
        [document] = [d for d in it.run.documents if (it.run.corpus.local / d.path).resolve() == file]
        last = (
            document.n_pages if document.status in ("ok", "partial") else 1
        )  # pages nobody counted: the first is there
        assert 1 <= int(fragment.removeprefix("page=")) <= last, address


def test_links_of_the_workbook_lead_to_their_targets(shipped: Exported) -> None:
    path = shipped.first("xlsx")
    book = openpyxl.load_workbook(path)
    n = Counter()
    for sheet in book:
        for cell in (cell for row in sheet.iter_rows() for cell in row if cell.hyperlink):
            link = cell.hyperlink
            n["page" if link.target else "cell"] += 1
            if link.target:
                _check_pdf(shipped, path.parent, f"{link.target}#{link.location}" if link.location else link.target)
            else:
                name, _, place = link.location.rpartition("!")
                assert book[name.strip("'")][place.replace("$", "").partition(":")[0]].value not in (None, ""), link
    assert min(n["page"], n["cell"]) > len(shipped.run.themes)


def test_links_of_the_page_lead_to_their_targets(shipped: Exported) -> None:
    path, data = shipped.first("html"), page_data(shipped)
    tree = lxml_html.parse(str(path))
    places, themes = set(data["countries"]), set(data["themes"])
    for address in tree.xpath("//a/@href"):
        if not address.startswith("#"):
            _check_pdf(shipped, path.parent, address)
        elif "=" in address:
            asked = {name: values[0] for name, values in parse_qs(address[1:]).items()}
            assert asked.get("theme", next(iter(themes))) in themes, address
            assert asked.get("j", next(iter(places))) in places, address
        else:
            assert tree.xpath("//*[@id=$id]", id=address[1:]), address
    for document in data["documents"]:
        _check_pdf(shipped, path.parent, document["href"])
    pages = {provision.provision_id: provision for provision in shipped.run.provisions}
    assert all(shown["page"] == pages[shown["id"]].page_first for shown in data["provisions"])


def test_links_of_the_reports_lead_to_their_targets(shipped: Exported) -> None:
    path = shipped.first("docx")
    with zipfile.ZipFile(path) as archive:
        for name in (name for name in archive.namelist() if name.endswith(".rels")):
            for link in ET.fromstring(archive.read(name)):
                if link.get("TargetMode") == "External":
                    _check_pdf(shipped, path.parent, link.get("Target", ""))
        body = archive.read("word/document.xml").decode("utf-8")
    anchors = set(re.findall(r'<w:hyperlink [^>]*w:anchor="([^"]+)"', body))
    assert anchors
    assert anchors <= set(re.findall(r'<w:bookmarkStart [^>]*w:name="([^"]+)"', body))
    with pdfplumber.open(shipped.first("pdf")) as pdf:
        addresses = [link["uri"] for page in pdf.pages for link in page.hyperlinks if link.get("uri")]
    assert addresses
    for address in addresses:
        _check_pdf(shipped, shipped.first("pdf").parent, address)


def test_links_of_the_data_lead_to_their_targets(shipped: Exported) -> None:
    rows = pq.read_table(shipped.first("parquet", "_evidence.parquet")).to_pylist()
    assert rows
    for row in rows:
        _check_pdf(shipped, shipped.first("parquet").parent, f"{row['pdf']}#page={row['page_first']}")
    with zipfile.ZipFile(shipped.first("qdpx")) as archive:
        project = archive.read("project.qde").decode("utf-8")
        held = {Path(name).name for name in archive.namelist()}
    assert {address.removeprefix("internal://") for address in re.findall(r'"(internal://[^"]+)"', project)} <= held


# Hostile text

ATTACKS = (
    '=HYPERLINK("http://example.invalid/x","open")', "+1+1", "@SUM(A1:A9)", "-2+3", "\t=1+1",
    "<script>alert(1)</script>", "</desc><script>alert(1)</script>", "]]>", "\u202eesrever\u202c", "a\x00b\x07\x1b[31m",
    "&amp;&#0;", "w" * 3000, '#*_$@`\\ $x^2$ #eval("1")', "{{ 7 * 7 }}{% raw %}", "\ufffe\uffff", "%PDF-1.7 \\input{x}",
)  # fmt: skip


def hostile_example() -> make.Example:
    """A run with an attack in each place that holds a document's words, and one document of attacks alone per kind."""
    sample = make.example()
    for number, attack in enumerate(ATTACKS):
        doc = make.document(
            f"{number:08x}", "FR", title=attack, issuer=attack, url=attack, licence=attack, exclude_reason=attack,
            doc_type="gazette" if number % 2 else "law",
        )  # fmt: skip
        sample.documents.append(doc)
        sample.provisions.append(
            make.provision(
                f"p-{number}",
                doc,
                f"{attack} the counter stays open",
                label=attack,
                label_path=(attack,),
                heading_path=(attack,),
                act_title=attack,
            )
        )
        sample.codings.append(make.coding(f"p-{number}", evidence=f"[[0, {len(attack) + 4}]]"))
        sample.issues.append(make.Issue(doc.doc_id, 1, "pages", "broken", "error", attack, attack))
    return sample


def _check_csv(content: bytes, spreadsheet: bool) -> None:
    text = content.decode("utf-8-sig")
    for row in csv.reader(io.StringIO(text)):
        for value in row:
            assert not HARMFUL.search(value) or not spreadsheet
            assert not spreadsheet or value.lstrip()[:1] not in tuple("=+@"), value


def _check_office(name: str, content: bytes) -> None:
    root = ET.fromstring(content)  # no character that XML forbids
    for element in root.iter():
        tag = element.tag.rpartition("}")[2]
        assert name.startswith("xl/") is False or tag != "f", f"{name} holds a formula"
        assert tag not in ("oleObject", "script", "control")
        if tag == "Relationship" and element.get("TargetMode") == "External":
            assert re.match(r"(\.\./|[\w-]+/)*[^:]*$", element.get("Target", "")), element.attrib


def check(name: str, content: bytes, format: str) -> None:
    """One file of a report holds no attack that works; raises where nobody said how such a file is checked."""
    suffix = Path(name).suffix or Path(name).name
    if suffix in (".zip", ".qdpx", ".xlsx", ".docx"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for inner in archive.namelist():
                assert ".." not in Path(inner).parts
                check(inner, archive.read(inner), format)
    elif suffix == ".csv":
        _check_csv(content, format in ("csv", "figures"))
    elif suffix == ".parquet":
        pq.read_table(io.BytesIO(content))
    elif suffix in (".xml", ".rels", ".qde", ".svg"):
        _check_office(name, content)
        if suffix == ".svg":
            assert not re.search(rb"<script|href|url\(|\son\w+=", re.sub(rb">[^<]*<", b"><", content))
    elif suffix == ".html":
        root = lxml_html.fromstring(content)
        own = [script for script in root.xpath("//script") if script.get("type") != "application/json"]
        assert len(own) == 1
        assert "alert(1)" not in own[0].text
        assert not root.xpath("//@onclick | //@onerror | //@onload | //iframe | //object | //embed")
        assert all(re.match(r"#|(\.\./|[\w-]+/)", address) for address in root.xpath("//a/@href"))
    elif suffix == ".pdf":
        assert content.startswith(b"%PDF")
        assert not re.search(rb"/JavaScript|/JS\b|/Launch|/EmbeddedFile|example\.invalid", content)
        with pdfplumber.open(io.BytesIO(content)) as pdf:
            assert pdf.pages
    elif suffix in (".png", ".jpeg"):
        Image.open(io.BytesIO(content)).verify()
    elif suffix == ".json":
        json.loads(content)
    elif suffix in (".bib", ".txt", ".md"):
        content.decode("utf-8")
    else:
        raise AssertionError(f"say how {name} is checked")
    if suffix in (".html", ".svg", ".bib", ".qde", ".json") or (suffix == ".xml" and format in ("xlsx", "docx")):
        assert not HARMFUL.search(content.decode("utf-8")), name


@pytest.mark.parametrize("format", FORMATS)
def test_hostile_text_does_no_harm(attacked: Exported, format: str) -> None:
    assert attacked.files[format]
    for path in attacked.files[format]:
        check(path.name, path.read_bytes(), format)


def test_hostile_text_is_still_told(attacked: Exported) -> None:
    """Harmless isn't left out: the workbook and the report show the words."""
    book = openpyxl.load_workbook(attacked.first("xlsx"))
    shown = {str(cell.value) for row in book["Evidence"].iter_rows() for cell in row if cell.value}
    assert any("=HYPERLINK" in value for value in shown)
    assert any("<script>alert(1)</script>" in value for value in shown)
    text = pdf_text(attacked)
    assert "<script>alert(1)</script>" in text
    assert '#eval("1")' in text


def test_the_flat_files_tell_how_far_a_cell_was_searched_and_reviewed_and_mark_terms(shipped: Exported) -> None:
    cells = {(cell.theme, cell.jurisdiction): cell for cell in shipped.run.cells}
    for row in pq.read_table(shipped.files["parquet"][0]).to_pylist():
        for code in shipped.run.all_columns:
            cell = cells[row["theme"], code]
            told = tuple(row[f"{code}_{name}"] for name in ("to_check", "search_incomplete", "review", "reviewed"))
            assert told == (cell.n_to_check, cell.search_incomplete, cell.review_state, cell.n_reviewed)
    texts = {provision.provision_id: provision.text for provision in shipped.run.provisions}
    rows = pq.read_table(shipped.files["parquet"][1]).to_pylist()
    assert all(term in texts[row["provision_id"]] for row in rows for term in row["terms"].split("; ") if term)
    assert {row["unsure"] for row in rows} == {True, False} and any(row["terms"] for row in rows)
