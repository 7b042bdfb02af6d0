"""A corpus grown: every PDF saved anew several times, each time with other bytes and another order of pages.

    python benchmarks/copies.py CORPUS TARGET [--times 1 2 4 8]

TARGET/N holds N copies of each document, TARGET/1 inside TARGET/2 and so on (hard links where the system has them).
Copies share no result with one another or with the original: their bytes, and so their identity, differ, and so does
the order of their pages. The manifest's rows are repeated for them. What can't be saved anew is copied with a comment
at its end.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import warnings
from pathlib import Path

import pypdfium2 as pdfium

MANIFEST = "manifest.csv"


def order_of(n_pages: int, copy: int) -> list[int]:
    """The pages of a copy: turned by `copy` places, so that runs of text over pages mostly stay whole."""
    turn = copy % n_pages if n_pages > 1 else 0
    return [*range(turn, n_pages), *range(turn)]


def save_anew(source: Path, target: Path, copy: int) -> None:
    """Writes copy number `copy` (from 1) of a PDF."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with pdfium.PdfDocument(source) as original, pdfium.PdfDocument.new() as made:
            made.import_pages(original, order_of(len(original), copy))
            made.save(target)
    except pdfium.PdfiumError:
        shutil.copyfile(source, target)
    with target.open("ab") as stream:
        stream.write(b"\n%% copy %d\n" % copy)


def name_of(path: str, copy: int) -> str:
    stem, dot, ending = path.rpartition(".")
    return f"{stem}~{copy}{dot}{ending}"


def _write_manifest(corpus: Path, folder: Path, copies: int) -> None:
    if not (corpus / MANIFEST).is_file():
        return
    with (corpus / MANIFEST).open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        names, rows = list(reader.fieldnames or ()), list(reader)
    with (folder / MANIFEST).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names)
        writer.writeheader()
        for copy in range(1, copies + 1):
            writer.writerows({**row, "path": name_of(row["path"], copy)} for row in rows)


def grow(corpus: Path, target: Path, times: list[int]) -> dict[int, Path]:
    """Folder by number of copies. A folder that is there already stays as it is."""
    largest = max(times)
    whole = target / str(largest)
    files = [file for file in sorted(corpus.rglob("*.pdf")) if file.is_file()]
    if not whole.is_dir():
        making = target / f".making-{largest}"
        shutil.rmtree(making, ignore_errors=True)
        for file in files:
            path = file.relative_to(corpus).as_posix()
            for copy in range(1, largest + 1):
                save_anew(file, making / name_of(path, copy), copy)
        _write_manifest(corpus, making, largest)
        making.rename(whole)
    for number in times:
        folder = target / str(number)
        if folder.is_dir():
            continue
        for file in files:
            path = file.relative_to(corpus).as_posix()
            for copy in range(1, number + 1):
                copied = folder / name_of(path, copy)
                copied.parent.mkdir(parents=True, exist_ok=True)
                try:
                    os.link(whole / name_of(path, copy), copied)
                except OSError:
                    shutil.copyfile(whole / name_of(path, copy), copied)
        _write_manifest(corpus, folder, number)
    return {number: target / str(number) for number in times}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--times", type=int, nargs="+", default=[1, 2, 4, 8])
    options = parser.parse_args()
    for number, folder in grow(options.corpus, options.target, options.times).items():
        size = sum(file.stat().st_size for file in folder.rglob("*.pdf"))
        print(f"{number}x: {sum(1 for _ in folder.rglob('*.pdf'))} files, {size / 1e6:.0f} MB in {folder}")


if __name__ == "__main__":
    warnings.simplefilter("error")
    main()
