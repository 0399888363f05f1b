"""Starting runs: rows in one transaction, messages after it, and a job that may not run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from django.db import connection, transaction

from jobs.errors import ConflictError, NotFoundError
from jobs.models import Event, Job, Payload, Run
from jobs.services.jobs import save_job
from jobs.services.runs import start_run, start_runs
from jobs.states import Trigger
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import (
    SECOND,
    fresh,
    in_thread,
    kinds_of_events,
    make_job,
    make_run,
    plain,
    rows_of,
    scripts,
    together,
    until_somebody_waits,
)

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]

R = TypeVar("R")


def start(job: Job) -> Run:
    return Run.objects.get(pk=start_run(job=job, trigger=Trigger.MANUAL))


class TestTheRows:
    def test_the_run_says_what_who_and_why(self) -> None:
        job = make_job(plain(3), max_concurrent_requests=2, priority=7, strict=True)
        fire_time = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
        run_id = start_run(
            job=job,
            trigger=Trigger.API,
            actor="ada",
            comment="why not",
            parameters={"city": "Ankh"},
            scheduled_for=fire_time,
        )
        row = fresh(run_id)
        assert (row.state, row.trigger, row.actor, row.comment) == ("pending", "api", "ada", "why not")
        assert (row.parameters, row.scheduled_for, row.job_key) == ({"city": "Ankh"}, fire_time, job.key)
        assert (row.total, row.next_position, row.succeeded, row.failed, row.cancelled) == (3, 0, 0, 0, 0)
        assert (row.max_lanes, row.priority, row.strict, row.queue) == (2, 7, True, "default")
        assert row.wake_at == row.created_at + SECOND
        event = Event.objects.get(run=run_id)
        assert (event.kind, event.actor, event.data) == ("run.created", "ada", {"trigger": "api"})
        assert (event.at, event.job_id, event.workspace_id) == (row.created_at, job.pk, job.workspace_id)

    def test_the_payloads_are_those_of_the_job_in_its_order(self) -> None:
        items: list[dict[str, Any]] = [
            {"kind": "scripted", "name": "first", "parameters": {"result": 1}, "retry": {"maximum_attempts": 9}},
            {"kind": "scripted", "parameters": {"result": 2}, "timeout": "3s"},
            {"kind": "noop"},
        ]
        run = start(make_job(items))
        rows = list(Payload.objects.filter(run=run).order_by("position"))
        assert [(row.position, row.kind, row.name) for row in rows] == [
            (0, "scripted", "first"),
            (1, "scripted", ""),
            (2, "noop", ""),
        ]
        assert [row.options for row in rows] == [{"retry": {"maximum_attempts": 9}}, {"timeout": "3s"}, None]
        assert {(row.state, row.attempts) for row in rows} == {("queued", 0)}

    def test_the_snapshot_is_the_job_as_it_was_less_its_payload_list(self) -> None:
        job = make_job(plain(2), retry={"maximum_attempts": 4})
        run = start(job)
        document = {**job.document(), "configuration": {"retry": {"maximum_attempts": 9}}}
        save_job(workspace=job.workspace, document=document, actor="test")
        snapshot = fresh(run).snapshot
        assert snapshot["configuration"]["retry"] == {"maximum_attempts": 4}
        assert (snapshot["key"], snapshot["version"]) == (job.key, 1)
        assert "payload" not in snapshot

    def test_many_jobs_are_numbered_in_the_order_given_and_one_may_come_twice(self) -> None:
        first, second = make_job(plain(1)), make_job(plain(2))
        fire_times = [dt.datetime(2026, 1, day, tzinfo=dt.UTC) for day in (1, 2, 3)]
        run_ids = start_runs(
            job_ids=[second.pk, first.pk, second.pk], trigger=Trigger.SCHEDULE, scheduled_for=fire_times
        )
        runs = list(Run.objects.order_by("id"))
        assert [run.pk for run in runs] == run_ids
        assert [run.job_id for run in runs] == [second.pk, first.pk, second.pk]
        assert [run.scheduled_for for run in runs] == fire_times
        assert [run.payloads.count() for run in runs] == [2, 1, 2]
        assert [run.total for run in runs] == [2, 1, 2]


class TestWhichJobs:
    def test_a_paused_job_is_a_conflict_and_leaves_nothing_behind(self, broker: Broker) -> None:
        job = make_job(plain(1))
        Job.objects.filter(pk=job.pk).update(state="paused")
        before = rows_of(Run, Payload, Event)
        with pytest.raises(ConflictError, match="paused: resume it"):
            start(job)
        assert (rows_of(Run, Payload, Event), broker.messages) == (before, [])

    def test_one_that_was_deleted_is_not_found(self) -> None:
        job = make_job(plain(1))
        Job.objects.filter(pk=job.pk).delete()
        with pytest.raises(NotFoundError):
            start(job)

    def test_of_many_those_that_may_not_run_are_left_out(self) -> None:
        jobs = [make_job(plain(1)) for _ in range(3)]
        Job.objects.filter(pk=jobs[1].pk).update(state="paused")
        run_ids = start_runs(job_ids=[job.pk for job in jobs], trigger=Trigger.MANUAL)
        assert [fresh(run_id).job_id for run_id in run_ids] == [jobs[0].pk, jobs[2].pk]

    def test_a_pause_that_is_committed_first_is_seen(self) -> None:
        job = make_job(plain(1))
        with transaction.atomic():
            Job.objects.filter(pk=job.pk).update(state="paused")
            starting = in_thread(lambda: closing_connection(lambda: start_runs(job_ids=[job.pk], trigger=Trigger.API)))
            until_somebody_waits()
        assert starting() == []

    def test_a_job_can_be_started_many_times_at_once(self, broker: Broker) -> None:
        job = make_job(plain(2), max_concurrent_requests=1)
        runs = together([lambda: closing_connection(lambda: start(job))] * 6)
        assert len({run.pk for run in runs}) == 6
        assert sorted(broker.lanes()) == sorted((run.pk, 0) for run in runs)


class TestTheMessages:
    def test_one_a_lane_and_never_more_lanes_than_payloads(self, broker: Broker) -> None:
        few = make_run(plain(2), max_concurrent_requests=5)
        many = make_run(plain(9), max_concurrent_requests=3)
        assert broker.lanes() == [(few.pk, 0), (few.pk, 1), (many.pk, 0), (many.pk, 1), (many.pk, 2)]
        assert all(len(message.lanes) == 1 for message in broker.messages)

    def test_nothing_is_sent_before_the_commit_nor_after_a_rollback(self, broker: Broker) -> None:
        job = make_job(plain(2))
        with transaction.atomic():
            start(job)
            assert broker.messages == []
            transaction.set_rollback(True)
        assert broker.messages == []
        assert not Run.objects.exists()

    def test_a_broker_that_is_down_does_not_fail_the_call(self, broker: Broker) -> None:
        broker.down = True
        assert start(make_job(plain(2))).state == "pending"

    def test_a_run_without_payloads_has_one_that_closes_it(self, broker: Broker) -> None:
        run = start(make_job([]))
        assert broker.lanes() == [(run.pk, 0)]

    def test_the_run_runs(self, broker: Broker) -> None:
        run = start(make_job(scripts({"result": "done"})))
        broker.deliver_all()
        assert kinds_of_events(run) == ["run.created", "run.running", "run.succeeded"]


def closing_connection(action: Callable[[], R]) -> R:
    """What a thread must do that used Django's connection."""
    try:
        return action()
    finally:
        connection.close()
