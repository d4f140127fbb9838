"""Which of several requests for the same is the newest."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager


class Newest:
    """The newest requests of a process: who got no answer in time asks again under the same id.

    Only in the loop of the server.
    """

    def __init__(self) -> None:
        self._requests: dict[Hashable, object] = {}

    @contextmanager
    def asking(self, key: Hashable) -> Iterator[Callable[[], bool]]:
        """Be the newest that asks for `key`; tells whether none has come since."""
        me = object()
        self._requests[key] = me
        try:
            yield lambda: self._requests.get(key) is me
        finally:
            if self._requests.get(key) is me:
                del self._requests[key]
