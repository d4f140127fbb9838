"""Definitions of earlier releases: what they mean to this one."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from optimizer.networks.recipe import ALWAYS

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

# What the training of a study means that does not say so.
UNTOLD: Mapping[str, Any] = MappingProxyType({"inherit_epochs": None, "quantisation": "none"})


def as_meant(definition: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return a definition as its author meant it who made the stored study with it.

    A program of an earlier release that runs again says nothing of later ranges. It means the study
    that it made, not the wider space that the same words name by now, nor the errors of integers.
    """
    space, training = definition.get("space"), definition.get("training") or {}
    known = stored["training"] or {}
    if not isinstance(space, Mapping) or not known:
        return dict(definition)
    meant = dict(definition)
    # No study of a later release lacks these fields of its training.
    if "inherit_epochs" not in known:
        meant["space"] = {**ADDED, **space}
    if isinstance(training, Mapping):
        lacks = {name: value for name, value in UNTOLD.items() if name not in known}
        meant["training"] = {**lacks, **training}
    return meant


def complete(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored definition with what it means where it could not say so.

    One that somebody wrote, which does not name all that a stored one does, stays as it is.
    """
    training = definition.get("training") or {}
    if "quantisation" in training or not training.keys() >= set(ALWAYS):
        return dict(definition)
    return {**definition, "training": {**training, "quantisation": UNTOLD["quantisation"]}}
