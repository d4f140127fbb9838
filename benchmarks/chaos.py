"""Storms over studies of 500 fast trials, on SQLite and on PostgreSQL: nothing may be lost.

Workers, planners, API processes, the whole server and the PostgreSQL server are killed with
SIGKILL at random moments, requests and answers are lost, doubled and delayed by a proxy, workers'
clocks run fast and slow, and the disk of the artefacts is full for a while. After it the database
is read: every trial finished once, every acknowledged report, result and file is there, the
hypervolume history is that of the trials, and nobody holds a lease. `tests/e2e/test_chaos.py` is
the same in small.
"""

import sys
import tempfile
from pathlib import Path

from benchmarks.record import record
from tests.chaos.storm import Storm
from tests.conftest import upgrade
from tests.e2e.conftest import Site, free_port
from tests.postgres import SURE, postgres_server

TRIALS = 500
SEEDS = (1, 2)
STORM_S, CALM_S = 300.0, 300.0
REST_S = 4.0  # a server has to come up in between


def storms(kind: str, seed: int) -> dict[str, float]:
    """Run one storm; an error is a broken promise."""
    with tempfile.TemporaryDirectory() as name, postgres_server(SURE) as postgres:
        folder = Path(name)
        url = f"sqlite:///{folder / 'tinyfront.db'}"
        if kind == "postgresql":
            url = postgres.url(postgres.create())
            upgrade(url)
        site = Site(folder, url, free_port())
        mortal, processes = (postgres, 2) if kind == "postgresql" else (None, 1)
        try:
            storm = Storm(site, mortal, seed, processes, hands=3, rest_s=REST_S)
            return storm.run(TRIALS, STORM_S, CALM_S)
        finally:
            site.stop()


def main() -> int:
    """Run all storms and record what happened in them."""
    figures: dict[str, float] = {}
    meets: dict[str, bool] = {}
    for kind in ("sqlite", "postgresql"):
        meets[f"{kind}_lost_nothing"] = True
        for seed in SEEDS:
            try:
                done = storms(kind, seed)
            except AssertionError as broken:
                print(f"{kind}, seed {seed}: {broken}", file=sys.stderr)
                meets[f"{kind}_lost_nothing"] = False
                continue
            print(kind, seed, done, flush=True)
            for name, value in done.items():
                total = figures.get(f"{kind}_{name}", 0.0) + value
                figures[f"{kind}_{name}"] = round(total, 1)
    record("chaos", figures, meets)
    return 0 if all(meets.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
