"""The command `fleet` as users run it: `python -m tests.fleet.plain`.

`tinyfront-server` knows it from the moment that the package is installed anew.
"""

import typer

from worker.fleet import cli

app = typer.Typer()
app.command("fleet")(cli.fleet)


@app.callback()
def root() -> None:
    """As where the command is mounted, beside others."""


if __name__ == "__main__":
    app()
