"""A C project linked for a device: the linker decides whether it fits."""

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files as package_files
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from worker.deploy import scratch
from worker.deploy.boards import tools
from worker.deploy.boards.board import Board
from worker.deploy.boards.errors import LinkFailed
from worker.deploy.boards.stack import bound_bytes
from worker.deploy.boards.symbols import Sizes, Symbol, sizes, symbols
from worker.deploy.errors import ToolFailed

RUNTIME = Path(str(package_files("worker.deploy.boards"))) / "runtime"
SOURCES = ("board_start.c", "board_main.c", "board_memory.c")
OVERFLOW = re.compile(r"region `(FLASH|RAM)' overflowed by (\d+) byte")
EXAMPLE = "example"  # the folder of a project that has a main of its own
ELF = "program.elf"
LEVELS = ("-Os", "-O2", "-O3")

# Integer code: no core but the M55, whose vectors are registers of the FPU, needs one.
FLAGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        core: (f"-mcpu={core}", "-mthumb", f"-mfloat-abi={abi}")
        for core, abi in (
            *(("cortex-m0", "soft"), ("cortex-m3", "soft"), ("cortex-m4", "soft")),
            *(("cortex-m7", "soft"), ("cortex-m33", "soft"), ("cortex-m55", "hard")),
        )
    }
)
VECTORS = "-mfloat-abi=hard"
# What a core saves when it takes an exception: eight words, of a core whose vector registers are
# in use 26; and one to align them.
FRAME_BYTES, VECTOR_FRAME_BYTES = 40, 112


@dataclass(frozen=True, slots=True)
class Options:
    """How a program is built.

    Args:
        level: how gcc optimises, one of `LEVELS`.
        stack_bytes: room that is reserved, a multiple of 8; a program that needs more ends in a
            fault. Left 0, the bound that follows from gcc's call graph, and the frame of one
            exception.
        layers: whether each layer is counted, which costs some instructions of its own.
    """

    level: str = "-O3"
    stack_bytes: int = 0
    layers: bool = False

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise LinkFailed("level", f"need one of {', '.join(LEVELS)}, got {self.level!r}.", {})
        if type(self.stack_bytes) is not int or self.stack_bytes < 0 or self.stack_bytes % 8:
            raise LinkFailed("stack", f"need a multiple of 8, got {self.stack_bytes!r}.", {})


DEFAULT = Options()


@dataclass(frozen=True, slots=True)
class Linked:
    """A program that fits its device; what made it is kept, to build it for another board."""

    board: Board
    files: Mapping[str, str]
    options: Options
    elf: bytes
    symbols: Mapping[str, Symbol]
    sizes: Sizes


def link(
    files: Mapping[str, str],
    board: Board,
    flash_bytes: int,
    ram_bytes: int,
    options: Options = DEFAULT,
) -> Linked:
    """Build a C project with the harness, for as much flash and RAM as a device has.

    Args:
        files: the project, by name; C files but those of its example are compiled.
        board: gives the core, and where the memory lies.
        flash_bytes: for code, constants and start values.
        ram_bytes: for arena, statics and the stack.
        options: how.

    Raises:
        ToolsMissing: there is no compiler.
        LinkFailed: it does not compile, or does not fit: then it says by how much.
    """
    _check_names(files)
    tools.require(*tools.LINKING)
    with tempfile.TemporaryDirectory(prefix="board-") as name:
        folder = Path(name)
        scratch.write(folder, dict(files))
        _compile(_sources(files), board, options, folder)
        stack_bytes = options.stack_bytes or _stack_bytes(board, folder)
        memory = {
            "FLASH_BASE": board.flash.base,
            "FLASH_BYTES": flash_bytes,
            "RAM_BASE": board.ram.base,
            "RAM_BYTES": ram_bytes,
            "STACK_BYTES": stack_bytes,
        }
        words = [
            *(tools.GCC, *FLAGS[board.core], "-nostdlib", "-Wl,--gc-sections"),
            *(f"-Wl,--defsym={field}={value:#x}" for field, value in memory.items()),
            *sorted(path.name for path in folder.glob("*.o")),
            *(f"-Wl,-T,{RUNTIME / 'board.ld'}", "-lgcc", "-o", ELF),
        ]
        try:
            scratch.run(words, folder, tools.BUILD_LIMITS)
        except ToolFailed as failed:
            raise _refusal(failed, folder, flash_bytes, ram_bytes) from failed
        listing = [tools.NM, "--format=posix", "--radix=x", ELF]
        found = symbols(scratch.run(listing, folder, tools.BUILD_LIMITS))
        elf = (folder / ELF).read_bytes()
        return Linked(board, dict(files), options, elf, found, sizes(found))


def _compile(sources: list[str], board: Board, options: Options, folder: Path) -> None:
    """Objects and call graphs, `NAME.o` and `NAME.ci`, of a project and of the harness."""
    words = [
        *(tools.GCC, *FLAGS[board.core], options.level, "-c", "-fcallgraph-info=su"),
        *("-std=c99", "-ffreestanding", "-fno-common", "-ffunction-sections", "-fdata-sections"),
        *_drivers(board),
        *(("-include", str(RUNTIME / "layers.h")) if options.layers else ()),
        *("-I", ".", "-I", str(RUNTIME)),
        *sources,
        *(str(RUNTIME / source) for source in SOURCES),
    ]
    try:
        scratch.run(words, folder, tools.BUILD_LIMITS)
    except ToolFailed as failed:
        raise LinkFailed("compile", failed.message, {}) from failed


def _stack_bytes(board: Board, folder: Path) -> int:
    frame = VECTOR_FRAME_BYTES if VECTORS in FLAGS[board.core] else FRAME_BYTES
    return bound_bytes(sorted(folder.glob("*.ci"))) + frame


def relink(linked: Linked, board: Board, layers: bool = False) -> Linked:
    """The same project for all the memory of another board."""
    options = replace(linked.options, layers=layers)
    return link(linked.files, board, board.flash.size_bytes, board.ram.size_bytes, options)


def _check_names(files: Mapping[str, str]) -> None:
    for name in files:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or name.startswith(("-", "@")):
            raise LinkFailed("files", f"need names inside the project, got {name!r}.", {})


def _sources(files: Mapping[str, str]) -> list[str]:
    """The C files to compile."""
    paths = [PurePosixPath(name) for name in files]
    return [str(path) for path in paths if path.suffix == ".c" and EXAMPLE not in path.parts]


def _drivers(board: Board) -> list[str]:
    words = [f"-DSERIAL_{board.serial.driver}", f"-DSERIAL_BASE={board.serial.base:#x}u"]
    if board.counter is not None:
        port = board.counter.port
        words += [f"-DTIMER_{port.driver}", f"-DTIMER_BASE={port.base:#x}u"]
    return words


def _refusal(failed: ToolFailed, folder: Path, flash_bytes: int, ram_bytes: int) -> LinkFailed:
    said = (folder / scratch.SAID).read_text(errors="replace")  # the error has only its start
    over = {region.lower(): int(size) for region, size in OVERFLOW.findall(said)}
    if not over:
        return LinkFailed("link", failed.message, {})
    device = {"flash": flash_bytes, "ram": ram_bytes}
    told = "; ".join(
        f"{region}: need {size} B more than the {device[region]} B of the device"
        for region, size in sorted(over.items())
    )
    return LinkFailed("+".join(sorted(over)), f"{told}.", over)
