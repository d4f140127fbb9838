"""A service of measured speed before thousands of workers, event by event.

What a request costs is measured (`docs/adr/0013-what-a-request-costs.md`,
`benchmarks/results/service_load.json`); what happens when there are more processes, databases,
workers or proposals is computed here. A process of the API writes what has come in as one
transaction; the larger it is, the less each request costs, as measured. The database serves two
transactions at a time. A study's thinker fills its queue.
"""

import heapq
import random
from collections import deque
from dataclasses import dataclass, field, replace

MS = 1e-3
# A shared transaction in the writing thread and in PostgreSQL, for itself and for each request:
# the table of ADR 13 (2.1, 0.8 and 0.35 ms at 1, 4 and 16 together; 0.5, 0.3 and 0.13 ms).
WRITER_S, WRITER_EACH_S = 1.86 * MS, 0.24 * MS
DATABASE_S, DATABASE_EACH_S = 0.40 * MS, 0.11 * MS
# All else that a request takes, HTTP, access, log, ledger: 2.9 ms for 1,000 workers, less these.
OTHER_EACH_S = 2.2 * MS
GATHER_S = 15 * MS  # after a transaction the next waits so long for company
TOGETHER = 64
DATABASE_LINES = 2
LEASE_S = 60.0


@dataclass(frozen=True, slots=True)
class Service:
    """What serves the workers.

    Args:
        processes: of the API, for each database.
        cores: that these share with their database; None for a core each and two for the database.
        databases: installations side by side; a study, and so each worker, belongs to one.
        ahead: proposals that wait, in each installation.
        think_s: how long a thought takes; it makes at most half of `ahead`.
    """

    processes: int = 2
    cores: float | None = None
    databases: int = 1
    ahead: int = 500
    think_s: float = 0.6

    @property
    def slowness(self) -> float:
        """So much longer all takes where processes wait for a core."""
        return 1.0 if self.cores is None else max(1.0, (self.processes + 1) / self.cores)


@dataclass(frozen=True, slots=True)
class Work:
    """What the workers do: trials that last `trial_s`, give or take a fifth, with reports."""

    workers: int
    trial_s: float
    reports: int = 2

    @property
    def requests(self) -> float:
        """Of one trial: claim, reports, renewals, result."""
        return 2 + self.reports + self.renewals

    @property
    def renewals(self) -> int:
        """At least one, as in the measured load, which stands for the word in between."""
        return max(1, int(self.trial_s * 3 / LEASE_S))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it, over the time that counts."""

    trials_per_s: float
    requests_per_s: float
    training_share: float  # of the workers' time
    p50_ms: float
    p99_ms: float
    database_share: float  # of the time of its two lines


@dataclass(slots=True)
class _Process:
    waiting: deque[tuple[float, int, bool]] = field(default_factory=deque)
    busy: bool = False


class _Run:
    """One installation and its workers."""

    def __init__(self, service: Service, work: Work, seed: int) -> None:
        self.service, self.work = service, work
        self.chance = random.Random(seed)
        self.events: list[tuple[float, int, str, int]] = []
        self.count = 0
        self.processes = [_Process() for _ in range(service.processes)]
        self.lines = [0.0] * DATABASE_LINES
        self.queued, self.thinking = service.ahead, False
        self.hungry: deque[tuple[int, float]] = deque()
        self.trial_of: dict[int, float] = {}
        self.answers: list[tuple[float, float]] = []
        self.trials: list[tuple[float, float]] = []
        self.database_s = 0.0
        self.now_s = 0.0

    def run(self, ramp_s: float, counted_s: float) -> Outcome:
        for worker in range(self.work.workers):
            self._at(self.chance.uniform(0, ramp_s), "claim", worker)
        end_s = ramp_s + counted_s
        while self.events and self.events[0][0] < end_s:
            self.now_s, _, kind, who = heapq.heappop(self.events)
            getattr(self, f"_{kind}")(who)
        took_ms = sorted(1e3 * took for at, took in self.answers if at >= ramp_s)
        trials = [trained for at, trained in self.trials if at >= ramp_s]
        return Outcome(
            trials_per_s=len(trials) / counted_s,
            requests_per_s=len(took_ms) / counted_s,
            training_share=min(1.0, sum(trials) / (self.work.workers * counted_s)),
            p50_ms=_quantile(took_ms, 0.5),
            p99_ms=_quantile(took_ms, 0.99),
            database_share=self.database_s / (end_s * DATABASE_LINES),
        )

    def _at(self, at_s: float, kind: str, who: int) -> None:
        self.count += 1
        heapq.heappush(self.events, (at_s, self.count, kind, who))

    def _claim(self, worker: int) -> None:
        self.hungry.append((worker, self.now_s))
        self._lend()

    def _lend(self) -> None:
        while self.queued and self.hungry:
            worker, since_s = self.hungry.popleft()
            self.queued -= 1
            self._send(since_s, worker, claims=True)
        if not self.thinking and self.queued <= self.service.ahead * 7 / 8:
            self.thinking = True
            self._at(self.now_s + self.service.think_s, "thought", 0)

    def _thought(self, _: int) -> None:
        self.thinking = False
        lacking = self.service.ahead - self.queued + len(self.hungry)
        self.queued += min(lacking, max(1, self.service.ahead // 2))
        self._lend()

    def _word(self, worker: int) -> None:
        """A report or a renewal: the training goes on meanwhile."""
        self._send(self.now_s, -1 - worker, claims=False)

    def _result(self, worker: int) -> None:
        self.trials.append((self.now_s, self.trial_of.pop(worker)))
        self._send(self.now_s, worker, claims=False)

    def _send(self, since_s: float, worker: int, claims: bool) -> None:
        number = abs(worker) % len(self.processes)
        process = self.processes[number]
        process.waiting.append((since_s, worker, claims))
        if not process.busy:
            process.busy = True
            self._at(self.now_s, "write", number)

    def _write(self, number: int) -> None:
        process = self.processes[number]
        if not process.waiting:
            process.busy = False
            return
        batch = [process.waiting.popleft() for _ in range(min(TOGETHER, len(process.waiting)))]
        size, slow = len(batch), self.service.slowness
        written_s = self.now_s + slow * (WRITER_S + size * WRITER_EACH_S)
        line = min(range(DATABASE_LINES), key=self.lines.__getitem__)
        takes_s = slow * (DATABASE_S + size * DATABASE_EACH_S)
        self.database_s += takes_s
        done_s = self.lines[line] = max(written_s, self.lines[line]) + takes_s
        for since_s, worker, claims in batch:
            self.answers.append((done_s, done_s - since_s))
            if claims:
                self._begin(worker, done_s)
            elif worker >= 0:
                self._at(done_s, "claim", worker)
        # The same core reads and answers requests meanwhile; what has come in by then goes next.
        gather_s = max(GATHER_S, slow * size * OTHER_EACH_S)
        self._at(done_s + gather_s, "write", number)

    def _begin(self, worker: int, now_s: float) -> None:
        trial_s = self.work.trial_s * self.chance.uniform(0.8, 1.2)
        words = self.work.reports + self.work.renewals
        for word in range(words):
            self._at(now_s + trial_s * (word + 1) / (words + 1), "word", worker)
        self.trial_of[worker] = trial_s
        self._at(now_s + trial_s, "result", worker)


def simulated(service: Service, work: Work, seed: int = 0, counted_s: float = 60.0) -> Outcome:
    """What a service does for workers that come within the length of a trial and are watched then.

    Who waits for a claim or a result trains nothing meanwhile; reports and renewals hold up nobody.
    """
    ramp_s = max(30.0, 2 * work.trial_s)
    share = replace(work, workers=-(-work.workers // service.databases))
    one = _Run(service, share, seed).run(ramp_s, counted_s)
    times = service.databases
    return replace(
        one, trials_per_s=times * one.trials_per_s, requests_per_s=times * one.requests_per_s
    )


def _quantile(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))] if values else 0.0
