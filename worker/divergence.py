"""Sees within an epoch that a training runs away, without making a GPU wait."""

import math

import torch
from torch import Tensor

EVERY = 32  # steps between two looks
# The loss of a network that says the same of every sample is the logarithm of the classes; one
# that is ten times as large for so many looks in a row has logits that nothing brings back.
FAR = 10.0
LOOKS = 8


class Watch:
    """Looks at the loss of every 32nd step."""

    def __init__(self, classes: int, device: torch.device) -> None:
        self._guess = math.log(classes)
        # The copy to pinned memory waits for nobody: a look sees what the one before asked for,
        # or on a GPU that is far behind an older value.
        self._host = torch.zeros((), pin_memory=device.type == "cuda")
        self._first = math.nan
        self._looks = self._far = 0

    def see(self, step: int, loss: Tensor) -> str | None:
        """Take note of the loss of step 0, 1, 2 …; why the training is to end, if it is."""
        if step % EVERY:
            return None
        reason = self._judged(float(self._host)) if self._looks else None
        self._host.copy_(loss, non_blocking=True)
        self._looks += 1
        return reason

    def _judged(self, loss: float) -> str | None:
        if not math.isfinite(loss):
            return "its loss is not finite"
        if math.isnan(self._first):
            self._first = max(loss, self._guess)
        self._far = self._far + 1 if loss > FAR * self._first else 0
        if self._far < LOOKS:
            return None
        return f"its loss has been over {FAR:g} times its first for {LOOKS * EVERY} steps"
