"""The heartbeat: leases move forward together, and who lost one is told to stop."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings

from jobs import claims
from jobs.models import Lane, Run
from jobs.services import extending
from jobs.states import RunState
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import (
    LEASE,
    SECOND,
    expire,
    lease,
    make_run,
    plain,
    positions,
    rows_of,
    scripts,
    take,
    together,
)
from tests.integration.engine.scripted import Killed, ScriptedExecutor
from workers import sweep
from workers.heartbeat import heartbeat
from workers.payloads.base import Work

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


def beat(
    lanes: list[claims.Lane],
    *,
    reached: int = 0,
    progress: str | None = None,
    now: dt.datetime | None = None,
) -> dict[int, tuple[RunState, dict[str, int]]]:
    return claims.heartbeat(
        lane_ids=[lane.id for lane in lanes],
        reached=[reached] * len(lanes),
        progress=[progress] * len(lanes),
        lease=LEASE,
        now=now,
    )


class TestABeat:
    def test_moves_every_lease_forward_and_no_other(self) -> None:
        run = make_run(plain(9))
        lanes = [take(run, slot=slot, now=run.created_at) for slot in range(3)]
        now = run.created_at + 10 * SECOND
        beat(lanes[:2], now=now)
        ends = dict(Lane.objects.values_list("id", "lease_expires_at"))
        assert ends == {
            lanes[0].id: now + LEASE,
            lanes[1].id: now + LEASE,
            lanes[2].id: run.created_at + LEASE,
        }

    def test_says_of_each_lane_how_its_run_stands_and_leaves_out_the_lost(self) -> None:
        running, stopped = make_run(plain(2)), make_run(plain(2))
        lanes = [take(running), take(stopped), take(running, slot=1)]
        Run.objects.filter(pk=stopped.pk).update(state="cancelling")
        claims.leave_lane(lane=lanes[2])
        assert beat(lanes) == {lanes[0].id: (RunState.RUNNING, {}), lanes[1].id: (RunState.CANCELLING, {})}

    def test_says_of_each_lane_how_often_its_payload_asked_for_time(self) -> None:
        run = make_run(plain(4))
        lanes = [take(run), take(run, slot=1)]
        lease(lanes[0], 1)
        (asking,) = positions(lease(lanes[1], 1))
        for _ in range(2):
            extending.extend_time(run_id=run.pk, position=asking, attempt=1)
        assert beat(lanes) == {lanes[0].id: (RunState.RUNNING, {}), lanes[1].id: (RunState.RUNNING, {f"{asking}:1": 2})}

    def test_a_lane_that_is_gone_is_not_made_again(self) -> None:
        lane = take(make_run(plain(2)))
        claims.leave_lane(lane=lane)
        assert beat([lane]) == {}
        assert not Lane.objects.exists()

    def test_what_was_reached_never_goes_back(self) -> None:
        lane = take(make_run(plain(9)))
        lease(lane, 9)
        beat([lane], reached=5)
        beat([lane], reached=3)
        assert Lane.objects.get().reached == 5

    def test_progress_is_shown_and_kept_until_something_newer_comes(self) -> None:
        lane = take(make_run(plain(9)))
        beat([lane], progress='{"current": 1}')
        beat([lane], progress=None)
        assert Lane.objects.get().progress == {"current": 1}
        beat([lane], progress='{"current": 2}')
        assert Lane.objects.get().progress == {"current": 2}

    def test_beside_reports_nothing_fails(self) -> None:
        run = make_run(plain(200), max_concurrent_requests=4)
        lanes = [take(run, slot=slot) for slot in range(4)]

        def report_all(lane: claims.Lane) -> int:
            return sum(1 for _ in iter(lambda: len(lease(lane, 2).payloads), 0))

        def beat_often() -> int:
            return sum(len(beat(lanes)) for _ in range(40))

        actions: list[Any] = [lambda lane=lane: report_all(lane) for lane in lanes]
        assert sum(together([*actions, beat_often])[:4]) == 100


class TestTheProcess:
    def test_keeps_the_lanes_it_was_given_alive(self, settings: LazySettings) -> None:
        settings.JOBS_LEASE_SECONDS = 40
        lane = take(make_run(plain(2)))
        expire()
        heartbeat().add(lane)
        heartbeat().beat()
        left = Lane.objects.get().lease_expires_at - dt.datetime.now(dt.UTC)
        assert 30 * SECOND < left <= 40 * SECOND

    def test_lets_go_of_what_was_removed(self) -> None:
        lane = take(make_run(plain(2)))
        expire()
        before = rows_of(Lane)
        heartbeat().add(lane)
        heartbeat().remove(lane)
        heartbeat().beat()
        assert rows_of(Lane) == before

    def test_tells_the_work_of_a_lost_lane_to_stop_and_no_other(self) -> None:
        run = make_run(plain(4))
        lost, alive = heartbeat().add(take(run)), heartbeat().add(take(run, slot=1))
        expire(run=run, slot=0)
        sweep.sweep_once()
        heartbeat().beat()
        assert (lost.cancelled.is_set(), lost.lost.is_set(), alive.cancelled.is_set()) == (True, True, False)

    def test_a_lane_that_was_given_up_while_it_beat_is_not_lost(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lane = take(make_run(plain(4)))
        held = heartbeat().add(lane)
        real = claims.heartbeat

        def give_up_meanwhile(**arguments: Any) -> dict[int, tuple[RunState, dict[str, int]]]:
            claims.leave_lane(lane=lane)
            heartbeat().remove(lane)
            return real(**arguments)

        monkeypatch.setattr(claims, "heartbeat", give_up_meanwhile)
        heartbeat().beat()
        assert not held.cancelled.is_set()

    def test_without_lanes_it_asks_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(claims, "heartbeat", lambda **arguments: pytest.fail("a statement for nothing"))
        heartbeat().beat()

    def test_another_process_has_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        mine = heartbeat()
        monkeypatch.setattr(os, "getpid", lambda: -1)
        assert heartbeat() is not mine


class TestMoreTime:
    """A wish for time is the attempt's that asked: it must not come to whoever the lane is at by then."""

    def deadlines(self, scripted: ScriptedExecutor, then: Callable[[Work], None]) -> dict[tuple[int, int], bool]:
        """Let each attempt do this; which of them got more time, by position and attempt."""
        extended: dict[tuple[int, int], bool] = {}

        def at_work(work: Work) -> None:
            then(work)
            extended[work.position, work.attempt] = "extended its time" in work.deadline.missed()

        scripted.before = at_work
        return extended

    @pytest.mark.parametrize("strict", [True, False])
    def test_comes_to_the_attempt_at_work(self, broker: Broker, scripted: ScriptedExecutor, strict: bool) -> None:
        make_run(plain(3), max_concurrent_requests=1, strict=strict)

        def ask(work: Work) -> None:
            if work.position == 1:
                extending.extend_time(run_id=work.run_id, position=1, attempt=1)
            heartbeat().beat()

        extended = self.deadlines(scripted, ask)
        broker.deliver_all()
        assert extended == {(0, 1): False, (1, 1): True, (2, 1): False}

    @pytest.mark.parametrize("strict", [True, False])
    def test_that_comes_when_its_payload_has_ended_is_nobodys(
        self, broker: Broker, scripted: ScriptedExecutor, monkeypatch: pytest.MonkeyPatch, strict: bool
    ) -> None:
        """The heartbeat has read the wish, and the lane goes on before it is obeyed."""
        make_run(plain(9), max_concurrent_requests=1, strict=strict)
        real = claims.heartbeat
        read: list[dict[int, tuple[RunState, dict[str, int]]]] = []

        def ask(work: Work) -> None:
            if work.position == 4:
                extending.extend_time(run_id=work.run_id, position=4, attempt=1)
                (held,) = heartbeat()._held.values()
                read.append(real(lane_ids=[held.lane.id], reached=[4], progress=[None], lease=LEASE))
            if work.position == 5:
                monkeypatch.setattr(claims, "heartbeat", lambda **_: read[0])
                heartbeat().beat()

        extended = self.deadlines(scripted, ask)
        broker.deliver_all()
        assert len(extended) == 9
        assert not any(extended.values())

    def test_of_an_attempt_that_failed_is_not_the_next_ones(
        self, broker: Broker, scripted: ScriptedExecutor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_run(scripts({"fails": 1}, {}), max_concurrent_requests=1, strict=True)
        real = claims.heartbeat
        read: list[dict[int, tuple[RunState, dict[str, int]]]] = []

        def ask(work: Work) -> None:
            if work.position == 1:
                return
            if work.attempt == 1:
                extending.extend_time(run_id=work.run_id, position=0, attempt=1)
                (held,) = heartbeat()._held.values()
                read.append(real(lane_ids=[held.lane.id], reached=[0], progress=[None], lease=LEASE))
            else:
                assert Lane.objects.get().id in read[0]
                monkeypatch.setattr(claims, "heartbeat", lambda **_: read[0])
                heartbeat().beat()

        extended = self.deadlines(scripted, ask)
        broker.deliver_all()
        assert extended == {(0, 1): False, (0, 2): False, (1, 1): False}


class TestATurn:
    def test_tells_how_far_it_got_and_what_the_payload_says(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        make_run(scripts({}, {}, {}, {"progress": 42}, {}, {}), max_concurrent_requests=1)
        seen: list[tuple[int, int, Any]] = []

        def look(work: Any) -> None:
            heartbeat().beat()
            seen.append((work.position, *Lane.objects.values_list("reached", "progress").get()))

        scripted.before = look
        broker.deliver_all()
        assert seen[:4] == [(0, 0, None), (1, 1, None), (2, 2, None), (3, 3, None)]
        known = {"current": 42, "total": 100, "unit": "rows", "rate": None, "expected_end_at": None}
        assert seen[4] == (4, 4, known)

    def test_its_lane_is_no_longer_renewed_afterwards(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run = make_run(plain(3), max_concurrent_requests=1)
        broker.deliver_all()
        assert not Lane.objects.filter(run=run).exists()
        assert heartbeat()._held == {}

    def test_nor_when_its_worker_fails(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        make_run(scripts({"kills": True}), max_concurrent_requests=1, strict=True)
        with pytest.raises(Killed):
            broker.deliver_all()
        assert heartbeat()._held == {}
