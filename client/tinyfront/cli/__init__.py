"""The command line `tinyfront`: studies, fronts, trials and downloads from a terminal."""

from __future__ import annotations

from typing import Annotated

import typer

import tinyfront
from tinyfront.cli import results, study
from tinyfront.cli.edge import Commands

app = typer.Typer(
    name="tinyfront",
    cls=Commands,
    help="Pareto fronts of networks that fit a microcontroller, and of any other black box.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # usage errors in one line, without a frame that breaks it
)
app.add_typer(study.app, name="study")
app.add_typer(results.trial_app, name="trial")
app.command("front")(results.front)
app.command("confirm")(results.confirm)
app.command("confirmed")(results.confirmed)
app.command("export")(results.export)
app.command("download")(results.download)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tinyfront {tinyfront.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Hold the options that stand before a command."""


def main() -> None:
    """Entry point of the command."""
    app()
