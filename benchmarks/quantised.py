"""What integers cost: ten networks in floats, quantised after the training, and trained for it.

Drawn from the `tiny` space for digits, MNIST and spoken words, each trained twice with one seed: as
a study does by default, and `aware`. A draw that does not learn its task in floats, by validation
images, says nothing of rounding and gives way to the next. The observers are compared on the first
training, on validation images. The test set is read once for each network, by its three forms,
after both trainings.

Every network is a line of the state file; a second run goes on where the first ended. About an hour
on two cores.
"""

import argparse
import random
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.lines import Json, Lines, finish
from benchmarks.record import RESULTS, record
from optimizer.networks.space import NetworkSpace
from optimizer.space import space_from_json
from resource_models.footprint import footprint
from worker.data import DataSet, load
from worker.deploy.calibrate import quantise
from worker.deploy.fold import fold
from worker.deploy.observers import OBSERVERS
from worker.integers import channels_last, int8_error_of
from worker.tensors import Tensors, tensors
from worker.test_set import errors_on_test_set
from worker.train import Trained, calibration_samples, train
from worker.weights import weights
from worker.work import FLOAT_TEST_ERROR, TEST_ERROR, Work

DATA = Path(__file__).parents[1] / ".." / "shared" / "data"
# How many networks of each set, and the smallest and largest size: small ones feel rounding most.
NETWORKS = {"digits": 4, "mnist": 3, "speech_bed_cat_happy": 3}
SIZES_BYTES = (1_500, 12_000)
MAX_MACS = 1_000_000
MOST_ERROR = 0.15  # of the network in floats, on validation images
BOARD = "stm32f446re"
MOST_LOSS = 0.003  # of accuracy, on MNIST
LINES = Lines(RESULTS / "quantised.jsonl", ("data", "number", "epochs"))
CPU = torch.device("cpu")


def wanted(epochs: int | None, networks: int | None) -> list[Json]:
    """The runs, by what names them; `epochs` None means as many as a study takes."""
    return [
        {"data": name, "number": number, "epochs": epochs}
        for name, count in NETWORKS.items()
        for number in range(min(count, networks or count))
    ]


def space_of(data: DataSet, changes: Json) -> NetworkSpace:
    """The space, and how its networks are trained."""
    found = space_from_json(
        {"kind": "tiny", "max_macs": MAX_MACS, "pruning_scopes": ["none"]},
        input_shape=data.shape,
        classes=data.classes,
        device=BOARD,
        training={"learning_rate": 0.01, "dropout": 0.0, **changes},
        train_images=len(data.training),
    )
    assert isinstance(found, NetworkSpace)
    return found


def drawn(space: NetworkSpace, number: int) -> Iterator[Any]:
    """Points of a size that counts, by the number of the network."""
    rng, (least, most) = random.Random(number), SIZES_BYTES
    while True:
        point = space.sample(rng)
        if least <= space.figures(point)["model_size:deployed"] <= most:
            yield point


def run(fields: Json) -> Json:
    """Train one network both ways and judge all its forms."""
    torch.set_num_threads(1)
    data = load(DATA / fields["data"], fields["data"])
    on_device = tensors(data, CPU)
    changes = {} if fields["epochs"] is None else {"epochs": fields["epochs"]}
    named = {"data": data.name, "data_sha256": data.sha256, "split_sha256": data.split_sha256}

    def trained(way: str, point: Any) -> Trained:
        work = space_of(data, {**changes, "quantisation": way}).work(point)
        return train(
            Work.from_json({**work, **named, "seed": fields["number"]}),
            on_device,
            lambda *_: False,
        )

    space = space_of(data, changes)
    for draw, point in enumerate(drawn(space, fields["number"])):  # noqa: B007 - told in the line
        plain = trained("post_training", point)
        if plain.float_error <= MOST_ERROR or fields["epochs"] is not None:
            break
    aware = trained("aware", point)
    size = footprint(plain.network.graph, space.device).model_size_deployed_bytes
    line = fields | {"draw": draw, "size_bytes": size, "validation_images": len(data.validation)}
    line |= {"float": plain.float_error, "post_training": plain.error, "aware": aware.error}
    line |= {f"observer_{name}": error for name, error in observed(plain, on_device).items()}
    test = errors_on_test_set(plain, data, CPU)
    line |= {"test_float": test[FLOAT_TEST_ERROR], "test_post_training": test[TEST_ERROR]}
    return line | {"test_aware": errors_on_test_set(aware, data, CPU)[TEST_ERROR]}


def observed(trained: Trained, data: Tensors) -> dict[str, float]:
    """The validation error by each observer."""
    network = trained.network
    folded = fold(network.graph, weights(network))
    seen = channels_last(calibration_samples(network, data))
    x = network.sensor(data.x_validation)
    return {
        name: int8_error_of(quantise(folded, seen, observer()), x, data.y_validation)
        for name, observer in OBSERVERS.items()
    }


def figures_of(lines: Sequence[Json]) -> dict[str, float]:
    """Mean losses of accuracy by data set, and what each observer loses."""
    found: dict[str, float] = {}
    for data in NETWORKS:
        ours = [line for line in lines if line["data"] == data]
        if not ours:
            continue
        for form in ("float", "post_training", "aware"):
            mean = statistics.fmean(line[f"test_{form}"] for line in ours)
            found[f"{data}_test_error_{form}"] = mean
        for name in OBSERVERS:
            losses = [line[f"observer_{name}"] - line["float"] for line in ours]
            found[f"{data}_validation_loss_{name}"] = statistics.fmean(losses)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing and record."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--epochs", type=int, help="fewer, to see that it works; no record")
    options.add_argument("--networks", type=int, help="of each set, likewise")
    options.add_argument("--processes", type=int, default=1)
    asked = options.parse_args(arguments)
    runs = wanted(asked.epochs, asked.networks)
    finish(LINES, runs, run, asked.processes)
    keys = {LINES.key(fields) for fields in runs}
    lines = [line for line in LINES.read() if LINES.key(line) in keys]
    figures = figures_of(lines)
    if asked.epochs is not None or asked.networks is not None:
        print(figures)
        return
    loss = figures["mnist_test_error_aware"] - figures["mnist_test_error_float"]
    claim = f"aware training loses at most {100 * MOST_LOSS:g} points of accuracy on MNIST"
    record("quantised", {**figures, "mnist_loss_aware": loss}, {claim: loss <= MOST_LOSS})


if __name__ == "__main__":
    main()
