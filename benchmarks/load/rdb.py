"""The same trials with Optuna and its storage on the same database, closed loop."""

import multiprocessing
import time
from typing import Any

START_S = 10.0  # in which the processes start


def _ask_and_tell(url: str, name: str, begin_s: float, until_s: float, counts: Any) -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.RandomSampler()
    study = optuna.load_study(study_name=name, storage=url, sampler=sampler)
    done = 0
    study.ask()  # what is imported late is imported now
    time.sleep(max(0.0, begin_s - time.time()))
    while time.time() < until_s:
        trial = study.ask()
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        values = [x + 0.1 * y, (1 - x) ** 2 + 0.1 * y]
        # Reports of several objectives have no other place there.
        for step in (1, 2):
            trial.set_user_attr(f"report{step}", values)
        study.tell(trial, values)
        done += 1
    counts.put(done)


def trials_per_s(url: str, processes: int, seconds: float) -> float:
    """Finished trials per second of so many processes, which begin at the same time.

    Args:
        url: of an empty PostgreSQL database.
        processes: each with a sampler of its own.
        seconds: for which they work.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    url = url.replace("postgresql://", "postgresql+psycopg://")
    name = f"load{processes}"
    optuna.create_study(study_name=name, storage=url, directions=["minimize", "minimize"])
    context = multiprocessing.get_context("spawn")
    counts = context.Queue()
    begin_s = time.time() + START_S
    workers = [
        context.Process(target=_ask_and_tell, args=(url, name, begin_s, begin_s + seconds, counts))
        for _ in range(processes)
    ]
    for worker in workers:
        worker.start()
    total = sum(counts.get() for _ in workers)
    for worker in workers:
        worker.join()
    return float(total / seconds)
