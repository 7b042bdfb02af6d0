"""The records that flow between stages: frozen, one class per table, one declaration of each column.

`tables.py` derives the Arrow schemas from these classes, so a column is added here and nowhere else.
Units: pages count from 1; coordinates are PDF points with the origin at the top left of the page as shown
(rotation and crop box applied); offsets are Unicode code points into an immutable NFC text; spans are half-open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

DocType = Literal[
    "law", "decree", "regulation", "order", "circular", "directive", "strategy", "action_plan",
    "report", "guideline", "web", "gazette", "other",
]  # fmt: skip
LegalStatus = Literal["in_force", "adopted", "proposed", "repealed", ""]
BlockKind = Literal[
    "heading", "paragraph", "list_item", "table", "footnote", "caption",
    "header", "footer", "page_number", "masthead", "watermark", "furniture",
]  # fmt: skip
FURNITURE_KINDS = frozenset({"header", "footer", "page_number", "masthead", "watermark", "furniture"})
Force = Literal["obligation", "prohibition", "right", "permission", "commitment", "definition", "statement"]
CellStatus = Literal["binding", "enabled", "committed", "described", "not_found", "not_searched"]
ReviewState = Literal["none", "part", "all", "disputed"]
Language = Literal["fr", "nl", "de", "el", "ro", "lb", "en", "und"]
Severity = Literal["info", "warning", "error"]
Role = Literal["coder", "adjudicator"]
Verdict = Literal["yes", "no", "skip", "withdrawn"]

DOC_TYPES: tuple[str, ...] = get_args(DocType)
LEGAL_STATUSES: tuple[str, ...] = tuple(s for s in get_args(LegalStatus) if s)
BLOCK_KINDS: tuple[str, ...] = get_args(BlockKind)
FORCES: tuple[str, ...] = get_args(Force)
CELL_STATUSES: tuple[str, ...] = get_args(CellStatus)
LANGUAGES: tuple[str, ...] = tuple(code for code in get_args(Language) if code != "und")
BINDING_TYPES = frozenset({"law", "decree", "regulation", "order", "directive"})
PENDING = "pending"
"""Legal status of an act that was adopted but not yet in force on the day of the table: never published, only shown."""
NOT_BINDING = frozenset({"proposed", "repealed", PENDING})
"""Acts of these legal statuses bind nobody, whatever their type."""

Span = tuple[int, int, int]
"""(page, start, end): a slice of that page's text."""
Box = tuple[float, float, float, float, float]
"""(page, x0, y0, x1, y1)."""


@dataclass(frozen=True, slots=True)
class Issue:
    """Something that went wrong or is worth knowing: `doc_id` and `page` are None for the corpus as a whole."""

    doc_id: str | None
    page: int | None
    stage: str
    category: str
    severity: Severity
    message: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Source:
    """A document as found: identity by bytes, and what path and manifest say of it. None or () = not said."""

    doc_id: str
    path: str
    other_paths: tuple[str, ...]
    jurisdiction: str
    jurisdictions: tuple[str, ...]
    title: str | None = None
    issuer: str | None = None
    date: str | None = None
    in_force: str | None = None
    repealed: str | None = None
    doc_type: str | None = None
    legal_status: str | None = None
    languages: tuple[str, ...] = ()
    url: str | None = None
    licence: str | None = None
    include: bool = True
    exclude_reason: str = ""
    n_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """A page as read. `text` holds all its words in reading order, furniture included, and never changes."""

    doc_id: str
    page: int
    text: str
    width: float
    height: float
    rotation: int
    text_source: Literal["text", "ocr", "none"]
    ocr_confidence: float | None
    status: Literal["ok", "partial", "failed"]


@dataclass(frozen=True, slots=True)
class Line:
    """A printed line (or a table cell's line): a slice of its page's text, its box, and where each character stands.

    `edges` has end - start + 1 values: the left edge of each code point and the right edge of the last one.
    `region` numbers the columns or boxes of the page in reading order; `row` and `cell` are set inside tables.
    """

    doc_id: str
    page: int
    line: int
    start: int
    end: int
    x0: float
    y0: float
    x1: float
    y1: float
    size: float
    bold: bool
    italic: bool
    block: int
    region: int
    row: int | None
    cell: int | None
    edges: tuple[float, ...]
    role: str = "body"
    """What the layout took it for: body, table, footnote or a kind of furniture."""
    angle: int = 0
    """Degrees clockwise the text runs at, as shown: 0, 90, 180 or 270. Edges count along the page's x axis."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading, list item, table … or a piece of furniture: the slice [start, end) of its page's text."""

    doc_id: str
    page: int
    block: int
    kind: BlockKind
    text: str
    start: int
    end: int
    x0: float
    y0: float
    x1: float
    y1: float
    size: float
    bold: bool
    region: int
    level: int | None
    """Depth of a heading, 1 = outermost; None elsewhere."""


@dataclass(frozen=True, slots=True)
class BlockLanguage:
    doc_id: str
    page: int
    block: int
    language: Language
    probability: float


@dataclass(frozen=True, slots=True)
class Facts:
    """What the document's own text says of it, whatever the manifest says: '' or () = the text doesn't tell."""

    doc_id: str
    title: str
    issuer: str
    date: str
    doc_type: str
    legal_status: str
    n_acts: int


@dataclass(frozen=True, slots=True)
class Document:
    """A row of `documents`: manifest first, inference second (`inferred` names those columns)."""

    doc_id: str
    path: str
    other_paths: tuple[str, ...]
    jurisdiction: str
    jurisdictions: tuple[str, ...]
    country: str
    title: str
    issuer: str
    date: str
    doc_type: str
    legal_status: str
    binding: bool
    language: str
    """Codes joined by ';', the most frequent first."""
    n_pages: int
    n_pages_failed: int
    text_source: Literal["text", "ocr", "mixed", "none"]
    status: Literal["ok", "partial", "failed", "excluded"]
    inferred: tuple[str, ...]
    in_force: str
    repealed: str
    url: str
    licence: str
    exclude_reason: str
    n_acts: int


@dataclass(frozen=True, slots=True)
class Provision:
    """A self-contained unit of a document: slices of page texts, joined by one line feed where there are several."""

    provision_id: str
    doc_id: str
    jurisdiction: str
    ordinal: int
    act_ordinal: int
    act_title: str
    act_type: str
    act_date: str
    label: str
    label_path: tuple[str, ...]
    heading_path: tuple[str, ...]
    kind: str
    quoted: bool
    parallel_id: str
    language: str
    text: str
    spans: tuple[Span, ...]
    page_first: int
    page_last: int
    boxes: tuple[Box, ...]
    text_source: Literal["text", "ocr", "mixed"]


@dataclass(frozen=True, slots=True)
class Coding:
    """One theme's judgement on one provision. `evidence` is JSON text [[start, end], …] into the provision's text.

    `terms`: JSON text [[start, end, concept], …], the lexicon's terms inside the evidence that speak for the theme.
    `unsure`: the probability lies close to the theme's threshold (codings.unsure_band), on either side.
    """

    provision_id: str
    theme: str
    rank: int
    probability: float
    assigned: bool
    force: str
    evidence: str
    method: str
    """'linear', 'encoder' or 'lexicon' (a theme without coded passages)."""
    model_version: str
    terms: str = "[]"
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One theme in one jurisdiction. `evidence` lists provision_ids, best first."""

    theme: str
    jurisdiction: str
    status: CellStatus
    n_provisions: int
    n_documents: int
    n_searched_documents: int
    n_searched_provisions: int
    n_failed_documents: int
    n_failed_pages: int
    search_incomplete: bool
    n_to_check: int
    confidence: float | None
    review_state: ReviewState
    evidence: tuple[str, ...]
    citation: str
    to_check: tuple[str, ...]
    n_reviewed: int = 0
    """Of `n_provisions`, those that reviewers settled."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a reviewer decided of one theme of one provision, and what was shown then. Append-only: a change is a new
    row that `replaces` the old one of the same reviewer.
    """

    decision_id: str
    at: str
    """ISO 8601 with its offset, in UTC."""
    reviewer: str
    role: Role
    doc_id: str
    provision_id: str
    """'' where the row is about the document as a whole."""
    page: int
    start: int
    end: int
    """Page and offsets of the provision's first span; 0 where the row is about the document."""
    text_hash: str
    """SHA-256 of `quotation` in UTF-8."""
    quotation: str
    """The provision's whole text."""
    before: str
    after: str
    """Up to 60 characters of the page's text on either side of the first span."""
    theme: str
    """'' where the row is about the provision or the document as a whole."""
    verdict: Verdict
    force: str
    """'' = as the machine says."""
    evidence: str
    """JSON text [[start, end], …] into `quotation`; '[]' = as the machine says."""
    note: str
    translation: str
    machine_probability: float | None
    machine_assigned: bool
    model_version: str
    replaces: str
    """decision_id of the row that this one takes the place of, or ''."""
    origin: str
    """The queue that showed it: uncertain, random, cell, search, import …"""
