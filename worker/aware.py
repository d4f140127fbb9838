"""Training in the arithmetic of the device: a network that rounds as its integers will.

Weights and activations are rounded to the steps of int8 in the forward pass; the backward pass
takes rounding for the identity (Bengio et al. 2013), and clipping for a wall. How large a step is
is learnt beside the weights, by the gradient of LSQ (Esser et al. 2020), on a log scale (Jain et
al. 2020), so that it stays positive whatever the optimiser does. Zero points stay where the
calibration put them. Batch norm is folded as in deployment, with the statistics of the training
before (Jacob et al. 2018), but its parts stay apart: what is stored, and what children inherit, is
an ordinary network.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from resource_models.nodes import (
    Add,
    AvgPool,
    Concat,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Flatten,
    Gather,
    GlobalAvgPool,
    MaxPool,
    Node,
    Pad,
    rule_for,
)
from resource_models.nodes import Weighted as Linear
from worker.deploy.arithmetic import INT8_MAX, INT8_MIN
from worker.deploy.calibrate import BIAS_MOST, chosen_ranges, quantise_ranges, weight_scales
from worker.deploy.fold import fold
from worker.deploy.observers import Observer
from worker.deploy.record import LEAST_SCALE, Int8Graph
from worker.deploy.scales import groups
from worker.deploy.tables import Affine
from worker.layers import DenseLayer, Weighted
from worker.network import Network
from worker.weights import weights

LEARNT_FROM = 8  # one of so many samples tells how a scale of activations must change


class AwareNetwork(Network):
    """A network, its weights shared, whose forward pass rounds; `record` is its int8 graph."""

    def __init__(
        self, network: Network, samples: Tensor, observer: Observer, bits: int = 8
    ) -> None:
        """Begin with the ranges of a calibration.

        Args:
            network: trained; its parameters are trained on in place.
            samples: behind the sensor, in the layout of the graph.
            observer: chooses the first range of each group of tensors.
            bits: of a weight.
        """
        nn.Module.__init__(self)
        self.graph, self.sensor, self._layers = network.graph, network.sensor, network._layers
        self._plain = [network]  # in a list: it is no part of this module
        self._most = 2 ** (bits - 1) - 1
        self._bits = bits
        folded = fold(network.graph, weights(network))
        self._groups = groups(folded.graph)
        place = {name: i for i, group in enumerate(self._groups) for name in group.members}
        ranges = chosen_ranges(folded, samples, observer)
        # The scales that a deployment would begin with, room for every sum included.
        first = quantise_ranges(folded, self._groups, ranges, bits=bits)
        affines = [first.tensors[group.members[0]] for group in self._groups]
        like = network.sensor.mean
        self._place = place
        self._ends = [_ends(affine) for affine in affines]
        self._zero_points = [
            torch.tensor(affine.zero_point, dtype=torch.int32, device=like.device)
            for affine in affines
        ]
        logs = torch.tensor([math.log(affine.scale) for affine in affines])
        self._logs = nn.ParameterList(part.clone().to(like) for part in logs)
        self._weight_logs = nn.ParameterDict()
        self._keys = {}
        weighted = [node for node in folded.graph.nodes if isinstance(node, Linear)]
        for number, node in enumerate(weighted):
            name = node.id
            scales = weight_scales(node, folded.kernels[name], bits)
            found = torch.from_numpy(scales).clamp(min=LEAST_SCALE).log().to(like)
            self._keys[name] = str(number)  # a name may hold a dot, which a module's may not
            self._weight_logs[self._keys[name]] = nn.Parameter(found)

    def body(self, seen: Tensor) -> Tensor:
        """Logits as the integers give them, but for the rounding of a sum now and then."""
        # Sixteen bits would round what is rounded already, elsewhere.
        with torch.autocast(seen.device.type, enabled=False):
            made = {self.graph.input.id: self.rounded(self.graph.input, seen.float())}
            for node, layer in zip(self.graph.nodes[1:], self._layers, strict=True):
                inputs = (made[name] for name in node.inputs)
                made[node.id] = rule_for(RUN, node)(self, node, layer, *inputs)
        return made[self.graph.output]

    def record(self) -> Int8Graph:
        """The int8 graph of the network as it is now, with the scales that were learnt."""
        ranges = []
        for (low, high), group, log in zip(self._ends, self._groups, self._logs, strict=True):
            scale = log.detach().exp().item()
            ranges.append((scale * (-high if group.symmetric else low), scale * high))
        scales = {
            name: self._weight_logs[key].detach().exp().double().cpu().numpy()
            for name, key in self._keys.items()
        }
        folded = fold(self.graph, weights(self._plain[0]))
        return quantise_ranges(folded, self._groups, ranges, scales, self._bits)

    def scale_logs(self) -> list[nn.Parameter]:
        """The logarithms of all scales, which are learnt."""
        return [*self._logs, *self._weight_logs.values()]

    def rounded(self, node: Node, x: Tensor) -> Tensor:
        """The output of a node on the scale of its group."""
        i = self._place[node.id]
        scale, zero_point = self._logs[i].exp(), self._zero_points[i]
        made = torch.fake_quantize_per_tensor_affine(
            x, scale.detach(), zero_point, INT8_MIN, INT8_MAX
        )
        if not self.training:
            return made
        found: Tensor = _Learnt.apply(  # type: ignore[no-untyped-call]
            made, x, scale, *self._ends[i]
        )
        return found

    def linear(self, node: Node, layer: Weighted) -> tuple[Tensor, Tensor]:
        """Folded weights and biases on their scales."""
        weight, bias = folded_parts(layer)
        before = self._logs[self._place[node.inputs[0]]].detach().exp()
        scale = self._weight_logs[self._keys[node.id]].exp()
        floor = bias.detach().abs() / (before * BIAS_MOST)
        scale = torch.maximum(scale, floor.max() if len(scale) < len(bias) else floor)
        lanes = scale.view(-1, *(1 for _ in weight.shape[1:]))
        # A bias of 32 bits is so fine that to round it shows nowhere.
        return rounding(weight, lanes, -self._most, self._most), bias


def _ends(affine: Affine) -> tuple[int, int]:
    """The least and the largest integer, counted from zero's."""
    return INT8_MIN - affine.zero_point, INT8_MAX - affine.zero_point


def folded_parts(layer: Weighted) -> tuple[Tensor, Tensor]:
    """Weights and biases of a layer with its batch norm in them; gradients reach all parts."""
    weight, bias, norm = layer.linear.weight, layer.linear.bias, layer.norm
    if norm is None:
        assert bias is not None
        return weight, bias
    assert isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    factor = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    lanes = factor.view(-1, *(1 for _ in weight.shape[1:]))
    return weight * lanes, norm.bias - norm.running_mean * factor


def rounding(x: Tensor, scale: Tensor, low: int, high: int) -> Tensor:
    """The multiple of a scale next to each number, from `low` to `high` times the scale.

    Args:
        x: numbers.
        scale: broadcasts over them; learnt.
        low: the least integer.
        high: the largest one.
    """
    found: Tensor = _Rounding.apply(x, scale, low, high)  # type: ignore[no-untyped-call]
    return found


class _Rounding(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, low: int, high: int) -> Tensor:
        steps = x / scale
        ctx.save_for_backward(steps, scale)
        ctx.ends = low, high
        return steps.round().clamp_(low, high) * scale

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None, None]:
        steps, scale = ctx.saved_tensors
        inside = (steps >= ctx.ends[0]) & (steps <= ctx.ends[1])
        return grad * inside, by_scale(grad, steps, scale, ctx.ends), None, None


class _Learnt(torch.autograd.Function):
    """What was rounded, as it is; its scale learns from a part of the batch, which is cheaper."""

    @staticmethod
    def forward(ctx: Any, made: Tensor, x: Tensor, scale: Tensor, low: int, high: int) -> Tensor:
        ctx.save_for_backward(x[: -(-len(x) // LEARNT_FROM)], scale)
        ctx.ends = low, high
        return made.view_as(made)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, Tensor, None, None]:
        x, scale = ctx.saved_tensors
        learnt = by_scale(grad[: len(x)], x / scale, scale, ctx.ends)
        return grad, None, learnt * (len(grad) / len(x)), None, None


def by_scale(grad: Tensor, steps: Tensor, scale: Tensor, ends: tuple[int, int]) -> Tensor:
    """The gradient of LSQ: a rounding error; of what is clipped the end, which the scale moves."""
    low, high = ends
    inside = (steps >= low) & (steps <= high)
    moved = steps.round().clamp_(low, high) - steps * inside
    # As many numbers as share a scale would else drive it that much harder.
    share = 1 / math.sqrt(steps.numel() / scale.numel() * max(1, high))
    return (grad * moved).sum_to_size(scale.shape) * share


def _conv(net: AwareNetwork, node: Node, layer: Weighted, x: Tensor) -> Tensor:
    surplus: Any = layer.surplus
    if any(surplus):
        x = functional.pad(x, surplus)
    weight, bias = net.linear(node, layer)
    linear = layer.linear
    assert isinstance(linear, nn.Conv2d)
    made = functional.conv2d(
        x, weight, bias, linear.stride, linear.padding, linear.dilation, linear.groups
    )
    return net.rounded(node, layer.act(made))


def _dense(net: AwareNetwork, node: Node, layer: DenseLayer, x: Tensor) -> Tensor:
    made = functional.linear(layer.dropped(x), *net.linear(node, layer))
    return net.rounded(node, layer.act(made))


def _moved(net: AwareNetwork, node: Node, layer: nn.Module, *inputs: Tensor) -> Tensor:
    """Of a node that moves integers as they are."""
    made: Tensor = layer(*inputs)
    return made


def _rescaled(net: AwareNetwork, node: Node, layer: nn.Module, *inputs: Tensor) -> Tensor:
    return net.rounded(node, layer(*inputs))


RUN: Mapping[type[Node], Callable[..., Tensor]] = {
    Conv2d: _conv,
    DepthwiseConv2d: _conv,
    Dense: _dense,
    MaxPool: _moved,
    AvgPool: _rescaled,
    GlobalAvgPool: _rescaled,
    Pad: _moved,
    Gather: _moved,
    Add: _rescaled,
    Concat: _moved,
    Flatten: _moved,
}
