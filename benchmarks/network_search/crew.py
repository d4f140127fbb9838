"""Trainings in processes of one thread each, begun and finished one by one."""

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from benchmarks.network_search.clock import Clock
from benchmarks.pools import pool

Task = TypeVar("Task")
Json = dict[str, Any]
# Gives the next training, told those that are running: what it is for, a function at the top level
# of a module and its arguments; None to begin no more.
Begin = Callable[[list[Task]], tuple[Task, Callable[..., Json], tuple[Any, ...]] | None]

TICK_S = 10.0
# Whoever fails so often without a success between fails for a reason that will not go away.
MOST_FAILED = 5


def timed(function: Callable[..., Json], *arguments: Any) -> Json:
    """The result of a training with its wall seconds, without those that its process began in."""
    begun_s = time.monotonic()
    line = function(*arguments)
    return {**line, "wall_s": time.monotonic() - begun_s}


class Crew(Generic[Task]):
    """Processes that train, and what each of them is at.

    One that dies takes what the others are at along: a pool does not outlive a process of its own.
    """

    def __init__(self, processes: int) -> None:
        """Begin no process yet."""
        self._processes = processes
        self._strangers = set(multiprocessing.active_children())
        self._pool: Executor = pool(processes)
        # Each with the seconds that were thought, and when it began.
        self._running: dict[Future[Json], tuple[Task, float, float]] = {}

    @property
    def tasks(self) -> list[Task]:
        """What is trained at this moment."""
        return [task for task, _, _ in self._running.values()]

    def fill(self, begin: Begin[Task]) -> bool:
        """Begin trainings until every process has one; False once there is none to begin."""
        while len(self._running) < self._processes:
            asked_s = time.monotonic()
            next_ = begin(self.tasks)
            begun_s = time.monotonic()
            if next_ is None:
                return False
            task, function, arguments = next_
            try:
                future = self._pool.submit(timed, function, *arguments)
            except BrokenProcessPool:
                self._pool = pool(self._processes)
                future = self._pool.submit(timed, function, *arguments)
            self._running[future] = (task, begun_s - asked_s, begun_s)
        return True

    def ended(self, most_s: float) -> list[tuple[Task, Future[Json], float, float]]:
        """Wait so long for trainings to end.

        Returns:
            Their tasks, their results, the seconds of thought before them, and those since.
        """
        done = wait(self._running, max(0.0, most_s), FIRST_COMPLETED).done
        now_s = time.monotonic()
        found = [(future, *self._running.pop(future)) for future in done]
        return [
            (task, future, thought_s, now_s - begun_s) for future, task, thought_s, begun_s in found
        ]

    def end(self) -> None:
        """Kill what is still trained."""
        for child in set(multiprocessing.active_children()) - self._strangers:
            child.kill()
        self._pool.shutdown()


@dataclass
class Told(Generic[Task]):
    """Whom results are told, and how many trainings failed since the last success."""

    end: Callable[[Task, Json], None]
    fail: Callable[[Task, Exception, float], None]
    failed: int = 0

    def __call__(self, task: Task, future: Future[Json], thought_s: float, since_s: float) -> None:
        """Tell one result."""
        error = future.exception()
        if error is None:
            self.failed = 0
            line = future.result()
            self.end(task, {**line, "wall_s": round(thought_s + line["wall_s"], 2)})
            return
        if not isinstance(error, Exception):  # an interrupt says nothing of the training
            raise error
        self.failed += 1
        self.fail(task, error, round(thought_s + since_s, 2))
        if self.failed == MOST_FAILED:
            raise RuntimeError(f"{self.failed} trainings in a row failed") from error


def work_through(
    clock: Clock,
    processes: int,
    begin: Begin[Task],
    end: Callable[[Task, Json], None],
    fail: Callable[[Task, Exception, float], None],
) -> None:
    """Keep all processes busy until nothing is left to begin and the last training has ended.

    When the time is up, what is still trained is killed and dropped.

    Args:
        clock: ticks while they work.
        processes: how many trainings at once.
        begin: see `Begin`.
        end: told each task with what its function returned and, as `wall_s`, the wall seconds that
            `begin` thought and the function took.
        fail: told the task of a training that raised, with the error and such seconds.

    Raises:
        RuntimeError: too many failed one after the other; its cause is the last.
    """
    crew, told, open_ = Crew[Task](processes), Told(end, fail), True
    try:
        while clock.left_s > 0:
            open_ = open_ and crew.fill(begin)
            if not crew.tasks:
                break
            for ended in crew.ended(min(TICK_S, clock.left_s)):
                if clock.left_s > 0:  # else it ended while another one was thought of
                    told(*ended)
            clock.tick()
    finally:
        dropped = len(crew.tasks)
        crew.end()
        clock.tick()
    if dropped:
        print(f"{clock.spent_s:.0f} s: the time is up, {dropped} trainings are dropped", flush=True)
