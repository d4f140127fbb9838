"""The classes that TensorFlow Lite generates from its schema.

They come with the package `tflite-micro`, whose import would load its interpreter, a native
library, too. The schema is one file beside it that needs nothing of that.
"""

import importlib.util
from pathlib import Path
from typing import Any

FILE = Path("tensorflow", "lite", "micro", "python", "schema_py_generated.py")


def _load() -> Any:
    package = importlib.util.find_spec("tflite_micro")
    if package is None or not package.submodule_search_locations:
        raise ImportError(
            "A .tflite file needs the package tflite-micro: pip install 'tinyfront-server[deploy]'."
        )
    path = Path(package.submodule_search_locations[0]) / FILE
    spec = importlib.util.spec_from_file_location("worker.deploy.tflite.schema_generated", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


schema: Any = _load()
