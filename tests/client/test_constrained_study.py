"""Constraints, computed objectives and replicates, as the SDK sends them."""

from tests.client.scripted import Scripted, ok, study_json, trial_json
from tinyfront import Parameters, Real, Study, maximize


def test_constraints_options_and_expressions_are_sent(server: Scripted) -> None:
    server.say("POST", "/studies", ok(study_json(), 201))
    server.client().create_study(
        "toy",
        space=Parameters(Real("x", 0, 1), constraints=["x <= 0.5"]),
        objectives=["cost", maximize("fuel", expression="2*x")],
        trials=1,
        constraints=["heat <= 80", {"name": "gain", "limit": 2.0}],
        designer_options={"rays": 8},
    )
    (sent,) = server.sent("POST", "/studies")
    assert sent["constraints"] == ["heat <= 80", {"name": "gain", "limit": 2.0}]
    assert sent["objectives"][1]["expression"] == "2*x"
    assert sent["space"]["constraints"] == ["x <= 0.5"]
    assert sent["designer_options"] == {"rays": 8}


def test_a_replicate_is_asked_for_by_name(server: Scripted, study: Study) -> None:
    server.say("POST", "/studies/7/trials", ok(trial_json(9, status="queued"), 201))
    study.enqueue({"x": 0.5}, replicate=True)
    (sent,) = server.sent("POST", "/studies/7/trials")
    assert sent == {"point": {"x": 0.5}, "replicate": True}
