"""Networks as integers in C, on this machine and on emulated boards."""
