"""What earlier runs saw: unchanged files aren't opened, and no result is ever believed of a file that changed."""

from __future__ import annotations

import dataclasses
import io
import os
import pickle
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import fixtures
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from policy_scan import corpus as corpus_module
from policy_scan import index as index_module
from policy_scan.config import load_config
from policy_scan.corpus import FoundFile, find_files
from policy_scan.index import Index, is_settled, mark_of
from policy_scan.keys import hash_file
from policy_scan.pipeline import DOCUMENT_STAGES, KeyMaker, document_keys
from policy_scan.planning import Plan, make_plan, stale_documents
from policy_scan.records import Source
from policy_scan.runner import Progress, run
from policy_scan.screen import shown_progress
from policy_scan.storage import Entry, Place, UnreachableError

ROOT = os.name != "nt" and os.geteuid() == 0
Opened = list[str]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    """The files that were hashed since, by name."""
    names: Opened = []
    whole = corpus_module._hashed_file

    def noted(file: str) -> tuple[str, int, bytes | None]:
        names.append(Path(file).name)
        return whole(file)

    monkeypatch.setattr(corpus_module, "_hashed_file", noted)
    return names


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled at once."""
    monkeypatch.setattr(index_module, "_RACY_NS", -10_000_000_000)


class _Clock:
    """The module `time`, its clock standing still at another time."""

    def __init__(self, now: int) -> None:
        self.now = now

    def time_ns(self) -> int:
        return self.now

    def monotonic(self) -> float:
        return time.monotonic()


def _write(root: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def _look(corpus: Path, cache: Path) -> list[FoundFile]:
    """The corpus as a run sees it, with what the runs before it left."""
    index = Index.load(Place.of(cache), Place.of(corpus))
    files, _ = find_files(corpus, index)
    index.save()
    return files


@pytest.mark.usefixtures("old")
def test_only_new_and_changed_files_are_opened(tmp_path: Path, opened: Opened) -> None:
    corpus, cache = _write(tmp_path / "c", {"FR/a.pdf": b"1", "FR/b.pdf": b"2", "LU/c.pdf": b"3"}), tmp_path / "cache"
    assert _look(corpus, cache) == find_files(corpus)[0]
    opened.clear()
    assert _look(corpus, cache) == find_files(corpus)[0]
    assert sorted(opened) == ["a.pdf", "b.pdf", "c.pdf"]  # by the look without an index
    opened.clear()
    _write(corpus, {"FR/b.pdf": b"4", "LU/d.pdf": b"5"})
    assert _look(corpus, cache)[1].doc_id == hash_file(corpus / "FR/b.pdf")
    assert sorted(opened) == ["b.pdf", "d.pdf"]
    (corpus / "FR/a.pdf").unlink()
    assert [file.path for file in _look(corpus, cache)] == ["FR/b.pdf", "LU/c.pdf", "LU/d.pdf"]
    assert "FR/a.pdf" not in Index.load(Place.of(cache), Place.of(corpus))._files


def _times(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_atime_ns, status.st_mtime_ns


def _same_size(data: bytes) -> bytes:
    return data[:-1] + bytes([(data[-1] + 1) % 256])


def _rename(root: Path, one: Path, other: Path) -> None:
    one.rename(one.with_name(f"{len(one.stem)}{one.stem}.pdf"))


def _swap(root: Path, one: Path, other: Path) -> None:
    if one != other:
        aside = root / "aside"
        one.rename(aside), other.rename(one), aside.rename(other)


def _touch(root: Path, one: Path, other: Path) -> None:
    one.touch()


def _rewrite(root: Path, one: Path, other: Path) -> None:
    one.write_bytes(_same_size(one.read_bytes()))


def _rewrite_and_restore(root: Path, one: Path, other: Path) -> None:
    times = _times(one)
    one.write_bytes(_same_size(one.read_bytes()))
    os.utime(one, ns=times)


def _replace_by_another_inode(root: Path, one: Path, other: Path) -> None:
    times = _times(one)
    new = root / "new"
    new.write_bytes(_same_size(one.read_bytes()))
    os.utime(new, ns=times)
    new.replace(one)


def _copy_over(root: Path, one: Path, other: Path) -> None:
    if one != other:
        shutil.copy2(other, one)


def _into_the_future(root: Path, one: Path, other: Path) -> None:
    one.write_bytes(_same_size(one.read_bytes()))
    os.utime(one, ns=(0, time.time_ns() + 3_600_000_000_000))


def _into_the_past(root: Path, one: Path, other: Path) -> None:
    one.write_bytes(_same_size(one.read_bytes()))
    os.utime(one, ns=(0, 1_000_000_000))


def _delete(root: Path, one: Path, other: Path) -> None:
    if one != other:
        one.unlink()


def _add(root: Path, one: Path, other: Path) -> None:
    (root / "BE" / f"new-{one.stem}.pdf").write_bytes(one.read_bytes() + b"+")


_EDITS: tuple[Callable[[Path, Path, Path], None], ...] = (
    _rename, _swap, _touch, _rewrite, _rewrite_and_restore, _replace_by_another_inode, _copy_over, _into_the_future,
    _into_the_past, _delete, _add,
)  # fmt: skip


def _pdfs(root: Path) -> list[Path]:
    return sorted(root.rglob("*.pdf"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.lists(st.tuples(st.sampled_from(_EDITS), st.integers(0, 9), st.integers(0, 9)), max_size=3),
                      min_size=1, max_size=4))  # fmt: skip
@pytest.mark.skipif(sys.platform == "win32", reason="the times of a change of an entry aren't told there")
def test_whatever_is_done_to_files_the_index_changes_no_plan(
    steps: list[list[tuple[Callable[[Path, Path, Path], None], int, int]]], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    # The clock of a file system may stand still for some milliseconds: here every edit is in another tick.
    monkeypatch.setattr(index_module, "_RACY_NS", 0)
    root = tmp_path / f"{time.monotonic_ns()}"
    corpus = _write(root / "c", {f"{'FR' if k % 2 else 'BE'}/{k}.pdf": b"%d" % k for k in range(6)})
    for edits in [[], *steps]:
        for edit, one, other in edits:
            files = _pdfs(corpus)
            edit(corpus, files[one % len(files)], files[other % len(files)])
        time.sleep(0.011)
        without, _ = find_files(corpus)
        assert _look(corpus, root / "cache") == without
        assert {file.path: file.doc_id for file in without} == {
            str(file.relative_to(corpus)): hash_file(file) for file in _pdfs(corpus)
        }
        time.sleep(0.011)


def test_a_file_written_just_before_it_was_hashed_is_hashed_again(
    tmp_path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, cache = _write(tmp_path / "c", {"FR/a.pdf": b"1"}), tmp_path / "cache"
    _look(corpus, cache)
    # The same tick of the clock, size and inode: nothing but reading it can tell.
    status = (corpus / "FR/a.pdf").stat()
    (corpus / "FR/a.pdf").write_bytes(b"2")
    monkeypatch.setattr(corpus_module, "_status", lambda entry: status)
    assert _look(corpus, cache)[0].doc_id == hash_file(corpus / "FR/a.pdf")
    assert opened == ["a.pdf", "a.pdf"]


def test_a_file_that_has_stood_still_is_known_by_its_looks(
    tmp_path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, cache = _write(tmp_path / "c", {"FR/a.pdf": b"1"}), tmp_path / "cache"
    ahead = time.time_ns() + 5_000_000_000
    monkeypatch.setattr(corpus_module, "time", _Clock(ahead))
    _look(corpus, cache), _look(corpus, cache)
    assert opened == ["a.pdf"]


@pytest.mark.parametrize("hours", [-1, 1])
@pytest.mark.usefixtures("old")
def test_a_clock_that_was_set_makes_a_changed_file_no_known_one(
    tmp_path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    corpus, cache = _write(tmp_path / "c", {"FR/a.pdf": b"1"}), tmp_path / "cache"
    _look(corpus, cache)
    now = time.time_ns()
    monkeypatch.setattr(corpus_module, "time", _Clock(now + hours * 3_600_000_000_000))
    (corpus / "FR/a.pdf").write_bytes(b"2")
    os.utime(corpus / "FR/a.pdf", ns=(0, now + hours * 3_600_000_000_000))
    assert _look(corpus, cache)[0].doc_id == hash_file(corpus / "FR/a.pdf")
    assert len(opened) == 2


def test_times_to_come_settle_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.touch()
    now = time.time_ns()
    assert is_settled(file.stat(), now + 10_000_000_000)
    assert not is_settled(file.stat(), now)
    assert not is_settled(file.stat(), now - 86_400_000_000_000)
    os.utime(file, ns=(0, now + 86_400_000_000_000))
    assert not is_settled(file.stat(), now + 10_000_000_000)


@pytest.mark.usefixtures("old")
def test_a_file_that_changes_while_it_is_hashed_is_hashed_again(
    tmp_path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, cache = _write(tmp_path / "c", {"FR/a.pdf": b"1"}), tmp_path / "cache"
    whole = corpus_module.hash_stream

    def meanwhile(stream: object) -> str:
        found = whole(stream)  # type: ignore[arg-type]
        (corpus / "FR/a.pdf").write_bytes(b"22")
        return found

    monkeypatch.setattr(corpus_module, "hash_stream", meanwhile)
    assert _look(corpus, cache)[0].doc_id != hash_file(corpus / "FR/a.pdf")
    monkeypatch.setattr(corpus_module, "hash_stream", whole)
    assert _look(corpus, cache)[0].doc_id == hash_file(corpus / "FR/a.pdf")
    assert len(opened) == 2


def _ruin(data: bytes) -> Iterator[bytes]:
    yield b""
    yield data[:10]
    yield data[:-1]
    yield data[: len(data) // 2]
    yield data.replace(b"policy_scan index 1", b"policy_scan index 2")
    for place in range(0, len(data), max(1, len(data) // 12)):
        yield data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :]


@pytest.mark.usefixtures("old")
def test_a_damaged_index_is_as_none(tmp_path: Path, opened: Opened) -> None:
    corpus, cache = _write(tmp_path / "c", {"FR/a.pdf": b"1"}), tmp_path / "cache"
    _look(corpus, cache)
    file = cache / index_module.NAME
    data = file.read_bytes()
    for ruined in _ruin(data):
        file.write_bytes(ruined)
        loaded = Index.load(Place.of(cache), Place.of(corpus))
        assert not loaded._files and not loaded._finished
        opened.clear()
        assert len(_look(corpus, cache)) == 1
        assert opened == ["a.pdf"]
        assert file.read_bytes() == data  # written anew, and the same for the same corpus
    file.unlink()
    file.mkdir()
    assert len(_look(corpus, cache)) == 1  # can't be written: the look is right all the same


@pytest.mark.usefixtures("old")
def test_what_was_seen_of_another_corpus_is_not_believed(tmp_path: Path, opened: Opened) -> None:
    cache = tmp_path / "cache"
    one = _write(tmp_path / "one", {"FR/a.pdf": b"1"})
    other = _write(tmp_path / "other", {"FR/a.pdf": b"2"})
    _look(one, cache)
    mark = mark_of((one / "FR/a.pdf").stat())
    assert Index.load(Place.of(cache), Place.of(one)).doc_id("FR/a.pdf", mark) == hash_file(one / "FR/a.pdf")
    assert Index.load(Place.of(cache), Place.of(other)).doc_id("FR/a.pdf", mark) is None
    assert _look(other, cache)[0].doc_id == hash_file(other / "FR/a.pdf")
    assert len(opened) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="names that are no text")
@pytest.mark.usefixtures("old")
def test_names_that_are_no_text_are_known_again(tmp_path: Path, opened: Opened) -> None:
    corpus = _write(tmp_path / "c", {"FR/é\n.pdf": b"1"})
    with open(os.fsencode(corpus) + b"/FR/\xff\xfe.pdf", "wb") as stream:  # noqa: PTH123
        stream.write(b"2")
    first = _look(corpus, tmp_path / "cache")
    assert _look(corpus, tmp_path / "cache") == first
    assert len(first) == len(opened) == 2
    assert all(file.path.isprintable() for file in first)


class _Store:
    """An object store that remembers what was read."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects, self.read = objects, list[str]()
        self.meanwhile: Callable[[], None] = lambda: None

    def entries(self, place: Place) -> Iterator[Entry]:
        for name, data in sorted(self.objects.items()):
            yield Entry(name, len(data), data.decode())

    def hash(self, place: Place, name: str) -> str:
        self.read.append(name)
        data = self.objects[name]
        self.meanwhile()
        return corpus_module.hashlib.sha256(data).hexdigest()


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> _Store:
    made = _Store({"FR/a.pdf": b"1", "LU/sub/b.PDF": b"2", "x.pdf": b"3", "FR/note.doc": b"4", "FR/.hidden.pdf": b"5"})
    monkeypatch.setattr(Place, "entries", lambda place: made.entries(place))
    monkeypatch.setattr(Place, "hash", lambda place, name: made.hash(place, name))
    return made


def test_objects_are_known_by_their_tags(tmp_path: Path, store: _Store) -> None:
    place, cache = Place("s3://bucket/corpus"), Place.of(tmp_path)

    def look() -> list[FoundFile]:
        index = Index.load(cache, place)
        files, issues = find_files(place, index)
        assert [issue.category for issue in issues] == ["not_pdf"]
        return files

    first = look()
    assert [(file.path, file.name, file.jurisdiction) for file in first] == [
        ("FR/a.pdf", "FR/a.pdf", "FR"), ("LU/sub/b.PDF", "LU/sub/b.PDF", "LU"), ("x.pdf", "x.pdf", "unknown"),
    ]  # fmt: skip
    assert look() == first and len(store.read) == 3
    store.objects["x.pdf"] = b"6"
    assert look()[2] != first[2] and store.read[3:] == ["x.pdf"]


def test_an_object_replaced_while_it_was_read_is_read_again(tmp_path: Path, store: _Store) -> None:
    place, cache = Place("s3://bucket/corpus"), Place.of(tmp_path)
    store.meanwhile = lambda: store.objects.update({"FR/a.pdf": b"7"})
    find_files(place, Index.load(cache, place))
    store.objects["FR/a.pdf"] = b"1"  # the tag that was listed before
    store.read.clear()
    store.meanwhile = lambda: None
    find_files(place, Index.load(cache, place))
    assert store.read == ["FR/a.pdf"]


def test_objects_that_cannot_be_had_are_told_with_what_to_do_and_all_of_them_is_an_error(store: _Store) -> None:
    gone = {"FR/a.pdf"}

    def unreachable() -> None:
        if store.read[-1] in gone:
            raise UnreachableError(5, "The store doesn't answer: refused", store.read[-1])

    store.meanwhile = unreachable
    files, issues = find_files(Place("s3://bucket/corpus"))
    assert [file.path for file in files] == ["LU/sub/b.PDF", "x.pdf"]
    [issue] = [issue for issue in issues if issue.severity == "error"]
    assert issue.category == "unreadable" and "FR/a.pdf" in issue.message and "doesn't answer" in issue.message
    assert "can be reached" in issue.next_step
    gone |= {"LU/sub/b.PDF", "x.pdf"}
    with pytest.raises(UnreachableError, match="doesn't answer"):
        find_files(Place("s3://bucket/corpus"))


def test_many_unchanged_documents_are_planned_without_opening_one(
    tmp_path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file is opened, no key made and no result looked up."""
    n = 5_000
    monkeypatch.setattr(index_module, "_RACY_NS", -10_000_000_000)
    corpus, output = tmp_path / "c", tmp_path / "out"
    for folder in ("FR", "LU"):
        (corpus / folder).mkdir(parents=True)
    for k in range(n):
        (corpus / ("FR" if k % 2 else "LU") / f"{k}.pdf").write_bytes(b"%d" % k)
    first = make_plan(corpus, output / ".cache", load_config())
    assert len(first.tasks) == len(opened) == n
    sent = pickle.loads(pickle.dumps(first.tasks[0]))
    assert type(sent.keys) is dict and sent.keys == first.keys[first.tasks[0].source.doc_id] == dict(
        first.tasks[0].keys
    )
    first.remember()
    opened.clear()

    def never(*_: object) -> dict[str, str]:
        raise AssertionError

    monkeypatch.setattr(KeyMaker, "keys", never)
    monkeypatch.setattr("policy_scan.planning.is_fresh", never)
    again = make_plan(corpus, output / ".cache", load_config())
    assert not opened and not again.tasks
    assert again.sources == first.sources and again.fingerprints == first.fingerprints


def _same(one: Plan, other: Plan) -> bool:
    parts = ("sources", "files", "issues", "fingerprints", "environment", "uses")
    tasks = [[(task.source, task.name, dict(task.keys)) for task in plan.tasks] for plan in (one, other)]
    return tasks[0] == tasks[1] and all(getattr(one, part) == getattr(other, part) for part in parts)


QUICK = {"run": {"jobs": 1}, "ocr": {"enabled": False}, "codings": {"setting": "fast"}}
LAW = ["LOI DU 3 MARS 2021 RELATIVE AUX DEMARCHES EN LIGNE", "", "Art. 1er. La demande est introduite en ligne."]


@pytest.mark.usefixtures("old")
def test_a_run_leaves_an_index_and_a_plan_with_it_is_the_plan_without(tmp_path: Path, opened: Opened) -> None:
    corpus, output = tmp_path / "c", tmp_path / "out"
    for k, code in enumerate(("FR", "LU", "RO")):
        (corpus / code).mkdir(parents=True)
        fixtures.write_pdf(corpus / code / f"{k}.pdf", [[*LAW, f"Art. {k + 2}. Le guichet reste ouvert."]])
    fixtures.write_pdf(corpus / "RO" / "locked.pdf", [LAW])
    (corpus / "RO" / "locked.pdf").write_bytes(b"%PDF-1.4 nothing")
    config = load_config(None, QUICK)
    run(corpus, output, config)
    opened.clear()
    assert not make_plan(corpus, output / ".cache", config).tasks and not opened
    for change in ({"codings": {"setting": "fast", "unsure_band": 0.11}}, {"provisions": {"max_characters": 500}}):
        other = load_config(None, {**QUICK, **change})
        with_index = make_plan(corpus, output / ".cache", other)
        kept = (output / ".cache" / index_module.NAME).read_bytes()
        (output / ".cache" / index_module.NAME).unlink()
        without = make_plan(corpus, output / ".cache", other)
        assert len(with_index.tasks) == 4 and _same(with_index, without)
        (output / ".cache" / index_module.NAME).write_bytes(kept)
    # What the index says is a hint: results that are gone are computed again where they are needed.
    before = {name: hash_file(output / name) for name in ("provisions.csv", "codings.csv", "cells.csv")}
    shutil.rmtree(output / ".cache" / "codings")
    (output / "cells.csv").unlink()
    assert not make_plan(corpus, output / ".cache", config).tasks
    run(corpus, output, config)
    assert {name: hash_file(output / name) for name in before} == before


def test_status_hashes_only_what_looks_changed(tmp_path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "_RACY_NS", -10_000_000_000)
    corpus, output = _write(tmp_path / "c", {"FR/a.pdf": b"%PDF 1", "FR/b.pdf": b"%PDF 2"}), tmp_path / "out"
    config = load_config(None, QUICK)
    documents = run(corpus, output, config).documents
    opened.clear()
    assert not list(stale_documents(corpus, documents, output / ".cache")) and not opened
    (corpus / "FR/b.pdf").write_bytes(b"%PDF 3")
    assert list(stale_documents(corpus, documents, output / ".cache")) == [("FR/b.pdf", "changed")]
    assert opened == ["b.pdf"]


_texts = st.text(max_size=6)
_sources = st.builds(
    Source, doc_id=_texts, path=_texts, other_paths=st.lists(_texts, max_size=2).map(tuple), jurisdiction=_texts,
    jurisdictions=st.lists(_texts, max_size=2).map(tuple), title=st.none() | _texts, issuer=st.none() | _texts,
    date=st.none() | _texts, in_force=st.none() | _texts, repealed=st.none() | _texts, doc_type=st.none() | _texts,
    legal_status=st.none() | _texts, languages=st.lists(_texts, max_size=2).map(tuple), url=st.none() | _texts,
    licence=st.none() | _texts, include=st.booleans(), exclude_reason=_texts, n_bytes=st.integers(0, 9),
)  # fmt: skip
_USES = {"codebook": "c" * 64, "classifier": "m" * 64}


@given(_sources, st.data())
def test_a_fingerprint_tells_every_field(source: Source, data: st.DataObject) -> None:
    maker = KeyMaker(load_config(), _USES, "here")
    name = data.draw(st.sampled_from([field.name for field in dataclasses.fields(Source)]))
    other = dataclasses.replace(source, **{name: getattr(data.draw(_sources), name)})
    assert (maker.fingerprint(source) == maker.fingerprint(other)) == (source == other)
    assert KeyMaker(load_config(), _USES, "elsewhere").fingerprint(source) != maker.fingerprint(source)


def test_a_fingerprint_tells_every_setting_that_a_key_tells() -> None:
    source = Source("d", "FR/a.pdf", (), "FR", ("FR",))
    config = load_config()
    base = KeyMaker(config, _USES).fingerprint(source)
    changes: tuple[dict[str, dict[str, object]], ...] = (
        {"codings": {"unsure_band": 0.01}},
        {"ocr": {"dpi": 301}},
        {"run": {"pages_per_document": 7}},
        {"languages": {"min_letters": 3}},
    )
    for change in changes:
        other = load_config(None, change)
        assert document_keys(source, other, _USES) != document_keys(source, config, _USES)
        assert KeyMaker(other, _USES).fingerprint(source) != base
    for name in _USES:
        assert KeyMaker(config, {**_USES, name: "x"}).fingerprint(source) != base
    unseen = load_config(None, {"run": {"jobs": 7}})
    assert KeyMaker(unseen, _USES).fingerprint(source) == base


@given(_sources)
def test_keys_made_together_are_those_made_part_by_part(source: Source) -> None:
    from dataclasses import asdict

    from policy_scan.keys import make_key
    from policy_scan.pipeline import _is_made, maker_of, reduced

    config = load_config()
    keys: dict[str, str] = {}
    for stage in DOCUMENT_STAGES:
        makers = sorted({maker_of(name, stage).name for name in stage.inputs if _is_made(name)})
        keys[stage.name] = make_key(
            "stage", stage.name, stage.version, config.slice(*stage.sections), asdict(reduced(source, stage)),
            [_USES[name] for name in stage.uses], [keys[maker] for maker in makers],
        )  # fmt: skip
    assert KeyMaker(config, _USES).keys(source) == keys


def test_a_mark_tells_size_times_and_inode(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    status = (tmp_path / "a").stat()

    class Other:
        def __init__(self, name: str) -> None:
            self.changed = name

        def __getattr__(self, name: str) -> int:
            return int(getattr(status, name)) + (name == self.changed)

    marks = {mark_of(Other(name)) for name in ("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino", "")}  # type: ignore[arg-type]
    assert len(marks) == 5


@pytest.mark.parametrize("seconds", [-(10**10), 10**10])
def test_a_file_of_whatever_day_is_read(tmp_path: Path, seconds: int) -> None:
    corpus = _write(tmp_path / "c", {"FR/a.pdf": b"1"})
    os.utime(corpus / "FR/a.pdf", (seconds, seconds))
    assert len(_look(corpus, tmp_path / "cache")) == len(_look(corpus, tmp_path / "cache")) == 1
    assert corpus_module.look(corpus)


def test_a_long_look_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = _write(tmp_path / "c", {f"FR/{k}.pdf": b"%d" % k for k in range(300)})
    told: list[int] = []
    find_files(corpus, tell=told.append)
    assert not told
    monkeypatch.setattr(corpus_module, "_TELL_AFTER_SECONDS", 0)
    monkeypatch.setattr(corpus_module, "_TELL_EVERY_SECONDS", 0)
    find_files(corpus, tell=told.append)
    assert told[0] == 256 and told[-1] == 300


def test_a_run_tells_a_long_look_and_the_screen_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = _write(tmp_path / "c", {f"FR/{k}.txt": b"" for k in range(300)} | {"FR/a.pdf": b"%PDF"})
    monkeypatch.setattr(corpus_module, "_TELL_AFTER_SECONDS", 0)
    told: list[Progress] = []
    run(corpus, tmp_path / "out", load_config(None, QUICK), tell=told.append)
    assert told[0].looked_at == 256 and told[-1].finished is None and not told[-1].looked_at
    for terminal in (False, True):
        seen = io.StringIO()
        with shown_progress(Console(file=seen, force_terminal=terminal, width=80)) as shown:
            for n in (1200, 345_678):
                shown.tell(Progress({}, {}, 0, looked_at=n))
            shown.tell(Progress({}, {}, 1, "FR/a.pdf"))
        if terminal:
            assert "Looking at the corpus: 345,678 files" in seen.getvalue()
        else:  # one line at first, the next much later
            assert seen.getvalue() == "Looking at the corpus: 1,200 files\n[1/1] FR/a.pdf\n"
