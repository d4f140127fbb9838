"""The command line `tinyfront-server`: what runs beside a database or on a machine that trains."""

import importlib.metadata
import sys
from pathlib import Path
from typing import Annotated

import typer

from service import __version__
from service.cli.doctor import doctor
from service.cli.edge import Artefacts, ConfigFile, DatabaseUrl, opened, settings_with
from service.cli.gc import gc
from service.cli.keys import keys_app, projects_app
from service.cli.replay import replay

# Commands of packages that the service must not import, such as the worker.
PLUGINS = "tinyfront_server.commands"

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Tinyfront: server, workers and database.",
)
db_app = typer.Typer(no_args_is_help=True, help="The database.")
app.add_typer(db_app, name="db")
app.add_typer(keys_app, name="keys")
app.add_typer(projects_app, name="projects")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tinyfront-server {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Tinyfront: server, workers and database."""


@app.command()
def serve(  # noqa: PLR0913  as many arguments as the command has options
    *,
    host: Annotated[
        str | None, typer.Option(help="Address; beyond loopback only if there are keys.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="0 takes any free port.")
    ] = None,
    database: DatabaseUrl = None,
    artefacts: Artefacts = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="That answer requests; more on PostgreSQL only.")
    ] = None,
    planners: Annotated[int | None, typer.Option(min=1, help="Processes that propose.")] = None,
    config: ConfigFile = None,
    with_worker: Annotated[bool, typer.Option(help="Start one worker beside the server.")] = False,
) -> None:
    """Serve the API and the page, and propose trials."""
    from service.serve import run

    settings = settings_with(
        config,
        host=host,
        port=port,
        database_url=database,
        artefact_url=artefacts,
        processes=processes,
        planners=planners,
    )
    raise typer.Exit(run(settings, with_worker=with_worker))


@app.command()
def demo(
    trials: Annotated[int, typer.Option(min=1, help="Networks to train.")] = 60,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs each, instead of the default.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where database, logs and report.json go.")] = Path(
        ".demo"
    ),
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Of the page; 0 takes any free port.")
    ] = 8000,
    stop: Annotated[
        bool,
        typer.Option("--exit/--stay", envvar="DEMO_EXIT", help="End when the study has ended."),
    ] = False,
) -> None:
    """Run a real study on handwritten digits: server, worker, front and page."""
    from service.demo import Demo, run

    run(Demo(folder=folder, trials=trials, epochs=epochs, port=port, stop=stop))


@db_app.command()
def upgrade(database: DatabaseUrl = None, config: ConfigFile = None) -> None:
    """Bring the tables to this release, or create them."""
    from service import schema
    from service.db import Database as Db

    db = Db(settings_with(config, database_url=database).database_url)
    try:
        with db.exclusive():
            typer.echo(f"The database is at revision {schema.upgrade(db)}.")
    finally:
        db.close()


@db_app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes; it must not exist yet.")],
    database: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Write a whole copy of the database while servers run; artefacts are copied after it."""
    from service import backup

    with opened(database, config) as db:
        backup.write(db, file)
    typer.echo(f"The copy is {file}. Now copy the artefacts; docs/operation.md says how.")


app.command()(replay)
app.command()(doctor)
app.command()(gc)


def _add_plugins() -> None:
    for entry in sorted(importlib.metadata.entry_points(group=PLUGINS), key=lambda e: e.name):
        try:
            app.command(entry.name)(entry.load())
        except ImportError as error:
            app.command(entry.name, help=f"Not installed: needs {error.name}.")(
                _missing(str(error))
            )


def _missing(reason: str):  # type: ignore[no-untyped-def]  # typer reads the bare signature
    def command() -> None:
        typer.echo(
            f"This command is not installed: {reason}. Install tinyfront-server[worker].", err=True
        )
        raise typer.Exit(1)

    return command


def main() -> None:
    """Run the command line; an expected error is one line and exit code 1."""
    from sqlalchemy.exc import SQLAlchemyError

    from service.command_errors import CommandFailed
    from service.errors import ServiceError

    _add_plugins()
    try:
        app()
    except ServiceError as error:
        _fail(f"{error} {error.where().get('remedy') or ''}")
    except CommandFailed as error:
        _fail(str(error))
    except SQLAlchemyError as error:
        _fail(f"The database does not answer: {str(error).splitlines()[0]}")
    except OSError as error:
        _fail(str(error))


def _fail(text: str) -> None:
    typer.echo(text.strip(), err=True)
    sys.exit(1)
