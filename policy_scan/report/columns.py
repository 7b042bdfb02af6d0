"""What the published tables and their columns hold, in words: for the data package, and for whoever reads the CSVs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..decisions import PublishedDecision
from ..records import Block, Cell, Coding, Document, Issue, Page, Provision

_DOCUMENT_ID = "The document: SHA-256 of its bytes, hexadecimal."
_PROVISION_ID = "The provision: a key made of its document, its place and its text."
_THEME = "Key of the theme in the codebook."
_PAGE = "Page of the PDF file, counted from 1."
_JURISDICTION = "ISO 3166-1 or -2 code, EU, BE-DG or BE-FWB; `unknown` where the corpus doesn't tell."
_X0, _Y0 = "Left edge in PDF points.", "Upper edge in PDF points, from the top of the page as shown."
_X1, _Y1 = "Right edge in PDF points.", "Lower edge in PDF points, from the top of the page as shown."


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A published table. `foreign`: columns, then table and columns that they lead to."""

    title: str
    description: str
    record: type[Any] | None
    key: tuple[str, ...]
    foreign: tuple[tuple[tuple[str, ...], str, tuple[str, ...]], ...]
    columns: Mapping[str, str]


_IN_DOCUMENTS = (("doc_id",), "documents", ("doc_id",))
_IN_PROVISIONS = (("provision_id",), "provisions", ("provision_id",))
_IN_THEMES = (("theme",), "codebook", ("key",))

TABLES: Mapping[str, TableInfo] = {
    "documents": TableInfo(
        title="Documents",
        description="Every document of the corpus, also those that were excluded or could not be read.",
        record=Document,
        key=("doc_id",),
        foreign=(),
        columns={
            "doc_id": _DOCUMENT_ID,
            "path": "The file, relative to the corpus folder, with '/'.",
            "other_paths": "Other files with the same bytes: a list of paths.",
            "jurisdiction": _JURISDICTION,
            "jurisdictions": "All jurisdictions that the document is filed under: a list; it counts in each.",
            "country": "Country of the jurisdiction (ISO 3166-1 alpha-2, or EU); empty where unknown.",
            "title": "Title, from the manifest or else from the text.",
            "issuer": "Body that issued the document.",
            "date": "YYYY, YYYY-MM or YYYY-MM-DD.",
            "doc_type": (
                "law, decree, regulation, order, circular, directive, strategy, action_plan, report, guideline, web, "
                "gazette (several acts) or other."
            ),
            "legal_status": "in_force, adopted, proposed or repealed; empty where it doesn't apply or isn't known.",
            "binding": "A law, decree, regulation, order or directive that is neither proposed nor repealed.",
            "language": "ISO 639-1 codes joined by ';', the most frequent first.",
            "n_pages": "Pages of the document.",
            "n_pages_failed": "Pages that could not be read.",
            "text_source": "Where the text comes from: the PDF's text, OCR, both (mixed), or none.",
            "status": "How the reading went: ok, partial, failed; excluded = not read on purpose.",
            "inferred": "Columns that the manifest doesn't tell and that were inferred from the document: a list.",
            "in_force": "Date from which the act applies: YYYY, YYYY-MM or YYYY-MM-DD.",
            "repealed": "Date from which it no longer applies: YYYY, YYYY-MM or YYYY-MM-DD.",
            "url": "Where the file came from, as the manifest says.",
            "licence": "Terms under which the document may be reused, as the manifest says.",
            "exclude_reason": "Why the document was excluded.",
            "n_acts": "Acts that the text tells apart.",
        },
    ),
    "issues": TableInfo(
        title="Issues",
        description="What went wrong or is worth knowing, and what can be done about it.",
        record=Issue,
        key=(),
        foreign=(_IN_DOCUMENTS,),
        columns={
            "doc_id": _DOCUMENT_ID + " Empty: the corpus as a whole.",
            "page": _PAGE + " Empty: the document as a whole.",
            "stage": "Part of the pipeline that met it.",
            "category": "Short name of the kind of issue.",
            "severity": "info, warning or error.",
            "message": "What happened, in English.",
            "next_step": "What a user can do about it, in English.",
        },
    ),
    "pages": TableInfo(
        title="Pages",
        description="The text of every page as read. Offsets elsewhere count code points of this text.",
        record=Page,
        key=("doc_id", "page"),
        foreign=(_IN_DOCUMENTS,),
        columns={
            "doc_id": _DOCUMENT_ID,
            "page": _PAGE,
            "text": "All words of the page in reading order, furniture included, in Unicode's NFC; verbatim.",
            "width": "Width of the page as shown, in PDF points.",
            "height": "Height of the page as shown, in PDF points.",
            "rotation": "Degrees by which the PDF turns the page for display.",
            "text_source": "Where the text comes from: the PDF's text, OCR, or none.",
            "ocr_confidence": "Mean confidence of the OCR, 0 to 1; empty where no OCR was needed.",
            "status": "How the reading went: ok, partial or failed.",
        },
    ),
    "blocks": TableInfo(
        title="Blocks",
        description="Paragraphs, headings, list items, tables and furniture: slices of the pages' texts.",
        record=Block,
        key=("doc_id", "page", "block"),
        foreign=((("doc_id", "page"), "pages", ("doc_id", "page")),),
        columns={
            "doc_id": _DOCUMENT_ID,
            "page": _PAGE,
            "block": "Number of the block on its page, in reading order.",
            "kind": (
                "heading, paragraph, list_item, table, footnote, caption; furniture: header, footer, page_number, "
                "masthead, watermark, furniture."
            ),
            "text": "The block's text, verbatim.",
            "start": "Offset of its first code point in the page's text.",
            "end": "Offset behind its last code point in the page's text.",
            "x0": _X0,
            "y0": _Y0,
            "x1": _X1,
            "y1": _Y1,
            "size": "Size of its letters in PDF points.",
            "bold": "Set in bold.",
            "region": "Column or box of the page that it stands in, in reading order.",
            "level": "Depth of a heading, 1 = outermost; empty elsewhere.",
            "language": "ISO 639-1 code; und = can't be told; empty = not looked at.",
        },
    ),
    "provisions": TableInfo(
        title="Provisions",
        description="Self-contained units of the documents (articles, paragraphs, measures): what themes are coded on.",
        record=Provision,
        key=("provision_id",),
        foreign=(_IN_DOCUMENTS,),
        columns={
            "provision_id": _PROVISION_ID,
            "doc_id": _DOCUMENT_ID,
            "jurisdiction": _JURISDICTION,
            "ordinal": "Place of the provision in its document, in reading order.",
            "act_ordinal": "Number of the act in its document.",
            "act_title": "Title of the act as printed; empty where the document is the act.",
            "act_type": "Type of the act, by the words of documents.doc_type.",
            "act_date": "Date of the act: YYYY, YYYY-MM or YYYY-MM-DD.",
            "label": "Label of the innermost unit as printed ('§ 2').",
            "label_path": "Labels from the outermost unit to the innermost: a list.",
            "heading_path": "Headings above the provision, outermost first: a list.",
            "kind": "Kind of unit (article, paragraph, item …), by the words of the document's outline.",
            "quoted": "The provision is the wording that an amending act puts into another act.",
            "parallel_id": "Shared by the language versions of one rule, which count once; empty where there is one.",
            "language": "ISO 639-1 code; und = can't be told.",
            "text": "The provision's text, verbatim: its spans joined by a line feed.",
            "spans": "Where the text stands: a list of [page, start, end], offsets in code points of the pages' texts.",
            "page_first": "First " + _PAGE[0].lower() + _PAGE[1:],
            "page_last": "Last " + _PAGE[0].lower() + _PAGE[1:],
            "boxes": "Where the text is printed: a list of [page, x0, y0, x1, y1], PDF points from the top left.",
            "text_source": "Where the text comes from: the PDF's text, OCR, or both (mixed).",
        },
    ),
    "codings": TableInfo(
        title="Codings",
        description="A row per provision and theme, assigned or not, as the model coded it; decisions stand apart.",
        record=Coding,
        key=("provision_id", "theme"),
        foreign=(_IN_PROVISIONS, _IN_THEMES),
        columns={
            "provision_id": _PROVISION_ID,
            "theme": _THEME,
            "rank": "Place of the theme among those of the provision, 1 = its core theme.",
            "probability": "Calibrated probability that the theme applies, 0 to 1.",
            "assigned": "The theme is assigned to the provision.",
            "force": "Deontic force of the provision, repeated on each assigned row; empty where not assigned.",
            "evidence": "Spans that the coding rests on: a list of [start, end], code points of the provision's text.",
            "method": "linear, encoder or lexicon (a theme without coded passages).",
            "model_version": "Version of the model that coded.",
            "terms": "Terms of the lexicon inside the evidence: a list of [start, end, concept].",
            "unsure": "The probability lies close to the theme's threshold, on either side.",
        },
    ),
    "decisions": TableInfo(
        title="Reviewers' decisions",
        description="Every decision of a reviewer that bears on this run, also replaced and stale ones.",
        record=PublishedDecision,
        key=("decision_id",),
        foreign=(),
        columns={
            "decision_id": "The decision.",
            "at": "When it was taken: ISO 8601, UTC.",
            "reviewer": "Name of the reviewer.",
            "role": "coder or adjudicator.",
            "doc_id": _DOCUMENT_ID + " It may be a document that this run didn't read.",
            "provision_id": "The provision decided on, in the run that was shown; empty: the document as a whole.",
            "page": "Page of the provision's first span; 0: the document as a whole.",
            "start": "Offset of the first span in its page's text.",
            "end": "Offset behind the first span in its page's text.",
            "text_hash": "SHA-256 of the quotation in UTF-8.",
            "quotation": "The provision's whole text as it was shown.",
            "before": "Up to 60 characters before the first span.",
            "after": "Up to 60 characters after the first span.",
            "theme": _THEME + " Empty: the provision or the document as a whole.",
            "verdict": "yes, no, skip or withdrawn.",
            "force": "Deontic force by the reviewer; empty: as the model says.",
            "evidence": "Spans by the reviewer: a list of [start, end] into the quotation; []: as the model says.",
            "note": "The reviewer's note.",
            "translation": "The reviewer's translation.",
            "machine_probability": "What the model said when the decision was taken.",
            "machine_assigned": "Whether the model had assigned the theme.",
            "model_version": "Version of the model that was shown.",
            "replaces": "decision_id of the row that this one takes the place of.",
            "origin": "The queue that showed the provision.",
            "live": "The decision counts: neither replaced nor withdrawn.",
            "anchor": "How it was found again in this run: exact, reanchored or stale.",
            "anchor_reason": "Why it is stale.",
            "similarity": "Share of matching characters of what it was anchored to, 0 to 1.",
            "anchored_to": "provision_id in this run; empty where stale or about a document.",
            "outcome": "Settled for the provision and theme: yes, no or disputed; empty where it doesn't count.",
        },
    ),
    "cells": TableInfo(
        title="Cells",
        description="One theme in one jurisdiction: status, support, and what was searched.",
        record=Cell,
        key=("theme", "jurisdiction"),
        foreign=(_IN_THEMES,),
        columns={
            "theme": _THEME,
            "jurisdiction": _JURISDICTION,
            "status": "binding, enabled, committed, described, not_found (in this corpus) or not_searched.",
            "n_provisions": "Provisions that support the status.",
            "n_documents": "Documents that they stand in.",
            "n_searched_documents": "Documents of the jurisdiction that were searched.",
            "n_searched_provisions": "Provisions of the jurisdiction that were searched.",
            "n_failed_documents": "Documents that could not be read.",
            "n_failed_pages": "Pages that could not be read.",
            "search_incomplete": "Some of what should have been searched could not be read.",
            "n_to_check": "Provisions that may be about the theme and await a reviewer.",
            "confidence": "Probability of the best evidence, 0 to 1; empty where there is none.",
            "review_state": "How much of the evidence reviewers have decided: none, part, all or disputed.",
            "evidence": "provision_ids that support the status, best first: a list.",
            "citation": "Citation of the best evidence, or what was searched.",
            "to_check": "provision_ids that await a reviewer: a list.",
            "n_reviewed": "Of the provisions that support the status, those that reviewers settled.",
        },
    ),
    "state_of_play": TableInfo(
        title="State of play",
        description="The table itself: a row per theme, a status and a citation per jurisdiction.",
        record=None,
        key=("theme",),
        foreign=(_IN_THEMES,),
        columns={"theme": _THEME},
    ),
    "codebook": TableInfo(
        title="Codebook",
        description="The themes that are coded and the rules by which.",
        record=None,
        key=("key",),
        foreign=(),
        columns={
            "key": "Key of the theme: its identity.",
            "name": "Name of the theme in the language of this package.",
            "name_en": "Name of the theme in English.",
            "code_when": "When the theme is coded.",
            "not_when": "When it is not.",
            "enabled": "The theme is coded in this run.",
        },
    ),
}


def describe_column(table: str, column: str) -> str:
    """What a column holds. Raises KeyError for one that nobody described."""
    if table == "state_of_play" and column != "theme":
        jurisdiction, _, what = column.rpartition("_")
        words = {
            "status": "Status of the cell",
            "citation": "Citation of the cell's best evidence, or what was searched",
        }
        return f"{words[what]}: {jurisdiction}."
    return TABLES[table].columns[column]
