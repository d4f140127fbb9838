"""What a pruned network will cost, predicted: every layer loses the same share."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from math import floor
from typing import Literal, get_args

from resource_models.channels import Tie, channels, fitting
from resource_models.cut import cut_numbers, gatherable
from resource_models.errors import InvalidCut
from resource_models.graph import Graph
from resource_models.weights import weights

Scope = Literal["channels", "inputs", "both", "weights"]
MOST = 0.98  # of what is in scope


@dataclass(frozen=True, slots=True)
class EvenCut:
    """A smaller network, and with scope `weights` how many kernel weights of each node are left."""

    graph: Graph
    non_zeros: dict[str, int]


def even_cut(graph: Graph, scope: str, target: float | None) -> EvenCut:
    """Remove the share `target` of all that is in scope, the same share of every layer.

    Removed are round(target * count), fewer only where a layer would be emptied; each layer loses
    its share rounded down or up, those with the largest remainders first.

    `both` removes channels first, then the share of the dense inputs that are left: an input that
    went with its channel is not counted again.

    Args:
        graph: the network, which stays as it is.
        scope: `channels` (ties), `inputs` (of `cut.gatherable` nodes), `both` or `weights` (of
            every kernel; then the graph stays).
        target: from 0 to 0.98. None leaves the amount to the method of pruning: nothing is cut,
            and what the network costs is an upper bound.

    Raises:
        InvalidCut: of `scope` or `target`.
    """
    _check(scope, target)
    if target is None:
        return EvenCut(graph, {})
    if scope == "weights":
        return EvenCut(graph, _thinned(graph, target))
    if scope in ("channels", "both"):
        graph = _narrowed(graph, target)
    if scope in ("inputs", "both"):
        graph = _gathered(graph, target)
    return EvenCut(graph, {})


def shares(sizes: Sequence[int], rooms: Sequence[int], target: float) -> list[int]:
    """How many of so many things each of several layers loses.

    Args:
        sizes: how many things each layer has.
        rooms: how many of them it may lose.
        target: the share to remove of all.

    Returns:
        Numbers that sum to round(target * sum(sizes)), or to less if the rooms do not hold that.
        Each is the layer's exact share rounded down or up where its room and those of the others
        allow it: up for the largest remainders, of equal ones for the first.
    """
    total = min(round(target * sum(sizes)), sum(rooms))
    exact = [target * size for size in sizes]
    lost = [min(floor(share), room) for share, room in zip(exact, rooms, strict=True)]
    order = sorted(range(len(sizes)), key=lambda i: floor(exact[i]) - exact[i])
    missing = total - sum(lost)
    while missing > 0:
        for i in order:
            if missing and lost[i] < rooms[i]:
                lost[i] += 1
                missing -= 1
    return lost


def _check(scope: str, target: float | None) -> None:
    scopes = get_args(Scope)
    if scope not in scopes:
        raise InvalidCut("scope", f"need one of {', '.join(scopes)}, got {scope!r}.")
    if target is not None and not (type(target) in (int, float) and 0 <= target <= MOST):
        raise InvalidCut("target", f"need a number from 0 to {MOST} or None, got {target!r}.")


def _narrowed(graph: Graph, target: float) -> Graph:
    """Without some channels; ties that run through the same nodes count as one layer."""
    found = channels(graph)
    layers: dict[tuple[str, ...], list[int]] = {}
    for number, tie in enumerate(found.ties):
        layers.setdefault(_nodes(tie), []).append(number)
    sizes = [len(numbers) for numbers in layers.values()]
    lost = shares(sizes, sizes, target)
    # The last channels of each layer go. Where that would empty one, others lose more.
    backwards = [numbers[::-1] for numbers in layers.values()]
    first = chain.from_iterable(n[:k] for n, k in zip(backwards, lost, strict=True))
    spare = zip_longest(*(n[k:] for n, k in zip(backwards, lost, strict=True)))
    then = (number for numbers in spare for number in numbers if number is not None)
    gone = fitting(graph, found, chain(first, then), sum(lost))
    return cut_numbers(graph, found, gone).graph


def _nodes(tie: Tie) -> tuple[str, ...]:
    if len(tie.members) == 1:
        return (tie.members[0][0],)
    return tuple(dict.fromkeys(name for name, _ in tie.members))


def _gathered(graph: Graph, target: float) -> Graph:
    """Without some inputs of dense nodes; which ones they are makes no difference to the cost."""
    counts = gatherable(graph)
    sizes = list(counts.values())
    lost = shares(sizes, [size - 1 for size in sizes], target)
    gone = {name: range(few) for name, few in zip(counts, lost, strict=True)}
    return cut_numbers(graph, channels(graph), (), gone).graph


def _thinned(graph: Graph, target: float) -> dict[str, int]:
    """The kernel weights of each node that are left."""
    kernels = {name: part.kernel for name, part in weights(graph).items()}
    sizes = list(kernels.values())
    lost = shares(sizes, [size - 1 for size in sizes], target)
    return {name: size - few for (name, size), few in zip(kernels.items(), lost, strict=True)}
