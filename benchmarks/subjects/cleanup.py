"""This system's log cleanup of many old runs, and what those notice of it that start meanwhile."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

from benchmarks.processes import wait_until
from benchmarks.report import percentile
from benchmarks.servers import Servers
from benchmarks.subjects.base import Sample
from benchmarks.subjects.ours import NOOP, Ours, Session

DATABASE = "jobs_bench_cleanup"
JOBS = 10
KEPT = 10
IDLE_TIMES = 100
LIMIT_SECONDS = 1800.0
PAUSE_SECONDS = 0.1
POLL_SECONDS = 0.002

_CLEANUP = {"kind": "log_cleanup", "timeout": "1h", "parameters": {"days": 30, "keep_newest": KEPT}}
_FILL = (
    """
    INSERT INTO jobs_run (workspace_id, job_id, job_key, state, trigger, actor, comment, parameters, snapshot, queue, strict,
        max_lanes, priority, total, next_position, succeeded, failed, cancelled, created_at, started_at, ended_at, nudges, outcome)
    SELECT j.workspace_id, j.id, j.type || ':' || j.name, 'succeeded', 'schedule', '', '', '{}', '{}', 'default', true,
        5, 0, 1, 1, 1, 0, 0, t.at, t.at, t.at + interval '1 s', 0, 'succeeded'
    FROM generate_series(1, %(runs)s) AS n
    JOIN LATERAL (SELECT now() - interval '60 days' + n * interval '1 s' AS at) AS t ON true
    JOIN jobs_job AS j ON j.name = 'old-' || n %% %(jobs)s
    """,
    """
    INSERT INTO jobs_payload (run_id, position, kind, name, parameters, state, attempts, started_at, ended_at, result)
    SELECT id, 0, 'http', 'n', '{"url": "https://example.com/"}', 'succeeded', 1, started_at, ended_at, '{"status": 200}'
    FROM jobs_run WHERE job_key LIKE 'task:old-%%'
    """,
    """
    INSERT INTO jobs_event (workspace_id, job_id, run_id, kind, actor, data, at)
    SELECT r.workspace_id, r.job_id, r.id, kind, '', '{}', r.started_at
    FROM jobs_run AS r, unnest(ARRAY['run.created', 'run.running', 'run.succeeded']) AS kind WHERE r.job_key LIKE 'task:old-%%'
    """,
    """
    INSERT INTO jobs_log_line (run_id, position, attempt, level, message, at)
    SELECT id, 0, 1, 'info', 'answered 200', ended_at FROM jobs_run WHERE job_key LIKE 'task:old-%%'
    """,
)


class OursCleanup(Ours):
    """Two worker processes, of which one erases, and a driver that starts one small run after another."""

    def __init__(self, *, servers: Servers) -> None:
        super().__init__(servers=servers, database=DATABASE)

    def cleanup(self, *, runs: int) -> Sample:
        """Seconds for all old runs but the newest ten of each of ten jobs; and from trigger to start before and meanwhile."""
        with self._session() as session:
            self._fill(session, runs)
            small = session.define(name="small", payload=NOOP, count=1)
            idle = _latencies(session, small, lambda done: len(done) >= IDLE_TIMES)
            cleaning = session.ask(do="start", job_id=session.define(name="cleanup", payload=_CLEANUP, count=1))
            run_id = cleaning["run_id"]
            meanwhile = _latencies(session, small, lambda _: _ended(session, run_id))
            sample = self._erased(session, run_id, runs)
            session.clear()
        return sample | {
            "idle_p50_ms": percentile(idle, percent=50) * 1000,
            "idle_p99_ms": percentile(idle, percent=99) * 1000,
            "p50_ms": percentile(meanwhile, percent=50) * 1000,
            "p99_ms": percentile(meanwhile, percent=99) * 1000,
        }

    def _fill(self, session: Session, runs: int) -> None:
        for number in range(JOBS):
            session.define(name=f"old-{number}", payload=NOOP, count=1)
        for statement in _FILL:
            session.connection.execute(statement, {"runs": runs, "jobs": JOBS})
        session.connection.execute("VACUUM (ANALYZE) jobs_run, jobs_payload, jobs_event, jobs_log_line")
        session.connection.execute("CHECKPOINT")

    def _erased(self, session: Session, run_id: int, runs: int) -> Sample:
        query = "SELECT state, result, extract(epoch FROM ended_at - started_at) FROM jobs_run WHERE id = %s"
        row = session.connection.execute(query, (run_id,)).fetchone()
        if row is None or row[0] != "succeeded" or row[1]["deleted"]["runs"] < runs - 2 * JOBS * KEPT:
            raise RuntimeError(f"the cleanup ended as {row}")
        seconds = float(row[2])
        return {"seconds": seconds, "done_per_second": row[1]["deleted"]["runs"] / seconds}


def _latencies(session: Session, job_id: int, enough: Callable[[list[float]], bool]) -> list[float]:
    """From the trigger of a small run to its start, one after another; in seconds."""
    found: list[float] = []
    until = time.monotonic() + LIMIT_SECONDS
    while not enough(found):
        if time.monotonic() > until:
            raise RuntimeError(f"not over after {LIMIT_SECONDS:g} s")
        time.sleep(PAUSE_SECONDS)
        started = session.ask(do="start", job_id=job_id)
        wait_until(
            functools.partial(_ended, session, started["run_id"]),
            seconds=LIMIT_SECONDS,
            what="a small run to end",
            pause=POLL_SECONDS,
            alive=session.workers,
        )
        query = "SELECT extract(epoch FROM started_at) FROM jobs_payload WHERE run_id = %s"
        found.append(float(_row(session, query, started["run_id"])[0]) - started["began"])
    return found


def _ended(session: Session, run_id: int) -> bool:
    return bool(_row(session, "SELECT ended_at IS NOT NULL FROM jobs_run WHERE id = %s", run_id)[0])


def _row(session: Session, query: str, run_id: int) -> tuple[Any, ...]:
    row = session.connection.execute(query, (run_id,)).fetchone()
    if row is None:
        raise RuntimeError(f"run {run_id} is gone")
    return tuple(row)
