"""The epochs of a training, by the recipe's words and through a change of networks."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Generator
from torch.nn import functional

from resource_models.graph import Graph
from resource_models.nodes import Conv2d, Dense, Flatten, Input
from tests.worker.samples import RECIPE, data_set
from worker.course import Course
from worker.divergence import EVERY
from worker.errors import Infeasible
from worker.network import Network
from worker.precision import Precision
from worker.recipe import Recipe
from worker.regime import Regime
from worker.tensors import Tensors, tensors
from worker.weights import weights_file

CPU = torch.device("cpu")


def rows(filters: int) -> Graph:
    """Tells which row is bright."""
    return Graph(
        (
            Input("in", (6, 6, 1)),
            Conv2d("conv", ("in",), filters, (3, 3), activation="relu", batch_norm=True),
            Flatten("flat", ("conv",)),
            Dense("out", ("flat",), 3),
        )
    )


@pytest.fixture
def data(tmp_path: Path) -> Tensors:
    return tensors(data_set(tmp_path), CPU)


def network(data: Tensors, filters: int = 4) -> Network:
    made = Network(rows(filters), Generator().manual_seed(0))
    made.sensor.calibrate(data.x_train)
    return made


def recipe(**changes: Any) -> Recipe:
    return Recipe.from_json(RECIPE | changes)


def go_on(_epoch: int, _metrics: dict[str, float]) -> bool:
    return False


def trained(data: Tensors, regime: Regime | None = None, **changes: Any) -> tuple[Course, Network]:
    made, asked = network(data), recipe(**changes)
    course = Course(asked, data, made.sensor, 7)
    course.run(made, asked.epochs, go_on, regime or Regime())
    return course, made


RECIPES: list[dict[str, Any]] = [
    {"schedule": "cosine"},
    {"schedule": "constant"},
    {"schedule": "steps", "milestones": [[0.5, 0.1]]},
    {"optimizer": "sgd"},
    {"optimizer": "nesterov", "weight_decay": 0.01},
    {"label_smoothing": 0.1},
    {"augment": "mirror"},
    {"augment": "rotate"},
    {"augment": "frames1", "epochs": 40},
]


@pytest.mark.parametrize("changes", RECIPES)
def test_every_word_of_a_recipe_trains_and_makes_a_difference(
    data: Tensors, changes: dict[str, Any]
) -> None:
    plain, asked = {"epochs": 20}, {"epochs": 20} | changes
    course, found = trained(data, **asked)
    if "frames" not in changes.get("augment", ""):  # which moves the rows that tell the classes
        assert course.error == 0.0
    assert weights_file(found) != weights_file(trained(data, **plain)[1])


@pytest.mark.parametrize("changes", [{}, *RECIPES, {"augment": "shift1+mirror+rotate"}])
def test_the_same_seed_gives_the_same_weights_also_through_a_change_of_networks(
    data: Tensors, changes: dict[str, Any]
) -> None:
    asked = recipe(**(changes | {"epochs": 4, "dropout": 0.2}))

    def weights() -> list[bytes]:
        first, second = network(data), network(data, filters=2)
        course = Course(asked, data, first.sensor, 7)
        course.run(first, 2, go_on, Regime())
        torch.rand(3)  # what else draws numbers has no part in it
        course.run(second, 4, go_on, Regime())
        return [weights_file(first), weights_file(second)]

    assert weights() == weights()


def test_a_course_goes_on_where_it_was_with_another_network(data: Tensors) -> None:
    asked = recipe(epochs=4, schedule="steps", milestones=[[0.5, 1e-6]], weight_decay=0.0)
    first, second = network(data), network(data)
    course = Course(asked, data, first.sensor, 7)
    course.run(first, 2, go_on, Regime())
    before = [part.detach().clone() for part in second.parameters()]
    course.run(second, 4, go_on, Regime())
    # The second network began when the learning rate was almost nothing.
    for part, old in zip(second.parameters(), before, strict=True):
        torch.testing.assert_close(part.detach(), old, atol=1e-6, rtol=0)
    assert (course.epoch, course.stopped) == (4, False)


def test_the_loss_that_is_reported_is_the_smoothed_one(data: Tensors) -> None:
    made = network(data).train()
    found: list[float] = []
    asked = recipe(epochs=1, batch_size=1000, label_smoothing=0.3)
    seen = made.sensor(data.x_train)
    with torch.no_grad():
        wanted = functional.cross_entropy(made.body(seen), data.y_train, label_smoothing=0.3)
    Course(asked, data, made.sensor, 7).run(
        made, 1, lambda _, metrics: bool(found.append(metrics["loss"])), Regime()
    )
    assert found == pytest.approx([float(wanted)], rel=1e-5)


class Spoiling(Regime):
    """Counts the steps, and after each sets the biases of the last layer."""

    def __init__(self, *biases: float) -> None:
        self.biases, self.steps = torch.tensor(biases), 0

    def begin(self, network: Network, steps: int) -> None:
        self.parts = network.layers["out"].linear.bias  # type: ignore[union-attr]

    def after_update(self, step: int) -> None:
        self.steps += 1
        with torch.no_grad():
            self.parts.copy_(self.biases)


def long(data: Tensors, epochs_long: int) -> Tensors:
    many = epochs_long * EVERY
    return Tensors(
        data.x_train[:2].repeat(many, 1, 1, 1),
        data.y_train[:2].repeat(many),
        data.x_validation,
        data.y_validation,
        data.classes,
    )


@pytest.mark.parametrize(
    ("biases", "reason", "looks"),
    [((math.nan,) * 3, "is not finite", 2), ((-1e4, 0, 1e4), "has been over 10 times", 9)],
)
def test_a_training_that_diverges_ends_within_its_first_epoch(
    data: Tensors, biases: tuple[float, ...], reason: str, looks: int
) -> None:
    regime = Spoiling(*biases)
    with pytest.raises(Infeasible, match=rf"diverged in epoch 1: its loss {reason}"):
        trained(long(data, 20), regime, batch_size=2)
    assert regime.steps == looks * EVERY + 1


class Watching(Regime):
    """Keeps the gradients of the first step."""

    def __init__(self) -> None:
        self.network: Network | None = None
        self.gradients: list[torch.Tensor] = []

    def begin(self, network: Network, steps: int) -> None:
        self.network = network

    def after_pass(self, step: int) -> None:
        assert self.network is not None
        if not self.gradients:
            parts = self.network.parameters()
            self.gradients = [part.grad.clone() for part in parts if part.grad is not None]


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
def test_mixed_precision_learns_and_shows_regimes_gradients_in_their_own_size(
    data: Tensors, monkeypatch: pytest.MonkeyPatch, half: torch.dtype, optimizer: str
) -> None:
    exact, mixed = Watching(), Watching()
    trained(data, exact)
    monkeypatch.setattr("worker.course.precision_of", lambda _: Precision("cpu", half))
    course, made = trained(data, mixed, epochs=20, optimizer=optimizer)
    assert course.error == 0.0
    assert {part.dtype for part in made.parameters()} == {torch.float32}
    for one, other in zip(exact.gradients, mixed.gradients, strict=True):
        torch.testing.assert_close(one, other, atol=0.05, rtol=0.1)
    assert any(
        not torch.equal(*pair) for pair in zip(exact.gradients, mixed.gradients, strict=True)
    )
