"""Archives that nobody vouches for: whatever is wrong with one is said, and costs nothing."""

import io
import os
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.worker.samples import arrays, save
from worker.arrays import ARRAYS
from worker.data import load
from worker.errors import UnusableData
from worker.sources_npz import arrays_of, machine_bytes


def npy(array: Any) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asarray(array))
    return stream.getvalue()


def header(shape: str, descr: str = "'|u1'", by_columns: bool = False) -> bytes:
    """A header of format 1.0 that claims anything."""
    text = f"{{'descr': {descr}, 'fortran_order': {by_columns}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def archive(changes: dict[str, bytes | None] | None = None, packing: int = 8) -> io.BytesIO:
    """A good archive in which `changes` replace members by their whole names."""
    members = {f"{name}.npy": npy(array) for name, array in arrays().items()} | (changes or {})
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", packing) as file:
        for name, content in members.items():
            if content is not None:
                file.writestr(name, content)
    stream.seek(0)
    return stream


def refusal(stream: io.BytesIO, memory_bytes: int = 1 << 30) -> str:
    with pytest.raises(UnusableData) as caught:
        arrays_of(stream, memory_bytes)
    return str(caught.value)


def test_a_good_archive_gives_its_arrays_packed_or_not() -> None:
    for packing in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        found = arrays_of(archive(packing=packing))
        assert list(found) == list(ARRAYS)
        assert all(np.array_equal(found[name], arrays()[name]) for name in ARRAYS)


@pytest.mark.parametrize("form", ["columns first", "big end first", "16-bit floats"])
def test_the_layout_of_an_array_does_not_matter(form: str, tmp_path: Path) -> None:
    plain = arrays()
    images = {name: plain[name].astype(np.float32) for name in ("x_train", "x_test")}
    labels = {name: plain[name] for name in ("y_train", "y_test")}
    change = {
        "columns first": np.asfortranarray,
        "big end first": lambda x: x.astype(x.dtype.newbyteorder(">")),
        "16-bit floats": lambda x: x.astype(np.float16) if x.dtype.kind == "f" else x,
    }[form]
    save(tmp_path, "plain", **images, **labels)
    save(tmp_path, "other", **{name: change(x) for name, x in (images | labels).items()})
    one, other = load(tmp_path, "plain"), load(tmp_path, "other")
    for name in ARRAYS:
        first, second = getattr(one, name), getattr(other, name)
        assert np.array_equal(first, second)
        assert second.flags.c_contiguous
        assert first.dtype == second.dtype


CLAIMS: dict[str, tuple[bytes, str]] = {
    "terabytes": (header("(1000000000, 32, 32)"), "x_train claims 1,024,000,000,000 bytes"),
    "more than 64 bits": (header(f"({2**70}, 2)"), "x_train claims"),
    "less than is there": (header("(1, 2)") + b"\0" * 99, "claims 2 bytes.* but 99 are packed"),
    "nothing of something": (header(f"(0, {2**40}, {2**40})"), "there are no samples"),
    "negative lengths": (header("(-1, -60)") + b"\0" * 60, r"x_train has shape \(-1, -60\)"),
    "a truth as a length": (header("(True, 60)") + b"\0" * 60, "x_train has shape"),
    "many dimensions": (header(str((1,) * 60)) + b"\0", "x_train has shape"),
    "empty values": (header("(1000000000000,)", "'|V0'"), "x_train holds values of type"),
    "records": (header("(1,)", "[('a', '<f4')]") + b"\0" * 4, "x_train holds values of type"),
    "arrays of arrays": (
        header("(1,)", "('<f4', (9,))") + b"\0" * 36,
        "x_train has no header|x_tr",
    ),
    "objects": (header("(1,)", "'|O'") + b"cos\nsystem\n", "x_train holds Python objects"),
    "texts": (header("(1, 1)", "'<U4'") + b"\0" * 16, "need numbers"),
    "times": (header("(1, 1)", "'<M8[s]'") + b"\0" * 8, "need numbers"),
    "complex numbers": (header("(1, 1)", "'<c8'") + b"\0" * 8, "need numbers"),
}


@pytest.mark.parametrize("case", CLAIMS)
def test_a_claim_is_refused_before_memory_is_taken(case: str) -> None:
    content, reason = CLAIMS[case]
    stream = archive({"x_train.npy": content})
    tracemalloc.start()
    try:
        with pytest.raises(UnusableData, match=reason):
            arrays_of(stream)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


HEADERS: dict[str, bytes] = {
    "no magic": b"GIF89a" + b"\0" * 50,
    "an unknown version": b"\x93NUMPY\x07\x00" + b"\0" * 50,
    "a header longer than the file": b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1) + b"{",
    "a header of megabytes": b"\x93NUMPY\x02\x00" + struct.pack("<I", 1 << 22) + b" " * (1 << 22),
    "a call": header("__import__('os').getcwd()"),
    "deep brackets": header("(" * 4000 + ")" * 4000),
    "half a text": header("'''"),
    "no dictionary": b"\x93NUMPY\x01\x00\x03\x00[1]",
    "nothing": b"",
}


@pytest.mark.parametrize("case", HEADERS)
def test_a_header_that_is_none_is_refused(case: str) -> None:
    assert "x_train has no header of a NumPy array" in refusal(
        archive({"x_train.npy": HEADERS[case]})
    )


def test_an_array_that_does_not_fit_into_memory_is_refused_before_it_is_unpacked() -> None:
    zeros = np.zeros((1_000_000, 4), np.uint8)  # 4 MB and 16 MB as floats, 4 kB packed
    stream = archive({"x_train.npy": npy(zeros)})
    tracemalloc.start()
    assert "x_train needs 20,000,000 bytes" in refusal(stream, 20 << 20)
    assert tracemalloc.get_traced_memory()[1] < 2 << 20
    tracemalloc.stop()


def test_wide_numbers_count_as_wide_as_they_lie_in_the_file() -> None:
    wide = np.zeros((1_000_000, 1), np.float64)  # 8 MB, and 4 MB as 32-bit floats
    assert "x_train needs 12,000,000 bytes" in refusal(
        archive({"x_train.npy": npy(wide)}), 20 << 20
    )


def test_arrays_that_fit_one_by_one_but_not_together_are_refused() -> None:
    images = npy(np.zeros((100, 100, 10), np.uint8))  # 100 kB, and 400 kB as floats
    stream = archive({"x_train.npy": images, "x_test.npy": images})
    assert "x_test needs" in refusal(stream, 2 * 600_000)


def test_the_memory_of_a_machine_is_known() -> None:
    assert 1 << 28 < machine_bytes() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def patched(stream: io.BytesIO, find: bytes, put: bytes) -> io.BytesIO:
    content = stream.getvalue()
    assert find in content
    return io.BytesIO(content.replace(find, put))


def test_a_size_that_deflate_cannot_reach_is_refused() -> None:
    big = 1 << 30
    stream = archive({"x_train.npy": header(f"({big}, 1)") + b"\0" * 1000})
    with zipfile.ZipFile(stream) as file:
        real = file.getinfo("x_train.npy").file_size
    claimed = len(header(f"({big}, 1)")) + big
    told = patched(stream, struct.pack("<I", real), struct.pack("<I", claimed))
    assert f"x_train claims {claimed:,} bytes, which cannot be in" in refusal(told, 1 << 40)


def test_an_array_in_the_archive_twice_is_refused() -> None:
    stream = archive()
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(stream, "a") as file:
        file.writestr("y_test.npy", npy(np.zeros(30, int)))
    assert refusal(stream) == "y_test is in the archive twice."
    # With and without its ending is the same name to NumPy.
    assert "x_train is in the archive twice" in refusal(archive({"x_train": npy(np.zeros(3))}))


@pytest.mark.parametrize("name", ["/x.npy", "../x.npy", "a/../../x.npy", "C:\\x.npy", "a\\b.npy"])
def test_a_member_that_leads_out_of_the_archive_is_refused(name: str) -> None:
    assert "a path that leads out of it" in refusal(archive({name: npy(np.zeros(3))}))


def test_other_members_are_not_read() -> None:
    junk = {"names.npy": b"no array", "folder/more.npy": b"", "readme.txt": b"hello"}
    assert set(arrays_of(archive(junk))) == set(ARRAYS)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_half_a_file_is_refused(share: float) -> None:
    whole = archive().getvalue()
    assert "no .npz archive" in refusal(io.BytesIO(whole[: int(len(whole) * share)]))


def test_an_array_that_is_cut_off_inside_a_whole_archive_is_named() -> None:
    content = npy(arrays()["x_train"])
    assert "x_train claims" in refusal(archive({"x_train.npy": content[:-50]}))


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_damaged_bytes_are_found_by_their_checksum(packing: int) -> None:
    stream = archive(packing=packing)
    with zipfile.ZipFile(stream) as file:
        at = file.getinfo("x_train.npy").header_offset + 400
    content = bytearray(stream.getvalue())
    content[at : at + 8] = bytes(255 - byte for byte in content[at : at + 8])
    assert "damaged" in refusal(io.BytesIO(bytes(content)))


def test_rare_packings_and_encryption_are_refused_by_name() -> None:
    assert "x_train is packed in a way" in refusal(archive(packing=zipfile.ZIP_BZIP2))
    content = bytearray(archive().getvalue())
    at = content.index(b"PK\x01\x02") + 8  # flags of the first entry of the directory
    content[at] |= 1
    assert refusal(io.BytesIO(bytes(content))) == "x_train is encrypted."


def test_a_pipe_with_the_name_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(UnusableData, match=r"pipe\.npz cannot be read: it is no file"):
        load(tmp_path, "pipe")


def test_any_damage_at_all_is_refused_or_harmless() -> None:
    random = np.random.default_rng(0)
    whole = archive().getvalue()
    refused = 0
    for _ in range(300):
        content = bytearray(whole)
        for place in random.integers(0, len(whole), 4):
            content[place] = random.integers(256)
        try:
            arrays_of(io.BytesIO(bytes(content)), 1 << 28)
        except UnusableData:  # anything else fails the test
            refused += 1
    assert 200 < refused <= 300
