"""The sheet of evidence: a row per coded provision, theme and jurisdiction, with what reviewers decided of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..citations import act_date
from ..decisions import PublishedDecision, settled_of
from ..jurisdictions import UNKNOWN
from ..tables import read_records
from .common import (
    Evidence,
    RunData,
    citation_of,
    jurisdiction_name,
    list_evidence,
    list_rejected,
    quotation,
    terms_found,
    theme_name,
)
from .page_words import languages_said
from .xlsx_book import HEADER, Book, row_height

_PRINTED = 15
"""Columns on paper, up to the reviewer: with the rest nobody could read them."""
_QUOTATION, _CITATION, _TITLE, _TRANSLATION = 66, 38, 26, 40


@dataclass(frozen=True, slots=True)
class Decided:
    """What reviewers settled of a provision's theme, or of the whole provision: yes, no or disputed."""

    outcome: str
    reviewers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    translation: str = ""
    """The latest one; quotations are never translated by the tool."""
    found_again: bool = False
    """The text had changed since, or stood elsewhere, and was found again."""


def published_decisions(run: RunData) -> list[PublishedDecision]:
    """The run's table of decisions, empty where it has none."""
    if not (run.directory / "decisions.parquet").is_file():
        return []
    return list(read_records(run.directory, "decisions", PublishedDecision))


def decided_of(rows: Iterable[PublishedDecision]) -> dict[tuple[str, str], Decided]:
    """(provision_id, theme) -> what was decided; theme '' stands for the provision as a whole."""
    rows = list(rows)
    settled = settled_of(rows)
    counting = sorted((row for row in rows if row.live and row.anchored_to), key=lambda row: row.at)
    by_key: dict[tuple[str, str], list[PublishedDecision]] = {}
    for row in counting:
        by_key.setdefault((row.anchored_to, row.theme), []).append(row)
    return {
        key: Decided(
            outcome=settled[key].verdict if key in settled else "",
            reviewers=tuple(dict.fromkeys(row.reviewer for row in own if row.verdict in ("yes", "no"))),
            notes=tuple(f"{row.reviewer}: {row.note}" for row in own if row.note.strip()),
            translation=next((row.translation for row in reversed(own) if row.translation.strip()), ""),
            found_again=any(row.anchor == "reanchored" for row in own),
        )
        for key, own in by_key.items()
    }


def _decided(decided: Mapping[tuple[str, str], Decided], item: Evidence) -> Decided:
    """The theme's own decision before the whole provision's; either's translation."""
    identifier = item.provision.provision_id
    whole = decided.get((identifier, ""), Decided(""))
    own = decided.get((identifier, item.theme), Decided(""))
    chosen = own if own.outcome else whole
    notes = tuple(dict.fromkeys((*own.notes, *whole.notes)))
    return Decided(chosen.outcome, chosen.reviewers, notes, own.translation or whole.translation, chosen.found_again)


def evidence_rows(run: RunData) -> list[Evidence]:
    """Every assigned coding in every cell it enters, and at the end of each cell what reviewers rejected."""
    listed = list(list_evidence(run))
    rejected = list_rejected(run)
    if not rejected:
        return listed
    order = {(theme, code): n for n, (theme, code) in enumerate(
        (theme, code) for theme in run.themes for code in (*run.all_columns, UNKNOWN))}  # fmt: skip
    return sorted([*listed, *rejected], key=lambda item: order[item.theme, item.jurisdiction])


def write_evidence(book: Book, rows: Sequence[Evidence], n_all: int, places: Mapping[tuple[str, str], str]) -> None:
    """`rows` of `n_all`, each linked to the PDF's page and back to its cell in the table."""
    texts, run, t = book.texts, book.run, book.t
    made = book.sheets["evidence"]
    names = [
        texts["back"], texts["country"], texts["theme"], texts["force"], texts["standing"], texts["gives"],
        texts["quotation"], texts["citation"], texts["document"], texts["date"], texts["page"], texts["language"],
        texts["probability"], texts["decision"], texts["reviewer"], texts["translation"], t.gettext("Reviewer's note"),
        texts["unsure_column"], texts["core"], texts["terms"], texts["text_source"], texts["coded_by"],
        texts["passage"],
    ]  # fmt: skip
    widths = [
        8, 14, 20, 11, 11, 15, _QUOTATION, _CITATION, _TITLE, 11, 7, 11, 11, 12, 14, _TRANSLATION, 30, 9, 9, 30, 10, 12,
        70,
    ]  # fmt: skip
    made.header(names, widths)
    standings = {"rejected": t.pgettext("standing", "rejected")}
    outcomes = {"yes": t.gettext("accepted"), "no": t.gettext("rejected"), "disputed": texts["review_disputed"]}
    coders = {"lexicon": texts["by_lexicon"], "reviewed": t.gettext("model and reviewers")}
    decided = decided_of(published_decisions(run))
    for row, item in enumerate(rows, start=HEADER + 1):
        provision, document, coding = item.provision, item.document, item.coding
        quoted, reference = quotation(item), citation_of(item, book.language)
        name = theme_name(run, item.theme, book.language)
        place = places.get((item.theme, item.jurisdiction))
        if place:
            made.link(row, 0, book.sheets["state_of_play"], place, f"↑ {place}", texts["state_of_play"])
        standing = standings.get(item.standing) or texts[f"standing_{item.standing}"]
        force = run.codebook.force_name(coding.force, book.language) if coding.force else ""
        gives = book.status(item.status) if item.standing != "rejected" else ""
        country = jurisdiction_name(item.jurisdiction, book.language)
        made.texts(row, [country, name, force, standing, gives, quoted, reference, document.title], 1)
        made.date(row, 9, act_date(document, provision))
        made.link_page(row, 10, document, provision.page_first)
        made.text(row, 11, languages_said(provision.language, book.language))
        made.number(row, 12, coding.probability, "probability")
        said = _decided(decided, item)
        outcome = outcomes.get(said.outcome, "")
        if outcome and said.found_again:
            outcome = t.gettext("{decision}, on a text found again").format(decision=outcome)
        notes = "\n".join(said.notes)
        terms = "; ".join(terms_found(item))
        made.texts(row, [outcome, ", ".join(said.reviewers), said.translation, notes, book.yes(coding.unsure),
                         book.yes(coding.rank == 1), terms, texts[provision.text_source],
                         coders.get(coding.method, texts["by_model"]), provision.text], 13)  # fmt: skip
        made.sheet.set_row(row, row_height([(quoted, _QUOTATION), (reference, _CITATION), (document.title, _TITLE),
                                            (said.translation, _TRANSLATION), (notes, 30), (terms, 30), (name, 20),
                                            (gives, 15)]))  # fmt: skip
    if rows:
        # A page number that is a link is text, which Excel would mark as a mistake.
        made.sheet.ignore_errors({"number_stored_as_text": f"K{HEADER + 2}:K{HEADER + 1 + len(rows)}"})
    made.note(texts["verbatim"], made.not_shown(n_all - len(rows)))
    made.finish(len(rows), len(names), 3, printed=_PRINTED)
