"""The training samples as a network sees them: epoch by epoch, in order and in batches."""

from collections.abc import Callable, Iterator

import torch
from torch import Generator, Tensor

from worker.augment import draw, moved
from worker.errors import UnsupportedWork
from worker.recipe import Moves
from worker.sensor import Sensor
from worker.tensors import Tensors

# Samples are brought in order, and moved, in pieces. On a CPU a piece stays in the cache and its
# memory is used again; a GPU wants few and large ones.
PIECE_BYTES = {"cpu": 4 << 20}
LARGE_PIECE_BYTES = 256 << 20

Piece = Callable[[Tensor], Tensor]  # samples of row numbers


class Epochs:
    """Each epoch shows the samples in a new order, and moved anew."""

    def __init__(self, sensor: Sensor, data: Tensors, moves: Moves, generator: Generator) -> None:
        """Prepare what stays the same in all epochs.

        Raises:
            UnsupportedWork: flat samples cannot move.
        """
        if moves and data.x_train.dim() == 2:
            raise UnsupportedWork("training.augment: flat samples have no neighbours to move to.")
        self._sensor, self._data = sensor, data
        self._moves, self._generator = moves, generator
        # What the sensor does to every pixel alone may happen once, before images move.
        self._early = not (moves and sensor.shrinks)
        self._seen = _last(sensor(data.x_train) if self._early else data.x_train)

    def batches(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """One epoch of whole batches; what is left over waits for another epoch's order."""
        x, y = self._data.x_train, self._data.y_train
        piece_of = self._moving() if self._moves else self._still(self._seen)
        order = torch.randperm(len(y), generator=self._generator, device=x.device)
        bytes_of_batch = size * self._seen[0].nbytes
        most = PIECE_BYTES.get(x.device.type, LARGE_PIECE_BYTES)
        whole = order[: len(order) // size * size]
        for rows in torch.split(whole, max(1, most // bytes_of_batch) * size):
            yield from zip(
                torch.split(piece_of(rows), size), torch.split(y[rows], size), strict=True
            )

    def _moving(self) -> Piece:
        images = self._seen
        drawn = draw(self._moves, len(images), self._generator)
        if self._early:
            return lambda rows: moved(images, rows, drawn.of(rows)).permute(0, 3, 1, 2)
        every = torch.arange(len(images), device=images.device)
        return self._still(_last(self._sensor(moved(images, every, drawn).permute(0, 3, 1, 2))))

    def _still(self, samples: Tensor) -> Piece:
        lines = samples.flatten(1)

        def piece(rows: Tensor) -> Tensor:
            found = lines.index_select(0, rows).view(-1, *samples.shape[1:])
            return found.permute(0, 3, 1, 2) if found.dim() == 4 else found

        return piece


def _last(samples: Tensor) -> Tensor:
    """Images with their channels last, without gaps in memory; flat samples as they are."""
    return samples.permute(0, 2, 3, 1).contiguous() if samples.dim() == 4 else samples
