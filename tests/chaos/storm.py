"""A storm over one study: for a while something dies or is full all the time, then it is calm."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from service.artefacts import Store
from service.db import Database
from tests.chaos import books
from tests.chaos.proxy import Proxy, proxied
from tests.e2e.conftest import API, PLANNER, Site, until
from tests.postgres import Postgres
from tinyfront import Client, Parameters, Real, Study, TinyfrontError, minimize

STUDY = "storm"
# How fast the clocks of the workers go; with the last, leases run out under the hands of workers.
RATES = (1.0, 0.25, 1.5)
# Makes the file system of a server full while a file is there, where a real disk would say so.
FULL_DISK = """
import errno, os
from fsspec.implementations import local

write = local.LocalFileOpener.write
def checked(file, chunk):
    if os.path.exists(os.environ["STORM_FULL"]):
        raise OSError(errno.ENOSPC, "No space left on device")
    return write(file, chunk)
local.LocalFileOpener.write = checked
"""


@dataclass
class Storm:
    """One server, some processes of workers behind a bad line, and what happens to them.

    Args:
        site: where the server runs.
        postgres: the database server, if that is to be killed, too.
        seed: of what happens, and when.
        processes: of the API.
        hands: processes of three workers each.
        rest_s: between two disasters, on average.
    """

    site: Site
    postgres: Postgres | None
    seed: int
    processes: int = 1
    hands: int = 2
    rest_s: float = 1.5
    done: "Counter[str]" = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.full = self.site.folder / "full"

    def run(self, trials: int, storm_s: float, calm_s: float) -> dict[str, float]:
        """Run a study of so many trials; the storm ends after `storm_s` or with the study.

        Returns:
            What happened, by name, and how long it took.

        Raises:
            AssertionError: a promise was broken, or the study did not end within `calm_s` of calm.
        """
        begun_s = time.monotonic()
        self._start_server()
        with Client(self.site.url) as client, proxied(self.site.port, self.seed) as proxy:
            study = _create(client, trials)
            for number in range(self.hands):
                self._start_hands(number, proxy)
            while time.monotonic() < begun_s + storm_s and not _has_ended(study):
                self._strike(proxy)
                time.sleep(self.chance.uniform(0.5, 1.5) * self.rest_s)
            proxy.spare()
            stormed_s = time.monotonic() - begun_s
            self._repair(proxy)
            until(lambda: _has_ended(study), "the study has ended", calm_s)
            until(lambda: self._nobody_holds_a_lease(), "no lease is open", 30.0)
            self._check(trials)
        seconds = {"storm_s": round(stormed_s, 1), "all_s": round(time.monotonic() - begun_s, 1)}
        return {**self.done, **{f"requests_{k}": n for k, n in proxy.done.items()}, **seconds}

    def _start_server(self) -> None:
        folder = self.site.folder / "patches"
        folder.mkdir(exist_ok=True)
        (folder / "sitecustomize.py").write_text(FULL_DISK)
        paths = os.pathsep.join((str(folder), os.environ.get("PYTHONPATH", "")))
        self.site.start_server(self.processes, PYTHONPATH=paths, STORM_FULL=str(self.full))

    def _start_hands(self, number: int, proxy: Proxy) -> None:
        url = f"http://127.0.0.1:{proxy.port}"
        how = {"seed": f"{self.seed}-{number}", "rate": RATES[number % len(RATES)]}
        self.site.start_hands(f"hands{number}", STUDY, 3, url, **how)

    def _strike(self, proxy: Proxy) -> None:
        disasters: list[Callable[[], None]] = [
            self._kill_a_planner,
            self._kill_a_planner,
            lambda: self._kill_hands(proxy),
            lambda: self._kill_hands(proxy),
            self._kill_an_api_process,
            self._kill_the_server,
            self._fill_or_empty_the_disk,
            self._fill_or_empty_the_disk,
        ]
        if self.postgres is not None:
            disasters += [self._kill_postgres, self._kill_postgres]
        self.chance.choice(disasters)()

    def _kill_one_of(self, pids: list[int], what: str) -> None:
        if pids:
            with suppress(ProcessLookupError):
                os.kill(self.chance.choice(pids), signal.SIGKILL)
            self.done[f"killed_{what}"] += 1

    def _kill_a_planner(self) -> None:
        self._kill_one_of(self.site.pids("server", PLANNER), "planners")

    def _kill_an_api_process(self) -> None:
        self._kill_one_of(self.site.pids("server", API), "api_processes")

    def _kill_hands(self, proxy: Proxy) -> None:
        number = self.chance.randrange(self.hands)
        self.site.kill(f"hands{number}")
        self.done["killed_workers"] += 1
        self._start_hands(number, proxy)

    def _kill_the_server(self) -> None:
        self.site.kill("server")
        self.done["killed_servers"] += 1
        self._start_server()

    def _kill_postgres(self) -> None:
        assert self.postgres is not None
        self.postgres.kill()
        self.done["killed_databases"] += 1
        time.sleep(self.chance.uniform(0.0, 2.0))
        self.postgres.start()

    def _fill_or_empty_the_disk(self) -> None:
        if self.full.exists():
            self.full.unlink()
        else:
            self.full.touch()
            self.done["filled_disks"] += 1

    def _repair(self, proxy: Proxy) -> None:
        self.full.unlink(missing_ok=True)
        for number in range(self.hands):
            if self.site.running[f"hands{number}"].poll() is not None:
                self.site.running.pop(f"hands{number}")
                self._start_hands(number, proxy)

    def _nobody_holds_a_lease(self) -> bool:
        db = Database(self.site.database_url)
        try:
            with db.read() as session:
                return books.open_leases(session) == 0
        finally:
            db.close()

    def _check(self, trials: int) -> None:
        db = Database(self.site.database_url)
        try:
            with db.read() as session:
                notes = books.diaries(self.site.folder)
                books.check(session, STUDY, trials, notes)
                store = Store(str(self.site.folder / "artefacts"), 2**20)
                self.done["files"] = books.check_files(session, store)
            self.done["acknowledged"] = len(notes)
            left = [path for path in Path(self.site.folder / "artefacts").rglob("incoming/*")]
            self.done["half_files_left"] = len(left)
        finally:
            db.close()


def _create(client: Client, trials: int) -> Study:
    return client.create_study(
        STUDY,
        space=Parameters(Real("x", 0, 1), Real("y", 0, 1)),
        objectives=[
            minimize("cost", ideal=0, reference=2),
            minimize("loss", ideal=0, reference=2),
        ],
        trials=trials,
        designer="random",
        ahead=50,
        max_attempts=100,
    )


def _has_ended(study: Study) -> bool:
    try:
        return study.refresh().state.status == "ended"
    except TinyfrontError:  # the server is away just now
        return False
