"""What the service refuses, as domain nouns. HTTP knows them by one table, in the API."""

from collections.abc import Iterable


class ServiceError(Exception):
    """The request was understood and refused.

    `field` is the path of the offending part of the request, `remedy` what to do about it; either
    may be unknown.
    """

    field: str | None = None
    remedy: str | None = None

    def where(self) -> dict[str, str | None]:
        """Return what an answer shows beside the message: `field` and `remedy`."""
        return {"field": self.field, "remedy": self.remedy}


class StudyNotFound(ServiceError):
    """No study of that number or name."""

    remedy = "List the studies to see their names."

    def __init__(self, study: int | str) -> None:
        super().__init__(f"There is no study {study!r}.")


class TrialNotFound(ServiceError):
    """No trial of that number."""

    remedy = "List the study's trials to see their numbers."

    def __init__(self, trial_id: int) -> None:
        super().__init__(f"There is no trial {trial_id}.")


class AttemptNotFound(ServiceError):
    """No attempt of that number."""

    remedy = "Use the attempt_id of the lease."

    def __init__(self, attempt_id: int) -> None:
        super().__init__(f"There is no attempt {attempt_id}.")


class ArtefactNotFound(ServiceError):
    """The trial holds no artefact of that name."""

    remedy = "List the trial's artefacts to see their names."

    def __init__(self, trial_id: int, name: str) -> None:
        super().__init__(f"Trial {trial_id} has no artefact {name!r}.")


class WrongToken(ServiceError):
    """The lease token opens no attempt of this trial."""

    field = "token"
    remedy = "Send the token of the lease under which the trial was handed out."

    def __init__(self, trial_id: int) -> None:
        super().__init__(f"The token belongs to no attempt at trial {trial_id}.")


class InvalidDefinition(ServiceError):
    """A study that cannot be created."""

    def __init__(self, field: str, message: str, remedy: str | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.remedy = remedy or f"Correct {field} and create the study again."


class InvalidMetrics(ServiceError):
    """Metrics that are not finite, misnamed, missing, or at odds with what is known."""

    def __init__(self, field: str, message: str, remedy: str | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.remedy = remedy or "Send every measured objective as a finite number."


class InvalidProposal(ServiceError):
    """A proposal outside the study's space or over a limit."""

    def __init__(self, field: str, message: str, remedy: str | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.remedy = remedy or "Propose a point of the study's space."


class NameTaken(ServiceError):
    """Another study has that name; `field` is where the two definitions first differ."""

    def __init__(self, name: str, field: str) -> None:
        super().__init__(f"A study {name!r} exists and differs in {field}.")
        self.field = field
        self.remedy = f"Choose another name, or send the same {field} to get that study."


class StudyExists(ServiceError):
    """A study of that name is here already, so none can be imported under it."""

    field = "name"
    remedy = "Import it under another name (`name=`)."

    def __init__(self, name: str) -> None:
        super().__init__(f"A study {name!r} exists.")


class ImportRefused(ServiceError):
    """A line of an exported study is wrong; nothing was stored."""

    remedy = "Export the study again, or correct that line; nothing was imported."

    def __init__(self, line: int | None, path: str | None, fault: str) -> None:
        place = "the file" if line is None else f"line {line}"
        super().__init__(f"{place}: {f'{path}: ' if path else ''}{fault}.")
        if line is not None:
            self.field = f"{place}{f'.{path}' if path else ''}"


class StudyChanged(ServiceError):
    """The study has another version than the caller saw."""

    remedy = "Read the study again and repeat the change."

    def __init__(self, name: str, seen: int, version: int) -> None:
        super().__init__(f"Study {name!r} is at version {version}, not {seen}.")


class IllegalChange(ServiceError):
    """A change that this study does not allow in its present state."""

    def __init__(self, field: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.field = field
        self.remedy = remedy


class StudyEnded(ServiceError):
    """The study takes no more proposals."""

    remedy = "Extend the study (raise `trials`) or create another."

    def __init__(self, name: str) -> None:
        super().__init__(f"Study {name!r} has ended.")


class AlreadyConfirmed(ServiceError):
    """Networks of the study were judged by the test set before."""

    field = "again"
    remedy = "Send again=true to read the test set once more; the page shows how often it was read."

    def __init__(self, name: str, test_reads: int) -> None:
        often = "once" if test_reads == 1 else f"{test_reads} times"
        super().__init__(f"The test set of study {name!r} has been read {often}.")


class IllegalMove(ServiceError):
    """A trial cannot take that step of its life."""

    field = "status"
    remedy = "Leave this trial alone and go on with the next."

    def __init__(self, current: str, wanted: str, allowed: Iterable[str]) -> None:
        choices = ", ".join(allowed) or "nothing"
        super().__init__(f"A {current} trial cannot become {wanted}; it can become {choices}.")


class TrialExists(ServiceError):
    """The study holds an equal proposal."""

    field = "point"
    remedy = "Propose another point, or measure this one again with replicate=true."

    def __init__(self, number: int) -> None:
        super().__init__(f"Trial {number} of this study is the same proposal.")
        self.number = number


class AttemptEnded(ServiceError):
    """The attempt has delivered, so nothing may be added to it."""

    field = "token"
    remedy = "Claim the next trial; this one needs nothing more."

    def __init__(self, trial_id: int, outcome: str) -> None:
        super().__init__(f"This attempt at trial {trial_id} ended as {outcome}.")


class ReportConflict(ServiceError):
    """The step was reported before with other metrics."""

    field = "step"
    remedy = "Report each step once; a repetition must carry the same metrics."

    def __init__(self, step: int) -> None:
        super().__init__(f"Step {step} was reported before with other metrics.")


class ResultConflict(ServiceError):
    """The attempt delivered another result before."""

    field = "metrics"
    remedy = "A repetition must carry the same metrics; the first result stays."

    def __init__(self, trial_id: int) -> None:
        super().__init__(f"This attempt at trial {trial_id} delivered other metrics before.")


class InvalidArtefact(ServiceError):
    """An artefact that cannot be kept, because of its name or its length."""

    def __init__(self, field: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.field = field
        self.remedy = remedy


class ArtefactTooLarge(ServiceError):
    """The body exceeds what the store accepts."""

    field = "body"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"An artefact may have at most {limit_bytes} bytes.")
        self.remedy = "Send a smaller file, or raise TINYFRONT_MAX_ARTEFACT_BYTES."


class AttemptTooLarge(ServiceError):
    """The artefacts of one attempt exceed what the store accepts of it."""

    field = "body"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"The artefacts of one attempt may have at most {limit_bytes} bytes.")
        self.remedy = "Send fewer or smaller files, or raise TINYFRONT_MAX_ATTEMPT_BYTES."


class ArtefactLost(ServiceError):
    """The store lost the bytes before they were entered."""

    remedy = "Send the file again."

    def __init__(self) -> None:
        super().__init__("The bytes were removed from the store before they were entered.")


class ArtefactConflict(ServiceError):
    """The attempt holds other bytes under that name."""

    field = "name"
    remedy = "Choose another name; artefacts are never overwritten."

    def __init__(self, name: str) -> None:
        super().__init__(f"This attempt holds other bytes as {name!r}.")


class IdempotencyKeyReused(ServiceError):
    """The key came with another body before."""

    field = "Idempotency-Key"
    remedy = "Choose a new key for each request, and keep it only to repeat that request."

    def __init__(self, key: str) -> None:
        super().__init__(f"The key {key!r} was sent with another body before.")


class RequestUnderWay(ServiceError):
    """The first request of that key has not ended yet."""

    field = "Idempotency-Key"
    remedy = "Repeat the request in a few seconds to get the answer of the first one."

    def __init__(self, key: str) -> None:
        super().__init__(f"A request with the key {key!r} is still under way.")


class ArtefactStoreFull(ServiceError):
    """There is no room for more bytes. It may pass, so a worker keeps its files and comes again."""

    remedy = "Make room where TINYFRONT_ARTEFACT_URL lies; workers try again for ten minutes."

    def __init__(self) -> None:
        super().__init__("The artefact store is full; nothing of this file was kept.")


class DatabaseBusy(ServiceError):
    """Another writer held the database for too long."""

    remedy = "Repeat the request in a few seconds."

    def __init__(self, waited_s: float) -> None:
        super().__init__(f"The database was busy for {waited_s:g} s.")
