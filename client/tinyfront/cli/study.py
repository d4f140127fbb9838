"""`tinyfront study ...`: create, list, watch and steer studies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tinyfront.cli import definition, tables
from tinyfront.cli.edge import AsJson, StudyName, Url, client, console, say_json
from tinyfront.study import Study

TotalEpochs = Annotated[int | None, typer.Option(help="Budget of epochs in all trainings.", min=1)]
Hours = Annotated[float | None, typer.Option(help="Budget of hours since the first claim.")]
Plateau = Annotated[
    int | None,
    typer.Option(help="End after so many trials without growth of the hypervolume.", min=1),
]
INTERRUPTED = 130  # as shells report a command ended by Ctrl-C

app = typer.Typer(help="Create, list, watch and steer studies.", no_args_is_help=True)


@app.command()
def create(  # noqa: PLR0913 - an option for each field that people set by hand
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="A new name.")] = None,
    *,
    file: Annotated[
        str | None, typer.Option(help="JSON file with a definition to start from.")
    ] = None,
    space: Annotated[
        str | None,
        typer.Option(
            help="`tiny` (the default), `sparse`, `munas`, or a JSON file.", metavar="KIND|FILE"
        ),
    ] = None,
    data: Annotated[str | None, typer.Option(help="Data set that a worker holds.")] = None,
    binary: Annotated[
        int | None,
        typer.Option(help="Two classes: labels below this number, and all others.", min=1),
    ] = None,
    device: Annotated[str | None, typer.Option(help="Board that networks must fit.")] = None,
    objective: Annotated[
        list[str] | None, typer.Option(help=definition.OBJECTIVE_HELP, metavar="TEXT")
    ] = None,
    constraint: Annotated[
        list[str] | None,
        typer.Option(
            help="What results must keep: `temperature <= 80`. Repeat it for each.", metavar="TEXT"
        ),
    ] = None,
    trials: Annotated[int | None, typer.Option(help="Budget of trials.", min=1)] = None,
    total_epochs: TotalEpochs = None,
    hours: Hours = None,
    plateau: Plateau = None,
    stopping: Annotated[
        str | None,
        typer.Option(help="`halving` ends trainings that fall behind.", metavar="RULE"),
    ] = None,
    designer: Annotated[
        str | None,
        typer.Option(help="`bayes`, `sparse`, `ageing-evolution`, `nehvi`, `random` or `sobol`."),
    ] = None,
    training: Annotated[
        str | None,
        typer.Option(
            help="Recipe of a paper, such as `sparse` or `munas-mnist`.", metavar="PRESET"
        ),
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs of one training.", min=1)] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of proposals and training.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Any other field: `training.batch_size=64`."
        ),
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Create a study; the same definition again gives back the study that exists."""
    wanted = {} if file is None else definition.json_file(file, "--file")
    given: dict[str, Any] = {"name": name, "data": data, "binary": binary, "device": device}
    given |= {"trials": trials, "designer": designer, "seed": seed}
    given |= {"epochs": total_epochs, "hours": hours, "plateau": plateau}
    given["stopping"] = None if stopping is None else {"rule": stopping}
    wanted |= {field: value for field, value in given.items() if value is not None}
    if space is not None:
        wanted["space"] = definition.space(space)
    wanted.setdefault("space", {"kind": "tiny"})
    if objective:
        wanted["objectives"] = [definition.objective(text) for text in objective]
    if constraint:
        wanted["constraints"] = list(constraint)
    if training is not None:
        definition.put(wanted, f"training.preset={training}")
    if epochs is not None:
        definition.put(wanted, f"training.epochs={epochs}")
    for setting in settings or []:
        definition.put(wanted, setting)
    if "name" not in wanted:
        raise typer.BadParameter("need a name, here or in --file.", param_hint="NAME")
    with client(url) as door:
        _answer(door.create_study_from(wanted), as_json)


@app.command("import")
def import_file(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="As `tinyfront export --format study` wrote it.")
    ],
    name: Annotated[str | None, typer.Option(help="Another name for the study here.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Import a study with its trials, all of it or nothing; it comes in paused."""
    with client(url) as door:
        _answer(door.import_study(file, name), as_json)


@app.command("ls")
def list_all(url: Url = None, as_json: AsJson = False) -> None:
    """List all studies."""
    with client(url) as door:
        states = [study.state for study in door.studies()]
    if as_json:
        say_json([state.wire for state in states])
    else:
        console().print(tables.studies(states))


@app.command()
def show(name: StudyName, url: Url = None, as_json: AsJson = False) -> None:
    """Show where a study stands."""
    with client(url) as door:
        _answer(door.study(name), as_json)


@app.command()
def watch(name: StudyName, url: Url = None, as_json: AsJson = False) -> None:
    """Watch a study until it has ended; leaving it does not stop the study."""
    with client(url) as door:
        study = door.study(name)
        try:
            if as_json:
                _say_changes(study)
            else:
                study.wait(progress=True)  # says that the study goes on, if it is interrupted
                console().print(tables.study(study.state))
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None


@app.command()
def pause(name: StudyName, url: Url = None, as_json: AsJson = False) -> None:
    """Hand out no more trials; those that run go on."""
    with client(url) as door:
        _answer(door.study(name).pause(), as_json)


@app.command()
def resume(name: StudyName, url: Url = None, as_json: AsJson = False) -> None:
    """Go on after a pause."""
    with client(url) as door:
        _answer(door.study(name).resume(), as_json)


@app.command()
def close(name: StudyName, url: Url = None, as_json: AsJson = False) -> None:
    """End a study now."""
    with client(url) as door:
        _answer(door.study(name).close(), as_json)


@app.command()
def extend(  # noqa: PLR0913 - an option for each budget
    name: StudyName,
    trials: Annotated[int, typer.Argument(metavar="TRIALS", help="How many more.", min=0)] = 0,
    *,
    total_epochs: TotalEpochs = None,
    hours: Hours = None,
    plateau: Plateau = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Give a study more trials, or more of another budget."""
    if not (trials or total_epochs or hours or plateau):
        raise typer.BadParameter("need how many more.", param_hint="TRIALS")
    with client(url) as door:
        study = door.study(name)
        study.extend(trials, epochs=total_epochs or 0, hours=hours or 0.0, plateau=plateau or 0)
        _answer(study, as_json)


def _answer(study: Study, as_json: bool) -> None:
    if as_json:
        say_json(study.state.wire)
    else:
        console().print(tables.study(study.state))


def _say_changes(study: Study) -> None:
    last: Any = None
    for state in study.watch():
        if state.wire != last:
            say_json(state.wire, lines=True)
            last = state.wire
