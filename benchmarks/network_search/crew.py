"""Trainings in processes of one thread each, begun and finished one by one."""

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from typing import Any, TypeVar

from benchmarks.network_search.clock import Clock

Task = TypeVar("Task")
Json = dict[str, Any]

TICK_S = 10.0


def work_through(
    clock: Clock,
    processes: int,
    begin: Callable[[list[Task]], tuple[Task, Callable[..., Json], tuple[Any, ...]] | None],
    end: Callable[[Task, Json], None],
) -> None:
    """Keep all processes busy until `begin` has nothing more and the last training has ended.

    Args:
        clock: ticks while they work.
        processes: how many trainings at once.
        begin: told the tasks that are running; gives the next one with a function at the top level
            of a module and its arguments, or None to begin no more.
        end: told each task with what its function returned, as it ends.
    """
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    context = multiprocessing.get_context("spawn")
    running: dict[Future[Json], Task] = {}
    open_ = True
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        while open_ or running:
            while open_ and len(running) < processes:
                next_ = begin(list(running.values()))
                if next_ is None:
                    open_ = False
                else:
                    task, function, arguments = next_
                    running[pool.submit(function, *arguments)] = task
            for done in wait(running, TICK_S, FIRST_COMPLETED).done:
                end(running.pop(done), done.result())
            clock.tick()
