"""On the real compiler and the real emulator: `make test-all` installs them where it can."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from tests.deploy.boards.projects import ADDS, ROUNDS, project
from worker.deploy.boards.board import BOARDS
from worker.deploy.boards.emulate import emulate, layers
from worker.deploy.boards.errors import EmulationFailed, LinkFailed
from worker.deploy.boards.link import FRAME_BYTES, Linked, Options, link
from worker.deploy.boards.tools import EMULATION_LIMITS

pytestmark = pytest.mark.arm
FILES = project(ADDS)
SAMPLES = np.arange(-12, 12, dtype=np.int8).reshape(3, 8)
SUMS = SAMPLES[:, :4] + SAMPLES[:, 4:]
M4 = BOARDS["netduinoplus2"]


@cache
def linked(machine: str) -> Linked:
    return link(FILES, BOARDS[machine], 32_768, 8_192)


# A timer of each kind, and a board that has none and is counted on another.
@pytest.mark.parametrize("machine", ["microbit", "netduinoplus2", "mps2-an505", "lm3s6965evb"])
def test_a_program_answers_and_its_instructions_are_exact(machine: str) -> None:
    found = emulate(linked(machine), SAMPLES)
    assert np.array_equal(found.outputs, SUMS)
    assert len({*found.instructions}) == 1
    assert 0 < found.instructions[0] - 2 * sum(ROUNDS) < 40
    # The bound of the call graph holds, and is not far off.
    assert FRAME_BYTES <= linked(machine).sizes.stack_bytes - found.stack_bytes <= FRAME_BYTES + 64


def test_timers_of_different_make_tell_the_same_instructions() -> None:
    counts = [emulate(linked(name), SAMPLES).instructions for name in ("netduino2", "mps2-an385")]
    assert counts[0] == counts[1]


def test_layers_are_counted_apart_and_add_up() -> None:
    found = layers(linked("netduinoplus2"), SAMPLES[0])
    whole = emulate(linked("netduinoplus2"), SAMPLES[:1]).instructions[0]
    assert 0 <= found[0] - 2 * ROUNDS[0] < 8
    assert abs(sum(found.values()) - whole) < 16


def test_symbols_are_sorted() -> None:
    found = linked("netduinoplus2").sizes
    assert (found.arena_bytes, found.weights_bytes, found.tables_bytes) == (64, 4, 8)
    assert found.ram_bytes == found.arena_bytes + found.statics_bytes + found.stack_bytes
    assert 0 < found.statics_bytes < 32
    assert 0 < found.code_bytes < 200


def test_a_link_fails_exactly_where_flash_or_ram_end() -> None:
    need = linked("netduinoplus2").sizes
    link(FILES, M4, need.flash_bytes, need.ram_bytes)
    with pytest.raises(LinkFailed, match="ram: need 4 B more") as error:
        link(FILES, M4, need.flash_bytes, need.ram_bytes - 4)
    assert error.value.over_bytes == {"ram": 4}
    with pytest.raises(LinkFailed) as error:
        link(FILES, M4, need.flash_bytes - 1, need.ram_bytes - 1)
    assert error.value.over_bytes == {"flash": 1, "ram": 1}


@pytest.mark.parametrize(
    ("body", "options", "need"),
    [
        ("void model_run(void) { *(volatile int *)0xF0000000 = 1; }", Options(), "in model_run"),
        (
            "void model_run(void) { volatile int8_t a[4096]; a[0] = a[1] = 1; }",
            Options(stack_bytes=512),
            "need more stack than the 512 bytes",
        ),
        ('void model_run(void) { for (;;) __asm__ volatile(""); }', Options(), "no end within 3 s"),
    ],
)
def test_a_program_that_goes_wrong_is_told_apart(body: str, options: Options, need: str) -> None:
    program = link(project(body), M4, 32_768, 8_192, options)
    with pytest.raises(EmulationFailed, match=need):
        emulate(program, SAMPLES, replace(EMULATION_LIMITS, seconds=3))


@pytest.mark.parametrize(
    ("body", "need"),
    [
        ("void model_run(void) { nonsense }", "compile: .*nonsense"),
        ("int f(int n) { return n ? f(n - 1) * n + f(n - 2) : 1; } void model_run(void) { "
         "model_arena[16] = (int8_t)f(model_arena[0]); }", "stack: need no recursion"),
        ("void model_run(void) { volatile int8_t a[model_arena[0]]; a[0] = 1; }", "known size"),
        ("void (*volatile p)(void); void model_run(void) { p(); model_arena[16] = 1; }",
         "no call through a pointer"),
    ],
)  # fmt: skip
def test_what_does_not_compile_or_has_no_bound_is_refused(body: str, need: str) -> None:
    with pytest.raises(LinkFailed, match=need):
        link(project(body), M4, 32_768, 8_192)


def test_samples_that_do_not_fit_beside_the_program_come_in_several_runs() -> None:
    program = linked("netduinoplus2")
    start = program.symbols["board_samples"].address
    flash = replace(M4.flash, size_bytes=start + 4 + 16 - M4.flash.base)  # two at once
    tight = replace(program, board=replace(M4, flash=flash))
    assert np.array_equal(emulate(tight, SAMPLES).outputs, SUMS)
    none = replace(program, board=replace(M4, flash=replace(flash, size_bytes=64)))
    with pytest.raises(EmulationFailed, match="need 8 bytes of flash beside the program"):
        emulate(none, SAMPLES)
