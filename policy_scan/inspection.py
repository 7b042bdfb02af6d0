"""Looking into a run: `status`, `show` and `doctor`."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .codebook import Codebook, load_codebook
from .config import Config, load_config
from .corpus import printable
from .errors import NothingToDoError, PolicyScanError, UsageError
from .records import Cell, Coding, Document, Issue, Provision
from .report.common import mark_text
from .report.stored import find_provisions, read_codings_of, read_provisions
from .runner import CACHE_FOLDER, read_run_file, stale_documents
from .screen import print_issues
from .stages.codings import as_passage
from .storage import Place
from .tables import read_records

T = TypeVar("T")
_MANY = 15
_MENTIONED = 0.1
"""Themes with a lower probability than this are passed over."""


def _print(console: Console, text: str) -> None:
    console.print(text, markup=False, soft_wrap=True)


def _read(output: Path, read: Callable[[], T]) -> T:
    """What is read of a run's tables. Raises NothingToDoError where there is no run, or a table of it is damaged."""
    read_run_file(output)
    try:
        return read()
    except (OSError, KeyError, ValueError) as error:
        raise NothingToDoError(
            f"The tables in {output} can't be read ({error}).", "run 'policy-scan run' again with this version."
        ) from error


def _codebook(output: Path) -> tuple[Codebook, Config]:
    """The codebook that the run used, or the shipped one where its file is gone."""
    settings = read_run_file(output)["configuration"]
    try:
        config = Config.model_validate_json(json.dumps(settings), strict=False)
        return load_codebook(config.codebook), config
    except (PolicyScanError, ValueError):
        config = load_config()
        return load_codebook(config.codebook), config


def print_status(console: Console, output: Path) -> None:
    """Counts, what changed in the corpus since, what failed and why.

    Raises NothingToDoError without a run, or where its tables are damaged.
    """
    run = read_run_file(output)
    documents = _read(output, lambda: read_records(output, "documents", Document))
    issues = _read(output, lambda: read_records(output, "issues", Issue))
    _print(console, f"Run of {run['ended']} over {run['corpus']}, policy_scan {run['policy_scan']}")
    counts = run["counts"]
    _print(console, ", ".join(f"{counts[name]} {name}" for name in ("documents", "pages", "provisions", "codings")))
    table = Table("jurisdiction", "ok", "partial", "failed", "excluded", "pages")
    for code in sorted({document.jurisdiction for document in documents}):
        own = [document for document in documents if document.jurisdiction == code]
        by = [str(sum(d.status == name for d in own)) for name in ("ok", "partial", "failed", "excluded")]
        table.add_row(code, *by, str(sum(document.n_pages for document in own)))
    console.print(table)
    cache = Place.of(run["cache"]) if "cache" in run else Place.of(run.get("output", output)).below(CACHE_FOLDER)
    changes = list(stale_documents(Place.of(run["corpus"]), documents, cache))
    if changes:
        _print(console, f"Stale: the corpus has changed since ({len(changes)} files). Next: policy-scan run")
        for path, what in changes[:_MANY]:
            _print(console, f"  {what}: {path}")
    else:
        _print(console, "Up to date with the corpus.")
    print_issues(console, issues, documents, str(run.get("output", output)))


def print_one(console: Console, output: Path, identifier: str) -> None:
    """A document or provision by the first digits of its identifier or its path, or a cell as THEME:JURISDICTION.

    Of the large tables only what is shown is held. Raises UsageError when nothing or several things bear that name,
    NothingToDoError without a run, or where its tables are damaged.
    """
    cells = _read(output, lambda: read_records(output, "cells", Cell))
    documents = _read(output, lambda: read_records(output, "documents", Document))
    path = printable(identifier)  # as a shell completes it, accents apart
    parts = {part.lower() for part in identifier.replace("/", ":").split(":")}
    for cell in cells:
        if parts == {cell.theme.lower(), cell.jurisdiction.lower()}:
            _print_cell(console, output, cell, documents)
            return
    found = [d for d in documents if d.doc_id.startswith(identifier) or path in (d.path, *d.other_paths)]
    n_provisions, provisions = _read(output, lambda: find_provisions(output, "provision_id", identifier, _MANY))
    number = len(found) + n_provisions
    if number == 0:
        raise UsageError(
            f"Nothing in {output} bears the name '{identifier}'.",
            "give a document's path, the first digits of a doc_id or provision_id, or a cell such as assistance:FR.",
        )
    if number > 1:
        some = [d.doc_id[:12] for d in found] + [p.provision_id[:12] for p in provisions]
        raise UsageError(f"'{identifier}' names {number} things: {', '.join(some[:_MANY])}.", "give more digits.")
    if found:
        _print_document(console, output, found[0])
    else:
        _print_provision(console, output, provisions[0], next(d for d in documents if d.doc_id == provisions[0].doc_id))


def _print_document(console: Console, output: Path, document: Document) -> None:
    number, own = _read(output, lambda: find_provisions(output, "doc_id", document.doc_id, _MANY))
    issues = _read(output, lambda: read_records(output, "issues", Issue))
    for name in Document.__dataclass_fields__:
        value = getattr(document, name)
        if value not in ("", ()):
            mark = "  (inferred)" if name in document.inferred else ""
            shown = ", ".join(map(str, value)) if isinstance(value, tuple) else value
            _print(console, f"{name:>16}  {shown}{mark}")
    _print(console, f"{'provisions':>16}  {number}")
    for provision in own:
        where = " > ".join(provision.label_path) or provision.kind
        _print(
            console, f"  {provision.provision_id[:12]}  p. {provision.page_first}  {where}: {_start(provision.text)}"
        )
    if number > len(own):
        _print(console, f"  … and {number - len(own)} more in provisions.csv")
    print_issues(console, [issue for issue in issues if issue.doc_id == document.doc_id], [document], "OUT")


def _start(text: str, length: int = 90) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"


def _marked(text: str, coding: Coding | None) -> Text:
    """The text with its evidence in bold between ⟦ and ⟧ and the lexicon's terms in it underlined between ‹ and ›, so
    that both show without colour too."""
    marked = Text()
    if coding is None:
        return Text(text)
    inside = False
    for piece, kind in mark_text(text, json.loads(coding.evidence), json.loads(coding.terms)):
        if (kind != "plain") != inside:
            inside = not inside
            marked.append("⟦" if inside else "⟧", style="bold")
        if kind == "term":
            marked.append(f"‹{piece}›", style="bold underline")
        else:
            marked.append(piece, style="bold" if inside else "")
    if inside:
        marked.append("⟧", style="bold")
    return marked


def _print_provision(console: Console, output: Path, provision: Provision, document: Document) -> None:
    book, config = _codebook(output)
    codings = _read(output, lambda: read_codings_of(output, provision.provision_id))
    assigned = sorted((c for c in codings if c.assigned), key=lambda coding: coding.rank)
    pages = f"p. {provision.page_first}" + (f"-{provision.page_last}" * (provision.page_last > provision.page_first))
    _print(console, f"{document.title}\n{document.path}, {pages}, {' > '.join(provision.label_path) or provision.kind}")
    if provision.act_title and provision.act_title != document.title:
        _print(console, f"Act: {provision.act_title} ({provision.act_type}, {provision.act_date})")
    if provision.heading_path:
        _print(console, "Under: " + " > ".join(provision.heading_path))
    if provision.text_source != "text":
        _print(console, "This text was read by OCR: check it against the page.")
    _print(console, "")
    core = assigned[0] if assigned else None
    console.print(_marked(provision.text, core), soft_wrap=True)
    if core is None:
        _print(console, "\nNo theme was assigned.")
    _print_reasons(console, provision, document, codings, book, config)


def _print_reasons(
    console: Console,
    provision: Provision,
    document: Document,
    codings: Sequence[Coding],
    book: Codebook,
    config: Config,
) -> None:
    """Per assigned theme, and for the one nearest to its threshold among the others: why."""
    from .classifier.explain import Explainer

    explainer, passage = Explainer(config, book), as_passage(document, provision)

    def name(coding: Coding) -> str:
        theme = book.themes.get(coding.theme)
        return theme.label(config.table.language) if theme else coding.theme

    def missing(coding: Coding) -> float:
        return explainer.thresholds.get(coding.theme, 1.0) - coding.probability

    assigned = sorted((c for c in codings if c.assigned), key=lambda coding: coding.rank)
    others = sorted((c for c in codings if not c.assigned), key=lambda coding: (missing(coding), coding.rank))
    for coding in [*assigned, *others[:1]]:
        reasons = explainer.reasons(passage, coding.theme)
        standing = ("Core theme" if coding is assigned[0] else "Also") if coding.assigned else "Nearest, not assigned"
        console.print(Text(f"\n{standing}: {name(coding)}", style="bold" if coding.assigned else ""), soft_wrap=True)
        _print(console, "  " + _judgement(coding, reasons.threshold))
        if coding.assigned and coding.evidence != assigned[0].evidence:
            quoted = " […] ".join(provision.text[start:end] for start, end in json.loads(coding.evidence))
            _print(console, f"  evidence: {_start(quoted, 300)}")
        _print(console, f"  spoke for it: {'; '.join(reasons.spoke_for) or 'nothing worth a mention'}")
        if coding.method != "lexicon":
            _print(console, f"  spoke against it: {'; '.join(reasons.against) or 'nothing worth a mention'}")
    rest = [f"{name(coding)} {coding.probability:.2f}" for coding in others[1:] if coding.probability >= _MENTIONED]
    if rest:
        _print(console, "\nFurther from their thresholds: " + ", ".join(rest))
    if any(coding.method == "encoder" for coding in codings):
        _print(console, "\nThe reasons are the linear model's; the encoder, which reads what it doubts, gives none.")


def _judgement(coding: Coding, threshold: float) -> str:
    """Probability against threshold, doubt, force and who judged, in words."""
    parts = [f"probability {coding.probability:.2f}, assigned from {threshold:.2f} on"]
    if coding.unsure:
        parts.append("unsure: close to the threshold, worth a reviewer's look")
    if coding.method == "lexicon":
        parts.append("told from the lexicon alone: the theme has no coded passages to learn from")
    if coding.force:
        parts.append(f"force: {coding.force}")
    return "; ".join(parts)


def _print_cell(console: Console, output: Path, cell: Cell, documents: Sequence[Document]) -> None:
    shown = [*cell.evidence[:_MANY], *cell.to_check[:_MANY]]
    by_id = {one.provision_id: one for one in _read(output, lambda: read_provisions(output, shown))}
    book, config = _codebook(output)
    language = config.table.language
    name = book.themes[cell.theme].label(language) if cell.theme in book.themes else cell.theme
    _print(console, f"{name}, {cell.jurisdiction}: {book.status_name(cell.status, language)}")
    _print(console, cell.citation)
    searched = f"{cell.n_searched_documents} documents and {cell.n_searched_provisions} provisions searched"
    incomplete = "; search incomplete" if cell.search_incomplete else ""
    _print(console, f"{cell.n_provisions} provisions in {cell.n_documents} documents; {searched}{incomplete}")
    paths = {document.doc_id: document.path for document in documents}
    for title, ids in (("Evidence, best first", cell.evidence), ("To check", cell.to_check)):
        if ids:
            _print(console, f"\n{title}:")
        for identifier in ids[:_MANY]:
            found = by_id[identifier]
            where = f"{paths[found.doc_id]}, p. {found.page_first}, {' > '.join(found.label_path) or found.kind}"
            _print(console, f"  {identifier[:12]}  {where}\n    {_start(found.text, 200)}")
        if len(ids) > _MANY:
            _print(console, f"  … and {len(ids) - _MANY} more")


def print_doctor(console: Console) -> int:
    """What is installed and what is missing; returns 0, or 3 when policy_scan can't run at all."""
    from .ocr import available, mending_command
    from .records import LANGUAGES

    needed = (
        "pypdfium2", "pytesseract", "py3langid", "sklearn", "onnxruntime", "pyarrow", "duckdb", "fsspec",
        "pebble", "xlsxwriter", "jinja2", "docx", "typst", "vl_convert", "babel",
        "fastapi", "uvicorn", "sqlalchemy", "alembic", "psycopg", "argon2", "openpyxl",
    )  # fmt: skip
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    ok, bad = "✓ ok", "✗ missing"
    table = Table("what", "state", "next step")
    table.add_row("Python", f"{ok}: {sys.version.split()[0]}", "")
    table.add_row("libraries", f"{bad}: {', '.join(missing)}" if missing else ok, "pip install ." if missing else "")
    try:
        config = load_config()
        load_codebook(config.codebook)
        table.add_row("configuration and codebook", ok, "")
    except PolicyScanError as error:
        missing.append("configuration")
        table.add_row("configuration and codebook", f"✗ {error.message}", error.next_step)
    installed = available()
    if installed.version:
        table.add_row("Tesseract (OCR)", f"{ok}: {installed.version}", "")
    else:
        table.add_row("Tesseract (OCR)", bad, mending_command(LANGUAGES))
    absent = [code for code in LANGUAGES if code not in installed.languages]
    if installed.version and absent:
        table.add_row("OCR languages", f"{bad}: {', '.join(absent)}", mending_command(absent))
    elif installed.version:
        table.add_row("OCR languages", f"{ok}: {', '.join(LANGUAGES)}", "")
    table.add_row("fonts of reports and figures", f"{ok}: they come with the libraries", "")
    table.add_row("review database", f"{ok}: SQLite; PostgreSQL by its address", "")
    for what, name, extra in (
        ("object stores (s3://)", "s3fs", "s3"),
        ("clusters (--engine dask)", "distributed", "cluster"),
    ):
        there = importlib.util.find_spec(name) is not None
        table.add_row(what, ok if there else "not installed", "" if there else f"pip install 'policy-scan[{extra}]'")
    console.print(table)
    return 3 if missing else 0
