"""An int8 graph as a `.onnx` file in QDQ form, written with the package onnx."""
