"""What this package refuses, and why."""

from collections.abc import Iterable


class ResourceError(Exception):
    """A network, a device or a figure was refused."""


class InvalidGraph(ResourceError):
    """A network cannot be built; `field` names the node and its field, as in `conv1.filters`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(field, message)  # both are arguments, so that the error can be pickled
        self.field = field
        self.message = message

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class InvalidNonZeros(ResourceError):
    """The counts of non-zero weights do not belong to the network; `field` names the node."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(field, message)
        self.field = field
        self.message = message

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class InvalidCut(ResourceError):
    """Something of a network cannot be removed; `field` names the node or the argument."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(field, message)
        self.field = field
        self.message = message

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class InvalidPatches(ResourceError):
    """A network cannot be run in these patches; `field` names the argument."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(field, message)
        self.field = field
        self.message = message

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class InvalidDevice(ResourceError):
    """The description of a device is incomplete or wrong; `field` names the entry."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(field, message)
        self.field = field
        self.message = message

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class InvalidFormula(ResourceError):
    """The costs of a formula are none; `field` names the core and the form."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(field, message)
        self.field = field
        self.message = message

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class UnknownKind(ResourceError):
    """A reader met a kind of node that it has no rule for; nothing unknown costs zero."""

    def __init__(self, kind: str, known: Iterable[str]) -> None:
        self.kind = kind
        self.known = tuple(sorted(known))
        super().__init__(kind, self.known)

    def __str__(self) -> str:
        return f"kind: need one of {', '.join(self.known)}, got {self.kind!r}."


class UnknownNode(ResourceError):
    """A network has no node of this name."""

    def __init__(self, node_id: str) -> None:
        super().__init__(node_id)
        self.node_id = node_id

    def __str__(self) -> str:
        return f"The network has no node {self.node_id!r}."


class UnknownFigure(ResourceError):
    """No figure has this name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(name, self.known)

    def __str__(self) -> str:
        return f"There is no figure {self.name!r}; there are {', '.join(self.known)}."


class UnknownDevice(ResourceError):
    """The table holds no device of this name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(name, self.known)

    def __str__(self) -> str:
        return f"There is no device {self.name!r}; there are {', '.join(self.known)}."


class UnknownCore(ResourceError):
    """Instructions were never counted on a core of this name; the message names those there are."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(name, tuple(known))
        self.name = name
        self.known = tuple(known)

    def __str__(self) -> str:
        return (
            f"Instructions were not counted on {self.name!r}; need one of {', '.join(self.known)}."
        )
