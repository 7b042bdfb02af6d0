"""Reviewers' decisions: a round trip that loses nothing, the rows that count, found again or told as stale."""

from __future__ import annotations

import dataclasses
import itertools
import json
from pathlib import Path
from typing import Any

import example_run as make
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_scan.decisions import (
    Anchored,
    PublishedDecision,
    Settled,
    anchor,
    decisions_for_cells,
    decisions_key,
    disputed_pairs,
    live,
    place_of,
    read_decisions,
    review_run,
    settle,
    settled_of,
    text_hash,
    to_line,
    with_decisions,
    write_decisions,
)
from policy_scan.errors import UsageError
from policy_scan.records import FORCES, Decision, Page, Provision
from policy_scan.tables import from_table, to_table

DOC = make.document("d")
THEME = "non_digital_access"
_numbers = itertools.count()


def page(number: int, *texts: str) -> tuple[Page, list[Provision]]:
    """A page whose provisions are `texts`, and those provisions."""
    joined = "\n".join(texts)
    provisions, start = [], 0
    for text in texts:
        spans = ((number, start, start + len(text)),)
        identifier = text_hash(f"{number} {spans} {text}")
        provisions.append(
            make.provision(identifier, DOC, text, spans=spans, page_first=number, page_last=number, ordinal=start)
        )
        start += len(text) + 1
    return Page(DOC.doc_id, number, joined, 595, 842, 0, "text", None, "ok"), provisions


def decide(provision: Provision | None = None, pages: tuple[Page, ...] = (), **changes: Any) -> Decision:
    place = {}
    if provision is not None:
        found = place_of(provision, {(one.doc_id, one.page): one.text for one in pages})
        place = {field.name: getattr(found, field.name) for field in dataclasses.fields(found)}
        place["provision_id"] = provision.provision_id
    base = {
        "decision_id": f"{next(_numbers):032x}", "at": "2026-03-01T10:00:00+00:00", "reviewer": "ada", "role": "coder",
        "doc_id": DOC.doc_id, "provision_id": "p", "page": 1, "start": 0, "end": 0, "text_hash": "", "quotation": "",
        "before": "", "after": "", "theme": THEME, "verdict": "yes", "force": "", "evidence": "[]", "note": "",
        "translation": "", "machine_probability": 0.4, "machine_assigned": False, "model_version": "m", "replaces": "",
        "origin": "uncertain",
    }  # fmt: skip
    return Decision(**{**base, **place, **changes})


texts = st.text(max_size=40)


@st.composite
def any_decision(draw: st.DrawFn) -> Decision:
    quotation = draw(texts)
    spans = []
    if quotation:
        start = draw(st.integers(0, len(quotation) - 1))
        spans = [[start, draw(st.integers(start + 1, len(quotation)))]]
    return decide(
        decision_id=draw(st.uuids()).hex,
        at=draw(st.datetimes()).isoformat() + draw(st.sampled_from(["Z", "+00:00", "+02:00"])),
        reviewer=draw(st.text(min_size=1, max_size=10)),
        role=draw(st.sampled_from(["coder", "adjudicator"])),
        quotation=quotation,
        text_hash=text_hash(quotation),
        before=draw(texts), after=draw(texts), note=draw(texts), translation=draw(texts), origin=draw(texts),
        theme=draw(st.sampled_from(["", THEME, "openness"])),
        verdict=draw(st.sampled_from(["yes", "no", "skip", "withdrawn"])),
        force=draw(st.sampled_from(["", *FORCES])),
        evidence=json.dumps(spans),
        machine_probability=draw(st.none() | st.floats(0, 1)),
        machine_assigned=draw(st.booleans()),
        page=draw(st.integers(1, 9)),
    )  # fmt: skip


# Keeping


@given(decisions=st.lists(any_decision(), max_size=5, unique_by=lambda one: one.decision_id))
def test_reading_gives_back_what_was_written(
    decisions: list[Decision], tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.getbasetemp() / "round.jsonl"
    write_decisions(file, decisions)
    assert read_decisions(file) == decisions
    assert file.read_bytes().count(b"\n") == len(decisions)
    rows = [PublishedDecision(**json.loads(to_line(one))) for one in decisions]
    assert from_table(PublishedDecision, to_table(PublishedDecision, rows)) == rows
    assert decisions_key(decisions) == decisions_key(decisions[::-1])


def test_unknown_fields_blank_lines_byte_marks_and_repeated_rows_do_no_harm(tmp_path: Path) -> None:
    one = decide(note="a line\u2028separator stays")
    row = {**json.loads(to_line(one)), "colour": "blue"}
    file = tmp_path / "d.jsonl"
    file.write_text("\ufeff" + json.dumps(row, ensure_ascii=False) + "\r\n\n" + to_line(one), encoding="utf-8")
    assert read_decisions(file) == [one]
    few = {name: row[name] for name in ("decision_id", "at", "reviewer", "role", "doc_id", "verdict")}
    file.write_text(json.dumps(few), encoding="utf-8")
    assert read_decisions(file)[0].origin == "import"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"verdict": "maybe"}, "'verdict' can't be \"maybe\""),
        ({"role": "owner"}, "'role'"),
        ({"force": "must"}, "'force'"),
        ({"at": "yesterday"}, "'at' is no time"),
        ({"at": "2026-03-01T10:00:00"}, "'at' is no time"),
        ({"page": True}, "'page'"),
        ({"page": -1}, "'page'"),
        ({"machine_assigned": 1}, "'machine_assigned'"),
        ({"machine_probability": 1.5}, "'machine_probability'"),
        ({"machine_probability": True}, "'machine_probability'"),
        ({"note": None}, "'note'"),
        ({"note": "\ud800"}, "'note'"),
        ({"evidence": "[[0, 9]]"}, "'evidence'"),
        ({"evidence": "{"}, "'evidence'"),
        ({"reviewer": ""}, "'reviewer' is empty"),
        ({"replaces": "x", "decision_id": "x"}, "replaces itself"),
        ({"quotation": "another text"}, "'text_hash'"),
    ],
)
def test_a_bad_row_names_its_line(changes: dict[str, Any], told: str, tmp_path: Path) -> None:
    file = tmp_path / "d.jsonl"
    row = {**json.loads(to_line(decide())), **changes}
    file.write_text(to_line(decide()) + "\n" + json.dumps(row) + "\n", encoding="utf-8")
    with pytest.raises(UsageError) as raised:
        read_decisions(file)
    assert "line 2" in raised.value.message and told in raised.value.message and raised.value.next_step


@pytest.mark.parametrize("line", [b"{", b"[]", b"\xff", b'{"machine_probability": NaN}', b'{"at": "x"}', b"[" * 9999])
def test_a_line_that_is_no_decision_is_named(line: bytes, tmp_path: Path) -> None:
    file = tmp_path / "d.jsonl"
    file.write_bytes(b"\n" + line + b"\n")
    with pytest.raises(UsageError, match="line 2"):
        read_decisions(file)


def test_two_rows_of_one_id_and_an_absent_file_are_told(tmp_path: Path) -> None:
    one = decide()
    other = dataclasses.replace(one, verdict="no")
    write_decisions(tmp_path / "d.jsonl", [one, other])
    with pytest.raises(UsageError, match=r"line 2.*stands for another row"):
        read_decisions(tmp_path / "d.jsonl")
    with pytest.raises(UsageError, match="can't be read"):
        read_decisions(tmp_path / "none.jsonl")


# Which rows count


def test_replaced_and_withdrawn_rows_no_longer_count_and_stay_on_record() -> None:
    first = decide(verdict="yes")
    second = decide(verdict="no", at="2026-03-02T10:00:00Z", replaces=first.decision_id)
    gone = decide(verdict="withdrawn", at="2026-03-03T10:00:00Z", replaces=second.decision_id)
    other = decide(reviewer="bo")
    assert live([first, second, other]) == [second, other]
    assert live([first, second, gone, other]) == [other]
    # A row older than the one it replaces (a clock that was wrong) still replaces it.
    early = dataclasses.replace(second, at="2020-01-01T00:00:00Z")
    assert live([early, first]) == [early]


def test_nobody_replaces_anothers_decision() -> None:
    first = decide(verdict="yes")
    other = decide(verdict="no", reviewer="bo", replaces=first.decision_id)
    assert live([first, other]) == [first, other]


@given(decisions=st.lists(any_decision(), max_size=8, unique_by=lambda one: one.decision_id))
def test_one_live_row_per_reviewer_provision_and_theme(decisions: list[Decision]) -> None:
    found = live(decisions)
    keys = [(one.reviewer, one.doc_id, one.provision_id, one.theme) for one in found]
    assert len(set(keys)) == len(keys) and all(one.verdict != "withdrawn" for one in found)
    assert set(live(found)) == set(found)
    assert set(live(decisions[::-1])) == set(found)


def test_the_latest_counts_by_time_not_by_its_spelling() -> None:
    early = decide(at="2026-03-01T12:00:00+02:00")
    late = decide(at="2026-03-01T11:00:00Z", verdict="no")
    assert live([late, early]) == [late]


# Finding the text again

A = "Le guichet de la commune reste ouvert à toute personne qui ne dispose pas d'un accès en ligne."
B = "La demande peut être introduite par écrit, au moyen du formulaire que la commune met à disposition."
C = "Le collège publie chaque année un rapport sur la fréquentation des guichets de la commune."


def found_again(
    old: tuple[Page, list[Provision]], which: int, *new: tuple[Page, list[Provision]], **changes: Any
) -> Anchored:
    decision = decide(old[1][which], (old[0],), **changes)
    pages = [one for one, _ in new]
    provisions = [provision for _, own in new for provision in own]
    return anchor([decision], provisions, pages)[0]


def test_an_unchanged_provision_is_found_exactly() -> None:
    found = found_again(page(1, A, B), 1, page(1, A, B))
    assert (found.state, found.similarity) == ("exact", 1.0)


def test_the_same_text_elsewhere_on_the_page_is_anchored_again_and_marked() -> None:
    old, new = page(1, A, B), page(1, C, A, B)
    found = found_again(old, 0, new)
    assert (found.state, found.provision_id, found.similarity) == ("reanchored", new[1][1].provision_id, 1.0)


def test_a_provision_of_the_same_id_but_another_text_is_not_taken_for_it() -> None:
    old, (new_page, new) = page(1, A, B), page(1, C, B)
    changed = [dataclasses.replace(new[0], provision_id=old[1][0].provision_id), new[1]]
    decision = decide(old[1][0], (old[0],))
    assert anchor([decision], changed, [new_page])[0].state == "stale"


def test_a_text_read_slightly_differently_is_anchored_again_also_on_the_next_page() -> None:
    near = A.replace("personne", "per sonne")
    new = page(2, near, C)
    found = found_again(page(1, A, C), 0, page(1, B), new)
    assert (found.state, found.provision_id) == ("reanchored", new[1][0].provision_id)
    assert 0.9 < found.similarity < 1
    assert found_again(page(1, A, C), 0, page(1, B), page(3, near, C)).state == "stale"


def test_what_is_gone_is_stale_with_its_reason() -> None:
    assert found_again(page(1, A), 0, page(1, B, C)).reason == "no_text"
    decision = decide(doc_id="gone")
    assert anchor([decision], page(1, A)[1], [])[0].reason == "no_document"


def test_two_equal_texts_are_told_apart_by_place_and_surroundings_or_not_at_all() -> None:
    # At its old place, though its identifier is another now.
    old_page, old = page(1, A, B, A)
    new = [dataclasses.replace(one, provision_id=f"new-{i}") for i, one in enumerate(old)]
    assert anchor([decide(old[2], (old_page,))], new, [old_page])[0].provision_id == "new-2"
    # Moved, with its surroundings.
    moved = page(1, "Préambule.", A, B, A, C)
    assert found_again(page(1, A, B, A, C), 2, moved).provision_id == moved[1][3].provision_id
    # Moved, with the same text after both: what stands before tells.
    moved = page(1, "Préambule.", C, A, "Fin.", B, A, "Fin.")
    assert found_again(page(1, B, A, "Fin."), 1, moved).provision_id == moved[1][5].provision_id
    # Moved, and nothing left around it to tell which of the two it is.
    found = found_again(page(1, "x", A), 1, page(1, "Préambule.", A, "Titre.", A, "Fin."))
    assert (found.state, found.reason, found.provision_id) == ("stale", "ambiguous", "")


def test_two_near_texts_are_ambiguous_and_another_number_is_another_rule() -> None:
    one, two = A.replace("personne", "per sonne"), A.replace("commune", "com mune")
    assert found_again(page(1, A), 0, page(1, one, two)).reason == "ambiguous"
    fifth, sixth = f"L'article 5 s'applique. {A}", f"L'article 6 s'applique. {A}"
    assert found_again(page(1, fifth, B), 0, page(1, sixth, B)).state == "stale"
    assert found_again(page(1, f"§ 2. {A}", B), 0, page(1, A, B)).state == "reanchored"


def test_a_decision_on_a_document_stands_as_long_as_the_document_does() -> None:
    whole = decide(provision_id="", theme="", page=0)
    assert anchor([whole], page(1, A)[1], [])[0].state == "exact"
    assert anchor([whole], [], [])[0].state == "stale"
    assert settle(anchor([decide(provision_id="", page=0)], page(1, A)[1], [])) == {}


@given(texts=st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=4), which=st.integers(0, 3))
def test_anchoring_in_the_same_run_is_exact(texts: list[str], which: int) -> None:
    old = page(1, *texts)
    which %= len(texts)
    found = found_again(old, which, old)
    assert (found.state, found.provision_id) == ("exact", old[1][which].provision_id)


# Settling and applying


def settled(*decisions: Decision, state: Any = "exact", similarity: float = 1.0) -> Settled | None:
    return settle([Anchored(one, state, "p", similarity, "") for one in decisions]).get(("p", THEME))


def test_coders_settle_what_they_agree_on_and_an_adjudicator_the_rest() -> None:
    yes, no = decide(), decide(reviewer="bo", verdict="no")
    assert settled(yes) == Settled("yes", "", "[]", ("ada",), False)
    assert settled(yes, decide(reviewer="bo")) == Settled("yes", "", "[]", ("ada", "bo"), False)
    assert settled(yes, no) == Settled("disputed", "", "[]", ("ada", "bo"), False)
    judge = decide(reviewer="cy", role="adjudicator", verdict="no")
    assert settled(yes, judge, no) == Settled("no", "", "[]", ("cy",), True)
    later = decide(reviewer="di", role="adjudicator", at="2026-04-01T00:00:00Z")
    assert settled(later, judge, no) == Settled("yes", "", "[]", ("di",), True)


def test_skipped_and_stale_decisions_settle_nothing() -> None:
    assert settled(decide(verdict="skip")) is None
    assert settled(decide(), state="stale") is None
    skipping = decide(reviewer="bo", verdict="skip")
    assert settled(decide(), skipping) == Settled("yes", "", "[]", ("ada",), False)


def test_force_and_evidence_stand_where_those_who_agree_on_the_theme_agree_on_them() -> None:
    mine = decide(force="right", quotation="abcdef", evidence="[[0, 3]]")
    same = dataclasses.replace(mine, decision_id="x", reviewer="bo", evidence="[[0,3]]")
    assert settled(mine, same) == Settled("yes", "right", "[[0,3]]", ("ada", "bo"), False)
    other = dataclasses.replace(same, force="permission", evidence="[[1,3]]")
    assert settled(mine, other) == Settled("yes", "", "[]", ("ada", "bo"), False)
    # Offsets into a text that was read differently mean nothing.
    assert settled(mine, state="reanchored", similarity=0.95) == Settled("yes", "right", "[]", ("ada",), False)


def test_a_reviewers_later_word_counts_where_two_provisions_became_one() -> None:
    old = decide(provision_id="before", at="2026-01-01T00:00:00Z", verdict="no")
    assert settled(decide(), old) == Settled("yes", "", "[]", ("ada",), False)


def test_codings_follow_what_is_settled() -> None:
    codings = [
        make.coding("p", "openness", force="right"),
        make.coding("p", THEME, assigned=False, force="", evidence="[]", probability=0.1),
        make.coding("q", THEME, force="obligation"),
        make.coding("r", THEME, assigned=False, force="", evidence="[]"),
        make.coding("s", THEME),
    ]
    found = with_decisions(
        codings,
        {
            ("p", THEME): Settled("yes", "", "[]", ("ada",), False),
            ("q", THEME): Settled("no", "", "[]", ("ada",), False),
            ("r", THEME): Settled("yes", "permission", "[[2,4]]", ("ada",), False),
            ("s", THEME): Settled("disputed", "", "[]", ("ada", "bo"), False),
        },
        {"p": "12345", "q": "12345", "r": "12345", "s": "12345"},
    )
    assert found[0] is codings[0] and found[4] is codings[4]
    told = [(one.assigned, one.force, one.evidence, one.method) for one in found[1:4]]
    assert told == [
        (True, "right", "[[0,5]]", "reviewed"),
        (False, "", "[]", "reviewed"),
        (True, "permission", "[[2,4]]", "reviewed"),
    ]
    assert found[1].probability == 0.1
    agreed = {("s", THEME): Settled("yes", "", "[]", ("ada",), False)}
    assert with_decisions(codings[4:], agreed, {}) == codings[4:]


def test_a_provision_rejected_as_a_whole_has_no_theme_but_those_accepted() -> None:
    codings = [make.coding("p", "openness"), make.coding("p", THEME), make.coding("q", THEME)]
    decisions = [decide(theme="", verdict="no"), decide(theme="openness")]
    whole = settle([Anchored(one, "exact", "p", 1.0, "") for one in decisions])
    assert [one.assigned for one in with_decisions(codings, whole, {})] == [True, False, True]


def test_that_nothing_fits_disputes_a_theme_that_another_coder_accepts() -> None:
    nothing, fits = decide(theme="", verdict="no"), decide(reviewer="bo")
    assert settled(nothing, fits) == Settled("disputed", "", "[]", ("ada", "bo"), False)
    assert settled(nothing, decide(reviewer="bo", verdict="no")) == Settled("no", "", "[]", ("ada", "bo"), False)
    judge = decide(reviewer="cy", role="adjudicator")
    assert settled(nothing, fits, judge) == Settled("yes", "", "[]", ("cy",), True)
    alone = [nothing, decide()]  # one's own word on the theme goes before one's own on the whole
    assert settled(*alone) == Settled("yes", "", "[]", ("ada",), False)
    assert settled(decide(theme="", verdict="skip"), fits) == Settled("yes", "", "[]", ("bo",), False)
    codings = [make.coding("p", THEME), make.coding("p", "openness")]
    both = settle([Anchored(one, "exact", "p", 1.0, "") for one in (nothing, fits)])
    assert disputed_pairs(both) == {("p", THEME)}
    assert [one.assigned for one in with_decisions(codings, both, {})] == [True, False]


def test_a_run_publishes_every_row_and_what_it_comes_to() -> None:
    old, new = page(1, A, B, C), page(1, A, B)
    kept, gone = old[1][0], old[1][2]
    first = decide(kept, (old[0],), verdict="no")
    rows = [
        first,
        decide(kept, (old[0],), replaces=first.decision_id),
        decide(kept, (old[0],), reviewer="bo", verdict="no"),
        decide(gone, (old[0],)),
        decide(doc_id="absent"),
    ]
    review = review_run(rows, new[1], [new[0]])
    told = [(row.live, row.anchor, row.anchor_reason, row.outcome) for row in review.rows]
    assert told == [
        (False, "exact", "", ""),
        (True, "exact", "", "disputed"),
        (True, "exact", "", "disputed"),
        (True, "stale", "no_text", ""),
        (True, "stale", "no_document", ""),
    ]
    assert [(issue.doc_id, issue.category) for issue in review.issues] == [
        (DOC.doc_id, "stale_decision"),
        (None, "stale_decision"),
    ]
    assert disputed_pairs(review.settled) == {(kept.provision_id, THEME)} and not decisions_for_cells(review.settled)
    assert settled_of(review.rows) == dict(review.settled)
