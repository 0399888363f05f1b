"""The pages of the web UI, with a month of history and a run of a million payloads: how long the server takes for each."""

from __future__ import annotations

import random
from collections.abc import Callable

import psycopg

from benchmarks.load import Request
from benchmarks.report import PAGES, percentile
from benchmarks.subjects.api import OursApi
from benchmarks.subjects.api_rows import JOBS, RUNS
from benchmarks.subjects.base import Sample
from benchmarks.subjects.ours import NOOP, Session

PER_SECOND = 4
"""As a room of people who click about. What is measured is a page's own time, not a queue of them."""
REQUESTS = 40
LARGE = 1_000_000

_BASE = "/ui/w/bench/"
# The rest of the large run: most have succeeded, each thousandth has failed and each hundredth is still queued.
_FILL = """
    INSERT INTO jobs_payload (run_id, position, kind, name, parameters, state, attempts, started_at, ended_at, error)
    SELECT %(run_id)s, n, 'http', 'page-' || n, jsonb_build_object('method', 'GET', 'url', 'https://api.example.com/pages/' || n),
        how.state, CASE WHEN how.state = 'queued' THEN 0 ELSE 1 END,
        CASE WHEN how.state <> 'queued' THEN now() END, CASE WHEN how.state <> 'queued' THEN now() END,
        CASE WHEN how.state = 'failed' THEN '{"code": "http_status", "message": "the service answered 500"}'::jsonb END
    FROM generate_series(1, %(count)s - 1) AS n
    CROSS JOIN LATERAL (
        SELECT CASE WHEN n %% 1000 = 0 THEN 'failed' WHEN n %% 100 = 0 THEN 'queued' ELSE 'succeeded' END AS state
    ) AS how
"""
_COUNT = """
    UPDATE jobs_run SET total = %(count)s, next_position = %(count)s, succeeded = found.succeeded, failed = found.failed
    FROM (
        SELECT count(*) FILTER (WHERE state = 'succeeded') AS succeeded, count(*) FILTER (WHERE state = 'failed') AS failed
        FROM jobs_payload WHERE run_id = %(run_id)s
    ) AS found
    WHERE id = %(run_id)s
"""


class OursPages(OursApi):
    """A web process with eight threads. A page is over when its whole text has been read."""

    def pages(self) -> Sample:
        """p50 and p95 of each page, one sort after another."""
        sample: Sample = {}
        with self.web() as (client, connection, _web):
            for name, requests in _requests(connection, _large_run(connection)).items():
                client.steadily(requests[:8], per_second=PER_SECOND)
                seconds = client.steadily(requests, per_second=PER_SECOND).seconds
                sample |= {f"{name}_p{each}_ms": percentile(seconds, percent=each) * 1000 for each in (50, 95)}
        return sample

    def proof(self, session: Session) -> dict[str, str]:
        """The cookie of somebody who has signed in. The large run is made now, for the driver is at hand."""
        if _large_run(session.connection) == 0:
            _make_large_run(session)
        return {"Cookie": str(session.ask(do="sign_in")["cookie"])}


def _large_run(connection: psycopg.Connection) -> int:
    """Its id; 0 where there is none yet."""
    row = connection.execute("SELECT id FROM jobs_run WHERE job_key = 'task:large' AND total = %s", [LARGE]).fetchone()
    return int(row[0]) if row else 0


def _make_large_run(session: Session) -> None:
    job_id = session.define(name="large", payload=NOOP, count=1)
    values = {"run_id": int(session.ask(do="start_paused", job_id=job_id)["run_id"]), "count": LARGE}
    for statement in (_FILL, _COUNT):
        session.connection.execute(statement, values)
    session.connection.execute("VACUUM (ANALYZE) jobs_payload")
    session.connection.execute("CHECKPOINT")


def _requests(connection: psycopg.Connection, large: int) -> dict[str, list[Request]]:
    """What is asked for of each page: other jobs, runs and schedules each time, from a seed that stays."""
    draw = random.Random(7)
    newest = _number(connection, "SELECT max(id) FROM jobs_run WHERE job_key <> 'task:large'")
    schedule = _number(connection, "SELECT max(id) FROM scheduler_schedule")

    def run() -> str:
        return f"runs/{newest - draw.randrange(RUNS)}/"

    def job() -> str:
        return f"task:job-{draw.randint(1, JOBS)}"

    paths: dict[str, Callable[[], str]] = {
        "dashboard": lambda: "",
        "jobs": lambda: draw.choice(["jobs/", f"jobs/?search=job-{draw.randint(1, 99)}", "jobs/?last=failed"]),
        "job": lambda: f"jobs/{job()}/",
        "edit_job": lambda: f"jobs/{job()}/edit/",
        "runs": lambda: draw.choice(
            ["runs/", f"runs/?job={job()}", "runs/?state=failed", f"runs/?job={job()}&state=failed"]
        ),
        "run": run,
        "run_log": lambda: f"{run()}log/",
        "run_times": lambda: f"{run()}times/",
        "run_events": lambda: f"{run()}events/",
        "compare": lambda: f"{run()}compare/",
        "large_run": lambda: draw.choice(
            [f"runs/{large}/", f"runs/{large}/?state=failed", f"runs/{large}/?state=queued"]
        ),
        "large_run_times": lambda: f"runs/{large}/times/",
        "schedules": lambda: draw.choice(["schedules/", f"schedules/?job={job()}"]),
        "schedule": lambda: f"schedules/{schedule - draw.randrange(JOBS)}/",
        "calendar": lambda: draw.choice(["schedules/calendar/", "schedules/calendar/?view=week"]),
        "timeline": lambda: "schedules/timeline/",
        "chains": lambda: "schedules/chains/",
        "sinks": lambda: "sinks/",
        "deliveries": lambda: "deliveries/",
        "notifications": lambda: "notifications/",
        "workers": lambda: "workers/",
        "members": lambda: "members/",
        "audit": lambda: "audit/",
    }
    return {name: [Request(_BASE + paths[name]()) for _ in range(REQUESTS)] for name in PAGES}


def _number(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
