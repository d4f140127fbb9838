"""Trained weights as a safetensors file: numbers only, nothing that could run."""

from safetensors.torch import save
from torch import Tensor

from worker.network import Network


def weights(network: Network) -> dict[str, Tensor]:
    """All tensors of a network on the CPU, named `<node id>/<part>`.

    The input node has the mean and the deviation by which samples are normalised. Batch norm is
    not folded: who continues a training needs its parts.
    """
    parts = {network.graph.input.id: network.sensor} | network.layers
    return {
        f"{node_id}/{name}": tensor.detach().cpu().contiguous()
        for node_id, part in parts.items()
        for name, tensor in part.state_dict().items()
    }


def weights_file(network: Network) -> bytes:
    """The weights as the bytes of a safetensors file that also names its network."""
    # One entry: safetensors writes several in an order of chance, and equal weights shall be
    # equal bytes.
    return save(weights(network), metadata={"graph": network.graph.sha256()})
