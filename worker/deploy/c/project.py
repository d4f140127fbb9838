"""The files of a C project."""

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files as package_files
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resource_models.arena_banded import plan_within
from worker.deploy.c.header import header
from worker.deploy.c.layers import layers
from worker.deploy.c.readme import tables
from worker.deploy.c.source import source
from worker.deploy.c.text import checked_name, numbers
from worker.deploy.errors import InvalidProject
from worker.deploy.record import Int8Graph
from worker.deploy.vectors import Vectors

FIXED = package_files("worker.deploy.c") / "files"
BANDS = package_files("worker.deploy.c") / "bands"  # of projects that run in bands
PACKED = package_files("worker.deploy.c") / "packed"  # what weights of 4 bits take besides
WORD = re.compile(r"@(\w+)@")
DRAWN = 4  # samples of a project that is given none
MOST_VECTORS = 16  # beyond that the file of samples would be larger than the network


def project(
    record: Int8Graph,
    name: str = "model",
    labels: Sequence[str] = (),
    vectors: Vectors | None = None,
    arena_budget_bytes: int | None = None,
) -> dict[str, str]:
    """A C99 project for one network, as file name -> text.

    Args:
        record: the network.
        name: what its files and symbols begin with.
        labels: what each output stands for; left out, they have numbers.
        vectors: samples with their answers, which the project checks; left out, random ones that
            are simulated here. At most 16 are taken.
        arena_budget_bytes: the largest arena. A network that needs more runs in bands, if it fits
            then (`resource_models.arena_banded`); left out, every map is whole.

    Raises:
        InvalidProject: a name that C does not allow, or labels that are not one for each output.
        InvalidVectors: the vectors are those of another network.
    """
    found = sources(record, name, labels, arena_budget_bytes)
    return found | {"example/vectors.h": _vectors(record, vectors)}


def sources(
    record: Int8Graph,
    name: str = "model",
    labels: Sequence[str] = (),
    arena_budget_bytes: int | None = None,
) -> dict[str, str]:
    """A project without the samples that its example checks; see `project`."""
    checked_name(name)
    outputs = int(np.prod(record.graph.shapes[record.graph.output]))
    if labels and len(labels) != outputs:
        need = f"need one for each of {outputs} outputs"
        raise InvalidProject("labels", f"{need}, got {len(labels)}.")
    plan = plan_within(record.graph, arena_budget_bytes)
    steps = layers(record, plan, name)
    return {
        f"{name}.h": header(record, plan, name, labels),
        f"{name}.c": source(record, plan, steps, name),
        **_fixed(name, tables(record, plan, steps, labels)),
        **(dict(_texts(BANDS, "")) if plan.stages else {}),
        **(dict(_texts(PACKED, "")) if record.weight_bits == 4 else {}),
    }


def _fixed(name: str, words: Mapping[str, str]) -> dict[str, str]:
    """The files of every project; `@word@` stands for a word."""
    words = {**words, "name": name, "NAME": name.upper()}
    return {path: WORD.sub(lambda found: words[found[1]], text) for path, text in _texts(FIXED, "")}


def _texts(folder: Traversable, path: str) -> list[tuple[str, str]]:
    found = []
    for part in sorted(folder.iterdir(), key=lambda part: part.name):
        if part.is_dir():
            found += _texts(part, f"{path}{part.name}/")
        else:
            found.append((f"{path}{part.name}", part.read_text("utf-8")))
    return found


def _drawn(record: Int8Graph) -> Vectors:
    # Only here: who brings vectors, as each check of a network does, needs no torch.
    import torch

    from worker.deploy.simulate import Simulation

    shape = (DRAWN, *record.graph.input.shape)
    inputs = np.random.default_rng(0).integers(-128, 128, shape, np.int8)
    answers = Simulation(record).run(torch.from_numpy(inputs))
    return Vectors(inputs, answers.cpu().numpy())


def _vectors(record: Int8Graph, vectors: Vectors | None) -> str:
    vectors = vectors or _drawn(record)
    vectors.check(record.graph)
    inputs, answers = vectors.inputs[:MOST_VECTORS], vectors.answers[:MOST_VECTORS]
    return "\n".join(
        [
            "/* Samples and the answers to them, as the integer simulation gives them. */",
            "#include <stdint.h>",
            "",
            f"#define VECTORS {len(inputs)}",
            "",
            _rows("vector_inputs", inputs),
            _rows("vector_outputs", answers),
        ]
    )


def _rows(name: str, values: NDArray[Any]) -> str:
    rows = values.reshape(len(values), -1)
    inner = ",\n".join(
        f"    {{\n{numbers(map(str, row.tolist()), ' ' * 8)}\n    }}" for row in rows
    )
    return f"static const int8_t {name}[{rows.shape[0]}][{rows.shape[1]}] = {{\n{inner}\n}};\n"
