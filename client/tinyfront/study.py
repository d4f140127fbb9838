"""A study on a server: wait for it, work for it, add to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyfront import adding, past
from tinyfront.asked import AskedTrial
from tinyfront.asking import Asking, ask, check_able, worker_name
from tinyfront.calls import PATIENCE_FOR_RESULTS_S
from tinyfront.calls import studies as calls
from tinyfront.calls import trials as trial_calls
from tinyfront.confirmed import Confirmed, confirmed_of
from tinyfront.durations import seconds
from tinyfront.findings import Findings
from tinyfront.looks import looks
from tinyfront.optuna_out import to_optuna
from tinyfront.progress import display
from tinyfront.records import StudyState
from tinyfront.steering import Steering
from tinyfront.trial import Trial, trial_of

if TYPE_CHECKING:
    import optuna
    from pandas import DataFrame


class Study(Findings, Steering):
    """A study; `state` is what the server last said, `refresh()` asks again."""

    def wait(self, progress: bool = True, timeout: float | str | None = None) -> Study:
        """Wait until the study has ended; it outlasts a restart of the server.

        Ctrl-C leaves the study as it is: its workers go on.

        Args:
            progress: Show a live bar on a terminal and in a notebook, and lines elsewhere, on
                standard error.
            timeout: Seconds or text like `2h`; None waits as long as the server answers.

        Raises:
            WaitTimeout: the study has not ended in time; it goes on.
            ServerUnreachable: no answer for ten minutes.
        """
        for _ in self.watch(progress, timeout):
            pass
        return self

    def watch(
        self, progress: bool = False, timeout: float | str | None = None
    ) -> Iterator[StudyState]:
        """The newest state about every second until the study has ended.

        The arguments and errors are those of `wait`; `progress` shows its bar meanwhile.
        """
        timeout_s = None if timeout is None else seconds("timeout", timeout)
        return self._looks(timeout_s, progress)

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
            has: `{"accelerator": "cuda", "memory_mib": 24000}`, for a study that needs some of it;
                `{"can": ["int8"]}`, for trials whose error is that of the quantised network.

        Raises:
            InvalidArgument: all trials wait for somebody who can do more than `has` says.
        """
        check_able(self.state, has or {})
        asking = Asking(
            study=self.id,
            worker=worker_name() if worker is None else worker,
            count=count,
            lease_s=round(seconds("lease", lease)),
            wait_s=None if wait is None else seconds("wait", wait),
            resume=worker is not None,
            has=dict(has or {}),
        )
        return ask(self._connection, asking, self._has_ended, AskedTrial)

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
        is trained. Many results are better added by `add_results`.
        """
        call = trial_calls.enqueue(self.id, parameters, values, parent, replicate)
        return trial_of(self._connection, self._ask(call))

    def add_results(
        self,
        results: Sequence[Mapping[str, Any]] | DataFrame | str | Path,
        *,
        replicates: bool = False,
    ) -> list[Trial]:
        """Add results that you have from elsewhere; the search goes on from them.

        All rows are checked before the first is sent. Results that the study holds already are
        left as they are, so the same call again does no harm.

        Args:
            results: A list of rows, a data frame, or the path of a CSV file. A row is
                `{"parameters": {...}, "values": {...}}` (of networks `point`), or it is flat, with
                a name for each parameter and each value, as `study.to_pandas()` has them.
            replicates: Add rows whose point the study holds with other values as further
                measurements of it; otherwise they are errors.

        Returns:
            The trials that hold the results, in the order of the rows.

        Raises:
            WrongRows: rows cannot be added; it names each, and how many were.
            InvalidArgument: the study's budget has no room for so many.
        """
        rows = past.rows_of(results, self.state)
        return adding.add(self, rows, replicates)

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
        call = calls.confirm(self.id, networks, seeds, again, trials)
        return confirmed_of(self._ask(call), self._connection.url)

    def to_optuna(self) -> optuna.Study:
        """The finished trials as an Optuna study in memory; `tinyfront.to_optuna` says more."""
        return to_optuna(self)

    def _has_ended(self) -> bool:
        return self._take(calls.read(self.id, PATIENCE_FOR_RESULTS_S)).status == "ended"

    def _looks(self, timeout_s: float | None, progress: bool) -> Iterator[StudyState]:
        # No retries inside a look: between two of them the display shall be told.
        call = calls.read(self.id, patience_s=0.0)
        shown = display(progress)

        def look() -> StudyState:
            return self._take(call).state

        try:
            yield from looks(self.state, look, self._connection.pause, timeout_s, shown)
        except KeyboardInterrupt:
            shown.left(self.state)
            raise
        finally:
            shown.close()
