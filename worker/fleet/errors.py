"""What can keep a fleet from working; every message is one line that a user understands."""

from worker.cli import AWAY, FAILED, NOT_ALLOWED, WRONG_USE
from worker.errors import WorkerError


class FleetError(WorkerError):
    """The fleet cannot work; `code` is what the command ends with."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(" ".join(message.split()))
        self.code = code


class NoRay(FleetError):
    """Ray is not installed here."""

    def __init__(self) -> None:
        super().__init__("Fleets need Ray: pip install 'tinyfront-server[ray,worker]'.")


class NoCluster(FleetError):
    """No cluster answers at the address."""

    def __init__(self, message: str) -> None:
        super().__init__(message, AWAY)


class NoToken(FleetError):
    """The cluster lets in only who knows its token."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"--address {address}: the cluster asks for its token: set RAY_AUTH_MODE=token and "
            "RAY_AUTH_TOKEN, or RAY_AUTH_TOKEN_PATH.",
            NOT_ALLOWED,
        )


class OtherVersion(FleetError):
    """The cluster, or a node of it, runs other versions than this command."""


class NoRoom(FleetError):
    """The cluster can never hold the workers that are asked for."""


class NotAllNodes(FleetError):
    """Nodes of the cluster cannot reach the server at the address that was given."""

    def __init__(self, message: str) -> None:
        super().__init__(message, WRONG_USE)


class NameTaken(FleetError):
    """Another fleet of this name runs on the cluster."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"--name: a fleet named {name} runs on this cluster; end it, or take another name."
        )


class DataMissing(FleetError):
    """A data set is not on a node, or not the one that it should be."""
