"""Instructions of each layer of one network, on every core: what the formula is fitted to."""

from collections.abc import Mapping
from typing import Any

from benchmarks.deployed.agreement import CORES, DECIDING, linked, texts
from benchmarks.deployed.networks import case, graph
from benchmarks.provenance import code_of
from resource_models.arena_in_place import plan_in_place
from resource_models.counted import features
from resource_models.graph import Graph
from resource_models.weights import Weights, macs, weights
from worker.deploy.boards.emulate import layers
from worker.deploy.boards.link import Options
from worker.deploy.c.project import project

DEPTHWISE = "depthwise_conv2d"
LEVEL = "-O3"  # what a project's own Makefile asks for


def run(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The line of the network that `fields` name by `space` and `number`."""
    found = case(fields["space"], fields["number"], 1)
    network, files = found.record.graph, project(found.record)
    plan = plan_in_place(network)
    order = plan.order
    counts = {}
    for core, machine in CORES.items():
        program = linked(files, core, machine, Options(level=LEVEL, layers=True))
        told = layers(program, found.inputs[0])
        counts[core] = {order[number - 1]: count for number, count in told.items()}
    return {
        **fields,
        "graph": graph(fields["space"], fields["number"]).sha256(),
        "non_zeros": found.record.non_zeros(),
        "counts": counts,
        "in_place": sorted(plan.over),
        "code": code_of(*DECIDING),
        "texts": texts(),
    }


def told(line: Mapping[str, Any]) -> tuple[Graph, dict[str, Weights]]:
    """The network of a line and its weights.

    Raises:
        RuntimeError: the spaces have changed since the line was written.
    """
    network = graph(line["space"], line["number"])
    if network.sha256() != line["graph"]:
        raise RuntimeError(f"{line['space']} {line['number']} is another network by now")
    return network, weights(network, line["non_zeros"])


def examples(
    line: Mapping[str, Any], core: str, ordinary: bool = False
) -> list[tuple[str, tuple[float, ...], int]]:
    """(form of the kernel, features, instructions) of each layer.

    With `ordinary` no depthwise layer that writes over its input: its kernel is another, which the
    formula does not know, since only the plan of the whole network tells who does.
    """
    counts = line["counts"][core]
    return [
        (form, found, counts[name])
        for name, (form, found) in features(*told(line)).items()
        if not (ordinary and form == DEPTHWISE and name in line["in_place"])
    ]


def macs_of(line: Mapping[str, Any]) -> int:
    """Multiplications of the network of a line."""
    return macs(*told(line))
