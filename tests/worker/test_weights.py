"""The file of trained weights."""

import torch
from safetensors.torch import load
from torch import Generator

from tests.worker.samples import CHAIN
from worker.network import Network
from worker.weights import weights_file


def test_the_file_holds_every_tensor_by_the_name_of_its_node() -> None:
    network = Network(CHAIN, Generator().manual_seed(0))
    network.sensor.calibrate(torch.rand(5, 1, 6, 6))
    found = load(weights_file(network))
    assert set(found) == {
        "in/mean",
        "in/deviation",
        "conv/linear.weight",
        "conv/norm.weight",
        "conv/norm.bias",
        "conv/norm.running_mean",
        "conv/norm.running_var",
        "conv/norm.num_batches_tracked",
        "out/linear.weight",
        "out/linear.bias",
    }
    assert torch.equal(found["in/mean"], network.sensor.mean)
    assert found["conv/linear.weight"].shape == (4, 1, 3, 3)


def test_the_file_names_its_network() -> None:
    content = weights_file(Network(CHAIN, Generator()))
    header = content[8 : 8 + int.from_bytes(content[:8], "little")]
    assert CHAIN.sha256().encode() in header
