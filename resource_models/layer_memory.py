"""Working memory of the worst single layer, as three papers count it.

None of them sees a tensor that waits for a later layer while others run, so each is too small for
networks with branches. `working_memory:bound` and `working_memory:inplace` see it.
"""

from collections.abc import Mapping

from resource_models.program import Program
from resource_models.weights import Weights


def wm1_bytes(operators: Program, found: Mapping[str, Weights]) -> int:
    """SpArSe's first model: the inputs of a layer and its non-zero weights both lie in memory."""
    return max(
        (
            sum([operators.sizes_bytes[buffer] for buffer in buffers]) + _non_zeros(found.get(name))
            for name, buffers in zip(operators.node_ids, operators.reads, strict=True)
        ),
        default=operators.sizes_bytes[0],
    )


def wm2_bytes(operators: Program) -> int:
    """SpArSe's second model: the inputs and the output of a layer lie in memory, nothing else."""
    sizes = operators.sizes_bytes
    return max(
        (
            sum([sizes[buffer] for buffer in buffers]) + sizes[i + 1]
            for i, buffers in enumerate(operators.reads)
        ),
        default=sizes[0],
    )


def mcunet_bytes(operators: Program) -> int:
    """MCUNetV2's model: inputs and output of a layer, of one that works in place only its inputs.

    Args:
        operators: a program whose operators may write over their inputs, as `in_place` makes it.
    """
    sizes = operators.sizes_bytes
    return max(
        (
            sum([sizes[buffer] for buffer in buffers])
            + (operators.beside_bytes[i] if operators.over[i] else sizes[i + 1])
            for i, buffers in enumerate(operators.reads)
        ),
        default=sizes[0],
    )


def _non_zeros(part: Weights | None) -> int:
    return 0 if part is None else part.non_zeros + part.biases
