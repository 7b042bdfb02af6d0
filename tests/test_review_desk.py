"""The desk without a browser: what it shows, what decisions become, undo, blindness, search, pictures, speed."""

from __future__ import annotations

import dataclasses
import json
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import example_run as make
import made_up_project
import published_run
import pytest
from desk_run import SENTENCES, TestClient, application, write_run

from policy_scan.classifier.explain import Explainer
from policy_scan.errors import UsageError
from policy_scan.records import Decision
from policy_scan.review.deciding import Action, newest, rows_of, undo_rows
from policy_scan.review.items import Own, make_item
from policy_scan.review.pictures import PageImages, pieces_on
from policy_scan.review.project import load_project
from policy_scan.review.reasons import reasons_of
from policy_scan.review.search import Wanted, search
from policy_scan.review.store import Store

ADDRESS = "http://127.0.0.1:8571"


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("desk"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "review.sqlite3") as opened:
        yield opened


def client_of(output: Path, store: Store, name: str = "ada") -> TestClient:
    client = TestClient(application(output, store, single_user=name), base_url=ADDRESS, headers={"origin": ADDRESS})
    found = re.search(r'name="csrf" value="(\w+)"', client.get("/desk").text)
    assert found
    client.headers["x-csrf-token"] = found[1]
    return client


@pytest.fixture
def client(output: Path, store: Store) -> TestClient:
    return client_of(output, store)


def data_of(html: str) -> dict[str, Any]:
    found = re.search(r'class="item-data">(.*?)</script>', html, re.S)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def expected(client: TestClient, provision: str) -> dict[str, str]:
    told: dict[str, str] = data_of(client.get(f"/desk/api/item/{provision}").text)["expected"]
    return told


def decide(client: TestClient, provision: str, kind: str = "accept", **more: Any) -> Any:
    sent = {"action_id": str(uuid.uuid4()), "provision_id": provision, "kind": kind, "origin": "uncertain", **more}
    sent.setdefault("expected", expected(client, provision))
    return client.post("/desk/api/decide", json=sent)


def said(store: Store, reviewer: str = "ada") -> dict[tuple[str, str], str]:
    return {(one.provision_id, one.theme): one.verdict for one in store.live(reviewer)}


# What it shows


def test_the_desk_shows_the_words_their_context_and_why(client: TestClient) -> None:
    page = client.get("/desk?queue=document").text
    assert "Loi sur les guichets" in page and "28 May 2019" in page and 'lang="fr"' in page
    assert f"<mark>{SENTENCES[0][:3]}<b>" not in page  # the term is its own mark
    assert "<mark><b>guichet</b></mark>" in page and "guichet · papier" in page
    assert 'class="chip unsure"' in page and "0.52" in page
    assert "Les ateliers forment" in page  # the provision after
    assert '<rect x="69.0" y="97.0"' in page


def test_text_of_a_pdf_is_never_markup(client: TestClient) -> None:
    page = client.get("/desk/api/item/p-3").text
    assert "<script>document" not in page and "<b>au" not in page
    assert data_of(page)["text"].startswith("<script>document.title")


@pytest.mark.parametrize("path", ["/desk/api/item/nothing", "/desk?item=nothing", "/desk/page/nothing/1",
                                  "/desk/pdf/..%2F..%2Frun.json", "/desk/api/place/nothing/1"])  # fmt: skip
def test_what_isnt_in_the_run_isnt_found(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


# Deciding


def test_accepting_makes_a_row_for_each_proposed_theme(client: TestClient, store: Store) -> None:
    themes = ["non_digital_access", "assistance"]
    assert decide(client, "p-1", themes=themes, note="clear").json() == {"rows": 2}
    rows = store.live("ada")
    assert {row.theme for row in rows} == set(themes) and {row.verdict for row in rows} == {"yes"}
    first = next(row for row in rows if row.theme == "non_digital_access")
    assert first.machine_probability == 0.52 and first.machine_assigned and first.model_version == "1"
    assert first.force == "" and first.evidence == "[]" and first.note == "clear" and first.origin == "uncertain"
    assert first.quotation == " ".join(SENTENCES) and first.role == "coder"
    assert first.before.endswith("\n") and first.after == published_run.TAIL


def test_correcting_themes_force_and_quotation(client: TestClient, store: Store) -> None:
    decide(client, "p-1", themes=["assistance", "openness"], force="right",
           evidence={"assistance": "[[50,60]]", "openness": "[[3,9]]"}, translation="In short")  # fmt: skip
    rows = {row.theme: row for row in store.live("ada")}
    assert {theme: row.verdict for theme, row in rows.items()} == {
        "non_digital_access": "no", "assistance": "yes", "openness": "yes",
    }  # fmt: skip
    assert rows["assistance"].force == "right" and rows["assistance"].evidence == "[[50,60]]"
    assert rows["openness"].evidence == "[[3,9]]" and not rows["openness"].machine_assigned
    assert rows["non_digital_access"].force == "" and rows["assistance"].translation == "In short"


def test_rejecting_and_changing_ones_mind(client: TestClient, store: Store) -> None:
    decide(client, "p-2", "reject")
    assert said(store) == {("p-2", ""): "no", ("p-2", "digital_inclusion"): "no"}
    decide(client, "p-2", themes=["digital_inclusion"])
    assert said(store) == {("p-2", "digital_inclusion"): "yes"}
    assert len(store.decisions("ada")) == 4
    assert decide(client, "p-2", themes=["digital_inclusion"]).json() == {"rows": 0}


def test_an_action_sent_twice_is_one_action(client: TestClient, store: Store) -> None:
    again = {"action_id": str(uuid.uuid4()), "themes": ["digital_inclusion"], "expected": {}}
    assert decide(client, "p-2", **again).json() == decide(client, "p-2", **again).json() == {"rows": 1}
    assert len(store.decisions("ada")) == 1
    undo = {"action_id": str(uuid.uuid4())}
    for _ in range(2):
        assert client.post("/desk/api/undo", json=undo).json() == {"provision_id": "p-2"}
    assert len(store.decisions("ada")) == 2 and not store.live("ada")


def test_a_conflict_changes_nothing_and_tells_what_is_there(client: TestClient, store: Store) -> None:
    decide(client, "p-1", themes=["assistance"], note="seen elsewhere")
    answer = decide(client, "p-1", "reject", expected={})
    assert answer.status_code == 409
    assert any("fits" in line and "seen elsewhere" in line for line in answer.json()["now"])
    assert said(store)["p-1", "assistance"] == "yes" and ("p-1", "") not in said(store)


def test_undo_takes_back_one_action_after_the_other(client: TestClient, store: Store) -> None:
    states = [said(store)]
    for provision, kind, themes in (
        ("p-1", "accept", ["assistance"]), ("p-1", "reject", []), ("p-1", "accept", ["assistance", "openness"]),
        ("p-1", "accept", ["openness"]), ("p-2", "skip", []),
    ):  # fmt: skip
        assert decide(client, provision, kind, themes=themes).json()["rows"]
        states.append(said(store))
    steps = []
    for before in reversed(states[:-1]):
        steps.append(client.post("/desk/api/undo", json={"action_id": str(uuid.uuid4())}).json()["provision_id"])
        assert said(store) == before
    assert steps == ["p-2", "p-1", "p-1", "p-1", "p-1"]
    assert client.post("/desk/api/undo", json={"action_id": str(uuid.uuid4())}).json() == {"provision_id": ""}
    decide(client, "p-1", themes=["assistance"])
    client.post("/desk/api/undo", json={"action_id": str(uuid.uuid4())})
    assert not store.live("ada")


def test_undo_leaves_what_was_imported_or_adjudicated(output: Path, store: Store) -> None:
    project = load_project(output)
    imported = made_up_project.decide(project, "p-2", "digital_inclusion", origin="import")
    adjudicated = made_up_project.decide(project, "p-3", "assistance", role="adjudicator", origin="disagreements")
    assert undo_rows([imported, adjudicated], str(uuid.uuid4()), "2026-03-02T00:00:00+00:00") == []


def test_a_queue_leaves_out_what_is_decided_and_what_is_skipped(client: TestClient) -> None:
    def ids() -> list[str]:
        return [one["id"] for one in client.get("/desk/api/queue?queue=uncertain").json()["items"]]

    assert set(ids()) == {"p-1", "p-2", "p-3"}
    decide(client, "p-2", themes=["digital_inclusion"])
    decide(client, "p-1", "skip")
    assert ids() == ["p-3"]


@pytest.mark.parametrize(
    "wrong",
    [{"themes": ["no_such"]}, {"force": "duty"}, {"evidence": {"assistance": "[[0,9999]]"}}, {"note": "x" * 10_001},
     {"evidence": {"assistance": "nonsense"}}, {"evidence": {"assistance": "[" * 5000}},
     {"kind": "destroy"}, {"action_id": "no uuid"}, {"extra": 1}],
)  # fmt: skip
def test_what_cant_be_is_refused(client: TestClient, store: Store, wrong: dict[str, Any]) -> None:
    sent = {"themes": ["assistance"], "kind": "accept", **wrong}
    assert decide(client, "p-1", **sent).status_code == 422
    assert not store.decisions()


def test_a_second_coder_sees_nothing_of_the_first(output: Path, store: Store) -> None:
    ada, ben = client_of(output, store, "ada"), client_of(output, store, "ben")
    paths = ["/desk/api/item/p-1", "/desk/api/queue?queue=uncertain", "/desk/api/queue?queue=cell", "/desk/search?q="]

    def seen() -> list[str]:
        return [re.sub(r'name="action_id" value="[^"]*"', "", ben.get(path).text) for path in paths]

    before = seen()
    decide(ada, "p-1", themes=["openness"], note="hidden note", translation="hidden words", force="right")
    decide(ada, "p-2", "reject")
    assert seen() == before
    assert decide(ben, "p-1", themes=["assistance"]).json() == {"rows": 2}


def test_decisions_of_an_earlier_run_stand_on_the_text_that_was_found_again(output: Path, store: Store) -> None:
    project = load_project(output)
    moved = made_up_project.decide(project, "p-2", "digital_inclusion", provision_id="older-id", note="from before")
    store.record(moved, "")
    client = client_of(output, store)
    page = client.get("/desk/api/item/p-2").text
    assert "from before" in page and data_of(page)["decided"] and data_of(page)["expected"] == {}
    assert decide(client, "p-2", "reject").status_code == 200


# By form, without a script


def test_everything_works_by_plain_forms(client: TestClient, store: Store) -> None:
    del client.headers["x-csrf-token"]
    page = client.get("/desk?queue=document&item=p-1").text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page[page.index('class="desk"') :]))
    fields = {name: value.replace("&#34;", '"') for name, value in fields.items()}
    answer = client.post("/desk/decide?queue=document", data={**fields, "kind": "accept", "themes": ["assistance"]})
    assert answer.status_code == 200 and "Saved." in answer.text and "Les ateliers" in answer.text
    assert said(store) == {("p-1", "assistance"): "yes", ("p-1", "non_digital_access"): "no"}
    assert all(row.evidence == "[]" for row in store.live("ada"))
    undone = client.post("/desk/undo?queue=document", data={"csrf": fields["csrf"], "action_id": str(uuid.uuid4())})
    assert "Undone." in undone.text and "SENTENCES" not in undone.text and not store.live("ada")


@pytest.mark.parametrize("address", ["/desk/api/decide", "/desk/api/undo", "/desk/decide", "/desk/undo"])
def test_nothing_is_taken_without_the_token(client: TestClient, store: Store, address: str) -> None:
    del client.headers["x-csrf-token"]
    assert client.post(address, json={"action_id": str(uuid.uuid4())}).status_code == 403
    assert not store.decisions()


# Search


def test_search_finds_what_has_no_theme_without_accents(client: TestClient, output: Path) -> None:
    page = client.get("/desk/search?q=ETE").text
    assert "<mark>été</mark>" in page and "item=p-4" in page
    assert "item=p-1" not in client.get("/desk/search?q=guichet").text
    assert "item=p-1" in client.get("/desk/search?q=guichet&coded=all").text
    project = load_project(output)
    assert [hit.provision.provision_id for hit in search(project, Wanted("agent demande", coded=""))] == ["p-1"]
    assert not list(search(project, Wanted("guichet", country="BE", coded="")))
    assert client.get(f"/desk/search?q=guichet&start={10**30}").status_code == 200
    assert not list(search(project, Wanted("guichet", language="nl", coded="")))


def test_a_coding_is_added_to_a_provision_without_one(client: TestClient, store: Store) -> None:
    assert "The machine proposed none." in client.get("/desk?queue=search&item=p-4").text
    decide(client, "p-4", themes=["openness"], origin="search")
    [row] = store.live("ada")
    assert (row.theme, row.verdict, row.origin, row.machine_assigned) == ("openness", "yes", "search", False)


# Pictures


def test_the_page_is_a_picture_and_its_words_are_found(client: TestClient, output: Path) -> None:
    project = load_project(output)
    document = project.provisions["p-1"].doc_id
    answer = client.get(f"/desk/page/{document}/1")
    assert answer.headers["content-type"] == "image/webp" and answer.content[8:12] == b"WEBP"
    assert len(client.get(f"/desk/page/{document}/1?close=true").content) > len(answer.content)
    assert client.get(f"/desk/page/{document}/99").status_code == 404
    span = f"[[0,{len(SENTENCES[0])}]]"
    told = client.get(f"/desk/api/place/p-1/1?evidence={span}").json()
    assert told["exact"] and (told["width"], told["height"]) == (595, 842)
    [line] = told["evidence"]
    assert 70 < line[0] < 74 and 95 < line[1] < line[3] < 118 and line[2] < 350
    assert client.get("/desk/api/place/p-1/1?evidence=[[0,9999]]").status_code == 422


def test_the_pdf_itself_is_sent_only_while_it_is_the_one_that_was_read(tmp_path: Path, store: Store) -> None:
    output = write_run(tmp_path / "project")
    client = client_of(output, store)
    document = load_project(output).provisions["p-1"].doc_id
    answer = client.get(f"/desk/pdf/{document}")
    assert (
        answer.headers["content-type"] == "application/pdf" and "sandbox" in answer.headers["content-security-policy"]
    )
    file = tmp_path / "project" / "corpus" / "FR" / "guichets.pdf"
    file.write_bytes(file.read_bytes() + b"\n% changed")
    assert client.get(f"/desk/pdf/{document}").status_code == 404
    assert client.get("/desk/api/place/p-2/2").json() == {"reason": "changed"}
    file.unlink()
    assert client.get("/desk/api/place/p-3/3").json() == {"reason": "missing"}
    assert decide(client, "p-1", themes=["assistance"]).status_code == 200


def test_pictures_are_kept_within_a_bound(output: Path) -> None:
    project = load_project(output)
    document = project.documents[project.provisions["p-1"].doc_id]
    images = PageImages(kept_bytes=1)
    first = images.picture(project.run, document, 1)
    assert images.picture(project.run, document, 1) is first
    images.picture(project.run, document, 2)
    assert images.picture(project.run, document, 1) is not first


def test_evidence_over_two_pages_is_parted() -> None:
    provision = make.provision("x", make.document("d"), "abcd\nefgh", spans=((1, 5, 9), (2, 0, 4)))
    assert pieces_on(provision, [(2, 7)], 1) == ["cd"] and pieces_on(provision, [(2, 7)], 2) == ["ef"]


# Reasons


def test_what_spoke_for_a_theme_is_told_where_its_model_is_at_hand(client: TestClient, output: Path) -> None:
    project = load_project(output)
    assert client.get("/desk/api/reasons/p-2").json() == {}  # the example's model is no model that is there
    explainer = Explainer(project.run.config, project.run.codebook)
    coded = [dataclasses.replace(one, model_version=f"{explainer.model.version}+1") for one in project.run.codings]
    known = dataclasses.replace(project, run=dataclasses.replace(project.run, codings=tuple(coded)))
    told = reasons_of(known, "p-2", "en")["digital_inclusion"]
    assert any("“" in reason for reason in told)
    words = reasons_of(known, "p-2", "fr")["digital_inclusion"]
    assert words and all(re.fullmatch("“[^”]+”", word) for word in words)
    assert all(word[1:-1] in project.provisions["p-2"].text or "guichets" in word for word in words)
    assert reasons_of(known, "p-4", "en") == {}


# Pure rules


def test_a_skip_with_a_note_keeps_what_was_decided(output: Path) -> None:
    project = load_project(output)
    before = made_up_project.decide(project, "p-2", "digital_inclusion", force="right", evidence="[[2,5]]")
    action = Action(str(uuid.uuid4()), "p-2", "skip", note="ask a lawyer")
    [(row, _)] = rows_of(project, action, newest([before]), "ada", before.at)
    assert (row.verdict, row.force, row.evidence, row.note) == ("yes", "right", "[[2,5]]", "ask a lawyer")


def test_a_provision_that_is_gone_is_told(output: Path) -> None:
    with pytest.raises(UsageError, match="isn't in the run"):
        rows_of(load_project(output), Action(str(uuid.uuid4()), "gone", "skip"), {}, "ada", "")


# Speed


def test_the_next_item_is_quick_among_five_thousand(output: Path, store: Store) -> None:
    """The issue asks for 150 ms; here with four hundred decisions on record, on a machine that does other work too."""
    project = made_up_project.made_up_project(5000, per_document=100)
    coded = [one for one, themes in project.assigned.items() if themes]
    rows: list[tuple[Decision, str]] = [
        (made_up_project.decide(project, one, project.assigned[one][0]), "") for one in coded[:400]
    ]
    store.record_all(rows)
    client = client_of(output, store)
    client.app.state.context.workspace = SimpleNamespace(project=lambda: project)  # type: ignore[attr-defined]

    def seconds(path: str) -> float:
        began = time.perf_counter()
        assert client.get(path).status_code == 200
        return time.perf_counter() - began

    taken = sorted(seconds(f"/desk/api/item/{identifier}") for identifier in coded[400:440])
    assert taken[len(taken) // 2] < 0.15
    seconds("/desk/api/queue?queue=uncertain")  # orders are made once per run
    assert seconds("/desk/api/queue?queue=uncertain") < 0.5


def test_the_page_shown_first_is_that_of_the_evidence() -> None:
    project = made_up_project.project_of(make.example())
    provision = dataclasses.replace(
        project.provisions["p-law"], text="abcd\nefgh", spans=((2, 5, 9), (3, 0, 4)), page_first=2, page_last=3
    )
    coding = make.coding("p-law", "assistance", evidence="[[6,8]]")
    changed = dataclasses.replace(
        project, provisions={**project.provisions, "p-law": provision}, codings={"p-law": {"assistance": coding}},
        assigned={"p-law": ("assistance",)},
    )  # fmt: skip
    item = make_item(changed, "p-law", Own({}, {}), "en")
    assert item.page == 3 and item.slices() == [(2, 0, 4), (3, 5, 9)]
    assert item.pieces() == [("abcd\ne", "plain"), ("fg", "evidence"), ("h", "plain")]


def test_an_items_other_language_versions_are_told() -> None:
    """Rejecting one version leaves the other to support the cell: whoever decides must see that it is there."""
    project = made_up_project.project_of(make.example())
    names = [one.provision_id for one in project.run.provisions[:2]]
    changed = [
        dataclasses.replace(one, parallel_id="rule", language=language)
        for one, language in zip(project.run.provisions, ("fr", "nl"), strict=False)
    ] + list(project.run.provisions[2:])
    run = dataclasses.replace(project.run, provisions=tuple(changed))
    both = dataclasses.replace(project, run=run, provisions={one.provision_id: one for one in changed})
    assert make_item(both, names[0], Own({}, {}), "en").parallels == ((names[1], "Dutch"),)
    assert make_item(both, names[1], Own({}, {}), "fr").parallels == ((names[0], "français"),)
    assert make_item(project, names[0], Own({}, {}), "en").parallels == ()
