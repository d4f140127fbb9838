"""A training of your own: epochs are reported, and those that fall behind are told to stop.

A perceptron on the digits of scikit-learn, trained in NumPy, stands for your framework.
Start `tinyfront-server serve` in another terminal, then run this file.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from tinyfront import Client, Integer, Parameters, Real, minimize

EPOCHS = 9
Floats = NDArray[np.float64]


def split() -> tuple[Floats, Floats, Floats, Floats]:
    """Training and validation images, and what they show, one column a digit."""
    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(images))
    x, y = images[order] / 16.0, np.eye(10)[labels[order]]
    return x[:1200], y[:1200], x[1200:], y[1200:]


def train(units: int, rate: float, decay: float) -> Iterator[float]:
    """Descend by batches; yields the validation error after each epoch."""
    rng = np.random.default_rng(0)
    x, y, x_new, y_new = split()
    first = rng.normal(0, 0.2, (x.shape[1], units))
    second = rng.normal(0, 0.2, (units, 10))
    for _ in range(EPOCHS):
        for batch in rng.permutation(len(x)).reshape(-1, 50):
            hidden = np.maximum(x[batch] @ first, 0)
            scores = np.exp(hidden @ second)
            wrong = scores / scores.sum(1, keepdims=True) - y[batch]
            back = wrong @ second.T * (hidden > 0)
            second -= rate * (hidden.T @ wrong / len(batch) + decay * second)
            first -= rate * (x[batch].T @ back / len(batch) + decay * first)
        guess = (np.maximum(x_new @ first, 0) @ second).argmax(1)
        yield float((guess != y_new.argmax(1)).mean())


study = Client().create_study(
    "own-trainer",
    space=Parameters(
        Integer("units", 2, 64, log=True),
        Real("rate", 1e-2, 2.0, log=True),
        Real("decay", 1e-6, 1e-2, log=True),
    ),
    objectives=[
        minimize("error", ideal=0.01, reference=0.5, log=True),
        minimize("weights", expression="64*units + 10*units"),  # computed, so nobody measures it
    ],
    stopping={"rule": "halving", "first_epoch": 3},
    trials=40,
)
for trial in study.ask():
    with trial:
        error = 1.0
        for epoch, error in enumerate(train(**trial.parameters), start=1):
            trial.report(epoch, {"error": error})
            if trial.should_stop:
                break
        trial.complete({"error": error})
print(study.front())
