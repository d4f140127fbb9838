"""The board that a space counts its figures for."""

from collections.abc import Mapping
from typing import Any

from resource_models.devices import Device, device

DEFAULT_DEVICE = "stm32f446re"


def board(given: Device | str | Mapping[str, Any] | None) -> Device:
    """A device, its name or its JSON as a device; the default one for None."""
    if given is None:
        return device(DEFAULT_DEVICE)
    if isinstance(given, Device):
        return given
    return device(given) if isinstance(given, str) else Device.from_json(dict(given))
