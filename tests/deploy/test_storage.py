import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from tests.deploy import networks
from tests.worker.samples import EVERYTHING
from worker.deploy.calibrate import quantise
from worker.deploy.errors import InvalidInt8Graph
from worker.deploy.observers import MinMax
from worker.deploy.packing import packed, packed_rows, unpacked
from worker.deploy.simulate import Simulation
from worker.deploy.storage import ARRAYS_NAME, JSON_NAME, files, read

FILES = files(networks.drawn_int8(EVERYTHING))


def test_a_record_comes_back_as_it_was() -> None:
    record = read(FILES[JSON_NAME], FILES[ARRAYS_NAME])
    assert files(record) == FILES
    samples = networks.bytes_for(EVERYTHING)
    wanted = Simulation(networks.drawn_int8(EVERYTHING)).run(samples)
    assert Simulation(record).run(samples).equal(wanted)


def described(change: Callable[[dict[str, Any]], Any]) -> tuple[bytes, bytes]:
    value = json.loads(FILES[JSON_NAME])
    change(value)
    return json.dumps(value).encode(), FILES[ARRAYS_NAME]


def filled(change: Callable[[dict[str, Any]], Any]) -> tuple[bytes, bytes]:
    arrays = load(FILES[ARRAYS_NAME])
    change(arrays)
    return FILES[JSON_NAME], save(arrays)


SPOILED: dict[str, tuple[Callable[[], tuple[bytes, bytes]], str]] = {
    "no JSON": (lambda: (b"{", FILES[ARRAYS_NAME]), "int8.json: need JSON"),
    "no text": (lambda: (b"\xff\xfe", FILES[ARRAYS_NAME]), "int8.json: need JSON"),
    "deep JSON": (lambda: (b"[" * 10**5, FILES[ARRAYS_NAME]), "int8.json: need JSON"),
    "a list": (lambda: (b"[]", FILES[ARRAYS_NAME]), "int8.json: need an object"),
    "another version": (
        lambda: described(lambda v: v.update(version=3)),
        "version: need 1 or 2, got 3",
    ),
    "a true version": (lambda: described(lambda v: v.update(version=True)), "version: need 1"),
    "an own field": (lambda: described(lambda v: v.update(more=1)), "int8.json: need an object"),
    "no graph": (lambda: described(lambda v: v["graph"]["nodes"].clear()), "graph: nodes: need"),
    "nan": (lambda: described(lambda v: v["tensors"]["in"].update(scale=float("nan"))), "got NaN"),
    "a text": (lambda: described(lambda v: v["tensors"]["in"].update(scale="1")), "in.scale: need"),
    "a list of tensors": (lambda: described(lambda v: v.update(tensors=[])), "tensors: need an"),
    "half a tensor": (
        lambda: described(lambda v: v["tensors"].update(mix={})),
        "tensors.mix: need",
    ),
    "no arrays": (lambda: (FILES[JSON_NAME], b"\0" * 20), "int8.safetensors: need a safetensors"),
    "an empty file": (lambda: (FILES[JSON_NAME], b""), "int8.safetensors: need a safetensors"),
    "a missing array": (lambda: filled(lambda a: a.pop("mix/bias")), "mix/bias: needed"),
    "missing weights": (lambda: filled(lambda a: a.pop("mix/weights")), "kernels.mix: needed"),
    "another array": (lambda: filled(lambda a: a.update(x=np.zeros(1))), "x: need no such array"),
    "another table": (
        lambda: filled(lambda a: a.update({"mix/shifts": a["mix/shifts"] + np.int8(1)})),
        "mix/shifts: need what follows from the scales",
    ),
    "an empty array": (
        lambda: filled(lambda a: a.update({"mix/bias": np.zeros(0, np.int32)})),
        "mix.bias: need an array of int32 (8,), got int32 (0,)",
    ),
}


@pytest.mark.parametrize("case", SPOILED)
def test_spoiled_files_are_refused_with_the_place(case: str) -> None:
    spoil, need = SPOILED[case]
    with pytest.raises(InvalidInt8Graph) as error:
        read(*spoil())
    assert need in str(error.value)


def test_weights_of_four_bits_are_packed_and_come_back() -> None:
    folded, x = networks.drawn_folded(EVERYTHING)
    record = quantise(folded, x, MinMax(), bits=4)
    assert max(np.abs(kernel.weights).max() for kernel in record.kernels.values()) == 7
    found = files(record)
    assert b'"version": 2' in found[JSON_NAME]
    again = read(found[JSON_NAME], found[ARRAYS_NAME])
    assert again.weight_bits == 4
    for name, kernel in record.kernels.items():
        assert np.array_equal(again.kernels[name].weights, kernel.weights)
    eight = networks.drawn_int8(EVERYTHING)
    with pytest.raises(InvalidInt8Graph, match="bytes of weights, two in each"):
        read(found[JSON_NAME], files(eight)[ARRAYS_NAME])
    with pytest.raises(InvalidInt8Graph, match="need integers from -7 to 7"):
        replace(eight, weight_bits=4)


def test_a_nibble_keeps_its_sign_and_the_first_is_low() -> None:
    weights = np.array([1, -1, -7], np.int8)
    assert packed(weights).tolist() == [0xF1, 0x09]
    assert unpacked(packed(weights), 3).tolist() == [1, -1, -7]


def test_a_row_lies_as_kernels_take_it() -> None:
    # Eight, four, two and one; each row begins with a byte.
    rows = np.array([range(15), range(15, 0, -1)], np.int8)
    found = [[f"{byte & 255:02x}" for byte in row] for row in packed_rows(rows).tolist()]
    assert found[0] == ["40", "51", "62", "73", "a8", "b9", "dc", "0e"]
    assert found[1] == ["bf", "ae", "9d", "8c", "57", "46", "23", "01"]
    assert packed_rows(rows[:, :3]).shape == (2, 2)
