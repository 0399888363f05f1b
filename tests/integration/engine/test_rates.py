"""Rates: payloads of a job, or of a group, start no more often than they may, over the whole fleet."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pytest

from jobs import claims
from jobs.claims import RateLimit, limits
from jobs.models import Lane, Rate, Requeued, Run, Workspace
from jobs.services.groups import save_group
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import (
    LEASE,
    fresh,
    make_run,
    make_single_runs,
    plain,
    rows_of,
    scripts,
    take,
    together,
)
from tests.integration.engine.scripted import ScriptedExecutor
from workers import rates, sweep, turns

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
JOB = RateLimit("job:1", 100.0)
GROUP = RateLimit("group:1", 250.0)


def reserve(*wanted: RateLimit, count: int = 1, after: float = 0.0) -> tuple[bool, float]:
    granted, seconds = limits.reserve(rates=wanted, count=count, now=NOW + dt.timedelta(seconds=after))
    return granted, round(seconds, 6)


def next_at(key: str) -> float:
    return (Rate.objects.get(pk=key).next_at - NOW).total_seconds()


def rated(count: int, period: str, payloads: int = 6, **configuration: Any) -> Run:
    return make_run(plain(payloads), rate_limit={"count": count, "period": period}, **configuration)


@pytest.fixture
def real_time(monkeypatch: pytest.MonkeyPatch, scripted: ScriptedExecutor) -> list[float]:
    """The starts wait as they do in a worker; when each payload began."""
    monkeypatch.setattr(rates, "time", time)
    begun: list[float] = []
    scripted.before = lambda work: begun.append(time.monotonic())
    return begun


def none_is_early(begun: list[float], *, since: float, interval: float = 0.020) -> bool:
    """Whether starts that were reserved since then began when they might. One that is late on a busy machine leaves the next one
    its own time: the two may be less than an interval apart."""
    return all(at > since + interval * n - 0.001 for n, at in enumerate(sorted(begun)))


class TestReserving:
    def test_the_first_starts_now_and_the_next_an_interval_later(self) -> None:
        assert [reserve(JOB) for _ in range(3)] == [(True, 0.0), (True, 0.1), (True, 0.2)]

    def test_several_at_once_are_as_many_intervals(self) -> None:
        assert [reserve(JOB, count=4), reserve(JOB)] == [(True, 0.0), (True, 0.4)]

    def test_time_that_was_not_used_is_not_saved_up(self) -> None:
        reserve(JOB)
        assert [reserve(JOB, after=60), reserve(JOB, after=60)] == [(True, 0.0), (True, 0.1)]

    def test_what_is_more_than_a_second_away_is_not_reserved(self) -> None:
        reserve(JOB, count=11)
        before = rows_of(Rate)
        assert reserve(JOB) == (False, 1.1)
        assert rows_of(Rate) == before
        assert reserve(JOB, after=0.1) == (True, 1.0)

    def test_of_two_rates_the_later_start_counts_and_each_moves_by_its_own_interval(self) -> None:
        reserve(GROUP)
        assert reserve(JOB, GROUP) == (True, 0.25)
        assert (next_at(JOB.key), next_at(GROUP.key)) == (0.35, 0.5)

    def test_when_one_of_two_is_too_far_away_neither_moves(self) -> None:
        reserve(GROUP, count=5)
        reserve(JOB)
        before = rows_of(Rate)
        assert reserve(JOB, GROUP) == (False, 1.25)
        assert rows_of(Rate) == before

    def test_a_rate_that_was_raised_holds_nobody_to_the_old_one(self) -> None:
        reserve(RateLimit("job:1", 3_600_000.0))
        assert reserve(JOB) == (False, 1.3)

    def test_eight_at_once_reserve_eight_different_starts(self) -> None:
        found = together([lambda: reserve(JOB)] * 8)
        assert sorted(found) == [(True, n / 10) for n in range(8)]

    def test_two_rates_in_either_order_do_not_wait_for_each_other(self) -> None:
        fast = [RateLimit("job:1", 0.01), RateLimit("group:1", 0.01)]
        together([lambda r=order: [reserve(*r) for _ in range(20)] for order in (fast, fast[::-1]) * 4])  # type: ignore[misc]
        assert round(next_at("job:1"), 6) == round(next_at("group:1"), 6) == 0.0016


class TestARun:
    def test_its_payloads_start_an_interval_apart_over_all_lanes(
        self, broker: Broker, scripted: ScriptedExecutor, real_time: list[float]
    ) -> None:
        run = rated(50, "1s", payloads=12, max_concurrent_requests=3)
        messages = list(broker.messages)
        began = time.monotonic()
        together([lambda m=m: turns.work(lanes=m.lanes, queue=m.queue) for m in messages])  # type: ignore[misc]
        assert sorted(scripted.positions(run.pk)) == list(range(12))
        assert none_is_early(real_time, since=began)
        assert fresh(run).state == "succeeded"

    def test_in_one_lane_none_starts_early(self, broker: Broker, real_time: list[float]) -> None:
        rated(50, "1s", payloads=8, max_concurrent_requests=1)
        began = time.monotonic()
        broker.deliver_all()
        assert none_is_early(real_time, since=began)

    def test_strict_ones_obey_too(self, broker: Broker, real_time: list[float]) -> None:
        rated(50, "1s", payloads=8, max_concurrent_requests=1, strict=True)
        began = time.monotonic()
        broker.deliver_all()
        assert len(real_time) == 8
        assert none_is_early(real_time, since=began)

    def test_retries_are_starts_like_any_other(self, broker: Broker, real_time: list[float]) -> None:
        make_run(scripts({"fails": 2}), rate_limit={"count": 50, "period": "1s"}, max_concurrent_requests=1)
        began = time.monotonic()
        broker.deliver_all()
        assert len(real_time) == 3
        assert none_is_early(real_time, since=began)

    def test_where_the_next_is_far_away_the_lane_leaves_and_the_sweep_looks_then(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run = rated(1, "1h", payloads=3, max_concurrent_requests=1)
        broker.deliver_all()
        assert scripted.positions(run.pk) == [0]
        assert not Lane.objects.exists()
        assert not Requeued.objects.exists()
        wake_at = fresh(run).wake_at
        assert wake_at is not None
        assert 3590 < (wake_at - dt.datetime.now(dt.UTC)).total_seconds() <= 3600
        Rate.objects.update(next_at=dt.datetime.now(dt.UTC))
        sweep.wake_runs(now=wake_at)
        broker.deliver_all()
        assert scripted.positions(run.pk) == [0, 1]

    def test_one_that_comes_while_the_rate_is_used_up_takes_no_lane(self, broker: Broker) -> None:
        run = rated(1, "1h")
        limits.reserve(rates=[RateLimit(f"job:{run.job_id}", 3_600_000.0)], count=1)
        broker.deliver()
        assert (fresh(run).state, Lane.objects.count()) == ("pending", 0)
        wake_at = fresh(run).wake_at
        assert wake_at is not None
        assert wake_at > dt.datetime.now(dt.UTC) + dt.timedelta(minutes=59)

    def test_a_groups_rate_holds_for_all_its_jobs(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        workspace, _ = Workspace.objects.get_or_create(slug="acme", defaults={"name": "Acme"})
        save_group(workspace=workspace, name="host", limit=None, rate={"count": 1, "period": "1h"}, actor="test")
        for _ in range(3):
            make_run(plain(2), concurrency_group="host")
        broker.deliver_all()
        assert len(scripted.performed) == 1

    def test_a_run_without_a_rate_asks_nothing(self, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
        run = make_run(plain(20))
        monkeypatch.setattr(limits, "reserve", lambda **_: pytest.fail("asked"))
        broker.deliver_all()
        assert fresh(run).state == "succeeded"
        assert not Rate.objects.exists()

    def test_a_rated_run_leases_nothing_before_its_starts_are_reserved(self) -> None:
        run = rated(1, "1h")
        lane = claims.take_lane(run_id=run.pk, slot=0, worker="host:1", lease=LEASE, take=5)
        assert lane is not None
        assert lane.first is not None
        assert (lane.first.payloads, fresh(run).next_position) == ([], 0)
        assert [rate.key for rate in lane.run.rates] == [f"job:{run.job_id}"]


class TestRunsOfOnePayload:
    def test_a_fast_rate_lets_them_travel_together(
        self, broker: Broker, scripted: ScriptedExecutor, real_time: list[float]
    ) -> None:
        run_ids = make_single_runs([{}] * 20, rate_limit={"count": 1000, "period": "1s"})
        assert len(claims.take_single_runs(run_ids=run_ids[:2], worker="host:1", lease=LEASE)) == 2
        broker.share(run_ids[2:])
        broker.deliver_all()
        assert {fresh(run_id).state for run_id in run_ids[2:]} == {"succeeded"}

    def test_with_a_slow_one_only_as_many_start_as_may(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        workspace, _ = Workspace.objects.get_or_create(slug="acme", defaults={"name": "Acme"})
        save_group(workspace=workspace, name="host", limit=None, rate={"count": 1, "period": "1h"}, actor="test")
        run_ids = make_single_runs([{}] * 10, concurrency_group="host")
        broker.share(run_ids)
        broker.deliver_all()
        assert len(scripted.performed) == 1
        assert sorted(fresh(run_id).state for run_id in run_ids) == ["pending"] * 9 + ["succeeded"]
        assert not Lane.objects.exists()


class TestAStartThatIsMissed:
    def test_is_given_up_for_a_new_one(self, real_time: list[float]) -> None:
        """A payload that took long must not be followed by those whose starts went by meanwhile, all at once."""
        lane = take(rated(20, "1s"))
        starts = rates.Starts(lane.run)
        assert starts.at_once(4) == 4
        assert starts.may_start(left=4)
        time.sleep(0.2)
        since, begun = time.monotonic(), []
        for left in (3, 2, 1):
            assert starts.may_start(left=left)
            begun.append(time.monotonic())
        assert none_is_early(begun, since=since, interval=0.050)
