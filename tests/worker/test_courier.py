"""The courier: nothing lost, nothing out of order, the lease kept, orders heard."""

import threading
import time

import pytest

from tests.worker.fake_server import FakeServer, until
from worker.api import Lease
from worker.courier import Courier
from worker.errors import ServerAway
from worker.patience import Patience


def courier(server: FakeServer, lease_s: int = 60, limit_s: float = 600.0) -> Courier:
    lease = Lease(11, 3, "toy", 2, 1, "secret", lease_s, {})
    patience = Patience(threading.Event(), limit_s, chance=lambda: 0.0)
    return Courier(server.api(), lease, patience)


def test_reports_arrive_in_order_and_whole_after_an_outage() -> None:
    away = threading.Event()
    away.set()
    server = FakeServer(away=lambda path: away.is_set())
    with courier(server) as sending:
        for step in range(1, 20):
            sending.report(step, {"error": 1 / step})
        time.sleep(0.2)
        assert server.calls == []
        away.clear()
        sending.close()
        assert sending.delivered(10.0)
    assert [body["step"] for body in server.of("/reports")] == list(range(1, 20))
    assert server.of("/reports")[3]["metrics"] == {"error": 0.25}


def test_the_sender_never_waits_for_the_server() -> None:
    server = FakeServer(away=lambda path: True)
    with courier(server, limit_s=2.0) as sending:
        started_s = time.monotonic()
        for step in range(1000):
            sending.report(step, {"error": 0.5})
        assert time.monotonic() - started_s < 1.8


def test_a_lease_is_renewed_three_times_in_its_length() -> None:
    server = FakeServer()
    started_s = time.monotonic()
    with courier(server, lease_s=1):
        until(lambda: len(server.of("/renew")) >= 3)
    assert time.monotonic() - started_s > 0.9


def test_a_busy_sender_renews_too() -> None:
    server = FakeServer()
    with courier(server, lease_s=1) as sending:
        deadline_s = time.monotonic() + 0.6
        step = 0
        while time.monotonic() < deadline_s:
            step += 1
            sending.report(step, {"error": 0.5})
            time.sleep(0.01)
    assert server.of("/renew")


def test_after_an_outage_longer_than_its_period_the_lease_is_renewed_before_anything_else() -> None:
    away = threading.Event()
    away.set()
    server = FakeServer(away=lambda path: away.is_set())
    with courier(server, lease_s=1) as sending:
        sending.report(1, {"error": 0.5})
        time.sleep(0.5)
        away.clear()
        until(lambda: server.of("/reports"))
    assert server.calls[0][1] == "/trials/3/renew"


@pytest.mark.parametrize("order", ["stop", "cancel"])
@pytest.mark.parametrize("where", ["/renew", "/reports"])
def test_an_order_is_heard_in_every_answer(order: str, where: str) -> None:
    server = FakeServer(order=lambda path: order if path.endswith(where) else "continue")
    with courier(server, lease_s=1) as sending:
        assert sending.order == "continue"
        sending.report(1, {"error": 0.5})
        until(lambda: sending.order == order)
    assert sending.reason == ""


def test_a_stronger_order_is_not_taken_back() -> None:
    orders = iter(["stop", "continue"])
    server = FakeServer(order=lambda path: next(orders))
    with courier(server) as sending:
        sending.report(1, {"error": 0.5})
        sending.report(2, {"error": 0.5})
        until(lambda: len(server.of("/reports")) == 2)
    assert sending.order == "stop"


def test_what_was_sent_after_a_cancel_is_dropped() -> None:
    server = FakeServer(order=lambda path: "cancel")
    with courier(server) as sending:
        sending.report(1, {"error": 0.5})
        until(lambda: sending.order == "cancel")
        sending.report(2, {"error": 0.5})
        sending.close()
        assert sending.delivered(5.0)
    assert len(server.of("/reports")) == 1


def test_a_refusal_loses_the_lease_with_its_reason() -> None:
    server = FakeServer(refuse={"/reports": (409, "This attempt ended as failed.")})
    with courier(server) as sending:
        sending.report(1, {"error": 0.5})
        until(lambda: sending.order == "cancel")
    assert sending.reason == "This attempt ended as failed."


def test_patience_ends_and_says_so() -> None:
    with courier(FakeServer(away=lambda path: True), limit_s=0.4) as sending:
        sending.report(1, {"error": 0.5})
        until(lambda: sending.order == "cancel")
    assert sending.reason == "The server stayed away: The server is away."


def test_waits_double_up_to_ten_seconds_half_of_each_by_chance() -> None:
    waited: list[float] = []

    class Clock(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waited.append(timeout or 0.0)
            return False

    patience = Patience(Clock(), chance=lambda: 1.0, clock=lambda: sum(waited))

    def wait_for_ever() -> None:
        while True:
            patience.wait(ServerAway("away"))

    with pytest.raises(ServerAway):
        wait_for_ever()
    assert waited[:7] == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0]
    assert 590 < sum(waited) <= 600
    patience.chance, patience.limit_s = lambda: 0.0, 1e9
    patience.restore()
    patience.wait(ServerAway("away"))
    assert waited[-1] == 0.125


def test_a_wait_is_as_long_as_the_server_asks() -> None:
    stopping = threading.Event()
    started_s = time.monotonic()
    Patience(stopping).wait(ServerAway("busy", retry_after_s=0.7))
    assert time.monotonic() - started_s >= 0.7


def test_a_worker_that_ends_does_not_wait() -> None:
    stopping = threading.Event()
    stopping.set()
    with pytest.raises(ServerAway, match="away"):
        Patience(stopping).wait(ServerAway("away", retry_after_s=50))
