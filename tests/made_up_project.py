"""A made-up run of any size for the review: documents of five countries, provisions in their languages, codings."""

from __future__ import annotations

import dataclasses
import random
import uuid
from pathlib import Path
from typing import Any

import example_run as make

from policy_scan.decisions import place_of
from policy_scan.records import Coding, Decision, Document, Page, Provision
from policy_scan.report.common import RunData
from policy_scan.review.project import Project, build_project, machine_cells
from policy_scan.storage import Place

COUNTRIES = {"FR": "fr", "BE-VLG": "nl", "GR": "el", "LU": "de", "RO": "ro"}
WORDS = {
    "fr": "le guichet communal reçoit la demande sur papier et répond au citoyen dans un délai de trente jours",
    "nl": "het gemeentelijke loket ontvangt de aanvraag op papier en antwoordt de burger binnen dertig dagen",
    "el": "η δημοτική θυρίδα παραλαμβάνει την αίτηση σε χαρτί και απαντά στον πολίτη μέσα σε τριάντα ημέρες",
    "de": "der schalter der gemeinde nimmt den antrag auf papier an und antwortet dem bürger binnen dreißig tagen",
    "ro": "ghișeul comunal primește cererea pe hârtie și răspunde cetățeanului în termen de treizeci de zile",
}
FORCES = ("obligation", "right", "permission", "commitment", "statement")


def made_up(n_provisions: int, seed: int = 1, directory: Path = Path("out"), per_document: int = 100) -> make.Example:
    """Some four in ten provisions have themes, one to three; each theme has a coding everywhere, as in a run."""
    rnd = random.Random(seed)
    themes = make.codebook().active
    documents: list[Document] = []
    provisions: list[Provision] = []
    codings: list[Coding] = []
    for number in range(n_provisions):
        if number % per_document == 0:
            at = len(documents)
            place, language = list(COUNTRIES.items())[at % len(COUNTRIES)]
            kind = ("law", "action_plan", "circular", "decree")[at % 4]
            doc_id = f"{seed:02d}{at:062d}"
            documents.append(make.document(doc_id, place, doc_type=kind, language=language, path=f"{place}/{at}.pdf"))
        document = documents[-1]
        words = WORDS[document.language].split()
        text = f"Art. {number + 1}. " + " ".join(rnd.choices(words, k=rnd.randint(12, 60))) + "."
        provision = make.provision(
            f"{number:064d}", document, text, ordinal=number % per_document + 1, language=document.language,
            label=f"Art. {number + 1}", label_path=(f"Art. {number + 1}",),
        )  # fmt: skip
        provisions.append(provision)
        chosen = rnd.sample(themes, rnd.choice((0, 0, 0, 0, 0, 0, 1, 1, 2, 3)))
        force = rnd.choice(FORCES)
        likely = {theme: rnd.uniform(0.4, 0.98) if theme in chosen else rnd.uniform(0, 0.39) for theme in themes}
        for rank, theme in enumerate(sorted(themes, key=lambda one: -likely[one]), 1):
            spans = f"[[0,{min(40, len(text))}]]" if theme in chosen else "[]"
            codings.append(
                make.coding(
                    provision.provision_id, theme, rank=rank, probability=round(likely[theme], 4),
                    assigned=theme in chosen, force=force if theme in chosen else "", evidence=spans,
                    unsure=abs(likely[theme] - 0.4) < 0.03,
                )
            )  # fmt: skip
    return make.Example(documents, provisions, codings, [])


def made_up_project(n_provisions: int = 200, seed: int = 1, per_document: int = 20) -> Project:
    """The same in memory, its provisions on one page of their document each."""
    return project_of(made_up(n_provisions, seed, per_document=per_document))


def project_of(example: make.Example) -> Project:
    pages: dict[tuple[str, int], Page] = {}
    provisions = []
    for document in example.documents:
        own = [one for one in example.provisions if one.doc_id == document.doc_id]
        for number, one in enumerate(own, 1):
            text = f"{number}\n{one.text}\nfin"
            start = len(f"{number}\n")
            pages[document.doc_id, number] = Page(document.doc_id, number, text, 595, 842, 0, "text", None, "ok")
            span = (number, start, start + len(one.text))
            provisions.append(dataclasses.replace(one, spans=(span,), page_first=number, page_last=number))
    placed = make.Example(example.documents, provisions, example.codings, example.issues)
    columns = tuple(dict.fromkeys(one.jurisdiction.partition("-")[0] for one in example.documents))
    run = RunData(
        directory=Path("out"), corpus=Place.of(Path("corpus")), config=make.config(jurisdictions=list(columns)),
        codebook=make.codebook(), columns=columns, documents=tuple(placed.documents), issues=(),
        provisions=tuple(placed.provisions), codings=tuple(placed.codings), cells=(),
        details={"cell_thresholds": {}}, **make.counted(placed.provisions, placed.codings),
    )  # fmt: skip
    return build_project(dataclasses.replace(run, cells=machine_cells(run)), pages)


def decide(project: Project, of: str, theme: str, verdict: Any = "yes", **changes: Any) -> Decision:
    """A coder's decision on a provision of the project, an id of its own each time."""
    provision = project.provisions[of]
    place = place_of(provision, {key: page.text for key, page in project.pages.items() if key[0] == provision.doc_id})
    base = Decision(
        decision_id=uuid.uuid4().hex, at="2026-03-01T10:00:00+00:00", reviewer="ada", role="coder",
        doc_id=provision.doc_id, provision_id=of, page=place.page, start=place.start, end=place.end,
        text_hash=place.text_hash, quotation=place.quotation, before=place.before, after=place.after, theme=theme,
        verdict=verdict, force="", evidence="[]", note="", translation="", machine_probability=None,
        machine_assigned=theme in project.assigned[of], model_version="1", replaces="", origin="uncertain",
    )  # fmt: skip
    return dataclasses.replace(base, **changes)
