"""An int8 graph as a C99 project: one static arena, kernels folded into each layer, no library."""
