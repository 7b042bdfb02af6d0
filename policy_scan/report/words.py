"""The interface's words, by name, in every language of the reports.

English is the source; the other languages stand in the catalogues (`translation.py`). Statuses, forces and themes take
their names from the codebook.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from ..translation import translations


@cache
def words(language: str) -> Mapping[str, str]:
    """Name -> words in `language`, one of `translation.LANGUAGES`; English in any other."""
    _, p = translations(language).gettext, translations(language).pgettext
    return {
        # sheets and sections
        "state_of_play": _("State of play"),
        "cells": _("Cells"),
        "evidence": _("Evidence"),
        "documents": _("Documents"),
        "codebook": _("Codebook"),
        "method": _("Method"),
        "issues": _("What went wrong"),
        "title": _("State of play: the digitalisation of public services"),
        "legend": _("Legend"),
        # columns and fields
        "theme": _("Theme"),
        "country": _("Country"),
        "status": _("Status"),
        "force": _("Force"),
        "standing": _("Counts as"),
        "gives": _("Gives"),
        "quotation": _("Quotation"),
        "passage": _("Whole passage"),
        "citation": _("Reference"),
        "document": _("Document"),
        "doc_type": _("Document type"),
        "legal_status": _("Legal status"),
        "issuer": _("Issuer"),
        "date": _("Date"),
        "page": _("Page"),
        "pages": _("Pages"),
        "pages_failed": _("Pages failed"),
        "language": _("Language"),
        "languages": _("Languages"),
        "probability": _("Probability"),
        "core": _("Core theme"),
        "terms": _("Terms"),
        "unsure_column": _("Unsure"),
        "coded_by": _("Coded by"),
        "decision": _("Decision"),
        "reviewer": _("Reviewer"),
        "translation": _("Reviewer's translation"),
        "text_source": _("Text from"),
        "reading": _("Reading"),
        "remarks": _("Remarks"),
        "path": _("File"),
        "url": _("Address"),
        "licence": _("Licence"),
        "provisions": _("Provisions"),
        "coded": _("Coded"),
        "searched_documents": _("Documents searched"),
        "searched_provisions": _("Provisions searched"),
        "failed_documents": _("Documents failed"),
        "search_incomplete": _("Search incomplete"),
        "to_check_count": _("To check"),
        "review_state": _("Review"),
        "message": _("What happened"),
        "next_step": _("What to do next"),
        "key": _("Key"),
        "name": _("Name"),
        "code_when": _("Code when"),
        "not_when": _("Not when"),
        "meaning": _("Meaning"),
        "setting": _("Setting"),
        "settings": _("Versions, settings and counts"),
        "value": _("Value"),
        "back": _("↑ table"),
        # values
        "unsure": _("unsure"),
        "by_model": _("model"),
        "by_lexicon": _("lexicon alone"),
        "yes": _("yes"),
        "no": _("no"),
        "standing_evidence": p("standing", "evidence"),
        "standing_to_check": p("standing", "to check"),
        "standing_version": p("standing", "language version"),
        "standing_later": p("standing", "later than the table's date"),
        "standing_no_cell": p("standing", "no cell (unknown jurisdiction)"),
        "review_none": p("review", "not reviewed"),
        "review_part": p("review", "partly reviewed"),
        "review_all": p("review", "reviewed"),
        "review_disputed": p("review", "disputed"),
        "short_not_found": p("short status", "not found"),
        "short_not_searched": p("short status", "not searched"),
        "short_committed": p("short status", "committed"),
        "law": p("document type", "law"),
        "decree": p("document type", "decree"),
        "regulation": p("document type", "regulation"),
        "order": p("document type", "order"),
        "circular": p("document type", "circular"),
        "directive": p("document type", "directive"),
        "strategy": p("document type", "strategy"),
        "action_plan": p("document type", "action plan"),
        "report": p("document type", "report"),
        "guideline": p("document type", "guideline"),
        "web": p("document type", "web page"),
        "gazette": p("document type", "gazette"),
        "other": p("document type", "other"),
        "in_force": p("legal status", "in force"),
        "adopted": p("legal status", "adopted"),
        "proposed": p("legal status", "proposed"),
        "repealed": p("legal status", "repealed"),
        "ok": p("reading", "read"),
        "partial": p("reading", "read in part"),
        "failed": p("reading", "could not be read"),
        "excluded": p("reading", "excluded"),
        "text": p("text from", "text"),
        "ocr": p("text from", "OCR"),
        "mixed": p("text from", "text and OCR"),
        "none": p("text from", "nothing"),
        "unknown": p("jurisdiction", "unknown"),
        # sentences
        "counts": _("{documents} documents, {provisions} provisions, {coded} of them coded"),
        "n_to_check": _("{n} to check"),
        "caution": _(
            "'Not found' speaks of this corpus only, never of the country: what was searched is said in each "
            "cell. Statuses are derived from passages coded by a model; read the quotation before you rely on a "
            "cell."
        ),
        "verbatim": _(
            "Quotations are the documents' own words, in their language; only invisible control characters are "
            "left out. Pages are those of the PDF file."
        ),
        "marks": _(
            "Marked: the sentence that speaks for the theme; in bold, the lexicon's terms in it. 'Unsure': the "
            "probability lies close to the theme's threshold. 'Lexicon alone': the theme has no coded passages "
            "to learn from."
        ),
        "no_agreement": _("No reviewer's decision has been applied: every status rests on the model alone."),
        # the web page
        "search": _("Search in quotations and titles"),
        "search_help": _("accents and capitals don't matter"),
        "all": _("all"),
        "compare": _("Compare with"),
        "nobody": _("no other country"),
        "reset": _("Clear filters"),
        "more": _("Show more"),
        "no_result": _("No passage matches."),
        "open_pdf": _("Open the PDF at page {page}"),
        "permalink": _("Address of this passage"),
        "needs_script": _("The table can be read without JavaScript; the evidence below it needs it."),
        "filters": _("Filters"),
        "made_by": _("Made by policy_scan {version}"),
    }
