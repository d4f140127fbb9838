"""Slopes of predictions after many results, which are written out."""

import numpy as np
import pytest
import torch

import optimizer.surrogate
from optimizer.hyperparameters import Hyperparameters
from optimizer.space import INACTIVE, Column
from optimizer.surrogate import Surrogate
from optimizer.targets import Targets

MIXED = (Column("a"), Column("c", "category", 3), Column("b"), Column("d", conditional=True))


def test_after_many_results_predictions_and_their_slopes_are_the_same_up_to_rounding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    x, found = rng.uniform(0, 1, (600, 4)), Hyperparameters("gp", (0.3, 0.6, 0.5, 0.7), *[0.01] * 4)
    x[:, 1], x[::3, 3] = rng.integers(0, 3, 600), INACTIVE
    here = torch.from_numpy(x[:5] + np.array([0.01, 0, 0.02, 0]))
    targets = Targets(x, np.sin(5 * x[:, 0]) + x[:, 2], np.zeros(600))
    quick = Surrogate(MIXED, found, targets)
    monkeypatch.setattr(optimizer.surrogate, "MANY", 600)
    slow = Surrogate(MIXED, found, targets)
    for models in ((quick, slow), (quick.near(here), slow.near(here))):
        answers = []
        for model in models:
            at = here.clone().requires_grad_()
            mean, deviation = model.predict(at)
            total = (mean * torch.arange(5)).sum() + (deviation * torch.arange(5)).sum()
            answers.append((mean, deviation, *torch.autograd.grad(total, at)))
        torch.testing.assert_close(*answers, rtol=1e-7, atol=1e-9)
        torch.testing.assert_close(*(model.predict(here) for model in models), atol=1e-9, rtol=1e-7)
