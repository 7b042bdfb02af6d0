"""What the desk shows of a provision: the run's facts and the reviewer's own decisions, nothing of anybody else's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..citations import act_date, act_title, cite, format_date, format_labels
from ..classifier.sentences import split_sentences
from ..jurisdictions import place_name
from ..records import FORCES, Coding, Decision, Document, Provision
from ..report.common import mark_text, printable, theme_name
from ..report.page_words import language_names
from ..report.words import words
from .deciding import counting, machine_force, newest
from .pictures import spans_of
from .project import Project

CONTEXT_CHARACTERS = 300
"""Of the provisions before and after."""
THEME_KEYS = "123456789bcdghiloqvwxyz"
"""Keys of the themes, in the codebook's order, so that a theme keeps its key; the other letters do something else."""
_HIDDEN = "\u25a1"


@dataclass(frozen=True, slots=True)
class ThemeRow:
    """One theme as it stands for a provision."""

    key: str
    name: str
    rule: str
    letter: str
    """The key that ticks it; '' where there are more themes than keys."""
    probability: float | None
    proposed: bool
    unsure: bool
    ticked: bool
    decided: str
    """The reviewer's own verdict: yes, no, skip or ''."""
    terms: tuple[str, ...]
    by_lexicon: bool
    spans: tuple[tuple[int, int], ...]
    """Its evidence as the reviewer left it, else as the machine says."""
    machine_spans: tuple[tuple[int, int], ...]
    term_spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Item:
    """A provision as the desk shows it."""

    provision: Provision
    document: Document
    text: str
    """The provision's text, what no reader sees made visible: one code point for one."""
    citation: str
    title: str
    date: str
    place: str
    labels: str
    headings: tuple[str, ...]
    doc_type: str
    legal_status: str
    language: str
    read_by_ocr: bool
    before: tuple[tuple[str, str], ...]
    """Language and text of the provision before, shortened at its beginning; () where there is none."""
    after: tuple[tuple[str, str], ...]
    parallels: tuple[tuple[str, str], ...]
    """provision_id and language of the rule's other versions: each is decided, and supports a cell, by itself."""
    themes: tuple[ThemeRow, ...]
    """Proposed and decided ones first, then the others in the codebook's order."""
    shown: str
    """The theme whose evidence is marked at first; '' where none is proposed."""
    force: str
    machine_force: str
    note: str
    translation: str
    decided: bool
    rejected: bool
    skipped: bool
    expected: Mapping[str, str]
    """Theme -> decision_id of the reviewer's newest row."""

    def pieces(self) -> list[tuple[str, str]]:
        """The text as (piece, plain | evidence | term), for the theme that is shown first."""
        row = next((one for one in self.themes if one.key == self.shown), None)
        if row is None:
            return [(self.text, "plain")]
        return [(piece, kind) for piece, kind in mark_text(self.text, row.spans, [(*t, "") for t in row.term_spans])]

    def slices(self) -> list[tuple[int, int, int]]:
        """(page, start, end) of the text's pieces: one for each page it stands on."""
        found, at = [], 0
        for page, start, end in self.provision.spans:
            found.append((page, at, at + end - start))
            at += end - start + 1
        return found

    @property
    def page(self) -> int:
        """The page to show first: where the marked evidence begins, else where the provision does."""
        row = next((one for one in self.themes if one.key == self.shown), None)
        first = row.spans[0][0] if row is not None and row.spans else 0
        return next((page for page, _, end in self.slices() if first < end), self.provision.page_first)

    def data(self) -> dict[str, Any]:
        """What the desk's script needs beyond the page itself."""
        return {
            "provision": self.provision.provision_id,
            "document": self.provision.doc_id,
            "text": self.text,
            "sentences": split_sentences(self.provision.text),
            "shown": self.shown,
            "evidence": {one.key: one.spans for one in self.themes if one.spans},
            "machine": {one.key: one.machine_spans for one in self.themes if one.machine_spans},
            "terms": {one.key: one.term_spans for one in self.themes if one.term_spans},
            "proposed": [one.key for one in self.themes if one.proposed],
            "ticked": [one.key for one in self.themes if one.ticked],
            "force": self.force,
            "note": self.note,
            "translation": self.translation,
            "decided": self.decided,
            "expected": dict(self.expected),
            "slices": self.slices(),
            "page": self.page,
            "n_pages": self.document.n_pages,
        }


def visible_text(text: str) -> str:
    """The text with a sign in place of each character that no reader sees, so that offsets stay what they are."""
    if printable(text) == text:
        return text
    return "".join(one if printable(one) else _HIDDEN for one in text)


@dataclass(frozen=True, slots=True)
class Own:
    """A reviewer's newest rows on a provision, by theme: as they bear on its text now, and by their names."""

    rows: Mapping[str, Decision]
    """Spans into a text that has changed since are left out; so are rows whose text is no longer there."""
    expected: Mapping[str, str]
    """Theme -> decision_id of the newest row in the store under this provision's id."""


def own_rows(project: Project, rows: Sequence[Decision], earlier: Sequence[Decision], provision_id: str) -> Own:
    """`rows`: a reviewer's on this provision_id, oldest first; `earlier`: those on a provision of an earlier run that
    is this one now (see `moved`).
    """
    text_hash = project.text_hashes[provision_id]
    stored = newest(rows)
    shown = {row.theme: _as_now(row, text_hash) for row in earlier}
    for theme, row in stored.items():
        same = row.text_hash == text_hash or project.anchor([row])[0].provision_id == provision_id
        if same:
            shown[theme] = _as_now(row, text_hash)
    return Own(shown, {theme: row.decision_id for theme, row in stored.items()})


def _as_now(row: Decision, text_hash: str) -> Decision:
    return row if row.text_hash == text_hash else replace(row, evidence="[]")


def moved(project: Project, live: Sequence[Decision]) -> dict[str, list[Decision]]:
    """provision_id of this run -> live decisions on what bore another id in an earlier run, oldest first."""
    found: dict[str, list[Decision]] = {}
    older = [row for row in live if row.provision_id and row.provision_id not in project.provisions]
    for one in project.anchor(older):
        if one.provision_id:
            found.setdefault(one.provision_id, []).append(one.decision)
    return found


def make_item(project: Project, provision_id: str, mine: Own, language: str, theme: str = "") -> Item:
    """A provision as the desk shows it. `mine`: the reviewer's own rows; `theme`: the one asked about."""
    provision = project.provisions[provision_id]
    document = project.documents[provision.doc_id]
    live = counting(mine.rows)
    named = words(language)
    rows = _themes(project, provision, live, language)
    earlier, later = project.neighbours(provision_id)
    marked = [one.key for one in rows if one.spans and (one.proposed or one.ticked)]
    forces = [row.force for row in live.values() if row.verdict == "yes" and row.force]
    said = [row for row in live.values() if row.note or row.translation]
    whole = live.get("")
    return Item(
        provision=provision,
        document=document,
        text=visible_text(provision.text),
        citation=cite(document, provision, language),
        title=act_title(document, provision),
        date=format_date(act_date(document, provision), language),
        place=place_name(provision.jurisdiction, language),
        labels=format_labels(provision),
        headings=provision.heading_path,
        doc_type=named.get(document.doc_type, document.doc_type),
        legal_status=named.get(document.legal_status, document.legal_status),
        language=language_names(language).get(provision.language, provision.language),
        read_by_ocr=provision.text_source != "text",
        before=tuple((one.language, _shortened(one.text, at_start=True)) for one in earlier),
        after=tuple((one.language, _shortened(one.text, at_start=False)) for one in later),
        parallels=_parallels(project, provision, language),
        themes=rows,
        shown=theme if theme in marked else next(iter(marked), ""),
        force=forces[0] if forces else "",
        machine_force=machine_force(project, provision_id),
        note=next((row.note for row in said if row.note), ""),
        translation=next((row.translation for row in said if row.translation), ""),
        decided=any(row.verdict in ("yes", "no") for row in live.values()),
        rejected=whole is not None and whole.verdict == "no",
        skipped=whole is not None and whole.verdict == "skip",
        expected=mine.expected,
    )


def _parallels(project: Project, provision: Provision, language: str) -> tuple[tuple[str, str], ...]:
    if not provision.parallel_id:
        return ()
    names = language_names(language)
    return tuple(
        (one.provision_id, names.get(one.language, one.language))
        for one in project.run.provisions
        if one.parallel_id == provision.parallel_id and one.provision_id != provision.provision_id
    )


def _shortened(text: str, at_start: bool) -> str:
    text = visible_text(text)
    if len(text) <= CONTEXT_CHARACTERS:
        return text
    if at_start:
        return "… " + text[-CONTEXT_CHARACTERS:].split(None, 1)[-1]
    return text[:CONTEXT_CHARACTERS].rsplit(None, 1)[0] + " …"


def _themes(
    project: Project, provision: Provision, live: Mapping[str, Decision], language: str
) -> tuple[ThemeRow, ...]:
    codings = project.codings.get(provision.provision_id, {})
    active = [*project.run.themes, *(theme for theme in live if theme and theme not in project.run.themes)]
    letters = dict(zip(active, THEME_KEYS, strict=False))
    rows = []
    for theme in active:
        book = project.run.codebook.themes.get(theme)
        coding, decision = codings.get(theme), live.get(theme)
        machine = _spans(coding, provision)
        own = tuple(spans_of(decision.evidence, len(provision.text))) if decision and decision.verdict == "yes" else ()
        proposed = coding is not None and coding.assigned
        ticked = decision.verdict == "yes" if decision else proposed and "" not in _rejecting(live)
        rows.append(
            ThemeRow(
                key=theme,
                name=theme_name(project.run, theme, language),
                rule=book.rule(language)[0] if book else "",
                letter=letters.get(theme, ""),
                probability=coding.probability if coding is not None else None,
                proposed=proposed,
                unsure=coding is not None and coding.unsure,
                ticked=ticked,
                decided=decision.verdict if decision else "",
                terms=_terms(coding, provision),
                by_lexicon=coding is not None and coding.method == "lexicon",
                spans=own or machine,
                machine_spans=machine,
                term_spans=_term_spans(coding),
            )
        )
    first = [one for one in rows if one.proposed or one.decided]
    ranks = {theme: coding.rank for theme, coding in codings.items()}
    first.sort(key=lambda one: ranks.get(one.key, len(ranks)))
    return (*first, *(one for one in rows if one not in first))


def _rejecting(live: Mapping[str, Decision]) -> set[str]:
    return {theme for theme, row in live.items() if not theme and row.verdict == "no"}


def _spans(coding: Coding | None, provision: Provision) -> tuple[tuple[int, int], ...]:
    return tuple(spans_of(coding.evidence, len(provision.text))) if coding is not None else ()


def _term_spans(coding: Coding | None) -> tuple[tuple[int, int], ...]:
    return tuple((start, end) for start, end, _ in json.loads(coding.terms)) if coding is not None else ()


def _terms(coding: Coding | None, provision: Provision) -> tuple[str, ...]:
    """The words that spoke for a theme, as they stand in the text, each once."""
    found = (" ".join(printable(provision.text[start:end]).split()) for start, end in _term_spans(coding))
    return tuple(dict.fromkeys(found))


def forces(project: Project, language: str) -> list[tuple[str, str]]:
    """Key and name of each force."""
    return [(force, project.run.codebook.force_name(force, language)) for force in FORCES]
