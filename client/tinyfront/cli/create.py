"""`tinyfront study create` and `import`: how a study comes into being."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tinyfront.cli import complete, definition, tables
from tinyfront.cli.edge import Door, with_server, working

TotalEpochs = Annotated[int | None, typer.Option(help="Budget of epochs in all trainings.", min=1)]
Hours = Annotated[float | None, typer.Option(help="Budget of hours since the first claim.")]
Plateau = Annotated[
    int | None,
    typer.Option(help="End after so many trials without growth of the hypervolume.", min=1),
]


@with_server
def create(  # noqa: PLR0913 - an option for each field that people set by hand
    door: Door,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="A new name.")] = None,
    *,
    file: Annotated[
        str | None, typer.Option(help="JSON file with a definition to start from.")
    ] = None,
    space: Annotated[
        str | None,
        typer.Option(
            help="`tiny` (the default), `sparse`, `munas`, or a JSON file.",
            metavar="KIND|FILE",
            autocompletion=complete.one_of(*complete.SPACES),
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Data set that a worker holds.", metavar="NAME", autocompletion=complete.data
        ),
    ] = None,
    binary: Annotated[
        int | None,
        typer.Option(help="Two classes: labels below this number, and all others.", min=1),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            help="Board that networks must fit.",
            metavar="NAME",
            autocompletion=complete.devices,
        ),
    ] = None,
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
        typer.Option(
            help="`halving` ends trainings that fall behind.",
            metavar="RULE",
            autocompletion=complete.one_of("halving"),
        ),
    ] = None,
    designer: Annotated[
        str | None,
        typer.Option(
            help="`bayes`, `sparse`, `ageing-evolution`, `nehvi`, `random` or `sobol`.",
            metavar="NAME",
            autocompletion=complete.one_of(*complete.DESIGNERS),
        ),
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
    study = door.client.create_study_from(wanted)
    door.say(study.state.wire, tables.study(study.state))


@with_server
def import_file(
    door: Door,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="As `study export --format study` wrote it."),
    ],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Another name for the study here.")
    ] = None,
) -> None:
    """Import a study with its trials, all of it or nothing; it comes in paused."""
    content = file.read_bytes()
    with working(f"Importing {file}") as told:
        told(len(content))
        study = door.client.import_study(content, name)
    door.say(study.state.wire, tables.study(study.state))
