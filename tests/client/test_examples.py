"""Data sets and kept networks of the examples; `tests/docs` runs all others."""

import gzip
import json
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from worker.api import Api
from worker.data import load

ROOT = Path(__file__).parents[2]
CONVERTER = ROOT / "examples" / "idx_to_npz.py"


def snippets(document: str) -> list[str]:
    """The Python blocks of a document."""
    return re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)


def run(*words: str, folder: Path, url: str = "") -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"TINYFRONT_URL": url}
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def idx(array: NDArray[np.uint8]) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.tobytes()


@pytest.fixture
def originals(tmp_path: Path) -> dict[str, NDArray[np.uint8]]:
    """Four small IDX files as the mirrors serve them, and what is in them."""
    rng = np.random.default_rng(0)
    arrays = {}
    for part, name, count in (("train", "train", 40), ("test", "t10k", 20)):
        arrays[f"x_{part}"] = rng.integers(0, 256, (count, 6, 5), dtype=np.uint8)
        arrays[f"y_{part}"] = np.arange(count, dtype=np.uint8) % 4
        (tmp_path / f"{name}-images-idx3-ubyte.gz").write_bytes(
            gzip.compress(idx(arrays[f"x_{part}"]))
        )
        (tmp_path / f"{name}-labels-idx1-ubyte.gz").write_bytes(
            gzip.compress(idx(arrays[f"y_{part}"]))
        )
    return arrays


MNIST = {
    "name": "mnist",
    "sha256": "a" * 64,
    "shape": [28, 28, 1],
    "classes": 10,
    "train": 54_000,
    "validation": 6_000,
    "test": 10_000,
    "split_sha256": "b" * 64,
    "problem": None,
}


@pytest.mark.parametrize("name", ["mnist_2730", "sparse_mnist_1802"])
def test_a_kept_network_is_trained_as_its_recipe_says(url: str, tmp_path: Path, name: str) -> None:
    api = Api(url)
    worker = {"accelerator": "cpu", "host": "h", "pid": 1, "versions": {}, "data": [MNIST]}
    api.announce("trains-mnist", worker)
    path = ROOT / "examples" / "networks" / f"{name}.json"
    program = str(ROOT / "examples" / "kept_network.py")
    done = subprocess.Popen(
        [sys.executable, program, str(path)],
        cwd=tmp_path,
        env=os.environ | {"TINYFRONT_URL": url},
        stdout=subprocess.PIPE,
        text=True,
    )
    asked = {"worker": "trains-mnist", "request_id": name, "lease_s": 60, "wait_s": 20.0}
    able = {"kinds": ["network"], "can": ["pruning", "int8"], "data": {"mnist": "a" * 64}}
    lease = api.claim(None, asked | able)
    assert lease is not None
    assert lease.study == name
    recipe = json.loads(path.read_text())["training"]
    assert recipe.items() <= lease.work["training"].items()
    api.complete(lease, dict.fromkeys(lease.work["metrics"], 0.01), {})
    api.close()
    told, _ = done.communicate(timeout=60)
    assert done.returncode == 0
    assert f"trial 1 of {name}" in told
    assert name.rpartition("_")[2] in told.splitlines()[0]  # its size, in the name and computed


def test_the_snippet_that_writes_a_data_set_writes_one_that_a_worker_reads(tmp_path: Path) -> None:
    (program,) = snippets("docs/data.md")
    done = run("-c", program, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    data = load(tmp_path, "mine")
    assert (data.shape, data.classes, len(data.y_test)) == ((20, 20, 1), 2, 200)


def test_idx_files_become_a_data_set_that_a_worker_reads(
    originals: dict[str, NDArray[np.uint8]], tmp_path: Path
) -> None:
    done = run(str(CONVERTER), ".", "small.npz", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "not the original MNIST" in done.stdout
    with np.load(tmp_path / "small.npz") as archive:
        assert {name: archive[name].tolist() for name in archive.files} == {
            name: array.tolist() for name, array in originals.items()
        }
    assert load(tmp_path, "small").shape == (6, 5, 1)


def test_unpacked_files_and_dotted_names_are_found(
    originals: dict[str, NDArray[np.uint8]], tmp_path: Path
) -> None:
    for path in list(tmp_path.glob("*.gz")):
        unpacked = path.name.removesuffix(".gz").replace("-idx", ".idx")
        (tmp_path / unpacked).write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    assert run(str(CONVERTER), ".", "small.npz", folder=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "is not in"),
        (b"<html>404</html>", "cannot be unpacked"),
        (gzip.compress(b"\0" * 10), "no IDX file"),
        (gzip.compress(bytes([0, 0, 8, 3]) + struct.pack(">3I", 40, 6, 5)), "cut off"),
        (gzip.compress(bytes([0, 0, 8, 3])), "cut off"),
        (gzip.compress(idx(np.zeros((39, 6, 5), np.uint8))), "39 images but 40 labels"),
    ],
    # Packed bytes hold the time: as names they would differ between the processes of pytest.
    ids=["missing", "unpackable", "other", "empty", "headless", "short"],
)
def test_a_file_that_is_none_is_named_in_one_line(
    originals: dict[str, NDArray[np.uint8]], tmp_path: Path, content: bytes | None, says: str
) -> None:
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    done = run(str(CONVERTER), ".", "small.npz", folder=tmp_path)
    assert done.returncode == 1
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.glob("small.npz*"))


@pytest.mark.slow
@pytest.mark.data
def test_the_original_mnist_is_recognised(tmp_path: Path) -> None:
    source = Path(os.environ["TINYFRONT_TEST_DATA"]) / "mnist" / "mnist.npz"
    with np.load(source) as archive:
        for part, name in (("train", "train"), ("test", "t10k")):
            images, labels = archive[f"x_{part}"], archive[f"y_{part}"].astype(np.uint8)
            (tmp_path / f"{name}-images-idx3-ubyte").write_bytes(idx(images))
            (tmp_path / f"{name}-labels-idx1-ubyte").write_bytes(idx(labels))
    done = run(str(CONVERTER), ".", "mnist.npz", folder=tmp_path)
    assert done.stdout == "mnist.npz: the original MNIST\n"
