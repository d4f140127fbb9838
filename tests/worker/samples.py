"""Graphs, data and work for the worker's tests: small, so that a training takes milliseconds."""

from pathlib import Path
from typing import Any

import numpy as np

from resource_models.graph import Graph
from resource_models.nodes import (
    Add,
    AvgPool,
    Concat,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Flatten,
    Gather,
    GlobalAvgPool,
    Input,
    MaxPool,
    Pad,
)
from worker.data import DataSet, load

CHAIN = Graph(
    (
        Input("in", (6, 6, 1)),
        Conv2d("conv", ("in",), 4, (3, 3), activation="relu", batch_norm=True),
        GlobalAvgPool("mean", ("conv",)),
        Dense("out", ("mean",), 3),
    )
)
FLAT = Graph(
    (
        Input("in", (4,)),
        Dense("hidden", ("in",), 5, activation="relu6", batch_norm=True),
        Dense("out", ("hidden",), 3),
    )
)
# Every kind of node, a residual branch, a map that grows by padding, even and odd surplus.
EVERYTHING = Graph(
    (
        Input("in", (7, 5, 1), (14, 9, 3), "outside"),
        Conv2d("wide", ("in",), 6, (3, 3), activation="relu", batch_norm=True),
        DepthwiseConv2d("each", ("wide",), (3, 3), (2, 2), activation="relu6", batch_norm=True),
        Conv2d("mix", ("each",), 8, (1, 1)),
        MaxPool("small", ("wide",), (2, 2), (2, 2), "same"),
        Pad("channels", ("small",), channels=(1, 1)),
        Add("sum", ("mix", "channels"), "relu"),
        Pad("rows", ("sum",), height=(1, 0), width=(0, 2)),
        Conv2d("long", ("rows",), 4, (3, 1), (2, 1), "valid"),
        AvgPool("thin", ("rows",), (4, 1), (3, 1), "same"),
        Concat("side", ("long", "thin")),
        Flatten("flat", ("side",)),
        Gather("kept", ("flat",), (0, 3, 17, 40)),
        Dense("few", ("kept",), 6, "relu", True),
        GlobalAvgPool("means", ("side",)),
        Concat("both", ("few", "means")),
        Dense("out", ("both",), 5),
    )
)
GRAPHS = {"chain": CHAIN, "flat": FLAT, "everything": EVERYTHING}

RECIPE: dict[str, Any] = {
    "epochs": 3,
    "batch_size": 16,
    "learning_rate": 0.03,
    "weight_decay": 0.0,
    "dropout": 0.0,
    "schedule": "one_cycle",
    "optimizer": "adamw",
    "augment": "none",
}


def arrays(samples: int = 90, seed: int = 0) -> dict[str, Any]:
    """Grey images of three classes that differ by the row that is bright."""
    random = np.random.default_rng(seed)
    labels = np.arange(samples) % 3
    images = random.integers(0, 60, (samples, 6, 6))
    images[np.arange(samples), 2 * labels] += 150
    half = samples * 2 // 3
    return {
        "x_train": images[:half].astype(np.uint8),
        "y_train": labels[:half],
        "x_test": images[half:].astype(np.uint8),
        "y_test": labels[half:],
    }


def save(folder: Path, name: str = "rows", **changes: Any) -> Path:
    """Write a data set into a folder; `changes` replace arrays, None removes one."""
    found = arrays() | changes
    path = folder / f"{name}.npz"
    np.savez(path, **{name: array for name, array in found.items() if array is not None})
    return path


def data_set(folder: Path) -> DataSet:
    """The rows, written and read back."""
    save(folder)
    return load(folder, "rows")


def work_json(data: DataSet, graph: Graph = CHAIN, **changes: Any) -> dict[str, Any]:
    """The work of a lease; `changes` replace fields of the training recipe."""
    return {
        "kind": "network",
        "graph": graph.to_json(),
        "training": RECIPE | changes,
        "pruning": None,
        "parent": None,
        "data": data.name,
        "data_sha256": data.sha256,
        "split_sha256": data.split_sha256,
        "seed": 7,
        "purpose": "search",
        "replicate": 0,
        "metrics": ["error"],
    }
