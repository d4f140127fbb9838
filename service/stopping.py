"""Stop decisions: which running trainings are not worth going on with, by the study's rule.

The ledger decides, when a report has reached a rung; a worker is told at its next report or
renewal. `Attempt.rung` is the step whose report is looked at next.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session, undefer

from optimizer.stopping import Halving, Kind, Report, cut_after, stops
from service import needs, studies
from service.models import Attempt, Study, Trial
from service.models import Report as ReportRow
from service.states import SEARCH, Order

# To read 5,000 reports with their known figures takes 0.6 s of the ledger's time (measured), these
# 0.1 s. What was proposed last is the harder comparison: a search gets better.
MOST_RIVALS = 1000


def first_rung(rule: Mapping[str, Any] | None, trial: Trial) -> int | None:
    """Return the first step at which a trial that starts now is looked at; None for never.

    A replicate is there for its final value.
    """
    if rule is None or trial.purpose != SEARCH or trial.replicate > 0:
        return None
    return _next_rung(Halving.from_json(rule), trial, 0)


def _next_rung(rule: Halving, trial: Trial, done: int) -> int | None:
    epochs = epochs_of(trial)
    pruning = trial.work.get("pruning")
    cut = 0 if pruning is None or epochs is None else cut_after(pruning["end"], epochs)
    return rule.next_rung(done, epochs, cut)


def epochs_of(trial: Trial) -> int | None:
    """Return for how many epochs of its own a trial is to be trained; None for a black box."""
    epochs: int | None = trial.work.get("training", {}).get("epochs")
    return epochs


def due(session: Session) -> list[int]:
    """Return the studies in which a report has reached a rung and was not looked at."""
    studies_ = _waiting().with_only_columns(Trial.study_id, maintain_column_froms=True)
    return list(session.scalars(studies_.distinct()))


def _waiting() -> Select[Trial, Attempt, ReportRow]:
    """Select the open attempts with a report at their next rung, and that report."""
    return (
        select(Trial, Attempt, ReportRow)
        .select_from(Attempt)
        .join(ReportRow, (ReportRow.attempt_id == Attempt.id) & (ReportRow.step == Attempt.rung))
        .join(Trial, Trial.id == Attempt.trial_id)
        .where(Attempt.ended_at.is_(None), Attempt.rung.is_not(None))
    )


def judge(session: Session, study: Study) -> int:
    """Decide about the running trials that have reached a rung; the caller has locked the study.

    Returns:
        How many are told to stop.
    """
    if study.stopping is None:
        return 0
    # Locked, since a result may come at this moment; what is locked elsewhere is judged next time.
    waiting = session.execute(
        _waiting()
        .where(Trial.study_id == study.id)
        .order_by(ReportRow.at, Attempt.id)
        .with_for_update(of=Trial, skip_locked=True, key_share=True)
        .options(undefer(Trial.work))
        .execution_options(populate_existing=True)
    ).all()
    if not waiting:
        return 0
    rule, problem = Halving.from_json(study.stopping), studies.problem_of(study)
    rungs: dict[int, Sequence[Report]] = {}
    stopped = 0
    for trial, attempt, report in waiting:
        if attempt.ended_at is not None:  # before its trial was locked
            continue
        if report.step not in rungs:
            rungs[report.step] = _reports(session, study.id, report.step)
        mine = _report(trial, report.metrics, report.step)
        reason = stops(problem, rule, mine, rungs[report.step])
        if reason is None:
            attempt.rung = _next_rung(rule, trial, report.step)
            continue
        attempt.rung, attempt.stop_reason = None, str(reason)
        trial.order = Order.STOP
        stopped += 1
    return stopped


def _reports(session: Session, study_id: int, step: int) -> list[Report]:
    """Return what the newest trials of a study reported at a step, whatever became of them."""
    rows = session.execute(
        select(Trial.id, Trial.known, Trial.needs, Trial.parent_id, ReportRow.metrics)
        .select_from(Trial)
        .join(Attempt, Attempt.trial_id == Trial.id)
        .join(ReportRow, (ReportRow.attempt_id == Attempt.id) & (ReportRow.step == step))
        .where(Trial.study_id == study_id, Trial.purpose == SEARCH)
        .order_by(Trial.number.desc(), Attempt.counts.desc(), Attempt.number.desc())
        .limit(MOST_RIVALS)
    ).all()
    # Of several attempts at a trial the one that counted, else the last.
    return list({row.id: _report(row, row.metrics, step) for row in reversed(rows)}.values())


def _report(trial: Trial | Row[Any], metrics: Mapping[str, float], step: int) -> Report:
    """A report with all objectives: known figures come from the proposal.

    All rungs of a pruned network lie behind its cut, and all trials of a kind share a recipe.
    """
    pruned = bool(trial.needs & needs.PRUNING)
    kind = Kind(inherits=trial.parent_id is not None, pruning="after" if pruned else "none")
    return Report(trial.id, step, {**trial.known, **metrics}, kind)


def told(trial: Trial, done: int, reason: str) -> str:
    """Return in words where and why a trial was stopped."""
    epochs = epochs_of(trial)
    whole = "" if epochs is None else f" of {epochs}"
    return f"stopped at epoch {done}{whole}: {reason}"
