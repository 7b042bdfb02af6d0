"""How the pipeline's cost grows with corpus and processes, beside peers on the same files in the same run.

    python benchmarks/scale.py CORPUS [--work DIR] [--times 1 2 4 8] [--settings fast thorough] [--repeat N]
        [--peers words scripted pypdf docling-parse] [--peer-python PATH] [--dask] [--ocr] [-o TABLE.md]

One command, one table. The corpus is copied first (benchmarks/copies.py), so that no result is shared. OCR is off but
for `--ocr`. 'One core' means that all processes of a run, parent and worker, are bound to one core; so is a peer.
Wall seconds are of the whole command, from its start to its end, workbook and web page included; 'tables' are what
run.json says, up to the last published table. CPU seconds are user and system time of all its processes. Memory is the
largest resident size that the system saw of the parent and of any of its workers (VmHWM). Everything is Linux's.

A figure that misses its target is marked and the exit code is 1.
"""

from __future__ import annotations

import argparse
import compileall
import hashlib
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from copies import grow

HERE = Path(__file__).parent
SAMPLE_SECONDS = 0.1
STAGES = ("pages", "blocks", "languages", "provisions", "description", "codings")


@dataclass(slots=True)
class Measured:
    """One command's cost, and what its run.json says where it was a run."""

    wall: float
    cpu: float
    parent_mib: float = 0.0
    worker_mib: float = 0.0
    pages: int = 0
    details: dict[str, object] = field(default_factory=dict)
    tables: str = ""
    """SHA-256 over the published tables' bytes."""

    @property
    def tables_seconds(self) -> float:
        return float(self.details.get("wall_seconds", self.wall))  # type: ignore[arg-type]


def _children(process: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            for child in map(int, task.read_text().split()):
                found += [child, *_children(child)]
        except OSError:
            continue
    return found


def _peak(process: int) -> float:
    try:
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


class _Watch(threading.Thread):
    """Looks at a process and its descendants until it is told to stop."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.process, self.parent, self.worker = process, 0.0, 0.0
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.wait(SAMPLE_SECONDS):
            self.parent = max(self.parent, _peak(self.process))
            for child in _children(self.process):
                self.worker = max(self.worker, _peak(child))


def measure(command: Sequence[str], cores: int) -> tuple[Measured, str]:
    """Runs a command on so many cores. Raises SystemExit where it fails."""
    usable = sorted(os.sched_getaffinity(0))[:cores]
    if len(usable) < cores:
        raise SystemExit(f"needs {cores} cores")
    before, started = os.times(), time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, preexec_fn=lambda: os.sched_setaffinity(0, usable))
        watch = _Watch(process.pid)
        watch.start()
        code = process.wait()
        wall = time.monotonic() - started
        watch.stopped.set()
        watch.join()
        out.seek(0), err.seek(0)
        said, told = out.read().decode("utf-8", "replace"), err.read().decode("utf-8", "replace")
    after = os.times()
    if code > 1:
        raise SystemExit(f"{' '.join(command)}\nended with {code}:\n{told[-3000:]}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Measured(wall, cpu, watch.parent, watch.worker), said


def _hash_tables(output: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted([*output.glob("*.parquet"), *output.glob("*.csv")]):
        digest.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def run(
    corpus: Path, output: Path, setting: str, jobs: int, *more: str, ocr: bool = False, fresh: bool = True
) -> Measured:
    """The whole command over a corpus on `jobs` cores."""
    if fresh:
        shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True, exist_ok=True)
    config = output.parent / f"{'ocr' if ocr else 'text'}.yaml"
    config.write_text(f"ocr: {{enabled: {str(ocr).lower()}}}\n", encoding="utf-8")
    command = [sys.executable, "-m", "policy_scan", "run", f"--{setting}", "--corpus", str(corpus), "--output",
               str(output), "--config", str(config), "--jobs", str(jobs), *more]  # fmt: skip
    measured, _ = measure(command, jobs)
    measured.details = json.loads((output / "run.json").read_text(encoding="utf-8"))
    measured.pages = measured.details["counts"]["pages"]  # type: ignore[index]
    measured.tables = _hash_tables(output)
    return measured


def peer(name: str, corpus: Path, python: str) -> Measured | None:
    """None where the peer isn't installed."""
    module = {"words": "pdfplumber", "scripted": "langdetect", "docling-parse": "docling_parse"}.get(name, name)
    if subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False).returncode:
        return None
    measured, said = measure([python, str(HERE / "peers.py"), name, str(corpus)], 1)
    measured.pages = int(said.split()[0])
    return measured


class Cluster:
    """A scheduler and two workers of one thread on this machine, each in its own process."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        dask = [sys.executable, "-m", "dask"]
        port = self.address.rpartition(":")[2]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        scheduler = [*dask, "scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard"]
        worker = [*dask, "worker", self.address, "--nworkers", "2", "--nthreads", "1", "--no-dashboard"]
        self.processes = [subprocess.Popen(command, **quiet) for command in (scheduler, worker)]  # type: ignore[call-overload]
        time.sleep(8)

    def close(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
            process.wait(30)


def middle(values: Sequence[float]) -> str:
    """Median, and the range where there are several."""
    text = f"{statistics.median(values):.1f}"
    return text if len(values) == 1 else f"{text} ({min(values):.1f}-{max(values):.1f})"


@dataclass(slots=True)
class Report:
    lines: list[str] = field(default_factory=list)
    missed: int = 0

    def add(self, text: str = "") -> None:
        self.lines.append(text)
        print(text, flush=True)

    def row(self, *cells: object) -> None:
        self.add("| " + " | ".join(map(str, cells)) + " |")

    def head(self, *names: str) -> None:
        self.add()
        self.row(*names)
        self.add("|" + "---|" * len(names))

    def target(self, what: str, value: float, reached: bool, wanted: str, unit: str = "") -> None:
        self.missed += not reached
        self.row(what, f"{value:.2f}{unit}", wanted, "yes" if reached else "**no**")


def _growth(report: Report, runs: dict[tuple[str, int, int], list[Measured]]) -> None:
    report.head("setting", "corpus", "processes", "pages", "wall s", "CPU s", "CPU ms a page", "pages/s",
                "parent MiB", "worker MiB")  # fmt: skip
    for (setting, times, jobs), found in runs.items():
        wall = statistics.median(one.wall for one in found)
        report.row(
            setting, f"{times}x", jobs, found[0].pages, middle([one.wall for one in found]),
            middle([one.cpu for one in found]),
            f"{1000 * statistics.median(one.cpu for one in found) / found[0].pages:.1f}",
            f"{found[0].pages / wall:.1f}",
            f"{max(one.parent_mib for one in found):.0f}", f"{max(one.worker_mib for one in found):.0f}",
        )  # fmt: skip


def _stages(report: Report, runs: dict[tuple[str, int, int], list[Measured]], smallest: int) -> None:
    settings = [setting for setting, times, jobs in runs if (times, jobs) == (smallest, 1)]
    report.head("stage", *[f"{setting}: CPU s / pages a CPU s" for setting in settings])
    chosen = {setting: runs[setting, smallest, 1] for setting in settings}

    def told(seconds: float, pages: int) -> str:
        return f"{seconds:.1f} / {pages / seconds:.0f}" if seconds else "-"

    for stage in STAGES:
        values = [statistics.median(one.details["cpu_seconds"].get(stage, 0.0) for one in found)  # type: ignore[attr-defined]
                  for found in chosen.values()]  # fmt: skip
        report.row(stage, *[told(v, found[0].pages) for v, found in zip(values, chosen.values(), strict=True)])
    rest, reports = [], []
    for found in chosen.values():
        in_stages = [sum(one.details["cpu_seconds"].values()) for one in found]  # type: ignore[attr-defined]
        pages = found[0].pages
        reports.append(told(statistics.median(one.wall - one.tables_seconds for one in found), pages))
        spent = [one.tables_seconds - s for one, s in zip(found, in_stages, strict=True)]
        rest.append(told(statistics.median(spent), pages))
    report.row("planning, starting workers, assembling and writing the tables (wall)", *rest)
    report.row("starting the program, workbook and web page (wall)", *reports)


def _estimate(
    report: Report, runs: dict[tuple[str, int, int], list[Measured]], times: int, ocr: tuple[float, int] | None
) -> None:
    """A million pages on a cluster, on paper."""
    report.add("\n## A million pages, on paper\n")
    report.add(
        "Assumptions: pages like this corpus'; cores like this machine's; a cluster of 64 cores of which 85 % do "
        "useful work (the share that two processes reach here is above); a scanned page costs what OCR cost "
        "here; storage keeps up (about 20 kB a page read, 60 kB written)."
    )
    report.head(
        "setting", "CPU h", "64 cores, h", "one laptop of 4 cores, h", "with 20 % scanned pages: CPU h", "64 cores, h"
    )
    for setting in dict.fromkeys(setting for setting, *_ in runs):
        found = [runs[key] for key in runs if key[0] == setting and key[1:] == (times, 1)]
        if not found:
            continue
        page = statistics.median(one.cpu for one in found[0]) / found[0][0].pages
        hours = page * 1e6 / 3600
        cells = [f"{hours:.0f}", f"{hours / 64 / 0.85:.1f}", f"{hours / 4 / 0.85:.0f}"]
        if ocr is not None and ocr[1]:
            scanned = hours + 0.2e6 * ocr[0] / ocr[1] / 3600
            cells += [f"{scanned:.0f}", f"{scanned / 64 / 0.85:.1f}"]
        else:
            cells += ["not measured", "not measured"]
        report.row(setting, *cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--work", type=Path, help="folder for copies and outputs; a temporary one where not given")
    parser.add_argument("--times", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--settings", nargs="+", default=["fast", "thorough"])
    parser.add_argument("--repeat", type=int, default=3, help="runs of the smallest corpus and of the scripted peer")
    parser.add_argument("--peers", nargs="*", default=["scripted", "words", "pypdf", "docling-parse"])
    parser.add_argument("--peer-python", default=sys.executable, help="interpreter that has docling-parse")
    parser.add_argument("--dask", action="store_true", help="the Dask engine beside the local pool")
    parser.add_argument("--ocr", action="store_true", help="what a scanned page costs")
    parser.add_argument("-o", "--output", type=Path, help="write the table here too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work or Path(temporary)
        report = _everything(options, work)
    if options.output:
        options.output.write_text("\n".join(report.lines) + "\n", encoding="utf-8")
    raise SystemExit(1 if report.missed else 0)


def _everything(options: argparse.Namespace, work: Path) -> Report:
    report = Report()
    # As after any installation, also where Python is told to write no bytecode: else each process compiles the program.
    compileall.compile_dir(HERE.parent / "policy_scan", quiet=1)
    corpora = grow(options.corpus, work / "copies", options.times)
    smallest, largest = min(corpora), max(corpora)
    report.add("# Cost and growth\n")
    report.add(f"{platform.processor() or platform.machine()}, {len(os.sched_getaffinity(0))} cores, Python "
               f"{platform.python_version()}; median of {options.repeat} runs of the smallest corpus "
               "(range), one of the others; OCR off.")  # fmt: skip

    report.head("peer (one core)", "pages", "wall s", "CPU s", "pages/s", "MiB")
    peers: dict[str, list[Measured]] = {}
    runs: dict[tuple[str, int, int], list[Measured]] = {}
    warm: dict[str, Measured] = {}
    for turn in range(options.repeat):  # peers and runs in turn, so that a slow moment of the machine hits both
        for name in options.peers if turn == 0 else [one for one in options.peers if one == "scripted"]:
            python = options.peer_python if name == "docling-parse" else sys.executable
            found = peer(name, corpora[smallest], python)
            if found is not None:
                peers.setdefault(name, []).append(found)
        for setting in options.settings:
            for jobs in (1, 2):
                made = run(corpora[smallest], work / f"out-{setting}-{smallest}-{jobs}", setting, jobs)
                runs.setdefault((setting, smallest, jobs), []).append(made)
        print(f"round {turn + 1} of {options.repeat} done", file=sys.stderr, flush=True)
    for name in options.peers:
        if name not in peers:
            report.row(name, "not installed", "", "", "", "")
            continue
        found_all = peers[name]
        wall = statistics.median(one.wall for one in found_all)
        report.row(name, found_all[0].pages, middle([one.wall for one in found_all]),
                   middle([one.cpu for one in found_all]), f"{found_all[0].pages / wall:.1f}",
                   f"{max(one.parent_mib for one in found_all):.0f}")  # fmt: skip
    for setting in options.settings:
        for times in options.times:
            for jobs in (1, 2):
                if (setting, times, jobs) not in runs:
                    made = run(corpora[times], work / f"out-{setting}-{times}-{jobs}", setting, jobs)
                    runs[setting, times, jobs] = [made]
        warm[setting] = run(corpora[largest], work / f"out-{setting}-{largest}-2", setting, 2, fresh=False)
    runs = dict(sorted(runs.items()))
    _growth(report, runs)
    _stages(report, runs, smallest)

    cluster_runs: tuple[Measured, Measured] | None = None
    if options.dask:
        cluster = Cluster()
        try:
            over = run(
                corpora[largest], work / "out-dask", "fast", 2, "--engine", "dask", "--scheduler", cluster.address
            )
        finally:
            cluster.close()
        cluster_runs = runs["fast", largest, 2][0], over
        report.add()
        report.add(
            f"Dask, two workers, {largest}x, fast: {over.wall:.1f} s beside {cluster_runs[0].wall:.1f} s "
            "of the local pool."
        )
    ocr: tuple[float, int] | None = None
    if options.ocr:
        with_ocr = run(corpora[smallest], work / "out-ocr", "fast", 1, ocr=True)
        n_read = _ocr_pages(work / "out-ocr")
        extra = with_ocr.cpu - statistics.median(one.cpu for one in runs["fast", smallest, 1])
        ocr = extra, n_read
        report.add(f"\nOCR: {n_read} pages, {extra / max(1, n_read):.1f} CPU s each, one thread.")

    report.head("target", "measured", "wanted", "reached")
    _targets(report, runs, peers, warm, cluster_runs, smallest, largest)
    _estimate(report, runs, largest, ocr)
    return report


def _ocr_pages(output: Path) -> int:
    from policy_scan.tables import read_parquet

    return sum(value == "ocr" for value in read_parquet(output / "pages.parquet").column("text_source").to_pylist())


def _targets(
    report: Report,
    runs: dict[tuple[str, int, int], list[Measured]],
    peers: dict[str, list[Measured]],
    warm: dict[str, Measured],
    cluster_runs: tuple[Measured, Measured] | None,
    smallest: int,
    largest: int,
) -> None:
    def wall(key: tuple[str, int, int]) -> float:
        return statistics.median(one.wall for one in runs[key]) / runs[key][0].pages

    if ("fast", smallest, 1) in runs:
        if "scripted" in peers:
            theirs = statistics.median(one.wall for one in peers["scripted"]) / peers["scripted"][0].pages
            ratio = theirs / wall(("fast", smallest, 1))
            report.target("fast, one core: times the scripted peer's pages/s", ratio, ratio >= 5, "at least 5")
            tables = statistics.median(one.tables_seconds for one in runs["fast", smallest, 1])
            ratio = theirs / (tables / runs["fast", smallest, 1][0].pages)
            report.target("the same up to the tables, without workbook and page", ratio, ratio >= 5, "at least 5")
        for times in dict.fromkeys((smallest, largest)):
            gain = wall(("fast", times, 1)) / wall(("fast", times, 2))
            report.target(f"fast, {times}x: two processes over one", gain, gain >= 1.7, "at least 1.7")
        per_page = {times: statistics.median(one.cpu for one in found) / found[0].pages
                    for (setting, times, jobs), found in runs.items() if (setting, jobs) == ("fast", 1)}  # fmt: skip
        if largest > smallest:
            growth = per_page[largest] / per_page[smallest]
            is_flat = abs(growth - 1) <= 0.1
            report.target(f"fast: CPU a page at {largest}x over {smallest}x", growth, is_flat, "0.9 to 1.1")
        parent = max(one.parent_mib for (setting, times, _), found in runs.items() for one in found
                     if (setting, times) == ("fast", largest))  # fmt: skip
        report.target(f"fast, {largest}x: parent", parent, parent < 500, "under 500", " MiB")
        worker = max(one.worker_mib for (setting, *_), found in runs.items() for one in found if setting == "fast")
        report.target("fast: largest worker", worker, worker < 700, "under 700", " MiB")
    for setting, again in warm.items():
        report.target(f"{setting}, {largest}x: warm re-run", again.wall, again.wall < 5, "under 5", " s")
    if cluster_runs is not None:
        local, over = cluster_runs
        ratio = over.wall / local.wall
        report.target("Dask on two workers over the local pool", ratio, ratio <= 1.25, "at most 1.25")
        same = over.tables == local.tables
        report.target("Dask: same bytes (1 = yes)", float(same), same, "1")


if __name__ == "__main__":
    main()
