"""The `.onnx` file of an int8 graph: the same integers, as floats that are rounded to them."""

from worker.deploy.errors import InvalidInt8Graph
from worker.deploy.onnx.builder import Builder
from worker.deploy.onnx.operators import write
from worker.deploy.record import Int8Graph

MOST_BYTES = 2**31 - 2**20  # of weights and biases: no file may have 2 GiB


def onnx_file(record: Int8Graph) -> bytes:
    """The file; equal graphs give equal bytes.

    `input` is a batch of any size of samples behind the sensor, 32-bit floats, channels first;
    `output` is the answers, 32-bit floats. Right behind the one and in front of the other they are
    int8. Weights of 4 bits are stored as bytes.
    """
    parts = record.kernels.values()
    size_bytes = sum(part.weights.nbytes + part.bias.nbytes for part in parts)
    if size_bytes > MOST_BYTES:
        need = f"need at most {MOST_BYTES:,} B of weights for a .onnx file"
        raise InvalidInt8Graph("kernels", f"{need}, got {size_bytes:,} B.")
    builder = Builder(record)
    for node in record.graph.nodes:
        write(builder, node)
    return builder.file()
