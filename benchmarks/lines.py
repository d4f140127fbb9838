"""Finished runs, one JSON line each: a benchmark that was killed goes on where it was."""

import fcntl
import json
import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.pools import pool

Json = dict[str, Any]


class Lines:
    """The finished runs of a benchmark, found again by the values of some fields."""

    def __init__(self, path: Path, key: Sequence[str]) -> None:
        self._path, self._key = path, tuple(key)

    def read(self) -> list[Json]:
        """Every line; one that a kill cut short is not there, and of a run only its first."""
        if not self._path.exists():
            return []
        found: dict[tuple[Hashable, ...], Json] = {}
        for text in self._path.read_text().splitlines():
            try:
                line = json.loads(text)
            except json.JSONDecodeError:
                continue
            found.setdefault(self.key(line), line)
        return list(found.values())

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
        with self._path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # runs in several processes share a log
            # A line that a kill cut short must not take this one along.
            torn = file.seek(0, os.SEEK_END) > 0 and _last_byte(file.fileno()) != b"\n"
            file.write(b"\n" * torn + json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def held(self, wait: bool = False) -> Iterator[None]:
        """Keep all other processes from this log until the block ends, or this process does.

        Args:
            wait: for the process that has it; otherwise that is an error.

        Raises:
            RuntimeError: another process has it.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                message = f"{self._path}: another process writes it; let that one end first"
                raise RuntimeError(message) from None
            yield


def _last_byte(file: int) -> bytes:
    return os.pread(file, 1, os.fstat(file).st_size - 1)


def keep(path: Path, value: Any) -> None:
    """Write a JSON value, whole or not at all, and on disk before this returns."""
    keep_bytes(path, json.dumps(value).encode())


def keep_bytes(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all: nobody reads half of it, whoever else writes it too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{os.getpid()}.new")
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
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

    Raises:
        ExceptionGroup: what the runs raised that failed, once all others have ended and are kept.
    """
    todo = lines.missing(wanted)
    failed: list[BaseException] = []
    with pool(processes) as workers:
        running = {workers.submit(run, fields): fields for fields in todo}
        for number, done in enumerate(as_completed(running), 1):
            error = done.exception()
            if error is None:
                lines.append(done.result())
                print(f"{number}/{len(todo)} {json.dumps(done.result())}", flush=True)
            else:
                error.add_note(f"run: {json.dumps(running[done])}")
                failed.append(error)
                print(f"{number}/{len(todo)} failed: {running[done]}: {error!r}", flush=True)
    if failed:
        names = "; ".join(error.__notes__[-1] for error in failed)
        raise BaseExceptionGroup(f"{len(failed)} of {len(todo)} runs failed: {names}", failed)
