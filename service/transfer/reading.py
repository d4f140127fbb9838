"""Checks the lines of an exported study before anything of it is stored."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from pydantic import ValidationError

from optimizer.errors import InvalidSpace, OptimizerError
from optimizer.networks.formulas import read_formulas
from optimizer.networks.space import NetworkSpace
from optimizer.problem import Problem
from optimizer.scale import Scale
from service import definitions, earlier
from service.api.schemas.body import Body
from service.api.validation import message_of, path_of
from service.errors import ImportRefused, InvalidDefinition
from service.transfer.records import EndRecord, HypervolumeRecord, StudyRecord, TrialRecord
from service.transfer.rules import ELSEWHERE, Trials
from service.work import Common

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
    if facts is not None and facts["problem"] is not None:
        raise ImportRefused(1, "data.problem", "no study is of data that cannot be used")

    def facts_of(wanted: str) -> definitions.Facts:
        if facts is None or facts["name"] != wanted:
            raise InvalidDefinition("data", f"data: the file does not describe {wanted!r}")
        return facts

    try:
        prepared = definitions.prepare(earlier.complete(definition), facts_of)
        scales = {each: Scale(**scale.model_dump()) for each, scale in study.scales.items()}
        problem = _as_counted(prepared.problem, study.instructions).with_scales(scales)
    except InvalidDefinition as error:
        raise ImportRefused(1, f"definition.{error.field}", str(error)) from error
    except OptimizerError as error:
        raise ImportRefused(1, f"scales.{error.field}", str(error)) from error
    return Checked(study, prepared, problem)


def _as_counted(problem: Problem, costs: Mapping[str, Any] | None) -> Problem:
    """The problem with the costs of instructions that its study began with."""
    space = problem.space
    if costs is None or not isinstance(space, NetworkSpace):
        return problem
    try:
        formulas = read_formulas(costs)
    except InvalidSpace as error:
        raise ImportRefused(1, error.field, str(error)) from error
    return replace(problem, space=replace(space, formulas=formulas))


class _Book:
    """What the lines of a file may not say twice, and what they say of each other."""

    def __init__(self, checked: Checked) -> None:
        self.ended = False
        self._checked = checked
        prepared = checked.prepared
        common = Common(checked.problem, prepared.data, prepared.definition["binary"])
        self._trials = Trials(checked.study, common, prepared.kind)
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
            self._trials.enter(at, _record(at, line, TrialRecord))
        elif kind == "hypervolume":
            self._measure(at, _record(at, line, HypervolumeRecord))
        elif kind == "end":
            self._trials.end(at, _record(at, line, EndRecord).trials)
            self.ended = True
        else:
            raise ImportRefused(at, "record", f"need trial, hypervolume or end, got {kind!r}")

    def _measure(self, at: int, point: HypervolumeRecord) -> None:
        if point.finish_no in self._places or point.finish_no > self._checked.study.finish_no:
            raise ImportRefused(at, "finish_no", ELSEWHERE)
        self._places.add(point.finish_no)
        self._checked.hypervolume.append(point)
