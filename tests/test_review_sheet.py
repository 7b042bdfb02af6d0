"""A queue as an Excel sheet: out, filled in offline, and in again; nothing overwritten, everything told."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import example_run as make
import pytest
from openpyxl import load_workbook
from published_run import publish

from policy_scan.decisions import write_decisions
from policy_scan.errors import UsageError
from policy_scan.records import FORCES, Decision
from policy_scan.report.common import theme_name
from policy_scan.review.project import Project, load_project
from policy_scan.review.queues import QueueItem, build_queue
from policy_scan.review.sampling import estimate
from policy_scan.review.sheet import FORMAT, KEYS_ROW, VERDICTS, force_word, meanings, verdict_words, write_sheet
from policy_scan.review.sheet_import import Taken, import_lines, import_sheet, read_sheet
from policy_scan.review.store import Store
from policy_scan.translation import LANGUAGES

ADA = "ada"
LAW = ("p-law", "non_digital_access")
HOSTILE = ("p-hostile", "non_digital_access")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("sheet") / "out"
    sample = make.example()
    unread = make.provision("p-none", sample.documents[0], "Le présent texte est publié au journal.", ordinal=9)
    sample.provisions.append(unread)
    publish(folder, sample)
    return load_project(folder)


def _sheet(project: Project, store: Store, folder: Path, reviewer: str = ADA, language: str = "en") -> Path:
    items = [*build_queue(project, "document", "nobody", []), QueueItem("p-none", "", 0.1, "uncoded_sample")]
    own = project.current(store.live(reviewer))
    file = folder / "review.xlsx"
    file.write_bytes(write_sheet(project, items, reviewer, own, language, folder, "document"))
    return file


def _fill(file: Path, cells: Mapping[tuple[str, str], Mapping[str, str]]) -> dict[tuple[str, str], int]:
    """Write into the rows of (provision, theme) as a spreadsheet would; returns the rows' numbers."""
    book = load_workbook(file)
    sheet = book.worksheets[0]
    place = {cell.value: cell.column for cell in sheet[KEYS_ROW + 1] if cell.value}
    found = {}
    for row in range(KEYS_ROW + 3, sheet.max_row + 1):
        key = tuple(sheet.cell(row, place[name]).value or "" for name in ("provision_id", "theme"))
        found[key] = row
        for name, value in cells.get(key, {}).items():  # type: ignore[call-overload]
            sheet.cell(row, place[name]).value = value
    book.save(file)
    return found  # type: ignore[return-value]


def _live(store: Store, reviewer: str = ADA) -> dict[tuple[str, str], tuple[str, str, str]]:
    return {(one.provision_id, one.theme): (one.verdict, one.force, one.note) for one in store.live(reviewer)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_chosen_in_any_language_comes_back_as_decisions(
    project: Project, store: Store, tmp_path: Path, language: str
) -> None:
    file = _sheet(project, store, tmp_path, language=language)
    book = load_workbook(file)
    lists = [[cell.value for cell in column if cell.value] for column in book["lists"].columns]
    yes, no, _ = lists[0]
    added = lists[2][list(project.run.themes).index("openness")]
    _fill(
        file,
        {
            LAW: {"verdict": yes, "force": lists[1][2], "note": "see also § 2", "translation": "The desk"},
            HOSTILE: {"verdict": no},
            ("p-none", ""): {"added": added},
        },
    )
    taken = import_sheet(file, project, store, ADA)
    assert not taken.refused and len(taken.new) == 3
    assert _live(store) == {
        LAW: ("yes", "right", "see also § 2"), HOSTILE: ("no", "", ""), ("p-none", "openness"): ("yes", "", ""),
    }  # fmt: skip
    row = next(one for one in store.live(ADA) if one.theme == LAW[1] and one.provision_id == LAW[0])
    assert (row.translation, row.role, row.origin, row.machine_probability) == ("The desk", "coder", "sheet", 0.9)
    assert row.quotation == project.provisions["p-law"].text and row.before.endswith("\n")
    # The same file again changes nothing.
    version = store.version()
    again = import_sheet(file, project, store, ADA)
    assert (len(again.new), again.n_known, again.refused) == (0, 3, ()) and store.version() == version


def test_a_sheet_shows_ones_own_decisions_and_takes_changes_of_them(
    project: Project, store: Store, tmp_path: Path
) -> None:
    _fill(first := _sheet(project, store, tmp_path), {LAW: {"verdict": "yes", "note": "a"}, HOSTILE: {"verdict": "no"}})
    import_sheet(first, project, store, ADA)
    second = _sheet(project, store, tmp_path)
    _fill(second, {LAW: {"note": "b"}, HOSTILE: {"verdict": None}})  # type: ignore[dict-item]
    taken = import_sheet(second, project, store, ADA)
    assert (len(taken.new), taken.n_withdrawn, taken.refused) == (2, 1, ())
    assert _live(store) == {LAW: ("yes", "", "b")}
    assert [one.replaces for one in taken.new] == [one.decision_id for one in store.decisions(ADA)[:2]]


def test_nothing_of_another_reviewer_enters_a_sheet(project: Project, store: Store, tmp_path: Path) -> None:
    before = _texts(_sheet(project, store, tmp_path, "bo"))
    _fill(file := _sheet(project, store, tmp_path), {LAW: {"verdict": "no", "note": "SECRET NOTE"}})
    import_sheet(file, project, store, ADA)
    assert _texts(_sheet(project, store, tmp_path, "bo")) == before


def _texts(file: Path) -> list[object]:
    return [cell.value for sheet in load_workbook(file).worksheets for row in sheet.rows for cell in row]


def test_what_was_decided_elsewhere_meanwhile_is_listed_and_kept(
    project: Project, store: Store, tmp_path: Path
) -> None:
    file = _sheet(project, store, tmp_path)
    rows = _fill(file, {LAW: {"verdict": "yes"}, HOSTILE: {"verdict": "yes"}})
    other = tmp_path / "other"
    other.mkdir()
    _fill(desk := _sheet(project, store, other), {LAW: {"verdict": "no"}})
    import_sheet(desk, project, store, ADA)
    taken = import_sheet(file, project, store, ADA)
    [refused] = taken.refused
    assert (refused.row, refused.reason) == (rows[LAW], "decided") and "no" in refused.message and refused.next_step
    assert _live(store) == {LAW: ("no", "", ""), HOSTILE: ("yes", "", "")}


def test_each_fault_of_a_row_is_told_and_the_others_are_taken(project: Project, store: Store, tmp_path: Path) -> None:
    file = _sheet(project, store, tmp_path)
    cases: dict[tuple[str, str], tuple[dict[str, str], str]] = {
        LAW: ({"verdict": "maybe"}, "value"),
        HOSTILE: ({"verdict": "yes", "text_hash": "0" * 64}, "text_changed"),
        ("p-nl", LAW[1]): ({"verdict": "yes", "provision_id": "p-gone"}, "unknown"),
        ("p-none", ""): ({"verdict": "yes"}, "value"),
    }
    rows = _fill(file, {key: cells for key, (cells, _) in cases.items()})
    _fill(file, {("p-ocr", "digital_inclusion"): {"verdict": "yes", "force": "statement"}})
    taken = import_sheet(file, project, store, ADA)
    assert {one.row: one.reason for one in taken.refused} == {rows[key]: reason for key, (_, reason) in cases.items()}
    assert _live(store) == {("p-ocr", "digital_inclusion"): ("yes", "statement", "")}
    _fill(other := _sheet(project, store, tmp_path, "bo"), {LAW: {"note": "no verdict"}})
    assert [one.reason for one in import_sheet(other, project, store, "bo").refused] == ["value"]


def test_two_rows_on_the_same_are_told(project: Project, store: Store, tmp_path: Path) -> None:
    file = _sheet(project, store, tmp_path)
    copied = {"provision_id": "p-law", "text_hash": project.text_hashes["p-law"]}
    rows = _fill(file, {HOSTILE: {"verdict": "no", **copied}, LAW: {"verdict": "yes"}})
    [refused] = import_sheet(file, project, store, ADA).refused
    assert (refused.row, refused.reason) == (max(rows[HOSTILE], rows[LAW]), "twice")
    assert len(_live(store)) == 1


def test_a_sheet_of_another_reviewer_or_of_no_account_is_refused(
    project: Project, store: Store, tmp_path: Path
) -> None:
    _fill(file := _sheet(project, store, tmp_path), {LAW: {"verdict": "yes"}})
    with pytest.raises(UsageError, match="made for ada, not for bo"):
        import_sheet(file, project, store, "bo")
    _fill(file, {HOSTILE: {"verdict": "yes", "reviewer": "bo"}})  # a row pasted from another's sheet
    assert [one.reason for one in import_sheet(file, project, store, "bo").refused] == ["unknown"]
    assert [one.provision_id for one in store.live()] == ["p-hostile"]
    store.add_user("chris", "coder", "a long password")
    with pytest.raises(UsageError, match="no active account"):
        import_sheet(file, project, store, ADA)
    assert len(store.decisions()) == 1


def test_text_of_a_document_is_never_a_formula_and_only_the_reviewers_cells_are_open(
    project: Project, store: Store, tmp_path: Path
) -> None:
    file = _sheet(project, store, tmp_path)
    with zipfile.ZipFile(file) as parts:
        xml = parts.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in xml and "sheetProtection" in xml
    sheet = load_workbook(file).worksheets[0]
    keys = [cell.value for cell in sheet[KEYS_ROW + 1]]
    row = sheet[KEYS_ROW + 3]
    opened = {keys[at] for at, cell in enumerate(row[: len(keys)]) if not cell.protection.locked}
    assert opened == {"verdict", "force", "added", "note", "translation"}
    assert sheet.row_dimensions[KEYS_ROW + 1].hidden and FORMAT in keys
    hostile = [cell for cells in sheet.rows for cell in cells if str(cell.value).startswith("=HYPERLINK")]
    assert hostile and all(cell.data_type == "s" or cell.quotePrefix for cell in hostile)


def test_columns_and_rows_may_be_moved(project: Project, store: Store, tmp_path: Path) -> None:
    file = _sheet(project, store, tmp_path)
    _fill(file, {LAW: {"verdict": "yes"}})
    book = load_workbook(file)
    sheet = book.worksheets[0]
    sheet.insert_cols(3)
    sheet.insert_rows(KEYS_ROW + 4)
    book.save(file)
    assert len(import_sheet(file, project, store, ADA).new) == 1


@pytest.mark.parametrize("content", [b"", b"not a workbook", b"PK\x03\x04broken"])
def test_what_is_no_sheet_is_told(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.xlsx"
    file.write_bytes(content)
    with pytest.raises(UsageError, match="no Excel workbook"):
        read_sheet(file)


def test_another_workbook_a_bomb_and_a_missing_file_are_told(tmp_path: Path) -> None:
    from openpyxl import Workbook

    Workbook().save(tmp_path / "other.xlsx")
    with pytest.raises(UsageError, match="hidden row"):
        read_sheet(tmp_path / "other.xlsx")
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as parts, parts.open("a", "w") as part:
        for _ in range(210):
            part.write(bytes(1_000_000))
    with pytest.raises(UsageError, match="unpacks to more"):
        read_sheet(tmp_path / "bomb.xlsx")
    with pytest.raises(UsageError, match="can't be read"):
        read_sheet(tmp_path / "gone.xlsx")


@pytest.mark.parametrize("name", ["xl/styles.xml", "xl/sharedStrings.xml", "docProps/app.xml"])
def test_parts_that_are_kept_whole_are_bounded_more_tightly(tmp_path: Path, name: str) -> None:
    """Small enough in all, but each element would become an object in the server's memory."""
    with zipfile.ZipFile(tmp_path / "many.xlsx", "w", zipfile.ZIP_DEFLATED) as parts, parts.open(name, "w") as part:
        for _ in range(61):
            part.write(b"<a/>" * 250_000)
    with pytest.raises(UsageError, match="unpacks to more"):
        read_sheet(tmp_path / "many.xlsx")


def test_json_lines_come_back_with_conflicts_by_line(project: Project, store: Store, tmp_path: Path) -> None:
    _fill(file := _sheet(project, store, tmp_path), {LAW: {"verdict": "yes"}, HOSTILE: {"verdict": "no"}})
    import_sheet(file, project, store, ADA)
    [law, hostile] = sorted(store.decisions(), key=lambda one: one.provision_id == "p-hostile")
    lines = tmp_path / "d.jsonl"
    other = dataclasses.replace(law, decision_id="other", verdict="no")
    bo = dataclasses.replace(law, decision_id="bo-1", reviewer="bo")
    write_decisions(lines, [hostile, other, bo])
    taken: Taken = import_lines(lines, project, store)
    assert ([one.decision_id for one in taken.new], taken.n_known) == (["bo-1"], 1)
    assert [(one.row, one.reason) for one in taken.refused] == [(2, "decided")]
    assert _live(store)[LAW][0] == "yes"
    mine = import_lines(lines, project, store, ADA)
    assert {one.row: one.reason for one in mine.refused} == {2: "decided", 3: "unknown"}


def test_a_decision_survives_the_way_out_and_in(project: Project, store: Store, tmp_path: Path) -> None:
    odd = Decision(**{
        **json.loads(json.dumps(dataclasses.asdict(_any(project, store, tmp_path)))),
        "decision_id": "odd", "note": "=1+1\u202e", "translation": "a\nb", "reviewer": "bo",
    })  # fmt: skip
    store.import_decisions([odd])
    file = _sheet(project, store, tmp_path, "bo")
    load_workbook(io.BytesIO(file.read_bytes())).save(file)  # as another program would save it
    assert import_sheet(file, project, store, "bo").n_known == 1
    assert store.live("bo")[0].note == odd.note


def _any(project: Project, store: Store, tmp_path: Path) -> Decision:
    _fill(file := _sheet(project, store, tmp_path), {LAW: {"verdict": "yes"}})
    return import_sheet(file, project, store, ADA).new[0]


def test_no_word_of_any_language_means_two_things(project: Project) -> None:
    for what, codes in (("verdict", VERDICTS), ("force", FORCES), ("added", project.run.themes)):
        said: dict[str, set[str]] = {}
        for language in LANGUAGES:
            for code in codes:
                word = {
                    "verdict": lambda one, spoken: verdict_words(spoken)[one],
                    "force": lambda one, spoken: force_word(project, one, spoken),
                    "added": lambda one, spoken: theme_name(project.run, one, spoken),
                }[what](code, language)
                said.setdefault(word.casefold(), set()).add(code)
                assert meanings(project, what)[word.casefold()] == code, (language, word)
        assert all(len(found) == 1 for found in said.values())


def test_a_random_sample_decided_in_a_sheet_counts_as_one(project: Project, store: Store, tmp_path: Path) -> None:
    file = tmp_path / "random.xlsx"
    items = build_queue(project, "random", ADA, [])
    file.write_bytes(write_sheet(project, items, ADA, [], queue="random"))
    pairs = [(one, theme) for one, themes in project.assigned.items() for theme in themes]
    _fill(file, {pair: {"verdict": "yes"} for pair in pairs})
    assert len(import_sheet(file, project, store, ADA).new) == len(pairs)
    found = estimate(project, project.current(store.live())).overall.precision
    assert (found.value, found.n, found.n_missing) == (1.0, len(pairs), 0)


def test_what_is_decided_in_the_very_moment_of_an_import_is_not_overwritten(
    project: Project, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _sheet(project, store, tmp_path)
    _fill(file, {LAW: {"verdict": "yes"}, HOSTILE: {"verdict": "yes"}})
    record_all = store.record_all

    def at_once(rows: list[tuple[Decision, str]]) -> list[Decision]:
        monkeypatch.setattr(store, "record_all", record_all)
        [other] = [row for row, _ in rows if (row.provision_id, row.theme) == LAW]
        store.record(dataclasses.replace(other, decision_id="desk", verdict="no"), "")
        return record_all(rows)

    monkeypatch.setattr(store, "record_all", at_once)
    taken = import_sheet(file, project, store, ADA)
    assert [one.reason for one in taken.refused] == ["decided"] and len(taken.new) == 1
    assert _live(store) == {LAW: ("no", "", ""), HOSTILE: ("yes", "", "")}


def test_a_sheet_comes_back_in_the_browser_and_only_as_ones_own(project: Project, store: Store, tmp_path: Path) -> None:
    from review_app import PASSWORD, Browser, make_app

    for name in (ADA, "bo"):
        store.add_user(name, "coder", PASSWORD)
    app = make_app(project.output, store)
    ada, bo = Browser(app, ADA), Browser(app, "bo")
    rows = _fill(file := _sheet(project, store, tmp_path), {LAW: {"verdict": "yes"}, HOSTILE: {"verdict": "<b>x</b>"}})

    def give(browser: Browser, **form: str) -> Any:
        return browser.client.post(
            "/exports/sheet",
            data={"csrf": browser.token} | form,
            files={"file": ("../../x.xlsx", file.read_bytes())},
            headers={"origin": browser.address},
        )

    answer = give(ada)
    assert answer.status_code == 200 and f'<th scope="row">{rows[HOSTILE]}</th>' in answer.text
    assert "&lt;b&gt;x" in answer.text and "<b>x" not in answer.text
    assert _live(store) == {LAW: ("yes", "", "")}
    assert give(bo).status_code == 422 and store.live("bo") == []
    assert give(ada, csrf="0").status_code == 403
    broken = ada.client.post(
        "/exports/sheet", data={"csrf": ada.token}, files={"file": ("x", b"x")}, headers={"origin": ada.address}
    )
    assert broken.status_code == 422 and "no Excel workbook" in broken.text and str(tmp_path) not in broken.text
    assert [one.what for one in store.audit_log()].count("import") == 1
