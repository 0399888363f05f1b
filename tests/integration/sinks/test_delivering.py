"""What a run promised to its sinks is delivered, once, whatever happens in between."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db.models import F

from jobs.errors import PermanentError, TransientError
from jobs.models import Payload
from sinks import claims, registry
from sinks.base import Parcel, SinkGone
from sinks.models import Delivery, FailedDelivery, Handover, Sink, Standing
from sinks.services import expanding
from sinks.states import DeliveryState
from tests.integration.sinks.makers import end_run, make_job
from tests.integration.sinks.obedient import Target
from tests.integration.sinks.passing import let_time_pass
from workers.delivering import deliver_to

OBEDIENT = {"kind": "obedient"}
SECOND = dt.timedelta(seconds=1)


def deliver() -> int:
    """Make what is due; how many attempts."""
    return sum(deliver_to(sink_id=due.sink_id) for due in claims.due_sinks(limit=10) if due.sink_id and not due.gone)


def waits() -> float:
    """Seconds between the last failure and when its delivery is due again."""
    due_at = Delivery.objects.get().due_at
    assert due_at is not None
    return (due_at - FailedDelivery.objects.latest("number").ended_at).total_seconds()


def error_of(delivery: Delivery) -> dict[str, Any]:
    assert delivery.error is not None
    return dict(delivery.error)


def refusing(error: Exception, *, times: int = 1_000_000) -> Any:
    left = [times]

    def before(_parcel: Parcel) -> None:
        if left[0]:
            left[0] -= 1
            raise error

    return before


class TestARunThatEnds:
    def test_each_payload_is_delivered_with_its_receipt(self, target: Target) -> None:
        run = end_run(make_job(OBEDIENT))
        assert deliver() == 3
        assert sorted(target.positions) == [[0], [1], [2]]
        rows = Delivery.objects.order_by("first_position")
        assert [(row.state, row.attempts, row.bytes, row.receipt) for row in rows] == [
            ("delivered", 1, 1, {"place": "here"})
        ] * 3
        assert {row.run_id for row in rows} == {run.pk}

    def test_nothing_is_left_to_do_then(self, target: Target) -> None:
        end_run(make_job(OBEDIENT))
        deliver()
        assert (claims.due_sinks(limit=10), deliver()) == ([], 0)

    def test_the_run_itself_does_not_change_when_its_sink_refuses(self, target: Target) -> None:
        target.before = refusing(PermanentError("no", code="refused"))
        run = end_run(make_job(OBEDIENT))
        deliver()
        run.refresh_from_db()
        assert run.state == "succeeded"

    def test_a_sink_of_a_job_that_lost_it_before_is_told_as_dead(self, target: Target) -> None:
        job = make_job(OBEDIENT)
        run = end_run(job)
        make_job(name="ping")
        [gone] = claims.due_sinks(limit=10)
        assert gone.gone
        assert claims.bury(sink_id=gone.sink_id, limit=10) == 1
        row = Delivery.objects.get()
        assert (row.run_id, row.state, row.payloads, error_of(row)["code"]) == (run.pk, "dead", 3, "sink_gone")

    def test_what_was_promised_is_written_with_the_end_itself(self, target: Target, published: list[Any]) -> None:
        end_run(make_job(OBEDIENT, {"kind": "obedient", "name": "second"}))
        assert [(row.name, row.total, row.next_position) for row in Handover.objects.order_by("place")] == [
            ("obedient", 3, 0),
            ("second", 3, 0),
        ]
        assert "deliver" in published


class TestWhatIsDelivered:
    @pytest.mark.parametrize(
        ("entry", "positions"),
        [
            ({}, [[0], [1], [2], [3]]),
            ({"skip_on_fail": True}, [[0], [2], [3]]),
            ({"apis_to_send": ["p1", "p3"]}, [[1], [3]]),
            ({"deliver": "run"}, [[0, 1, 2, 3]]),
            ({"deliver": "run", "skip_on_fail": True}, [[0, 2, 3]]),
            ({"deliver": "batch", "batch": 3}, [[0, 1, 2], [3]]),
            ({"deliver": "batch", "batch": 2, "skip_on_fail": True}, [[0, 2], [3]]),
            ({"deliver": "run", "apis_to_send": ["p1"], "skip_on_fail": True}, []),
        ],
    )
    def test_as_the_entry_says(self, target: Target, entry: dict[str, Any], positions: list[list[int]]) -> None:
        end_run(make_job(OBEDIENT | entry, payloads=4), failed=[1])
        deliver()
        assert sorted(target.positions) == positions

    def test_a_result_goes_through_the_transform(self, target: Target) -> None:
        end_run(make_job(OBEDIENT | {"transform": "n", "deliver": "run"}))
        deliver()
        [(_, records)] = target.delivered
        assert [record["result"] for record in records] == [0, 1, 2]

    def test_results_that_were_erased_meanwhile_are_not_delivered_as_nothing(self, target: Target) -> None:
        target.before = refusing(TransientError("not yet", code="busy"), times=1)
        end_run(make_job(OBEDIENT | {"deliver": "run"}))
        deliver()
        Payload.objects.filter(position=2).delete()
        let_time_pass(10)
        deliver()
        row = Delivery.objects.get()
        assert (row.state, error_of(row)["code"], target.delivered) == ("dead", "erased", [])

    def test_a_run_of_many_is_promised_in_one_row_and_delivered_in_several_steps(self, target: Target) -> None:
        end_run(make_job(OBEDIENT | {"deliver": "batch", "batch": 400}, payloads=2500))
        assert Handover.objects.count() == 1
        deliver()
        assert sorted(each for delivery in target.positions for each in delivery) == list(range(2500))


class TestASinkThatFails:
    def test_it_is_tried_again_after_ten_seconds_and_then_twenty(self, target: Target) -> None:
        target.before = refusing(TransientError("down", code="down"), times=2)
        end_run(make_job(OBEDIENT, payloads=1))
        waited = []
        for _ in range(2):
            deliver()
            waited.append(round(waits()))
            assert deliver() == 0
            let_time_pass(waited[-1])
        deliver()
        assert waited == [10, 20]
        assert target.attempts == [(f"dlv_{Delivery.objects.get().pk}", number) for number in (1, 2, 3)]
        assert [(each.number, each.error["code"]) for each in FailedDelivery.objects.order_by("number")] == [
            (1, "down"),
            (2, "down"),
        ]

    def test_what_the_other_side_asks_for_is_waited(self, target: Target) -> None:
        target.before = refusing(TransientError("busy", retry_after_seconds=90))
        end_run(make_job(OBEDIENT, payloads=1))
        deliver()
        assert 85 < waits() < 95

    @pytest.mark.parametrize(("asked", "waited"), [(600, 600), (86_400, 3600), (5, 10)])
    def test_up_to_an_hour_whatever_the_longest_interval_of_its_own(
        self, target: Target, asked: float, waited: float
    ) -> None:
        target.before = refusing(TransientError("busy", retry_after_seconds=asked))
        end_run(make_job(OBEDIENT, payloads=1))
        deliver()
        assert round(waits()) == waited

    def test_also_where_it_would_be_given_up_by_then(self, target: Target) -> None:
        target.before = refusing(TransientError("busy", retry_after_seconds=600), times=1)
        end_run(make_job(OBEDIENT | {"retry": {"give_up_after": "1m"}}, payloads=1))
        deliver()
        let_time_pass(601)
        assert (deliver(), Delivery.objects.get().state) == (1, "delivered")

    def try_again(self, *, attempts: int, first_attempt_at: dt.timedelta) -> Delivery:
        """One more attempt, after so many, the first of them so long ago; what becomes of the delivery."""
        deliver()
        Delivery.objects.update(attempts=attempts, first_attempt_at=F("first_attempt_at") - first_attempt_at)
        Standing.objects.update(failures=0)
        let_time_pass(11)
        deliver()
        return Delivery.objects.get()

    def test_it_is_given_up_an_hour_after_its_first_attempt(self, target: Target) -> None:
        target.before = refusing(TransientError("down"))
        end_run(make_job(OBEDIENT, payloads=1))
        row = self.try_again(attempts=40, first_attempt_at=3599 * SECOND)
        assert (row.state, row.attempts, error_of(row)["message"]) == ("dead", 41, "down")

    @pytest.mark.parametrize(("hours", "state"), [(2, "due"), (24, "due"), (25, "dead")])
    def test_an_hour_in_which_the_sink_rested_does_not_count_for_a_day(
        self, target: Target, hours: int, state: str
    ) -> None:
        target.before = refusing(TransientError("down"))
        end_run(make_job(OBEDIENT, payloads=1))
        assert self.try_again(attempts=3, first_attempt_at=hours * 3600 * SECOND).state == state

    def test_what_is_refused_for_good_is_not_tried_again(self, target: Target) -> None:
        target.before = refusing(PermanentError("too large", code="size"), times=1)
        end_run(make_job(OBEDIENT, payloads=2))
        deliver()
        assert sorted(Delivery.objects.values_list("state", flat=True)) == ["dead", "delivered"]
        assert Standing.objects.get().failures == 0

    @pytest.mark.parametrize("code", ["egress_refused", "file_refused"])
    @pytest.mark.parametrize("kind", [TransientError, PermanentError])
    def test_what_the_deployment_refuses_is_not_tried_again_whatever_the_kind_makes_of_it(
        self, target: Target, kind: type[TransientError | PermanentError], code: str
    ) -> None:
        target.before = refusing(kind("not there", code=code), times=1)
        end_run(make_job(OBEDIENT, payloads=1))
        deliver()
        row = Delivery.objects.get()
        assert (row.state, error_of(row)["code"]) == ("dead", code)

    def test_a_sink_that_cannot_be_opened_for_the_deployment_refuses_it_gives_up(self, settings: Any) -> None:
        settings.JOBS_FILE_ROOTS = []
        end_run(make_job({"kind": "file", "configuration": {"path": "results"}}, payloads=1))
        deliver()
        row = Delivery.objects.get()
        assert (row.state, error_of(row)["code"], row.attempts) == ("dead", "file_refused", 1)

    def test_after_five_failures_in_a_row_it_rests_and_then_is_tried_with_one(self, target: Target) -> None:
        target.before = refusing(TransientError("down"))
        end_run(make_job(OBEDIENT, payloads=100))
        made = deliver()
        standing = Standing.objects.get()
        assert 5 <= made <= 40
        assert standing.retry_at is not None
        assert claims.due_sinks(limit=10) == []
        let_time_pass(1000)
        assert deliver() == 1

    def test_and_once_it_works_again_everything_arrives(self, target: Target) -> None:
        target.before = refusing(TransientError("down"), times=7)
        end_run(make_job(OBEDIENT, payloads=100))
        for _ in range(20):
            deliver()
            let_time_pass(1000)
        assert sorted(target.positions) == [[at] for at in range(100)]

    def test_one_that_is_gone_is_left_alone_until_somebody_mends_it(self, target: Target) -> None:
        target.before = refusing(SinkGone("410 Gone", code="gone"), times=1)
        job = make_job(OBEDIENT, payloads=1)
        end_run(job)
        deliver()
        let_time_pass(1000)
        assert claims.due_sinks(limit=10) == []
        assert (Standing.objects.get().disabled_reason, Delivery.objects.get().state) == ("410 Gone", "due")
        make_job({"kind": "obedient", "configuration": {"place": "there"}}, payloads=1)
        assert deliver() == 1
        assert target.opened[-1].place == "there"


class TestAWorkerThatDies:
    def begin(self, target: Target) -> claims.Held:
        end_run(make_job(OBEDIENT, payloads=1))
        [due] = claims.due_sinks(limit=10)
        held = claims.take_sink(sink_id=due.sink_id or 0, worker="host:1", lease=30 * SECOND)
        assert held is not None
        return held

    def test_nobody_else_delivers_while_its_lease_lasts(self, target: Target) -> None:
        self.begin(target)
        assert (claims.due_sinks(limit=10), deliver()) == ([], 0)

    def test_what_it_had_begun_is_delivered_by_another_and_the_attempt_is_in_the_history(self, target: Target) -> None:
        held = self.begin(target)
        kind = registry.get("obedient")
        assert kind is not None
        expanding.expand(held=held, kind=kind)
        [begun] = claims.begin_deliveries(held=held, limit=1)
        let_time_pass(31)
        assert deliver() == 0
        assert round(waits()) == 10
        let_time_pass(10)
        deliver()
        assert target.attempts == [(f"dlv_{begun.id}", 2)]
        lost = FailedDelivery.objects.get()
        assert (lost.number, lost.error["code"], lost.worker) == (1, "lost", "")
        row = Delivery.objects.get()
        assert (row.state, row.losses, Standing.objects.get().failures) == ("delivered", 0, 0)

    def test_what_it_says_afterwards_is_not_written(self, target: Target) -> None:
        held = self.begin(target)
        kind = registry.get("obedient")
        assert kind is not None
        expanding.expand(held=held, kind=kind)
        [begun] = claims.begin_deliveries(held=held, limit=1)
        let_time_pass(31)
        deliver()
        let_time_pass(10)
        deliver()
        settled = [claims.Settled(begun.id, begun.attempt, DeliveryState.DEAD, error={"message": "late"})]
        assert claims.settle_deliveries(held=held, settled=settled) is None
        assert Delivery.objects.get().state == "delivered"
        assert not expanding.expand(held=held, kind=kind)
        assert claims.begin_deliveries(held=held, limit=1) == []
        assert not claims.renew_sink(held=held, lease=30 * SECOND)


def test_the_sink_of_a_job_has_one_row_that_follows_its_document(target: Target) -> None:
    make_job(OBEDIENT)
    first = Sink.objects.get()
    make_job({"kind": "obedient", "configuration": {"place": "there"}})
    row = Sink.objects.get()
    assert (row.pk, row.version, row.configuration) == (first.pk, 2, {"place": "there"})
    make_job()
    assert not Sink.objects.exists()
