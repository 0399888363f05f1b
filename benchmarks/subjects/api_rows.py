"""A month's history, in the shape in which the engine leaves it: made in the database, by the job's own rows."""

from __future__ import annotations

import psycopg

from benchmarks.filling import bulk

JOBS = 1_000
RUNS = 1_000_000
PAYLOADS_EACH = 10

_COPY_JOBS = """
    INSERT INTO jobs_job (name, configuration, {columns})
    SELECT 'job-' || n,
        CASE WHEN n %% 10 = 0 THEN t.configuration || '{{"sla": {{"duration": "10s"}}}}' ELSE t.configuration END, {values}
    FROM jobs_job AS t, generate_series(1, %(jobs)s) AS n WHERE t.name = 'template'
"""
_COPY_SCHEDULES = """
    INSERT INTO scheduler_schedule (job_id, {columns})
    SELECT j.id, {values} FROM scheduler_schedule AS t, jobs_job AS j
    WHERE t.job_id = (SELECT id FROM jobs_job WHERE name = 'template') AND j.name LIKE 'job-%%'
"""
# A run each 2.6 s, one job after the other; of 33 one failed, of 100 one was terminated; most take seconds and some take minutes.
_RUNS = """
    INSERT INTO jobs_run (
        workspace_id, job_id, job_key, state, trigger, scheduled_for, schedule_id, actor, comment, parameters, snapshot, queue,
        strict, max_lanes, priority, total, next_position, succeeded, failed, cancelled, created_at, started_at, ended_at, nudges,
        stop, error, outcome
    )
    SELECT
        j.workspace_id, j.id, j.type || ':' || j.name, how.state, CASE WHEN n %% 2 = 0 THEN 'schedule' ELSE 'api' END,
        CASE WHEN n %% 2 = 0 THEN t.at END, CASE WHEN n %% 2 = 0 THEN s.id END, CASE WHEN n %% 2 = 0 THEN '' ELSE 'vera' END, '',
        '{"day": "2026-11-01"}',
        jsonb_build_object('key', j.type || ':' || j.name, 'description', j.description, 'configuration', j.configuration,
            'sinks', j.sinks, 'schedules', j.schedules, 'tags', j.tags, 'metadata', j.metadata, 'version', j.version),
        j.queue, j.strict, j.max_lanes, 0, %(each)s, %(each)s, %(each)s - how.failed - how.cancelled, how.failed, how.cancelled,
        t.at + interval '20 ms', t.at + interval '50 ms',
        t.at + interval '50 ms' + interval '1 s' * exp((n::bigint * 7919 %% 1000) / 150.0) / 4, 0,
        CASE WHEN how.cancelled > 0 THEN '{"reason": "terminated", "actor": "vera", "note": ""}'::jsonb END,
        CASE WHEN how.failed > 0 THEN '{"message": "1 of 10 payloads failed"}'::jsonb
            WHEN how.cancelled > 0 THEN '{"code": "terminated", "message": "terminated by vera"}'::jsonb END,
        how.state
    FROM generate_series(1, %(runs)s) AS n
    CROSS JOIN LATERAL (SELECT now() - interval '30 days' * (1 - n / %(runs)s::float8) - interval '10 min' AS at) AS t
    CROSS JOIN LATERAL (
        SELECT CASE WHEN n %% 33 = 0 THEN 'failed' WHEN n %% 100 = 0 THEN 'cancelled' ELSE 'succeeded' END AS state,
            CASE WHEN n %% 33 = 0 THEN 1 ELSE 0 END AS failed,
            CASE WHEN n %% 33 <> 0 AND n %% 100 = 0 THEN 3 ELSE 0 END AS cancelled
    ) AS how
    JOIN jobs_job AS j ON j.name = 'job-' || (1 + n %% %(jobs)s)
    LEFT JOIN scheduler_schedule AS s ON s.job_id = j.id
    ORDER BY n
"""
_PAYLOADS = """
    INSERT INTO jobs_payload (run_id, position, kind, name, parameters, state, attempts, started_at, ended_at, result, error)
    SELECT r.id, p, 'http', 'page-' || p, jsonb_build_object('method', 'GET', 'url', 'https://api.example.com/pages/' || p),
        how.state, 1, r.started_at, r.ended_at,
        CASE WHEN how.state = 'succeeded'
            THEN jsonb_build_object('status', 200, 'body', jsonb_build_object('rows', r.id %% 1000)) END,
        CASE WHEN how.state = 'failed'
            THEN '{"code": "http_status", "message": "the service answered 500"}'::jsonb END
    FROM jobs_run AS r, generate_series(0, %(each)s - 1) AS p
    CROSS JOIN LATERAL (
        SELECT CASE WHEN p < r.failed THEN 'failed' WHEN p >= %(each)s - r.cancelled THEN 'cancelled' ELSE 'succeeded' END AS state
    ) AS how
    ORDER BY r.id, p
"""
_EVENTS = """
    INSERT INTO jobs_event (workspace_id, job_id, run_id, kind, actor, data, at)
    SELECT r.workspace_id, r.job_id, r.id, e.kind, '', e.data, e.at
    FROM jobs_run AS r CROSS JOIN LATERAL (VALUES
        ('run.created', jsonb_build_object('trigger', r.trigger), r.created_at),
        ('run.running', '{"worker": "worker-1@host:1"}'::jsonb, r.started_at),
        ('run.' || r.state, jsonb_build_object('total', r.total, 'failed', r.failed), r.ended_at)
    ) AS e (kind, data, at)
    ORDER BY r.id, e.at
"""


def fill(connection: psycopg.Connection) -> None:
    """`JOBS` jobs with a schedule each, copies of ``task:template``; `RUNS` ended runs of `PAYLOADS_EACH` payloads and three events
    each."""
    sizes = {"jobs": JOBS, "runs": RUNS, "each": PAYLOADS_EACH}
    connection.execute(_copied(connection, "jobs_job", _COPY_JOBS, but=["id", "name", "configuration"]), sizes)
    connection.execute(_copied(connection, "scheduler_schedule", _COPY_SCHEDULES, but=["id", "job_id"]))
    connection.execute("ANALYZE jobs_job, scheduler_schedule")
    with bulk(connection, "jobs_run", "jobs_payload", "jobs_event"):
        for statement in (_RUNS, _PAYLOADS, _EVENTS):
            connection.execute(statement, sizes)
    connection.execute("VACUUM (ANALYZE)")
    connection.execute("CHECKPOINT")


def _copied(connection: psycopg.Connection, table: str, statement: str, *, but: list[str]) -> str:
    """The statement with the table's other columns, which are copied as they are."""
    query = "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name <> ALL (%s)"
    columns = [name for (name,) in connection.execute(query, [table, but])]
    return statement.format(columns=", ".join(columns), values=", ".join(f"t.{name}" for name in columns))
