"""What a study has found: trials, front, hypervolume, importance, figures."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from tinyfront.calls import studies as calls
from tinyfront.calls import trials as trial_calls
from tinyfront.confirmed import Confirmed, confirmed_of
from tinyfront.figures import figure
from tinyfront.frames import frame
from tinyfront.front import Front
from tinyfront.handle import StudyHandle
from tinyfront.hypervolumes import HypervolumeHistory, history_of
from tinyfront.importances import Importance, importance_of
from tinyfront.records import StudyObjective, items, pages, read
from tinyfront.trial import Trial, trial_of

if TYPE_CHECKING:
    from pandas import DataFrame
    from plotly.graph_objects import Figure

MOST_PER_PAGE = 1000  # that the server takes


class Findings(StudyHandle):
    """The part of a study that only reads."""

    def front(self, device: str | None = None) -> Front:
        """The trials that no other beats; with `device` only what fits its flash and SRAM."""
        answer = self._ask(calls.front(self.id, device))
        url = self._connection.url
        objectives = [read(StudyObjective, each, url) for each in answer.get("objectives", [])]
        trials = [trial_of(self._connection, each) for each in items(answer, url)]
        return Front(self, objectives or self.objectives, trials)

    def trials(self, status: str | None = None, purpose: str | None = None) -> Iterator[Trial]:
        """All trials of the search, or those of one status, fetched page by page.

        Args:
            status: `queued`, `running`, `completed`, `stopped`, `infeasible`, `failed` or
                `cancelled`.
            purpose: `confirm` for the runs that confirm the front.
        """
        listing = partial(trial_calls.listing, self.id, status, purpose, MOST_PER_PAGE)
        for each in pages(self._connection, listing):
            yield trial_of(self._connection, each)

    def to_pandas(self) -> DataFrame:
        """All trials as a data frame, one row each, indexed by number."""
        return frame(self.trials(), flat=self.is_black_box)

    def hypervolume(self) -> float | None:
        """The hypervolume of the front now; None while the scale is not fixed."""
        return self.refresh().state.hypervolume

    def hypervolume_history(self) -> HypervolumeHistory:
        """The hypervolume after each trial that changed the front."""
        return history_of(self._ask(calls.hypervolume(self.id)), self._connection.url)

    def importance(self) -> Importance:
        """How much of what is seen in each objective comes from which feature."""
        return importance_of(self._ask(calls.importance(self.id)), self._connection.url)

    def confirmed(self) -> Confirmed:
        """What the test set says of the networks that were confirmed, and how often it was read."""
        return confirmed_of(self._ask(calls.confirmed(self.id)), self._connection.url)

    def plot(self, name: str = "front", **options: Any) -> Figure:
        """Draw a figure of the study's page.

        Args:
            name: `front`, `front3d`, `hypervolume`, `parallel`, `importance`, `timeline` or
                `thinking`.
            options: What the figure takes, as in its address: `x="macs"`, `y_log=True`.

        Raises:
            InvalidArgument: the server draws no such figure.
            Refused: it does not take such an option.
        """
        return figure(self._connection, calls.figure(self.id, name, options))

    def export(self, format: str = "csv") -> Iterator[bytes]:
        """All trials as `csv` or `jsonl`, or all of the `study`, piece by piece."""
        with self._connection.stream(calls.export(self.id, format)) as response:
            yield from response.iter_bytes()
