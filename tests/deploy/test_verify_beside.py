"""What a verification does at the same time."""

import threading

import pytest

from resource_models.devices import device
from tests.deploy import networks
from worker.deploy.levels import Case
from worker.deploy.simulate import Simulation
from worker.deploy.vectors import Vectors
from worker.deploy.verification import NAMES, Level
from worker.deploy.verify import verify

RECORD = networks.drawn_int8(networks.ENDS_FLAT)
INPUTS = networks.bytes_for(RECORD.graph, 4)
SAMPLES = Vectors(INPUTS.numpy(), Simulation(RECORD).run(INPUTS).numpy())
M4 = device("stm32f446re")


def test_the_board_does_not_wait_for_this_machine_but_for_the_formulas(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran = threading.Event()

    def here(_: Case) -> Level:
        assert ran.wait(30)
        return Level("L1", "passed")

    def emulated(_: Case) -> Level:
        ran.set()
        return Level("L3", "passed")

    checks = {name: lambda _, name=name: Level(name, "passed") for name in NAMES}
    checks |= {"L1": here, "L3": emulated}
    monkeypatch.setattr("worker.deploy.verify.LEVELS", checks)
    assert verify(RECORD, SAMPLES, M4).verdict == "L3"
    checks["L2"] = lambda _: Level("L2", "failed", "Too large.")
    found = verify(RECORD, SAMPLES, M4)
    assert [each.state for each in found.levels] == ["passed", "passed", "failed", "not verified"]
    ran.clear()
    checks["L0"] = lambda _: Level("L0", "failed", "Too large.")
    found = verify(RECORD, SAMPLES, M4)
    assert [each.state for each in found.levels] == ["failed", *["not verified"] * 3]
    assert not ran.is_set()
