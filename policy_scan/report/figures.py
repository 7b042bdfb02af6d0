"""Figures of a run for reports and slides: statuses, forces, years, coverage of the corpus, review; as SVG and PNG.

Each carries a title that says what is shown, the corpus and date it speaks of, and a description with its main numbers,
written from the data for whoever can't see it. Counts are those of the tables: an excerpt counts where it supports a
cell, a document counts in each of its jurisdictions.
"""

from __future__ import annotations

import gettext
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from ..as_of import is_later
from ..citations import act_date, format_date
from ..decisions import PublishedDecision, settled_of
from ..records import DOC_TYPES, FORCES, Document
from ..stages.cells import belongs
from ..tables import csv_bytes, read_records, write_atomic
from ..translation import translations
from .charts import (
    LABELS,
    SMALL,
    TEXT,
    WIDTH,
    Sheet,
    column_width,
    count_table,
    parts,
    text_width,
    to_png,
    wrap,
    write_head,
    write_legend,
    write_row_name,
)
from .common import Evidence, RunData, jurisdiction_name, list_evidence, printable, short_status, theme_name
from .data import defused
from .narrator import as_of
from .page_words import language_names
from .palette import FORCE_COLOURS, INK, QUIET, REVIEW_COLOURS, RULE, STATUS_COLOURS
from .words import words

_READING = ("ok", "partial", "failed", "excluded")
_YEAR_BAR = 9.0
_Key = TypeVar("_Key", bound=str)


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture, what it shows in one line, the corpus it speaks of, and in words what it tells."""

    name: str
    title: str
    alt: str
    caption: str
    svg: str
    png: bytes


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all figures of a run share."""

    run: RunData
    language: str
    t: gettext.NullTranslations
    columns: tuple[str, ...]
    places: Mapping[str, str]
    """Jurisdiction -> its name."""
    documents: tuple[Document, ...]
    """Those not later than the table's day, excluded ones too."""
    evidence: tuple[Evidence, ...]
    """What supports the cells."""
    corpus: str
    """'Corpus of 57 documents, as of …'"""

    def figure(self, sheet: Sheet, name: str, title: str, caption: str, alt: Sequence[str]) -> Figure:
        described = " ".join(printable(sentence) for sentence in (*alt, caption) if sentence)
        svg = sheet.svg(name, title, described, self.language)
        return Figure(name, title, described, caption, svg, to_png(svg, title, described, self.language))

    def documents_of(self, code: str) -> list[Document]:
        return [document for document in self.documents if belongs(document.jurisdictions, code)]

    def listed(self, counts: Mapping[_Key, int], names: Mapping[_Key, str]) -> str:
        """'binding 12, described 1': what isn't zero, in the order of the names."""
        return ", ".join(f"{name} {counts[key]}" for key, name in names.items() if counts.get(key))


def draw(run: RunData, language: str) -> tuple[Figure, ...]:
    """The figures of a run; that of the review only where reviewers decided something. The same run, the same bytes."""
    t = translations(language)
    columns = run.all_columns
    known = [document for document in run.documents if not is_later(document, None, run.config.table.as_of)]
    n, day = sum(document.status != "excluded" for document in known), as_of(run)
    corpus = t.ngettext("Corpus of {n} document.", "Corpus of {n} documents.", n).format(n=n)
    if day:
        corpus = t.ngettext("Corpus of {n} document, as of {date}.", "Corpus of {n} documents, as of {date}.", n)
        corpus = corpus.format(n=n, date=format_date(day, language))
    frame = _Frame(
        run=run,
        language=language,
        t=t,
        columns=columns,
        places={code: jurisdiction_name(code, language) for code in columns},
        documents=tuple(known),
        evidence=tuple(item for item in list_evidence(run) if item.standing == "evidence"),
        corpus=corpus,
    )
    figures = [_statuses(frame), _forces(frame), _force_counts(frame), _years(frame), _coverage(frame), _review(frame)]
    return tuple(figure for figure in figures if figure is not None)


def export_figures(run: RunData, language: str, path: Path) -> list[Path]:
    """Write each figure as SVG and PNG into the folder `path`, and figures.csv with their titles and descriptions.

    Raises OSError.
    """
    path.mkdir(parents=True, exist_ok=True)
    figures = draw(run, language)
    index = pa.table(
        {
            "name": [figure.name for figure in figures],
            "title": [figure.title for figure in figures],
            "alternative_text": [figure.alt for figure in figures],
            "caption": [figure.caption for figure in figures],
            "svg": [f"{figure.name}.svg" for figure in figures],
            "png": [f"{figure.name}.png" for figure in figures],
        }
    )
    written = [path / "figures.csv"]
    write_atomic(written[0], csv_bytes(defused(index)))
    for figure in figures:
        for suffix, content in ((".svg", figure.svg.encode("utf-8")), (".png", figure.png)):
            written.append(path / f"{figure.name}{suffix}")
            write_atomic(written[-1], content)
    return written


# The figures


def _nothing(sheet: Sheet, sentence: str) -> None:
    """What stands instead of an empty frame."""
    sheet.y = sheet.write(0, sheet.y + 6, wrap(sentence, WIDTH, TEXT), colour=QUIET) + 6


def _statuses(frame: _Frame) -> Figure:
    t, run = frame.t, frame.run
    cells = {(cell.theme, cell.jurisdiction): cell for cell in run.cells}
    title = t.ngettext(
        "What the corpus holds on {themes} themes in {n} jurisdiction",
        "What the corpus holds on {themes} themes in {n} jurisdictions",
        len(frame.columns),
    ).format(themes=len(run.themes), n=len(frame.columns))
    caution = t.gettext("Numbers count the provisions behind each status; not found speaks of this corpus only.")
    caption = f"{frame.corpus} {caution}"
    sheet = Sheet()
    sheet.heading(title, caption)
    for columns in parts(frame.places):
        width = column_width(columns)
        write_head(sheet, [frame.places[code] for code in columns], width)
        for theme in run.themes:
            height = write_row_name(sheet, theme_name(run, theme, frame.language))
            for index, code in enumerate(columns):
                cell = cells[theme, code]
                fill, ink = STATUS_COLOURS[cell.status]
                x, middle = LABELS + index * width, sheet.y + height / 2
                sheet.box(x + 1, sheet.y + 1, width - 2, height - 2, fill, RULE)
                n = str(cell.n_provisions) if cell.n_provisions else ""
                centre = x + width / 2 - (5 + text_width(n, TEXT) / 2 if n else 0)
                sheet.symbol(cell.status, centre, middle, ink)
                if n:
                    sheet.write(centre + 10, middle, n, colour=ink)
                if cell.search_incomplete:
                    sheet.write(x + width - 5, sheet.y + 8, "*", colour=ink, anchor="end", bold=True)
            sheet.y += height
        sheet.y += 8
    names = {status: short_status(run.codebook, status, frame.language) for status in STATUS_COLOURS}
    if run.cells:
        write_legend(sheet, [(*STATUS_COLOURS[status], status, name) for status, name in names.items()])
        if any(cell.search_incomplete for cell in run.cells):
            sheet.write(0, sheet.y + 6, t.gettext("* search incomplete: some documents or pages could not be read"))
            sheet.y += 16
    else:
        _nothing(sheet, t.gettext("The run holds no cells."))
    alt = [t.gettext("Table of themes by jurisdiction, one status each.")]
    for code in frame.columns:
        own = Counter(cell.status for cell in run.cells if cell.jurisdiction == code)
        alt.append(t.gettext("{place}: {counts}.").format(place=frame.places[code], counts=frame.listed(own, names)))
        missing = [
            theme_name(run, cell.theme, frame.language)
            + (f" ({words(frame.language)['n_to_check'].format(n=cell.n_to_check)})" if cell.n_to_check else "")
            for cell in run.cells
            if cell.jurisdiction == code and cell.status == "not_found"
        ]
        if missing:
            told = t.gettext("The corpus holds no provision of {place} on: {themes}.")
            alt.append(
                told.format(place=frame.places[code], themes=t.pgettext("between items of a list", "; ").join(missing))
            )
    return frame.figure(sheet, "statuses", title, caption, alt)


def _forces(frame: _Frame) -> Figure:
    t, run = frame.t, frame.run
    counts = Counter((item.theme, item.jurisdiction, item.coding.force) for item in frame.evidence)
    names = {force: run.codebook.force_name(force, frame.language) for force in FORCES}
    n = len(frame.evidence)
    title = t.ngettext(
        "Forces by theme and jurisdiction: {n} coded provision",
        "Forces by theme and jurisdiction: {n} coded provisions",
        n,
    ).format(n=n)
    told = t.gettext(
        "Each bar divides a cell's provisions by force and has the same length in every cell; the number says how many "
        "they are. A provision counts in each of its themes."
    )
    caption = f"{frame.corpus} {told}"
    sheet = Sheet()
    sheet.heading(title, caption)
    for columns in parts(frame.places) if n else []:
        width = column_width(columns)
        digits = text_width("0000" if width > 60 else "000", SMALL)
        write_head(sheet, [frame.places[code] for code in columns], width)
        for theme in run.themes:
            height = write_row_name(sheet, theme_name(run, theme, frame.language))
            for index, code in enumerate(columns):
                total = sum(counts[theme, code, force] for force in FORCES)
                x = LABELS + index * width + 2
                length = width - digits - 8
                middle = sheet.y + height / 2
                if total:
                    at = x
                    for force in FORCES:
                        part = length * counts[theme, code, force] / total
                        if part:
                            sheet.box(at, middle - 8, part, 16, FORCE_COLOURS[force][0], "#FFFFFF" if part > 3 else "")
                        at += part
                else:
                    sheet.rule(x, middle, x + length, middle, RULE)
                sheet.write(x + length + 4, middle, str(total), SMALL, INK if total else QUIET)
            sheet.y += height
        sheet.y += 6
    if n:
        write_legend(sheet, [(*FORCE_COLOURS[force], None, name) for force, name in names.items()])
    else:
        _nothing(sheet, t.gettext("The corpus holds no provision that supports a cell."))
    alt = [t.gettext("Table of themes by jurisdiction with a divided bar in each cell.")]
    for code in frame.columns:
        own = Counter(item.coding.force for item in frame.evidence if item.jurisdiction == code)
        if own:
            themes = Counter(item.theme for item in frame.evidence if item.jurisdiction == code)
            most = max(themes, key=lambda theme: themes[theme])
            sentence = t.gettext("{place}: {counts}; most on {theme} ({n}).")
            name = theme_name(run, most, frame.language)
            listed = frame.listed(own, names)
            alt.append(sentence.format(place=frame.places[code], counts=listed, theme=name, n=themes[most]))
        else:
            alt.append(t.gettext("{place}: no provision in the corpus.").format(place=frame.places[code]))
    return frame.figure(sheet, "forces", title, caption, alt)


def _force_counts(frame: _Frame) -> Figure:
    t = frame.t
    forces = {(item.jurisdiction, item.provision.provision_id): item.coding.force for item in frame.evidence}
    counts = Counter((force, code) for (code, _), force in forces.items())
    names = {force: frame.run.codebook.force_name(force, frame.language) for force in FORCES}
    n = len({identifier for _, identifier in forces})
    title = t.ngettext(
        "{n} provision that supports a cell, by force", "{n} provisions that support cells, by force", n
    ).format(n=n)
    caption = f"{frame.corpus} {t.gettext('A provision counts once in each of its jurisdictions.')}"
    sheet = Sheet()
    sheet.heading(title, caption)
    if n:
        count_table(
            sheet,
            t.gettext("Force"),
            frame.places,
            names,
            counts,
            {force: fill for force, (fill, _) in FORCE_COLOURS.items()},
        )
    else:
        _nothing(sheet, t.gettext("The corpus holds no provision that supports a cell."))
    alt = [t.gettext("Table of forces by jurisdiction with the number of provisions.")]
    alt += _by_place(frame, counts, names)
    return frame.figure(sheet, "force-counts", title, caption, alt)


def _by_place(frame: _Frame, counts: Mapping[tuple[str, str], int], names: Mapping[str, str]) -> list[str]:
    """A sentence per jurisdiction with its counts."""
    sentences = []
    for code in frame.columns:
        own = {row: counts.get((row, code), 0) for row in names}
        listed = frame.listed(own, names) or frame.t.gettext("nothing in the corpus")
        sentences.append(frame.t.gettext("{place}: {counts}.").format(place=frame.places[code], counts=listed))
    return sentences


def _year(date: str) -> int | None:
    match = re.match(r"(1[89]\d\d|20\d\d)(?!\d)", date)
    return int(match[1]) if match else None


def _years(frame: _Frame) -> Figure:
    """Two rows of bars per jurisdiction: documents, and provisions that support a cell, by the year of their act."""
    t = frame.t
    documents = {
        code: Counter(_year(d.date) for d in frame.documents_of(code) if d.status != "excluded")
        for code in frame.columns
    }
    dates = {
        (item.jurisdiction, item.provision.provision_id): _year(act_date(item.document, item.provision))
        for item in frame.evidence
    }
    provisions: dict[str, Counter[int | None]] = {code: Counter() for code in frame.columns}
    for (code, _), year in dates.items():
        provisions[code][year] += 1
    known = sorted({year for own in (*documents.values(), *provisions.values()) for year in own if year})
    title = t.gettext("Documents and provisions by year and jurisdiction")
    if known:
        span = t.gettext("Documents and provisions by year and jurisdiction, {first} to {last}")
        title = span.format(first=known[0], last=known[-1])
    told = t.gettext(
        "Years are those of documents, in gazettes those of acts. All jurisdictions have the same scale for documents; "
        "for provisions that support a cell each has its own. The highest bar is numbered."
    )
    caption = f"{frame.corpus} {told}"
    sheet = Sheet()
    sheet.heading(title, caption)
    if known:
        first, last = known[0] // 10 * 10, -(-(known[-1] + 1) // 10) * 10
        highest = max((own[year] for own in documents.values() for year in known), default=0)
        _year_bars(sheet, frame, t.gettext("Documents"), documents, (first, last), highest)
        _year_bars(sheet, frame, t.gettext("Provisions"), provisions, (first, last), None)
    else:
        _nothing(sheet, t.gettext("No document of the corpus tells its year."))
    alt = []
    for code in frame.columns:
        own = {year: n for year, n in documents[code].items() if year}
        if own:
            sentence = t.gettext("{place}: documents of {first} to {last}, at most {n} in a year ({year}).")
            year = max(own, key=lambda key: (own[key], key))
            alt.append(sentence.format(place=frame.places[code], first=min(own), last=max(own), year=year, n=own[year]))
        else:
            alt.append(t.gettext("{place}: no dated document in the corpus.").format(place=frame.places[code]))
        dated = {year: n for year, n in provisions[code].items() if year}
        if dated:
            year = max(dated, key=lambda key: (dated[key], key))
            sentence = t.gettext("Provisions: at most {n} of {total} in a year ({year}).")
            alt.append(sentence.format(year=year, n=dated[year], total=sum(provisions[code].values())))
    return frame.figure(sheet, "years", title, caption, alt)


def _year_bars(
    sheet: Sheet,
    frame: _Frame,
    heading: str,
    counts: Mapping[str, Counter[int | None]],
    span: tuple[int, int],
    highest: int | None,
) -> None:
    """A row of bars per jurisdiction; `highest`: the count that fills a row's height, None = each row's own."""
    t = frame.t
    sheet.write(0, sheet.y + 6, heading, bold=True)
    sheet.y += 20
    left, (first, last) = 128.0, span
    names = {code: wrap(frame.places[code], left - 8, TEXT, 2, bold=True) for code in frame.columns}
    height = 34.0 if all(len(lines) == 1 for lines in names.values()) else 46.0
    step = (WIDTH - left - 14) / (last - first)
    decades = range(first, last + 1, 10 if step * 10 > 30 else 20)
    colour = FORCE_COLOURS["obligation"][0]
    for code in frame.columns:
        total, undated = sum(counts[code].values()), counts[code][None]
        sheet.write(0, sheet.y + height - 6 - 14 * len(names[code]), names[code], bold=True)
        undated_words = t.gettext("{n}, {undated} undated").format(n=total, undated=undated) if undated else str(total)
        sheet.write(0, sheet.y + height - 6, undated_words, SMALL, QUIET)
        for decade in decades:
            x = left + (decade - first) * step
            sheet.rule(x, sheet.y + 2, x, sheet.y + height, "#E6E6E6")
        years = [year for year in counts[code] if year is not None]
        top = max(years, key=lambda year: (counts[code][year], year), default=None)
        for year in sorted(years):
            n = counts[code][year]
            bar = max(1.5, (height - 12) * n / (highest or counts[code][top]))
            x = left + (year - first + 0.1) * step
            sheet.box(x, sheet.y + height - bar, step * 0.8, bar, colour)
            if year == top:
                sheet.write(x + step * 0.4, sheet.y + height - bar - 6, str(n), _YEAR_BAR, QUIET, "middle")
        sheet.rule(left, sheet.y + height, WIDTH - 14, sheet.y + height, QUIET)
        sheet.y += height + 4
    for decade in decades:
        sheet.write(left + (decade - first) * step, sheet.y + 6, str(decade), SMALL, QUIET, "middle")
    sheet.y += 24


def _used(names: Mapping[str, str], counts: Mapping[tuple[str, str], int]) -> dict[str, str]:
    """Those of the names that have a count."""
    used = {key for (key, _), n in counts.items() if n}
    return {key: name for key, name in names.items() if key in used}


def _coverage(frame: _Frame) -> Figure:
    t, texts = frame.t, words(frame.language)
    own_documents = {code: frame.documents_of(code) for code in frame.columns}
    readable = {code: [d for d in own if d.status in ("ok", "partial")] for code, own in own_documents.items()}
    reading: Counter[tuple[str, str]] = Counter((d.status, code) for code, own in own_documents.items() for d in own)
    types = Counter((d.doc_type, code) for code, own in readable.items() for d in own)
    spoken = Counter(
        (tongue, code) for code, own in readable.items() for d in own for tongue in (d.language or "und").split(";")
    )
    names = dict(language_names(frame.language))
    tongues = {key: names.get(key, key) for key in (*names, *sorted({key for key, _ in spoken} - set(names)))}
    rows: dict[str, tuple[dict[str, str], Counter[tuple[str, str]]]] = {
        t.gettext("Reading"): ({key: texts[key] for key in _READING}, reading),
        t.gettext("Type"): (_used({key: texts[key] for key in DOC_TYPES}, types), types),
        t.gettext("Language"): (_used(tongues, spoken), spoken),
    }
    n = len(frame.documents)
    title = t.ngettext("What was searched: {n} document", "What was searched: {n} documents", n).format(n=n)
    told = t.gettext(
        "Types and languages are those of documents that could be read; a document in two languages counts in both, "
        "one of two jurisdictions in each."
    )
    caption = f"{frame.corpus} {told}"
    sheet = Sheet()
    sheet.heading(title, caption)
    alt = []
    for heading, (labels, counts) in rows.items():
        if n and labels:
            count_table(sheet, heading, frame.places, labels, counts)
            alt.append(f"{heading}. {' '.join(_by_place(frame, counts, labels))}")
    homeless = sum(not any(belongs(d.jurisdictions, code) for code in frame.columns) for d in frame.documents)
    if homeless:
        sentence = t.ngettext(
            "{n} document has no known jurisdiction and stands in no column.",
            "{n} documents have no known jurisdiction and stand in no column.",
            homeless,
        ).format(n=homeless)
        _nothing(sheet, sentence)
        alt.append(sentence)
    if not n:
        _nothing(sheet, t.gettext("The corpus holds no document."))
    return frame.figure(sheet, "coverage", title, caption, alt)


def _review(frame: _Frame) -> Figure | None:
    """How much of the evidence reviewers accepted; None without decisions."""
    if not (frame.run.directory / "decisions.parquet").is_file():
        return None
    settled = settled_of(read_records(frame.run.directory, "decisions", PublishedDecision))
    if not settled:
        return None
    t = frame.t
    counts: Counter[tuple[str, str]] = Counter()
    for item in frame.evidence:
        key = item.provision.provision_id
        one = settled.get((key, item.theme)) or settled.get((key, ""))
        state = "open" if one is None else "disputed" if one.verdict == "disputed" else "accepted"
        counts[state, item.jurisdiction] += 1
    names = {
        "accepted": t.pgettext("review", "accepted"),
        "disputed": t.pgettext("review", "disputed"),
        "open": t.pgettext("review", "not reviewed"),
    }
    n, reviewed = len(frame.evidence), sum(v for (state, _), v in counts.items() if state != "open")
    title = t.ngettext(
        "{reviewed} of {n} excerpt behind the cells reviewed", "{reviewed} of {n} excerpts behind the cells reviewed", n
    ).format(reviewed=reviewed, n=n)
    told = t.gettext(
        "An excerpt is a provision under a theme; those that reviewers rejected are no longer behind a cell."
    )
    caption = f"{frame.corpus} {told}"
    sheet = Sheet()
    sheet.heading(title, caption)
    for code in frame.columns:
        total = sum(counts[state, code] for state in names)
        own = total - counts["open", code]
        height = write_row_name(sheet, frame.places[code])
        x, length = LABELS, WIDTH - LABELS - 92
        for state in names:
            part = length * counts[state, code] / total if total else 0.0
            if part:
                sheet.box(x, sheet.y + 4, part, height - 8, REVIEW_COLOURS[state][0])
            x += part
        sheet.write(LABELS + length + 6, sheet.y + height / 2, t.gettext("{n} of {total}").format(n=own, total=total))
        sheet.y += height
    write_legend(sheet, [(*REVIEW_COLOURS[state], None, name) for state, name in names.items()])
    return frame.figure(sheet, "review", title, caption, _by_place(frame, counts, names))
