"""The epochs of a training, on a data set that lies whole on the device."""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor
from torch.nn import functional
from torch.optim import Optimizer

from worker.deploy.record import Int8Graph
from worker.descent import optimiser
from worker.divergence import Watch
from worker.epochs import Epochs
from worker.errors import Infeasible
from worker.integers import int8_error_of
from worker.network import Network
from worker.precision import precision_of
from worker.recipe import Recipe
from worker.regime import Regime
from worker.schedule import learning_rates
from worker.sensor import Sensor
from worker.tensors import Tensors

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

        Raises:
            UnsupportedWork: the recipe moves samples that are no images.
        """
        device = data.x_train.device
        self._recipe, self._data = recipe, data
        self._generator = Generator(device).manual_seed(seed)
        self._validation = sensor(data.x_validation)
        self._epochs = Epochs(sensor, data, recipe.moves, self._generator)
        self._batch = min(recipe.batch_size, len(data.y_train))
        # What is left over of an epoch waits for the next epoch's order.
        self._steps = len(data.y_train) // self._batch
        self._rates = learning_rates(recipe, recipe.epochs * self._steps)
        self._precision = precision_of(device)
        self._scaler = self._precision.scaler()
        self.epoch = 0
        self.stopped = False
        self.error = math.nan

    def run(self, network: Network, until: int, report: Report, regime: Regime) -> None:
        """Train through epoch `until`, or to the one after which `report` answers True.

        Raises:
            Infeasible: the loss is not finite, or far above its first value for long.
        """
        network.drop(self._recipe.dropout, self._generator)
        regime.begin(network, (until - self.epoch) * self._steps)
        descent = optimiser(network, self._recipe, regime.parameters())
        watch = Watch(self._data.classes, self._data.x_train.device)
        first = self.epoch * self._steps
        while self.epoch < until and not self.stopped:
            self.epoch += 1
            loss = self._pass(network, descent, regime, watch, first)
            regime.before_judging()
            self.error = self.judge(network)
            regime.after_judging()
            metrics = {"loss": loss, "error": self.error}
            if not all(map(math.isfinite, metrics.values())):
                raise self._diverged("its loss is not finite")
            self.stopped = report(self.epoch, metrics)

    def judge(self, network: Network) -> float:
        """The validation error of a network as it is."""
        return error_of(network, self._validation, self._data.y_validation)

    def judge_int8(self, record: Int8Graph) -> float:
        """The validation error of an int8 graph."""
        return int8_error_of(record, self._validation, self._data.y_validation)

    def _pass(
        self, network: Network, descent: Optimizer, regime: Regime, watch: Watch, first: int
    ) -> float:
        """Train one epoch; `first` is the step of the whole course at which the regime began."""
        network.train()
        scaler, smooth = self._scaler, self._recipe.label_smoothing
        loss = torch.zeros((), device=self._data.x_train.device)
        begin = (self.epoch - 1) * self._steps
        for k, (x, y) in enumerate(self._epochs.batches(self._batch), begin):
            for group in descent.param_groups:
                group["lr"] = self._rates[k]
            at = k - first
            regime.before_pass(at)
            descent.zero_grad(set_to_none=True)
            with self._precision.forward():
                logits = network.body(x)
                own = functional.cross_entropy(logits, y, label_smoothing=smooth)
            penalty = regime.penalty(at)
            whole = own if penalty is None else own + penalty
            torch.autograd.backward(scaler.scale(whole))
            scaler.unscale_(descent)
            regime.after_pass(at)
            scaler.step(descent)
            scaler.update()
            regime.after_update(at)
            loss += own.detach()  # to read its value would wait for the device
            reason = watch.see(at, own.detach())
            if reason is not None:
                raise self._diverged(reason)
        return loss.item() / self._steps

    def _diverged(self, reason: str) -> Infeasible:
        return Infeasible(f"The training diverged in epoch {self.epoch}: {reason}.")


@torch.inference_mode()
def error_of(network: Network, seen: Tensor, y: Tensor) -> float:
    """Share of wrong answers on samples behind the sensor; NaN if a logit is not finite."""
    network.eval()
    logits = torch.cat([network.body(part) for part in torch.split(seen, EVALUATED_AT_ONCE)])
    if not bool(logits.isfinite().all()):
        return math.nan
    return int((logits.argmax(1) != y).sum()) / len(y)
