"""A payload that takes long keeps nothing else waiting: what its lane holds behind it goes to whoever is free."""

from __future__ import annotations

import time
from typing import Any

import pytest

from jobs import claims
from jobs.claims import Report, Requeue
from jobs.models import Lane, Payload, Requeued, Run
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import (
    LEASE,
    SECOND,
    counts,
    done,
    final,
    fresh,
    lease,
    make_run,
    plain,
    rows_of,
    scripts,
    take,
    waiting,
)
from tests.integration.engine.scripted import ScriptedExecutor
from workers.heartbeat import heartbeat
from workers.pace import LIMIT_SECONDS

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


def at_work(run: Run, *, slot: int = 0, width: int = 5) -> claims.Lane:
    """A lane that holds so many positions of the run."""
    lane = take(run, slot=slot)
    lease(lane, width)
    return lane


class TestShedding:
    def test_what_lies_behind_waits_for_others_uncharged_and_the_run_is_looked_at(self) -> None:
        run = make_run(plain(10), strict=True)
        lane = at_work(run)
        assert claims.shed_range(lane=lane, keep=2) == 3
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
        assert claims.shed_range(lane=stale, keep=2) == 0
        assert rows_of(Lane, Requeued) == before

    @pytest.mark.parametrize("keep", [0, 5, 6])
    def test_a_range_is_never_shed_whole_nor_beyond_its_end(self, keep: int) -> None:
        run = make_run(plain(10), strict=True)
        assert claims.shed_range(lane=at_work(run), keep=keep) == 0
        assert waiting(run) == {}

    def test_a_strict_lane_learns_of_it_with_its_next_outcome(self) -> None:
        run = make_run(plain(10), strict=True)
        lane = at_work(run)
        assert claims.report_one(lane=lane, final=final(0), lease=LEASE)[1]
        claims.shed_range(lane=lane, keep=2)
        assert not claims.report_one(lane=lane, final=final(1), lease=LEASE)[1]

    def test_and_with_a_failure_that_keeps_the_range(self) -> None:
        run = make_run(plain(10), strict=True)
        lane = at_work(run)
        claims.shed_range(lane=lane, keep=1)
        failed = Report(requeues=[Requeue(0, 1, 1000.0, False)])
        grant = claims.report(lane=lane, outcome=failed, take=0, keep_from=1, lease=LEASE)
        assert grant.payloads == []
        assert sorted(waiting(run)) == [0, 1, 2, 3, 4]

    def test_what_was_shed_is_not_given_back_when_another_is_done_with_it(self) -> None:
        run = make_run(plain(10))
        lane = at_work(run)
        claims.shed_range(lane=lane, keep=2)
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
        claims.shed_range(lane=lane, keep=2)
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
        held.begun_at = None if since is None else time.monotonic() - since
        return lane

    def test_sheds_what_waits_behind_a_payload_of_more_than_500_ms(self) -> None:
        run = make_run(plain(10), strict=True)
        self.hold(run, since=2 * LIMIT_SECONDS + 0.1)
        heartbeat().beat()
        assert sorted(waiting(run)) == [2, 3, 4]
        heartbeat().beat()
        assert len(waiting(run)) == 3

    @pytest.mark.parametrize("since", [None, 0.0, LIMIT_SECONDS])
    def test_leaves_a_lane_alone_whose_payload_has_just_begun(self, since: float | None) -> None:
        run = make_run(plain(10), strict=True)
        self.hold(run, since=since)
        heartbeat().beat()
        assert waiting(run) == {}


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
            held.begun_at = time.monotonic() - 1.0
            heartbeat().beat()
            shed.extend(waiting(run))

    scripted.before = slow
    broker.deliver_all()
    assert len(shed) > 10
    assert sorted(scripted.positions(run.pk)) == list(range(31))
    assert (fresh(run).state, counts(run)) == ("succeeded", (31, 0, 0))
    assert not Requeued.objects.exists()
    assert set(Payload.objects.values_list("attempts", flat=True)) == {1}
