"""`tinyfront trials` and `tinyfront trial ...`: the trials of a study, and one of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from tinyfront.calls import trials as calls
from tinyfront.cli import definition, tables
from tinyfront.cli.commands import command, group
from tinyfront.cli.edge import Door, StudyName, with_server
from tinyfront.cli.ranges import Where, metric, ranges
from tinyfront.cli.results import TrialId
from tinyfront.trial import trial_of

TRIALS_A_PAGE = 1000
STATUS = Literal["queued", "running", "completed", "stopped", "infeasible", "failed", "cancelled"]

app = group("Look at one trial, cancel it, or add your own.")


@with_server
def listing(  # noqa: PLR0913 - an option for each field of the query
    door: Door,
    name: StudyName,
    *,
    status: Annotated[STATUS | None, typer.Option(help="Only these.")] = None,
    where: Where = None,
    sort: Annotated[
        str | None, typer.Option(metavar="METRIC", help="By this, the lowest first.")
    ] = None,
    order: Annotated[
        Literal["oldest", "newest", "lowest", "highest"] | None,
        typer.Option(help="By number, or with --sort by value."),
    ] = None,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="The runs that confirm the front.")
    ] = False,
    limit: Annotated[int, typer.Option(min=0, help="At most so many; 0 for all.")] = 50,
) -> None:
    """List the trials of a study, filtered and sorted by the server."""
    study = door.study(name)
    query = {
        "status": status,
        "where": [str(each) for each in ranges(study.objectives, where)] or None,
        "sort": None if sort is None else metric(study.objectives, sort),
        "order": order,
        "purpose": "confirm" if confirm else None,
    }
    listed = door.listed(calls.listing(study.id), limit, TRIALS_A_PAGE, **query)
    found = [trial_of(door.client.connection, each) for each in listed.items]
    wire = {"total": listed.total, "items": [trial.wire for trial in found]}
    door.say(wire, tables.trials(found, study.objectives))
    if len(found) < listed.total and not door.as_json:
        typer.echo(f"{len(found):,} of {listed.total:,} trials; --limit 0 shows all.", err=True)
    elif not (found or door.as_json):
        typer.echo("No trial is like that.", err=True)


@command(app, "show", "tinyfront trial show 17", "tinyfront trial show 17 --json | jq .graph")
@with_server
def show(door: Door, trial: TrialId) -> None:
    """Show a trial: its point, values, attempts and files."""
    shown = door.client.trial(trial)
    door.say(shown.wire, tables.trial(shown))


@command(app, "cancel", "tinyfront trial cancel 17", "tinyfront trial cancel 17 18 19")
@with_server
def cancel(
    door: Door,
    trial: Annotated[list[int], typer.Argument(metavar="TRIAL", help="Ids of trials.")],
) -> None:
    """Close open trials; workers that have them are told to stop."""
    answers = [door.answer(calls.cancel(each)) for each in trial]
    closed = [trial_of(door.client.connection, each) for each in answers]
    lines = [f"Trial {each.number} (id {each.id}) is {each.status}." for each in closed]
    door.say([each.wire for each in closed], *lines)


@command(
    app,
    "enqueue",
    "tinyfront trial enqueue oven temperature=180 time=20",
    "tinyfront trial enqueue oven temperature=180 time=20 --value cost=0.3",
    "tinyfront trial enqueue digits --like 17 --replicate",
    "tinyfront trial enqueue digits --file network.json --parent 12",
)
@with_server
def enqueue(  # noqa: PLR0913 - an option for each field of the request
    door: Door,
    name: StudyName,
    parameters: Annotated[
        list[str] | None,
        typer.Argument(metavar="PARAMETER=VALUE", help="The point, parameter by parameter."),
    ] = None,
    *,
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="JSON file with the point.")
    ] = None,
    like: Annotated[
        int | None, typer.Option(metavar="TRIAL", help="Id of a trial: take its point.")
    ] = None,
    value: Annotated[
        list[str] | None,
        typer.Option(metavar="METRIC=NUMBER", help="A result you have; repeat it for each."),
    ] = None,
    parent: Annotated[
        int | None, typer.Option(help="Number of the trial whose weights it inherits.")
    ] = None,
    replicate: Annotated[
        bool, typer.Option("--replicate", help="Measure a point that is known once more.")
    ] = False,
) -> None:
    """Add a proposal of your own, or with --value a result that you already have."""
    point: dict[str, Any] = {} if file is None else definition.json_file(str(file), "--file")
    if like is not None:
        point |= door.client.trial(like).point
    point |= dict(definition.pair(each, "PARAMETER=VALUE") for each in parameters or [])
    if not point:
        raise typer.BadParameter("need a point.", param_hint="PARAMETER=VALUE, --file or --like")
    values = dict(definition.pair(each, "--value") for each in value or []) or None
    made = door.study(name).enqueue(point, values, parent, replicate)
    door.say(made.wire, f"Trial {made.number} (id {made.id}) is {made.status}.")
