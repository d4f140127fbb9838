"""Networks of papers, as their tables describe them."""

from dataclasses import dataclass

from resource_models.graph import Graph
from resource_models.nodes import (
    Add,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    GlobalAvgPool,
    Input,
    Node,
    Pair,
)


@dataclass(frozen=True, slots=True)
class MicroNet:
    """One row of table 4 of MicroNets (2021) and the architecture of its appendix.

    `blocks` are depthwise-separable: filters and stride. Sizes in 1,000 bytes; latency in seconds
    on F446RE, F746ZG and F767ZI, where it was measured.
    """

    side: Pair
    kernel: Pair
    first: int
    blocks: tuple[Pair, ...]
    classes: int
    sram_kb: float
    flash_kb: float
    mops: float
    latency_s: tuple[float | None, float | None, float | None]

    def graph(self) -> Graph:
        nodes: list[Node] = [
            Input("x", (*self.side, 1)),
            Conv2d("c", ("x",), self.first, self.kernel, activation="relu"),
        ]
        for i, (filters, stride) in enumerate(self.blocks):
            last = nodes[-1].id
            nodes.append(
                DepthwiseConv2d(f"d{i}", (last,), (3, 3), (stride, stride), activation="relu")
            )
            nodes.append(Conv2d(f"p{i}", (f"d{i}",), filters, (1, 1), activation="relu"))
        nodes.append(GlobalAvgPool("pool", (nodes[-1].id,)))
        nodes.append(Dense("classes", ("pool",), self.classes))
        return Graph(tuple(nodes))


def _blocks(*filters: int, halved: tuple[int, ...] = (0,)) -> tuple[Pair, ...]:
    return tuple((width, 2 if i in halved else 1) for i, width in enumerate(filters))


KWS = ((49, 10), (10, 4))
AD = ((32, 32), (3, 3))

MICRONETS = {
    "KWS-L": MicroNet(
        *KWS,
        276,
        _blocks(248, 276, 276, 248, 248, 248, 248),
        12,
        208.8,
        612,
        129,
        (None, 0.610, 0.596),
    ),
    "KWS-M": MicroNet(
        *KWS, 140, _blocks(140, 140, 140, 112, 196), 12, 103.3, 163, 30.6, (0.426, 0.187, 0.181)
    ),
    "KWS-S": MicroNet(
        *KWS, 84, _blocks(112, 84, 84, 84, 196), 12, 53.2, 102, 16.4, (0.250, 0.109, 0.108)
    ),
    "AD-L": MicroNet(
        *AD,
        276,
        _blocks(248, 276, 276, 248, 248, halved=(0, 3, 4)),
        4,
        383.7,
        442,
        129,
        (None, None, 0.614),
    ),
    "AD-M": MicroNet(
        *AD,
        192,
        _blocks(276, 276, 276, 276, 276, halved=(0, 3, 4)),
        4,
        274.5,
        464,
        124.7,
        (None, 0.608, 0.567),
    ),
    "AD-S": MicroNet(
        *AD,
        72,
        _blocks(164, 220, 276, 276, halved=(0, 2, 3)),
        4,
        114.2,
        253,
        37.5,
        (0.457, 0.192, 0.194),
    ),
}

# (expansion, filters, blocks, stride of the first) of MobileNetV2 (Sandler et al. 2018).
STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def mobilenet_v2(side: int = 224) -> Graph:
    """MobileNetV2 of width 1; the last node of block i is named `p<i>`, or `s<i>` with a sum."""
    nodes: list[Node] = [
        Input("image", (side, side, 3)),
        Conv2d("stem", ("image",), 32, (3, 3), (2, 2), activation="relu6"),
    ]
    width, last, block = 32, "stem", 0
    for expansion, filters, count, stride in STAGES:
        for i in range(count):
            start = last
            if expansion > 1:
                nodes.append(
                    Conv2d(f"e{block}", (last,), expansion * width, (1, 1), activation="relu6")
                )
                last = f"e{block}"
            step = (stride, stride) if i == 0 else (1, 1)
            nodes.append(DepthwiseConv2d(f"d{block}", (last,), (3, 3), step, activation="relu6"))
            nodes.append(Conv2d(f"p{block}", (f"d{block}",), filters, (1, 1)))
            last = f"p{block}"
            if i:
                nodes.append(Add(f"s{block}", (start, last)))
                last = f"s{block}"
            width = filters
            block += 1
    nodes.append(Conv2d("head", (last,), 1280, (1, 1), activation="relu6"))
    nodes.append(GlobalAvgPool("pool", ("head",)))
    nodes.append(Dense("classes", ("pool",), 1000))
    return Graph(tuple(nodes))
