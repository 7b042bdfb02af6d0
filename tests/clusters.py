"""A Dask cluster for tests: a scheduler and workers as the command line starts them, each in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

TESTS = Path(__file__).parent


class Cluster:
    """`end` leaves no process behind; where it is never called, the scheduler ends when idle and workers with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "scheduler.json"
        self.workers: list[subprocess.Popen[bytes]] = []
        options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--idle-timeout", "200s")
        self.scheduler = self._start("scheduler", *options, "--scheduler-file", str(self.file))

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        path = os.pathsep.join([str(TESTS.parent), str(TESTS), os.environ.get("PYTHONPATH", "")])
        # A worker that failed is started anew at once by its nanny; its log is for whoever looks into a failed test.
        with (self.folder / "cluster.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments], stdout=log, stderr=log, cwd=self.folder,
                env={**os.environ, "PYTHONPATH": path}, start_new_session=True,
            )  # fmt: skip

    def add_worker(self) -> None:
        folder = self.folder / f"worker{len(self.workers)}"
        options = ("--nthreads", "1", "--no-dashboard", "--death-timeout", "60", "--local-directory", str(folder))
        self.workers.append(self._start("worker", "--scheduler-file", str(self.file), *options))

    @property
    def address(self) -> str:
        for _ in range(600):
            with suppress(FileNotFoundError, ValueError):
                return str(json.loads(self.file.read_text(encoding="utf-8"))["address"])
            time.sleep(0.1)
        raise TimeoutError(f"the scheduler didn't start: {(self.folder / 'cluster.log').read_text()}")

    def processes(self) -> list[psutil.Process]:
        """Nannies, workers and the processes of runs in them."""
        found: list[psutil.Process] = []
        for started in self.workers:
            with suppress(psutil.NoSuchProcess):
                nanny = psutil.Process(started.pid)
                found += [nanny, *nanny.children(recursive=True)]
        return found

    def of_runs(self) -> list[psutil.Process]:
        """The processes in which workers work on documents."""
        return [one for one in self.processes() if is_of_run(one)]

    def end(self) -> None:
        """Raises AssertionError where processes outlive their worker."""
        before = self.processes()
        for group in (self.workers, [self.scheduler]):  # a worker takes its leave of the scheduler
            for started in group:
                started.terminate()
            for started in group:
                with suppress(subprocess.TimeoutExpired):
                    started.wait(30)
        _, alive = psutil.wait_procs(before, timeout=30)
        for started in (*self.workers, self.scheduler):
            started.kill()
            started.wait()
        left = []
        for one in alive:
            with suppress(psutil.NoSuchProcess):
                left.append(" ".join(one.cmdline()))
                one.kill()
        assert not left, f"{left}\n{(self.folder / 'cluster.log').read_text(encoding='utf-8', errors='replace')}"


def is_of_run(process: psutil.Process) -> bool:
    """Whether it works for a run: a copy of the process that others are copies of, not that one."""
    try:
        own, over = process.cmdline(), process.parent()
        return "forkserver" in " ".join(own) and over is not None and over.cmdline() == own
    except psutil.NoSuchProcess:
        return False
