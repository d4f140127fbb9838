"""What linking and emulating refuses, and why."""

from collections.abc import Mapping

from worker.deploy.errors import DeployError, ToolMissing


class ToolsMissing(ToolMissing):
    """Programs that this machine lacks; the message has the command that installs it."""


class LinkFailed(DeployError):
    """A network does not compile, or does not fit; `field` is `compile`, `flash` or `ram`.

    `over_bytes` has by how much each memory overflows: nothing where that is not the cause.
    """

    def __init__(self, field: str, message: str, over_bytes: Mapping[str, int]) -> None:
        super().__init__(field, message)
        self.args = (field, message, over_bytes)
        self.over_bytes = over_bytes


class EmulationFailed(DeployError):
    """A program did not answer on its board: a fault, a stack too small, no end in time."""
