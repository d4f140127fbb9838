"""A study as an Optuna study in memory."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tinyfront.errors import MissingPackage, NoCounterpart
from tinyfront.limits import Limit
from tinyfront.records import StudyConstraint, StudyObjective

if TYPE_CHECKING:
    import optuna

    from tinyfront.findings import Findings
    from tinyfront.trial import Trial

Judge = StudyConstraint | StudyObjective

# How a finished trial ended, in Optuna's words.
STATES = {
    "completed": "COMPLETE",
    "stopped": "PRUNED",
    "infeasible": "FAIL",
    "failed": "FAIL",
}


def to_optuna(study: Findings) -> optuna.Study:
    """The finished trials of a black box as an Optuna study in memory.

    Parameters become distributions, objectives directions with their names; limits on objectives
    and constraints become Optuna's, at most 0 where they are kept. Stopped trials are pruned ones,
    infeasible and failed ones have failed. Open and cancelled trials are left out. Each trial has
    `tinyfront_number` among its user attributes, and the reason why it has no value.

    What Optuna cannot say is left out with a warning: the order of an ordered choice, and
    constraints among parameters, which the trials keep, but a sampler of Optuna would not.

    Raises:
        NoCounterpart: it is a study of networks.
        MissingPackage: Optuna is not installed.
    """
    package = optuna_package()
    if not study.is_black_box:
        raise NoCounterpart(f"{study.name} searches networks, for which Optuna has no space.")
    space = study.state.definition["space"]
    parameters = {str(each["name"]): each for each in space["parameters"]}
    if space.get("constraints"):
        kept = ", ".join(space["constraints"])
        _warn(f"Optuna has no constraints among parameters; left out: {kept}")
    ordered = [name for name, each in parameters.items() if each.get("ordered")]
    if ordered:
        _warn(f"Optuna has no ordered choices; {', '.join(ordered)} become unordered.")
    distributions = {name: _distribution(package, each) for name, each in parameters.items()}
    made: optuna.Study = package.create_study(
        study_name=study.name,
        directions=[each.goal for each in study.objectives],
        sampler=package.samplers.RandomSampler(seed=0),  # the caller's to choose
    )
    with warnings.catch_warnings():
        # Stable since release 3.2, but still called an experiment.
        warnings.simplefilter("ignore", package.exceptions.ExperimentalWarning)
        made.set_metric_names([each.name for each in study.objectives])
    judges: list[Judge] = [*study.state.constraints, *study.objectives]
    for trial in study.trials():
        if trial.status in STATES:
            made.add_trial(_trial(package, trial, study.objectives, judges, distributions))
    return made


def optuna_package() -> Any:
    """The package, imported when it is needed.

    Raises:
        MissingPackage: it is not installed.
    """
    try:
        import optuna as package  # an optional package, and slow to import
    except ImportError:
        raise MissingPackage("optuna", "optuna") from None
    return package


def _distribution(package: Any, parameter: Mapping[str, Any]) -> Any:
    kinds = package.distributions
    if parameter["kind"] == "choice":
        return kinds.CategoricalDistribution(parameter["values"])
    log = bool(parameter.get("log", False))
    kind = kinds.IntDistribution if parameter["kind"] == "integer" else kinds.FloatDistribution
    return kind(parameter["low"], parameter["high"], log=log)


def _trial(
    package: Any,
    trial: Trial,
    objectives: tuple[StudyObjective, ...],
    judges: list[Judge],
    distributions: Mapping[str, Any],
) -> Any:
    state = STATES[trial.status]
    about: dict[str, Any] = {"tinyfront_number": trial.number}
    if trial.reason is not None:
        about["tinyfront_reason"] = trial.reason
    constraints = {
        each.name: Limit(each.name, each.limit, each.goal).excess(trial)
        for each in judges
        if each.limit is not None and each.name in trial.values
    }
    made = package.trial.create_trial(
        state=package.trial.TrialState[state],
        values=[trial.values[each.name] for each in objectives] if state == "COMPLETE" else None,
        params=dict(trial.point),
        distributions={name: distributions[name] for name in trial.point},
        user_attrs=about,
        constraints=constraints or None,
    )
    if trial.created_at is not None:
        made.datetime_start = trial.created_at.astimezone().replace(tzinfo=None)
    if trial.finished_at is not None:  # Optuna's times are local and naive
        made.datetime_complete = trial.finished_at.astimezone().replace(tzinfo=None)
    return made


def _warn(text: str) -> None:
    warnings.warn(text, UserWarning, stacklevel=3)
