"""The life of a trial is a table."""

import pytest

from service.errors import IllegalMove
from service.states import FINISHED, NEXT, OPEN, Status, check_move


def test_every_status_has_its_moves() -> None:
    assert set(NEXT) == set(Status)


def test_a_trial_is_open_or_finished_or_cancelled() -> None:
    assert OPEN | FINISHED | {Status.CANCELLED} == set(Status)
    assert not OPEN & FINISHED


def test_nothing_follows_a_result() -> None:
    ends = {status for status in Status if not NEXT[status]}
    assert ends == {Status.COMPLETED, Status.STOPPED, Status.INFEASIBLE, Status.CANCELLED}


def test_an_illegal_move_names_both_ends_and_what_is_allowed() -> None:
    with pytest.raises(IllegalMove, match=r"failed trial cannot become running.*completed"):
        check_move(Status.FAILED, Status.RUNNING)
    check_move(Status.QUEUED, Status.RUNNING)
