"""The help of `tinyfront`: every command shows examples, and what they show is right."""

import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from tinyfront.cli import app, exits
from tinyfront.cli.commands import coloured

ROOT: Any = typer.main.get_command(app)


def commands(
    group: Any = ROOT, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, found in group.commands.items():
        if hasattr(found, "commands"):
            yield from commands(found, (*path, name))
        else:
            yield (*path, name), found


ALL = dict(commands())
LOCAL = {("config", "path"), ("config", "set"), ("config", "unset")}


def examples(command: Any) -> list[list[str]]:
    """The words of each example, without what the shell makes of the rest of the line."""
    text = (command.epilog or "").replace("\\\n", " ")
    lines = [shlex.split(line, comments=True) for line in text.splitlines()]
    return [_own(words) for words in lines]


def _own(words: list[str]) -> list[str]:
    ends = [at for at, word in enumerate(words) if word in {"|", "||", ">", "&&"}]
    return words[: ends[0]] if ends else words


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_has_json_and_says_which_server(path: tuple[str, ...]) -> None:
    options = {name for each in ALL[path].params for name in each.opts}
    assert "--json" in options
    assert path in LOCAL or {"--url", "--profile"} <= options


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_example_of_a_command_can_be_typed_as_it_stands(path: tuple[str, ...]) -> None:
    shown = [words for words in examples(ALL[path]) if words[0] == "tinyfront"]
    assert shown
    for words in shown:
        named = tuple(words[1 : 1 + len(path)])
        assert named == path
        ALL[path].make_context(path[-1], words[1 + len(path) :])


def test_the_help_shows_examples_whole_and_no_sentence_cut() -> None:
    text = CliRunner().invoke(app, ["trials", "--help"]).stdout
    assert "\nExamples:\n  tinyfront trials digits --status failed\n" in text
    assert "--where 'error<=0.1' --where 'model_size<=16000' --sort error" in text
    _usage, *rest = CliRunner().invoke(app, ["study"]).stderr.splitlines()
    assert [line for line in rest if line.endswith("...")] == []


def test_the_help_lists_every_exit_code() -> None:
    text = " ".join(CliRunner().invoke(app, ["--help"]).stdout.split())
    for code, meaning in exits.MEANING.items():
        assert f"{code} {meaning}" in text


def test_whoever_names_no_command_is_shown_those_there_are() -> None:
    for words in ([], ["study"]):
        result = CliRunner().invoke(app, words)
        assert (result.exit_code, result.stdout) == (exits.WRONG_USE, "")
        assert "Commands:" in result.stderr


class Stream:
    def __init__(self, terminal: bool) -> None:
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize(
    ("terminal", "no_color", "force_color", "wanted"),
    [
        (True, "", "", True),
        (False, "", "", False),
        (True, "1", "", False),
        (False, "", "1", True),
        (False, "1", "1", False),
    ],
)
def test_colours_are_for_terminals_unless_the_environment_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, no_color: str, force_color: str, wanted: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("FORCE_COLOR", force_color)
    assert coloured(Stream(terminal)) is wanted
    text = CliRunner().invoke(app, ["--help"], color=True).stdout
    assert ("\x1b[1m" in text) is (wanted and bool(force_color))
