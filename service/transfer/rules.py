"""What the trials of a file may not say twice, and what they say of the study and of each other."""

import json
import math
from collections.abc import Iterator
from typing import Any

from optimizer.errors import InvalidPoint
from optimizer.problem import Problem
from service import needs
from service.definitions import first_difference
from service.errors import ImportRefused
from service.states import CONFIRM, FINISHED, OPEN, SEARCH, Kind, Status
from service.transfer.records import StudyRecord, TrialRecord
from service.trial_lists import WITH_RESULT
from service.work import CONFIRMED, Common

Fault = tuple[str, str]  # the path in the line, and what is wrong there
# Figures are computed again; a black box may use functions that each system rounds its own way.
NEAR = 1e-9
ELSEWHERE = "does not fit what the file says elsewhere"


class Trials:
    """The trials of a file as far as they were read.

    The ledger and the answers to clients rely on what is asked here: nothing that our own code
    could not have written comes in.
    """

    def __init__(self, study: StudyRecord, common: Common, kind: Kind) -> None:
        self._study = study
        self._common = common
        self._kind = kind
        self._numbers: set[int] = set()
        self._completed: dict[int, str] = {}  # their keys
        self._identities: set[tuple[str, str, int]] = set()
        self._places: set[int] = set()
        self._front_size = 0

    @property
    def _problem(self) -> Problem:
        return self._common.problem

    def enter(self, at: int, trial: TrialRecord) -> None:
        """Take the trial on a line.

        Raises:
            ImportRefused: it is none that may stand here.
        """
        try:
            self._problem.space.validate(trial.point)
        except InvalidPoint as error:
            raise ImportRefused(at, f"point.{error.field}", str(error)) from error
        for path, fault in self._faults(trial):
            raise ImportRefused(at, path, fault)
        self._numbers.add(trial.number)
        self._identities.add((trial.key, trial.purpose, trial.replicate))
        if trial.finish_no is not None:
            self._places.add(trial.finish_no)
        if trial.purpose == SEARCH and Status(trial.status) is Status.COMPLETED:
            self._completed[trial.number] = trial.key
        self._front_size += trial.on_front

    def end(self, at: int, count: int) -> None:
        """Compare with what was counted when the file was written.

        Raises:
            ImportRefused: trials are missing, or were added.
        """
        counted = (
            (at, "trials", count, len(self._numbers)),
            (1, "finish_no", self._study.finish_no, len(self._places)),
            (1, "front_size", self._study.front_size, self._front_size),
        )
        for line, path, told, found in counted:
            if told != found:
                raise ImportRefused(line, path, f"{told} were written, {found} are here")

    def _faults(self, trial: TrialRecord) -> Iterator[Fault]:
        rules = {**self._identity(trial), **_ending(trial), **self._ledger(trial)}
        yield from ((path, ELSEWHERE) for path, broken in rules.items() if broken)
        if trial.key != self._problem.space.key(trial.point):
            yield "key", "this is not the key of the point"
        yield from _tries(trial)
        yield from self._known(trial)
        yield from self._work(trial)
        yield from self._values(trial)

    def _identity(self, trial: TrialRecord) -> dict[str, bool]:
        confirms = trial.purpose == CONFIRM
        # A parameter of a black box may have this name, too.
        gene = trial.point.get("parent") if self._kind is Kind.NETWORK else None
        parent_key = self._completed.get(trial.parent or 0)
        return {
            "number": trial.number in self._numbers or trial.number > self._study.last_number,
            "key": (trial.key, trial.purpose, trial.replicate) in self._identities,
            "purpose": confirms and self._kind is not Kind.NETWORK,
            "confirms": confirms is (trial.confirms is None)
            or (trial.confirms is not None and trial.confirms not in self._completed),
            "parent": (trial.parent is not None and parent_key is None)
            or (trial.parent is not None and self._kind is not Kind.NETWORK)
            or (gene is not None and gene["key"] != parent_key),
        }

    def _ledger(self, trial: TrialRecord) -> dict[str, bool]:
        """What the ledger writes; it has not entered all that has finished."""
        status, place = Status(trial.status), trial.finish_no
        entered = trial.entered_at is not None
        ranks = status in FINISHED and trial.purpose == SEARCH
        judged = ranks and status is Status.COMPLETED and entered
        return {
            "finish_no": place in self._places
            or (place or 0) > self._study.finish_no
            or (place is not None and not ranks)
            or (place is None and ranks and entered),
            "verification": trial.verification is not None and status not in WITH_RESULT,
            # A late result keeps the place that the trial got when it failed.
            "entered_at": (entered and status in OPEN)
            or (place is not None and not entered and status not in WITH_RESULT),
            "feasible": judged is (trial.feasible is None),
            "on_front": trial.on_front and trial.feasible is not True,
        }

    def _known(self, trial: TrialRecord) -> Iterator[Fault]:
        figures = self._problem.space.figures(trial.point)
        for judge in self._problem.judges:
            if judge.name in figures and judge.name not in trial.known:
                yield f"known.{judge.name}", "is missing"
        for name, value in trial.known.items():
            if name not in figures:
                yield f"known.{name}", "the point has no such figure"
            elif not math.isclose(value, figures[name], rel_tol=NEAR):
                yield f"known.{name}", f"the point gives {figures[name]!r}, got {value!r}"

    def _work(self, trial: TrialRecord) -> Iterator[Fault]:
        made = self._common.work(
            trial.number, trial.point, trial.known, trial.purpose, trial.replicate
        )
        told = trial.work
        if trial.parent is not None:  # where its files are is said anew
            made, told = ({**each, "parent": None} for each in (made, told))
        # As texts, since True, 1 and 1.0 are equal otherwise.
        if _text(made) != _text(told):
            path = first_difference(json.loads(_text(made)), told)
            yield f"work.{path}" if path else "work", "is not what the point gives"

    def _values(self, trial: TrialRecord) -> Iterator[Fault]:
        if Status(trial.status) not in WITH_RESULT:
            if trial.values:
                yield "values", f"a trial that is {trial.status} has none"
            return
        measured = self._problem.reported if trial.purpose == SEARCH else CONFIRMED
        for name in (*self._problem.names, *measured):
            if name not in trial.values:
                yield f"values.{name}", f"a trial that is {trial.status} has this value"
        if not needs.of(trial.work) & needs.PRUNING:
            for name, value in trial.known.items():
                if not math.isclose(trial.values.get(name, value), value, rel_tol=NEAR):
                    yield f"values.{name}", f"is known from the point as {value!r}"


def _ending(trial: TrialRecord) -> dict[str, bool]:
    status = Status(trial.status)
    return {
        "status": status is Status.RUNNING,
        "finished_at": (status in OPEN) is (trial.finished_at is not None),
        "failed_through": trial.failed_through is not None and status is not Status.FAILED,
    }


def _tries(trial: TrialRecord) -> Iterator[Fault]:
    numbers = [each.number for each in trial.tries]
    counting = sum(each.counts for each in trial.tries)
    if (
        len(set(numbers)) < len(numbers)
        or max(numbers, default=0) > trial.attempts
        or counting > (Status(trial.status) in FINISHED)
    ):
        yield "tries", ELSEWHERE
    for at, each in enumerate(trial.tries):
        steps: set[int] = set()
        for place, report in enumerate(each.reports):
            if report.step in steps:
                yield f"tries.{at}.reports.{place}.step", "this step was reported before"
            steps.add(report.step)


def _text(work: Any) -> str:
    return json.dumps(work, sort_keys=True)
