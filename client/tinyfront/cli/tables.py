"""What the command line prints for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.table import Table
from rich.text import Text

from tinyfront.confirmed import Confirmed, ConfirmedNetwork
from tinyfront.front import Front
from tinyfront.numbers import NOTHING, number
from tinyfront.progress import standing
from tinyfront.records import StudyObjective, StudyState
from tinyfront.trial import Trial

# Who said where the scale lies; a server of release 0.1.0 does not say.
ORIGIN = {True: " (given)", False: " (inferred)", None: ""}


# Of studies and of trials; what is not named here is as it should be.
STYLE = {
    "active": "green",
    "running": "cyan",
    "completed": "green",
    "paused": "yellow",
    "stopped": "yellow",
    "infeasible": "yellow",
    "failed": "red",
    "queued": "dim",
    "cancelled": "dim",
}


def status(name: str, reason: str | None = None) -> Text:
    """A status in its colour, with the reason for it."""
    text = Text(name, style=STYLE.get(name, ""))
    return text.append(f": {reason}", style="default") if reason else text


def studies(states: Iterable[StudyState]) -> Table:
    """One row a study."""
    table = Table("id", "name", "status", "trials", "front", "hypervolume", "designer", box=None)
    for state in states:
        table.add_row(
            str(state.id),
            state.name,
            status(state.status),
            f"{state.finished}/{state.trials}",
            str(state.front_size),
            number(state.hypervolume),
            str(state.definition.get("designer", NOTHING)),
        )
    return table


def study(state: StudyState) -> Table:
    """What there is to know about one study, then its objectives."""
    table = Table(box=None, show_header=False)
    table.add_row("study", f"{state.name} (id {state.id})")
    reason = state.ended_because or state.ended_reason
    table.add_row("status", status(state.status, reason))
    table.add_row("trials", f"{state.finished} of {state.trials} finished{_counts(state.counts)}")
    for budget in _budgets(state):
        table.add_row("or ends after", budget)
    if state.definition.get("stopping"):
        table.add_row("stopping", str(state.definition["stopping"].get("rule", NOTHING)))
    table.add_row("standing", standing(state))
    for name in ("data", "binary", "device", "designer", "seed"):
        if state.definition.get(name) is not None:
            table.add_row(name, str(state.definition[name]))
    for objective in state.objectives:
        table.add_row("objective", _objective(objective))
    for constraint in state.constraints:
        sign = "<=" if constraint.goal == "minimize" else ">="
        table.add_row("constraint", f"{constraint.name} {sign} {number(constraint.limit)}")
    return table


def front(found: Front) -> Table:
    """One row a trial, a column for each objective."""
    table = Table("trial", "id", *map(heading, found.objectives), "", box=None)
    for column in table.columns[2:-1]:
        column.justify = "right"
    for trial in found:
        values = [number(trial.values.get(each.name), each.unit) for each in found.objectives]
        notes = [] if trial.feasible is not False else ["beyond a limit"]
        table.add_row(
            str(trial.number), str(trial.id), *values, ", ".join([*notes, *_verified(trial)])
        )
    return table


def _verified(trial: Trial) -> list[str]:
    """How far the network of a trial was verified, if anybody checked it."""
    if trial.verified is None:
        return []
    if trial.verified == "failed":
        return ["verification failed"]
    return [] if trial.verified == "none" else [f"verified {trial.verified}"]


def trials(found: Iterable[Trial], objectives: Sequence[StudyObjective]) -> Table:
    """One row a trial, with its values where it has some and the reason where it has none."""
    table = Table("trial", "id", "status", *map(heading, objectives), "designer", "", box=None)
    for column in table.columns[3:-2]:
        column.justify = "right"
    for each in found:
        values = [number(each.values.get(one.name), one.unit) for one in objectives]
        notes = ["front"] if each.on_front else []
        notes += ["beyond a limit"] if each.feasible is False else []
        notes += _verified(each)
        notes += [" ".join(each.reason.split())] if each.reason else []
        table.add_row(
            str(each.number),
            str(each.id),
            status(each.status),
            *values,
            each.designer or NOTHING,
            ", ".join(notes),
        )
    return table


def confirmed(found: Confirmed) -> Table:
    """One row a network: the error that the search saw, then mean and deviation of its runs."""
    others = [each for each in found.objectives if each.name != "error"]
    headings = ["observed error", "error", "test error", *map(heading, others)]
    table = Table("trial", "runs", *headings, box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for network in found.networks:
        means = [_mean(network, name) for name in ("error", "test_error")]
        means += [_mean(network, each.name, each.unit) for each in others]
        observed = number(network.observed.get("error"))
        runs = f"{network.completed}/{len(network.runs)}"
        note = [] if network.feasible is not False else ["beyond a limit"]
        table.add_row(str(network.number), runs, observed, *means, *note)
    return table


def confirmed_lines(found: Confirmed) -> list[str]:
    """How often the test set was read, what is still to come, and what holds of the front."""
    if not found.test_reads:
        return ["Nothing is confirmed: the test set has not been read."]
    often = "once" if found.test_reads == 1 else f"{found.test_reads} times"
    lines = [f"The test set was read {often}."]
    if found.open:
        lines.append(f"{found.open} runs are still to come.")
    missing = [str(each.number) for each in found.networks if not each.completed]
    if missing and not found.open:
        lines.append(f"Not confirmed, since no run came to an end: {', '.join(missing)}.")
    if found.confirmed_hypervolume is not None:
        lines.append(
            f"Hypervolume: observed {number(found.observed_hypervolume)}, "
            f"confirmed {number(found.confirmed_hypervolume)}, optimism {number(found.optimism)}."
        )
    return lines


def _mean(network: ConfirmedNetwork, name: str, unit: str | None = None) -> str:
    """A mean with its deviation, if runs differ at all."""
    mean, sd = network.mean.get(name), network.sd.get(name)
    return number(mean, unit) + (f" ± {number(sd)}" if sd else "")


def trial(shown: Trial) -> Table:
    """What there is to know about one trial."""
    table = Table(box=None, show_header=False)
    table.add_row("trial", f"{shown.number} of study {shown.study_id} (id {shown.id})")
    table.add_row("status", status(shown.status, shown.reason))
    table.add_row("designer", f"{shown.designer or NOTHING}, {shown.origin or NOTHING}")
    if shown.fallback is not None:
        table.add_row("instead of", shown.fallback)
    if shown.think_s is not None:
        table.add_row("proposed in", f"{shown.think_s:.3g} s")
    table.add_row("on front", "yes" if shown.on_front else "no")
    for word in _verified(shown):
        table.add_row("network", word)
    for name, value in shown.values.items():
        table.add_row(name, number(value) + _predicted(shown, name))
    for name, value in shown.point.items():
        table.add_row(f"  {name}", str(value))
    for attempt in shown.wire.get("attempts_list") or []:
        outcome = attempt.get("outcome") or "running"
        why = f": {attempt['reason']}" if attempt.get("reason") else ""
        table.add_row(f"attempt {attempt.get('number')}", f"{attempt.get('worker')} {outcome}{why}")
    for artefact in shown.wire.get("artefacts") or []:
        table.add_row("artefact", f"{artefact.get('name')} ({artefact.get('size_bytes')} B)")
    return table


def heading(objective: StudyObjective) -> str:
    """The name of an objective over a column, with its unit."""
    return f"{objective.name} [{objective.unit}]" if objective.unit else objective.name


def _objective(objective: StudyObjective) -> str:
    parts = [f"{objective.goal} {objective.name}"]
    if objective.expression is not None:
        parts[0] += f" = {objective.expression}"
    for name in ("bound", "limit", "ideal", "reference"):
        value = getattr(objective, name)
        if value is not None:
            origin = ORIGIN[getattr(objective, f"{name}_given", None)]
            parts.append(f"{name} {number(value, objective.unit)}{origin}")
    if objective.ideal is None or objective.reference is None:
        parts.append("scale to be inferred from the first trials")
    return ", ".join([*parts, "log"] if objective.log else parts)


def _budgets(state: StudyState) -> Iterator[str]:
    """The budgets beside that of trials."""
    if state.epochs is not None:
        yield f"{state.epochs} epochs, {state.epochs_done} done"
    if state.hours is not None:
        since = f" since {state.started_at:%Y-%m-%d %H:%M}" if state.started_at else ""
        yield f"{state.hours:g} h{since}"
    if state.plateau is not None:
        yield f"{state.plateau} trials without growth of the hypervolume"


def _counts(counts: Mapping[str, int]) -> str:
    shown = [f"{count} {status}" for status, count in counts.items() if count]
    return f" ({', '.join(shown)})" if shown else ""


def _predicted(shown: Trial, name: str) -> str:
    figures = shown.predicted_figures or {}
    if name in figures:
        return f" (predicted {number(figures[name])})"
    prediction = (shown.prediction or {}).get(name)
    if not isinstance(prediction, Mapping) or prediction.get("mean") is None:
        return ""
    return f" (predicted {number(prediction['mean'])} ± {number(prediction.get('sd'))})"
