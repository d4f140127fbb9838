"""The arrays of a `.npz` file that nobody vouches for.

Every claim of the file is compared with its size and with the memory before anything is allocated;
nothing is unpickled and nothing is unpacked to a disk.
"""

import io
import os
import re
import zipfile
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np

from worker.arrays import ARRAYS, Array, check_form, check_present
from worker.errors import UnusableData

# NumPy itself reads no longer header unless it is told that the file can be trusted.
HEADER_BYTES = 16 << 10
PIECE_BYTES = 1 << 20
# Deflate makes of one byte at most so many: a match of 258 bytes takes two bits.
MOST_DEFLATED = 1032
# The arrays become 32-bit floats, and a training holds them twice: as they are, and normalised.
MEMORY_SHARE = 2
CONTROL_GROUP = Path("/sys/fs/cgroup/memory.max")
LEADS_OUT = re.compile(r"[\\\0]|^/|^[A-Za-z]:|(^|/)\.\.(/|$)")


def arrays_of(file: IO[bytes], memory_bytes: int | None = None) -> dict[str, Array]:
    """The four arrays of an archive; others are neither needed nor read.

    Args:
        file: open for reading, wherever it stands.
        memory_bytes: of this machine; None looks it up.

    Raises:
        UnusableData: the message names the array and what is wrong with it.
    """
    if not zipfile.is_zipfile(file):
        raise UnusableData("the file is no .npz archive; numpy.savez_compressed writes one.")
    left = (machine_bytes() if memory_bytes is None else memory_bytes) // MEMORY_SHARE
    found: dict[str, Array] = {}
    try:
        with zipfile.ZipFile(file) as archive:
            members = _members(archive)
            for name in ARRAYS:
                found[name] = _array(archive, members[name], name, left)
                left -= found[name].nbytes + 4 * found[name].size
    except UnusableData:
        raise
    except MemoryError as error:
        raise UnusableData("the arrays do not fit into the memory of this worker.") from error
    except Exception as error:  # a hostile archive finds every way to break its reader
        raise UnusableData(f"the archive is damaged: {error}.") from error
    return found


def machine_bytes() -> int:
    """The memory of this machine, or of the container that this process lives in."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = CONTROL_GROUP.read_text().strip()
    except OSError:
        return whole
    return min(whole, int(limit)) if limit.isdigit() else whole


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        if LEADS_OUT.search(member.orig_filename):
            raise UnusableData(
                f"the archive holds {member.orig_filename!r}, a path that leads out of it."
            )
        name = member.filename.removesuffix(".npy")
        if name in members and name in ARRAYS:
            raise UnusableData(f"{name} is in the archive twice.")
        members[name] = member
    check_present(members)
    return members


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, left: int) -> Array:
    _check_packing(member, name)
    try:
        with archive.open(member) as packed:
            head = packed.read(HEADER_BYTES)
            shape, by_columns, kind, start = _header(name, head)
            content = prod(shape) * kind.itemsize
            if start + content != member.file_size:
                raise UnusableData(
                    f"{name} claims {content:,} bytes, shape {shape} of {kind}, "
                    f"but {member.file_size - start:,} are packed."
                )
            needs = content + 4 * prod(shape)  # as it lies in the file, and as 32-bit floats
            if needs > left:
                raise UnusableData(
                    f"{name} needs {needs:,} bytes, shape {shape} of {kind} and as 32-bit floats; "
                    f"this machine has {max(0, left):,} left for it."
                )
            values = _content(packed, head[start:], content, name)
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise UnusableData(f"{name} is damaged: {error}.") from error
    array = values.view(kind)
    return array.reshape(shape[::-1]).T if by_columns else array.reshape(shape)


def _check_packing(member: zipfile.ZipInfo, name: str) -> None:
    if member.flag_bits & 1:
        raise UnusableData(f"{name} is encrypted.")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnusableData(f"{name} is packed in a way that numpy.savez_compressed does not use.")
    most = MOST_DEFLATED if member.compress_type == zipfile.ZIP_DEFLATED else 1
    if member.file_size > most * member.compress_size:
        raise UnusableData(
            f"{name} claims {member.file_size:,} bytes, which cannot be in "
            f"{member.compress_size:,} packed ones."
        )


def _header(name: str, head: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Shape, whether columns come first, type, and where the numbers begin."""
    stream = io.BytesIO(head)
    try:
        version = np.lib.format.read_magic(stream)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, by_columns, kind = read(stream)
    except Exception as error:  # ValueError, KeyError, tokenize.TokenError, RecursionError …
        raise UnusableData(f"{name} has no header of a NumPy array: {error}.") from error
    if any(type(length) is not int or length < 0 for length in shape):
        raise UnusableData(f"{name} has shape {shape}; need whole numbers from 0.")
    check_form(name, shape, kind)
    return shape, by_columns, kind, stream.tell()


def _content(packed: IO[bytes], first: bytes, size: int, name: str) -> Array:
    values = np.empty(size, np.uint8)
    values[: len(first)] = np.frombuffer(first, np.uint8)
    at = len(first)
    while piece := packed.read(PIECE_BYTES):
        values[at : at + len(piece)] = np.frombuffer(piece, np.uint8)
        at += len(piece)
    if at != size:
        raise UnusableData(f"{name} is cut off: {at:,} of {size:,} bytes are there.")
    return values
