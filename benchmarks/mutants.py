"""What broken and hostile PDFs do to a run: seeded mutants of real files, and files made to harm, in batches.

    python benchmarks/mutants.py CORPUS [--mutants N] [--seed N] [--batch N] [--seconds N] [--largest KB] [--jobs N]
                                        [--keep DIR] [--hostile first|only|no] [--ocr]

Each batch is run as a user would run it (`policy-scan run --fast`, OCR off unless asked for, a limit of `--seconds` a
document). A batch must end with 0 or 1, without a traceback; every file must stand in the table of documents or be told
in the issues; what failed must say why and what to do next, and nothing may be left half-written. The table printed
counts outcomes by kind of mutation; what broke these rules is listed below it, and the exit code is then 1.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hostile_files import hostile

STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.S)
OBJECT = re.compile(rb"\d+ 0 obj\b.*?endobj", re.S)
NUMBERS = (b"0", b"-1", b"2147483647", b"-2147483648", b"4294967296", b"99999999999999999999", b"1e38", b"0.0000001")


def flip_bits(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    made = bytearray(data)
    for _ in range(rng.choice((1, 8, 64, 512))):
        made[rng.randrange(8, len(made))] ^= 1 << rng.randrange(8)
    return bytes(made)


def truncate(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    return data[: rng.choice((1, 9, 100, rng.randrange(9, len(data)), len(data) - rng.randrange(1, 40)))]


def zero_bytes(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    at, size = rng.randrange(9, len(data)), rng.randrange(1, 5000)
    return data[:at] + bytes(min(size, len(data) - at)) + data[at + size :]


def splice(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Objects of another file in the place of this one's, under this one's numbers."""
    own, other = list(OBJECT.finditer(data)), list(OBJECT.finditer(rng.choice(others)))
    made = data
    for match in sorted(rng.sample(own, min(len(own), rng.randrange(1, 6))), key=lambda m: -m.start()):
        taken = rng.choice(other).group() if other else b""
        number = match.group().split(b" ", 1)[0]
        made = made[: match.start()] + re.sub(rb"^\d+", number, taken) + made[match.end() :]
    return made


def swap_streams(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    streams = list(STREAM.finditer(data))
    if len(streams) < 2:
        return flip_bits(data, others, rng)
    a, b = sorted(rng.sample(streams, 2), key=lambda m: m.start())
    middle = data[a.end(1) : b.start(1)]
    return data[: a.start(1)] + b.group(1) + middle + a.group(1) + data[b.end(1) :]


def change_numbers(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Impossible numbers in the dictionaries that say how large, how many and where."""
    names = (
        rb"MediaBox|CropBox|Length1?|Count|Kids|W|Index|Size|Prev|First|N|Rotate|Widths|FirstChar|Width|Height|FontBBox"
    )
    found = list(re.finditer(rb"/(?:" + names + rb")\s*\[?[\s\d.R-]*", data))
    made = data
    for match in sorted(rng.sample(found, min(len(found), rng.randrange(1, 12))), key=lambda m: -m.start()):
        new = re.sub(rb"-?\d+(?:\.\d+)?(?! \d+ R)", lambda _: rng.choice(NUMBERS), match.group())
        made = made[: match.start()] + new + made[match.end() :]
    return made


def change_content(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Impossible numbers inside the pages' own drawing, packed anew."""
    found = list(STREAM.finditer(data))
    rng.shuffle(found)
    for match in found:
        try:
            inner = zlib.decompress(match.group(1))
        except zlib.error:
            continue
        if b" Tf" not in inner and b" cm" not in inner:
            continue
        odd = rng.choice((b"1e38", b"-99999999999", b"0", b"340282346638528859811704183484516925440", b"0.00000001"))
        new = re.sub(rb"(?<=\s)-?[\d.]+(?=\s)", lambda m, odd=odd: odd if rng.random() < 0.1 else m.group(), inner)
        return data[: match.start(1)] + zlib.compress(new) + data[match.end(1) :]
    return flip_bits(data, others, rng)


def lose_xref(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    made = re.sub(rb"startxref\s+\d+", rng.choice((b"", b"startxref\n0", b"startxref\n99999999")), data)
    return made.replace(b"/XRef", b"/XReg").replace(b"\nxref", b"\nxreg") if rng.random() < 0.7 else made


def cross_references(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """References that lead elsewhere, often back to where they came from: cycles of pages, forms, fonts and streams."""
    found = list(re.finditer(rb"\b\d+ 0 R\b", data))
    numbers = [match.group() for match in found]
    made = data
    for match in sorted(rng.sample(found, min(len(found), rng.choice((1, 4, 20)))), key=lambda m: -m.start()):
        made = made[: match.start()] + rng.choice(numbers) + made[match.end() :]
    return made


MUTATIONS: tuple[Callable[[bytes, Sequence[bytes], random.Random], bytes], ...] = (
    flip_bits, truncate, zero_bytes, splice, swap_streams, change_numbers, change_content, lose_xref, cross_references,
)  # fmt: skip


@dataclass(slots=True)
class Report:
    """What came of batches: outcomes by kind of mutation, and what broke the rules."""

    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    seconds: float = 0.0
    megabytes: float = 0.0

    def count(self, kind: str, outcome: str) -> None:
        self.outcomes.setdefault(kind, Counter())[outcome] += 1


def make_mutants(files: Sequence[Path], number: int, seed: int) -> list[tuple[str, bytes]]:
    """(kind, bytes) of so many mutants of these files; the same for the same seed and files."""
    rng = random.Random(seed)
    originals = [file.read_bytes() for file in files]
    made = []
    for k in range(number):
        mutate = MUTATIONS[k % len(MUTATIONS)]
        made.append((mutate.__name__, mutate(rng.choice(originals), originals, rng)))
    return made


def lay_out(folder: Path, items: Sequence[tuple[str, bytes]]) -> dict[str, str]:
    """Writes a batch as a corpus; returns kind by path. Equal bytes are one document, so each name is numbered."""
    (folder / "FR").mkdir(parents=True)
    kinds = {}
    for k, (kind, data) in enumerate(items):
        path = f"FR/{k:04}_{kind}.pdf"
        (folder / path).write_bytes(data)
        kinds[path] = kind
    return kinds


def run_batch(
    folder: Path, kinds: dict[str, str], report: Report, seconds: float, jobs: int = 0, ocr: bool = False
) -> None:
    """Runs a corpus that lies in folder/corpus, and checks what came of it against the rules."""
    from policy_scan.records import Document, Issue
    from policy_scan.tables import read_records

    config = folder / "config.yaml"
    config.write_text(
        f"ocr: {{enabled: {str(ocr).lower()}}}\nrun: {{seconds_per_document: {seconds}, jobs: {jobs}}}\n", "utf-8"
    )
    out, name = folder / "out", folder.name
    command = [sys.executable, "-m", "policy_scan", "run", "--fast", "--corpus", str(folder / "corpus"), "--output",
               str(out), "--config", str(config)]  # fmt: skip
    started = time.monotonic()
    limit = 60 + seconds * len(kinds)
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", timeout=limit)
    except subprocess.TimeoutExpired:
        report.broken.append(f"{name}: hung for {limit:.0f} s")
        return
    report.seconds += time.monotonic() - started
    report.megabytes = max(report.megabytes, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
    text = done.stdout + done.stderr
    if done.returncode not in (0, 1) or "Traceback" in text:
        report.broken.append(f"{name}: exit code {done.returncode}\n{text[-3000:]}")
    if not (out / "run.json").is_file():
        report.broken.append(f"{name}: no run.json")
        return
    leftovers = [str(path.relative_to(out)) for path in out.rglob(".tmp-*")]
    if leftovers:
        report.broken.append(f"{name}: left {leftovers}")
    documents, issues = read_records(out, "documents", Document), read_records(out, "issues", Issue)
    by_path = {path: document for document in documents for path in (document.path, *document.other_paths)}
    told = {issue.doc_id for issue in issues if issue.message and issue.next_step}
    for path, kind in kinds.items():
        document = by_path.get(path)
        if document is None:
            report.broken.append(f"{name}: {path} is in no table")
            continue
        own = [issue for issue in issues if issue.doc_id == document.doc_id]
        why = next((issue.category for issue in own if issue.severity == "error"), "")
        report.count(kind, f"{document.status} ({why})" if document.status == "failed" else document.status)
        if document.status in ("failed", "partial") and document.doc_id not in told:
            report.broken.append(f"{name}: {path} is {document.status} and nothing says why")
        report.broken += [f"{name}: {path}: {i.category}: {i.message}" for i in own if i.category == "internal"]
        report.broken += [f"{name}: {path}: no next step: {issue.message}" for issue in own
                          if issue.severity != "info" and not issue.next_step]  # fmt: skip


def table_of(report: Report) -> str:
    """The outcomes as a table, a row per kind of mutation."""
    lines = [f"| {'mutation':<22} | files | outcomes |", f"|{'-' * 24}|-------|----------|"]
    for kind, counts in sorted(report.outcomes.items()):
        told = ", ".join(f"{n} {outcome}" for outcome, n in counts.most_common())
        lines.append(f"| {kind:<22} | {counts.total():>5} | {told} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--mutants", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20, help="limit of a document")
    parser.add_argument("--largest", type=int, default=200, help="size in KB of the largest original")
    parser.add_argument("--jobs", type=int, default=0, help="worker processes; 0: one a core")
    parser.add_argument("--keep", type=Path, help="a new folder where the batches are kept")
    parser.add_argument("--hostile", choices=("first", "only", "no"), default="first", help="files made to harm")
    parser.add_argument("--ocr", action="store_true", help="read scans by OCR: seconds a page")
    options = parser.parse_args()
    files = [f for f in sorted(options.corpus.rglob("*.pdf")) if f.stat().st_size <= 1000 * options.largest]
    if not files:
        raise SystemExit(f"no PDF of at most {options.largest} KB below {options.corpus}")
    report = Report()
    with tempfile.TemporaryDirectory() as temporary:
        root = options.keep or Path(temporary)
        made = [] if options.hostile == "only" else make_mutants(files, options.mutants, options.seed)
        batches = [made[k : k + options.batch] for k in range(0, len(made), options.batch)]
        if options.hostile != "no":
            batches.insert(0, [(kind, make()) for kind, make in hostile().items()])
        for number, batch in enumerate(batches):
            folder = root / f"batch{number}"
            run_batch(folder, lay_out(folder / "corpus", batch), report, options.seconds, options.jobs, options.ocr)
            print(f"batch {number}: {len(batch)} files, {len(report.broken)} broken", file=sys.stderr, flush=True)
    print(table_of(report))
    print(f"\n{report.seconds:.0f} s; largest process {report.megabytes:.0f} MiB; seed {options.seed}")
    for line in report.broken:
        print(f"BROKEN {line}")
    raise SystemExit(1 if report.broken else 0)


if __name__ == "__main__":
    main()
