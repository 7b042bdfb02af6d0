"""The web page: one file with its style, script and data inside, no request to anywhere.

Nothing of a document is ever markup: Jinja2 escapes what it prints, the data is JSON with '<', '>' and '&' escaped, the
script sets text only, and a content security policy lets no other script, style, image or request through.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from ..as_of import documents_at
from ..citations import act_date, format_date
from ..decisions import PublishedDecision, settled_of
from ..jurisdictions import place_name
from ..records import CELL_STATUSES, FORCES
from ..stages.cells import act_type
from ..tables import read_records, write_atomic
from .common import (
    SYMBOLS,
    Evidence,
    RunData,
    cell_citations,
    citation_of,
    count_words,
    flatten,
    list_evidence,
    list_rejected,
    marked_segments,
    pdf_address,
    printable,
    remarks_on,
    review_words,
    searched_words,
    support_words,
    theme_name,
    told_details,
)
from .crops import Crop, CropKey, Reason, crop_key, make_crops
from .page_words import (
    as_of_said,
    count_forms,
    decisions_said,
    keys,
    language_names,
    left_out_words,
    page_left_out,
    page_words,
    status_meaning,
)
from .palette import STATUS_COLOURS
from .words import words

ReviewState = Literal["none", "accepted", "rejected", "disputed"]
PICTURES_PER_CELL = 3
PICTURE_BYTES = 9_000_000
"""As base 64, the best of each cell first: with the texts of ten thousand provisions the page stays under 15 MB."""
MOST_ROWS = 20_000
"""Of a page, five times those of 57 documents: some 20 MB, which browsers open and search in a second or two. Of a
larger run each cell shows its best, as many in each as fit."""
_TEMPLATES = Path(__file__).parent / "templates"
_SCRIPT_WORDS = (
    "probability", "standing_to_check", "standing_version", "standing_no_cell", "standing_later", "standing_rejected",
    "ocr", "mixed", "open_pdf", "permalink", "more", "no_result", "unsure", "by_lexicon", "translation", "all_of_cell",
    "all_of_theme", "chosen", "nothing_here", "to_compare", "picture_exact", "picture_whole", "no_picture_missing",
    "no_picture_changed", "no_picture_damaged", "no_picture_no_place", "back_to_table", "review_accepted",
    "review_disputed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Review:
    """What reviewers decided, told provision by provision."""

    states: Mapping[tuple[str, str], ReviewState]
    """(provision_id, theme) -> state; theme '' for the provision as a whole."""
    translations: Mapping[str, str]

    def state(self, provision_id: str, theme: str) -> ReviewState:
        found = self.states.get((provision_id, theme)) or self.states.get((provision_id, ""))
        return found or "none"


@dataclass(frozen=True, slots=True)
class _Page:
    """What the page shows of a run."""

    run: RunData
    language: str
    folder: Path
    texts: Mapping[str, str]
    items: Sequence[Evidence]
    rejected: Sequence[Evidence]
    """Codings that a reviewer refused: they enter no cell, but the refusal can be read."""
    left_out: Mapping[tuple[str, str], int]
    """(theme, jurisdiction) -> how many of its codings the page has no room for."""
    review: _Review
    pictures: Mapping[CropKey, int | str]
    """Place among the page's pictures, or why there is none."""

    @property
    def rows(self) -> list[Evidence]:
        return [*self.items, *self.rejected]

    @property
    def countries(self) -> list[str]:
        return list(dict.fromkeys([*self.run.all_columns, *(item.jurisdiction for item in self.rows)]))


def json_for_script(value: object) -> str:
    """JSON that can stand inside a script element: no '<', '>', '&', nor the line ends that JavaScript alone knows."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _hash(text: str) -> str:
    """A source for a content security policy: the SHA-256 of an inline script or style, in base 64."""
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _read_review(run: RunData) -> _Review:
    """The run's published decisions; none where it has no such table."""
    if not (run.directory / "decisions.parquet").is_file():
        return _Review({}, {})
    rows = list(read_records(run.directory, "decisions", PublishedDecision))
    names: dict[str, ReviewState] = {"yes": "accepted", "no": "rejected", "disputed": "disputed"}
    states = {key: names[settled.verdict] for key, settled in settled_of(rows).items()}
    said = {row.anchored_to: printable(row.translation) for row in rows if row.live and row.translation}
    return _Review(states, said)


def _most_of_each(counts: Iterable[int], room: int) -> int:
    """The most that each may show so that all fit: those with less leave their room to the others; at least one."""
    waiting = sorted(counts)
    for at, count in enumerate(waiting):
        share = room // (len(waiting) - at)
        if count > share:
            return max(1, share)
        room -= count
    return max(waiting, default=1)


def _fitting(items: Sequence[Evidence]) -> tuple[list[Evidence], dict[tuple[str, str], int]]:
    """What the page shows of them, best first in each cell, and how many each leaves out; all up to MOST_ROWS."""
    counts = Counter((item.theme, item.jurisdiction) for item in items)
    most = _most_of_each(counts.values(), MOST_ROWS)
    shown: list[Evidence] = []
    n_shown: Counter[tuple[str, str]] = Counter()
    for item in items:
        place = item.theme, item.jurisdiction
        if n_shown[place] < most:
            n_shown[place] += 1
            shown.append(item)
    return shown, {place: n - most for place, n in counts.items() if n > most}


def pictured(run: RunData) -> list[Evidence]:
    """What the page has pictures of: the best of each cell, first those that are the best."""
    return _best(_fitting(list(list_evidence(run)))[0])


def _best(items: Sequence[Evidence]) -> list[Evidence]:
    ranks: dict[int, list[Evidence]] = defaultdict(list)
    n_by_cell: dict[tuple[str, str], int] = defaultdict(int)
    for item in items:
        rank = n_by_cell[item.theme, item.jurisdiction]
        if item.standing in ("evidence", "to_check") and rank < PICTURES_PER_CELL:
            ranks[rank].append(item)
            n_by_cell[item.theme, item.jurisdiction] += 1
    return [item for rank in sorted(ranks) for item in ranks[rank]]


def _placed(
    wanted: Sequence[Evidence], crops: Mapping[CropKey, Crop | Reason]
) -> tuple[list[Crop], dict[CropKey, int | str]]:
    """The pictures that there is room for, each once, and where each stands (or why there is none)."""
    pictures: list[Crop] = []
    places: dict[CropKey, int | str] = {}
    spent = 0
    for key in dict.fromkeys(crop_key(item) for item in wanted):
        crop = crops[key]
        if not isinstance(crop, Crop):
            places[key] = crop
        elif spent + len(crop.image) * 4 // 3 <= PICTURE_BYTES:
            spent += len(crop.image) * 4 // 3
            places[key] = len(pictures)
            pictures.append(crop)
    return pictures, places


def _colours() -> str:
    """A style rule for each status, in the colours of all reports."""
    return "".join(
        f".s-{status} {{ background: {fill}; color: {ink}; }}\n" for status, (fill, ink) in STATUS_COLOURS.items()
    )


def _row(page: _Page, item: Evidence, place: int) -> dict[str, Any]:
    """A coding without its provision's text: `cuts` are the lengths of its pieces in UTF-16 units, as scripts count."""
    pieces = marked_segments(item)
    review = page.review.state(item.provision.provision_id, item.theme)
    row = {
        "p": place,
        "theme": item.theme,
        "j": item.jurisdiction,
        "standing": item.standing,
        "status": "" if item.standing == "rejected" else item.status,
        "force": item.coding.force,
        "prob": round(item.coding.probability, 4),
        "cuts": [len(piece.encode("utf-16-le")) // 2 for piece, _ in pieces],
        "kinds": "".join(kind[0] for _, kind in pieces),
        "unsure": item.coding.unsure,
        "method": item.coding.method,
        "review": review,
    }
    picture = page.pictures.get(crop_key(item))
    return row if picture is None else row | {"picture": picture}


def _year(date: str) -> int:
    """The year of a date; 0 where none is known."""
    return int(date[:4]) if re.match(r"\d{4}", date) else 0


def _provision(page: _Page, item: Evidence, document: int) -> dict[str, Any]:
    provision = item.provision
    return {
        "id": provision.provision_id,
        "text": printable(provision.text),
        "lang": provision.language,
        "type": act_type(item.document, provision),
        "year": _year(act_date(item.document, provision)),
        "source": provision.text_source,
        "doc": document,
        "page": provision.page_first,
        "cite": citation_of(item, page.language),
        "context": printable(" › ".join(provision.heading_path)),
        "translation": page.review.translations.get(provision.provision_id, ""),
    }


def _data(page: _Page) -> dict[str, Any]:
    """What the script shows. Rows stand theme by theme, country by country, best first; texts once each."""
    run, texts, language = page.run, page.texts, page.language
    places = {document.doc_id: index for index, document in enumerate(run.documents)}
    provisions = {item.provision.provision_id: item for item in page.rows}
    numbers = {identifier: number for number, identifier in enumerate(provisions)}
    return {
        "words": {name: texts[name] for name in _SCRIPT_WORDS},
        "counts": count_forms(language),
        "symbols": dict(SYMBOLS),
        "statuses": {status: run.codebook.status_name(status, language) for status in SYMBOLS},
        "forces": {force: run.codebook.force_name(force, language) for force in FORCES},
        "themes": {theme: theme_name(run, theme, language) for theme in run.themes},
        "countries": {code: place_name(code, language) for code in page.countries},
        "languages": dict(language_names(language)),
        "types": {kind: texts[kind] for kind in sorted({act_type(i.document, i.provision) for i in page.rows})},
        "documents": [
            {
                "title": printable(document.title),
                "href": pdf_address(run, document, 1, page.folder).partition("#page=")[0],
            }
            for document in run.documents
        ],
        "cells": [
            {
                "theme": cell.theme,
                "j": cell.jurisdiction,
                "status": cell.status,
                "support": support_words(cell, language),
                "searched": searched_words(cell, language, run.config.table.as_of),
                "review": "" if cell.review_state == "none" else review_words(cell, language),
                **(
                    {"more": left_out_words(n, language)}
                    if (n := page.left_out.get((cell.theme, cell.jurisdiction)))
                    else {}
                ),
            }
            for cell in run.cells
        ],
        "provisions": [_provision(page, item, places[item.document.doc_id]) for item in provisions.values()],
        "rows": [_row(page, item, numbers[item.provision.provision_id]) for item in page.rows],
    }


def _picture_data(pictures: Sequence[Crop]) -> list[dict[str, Any]]:
    return [
        {
            "image": base64.b64encode(crop.image).decode("ascii"),
            "width": crop.width,
            "height": crop.height,
            "page": crop.page,
            "exact": crop.exact,
        }
        for crop in pictures
    ]


def _fields(page: _Page) -> list[dict[str, Any]]:
    """The filters: a select each, with only the values that occur."""
    run, texts, rows, language = page.run, page.texts, page.rows, page.language
    countries = [(code, place_name(code, language)) for code in page.countries]
    forces = {item.coding.force for item in rows}
    types = {act_type(item.document, item.provision) for item in rows}
    names = language_names(language)
    languages = {item.provision.language for item in rows}
    statuses = {item.status for item in page.items}
    standings = {item.standing: texts[f"standing_{item.standing}"] for item in rows}
    reviews = {page.review.state(item.provision.provision_id, item.theme) for item in rows}
    options: tuple[tuple[str, str, list[tuple[str, str]]], ...] = (
        ("j", texts["country"], countries),
        ("j2", texts["compare"], countries),
        ("theme", texts["theme"], [(theme, theme_name(run, theme, language)) for theme in run.themes]),
        ("force", texts["force"], [(f, run.codebook.force_name(f, language)) for f in FORCES if f in forces]),
        (
            "status",
            texts["gives_status"],
            [(status, run.codebook.status_name(status, language)) for status in CELL_STATUSES if status in statuses],
        ),
        ("lang", texts["language"], [(code, name) for code, name in names.items() if code in languages]),
        ("type", texts["doc_type"], sorted(((kind, texts[kind]) for kind in types), key=lambda pair: pair[1])),
        ("standing", texts["standing"], list(standings.items())),
        (
            "review",
            texts["review"],
            [(state, texts[f"review_{state}"]) for state in get_args(ReviewState) if state in reviews],
        ),
        ("unsure", texts["doubt"], [("yes", texts["unsure_only"]), ("no", texts["unsure_without"])]),
    )
    return [
        {"name": name, "label": label, "options": values, "all": texts["nobody" if name == "j2" else "all"]}
        for name, label, values in options
    ]


def _table(run: RunData, language: str) -> list[dict[str, Any]]:
    cells = {(cell.theme, cell.jurisdiction): cell for cell in run.cells}
    citations = cell_citations(run, language)
    best = {cell.evidence[0] for cell in run.cells if cell.evidence}
    spoken = {one.provision_id: one.language for one in run.provisions if one.provision_id in best}
    return [
        {
            "key": theme,
            "name": theme_name(run, theme, language),
            "cells": [
                {
                    "jurisdiction": code,
                    "status": cells[theme, code].status,
                    "symbol": SYMBOLS[cells[theme, code].status],
                    "name": run.codebook.status_name(cells[theme, code].status, language),
                    "citation": citations[theme, code],
                    "support": support_words(cells[theme, code], language),
                    "review": review_words(cells[theme, code], language)
                    if cells[theme, code].review_state != "none"
                    else "",
                    "lang": spoken.get(cells[theme, code].evidence[0], language)
                    if cells[theme, code].evidence
                    else language,
                    "country": place_name(code, language),
                }
                for code in run.all_columns
            ],
        }
        for theme in run.themes
    ]


def _documents(run: RunData, folder: Path, language: str) -> list[dict[str, Any]]:
    texts, names = words(language), language_names(language)
    return [
        {
            "country": ", ".join(place_name(code, language) for code in document.jurisdictions),
            "href": pdf_address(run, document, 1, folder),
            "title": printable(document.title),
            "lang": document.language.partition(";")[0],
            "doc_type": texts[document.doc_type],
            "legal_status": texts.get(document.legal_status, ""),
            "date": format_date(document.date, language),
            "language": ", ".join(names.get(code, code) for code in document.language.split(";")),
            "reading": texts[document.status],
            "pages": document.n_pages,
            "remarks": printable(remarks_on(run, document)),
        }
        for document in documents_at(run.documents, run.config.table.as_of)
    ]


def render_page(run: RunData, language: str, folder: Path, crops: Mapping[CropKey, Crop | Reason] | None = None) -> str:
    """The page as text; `folder` is where it will stand, for its links to the PDFs. `crops`: those of what is
    `pictured`, where they are drawn already.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    style = (_TEMPLATES / "style.css").read_text(encoding="utf-8") + _colours()
    script = (_TEMPLATES / "app.js").read_text(encoding="utf-8")
    texts = {**words(language), **page_words(language)}
    items = list(list_evidence(run))
    review = _read_review(run)
    shown, left_out = _fitting(items)
    wanted = _best(shown)
    pictures, places = _placed(wanted, make_crops(run, wanted) if crops is None else crops)
    page = _Page(run, language, folder, texts, shown, list_rejected(run), left_out, review, places)
    coded = len({item.provision.provision_id for item in items})
    counts = texts["counts"].format(documents=len(run.documents), provisions=run.n_provisions, coded=coded)
    years = [year for item in items if (year := _year(act_date(item.document, item.provision)))]
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("page.html").render(
        language=language,
        w=texts,
        style=Markup(style),
        style_hash=_hash(style),
        script=Markup(script),
        script_hash=_hash(script),
        counts=counts,
        as_of=as_of_said(run.config.table.as_of, language),
        statuses=[
            {
                "key": status,
                "symbol": symbol,
                "name": run.codebook.status_name(status, language),
                "meaning": meaning,
                "lang": spoken,
            }
            for status, symbol in SYMBOLS.items()
            for meaning, spoken in [status_meaning(run.codebook, status, language)]
        ],
        columns=[{"code": code, "name": place_name(code, language)} for code in run.all_columns],
        rows=_table(run, language),
        left_out=page_left_out(sum(left_out.values()), language) if left_out else "",
        fields=_fields(page),
        first_year=min(years, default=1900),
        last_year=max(years, default=2100),
        keys=keys(language),
        reviewed=decisions_said(len(review.states), language) if review.states else texts["no_agreement"],
        document_count=count_words("document", len(run.documents), language),
        documents=_documents(run, folder, language),
        settings=[(name, printable(value)) for name, value in flatten(told_details(run))],
        version=run.details.get("policy_scan", ""),
        data=Markup(json_for_script(_data(page))),
        pictures=Markup(json_for_script(_picture_data(pictures))),
    )


def export_html(
    run: RunData, language: str, path: Path, crops: Mapping[CropKey, Crop | Reason] | None = None
) -> list[Path]:
    """Write the page; returns its path. `crops` as for `render_page`. Raises OSError."""
    write_atomic(path, render_page(run, language, path.parent, crops).encode("utf-8"))
    return [path]
