"""What all commands are made of: their help with examples, and how wrong options are told.

A copy of `tinyfront.cli.commands` on purpose: neither distribution may import the other.
"""

import inspect
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

PROGRAM = "tinyfront-server"
FAILED, WRONG_USE, AWAY, NOT_ALLOWED, INTERRUPTED, PIPE_CLOSED = 1, 2, 3, 4, 130, 141
# Scripts branch on them, so none changes its meaning.
MEANING = {
    0: "it is done",
    FAILED: "it failed; `doctor`: a check failed; `replay`: another proposal came out",
    WRONG_USE: "wrong options or settings",
    AWAY: "the database, a worker's server or a fleet's cluster does not answer: try again later",
    NOT_ALLOWED: "a worker's key does not open its server, or a fleet's token its cluster",
    INTERRUPTED: "interrupted by Ctrl-C",
    PIPE_CLOSED: "whoever read the output closed it",
}
HEADING = re.compile(r"^(Usage|Arguments|Options|Commands|Examples|Exit codes):", re.MULTILINE)
Function = TypeVar("Function", bound=Callable[..., None])


def coloured(stream: Any) -> bool:
    """Whether colours go to a stream: https://no-color.org, https://force-color.org, terminals."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or bool(stream.isatty())


def open_streams() -> None:
    """Give the streams that whoever started the command had closed (`>&-`) a place to go."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))


def first_sentence(help: str | None) -> str:
    """What a list of commands says of one."""
    paragraph = " ".join(inspect.cleandoc(help or "").partition("\n\n")[0].split())
    return re.split(r"(?<=\.)\s", paragraph, maxsplit=1)[0]


class Command(TyperCommand):
    """A command; its epilog holds examples, one a line, which nothing wraps."""

    def get_short_help_str(self, limit: int = 45) -> str:
        """The whole first sentence: a list wraps it."""
        return first_sentence(self.help)

    def get_help(self, ctx: Any) -> str:
        """The help, with headings that stand out where there are colours."""
        return _with_headings(super().get_help(ctx), ctx)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples as they are typed."""
        with formatter.section("Examples"):
            for line in (self.epilog or "").splitlines():
                formatter.write(f"  {line}\n")


class Commands(TyperGroup):
    """A group of commands; wrong options are one line on standard error."""

    def get_short_help_str(self, limit: int = 45) -> str:
        """The whole first sentence: a list wraps it."""
        return first_sentence(self.help)

    def get_help(self, ctx: Any) -> str:
        """The help, with headings that stand out where there are colours."""
        return _with_headings(super().get_help(ctx), ctx)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the exit codes below the help of the whole program."""
        if ctx.parent is None:
            with formatter.section("Exit codes"):
                formatter.write_dl([(str(code), said) for code, said in MEANING.items()])

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Show the help to whoever names no command."""
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help(), err=True, color=ctx.color)
            raise typer.Exit(WRONG_USE)
        return super().parse_args(ctx, args)

    def main(self, *args: Any, **more: Any) -> Any:
        """Run the command line; what a command cannot do is told by `service.cli.main`."""
        open_streams()
        more |= {"standalone_mode": False, "color": coloured(sys.stdout)}
        try:
            code = super().main(*args, **more)
        except TyperException as error:
            code = _misused(error)
        except typer.Abort:
            code = INTERRUPTED
        sys.exit(code or 0)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; whoever interrupts it, or has read enough, needs no traceback."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.echo(f"{PROGRAM}: interrupted.", err=True)
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            # What Python still wants to flush must not complain again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(PIPE_CLOSED) from None


def command(app: typer.Typer, name: str, *examples: str) -> Callable[[Function], Function]:
    """Add a command to a group, with examples of its use."""
    return app.command(name, cls=Command, epilog="\n".join(examples))


def group(help: str, name: str | None = None) -> typer.Typer:
    """A group of commands; the one of the whole program has a name."""
    # Usage errors in one line, without a frame that breaks it.
    plain: dict[str, Any] = {"pretty_exceptions_enable": False, "rich_markup_mode": None}
    return typer.Typer(name=name, cls=Commands, help=help, **plain)


def _with_headings(text: str, ctx: Any) -> str:
    return HEADING.sub(lambda match: typer.style(match[0], bold=True), text) if ctx.color else text


def _misused(error: TyperException) -> int:
    """Say what is wrong with the options, what was meant, and where to read on."""
    if alike := sorted(getattr(error, "possibilities", None) or ()):
        text = f"{error.message}. Did you mean {' or '.join(alike)}?"
    else:
        text = error.format_message()
    ctx = getattr(error, "ctx", None)
    path = PROGRAM if ctx is None else ctx.command_path
    end = "" if text.endswith((".", "?", "!")) else "."
    typer.echo(f"{PROGRAM}: {' '.join(text.split())}{end} See: {path} --help", err=True)
    return error.exit_code
