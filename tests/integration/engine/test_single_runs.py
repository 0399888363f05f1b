"""Runs of one payload each, many to a message."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from jobs import claims, hotpath
from jobs.claims import Report, Requeue
from jobs.models import Attempt, Event, Lane, Payload, Requeued, Run, Workspace
from jobs.services import control
from jobs.services.groups import save_group
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import (
    LEASE,
    backdate,
    counts,
    error_of,
    expire,
    final,
    fresh,
    in_thread,
    kinds_of_events,
    lease,
    make_run,
    make_single_runs,
    plain,
    rows_of,
    take,
    together,
    until_somebody_waits,
    waiting,
)
from tests.integration.engine.scripted import ScriptedExecutor
from workers import singles, stopping, sweep
from workers.heartbeat import heartbeat
from workers.payloads.base import Work

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


def take_all(run_ids: list[int], worker: str = "host:1") -> list[claims.SingleRun]:
    return claims.take_single_runs(run_ids=run_ids, worker=worker, lease=LEASE)


def report(taken: list[claims.SingleRun], **outcome: Any) -> list[int]:
    with hotpath.connection() as connection, connection.transaction():
        return claims.report_single_runs(connection, finals=[(each.lane, final(0, **outcome)) for each in taken])


def states(run_ids: list[int]) -> list[str]:
    return [fresh(run_id).state for run_id in run_ids]


class TestOneMessage:
    def test_every_run_is_executed_and_closed_once(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run_ids = make_single_runs([{"result": {"n": n}} for n in range(40)])
        broker.share(run_ids)
        broker.deliver_all()
        assert [run_id for run_id, _, _ in scripted.performed] == run_ids
        assert [fresh(run_id).result for run_id in run_ids] == [{"n": n} for n in range(40)]
        for run_id in run_ids:
            assert kinds_of_events(run_id) == ["run.created", "run.running", "run.succeeded"]
            assert counts(run_id) == (1, 0, 0)
        assert not Lane.objects.exists()

    def test_a_second_copy_of_it_executes_nothing(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run_ids = make_single_runs([{}] * 20)
        broker.share(run_ids)
        broker.messages *= 2
        broker.deliver_all()
        assert len(scripted.performed) == 20

    def test_eight_copies_at_once_execute_each_once(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run_ids = make_single_runs([{}] * 40)
        together([lambda: singles.work_single_runs(run_ids=run_ids, queue="default", strict=False)] * 8)
        broker.deliver_all()
        assert sorted(run_id for run_id, _, _ in scripted.performed) == run_ids
        assert set(states(run_ids)) == {"succeeded"}
        assert Event.objects.filter(kind="run.succeeded").count() == 40
        assert not Lane.objects.exists()

    def test_a_run_that_another_worker_has_is_left_alone(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run_ids = make_single_runs([{}] * 5)
        take(fresh(run_ids[2]))
        before = [Lane.objects.get().id, rows_of(Payload)]
        broker.share(run_ids)
        broker.deliver_all()
        assert states(run_ids) == ["succeeded", "succeeded", "running", "succeeded", "succeeded"]
        assert Lane.objects.get().id == before[0]

    def test_strict_runs_are_each_reported_before_the_next_begins(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run_ids = make_single_runs([{}] * 6, strict=True)
        ended: list[int] = []
        scripted.before = lambda work: ended.append(Run.objects.filter(state="succeeded").count())
        broker.share(run_ids, strict=True)
        broker.deliver_all()
        assert ended == [0, 1, 2, 3, 4, 5]


class TestFailures:
    def test_a_failing_run_is_tried_again_by_its_policy(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run_ids = make_single_runs([{}, {"fails": 2}, {"fails": 9}, {}])
        broker.share(run_ids)
        broker.deliver_all()
        assert states(run_ids) == ["succeeded", "succeeded", "failed", "succeeded"]
        assert Payload.objects.get(run_id=run_ids[1]).attempts == 3
        assert Attempt.objects.filter(run_id=run_ids[2]).count() == 3
        assert not Requeued.objects.exists()

    def test_a_permanent_error_closes_the_run_with_its_error(self, broker: Broker) -> None:
        (run_id,) = make_single_runs([{"permanent": True}])
        broker.deliver_all()
        assert (fresh(run_id).state, error_of(run_id)["message"]) == ("failed", "1 of 1 payload failed")

    def test_a_retry_that_is_due_later_waits_for_the_sweep(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run_ids = make_single_runs([{"fails": 1}, {}], retry={"initial_interval": "1h"})
        broker.share(run_ids)
        broker.deliver_all()
        assert states(run_ids) == ["running", "succeeded"]
        assert fresh(run_ids[0]).next_position == 1
        backdate(run_ids[0], 3601)
        sweep.sweep_once()
        broker.deliver_all()
        assert states(run_ids) == ["succeeded", "succeeded"]

    def test_an_outcome_with_log_lines_keeps_them(self, broker: Broker) -> None:
        run_ids = make_single_runs([{"says": ["one", "two"]}, {"says": ["three"]}])
        broker.share(run_ids)
        broker.deliver_all()
        assert list(fresh(run_ids[0]).log_lines.order_by("id").values_list("message", flat=True)) == ["one", "two"]


class TestSlowRuns:
    def test_what_is_left_goes_out_again_a_message_each(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run_ids = make_single_runs([{"takes": 0.3}] + [{}] * 4)
        broker.share(run_ids)
        broker.deliver()
        assert states(run_ids) == ["succeeded"] + ["pending"] * 4
        assert [message.lanes for message in broker.messages] == [[(run_id, 0)] for run_id in run_ids[1:]]

    def test_those_taken_together_with_a_slow_one_are_given_back_unbegun(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run_ids = make_single_runs([{}, {"takes": 0.3}, {}, {}, {}, {}])
        broker.share(run_ids)
        broker.deliver()
        assert [run_id for run_id, _, _ in scripted.performed] == run_ids[:2]
        assert not Lane.objects.exists()
        broker.deliver_all()
        assert states(run_ids) == ["succeeded"] * 6
        assert not Attempt.objects.exists()

    def test_a_worker_that_is_stopping_passes_the_rest_on(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run_ids = make_single_runs([{"stops": True}, {}, {}])
        broker.share(run_ids)
        broker.deliver()
        assert states(run_ids) == ["succeeded", "pending", "pending"]
        stopping.forget()
        broker.deliver_all()
        assert states(run_ids) == ["succeeded"] * 3


class TestBeforeItsTurn:
    """Runs that were taken together with one that takes long: who is held or ended meanwhile does not wait for it."""

    def while_first_works(self, scripted: ScriptedExecutor, run_ids: list[int], then: Callable[[], None]) -> None:
        """The first run alone tells the pace; the others are taken together."""

        def work(work: Work) -> None:
            if work.run_id == run_ids[1]:
                assert Lane.objects.count() == len(run_ids) - 1
                then()

        scripted.before = work

    def test_a_terminated_one_ends_at_once(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run_ids = make_single_runs([{}] * 4)

        def terminate() -> None:
            control.terminate_run(run=fresh(run_ids[3]), actor="ann")
            heartbeat().beat()
            sweep.sweep_once()
            assert states(run_ids) == ["succeeded", "running", "running", "cancelled"]

        self.while_first_works(scripted, run_ids, terminate)
        broker.share(run_ids)
        broker.deliver_all()
        assert states(run_ids) == ["succeeded"] * 3 + ["cancelled"]
        assert [run_id for run_id, _, _ in scripted.performed] == run_ids[:3]
        assert (counts(run_ids[3]), Lane.objects.count(), Requeued.objects.count()) == ((0, 0, 1), 0, 0)

    def test_a_paused_one_stands_at_once_and_goes_on_when_it_is_resumed(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run_ids = make_single_runs([{}] * 4)

        def pause() -> None:
            control.pause_run(run=fresh(run_ids[3]), actor="ann")
            heartbeat().beat()
            sweep.sweep_once()
            assert states(run_ids) == ["succeeded", "running", "running", "paused"]

        self.while_first_works(scripted, run_ids, pause)
        broker.share(run_ids)
        broker.deliver_all()
        assert states(run_ids) == ["succeeded"] * 3 + ["paused"]
        control.resume_run(run=fresh(run_ids[3]), actor="ann")
        broker.deliver_all()
        assert states(run_ids) == ["succeeded"] * 4
        assert [run_id for run_id, _, _ in scripted.performed] == run_ids
        assert not Attempt.objects.exists()

    def test_the_one_at_work_stays(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run_ids = make_single_runs([{}] * 4)

        def pause() -> None:
            control.pause_run(run=fresh(run_ids[1]), actor="ann")
            before = rows_of(Requeued)
            heartbeat().beat()
            assert (rows_of(Requeued), Lane.objects.count()) == (before, 3)

        self.while_first_works(scripted, run_ids, pause)
        broker.share(run_ids)
        broker.deliver_all()
        assert states(run_ids) == ["succeeded"] * 4

    def test_the_one_whose_place_the_others_share_stays(self) -> None:
        workspace, _ = Workspace.objects.get_or_create(slug="acme", defaults={"name": "Acme"})
        save_group(workspace=workspace, name="host", limit=1, rate=None, actor="test")
        holder, follower = taken = take_all(make_single_runs([{}] * 2, concurrency_group="host"))
        singles.Batch(taken, "default").hold()
        Run.objects.filter(pk=holder.lane.run.run_id).update(state="cancelling")
        heartbeat().beat()
        assert set(Lane.objects.values_list("id", flat=True)) == {holder.lane.id, follower.lane.id}
        assert heartbeat().held(holder.lane).begin_turn()

    def test_where_the_database_fails_at_it_the_lease_runs_out(
        self, broker: Broker, scripted: ScriptedExecutor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run_ids = make_single_runs([{}] * 4)

        def fail(**_: Any) -> bool:
            raise psycopg.OperationalError("restarting")

        def pause() -> None:
            control.pause_run(run=fresh(run_ids[3]), actor="ann")
            monkeypatch.setattr(claims, "give_back_single_run", fail)
            heartbeat().beat()

        self.while_first_works(scripted, run_ids, pause)
        broker.share(run_ids)
        broker.deliver_all()
        assert states(run_ids) == ["succeeded"] * 3 + ["pausing"]
        expire(run=run_ids[3])
        sweep.sweep_once()
        assert states(run_ids)[3] == "paused"
        assert not Attempt.objects.exists()


class TestTaking:
    def test_lane_range_and_payload_come_at_once(self) -> None:
        run_ids = make_single_runs([{"result": 1}, {"result": 2}])
        first, second = take_all(run_ids)
        assert (first.lane.run.run_id, first.lane.sequence, first.payload.parameters) == (run_ids[0], 1, {"result": 1})
        assert (second.lane.run.run_id, second.payload.position) == (run_ids[1], 0)
        row = Lane.objects.get(pk=first.lane.id)
        assert (row.low, row.high, row.sequence, row.slot) == (0, 1, 1, 0)
        run = fresh(run_ids[0])
        assert (run.state, run.next_position, run.started_at) == ("running", 1, row.leased_at)

    def test_a_run_of_more_payloads_is_left_to_take_lane(self) -> None:
        run = make_run(plain(2))
        assert take_all([run.pk]) == []
        assert not Lane.objects.exists()

    def test_a_run_that_has_begun_is_left_to_take_lane(self) -> None:
        (run_id,) = make_single_runs([{}])
        lane = take(fresh(run_id))
        lease(lane, 1)
        lease(lane, 0, Report(requeues=[Requeue(0, 1, 0.0, False)]))
        claims.leave_lane(lane=lane)
        assert take_all([run_id]) == []
        assert not Lane.objects.exists()

    def test_a_run_whose_position_is_leased_is_left_alone_though_it_is_still_pending(self) -> None:
        (run_id,) = make_single_runs([{}])
        Run.objects.filter(pk=run_id).update(next_position=1)
        assert take_all([run_id]) == []

    def test_runs_that_changed_while_we_waited_for_them_are_taken_all_the_same(self) -> None:
        run_ids = make_single_runs([{}] * 3)
        with hotpath.connection() as other, other.transaction():
            other.execute("UPDATE jobs_run SET nudges = 1 WHERE id = %s", (run_ids[1],))
            taking = in_thread(lambda: take_all(run_ids))
            until_somebody_waits()
        assert [each.lane.run.run_id for each in taking()] == run_ids
        assert Lane.objects.count() == 3

    def test_a_run_that_was_done_between_our_look_and_our_lock_is_not_done_again(self) -> None:
        (run_id,) = make_single_runs([{}])
        with hotpath.connection() as other, other.transaction():
            other.execute("UPDATE jobs_run SET state = 'running', next_position = 1 WHERE id = %s", (run_id,))
            taking = in_thread(lambda: take_all([run_id]))
            until_somebody_waits()
        assert taking() == []
        assert not Lane.objects.exists()
        assert kinds_of_events(run_id) == ["run.created"]


class TestReporting:
    def test_outcome_counter_and_lane_go_together(self) -> None:
        run_ids = make_single_runs([{}, {}, {}])
        taken = take_all(run_ids)
        assert sorted(report(taken[:1])) == run_ids[:1]
        assert sorted(report(taken[1:2], state="failed")) == run_ids[1:2]
        assert [counts(run_id) for run_id in run_ids] == [(1, 0, 0), (0, 1, 0), (0, 0, 0)]
        assert Lane.objects.get().id == taken[2].lane.id

    def test_a_lane_that_was_lost_changes_nothing(self) -> None:
        run_ids = make_single_runs([{}, {}])
        taken = take_all(run_ids)
        expire(run=run_ids[0])
        sweep.sweep_once()
        before = rows_of(Attempt, Requeued)
        assert report(taken) == [run_ids[1]]
        assert counts(run_ids[0]) == (0, 0, 0)
        assert rows_of(Attempt, Requeued) == before

    def test_a_lane_that_went_on_changes_nothing(self) -> None:
        (run_id,) = make_single_runs([{}])
        taken = take_all([run_id])
        lease(taken[0].lane, 0)
        assert report(taken) == []
        assert Lane.objects.exists()
        assert counts(run_id) == (0, 0, 0)

    def test_an_outcome_stands(self) -> None:
        (run_id,) = make_single_runs([{}])
        taken = take_all([run_id])
        Payload.objects.filter(run_id=run_id).update(state="cancelled", ended_at=fresh(run_id).created_at)
        Run.objects.filter(pk=run_id).update(cancelled=1)
        assert report(taken) == []
        assert counts(run_id) == (0, 0, 1)

    def test_beside_a_heartbeat_it_does_not_fail(self) -> None:
        run_ids = make_single_runs([{}] * 60)
        taken = take_all(run_ids)
        done = threading.Event()

        def beat() -> None:
            while not done.is_set():
                ids = [each.lane.id for each in taken]
                claims.heartbeat(lane_ids=ids, reached=[0] * 60, progress=[None] * 60, lease=LEASE)

        beating = in_thread(beat)
        changed = [run_id for at in range(0, 60, 10) for run_id in report(taken[at : at + 10])]
        done.set()
        beating()
        assert sorted(changed) == run_ids


def test_a_run_that_is_given_back_waits_for_nobody(broker: Broker) -> None:
    run_ids = make_single_runs([{}, {"takes": 0.3}, {}])
    broker.share(run_ids)
    broker.deliver()
    assert [row.attempts for run_id in run_ids for row in waiting(run_id).values()] == [0]
