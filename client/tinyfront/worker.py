"""A worker of your own: bring a trainer in any framework, or any other program, in a few lines."""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from typing import Any, Literal, TypeVar

from rich.console import Console

from tinyfront.asking import Asking, ask, worker_name
from tinyfront.calls import trials as trial_calls
from tinyfront.calls import workers as calls
from tinyfront.client import Client
from tinyfront.datasets import DataSet
from tinyfront.durations import seconds
from tinyfront.errors import InvalidArgument, TinyfrontError
from tinyfront.records import items
from tinyfront.serving import Evaluate, Service, Terminated, WorkerTrial, until_terminated
from tinyfront.study import Study

Function = TypeVar("Function", bound=Callable[..., Any])

# What a trial may need beyond a graph and a training recipe of the first release.
ABILITIES = (
    "pruning",
    "parent",
    "binary",
    "training",
    "confirm",
    "int8",
    "instructions",
    "int4",
)


class Worker:
    """Evaluates trials one after the other by a function of yours.

    ```python
    worker = Worker(data=["my-set"])

    @worker.evaluate
    def train(trial):
        model = build(trial.graph)
        for epoch in range(trial.training["epochs"]):
            if trial.report(epoch + 1, {"error": one_epoch(model)}) != "continue":
                break
        trial.save("weights.npz", weights_of(model))
        return {"error": error_of(model)}

    worker.run()
    ```

    Args:
        client: Of the server; by default `Client()`.
        data: The data sets that it holds: `DataSet`s, or names of sets that others have announced.
            With data it trains networks, without it evaluates a black box.
        can: What else it follows: `pruning`, `parent` (begins with a parent's weights), `binary`
            (two classes of a set), `training` (all fields of recipes), `confirm` (reads the test
            set), `int8` (gives the errors of quantised networks), `instructions` (counts those of
            a pruned network), `int4` (quantises to weights of 4 bits). Trials that need other
            abilities are left to other workers.
        name: A name of its own. A worker that was killed and comes back under it gets its open
            trial back at once. No two running workers may share one.
        lease: After how long without a word from it others get its trial.
        accelerator: What it trains on; some studies need one.
        memory_mib: Of the accelerator or the machine; some studies need some.
    """

    def __init__(  # noqa: PLR0913 - what a worker says of itself, by name; all have a default
        self,
        client: Client | None = None,
        *,
        data: Sequence[DataSet | str] = (),
        can: Sequence[str] = (),
        name: str | None = None,
        lease: float | str = "60s",
        accelerator: Literal["cpu", "cuda"] = "cpu",
        memory_mib: int = 0,
    ) -> None:
        unknown = [word for word in can if word not in ABILITIES]
        if unknown or isinstance(can, str):
            raise InvalidArgument("can", f"need a list of {', '.join(ABILITIES)}, got {can!r}.")
        if isinstance(data, str):
            raise InvalidArgument("data", f"need a list of data sets, got {data!r}.")
        self.name = worker_name() if name is None else name
        self._client = Client() if client is None else client
        self._data = tuple(data)
        self._can = tuple(can)
        self._resume = name is not None
        self._lease_s = round(seconds("lease", lease))
        self._place = {"accelerator": accelerator, "memory_mib": memory_mib}
        self._function: Evaluate | None = None
        self._told_needs = False

    def evaluate(self, function: Function) -> Function:
        """Decorate the function that evaluates a trial.

        It gets a `WorkerTrial` and returns the measured values by name, for a network its `error`;
        what the server knows of a network that is not pruned it computes itself. An exception fails
        the trial, which others then try again; `raise Infeasible("diverged")`, and a value that is
        not finite, say that the point has no value.
        """
        if self._function is not None:
            raise InvalidArgument("evaluate", "this worker has a function already.")
        self._function = function
        return function

    def run(
        self, study: str | int | None = None, *, trials: int | None = None, progress: bool = True
    ) -> int:
        """Serve until Ctrl-C or SIGTERM, which hand the open trial back, or until the study ends.

        It outlasts a restart of the server.

        Args:
            study: Work for this study only, and end with it. A worker without data must name one.
            trials: End after so many.
            progress: Print a line for each trial on standard error.

        Returns:
            How many trials were evaluated.

        Raises:
            InvalidArgument: nothing can be done here; the message says why.
            ServerUnreachable: no answer, or none for ten minutes.
            Exception: what the function raised in five trials in a row.
        """
        if self._function is None:
            raise InvalidArgument("evaluate", "decorate a function with @worker.evaluate first.")
        console = Console(stderr=True, emoji=False, quiet=not progress)
        facts = self._facts()
        found = self._study(study, facts)
        self._client.connection.json(calls.announce(self.name, self._announcement(facts)))
        asking = Asking(
            study=None if found is None else found.id,
            worker=self.name,
            count=1,
            lease_s=self._lease_s,
            wait_s=None,
            resume=self._resume,
            has=self._wish(facts),
        )
        service = Service(self._function, lambda line: _say(console, line))
        service.say(f"Worker {self.name} serves {self._client.url}.")
        with suppress(KeyboardInterrupt, Terminated), until_terminated():
            for trial in ask(
                self._client.connection,
                asking,
                lambda: found is not None and self._has_ended(found, service),
                WorkerTrial,
            ):
                service.serve(trial)
                if service.served == trials:
                    break
        service.say(f"Worker {self.name} ends after {service.served} trials.")
        return service.served

    def _facts(self) -> dict[str, dict[str, Any]]:
        """What it holds, by name; of a bare name what others have announced."""
        announced = {each["name"]: each for each in self._client.data()} if self._data else {}
        facts: dict[str, dict[str, Any]] = {}
        for each in self._data:
            if isinstance(each, DataSet):
                facts[each.name] = each.to_json()
            elif (known := announced.get(each)) is not None and known.get("problem") is None:
                facts[each] = known
            else:
                raise InvalidArgument(
                    "data", f"no worker has announced {each!r}: give its facts, DataSet.of(...)."
                )
        return facts

    def _study(self, wanted: str | int | None, facts: Mapping[str, Any]) -> Study | None:
        """The study to serve, checked: with other data a worker would wait for ever."""
        if wanted is None:
            if not facts:
                raise InvalidArgument(
                    "study", "name one: a worker without data evaluates a single black box."
                )
            return None
        found = self._client.study(wanted)
        if found.is_black_box:
            if facts:
                raise InvalidArgument(
                    "study",
                    f"{found.name} is a black box, and a worker with data trains networks: "
                    "serve it by a Worker without data.",
                )
            return found
        data = found.state.data or {}
        held = facts.get(str(data.get("name")))
        if held is None:
            raise InvalidArgument("data", f"{found.name} trains on {data.get('name')}: hold it.")
        for field in ("sha256", "split_sha256"):
            if held[field] != data.get(field):
                raise InvalidArgument(
                    "data",
                    f"{found.name} was made with other {data['name']}: its {field} is "
                    f"{str(data.get(field))[:12]}…, here it is {held[field][:12]}….",
                )
        return found

    def _announcement(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        versions = {"python": platform.python_version(), "tinyfront": version("tinyfront")}
        return {
            **self._place,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "versions": versions,
            "data": list(facts.values()),
        }

    def _wish(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        return {
            **self._place,
            "kinds": ["network"] if facts else ["parameters"],
            "data": {name: each["sha256"] for name, each in facts.items()},
            "can": list(self._can),
        }

    def _has_ended(self, study: Study, service: Service) -> bool:
        if study._has_ended():
            return True
        if not self._told_needs and study.state.counts.get("queued", 0):
            with suppress(TinyfrontError):  # only advice
                self._tell_needs(study, service)
        return False

    def _tell_needs(self, study: Study, service: Service) -> None:
        """Say once what the first trial in the queue needs and this worker cannot do."""
        connection = self._client.connection
        first = connection.json(trial_calls.listing(study.id, "queued", limit=1))
        for each in items(first, self._client.url):  # none: somebody has taken it meanwhile
            queued = self._client.trial(each["id"]).wire
            lacking = [word for word in queued.get("needs", []) if word not in self._can]
            if lacking:
                self._told_needs = True
                service.say(
                    f"Trial {queued['number']} waits for a worker that can "
                    f"{', '.join(lacking)}: Worker(can={lacking}), if yours does."
                )


def _say(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
