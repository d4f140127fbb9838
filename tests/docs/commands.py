"""Whether a command of the documents would be understood; those that end quickly are run, too."""

import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import typer
from typer.testing import CliRunner

import service.cli
import tinyfront.cli
import worker.cli
import worker.fleet.cli
from tests.docs.blocks import PLACEHOLDER, ROOT

# What people have installed beside Tinyfront. A command of another program is a mistake, or is
# listed here.
FOREIGN = {
    ".", "cd", "createdb", "curl", "do", "docker", "done", "echo", "exec", "export", "for", "git",
    "jupyter", "pg_restore", "pip", "ray", "rsync", "set", "sha256sum", "ssh",
}  # fmt: skip
# Commands of the server that do their work and end, beside a database of their own.
QUICK = {"db", "gc", "keys", "projects"}
NUMBER = "1"  # in place of a placeholder: good as a name, too


class Wrong(AssertionError):
    """A command that would not work."""


@cache
def ours() -> dict[str, Any]:
    """The two programs, complete with the commands of other packages."""
    server = typer.main.get_command(service.cli.app)
    plugin = typer.Typer()
    plugin.command("worker")(worker.cli.worker)
    plugin.command("fleet")(worker.fleet.cli.fleet)
    server.commands |= typer.main.get_command(plugin).commands  # type: ignore[attr-defined]
    return {"tinyfront": typer.main.get_command(tinyfront.cli.app), "tinyfront-server": server}


def program(words: list[str]) -> tuple[str, list[str]]:
    """The name of what is called and its arguments, without variables set for it."""
    rest = list(words)
    while rest and re.fullmatch(r"\w+=.*", rest[0]):
        rest = rest[1:]
    return (Path(rest[0]).name if "/" in rest[0] else rest[0], rest[1:]) if rest else ("", [])


def check(words: list[str]) -> None:
    """Parse one command.

    Raises:
        Wrong: the program, the target of make, the file or the option does not exist.
    """
    name, arguments = program(words)
    if name in ours():
        _parse(name, [_filled(each) for each in arguments])
    elif name == "make":
        targets = set(re.findall(r"^([\w.-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
        for each in arguments:
            if "=" not in each and each not in targets:
                raise Wrong(f"make has no target {each}")
    elif name in ("python", "python3"):
        _python(arguments)
    elif name and name not in FOREIGN:
        raise Wrong(f"{name} is neither ours nor known to readers (tests/docs/commands.py)")


def run(words: list[str], database: str) -> bool:
    """Run a command if it ends by itself; returns whether it did.

    Raises:
        Wrong: it failed.
    """
    name, arguments = program(words)
    if name == "tinyfront":
        app: typer.Typer = tinyfront.cli.app
    elif name == "tinyfront-server" and arguments and arguments[0] in QUICK:
        app = service.cli.app
        if "--database" not in arguments and arguments[:2] != ["keys", "env"]:
            arguments = [*arguments, "--database", database]
    else:
        return False
    if any(PLACEHOLDER.search(each) for each in arguments):
        return False
    done = CliRunner().invoke(app, arguments)
    if done.exit_code:
        raise Wrong(f"{shlex.join(words)} ended with {done.exit_code}: {done.output[-500:]}")
    return True


def _filled(word: str) -> str:
    return PLACEHOLDER.sub(NUMBER, word).replace("tf_...", "tf_1")


def _python(arguments: list[str]) -> None:
    if not arguments:
        return
    if arguments[0] != "-m":
        if not (ROOT / arguments[0]).is_file():
            raise Wrong(f"there is no file {arguments[0]}")
    elif not any(
        (ROOT / arguments[1].replace(".", "/")).with_suffix(end).exists() for end in (".py", "")
    ):
        raise Wrong(f"there is no module {arguments[1]}")


def _parse(name: str, arguments: list[str]) -> None:
    """Go down the tree of commands as a call would, without calling anything."""
    command, parent, rest = ours()[name], None, list(arguments)
    called = name
    try:
        while True:
            context = command.make_context(called, rest, parent=parent)
            if not hasattr(command, "resolve_command"):
                return
            rest = [*context._protected_args, *context.args]
            if not rest:
                return
            called, command, rest = command.resolve_command(context, rest)
            parent = context
    except Exception as error:
        if type(error).__name__ in ("Exit", "NoArgsIsHelpError"):
            return  # --help, --version
        said = getattr(error, "format_message", error.__str__)()
        raise Wrong(f"{name} {shlex.join(arguments)}: {said}") from error
