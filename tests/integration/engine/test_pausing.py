"""Pausing and resuming, of a run and of a job: what runs may finish, nothing else starts, and what is left goes on."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from jobs import claims
from jobs.claims import Report, Requeue
from jobs.errors import ConflictError, ValidationError
from jobs.models import Event, Job, Lane, Run
from jobs.services import control
from jobs.services.runs import start_run
from jobs.states import Trigger
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import (
    SECOND,
    backdate,
    counts,
    done,
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
    waiting,
)
from tests.integration.engine.scripted import ScriptedExecutor
from workers import attending, sweep

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


class TestARun:
    def test_that_nobody_works_is_paused_at_once(self) -> None:
        run = make_run(plain(3))
        assert control.pause_run(run=run, actor="ann", note="wait for the data")
        row = fresh(run)
        assert (row.state, row.wake_at) == ("paused", None)
        assert row.pause is not None
        assert (row.pause["actor"], row.pause["note"], row.pause["by_job"]) == ("ann", "wait for the data", False)
        assert dt.datetime.fromisoformat(row.pause["at"]) >= run.created_at
        assert kinds_of_events(run) == ["run.created", "run.pausing", "run.paused"]
        event = Event.objects.get(run=run, kind="run.paused")
        assert (event.actor, event.data) == ("ann", {"note": "wait for the data"})

    def test_that_is_worked_finishes_what_it_holds_and_leases_no_more(self) -> None:
        run = make_run(plain(5))
        lane = take(run)
        lease(lane, 2)
        control.pause_run(run=run, actor="ann")
        assert fresh(run).state == "pausing"
        grant = lease(lane, 2, done([0, 1]))
        assert (grant.state, positions(grant)) == ("pausing", [])
        claims.leave_lane(lane=lane)
        sweep.sweep_once(now=dt.datetime.now(dt.UTC) + 2 * SECOND)
        assert fresh(run).state == "paused"
        assert counts(run) == (2, 0, 0)

    def test_a_turn_that_leaves_last_makes_it_paused_itself(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run = make_run(plain(50), strict=True)
        message = broker.messages[0]
        broker.clear()
        scripted.before = lambda work: work.position == 3 and control.pause_run(run=fresh(run), actor="ann")
        broker.messages.append(message)
        broker.deliver()
        row = fresh(run)
        assert (row.state, broker.messages) == ("paused", [])
        assert [position for _, position, _ in scripted.performed] == [0, 1, 2, 3]
        assert counts(run) == (4, 0, 0)

    def test_a_failure_is_not_tried_again_meanwhile(self) -> None:
        run = make_run(scripts({"fails": 1}), retry={"maximum_attempts": 3})
        lane = take(run)
        lease(lane, 1)
        control.pause_run(run=run, actor="ann")
        lease(lane, 1, Report(requeues=[Requeue(0, 1, 0.0, False)]))
        assert claims.lease_requeued(lane=lane, take=5, lease=15 * SECOND) == []
        claims.leave_lane(lane=lane)
        control.resume_run(run=fresh(run), actor="ann")
        assert waiting(run)[0].attempts == 1

    def test_no_lane_can_be_taken(self, broker: Broker) -> None:
        run = make_run(plain(3))
        control.pause_run(run=run, actor="ann")
        broker.deliver_all()
        assert claims.take_lane(run_id=run.pk, slot=0, worker="w", lease=15 * SECOND) is None
        assert Lane.objects.count() == 0

    def test_a_single_run_that_is_paused_is_not_taken(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        (run_id,) = make_single_runs([{}])
        control.pause_run(run=fresh(run_id), actor="ann")
        broker.deliver_all()
        assert scripted.performed == []
        control.resume_run(run=fresh(run_id), actor="ann")
        broker.deliver_all()
        assert fresh(run_id).state == "succeeded"

    def test_whose_payloads_all_end_meanwhile_ends(self) -> None:
        run = make_run(plain(2))
        lane = take(run)
        lease(lane, 2)
        control.pause_run(run=run, actor="ann")
        lease(lane, 0, done([0, 1]))
        claims.leave_lane(lane=lane)
        sweep.sweep_once(now=dt.datetime.now(dt.UTC) + 2 * SECOND)
        assert fresh(run).state == "succeeded"

    def test_pausing_it_again_changes_nothing(self) -> None:
        run = make_run(plain(2))
        control.pause_run(run=run, actor="ann", note="first")
        assert not control.pause_run(run=fresh(run), actor="bob", note="second")
        row = fresh(run)
        assert row.pause is not None
        assert row.pause["actor"] == "ann"

    def test_one_that_has_ended_cannot_be_paused(self, broker: Broker) -> None:
        run = make_run(plain(1))
        broker.deliver_all()
        with pytest.raises(ConflictError, match=f"run {run.pk} has succeeded: it cannot be paused"):
            control.pause_run(run=fresh(run), actor="ann")


class TestResumingARun:
    def test_it_goes_on_with_what_is_left(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run = make_run(plain(6), max_concurrent_requests=2)
        lane = take(run)
        lease(lane, 2)
        control.pause_run(run=run, actor="ann")
        lease(lane, 0, done([0, 1]))
        claims.leave_lane(lane=lane)
        sweep.sweep_once(now=dt.datetime.now(dt.UTC) + 2 * SECOND)
        broker.clear()
        assert control.resume_run(run=fresh(run), actor="bob")
        assert fresh(run).state == "resuming"
        assert broker.lanes() == [(run.pk, 0), (run.pk, 1)]
        broker.deliver_all()
        assert fresh(run).state == "succeeded"
        assert sorted(position for _, position, _ in scripted.performed) == [2, 3, 4, 5]
        assert "run.resuming" in kinds_of_events(run)

    def test_one_that_had_not_begun_is_pending_again(self) -> None:
        run = make_run(plain(2))
        control.pause_run(run=run, actor="ann")
        control.resume_run(run=fresh(run), actor="ann")
        row = fresh(run)
        assert (row.state, row.pause) == ("pending", None)

    def test_one_that_was_still_pausing_runs_on(self) -> None:
        run = make_run(plain(9))
        lane = take(run)
        lease(lane, 1)
        control.pause_run(run=run, actor="ann")
        control.resume_run(run=fresh(run), actor="ann")
        assert fresh(run).state == "running"
        assert positions(lease(lane, 2, done([0]))) == [1, 2]

    def test_one_that_is_not_paused_stays_as_it_is(self) -> None:
        run = make_run(plain(2))
        assert not control.resume_run(run=run, actor="ann")
        assert fresh(run).state == "pending"

    def test_without_its_messages_the_sweep_publishes(self, broker: Broker) -> None:
        run = make_run(plain(2), max_concurrent_requests=1)
        control.pause_run(run=run, actor="ann")
        control.resume_run(run=fresh(run), actor="ann")
        broker.clear()
        backdate(run, 2)
        sweep.sweep_once()
        assert broker.lanes() == [(run.pk, 0)]

    def test_its_deadlines_move_on_by_the_time_it_stood(self) -> None:
        run = make_run(plain(2))
        control.pause_run(run=run, actor="ann")
        row = fresh(run)
        assert row.pause is not None
        Run.objects.filter(pk=run.pk).update(
            deadline_at=run.created_at + 60 * SECOND,
            pause={**row.pause, "at": (dt.datetime.now(dt.UTC) - 600 * SECOND).isoformat()},
        )
        control.resume_run(run=fresh(run), actor="ann")
        deadline = fresh(run).deadline_at
        assert deadline is not None
        assert 659 * SECOND < deadline - run.created_at < 720 * SECOND


class TestAJob:
    def test_its_runs_are_paused_with_it_and_nothing_can_be_triggered(self) -> None:
        job = make_job(plain(3))
        worked, queued = (Run.objects.get(pk=start_run(job=job, trigger=Trigger.API)) for _ in range(2))
        lease(take(worked), 1)
        control.pause_job(job=job, actor="ann", note="the target is down")
        assert (fresh(worked).state, fresh(queued).state) == ("pausing", "paused")
        row = Job.objects.get(pk=job.pk)
        assert row.state == "paused"
        assert row.state_change is not None
        assert (row.state_change["actor"], row.state_change["note"]) == ("ann", "the target is down")
        with pytest.raises(ConflictError, match="paused"):
            start_run(job=job, trigger=Trigger.API)

    def test_resumed_its_runs_go_on_but_one_that_was_paused_by_itself(self, broker: Broker) -> None:
        job = make_job(plain(3))
        one, other = (Run.objects.get(pk=start_run(job=job, trigger=Trigger.API)) for _ in range(2))
        control.pause_run(run=one, actor="ann")
        control.pause_job(job=job, actor="ann")
        assert control.resume_job(job=job, actor="bob")
        assert (fresh(one).state, fresh(other).state) == ("paused", "pending")
        broker.deliver_all()
        assert fresh(other).state == "succeeded"

    def test_a_run_of_a_paused_job_is_not_resumed_by_itself(self) -> None:
        job = make_job(plain(3))
        run = Run.objects.get(pk=start_run(job=job, trigger=Trigger.API))
        control.pause_job(job=job, actor="ann")
        with pytest.raises(ConflictError, match="resume the job"):
            control.resume_run(run=fresh(run), actor="ann")

    def test_pausing_and_resuming_twice_changes_nothing_more(self) -> None:
        job = make_job(plain(3))
        control.pause_job(job=job, actor="ann", note="first")
        control.pause_job(job=job, actor="bob", note="second")
        row = Job.objects.get(pk=job.pk)
        assert row.state_change is not None
        assert row.state_change["note"] == "first"
        assert control.resume_job(job=job, actor="ann")
        assert not control.resume_job(job=job, actor="ann")
        kinds = Event.objects.filter(job=job, run=None).order_by("pk").values_list("kind", flat=True)
        assert list(kinds) == ["job.created", "job.paused", "job.resumed"]

    def test_one_that_was_edited_until_it_lacks_something_is_not_resumed(self) -> None:
        job = make_job(plain(3))
        control.pause_job(job=job, actor="ann")
        Job.objects.filter(pk=job.pk).update(payload=[])
        with pytest.raises(ValidationError, match="at least one payload"):
            control.resume_job(job=job, actor="ann")
        assert Job.objects.get(pk=job.pk).state == "paused"

    def test_a_run_of_it_that_somebody_pauses_does_not_go_on_with_it(self) -> None:
        job = make_job(plain(3))
        run = Run.objects.get(pk=start_run(job=job, trigger=Trigger.API))
        control.pause_job(job=job, actor="ann")
        assert control.pause_run(run=run, actor="bob", note="this one stays")
        assert not control.pause_run(run=run, actor="eve")
        control.resume_job(job=job, actor="ann")
        row = fresh(run)
        assert row.pause is not None
        assert (row.state, row.pause["actor"], row.pause["by_job"]) == ("paused", "bob", False)
        assert Event.objects.filter(run=run, kind="run.paused").latest("pk").actor == "bob"
        assert control.resume_run(run=run, actor="bob")

    @pytest.mark.parametrize(
        ("by_itself", "said"),
        [(True, "resume the job first, and then run"), (False, "resume the job, and run [0-9]+ goes on with it")],
    )
    def test_resuming_a_run_of_it_tells_what_to_resume(self, by_itself: bool, said: str) -> None:
        job = make_job(plain(3))
        run = Run.objects.get(pk=start_run(job=job, trigger=Trigger.API))
        if by_itself:
            control.pause_run(run=run, actor="ann")
        control.pause_job(job=job, actor="ann")
        with pytest.raises(ConflictError, match=f"task:.* is paused: {said}"):
            control.resume_run(run=run, actor="ann")

    def test_a_run_that_was_started_while_its_job_was_paused_is_found(self) -> None:
        """As with a job of more runs than are paused at once."""
        job = make_job(plain(3))
        run = Run.objects.get(pk=start_run(job=job, trigger=Trigger.API))
        Job.objects.filter(pk=job.pk).update(state="paused")
        backdate(run, 5)
        sweep.sweep_once()
        row = fresh(run)
        assert row.pause is not None
        assert (row.state, row.pause["by_job"]) == ("paused", True)

    def test_of_more_runs_than_are_resumed_at_once_the_sweep_resumes_the_rest(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = make_job(plain(3))
        runs = [start_run(job=job, trigger=Trigger.API) for _ in range(5)]
        control.pause_job(job=job, actor="ann")
        monkeypatch.setattr(control, "RUNS_AT_ONCE", 2)
        control.resume_job(job=job, actor="ann", note="it is there")
        assert sorted(fresh(run).state for run in runs) == ["paused"] * 3 + ["pending"] * 2
        sweep.sweep_once()
        assert {fresh(run).state for run in runs} == {"pending"}
        told = Event.objects.filter(kind="run.resuming").values_list("actor", "data__note")
        assert list(told) == [("ann", "it is there")] * 5

    def test_a_run_that_its_pause_has_not_reached_yet_is_not_worked(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        job = make_job(plain(1))
        start_run(job=job, trigger=Trigger.API)
        several = start_run(job=make_job(plain(3)), trigger=Trigger.API)
        Job.objects.update(state="paused")
        broker.deliver_all()
        assert scripted.performed == []
        assert fresh(several).state == "pending"

    def test_one_that_is_resumed_just_now_is_not_left_with_a_paused_run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The sweep has read that the job is paused; before it pauses the run, the job is resumed."""
        job = make_job(plain(3))
        run = Run.objects.get(pk=start_run(job=job, trigger=Trigger.API))
        Job.objects.filter(pk=job.pk).update(state="paused")
        attend = attending.attend

        def resumed_before(*arguments: Any, **options: Any) -> None:
            control.resume_job(job=job, actor="ann")
            attend(*arguments, **options)

        monkeypatch.setattr(attending, "attend", resumed_before)
        backdate(run, 5)
        sweep.sweep_once()
        assert fresh(run).state == "pending"
