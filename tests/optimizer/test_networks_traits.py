"""What a reader sees of a network at a glance."""

import random
from typing import Any

import pytest

from optimizer.networks.traits import TRAITS, Value, traits
from optimizer.space import space_from_json


def layer(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"l{number}",
        "kind": "conv",
        "filters": 8,
        "kernel": [3, 3],
        "stride": [1, 1],
        "expansion": 1,
        "pre_pool": False,
        "batch_norm": True,
        "relu": True,
        "padding": "same",
        **changes,
    }


def point(*layers: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "input": {"side": 14, "grey": False},
        "blocks": [{"id": "b1", "layers": list(layers)}],
        "head": {"pool": "global", "window": 2, "dense": [], "dropout": 0.1},
        "learning_rate": 0.003,
        **changes,
    }


def test_means_are_over_the_layers_that_have_such_a_thing() -> None:
    told = traits(
        point(
            layer(1, filters=4, kernel=[3, 5], stride=[2, 2]),
            layer(2, filters=16, kind="conv1x1", kernel=[7, 7], pre_pool=True, relu=False),
            layer(3, filters=99, kind="depthwise", kernel=[5, 5], batch_norm=False),
        )
    )
    assert told["filters (mean)"] == pytest.approx(8.0)  # of 4 and 16; a depthwise has none
    assert told["kernel (mean)"] == pytest.approx((15**0.5 + 5) / 2)
    assert told["downsampling"] == 4.0
    assert (told["layers"], told["conv1x1 layers"], told["depthwise layers"]) == (3, 1, 1)
    assert told["relu (share)"] == pytest.approx(2 / 3)
    assert told["batch norm (share)"] == pytest.approx(2 / 3)


def test_what_a_network_lacks_has_no_value() -> None:
    told = traits(point())
    missing = {name for name, value in told.items() if value is None}
    assert missing == {
        "filters (mean)",
        "kernel (mean)",
        "downsampling",
        "batch norm (share)",
        "relu (share)",
        "dense units (mean)",
        "weight decay",
        "batch size",
        "schedule",
        "pruning method",
        "pruning target",
    }
    flat = traits(point() | {"input": {}, "blocks": []})
    assert flat["input side"] is flat["last pool"] is None


def test_choices_are_told_in_words() -> None:
    genes = {
        "pruning": {"scope": "channels", "method": "bayesian", "target": None},
        "training": {"weight_decay": 0.01, "batch_size": 64, "schedule": "cosine"},
        "parent": {"key": "a" * 64, "epochs": 3.0},
    }
    told = traits(point(layer(1), **genes))
    assert (told["pruning scope"], told["pruning method"]) == ("channels", "bayesian")
    assert told["pruning target"] is None
    assert (told["schedule"], told["batch size"], told["weight decay"]) == ("cosine", 64, 0.01)
    assert (told["inherits weights"], told["grey input"], told["last pool"]) == (
        "yes",
        "no",
        "global",
    )


@pytest.mark.parametrize("kind", ["tiny", "sparse", "munas"])
@pytest.mark.parametrize("shape", [(8, 8, 1), (32, 32, 3), (20,)], ids=str)
def test_every_network_of_a_space_has_every_trait(kind: str, shape: tuple[int, ...]) -> None:
    space = space_from_json({"kind": kind}, input_shape=shape, classes=4, device="stm32f446re")
    names = {trait.name for trait in TRAITS}
    choices = {trait.name for trait in TRAITS if trait.choice}
    for seed in range(20):
        told = traits(space.sample(random.Random(seed)))
        assert set(told) == names
        assert {name for name, value in told.items() if isinstance(value, str)} <= choices
        assert all(is_positive(told[trait.name]) for trait in TRAITS if trait.log)


def is_positive(value: Value) -> bool:
    return value is None or (isinstance(value, float | int) and value > 0)
