"""The files of a parent: read, compared, refused where they do not belong together."""

import json
import pickle
from typing import Any

import pytest
import torch
from safetensors.torch import save
from torch import Tensor

from resource_models.graph import Graph
from resource_models.nodes import Conv2d, Dense, GlobalAvgPool, Input
from tests.worker.families import fresh, grown, samples
from tests.worker.samples import GRAPHS
from worker.errors import UnsupportedWork
from worker.inherit import Parent
from worker.inherit.parent import tensors_of
from worker.weights import weights, weights_file

GRAPH = Graph(
    (
        Input("in", (6, 6, 1)),
        Conv2d("conv", ("in",), 4, (3, 3), batch_norm=True),
        GlobalAvgPool("mean", ("conv",)),
        Dense("out", ("mean",), 5),
    )
)
DATA = samples((6, 6, 1))
NETWORK = grown(GRAPH, DATA)
JSON = json.dumps(GRAPH.to_json()).encode()


def file_of(changes: dict[str, Tensor | None], graph: str = GRAPH.sha256()) -> bytes:
    """The weights with some tensors replaced, or left out where None."""
    found = {name: own for name, own in (weights(NETWORK) | changes).items() if own is not None}
    return save(found, metadata={"graph": graph})


def test_the_files_of_a_trial_are_read_back() -> None:
    parent = Parent.from_files(JSON, weights_file(NETWORK))
    assert parent.graph == GRAPH
    assert all(torch.equal(parent.weights[name], own) for name, own in weights(NETWORK).items())
    again = parent.network()
    assert torch.equal(again(DATA.x_validation), NETWORK(DATA.x_validation))


@pytest.mark.parametrize("name", GRAPHS)
def test_the_needed_tensors_are_those_that_a_network_has(name: str) -> None:
    data = samples(GRAPHS[name].input.raw_shape)
    found = weights(fresh(GRAPHS[name], data))
    wanted = {key: (tuple(own.shape), own.dtype) for key, own in found.items()}
    assert tensors_of(GRAPHS[name]) == wanted


WRONG: dict[str, tuple[dict[str, Tensor | None], str]] = {
    "a missing tensor": ({"out/linear.bias": None}, "out/linear.bias is missing"),
    "a strange tensor": ({"evil/code": torch.zeros(1)}, "evil/code is no part of the graph"),
    "another shape": ({"out/linear.bias": torch.zeros(6)}, r"out/linear.bias needs \(5,\)"),
    "another type": ({"out/linear.bias": torch.zeros(5).half()}, "torch.float16"),
    "a NaN": ({"out/linear.bias": torch.full((5,), torch.nan)}, "NaN or infinite"),
    "infinity": ({"conv/norm.running_var": torch.full((4,), torch.inf)}, "NaN or infinite"),
}


@pytest.mark.parametrize("name", WRONG)
def test_weights_that_do_not_fit_the_graph_are_refused(name: str) -> None:
    changes, message = WRONG[name]
    with pytest.raises(UnsupportedWork, match=f"parent: .*{message}"):
        Parent.from_files(JSON, file_of(changes))


def test_weights_of_another_graph_are_refused() -> None:
    other = Graph((*GRAPH.nodes[:-1], Dense("out", ("mean",), 5, "relu")))
    with pytest.raises(UnsupportedWork, match=f"parent: .*{other.sha256()[:12]}"):
        Parent.from_files(JSON, file_of({}, graph=other.sha256()))


class Bomb:
    def __reduce__(self) -> Any:
        return pytest.fail, ("this must not run",)


HEADERLESS = (2).to_bytes(8, "little") + b"{}"
FILES = {
    "nothing": b"",
    "a pickle": pickle.dumps(Bomb()),
    "no metadata": HEADERLESS,
    "a header of a petabyte": (2**50).to_bytes(8, "little") + b"{}",
    "a header that is a list": (2).to_bytes(8, "little") + b"[]",
    "half a file": file_of({})[:-40],
    "deep metadata": (10**5).to_bytes(8, "little") + b'{"__metadata__":' + b"[" * 10**5,
}


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_or_hostile_file_of_weights_is_refused(name: str) -> None:
    with pytest.raises(UnsupportedWork, match="parent: its weights"):
        Parent.from_files(JSON, FILES[name])


GRAPHS_OF_HARM = {
    "no JSON": b"\x80\x04",
    "deep": b"[" * 10**5,
    "not an object": b"[]",
    "an unknown kind": JSON.replace(b'"dense"', b'"exec"'),
    "an unknown version": JSON.replace(b'"version": 1', b'"version": 2'),
}


@pytest.mark.parametrize("name", GRAPHS_OF_HARM)
def test_a_damaged_or_hostile_graph_is_refused(name: str) -> None:
    with pytest.raises(UnsupportedWork, match="parent: its graph cannot be read"):
        Parent.from_files(GRAPHS_OF_HARM[name], weights_file(NETWORK))


def test_a_graph_of_terabytes_is_refused_before_memory_is_asked_for() -> None:
    huge = Graph(
        (
            Input("in", (6, 6, 1)),
            Conv2d("conv", ("in",), 2**30, (3, 3)),
            Conv2d("next", ("conv",), 2**30, (3, 3)),
        )
    )
    with pytest.raises(UnsupportedWork, match="parent: "):
        Parent.from_files(json.dumps(huge.to_json()).encode(), file_of({}, graph=huge.sha256()))
