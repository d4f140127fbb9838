"""Leases are renewed in the background and handed back at the end."""

import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.client.scripted import (
    Scripted,
    lease_json,
    nothing,
    ok,
    problem,
    trial_json,
)
from tinyfront import AskedTrial
from tinyfront.asking import Keeper
from tinyfront.records import Lease, read

LEASES = "/studies/7/leases"
ROOT = Path(__file__).parents[2]


def until(happened: Callable[[], Any], longest_s: float = 5.0) -> None:
    """Wait for something another thread does."""
    end = time.monotonic() + longest_s
    while not happened():
        assert time.monotonic() < end, "It did not happen."
        time.sleep(0.005)


def held(server: Scripted, keeper: Keeper[AskedTrial], number: int = 1) -> AskedTrial:
    connection = server.client().connection
    return keeper.hold(connection, read(Lease, lease_json(number), "test"))


def test_leases_are_renewed_while_the_program_works(server: Scripted) -> None:
    server.say("POST", "/trials/101/renew", ok({"order": "continue"}), ok({"order": "stop"}))
    server.say("POST", "/trials/101/release", nothing())
    keeper = Keeper(lease_s=0.03, kind=AskedTrial)
    trial = held(server, keeper)
    until(lambda: trial.should_stop)
    assert trial.order == "stop"
    assert server.sent("POST", "/trials/101/renew")[0] == {"token": "token-1"}
    keeper.close()


def test_a_renewal_that_fails_is_tried_at_the_next_turn(server: Scripted) -> None:
    server.say("POST", "/trials/101/renew", problem(500, "Broken."), ok({"order": "stop"}))
    server.say("POST", "/trials/101/release", nothing())
    keeper = Keeper(lease_s=0.03, kind=AskedTrial)
    trial = held(server, keeper)
    until(lambda: trial.should_stop)
    keeper.close()


def test_a_lease_that_was_lost_is_renewed_no_more_but_its_result_is_sent(server: Scripted) -> None:
    server.say("POST", "/trials/101/renew", problem(409, "It is another's."))
    server.say("POST", "/trials/101/complete", ok(trial_json(1)))
    keeper = Keeper(lease_s=0.03, kind=AskedTrial)
    trial = held(server, keeper)
    until(lambda: trial.should_stop)
    assert keeper.held == []
    assert trial.order == "cancel"
    assert trial.complete({"cost": 1}).number == 1
    keeper.close()


def test_a_closed_keeper_renews_no_more(server: Scripted) -> None:
    server.say("POST", "/trials/101/renew", ok({"order": "continue"}))
    server.say("POST", "/trials/101/release", nothing())
    keeper = Keeper(lease_s=0.03, kind=AskedTrial)
    held(server, keeper)
    until(lambda: server.sent("POST", "/trials/101/renew"))
    keeper.close()
    keeper.close()
    time.sleep(0.05)
    count = len(server.requests)
    time.sleep(0.05)
    assert len(server.requests) == count
    assert len(server.sent("POST", "/trials/101/release")) == 1


def test_a_program_that_ends_hands_back_what_it_holds() -> None:
    program = textwrap.dedent(
        """
        import sys
        from tests.client.scripted import Scripted, leases, nothing, ok, study_json
        server = Scripted()
        server.say("GET", "/studies/toy", ok(study_json()))
        server.say("POST", "/studies/7/leases", leases(1))
        def release(request):
            sys.stdout.write("released")
            return nothing()
        server.say("POST", "/trials/101/release", release)
        asking = server.client().study("toy").ask()
        trial = next(asking)
        sys.modules["kept"] = (asking, trial)  # so that nothing but the end of the program ends it
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "released"
