"""What both command lines have, since neither may import the other, stays the same."""

import inspect
from collections.abc import Callable

import pytest

from optimizer.designers import DESIGNERS
from optimizer.networks.presets import PRESETS
from service.cli import commands as server_commands
from service.cli import edge as server_edge
from tinyfront.cli import commands, complete, edge
from worker import cli as worker_cli


@pytest.mark.parametrize(
    ("ours", "copy"),
    [
        (commands.Command, server_commands.Command),
        (commands.Commands.get_short_help_str, server_commands.Commands.get_short_help_str),
        (commands.Commands.get_help, server_commands.Commands.get_help),
        (commands.coloured, server_commands.coloured),
        (commands.open_streams, server_commands.open_streams),
        (commands.first_sentence, server_commands.first_sentence),
        (commands.command, server_commands.command),
        (commands.group, server_commands.group),
        (commands._with_headings, server_commands._with_headings),
        (commands._misused, server_commands._misused),
        (edge.Printer, server_edge.Printer),
    ],
    ids=lambda piece: piece.__qualname__,
)
def test_the_copy_of_the_server_reads_the_same(
    ours: type | Callable[..., object], copy: type | Callable[..., object]
) -> None:
    assert inspect.getsource(copy) == inspect.getsource(ours)


def test_what_is_offered_for_completion_is_what_the_server_takes() -> None:
    assert set(complete.DESIGNERS) == set(DESIGNERS)
    assert set(complete.SPACES) == set(PRESETS)


def test_the_worker_ends_with_the_codes_of_its_program() -> None:
    codes = (worker_cli.FAILED, worker_cli.WRONG_USE, worker_cli.AWAY, worker_cli.NOT_ALLOWED)
    program = server_commands
    assert codes == (program.FAILED, program.WRONG_USE, program.AWAY, program.NOT_ALLOWED)


def test_both_find_the_same_headings() -> None:
    assert server_commands.HEADING == commands.HEADING
