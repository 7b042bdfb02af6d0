"""Pebble's pool of processes, with six of its faults mended. Imported only where processes are started.

It may see a process end before it has read what that process said last, namely which task it took: the task would be
nobody's until its time is over, or be handed out again as if nobody had begun it. And it tells how long a task takes by
the time of day, which is set forward and back, and goes on while a machine sleeps. And where it gives itself up, a task
handed in at that moment would never come to an end.

Where the process that others are copies of is killed, it takes no more of their ends notice, and they count as ended
while they are just about to: what one takes up meanwhile would be waited for until its time is over. And where that
happens while a process begins, the pool would not be, though the next attempt begins with a new one.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing.context import BaseContext
from queue import Empty
from typing import Any

from pebble import ProcessExpired, ProcessFuture, ProcessPool
from pebble.common import Result, ResultStatus
from pebble.pool.base_pool import PoolContext, PoolStatus, Task
from pebble.pool.process import PoolManager, TaskManager, WorkerManager

from .processes import how_to_begin, kill, programs_of, untold_of_ctrl_c

_MORE_ATTEMPTS = 2
"""How often a process is begun again where the one that it is a copy of ended meanwhile."""
_GOING_SECONDS = 0.2
"""How long a process that was killed may still count as living, and be asked for copies in vain."""


class _Tasks(TaskManager):  # type: ignore[misc]
    def __init__(self, task_done_callback: Callable[[], None]) -> None:
        super().__init__(task_done_callback)
        self.ended: dict[int, int] = {}
        """Processes whose end was judged -> exit code."""

    def task_start(self, task_id: int, worker_id: int | None) -> None:
        super().task_start(task_id, worker_id)
        if (task := self.tasks.get(task_id)) is not None:
            task.timestamp = time.monotonic()
            if worker_id in self.ended:
                error = ProcessExpired("Abnormal termination", code=self.ended[worker_id], pid=worker_id)
                self.task_done(task_id, Result(ResultStatus.ERROR, error))

    @staticmethod
    def timeout(task: Task) -> bool:
        return bool(task.timeout and task.started and time.monotonic() - task.timestamp > task.timeout)


class _Workers(WorkerManager):  # type: ignore[misc]
    def new_worker(self) -> None:
        for _ in range(_MORE_ATTEMPTS):
            try:
                super().new_worker()
                return
            except BrokenProcessPool as error:
                if not isinstance(error.__cause__, (EOFError, ConnectionError)):
                    raise
                time.sleep(_GOING_SECONDS)
        super().new_worker()

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
            worker_id, exit_code = expiration = self._ended.popleft()
            self.task_manager.ended[worker_id] = exit_code
            super().handle_worker_expiration(expiration)

    def update_workers(self) -> None:
        super().update_workers()
        for worker_id in tuple(self.worker_manager.workers):  # a number may be given again
            self.task_manager.ended.pop(worker_id, None)

    def _is_told_more(self) -> bool:
        try:
            return bool(self.worker_manager.pool_channel.poll(0))
        except OSError as error:
            raise BrokenProcessPool from error

    @property
    def is_broken(self) -> bool:
        return bool(self.context.status == PoolStatus.ERROR)

    def schedule(self, task: Task) -> None:
        """As pebble's. Whoever gives the pool up ends the tasks that he finds: one that comes later ends here."""
        super().schedule(task)
        if self.is_broken:
            self.task_manager.task_problem(task.id, _given_up())

    def handle_broken_pool(self, error: BrokenProcessPool) -> None:
        super().handle_broken_pool(error)
        self.end_waiting()

    def end_waiting(self) -> None:
        """End the tasks that nobody takes up any more."""
        queue = self.context.task_queue
        with suppress(Empty):
            while (task := queue.get_nowait()) is not None:
                self.task_manager.register(task)
                self.task_manager.task_problem(task.id, _given_up())
            queue.put(None)  # it tells the thread that takes up tasks to end


def _given_up() -> BrokenProcessPool:
    return BrokenProcessPool("The pool was given up before the task was begun.")


class Pool(ProcessPool):  # type: ignore[misc]
    """As pebble's ProcessPool, of processes that begin as a run's do."""

    def __init__(
        self, max_workers: int, initializer: Callable[..., object], initargs: tuple[Any, ...], max_tasks: int = 0
    ) -> None:
        context = how_to_begin()
        super().__init__(max_workers, max_tasks, initializer, initargs, context)
        self._pool_manager = _Manager(self._context, context)

    def schedule(
        self,
        function: Callable[..., Any],
        args: Iterable[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        timeout: float | None = None,
    ) -> ProcessFuture:
        """As pebble's; where the pool is given up the future raises BrokenProcessPool. Raises RuntimeError where the
        pool was closed or stopped."""
        try:
            future = super().schedule(function, args, dict(kwargs or {}), timeout)
        except RuntimeError:
            if not self._pool_manager.is_broken:
                raise
            future = ProcessFuture()
            future.set_exception(_given_up())
        if self._pool_manager.is_broken:
            self._pool_manager.end_waiting()
        return future

    def _start_pool(self) -> None:
        with untold_of_ctrl_c():
            super()._start_pool()
