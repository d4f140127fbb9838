"""Checks the lines of an exported study before anything of it is stored."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import ValidationError

from optimizer.errors import InvalidPoint, OptimizerError
from optimizer.problem import Problem
from optimizer.scale import Scale
from service import definitions
from service.api.schemas.body import Body
from service.api.validation import message_of, path_of
from service.errors import ImportRefused, InvalidDefinition
from service.states import CONFIRM, OPEN, Status
from service.transfer.records import EndRecord, HypervolumeRecord, StudyRecord, TrialRecord

Record = TypeVar("Record", bound=Body)
# A trial of a network with its curve has some kB; one line never fills the memory.
LINE_BYTES = 2**23


@dataclass(slots=True)
class Checked:
    """What the lines of a file say as a whole; the trials themselves are read again."""

    study: StudyRecord
    prepared: definitions.Prepared
    problem: Problem  # with the scales of the file
    hypervolume: list[HypervolumeRecord] = field(default_factory=list)


def check(lines: Iterable[bytes], name: str | None) -> Checked:
    """Check all lines of a file.

    Args:
        name: the study's name here; None for the one in the file.

    Raises:
        ImportRefused: with the number of the line and the path in it.
    """
    numbered = enumerate(lines, 1)
    first = next(numbered, None)
    if first is None:
        raise ImportRefused(1, None, "the file is empty")
    if kind_of(*first) != "study":
        raise ImportRefused(1, "record", f"need study first, got {kind_of(*first)!r}")
    checked = _begin(_record(1, first[1], StudyRecord), name)
    book, last = _Book(checked), 1
    for last, line in numbered:
        book.take(last, line)
    if not book.ended:
        raise ImportRefused(last + 1, None, "the file breaks off: its last line is missing")
    return checked


def kind_of(at: int, line: bytes) -> str:
    """Return what a line holds."""
    value = read_json(at, line)
    return str(value.get("record"))


def read_json(at: int, line: bytes) -> dict[str, Any]:
    """Return the object on a line.

    Raises:
        ImportRefused: it holds none.
    """
    if len(line) > LINE_BYTES:
        raise ImportRefused(at, None, f"the line is longer than {LINE_BYTES} bytes")
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ImportRefused(at, None, f"no JSON: {error}") from None
    if not isinstance(value, dict):
        raise ImportRefused(at, None, "need a JSON object")
    return value


def _record(at: int, line: bytes, kind: type[Record]) -> Record:
    try:
        return kind.model_validate(read_json(at, line))
    except ValidationError as error:
        first = error.errors()[0]
        # As a location in a body, which begins with the word `body`.
        told = {**first, "loc": ("body", *first["loc"])}
        raise ImportRefused(at, path_of(told), message_of(told)) from None


def _begin(study: StudyRecord, name: str | None) -> Checked:
    definition = study.definition.model_dump()
    if name is not None:
        definition["name"] = name
    facts = None if study.data is None else study.data.model_dump()

    def facts_of(wanted: str) -> definitions.Facts:
        if facts is None or facts["name"] != wanted:
            raise InvalidDefinition("data", f"data: the file does not describe {wanted!r}")
        return facts

    try:
        prepared = definitions.prepare(definition, facts_of)
        scales = {each: Scale(**scale.model_dump()) for each, scale in study.scales.items()}
        problem = prepared.problem.with_scales(scales)
    except InvalidDefinition as error:
        raise ImportRefused(1, f"definition.{error.field}", str(error)) from error
    except OptimizerError as error:
        raise ImportRefused(1, f"scales.{error.field}", str(error)) from error
    return Checked(study, prepared, problem)


class _Book:
    """What the trials of a file may not say twice, and what they say of each other."""

    def __init__(self, checked: Checked) -> None:
        self.ended = False
        self._checked = checked
        self._numbers: set[int] = set()
        self._keys: set[tuple[str, str, int]] = set()
        self._places: set[int] = set()

    def take(self, at: int, line: bytes) -> None:
        """Check one line behind the first.

        Raises:
            ImportRefused: it is none that may stand here.
        """
        if self.ended:
            raise ImportRefused(at, None, "nothing may follow the last line")
        kind = kind_of(at, line)
        if kind == "trial":
            self._enter(at, _record(at, line, TrialRecord))
        elif kind == "hypervolume":
            self._checked.hypervolume.append(_record(at, line, HypervolumeRecord))
        elif kind == "end":
            self._end(at, _record(at, line, EndRecord))
        else:
            raise ImportRefused(at, "record", f"need trial, hypervolume or end, got {kind!r}")

    def _enter(self, at: int, trial: TrialRecord) -> None:
        for path, fault in self._faults(trial):
            raise ImportRefused(at, path, fault)
        try:
            self._checked.problem.space.validate(trial.point)
        except InvalidPoint as error:
            raise ImportRefused(at, f"point.{error.field}", str(error)) from error
        if self._checked.problem.space.key(trial.point) != trial.key:
            raise ImportRefused(at, "key", "this is not the key of the point")
        self._numbers.add(trial.number)
        self._keys.add((trial.key, trial.purpose, trial.replicate))
        if trial.finish_no is not None:
            self._places.add(trial.finish_no)

    def _end(self, at: int, end: EndRecord) -> None:
        if end.trials != len(self._numbers):
            found = len(self._numbers)
            raise ImportRefused(at, "trials", f"{end.trials} were written, {found} are here")
        self.ended = True

    def _faults(self, trial: TrialRecord) -> list[tuple[str, str]]:
        status = Status(trial.status)
        study = self._checked.study
        identity = (trial.key, trial.purpose, trial.replicate)
        finished = status not in OPEN
        tries = [each.number for each in trial.tries]
        rules = {
            "number": trial.number in self._numbers or trial.number > study.last_number,
            "key": identity in self._keys,
            "status": status is Status.RUNNING,
            "finished_at": finished is (trial.finished_at is None),
            "finish_no": trial.finish_no in self._places
            or (trial.finish_no or 0) > study.finish_no
            or (trial.finish_no is not None and (not finished or status is Status.CANCELLED)),
            "on_front": trial.on_front
            and not (status is Status.COMPLETED and trial.feasible is True),
            "failed_through": trial.failed_through is not None and status is not Status.FAILED,
            "confirms": (trial.purpose == CONFIRM) is (trial.confirms is None)
            or (trial.confirms is not None and trial.confirms not in self._numbers)
            or (trial.confirms is not None and (trial.finish_no is not None or trial.on_front)),
            "parent": trial.parent is not None and trial.parent not in self._numbers,
            "tries": len(set(tries)) < len(tries)
            or max(tries, default=0) > trial.attempts
            or sum(each.counts for each in trial.tries) > 1,
        }
        return [
            (path, "does not fit what the file says elsewhere") for path in rules if rules[path]
        ]
