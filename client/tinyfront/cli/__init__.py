"""The command line `tinyfront`: studies, fronts, trials and downloads from a terminal."""

from __future__ import annotations

from typing import Annotated

import typer

import tinyfront
from tinyfront.cli import (
    charts,
    compare,
    configure,
    fleet,
    lists,
    log,
    results,
    study,
    trials,
    verifying,
)
from tinyfront.cli.commands import PROGRAM, command, group

app = group(
    "Pareto fronts of networks that fit a microcontroller, and of any other black box.", PROGRAM
)
app.add_typer(study.app, name="study")
app.add_typer(trials.app, name="trial")
app.add_typer(configure.app, name="config")
app.add_typer(fleet.app, name="fleet")

command(
    app,
    "front",
    "tinyfront front digits",
    "tinyfront front digits --device stm32f446re --sort model_size --limit 10",
    "tinyfront front digits --best error --where 'model_size<=8000' --json | jq '.items[0].id'",
    "tinyfront front digits --knee",
)(results.front)
command(
    app,
    "trials",
    "tinyfront trials digits --status failed",
    "tinyfront trials digits --where 'error<=0.1' --where 'model_size<=16000' --sort error",
    "tinyfront trials digits --order newest --limit 10",
)(trials.listing)
command(app, "compare", "tinyfront compare digits digits-random")(compare.compare)
command(
    app,
    "confirm",
    "tinyfront confirm digits --networks 20 --seeds 3",
    "tinyfront confirm digits --trial 17 --trial 21",
)(results.confirm)
command(app, "confirmed", "tinyfront confirmed digits")(results.confirmed)
command(
    app,
    "plot",
    "tinyfront plot digits",
    "tinyfront plot digits hypervolume -o growth.html",
    "tinyfront plot digits hypervolume --beside digits-random",
    "tinyfront plot digits front --set x=macs -o front.json",
)(charts.plot)
command(app, "importance", "tinyfront importance digits --limit 5")(charts.importance)
command(app, "hypervolume", "tinyfront hypervolume digits")(charts.hypervolume)
command(
    app, "open", "tinyfront open digits", "tinyfront open --trial 17", "tinyfront open --print"
)(charts.open_page)
command(
    app,
    "export",
    "tinyfront export digits -o digits.csv",
    "tinyfront export digits --format study -o digits.jsonl",
)(results.export)
command(
    app,
    "download",
    "tinyfront download 17 model/",
    "tinyfront download 17 firmware/ --device stm32f446re",
    "tinyfront download 17 model/ --onnx",
)(results.download)
command(
    app,
    "verify",
    "tinyfront verify 17",
    "tinyfront verify 17 --device stm32f446re --need L2",
    "tinyfront verify 17 --store",
    "tinyfront verify 17 --json | jq -r '.levels[] | .name + \" \" + .state'",
)(verifying.verify)
command(app, "workers", "tinyfront workers")(lists.workers)
command(
    app,
    "log",
    "tinyfront log crew-0",
    "tinyfront log crew-0 --follow",
    "tinyfront log crew-0 --json | jq -r '.[-1].text'",
)(log.log)
command(app, "devices", "tinyfront devices", "tinyfront devices --json | jq -r '.[].name'")(
    lists.devices
)
command(app, "data", "tinyfront data")(lists.data)
command(app, "whoami", "tinyfront whoami --profile lab")(lists.whoami)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{PROGRAM} {tinyfront.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Pareto fronts of networks that fit a microcontroller, and of any other black box."""


def main() -> None:
    """Entry point of the command."""
    app(prog_name=PROGRAM)
