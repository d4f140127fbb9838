"""Says how far the models of a study can be trusted. Loads torch: not for a server process."""

from dataclasses import asdict, dataclass

from sqlalchemy.orm import Session

from optimizer.designers.bayes import BayesDesigner
from optimizer.history import History
from optimizer.hyperparameters import Hyperparameters
from optimizer.leave_one_out import Judgement, leave_one_out
from optimizer.problem import initial_count
from service import studies, thinking
from service.command_errors import NoModel
from service.planner.messages import Json


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found in one study.

    Attributes:
        study: its name.
        finished: how many trials are in its history.
        completed: how many of them have a result.
        infeasible_share: of the finished trials, those without a value, as of a diverged network.
        over_limit_share: of the completed trials that break a limit.
        judgements: one per measured objective and constraint.
    """

    study: str
    finished: int
    completed: int
    infeasible_share: float
    over_limit_share: float
    judgements: tuple[Judgement, ...]

    def to_json(self) -> Json:
        """Plain JSON; the names are the fields."""
        return asdict(self)


def examine(session: Session, ref: int | str) -> Examination:
    """Fit the models of `bayes` to all results of a study, whatever its designer, and judge them.

    Raises:
        StudyNotFound: there is no such study.
        NoModel: it has too few results.
    """
    study = studies.get(session, ref)
    problem = studies.problem_of(study)
    history = History(tuple(thinking.history_rows(session, study)))
    fitted = BayesDesigner().fit(problem, history, problem.seed)
    completed = int(history.completed.sum())
    if fitted is None:
        raise NoModel(study.name, completed, initial_count(problem))
    infeasible = sum(o.status == "infeasible" for o in history.observations)
    kept = int(history.feasible(problem).sum())
    models = fitted.values["models"]
    judgements = leave_one_out(
        problem, history, {name: Hyperparameters.from_json(model) for name, model in models.items()}
    )
    return Examination(
        study=study.name,
        finished=len(history),
        completed=completed,
        infeasible_share=infeasible / len(history),
        over_limit_share=1 - kept / completed,
        judgements=tuple(judgements),
    )
