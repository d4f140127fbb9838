"""`model.c`: the arrays, a function for each layer, and what runs them."""

from collections.abc import Iterator, Sequence

from resource_models.arena import ALIGNMENT_BYTES, ArenaPlan
from resource_models.nodes import Gather
from worker.deploy.c import stages, stored
from worker.deploy.c.layers import kept_symbol
from worker.deploy.c.step import Layer
from worker.deploy.c.text import WIDTH, array, comment
from worker.deploy.record import Int8Graph

KERNELS = ("add", "conv2d", "dense", "depthwise", "moves", "pools")
# Of weights with 4 bits, on top of those.
PACKED = ("conv2d_packed", "dense_packed", "depthwise_packed")


def source(record: Int8Graph, plan: ArenaPlan, steps: Sequence[Layer], name: str) -> str:
    """The text of the file."""
    graph = record.graph
    kernels = KERNELS if record.weight_bits == 8 else (*KERNELS, *PACKED)
    parts = [
        f"/* The network {graph.sha256()}. Written by Tinyfront; do not change. */",
        f'#include "{name}.h"\n',
        *(f'#include "kernels/{kernel}.h"' for kernel in (*kernels, *stages.kernels(plan))),
        "",
        "/* For who counts what each layer takes. */",
        "#ifndef MODEL_LAYER\n#define MODEL_LAYER(number)\n#endif\n",
        "/* All that is computed lies here, at places that were planned. */",
        f"static int8_t {name}_arena[{name.upper()}_ARENA_BYTES]",
        f"    __attribute__((aligned({ALIGNMENT_BYTES})));\n",
    ]
    for node in graph.nodes:
        if isinstance(node, Gather):
            inputs = graph.shapes[node.inputs[0]][0]
            symbol = kept_symbol(record, node, name)
            parts.append(array(symbol, stored.indices(node.indices, inputs)))
    last = stages.by_last(plan)
    for step in steps:
        parts += _layer(record, step, name)
        if step.node.id in last:
            parts += stages.function(record, plan, last[step.node.id], steps, name)
    where = {
        "input": ("int8_t *", plan.offsets_bytes[graph.input.id]),
        "output": ("const int8_t *", plan.offsets_bytes[graph.output]),
    }
    for word, (kind, at) in where.items():
        parts.append(f"{kind}{name}_{word}(void) {{ return {name}_arena + {at}; }}\n")
    parts.append(f"void {name}_run(void) {{")
    return "\n".join([*parts, *stages.calls(plan, steps, name), "}\n"])


def _layer(record: Int8Graph, step: Layer, name: str) -> Iterator[str]:
    shapes = record.graph.shapes
    inputs = " and ".join(str(shapes[before]) for before in step.node.inputs)
    kind = step.node.kind
    yield f"/* {comment(step.node.id)}: {kind}, {inputs} to {shapes[step.node.id]} */"
    for part, values in {**step.weights, **step.tables}.items():
        yield array(f"{name}_{part}_{step.label}", values)
    arguments = "const tiny_band *bands" if step.in_bands else "void"
    yield f"static __attribute__((noinline)) void {name}_layer_{step.label}({arguments}) {{"
    for line in step.body:
        yield from _wrapped(line)
    yield "    TINY_WRITTEN;\n}\n"


def _wrapped(statement: str) -> Iterator[str]:
    """A statement in lines that are not too long; broken where a comma is."""
    line = "   "
    for word in statement.split(" "):
        if len(line) + 1 + len(word) > WIDTH:
            yield line
            line = " " * 7
        line += f" {word}"
    yield line
