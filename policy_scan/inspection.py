"""Looking into a run: `status`, `show` and `doctor`."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .codebook import Codebook, load_codebook
from .config import Config, load_config
from .errors import PolicyScanError, UsageError
from .records import Cell, Coding, Document, Issue, Provision
from .runner import read_run_file, stale_documents
from .screen import print_issues
from .tables import read_records

_MANY = 15


def _print(console: Console, text: str) -> None:
    console.print(text, markup=False, soft_wrap=True)


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
    """Counts, what changed in the corpus since, what failed and why. Raises NothingToDoError without a run."""
    run = read_run_file(output)
    documents = read_records(output, "documents", Document)
    issues = read_records(output, "issues", Issue)
    _print(console, f"Run of {run['ended']} over {run['corpus']}, policy_scan {run['policy_scan']}")
    counts = run["counts"]
    _print(console, ", ".join(f"{counts[name]} {name}" for name in ("documents", "pages", "provisions", "codings")))
    table = Table("jurisdiction", "ok", "partial", "failed", "excluded", "pages")
    for code in sorted({document.jurisdiction for document in documents}):
        own = [document for document in documents if document.jurisdiction == code]
        by = [str(sum(d.status == name for d in own)) for name in ("ok", "partial", "failed", "excluded")]
        table.add_row(code, *by, str(sum(document.n_pages for document in own)))
    console.print(table)
    changes = list(stale_documents(Path(run["corpus"]), documents))
    if changes:
        _print(console, f"Stale: the corpus has changed since ({len(changes)} files). Next: policy-scan run")
        for path, what in changes[:_MANY]:
            _print(console, f"  {what}: {path}")
    else:
        _print(console, "Up to date with the corpus.")
    print_issues(console, issues, documents, str(output))


def print_one(console: Console, output: Path, identifier: str) -> None:
    """A document or provision by the first digits of its identifier or its path, or a cell as THEME:JURISDICTION.

    Raises UsageError when nothing or several things bear that name.
    """
    cells = read_records(output, "cells", Cell)
    documents = read_records(output, "documents", Document)
    provisions = read_records(output, "provisions", Provision)
    parts = {part.lower() for part in identifier.replace("/", ":").split(":")}
    for cell in cells:
        if parts == {cell.theme.lower(), cell.jurisdiction.lower()}:
            _print_cell(console, output, cell, documents, provisions)
            return
    found_documents = [
        d for d in documents if d.doc_id.startswith(identifier) or identifier in (d.path, *d.other_paths)
    ]
    found_provisions = [p for p in provisions if p.provision_id.startswith(identifier)]
    found = len(found_documents) + len(found_provisions)
    if found == 0:
        raise UsageError(
            f"Nothing in {output} bears the name '{identifier}'.",
            "give a document's path, the first digits of a doc_id or provision_id, or a cell such as assistance:FR.",
        )
    if found > 1:
        some = [d.doc_id[:12] for d in found_documents] + [p.provision_id[:12] for p in found_provisions]
        raise UsageError(f"'{identifier}' names {found} things: {', '.join(some[:_MANY])}.", "give more digits.")
    if found_documents:
        _print_document(console, found_documents[0], provisions, read_records(output, "issues", Issue))
    else:
        document = next(d for d in documents if d.doc_id == found_provisions[0].doc_id)
        _print_provision(console, output, found_provisions[0], document)


def _print_document(
    console: Console, document: Document, provisions: Sequence[Provision], issues: Sequence[Issue]
) -> None:
    for name in Document.__dataclass_fields__:
        value = getattr(document, name)
        if value not in ("", ()):
            mark = "  (inferred)" if name in document.inferred else ""
            shown = ", ".join(map(str, value)) if isinstance(value, tuple) else value
            _print(console, f"{name:>16}  {shown}{mark}")
    own = [provision for provision in provisions if provision.doc_id == document.doc_id]
    _print(console, f"{'provisions':>16}  {len(own)}")
    for provision in own[:_MANY]:
        where = " > ".join(provision.label_path) or provision.kind
        _print(
            console, f"  {provision.provision_id[:12]}  p. {provision.page_first}  {where}: {_start(provision.text)}"
        )
    if len(own) > _MANY:
        _print(console, f"  … and {len(own) - _MANY} more in provisions.csv")
    print_issues(console, [issue for issue in issues if issue.doc_id == document.doc_id], [document], "OUT")


def _start(text: str, length: int = 90) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"


def _marked(text: str, spans: Sequence[Sequence[int]]) -> Text:
    """The text with its evidence in bold between ⟦ and ⟧, so that it shows without colour too."""
    marked, last = Text(), 0
    for start, end in spans:
        marked.append(text[last:start])
        marked.append("⟦" + text[start:end] + "⟧", style="bold")
        last = end
    marked.append(text[last:])
    return marked


def _print_provision(console: Console, output: Path, provision: Provision, document: Document) -> None:
    from .classifier.explain import explain

    book, config = _codebook(output)
    codings = [c for c in read_records(output, "codings", Coding) if c.provision_id == provision.provision_id]
    assigned = sorted((c for c in codings if c.assigned), key=lambda coding: coding.rank)
    pages = f"p. {provision.page_first}" + (f"-{provision.page_last}" * (provision.page_last > provision.page_first))
    _print(console, f"{document.title}\n{document.path}, {pages}, {' > '.join(provision.label_path) or provision.kind}")
    if provision.act_title and provision.act_title != document.title:
        _print(console, f"Act: {provision.act_title} ({provision.act_type}, {provision.act_date})")
    if provision.heading_path:
        _print(console, "Under: " + " > ".join(provision.heading_path))
    if provision.text_source != "text":
        _print(console, "This text was read by OCR: check it against the page.")
    spans = json.loads(assigned[0].evidence) if assigned else []
    console.print(_marked(provision.text, spans), soft_wrap=True)
    table = Table("theme", "probability", "assigned", "force", "why")
    for coding in sorted(codings, key=lambda coding: (not coding.assigned, -coding.probability)):
        if coding.assigned or coding.probability >= 0.1:
            name = (
                book.themes[coding.theme].label(config.table.language) if coding.theme in book.themes else coding.theme
            )
            why = explain(provision, document, coding.theme, config, book)
            table.add_row(name, f"{coding.probability:.2f}", "yes" if coding.assigned else "no", coding.force, why)
    console.print(table)


def _print_cell(
    console: Console, output: Path, cell: Cell, documents: Sequence[Document], provisions: Sequence[Provision]
) -> None:
    book, config = _codebook(output)
    language = config.table.language
    name = book.themes[cell.theme].label(language) if cell.theme in book.themes else cell.theme
    _print(console, f"{name}, {cell.jurisdiction}: {book.status_name(cell.status, language)}")
    _print(console, cell.citation)
    searched = f"{cell.n_searched_documents} documents and {cell.n_searched_provisions} provisions searched"
    incomplete = "; search incomplete" if cell.search_incomplete else ""
    _print(console, f"{cell.n_provisions} provisions in {cell.n_documents} documents; {searched}{incomplete}")
    by_id = {provision.provision_id: provision for provision in provisions}
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

    needed = ("pypdfium2", "pytesseract", "py3langid", "spacy", "sklearn", "pyarrow", "xlsxwriter")
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
    console.print(table)
    return 3 if missing else 0
