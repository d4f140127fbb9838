"""A space of networks: everything that a designer asks of it, in one object."""

import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Self

from optimizer.errors import InvalidPoint, InvalidSpace
from optimizer.networks import lineage
from optimizer.networks.board import DEFAULT_DEVICE, board
from optimizer.networks.caps import Caps, Wishes
from optimizer.networks.corners import cheapest_by_scope
from optimizer.networks.costs import costs_of, graph_of, names_of
from optimizer.networks.essence import Essence
from optimizer.networks.features import columns, features, options
from optimizer.networks.formulas import Formulas, asked_of, read_formulas, written
from optimizer.networks.genotype import TRAINING_FIELDS, Gene, Shape, shrunk_to
from optimizer.networks.meter import Meter
from optimizer.networks.morphs import morph
from optimizer.networks.presets import ranges_of
from optimizer.networks.prior import Prior
from optimizer.networks.ranges import Ranges
from optimizer.networks.recipe import Recipe
from optimizer.networks.step import Step
from optimizer.networks.steps import steps
from optimizer.networks.tally import prunable, tally
from optimizer.networks.treatment import draw_training, pruning_recipe
from optimizer.networks.validity import check_data, check_point
from optimizer.space import NO_LIMITS, Column, Figures, Point, work_key
from resource_models.devices import Device, device
from resource_models.graph import Graph


@dataclass(frozen=True)
class NetworkSpace:
    """Networks for one kind of data. Known figures have `bounds`, `limits` and, below, `least`."""

    ranges: Ranges
    input_shape: Shape
    classes: int
    device: Device = field(default_factory=lambda: device(DEFAULT_DEVICE))
    recipe: Recipe = field(default_factory=lambda: Recipe.from_json(None, None))
    bounds: Wishes = ()
    limits: Wishes = ()
    least: Wishes = ()
    formulas: Formulas = ()  # of the instructions that the study asks for
    kind: str = "tiny"  # the preset that the ranges are changes of
    stops: bool = False  # whether trials may be stopped: then their epochs are a coordinate

    measured_names: ClassVar[tuple[str, ...] | None] = ("error",)
    cardinality: ClassVar[int | None] = None
    listable: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_data(self.input_shape, self.classes)
        self.recipe.check_data(self.input_shape)
        least = self._trained_macs(self.cheapest)
        if least > self.ranges.max_macs:
            raise InvalidSpace(
                "space.max_macs",
                f"need at least the {least} of the smallest network, got {self.ranges.max_macs}",
            )

    @classmethod
    def from_json(  # noqa: PLR0913 - a definition, and what its study adds
        cls,
        data: Mapping[str, Any],
        *,
        input_shape: Sequence[int] | None,
        classes: int | None,
        device: Device | str | Mapping[str, Any] | None = None,
        training: Mapping[str, Any] | None = None,
        train_images: int | None = None,
        instructions: Mapping[str, Any] | None = None,
        stops: bool = False,
    ) -> "NetworkSpace":
        """Build the space of a study; `optimizer.space.space_from_json` has the details."""
        ranges, kind = ranges_of(data), data["kind"]
        if input_shape is None or classes is None:
            raise InvalidSpace("data", f"a space of kind {kind} needs data, for shape and classes")
        return cls(
            ranges,
            tuple(int(part) for part in input_shape),
            classes,
            board(device),
            Recipe.from_json(training, train_images),
            formulas=read_formulas(instructions),
            kind=kind,
            stops=stops,
        )

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """What each coordinate of `encode` means: the same for a space, whatever its points."""
        return columns(self.ranges, self.searched) + tuple(map(Column, self._line_names))

    @property
    def _line_names(self) -> tuple[str, ...]:
        """The coordinates that tell how long a trial and its line were trained."""
        return lineage.names(self.inherits, self.stops)

    @property
    def known_names(self) -> tuple[str, ...]:
        """The figures that the device has, and what the study asks for beside them."""
        return names_of(self.device, self.formulas)

    @cached_property
    def searched(self) -> tuple[str, ...]:
        """What the recipe leaves to the gene `training`."""
        return tuple(name for name in TRAINING_FIELDS if name in self.recipe.searched())

    @property
    def inherits(self) -> bool:
        """Whether morphs of what was trained begin with its weights."""
        return self.recipe.inherit_epochs is not None

    @cached_property
    def caps(self) -> Caps:
        """What bounds and limits say of the networks that are drawn."""
        return Caps(self.bounds, self.limits)

    @cached_property
    def cheapest(self) -> Point:
        """The smallest corner of the space, its pruning included: where the scales begin.

        Exact but for a rounding: which corner is the smallest is told by the prior's estimate.
        """
        found = cheapest_by_scope(self.ranges, self.meter)
        smallest = min(found.values(), key=lambda point: self.meter.measure(point).size_bytes)
        if not self.searched:
            return smallest
        return {**smallest, "training": draw_training(self.ranges, self.searched, random.Random(0))}

    @cached_property
    def meter(self) -> Meter:
        """Measures points for the prior."""
        most_macs = dict(self.limits).get("macs", math.inf)
        ends, figure = (self.ranges.max_macs, most_macs), self.caps.size_figure
        return Meter(self.input_shape, self.classes, figure, *ends, self.recipe.weight_bits)

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
            **written(self.formulas),
            **({"stops": True} if self.stops else {}),
        }

    def asked(self, names: Iterable[str]) -> Self:
        """The same networks, whose instructions are known on the cores that are named."""
        return replace(self, formulas=asked_of(names, self.formulas, self.recipe))

    def within(self, bounds: Figures, limits: Figures, least: Figures = NO_LIMITS) -> Self:
        """The same networks, drawn with these bounds and limits in mind."""
        wished, most, low = (tuple(sorted(told.items())) for told in (bounds, limits, least))
        return replace(self, bounds=wished, limits=most, least=low)

    def sample(self, rng: random.Random) -> Point:
        """Draw a network of the prior that keeps the limits."""
        point = self._prior.draw(rng)
        if self.searched:
            point["training"] = draw_training(self.ranges, self.searched, rng)
        return point

    def morph(self, point: Point, rng: random.Random) -> Point:
        """A neighbour of a network. It may break a limit; it never has too many MACs."""
        before = self._essence(point)

        def accept(child: Point) -> bool:
            found = self._essence(child)
            return found != before and tally(found.steps).macs <= self.ranges.max_macs

        return morph(point, self.ranges, self.input_shape, rng, accept)

    def heir(self, point: Point, key: str, epochs: float) -> Point:
        """The same network, to begin with the weights of the completed trial of this key."""
        return lineage.heir(point, key, epochs) if self.inherits else lineage.orphan(point)

    orphan = staticmethod(lineage.orphan)

    def points(self) -> Iterator[Point]:
        """Nobody counts networks."""
        raise InvalidSpace("space", "a space of networks is not listed")

    def allows(self, point: Point) -> bool:
        """Whatever is no valid genotype is never drawn."""
        return True

    def validate(self, point: Point) -> None:
        """Raise InvalidPoint, with the path of the gene, unless the point lies in the space."""
        check_point(point, self.ranges, self.input_shape, self.searched)
        lineage.check_parent(point)
        macs = self._trained_macs(point)
        if macs > self.ranges.max_macs:
            raise InvalidPoint("point", f"need at most {self.ranges.max_macs} MACs, got {macs}")

    def lower(self, point: Point) -> Graph:
        """The network of a point, not pruned; its nodes are named by the ids of the genotype."""
        return graph_of(point, self.input_shape, self.classes)

    def encode(self, point: Point) -> list[float]:
        """The features of `optimizer.networks.features`, one per column."""
        found = steps(point, self.input_shape, self.classes)
        recipe, figures_ = self._recipe(point), self.figures(point)
        shown = {**point, "pruning": self._pruning(point, found)}
        base = features(point, self.input_shape, found, figures_, recipe)
        base += options(shown, self.ranges, self.searched, recipe)
        return base + lineage.lineage(point, recipe, self._line_names)

    @cached_property
    def confirmed(self) -> Mapping[int, float]:
        """From scratch, for all epochs of the recipe."""
        told = lineage.lineage({}, {"epochs": self.recipe.epochs}, self._line_names)
        return dict(enumerate(told, len(self.columns) - len(told)))

    def observed(self, point: Point, key: str, epochs: float | None) -> list[float]:
        """The coordinates of a tried network, if need be for the epochs that it really had."""
        if key not in self._tried:
            self._tried[key] = self.encode(point)
        found = list(self._tried[key])
        if epochs is not None and self._line_names:
            found[-1] = lineage.log_epochs(epochs)
        return found

    @cached_property
    def _tried(self) -> dict[str, list[float]]:
        """The coordinates of what was tried, by key: every proposal asks for all of them."""
        return {}

    def key(self, point: Point) -> str:
        """The hash of network, training, pruning and parent."""
        return work_key(self.work(point))

    def figures(self, point: Point) -> dict[str, float]:
        """The footprint on the study's device, by the names in `known_names`.

        Of a pruned point it is a prediction: that of a network whose layers all lose the same
        share. Without a target it is an upper bound.
        """
        data, bits = (self.input_shape, self.classes), self.recipe.weight_bits
        return costs_of(point, self._pruning(point), data, self.device, self.formulas, bits)

    def work(self, point: Point) -> dict[str, Any]:
        """What a worker is told of the network; of a parent, the service adds where it lies."""
        work: dict[str, Any] = {
            "kind": "network",
            "graph": self.lower(point).to_json(),
            "training": self._recipe(point),
            "pruning": None,
            "parent": point.get(lineage.PARENT),
        }
        if (pruning := self._pruning(point)) is not None:
            work["pruning"] = pruning_recipe(pruning, self.ranges)
            # Figures are counted again after the cut.
            work |= {"device": self.device.to_json(), **written(self.formulas)}
        return work

    @cached_property
    def _promising(self) -> Ranges:
        """The ranges less what must break a limit: redrawing that would take most of the time."""
        return shrunk_to(self.caps.input_bytes, self.ranges, self.input_shape)

    @cached_property
    def _prior(self) -> Prior:
        cap, figure, keeps = self.caps.size_bytes, self.caps.size_figure, self._keeps_limits
        return Prior(self._promising, self.meter, cap, lambda p: self.figures(p)[figure], keeps)

    def _trained_macs(self, point: Point) -> int:
        return tally(steps(point, self.input_shape, self.classes)).macs

    def _pruning(self, point: Point, found: Sequence[Step] | None = None) -> Gene | None:
        """The pruning gene, unless it says nothing of this network."""
        gene = point.get("pruning")
        if gene is None:
            return None
        found = steps(point, self.input_shape, self.classes) if found is None else found
        return gene if prunable(found, gene) else None

    def _essence(self, point: Point) -> Essence:
        """What makes two genotypes the same proposal."""
        found = steps(point, self.input_shape, self.classes)
        return Essence(found, point["input"], self._recipe(point), self._pruning(point, found))

    def _recipe(self, point: Point) -> dict[str, Any]:
        return self.recipe.of(point, inherits=lineage.PARENT in point)

    def _keeps_limits(self, point: Point) -> bool:
        known = self.figures(point) if self.limits or self.least else {}
        small = all(known[name] <= limit for name, limit in self.limits)
        return small and all(known[name] >= limit for name, limit in self.least)
