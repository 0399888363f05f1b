"""The plans of every statement in scheduler/sql with 100,000 schedules: by index, and reading no more than they need."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from jobs import hotpath
from jobs.models import Job, Run
from scheduler import claims, sql
from scheduler.models import Backfill, Ending, Fire, Schedule
from scheduler.services import backfills, controls, endings, firing, waiting
from scheduler.sql import STATEMENTS
from tests.integration.engine.plans import Explained, explain_all, forget_statistics
from tests.integration.people import make_user
from tests.integration.scheduler.makers import (
    ALL,
    HOUR,
    MINUTE,
    NINE,
    SECOND,
    after,
    break_document,
    cron,
    entry,
    finish,
    fire,
    fresh,
    of,
    save,
    standing,
    start,
)

pytestmark = [
    pytest.mark.engine,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("scripted", "broker", "left_to_beats"),
]

NAMES = sorted(path.stem for path in Path(sql.__file__).parent.glob("*.sql"))
GROWING = ("scheduler_schedule", "scheduler_fire", "scheduler_ending", "scheduler_upstream", "jobs_run", "jobs_job")
TABLES = (*GROWING, "scheduler_backfill", "scheduler_backfill_time")
ROWS = 200
"""No statement reads more of a table: it deals with 20 schedules, or with what a few of them have."""
SCHEDULES = {"never analysed": 100_000, "analysed when tiny": 100_000, "analysed": 100_000}

_SCHEDULES = """
    INSERT INTO scheduler_schedule (
        workspace_id, job_id, name, document, state, skips, watches_runs, problem, next_fire_at, next_run_at
    )
    SELECT s.workspace_id, j.id, 'copy-' || n, s.document, 'active', '[]', false, '', t.at, t.at
    FROM scheduler_schedule AS s, jobs_job AS j, generate_series(1, 20) AS n,
        LATERAL (SELECT now() + interval '1 day' + n * interval '1 s' AS at) AS t
    WHERE s.id = %(schedule)s AND j.name LIKE 'old-%%'
"""
_RUNS = """
    INSERT INTO jobs_run (
        workspace_id, job_id, job_key, state, trigger, actor, comment, parameters, snapshot, queue, strict, max_lanes, priority,
        total, next_position, succeeded, failed, cancelled, nudges, created_at, ended_at, schedule_id
    )
    SELECT s.workspace_id, s.job_id, 'task:x', 'succeeded', 'schedule', '', '', '{}', '{}', 'default', false, 1, 0,
        1, 1, 1, 0, 0, 0, now(), now(), s.id
"""
_HISTORY = """
    INSERT INTO scheduler_fire (schedule_id, fire_at, cause, state, reason, detail, run_id)
    SELECT s.id, now() - n * interval '1 day', '', 'fired', '', '', 1
    FROM scheduler_schedule AS s, generate_series(1, 3) AS n WHERE s.name LIKE 'copy-%';
    INSERT INTO scheduler_upstream (schedule_id, trigger, key, job_id)
    SELECT s.id, 0, 'task:x', s.job_id FROM scheduler_schedule AS s WHERE s.name = 'copy-1';
    INSERT INTO scheduler_ending (schedule_id, trigger, job_key, run_id, state, ended_at, settled)
    SELECT s.id, 0, 'task:x', s.id, 'succeeded', now(), true FROM scheduler_schedule AS s WHERE s.name IN ('copy-1', 'copy-2');
    INSERT INTO scheduler_fire (schedule_id, fire_at, cause, state, reason, detail, due_at)
    SELECT s.id, now(), '0:1', 'waiting', '', '', now() + interval '1 day'
    FROM scheduler_schedule AS s WHERE s.name IN ('copy-1', 'copy-2')
"""


@pytest.fixture(params=list(SCHEDULES))
def statistics(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database whose statistics say this of it; autovacuum keeps out of it."""
    _each_table("ALTER TABLE {} SET (autovacuum_enabled = off)")
    forget_statistics(TABLES)
    if request.param == "analysed when tiny":
        fill(20)
        _each_table("ANALYZE {}")
    fill(SCHEDULES[request.param])
    if request.param == "analysed":
        _each_table("ANALYZE {}")
    yield request.param
    _each_table("ALTER TABLE {} RESET (autovacuum_enabled)")


def _each_table(statement: str) -> None:
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(statement.format(table))


def fill(schedules: int) -> None:
    """So many schedules that are due tomorrow, with what is decided of each, twenty to a job."""
    Job.objects.filter(name__startswith="old-").delete()
    schedule = of(save(entry(cron("0 0 1 1 *"))))
    columns = [str(field.column) for field in Job._meta.concrete_fields if field.column not in ("id", "name")]
    with connection.cursor() as cursor:
        jobs = {"jobs": schedules // 20, "job": schedule.job_id}
        cursor.execute(_copy_jobs(columns), jobs)
        cursor.execute(_SCHEDULES, {"schedule": schedule.pk})
        cursor.execute(_HISTORY)
        cursor.execute(_RUNS + " FROM scheduler_schedule AS s WHERE s.name LIKE 'copy-%'")


def _copy_jobs(columns: list[str]) -> str:
    names = ", ".join(columns)
    return (
        f"INSERT INTO jobs_job ({names}, name) SELECT {names}, 'old-' || n"
        " FROM jobs_job CROSS JOIN generate_series(1, %(jobs)s) AS n WHERE jobs_job.id = %(job)s"
    )


def work_everything() -> None:
    """Let the scheduler say each of its statements."""
    fire_and_fail()
    follow()
    buffer_and_pause()
    fill_back()
    with hotpath.connection() as engine:
        claims.seconds_to_next(engine)


def fire_and_fail() -> None:
    """Twenty schedules are due, one of which cannot be read, one of which has been decided already, and one of which ends so;
    all of them act as who saved them."""
    make_user("ann", is_superuser=True)
    due = [standing() for _ in range(19)] + [standing(actions=1)]
    break_document(due[3])
    Fire.objects.create(schedule=due[5], fire_at=NINE + MINUTE, state="fired", run_id=1)
    assert firing.fire_due(now=NINE + MINUTE) == 20


def follow() -> None:
    """Jobs that others follow end, and one whose follower was deleted."""
    upstreams = [save() for _ in range(5)]
    for upstream in upstreams:
        save(
            entry(after(upstream)),
            entry(after(upstream, upstreams[0] if upstream != upstreams[0] else upstreams[1], of="all"), name="all"),
        )
    for upstream in upstreams:
        finish(start(upstream))
    Ending.objects.create(schedule_id=10**9, trigger=0, job_key="x", run_id=1, state="failed", ended_at=NINE)
    while endings.settle():
        pass
    while waiting.fire_waiting():
        pass


def with_history(schedule: Schedule) -> Schedule:
    """The schedule after thousands of fires, whose runs have ended."""
    parameters = {"schedule": schedule.pk}
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO scheduler_fire (schedule_id, fire_at, cause, state, reason, detail, run_id)"
            " SELECT %(schedule)s, %(nine)s - n * interval '1 minute', '', 'fired', '', '', 1 FROM generate_series(1, 5000) AS n",
            {**parameters, "nine": NINE},
        )
        cursor.execute(
            _RUNS + " FROM scheduler_schedule AS s, generate_series(1, 5000) WHERE s.id = %(schedule)s", parameters
        )
    return schedule


def buffer_and_pause() -> None:
    """Fires are buffered behind runs, released, dropped, and given up; with actions to count."""
    replaced = with_history(standing(overlap="cancel_other", actions=9))
    failing = with_history(standing(overlap="buffer_all", actions=9, does={"permanent": True}, pause_on_failure=True))
    paused = with_history(standing(overlap="buffer_all"))
    released = with_history(standing(overlap="buffer_one"))
    for minute in (2, 3, 4):
        fire(NINE + minute * MINUTE)
    for schedule in (failing, released):
        finish(Run.objects.get(schedule_id=schedule.pk, ended_at=None))
    endings.settle(now=NINE + 4 * MINUTE)
    controls.pause_schedule(schedule=fresh(paused), actor="ann")
    assert Fire.objects.filter(schedule=replaced, reason="overlap").exists()
    upstream = save()
    counted = of(save(entry(after(upstream), actions=5, **ALL)))
    finish(start(upstream))
    endings.settle()
    waiting.fire_waiting()
    assert fresh(counted).actions_left == 4


def fill_back() -> None:
    """Fire times of the past are run."""
    now = dt.datetime.now(dt.UTC)
    schedule = standing(cron("0 * * * *"), at=now)
    Schedule.objects.filter(pk=schedule.pk).update(created_at=now - 30 * HOUR, anchor_at=now - 30 * HOUR)
    backfills.create_backfill(
        schedule=schedule, start=(now - 20 * HOUR).isoformat(), end=(now - SECOND).isoformat(), actor="ann", limit=5
    )
    backfills.work_off()
    for time in Backfill.objects.get().times.filter(state="started"):
        assert time.run_id is not None
        finish(time.run_id)
    backfills.work_off()


class TestEveryStatement:
    @pytest.fixture
    def explained(self, statistics: str, monkeypatch: pytest.MonkeyPatch) -> Explained:
        explained = explain_all(monkeypatch, of=STATEMENTS, names=NAMES)
        work_everything()
        return explained

    @pytest.mark.timeout(300)
    def test_reads_by_index_and_no_more_than_it_needs(self, explained: Explained, statistics: str) -> None:
        assert set(explained.plans) == set(NAMES)
        problems = {(statement, *each) for statement in NAMES for each in _scans(explained, statement)}
        assert not problems, statistics
        assert not {statement: ctes for statement, ctes in explained.written_again.items() if ctes}


def _scans(explained: Explained, statement: str) -> Iterator[tuple[Any, ...]]:
    """What reads a table that grows without an index, or reads more of it than is dealt with."""
    for table in GROWING:
        for node in explained.nodes(statement, table):
            if node.kind == "Seq Scan" or node.rows > ROWS:
                yield table, node
