"""Latency and power of three boards, as MicroNets (Banbury et al. 2021) measured them.

Whole networks with TensorFlow Lite Micro and CMSIS-NN. Latency is linear in operations within one
kind of network, with another slope for each kind and board: a network of inverted bottlenecks takes
about 1.8 times as long per operation as one of depthwise-separable blocks. Power is nearly the same
for all networks on a board, so energy is power times latency; the F767ZI's was not measured.

The lines are fits to their table 4, where 1 MAC is 2 operations. `error` is the largest deviation
among the networks that a line was fitted to, as a share of what was measured.
"""

from resource_models.coefficients import LatencyLine, Power

_MICRONETS = "MicroNets (2021), table 4"
_SEPARABLE = f"fit to the depthwise-separable networks (KWS, AD, DSCNN) of {_MICRONETS}"
_BOTTLENECK = f"fit to the inverted bottlenecks (VWW) of {_MICRONETS}"

F446_LATENCY = (
    LatencyLine("separable", 11.1, 62.0, _SEPARABLE, 7.1, networks=4, r2=0.983, error=0.075),
    LatencyLine(
        "bottleneck",
        16.8,
        92.0,
        f"through the two inverted bottlenecks (VWW) of {_MICRONETS} that were measured on this "
        "board, so its error is not known",
        5.3,
        networks=2,
    ),
)
F746_LATENCY = (
    LatencyLine("separable", 4.51, 36.0, _SEPARABLE, 7.1, networks=8, r2=0.998, error=0.173),
    LatencyLine("bottleneck", 8.05, 46.0, _BOTTLENECK, 5.3, networks=4, r2=0.992, error=0.128),
)
F767_LATENCY = (
    LatencyLine("separable", 4.34, 38.0, _SEPARABLE, 7.1, networks=9, r2=0.998, error=0.187),
    LatencyLine("bottleneck", 7.42, 55.0, _BOTTLENECK, 5.3, networks=4, r2=0.991, error=0.151),
)
F446_POWER = Power(161.0, f"energy / latency of {_MICRONETS}", networks=7, error=0.035)
F746_POWER = Power(444.0, f"energy / latency of {_MICRONETS}", networks=15, error=0.036)
