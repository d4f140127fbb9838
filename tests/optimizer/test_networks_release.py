"""Points of release 0.1.0: valid as they are, the same networks, under the same keys.

The file was written by that release: ten samples of its space `tiny`.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from optimizer.networks.space import NetworkSpace
from optimizer.space import space_from_json

STORED = Path(__file__).with_name("networks_of_release_0_1_0.json")
POINTS: list[dict[str, Any]] = json.loads(STORED.read_text())
# What that release searched, as an upgrade writes it into the definitions of its studies.
OLD = {"joins": ["none"], "exits": ["none"], "pruning_scopes": ["none"]}


def tiny(stored: dict[str, Any], **ranges: Any) -> NetworkSpace:
    definition = {"kind": "tiny", **ranges}
    space = space_from_json(definition, input_shape=stored["shape"], classes=stored["classes"])
    assert isinstance(space, NetworkSpace)
    return space


@pytest.mark.parametrize("ranges", [{}, OLD], ids=["tiny", "as it was"])
@pytest.mark.parametrize("stored", POINTS, ids=lambda stored: stored["key"][:6])
def test_a_point_of_the_last_release_is_the_same_network_under_the_same_key(
    stored: dict[str, Any], ranges: dict[str, Any]
) -> None:
    space = tiny(stored, **ranges)
    space.validate(stored["point"])
    assert space.lower(stored["point"]).sha256() == stored["graph"]
    assert space.key(stored["point"]) == stored["key"]
    figures = space.figures(stored["point"])
    assert {name: figures[name] for name in stored["figures"]} == stored["figures"]


@pytest.mark.parametrize("stored", POINTS, ids=lambda stored: stored["key"][:6])
def test_its_features_lie_where_they_lay_so_that_a_stored_fit_stays_right(
    stored: dict[str, Any],
) -> None:
    before = tiny(stored, **OLD)
    assert before.encode(stored["point"]) == pytest.approx(stored["encoded"], abs=1e-12)
    now = tiny(stored)
    assert now.columns[: len(before.columns)] == before.columns
    assert now.encode(stored["point"])[: len(before.columns)] == before.encode(stored["point"])


def test_the_points_show_every_kind_of_layer_and_of_head() -> None:
    layers = [layer for one in POINTS for b in one["point"]["blocks"] for layer in b["layers"]]
    assert len({layer["kind"] for layer in layers}) == 6
    assert {one["point"]["head"]["pool"] for one in POINTS} == {"none", "avg", "max", "global"}
