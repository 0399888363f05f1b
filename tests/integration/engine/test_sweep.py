"""The sweep: finds the runs that need a message and have none, closes what is complete, and comes no more often than it must."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import OperationalError, connection

from jobs import claims, dispatch, hotpath
from jobs.claims import Report, Requeue
from jobs.models import Lane, Requeued, Run
from jobs.services import bulk, bulk_each, old_replays
from sinks.services import redelivering
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import (
    MS,
    SECOND,
    done,
    expire,
    fresh,
    kinds_of_events,
    lease,
    make_run,
    make_single_runs,
    plain,
    rows_of,
    take,
    together,
    waiting,
)
from tests.integration.engine.scripted import Clock
from workers import sweep

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


def wake_of(run: Run) -> dt.datetime:
    """When the sweep is to look at a run that has not ended."""
    wake_at = fresh(run).wake_at
    assert wake_at is not None
    return wake_at


def put_off(run: Run, *, seconds: float) -> dt.datetime:
    """Let the sweep look at the run so long after its creation."""
    wake_at: dt.datetime = run.created_at + dt.timedelta(seconds=seconds)
    Run.objects.filter(pk=run.pk).update(wake_at=wake_at)
    return wake_at


class TestARunWithoutItsMessages:
    def test_it_is_left_to_its_own_message_for_a_second_and_published_then(self, broker: Broker) -> None:
        run = make_run(plain(3), max_concurrent_requests=2)
        broker.clear()
        sweep.sweep_once(now=run.created_at + SECOND - MS)
        assert broker.messages == []
        sweep.sweep_once(now=run.created_at + SECOND)
        assert broker.lanes() == [(run.pk, 0), (run.pk, 1)]

    def test_no_more_messages_than_there_are_positions(self, broker: Broker) -> None:
        run = make_run(plain(2), max_concurrent_requests=9)
        broker.clear()
        sweep.sweep_once(now=wake_of(run))
        assert broker.lanes() == [(run.pk, 0), (run.pk, 1)]

    def test_only_the_slots_that_are_free(self, broker: Broker) -> None:
        run = make_run(plain(9), max_concurrent_requests=3)
        lease(take(run, slot=1), 1)
        broker.clear()
        sweep.sweep_once(now=put_off(run, seconds=2))
        assert broker.lanes() == [(run.pk, 0), (run.pk, 2)]

    def test_runs_of_one_payload_travel_together(self, broker: Broker) -> None:
        run_ids = make_single_runs([{}] * 70)
        broker.clear()
        sweep.sweep_once(now=fresh(run_ids[-1]).wake_at)
        assert sorted(broker.lanes()) == [(run_id, 0) for run_id in run_ids]
        assert len(broker.messages) < 70
        assert all(message.single for message in broker.messages)

    def test_a_run_whose_trigger_found_the_broker_down_is_published_when_it_is_back(self, broker: Broker) -> None:
        broker.down = True
        run = make_run(plain(1))
        sweep.sweep_once(now=wake_of(run))
        assert broker.messages == []
        broker.down = False
        sweep.sweep_once(now=wake_of(run))
        assert broker.lanes() == [(run.pk, 0)]

    def test_a_run_that_ended_is_never_looked_at(self, broker: Broker) -> None:
        run = make_run(plain(1))
        broker.deliver_all()
        sweep.sweep_once(now=run.created_at + dt.timedelta(days=1))
        assert broker.messages == []
        assert claims.seconds_to_next_wake() is None


class TestARunThatIsWorked:
    def test_it_is_not_published_while_its_lanes_are_alive(self, broker: Broker) -> None:
        run = make_run(plain(9), max_concurrent_requests=1)
        take(run)
        broker.clear()
        now = put_off(run, seconds=2)
        sweep.sweep_once(now=now)
        assert broker.messages == []
        assert (wake_of(run), fresh(run).nudges) == (now + 10 * SECOND, 0)

    def test_nor_when_every_position_is_held(self, broker: Broker) -> None:
        run = make_run(plain(2), max_concurrent_requests=5)
        lease(take(run), 2)
        broker.clear()
        sweep.sweep_once(now=put_off(run, seconds=2))
        assert broker.messages == []

    def test_a_retry_wakes_the_sweep_when_it_is_due(self, broker: Broker) -> None:
        run = make_run(plain(1))
        now = run.created_at
        lane = take(run, now=now)
        lease(lane, 1, now=now)
        lease(lane, 0, Report(requeues=[Requeue(0, 1, 3000.0, False)]), now=now)
        broker.clear()
        sweep.wake_runs(now=now + SECOND)
        claims.leave_lane(lane=lane)
        assert wake_of(run) == now + 3 * SECOND
        sweep.sweep_once(now=now + 3 * SECOND - MS)
        assert broker.messages == []
        sweep.sweep_once(now=now + 3 * SECOND)
        assert broker.lanes() == [(run.pk, 0)]

    def test_with_lanes_alive_a_retry_is_looked_after_when_it_is_due(self) -> None:
        run = make_run(plain(2))
        now = run.created_at
        lane = take(run, now=now)
        lease(lane, 2, now=now)
        for position, seconds in ((0, 6), (1, 4)):
            Requeued.objects.create(run=run, position=position, due_at=now + seconds * SECOND)
        sweep.wake_runs(now=now + SECOND)
        assert wake_of(run) == now + 4 * SECOND
        Requeued.objects.filter(position=1).update(lane_id=lane.id)
        Run.objects.filter(pk=run.pk).update(wake_at=now + SECOND)
        sweep.wake_runs(now=now + SECOND)
        assert wake_of(run) == now + 6 * SECOND

    def test_what_another_lane_holds_needs_no_message(self, broker: Broker) -> None:
        run = make_run(plain(1))
        now = run.created_at
        lane = take(run, now=now)
        lease(lane, 1, now=now)
        Requeued.objects.create(run=run, position=0, due_at=now, lane_id=lane.id)
        broker.clear()
        sweep.wake_runs(now=now + SECOND)
        assert broker.messages == []

    def test_another_runs_lanes_do_not_fill_its_slots(self, broker: Broker) -> None:
        other, run = make_run(plain(9)), make_run(plain(9), max_concurrent_requests=1)
        take(other)
        put_off(other, seconds=3600)
        broker.clear()
        sweep.wake_runs(now=put_off(run, seconds=2))
        assert broker.lanes() == [(run.pk, 0)]

    @pytest.mark.parametrize("due", [-SECOND, 4 * SECOND], ids=["due", "due-later"])
    def test_another_runs_retries_neither_publish_it_nor_wake_the_sweep(
        self, broker: Broker, due: dt.timedelta
    ) -> None:
        other, run = make_run(plain(1)), make_run(plain(1))
        lease(take(run), 1)
        put_off(other, seconds=3600)
        now = put_off(run, seconds=2)
        Requeued.objects.create(run=other, position=0, due_at=now + due)
        broker.clear()
        sweep.wake_runs(now=now)
        assert (broker.messages, wake_of(run)) == ([], now + 10 * SECOND)

    def test_a_retry_that_is_due_while_every_lane_is_at_work_is_theirs_and_does_not_keep_the_sweep_awake(
        self, broker: Broker
    ) -> None:
        run = make_run(plain(2), max_concurrent_requests=1)
        lease(take(run), 2)
        now = put_off(run, seconds=2)
        Requeued.objects.create(run=run, position=0, due_at=now - SECOND)
        broker.clear()
        sweep.wake_runs(now=now)
        assert (broker.messages, wake_of(run)) == ([], now + 10 * SECOND)


class TestARunWhoseWorkerDiedBeforeItClosedIt:
    def test_it_is_closed_when_the_sweep_looks_at_it(self, broker: Broker) -> None:
        run = make_run(plain(2))
        lane = take(run)
        lease(lane, 2)
        lease(lane, 2, done([0, 1]))
        claims.leave_lane(lane=lane)
        broker.clear()
        sweep.sweep_once(now=wake_of(run))
        assert (fresh(run).state, broker.messages) == ("succeeded", [])
        assert kinds_of_events(run) == ["run.created", "run.running", "run.succeeded"]

    def test_or_when_its_lane_is_buried(self) -> None:
        run = make_run(plain(2))
        lane = take(run)
        lease(lane, 2)
        lease(lane, 2, done([0, 1]))
        put_off(run, seconds=3600)
        expire()
        sweep.sweep_once()
        assert (fresh(run).state, Lane.objects.count()) == ("succeeded", 0)


class TestHowOftenItPublishes:
    def waits(self, run: Run, times: int) -> list[float]:
        """The seconds between one look and the next, when nobody takes a lane."""
        waits = []
        for _ in range(times):
            now = wake_of(run)
            sweep.sweep_once(now=now)
            waits.append((wake_of(run) - now).total_seconds())
        return waits

    def test_every_two_seconds_when_the_queue_is_empty_for_then_the_message_is_lost(self, broker: Broker) -> None:
        run = make_run(plain(1))
        broker.clear()
        assert self.waits(run, 5) == [2, 2, 2, 2, 2]
        assert len(broker.messages) == 5

    def test_ever_less_often_up_to_15_s_when_the_queue_is_long(self, broker: Broker) -> None:
        run = make_run(plain(1))
        broker.backlog = 1000
        assert self.waits(run, 8) == [2, 4, 8, 15, 15, 15, 15, 15]

    def test_every_two_seconds_when_the_broker_does_not_answer(self, broker: Broker) -> None:
        run = make_run(plain(1))
        broker.down = True
        assert self.waits(run, 4) == [2, 2, 2, 2]

    def test_it_asks_the_broker_only_of_queues_that_it_published_to(self, broker: Broker) -> None:
        run = make_run(plain(1))
        sweep.sweep_once(now=wake_of(run))
        assert broker.asked == []
        sweep.sweep_once(now=wake_of(run) - MS)
        assert broker.asked == []
        sweep.sweep_once(now=wake_of(run))
        assert broker.asked == ["default"]

    def test_no_run_is_locked_while_the_broker_is_asked(self, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
        run = make_run(plain(1))
        sweep.sweep_once(now=wake_of(run))

        def depth(queue: str) -> int:
            with hotpath.connection() as other:
                other.execute("SELECT 1 FROM jobs_run WHERE id = %s FOR UPDATE NOWAIT", (run.pk,))
            return 0

        monkeypatch.setattr(dispatch, "depth", depth)
        sweep.sweep_once(now=wake_of(run))
        assert len(broker.messages) == 3

    def test_a_lane_that_is_taken_begins_the_count_anew(self) -> None:
        run = make_run(plain(5))
        self.waits(run, 3)
        assert fresh(run).nudges == 3
        take(run)
        assert fresh(run).nudges == 0


class TestManySweeps:
    def test_a_run_that_another_sweep_looks_at_is_skipped(self, broker: Broker) -> None:
        first, second = make_run(plain(1)), make_run(plain(1))
        put_off(first, seconds=2)
        now = put_off(second, seconds=3)
        broker.clear()
        with hotpath.connection() as other, other.transaction():
            assert [run.id for run in claims.lock_due_runs(other, limit=1, now=now)] == [first.pk]
            assert sweep.wake_runs(now=now) == 1
        assert broker.lanes() == [(second.pk, 0)]

    def test_four_at_once_publish_for_a_run_once(self, broker: Broker) -> None:
        runs = [make_run(plain(2), max_concurrent_requests=1) for _ in range(40)]
        broker.clear()
        now = wake_of(runs[-1])
        together([lambda: sweep.sweep_once(now=now)] * 4)
        assert sorted(broker.lanes()) == [(run.pk, 0) for run in runs]

    def test_more_runs_than_a_batch_are_looked_at_in_one_pass(
        self, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sweep, "BATCH", 3)
        runs = [make_run(plain(2), max_concurrent_requests=1) for _ in range(7)]
        broker.clear()
        sweep.sweep_once(now=wake_of(runs[-1]))
        assert broker.lanes() == [(run.pk, 0) for run in runs]

    def test_those_that_wait_longest_come_first(self, broker: Broker) -> None:
        late, early = make_run(plain(1)), make_run(plain(1))
        now = put_off(late, seconds=20)
        put_off(early, seconds=10)
        with hotpath.connection() as connection, connection.transaction():
            found = claims.lock_due_runs(connection, limit=5, now=now)
        assert [run.id for run in found] == [early.pk, late.pk]

    def test_a_run_that_ended_meanwhile_is_left_at_rest(self) -> None:
        run = make_run([])
        with hotpath.connection() as connection, connection.transaction():
            claims.close_runs(connection, run_ids=[run.pk])
            claims.snooze_runs(connection, wakes=[(run.pk, run.created_at, 1)])
        assert (fresh(run).state, fresh(run).wake_at) == ("succeeded", None)


class TestItsPauses:
    def test_it_sleeps_until_the_next_run_is_due(self) -> None:
        assert claims.seconds_to_next_wake() is None
        run, _ = make_run(plain(1)), make_run(plain(1))
        Run.objects.filter(pk=run.pk).update(wake_at=dt.datetime.now(dt.UTC) + 600 * SECOND)
        Run.objects.exclude(pk=run.pk).update(wake_at=dt.datetime.now(dt.UTC) + 900 * SECOND)
        assert claims.seconds_to_next_wake() == pytest.approx(600, abs=10)
        Run.objects.filter(pk=run.pk).update(wake_at=dt.datetime.now(dt.UTC) - SECOND)
        assert claims.seconds_to_next_wake() == 0

    def test_a_look_at_nothing_changes_nothing(self, broker: Broker) -> None:
        run = make_run(plain(4))
        lease(take(run), 2)
        broker.clear()
        before = rows_of(Run, Lane, Requeued)
        sweep.sweep_once(now=run.created_at)
        assert rows_of(Run, Lane, Requeued) == before
        assert (broker.messages, waiting(run)) == ([], {})


class TestWhatIsLong:
    def test_neither_lanes_nor_runs_wait_for_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        done: list[str] = []
        for module in (bulk, bulk_each, redelivering, old_replays):
            name = module.__name__.rpartition(".")[2]
            monkeypatch.setattr(module, "work_off", lambda name=name: done.append(name))
        sweep.look_after_runs()
        assert done == []
        sweep.work_off_what_is_long()
        assert done == ["bulk", "bulk_each", "redelivering", "old_replays"]

    def test_each_has_a_thread_of_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        begun = [threading.Event(), threading.Event()]
        monkeypatch.setattr(sweep, "loop", begun[0].set)
        monkeypatch.setattr(sweep, "loop_of_what_is_long", begun[1].set)
        sweep.start()
        assert all(event.wait(5) for event in begun)

    def test_it_goes_on_after_the_database_was_away(self, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        ends = iter([OperationalError("away"), ValueError("ours"), SystemExit()])

        def fails() -> None:
            raise next(ends)

        monkeypatch.setattr(sweep, "time", clock)
        monkeypatch.setattr(sweep, "work_off_what_is_long", fails)
        with pytest.raises(SystemExit):
            sweep.loop_of_what_is_long()


class TestTheLoop:
    """With the database away in its second and third passes."""

    PASSES = 3 + 20

    @pytest.fixture
    def buries(self, clock: Clock, monkeypatch: pytest.MonkeyPatch, settings: Any) -> list[tuple[float, bool]]:
        """(seconds, whether lanes may be buried) of each pass; ten seconds a lease, one from pass to pass."""
        settings.JOBS_LEASE_SECONDS, settings.JOBS_SWEEP_SECONDS = 10, 1
        passes: list[tuple[float, bool]] = []

        def look_after_runs(*, bury: bool, patience: dt.timedelta) -> None:
            assert patience == 10 * SECOND
            passes.append((clock.now - began, bury))
            if len(passes) in (2, 3):
                raise OperationalError("the database is away")
            if len(passes) == self.PASSES:
                raise SystemExit

        began = clock.now
        monkeypatch.setattr(sweep, "time", clock)
        monkeypatch.setattr(sweep, "look_after_runs", look_after_runs)
        with pytest.raises(SystemExit):
            sweep.loop()
        return passes

    def test_goes_on_when_the_database_was_away(self, buries: list[tuple[float, bool]]) -> None:
        assert [seconds for seconds, _ in buries] == list(range(self.PASSES))

    def test_leaves_every_worker_one_lease_to_renew_what_ran_out_meanwhile(
        self, buries: list[tuple[float, bool]]
    ) -> None:
        assert [seconds for seconds, bury in buries if not bury] == list(range(2, 12))

    def test_takes_an_answer_that_came_late_for_an_absence(
        self, clock: Clock, monkeypatch: pytest.MonkeyPatch, settings: Any
    ) -> None:
        settings.JOBS_LEASE_SECONDS, settings.JOBS_SWEEP_SECONDS = 10, 1
        waits = iter([0, 0, 7, *[0] * 20])
        passes: list[bool] = []

        def look_after_runs(*, bury: bool, patience: dt.timedelta) -> None:
            passes.append(bury)
            if len(passes) == 15:
                raise SystemExit

        monkeypatch.setattr(sweep, "time", clock)
        monkeypatch.setattr(hotpath, "ask", lambda: clock.sleep(next(waits)))
        monkeypatch.setattr(sweep, "look_after_runs", look_after_runs)
        with pytest.raises(SystemExit):
            sweep.loop()
        assert passes == [True] * 2 + [False] * 10 + [True] * 3

    def test_a_database_that_was_restarted_a_moment_ago_buries_nothing(self) -> None:
        run = make_run(plain(2))
        take(run)
        expire(run=run)
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp() - pg_postmaster_start_time()")
            (up,) = cursor.fetchone()
        sweep.sweep_once(patience=up + 3600 * SECOND)
        assert Lane.objects.filter(run=run).exists()
        sweep.sweep_once(patience=up)
        assert not Lane.objects.filter(run=run).exists()

    def test_a_pass_that_is_patient_leaves_lost_lanes_and_does_the_rest(self, broker: Broker) -> None:
        run, waiting_run = make_run(plain(2)), make_run(plain(1))
        take(run)
        expire(run=run)
        broker.clear()
        sweep.sweep_once(now=waiting_run.created_at + 10 * SECOND, bury=False)
        assert Lane.objects.filter(run=run).exists()
        assert (waiting_run.pk, 0) in broker.lanes()
        sweep.sweep_once()
        assert not Lane.objects.filter(run=run).exists()
