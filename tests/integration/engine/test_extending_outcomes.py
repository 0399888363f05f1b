"""What a payload adds with its outcome: written in one commit with it, or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from jobs import claims, hotpath
from jobs.claims import Addition, Report
from jobs.dispatch import LaneMessage
from jobs.errors import ConflictError, LaneLost, TransientError
from jobs.models import Event, Lane, Payload, Requeued, Run
from jobs.services import control, extending
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import (
    LEASE,
    counts,
    error_of,
    expire,
    final,
    fresh,
    lease,
    make_run,
    make_single_runs,
    plain,
    positions,
    rows_of,
    scripts,
    take,
)
from tests.integration.engine.scripted import ScriptedExecutor
from workers import persistence, sweep
from workers.payloads.base import Work

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]

WRITTEN = (Run, Payload, Event, Lane, Requeued)
ONE = '[{"kind": "scripted"}]'
WHOLE_NUMBER = "expected a whole number"


def adds(*parents: int) -> Report:
    """These succeed and add a payload each."""
    return Report(finals=[final(parent) for parent in parents], added=[Addition(parent, ONE) for parent in parents])


def tree(scripted: ScriptedExecutor, *, until: int) -> None:
    """Let every payload before that position add two."""

    def grow(work: Work) -> None:
        if work.position < until:
            work.extend_payload({"kind": "scripted", "name": f"of {work.position}"}, {"kind": "scripted"})

    scripted.before = grow


class TestTheReport:
    @pytest.mark.parametrize("strict", [True, False])
    def test_has_the_outcome_and_what_it_adds_and_leases_that(self, strict: bool) -> None:
        run = make_run(plain(1), strict=strict)
        lane = take(run)
        lease(lane, 1)
        grant = lease(lane, 5, adds(0))
        assert (grant.complete, positions(grant)) == (False, [1])
        assert Payload.objects.get(run=run, position=1).parent == 0
        assert (counts(run), fresh(run).total) == ((1, 0, 0), 2)

    def test_of_several_payloads_adds_in_their_order_and_tells_each(self) -> None:
        run = make_run(plain(3))
        lane = take(run)
        lease(lane, 3)
        lease(lane, 0, adds(2, 0))
        added = Payload.objects.filter(run=run, position__gte=3).order_by("position")
        assert [row.parent for row in added] == [2, 0]
        events = Event.objects.filter(run=run, kind="run.extended").order_by("data__parent")
        assert [(event.actor, event.data["parent"]) for event in events] == [("payload 0", 0), ("payload 2", 2)]
        assert [event.data["added"] for event in events] == [1, 1]

    def test_of_a_lane_that_was_lost_adds_nothing(self) -> None:
        run = make_run(plain(2))
        lane = take(run)
        lease(lane, 1)
        expire(run=run)
        sweep.bury_one_lane()
        before = rows_of(*WRITTEN)
        with pytest.raises(LaneLost):
            lease(lane, 1, adds(0))
        assert rows_of(*WRITTEN) == before

    def test_whose_outcome_cannot_be_written_adds_nothing(self) -> None:
        run = make_run(plain(2))
        lane = take(run)
        lease(lane, 1)
        before = rows_of(*WRITTEN)
        now = run.created_at
        wrong = claims.FailedAttempt(0, 0, "failed", "{}", now, now)  # the database refuses attempt 0
        with pytest.raises(Exception, match="attempt_number_from_one"):
            lease(lane, 1, Report(failed_attempts=[wrong], added=[Addition(0, ONE)]))
        assert rows_of(*WRITTEN) == before

    def test_to_a_run_that_is_being_cancelled_keeps_its_outcome_and_adds_nothing(self) -> None:
        run = make_run(plain(2))
        lane = take(run)
        lease(lane, 1)
        control.terminate_run(run=run, actor="ann")
        grant = lease(lane, 1, adds(0))
        assert (grant.state, grant.complete, grant.extended) == ("cancelling", True, claims.Extended())
        assert (counts(run), fresh(run).total) == ((1, 0, 1), 2)

    def test_whose_answer_was_lost_adds_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        run = make_run(plain(2), max_concurrent_requests=1)
        lane = take(run)
        lease(lane, 1)
        send = claims.report

        def lose_the_answer(**report: Any) -> None:
            monkeypatch.setattr(claims, "report", send)
            send(**report)
            lane.sequence -= 1  # as far as this process knows
            raise hotpath.RETRYABLE[0]("the connection broke")

        monkeypatch.setattr(claims, "report", lose_the_answer)
        persistence.report(lane=lane, outcome=adds(0), take=1)
        assert (counts(run), fresh(run).total) == ((1, 0, 0), 3)


class TestAPayloadThatAdds:
    @pytest.mark.parametrize("strict", [True, False])
    def test_a_run_grows_until_nobody_adds_any_more(
        self, broker: Broker, scripted: ScriptedExecutor, strict: bool
    ) -> None:
        run = make_run(plain(1), max_concurrent_requests=3, strict=strict)
        tree(scripted, until=10)
        broker.deliver_all()
        assert (fresh(run).state, counts(run), fresh(run).total) == ("succeeded", (21, 0, 0), 21)
        assert sorted(scripted.positions(run.pk)) == list(range(21))
        assert Payload.objects.get(run=run, position=9, name="of 4").parent == 4

    def test_the_other_lanes_are_sent_for(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run = make_run(plain(2), max_concurrent_requests=3)
        broker.clear()
        broker.messages.append(LaneMessage("default", [(run.pk, 0)]))
        tree(scripted, until=1)
        broker.deliver()
        assert {slot for run_id, slot in broker.lanes() if run_id == run.pk} >= {1, 2}

    def test_many_runs_of_one_payload_in_one_message(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        ids = make_single_runs([{}] * 5, max_concurrent_requests=1)
        tree(scripted, until=1)
        broker.share(ids)
        broker.deliver_all()
        assert [(fresh(run_id).state, counts(run_id)) for run_id in ids] == [("succeeded", (3, 0, 0))] * 5

    def test_one_that_fails_adds_nothing_and_its_next_attempt_does(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run = make_run(scripts({"fails": 1}, {}))
        tree(scripted, until=1)
        broker.deliver_all()
        assert (fresh(run).state, counts(run)) == ("succeeded", (4, 0, 0))

    def test_what_a_document_would_not_take_fails_it_for_good_and_names_the_field(
        self, broker: Broker, scripted: ScriptedExecutor
    ) -> None:
        run = make_run(plain(1))
        scripted.before = lambda work: work.extend_payload(
            {"kind": "scripted"}, {"kind": "scripted", "parameters": {"fails": "x"}}
        )
        broker.deliver_all()
        error = error_of(run, 0)
        assert (error["code"], error["message"]) == (
            "extend_payload",
            "extend_payload.1.parameters.fails: " + WHOLE_NUMBER,
        )
        assert (fresh(run).state, fresh(run).total, len(scripted.performed)) == ("failed", 1, 1)

    def test_what_is_dropped_beyond_it_is_told_for_each_who_added(self) -> None:
        run = make_run(plain(2), max_payloads=2)
        lane = take(run)
        lease(lane, 2)
        many = "[" + ",".join(['{"kind": "scripted"}'] * 700) + "]"
        outcome = Report(finals=[final(0), final(1)], added=[Addition(0, many), Addition(1, many)])
        extended = lease(lane, 5, outcome).extended
        assert extended is not None
        assert (extended.added, extended.cancelled, extended.lacking, fresh(run).total) == (0, 1400, (), 1002)
        data = list(
            Event.objects.filter(run=run, kind="run.extended").order_by("data__parent").values_list("data", flat=True)
        )
        assert data == [
            {"parent": 0, "added": 0, "cancelled": 700},
            {"parent": 1, "added": 0, "cancelled": 300, "dropped": 400},
        ]

    def test_beyond_the_limit_of_its_job_is_cancelled(self, broker: Broker, scripted: ScriptedExecutor) -> None:
        run = make_run(plain(1), max_payloads=2)
        tree(scripted, until=1)
        broker.deliver_all()
        assert (fresh(run).state, counts(run)) == ("succeeded", (2, 0, 1))


class TestTime:
    def wishes(self, run: Run) -> list[dict[str, int] | None]:
        return list(Lane.objects.filter(run=run).order_by("slot").values_list("time_extensions", flat=True))

    def test_the_lane_at_work_hears_of_it(self) -> None:
        run = make_run(plain(4), strict=True)
        first, second = take(run), take(run, slot=1)
        lease(first, 2)
        lease(second, 2)
        extending.extend_time(run_id=run.pk, position=2, attempt=1)
        extending.extend_time(run_id=run.pk, position=2, attempt=None)
        assert self.wishes(run) == [None, {"2:1": 2}]

    def test_nobody_is_at_work_on_it(self) -> None:
        run = make_run(plain(4), strict=True)
        lane = take(run)
        lease(lane, 3)
        claims.report_one(lane=lane, final=final(0), lease=LEASE)
        before = rows_of(*WRITTEN)
        for position in (0, 2, 3, 4):  # over, behind the one at work, not leased, none
            with pytest.raises(ConflictError, match=f"no worker is at work on payload {position} of run {run.pk}"):
                extending.extend_time(run_id=run.pk, position=position, attempt=None)
        assert rows_of(*WRITTEN) == before

    def test_a_retry_is_an_attempt_of_its_own(self) -> None:
        run = make_run(plain(2))
        lane = take(run)
        lease(lane, 2)
        lease(lane, 0, Report(finals=[final(1)], requeues=[claims.Requeue(0, 1, 0.0, False)]))
        with pytest.raises(ConflictError, match=r"payload 0 .* in attempt 2"):
            extending.extend_time(run_id=run.pk, position=0, attempt=2)
        claims.lease_requeued(lane=lane, take=1, lease=LEASE)
        with pytest.raises(ConflictError, match="in attempt 1"):
            extending.extend_time(run_id=run.pk, position=0, attempt=1)
        extending.extend_time(run_id=run.pk, position=0, attempt=2)
        assert self.wishes(run) == [{"0:2": 1}]

    def test_what_was_wished_for_is_forgotten_with_the_range(self) -> None:
        run = make_run(plain(4))
        lane = take(run)
        lease(lane, 2)
        extending.extend_time(run_id=run.pk, position=0, attempt=1)
        lease(lane, 0, Report(requeues=[claims.Requeue(position, 0, 0.0, False) for position in range(2)]))
        assert self.wishes(run) == [None]
        claims.lease_requeued(lane=lane, take=1, lease=LEASE)
        extending.extend_time(run_id=run.pk, position=0, attempt=1)
        claims.lease_requeued(lane=lane, take=1, lease=LEASE)
        assert self.wishes(run) == [None]

    def test_and_with_each_payload_of_a_strict_one(self) -> None:
        run = make_run(plain(4), strict=True)
        lane = take(run)
        lease(lane, 2)
        extending.extend_time(run_id=run.pk, position=0, attempt=1)
        claims.report_one(lane=lane, final=final(0), lease=LEASE)
        assert self.wishes(run) == [None]

    def test_wishing_for_ever_does_no_harm(self) -> None:
        run = make_run(plain(1))
        lease(take(run), 1)
        Lane.objects.filter(run=run).update(time_extensions={"0:1": 32767})
        extending.extend_time(run_id=run.pk, position=0, attempt=1)
        assert self.wishes(run) == [{"0:1": 32767}]


def test_a_transient_error_after_adding_adds_nothing_when_it_was_the_last(
    broker: Broker, scripted: ScriptedExecutor
) -> None:
    run = make_run(plain(1), retry={"maximum_attempts": 1})

    def add_and_fail(work: Work) -> TransientError:
        work.extend_payload({"kind": "scripted"})
        return TransientError("not today")

    scripted.error = add_and_fail
    broker.deliver_all()
    assert (fresh(run).state, fresh(run).total) == ("failed", 1)
