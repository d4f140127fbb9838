"""The tables of a project's `README.md`: its figures, its ends, its layers."""

from collections.abc import Iterable, Mapping, Sequence

from resource_models.arena import ArenaPlan
from resource_models.weights import node_macs, weights
from worker.deploy.c import stages
from worker.deploy.c.figures import figures
from worker.deploy.c.step import Layer
from worker.deploy.record import Int8Graph

WEIGHTS = {8: "weights", 4: "weights of 4 bits"}


def tables(
    record: Int8Graph, plan: ArenaPlan, steps: Sequence[Layer], labels: Sequence[str]
) -> Mapping[str, str]:
    """What stands in the text for `@figures@` and so on."""
    return {
        "sha256": record.graph.sha256()[:16],
        "figures": _figures(record, plan) + stages.told(record, plan),
        "ends": _ends(record),
        "layers": _layers(record, plan, steps) + _labels(labels),
    }


def _figures(record: Int8Graph, plan: ArenaPlan) -> str:
    found = figures(record)
    rows = (
        ("arena (RAM)", plan.arena_bytes),
        (f"{WEIGHTS[record.weight_bits]} and biases (flash)", found.weights_bytes),
        ("tables of requantisation (flash)", found.tables_bytes),
    )
    return _table("| what | bytes |\n|---|---:|", rows)


def _ends(record: Int8Graph) -> str:
    graph = record.graph
    rows = []
    for name, node_id in (("input", graph.input.id), ("output", graph.output)):
        affine = record.tensors[node_id]
        shape = _shape(graph.shapes[node_id])
        rows.append((name, shape, f"{affine.scale:.9g}", affine.zero_point))
    return _table("| end | shape | scale | zero point |\n|---|---|---:|---:|", rows)


def _layers(record: Int8Graph, plan: ArenaPlan, steps: Sequence[Layer]) -> str:
    shapes, counted, rows = record.graph.shapes, weights(record.graph), []
    for number, step in enumerate(steps, 1):
        node = step.node
        rows.append(
            (
                number,
                f"`{node.id}`",
                _kind(plan, step),
                " + ".join(_shape(shapes[before]) for before in node.inputs),
                _shape(shapes[node.id]),
                node_macs(record.graph, counted, node.id) if node.id in counted else 0,
                sum(values.nbytes for values in (*step.weights.values(), *step.tables.values())),
                plan.offsets_bytes[node.id],
            )
        )
    head = "| | node | kind | from | to | multiplications | bytes of flash | lies at |"
    return _table(f"{head}\n|---:|---|---|---|---|---:|---:|---:|", rows)


def _kind(plan: ArenaPlan, step: Layer) -> str:
    if step.in_bands:
        return f"{step.node.kind}, in bands"
    over = plan.over.get(step.node.id)
    return f"{step.node.kind}, over `{over}`" if over else step.node.kind


def _labels(labels: Sequence[str]) -> str:
    if not labels:
        return ""
    rows = [(number, _cell(label)) for number, label in enumerate(labels)]
    return "\n## Outputs\n\n" + _table("| | label |\n|---:|---|", rows)


def _table(head: str, rows: Iterable[Sequence[object]]) -> str:
    return "\n".join([head, *(f"| {' | '.join(map(str, row))} |" for row in rows), ""])


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _cell(text: str) -> str:
    """Text that stays in its cell and is no markup."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return "".join(f"&#{ord(c)};" if c in "&<>|`*_[]\\!@" else c for c in plain)
