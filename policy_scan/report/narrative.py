"""What the printed report says: counts, statuses, and the documents' own words. No sentence says more than the codes.

That the corpus holds nothing on a theme is said of the corpus, with what was searched; nothing is said of a country.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ..citations import format_date
from ..jurisdictions import country_of
from ..records import NOT_BINDING, PENDING, CellStatus, Document
from ..stages.cells import belongs
from ..translation import listed
from .common import (
    SYMBOLS,
    Evidence,
    RunData,
    citation_of,
    pdf_address,
    printable,
    quotation,
    review_words,
    searched_words,
    support_words,
)
from .excerpts import shorten_quotation
from .narrative_ends import account_for_method, draw_figures, list_documents
from .narrator import Narrator, as_of, made_at, plain, sentence, text_cell
from .page_words import as_of_said
from .paper import Block, Heading, Inline, Layout, Paper, Paragraph, Quotation, Table, TableCell

MAX_COLUMNS_ON_A4 = 7
"""More jurisdictions than that don't fit a landscape A4 page at a size that can be read."""


def excerpt(teller: Narrator, item: Evidence) -> list[Block]:
    """The force and language, the quotation with its footnote, and a reviewer's translation where there is one."""
    t, document, provision = teller.t, item.document, item.provision
    force = teller.run.codebook.force_name(item.coding.force, teller.language)
    label = [force, teller.words[document.doc_type]]
    if document.legal_status in NOT_BINDING:
        pending = t.gettext("not yet in force")
        label.append(pending if document.legal_status == PENDING else teller.words[document.legal_status])
    label.append(teller.language_name(provision.language))
    address = pdf_address(teller.run, document, provision.page_first, teller.folder)
    opening = t.gettext("Open the PDF at page {page}").format(page=provision.page_first)
    note = (
        Inline(f"{citation_of(item, teller.language)}. "),
        Inline(opening, link=printable(address)),
        Inline("."),
    )
    blocks: list[Block] = [
        Paragraph((Inline(printable(", ".join(label)), italic=True),), "lead"),
        Quotation(shorten_quotation(quotation(item)), "" if provision.language == "und" else provision.language, note),
    ]
    translation = teller.translated.get((provision.provision_id, item.theme))
    if translation:
        said = t.gettext("Reviewer's translation:")
        blocks.append(Paragraph((Inline(f"{said} ", italic=True), Inline(translation)), "note"))
    return blocks


def best_two(items: Sequence[Evidence]) -> list[Evidence]:
    """The best provision, and the best of another document where it gives the same status."""
    first = items[0]
    others = (one for one in items if one.document.doc_id != first.document.doc_id and one.status == first.status)
    return [first, *([second] if (second := next(others, None)) else [])]


def introduce(teller: Narrator) -> list[Block]:
    """Counts only."""
    run, t = teller.run, teller.t
    coded = len({coding.provision_id for coding in run.codings if coding.assigned})
    included = [document for document in run.documents if document.status != "excluded"]
    read = sum(document.status != "failed" for document in included)
    tally = Counter(cell.status for cell in run.cells)
    sentences = [
        t.ngettext(
            "The corpus holds {n} document, of which {read} could be read.",
            "The corpus holds {n} documents, of which {read} could be read.",
            len(included),
        ).format(n=len(included), read=read),
        t.ngettext(
            "They were cut into {n} provision; {coded} of them got a theme.",
            "They were cut into {n} provisions; {coded} of them got a theme.",
            run.n_provisions,
        ).format(n=run.n_provisions, coded=coded),
        t.gettext("The table compares {jurisdictions} on {themes} themes: {cells} cells.").format(
            jurisdictions=", ".join(teller.place(code) for code in run.all_columns),
            themes=len(run.themes),
            cells=len(run.cells),
        ),
    ]
    blocks: list[Block] = [
        Heading(1, t.gettext("Introduction"), "introduction", new_page=True),
        Paragraph(plain(" ".join(sentences))),
    ]
    everywhere = [
        theme for theme in run.themes if all(teller.cells[theme, code].n_provisions for code in run.all_columns)
    ]
    nowhere = [theme for theme in run.themes if not any(teller.cells[theme, c].n_provisions for c in run.all_columns)]
    if day := as_of_said(run.config.table.as_of, teller.language):
        blocks.append(Paragraph(plain(day)))
    if everywhere:
        said = t.gettext("Themes on which the corpus holds provisions of every jurisdiction: {themes}.")
        blocks.append(Paragraph(plain(said.format(themes=teller.names(everywhere)))))
    if nowhere:
        said = t.gettext("Themes on which the corpus holds no provision of any jurisdiction: {themes}.")
        countries = [code for code in run.all_columns if country_of(code) == code]  # their parts repeat them
        doubted = [
            _with_doubts(teller, theme, sum(teller.cells[theme, code].n_to_check for code in countries))
            for theme in nowhere
        ]
        blocks.append(Paragraph(plain(said.format(themes=listed(doubted, teller.language)))))
    statuses = [status for status in SYMBOLS if tally[status]]
    rows = []
    for code in run.all_columns:
        own = [teller.cells[theme, code] for theme in run.themes]
        counts = Counter(cell.status for cell in own)
        rows.append(
            (
                text_cell(teller.place(code), bold=True, link=f"#{teller.place_anchor(code)}"),
                text_cell(f"{own[0].n_searched_documents}"),
                text_cell(f"{own[0].n_searched_provisions}"),
                *(text_cell(f"{counts[status]}") for status in statuses),
            )
        )
    head = (
        teller.words["country"],
        teller.words["searched_documents"],
        teller.words["searched_provisions"],
        *(teller.status(status) for status in statuses),
    )
    caption = t.gettext("Documents and provisions searched, and number of themes by status")
    widths = (1.8, 1.7, 1.7, *(1.5 for _ in statuses))
    blocks.append(Table(caption, head, tuple(rows), widths, size="medium"))
    return blocks


def explain(teller: Narrator) -> list[Block]:
    """How to read the report: symbols and statuses, cautions."""
    t, run = teller.t, teller.run

    def meaning(status: CellStatus) -> TableCell:
        translated = teller.language in run.codebook.status_meanings.get(status, {})
        text = run.codebook.status_meaning(status, teller.language)
        return text_cell(text, language="" if translated else "en")

    meanings = tuple(
        (TableCell(((Inline(teller.status(status), bold=True),),), status), meaning(status)) for status in SYMBOLS
    )
    head = (teller.words["status"], t.gettext("Meaning"))
    cautions = [
        teller.words["caution"],
        t.gettext(
            "Where the corpus holds no provision on a theme, the report says what was searched. The classifier may "
            "have missed a provision, and the country may have rules that are not in the corpus."
        ),
        t.gettext(
            "The strongest provision found gives a cell its status. Parallel language versions of one rule count once. "
            "Repealed acts are described only; proposed acts never count as binding."
        ),
        teller.words["verbatim"],
        t.gettext(
            "Long quotations are cut at the end of a sentence; […] marks what is left out. Each footnote gives the "
            "source, its page, and a link that opens the PDF there."
        ),
    ]
    day = run.config.table.as_of
    if day:
        said = t.gettext("The table gives the law as of {date}: later acts are left out, legal statuses are those of "
                         "that day.")  # fmt: skip
        cautions.append(said.format(date=format_date(day, teller.language)))
    return [
        Heading(1, t.gettext("How to read this report"), "reading"),
        *(Paragraph(plain(text)) for text in cautions),
        Table(t.gettext("Statuses of a cell, the strongest first"), head, meanings, (1.0, 3.0)),
    ]


def tabulate(teller: Narrator) -> list[Block]:
    """The state of play on a landscape page: each cell leads to its evidence."""
    run, t = teller.run, teller.t

    def cell(theme: str, code: str) -> TableCell:
        found = teller.cells[theme, code]
        anchor = teller.cell_anchor(theme, code) if (theme, code) in teller.evidence else teller.place_anchor(code)
        lines = [
            (Inline(teller.status(found.status), bold=True, link=f"#{anchor}"),),
            plain(teller.citations[theme, code]),
        ]
        support = support_words(found, teller.language)
        if support:
            review = review_words(found, teller.language)
            lines.append((Inline(f"{support}; {review}", italic=True),))
        return TableCell(tuple(lines), found.status)

    rows = tuple(
        (
            text_cell(teller.theme(theme), bold=True, link=f"#{teller.theme_anchor(theme)}"),
            *(cell(theme, code) for code in run.all_columns),
        )
        for theme in run.themes
    )
    caption = t.gettext("State of play: status, best provision and support of each theme in each jurisdiction")
    return [
        Layout("a4" if len(run.all_columns) <= MAX_COLUMNS_ON_A4 else "a3", landscape=True),
        Heading(1, t.gettext("State of play"), "state_of_play"),
        Table(
            caption,
            (teller.words["theme"], *(teller.place(code) for code in run.all_columns)),
            rows,
            (1.0, *(1.4 for _ in run.all_columns)),
            size="small",
        ),
        Layout("a4", landscape=False),
    ]


def describe_place(teller: Narrator, code: str) -> list[Block]:
    """A country's pages: what the corpus holds of it, then the strongest provisions, theme by theme."""
    t, run = teller.t, teller.run
    own = teller.documents_of(code)
    n_later = sum(belongs(document.jurisdictions, code) for document in run.documents) - len(own)
    read = [document for document in own if document.status in ("ok", "partial")]
    cells = [teller.cells[theme, code] for theme in run.themes]
    blocks: list[Block] = [
        Heading(2, teller.place(code), teller.place_anchor(code), new_page=code != run.all_columns[0]),
        Paragraph((Inline(t.gettext("What the corpus holds"), bold=True),), "lead"),
        Paragraph(plain(sentence(teller.searched(cells[0])))),
    ]
    if read:
        blocks.append(Paragraph(plain(_holdings(teller, read))))
    blocks += [
        Paragraph(plain(_not_read(teller, document)), "item")
        for document in own
        if document.status in ("failed", "excluded")
    ]
    if n_later:
        said = t.ngettext(
            "{n} document is later than the table's day and is left out.",
            "{n} documents are later than the table's day and are left out.",
            n_later,
        )
        blocks.append(Paragraph(plain(said.format(n=n_later)), "item"))
    counts = Counter(cell.status for cell in cells)
    tally = listed(
        (f"{teller.status(status)} {counts[status]}" for status in SYMBOLS if counts[status]), teller.language
    )
    blocks.append(Paragraph(plain(t.gettext("Number of themes by status: {tally}.").format(tally=tally))))
    for cell in cells:
        items = teller.evidence.get((cell.theme, code))
        if not items:
            continue
        blocks.append(
            Heading(3, f"{SYMBOLS[cell.status]} {teller.theme(cell.theme)}", teller.cell_anchor(cell.theme, code))
        )
        blocks.append(
            Paragraph(
                (
                    *plain(teller.standing(cell) + " "),
                    Inline(t.gettext("All jurisdictions"), link=f"#{teller.theme_anchor(cell.theme)}"),
                    Inline("."),
                ),
                "lead",
            )
        )
        for item in best_two(items):
            blocks += excerpt(teller, item)
    absent = [cell for cell in cells if not cell.n_provisions and cell.n_searched_documents]
    if absent:
        blocks.append(Paragraph((Inline(t.gettext("Themes without evidence"), bold=True),), "lead"))
        said = t.gettext("The corpus holds no provision on: {themes}. {searched}.")
        themes = listed((_with_doubts(teller, cell.theme, cell.n_to_check) for cell in absent), teller.language)
        searched = teller.searched(cells[0])
        blocks.append(Paragraph(plain(said.format(themes=themes, searched=searched[:1].upper() + searched[1:]))))
    return blocks


def _with_doubts(teller: Narrator, theme: str, n_to_check: int) -> str:
    """A theme without evidence, with what is to check before anybody says that the corpus holds nothing on it."""
    name = teller.theme(theme)
    if not n_to_check:
        return name
    doubts = teller.t.ngettext("{n} uncertain provision to check", "{n} uncertain provisions to check", n_to_check)
    return f"{name} ({doubts.format(n=n_to_check)})"


def _holdings(teller: Narrator, read: Sequence[Document]) -> str:
    t = teller.t
    kinds = teller.counted(teller.words[document.doc_type] for document in read)
    tongues = teller.counted(
        teller.language_name(code) for document in read for code in document.language.split(";") if code
    )
    sentences = [
        t.gettext("By type: {counts}.").format(counts=kinds),
        t.gettext("By language (a document in several counts in each): {counts}.").format(counts=tongues),
    ]
    years = sorted(document.date[:4] for document in read if document.date)
    undated = len(read) - len(years)
    if years and years[0] == years[-1]:
        sentences.append(t.gettext("Date: {year}.").format(year=years[0]))
    elif years:
        sentences.append(t.gettext("Dates from {first} to {last}.").format(first=years[0], last=years[-1]))
    if undated:
        said = t.ngettext("{n} document has no date.", "{n} documents have no date.", undated)
        sentences.append(said.format(n=undated))
    scanned = sum(document.text_source in ("ocr", "mixed") for document in read)
    if scanned:
        said = t.ngettext("{n} document was read by OCR, in whole or in part.",
                          "{n} documents were read by OCR, in whole or in part.", scanned)  # fmt: skip
        sentences.append(said.format(n=scanned))
    return " ".join(sentences)


def _not_read(teller: Narrator, document: Document) -> str:
    """'Avant-projet: excluded (superseded draft)', 'φύλλο: could not be read (the file is cut short)'."""
    reasons = [document.exclude_reason] if document.status == "excluded" else []
    reasons += [
        issue.message for issue in teller.run.issues if issue.doc_id == document.doc_id and issue.severity == "error"
    ]
    reason = listed(dict.fromkeys(reason.rstrip(".") for reason in reasons if reason), teller.language)
    state = teller.words[document.status]
    return f"{document.title or document.path}: {state}{f' ({reason})' if reason else ''}"


def compare_theme(teller: Narrator, theme: str) -> list[Block]:
    """A theme's page: the status in each jurisdiction, and the best quotation of each."""
    t, run = teller.t, teller.run
    blocks: list[Block] = [Heading(2, teller.theme(theme), teller.theme_anchor(theme), new_page=theme != run.themes[0])]
    rule = run.codebook.themes.get(theme)
    if rule is not None:
        coded = t.gettext("Coded when:")
        when, _ = rule.rule(teller.language)
        tongue = "" if teller.language in rule.code_when_in else "en"
        meaning = Inline(printable(" ".join(when.split())), italic=True, language=tongue)
        blocks.append(Paragraph((Inline(f"{coded} "), meaning), "note"))
    silent: list[str] = []
    for code in run.all_columns:
        cell = teller.cells[theme, code]
        items = teller.evidence.get((theme, code))
        if not items:
            silent.append(code)
            continue
        blocks.append(
            Paragraph(
                (
                    Inline(f"{SYMBOLS[cell.status]} {teller.place(code)}", bold=True,
                           link=f"#{teller.cell_anchor(theme, code)}"),
                    Inline(f" – {teller.standing(cell)}"),
                ),
                "lead",
            )
        )  # fmt: skip
        blocks += excerpt(teller, items[0])
    for code in silent:
        cell = teller.cells[theme, code]
        place = Inline(f"{SYMBOLS[cell.status]} {teller.place(code)}", bold=True, link=f"#{teller.place_anchor(code)}")
        if cell.n_searched_documents:
            said = t.gettext("the corpus holds no provision on this theme; {searched}.")
            text = said.format(searched=searched_words(cell, teller.language, run.config.table.as_of))
        else:
            text = f"{searched_words(cell, teller.language, run.config.table.as_of)}."
        blocks.append(Paragraph((place, *plain(f" – {text}"))))
    return blocks


def tell(run: RunData, language: str, folder: Path) -> Paper:
    """The report of a run, to stand in `folder`."""
    teller = Narrator(run, language, folder)
    t = teller.t
    blocks: list[Block] = [*introduce(teller), *explain(teller), *tabulate(teller), *draw_figures(teller)]
    blocks.append(Heading(1, t.gettext("Countries"), "jurisdictions", new_page=True))
    blocks.append(
        Paragraph(
            plain(
                t.gettext(
                    "For each jurisdiction: what the corpus holds, then the strongest provisions theme by theme: the "
                    "best one, and the best of another document that gives the same status."
                )
            )
        )
    )
    for code in run.all_columns:
        blocks += describe_place(teller, code)
    blocks.append(Heading(1, t.gettext("Themes"), "themes", new_page=True))
    blocks.append(
        Paragraph(plain(t.gettext("For each theme: where each jurisdiction stands, with its best provision.")))
    )
    for theme in run.themes:
        blocks += compare_theme(teller, theme)
    blocks += [*list_documents(teller), *account_for_method(teller)]
    facts = [_day_line(teller), _run_line(teller)]
    return Paper(
        title=teller.words["title"],
        facts=tuple(printable(fact) for fact in facts if fact),
        contents=t.gettext("Contents"),
        page=t.gettext("Page"),
        language=language,
        made=made_at(run),
        blocks=tuple(blocks),
    )


def _day_line(teller: Narrator) -> str:
    """The table's day, or where it has none the day of the run: that the law is of that day nobody has looked up."""
    day = as_of(teller.run)
    said = teller.t.gettext("As of {date}") if teller.run.config.table.as_of else teller.t.gettext("run of {date}")
    told = said.format(date=format_date(day, teller.language)) if day else ""
    return f"{told[:1].upper()}{told[1:]}"


def _run_line(teller: Narrator) -> str:
    details = teller.run.details
    made = teller.t.gettext("Made by policy_scan {version}").format(version=details.get("policy_scan", ""))
    key = str(details.get("tables_key", ""))[:12]
    return made + (", " + teller.t.gettext("run {key}").format(key=key) if key else "")
