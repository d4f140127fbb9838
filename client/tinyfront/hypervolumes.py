"""How the hypervolume of a study grew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tinyfront.errors import UnreadableAnswer
from tinyfront.frames import pandas
from tinyfront.records import read

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True)
class HypervolumePoint:
    """The hypervolume after a trial that changed the front."""

    finish_no: int
    value: float
    front_size: int = 0
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HypervolumeHistory:
    """How the hypervolume grew, with the scale without which its values mean nothing."""

    ideal: Mapping[str, float | None]
    reference: Mapping[str, float | None]
    points: tuple[HypervolumePoint, ...]

    def to_pandas(self) -> DataFrame:
        """One row a change of the front, indexed by the place of the trial that made it."""
        names = [field.name for field in fields(HypervolumePoint)]
        rows = [[getattr(point, name) for name in names] for point in self.points]
        table: DataFrame = pandas().DataFrame(rows, columns=names).set_index("finish_no")
        return table


def history_of(body: Any, url: str) -> HypervolumeHistory:
    """Read the course of a hypervolume."""
    if not isinstance(body, Mapping):
        raise UnreadableAnswer(url, "no hypervolumes")
    points = tuple(read(HypervolumePoint, each, url) for each in body.get("points", []))
    return HypervolumeHistory(body.get("ideal") or {}, body.get("reference") or {}, points)
