"""The sheets about the table: documents, what was searched, what went wrong, codebook, method."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from ..as_of import documents_at, is_later
from ..jurisdictions import UNKNOWN
from ..records import Document
from ..stages.cells import belongs
from .common import RunData, flatten, jurisdiction_name, remarks_on, searched_words, theme_name, told_details
from .page_words import languages_said
from .xlsx_book import A3, HEADER, Book, Sheet, row_height
from .xlsx_evidence import published_decisions

_VERSIONS = (
    "policy_scan", "python", "codebook_version", "codebook_key", "classifier_key", "tables_key", "stages", "libraries",
)  # fmt: skip
_SETTING, _VALUE = 44, 110
_LABEL, _COUNT = 34, 13
_REMARKS = 30
"""Lines of remarks on one document; the sheet of what went wrong has them all."""


def _countries(book: Book, document: Document) -> str:
    return ", ".join(jurisdiction_name(code, book.language) for code in document.jurisdictions)


def _by_document(run: RunData) -> Counter[str]:
    """doc_id -> how many provisions it has."""
    counted: Counter[str] = Counter()
    for one in run.tallies:
        counted[one.doc_id] += one.n
    return counted


def write_documents(book: Book) -> None:
    """Every document: what was read, excluded and why, failed and what to do."""
    texts, run, t = book.texts, book.run, book.t
    made = book.sheets["documents"]
    names = [
        texts["country"], texts["document"], texts["doc_type"], texts["legal_status"], texts["date"],
        texts["languages"], texts["reading"], texts["text_source"], texts["pages"], texts["pages_failed"],
        texts["provisions"], texts["coded"], texts["remarks"], texts["issuer"], texts["path"], t.gettext("PDF"),
        texts["url"], texts["licence"], t.gettext("Told by the text, not the manifest"),
    ]  # fmt: skip
    made.header(names, [18, 48, 14, 12, 14, 16, 14, 12, 8, 9, 11, 9, 58, 26, 38, 8, 30, 24, 30])
    provisions = _by_document(run)
    assigned = {coding.provision_id for coding in run.codings if coding.assigned}
    coded = Counter(provision.doc_id for provision in run.provisions if provision.provision_id in assigned)
    shown = run.documents[: made.room(len(run.documents))]
    for row, document in enumerate(shown, start=HEADER + 1):
        lines = remarks_on(run, document).split("\n")
        if len(lines) > _REMARKS:
            more = t.ngettext("… and {n} more", "… and {n} more", len(lines) - _REMARKS)
            lines[_REMARKS:] = [more.format(n=len(lines) - _REMARKS)]
        remarks, paths = "\n".join(lines), "\n".join((document.path, *document.other_paths))
        languages = languages_said(document.language, book.language)
        made.texts(row, [_countries(book, document), document.title, texts.get(document.doc_type, document.doc_type),
                         texts.get(document.legal_status, "")])  # fmt: skip
        made.date(row, 4, document.date)
        made.texts(row, [languages, texts[document.status], texts[document.text_source]], 5)
        numbers = (document.n_pages, document.n_pages_failed, provisions[document.doc_id], coded[document.doc_id])
        for column, number in enumerate(numbers, start=8):
            made.number(row, column, number)
        made.texts(row, [remarks, document.issuer, paths], 12)
        if document.status != "excluded":
            made.link_page(row, 15, document, 1)
        made.texts(row, [document.url, document.licence, ", ".join(document.inferred)], 16)
        made.sheet.set_row(row, row_height([(document.title, 48), (remarks, 58), (paths, 38), (languages, 16),
                                            (document.issuer, 26), (document.url, 30)]))  # fmt: skip
    tally = Counter(document.status for document in run.documents)
    read = book.tally((texts[status], tally[status]) for status in ("ok", "partial", "failed", "excluded"))
    where = t.gettext("By type, language and date: sheet '{name}'.").format(name=book.sheets["corpus"].name)
    made.note(f"{read}.", where, made.not_shown(len(run.documents) - len(shown)))
    made.finish(len(shown), len(names), 2, printed=14)


def write_corpus(book: Book) -> None:
    """Counts by country: how documents were read; those searched by type, language and date; provisions by language."""
    texts, run, t = book.texts, book.run, book.t
    made = book.sheets["corpus"]
    as_of = run.config.table.as_of
    later = {document.doc_id: 1 for document in run.documents if is_later(document, None, as_of)}
    searched = [
        document
        for document in documents_at(run.documents, as_of)
        if document.status in ("ok", "partial") and document.doc_id not in later
    ]
    at = {document.doc_id: document for document in searched}
    columns = list(run.all_columns)
    if any(UNKNOWN in document.jurisdictions for document in run.documents):
        columns.append(UNKNOWN)
    made.sheet.set_column(0, 0, _LABEL)
    made.sheet.set_column(1, len(columns) + 1, _COUNT)
    assigned = {coding.provision_id for coding in run.codings if coding.assigned}
    by_language: dict[str, Counter[str]] = defaultdict(Counter)
    for one in run.tallies:
        if one.doc_id in at and not is_later(at[one.doc_id], one, as_of):
            by_language[one.language][one.doc_id] += one.n
    reading = {
        **{
            texts[status]: _having(run.documents, "status", status)
            for status in ("ok", "partial", "failed", "excluded")
        },
        **({texts["standing_later"]: later} if later else {}),
        texts["pages"]: {document.doc_id: document.n_pages for document in run.documents},
        texts["pages_failed"]: {document.doc_id: document.n_pages_failed for document in run.documents},
        texts["provisions"]: _by_document(run),
        t.gettext("Provisions coded"): Counter(one.doc_id for one in run.provisions if one.provision_id in assigned),
    }
    untold = t.gettext("not told")
    types = Counter(document.doc_type for document in searched)
    legal = Counter(document.legal_status for document in searched)
    spoken = Counter(code for document in searched for code in document.language.split(";"))
    years = sorted({document.date[:4] for document in searched}, reverse=True)
    blocks: list[tuple[str, Mapping[str, Mapping[str, int]]]] = [
        (texts["reading"], reading),
        (
            t.gettext("Documents searched, by type"),
            {texts.get(kind, kind): _having(searched, "doc_type", kind) for kind, _ in types.most_common()},
        ),
        (
            t.gettext("Documents searched, by legal status"),
            {texts.get(one) or untold: _having(searched, "legal_status", one) for one, _ in legal.most_common()},
        ),
        (
            t.gettext("Documents searched, by language (one with several counts in each)"),
            {
                languages_said(code, book.language) or untold: {
                    document.doc_id: 1 for document in searched if code in document.language.split(";")
                }
                for code, _ in spoken.most_common()
            },
        ),
        (
            t.gettext("Provisions searched, by language"),
            {
                languages_said(code, book.language) or untold: counted
                for code, counted in sorted(by_language.items(), key=lambda item: -item[1].total())
            },
        ),
        (
            t.gettext("Documents searched, by year"),
            {
                year or t.gettext("no date"): {one.doc_id: 1 for one in searched if one.date[:4] == year}
                for year in years
            },
        ),
    ]
    row = HEADER
    for title, lines in blocks:
        names = [jurisdiction_name(code, book.language) for code in columns]
        for column, name in enumerate((title, *names, t.gettext("All"))):
            made.text(row, column, name, "header_centred" if column else "header")
        made.sheet.set_row(row, row_height([(title, _LABEL), *((name, _COUNT) for name in names)]) + 4)
        for label, counted in lines.items():
            row += 1
            made.text(row, 0, label)
            for column, code in enumerate(columns, start=1):
                n = sum(counted.get(one.doc_id, 0) for one in run.documents if _within(one, code))
                made.number(row, column, n, "count")
            made.number(row, len(columns) + 1, sum(counted.values()), "total")
        row += 2
    made.note(
        t.gettext("Excluded documents and those that could not be read were not searched."),
        t.gettext("A document of several jurisdictions counts in each of them, and once in the last column."),
    )
    made.sheet.freeze_panes(HEADER, 1)
    made.sheet.repeat_columns(0)
    made.page()


def _having(documents: Iterable[Document], name: str, value: str) -> dict[str, int]:
    return {document.doc_id: 1 for document in documents if getattr(document, name) == value}


def _within(document: Document, code: str) -> bool:
    return code in document.jurisdictions if code == UNKNOWN else belongs(document.jurisdictions, code)


def write_problems(book: Book) -> None:
    """A row per document left out, and per issue, those of the whole corpus first."""
    texts, run, t = book.texts, book.run, book.t
    made = book.sheets["issues"]
    names = [
        t.gettext("Severity"), texts["country"], texts["document"], texts["page"], texts["message"],
        texts["next_step"], texts["path"],
    ]  # fmt: skip
    widths = (13, 18, 44, 8, 60, 60, 40)
    made.header(names, widths)
    documents = {document.doc_id: document for document in run.documents}
    severities = {"error": t.gettext("error"), "warning": t.gettext("warning"), "info": t.gettext("hint")}
    left_out = t.gettext("Left out: {reason}")
    lines: list[tuple[str, Document | None, int | None, str, str]] = [
        (t.gettext("left out"), one, None, left_out.format(reason=one.exclude_reason or t.gettext("no reason given")),
         t.gettext("to have it read, set include to yes in the manifest."))
        for one in run.documents if one.status == "excluded"
    ]  # fmt: skip
    order = ("error", "warning", "info")
    for issue in sorted(run.issues, key=lambda one: (one.doc_id is not None, order.index(one.severity))):
        document = documents.get(issue.doc_id or "")
        lines.append((severities[issue.severity], document, issue.page, issue.message, issue.next_step))
    shown = lines[: made.room(len(lines))]
    for row, (severity, document, page, message, step) in enumerate(shown, start=HEADER + 1):
        title = document.title if document else t.gettext("the corpus as a whole")
        made.texts(row, [severity, _countries(book, document) if document else "", title])
        if page is not None and document:
            made.link_page(row, 3, document, page)
        made.texts(row, [message, step, document.path if document else ""], 4)
        made.sheet.set_row(row, row_height([(title, 44), (message, 60), (step, 60)]))
    n = len(lines)
    none = t.gettext("Nothing was left out and nothing went wrong.")
    said = t.ngettext("{n} row.", "{n} rows.", n).format(n=n) if n else none
    made.note(said, made.not_shown(n - len(shown)))
    made.finish(len(shown), len(names), 1)


def write_codebook(book: Book) -> None:
    """Themes with their rules and counts, then forces and statuses with theirs."""
    texts, run, t, codebook = book.texts, book.run, book.t, book.run.codebook
    made = book.sheets["codebook"]
    names = [
        texts["key"], texts["name"], texts["code_when"], texts["not_when"], t.gettext("Provisions coded"),
        texts["documents"], t.gettext("Countries with evidence"), texts["to_check_count"],
    ]  # fmt: skip
    made.header(names, [20, 36, 84, 48, 11, 12, 11, 10])
    provisions = {provision.provision_id: provision for provision in run.provisions}
    coded: dict[str, set[str]] = defaultdict(set)
    forces: dict[str, set[str]] = defaultdict(set)
    for coding in run.codings:
        if coding.assigned:
            coded[coding.theme].add(coding.provision_id)
            forces[coding.force].add(coding.provision_id)
    row = HEADER
    for key, theme in codebook.themes.items():
        row += 1
        name = theme_name(run, key, book.language)
        if book.language != "en":
            name += f" ({theme.label('en')})"
        if not theme.enabled:
            name += f" [{t.gettext('switched off')}]"
        when, unless = (" ".join(part.split()) for part in theme.rule(book.language))
        made.texts(row, [key, name, when, unless])
        found = [cell for cell in run.cells if cell.theme == key]
        tally = (
            len(coded[key]), len({provisions[one].doc_id for one in coded[key]}),
            sum(bool(cell.n_provisions) for cell in found), sum(cell.n_to_check for cell in found),
        )  # fmt: skip
        for column, number in enumerate(tally, start=4):
            made.number(row, column, number, "count")
        made.sheet.set_row(row, row_height([(when, 84), (unless, 48), (name, 36)]))
    made.sheet.autofilter(HEADER, 0, max(row, HEADER + 1), len(names) - 1)
    statuses: Counter[str] = Counter(cell.status for cell in run.cells)
    for title, counted, keys, name_of, meaning_of, numbers in (
        (texts["force"], t.gettext("Provisions coded"), codebook.force, codebook.force_name, codebook.force_meaning,
         {key: len(found) for key, found in forces.items()}),
        (texts["status"], texts["cells"], codebook.status, codebook.status_name, codebook.status_meaning, statuses),
    ):  # fmt: skip
        row += 2
        for column, head in ((0, title), (1, texts["name"]), (2, texts["meaning"]), (4, counted)):
            made.text(row, column, head, "header")
        for key in keys:
            row += 1
            meaning = meaning_of(key, book.language)
            made.texts(row, [key, name_of(key, book.language), meaning])
            made.number(row, 4, numbers.get(key, 0), "count")
            made.sheet.set_row(row, row_height([(meaning, 84)]))
    made.note(
        t.gettext("Rules of the codebook, version {version}.").format(version=codebook.version),
        t.gettext("Counts are of this run; a provision may have several themes."),
    )
    made.sheet.freeze_panes(HEADER + 1, 1)
    made.sheet.repeat_rows(HEADER)
    made.page(A3)


class _Lines:
    """The rows of the sheet of the method, one under the other."""

    def __init__(self, made: Sheet) -> None:
        self.made, self.row = made, HEADER

    def section(self, title: str) -> None:
        self.row += self.row > HEADER
        formats = self.made.whole.formats
        self.made.sheet.write_string(self.row, 0, title, formats["section"])
        self.made.sheet.write_blank(self.row, 1, None, formats["section"])
        self.made.sheet.set_row(self.row, 20)
        self.row += 1

    def line(self, name: str, value: str) -> None:
        self.made.texts(self.row, [name, value])
        self.made.sheet.set_row(self.row, row_height([(name, _SETTING), (value, _VALUE)]))
        self.row += 1


def write_method(book: Book) -> None:
    """How to read the table; what was searched, reviewed and coded by which model; versions, configuration, counts."""
    texts, run, t = book.texts, book.run, book.t
    made = book.sheets["method"]
    made.sheet.set_column(0, 0, _SETTING)
    made.sheet.set_column(1, 1, _VALUE)
    lines = _Lines(made)
    lines.section(t.gettext("How to read the table"))
    lines.line(texts["status"], texts["caution"])
    lines.line(texts["quotation"], texts["verbatim"])
    lines.line(texts["terms"], texts["marks"])
    lines.section(texts["searched_documents"])
    for code in run.all_columns:
        cell = next(cell for cell in run.cells if cell.jurisdiction == code)
        searched = searched_words(cell, book.language, run.config.table.as_of, any_theme=True)
        lines.line(jurisdiction_name(code, book.language), searched)
    lines.section(texts["review_state"])
    _tell_review(book, lines)
    lines.section(t.gettext("Classifier and coder agreement"))
    _tell_model(book, lines)
    details = told_details(run)
    grouped: list[tuple[str, Mapping[str, Any]]] = [
        (t.gettext("Versions"), {name: details[name] for name in _VERSIONS if name in details}),
        (t.gettext("Configuration"), details.get("configuration", {})),
        (t.gettext("Counts"), details.get("counts", {})),
    ]
    told = {*_VERSIONS, "configuration", "counts"}
    grouped.append((t.gettext("The run"), {name: value for name, value in details.items() if name not in told}))
    for title, values in grouped:
        if values:
            lines.section(title)
            for name, value in flatten(values):
                lines.line(name, value)
    made.note(t.gettext("Settings bear the names they have in run.json and in the configuration."))
    made.sheet.freeze_panes(HEADER, 1)
    made.page()


def _tell_review(book: Book, lines: _Lines) -> None:
    texts, run, t = book.texts, book.run, book.t
    states = Counter(cell.review_state for cell in run.cells)
    lines.line(texts["cells"], book.tally((texts[f"review_{state}"], n) for state, n in states.items()))
    rows = [row for row in published_decisions(run) if row.live]
    if not rows:
        lines.line(texts["decision"], texts["no_agreement"])
        return
    outcomes = Counter(row.outcome for row in rows if row.outcome)
    told = (("yes", t.gettext("accepted")), ("no", t.gettext("rejected")), ("disputed", texts["review_disputed"]))
    lines.line(texts["decision"], book.tally((name, outcomes[key]) for key, name in told))
    stale = sum(row.anchor == "stale" for row in rows)
    if stale:
        no_text = t.ngettext(
            "{n} decision no longer finds its text and is not applied.",
            "{n} decisions no longer find their text and are not applied.",
            stale,
        )
        lines.line("", no_text.format(n=stale))
    by_reviewer = Counter(row.reviewer for row in rows)
    lines.line(texts["reviewer"], book.tally(sorted(by_reviewer.items())))


def _tell_model(book: Book, lines: _Lines) -> None:
    """The model that coded the run, and how well it and the coders of its passages do, as far as that is known."""
    from ..classifier.linear import SHIPPED
    from ..evaluate import AGREEMENT, AGREEMENT_FORCE, AGREEMENT_MICRO, AGREEMENT_RELEVANCE

    run, t = book.run, book.t
    versions = sorted({one.model_version for one in run.coders if one.model_version})
    lines.line(t.gettext("Version of the model"), ", ".join(versions) or "–")
    lines.line(
        t.gettext("Coder agreement"),
        t.gettext(
            "F1 {micro} for themes, {relevance} for whether there is any theme, {force} for force, between two "
            "machine-assisted coders before adjudication. It is an upper bound, and says nothing of how far persons "
            "would agree."
        ).format(
            micro=f"{AGREEMENT_MICRO:.2f}", relevance=f"{AGREEMENT_RELEVANCE:.2f}", force=f"{AGREEMENT_FORCE:.2f}"
        ),
    )
    model = json.loads((SHIPPED / "model.json").read_text(encoding="utf-8"))
    if not versions or not all(version.startswith(model["version"]) for version in versions):
        unknown = t.gettext("Not known for this model: 'policy-scan evaluate' measures it against coded passages.")
        lines.line(t.gettext("Figures of the model"), unknown)
        return
    for name, paragraph in _card((SHIPPED / "MODEL_CARD.md").read_text(encoding="utf-8")):
        lines.line(t.gettext("Model card: {part}").format(part=name), paragraph)
    calibration = model["calibration"].get(run.config.codings.setting, {})
    learnt = t.gettext("learnt from {n} coded passages; assigned from {assigned} on, counts in cells from {cells} on")
    agreed = t.gettext("; coder agreement F1 {f1} (n = {n})")
    for theme in run.themes:
        if theme not in calibration:
            lines.line(theme_name(run, theme, book.language), book.texts["by_lexicon"])
            continue
        values = calibration[theme]
        said = learnt.format(
            n=model["n_by_theme"][theme],
            assigned=f"{values['threshold']:.2f}",
            cells=f"{values['cell_threshold']:.2f}",
        )
        if theme in AGREEMENT:
            f1, n = AGREEMENT[theme]
            said += agreed.format(f1=f"{f1:.2f}", n=n)
        lines.line(theme_name(run, theme, book.language), said)


def _card(text: str) -> list[tuple[str, str]]:
    """The named paragraphs of a model card, in its own words and language: '**Data**: …' -> ('Data', '…')."""
    found = []
    for paragraph in text.split("\n\n"):
        head, _, rest = paragraph.strip().removeprefix("**").partition("**")
        if paragraph.startswith("**") and rest:
            found.append((head, " ".join(rest.lstrip(":, ").replace("`", "").split())))
    return found
