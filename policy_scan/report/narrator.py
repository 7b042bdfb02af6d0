"""Who tells the report: a run, its language, and what many chapters look up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from gettext import NullTranslations
from pathlib import Path

from ..as_of import documents_at, is_later
from ..decisions import PublishedDecision
from ..records import LANGUAGES, Cell, CellStatus, Document
from ..stages.cells import belongs
from ..tables import read_records
from ..translation import listed, translations
from .common import (
    SYMBOLS,
    Evidence,
    RunData,
    cell_citations,
    jurisdiction_name,
    list_evidence,
    printable,
    review_words,
    searched_words,
    support_words,
    theme_name,
)
from .page_words import languages_said
from .paper import Inline, TableCell
from .words import words


@dataclass(frozen=True)
class Narrator:
    """A run, the language it is told in, and what many chapters look up."""

    run: RunData
    language: str
    folder: Path
    """Where the report will stand: links to PDFs are relative to it."""

    @cached_property
    def t(self) -> NullTranslations:
        return translations(self.language)

    @cached_property
    def words(self) -> Mapping[str, str]:
        return words(self.language)

    @cached_property
    def cells(self) -> Mapping[tuple[str, str], Cell]:
        return {(cell.theme, cell.jurisdiction): cell for cell in self.run.cells}

    @cached_property
    def evidence(self) -> Mapping[tuple[str, str], Sequence[Evidence]]:
        """(theme, jurisdiction) -> what its status rests on, best first."""
        found: dict[tuple[str, str], list[Evidence]] = {}
        for item in list_evidence(self.run):
            if item.standing == "evidence":
                found.setdefault((item.theme, item.jurisdiction), []).append(item)
        return found

    def documents_of(self, code: str) -> list[Document]:
        """A jurisdiction's documents that are not later than the table's day, with the legal status of that day."""
        as_of = self.run.config.table.as_of
        own = [one for one in self.run.documents if belongs(one.jurisdictions, code) and not is_later(one, None, as_of)]
        return documents_at(own, as_of)

    @cached_property
    def citations(self) -> Mapping[tuple[str, str], str]:
        return cell_citations(self.run, self.language)

    @cached_property
    def decisions(self) -> Sequence[PublishedDecision]:
        """The reviewers' decisions that count."""
        if not (self.run.directory / "decisions.parquet").is_file():
            return ()
        return [row for row in read_records(self.run.directory, "decisions", PublishedDecision) if row.live]

    @cached_property
    def translated(self) -> Mapping[tuple[str, str], str]:
        """(provision_id, theme) -> the reviewers' latest translation of it."""
        told = sorted(
            (row for row in self.decisions if row.translation.strip() and row.anchored_to), key=lambda row: row.at
        )
        return {(row.anchored_to, row.theme): " ".join(printable(row.translation).split()) for row in told}

    def theme(self, theme: str) -> str:
        return printable(theme_name(self.run, theme, self.language))

    def place(self, code: str) -> str:
        return printable(jurisdiction_name(code, self.language))

    def status(self, status: CellStatus) -> str:
        return f"{SYMBOLS[status]} {self.run.codebook.status_name(status, self.language)}"

    def theme_anchor(self, theme: str) -> str:
        return f"theme_{self.run.themes.index(theme) + 1}"

    def place_anchor(self, code: str) -> str:
        return f"jurisdiction_{self.run.all_columns.index(code) + 1}"

    def cell_anchor(self, theme: str, code: str) -> str:
        return f"cell_{self.run.themes.index(theme) + 1}_{self.run.all_columns.index(code) + 1}"

    def searched(self, cell: Cell) -> str:
        """What was searched in a cell's jurisdiction, whatever the theme."""
        return searched_words(cell, self.language, self.run.config.table.as_of, any_theme=True)

    def names(self, themes: Iterable[str]) -> str:
        return listed((self.theme(theme) for theme in themes), self.language)

    def counted(self, values: Iterable[str]) -> str:
        """'law 3, decree 1': the most frequent first."""
        counts = sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))
        return ", ".join(f"{name} {n}" for name, n in counts)

    def language_name(self, code: str) -> str:
        return languages_said(code, self.language)

    def standing(self, cell: Cell) -> str:
        """'Binding, 46 provisions in 4 documents, 73 to check; not reviewed.'"""
        name = self.run.codebook.status_name(cell.status, self.language)
        parts = [part for part in (name, support_words(cell, self.language)) if part]
        return sentence(f"{', '.join(parts)}; {review_words(cell, self.language)}")


def made_at(run: RunData) -> datetime | None:
    """When the run ended, as it says itself; None where it doesn't."""
    text = str(run.details.get("ended", ""))
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None


def as_of(run: RunData) -> str:
    """The day that the table speaks of: the configured one, else the day the run ended; '' where neither is known."""
    made = made_at(run)
    return run.config.table.as_of or (made.date().isoformat() if made else "")


def plain(text: str) -> tuple[Inline, ...]:
    return (Inline(printable(text)),)


def text_cell(text: str, *, bold: bool = False, link: str = "", language: str = "") -> TableCell:
    """`language`: of a document's own words; one that isn't known is left out."""
    tongue = language if language in LANGUAGES else ""
    return TableCell(((Inline(printable(text), bold=bold, link=link, language=tongue),),))


def sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
