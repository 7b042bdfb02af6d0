"""The web page: complete without a request, safe whatever the documents hold, and usable in a real browser."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import example_run as make
import pytest
from hypothesis import given
from hypothesis import strategies as st
from in_browser import launched, open_page

from policy_scan.report import export_run
from policy_scan.report import html as page_module
from policy_scan.report.html import json_for_script, render_page


def page_text(tmp_path: Path, language: str = "en") -> str:
    [path] = export_run(make.run_data(tmp_path / "out"), "html", language, tmp_path / "page.html")
    return path.read_text(encoding="utf-8")


def data_of(text: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert found
    return json.loads(found[1])


def test_it_asks_for_nothing_from_elsewhere(tmp_path: Path) -> None:
    text = page_text(tmp_path)
    assert not re.search(r"<(?:link|img|iframe|object|embed)\b|\bsrc=|url\(|@import", text)
    targets = re.findall(r'href="([^"]*)"', text)
    assert targets
    assert all(target.startswith(("#", "corpus/")) for target in targets)


def test_the_policy_allows_only_the_pages_own_style_and_script(tmp_path: Path) -> None:
    text = page_text(tmp_path)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    assert "default-src 'none'" in policy[1]
    assert "unsafe" not in policy[1]
    scripts = re.findall(r"<script>(.*?)</script>", text, re.S)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy[1]
    assert not re.search(r"""\s(?:style|on\w+)=["']""", text)


def test_hostile_text_is_no_markup(tmp_path: Path) -> None:
    text = page_text(tmp_path)
    assert "<script>document.title" not in text
    assert text.count("<script") == text.count("</script") == 3
    [shown] = [one["text"] for one in data_of(text)["provisions"] if one["id"] == "p-hostile"]
    assert "<script>" in shown
    assert not re.search("[\u202e\x07\x1b]", text)


def test_hostile_titles_are_escaped_everywhere(tmp_path: Path) -> None:
    sample = make.example()
    evil = '"><script>alert(1)</script>'
    sample.documents[0] = dataclasses.replace(
        sample.documents[0], title=evil, path=f"FR/{evil}.pdf", url="javascript:1"
    )
    text = render_page(make.run_data(tmp_path, sample), "en", tmp_path)
    assert "<script>alert" not in text
    assert "javascript:" not in text
    assert 'href="../corpus/FR/%22%3E%3Cscript%3Ealert%281%29%3C/script%3E.pdf' in text


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_json_inside_a_script_element_can_not_end_it(text: str) -> None:
    written = json_for_script([text])
    assert not set("<>&\u2028\u2029") & set(written)
    assert json.loads(written) == [text]


def test_the_table_stands_in_the_page_itself(tmp_path: Path) -> None:
    text = page_text(tmp_path, "fr")
    assert '<html lang="fr">' in text
    assert text.count('<td class="s-') == len(make.cells())
    for cell in make.cells():
        link = f'href="#theme={cell.theme}&amp;j={cell.jurisdiction}"'
        assert re.search(rf'<td class="s-{cell.status}"><a {re.escape(link)}', text)


def test_the_pdf_is_found_from_where_the_page_stands(tmp_path: Path) -> None:
    run = make.run_data(tmp_path / "out")
    [path] = export_run(run, "html", path=tmp_path / "elsewhere" / "deep" / "page.html")
    links = [document["href"] for document in data_of(path.read_text(encoding="utf-8"))["documents"]]
    assert links[1] == "../../corpus/BE-VLG/bbbbbbbb.pdf"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as running:
        yield running


def many(n: int) -> make.Example:
    """`n` coded provisions of a few hundred characters in one law."""
    law = make.document("a" * 8)
    body = "Le guichet électronique reçoit la demande et en délivre un récépissé. " * 6
    provisions = [make.provision(f"p{i}", law, f"Numéro {i}. {body}", ordinal=i) for i in range(n)]
    return make.Example([law], provisions, [make.coding(p.provision_id) for p in provisions], [])


def test_a_page_without_room_for_all_shows_the_best_of_each_cell_and_tells_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = many(9)
    sample.codings[:] = [dataclasses.replace(one, probability=0.9 - at / 20) for at, one in enumerate(sample.codings)]
    sample.codings.append(make.coding("p0", "openness", rank=2))
    run = make.run_data(tmp_path / "out", sample)
    whole = render_page(run, "en", tmp_path)
    assert len(data_of(whole)["rows"]) == 10 and "more stand" not in whole
    assert not any("more" in cell for cell in data_of(whole)["cells"])
    monkeypatch.setattr(page_module, "MOST_ROWS", 5)
    text = render_page(run, "en", tmp_path)
    data = data_of(text)
    own = [data["provisions"][row["p"]]["id"] for row in data["rows"] if row["theme"] == "non_digital_access"]
    assert own == ["p0", "p1", "p2", "p3"]
    assert [row["theme"] for row in data["rows"]].count("openness") == 1
    assert {cell["theme"]: cell["more"] for cell in data["cells"] if "more" in cell} == {
        "non_digital_access": "5 more passages of this cell stand in the workbook and in the CSV export."
    }
    assert "best passages of each cell; 5 more stand in the workbook and in the CSV export." in text
    assert "1 documents, 9 provisions, 9 of them coded" in text, "what is counted is the run, not what the page shows"


@given(st.lists(st.integers(1, 60), min_size=1, max_size=12), st.integers(1, 200))
def test_room_is_shared_out_in_full(counts: list[int], room: int) -> None:
    most = page_module._most_of_each(counts, room)
    taken = sum(min(count, most) for count in counts)
    if sum(counts) <= room:
        assert taken == sum(counts)
    elif room >= len(counts):
        assert taken <= room < sum(min(count, most + 1) for count in counts)
    else:
        assert most == 1


def test_a_cell_opens_its_evidence_in_a_browser(browser: Any, tmp_path: Path) -> None:
    [path] = export_run(make.run_data(tmp_path / "out"), "html", path=tmp_path / "page.html")
    page, heard = open_page(browser, path)
    page.locator('.heat a[data-theme="non_digital_access"][data-j="FR"]').focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelectorAll('.passage').length === 2")
    assert page.evaluate("document.activeElement.textContent") == "Non-digital alternative – France"
    assert page.locator("#count").inner_text() == "2 passages"
    assert page.locator("mark").first.inner_text() == "Le guichet"
    assert page.locator("blockquote").first.get_attribute("lang") == "fr"
    link = page.locator(".passage .ways a").first
    assert link.get_attribute("href") == "corpus/FR/aaaaaaaa.pdf#page=3"
    assert page.locator(".heat a[aria-current]").count() == 1
    assert page.title() == "State of play: the digitalisation of public services"
    assert heard == []
    page.close()


def test_filters_search_comparison_and_addresses_in_a_browser(browser: Any, tmp_path: Path) -> None:
    [path] = export_run(make.run_data(tmp_path / "out"), "html", path=tmp_path / "page.html")
    page, heard = open_page(browser, path)
    page.locator("input[name=q]").fill("DEMARCHE eloignes")
    assert page.locator(".passage").count() == 1
    assert "q=DEMARCHE" in page.url
    page.locator("button[type=reset]").click()
    page.wait_for_function("document.querySelectorAll('.passage').length === 5")
    page.locator("select[name=type]").select_option("action_plan")
    assert page.locator(".passage blockquote").inner_text().startswith("Het loket")
    page.goto(path.as_uri() + "#theme=non_digital_access&j=FR&j2=BE")
    page.wait_for_function("document.querySelectorAll('#results > div').length === 2")
    assert page.locator("#summary .summary").count() == 2
    assert page.locator("#summary .summary h3").all_inner_texts() == [
        "Non-digital alternative – France",
        "Non-digital alternative – Belgium",
    ]
    assert page.locator("#results > div").nth(1).locator(".passage").count() == 1
    page.goto(path.as_uri() + "#p=p-ocr")
    page.wait_for_function("document.querySelectorAll('.passage').length === 1")
    assert "OCR" in page.locator(".passage .facts").first.inner_text()
    page.goto(path.as_uri() + "#theme=%3Cimg%20src%3Dx%3E&j=nowhere")
    page.wait_for_function("document.querySelectorAll('.passage').length === 5")
    assert heard == []
    page.close()


def test_five_thousand_provisions_stay_quick(browser: Any, tmp_path: Path) -> None:
    [path] = export_run(make.run_data(tmp_path / "out", many(5000)), "html", path=tmp_path / "page.html")
    assert path.stat().st_size < 15_000_000
    page, _ = open_page(browser, path)
    assert page.locator(".passage").count() == 25
    page.locator("input[name=q]").fill("recepisse")  # folds the texts once
    spent = page.evaluate(
        """() => {
            const field = document.querySelector('input[name=q]'), start = performance.now();
            field.value = 'numero 4321';
            field.dispatchEvent(new Event('input', { bubbles: true }));
            return performance.now() - start;
        }"""
    )
    assert page.locator(".passage").count() == 1
    assert spent < 400, "the goal is 100 ms, for which benchmarks/page.py measures 5 to 15; the machine may be busy"
    page.locator("button[type=reset]").click()
    page.wait_for_function("document.querySelectorAll('.passage').length === 25")
    page.locator("#results button").click()
    assert page.locator(".passage").count() == 50
    page.close()


def test_terms_stand_bold_inside_the_mark_and_doubt_is_said(browser: Any, tmp_path: Path) -> None:
    sample = make.example()
    sample.codings[0] = make.coding("p-law", method="lexicon")
    [path] = export_run(make.run_data(tmp_path / "out", sample), "html", path=tmp_path / "page.html")
    page, heard = open_page(browser, path, "#p=p-ocr")
    assert page.locator("mark").count() == 1
    assert page.locator("mark b").all_inner_texts() == ["usagers", "démarche en ligne"]
    assert page.locator("blockquote").inner_text() == "Un tiers des usagers renonce à la démarche en ligne."
    assert "unsure" in page.locator(".passage .facts").first.inner_text()
    page.goto(path.as_uri() + "#theme=non_digital_access&p=p-law")
    page.wait_for_function("document.querySelector('blockquote').textContent.includes('(p-law)')")
    assert page.locator(".passage").count() == 1
    assert "lexicon alone" in page.locator(".passage .facts").first.inner_text()
    assert heard == []
    page.close()
