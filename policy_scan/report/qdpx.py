"""The run as a REFI-QDA project (.qdpx, version 1.0): for MAXQDA, ATLAS.ti, NVivo, QualCoder and other QDA programs.

    project.qde          users, codebook, variables, sources with their codings, notes
    sources/<guid>.txt   a document's text: its pages' texts in order, joined by PAGE_JOINT; UTF-8, no byte order mark
    sources/<guid>.pdf   the document itself, where the corpus is small enough (EMBED_BYTES)

Positions count Unicode code points of the text file from 0, the end exclusive. Themes are codes, deontic forces codes
under a parent of their own. Each coder is a user: the model with everything that it assigned, and each reviewer with
what they accepted; what reviewers rejected or said in words stands in notes on the passage. GUIDs are made of what they
name, so that a code or a passage keeps its own from run to run.
"""

from __future__ import annotations

import io
import json
import re
import uuid
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from xml.etree import ElementTree as ET

import pyarrow.compute as pc

from ..citations import format_labels, format_pages, shorten
from ..decisions import PublishedDecision
from ..records import FORCES, Coding, Document, Page, Provision
from ..storage import UnreachableError
from ..tables import from_table, read_parquet, read_records, write_atomic
from ..translation import translations
from .common import RunData, jurisdiction_name, printable, theme_name
from .stored import read_codings
from .words import words

R = TypeVar("R")
PAGE_JOINT = "\n\n"
"""Between the texts of two pages."""
EMBED_BYTES = 200_000_000
"""Up to this size of all PDFs together the project holds them; beyond, it tells their paths (basePath, relative:///)."""
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:policy_scan:refi-qda")
_XML_NAMESPACE = "urn:QDA-XML:project:1.0"
_SCHEMA = f"{_XML_NAMESPACE} http://schema.qdasoftware.org/versions/Project/v1.0/Project.xsd"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNSHOWN = "\ufffd"
_NO_FILE_NAME = re.compile(r'[\\/:*?"<>|\s]+')
# From Paul Tol's qualitative schemes 'muted', 'bright' and 'vibrant'; forces in browns and greys.
_THEME_COLOURS = (
    "#332288", "#88CCEE", "#44AA99", "#117733", "#999933", "#DDCC77", "#CC6677", "#882255", "#AA4499", "#4477AA",
    "#66CCEE", "#228833", "#CCBB44", "#EE6677", "#AA3377", "#0077BB", "#EE7733", "#009988", "#CC3311", "#EE3377",
)  # fmt: skip
_FORCE_COLOURS = ("#5B3A1E", "#8C2D04", "#B8860B", "#6B8E23", "#4682B4", "#708090", "#A9A9A9")

Passage = tuple[int, int]
"""(start, end) in a document's text."""


def guid(*parts: str | int) -> str:
    """The GUID of what the parts name: the same in every run."""
    return str(uuid.uuid5(NAMESPACE, json.dumps(parts)))


@dataclass(slots=True)
class _Marked:
    """What is attached to one passage: codings as (GUID of the code, of the user) -> time, and decisions that speak."""

    name: str
    codings: dict[tuple[str, str], str] = field(default_factory=dict)
    notes: list[PublishedDecision] = field(default_factory=list)


def shown(text: str) -> str:
    """The text with U+FFFD for each character that `printable` leaves out: offsets stay what they are."""
    if printable(text) == text:
        return text
    return "".join(character if printable(character) else _UNSHOWN for character in text)


def plain_text(pages: Sequence[Page]) -> tuple[str, dict[int, int]]:
    """A document's text, and the offset in it of each page."""
    offsets: dict[int, int] = {}
    at = 0
    for page in pages:
        offsets[page.page] = at
        at += len(page.text) + len(PAGE_JOINT)
    return shown(PAGE_JOINT.join(page.text for page in pages)), offsets


def passages_of(provision: Provision, evidence: str, offsets: Mapping[int, int]) -> list[Passage]:
    """Where spans of a provision's text stand in its document's text; one that crosses a slice's edge is split."""
    found = []
    for start, end in json.loads(evidence):
        at = 0
        for page, first, last in provision.spans:
            inside = max(start - at, 0), min(end - at, last - first)
            if inside[0] < inside[1]:
                base = offsets[page] + first
                found.append((base + inside[0], base + inside[1]))
            at += last - first + 1  # the line feed between slices
    return list(dict.fromkeys(found))


def _moment(text: str) -> str:
    """An xsd:dateTime in UTC with 'Z', which every program reads; '' for what is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return ""
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _element(parent: ET.Element, tag: str, text: str = "", **attributes: str) -> ET.Element:
    """A child with those attributes that say something, all text without what XML forbids."""
    child = ET.SubElement(parent, tag, {name: printable(value) for name, value in attributes.items() if value})
    if text:
        child.text = printable(text)
    return child


def _published(run: RunData, name: str, record: type[R]) -> list[R]:
    """A published table; empty where the run's folder lacks it, as that of an earlier version may."""
    return read_records(run.directory, name, record) if (run.directory / f"{name}.parquet").is_file() else []


def _documents(run: RunData) -> Iterator[tuple[Document, list[Page]]]:
    """Each document that was to be read, with the pages that have text; one document's texts at a time."""
    table = read_parquet(run.directory / "pages.parquet") if run.documents else None
    for document in run.documents:
        if document.status != "excluded" and table is not None:
            pages = from_table(Page, table.filter(pc.equal(table["doc_id"], document.doc_id)))
            yield document, sorted((page for page in pages if page.text), key=lambda page: page.page)


def _sizes(run: RunData) -> list[int]:
    """Bytes of each PDF that is there."""
    if not run.corpus.is_local:
        there = {entry.path: entry.size for entry in run.corpus.entries()}
        return [there[name] for one in run.documents if (name := run.file_name(one)) in there]
    files = (run.corpus.local / run.file_name(one) for one in run.documents)
    return [file.stat().st_size for file in files if file.is_file()]


def _base_path(run: RunData) -> str:
    return run.corpus.local.resolve().as_posix() if run.corpus.is_local else str(run.corpus)


class _Project:
    """The project as it is put together: the XML tree, and the files beside it."""

    def __init__(self, run: RunData, language: str, embed: bool | None) -> None:
        self.run = run
        self.language = language
        self.gettext = translations(language).gettext
        self.ended = _moment(str(run.details.get("ended", "")))
        self.model = f"policy_scan {run.details.get('policy_scan', '')}".strip()
        sizes = _sizes(run)
        self.embed = sum(sizes) <= EMBED_BYTES if embed is None else embed
        self.files: dict[str, bytes | Path] = {}
        self.notes: dict[str, PublishedDecision] = {}
        self.provisions: dict[str, list[Provision]] = {}
        for provision in run.provisions:
            self.provisions.setdefault(provision.doc_id, []).append(provision)
        # The model's own codings: those of `run` are as the reviewers left them.
        self.codings: dict[str, dict[str, Coding]] = {}
        self.decisions = [one for one in _published(run, "decisions", PublishedDecision) if one.live]
        decided = {one.anchored_to for one in self.decisions if one.anchored_to}
        stored = (run.directory / "codings.parquet").is_file()
        for coding in read_codings(run.directory, decided) if stored else ():
            self.codings.setdefault(coding.provision_id, {})[coding.theme] = coding
        self.about: dict[str, list[PublishedDecision]] = {}
        """By the provision of this run or, for what is about a whole document, by that."""
        for decision in self.decisions:
            if decision.anchor != "stale":
                self.about.setdefault(decision.anchored_to or decision.doc_id, []).append(decision)

    def build(self) -> bytes:
        """project.qde; `files` then holds what stands beside it."""
        root = ET.Element(
            "Project",
            {
                "xmlns": _XML_NAMESPACE,
                "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
                "xsi:schemaLocation": _SCHEMA,
                "name": self.gettext("State of play: the digitalisation of public services"),
                "origin": self.model,
                "creatingUserGUID": guid("user", self.model),
                **({"creationDateTime": self.ended} if self.ended else {}),
                # A path of the machine is told only where the project needs it to find the PDFs.
                **({} if self.embed else {"basePath": _base_path(self.run)}),
            },
        )
        self._users(root)
        self._codebook(root)
        self._variables(root)
        sources = ET.Element("Sources")
        for document, pages in _documents(self.run):
            self._source(sources, document, pages)
        if len(sources):
            root.append(sources)
        lost = [one for one in self.decisions if one.anchor == "stale" and self._note(one)]
        self._write_notes(root)
        for decision in lost:
            _element(root, "NoteRef", targetGUID=guid("note", decision.decision_id))
        return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))

    def _users(self, root: ET.Element) -> None:
        users = ET.SubElement(root, "Users")
        for name in [self.model, *sorted({decision.reviewer for decision in self.decisions} - {self.model})]:
            _element(users, "User", guid=guid("user", name), name=name)

    def _codebook(self, root: ET.Element) -> None:
        book = self.run.codebook
        codes = ET.SubElement(ET.SubElement(root, "CodeBook"), "Codes")
        # A theme that the codebook has lost since the run is listed too: codings speak of it.
        coded = (one.theme for one in self.run.coders)
        for number, theme in enumerate(dict.fromkeys([*book.themes, *coded])):
            made = _element(
                codes,
                "Code",
                guid=guid("theme", theme),
                name=theme_name(self.run, theme, self.language),
                isCodable="true",
                color=_THEME_COLOURS[number % len(_THEME_COLOURS)],
            )
            if theme in book.themes:
                when, unless = book.themes[theme].rule(self.language)
                rules = [when, f"{self.gettext('Not when')}: {unless}"] if unless else [when]
                _element(made, "Description", "\n".join(rules))
        name = self.gettext("Deontic force")
        parent = _element(codes, "Code", guid=guid("forces"), name=name, isCodable="false")
        for force, colour in zip(FORCES, _FORCE_COLOURS, strict=True):
            name = book.force_name(force, self.language)
            made = _element(parent, "Code", guid=guid("force", force), name=name, isCodable="true", color=colour)
            _element(made, "Description", book.force_meaning(force, self.language).strip())

    def _variables(self, root: ET.Element) -> None:
        names = {
            "jurisdiction": self.gettext("Jurisdiction"),
            "country": self.gettext("Country"),
            "doc_type": self.gettext("Document type"),
            "legal_status": self.gettext("Legal status"),
            "date": self.gettext("Date"),
            "language": self.gettext("Language"),
            "path": self.gettext("File"),
            "doc_id": "doc_id",
        }
        variables = ET.SubElement(root, "Variables")
        for key, name in names.items():
            _element(variables, "Variable", guid=guid("variable", key), name=name, typeOfVariable="Text")

    def _values(self, source: ET.Element, document: Document) -> None:
        texts = words(self.language)
        values = {
            "jurisdiction": document.jurisdiction,
            "country": jurisdiction_name(document.country or document.jurisdiction, self.language),
            "doc_type": texts[document.doc_type],
            "legal_status": texts[document.legal_status] if document.legal_status else "",
            "date": document.date,
            "language": document.language,
            "path": document.path,
            "doc_id": document.doc_id,
        }
        for key, value in values.items():
            if value:
                made = ET.SubElement(source, "VariableValue")
                _element(made, "VariableRef", targetGUID=guid("variable", key))
                _element(made, "TextValue", value)

    def _source(self, sources: ET.Element, document: Document, pages: Sequence[Page]) -> None:
        """A PDF with its text as representation; the text alone where the file is gone or no longer the one read."""
        identifier = guid("source", document.doc_id)
        pdf = self._pdf(document, identifier)
        if not pages and not pdf:
            return
        # QDA programs take names for file names and want each once.
        title = shorten(document.title or document.path, 90)
        name = _NO_FILE_NAME.sub(" ", printable(f"{document.jurisdiction} {title}")).strip()
        shared = {
            "name": f"{name} [{document.doc_id[:8]}]",
            "creatingUser": guid("user", self.model),
            "creationDateTime": self.ended,
        }
        source = _element(sources, "PDFSource" if pdf else "TextSource", guid=identifier, path=pdf, **shared)
        if pages:
            remark = self.gettext("The texts of the pages follow each other, with two line feeds between them.")
        else:
            remark = self.gettext("The text of this document could not be read.")
        _element(source, "Description", f"{document.title}\n{remark}")
        if pages:
            holder = source
            if pdf:
                holder = _element(source, "Representation", guid=guid("text", document.doc_id), **shared)
            text, offsets = plain_text(pages)
            file = f"{holder.get('guid')}.txt"
            holder.set("plainTextPath", f"internal://{file}")
            self.files[f"sources/{file}"] = text.encode("utf-8")
            for passage, marked in sorted(self._marked(document, offsets).items()):
                self._selection(holder, document, passage, marked)
        for decision in self.about.get(document.doc_id, ()):
            if self._note(decision):
                _element(source, "NoteRef", targetGUID=guid("note", decision.decision_id))
        self._values(source, document)

    def _pdf(self, document: Document, identifier: str) -> str:
        """The path of a document's PDF as the project tells it; '' where the file isn't the one that was read."""
        corpus, name = self.run.corpus, self.run.file_name(document)
        try:
            if corpus.hash(name) != document.doc_id:
                return ""
            if not self.embed:
                return f"relative:///{name}" if name.isprintable() else ""  # XML can't hold it otherwise
            file = corpus.local / name if corpus.is_local else corpus.read_bytes(name)
        except UnreachableError:
            raise
        except OSError:
            return ""
        self.files[f"sources/{identifier}.pdf"] = file
        return f"internal://{identifier}.pdf"

    def _marked(self, document: Document, offsets: Mapping[int, int]) -> dict[Passage, _Marked]:
        """Every passage of a document that somebody coded or wrote a note on."""
        found: dict[Passage, _Marked] = {}

        def mark(provision: Provision, spans: str) -> list[_Marked]:
            name = ", ".join(part for part in (format_labels(provision), format_pages(provision)) if part)
            return [found.setdefault(place, _Marked(name)) for place in passages_of(provision, spans, offsets)]

        for provision in self.provisions.get(document.doc_id, ()):
            own = self.codings.get(provision.provision_id, {})
            for coding in own.values():
                if coding.assigned:
                    for marked in mark(provision, coding.evidence):
                        _code(marked, coding.theme, coding.force, self.model, self.ended)
            for decision in self.about.get(provision.provision_id, ()):
                machine = own.get(decision.theme)
                spans = decision.evidence if decision.similarity == 1.0 else "[]"
                if spans == "[]" and machine is not None:
                    spans = machine.evidence
                places = mark(provision, spans) or mark(provision, f"[[0, {len(provision.text)}]]")
                if decision.verdict == "yes" and decision.theme:
                    force = decision.force or (machine.force if machine is not None else "")
                    for marked in places:
                        _code(marked, decision.theme, force, decision.reviewer, _moment(decision.at))
                if self._note(decision):
                    places[0].notes.append(decision)
        return {place: marked for place, marked in found.items() if marked.codings or marked.notes}

    def _selection(self, holder: ET.Element, document: Document, passage: Passage, marked: _Marked) -> None:
        place = (document.doc_id, *passage)
        selection = _element(
            holder,
            "PlainTextSelection",
            guid=guid("selection", *place),
            name=marked.name,
            startPosition=str(passage[0]),
            endPosition=str(passage[1]),
            creatingUser=guid("user", self.model),
            creationDateTime=self.ended,
        )
        # Programs that pass over notes on passages show the description as a memo.
        if marked.notes:
            _element(selection, "Description", "\n\n".join(self._words_of(note) for note in marked.notes))
        for (code, user), at in marked.codings.items():
            identifier = guid("coding", *place, code, user)
            coding = _element(selection, "Coding", guid=identifier, creatingUser=user, creationDateTime=at)
            _element(coding, "CodeRef", targetGUID=code)
        for note in marked.notes:
            _element(selection, "NoteRef", targetGUID=guid("note", note.decision_id))

    def _note(self, decision: PublishedDecision) -> bool:
        """Keep a decision that says more than a code can: a rejection, or the reviewer's own words."""
        speaks = bool(decision.note or decision.translation or decision.verdict == "no")
        if speaks:
            self.notes[decision.decision_id] = decision
        return speaks

    def _verdict(self, decision: PublishedDecision) -> str:
        t = translations(self.language)
        verdict = {
            "yes": t.pgettext("decision", "accepted"),
            "no": t.pgettext("decision", "rejected"),
            "skip": t.pgettext("decision", "skipped"),
            "withdrawn": t.pgettext("decision", "withdrawn"),
        }[decision.verdict]
        return f"{theme_name(self.run, decision.theme, self.language)}: {verdict}" if decision.theme else verdict

    def _words_of(self, decision: PublishedDecision) -> str:
        lines = [self._verdict(decision), decision.note]
        if decision.translation:
            lines.append(f"{self.gettext('Translation')}: {decision.translation}")
        if decision.anchor == "stale":
            lines.append(f"{self.gettext('The passage decided on was not found again')}: {decision.quotation}")
        return "\n".join(line for line in lines if line)

    def _write_notes(self, root: ET.Element) -> None:
        if not self.notes:
            return
        notes = ET.SubElement(root, "Notes")
        for identifier, decision in sorted(self.notes.items()):
            note = _element(
                notes,
                "Note",
                guid=guid("note", identifier),
                name=self._verdict(decision),
                creatingUser=guid("user", decision.reviewer),
                creationDateTime=_moment(decision.at),
            )
            _element(note, "PlainTextContent", self._words_of(decision))


def _code(marked: _Marked, theme: str, force: str, user: str, at: str) -> None:
    marked.codings.setdefault((guid("theme", theme), guid("user", user)), at)
    if force:
        marked.codings.setdefault((guid("force", force), guid("user", user)), at)


def export_qdpx(run: RunData, language: str, path: Path, embed: bool | None = None) -> list[Path]:
    """Write the project. `embed`: whether it holds the PDFs; None = up to EMBED_BYTES. Raises OSError."""
    project = _Project(run, language, embed)
    files: dict[str, bytes | Path] = {"project.qde": project.build()}
    files.update(project.files)
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, content in files.items():
            # The same bytes for the same run: no times, no owner. PDFs are compressed already.
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_STORED if isinstance(content, Path) else zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content.read_bytes() if isinstance(content, Path) else content)
    write_atomic(path, sink.getvalue())
    return [path]
