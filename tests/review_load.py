"""Reviewers as programs: many at once, over HTTP, on a server of their own; and what must hold of the trail after.

Used by the tests with a few reviewers and by benchmarks/review.py with many.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import secrets
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
from made_up_project import made_up, project_of

from policy_scan.decisions import PublishedDecision
from policy_scan.records import Block, Cell, Coding, Decision, Document, Issue, Page, Provision
from policy_scan.review.store import Store
from policy_scan.stages.state_of_play import tabulate
from policy_scan.tables import parquet_bytes, state_of_play_schema, to_table, write_atomic

PASSWORD = "a-password-of-the-tests"
START_SECONDS = 60
_DATA = re.compile(r'class="item-data"[^>]*>(.*?)</script>', re.S)
_TOKEN = re.compile(r'name="csrf" value="([0-9a-f]+)"')


def write_run(directory: Path, n_provisions: int, seed: int = 1) -> list[str]:
    """A made-up run in a folder; its provision_ids."""
    project = project_of(made_up(n_provisions, seed))
    run = project.run
    rows = tabulate(run.cells, run.config, run.codebook)
    tables = {
        "documents": to_table(Document, run.documents),
        "issues": to_table(Issue, run.issues),
        "pages": to_table(Page, project.pages.values()),
        "blocks": to_table(Block, []).append_column("language", pa.array([], pa.string())),
        "provisions": to_table(Provision, run.provisions),
        "codings": to_table(Coding, run.codings),
        "decisions": to_table(PublishedDecision, []),
        "cells": to_table(Cell, run.cells),
        "state_of_play": pa.Table.from_pylist(rows, schema=state_of_play_schema(run.columns)),
    }
    for name, table in tables.items():
        write_atomic(directory / f"{name}.parquet", parquet_bytes(table))
    details = {
        "configuration": run.config.model_dump(mode="json"), "corpus": str(directory / "corpus"), "cell_thresholds": {},
    }  # fmt: skip
    write_atomic(directory / "run.json", json.dumps(details).encode())
    return list(project.provisions)


def add_reviewers(address: str, names: Sequence[str]) -> None:
    with Store.open(address) as store:
        for name in names:
            if store.user(name) is None:
                store.add_user(name, "coder", PASSWORD)


@dataclass
class Server:
    process: subprocess.Popen[str]
    url: str

    def kill(self) -> None:
        """As kill -9 does: nothing is finished, nothing is flushed."""
        self.process.kill()
        self.process.wait()

    def cpu_seconds(self) -> float:
        """What the server has used so far (Linux)."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def server(output: Path, address: str) -> Iterator[Server]:
    """`policy-scan review` in a process of its own on a free loopback port, ended at the end."""
    command = [
        sys.executable, "-m", "policy_scan", "review", "--output", str(output), "--port", "0", "--no-browser",
    ]  # fmt: skip
    environment = os.environ | {
        "POLICY_SCAN_DATABASE": address, "POLICY_SCAN_SECRET": secrets.token_urlsafe(48), "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    log = output / "server.log"
    with log.open("w") as told:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=told, text=True, env=environment)
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.startswith("Review: "):
                raise RuntimeError(f"the server didn't start: {line}{log.read_text()}")
            yield Server(process, line.removeprefix("Review: ").strip().rstrip("/"))
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


@dataclass
class Seen:
    """What clients saw: seconds per kind of request, what went wrong, and what the server acknowledged."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    acknowledged: list[tuple[str, str, str, int]] = field(default_factory=list)
    """(reviewer, provision_id, action_id, rows)."""
    unanswered: set[str] = field(default_factory=set)
    """action_ids sent whose answer never came: recorded or not, both are right."""
    n_conflicts: int = 0
    after: tuple[int, Callable[[], None]] | None = None
    """What to call once so many decisions are acknowledged."""

    def acknowledge(self, reviewer: str, provision_id: str, action: str, rows: int) -> None:
        self.acknowledged.append((reviewer, provision_id, action, rows))
        if self.after is not None and len(self.acknowledged) == self.after[0]:
            self.after[1]()


class Reviewer:
    """One signed-in client."""

    def __init__(self, name: str, url: str, seen: Seen, seed: int, queue: str = "uncertain") -> None:
        self.name = name
        self.queue = queue
        self.seen = seen
        self.rnd = random.Random(seed)
        # The server closes a connection that is idle for five seconds; a browser would ask again, httpx doesn't.
        limits = httpx.Limits(keepalive_expiry=2)
        self.client = httpx.AsyncClient(base_url=url, headers={"origin": url}, timeout=30, limits=limits)
        self.csrf = ""
        self.entries: list[dict[str, str]] = []

    async def ask(self, kind: str, method: str, address: str, **values: Any) -> httpx.Response:
        start = time.perf_counter()
        answer = await self.client.request(method, address, **values)
        self.seen.seconds.setdefault(kind, []).append(time.perf_counter() - start)
        if answer.status_code >= 400 and answer.status_code != 409:
            self.seen.errors.append(f"{kind}: {answer.status_code} {answer.text[:200]}")
        return answer

    async def sign_in(self) -> None:
        page = await self.ask("login", "GET", "/login")
        token = _TOKEN.search(page.text)
        assert token is not None
        form = {"name": self.name, "password": PASSWORD, "csrf": token[1]}
        answer = await self.ask("login", "POST", "/login", data=form)
        assert answer.status_code == 303, answer.text
        self.csrf = (await self.ask("login", "GET", "/api/session")).json()["csrf"]
        await self.ask("desk page", "GET", f"/desk?queue={self.queue}")

    async def item(self, entry: dict[str, str]) -> dict[str, Any]:
        where = {"queue": self.queue, "why": entry.get("why", ""), "about": entry.get("theme", "")}
        answer = await self.ask("item", "GET", f"/desk/api/item/{entry['id']}", params=where)
        found = _DATA.search(answer.text)
        assert found is not None, answer.text[:300]
        data: dict[str, Any] = json.loads(found[1])
        return data

    async def decide(self, data: dict[str, Any], again: bool = False) -> bool:
        """Decide an item at random; False where somebody was quicker. `again`: send it twice, as if no answer came."""
        kind = self.rnd.choices(["accept", "reject", "skip"], [6, 3, 1])[0]
        themes = [one for one in data["proposed"] if self.rnd.random() < 0.8] if kind == "accept" else []
        action = str(uuid.UUID(int=self.rnd.getrandbits(128), version=4))
        sent = {
            "action_id": action, "provision_id": data["provision"], "kind": kind, "themes": themes, "force": "",
            "evidence": {}, "note": "", "translation": "", "origin": self.queue, "expected": data["expected"],
        }  # fmt: skip
        self.seen.unanswered.add(action)
        headers = {"x-csrf-token": self.csrf}
        answer = await self.ask("decide", "POST", "/desk/api/decide", json=sent, headers=headers)
        self.seen.unanswered.discard(action)
        if answer.status_code == 409:
            self.seen.n_conflicts += 1
            return False
        if answer.status_code != 200:
            return False
        rows = answer.json()["rows"]
        self.seen.acknowledge(self.name, data["provision"], action, rows)
        if again:
            twice = await self.ask("decide", "POST", "/desk/api/decide", json=sent, headers=headers)
            if rows and (twice.status_code != 200 or twice.json()["rows"] != rows):
                self.seen.errors.append(f"sent twice: {twice.status_code} {twice.text[:200]}")
        return True

    async def work(self, until: float, think: float) -> None:
        """Go through the queue: fetch, read, decide; some decisions are sent twice."""
        await asyncio.sleep(self.rnd.uniform(0, think))
        while time.monotonic() < until:
            if not self.entries:
                address = f"/desk/api/queue?queue={self.queue}"
                self.entries = (await self.ask("queue", "GET", address)).json()["items"]
                if not self.entries:
                    return
            data = await self.item(self.entries.pop(0))
            await asyncio.sleep(self.rnd.expovariate(1 / think) if think else 0)
            await self.decide(data, again=self.rnd.random() < 0.05)

    async def hammer(self, until: float, provision_id: str) -> None:
        """Decide one and the same item as often as can be."""
        while time.monotonic() < until:
            await self.decide(await self.item({"id": provision_id}))


async def _run(
    url: str, names: Sequence[str], seconds: float, think: float, hammered: str, seed: int, seen: Seen
) -> Seen:
    queues = ("uncertain", "cell", "country", "theme", "random", "uncoded", "document")
    reviewers = [
        Reviewer(name, url, seen, 10_000 * seed + at, queues[at % len(queues)]) for at, name in enumerate(names)
    ]
    # Two windows of one reviewer and one of another, all on the same item.
    hammers = [
        Reviewer(name, url, seen, 10_000 * seed + 5000 + at) for at, name in enumerate((names[0], names[0], names[1]))
    ]
    try:
        for one in [*reviewers, *hammers]:
            await one.sign_in()
        for kind in ("login", "desk page"):
            seen.seconds[f"{kind}, one at a time"] = seen.seconds.pop(kind)
        until = time.monotonic() + seconds
        work = [one.work(until, think) for one in reviewers]
        ended = await asyncio.gather(
            *work, *(one.hammer(until, hammered) for one in hammers), return_exceptions=True
        )  # fmt: skip
        for end in ended:
            if isinstance(end, httpx.TransportError):
                seen.errors.append(f"no answer: {type(end).__name__}")
            elif end is not None:
                raise end
    finally:
        for reviewer in [*reviewers, *hammers]:
            await reviewer.client.aclose()
    return seen


def load(
    url: str,
    names: Sequence[str],
    seconds: float,
    think: float,
    hammered: str,
    seed: int = 1,
    after: tuple[int, Callable[[], None]] | None = None,
) -> Seen:
    """As many reviewers as names go through queues for some seconds, thinking `think` seconds on average, while three
    windows of the first two hammer the provision `hammered`. `after`: what to call once so many decisions are
    acknowledged."""
    return asyncio.run(_run(url, names, seconds, think, hammered, seed, Seen(after=after)))


def faults_of(trail: Sequence[Decision], live: Sequence[Decision], seen: Seen) -> list[str]:
    """What is wrong with a trail: a decision lost, doubled or made up, or a row that doesn't follow the one before."""
    found = []
    n_rows: dict[str, int] = {}
    names: dict[str, str] = {}
    themes = {one.theme for one in trail}
    actions = [(action, rows) for _, _, action, rows in seen.acknowledged] + [(one, -1) for one in seen.unanswered]
    for action, _ in actions:
        for theme in themes:
            names[str(uuid.uuid5(uuid.UUID(action), theme))] = action
    for one in trail:
        if one.decision_id in names:
            n_rows[names[one.decision_id]] = n_rows.get(names[one.decision_id], 0) + 1
        else:
            found.append(f"nobody sent {one.decision_id}")
    for action, rows in actions:
        if rows >= 0 and n_rows.get(action, 0) != rows:
            found.append(f"{action}: {rows} rows acknowledged, {n_rows.get(action, 0)} kept")
    if len({one.decision_id for one in trail}) != len(trail):
        found.append("a decision_id stands twice")
    heads: dict[tuple[str, str, str], Decision] = {}
    for one in trail:
        key = (one.reviewer, one.provision_id, one.theme)
        before = heads.get(key)
        if one.replaces != (before.decision_id if before else ""):
            found.append(f"{one.decision_id} doesn't follow the row before it")
        heads[key] = one
    standing = [one.decision_id for one in heads.values() if one.verdict != "withdrawn"]
    if sorted(standing) != sorted(one.decision_id for one in live):
        found.append("the live rows aren't the last of each reviewer, provision and theme")
    return found
