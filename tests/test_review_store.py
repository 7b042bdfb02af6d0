"""The review database, on SQLite and PostgreSQL: nothing lost, nothing doubled, nothing overwritten."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import review_writer
import sqlalchemy as sa
from databases import Cluster
from hypothesis import given, settings
from hypothesis import strategies as st
from review_writer import decide, insist

from policy_scan.decisions import live, read_decisions, write_decisions
from policy_scan.errors import UsageError
from policy_scan.records import Decision
from policy_scan.review import schema
from policy_scan.review.database import LockedError, make_engine, parse_address, writing
from policy_scan.review.store import Conflict, DocumentEdit, Store, StoreError, now
from policy_scan.review.turns import Answer, Turns

WRITER = Path(review_writer.__file__)


# One live row


def test_a_change_is_a_new_row_and_the_old_one_stays(store: Store) -> None:
    first = store.record(decide(), "")
    second = store.record(decide(verdict="no", note="not about paper"), first.decision_id)
    assert second.replaces == first.decision_id
    assert store.decisions() == [first, second]
    assert store.live() == [second]
    assert store.live("ada") == [second]
    assert store.live("bob") == []


def test_reviewers_themes_provisions_and_documents_stand_apart(store: Store) -> None:
    rows = [
        decide(), decide(reviewer="bob"), decide(theme="signature"), decide(provision_id="q"), decide(theme=""),
        decide(provision_id="", theme="", doc_id="d"), decide(provision_id="", theme="", doc_id="e"),
    ]  # fmt: skip
    for row in rows:
        store.record(row, "")
    assert store.live() == rows
    assert store.decisions(reviewer="bob") == [rows[1]]
    assert store.decisions(provision_id="q") == [rows[3]]


def test_who_saw_another_row_gets_it_and_writes_nothing(store: Store) -> None:
    first = store.record(decide(), "")
    version = store.version()
    for expected in ("", "another"):
        with pytest.raises(Conflict) as conflict:
            store.record(decide(verdict="no"), expected)
        assert conflict.value.live == first
        assert conflict.value.next_step
    with pytest.raises(Conflict) as conflict:
        store.record(decide(provision_id="q"), "gone")
    assert conflict.value.live is None
    assert store.decisions() == [first]
    assert store.version() == version


def test_a_withdrawn_decision_counts_as_none_and_is_replaced_by_the_next(store: Store) -> None:
    first = store.record(decide(), "")
    withdrawn = store.record(decide(verdict="withdrawn"), first.decision_id)
    assert store.live() == []
    again = store.record(decide(at="2001-01-01T00:00:00+00:00"), "")  # a clock that goes wrong must not undo it
    assert again.replaces == withdrawn.decision_id
    assert store.live() == [again] == live(store.decisions())


def test_a_decision_sent_again_is_stored_once(store: Store) -> None:
    row = decide()
    first = store.record(row, "")
    store.record(decide(verdict="no"), first.decision_id)
    assert store.record(replace(row, at=now()), "") == first
    assert store.record(row, "whatever was seen") == first
    assert len(store.decisions()) == 2
    with pytest.raises(Conflict, match="decision_id"):
        store.record(replace(row, verdict="no"), "")


def test_several_at_once_are_all_written_or_none(store: Store) -> None:
    there = store.record(decide(theme="b"), "")
    with pytest.raises(Conflict) as conflict:
        store.record_all([(decide(theme="a"), ""), (decide(theme="b"), "")])
    assert conflict.value.live == there
    assert store.decisions() == [there]
    written = store.record_all([(decide(theme="a"), ""), (decide(theme="b"), there.decision_id)])
    assert store.live() == written


def test_every_column_comes_back_as_it_went_in(store: Store) -> None:
    row = decide(
        theme="", verdict="skip", force="obligation", evidence="[[0, 8]]", note="Ψηφιακή «υπογραφή» 𝔸\r\n\t'; --",
        machine_probability=0.1 + 0.2, machine_assigned=True, page=7, start=3, role="adjudicator",
    )  # fmt: skip
    assert store.record(row, "") == row
    assert store.decisions() == [row]
    unknown = decide(machine_probability=None)
    assert store.record(unknown, "") == unknown
    assert store.decisions()[1].machine_probability is None


def test_what_no_database_can_hold_is_refused_before_anything_is_written(store: Store) -> None:
    for wrong in ("a\0b", "\ud800"):
        with pytest.raises(UsageError, match="'note'"):
            store.record_all([(decide(), ""), (decide(theme="b", note=wrong), "")])
    assert store.decisions() == []


def test_the_version_changes_with_every_write_and_tells_what_is_new(store: Store) -> None:
    versions = [store.version()]
    writes: list[Callable[[], object]] = [
        lambda: store.record(decide(), ""),
        lambda: store.record_all([(decide(theme="a"), ""), (decide(theme="b"), "")]),
        lambda: store.assign(["p"], "ada", "zoe"),
        lambda: store.edit_document(DocumentEdit("e", now(), "zoe", "d", "title", "Law", "law", "")),
        lambda: store.add_user("ada", "coder", "a long password"),
    ]
    for write in writes:
        write()
        versions.append(store.version())
    assert versions == sorted(set(versions))
    assert [row.theme for row in store.decisions(since=versions[0])] == ["paper", "a", "b"]
    assert [row.theme for row in store.decisions(since=versions[1])] == ["a", "b"]
    assert store.decisions(since=versions[-1]) == []


steps = st.lists(
    st.tuples(st.sampled_from("pq"), st.sampled_from(["", "t"]), st.sampled_from(["ada", "bob"]),
              st.sampled_from(["yes", "no", "skip", "withdrawn"]), st.integers(0, 3)),
    max_size=12,
)  # fmt: skip


@settings(max_examples=25)
@given(steps)
def test_what_is_live_is_what_the_table_of_decisions_says(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, str, str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("live")
    with Store.open(folder / "a.sqlite3") as store, Store.open(folder / "b.sqlite3") as other:
        for provision_id, theme, reviewer, verdict, hour in steps:
            at = f"2026-01-01T{hour:02d}:00:00+00:00"
            row = decide(provision_id=provision_id, theme=theme, reviewer=reviewer, verdict=verdict, at=at)
            insist(store, row)
        rows = store.decisions()
        assert store.live() == live(rows)
        write_decisions(folder / "rows.jsonl", reversed(rows))  # whatever the order of the file
        taken = other.import_decisions(read_decisions(folder / "rows.jsonl"))
        assert not taken.conflicts
        assert {row.decision_id: row for row in other.live()} == {row.decision_id: row for row in store.live()}


# Constraints of the database itself


def _raw(store: Store, statement: str) -> None:
    with writing(store._engine) as connection:
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize("table", schema.APPEND_ONLY)
def test_what_is_on_record_can_be_neither_changed_nor_deleted(store: Store, table: str) -> None:
    store.record(decide(), "")
    store.edit_document(DocumentEdit("e", now(), "zoe", "d", "title", "Law", "law", ""))
    store.audit("zoe", "login")
    statements = [f"UPDATE {table} SET at = 'x'", f"DELETE FROM {table}"]
    if store._engine.dialect.name == "sqlite":
        statements.append(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    else:
        statements.append(f"TRUNCATE {table} CASCADE")
    for statement in statements:
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            _raw(store, statement)


def test_the_database_holds_one_live_row_per_reviewer_provision_and_theme(store: Store) -> None:
    first = store.record(decide(), "")
    second = store.record(decide(verdict="no"), first.decision_id)
    names = "reviewer, doc_id, provision_id, theme"
    for doubled in (first, second):
        with pytest.raises(sa.exc.IntegrityError):
            _raw(store, f"INSERT INTO live_decisions ({names}, decision_id) "
                        f"SELECT {names}, '{doubled.decision_id}' FROM live_decisions")  # fmt: skip
    with pytest.raises(sa.exc.IntegrityError):
        _raw(store, "UPDATE live_decisions SET decision_id = 'nothing'")


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": "perhaps"}, {"role": "boss"}, {"force": "hope"}, {"reviewer": ""}, {"doc_id": ""}, {"at": "today"},
        {"at": "2026-01-01T00:00:00"}, {"evidence": "[[0, 4000]]"}, {"evidence": "[[2, 2]]"}, {"evidence": "{"},
        {"evidence": "[[0, true]]"}, {"text_hash": "0"}, {"page": -1}, {"start": 2**40}, {"machine_probability": 1.5},
        {"machine_probability": float("nan")}, {"theme": "t" * 501}, {"provision_id": "ώ" * 251},
    ],
)  # fmt: skip
def test_what_an_export_could_not_give_back_is_refused(store: Store, changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as refused:
        store.record(decide(**changes), "")
    assert refused.value.next_step
    assert store.decisions() == []


def test_the_longest_identifiers_fit_the_index(store: Store) -> None:
    names = ("decision_id", "reviewer", "doc_id", "provision_id", "theme")
    noise = random.Random(7)
    row = decide(**{name: "".join(noise.choices("0123456789abcdef", k=500)) for name in names})
    assert store.record(row, "") == row


def test_verdicts_and_roles_are_checked_by_the_database(store: Store) -> None:
    store.record(decide(), "")
    names = ", ".join(field.name if field.name != "end" else '"end"' for field in fields(Decision))
    for column in ("verdict", "role", "decision_id"):
        values = names.replace(column, "''").replace("decision_id", "'other'")
        with pytest.raises(sa.exc.IntegrityError):
            _raw(store, f"INSERT INTO decisions (version, {names}) SELECT 1, {values} FROM decisions")


# Import


def test_an_import_adds_what_is_new_and_overwrites_nothing(store: Store, tmp_path: Path) -> None:
    first = store.record(decide(), "")
    write_decisions(tmp_path / "rows.jsonl", store.decisions())
    here = store.record(decide(verdict="no"), first.decision_id)
    elsewhere = decide(verdict="withdrawn", replaces=first.decision_id)
    after_it = decide(verdict="yes", replaces=elsewhere.decision_id)
    fresh = decide(theme="signature")
    taken = store.import_decisions([*read_decisions(tmp_path / "rows.jsonl"), after_it, elsewhere, fresh])
    assert taken.known == (first,)
    assert taken.new == (fresh,)
    assert taken.conflicts == ((elsewhere, here), (after_it, here))
    assert store.live() == [here, fresh]
    assert store.import_decisions(store.decisions()).known == tuple(store.decisions())
    changed = replace(fresh, note="another")
    assert store.import_decisions([changed]).conflicts == ((changed, fresh),)


def test_an_import_follows_a_chain_and_takes_older_rows_as_history(store: Store) -> None:
    first = decide(at="2026-01-01T00:00:00+00:00")
    second = decide(at="2026-01-02T00:00:00+00:00", verdict="no", replaces=first.decision_id)
    assert store.import_decisions([second]).new == (second,)
    assert store.import_decisions([first]).new == (first,)
    assert store.live() == [second] == live(store.decisions())
    assert store.record(decide(), second.decision_id).replaces == second.decision_id


def test_rows_of_a_file_that_name_no_row_before_them_follow_each_other_in_time(store: Store) -> None:
    rows = [decide(at=f"2026-01-0{day}T00:00:00+00:00") for day in (3, 1, 2)]
    taken = store.import_decisions(rows)
    assert [row.at[9] for row in taken.new] == ["1", "2", "3"]
    assert [row.decision_id for row in store.live()] == [rows[0].decision_id]
    assert len(store.import_decisions(rows).conflicts) == 0


# Several at once


def _check(store: Store, acknowledged: list[str]) -> None:
    """Nothing lost, nothing doubled, and one unbroken chain per reviewer, provision and theme."""
    rows = store.decisions()
    assert Counter(row.decision_id for row in rows).most_common(1)[0][1] == 1
    assert set(acknowledged) <= {row.decision_id for row in rows}
    assert len(acknowledged) == len(set(acknowledged))
    chains: dict[tuple[str, str], list[Decision]] = {}
    for row in rows:
        chains.setdefault((row.reviewer, row.provision_id), []).append(row)
    for chain in chains.values():
        assert [row.replaces for row in chain] == ["", *(row.decision_id for row in chain[:-1])]
    assert {row.decision_id for row in store.live()} == {chain[-1].decision_id for chain in chains.values()}


def test_threads_on_the_same_item_lose_and_double_nothing(store: Store) -> None:
    def hammer(_: int) -> list[str]:
        return [insist(store, decide(verdict="no" if n % 2 else "yes")).decision_id for n in range(5)]

    with ThreadPoolExecutor(6) as pool:
        acknowledged = list(itertools.chain.from_iterable(pool.map(hammer, range(6))))
    assert len(store.decisions()) == len(acknowledged) == 30
    _check(store, acknowledged)


def test_of_those_who_saw_the_same_row_one_wins(store: Store) -> None:
    first = store.record(decide(), "")
    start = threading.Barrier(6)

    def change(_: int) -> bool:
        start.wait()
        try:
            store.record(decide(verdict="no"), first.decision_id)
        except Conflict as conflict:
            assert conflict.live is not None and conflict.live != first
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(change, range(6))) == 1
    assert len(store.decisions()) == 2


def test_decisions_that_wait_are_written_together_and_each_gets_its_own_answer(store: Store) -> None:
    there = store.record(decide(theme="taken"), "")
    requests = [
        [(decide(theme=f"t{number}"), ""), (decide(theme=f"u{number}"), "")] for number in range(4)
    ] + [
        [(decide(theme="half"), ""), (decide(theme="taken"), "")],
    ]  # fmt: skip

    def answer(rows: list[tuple[Decision, str]]) -> list[Decision] | StoreError:
        try:
            return store.record_all(rows)
        except StoreError as error:
            return error

    with ThreadPoolExecutor(len(requests)) as pool:
        with store._turns.alone():
            waiting = [pool.submit(answer, rows) for rows in requests]
            while len(store._turns._waiting) < len(requests):
                time.sleep(0.01)
        answers = [one.result() for one in waiting]
    assert answers[:4] == [[row for row, _ in rows] for rows in requests[:4]]
    assert isinstance(answers[4], Conflict) and answers[4].live == there
    assert {row.theme for row in store.live()} == {"taken", *(f"{one}{number}" for one in "tu" for number in range(4))}
    version = store.version()
    requests = [[(decide(theme=f"v{number}"), "")] for number in range(4)]
    with ThreadPoolExecutor(len(requests)) as pool:
        with store._turns.alone():
            waiting = [pool.submit(answer, rows) for rows in requests]
            while len(store._turns._waiting) < len(requests):
                time.sleep(0.01)
        assert all(isinstance(one.result(), list) for one in waiting)
    assert store.version() == version + 1


def test_a_row_that_the_database_refuses_takes_no_other_with_it() -> None:
    attempts: list[list[str]] = []

    def write(requests: Sequence[Sequence[tuple[Decision, str]]]) -> list[Answer]:
        attempts.append([rows[0][0].theme for rows in requests])
        if "wrong" in attempts[-1]:
            raise StoreError("refused")
        return [[row for row, _ in rows] for rows in requests]

    turns = Turns(write, 5.0)
    with ThreadPoolExecutor(3) as pool:
        with turns.alone():
            waiting = [pool.submit(turns.record, [(decide(theme=theme), "")]) for theme in ("a", "wrong", "b")]
            while len(turns._waiting) < 3:
                time.sleep(0.01)
        assert waiting[0].result()[0].theme == "a"
        with pytest.raises(StoreError, match="refused"):
            waiting[1].result()
        assert waiting[2].result()[0].theme == "b"
    assert sorted(attempts[0]) == ["a", "b", "wrong"]
    assert sorted(attempts[1:]) == [["a"], ["b"], ["wrong"]]


def test_who_waits_too_long_for_a_turn_writes_nothing() -> None:
    turns = Turns(lambda requests: [[] for _ in requests], 0.05)
    with turns.alone(), ThreadPoolExecutor(1) as pool, pytest.raises(LockedError, match="too busy"):
        pool.submit(turns.record, [(decide(), "")]).result()
    assert turns._waiting == []


def test_an_older_copy_put_back_is_read_anew(store: Store) -> None:
    row = store.record(decide(), "")
    assert store.live() == [row]
    store.assign(["p"], "ada", "zoe")
    assert store.live() == [row]
    _raw(store, "UPDATE counter SET version = 1")
    assert store.live() == [row] == store.decisions(since=0)


def test_fifty_clients_read_and_write_at_once(store: Store) -> None:
    start = threading.Barrier(50)

    def client(number: int) -> str:
        start.wait()
        row = store.record(decide(reviewer=f"r{number}"), "")
        assert row in store.live(f"r{number}")
        assert store.version() > 0
        return row.decision_id

    with ThreadPoolExecutor(50) as pool:
        _check(store, list(pool.map(client, range(50))))


def _writer(address: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, str(WRITER), address, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_processes_on_the_same_items_lose_and_double_nothing(database: str) -> None:
    writers = [_writer(database, "ada", 3, 20) for _ in range(2)]  # both may find no database yet, and make it
    acknowledged = [line for writer in writers for line in writer.communicate(timeout=120)[0].split()]
    assert [writer.returncode for writer in writers] == [0, 0]
    assert len(acknowledged) == 40
    with Store.open(database, create=False) as store:
        assert len(store.decisions()) == 40
        _check(store, acknowledged)


def test_a_killed_writer_loses_no_acknowledged_decision(database: str) -> None:
    acknowledged: list[str] = []
    for lines in (15, 7):
        with _writer(database, "ada", 4) as writer:
            assert writer.stdout is not None
            acknowledged += [writer.stdout.readline().strip() for _ in range(lines)]
            writer.kill()
            acknowledged += writer.stdout.read().split("\n")[:-1]  # printed before it died
    with Store.open(database, create=False) as store:
        # At most the one in flight when each was killed was written without being acknowledged.
        assert 22 <= len(acknowledged) <= len(store.decisions()) <= len(acknowledged) + 2
        _check(store, acknowledged)
        insist(store, decide(provision_id="p0"))


def test_a_restarted_server_is_found_again(postgresql: Cluster) -> None:
    with Store.open(postgresql.new_database()) as store:
        first = store.record(decide(), "")
        postgresql.stop("fast")
        with pytest.raises(StoreError) as gone:
            store.record(decide(theme="signature"), "")
        assert gone.value.next_step
        postgresql.start()
        second = store.record(decide(theme="signature"), "")
        assert store.live() == [first, second]


# Documents, assignments, audit


def test_edits_of_documents_are_kept_in_order_and_once(store: Store) -> None:
    one = DocumentEdit("e1", now(), "zoe", "d", "doc_type", "law", "other", "")
    two = DocumentEdit("e2", now(), "zoe", "d", "include", "no", "yes", "a draft")
    assert [store.edit_document(edit) for edit in (one, two, replace(one, at=now()))] == [one, two, one]
    assert store.document_edits() == [one, two]
    with pytest.raises(Conflict):
        store.edit_document(replace(one, value="decree"))


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [("path", "x", ""), ("doc_type", "novel", ""), ("legal_status", "dead", ""), ("include", "no", " "),
     ("include", "maybe", "so"), ("date", "tomorrow", "")],
)  # fmt: skip
def test_an_edit_that_no_run_could_apply_is_refused(store: Store, field: str, value: str, reason: str) -> None:
    with pytest.raises(UsageError) as refused:
        store.edit_document(DocumentEdit("e", now(), "zoe", "d", field, value, "", reason))
    assert refused.value.next_step
    assert store.document_edits() == []


def test_assignments_are_sets(store: Store) -> None:
    assert store.assign(["p", "q", "p"], "ada", "zoe") == 2
    assert store.assign(["q", "r"], "ada", "zoe") == 1
    assert store.assign(["q"], "bob", "zoe") == 1
    assert store.assignments() == {"p": {"ada"}, "q": {"ada", "bob"}, "r": {"ada"}}
    store.unassign(["q", "nothing"], "ada")
    assert store.assignments("ada") == {"p": {"ada"}, "r": {"ada"}}
    assert store.assignments("bob") == {"q": {"bob"}}


def test_the_audit_log_keeps_order_and_any_text(store: Store) -> None:
    store.audit("ada", "login", "127.0.0.1")
    store.audit("\0eve\ud800", "login refused", "Ελένη")
    log = store.audit_log()
    assert [entry.what for entry in log] == ["login", "login refused"]
    assert log[1].detail == "Ελένη"
    assert store.audit_log(limit=1) == log[1:]
    assert log[0].at <= log[1].at


def test_the_table_of_decisions_has_the_columns_of_the_record() -> None:
    names = [column.name for column in schema.decisions.columns]
    assert names == ["seq", "version", *(field.name for field in fields(Decision))]


def test_an_address_is_shown_without_its_password(postgresql: Cluster) -> None:
    with Store.open(postgresql.new_database()) as store:
        assert "a-password-of-the-tests" not in store.address
        assert str(postgresql.port) in store.address
    engine = make_engine(parse_address("postgresql://a:b%40c@h/n"), 1.0)
    assert engine.url.password == "b@c"
    assert "b@c" not in str(engine)
