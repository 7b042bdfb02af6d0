"""The web page: one file with its style, script and data inside, no request to anywhere.

Nothing of a document is ever markup: Jinja2 escapes what it prints, the data is JSON with '<', '>' and '&' escaped, the
script sets text only, and a content security policy lets no other script, style, image or request through.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..citations import format_date
from ..records import FORCES
from ..stages.cells import act_type
from ..tables import write_atomic
from .common import (
    SYMBOLS,
    Evidence,
    RunData,
    cell_citations,
    citation_of,
    count_words,
    flatten,
    jurisdiction_name,
    list_evidence,
    marked_segments,
    pdf_address,
    printable,
    remarks_on,
    searched_words,
    support_words,
    theme_name,
)
from .words import words

_TEMPLATES = Path(__file__).parent / "templates"
_SCRIPT_WORDS = (
    "probability", "standing_to_check", "standing_version", "standing_no_cell", "ocr", "mixed", "open_pdf", "permalink",
    "more", "no_result", "one_result", "results", "unsure", "by_lexicon",
)  # fmt: skip


def json_for_script(value: object) -> str:
    """JSON that can stand inside a script element: no '<', '>', '&', nor the line ends that JavaScript alone knows."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _hash(text: str) -> str:
    """A source for a content security policy: the SHA-256 of an inline script or style, in base 64."""
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _row(item: Evidence, document: int, language: str) -> dict[str, Any]:
    provision = item.provision
    pieces = marked_segments(item)
    return {
        "id": provision.provision_id,
        "theme": item.theme,
        "j": item.jurisdiction,
        "standing": item.standing,
        "status": item.status,
        "force": item.coding.force,
        "prob": round(item.coding.probability, 4),
        "lang": provision.language,
        "type": act_type(item.document, provision),
        "source": provision.text_source,
        "doc": document,
        "page": provision.page_first,
        "cite": citation_of(item, language),
        "context": printable(" › ".join(provision.heading_path)),
        "text": [piece for piece, _ in pieces],
        "kinds": "".join(kind[0] for _, kind in pieces),
        "unsure": item.coding.unsure,
        "method": item.coding.method,
    }


def _data(run: RunData, items: Sequence[Evidence], folder: Path, language: str) -> dict[str, Any]:
    """What the script shows. Rows stand theme by theme, country by country, best first."""
    texts = words(language)
    places = {document.doc_id: index for index, document in enumerate(run.documents)}
    return {
        "words": {name: texts[name] for name in _SCRIPT_WORDS},
        "symbols": dict(SYMBOLS),
        "statuses": {status: run.codebook.status_name(status, language) for status in SYMBOLS},
        "forces": {force: run.codebook.force_name(force, language) for force in FORCES},
        "themes": {theme: theme_name(run, theme, language) for theme in run.themes},
        "countries": {code: jurisdiction_name(code, language) for code in _countries(run, items)},
        "types": {kind: texts[kind] for kind in sorted({act_type(item.document, item.provision) for item in items})},
        "documents": [
            {
                "title": printable(document.title),
                "href": pdf_address(run, document, 1, folder).partition("#page=")[0],
            }
            for document in run.documents
        ],
        "cells": [
            {
                "theme": cell.theme,
                "j": cell.jurisdiction,
                "status": cell.status,
                "support": support_words(cell, language),
                "searched": searched_words(cell, language),
            }
            for cell in run.cells
        ],
        "rows": [_row(item, places[item.document.doc_id], language) for item in items],
    }


def _countries(run: RunData, items: Sequence[Evidence]) -> list[str]:
    return list(dict.fromkeys([*run.all_columns, *(item.jurisdiction for item in items)]))


def _fields(run: RunData, items: Sequence[Evidence], language: str) -> list[dict[str, Any]]:
    """The filters: a select each, with only the values that occur."""
    texts = words(language)
    countries = [(code, jurisdiction_name(code, language)) for code in _countries(run, items)]
    forces = {item.coding.force for item in items}
    types = {act_type(item.document, item.provision) for item in items}
    languages = sorted({item.provision.language for item in items})
    standings = {item.standing: texts[f"standing_{item.standing}"] for item in items}
    options: tuple[tuple[str, str, list[tuple[str, str]]], ...] = (
        ("j", texts["country"], countries),
        ("j2", texts["compare"], countries),
        ("theme", texts["theme"], [(theme, theme_name(run, theme, language)) for theme in run.themes]),
        ("force", texts["force"], [(f, run.codebook.force_name(f, language)) for f in FORCES if f in forces]),
        ("lang", texts["language"], [(code, code) for code in languages]),
        ("type", texts["doc_type"], sorted((kind, texts[kind]) for kind in types)),
        ("standing", texts["standing"], list(standings.items())),
    )
    return [
        {"name": name, "label": label, "options": values, "all": texts["nobody" if name == "j2" else "all"]}
        for name, label, values in options
    ]


def _table(run: RunData, language: str) -> list[dict[str, Any]]:
    cells = {(cell.theme, cell.jurisdiction): cell for cell in run.cells}
    citations = cell_citations(run, language)
    return [
        {
            "key": theme,
            "name": theme_name(run, theme, language),
            "cells": [
                {
                    "jurisdiction": code,
                    "status": cells[theme, code].status,
                    "symbol": SYMBOLS[cells[theme, code].status],
                    "name": run.codebook.status_name(cells[theme, code].status, language),
                    "citation": citations[theme, code],
                    "support": support_words(cells[theme, code], language),
                }
                for code in run.all_columns
            ],
        }
        for theme in run.themes
    ]


def _documents(run: RunData, folder: Path, language: str) -> list[dict[str, Any]]:
    texts = words(language)
    return [
        {
            "country": ", ".join(jurisdiction_name(code, language) for code in document.jurisdictions),
            "href": pdf_address(run, document, 1, folder),
            "title": printable(document.title),
            "doc_type": texts[document.doc_type],
            "legal_status": texts.get(document.legal_status, ""),
            "date": format_date(document.date, language),
            "language": document.language.replace(";", ", "),
            "reading": texts[document.status],
            "pages": document.n_pages,
            "remarks": printable(remarks_on(run, document)),
        }
        for document in run.documents
    ]


def render_page(run: RunData, language: str, folder: Path) -> str:
    """The page as text; `folder` is where it will stand, for its links to the PDFs."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    style = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
    script = (_TEMPLATES / "app.js").read_text(encoding="utf-8")
    texts = words(language)
    items = list(list_evidence(run))
    coded = len({item.provision.provision_id for item in items})
    counts = texts["counts"].format(documents=len(run.documents), provisions=len(run.provisions), coded=coded)
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("page.html").render(
        language=language,
        w=texts,
        style=Markup(style),
        style_hash=_hash(style),
        script=Markup(script),
        script_hash=_hash(script),
        counts=counts,
        statuses=[
            {
                "key": status,
                "symbol": symbol,
                "name": run.codebook.status_name(status, language),
                "meaning": run.codebook.status[status] if language == "en" else "",
            }
            for status, symbol in SYMBOLS.items()
        ],
        columns=[{"name": jurisdiction_name(code, language)} for code in run.all_columns],
        rows=_table(run, language),
        fields=_fields(run, items, language),
        document_count=count_words("document", len(run.documents), language),
        documents=_documents(run, folder, language),
        settings=[(name, printable(value)) for name, value in flatten(run.details) if not name.startswith("files.")],
        version=run.details.get("policy_scan", ""),
        data=Markup(json_for_script(_data(run, items, folder, language))),
    )


def export_html(run: RunData, language: str, path: Path) -> list[Path]:
    """Write the page; returns its path. Raises OSError."""
    write_atomic(path, render_page(run, language, path.parent).encode("utf-8"))
    return [path]
