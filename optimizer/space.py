"""What every search space offers; built from JSON by `space_from_json`."""

import hashlib
import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, Protocol, Self

from optimizer.errors import InvalidSpace
from resource_models.devices import Device

Point = dict[str, Any]
NETWORK_KINDS = ("tiny", "sparse", "munas")  # the presets of `optimizer.networks.presets`
# The coordinate of a parameter that a point does not have, in a column of any kind.
INACTIVE = -1.0
Figures = Mapping[str, float]  # by name
NO_LIMITS: Figures = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Column:
    """One coordinate of an encoded point.

    A `real` lies in about [0, 1]; a `category` is the index of one of `categories` values. In a
    `conditional` column, some points have `INACTIVE` instead. Along a `trend`, what is measured
    mostly rises or mostly falls, and a model expects that to go on beyond its data.
    """

    name: str
    kind: Literal["real", "category"] = "real"
    categories: int = 0
    conditional: bool = False
    trend: bool = False


class Space(Protocol):
    """A set of points to search. All that a designer needs to know of it."""

    @property
    def kind(self) -> str:
        """The word that `space_from_json` dispatches on."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """What each coordinate of `encode` means."""

    @property
    def known_names(self) -> tuple[str, ...]:
        """The figures that are computed from a point, without a worker."""

    @property
    def measured_names(self) -> tuple[str, ...] | None:
        """The objectives that a worker measures; None where the user invents the names."""

    @property
    def cardinality(self) -> int | None:
        """How many points there are; None where they are not counted."""

    @property
    def listable(self) -> bool:
        """Whether every point can be looked at, so that it is known when none is left."""

    def to_json(self) -> dict[str, Any]:
        """What the user defined, with all defaults filled in."""

    def context(self) -> dict[str, Any]:
        """The keyword arguments that `space_from_json` needs beside `to_json()`; plain JSON."""

    def within(self, bounds: Figures, limits: Figures, least: Figures = NO_LIMITS) -> Self:
        """The same space, sampled with an eye on the bounds and limits of known figures.

        Args:
            bounds: what is wished of a figure at most.
            limits: what a figure may be at most.
            least: what a figure must be at least.
        """

    def asked(self, names: Iterable[str]) -> Self:
        """The same space, which knows also those of these figures that are known only if asked for.

        Args:
            names: of all objectives and constraints of a problem; unknown ones are left alone.
        """

    def sample(self, rng: random.Random) -> Point:
        """Draw a point from the prior."""

    def morph(self, point: Point, rng: random.Random) -> Point:
        """Draw a neighbour of a point; the point itself stays as it is."""

    @property
    def inherits(self) -> bool:
        """Whether a trial may begin with what an earlier one has learnt."""

    @property
    def confirmed(self) -> Mapping[int, float]:
        """The coordinates that a confirm run sets, by column: from scratch, trained in full.

        Empty where a trial's training is the same for all.
        """

    def observed(self, point: Point, key: str, epochs: float | None) -> list[float]:
        """The coordinates of a point that was tried under this key.

        Args:
            point: what was tried.
            key: its own; the space may keep the coordinates under it.
            epochs: how long it was trained, inherited ones included, where not as it says itself.
        """

    def heir(self, point: Point, key: str, epochs: float) -> Point:
        """The same point, to begin with what the completed trial of this key has learnt.

        Where nothing is inherited, from scratch.
        """

    def orphan(self, point: Point) -> Point:
        """The same point, to begin with nothing that another trial has learnt."""

    def points(self) -> Iterator[Point]:
        """Every point, in a fixed order. Only where `cardinality` is a number."""

    def allows(self, point: Point) -> bool:
        """Whether a point, decoded or moved, keeps what is known of the space beside its ranges."""

    def validate(self, point: Point) -> None:
        """Raise InvalidPoint unless the point lies in the space."""

    def encode(self, point: Point) -> list[float]:
        """The coordinates of a point, one per column; `INACTIVE` where it lacks a parameter."""

    def key(self, point: Point) -> str:
        """Equal for two points exactly if they are the same proposal; 64 hexadecimal digits."""

    def figures(self, point: Point) -> dict[str, float]:
        """The known figures of a point, by the names in `known_names`."""

    def work(self, point: Point) -> dict[str, Any]:
        """What a worker is told; the service adds data, seed, purpose and metrics."""


def space_from_json(  # noqa: PLR0913 - a definition, and what its study adds
    definition: Mapping[str, Any],
    *,
    input_shape: Sequence[int] | None = None,
    classes: int | None = None,
    device: Device | str | Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    train_images: int | None = None,
    instructions: Mapping[str, Any] | None = None,
    stops: bool = False,
) -> Space:
    """Build the space that a study defines.

    Args:
        definition: the study's `space`, with its `kind`.
        input_shape: of the study's data, `(h, w, c)` or `(n,)`; networks only.
        classes: of the study's data; networks only.
        device: what the figures are computed for; networks only.
        training: the study's changes to the training recipe; networks only.
        train_images: how many images a network is trained on; sets the default epochs.
        instructions: the costs by which a study counts instructions; networks only.
        stops: whether the study has a rule that stops trials; networks only.

    Raises:
        InvalidSpace: with the path of the wrong field, such as `space.filters`.
    """
    if not isinstance(definition, Mapping):
        raise InvalidSpace("space", f"need an object, got {definition!r}")
    kind = definition.get("kind")
    # Imported late, since all spaces build on this module.
    if kind == "parameters":
        from optimizer.parameter_space import ParameterSpace

        return ParameterSpace.from_json(definition)
    if kind in NETWORK_KINDS:
        from optimizer.networks.space import NetworkSpace

        return NetworkSpace.from_json(
            definition,
            input_shape=input_shape,
            classes=classes,
            device=device,
            training=training,
            train_images=train_images,
            instructions=instructions,
            stops=stops,
        )
    kinds = ", ".join(("parameters", *NETWORK_KINDS))
    raise InvalidSpace("space.kind", f"need one of {kinds}, got {kind!r}")


def sha256_of(value: object) -> str:
    """The SHA-256 of a JSON value, whatever the order of its names."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def work_key(work: Mapping[str, Any], purpose: str = "search", replicate: int = 0) -> str:
    """What makes a trial unique in its study, from what its worker is told.

    Node ids say whose weights a child inherits; without a parent they mean nothing, and two equal
    networks that grew on different ways are the same proposal.
    """
    parts = ("parameters", "graph", "training", "pruning", "parent")
    content = {name: work[name] for name in parts if name in work}
    if content.get("parent") is not None:
        content["parent"] = {"key": content["parent"]["key"]}  # where it lies says nothing
    if "graph" in content and content.get("parent") is None:
        content["graph"] = _renumbered(content["graph"])
    return sha256_of({**content, "purpose": purpose, "replicate": replicate})


def _renumbered(graph: Mapping[str, Any]) -> dict[str, Any]:
    """A graph's JSON with its nodes named by their places."""
    place = {node["id"]: str(number) for number, node in enumerate(graph["nodes"])}
    nodes = [
        {**node, "id": place[node["id"]], "inputs": [place[name] for name in node["inputs"]]}
        for node in graph["nodes"]
    ]
    return {**graph, "nodes": nodes}
