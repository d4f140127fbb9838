"""Workers, what they hold and do, and the devices that are known."""

from tests.api.conftest import Served
from tests.api.test_bad_input import DIGITS, announce


def test_workers_and_their_data_are_listed(served: Served) -> None:
    announce(served)
    [worker] = served.get("/workers")["items"]
    assert (worker["name"], worker["accelerator"], worker["pid"]) == ("w1", "cpu", 1)
    assert worker["data"][0]["classes"] == 10
    assert served.get("/data")["items"] == [DIGITS | {"problem": None}]


def test_a_worker_that_only_claims_is_listed_by_its_name(served: Served) -> None:
    served.study()
    served.enqueue(0.1)
    served.claim(worker="ask")
    [worker] = served.get("/workers")["items"]
    assert (worker["name"], worker["accelerator"]) == ("ask", None)


def test_a_worker_is_listed_with_what_it_has_leased_and_when_it_renewed(served: Served) -> None:
    study = served.study()
    for at, worker in enumerate(("one", "two", "one")):
        served.enqueue((at + 1) / 10)
        [lease] = served.claim(worker=worker)
    listed = served.get("/workers")
    one = next(each for each in listed["items"] if each["name"] == "one")
    assert [(each["study"], each["number"]) for each in one["running"]] == [("toy", 1), ("toy", 3)]
    last = one["running"][-1]
    assert (last["trial_id"], last["study_id"]) == (lease["trial_id"], study["id"])
    assert last["since"] == last["heard_at"] <= listed["now"]
    served.tell(lease, "renew")
    [renewed] = [
        each
        for worker in served.get("/workers?contains=one")["items"]
        for each in worker["running"]
        if each["trial_id"] == lease["trial_id"]
    ]
    assert renewed["heard_at"] > renewed["since"]
    served.complete(lease, 1, 1)
    [one] = served.get("/workers?contains=one")["items"]
    assert [each["number"] for each in one["running"]] == [1]


def test_a_worker_that_waits_for_nothing_was_heard_of(served: Served) -> None:
    served.study()
    assert served.claim(worker="idle", wait_s=0) == []
    assert served.get("/workers")["items"] == []
    assert served.claim(worker="idle", wait_s=0.05) == []
    first = served.get("/workers")["items"][0]
    assert first["name"] == "idle"
    assert served.claim(worker="idle", wait_s=0.05) == []
    assert served.get("/workers")["items"][0]["seen_at"] > first["seen_at"]


def test_devices_are_listed_with_their_memory(served_sqlite: Served) -> None:
    devices = {each["name"]: each for each in served_sqlite.get("/devices")["items"]}
    assert devices["stm32f446re"]["sram_bytes"] == 128 * 1024
    assert "energy" in devices["stm32f446re"]["figures"]
    assert "energy" not in devices["stm32h743"]["figures"]
