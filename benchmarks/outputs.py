"""Time, files and size of every report of a finished run, beside the time that reading its corpus took.

    python benchmarks/outputs.py OUT [--language en] [--repeat 1]

Each report is written by a process of its own, start-up and loading the run included; of several times the fastest
counts. The run's own seconds stand in its run.json: they are those of reading only where it read every document anew.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from policy_scan.report import FORMATS


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _export(output: Path, format: str, language: str, folder: Path) -> tuple[float, float]:
    """Wall and CPU seconds of writing one report into an empty folder."""
    command = [
        sys.executable, "-m", "policy_scan", "export", "--output", str(output), "--format", format,
        "--language", language, "-o", str(folder),
    ]  # fmt: skip
    cpu, wall = _cpu(), time.monotonic()
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise SystemExit(f"{format}: {done.stderr}")
    return time.monotonic() - wall, _cpu() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path)
    parser.add_argument("--language", default="en")
    parser.add_argument("--repeat", type=int, default=1)
    options = parser.parse_args()
    run = json.loads((options.output / "run.json").read_text(encoding="utf-8"))
    totals = [0.0, 0.0]
    print(f"{'format':14}{'wall s':>9}{'CPU s':>9}{'files':>8}{'MB':>9}")
    for format in FORMATS:
        with tempfile.TemporaryDirectory() as folder:
            times = [_export(options.output, format, options.language, Path(folder)) for _ in range(options.repeat)]
            files = [path for path in Path(folder).rglob("*") if path.is_file()]
            size = sum(path.stat().st_size for path in files) / 1e6
        wall, cpu = min(times)
        totals = [totals[0] + wall, totals[1] + cpu]
        print(f"{format:14}{wall:9.1f}{cpu:9.1f}{len(files):8}{size:9.2f}", flush=True)
    print(f"{'all':14}{totals[0]:9.1f}{totals[1]:9.1f}")
    n, computed = run["counts"]["documents"], run.get("documents_computed", 0)
    print(f"{'the run':14}{run['wall_seconds']:9.1f}{sum(run['cpu_seconds'].values()):9.1f}", end="")
    print(f"  ({computed} of {n} documents read anew; CPU seconds are those of its stages)")


if __name__ == "__main__":
    main()
