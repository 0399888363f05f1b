"""Taking a lane: one owner a slot, and only where there is something to do."""

from __future__ import annotations

import datetime as dt

import pytest

from jobs import claims, hotpath
from jobs.models import Event, Job, Lane, Payload, Requeued, Run
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import (
    LEASE,
    MS,
    SECOND,
    done,
    expire,
    fresh,
    in_thread,
    kinds_of_events,
    lease,
    make_run,
    plain,
    rows_of,
    take,
    together,
    until_somebody_waits,
)
from tests.integration.engine.scripted import ScriptedExecutor
from workers import turns

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


def take_or_none(run: Run, slot: int = 0, now: dt.datetime | None = None) -> claims.Lane | None:
    return claims.take_lane(run_id=run.pk, slot=slot, worker="host:2", lease=LEASE, now=now)


def requeue(run: Run, *, due_at: dt.datetime, lane: int | None = None) -> None:
    Requeued.objects.create(run=run, position=0, due_at=due_at, lane_id=lane)


class TestASlot:
    def test_a_live_lane_is_not_stolen(self) -> None:
        run = make_run(plain(3))
        take(run)
        before = rows_of(Lane, Run, Event)
        assert take_or_none(run) is None
        assert rows_of(Lane, Run, Event) == before

    def test_a_lane_whose_lease_ran_out_is_left_to_the_sweep_which_charges_the_attempt(self) -> None:
        run = make_run(plain(3))
        take(run)
        expire(run=run)
        before = rows_of(Lane)
        assert take_or_none(run) is None
        assert rows_of(Lane) == before

    def test_of_eight_workers_that_take_one_slot_one_gets_it(self) -> None:
        run = make_run(plain(20))
        lanes = together([lambda: take_or_none(run)] * 8)
        assert sum(lane is not None for lane in lanes) == 1
        assert Lane.objects.filter(run=run).count() == 1

    def test_other_slots_of_the_run_are_free(self) -> None:
        run = make_run(plain(20), max_concurrent_requests=3)
        assert [take(run, slot=slot).slot for slot in (0, 1, 2)] == [0, 1, 2]

    def test_a_slot_beyond_the_runs_lanes_is_refused(self) -> None:
        run = make_run(plain(20), max_concurrent_requests=2)
        assert take_or_none(run, slot=2) is None
        assert not Lane.objects.exists()
        assert fresh(run).state == "pending"

    def test_a_slot_that_was_left_can_be_taken_again_under_a_new_token(self) -> None:
        run = make_run(plain(3))
        first = take(run)
        claims.leave_lane(lane=first)
        assert take(run).id != first.id

    def test_the_lane_is_leased_from_now(self) -> None:
        run = make_run(plain(3))
        lane = Lane.objects.get(pk=take(run, now=run.created_at).id)
        assert (lane.leased_at, lane.lease_expires_at) == (run.created_at, run.created_at + LEASE)
        assert (lane.low, lane.high, lane.sequence, lane.worker) == (0, 0, 0, "host:1")

    def test_the_lane_knows_what_it_must_of_its_run(self) -> None:
        run = make_run(plain(1), retry={"maximum_attempts": 7})
        lane = take(run)
        assert (lane.run.run_id, lane.run.workspace, lane.run.job_key) == (run.pk, "acme", run.job_key)
        assert lane.run.configuration["retry"] == {"maximum_attempts": 7}
        assert (lane.run.queue, lane.run.strict) == ("default", False)


class TestSomethingToDo:
    def test_a_run_that_ended_gives_no_lane(self) -> None:
        run = make_run(plain(3))
        now = run.created_at
        Payload.objects.filter(run=run).update(state="cancelled", ended_at=now)
        Run.objects.filter(pk=run.pk).update(state="cancelled", cancelled=3, wake_at=None, ended_at=now)
        assert take_or_none(run) is None
        assert fresh(run).state == "cancelled"

    def test_a_run_that_does_not_exist_gives_no_lane(self) -> None:
        assert claims.take_lane(run_id=-1, slot=0, worker="host:1", lease=LEASE) is None

    def test_where_every_position_is_leased_there_is_no_lane(self) -> None:
        run = make_run(plain(3))
        lease(take(run), 3)
        assert take_or_none(run, slot=1) is None

    def test_one_position_that_nobody_has_is_enough(self) -> None:
        run = make_run(plain(3))
        lease(take(run), 2)
        assert take_or_none(run, slot=1) is not None

    def test_a_run_that_only_wants_closing_gives_a_lane(self) -> None:
        run = make_run(plain(3))
        lane = take(run)
        lease(lane, 3)
        lease(lane, 1, done(range(3)))
        assert take_or_none(run, slot=1) is not None

    def test_a_retry_that_is_due_within_a_second_is_worth_a_lane(self) -> None:
        run = make_run(plain(1))
        now = run.created_at
        lease(take(run), 1)
        requeue(run, due_at=now + SECOND)
        assert take_or_none(run, slot=1, now=now - MS) is None
        assert take_or_none(run, slot=1, now=now) is not None

    def test_a_retry_that_somebody_holds_is_nothing_to_do(self) -> None:
        run = make_run(plain(1))
        lane = take(run)
        lease(lane, 1)
        requeue(run, due_at=run.created_at, lane=lane.id)
        assert take_or_none(run, slot=1) is None

    def test_another_runs_retry_is_nothing_to_do(self) -> None:
        run, other = make_run(plain(1)), make_run(plain(1))
        lease(take(run), 1)
        requeue(other, due_at=run.created_at)
        assert take_or_none(run, slot=1) is None


class TestTheFirstLane:
    def test_it_makes_the_run_running(self) -> None:
        run = make_run(plain(3))
        Run.objects.filter(pk=run.pk).update(nudges=4)
        now = run.created_at + SECOND
        lane = take(run, now=now)
        after = fresh(run)
        assert (after.state, after.started_at, after.nudges) == ("running", now, 0)
        assert kinds_of_events(run) == ["run.created", "run.running"]
        assert Event.objects.get(kind="run.running").data == {"worker": lane.worker}

    def test_those_that_follow_leave_its_beginning_as_it_is(self) -> None:
        run = make_run(plain(3))
        take(run, now=run.created_at)
        take(run, slot=1, now=run.created_at + SECOND)
        assert fresh(run).started_at == run.created_at
        assert kinds_of_events(run) == ["run.created", "run.running"]

    def test_of_eight_lanes_taken_at_once_one_starts_the_run(self) -> None:
        run = make_run(plain(20), max_concurrent_requests=8)
        lanes = together([lambda slot=slot: take_or_none(run, slot) for slot in range(8)])  # type: ignore[misc]
        assert all(lanes)
        assert kinds_of_events(run) == ["run.created", "run.running"]

    def test_the_runs_of_other_jobs_stay_pending(self) -> None:
        run, other = make_run(plain(3)), make_run(plain(3))
        take(run)
        assert fresh(other).state == "pending"


class TestItsTimes:
    def test_a_run_that_was_not_begun_in_time_gives_no_lane(self) -> None:
        run = make_run(plain(3))
        Run.objects.filter(pk=run.pk).update(expires_at=run.created_at + SECOND)
        assert take_or_none(run, now=run.created_at + SECOND) is None
        assert take_or_none(run, now=run.created_at + SECOND - MS) is not None

    def test_one_that_has_begun_does(self) -> None:
        run = make_run(plain(3))
        take(run)
        Run.objects.filter(pk=run.pk).update(expires_at=run.created_at)
        assert take_or_none(run, slot=1) is not None

    def test_its_deadline_counts_from_the_first_lane(self) -> None:
        run = make_run(plain(3), run_timeout="10s")
        take(run, now=run.created_at + SECOND)
        take(run, slot=1, now=run.created_at + 2 * SECOND)
        assert fresh(run).deadline_at == run.created_at + 11 * SECOND

    def test_its_deadline_is_what_its_job_said_when_it_was_triggered(self) -> None:
        runs = [make_run(plain(count), run_timeout="10s") for count in (3, 1)]
        unlimited = make_run(plain(3))
        Job.objects.update(run_timeout=SECOND)
        take(runs[0], now=runs[0].created_at)
        take(unlimited)
        claims.take_single_runs(run_ids=[runs[1].pk], worker="host:1", lease=LEASE, now=runs[1].created_at)
        assert [fresh(run).deadline_at for run in runs] == [run.created_at + 10 * SECOND for run in runs]
        assert fresh(unlimited).deadline_at is None

    def test_a_run_that_is_resumed_keeps_its_times_and_says_so(self) -> None:
        run = make_run(plain(3), run_timeout="10s")
        claims.leave_lane(lane=take(run, now=run.created_at))
        before = fresh(run)
        Run.objects.filter(pk=run.pk).update(state="resuming")
        take(run, now=run.created_at + 5 * SECOND)
        after = fresh(run)
        assert (after.state, after.started_at, after.deadline_at) == ("running", before.started_at, before.deadline_at)
        assert kinds_of_events(run)[-1] == "run.resumed"

    @pytest.mark.parametrize("state", ["pausing", "cancelling"])
    def test_one_that_is_being_held_or_ended_gives_no_lane(self, state: str) -> None:
        run = make_run(plain(3))
        Run.objects.filter(pk=run.pk).update(state=state)
        assert take_or_none(run) is None

    def test_nor_does_one_that_is_paused_while_the_taker_waits_for_it(self) -> None:
        run = make_run(plain(3))
        with hotpath.connection() as other, other.transaction():
            other.execute("UPDATE jobs_run SET state = 'pausing' WHERE id = %s", (run.pk,))
            taking = in_thread(lambda: take_or_none(run))
            until_somebody_waits()
        assert taking() is None
        assert not Lane.objects.exists()


class TestAMessageThatComesTwice:
    def test_while_the_first_is_worked_the_second_does_nothing(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run = make_run(plain(2))
        message = broker.messages[0]
        take(run)
        before = rows_of(Lane, Run, Payload, Event)
        turns.work(lanes=message.lanes, queue=message.queue)
        assert rows_of(Lane, Run, Payload, Event) == before
        assert scripted.performed == []

    def test_after_the_run_ended_it_does_nothing(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run = make_run(plain(2), max_concurrent_requests=1)
        message = broker.messages[0]
        broker.deliver_all()
        before = rows_of(Lane, Run, Payload, Event)
        turns.work(lanes=message.lanes, queue=message.queue)
        assert rows_of(Lane, Run, Payload, Event) == before
        assert scripted.positions(run.pk) == [0, 1]

    def test_a_run_without_payloads_succeeds_at_its_message(self, broker: Broker) -> None:
        run = make_run([])
        broker.deliver_all()
        assert fresh(run).state == "succeeded"
        assert kinds_of_events(run) == ["run.created", "run.running", "run.succeeded"]
