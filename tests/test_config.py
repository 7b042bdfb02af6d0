"""Configuration and codebook: frozen, validated, and changed by researchers without code."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from policy_scan.codebook import load_codebook
from policy_scan.config import load_config, shipped
from policy_scan.errors import ConfigError
from policy_scan.records import CELL_STATUSES, FORCES
from policy_scan.translation import LANGUAGES


def _file(folder: Path, content: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(content, encoding="utf-8")
    return path


def test_a_file_needs_only_what_it_changes(tmp_path: Path) -> None:
    own = load_config(_file(tmp_path, "ocr: {dpi: 300}\ntable: {jurisdictions: [LU, BE-VLG]}\n"))
    default = load_config()
    assert own.ocr.dpi == 300 != default.ocr.dpi
    assert own.table.jurisdictions == ("LU", "BE-VLG")
    assert own.languages == default.languages


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("ocr: {dpii: 300}", r"unknown key 'ocr.dpii'.*did you mean 'dpi'"),
        ("tabel: {}", r"unknown key 'tabel'.*did you mean 'table'"),
        ("languages: {detector: guess}", r"languages.detector: .*'py3langid' or 'langdetect'"),
        ("ocr: {dpi: high}", r"ocr.dpi: .*'high'"),
        ("ocr:\n  dpi: [300\n", r"mine.yaml, line \d+, column \d+"),
        ("- 1", r"is not a mapping"),
        ("table: {levels: [BE-VLG]}", r"table.levels: .*'BE-VLG' is no country"),
        ("table: {as_of: 2024-02-30}", r"no day of the calendar.*YYYY-MM-DD"),
        ("table: {as_of: '2024'}", r"table.as_of: .*YYYY-MM-DD"),
    ],
)
def test_a_mistake_is_named_with_its_key_and_file(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_config(_file(tmp_path, content))
    assert "mine.yaml" in str(caught.value)
    assert caught.value.exit_code == 2
    assert caught.value.next_step


def test_the_day_of_the_table_is_read_quoted_or_not_and_kept_as_text(tmp_path: Path) -> None:
    for content in ("table: {as_of: 2024-02-29}", "table: {as_of: '2024-02-29'}"):
        assert load_config(_file(tmp_path, content)).table.as_of == "2024-02-29"
    assert load_config(_file(tmp_path, "table: {as_of: }")).table.as_of is None


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.yaml doesn.t exist"):
        load_config(tmp_path / "absent.yaml")


def test_the_configuration_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_config().ocr.dpi = 100


def test_a_slice_holds_the_named_sections_only() -> None:
    assert set(load_config().slice("ocr", "run")) == {"ocr", "run"}


def test_the_codebook_beside_the_configuration_is_taken(tmp_path: Path) -> None:
    (tmp_path / "my-codebook.yaml").write_bytes(shipped("codebook.yaml").read_bytes())
    config = load_config(_file(tmp_path, "codebook: my-codebook.yaml"))
    assert Path(config.codebook) == tmp_path / "my-codebook.yaml"


def _changed_codebook(folder: Path, change: dict[str, object]) -> Path:
    content = yaml.safe_load(shipped("codebook.yaml").read_text(encoding="utf-8"))
    content["themes"].update(change)
    path = folder / "codebook.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


def test_a_theme_is_added_and_another_switched_off_without_code(tmp_path: Path) -> None:
    shipped_book = load_codebook("codebook.yaml")
    off = shipped_book.themes["openness"].model_dump() | {"enabled": False}
    new = {"name": {"en": "Waiting times"}, "code_when": "Waiting times are set.", "cues": {"fr": ["délai d'attente"]}}
    book = load_codebook(_changed_codebook(tmp_path, {"waiting": new, "openness": off}))
    assert set(book.active) == (set(shipped_book.active) - {"openness"}) | {"waiting"}
    assert book.key() != shipped_book.key()
    assert book.themes["waiting"].label("fr") == "Waiting times"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Bad Key": {"name": {"en": "x"}, "code_when": "x"}}, "'Bad Key' is no identifier"),
        ({"nameless": {"name": {"fr": "x"}, "code_when": "x"}}, "'nameless' has no English name"),
        ({"odd": {"name": {"en": "x"}, "code_when": "x", "colour": "red"}}, r"themes\.odd\.colour"),
    ],
)
def test_a_mistake_in_the_codebook_is_named(tmp_path: Path, change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_codebook(_changed_codebook(tmp_path, change))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_shipped_codebook_names_every_theme_force_and_status_in_every_language(language: str) -> None:
    book = load_codebook("codebook.yaml")
    assert all(theme.name[language] for theme in book.themes.values())
    assert all(book.force_names[force][language] for force in FORCES)
    assert all(book.status_names[status][language] for status in CELL_STATUSES)
    if language != "en":
        assert all(book.force_meanings[force][language] for force in FORCES)
        assert all(book.status_meanings[status][language] for status in CELL_STATUSES)
    assert load_config(None, {"table": {"language": language}}).table.language == language


def test_the_rules_are_told_in_french_and_in_english_where_a_language_has_none() -> None:
    book = load_codebook("codebook.yaml")
    for theme in book.themes.values():
        assert set(theme.code_when_in) == {"fr"}
        assert bool(theme.not_when_in) == bool(theme.not_when)
        assert (
            theme.rule("fr")
            != theme.rule("en")
            == theme.rule("el")
            == (theme.code_when.strip(), theme.not_when.strip())
        )
    assert book.status_meaning("not_found", "en").endswith("'does not exist'.")
    assert book.status_meaning("not_found", "fr").startswith("Rien dans ce corpus")


def test_what_reports_call_a_theme_is_no_part_of_what_codings_depend_on() -> None:
    book = load_codebook("codebook.yaml")
    theme = book.themes["security"]

    def key(**changes: object) -> str:
        themes = {**book.themes, "security": theme.model_copy(update=changes)}
        return book.model_copy(update={"themes": themes, "status_names": {}}).key()

    assert key(name={"en": "Locks"}, code_when_in={}) == book.key()
    assert len({book.key(), key(code_when="Doors."), key(enabled=False), key(cues={"en": ("lock",)})}) == 4


def test_an_unknown_language_is_told_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"table\.language: .*'en', 'fr', 'nl', 'de', 'el' or 'ro'"):
        load_config(None, {"table": {"language": "it"}})


def test_a_name_with_an_unquoted_comma_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "codebook.yaml"
    text = shipped("codebook.yaml").read_text(encoding="utf-8")
    assert '"Once-only, interoperability and data exchange"' in text
    path.write_text(
        text.replace(
            '"Once-only, interoperability and data exchange"', "Once-only, interoperability and data exchange"
        ),
        encoding="utf-8",
    )
    assert load_codebook(path).themes["data_sharing"].name["en"] == "Once-only, interoperability and data exchange"
