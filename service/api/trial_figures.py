"""Charts of trials as Plotly JSON, and networks with what their drawing needs."""

import math
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from resource_models.devices import DEVICES
from resource_models.model_size import node_bytes
from resource_models.weights import node_macs, weights
from service import figures, studies, trials
from service.api.figures import FigureOut, answer
from service.api.fronts import DeviceName
from service.api.parts import DbDep, Id, PartsDep
from service.figures.axes import budgets
from service.figures.rows import objectives_of, reports_of, timeline_of
from service.networks import network as network_of

router = APIRouter(tags=["figures"])


class NodeOut(BaseModel):
    """A node of a network with what follows from its place in it."""

    model_config = ConfigDict(extra="allow")  # the fields of its kind

    id: str
    kind: str
    inputs: list[str]
    shape: list[int]
    weights: int = Field(description="Kernel weights and biases.")
    macs: int = Field(description="Multiply-accumulates of its weights.")
    size_bytes: int = Field(description="What `model_size:deployed` counts for it.")
    output_bytes: int = Field(description="Of its int8 output.")
    live_bytes: int | None = Field(
        description="What lies in memory while it runs; null of a node that only renames values."
    )


class NetworkOut(BaseModel):
    """A network with the shape and the cost of each node."""

    nodes: list[NodeOut]
    proposed: bool = Field(description="Whether training may still take parts of it away.")


@router.get("/trials/{trial_id}/figures/learning")
def learning(trial_id: Id, db: DbDep) -> FigureOut:
    """Draw what was reported of a trial, step by step."""
    with db.read() as session:
        trial = trials.get(session, trial_id)
        study = studies.get(session, trial.study_id)
        names = [objective.name for objective in objectives_of(study)]
        return answer(figures.learning(reports_of(session, trial), names))


@router.get("/trials/{trial_id}/figures/memory")
def memory(
    trial_id: Id,
    parts: PartsDep,
    device: Annotated[
        DeviceName | None, Query(description="Whose SRAM is drawn; by default the study's device.")
    ] = None,
) -> FigureOut:
    """Draw what lies in memory while a network runs; of a trial without a network, nothing."""
    with parts.db.read() as session:
        trial = trials.get(session, trial_id)
        study = studies.get(session, trial.study_id)
        found = network_of(session, parts.store, trial)
    board = DEVICES.get(device or str(study.definition.get("device")))
    timeline = timeline_of(None if found is None else found.graph)
    return answer(figures.memory(timeline, budgets(board).get("working_memory")))


@router.get("/trials/{trial_id}/network")
def network(trial_id: Id, parts: PartsDep) -> NetworkOut:
    """Read a trial's network with the shape and the cost of each node; else no node.

    Of a completed trial it is the network that came out of its training.
    """
    with parts.db.read() as session:
        trial = trials.get(session, trial_id)
        found = network_of(session, parts.store, trial)
        bits = trial.work.get("training", {}).get("weight_bits", 8)
    if found is None:
        return NetworkOut(nodes=[], proposed=False)
    graph = found.graph
    counted, live = weights(graph), dict(timeline_of(graph))
    nodes = []
    for node, wire in zip(graph.nodes, graph.to_json()["nodes"], strict=True):
        shape, has = list(graph.shapes[node.id]), node.id in counted
        more: dict[str, Any] = {
            "shape": shape,
            "weights": counted[node.id].kernel + counted[node.id].biases if has else 0,
            "macs": node_macs(graph, counted, node.id) if has else 0,
            "size_bytes": node_bytes(graph, counted, node, bits),
            "output_bytes": math.prod(shape),
            "live_bytes": live.get(node.id),
        }
        nodes.append(NodeOut.model_validate(wire | more))
    return NetworkOut(nodes=nodes, proposed=found.proposed)
