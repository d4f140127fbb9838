"""Whether this worker can do the trials of the one study that it shall serve.

Claims would never get any of them, and the worker would wait for ever without a word.
"""

from collections.abc import Mapping
from typing import Any

BLACK_BOX = "parameters"  # the kind of its space


def unfit(
    study: Mapping[str, Any],
    held: Mapping[str, Mapping[str, Any]],
    accelerator: str,
    memory_mib: int,
) -> str | None:
    """Return why no trial of a study can be done here, in a line; None if there is no reason.

    Args:
        study: as the server tells it.
        held: the facts of the data sets here that can be used, by name.
        accelerator: what is trained on here.
        memory_mib: of that.
    """
    definition = study.get("definition") or {}
    name = study.get("name")
    if (definition.get("space") or {}).get("kind") == BLACK_BOX:
        return f"{name} is a black box: the program that measures it asks for its trials."
    return _of_data(name, study.get("data") or {}, held) or _of_place(
        name, definition.get("needs") or {}, accelerator, memory_mib
    )


def _of_data(
    study: object, data: Mapping[str, Any], held: Mapping[str, Mapping[str, Any]]
) -> str | None:
    wanted = data.get("name")
    if wanted is None:
        return None
    if wanted not in held:
        return f"{study} trains on {wanted}, which is not here: lay {wanted}.npz into --data-dir."
    if held[wanted]["sha256"] != data.get("sha256"):
        return (
            f"{study} was made with another {wanted}: its sha256 begins with "
            f"{str(data.get('sha256'))[:12]}, here with {held[wanted]['sha256'][:12]}."
        )
    return None


def _of_place(
    study: object, needs: Mapping[str, Any], accelerator: str, memory_mib: int
) -> str | None:
    if (wanted := needs.get("accelerator")) not in (None, accelerator):
        return f"{study} needs {wanted}; this worker trains on {accelerator}."
    if (least_mib := needs.get("memory_mib") or 0) > memory_mib:
        return f"{study} needs {least_mib:,} MiB; this worker has {memory_mib:,} MiB."
    return None
