"""Provisions to codings: every active theme judged on every provision, with force and evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..classifier.model import spans_to_json
from ..classifier.passages import Passage, PassageCodes
from ..codebook import Codebook
from ..config import Config
from ..records import Coding, Document, Provision


class Codes(Protocol):
    """A classifier as this stage uses it."""

    @property
    def version(self) -> str: ...
    def classify(self, passages: Sequence[Passage]) -> list[PassageCodes]: ...


def as_passage(document: Document, provision: Provision) -> Passage:
    """What the classifier is given of a provision: its act's title and type where the document holds several acts."""
    return Passage(
        text=provision.text,
        language="" if provision.language == "und" else provision.language,
        doc_type=provision.act_type or document.doc_type,
        title=provision.act_title or document.title,
        context=" > ".join((*provision.heading_path,)),
        jurisdiction=provision.jurisdiction,
    )


def code_provisions(
    document: Document, provisions: Sequence[Provision], config: Config, codebook: Codebook, classifier: Codes
) -> list[Coding]:
    """One coding per provision and active theme, in the order of the provisions and of the codebook.

    `config` and `codebook` are those with which the classifier was loaded; results depend on them through it.
    """
    passages = [as_passage(document, provision) for provision in provisions]
    codings: list[Coding] = []
    for provision, codes in zip(provisions, classifier.classify(passages), strict=True):
        codings.extend(
            Coding(
                provision_id=provision.provision_id,
                theme=score.theme,
                rank=score.rank,
                probability=score.probability,
                assigned=score.assigned,
                force=codes.force if score.assigned else "",
                evidence=spans_to_json(score.evidence),
                method=score.method,
                model_version=classifier.version,
                terms=spans_to_json(score.terms),
                unsure=score.unsure,
            )
            for score in codes.scores
        )
    return codings
