"""The totals of ended runs: each run is counted once, whoever counts and whatever dies meanwhile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from jobs import hotpath
from jobs.claims import totals
from jobs.models import Job, RollCursor, Run, RunTotals, Workspace
from jobs.selectors.metrics import totals as reading
from jobs.selectors.metrics.window import DAY, last
from jobs.services import rolling
from jobs.services.closing import close_in
from jobs.services.jobs import delete_job
from jobs.services.runs import start_run
from jobs.states import Trigger
from tests.integration.engine.makers import together, until_somebody_waits
from tests.integration.metrics.ended import HOUR, NOON, SECOND, counted, end_run, make_due, rows
from tests.integration.people import make_job, make_workspace

pytestmark = pytest.mark.django_db(transaction=True)


def roll() -> bool:
    """A sweep's pass, as if it were due."""
    make_due()
    return rolling.roll_up()


def roll_from(at: dt.datetime) -> None:
    """A pass that finds the cursor there: what these tests let end, ends in the past."""
    RollCursor.objects.update(rolled_until=at)
    roll()


class TestRow:
    def test_it_tells_how_the_runs_of_an_hour_ended(self, workspace: Workspace, job: Job) -> None:
        end_run(job, "s", took=3, waited=2, late=1)
        end_run(job, "sf", took=5)
        end_run(job, "c", state="cancelled", trigger="api", at=NOON + 59 * 60 * SECOND)
        roll()
        (row,) = rows(span="hour", job_key=job.key)
        assert row == {
            "workspace": workspace.pk,
            "span": "hour",
            "job_key": "task:ping",
            "start": NOON,
            "succeeded": 1,
            "failed": 1,
            "cancelled": 1,
            "manual": 1,
            "api": 1,
            "schedule": 1,
            "job": 0,
            "rerun": 0,
            "payloads_succeeded": 2,
            "payloads_failed": 1,
            "payloads_cancelled": 1,
            "duration_ms": 8000,
            "duration_most_ms": 5000,
            "wait_ms": 2000,
            "wait_most_ms": 2000,
            "late": 1,
            "late_ms": 1000,
            "late_most_ms": 1000,
            "spread": {"duration.8": 1, "duration.9": 1, "wait.0": 1, "wait.8": 1, "late.7": 1},
            "judged": 0,
            "met": 0,
        }

    def test_there_is_one_for_the_job_and_one_for_all_by_hour_and_by_day(self, job: Job) -> None:
        end_run(job)
        end_run(make_job(job.workspace, "task:pong"), at=NOON + HOUR)
        roll()
        found = [(row["span"], row["job_key"], row["start"].hour, row["succeeded"]) for row in rows()]
        assert found == [
            ("day", "", 0, 2),
            ("day", "task:ping", 0, 1),
            ("day", "task:pong", 0, 1),
            ("hour", "", 12, 1),
            ("hour", "", 13, 1),
            ("hour", "task:ping", 12, 1),
            ("hour", "task:pong", 13, 1),
        ]

    def test_workspaces_are_counted_apart(self, job: Job) -> None:
        other = make_job(make_workspace("other"))
        end_run(job)
        end_run(other)
        end_run(other)
        roll()
        assert [row["succeeded"] for row in rows(span="day", job_key="")] == [1, 2]

    def test_replays_count_nowhere_and_neither_do_runs_that_are_not_over(self, job: Job) -> None:
        end_run(job, trigger="replay")
        start_run(job=job, trigger=Trigger.MANUAL)
        roll()
        assert rows() == []

    def test_a_backfill_of_the_past_is_not_late(self, job: Job) -> None:
        end_run(job, trigger="schedule", scheduled_for=NOON - 240 * HOUR)
        roll()
        assert rows(span="day", job_key="")[0]["late"] == 0

    def test_what_was_cancelled_has_neither_duration_nor_wait(self, job: Job) -> None:
        end_run(job, "c", state="cancelled", took=500, waited=500)
        roll()
        row = rows(span="day", job_key="")[0]
        assert (row["duration_ms"], row["wait_ms"], row["spread"]) == (0, 0, {})

    def test_the_history_of_a_deleted_job_stays(self, job: Job) -> None:
        end_run(job)
        roll()
        delete_job(job=job, actor="test")
        end_run(make_job(job.workspace), at=NOON + SECOND)
        roll_from(NOON + SECOND)
        assert [row["succeeded"] for row in rows(span="hour", job_key="task:ping")] == [2]

    def test_the_database_refuses_more_met_than_judged(self, job: Job) -> None:
        end_run(job)
        roll()
        with pytest.raises(IntegrityError, match="run_totals_met_were_judged"):
            RunTotals.objects.update(met=1)

    def test_the_database_refuses_a_second_cursor(self) -> None:
        with pytest.raises(IntegrityError, match="roll_cursor_is_one"):
            RollCursor.objects.create(id=2, rolled_until=NOON, due_at=NOON)


class TestServiceLevel:
    @pytest.fixture
    def promised(self, workspace: Workspace) -> Job:
        sla = {"duration": "10s", "lateness": "1 minute"}
        return make_job(workspace, "task:promised", configuration={"sla": sla})

    @pytest.mark.parametrize(
        ("run", "judged", "met"),
        [
            ({"took": 10}, 1, 1),
            ({"took": 10.001}, 1, 0),
            ({"late": 60}, 1, 1),
            ({"late": 60.001}, 1, 0),
            ({"waited": 61}, 1, 0),
            ({"states": "f"}, 1, 0),
            ({"states": "c", "state": "cancelled", "stop": {"reason": "terminated"}}, 0, 0),
            ({"states": "c", "state": "cancelled", "stop": {"reason": "expired"}}, 1, 0),
        ],
    )
    def test_a_run_meets_it_when_it_succeeds_in_time(
        self, promised: Job, run: dict[str, Any], judged: int, met: int
    ) -> None:
        end_run(promised, **run)
        roll()
        assert [(row["judged"], row["met"]) for row in rows(span="day", job_key="")] == [(judged, met)]

    def test_a_job_that_promises_nothing_is_not_judged(self, job: Job) -> None:
        end_run(job, took=100_000)
        roll()
        assert [(row["judged"], row["met"]) for row in rows(span="day", job_key="")] == [(0, 0)]

    def test_only_the_duration_may_be_promised(self, workspace: Workspace) -> None:
        job = make_job(workspace, "task:slow", configuration={"sla": {"duration": 1500}})
        end_run(job, took=1.5, waited=10_000)
        roll()
        assert rows(span="day", job_key="")[0]["met"] == 1

    def test_a_run_is_judged_by_what_was_promised_when_it_began(self, promised: Job) -> None:
        end_run(promised, took=20)
        Job.objects.filter(pk=promised.pk).update(configuration={"sla": {"duration": "1h"}})
        roll()
        assert rows(span="day", job_key="")[0]["met"] == 0


class TestOnce:
    def test_a_second_pass_adds_only_what_ended_since(self, job: Job) -> None:
        end_run(job)
        roll()
        end_run(job, at=NOON + HOUR)
        roll_from(NOON + HOUR)
        roll()
        assert (counted(), counted("hour"), counted("day", job.key)) == (2, 2, 2)

    def test_batches_count_what_one_would(self, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
        for n in range(10):
            end_run(job, at=NOON + n // 3 * SECOND, took=n)
        roll()
        at_once = rows()
        forget()
        monkeypatch.setattr(rolling, "BATCH", 4)
        batches = 1
        while roll():
            batches += 1
        assert batches > 2
        assert rows() == at_once

    def test_more_ends_of_one_microsecond_than_a_batch_has_are_all_counted(
        self, job: Job, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rolling, "BATCH", 2)
        for n in range(9):
            end_run(job, at=NOON + (n // 7) * SECOND)
        while roll():
            pass
        assert counted() == 9

    def test_sweeps_side_by_side_count_once(self, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rolling, "BATCH", 3)
        for n in range(30):
            end_run(job, at=NOON + n * SECOND)
        rolling.roll_up()

        def sweep() -> None:
            for _ in range(8):
                roll()
            connection.close()

        together([sweep] * 4)
        while roll():
            pass
        assert counted() == 30

    def test_the_first_pass_of_several_makes_one_cursor(self, job: Job) -> None:
        end_run(job)

        def sweep() -> None:
            rolling.roll_up()
            connection.close()

        together([sweep] * 4)
        assert counted() == 1
        assert RollCursor.objects.count() == 1

    def test_a_pass_that_is_not_due_does_nothing(self, job: Job) -> None:
        rolling.roll_up()
        end_run(job)
        assert rolling.roll_up() is False
        assert rows() == []

    @pytest.mark.parametrize("dies_after", ["batch_end", "add", "forget_hours"])
    def test_a_sweep_that_dies_between_two_statements_has_counted_nothing(
        self, job: Job, monkeypatch: pytest.MonkeyPatch, dies_after: str
    ) -> None:
        end_run(job)
        with monkeypatch.context() as patch:
            patch.setattr(totals, dies_after, _then_lose_the_connection(getattr(totals, dies_after)))
            with pytest.raises(psycopg.Error):
                roll()
        connection.close()
        assert rows() == []
        roll()
        assert counted() == 1


class TestSettled:
    @pytest.fixture(autouse=True)
    def _no_margin(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rolling, "MARGIN", 0 * SECOND)

    def test_a_run_whose_end_is_committed_late_is_not_missed(self, job: Job) -> None:
        """It ended before another one that is committed already, and would lie behind the cursor."""
        late, early = (start_run(job=job, trigger=Trigger.MANUAL) for _ in range(2))
        Run.objects.update(succeeded=1, next_position=1)
        with hotpath.connection() as closer:
            with closer.transaction():
                assert close_in(closer, run_ids=[late])
                with hotpath.connection() as other, other.transaction():
                    assert close_in(other, run_ids=[early])
                roll()
                assert counted() == 0
            roll()
        assert counted() == 2
        hotpath.close()

    def test_who_waits_for_the_table_ends_its_runs_later_and_holds_nothing_up(self, job: Job) -> None:
        """It has no lock yet that this could find."""
        run_id = start_run(job=job, trigger=Trigger.MANUAL)
        Run.objects.update(succeeded=1, next_position=1)

        def close() -> None:
            with hotpath.connection() as closer, closer.transaction():
                assert close_in(closer, run_ids=[run_id])

        with hotpath.connection() as indexer, ThreadPoolExecutor(1) as pool:
            with indexer.transaction():
                indexer.execute("LOCK TABLE jobs_run IN SHARE MODE")
                closing = pool.submit(close)
                until_somebody_waits()
                asked_at = _clock()
                with connection.cursor() as cursor:
                    settled = totals.settled_until(cursor, margin=0 * SECOND)
            closing.result(timeout=30)
        ended_at = Run.objects.get(pk=run_id).ended_at
        assert ended_at is not None
        assert asked_at <= settled < ended_at
        hotpath.close()

    def test_who_only_reads_runs_holds_nothing_up(self, job: Job) -> None:
        end_run(job)
        with hotpath.connection() as reader, reader.transaction():
            reader.execute("SELECT count(*) FROM jobs_run")
            roll()
            assert counted() == 1
        hotpath.close()

    def test_what_ended_a_moment_ago_is_left_for_the_next_pass(self, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rolling, "MARGIN", HOUR)
        end_run(job, at=dt.datetime.now(dt.UTC))
        roll()
        assert counted() == 0


class TestReading:
    def test_what_is_counted_meanwhile_is_not_counted_twice(self, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
        """However often the sweeps move on between two of the reader's queries."""
        now = dt.datetime.now(dt.UTC)
        for n in range(20):
            end_run(job, at=now - HOUR + n * SECOND)
        monkeypatch.setattr(rolling, "BATCH", 1)
        roll()
        grouped = totals.grouped

        def sweep() -> None:
            roll()
            connection.close()

        def after_a_sweep(*arguments: Any, **options: Any) -> Any:
            if options.get("workspace_id") is not None:  # it is the reader who asks
                before = counted()
                together([sweep])
                moved.append(counted() - before)
            return grouped(*arguments, **options)

        moved: list[int] = []
        monkeypatch.setattr(totals, "grouped", after_a_sweep)
        found, _ = reading.total(workspace=job.workspace, window=last(DAY, now=now))
        assert found.succeeded == 20
        assert counted() > 1
        assert moved == [0]  # what the reader sees stands still


class TestRebuild:
    def test_it_gives_the_same_rows(self, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rolling, "BATCH", 3)
        for n in range(12):
            end_run(job, "sf"[n % 2], at=NOON + n * HOUR, took=n, late=n)
        while roll():
            pass
        before = rows()
        rolling.rebuild(since=NOON)
        assert rows() == before

    def test_it_mends_rows_that_were_wrong_and_leaves_the_days_before(self, job: Job) -> None:
        end_run(job, at=NOON - 24 * HOUR)
        end_run(job)
        roll()
        RunTotals.objects.update(succeeded=7)
        rolling.rebuild(since=NOON + HOUR)
        assert [row["succeeded"] for row in rows(span="day", job_key="")] == [7, 1]


class TestForgetting:
    def test_old_hours_go_and_their_days_stay(self, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
        long_ago = dt.datetime.now(dt.UTC) - rolling.HOURS_KEPT
        end_run(job, at=long_ago - HOUR)
        end_run(job, at=long_ago + 2 * HOUR)
        roll()
        assert (counted("hour"), counted("day")) == (1, 2)


def _then_lose_the_connection(statement: Callable[..., Any]) -> Callable[..., Any]:
    """The sweep's session ends right after this statement, as when its process is killed."""

    def then(*arguments: Any, **options: Any) -> None:
        statement(*arguments, **options)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            pid = cursor.fetchone()[0]
        with hotpath.connection() as other:
            other.execute("SELECT pg_terminate_backend(%s)", (pid,))
        hotpath.close()
        raise psycopg.OperationalError("the sweep was killed")

    return then


def _clock() -> dt.datetime:
    """The database's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: dt.datetime = cursor.fetchone()[0]
    return now


def forget() -> None:
    """As if nothing had been counted."""
    with transaction.atomic():
        RollCursor.objects.all().delete()
        RunTotals.objects.all().delete()
