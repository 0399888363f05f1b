"""Admission: no more runs of a job at once than it allows, the most urgent next, and none forgotten."""

from __future__ import annotations

import datetime as dt

import pytest

from jobs import claims
from jobs.claims import limits
from jobs.models import Job, Run
from jobs.services import admission, control
from jobs.services.jobs import save_job
from jobs.services.runs import start_runs
from jobs.states import Trigger
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import LEASE, fresh, make_job, plain, rows_of, take, together
from tests.integration.engine.scripted import ScriptedExecutor
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
