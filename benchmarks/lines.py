"""Finished runs, one JSON line each: a benchmark that was killed goes on where it was."""

import json
import multiprocessing
import os
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

Json = dict[str, Any]


class Lines:
    """The finished runs of a benchmark, found again by the values of some fields."""

    def __init__(self, path: Path, key: Sequence[str]) -> None:
        self._path, self._key = path, tuple(key)

    def read(self) -> list[Json]:
        """Every line; one that a kill cut short is not there."""
        if not self._path.exists():
            return []
        found = []
        for line in self._path.read_text().splitlines():
            try:
                found.append(json.loads(line))
            except json.JSONDecodeError:
                continue
        return found

    def key(self, line: Json) -> tuple[Hashable, ...]:
        """What makes a run this run and no other."""
        return tuple(line[name] for name in self._key)

    def missing(self, wanted: Iterable[Json]) -> list[Json]:
        """Those runs that have no line yet."""
        done = {self.key(line) for line in self.read()}
        return [run for run in wanted if self.key(run) not in done]

    def append(self, line: Json) -> None:
        """Write one line, whole and on disk before this returns."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # A line that a kill cut short must not take this one along.
        torn = self._path.exists() and self._path.read_bytes()[-1:] not in (b"", b"\n")
        with self._path.open("a") as file:
            file.write("\n" * torn + json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())


def keep(path: Path, value: Any) -> None:
    """Write a JSON value, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".new")
    aside.write_text(json.dumps(value))
    aside.replace(path)


def finish(
    lines: Lines, wanted: Iterable[Json], run: Callable[[Json], Json], processes: int
) -> None:
    """Run what is missing, each in a process of one thread, and keep each line as it ends.

    Args:
        lines: where finished runs are kept.
        wanted: the fields that name each run.
        run: takes such fields and returns the whole line; at the top level of its module.
        processes: how many at once.
    """
    todo = lines.missing(wanted)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        running = [pool.submit(run, fields) for fields in todo]
        for number, done in enumerate(as_completed(running), 1):
            line = done.result()
            lines.append(line)
            print(f"{number}/{len(todo)} {json.dumps(line)}", flush=True)
