"""Data on the device, and the movement of images."""

from pathlib import Path

import pytest
import torch
from torch import Generator

from tests.worker.samples import data_set
from worker.tensors import rows, shifted, tensors


def test_bytes_are_scaled_and_the_split_is_that_of_the_data_set(tmp_path: Path) -> None:
    data = data_set(tmp_path)
    found = tensors(data, torch.device("cpu"))
    wanted = torch.from_numpy(data.x_train[data.validation]).permute(0, 3, 1, 2) / 255
    torch.testing.assert_close(found.x_validation, wanted)
    assert found.y_validation.tolist() == data.y_train[data.validation].tolist()
    assert len(found.x_train) + len(found.x_validation) == len(data.x_train)
    assert (found.shape, found.classes) == ((6, 6, 1), 3)


def test_chosen_rows_keep_order_and_memory_format() -> None:
    images = torch.rand(5, 3, 4, 4).contiguous(memory_format=torch.channels_last)
    chosen = rows(images, torch.tensor([4, 0]))
    torch.testing.assert_close(chosen, images[[4, 0]])
    assert chosen.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("pixels", [1, 2])
def test_each_image_moves_by_its_own_whole_number_of_pixels(pixels: int) -> None:
    image = torch.zeros(2, 7, 7)
    image[:, 3, 3] = torch.tensor([1.0, 2.0])
    moved = shifted(image.expand(400, -1, -1, -1), pixels, Generator().manual_seed(0))
    assert (moved.sum((2, 3)) == torch.tensor([1.0, 2.0])).all()
    places = {tuple(place) for place in (moved[:, 0] > 0).nonzero()[:, 1:].tolist()}
    near = range(3 - pixels, 4 + pixels)
    assert places == {(row, column) for row in near for column in near}


def test_the_edge_is_repeated_where_an_image_moves_away() -> None:
    brightness = torch.full((50, 1, 4, 4), 0.7)
    assert torch.equal(shifted(brightness, 2, Generator().manual_seed(0)), brightness)
