"""How fast pages are read: this reader (pages and blocks) against pdfplumber's extract_words on the same pages.

    python benchmarks/reading.py FOLDER [--step 1] [--sample 20]

Each side runs in one process of its own, one after the other, and is measured in CPU time. Pages count where the text
layer holds at least 200 letters (born digital); of every document pdfplumber reads `--sample` pages at most, evenly
spread, because it takes minutes for a long one; its time is scaled to the pages that were read.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

from policy_scan.config import load_config
from policy_scan.errors import DocumentError
from policy_scan.records import Source

_LETTERS = 200


def read_ours(files: list[Path]) -> dict[str, dict[str, object]]:
    """CPU seconds for all pages of each document, and which of its pages are born digital."""
    from policy_scan.stages.blocks import find_blocks
    from policy_scan.stages.pages import read_pages

    config = load_config(overrides={"ocr": {"enabled": False}})
    results: dict[str, dict[str, object]] = {}
    for file in files:
        data = file.read_bytes()
        source = Source(file.name, file.name, (), "unknown", ("unknown",))
        start = time.process_time()
        try:
            pages, lines, _ = read_pages(source, data, config)
            find_blocks(source, pages, lines, config)
        except DocumentError as error:
            print(f"{file.name} left out: {error}", file=sys.stderr)
            continue
        seconds = time.process_time() - start
        digital = [page.page for page in pages if sum(char.isalpha() for char in page.text) >= _LETTERS]
        results[str(file)] = {"seconds": seconds, "n_pages": len(pages), "digital": digital}
    return results


def read_theirs(wanted: dict[str, list[int]]) -> dict[str, float]:
    """CPU seconds that pdfplumber takes for the pages wanted of each document, opening it included."""
    import pdfplumber

    seconds: dict[str, float] = {}
    for name, numbers in wanted.items():
        start = time.process_time()
        with pdfplumber.open(name, pages=numbers) as document:
            for page in document.pages:
                page.extract_words()
                page.close()
        seconds[name] = time.process_time() - start
    return seconds


def _child(mode: str, payload: object) -> dict[str, object]:
    command = [sys.executable, __file__, "--child", mode]
    done = subprocess.run(command, input=json.dumps(payload), capture_output=True, text=True, check=True)
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--step", type=int, default=1, help="only every so many documents")
    parser.add_argument("--sample", type=int, default=20, help="pages of a document for pdfplumber, at most")
    parser.add_argument("--child", choices=("ours", "theirs"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        payload = json.load(sys.stdin)
        told = read_ours([Path(p) for p in payload]) if options.child == "ours" else read_theirs(payload)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        json.dump({"results": told, "peak_mib": peak}, sys.stdout)
        return
    if options.folder is None:
        parser.error("give the folder of PDFs")
    files = sorted(options.folder.rglob("*.pdf"))[:: options.step]
    ours = _child("ours", [str(file) for file in files])
    results: dict[str, dict[str, object]] = ours["results"]  # type: ignore[assignment]
    wanted: dict[str, list[int]] = {}
    mine = 0.0
    for name, result in results.items():
        digital: list[int] = result["digital"]  # type: ignore[assignment]
        if not digital:
            continue
        spread = max(1, -(-len(digital) // options.sample))
        wanted[name] = digital[::spread]
        mine += float(result["seconds"]) / int(result["n_pages"]) * len(wanted[name])  # type: ignore[call-overload,arg-type]
    theirs = _child("theirs", wanted)
    other = sum(theirs["results"].values())  # type: ignore[attr-defined]
    count = sum(map(len, wanted.values()))
    print(f"{count} born-digital pages of {len(wanted)} documents, one process each, CPU time")
    print(f"policy_scan pages and blocks  {count / mine:7.1f} pages/s  peak {ours['peak_mib']:.0f} MiB")
    print(f"pdfplumber extract_words      {count / other:7.1f} pages/s  peak {theirs['peak_mib']:.0f} MiB")
    print(f"ratio {other / mine:.1f}")


if __name__ == "__main__":
    main()
