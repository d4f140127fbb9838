"""A study on a server: its state, its trials, its front."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tinyfront.asked import AskedTrial
from tinyfront.asking import Asking, ask, worker_name
from tinyfront.confirmed import Confirmed, confirmed_of
from tinyfront.connection import PATIENCE_FOR_RESULTS_S, Call, Connection
from tinyfront.durations import seconds
from tinyfront.errors import InvalidArgument
from tinyfront.figures import figure
from tinyfront.frames import frame
from tinyfront.front import Front
from tinyfront.looks import looks
from tinyfront.progress import Display, display
from tinyfront.records import (
    HypervolumeHistory,
    HypervolumePoint,
    StudyObjective,
    StudyState,
    items,
    pages,
    read,
    state_of,
)
from tinyfront.trial import Trial, trial_of

if TYPE_CHECKING:
    from pandas import DataFrame
    from plotly.graph_objects import Figure


class Study:
    """A study; `state` is what the server last said, `refresh()` asks again."""

    def __init__(self, connection: Connection, state: StudyState) -> None:
        self._connection = connection
        self.state = state

    @property
    def id(self) -> int:
        """The study's number on its server."""
        return self.state.id

    @property
    def name(self) -> str:
        """The study's name."""
        return self.state.name

    @property
    def status(self) -> str:
        """`active`, `paused` or `ended`, as of the last refresh."""
        return self.state.status

    @property
    def objectives(self) -> tuple[StudyObjective, ...]:
        """The objectives, complete with unit and scale."""
        return self.state.objectives

    @property
    def is_black_box(self) -> bool:
        """Whether it searches parameters, not networks."""
        space = self.state.definition.get("space")
        return isinstance(space, Mapping) and space.get("kind") == "parameters"

    def refresh(self) -> Study:
        """Ask the server for the newest state."""
        return self._take(self._connection.json(Call("GET", self._path())))

    def wait(self, progress: bool = True, timeout: float | str | None = None) -> Study:
        """Wait until the study has ended; it outlasts a restart of the server.

        Args:
            progress: Show a live bar on a terminal and lines elsewhere, on standard error.
            timeout: Seconds or text like `2h`; None waits as long as the server answers.

        Raises:
            WaitTimeout: the study has not ended in time; it goes on.
            ServerUnreachable: no answer for ten minutes.
        """
        timeout_s = None if timeout is None else seconds("timeout", timeout)
        shown = display(progress)
        try:
            for _ in self._looks(timeout_s, shown):
                pass
        finally:
            shown.close()
        return self

    def watch(self) -> Iterator[StudyState]:
        """The newest state about every second until the study has ended."""
        return self._looks(None, display(False))

    def front(self, device: str | None = None) -> Front:
        """The trials that no other beats; with `device` only what fits its flash and SRAM."""
        answer = self._connection.json(Call("GET", self._path("/front"), query={"device": device}))
        url = self._connection.url
        objectives = [read(StudyObjective, each, url) for each in answer.get("objectives", [])]
        trials = [trial_of(self._connection, each) for each in items(answer, url)]
        return Front(self, objectives or self.objectives, trials)

    def trials(self, status: str | None = None, purpose: str | None = None) -> Iterator[Trial]:
        """All trials of the search, or those of one status, fetched page by page.

        Args:
            purpose: `confirm` for the runs that confirm the front.
        """
        query = {"status": status, "purpose": purpose}
        for each in pages(self._connection, self._path("/trials"), query):
            yield trial_of(self._connection, each)

    def to_pandas(self) -> DataFrame:
        """All trials as a data frame, one row each, indexed by number."""
        return frame(self.trials(), flat=self.is_black_box)

    def hypervolume(self) -> float | None:
        """The hypervolume of the front now; None while the scale is not fixed."""
        return self.refresh().state.hypervolume

    def hypervolume_history(self) -> HypervolumeHistory:
        """The hypervolume after each trial that changed the front."""
        answer = self._connection.json(Call("GET", self._path("/hypervolume")))
        url = self._connection.url
        points = tuple(read(HypervolumePoint, each, url) for each in answer.get("points", []))
        return HypervolumeHistory(answer.get("ideal") or {}, answer.get("reference") or {}, points)

    def confirm(
        self,
        networks: int = 20,
        seeds: int = 3,
        again: bool = False,
        trials: Sequence[int] | None = None,
    ) -> Confirmed:
        """Train networks of the front from scratch, with fresh seeds, and read the test set.

        Workers do so outside of the budget, also when the study has ended; it returns at once.

        Args:
            networks: At most so many, those that make most of the hypervolume.
            seeds: Trainings of each network.
            again: Needed to read the test set once more.
            trials: Numbers of completed trials, instead of a choice from the front.

        Raises:
            Conflict: the test set was read before, or there is nothing to confirm.
        """
        body: dict[str, Any] = {"networks": networks, "seeds": seeds, "again": again}
        if trials is not None:
            body["trials"] = list(trials)
        call = Call("POST", self._path("/confirm"), body, creates=True)
        return confirmed_of(self._connection.json(call), self._connection.url)

    def confirmed(self) -> Confirmed:
        """What the test set says of the networks that were confirmed, and how often it was read."""
        answer = self._connection.json(Call("GET", self._path("/confirmed")))
        return confirmed_of(answer, self._connection.url)

    def plot(self, name: str = "front") -> Figure:
        """Draw `front`, `front3d`, `hypervolume` or `thinking`, as on the study's page."""
        return figure(self._connection, self._path(f"/figures/{name}"))

    def export(self, format: str = "csv") -> Iterator[bytes]:
        """All trials as `csv` or `jsonl`, or all of the `study`, piece by piece."""
        call = Call("GET", self._path("/export"), query={"format": format})
        with self._connection.stream(call) as response:
            yield from response.iter_bytes()

    def ask(
        self,
        count: int = 1,
        lease: float | str = "1h",
        wait: float | str | None = None,
        worker: str | None = None,
        has: Mapping[str, Any] | None = None,
    ) -> Iterator[AskedTrial]:
        """Trials to evaluate, until the study has ended.

        Their leases are renewed by a daemon thread. What is open when the loop is left, when the
        iterator is closed or when the program ends goes back to the queue. An iterator cannot see
        an exception in the body of its loop; write `with trial:` in the body, and the exception
        fails that trial with its text.

        Args:
            count: How many trials are held at a time. With one, each must be closed before the
                next is asked for; with more, others may close them meanwhile (threads, a cluster).
            lease: After how long without a word from this process others get its trials.
            wait: End also when no trial came for so long; None waits until the study has ended.
            worker: A name of your own. A program that was killed and comes back under the same
                name gets its open trials back at once. No two running programs may share one.
            has: `{"accelerator": "cuda", "memory_mib": 24000}`, for a study that needs some of it.
        """
        asking = Asking(
            study_id=self.id,
            worker=worker_name() if worker is None else worker,
            count=count,
            lease_s=round(seconds("lease", lease)),
            wait_s=None if wait is None else seconds("wait", wait),
            resume=worker is not None,
            has=dict(has or {}),
        )
        return ask(self._connection, asking, self._has_ended)

    def enqueue(
        self,
        parameters: Mapping[str, Any],
        values: Mapping[str, float] | None = None,
        parent: int | None = None,
        replicate: bool = False,
    ) -> Trial:
        """Add a proposal of your own, or with `values` a result that you already have.

        A point that the study holds already is refused, unless with `replicate` it shall be
        measured again. For networks `parameters` is the point: the genotype as JSON. `parent` is
        the number of a completed trial of this study, whose weights the network inherits before it
        is trained.
        """
        name = "parameters" if self.is_black_box else "point"
        body: dict[str, Any] = {name: dict(parameters)}
        if values is not None:
            body["values"] = dict(values)
        if parent is not None:
            body["parent"] = parent
        if replicate:
            body["replicate"] = True
        call = Call("POST", self._path("/trials"), body, creates=True)
        return trial_of(self._connection, self._connection.json(call))

    def pause(self) -> Study:
        """Hand out no more trials; those that run go on."""
        return self._change({"status": "paused"})

    def resume(self) -> Study:
        """Go on after a pause."""
        return self._change({"status": "active"})

    def close(self) -> Study:
        """End the study now."""
        return self._change({"status": "ended"})

    def extend(
        self, trials: int = 0, *, epochs: int = 0, hours: float = 0.0, plateau: int = 0
    ) -> Study:
        """Give the study so much more of its budgets; one that it does not have begins at 0."""
        state = self.refresh().state
        more = {"trials": trials, "epochs": epochs, "hours": hours, "plateau": plateau}
        wanted = {
            name: (getattr(state, name) or 0) + amount for name, amount in more.items() if amount
        }
        if not wanted:
            raise InvalidArgument("trials", "need more of at least one budget.")
        return self._change(wanted)

    def delete(self) -> None:
        """Delete the study with all its trials."""
        self._connection.json(Call("DELETE", self._path()))

    def __repr__(self) -> str:
        return (
            f"<Study {self.name}, {self.status}: {self.state.finished} of {self.state.trials} "
            f"trials, front {self.state.front_size}>"
        )

    def _path(self, below: str = "") -> str:
        return f"/studies/{self.id}{below}"

    def _change(self, body: Mapping[str, Any]) -> Study:
        return self._take(self._connection.json(Call("PATCH", self._path(), body)))

    def _take(self, body: Any) -> Study:
        self.state = state_of(body, self._connection.url)
        return self

    def _has_ended(self) -> bool:
        call = Call("GET", self._path(), patience_s=PATIENCE_FOR_RESULTS_S)
        return self._take(self._connection.json(call)).status == "ended"

    def _looks(self, timeout_s: float | None, shown: Display) -> Iterator[StudyState]:
        # No retries inside a look: between two of them the display shall be told.
        call = Call("GET", self._path(), patience_s=0.0)

        def look() -> StudyState:
            return self._take(self._connection.json(call)).state

        return looks(self.state, look, self._connection.pause, timeout_s, shown)
