"""The network of a trial: as it was proposed, and what came out of a training that cut it."""

import json
import logging
from dataclasses import dataclass

from sqlalchemy.orm import Session

from resource_models.errors import ResourceError
from resource_models.graph import Graph
from resource_models.nodes import Gather
from service import artefacts
from service.artefacts import Store
from service.models import Trial
from service.states import Status

TRAINED = frozenset({Status.COMPLETED, Status.STOPPED})
LOG = logging.getLogger(__name__)
NAME = "graph.json"
LARGEST_BYTES = 2**20  # a network for a microcontroller has some thousand bytes


@dataclass(frozen=True, slots=True)
class Network:
    """A network as it is shown; `proposed` says that a training may still take parts of it away."""

    graph: Graph
    proposed: bool


def network(session: Session, store: Store, trial: Trial) -> Network | None:
    """Return the network of a trial: what came out once it is completed; None for parameters."""
    if trial.work.get("graph") is None:
        return None
    proposed = Graph.from_json(trial.work["graph"])
    if not trial.pruned:
        return Network(proposed, proposed=False)
    left = _left(session, store, trial) if trial.status in TRAINED else None
    if left is None or not _is_cut_of(left, proposed):
        return Network(proposed, proposed=True)
    return Network(left, proposed=False)


def _is_cut_of(graph: Graph, whole: Graph) -> bool:
    """Whether a network may be what pruning left of another: no node is new but gathers."""
    names = {node.id for node in graph.nodes if not isinstance(node, Gather)}
    return names <= {node.id for node in whole.nodes}


def _left(session: Session, store: Store, trial: Trial) -> Graph | None:
    """Return the network that a worker left; None if it left none that can be read."""
    held = {artefact.name: artefact for artefact in artefacts.listing(session, trial.id)}
    if NAME not in held or held[NAME].size_bytes > LARGEST_BYTES:
        return None
    try:
        return Graph.from_json(json.loads(b"".join(store.read(held[NAME].sha256))))
    # Whoever holds a lease may send anything, and a store may have lost a file.
    except (ResourceError, OSError, ValueError, RecursionError) as error:
        LOG.warning("Trial %d left no network that can be read: %s", trial.id, error)
        return None
