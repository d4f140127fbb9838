"""`.npz` archives from anybody: arrays within the memory that they may take, or a refusal."""

import io
import random
import zipfile

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.spoiled import FUZZ, at_most, check_told
from worker.arrays import ARRAYS
from worker.errors import UnusableData
from worker.sources_npz import arrays_of

MAY_TAKE_BYTES = 2**20
MEMORY_BYTES = 20 * 2**20


def archive(heads: dict[str, bytes] | None = None) -> bytes:
    """A sound archive, but for the headers that are given."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in ARRAYS:
            values = np.zeros((20, 4), np.uint8) if name[0] == "x" else np.arange(20) % 2
            sound = io.BytesIO()
            np.save(sound, values)
            head = (heads or {}).get(name)
            data = sound.getvalue() if head is None else head + values.tobytes()
            packed.writestr(f"{name}.npy", data)
    return content.getvalue()


def read(content: bytes) -> None:
    with at_most(MEMORY_BYTES):
        try:
            found = arrays_of(io.BytesIO(content), MAY_TAKE_BYTES)
        except UnusableData as error:
            check_told(error)
            return
    assert sum(array.nbytes for array in found.values()) <= MAY_TAKE_BYTES


def header(text: str, version: bytes = b"\x01\x00") -> bytes:
    body = text.encode("latin-1", "replace")
    size = len(body).to_bytes(2 if version == b"\x01\x00" else 4, "little")
    return b"\x93NUMPY" + version + size + body


SHAPES = st.one_of(
    st.lists(st.integers(-2, 2**66), max_size=6).map(tuple).map(str),
    st.sampled_from(["()", "(20, 4)", "(20,)", "20", "(True,)", "(1e3,)", "('a',)", "(,)"]),
)
PLAIN = "'|u1' '<f8' '|O' '<U9' '<V8' '<i8' 'x' 1 None '|S0' '<M8[ns]' '<c16' '>f2'".split()
KINDS = st.sampled_from([*PLAIN, "[('a', '<i8')]", "[" * 50])


@FUZZ
@given(st.sampled_from(ARRAYS), KINDS, SHAPES, st.sampled_from(["True", "False", "2", "None"]))
def test_a_header_may_claim_anything(name: str, kind: str, shape: str, columns: str) -> None:
    text = f"{{'descr': {kind}, 'fortran_order': {columns}, 'shape': {shape}, }}\n"
    read(archive({name: header(text)}))
    read(archive({name: header(text, b"\x02\x00")}))


@FUZZ
@given(st.sampled_from(ARRAYS), st.binary(max_size=80) | st.text(max_size=80).map(header))
def test_a_header_may_be_anything(name: str, head: bytes) -> None:
    read(archive({name: head}))


@FUZZ
@given(st.integers(0, 2**32), st.integers(1, 6))
def test_an_archive_with_wrong_bytes_is_read_or_refused(seed: int, changes: int) -> None:
    rng, content = random.Random(seed), bytearray(archive())
    for _ in range(changes):
        content[rng.randrange(len(content))] = rng.randrange(256)
    read(bytes(content))
    read(bytes(content[: rng.randrange(len(content))]))


def test_a_sound_archive_is_read() -> None:
    assert set(arrays_of(io.BytesIO(archive()), MAY_TAKE_BYTES)) == set(ARRAYS)
