"""The architecture space `tiny`: everything that a designer asks of it, in one object."""

import json
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, ClassVar

from optimizer.errors import InvalidPoint, InvalidSpace
from optimizer.networks.corners import corners
from optimizer.networks.features import COLUMNS, features
from optimizer.networks.genotype import Shape, check_point, may_be_grey, side_range
from optimizer.networks.lower import lower
from optimizer.networks.morphs import morph
from optimizer.networks.prior import draw
from optimizer.networks.ranges import Ranges
from optimizer.networks.recipe import Recipe
from optimizer.networks.steps import Tally, steps, tally
from optimizer.parameters import is_whole
from optimizer.space import Column, Point, work_key
from resource_models.devices import Device, device
from resource_models.footprint import FIGURES, footprint
from resource_models.graph import Graph

DEFAULT_DEVICE = "stm32f446re"
MODEL_SIZE = "model_size:"
DEFAULT_SIZE = "model_size:deployed"
# A microcontroller's networks are smaller; who wants larger ones gives a bound or a limit.
LARGEST_TARGET_BYTES = 64 * 1024
BOUNDS_SAMPLED = 4.0
# The figures that are never below the size of the input.
HOLDS_INPUT = tuple(name for name in FIGURES if name.startswith("working_memory:"))

Wishes = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class NetworkSpace:
    """Networks for one kind of data. `bounds` and `limits` are those of the known figures."""

    ranges: Ranges
    input_shape: Shape
    classes: int
    device: Device = field(default_factory=lambda: device(DEFAULT_DEVICE))
    recipe: Recipe = field(default_factory=lambda: Recipe.from_json(None, None))
    bounds: Wishes = ()
    limits: Wishes = ()

    kind: ClassVar[str] = "tiny"
    columns: ClassVar[tuple[Column, ...]] = COLUMNS
    known_names: ClassVar[tuple[str, ...]] = FIGURES
    measured_names: ClassVar[tuple[str, ...] | None] = ("error",)
    cardinality: ClassVar[int | None] = None

    def __post_init__(self) -> None:
        shape = self.input_shape
        whole = len(shape) in (1, 3) and all(is_whole(part) and part >= 1 for part in shape)
        if not whole:
            raise InvalidSpace("data", f"need a shape (h, w, c) or (n,), got {shape!r}")
        if not (is_whole(self.classes) and self.classes >= 2):
            raise InvalidSpace("data", f"need at least 2 classes, got {self.classes!r}")
        _, least = self._measure(self.cheapest)
        if least.macs > self.ranges.max_macs:
            raise InvalidSpace(
                "space.max_macs",
                f"need at least the {least.macs} of the smallest network, "
                f"got {self.ranges.max_macs}",
            )

    @classmethod
    def from_json(
        cls,
        data: Mapping[str, Any],
        *,
        input_shape: Sequence[int] | None,
        classes: int | None,
        device: Device | str | Mapping[str, Any] | None = None,
        training: Mapping[str, Any] | None = None,
        train_images: int | None = None,
    ) -> "NetworkSpace":
        """Build the space of a study; `optimizer.space.space_from_json` has the details."""
        ranges = Ranges.from_json(data)
        if input_shape is None or classes is None:
            raise InvalidSpace("data", "a space of kind tiny needs data, for shape and classes")
        return cls(
            ranges,
            tuple(int(part) for part in input_shape),
            classes,
            _device(device),
            Recipe.from_json(training, train_images),
        )

    @property
    def size_figure(self) -> str:
        """The convention of model size in which the prior counts."""
        return min(self._size_caps, key=lambda name: self._size_caps[name], default=DEFAULT_SIZE)

    @property
    def size_cap_bytes(self) -> float:
        """The largest target of the prior: the least of limit, four times the bound and 64 kB."""
        return min([LARGEST_TARGET_BYTES, *self._size_caps.values()])

    @cached_property
    def cheapest(self) -> Point:
        """The network of the smallest model size, and of those the one with the fewest MACs."""
        return min(
            corners(self.ranges, self.input_shape),
            key=lambda point: (self._measure(point)[0], self._measure(point)[1].macs),
        )

    def to_json(self) -> dict[str, Any]:
        """The study's `space` with every range."""
        return {"kind": self.kind, **self.ranges.to_json()}

    def context(self) -> dict[str, Any]:
        """What the study's data, device and training add to the ranges."""
        return {
            "input_shape": list(self.input_shape),
            "classes": self.classes,
            "device": self.device.to_json(),
            "training": self.recipe.to_json(),
        }

    def within(self, bounds: Mapping[str, float], limits: Mapping[str, float]) -> "NetworkSpace":
        """The same networks, drawn with these bounds and limits in mind."""
        wished, limited = tuple(sorted(bounds.items())), tuple(sorted(limits.items()))
        return replace(self, bounds=wished, limits=limited)

    def sample(self, rng: random.Random) -> Point:
        """Draw a network of the prior that keeps the limits."""
        least, _ = self._measure(self.cheapest)
        sizes = (float(least), max(float(least), self.size_cap_bytes))
        return draw(
            self._promising, self.input_shape, sizes, self._measure, rng, self._keeps_limits
        )

    def morph(self, point: Point, rng: random.Random) -> Point:
        """A neighbour of a network. It may break a limit; it never has too many MACs."""
        before = self._essence(point)

        def accept(child: Point) -> bool:
            found = self._essence(child)
            return found != before and tally(found[1]).macs <= self.ranges.max_macs

        return morph(point, self.ranges, self.input_shape, rng, accept)

    def points(self) -> Iterator[Point]:
        """Nobody counts networks."""
        raise InvalidSpace("space", "a space of networks is not listed")

    def validate(self, point: Point) -> None:
        """Raise InvalidPoint, with the path of the gene, unless the point lies in the space."""
        check_point(point, self.ranges, self.input_shape)
        macs = self._measure(point)[1].macs
        if macs > self.ranges.max_macs:
            raise InvalidPoint("point", f"need at most {self.ranges.max_macs} MACs, got {macs}")

    def lower(self, point: Point) -> Graph:
        """The network of a point; its nodes are named by the ids of the genotype."""
        return _graph(_text(point), self.input_shape, self.classes)

    def encode(self, point: Point) -> list[float]:
        """The features of `optimizer.networks.features`, one per column."""
        found = steps(point, self.input_shape, self.classes)
        recipe = self.recipe.of(point)
        return features(point, self.input_shape, found, self.figures(point), recipe)

    def key(self, point: Point) -> str:
        """The hash of network and training."""
        return work_key(self.work(point))

    def figures(self, point: Point) -> dict[str, float]:
        """The footprint on the study's device, by the names of `resource_models`."""
        found = _figures(_text(point), self.input_shape, self.classes, self.device)
        return dict(zip(FIGURES, found, strict=True))

    def work(self, point: Point) -> dict[str, Any]:
        """What a worker is told of the network; nothing is pruned or inherited yet."""
        return {
            "kind": "network",
            "graph": self.lower(point).to_json(),
            "training": self.recipe.of(point),
            "pruning": None,
            "parent": None,
        }

    @cached_property
    def _size_caps(self) -> dict[str, float]:
        caps = {name: BOUNDS_SAMPLED * value for name, value in self.bounds}
        for name, value in self.limits:
            caps[name] = min(value, caps.get(name, value))
        return {name: value for name, value in caps.items() if name.startswith(MODEL_SIZE)}

    @cached_property
    def _promising(self) -> Ranges:
        """The ranges less what must break a limit: redrawing that would take most of the time."""
        limits = dict(self.limits)
        macs = min(self.ranges.max_macs, int(limits.get("macs", self.ranges.max_macs)))
        memory = min((v for name, v in self.limits if name in HOLDS_INPUT), default=math.inf)
        if len(self.input_shape) == 1:
            return replace(self.ranges, max_macs=macs)
        height, width, channels = self.input_shape
        if True in may_be_grey(self.ranges, self.input_shape):
            channels = 1
        low, high = side_range(self.ranges, self.input_shape)
        while high > low and high * max(1, round(width * high / height)) * channels > memory:
            high -= 1
        # Between two sides, so that rounding cannot lose one.
        shrink = min(max(height / (high + 0.5), self.ranges.shrink[0]), self.ranges.shrink[1])
        return replace(self.ranges, max_macs=macs, shrink=(shrink, self.ranges.shrink[1]))

    def _measure(self, point: Point) -> tuple[int, Tally]:
        sums = tally(steps(point, self.input_shape, self.classes))
        return sums.model_size_bytes(self.size_figure), sums

    def _essence(self, point: Point) -> tuple[Any, ...]:
        """What makes two genotypes the same proposal."""
        found = steps(point, self.input_shape, self.classes)
        return point["input"], found, self.recipe.of(point)

    def _keeps_limits(self, point: Point) -> bool:
        if not self.limits:
            return True
        known = self.figures(point)
        return all(known[name] <= limit for name, limit in self.limits)


def _device(given: Device | str | Mapping[str, Any] | None) -> Device:
    if given is None:
        return device(DEFAULT_DEVICE)
    if isinstance(given, Device):
        return given
    return device(given) if isinstance(given, str) else Device.from_json(dict(given))


def _text(point: Point) -> str:
    return json.dumps(point, sort_keys=True)


# A designer asks for key, figures, features and work of the same point in turn, in any order.
MEMORY = 8192


@lru_cache(MEMORY)
def _graph(text: str, shape: Shape, classes: int) -> Graph:
    return lower(json.loads(text), shape, classes)


@lru_cache(MEMORY)
def _figures(text: str, shape: Shape, classes: int, board: Device) -> tuple[int, ...]:
    found = footprint(_graph(text, shape, classes), board).figures()
    return tuple(found[name] for name in FIGURES)
