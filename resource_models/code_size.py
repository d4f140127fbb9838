"""Bytes of code of our C project on a core: an estimate per layer, and what it stays below.

Kernels are built for the shapes of each layer, so their size depends on what gcc makes of these: no
formula has it to the byte. `code_size.json` has what each loop of a kernel takes, by the form of
the kernel (`resource_models.counted.FEATURES`), fitted to layers that were linked at -O3
(`benchmarks/deployed`): `likely` with the least relative error, `most` so that no layer was larger,
with a margin. Between the two the linker decides.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from resource_models.counted import features
from resource_models.errors import UnknownCore
from resource_models.graph import Graph
from resource_models.weights import Weights

DATA = "code_size.json"


@dataclass(frozen=True, slots=True)
class CodeSize:
    """Bytes of a program beside weights, tables and arena.

    Args:
        likely_bytes: of code, in flash.
        most_flash_bytes: of code and of what else is in flash, vectors and start-up.
        most_ram_bytes: of variables and the room for the stack.
    """

    likely_bytes: int
    most_flash_bytes: int
    most_ram_bytes: int


def code_size(graph: Graph, core: str, found: Mapping[str, Weights] | None = None) -> CodeSize:
    """The code of a network on a core.

    Args:
        graph: the network.
        core: one of `resource_models.counted.cores()`.
        found: its weights; left out, none of them is zero.

    Raises:
        UnknownCore: nothing was linked for it.
    """
    data = _data()
    if core not in data:
        raise UnknownCore(core, data)
    costs, layers = data[core], loops(graph, found).values()
    likely, most = (
        sum(_bytes(costs[name][form], runs) for form, runs in layers) for name in ("likely", "most")
    )
    besides = costs["besides"]
    return CodeSize(
        round(likely + besides["code_bytes"]),
        round(most + besides["most_flash_bytes"]),
        besides["most_ram_bytes"],
    )


def loops(
    graph: Graph, found: Mapping[str, Weights] | None = None
) -> dict[str, tuple[str, tuple[bool, ...]]]:
    """(form of its kernel, which of its loops there are) of each node that runs."""
    return {
        name: (form, tuple(count > 0 for count in counts))
        for name, (form, counts) in features(graph, found).items()
    }


def _bytes(costs: Sequence[float], runs: Sequence[bool]) -> float:
    return sum(cost for cost, there in zip(costs, runs, strict=True) if there)


@cache
def _data() -> Any:
    return json.loads((files("resource_models") / DATA).read_text("utf-8"))["cores"]
