"""CPU time and peak memory of a whole run, OCR aside, beside pdfplumber's words over the same pages.

    python benchmarks/whole_run.py CORPUS [--setting fast|thorough] [--jobs N]

Both run in processes of their own, one after the other; CPU seconds are user and system time of all their processes.
pdfplumber reads the pages that have a text layer, as the run with OCR switched off does.
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

PEER = """
import sys, pdfplumber
pages = 0
for name in sys.argv[1:]:
    try:
        with pdfplumber.open(name) as pdf:
            for page in pdf.pages:
                page.extract_words()
                page.close()
                pages += 1
    except Exception as error:
        print(f"{name}: {error}", file=sys.stderr)
print(pages)
"""


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _timed(command: list[str]) -> tuple[float, float, str]:
    """CPU seconds, wall seconds, stdout."""
    cpu, wall = _cpu(), time.monotonic()
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode > 1:
        raise SystemExit(done.stderr)
    return _cpu() - cpu, time.monotonic() - wall, done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--setting", choices=("fast", "thorough"), default="fast")
    parser.add_argument("--jobs", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "no-ocr.yaml"
        config.write_text("ocr: {enabled: false}\n", encoding="utf-8")
        out = Path(folder) / "out"
        command = [
            sys.executable, "-m", "policy_scan", "run", "--corpus", str(options.corpus), "--output", str(out),
            "--config", str(config), f"--{options.setting}", "--jobs", str(options.jobs),
        ]  # fmt: skip
        cpu, wall, _ = _timed(command)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        warm_cpu, warm_wall, _ = _timed(command)
        run = json.loads((out / "run.json").read_text(encoding="utf-8"))
        pages = run["counts"]["pages"]
        files = [str(path) for path in sorted(options.corpus.rglob("*.pdf"))]
        peer_cpu, peer_wall, peer_pages = _timed([sys.executable, "-c", PEER, *files])
    print(f"{'':34}{'CPU s':>9}{'wall s':>9}{'pages/CPU s':>13}")
    print(f"{'policy-scan run (' + options.setting + ')':34}{cpu:9.1f}{wall:9.1f}{pages / cpu:13.1f}")
    print(f"{'policy-scan run again, unchanged':34}{warm_cpu:9.1f}{warm_wall:9.1f}{'':>13}")
    print(f"{'pdfplumber extract_words':34}{peer_cpu:9.1f}{peer_wall:9.1f}{int(peer_pages) / peer_cpu:13.1f}")
    print(f"peak memory of one process of the run: {peak:.0f} MiB")
    print("CPU seconds by stage: " + ", ".join(f"{name} {value:.1f}" for name, value in run["cpu_seconds"].items()))


if __name__ == "__main__":
    main()
