"""Networks of every kind of node, as C projects on emulated boards: every byte as simulated."""

import numpy as np
import pytest

from resource_models.graph import Graph
from tests.deploy import networks
from tests.worker.samples import EVERYTHING
from worker.deploy.boards.board import BOARDS
from worker.deploy.boards.emulate import emulate
from worker.deploy.boards.link import Options, link
from worker.deploy.c.figures import figures
from worker.deploy.c.project import project
from worker.deploy.simulate import Simulation

pytestmark = pytest.mark.arm
GRAPHS = {
    "shared": networks.SHARED,
    "sums": networks.LONG_SUMS,
    "all": EVERYTHING,
    "over": networks.OVER,
}


# Joined maps on a core with DSP instructions: gcc 12 left whole layers out of it.
@pytest.mark.parametrize(
    ("machine", "level", "graph", "bits"),
    [
        ("netduinoplus2", "-O3", "shared", 8),
        ("netduinoplus2", "-O2", "sums", 8),
        ("microbit", "-O2", "shared", 8),
        ("mps2-an500", "-O3", "all", 8),
        ("netduinoplus2", "-O3", "over", 8),
        ("microbit", "-O2", "over", 8),
        ("netduinoplus2", "-O3", "all", 4),
        ("netduinoplus2", "-O2", "over", 4),
        ("microbit", "-O3", "over", 4),
    ],
)
def test_a_network_answers_as_simulated(machine: str, level: str, graph: str, bits: int) -> None:
    record = networks.drawn_int8(GRAPHS[graph], bits=bits)
    inputs = networks.bytes_for(record.graph, 8)
    board = BOARDS[machine]
    program = link(project(record), board, 2**18, 2**17, Options(level))
    found = emulate(program, inputs.numpy())
    simulated = Simulation(record).run(inputs).numpy()
    assert np.array_equal(found.outputs.reshape(simulated.shape), simulated)
    formula = figures(record)
    assert program.sizes.arena_bytes == formula.arena_bytes
    assert program.sizes.weights_bytes == formula.weights_bytes
    assert program.sizes.tables_bytes == formula.tables_bytes


def test_maps_of_one_width_that_are_joined_are_joined() -> None:
    parts = Graph(
        (
            networks.Input("in", (6, 4, 1)),
            networks.Conv2d("one", ("in",), 1, (2, 2)),
            networks.Conv2d("two", ("in",), 1, (2, 2)),
            networks.Concat("both", ("one", "two")),
            networks.Flatten("flat", ("both",)),
            networks.Dense("out", ("flat",), 3),
        )
    )
    record = networks.drawn_int8(parts)
    inputs = networks.bytes_for(parts, 4)
    found = emulate(link(project(record), BOARDS["netduinoplus2"], 2**18, 2**17), inputs.numpy())
    assert np.array_equal(found.outputs, Simulation(record).run(inputs).numpy())
