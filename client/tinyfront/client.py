"""The door: a client of one server."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import httpx

from tinyfront.calls import Call, workers
from tinyfront.calls import studies as study_calls
from tinyfront.calls import trials as trial_calls
from tinyfront.connection import Connection
from tinyfront.errors import InvalidArgument
from tinyfront.figures import figure
from tinyfront.objectives import Objective, minimize
from tinyfront.records import items, pages, state_of
from tinyfront.spaces import Space
from tinyfront.study import Study
from tinyfront.trial import Trial, trial_of

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

DEFAULT_URL = "http://127.0.0.1:8000"


class Client:
    """Speaks to one Tinyfront server.

    Args:
        url: The server; by default TINYFRONT_URL, else `http://127.0.0.1:8000`.
        api_key: By default TINYFRONT_API_KEY; a server that listens on its own machine needs none.
        timeout: Seconds that one step of a request may take; a call may take several.
        transport: An httpx transport in place of the network, for tests.
    """

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        timeout: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.connection = Connection(
            url=url or os.environ.get("TINYFRONT_URL") or DEFAULT_URL,
            api_key=api_key or os.environ.get("TINYFRONT_API_KEY"),
            timeout_s=timeout,
            transport=transport,
        )

    @property
    def url(self) -> str:
        """The server's address."""
        return self.connection.url

    def create_study(  # noqa: PLR0913 - the fields of a study, by name; most have a default
        self,
        name: str,
        *,
        space: Space | Mapping[str, Any],
        objectives: Sequence[Objective | Mapping[str, Any] | str],
        trials: int,
        epochs: int | None = None,
        hours: float | None = None,
        plateau: int | None = None,
        plateau_growth: float | None = None,
        stopping: Mapping[str, Any] | str | None = None,
        constraints: Sequence[Mapping[str, Any] | str] = (),
        data: str | None = None,
        binary: int | None = None,
        device: str | None = None,
        needs: Mapping[str, Any] | None = None,
        designer: str = "bayes",
        designer_options: Mapping[str, Any] | None = None,
        training: Mapping[str, Any] | None = None,
        seed: int = 0,
        ahead: int | None = None,
        think_s: float | None = None,
        max_attempts: int | None = None,
        confirm: Mapping[str, int] | None = None,
    ) -> Study:
        """Create a study, or get it back if it exists with the same definition.

        Args:
            name: Unique on the server.
            space: `Cnn(...)`, `Parameters(...)`, or the wire JSON.
            objectives: `minimize(...)`, `maximize(...)`, wire JSON, or the name of a loss.
            trials: The budget of finished trials. What is used up first ends the study.
            epochs: A budget of training epochs in all trials; of a black box, of reported steps.
            hours: A budget of time since the first claim.
            plateau: End when the hypervolume has not grown for so many trials.
            plateau_growth: What counts as no growth, as a share; by default 0.001.
            stopping: `"halving"` ends trainings that fall behind; or the rule as wire JSON, such
                as `{"rule": "halving", "first_epoch": 2}`.
            constraints: What results must keep beside the objectives, such as `temperature <= 80`:
                reported with each result, not optimised.
            data: The data set of a network study, as its workers announce it.
            binary: Labels below it become one class and all others the second; else all classes.
            device: The board that networks must fit.
            needs: What workers must have to get its trials, such as `{"accelerator": "cuda",
                "memory_mib": 8000}`.
            designer: `bayes`, `sparse`, `ageing-evolution`, `nehvi`, `random` or `sobol`.
            designer_options: What the designer lets its user set.
            training: Fields of the training recipe, such as `{"epochs": 10}`.
            seed: Proposals with equal seeds and histories are equal.
            ahead: How many proposals are made before they are asked for.
            think_s: After how many seconds of thinking a cheaper proposal is taken.
            max_attempts: How often a trial is tried before it has failed.
            confirm: Confirm the front when the study ends by itself, as `study.confirm()` does;
                `{"networks": 20, "seeds": 3}`, or `{}` for these.

        Raises:
            Refused: a field is wrong; `error.problem.field` names it.
            Conflict: a study of that name exists with another definition.
        """
        definition: dict[str, Any] = {
            "name": name,
            "space": _json("space", space, "Cnn(...), Parameters(...) or a mapping"),
            "objectives": _objectives(objectives),
            "trials": trials,
            "designer": designer,
            "seed": seed,
        }
        optional = {
            "epochs": epochs,
            "hours": hours,
            "plateau": plateau,
            "plateau_growth": plateau_growth,
            "stopping": _rule(stopping),
            "constraints": [each if isinstance(each, str) else dict(each) for each in constraints]
            or None,
            "data": data,
            "binary": binary,
            "device": device,
            "needs": None if needs is None else dict(needs),
            "designer_options": None if designer_options is None else dict(designer_options),
            "training": None if training is None else dict(training),
            "ahead": ahead,
            "think_s": think_s,
            "max_attempts": max_attempts,
            "confirm": None if confirm is None else dict(confirm),
        }
        given = {field: value for field, value in optional.items() if value is not None}
        return self.create_study_from(definition | given)

    def create_study_from(self, definition: Mapping[str, Any]) -> Study:
        """Create a study from its wire JSON, such as another study's `state.definition`."""
        return self._study(study_calls.create(definition))

    def import_study(self, source: str | Path | bytes, name: str | None = None) -> Study:
        """Import a study that `study.export("study")` wrote, all of it or nothing.

        A study that was active comes in paused; `resume()` lets it go on here.

        Args:
            source: The path of the file, or its content.
            name: Another name for the study on this server.

        Raises:
            Refused: a line is wrong; the message names its number.
            Conflict: a study of that name exists.
        """
        content = source if isinstance(source, bytes) else Path(source).read_bytes()
        return self._study(study_calls.import_lines(content, name))

    def study(self, name_or_id: str | int) -> Study:
        """The study of that name or number.

        Raises:
            NotFound: there is none.
        """
        return self._study(study_calls.read(name_or_id))

    def studies(self) -> Iterator[Study]:
        """All studies, fetched page by page."""
        for each in pages(self.connection, study_calls.listing):
            yield Study(self.connection, state_of(each, self.url))

    def trial(self, trial_id: int) -> Trial:
        """The trial with that number on the server."""
        return trial_of(self.connection, self.connection.json(trial_calls.read(trial_id)))

    def plot(
        self, studies: Sequence[Study | str | int], name: str = "hypervolume", **options: Any
    ) -> Figure:
        """Draw a figure of several studies over each other, such as how their hypervolumes grew.

        Args:
            studies: Studies, or their names or numbers.
            name: Which figure.
            options: What the figure takes, as on the page.
        """
        chosen = [each.id if isinstance(each, Study) else each for each in studies]
        return figure(self.connection, study_calls.figure_of_several(name, chosen, options))

    def data(self) -> list[dict[str, Any]]:
        """The data sets that workers announced, with shapes and checksums."""
        return items(self.connection.json(workers.data()), self.url)

    def devices(self) -> list[dict[str, Any]]:
        """The boards that the server knows."""
        return items(self.connection.json(workers.devices()), self.url)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Client of {self.url}>"

    def _study(self, call: Call) -> Study:
        return Study(self.connection, state_of(self.connection.json(call), self.url))


def _objectives(given: Sequence[Objective | Mapping[str, Any] | str]) -> list[dict[str, Any]]:
    need = "minimize(...), maximize(...), a mapping or a name"
    if isinstance(given, str | Mapping | Objective):  # one of them is a slip, not a list
        raise InvalidArgument("objectives", f"need a list of {need}, got {given!r}.")
    named = [minimize(each) if isinstance(each, str) else each for each in given]
    return [_json(f"objectives.{place}", each, need) for place, each in enumerate(named)]


def _json(field: str, given: Any, need: str) -> dict[str, Any]:
    if isinstance(given, Mapping):
        return dict(given)
    if isinstance(given, type) or not hasattr(given, "to_json"):
        raise InvalidArgument(field, f"need {need}, got {given!r}.")
    written: dict[str, Any] = given.to_json()
    return written


def _rule(stopping: Mapping[str, Any] | str | None) -> dict[str, Any] | None:
    if stopping is None:
        return None
    return {"rule": stopping} if isinstance(stopping, str) else dict(stopping)
