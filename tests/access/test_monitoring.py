"""The figures for Prometheus name studies, so they ask for a key and are those of its project."""

from service.states import Role
from tests.access.conftest import Keyed
from tests.api.conftest import BLACK_BOX, assert_problem


def test_figures_are_of_the_project_of_the_key(keyed: Keyed) -> None:
    for project in ("one", "two"):
        study = BLACK_BOX | {"name": f"of-{project}"}
        assert keyed.ask(project, "POST", "/studies", study).status_code == 201
        place = f"/studies/of-{project}/trials"
        keyed.ask(project, "POST", place, {"parameters": {"x": 0.5}}).raise_for_status()
    header = keyed.header("one", Role.VIEWER)
    text = keyed.served.http.get("/metrics", headers=header).text
    assert 'name="of-one"' in text
    assert "of-two" not in text
    assert 'tinyfront_trials{status="queued"} 1.0' in text


def test_without_a_key_there_are_no_figures(keyed_sqlite: Keyed) -> None:
    assert_problem(keyed_sqlite.served.http.get("/metrics"), 401)
