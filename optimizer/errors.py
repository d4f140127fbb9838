"""What can be wrong with a space, a problem or a point; each names the field."""


class OptimizerError(Exception):
    """The optimiser was asked for something that it refuses."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field

    def __reduce__(self) -> tuple[type["OptimizerError"], tuple[str, str]]:
        """Carry field and message through a pipe between processes."""
        text = str(self)
        return type(self), (self.field, text.removeprefix(f"{self.field}: "))


class InvalidSpace(OptimizerError):
    """The ranges of a search space are unknown, empty, inverted or impossible."""


class InvalidProblem(OptimizerError):
    """Objectives, scales or the choice of a designer do not fit together."""


class InvalidPoint(OptimizerError):
    """A point does not lie in its space."""


class InvalidObservation(OptimizerError):
    """A result holds a value that no model may see."""


class SpaceExhausted(OptimizerError):
    """No point is left that was not proposed before, or none was found; the message says which."""

    def __init__(self, message: str = "every point of the space was proposed already") -> None:
        super().__init__("", message)

    def __reduce__(self) -> tuple[type["OptimizerError"], tuple[str]]:  # type: ignore[override]
        """Carry the message through a pipe between processes."""
        return type(self), (str(self),)
