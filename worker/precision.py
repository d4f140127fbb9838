"""The numbers that a device trains with."""

from dataclasses import dataclass

import torch

NATIVE_HALF = (7, 0)  # compute capability: tensor cores of Volta, 16-bit floats
NATIVE_BFLOAT = (8, 0)  # of Ampere, with the range of 32-bit floats


@dataclass(frozen=True, slots=True)
class Precision:
    """What the forward pass of a training computes in; the weights stay 32-bit floats."""

    device: str
    half: torch.dtype | None = None

    @property
    def name(self) -> str:
        """As a trial's details tell it."""
        return str(self.half or torch.float32).removeprefix("torch.")

    def forward(self) -> torch.autocast:
        """Surrounds the forward pass and the loss; does nothing where all is 32-bit."""
        return torch.autocast(self.device, self.half, enabled=self.half is not None)

    def scaler(self) -> torch.amp.GradScaler:
        """Keeps small gradients above the least 16-bit float; does nothing for other numbers."""
        return torch.amp.GradScaler(self.device, enabled=self.half is torch.float16)


def precision_of(device: torch.device) -> Precision:
    """What a device is fast with: 32-bit floats on CPUs and old GPUs, mixed on newer ones."""
    if device.type != "cuda":
        return Precision(device.type)
    capability = torch.cuda.get_device_capability(device)
    if capability >= NATIVE_BFLOAT:
        return Precision("cuda", torch.bfloat16)
    return Precision("cuda", torch.float16 if capability >= NATIVE_HALF else None)
