"""Using the web page: keys, addresses and the way back, comparison, filters, small screens, and what axe says of it."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import example_run as make
import pytest
from in_browser import launched, open_page, violations, wait_until

from policy_scan.decisions import PublishedDecision
from policy_scan.report import export_run
from policy_scan.report.html import render_page
from policy_scan.report.page_words import count_forms
from policy_scan.tables import parquet_bytes, to_table, write_atomic
from policy_scan.translation import LANGUAGES

CELL = "#theme=non_digital_access&j=FR"
ACTIVE = "document.activeElement.textContent.replace(/\\s+/g, ' ').trim()"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as running:
        yield running


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    [written] = export_run(make.run_data(folder / "out"), "html", path=folder / "page.html")
    return written


def passages(page: Any, n: int) -> None:
    wait_until(page, f"document.querySelectorAll('.passage').length === {n}")


@pytest.mark.parametrize(
    ("address", "width"),
    [
        ("", 1200), (CELL, 1200), (CELL, 320), (CELL + "&p=p-law", 1200), ("#j=FR&j2=BE", 1200), ("#j=FR&j2=BE", 320),
        (CELL + "&j2=BE", 1200), ("#q=guichet&force=obligation&from=2018&unsure=no", 1200),
    ],
    ids=[
        "start", "cell", "cell on a small screen", "provision", "comparison", "comparison on a small screen",
        "cell compared", "filters",
    ],
)  # fmt: skip
def test_axe_finds_no_fault(browser: Any, path: Path, address: str, width: int) -> None:
    page, heard = open_page(browser, path, address, width)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert violations(page) == []
    assert heard == []
    page.close()


def test_axe_finds_no_fault_in_the_list_of_keys(browser: Any, path: Path) -> None:
    page, heard = open_page(browser, path)
    page.keyboard.press("?")
    assert page.locator("dialog").is_visible()
    assert violations(page) == []
    assert heard == []
    page.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_no_fault_in_any_language(browser: Any, tmp_path: Path, language: str) -> None:
    [path] = export_run(make.run_data(tmp_path / "out"), "html", language, tmp_path / "page.html")
    page, heard = open_page(browser, path, CELL)
    assert page.evaluate("document.documentElement.lang") == language
    assert ("0.9" if language == "en" else "0,9") in page.locator("article .facts").first.inner_text()
    assert violations(page) == []
    assert heard == []
    page.close()


def test_arrows_move_in_the_table_and_escape_returns_to_the_cell(browser: Any, path: Path) -> None:
    page, _ = open_page(browser, path)
    first = page.locator(".heat td a").first
    first.focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    assert page.evaluate("[document.activeElement.dataset.theme, document.activeElement.dataset.j]") == [
        "non_digital_access", "FR",
    ]  # fmt: skip
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.dataset.j") == "GR"
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    passages(page, 2)
    assert page.evaluate(ACTIVE) == "Non-digital alternative – France"
    page.keyboard.press("Escape")
    passages(page, 5)
    assert page.evaluate("[document.activeElement.dataset.theme, document.activeElement.dataset.j]") == [
        "non_digital_access", "FR",
    ]  # fmt: skip
    page.close()


def test_keys_of_one_character_can_be_switched_off(browser: Any, path: Path) -> None:
    page, _ = open_page(browser, path)
    page.keyboard.press("?")
    page.locator("#single-keys").uncheck()
    page.keyboard.press("Escape")
    assert not page.locator("dialog").is_visible()
    page.keyboard.press("?")
    assert not page.locator("dialog").is_visible()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") != "q"
    page.close()


def test_the_way_back_leads_through_cells_and_choices(browser: Any, path: Path) -> None:
    page, heard = open_page(browser, path)
    page.locator('.heat td a[data-theme="non_digital_access"][data-j="FR"]').click()
    passages(page, 2)
    page.locator(".permalink").first.click()
    passages(page, 1)
    assert page.evaluate("document.activeElement.className") == "passage"
    assert page.locator("#summary .button").first.inner_text() == "Show the whole cell"
    page.go_back()
    passages(page, 2)
    page.locator("select[name=force]").select_option("obligation")
    assert "force=obligation" in page.url
    page.go_back()
    wait_until(page, "!document.querySelector('select[name=force]').value")
    page.go_back()
    passages(page, 5)
    assert page.evaluate("document.activeElement.dataset.theme") == "non_digital_access"
    assert heard == []
    page.close()


def test_a_provisions_address_shows_and_focuses_it(browser: Any, path: Path) -> None:
    page, _ = open_page(browser, path, CELL + "&p=p-hostile")
    passages(page, 1)
    assert page.evaluate("document.activeElement.className") == "passage"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") < 900
    assert page.locator("select[name=theme]").input_value() == "non_digital_access"
    page.locator("#summary .button").first.click()
    passages(page, 2)
    page.close()


def test_two_countries_stand_side_by_side_theme_by_theme(browser: Any, path: Path) -> None:
    page, _ = open_page(browser, path)
    page.locator("select[name=j2]").select_option("BE")
    pairs = page.locator(".pair")
    assert pairs.count() == len(make.codebook().active)
    assert page.locator("select[name=j]").input_value() == "FR", "a comparison needs two countries"
    alternative = pairs.filter(has_text="Non-digital alternative").first
    assert alternative.locator("h4").all_inner_texts() == ["France", "Belgium"]
    assert alternative.locator(".passage").count() == 2
    left, right = (alternative.locator(".summary").nth(at).bounding_box() for at in (0, 1))
    assert left["y"] == right["y"] and left["x"] + left["width"] <= right["x"]
    alternative.get_by_text("Show the whole cell").first.click()
    passages(page, 2)
    assert page.locator("select[name=j2]").input_value() == ""
    page.close()


@pytest.mark.parametrize(
    ("choices", "n"),
    [
        ({"status": "committed"}, 1),
        ({"from": "2021"}, 2),
        ({"to": "2019"}, 3),
        ({"from": "2020", "to": "2022"}, 1),
        ({"unsure": "yes"}, 1),
        ({"unsure": "no", "j": "FR"}, 3),
        ({"lang": "nl"}, 1),
        ({"standing": "to_check"}, 1),
        ({"review": "none"}, 5),
    ],
)
def test_each_filter_narrows_the_passages(browser: Any, path: Path, choices: dict[str, str], n: int) -> None:
    page, _ = open_page(browser, path)
    for name, value in choices.items():
        if name in ("from", "to"):
            page.locator(f"input[name={name}]").fill(value)
        else:
            page.locator(f"select[name={name}]").select_option(value)
    assert page.locator("#count").inner_text() == ("1 passage" if n == 1 else f"{n} passages")
    assert page.locator("#count").get_attribute("role") == "status"
    assert page.locator("#chosen").inner_text().startswith("Chosen: ")
    page.locator("button[type=reset]").click()
    passages(page, 5)
    page.close()


def test_search_knows_no_accents_in_greek_and_finds_titles(browser: Any, tmp_path: Path) -> None:
    sample = make.example()
    sample.provisions[0] = make.provision("p-law", sample.documents[0], "Ο πολίτης υποβάλλει αίτηση στους φορείς.")
    [path] = export_run(make.run_data(tmp_path / "out", sample), "html", path=tmp_path / "page.html")
    page, _ = open_page(browser, path)
    for words, n in (("ΑΙΤΗΣΗ πολιτησ", 2), ("plan LOKETTEN", 1), ("tit. zzz", 0)):
        page.locator("input[name=q]").fill(words)
        passages(page, n)
    assert page.locator("#count").inner_text() == "No passage matches."
    page.close()


def test_a_small_screen_needs_no_sideways_scrolling(browser: Any, path: Path) -> None:
    for address in ("", CELL, "#j=FR&j2=BE"):
        page, _ = open_page(browser, path, address, 320)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        small = page.evaluate(
            """() => [...document.querySelectorAll('button, select, input, .heat a, .ways a')]
                .filter(one => one.checkVisibility())
                .map(one => one.getBoundingClientRect()).filter(box => box.height < 24 || box.width < 24).length"""
        )
        assert small == 0, "targets have at least 24 pixels"
        page.close()


def test_the_table_is_read_without_javascript(browser: Any, path: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(path.as_uri())
    text = page.locator("main").inner_text()
    for cell in make.cells():
        assert cell.citation.replace("\n", " ") in text
    for status in ("binding", "committed", "not found in this corpus"):
        assert status in text
    assert not page.locator("#filters").is_visible()
    assert "needs it" in text
    context.close()


def test_a_print_holds_the_table_and_the_evidence_but_no_buttons(browser: Any, path: Path) -> None:
    page, _ = open_page(browser, path, CELL)
    page.emulate_media(media="print")
    assert page.locator(".heat").is_visible() and page.locator(".passage").first.is_visible()
    for hidden in ("#filters", "button", ".permalink", ".skip", "#summary .button"):
        assert not any(one.is_visible() for one in page.locator(hidden).all()), hidden
    page.close()


def decision(provision_id: str, verdict: str, theme: str, **changes: Any) -> PublishedDecision:
    base = PublishedDecision(
        decision_id=f"d-{provision_id}-{theme}", at="2025-01-01T10:00:00+00:00", reviewer="reviewer-1", role="coder",
        doc_id="a" * 8, provision_id=provision_id, page=3, start=0, end=10, text_hash="", quotation="", before="",
        after="", theme=theme, verdict=verdict, force="", evidence="[]", note="", translation="",  # type: ignore[arg-type]
        machine_probability=0.9, machine_assigned=True, model_version="1", replaces="", origin="cell",
        live=True, anchor="exact", similarity=1.0, anchored_to=provision_id, outcome=verdict,
    )  # fmt: skip
    return dataclasses.replace(base, **changes)


def test_reviewers_decisions_are_told_and_filter(browser: Any, tmp_path: Path) -> None:
    sample = make.example()
    refused = sample.codings.index(make.coding("p-law"))
    sample.codings[refused] = make.coding("p-law", assigned=False, force="", evidence="[]", method="reviewed")
    run = make.run_data(tmp_path / "out", sample)
    run.directory.mkdir()
    decisions = [
        decision("p-law", "no", "non_digital_access"),
        decision("p-nl", "yes", "non_digital_access", translation="The counter stays open for whoever isn't digital."),
        decision("p-ocr", "yes", "digital_inclusion"),
        decision("p-ocr", "no", "digital_inclusion", decision_id="d-2", reviewer="reviewer-2"),
    ]
    table = parquet_bytes(to_table(PublishedDecision, decisions))
    write_atomic(run.directory / "decisions.parquet", table)
    [path] = export_run(run, "html", path=tmp_path / "page.html")
    page, _ = open_page(browser, path)
    for state, word, quoted in (
        ("accepted", "accepted", "Het loket"), ("rejected", "rejected", "Le guichet"),
        ("disputed", "disputed", "Un tiers"),
    ):  # fmt: skip
        page.locator("select[name=review]").select_option(state)
        shown = page.locator(".passage")
        assert word in shown.first.locator(".facts").first.inner_text()
        assert shown.first.locator("blockquote").inner_text().startswith(quoted)
    assert "decided on 3 codings" in page.content()
    page.locator("select[name=review]").select_option("accepted")
    assert "The counter stays open" in page.locator(".passage").first.inner_text()
    page.close()


def test_counts_know_a_languages_plurals() -> None:
    assert count_forms("en")["results"] == {"one": "{n} passage", "few": "{n} passages", "other": "{n} passages"}


def test_the_tables_day_is_told(tmp_path: Path) -> None:
    run = make.run_data(tmp_path / "out")
    assert "The law as of" not in render_page(run, "en", tmp_path)
    run = dataclasses.replace(run, config=make.config(as_of="2020-01-31"))
    assert "The law as of 31 January 2020: later acts are left out." in render_page(run, "en", tmp_path)


def test_the_meanings_are_the_codebooks_in_each_language(tmp_path: Path) -> None:
    for language in LANGUAGES:
        text = html.unescape(render_page(make.run_data(tmp_path / "out"), language, tmp_path))
        for status in make.codebook().status:
            assert make.codebook().status_meaning(status, language) in text
