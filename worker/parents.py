"""The files of a parent, fetched in a thread, so that orders and signals are heard meanwhile."""

import queue
import threading
from collections.abc import Mapping
from typing import Any

from worker.api import Api
from worker.errors import NoParent, Refused, ServerAway
from worker.patience import Patience

# The network that came out of the parent's training, and its weights.
FILES = ("graph.json", "weights.safetensors")
LARGEST_BYTES = 64 << 20  # no network for a microcontroller comes near


class Fetch:
    """Fetches the files of one parent, again and again while the server is away."""

    def __init__(self, api: Api, parent: Mapping[str, Any], patience: Patience) -> None:
        """Begin.

        Args:
            api: the way to the server.
            parent: what the work says of it.
            patience: between tries; its event ends the tries.
        """
        self._api, self._parent, self._patience = api, parent, patience
        self._answers: queue.SimpleQueue[list[bytes] | NoParent] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="parent", daemon=True).start()

    def contents(self, timeout_s: float) -> list[bytes] | None:
        """The bytes of `FILES`; None if that takes longer than `timeout_s`.

        Raises:
            NoParent: they cannot be had; the message says why.
        """
        try:
            answer = self._answers.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if isinstance(answer, NoParent):
            raise answer
        return answer

    def _run(self) -> None:
        try:
            self._answers.put(self._patience.persist(lambda: self._once(self._parent["trial"])))
        except ServerAway as away:
            self._give_up(str(away), for_good=False)
        except (Refused, NoParent) as error:
            self._give_up(str(error))
        except Exception as error:  # whatever it is, somebody waits for an answer
            self._give_up(f"{type(error).__name__}: {error}")

    def _give_up(self, cause: str, for_good: bool = True) -> None:
        if self._patience.stopping.is_set():
            return  # the worker ends, which is no fault of the parent
        number = self._parent.get("number")
        reason = f"The weights of trial {number} cannot be had: {cause}"
        self._answers.put(NoParent(reason, for_good))

    def _once(self, trial_id: int) -> list[bytes]:
        listed = self._api.artefacts(trial_id)
        for name in FILES:
            if name not in listed:
                raise NoParent(f"it left no {name}.")
            if listed[name].size_bytes > LARGEST_BYTES:
                raise NoParent(f"{name} has more than {LARGEST_BYTES} bytes.")
        return [self._api.download(trial_id, listed[name]) for name in FILES]
