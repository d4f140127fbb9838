"""Test vectors: int8 inputs with the answers that the simulation gives.

They let a network be checked where there is no torch: here, by whoever verifies it, and on a board
by whoever writes the firmware.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from resource_models.graph import Graph
from worker.deploy.errors import InvalidVectors

NAME = "vectors.safetensors"
PARTS = ("answers", "inputs")


@dataclass(frozen=True, slots=True, eq=False)
class Vectors:
    """`inputs` are `n x` the input's shape, `answers` `n x` the output's, both int8; n >= 1."""

    inputs: NDArray[np.int8]
    answers: NDArray[np.int8]

    def __post_init__(self) -> None:
        for name in PARTS:
            array = getattr(self, name)
            if array.dtype != np.int8:
                raise InvalidVectors(f"{NAME}/{name}", f"need int8, got {array.dtype}.")
        if not len(self.inputs) or len(self.inputs) != len(self.answers):
            need = f"need an answer for each input, got {len(self.answers)} for {len(self.inputs)}."
            raise InvalidVectors(NAME, need)

    def check(self, graph: Graph) -> None:
        """Refuse vectors of another network.

        Raises:
            InvalidVectors: the shapes are not those of the graph.
        """
        for name, shape in zip(PARTS, (graph.shapes[graph.output], graph.input.shape), strict=True):
            found = getattr(self, name).shape[1:]
            if found != shape:
                raise InvalidVectors(f"{NAME}/{name}", f"need the shape {shape}, got {found}.")


def file(vectors: Vectors) -> bytes:
    """The vectors as a safetensors file; equal vectors give equal bytes."""
    return save({name: np.ascontiguousarray(getattr(vectors, name)) for name in PARTS})


def read(content: bytes) -> Vectors:
    """The vectors of a file; whatever does not belong there raises `InvalidVectors`."""
    try:
        found = load(content)
    except (SafetensorError, ValueError, KeyError) as error:
        raise InvalidVectors(NAME, f"need a safetensors file: {error}") from error
    if found.keys() != set(PARTS):
        raise InvalidVectors(NAME, f"need {' and '.join(PARTS)}, got {', '.join(found) or 'none'}.")
    return Vectors(found["inputs"], found["answers"])
