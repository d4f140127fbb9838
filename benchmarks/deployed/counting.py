"""Instructions and bytes of each layer of a network on every core: what formulas are fitted to."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.deployed.agreement import CORES, DECIDING, linked, texts
from benchmarks.deployed.networks import case, graph
from benchmarks.provenance import code_of
from resource_models.arena_in_place import plan_in_place
from resource_models.counted import features
from resource_models.graph import Graph
from resource_models.weights import Weights, macs, weights
from worker.deploy.boards.emulate import layers
from worker.deploy.boards.link import Linked, Options
from worker.deploy.c.figures import figures
from worker.deploy.c.project import project
from worker.deploy.record import Int8Graph

LAYER = "model_layer_"  # the name of a layer's function, up to its number
DEPTHWISE = "depthwise_conv2d"
LEVEL = "-O3"  # what a project's own Makefile asks for


def run(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The line of the network that `fields` name by `space` and `number`."""
    found = case(fields["space"], fields["number"], 1)
    network, files = found.record.graph, project(found.record)
    plan = plan_in_place(network)
    order = plan.order
    counts, code_sizes = {}, {}
    for core, machine in CORES.items():
        plain = linked(files, core, machine, Options(level=LEVEL))
        code_sizes[core] = _sizes(plain, found.record, order)
        program = linked(files, core, machine, Options(level=LEVEL, layers=True))
        told = layers(program, found.inputs[0])
        counts[core] = {order[number - 1]: count for number, count in told.items()}
    return {
        **fields,
        "graph": graph(fields["space"], fields["number"]).sha256(),
        "non_zeros": found.record.non_zeros(),
        "counts": counts,
        "in_place": sorted(plan.over),
        "code_sizes": code_sizes,
        "code": code_of(*DECIDING),
        "texts": texts(),
    }


def _sizes(program: Linked, record: Int8Graph, order: Sequence[str]) -> dict[str, Any]:
    """Bytes of the function of each layer, and of what no formula tells."""
    ours = {
        number: symbol.size_bytes
        for name, symbol in program.symbols.items()
        if name.startswith(LAYER)
        for number in [int(name.removeprefix(LAYER).partition("_")[0])]
    }
    sizes, formula = program.sizes, figures(record)
    stored = formula.weights_bytes + formula.tables_bytes
    return {
        "layers": {order[number - 1]: size for number, size in ours.items()},
        "besides": sizes.code_bytes - sum(ours.values()),
        "flash_besides": sizes.flash_bytes - stored - sizes.code_bytes,
        "ram_besides": sizes.ram_bytes - formula.arena_bytes,
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
