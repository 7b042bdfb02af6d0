"""Reviewers' decisions: kept as JSON lines, found again after a re-run, settled, and applied to codings.

    read_decisions -> live -> anchor -> settle -> with_decisions, decisions_for_cells

Nothing is ever dropped: what can't be found again is `stale`, shown in the table `decisions` and never applied.
"""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

from .errors import UsageError
from .keys import hash_bytes, make_key
from .records import FORCES, Coding, Decision, Issue, Page, Provision, Role, Verdict
from .tables import write_atomic

AnchorState = Literal["exact", "reanchored", "stale"]
NEIGHBOURHOOD = 60
"""Characters of page text kept on either side of a provision."""
LEAST_SIMILARITY = 0.9
"""From this share of matching characters on (difflib's ratio), a text may be the one decided on."""
CLEAR_LEAD = 0.05
"""How far the best candidate must stand before the next one, neighbourhood counted."""
_NEIGHBOURHOOD_SHARE = 0.2
_FOREIGN_NEIGHBOURHOOD = 0.6
"""A near match whose surroundings have less than this in common with those decided on is another provision."""
_REVIEWED = "reviewed"
_OPTIONAL: dict[str, Any] = {
    "provision_id": "", "page": 0, "start": 0, "end": 0, "text_hash": "", "quotation": "", "before": "", "after": "",
    "theme": "", "force": "", "evidence": "[]", "note": "", "translation": "", "machine_probability": None,
    "machine_assigned": False, "model_version": "", "replaces": "", "origin": "import",
}  # fmt: skip
"""What a line needn't say, as for sheets edited by hand."""
_CHOICES: dict[str, tuple[str, ...]] = {
    "role": get_args(Role), "verdict": get_args(Verdict), "force": ("", *FORCES),
}  # fmt: skip
_NUMBER = re.compile(r"\d+")


def text_hash(text: str) -> str:
    """SHA-256 of a text in UTF-8."""
    return hash_bytes(text.encode("utf-8"))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a provision stands and what surrounds it, in the words of a Decision."""

    page: int
    start: int
    end: int
    text_hash: str
    quotation: str
    before: str
    after: str


def place_of(provision: Provision, pages: Mapping[tuple[str, int], str]) -> Place:
    """The place of a provision. `pages`: (doc_id, page) -> the page's text; an unknown page has no surroundings."""
    page, start, end = provision.spans[0]
    text = pages.get((provision.doc_id, page), "")
    return Place(
        page=page,
        start=start,
        end=end,
        text_hash=text_hash(provision.text),
        quotation=provision.text,
        before=text[max(0, start - NEIGHBOURHOOD) : start],
        after=text[end : end + NEIGHBOURHOOD],
    )


# Reading and writing


def _fault(file: Path, number: int, what: str) -> UsageError:
    return UsageError(f"{file}, line {number}: {what}.", "correct or delete the line, then run again.")


def _moment(at: str) -> datetime:
    moment = datetime.fromisoformat(at)
    if moment.tzinfo is None:
        raise ValueError("no offset")
    return moment.astimezone(UTC)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _spans(evidence: str, length: int) -> list[tuple[int, int]]:
    """The spans of an evidence column. Raises ValueError where they aren't half-open spans of a text this long."""
    found = json.loads(evidence)
    if not isinstance(found, list):
        raise ValueError("no list")
    for item in found:
        whole = isinstance(item, list) and len(item) == 2 and all(type(part) is int for part in item)
        if not whole or not 0 <= item[0] < item[1] <= length:
            raise ValueError("no span of the text")
    return [(start, end) for start, end in found]


def _checked(row: Mapping[str, Any], file: Path, number: int) -> Decision:
    values: dict[str, Any] = {}
    kinds = get_type_hints(Decision)
    for field in fields(Decision):
        name = field.name
        if name not in row and name not in _OPTIONAL:
            raise _fault(file, number, f"'{name}' is missing")
        value = row.get(name, _OPTIONAL.get(name))
        kind = kinds[name]
        if kind in (int, bool):
            right = type(value) is kind and value >= 0  # in JSON, true is no number
        elif kind == float | None:
            right = value is None or (type(value) in (int, float) and 0 <= value <= 1)
            value = float(value) if right and value is not None else value
        else:
            right = _encodes(value)
        if not right or (name in _CHOICES and value not in _CHOICES[name]):
            raise _fault(file, number, f"'{name}' can't be {json.dumps(value)[:60]}")
        values[name] = value
    decision = Decision(**values)
    for name in ("decision_id", "reviewer", "doc_id"):
        if not values[name]:
            raise _fault(file, number, f"'{name}' is empty")
    try:
        _moment(decision.at)
    except ValueError:
        raise _fault(file, number, f"'at' is no time with an offset: {decision.at[:40]}") from None
    try:
        _spans(decision.evidence, len(decision.quotation))
    except ValueError:
        raise _fault(file, number, "'evidence' is no list of spans of the quotation") from None
    if decision.replaces == decision.decision_id:
        raise _fault(file, number, "the decision replaces itself")
    if decision.quotation and decision.text_hash != text_hash(decision.quotation):
        raise _fault(file, number, "'text_hash' isn't the hash of the quotation")
    return decision


def _encodes(value: Any) -> bool:
    """Whether a value is a text that UTF-8 can hold (JSON can escape halves of surrogate pairs)."""
    try:
        return isinstance(value, str) and value.encode("utf-8") is not None
    except UnicodeEncodeError:
        return False


def read_decisions(file: Path) -> list[Decision]:
    """All rows of a file of JSON lines (UTF-8, one object per line), in its order; empty lines and unknown fields are
    passed over, and a row that stands there twice counts once.

    Raises UsageError that names the line at fault, also where two different rows bear one decision_id.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} can't be read: {error.strerror}.", "check the path of the decisions.") from error
    found: dict[str, Decision] = {}
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line.decode("utf-8"), parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise _fault(file, number, "it is no JSON in UTF-8") from None
        if not isinstance(row, dict):
            raise _fault(file, number, "it is no JSON object")
        decision = _checked(row, file, number)
        if found.setdefault(decision.decision_id, decision) != decision:
            raise _fault(file, number, f"decision_id {decision.decision_id[:40]} stands for another row above")
    return list(found.values())


def to_line(decision: Decision) -> str:
    """One decision as a line of JSON, without the line feed."""
    row = {field.name: getattr(decision, field.name) for field in fields(Decision)}
    return json.dumps(row, ensure_ascii=False, allow_nan=False)


def write_decisions(file: Path, decisions: Iterable[Decision]) -> None:
    """Write a file of JSON lines in one step. Raises OSError."""
    write_atomic(file, "".join(to_line(decision) + "\n" for decision in decisions).encode("utf-8"))


def decisions_key(decisions: Iterable[Decision]) -> str:
    """What tables depend on: the rows, whatever their order in the file."""
    return make_key("decisions", sorted(to_line(decision) for decision in decisions))


# Which rows count


def _latest(decisions: Iterable[Decision]) -> list[Decision]:
    return sorted(decisions, key=lambda one: (_moment(one.at), one.decision_id))


def live(decisions: Sequence[Decision]) -> list[Decision]:
    """The rows that count: neither replaced nor withdrawn, the latest per reviewer, provision and theme, in the order
    given. A row replaces only rows of its own reviewer: nobody's decision ends another's.
    """
    reviewers = {one.decision_id: one.reviewer for one in decisions}
    replaced = {one.replaces for one in decisions if reviewers.get(one.replaces) == one.reviewer}
    last = {
        (one.reviewer, one.doc_id, one.provision_id, one.theme): one.decision_id
        for one in _latest(decision for decision in decisions if decision.decision_id not in replaced)
    }
    kept = set(last.values())
    return [one for one in decisions if one.decision_id in kept and one.verdict != "withdrawn"]


# Finding the text again


@dataclass(frozen=True, slots=True)
class Anchored:
    """A decision and the provision that it is about now: '' and 'stale' where that can't be told."""

    decision: Decision
    state: AnchorState
    provision_id: str
    similarity: float
    """Share of characters in common with the quotation: 1 where the text is the same, 0 where nothing was found."""
    reason: str
    """Why it is stale: no_document, no_text (nothing alike), ambiguous; '' elsewhere."""


def _alike(a: str, b: str) -> float:
    return difflib.SequenceMatcher(None, a, b, autojunk=False).ratio()


def _alike_texts(a: str, b: str, least: float) -> float:
    """The ratio of two texts, 0 where it is bound to stay under `least`."""
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    if matcher.real_quick_ratio() < least or matcher.quick_ratio() < least:
        return 0.0
    return matcher.ratio()


def _surroundings(decision: Decision, place: Place) -> tuple[float, float]:
    """How far the text before and after is the same, 0 to 1: mean and best side; 1 where the decision stored none."""
    pairs = [(decision.before, place.before), (decision.after, place.after)]
    known = [_alike(old, new) for old, new in pairs if old]
    return (sum(known) / len(known), max(known)) if known else (1.0, 1.0)


def _same_numbers(a: str, b: str) -> bool:
    """Whether one text's numbers are among the other's: 'Article 5' is never taken for 'Article 6'."""
    one, other = Counter(_NUMBER.findall(a)), Counter(_NUMBER.findall(b))
    return one <= other or other <= one


@dataclass(frozen=True, slots=True)
class _Candidate:
    provision: Provision
    place: Place


def _anchor_one(decision: Decision, own: Provision | None, near: Sequence[_Candidate]) -> Anchored:
    """`own`: the provision of the decision's id; `near`: the provisions on its page and those before and after."""
    if own is not None and text_hash(own.text) == decision.text_hash:
        return Anchored(decision, "exact", own.provision_id, 1.0, "")
    same = [one for one in near if one.provision.text == decision.quotation and one.place.page == decision.page]
    at_place = [one for one in same if (one.place.start, one.place.end) == (decision.start, decision.end)]
    if len(at_place or same) == 1:
        return Anchored(decision, "reanchored", (at_place or same)[0].provision.provision_id, 1.0, "")
    scored = []
    for one in same or near:
        share = 1.0 if same else _alike_texts(decision.quotation, one.provision.text, LEAST_SIMILARITY - CLEAR_LEAD)
        if share:
            mean, around = _surroundings(decision, one.place)
            total = (1 - _NEIGHBOURHOOD_SHARE) * share + _NEIGHBOURHOOD_SHARE * mean
            scored.append((total, share, around, one.provision))
    scored.sort(key=lambda item: (-item[0], item[3].provision_id))
    if not scored:
        return Anchored(decision, "stale", "", 0.0, "no_text")
    total, share, around, best = scored[0]
    if len(scored) > 1 and total - scored[1][0] < CLEAR_LEAD:
        return Anchored(decision, "stale", "", round(share, 4), "ambiguous")
    if share < LEAST_SIMILARITY or around < _FOREIGN_NEIGHBOURHOOD or not _same_numbers(decision.quotation, best.text):
        return Anchored(decision, "stale", "", round(share, 4), "no_text")
    return Anchored(decision, "reanchored", best.provision_id, round(share, 4), "")


def anchor(decisions: Sequence[Decision], provisions: Sequence[Provision], pages: Iterable[Page]) -> list[Anchored]:
    """Find what each decision is about after a re-run, in the order given.

    'exact': the provision of that id has the text decided on (a decision on a document: the document is there).
    'reanchored': its text stands elsewhere on the page once (of several, the one at its place, or with its
    surroundings), or one provision on its page or the pages beside is so near to it that no other comes close.
    Everything else is 'stale'.
    """
    by_id = {one.provision_id: one for one in provisions}
    documents = {one.doc_id for one in provisions}
    wanted = {(one.doc_id, page) for one in decisions for page in (one.page - 1, one.page, one.page + 1)}
    texts = {}
    for page in pages:
        documents.add(page.doc_id)
        if (page.doc_id, page.page) in wanted:
            texts[page.doc_id, page.page] = page.text
    by_page: dict[tuple[str, int], list[_Candidate]] = {}
    for provision in provisions:
        key = (provision.doc_id, provision.spans[0][0])
        if key in wanted:
            by_page.setdefault(key, []).append(_Candidate(provision, place_of(provision, texts)))
    found: list[Anchored] = []
    for decision in decisions:
        if decision.doc_id not in documents:
            found.append(Anchored(decision, "stale", "", 0.0, "no_document"))
        elif not decision.provision_id:
            found.append(Anchored(decision, "exact", "", 1.0, ""))
        else:
            near = [
                candidate
                for page in (decision.page, decision.page - 1, decision.page + 1)
                for candidate in by_page.get((decision.doc_id, page), ())
            ]
            found.append(_anchor_one(decision, by_id.get(decision.provision_id), near))
    return found


# Settling and applying


@dataclass(frozen=True, slots=True)
class Settled:
    """What the reviewers hold of one theme of one provision. Disputed: coders differ and nobody has adjudicated."""

    verdict: Literal["yes", "no", "disputed"]
    force: str
    """'' = as the machine says, also where those who agree on the theme differ about the force."""
    evidence: str
    """'[]' = as the machine says, also where those who agree on the theme differ about it."""
    reviewers: tuple[str, ...]
    adjudicated: bool


SettledThemes = Mapping[tuple[str, str], Settled]
"""(provision_id, theme) -> what is settled; theme '': a 'no' says that no theme fits but those accepted one by one."""


def settle(anchored: Iterable[Anchored]) -> dict[tuple[str, str], Settled]:
    """What live, anchored decisions come to: an adjudicator's wins (the latest of several), else the verdict that all
    coders share, else 'disputed'. A coder's word that nothing fits a provision is a 'no' on each theme that another
    coder spoke of and that coder did not. Stale and skipped ones, and those on a document, don't count. Under the
    theme '' stands what is said of the provision as a whole.
    """
    latest: dict[tuple[str, str], dict[str, Anchored]] = {}
    usable = [one for one in anchored if one.state != "stale" and one.provision_id]
    for one in sorted(usable, key=lambda item: (_moment(item.decision.at), item.decision.decision_id)):
        if one.decision.verdict not in ("yes", "no"):
            continue
        # Two old provisions may have become one: a reviewer's later word on it counts.
        own = latest.setdefault((one.provision_id, one.decision.theme), {})
        own.pop(one.decision.reviewer, None)
        own[one.decision.reviewer] = one
    found = {}
    for (identifier, theme), own in latest.items():
        # Nothing fits, says one, and this theme does, says another: that's as much a dispute as a 'no' on the theme.
        rejecting = latest.get((identifier, ""), {}) if theme and _coders(own) else {}
        whole = [one for name, one in _coders(rejecting).items() if one.decision.verdict == "no" and name not in own]
        found[identifier, theme] = _settle_one([*whole, *own.values()])
    return found


def _coders(said: Mapping[str, Anchored]) -> dict[str, Anchored]:
    return {name: one for name, one in said.items() if one.decision.role == "coder"}


def _settle_one(decided: Sequence[Anchored]) -> Settled:
    """`decided`: one per reviewer, the latest last."""
    adjudicated = [one for one in decided if one.decision.role == "adjudicator"]
    counted = adjudicated[-1:] or decided
    reviewers = tuple(sorted(one.decision.reviewer for one in counted))
    verdicts = {one.decision.verdict for one in counted}
    if len(verdicts) > 1:
        return Settled("disputed", "", "[]", reviewers, False)
    forces = {one.decision.force for one in counted}
    # Spans are offsets into the quotation: they hold only where the text is the same.
    spans = {_compact(one.decision.evidence) if one.similarity == 1.0 else "[]" for one in counted}
    accepted = verdicts == {"yes"}
    return Settled(
        verdict="yes" if accepted else "no",
        force=forces.pop() if accepted and len(forces) == 1 else "",
        evidence=spans.pop() if accepted and len(spans) == 1 else "[]",
        reviewers=reviewers,
        adjudicated=bool(adjudicated),
    )


def _compact(evidence: str) -> str:
    return json.dumps(json.loads(evidence), separators=(",", ":"))


def decisions_for_cells(settled: SettledThemes) -> dict[tuple[str, str], bool]:
    """(provision_id, theme) -> accepted or rejected, disputed ones left out."""
    return {key: one.verdict == "yes" for key, one in settled.items() if one.verdict != "disputed"}


def disputed_pairs(settled: SettledThemes) -> frozenset[tuple[str, str]]:
    return frozenset(key for key, one in settled.items() if one.verdict == "disputed")


def with_decisions(codings: Sequence[Coding], settled: SettledThemes, texts: Mapping[str, str]) -> list[Coding]:
    """Codings as the reviewers left them, in the same order; the published table keeps the machine's own.

    A rejected theme is not assigned, nor is any that isn't accepted where the whole provision is rejected. An accepted
    one is, with the reviewers' force and evidence, or the machine's, or where the machine has none the provision's
    force (of its core theme; 'statement' where it has no theme) and its whole text. What differs has the method
    'reviewed'. `texts`: provision_id -> text.
    """
    if not settled:
        return list(codings)
    forces = {coding.provision_id: coding.force for coding in codings if coding.force}
    return [_reviewed(coding, settled, forces, texts) for coding in codings]


def _reviewed(coding: Coding, settled: SettledThemes, forces: Mapping[str, str], texts: Mapping[str, str]) -> Coding:
    decided = settled.get((coding.provision_id, coding.theme))
    whole = settled.get((coding.provision_id, ""))
    if decided is None and whole is not None and whole.verdict == "no":
        decided = whole
    if decided is None or decided.verdict == "disputed":
        return coding
    if decided.verdict == "no":
        changed = replace(coding, assigned=False, force="", evidence="[]", terms="[]")
    else:
        force = decided.force or coding.force or forces.get(coding.provision_id, "statement")
        evidence, terms = coding.evidence, coding.terms
        if decided.evidence != "[]" or not coding.assigned:
            evidence = decided.evidence
            if evidence == "[]":
                evidence = json.dumps([[0, len(texts[coding.provision_id])]], separators=(",", ":"))
            spans = json.loads(evidence)
            inside = [t for t in json.loads(terms) if any(start <= t[0] and t[1] <= end for start, end in spans)]
            terms = json.dumps(inside, ensure_ascii=False, separators=(",", ":"))
        changed = replace(coding, assigned=True, force=force, evidence=evidence, terms=terms)
    return coding if changed == coding else replace(changed, method=_REVIEWED)


# Publishing


@dataclass(frozen=True, slots=True)
class PublishedDecision(Decision):
    """A row of the table `decisions`: the decision, whether it counts, and what it is about in this run."""

    live: bool = False
    anchor: AnchorState = "stale"
    anchor_reason: str = ""
    similarity: float = 0.0
    anchored_to: str = ""
    """provision_id in this run; '' where stale or about a document."""
    outcome: str = ""
    """yes, no or disputed as settled for its provision and theme; '' where the row doesn't count."""


@dataclass(frozen=True, slots=True)
class Review:
    """Decisions as they bear on one run."""

    settled: Mapping[tuple[str, str], Settled]
    rows: tuple[PublishedDecision, ...]
    issues: tuple[Issue, ...]


def review_run(decisions: Sequence[Decision], provisions: Sequence[Provision], pages: Iterable[Page]) -> Review:
    """Anchor and settle a run's decisions; stale ones that would count are told as warnings, one per document."""
    anchored = anchor(decisions, provisions, pages)
    counting = {one.decision_id for one in live(decisions)}
    settled = settle(one for one in anchored if one.decision.decision_id in counting)
    rows = []
    for one in anchored:
        counts = one.decision.decision_id in counting
        decided = settled.get((one.provision_id, one.decision.theme))
        usable = counts and one.state != "stale" and one.decision.verdict in ("yes", "no")
        rows.append(
            PublishedDecision(
                **{field.name: getattr(one.decision, field.name) for field in fields(Decision)},
                live=counts,
                anchor=one.state,
                anchor_reason=one.reason,
                similarity=one.similarity,
                anchored_to=one.provision_id,
                outcome=decided.verdict if decided and usable else "",
            )
        )
    return Review(settled, tuple(rows), tuple(_stale_issues(rows)))


def _stale_issues(rows: Sequence[PublishedDecision]) -> list[Issue]:
    stale = [row for row in rows if row.live and row.anchor == "stale"]
    n_by_document = Counter(row.doc_id for row in stale if row.anchor_reason != "no_document")
    found = [
        Issue(
            doc_id, None, "decisions", "stale_decision", "warning",
            f"{n} of the reviewers' decisions no longer {'finds its' if n == 1 else 'find their'} text and "
            f"{'is' if n == 1 else 'are'} not applied.",
            "decide again on what is now there; the table decisions lists them with anchor 'stale'.",
        )
        for doc_id, n in sorted(n_by_document.items())
    ]  # fmt: skip
    absent = sum(row.anchor_reason == "no_document" for row in stale)
    if absent:
        message = f"{absent} of the reviewers' decisions are on documents that this run didn't read."
        step = "nothing where the run was meant to leave them out; else put the documents back into the corpus."
        found.append(Issue(None, None, "decisions", "stale_decision", "warning", message, step))
    return found


def settled_of(rows: Iterable[PublishedDecision]) -> dict[tuple[str, str], Settled]:
    """What was settled, told again from a run's published table."""
    counting = [row for row in rows if row.live]
    return settle(Anchored(row, row.anchor, row.anchored_to, row.similarity, row.anchor_reason) for row in counting)
