"""What a C project takes, by formula; symbols of a linked program are compared with it."""

import math
from dataclasses import dataclass

from resource_models.arena_banded import plan_within
from resource_models.model_size import REQUANTISATION_BYTES, deployed_bytes
from resource_models.weights import weights
from worker.deploy.record import Int8Graph


@dataclass(frozen=True, slots=True)
class Figures:
    """Bytes: weights are kernels, biases and indices; tables are what requantises."""

    arena_bytes: int
    weights_bytes: int
    tables_bytes: int


def figures(record: Int8Graph, arena_budget_bytes: int | None = None) -> Figures:
    """Those of a network; weights and tables together are `model_size:deployed`.

    With a budget they are those of the project that is written for it.
    """
    graph = record.graph
    tables = sum(
        REQUANTISATION_BYTES * math.prod(table.multipliers.shape)
        for table in record.tables.values()
    )
    found = weights(graph, record.non_zeros())
    stored = deployed_bytes(graph, found, record.weight_bits)
    return Figures(plan_within(graph, arena_budget_bytes).arena_bytes, stored - tables, tables)
