"""`model.h`: all that a program needs to know of a network."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resource_models.arena import ArenaPlan
from worker.deploy.c.text import numbers, single, string
from worker.deploy.record import Int8Graph


def header(record: Int8Graph, plan: ArenaPlan, name: str, labels: Sequence[str]) -> str:
    """The text of the file."""
    graph, upper = record.graph, name.upper()
    ends = {"INPUT": graph.input.id, "OUTPUT": graph.output}
    lines = [
        f"#ifndef TINYFRONT_{upper}_H",
        f"#define TINYFRONT_{upper}_H\n",
        "#include <stdint.h>\n",
        "#ifdef __cplusplus",
        'extern "C" {',
        "#endif\n",
        f"#define {upper}_ARENA_BYTES {plan.arena_bytes}",
    ]
    for word, node_id in ends.items():
        affine = record.tensors[node_id]
        lines += [
            "",
            f"/* {word.lower()}: {_layout(graph.shapes[node_id])} */",
            f"#define {upper}_{word}_BYTES {math.prod(graph.shapes[node_id])}",
            f"#define {upper}_{word}_SCALE {single(affine.scale)}",
            f"#define {upper}_{word}_ZERO_POINT ({affine.zero_point})",
        ]
    lines += [
        "",
        "/* The network sees x = (value - mean) / deviation, by channel. What goes in is",
        "   x / INPUT_SCALE, rounded, plus INPUT_ZERO_POINT, clamped to -128 ... 127. */",
        _list(f"{upper}_INPUT_MEAN", _floats(record.sensor.mean)),
        _list(f"{upper}_INPUT_DEVIATION", _floats(record.sensor.deviation)),
    ]
    if labels:
        lines += ["", _list(f"{upper}_LABELS", [string(label) for label in labels])]
    lines += [
        "",
        "/* Where the sample goes. Lies in the arena: fill it anew before each run. */",
        f"int8_t *{name}_input(void);\n",
        "/* The answers of the last run, until the input is filled anew. */",
        f"const int8_t *{name}_output(void);\n",
        "/* One inference. Not to be called while it runs: there is one arena. */",
        f"void {name}_run(void);\n",
        "#ifdef __cplusplus",
        "}",
        "#endif\n",
        "#endif\n",
    ]
    return "\n".join(lines)


def _layout(shape: tuple[int, ...]) -> str:
    if len(shape) == 1:
        return f"{shape[0]} values"
    height, width, channels = shape
    return f"{height} rows of {width} pixels of {channels} channels"


def _floats(values: NDArray[Any]) -> list[str]:
    """One number where all are equal: a flat input may have thousands."""
    same = values[:1] if (values == values[0]).all() else values
    return [single(float(np.float32(value))) for value in same]


def _list(name: str, values: Sequence[str]) -> str:
    """A macro for the values between the braces of an array."""
    inner = numbers(values, width=92).rstrip(",").replace("\n", " \\\n")
    return f"#define {name} \\\n    {{ \\\n{inner} \\\n    }}"
