"""The desk in a real browser: everything by keyboard, the next item at once, nothing lost, what axe says of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from desk_run import SENTENCES, serving, write_run
from in_browser import launched, violations, wait_until

from policy_scan.review.store import Store

CITED = "#cited"
PASSWORD = "a long enough password"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as running:
        yield running


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("desk"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "review.sqlite3") as opened:
        yield opened


@pytest.fixture
def address(output: Path, store: Store) -> Iterator[str]:
    with serving(output, store, single_user="ada") as served:
        yield served


def open_desk(
    browser: Any, address: str, query: str = "?queue=document", width: int = 1400, before: str = ""
) -> tuple[Any, list[str]]:
    """The desk, and what the page says on the console, throws, or asks of other servers: nothing where all is well.
    `before`: a script that the page runs before its own.
    """
    page = browser.new_page(viewport={"width": width, "height": 900})
    if before:
        page.add_init_script(before)
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", lambda one: heard.append(one.url) if not one.url.startswith((address, "data:")) else None)
    page.goto(f"{address}/desk{query}")
    page.wait_for_selector("form.desk .scripted:not([hidden])")
    return page, heard


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def status(page: Any, text: str) -> None:
    wait_until(page, "text => document.getElementById('status').textContent.includes(text)", arg=text)


def shown(page: Any, label: str) -> None:
    wait_until(page, "label => document.querySelector('#cited')?.textContent.includes(label)", arg=f"{label}, p.")


def said(store: Store, reviewer: str = "ada") -> dict[tuple[str, str], str]:
    return {(one.provision_id, one.theme): one.verdict for one in store.live(reviewer)}


def test_accept_and_undo_by_keyboard(browser: Any, address: str, store: Store) -> None:
    page, heard = open_desk(browser, address)
    shown(page, "art. 1")
    press(page, "a")
    shown(page, "art. 2")
    status(page, "Saved.")
    assert said(store) == {("p-1", "non_digital_access"): "yes", ("p-1", "assistance"): "yes"}
    press(page, "j")  # on, then back to what was decided
    shown(page, "art. 3")
    press(page, "u")
    shown(page, "art. 1")
    status(page, "Undone.")
    assert not store.live("ada")
    assert page.evaluate("document.activeElement.className") == "excerpt"
    assert heard == []
    page.close()


def test_correct_themes_force_note_and_translation(browser: Any, address: str, store: Store) -> None:
    page, heard = open_desk(browser, address)
    letter = page.locator("[data-theme=non_digital_access] kbd").text_content()
    press(page, letter)
    status(page, "doesn't fit")
    press(page, page.locator("[data-theme=openness] kbd").text_content())
    press(page, "m")
    page.keyboard.type("a note with keys: r u s")
    press(page, "Escape", "t")
    page.keyboard.type("The office")
    press(page, "Escape", "f")
    page.locator("select[name=force]").select_option("right")
    press(page, "Escape", "a")
    shown(page, "art. 2")
    status(page, "Saved.")
    rows = {row.theme: row for row in store.live("ada")}
    assert {theme: row.verdict for theme, row in rows.items()} == {
        "non_digital_access": "no", "assistance": "yes", "openness": "yes",
    }  # fmt: skip
    assert rows["openness"].force == "right" and rows["openness"].note == "a note with keys: r u s"
    assert rows["openness"].translation == "The office"
    press(page, "r")
    shown(page, "art. 3")
    status(page, "Saved.")
    press(page, "s")
    page.wait_for_selector(".nothing")
    wait_until(page, "() => document.getElementById('left').textContent === '0'")
    assert said(store)["p-2", ""] == "no" and said(store)["p-3", ""] == "skip"
    assert heard == []
    page.close()


def test_keys_hold_on_greek_and_french_keyboards(browser: Any, address: str, store: Store) -> None:
    page, heard = open_desk(browser, address)
    digit = page.locator("[data-theme=non_digital_access] kbd").text_content()
    for key, code in (("&", f"Digit{digit}"), ("α", "KeyA")):
        page.evaluate(
            "([key, code]) => document.dispatchEvent(new KeyboardEvent('keydown', { key, code, bubbles: true }))",
            [key, code],
        )
    status(page, "Saved.")
    assert said(store) == {("p-1", "non_digital_access"): "no", ("p-1", "assistance"): "yes"}
    assert heard == []
    page.close()


def test_narrow_by_sentences_and_by_selecting(browser: Any, address: str, store: Store) -> None:
    page, heard = open_desk(browser, address)
    press(page, "n", "ArrowRight", "Shift+ArrowRight", "Enter")
    status(page, "is now")
    assert page.locator(".words mark").all_inner_texts() == [" ".join(SENTENCES[1:])]
    wait_until(page, "() => document.querySelectorAll('.evidence rect').length >= 1")
    press(page, "e")
    page.evaluate(
        """() => {
          const quote = document.querySelector('.words'), walk = document.createTreeWalker(quote, NodeFilter.SHOW_TEXT);
          const nodes = []; while (walk.nextNode()) nodes.push(walk.currentNode);
          const last = nodes.at(-1), at = last.data.indexOf('sans frais');
          getSelection().setBaseAndExtent(last, at, last, at + 10);
        }"""
    )
    page.locator("[data-do=narrow]").click()
    status(page, "sans frais")
    press(page, "n", "ArrowLeft", "Escape")  # changes nothing
    press(page, "a")
    shown(page, "art. 2")
    status(page, "Saved.")
    text = " ".join(SENTENCES)
    spans = {row.theme: row.evidence for row in store.live("ada")}
    assert spans["non_digital_access"] == f"[[{len(SENTENCES[0]) + 1},{len(text)}]]"
    assert spans["assistance"] == f"[[{text.index('sans frais')},{text.index('sans frais') + 10}]]"
    assert heard == []
    page.close()


def test_a_conflict_is_told_and_asked(browser: Any, address: str, store: Store) -> None:
    first, _ = open_desk(browser, address)
    second, _ = open_desk(browser, address)
    press(first, "a")
    status(first, "Saved.")
    press(second, "r")
    second.wait_for_selector("dialog#conflict[open]")
    assert "fits" in second.locator("#conflict-now").inner_text()
    assert violations(second) == []
    assert said(store) == {("p-1", "non_digital_access"): "yes", ("p-1", "assistance"): "yes"}
    second.locator("#conflict-save").click()
    status(second, "Saved.")
    assert set(said(store).values()) == {"no"} and ("p-1", "") in said(store)
    first.close()
    second.close()


REFUSE_ANSWERS = """
window.refusing = true;
const whole = window.fetch;
window.fetch = (address, options) =>
  window.refusing && String(address).includes("/desk/api/decide")
    ? Promise.reject(new TypeError("network error")) : whole(address, options);
"""


def test_a_decision_waits_for_a_server_that_doesnt_answer(browser: Any, address: str, store: Store) -> None:
    page, _ = open_desk(browser, address, before=REFUSE_ANSWERS)
    page.wait_for_timeout(500)  # the next one is there by now
    press(page, "a")
    shown(page, "art. 2")
    wait_until(page, "() => document.getElementById('trouble').textContent.includes('Not saved yet: 1')")
    leaves_quietly = "window.dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    assert not page.evaluate(leaves_quietly) and not store.decisions()
    page.evaluate("window.refusing = false")
    status(page, "Saved.")
    assert page.locator("#trouble").is_hidden() and page.evaluate(leaves_quietly)
    assert said(store) == {("p-1", "non_digital_access"): "yes", ("p-1", "assistance"): "yes"}
    page.close()


LOSE_THE_FIRST_ANSWER = """
window.lost = [];
const whole = window.fetch;
window.fetch = async (address, options) => {
  const answer = await whole(address, options);
  if (window.lost.length || !String(address).includes("/desk/api/decide")) return answer;
  window.lost.push(answer.status);
  throw new TypeError("network error");
};
"""


def test_an_answer_that_was_lost_doubles_nothing(browser: Any, address: str, store: Store) -> None:
    page, _ = open_desk(browser, address, before=LOSE_THE_FIRST_ANSWER)
    press(page, "a")
    status(page, "Saved.")
    assert page.evaluate("window.lost") == [200]  # the server had done it, and the page hadn't heard of it
    assert len(store.decisions()) == 2
    page.close()


def test_changes_that_werent_saved_are_there_on_the_way_back(browser: Any, address: str) -> None:
    page, heard = open_desk(browser, address)
    press(page, "m")
    page.keyboard.type("half a thought")
    press(page, "Escape", "j")
    shown(page, "art. 2")
    press(page, "k")
    shown(page, "art. 1")
    assert page.locator("[name=note]").input_value() == "half a thought"
    assert heard == []
    page.close()


def test_the_second_coder_is_blind(browser: Any, output: Path, store: Store) -> None:
    for name in ("ada", "ben"):
        store.add_user(name, "coder", PASSWORD)
    with serving(output, store) as address:
        pages = {}
        for name in ("ada", "ben"):
            page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
            page.goto(f"{address}/login")
            page.fill("[name=name]", name)
            page.fill("[name=password]", PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_url(f"{address}/")
            page.goto(f"{address}/desk?queue=document")
            page.wait_for_selector("form.desk .scripted:not([hidden])")
            pages[name] = page
        press(pages["ada"], "m")
        pages["ada"].keyboard.type("ada's own reason")
        press(pages["ada"], "Escape", "r")
        status(pages["ada"], "Saved.")
        pages["ben"].reload()
        shown(pages["ben"], "art. 1")
        assert "ada" not in pages["ben"].content()
        assert pages["ben"].locator("input[name=themes]:checked").count() == 2
        press(pages["ben"], "a")
        status(pages["ben"], "Saved.")
    assert set(said(store, "ada").values()) == {"no"} and set(said(store, "ben").values()) == {"yes"}
    for page in pages.values():
        page.context.close()


def test_a_theme_is_added_to_what_was_left_uncoded(browser: Any, address: str, store: Store) -> None:
    page, heard = open_desk(browser, address)
    press(page, "/")
    page.keyboard.type("ETE")
    press(page, "Enter")
    page.wait_for_selector(".hits")
    assert violations(page) == []
    page.locator(".hits a").click()
    shown(page, "art. 4")
    page.wait_for_selector("form.desk .scripted:not([hidden])")
    press(page, page.locator("[data-theme=openness] kbd").text_content(), "a")
    status(page, "Saved.")
    assert said(store) == {("p-4", "openness"): "yes"}
    assert heard == []
    page.close()


@pytest.mark.parametrize("width", [1400, 400])
def test_axe_finds_no_fault_and_the_keys_are_told(browser: Any, address: str, width: int) -> None:
    page, heard = open_desk(browser, address, width=width)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    press(page, "?")
    assert page.locator("dialog#keys").is_visible() and "Undo the last decision" in page.locator("#keys").inner_text()
    assert violations(page) == []
    press(page, "Escape")
    assert not page.locator("dialog#keys").is_visible()
    assert heard == []
    page.close()


def test_without_the_pdf_there_is_a_word_and_work_goes_on(browser: Any, tmp_path: Path, store: Store) -> None:
    output = write_run(tmp_path / "project")
    (tmp_path / "project" / "corpus" / "FR" / "guichets.pdf").unlink()
    with serving(output, store, single_user="ada") as address:
        page, _ = open_desk(browser, address)
        wait_until(page, "() => document.querySelector('.no-picture').textContent.includes('no longer where')")
        assert page.locator(".paper").is_hidden()
        press(page, "a")
        status(page, "Saved.")
        page.close()
    assert len(store.live("ada")) == 2


def test_it_works_without_a_script(browser: Any, address: str, store: Store) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/desk?queue=document")
    page.locator("input[value=assistance]").uncheck()
    page.locator("button[value=accept]").click()
    page.wait_for_selector("text=Saved.")  # the next page has come, which a click doesn't always wait for
    assert "art. 2" in page.locator(CITED).inner_text()
    assert said(store) == {("p-1", "non_digital_access"): "yes", ("p-1", "assistance"): "no"}
    page.locator("#undo button").click()
    page.wait_for_selector("text=Undone.")
    assert not store.live("ada")
    context.close()
