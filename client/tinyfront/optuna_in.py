"""An Optuna study as a study of a server, with the results that it has."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinyfront.client import Client
from tinyfront.errors import InvalidArgument, NoCounterpart, NotFound
from tinyfront.objectives import Objective
from tinyfront.optuna_out import optuna_package
from tinyfront.spaces import Choice, Integer, Parameters, Real, Space
from tinyfront.study import Study

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

MOST_STEPS = 100  # of a stepped range that becomes a choice
NO_METRIC = re.compile(r"[^A-Za-z0-9_:.@-]")  # what no name of a metric has


def from_optuna(
    client: Client,
    study: optuna.Study,
    name: str | None = None,
    *,
    trials: int | None = None,
    objectives: Sequence[str] | None = None,
    space: Space | None = None,
    **definition: Any,
) -> Study:
    """Create a study from one of Optuna and add its completed trials; the search goes on from them.

    The same call again, after more trials in Optuna, adds what is new to the study that exists.
    Distributions become parameters, directions goals, constraints `NAME <= 0`. A range with steps
    becomes an ordered choice. Trials that were pruned, failed or are open have no counterpart and
    are left out with a warning; so are those without a value for a constraint that others have.

    Args:
        client: Of the server.
        study: The Optuna study.
        name: Of the new study; by default the one that it has.
        trials: The budget of the new study; by default twice what is added, at least 10 more.
        objectives: Names; by default Optuna's metric names, else `value`, or `value_0` and so on.
        space: Where Optuna's is not clear, as where parameters depend on others.
        definition: Further arguments of `client.create_study`.

    Raises:
        NoCounterpart: a trial lacks a parameter that others have, or a distribution changes.
        WrongRows: a result does not fit; see `study.add_results`.
        InvalidArgument: a study of that name exists with other objectives; or an argument is
            none of these.
        MissingPackage: Optuna is not installed.
    """
    package = optuna_package()
    for field, value, wanted in (("client", client, Client), ("study", study, package.Study)):
        if not isinstance(value, wanted):
            raise InvalidArgument(
                field, f"need from_optuna(Client(), an Optuna study), got {value!r}."
            )
    source = _Source.of(study, objectives)
    found = _space(source.trials) if space is None else space
    goals = [Objective(each, _goal(study, place)) for place, each in enumerate(source.objectives)]
    count = len(source.trials)
    name = study.study_name if name is None else name
    made = _existing(client, name, goals) or client.create_study(
        name,
        space=found,
        objectives=goals,
        constraints=[{"name": each, "limit": 0.0} for each in source.constraints.values()],
        trials=max(2 * count, count + 10) if trials is None else trials,
        **definition,
    )
    # Samplers of Optuna may draw a point again.
    made.add_results(source.rows(found), replicates=True)
    return made.refresh()


@dataclass(frozen=True, slots=True)
class _Source:
    """The trials that count, and what their numbers are called here."""

    trials: tuple[FrozenTrial, ...]
    objectives: tuple[str, ...]
    constraints: Mapping[str, str]  # our name by Optuna's

    @classmethod
    def of(cls, study: optuna.Study, objectives: Sequence[str] | None) -> _Source:
        done = _completed(study)
        if not done:
            raise NoCounterpart(
                f"{study.study_name} has no completed trial: nothing tells its space."
            )
        names = tuple(_objective_names(study) if objectives is None else objectives)
        if len(names) != len(study.directions):
            raise InvalidArgument(
                "objectives", f"need {len(study.directions)} names, got {len(names)}."
            )
        keys = sorted({key for trial in done for key in trial.constraints})
        usable = tuple(trial for trial in done if len(trial.constraints) == len(keys))
        if len(usable) < len(done):
            count = len(done) - len(usable)
            _warn(f"{count} trials without a value for each constraint are left out.")
        return cls(usable, names, {key: _constraint_name(key, names) for key in keys})

    def rows(self, space: Space) -> list[dict[str, Any]]:
        """Its results, as rows for `add_results`."""
        steps = _steps_of(space)
        return [
            {
                "parameters": {
                    name: min(steps[name], key=lambda each: abs(each - value))
                    if name in steps
                    else value
                    for name, value in trial.params.items()
                },
                "values": {
                    **dict(zip(self.objectives, trial.values, strict=True)),
                    **{name: trial.constraints[key] for key, name in self.constraints.items()},
                },
            }
            for trial in self.trials
        ]


def _existing(client: Client, name: str, objectives: Sequence[Objective]) -> Study | None:
    try:
        found = client.study(name)
    except NotFound:
        return None
    wanted = [(each.name, each.goal) for each in objectives]
    if [(each.name, each.goal) for each in found.objectives] != wanted:
        names = ", ".join(each.name for each in found.objectives)
        raise InvalidArgument("name", f"study {name} exists, with the objectives {names}.")
    return found


def _completed(study: optuna.Study) -> list[FrozenTrial]:
    trials = study.get_trials(deepcopy=False)
    left_out = Counter(trial.state.name.lower() for trial in trials)
    left_out.pop("complete", None)
    if left_out:
        told = ", ".join(f"{count} {state}" for state, count in sorted(left_out.items()))
        _warn(f"Trials without a result have no counterpart and are left out: {told}.")
    return [trial for trial in trials if trial.state.name == "COMPLETE"]


def _objective_names(study: optuna.Study) -> list[str]:
    if study.metric_names is not None:
        return list(study.metric_names)
    count = len(study.directions)
    return ["value"] if count == 1 else [f"value_{place}" for place in range(count)]


def _goal(study: optuna.Study, place: int) -> Any:
    return study.directions[place].name.lower()


def _constraint_name(key: str, objectives: Sequence[str]) -> str:
    """A name for a metric; a limit on an objective needs one beside that objective's own."""
    name = NO_METRIC.sub("_", key)
    return f"constraint_{name}" if name in objectives or not name[:1].isalpha() else name


def _space(trials: Sequence[FrozenTrial]) -> Parameters:
    """The parameters of all trials; of a range that changed on the way, all that it ever was."""
    names = list(dict.fromkeys(name for trial in trials for name in trial.params))
    for trial in trials:
        missing = [name for name in names if name not in trial.params]
        if missing:
            raise NoCounterpart(
                f"Trial {trial.number} has no {', '.join(missing)}: give space=Parameters(...) "
                "with `when` where one parameter depends on another."
            )
    return Parameters(
        *(_parameter(name, [trial.distributions[name] for trial in trials]) for name in names)
    )


def _parameter(name: str, found: Sequence[BaseDistribution]) -> Real | Integer | Choice:
    ranges: Sequence[Any] = found
    first = ranges[0]
    forms = {(type(r), getattr(r, "log", None), getattr(r, "step", None)) for r in ranges}
    if len(forms) > 1:
        raise NoCounterpart(f"{name}: its distribution changes; give space=Parameters(...).")
    if hasattr(first, "choices"):
        return Choice(name, list(first.choices))
    low, high = min(each.low for each in ranges), max(each.high for each in ranges)
    if low == high:
        return Choice(name, [low])
    if isinstance(low, int) and first.step == 1:
        return Integer(name, low, high, first.log)
    if first.step is None:
        return Real(name, low, high, first.log)
    count = round((high - low) / first.step) + 1
    if count > MOST_STEPS or len({each.low for each in ranges}) > 1:
        raise NoCounterpart(
            f"{name}: {count} steps of {first.step:g} from {low:g} to {high:g} have no "
            "counterpart; give space=Parameters(...)."
        )
    return Choice(name, [low + place * first.step for place in range(count)], ordered=True)


def _steps_of(space: Space) -> dict[str, list[float]]:
    """Of stepped ranges their values: Optuna's own may differ from them by a rounding."""
    parameters = space.to_json().get("parameters", [])
    return {
        each["name"]: each["values"]
        for each in parameters
        if each.get("ordered") and all(isinstance(value, int | float) for value in each["values"])
    }


def _warn(text: str) -> None:
    warnings.warn(text, UserWarning, stacklevel=5)
