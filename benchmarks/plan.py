"""What the plan of a run costs, over made-up corpora of small files: CPU seconds and peak memory of a first plan and of
one in which nothing has changed, and CPU seconds of a look of `run --watch`.

    python benchmarks/plan.py [N …] [--manifest] [--folder DIR]     documents, by default 1000 10000 100000

Each plan is made in a process of its own, so that its peak memory is its own; its start and imports are counted. First:
every file is hashed, every key made and every result looked for. Unchanged: as after a run that finished all documents.
Files are of a few bytes: hashing larger ones takes the time that the disk and SHA-256 take besides.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CODES = ("FR", "BE", "GR", "LU", "RO")
PER_FOLDER = 1000
_SETTLE_SECONDS = 2.5
"""Files written less than two seconds before they are hashed are hashed again by the next run."""


def make_corpus(folder: Path, n: int, manifest: bool) -> None:
    """`n` files that differ, a thousand per folder; with `manifest`, a row for each that describes it."""
    rows = ["path,jurisdiction,title,issuer,date,doc_type,legal_status,language,url\n"]
    for k in range(n):
        code = CODES[k // PER_FOLDER % len(CODES)]
        below = folder / code / f"{k // PER_FOLDER:04d}"
        if k % PER_FOLDER == 0:
            below.mkdir(parents=True)
        name = f"act-{k:07d}.pdf"
        (below / name).write_bytes(b"%%PDF-1.4 %d" % k)
        path = f"{code}/{below.name}/{name}"
        rows.append(f"{path},{code},Act {k} on procedures,Ministry,2024-01-0{k % 9 + 1},law,in_force,fr,\n")
    if manifest:
        (folder / "manifest.csv").write_text("".join(rows), encoding="utf-8")


def measure(what: str, corpus: Path, cache: Path) -> dict[str, float]:
    """In this process: CPU seconds since it started, wall seconds of the work, peak memory in MiB, documents to do."""
    from policy_scan.config import load_config
    from policy_scan.corpus import look
    from policy_scan.planning import make_plan

    started = time.perf_counter()
    tasks = 0
    if what == "look":
        before = time.process_time()
        look(corpus)
        return {"cpu": time.process_time() - before, "wall": time.perf_counter() - started, "mib": 0, "tasks": 0}
    plan = make_plan(corpus, cache, load_config(None, {"codings": {"setting": "fast"}}))
    tasks = len(plan.tasks)
    cpu, wall = time.process_time(), time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
    if what == "first":
        plan.remember()
    return {"cpu": cpu, "wall": wall, "mib": peak, "tasks": tasks}


def _in_its_own_process(what: str, corpus: Path, cache: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", what, "--folder", str(corpus), "--cache", str(cache)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", metavar="N", type=int, nargs="*", default=[1000, 10_000, 100_000])
    parser.add_argument("--manifest", action="store_true", help="with a manifest that describes every document")
    parser.add_argument("--folder", type=Path, help="where the corpora are made; a temporary folder where not given")
    parser.add_argument("--cache", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.folder, options.cache)))
        return
    print("| documents | first plan, CPU s | MiB | unchanged, CPU s | wall s | MiB | a look of --watch, CPU s |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for n in options.sizes:
        root = Path(tempfile.mkdtemp(prefix="plan-", dir=options.folder))
        try:
            make_corpus(root / "corpus", n, options.manifest)
            time.sleep(_SETTLE_SECONDS)
            first, same, look = (
                _in_its_own_process(what, root / "corpus", root / "cache") for what in ("first", "same", "look")
            )
            assert (first["tasks"], same["tasks"]) == (n, 0), f"to do: {first['tasks']}, then {same['tasks']}"
            print(
                f"| {n:,} | {first['cpu']:.1f} | {first['mib']:.0f} | {same['cpu']:.1f} | {same['wall']:.1f} | "
                f"{same['mib']:.0f} | {look['cpu']:.2f} |",
                flush=True,
            )
        finally:
            shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
