"""The door: lets a request in by its key or its session, and slows down who has neither."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from service import cookies
from service.access_errors import KeyNeeded, TooManyFailures
from service.keyring import Caller, Keyring
from service.slowdown import Slowdown


@dataclass(frozen=True, slots=True)
class Door:
    """Who may come in.

    A valid key always may, whatever came from its address before: a wrong one beside it, behind the
    same router, must not lock it out. Sign-ins are slowed whoever sends them.
    """

    keyring: Keyring
    slowdown: Slowdown = field(default_factory=Slowdown)
    clock_s: Callable[[], float] = time.time

    async def by_key(self, text: str, address: str) -> Caller:
        """Return whose key it is.

        Raises:
            KeyNeeded: nobody's.
            TooManyFailures: nobody's, and the address has sent too many wrong ones.
        """
        caller = await self.keyring.known(text)
        if caller is None:
            self._check_patience(address)
            caller = await self.keyring.searched(text)
        if caller is None:
            self.slowdown.failed(address)
            raise KeyNeeded(sent=True)
        return caller

    async def by_cookie(self, text: str) -> Caller | None:
        """Return whose session it is; None if it is over, forged, or of a key that was revoked."""
        key_id = cookies.key_id_of(await self.keyring.secret(), text, self.clock_s())
        caller = await self.keyring.of_id(key_id)
        return None if caller is None else replace(caller, by_cookie=True)

    async def sign_in(self, text: str, address: str) -> tuple[Caller, str]:
        """Return whose key it is, and the text of a session for it.

        Raises:
            KeyNeeded: nobody's.
            TooManyFailures: the address has sent too many wrong ones.
        """
        self._check_patience(address)
        caller = await self.by_key(text, address)
        secret = await self.keyring.secret()
        return replace(caller, by_cookie=True), cookies.made(
            secret, caller.key_id or "", self.clock_s()
        )

    async def still_open(self, caller: Caller | None) -> bool:
        """Tell whether who came in some time ago would still be let in."""
        if caller is None or caller.key_id is None:
            return not await self.keyring.asks()
        return await self.keyring.of_id(caller.key_id) is not None

    def _check_patience(self, address: str) -> None:
        wait_s = self.slowdown.wait_s(address)
        if wait_s > 0:
            raise TooManyFailures(math.ceil(wait_s))
