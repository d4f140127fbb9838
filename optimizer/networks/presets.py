"""The kinds of space: ranges of one genotype.

`tiny` is our own; it holds what makes up the other two. `sparse` and `munas` are what two papers
searched, as far as it is known. A study may override each range.
"""

from collections.abc import Mapping
from typing import Any

from optimizer.networks.ranges import Ranges

# SpArSe (Fedorov et al. 2019). Its appendix with the ranges could not be had: what is there
# follows the paper as others describe it, how far it goes mostly SpArSeMod, a re-implementation.
_SPARSE = Ranges(
    # The input may be made smaller (paper). By up to 4, SpArSeMod; the published network sees
    # 9 x 9 of 28 x 28.
    shrink=(1.0, 4.0),
    grey=(False,),
    blocks=(1, 2),  # SpArSeMod
    layers=(1, 3),  # SpArSeMod
    kinds=("conv", "separable", "downsampled"),  # paper
    kernels=(2, 3, 4, 5),  # SpArSeMod
    filters=(1, 100),  # SpArSeMod
    strides=(1,),  # maps shrink by pools alone
    # Each of these on or off per layer (paper). SpArSeMod's pools have windows of 2 to 4, ours of
    # 2; the pool of the next layer doubles it.
    pre_pool=(False, True),
    batch_norm=(False, True),
    relu=(False, True),
    paddings=("same", "valid"),  # of each layer its own (paper)
    expansion=(1, 2),  # the 1 x 1 convolution takes away up to half of the channels: SpArSeMod
    joins=("none", "skip"),  # a residual link over a pair of convolutions (paper)
    exits=("none", "flat"),  # a dense layer of its own behind each block (paper, after Bonsai)
    # SpArSeMod's head has a global pool or none; a 2 x 2 max pool is in a published network.
    last_pools=("none", "max", "global"),
    windows=(2, 3, 4),  # SpArSeMod's rate of pools
    dense_layers=(0, 2),  # SpArSeMod
    units=(10, 200),  # SpArSeMod
    dropout=(0.0, 0.5),  # SpArSeMod's begins at 0.1; the published network needs none
    # Unstructured by variational dropout, structured by Bayesian compression, the inputs of dense
    # layers in the published network (paper); SpArSeMod prunes weights by their magnitude.
    pruning_scopes=("none", "channels", "inputs", "both", "weights"),
    pruning_methods=("magnitude", "variational", "bayesian"),
    pruning_targets=(0.05, 0.9),  # SpArSeMod
    learning_rate=(1e-4, 1e-2),  # SpArSeMod
    batch_sizes=(2, 4, 8, 16, 32, 64, 128),  # SpArSeMod; open where the recipe leaves it open
)

# uNAS (Liberis et al. 2021), from its published code. Not taken over: its random start never drew
# the upper ends.
_MUNAS = Ranges(
    shrink=(1.0, 1.0),
    grey=(False,),
    blocks=(1, 10),
    joins=("none", "parallel"),
    exits=("none",),
    layers=(1, 3),
    kinds=("conv", "conv1x1", "depthwise"),
    kernels=(3, 5, 7),
    rectangular=False,
    filters=(1, 128),
    strides=(1, 2),
    pre_pool=(False, True),
    batch_norm=(False, True),
    relu=(False, True),
    paddings=("valid",),
    expansion=(1, 1),  # no kind of layer has one
    last_pools=("none", "avg", "max"),
    windows=(2, 4, 6),
    dense_layers=(1, 3),
    units=(10, 256),
    dropout=(0.0, 0.0),  # 0 or 0.15, fixed for a run: a study sets it in its recipe
    # A gene of its own in the runs that prune. Its structured runs had 0.05-0.9 at the widest, the
    # unstructured ones (scope weights) 0.1-0.98.
    pruning_scopes=("none", "channels"),
    pruning_methods=("feedback",),
    pruning_targets=(0.05, 0.9),
    pruning_epochs=(0.1, 0.6),  # on MNIST epochs 3 to 18 of 30; other tasks begin later
)

PRESETS: Mapping[str, Ranges] = {"tiny": Ranges(), "sparse": _SPARSE, "munas": _MUNAS}


def ranges_of(data: Mapping[str, Any]) -> Ranges:
    """The ranges of a study's `space`: those of its kind with the study's changes."""
    return Ranges.from_json(data, PRESETS[data["kind"]])
