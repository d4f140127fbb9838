"""Studies whose weights have 4 bits, over HTTP and on every database."""

from random import Random
from typing import Any

from resource_models.graph import Graph
from resource_models.model_size import deployed_bytes
from resource_models.weights import weights
from service import studies
from tests.api.conftest import Served, assert_problem
from tests.api.test_bad_input import DIGITS, NETWORKS, announce

DATA = {"digits": DIGITS["sha256"]}
FOUR: dict[str, Any] = {
    **NETWORKS,
    "space": {"kind": "tiny", "joins": ["none"], "exits": ["none"], "pruning_scopes": ["none"]},
    "objectives": [{"name": "error"}, {"name": "model_size"}],
    "training": {"weight_bits": 4},
}


def test_a_study_of_4_bits_counts_them_and_goes_to_workers_that_can(served: Served) -> None:
    announce(served)
    made = served.ask("POST", "/studies", FOUR)
    assert made.status_code == 201, made.text
    with served.db.read() as session:
        space = studies.problem_of(studies.get(session, "nets")).space
    point = space.sample(Random(1))
    trial = served.ask("POST", "/studies/nets/trials", {"point": point}).json()
    graph = Graph.from_json(served.get(f"/trials/{trial['id']}")["graph"])
    size = deployed_bytes(graph, weights(graph), 4)
    assert trial["values"]["model_size:deployed"] == size
    assert size < deployed_bytes(graph, weights(graph))
    nodes = served.get(f"/trials/{trial['id']}/network")["nodes"]
    assert sum(node["size_bytes"] for node in nodes) == size

    # A worker of an earlier release would train it in 8 bits.
    assert served.claim("nets", data=DATA, can=["int8", "training"]) == []
    [lease] = served.claim("nets", data=DATA, can=["int8", "training", "int4"])
    assert lease["work"]["training"]["weight_bits"] == 4


def test_instructions_were_not_counted_with_4_bits(served: Served) -> None:
    announce(served)
    asking = {**FOUR, "objectives": [{"name": "error"}, {"name": "instructions@m4"}]}
    answer = served.ask("POST", "/studies", asking)
    assert_problem(answer, 422, "objectives.1.name")
    assert "training.weight_bits: need 8 where instructions@m4 is asked" in answer.json()["detail"]
    floats = {**FOUR, "training": {"weight_bits": 4, "quantisation": "none"}}
    assert_problem(served.ask("POST", "/studies", floats), 422, "training.weight_bits")
