"""The table on the screen: words and symbols in 100 columns, with or without colour."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

import example_run as make
import pytest
from rich.console import Console

from policy_scan.records import Cell
from policy_scan.report.terminal import print_state_of_play
from policy_scan.runner import Progress
from policy_scan.screen import shown_progress
from policy_scan.translation import LANGUAGES


def printed(
    width: int = 120,
    encoding: str = "utf-8",
    language: str = "en",
    columns: tuple[str, ...] = make.COLUMNS,
    cells: Sequence[Cell] | None = None,
) -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    print_state_of_play(
        Console(file=stream, width=width, force_terminal=True, color_system=None, legacy_windows=False),
        cells or make.cells(columns=columns),
        make.codebook(),
        columns,
        language,
    )
    return raw.getvalue().decode(encoding)


def test_every_cell_has_a_symbol_and_a_word_without_colour() -> None:
    text = printed()
    assert "\x1b" not in text
    row = next(line for line in text.splitlines() if "Non-digital" in line)
    assert "● binding 2" in row
    assert "▲ committed 1" in row
    assert "×! not searched" in row
    assert "–! not found" in text
    for name in ("binding", "enabled", "committed", "described", "not found in this corpus", "not searched"):
        assert name in text.partition("Legend:")[2].replace("\n", " ")


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_it_fits_the_console_and_never_exceeds_100_columns(width: int) -> None:
    text = printed(width)
    assert max(map(len, text.splitlines())) <= min(width, 100)
    for code in make.COLUMNS:
        assert f" {code} " in text


def test_every_theme_stands_in_the_table_in_french() -> None:
    squeezed = " ".join(printed(language="fr").split())
    assert "contraignant" in squeezed
    assert "Accès non numérique garanti"[:15] in squeezed
    assert "Légende : ● contraignant" in squeezed


@pytest.mark.parametrize("language", LANGUAGES)
def test_five_columns_fit_and_no_count_is_cut_in_any_language(language: str) -> None:
    columns = ("FR", "BE", "GR", "LU", "RO")
    cells = [replace(cell, status="described", n_provisions=1176) for cell in make.cells(columns=columns)]
    text = printed(100, language=language, columns=columns, cells=cells)
    assert any(all(f" {code} " in line for code in columns) for line in text.splitlines())
    assert text.count("1176") == len(cells)


def test_a_console_that_cannot_print_symbols_gets_ascii() -> None:
    text = printed(encoding="ascii")
    assert "# binding 2" in text
    assert text.isascii()


def test_a_pipe_gets_the_whole_width() -> None:
    stream = io.StringIO()
    columns = ("FR", "BE", "GR", "LU", "RO")
    print_state_of_play(Console(file=stream, width=80), make.cells(columns=columns), make.codebook(), columns)
    text = stream.getvalue()
    assert text.count("Theme") == 1
    assert "…" not in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_log_in_which_nothing_ends_says_what_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("policy_scan.screen.time.monotonic", lambda: clock[0])
    written = io.StringIO()
    with shown_progress(Console(file=written, width=100)) as shown:
        for clock[0] in (1.0, 59.0, 61.0, 62.0, 120.0, 122.0):
            shown.tell(Progress({"pages": 1}, {"pages": 700}, 9))
        clock[0] = 123.0
        shown.tell(Progress({"pages": 2}, {"pages": 701}, 9, "FR/a.pdf"))
    lines = written.getvalue().splitlines()
    assert lines == ["… at work: 0 of 9 documents done, 700 pages read"] * 2 + ["[1/9] FR/a.pdf"]
