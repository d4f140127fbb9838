"""Trained networks in integers: of images of digits, of MNIST and of spoken words."""

import random
from pathlib import Path
from typing import Any

import torch
from torch import Generator

from benchmarks.deployed.networks import MOST_MACS, Case
from optimizer.networks.space import NetworkSpace
from optimizer.space import space_from_json
from worker.data import DataSet, load
from worker.deploy.record import Int8Graph
from worker.deploy.simulate import Simulation
from worker.integers import channels_last
from worker.tensors import Tensors, tensors
from worker.train import train
from worker.work import Work

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
NETWORKS = {"digits": 4, "mnist": 3, "speech_bed_cat_happy": 3}
BOARD = "stm32f446re"
DECIDING = ("benchmarks.deployed.trained", "worker.train")
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

    Its real inputs are images that it was judged on while it was searched for.
    """
    torch.set_num_threads(1)
    data = load(DATA / space, space)
    on_device = tensors(data, torch.device("cpu"))
    record, seen = _trained(data, on_device, number, count)
    simulation = Simulation(record)
    drawn = torch.randint(
        -128, 128, (count, *record.graph.input.shape), dtype=torch.int8, generator=_seeded(number)
    )
    inputs = torch.cat([drawn, simulation.quantise(seen).to(torch.int8)])
    return Case(record, inputs.numpy(), simulation.run(inputs).numpy())


def _trained(
    data: DataSet, on_device: Tensors, number: int, count: int
) -> tuple[Int8Graph, torch.Tensor]:
    """The network in integers, and `count` images as it gets them."""
    space = space_from_json(
        {"kind": "tiny", "max_macs": MOST_MACS},
        input_shape=data.shape,
        classes=data.classes,
        device=BOARD,
        training={"quantisation": WAYS[number % len(WAYS)]},
        train_images=len(data.training),
    )
    assert isinstance(space, NetworkSpace)
    work = space.work(space.sample(random.Random(f"{data.name} {number}")))
    named = {"data": data.name, "data_sha256": data.sha256, "split_sha256": data.split_sha256}
    made = train(Work.from_json({**work, **named, "seed": number}), on_device, lambda *_: False)
    assert made.record is not None
    with torch.inference_mode():
        seen = channels_last(made.network.sensor(on_device.x_validation[:count]))
    return made.record, seen


def _seeded(number: int) -> Generator:
    return Generator().manual_seed(number)
