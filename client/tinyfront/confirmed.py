"""What is confirmed of a study: its networks trained from scratch and judged by the test set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tinyfront.errors import UnreadableAnswer
from tinyfront.records import StudyObjective, items, read


@dataclass(frozen=True, slots=True)
class ConfirmRun:
    """One training from scratch; `values` has `error` and `test_error` once it is completed."""

    id: int
    number: int
    status: str
    replicate: int = 1
    reason: str | None = None
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConfirmedNetwork:
    """A network that was frozen: what the search saw of it, and what its runs found.

    `mean` and `sd` are over the completed runs, by metric, `error` and `test_error` among them;
    both are empty if no run came to an end. The `sd` of a single run is None.
    """

    trial: Mapping[str, Any]  # id, number and status of the trial that found it
    runs: tuple[ConfirmRun, ...] = ()
    observed: Mapping[str, float] = field(default_factory=dict)
    completed: int = 0
    mean: Mapping[str, float] = field(default_factory=dict)
    sd: Mapping[str, float | None] = field(default_factory=dict)
    feasible: bool | None = None

    @property
    def number(self) -> int:
        """The number of the trial that found it."""
        return int(self.trial["number"])


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The frozen networks of a study, the best on the test set first, and how much of them holds.

    `observed_hypervolume` is what the search promised of these networks, `confirmed_hypervolume`
    what their mean values with the error on the test set keep, on the scale of the study.
    `optimism` is the difference, None while runs are open.
    """

    test_reads: int
    open: int = 0  # runs that are still to come
    observed_hypervolume: float | None = None
    confirmed_hypervolume: float | None = None
    optimism: float | None = None
    objectives: tuple[StudyObjective, ...] = ()
    networks: tuple[ConfirmedNetwork, ...] = ()
    wire: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


def confirmed_of(body: Any, url: str) -> Confirmed:
    """Read what the server shows of a study's confirm runs."""
    networks = tuple(_network(each, url) for each in items(body, url))
    return read(Confirmed, body, url, networks=networks, wire=body)


def _network(body: Any, url: str) -> ConfirmedNetwork:
    if not isinstance(body, Mapping) or not isinstance(body.get("trial"), Mapping):
        raise UnreadableAnswer(url, "no confirmed network")
    runs = tuple(read(ConfirmRun, each, url) for each in body.get("runs", []))
    return read(ConfirmedNetwork, {**body, "runs": runs}, url)
