"""Slows wrong keys down by address: ten at once, then one every six seconds."""

import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network

AT_ONCE = 10
EVERY_S = 6.0
MOST_ADDRESSES = 10_000


class Slowdown:
    """Counts failures per address in bounded memory. It never sleeps: it says how long to wait."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        # By address, the time until which its failures are remembered: `EVERY_S` for each.
        self._until_s: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._until_s)

    def wait_s(self, address: str) -> float:
        """Return how long an address must wait before its next try; 0 if it need not."""
        left_s = self._until_s.get(_neighbourhood(address), 0.0) - self._clock_s()
        return max(0.0, left_s - (AT_ONCE - 1) * EVERY_S)

    def failed(self, address: str) -> None:
        """Note a failure."""
        place, now_s = _neighbourhood(address), self._clock_s()
        self._until_s[place] = max(self._until_s.get(place, now_s), now_s) + EVERY_S
        self._until_s.move_to_end(place)
        # The one that failed longest ago goes first.
        while len(self._until_s) > MOST_ADDRESSES:
            self._until_s.popitem(last=False)


def _neighbourhood(address: str) -> str:
    """Return what is counted: of IPv6 the network, of which one household has 2**64 addresses."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, 64), strict=False))
    return address
