"""Look at a study until it has ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from tinyfront.calls import PATIENCE_FOR_RESULTS_S
from tinyfront.errors import ServerUnreachable, Unavailable, WaitTimeout
from tinyfront.progress import Display
from tinyfront.records import StudyState

SECONDS_BETWEEN_LOOKS = 1.0


def looks(
    state: StudyState,
    look: Callable[[], StudyState],
    pause: Callable[[float], None],
    timeout_s: float | None,
    shown: Display,
) -> Iterator[StudyState]:
    """Look until the study has ended, from a state on; a server that is away is waited for.

    Raises:
        WaitTimeout: it has not ended in time.
        ServerUnreachable, Unavailable: the server has been away for ten minutes.
    """
    started = answered_at = time.monotonic()
    while True:
        try:
            state = look()
        except (ServerUnreachable, Unavailable) as error:
            if time.monotonic() - answered_at > PATIENCE_FOR_RESULTS_S:
                raise
            shown.away(str(error))
        else:
            answered_at = time.monotonic()
            shown.update(state)
            yield state
            if state.status == "ended":
                return
        if timeout_s is not None and time.monotonic() - started >= timeout_s:
            raise WaitTimeout(state.name, timeout_s, state.finished, state.trials)
        pause(SECONDS_BETWEEN_LOOKS)
