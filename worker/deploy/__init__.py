"""Int8 networks: folded, calibrated, quantised, simulated exactly, written as `.tflite`, checked.

Stands alone: it reads a graph and tensors and knows nothing of training.
"""
