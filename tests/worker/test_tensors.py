"""Data on the device."""

from pathlib import Path

import torch

from tests.worker.samples import data_set
from worker.tensors import tensors


def test_bytes_are_scaled_and_the_split_is_that_of_the_data_set(tmp_path: Path) -> None:
    data = data_set(tmp_path)
    found = tensors(data, torch.device("cpu"))
    wanted = torch.from_numpy(data.x_train[data.validation]).permute(0, 3, 1, 2) / 255
    torch.testing.assert_close(found.x_validation, wanted)
    assert found.y_validation.tolist() == data.y_train[data.validation].tolist()
    assert len(found.x_train) + len(found.x_validation) == len(data.x_train)
    assert (found.shape, found.classes) == ((6, 6, 1), 3)
