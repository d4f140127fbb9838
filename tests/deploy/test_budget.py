"""A network that does not fit a device as it is: parts of it run in bands, everywhere alike."""

import json
from dataclasses import replace

import pytest

from resource_models.arena_banded import plan_within
from resource_models.arena_in_place import plan_in_place
from resource_models.devices import Device, device
from tests.deploy import networks
from tests.deploy.c.banded import BLOCKS
from tests.resource_models.banded import budgets
from worker.deploy import budget
from worker.deploy.c.project import project
from worker.deploy.export import exported
from worker.deploy.levels import Case, emulated, formulas, linked, runs_here
from worker.deploy.simulate import Simulation
from worker.deploy.vectors import Vectors

RECORD = networks.drawn_int8(BLOCKS)
INPUTS = networks.bytes_for(BLOCKS, 4)
SAMPLES = Vectors(INPUTS.numpy(), Simulation(RECORD).run(INPUTS).numpy())
WHOLE = plan_in_place(BLOCKS).arena_bytes
LEAST = [*budgets(BLOCKS)][-1]
M4 = device("stm32f446re")


def leaving(arena_bytes: int, found: Device = M4) -> Device:
    """A device that leaves so many bytes for an arena with bands."""
    short = budget.arena_budget_bytes(RECORD, replace(found, sram_bytes=1))
    return replace(found, sram_bytes=arena_bytes + 1 - short)


def test_what_fits_as_it_is_stays_as_it_is() -> None:
    beside_bytes = budget.whole_code(RECORD, M4).most_ram_bytes
    roomy = replace(M4, sram_bytes=WHOLE + beside_bytes)
    assert budget.arena_budget_bytes(RECORD, roomy) == WHOLE
    tight = replace(roomy, sram_bytes=roomy.sram_bytes - 1)
    assert budget.arena_budget_bytes(RECORD, tight) < WHOLE - 1  # a stage needs stack, too
    found = exported(RECORD, SAMPLES, roomy)
    texts = {name[2:]: text.decode() for name, text in found.items() if name.startswith("c/")}
    assert texts == project(RECORD, vectors=SAMPLES)
    assert "whole_maps_arena_bytes" not in json.loads(found["figures.json"])


def test_what_does_not_fit_runs_in_bands_and_says_what_that_spares() -> None:
    small = leaving(LEAST)
    assert budget.arena_budget_bytes(RECORD, small) == LEAST
    found = exported(RECORD, SAMPLES, small)
    told = json.loads(found["figures.json"])
    assert told["fits_by_formula"] is True
    assert (told["arena_bytes"], told["whole_maps_arena_bytes"]) == (LEAST, WHOLE)
    moved = sum(stage.moved_bytes for stage in plan_within(BLOCKS, LEAST).stages)
    assert told["moved_bytes"] == moved > 0
    assert found["c/model.c"].decode() == project(RECORD, arena_budget_bytes=LEAST)["model.c"]
    case = Case(RECORD, SAMPLES, small)
    assert formulas(case).state == "passed"
    assert "The C project" not in runs_here(case).reason


def test_what_does_not_fit_in_bands_either_says_what_whole_maps_need() -> None:
    case = Case(RECORD, SAMPLES, leaving(LEAST - 1))
    level = formulas(case)
    assert level.figures["arena_bytes"] == WHOLE
    assert f"{WHOLE:,} B" in level.reason
    assert level.state != "passed"


@pytest.mark.arm
@pytest.mark.parametrize("name", ["stm32f446re", "microbit"])
def test_the_linker_and_the_emulator_agree(name: str) -> None:
    case = Case(RECORD, SAMPLES, leaving(LEAST, device(name)))
    formula, link, run = formulas(case), linked(case), emulated(case)
    assert [level.reason for level in (formula, link, run)] == ["", "", ""]
    assert link.figures["arena_bytes"] == formula.figures["arena_bytes"] == LEAST
    assert link.figures["flash_bytes"] <= formula.figures["most_flash_bytes"]
    assert link.figures["ram_bytes"] <= formula.figures["most_ram_bytes"]
