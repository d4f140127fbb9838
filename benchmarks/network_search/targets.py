"""Accuracies within given sizes: which networks are tried for them, and which one counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """An accuracy to reach within sizes.

    Args:
        name: in figures and claims.
        most_bytes: by figure, each with its convention in its name.
        accuracy: on the test set, mean over the seeds.
        candidates: networks to confirm for it.
        required: whether it belongs to what the benchmark must meet.
    """

    name: str
    most_bytes: Mapping[str, float]
    accuracy: float
    candidates: int
    required: bool

    def admits(self, figures: Mapping[str, float]) -> bool:
        """Whether a network is small enough."""
        return all(figures[name] <= most for name, most in self.most_bytes.items())


def to_confirm(targets: Sequence[Target], networks: Sequence[Json]) -> list[Json]:
    """The networks to train again, each once, the first of every target before the second ones.

    Args:
        targets: the more important first.
        networks: with `key` (of the network from scratch), `error` and `figures`.
    """
    ranked = sorted(networks, key=lambda network: network["error"])
    best: dict[str, list[Json]] = {}
    for target in targets:
        keys: dict[str, Json] = {}
        for network in ranked:
            if target.admits(network["figures"]):
                keys.setdefault(network["key"], network)
        best[target.name] = list(keys.values())[: target.candidates]
    found: dict[str, Json] = {}
    for place in range(max(target.candidates for target in targets)):
        for target in targets:
            for network in best[target.name][place : place + 1]:
                found.setdefault(network["key"], network)
    return list(found.values())


def frozen(targets: Sequence[Target], confirmed: Mapping[str, Sequence[Json]]) -> dict[str, str]:
    """The key of the network that counts for each target: the least mean validation error.

    Args:
        targets: those that no network admits are left out.
        confirmed: by key the trainings of a network, each with `error` and `figures`; a network
            must keep the sizes in all of them.
    """
    found = {}
    for target in targets:
        means = {
            key: fmean(line["error"] for line in lines)
            for key, lines in confirmed.items()
            if all(target.admits(line["figures"]) for line in lines)
        }
        if means:
            found[target.name] = min(means, key=lambda key: means[key])
    return found


def figures_of(target: Target, lines: Sequence[Json]) -> dict[str, float]:
    """What the frozen network of a target came to; lines with `test_error` and `figures`."""
    accuracies = [1 - line["test_error"] for line in lines]
    figures = {
        f"{target.name}_test_accuracy_mean": fmean(accuracies),
        f"{target.name}_test_accuracy_sd": stdev(accuracies),
        f"{target.name}_test_accuracy_least": min(accuracies),
        f"{target.name}_validation_accuracy_mean": 1 - fmean(line["error"] for line in lines),
    }
    for name in lines[0]["figures"]:
        most = max(line["figures"][name] for line in lines)
        figures[f"{target.name}_{name}_bytes"] = most
    return figures
