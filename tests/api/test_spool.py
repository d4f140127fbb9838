"""What is made in a thread and sent as slowly as its reader takes it."""

import threading
from collections.abc import Generator, Iterator

import pytest

from service.api.spool import spooled


class Maker:
    """Makes pieces up to an end, if there is one; `ended` is set when it was closed."""

    def __init__(self, error: Exception | None = None, count: int | None = 100) -> None:
        self.ended = threading.Event()
        self._error, self._count = error, count

    def pieces(self) -> Generator[bytes]:
        try:
            for piece in self._numbers():
                yield b"%d\n" % piece
            if self._error is not None:
                raise self._error
        finally:
            self.ended.set()

    def _numbers(self) -> Iterator[int]:
        number = 0
        while number != self._count:
            yield number
            number += 1


def test_all_that_is_made_is_taken_in_its_order() -> None:
    assert b"".join(spooled(Maker().pieces())) == b"".join(Maker().pieces())


def test_whoever_makes_it_does_not_wait_for_whoever_takes_it() -> None:
    maker = Maker()
    taken = spooled(maker.pieces())
    assert next(taken) == b"0\n"
    assert maker.ended.wait(10)
    assert list(taken) == [b"%d\n" % number for number in range(1, 100)]


def test_an_error_comes_behind_what_was_made_before_it() -> None:
    taken = spooled(Maker(LookupError("away"), count=1).pieces())
    assert next(taken) == b"0\n"
    with pytest.raises(LookupError, match="away"):
        next(taken)


def test_nothing_more_is_made_for_a_reader_that_has_gone() -> None:
    maker = Maker(count=None)
    taken = spooled(maker.pieces())
    next(taken)
    taken.close()
    assert maker.ended.wait(10)
