"""Facts that a careful reader noted: found on their pages by digest alone, and looked up in a run's tables."""

from __future__ import annotations

import csv
import dataclasses
import importlib.util
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import example_run as make
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_scan.config import load_config
from policy_scan.errors import ConfigError
from policy_scan.reading import read_file
from policy_scan.records import Page
from policy_scan.report.common import RunData

FILE = Path(__file__).parent / "data" / "reader_facts.csv"


def _load() -> ModuleType:
    """The benchmark is a script, not a module of a package."""
    spec = importlib.util.spec_from_file_location("facts", Path(__file__).parents[1] / "benchmarks" / "facts.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["facts"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


facts = _load()

TEXT = (
    "Art. 4. Le guichet reçoit la demande sur papier.\nLa demande est déposée en ligne, à l’ÉCHÉANCE fixée.\n"
    "Le prix du pain est libre dans tout le pays."
)


def _fact(quotation: str, theme: str, path: str, page: int = 3) -> Any:
    words = [word for word, _, _ in facts.fold(quotation)]
    return facts.Fact(path, page, theme, len(words), facts.digest(words))


def _run(tmp_path: Path) -> tuple[RunData, list[Page]]:
    """A law of one page with three provisions: paper (coded), online (coded to check), bread (not coded)."""
    law = make.document("a" * 8)
    ends = [TEXT.index("\n"), TEXT.rindex("\n")]
    starts = [0, ends[0] + 1, ends[1] + 1]
    pieces = [(start, end) for start, end in zip(starts, [*ends, len(TEXT)], strict=True)]
    provisions = [
        make.provision(f"p{n}", law, TEXT[start:end], ordinal=n, spans=((3, start, end),))
        for n, (start, end) in enumerate(pieces)
    ]
    codings = [
        make.coding("p0", "non_digital_access"),
        make.coding("p1", "digital_service", probability=0.4),
        make.coding("p1", "redress", assigned=False, probability=0.2, force="", evidence="[]"),
    ]
    page = Page(law.doc_id, 3, TEXT, 595.0, 842.0, 0, "text", None, "ok")
    return make.run_data(tmp_path / "out", make.Example([law], provisions, codings, [])), [page]


def test_words_are_folded_and_point_into_the_text() -> None:
    words = facts.fold("L’ÉCHÉANCE ½ d’un_an, ΟΔΌΣ ﬁn")
    assert [word for word, _, _ in words] == ["l", "echeance", "1", "2", "d", "un", "an", "οδοσ", "fin"]
    assert all(0 <= start < end <= 29 for _, start, end in words)


@given(st.text(max_size=60))
def test_every_word_comes_from_its_place(text: str) -> None:
    for word, start, end in facts.fold(text):
        inside = "".join(w for w, _, _ in facts.fold(text[start:end]))
        assert word in inside


def test_places_are_found_by_digest_whatever_accents_case_and_line_ends() -> None:
    fact = _fact("la demande est deposee\nen ligne a l'echeance", "", "x")
    ((start, end),) = facts.find_places(fact, TEXT)
    assert TEXT[start:end] == "La demande est déposée en ligne, à l’ÉCHÉANCE"
    assert facts.find_places(_fact("la demande", "", "x"), TEXT) != facts.find_places(fact, TEXT)
    assert facts.find_places(_fact("un autre texte", "", "x"), TEXT) == []
    assert len(facts.find_places(_fact("la demande", "", "x"), TEXT)) == 2


def test_outcomes(tmp_path: Path) -> None:
    run, pages = _run(tmp_path)
    path = "FR/aaaaaaaa.pdf"
    given_facts = [
        _fact("Le guichet reçoit la demande", "non_digital_access", path),
        _fact("La demande est déposée en ligne", "digital_service", path),
        _fact("La demande est déposée en ligne", "redress", path),
        _fact("Le prix du pain est libre", "openness", path),
        _fact("Le prix du pain est libre", "", path),
        _fact("ces mots n'y sont pas", "openness", path),
        _fact("Le prix du pain est libre", "openness", path, page=4),
        _fact("Le prix du pain est libre", "openness", "FR/unknown.pdf"),
    ]
    judged = facts.judge(given_facts, run, pages)
    assert [row.outcome for row in judged] == ["found", "found", "other", "none", "none", "no_place", "no_place"]
    assert [set(row.standings) for row in judged[:3]] == [{"evidence"}, {"to_check"}, set()]
    assert judged[2].probability == 0.2 and judged[2].assigned == ("digital_service",)
    assert {(row.country, row.binding) for row in judged} == {("FR", True)}


def test_a_place_outside_all_provisions_is_told_apart(tmp_path: Path) -> None:
    run, pages = _run(tmp_path)
    bare = dataclasses.replace(run, provisions=run.provisions[:2])
    (row,) = facts.judge([_fact("Le prix du pain est libre", "openness", "FR/aaaaaaaa.pdf")], bare, pages)
    assert row.outcome == "no_provision" and row.length == 0


def test_the_report_counts_and_lists_without_text(tmp_path: Path) -> None:
    run, pages = _run(tmp_path)
    path = "FR/aaaaaaaa.pdf"
    rows = [
        _fact("Le guichet reçoit la demande", "non_digital_access", path),
        _fact("La demande est déposée en ligne", "redress", path),
        _fact("Le guichet reçoit la demande sur papier", "", path),
        _fact("Le prix du pain est libre", "", path),
    ]
    text = "\n".join(facts.report(facts.judge(rows, run, pages)))
    assert "all                    2     1  0.50 (0.09-0.91)" in text
    assert "    0 chars and more   2     1  0.50" in text
    assert "Missed: 1 of 2" in text
    assert f"{path} p. 3: redress (probability 0.20;" in text
    assert "stayed without:    1  0.50" in text and f"{path} p. 3: assigned non_digital_access" in text
    assert "guichet" not in text and "pain" not in text


def test_wilson_interval() -> None:
    assert facts.wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=5e-5)
    assert facts.wilson(0, 0) == (0.0, 1.0)
    low, high = facts.wilson(20, 20)
    assert high == 1.0 and low == pytest.approx(0.8389, abs=5e-5)


@pytest.mark.parametrize("content", ["path,page\nx,1\n", "path,page,theme,words,digest\nx,one,,8,0\n"])
def test_a_file_without_facts_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "facts.csv"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match="holds no facts"):
        facts.read_facts(file)


def test_the_shipped_facts_hold_no_text_and_cover_the_codebook() -> None:
    rows = facts.read_facts(FILE)
    with FILE.open(encoding="utf-8", newline="") as stream:
        assert next(csv.reader(stream)) == ["path", "page", "theme", "words", "digest"]
    assert all(len(row.digest) == facts.DIGITS and int(row.digest, 16) >= 0 and 6 <= row.words <= 45 for row in rows)
    themes = Counter(row.theme for row in rows)
    assert set(themes) == {*make.codebook().themes, ""}
    assert min(themes.values()) >= 4 and len(rows) == len(set(rows))


@pytest.mark.corpus
def test_shipped_facts_are_on_their_pages(real_corpus: Path) -> None:
    """Three documents that are read fast; whoever moves a word of their page texts learns it here."""
    rows = [row for row in facts.read_facts(FILE) if row.path in (
        "RO/ro_law242-2022_interoperability.pdf", "LU/fr_strategie_open_data.pdf",
        "BE/nl-fr_mb20251017_BVR_digitale_procesvoering.pdf",
    )]  # fmt: skip
    assert len({row.path for row in rows}) == 3
    for path in {row.path for row in rows}:
        pages = {page.page: page.text for page in read_file(real_corpus / path, load_config()).pages}
        missing = [row for row in rows if row.path == path and not facts.find_places(row, pages[row.page])]
        assert not missing
