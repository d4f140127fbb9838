"""The table of devices, and devices of users."""

import json
import pickle
from typing import Any

import pytest

from resource_models.devices import DEVICES, Device, device
from resource_models.errors import InvalidDevice, UnknownDevice

OWN = {
    "name": "own-board",
    "title": "Own board",
    "core": "Cortex-M33",
    "clock_hz": 80_000_000,
    "sram_bytes": 65_536,
    "flash_bytes": 262_144,
    "source": "our data sheet, page 3",
}


@pytest.mark.parametrize(
    ("name", "sram_bytes", "flash_bytes"),
    [
        ("arduino-uno", 2_048, 32_768),
        ("microbit", 16_384, 262_144),
        ("stm32f103", 20_480, 65_536),
        ("stm32f446re", 131_072, 524_288),
        ("stm32f746zg", 327_680, 1_048_576),
        ("stm32f767zi", 524_288, 2_097_152),
        ("stm32h743", 524_288, 2_097_152),
        ("nrf52840", 262_144, 1_048_576),
        ("rp2040", 270_336, 2_097_152),
        ("esp32-s3", 524_288, 8_388_608),
        ("stm32vldiscovery", 8_192, 131_072),
        ("lm3s6965evb", 65_536, 262_144),
        ("netduinoplus2", 131_072, 1_048_576),
    ],
)
def test_a_device_has_the_memory_of_its_data_sheet(
    name: str, sram_bytes: int, flash_bytes: int
) -> None:
    found = device(name)
    assert (found.name, found.sram_bytes, found.flash_bytes) == (name, sram_bytes, flash_bytes)
    assert len(DEVICES) == 13


def test_every_device_says_where_its_figures_come_from() -> None:
    assert all(len(found.source) > 20 for found in DEVICES.values())


def test_an_unknown_device_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownDevice, match=r"'z80'.*stm32f446re"):
        device("z80")
    error = UnknownDevice("z80", DEVICES)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_user_adds_a_device_in_json() -> None:
    found = Device.from_json(json.loads(json.dumps(OWN)))
    assert found.sram_bytes == 65_536
    assert found.to_json() == OWN


LINE = {
    "family": "separable",
    "ms_per_mops": 3,
    "offset_ms": 1.5,
    "source": "our stop watch",
    "from_mops": 0.2,
}
POWER = {"power_mw": 30.5, "source": "our meter", "error": 0.1}


def test_a_device_may_carry_its_own_coefficients() -> None:
    other = LINE | {"family": "bottleneck", "networks": 3, "r2": 0.9, "error": 0.2}
    value = OWN | {"latency": [LINE, other], "power": POWER}
    found = Device.from_json(json.loads(json.dumps(value)))
    assert [line.family for line in found.latency] == ["separable", "bottleneck"]
    assert found.power is not None
    assert found.power.power_mw == 30.5
    assert found.to_json() == value
    assert Device.from_json(found.to_json()) == found
    assert hash(found) == hash(pickle.loads(pickle.dumps(found)))


def test_a_device_without_coefficients_is_written_as_ever() -> None:
    assert list(device("arduino-uno").to_json()) == list(OWN)
    for found in DEVICES.values():
        assert Device.from_json(json.loads(json.dumps(found.to_json()))) == found
        old = {key: found.to_json()[key] for key in OWN}
        assert Device.from_json(old).latency == ()


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"latency": LINE}, "latency"),
        ({"latency": [3]}, "latency"),
        ({"latency": [LINE, LINE]}, "latency"),
        ({"latency": [LINE | {"family": "other"}]}, "latency.family"),
        ({"latency": [LINE | {"family": []}]}, "latency.family"),
        ({"latency": [LINE | {"ms_per_mops": 0}]}, "latency.ms_per_mops"),
        ({"latency": [LINE | {"ms_per_mops": float("nan")}]}, "latency.ms_per_mops"),
        ({"latency": [LINE | {"offset_ms": "1"}]}, "latency.offset_ms"),
        ({"latency": [LINE | {"offset_ms": -0.7}]}, "latency.offset_ms"),
        ({"latency": [LINE | {"from_mops": -1}]}, "latency.from_mops"),
        ({"latency": [LINE | {"source": ""}]}, "latency.source"),
        ({"latency": [LINE | {"networks": 0}]}, "latency.networks"),
        ({"latency": [LINE | {"r2": 1.1}]}, "latency.r2"),
        ({"latency": [LINE | {"error": True}]}, "latency.error"),
        ({"latency": [LINE | {"colour": 1}]}, "latency.colour"),
        ({"latency": [{"family": "separable"}]}, "latency.ms_per_mops"),
        ({"power": POWER}, "latency"),
        ({"latency": [LINE], "power": 3}, "power"),
        ({"latency": [LINE], "power": POWER | {"power_mw": -1}}, "power.power_mw"),
        ({"latency": [LINE], "power": {"power_mw": 3}}, "power.source"),
    ],
)
def test_wrong_coefficients_are_refused_by_field(value: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidDevice) as refused:
        Device.from_json(OWN | value)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ([], "device"),
        ({key: OWN[key] for key in OWN if key != "clock_hz"}, "clock_hz"),
        (OWN | {"price": 3}, "price"),
        (OWN | {"name": "own board"}, "name"),
        (OWN | {"name": 3}, "name"),
        (OWN | {"title": " "}, "title"),
        (OWN | {"core": None}, "core"),
        (OWN | {"source": ""}, "source"),
        (OWN | {"clock_hz": 0}, "clock_hz"),
        (OWN | {"sram_bytes": 2.5}, "sram_bytes"),
        (OWN | {"flash_bytes": True}, "flash_bytes"),
    ],
)
def test_a_wrong_device_is_refused_by_field(value: Any, field: str) -> None:
    with pytest.raises(InvalidDevice) as refused:
        Device.from_json(value)
    assert refused.value.field == field
