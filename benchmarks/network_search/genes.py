"""A network as a tree of suggestions: for optimisers that draw one parameter after the other.

`suggested` builds a genotype of a space by asking for each gene that says something, in an order
in which it is known which do; `described` is the way back. Numbers with an order are asked for as
numbers, widths and sides on a log scale, the rest as choices. Square inputs only.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from optimizer.networks.corners import EXPANDING
from optimizer.networks.genotype import Gene, may_be_grey, may_join, may_prune_by, put, side_range
from optimizer.networks.ranges import Ranges
from optimizer.networks.space import NetworkSpace
from optimizer.space import Point

WINDOWED_POOLS = ("avg", "max")


class Suggest(Protocol):
    """What is asked of a trial: the interface of Optuna's."""

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int:
        """A whole number, both ends included."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """A number."""

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """One of the choices."""


class Asked:
    """Suggestions of which those that leave no choice are not asked for."""

    def __init__(self, source: Suggest) -> None:
        self._source = source

    def whole(self, name: str, ends: tuple[int, int], log: bool = False) -> int:
        """A whole number."""
        if ends[0] == ends[1]:
            return ends[0]
        return self._source.suggest_int(name, *ends, log=log)

    def real(self, name: str, ends: tuple[float, float], log: bool = False) -> float:
        """A number."""
        if ends[0] == ends[1]:
            return ends[0]
        return self._source.suggest_float(name, *ends, log=log)

    def one(self, name: str, allowed: Sequence[Any]) -> Any:
        """A choice without an order."""
        if len(allowed) == 1:
            return allowed[0]
        return self._source.suggest_categorical(name, list(allowed))

    def step(self, name: str, allowed: Sequence[Any]) -> Any:
        """One of some values in order, asked for by its place."""
        return allowed[self.whole(name, (0, len(allowed) - 1))]


def suggested(source: Suggest, space: NetworkSpace) -> Point:
    """A network of the space; it may have too many operations or break a limit."""
    ask, ranges, shape = Asked(source), space.ranges, space.input_shape
    point: Point = {
        "input": {
            "side": ask.whole("side", side_range(ranges, shape), log=True),
            "grey": ask.one("grey", may_be_grey(ranges, shape)),
        },
        "blocks": [],
        "head": {},
        "learning_rate": ask.real("learning_rate", ranges.learning_rate, log=True),
    }
    number = 0
    for place in range(ask.whole("blocks", ranges.blocks)):
        name = f"block{place}"
        block: Gene = {"id": f"b{place + 1}", "layers": []}
        put(block, "join", ask.one(f"{name}.join", may_join(ranges, place == 0)))
        put(block, "exit", ask.one(f"{name}.exit", ranges.exits))
        for inside in range(ask.whole(f"{name}.layers", ranges.layers)):
            number += 1
            layer = _layer(ask, f"{name}.layer{inside}", ranges)
            block["layers"].append({"id": f"l{number}", **layer})
        point["blocks"].append(block)
    point["head"] = _head(ask, ranges)
    _put_pruning(ask, ranges, point)
    return point


def _layer(ask: Asked, name: str, ranges: Ranges) -> Gene:
    kind = ask.one(f"{name}.kind", ranges.kinds)
    layer: Gene = {
        "kind": kind,
        "filters": ranges.filters[0],
        "kernel": [ranges.kernels[0]] * 2,
        "stride": [ask.step(f"{name}.stride", ranges.strides)] * 2,
        "expansion": ranges.expansion[0],
        "pre_pool": ask.one(f"{name}.pre_pool", ranges.pre_pool),
        "batch_norm": ask.one(f"{name}.batch_norm", ranges.batch_norm),
        "relu": ask.one(f"{name}.relu", ranges.relu),
        "padding": ranges.paddings[0],
    }
    if kind != "depthwise":
        layer["filters"] = ask.whole(f"{name}.filters", ranges.filters, log=True)
    if kind in EXPANDING:
        layer["expansion"] = ask.whole(f"{name}.expansion", ranges.expansion)
    if kind != "conv1x1":
        layer["kernel"] = [ask.step(f"{name}.kernel", ranges.kernels)] * 2
        layer["padding"] = ask.one(f"{name}.padding", ranges.paddings)
    return layer


def _head(ask: Asked, ranges: Ranges) -> Gene:
    pool = ask.one("pool", ranges.last_pools)
    windowed = pool in WINDOWED_POOLS
    return {
        "pool": pool,
        "window": ask.step("window", ranges.windows) if windowed else ranges.windows[0],
        "dense": [
            {"id": f"d{n + 1}", "units": ask.whole(f"dense{n}.units", ranges.units, log=True)}
            for n in range(ask.whole("dense", ranges.dense_layers))
        ],
        "dropout": ask.real("dropout", ranges.dropout),
    }


def _put_pruning(ask: Asked, ranges: Ranges, point: Point) -> None:
    """Every target is a number: thresholds of the methods are not in the ranges by default."""
    scope = ask.one("pruning", ranges.pruning_scopes)
    if scope == "none":
        return
    method = ask.one(f"pruning.{scope}", may_prune_by(ranges, scope))
    target = ask.real("pruning.target", ranges.pruning_targets)
    point["pruning"] = {"scope": scope, "method": method, "target": target}


def described(point: Point, space: NetworkSpace) -> dict[str, Any]:
    """The suggestions that make a point, by name; genes that say nothing are left out."""
    recorder = Recorder(_listed(point, space.ranges))
    suggested(recorder, space)
    return recorder.taken


class Recorder:
    """Answers from a list, and notes what was asked for."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self.taken: dict[str, Any] = {}

    def _take(self, name: str) -> Any:
        self.taken[name] = self._values[name]
        return self.taken[name]

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int:
        """The listed number."""
        return int(self._take(name))

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """The listed number."""
        return float(self._take(name))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """The listed choice."""
        return self._take(name)


def _listed(point: Point, ranges: Ranges) -> dict[str, Any]:
    """Every gene of a point by the name of its suggestion, whether it says anything or not."""
    head = point["head"]
    listed: dict[str, Any] = {
        "side": point["input"]["side"],
        "grey": point["input"]["grey"],
        "learning_rate": point["learning_rate"],
        "blocks": len(point["blocks"]),
        "pool": head["pool"],
        "window": ranges.windows.index(head["window"]),
        "dense": len(head["dense"]),
        "dropout": head["dropout"],
        "pruning": point.get("pruning", {}).get("scope", "none"),
    }
    for number, dense in enumerate(head["dense"]):
        listed[f"dense{number}.units"] = dense["units"]
    for place, block in enumerate(point["blocks"]):
        name = f"block{place}"
        listed |= {f"{name}.{gene}": block.get(gene, "none") for gene in ("join", "exit")}
        listed[f"{name}.layers"] = len(block["layers"])
        for inside, layer in enumerate(block["layers"]):
            listed |= {f"{name}.layer{inside}.{gene}": value for gene, value in layer.items()}
            for gene, allowed in (("kernel", ranges.kernels), ("stride", ranges.strides)):
                listed[f"{name}.layer{inside}.{gene}"] = allowed.index(layer[gene][0])
    if "pruning" in point:
        gene = point["pruning"]
        listed |= {f"pruning.{gene['scope']}": gene["method"], "pruning.target": gene["target"]}
    return listed
