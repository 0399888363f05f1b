"""A lane's report: outcomes once, counters with them, the next range, and nothing from whoever is no longer the owner."""

from __future__ import annotations

import datetime as dt

import pytest

from jobs import claims, hotpath
from jobs.claims import FailedAttempt, Report, Requeue
from jobs.errors import LaneLost
from jobs.models import Attempt, Lane, Payload, Requeued, Run
from jobs.states import RunState
from tests.integration.engine.makers import (
    LEASE,
    MS,
    SECOND,
    counts,
    done,
    final,
    fresh,
    in_thread,
    lease,
    make_run,
    plain,
    positions,
    rows_of,
    take,
    together,
    until_somebody_waits,
)

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]

WRITTEN = (Lane, Run, Payload, Attempt, Requeued)


class TestOutcomes:
    def test_each_payload_gets_its_own(self) -> None:
        run = make_run(plain(4))
        lane = take(run)
        lease(lane, 3)
        ended = final(0, result={"rows": 3})
        lease(lane, 0, Report(finals=[final(1, state="failed"), ended]))
        rows = list(Payload.objects.filter(run=run).order_by("position"))
        assert [row.state for row in rows] == ["succeeded", "failed", "queued", "queued"]
        assert (rows[0].result, rows[0].error, rows[0].attempts) == ({"rows": 3}, None, 1)
        assert (rows[0].started_at, rows[0].ended_at) == (ended.started_at, ended.ended_at)
        assert (rows[1].result, rows[1].error) == (None, {"message": "payload 1 broke"})
        assert (rows[2].attempts, rows[2].ended_at) == (0, None)
        assert counts(run) == (1, 1, 0)

    def test_another_runs_payloads_stay_as_they_are(self) -> None:
        run, other = make_run(plain(2)), make_run(plain(2))
        lane = take(run)
        lease(lane, 2)
        lease(lane, 0, done([0, 1]))
        assert counts(other) == (0, 0, 0)

    def test_what_has_its_outcome_keeps_it_and_counts_once(self) -> None:
        run = make_run(plain(2))
        lane = take(run)
        lease(lane, 2)
        lease(lane, 0, done([0], result="first"))
        lease(lane, 0, done([0, 1], state="failed"))
        assert Payload.objects.get(run=run, position=0).result == "first"
        assert counts(run) == (1, 1, 0)

    def test_a_cancelled_payload_stays_cancelled(self) -> None:
        run = make_run(plain(2))
        lane = take(run)
        lease(lane, 2)
        Payload.objects.filter(run=run, position=0).update(state="cancelled", ended_at=run.created_at)
        Run.objects.filter(pk=run.pk).update(cancelled=1)
        lease(lane, 0, done([0, 1]))
        assert counts(run) == (1, 0, 1)

    def test_all_of_them_make_the_run_complete_but_do_not_close_it(self) -> None:
        run = make_run(plain(2))
        lane = take(run)
        lease(lane, 2)
        assert lease(lane, 1, done([0])).complete is False
        assert lease(lane, 1, done([1])).complete is True
        assert fresh(run).state == "running"

    def test_a_report_with_retries_is_written_whole_or_not_at_all(self) -> None:
        run = make_run(plain(2))
        lane = take(run)
        lease(lane, 2)
        before = rows_of(*WRITTEN)
        now = dt.datetime.now(dt.UTC)
        broken = Report(
            finals=[final(0)],
            failed_attempts=[FailedAttempt(1, 0, "failed", "{}", now, now)],  # the database refuses attempt 0
            requeues=[Requeue(1, 1, 0.0, False)],
        )
        with pytest.raises(Exception, match="attempt_number_from_one"):
            lease(lane, 2, broken)
        assert rows_of(*WRITTEN) == before
        assert lane.sequence == 1


class TestTheNextRange:
    def test_positions_are_leased_in_order(self) -> None:
        run = make_run(plain(7))
        lane = take(run)
        grants = [lease(lane, 3), lease(lane, 3, done(range(3))), lease(lane, 3, done(range(3, 6)))]
        assert [positions(grant) for grant in grants] == [[0, 1, 2], [3, 4, 5], [6]]

    def test_the_payloads_come_as_the_job_wrote_them(self) -> None:
        item = {"kind": "scripted", "name": "first", "parameters": {"takes": 2.0}, "timeout": "1s"}
        run = make_run([item, {"kind": "scripted"}])
        first, second = lease(take(run), 2).payloads
        assert (first.kind, first.name, first.parameters) == ("scripted", "first", {"takes": 2.0})
        assert first.options is not None
        assert set(first.options) == {"timeout"}
        assert (second.name, second.parameters, second.options) == ("", {}, None)
        assert (first.attempts, first.requeued) == (0, False)

    def test_past_the_end_there_is_nothing(self) -> None:
        run = make_run(plain(2))
        lane = take(run)
        lease(lane, 2)
        assert positions(lease(lane, 5, done([0, 1]))) == []
        row = Lane.objects.get(pk=lane.id)
        assert (row.low, row.high) == (2, 2)

    def test_five_lanes_at_once_share_the_positions_without_overlap(self) -> None:
        run = make_run(plain(203), max_concurrent_requests=5)
        lanes = [take(run, slot=slot) for slot in range(5)]

        def work_all(lane: claims.Lane) -> list[int]:
            seen: list[int] = []
            grant = lease(lane, 3)
            while grant.payloads:
                seen += positions(grant)
                grant = lease(lane, 3, done(positions(grant)))
            return seen

        shares = together([lambda lane=lane: work_all(lane) for lane in lanes])  # type: ignore[misc]
        assert sorted(position for share in shares for position in share) == list(range(203))
        assert counts(run) == (203, 0, 0)

    def test_the_lane_row_says_what_is_held_since_when_and_how_far_it_got(self) -> None:
        run = make_run(plain(10))
        lane = take(run, now=run.created_at)
        lease(lane, 4, now=run.created_at)
        now = run.created_at + SECOND
        Lane.objects.filter(pk=lane.id).update(progress={"current": 1}, reached=3)
        lease(lane, 4, done(range(4)), now=now)
        row = Lane.objects.get(pk=lane.id)
        assert (row.low, row.high, row.reached, row.sequence) == (4, 8, 4, 2)
        assert (row.leased_at, row.lease_expires_at, row.progress) == (now, now + LEASE, None)

    @pytest.mark.parametrize("state", ["pending", "cancelled"])
    def test_a_run_that_is_not_running_leases_nothing_but_takes_outcomes(self, state: str) -> None:
        run = make_run(plain(5))
        lane = take(run)
        lease(lane, 1)
        ended = {"wake_at": None, "ended_at": run.created_at} if state == "cancelled" else {}
        Run.objects.filter(pk=run.pk).update(state=state, **ended)
        grant = lease(lane, 2, done([0]))
        assert (grant.state, positions(grant)) == (state, [])
        assert fresh(run).next_position == 1
        assert counts(run) == (1, 0, 0)

    def test_a_run_that_is_stopped_while_the_report_waits_for_its_row_leases_nothing(self) -> None:
        run = make_run(plain(5))
        lane = take(run)
        lease(lane, 1)
        with hotpath.connection() as other, other.transaction():
            other.execute(
                "UPDATE jobs_run SET state = 'cancelled', ended_at = now(), wake_at = NULL WHERE id = %s", (run.pk,)
            )
            waiting_report = in_thread(lambda: lease(lane, 2, done([0])))
            until_somebody_waits()
        grant = waiting_report()
        assert (grant.state, positions(grant)) == ("cancelled", [])

    def test_it_tells_whether_a_retry_is_due(self) -> None:
        run, other = make_run(plain(5)), make_run(plain(5))
        lane = take(run)
        now = run.created_at
        assert lease(lane, 1, now=now).due is False
        Requeued.objects.create(run=other, position=0, due_at=now)
        assert lease(lane, 0, now=now).due is False
        row = Requeued.objects.create(run=run, position=0, due_at=now + SECOND)
        assert lease(lane, 0, now=now + SECOND - MS).due is False
        assert lease(lane, 0, now=now + SECOND).due is True
        Requeued.objects.filter(run=run, position=0).update(lane_id=lane.id)
        assert lease(lane, 0, now=now + SECOND).due is False
        assert row.run_id == run.pk


class TestFencing:
    def test_a_report_that_was_sent_before_changes_nothing(self) -> None:
        run = make_run(plain(4))
        lane = take(run)
        lease(lane, 2)
        lease(lane, 2, done([0, 1]))
        lane.sequence -= 1
        before = rows_of(*WRITTEN)
        with pytest.raises(LaneLost):
            lease(lane, 2, done([0, 1], state="failed"))
        assert rows_of(*WRITTEN) == before
        assert lane.sequence == 1

    def test_a_lane_that_is_gone_changes_nothing(self) -> None:
        run = make_run(plain(4))
        stale = take(run)
        lease(stale, 2)
        claims.leave_lane(lane=stale)
        take(run)
        before = rows_of(*WRITTEN)
        with pytest.raises(LaneLost):
            lease(stale, 2, done([0, 1]))
        assert rows_of(*WRITTEN) == before

    def test_of_eight_times_the_same_report_one_counts(self) -> None:
        run = make_run(plain(8))
        lane = take(run)
        lease(lane, 4)

        def send() -> bool:
            copy = claims.Lane(id=lane.id, run=lane.run, slot=0, worker="host:1", sequence=lane.sequence)
            try:
                lease(copy, 4, done(range(4)))
            except LaneLost:
                return False
            return True

        assert sum(together([send] * 8)) == 1
        assert counts(run) == (4, 0, 0)
        assert fresh(run).next_position == 8

    def test_a_report_that_waits_while_the_lane_is_taken_back_changes_nothing(self) -> None:
        run = make_run(plain(4))
        lane = take(run)
        lease(lane, 2)
        with hotpath.connection() as other, other.transaction():
            other.execute("DELETE FROM jobs_lane WHERE id = %s", (lane.id,))
            waiting_report = in_thread(lambda: lease(lane, 2, done([0, 1])))
            until_somebody_waits()
        with pytest.raises(LaneLost):
            waiting_report()
        assert counts(run) == (0, 0, 0)


class TestAReportWhoseAnswerWasLost:
    def test_if_it_was_committed_the_lane_learns_what_it_holds(self) -> None:
        run = make_run(plain(6))
        lane = take(run)
        lease(lane, 2)
        lease(lane, 3, done([0, 1]))
        lane.sequence -= 1  # as if the answer had not come
        held = claims.resync(lane=lane)
        assert held is not None
        assert [payload.position for payload in held] == [2, 3, 4]
        lease(lane, 3, done([2, 3, 4]))
        assert counts(run) == (5, 0, 0)

    def test_if_it_was_not_committed_it_is_to_be_sent_again(self) -> None:
        run = make_run(plain(6))
        lane = take(run)
        lease(lane, 2)
        assert claims.resync(lane=lane) is None
        lease(lane, 2, done([0, 1]))
        assert counts(run) == (2, 0, 0)

    def test_if_the_lane_was_taken_back_it_says_so(self) -> None:
        run = make_run(plain(6))
        lane = take(run)
        claims.leave_lane(lane=lane)
        with pytest.raises(LaneLost):
            claims.resync(lane=lane)

    def test_what_the_lane_holds_is_what_has_no_outcome_yet_by_position(self) -> None:
        run = make_run(plain(9), max_concurrent_requests=2)
        other, lane = take(run), take(run, slot=1)
        lease(other, 3)
        lease(lane, 3)
        Payload.objects.filter(run=run, position__in=[4, 6]).update(state="succeeded", ended_at=run.created_at)
        for position, holder in ((0, lane.id), (6, lane.id), (7, other.id), (8, None)):
            Requeued.objects.create(run=run, position=position, attempts=2, due_at=run.created_at, lane_id=holder)
        lane.sequence -= 1
        held = claims.resync(lane=lane)
        assert held is not None
        assert [(each.position, each.attempts, each.requeued) for each in held] == [
            (0, 2, True),
            (3, 0, False),
            (5, 0, False),
        ]


class TestAStrictLane:
    """One outcome at a time, counted on the lane; the run hears of them at the end of the range."""

    def test_each_outcome_is_written_and_the_rest_of_the_range_stays(self) -> None:
        run = make_run(plain(6), strict=True)
        lane = take(run)
        lease(lane, 4)
        now = run.created_at + SECOND
        assert report_one(lane, final(0, result=7), now=now) == "running"
        payload, row = Payload.objects.get(run=run, position=0), Lane.objects.get()
        assert (payload.state, payload.result, payload.attempts) == ("succeeded", 7, 1)
        assert (row.low, row.high, row.reached, row.succeeded, row.failed) == (1, 4, 1, 1, 0)
        assert (row.leased_at, row.lease_expires_at, row.sequence, lane.sequence) == (now, now + LEASE, 2, 2)
        assert fresh(run).succeeded == 0

    def test_what_the_lane_counted_is_the_runs_with_its_next_report(self) -> None:
        run = make_run(plain(6), strict=True)
        lane = take(run)
        lease(lane, 4)
        for position in range(3):
            report_one(lane, final(position, state="failed" if position == 1 else "succeeded"))
        grant = lease(lane, 2, done([3]))
        assert positions(grant) == [4, 5]
        assert counts(run) == (3, 1, 0)
        row = Lane.objects.get()
        assert (row.succeeded, row.failed, row.low, row.high) == (0, 0, 4, 6)
        lease(lane, 0, done([4, 5]))
        assert counts(run) == (5, 1, 0)

    def test_a_failure_in_the_range_is_reported_whole_and_the_rest_kept(self) -> None:
        run = make_run(plain(6), strict=True)
        lane = take(run)
        lease(lane, 4)
        report_one(lane, final(0))
        outcome = Report(requeues=[Requeue(1, 1, 0.0, False)])
        grant = claims.report(lane=lane, outcome=outcome, take=0, keep_from=2, lease=LEASE)
        assert positions(grant) == [2, 3]
        row = Lane.objects.get()
        assert (row.low, row.high, row.reached) == (2, 4, 2)
        assert counts(run) == (1, 0, 0)

    @pytest.mark.parametrize("position", [1, 3, 4])
    def test_only_the_first_of_its_range_is_taken(self, position: int) -> None:
        run = make_run(plain(6), strict=True)
        lane = take(run)
        lease(lane, 4)
        before = rows_of(*WRITTEN)
        with pytest.raises(LaneLost):
            report_one(lane, final(position))
        assert rows_of(*WRITTEN) == before

    def test_a_lane_without_a_range_has_no_first(self) -> None:
        run = make_run(plain(6), strict=True)
        lane = take(run)
        with pytest.raises(LaneLost):
            report_one(lane, final(0))
        assert counts(run) == (0, 0, 0)

    def test_sent_twice_it_counts_once(self) -> None:
        run = make_run(plain(6), strict=True)
        lane = take(run)
        lease(lane, 4)
        report_one(lane, final(0))
        lane.sequence -= 1
        before = rows_of(*WRITTEN)
        with pytest.raises(LaneLost):
            report_one(lane, final(0, state="failed"))
        assert rows_of(*WRITTEN) == before

    def test_with_another_sequence_than_the_lanes_it_is_refused(self) -> None:
        run = make_run(plain(6), strict=True)
        lane = take(run)
        lease(lane, 4)
        lane.sequence += 1
        with pytest.raises(LaneLost):
            report_one(lane, final(0))
        assert counts(run) == (0, 0, 0)

    def test_of_eight_times_the_same_one_counts(self) -> None:
        run = make_run(plain(6), strict=True)
        lane = take(run)
        lease(lane, 4)

        def send() -> bool:
            copy = claims.Lane(id=lane.id, run=lane.run, slot=0, worker="host:1", sequence=lane.sequence)
            try:
                report_one(copy, final(0))
            except LaneLost:
                return False
            return True

        assert sum(together([send] * 8)) == 1
        assert Lane.objects.get().succeeded == 1

    def test_once_the_lane_is_gone_it_is_refused(self) -> None:
        run = make_run(plain(6), strict=True)
        lane = take(run)
        lease(lane, 4)
        with hotpath.connection() as other, other.transaction():
            other.execute("DELETE FROM jobs_lane WHERE id = %s", (lane.id,))
            sending = in_thread(lambda: report_one(lane, final(0)))
            until_somebody_waits()
        with pytest.raises(LaneLost):
            sending()
        assert counts(run) == (0, 0, 0)

    def test_what_has_its_outcome_keeps_it_and_is_not_counted_again(self) -> None:
        run = make_run(plain(6), strict=True)
        lane = take(run)
        lease(lane, 4)
        Payload.objects.filter(run=run, position=0).update(state="cancelled", ended_at=run.created_at)
        Run.objects.filter(pk=run.pk).update(cancelled=1)
        report_one(lane, final(0))
        lease(lane, 0)
        assert counts(run) == (0, 0, 1)

    def test_it_says_that_the_run_was_stopped(self) -> None:
        run = make_run(plain(6), strict=True)
        lane = take(run)
        lease(lane, 4)
        Run.objects.filter(pk=run.pk).update(state="cancelled", wake_at=None, ended_at=run.created_at)
        assert report_one(lane, final(0)) == "cancelled"

    def test_whose_answer_was_lost_learns_what_it_holds(self) -> None:
        run = make_run(plain(6), strict=True)
        lane = take(run)
        lease(lane, 4)
        report_one(lane, final(0))
        lane.sequence -= 1
        held = claims.resync(lane=lane)
        assert held is not None
        assert [payload.position for payload in held] == [1, 2, 3]
        report_one(lane, final(1))
        assert Lane.objects.get().succeeded == 2

    def test_it_does_not_wait_for_another_lanes_report(self) -> None:
        run = make_run(plain(6), strict=True)
        lane = take(run)
        lease(lane, 4)
        with hotpath.connection() as other, other.transaction():
            other.execute("SELECT 1 FROM jobs_run WHERE id = %s FOR NO KEY UPDATE", (run.pk,))
            report_one(lane, final(0))
        assert Lane.objects.get().succeeded == 1


class TestTheWrite:
    def test_it_is_hot_however_large_the_range(self) -> None:
        run = make_run(plain(3000))
        before = tuples_updated()
        lane = take(run)
        grant = lease(lane, 500)
        while grant.payloads:
            grant = lease(lane, 500, done(positions(grant)))
        updated, hot = (after - then for after, then in zip(tuples_updated(), before, strict=True))
        assert updated == 3000
        assert hot >= 0.95 * updated


def report_one(lane: claims.Lane, outcome: claims.Final, *, now: dt.datetime | None = None) -> RunState:
    return claims.report_one(lane=lane, final=outcome, lease=LEASE, now=now)[0]


def tuples_updated() -> tuple[int, int]:
    """(all, HOT) updates of jobs_payload so far, asked on the connection that made them: the pool has only one idle."""
    with hotpath.connection() as engine:
        engine.execute("SELECT pg_stat_force_next_flush()")
        row = engine.execute(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'jobs_payload'"
        ).fetchone()
    assert row is not None
    return row[0], row[1]
