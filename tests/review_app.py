"""The review application over the invented run, and clients that use it as a browser would."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import example_run
import published_run
from fastapi import FastAPI

from policy_scan.review.app import create_app
from policy_scan.review.store import Store

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Starlette announces another HTTP client for its tests
    from fastapi.testclient import TestClient

HOST = "127.0.0.1:8571"
ORIGIN = f"http://{HOST}"
SECRET = "a secret of the tests, 0123456789 abcdef"
PASSWORD = "correct horse"
_TOKEN = re.compile(r'name="csrf" value="([0-9a-f]+)"')


def make_run(folder: Path) -> Path:
    published_run.publish(folder, example_run.example())
    return folder


def make_store(file: Path, **roles: str) -> Store:
    """A database with an account per keyword: its name and role."""
    store = Store.open(file)
    for name, role in roles.items():
        store.add_user(name, role, PASSWORD)
    return store


def make_app(run: Path, store: Store, **options: Any) -> FastAPI:
    return create_app(run, store, secret=SECRET, **({"language": "en"} | options))


class Browser:
    """A client with its cookies, which sends Origin and the token of the page it has open."""

    def __init__(self, app: FastAPI, name: str = "", address: str = ORIGIN) -> None:
        self.client = TestClient(app, base_url=address, raise_server_exceptions=False, follow_redirects=False)
        self.address = address
        self.token = ""
        if app.state.context.single_user is not None:
            self.read_token("/account")
        elif name:
            self.sign_in(name)

    def read_token(self, path: str) -> str:
        found = _TOKEN.search(self.client.get(path).text)
        self.token = found[1] if found else ""
        return self.token

    def sign_in(self, name: str, password: str = PASSWORD) -> Any:
        self.read_token("/login")
        answer = self.post("/login", name=name, password=password)
        if answer.status_code == 303:
            self.read_token("/account")
        return answer

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers=headers)

    def post(self, path: str, **form: object) -> Any:
        data = {name: str(value) for name, value in ({"csrf": self.token} | form).items()}
        return self.client.post(path, data=data, headers={"origin": self.address})
