"""Train a kept network: `python examples/kept_network.py examples/networks/mnist_2730.json`.

Start `tinyfront-server serve` and a worker that holds the data set before.
"""

import json
import sys
from pathlib import Path

from tinyfront import Client, minimize

path = Path(sys.argv[1])
kept = json.loads(path.read_text())
study = Client().create_study(
    path.stem,
    data=kept["data"],
    space=kept["space"],
    training=kept["training"],
    objectives=[minimize("error"), minimize("model_size:sparse"), minimize("working_memory:wm2")],
    trials=1,
    designer="random",
)
trial = study.enqueue(kept["point"])
print(f"trial {trial.number} of {study.name}: {trial.values or trial.predicted_figures}")
study.wait(progress=True)
print(study.front())
