"""The boards that QEMU has: where their memory lies, how a program answers, how it is counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from resource_models.devices import Device

KIB = 1024
MIB = 1024 * KIB
MHZ = 1_000_000


@dataclass(frozen=True, slots=True)
class Memory:
    """A range of addresses."""

    base: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Port:
    """A peripheral: which driver of `runtime/board.h` it takes, and its address."""

    driver: str
    base: int


@dataclass(frozen=True, slots=True)
class Counter:
    """A timer that counts instructions.

    QEMU gives each instruction 2^`shift` nanoseconds. That must be one whole tick, or two and more:
    then a count of ticks, which is off by less than one, still tells the instructions exactly.
    """

    port: Port
    clock_hz: int
    shift: int

    def instructions(self, ticks: int) -> int:
        """The instructions that took so many ticks."""
        per_instruction = self.clock_hz << self.shift
        return (ticks * 1000 * MHZ + per_instruction // 2) // per_instruction


@dataclass(frozen=True, slots=True)
class Board:
    """A machine of QEMU.

    `counter` is None where no timer is wide or fine enough: such programs are counted on
    `counted_on`, a board of the same core, which runs the same instructions.
    """

    machine: str
    core: str
    flash: Memory
    ram: Memory
    serial: Port
    counter: Counter | None = None
    counted_on: str = ""
    words: tuple[str, ...] = ()


# A board larger than any of its kind: models of a core are told apart by their instructions only.
NRF51_ROOM = (
    *("-global", f"nrf51-soc.flash-size={16 * MIB}"),
    *("-global", f"nrf51-soc.sram-size={4 * MIB}"),
)
# One instruction is one nanosecond, and so is one tick: QEMU's TIM2 counts at 1 GHz.
STM32_TIM2 = Counter(Port("STM32", 0x4000_0000), 1000 * MHZ, 0)
STM32_USART1 = Port("STM32", 0x4001_1000)
STM32_FLASH, STM32_RAM = Memory(0x0800_0000, MIB), Memory(0x2000_0000, 128 * KIB)
MPS2_FLASH, MPS2_RAM = Memory(0, 4 * MIB), Memory(0x2000_0000, 4 * MIB)
MPS2_SERIAL = Port("CMSDK", 0x4000_4000)
MPS2_COUNTER = Counter(Port("FPGAIO", 0x4002_8000), 25 * MHZ, 7)

_TABLE = (
    Board(
        "microbit",
        "cortex-m0",
        Memory(0, 16 * MIB),
        Memory(0x2000_0000, 4 * MIB),
        Port("NRF51", 0x4000_2000),
        Counter(Port("NRF51", 0x4000_8000), 16 * MHZ, 8),
        words=NRF51_ROOM,
    ),
    Board(
        "stm32vldiscovery",
        "cortex-m3",
        Memory(0x0800_0000, 128 * KIB),
        Memory(0x2000_0000, 8 * KIB),
        Port("STM32", 0x4001_3800),
        counted_on="mps2-an385",
    ),
    Board(
        "lm3s6965evb",
        "cortex-m3",
        Memory(0, 256 * KIB),
        Memory(0x2000_0000, 64 * KIB),
        Port("PL011", 0x4000_C000),
        counted_on="mps2-an385",
    ),
    Board("netduino2", "cortex-m3", STM32_FLASH, STM32_RAM, STM32_USART1, STM32_TIM2),
    Board("mps2-an385", "cortex-m3", MPS2_FLASH, MPS2_RAM, MPS2_SERIAL, MPS2_COUNTER),
    Board("netduinoplus2", "cortex-m4", STM32_FLASH, STM32_RAM, STM32_USART1, STM32_TIM2),
    Board("mps2-an386", "cortex-m4", MPS2_FLASH, MPS2_RAM, MPS2_SERIAL, MPS2_COUNTER),
    Board("mps2-an500", "cortex-m7", MPS2_FLASH, MPS2_RAM, MPS2_SERIAL, MPS2_COUNTER),
    # The addresses of the secure world, in which these cores start.
    Board(
        "mps2-an505",
        "cortex-m33",
        Memory(0x1000_0000, 4 * MIB),
        Memory(0x3800_0000, 4 * MIB),
        Port("CMSDK", 0x5020_0000),
        Counter(Port("FPGAIO", 0x5030_2000), 20 * MHZ, 7),
    ),
    Board(
        "mps3-an547",
        "cortex-m55",
        Memory(0, 512 * KIB),
        Memory(0x2100_0000, 4 * MIB),
        Port("CMSDK", 0x5930_3000),
        Counter(Port("FPGAIO", 0x5930_2000), 20 * MHZ, 7),
    ),
)
BOARDS: Mapping[str, Board] = MappingProxyType({board.machine: board for board in _TABLE})

# The roomiest board of each core, under the names that devices have for cores.
BY_CORE: Mapping[str, str] = MappingProxyType(
    {
        "Cortex-M0": "microbit",
        "Cortex-M0+": "microbit",  # the same instructions
        "Cortex-M3": "mps2-an385",
        "Cortex-M4": "mps2-an386",
        "Cortex-M4F": "mps2-an386",
        "Cortex-M7": "mps2-an500",
        "Cortex-M33": "mps2-an505",
        "Cortex-M55": "mps3-an547",
    }
)


def board_for(device: Device) -> Board | None:
    """The board that stands for a device: itself, else one of its core; None where there is none.

    A board of its core must be able to hold what fits the device.
    """
    found = BOARDS.get(device.name) or BOARDS.get(BY_CORE.get(device.core, ""))
    if found is None:
        return None
    fits = (
        device.flash_bytes <= found.flash.size_bytes and device.sram_bytes <= found.ram.size_bytes
    )
    return found if fits else None
