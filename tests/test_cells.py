"""Cells: the rule of status, what counts once, what only awaits a check, and what was searched."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import example_run as make
import pytest

from policy_scan.as_of import count_dates, is_later, issues_of_date, status_at
from policy_scan.records import (
    BINDING_TYPES,
    DOC_TYPES,
    FORCES,
    PENDING,
    Cell,
    Coding,
    Document,
    Issue,
    Provision,
)
from policy_scan.report.common import list_evidence
from policy_scan.stages.cells import COMMITTING_TYPES, compile_cells, status_of
from policy_scan.stages.state_of_play import published_columns, tabulate

THEME = "non_digital_access"


def compiled(
    documents: Sequence[Document],
    provisions: Sequence[Provision],
    codings: Sequence[Coding],
    issues: Sequence[Issue] = (),
    thresholds: dict[str, float] | None = None,
    **more: Any,
) -> dict[tuple[str, str], Cell]:
    found = compile_cells(
        documents, provisions, codings, issues, make.config(), make.codebook(), thresholds or {}, **more
    )
    assert len({(cell.theme, cell.jurisdiction) for cell in found}) == len(found)
    return {(cell.theme, cell.jurisdiction): cell for cell in found}


@pytest.mark.parametrize(("doc_type", "force"), list(itertools.product(DOC_TYPES, FORCES)))
@pytest.mark.parametrize("legal_status", ["", "in_force", "adopted", "proposed", "repealed"])
def test_status_follows_the_rule_of_the_codebook(doc_type: str, force: str, legal_status: str) -> None:
    doc = make.document("x", doc_type=doc_type, legal_status=legal_status)
    status = status_of(doc, make.provision("p", doc), force)
    binding = doc_type in BINDING_TYPES and legal_status not in ("proposed", "repealed")
    if legal_status == "repealed":
        assert status == "described"
    elif binding and force in ("obligation", "prohibition", "right"):
        assert status == "binding"
    elif binding and force in ("permission", "definition"):
        assert status == "enabled"
    elif force == "commitment" or (
        (doc_type in COMMITTING_TYPES or legal_status == "proposed") and force not in ("statement", "definition")
    ):
        assert status == "committed"
    else:
        assert status == "described"


@pytest.mark.parametrize(
    ("doc_type", "act_type", "expected"),
    [("gazette", "decree", "binding"), ("gazette", "", "described"), ("gazette", "circular", "committed"),
     ("report", "law", "described"), ("law", "circular", "binding")],
)  # fmt: skip
def test_the_act_counts_inside_a_gazette_and_the_document_elsewhere(
    doc_type: str, act_type: str, expected: str
) -> None:
    doc = make.document("x", doc_type=doc_type)
    assert status_of(doc, make.provision("p", doc, act_type=act_type), "obligation") == expected


def test_every_theme_and_jurisdiction_has_a_cell_and_unknown_has_none() -> None:
    docs = [
        make.document("a"),
        make.document("b", "unknown", jurisdictions=("unknown",)),
        make.document("c", "EU"),
        make.document("d", "BE-WAL"),
        make.document("e", "PT"),
    ]
    provisions = [make.provision(f"p{doc.doc_id}", doc) for doc in docs]
    cells = compiled(docs, provisions, [make.coding(p.provision_id) for p in provisions])
    assert [j for t, j in cells if t == THEME] == ["FR", "BE", "GR", "EU", "PT"]
    assert {t for t, _ in cells} == set(make.codebook().active)
    assert cells[THEME, "BE"].evidence == ("pd",)
    assert not any("pb" in cell.evidence for cell in cells.values())
    assert cells[THEME, "GR"].status == "not_searched"


def test_a_document_of_two_countries_counts_in_each() -> None:
    doc = make.document("a", jurisdictions=("FR", "BE-DG", "BE"))
    cells = compiled([doc], [make.provision("p", doc)], [make.coding("p")])
    assert cells[THEME, "FR"].evidence == cells[THEME, "BE"].evidence == ("p",)
    assert cells[THEME, "BE"].n_searched_documents == 1


def test_only_codings_over_the_threshold_support_and_the_others_are_to_check() -> None:
    doc = make.document("a")
    provisions = [make.provision(name, doc) for name in ("sure", "edge", "weak", "off")]
    codings = [
        make.coding("sure", probability=0.95, force="permission"),
        make.coding("edge", probability=0.7, force="permission"),
        make.coding("weak", probability=0.69),
        make.coding("off", probability=0.99, assigned=False, force=""),
    ]
    for thresholds in ({THEME: 0.7}, {}):  # the configuration's 0.7 where the model gives none
        cell = compiled([doc], provisions, codings, thresholds=thresholds)[THEME, "FR"]
        assert (cell.status, cell.evidence, cell.to_check) == ("enabled", ("sure", "edge"), ("weak",))
        assert (cell.n_provisions, cell.n_to_check, cell.confidence) == (2, 1, 0.95)
    cell = compiled([doc], provisions, codings, thresholds={THEME: 0.6})[THEME, "FR"]
    assert (cell.status, cell.evidence[0], cell.to_check) == ("binding", "weak", ())


def test_a_weak_coding_alone_is_not_found_and_says_what_to_check() -> None:
    doc = make.document("a")
    cell = compiled([doc], [make.provision("p", doc)], [make.coding("p", probability=0.5)])[THEME, "FR"]
    assert (cell.status, cell.confidence, cell.to_check) == ("not_found", None, ("p",))
    assert cell.citation == "searched: 1 document, 1 provision; 1 uncertain provision to check"


def test_the_strongest_wins_and_evidence_stands_best_first_whatever_the_order_of_input() -> None:
    law = make.document("a")
    plan = make.document("b", doc_type="strategy", date="2025")
    old = make.document("c", legal_status="repealed")
    rows = [
        (make.provision("plan", plan), make.coding("plan", probability=0.99, force="commitment")),
        (make.provision("repealed", old), make.coding("repealed", probability=0.99)),
        (make.provision("second", law, ordinal=9), make.coding("second", probability=0.8)),
        (make.provision("first", law, ordinal=2), make.coding("first", probability=0.8)),
        (make.provision("side", law), make.coding("side", probability=0.99, rank=2)),
        (make.provision("may", law), make.coding("may", probability=0.99, force="permission")),
    ]
    expected = ("first", "second", "side", "may", "plan", "repealed")
    for order in itertools.permutations(rows, len(rows)):
        provisions, codings = zip(*order, strict=True)
        cell = compiled([old, law, plan], provisions, codings)[THEME, "FR"]
        assert cell.evidence == expected
        if order[0][0].provision_id == "first":
            break
    assert (cell.status, cell.n_documents) == ("binding", 3)


def test_newer_acts_come_before_older_ones_of_equal_weight() -> None:
    docs = [make.document("a", date="2019-12-31"), make.document("b", date="2024"), make.document("c", date="")]
    provisions = [make.provision(f"p{doc.doc_id}", doc) for doc in docs]
    cell = compiled(docs, provisions, [make.coding(p.provision_id) for p in provisions])[THEME, "FR"]
    assert cell.evidence == ("pb", "pa", "pc")


def test_repealed_acts_are_described_and_marked() -> None:
    doc = make.document("a", legal_status="repealed")
    cell = compiled([doc], [make.provision("p", doc)], [make.coding("p")])[THEME, "FR"]
    assert cell.status == "described"
    assert cell.citation.endswith("(repealed)")


def test_language_versions_of_one_rule_count_once() -> None:
    doc = make.document("a", "BE")
    provisions = [
        make.provision("fr", doc, parallel_id="rule-1"),
        make.provision("nl", doc, parallel_id="rule-1", language="nl"),
        make.provision("other", doc, parallel_id="rule-2"),
        make.provision("weak", doc, parallel_id="rule-2"),
    ]
    codings = [
        make.coding("fr", probability=0.8),
        make.coding("nl", probability=0.9),
        make.coding("other", probability=0.7),
        make.coding("weak", probability=0.3),
    ]
    cell = compiled([doc], provisions, codings)[THEME, "BE"]
    assert (cell.n_provisions, cell.evidence, cell.n_to_check) == (2, ("nl", "other"), 0)


def test_a_quoted_provision_counts_as_the_act_that_quotes_it() -> None:
    doc = make.document("a", doc_type="gazette")
    quoted = make.provision("p", doc, act_type="law", quoted=True)
    cell = compiled([doc], [quoted], [make.coding("p")])[THEME, "FR"]
    assert cell.status == "binding"
    assert "amending text" in cell.citation


def test_not_found_says_what_was_searched_and_what_failed() -> None:
    docs = [
        make.document("a"),
        make.document("b", n_pages_failed=2, status="partial"),
        make.document("c", status="failed"),
        make.document("d", status="excluded", exclude_reason="a draft"),
    ]
    provisions = [make.provision(f"p{n}", docs[0]) for n in range(3)]
    cell = compiled(docs, provisions, [])["openness", "FR"]
    assert (cell.status, cell.search_incomplete, cell.confidence) == ("not_found", True, None)
    assert (cell.n_searched_documents, cell.n_searched_provisions) == (2, 3)
    assert (cell.n_failed_documents, cell.n_failed_pages) == (1, 2)
    assert cell.citation == (
        "searched: 2 documents, 3 provisions; 1 document could not be read; 2 pages failed; search incomplete"
    )


def test_a_jurisdiction_whose_every_document_failed_was_not_searched() -> None:
    cell = compiled([make.document("a", status="failed")], [], [])[THEME, "FR"]
    assert (cell.status, cell.search_incomplete, cell.n_failed_documents) == ("not_searched", True, 1)


def test_an_error_recorded_for_a_document_makes_the_search_incomplete() -> None:
    doc = make.document("a")
    error = Issue("a", None, "codings", "timeout", "error", "It took too long.", "raise the limit.")
    assert compiled([doc], [], [], [error])[THEME, "FR"].search_incomplete
    assert not compiled([doc], [], [])[THEME, "FR"].search_incomplete


def test_a_reviewers_decision_outweighs_the_probability() -> None:
    doc = make.document("a")
    provisions = [make.provision("weak", doc), make.provision("strong", doc)]
    codings = [make.coding("weak", probability=0.3, force="permission"), make.coding("strong")]
    decisions = {("weak", THEME): True, ("strong", THEME): False}
    cell = compiled([doc], provisions, codings, decisions=decisions)[THEME, "FR"]
    assert (cell.status, cell.evidence, cell.review_state) == ("enabled", ("weak",), "all")
    cell = compiled([doc], provisions, codings, decisions={("weak", THEME): True})[THEME, "FR"]
    assert (cell.status, cell.review_state) == ("binding", "part")


def test_a_cell_that_reviewers_emptied_was_reviewed() -> None:
    doc, other = make.document("a"), make.document("b", "BE")
    provisions = [make.provision("p", doc), make.provision("q", doc), make.provision("r", other)]
    codings = [make.coding("p"), make.coding("q"), make.coding("r")]
    refused = {("p", THEME): False, ("q", THEME): False}
    as_left = [dataclasses.replace(one, assigned=False, method="reviewed") for one in codings[:2]]
    for given in (codings, [*as_left, codings[2]]):
        cells = compiled([doc, other], provisions, given, decisions=refused)
        assert (cells[THEME, "FR"].status, cells[THEME, "FR"].review_state) == ("not_found", "all")
        assert cells[THEME, "BE"].review_state == "none"
    assert compiled([doc, other], provisions, codings, decisions={("p", THEME): False})[THEME, "FR"].review_state == (
        "part"
    )
    # What is still to check keeps an emptied cell open, and refusing what the machine never coded says nothing of it.
    doubtful = [codings[0], make.coding("q", probability=0.1)]
    assert compiled([doc], provisions[:2], doubtful, decisions={("p", THEME): False})[THEME, "FR"].review_state == (
        "part"
    )
    uncoded = [make.coding("p", assigned=False, force="", evidence="[]")]
    assert compiled([doc], provisions[:1], uncoded, decisions={("p", THEME): False})[THEME, "FR"].review_state == "none"


def test_a_cell_whose_provision_the_coders_differ_about_is_disputed_in_its_column_only() -> None:
    here, there = make.document("a"), make.document("b", "BE-VLG")
    provisions = [make.provision("p", here), make.provision("q", there)]
    codings = [make.coding("p"), make.coding("q")]
    cells = compiled([here, there], provisions, codings, decisions={("p", THEME): True}, disputed={("q", THEME)})
    assert (cells[THEME, "FR"].review_state, cells[THEME, "BE"].review_state) == ("all", "disputed")
    # Also where the machine saw nothing: nobody may take the cell for searched and empty.
    unseen = [make.coding("q", assigned=False, force="", evidence="[]")]
    cell = compiled([there], provisions[1:], unseen, disputed={("q", THEME)})[THEME, "BE"]
    assert (cell.status, cell.review_state) == ("not_found", "disputed")


def test_the_table_repeats_the_cells() -> None:
    cells = make.cells()
    rows = tabulate(cells, make.config(), make.codebook())
    columns = ["theme", *(f"{j}_{what}" for j in ("FR", "BE", "GR") for what in ("status", "citation"))]
    assert [list(row) for row in rows] == [columns] * len(make.codebook().active)
    by_theme = {row["theme"]: row for row in rows}
    for cell in cells:
        assert by_theme[cell.theme][f"{cell.jurisdiction}_status"] == cell.status
        assert by_theme[cell.theme][f"{cell.jurisdiction}_citation"] == cell.citation
    with pytest.raises(KeyError):
        tabulate(cells[:-1], make.config(), make.codebook())


@pytest.mark.parametrize("legal_status", ["repealed", "proposed"])
@pytest.mark.parametrize("force", FORCES)
def test_repealed_and_proposed_acts_are_marked_and_never_binding(legal_status: str, force: str) -> None:
    doc = make.document("a", legal_status=legal_status)
    cell = compiled([doc], [make.provision("p", doc)], [make.coding("p", force=force)])[THEME, "FR"]
    assert cell.status in ("described", "committed")
    assert {"repealed": "(repealed)", "proposed": "(proposed, not in force)"}[legal_status] in cell.citation


def levelled(docs: Sequence[Document], jurisdictions: Sequence[str], levels: Sequence[str]) -> list[Cell]:
    provisions = [make.provision(f"p{doc.doc_id}", doc) for doc in docs]
    codings = [make.coding(p.provision_id) for p in provisions]
    config = make.config(jurisdictions=list(jurisdictions), levels=list(levels))
    return compile_cells(docs, provisions, codings, [], config, make.codebook(), {})


def test_the_levels_of_a_country_stand_after_it_and_split_its_documents() -> None:
    docs = [
        make.document("fed", "BE"),
        make.document("vlg", "BE-VLG"),
        make.document("both", "BE-WAL", jurisdictions=("BE-WAL", "BE-FWB")),
        make.document("fr", "FR-IDF"),
        make.document("eu", "EU"),
    ]
    cells = levelled(docs, ("BE", "FR"), ("BE",))
    by_column = {cell.jurisdiction: cell for cell in cells if cell.theme == THEME}
    assert list(by_column) == ["BE", "BE-NAT", "BE-FWB", "BE-VLG", "BE-WAL", "FR", "EU"]
    assert set(by_column["BE"].evidence) == {"pfed", "pvlg", "pboth"}
    assert [by_column[code].evidence for code in ("BE-NAT", "BE-VLG", "BE-WAL")] == [("pfed",), ("pvlg",), ("pboth",)]
    assert by_column["BE-FWB"].n_searched_documents == by_column["BE-NAT"].n_searched_documents == 1
    assert by_column["EU"].evidence == ("peu",)
    config = make.config(jurisdictions=["BE", "FR"], levels=["BE"])
    rows = tabulate(cells, config, make.codebook())
    columns = ["BE", "BE-NAT", "BE-FWB", "BE-VLG", "BE-WAL", "FR"]
    assert [name for name in rows[0] if name.endswith("_status")] == [f"{code}_status" for code in columns]
    assert published_columns(cells, config) == tuple(columns)


def test_without_levels_parts_of_a_country_have_no_column_and_an_empty_level_has_none() -> None:
    docs = [make.document("vlg", "BE-VLG")]
    assert {cell.jurisdiction for cell in levelled(docs, ("BE",), ())} == {"BE"}
    assert {cell.jurisdiction for cell in levelled(docs, ("BE",), ("BE", "LU"))} == {"BE", "BE-VLG"}
    # Of a country without parts in the corpus a national level would repeat its column.
    assert {cell.jurisdiction for cell in levelled([make.document("fr")], ("FR",), ("FR",))} == {"FR"}


DAY = "2024-06-30"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "in_force"),
        ({"legal_status": ""}, ""),
        ({"legal_status": "proposed", "in_force": "2020"}, "proposed"),
        ({"repealed": "2024-06-30"}, "repealed"),
        ({"repealed": "2024"}, "repealed"),
        ({"repealed": "2024-07-01"}, "in_force"),
        ({"legal_status": "repealed"}, "repealed"),
        ({"legal_status": "repealed", "repealed": "2025-01"}, "in_force"),
        ({"legal_status": "repealed", "repealed": "2025", "in_force": "2024-07"}, PENDING),
        ({"in_force": "2024-06-30"}, "in_force"),
        ({"in_force": "2024-07-01"}, PENDING),
        ({"in_force": "2024"}, PENDING),
        ({"in_force": "2024-06"}, PENDING),
        ({"in_force": "2023"}, "in_force"),
        ({"legal_status": "adopted", "in_force": "2024-05-01"}, "in_force"),
        ({"legal_status": "adopted"}, "adopted"),
    ],
)
def test_the_legal_status_on_a_day_follows_the_dates(given: dict[str, str], expected: str) -> None:
    assert status_at(make.document("a", date="2019", **given), DAY) == expected


@pytest.mark.parametrize(
    ("dates", "later"),
    [
        ({"date": "2024-06-30"}, False), ({"date": "2024-07-01"}, True), ({"date": "2024"}, False),
        ({"date": "2025"}, True), ({"date": "", "in_force": "2025"}, True), ({"date": ""}, False),
        ({"date": "2024-01-01", "in_force": "2025"}, False),
    ],
)  # fmt: skip
def test_an_act_is_later_by_its_date_or_else_by_its_entry_into_force(dates: dict[str, str], later: bool) -> None:
    assert is_later(make.document("a", **dates), None, DAY) is later
    assert not is_later(make.document("a", **dates), None, None)


def test_a_table_as_of_a_day_leaves_later_acts_out_and_shows_the_others_as_they_were() -> None:
    docs = [
        make.document("old", date="2010-01-01", legal_status="repealed", repealed="2025-01-01"),
        make.document("gone", "BE", date="2010-01-01", repealed="2024-01-01"),
        make.document("new", "GR", date="2024-05-02", in_force="2025-01-01"),
        make.document("next", "GR", date="2024-12-01"),
        make.document("undated", "GR", date="", doc_type="report"),
        make.document("gazette", "LU", date="2024-06-01", doc_type="gazette"),
    ]
    provisions = [make.provision(f"p{doc.doc_id}", doc, act_type="law") for doc in docs]
    provisions.append(make.provision("plater", docs[-1], act_type="law", act_date="2024-08-01"))
    codings = [make.coding(p.provision_id) for p in provisions]

    def cells_of(as_of: str | None) -> dict[str, Cell]:
        config = make.config(jurisdictions=["FR", "BE", "GR", "LU"], as_of=as_of)
        found = compile_cells(docs, provisions, codings, [], config, make.codebook(), {}, disputed={("pnext", THEME)})
        return {cell.jurisdiction: cell for cell in found if cell.theme == THEME}

    cells = cells_of(DAY)
    assert {code: cell.status for code, cell in cells.items()} == {
        "FR": "binding", "BE": "described", "GR": "committed", "LU": "binding",
    }  # fmt: skip
    assert "repealed" not in cells["FR"].citation
    assert cells["BE"].citation.endswith("(repealed)")
    assert cells["GR"].citation.endswith("(in force only from 1 January 2025)")
    assert cells["GR"].evidence == ("pnew", "pundated")
    assert (cells["GR"].n_searched_documents, cells["GR"].n_searched_provisions) == (2, 2)
    assert cells["GR"].review_state == "none"
    assert cells["LU"].evidence == ("pgazette",)
    told = {
        (issue.doc_id, issue.category, issue.severity) for issue in issues_of_date(docs, count_dates(provisions), DAY)
    }
    assert told == {("next", "later", "info"), ("gazette", "later", "info"), ("undated", "undated", "warning")}
    as_given = cells_of(None)
    assert {code: cell.status for code, cell in as_given.items()} == {
        "FR": "described", "BE": "binding", "GR": "binding", "LU": "binding",
    }  # fmt: skip
    assert issues_of_date(docs, count_dates(provisions), None) == []


def test_evidence_of_later_acts_is_listed_as_later_and_of_others_as_they_were() -> None:
    law, later = make.document("a", date="2020", in_force="2030"), make.document("b", date="2030")
    run = dataclasses.replace(
        make.run_data(Path("outputs")),
        config=make.config(as_of=DAY),
        documents=(law, later),
        provisions=(make.provision("now", law), make.provision("then", later)),
        codings=(make.coding("now"), make.coding("then")),
    )
    run = dataclasses.replace(run, cells=tuple(
        compile_cells(run.documents, run.provisions, run.codings, [], run.config, run.codebook, {})))  # fmt: skip
    listed = {row.provision.provision_id: (row.standing, row.status) for row in list_evidence(run)}
    assert listed == {"now": ("evidence", "committed"), "then": ("later", "binding")}
