"""A small invented corpus as records: two countries with documents, one that failed, one with none."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from policy_scan.codebook import Codebook, load_codebook
from policy_scan.config import Config, load_config
from policy_scan.records import Cell, Coding, Document, Issue, Provision
from policy_scan.report.common import RunData
from policy_scan.report.stored import list_coders, tally
from policy_scan.stages.cells import compile_cells
from policy_scan.storage import Place
from policy_scan.tables import to_table

HOSTILE = (
    '=HYPERLINK("http://example.invalid","click") </script><script>document.title="owned"</script>'
    " \u202egnp.tpircs\u202c &amp; \x07\x1b[31m\ufffe done; the office keeps a paper form for everybody."
)
"""Text such as a malicious PDF could hold: a formula, markup, bidirectional overrides, control characters."""


def config(**table: Any) -> Config:
    return load_config(overrides={"table": {"jurisdictions": list(COLUMNS), **table}})


def codebook() -> Codebook:
    return load_codebook("codebook.yaml")


def document(doc_id: str, jurisdiction: str = "FR", **changes: Any) -> Document:
    base = Document(
        doc_id=doc_id, path=f"{jurisdiction}/{doc_id}.pdf", other_paths=(), jurisdiction=jurisdiction,
        jurisdictions=(jurisdiction,), country="", title=f"Loi sur les guichets {doc_id}", issuer="Office fictif",
        date="2019-05-28", doc_type="law", legal_status="in_force", binding=True, language="fr", n_pages=4,
        n_pages_failed=0, text_source="text", status="ok", inferred=(), in_force="", repealed="", url="", licence="",
        exclude_reason="", n_acts=1,
    )  # fmt: skip
    return dataclasses.replace(base, **changes)


def provision(provision_id: str, doc: Document, text: str = "", **changes: Any) -> Provision:
    text = text or f"Le guichet reçoit la demande sur papier ({provision_id})."
    base = Provision(
        provision_id=provision_id, doc_id=doc.doc_id, jurisdiction=doc.jurisdiction, ordinal=1, act_ordinal=1,
        act_title="", act_type="", act_date="", label="§ 1", label_path=("Titre II", "Art. 4.", "§ 1"),
        heading_path=("Titre II Des guichets",), kind="article", quoted=False, parallel_id="", language="fr",
        text=text, spans=((3, 0, len(text)),), page_first=3, page_last=3, boxes=((3, 50.0, 100.0, 500.0, 140.0),),
        text_source="text",
    )  # fmt: skip
    return dataclasses.replace(base, **changes)


def coding(provision_id: str, theme: str = "non_digital_access", **changes: Any) -> Coding:
    base = Coding(
        provision_id=provision_id, theme=theme, rank=1, probability=0.9, assigned=True, force="obligation",
        evidence="[[0, 10]]", method="linear", model_version="1",
    )  # fmt: skip
    return dataclasses.replace(base, **changes)


@dataclasses.dataclass(frozen=True)
class Example:
    documents: list[Document]
    provisions: list[Provision]
    codings: list[Coding]
    issues: list[Issue]


def example() -> Example:
    law = document("a" * 8)
    plan = document("b" * 8, "BE-VLG", doc_type="action_plan", language="nl", date="2024", title="Plan voor loketten")
    broken = document("c" * 8, "GR", status="failed", n_pages=0, text_source="none", title="φύλλο")
    left_out = document("d" * 8, "FR", status="excluded", exclude_reason="superseded draft", title="Avant-projet")
    scan = document("e" * 8, doc_type="report", n_pages_failed=2, status="partial", text_source="mixed", date="2021-03")
    hostile = provision("p-hostile", law, HOSTILE, ordinal=2, page_first=2, page_last=2)
    nl = provision("p-nl", plan, "Het loket blijft open voor wie niet digitaal is.", language="nl",
                   label_path=("3", "3.2"), label="3.2", heading_path=("Maatregelen",))  # fmt: skip
    seen = provision("p-ocr", scan, "Un tiers des usagers renonce à la démarche en ligne.", text_source="ocr",
                     label_path=(), label="", heading_path=("Les usagers éloignés du numérique",))  # fmt: skip
    return Example(
        documents=[law, plan, broken, left_out, scan],
        provisions=[provision("p-law", law), hostile, nl, seen],
        codings=[
            coding("p-law"),
            coding("p-law", "digital_service", rank=2, probability=0.4),
            coding("p-hostile", probability=0.8, evidence=json.dumps([[0, 40], [50, 60]])),
            coding("p-nl", force="commitment"),
            coding(
                "p-ocr",
                "digital_inclusion",
                force="statement",
                evidence="[[0, 52]]",
                unsure=True,
                terms='[[13, 20, "users"], [34, 42, "step"], [34, 51, "online_step"]]',
            ),
            coding("p-ocr", "openness", assigned=False, probability=0.1, force="", evidence="[]"),
        ],
        issues=[
            Issue(broken.doc_id, None, "pages", "broken", "error", "The file is cut short.", "fetch it again."),
            Issue(scan.doc_id, 2, "pages", "ocr", "error", "Tesseract lacks a language.", "install its language data."),
        ],
    )


COLUMNS = ("FR", "BE", "GR")


def cells(run: Example | None = None, columns: tuple[str, ...] = COLUMNS) -> list[Cell]:
    run = run or example()
    settings = config(jurisdictions=list(columns))
    return compile_cells(run.documents, run.provisions, run.codings, run.issues, settings, codebook(), {})


def counted(provisions: Iterable[Provision], codings: Iterable[Coding]) -> dict[str, Any]:
    """What a run counts of all its provisions and codings."""
    tallies = tally([to_table(Provision, provisions)])
    return {"tallies": tallies, "coders": list_coders([to_table(Coding, codings)])}


def run_data(directory: Path, run: Example | None = None) -> RunData:
    """The example as a run whose tables stand in `directory` and whose PDFs stand in `directory`/../corpus."""
    run = run or example()
    details = {
        "policy_scan": "0.1.0",
        "configuration": {"table": {"jurisdictions": list(COLUMNS)}},
        "files": {"a": "b"},
    }
    return RunData(
        directory=directory, corpus=Place.of(directory.parent / "corpus"), config=config(), codebook=codebook(),
        columns=COLUMNS, documents=tuple(run.documents), issues=tuple(run.issues), provisions=tuple(run.provisions),
        codings=tuple(run.codings), cells=tuple(cells(run)), details=details, **counted(run.provisions, run.codings),
    )  # fmt: skip
