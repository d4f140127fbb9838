"""Trains one network on a data set that lies whole on the device."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional
from torch.optim import AdamW

from worker.errors import Infeasible, UnsupportedWork
from worker.network import Network
from worker.sensor import Sensor
from worker.tensors import Tensors, rows, shifted
from worker.work import Recipe, Work

# One cycle (Smith and Topin 2018): up for a quarter of the steps, then down to almost nothing.
RISE = 0.25
START = 1 / 25  # of the highest learning rate
END = 1e-4
EVALUATED_AT_ONCE = 512

Report = Callable[[int, dict[str, float]], bool]


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A trained network and the error of its last epoch."""

    network: Network
    error: float
    epochs: int


def train(work: Work, data: Tensors, report: Report) -> Trained:
    """Train the network of `work` from fresh weights.

    Args:
        work: what to train and how; its seed decides weights, order, movement and dropout.
        data: tensors on the device to train on.
        report: gets the number of finished epochs, and `loss` and `error` of the last one; if it
            answers True, the training ends there.

    Raises:
        Infeasible: the network does not fit the data or the memory, or its loss is not finite.
        UnsupportedWork: the recipe cannot be followed on such data.
    """
    try:
        return _train(work, data, report)
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise Infeasible("The network does not fit into the memory of the worker.") from error
    except RuntimeError as error:
        if "can't allocate memory" in str(error):  # torch has no class of its own for the CPU
            raise Infeasible("The network does not fit into the memory of the worker.") from error
        raise


def _train(work: Work, data: Tensors, report: Report) -> Trained:
    recipe, device = work.recipe, data.x_train.device
    check_fit(work, data)
    generator = Generator(device).manual_seed(work.seed)
    network = Network(work.graph, Generator().manual_seed(work.seed))
    network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.drop(recipe.dropout, generator)
    network.sensor.calibrate(data.x_train)
    optimizer = adamw(network, recipe)
    validation = network.sensor(data.x_validation)
    batch = min(recipe.batch_size, len(data.y_train))
    steps = len(data.y_train) // batch  # what is left over waits for the next epoch's order
    rates = iter(learning_rates(recipe.learning_rate, recipe.epochs * steps))
    epochs = shuffled(network.sensor, data, recipe.shift, generator)
    for epoch in range(1, recipe.epochs + 1):
        network.train()
        x, y = next(epochs)
        loss = torch.zeros((), device=device)
        for k in range(steps):
            part = slice(k * batch, (k + 1) * batch)
            loss += step(network, optimizer, next(rates), x[part], y[part])
        error = error_of(network, validation, data.y_validation)
        metrics = {"loss": loss.item() / steps, "error": error}
        if not all(map(math.isfinite, metrics.values())):
            raise Infeasible(f"The training diverged in epoch {epoch}: its loss is not finite.")
        if report(epoch, metrics):
            break
    return Trained(network, error, epoch)


def check_fit(work: Work, data: Tensors) -> None:
    """Refuse a network that reads or answers something else than the data set holds."""
    graph, answers = work.graph, (data.classes,)
    raw, output = graph.input.raw_shape, graph.shapes[graph.output]
    if raw != data.shape:
        raise Infeasible(f"{graph.input.id}.raw_shape: the data has {data.shape}, not {raw}.")
    if output != answers:
        raise Infeasible(f"{graph.output}: the data has {data.classes} classes, not {output}.")
    if work.recipe.shift and len(raw) == 1:
        raise UnsupportedWork("training.augment: flat samples have no neighbours to move to.")


def adamw(network: Network, recipe: Recipe) -> AdamW:
    """The optimiser; biases and batch norm are not decayed, only what multiplies inputs."""
    kernels = [part for part in network.parameters() if part.dim() > 1]
    others = [part for part in network.parameters() if part.dim() <= 1]
    groups = [
        {"params": kernels, "weight_decay": recipe.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return AdamW([group for group in groups if group["params"]], fused=True)


def learning_rates(highest: float, steps: int) -> list[float]:
    """The learning rate of each step of one cycle, on cosines."""
    top = max(1, round(RISE * steps))
    rising = [_between(START, 1.0, k / top) for k in range(top)]
    falling = [_between(1.0, END, k / max(1, steps - top)) for k in range(steps - top)]
    return [highest * share for share in rising + falling]


def _between(start: float, end: float, way: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * way)) / 2


def shuffled(
    sensor: Sensor, data: Tensors, shift: int, generator: Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """The training samples as the network sees them, moved and in a new order each epoch.

    A whole epoch is prepared at once: then a step is free of indexing.
    """
    still = None if shift else sensor(data.x_train)
    while True:
        x = sensor(shifted(data.x_train, shift, generator)) if still is None else still
        order = torch.randperm(len(x), generator=generator, device=x.device)
        yield rows(x, order), data.y_train[order]


def step(network: Network, optimizer: AdamW, rate: float, x: Tensor, y: Tensor) -> Tensor:
    """One step of the optimiser.

    Returns:
        The loss, on the device: to read its value would wait for the device.
    """
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad(set_to_none=True)
    loss = functional.cross_entropy(network.body(x), y)
    torch.autograd.backward(loss)
    optimizer.step()
    return loss.detach()


@torch.inference_mode()
def error_of(network: Network, seen: Tensor, y: Tensor) -> float:
    """Share of wrong answers on samples behind the sensor; NaN if a logit is not finite."""
    network.eval()
    logits = torch.cat([network.body(part) for part in torch.split(seen, EVALUATED_AT_ONCE)])
    if not bool(logits.isfinite().all()):
        return math.nan
    return int((logits.argmax(1) != y).sum()) / len(y)
