"""Time that was spent, whatever killed the process in between."""

import json
import time
from pathlib import Path

from benchmarks.lines import keep

# What it takes to kill trainings and to write down that a phase is over.
ENDING_S = 5.0


class Clock:
    """Seconds of a phase, added up over all processes that worked on it.

    Whoever waits ticks: what a killed process spent since its last tick is not counted.
    """

    def __init__(self, path: Path, phase: str, most_s: float) -> None:
        """Go on where the file says; `most_s` is what the phase may take."""
        self._path, self._phase, self._most_s = path, phase, most_s
        self._before_s = float(self._spent().get(phase, 0.0))
        self._begun_s = time.monotonic()

    def tick(self) -> None:
        """Write down what was spent."""
        keep(self._path, {**self._spent(), self._phase: self.spent_s})

    @property
    def spent_s(self) -> float:
        """What the phase took so far."""
        return self._before_s + time.monotonic() - self._begun_s

    @property
    def left_s(self) -> float:
        """What the phase may still work for, then end in time; negative when it is over."""
        return self._most_s - ENDING_S - self.spent_s

    def allows(self, usual_s: float) -> bool:
        """Whether something that takes so long would end in time."""
        return self.left_s > usual_s

    def _spent(self) -> dict[str, float]:
        return dict(json.loads(self._path.read_text())) if self._path.exists() else {}
