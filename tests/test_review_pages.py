"""The pages beside the desk: progress, agreement, disagreements and their settling, documents, trail; always blind."""

from __future__ import annotations

import dataclasses
import json
import re
import uuid
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import example_run
import published_run
import pytest
import review_app as make
from fastapi import FastAPI
from openpyxl import load_workbook
from review_app import Browser

from policy_scan.decisions import place_of
from policy_scan.records import Decision
from policy_scan.review.context import decimal
from policy_scan.review.store import Store, now

ACCOUNTS = {"cora": "coder", "cyril": "coder", "adam": "adjudicator", "ines": "administrator"}
ITEM = "/disagreements/p-law/non_digital_access"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make.make_run(tmp_path / "run")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "review.sqlite3") as opened:
        # Sessions are begun by hand here: no password is needed.
        opened.verify = lambda name, _password: opened.user(name)  # type: ignore[method-assign]
        yield opened


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policy_scan.review.store.hash_password", lambda _password: "$none$")


@pytest.fixture
def app(run: Path, store: Store) -> FastAPI:
    for name, role in ACCOUNTS.items():
        store.add_user(name, role, make.PASSWORD)
    return make.make_app(run, store)


def decide(app: FastAPI, reviewer: str, theme: str, verdict: str, **changes: Any) -> Decision:
    """Record a coder's decision on the provision p-law."""
    context = app.state.context
    project = context.project()
    provision = project.provisions[changes.pop("provision_id", "p-law")]
    pages = {(provision.doc_id, page): project.page_text(provision.doc_id, page) for page in range(9)}
    live = {one.theme: one for one in context.store.live(reviewer) if one.provision_id == provision.provision_id}
    decision = Decision(
        decision_id=str(uuid.uuid4()), at=now(), reviewer=reviewer, role="coder", doc_id=provision.doc_id,
        provision_id=provision.provision_id, **dataclasses.asdict(place_of(provision, pages)), theme=theme,
        verdict=verdict, force="", evidence="[]", note="", translation="", machine_probability=0.9,
        machine_assigned=True, model_version="1", replaces="", origin="cell",
    )  # fmt: skip
    decision = dataclasses.replace(decision, **changes)
    stored: Decision = context.store.record(decision, live[theme].decision_id if theme in live else "")
    return stored


def form_of(page: str) -> dict[str, str]:
    """The hidden fields of a page's forms."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))


@pytest.fixture
def disputed(app: FastAPI) -> FastAPI:
    decide(app, "cora", "non_digital_access", "yes", note="a note of cora's", evidence="[[0, 9]]", force="right")
    decide(app, "cyril", "non_digital_access", "no", note="a note of cyril's")
    return app


# Blindness


def _seen(browser: Browser) -> str:
    pages = ["/", "/agreement", "/documents", "/trail", "/trail?reviewer=cora", "/exports", "/desk", "/desk?item=p-law"]
    return "".join(browser.get(page).text for page in pages) + browser.post("/exports/decisions.jsonl").text


def test_a_second_coder_meets_no_trace_of_the_first(app: FastAPI) -> None:
    blind = Browser(app, "cyril")
    masked = re.compile(r"[0-9a-f-]{36}|[0-9a-f]{64}")
    before = masked.sub("", _seen(blind))
    decide(app, "cora", "non_digital_access", "no", note="a note of cora's", translation="an English cora")
    decide(app, "cora", "openness", "yes")
    decide(app, "cora", "", "skip", provision_id="p-nl")
    assert masked.sub("", _seen(blind)) == before, "not a count, a mark or an order may differ"
    assert "cora" in _seen(Browser(app, "adam")) and "cora" in _seen(Browser(app, "ines"))
    decide(app, "cyril", "non_digital_access", "yes")
    assert "a note of cora" in blind.get("/trail").text
    exported = [json.loads(line) for line in blind.post("/exports/decisions.jsonl").text.splitlines()]
    assert {(one["reviewer"], one["theme"]) for one in exported} == {
        ("cora", "non_digital_access"), ("cyril", "non_digital_access"),
    }  # fmt: skip
    assert "You see what you have decided yourself" in blind.get("/agreement").text


# Disagreement and adjudication


def test_adjudicators_see_both_views_and_settle_with_a_reason(disputed: FastAPI, store: Store) -> None:
    adjudicator = Browser(disputed, "adam")
    listed = adjudicator.get("/disagreements").text
    assert f'href="{ITEM}"' in listed and "1 open" in listed and "cora: the theme fits" in listed
    page = adjudicator.get(ITEM).text
    for words in ("cora", "cyril", "a note of cora", "a note of cyril", "the theme fits", "as cora chose"):
        assert words in page
    form = form_of(page)
    form.pop("csrf")
    refused = adjudicator.post(ITEM, **form, verdict="yes", reason="  ")
    assert refused.status_code == 422 and "Give a reason" in refused.text
    assert adjudicator.post(ITEM, **form, reason="because").status_code == 422
    settled = {"verdict": "yes", "force": "permission", "quotation": "cora", "reason": "because of § 1"}
    for _ in range(2):  # sent twice, recorded once
        assert adjudicator.post(ITEM, **form, **settled).status_code == 303
    own = store.live("adam")
    assert [(one.role, one.verdict, one.force, one.evidence, one.note, one.origin) for one in own] == [
        ("adjudicator", "yes", "permission", "[[0, 9]]", "because of § 1", "disagreements")
    ]
    assert {one.reviewer for one in store.live()} == {"cora", "cyril", "adam"}, "both stay on record"
    after = adjudicator.get("/disagreements").text
    assert "There is none" in after and "because of § 1" in after
    assert "because of § 1" in Browser(disputed, "cora").get("/trail").text


def test_what_changed_since_the_page_was_shown_is_not_settled(disputed: FastAPI, store: Store) -> None:
    adjudicator = Browser(disputed, "adam")
    form = form_of(adjudicator.get(ITEM).text)
    decide(disputed, "cyril", "non_digital_access", "yes")
    answer = adjudicator.post(ITEM, **(form | {"csrf": adjudicator.token}), verdict="no", reason="because")
    assert answer.status_code == 409 and not store.live("adam")


def test_nobody_settles_with_themselves(app: FastAPI, run: Path, store: Store) -> None:
    decide(app, "adam", "non_digital_access", "yes")
    decide(app, "cyril", "non_digital_access", "no")
    party = Browser(app, "adam")
    page = party.get(ITEM).text
    assert "another adjudicator settles this" in page and "<textarea" not in page
    form = {"decision_id": "1", "state": "x", "verdict": "yes", "reason": "mine"}
    assert party.post(ITEM, **form).status_code == 422
    assert "<textarea" not in Browser(app, "ines").get(ITEM).text
    alone = Browser(make.make_app(run, store, single_user="cyril"))
    assert alone.post(ITEM, **form).status_code == 403
    assert all(one.role == "coder" for one in store.live())


def test_an_item_that_nobody_disputes_has_no_page(app: FastAPI) -> None:
    adjudicator = Browser(app, "adam")
    for path in (ITEM, "/disagreements/nowhere/openness", "/disagreements/p-law/nothing"):
        assert adjudicator.get(path).status_code == 404
        assert adjudicator.post(path, decision_id="1", state="x", verdict="no", reason="r").status_code == 404


def test_progress_and_agreement_tell_what_was_decided(disputed: FastAPI) -> None:
    home = Browser(disputed, "ines").get("/").text
    assert "1 disputed" in home and "cora" in home and "Queues" not in home
    agreement = Browser(disputed, "adam").get("/agreement").text
    assert "cora – cyril" in agreement and ">0.00" in agreement
    own = Browser(disputed, "cora").get("/").text
    assert "My progress" in own and "to decide" in own and "cyril" not in own.split("<main")[1]


# Documents


def test_metadata_are_mended_with_a_reason_on_the_trail(app: FastAPI, store: Store) -> None:
    administrator, path = Browser(app, "ines"), f"/documents/{'a' * 8}"
    form = form_of(administrator.get(path).text) | {"csrf": administrator.token}
    document = {"title": "Another title", "date": "2020", "doc_type": "decree", "legal_status": "in_force"}
    assert administrator.post(path, **form, **document, include="no").status_code == 422, "no reason"
    wrong = administrator.post(path, **form, **(document | {"date": "yesterday"}), include="no", reason="r")
    assert wrong.status_code == 422 and "is no date" in wrong.text
    for _ in range(2):
        assert administrator.post(path, **form, **document, include="no", reason="a draft").status_code == 303
    edits = {(one.field, one.value, one.reason, one.reviewer) for one in store.document_edits()}
    assert edits == {
        (field, value, "a draft", "ines")
        for field, value in {"title": "Another title", "date": "2020", "doc_type": "decree", "include": "no"}.items()
    }
    shown = Browser(app, "cora").get(path).text
    assert "Another title" in shown and "a draft" in shown and "<textarea" not in shown
    assert "Another title" in Browser(app, "cora").get("/documents").text
    late = administrator.post(path, **(form | {"form_id": "later"}), title="A third", include="no", reason="r")
    assert late.status_code == 409, "the form was made before the other change"


def test_a_wrong_value_leaves_the_document_as_it_was(app: FastAPI, store: Store) -> None:
    administrator, path = Browser(app, "ines"), f"/documents/{'a' * 8}"
    form = form_of(administrator.get(path).text) | {"csrf": administrator.token}
    answer = administrator.post(path, **form, title="Fine", date="31/12/2020", include="yes", reason="r")
    assert answer.status_code == 422 and not store.document_edits()


# Trail, exports, accounts


def test_the_trail_shows_every_row_and_filters(disputed: FastAPI) -> None:
    decide(disputed, "cora", "non_digital_access", "no", note="changed my mind")
    overseer = Browser(disputed, "adam")
    text = overseer.get("/trail").text
    assert "3 rows" in text and "replaced" in text and "changed my mind" in text and "0.90" in text
    assert "1 row<" in overseer.get("/trail?reviewer=cyril").text
    assert "2 rows" in overseer.get("/trail?verdict=no&theme=non_digital_access").text
    assert "0 rows" in overseer.get("/trail?theme=openness&page=99").text


def test_stale_decisions_are_shown_as_such(app: FastAPI, run: Path) -> None:
    decide(app, "cora", "non_digital_access", "no")
    changed = example_run.example()
    at = next(n for n, one in enumerate(changed.provisions) if one.provision_id == "p-law")
    changed.provisions[at] = dataclasses.replace(changed.provisions[at], text="Quite another text stands here now.")
    published_run.publish(run, changed)
    assert "stale" in Browser(app, "adam").get("/trail").text


def test_a_workbook_of_decisions_holds_no_formula(app: FastAPI) -> None:
    decide(app, "cora", "non_digital_access", "no", note='=HYPERLINK("http://example.invalid")')
    data = Browser(app, "adam").post("/exports/decisions.xlsx").content
    cells = [cell for row in load_workbook(BytesIO(data)).active.iter_rows() for cell in row]
    assert any(cell.value == '=HYPERLINK("http://example.invalid")' for cell in cells)
    assert not any(cell.data_type == "f" for cell in cells)


def test_administrators_assign_the_same_to_two(app: FastAPI, store: Store) -> None:
    administrator = Browser(app, "ines")
    for name in ("cora", "cyril"):
        assert administrator.post("/assignments", reviewer=name, queue="random", n=2).status_code == 303
    given = store.assignments()
    assert len(given) == 2 and all(names == {"cora", "cyril"} for names in given.values())
    assert administrator.post("/assignments", reviewer="nobody", n=2).status_code == 422
    assert administrator.post("/assignments", reviewer="ines", n=2).status_code == 422
    assert administrator.post("/assignments/take-back", reviewer="cora").status_code == 303
    assert set().union(*store.assignments().values()) == {"cyril"}


def test_administrators_make_accounts(app: FastAPI, store: Store) -> None:
    administrator = Browser(app, "ines")
    made = {"name": "nora", "role": "coder", "password": make.PASSWORD}
    assert administrator.post("/users", **made, again="differs").status_code == 422
    assert administrator.post("/users", **(made | {"name": "a b"}), again=make.PASSWORD).status_code == 422
    assert administrator.post("/users", **made, again=make.PASSWORD).status_code == 303
    assert store.user("nora")
    assert "nora (coder)" in administrator.get("/audit").text and make.PASSWORD not in administrator.get("/audit").text


# The run underneath


def test_a_run_that_changes_underneath_is_read_again(app: FastAPI, run: Path) -> None:
    browser = Browser(app, "cora")
    assert "Loi sur les guichets" in browser.get("/documents").text
    kept = (run / "run.json").read_bytes()
    (run / "run.json").unlink()
    answer = browser.get("/documents")
    assert answer.status_code == 503 and 'http-equiv="refresh"' in answer.text and "Traceback" not in answer.text
    assert "No decision is lost" in answer.text and answer.headers["retry-after"]
    told = browser.get("/desk/api/queue", accept="application/json")
    assert told.status_code == 503 and told.json()["error"] == "run_changed"
    (run / "run.json").write_bytes(kept)
    assert browser.get("/documents").status_code == 200
    changed = example_run.example()
    changed.documents[0] = dataclasses.replace(changed.documents[0], title="Une loi nouvelle")
    published_run.publish(run, changed)
    assert "Une loi nouvelle" in browser.get("/documents").text


@pytest.mark.parametrize("language", ["fr", "nl", "de", "el", "ro"])
def test_pages_speak_the_chosen_language(app: FastAPI, language: str) -> None:
    browser = Browser(app, "adam")
    assert browser.post("/account/language", language=language).status_code == 303
    for page in ("/", "/agreement", "/disagreements", "/documents", "/trail", "/exports", "/account"):
        answer = browser.get(page)
        assert answer.status_code == 200 and f'<html lang="{language}">' in answer.text, page
    assert browser.post("/account/language", language="xx").status_code == 422


def test_odd_characters_do_no_harm_on_either_database(run: Path, database: Any) -> None:
    with Store.open(database) as opened:
        opened.add_user("cora", "coder", make.PASSWORD)
        opened.add_user("ines", "administrator", make.PASSWORD)
        opened.verify = lambda name, _password: opened.user(name)  # type: ignore[method-assign]
        app = make.make_app(run, opened)
        assert Browser(app).sign_in("\x00nobody\x07").status_code == 401
        administrator = Browser(app, "ines")
        for path in ("/trail?reviewer=%00&theme=%ff", "/documents?find=%00", "/trail?page=" + "9" * 30, "/audit"):
            assert administrator.get(path).status_code == 200, path
        for form in ({"name": "\x00"}, {"name": "cora", "role": "\x00"}):
            assert administrator.post("/users/change", **form).status_code == 422
        assert administrator.post("/assignments/take-back", reviewer="\x00").status_code == 303
        path = f"/documents/{'a' * 8}"
        form = form_of(administrator.get(path).text) | {"csrf": administrator.token}
        assert administrator.post(path, **form, title="A\x00 title\u202e", reason="why \x00").status_code == 303
        assert opened.document_edits()[0].value == "A title"
        decide(app, "cora", "openness", "yes")
        assert "cora" in administrator.get("/").text and "1 row" in administrator.get("/trail").text


def test_numbers_bear_the_mark_of_the_language() -> None:
    assert [decimal(0.5, language) for language in ("en", "fr", "ro")] == ["0.50", "0,50", "0,50"]
    assert decimal(None, "fr") == "–"
