"""What is read of a long history: by index, and no more for a later page than for the first."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from jobs.models import Job, Run, RunTotals, Workspace
from jobs.selectors.metrics import totals
from jobs.selectors.metrics.window import DAY, last
from jobs.selectors.runs import RunFilter, list_runs
from jobs.services import rolling
from jobs.services.jobs import delete_job
from tests.integration.metrics.ended import NOON
from tests.integration.people import make_job, make_workspace
from tests.integration.run_rows import make_run

pytestmark = pytest.mark.django_db

RUNS = 20_000
_FILL = """
    INSERT INTO jobs_run (
        workspace_id, job_id, job_key, state, trigger, actor, comment, parameters, snapshot, queue, strict, max_lanes, priority,
        total, next_position, succeeded, failed, cancelled, nudges, created_at, started_at, ended_at, outcome
    )
    SELECT %(workspace)s, %(job)s, 'task:ping', CASE WHEN n %% 5000 = 0 THEN 'failed' ELSE 'succeeded' END, 'manual', '', '', '{}',
        '{}', 'default', true, 5, 0, 1, 1, 1, 0, 0, 0, at, at, at,
        CASE WHEN n %% 5000 = 0 THEN 'failed' ELSE 'succeeded' END
    FROM generate_series(1, %(count)s) AS n, LATERAL (SELECT now() - interval '30 d' + n * interval '2 min' AS at) AS t
"""


@pytest.fixture
def history(workspace: Workspace, job: Job) -> Workspace:
    """A month of runs, of which four failed, with the statistics that autovacuum would have gathered."""
    with connection.cursor() as cursor:
        cursor.execute(_FILL, {"workspace": workspace.pk, "job": job.pk, "count": RUNS})
        cursor.execute("ANALYZE jobs_run")
    return workspace


def rows_read(ask: Callable[[], Any], table: str = "jobs_run") -> int:
    """How many rows of a table, those among them that a filter dropped, the queries read that this makes."""
    with CaptureQueriesContext(connection) as captured:
        ask()
    queries = [query["sql"] for query in captured.captured_queries]
    with connection.cursor() as cursor:
        read = 0
        for query in queries:
            if not query.lstrip().upper().startswith(("SELECT", "WITH")):
                continue
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}")
            found = cursor.fetchone()[0]
            read += _read((json.loads(found) if isinstance(found, str) else found)[0]["Plan"], table)
        return read


def _read(node: dict[str, Any], table: str) -> int:
    dropped = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    own = (node["Actual Rows"] + dropped) * node["Actual Loops"] if node.get("Relation Name") == table else 0
    return int(own) + sum(_read(child, table) for child in node.get("Plans", []))


class TestRuns:
    def test_a_later_page_reads_no_more_than_the_first(self, history: Workspace) -> None:
        deep = Run.objects.order_by("-pk").values_list("pk", flat=True)[RUNS // 2]
        first = rows_read(lambda: list_runs(workspace=history, limit=101))
        later = rows_read(lambda: list_runs(workspace=history, limit=101, after=deep))
        assert first == later == 2 * 101  # the page's ids, in an index, and then its rows

    @pytest.mark.parametrize(("state", "most"), [("failed", 4), ("cancelled", 0), ("running", 2), ("paused", 1)])
    def test_a_state_that_few_are_in_is_not_looked_for_among_all(
        self, history: Workspace, job: Job, state: str, most: int
    ) -> None:
        make_run(job, "q")
        assert rows_read(lambda: list_runs(workspace=history, limit=101, wanted=RunFilter(state=state))) <= 2 * most

    @pytest.mark.parametrize(
        "wanted", [RunFilter(trigger="rerun"), RunFilter(actor="nobody"), RunFilter(trigger="rerun", active=False)]
    )
    def test_a_word_that_none_has_is_not_looked_for_among_all(
        self, history: Workspace, job: Job, wanted: RunFilter
    ) -> None:
        make_run(job, "q")
        assert rows_read(lambda: list_runs(workspace=history, limit=101, wanted=wanted)) <= 1

    @pytest.mark.parametrize(
        "wanted",
        [
            RunFilter(until=dt.datetime.now(dt.UTC) - dt.timedelta(days=20)),
            RunFilter(since=dt.datetime.now(dt.UTC) - dt.timedelta(days=3)),
        ],
    )
    def test_a_time_is_entered_where_it_begins(self, history: Workspace, wanted: RunFilter) -> None:
        def page(after: int | None) -> int:
            return rows_read(lambda: list_runs(workspace=history, limit=101, wanted=wanted, after=after))

        meant = list_runs(workspace=history, limit=3000, wanted=wanted)
        assert page(None) <= 2 * 101
        # Three looks, in each part, at when the last run of the page before was created.
        assert page(meant[-1].run.pk) <= 2 * 101 + 6

    @pytest.mark.parametrize("state", [None, "failed", "running"])
    def test_a_job_that_is_gone_is_not_looked_for_among_all(
        self, history: Workspace, job: Job, state: str | None
    ) -> None:
        """By a key that no job has or ever had; and by one whose job was deleted and has left a run."""
        left = make_run(make_job(history, "task:gone"), "s")
        Run.objects.filter(pk=left.pk).update(job=None)
        delete_job(job=Job.objects.get(workspace=history, name="gone"), actor="test")
        for key in ("task:never", "task:gone"):
            wanted = RunFilter(job_key=key, state=state)
            assert rows_read(lambda wanted=wanted: list_runs(workspace=history, limit=101, wanted=wanted)) <= 2  # type: ignore[misc]
        found = list_runs(workspace=history, limit=101, wanted=RunFilter(job_key="task:gone"))
        assert [view.run.pk for view in found] == [left.pk]

    def test_what_has_ended_is_what_it_ended_as(self, history: Workspace, job: Job) -> None:
        run = make_run(job, "q")
        run.refresh_from_db()
        assert run.outcome is None
        assert [view.run.state for view in list_runs(workspace=history, limit=5, wanted=RunFilter(state="failed"))] == [
            "failed"
        ] * 4

    def test_a_run_that_starts_is_updated_in_place(self, job: Job) -> None:
        """What is indexed of its state is null until it ends."""
        run = make_run(job, "q", state="pending", started_at=None)
        with transaction.atomic(), connection.cursor() as cursor:
            Run.objects.filter(pk=run.pk).update(state="running", started_at=NOON)
            cursor.execute("SELECT pg_stat_get_xact_tuples_hot_updated('jobs_run'::regclass)")
            assert cursor.fetchone()[0] == 1


def count_with_those_of_other_jobs() -> None:
    """Count the ended runs, and as many of thirty other jobs: which index is meant shows where there are many."""
    while rolling.roll_up():
        pass
    names = [str(field.column) for field in RunTotals._meta.concrete_fields if field.column != "job_key"]
    columns = ", ".join(names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO jobs_run_totals (job_key, {columns}) SELECT 'task:other-' || n, {columns}"
            " FROM jobs_run_totals, generate_series(1, 30) AS n WHERE job_key <> ''"
        )
        cursor.execute("ANALYZE jobs_run_totals")


class TestTotals:
    def test_what_was_counted_is_not_read_again(self, history: Workspace) -> None:
        count_with_those_of_other_jobs()
        now = dt.datetime.now(dt.UTC)
        asked = last(28 * DAY, now=now)
        assert rows_read(lambda: totals.total(workspace=history, window=asked)) <= 10
        of_totals = rows_read(lambda: totals.total(workspace=history, window=asked), "jobs_run_totals")
        assert of_totals <= 28 + 48

    def test_who_asks_reads_only_what_ended_since(self, history: Workspace, job: Job) -> None:
        while rolling.roll_up():
            pass
        other = make_workspace("other")
        asked = last(DAY, now=dt.datetime.now(dt.UTC))
        assert rows_read(lambda: totals.total(workspace=other, window=asked)) <= 10

    def test_a_sweep_reads_what_ended_since(self, history: Workspace) -> None:
        while rolling.roll_up():
            pass

        def again() -> None:
            with connection.cursor() as cursor:
                cursor.execute("UPDATE jobs_roll_cursor SET due_at = '1970-01-01Z'")
            rolling.roll_up()

        assert rows_read(again) <= 30
