"""`tinyfront study ...`: list, watch and steer studies."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Literal

import typer

from tinyfront.calls import studies as calls
from tinyfront.cli import create, exits, results, tables
from tinyfront.cli.commands import command, group
from tinyfront.cli.edge import Door, StudyName, console, say_json, with_server
from tinyfront.errors import InvalidArgument
from tinyfront.records import state_of
from tinyfront.study import Study

STUDIES_A_PAGE = 200

app = group("Create, list, watch and steer studies.")

command(
    app,
    "create",
    "tinyfront study create digits --data digits --objective error \\",
    "    --objective 'model_size:deployed<=16000' --trials 60",
    "tinyfront study create mnist --data mnist --device stm32f446re \\",
    "    --objective error --objective model_size --trials 200 --set training.epochs=10",
    "tinyfront study create --file study.json",
)(create.create)
command(app, "import", "tinyfront study import oven.jsonl --name oven-2")(create.import_file)
command(
    app,
    "export",
    "tinyfront study export digits -o digits.csv",
    "tinyfront study export digits --format study -o digits.jsonl",
    "tinyfront study export digits --format jsonl | jq .values.error",
)(results.export)


@command(
    app,
    "ls",
    "tinyfront study ls",
    "tinyfront study ls --status active --contains mnist",
    "tinyfront study ls --json | jq -r '.[].name'",
)
@with_server
def list_all(
    door: Door,
    status: Annotated[
        Literal["active", "paused", "ended"] | None, typer.Option(help="Only these.")
    ] = None,
    contains: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only names with this text in them.")
    ] = None,
    kind: Annotated[
        Literal["networks", "parameters"] | None, typer.Option(help="Only these.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="At most so many; 0 for all.")] = 0,
) -> None:
    """List studies, the newest first."""
    query = {"status": status, "contains": contains, "kind": kind}
    found = door.listed(calls.listing(), limit, STUDIES_A_PAGE, **query)
    states = [state_of(each, door.client.url) for each in found.items]
    door.say([state.wire for state in states], tables.studies(states))
    if not (states or door.as_json):
        _say_none(any(query.values()))


def _say_none(filtered: bool) -> None:
    hint = "No study is like that." if filtered else "No studies yet: tinyfront study create --help"
    typer.echo(hint, err=True)


@command(
    app, "show", "tinyfront study show digits", "tinyfront study show digits --json | jq .best"
)
@with_server
def show(door: Door, name: StudyName) -> None:
    """Show where a study stands."""
    _answer(door, door.study(name))


@command(
    app,
    "watch",
    "tinyfront study watch digits",
    "tinyfront study watch digits --timeout 2h || tinyfront study close digits",
    "tinyfront study watch digits --json | jq --unbuffered .hypervolume",
)
@with_server
def watch(
    door: Door,
    name: StudyName,
    timeout: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="At most so long, such as `90s` or `2h`; then exit 7."),
    ] = None,
) -> None:
    """Watch a study until it has ended; leaving it does not stop the study.

    It outlasts a restart of the server. On a terminal it shows a bar, elsewhere a line for each
    change, with --json an object a line.
    """
    study = door.study(name)
    try:
        if door.as_json:
            _say_changes(study, timeout)
        else:
            study.wait(progress=True, timeout=timeout)  # if interrupted, it says what goes on
            console().print(tables.study(study.state))
    except KeyboardInterrupt:
        if door.as_json:
            typer.echo(f"Study {study.name} goes on.", err=True)
        raise typer.Exit(exits.INTERRUPTED) from None


@command(app, "pause", "tinyfront study pause digits")
@with_server
def pause(door: Door, name: StudyName) -> None:
    """Hand out no more trials; those that run go on."""
    _answer(door, door.study(name).pause())


@command(app, "resume", "tinyfront study resume digits")
@with_server
def resume(door: Door, name: StudyName) -> None:
    """Go on after a pause."""
    _answer(door, door.study(name).resume())


@command(app, "close", "tinyfront study close digits")
@with_server
def close(door: Door, name: StudyName) -> None:
    """End a study now."""
    _answer(door, door.study(name).close())


@command(
    app,
    "extend",
    "tinyfront study extend digits 40",
    "tinyfront study extend digits --hours 2 --plateau 30",
)
@with_server
def extend(
    door: Door,
    name: StudyName,
    trials: Annotated[int, typer.Argument(metavar="TRIALS", help="How many more.", min=0)] = 0,
    *,
    total_epochs: create.TotalEpochs = None,
    hours: create.Hours = None,
    plateau: create.Plateau = None,
) -> None:
    """Give a study more trials, or more of another budget."""
    if not (trials or total_epochs or hours or plateau):
        raise typer.BadParameter("need how many more.", param_hint="TRIALS")
    study = door.study(name)
    study.extend(trials, epochs=total_epochs or 0, hours=hours or 0.0, plateau=plateau or 0)
    _answer(door, study)


@command(app, "delete", "tinyfront study delete digits", "tinyfront study delete digits --yes")
@with_server
def delete(
    door: Door,
    name: StudyName,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a study with all its trials; asks first."""
    study = door.study(name)
    if not yes:
        _ask(study)
    study.delete()
    door.say({"deleted": study.name, "id": study.id}, f"Study {study.name} is deleted.")


def _ask(study: Study) -> None:
    """Let a person confirm; a script has to say that it means it."""
    if not _is_person():
        raise InvalidArgument(
            "--yes", f"needed to delete {study.name}, since nobody can be asked here."
        )
    lost = f"{study.name} and its {sum(study.state.counts.values())} trials"
    typer.confirm(f"Delete {lost}? There is no way back.", abort=True, err=True)


def _is_person() -> bool:
    return sys.stdin.isatty()


def _answer(door: Door, study: Study) -> None:
    door.say(study.state.wire, tables.study(study.state))


def _say_changes(study: Study, timeout: str | None) -> None:
    last: Any = None
    for state in study.watch(timeout=timeout):
        if state.wire != last:
            say_json(state.wire, lines=True)
            last = state.wire
