"""Many reviewers at once on the review application: how long they wait, and whether a decision is lost or doubled.

    python benchmarks/review.py [--clients 50] [--seconds 60] [--provisions 5000] [--think 1.0] [--database ADDRESS]

A made-up run, a server of its own on a loopback port, clients over HTTP: each goes through a queue of its own, fetches
an item, thinks (on average `--think` seconds), decides, and now and then sends a decision twice. Meanwhile two windows
of one reviewer and one of another hammer the same item without a pause. `--database`: an empty database; a new SQLite
file where not given. `--postgresql`: start a private PostgreSQL for it, with its data flushed to the disk as usual.
`--kill`: end the server half-way as `kill -9` does, then look at what is kept.
Exit code 1 where a decision was lost or doubled, a request failed, or p95 is over 300 ms.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import databases
from review_load import Seen, add_reviewers, faults_of, load, server, write_run

from policy_scan.review.store import Store

MOST_SECONDS = 0.3
"""p95 that is promised."""


@contextmanager
def _postgresql() -> Iterator[str]:
    """A PostgreSQL of the benchmark's own, whose commits reach the disk."""
    programs = databases._programs()
    if programs is None:
        raise SystemExit("PostgreSQL's initdb and pg_ctl aren't installed.")
    folder = Path(tempfile.mkdtemp(prefix="policy_scan_pg_"))
    cluster = databases.Cluster(programs, folder)
    with (cluster.data / "postgresql.conf").open("a") as settings:
        settings.write("fsync = on\nfull_page_writes = on\nsynchronous_commit = on\n")
    cluster.run("pg_ctl", "-D", cluster.data, "reload")
    try:
        yield cluster.new_database()
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _table(seen: Seen, wall: float) -> bool:
    """Print what clients waited; whether all that went on together stays under the promise."""
    print(f"{'request':28}{'n':>7}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'most':>9}")
    together = [one for kind, times in seen.seconds.items() if "one at a time" not in kind for one in times]
    rows = [*sorted(seen.seconds.items()), ("all at once", together)]
    for kind, times in rows:
        p50, p95, p99 = np.quantile(times, (0.5, 0.95, 0.99)) * 1000
        print(f"{kind:28}{len(times):>7}{p50:>9.1f}{p95:>9.1f}{p99:>9.1f}{max(times) * 1000:>9.1f}")
    print(f"{len(together) / wall:.0f} requests a second, {len(seen.acknowledged)} decisions acknowledged, ", end="")
    print(f"{seen.n_conflicts} refused because the item had changed, {len(seen.errors)} errors")
    return float(np.quantile(together, 0.95)) <= MOST_SECONDS


def _measure(folder: Path, address: str, options: argparse.Namespace) -> bool:
    names = [f"reviewer{at}" for at in range(options.clients)]
    identifiers = write_run(folder, options.provisions)
    add_reviewers(address, names)
    with server(folder, address) as running:
        before = running.cpu_seconds()
        if options.kill:
            timer = threading.Timer(options.seconds / 2 + options.clients * 0.3, running.kill)
            timer.start()
        start = time.monotonic()
        seen = load(running.url, names, options.seconds, options.think, identifiers[0], options.seed)
        wall = time.monotonic() - start
        if not options.kill:
            used = running.cpu_seconds() - before
            n = sum(len(times) for times in seen.seconds.values())
            print(f"server: {used:.1f} CPU seconds, {1000 * used / n:.1f} ms per request (signing in included)")
    in_time = _table(seen, options.seconds if not options.kill else wall)
    with Store.open(address) as store:
        faults = faults_of(store.decisions(), store.live(), seen)
        print(f"{len(store.decisions())} rows on record, {len(store.live())} live, {len(faults)} faults")
    for one in [*faults, *({} if options.kill else dict.fromkeys(seen.errors))][:10]:
        print(f"  {one}")
    return not faults and (options.kill or (in_time and not seen.errors))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--provisions", type=int, default=5000)
    parser.add_argument("--think", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="")
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--kill", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.postgresql:
            with _postgresql() as address:
                right = _measure(folder, address, options)
        else:
            right = _measure(folder, options.database or str(folder / "review.sqlite3"), options)
    raise SystemExit(0 if right else 1)


if __name__ == "__main__":
    main()
