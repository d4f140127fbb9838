"""How a study came about and what mattered, over HTTP and on both databases."""

import math
import random
from datetime import timedelta
from typing import Any

import pytest

from service import attempts, fronts, studies, trials
from service.api import analysis
from service.states import Ended, StudyStatus
from tests.api.conftest import Served, assert_problem, new_id, wait_until
from tests.page import ovens, seeds


def importance(served: Served, study: str) -> dict[str, dict[str, Any]]:
    found = served.get(f"/studies/{study}/importance")["objectives"]
    return {each["name"]: each for each in found}


def test_importance_tells_the_parameters_that_mattered(served: Served) -> None:
    ovens.oven(served, 120)
    found = importance(served, "kiln")
    assert list(found) == ["cost", "gain"]
    assert found["cost"]["features"][0]["name"] == "heat"
    assert found["gain"]["features"][0]["name"] == "fan"
    for each in found.values():
        shares = [feature["share"] for feature in each["features"]]
        assert sum(shares) == pytest.approx(1.0)
        assert shares == sorted(shares, reverse=True)
        assert each["basis"] == 120
        assert each["explained"] > 0.7
        assert each["note"].startswith("From 120 results.")
    figure = served.get("/studies/kiln/figures/importance")
    assert [trace["name"] for trace in figure["data"]] == ["cost", "gain"]
    assert figure["data"][0]["y"][0] == "heat"
    one = served.get("/studies/kiln/figures/importance?objective=gain")
    assert [trace["name"] for trace in one["data"]] == ["gain"]
    refused = served.ask("GET", "/studies/kiln/figures/importance?objective=taste")
    assert "cost, gain" in assert_problem(refused, 422, "objective")["detail"]


def test_importance_is_made_anew_only_when_something_was_entered(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    real = analysis.importances
    monkeypatch.setattr(analysis, "importances", lambda *a: made.append(1) or real(*a))
    ovens.oven(served, 25)
    assert importance(served, "kiln") == importance(served, "kiln")
    assert len(made) == 1
    body = {"parameters": ovens.point(random.Random(9)), "values": {"cost": 1, "gain": 2}}
    served.ask("POST", "/studies/kiln/trials", body).raise_for_status()
    wait_until(lambda: bool(served.get("/studies/kiln")["finished"] == 26))
    assert importance(served, "kiln")["cost"]["basis"] == 26
    assert len(made) == 2


def test_few_results_say_how_many_are_needed(served: Served) -> None:
    seeds.black_box(served, 3)
    wait_until(lambda: bool(served.get("/studies/toy")["finished"] == 3))
    served.study(name="empty")
    for study, basis in (("toy", 3), ("empty", 0)):
        [cost, _] = served.get(f"/studies/{study}/importance")["objectives"]
        assert (cost["features"], cost["explained"]) == ([], None)
        assert cost["note"] == f"Needs 20 results; there are {basis}."
        assert served.get(f"/studies/{study}/figures/importance")["data"][0]["x"] == []
    assert_problem(served.ask("GET", "/studies/none/importance"), 404)


def test_networks_are_told_by_traits_that_differ(served: Served) -> None:
    study = seeds.networks(served, 26)["name"]
    wait_until(lambda: bool(served.get(f"/studies/{study}")["finished"] == 26))
    found = importance(served, study)
    names = {feature["name"] for each in found.values() for feature in each["features"]}
    assert "filters (mean)" in names
    assert "grey input" not in names  # the digits have one channel
    figure = served.get(f"/studies/{study}/figures/parallel?also=macs&also=error")
    [lines] = figure["data"]
    told = [None, None, "error", "model_size:deployed", "working_memory:arena", "macs"]
    assert figure["layout"]["meta"]["columns"] == told
    assert lines["dimensions"][0]["name"] == "error"
    assert len(lines["dimensions"]) == 3 + analysis.SOME_FEATURES
    completed = served.get(f"/studies/{study}/trials?status=completed&limit=100")["items"]
    shown = {
        trial_id: dict(zip(told[2:], rest, strict=True))
        for trial_id, _, *rest in lines["customdata"]
    }
    assert shown == {
        each["id"]: {name: each["values"].get(name) for name in told[2:]} for each in completed
    }


def test_parallel_axes_show_what_was_asked_for_in_that_order(served: Served) -> None:
    ovens.oven(served, 12)
    path = "/studies/kiln/figures/parallel"
    figure = served.get(f"{path}?axis=rate&axis=gain&axis=fan&axis=swirl")
    [lines] = figure["data"]
    rate, gain, fan, swirl = lines["dimensions"]
    assert [each["name"] for each in lines["dimensions"]] == ["rate", "gain", "fan", "swirl"]
    shown = {trial_id: at for at, (trial_id, *_) in enumerate(lines["customdata"])}
    for trial in served.get("/studies/kiln/trials?limit=100")["items"]:
        at = shown[trial["id"]]
        point = served.get(f"/trials/{trial['id']}")["point"]
        assert rate["values"][at] == pytest.approx(math.log10(point["rate"]))
        assert gain["values"][at] == trial["values"]["gain"]
        assert fan["ticktext"][int(fan["values"][at])] == point["fan"]
        if "swirl" in point:
            assert swirl["values"][at] == point["swirl"]
        else:
            assert swirl["ticktext"][swirl["tickvals"].index(swirl["values"][at])] == "none"
    offered = [each["name"] for each in figure["layout"]["meta"]["offered"]]
    assert offered == ["cost", "gain", "heat", "rate", "trays", "fan", "swirl", "<b>door</b>"]
    refused = assert_problem(served.ask("GET", f"{path}?axis=rate&axis=salt"), 422, "axis.1")
    assert "swirl" in refused["detail"]


def test_a_timeline_shows_every_attempt_as_it_ended(served: Served) -> None:
    served.study(trials=9)
    for x in (0.1, 0.2, 0.3, 0.4):
        served.enqueue(x)
    done, failed, diverged, open_ = (served.claim(worker=w)[0] for w in ("w1", "w2", "w2", "w10"))
    served.complete(done, cost=1.0, size=2.0)
    served.tell(failed, "fail", reason="<b>broke</b>", retry=False)
    served.tell(diverged, "fail", reason="NaN", infeasible=True)
    wait_until(lambda: served.get("/studies/toy")["finished"] == 3)
    figure = served.get("/studies/toy/figures/timeline?also=heat")
    columns = figure["layout"]["meta"]["columns"]
    bars = {trace["name"]: trace for trace in figure["data"]}
    assert set(bars) == {"completed", "failed", "infeasible", "running"}
    assert all(trace["meta"]["role"] == name for name, trace in bars.items())
    trial_id, number, attempt, worker, outcome, *_ = bars["completed"]["customdata"][0]
    assert (trial_id, number, attempt) == (done["trial_id"], 1, 1)
    assert (worker, outcome) == ("w1", "completed")
    facts = bars["failed"]["customdata"][0]
    assert facts[columns.index("cost") - 1] == "&lt;b&gt;broke&lt;/b&gt;"
    told = {
        name: [bars[name]["customdata"][0][columns.index(each)] for each in columns if each]
        for name in ("completed", "failed", "running")
    }
    assert told == {"completed": [1.0, 2.0, None], "failed": [None] * 3, "running": [None] * 3}
    assert bars["running"]["y"] == ["w10"]
    # Two at a time on one worker are two lanes; a number in a name counts as one.
    assert figure["layout"]["yaxis"]["categoryarray"] == ["w1", "w2", "w2 · 2", "w10"]
    assert_problem(served.ask("GET", "/studies/none/figures/timeline"), 404)
    assert open_["trial_id"] == bars["running"]["customdata"][0][0]


def test_a_timeline_goes_on_page_by_page_and_never_hides_what_runs(served: Served) -> None:
    served.study(trials=20)
    served.study(name="other")
    served.enqueue(0.5, "other")
    served.claim("other")
    served.enqueue(0.99)
    [first] = served.claim(worker="slow")
    for number in range(7):
        served.enqueue(number / 10)
        served.complete(served.claim(request_id=new_id())[0], cost=1.0, size=2.0)

    def numbers(figure: dict[str, Any]) -> list[int]:
        return sorted(facts[1] for trace in figure["data"] for facts in trace["customdata"])

    path = "/studies/toy/figures/timeline?limit=3"
    newest = served.get(path)
    assert numbers(newest) == [1, 6, 7, 8]
    older = served.get(f"{path}&before={newest['layout']['meta']['next']}")
    assert numbers(older) == [3, 4, 5]
    oldest = served.get(f"{path}&before={older['layout']['meta']['next']}")
    assert numbers(oldest) == [1, 2]
    assert oldest["layout"]["meta"]["next"] is None
    assert first["trial_id"]


def test_studies_on_one_scale_share_a_panel_and_others_never(served: Served) -> None:
    for name in ("a", "b"):
        seeds.black_box(served, 3, name)
        wait_until(lambda name=name: bool(served.get(f"/studies/{name}")["finished"] == 3))
    ovens.oven(served, 4)
    figure = served.get("/figures/hypervolume?study=a&study=b")
    assert figure["layout"]["meta"]["comparable"]
    assert figure["layout"]["meta"]["note"] == ""
    assert [trace["yaxis"] for trace in figure["data"]] == ["y", "y"]
    assert figure["data"][0]["x"][-1] == 3
    mixed = served.get("/figures/hypervolume?study=a&study=kiln&study=b&by=time")
    meta = mixed["layout"]["meta"]
    assert not meta["comparable"]
    assert "cannot be compared" in meta["note"]
    assert [trace["yaxis"] for trace in mixed["data"]] == ["y", "y2", "y"]
    assert [each["scale"] for each in meta["studies"]] == ["A", "B", "A"]
    assert "cost 100 to 0.01, log" in meta["studies"][1]["scale_text"]
    assert mixed["data"][0]["y"][-1] == served.get("/studies/a")["hypervolume"]


def test_time_counts_from_the_first_attempt(served: Served) -> None:
    seeds.black_box(served, 2)
    wait_until(lambda: bool(served.get("/studies/toy")["finished"] == 2))
    with served.db.begin() as session:
        study = studies.get(session, "toy")
        began = study.created_at + timedelta(hours=1)
        for trial in trials.listing(session, study.id).trials:
            for attempt in attempts.listing(session, trial.id):
                attempt.started_at = began
        for row in fronts.hypervolume(session, study.id):
            row.at = began + timedelta(hours=3)
        study.ended_at = began + timedelta(hours=5)
        study.status, study.ended_reason = StudyStatus.ENDED, Ended.CLOSED
    figure = served.get("/figures/hypervolume?study=toy&by=time")
    assert figure["data"][0]["x"] == [3.0, 3.0, 5.0]
    assert figure["layout"]["xaxis"]["title"]["text"] == "hours since the first attempt"


def test_an_overlay_says_what_it_cannot_show(served: Served) -> None:
    definition = {"objectives": [{"name": "cost"}, {"name": "size"}]}
    served.study(name="young", **definition)
    figure = served.get("/figures/hypervolume?study=young")
    assert figure["data"] == []
    assert figure["layout"]["meta"]["studies"][0]["scale"] is None
    assert_problem(served.ask("GET", "/figures/hypervolume?study=young&study=none"), 404)
    assert_problem(served.ask("GET", "/figures/hypervolume"), 422, "study")
    many = "&".join(f"study=s{number}" for number in range(9))
    assert_problem(served.ask("GET", f"/figures/hypervolume?{many}"), 422, "study")
    assert_problem(served.ask("GET", "/figures/hypervolume?study=a&by=age"), 422, "by")
    assert_problem(served.ask("GET", "/figures/hypervolume?study=%00"), 422, "study.0")
