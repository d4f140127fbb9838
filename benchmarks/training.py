"""What the worker adds to a training: beside a plain loop, around a trial, in memory.

Two networks learn MNIST, an epoch by `worker.course` and an epoch by a loop written by hand in
turn; the ratios are of processor time, on one core. Then a training process is given trials as a
worker gives them. `--quick` shows in two minutes that all works, and keeps nothing.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.record import record
from resource_models.graph import Graph
from resource_models.nodes import Conv2d, Dense, DepthwiseConv2d, Flatten, GlobalAvgPool, Input
from worker.child import Place
from worker.course import Course
from worker.data import DataSet, load
from worker.messages import Completed, Epoch, Train
from worker.network import Network
from worker.process import TrainingProcess
from worker.recipe import Recipe
from worker.regime import Regime
from worker.schedule import learning_rates
from worker.tensors import Tensors, tensors
from worker.train import untrained

DATA = Path(__file__).parents[2] / "shared" / "data"
CPU = torch.device("cpu")
BATCH = 128
MOST_RATIO, MOST_SHARE, MOST_OUTSIDE_S, MOST_GROWTH = 1.05, 0.05, 0.3, 1.2
LONG_S = 20.0
FIRST_FEW = 5  # trials until a process has all it needs
NORMED = {"activation": "relu", "batch_norm": True}


def small(side: int) -> Graph:
    """About 2,700 weights on images of 28 by 28."""
    last = (side + 7) // 8
    return Graph(
        (
            Input("in", (side, side, 1)),
            Conv2d("c1", ("in",), 6, (5, 5), (2, 2), **NORMED),
            Conv2d("c2", ("c1",), 12, (3, 3), (2, 2), **NORMED),
            Conv2d("c3", ("c2",), 14, (3, 3), (2, 2), **NORMED),
            DepthwiseConv2d("d", ("c3",), (last, last), (1, 1), "valid", **NORMED),
            Flatten("f", ("d",)),
            Dense("out", ("f",), 10),
        )
    )


def large() -> Graph:
    """About 7,000 weights and 12 times the multiplications."""
    return Graph(
        (
            Input("in", (28, 28, 1)),
            Conv2d("c1", ("in",), 16, (3, 3), **NORMED),
            Conv2d("c2", ("c1",), 24, (3, 3), (2, 2), **NORMED),
            DepthwiseConv2d("d1", ("c2",), (3, 3), **NORMED),
            Conv2d("p1", ("d1",), 32, (1, 1), **NORMED),
            DepthwiseConv2d("d2", ("p1",), (3, 3), (2, 2), **NORMED),
            Conv2d("p2", ("d2",), 48, (1, 1), **NORMED),
            GlobalAvgPool("g", ("p2",)),
            Dense("out", ("g",), 10),
        )
    )


def by_hand(name: str) -> nn.Sequential:
    """The same networks as one would write them."""

    def conv(inputs: int, filters: int, size: int, stride: int = 1, **more: Any) -> list[nn.Module]:
        linear = nn.Conv2d(inputs, filters, size, stride, bias=False, **more)
        return [linear, nn.BatchNorm2d(filters), nn.ReLU(inplace=True)]

    if name == "small":
        return nn.Sequential(
            *[nn.ZeroPad2d((1, 2, 1, 2)), *conv(1, 6, 5, 2)],
            *[nn.ZeroPad2d((0, 1, 0, 1)), *conv(6, 12, 3, 2)],
            *[*conv(12, 14, 3, 2, padding=1), *conv(14, 14, 4, groups=14)],
            *[nn.Flatten(), nn.Linear(14, 10)],
        )
    return nn.Sequential(
        *[*conv(1, 16, 3, padding=1), nn.ZeroPad2d((0, 1, 0, 1)), *conv(16, 24, 3, 2)],
        *[*conv(24, 24, 3, padding=1, groups=24), *conv(24, 32, 1)],
        *[nn.ZeroPad2d((0, 1, 0, 1)), *conv(32, 32, 3, 2, groups=32), *conv(32, 48, 1)],
        *[nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(48, 10)],
    )


class Plain:
    """The loop of a tutorial, in the memory format and with the optimiser that are fastest."""

    def __init__(self, model: nn.Sequential, recipe: Recipe, data: Tensors) -> None:
        self.model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        deviation, mean = torch.std_mean(data.x_train)
        self.x, self.x_validation = (
            (x - mean) / deviation for x in (data.x_train, data.x_validation)
        )
        self.y, self.y_validation = data.y_train, data.y_validation
        kernels = [part for part in model.parameters() if part.dim() > 1]
        others = [part for part in model.parameters() if part.dim() <= 1]
        groups = [{"params": kernels}, {"params": others, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, weight_decay=recipe.weight_decay, fused=True)
        self.steps = len(self.y) // BATCH
        self.rates = iter(learning_rates(recipe, recipe.epochs * self.steps))

    def epoch(self) -> float:
        """Train one epoch; the validation error."""
        self.model.train()
        order = torch.randperm(len(self.y))
        loss = torch.zeros(())
        for k in range(self.steps):
            chosen = order[k * BATCH : (k + 1) * BATCH]
            rate = next(self.rates)
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            self.optimizer.zero_grad()
            own = functional.cross_entropy(self.model(self.x[chosen]), self.y[chosen])
            torch.autograd.backward(own)
            self.optimizer.step()
            loss += own.detach()
        self.model.eval()
        with torch.inference_mode():
            found = torch.cat([self.model(x).argmax(1) for x in self.x_validation.split(512)])
        return float((found != self.y_validation).float().mean())


def same_start(model: nn.Sequential, network: Network, x: Tensor) -> None:
    """Give the model the network's weights, and see that both say the same."""
    with torch.no_grad():
        for mine, theirs in zip(model.parameters(), network.parameters(), strict=True):
            mine.copy_(theirs)
        seen = network.sensor(x)
        torch.testing.assert_close(model.eval()(seen), network.eval().body(seen))


def beside_plain(name: str, graph: Graph, data: Tensors, pairs: int) -> dict[str, float]:
    """Epoch times of both in turn; the first pair warms up."""
    recipe = Recipe(pairs + 1, BATCH, 0.01, 1e-3)
    network = untrained(graph, data, 0)
    model = by_hand(name)
    same_start(model, network, data.x_validation[:100])
    plain = Plain(model, recipe, data)
    ours_s: list[float] = []
    plain_s: list[float] = []
    errors = [0.0, 0.0]

    def report(_: int, metrics: dict[str, float]) -> bool:
        nonlocal begun_s
        ours_s.append(time.process_time() - begun_s)
        begun_s = time.process_time()
        errors[:] = [metrics["error"], plain.epoch()]
        plain_s.append(time.process_time() - begun_s)
        begun_s = time.process_time()
        return False

    course = Course(recipe, data, network.sensor, 0)
    begun_s = time.process_time()
    course.run(network, recipe.epochs, report, Regime())
    return {
        f"{name}_epoch_s": median(ours_s[1:]),
        f"{name}_plain_epoch_s": median(plain_s[1:]),
        f"{name}_ratio": median(a / b for a, b in zip(ours_s[1:], plain_s[1:], strict=True)),
        f"{name}_error": errors[0],
        f"{name}_plain_error": errors[1],
    }


class Trial(NamedTuple):
    """What a trial took, seen from the worker: all of it, and what was around its epochs."""

    whole_s: float
    outside_s: float
    memory_bytes: int


def trial(process: TrainingProcess, data: DataSet, graph: Graph, **recipe: Any) -> Trial:
    """One trial, from the message to its result; the first epoch is as long as the others."""
    work = {
        "kind": "network",
        "graph": graph.to_json(),
        "training": {"batch_size": BATCH, "learning_rate": 0.01, **recipe},
        "data": data.name,
        "data_sha256": data.sha256,
        "split_sha256": data.split_sha256,
        "seed": 1,
    }
    begun_s = time.perf_counter()
    process.train(Train(work))
    ends_s: list[float] = []
    while True:
        said = process.said(60.0)
        if isinstance(said, Epoch):
            ends_s.append(time.perf_counter())
        elif isinstance(said, Completed):
            whole_s = time.perf_counter() - begun_s
            count = len(ends_s)
            each_s = (ends_s[-1] - ends_s[0]) / max(1, count - 1)
            return Trial(whole_s, whole_s - each_s * count, said.memory_bytes)
        elif said is not None:
            raise SystemExit(f"The trial ended otherwise: {said}")


def peak_mib(process: TrainingProcess) -> float:
    """The most memory that the process ever had (Linux)."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def in_process(folder: Path | None, use: Callable[[TrainingProcess], None]) -> None:
    """Run something with a training process of one thread that is ready."""
    process = TrainingProcess(Place("cpu", 1, folder))
    process.start()
    try:
        while process.ready(1.0) is None:
            pass
        use(process)
    finally:
        process.kill()


def long_trials(mnist: DataSet, folder: Path, epochs: int) -> dict[str, float]:
    """MNIST: what surrounds the epochs of a trial, the first of its data and a later one."""
    figures: dict[str, float] = {}

    def use(process: TrainingProcess) -> None:
        first = trial(process, mnist, small(28), epochs=2, augment="shift2")
        later = trial(process, mnist, small(28), epochs=epochs, augment="shift2")
        figures["long_first_outside_s"] = first.outside_s
        figures["long_trial_s"] = later.whole_s
        figures["long_outside_s"] = later.outside_s
        figures["long_outside_share"] = later.outside_s / later.whole_s
        figures["long_peak_mib"] = peak_mib(process)

    in_process(folder, use)
    return figures


def short_trials(trials: int) -> dict[str, float]:
    """Digits: what surrounds the epochs, and what memory does over many trials."""
    digits = load(None, "digits")
    found: list[Trial] = []
    figures: dict[str, float] = {"short_trials": trials}

    def use(process: TrainingProcess) -> None:
        for _ in range(trials):
            found.append(trial(process, digits, small(8), epochs=5))
        figures["short_peak_mib"] = peak_mib(process)

    in_process(None, use)
    few, last = found[FIRST_FEW - 1], found[-1]
    figures["short_first_outside_s"] = found[0].outside_s
    figures["short_trial_s"] = median(one.whole_s for one in found[1:])
    figures["short_outside_s"] = median(one.outside_s for one in found[1:])
    figures["short_memory_mib"] = few.memory_bytes / 2**20
    figures["short_memory_growth"] = last.memory_bytes / few.memory_bytes
    return figures


def main() -> None:
    """Measure and record."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, default=DATA, help="folder with mnist/mnist.npz")
    options.add_argument("--quick", action="store_true", help="see that it works, keep nothing")
    chosen = options.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    folder = chosen.data / "mnist"
    mnist = load(folder, "mnist")
    on_device = tensors(mnist, CPU)
    pairs = 2 if chosen.quick else 9
    figures = beside_plain("small", small(28), on_device, pairs)
    figures |= beside_plain("large", large(), on_device, 1 if chosen.quick else pairs)
    figures |= long_trials(mnist, folder, 2 if chosen.quick else 12)
    figures |= short_trials(10 if chosen.quick else 200)
    is_long = figures["long_trial_s"] >= LONG_S
    meets = {
        "epoch_ratio_small": figures["small_ratio"] <= MOST_RATIO,
        "epoch_ratio_large": figures["large_ratio"] <= MOST_RATIO,
        "long_outside_share": is_long and figures["long_outside_share"] <= MOST_SHARE,
        "short_outside": figures["short_outside_s"] <= MOST_OUTSIDE_S,
        "no_growth": figures["short_memory_growth"] <= MOST_GROWTH,
    }
    if chosen.quick:
        print(figures, meets)
        return
    record("training", figures, meets)


if __name__ == "__main__":
    main()
