"""The microcontrollers that networks are made for, with the source of each figure."""

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from types import MappingProxyType
from typing import Any

from resource_models.coefficients import LatencyLine, Power
from resource_models.errors import InvalidDevice, UnknownDevice
from resource_models.micronets import (
    F446_LATENCY,
    F446_POWER,
    F746_LATENCY,
    F746_POWER,
    F767_LATENCY,
)

DEVICE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
KIB = 1024
MHZ = 1_000_000


@dataclass(frozen=True, slots=True)
class Device:
    """One board: memory that a network may use at most, and where the figures come from.

    `latency` holds a line for each family of networks that was measured on it, at most one each,
    `power` what the board draws; a device without them has no latency and no energy.
    """

    name: str
    title: str
    core: str
    clock_hz: int
    sram_bytes: int
    flash_bytes: int
    source: str
    latency: tuple[LatencyLine, ...] = ()
    power: Power | None = None

    def __post_init__(self) -> None:
        if type(self.name) is not str or not DEVICE_NAME.fullmatch(self.name):
            need = "1 to 64 letters, digits or . _ -, the first a letter or digit"
            raise InvalidDevice("name", f"need {need}, got {self.name!r}.")
        for field in ("title", "core", "source"):
            text = getattr(self, field)
            if type(text) is not str or not text.strip():
                raise InvalidDevice(field, f"need a text, got {text!r}.")
        for field in ("clock_hz", "sram_bytes", "flash_bytes"):
            number = getattr(self, field)
            if type(number) is not int or number < 1:
                raise InvalidDevice(field, f"need an integer >= 1, got {number!r}.")
        if len({line.family for line in self.latency}) < len(self.latency):
            raise InvalidDevice("latency", "need one line per family, but a family occurs twice.")
        if self.power is not None and not self.latency:
            raise InvalidDevice("latency", "needed with a power, but missing.")

    def to_json(self) -> dict[str, Any]:
        """The fields that say something, as `from_json` reads them."""
        told: dict[str, Any] = {name: getattr(self, name) for name in REQUIRED}
        if self.latency:
            told["latency"] = [line.to_json() for line in self.latency]
        if self.power is not None:
            told["power"] = self.power.to_json()
        return told

    @classmethod
    def from_json(cls, value: Any) -> "Device":
        """The device that `value` describes; missing and unknown fields raise."""
        if not isinstance(value, dict):
            raise InvalidDevice("device", f"need an object, got {type(value).__name__}.")
        for key in value:
            if key not in (*REQUIRED, "latency", "power"):
                raise InvalidDevice(str(key), f"need one of {', '.join(REQUIRED)}, latency, power.")
        for key in REQUIRED:
            if key not in value:
                raise InvalidDevice(key, "needed, but missing.")
        lines, power = value.get("latency", []), value.get("power")
        if not isinstance(lines, list):
            raise InvalidDevice("latency", f"need a list, got {lines!r}.")
        return cls(
            **{key: value[key] for key in REQUIRED},
            latency=tuple(LatencyLine.from_json(line) for line in lines),
            power=None if power is None else Power.from_json(power),
        )


REQUIRED = tuple(field.name for field in fields(Device) if field.default is MISSING)


def device(name: str) -> Device:
    """The device of this name; `UnknownDevice` names those there are."""
    found = DEVICES.get(name)
    if found is None:
        raise UnknownDevice(name, DEVICES)
    return found


_TABLE = (
    Device(
        name="arduino-uno",
        title="Arduino Uno (ATmega328P)",
        core="AVR",
        clock_hz=16 * MHZ,
        sram_bytes=2 * KIB,
        flash_bytes=32 * KIB,
        source="Microchip ATmega328P data sheet (SRAM, flash); Arduino Uno Rev3 (16 MHz crystal); "
        "0.5 KiB of the flash hold the boot loader",
    ),
    Device(
        name="microbit",
        title="BBC micro:bit V1 (nRF51822)",
        core="Cortex-M0",
        clock_hz=16 * MHZ,
        sram_bytes=16 * KIB,
        flash_bytes=256 * KIB,
        source="Nordic nRF51822 product specification, variant QFAA; the same memory in QEMU's "
        "microbit",
    ),
    Device(
        name="stm32f103",
        title="STM32F103C8 (Blue Pill)",
        core="Cortex-M3",
        clock_hz=72 * MHZ,
        sram_bytes=20 * KIB,
        flash_bytes=64 * KIB,
        source="ST data sheet of the STM32F103x8 (medium density)",
    ),
    Device(
        name="stm32f446re",
        title="STM32F446RE (Nucleo-64)",
        core="Cortex-M4F",
        clock_hz=180 * MHZ,
        sram_bytes=128 * KIB,
        flash_bytes=512 * KIB,
        source="ST data sheet of the STM32F446xE; the small board of MicroNets (2021)",
        latency=F446_LATENCY,
        power=F446_POWER,
    ),
    Device(
        name="stm32f746zg",
        title="STM32F746ZG (Nucleo-144)",
        core="Cortex-M7",
        clock_hz=216 * MHZ,
        sram_bytes=320 * KIB,
        flash_bytes=1024 * KIB,
        source="ST data sheet of the STM32F746xG; the medium board of MicroNets (2021)",
        latency=F746_LATENCY,
        power=F746_POWER,
    ),
    Device(
        name="stm32f767zi",
        title="STM32F767ZI (Nucleo-144)",
        core="Cortex-M7",
        clock_hz=216 * MHZ,
        sram_bytes=512 * KIB,
        flash_bytes=2048 * KIB,
        source="ST data sheet of the STM32F767xI; the large board of MicroNets (2021)",
        latency=F767_LATENCY,
    ),
    Device(
        name="stm32h743",
        title="STM32H743ZI (Nucleo-144)",
        core="Cortex-M7",
        clock_hz=480 * MHZ,
        sram_bytes=512 * KIB,
        flash_bytes=2048 * KIB,
        source="ST data sheet of the STM32H743xI; SRAM is the one contiguous block (AXI), as "
        "MCUNet (2020) counts it, of 1 MiB in all",
    ),
    Device(
        name="nrf52840",
        title="nRF52840 (Nordic DK)",
        core="Cortex-M4F",
        clock_hz=64 * MHZ,
        sram_bytes=256 * KIB,
        flash_bytes=1024 * KIB,
        source="Nordic nRF52840 product specification",
    ),
    Device(
        name="rp2040",
        title="RP2040 (Raspberry Pi Pico)",
        core="Cortex-M0+",
        clock_hz=133 * MHZ,
        sram_bytes=264 * KIB,
        flash_bytes=2048 * KIB,
        source="Raspberry Pi RP2040 data sheet (SRAM, clock); Pico data sheet (external flash)",
    ),
    Device(
        name="esp32-s3",
        title="ESP32-S3 (DevKitC-1, N8)",
        core="Xtensa LX7",
        clock_hz=240 * MHZ,
        sram_bytes=512 * KIB,
        flash_bytes=8192 * KIB,
        source="Espressif ESP32-S3 data sheet (SRAM, clock); DevKitC-1 N8 module (external flash)",
    ),
    Device(
        name="stm32vldiscovery",
        title="STM32VLDISCOVERY (STM32F100RB, emulated)",
        core="Cortex-M3",
        clock_hz=24 * MHZ,
        sram_bytes=8 * KIB,
        flash_bytes=128 * KIB,
        source="ST data sheet of the STM32F100RB; QEMU 7.2 machine stm32vldiscovery",
    ),
    Device(
        name="lm3s6965evb",
        title="LM3S6965 evaluation board (emulated)",
        core="Cortex-M3",
        clock_hz=50 * MHZ,
        sram_bytes=64 * KIB,
        flash_bytes=256 * KIB,
        source="TI Stellaris LM3S6965 data sheet; QEMU 7.2 machine lm3s6965evb",
    ),
    Device(
        name="netduinoplus2",
        title="Netduino Plus 2 (STM32F405RG, emulated)",
        core="Cortex-M4F",
        clock_hz=168 * MHZ,
        sram_bytes=128 * KIB,
        flash_bytes=1024 * KIB,
        source="ST data sheet of the STM32F405RG (without 64 KiB of core-coupled memory); "
        "QEMU 7.2 machine netduinoplus2",
    ),
)

DEVICES: Mapping[str, Device] = MappingProxyType({entry.name: entry for entry in _TABLE})
