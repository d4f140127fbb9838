"""Watch a study and say when its front becomes better: `python examples/watch.py NAME`.

Leaving it by Ctrl-C does not stop the study.
"""

import sys

from tinyfront import Client, NotFound

if len(sys.argv) != 2:
    sys.exit("Which study? python examples/watch.py NAME")
try:
    study = Client().study(sys.argv[1])
except NotFound as error:
    sys.exit(str(error))
best = 0.0
for state in study.watch():
    volume = state.hypervolume or 0.0
    if volume > best:
        best = volume
        told = f"{state.finished} of {state.trials}: front {state.front_size}"
        print(f"{told}, hypervolume {volume:.4g}")
print(study.front())
