"""Citations: what a person could put in a footnote, and the words that stand in a cell that has none.

Titles and labels are the document's own words; what this module adds (dates, 'p.', what is repealed or read by OCR)
is in the language of the report, English or French. Pure: records in, text out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from .records import Document, Provision

TITLE_CHARACTERS = 90
"""A longer title is cut at a word: with label, date and page a citation stays within two lines of a footnote."""
HEADING_CHARACTERS = 60
MAX_LABELS = 3

_MONTHS = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
    "fr": ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
           "novembre", "décembre"),
}  # fmt: skip
_WORDS = {
    "en": {
        "repealed": "repealed",
        "proposed": "proposed, not in force",
        "quoted": "amending text",
        "untitled": "untitled document",
        "searched": "searched: {documents}, {provisions}",
        "document": ("document", "documents"),
        "provision": ("provision", "provisions"),
        "failed_documents": ("{n} document could not be read", "{n} documents could not be read"),
        "failed_pages": ("{n} page failed", "{n} pages failed"),
        "incomplete": "search incomplete",
        "to_check": ("{n} uncertain provision to check", "{n} uncertain provisions to check"),
        "nothing": "no readable document of this jurisdiction in the corpus",
    },
    "fr": {
        "repealed": "abrogé",
        "proposed": "projet, pas en vigueur",
        "quoted": "texte modificatif",
        "untitled": "document sans titre",
        "searched": "cherché dans : {documents}, {provisions}",
        "document": ("document", "documents"),
        "provision": ("disposition", "dispositions"),
        "failed_documents": ("{n} document illisible", "{n} documents illisibles"),
        "failed_pages": ("{n} page illisible", "{n} pages illisibles"),
        "incomplete": "recherche incomplète",
        "to_check": ("{n} disposition incertaine à vérifier", "{n} dispositions incertaines à vérifier"),
        "nothing": "aucun document lisible de cette juridiction dans le corpus",
    },
}
# The printed word for 'article' and its footnote form in the same language; other labels stay as printed.
_ARTICLE = re.compile(r"^(?:l['’])?(article|articolul|articol|artikel|art|άρθρον|άρθρο|αρθρον|αρθρο)\b\.?\s*", re.I)
_ARTICLE_FORM = {"de": "Art. ", "lb": "Art. ", "el": "άρθρο "}
_TRAILING = " \t\n.,;:–—-"


def _plural(forms: object, n: int) -> str:
    assert isinstance(forms, tuple)
    return str(forms[0] if n == 1 else forms[1])


def _words(language: str) -> Mapping[str, object]:
    return _WORDS[language if language in _WORDS else "en"]


def shorten(text: str, limit: int) -> str:
    """The text with its white space closed up, cut at a word and marked '…' where it exceeds `limit` characters."""
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    if " " in cut[limit // 2 :]:
        cut = cut[: cut.rindex(" ")]
    opened = cut.rfind("(")
    if opened > limit // 2 and ")" not in cut[opened:]:
        cut = cut[:opened]
    return cut.rstrip(_TRAILING + "(«\"'") + "…"


def format_date(date: str, language: str) -> str:
    """YYYY, YYYY-MM or YYYY-MM-DD in words; anything else as it stands."""
    match = re.fullmatch(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", date)
    if not match or not match[2] or not 1 <= int(match[2]) <= 12:
        return date
    month = _MONTHS.get(language, _MONTHS["en"])[int(match[2]) - 1]
    if not match[3]:
        return f"{month} {match[1]}"
    day = "1er" if language == "fr" and match[3] == "01" else str(int(match[3]))
    return f"{day} {month} {match[1]}"


def act_title(document: Document, provision: Provision | None) -> str:
    """The title to cite: the act's inside a gazette issue, else the document's, else the file's name."""
    own = provision.act_title if provision is not None else ""
    stem = PurePosixPath(document.path).stem
    own_first = document.doc_type == "gazette" or document.title in ("", stem)
    title = (own or document.title) if own_first else document.title
    return " ".join(title.split()) or stem


def act_date(document: Document, provision: Provision | None) -> str:
    own = provision.act_date if provision is not None else ""
    return (own or document.date) if document.doc_type == "gazette" else (document.date or own)


def _label(label: str, language: str) -> str:
    label = " ".join(label.split())
    match = _ARTICLE.match(label)
    if match and label[match.end() :].strip(_TRAILING):
        label = _ARTICLE_FORM.get(language, "art. ") + label[match.end() :]
    return label.rstrip(_TRAILING) or label


def format_labels(provision: Provision) -> str:
    """'art. 4, § 1': from the article on where there is one, else the innermost labels, else the last heading quoted.

    A number that its successor repeats ('2', '2.1') is left out.
    """
    labels = [label for label in provision.label_path if label.strip(_TRAILING)]
    for index, label in enumerate(labels):
        if _ARTICLE.match(" ".join(label.split())):
            labels = labels[index:]
            break
    else:
        labels = labels[-MAX_LABELS:]
    kept = [
        label
        for label, following in zip(labels, (*labels, "")[1:], strict=True)
        if not following.startswith(label.rstrip(_TRAILING) + ".")
    ]
    if kept:
        return ", ".join(_label(label, provision.language) for label in kept)
    return f"«{shorten(provision.heading_path[-1], HEADING_CHARACTERS)}»" if provision.heading_path else ""


def format_pages(provision: Provision) -> str:
    """Pages of the PDF file, counted from 1: 'p. 3' or 'pp. 3-4'."""
    if provision.page_first == provision.page_last:
        return f"p. {provision.page_first}"
    return f"pp. {provision.page_first}–{provision.page_last}"


def cite(document: Document, provision: Provision, language: str = "en") -> str:
    """One provision as a footnote: title, date where the title doesn't tell it, labels, page, and what to beware of.

    Sub-national acts name their jurisdiction in brackets; text read by OCR, repealed and proposed acts say so.
    """
    words = _words(language)
    title = act_title(document, provision)
    date = act_date(document, provision)
    head = shorten(title, TITLE_CHARACTERS)
    if date and date[:4] not in head:
        head += f" ({format_date(date, language)})"
    remarks = []
    if document.legal_status in ("repealed", "proposed"):
        remarks.append(str(words[document.legal_status]))
    if provision.quoted:
        remarks.append(str(words["quoted"]))
    if provision.text_source != "text":
        remarks.append("OCR")
    parts = [part for part in (head, format_labels(provision), format_pages(provision)) if part]
    citation = ", ".join(parts)
    if "-" in provision.jurisdiction:
        citation += f" [{provision.jurisdiction}]"
    return f"{citation} ({'; '.join(remarks)})" if remarks else citation


def describe_search(
    *,
    n_documents: int,
    n_provisions: int,
    n_failed_documents: int,
    n_failed_pages: int,
    incomplete: bool,
    n_to_check: int,
    language: str = "en",
) -> str:
    """What stands in a cell without evidence: what was searched, what could not be, and what awaits a check."""
    words = _words(language)
    if not n_documents:
        parts = [str(words["nothing"])]
    else:
        documents = f"{n_documents} {_plural(words['document'], n_documents)}"
        provisions = f"{n_provisions} {_plural(words['provision'], n_provisions)}"
        parts = [str(words["searched"]).format(documents=documents, provisions=provisions)]
    for name, n in (("failed_documents", n_failed_documents), ("failed_pages", n_failed_pages)):
        if n:
            parts.append(_plural(words[name], n).format(n=n))
    if incomplete and n_documents:
        parts.append(str(words["incomplete"]))
    if n_to_check:
        parts.append(_plural(words["to_check"], n_to_check).format(n=n_to_check))
    return "; ".join(parts)
