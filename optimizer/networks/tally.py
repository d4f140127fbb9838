"""What a list of steps costs, quickly: the prior steers by it, hundreds of times per network."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from optimizer.networks.step import Step
from optimizer.networks.steps import INPUT
from resource_models.model_size import (
    BIAS_BYTES,
    REQUANTISATION_BYTES,
    dense_storage,
    index_bytes,
    rows_bytes,
    unpruned_bytes,
)
from resource_models.tflm import CHANNEL_FLASH_BYTES, GRAPH_FLASH_BYTES, INDEX_BYTES


class Tally(NamedTuple):
    """The sums of a list of steps: exact, or where it is pruned nearly so."""

    deployed_bytes: int
    numbers: int  # weights that are not zero, and biases
    tflm_bytes: int
    macs: int

    def model_size_bytes(self, figure: str) -> int:
        """The model size by one of the conventions of `resource_models`."""
        return int(getattr(self, SIZES[figure]))


# Which sum is which convention of model size.
SIZES: Mapping[str, str] = {
    "model_size:deployed": "deployed_bytes",
    "model_size:sparse": "numbers",
    "model_size:munas": "numbers",
    "model_size:tflm": "tflm_bytes",
}


def tally(found: Sequence[Step], weight_bits: int = 8) -> Tally:
    """Sum up weights, biases and multiply-accumulates, as the cost model counts them."""
    deployed = kernels = biases = macs = 0
    for step in found:
        if step.kind in ("conv2d", "depthwise_conv2d"):
            height, width, filters = step.shape
            taps = step.kernel[0] * step.kernel[1]
            if step.kind == "conv2d":
                rows, row = filters, taps * step.channels
            else:
                rows, row = taps, filters
            kernel = rows * row
            deployed += rows_bytes(rows, row, weight_bits) + REQUANTISATION_BYTES * filters
            kernels += kernel
            biases += filters
            macs += kernel * height * width
        elif step.kind == "dense":
            units = step.shape[0]
            kernel = step.channels * units
            deployed += unpruned_bytes(step.channels, units, weight_bits) + REQUANTISATION_BYTES
            kernels += kernel
            biases += units
            macs += kernel
        elif step.kind == "add":
            deployed += REQUANTISATION_BYTES * (len(step.inputs) + 1)
    return Tally(
        deployed + BIAS_BYTES * biases,
        kernels + biases,
        kernels + CHANNEL_FLASH_BYTES * biases + GRAPH_FLASH_BYTES,
        macs,
    )


def pruned_tally(found: Sequence[Step], pruning: Mapping[str, Any], weight_bits: int = 8) -> Tally:
    """The sums after an even cut, near enough to steer by: ties are not followed."""
    target = pruning["target"]
    if not target:  # 0, or None: the method's threshold decides, and nothing is promised
        return tally(found, weight_bits)
    if pruning["scope"] == "weights":
        return _thinned(found, target, weight_bits)
    return _shrunken(found, pruning["scope"], target, weight_bits)


def prunable(found: Sequence[Step], pruning: Mapping[str, Any] | None) -> bool:
    """Whether the pruning gene says anything of this network."""
    if pruning is None or pruning["target"] == 0:
        return False
    scope = pruning["scope"]
    return (
        scope == "weights"
        or (scope != "inputs" and any(map(_has_channels, found)))
        or (scope != "channels" and bool(_gathering(found)))
    )


def _has_channels(step: Step) -> bool:
    return step.shape[-1] > 1 and (step.kind == "conv2d" or _is_hidden(step))


def _is_hidden(step: Step) -> bool:
    """Dense layers alone have a ReLU; those that answer have none."""
    return step.kind == "dense" and step.activation != "none"


def _gathering(found: Sequence[Step]) -> set[str]:
    """The dense layers that read a map or the input, and so can do without single values."""
    flat = {INPUT} | {step.id for step in found if step.kind == "flatten"}
    return {step.id for step in found if step.kind == "dense" and step.inputs[0] in flat}


def _left(count: int, target: float) -> int:
    return max(count - round(target * count), 1)


def _thinned(found: Sequence[Step], target: float, weight_bits: int) -> Tally:
    """The sums where every kernel loses a share of its weights; the operations stay."""
    whole = tally(found, weight_bits)
    deployed, numbers = whole.deployed_bytes, whole.numbers
    for step in found:
        if step.kind == "dense":
            units = step.shape[0]
            kernel = step.channels * units
            left = _left(kernel, target)
            deployed += dense_storage(step.channels, units, left, weight_bits).size_bytes
            deployed -= unpruned_bytes(step.channels, units, weight_bits)
            numbers += left - kernel
        elif step.kind in ("conv2d", "depthwise_conv2d"):
            kernel = step.kernel[0] * step.kernel[1] * step.shape[2]
            kernel *= step.channels if step.kind == "conv2d" else 1
            numbers += _left(kernel, target) - kernel
    return whole._replace(deployed_bytes=deployed, numbers=numbers)


def _shrunken(found: Sequence[Step], scope: str, target: float, weight_bits: int) -> Tally:
    """The sums where each layer has lost a share of its channels, inputs or both."""
    gathering = _gathering(found) if scope != "channels" else set()
    share = target if scope != "inputs" else 0.0
    cut: dict[str, Step] = {}
    indices = indices_bytes = 0
    for step in found:
        small = _smaller(step, [cut[name] for name in step.inputs if name in cut], share)
        if step.id in gathering:
            left = _left(small.channels, target)
            indices += left
            indices_bytes += left * index_bytes(small.channels)
            small = small._replace(channels=left)
        cut[step.id] = small
    sums = tally(list(cut.values()), weight_bits)
    return sums._replace(
        deployed_bytes=sums.deployed_bytes + indices_bytes,
        tflm_bytes=sums.tflm_bytes + INDEX_BYTES * indices,
    )


def _smaller(step: Step, before: Sequence[Step], share: float) -> Step:
    """A step behind smaller ones, itself without a share of its channels."""
    channels = before[0].shape[-1] if before else step.channels
    if step.kind == "conv2d" or _is_hidden(step):
        out = _left(step.shape[-1], share)
    elif step.kind in ("pad", "add"):
        out = _left(step.shape[-1], share) if before else step.shape[-1]
    elif step.kind == "dense":
        out = step.shape[-1]
    elif step.kind == "flatten":
        out = step.shape[0] // step.channels * channels
    else:  # what hands each channel on
        out = channels
    return step._replace(channels=channels, shape=(*step.shape[:-1], out))
