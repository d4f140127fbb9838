"""What the deployment of a network refuses, and why."""


class DeployError(Exception):
    """A network cannot be deployed; `field` names the node and its part, as in `conv1.bias`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(field, message)  # both are arguments, so that the error can be pickled
        self.field = field
        self.message = message

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class InvalidWeights(DeployError):
    """The tensors are not those of a trained network of this graph."""


class InvalidSamples(DeployError):
    """Samples cannot be fed to the network."""


class InvalidInt8Graph(DeployError):
    """The integers of a network contradict its graph, its scales or each other."""


class InvalidProject(DeployError):
    """A network cannot be written in C under this name, or with these labels."""


class RuntimeRefused(DeployError):
    """TensorFlow Lite Micro could not run a file; `field` is `tflm`, or names the file."""


class ToolMissing(DeployError):
    """A program that is needed is not installed; `field` is its name."""


class ToolFailed(DeployError):
    """A program failed or took too much; `field` is its name, or what it was given."""


class ToolLate(ToolFailed):
    """A program had no time to end, which says as little of the network as of the machine."""


class RuntimeLate(RuntimeRefused):
    """TensorFlow Lite Micro had no time to end."""


class InvalidVerification(DeployError):
    """A record of what was checked contradicts itself, or is none."""


class InvalidVectors(DeployError):
    """Inputs with their answers that do not go with a network, or with each other."""
