"""The movement of images on their device."""

import math

import pytest
import torch
from torch import Generator, Tensor
from torch.nn import functional

from worker.augment import MOST_RADIANS, Drawn, draw, moved
from worker.recipe import Moves


def chance(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def all_moved(images: Tensor, moves: Moves) -> Tensor:
    order = torch.arange(len(images))
    return moved(images, order, draw(moves, len(images), chance()))


def turned(image: Tensor, radians: float) -> Tensor:
    """One image, `height x width`, turned about its middle."""
    still = torch.zeros(1, dtype=torch.int64)
    drawn = Drawn(still, still, None, torch.tensor([radians]))
    return moved(image[None, :, :, None], still, drawn)[0, :, :, 0]


@pytest.mark.parametrize(
    ("moves", "down", "right"),
    [(Moves(1, 1), 1, 1), (Moves(2, 2), 2, 2), (Moves(2, 0), 2, 0), (Moves(0, 1), 0, 1)],
)
def test_each_image_moves_by_its_own_whole_number_of_pixels(
    moves: Moves, down: int, right: int
) -> None:
    image = torch.zeros(7, 7, 2)
    image[3, 3] = torch.tensor([1.0, 2.0])
    found = all_moved(image.expand(400, -1, -1, -1).contiguous(), moves)
    assert (found.sum((1, 2)) == torch.tensor([1.0, 2.0])).all()
    places = {tuple(place) for place in (found[..., 0] > 0).nonzero()[:, 1:].tolist()}
    rows, columns = range(3 - down, 4 + down), range(3 - right, 4 + right)
    assert places == {(row, column) for row in rows for column in columns}


def test_a_shift_is_exactly_what_release_0_1_0_made_of_the_same_seed() -> None:
    images, pixels = torch.rand(50, 5, 9, 3), 2
    wide = functional.pad(images.permute(0, 3, 1, 2), (pixels,) * 4, mode="replicate")
    move = torch.randint(25, (50,), generator=chance())
    old = torch.stack(
        [
            wide[k, :, int(m) // 5 : int(m) // 5 + 5, int(m) % 5 : int(m) % 5 + 9]
            for k, m in enumerate(move)
        ]
    )
    assert torch.equal(all_moved(images, Moves(2, 2)).permute(0, 3, 1, 2), old)


def test_images_come_in_the_order_asked_for_each_with_its_movement() -> None:
    images = torch.rand(6, 5, 5, 1)
    drawn = draw(Moves(2, 2, True, True), 6, chance(3))
    order = torch.tensor([4, 0, 5])
    every = moved(images, torch.arange(6), drawn)
    assert torch.equal(moved(images, order, drawn.of(order)), every[order])


def test_half_of_the_images_are_mirrored() -> None:
    images = torch.arange(5.0).view(1, 1, 5, 1).expand(1000, 2, 5, 1).contiguous()
    found = all_moved(images, Moves(mirror=True))[:, 0, :, 0]
    is_mirrored = (found == torch.arange(4.0, -1, -1)).all(1)
    assert (is_mirrored | (found == torch.arange(5.0)).all(1)).all()
    assert 430 < is_mirrored.sum() < 570


def test_a_turn_of_a_quarter_is_that_of_torch() -> None:
    image = torch.rand(6, 6)
    assert torch.allclose(turned(image, math.pi / 2), image.rot90(1), atol=1e-5)


def test_a_turn_keeps_angles_in_images_that_are_no_square() -> None:
    image = torch.zeros(21, 41)
    image[10, 30] = 1.0  # 10 pixels to the right of the middle
    found = turned(image, MOST_RADIANS)
    rows, columns = torch.meshgrid(torch.arange(21.0), torch.arange(41.0), indexing="ij")
    at = [float((found * line).sum() / found.sum()) for line in (rows, columns)]
    ahead = [10 - 10 * math.sin(MOST_RADIANS), 20 + 10 * math.cos(MOST_RADIANS)]
    assert at == pytest.approx(ahead, abs=0.3)


def test_three_of_ten_images_are_turned_both_ways_and_not_far() -> None:
    drawn = draw(Moves(rotate=True), 5000, chance())
    assert drawn.radians is not None
    is_turned = drawn.radians != 0
    assert 0.27 < is_turned.float().mean() < 0.33
    assert -MOST_RADIANS <= float(drawn.radians.min()) < -0.9 * MOST_RADIANS
    assert 0.9 * MOST_RADIANS < float(drawn.radians.max()) <= MOST_RADIANS
    images = torch.rand(5000, 4, 4, 1)
    same = (moved(images, torch.arange(5000), drawn) == images).all((1, 2, 3))
    assert torch.equal(same, ~is_turned)


@pytest.mark.parametrize("moves", [Moves(2, 2), Moves(0, 0, True, True), Moves(4, 4, True, True)])
def test_the_edge_is_repeated_where_an_image_moves_away(moves: Moves) -> None:
    brightness = torch.full((50, 4, 6, 1), 0.7)
    assert torch.allclose(all_moved(brightness, moves), brightness)


def test_an_image_smaller_than_its_shift_keeps_to_its_edges() -> None:
    assert all_moved(torch.rand(20, 3, 3, 1), Moves(32, 32)).shape == (20, 3, 3, 1)


def test_the_pixels_given_are_not_changed() -> None:
    images = torch.rand(30, 5, 5, 1)
    before = images.clone()
    all_moved(images, Moves(1, 1, True, True))
    assert torch.equal(images, before)
