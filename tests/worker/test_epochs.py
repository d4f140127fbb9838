"""The samples of each epoch."""

import pytest
import torch
from torch import Generator, Tensor

from resource_models.nodes import Input
from worker import epochs as module
from worker.epochs import Epochs
from worker.errors import UnsupportedWork
from worker.recipe import Moves
from worker.sensor import Sensor
from worker.tensors import Tensors

IMAGE, COLOURS = (6, 5, 1), (6, 5, 3)
Batches = list[tuple[Tensor, Tensor]]


def sensor(shape: tuple[int, ...], raw_shape: tuple[int, ...] | None = None) -> Sensor:
    made = Sensor(Input("in", shape, raw_shape, "outside") if raw_shape else Input("in", shape))
    made.mean.fill_(0.25)
    made.deviation.fill_(0.75)
    return made


def data(shape: tuple[int, ...], count: int = 25) -> Tensors:
    x = torch.rand(count, *shape, generator=Generator().manual_seed(0))
    x = x.permute(0, 3, 1, 2) if x.dim() == 4 else x
    y = torch.arange(count)  # tells which sample it is
    return Tensors(x, y, x[:3], y[:3], count)


def epoch(made: Epochs, size: int = 4) -> Batches:
    return list(made.batches(size))


def new(seen: Sensor, found: Tensors, moves: Moves | None = None, seed: int = 1) -> Epochs:
    return Epochs(seen, found, moves or Moves(), Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [IMAGE, COLOURS, (7,)])
def test_an_epoch_shows_each_sample_once_in_a_new_order(shape: tuple[int, ...]) -> None:
    found, seen = data(shape), sensor(shape)
    made = new(seen, found)
    orders = []
    for _ in range(2):
        batches = epoch(made, 5)
        order = torch.cat([y for _, y in batches])
        assert sorted(order.tolist()) == list(range(25))
        assert torch.equal(torch.cat([x for x, _ in batches]), seen(found.x_train)[order])
        orders.append(order)
    assert not torch.equal(*orders)


def test_all_batches_are_whole_and_what_is_left_over_changes() -> None:
    made = new(sensor(IMAGE), data(IMAGE))
    missing = []
    for _ in range(2):
        batches = epoch(made)
        assert [len(y) for _, y in batches] == [4] * 6
        missing.append(set(range(25)) - set(torch.cat([y for _, y in batches]).tolist()))
    assert missing[0] != missing[1]


@pytest.mark.parametrize("moves", [Moves(), Moves(1, 1, True, True)])
@pytest.mark.parametrize("raw_shape", [IMAGE, (12, 10, 3)])
def test_the_size_of_a_piece_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, moves: Moves, raw_shape: tuple[int, ...]
) -> None:
    found, seen = data(raw_shape), sensor(IMAGE, raw_shape)
    whole = epoch(new(seen, found, moves))
    monkeypatch.setitem(module.PIECE_BYTES, "cpu", 1)
    pieces = epoch(new(seen, found, moves))
    for (x, y), (other_x, other_y) in zip(whole, pieces, strict=True):
        assert torch.equal(x, other_x)
        assert torch.equal(y, other_y)


@pytest.mark.parametrize("raw_shape", [COLOURS, (6, 5, 3), (12, 10, 1), (12, 10, 3)])
def test_the_raw_image_moves_before_the_sensor_sees_it(raw_shape: tuple[int, ...]) -> None:
    shape = (6, 5, 3) if raw_shape == COLOURS else IMAGE
    found, seen = data(raw_shape), sensor(shape, raw_shape)
    moves = Moves(2, 2, mirror=True)
    chance = Generator().manual_seed(1)
    drawn = module.draw(moves, 25, chance)
    raw = found.x_train.permute(0, 2, 3, 1)
    moved = module.moved(raw, torch.arange(25), drawn).permute(0, 3, 1, 2)
    order = torch.randperm(25, generator=chance)
    x = torch.cat([x for x, _ in epoch(new(seen, found, moves), 5)])
    assert torch.equal(x, seen(moved)[order])


def test_movement_is_drawn_anew_each_epoch() -> None:
    made = new(sensor(IMAGE), data(IMAGE), Moves(1, 1))
    first, second = (
        {int(label): image for x, y in epoch(made) for image, label in zip(x, y, strict=True)}
        for _ in range(2)
    )
    same = [torch.equal(first[k], second[k]) for k in first.keys() & second.keys()]
    assert 0 <= sum(same) < 10


@pytest.mark.parametrize("moves", [Moves(), Moves(1, 1, True, True)])
def test_batches_of_images_have_their_channels_last_in_memory(moves: Moves) -> None:
    for x, _ in epoch(new(sensor(COLOURS), data(COLOURS), moves)):
        assert x.shape == (4, 3, 6, 5)
        assert x.is_contiguous(memory_format=torch.channels_last)


def test_flat_samples_cannot_move() -> None:
    with pytest.raises(UnsupportedWork, match=r"training\.augment: flat samples"):
        new(sensor((7,)), data((7,)), Moves(mirror=True))
