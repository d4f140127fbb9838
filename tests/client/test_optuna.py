"""To Optuna and back, with the real package."""

import sys
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

import tinyfront
from tests.client.scripted import Scripted, objective_json, ok, study_json, trial_json
from tinyfront import (
    Choice,
    Client,
    Integer,
    NoCounterpart,
    Parameters,
    Real,
    from_optuna,
    maximize,
    minimize,
    to_optuna,
)
from tinyfront.optuna_in import _space

optuna.logging.set_verbosity(optuna.logging.WARNING)
SPACE = Parameters(
    Real("rate", 1e-4, 1.0, log=True),
    Integer("depth", 1, 9),
    Choice("kind", ["a", "b"]),
    Real("width", 0.0, 1.0, when={"kind": ["b"]}),
)


def scripted(server: Scripted, trials: list[dict[str, Any]], **study: Any) -> tinyfront.Study:
    fields: dict[str, Any] = {
        "definition": {"space": SPACE.to_json()},
        "objectives": [
            objective_json("cost", limit=0.5),
            objective_json("gain", goal="maximize", limit=0.2),
        ],
        "constraints": [{"name": "heat", "limit": 80.0, "goal": "minimize"}],
    }
    server.say("GET", "/studies/toy", ok(study_json(**(fields | study))))
    server.say("GET", "/studies/7/trials", ok({"items": trials, "next": None}))
    return server.client().study("toy")


def test_a_study_becomes_one_of_optuna_with_all_that_it_can_say(server: Scripted) -> None:
    point = {"rate": 0.1, "depth": 3, "kind": "a"}
    values = {"cost": 0.25, "gain": 0.1, "heat": 90.0}
    made = scripted(
        server,
        [
            trial_json(1, point=point, values=values),
            trial_json(2, point={**point, "kind": "b", "width": 0.5}, values=values),
            trial_json(3, point=point, values={}, status="infeasible", reason="it melts"),
            trial_json(4, point=point, values={"cost": 0.9}, status="stopped"),
            trial_json(5, point=point, values={}, status="running"),
            trial_json(6, point=point, values={}, status="cancelled"),
        ],
    ).to_optuna()
    assert made.study_name == "toy"
    assert [direction.name for direction in made.directions] == ["MINIMIZE", "MAXIMIZE"]
    assert made.metric_names == ["cost", "gain"]
    first, second, third, fourth = made.trials
    assert first.params == point
    assert first.values == [0.25, 0.1]
    assert first.distributions == {
        "rate": FloatDistribution(1e-4, 1.0, log=True),
        "depth": IntDistribution(1, 9),
        "kind": CategoricalDistribution(("a", "b")),
    }
    assert second.distributions["width"] == FloatDistribution(0.0, 1.0)
    assert first.constraints == pytest.approx({"heat": 10.0, "cost": -0.25, "gain": 0.1})
    assert (third.state, third.user_attrs["tinyfront_reason"]) == (TrialState.FAIL, "it melts")
    assert (fourth.state, fourth.user_attrs["tinyfront_number"]) == (TrialState.PRUNED, 4)
    assert first.duration is not None
    assert first.duration.total_seconds() == 60
    made.sampler = optuna.samplers.TPESampler(seed=0)  # it is a whole study: it can go on
    asked = made.ask(first.distributions)
    assert set(asked.params) == set(point)


def test_what_optuna_cannot_say_is_warned_of(server: Scripted) -> None:
    space = Parameters(
        Choice("size", [1, 2, 4], ordered=True), Real("x", 0, 1), constraints=["x <= 0.5"]
    )
    study = scripted(server, [], definition={"space": space.to_json()})
    with pytest.warns(UserWarning, match="Optuna has no") as caught:
        to_optuna(study)
    told = [str(each.message) for each in caught]
    assert "Optuna has no constraints among parameters; left out: x <= 0.5" in told
    assert "Optuna has no ordered choices; size become unordered." in told


def test_networks_have_no_counterpart(server: Scripted) -> None:
    study = scripted(server, [], definition={"space": {"kind": "tiny"}})
    with pytest.raises(NoCounterpart, match="toy searches networks"):
        study.to_optuna()


def test_without_optuna_the_error_says_what_to_install(
    server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = scripted(server, [])
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(tinyfront.MissingPackage, match=r"pip install 'tinyfront\[optuna\]'"):
        study.to_optuna()


def searched(name: str, trials: int = 8) -> optuna.Study:
    sampler = optuna.samplers.RandomSampler(seed=1)
    study = optuna.create_study(
        study_name=name, directions=["minimize", "maximize"], sampler=sampler
    )

    def evaluate(trial: optuna.Trial) -> tuple[float, float]:
        rate = trial.suggest_float("rate", 1e-4, 1.0, log=True)
        depth = trial.suggest_int("depth", 1, 9)
        step = trial.suggest_float("step", 0.0, 0.3, step=0.1)
        even = trial.suggest_int("even", 2, 8, step=2)
        kind = trial.suggest_categorical("kind", ["a", "b"])
        trial.set_constraint("heat", depth - 8.0)
        return rate * depth + step, depth + even + (kind == "a")

    study.optimize(evaluate, n_trials=trials)
    return study


def test_an_optuna_study_goes_on_in_tinyfront_and_comes_back(client: Client) -> None:
    source = searched("optuna-there")
    source.add_trial(optuna.trial.create_trial(state=TrialState.FAIL))
    with pytest.warns(UserWarning, match="left out: 1 fail"):
        study = from_optuna(client, source, objectives=["cost", "gain"], designer="random", seed=3)
    assert (study.name, study.state.trials) == ("optuna-there", 18)
    assert [(each.name, each.goal) for each in study.objectives] == [
        ("cost", "minimize"),
        ("gain", "maximize"),
    ]
    assert [(each.name, each.limit) for each in study.state.constraints] == [("heat", 0.0)]
    parameters = {each["name"]: each for each in study.state.definition["space"]["parameters"]}
    assert parameters["rate"]["log"]
    assert parameters["step"]["values"] == pytest.approx([0.0, 0.1, 0.2, 0.3])
    assert parameters["even"]["values"] == [2, 4, 6, 8]
    assert parameters["even"]["ordered"]

    with pytest.warns(UserWarning, match="ordered"):
        back = study.to_optuna()
    done = [trial for trial in source.trials if trial.state is TrialState.COMPLETE]
    assert len(back.trials) == len(done)
    for ours, theirs in zip(back.trials, done, strict=True):
        assert ours.values == theirs.values
        assert ours.params == pytest.approx(theirs.params)
        assert ours.constraints == theirs.constraints
    assert [t.values for t in back.best_trials] == [t.values for t in source.best_trials]

    more = searched("optuna-there", trials=10)  # the same first eight, and two new ones
    again = from_optuna(client, more, objectives=["cost", "gain"])
    assert again.id == study.id
    assert len(list(again.trials("completed"))) == 10
    with pytest.raises(tinyfront.InvalidArgument, match="exists, with the objectives cost, gain"):
        from_optuna(client, more, objectives=["price", "gain"])


def single(trials: list[tuple[dict[str, Any], dict[str, Any]]]) -> optuna.Study:
    study = optuna.create_study(study_name="single")
    for params, distributions in trials:
        study.add_trial(
            optuna.trial.create_trial(params=params, distributions=distributions, value=1.0)
        )
    return study


X = FloatDistribution(0.0, 1.0)


@pytest.mark.parametrize(
    ("study", "said"),
    [
        (single([]), "no completed trial"),
        (single([({"x": 0.5}, {"x": X}), ({}, {})]), "Trial 1 has no x: give space="),
        (
            single(
                [({"x": 0.5}, {"x": X}), ({"x": 0.5}, {"x": FloatDistribution(0.1, 1, log=True)})]
            ),
            "x: its distribution changes",
        ),
        (
            single([({"x": 0.5}, {"x": FloatDistribution(0, 1, step=0.001)})]),
            "x: 1001 steps of 0.001 from 0 to 1",
        ),
    ],
)
def test_what_has_no_counterpart_is_named(server: Scripted, study: optuna.Study, said: str) -> None:
    with pytest.raises(NoCounterpart, match=said):
        from_optuna(server.client(), study)
    assert server.requests == []


def test_a_range_that_changed_on_the_way_becomes_all_that_it_was() -> None:
    one = IntDistribution(3, 3)
    study = single(
        [
            ({"x": 0.5, "one": 3}, {"x": X, "one": one}),
            (
                {"x": 1.5, "one": 3},
                {"x": FloatDistribution(1.0, 2.0), "one": IntDistribution(3, 3)},
            ),
        ]
    )
    assert (
        _space(study.trials).to_json()
        == Parameters(Real("x", 0.0, 2.0), Choice("one", [3])).to_json()
    )


def test_conditions_are_given_by_hand(client: Client) -> None:
    study = single(
        [
            ({"kind": "a"}, {"kind": CategoricalDistribution(["a", "b"])}),
            (
                {"kind": "b", "x": 0.5},
                {"kind": CategoricalDistribution(["a", "b"]), "x": X},
            ),
        ]
    )
    space = Parameters(Choice("kind", ["a", "b"]), Real("x", 0, 1, when={"kind": ["b"]}))
    made = from_optuna(client, study, "by-hand", space=space, designer="random")
    assert [trial.point for trial in made.trials()] == [{"kind": "a"}, {"kind": "b", "x": 0.5}]
    assert [objective.name for objective in made.objectives] == ["value"]


def test_limits_on_objectives_survive_the_way_there_and_back(client: Client) -> None:
    study = client.create_study(
        "limited",
        space=Parameters(Real("x", 0, 1)),
        objectives=[minimize("cost", limit=0.5), maximize("gain")],
        trials=5,
        designer="random",
    )
    study.add_results([{"x": x, "cost": x, "gain": x} for x in (0.25, 0.75)])
    made = study.to_optuna()
    assert [trial.constraints for trial in made.trials] == [{"cost": -0.25}, {"cost": 0.25}]
    back = from_optuna(client, made, "limited-again", designer="random")
    assert [trial.values["constraint_cost"] for trial in back.trials()] == [-0.25, 0.25]
    assert [each.name for each in back.state.constraints] == ["constraint_cost"]
