"""Layers that run in bands: the function that runs those of a stage, and what the README says."""

import math
from collections.abc import Iterator, Mapping, Sequence

from resource_models.arena import ArenaPlan
from resource_models.arena_in_place import plan_in_place
from resource_models.bands import Stage, reading
from worker.deploy.c.step import Layer
from worker.deploy.record import Int8Graph


def kernels(plan: ArenaPlan) -> tuple[str, ...]:
    """The kernel files that a plan needs besides those of every project."""
    return ("bands",) if plan.stages else ()


def by_last(plan: ArenaPlan) -> Mapping[str, Stage]:
    """The stages of a plan by the node that ends them."""
    return {stage.names[-1]: stage for stage in plan.stages}


def calls(plan: ArenaPlan, steps: Sequence[Layer], name: str) -> Iterator[str]:
    """The calls that run a network, with a mark behind each layer; a stage has its own marks."""
    last = by_last(plan)
    for number, step in enumerate(steps, 1):
        if step.node.id in last:
            yield f"    {name}_bands_{step.label}();"
        elif not step.in_bands:
            yield f"    {name}_layer_{step.label}();\n    MODEL_LAYER({number});"


def function(
    record: Int8Graph, plan: ArenaPlan, stage: Stage, steps: Sequence[Layer], name: str
) -> Iterator[str]:
    """The lines of the function that runs the layers of a stage, band by band."""
    first = plan.order.index(stage.names[0])
    layers = steps[first : first + len(stage.names)]
    count, height = len(layers), record.graph.shapes[stage.names[-1]][0]
    numbers = f"Layers {first + 1} to {first + count}"
    yield f"/* {numbers}, for {stage.rows} of the {height} rows of the last map at a time. */"
    yield f"static __attribute__((noinline)) void {name}_bands_{layers[-1].label}(void) {{"
    yield f"    tiny_band bands[{count + 1}];"
    yield f"    tiny_no_rows(bands, {count + 1});"
    yield f"    for (int32_t row = 0; row < {height}; row += {stage.rows}) {{"
    yield f"        tiny_made(bands + {count}, row, {stage.rows}, {height});"
    for place in reversed(range(count)):
        yield f"        {_needed(record, plan, stage, place, name)}"
    for place, layer in enumerate(layers):
        yield f"        {name}_layer_{layer.label}(bands + {place});"
        yield f"        MODEL_LAYER({first + place + 1});"
    yield "    }\n}\n"


def _needed(record: Int8Graph, plan: ArenaPlan, stage: Stage, place: int, name: str) -> str:
    """The statement that tells which rows of its input a layer needs."""
    graph = record.graph
    node = graph.node(stage.names[place])
    source, seen = node.inputs[0], reading(graph, node.id)
    window = f"{seen.height}, {seen.window}, {seen.down}, {seen.top}"
    read = f"tiny_read(bands + {place + 1}, {window})"
    if source not in stage.kept:
        return f"bands[{place}] = {read};"
    room = f"{name}_arena + {plan.offsets_bytes[source]}"
    return f"tiny_keep(bands + {place}, {read}, {room}, {math.prod(graph.shapes[source][1:])});"


def told(record: Int8Graph, plan: ArenaPlan) -> str:
    """What the README says of them; nothing where every map is whole."""
    if not plan.stages:
        return ""
    whole = plan_in_place(record.graph).arena_bytes
    moved = sum(stage.moved_bytes for stage in plan.stages)
    lines = [
        "",
        f"With whole maps between all layers the arena would take {whole} bytes, and that is too",
        "many. So some layers run in bands: for a few rows of the last map at a time, and of the",
        "maps between them only those rows lie in memory that are read next. Nothing is computed",
        f"twice and the answers are the same; {moved} bytes are moved for it in each inference.",
        "",
        "| layers | rows at a time | of |",
        "|---|---:|---:|",
    ]
    for stage in plan.stages:
        first = plan.order.index(stage.names[0]) + 1
        height = record.graph.shapes[stage.names[-1]][0]
        lines.append(f"| {first} to {first + len(stage.names) - 1} | {stage.rows} | {height} |")
    return "\n".join([*lines, ""])
