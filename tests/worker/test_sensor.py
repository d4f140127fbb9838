"""What the driver does to a sample before the network sees it."""

import pytest
import torch
from torch import Generator

from resource_models.nodes import Input
from worker.errors import Infeasible
from worker.sensor import Sensor, overlap


def test_a_whole_factor_is_the_mean_of_each_block() -> None:
    raw = torch.rand(2, 1, 6, 4, generator=Generator().manual_seed(0))
    shrunk = Sensor(Input("in", (3, 2, 1), (6, 4, 1), "outside")).shrink(raw)
    wanted = torch.nn.functional.avg_pool2d(raw, 2)
    torch.testing.assert_close(shrunk, wanted)


def test_a_free_size_weighs_each_pixel_by_the_area_it_covers() -> None:
    torch.testing.assert_close(overlap(3, 2), torch.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 2.0]]) / 3)
    torch.testing.assert_close(overlap(28, 11).sum(1), torch.ones(11))
    torch.testing.assert_close(overlap(28, 11).sum(0), torch.full((28,), 11 / 28))


def test_colours_become_grey_by_their_luma() -> None:
    sensor = Sensor(Input("in", (1, 1, 1), (1, 1, 3), "outside"))
    colours = torch.tensor([1.0, 0.5, 0.25]).view(1, 3, 1, 1)
    assert sensor.shrink(colours).item() == pytest.approx(0.299 + 0.587 / 2 + 0.114 / 4)


@pytest.mark.parametrize(
    ("shape", "raw"), [((4, 4, 2), (4, 4, 2)), ((2, 3, 1), (4, 5, 3)), ((5,), (5,))]
)
def test_training_samples_leave_with_mean_0_and_deviation_1_in_each_channel(
    shape: tuple[int, ...], raw: tuple[int, ...]
) -> None:
    sensor = Sensor(Input("in", shape, raw, "none" if raw == shape else "outside"))
    samples = 3 + torch.rand(50, raw[-1], *raw[:-1], generator=Generator().manual_seed(0))
    sensor.calibrate(samples)
    seen = sensor(samples).transpose(0, 1).flatten(1)
    torch.testing.assert_close(seen.mean(1), torch.zeros(shape[-1]), atol=1e-5, rtol=0)
    torch.testing.assert_close(seen.std(1, correction=0), torch.ones(shape[-1]))


def test_a_channel_that_never_changes_becomes_zero() -> None:
    sensor = Sensor(Input("in", (3,)))
    samples = torch.tensor([[1.0, 5.0, 0.0], [2.0, 5.0, 1.0]])
    sensor.calibrate(samples)
    assert sensor(samples)[:, 1].tolist() == [0.0, 0.0]


def test_channels_that_no_driver_can_make_are_infeasible() -> None:
    with pytest.raises(Infeasible, match="3 channels cannot become 2"):
        Sensor(Input("in", (4, 4, 2), (4, 4, 3), "outside"))
