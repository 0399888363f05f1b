"""A worker that vanished: what it held comes back, what it had begun is charged, and what it says later is refused."""

from __future__ import annotations

from typing import Any

import pytest

from jobs import claims, hotpath
from jobs.claims import Report, Requeue
from jobs.errors import LaneLost
from jobs.models import Attempt, Event, Lane, Payload, Requeued, Run
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import (
    LEASE,
    SECOND,
    counts,
    done,
    error_of,
    expire,
    final,
    fresh,
    kinds_of_events,
    lease,
    make_run,
    make_single_runs,
    plain,
    rows_of,
    scripts,
    take,
    together,
    waiting,
)
from tests.integration.engine.scripted import Killed, ScriptedExecutor
from workers import sweep
from workers.heartbeat import heartbeat

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


def reach(lane: claims.Lane, position: int) -> None:
    """What the heartbeat does while a range is executed."""
    assert claims.heartbeat(lane_ids=[lane.id], reached=[position], progress=[None], lease=LEASE)


def attempts(run: Run | int) -> list[tuple[int, int, str]]:
    """(position, number, state) of every attempt that did not succeed."""
    pk = run if isinstance(run, int) else run.pk
    rows = Attempt.objects.filter(run_id=pk).order_by("position", "number")
    return list(rows.values_list("position", "number", "state"))


def outlive(broker: Broker) -> None:
    """Deliver and sweep until nothing is left to do, over the death of any number of workers."""
    for _ in range(50):
        try:
            while broker.deliver():
                pass
        except Killed:
            pass
        if Lane.objects.exists():
            expire()
        sweep.sweep_once()
        if not broker.messages:
            return
    raise AssertionError("the run does not end")


class TestWhatItHeld:
    def test_up_to_the_position_reached_an_attempt_is_charged_as_lost(self) -> None:
        run = make_run(plain(6))
        lane = take(run, worker="host:77")
        lease(lane, 4)
        reach(lane, 1)
        leased_at = Lane.objects.get(pk=lane.id).leased_at
        expire()
        sweep.sweep_once()
        assert attempts(run) == [(0, 1, "lost"), (1, 1, "lost")]
        lost = Attempt.objects.get(run=run, position=1)
        assert (lost.worker, lost.started_at, lost.error["code"]) == ("host:77", leased_at, "lost")
        assert "host:77 stopped answering" in lost.error["message"]
        assert lost.ended_at > leased_at

    def test_what_lies_beyond_is_not_charged_and_each_comes_back_alone(self) -> None:
        run = make_run(plain(6))
        lane = take(run)
        lease(lane, 4)
        reach(lane, 1)
        expire()
        sweep.sweep_once()
        rows = waiting(run)
        assert {position: (row.attempts, row.alone, row.lane_id) for position, row in rows.items()} == {
            0: (1, True, None),
            1: (1, True, None),
            2: (0, True, None),
            3: (0, True, None),
        }
        assert not Lane.objects.exists()

    def test_it_comes_back_at_once_whatever_the_policy_says_of_waiting(self) -> None:
        run = make_run(plain(2), retry={"initial_interval": "1h"})
        now = run.created_at
        lease(take(run, now=now), 1, now=now)
        sweep.bury_one_lane(now=now + LEASE + SECOND)
        assert waiting(run)[0].due_at == now + LEASE + SECOND

    def test_what_it_had_reported_stays_as_it_was(self) -> None:
        run = make_run(plain(6))
        lane = take(run)
        lease(lane, 2)
        lease(lane, 2, done([0, 1]))
        expire()
        sweep.sweep_once()
        assert counts(run) == (2, 0, 0)
        assert set(waiting(run)) == {2, 3}

    def test_retries_that_it_held_come_back_with_their_attempts(self) -> None:
        run = make_run(plain(4))
        lane = take(run)
        lease(lane, 4)
        lease(lane, 0, Report(finals=done([0]).finals, requeues=[Requeue(p, p, 0.0, False) for p in (1, 2, 3)]))
        assert len(claims.lease_requeued(lane=lane, take=2, lease=LEASE)) == 2
        expire()
        sweep.sweep_once()
        assert {p: (row.attempts, row.alone, row.lane_id) for p, row in waiting(run).items()} == {
            1: (2, True, None),
            2: (2, True, None),
            3: (3, False, None),
        }
        assert attempts(run) == [(1, 2, "lost")]

    def test_attempts_exhausted_by_losses_the_payload_failed(self) -> None:
        run = make_run(plain(1), retry={"maximum_attempts": 1})
        lease(take(run), 1)
        expire()
        sweep.sweep_once()
        payload = Payload.objects.get(run=run)
        assert (payload.state, payload.attempts, error_of(run, 0)["code"]) == ("failed", 1, "lost")
        assert (fresh(run).state, waiting(run)) == ("failed", {})
        assert kinds_of_events(run) == ["run.created", "run.running", "run.failed"]

    def test_a_retry_it_held_that_has_no_attempts_left_failed_and_waits_no_more(self) -> None:
        run = make_run(plain(2), retry={"maximum_attempts": 2})
        lane = take(run)
        lease(lane, 1)
        lease(lane, 0, Report(requeues=[Requeue(0, 1, 0.0, False)]))
        claims.lease_requeued(lane=lane, take=1, lease=LEASE)
        expire()
        sweep.sweep_once()
        assert (counts(run), waiting(run)) == ((0, 1, 0), {})

    def test_other_lanes_of_the_run_go_on(self) -> None:
        run = make_run(plain(6))
        lost, alive = take(run), take(run, slot=1)
        lease(lost, 2)
        lease(alive, 2)
        expire(run=run, slot=0)
        sweep.sweep_once()
        assert set(waiting(run)) == {0, 1}
        lease(alive, 2, done([2, 3]))
        assert counts(run) == (2, 0, 0)

    def test_of_a_strict_lane_what_it_committed_stands_and_the_next_one_is_charged(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        parameters: list[dict[str, Any]] = [{} for _ in range(12)]
        parameters[3] = {"kills": True}
        run = make_run(scripts(*parameters), strict=True, max_concurrent_requests=1)
        with pytest.raises(Killed):
            broker.deliver_all()
        assert fresh(run).succeeded < 3
        expire()
        sweep.sweep_once()
        assert counts(run) == (3, 0, 0)
        assert attempts(run) == [(3, 1, "lost")]
        assert {p: row.attempts for p, row in waiting(run).items()} == {3: 1, 4: 0, 5: 0}
        outlive(broker)
        assert counts(run) == (11, 1, 0)

    def test_a_lane_that_held_nothing_only_goes(self) -> None:
        run = make_run(plain(6))
        take(run)
        expire()
        sweep.sweep_once()
        assert (Lane.objects.count(), waiting(run), attempts(run)) == (0, {}, [])

    def test_the_sweep_publishes_for_it_at_once(self, broker: Broker) -> None:
        run = make_run(plain(2), max_concurrent_requests=2)
        Run.objects.filter(pk=run.pk).update(wake_at=run.created_at + 3600 * SECOND)
        lease(take(run), 2)
        broker.clear()
        expire()
        sweep.sweep_once()
        assert broker.lanes() == [(run.pk, 0), (run.pk, 1)]


class TestTheOwnerThatComesBack:
    def test_its_report_is_refused_and_the_newer_outcome_stands(self) -> None:
        run = make_run(plain(2))
        stale = take(run)
        lease(stale, 2)
        expire()
        sweep.sweep_once()
        newer = take(run)
        for _ in range(2):
            (payload,) = claims.lease_requeued(lane=newer, take=9, lease=LEASE)
            outcome = done([payload.position], result="newer")
            lease(newer, 0, Report(finals=outcome.finals, settled=[payload.position]))
        before = rows_of(Lane, Run, Payload, Attempt, Requeued, Event)
        with pytest.raises(LaneLost):
            lease(stale, 2, done([0, 1], result="stale"))
        with pytest.raises(LaneLost):
            claims.lease_requeued(lane=stale, take=1, lease=LEASE)
        with pytest.raises(LaneLost):
            claims.report_one(lane=stale, final=final(0, result="stale"), lease=LEASE)
        claims.leave_lane(lane=stale)
        assert rows_of(Lane, Run, Payload, Attempt, Requeued, Event) == before
        assert set(Payload.objects.values_list("result", flat=True)) == {"newer"}

    def test_its_turn_ends_without_a_word(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run = make_run(plain(3), strict=True, max_concurrent_requests=1)

        def freeze(work: Any) -> None:
            if work.position == 1 and work.attempt == 1:
                expire()
                sweep.sweep_once()

        scripted.before = freeze
        broker.deliver()
        assert counts(run) == (1, 0, 0)
        scripted.before = lambda work: None
        broker.deliver_all()
        assert counts(run) == (3, 0, 0)
        assert attempts(run) == [(1, 1, "lost")]

    def test_a_report_that_waits_for_the_sweep_is_refused(self) -> None:
        run = make_run(plain(2))
        lane = take(run)
        lease(lane, 2)
        expire()

        def late() -> str:
            try:
                lease(lane, 2, done([0, 1]))
            except LaneLost:
                return "refused"
            return "accepted"

        def bury() -> str:
            return "buried" if sweep.bury_one_lane() else "nothing"

        outcomes = together([late, bury])
        assert outcomes in (["refused", "buried"], ["accepted", "nothing"])
        assert counts(run) == ((0, 0, 0) if outcomes[0] == "refused" else (2, 0, 0))
        assert len(waiting(run)) == (2 if outcomes[0] == "refused" else 0)

    def test_an_outcome_whose_worker_only_was_slow_is_taken_as_long_as_nobody_swept(self) -> None:
        run = make_run(plain(2))
        lane = take(run)
        lease(lane, 2)
        expire()
        lease(lane, 0, done([0, 1]))
        assert counts(run) == (2, 0, 0)


class TestTheSweeps:
    def test_a_lane_that_a_heartbeat_renews_is_not_lost(self) -> None:
        run = make_run(plain(2))
        lane = take(run)
        lease(lane, 2)
        expire()
        heartbeat().add(lane)
        heartbeat().beat()
        before = rows_of(Lane, Requeued, Attempt)
        sweep.sweep_once()
        assert rows_of(Lane, Requeued, Attempt) == before

    def test_a_lease_is_over_when_its_time_is_past_and_not_before(self) -> None:
        run = make_run(plain(2))
        now = run.created_at
        take(run, now=now)
        assert sweep.bury_one_lane(now=now + LEASE) is False
        assert sweep.bury_one_lane(now=now + LEASE + SECOND) is True

    def test_two_at_once_bury_a_lane_once(self) -> None:
        run = make_run(plain(3))
        lease(take(run), 3)
        expire()
        assert sorted(together([sweep.bury_one_lane] * 2)) == [False, True]
        assert attempts(run) == [(0, 1, "lost")]

    def test_eight_at_once_share_the_lanes(self) -> None:
        run = make_run(plain(40), max_concurrent_requests=20)
        for slot in range(20):
            lease(take(run, slot=slot), 2)
        expire()

        def bury_all() -> int:
            return sum(1 for _ in iter(sweep.bury_one_lane, False))

        assert sum(together([bury_all] * 8)) == 20
        assert len(waiting(run)) == 40
        assert len(attempts(run)) == 20

    def test_one_that_another_sweep_works_on_is_skipped(self) -> None:
        run = make_run(plain(4))
        first, second = take(run), take(run, slot=1)
        expire()
        with hotpath.connection() as other, other.transaction():
            locked = claims.lock_expired_lane(other)
            assert locked is not None
            assert locked.lane.id == first.id
            assert sweep.bury_one_lane() is True
            assert sweep.bury_one_lane() is False
        assert list(Lane.objects.values_list("id", flat=True)) == [first.id]
        assert second.id != first.id

    def test_a_lane_whose_report_is_being_written_is_skipped(self) -> None:
        run = make_run(plain(4))
        lane = take(run)
        expire()
        with hotpath.connection() as other, other.transaction():
            other.execute("SELECT 1 FROM jobs_lane WHERE id = %s FOR UPDATE", (lane.id,))
            assert sweep.bury_one_lane() is False


class TestAPayloadThatKillsItsWorker:
    def test_it_fails_alone_after_its_attempts_and_its_neighbours_succeed_uncharged(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        parameters: list[dict[str, Any]] = [{} for _ in range(12)]
        parameters[4] = {"kills": True}
        run = make_run(scripts(*parameters), max_concurrent_requests=1)
        outlive(broker)
        assert counts(run) == (11, 1, 0)
        assert [(p, n) for p, n, _ in attempts(run) if p == 4] == [(4, 1), (4, 2), (4, 3)]
        assert error_of(run, 4)["code"] == "lost"
        # The first of the range that died with it had been begun for sure, so that one is charged.
        assert {p for p, _, _ in attempts(run)} <= {1, 4}
        assert fresh(run).state == "failed"

    def test_with_one_attempt_allowed_it_takes_nobody_with_it_that_was_not_begun(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run = make_run(
            scripts({}, {"kills": True}, {}, {}, {}), max_concurrent_requests=1, retry={"maximum_attempts": 1}
        )
        outlive(broker)
        assert counts(run) == (4, 1, 0)

    def test_of_runs_that_share_a_message_the_others_are_not_charged(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        parameters: list[dict[str, Any]] = [{} for _ in range(6)]
        parameters[3] = {"kills": True}
        run_ids = make_single_runs(parameters, retry={"maximum_attempts": 1})
        broker.share(run_ids)
        outlive(broker)
        assert [fresh(run_id).state for run_id in run_ids] == ["succeeded"] * 3 + ["failed"] + ["succeeded"] * 2
        assert [len(attempts(run_id)) for run_id in run_ids] == [0, 0, 0, 1, 0, 0]

    def test_one_that_was_seen_at_work_is_charged_though_it_shared_a_message(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run_ids = make_single_runs([{}, {}, {"kills": True}, {}])
        broker.share(run_ids)
        scripted.before = lambda work: heartbeat().beat()
        with pytest.raises(Killed):
            broker.deliver_all()
        expire()
        sweep.sweep_once()
        assert [len(attempts(run_id)) for run_id in run_ids] == [0, 1, 1, 0]
