"""What each device computes in. The GPUs are made up; the arithmetic of 16 bits is the CPU's."""

import pytest
import torch

from worker.precision import Precision, precision_of


def test_a_cpu_computes_in_32_bits() -> None:
    found = precision_of(torch.device("cpu"))
    assert found.name == "float32"
    with found.forward():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.float32
    loss = torch.ones(())
    assert found.scaler().scale(loss) is loss


@pytest.mark.parametrize(
    ("capability", "name"),
    [
        ((6, 1), "float32"),
        ((7, 0), "float16"),
        ((7, 5), "float16"),
        ((8, 0), "bfloat16"),
        ((9, 0), "bfloat16"),
        ((12, 0), "bfloat16"),
    ],
)
def test_a_gpu_computes_in_what_it_is_fast_with(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], name: str
) -> None:
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda _: capability)
    assert precision_of(torch.device("cuda")).name == name


def test_only_16_bit_floats_need_their_gradients_scaled() -> None:
    scaled = {half: Precision("cpu", half).scaler() for half in (torch.float16, torch.bfloat16)}
    assert scaled[torch.float16].is_enabled()
    assert not scaled[torch.bfloat16].is_enabled()


def test_the_forward_pass_of_mixed_precision_is_in_16_bits() -> None:
    with Precision("cpu", torch.bfloat16).forward():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.bfloat16
