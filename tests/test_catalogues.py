"""The catalogues of the reports' languages: complete, agreeing with the source, compiled as they stand."""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from babel import Locale
from babel.messages.catalog import Message

from policy_scan.config import TableSection
from policy_scan.report.words import words
from policy_scan.translation import LANGUAGES, translations

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import catalogues  # noqa: E402

TRANSLATED = LANGUAGES[1:]
COMMA_BELOW, CEDILLA = "șțȘȚ", "şţŞŢ"


@cache
def source() -> catalogues.PlainCatalog:
    return catalogues.extract()


def _key(message: Message) -> tuple[object, str | None]:
    return message.id, message.context


def _placeholders(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def _forms(message: Message) -> list[str]:
    return list(message.string) if isinstance(message.string, tuple | list) else [message.string]


def test_the_source_has_words_of_every_kind() -> None:
    found = {_key(message) for message in source()}
    assert (("{n} provision", "{n} provisions"), None) in found
    assert ("Evidence", None) in found and ("law", "document type") in found
    assert "{" not in {message.id for message in source()}


def test_words_are_plain_literals_even_inside_an_f_string() -> None:
    assert not catalogues.unreadable_calls()
    code = b"said = f\"{t.gettext('one {n}').format(n=n)}, {t.ngettext('{n} lamp', '{n} lamps', n)}\""
    found = [(name, texts) for _, name, texts in catalogues.calls_in(code)]
    assert sorted(found) == [("gettext", ["one {n}"]), ("ngettext", ["{n} lamp", "{n} lamps", None])]


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_what_the_source_says_and_nothing_else(language: str) -> None:
    catalogue = catalogues.read_catalogue(language)
    assert {_key(message) for message in catalogue} == {_key(message) for message in source()}, "run: make catalogues"
    assert not [message.id for message in catalogues.gaps(catalogue)], "fill the empty msgstr, run: make catalogues"
    assert not [message.id for message in catalogue if message.fuzzy]


@pytest.mark.parametrize("language", TRANSLATED)
def test_placeholders_agree_in_every_form(language: str) -> None:
    for message in catalogues.read_catalogue(language):
        if not message.id:
            continue
        singular, plural = message.id if message.pluralizable else (message.id, message.id)
        allowed = [_placeholders(singular), _placeholders(plural)]
        assert all(_placeholders(form) in allowed for form in _forms(message)), message.id
        assert _placeholders(_forms(message)[-1]) == allowed[1], message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_is_compiled_is_what_the_text_says(language: str) -> None:
    catalogue = catalogues.read_catalogue(language)
    path = catalogues.po_path(language)
    assert path.with_suffix(".mo").read_bytes() == catalogues.mo_bytes(catalogue), "run: make catalogues"
    assert path.read_bytes() == catalogues.po_bytes(catalogue), "run: make catalogues"
    assert not re.search(rb"-Date:|-Translator:|-Team:|Generated-By:|^#:", path.read_bytes(), re.M)


@pytest.mark.parametrize("language", TRANSLATED)
def test_typography_is_the_languages_own(language: str) -> None:
    messages = [message for message in catalogues.read_catalogue(language) if message.id]
    said = [form for message in messages for form in _forms(message)]
    sources = [message.id[0] if message.pluralizable else message.id for message in messages for _ in _forms(message)]
    assert [text.endswith(" ") for text in said] == [text.endswith(" ") for text in sources]
    if language == "fr":
        assert not [text for text in said if re.search(r" [;:?!»]|« |'", text)]
    if language == "ro":
        assert not [text for text in said if set(text) & set(CEDILLA)]
        assert set(COMMA_BELOW) & set("".join(said))


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_of_every_name_are_there_and_differ_from_english(language: str) -> None:
    named = words(language)
    assert set(named) == set(words("en")) and all(named.values())
    same = [name for name, text in named.items() if text == words("en")[name]]
    assert language == "en" or len(same) < len(named) / 6


@pytest.mark.parametrize(
    ("language", "n", "text"),
    [
        ("en", 1, "1 document"), ("fr", 0, "0 document"), ("fr", 2, "2 documents"), ("el", 2, "2 έγγραφα"),
        ("ro", 1, "1 document"), ("ro", 19, "19 documente"), ("ro", 20, "20 de documente"),
        ("ro", 101, "101 documente"), ("de", 0, "0 Dokumente"), ("nl", 1, "1 document"),
    ],
)  # fmt: skip
def test_counts_follow_the_languages_rule(language: str, n: int, text: str) -> None:
    assert translations(language).ngettext("{n} document", "{n} documents", n).format(n=n) == text


def test_an_unknown_language_speaks_english() -> None:
    assert translations("xx").gettext("Evidence") == "Evidence"


def test_the_configuration_accepts_the_languages_that_reports_speak() -> None:
    schema = TableSection.model_json_schema()["properties"]["language"]
    assert tuple(schema["enum"]) == LANGUAGES
    assert all(Locale.parse(language) for language in LANGUAGES)


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_tool_drops_what_is_gone_and_leaves_what_is_new_empty(language: str) -> None:
    template = catalogues.PlainCatalog()
    template.add("Evidence")
    template.add(("{n} lamp", "{n} lamps"))
    catalogue = catalogues.merged(language, template)
    assert [message.id for message in catalogue if message.id] == ["Evidence", ("{n} lamp", "{n} lamps")]
    assert catalogue["Evidence"].string == translations(language).gettext("Evidence")
    assert [message.id for message in catalogues.gaps(catalogue)] == [("{n} lamp", "{n} lamps")]
