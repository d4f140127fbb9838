"""Where the command line meets the outside: options that all commands share, errors, output."""

from __future__ import annotations

import json
import os
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from tinyfront.client import Client
from tinyfront.errors import InvalidArgument, TinyfrontError

SERVER_ERROR, USAGE_ERROR = 1, 2
# Without a terminal there is no width to keep to: a table in a file or a pipe is not cut.
WIDTH_WITHOUT_TERMINAL = 240

Url = Annotated[
    str | None,
    typer.Option("--url", help="The server; else TINYFRONT_URL, else http://127.0.0.1:8000."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
StudyName = Annotated[str, typer.Argument(metavar="NAME", help="Name or number of the study.")]


class Commands(TyperGroup):
    """A group of commands that ends in one line and an exit code, never in a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; turn what goes wrong into a line on standard error."""
        try:
            return super().invoke(ctx)
        except InvalidArgument as error:
            raise _ended(error, USAGE_ERROR) from None
        except TinyfrontError as error:
            raise _ended(error, SERVER_ERROR) from None
        except BrokenPipeError:
            # The reader has enough. What Python still wants to flush must not complain again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(SERVER_ERROR) from None
        except OSError as error:
            raise _ended(error, SERVER_ERROR) from None


def client(url: str | None) -> Client:
    """The client that a command uses."""
    return Client(url)


def console() -> Console:
    """A console on standard output; made late, so that tests and pipes get theirs."""
    plain = Console(emoji=False, markup=False, highlight=False)
    if not plain.is_terminal:
        plain.width = WIDTH_WITHOUT_TERMINAL
    return plain


def say_json(value: Any, *, lines: bool = False) -> None:
    """Print a value as JSON, on one line if it is one of many."""
    typer.echo(json.dumps(value, indent=None if lines else 2, ensure_ascii=False))


def _ended(error: Exception, code: int) -> typer.Exit:
    typer.echo(f"tinyfront: {' '.join(str(error).split())}", err=True)
    return typer.Exit(code)
