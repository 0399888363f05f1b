"""A run to which payloads were added goes on with them, leases none that is beyond its limit, and ends with the last."""

from __future__ import annotations

from functools import partial

import pytest

from jobs import claims, hotpath
from jobs.models import Event, Lane, Payload, Requeued, Run
from jobs.services import control
from jobs.services.extending import Extension
from tests.integration.engine.adding import extend, extend_in_thread
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import (
    SECOND,
    counts,
    done,
    expire,
    fresh,
    in_thread,
    kinds_of_events,
    lease,
    make_run,
    plain,
    positions,
    rows_of,
    take,
    together,
    until_somebody_waits,
)
from tests.integration.engine.scripted import ScriptedExecutor
from workers import sweep

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]

WRITTEN = (Run, Payload, Event, Lane)


def states(run: Run) -> str:
    """The first letters of the stored states, by position."""
    return "".join(row.state[0] for row in Payload.objects.filter(run=run).order_by("position"))


class TestTheRunGoesOn:
    def test_one_whose_last_payload_adds_is_not_complete_before_what_was_added(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run = make_run(plain(1), max_concurrent_requests=1, strict=True)
        lane = take(run)
        lease(lane, 1)
        extend(run, plain(2), parent=0)
        grant = lease(lane, 5, done([0]))
        assert (grant.complete, positions(grant)) == (False, [1, 2])
        assert lease(lane, 1, done([1, 2])).complete
        assert counts(run) == (3, 0, 0)

    def test_positions_leased_in_vain_before_are_leased_again(self) -> None:
        run = make_run(plain(2))
        first, second = take(run), take(run, slot=1)
        lease(first, 2)
        assert positions(lease(second, 50)) == []
        assert fresh(run).next_position == 52
        extend(run, plain(3), parent=0)
        assert positions(lease(second, 2)) == [2, 3]
        assert positions(lease(first, 2, done([0, 1]))) == [4]

    def test_a_report_that_waits_for_the_addition_leases_what_was_added(self) -> None:
        run = make_run(plain(2))
        lane = take(run)
        lease(lane, 2)
        additions = [claims.Addition(0, '[{"kind": "scripted"}, {"kind": "scripted"}]')]
        with hotpath.connection() as engine:
            with engine.transaction(), engine.cursor() as cursor:
                claims.lock_to_extend(cursor, run_id=run.pk)
                claims.extend_run(cursor, run_id=run.pk, additions=additions, actor="ann")
                report = in_thread(lambda: lease(lane, 3, done([0, 1])))
                until_somebody_waits()
            grant = report()
        assert (grant.complete, positions(grant), [payload.kind for payload in grant.payloads]) == (
            False,
            [2, 3],
            ["scripted"] * 2,
        )

    def test_lanes_that_it_lacks_get_their_messages_and_no_others(self, broker: Broker) -> None:
        run = make_run(plain(1), max_concurrent_requests=4)
        lease(take(run, slot=1), 1)
        broker.clear()
        extend(run, plain(2), parent=0)
        assert broker.lanes() == [(run.pk, 0), (run.pk, 2)]
        assert {message.queue for message in broker.messages} == {"default"}

    def test_the_sweep_comes_when_the_messages_are_lost(self, broker: Broker) -> None:
        run = make_run(plain(1))
        lease(take(run), 1)
        Run.objects.filter(pk=run.pk).update(wake_at=run.created_at + 3600 * SECOND)
        broker.clear()
        broker.down = True
        extend(run, plain(2), parent=0)
        broker.down = False
        sweep.sweep_once(now=fresh(run).wake_at)
        assert sorted(broker.lanes()) == [(run.pk, 1), (run.pk, 2)]
        assert fresh(run).wake_at <= run.created_at + 60 * SECOND  # type: ignore[operator]

    def test_a_paused_run_keeps_still(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run = make_run(plain(1))
        control.pause_run(run=run, actor="ann")
        broker.clear()
        extend(run, plain(2))
        assert (fresh(run).state, fresh(run).wake_at, broker.messages) == ("paused", None, [])
        control.resume_run(run=run, actor="ann")
        broker.deliver_all()
        assert (fresh(run).state, scripted.positions(run.pk)) == ("succeeded", [0, 1, 2])

    def test_a_report_that_adds_locks_its_lane_before_the_run_as_everywhere(self) -> None:
        """Or it and the heartbeat's cut of the same lane would wait for each other."""
        run = make_run(plain(50))
        lane = take(run)
        lease(lane, 10)
        outcome = claims.Report(added=[claims.Addition(0, '[{"kind": "scripted"}]')])
        with hotpath.connection() as engine:
            with engine.transaction(), engine.cursor() as cursor:
                claims.lock_to_extend(cursor, run_id=run.pk)
                report = in_thread(lambda: lease(lane, 2, outcome))
                until_somebody_waits()
                cut = in_thread(lambda: claims.shed_range(lane=lane, sequence=lane.sequence, keep=1))
                until_somebody_waits(many=2)
            assert (positions(report()), cut(), fresh(run).total) == ([10, 11], 0, 51)

    def test_many_at_once_count_each(self) -> None:
        run = make_run(plain(1))
        together([partial(extend_in_thread, run, plain(3)) for _ in range(8)])
        assert fresh(run).total == 25 == Payload.objects.filter(run=run).count()


class TestBeyondTheLimit:
    @pytest.mark.parametrize("strict", [True, False])
    def test_what_is_too_much_is_cancelled_and_says_why(
        self, broker: Broker, scripted: ScriptedExecutor, strict: bool
    ) -> None:
        run = make_run(plain(3), max_payloads=5, max_concurrent_requests=2, strict=strict)
        assert extend(run, plain(4)) == Extension(2, 2, 3)
        assert extend(run, plain(1)) == Extension(0, 1, 7)
        assert (states(run), counts(run), fresh(run).total) == ("qqqqqccc", (0, 0, 3), 8)
        row = Payload.objects.get(run=run, position=7)
        assert row.error == {
            "code": "max_payloads",
            "message": "a run of this job has at most 5 payloads (max_payloads)",
        }
        assert row.ended_at is not None
        broker.deliver_all()
        assert sorted(scripted.positions(run.pk)) == [0, 1, 2, 3, 4]
        assert (states(run), fresh(run).state, counts(run)) == ("sssssccc", "succeeded", (5, 0, 3))
        assert kinds_of_events(run)[-1] == "run.succeeded"

    def test_of_more_than_a_thousand_only_these_are_kept_and_the_others_told(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run = make_run(plain(1), max_payloads=3)
        assert extend(run, plain(1003)) == Extension(2, 1001, 1)
        assert extend(run, plain(5)) == Extension(0, 5, None)
        assert (fresh(run).total, counts(run)) == (1003, (0, 0, 1000))
        data = list(Event.objects.filter(run=run, kind="run.extended").order_by("pk").values_list("data", flat=True))
        assert data == [
            {"parent": None, "added": 2, "cancelled": 1000, "dropped": 1},
            {"parent": None, "added": 0, "cancelled": 0, "dropped": 5},
        ]
        broker.deliver_all()
        assert (fresh(run).state, counts(run), sorted(scripted.positions(run.pk))) == (
            "succeeded",
            (3, 0, 1000),
            [0, 1, 2],
        )

    def test_what_is_kept_is_counted_over_all_additions_of_a_run_and_by_run(self) -> None:
        run, other = make_run(plain(1), max_payloads=1), make_run(plain(1), max_payloads=1)
        assert [extend(run, plain(600)).cancelled for _ in range(3)] == [600] * 3
        extend(other, plain(2))
        assert [fresh(each).total for each in (run, other)] == [1001, 3]

    def test_what_was_dropped_wakes_nobody(self, broker: Broker) -> None:
        run = make_run(plain(1), max_payloads=1)
        extend(run, plain(1000))
        broker.clear()
        before = rows_of(Run, Payload, Lane)
        extend(run, plain(1))
        assert (rows_of(Run, Payload, Lane), broker.messages) == (before, [])

    def test_lanes_lease_none_of_it_and_nobody_is_sent_for_it(self, broker: Broker) -> None:
        run = make_run(plain(2), max_payloads=2)
        extend(run, plain(1000))
        broker.clear()
        lane = take(run)
        grant = lease(lane, 500)
        assert (positions(grant), grant.left, Lane.objects.get(run=run).high) == ([0, 1], 0, 2)
        assert claims.take_lane(run_id=run.pk, slot=1, worker="host:2", lease=SECOND) is None
        sweep.sweep_once(now=run.created_at + 10 * SECOND)
        assert broker.messages == []
        claims.leave_lane(lane=lane)
        assert fresh(run).wake_at > run.created_at + 10 * SECOND  # type: ignore[operator]

    def test_a_lost_lane_gives_back_what_was_to_be_done_only(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run = make_run(plain(2), max_payloads=3)
        extend(run, plain(2))
        lease(take(run), 50)
        expire(run=run)
        sweep.sweep_once()
        assert sorted(Requeued.objects.filter(run=run).values_list("position", flat=True)) == [0, 1, 2]
        broker.deliver_all()
        assert (fresh(run).state, states(run)) == ("succeeded", "sssc")

    def test_termination_counts_what_was_cancelled_before_once(self, broker: Broker) -> None:
        run = make_run(plain(3), max_payloads=4)
        extend(run, plain(3))
        control.terminate_run(run=run, actor="ann")
        assert (states(run), counts(run), fresh(run).state) == ("cccccc", (0, 0, 6), "cancelled")
