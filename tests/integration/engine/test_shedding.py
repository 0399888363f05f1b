"""A payload that takes long keeps nothing else waiting: what its lane holds behind it goes to whoever is free."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import psycopg
import pytest

from jobs import claims, hotpath
from jobs.claims import Report, Requeue
from jobs.models import Attempt, Lane, Payload, Requeued, Run, Workspace
from jobs.services import closing
from jobs.services.groups import save_group
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import (
    LEASE,
    SECOND,
    counts,
    done,
    expire,
    final,
    fresh,
    in_thread,
    lease,
    make_run,
    make_single_runs,
    plain,
    rows_of,
    scripts,
    take,
    waiting,
)
from tests.integration.engine.scripted import Killed, ScriptedExecutor
from workers import heartbeat as heartbeats
from workers import pace, singles, sweep, turns
from workers.heartbeat import heartbeat
from workers.pace import LIMIT_SECONDS
from workers.payloads.base import Work
from workers.unreported import Unreported

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def at_work(run: Run, *, slot: int = 0, width: int = 5) -> claims.Lane:
    """A lane that holds so many positions of the run."""
    lane = take(run, slot=slot)
    lease(lane, width)
    return lane


class TestShedding:
    def test_what_lies_behind_waits_for_others_uncharged_and_the_run_is_looked_at(self) -> None:
        run = make_run(plain(10), strict=True)
        lane = at_work(run)
        assert claims.shed_range(lane=lane, sequence=lane.sequence, keep=2) == 3
        assert {position: row.attempts for position, row in waiting(run).items()} == {2: 0, 3: 0, 4: 0}
        assert (Lane.objects.get().low, Lane.objects.get().high) == (0, 2)
        assert fresh(run).wake_at <= fresh(run).created_at + SECOND  # type: ignore[operator]
        other = at_work(run, slot=1)
        taken = claims.lease_requeued(lane=other, take=9, lease=LEASE)
        assert [payload.position for payload in taken] == [2, 3, 4]

    def test_a_lane_that_reported_meanwhile_is_left_alone(self) -> None:
        run = make_run(plain(10), strict=True)
        lane = at_work(run)
        stale = claims.Lane(id=lane.id, run=lane.run, slot=0, worker=lane.worker, sequence=lane.sequence)
        claims.report_one(lane=lane, final=final(0), lease=LEASE)
        before = rows_of(Lane, Requeued)
        assert claims.shed_range(lane=stale, sequence=stale.sequence, keep=2) == 0
        assert rows_of(Lane, Requeued) == before

    @pytest.mark.parametrize("keep", [0, 5, 6])
    def test_a_range_is_never_shed_whole_nor_beyond_its_end(self, keep: int) -> None:
        run = make_run(plain(10), strict=True)
        lane = at_work(run)
        assert claims.shed_range(lane=lane, sequence=lane.sequence, keep=keep) == 0
        assert waiting(run) == {}

    def test_a_strict_lane_learns_of_it_with_its_next_outcome(self) -> None:
        run = make_run(plain(10), strict=True)
        lane = at_work(run)
        assert claims.report_one(lane=lane, final=final(0), lease=LEASE)[1]
        claims.shed_range(lane=lane, sequence=lane.sequence, keep=2)
        assert not claims.report_one(lane=lane, final=final(1), lease=LEASE)[1]

    def test_and_with_a_failure_that_keeps_the_range(self) -> None:
        run = make_run(plain(10), strict=True)
        lane = at_work(run)
        claims.shed_range(lane=lane, sequence=lane.sequence, keep=1)
        failed = Report(requeues=[Requeue(0, 1, 1000.0, False)])
        grant = claims.report(lane=lane, outcome=failed, take=0, keep_from=1, lease=LEASE)
        assert grant.payloads == []
        assert sorted(waiting(run)) == [0, 1, 2, 3, 4]

    def test_what_was_shed_is_not_given_back_when_another_is_done_with_it(self) -> None:
        run = make_run(plain(10))
        lane = at_work(run)
        claims.shed_range(lane=lane, sequence=lane.sequence, keep=2)
        other = at_work(run, slot=1)
        claims.lease_requeued(lane=other, take=9, lease=LEASE)
        others = done([2, 3, 4])
        others.settled.extend([2, 3, 4])
        lease(other, 0, others)
        outcome = done([0, 1])
        outcome.requeues.extend(Requeue(position, 0, 0.0, False) for position in (2, 3, 4))
        lease(lane, 0, outcome)
        assert waiting(run) == {}
        assert counts(run) == (5, 0, 0)

    def test_nor_taken_from_another_that_holds_it(self) -> None:
        run = make_run(plain(10))
        lane = at_work(run)
        claims.shed_range(lane=lane, sequence=lane.sequence, keep=2)
        other = at_work(run, slot=1)
        claims.lease_requeued(lane=other, take=9, lease=LEASE)
        outcome = done([0, 1])
        outcome.requeues.extend(Requeue(position, 0, 0.0, False) for position in (2, 3, 4))
        lease(lane, 0, outcome)
        assert set(Requeued.objects.values_list("lane_id", flat=True)) == {other.id}


class TestTheHeartbeat:
    def hold(self, run: Run, *, since: float | None) -> claims.Lane:
        """A lane at its second payload of five, begun so many seconds ago."""
        lane = at_work(run)
        held = heartbeat().add(lane)
        held.reached, held.range_end = 1, 5
        held.begun_at = None if since is None else before_now(since)
        return lane

    def test_sheds_what_waits_behind_a_payload_of_more_than_500_ms(self) -> None:
        run = make_run(plain(10), strict=True)
        self.hold(run, since=2 * LIMIT_SECONDS + 0.1)
        heartbeat().beat()
        assert sorted(waiting(run)) == [2, 3, 4]
        heartbeat().beat()
        assert len(waiting(run)) == 3

    def test_sheds_nothing_of_what_the_lane_leased_while_it_was_about_to(self, monkeypatch: pytest.MonkeyPatch) -> None:
        run = make_run(plain(10), strict=True)
        lane = self.hold(run, since=1.0)
        takes_long = heartbeats._takes_long

        def goes_on_meanwhile(begun_at: float | None) -> bool:
            long = takes_long(begun_at)
            lease(lane, 0, Report(requeues=[Requeue(position, 0, 0.0, False) for position in range(5)]))
            assert len(claims.lease_requeued(lane=lane, take=5, lease=LEASE)) == 5
            heartbeat().held(lane).range_end = 0
            return long

        monkeypatch.setattr(heartbeats, "_takes_long", goes_on_meanwhile)
        heartbeat().beat()
        assert set(Requeued.objects.values_list("lane_id", flat=True)) == {lane.id}

    @pytest.mark.parametrize("since", [None, 0.0, LIMIT_SECONDS])
    def test_leaves_a_lane_alone_whose_payload_has_just_begun(self, since: float | None) -> None:
        run = make_run(plain(10), strict=True)
        self.hold(run, since=since)
        heartbeat().beat()
        assert waiting(run) == {}

    def test_reports_what_came_before_such_a_payload(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run = make_run(takes_long_at(9, of=31), max_concurrent_requests=1)
        seen: list[tuple[int, int, int]] = []
        scripted.before = beat_at(9, then=lambda: seen.append((*counts(run)[:1], *at_work_at())))
        broker.deliver_all()
        assert seen == [(9, 9, 10)]
        assert (fresh(run).state, counts(run)) == ("succeeded", (31, 0, 0))
        assert sorted(scripted.positions(run.pk)) == list(range(31))

    def test_of_which_a_failure_and_its_retry(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        payloads = takes_long_at(9, of=31)
        payloads[7]["parameters"] = {"fails": 1}
        run = make_run(payloads, max_concurrent_requests=1, retry={"initial_interval": "1h"})
        seen: list[dict[int, int]] = []
        scripted.before = beat_at(9, then=lambda: seen.append({at: row.attempts for at, row in waiting(run).items()}))
        broker.deliver_all()
        assert seen[0][7] == 1
        assert waiting(run).keys() == {7}
        assert counts(run) == (30, 0, 0)

    def test_a_failure_that_ends_the_run_ends_it_at_once(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        payloads = takes_long_at(9, of=31)
        payloads[7]["parameters"] = {"permanent": True}
        run = make_run(payloads, max_concurrent_requests=1, stop_on_first_failure=True)
        seen: list[object] = []

        def sweep_and_beat() -> None:
            sweep.sweep_once()
            heartbeat().beat()
            (held,) = heartbeat()._held.values()
            seen.extend([counts(run)[1], fresh(run).state, held.run_stopped])

        scripted.before = beat_at(9, then=sweep_and_beat)
        broker.deliver_all()
        assert seen == [1, "cancelling", True]
        assert fresh(run).state == "failed"

    def test_a_retry_that_it_reports_is_looked_for_when_it_is_due(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        payloads = takes_long_at(30, of=31)
        payloads[29]["parameters"] = {"fails": 1}
        run = make_run(payloads, max_concurrent_requests=1, retry={"initial_interval": "200ms"})
        seen: list[object] = []

        def look() -> None:
            sweep.sweep_once()
            seen.append(fresh(run).wake_at <= waiting(run)[29].due_at)  # type: ignore[operator]

        scripted.before = beat_at(30, then=look)
        broker.deliver_all()
        assert seen == [True]

    def test_outcomes_that_add_payloads_wait_for_the_lane_and_no_others_with_them(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run = make_run(takes_long_at(9, of=31), max_concurrent_requests=1)
        seen: list[object] = []

        def look() -> None:
            seen.extend([counts(run)[0], fresh(run).total, Lane.objects.values_list("low", "high", "reached").get()])

        scripted.before = adding_at(7, beat_at(9, then=look))
        broker.deliver_all()
        assert seen == [8, 31, (7, 10, 9)]
        assert (fresh(run).state, counts(run)) == ("succeeded", (32, 0, 0))

    def test_and_are_charged_if_the_worker_dies(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        payloads = takes_long_at(9, of=31)
        payloads[9]["parameters"]["kills"] = True
        run = make_run(payloads, max_concurrent_requests=1)
        scripted.before = adding_at(7, beat_at(9))
        with pytest.raises(Killed):
            broker.deliver_all()
        expire(run=run)
        sweep.sweep_once()
        assert sorted(Attempt.objects.values_list("position", flat=True)) == [7, 9]
        assert {7, 9} <= waiting(run).keys()

    def test_what_ends_meanwhile_waits_for_the_early_report_and_counts_once(
        self, broker: Broker, scripted: ScriptedExecutor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = make_run(takes_long_at(9, of=31), max_concurrent_requests=1)
        under_way, go_on = threading.Event(), threading.Event()
        report = claims.report

        def slowly(**arguments: Any) -> object:
            if arguments.get("early"):
                under_way.set()
                assert go_on.wait(10)
            return report(**arguments)

        monkeypatch.setattr(claims, "report", slowly)
        beating: list[Callable[[], object]] = []

        def beat_beside(work: Work) -> None:
            if (work.position, work.attempt) == (9, 1):
                (held,) = heartbeat()._held.values()
                held.begun_at = before_now(1.0)
                beating.append(in_thread(heartbeat().beat))
                assert under_way.wait(10)
                threading.Timer(0.3, go_on.set).start()  # by then this payload has ended

        scripted.before = beat_beside
        broker.deliver_all()
        beating[0]()
        assert (fresh(run).state, counts(run)) == ("succeeded", (31, 0, 0))
        assert sorted(scripted.positions(run.pk)) == list(range(31))

    def test_nothing_is_reported_early_of_a_lane_that_has_gone_on(self) -> None:
        run = make_run(plain(10))
        lane = self.hold(run, since=1.0)
        held = heartbeat().held(lane)
        held.unreported = Unreported(lane)
        held.unreported.report = done([0])
        before = rows_of(Lane, Payload)
        assert held.unreported.report_early(keep_from=1, still=lambda: False, lease=LEASE) == 0
        assert rows_of(Lane, Payload) == before

    def test_a_row_that_somebody_keeps_locked_keeps_no_other_lane_from_being_told(self) -> None:
        locked, ended = make_run(plain(10)), make_run(plain(10))
        self.hold(locked, since=1.0)
        lane = self.hold(ended, since=None)
        Run.objects.filter(pk=ended.pk).update(state="cancelling")
        Lane.objects.update(lease_expires_at=NOW)
        with hotpath.connection() as other, other.transaction():
            other.execute("SELECT 1 FROM jobs_run WHERE id = %s FOR UPDATE", (locked.pk,))
            began = time.monotonic()
            heartbeat().beat()
            assert time.monotonic() - began < 5
        assert heartbeat().held(lane).run_stopped
        assert not Lane.objects.filter(lease_expires_at=NOW).exists()
        assert waiting(locked) == {}
        heartbeat().beat()
        assert sorted(waiting(locked)) == [2, 3, 4]

    def test_a_wish_for_time_of_the_payload_at_work_outlives_the_early_report(self) -> None:
        run = make_run(plain(10))
        lane = at_work(run)
        Lane.objects.update(time_extensions={"3:1": 1})
        Lane.objects.update(progress={"current": 7}, leased_at=NOW)
        claims.report(lane=lane, outcome=done([0, 1, 2]), take=0, keep_from=3, early=True, lease=LEASE)
        row = Lane.objects.get()
        assert (row.time_extensions, row.progress, row.leased_at) == ({"3:1": 1}, {"current": 7}, NOW)

    def test_nor_does_it_forget_how_far_the_lane_came(self) -> None:
        run = make_run(plain(10))
        lane = at_work(run)
        lease(lane, 0, Report(requeues=[Requeue(position, 1, 0.0, False) for position in range(5)]))
        claims.lease_requeued(lane=lane, take=5, lease=LEASE)
        Lane.objects.update(reached=3)
        outcome = done([0, 1, 2])
        outcome.settled.extend([0, 1, 2])
        claims.report(lane=lane, outcome=outcome, take=0, keep_from=0, early=True, lease=LEASE)
        assert Lane.objects.values_list("low", "high", "reached").get() == (0, 0, 3)

    def test_a_worker_that_dies_then_is_charged_for_that_payload_only(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        payloads = takes_long_at(9, of=31)
        payloads[9]["parameters"]["kills"] = True
        run = make_run(payloads, max_concurrent_requests=1, retry={"maximum_attempts": 1})
        scripted.before = beat_at(9)
        with pytest.raises(Killed):
            broker.deliver_all()
        expire(run=run)
        sweep.sweep_once()
        broker.deliver_all()
        assert list(Attempt.objects.values_list("position", "state")) == [(9, "lost")]
        assert counts(run) == (30, 1, 0)

    @pytest.mark.parametrize("written", [True, False])
    def test_an_early_report_whose_answer_is_lost_counts_once(
        self, broker: Broker, scripted: ScriptedExecutor, monkeypatch: pytest.MonkeyPatch, written: bool
    ) -> None:
        run = make_run(takes_long_at(9, of=31), max_concurrent_requests=1)
        report = claims.report

        def cut(*, lane: claims.Lane, **arguments: Any) -> object:
            if not arguments.get("early"):
                return report(lane=lane, **arguments)
            if written:
                copy = claims.Lane(id=lane.id, run=lane.run, slot=0, worker=lane.worker, sequence=lane.sequence)
                report(lane=copy, **arguments)
            raise psycopg.OperationalError("the connection broke")

        monkeypatch.setattr(claims, "report", cut)
        early: list[int] = []

        def beat() -> None:
            early.append(counts(run)[0])

        scripted.before = beat_at(9, then=beat)
        broker.deliver_all()
        assert early == [9 if written else 6]
        assert (fresh(run).state, counts(run)) == ("succeeded", (31, 0, 0))
        assert sorted(scripted.positions(run.pk)) == list(range(31))


class TestRequeuedPositions:
    def test_one_behind_which_there_is_nothing_wakes_nobody(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run = make_run(scripts({"fails": 1, "takes": 0.6}, {}), max_concurrent_requests=1)
        seen: list[object] = []

        def slow(work: Work) -> None:
            if (work.position, work.attempt) == (0, 2):
                wake_at = fresh(run).wake_at
                (held,) = heartbeat()._held.values()
                held.begun_at = before_now(1.0)
                heartbeat().beat()
                seen.append(fresh(run).wake_at == wake_at)

        scripted.before = slow
        broker.deliver_all()
        assert seen == [True]

    def test_those_behind_one_that_takes_long_go_to_others_and_come_back_to_nobody(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        payloads = scripts(*[{"fails": 1} for _ in range(31)])
        payloads[12]["parameters"] = {"fails": 1, "takes": 0.6}
        run = make_run(payloads, max_concurrent_requests=2)
        shed: list[int] = []

        def slow(work: Work) -> None:
            if (work.position, work.attempt) == (12, 2) and not shed:
                (held,) = heartbeat()._held.values()
                held.begun_at = before_now(1.0)
                heartbeat().beat()
                shed.extend(position for position, row in waiting(run).items() if row.lane_id is None)
                another = in_thread(lambda: turns.work(lanes=[(run.pk, 1)], queue="default"))
                another()

        scripted.before = slow
        broker.deliver_all()
        assert shed
        assert (fresh(run).state, counts(run)) == ("succeeded", (31, 0, 0))
        assert sorted(scripted.positions(run.pk)) == sorted([*range(31), *range(31)])
        assert not Requeued.objects.exists()


class TestRunsOfOnePayload:
    def share_a_range(self, broker: Broker, run_ids: list[int]) -> None:
        singles._paces["default"] = pace.Pace()
        singles._paces["default"].size = len(run_ids)
        broker.share(run_ids)

    def group(self, name: str) -> None:
        workspace, _ = Workspace.objects.get_or_create(slug="acme", defaults={"name": "Acme"})
        save_group(workspace=workspace, name=name, limit=1, rate=None, actor="test")

    def test_those_before_one_that_takes_long_are_closed_and_those_behind_it_go_to_others(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run_ids = make_single_runs([{}, {}, {"takes": 0.6}, {}, {}])
        self.share_a_range(broker, run_ids)
        seen: list[list[str]] = []

        def slow(work: Work) -> None:
            if work.run_id == run_ids[2]:
                let_the_heartbeat_see(work)
                seen.append([fresh(run_id).state for run_id in run_ids])
                seen.append([str(run_id) for run_id in run_ids if waiting(run_id)])

        scripted.before = slow
        broker.deliver()
        assert seen[0] == ["succeeded", "succeeded", "running", "running", "running"]
        assert seen[1] == [str(run_id) for run_id in run_ids[3:]]
        assert fresh(run_ids[2]).state == "succeeded"
        sweep.sweep_once()
        broker.deliver_all()
        assert {fresh(run_id).state for run_id in run_ids} == {"succeeded"}
        assert scripted.performed == [(run_id, 0, 1) for run_id in run_ids]
        assert not Attempt.objects.exists()

    def test_one_that_could_not_be_given_back_is_by_the_next_beat(
        self, broker: Broker, scripted: ScriptedExecutor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run_ids = make_single_runs([{"takes": 0.6}, {}])
        self.share_a_range(broker, run_ids)
        give_back = claims.give_back_single_run
        tries: list[int] = []

        def fail_once(*, lane: claims.Lane) -> bool:
            tries.append(lane.id)
            if len(tries) == 1:
                raise psycopg.OperationalError("restarting")
            return give_back(lane=lane)

        monkeypatch.setattr(claims, "give_back_single_run", fail_once)
        seen: list[bool] = []

        def slow(work: Work) -> None:
            if work.run_id == run_ids[0]:
                for _ in range(2):
                    let_the_heartbeat_see(work)
                    seen.append(bool(waiting(run_ids[1])))

        scripted.before = slow
        broker.deliver()
        assert seen == [False, True]

    def test_what_cannot_be_finished_early_is_finished_with_the_others(
        self, broker: Broker, scripted: ScriptedExecutor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run_ids = make_single_runs([{}, {"fails": 1}, {"takes": 0.6}], retry={"maximum_attempts": 1})
        self.share_a_range(broker, run_ids)
        close_in = closing.close_in
        calls: list[object] = []

        def fail_once(*arguments: Any, **named: Any) -> object:
            calls.append(named)
            if len(calls) == 1:
                raise ValueError("an extension's fault")
            return close_in(*arguments, **named)

        monkeypatch.setattr(closing, "close_in", fail_once)
        scripted.before = lambda work: let_the_heartbeat_see(work) if work.run_id == run_ids[2] else None
        broker.deliver_all()
        assert [fresh(run_id).state for run_id in run_ids] == ["succeeded", "failed", "succeeded"]
        assert [run_id for run_id, _, _ in scripted.performed] == run_ids
        assert list(Attempt.objects.values_list("run_id", "state")) == [(run_ids[1], "failed")]

    def test_who_waits_for_a_place_is_called_when_it_is_left_early(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        self.group("host")
        (first,) = make_single_runs([{}], concurrency_group="host")
        (slow_one,) = make_single_runs([{"takes": 0.6}])
        self.share_a_range(broker, [first, slow_one])
        other = make_run(plain(2), concurrency_group="host")
        broker.messages[:] = broker.messages[:1]
        called: list[object] = []

        def slow(work: Work) -> None:
            if work.run_id == slow_one:
                turns.work(lanes=[(other.pk, 0)], queue="default")
                assert fresh(other).nudges == -1
                let_the_heartbeat_see(work)
                called.extend(message.lanes for message in broker.messages)

        scripted.before = slow
        broker.deliver()
        assert [(other.pk, 0)] in called

    def test_lanes_that_cannot_all_be_held_are_held_by_nobody(
        self, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.share_a_range(broker, make_single_runs([{}, {}]))
        add = heartbeat().add

        def only_once(lane: claims.Lane, *, reached: int = 0) -> heartbeats.Held:
            if heartbeat()._held:
                raise RuntimeError("can't start new thread")
            return add(lane, reached=reached)

        monkeypatch.setattr(heartbeat(), "add", only_once)
        with pytest.raises(RuntimeError, match="thread"):
            broker.deliver()
        assert heartbeat()._held == {}

    def test_the_place_in_their_group_goes_to_the_one_at_work(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        self.group("host")
        run_ids = make_single_runs([{}, {}, {"takes": 0.6}, {}], concurrency_group="host")
        self.share_a_range(broker, run_ids)
        seen: list[Any] = []

        def slow(work: Work) -> None:
            if work.run_id == run_ids[2]:
                let_the_heartbeat_see(work)
                seen.append([fresh(run_id).state for run_id in run_ids[:2]])
                seen.extend(Lane.objects.values_list("run_id", "group_slot"))

        scripted.before = slow
        broker.deliver()
        assert seen == [["succeeded"] * 2, (run_ids[2], 0)]
        sweep.sweep_once()
        broker.deliver_all()
        assert {fresh(run_id).state for run_id in run_ids} == {"succeeded"}
        assert scripted.performed == [(run_id, 0, 1) for run_id in run_ids]

    def test_and_stays_while_others_wait_in_it_for_one_of_another_group(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        self.group("host")
        (first,) = make_single_runs([{}], concurrency_group="host")
        (slow_one,) = make_single_runs([{"takes": 0.6}])
        (last,) = make_single_runs([{}], concurrency_group="host")
        self.share_a_range(broker, [first, slow_one, last])
        seen: list[Any] = []

        def slow(work: Work) -> None:
            if work.run_id == slow_one:
                singles_batch(held_for(work)).finish_early()
                until_finished_early()
                seen.append(dict(Lane.objects.values_list("run_id", "group_slot")))
                let_the_heartbeat_see(work)  # which gives the last one back
                let_the_heartbeat_see(work)
                seen.append(dict(Lane.objects.values_list("run_id", "group_slot")))

        scripted.before = slow
        broker.deliver()
        assert seen == [{first: 0, slow_one: None, last: None}, {slow_one: None}]
        assert fresh(first).state == "succeeded"

    def test_a_holder_that_waits_for_one_of_another_group_goes_to_others_once_nobody_shares_its_place(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        self.group("host")
        (slow_one,) = make_single_runs([{"takes": 0.6}])
        holder, follower = make_single_runs([{}, {}], concurrency_group="host")
        self.share_a_range(broker, [slow_one, holder, follower])
        seen: list[Any] = []

        def slow(work: Work) -> None:
            if work.run_id == slow_one:
                for _ in range(2):
                    let_the_heartbeat_see(work)
                    seen.append(dict(Lane.objects.values_list("run_id", "group_slot")))

        scripted.before = slow
        broker.deliver()
        assert seen == [{slow_one: None, holder: 0}, {slow_one: None}]
        sweep.sweep_once()
        broker.deliver_all()
        assert {fresh(run_id).state for run_id in (slow_one, holder, follower)} == {"succeeded"}
        assert not Attempt.objects.exists()


def let_the_heartbeat_see(work: Work) -> None:
    """That the run of one payload at work takes long; return once it has seen to the others."""
    held = held_for(work)
    held.begun_at = singles_batch(held).begun_at = before_now(1.0)
    heartbeat().beat()
    until_finished_early()


def held_for(work: Work) -> heartbeats.Held:
    """What the heartbeat knows of the lane at work."""
    return next(each for each in heartbeat()._held.values() if each.lane.run.run_id == work.run_id)


def until_finished_early() -> None:
    """Return once nobody is at it any more."""
    for thread in threading.enumerate():
        if thread.name == "early-finish":
            thread.join(10)


def before_now(seconds: float) -> float:
    """By the clock that lanes and heartbeat go by."""
    return heartbeats.now() - seconds


def singles_batch(held: heartbeats.Held) -> singles.Batch:
    """The runs of one payload that were taken together with this one."""
    assert isinstance(held.batch, singles.Batch)
    return held.batch


def takes_long_at(position: int, *, of: int) -> list[dict[str, Any]]:
    """So many payloads, one of which takes more than half a second."""
    parameters: list[dict[str, Any]] = [{} for _ in range(of)]
    parameters[position] = {"takes": 0.6}
    return scripts(*parameters)


def beat_at(
    position: int, *, then: Callable[[], object] = lambda: None, error: type[Exception] | None = None
) -> Callable[[Work], None]:
    """What lets the heartbeat see that the payload at this position takes long, at its first attempt."""

    def before(work: Work) -> None:
        if (work.position, work.attempt) == (position, 1):
            (held,) = heartbeat()._held.values()
            held.begun_at = before_now(1.0)
            with pytest.raises(error) if error else nullcontext():
                heartbeat().beat()
            then()

    return before


def adding_at(position: int, otherwise: Callable[[Work], None]) -> Callable[[Work], None]:
    """What has the payload at this position add another to the run."""

    def before(work: Work) -> None:
        if work.position == position:
            work.extend_payload({"kind": "scripted"})
        otherwise(work)

    return before


def at_work_at() -> tuple[int, int]:
    """The range of the only lane."""
    lane = Lane.objects.get()
    return lane.low, lane.high


@pytest.mark.parametrize("strict", [True, False])
def test_a_turn_whose_range_is_shed_executes_everything_once(
    broker: Broker, scripted: ScriptedExecutor, strict: bool
) -> None:
    parameters: list[dict[str, Any]] = [{} for _ in range(31)]
    parameters[9] = {"takes": 0.6}
    run = make_run(scripts(*parameters), strict=strict, max_concurrent_requests=1)
    shed: list[int] = []

    def slow(work: object) -> None:
        (held,) = heartbeat()._held.values()
        if held.reached == 9:
            held.begun_at = before_now(1.0)
            heartbeat().beat()
            shed.extend(waiting(run))

    scripted.before = slow
    broker.deliver_all()
    assert len(shed) > 10
    assert sorted(scripted.positions(run.pk)) == list(range(31))
    assert (fresh(run).state, counts(run)) == ("succeeded", (31, 0, 0))
    assert not Requeued.objects.exists()
    assert set(Payload.objects.values_list("attempts", flat=True)) == {1}
