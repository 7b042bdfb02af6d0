"""What every report shares: the tables of a run as one typed value, names, symbols, and the evidence in order."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import quote

from pydantic import ValidationError

from ..as_of import documents_at, is_later
from ..citations import cite, describe_search
from ..codebook import Codebook, load_codebook
from ..config import Config
from ..corpus import printable as in_one_line
from ..corpus import unescaped
from ..decisions import PublishedDecision, settled_of, with_decisions
from ..errors import NothingToDoError, UsageError
from ..jurisdictions import UNKNOWN, place_name
from ..records import Cell, CellStatus, Coding, Document, Issue, Provision
from ..stages.cells import belongs, status_of
from ..storage import Place
from ..tables import read_parquet, read_records
from ..translation import LANGUAGES, translations
from .stored import Coder, Tally, read_coders, read_codings, read_provisions, read_tallies
from .words import words

Standing = Literal["evidence", "to_check", "version", "no_cell", "rejected", "later"]
PieceKind = Literal["plain", "evidence", "term"]
PIECE_KINDS: tuple[PieceKind, ...] = get_args(PieceKind)
SYMBOLS: Mapping[CellStatus, str] = {
    "binding": "●", "enabled": "◐", "committed": "▲", "described": "○", "not_found": "–", "not_searched": "×",
}  # fmt: skip
ASCII_SYMBOLS: Mapping[CellStatus, str] = {
    "binding": "#", "enabled": "%", "committed": "^", "described": "o", "not_found": "-", "not_searched": "x",
}  # fmt: skip
# Characters that no format shows and that can do harm: controls, bidirectional overrides, non-characters, surrogates.
_HARMFUL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
_ALIKE = re.compile(rb"(.)\1*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RunData:
    """A run's published tables, what it ran with, and where its files are."""

    directory: Path
    corpus: Place
    config: Config
    codebook: Codebook
    columns: tuple[str, ...]
    """Jurisdictions of the state of play, in order."""
    documents: tuple[Document, ...]
    issues: tuple[Issue, ...]
    provisions: tuple[Provision, ...]
    """Those that have a theme or that reviewers decided on; `tallies` count all."""
    codings: tuple[Coding, ...]
    """The assigned ones, and all of the provisions that reviewers decided on, as the cells saw them."""
    cells: tuple[Cell, ...]
    details: Mapping[str, Any]
    """run.json as it is."""
    tallies: tuple[Tally, ...]
    """Counts of all provisions."""
    coders: tuple[Coder, ...]
    """Who judged the provisions on each theme."""
    is_whole: bool = True
    """Whether `provisions` and `codings` are all that the run has."""
    absolute_links: bool = False
    """Links to PDFs tell where they are on this machine: the report isn't to stand on it."""

    def file_name(self, document: Document) -> str:
        """Where a document's PDF stands below the corpus, as the file system or store spells it. The document's path
        tells the same in a line that can be shown: accents composed, control characters as escapes."""
        names: Mapping[str, str] = self.details.get("names", {})
        return unescaped(names[document.doc_id]) if document.doc_id in names else document.path

    @property
    def n_provisions(self) -> int:
        """How many provisions the run has, coded or not."""
        return sum(one.n for one in self.tallies)

    @property
    def all_columns(self) -> tuple[str, ...]:
        """The state of play's columns, then the other jurisdictions that the corpus holds."""
        return tuple(dict.fromkeys([*self.columns, *(cell.jurisdiction for cell in self.cells)]))

    @property
    def themes(self) -> tuple[str, ...]:
        """The themes of the cells: those that were active when the run was made."""
        return tuple(dict.fromkeys(cell.theme for cell in self.cells))


@dataclass(frozen=True, slots=True)
class Evidence:
    """One provision under one theme in one jurisdiction, and how it stands there."""

    theme: str
    jurisdiction: str
    standing: Standing
    status: CellStatus
    """The status that it gives, or would give if it counted."""
    coding: Coding
    provision: Provision
    document: Document


def load_run(directory: Path) -> RunData:
    """Read a run's run.json and what reports show of its tables.

    Raises NothingToDoError where one is missing or of another version, ConfigError where the codebook is.
    """
    try:
        details = json.loads((directory / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise NothingToDoError(
            f"{directory} holds no finished run.", "run 'policy-scan run', or give --output."
        ) from None
    try:
        config = Config.model_validate(details["configuration"])
        table = read_parquet(directory / "state_of_play.parquet")
        decisions = _decisions(directory)
        codings, provisions = _coded(directory, decisions)
        return RunData(
            directory=directory,
            corpus=Place.of(str(details["corpus"])),
            config=config,
            codebook=load_codebook(config.codebook),
            columns=tuple(name.removesuffix("_status") for name in table.column_names if name.endswith("_status")),
            documents=tuple(read_records(directory, "documents", Document)),
            issues=tuple(read_records(directory, "issues", Issue)),
            provisions=provisions,
            codings=codings,
            cells=tuple(read_records(directory, "cells", Cell)),
            details=details,
            tallies=read_tallies(directory),
            coders=read_coders(directory),
            is_whole=False,
        )
    except ValidationError as error:
        names = ", ".join(sorted({".".join(str(part) for part in one["loc"]) for one in error.errors()}))
        raise NothingToDoError(
            f"The run in {directory} was made by another version: its configuration differs in {names}.",
            "run 'policy-scan run' again with this version.",
        ) from error
    except (OSError, KeyError, ValueError) as error:
        raise NothingToDoError(
            f"The tables in {directory} can't be read ({error}).", "run 'policy-scan run' again with this version."
        ) from error


def _decisions(directory: Path) -> list[PublishedDecision]:
    """A run's published decisions; none where it has no such table."""
    if not (directory / "decisions.parquet").is_file():
        return []
    return read_records(directory, "decisions", PublishedDecision)


def _coded(directory: Path, decisions: Sequence[PublishedDecision]) -> tuple[tuple[Coding, ...], tuple[Provision, ...]]:
    """The codings that count or were decided on, as the cells saw them, and their provisions."""
    decided = {one.anchored_to for one in decisions if one.anchored_to}
    codings = read_codings(directory, decided)
    provisions = read_provisions(directory, {one.provision_id for one in codings} | decided)
    texts = {one.provision_id: one.text for one in provisions}
    return tuple(with_decisions(codings, settled_of(decisions), texts)), tuple(provisions)


def check_language(language: str) -> str:
    if language not in LANGUAGES:
        raise UsageError(f"Reports don't speak '{language}'.", f"choose one of: {', '.join(LANGUAGES)}.")
    return language


def printable(text: str) -> str:
    """The text without what no reader sees: control characters (tab and line feed stay), bidirectional overrides."""
    return _HARMFUL.sub("", text)


def theme_name(run: RunData, theme: str, language: str) -> str:
    """The codebook's name; the key where the codebook no longer has the theme."""
    found = run.codebook.themes.get(theme)
    return found.label(language) if found else theme


def jurisdiction_name(code: str, language: str) -> str:
    """'France', 'Grèce', 'Région wallonne (BE-WAL)'."""
    return place_name(code, language)


def short_status(codebook: Codebook, status: CellStatus, language: str) -> str:
    """One or two words, for narrow columns."""
    return words(language).get(f"short_{status}") or codebook.status_name(status, language)


def count_words(name: Literal["provision", "document"], n: int, language: str) -> str:
    """'1 provision', '12 provisions'."""
    t = translations(language)
    if name == "provision":
        return t.ngettext("{n} provision", "{n} provisions", n).format(n=n)
    return t.ngettext("{n} document", "{n} documents", n).format(n=n)


def support_words(cell: Cell, language: str) -> str:
    """'12 provisions in 3 documents, 2 to check'; '' where there is neither."""
    t = translations(language)
    parts = []
    if cell.n_provisions:
        provisions = count_words("provision", cell.n_provisions, language)
        documents = count_words("document", cell.n_documents, language)
        parts.append(t.gettext("{provisions} in {documents}").format(provisions=provisions, documents=documents))
        if cell.n_to_check:
            parts.append(t.gettext("{n} to check").format(n=cell.n_to_check))
    return ", ".join(parts)


def review_words(cell: Cell, language: str) -> str:
    """How much of a cell's evidence reviewers settled: 'not reviewed', '3 of 12 reviewed', 'reviewed', 'disputed'."""
    state = words(language)[f"review_{cell.review_state}"]
    if cell.review_state == "disputed" or not 0 < cell.n_reviewed < cell.n_provisions:
        return state
    t = translations(language)
    return t.pgettext("review", "{n} of {total} reviewed").format(n=cell.n_reviewed, total=cell.n_provisions)


def segments(evidence: Evidence) -> list[str]:
    """The provision's text cut into plain and evidence pieces in turn, the first plain (it may be '')."""
    text = evidence.provision.text
    pieces: list[str] = []
    at = 0
    for start, end in sorted(json.loads(evidence.coding.evidence or "[]")):
        if start < at:  # overlapping spans are shown as one
            start = at
        if end <= start:
            continue
        pieces += [printable(text[at:start]), printable(text[start:end])]
        at = end
    pieces.append(printable(text[at:]))
    return pieces


def mark_text(
    text: str, spans: Iterable[Sequence[int]], terms: Iterable[Sequence[Any]] = ()
) -> list[tuple[str, PieceKind]]:
    """A provision's text cut into plain, evidence and term pieces, in order and without loss; none is empty.

    `spans`: (start, end) of the evidence; `terms`: (start, end, concept), marked as far as they lie in the evidence.
    """
    kinds = bytearray(len(text))
    for start, end in spans:
        kinds[start:end] = b"\1" * len(kinds[start:end])
    for start, end, _ in terms:
        kinds[start:end] = bytes(2 if kind else 0 for kind in kinds[start:end])
    return [(text[run.start() : run.end()], PIECE_KINDS[kinds[run.start()]]) for run in _ALIKE.finditer(kinds)]


def marked_segments(evidence: Evidence) -> list[tuple[str, PieceKind]]:
    """The provision's text as pieces to show: plain, evidence, and the lexicon's terms inside the evidence."""
    spans, terms = json.loads(evidence.coding.evidence or "[]"), json.loads(evidence.coding.terms or "[]")
    pieces = [(printable(piece), kind) for piece, kind in mark_text(evidence.provision.text, spans, terms)]
    return [(piece, kind) for piece, kind in pieces if piece]


def terms_found(evidence: Evidence) -> list[str]:
    """The lexicon's terms in the evidence as they stand there, each once, in order."""
    text = evidence.provision.text
    found = (printable(" ".join(text[start:end].split())) for start, end, _ in json.loads(evidence.coding.terms))
    return list(dict.fromkeys(found))


def quotation(evidence: Evidence) -> str:
    """The evidence itself, verbatim, pieces apart joined by ' […] '; the whole provision where no span is given."""
    marked = segments(evidence)[1::2]
    return " […] ".join(marked) if marked else printable(evidence.provision.text)


def citation_of(evidence: Evidence, language: str) -> str:
    return printable(cite(evidence.document, evidence.provision, language))


def searched_words(cell: Cell, language: str, as_of: str | None = None, any_theme: bool = False) -> str:
    """What was searched for a cell, and what could not be. Doubtful codings are told only where nothing supports it,
    and not where the words are to hold for `any_theme` of its jurisdiction.
    """
    return describe_search(
        n_documents=cell.n_searched_documents,
        n_provisions=cell.n_searched_provisions,
        n_failed_documents=cell.n_failed_documents,
        n_failed_pages=cell.n_failed_pages,
        incomplete=cell.search_incomplete,
        n_to_check=0 if any_theme or cell.n_provisions else cell.n_to_check,
        language=language,
        as_of=as_of,
    )


def cell_citations(run: RunData, language: str) -> dict[tuple[str, str], str]:
    """(theme, jurisdiction) -> the cell's citation in the report's language, whatever the run's language was."""
    documents = {document.doc_id: document for document in documents_at(run.documents, run.config.table.as_of)}
    best = {cell.evidence[0] for cell in run.cells if cell.evidence}
    provisions = {provision.provision_id: provision for provision in run.provisions if provision.provision_id in best}

    def citation(cell: Cell) -> str:
        if not cell.evidence:
            return searched_words(cell, language, run.config.table.as_of)
        provision = provisions[cell.evidence[0]]
        return printable(cite(documents[provision.doc_id], provision, language))

    return {(cell.theme, cell.jurisdiction): citation(cell) for cell in run.cells}


def list_evidence(run: RunData) -> Iterator[Evidence]:
    """Every assigned coding in every cell it enters: themes, then columns, then best first, to check, other versions.

    Documents have the legal status of the table's day; acts later than it are listed as such, last in their column.

    Codings of documents without a jurisdiction come last in their theme: they enter no cell, but aren't dropped.
    """
    as_of = run.config.table.as_of
    documents = {document.doc_id: document for document in documents_at(run.documents, as_of)}
    provisions = {provision.provision_id: provision for provision in run.provisions}
    assigned: dict[str, dict[str, Coding]] = {theme: {} for theme in run.themes}
    for coding in run.codings:
        if coding.assigned and coding.theme in assigned:
            assigned[coding.theme][coding.provision_id] = coding
    cells = {(cell.theme, cell.jurisdiction): cell for cell in run.cells}

    def row(theme: str, column: str, standing: Standing, coding: Coding) -> Evidence:
        provision = provisions[coding.provision_id]
        document = documents[provision.doc_id]
        status = status_of(document, provision, coding.force)
        return Evidence(theme, column, standing, status, coding, provision, document)

    for theme in run.themes:
        codings = assigned[theme]
        placed: set[str] = set()
        for column in run.all_columns:
            cell = cells[theme, column]
            listed = {*cell.evidence, *cell.to_check}
            for identifier in cell.evidence:
                yield row(theme, column, "evidence", codings[identifier])
            for identifier in cell.to_check:
                yield row(theme, column, "to_check", codings[identifier])
            later: list[Coding] = []
            for identifier, coding in codings.items():
                document = documents[provisions[identifier].doc_id]
                if belongs(document.jurisdictions, column):
                    placed.add(identifier)
                    if is_later(document, provisions[identifier], as_of):
                        later.append(coding)
                    elif identifier not in listed:
                        yield row(theme, column, "version", coding)
            for coding in later:
                yield row(theme, column, "later", coding)
        for identifier, coding in codings.items():
            if identifier not in placed:
                document = documents[provisions[identifier].doc_id]
                is_of_later = is_later(document, provisions[identifier], as_of)
                yield row(theme, UNKNOWN, "later" if is_of_later else "no_cell", coding)


def list_rejected(run: RunData) -> list[Evidence]:
    """The machine's codings that reviewers rejected, in every column of their document: they count nowhere and give no
    status, but can be argued about.
    """
    found = [one for one in run.codings if one.method == "reviewed" and not one.assigned and one.theme in run.themes]
    documents = {document.doc_id: document for document in documents_at(run.documents, run.config.table.as_of)}
    provisions = {provision.provision_id: provision for provision in run.provisions}
    rows = []
    for coding in found:
        provision = provisions[coding.provision_id]
        document = documents[provision.doc_id]
        columns = [code for code in run.all_columns if belongs(document.jurisdictions, code)] or [UNKNOWN]
        rows += [Evidence(coding.theme, code, "rejected", "not_found", coding, provision, document) for code in columns]
    return rows


def remarks_on(run: RunData, document: Document) -> str:
    """Why a document was excluded, and its issues with what to do next, a line each."""
    lines = [document.exclude_reason] if document.status == "excluded" and document.exclude_reason else []
    for issue in run.issues:
        if issue.doc_id == document.doc_id:
            place = f"p. {issue.page}: " if issue.page else ""
            lines.append(f"{place}{issue.message} → {issue.next_step}")
    return "\n".join(dict.fromkeys(lines))


def lost_pdfs(run: RunData) -> list[Document]:
    """The documents that the run read and whose PDFs are no longer there: links to them lead nowhere.

    Raises OSError where a store doesn't say.
    """
    read = [one for one in run.documents if one.status in ("ok", "partial")]
    if run.corpus.is_local:
        return [one for one in read if not (run.corpus.local / run.file_name(one)).is_file()]
    there = {entry.path for entry in run.corpus.entries()}
    return [one for one in read if run.file_name(one) not in there]


def pdf_path(run: RunData, document: Document, folder: Path) -> str:
    """The PDF's path relative to the folder where a report stands, with '/'; absolute where drives differ, its address
    where the corpus is on an object store. As the file is spelt: not for text."""
    if not run.corpus.is_local:
        return str(run.corpus.below(run.file_name(document)))
    target = (run.corpus.local / run.file_name(document)).resolve()
    if run.absolute_links:
        return target.as_posix()
    try:
        return Path(os.path.relpath(target, folder.resolve())).as_posix()
    except ValueError:
        return target.as_posix()


def relative_pdf(run: RunData, document: Document, folder: Path) -> str:
    """The same as text, in one line."""
    path = pdf_path(run, document, folder)
    return path if path.isprintable() else in_one_line(path)


def pdf_address(run: RunData, document: Document, page: int, folder: Path) -> str:
    """The same as a web address that opens the PDF at its page."""
    path = pdf_path(run, document, folder)
    if not run.corpus.is_local:
        return f"{quote(path, safe=':/')}#page={page}"
    return f"{Path(path).as_uri() if Path(path).is_absolute() else quote(os.fsencode(path))}#page={page}"


def told_details(run: RunData) -> dict[str, Any]:
    """Of run.json what reports tell: all but what it says of single files."""
    return {name: value for name, value in run.details.items() if name not in ("files", "names", "published")}


def flatten(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Nested settings as (dotted name, text); lists of plain values on one line."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from flatten(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple):
        yield name, ", ".join(str(item) for item in value)
    else:
        yield name, "" if value is None else str(value)
