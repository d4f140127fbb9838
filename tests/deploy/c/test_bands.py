"""Layers that run in bands: bytes as simulated, in an arena as small as was asked for."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from resource_models.arena_banded import plan_within
from resource_models.arena_in_place import plan_in_place
from resource_models.graph import Graph
from resource_models.nodes import AvgPool, Conv2d, DepthwiseConv2d, MaxPool
from tests.deploy import networks
from tests.deploy.c.banded import BLOCKS, row
from tests.deploy.c.symbols import assert_alone, sums, symbols
from tests.resource_models.banded import budgets
from worker.deploy import host, scratch
from worker.deploy.c.figures import figures
from worker.deploy.c.project import project
from worker.deploy.record import Int8Graph
from worker.deploy.simulate import Simulation

Job = tuple[Int8Graph, np.ndarray, int]


def some(values: Sequence[int]) -> list[int]:
    """The first, one in the middle and the last."""
    return sorted({values[0], values[len(values) // 2], values[-1]}) if values else []


@pytest.fixture(scope="module")
def jobs() -> list[Job]:
    """Networks with budgets at which parts of them run in bands."""
    drawn = [graph for name in networks.SPACES for graph in networks.sampled(name, 2, seed=8)]
    found: list[Job] = []
    for number, graph in enumerate([BLOCKS, *map(row, range(10)), *drawn]):
        most = some([*budgets(graph)])
        if most:
            record = networks.drawn_int8(graph, number, 4 if number % 3 == 0 else 8)
            samples = networks.bytes_for(graph, 4, number).numpy()
            found += [(record, samples, each) for each in most]
    return found


@pytest.mark.parametrize("dsp", [False, True])
def test_bands_answer_as_simulated_and_no_sanitizer_complains(jobs: list[Job], dsp: bool) -> None:
    answers = host.run_all([job[:2] for job in jobs], dsp, [most for _, _, most in jobs])
    for (record, samples, most), found in zip(jobs, answers, strict=True):
        expected = Simulation(record).run(networks.torch.from_numpy(samples)).numpy()
        assert np.array_equal(found, expected), (record.graph, most)


def test_the_networks_have_every_kind_in_bands_and_bands_of_every_sort(jobs: list[Job]) -> None:
    kinds, rows, stages = set(), set(), set()
    for record, _, most in jobs:
        plan = plan_within(record.graph, most)
        assert plan.arena_bytes <= most
        assert plan_within(record.graph, plan.arena_bytes) == plan
        stages.add(len(plan.stages))
        for stage in plan.stages:
            rows.add(stage.rows)
            kinds |= {type(record.graph.node(name)) for name in stage.names}
    assert kinds == {Conv2d, DepthwiseConv2d, MaxPool, AvgPool}
    assert {record.weight_bits for record, *_ in jobs} == {4, 8}
    assert {1, 2, 3} <= rows
    assert {1, 2} <= stages


def least(graph: Graph) -> int:
    return [*budgets(graph)][-1]


def test_its_makefile_builds_it_with_an_arena_as_planned_and_its_check_passes(
    tmp_path: Path,
) -> None:
    record, most = networks.drawn_int8(BLOCKS), least(BLOCKS)
    scratch.write(tmp_path, project(record, arena_budget_bytes=most))
    scratch.require("make")
    said = scratch.run(["make", "all", "check", "CFLAGS=-O3 -Werror"], tmp_path)
    assert "4 samples of 3 outputs: 0 wrong" in said
    found = figures(record, most)
    assert found.arena_bytes == most < plan_in_place(BLOCKS).arena_bytes
    held = sums(symbols(tmp_path, "model"), "model")
    assert held == (found.arena_bytes, found.weights_bytes, found.tables_bytes)
    assert_alone(tmp_path, "model")


def test_a_project_has_bands_only_if_a_budget_asks_for_them() -> None:
    record, whole = networks.drawn_int8(BLOCKS), plan_in_place(BLOCKS).arena_bytes
    plain = project(record)
    assert project(record, arena_budget_bytes=whole) == plain
    assert project(record, arena_budget_bytes=least(BLOCKS) - 1) == plain
    assert "band" not in "".join(plain.values())
    assert "kernels/bands.h" not in plain
    banded = project(record, arena_budget_bytes=whole - 1)
    assert banded.keys() - plain.keys() == {"kernels/bands.h"}


def test_its_readme_tells_what_it_spares() -> None:
    record, most = networks.drawn_int8(BLOCKS), least(BLOCKS)
    plan, text = plan_within(BLOCKS, most), project(record, arena_budget_bytes=most)["README.md"]
    whole = plan_in_place(BLOCKS).arena_bytes
    assert f"| arena (RAM) | {most} |" in text
    assert f"the arena would take {whole} bytes" in text
    assert f"{sum(stage.moved_bytes for stage in plan.stages)} bytes are moved" in text
    assert "| `expand` | conv2d, in bands |" in text
    assert "| `out` | dense |" in text
    last = plan.stages[0].names[-1]
    rows = f"| {plan.stages[0].rows} | {BLOCKS.shapes[last][0]} |"
    assert f"| 1 to {plan.order.index(last) + 1} {rows}" in text
