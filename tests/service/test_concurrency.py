"""Many threads at once: nothing twice, nothing lost, no gap, nobody locked out."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import func, select

from service import fronts, ledger, studies, trials
from service.db import Database
from service.models import Attempt, Event, Study, Trial
from service.states import FINISHED, Status
from service.sweeper import Reach, sweep
from service.trials import Claim, Failure, Lease
from tests.service import alone
from tests.service.stage import START, Stage, definition

THREADS = 8


def together(work: Callable[[int], None], threads: int = THREADS) -> None:
    """Run `work` in many threads at once and pass on their first error."""
    errors: list[BaseException] = []
    begin = threading.Barrier(threads)

    def run(number: int) -> None:
        try:
            begin.wait()
            work(number)
        except BaseException as error:
            errors.append(error)

    running = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if errors:
        raise errors[0]


def trials_for(db: Database) -> int:
    """SQLite writes one at a time; fewer trials show the same."""
    return 60 if db.sqlite else 200


def claim(db: Database, worker: str, request_id: str, count: int = 1) -> list[Lease]:
    with db.begin() as session:
        wanted = Claim(worker, request_id, count=count)
        return alone.claim(session, wanted, db.now(session))


def complete(db: Database, lease: Lease, cost: float, gain: float) -> None:
    with db.begin() as session:
        metrics = {"cost": cost, "gain": gain}
        alone.complete(session, lease.trial_id, lease.token, metrics, {}, db.now(session))


def test_each_trial_is_leased_exactly_once(stage: Stage) -> None:
    total = trials_for(stage.db)
    queued = stage.enqueue(stage.study(trials=1000), total)
    leased: list[int] = []

    def work(number: int) -> None:
        request = 0
        while found := claim(stage.db, f"w{number}", f"r{request}", count=1 + number % 3):
            leased.extend(lease.trial_id for lease in found)
            request += 1

    together(work)
    assert sorted(leased) == queued


def test_one_study_is_made_though_many_ask_for_it(stage: Stage) -> None:
    made: list[tuple[int, bool]] = []

    def work(_: int) -> None:
        with stage.db.begin() as session:
            study, is_new = studies.create(session, definition(), stage.now)
            made.append((study.id, is_new))

    together(work)
    assert len({study_id for study_id, _ in made}) == 1
    assert sum(is_new for _, is_new in made) == 1


def test_a_worker_that_is_new_to_many_requests_is_known_once(stage: Stage) -> None:
    stage.enqueue(stage.study(), THREADS)
    found: list[list[Lease]] = []
    together(lambda number: found.append(claim(stage.db, "w", f"r{number}")))
    with stage.db.read() as session:
        assert session.scalars(select(func.count()).select_from(Attempt)).one() == THREADS


def test_completions_and_the_ledger_do_not_hinder_each_other(stage: Stage) -> None:
    total = trials_for(stage.db)
    study_id = stage.study(trials=1000)
    stage.enqueue(study_id, total)
    left = threading.Semaphore(0)

    def work(number: int) -> None:
        if number < 2:  # two servers keep ledgers
            while not left.acquire(blocking=False):
                stage_advance()
            left.release()
            return
        request = 0
        while found := claim(stage.db, f"w{number}", f"r{request}"):
            request += 1
            for lease in found:
                complete(stage.db, lease, float(lease.number % 17), float(lease.number % 13))
        left.release()

    def stage_advance() -> None:
        with stage.db.begin() as session:
            ledger.advance(session, study_id, stage.db.now(session))

    together(work)
    while stage.advance(study_id):
        pass
    assert_books_are_right(stage, study_id, total)


def assert_books_are_right(stage: Stage, study_id: int, total: int) -> None:
    with stage.db.read() as session:
        study = session.get_one(Study, study_id)
        rows = session.scalars(select(Trial).where(Trial.study_id == study_id)).all()
        places = sorted(t.finish_no for t in rows if t.finish_no is not None)
        assert len(rows) == total
        assert places == list(range(1, len(places) + 1))
        assert study.finish_no == len(places) == sum(t.status in FINISHED for t in rows)
        numbers = session.scalars(select(Event.number).where(Event.study_id == study_id))
        assert sorted(numbers) == list(range(1, study.event_no + 1))
        done = [t for t in rows if t.status is Status.COMPLETED]
        values = trials.values_of(session, done)
        marks = fronts.front_of(studies.problem_of(study), [values[t.id] for t in done])
        assert [t.on_front for t in done] == marks.tolist()
        counted = session.scalars(select(Attempt.trial_id).where(Attempt.counts)).all()
        assert Counter(counted).most_common(1)[0][1] == 1
        assert {t.id for t in done} <= set(counted)
        still_open = select(func.count()).select_from(Attempt).where(Attempt.ended_at.is_(None))
        assert session.scalars(still_open).one() == 0


class Chaos:
    """Workers that fail and vanish at random, and a house-keeper that believes all of them lost."""

    def __init__(self, db: Database, study_id: int) -> None:
        self.db = db
        self.study_id = study_id
        self.vanished: list[Lease] = []

    def work(self, number: int) -> None:
        """Keep house as number 0, else work, until no trial is open."""
        chance = random.Random(number)
        request = 0
        while self.open_trials():
            if number == 0:
                self.keep_house()
                continue
            with self.db.begin() as session:
                resume = chance.random() < 0.1
                wanted = Claim(f"w{number}", f"r{request}", count=2, resume=resume)
                found = alone.claim(session, wanted, self.db.now(session))
            request += 1
            for lease in found:
                self.act(chance, lease)

    def open_trials(self) -> int:
        with self.db.read() as session:
            counts = studies.counts(session, [self.study_id])[self.study_id]
            return counts[Status.QUEUED] + counts[Status.RUNNING]

    def keep_house(self) -> None:
        with self.db.begin() as session:
            now = self.db.now(session)
            # By then every lease has run out, also those in use: the worst of cases.
            sweep(session, now + timedelta(hours=1), Reach(START - timedelta(days=900), now))
        with self.db.begin() as session:
            ledger.advance(session, self.study_id, self.db.now(session))

    def act(self, chance: random.Random, lease: Lease) -> None:
        fate = chance.random()
        if fate < 0.6:
            complete(self.db, lease, chance.random(), chance.random())
            return
        with self.db.begin() as session:
            now = self.db.now(session)
            if fate < 0.75:
                failure = Failure("broke", infeasible=fate < 0.65)
                trials.fail(session, lease.trial_id, lease.token, failure, now)
            elif fate < 0.85:
                trials.release(session, lease.trial_id, lease.token, "", now)
            else:
                alone.renew(session, lease.trial_id, lease.token, None, now)
                self.vanished.append(lease)


def test_nothing_is_lost_when_workers_fail_and_vanish_at_random(stage: Stage) -> None:
    total = trials_for(stage.db) // 2
    study_id = stage.study(trials=1000, max_attempts=2)
    stage.enqueue(study_id, total)
    chaos = Chaos(stage.db, study_id)
    together(chaos.work, threads=6)
    for lease in chaos.vanished:
        complete(stage.db, lease, 0.5, 0.5)
    while stage.advance(study_id):
        pass
    assert_books_are_right(stage, study_id, total)
