"""How many berths a fleet should have: soon more when trials wait, later fewer."""

from worker.fleet.plan import Plan

# A new worker takes some seconds until it claims; what waits meanwhile is not missing yet another.
GROW_EVERY_S = 10.0
# A study that thinks has an empty queue for a while; starting workers anew costs more than waiting.
REST_S = 60.0


class Growth:
    """Follows what waits, at most twice as many every ten seconds, fewer after a minute's rest."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._grown_at_s = -GROW_EVERY_S
        self._too_many_since_s: float | None = None

    def wanted(self, berths: int, waiting: int, busy: int, now_s: float) -> int:
        """How many berths there should be now.

        Args:
            berths: how many there are.
            waiting: trials that no worker has.
            busy: workers of this fleet that hold a trial.
            now_s: on any clock that never goes back.
        """
        needed = -(-(waiting + busy) // self._plan.slots)
        needed = min(max(needed, self._plan.least), self._plan.most)
        if needed >= berths:
            self._too_many_since_s = None
            return self._more(berths, needed, now_s)
        if self._too_many_since_s is None:
            self._too_many_since_s = now_s
        return needed if now_s - self._too_many_since_s >= REST_S else berths

    def _more(self, berths: int, needed: int, now_s: float) -> int:
        if needed == berths or now_s - self._grown_at_s < GROW_EVERY_S:
            return berths
        self._grown_at_s = now_s
        return min(needed, max(2 * berths, 1))
