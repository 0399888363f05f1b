"""Concurrency groups: no more payloads at once than the group has places, and whoever found it full is called."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest

from jobs import claims, hotpath
from jobs.claims import limits
from jobs.models import ConcurrencyGroup, Lane, Run, Workspace
from jobs.services import admission
from jobs.services.groups import save_group
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import (
    LEASE,
    expire,
    fresh,
    make_run,
    make_single_runs,
    plain,
    rows_of,
    take,
    together,
)
from tests.integration.engine.scripted import ScriptedExecutor
from workers import sweep, turns

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


def make_group(limit: int | None) -> ConcurrencyGroup:
    workspace, _ = Workspace.objects.get_or_create(slug="acme", defaults={"name": "Acme"})
    return save_group(workspace=workspace, name="host", limit=limit, rate=None, actor="test")


def run_in_group(payloads: int = 6, **configuration: Any) -> Run:
    return make_run(plain(payloads), concurrency_group="host", **configuration)


def take_or_none(run: Run, slot: int = 0) -> claims.Lane | None:
    return claims.take_lane(run_id=run.pk, slot=slot, worker="host:1", lease=LEASE, take=1)


def places() -> list[int]:
    taken = Lane.objects.exclude(group_slot=None).values_list("group_slot", flat=True)
    return sorted(place for place in taken if place is not None)


class TestPlaces:
    def test_each_lane_takes_one_and_where_none_is_free_there_is_no_lane(self) -> None:
        group = make_group(2)
        run, other = run_in_group(), run_in_group()
        assert take(run, slot=0).group_id == group.pk
        assert take(other, slot=3).group_id == group.pk
        before = rows_of(Lane)
        assert take_or_none(run, slot=1) is None
        assert rows_of(Lane) == before
        assert places() == [0, 1]

    def test_the_run_that_was_refused_has_begun_nothing(self) -> None:
        make_group(1)
        run, other = run_in_group(), run_in_group()
        take(run)
        assert take_or_none(other) is None
        assert (fresh(other).state, fresh(other).next_position) == ("pending", 0)

    def test_a_place_that_was_left_can_be_taken_again(self) -> None:
        make_group(1)
        run, other = run_in_group(), run_in_group()
        claims.leave_lane(lane=take(run))
        assert take_or_none(other) is not None

    @pytest.mark.parametrize("limit", [1, 3, 7])
    def test_of_sixteen_that_come_at_once_as_many_get_one_as_there_are(self, limit: int) -> None:
        make_group(limit)
        runs = [run_in_group() for _ in range(4)]
        wanted = [(run, slot) for run in runs for slot in range(4)]
        lanes = together([lambda r=run, s=slot: take_or_none(r, s) for run, slot in wanted])  # type: ignore[misc]
        assert sum(lane is not None for lane in lanes) == limit
        assert places() == list(range(limit))

    def test_a_group_without_a_limit_takes_none(self) -> None:
        make_group(None)
        run = run_in_group()
        assert [take(run, slot=slot).group_id for slot in range(3)] == [None] * 3
        assert places() == []

    def test_a_lowered_limit_holds_for_the_next_lane(self) -> None:
        make_group(4)
        run = run_in_group()
        lanes = [take(run, slot=slot) for slot in range(4)]
        make_group(2)
        for lane in lanes[:2]:
            claims.leave_lane(lane=lane)
            assert take_or_none(run, slot=4) is None
        claims.leave_lane(lane=lanes[2])
        assert take_or_none(run, slot=4) is not None

    def test_a_run_that_only_wants_closing_needs_none(self) -> None:
        make_group(1)
        take(run_in_group())
        assert take_or_none(run_in_group(payloads=0)) is not None


class TestWhoWaits:
    def test_who_leaves_calls_one_for_the_place(self, broker: Broker) -> None:
        group = make_group(1)
        run, *others = [run_in_group() for _ in range(3)]
        lane = take(run)
        assert [take_or_none(other) for other in others] == [None, None]
        broker.clear()
        claims.leave_lane(lane=lane)
        assert admission.fill_group(group_id=group.pk) == 1
        assert broker.lanes() == [(others[0].pk, 0)]

    def test_two_who_leave_at_once_call_two(self, broker: Broker) -> None:
        group = make_group(2)
        run = run_in_group()
        lanes = [take(run, slot=slot) for slot in range(2)]
        others = [run_in_group() for _ in range(2)]
        assert [take_or_none(other) for other in others] == [None, None]
        broker.clear()
        for lane in lanes:
            claims.leave_lane(lane=lane)
        together([lambda: admission.fill_group(group_id=group.pk)] * 2)
        assert sorted(broker.lanes()) == [(other.pk, 0) for other in others]

    def test_of_one_run_two_calls_are_for_two_lanes(self, broker: Broker) -> None:
        group = make_group(2)
        run, other = run_in_group(), run_in_group()
        lanes = [take(run, slot=slot) for slot in range(2)]
        assert [take_or_none(other, slot) for slot in range(2)] == [None, None]
        broker.clear()
        for lane in lanes:
            claims.leave_lane(lane=lane)
            admission.fill_group(group_id=group.pk)
        assert sorted(broker.lanes()) == [(other.pk, 0), (other.pk, 1)]

    def test_the_most_urgent_is_called_first(self, broker: Broker) -> None:
        group = make_group(1)
        lane = take(run_in_group())
        others = [run_in_group(), run_in_group(priority=5)]
        assert [take_or_none(other) for other in others] == [None, None]
        broker.clear()
        claims.leave_lane(lane=lane)
        admission.fill_group(group_id=group.pk)
        assert broker.lanes() == [(others[1].pk, 0)]

    def test_nobody_is_called_while_the_group_is_full(self, broker: Broker) -> None:
        group = make_group(1)
        take(run_in_group())
        assert take_or_none(run_in_group()) is None
        assert admission.fill_group(group_id=group.pk) == 0

    def test_one_who_finds_it_full_while_another_leaves_is_not_forgotten(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Who left looked for somebody to call before this one had said that it waits."""
        make_group(1)
        run, other = run_in_group(), run_in_group()
        lane = take(run)
        refuse = limits.refuse

        def leave_then_refuse(*, run_id: int) -> None:
            claims.leave_lane(lane=lane)
            refuse(run_id=run_id)

        monkeypatch.setattr(limits, "refuse", leave_then_refuse)
        assert take_or_none(other) is not None
        assert fresh(other).nudges == 0

    def test_the_sweep_sends_no_messages_for_those_who_wait(self, broker: Broker) -> None:
        make_group(1)
        take(run_in_group())
        other = run_in_group()
        assert take_or_none(other) is None
        broker.clear()
        for seconds in (2, 70, 140):
            sweep.wake_runs(now=other.created_at + dt.timedelta(seconds=seconds))
        assert other.pk not in {run_id for run_id, _ in broker.lanes()}
        assert fresh(other).nudges == -1

    def test_the_place_of_a_worker_that_died_is_given_away_by_the_sweep(self, broker: Broker) -> None:
        make_group(1)
        run, other = run_in_group(), run_in_group()
        take(run)
        assert take_or_none(other) is None
        broker.clear()
        expire(run=run)
        sweep.sweep_once()
        assert (other.pk, 0) in broker.lanes()

    def test_a_call_that_is_lost_is_made_good(self, broker: Broker) -> None:
        group = make_group(1)
        run, other = run_in_group(), run_in_group()
        lane = take(run)
        assert take_or_none(other) is None
        Run.objects.filter(pk=other.pk).update(wake_at=other.created_at + dt.timedelta(hours=1))
        claims.leave_lane(lane=lane)
        broker.down = True
        admission.fill_group(group_id=group.pk)
        broker.down = False
        broker.clear()
        sweep.wake_runs(now=dt.datetime.now(dt.UTC) + dt.timedelta(seconds=3))
        assert (other.pk, 0) in broker.lanes()


class TestToTheEnd:
    def test_everything_ends_and_never_more_at_once_than_places(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        make_group(2)
        runs = [run_in_group(payloads=20, strict=True) for _ in range(4)]
        present, most, lock, a_moment = 0, 0, threading.Lock(), threading.Event()

        def enter(work: Any) -> None:
            nonlocal present, most
            with lock:
                present += 1
                most = max(most, present)
            a_moment.wait(timeout=0.002)
            with lock:
                present -= 1

        scripted.before = enter
        while broker.messages:
            messages, broker.messages = broker.messages, []
            together([lambda m=m: turns.work(lanes=m.lanes, queue=m.queue) for m in messages])  # type: ignore[misc]
        assert {fresh(run).state for run in runs} == {"succeeded"}
        assert most == 2

    def test_runs_of_one_payload_share_the_place_of_their_message(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        make_group(1)
        run_ids = make_single_runs([{}] * 30, concurrency_group="host")
        seen: set[int] = set()
        scripted.before = lambda work: seen.add(len(places()))
        broker.share(run_ids)
        broker.deliver_all()
        assert {fresh(run_id).state for run_id in run_ids} == {"succeeded"}
        assert seen == {1}

    def test_eight_copies_of_such_a_message_work_them_once_and_one_at_a_time(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        make_group(1)
        run_ids = make_single_runs([{}] * 20, concurrency_group="host")
        message = turns_of(run_ids)
        together([message] * 8)
        with hotpath.connection() as connection:
            connection.execute("UPDATE jobs_run SET wake_at = now() WHERE wake_at IS NOT NULL")
        for _ in range(40):
            sweep.sweep_once()
            broker.deliver_all()
        assert {fresh(run_id).state for run_id in run_ids} == {"succeeded"}
        assert sorted(run_id for run_id, _, _ in scripted.performed) == run_ids


def turns_of(run_ids: list[int]) -> Any:
    return lambda: turns.work(lanes=[(run_id, 0) for run_id in run_ids], queue="default", single=True)
