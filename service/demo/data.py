"""Which data the demo searches networks for, and how its worker gets at them."""

import os
import re
import shutil
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from service.command_errors import DemoDataMissing

DIGITS = "digits"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,56}")
INSTALLED = "tinyfront.data"  # the group of entry points of packages that bring data
# Short names of sets that openml.org has under longer ones.
OPENML = {
    "fashion": "Fashion-MNIST",
    "mnist": "mnist_784",
    "kmnist": "Kuzushiji-MNIST",
    "cifar10": "CIFAR_10",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A data set: its name for server and worker, and where it comes from.

    Attributes:
        file: a `.npz` file of the user's.
        openml: its name at openml.org, from where the worker fetches it.
    """

    name: str
    file: Path | None = None
    openml: str | None = None

    def options(self, folder: Path) -> list[str]:
        """Lay the set where the demo's worker finds it, and return the worker's options for it."""
        if self.file is None and self.openml is None:
            return []
        # A folder of its own: a worker reads and checks all that lies beside it.
        own = folder / "data" / self.name
        own.mkdir(parents=True, exist_ok=True)
        if self.file is not None:
            _lay(self.file, own / f"{self.name}.npz")
        fetched = [] if self.openml is None else ["--openml", self.openml]
        return ["--data-dir", str(own), *fetched]


def source(wanted: str) -> Source:
    """Find what the user means by `--data`.

    Raises:
        DemoDataMissing: nothing can be meant by it; the message says what can be named.
    """
    path = Path(wanted)
    if wanted == DIGITS or wanted in {entry.name for entry in entry_points(group=INSTALLED)}:
        return Source(wanted)
    if path.is_dir():
        return _of_file(_only_file(path))
    if path.suffix == ".npz" or os.sep in wanted or path.exists():
        return _of_file(path)
    name = OPENML.get(wanted, wanted)
    if not NAME.fullmatch(name):
        raise DemoDataMissing(wanted, "there is no such file, and it is no name of a set.")
    return Source(f"openml-{name}", openml=name)


def _of_file(path: Path) -> Source:
    if not path.is_file():
        raise DemoDataMissing(str(path), "there is no such file.")
    if path.suffix != ".npz" or not NAME.fullmatch(path.stem):
        raise DemoDataMissing(
            str(path), "its name has to be letters, digits, . _ and -, and end in .npz."
        )
    return Source(path.stem, file=path)


def _only_file(folder: Path) -> Path:
    found = sorted(folder.glob("*.npz"))
    if not found:
        raise DemoDataMissing(str(folder), "there is no .npz file in it.")
    if len(found) > 1:
        names = ", ".join(str(path) for path in found[:10])
        raise DemoDataMissing(str(folder), f"it holds several sets; name one of {names}.")
    return found[0]


def _lay(file: Path, place: Path) -> None:
    """Put a file there without a second copy, if both are on one disk."""
    place.unlink(missing_ok=True)
    try:
        # Not a symbolic link: a worker opens none that leaves its folder.
        os.link(file.resolve(), place)
    except OSError:
        shutil.copyfile(file, place)
