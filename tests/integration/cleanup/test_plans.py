"""What a cleanup reads: by index, and no more than a page, however the statistics stand and whatever else there is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

import scheduler.sql
from jobs import cleaners, sql
from jobs.claims import cleanup as claims
from jobs.cleaners import Scope
from jobs.models import Job, Run, Workspace
from jobs.services import cleanup, old_replays, stored_results
from jobs.services.reruns import replay
from tests.integration.cleanup.history import DAY, NOW, clean, old_run, order
from tests.integration.cleanup.test_old_rows import backfill, fire
from tests.integration.engine.plans import Explained, explain_all, forget_statistics
from tests.integration.people import make_job
from tests.integration.schedule_rows import make_schedule

pytestmark = pytest.mark.django_db(transaction=True)

TABLES = (
    "jobs_run",
    "jobs_payload",
    "jobs_attempt",
    "jobs_event",
    "jobs_log_line",
    "jobs_stored_result",
    "scheduler_fire",
)
OTHERS = 20_000
_FILL = """
    INSERT INTO jobs_run (
        workspace_id, job_id, job_key, state, trigger, actor, comment, parameters, snapshot, queue, strict, max_lanes, priority,
        total, next_position, succeeded, failed, cancelled, nudges, created_at, ended_at
    )
    SELECT %(workspace)s, %(job)s, 'task:others', 'succeeded', 'manual', '', '', '{}', '{}', 'default', true, 5, 0,
        1, 1, 1, 0, 0, 0, %(at)s, %(at)s
    FROM generate_series(1, %(count)s);
    INSERT INTO jobs_payload (run_id, position, kind, name, parameters, state, attempts, ended_at)
    SELECT id, 0, 'noop', '', '{}', 'succeeded', 1, now() FROM jobs_run WHERE job_key = 'task:others' ON CONFLICT DO NOTHING;
    INSERT INTO jobs_event (workspace_id, run_id, kind, actor, data, at)
    SELECT %(workspace)s, id, 'run.created', 'ann', '{}', %(at)s FROM jobs_run WHERE job_key = 'task:others';
    INSERT INTO jobs_stored_result (run_id, position, key)
    SELECT id, 0, 'acme/' || id FROM jobs_run WHERE job_key = 'task:others' ON CONFLICT DO NOTHING
"""


def folder(statements: object) -> list[str]:
    """The names of the statements for cleanups of one app."""
    return sorted(path.stem for path in (Path(str(statements)).parent / "cleanup").glob("*.sql"))


def fill(job: Job, count: int) -> None:
    """So many young runs of a job."""
    values: dict[str, Any] = {"workspace": job.workspace_id, "job": job.pk, "at": NOW, "count": count}
    with connection.cursor() as cursor:
        for statement in _FILL.split(";"):
            cursor.execute(statement, values)


@pytest.fixture(params=["never analysed", "analysed when tiny", "analysed"])
def others(request: pytest.FixtureRequest, job: Job, workspace: Workspace) -> Iterator[Job]:
    """A job of the workspace with a long history that stays, after some old runs of another job; the statistics know of it what the
    parameter says."""
    for _ in range(3):
        old_run(job)
    each_table("ALTER TABLE {} SET (autovacuum_enabled = off)")
    forget_statistics(TABLES)
    job = make_job(workspace, "task:others")
    if request.param == "analysed when tiny":
        fill(job, 10)
        each_table("ANALYZE {}")
    fill(job, OTHERS)
    if request.param == "analysed":
        each_table("ANALYZE {}")
    yield job
    each_table("ALTER TABLE {} RESET (autovacuum_enabled)")


def each_table(statement: str) -> None:
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(statement.format(table))


def work_everything(job: Job) -> None:
    """Let a cleanup say each of its statements."""
    schedule = make_schedule(job.workspace, "task:hourly")
    for days in (50, 40, 31):
        fire(schedule, days)
    backfill(schedule, NOW - 40 * DAY)
    young = old_run(job, 1)
    for dry_run in (True, False):
        clean(order(job, what=["results"], dry_run=dry_run))
        clean(order(job, audit=True, keep_newest=1, dry_run=dry_run))
        clean(order(job, audit=True, jobs=["task:*"], dry_run=dry_run))
    for _ in range(11):
        replay(run=young, actor="ann")
    while old_replays.work_off():
        pass
    stored_results.find_orphans(after=OTHERS // 2)


class TestEveryStatement:
    @pytest.fixture
    def explained(self, others: Job, job: Job, monkeypatch: pytest.MonkeyPatch) -> list[Explained]:
        monkeypatch.setattr(cleanup, "PAGE", 50)
        monkeypatch.setattr(claims, "AUDIT_PAGE", 50)
        monkeypatch.setattr(stored_results, "PAGE", 50)
        explained = [
            explain_all(monkeypatch, of=statements, names=folder(module.__file__))
            for statements, module in ((sql.CLEANUP, sql), (scheduler.sql.CLEANUP, scheduler.sql))
        ]
        work_everything(job)
        return explained

    def test_reads_by_index_and_no_more_than_a_page(self, explained: list[Explained]) -> None:
        for each, module in zip(explained, (sql, scheduler.sql), strict=True):
            assert set(each.plans) == set(folder(module.__file__))
            for statement in each.plans:
                read = [node for table in TABLES for node in each.nodes(statement, table)]
                assert not [node for node in read if node.kind == "Seq Scan" or node.rows > 100], statement


class TestWhatIsErasedWithRuns:
    def test_is_found_by_index_also_by_the_checks_of_the_foreign_keys(self, others: Job) -> None:
        ids = [old_run(others).pk for _ in range(3)]
        scope = Scope(workspace_id=others.workspace_id, before=NOW)
        with claims.connection() as engine, engine.transaction():
            for part in [*cleaners.parts(), claims.PAYLOADS]:
                assert part.count(engine, scope, ids) == part.erase(engine, scope, ids, 100)
            assert claims.erase_runs(engine, run_ids=ids) == 3
            engine.execute("SET CONSTRAINTS ALL IMMEDIATE")
            scanned = engine.execute("SELECT relname FROM pg_stat_xact_user_tables WHERE seq_scan > 0").fetchall()
        assert [row.relname for row in scanned] == []
        assert not Run.objects.filter(pk__in=ids).exists()
