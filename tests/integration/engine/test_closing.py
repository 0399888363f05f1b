"""The end of a run: only when every payload has its outcome, only once, and with a summary."""

from __future__ import annotations

from typing import Any

import pytest

from jobs import hotpath
from jobs.models import Event, Payload, Run
from jobs.services import closing
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import (
    SECOND,
    counts,
    done,
    error_of,
    fresh,
    in_thread,
    kinds_of_events,
    lease,
    make_run,
    plain,
    rows_of,
    scripts,
    take,
    together,
    until_somebody_waits,
)

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


def finished(count: int, *, failed: tuple[int, ...] = (), **configuration: Any) -> Run:
    """A run whose payloads all have their outcome, not yet closed."""
    run = make_run([{"kind": "scripted", "name": f"p{n}"} for n in range(count)], **configuration)
    lane = take(run)
    lease(lane, count)
    lease(lane, 0, done([n for n in range(count) if n not in failed]))
    lease(lane, 0, done(failed, state="failed"))
    return run


def finished_but_one_cancelled() -> Run:
    """One payload succeeded and one was cancelled; not yet closed."""
    run = finished(1)
    Run.objects.filter(pk=run.pk).update(total=2, cancelled=1)
    Payload.objects.create(run=run, position=1, kind="scripted", state="cancelled", ended_at=run.created_at)
    return run


class TestWhich:
    def test_a_run_whose_payloads_all_succeeded_succeeds(self) -> None:
        run = finished(2)
        assert fresh(run).outcome is None
        now = run.created_at + 60 * SECOND
        closing.close_runs(run_ids=[run.pk], now=now)
        row = fresh(run)
        assert (row.state, row.outcome, row.ended_at) == ("succeeded", "succeeded", now)
        assert (row.wake_at, row.error) == (None, None)
        assert kinds_of_events(run) == ["run.created", "run.running", "run.succeeded"]
        assert Event.objects.get(kind="run.succeeded").data == {"total": 2, "failed": 0}

    def test_one_that_is_not_complete_goes_on(self) -> None:
        run = make_run(plain(2))
        lane = take(run)
        lease(lane, 2)
        lease(lane, 0, done([0]))
        before = rows_of(Run, Event)
        closing.close_runs(run_ids=[run.pk])
        assert rows_of(Run, Event) == before

    def test_others_are_left_alone(self) -> None:
        run, other = finished(1), finished(1)
        closing.close_runs(run_ids=[run.pk])
        assert fresh(other).state == "running"

    def test_many_are_closed_at_once_each_by_its_own_outcome(self) -> None:
        runs = [finished(2), make_run(plain(1)), finished(2, failed=(1,)), finished(1)]
        closing.close_runs(run_ids=[run.pk for run in runs])
        assert [fresh(run).state for run in runs] == ["succeeded", "pending", "failed", "succeeded"]

    def test_payloads_beyond_max_payloads_change_nothing_of_its_success(self) -> None:
        run = finished_but_one_cancelled()
        closing.close_runs(run_ids=[run.pk])
        row = fresh(run)
        assert (row.state, row.error, counts(run)) == ("succeeded", None, (1, 0, 1))

    @pytest.mark.parametrize(("failed", "state"), [((0,), "succeeded"), ((0, 1), "failed")])
    def test_a_tolerated_percentage_is_of_what_was_executed(self, failed: tuple[int, ...], state: str) -> None:
        run = finished(4, failed=failed, failure_tolerance={"percent": 25})
        refused = [Payload(run=run, position=4 + n, kind="scripted", state="cancelled") for n in range(100)]
        for payload in refused:
            payload.ended_at = run.created_at
        Payload.objects.bulk_create(refused)
        Run.objects.filter(pk=run.pk).update(total=104, cancelled=100)
        closing.close_runs(run_ids=[run.pk])
        assert fresh(run).state == state

    @pytest.mark.parametrize(
        ("reason", "state"),
        [("terminated", "cancelled"), ("expired", "cancelled"), ("timeout", "failed"), ("first_failure", "failed")],
    )
    def test_one_that_was_stopped_ends_as_what_it_was_stopped_for(self, reason: str, state: str) -> None:
        run = finished_but_one_cancelled()
        Run.objects.filter(pk=run.pk).update(
            state="cancelling", stop={"reason": reason, "actor": "ann", "at": "2026-01-01T00:00:00Z", "note": "enough"}
        )
        closing.close_runs(run_ids=[run.pk])
        assert (fresh(run).state, error_of(run)["code"], counts(run)) == (state, reason, (1, 0, 1))
        assert kinds_of_events(run)[-1] == f"run.{state}"
        told = Event.objects.get(kind=f"run.{state}")
        assert (told.actor, told.data["reason"], told.data["note"]) == ("ann", reason, "enough")

    def test_a_run_without_payloads_succeeds_before_it_began(self) -> None:
        run = make_run([])
        closing.close_runs(run_ids=[run.pk], now=run.created_at)
        row = fresh(run)
        assert (row.state, row.started_at, row.ended_at) == ("succeeded", run.created_at, run.created_at)


class TestOnce:
    def test_the_second_time_nothing_changes(self) -> None:
        run = finished(1)
        closing.close_runs(run_ids=[run.pk])
        before = rows_of(Run, Event)
        closing.close_runs(run_ids=[run.pk], now=run.created_at + 99 * SECOND)
        assert rows_of(Run, Event) == before

    def test_of_eight_at_once_one_closes_it(self) -> None:
        run = finished(1)
        together([lambda: closing.close_runs(run_ids=[run.pk])] * 8)
        assert kinds_of_events(run).count("run.succeeded") == 1

    def test_who_waits_for_another_that_closes_it_does_not_close_it_again(self) -> None:
        run = finished(1)
        with hotpath.connection() as other, other.transaction():
            assert len(closing.close_in(other, run_ids=[run.pk])) == 1
            again = in_thread(lambda: closing.close_runs(run_ids=[run.pk], now=run.created_at + 99 * SECOND))
            until_somebody_waits()
        again()
        assert kinds_of_events(run).count("run.succeeded") == 1
        assert fresh(run).ended_at != run.created_at + 99 * SECOND

    def test_those_who_close_the_same_runs_in_another_order_do_not_block_each_other(self) -> None:
        runs = [finished(1).pk for _ in range(30)]
        orders = [runs, runs[::-1]] * 4
        together([lambda order=order: closing.close_runs(run_ids=order) for order in orders])  # type: ignore[misc]
        assert Event.objects.filter(kind="run.succeeded").count() == 30

    def test_a_run_that_ended_otherwise_keeps_its_end(self) -> None:
        run = finished(1)
        Run.objects.filter(pk=run.pk).update(state="cancelled", wake_at=None, ended_at=run.created_at)
        closing.close_runs(run_ids=[run.pk])
        assert fresh(run).state == "cancelled"


class TestTheSummary:
    def test_a_failed_run_names_how_many_and_the_first_five(self) -> None:
        run = finished(20, failed=(3, 4, 7, 11, 12, 19))
        closing.close_runs(run_ids=[run.pk])
        error = error_of(run)
        assert (fresh(run).state, error["message"]) == ("failed", "6 of 20 payloads failed")
        assert [each["position"] for each in error["failed"]] == [3, 4, 7, 11, 12]
        assert error["failed"][0] == {"position": 3, "name": "p3", "message": "payload 3 broke"}
        assert Event.objects.get(kind="run.failed").data == {"total": 20, "failed": 6}

    def test_another_runs_failures_are_not_named(self) -> None:
        finished(3, failed=(0, 1))
        run = finished(3, failed=(2,))
        closing.close_runs(run_ids=[run.pk])
        assert [each["position"] for each in error_of(run)["failed"]] == [2]

    def test_a_run_of_one_payload_shows_that_payloads_result(self, broker: Broker) -> None:
        run = make_run(scripts({"result": {"rows": 7}}))
        broker.deliver_all()
        assert fresh(run).result == {"rows": 7}

    def test_one_of_several_shows_none(self, broker: Broker) -> None:
        run = make_run(scripts({"result": 1}, {"result": 2}))
        broker.deliver_all()
        assert (fresh(run).state, fresh(run).result) == ("succeeded", None)
