"""Reports: the table and its evidence as workbook, web page and data. One mapping declares the formats."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import cast

from ..errors import PolicyScanError, UsageError
from .common import RunData, check_language, load_run

# Format -> module and function that writes it; imported when asked for, so that a CSV doesn't load the workbook writer.
FORMATS: Mapping[str, tuple[str, str]] = {
    "csv": ("data", "export_csv"),
    "parquet": ("data", "export_parquet"),
    "xlsx": ("xlsx", "export_xlsx"),
    "html": ("html", "export_html"),
    "docx": ("docx", "export_docx"),
    "pdf": ("typeset", "export_pdf"),
    "figures": ("figures", "export_figures"),
    "csl": ("bibliography", "export_csl"),
    "bibtex": ("bibliography", "export_bibtex"),
    "datapackage": ("datapackage", "export_datapackage"),
    "qdpx": ("qdpx", "export_qdpx"),
}
STEM = "state-of-play"
"""Name of a report whose file the user doesn't name; never that of a published table."""
SUFFIXES: Mapping[str, str] = {
    "csl": ".csl.json",
    "bibtex": ".bib",
    "figures": "-figures",
    "datapackage": "-datapackage.zip",
}
"""What follows STEM where it isn't the format's name."""
FOLDERS = frozenset({"figures", "datapackage"})
"""Formats of several files: a `path` without a suffix is the folder that they fill."""

_ENDINGS: Mapping[str, tuple[str, ...]] = {
    "csv": (".csv",), "parquet": (".parquet",), "xlsx": (".xlsx",), "html": (".html", ".htm"), "docx": (".docx",),
    "pdf": (".pdf",), "figures": (".svg", ".png"), "csl": (".json",), "bibtex": (".bib",), "datapackage": (".zip",),
    "qdpx": (".qdpx",),
}  # fmt: skip
"""By these a program chooses how to open a file."""


def _check_ending(format: str, path: Path) -> None:
    """Raises UsageError where a file would bear the ending of another format; of figures a folder is to be named."""
    ending = path.suffix.lower()
    if path.is_dir() or not any(ending in endings for endings in _ENDINGS.values()):
        return
    if format == "figures":
        raise UsageError(f"{path} names one file, but figures are several.", "give a folder with -o.")
    if ending not in _ENDINGS[format]:
        step = f"end the name with {_ENDINGS[format][0]}, or name a folder."
        raise UsageError(f"{path} has the ending of another format than {format}.", step)


def export_run(
    run: RunData,
    format: str,
    language: str = "en",
    path: Path | None = None,
    against: RunData | None = None,
    write: Callable[..., list[Path]] | None = None,
) -> list[Path]:
    """Write a report and return its files; a workbook tells what changed since the run `against`, where one is given.

    `path` is the file; in a folder that exists, or without a suffix, the file is <path>/state-of-play.<format> or as
    SUFFIXES says (FOLDERS fill <path> itself); None means the run's own folder. Raises UsageError for an unknown
    format or language, or a file named as one of another format, PolicyScanError where the file can't be written.
    `write`: what writes it, instead of the format's own function.
    """
    if format not in FORMATS:
        close = difflib.get_close_matches(format, FORMATS, n=1)
        hint = f"did you mean '{close[0]}'? " if close else ""
        raise UsageError(f"There is no format '{format}'.", f"{hint}Choose one of: {', '.join(FORMATS)}.")
    check_language(language)
    if against is not None and format != "xlsx":
        step = "choose --format xlsx, or compare two runs with 'policy-scan diff'."
        raise UsageError("Only the workbook has a sheet of what changed.", step)
    if path is not None:
        _check_ending(format, path)
    target = path or run.directory
    if (target.is_dir() or not target.suffix) and not (path and format in FOLDERS):
        target = target / f"{STEM}{SUFFIXES.get(format, f'.{format}')}"
    module, function = FORMATS[format]
    write = write or cast(Callable[..., list[Path]], getattr(import_module(f".{module}", __name__), function))
    try:
        if against is None:
            return write(run, language, target)
        from ..difference import compare_runs

        return write(run, language, target, compare_runs(against, run, language))
    except OSError as error:
        step = "close it if another program has it open, or choose another place with -o."
        if error.errno == errno.ENOSPC:
            step = "make room on its disk and on that of temporary files, then do the same again."
        raise PolicyScanError(f"{target} can't be written ({error.strerror or error}).", step) from error


__all__ = ["FORMATS", "RunData", "export_run", "load_run"]
