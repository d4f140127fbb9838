"""From a trained network to the files that are deployed: what a trial leaves beside its weights."""

import torch
from torch import Generator, Tensor

from worker.deploy import storage, tflm, vectors
from worker.deploy.calibrate import quantise
from worker.deploy.errors import DeployError
from worker.deploy.fold import fold
from worker.deploy.observers import MinMax
from worker.deploy.record import Int8Graph
from worker.deploy.simulate import Simulation
from worker.deploy.vectors import Vectors
from worker.errors import Infeasible
from worker.network import Network
from worker.tensors import Tensors
from worker.weights import weights

TFLITE_NAME = "model.tflite"
CALIBRATES = 256  # samples of the training set
VECTORS = 20  # of each kind: real inputs, and bytes by chance


def record_of(network: Network, data: Tensors) -> Int8Graph:
    """A trained network in integers, scales chosen from what training samples give.

    Raises:
        Infeasible: it has no integers, since its numbers are too wild.
    """
    try:
        folded = fold(network.graph, weights(network))
        return quantise(folded, _seen(network, data.x_train, CALIBRATES), MinMax())
    except DeployError as error:
        raise Infeasible(f"The network cannot be put into integers: {error}") from error


def deployed_files(record: Int8Graph, network: Network, data: Tensors) -> dict[str, bytes]:
    """The files of a network in integers, by name.

    The `.tflite` file is left out where its schema is not installed; whoever has it makes the file
    from the record.
    """
    files = storage.files(record)
    files[vectors.NAME] = vectors.file(_vectors(record, _seen(network, data.x_validation, VECTORS)))
    if tflm.installed() is not None:
        from worker.deploy.tflite.writer import tflite_file  # the schema comes with the runtime

        files[TFLITE_NAME] = tflite_file(record)
    return files


def _vectors(record: Int8Graph, samples: Tensor) -> Vectors:
    """Real samples, then bytes by chance, which reach what no real sample does."""
    simulation = Simulation(record)
    real = simulation.quantise(samples)
    shape = (VECTORS, *record.graph.input.shape)
    chance = Generator().manual_seed(VECTORS)
    drawn = torch.randint(-128, 128, shape, dtype=torch.int8, generator=chance)
    inputs = torch.cat([real, drawn])
    return Vectors(inputs.numpy(), simulation.run(inputs).numpy())


@torch.inference_mode()
def _seen(network: Network, raw: Tensor, count: int) -> Tensor:
    """Samples from all over a set, which may be sorted, behind the sensor, on the CPU, as a graph
    has them: channels last."""
    some = raw[:: max(1, len(raw) // count)][:count]
    seen: Tensor = network.sensor(some).cpu()
    return seen.permute(0, 2, 3, 1) if seen.dim() == 4 else seen
