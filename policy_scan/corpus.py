"""The corpus and its manifest, as found: files are opened only to be hashed, and only where they are new or look other
than before; none is skipped silently."""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import os
import re
import stat
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from .errors import ConfigError, NothingToDoError
from .index import Index, is_settled, mark_of
from .jurisdictions import UNKNOWN, normalise
from .keys import encode, hash_stream
from .records import DOC_TYPES, LANGUAGES, LEGAL_STATUSES, Issue
from .storage import Entry, Place, UnreachableError

MANIFEST = "manifest.csv"
_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
_NO = frozenset({"no", "n", "false", "0", "non", "nee", "nein", "nu", "όχι"})
_YES = frozenset({"", "yes", "y", "true", "1", "oui", "ja", "da", "ναι"})
_STAGE = "documents"
_UNPRINTABLE = re.compile("C|Zl|Zp")
_TELL_AFTER_SECONDS, _TELL_EVERY_SECONDS = 2.0, 0.5
_SAVE_EVERY_SECONDS = 60.0
_THREADS = 4


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A PDF of the corpus. `path` is relative, with '/', NFC, printable; `name` is the same as its place spells it."""

    path: str
    name: str
    jurisdiction: str
    doc_id: str
    n_bytes: int


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """What the manifest says of one path; None where it says nothing, or nothing that can be used."""

    path: str
    line: int
    jurisdiction: str | None
    title: str | None
    issuer: str | None
    date: str | None
    in_force: str | None
    repealed: str | None
    doc_type: str | None
    legal_status: str | None
    languages: tuple[str, ...]
    url: str | None
    licence: str | None
    include: bool
    exclude_reason: str


def printable(name: str) -> str:
    """A name as it can be shown and stored, in one line: NFC; undecodable bytes, control characters, marks of
    direction and line ends as escapes."""
    if name.isprintable():  # nothing of Unicode's category C, no line end
        return name if name.isascii() else unicodedata.normalize("NFC", name)
    text = name.encode("utf-8", "backslashreplace").decode("utf-8")
    shown = "".join(
        c.encode("unicode_escape").decode("ascii") if _UNPRINTABLE.match(unicodedata.category(c)) else c for c in text
    )
    return unicodedata.normalize("NFC", shown)


def escaped(name: str) -> str:
    """A file's name, whatever it holds, in plain letters, digits and %XX; `unescaped` gives it back."""
    return quote(name.encode("utf-8", "surrogatepass"))


def unescaped(text: str) -> str:
    return unquote_to_bytes(text).decode("utf-8", "surrogatepass")


def _issue(category: str, severity: str, message: str, next_step: str, doc_id: str | None = None) -> Issue:
    return Issue(doc_id, None, _STAGE, category, severity, message, next_step)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class _Unknown:
    """A PDF that has to be hashed: `position` says where it came in the walk."""

    position: int
    path: str
    name: str
    jurisdiction: str
    size: int
    mark: bytes


class _Pace:
    """Passes a count on where the work takes long, twice a second at most."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        self.tell = tell
        self.next = time.monotonic() + _TELL_AFTER_SECONDS

    def __call__(self, n: int) -> None:
        if (now := time.monotonic()) >= self.next:
            self.next = now + _TELL_EVERY_SECONDS
            self.tell(n)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:  # gone since it was listed; opening it says so
        return False


def _walk(root: str, failed: Callable[[str, OSError], None]) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Name below the root, with '/', and entry of every file and link, in order; hidden names are left out and links
    not followed. `failed` is told of each folder that can't be listed.
    """
    folders = [("", root)]
    while folders:
        prefix, folder = folders.pop()
        try:
            with os.scandir(folder) as listing:
                entries = sorted((entry for entry in listing if entry.name[0] != "."), key=attrgetter("name"))
        except OSError as error:
            failed(prefix.rstrip("/"), error)
            continue
        inner: list[tuple[str, str]] = []
        for entry in entries:
            if _is_folder(entry):
                inner.append((f"{prefix}{entry.name}/", entry.path))
            else:
                yield prefix + entry.name, entry
        folders.extend(reversed(inner))


def _status(entry: os.DirEntry[str]) -> os.stat_result:
    """What the file system says of a file, links followed. Raises OSError."""
    return Path(entry.path).stat() if os.name == "nt" else entry.stat()  # Windows lists no inodes


def _begins_as_pdf(entry: os.DirEntry[str]) -> bool:
    """Whether a file with another name is a PDF. Links are not followed, and what can't be read isn't one."""
    try:
        if not entry.is_file(follow_symlinks=False):
            return False
        with open(entry.path, "rb") as stream:  # noqa: PTH123
            return stream.read(64).lstrip().startswith(b"%PDF-")
    except OSError:
        return False


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 - a Path per file is what takes the time


def _hashed_file(file: str) -> tuple[str, int, bytes | None]:
    """A local file's hash, size, and mark where it stood still meanwhile and some time before. Raises OSError."""
    with open(file, "rb") as stream:  # noqa: PTH123
        now = time.time_ns()
        before = os.fstat(stream.fileno())
        doc_id = hash_stream(stream)
        after = os.fstat(stream.fileno())
    mark = mark_of(after)
    return doc_id, after.st_size, mark if mark == mark_of(before) and is_settled(after, now) else None


class _Search:
    """Goes through a corpus; files that look as the index knows them aren't opened."""

    def __init__(self, place: Place, index: Index, tell: Callable[[int], None]) -> None:
        self.place, self.index = place, index
        self.pace = _Pace(tell)
        self.found: list[FoundFile] = []
        self.issues: list[tuple[int, Issue]] = []
        self.unknown: list[_Unknown] = []
        self.unreachable: UnreachableError | None = None
        self.n = 0

    def complain(self, category: str, severity: str, message: str, next_step: str, position: int | None = None) -> None:
        issue = _issue(category, severity, message, next_step)
        self.issues.append((self.n if position is None else position, issue))

    def unreadable(self, path: str, error: OSError, position: int | None = None) -> None:
        message = f"{path} can't be opened: {error.strerror}."
        step = "check the file's permissions, then run again."
        if isinstance(error, UnreachableError):
            self.unreachable = error
            step = "see that the store can be reached, then run again."
        self.complain("unreadable", "error", message, step, position)

    def not_pdf(self, name: str, misnamed: bool = False) -> None:
        if misnamed:
            message = f"{printable(name)} looks like a PDF, but isn't named as one, and was left out."
            self.complain("not_pdf", "warning", message, "rename it to end in .pdf to have it read.")
        elif name != MANIFEST and _suffix(name) not in (".md", ".txt", ".csv"):
            message = f"{printable(name)} is not a PDF and was left out."
            self.complain("not_pdf", "info", message, "save or print it as PDF to have it read.")

    def take(self, name: str, size: int, mark: bytes) -> None:
        """A PDF: as known, or to be hashed."""
        path = printable(name)
        folder, within, _ = name.partition("/")
        jurisdiction = (normalise(folder) if within else None) or UNKNOWN
        doc_id = self.index.doc_id(name, mark)
        if doc_id is not None:
            self.found.append(FoundFile(path, name if name != path else path, jurisdiction, doc_id, size))
        else:
            self.unknown.append(_Unknown(self.n, path, name, jurisdiction, size, mark))

    def in_folder(self) -> None:
        """Walk a local folder."""
        root = str(self.place.local)
        base = os.path.realpath(root)

        def unlisted(folder: str, error: OSError) -> None:
            self.n += 1
            message = f"The folder {printable(folder or '.')} can't be opened: {error.strerror}."
            self.complain("unreadable", "error", message, "check the folder's permissions, then run again.")

        for name, entry in _walk(root, unlisted):
            self.n += 1
            if not self.n % 256:
                self.pace(self.n)
            link = entry.is_symlink()
            if link and os.path.isdir(entry.path):  # noqa: PTH112
                message = f"{printable(name)} is a link to a folder and was not followed."
                self.complain("link", "warning", message, "copy the folder's files into the corpus.")
            elif _suffix(entry.name) != ".pdf":
                self.not_pdf(name, _begins_as_pdf(entry))
            elif link and not Path(os.path.realpath(entry.path)).is_relative_to(base):
                message = f"{printable(name)} is a link out of the corpus folder and was not followed."
                self.complain("link", "warning", message, "copy the file into the corpus.")
            else:
                try:
                    status = _status(entry)
                except OSError as error:
                    self.unreadable(printable(name), error)
                    continue
                if not stat.S_ISREG(status.st_mode):  # to open a pipe would wait for ever
                    message = f"{printable(name)} is a pipe or a device, not a file, and was left out."
                    self.complain("unreadable", "error", message, "put the PDF itself there.")
                else:
                    self.take(name, status.st_size, mark_of(status))

    def in_store(self) -> None:
        """List an object store's place. Raises OSError."""
        for entry in self.place.entries():
            self.n += 1
            if not self.n % 256:
                self.pace(self.n)
            if any(part.startswith(".") for part in entry.path.split("/")):
                continue
            if _suffix(entry.path) != ".pdf":
                self.not_pdf(entry.path)
            else:
                self.take(entry.path, entry.size, _mark_of(entry))

    def _hashed(self, some: Sequence[_Unknown]) -> list[tuple[_Unknown, tuple[str, int, bytes | None] | OSError]]:
        done: list[tuple[_Unknown, tuple[str, int, bytes | None] | OSError]] = []
        for one in some:
            try:
                if self.place.is_local:
                    done.append((one, _hashed_file(f"{self.place.address}/{one.name}")))
                else:
                    done.append((one, (self.place.hash(one.name), one.size, one.mark or None)))
            except OSError as error:
                done.append((one, error))
        return done

    def hash_unknown(self) -> None:
        """Hash what the index doesn't know, several at a time: a disk and a store answer better to several."""
        size = 64 if self.place.is_local else 1
        groups = [self.unknown[start : start + size] for start in range(0, len(self.unknown), size)]
        save_at = time.monotonic() + _SAVE_EVERY_SECONDS
        hashed: list[tuple[_Unknown, str]] = []
        with ThreadPoolExecutor(_THREADS) as threads:
            try:
                for done in threads.map(self._hashed, groups):
                    for one, result in done:
                        if isinstance(result, OSError):
                            self.unreadable(one.path, result, one.position)
                            continue
                        doc_id, n_bytes, mark = result
                        self.found.append(FoundFile(one.path, one.name, one.jurisdiction, doc_id, n_bytes))
                        self.index.note_file(one.name, mark, doc_id)
                        hashed.append((one, doc_id))
                    self.pace(len(self.found))
                    if time.monotonic() >= save_at:  # a large archive's first look, lest it be killed
                        self.index.save()
                        save_at = time.monotonic() + _SAVE_EVERY_SECONDS
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)
                raise
        if hashed and not self.place.is_local:
            # An object replaced between listing and reading would be known by the tag of what it was before.
            marks = {entry.path: _mark_of(entry) for entry in self.place.entries()}
            for one, doc_id in hashed:
                if marks.get(one.name) != one.mark:
                    self.index.note_file(one.name, None, doc_id)


def _mark_of(entry: Entry) -> bytes:
    """How an object looks; nothing where its store gives neither tag nor time."""
    return f"{entry.size} {entry.mark}".encode() if entry.mark else b""


def find_files(
    corpus: Path | str | Place, index: Index | None = None, tell: Callable[[int], None] = lambda n: None
) -> tuple[list[FoundFile], list[Issue]]:
    """The PDFs below the corpus, ordered by path, with their jurisdictions and hashes.

    `index`: what earlier runs saw: only what is new or looks changed is opened, and is noted there. `tell` gets the
    number of files seen so far, when that takes longer than two seconds.
    Raises NothingToDoError when the corpus is missing or holds no PDF, OSError when a store can't be listed or none of
    its PDFs can be had.
    """
    place = Place.of(corpus)
    if place.is_local and not place.local.is_dir():
        raise NothingToDoError(
            f"The corpus folder {corpus} doesn't exist.", "make it with 'policy-scan init', or give --corpus."
        )
    index = index or Index(place)
    search = _Search(place, index, tell)
    if place.is_local:
        search.in_folder()
    else:
        search.in_store()
    try:
        search.hash_unknown()
    finally:
        index.save()
    found = search.found
    if not found and search.unreachable is not None:
        raise search.unreachable
    if not found:
        misnamed = [issue for _, issue in search.issues if issue.category == "not_pdf" and issue.severity == "warning"]
        raise NothingToDoError(
            f"No PDF was found below {corpus}." + (f" {misnamed[0].message}" if misnamed else ""),
            "put PDFs into folders named by country, such as corpus/FR, with names that end in .pdf, and run again.",
        )
    index.keep_files(file.name for file in found)
    found.sort(key=attrgetter("path", "name"))
    search.issues.sort(key=itemgetter(0))
    return found, [issue for _, issue in search.issues]


class _RowReader:
    """One row's values, each checked; what can't be used becomes an issue and counts as not said."""

    def __init__(self, line: int, values: dict[str, str], issues: list[Issue]) -> None:
        self.line, self.values, self.issues = line, values, issues

    def text(self, name: str) -> str | None:
        """A value in one line; control characters and marks of direction, which nobody means to write, are dropped."""
        given = self.values.get(name)
        if not given:
            return None
        value = " ".join(given.split())
        if not value.isprintable():
            value = "".join(c for c in value if unicodedata.category(c)[0] != "C").strip()
        return unicodedata.normalize("NFC", value) or None

    def complain(self, name: str, problem: str, next_step: str) -> None:
        where = f"{MANIFEST}, line {self.line}, column {name}"
        self.issues.append(_issue("manifest", "warning", f"{where}: {problem}", next_step))

    def choice(self, name: str, known: Sequence[str]) -> str | None:
        value = self.text(name)
        if value is None or value in known:
            return value
        folded = value.lower().replace(" ", "_").replace("-", "_")
        if folded in known:
            return folded
        close = difflib.get_close_matches(folded, known, n=1, cutoff=0.5)
        hint = f"did you mean '{close[0]}'? " if close else ""
        self.complain(
            name,
            f"'{value}' is unknown; it was inferred from the document instead.",
            f"{hint}Known: {', '.join(known)}.",
        )
        return None

    def date(self, name: str) -> str | None:
        value = self.text(name)
        if value is None or _DATE.fullmatch(value):
            return value
        self.complain(name, f"'{value}' is no date; it counts as not given.", "write YYYY, YYYY-MM or YYYY-MM-DD.")
        return None

    def jurisdiction(self) -> str | None:
        value = self.text("jurisdiction")
        if value is None:
            return None
        code = normalise(value)
        if code is None:
            self.complain(
                "jurisdiction",
                f"'{value}' is no ISO 3166 code; the folder's was taken.",
                "write a code such as FR, BE-VLG or EU.",
            )
        return code

    def languages(self) -> tuple[str, ...]:
        codes = [code.strip().lower() for code in (self.text("language") or "").split(";")]
        odd = [code for code in codes if code and code not in LANGUAGES]
        if odd:
            self.complain(
                "language", f"'{'; '.join(odd)}' is none of the languages read.", f"known: {', '.join(LANGUAGES)}."
            )
        return tuple(dict.fromkeys(code for code in codes if code in LANGUAGES))

    def include(self) -> bool:
        value = (self.text("include") or "").lower()
        if value not in _YES and value not in _NO:
            self.complain("include", f"'{value}' is neither yes nor no; the document was read.", "write yes or no.")
        return value not in _NO

    def row(self) -> ManifestRow:
        path = printable(self.values["path"].strip().replace("\\", "/"))
        return ManifestRow(
            path=path.removeprefix("./").removeprefix("corpus/") if path.startswith(("./", "corpus/")) else path,
            line=self.line,
            jurisdiction=self.jurisdiction(),
            title=self.text("title"),
            issuer=self.text("issuer"),
            date=self.date("date"),
            in_force=self.date("in_force"),
            repealed=self.date("repealed"),
            doc_type=self.choice("doc_type", DOC_TYPES),
            legal_status=self.choice("legal_status", LEGAL_STATUSES),
            languages=self.languages(),
            url=self.text("url"),
            licence=self.text("licence"),
            include=self.include(),
            exclude_reason=self.text("exclude_reason") or "",
        )


def read_manifest(corpus: Path | str | Place) -> tuple[dict[str, ManifestRow], list[Issue]]:
    """The manifest's rows by path, and what is wrong with it. No manifest: no rows.

    Comma or semicolon, UTF-8 (with or without BOM) or Windows-1252. Unknown columns are ignored.
    Raises ConfigError when it can't be read as a table with a column `path`.
    """
    place = Place.of(corpus)
    file = f"{place}/{MANIFEST}"
    if place.is_local and not (place.local / MANIFEST).is_file():
        return {}, []
    try:
        raw = place.read_bytes(MANIFEST)
    except FileNotFoundError:
        return {}, []
    issues: list[Issue] = []
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
        issues.append(
            _issue(
                "manifest",
                "warning",
                f"{MANIFEST} is not UTF-8; it was read as Windows-1252.",
                "save it as 'CSV UTF-8'.",
            )
        )
    header = text.split("\n", 1)[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: dict[str, ManifestRow] = {}
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        if "path" not in names:
            raise ConfigError(
                f"{file} has no column 'path'.", "name the columns in its first line: path,jurisdiction,title,…"
            )
        for values in reader:
            if not any(value.strip() for value in values):
                continue
            cells = dict(zip(names, values, strict=False))
            if not cells.get("path", "").strip():
                where = f"{MANIFEST}, line {reader.line_num}"
                message, step = f"{where} names no file and was passed over.", "write its path, or delete the line."
                issues.append(_issue("manifest", "warning", message, step))
                continue
            row = _RowReader(reader.line_num, cells, issues).row()
            if row.path in rows:
                issues.append(
                    _issue(
                        "manifest",
                        "warning",
                        f"{MANIFEST}, line {row.line}: {row.path} stands there twice; the first line was taken.",
                        "delete one of the lines.",
                    )
                )
                continue
            rows[row.path] = row
    except csv.Error as error:
        raise ConfigError(f"{file}, line {reader.line_num}: {error}.", "check the quotes in that line.") from None
    return rows, issues


def look(corpus: Path | str | Place) -> str:
    """A hash of how every file of the corpus looks: what `run --watch` compares. No file is opened.

    Raises OSError when a store can't be listed.
    """
    place = Place.of(corpus)
    digest = hashlib.sha256()
    if not place.is_local:
        for entry in place.entries():
            digest.update(encode((entry.path, _mark_of(entry))))
        return digest.hexdigest()
    for name, item in _walk(str(place.local), lambda folder, error: None):
        try:
            mark = mark_of(_status(item))
        except OSError:  # vanished between listing and looking, or a link that leads nowhere
            mark = b""
        digest.update(encode((name, mark)))
    return digest.hexdigest()
