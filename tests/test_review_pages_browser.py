"""The pages beside the desk in a browser: two coders differ, an adjudicator settles it, axe finds nothing."""

from __future__ import annotations

import dataclasses
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import review_app as make
import uvicorn
from fastapi import FastAPI
from in_browser import launched, violations

from policy_scan.decisions import place_of
from policy_scan.records import Decision
from policy_scan.review.store import now

PAGES = {
    "cora": ("/", "/agreement", "/documents", "/trail", "/exports", "/account"),
    "adam": ("/disagreements", "/disagreements/p-law/non_digital_access"),
    "ines": ("/", "/users", "/audit", f"/documents/{'a' * 8}", "/nowhere"),
}


@contextmanager
def served(app: FastAPI, listening: socket.socket) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)


def _sign_in(page: Any, address: str, name: str) -> None:
    page.goto(f"{address}/login")
    page.fill("[name=name]", name)
    page.fill("[name=password]", make.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/")


@pytest.fixture
def heard() -> list[str]:
    return []


def test_coders_differ_and_an_adjudicator_settles_it(tmp_path: Path, heard: list[str]) -> None:
    accounts = {"cora": "coder", "cyril": "coder", "adam": "adjudicator", "ines": "administrator"}
    run = make.make_run(tmp_path / "run")
    with (
        make.make_store(tmp_path / "review.sqlite3", **accounts) as store,
        socket.create_server(("127.0.0.1", 0)) as listening,
    ):
        app = make.make_app(run, store, port=listening.getsockname()[1])
        provision = app.state.context.project().provisions["p-law"]
        for reviewer, verdict in (("cora", "yes"), ("cyril", "no")):
            store.record(
                Decision(
                    decision_id=str(uuid.uuid4()), at=now(), reviewer=reviewer, role="coder", doc_id=provision.doc_id,
                    provision_id="p-law", **dataclasses.asdict(place_of(provision, {})), theme="non_digital_access",
                    verdict=verdict, force="", evidence="[]", note=f"{reviewer} says so", translation="",
                    machine_probability=0.9, machine_assigned=True, model_version="1", replaces="", origin="cell",
                ),  # type: ignore[arg-type]
                "",
            )  # fmt: skip
        with served(app, listening) as address, launched() as browser:
            for name, pages in PAGES.items():
                page = browser.new_context(viewport={"width": 1200, "height": 900}).new_page()
                page.on("console", lambda message: heard.append(message.text))
                page.on("pageerror", lambda error: heard.append(str(error)))
                _sign_in(page, address, name)
                for path in pages:
                    page.goto(address + path)
                    assert not violations(page), path
                    page.set_viewport_size({"width": 360, "height": 800})
                    assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
                    page.set_viewport_size({"width": 1200, "height": 900})
                if name == "adam":
                    page.click("text=cora says so")
                    page.check("[name=verdict][value=yes]")
                    page.fill("[name=reason]", "The text names a paper form.")
                    page.keyboard.press("Tab")
                    page.keyboard.press("Enter")
                    page.wait_for_url(f"{address}/disagreements?done=settled")
                    assert "The text names a paper form." in page.inner_text("main")
                    page.click("text=Agreement")
                    assert "cora – cyril" in page.inner_text("main")
        assert {(one.reviewer, one.role) for one in store.live()} == {
            ("cora", "coder"), ("cyril", "coder"), ("adam", "adjudicator"),
        }  # fmt: skip
    assert not [line for line in heard if "404" not in line], heard
