"""Batch norm of a network that inherits: kept, folded, made new, counted again."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from resource_models.graph import Graph
from resource_models.nodes import Conv2d, Dense, GlobalAvgPool, Input
from tests.worker.families import CLASSES, child_of, difference, grown, kernel, layer, samples
from worker.inherit.norms import LARGEST_BATCH, SMALLEST_BATCH, batches
from worker.network import Network

DATA = samples((8, 8, 1), count=700)


def chain(first: Any = True, second: Any = True, width: int = 4, side: int = 8) -> Graph:
    """Two convolutions, each with or without batch norm."""
    shrunk = {"shrink": "outside"} if side < 8 else {}
    return Graph(
        (
            Input("in", (side, side, 1), (8, 8, 1), **shrunk),  # type: ignore[arg-type]
            Conv2d("one", ("in",), 6, (3, 3), activation="relu", batch_norm=first),
            Conv2d("two", ("one",), width, (3, 3), activation="relu", batch_norm=second),
            GlobalAvgPool("mean", ("two",)),
            Dense("out", ("mean",), CLASSES),
        )
    )


def norm(network: Network, name: str) -> nn.BatchNorm2d:
    found = layer(network, name).norm
    assert isinstance(found, nn.BatchNorm2d)
    return found


def ten_batches() -> Tensor:
    return torch.cat(batches(DATA.x_train, 6 * 8 * 8))


@pytest.mark.parametrize("before", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("after", [(False, False), (True, False), (False, True), (True, True)])
def test_batch_norm_comes_and_goes_without_a_trace(before: Any, after: Any) -> None:
    parent = grown(chain(*before), DATA)
    child, found = child_of(parent, chain(*after), DATA)
    assert difference(parent, child, DATA) < 1e-5
    assert found.carried == 1.0


def test_statistics_stay_where_nothing_before_them_changed() -> None:
    parent = grown(chain(width=4), DATA)
    child, _ = child_of(parent, chain(width=6), DATA)
    for name, rows in (("one", 6), ("two", 4)):
        for part in ("running_mean", "running_var", "weight", "bias"):
            own, old = getattr(norm(child, name), part), getattr(norm(parent, name), part)
            assert torch.equal(own[:rows], old[:rows])


def test_statistics_are_those_of_ten_batches_where_something_changed() -> None:
    parent = grown(chain(), DATA)
    child, _ = child_of(parent, chain(side=7), DATA)
    seen = child.eval().sensor(ten_batches())
    for name in ("one", "two"):
        own = layer(child, name)
        came = own.linear(seen).transpose(0, 1).flatten(1)
        assert torch.allclose(norm(child, name).running_mean, came.mean(1), atol=1e-5)  # type: ignore[arg-type]
        assert torch.allclose(  # type: ignore[arg-type]
            norm(child, name).running_var, came.var(1, correction=0), rtol=1e-4
        )
        assert torch.equal(norm(child, name).weight, norm(parent, name).weight)
        seen = own(seen)


def test_new_rows_of_a_norm_get_statistics_of_their_own() -> None:
    parent = grown(chain(width=4), DATA)
    child, _ = child_of(parent, chain(width=6), DATA)
    seen = layer(child.eval(), "one")(child.sensor(ten_batches()))
    came = layer(child, "two").linear(seen).transpose(0, 1).flatten(1)
    assert torch.allclose(norm(child, "two").running_mean[4:], came.mean(1)[4:], atol=1e-5)  # type: ignore[index]
    assert norm(child, "two").weight[4:].tolist() == [1.0, 1.0]


def test_a_new_norm_is_the_identity_once_it_knows_its_deviation() -> None:
    parent = grown(chain(first=False), DATA)
    child, _ = child_of(parent, chain(), DATA)
    own = norm(child, "one")
    assert own.running_var is not None
    assert own.running_mean is not None
    assert torch.equal(kernel(child, "one"), kernel(parent, "one"))
    assert torch.allclose(own.weight, (own.running_var + own.eps).sqrt())
    bias = layer(parent, "one").linear.bias
    assert torch.allclose(own.bias, own.running_mean + bias)


def test_ten_batches_are_spread_over_all_samples() -> None:
    x = torch.arange(1000.0)[:, None]
    found = batches(x, largest=10)
    assert [len(batch) for batch in found] == [LARGEST_BATCH] * 10
    assert found[0][0] == 0
    assert found[-1][-1] == 999
    assert [len(batch) for batch in batches(x, largest=10**9)] == [SMALLEST_BATCH] * 10
    assert sum(map(len, batches(x[:25], largest=10))) == 25


def test_the_mode_of_the_network_stays() -> None:
    parent = grown(chain(), DATA)
    child, _ = child_of(parent, chain(side=7), DATA)
    assert child.training
