"""The stage that gives every block a language: its own, its column's, its page's, its document's."""

from __future__ import annotations

import pytest

from policy_scan.config import load_config
from policy_scan.records import Block, BlockKind, BlockLanguage, Source
from policy_scan.stages import languages
from policy_scan.stages.languages import tell_languages

CONFIG = load_config()
FRENCH = "Le demandeur reçoit une réponse motivée dans les trente jours qui suivent le dépôt de son dossier complet."
DUTCH = "De aanvrager krijgt een met redenen omkleed antwoord binnen dertig dagen na de indiening van zijn dossier."
GERMAN = "Der Antragsteller erhält binnen dreißig Tagen nach Einreichung seiner Akte eine begründete Antwort."
LEFT, RIGHT, FULL = (50.0, 290.0), (305.0, 545.0), (50.0, 545.0)


def source(*languages: str) -> Source:
    return Source("d" * 64, "BE/a.pdf", (), "BE", ("BE",), languages=languages)


class Sheet:
    """Lays blocks one under another, to spare the tests the coordinates."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []

    def add(
        self,
        text: str,
        across: tuple[float, float] = FULL,
        region: int = 0,
        page: int = 1,
        kind: BlockKind = "paragraph",
    ) -> None:
        number = len(self.blocks)
        y = 50.0 + 20 * number
        self.blocks.append(
            Block(
                "d" * 64,
                page,
                number,
                kind,
                text,
                0,
                len(text),
                across[0],
                y,
                across[1],
                y + 15,
                10.0,
                False,
                region,
                None,
            )
        )

    def told(self, *languages: str) -> list[BlockLanguage]:
        return tell_languages(source(*languages), self.blocks, CONFIG)

    def languages(self, *languages: str) -> list[str]:
        return [row.language for row in self.told(*languages)]


def test_every_block_gets_one_row_in_order_furniture_too() -> None:
    sheet = Sheet()
    sheet.add("12", kind="page_number")
    sheet.add(FRENCH)
    sheet.add("Art. 5", kind="heading", page=2)
    sheet.add("MONITEUR BELGE — 03.02.2031 — BELGISCH STAATSBLAD", kind="header", page=2)
    rows = sheet.told()
    assert [(row.page, row.block) for row in rows] == [(1, 0), (1, 1), (2, 2), (2, 3)]
    assert {row.language for row in rows} == {"fr"}


def test_columns_of_a_bilingual_gazette_keep_apart() -> None:
    sheet = Sheet()
    for number in range(1, 4):
        sheet.add(f"Art. {number}", LEFT, region=1, kind="heading")
        sheet.add(FRENCH, LEFT, region=1)
    for number in range(1, 4):
        sheet.add(f"Art. {number}", RIGHT, region=2, kind="heading")
        sheet.add(DUTCH, RIGHT, region=2)
    assert sheet.languages() == ["fr"] * 6 + ["nl"] * 6


def test_a_column_in_several_regions_is_still_one_column() -> None:
    sheet = Sheet()
    sheet.add(FRENCH, LEFT, region=1)
    sheet.add(DUTCH, RIGHT, region=2)
    sheet.add("Art. 2", LEFT, region=4)
    sheet.add("Art. 2", RIGHT, region=5)
    assert sheet.languages() == ["fr", "nl", "fr", "nl"]


def test_nearest_neighbours_count_most_where_one_column_changes_language() -> None:
    sheet = Sheet()
    for text in (FRENCH, FRENCH, "Art. 2", FRENCH, GERMAN, "Art. 2", GERMAN, GERMAN):
        sheet.add(text)
    assert sheet.languages() == ["fr", "fr", "fr", "fr", "de", "de", "de", "de"]


def test_on_a_page_of_thousands_of_blocks_the_nearest_speak_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Block] = []
    share_column = languages._share_column
    monkeypatch.setattr(
        languages, "_share_column", lambda block, other: asked.append(other) or share_column(block, other)
    )
    sheet = Sheet()
    for text in (DUTCH, FRENCH):
        for number in range(500):
            sheet.add(text, LEFT, region=1)
            sheet.add(f"Art. {number}", LEFT, region=2)
    assert sheet.languages() == ["nl"] * 999 + ["fr"] * 1001  # the last label goes with what follows it
    assert 1000 < len(asked) <= 1000 * 400


def test_furniture_is_no_evidence_for_the_body() -> None:
    sheet = Sheet()
    sheet.add(FRENCH, page=1)
    sheet.add("Uitgegeven door de federale overheid van het koninkrijk", kind="footer", page=2)
    sheet.add("1 234 567", kind="table", page=2)
    assert sheet.languages() == ["fr", "nl", "fr"]


def test_a_page_that_tells_nothing_takes_the_documents_language_with_less_certainty() -> None:
    sheet = Sheet()
    sheet.add(DUTCH, page=1)
    sheet.add("1.1.2", page=2)
    rows = sheet.told()
    assert rows[1].language == "nl"
    assert 0 < rows[1].probability < rows[0].probability


def test_a_document_that_tells_nothing_takes_the_manifests_only_language() -> None:
    sheet = Sheet()
    sheet.add("Art. 5")
    assert [(row.language, row.probability) for row in sheet.told("lb")] == [("lb", 0.5)]
    assert [(row.language, row.probability) for row in sheet.told("fr", "nl")] == [("und", 0.0)]
    assert [(row.language, row.probability) for row in sheet.told()] == [("und", 0.0)]


def test_a_short_doubtful_block_follows_its_neighbours_a_long_foreign_one_does_not() -> None:
    sheet = Sheet()
    sheet.add(FRENCH)
    sheet.add("Plan Open Data Digital Forum 2031", kind="heading")
    sheet.add(FRENCH)
    sheet.add(GERMAN)
    assert sheet.languages() == ["fr", "fr", "fr", "de"]


def test_no_blocks_no_rows() -> None:
    assert tell_languages(source("fr"), [], CONFIG) == []
