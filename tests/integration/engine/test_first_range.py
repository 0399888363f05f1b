"""A lane comes with the first range of its run: one statement before its first payload."""

from __future__ import annotations

import pytest

from jobs import claims
from jobs.models import Lane, Requeued, Run
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import (
    LEASE,
    done,
    expire,
    fresh,
    lease,
    make_run,
    plain,
    positions,
    take,
    together,
)
from tests.integration.engine.scripted import Killed, ScriptedExecutor
from workers import sweep

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


class TestTheFirstRange:
    def take(self, run: Run, slot: int = 0, count: int = 1) -> claims.Lane:
        lane = claims.take_lane(run_id=run.pk, slot=slot, worker="host:2", lease=LEASE, take=count)
        assert lane is not None
        assert lane.first is not None
        return lane

    def test_it_comes_with_the_lane(self) -> None:
        run = make_run(plain(5))
        lane = self.take(run, count=2)
        row = Lane.objects.get(pk=lane.id)
        assert (row.low, row.high, row.reached, row.sequence) == (0, 2, 0, 0)
        assert lane.first is not None
        assert positions(lane.first) == [0, 1]
        assert (lane.first.left, lane.first.complete, lane.first.due) == (3, False, False)
        assert (fresh(run).state, fresh(run).next_position) == ("running", 2)

    def test_and_is_reported_like_any_other(self) -> None:
        run = make_run(plain(3))
        lane = self.take(run)
        assert positions(lease(lane, 1, done([0]))) == [1]
        assert fresh(run).succeeded == 1

    def test_never_more_than_there_is(self) -> None:
        run = make_run(plain(2))
        lane = self.take(run, count=9)
        assert lane.first is not None
        assert positions(lane.first) == [0, 1]
        assert fresh(run).next_position == 2

    def test_where_only_a_retry_is_due_it_is_empty(self) -> None:
        run = make_run(plain(1))
        lease(take(run), 1)
        Requeued.objects.create(run=run, position=0, due_at=run.created_at)
        lane = self.take(run, slot=1)
        assert lane.first is not None
        assert (lane.first.payloads, lane.first.due) == ([], True)
        assert fresh(run).next_position == 1

    def test_fifty_lanes_taken_at_once_get_fifty_positions(self) -> None:
        run = make_run(plain(60), max_concurrent_requests=50)
        lanes = together([lambda slot=slot: self.take(run, slot) for slot in range(50)])  # type: ignore[misc]
        leased = [position for lane in lanes if lane.first for position in positions(lane.first)]
        assert sorted(leased) == list(range(50))
        assert fresh(run).next_position == 50

    def test_a_worker_that_dies_with_it_loses_nothing(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run = make_run(plain(3), max_concurrent_requests=1)
        self.take(run)
        expire(run=run)
        sweep.sweep_once()
        broker.deliver_all()
        assert sorted(scripted.positions(run.pk)) == [0, 1, 2]
        assert fresh(run).state == "succeeded"

    def test_a_lane_needs_one_statement_before_its_first_payload(
        self, broker: Broker, scripted: ScriptedExecutor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_run(plain(3), strict=True, max_concurrent_requests=1)
        reported: list[int] = []
        monkeypatch.setattr(claims, "report", lambda **_: reported.append(1))
        scripted.before = lambda work: pytest.fail("reported first") if reported else stop()
        with pytest.raises(Killed):
            broker.deliver()
        assert reported == []


def stop() -> None:
    raise Killed


class TestTakingAndLeavingAtOnce:
    def test_nobody_waits_for_somebody_who_waits_for_him(self) -> None:
        """A taker has the run and wants the slot, a leaver deletes the slot's lane and wants the run."""
        run = make_run(plain(2000), max_concurrent_requests=2)

        def work() -> int:
            done_here = 0
            for turn in range(60):
                lane = claims.take_lane(run_id=run.pk, slot=turn % 2, worker="host:1", lease=LEASE, take=1)
                if lane is None or lane.first is None:
                    continue
                lease(lane, 0, done(positions(lane.first)))
                claims.leave_lane(lane=lane)
                done_here += 1
            return done_here

        assert fresh(run).next_position == 0
        assert sum(together([work] * 6)) == fresh(run).succeeded == fresh(run).next_position
