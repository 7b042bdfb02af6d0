"""The corpus folder and its manifest, as found: files are opened only to be hashed, none is skipped silently."""

from __future__ import annotations

import csv
import difflib
import io
import os
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import ConfigError, NothingToDoError
from .jurisdictions import UNKNOWN, normalise
from .keys import hash_file
from .records import DOC_TYPES, LANGUAGES, LEGAL_STATUSES, Issue
from .storage import Place

MANIFEST = "manifest.csv"
_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
_NO = frozenset({"no", "n", "false", "0", "non", "nee", "nein", "nu", "όχι"})
_YES = frozenset({"", "yes", "y", "true", "1", "oui", "ja", "da", "ναι"})
_STAGE = "documents"
_UNPRINTABLE = re.compile("C|Zl|Zp")


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
    if name.isascii() and name.isprintable():
        return name
    text = name.encode("utf-8", "backslashreplace").decode("utf-8")
    shown = "".join(
        c.encode("unicode_escape").decode("ascii") if _UNPRINTABLE.match(unicodedata.category(c)) else c for c in text
    )
    return unicodedata.normalize("NFC", shown)


def _issue(category: str, severity: str, message: str, next_step: str, doc_id: str | None = None) -> Issue:
    return Issue(doc_id, None, _STAGE, category, severity, message, next_step)  # type: ignore[arg-type]


def _walk(root: Path, failed: Callable[[OSError], None] = lambda error: None) -> Iterator[Path]:
    """Every file below the root, in order, links not followed; hidden names are left out.

    `failed` is told of each folder that can't be listed.
    """
    for folder, names, files in os.walk(root, onerror=failed, followlinks=False):
        linked = [name for name in names if (Path(folder) / name).is_symlink()]
        names[:] = [name for name in names if name not in linked]
        files.extend(linked)
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield Path(folder) / name


def find_files(corpus: Path | Place) -> tuple[list[FoundFile], list[Issue]]:
    """The PDFs below the corpus folder, ordered by path, with their jurisdictions and hashes.

    Raises NothingToDoError when the folder is missing or holds no PDF.
    """
    root = Place.of(corpus).local
    if not root.is_dir():
        raise NothingToDoError(
            f"The corpus folder {corpus} doesn't exist.", "make it with 'policy-scan init', or give --corpus."
        )
    found: list[FoundFile] = []
    issues: list[Issue] = []
    base = root.resolve()

    def unlisted(error: OSError) -> None:
        path = printable(os.path.relpath(error.filename, root))
        message = f"The folder {path} can't be opened: {error.strerror}."
        issues.append(_issue("unreadable", "error", message, "check the folder's permissions, then run again."))

    for file in _walk(root, unlisted):
        parts = file.relative_to(root).parts
        path = printable("/".join(parts))
        if file.is_symlink() and file.is_dir():
            message = f"{path} is a link to a folder and was not followed."
            issues.append(_issue("link", "warning", message, "copy the folder's files into the corpus."))
            continue
        if file.suffix.lower() != ".pdf":
            if path != MANIFEST and file.suffix.lower() not in {".md", ".txt", ".csv"}:
                issues.append(
                    _issue(
                        "not_pdf",
                        "info",
                        f"{path} is not a PDF and was left out.",
                        "save or print it as PDF to have it read.",
                    )
                )
            continue
        if file.is_symlink() and not Path(os.path.realpath(file)).is_relative_to(base):
            issues.append(
                _issue(
                    "link",
                    "warning",
                    f"{path} is a link out of the corpus folder and was not followed.",
                    "copy the file into the corpus.",
                )
            )
            continue
        jurisdiction = normalise(parts[0]) if len(parts) > 1 else None
        if file.exists() and not file.is_file():  # to open a pipe would wait for ever
            message = f"{path} is a pipe or a device, not a file, and was left out."
            issues.append(_issue("unreadable", "error", message, "put the PDF itself there."))
            continue
        try:
            doc_id, size = hash_file(file), file.stat().st_size
        except OSError as error:
            issues.append(
                _issue(
                    "unreadable",
                    "error",
                    f"{path} can't be opened: {error.strerror}.",
                    "check the file's permissions, then run again.",
                )
            )
            continue
        found.append(FoundFile(path, "/".join(parts), jurisdiction or UNKNOWN, doc_id, size))
    if not found:
        raise NothingToDoError(
            f"No PDF was found below {corpus}.",
            "put PDFs into folders named by country, such as corpus/FR, and run again.",
        )
    found.sort(key=lambda item: item.path)
    return found, issues


class _RowReader:
    """One row's values, each checked; what can't be used becomes an issue and counts as not said."""

    def __init__(self, line: int, values: dict[str, str], issues: list[Issue]) -> None:
        self.line, self.values, self.issues = line, values, issues

    def text(self, name: str) -> str | None:
        """A value in one line; control characters and marks of direction, which nobody means to write, are dropped."""
        value = " ".join(self.values.get(name, "").split())
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


def read_manifest(corpus: Path | Place) -> tuple[dict[str, ManifestRow], list[Issue]]:
    """The manifest's rows by path, and what is wrong with it. No manifest: no rows.

    Comma or semicolon, UTF-8 (with or without BOM) or Windows-1252. Unknown columns are ignored.
    Raises ConfigError when it can't be read as a table with a column `path`.
    """
    root = Place.of(corpus).local
    file = root / MANIFEST
    if not file.is_file():
        return {}, []
    raw = file.read_bytes()
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
    names = [name.strip().lower() for name in next(reader, [])]
    if "path" not in names:
        raise ConfigError(
            f"{file} has no column 'path'.", "name the columns in its first line: path,jurisdiction,title,…"
        )
    rows: dict[str, ManifestRow] = {}
    try:
        for values in reader:
            if not any(value.strip() for value in values):
                continue
            cells = dict(zip(names, values, strict=False))
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


def snapshot(root: Path) -> dict[str, tuple[int, int]]:
    """Path -> (size, time of last change in ns) of every file: what `run --watch` compares."""
    found: dict[str, tuple[int, int]] = {}
    for file in _walk(root):
        try:
            stat = file.stat()
        except OSError:  # vanished between listing and looking: a change that the next look sees
            continue
        found[str(file)] = (stat.st_size, stat.st_mtime_ns)
    return found
