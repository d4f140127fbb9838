"""What needs no compiler: which board stands for a device, what is missing, what is refused."""

from pathlib import Path

import numpy as np
import pytest

from resource_models.devices import DEVICES, device
from tests.deploy.boards.projects import ADDS, project
from worker.deploy.boards import tools
from worker.deploy.boards.board import BOARDS, Board, board_for
from worker.deploy.boards.emulate import _records
from worker.deploy.boards.errors import LinkFailed, ToolsMissing
from worker.deploy.boards.link import FLAGS, Options, link
from worker.deploy.boards.stack import bound_bytes
from worker.deploy.boards.symbols import Symbol, function_at, symbols

GRAPH = """graph: { title: "model.c"
node: { title: "model.c:inner" label: "inner\\nmodel.c:3:42\\n48 bytes (static)" }
node: { title: "__aeabi_lmul" label: "__aeabi_lmul\\n<built-in>" shape : ellipse }
edge: { sourcename: "model.c:inner" targetname: "__aeabi_lmul" }
node: { title: "model_run" label: "model_run\\nmodel.c:4:9\\n20 bytes (static)" }
edge: { sourcename: "model_run" targetname: "model.c:inner" label: "model.c:4:40" }
}"""
HARNESS = """graph: { title: "/x/board_main.c"
node: { title: "board_begin" label: "board_begin\\nboard_main.c:1:1\\n8 bytes (static)" }
node: { title: "/x/board_main.c:board_timed" label: "board_timed\\nb.c:1:1\\n16 bytes (static)" }
node: { title: "__indirect_call" label: "Indirect Call Placeholder" shape : ellipse }
edge: { sourcename: "board_begin" targetname: "/x/board_main.c:board_timed" }
edge: { sourcename: "/x/board_main.c:board_timed" targetname: "__indirect_call" }
}"""


def test_every_device_with_an_arm_core_has_a_board_that_can_hold_it() -> None:
    found = {name: board_for(entry) for name, entry in DEVICES.items()}
    assert {name for name, board in found.items() if board is None} == {"arduino-uno", "esp32-s3"}
    machines = {name: board.machine for name, board in found.items() if board is not None}
    assert machines["stm32f446re"] == "mps2-an386"
    assert machines["stm32vldiscovery"] == "stm32vldiscovery"


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_every_board_counts_exactly_or_on_another_of_its_core(board: Board) -> None:
    assert board.core in FLAGS
    if board.counter is None:
        other = BOARDS[board.counted_on]
        assert (other.core, other.counter is None) == (board.core, False)
        return
    ticks = (board.counter.clock_hz << board.counter.shift) / 1e9
    assert ticks == 1 or ticks > 2
    for instructions in (0, 1, 2, 999_999_937):
        for started in np.linspace(0, 1, 7, endpoint=False):
            seen = int(instructions * ticks + started) - int(started)
            assert board.counter.instructions(seen) == instructions


def test_a_machine_without_the_tools_says_how_to_get_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolsMissing) as error:
        link(project(ADDS), BOARDS["microbit"], 1, 1)
    assert "apt-get install -y --no-install-recommends gcc-arm-none-eabi" in str(error.value)
    assert tools.missing() is not None
    assert "qemu-system-arm" in tools.missing()


@pytest.mark.parametrize("name", ["../model.c", "/tmp/model.c", "a/../../b.c", "-o.c", "@x.c"])
def test_names_that_lead_out_of_the_project_are_refused(name: str) -> None:
    with pytest.raises(LinkFailed, match="files: need names inside the project"):
        link({name: ""}, BOARDS["microbit"], 1, 1)


@pytest.mark.parametrize("asked", [{"level": "-O9"}, {"stack_bytes": 12}, {"stack_bytes": -8}])
def test_options_are_checked(asked: dict[str, object]) -> None:
    with pytest.raises(LinkFailed):
        Options(**asked)  # type: ignore[arg-type]


def test_the_bound_of_the_stack_is_the_deepest_path(tmp_path: Path) -> None:
    paths = []
    for name, text in (("model.ci", GRAPH), ("board.ci", HARNESS)):
        paths.append(tmp_path / name)
        paths[-1].write_text(text)
    assert bound_bytes(paths) == 8 + 16 + 20 + 48 + 32 + 4  # in steps of 8


def test_symbols_are_read_and_an_address_is_named() -> None:
    found = symbols("model_run T 80000101 2a\nboard_ram_bytes A 840\n")
    assert found["model_run"] == Symbol("model_run", 0x80000101, 0x2A)
    assert found["board_ram_bytes"].address == 0x840
    assert function_at(found.values(), 0x80000104) == "model_run+4"
    assert function_at(found.values(), 0x10) == "0x00000010"


def test_answers_that_are_cut_short_are_no_answers() -> None:
    told = b"N\x04\x00\x00\x00abcd" + b"O\xff\xff\xff\xff12"
    assert [(record.kind, record.body) for record in _records(told)] == [("N", b"abcd")]


def test_m0_plus_runs_where_m0_runs() -> None:
    assert board_for(device("rp2040")) is BOARDS["microbit"]
