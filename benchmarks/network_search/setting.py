"""What all methods of a benchmark share: data, split, space, prior, limits, scales, recipe."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from optimizer.networks.space import NetworkSpace
from optimizer.problem import Objective, Problem
from optimizer.space import space_from_json
from worker.data import DataSet, load
from worker.tensors import Tensors, tensors


@dataclass(frozen=True)
class Setting:
    """A search on one data set.

    Args:
        data: the name of the data set.
        folder: where its file lies; None for what needs no file.
        objectives: with scales.
        epochs: of a trial that begins from scratch.
        trials: that designers with stages or populations reckon with; the true end is elsewhere.
        training: changes to the recipe.
        ranges: changes to the space `tiny`.
        inherit_epochs: of a child, for methods whose children inherit; None for the recipe's own.
    """

    data: str
    folder: Path | None
    objectives: tuple[Objective, ...]
    epochs: int
    trials: int
    training: Mapping[str, Any] = field(default_factory=dict)
    ranges: Mapping[str, Any] = field(default_factory=dict)
    inherit_epochs: int | None = None

    def problem(self, data: DataSet, seed: int, inherits: bool, stops: bool = False) -> Problem:
        """What a designer is asked.

        Args:
            data: loaded.
            seed: of the run.
            inherits: whether morphs may begin with weights.
            stops: whether a rule ends trials.
        """
        # Rivals train in floats, and so do we here.
        training = {"quantisation": "none", **self.training, "epochs": self.epochs}
        if not inherits:
            training["inherit_epochs"] = None
        elif self.inherit_epochs is not None:
            training["inherit_epochs"] = self.inherit_epochs
        space = space_from_json(
            {"kind": "tiny", **self.ranges},
            input_shape=data.shape,
            classes=data.classes,
            training=training,
            train_images=len(data.training),
            stops=stops,
        )
        images = len(data.validation)
        return Problem(space, self.objectives, images, seed, budget=self.trials)


@dataclass(frozen=True, eq=False)
class Bench:
    """A setting with its data in memory."""

    setting: Setting
    data: DataSet
    tensors: Tensors

    @classmethod
    def of(cls, setting: Setting, images: int | None = None) -> "Bench":
        """Train on the first `images` of the training part alone; None for all of it."""
        data, whole = _loaded(setting.folder, setting.data)
        x_train, y_train = whole.x_train[:images], whole.y_train[:images]
        return cls(setting, data, replace(whole, x_train=x_train, y_train=y_train))

    def problem(self, seed: int, inherits: bool, stops: bool = False) -> Problem:
        """The problem of one run."""
        return self.setting.problem(self.data, seed, inherits, stops)


def network_space(problem: Problem) -> NetworkSpace:
    """The space of a problem that searches networks."""
    assert isinstance(problem.space, NetworkSpace)
    return problem.space


@lru_cache(1)
def _loaded(folder: Path | None, name: str) -> tuple[DataSet, Tensors]:
    """The data, once for all trials of a process."""
    data = load(folder, name)
    return data, tensors(data, torch.device("cpu"))
