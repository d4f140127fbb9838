"""A storm over one study: for a while something dies or is full all the time, then it is calm."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from service.artefacts import Store
from service.db import Database
from tests.chaos import books
from tests.chaos.proxy import Proxy, proxied
from tests.e2e.conftest import API, PATHS, PLANNER, Site, until
from tests.postgres import Postgres
from tinyfront import Client, Parameters, Real, Study, TinyfrontError, minimize

STUDY = "storm"
ASKER = "asker"  # one process with the SDK's loop, beside the hands
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

    Beside `hands` there is a program with the loop of the SDK.

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
    workers: dict[str, Callable[[], None]] = field(default_factory=dict)  # how each is started

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
            self._start_workers(proxy)
            broke_s = time.monotonic()
            strikes = self._strikes()
            while time.monotonic() < broke_s + storm_s and not _has_ended(study):
                next(strikes)()
                time.sleep(self.chance.uniform(0.5, 1.5) * self.rest_s)
            proxy.spare()
            stormed_s = time.monotonic() - broke_s
            self._repair()
            until(lambda: _has_ended(study), "the study has ended", calm_s)
            until(lambda: self._nobody_holds_a_lease(), "no lease is open", 30.0)
            until(lambda: self.site.running[ASKER].poll() == 0, "the SDK's loop has ended", 30.0)
            self._check(trials)
        seconds = {"storm_s": round(stormed_s, 1), "all_s": round(time.monotonic() - begun_s, 1)}
        return {**self.done, **{f"requests_{k}": n for k, n in proxy.done.items()}, **seconds}

    def _start_server(self) -> None:
        folder = self.site.folder / "patches"
        folder.mkdir(exist_ok=True)
        (folder / "sitecustomize.py").write_text(FULL_DISK)
        paths = os.pathsep.join((str(folder), os.environ.get("PYTHONPATH", "")))
        self.site.start_server(self.processes, PYTHONPATH=paths, STORM_FULL=str(self.full))

    def _start_workers(self, proxy: Proxy) -> None:
        url = f"http://127.0.0.1:{proxy.port}"
        diary = self.site.folder / f"{ASKER}.diary"
        asker = ["tests.chaos.asker", url, STUDY, ASKER, str(diary)]
        start_asker = partial(self.site.run, ASKER, asker, PYTHONPATH=PATHS)
        start_asker()
        until(diary.exists, "the SDK's loop works")  # alone: it has trials before it is killed
        for number in range(self.hands):
            name = f"hands{number}"
            how = {"seed": f"{self.seed}-{number}", "rate": RATES[number % len(RATES)]}
            self.workers[name] = partial(self.site.start_hands, name, STUDY, 3, url, **how)
            self.workers[name]()
        self.workers[ASKER] = start_asker

    def _strikes(self) -> Iterator[Callable[[], None]]:
        """What happens: first what each storm shall have seen, however short it is."""
        disasters: list[Callable[[], None]] = [
            self._kill_a_planner,
            self._kill_a_planner,
            self._kill_a_worker,
            self._kill_a_worker,
            self._kill_an_api_process,
            self._kill_the_server,
            self._fill_or_empty_the_disk,
            self._fill_or_empty_the_disk,
        ]
        yield partial(self._kill_worker, ASKER)
        if self.postgres is not None:
            disasters += [self._kill_postgres, self._kill_postgres]
            yield self._kill_postgres
        while True:
            yield self.chance.choice(disasters)

    def _kill_one_of(self, pids: list[int], what: str) -> None:
        if pids:
            with suppress(ProcessLookupError):
                os.kill(self.chance.choice(pids), signal.SIGKILL)
            self.done[f"killed_{what}"] += 1

    def _kill_a_planner(self) -> None:
        self._kill_one_of(self.site.pids("server", PLANNER), "planners")

    def _kill_an_api_process(self) -> None:
        self._kill_one_of(self.site.pids("server", API), "api_processes")

    def _kill_a_worker(self) -> None:
        self._kill_worker(self.chance.choice(sorted(self.workers)))

    def _kill_worker(self, name: str) -> None:
        self.site.kill(name)
        self.done["killed_workers"] += 1
        self.workers[name]()

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

    def _repair(self) -> None:
        self.full.unlink(missing_ok=True)
        for name, start in self.workers.items():
            if self.site.running[name].poll() is not None:
                self.site.running.pop(name)
                start()

    def _nobody_holds_a_lease(self) -> bool:
        db = Database(self.site.database_url)
        try:
            with db.read() as session:
                return books.open_leases(session) == 0
        finally:
            db.close()

    def _check(self, trials: int) -> None:
        books.check_log(self.site.folder / "server.log")
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
