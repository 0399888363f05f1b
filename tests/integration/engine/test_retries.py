"""Retries: how often, how long the wait, and what is kept of the attempts that failed."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from jobs import claims, hotpath
from jobs.claims import Grant, Leased, Report, Requeue
from jobs.errors import LaneLost
from jobs.models import Attempt, Lane, Payload, Requeued, Run
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import (
    LEASE,
    MS,
    SECOND,
    backdate,
    counts,
    done,
    fresh,
    in_thread,
    lease,
    make_run,
    plain,
    rows_of,
    scripts,
    take,
    together,
    until_somebody_waits,
    waiting,
)
from tests.integration.engine.scripted import ScriptedExecutor
from workers import executor, outcomes, sweep
from workers.executor import RunContext, Surroundings

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]

R = TypeVar("R")


def attempt(lane: claims.Lane, payload: Leased) -> Report:
    """What one attempt at a payload comes to."""
    surroundings = Surroundings(threading.Event(), lambda level, message: None, lambda **progress: None)
    report = Report()
    context = RunContext(lane.run)
    outcomes.add(report, executor.attempt(context=context, payload=payload, surroundings=surroundings))
    return report


def lease_requeued(lane: claims.Lane, now: dt.datetime | None = None, count: int = 10) -> list[Leased]:
    return claims.lease_requeued(lane=lane, take=count, lease=LEASE, now=now)


def waits_ms(run: Run) -> list[float]:
    """Work position 0 to its end, each attempt at the moment it is due: the waits in between."""
    lane = take(run)
    now = run.created_at
    payloads, waits = lease(lane, 1, now=now).payloads, []
    while payloads:
        lease(lane, 0, attempt(lane, payloads[0]), now=now)
        row = waiting(run).get(0)
        if row is None:
            break
        assert lease_requeued(lane, row.due_at - MS) == []
        waits.append((row.due_at - now) / MS)
        now = row.due_at
        payloads = lease_requeued(lane, now)
    return waits


def failing(**options: Any) -> list[dict[str, Any]]:
    return scripts({"fails": 99}, **options)


class TestTheWait:
    def test_four_attempts_from_200_ms_by_two_up_to_500_wait_200_400_500(self) -> None:
        policy = {
            "maximum_attempts": 4,
            "initial_interval": "200ms",
            "backoff_coefficient": 2,
            "maximum_interval": "500ms",
        }
        run = make_run(failing(), retry=policy)
        assert waits_ms(run) == [200, 400, 500]
        assert counts(run) == (0, 1, 0)

    def test_without_a_policy_there_are_three_attempts_and_no_wait(self) -> None:
        run = make_run(failing())
        assert waits_ms(run) == [0, 0]
        assert Payload.objects.get(run=run).attempts == 3

    def test_a_payloads_own_policy_wins_over_its_jobs_field_by_field(self) -> None:
        own = {"maximum_attempts": 2, "initial_interval": "1s"}
        run = make_run(failing(retry=own), retry={"maximum_attempts": 5, "maximum_interval": "600ms"})
        assert waits_ms(run) == [600]

    def test_what_the_other_side_asks_for_is_waited(self) -> None:
        run = make_run(scripts({"fails": 99, "retry_after": 2.5}), retry={"maximum_attempts": 2})
        assert waits_ms(run) == [2500]

    def test_but_no_longer_than_the_maximum_interval(self) -> None:
        policy = {"maximum_attempts": 2, "initial_interval": 100, "maximum_interval": "800ms"}
        run = make_run(scripts({"fails": 99, "retry_after": 3600}), retry=policy)
        assert waits_ms(run) == [800]

    def test_and_not_shorter_than_the_back_off(self) -> None:
        policy = {"maximum_attempts": 2, "initial_interval": "700ms"}
        run = make_run(scripts({"fails": 99, "retry_after": 0.1}), retry=policy)
        assert waits_ms(run) == [700]


class TestTheEnd:
    def test_attempts_exhausted_the_payload_failed_with_its_last_error(self) -> None:
        run = make_run(failing(), retry={"maximum_attempts": 2})
        waits_ms(run)
        payload = Payload.objects.get(run=run)
        assert (payload.state, payload.attempts, payload.result) == ("failed", 2, None)
        assert payload.error == {"message": "failure 2", "code": "scripted"}
        assert waiting(run) == {}

    def test_a_permanent_error_is_final_at_once(self) -> None:
        run = make_run(scripts({"permanent": True}), retry={"maximum_attempts": 5})
        assert waits_ms(run) == []
        payload = Payload.objects.get(run=run)
        assert (payload.state, payload.attempts) == ("failed", 1)
        assert payload.error == {"message": "not like this", "code": "scripted", "details": {"attempt": 1}}

    def test_one_that_fails_and_then_succeeds_ends_succeeded_and_waits_no_more(self) -> None:
        run = make_run(scripts({"fails": 2, "result": {"rows": 1}}))
        waits_ms(run)
        payload = Payload.objects.get(run=run)
        assert (payload.state, payload.attempts, payload.result, payload.error) == ("succeeded", 3, {"rows": 1}, None)
        assert waiting(run) == {}
        assert counts(run) == (1, 0, 0)

    def test_a_crash_is_tried_again_and_kept_with_its_traceback(self) -> None:
        run = make_run(scripts({"fails": 1, "crashes": True}))
        assert waits_ms(run) == [0]
        error = Attempt.objects.get(run=run).error
        assert (error["message"], error["code"]) == ("RuntimeError: crash 1", "crash")
        assert "scripted.py" in error["details"]["traceback"]


class TestTheHistory:
    def test_every_attempt_that_failed_is_kept_with_error_worker_and_times(self) -> None:
        run = make_run(scripts({"fails": 2}))
        waits_ms(run)
        rows = list(Attempt.objects.filter(run=run).order_by("number"))
        assert [(row.position, row.number, row.state, row.worker) for row in rows] == [
            (0, 1, "failed", "host:1"),
            (0, 2, "failed", "host:1"),
        ]
        assert [row.error["message"] for row in rows] == ["failure 1", "failure 2"]
        assert all(row.started_at <= row.ended_at for row in rows)
        assert rows[0].ended_at <= rows[1].started_at

    def test_a_payload_that_succeeded_at_once_has_none(self) -> None:
        run = make_run(plain(1))
        waits_ms(run)
        assert not Attempt.objects.exists()


class TestLeasingWhatWaits:
    def prepare(self, *rows: dict[str, Any], count: int = 6) -> tuple[Run, claims.Lane]:
        """A run whose lane 0 leased and gave back everything, and what waits in it."""
        run = make_run(plain(count))
        lane = take(run)
        lease(lane, count, now=run.created_at)
        lease(lane, 0, now=run.created_at)
        for row in rows:
            Requeued.objects.create(**{"run": run, "due_at": run.created_at, **row})
        return run, lane

    def test_those_that_are_due_come_the_longest_due_first_and_by_position(self) -> None:
        run = make_run(plain(6))
        lane = take(run)
        lease(lane, 6, now=run.created_at)
        for position, seconds in ((0, 3), (1, 2), (2, 1), (3, 9)):
            Requeued.objects.create(run=run, position=position, due_at=run.created_at + seconds * SECOND)
        now = run.created_at + 5 * SECOND
        assert [payload.position for payload in lease_requeued(lane, now, count=2)] == [1, 2]
        assert [payload.position for payload in lease_requeued(take(run, slot=1, now=now), now)] == [0]

    def test_they_bring_the_attempts_made_and_the_payload(self) -> None:
        _run, lane = self.prepare({"position": 2, "attempts": 4})
        (payload,) = lease_requeued(lane)
        assert (payload.attempts, payload.requeued, payload.kind, payload.parameters) == (4, True, "scripted", {})

    def test_the_lane_holds_them_under_a_new_lease(self) -> None:
        run, lane = self.prepare({"position": 2}, {"position": 4})
        now = run.created_at + SECOND
        lease_requeued(lane, now)
        row = Lane.objects.get(pk=lane.id)
        assert (row.low, row.high, row.reached, row.leased_at, row.lease_expires_at) == (0, 0, 2, now, now + LEASE)
        assert {position: each.lane_id for position, each in waiting(run).items()} == {2: lane.id, 4: lane.id}

    def test_what_another_lane_holds_stays_there(self) -> None:
        run, lane = self.prepare({"position": 1})
        other = take(run, slot=1)
        assert [payload.position for payload in lease_requeued(other)] == [1]
        assert lease_requeued(lane) == []

    def test_what_waits_in_another_run_stays_there(self) -> None:
        _, lane = self.prepare()
        other = make_run(plain(2))
        Requeued.objects.create(run=other, position=0, due_at=other.created_at)
        assert lease_requeued(lane) == []

    def test_one_that_must_be_alone_comes_alone_and_after_the_others(self) -> None:
        early = {"position": 0, "alone": True}
        _run, lane = self.prepare(early, {"position": 1, "alone": True}, {"position": 2}, {"position": 3})
        assert [payload.position for payload in lease_requeued(lane)] == [2, 3]
        lease(lane, 0, Report(finals=done([2, 3]).finals, settled=[2, 3]))
        assert len(lease_requeued(lane)) == 1

    def test_a_run_that_was_stopped_leases_none(self) -> None:
        run, lane = self.prepare({"position": 0})
        Run.objects.filter(pk=run.pk).update(state="cancelled", wake_at=None, ended_at=run.created_at)
        assert lease_requeued(lane) == []
        assert waiting(run)[0].lane_id is None

    def test_a_run_that_is_stopped_meanwhile_leases_none(self) -> None:
        run, lane = self.prepare({"position": 0})
        assert stop_while(run, lambda: lease_requeued(lane)) == []
        assert waiting(run)[0].lane_id is None

    @pytest.mark.parametrize("stale", ["gone", "sequence"])
    def test_a_lane_that_is_no_longer_ours_leases_none(self, stale: str) -> None:
        _run, lane = self.prepare({"position": 0})
        if stale == "gone":
            claims.leave_lane(lane=lane)
        else:
            lane.sequence -= 1
        before = rows_of(Lane, Requeued, Run)
        with pytest.raises(LaneLost):
            lease_requeued(lane)
        assert rows_of(Lane, Requeued, Run) == before

    def test_five_lanes_at_once_share_them_without_overlap(self) -> None:
        run, first = self.prepare(*[{"position": position} for position in range(20)], count=20)
        lanes = [first, *[take(run, slot=slot) for slot in range(1, 5)]]
        shares = together([lambda lane=lane: lease_requeued(lane, count=4) for lane in lanes])  # type: ignore[misc]
        assert sorted(payload.position for share in shares for payload in share) == list(range(20))

    def test_two_lanes_that_wait_for_the_run_at_once_do_not_get_the_same(self) -> None:
        run, first = self.prepare(*[{"position": position} for position in range(4)])
        second = take(run, slot=1)
        with hotpath.connection() as other, other.transaction():
            other.execute("SELECT 1 FROM jobs_run WHERE id = %s FOR UPDATE", (run.pk,))
            shares = [in_thread(lambda lane=lane: lease_requeued(lane, count=2)) for lane in (first, second)]  # type: ignore[misc]
            until_somebody_waits(many=2)
        leased = [payload.position for share in shares for payload in share()]
        assert len(leased) == len(set(leased)) == 4

    def test_a_lane_that_is_taken_back_while_it_waits_leases_none(self) -> None:
        run, lane = self.prepare({"position": 0})
        with hotpath.connection() as other, other.transaction():
            other.execute("DELETE FROM jobs_lane WHERE id = %s", (lane.id,))
            leasing = in_thread(lambda: lease_requeued(lane))
            until_somebody_waits()
        with pytest.raises(LaneLost):
            leasing()
        assert waiting(run)[0].lane_id is None

    def test_settling_leaves_alone_what_another_lane_holds(self) -> None:
        run, lane = self.prepare({"position": 0})
        other = take(run, slot=1)
        Requeued.objects.filter(run=run).update(lane_id=other.id)
        lease(lane, 0, Report(finals=done([0]).finals, settled=[0]))
        assert waiting(run)[0].lane_id == other.id

    def test_leaving_wakes_the_sweep_when_the_first_of_them_is_due(self) -> None:
        run, lane = self.prepare({"position": 0}, {"position": 1}, {"position": 2})
        other = make_run(plain(1))
        Requeued.objects.create(run=other, position=0, due_at=run.created_at)
        due_at = run.created_at + 5 * SECOND
        Requeued.objects.filter(run=run, position=2).update(due_at=due_at + MS)
        Run.objects.filter(pk=run.pk).update(wake_at=due_at + SECOND)
        Requeued.objects.filter(run=run, position=0).update(due_at=due_at)
        Requeued.objects.filter(run=run, position=1).update(due_at=due_at - SECOND)
        Requeued.objects.filter(run=run, position=1).update(lane_id=take(run, slot=4, now=due_at).id)
        before = fresh(other).wake_at
        claims.leave_lane(lane=lane)
        assert (fresh(run).wake_at, fresh(other).wake_at) == (due_at, before)

    def test_leaving_never_puts_the_sweep_off(self) -> None:
        run, lane = self.prepare({"position": 0})
        wake_at = run.created_at + SECOND
        Run.objects.filter(pk=run.pk).update(wake_at=wake_at)
        Requeued.objects.filter(run=run).update(due_at=wake_at + SECOND)
        claims.leave_lane(lane=lane)
        assert fresh(run).wake_at == wake_at

    def test_leaving_a_run_that_ended_wakes_nobody(self) -> None:
        run, lane = self.prepare({"position": 0})
        Run.objects.filter(pk=run.pk).update(state="cancelled", wake_at=None, ended_at=run.created_at)
        claims.leave_lane(lane=lane)
        assert fresh(run).wake_at is None


class TestMeanwhile:
    def test_the_lane_goes_on_with_the_other_payloads(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        policy = {"maximum_attempts": 2, "initial_interval": "1h"}
        run = make_run(scripts({"fails": 1}, {}, {}, {}, {}), retry=policy, max_concurrent_requests=1)
        broker.deliver_all()
        assert scripted.positions(run.pk) == [0, 1, 2, 3, 4]
        assert counts(run) == (4, 0, 0)
        assert fresh(run).state == "running"

    def test_and_the_sweep_brings_the_retry_when_it_is_due(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        policy = {"maximum_attempts": 2, "initial_interval": "1h"}
        run = make_run(scripts({"fails": 1}, {}, {}), retry=policy, max_concurrent_requests=1)
        broker.deliver_all()
        sweep.sweep_once()
        assert broker.messages == []
        backdate(run, 3601)
        sweep.sweep_once()
        broker.deliver_all()
        assert scripted.positions(run.pk) == [0, 1, 2, 0]
        assert fresh(run).state == "succeeded"

    def test_a_retry_without_delay_does_not_make_the_lane_stop_before_the_end(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run = make_run(scripts({"fails": 1}, *[{}] * 40), strict=True, max_concurrent_requests=1)
        broker.deliver_all()
        assert len(scripted.positions(run.pk)) == 42
        assert fresh(run).state == "succeeded"

    def test_when_another_lane_takes_the_retry_this_one_goes_on_with_the_range(
        self, broker: Broker, scripted: ScriptedExecutor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = make_run(scripts(*[{}] * 10), strict=True, max_concurrent_requests=2)
        thief = Thief(run, monkeypatch)
        scripted.before = lambda work: thief.give_back() if work.position == 3 else None
        broker.deliver()
        assert scripted.positions(run.pk) == [1, 2, 3, 4, 5, 6, 7, 8, 9]

    def test_a_retry_that_is_due_soon_is_waited_for_when_nothing_else_is_left(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run = make_run(scripts({"fails": 2}), retry={"initial_interval": "400ms"})
        began = scripted.clock.now
        broker.deliver_all()
        assert fresh(run).state == "succeeded"
        assert scripted.clock.now - began == pytest.approx(0.8, abs=0.2)

    def test_one_that_is_due_later_is_left_to_the_sweep(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run = make_run(scripts({"fails": 1}), retry={"initial_interval": "5s"})
        began = scripted.clock.now
        broker.deliver_all()
        assert scripted.clock.now == began
        assert not Lane.objects.exists()
        assert waiting(run)[0].lane_id is None


def stop_while(run: Run, action: Callable[[], R]) -> R:
    """Begin an action that has to wait for the run's row, and cancel the run before it gets it."""
    with hotpath.connection() as other, other.transaction():
        other.execute(
            "UPDATE jobs_run SET state = 'cancelled', ended_at = now(), wake_at = NULL WHERE id = %s", (run.pk,)
        )
        begun = in_thread(action)
        until_somebody_waits()
    return begun()


class Thief:
    """A second lane that gives position 0 back, and takes it again as soon as the first lane was told that it is due."""

    def __init__(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lane = take(run, slot=1)
        lease(self.lane, 1)
        self._report = claims.report
        self._told = False
        monkeypatch.setattr(claims, "report", self.report)

    def give_back(self) -> None:
        self._report(lane=self.lane, outcome=Report(requeues=[Requeue(0, 0, 0.0, False)]), take=0, lease=LEASE)

    def report(self, **arguments: Any) -> Grant:
        grant = self._report(**arguments)
        if grant.due and not self._told:
            self._told = True
            assert len(lease_requeued(self.lane)) == 1
        return grant
