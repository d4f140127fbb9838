"""A worker of one's own as a user writes it: `python -m tests.e2e.own_worker URL FOLDER`.

It trains by NumPy alone and leaves the first layers of a graph to others: a hidden layer as wide as
the graph is long. By the number of a trial it also meets all that can happen to one.
"""

import sys
import time
from pathlib import Path

import numpy as np

from tinyfront import Client, DataSet, Infeasible, Worker, WorkerTrial

SAMPLES, FEATURES, CLASSES, TRAIN = 400, 16, 3, 320


def samples() -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(0)
    labels = chance.integers(0, CLASSES, SAMPLES)
    centres = chance.normal(size=(CLASSES, FEATURES))
    return centres[labels] + 0.8 * chance.normal(size=(SAMPLES, FEATURES)), labels


class Mlp:
    """One hidden layer, trained by gradient descent."""

    def __init__(self, width: int, seed: int) -> None:
        chance = np.random.default_rng(seed)
        self.first = chance.normal(size=(FEATURES, width)) / FEATURES**0.5
        self.second = np.zeros((width, CLASSES))

    def epoch(self, x: np.ndarray, y: np.ndarray) -> None:
        hidden = np.maximum(x @ self.first, 0)
        scores = hidden @ self.second
        shares = np.exp(scores - scores.max(1, keepdims=True))
        wrong = shares / shares.sum(1, keepdims=True) - np.eye(CLASSES)[y]
        back = (wrong @ self.second.T) * (hidden > 0)
        self.second -= 0.5 * hidden.T @ wrong / len(x)
        self.first -= 0.5 * x.T @ back / len(x)

    def error(self, x: np.ndarray, y: np.ndarray) -> float:
        found = (np.maximum(x @ self.first, 0) @ self.second).argmax(1)
        return float((found != y).mean())


def main(url: str, folder: str) -> None:
    x, y = samples()
    data = DataSet.of(
        "mine",
        [x.tobytes(), y.tobytes()],
        shape=(4, 4, 1),
        classes=CLASSES,
        train=TRAIN,
        validation=SAMPLES - TRAIN,
        split=TRAIN,
    )
    worker = Worker(Client(url), data=[data], can=["training"], name="own", lease=10)

    @worker.evaluate
    def train(trial: WorkerTrial) -> dict[str, float]:
        if trial.number == 1 and trial.attempt == 1:
            raise RuntimeError("out of luck")
        if trial.number == 2:
            raise Infeasible("it diverged")
        assert trial.graph is not None
        assert trial.seed is not None
        model = Mlp(width=8 + len(trial.graph["nodes"]), seed=trial.seed)
        for epoch in range(1, trial.training["epochs"] + 1):
            model.epoch(x[:TRAIN], y[:TRAIN])
            trial.report(epoch, {"error": model.error(x[TRAIN:], y[TRAIN:])})
        while trial.number == 3:  # until it is cancelled
            epoch += 1
            trial.report(epoch, {"error": 0.5})
            time.sleep(0.05)
        while trial.number == 4 and not Path(folder, "restarted").exists():
            time.sleep(0.05)
        np.savez(Path(folder, "weights.npz"), first=model.first, second=model.second)
        trial.save("weights.npz", Path(folder, "weights.npz"))
        return {"error": model.error(x[TRAIN:], y[TRAIN:])}

    worker.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
