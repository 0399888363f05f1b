"""Triggering: the same run for the same key, one run for the same parameters, and what a new run brings from its job."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from psycopg import errors as psycopg_errors

from jobs.errors import ConflictError, ValidationError
from jobs.models import ConcurrencyGroup, Event, Job, Payload, Run
from jobs.services import admission
from jobs.services.deduplication import digest_of
from jobs.services.groups import save_group
from jobs.services.runs import Triggered, start_run, start_runs, trigger_run
from jobs.states import Trigger
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import SECOND, fresh, make_job, plain, rows_of, together
from tests.integration.engine.test_start_runs import closing_connection

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


@pytest.fixture
def admitted(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Stands where runs are admitted: the jobs that were asked for, call by call."""
    calls: list[list[int]] = []

    def admit(*, job_ids: list[int]) -> list[Any]:
        assert not connection.in_atomic_block
        calls.append(list(job_ids))
        return []

    monkeypatch.setattr(admission, "admit", admit)
    return calls


def ask(job: Job, **more: Any) -> Triggered:
    return trigger_run(job=job, trigger=Trigger.API, actor="ada", **more)


class TestIdempotencyKeys:
    def test_the_second_trigger_is_answered_with_the_first_ones_run(self, broker: Broker) -> None:
        job = make_job(plain(2), max_concurrent_requests=1)
        first = ask(job, idempotency_key="order-17", parameters={"city": "Ankh", "n": 1.0})
        before = rows_of(Run, Payload, Event)
        second = ask(job, idempotency_key="order-17", parameters={"n": 1.0, "city": "Ankh"})
        assert (first.created, second) == (True, Triggered(first.run_id, created=False))
        assert rows_of(Run, Payload, Event) == before
        assert broker.lanes() == [(first.run_id, 0)]
        assert fresh(first.run_id).idempotency_key == "order-17"

    def test_also_once_the_run_has_ended_and_the_job_is_paused(self, broker: Broker) -> None:
        job = make_job(plain(1))
        first = ask(job, idempotency_key="k")
        broker.deliver_all()
        Job.objects.filter(pk=job.pk).update(state="paused")
        assert ask(job, idempotency_key="k") == Triggered(first.run_id, created=False)

    def test_another_key_another_job_and_no_key_are_other_runs(self) -> None:
        job, other = make_job(plain(1)), make_job(plain(1))
        asked = [(job, "a"), (job, "b"), (other, "a"), (job, None), (job, None)]
        assert all(ask(each, idempotency_key=key).created for each, key in asked)
        assert Run.objects.count() == 5

    def test_the_same_key_with_other_parameters_is_a_conflict_that_says_so(self) -> None:
        job = make_job(plain(1))
        first = ask(job, idempotency_key="k", parameters={"n": 1})
        with pytest.raises(ConflictError, match=f"run {first.run_id} with other parameters"):
            ask(job, idempotency_key="k", parameters={"n": 2})
        assert Run.objects.count() == 1

    @pytest.mark.parametrize("in_transaction", [False, True])
    def test_of_many_at_once_one_starts_it_and_all_are_answered(self, broker: Broker, in_transaction: bool) -> None:
        job = make_job(plain(2), max_concurrent_requests=1)

        def one() -> Triggered:
            if not in_transaction:
                return ask(job, idempotency_key="k")
            with transaction.atomic():
                answer = ask(job, idempotency_key="k")
                Job.objects.get(pk=job.pk)  # the transaction is still good for something
                return answer

        answers = together([lambda: closing_connection(one)] * 6)
        assert sum(answer.created for answer in answers) == 1
        assert {answer.run_id for answer in answers} == {Run.objects.get().pk}
        assert (Payload.objects.count(), Event.objects.filter(kind="run.created").count()) == (2, 1)
        assert broker.lanes() == [(answers[0].run_id, 0)]

    @pytest.mark.parametrize("key", ["", " ", "x" * 256, "nul\x00"])
    def test_what_is_no_key_is_refused(self, key: str) -> None:
        with pytest.raises(ValidationError) as refused:
            ask(make_job(plain(1)), idempotency_key=key)
        assert [error.field for error in refused.value.errors] == ["idempotency_key"]
        assert not Run.objects.exists()


class TestUniqueFor:
    def test_a_second_run_with_the_same_parameters_is_refused_and_the_first_named(self, broker: Broker) -> None:
        job = make_job(plain(1), unique_for={"period": "1h"})
        first = ask(job, parameters={"a": 1, "b": [2]})
        broker.deliver_all()
        with pytest.raises(ConflictError, match=f"run {first.run_id} of {job.key}"):
            ask(job, parameters={"b": [2], "a": 1})
        assert fresh(first.run_id).digest == digest_of({"a": 1, "b": [2]})
        assert Run.objects.count() == 1

    def test_or_joins_it(self) -> None:
        job = make_job(plain(1), unique_for={"period": "1h", "on_conflict": "join"})
        first = ask(job)
        assert ask(job) == Triggered(first.run_id, created=False)

    def test_other_parameters_and_other_jobs_are_free(self) -> None:
        job, other = (make_job(plain(1), unique_for={"period": "1h"}) for _ in range(2))
        assert all(ask(each, parameters=given).created for each, given in [(job, {}), (job, {"a": 1}), (other, {})])

    def test_once_it_is_older_than_the_period_it_does_not_count(self) -> None:
        job = make_job(plain(1), unique_for={"period": "1h"})
        first = ask(job)
        Run.objects.update(created_at=fresh(first.run_id).created_at - dt.timedelta(minutes=59))
        with pytest.raises(ConflictError):
            ask(job)
        Run.objects.update(created_at=fresh(first.run_id).created_at - dt.timedelta(minutes=2))
        assert ask(job).created

    @pytest.mark.parametrize("state", ["cancelled", "cancelling"])
    def test_one_that_was_cancelled_does_not_count(self, state: str) -> None:
        job = make_job(plain(1), unique_for={"period": "1h"})
        first = fresh(ask(job).run_id)
        ended = {"wake_at": None, "ended_at": first.created_at} if state == "cancelled" else {}
        Run.objects.update(state=state, **ended)
        assert ask(job).created

    @pytest.mark.parametrize(("on_conflict", "refused"), [("join", 0), ("refuse", 5)])
    def test_of_many_at_once_one_starts(self, on_conflict: str, refused: int) -> None:
        job = make_job(plain(1), unique_for={"period": "1h", "on_conflict": on_conflict})

        def one() -> Triggered | None:
            try:
                return ask(job)
            except ConflictError:
                return None

        answers = together([lambda: closing_connection(one)] * 6)
        assert sum(answer is None for answer in answers) == refused
        assert sum(answer.created for answer in answers if answer) == 1
        assert Run.objects.count() == 1

    def test_a_run_that_a_schedule_started_counts(self) -> None:
        job = make_job(plain(1), unique_for={"period": "1h", "on_conflict": "join"})
        [first] = start_runs(job_ids=[job.pk], trigger=Trigger.SCHEDULE)
        assert ask(job) == Triggered(first, created=False)

    def test_a_job_that_does_not_ask_for_it_keeps_no_digest(self) -> None:
        assert fresh(ask(make_job(plain(1))).run_id).digest is None

    def test_the_order_of_names_makes_no_difference_and_everything_else_does(self) -> None:
        assert digest_of({"a": 1, "b": {"c": 1, "d": 2}}) == digest_of({"b": {"d": 2, "c": 1}, "a": 1})
        different: list[dict[str, Any]] = [{"a": 1}, {"a": "1"}, {"a": [1]}, {"a": None}, {"a": True}, {}]
        assert len({digest_of(each) for each in different}) == len(different)


class TestWhatARunBringsFromItsJob:
    def test_its_limits(self) -> None:
        workspace = make_job(plain(1)).workspace
        save_group(workspace=workspace, name="api", limit=1, rate=None, actor="ada")
        rate = {"count": 2, "period": "1s"}
        run = fresh(ask(make_job(plain(1), concurrency_group="api", rate_limit=rate, start_timeout="5m")).run_id)
        assert (run.group_id, run.rate_interval_ms) == (ConcurrencyGroup.objects.get().pk, 500)
        assert run.expires_at == run.created_at + dt.timedelta(minutes=5)
        assert (run.admitted, run.wake_at, run.deadline_at) == (True, run.created_at + SECOND, None)

    def test_nothing_where_the_job_has_none(self) -> None:
        run = fresh(ask(make_job(plain(1))).run_id)
        assert (run.group_id, run.rate_interval_ms, run.expires_at, run.idempotency_key) == (None, None, None, None)
        assert (run.admitted, run.origin_id) == (True, None)

    def test_the_run_that_called_for_it(self) -> None:
        first = fresh(ask(make_job(plain(1))).run_id)
        second = start_run(job=make_job(plain(1)), trigger=Trigger.JOB, origin=first)
        assert fresh(second).origin_id == first.pk

    def test_without_more_than_one_statement(self) -> None:
        job = make_job(plain(1), rate_limit={"count": 1, "period": "1s"}, start_timeout="1h")
        with transaction.atomic(), CaptureQueriesContext(connection) as queries:
            ask(job)
        assert len([each for each in queries if "jobs_run" in each["sql"]]) == len(queries) == 1


class TestAdmission:
    def test_a_run_of_a_job_that_limits_its_runs_waits_unpublished(
        self, broker: Broker, admitted: list[list[int]]
    ) -> None:
        limited, free = make_job(plain(1), max_concurrent_runs=1), make_job(plain(1))
        waiting, begun = start_runs(job_ids=[limited.pk, free.pk], trigger=Trigger.API)
        assert (fresh(waiting).admitted, fresh(begun).admitted) == (False, True)
        assert broker.lanes() == [(begun, 0)]
        assert admitted == [[limited.pk]]
        assert fresh(waiting).wake_at == fresh(waiting).created_at + 60 * SECOND

    def test_it_is_looked_at_when_it_expires(self, admitted: list[list[int]]) -> None:
        job = make_job(plain(1), max_concurrent_runs=1, start_timeout="30s")
        _, run = [fresh(ask(job).run_id) for _ in range(2)]
        assert run.wake_at == run.expires_at == run.created_at + 30 * SECOND

    def test_within_a_transaction_it_is_admitted_after_the_commit(self, admitted: list[list[int]]) -> None:
        job = make_job(plain(1), max_concurrent_runs=1)
        with transaction.atomic():
            ask(job)
            assert admitted == []
        assert admitted == [[job.pk]]

    @pytest.mark.parametrize("error", [psycopg_errors.DeadlockDetected, OperationalError])
    def test_an_admission_that_fails_does_not_fail_the_trigger(
        self, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
    ) -> None:
        def fail(*, job_ids: list[int]) -> list[Any]:
            raise error("restarting")

        monkeypatch.setattr(admission, "admit", fail)
        job = make_job(plain(1), max_concurrent_runs=1)
        assert [ask(job).created for _ in range(2)] == [True, True]
        assert [fresh(run_id).admitted for run_id in Run.objects.order_by("pk").values_list("pk", flat=True)] == [
            True,
            False,
        ]


class TestAJobThatIsNotActive:
    @pytest.mark.parametrize(
        ("state", "change", "words"),
        [
            ("draft", None, "is a draft: activate it before you trigger it"),
            ("paused", None, "is paused: resume it before you trigger it"),
            ("archived", None, "is archived: activate it before you trigger it"),
            (
                "paused",
                {"actor": "eve", "at": "2026-11-21T12:30:00+00:00", "note": "the disk is full"},
                "is paused by eve since 2026-11-21 12:30 UTC (the disk is full): resume it before you trigger it",
            ),
            ("paused", {"actor": "", "at": "?", "note": "too many failures"}, "is paused (too many failures): resume"),
        ],
    )
    def test_the_refusal_says_who_and_why_and_what_to_do(self, state: str, change: object, words: str) -> None:
        job = make_job(plain(1))
        Job.objects.filter(pk=job.pk).update(state=state, state_change=change)
        with pytest.raises(ConflictError) as refused:
            ask(job)
        assert str(refused.value).startswith(f"{job.key} {words}")
        assert not Run.objects.exists()
