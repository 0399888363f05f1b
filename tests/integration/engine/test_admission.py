"""Admission: no more runs of a job at once than it allows, the most urgent next, and none forgotten."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction

from jobs import claims, hotpath
from jobs.claims import limits
from jobs.models import Job, Run
from jobs.services import admission, control
from jobs.services.jobs import save_job
from jobs.services.runs import SWEEP_GRACE, start_run, start_runs
from jobs.states import Trigger
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import (
    LEASE,
    fresh,
    in_thread,
    make_job,
    plain,
    rows_of,
    take,
    together,
    until_somebody_waits,
)
from tests.integration.engine.scripted import ScriptedExecutor
from tests.integration.engine.test_start_runs import closing_connection
from workers import sweep

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


def make_runs(count: int, *, at_once: int, payloads: int = 2) -> list[int]:
    job = make_job(plain(payloads), max_concurrent_runs=at_once, max_concurrent_requests=1)
    return start_runs(job_ids=[job.pk] * count, trigger=Trigger.MANUAL)


def admitted(run_ids: list[int]) -> list[bool]:
    return [fresh(run_id).admitted for run_id in run_ids]


def allow(job: Job, runs: int | None) -> None:
    document = {**job.document(), "configuration": {**job.configuration, "max_concurrent_runs": runs}}
    if runs is None:
        document["configuration"].pop("max_concurrent_runs")
    save_job(workspace=job.workspace, document=document, actor="test")


def job_of(run_ids: list[int]) -> Job:
    return Job.objects.get(runs=run_ids[0])


class TestAtTheStart:
    def test_as_many_begin_as_the_job_allows_and_the_others_send_no_message(self, broker: Broker) -> None:
        run_ids = make_runs(5, at_once=2)
        assert admitted(run_ids) == [True, True, False, False, False]
        assert broker.lanes() == [(run_ids[0], 0), (run_ids[1], 0)]

    def test_a_job_without_a_limit_has_nobody_wait(self, broker: Broker) -> None:
        job = make_job(plain(2))
        assert all(admitted(start_runs(job_ids=[job.pk] * 5, trigger=Trigger.MANUAL)))

    def test_a_waiting_run_gives_no_lane(self) -> None:
        *_, waiting = make_runs(2, at_once=1)
        assert claims.take_lane(run_id=waiting, slot=0, worker="host:1", lease=LEASE, take=1) is None
        assert fresh(waiting).state == "pending"

    def test_nor_does_a_waiting_run_of_one_payload(self) -> None:
        first, waiting = make_runs(2, at_once=1, payloads=1)
        taken = claims.take_single_runs(run_ids=[first, waiting], worker="host:1", lease=LEASE)
        assert [single.lane.run.run_id for single in taken] == [first]

    def test_of_eight_that_admit_at_once_each_counts_what_the_others_did(self, broker: Broker) -> None:
        run_ids = make_runs(40, at_once=3)
        job_id = fresh(run_ids[0]).job_id
        assert job_id is not None
        Run.objects.update(admitted=False)
        together([lambda: admission.admit(job_ids=[job_id])] * 8)
        assert admitted(run_ids) == [True] * 3 + [False] * 37


class TestWithTheTrigger:
    """Those that there is room for are admitted by the statement that inserts them."""

    @pytest.fixture(autouse=True)
    def _nobody_else_admits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(admission, "admit", lambda **_: [])
        monkeypatch.setattr(admission, "room_was_made", lambda **_: None)

    def test_as_many_as_there_is_room_for(self, broker: Broker) -> None:
        run_ids = make_runs(5, at_once=3)
        assert admitted(run_ids) == [True] * 3 + [False] * 2
        assert sorted(run_id for run_id, _ in broker.lanes()) == run_ids[:3]
        grace, *_, long = [fresh(run_id).wake_at - fresh(run_id).created_at for run_id in run_ids]  # type: ignore[operator]
        assert (grace, long) == (SWEEP_GRACE, dt.timedelta(seconds=60))

    def test_those_that_are_active_count_and_other_jobs_do_not(self) -> None:
        make_runs(2, at_once=2)
        job = job_of(make_runs(2, at_once=3))
        assert [fresh(start_run(job=job, trigger=Trigger.MANUAL)).admitted for _ in range(2)] == [True, False]

    def test_one_that_has_ended_does_not_count(self, broker: Broker) -> None:
        run_ids = make_runs(1, at_once=1)
        broker.deliver_all()
        assert fresh(start_run(job=job_of(run_ids), trigger=Trigger.MANUAL)).admitted

    def test_nobody_overtakes_who_waits(self, broker: Broker) -> None:
        run_ids = make_runs(2, at_once=1)
        broker.deliver_all()
        assert fresh(run_ids[0]).state == "succeeded"
        assert not fresh(start_run(job=job_of(run_ids), trigger=Trigger.MANUAL)).admitted

    def test_of_eight_that_trigger_at_once_each_counts_what_the_others_did(self) -> None:
        job = make_job(plain(2), max_concurrent_runs=5)
        begin = [lambda: closing_connection(lambda: start_runs(job_ids=[job.pk] * 3, trigger=Trigger.MANUAL))] * 8
        run_ids = sorted(run_id for each in together(begin) for run_id in each)
        assert len(run_ids) == 24
        assert sum(admitted(run_ids)) == 5

    def test_who_comes_while_another_triggers_waits_for_it_and_counts_its_runs(self) -> None:
        job = make_job(plain(2), max_concurrent_runs=1)
        with hotpath.connection() as other, other.transaction(), other.cursor() as cursor:
            locked = limits.lock_limited_job(other, job_id=job.pk)
            (first,) = claims.start_runs(
                cursor,
                job_ids=[job.pk],
                scheduled_for=[None],
                trigger="manual",
                actor="",
                comment="",
                parameters_json="{}",
                now=None,
                grace=SWEEP_GRACE,
                locked_job_id=job.pk,
            )
            starting = in_thread(lambda: closing_connection(lambda: start_run(job=job, trigger=Trigger.MANUAL)))
            until_somebody_waits()
        assert (locked, first.admitted, fresh(starting()).admitted) == (True, True, False)

    def test_beside_one_who_admits_neither_oversteps(self) -> None:
        run_ids = make_runs(6, at_once=2)
        job = job_of(run_ids)
        Run.objects.filter(pk=run_ids[0]).update(admitted=False)
        start = [lambda: closing_connection(lambda: start_runs(job_ids=[job.pk], trigger=Trigger.MANUAL))] * 4
        together([*start, *[lambda: [run.id for run in limits.admit_runs(job_id=job.pk, most=9)]] * 4])
        assert Run.objects.filter(admitted=True).count() == 2

    def test_a_limit_that_the_caller_has_not_seen_yet_holds(self) -> None:
        job = make_job(plain(2))
        allow(Job.objects.get(pk=job.pk), 1)
        assert admitted([start_run(job=job, trigger=Trigger.MANUAL) for _ in range(2)]) == [False, False]

    def test_within_a_callers_transaction_the_job_is_not_kept_from_others(self) -> None:
        job = make_job(plain(2), max_concurrent_runs=1)
        with transaction.atomic():
            run_id = start_run(job=job, trigger=Trigger.MANUAL)
            assert together([lambda: closing_connection(lambda: start_run_twice(job))])
        assert not fresh(run_id).admitted


def start_run_twice(job: Job) -> list[int]:
    """Through a rerun's lock, which shares the job's row."""
    with transaction.atomic():
        return [start_run(job=job, trigger=Trigger.MANUAL) for _ in range(2)]


class TestWhenOneEnds:
    def test_the_next_begins(self, broker: Broker) -> None:
        run_ids = make_runs(3, at_once=1)
        broker.deliver()
        assert fresh(run_ids[0]).state == "succeeded"
        assert admitted(run_ids) == [True, True, False]
        assert broker.lanes() == [(run_ids[1], 0)]

    def test_the_most_urgent_goes_first_and_the_oldest_of_them(self, broker: Broker) -> None:
        run_ids = make_runs(4, at_once=1)
        Run.objects.filter(pk__in=run_ids[2:]).update(priority=7)
        broker.deliver()
        assert admitted(run_ids) == [True, False, True, False]

    def test_all_of_them_end_and_never_more_at_once_than_allowed(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run_ids = make_runs(9, at_once=2)
        at_once: list[int] = []
        scripted.before = lambda work: at_once.append(Run.objects.filter(admitted=True, ended_at=None).count())
        broker.deliver_all()
        assert {fresh(run_id).state for run_id in run_ids} == {"succeeded"}
        assert max(at_once) == 2

    def test_runs_of_one_payload_make_room_too(self, broker: Broker) -> None:
        run_ids = make_runs(9, at_once=2, payloads=1)
        broker.deliver_all()
        assert {fresh(run_id).state for run_id in run_ids} == {"succeeded"}

    def test_other_jobs_are_left_alone(self, broker: Broker) -> None:
        run_ids, others = make_runs(2, at_once=1), make_runs(2, at_once=1)
        take(fresh(run_ids[0]))
        before = admitted(others)
        admission.admit(job_ids=[fresh(run_ids[0]).job_id or 0])
        assert admitted(others) == before

    def test_a_job_nobody_waits_for_is_not_locked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        run_ids = make_runs(1, at_once=1)
        monkeypatch.setattr(limits, "admit_runs", lambda **_: pytest.fail("asked in vain"))
        assert admission.admit(job_ids=[fresh(run_ids[0]).job_id or 0]) == []


class TestWhoCounts:
    def test_a_paused_run_keeps_its_place(self, broker: Broker) -> None:
        run_ids = make_runs(2, at_once=1)
        control.pause_run(run=fresh(run_ids[0]), actor="ada")
        admission.admit(job_ids=[fresh(run_ids[0]).job_id or 0])
        assert fresh(run_ids[0]).state == "paused"
        assert admitted(run_ids) == [True, False]

    def test_a_waiting_run_that_is_terminated_lets_the_others_by(self, broker: Broker) -> None:
        run_ids = make_runs(3, at_once=1)
        control.terminate_run(run=fresh(run_ids[1]), actor="ada")
        broker.deliver_all()
        assert [fresh(run_id).state for run_id in run_ids] == ["succeeded", "cancelled", "succeeded"]

    def test_one_that_came_too_late_is_passed_over(self, broker: Broker) -> None:
        run_ids = make_runs(3, at_once=1)
        Run.objects.filter(pk=run_ids[1]).update(expires_at=dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1))
        broker.deliver()
        assert admitted(run_ids) == [True, False, True]


class TestTheLimitItself:
    def test_raised_it_admits_at_once(self, broker: Broker) -> None:
        run_ids = make_runs(4, at_once=1)
        job = job_of(run_ids)
        broker.clear()
        allow(job, 3)
        assert admitted(run_ids) == [True, True, True, False]
        assert broker.lanes() == [(run_ids[1], 0), (run_ids[2], 0)]

    def test_taken_away_it_admits_all(self, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(admission, "BATCH", 2)
        run_ids = make_runs(6, at_once=1)
        allow(job_of(run_ids), None)
        assert all(admitted(run_ids))

    def test_lowered_it_waits_until_there_are_fewer(self, broker: Broker) -> None:
        run_ids = make_runs(4, at_once=3)
        allow(job_of(run_ids), 1)
        broker.deliver()
        broker.deliver()
        assert admitted(run_ids) == [True, True, True, False]
        broker.deliver()
        assert admitted(run_ids) == [True] * 4


class TestWhatDies:
    def test_a_run_whose_starter_died_before_admitting_it_is_admitted_by_the_sweep(self, broker: Broker) -> None:
        run_ids = make_runs(1, at_once=1)
        Run.objects.update(admitted=False)
        broker.clear()
        wake_at = fresh(run_ids[0]).wake_at
        assert wake_at is not None
        sweep.sweep_once(now=wake_at)
        assert broker.lanes() == [(run_ids[0], 0)]

    def test_with_the_broker_away_it_is_admitted_and_published_by_the_sweep(self, broker: Broker) -> None:
        broker.down = True
        run_ids = make_runs(1, at_once=1)
        broker.down = False
        assert admitted(run_ids) == [True]
        wake_at = fresh(run_ids[0]).wake_at
        assert wake_at is not None
        before = rows_of(Job)
        sweep.sweep_once(now=wake_at)
        assert broker.lanes() == [(run_ids[0], 0)]
        assert rows_of(Job) == before
