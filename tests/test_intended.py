"""What the pipeline makes of the sample corpus, held against what its author meant (tools/corpus_text/).

The expected values were written before and apart from the pipeline: these tests can't agree with a mistake of it.
"""

from __future__ import annotations

from itertools import pairwise

import pytest
from sample_reading import ACTS, BORN_DIGITAL, SCANS, TEXTS, fold, intended, meant, read

from policy_scan.records import FURNITURE_KINDS, Provision


def own(name: str, provision: intended.Intended) -> list[Provision]:
    """The provisions that hold the first paragraph of an intended one."""
    head = fold(provision.text.split("\n")[0])
    return [found for found in read(name).provisions if head in fold(found.text)]


def running_heads(name: str) -> list[str]:
    """Running heads and feet as printed, those that no paragraph or cover repeats word for word."""
    doc = TEXTS[name]
    words = " ".join(map(str, [doc["body"], doc.get("cover", "")]))
    heads = [str(doc["head"].get(key, "")) for key in ("left", "centre", "right", "issue", "foot")]
    return [head for head in heads if len(head) > 8 and head not in words]


def squeezed(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("name", BORN_DIGITAL)
def test_every_word_is_read_in_reading_order(name: str) -> None:
    """The paragraphs of each language stand in the page texts whole, hyphens closed, one after the other."""
    whole = "".join(fold(page.text) for page in read(name).pages)
    for language in {provision.language for provision in meant(name)}:
        heads = [fold(p.text.split("\n")[0]) for p in meant(name) if p.language == language and " | " not in p.text]
        places = [whole.find(head[:60]) for head in heads]
        assert [head for head, place in zip(heads, places, strict=True) if place < 0] == []
        # The boxes of a slide stand in no order that all readers share: there each one only has to be whole.
        assert TEXTS[name]["family"] == "slides" or all(a < b for a, b in pairwise(places)), places


@pytest.mark.parametrize("name", BORN_DIGITAL)
def test_every_provision_is_found_whole_and_alone(name: str) -> None:
    """No intended provision is lost, cut in two or merged with its neighbour."""
    heads = [fold(provision.text.split("\n")[0]) for provision in meant(name)]
    for provision, head in zip(meant(name), heads, strict=True):
        if " | " in provision.text:
            continue
        found = own(name, provision)
        assert len(found) == 1, (provision.label_path, provision.text[:60], [f.text[:60] for f in found])
        others = [other for other in heads if other != head and other in fold(found[0].text)]
        assert others == [], (provision.label_path, provision.text[:60])


@pytest.mark.parametrize("name", BORN_DIGITAL)
def test_label_page_and_language_are_the_intended_ones(name: str) -> None:
    for provision in meant(name):
        if " | " in provision.text:
            continue
        for found in own(name, provision):
            # A paragraph right below a numbered heading may bear the heading's number or none.
            allowed = {provision.label} if provision.label else {"", *provision.label_path[-1:]}
            assert fold(found.label) in {fold(label) for label in allowed}, provision.text[:60]
            assert found.page_first == provision.page, provision.text[:60]
            assert found.language == provision.language, provision.text[:60]


@pytest.mark.parametrize("name", ACTS)
def test_label_paths_of_acts_are_the_intended_ones(name: str) -> None:
    for provision in meant(name):
        if " | " in provision.text:
            continue
        for found in own(name, provision):
            assert [fold(label) for label in found.label_path] == [fold(label) for label in provision.label_path]


@pytest.mark.parametrize("name", BORN_DIGITAL)
def test_points_and_quotations_stay_with_their_article(name: str) -> None:
    for provision in meant(name):
        for line in provision.text.split("\n")[1:]:
            if " | " in line:
                continue
            homes = [found for found in read(name).provisions if fold(line) in fold(found.text)]
            assert homes, line
            article = [fold(label) for label in provision.label_path]
            assert [fold(label) for label in homes[0].label_path][: len(article)] == article, line


def test_quoted_articles_are_marked() -> None:
    quoted = [p for p in read("be_erlass").provisions if "Ansprechperson" in p.text]
    assert [p.quoted for p in quoted] == [True]
    assert not any(p.quoted for p in read("be_erlass").provisions if "Nationalregisternummer" in p.text)


@pytest.mark.parametrize("name", BORN_DIGITAL)
def test_no_furniture_in_a_provision(name: str) -> None:
    for provision in read(name).provisions:
        for head in running_heads(name):
            assert head not in squeezed(provision.text)


@pytest.mark.parametrize("name", BORN_DIGITAL)
def test_running_heads_are_kept_as_furniture(name: str) -> None:
    kept = " ".join(squeezed(block.text) for block in read(name).blocks if block.kind in FURNITURE_KINDS)
    assert [head for head in running_heads(name) if head not in kept] == []


def tables(ruled: bool) -> list[tuple[str, list[list[str]]]]:
    return [
        (name, item["table"])
        for name in BORN_DIGITAL
        for item in TEXTS[name]["body"]
        if "table" in item and item.get("ruled", True) == ruled
    ]


@pytest.mark.parametrize(
    ("name", "rows"), tables(ruled=True), ids=lambda value: value if isinstance(value, str) else ""
)
def test_rows_of_ruled_tables_stay_rows(name: str, rows: list[list[str]]) -> None:
    text = "\n".join(page.text for page in read(name).pages)
    assert [row for row in rows if " | ".join(row) not in text] == []


@pytest.mark.xfail(reason="a table of four rows without lines is read as two columns", strict=True)
@pytest.mark.parametrize(
    ("name", "rows"), tables(ruled=False), ids=lambda value: value if isinstance(value, str) else ""
)
def test_rows_of_tables_without_lines_stay_rows(name: str, rows: list[list[str]]) -> None:
    text = "\n".join(page.text for page in read(name).pages)
    assert [row for row in rows if " | ".join(row) not in text] == []


@pytest.mark.parametrize("name", ["be_actieplan", "gr_fek", "lu_memorial"])
def test_contents_are_no_provisions(name: str) -> None:
    entries = [text for item in TEXTS[name]["body"] for text, _ in item.get("toc", [])]
    assert entries
    for provision in read(name).provisions:
        assert "......" not in provision.text


def test_language_versions_are_aligned() -> None:
    """Each article's French and Dutch versions share a parallel_id, and no two articles do."""
    pairs: dict[str, set[str]] = {}
    for found in read("be_arrete_bilingue").provisions:
        if found.parallel_id and found.label:
            pairs.setdefault(found.parallel_id, set()).add(found.language)
    assert len(pairs) >= 13
    assert all(languages == {"fr", "nl"} for languages in pairs.values())


def test_acts_of_a_gazette_are_told_apart() -> None:
    reading = read("gr_fek")
    titles = {found.act_ordinal: fold(found.act_title) for found in reading.provisions if found.label}
    acts = [fold(item["act"]) for item in TEXTS["gr_fek"]["body"] if "act" in item]
    assert [title for title in acts if not any(title in found for found in titles.values())] == []
    assert reading.facts.n_acts == 3


@pytest.mark.parametrize("name", SCANS)
def test_the_scan_is_read_by_ocr(name: str) -> None:
    """Nine words in ten, as OCR of a dirty page goes, and every page says that it was read so."""
    reading = read(name)
    if any(page.status == "failed" for page in reading.pages):
        pytest.skip("; ".join(sorted({issue.message for issue in reading.issues})))
    assert {page.text_source for page in reading.pages} == {"ocr"}
    read_words = {fold(word) for page in reading.pages for word in page.text.split()}
    for provision in meant(name):
        words = [fold(word) for word in provision.text.split() if len(fold(word)) > 3]
        assert sum(word in read_words for word in words) >= 0.9 * len(words), provision.text[:60]
