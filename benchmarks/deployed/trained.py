"""Trained networks in integers: of images of digits, of MNIST and of spoken words."""

from typing import Any

import torch
from torch import Generator

from benchmarks.deployed.networks import MOST_MACS, Case
from benchmarks.quantised import BOARD, DATA, NETWORKS, drawn
from optimizer.networks.space import NetworkSpace
from optimizer.space import space_from_json
from worker.data import load
from worker.deploy.record import Int8Graph
from worker.deploy.simulate import Simulation
from worker.integers import channels_last
from worker.network import Network
from worker.tensors import Tensors, tensors
from worker.train import train
from worker.work import Work

DECIDING = ("benchmarks.deployed.trained", "benchmarks.quantised", "worker.train")
WAYS = ("post_training", "aware")  # in turn, as a study's networks are quantised


def wanted() -> list[dict[str, Any]]:
    """All of them, as `case` is asked for them."""
    return [
        {"space": name, "number": number}
        for name, count in NETWORKS.items()
        for number in range(count)
    ]


def case(space: str, number: int, count: int) -> Case:
    """Network `number` of a data set, as a study with its defaults makes one, pruned or not.

    Its real inputs are those that it was judged by in its search.
    """
    torch.set_num_threads(1)
    network, record, data = made(space, number)
    with torch.inference_mode():
        seen = channels_last(network.sensor(data.x_validation[:count]))
    simulation, generator = Simulation(record), Generator().manual_seed(number)
    shape = (len(seen), *record.graph.input.shape)
    drawn = torch.randint(-128, 128, shape, dtype=torch.int8, generator=generator)
    inputs = torch.cat([drawn, simulation.quantise(seen).to(torch.int8)])
    return Case(record, inputs.numpy(), simulation.run(inputs).numpy())


def made(name: str, number: int) -> tuple[Network, Int8Graph, Tensors]:
    """Train network `number` of a data set, of a size that counts; it, its integers, the data."""
    data = load(DATA / name, name)
    space = space_from_json(
        {"kind": "tiny", "max_macs": MOST_MACS},
        input_shape=data.shape,
        classes=data.classes,
        device=BOARD,
        training={"quantisation": WAYS[number % len(WAYS)]},
        train_images=len(data.training),
    )
    assert isinstance(space, NetworkSpace)
    work = space.work(next(drawn(space, number)))
    named = {"data": name, "data_sha256": data.sha256, "split_sha256": data.split_sha256}
    on_device = tensors(data, torch.device("cpu"))
    found = train(Work.from_json({**work, **named, "seed": number}), on_device, lambda *_: False)
    assert found.record is not None  # a study asks for it by default
    return found.network, found.record, on_device
