"""The epochs of a training, on a data set that lies whole on the device."""

import math
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional
from torch.optim import AdamW

from worker.errors import Infeasible
from worker.network import Network
from worker.recipe import Recipe
from worker.regime import Regime
from worker.sensor import Sensor
from worker.tensors import Tensors, rows, shifted

# One cycle (Smith and Topin 2018): up for a quarter of the steps, then down to almost nothing.
RISE = 0.25
START = 1 / 25  # of the highest learning rate
END = 1e-4
EVALUATED_AT_ONCE = 512

Report = Callable[[int, dict[str, float]], bool]


class Course:
    """The epochs of one trial: data, order, movement and learning rates.

    The network may be replaced by a smaller one on the way; the course goes on where it was.
    """

    def __init__(self, recipe: Recipe, data: Tensors, sensor: Sensor, seed: int) -> None:
        """Prepare the data.

        Args:
            recipe: how to train.
            data: tensors on the device to train on.
            sensor: calibrated, on the same device; the same for every network of the trial.
            seed: decides order, movement and dropout.
        """
        self._recipe, self._data = recipe, data
        self._generator = Generator(data.x_train.device).manual_seed(seed)
        self._validation = sensor(data.x_validation)
        self._epochs = shuffled(sensor, data, recipe.shift, self._generator)
        self._batch = min(recipe.batch_size, len(data.y_train))
        # What is left over of an epoch waits for the next epoch's order.
        self._steps = len(data.y_train) // self._batch
        self._rates = learning_rates(recipe.learning_rate, recipe.epochs * self._steps)
        self.epoch = 0
        self.stopped = False
        self.error = math.nan

    def run(self, network: Network, until: int, report: Report, regime: Regime) -> None:
        """Train through epoch `until`, or to the one after which `report` answers True.

        Raises:
            Infeasible: the loss is not finite.
        """
        network.drop(self._recipe.dropout, self._generator)
        regime.begin(network, (until - self.epoch) * self._steps)
        optimizer = adamw(network, self._recipe, regime.parameters())
        first = self.epoch * self._steps
        while self.epoch < until and not self.stopped:
            self.epoch += 1
            loss = self._pass(network, optimizer, regime, first)
            regime.before_judging()
            self.error = error_of(network, self._validation, self._data.y_validation)
            regime.after_judging()
            metrics = {"loss": loss, "error": self.error}
            if not all(map(math.isfinite, metrics.values())):
                raise Infeasible(
                    f"The training diverged in epoch {self.epoch}: its loss is not finite."
                )
            self.stopped = report(self.epoch, metrics)

    def judge(self, network: Network) -> float:
        """The validation error of a network as it is."""
        return error_of(network, self._validation, self._data.y_validation)

    def _pass(self, network: Network, optimizer: AdamW, regime: Regime, first: int) -> float:
        """Train one epoch; `first` is the step of the whole course at which the regime began."""
        network.train()
        x, y = next(self._epochs)
        loss = torch.zeros((), device=x.device)
        begin = (self.epoch - 1) * self._steps
        for k in range(self._steps):
            part = slice(k * self._batch, (k + 1) * self._batch)
            for group in optimizer.param_groups:
                group["lr"] = self._rates[begin + k]
            at = begin + k - first
            regime.before_pass(at)
            optimizer.zero_grad(set_to_none=True)
            own = functional.cross_entropy(network.body(x[part]), y[part])
            penalty = regime.penalty(at)
            torch.autograd.backward(own if penalty is None else own + penalty)
            regime.after_pass(at)
            optimizer.step()
            regime.after_update(at)
            loss += own.detach()  # to read its value would wait for the device
        return loss.item() / self._steps


def adamw(network: Network, recipe: Recipe, beside: Sequence[nn.Parameter]) -> AdamW:
    """The optimiser; biases and batch norm are not decayed, only what multiplies inputs.

    Args:
        network: whose parameters are trained.
        recipe: gives the weight decay.
        beside: what a regime trains, too.
    """
    kernels = [part for part in network.parameters() if part.dim() > 1]
    others = [part for part in network.parameters() if part.dim() <= 1]
    others += beside
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


@torch.inference_mode()
def error_of(network: Network, seen: Tensor, y: Tensor) -> float:
    """Share of wrong answers on samples behind the sensor; NaN if a logit is not finite."""
    network.eval()
    logits = torch.cat([network.body(part) for part in torch.split(seen, EVALUATED_AT_ONCE)])
    if not bool(logits.isfinite().all()):
        return math.nan
    return int((logits.argmax(1) != y).sum()) / len(y)
