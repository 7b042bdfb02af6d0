"""Debian's Chromium over a page on disk, for tests: what it says, asks for and shows."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
"""axe's tags: WCAG 2.2 at levels A and AA, and what its authors recommend beyond."""


@contextmanager
def launched() -> Iterator[Any]:
    """A running browser; skips the test where none is installed."""
    if CHROMIUM is None:
        pytest.skip("Chromium isn't installed")
    from playwright.sync_api import sync_playwright

    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield running
        running.close()


def open_page(browser: Any, path: Path, address: str = "", width: int = 1200) -> tuple[Any, list[str]]:
    """A page, and what it says on the console, throws, or asks for elsewhere: nothing where all is well."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on(
        "request", lambda request: heard.append(request.url) if not request.url.startswith(("file:", "data:")) else None
    )
    page.goto(path.as_uri() + address)
    return page, heard


def violations(page: Any) -> list[str]:
    """What axe finds at fault in the page as it is now; skips the test where axe isn't installed."""
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        pytest.skip("axe isn't installed: pip install axe-playwright-python")
    page.evaluate((Path(found.origin).parent / "axe.min.js").read_text(encoding="utf-8"))
    report = page.evaluate("tags => axe.run(document, { runOnly: { type: 'tag', values: tags } })", RULES)
    assert len(report["passes"]) > 10
    return [f"{fault['id']}: {node['html'][:200]}" for fault in report["violations"] for node in fault["nodes"]]


def wait_until(page: Any, expression: str, arg: Any = None) -> None:
    """Wait until an expression is true: asked from outside, since the pages' policy forbids them to evaluate text."""
    for _ in range(600):
        if page.evaluate(expression, arg):
            return
        page.wait_for_timeout(50)
    raise AssertionError(expression)
