"""Citations: what a person could put in a footnote, and the words that stand in a cell that has none.

Titles and labels are the document's own words; what this module adds (dates, 'p.', what is repealed or read by OCR)
is in the language of the report. Pure: records in, text out.
"""

from __future__ import annotations

import datetime
import re
from functools import cache
from pathlib import PurePosixPath
from typing import Protocol

from .records import PENDING, Document, Provision
from .translation import listed, translations

TITLE_CHARACTERS = 90
"""A longer title is cut at a word: with label, date and page a citation stays within two lines of a footnote."""
HEADING_CHARACTERS = 60
MAX_LABELS = 3

_DAY_PATTERNS = {"de": "d. MMMM y"}
"""A day in words (CLDR's letters), where it isn't 'd MMMM y'."""
# The printed word for 'article' and its footnote form in the same language; other labels stay as printed.
_ARTICLE = re.compile(r"^(?:l['’])?(article|articolul|articol|artikel|art|άρθρον|άρθρο|αρθρον|αρθρο)\b\.?\s*", re.I)
_ARTICLE_FORM = {"de": "Art. ", "lb": "Art. ", "el": "άρθρο "}
_TRAILING = " \t\n.,;:–—-"


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


@cache
def format_date(date: str, language: str) -> str:
    """YYYY, YYYY-MM or YYYY-MM-DD in words; anything else as it stands."""
    match = re.fullmatch(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", date)
    if not match or not match[2]:
        return date
    try:
        day = datetime.date(int(match[1]), int(match[2]), int(match[3] or 1))
    except ValueError:
        return date
    from babel.dates import format_date as in_words

    if not match[3]:
        return in_words(day, "LLLL y", locale=language)
    text = in_words(day, _DAY_PATTERNS.get(language, "d MMMM y"), locale=language)
    return f"1er{text[1:]}" if language == "fr" and day.day == 1 else text


class OfAct(Protocol):
    """What stands in an act, in the act's own words for itself; '' = it has none."""

    @property
    def act_title(self) -> str: ...

    @property
    def act_date(self) -> str: ...


def act_title(document: Document, provision: OfAct | None) -> str:
    """The title to cite: the act's inside a gazette issue, else the document's, else the file's name."""
    own = provision.act_title if provision is not None else ""
    stem = PurePosixPath(document.path).stem
    own_first = document.doc_type == "gazette" or document.title in ("", stem)
    title = (own or document.title) if own_first else document.title
    return " ".join(title.split()) or stem


def act_date(document: Document, provision: OfAct | None) -> str:
    return date_of(document, provision.act_date if provision is not None else "")


def date_of(document: Document, own: str) -> str:
    """The date to cite. `own`: the act's as its text tells it, '' where it doesn't."""
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


def format_pages(provision: Provision, language: str = "en") -> str:
    """Pages of the PDF file, counted from 1: 'p. 3' or 'pp. 3–4'."""
    t = translations(language)
    if provision.page_first == provision.page_last:
        return t.gettext("p. {page}").format(page=provision.page_first)
    return t.gettext("pp. {first}–{last}").format(first=provision.page_first, last=provision.page_last)


def cite(document: Document, provision: Provision, language: str = "en") -> str:
    """One provision as a footnote: title, date where the title doesn't tell it, labels, page, and what to beware of.

    Sub-national acts name their jurisdiction in brackets; text read by OCR, repealed and proposed acts say so.
    """
    t = translations(language)
    title = act_title(document, provision)
    date = act_date(document, provision)
    head = shorten(title, TITLE_CHARACTERS)
    if date and date[:4] not in head:
        head += f" ({format_date(date, language)})"
    remarks = []
    if document.legal_status == "repealed":
        remarks.append(t.pgettext("legal status", "repealed"))
    if document.legal_status == "proposed":
        remarks.append(t.gettext("proposed, not in force"))
    if document.legal_status == PENDING:
        remarks.append(t.gettext("in force only from {date}").format(date=format_date(document.in_force, language)))
    if provision.quoted:
        remarks.append(t.gettext("amending text"))
    if provision.text_source != "text":
        remarks.append(t.pgettext("text from", "OCR"))
    parts = [part for part in (head, format_labels(provision), format_pages(provision, language)) if part]
    citation = ", ".join(parts)
    if "-" in provision.jurisdiction:
        citation += f" [{provision.jurisdiction}]"
    return f"{citation} ({listed(remarks, language)})" if remarks else citation


def describe_search(
    *,
    n_documents: int,
    n_provisions: int,
    n_failed_documents: int,
    n_failed_pages: int,
    incomplete: bool,
    n_to_check: int,
    language: str = "en",
    as_of: str | None = None,
) -> str:
    """What stands in a cell without evidence: what was searched (acts up to `as_of`), what failed, what is to check."""
    t = translations(language)
    day = format_date(as_of, language) if as_of else ""
    if not n_documents and day:
        parts = [t.gettext("no readable document of this jurisdiction up to {date} in the corpus").format(date=day)]
    elif not n_documents:
        parts = [t.gettext("no readable document of this jurisdiction in the corpus")]
    else:
        documents = t.ngettext("{n} document", "{n} documents", n_documents).format(n=n_documents)
        provisions = t.ngettext("{n} provision", "{n} provisions", n_provisions).format(n=n_provisions)
        searched = t.gettext("searched: {documents}, {provisions}")
        if day:
            searched = t.gettext("searched up to {date}: {documents}, {provisions}")
        parts = [searched.format(documents=documents, provisions=provisions, date=day)]
    if n_failed_documents:
        failed = t.ngettext("{n} document could not be read", "{n} documents could not be read", n_failed_documents)
        parts.append(failed.format(n=n_failed_documents))
    if n_failed_pages:
        parts.append(t.ngettext("{n} page failed", "{n} pages failed", n_failed_pages).format(n=n_failed_pages))
    if incomplete and n_documents:
        parts.append(t.gettext("search incomplete"))
    if n_to_check:
        doubtful = t.ngettext("{n} uncertain provision to check", "{n} uncertain provisions to check", n_to_check)
        parts.append(doubtful.format(n=n_to_check))
    return listed(parts, language)
