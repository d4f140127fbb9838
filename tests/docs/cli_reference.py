"""Writes the reference in `docs/cli.md`: what `--help` says of every command, word for word."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

import service.cli
import tinyfront.cli
from service.cli import commands as server_commands
from tinyfront.cli import exits

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
MARK = "<!-- From here on written by `python -m tests.docs.cli_reference`. -->\n"
WIDTH = 100


def page(text: str) -> str:
    """The page with its reference as the code has it; what stands before the mark is kept."""
    before, mark, _ = text.partition(MARK)
    assert mark, f"the page has lost its mark: {MARK}"
    return before + mark + "".join(_reference())


def _reference() -> Iterator[str]:
    programs = {
        "tinyfront": (tinyfront.cli.app, exits.MEANING),
        "tinyfront-server": (service.cli.app, server_commands.MEANING),
    }
    for name, (_, meaning) in programs.items():
        yield f"\n## Exit codes of {name}\n\n| code | meaning |\n|---|---|\n"
        yield from (f"| {code} | {said} |\n" for code, said in meaning.items())
    for name, (app, _) in programs.items():
        yield f"\n## {name}\n"
        root: Any = typer.main.get_command(app)
        yield from _of(root, name, None)


def _of(command: Any, name: str, parent: Any) -> Iterator[str]:
    context = command.make_context(
        name,
        [],
        parent=parent,
        resilient_parsing=True,
        color=False,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
    )
    if hasattr(command, "commands"):
        for each in sorted(command.commands):
            yield from _of(command.commands[each], each, context)
    else:
        yield f"\n### {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"


def main() -> int:
    """Write the page anew."""
    service.cli.add_plugins()
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
