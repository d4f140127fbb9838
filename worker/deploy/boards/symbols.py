"""What a linked program holds, sorted: arena, weights, tables, code, statics, stack."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ARENA = "model_arena"
# Names that our C project gives to its arrays, up to the number of the node.
WEIGHTS = ("model_weights", "model_bias", "model_bits", "model_indices", "model_counts")
TABLES = ("model_multipliers", "model_shifts")
HARNESS = "board_"


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name in a program, where it lies and how long it is."""

    name: str
    address: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of a program. What the harness takes in flash, vector table and all, is apart.

    `code_bytes` is what remains of the flash: functions, their constants, what lies between them.
    `statics_bytes` is what remains of the RAM beside arena and the room reserved for the stack.
    """

    flash_bytes: int
    ram_bytes: int
    arena_bytes: int
    weights_bytes: int
    tables_bytes: int
    code_bytes: int
    harness_bytes: int
    statics_bytes: int
    stack_bytes: int


def symbols(listing: str) -> dict[str, Symbol]:
    """The symbols that `nm --format=posix --radix=x` lists.

    A name that several files have, each for itself, counts once: those of ours are told apart.
    """
    found = {}
    for line in listing.splitlines():
        name, _, address, *size = line.split()
        found[name] = Symbol(name, int(address, 16), int(size[0], 16) if size else 0)
    return found


def sizes(found: dict[str, Symbol]) -> Sizes:
    """Sort what a program holds."""
    flash, ram = found["board_flash_bytes"].address, found["board_ram_bytes"].address
    stack = found["board_stack_top"].address - found["board_stack_low"].address
    arena = found[ARENA].size_bytes if ARENA in found else 0
    weights, tables = _sum(found.values(), WEIGHTS), _sum(found.values(), TABLES)
    harness = _sum(found.values(), (HARNESS,))
    return Sizes(
        flash_bytes=flash,
        ram_bytes=ram,
        arena_bytes=arena,
        weights_bytes=weights,
        tables_bytes=tables,
        code_bytes=flash - weights - tables - harness,
        harness_bytes=harness,
        statics_bytes=ram - arena - stack,
        stack_bytes=stack,
    )


def function_at(found: Iterable[Symbol], address: int) -> str:
    """The function that an address lies in, or the address."""
    for symbol in found:
        start = symbol.address & ~1  # of Thumb code
        if start <= address < start + symbol.size_bytes:
            return f"{symbol.name}+{address - start}"
    return f"{address:#010x}"


def _sum(found: Iterable[Symbol], prefixes: Sequence[str]) -> int:
    return sum(symbol.size_bytes for symbol in found if symbol.name.startswith(tuple(prefixes)))
