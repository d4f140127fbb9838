"""How long one inference takes and what energy it needs: estimates from published measurements.

A device carries a line for each family of networks that was measured on it. A network belongs to
the inverted bottlenecks if at least half of its MACs lie in such blocks, else to the separable
ones. A device with one line uses it for all networks.
"""

from collections.abc import Iterator, Mapping

from resource_models.coefficients import Family, LatencyLine
from resource_models.devices import Device
from resource_models.graph import Graph
from resource_models.nodes import Conv2d, DepthwiseConv2d
from resource_models.weights import Weights, node_macs

# How much wider than both its ends the middle of an inverted bottleneck is at least. Between two
# depthwise layers the separable networks of MicroNets widen and narrow by up to a third;
# MobileNetV2 widens by six.
WIDER = 1.5


def latency_ms(graph: Graph, found: Mapping[str, Weights], macs: int, device: Device) -> float:
    """The estimated latency of one inference on a device that has a line."""
    return line_for(graph, found, macs, device).latency_ms(macs)


def line_for(graph: Graph, found: Mapping[str, Weights], macs: int, device: Device) -> LatencyLine:
    """The line of a network's family; of a device with one line, that one."""
    lines = {line.family: line for line in device.latency}
    if len(lines) == 1:
        return device.latency[0]
    return lines[family(graph, found, macs)]


def family(graph: Graph, found: Mapping[str, Weights], macs: int) -> Family:
    """The kind of blocks that most of a network's MACs lie in."""
    names = {name for block in _bottlenecks(graph) for name in block}
    inside = sum([node_macs(graph, found, name) for name in names])
    return "bottleneck" if inside and 2 * inside >= macs else "separable"


def _bottlenecks(graph: Graph) -> Iterator[tuple[str, str, str]]:
    """(expansion, depthwise, projection) of each inverted bottleneck."""
    for node in graph.nodes:
        if type(node) is not DepthwiseConv2d:
            continue
        expand = _pointwise(graph, node.inputs)
        project = _pointwise(graph, graph.consumers(node.id))
        if expand is None or project is None:
            continue
        ends = max(graph.shapes[expand.inputs[0]][2], project.filters)
        if expand.filters >= WIDER * ends:
            yield expand.id, node.id, project.id


def _pointwise(graph: Graph, names: tuple[str, ...]) -> Conv2d | None:
    """The one node of these names, if it is a 1 x 1 convolution."""
    found = graph.node(names[0]) if len(names) == 1 else None
    return found if isinstance(found, Conv2d) and found.kernel == (1, 1) else None
