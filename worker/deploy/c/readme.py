"""`README.md` of a project: how to use it, and its figures."""

import math
from collections.abc import Sequence

from resource_models.arena import ArenaPlan
from resource_models.weights import node_macs, weights
from worker.deploy.c.figures import figures
from worker.deploy.c.layers import Layer
from worker.deploy.record import Int8Graph

INTRODUCTION = """\
# {name}

A neural network in int8, as C99 without dependencies: no library, no dynamic memory, no files.
Written by Tinyfront from the network `{sha256}`.

```c
#include "{name}.h"

int8_t *input = {name}_input();          /* {input_bytes} bytes: fill them */
{name}_run();
const int8_t *output = {name}_output();  /* {output_bytes} bytes */
```

Compile `{name}.c` with `-O3` and this folder on the include path; `kernels/` is included by it. With
`-mcpu=cortex-m4` and others that have the DSP extension it multiplies two values at once.

* `make` builds an example for this machine, `make check` compares all bytes of the answers to known
  samples (`example/vectors.h`). With CMake: `cmake -B build && cmake --build build --target check`.
* The arena is the array `{name}_arena`. It also holds input and output, so fill the input before
  each run. There is one arena: call `{name}_run` from one thread.
* Answers are those of TensorFlow Lite Micro, bit by bit, on any core and with any compiler option.
"""


def readme(
    record: Int8Graph, plan: ArenaPlan, steps: Sequence[Layer], name: str, labels: Sequence[str]
) -> str:
    """The text of the file."""
    graph, found = record.graph, figures(record)
    ends = {"input": graph.input.id, "output": graph.output}
    lines = [
        INTRODUCTION.format(
            name=name,
            sha256=graph.sha256()[:16],
            input_bytes=math.prod(graph.input.shape),
            output_bytes=math.prod(graph.shapes[graph.output]),
        ),
        "## Figures\n",
        "| what | bytes |",
        "|---|---:|",
        f"| arena (RAM) | {found.arena_bytes} |",
        f"| weights and biases (flash) | {found.weights_bytes} |",
        f"| tables of requantisation (flash) | {found.tables_bytes} |",
        "\nCode and stack come on top; the linker's map tells them for your core.\n",
        "| end | shape | scale | zero point |",
        "|---|---|---:|---:|",
    ]
    for word, node_id in ends.items():
        affine = record.tensors[node_id]
        shape = _shape(graph.shapes[node_id])
        lines.append(f"| {word} | {shape} | {affine.scale:.9g} | {affine.zero_point} |")
    lines += [
        "\nAn integer q stands for scale × (q − zero point). "
        f"`{name}.h` has mean and deviation of the sensor.\n",
        "## Layers\n",
        "| | node | kind | from | to | multiplications | bytes of flash | lies at |",
        "|---:|---|---|---|---|---:|---:|---:|",
    ]
    counted = weights(graph)
    for number, step in enumerate(steps, 1):
        node = step.node
        inputs = " + ".join(_shape(graph.shapes[before]) for before in node.inputs)
        macs = node_macs(graph, counted, node.id) if node.id in counted else 0
        arrays = [*step.weights.values(), *step.tables.values()]
        flash = sum(values.nbytes for values in arrays)
        lines.append(
            f"| {number} | `{node.id}` | {node.kind} | {inputs} | {_shape(graph.shapes[node.id])} "
            f"| {macs} | {flash} | {plan.offsets_bytes[node.id]} |"
        )
    if labels:
        lines += ["\n## Outputs\n", "| | label |", "|---:|---|"]
        lines += [f"| {i} | {_cell(label)} |" for i, label in enumerate(labels)]
    return "\n".join([*lines, ""])


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def _cell(text: str) -> str:
    """Text that stays in its cell and is no markup."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return "".join(f"&#{ord(c)};" if c in "&<>|`*_[]\\!" else c for c in plain)
