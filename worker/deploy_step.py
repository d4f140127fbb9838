"""What a trial leaves of its network in integers, beside its weights: files to deploy and check."""

import torch
from torch import Generator, Tensor

from worker.deploy import storage, tflm, vectors
from worker.deploy.onnx import package
from worker.deploy.record import Int8Graph
from worker.deploy.simulate import Simulation
from worker.deploy.vectors import Vectors
from worker.integers import channels_last
from worker.network import Network
from worker.tensors import Tensors

EACH = 20  # vectors: of real inputs, and of bytes by chance


def deployed_files(record: Int8Graph, network: Network, data: Tensors) -> dict[str, bytes]:
    """The files of a network in integers, by name.

    The `.tflite` file is left out where its schema is not installed, the `.onnx` file where the
    package onnx is not; whoever has them makes the files from the record.

    Args:
        record: the network in integers.
        network: as it was trained; its sensor prepares real inputs.
        data: of its validation part some become test vectors.
    """
    files = storage.files(record)
    files[vectors.NAME] = vectors.file(_vectors(record, _seen(network, data.x_validation)))
    return files | tflm.files(record) | package.files(record)


def _vectors(record: Int8Graph, samples: Tensor) -> Vectors:
    """Real samples, then bytes by chance, which reach what no real sample does."""
    simulation = Simulation(record)
    shape = (EACH, *record.graph.input.shape)
    chance = Generator().manual_seed(EACH)
    drawn = torch.randint(-128, 128, shape, dtype=torch.int8, generator=chance)
    inputs = torch.cat([simulation.quantise(samples), drawn])
    return Vectors(inputs.numpy(), simulation.run(inputs).numpy())


@torch.inference_mode()
def _seen(network: Network, raw: Tensor) -> Tensor:
    """Samples from all over a set, which may be sorted, behind the sensor and on the CPU."""
    some = raw[:: max(1, len(raw) // EACH)][:EACH]
    return channels_last(network.sensor(some).cpu())
