"""1,000 simulated workers on one server of two processes, on PostgreSQL and with keys.

Their trials last 10 s, give or take a fifth: claim, report, renewal, report, complete. They come
within 30 s, then three minutes count. All share the cores of one machine: the server, its planner,
PostgreSQL, and the workers, which are one process on raw kept connections. Then: how many trials 16
clients without pause get through, Optuna with its storage on the same PostgreSQL, and 1,000 claims
that wait for work while others ask.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.load import rdb
from benchmarks.load.fleet import Fleet, told, waiting
from benchmarks.load.place import Place, Sensor, serving
from benchmarks.record import record
from tests.conftest import upgrade
from tests.postgres import SURE, Postgres, postgres_server

WORKERS, TRIAL_S = 1_000, 10.0
RAMP_S, COUNTED_S, MINUTE_S = 30.0, 180.0, 60.0
CLIENTS, CLOSED_S = 16, 20.0
OPTUNA_PROCESSES, OPTUNA_S = (1, 2, 4, 8), 15.0
WAITING, PROBE_S = 1_000, 15.0
FAST_MS, CLAIM_MS, TRIALS_PER_S, GROWTH = 100.0, 250.0, 95.0, 1.05
MOST_THREADS, MOST_CONNECTIONS = 40, 16


def crowd(place: Place) -> dict[str, float]:
    """The 1,000 workers."""
    study = place.study("load", trials=100_000, ahead=500)
    sensor, mine = Sensor(place.process), psutil.Process()
    with sensor.looking():
        cpu_s, begun_s = sum(mine.cpu_times()[:2]), time.perf_counter()
        fleet = Fleet(place.port, place.worker_key, study, TRIAL_S)
        book = asyncio.run(fleet.run(WORKERS, RAMP_S, COUNTED_S))
        share = (sum(mine.cpu_times()[:2]) - cpu_s) / (time.perf_counter() - begun_s)
    for error in sorted(set(book.errors))[:10]:
        print(error, file=sys.stderr)
    figures = told(book, RAMP_S)
    end_s = RAMP_S + COUNTED_S
    return figures | {
        "errors": len(book.errors),
        "trials_per_s": figures["complete_requests"] / COUNTED_S,
        "requests_per_s": sum(n for name, n in figures.items() if name.endswith("_requests"))
        / COUNTED_S,
        "generator_cpu_share": share,
        "memory_first_minute_mib": sensor.mean_mib(RAMP_S, RAMP_S + MINUTE_S),
        "memory_last_minute_mib": sensor.mean_mib(end_s - MINUTE_S, end_s),
    }


def closed_loop(place: Place) -> dict[str, float]:
    """Clients without a pause: what the server can do."""
    study = place.study("closed", trials=100_000, ahead=500)
    fleet = Fleet(place.port, place.worker_key, study, 0.0)
    book = asyncio.run(fleet.run(CLIENTS, 2.0, CLOSED_S))
    figures = told(book, 2.0)
    return {
        "closed_trials_per_s": figures["complete_requests"] / CLOSED_S,
        "closed_errors": len(book.errors),
        "closed_claim_p99_ms": figures["claim_p99_ms"],
        "closed_complete_p99_ms": figures["complete_p99_ms"],
    }


def optuna(postgres: Postgres) -> dict[str, float]:
    """Trials per second of Optuna, with as many processes as serve it best."""
    figures = {
        f"optuna_{processes}_processes_trials_per_s": rdb.trials_per_s(
            postgres.url(postgres.create()), processes, OPTUNA_S
        )
        for processes in OPTUNA_PROCESSES
    }
    return figures | {"optuna_trials_per_s": max(figures.values())}


def long_line(postgres: Postgres, folder: Path) -> dict[str, float]:
    """1,000 claims that wait at a server of one process."""
    url = _database(postgres)
    with serving(url, 1, folder) as place:
        place.study("empty", trials=1, ahead=0)
        place.call("PATCH", "/studies/empty", {"status": "paused"})
        sensor = Sensor(place.process)
        with sensor.looking():
            book = asyncio.run(waiting(place.port, place.admin_key, "empty", WAITING, PROBE_S))
            name = url.split("/")[3].split("?")[0]
            connections = int(
                postgres.value(f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'")
            )
    figures = told(book, 0.0)
    return {
        "waiting_errors": len(book.errors),
        "waiting_other_p50_ms": figures["other_p50_ms"],
        "waiting_other_p99_ms": figures["other_p99_ms"],
        "waiting_threads": sensor.threads,
        "waiting_connections": connections,
    }


def _database(postgres: Postgres) -> str:
    url = postgres.url(postgres.create())
    upgrade(url)
    return url


def main() -> None:
    """Run everything, one after the other, and record."""
    figures: dict[str, float] = {}
    with postgres_server(SURE) as postgres, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with serving(_database(postgres), 2, folder) as place:
            figures |= crowd(place)
            print(figures, flush=True)
            figures |= closed_loop(place)
        figures |= long_line(postgres, folder)
        print(figures, flush=True)
        figures |= optuna(postgres)
    figures["ratio_closed_to_optuna"] = (
        figures["closed_trials_per_s"] / figures["optuna_trials_per_s"]
    )
    growth = figures["memory_last_minute_mib"] / figures["memory_first_minute_mib"]
    meets = {
        "no error": figures["errors"] == 0,
        "p99 of renew, report and complete under 100 ms": all(
            figures[f"{kind}_p99_ms"] < FAST_MS for kind in ("renew", "report", "complete")
        ),
        "p99 of claim under 250 ms": figures["claim_p99_ms"] < CLAIM_MS,
        "at least 95 trials per second": figures["trials_per_s"] >= TRIALS_PER_S,
        "memory of the last minute at most 1.05 times the first's": growth <= GROWTH,
        "1,000 waiting claims: others' p99 under 100 ms": figures["waiting_errors"] == 0
        and figures["waiting_other_p99_ms"] < FAST_MS,
        "1,000 waiting claims: at most 40 threads": figures["waiting_threads"] <= MOST_THREADS,
        "1,000 waiting claims: at most 16 connections": figures["waiting_connections"]
        <= MOST_CONNECTIONS,
    }
    record("service_load", {k: round(v, 3) for k, v in figures.items()}, meets)


if __name__ == "__main__":
    main()
