"""What the API process imports costs it no torch."""

import subprocess
import sys

import pytest

LIGHT = (
    "optimizer.errors",
    "optimizer.parameters",
    "optimizer.parameter_space",
    "optimizer.space",
    "optimizer.problem",
    "optimizer.history",
    "optimizer.proposal",
    "optimizer.scale",
    "optimizer.pareto",
    "optimizer.designers",
    "optimizer.designers.ageing_evolution",
    "optimizer.designers.random",
    "optimizer.designers.sobol",
    "optimizer.networks.space",
    "optimizer.networks.scales",
)


@pytest.fixture(scope="module")
def imported() -> set[str]:
    program = f"import sys, {', '.join(LIGHT)}; print(*sys.modules)"
    command = [sys.executable, "-c", program]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def test_the_light_modules_import_no_torch(imported: set[str]) -> None:
    assert set(LIGHT) <= imported
    assert not {"torch", "gpytorch", "botorch"} & imported
