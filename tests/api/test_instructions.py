"""Studies that count instructions, over HTTP and on every database."""

from random import Random
from typing import Any

import pytest

from resource_models import instructions
from resource_models.counted import Coefficients, coefficients
from resource_models.graph import Graph
from resource_models.instructions import Formula
from resource_models.weights import weights
from service import studies
from tests.api.conftest import Served, assert_problem, wait_until
from tests.api.exported import bring, export, text
from tests.api.test_bad_input import DIGITS, NETWORKS, announce

FIGURE = "instructions@m4"
PRUNING = {"scope": "channels", "method": "magnitude", "target": 0.5}
DATA = {"digits": DIGITS["sha256"]}


def another_fit(core: str) -> Coefficients:
    return {form: tuple(3 * cost for cost in costs) for form, costs in coefficients(core).items()}


def test_a_study_counts_by_the_costs_that_it_began_with(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(served)
    limited = {"name": "instructions", "limit": 400_000}
    body = {
        **NETWORKS,
        "space": {"kind": "tiny", "joins": ["none"], "exits": ["none"]},
        "objectives": [{"name": "error"}, limited],
    }
    made = served.ask("POST", "/studies", body).json()
    assert made["objectives"][1]["name"] == FIGURE
    assert made["objectives"][1]["unit"] == "instructions"
    costs = Formula.fitted("m4")
    monkeypatch.setattr(instructions, "coefficients", another_fit)  # as a later release has it
    with served.db.read() as session:
        space = studies.problem_of(studies.get(session, "nets")).space
    drawn = space.sample(Random(0))
    plain = {name: gene for name, gene in drawn.items() if name != "pruning"}

    def queue(point: dict[str, Any], **more: Any) -> dict[str, Any]:
        answer = served.ask("POST", "/studies/nets/trials", {"point": point, **more})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    done = queue(plain, values={"error": 0.1})
    graph = Graph.from_json(served.get(f"/trials/{done['id']}")["graph"])
    assert done["values"][FIGURE] == costs.count(graph, weights(graph))
    wait_until(lambda: bool(served.get("/studies/nets")["front_size"] == 1))
    [kept] = served.get(f"/studies/nets/trials?where={FIGURE}>=1")["items"]
    assert kept["id"] == done["id"]
    assert served.get(f"/studies/nets/trials?where={FIGURE}<=1")["items"] == []

    # A worker of an earlier release cannot count what is left of a pruned network.
    cut = queue({**plain, "pruning": PRUNING})
    assert cut["predicted_figures"][FIGURE] < done["values"][FIGURE]
    assert served.claim("nets", data=DATA, can=["pruning", "training"]) == []
    [lease] = served.claim("nets", data=DATA, can=["pruning", "training", "instructions"])
    assert FIGURE in lease["work"]["metrics"]
    assert instructions.formulas_from_json(lease["work"]["instructions"]) == (costs,)
    served.tell(lease, "release")

    lines = export(served, "nets")
    answer = bring(served, text(lines), "copied")
    assert answer.status_code == 201, answer.text
    again = export(served, "copied")
    assert again[0]["instructions"] == lines[0]["instructions"]
    assert again[1:] == lines[1:]
    lines[0]["instructions"] = {"m4": {"add": [-1.0]}}
    assert_problem(bring(served, text(lines), "wrong"), 422, "line 1.instructions.m4.add")
