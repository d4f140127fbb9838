"""An int8 graph as a `.tflite` file, written with TensorFlow Lite's own schema."""
