"""A data set as a worker announces it: its name, its shapes, and which bytes are meant."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Content = str | Path | bytes
PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set of a custom worker; the server checks it when it is announced.

    A study stores the facts and checksums of its data when it is created; only workers with the
    same ones get its trials. So all workers of a study must hold the same samples, split alike.

    Args:
        name: What studies call it, such as `create_study(data=name)`.
        shape: Of one sample: `(height, width, channels)`, or `(n,)` for flat ones.
        classes: How many.
        train: Samples to train on.
        validation: Samples that the error is measured on.
        test: Samples that only confirm runs read.
        sha256: Names the bytes, 64 hexadecimal digits; `DataSet.of` computes it.
        split_sha256: Names the split into training and validation.
    """

    name: str
    shape: Sequence[int]
    classes: int
    train: int
    validation: int
    test: int
    sha256: str
    split_sha256: str

    @classmethod
    def of(  # noqa: PLR0913 - the facts of a data set, by name
        cls,
        name: str,
        content: Content | Iterable[Content],
        *,
        shape: Sequence[int],
        classes: int,
        train: int,
        validation: int,
        test: int = 0,
        split: object = "",
    ) -> DataSet:
        """A data set with the checksums of its files.

        Args:
            name: What studies call it.
            content: The file or files, or the bytes themselves.
            shape: Of one sample.
            classes: How many.
            train: Samples to train on.
            validation: Samples that the error is measured on.
            test: Samples that only confirm runs read.
            split: Whatever tells how the samples are split, such as a seed or a list of rows;
                equal splits must be written equally.
        """
        parts = [content] if isinstance(content, str | Path | bytes) else list(content)
        digest = hashlib.sha256()
        for part in parts:
            _take(digest, part)
        split_sha256 = hashlib.sha256(repr(split).encode()).hexdigest()
        return cls(
            name,
            tuple(shape),
            classes,
            train,
            validation,
            test,
            digest.hexdigest(),
            split_sha256,
        )

    def to_json(self) -> dict[str, Any]:
        """The wire form."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "shape": list(self.shape),
            "classes": self.classes,
            "train": self.train,
            "validation": self.validation,
            "test": self.test,
            "split_sha256": self.split_sha256,
            "problem": None,
        }


def _take(digest: Any, content: Content) -> None:
    if isinstance(content, bytes):
        digest.update(content)
        return
    with Path(content).open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
