"""Ranges of `tiny`: what a study may override, and what it may not."""

from typing import Any

import pytest

from optimizer.errors import InvalidSpace
from optimizer.networks.ranges import Ranges
from optimizer.space import space_from_json


def test_json_gives_back_the_ranges() -> None:
    ranges = Ranges(filters=(2, 9), kinds=("conv",), rectangular=True, max_macs=5000)
    assert Ranges.from_json({"kind": "tiny", **ranges.to_json()}) == ranges


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("filters", [9, 2]),
        ("filters", [0, 4]),
        ("filters", [1, 5000]),
        ("filters", [1.5, 4]),
        ("filters", [1]),
        ("filters", 8),
        ("filters", [True, 4]),
        ("learning_rate", [0.0, 0.1]),
        ("learning_rate", [0.1, float("nan")]),
        ("shrink", [0.5, 2]),
        ("dropout", [0.0, 1.0]),
        ("kinds", []),
        ("kinds", ["conv", "fourier"]),
        ("kinds", "conv"),
        ("kernels", [8]),
        ("joins", ["none", "concat"]),
        ("exits", "global"),
        ("weight_decay", [0, 0.1]),
        ("batch_sizes", [1, 32]),
        ("batch_sizes", [32.5]),
        ("batch_sizes", []),
        ("schedules", ["steps"]),
        ("strides", [True]),
        ("batch_norm", [1]),
        ("batch_norm", ["yes"]),
        ("rectangular", 1),
        ("max_macs", 0),
        ("max_macs", 2.5),
        ("max_macs", None),
        ("depth", [1, 2]),
    ],
)
def test_wrong_ranges_are_refused_with_the_path_of_the_field(field: str, value: Any) -> None:
    with pytest.raises(InvalidSpace) as caught:
        Ranges.from_json({"kind": "tiny", field: value})
    assert caught.value.field == f"space.{field}"
    assert str(caught.value).startswith(f"space.{field}: ")


def test_lists_are_kept_once_and_in_our_order() -> None:
    assert Ranges(kernels=(5, 1, 5)).kernels == (1, 5)


def test_a_space_of_networks_needs_data() -> None:
    with pytest.raises(InvalidSpace) as caught:
        space_from_json({"kind": "tiny"})
    assert caught.value.field == "data"
    with pytest.raises(InvalidSpace, match="2 classes"):
        space_from_json({"kind": "tiny"}, input_shape=(8, 8, 1), classes=1)
    with pytest.raises(InvalidSpace, match="shape"):
        space_from_json({"kind": "tiny"}, input_shape=(8, 8), classes=10)


def test_operations_that_no_network_can_keep_are_refused() -> None:
    with pytest.raises(InvalidSpace) as caught:
        space_from_json({"kind": "tiny", "max_macs": 9}, input_shape=(8, 8, 1), classes=10)
    assert caught.value.field == "space.max_macs"
