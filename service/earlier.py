"""Definitions of earlier releases: what they mean to this one."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

# What revision 0002 wrote into the spaces of release 0.1.0, which knew none of these ranges.
ADDED: Mapping[str, Any] = MappingProxyType(
    {
        "joins": ["none"],
        "exits": ["none"],
        "pruning_scopes": ["none"],
        "pruning_methods": ["magnitude", "feedback", "variational", "bayesian"],
        "pruning_targets": [0.0, 0.98],
        "pruning_thresholds": [False],
        "pruning_weighting": "none",
        "pruning_epochs": [0.1, 0.6],
        "weight_decay": [1e-5, 1e-1],
        "batch_sizes": [16, 32, 64, 128],
        "schedules": ["one_cycle"],
    }
)


def as_meant(definition: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return a definition as its author meant it who made the stored study with it.

    A program of release 0.1.0 that runs again says nothing of later ranges. It means the study that
    it made, not the wider space that the same words name by now.
    """
    space, training = definition.get("space"), definition.get("training") or {}
    known = stored["training"] or {}
    # No study of a later release lacks this field of its training.
    if not isinstance(space, Mapping) or not known or "inherit_epochs" in known:
        return dict(definition)
    meant = {"space": {**ADDED, **space}}
    if isinstance(training, Mapping):
        meant["training"] = {"inherit_epochs": None, **training}
    return {**definition, **meant}
