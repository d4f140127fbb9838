"""Data sets of a fleet: read once, brought to each node once, compared by sha256."""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from worker.data import NAME
from worker.fleet.errors import DataMissing

AGAIN = "Start the fleet again where its --data-dir is."


@dataclass(frozen=True, slots=True)
class Item:
    """One file of the stock; `source` is what a node fetches it by."""

    name: str
    sha256: str
    source: Any


def packed(folder: Path, store: Callable[[bytes], Any]) -> list[Item]:
    """Hand every data set of a folder to a store, by name.

    Raises:
        DataMissing: a file cannot be read.
    """
    items = []
    for path in sorted(folder.glob("*.npz")):
        if not (NAME.fullmatch(path.stem) and path.is_file()):
            continue
        try:
            content = path.read_bytes()
        except OSError as error:
            raise DataMissing(f"--data-dir: {path} cannot be read: {error.strerror}.") from error
        items.append(Item(path.stem, hashlib.sha256(content).hexdigest(), store(content)))
    return items


def root() -> Path:
    """Where a node keeps data sets; they may be deleted while no fleet runs."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "tinyfront" / "data"


def laid_out(
    items: Iterable[Item], where: Path, fetch: Callable[[Any], bytes], node: str
) -> Path | None:
    """A folder on this node that holds these files and no others, whoever asks for it first.

    Args:
        items: what it shall hold.
        where: holds the folders of several fleets.
        fetch: gives the content behind a source.
        node: what errors call this node.

    Raises:
        DataMissing: a file cannot be had, or kept.
    """
    wanted = {item.name: item for item in items}
    if not wanted:
        return None
    listed = "".join(f"{name} {wanted[name].sha256}\n" for name in sorted(wanted))
    folder = where / hashlib.sha256(listed.encode()).hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (where / f"{folder.name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # the workers of a node wait for the first of them
            for item in wanted.values():
                _lay(item, folder / f"{item.name}.npz", fetch, node)
    except OSError as error:
        raise DataMissing(f"Data sets cannot be kept on {node}: {error}.") from error
    return folder


def _lay(item: Item, path: Path, fetch: Callable[[Any], bytes], node: str) -> None:
    with suppress(FileNotFoundError), path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() == item.sha256:
            return
    try:
        content = fetch(item.source)
    except Exception as error:  # of the engine: what kept the bytes is gone
        raise DataMissing(
            f"Data set {item.name} is not on {node} and cannot be fetched "
            f"({type(error).__name__}). {AGAIN}"
        ) from error
    if hashlib.sha256(content).hexdigest() != item.sha256:
        raise DataMissing(f"Data set {item.name} came to {node} with other bytes. {AGAIN}")
    aside = path.with_suffix(".new")
    aside.write_bytes(content)
    aside.replace(path)
