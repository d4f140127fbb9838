"""What a process tells Prometheus: counted as it happens, or read from the database when asked.

Several processes of one server count in files of a shared folder, which the supervisor names in
`SHARED_FOLDER` before any of them imports this module; whichever is asked answers for all of
them.
"""

import os
from collections.abc import Iterator, Mapping, Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from service.config import SHARED_FOLDER
from service.db import Database
from service.open_studies import Load, count_by_status, load
from service.states import Status

disable_created_metrics()  # type: ignore[no-untyped-call]  # twice as many rows, for nobody
REQUEST_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
PROPOSAL_S = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)


class Monitor:
    """The figures of one process. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._shared = os.environ.get(SHARED_FOLDER)
        self._own = CollectorRegistry()
        registry = None if self._shared else self._own
        self._requests = Histogram(
            "tinyfront_request_seconds",
            "Time from a request to the end of its answer; a claim may wait for work.",
            ("method", "route", "status"),
            registry=registry,
            buckets=REQUEST_S,
        )
        self._proposals = Histogram(
            "tinyfront_proposal_seconds",
            "Time a study thought for one batch of proposals.",
            ("designer",),
            registry=registry,
            buckets=PROPOSAL_S,
        )
        self._lost = Counter(
            "tinyfront_lost_workers",
            "Leases that expired because their worker was not heard of.",
            registry=registry,
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note an answer to a request."""
        self._requests.labels(method, route, str(status)).observe(seconds)

    def proposed(self, designer: str, seconds: float) -> None:
        """Note how long a thought took."""
        self._proposals.labels(designer).observe(seconds)

    def lost(self, count: int) -> None:
        """Note leases whose workers were not heard of."""
        self._lost.inc(count)

    def text(self, db: Database) -> bytes:
        """Write all figures in the text format of Prometheus.

        Raises:
            SQLAlchemyError: the database is away; without it half of the figures would be missing.
        """
        with db.read() as session:
            under_way, counts = load(session), count_by_status(session)
        counted = self._own
        if self._shared:
            counted = CollectorRegistry()
            MultiProcessCollector(counted, self._shared)  # type: ignore[no-untyped-call]
        read = CollectorRegistry()
        read.register(_Stored(under_way, counts))
        return generate_latest(counted) + generate_latest(read)


class _Stored(Collector):
    """Figures that were read from the database."""

    def __init__(self, under_way: Sequence[Load], counts: Mapping[Status, int]) -> None:
        self._under_way = under_way
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """Give one row per study that is not done, and one per status of trials."""
        labels = ("study", "name")
        queue = GaugeMetricFamily("tinyfront_queue", "Trials that wait for a worker.", None, labels)
        leases = GaugeMetricFamily("tinyfront_leases", "Trials in hands of workers.", None, labels)
        volume = GaugeMetricFamily("tinyfront_hypervolume", "Of the front so far.", None, labels)
        for each in self._under_way:
            names = (str(each.study_id), each.name)
            queue.add_metric(names, each.queued)
            leases.add_metric(names, each.running)
            if each.hypervolume is not None:
                volume.add_metric(names, each.hypervolume)
        trials = GaugeMetricFamily("tinyfront_trials", "Trials of all studies.", None, ("status",))
        for status in Status:
            trials.add_metric((status.value,), self._counts.get(status, 0))
        yield from (queue, leases, volume, trials)
