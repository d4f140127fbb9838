"""The `.tflite` file of an int8 graph: the same integers, and our plan of the arena."""

from worker.deploy.record import Int8Graph
from worker.deploy.tflite.builder import Builder
from worker.deploy.tflite.operators import write
from worker.deploy.tflite.plan import plan_file


def tflite_file(record: Int8Graph) -> bytes:
    """The file; equal graphs give equal bytes."""
    graph, plan = record.graph, plan_file(record.graph, record.weight_bits)
    builder = Builder(record, plan)
    first = graph.input
    builder.values[first.id] = builder.computed(first.id, first.id, first.shape)
    for name in _order(record, plan.order):
        write(builder, graph.node(name))
    return builder.file()


def _order(record: Int8Graph, planned: tuple[str, ...]) -> list[str]:
    """The planned order of operators, with each view where its input is ready."""
    graph = record.graph
    views: dict[str, list[str]] = {}
    for node in graph.nodes:
        if node.inputs and node.id not in planned:
            views.setdefault(node.inputs[0], []).append(node.id)
    order: list[str] = []
    waiting = [graph.input.id, *planned]
    while waiting:
        name = waiting.pop(0)
        order.append(name)
        waiting[:0] = views.get(name, [])
    return order[1:]
