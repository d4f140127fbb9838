"""What the tests of workers of one's own share: a lease, a data set, what was sent."""

from typing import Any

from tests.client.scripted import Scripted, lease_json, nothing, ok
from tinyfront import DataSet, Worker

LEASES = "/studies/7/leases"
MINE = DataSet.of("mine", b"bytes", shape=(8, 8, 1), classes=3, train=90, validation=10, split=7)
NETWORK = {
    "kind": "network",
    "graph": {"version": 1, "nodes": []},
    "training": {"epochs": 3},
    "pruning": None,
    "parent": {"trial": 99, "number": 4, "key": "k"},
    "data": "mine",
    "seed": 5,
    "binary": 2,
    "metrics": ["error"],
}


def lent(server: Scripted, *numbers: int, **work: Any) -> None:
    for number in numbers:
        lease = lease_json(number, **({"work": work} if work else {}))
        server.say("POST", LEASES, ok({"leases": [lease]}))
    server.say("POST", LEASES, nothing())


def worker_of(server: Scripted, **options: Any) -> Worker:
    options.setdefault("name", "mine")
    server.say("PUT", "/workers/mine", ok({}))
    return Worker(server.client(), **options)


def sent(server: Scripted, number: int, verb: str) -> list[Any]:
    return server.sent("POST", f"/trials/{100 + number}/{verb}")
