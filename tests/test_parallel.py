"""Parallel versions: acts of two languages found to be one, and their provisions matched."""

from __future__ import annotations

from policy_scan.parallel import Version, align, group_versions


def _version(act: int, language: str, number: str = "", date: str = "2030-03-03", articles: str = "1 2 3") -> Version:
    return Version(act, language, number, date, "decree", tuple(articles.split()))


def test_one_publication_number_is_one_act() -> None:
    versions = [_version(1, "fr", "2030/1"), _version(2, "nl", "2030/1"), _version(3, "fr", "2030/2")]
    assert group_versions(versions) == {1: 1, 2: 1}


def test_other_numbers_or_dates_are_other_acts() -> None:
    assert group_versions([_version(1, "fr", "2030/1"), _version(2, "nl", "2030/2")]) == {}
    assert group_versions([_version(1, "fr"), _version(2, "nl", date="2030-03-04")]) == {}
    assert group_versions([_version(1, "fr"), _version(2, "fr")]) == {}


def test_without_number_date_and_articles_tell() -> None:
    assert group_versions([_version(1, "fr"), _version(2, "nl"), _version(3, "de")]) == {1: 1, 2: 1, 3: 1}
    assert group_versions([_version(1, "fr", articles="1 2 3 4 5 6"), _version(2, "nl", articles="7 8")]) == {}


def test_partners_share_an_id_and_strangers_have_none() -> None:
    members = [
        (1, ("", "1")), (1, ("", "2", "1")), (1, ("", "2", "2")), (1, ()),
        (2, ("", "1")), (2, ("", "2", "1")), (3, ("", "1")),
    ]  # fmt: skip
    ids = align("doc", {1: 1, 2: 1}, members)
    assert ids[0] == ids[4] != ""
    assert ids[1] == ids[5] != ids[0]
    assert ids[2] == ids[3] == ids[6] == ""


def test_what_comes_twice_pairs_with_nothing() -> None:
    members = [(1, ("", "1")), (1, ("", "1")), (2, ("", "1"))]
    assert align("doc", {1: 1, 2: 1}, members) == ["", "", ""]


def test_ids_depend_on_the_document() -> None:
    members = [(1, ("", "1")), (2, ("", "1"))]
    assert align("one", {1: 1, 2: 1}, members) != align("two", {1: 1, 2: 1}, members)
