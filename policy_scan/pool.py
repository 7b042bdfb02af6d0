"""Pebble's pool of processes, with three of its faults mended. Imported only where processes are started.

It may see a process end before it has read what that process said last, namely which task it took: the task would be
nobody's until its time is over, or be handed out again as if nobody had begun it. And it tells how long a task takes by
the time of day, which is set forward and back, and goes on while a machine sleeps.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import BaseContext
from typing import Any

from pebble import ProcessPool
from pebble.pool.base_pool import PoolContext, Task
from pebble.pool.process import PoolManager, TaskManager, WorkerManager

from .processes import how_to_begin, kill, programs_of, untold_of_ctrl_c


class _Tasks(TaskManager):  # type: ignore[misc]
    def task_start(self, task_id: int, worker_id: int | None) -> None:
        super().task_start(task_id, worker_id)
        if (task := self.tasks.get(task_id)) is not None:
            task.timestamp = time.monotonic()

    @staticmethod
    def timeout(task: Task) -> bool:
        return bool(task.timeout and task.started and time.monotonic() - task.timestamp > task.timeout)


class _Workers(WorkerManager):  # type: ignore[misc]
    def maybe_stop_worker(self, worker_id: int) -> bool:
        programs = programs_of(worker_id)
        is_stopped: bool = super().maybe_stop_worker(worker_id)
        if is_stopped:
            kill(programs)
        return is_stopped

    def force_stop_workers(self) -> None:
        programs = [program for worker in tuple(self.workers) for program in programs_of(worker)]
        super().force_stop_workers()
        kill(programs)


class _Manager(PoolManager):  # type: ignore[misc]
    def __init__(self, context: PoolContext, mp_context: BaseContext) -> None:
        super().__init__(context, mp_context)
        self.worker_manager = _Workers(context.workers, context.worker_parameters, mp_context)
        self.task_manager = _Tasks(self.context.task_queue.task_done)
        self._ended: deque[tuple[int, int]] = deque()

    def handle_worker_expiration(self, expiration: tuple[int, int]) -> None:
        self._ended.append(expiration)

    def process_next_message(self, timeout: float) -> None:
        """As pebble's. The one thread that reads messages judges the ends too, once it has read all sent before."""
        n = len(self._ended)
        if n == 0 or self._is_told_more():
            super().process_next_message(timeout)
            return
        for _ in range(n):
            super().handle_worker_expiration(self._ended.popleft())

    def _is_told_more(self) -> bool:
        try:
            return bool(self.worker_manager.pool_channel.poll(0))
        except OSError as error:
            raise BrokenProcessPool from error


class Pool(ProcessPool):  # type: ignore[misc]
    """As pebble's ProcessPool, of processes that begin as a run's do."""

    def __init__(
        self, max_workers: int, initializer: Callable[..., object], initargs: tuple[Any, ...], max_tasks: int = 0
    ) -> None:
        context = how_to_begin()
        super().__init__(max_workers, max_tasks, initializer, initargs, context)
        self._pool_manager = _Manager(self._context, context)

    def _start_pool(self) -> None:
        with untold_of_ctrl_c():
            super()._start_pool()
