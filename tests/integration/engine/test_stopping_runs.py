"""Ending runs early: terminated, too late, too long, or at the first failure."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection

from jobs import claims
from jobs.claims import Report, Requeue
from jobs.errors import TransientError
from jobs.models import Attempt, BulkAction, Event, FollowUp, Job, Lane, Payload, Run, Workspace
from jobs.services import bulk, control, follow_ups
from jobs.services.runs import start_run
from jobs.states import StopReason, Trigger
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import (
    SECOND,
    backdate,
    counts,
    done,
    error_of,
    expire,
    fresh,
    kinds_of_events,
    lease,
    make_job,
    make_run,
    make_single_runs,
    plain,
    positions,
    scripts,
    take,
    together,
    waiting,
)
from tests.integration.engine.scripted import ScriptedExecutor
from workers import sweep
from workers.heartbeat import heartbeat

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


class TestTerminating:
    def test_a_run_that_nobody_works_is_cancelled_at_once(self, broker: Broker) -> None:
        run = make_run(plain(5))
        assert control.terminate_run(run=run, actor="ann", note="wrong data")
        row = fresh(run)
        assert (row.state, row.wake_at, counts(run)) == ("cancelled", None, (0, 0, 5))
        assert row.error == {"code": "terminated", "message": "terminated by ann: wrong data"}
        assert row.stop is not None
        assert (row.stop["reason"], row.stop["actor"], row.stop["note"]) == ("terminated", "ann", "wrong data")
        assert kinds_of_events(run) == ["run.created", "run.cancelling", "run.cancelled"]
        broker.deliver_all()
        assert Lane.objects.count() == 0

    def test_one_that_is_worked_ends_when_its_lanes_have_reported(self) -> None:
        run = make_run(plain(9))
        lane = take(run)
        lease(lane, 3)
        control.terminate_run(run=run, actor="ann")
        assert (fresh(run).state, counts(run)) == ("cancelling", (0, 0, 6))
        grant = lease(lane, 3, done([0, 1, 2]))
        assert (grant.state, grant.complete, positions(grant)) == ("cancelling", True, [])
        claims.leave_lane(lane=lane)
        sweep.sweep_once(now=dt.datetime.now(dt.UTC) + 2 * SECOND)
        assert (fresh(run).state, counts(run)) == ("cancelled", (3, 0, 6))

    def test_what_its_lanes_give_back_is_cancelled_too(self) -> None:
        run = make_run(plain(4))
        lane = take(run)
        lease(lane, 4)
        control.terminate_run(run=run, actor="ann")
        lease(lane, 0, Report(finals=done([0]).finals, requeues=[Requeue(n, 0, 0.0, False) for n in (1, 2, 3)]))
        claims.leave_lane(lane=lane)
        sweep.sweep_once(now=dt.datetime.now(dt.UTC) + 2 * SECOND)
        assert (fresh(run).state, counts(run), waiting(run)) == ("cancelled", (1, 0, 3), {})

    def test_a_retry_that_waits_is_cancelled_with_the_attempts_it_made(self) -> None:
        run = make_run(scripts({"fails": 9}), retry={"maximum_attempts": 5, "initial_interval": "1h"})
        lane = take(run)
        lease(lane, 1)
        lease(lane, 0, Report(requeues=[Requeue(0, 2, 3_600_000.0, False)]))
        claims.leave_lane(lane=lane)
        control.terminate_run(run=run, actor="ann")
        payload = Payload.objects.get(run=run)
        assert (payload.state, payload.attempts, fresh(run).state) == ("cancelled", 2, "cancelled")

    def test_the_payload_at_work_is_told_and_ends_as_cancelled(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run = make_run(plain(3), max_concurrent_requests=1, strict=True)

        def stop(work: object) -> None:
            control.terminate_run(run=fresh(run), actor="ann")
            heartbeat().beat()

        scripted.before = stop
        scripted.error = _told_to_stop
        broker.deliver_all()
        assert (fresh(run).state, counts(run)) == ("cancelled", (0, 0, 3))
        assert len(scripted.performed) == 1
        attempt = Attempt.objects.get()
        assert (attempt.state, attempt.position, attempt.error["code"]) == ("cancelled", 0, "cancelled")

    def test_terminating_it_again_changes_nothing(self) -> None:
        run = make_run(plain(2))
        control.terminate_run(run=run, actor="ann")
        before = fresh(run).stop
        assert not control.terminate_run(run=fresh(run), actor="bob")
        assert fresh(run).stop == before

    def test_a_finished_run_stays_as_it_ended(self, broker: Broker) -> None:
        run = make_run(plain(2))
        broker.deliver_all()
        assert not control.terminate_run(run=fresh(run), actor="ann")
        assert (fresh(run).state, fresh(run).stop) == ("succeeded", None)

    def test_a_paused_run_can_be_terminated(self) -> None:
        run = make_run(plain(2))
        control.pause_run(run=run, actor="ann")
        control.terminate_run(run=fresh(run), actor="ann")
        assert fresh(run).state == "cancelled"

    def test_its_worker_dies_meanwhile(self) -> None:
        run = make_run(plain(6))
        lane = take(run)
        lease(lane, 3)
        control.terminate_run(run=run, actor="ann")
        expire()
        for _ in range(3):
            backdate(run, 5)
            sweep.sweep_once()
        assert (fresh(run).state, counts(run)) == ("cancelled", (0, 0, 6))
        assert Lane.objects.count() == 0
        assert lane.id

    def test_of_eight_at_once_one_changes_it(self) -> None:
        run = make_run(plain(50))
        said = together([lambda: _stop(run)] * 8)
        assert sorted(said) == [[]] * 7 + [[run.pk]]
        assert (fresh(run).state, counts(run)) == ("cancelled", (0, 0, 50))

    def test_a_large_run_is_cancelled_in_batches_by_whoever_comes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(control, "CANCEL_BATCH", 100)
        run = make_run(plain(1000))
        control.terminate_run(run=run, actor="ann")
        assert (fresh(run).state, counts(run)) == ("cancelling", (0, 0, 100))
        while fresh(run).state == "cancelling":
            together([lambda: control.cancel_queued(run_id=run.pk)] * 2)
        assert (fresh(run).state, counts(run)) == ("cancelled", (0, 0, 1000))

    def test_two_at_once_repeat_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(control, "CANCEL_BATCH", 7)
        run = make_run(plain(100))
        lane = take(run)
        lease(lane, 10)
        lease(lane, 0, Report(requeues=[Requeue(n, 1, 0.0, False) for n in range(10)]))
        claims.leave_lane(lane=lane)
        control.terminate_run(run=run, actor="ann")
        for _ in range(10):
            together([lambda: control.cancel_queued(run_id=run.pk)] * 4)
        assert (fresh(run).state, counts(run)) == ("cancelled", (0, 0, 100))


class TestTimeLimits:
    def test_a_run_that_was_not_begun_in_time_expires(self) -> None:
        run = make_run(plain(3))
        Run.objects.filter(pk=run.pk).update(expires_at=run.created_at + 30 * SECOND)
        sweep.sweep_once(now=run.created_at + 29 * SECOND)
        assert fresh(run).state == "pending"
        sweep.sweep_once(now=run.created_at + 31 * SECOND)
        row = fresh(run)
        assert (row.state, error_of(run)) == (
            "cancelled",
            {"code": "expired", "message": "was not begun within its start_timeout"},
        )

    def test_a_run_that_takes_too_long_fails(self) -> None:
        run = make_run(plain(3))
        lane = take(run)
        lease(lane, 1)
        now = dt.datetime.now(dt.UTC)
        Run.objects.filter(pk=run.pk).update(deadline_at=now + 60 * SECOND)
        lease(lane, 0, done([0]))
        claims.leave_lane(lane=lane)
        sweep.sweep_once(now=now + 61 * SECOND)
        assert (fresh(run).state, error_of(run)["code"], counts(run)) == ("failed", "timeout", (1, 0, 2))

    def test_the_sweep_comes_for_it_in_time(self) -> None:
        run = make_run(plain(3))
        deadline = run.created_at + dt.timedelta(seconds=1.5)
        Run.objects.filter(pk=run.pk).update(expires_at=deadline)
        sweep.sweep_once(now=run.created_at + SECOND)
        assert fresh(run).wake_at == deadline


class TestFailures:
    def test_a_run_may_succeed_although_some_failed(self) -> None:
        run = make_run(plain(4), failure_tolerance={"count": 1})
        lane = take(run)
        lease(lane, 4)
        lease(lane, 0, Report(finals=[*done([0, 1, 2]).finals, *done([3], state="failed").finals]))
        claims.leave_lane(lane=lane)
        sweep.sweep_once(now=dt.datetime.now(dt.UTC) + 15 * SECOND)
        assert (fresh(run).state, fresh(run).error) == ("succeeded", None)

    @pytest.mark.parametrize(("percent", "state"), [(50, "succeeded"), (49.9, "failed")])
    def test_or_a_share_of_them(self, percent: float, state: str) -> None:
        run = make_run(plain(4), failure_tolerance={"percent": percent})
        lane = take(run)
        lease(lane, 4)
        lease(lane, 0, Report(finals=[*done([0, 1]).finals, *done([2, 3], state="failed").finals]))
        claims.leave_lane(lane=lane)
        sweep.sweep_once(now=dt.datetime.now(dt.UTC) + 15 * SECOND)
        assert fresh(run).state == state

    def test_the_first_failure_ends_the_run_if_its_job_says_so(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run = make_run(
            scripts({}, {"permanent": True}, *[{}] * 20),
            max_concurrent_requests=1,
            strict=True,
            stop_on_first_failure=True,
        )
        broker.deliver_all()
        assert (fresh(run).state, counts(run)) == ("failed", (1, 1, 20))
        assert error_of(run)["code"] == "first_failure"
        assert error_of(run)["failed"][0]["position"] == 1
        assert len(scripted.performed) == 2

    def test_after_some_failed_runs_in_a_row_the_job_is_paused(self, broker: Broker) -> None:
        job = make_job(scripts({"permanent": True}), pause_after_failures={"runs": 2, "resume_after": "1h"})
        for expected in ("active", "paused"):
            start_run(job=job, trigger=Trigger.API)
            broker.deliver_all()
            sweep.sweep_once()
            assert Job.objects.get(pk=job.pk).state == expected
        row = Job.objects.get(pk=job.pk)
        assert row.state_change is not None
        assert row.state_change["note"] == "2 runs in a row failed"
        assert row.resume_at is not None
        assert abs(row.resume_at - dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)) < 60 * SECOND

    def test_and_goes_on_by_itself_later(self, broker: Broker) -> None:
        job = make_job(scripts({"permanent": True}), pause_after_failures={"runs": 1, "resume_after": "1h"})
        start_run(job=job, trigger=Trigger.API)
        broker.deliver_all()
        sweep.sweep_once()
        Job.objects.filter(pk=job.pk).update(resume_at=dt.datetime.now(dt.UTC) + 5 * SECOND)
        follow_ups.recover_jobs()
        assert Job.objects.get(pk=job.pk).state == "paused"
        Job.objects.filter(pk=job.pk).update(resume_at=dt.datetime.now(dt.UTC) - SECOND)
        sweep.sweep_once()
        row = Job.objects.get(pk=job.pk)
        assert (row.state, row.resume_at) == ("active", None)

    def test_one_that_somebody_pauses_meanwhile_does_not_go_on_by_itself(self, broker: Broker) -> None:
        job = make_job(scripts({"permanent": True}), pause_after_failures={"runs": 1, "resume_after": "1h"})
        start_run(job=job, trigger=Trigger.API)
        broker.deliver_all()
        sweep.sweep_once()
        held = control.pause_job(job=Job.objects.get(pk=job.pk), actor="ann", note="until I have looked")
        assert held.state_change is not None
        assert (held.resume_at, held.state_change["actor"]) == (None, "ann")
        event = Event.objects.filter(kind="job.paused").latest("pk")
        assert (event.actor, event.data["note"]) == ("ann", "until I have looked")
        assert not control.resume_job(job=job, actor="", only_if_due=True)
        assert Job.objects.get(pk=job.pk).state == "paused"

    def test_one_that_lacks_something_by_then_stays_paused_and_says_what(self, broker: Broker) -> None:
        job = make_job(scripts({"permanent": True}), pause_after_failures={"runs": 1, "resume_after": "1h"})
        start_run(job=job, trigger=Trigger.API)
        broker.deliver_all()
        sweep.sweep_once()
        Job.objects.filter(pk=job.pk).update(resume_at=dt.datetime.now(dt.UTC) - SECOND, payload=[])
        assert follow_ups.recover_jobs() == 0
        row = Job.objects.get(pk=job.pk)
        assert row.state_change is not None
        assert (row.state, row.resume_at) == ("paused", None)
        assert "it cannot go on: payload: expected at least one payload" in row.state_change["note"]

    @pytest.mark.parametrize(
        ("ends", "state"),
        [
            (("failed", "succeeded", "failed"), "active"),
            (("succeeded", "failed", "failed"), "paused"),
            (("failed", "cancelled", "failed"), "paused"),
        ],
    )
    @pytest.mark.parametrize("upside_down", [False, True])
    def test_they_count_in_the_order_in_which_they_ended(
        self, ends: tuple[str, ...], state: str, upside_down: bool
    ) -> None:
        job = make_job(plain(1), pause_after_failures={"runs": 2})
        runs = [start_run(job=job, trigger=Trigger.API) for _ in ends]
        at = fresh(runs[0]).created_at
        for number, (run, end) in enumerate(zip(runs[::-1] if upside_down else runs, ends, strict=True)):
            stop = {"reason": "terminated"} if end == "cancelled" else None
            counted = {"succeeded": end == "succeeded", "failed": end == "failed", "cancelled": end == "cancelled"}
            ended = {"started_at": at, "ended_at": at + number * SECOND, "wake_at": None}
            Run.objects.filter(pk=run).update(state=end, outcome=end, stop=stop, next_position=1, **counted, **ended)
        FollowUp.objects.create(job=job, run_id=runs[0], kind=control.CHECK_FAILURES)
        follow_ups.work_off()
        assert Job.objects.get(pk=job.pk).state == state

    def test_a_success_in_between_begins_the_count_anew(self, broker: Broker) -> None:
        job = make_job(scripts({"permanent": True}), pause_after_failures={"runs": 2})
        start_run(job=job, trigger=Trigger.API)
        broker.deliver_all()
        good = start_run(job=job, trigger=Trigger.API)
        Payload.objects.filter(run_id=good).update(parameters={})
        broker.deliver_all()
        start_run(job=job, trigger=Trigger.API)
        broker.deliver_all()
        sweep.sweep_once()
        assert Job.objects.get(pk=job.pk).state == "active"


class TestManyAtOnce:
    def test_by_their_ids(self) -> None:
        runs = make_single_runs([{}] * 3)
        done_before = make_run(plain(1))
        control.terminate_run(run=done_before, actor="x")
        action = bulk.terminate_runs(
            workspace=Workspace.objects.get(), selection={"ids": [runs[0], runs[2], done_before.pk]}, actor="ann"
        )
        assert (action.total, action.changed, action.unchanged) == (3, 2, 1)
        assert action.ended_at is not None
        sweep.sweep_once(now=dt.datetime.now(dt.UTC) + SECOND)
        assert [fresh(run).state for run in runs] == ["cancelled", "pending", "cancelled"]

    def test_by_a_filter_in_batches_that_the_sweep_goes_on_with(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bulk, "BATCH", 2)
        job, other = make_job(plain(2)), make_job(plain(2))
        runs = [start_run(job=job, trigger=Trigger.API) for _ in range(5)]
        spared = start_run(job=other, trigger=Trigger.API)
        action = bulk.terminate_runs(
            workspace=Workspace.objects.get(), selection={"filter": {"job": job.key}}, actor="ann", note="storm"
        )
        assert (action.total, action.changed, action.ended_at) == (5, 2, None)
        later = start_run(job=job, trigger=Trigger.API)
        for _ in range(4):
            sweep.sweep_once(now=dt.datetime.now(dt.UTC))
        action = BulkAction.objects.get()
        assert (action.changed, action.ended_at is not None) == (5, True)
        assert {fresh(run).state for run in runs} == {"cancelled"}
        assert (fresh(spared).state, fresh(later).state) == ("pending", "pending")


def _stop(run: Run) -> list[int]:
    """In a thread, whose connection of Django's pool must go back."""
    try:
        return control.stop_runs(run_ids=[run.pk], reason=StopReason.TERMINATED)
    finally:
        connection.close()


def _told_to_stop(work: object) -> Exception:
    return TransientError("stopped before it was done", code="cancelled")
