"""The chapters around the evidence: figures, documents searched, method and limits."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from ..citations import format_date, shorten
from .common import flatten, jurisdiction_name, pdf_address, printable, remarks_on
from .narrator import Narrator, plain, text_cell
from .paper import Block, Heading, Inline, Layout, Paragraph, Picture, Quotation, Table, TableCell

_WEIGHTS = Path(__file__).parents[1] / "classifier" / "weights"
_TITLE_CHARACTERS = 180
_REMARKS = 3
"""What went wrong with a document, at most: the workbook has all of it."""
_CARD_SECTION = "**Figures**"


def draw_figures(teller: Narrator) -> list[Block]:
    """The figures; each holds its title and its caption as a picture too."""
    from .figures import draw

    drawn = draw(teller.run, teller.language)
    caption = teller.t.gettext("Figure {n}. {title}")
    return [
        Heading(1, teller.t.gettext("Figures"), "figures", new_page=True),
        *(
            Picture(one.name, printable(caption.format(n=n, title=one.title)), printable(one.alt), one.png)
            for n, one in enumerate(drawn, start=1)
        ),
    ]


def list_documents(teller: Narrator) -> list[Block]:
    """Every document of the corpus: read, failed, or excluded and why."""
    run, names, t = teller.run, teller.words, teller.t
    rows = []
    for document in run.documents:
        title = printable(shorten(document.title or document.path, _TITLE_CHARACTERS))
        address = pdf_address(run, document, 1, teller.folder) if document.status in ("ok", "partial") else ""
        state = [plain(names[document.status])]
        remarks = [line for line in remarks_on(run, document).split("\n") if line]
        state += [plain(line) for line in remarks[:_REMARKS]]
        if n := len(remarks[_REMARKS:]):
            state.append(plain(t.ngettext("… and {n} more", "… and {n} more", n).format(n=n)))
        rows.append(
            (
                text_cell(", ".join(jurisdiction_name(code, teller.language) for code in document.jurisdictions)),
                text_cell(title, link=printable(address), language=document.language.partition(";")[0]),
                text_cell(names[document.doc_type]),
                text_cell(format_date(document.date, teller.language)),
                text_cell(", ".join(teller.language_name(code) for code in document.language.split(";") if code)),
                text_cell(f"{document.n_pages}"),
                TableCell(tuple(state)),
            )
        )
    head = (
        names["country"], names["document"], names["doc_type"], names["date"], names["languages"], names["pages"],
        names["reading"],
    )  # fmt: skip
    return [
        Layout("a4", landscape=True),
        Heading(1, t.gettext("Documents searched"), "documents"),
        Table(
            t.gettext("All documents of the corpus; those that were not read say why"),
            head, tuple(rows), (1.2, 4.2, 1.0, 1.2, 1.2, 0.6, 2.2), size="medium",
        ),
        Layout("a4", landscape=False),
    ]  # fmt: skip


def account_for_method(teller: Narrator) -> list[Block]:
    """How statuses came about, what the model is worth, how far reviewers went, and what isn't claimed."""
    run, t, names = teller.run, teller.t, teller.words
    blocks: list[Block] = [Heading(1, t.gettext("Method and limits"), "method")]
    stages = t.gettext(
        "PDFs are read page by page, cut into provisions, and each provision is coded by a classifier: its themes, its "
        "force, and the sentence that speaks for the theme. A cell takes its status only from codings that reach the "
        "threshold for cells or that a reviewer accepted; weaker ones are 'to check'."
    )
    blocks += [Paragraph(plain(text)) for text in (stages, _unsure(teller), _lexicon(teller), _ocr(teller)) if text]
    blocks.append(Heading(2, t.gettext("Review"), "review"))
    blocks.append(Paragraph(plain(_review(teller))))
    blocks.append(Heading(2, t.gettext("Classifier and agreement of coders"), "classifier"))
    blocks += _model(teller)
    blocks.append(Heading(2, t.gettext("What is not claimed"), "limits"))
    limits = [
        t.gettext("That a country has no policy on a theme: the report knows this corpus alone."),
        t.gettext("That the corpus is complete or representative: it holds what was put into it."),
        t.gettext("That a rule is applied, or applied well: a status tells the force of a text, not its effects."),
        t.gettext(
            "That counts of provisions measure effort: they depend on the documents chosen and on how they are cut."
        ),
        t.gettext("That a quotation suffices: read it on its page, with what stands around it."),
    ]
    inferred = sum(bool(document.inferred) for document in run.documents)
    if inferred:
        said = t.ngettext(
            "Type, date, language or status of {n} document was inferred from its text.",
            "Type, date, language or status of {n} documents was inferred from their text.",
            inferred,
        )
        limits.append(said.format(n=inferred))
    blocks += [Paragraph(plain(text), "item") for text in limits]
    blocks.append(Heading(2, t.gettext("Versions and configuration"), "settings"))
    kept = ("policy_scan", "python", "codebook_version", "codebook_key", "classifier_key", "tables_key", "ended",
            "configuration", "counts", "libraries", "stages")  # fmt: skip
    settings = {name: run.details[name] for name in kept if name in run.details}
    rows = tuple((text_cell(name), text_cell(value)) for name, value in flatten(settings))
    if rows:
        head = (names["setting"], names["value"])
        blocks.append(
            Table(t.gettext("Versions, settings and counts of the run"), head, rows, (1.0, 1.6), size="medium")
        )
    return blocks


def _unsure(teller: Narrator) -> str:
    assigned = [coding for coding in teller.run.codings if coding.assigned]
    unsure = sum(coding.unsure for coding in assigned)
    said = teller.t.ngettext(
        "{unsure} of {n} coding lies within {band} of the theme's threshold and is marked as unsure.",
        "{unsure} of {n} codings lie within {band} of the theme's threshold and are marked as unsure.",
        len(assigned),
    )
    return said.format(unsure=unsure, n=len(assigned), band=teller.run.config.codings.unsure_band)


def _lexicon(teller: Narrator) -> str:
    """Which themes have no learnt model."""
    themes = sorted({one.theme for one in teller.run.coders if one.method == "lexicon"})
    if not themes:
        return ""
    said = teller.t.gettext("Coded by the lexicon alone, for want of coded passages to learn from: {themes}.")
    return said.format(themes=teller.names(themes))


def _ocr(teller: Narrator) -> str:
    scanned = sum(one.n for one in teller.run.tallies if one.text_source != "text")
    if not scanned:
        return ""
    said = teller.t.ngettext(
        "The text of {n} provision was read by OCR from a page image and may hold misread letters; its citation says "
        "so.",
        "The text of {n} provisions was read by OCR from page images and may hold misread letters; their citations say "
        "so.",
        scanned,
    )
    return said.format(n=scanned)


def _review(teller: Narrator) -> str:
    """How far reviewers went; that none did, where none did."""
    t, names, rows = teller.t, teller.words, teller.decisions
    if not rows:
        return names["no_agreement"]
    n_reviewers = len({row.reviewer for row in rows})
    said = t.ngettext("{n} decision of {reviewers} counts.", "{n} decisions of {reviewers} count.", len(rows))
    reviewers = t.ngettext("{n} reviewer", "{n} reviewers", n_reviewers).format(n=n_reviewers)
    outcomes = Counter(row.outcome for row in rows if row.outcome)
    told = (("yes", t.gettext("accepted")), ("no", t.gettext("rejected")), ("disputed", names["review_disputed"]))
    states = Counter(cell.review_state for cell in teller.run.cells)
    parts = [
        said.format(n=len(rows), reviewers=reviewers),
        t.gettext("Decisions: {tally}.").format(tally=", ".join(f"{name} {outcomes[key]}" for key, name in told)),
        t.gettext("Cells by review: {tally}.").format(
            tally=", ".join(f"{names[f'review_{state}']} {n}" for state, n in states.items())
        ),
    ]
    stale = sum(row.anchor == "stale" for row in rows)
    if stale:
        lost = t.ngettext(
            "{n} decision no longer finds its text and is not applied.",
            "{n} decisions no longer find their text and are not applied.",
            stale,
        )
        parts.append(lost.format(n=stale))
    return " ".join(parts)


def _model(teller: Narrator) -> list[Block]:
    """The shipped model's figures, where it is the one that the run was coded with."""
    t = teller.t
    versions = sorted({one.model_version for one in teller.run.coders if one.model_version})
    told = t.gettext("Model: {versions}.").format(versions=", ".join(versions) or teller.words["unknown"])
    blocks: list[Block] = [Paragraph(plain(told))]
    model, card = _WEIGHTS / "model.json", _WEIGHTS / "MODEL_CARD.md"
    shipped = str(json.loads(model.read_text(encoding="utf-8")).get("version", "")) if model.is_file() else ""
    known = bool(shipped) and any(shipped in version for version in versions)
    figures = _figures_of(card.read_text(encoding="utf-8")) if known and card.is_file() else ""
    if figures:
        blocks.append(
            Paragraph(
                plain(
                    t.gettext(
                        "The coded passages that it learnt from were coded with the help of machines, and so was the "
                        "agreement of coders measured. Its model card says of both:"
                    )
                ),
                "lead",
            )
        )
        blocks.append(Quotation(figures, "en", (Inline(t.gettext("Model card of the classifier, shipped with it.")),)))
    else:
        blocks.append(Paragraph(plain(t.gettext("No figures on the quality of this model are at hand here."))))
    return blocks


def _figures_of(card: str) -> str:
    """The paragraph of a model card that holds its figures, without its markup; '' where it has none."""
    start = card.find(_CARD_SECTION)
    return " ".join(card[start:].split("\n\n")[0].replace("*", "").replace("`", "").split()) if start >= 0 else ""
