"""The training recipes of the two papers whose search spaces are presets, too.

muNAS: its published configurations. Its weight decay takes the same share of a weight each step,
whatever the learning rate is; ours is scaled by the learning rate. Hence the quotients: published
decay over first learning rate. Where the rate falls, ours falls with it, as Loshchilov and Hutter
have it, and theirs does not. Structured and unstructured pruning train alike.

What its presets leave out: background noise on speech, and the end of visual wake words after 15
epochs without gain. Shifts by a tenth of an image are given in pixels of the size that muNAS used:
48 and 32 for characters, about 200 for visual wake words; 100 ms of speech are 10 frames of 10 ms.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any


def _munas(
    epochs: int,
    batch_size: int,
    rates: Mapping[int, float],
    decay: float,
    **others: Any,
) -> dict[str, Any]:
    """A recipe of muNAS; `rates` holds the learning rate from each epoch on, beginning with 0."""
    first = rates[0]
    milestones = [
        [epoch / epochs, float(Fraction(str(rate)) / Fraction(str(first)))]
        for epoch, rate in rates.items()
        if epoch > 0
    ]
    return {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": first,
        "weight_decay": float(Fraction(str(decay)) / Fraction(str(first))),
        "dropout": 0.0,
        "optimizer": "sgd",
        "schedule": "steps" if milestones else "constant",
        **({"milestones": milestones} if milestones else {}),
        **others,
    }


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "munas-mnist": _munas(30, 128, {0: 0.005}, 4e-5, augment="shift2+rotate"),
    "munas-cifar10": _munas(
        130,
        128,
        {0: 0.01, 90: 0.005, 105: 0.001},
        1e-5,
        dropout=0.15,
        augment="shift4+mirror",
    ),
    "munas-cifar10-binary": _munas(80, 128, {0: 0.01}, 1e-5, augment="shift4+mirror"),
    "munas-chars74k": _munas(60, 80, {0: 0.01, 35: 0.005}, 1e-4, dropout=0.15, augment="shift5"),
    "munas-chars74k-binary": _munas(60, 128, {0: 0.01, 42: 0.005}, 4e-5, augment="shift3"),
    "munas-fashion-mnist": _munas(
        45,
        128,
        {0: 0.01, 25: 0.005, 35: 0.001},
        1e-5,
        dropout=0.15,
        augment="shift2+mirror+rotate",
    ),
    "munas-speech-commands": _munas(
        45,
        50,
        {0: 5e-4, 20: 1e-4, 40: 2e-5},
        1e-5,
        optimizer="adamw",
        augment="frames10",
    ),
    "munas-visual-wake-words": _munas(30, 64, {0: 0.001}, 5e-5, augment="shift20+mirror"),
    "munas-mnist-binary": _munas(
        25, 128, {0: 0.001}, 1e-4, optimizer="adamw", augment="shift2+rotate"
    ),
    # SpArSe: known are an optimiser of the kind of Adam, no augmentation, and that training
    # belongs to what is searched. A constant rate and no decay are assumed: plain Adam. Epochs
    # and batches are not published; they stay those of any study, by the number of images.
    "sparse": {
        "learning_rate": None,
        "weight_decay": 0.0,
        "dropout": None,
        "optimizer": "adamw",
        "schedule": "constant",
        "augment": "none",
    },
}
