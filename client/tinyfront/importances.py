"""What the objectives of a study depend on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tinyfront.errors import InvalidArgument, UnreadableAnswer
from tinyfront.frames import pandas
from tinyfront.records import read

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True)
class FeatureShare:
    """How much of an objective comes from one feature; the shares of an objective sum to 1."""

    name: str
    share: float


@dataclass(frozen=True, slots=True)
class ObjectiveImportance:
    """What one objective depends on, the most important first; `basis` counts the trials used."""

    name: str
    basis: int = 0
    features: tuple[FeatureShare, ...] = ()
    note: str | None = None  # why there is nothing to say, or how far it can be trusted


@dataclass(frozen=True, slots=True)
class Importance:
    """What the objectives of a study depend on: `importance["error"]` is shares by feature."""

    objectives: tuple[ObjectiveImportance, ...]
    wire: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __getitem__(self, objective: str) -> dict[str, float]:
        for each in self.objectives:
            if each.name == objective:
                return {feature.name: feature.share for feature in each.features}
        names = ", ".join(each.name for each in self.objectives) or "none yet"
        raise InvalidArgument("objective", f"need one of {names}, got {objective!r}.")

    def to_pandas(self) -> DataFrame:
        """One row a feature, one column an objective; the row that matters most comes first."""
        columns = {each.name: self[each.name] for each in self.objectives}
        table: DataFrame = pandas().DataFrame(columns).rename_axis("feature")
        return table.loc[table.sum(axis=1).sort_values(ascending=False, kind="stable").index]


def importance_of(body: Any, url: str) -> Importance:
    """Read what the server says of a study's importances."""
    listed = body.get("objectives") if isinstance(body, Mapping) else None
    if not isinstance(listed, list):
        raise UnreadableAnswer(url, "no importances")
    return Importance(tuple(_objective(each, url) for each in listed), body)


def _objective(body: Any, url: str) -> ObjectiveImportance:
    if not isinstance(body, Mapping):
        raise UnreadableAnswer(url, "no importance")
    features = tuple(read(FeatureShare, each, url) for each in body.get("features") or [])
    return read(ObjectiveImportance, {**body, "features": features}, url)
