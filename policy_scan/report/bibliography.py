"""The documents as CSL-JSON and BibTeX, for Zotero and other reference managers.

One entry per document; a gazette issue gives one per act that its text tells apart, and one for itself where some of
its text belongs to no named act. CSL-JSON follows CSL 1.0.2; BibTeX is UTF-8, for biber or a recent BibTeX, with the
entry types of classic BibTeX alone, which every reference manager reads.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from ..citations import act_title
from ..records import BINDING_TYPES, Document
from ..tables import write_atomic
from ..translation import translations
from .common import RunData, jurisdiction_name, printable, relative_pdf
from .stored import Tally
from .words import words

KEY_CHARACTERS = 10
"""Hexadecimal digits of a document's hash in its citation key; more where two documents of a run share them."""

# CSL's 'regulation' is unknown to Zotero, which files it under 'document': all binding acts are 'legislation'.
_CSL_TYPES: Mapping[str, str] = {
    **dict.fromkeys(BINDING_TYPES, "legislation"),
    **dict.fromkeys(("circular", "strategy", "action_plan", "report", "guideline"), "report"),
    "web": "webpage",
}
_DATE = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2]))?(?:-(0[1-9]|[12]\d|3[01]))?")
# The act's own number: right behind the word or abbreviation of its kind, so that an act it amends is never taken.
_NUMBER = re.compile(
    r"^\W*[^\W\d]+(?:\.[^\W\d]+)*\.?\s+(?:\(\w+\)\s+)?(?:n(?:r\.?|°|o\.|º)\s*|αριθ\.\s*)?(\d{1,5}/\d{2,5})\b", re.I
)
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}", "$": r"\$", "&": r"\&", "%": r"\%",
    "#": r"\#", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """What a reference says of a document, or of one act of a gazette issue; '' = unknown."""

    key: str
    document: Document
    csl_type: str
    kind: str
    """doc_type of the document or the act."""
    title: str
    container: str
    """The gazette issue that the act stands in."""
    date: str
    language: str
    number: str
    pages: str
    """Of the PDF file, counted from 1."""
    act: int
    """act_ordinal in the provisions; 0 for a document as a whole."""


def _clean(text: str) -> str:
    return " ".join(printable(text).split())


def _web_address(url: str) -> str:
    """An http(s) address with everything quoted that a URL may not hold; '' for anything else."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    if parts.scheme.lower() not in ("http", "https") or not parts.netloc:
        return ""
    return quote(printable(url.strip()), safe="!#$%&'()*+,/:;=?@[]~")


def _csl_type(kind: str, document: Document) -> str:
    if kind in BINDING_TYPES and document.legal_status == "proposed":
        return "bill"
    return _CSL_TYPES.get(kind, "document")


def _keys(documents: Sequence[Document]) -> dict[str, str]:
    """doc_id -> 'fr-0123456789': the jurisdiction and as much of the hash as tells this run's documents apart.

    Neither titles nor dates enter a key: they may be corrected, and what cites the key must go on working.
    """
    length = KEY_CHARACTERS
    longest = max((len(one.doc_id) for one in documents), default=0)
    while length < longest and len({one.doc_id[:length] for one in documents}) < len(documents):
        length += 1
    return {
        one.doc_id: re.sub(r"[^a-z0-9-]", "", f"{one.jurisdiction}-{one.doc_id[:length]}".lower()) for one in documents
    }


def _most_spoken(act: Sequence[Tally]) -> str:
    counted: Counter[str] = Counter()
    for one in act:
        counted[one.language] += one.n
    return counted.most_common(1)[0][0]


def _entry(key: str, document: Document, act: Sequence[Tally] = ()) -> Entry:
    """`act`: what is counted of one named act of a gazette issue; none = the document as a whole."""
    if not act:
        title, kind, date, pages = act_title(document, None), document.doc_type, document.date, ""
        language = document.language.partition(";")[0]
    else:
        title, kind, date = act_title(document, act[0]), act[0].act_type or "other", act[0].act_date or document.date
        first, last = min(one.page_first for one in act), max(one.page_last for one in act)
        pages = str(first) if first == last else f"{first}-{last}"
        language = _most_spoken(act)
    title = _clean(title)
    number = _NUMBER.match(title)
    return Entry(
        key=f"{key}-a{act[0].act_ordinal}" if act else key,
        document=document,
        csl_type=_csl_type(kind, document),
        kind=kind,
        title=title,
        container=_clean(document.title) if act else "",
        date=date if _DATE.fullmatch(date) else "",
        language="" if language == "und" else language,
        number=number[1] if number else "",
        pages=pages,
        act=act[0].act_ordinal if act else 0,
    )


def list_entries(run: RunData) -> list[Entry]:
    """The references of a run: documents in their order, the acts of a gazette issue in that of its text."""
    acts: dict[str, dict[int, list[Tally]]] = {}
    gazettes = {one.doc_id for one in run.documents if one.doc_type == "gazette"}
    for one in run.tallies:
        if one.doc_id in gazettes:
            acts.setdefault(one.doc_id, {}).setdefault(one.act_ordinal, []).append(one)
    keys = _keys(run.documents)
    entries = []
    for document in run.documents:
        own = acts.get(document.doc_id, {})
        named = [act for _, act in sorted(own.items()) if _clean(act[0].act_title) not in ("", _clean(document.title))]
        if not named or len(named) < len(own):
            entries.append(_entry(keys[document.doc_id], document))
        entries += [_entry(keys[document.doc_id], document, act) for act in named]
    return entries


def _note(entry: Entry, language: str) -> list[str]:
    """What a reference manager has no field for, a line each: 'doc_id: …' leads back to the tables of the run."""
    t = translations(language)
    texts = words(language)
    document = entry.document
    lines = [f"doc_id: {document.doc_id}", f"{t.gettext('File')}: {_clean(document.path)}"]
    if entry.act:
        lines.append(f"act_ordinal: {entry.act}")
    if document.legal_status:
        lines.append(f"{t.gettext('Legal status')}: {texts[document.legal_status]}")
    if document.status != "ok":
        lines.append(f"{t.gettext('Reading')}: {texts[document.status]}")
    if document.exclude_reason:
        lines.append(f"{t.gettext('Excluded because')}: {_clean(document.exclude_reason)}")
    if document.licence:
        lines.append(f"{t.gettext('Licence')}: {_clean(document.licence)}")
    return lines


def csl_items(run: RunData, language: str) -> list[dict[str, object]]:
    """The entries as CSL-JSON items: plain text in every field, no markup."""
    items = []
    for entry in list_entries(run):
        document = entry.document
        issuer = _clean(document.issuer)
        legal = entry.csl_type in ("legislation", "bill")
        match = _DATE.fullmatch(entry.date)
        item: dict[str, object] = {
            "id": entry.key,
            "type": entry.csl_type,
            "title": entry.title,
            "author": [{"literal": issuer}] if issuer else None,
            "authority" if legal else "publisher": issuer,
            "container-title": entry.container,
            "issued": {"date-parts": [[int(part) for part in match.groups() if part]]} if match else None,
            "number": entry.number,
            "page": entry.pages,
            "genre": words(language)[entry.kind] if entry.kind in words(language) and entry.kind != "other" else "",
            "jurisdiction": document.jurisdiction
            if document.country
            else jurisdiction_name(document.jurisdiction, "en"),
            "language": entry.language,
            "URL": _web_address(document.url),
            "note": "\n".join(_note(entry, language)),
        }
        items.append({name: value for name, value in item.items() if value})
    return items


def export_csl(run: RunData, language: str, path: Path) -> list[Path]:
    """Write the documents as CSL-JSON (UTF-8). Raises OSError."""
    text = json.dumps(csl_items(run, language), ensure_ascii=False, indent=1)
    # '<' as an escape: the same text to every reader of JSON, and no tag to whatever takes the file for a page.
    write_atomic(path, (text.replace("<", "\\u003c") + "\n").encode("utf-8"))
    return [path]


def tex(text: str) -> str:
    """Text for a BibTeX field: TeX's special characters as commands, braces in balance, letters as they are."""
    return "".join(_SPECIAL.get(character, character) for character in _clean(text))


def _attachment(path: str) -> str:
    """Zotero's and JabRef's `file` field; '' for a path whose characters neither can read there."""
    if re.search(r"[{}%\\]", path):
        return ""
    escaped = re.sub(r"([:;])", r"\\\1", path)
    return f":{escaped}:application/pdf"


def _bibtex_type(entry: Entry) -> str:
    return "techreport" if entry.csl_type == "report" else "misc"


def _bibtex(run: RunData, entry: Entry, language: str, folder: Path) -> str:
    document = entry.document
    issuer, url = tex(document.issuer), _web_address(document.url)
    date = _DATE.fullmatch(entry.date)
    kind = words(language).get(entry.kind, "") if entry.kind != "other" else ""
    fields = {
        "author": f"{{{issuer}}}" if issuer else "",
        "title": f"{{{tex(entry.title)}}}",
        "booktitle": tex(entry.container),
        "institution": (issuer or tex(jurisdiction_name(document.jurisdiction, language)))
        if _bibtex_type(entry) == "techreport"
        else "",
        "type": tex(kind),
        "number": tex(entry.number),
        "pages": entry.pages.replace("-", "--"),
        "year": date[1] if date else "",
        "month": str(int(date[2])) if date and date[2] else "",
        "date": entry.date,
        "language": entry.language,
        "location": tex(jurisdiction_name(document.jurisdiction, language)),
        "url": "" if re.search(r"[{}\\]", url) else url,
        "note": tex("; ".join(_note(entry, language))),
        "file": _attachment(relative_pdf(run, document, folder)),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@{_bibtex_type(entry)}{{{entry.key},", *lines, "}"])


def export_bibtex(run: RunData, language: str, path: Path) -> list[Path]:
    """Write the documents as BibTeX (UTF-8); `file` leads to the PDFs from the folder of `path`. Raises OSError."""
    entries = [_bibtex(run, entry, language, path.parent) for entry in list_entries(run)]
    head = "% Encoding: UTF-8"
    write_atomic(path, ("\n\n".join([head, *entries]) + "\n").encode("utf-8"))
    return [path]
