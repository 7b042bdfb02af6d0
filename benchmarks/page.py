"""Size and speed of the web page: how long a browser takes to load it, and to filter and search it.

    python benchmarks/page.py                       # a page of 5,000 provisions, made up on the spot
    python benchmarks/page.py --page state-of-play.html

Times are a browser's own (performance.now), best and median of several rounds; each ends when the list is drawn.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

ROUNDS = 7
CHOICES = {
    "a theme": {"theme": 1},
    "a force": {"force": 1},
    "two filters": {"force": 1, "lang": 1},
    "a search": {"q": "4321"},
    "a search of three words": {"q": "numéro guichet recepisse"},
    "a search without result": {"q": "zzzz"},
    "years": {"from": "2000", "to": "2030"},
    "two countries": {"j2": 1},
    "nothing": {},
}
FILTER = """choices => {
    const form = document.getElementById('filters'), start = performance.now();
    for (const field of form.elements) if (field.name) field.value = '';
    for (const [name, choice] of Object.entries(choices)) {
        const field = form.elements[name];
        if (typeof choice === 'number') field.selectedIndex = Math.min(choice, field.options.length - 1);
        else field.value = choice;
    }
    form.elements.q.dispatchEvent(new Event('input', { bubbles: true }));
    document.getElementById('results').getBoundingClientRect();
    return performance.now() - start;
}"""


def made_up(folder: Path, n: int) -> Path:
    """A page of `n` coded provisions in one law, as the tests make it."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    import example_run
    from test_report_html import many

    from policy_scan.report import export_run

    [path] = export_run(example_run.run_data(folder / "out", many(n)), "html", path=folder / "page.html")
    return path


def loading(browser: Any, address: str) -> list[float]:
    """Milliseconds until the page is drawn and can be used, once per round."""
    times = []
    for _ in range(ROUNDS):
        page = browser.new_page()
        page.goto(address)
        times.append(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
        page.close()
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", type=Path, help="a page that 'policy-scan export --format html' wrote")
    parser.add_argument("--provisions", type=int, default=5000)
    arguments = parser.parse_args()
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = arguments.page or made_up(Path(folder), arguments.provisions)
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        times = loading(browser, path.resolve().as_uri())
        print(f"size {path.stat().st_size / 1e6:.1f} MB")
        print(f"load: best {min(times):.0f} ms, median {statistics.median(times):.0f} ms")
        page = browser.new_page()
        page.goto(path.resolve().as_uri())
        print(f"first search, nothing prepared: {page.evaluate(FILTER, {'q': 'guichet'}):.0f} ms")
        for name, choices in CHOICES.items():
            times = [page.evaluate(FILTER, choices) for _ in range(ROUNDS)]
            said = page.locator("#count").inner_text()
            print(f"{name}: best {min(times):.0f} ms, median {statistics.median(times):.0f} ms ({said})")
        browser.close()


if __name__ == "__main__":
    main()
