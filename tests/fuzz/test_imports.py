"""A file with one wrong value is refused, or the study that came of it works like any other."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service import ledger
from tests.api.conftest import Served, new_id, shared, shared_anywhere, wait_until  # noqa: F401 - fixtures
from tests.api.exported import Lines, bring, export, fill, fill_networks, text
from tests.fuzz.spoiled import ANYTHING, places

Exports = tuple[Served, list[Lines]]

# Beside anything at all: what is of the right kind and means something else.
ALMOST: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, False, 0, 1, 2, 3, 5, 10**9, 2**31 - 1, 1.0, 0.5, -1.0, 1e300, "", "x"),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "1999-01-01T00:00:00Z"),
        *("completed", "stopped", "queued", "failed", "cancelled", "search", "confirm", "ended"),
        *([], {}, {"key": "0" * 64, "epochs": 1.0}, "lost_workers", "expired", "loss", "heat"),
    ]
)


@dataclass(frozen=True)
class Change:
    """One value of a file, and what becomes of it."""

    study: int
    line: int
    path: tuple[Any, ...]
    kind: str
    value: Any

    def made(self, kept: list[Lines]) -> Lines:
        lines = copy.deepcopy(kept[self.study])
        *above, last = self.path
        holder: Any = lines[self.line]
        for step in above:
            holder = holder[step]
        if self.kind == "remove":
            del holder[last]
        elif self.kind == "twice" and isinstance(holder, list):
            holder.insert(last, copy.deepcopy(holder[last]))
        else:
            holder[last] = self.value
        return lines


@st.composite
def changes(draw: st.DrawFn, kept: list[Lines]) -> Change:
    study = draw(st.integers(0, len(kept) - 1))
    line = draw(st.integers(0, len(kept[study]) - 1))
    # By its field first: most values of a file are parts of networks.
    field = draw(st.sampled_from(sorted(kept[study][line])))
    within = [(field, *path) for path in places(kept[study][line][field])]
    path = draw(st.sampled_from([(field,), *within]))
    kind = draw(st.sampled_from(["replace", "replace", "replace", "remove", "twice"]))
    return Change(study, line, path, kind, draw(ALMOST | ANYTHING))


@pytest.fixture(scope="module")
def exports(
    shared_anywhere: Served,  # noqa: F811 - a fixture
    tmp_path_factory: pytest.TempPathFactory,
) -> Exports:
    served = shared_anywhere
    fill(served)
    fill_networks(served, tmp_path_factory.mktemp("networks"))
    return served, [export(served, name) for name in ("toy", "nets")]


@pytest.mark.usefixtures("same_draws")
def test_what_comes_in_with_one_wrong_value_works_like_any_other(exports: Exports) -> None:
    served, kept = exports
    came_in = []

    @settings(
        max_examples=60,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(changes(kept))
    def walk(change: Change) -> None:
        answer = bring(served, text(change.made(kept)))
        if answer.status_code == 201:
            came_in.append(answer.json()["id"])
            try:
                check_works(served, answer.json()["id"])
            finally:
                assert served.ask("DELETE", "/studies/copy").status_code == 204
        else:
            assert 400 <= answer.status_code < 500, answer.text

    walk()
    assert came_in


def check_works(served: Served, study_id: int) -> None:
    """Look at all of a study, let it go on, and deliver a result."""
    for path in (
        "",
        "/trials",
        "/front",
        "/points",
        "/hypervolume",
        "/figures/thinking",
        "/importance",
        "/figures/parallel",
        "/figures/timeline",
    ):
        served.get(f"/studies/{study_id}{path}")
    for trial in served.get(f"/studies/{study_id}/trials")["items"]:
        served.get(f"/trials/{trial['id']}")
    for purpose in ("search", "confirm"):
        served.get(f"/studies/{study_id}/trials?purpose={purpose}&sort=cost")
    export(served, str(study_id))
    for answer in results(served, study_id):
        assert answer < 500
    assert served.ask("GET", f"/studies/{study_id}/confirmed").status_code < 500
    served.keeper.enter_finished()
    wait_until(lambda: not is_due(served, study_id))  # its own thread may be at it
    served.get(f"/studies/{study_id}/front")


def is_due(served: Served, study_id: int) -> bool:
    with served.db.read() as session:
        return study_id in ledger.due(session, served.db.now(session))


def results(served: Served, study_id: int) -> Iterator[int]:
    """Complete all that waits; yields what the server says."""
    yield served.ask("PATCH", f"/studies/{study_id}", {"status": "active"}).status_code
    wish = {"worker": "w", "request_id": new_id(), "count": 9, "memory_mib": 10**6}
    wish |= {"can": ["pruning", "parent", "training", "confirm"], "data": {"digits": "a" * 64}}
    claimed = served.ask("POST", f"/studies/{study_id}/leases", wish)
    yield claimed.status_code
    leases = claimed.json()["leases"] if claimed.status_code == 200 else []
    for lease in leases:
        names = {"cost", "size", "heat", *lease["work"].get("metrics", ())}
        yield served.tell(lease, "reports", step=1, metrics={"loss": 0.5}).status_code
        known = served.get(f"/trials/{lease['trial_id']}")["values"]
        metrics = {name: known.get(name, 0.25) for name in names}
        yield served.tell(lease, "complete", metrics=metrics).status_code
