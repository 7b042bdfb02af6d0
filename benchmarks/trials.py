"""Kill and resume: runs ended at random moments and begun again must publish what an undisturbed run publishes.

    python benchmarks/trials.py CORPUS [--trials N] [--seed N] [--largest KB] [--documents N] [--keep DIR]

Each trial runs `policy-scan run --fast` over the same corpus into a folder of its own, ends it at a moment drawn from
the time that it takes, up to three times over, and then lets it finish. How it is ended is drawn too: the parent alone
or all its processes killed, told to end (SIGTERM), interrupted (SIGINT), or one of its workers killed, after which the
run itself must go on. Then every published table must have the undisturbed run's bytes, run.json must name them, and
nothing may be left half-written. What breaks this is listed, and the exit code is then 1.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

WAYS = ("parent killed", "all killed", "told to end", "interrupted", "worker killed")
LIMIT = 300.0
"""Seconds after which a run counts as hung."""


@dataclass(slots=True)
class Trials:
    """What came of trials: how runs were ended, in what state they were then, and what broke the rules."""

    number: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    """How much of the documents stood in the cache when the run went on for the last time, in tenths."""
    broken: list[str] = field(default_factory=list)


def published(output: Path) -> dict[str, str]:
    """SHA-256 of each published table's file."""
    files = [*output.glob("*.parquet"), *output.glob("*.csv")]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def left_over(output: Path) -> list[str]:
    """What is half-written below an output folder."""
    names = ("**/.tmp-*", "**/*.tmp", ".lock")
    return sorted(str(path.relative_to(output)) for name in names for path in output.glob(name))


def begin(corpus: Path, output: Path, config: Path, jobs: int = 2) -> subprocess.Popen[bytes]:
    """A run in a process group of its own, silent."""
    command = [sys.executable, "-m", "policy_scan", "run", "--fast", "--corpus", str(corpus), "--output", str(output),
               "--config", str(config), "--jobs", str(jobs)]  # fmt: skip
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True, preexec_fn=_listen
    )


def _listen() -> None:
    """A shell's background jobs are born deaf to SIGINT, and so would be their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _children(process: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{process}/task").glob("*/children"))
        return [int(child) for task in tasks for child in task.read_text().split()]
    except OSError:
        return []


def _workers(process: int) -> list[int]:
    """The processes that work for a run: the copies of the one among its children that has their code loaded."""
    found = []
    for child in _children(process):
        try:
            copied = b"forkserver" in Path(f"/proc/{child}/cmdline").read_bytes()
        except OSError:
            continue
        if copied:
            found += _children(child)
    return found


def end(process: subprocess.Popen[bytes], way: str, rng: random.Random) -> bool:
    """Ends a run, or one of its workers, in one of WAYS. False where the run has no workers at that moment."""
    if way == "worker killed":
        try:
            os.kill(rng.choice(_workers(process.pid)), signal.SIGKILL)
        except (IndexError, ProcessLookupError):
            return False
        return True
    if way == "all killed":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        number = {"parent killed": signal.SIGKILL, "told to end": signal.SIGTERM, "interrupted": signal.SIGINT}[way]
        process.send_signal(number)
    return True


def finish(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Exit code and messages of a run that is let go on; None where it hung is told as code -1."""
    try:
        _, told = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return -1, "hung"
    return process.returncode, told.decode("utf-8", "replace")


def try_once(
    corpus: Path,
    output: Path,
    config: Path,
    expected: dict[str, str],
    seconds: float,
    rng: random.Random,
    trials: Trials,
) -> float:
    """One trial; `seconds` is what an undisturbed run takes, `expected` what it publishes.

    Returns what a run that has everything to do takes, as it is known by now: most moments drawn from more would come
    after the end. A run that had less to do tells only how soon this trial's next one may end.
    """
    trials.number += 1
    name = f"trial {trials.number}"
    left = seconds
    for k in range(rng.randint(1, 3)):
        # Not in the first moments: until Python itself has begun, Ctrl-C ends it with a traceback of its own.
        way, moment = rng.choice(WAYS), rng.uniform(0.05 * left, left)
        process, started = begin(corpus, output, config), time.monotonic()
        hit = False
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            hit = end(process, way, rng)
        code, told = finish(process)
        if not hit:
            left = min(left, time.monotonic() - started)
            seconds = seconds if k else left
        # A run outlives its worker, so its exit code doesn't tell whether there was one to kill.
        trials.endings[way if code not in (0, 1) or (hit and way == "worker killed") else "ended before"] += 1
        name += f", {way} at {moment:.1f} s ({code})"
        if "Traceback" in told:
            trials.broken.append(f"{name}: traceback: {told[-600:]}")
        if way == "worker killed" and code not in (0, 1):
            trials.broken.append(f"{name}: the run didn't outlive its worker: {told[-600:]}")
    done = len(list(output.glob(".cache/codings/*/*/meta.json")))
    code, told = finish(begin(corpus, output, config))
    n_documents = (
        json.loads((output / "run.json").read_text(encoding="utf-8"))["counts"]["documents"] if code in (0, 1) else 0
    )
    trials.found[f"{10 * done // max(1, n_documents) * 10} %"] += 1
    if code not in (0, 1) or "Traceback" in told:
        trials.broken.append(f"{name}: the last run ended with {code}: {told[-600:]}")
        return seconds
    made = published(output)
    trials.broken += [
        f"{name}: {file} differs" for file in sorted({*made, *expected}) if made.get(file) != expected.get(file)
    ]
    named = json.loads((output / "run.json").read_text(encoding="utf-8"))["files"]
    trials.broken += [
        f"{name}: run.json names other bytes of {file}" for file in named if named[file] != made.get(file)
    ]
    trials.broken += [f"{name}: left half-written: {path}" for path in left_over(output)]
    return seconds


def run_trials(corpus: Path, work: Path, number: int, seed: int, keep: bool = False) -> Trials:
    """So many trials over a corpus, in folders below `work`. Raises SystemExit where the undisturbed run fails."""
    config = work / "config.yaml"
    config.write_text("ocr: {enabled: false}\n", encoding="utf-8")
    started = time.monotonic()
    code, told = finish(begin(corpus, work / "undisturbed", config))
    seconds = time.monotonic() - started
    if code not in (0, 1):
        raise SystemExit(f"the undisturbed run ended with {code}: {told}")
    expected = published(work / "undisturbed")
    trials, rng = Trials(), random.Random(seed)
    for k in range(number):
        output = work / f"trial{k + 1}"
        before = len(trials.broken)
        seconds = try_once(corpus, output, config, expected, seconds, rng, trials)
        if not keep and len(trials.broken) == before:
            shutil.rmtree(output)
        told = "".join(f"\n  {line}" for line in trials.broken[before:])
        print(f"trial {k + 1} of {number}: {len(trials.broken)} broken{told}", file=sys.stderr, flush=True)
    return trials


def choose(corpus: Path, folder: Path, largest: int, number: int) -> Path:
    """A corpus of some of another's documents: up to `number` of at most `largest` kB, spread over it."""
    files = [file for file in sorted(corpus.rglob("*.pdf")) if file.stat().st_size <= 1000 * largest]
    step = max(1, len(files) // number)
    for file in files[::step][:number]:
        target = folder / file.relative_to(corpus)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    return folder


def table_of(trials: Trials, seed: int) -> str:
    lines = [
        f"{trials.number} trials, seed {seed}: {len(trials.broken)} rules broken",
        "",
        "| ended by | times |",
        "|---|---|",
    ]
    lines += [f"| {way} | {n} |" for way, n in trials.endings.most_common()]
    lines += ["", "| documents computed when the run went on for the last time | trials |", "|---|---|"]
    lines += [
        f"| {share} | {n} |" for share, n in sorted(trials.found.items(), key=lambda item: int(item[0].split()[0]))
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--largest", type=int, default=400, help="size in kB of the largest document")
    parser.add_argument("--documents", type=int, default=16)
    parser.add_argument("--keep", type=Path, help="a new folder where everything is kept")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        work = options.keep or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        corpus = choose(options.corpus, work / "corpus", options.largest, options.documents)
        trials = run_trials(corpus, work, options.trials, options.seed, keep=options.keep is not None)
    print(table_of(trials, options.seed))
    for line in trials.broken:
        print(f"BROKEN {line}")
    raise SystemExit(1 if trials.broken else 0)


if __name__ == "__main__":
    main()
