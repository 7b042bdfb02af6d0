"""The web page's own words, beside those that all reports share: English here, other languages in the catalogues."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from ..citations import format_date
from ..codebook import Codebook
from ..records import CellStatus
from ..translation import translations

# A number for each class of numbers that a language may tell apart, as browsers name them (Intl.PluralRules).
_SAMPLES = {"one": 1, "few": 2, "other": 100}


def page_words(language: str) -> dict[str, str]:
    """Name -> words of the page in `language`."""
    t = translations(language)
    return {
        "table_help": t.gettext(
            "Choose a cell to read its evidence below; choose a country or a theme to read all of its evidence."
        ),
        "skip_table": t.gettext("Skip to the table"),
        "skip_evidence": t.gettext("Skip to the evidence"),
        "back_to_table": t.gettext("Back to the table"),
        "open_evidence": t.gettext("Open the evidence"),
        "clear_hint": t.gettext("What is chosen here narrows the passages below."),
        "keyboard": t.gettext("Keyboard"),
        "keys_title": t.gettext("Keys"),
        "close": t.gettext("Close"),
        "single_keys": t.gettext("Use the keys ? and /"),
        "gives_status": t.gettext("Status it gives"),
        "review": t.gettext("Review"),
        "from": t.gettext("From year"),
        "to": t.gettext("To year"),
        "doubt": t.gettext("Doubt"),
        "unsure_only": t.gettext("only unsure ones"),
        "unsure_without": t.gettext("without unsure ones"),
        "all_of_cell": t.gettext("Show the whole cell"),
        "all_of_theme": t.gettext("Show all passages"),
        "chosen": t.gettext("Chosen: {filters}"),
        "nothing_here": t.gettext("No passage here."),
        "to_compare": t.gettext("Side by side: {first} and {second}"),
        "picture_exact": t.gettext("Page {page} of the PDF, cut to this passage; its evidence is outlined."),
        "picture_whole": t.gettext("Page {page} of the PDF, cut to this passage, which is outlined."),
        "no_picture_missing": t.gettext("No picture of the page: the PDF is no longer where it was read."),
        "no_picture_changed": t.gettext("No picture of the page: the PDF has changed since it was read."),
        "no_picture_damaged": t.gettext("No picture of the page: it can't be drawn."),
        "no_picture_no_place": t.gettext("No picture of the page: the passage's place on it isn't known."),
        "standing_rejected": t.pgettext("standing", "rejected"),
        "review_none": t.pgettext("review of a passage", "not reviewed"),
        "review_accepted": t.pgettext("review of a passage", "accepted"),
        "review_rejected": t.pgettext("review of a passage", "rejected"),
        "review_disputed": t.pgettext("review of a passage", "disputed"),
        "pictures_said": t.gettext(
            "Pictures show the page of the three best passages of each cell; the others link to the page of the PDF."
        ),
    }


def keys(language: str) -> list[tuple[str, str]]:
    """The keys and what they do."""
    t = translations(language)
    return [
        ("↑ ↓ ← →", t.gettext("In the table: the neighbouring cell")),
        (t.pgettext("key", "Home, End"), t.gettext("In the table: the first or last cell of the row")),
        (t.pgettext("key", "Enter"), t.gettext("Open the cell's evidence")),
        (t.pgettext("key", "Escape"), t.gettext("Close the evidence and return to its cell")),
        ("/", t.gettext("Search")),
        ("?", t.gettext("Show these keys")),
    ]


def language_names(language: str) -> Mapping[str, str]:
    """Names of the languages that documents are in."""
    t = translations(language)
    return {
        "fr": t.gettext("French"),
        "nl": t.gettext("Dutch"),
        "de": t.gettext("German"),
        "el": t.gettext("Greek"),
        "ro": t.gettext("Romanian"),
        "lb": t.gettext("Luxembourgish"),
        "en": t.gettext("English"),
        "und": t.pgettext("language", "not known"),
    }


@cache
def _names_of_languages(language: str) -> Mapping[str, str]:
    from babel import Locale

    return {**Locale.parse(language).languages, **language_names(language)}


def languages_said(codes: str, language: str) -> str:
    """'fr;nl' -> 'French, Dutch' in the report's language; a code that no document is expected in has its CLDR name."""
    names = _names_of_languages(language)
    return ", ".join(names.get(code, code) for code in codes.split(";") if code)


def plural_forms(form: Callable[[int], str]) -> dict[str, str]:
    """Class of numbers -> words, for a script that counts; `form` gives the words for a number."""
    return {category: form(number) for category, number in _SAMPLES.items()}


def count_forms(language: str) -> dict[str, dict[str, str]]:
    t = translations(language)
    return {"results": plural_forms(lambda n: t.ngettext("{n} passage", "{n} passages", n))}


def left_out_words(n: int, language: str) -> str:
    """What a cell says of its passages that the page has no room for."""
    t = translations(language)
    said = t.ngettext(
        "{n} more passage of this cell stands in the workbook and in the CSV export.",
        "{n} more passages of this cell stand in the workbook and in the CSV export.",
        n,
    )
    return said.format(n=n)


def page_left_out(n: int, language: str) -> str:
    """The same of the page as a whole."""
    t = translations(language)
    said = t.ngettext(
        "This page shows the best passages of each cell; {n} more stands in the workbook and in the CSV export.",
        "This page shows the best passages of each cell; {n} more stand in the workbook and in the CSV export.",
        n,
    )
    return said.format(n=n)


def decisions_said(n: int, language: str) -> str:
    """How many provisions reviewers have decided on."""
    t = translations(language)
    return t.ngettext(
        "Reviewers have decided on {n} coding; their decision stands where it differs from the model's.",
        "Reviewers have decided on {n} codings; their decisions stand where they differ from the model's.",
        n,
    ).format(n=n)


def as_of_said(day: str | None, language: str) -> str:
    """Which day's law the table shows; '' where it shows all that the corpus holds."""
    if day is None:
        return ""
    said = translations(language).gettext("The law as of {date}: later acts are left out.")
    return said.format(date=format_date(day, language))


def status_meaning(codebook: Codebook, status: CellStatus, language: str) -> tuple[str, str]:
    """What a status means, and the language that is said in: English where the codebook has it in no other."""
    said = language if language in codebook.status_meanings.get(status, {}) else "en"
    return codebook.status_meaning(status, language), said
