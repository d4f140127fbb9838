"""How each kind of node becomes a call of a kernel, and the arrays that it reads."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from resource_models.arena import ArenaPlan
from resource_models.in_place import rows_waiting
from resource_models.model_size import index_bytes
from resource_models.nodes import (
    Add,
    AvgPool,
    Concat,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Gather,
    GlobalAvgPool,
    MaxPool,
    Node,
    Pad,
    rule_for,
)
from worker.deploy.c import stored
from worker.deploy.c.step import Layer, Step, steps
from worker.deploy.c.text import word
from worker.deploy.record import Int8Graph
from worker.deploy.windows import Windows


def layers(record: Int8Graph, plan: ArenaPlan, name: str) -> list[Layer]:
    """All steps of a network whose symbols begin with a name."""
    return [rule_for(RULES, step.node)(step, step.node) for step in steps(record, plan, name)]


def kept_symbol(record: Int8Graph, node: Gather, name: str) -> str:
    """The name of the indices of a gather, which several dense nodes may read through."""
    return f"{name}_indices_kept_{record.graph.nodes.index(node)}_{word(node.id)}"


def _struct(kind: str, name: str, **fields: Any) -> str:
    inner = ", ".join(f".{field} = {value}" for field, value in fields.items())
    return f"const {kind} {name} = {{{inner}}};"


def _windows(step: Step, node: Any, size: tuple[int, int], windows: Windows | None) -> str:
    height, width, channels = step.shape
    rows, columns, filters = (1, 1, channels) if windows is None else step.graph.shapes[node.id]
    down, right = (1, 1) if windows is None else windows.step
    height, rows, top = step.seen(height, rows, 0 if windows is None else windows.top, down)
    return _struct(
        "tiny_windows",
        "w",
        height=height,
        width=width,
        channels=channels,
        rows=rows,
        columns=columns,
        filters=filters,
        window_height=size[0],
        window_width=size[1],
        down=down,
        right=right,
        top=top,
        left=0 if windows is None else windows.left,
        zero_point=step.value(node.inputs[0]),
    )


def _stage(step: Step, node: Node, tame: bool) -> str:
    table = step.record.tables[node.id]
    zero_point = step.value(node.id)
    return _struct(
        "tiny_stage",
        "stage",
        zero_point=zero_point,
        low=table.low,
        high=table.high,
        tame=int(tame),
    )


def _filters(step: Step) -> str:
    parts = ("weights", "bias", "multipliers", "shifts")
    return _struct("tiny_filters", "f", **{part: step.symbol(part) for part in parts})


def _convolution(step: Step, node: Conv2d | DepthwiseConv2d, call: str) -> Layer:
    windows = Windows.of(node, step.shape)
    return step.layer(
        _windows(step, node, node.kernel, windows),
        _filters(step),
        _stage(step, node, stored.is_tame(step.record, node)),
        call,
        weights=stored.kernel(step.record, node),
        tables=stored.table(step.record, node),
    )


def _conv2d(step: Step, node: Conv2d) -> Layer:
    ends = f"{step.at(node.inputs[0])}, {step.at(node.id)}"
    scratch = step.plan.scratch_offsets_bytes.get(node.id)
    if scratch is None:  # the values lie as they are multiplied
        return _convolution(step, node, f"{step.kernel('pointwise')}({ends}, f, w, stage);")
    columns = f"(tiny_wide *)(void *)({step.name}_arena + {scratch})"
    call = f"{step.kernel('conv2d')}({ends}, {columns}, f, w, stage);"
    return _convolution(step, node, call)


def _depthwise_conv2d(step: Step, node: DepthwiseConv2d) -> Layer:
    source, ends = step.at(node.inputs[0]), f"{step.at(node.inputs[0])}, {step.at(node.id)}"
    packed = step.record.weight_bits == 4
    if node.id not in step.plan.over:
        call = f"tiny_depthwise({ends}, f, w, stage);"
        if packed:
            call = f"tiny_depthwise_packed({ends}, 0, 0, f, w, stage);"
        return _convolution(step, node, call)
    waiting = f"{step.name}_arena + {step.plan.scratch_offsets_bytes[node.id]}"
    kept = rows_waiting(node, step.shape, step.graph.shapes[node.id])
    call = f"tiny_depthwise_over({source}, {waiting}, {kept}, f, w, stage);"
    if packed:
        call = f"tiny_depthwise_packed({source}, {source}, {waiting}, {kept}, f, w, stage);"
    return _convolution(step, node, call)


def _dense(step: Step, node: Dense) -> Layer:
    weights = stored.kernel(step.record, node)
    before = step.graph.node(node.inputs[0])
    source, kept = node.inputs[0], "0, 0"
    if isinstance(before, Gather):
        source = before.inputs[0]
        size = index_bytes(step.graph.shapes[source][0])
        kept = f"{kept_symbol(step.record, before, step.name)}, {size}"
    ends = f"{step.at(source)}, {step.at(node.id)}"
    choice = f"const tiny_choice kept = {{{kept}}};"
    parts = ("weights", "bias", "multipliers", "shifts")
    fields: dict[str, Any] = {part: step.symbol(part) for part in parts}
    layer = _struct("tiny_layer", "layer", **fields, inputs=step.shape[0], units=node.units)
    body = [layer, _stage(step, node, stored.is_tame(step.record, node))]
    if "bits" in weights:
        bits = step.symbol("bits")
        call = f"{step.kernel('dense_bitmap')}({ends}, kept, {bits}, layer, stage);"
        body += [choice, call]
    elif "counts" in weights:
        read = f"{step.symbol('indices')}, {weights['indices'].itemsize}"
        call = f"{step.kernel('dense_indexed')}({ends}, kept, {step.symbol('counts')}, read, "
        body += [choice, f"const tiny_choice read = {{{read}}};", f"{call}layer, stage);"]
    elif step.record.weight_bits == 4:
        body += [choice, f"tiny_dense_packed({ends}, kept, layer, stage);"]
    elif isinstance(before, Gather):
        body += [choice, f"tiny_dense_chosen({ends}, kept, layer, stage);"]
    else:
        body += [f"tiny_dense({ends}, layer, stage);"]
    return step.layer(*body, weights=weights, tables=stored.table(step.record, node))


def _pool(kernel: str) -> Callable[[Step, MaxPool | AvgPool], Layer]:
    def rule(step: Step, node: MaxPool | AvgPool) -> Layer:
        windows = _windows(step, node, node.window, Windows.of(node, step.shape))
        call = f"{kernel}({step.at(node.inputs[0])}, {step.at(node.id)}, w);"
        return step.layer(windows, call)

    return rule


def _global_avg_pool(step: Step, node: GlobalAvgPool) -> Layer:
    height, width, _ = step.shape
    call = f"tiny_avg_pool({step.at(node.inputs[0])}, {step.at(node.id)}, w);"
    return step.layer(_windows(step, node, (height, width), None), call)


def _pad(step: Step, node: Pad) -> Layer:
    height, width, channels = step.shape
    border = _struct(
        "tiny_border",
        "border",
        height=height,
        width=width,
        channels=channels,
        above=node.height[0],
        below=node.height[1],
        left=node.width[0],
        right=node.width[1],
        before=node.channels[0],
        behind=node.channels[1],
        value=step.value(node.id),
    )
    return step.layer(border, f"tiny_pad({step.at(node.inputs[0])}, {step.at(node.id)}, border);")


def _add(step: Step, node: Add) -> Layer:
    inputs = ", ".join(step.at(name) for name in node.inputs)
    points = ", ".join(str(step.value(name)) for name in node.inputs)
    number, count = len(node.inputs), math.prod(step.graph.shapes[node.id])
    tables = f"{step.symbol('multipliers')}, {step.symbol('shifts')}"
    return step.layer(
        f"const int8_t *const inputs[] = {{{inputs}}};",
        f"const int32_t points[] = {{{points}}};",
        _stage(step, node, False),
        f"tiny_add(inputs, points, {number}, {step.at(node.id)}, {count}, {tables}, stage);",
        tables=stored.table(step.record, node),
    )


def _concat(step: Step, node: Concat) -> Layer:
    *outer, deep = step.graph.shapes[node.id]
    count, lines, done = math.prod(outer), [], 0
    for name in node.inputs:
        channels = step.graph.shapes[name][-1]
        target = f"{step.at(node.id)} + {done}"
        lines.append(f"tiny_place_part({step.at(name)}, {target}, {count}, {channels}, {deep});")
        done += channels
    return step.layer(*lines)


RULES: Mapping[type[Node], Callable[[Step, Any], Layer]] = {
    Conv2d: _conv2d,
    DepthwiseConv2d: _depthwise_conv2d,
    Dense: _dense,
    MaxPool: _pool("tiny_max_pool"),
    AvgPool: _pool("tiny_avg_pool"),
    GlobalAvgPool: _global_avg_pool,
    Pad: _pad,
    Add: _add,
    Concat: _concat,
}
