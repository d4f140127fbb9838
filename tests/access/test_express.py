"""Keys and projects on the short way of workers' requests."""

import time
from pathlib import Path

from service import keys
from service.db import Database
from service.keyring import LIFE_S
from service.states import Role
from tests.access.conftest import Keyed
from tests.api.conftest import BLACK_BOX, assert_problem, serving


def test_the_short_way_is_closed_without_a_key_and_to_other_roles(
    keyed: Keyed,
) -> None:
    body = {"token": "t"}
    assert_problem(keyed.served.ask("POST", "/trials/1/renew", body), 401)
    refused = keyed.ask("one", "POST", "/trials/1/renew", body, Role.VIEWER)
    assert "viewer" in assert_problem(refused, 403)["detail"]
    assert_problem(keyed.ask("one", "POST", "/trials/1/renew", body, Role.WORKER), 404)


def test_the_short_way_shows_nothing_of_another_project(keyed: Keyed) -> None:
    assert keyed.ask("one", "POST", "/studies", BLACK_BOX | {"name": "secret"}).status_code == 201
    keyed.ask("one", "POST", "/studies/secret/trials", {"parameters": {"x": 0.5}})
    claim = {"worker": "w", "request_id": "r"}
    stranger = keyed.ask("two", "POST", "/studies/secret/leases", claim, Role.WORKER)
    assert_problem(stranger, 404)
    assert_problem(keyed.ask("two", "POST", "/studies/1/leases", claim, Role.WORKER), 404)
    own = keyed.ask("one", "POST", "/studies/secret/leases", claim, Role.WORKER)
    (lease,) = own.json()["leases"]
    words = {"token": lease["token"]}
    path = f"/trials/{lease['trial_id']}/renew"
    assert_problem(keyed.ask("two", "POST", path, words, Role.WORKER), 404)
    assert keyed.ask("one", "POST", path, words, Role.WORKER).status_code == 200


def test_a_revoked_key_is_refused_on_the_short_way_of_every_process(
    keyed: Keyed, tmp_path: Path
) -> None:
    body = {"token": "t"}
    db = Database(keyed.served.db.url.render_as_string(hide_password=False))
    header = keyed.header("one", Role.WORKER)
    with serving(db, tmp_path / "other") as other:
        processes = (keyed.served, other)
        for process in processes:
            assert_problem(process.ask("POST", "/trials/1/renew", body, headers=header), 404)
        with db.begin() as session:
            keys.revoke(session, keyed.key_id("one", Role.WORKER), db.now(session))
        time.sleep(LIFE_S)  # from then on no answer may come from what was read before
        for process in processes:
            assert_problem(process.ask("POST", "/trials/1/renew", body, headers=header), 401)
