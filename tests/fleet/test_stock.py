"""Data sets come to each node once, whole, and with the bytes that they had."""

from pathlib import Path

import pytest

from worker.fleet import stock
from worker.fleet.errors import DataMissing


def folder_of(root: Path, **files: bytes) -> Path:
    root.mkdir()
    for name, content in files.items():
        (root / f"{name}.npz").write_bytes(content)
    return root


def test_a_node_fetches_each_file_once_and_again_if_it_was_spoiled(tmp_path: Path) -> None:
    own = folder_of(tmp_path / "own", mnist=b"many digits", cars=b"few cars")
    (own / "notes.txt").write_text("no data set")
    items, fetched = stock.packed(own, lambda content: content), list[bytes]()

    def fetch(source: bytes) -> bytes:
        fetched.append(source)
        return source

    assert [item.name for item in items] == ["cars", "mnist"]
    found = stock.laid_out(items, tmp_path / "node", fetch, "node-1")
    assert found is not None
    assert {p.name: p.read_bytes() for p in found.iterdir()} == {
        "cars.npz": b"few cars",
        "mnist.npz": b"many digits",
    }
    assert stock.laid_out(items, tmp_path / "node", fetch, "node-1") == found
    assert fetched == [b"few cars", b"many digits"]
    (found / "cars.npz").write_bytes(b"half a c")
    stock.laid_out(items, tmp_path / "node", fetch, "node-1")
    assert (found / "cars.npz").read_bytes() == b"few cars"
    assert fetched[2:] == [b"few cars"]


def test_a_fleet_without_data_asks_for_no_folder(tmp_path: Path) -> None:
    assert stock.laid_out([], tmp_path / "node", lambda source: b"", "node-1") is None
    assert not (tmp_path / "node").exists()


def gone(source: bytes) -> bytes:
    raise RuntimeError(f"{source!r}\nis gone")


@pytest.mark.parametrize(
    ("fetch", "line"),
    [
        (gone, "Data set cars is not on node-1 and cannot be fetched (RuntimeError). "),
        (lambda source: source[:-1], "Data set cars came to node-1 with other bytes. "),
    ],
)
def test_a_data_set_that_is_missing_on_a_node_is_one_line(
    tmp_path: Path, fetch: stock.Callable[[bytes], bytes], line: str
) -> None:
    own = folder_of(tmp_path / "own", cars=b"few cars")
    items = stock.packed(own, lambda content: content)
    with pytest.raises(DataMissing) as caught:
        stock.laid_out(items, tmp_path / "node", fetch, "node-1")
    assert str(caught.value) == line + stock.AGAIN


def test_a_node_that_cannot_keep_data_says_so(tmp_path: Path) -> None:
    own = folder_of(tmp_path / "own", cars=b"few cars")
    items = stock.packed(own, lambda content: content)
    (tmp_path / "node").write_text("a file")
    with pytest.raises(DataMissing, match="cannot be kept on node-1"):
        stock.laid_out(items, tmp_path / "node", lambda source: source, "node-1")
